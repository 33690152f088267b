"""A folder as one thing: written to a hidden place, on the disk before it counts, and there whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tfnp_ext.datasets.drawing import interrupts_held
from tfnp_ext.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_ATTEMPTS, _PAUSE = 20, 0.05
_BUSY = {errno.EWOULDBLOCK, errno.EACCES}
_CANNOT_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2

_METADATA = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"}
_OF_THE_DESKTOP = {".DS_Store", "Thumbs.db", "desktop.ini"}
_CHUNK = re.compile(r"c|(c\.)?[0-9]+(\.[0-9]+)*")


class Lock:
    """Keeps others from removing a folder, for as long as this object or the process lives, wherever it is renamed to.

    Args:
        folder: The folder.
        create: Whether it is made where it is missing.

    Raises:
        StorageError: Another process holds it.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self._descriptor: int | None = None
        self._released = False
        for _ in range(_ATTEMPTS):
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            if fcntl is None:
                return
            descriptor = os.open(folder, os.O_RDONLY)
            held = _try_lock(descriptor, fcntl.LOCK_EX)
            if held and _is_same(descriptor, folder):
                self._descriptor = descriptor
                return
            os.close(descriptor)
            if not held:  # by a writer, or for an instant by one who asked whether it is alive
                time.sleep(_PAUSE)
        raise StorageError(f"{str(folder)!r} is being written by another save: wait for its end", errno.EBUSY)

    def holds(self, folder: Path) -> bool:
        """Returns whether a path still leads to the folder that is locked."""
        if self._released:
            return False
        return folder.is_dir() if self._descriptor is None else _is_same(self._descriptor, folder)

    def release(self) -> None:
        """Lets others have the folder; it may be called twice."""
        self._released = True
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.release()


def sync(path: Path) -> None:
    """Has one file, or the names in one folder, on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Has a file, or a folder with all below it, on the disk."""
    if path.is_dir():
        for entry in path.iterdir():
            sync_tree(entry)
    sync(path)


def is_store(folder: Path) -> bool:
    """Returns whether a folder is a Zarr store, of whatever version, with nothing else in it."""
    entries = {entry.name: entry for entry in folder.iterdir() if entry.name not in _OF_THE_DESKTOP}
    metadata = _METADATA & entries.keys()
    if not metadata & {"zarr.json", ".zarray", ".zgroup"} or any(entry.is_symlink() for entry in entries.values()):
        return False
    others = [entry for name, entry in entries.items() if name not in metadata]
    if _is_array(folder, metadata):
        return all(_CHUNK.fullmatch(entry.name) for entry in others)
    return all(entry.is_dir() and is_store(entry) for entry in others)


def replace(partial: Path, target: Path, *, force: bool, placed: Callable[[], None] = lambda: None) -> None:
    """Makes a folder that is on the disk the target, at once; an old one is removed after.

    A process that is killed at any instant leaves the old or the new one at the target, or where the system cannot
    exchange two names, the old one for ``recover``.

    Args:
        partial: The new folder, beside the target.
        target: Where it goes.
        force: Whether an old one there may be replaced.
        placed: Called at once when the new one is in place; to remove the old one may take long.

    Raises:
        StorageError: Something is there that must not be replaced; the new folder then stays where it is.
    """
    refuse_others(target, force=force)
    with interrupts_held():
        if not target.exists():
            partial.rename(target)
        elif not _exchange(partial, target):
            recover(target)
            target.rename(_old(target))
            partial.rename(target)
        placed()
    sync(target.parent)
    shutil.rmtree(partial, ignore_errors=True)
    _throw_away(target)


def refuse_others(target: Path, *, force: bool, said: str = "it") -> None:
    """Raises a ``StorageError`` where a folder cannot be put at a target without losing what is there.

    Args:
        target: Where it is to go.
        force: Whether a Zarr store there may be replaced.
        said: The target in the user's words.
    """
    if target.is_symlink():
        raise StorageError(f"{said} is a link: give the path that it leads to", errno.EEXIST)
    if not target.exists():
        return
    if not target.is_dir():
        raise StorageError(f"{said} is a file, and a Zarr store is a folder: choose another path", errno.EEXIST)
    if not is_store(target) and any(target.iterdir()):
        raise StorageError(
            f"{said} holds other files than a Zarr store, which are never removed: choose another path", errno.EEXIST
        )
    if not force:
        raise StorageError(f"{said} is there already: force=True (--force) replaces it", errno.EEXIST)


def recover(target: Path) -> None:
    """Puts back an old folder that a killed process had moved away, or removes it where the new one is in place."""
    if not os.path.lexists(target) and _old(target).is_dir():
        _old(target).rename(target)
        sync(target.parent)
    _throw_away(target)


def _throw_away(target: Path) -> None:
    """Removes the old folder; first it gets another name, so that a half of it is never put back."""
    old, waste = _old(target), target.with_name(f".{target.name}.tfnp_ext-waste")
    shutil.rmtree(waste, ignore_errors=True)
    if old.is_dir() and not waste.exists():
        old.rename(waste)
        shutil.rmtree(waste, ignore_errors=True)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.tfnp_ext-old")


def _is_array(folder: Path, metadata: set[str]) -> bool:
    """Returns whether a node of a store is an array: told by its file's name, or in version 3 by what it says."""
    if "zarr.json" not in metadata:
        return ".zarray" in metadata
    return re.search(rb'"node_type"\s*:\s*"array"', (folder / "zarr.json").read_bytes()) is not None


def _try_lock(descriptor: int, how: int) -> bool:
    """Returns whether a folder could be locked; a file system without locks counts as free."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _BUSY
    return True


def _is_same(descriptor: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except OSError:
        return False


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names at once, and returns whether the system can do that (Linux)."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))
