"""Which format a path asks for, by its suffix: the one table of formats."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from tfnp_ext.errors import StorageError
from tfnp_ext.storage.base import Reader, Writer


@dataclass(frozen=True)
class Format:
    """Where the classes of a format are; they are imported when a file of it is asked for.

    Attributes:
        module: The file in this room.
        prefix: What the names of its ``…Writer`` and ``…Reader`` begin with.
    """

    module: str
    prefix: str

    def writer(self) -> type[Writer]:
        """Returns the class that writes it."""
        return cast("type[Writer]", self._class("Writer"))

    def reader(self) -> type[Reader]:
        """Returns the class that reads it."""
        return cast("type[Reader]", self._class("Reader"))

    def _class(self, role: str) -> object:
        return getattr(import_module(f"{__package__}.{self.module}"), f"{self.prefix}{role}")


FORMATS: Mapping[str, Format] = {
    ".npy": Format("npy", "Npy"),
    ".npz": Format("npz", "Npz"),
    ".zarr": Format("zarr", "Zarr"),
}


def read_path(path: str | os.PathLike[str]) -> Path:
    """Returns a path as users mean it: ``~`` is the home folder.

    Raises:
        StorageError: There is no such home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise StorageError(f"{path}: {error}") from error


def format_of(path: Path) -> Format:
    """Returns the format that a path's suffix names.

    Raises:
        StorageError: It names none.
    """
    if path.suffix.lower() not in FORMATS:
        raise StorageError(f"{path} ends in none of {', '.join(FORMATS)}: the suffix says how arrays are stored")
    return FORMATS[path.suffix.lower()]
