"""How far a save came, in one file that is replaced at once: what was there a moment ago is never half overwritten."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfnp_ext.storage.folders import sync

NAME = ".tfnp_ext-checkpoint"
_NEW = f"{NAME}.new"
_MAGIC = b"tfnp_ext checkpoint 1\n"
_WIDTH = 16


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read.

    Attributes:
        header: What was said of the arrays, as plain JSON.
        rest: The bytes of the rows that were in no chunk yet, one array's after the other.
    """

    header: Mapping[str, Any]
    rest: memoryview


def write(folder: Path, header: Mapping[str, Any], rests: Iterable[np.ndarray]) -> None:
    """Replaces the checkpoint of a folder; all that the header speaks of is on the disk already."""
    new = folder / _NEW
    with new.open("wb") as file:
        said = json.dumps(header).encode()
        file.write(_MAGIC)
        sum_so_far = 0
        part: Any
        for part in (b"%*d" % (_WIDTH, len(said)), said, *map(_bytes_of, rests)):
            file.write(part)
            sum_so_far = zlib.crc32(part, sum_so_far)
        file.write(b"%*d" % (_WIDTH, sum_so_far))
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / NAME)
    sync(folder)


def read(folder: Path) -> Checkpoint | None:
    """Returns the checkpoint of a folder; ``None`` where there is none that is whole."""
    try:
        content = memoryview((folder / NAME).read_bytes())
        body, told = content[len(_MAGIC) : -_WIDTH], int(bytes(content[-_WIDTH:]))
        if bytes(content[: len(_MAGIC)]) != _MAGIC or zlib.crc32(body) != told:
            return None
        end = _WIDTH + int(bytes(body[:_WIDTH]))
        return Checkpoint(json.loads(bytes(body[_WIDTH:end])), body[end:])
    except (OSError, ValueError):
        return None


def remove(folder: Path) -> None:
    """Removes the checkpoint of a folder, whole or not."""
    for name in (NAME, _NEW):
        (folder / name).unlink(missing_ok=True)
    sync(folder)


def _bytes_of(array: np.ndarray) -> Any:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
