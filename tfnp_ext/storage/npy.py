"""``.npy``: one array, written from its start to its end."""

from __future__ import annotations

import ast
import contextlib
import math
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tfnp_ext.datasets.sinks import Sink
from tfnp_ext.errors import StorageError
from tfnp_ext.storage.base import Manifest, Reader, Writer

_MAGIC = b"\x93NUMPY"
_ALIGNED = 64
_MOST_ROWS = 10**20
"""Room is left in the header for a number of rows as long as this one."""

_BUFFER = 2**20
_AT_ONCE = 2**24
_LONGEST_HEADER = 2**20


def holds(dtype: np.dtype) -> bool:
    """Returns whether NumPy's files have a dtype: any of NumPy's own but objects."""
    return dtype.kind in "biufcmMSUV"


class NpyFile(Sink):
    """Writes rows behind a header that is written again at the end, when their number is known.

    Args:
        path: Where to.
        opened: Is called with the sink whenever it has opened its file, so that others can be closed for a while.
    """

    def __init__(self, path: Path, opened: Callable[[NpyFile], None] | None = None) -> None:
        self.path = path
        self._opened = opened
        self._stream: BinaryIO | None = None
        self._descr: object = None
        self._reserved = 0
        self._row: tuple[int, ...] | None = ()

    def append(self, rows: np.ndarray) -> None:
        """Writes the rows."""
        stream = self._open()
        if not self._reserved:
            self._descr = np.lib.format.dtype_to_descr(rows.dtype)
            self._row = rows.shape[1:] if rows.ndim else None
            header = _header(self._descr, self._shape(_MOST_ROWS))
            self._reserved = len(header)
            stream.write(header)
        for piece in _pieces(rows):
            stream.write(piece)
        self.rows += len(rows) if rows.ndim else 0
        self.nbytes += rows.nbytes

    def suspend(self) -> None:
        """Closes the file until there are more rows."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def abandon(self) -> None:
        """Closes and removes the file, whatever a full disk says to that."""
        with contextlib.suppress(OSError):
            self.suspend()
        self.path.unlink(missing_ok=True)

    def finish(self, *, sync: bool) -> None:
        """Writes the header that tells the number of rows, and closes.

        Args:
            sync: Whether to wait until all is on the disk.
        """
        stream = self._open()
        stream.seek(0)
        stream.write(_header(self._descr, self._shape(self.rows), self._reserved))
        stream.flush()
        if sync:
            os.fsync(stream.fileno())
        self.suspend()

    def _shape(self, rows: int) -> tuple[int, ...]:
        return () if self._row is None else (rows, *self._row)

    def _open(self) -> BinaryIO:
        if self._stream is None:
            self._stream = open(self.path, "r+b" if self._reserved else "xb", buffering=_BUFFER)  # noqa: SIM115
            self._stream.seek(0, os.SEEK_END)
            if self._opened is not None:
                self._opened(self)
        return self._stream


def _header(descr: object, shape: tuple[int, ...], length: int = 0) -> bytes:
    """Returns the header of an array, filled up with spaces to a length; 0 for the next that is aligned."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    try:
        version, written = (1, 0), text.encode("latin1")
    except UnicodeEncodeError:  # names of fields
        version, written = (3, 0), text.encode("utf-8")
    if version == (1, 0) and len(written) + 2 * _ALIGNED > 2**16:
        version = (2, 0)
    size = "<H" if version == (1, 0) else "<I"
    start = len(_MAGIC) + 2 + struct.calcsize(size)
    length = length or math.ceil((start + len(written) + 1) / _ALIGNED) * _ALIGNED
    body = written.ljust(length - start - 1) + b"\n"
    return _MAGIC + bytes(version) + struct.pack(size, len(body)) + body


