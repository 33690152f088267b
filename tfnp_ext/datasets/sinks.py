"""Where the values of many elements go, one array after the other: into memory here, into files in ``storage``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

_SMALLEST_CHUNK, _LARGEST_CHUNK = 2**20, 2**26
_SHARE_OF_GROWTH = 4


class Sink(ABC):
    """Takes arrays that go on where the last one ended, along the first axis.

    Attributes:
        rows: Length of the first axis so far.
        nbytes: Bytes so far; of strings those of their characters.
    """

    rows = 0
    nbytes = 0

    @abstractmethod
    def append(self, rows: np.ndarray) -> None:
        """Takes an array [N, …] of the same dtype and the same shape of a row as those before.

        The array is only lent: it may be a view of memory that is reused. A single one of rank 0 may come instead.
        """

    def expect(self, rows: int) -> None:  # noqa: B027
        """Is told how many rows there will probably be in all, before the first of them; to be told is not needed."""


NewSink = Callable[[str], Sink]
"""Makes the sink for the values of a name: ``values``, ``lengths0``, ``indices``."""


def bytes_of(array: np.ndarray) -> int:
    """Returns the bytes of an array; of an object array of strings their lengths."""
    return array.nbytes if array.dtype != object else sum(map(len, array.ravel().tolist()))


class MemorySink(Sink):
    """An array that grows: at once as long as expected, else by chunks of at most 64 MiB that are joined at the end.

    Joining frees each chunk as soon as it is copied, so that the peak is one chunk above the result.
    """

    def __init__(self) -> None:
        self._chunks: list[np.ndarray] = []
        self._filled = 0
        self._expected = 0

    def expect(self, rows: int) -> None:
        """Has the first chunk hold that many rows."""
        self._expected = rows

    def append(self, rows: np.ndarray) -> None:
        """Copies the rows."""
        taken = 0
        while taken < len(rows):
            if not self._chunks or self._filled == len(self._chunks[-1]):
                self._grow(rows[taken:])
            room = self._chunks[-1][self._filled : self._filled + len(rows) - taken]
            room[...] = rows[taken : taken + len(room)]
            taken += len(room)
            self._filled += len(room)
        if not self._chunks:
            self._chunks.append(np.empty(rows.shape, rows.dtype))
        self.rows += len(rows)
        self.nbytes += bytes_of(rows)

    def finish(self, room: int = 0) -> np.ndarray:
        """Returns the whole array, which the sink then lets go of.

        Args:
            room: Rows that there shall be place for, where that is more: the array is the first of its base then.

        Raises:
            ValueError: Nothing was ever appended.
        """
        if not self._chunks:
            raise ValueError("no array was appended: neither dtype nor shape is known")
        chunks, self._chunks = self._chunks, []
        if len(chunks[-1]) != self._filled:
            # Gives memory back in place; nobody else has seen this array.
            chunks[-1].resize((self._filled, *chunks[-1].shape[1:]), refcheck=False)
        if len(chunks) == 1 and room <= self.rows:
            return chunks[0]
        whole = np.empty((max(room, self.rows), *chunks[0].shape[1:]), chunks[0].dtype)
        end = self.rows
        while chunks:  # the last first: the system gets back only what lies at the end
            chunk = chunks.pop()
            whole[end - len(chunk) : end] = chunk
            end -= len(chunk)
        return whole[: self.rows] if room > self.rows else whole

    def _grow(self, rows: np.ndarray) -> None:
        """Adds a chunk: what is expected, else a share of what there is."""
        expected, self._expected = self._expected, 0
        if not expected:
            size = max(1, math.prod(rows.shape[1:]) * rows.dtype.itemsize)
            so_far = sum(chunk.nbytes for chunk in self._chunks)
            wanted = min(max(so_far // _SHARE_OF_GROWTH, _SMALLEST_CHUNK), _LARGEST_CHUNK)
            expected = wanted // size
        expected = max(expected, len(rows))
        try:
            chunk = np.empty((expected, *rows.shape[1:]), rows.dtype)
        except (MemoryError, ValueError):  # far more was expected than there is room for, and may never come
            if expected == len(rows):
                raise
            chunk = np.empty(rows.shape, rows.dtype)
        self._chunks.append(chunk)
        self._filled = 0
