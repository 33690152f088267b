"""``.npz``: arrays in a zip archive, each as ``.npy``, and the manifest beside them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zipfile
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfnp_ext.datasets.sinks import Sink
from tfnp_ext.storage.base import Manifest, Reader, Writer
from tfnp_ext.storage.npy import NpyFile, holds, read_array

_MANIFEST = "tfnp_ext.json"
_OURS = b"tfnp_ext"
"""The comment of an archive that has a manifest, so that one that lost it is not taken for another's."""

_LONGEST_MANIFEST = 2**28
_MOST_OPEN = 64
_AT_ONCE = 2**20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same values make the same file."""

_MOST_DEFLATED = 1100
"""How many times smaller than its content a deflated member can be, and then some; the method's bound is 1032."""


class NpzWriter(Writer):
    """Writes each array to a file of its own beside the target, and at the end all of them, one by one, to the zip.

    Where one array is written after the other, each goes to the zip as soon as it is whole.
    """

    suffix = ".npz"
    holds = staticmethod(holds)

    def __init__(self, partial: Path, *, compress: bool) -> None:
        self._partial = partial
        self._spooled: dict[str, NpyFile] = {}
        self._open: deque[NpyFile] = deque()
        self._count = 0
        self._stream: BinaryIO = open(partial, "xb")  # noqa: SIM115
        self._zip = zipfile.ZipFile(self._stream, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED)
        self._zip.comment = _OURS

    def sink(self, name: str) -> Sink:
        """Returns the file that the array is spooled to."""
        if self._stream.closed:
            raise ValueError("the archive is closed")
        self._count += 1
        spooled = NpyFile(self._partial.with_name(f"{self._partial.name}.{self._count}"), self._opened)
        self._spooled[name] = spooled
        return spooled

    def settle(self) -> None:
        """Puts the arrays so far in the zip."""
        for name, spooled in self._spooled.items():
            spooled.finish(sync=False)
            with open(spooled.path, "rb") as source, self._member(f"{name}.npy") as member:
                shutil.copyfileobj(source, member, _AT_ONCE)
            spooled.path.unlink()
        self._spooled.clear()
        self._open.clear()

    def finish(self, manifest: Manifest) -> None:
        """Puts what is left and the manifest in the zip."""
        self.settle()
        with self._member(_MANIFEST) as member:
            member.write(json.dumps(manifest).encode("ascii"))
        self._zip.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def discard(self) -> None:
        """Closes and removes all files."""
        self._zip.fp = None  # so that it writes no directory of its members
        with contextlib.suppress(OSError):  # a full disk keeps what was not yet written from it
            self._stream.close()
        for spooled in self._spooled.values():
            spooled.abandon()
        self._partial.unlink(missing_ok=True)

    def _member(self, name: str) -> Any:
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = self._zip.compression
        info.external_attr = 0o644 << 16
        return self._zip.open(info, "w", force_zip64=True)

    def _opened(self, spooled: NpyFile) -> None:
        """Keeps no more files open than a process surely may."""
        self._open.append(spooled)
        if len(self._open) > _MOST_OPEN:
            self._open.popleft().suspend()


class NpzReader(Reader):
    """Reads the arrays of an archive."""

    def __init__(self, path: Path) -> None:
        self._size = os.stat(path).st_size
        self._zip = zipfile.ZipFile(path)

    def manifest(self) -> Manifest | None:
        """Returns what was written; ``None`` for a file that others wrote.

        Raises:
            ValueError: It is damaged.
        """
        if _MANIFEST not in self._zip.NameToInfo:
            if self._zip.comment == _OURS:
                raise ValueError("its manifest is missing")
            return None
        info = self._zip.getinfo(_MANIFEST)
        if self._bounded(info) > _LONGEST_MANIFEST:
            raise ValueError("its manifest is too long")
        manifest = json.loads(self._zip.read(info))
        if not isinstance(manifest, dict):
            raise ValueError("its manifest is none")
        return manifest

    def names(self) -> Sequence[str]:
        """Returns the names of the members that are arrays."""
        return [name.removesuffix(".npy") for name in self._zip.namelist() if name.endswith(".npy")]

    def read(self, name: str) -> np.ndarray:
        """Returns an array.

        Raises:
            ValueError: It is not there, is damaged, or pickled.
        """
        info = self._zip.NameToInfo.get(f"{name}.npy")
        if info is None:
            raise ValueError(f"its array {name} is missing")
        try:
            with self._zip.open(info) as member:
                return read_array(member, self._bounded(info))  # type: ignore[arg-type]
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{name}: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        self._zip.close()

    def _bounded(self, info: zipfile.ZipInfo) -> int:
        """Returns the bytes of a member.

        Raises:
            ValueError: A file of this length cannot hold that many.
        """
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ValueError(f"{info.filename} is compressed in a way that NumPy does not use")
        most = info.compress_size * (1 if info.compress_type == zipfile.ZIP_STORED else _MOST_DEFLATED)
        if info.compress_size > self._size or info.file_size > most:
            raise ValueError(f"{info.filename} is said to have {info.file_size} bytes, which the file has no room for")
        return info.file_size