def _pieces(rows: np.ndarray) -> Iterator[memoryview]:
    """Yields the bytes of an array in order, without a copy where they lie so, else a part at a time."""
    if not rows.nbytes:
        return
    if rows.flags.c_contiguous:
        flat = rows.reshape(-1).view(np.uint8).data
        for start in range(0, len(flat), _AT_ONCE):
            yield flat[start : start + _AT_ONCE]
    elif rows.nbytes <= _AT_ONCE or len(rows) == 1:
        yield np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
    else:
        step = max(1, len(rows) * _AT_ONCE // rows.nbytes)
        for start in range(0, len(rows), step):
            yield from _pieces(rows[start : start + step])


class NpyWriter(Writer):
    """Writes the one array."""

    suffix = ".npy"
    structured = False
    holds = staticmethod(holds)

    def __init__(self, partial: Path, *, compress: bool) -> None:
        if compress:
            raise StorageError(".npy is never compressed: save to .npz or .zarr for that")
        self._file = NpyFile(partial)

    def sink(self, name: str) -> Sink:
        """Returns the file."""
        return self._file

    def finish(self, manifest: Manifest) -> None:
        """Writes the number of rows; there is no place for a manifest."""
        self._file.finish(sync=True)

    def discard(self) -> None:
        """Closes and removes the file."""
        self._file.abandon()


class NpyReader(Reader):
    """Reads the array of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = open(path, "rb", buffering=_BUFFER)  # noqa: SIM115

    def manifest(self) -> Manifest | None:
        """Returns ``None``: there is none."""
        return None

    def names(self) -> Sequence[str]:
        """Returns the name of the array, which has none."""
        return ("",)

    def read(self, name: str) -> np.ndarray:
        """Returns the array.

        Raises:
            ValueError: It is damaged, or pickled.
        """
        self._stream.seek(0)
        return read_array(self._stream, os.fstat(self._stream.fileno()).st_size)

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()


def read_array(stream: BinaryIO, size: int) -> np.ndarray:
    """Returns the array of a ``.npy`` file, a new one.

    Args:
        stream: The file, at its start.
        size: Bytes that it has at most; no more than that is allocated.

    Raises:
        ValueError: It is no such file, is damaged, or pickled.
    """
    start, dtype, fortran, shape = _read_header(stream)
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects, which run code when they are read")
    count = math.prod(shape)
    if start + count * dtype.itemsize != size:
        raise ValueError(f"it has {size} bytes where its header tells of {start + count * dtype.itemsize}")
    array = np.empty(shape[::-1] if fortran else shape, dtype)
    if array.nbytes:
        target = array.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(target):
            got = stream.readinto(target[done : done + _AT_ONCE])  # type: ignore[attr-defined]
            if not got:
                raise ValueError(f"it ends after {start + done} bytes")
            done += got
    if stream.read(1):
        raise ValueError("it goes on behind its end")
    return array.T if fortran else array


def _read_header(stream: BinaryIO) -> tuple[int, np.dtype, bool, tuple[int, ...]]:
    """Returns where the values begin, their dtype, whether columns come first, and the shape."""
    magic = stream.read(len(_MAGIC) + 2)
    if magic[: len(_MAGIC)] != _MAGIC or len(magic) < len(_MAGIC) + 2:
        raise ValueError("it does not begin as NumPy's files do")
    version = magic[-2]
    if version not in {1, 2, 3}:
        raise ValueError(f"its version {version} is unknown")
    size = "<H" if version == 1 else "<I"
    counted = stream.read(struct.calcsize(size))
    length = struct.unpack(size, counted)[0] if len(counted) == struct.calcsize(size) else 0
    body = stream.read(min(length, _LONGEST_HEADER))
    if not length or len(body) != length:
        raise ValueError("its header is cut off, or too long")
    try:
        said = ast.literal_eval(body.decode("utf-8" if version == 3 else "latin1").strip())
        dtype = np.lib.format.descr_to_dtype(said["descr"])
        fortran, shape = said["fortran_order"], said["shape"]
    except Exception as error:  # whatever a parser meets in bytes that mean nothing
        raise ValueError("its header cannot be read") from error
    if not isinstance(shape, tuple) or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise ValueError(f"its header tells of the shape {shape!r}")
    return len(magic) + len(counted) + length, dtype, bool(fortran), shape
