"""Reads Zarr stores, and believes no more of them than it can check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfnp_ext.errors import StorageError, reason
from tfnp_ext.storage.base import Manifest, Reader
from tfnp_ext.storage.zarr.layout import CHUNK_KEYS, KEY, METADATA, chunk_files, imported


class ZarrReader(Reader):
    """Reads a Zarr store of version 3, or of version 2 from others; see ``Reader``."""

    def __init__(self, path: Path) -> None:
        self._zarr = imported()
        self._path = path
        if not path.is_dir():
            raise StorageError(f"{str(path)!r} is no Zarr store, which is a folder: give the path of one")
        self._arrays: Mapping[str, Any] | None = None
        self._manifest: Manifest | None = None
        root = _metadata(path)
        if root is None:
            raise StorageError(f"{str(path)!r} is no Zarr store: it has neither a zarr.json nor a .zgroup or .zarray")
        ours = root.get("attributes", {}).get(KEY) if isinstance(root.get("attributes"), dict) else None
        if ours is not None:
            try:
                self._arrays, self._manifest = dict(ours["arrays"]), dict(ours["manifest"])
            except (KeyError, TypeError, ValueError) as error:
                raise self._damaged(f"its attribute {KEY} is not what save() wrote") from error

    def manifest(self) -> Manifest | None:
        """Returns what was given to ``ZarrWriter.finish``; ``None`` for a store that others wrote."""
        return self._manifest

    def names(self) -> Sequence[str]:
        """Returns the names of the arrays at any depth, joined by slashes; the root as an array is ``""``."""
        return list(self._arrays) if self._arrays is not None else sorted(_array_names(self._path))

    def read(self, name: str) -> np.ndarray:
        """Returns an array.

        Raises:
            StorageError: It is not there, is damaged, or holds Python objects.
        """
        folder = self._path / name
        metadata = _metadata(folder) if ".." not in name.split("/") and not name.startswith("/") else None
        if metadata is None:
            raise StorageError(f"{str(self._path)!r} has no array {name!r}: it has {', '.join(self.names()) or 'none'}")
        if _needs_objects(metadata):
            raise StorageError(
                f"{name!r} of {str(self._path)!r} holds Python objects, which could run code when they are read:"
                " store numbers or strings"
            )
        try:
            array = self._zarr.open_array(
                self._zarr.storage.LocalStore(str(self._path), read_only=True), path=name, mode="r"
            )
            self._compare(name, array, metadata)
            return np.asarray(array[...])
        except StorageError:
            raise
        except Exception as error:
            raise self._damaged(f"{name!r} cannot be read ({type(error).__name__}: {reason(error)})") from error

    def close(self) -> None:
        """Does nothing: no file stays open."""

    def _damaged(self, how: str) -> StorageError:
        return StorageError(f"{str(self._path)!r} is damaged: {how}; save it anew")

    def _compare(self, name: str, array: Any, metadata: Mapping[str, Any]) -> None:
        """Raises a ``StorageError`` where an array is not as it was written: Zarr fills missing chunks with zeros."""
        if self._arrays is None:
            return
        told = self._arrays.get(name)
        here = {"dtype": str(array.dtype), "shape": list(array.shape)}
        if told != here:
            raise self._damaged(f"{name!r} is {here}, and was {told} when it was written")
        keys = metadata.get("chunk_key_encoding", {})
        if {"name": keys.get("name"), **keys.get("configuration", {})} != CHUNK_KEYS:
            raise self._damaged(f"the chunks of {name!r} have other names than they were written with")
        for path in chunk_files(self._path / name, array.shape, array.chunks):
            if not path.is_file():
                raise self._damaged(f"the chunk {path.relative_to(self._path).as_posix()} is missing")


def _metadata(folder: Path) -> dict[str, Any] | None:
    """Returns the metadata of a node; ``None`` where there is none."""
    for name in METADATA:
        path = folder / name
        if path.is_file():
            try:
                metadata = json.loads(path.read_bytes())
            except (OSError, ValueError) as error:
                raise StorageError(f"{str(path)!r} is damaged: {reason(error)}; save it anew") from error
            if not isinstance(metadata, dict):
                raise StorageError(f"{str(path)!r} is damaged: it holds no metadata; save it anew")
            return metadata
    return None


def _array_names(folder: Path, name: str = "") -> Iterator[str]:
    """Yields the names of the arrays of a node."""
    metadata = _metadata(folder)
    if metadata is None:
        return
    if metadata.get("node_type") == "array" or "chunks" in metadata:
        yield name
        return
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            yield from _array_names(entry, f"{name}/{entry.name}".lstrip("/"))


def _needs_objects(metadata: Any) -> bool:
    """Returns whether an array is stored as Python objects, or by a codec that unpickles."""
    if isinstance(metadata, Mapping):
        if metadata.get("dtype") == "|O":
            return True
        named = (metadata.get("id"), metadata.get("name"))
        inner = [value for key, value in metadata.items() if key != "attributes"]
        return any("pickle" in str(one) for one in named) or any(map(_needs_objects, inner))
    return isinstance(metadata, list) and any(map(_needs_objects, metadata))
