"""A new file takes the place of the old one at once, when it is whole and on the disk, or not at all.

Everything is written beside the target under hidden names: ``.digits.npz.<token>.part``. A lock beside it, held while
its process lives, tells the next save to the same target what was left behind by one that was killed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from tfnp_ext.datasets.drawing import interrupts_held
from tfnp_ext.errors import StorageError
from tfnp_ext.storage import folders

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that another has open
    fcntl = None  # type: ignore[assignment]

_LONGEST_STEM = 180
_ROLES = r"\.(?P<token>[0-9a-f]{12})\.(?P<role>lock|part)(\.\d+)?"


class Replacement:
    """What is going to take the place of a target.

    Args:
        target: The file or folder, symbolic links followed.
        force: Whether a target that is there is replaced.
        resume: Whether to go on from what a save left behind that was killed or stopped.

    Attributes:
        partial: Where it is written to, or to names that begin so.
        committed: Whether it is in the target's place.
        kept: Whether it is left to a save that resumes.

    Raises:
        OSError: Nothing can be written beside the target.
    """

    def __init__(self, target: Path, *, force: bool = True, resume: bool = False) -> None:
        self.target, self._force = target, force
        self.committed = self.kept = False
        adopted = self._sweep(resume)
        self._token, self._lock = adopted or self._new()
        self.partial = self._beside(self._token, "part")

    def commit(self) -> None:
        """Puts what was written, and is on the disk by now, in the target's place.

        Raises:
            StorageError: Another has put something there in the meantime that must not be replaced.
        """
        with contextlib.suppress(OSError):
            mode = os.stat(self.target).st_mode
            if stat.S_ISREG(mode):
                os.chmod(self.partial, stat.S_IMODE(mode))
        if self.partial.is_dir():
            folders.replace(self.partial, self.target, force=self._force, placed=self._placed)
            return
        with interrupts_held():
            if not self._force:
                _link(self.partial, self.target)
            os.replace(self.partial, self.target)
            self._placed()
        folders.sync(self.target.parent)

    def keep(self) -> None:
        """Leaves what was written to a save that resumes."""
        self.kept = True

    def close(self) -> None:
        """Removes all that was written and is neither committed nor kept."""
        with interrupts_held():
            if self.kept:
                os.close(self._lock)
            else:
                self._remove(self._token, self._lock)

    def _placed(self) -> None:
        self.committed = True

    def _beside(self, token: str, role: str) -> Path:
        return self.target.with_name(f".{_stem(self.target.name)}.{token}.{role}")

    def _new(self) -> tuple[str, int]:
        """Returns a token of our own and its lock."""
        while True:
            token = secrets.token_hex(6)
            path = self._beside(token, "lock")
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if _locked(lock, path, unsupported=True):
                return token, lock
            os.close(lock)  # another save took it for left behind in between

    def _sweep(self, resume: bool) -> tuple[str, int] | None:
        """Removes what was left behind, but for what is to be resumed: of that it returns token and lock."""
        adopted = None
        tokens = sorted({token for token, _ in _hidden(self.target)}, key=self._age, reverse=True)
        for token in tokens:
            lock = _take(self._beside(token, "lock"))
            if lock is None:
                continue
            if resume and adopted is None and self._beside(token, "part").exists():
                adopted = token, lock
            else:
                self._remove(token, lock)
        return adopted

    def _age(self, token: str) -> float:
        try:
            return self._beside(token, "part").stat().st_mtime
        except OSError:
            return 0.0

    def _remove(self, token: str, lock: int) -> None:
        """Removes all files of a token, its lock last, so that nothing lies there unlocked."""
        path = self._beside(token, "lock")
        for owner, one in _hidden(self.target):
            if owner == token and one != path:
                _delete(one)
        if fcntl is None:
            os.close(lock)
        _delete(path)
        if fcntl is not None:
            os.close(lock)


def left_behind_bytes(target: Path) -> int:
    """Returns how many bytes lie beside a target that the next save there goes on with, or removes."""
    total = 0
    with contextlib.suppress(OSError):
        for _, path in _hidden(target):
            files = path.rglob("*") if path.is_dir() else (path,)
            total += sum(one.lstat().st_size for one in files if one.is_file())
    return total


def is_left_behind(target: Path) -> bool:
    """Returns whether a save that was killed or stopped, or still runs, has a folder beside a target."""
    try:
        return any(path.name.endswith(".part") and path.is_dir() for _, path in _hidden(target))
    except OSError:
        return False


def _hidden(target: Path) -> Iterator[tuple[str, Path]]:
    """Yields token and path of what saves to a target have beside it."""
    pattern = re.compile(rf"\.{re.escape(_stem(target.name))}{_ROLES}")
    for name in os.listdir(target.parent):
        found = pattern.fullmatch(name)
        if found:
            yield found["token"], target.with_name(name)


def _link(partial: Path, target: Path) -> None:
    """Gives a file the target's name too, which only works where nothing has it.

    Raises:
        StorageError: Something has.
    """
    try:
        os.link(partial, target)
        return
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not os.path.lexists(target):
            return
    raise StorageError("another file came there in the meantime: force=True (--force) replaces it", errno.EEXIST)


def _stem(name: str) -> str:
    """Returns a target's name, shortened where a longer one would be too long for the file system."""
    written = os.fsencode(name)
    if len(written) <= _LONGEST_STEM:
        return name
    return f"{written[:100].decode('ascii', 'replace').replace('�', '_')}-{hashlib.sha256(written).hexdigest()[:16]}"


def _take(path: Path) -> int | None:
    """Returns the lock of a save that is gone; ``None`` while that one lives."""
    if fcntl is None:
        with contextlib.suppress(FileNotFoundError):
            try:
                os.unlink(path)
            except OSError:
                return None
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # another user's
        return None
    if _locked(lock, path, unsupported=False):
        return lock
    os.close(lock)
    return None


def _locked(lock: int, path: Path, *, unsupported: bool) -> bool:
    """Returns whether the lock is ours now, and still is what lies at the path.

    Args:
        lock: The open file.
        path: Where it lies.
        unsupported: What is said on a file system that has no locks.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unsupported
    try:
        return os.path.samestat(os.fstat(lock), os.stat(path))
    except OSError:
        return False


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
