"""Strings of tensors: NumPy has to make an object of each, so of very many, or very long ones, only what is asked for.

TensorFlow knows how long a string is without reading it, and cuts it before NumPy sees it.
"""

from __future__ import annotations

import itertools
import math
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

MOST_STRINGS = 2**16
"""Strings that NumPy reads whole; of more, the bytes are estimated from as many, in runs at even distances."""

MOST_BYTES = 2**23
"""Bytes of strings that NumPy reads whole."""

LONGEST = 512
"""Bytes of a string that are read where not all are: more than a card shows of one."""

_RUN = 2**10
"""Strings beside each other in a sample."""

_MOST_MEASURED = 2**22
"""Strings whose lengths are added up; of more, those of a sample are."""

_MEASURED_AT_ONCE = 2**18
_ALIGNED = 8
"""A part that begins and ends at a multiple of this is no copy; TensorFlow copies the strings of any other."""


class CutString(bytes):
    """The beginning of a string, and the bytes of the whole.

    Attributes:
        size: Bytes of the whole string.
    """

    size: int

    def __new__(cls, start: bytes, size: int) -> CutString:
        """Returns the beginning of a string of ``size`` bytes."""
        cut = super().__new__(cls, start)
        cut.size = size
        return cut


class Strings:
    """The strings of a large tensor; those asked for become bytes, and of a long one only the beginning.

    Attributes:
        shape: The shape of the tensor.
        size: How many strings there are.
        ndim: The rank of the tensor.
    """

    dtype = np.dtype(object)

    def __init__(self, tensor: Any) -> None:
        self.shape: tuple[int, ...] = tuple(map(int, tensor.shape))
        self.size = math.prod(self.shape)
        self.ndim = len(self.shape)
        self._tensor = tensor

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Returns all of them, for whoever does not know this class."""
        return np.asarray(self._tensor).astype(dtype or object)

    def runs(self) -> list[tuple[int, int]]:
        """Returns beginnings and ends of what the bytes are estimated from: all, or runs from the first to the last."""
        if self.size <= MOST_STRINGS:
            return [(0, self.size)]
        last = (self.size - _RUN) // _ALIGNED
        starts = np.linspace(0, last, MOST_STRINGS // _RUN).astype(np.int64) * _ALIGNED
        return [(start, start + _RUN) for start in starts.tolist()]

    def lengths(self) -> np.ndarray:
        """Returns the bytes of each string of these runs."""
        with self._flat() as flat:
            return np.concatenate([_lengths(_part(flat, *run)) for run in self.runs()])

    @contextmanager
    def reading(self, most_bytes: int) -> Iterator[Callable[[slice], tuple[np.ndarray, list[bytes] | None]]]:
        """Yields what reads a part of the flattened tensor: the bytes of each of its strings, and these in full.

        Args:
            most_bytes: Strings that have more together are not made objects of; ``None`` stands for them.
        """
        with self._flat() as flat:

            def read(part: slice) -> tuple[np.ndarray, list[bytes] | None]:
                strings = _part(flat, part.start, part.stop)
                lengths = _lengths(strings)
                return lengths, np.asarray(strings).tolist() if int(lengths.sum()) <= most_bytes else None

            yield read

    def nbytes(self) -> tuple[int, bool]:
        """Returns the bytes of all strings, and whether they were added up rather than estimated from a sample."""
        if self.size > _MOST_MEASURED:
            return round(float(self.lengths().mean()) * self.size), False
        if self.size <= _MEASURED_AT_ONCE:  # without the time that flattening takes
            with _beside(self._tensor):
                return int(_lengths(self._tensor).sum()), True
        edges = [*range(0, self.size, _MEASURED_AT_ONCE), self.size // _ALIGNED * _ALIGNED, self.size]
        with self._flat() as flat:
            return sum(int(_lengths(_part(flat, *part)).sum()) for part in itertools.pairwise(edges)), True

    def take(self, places: Sequence[int] | np.ndarray) -> np.ndarray:
        """Returns the strings at ascending places of the flattened tensor; a long one is a ``CutString``."""
        wanted = np.asarray(places, dtype=np.int64)
        if not wanted.size:
            return np.empty(0, dtype=object)
        if self.size <= MOST_STRINGS:
            with self._flat() as flat:
                return _cut(flat, wanted)
        found = []
        with self._flat() as flat:
            for near in np.split(wanted, np.flatnonzero(np.diff(wanted) > _ALIGNED) + 1):
                start, stop = near[0] // _ALIGNED * _ALIGNED, (near[-1] // _ALIGNED + 1) * _ALIGNED
                found.append(_cut(_part(flat, int(start), int(stop)), near - start))
        return np.concatenate(found)

    @contextmanager
    def _flat(self) -> Iterator[Any]:
        """Yields the flattened tensor, in the scope of ``_beside``."""
        with _beside(self._tensor):
            yield self._tensor if self.ndim == 1 else sys.modules["tensorflow"].reshape(self._tensor, [-1])


@contextmanager
def _beside(tensor: Any) -> Iterator[None]:
    """Runs operations where a tensor lives, outside of any function that is being traced."""
    tensorflow = sys.modules["tensorflow"]
    with (
        nullcontext() if tensorflow.executing_eagerly() else tensorflow.init_scope(),
        tensorflow.device(tensor.backing_device),
    ):
        yield


def _part(flat: Any, start: int, stop: int) -> Any:
    """Returns a part of a vector of strings, up to its end."""
    stop = min(stop, int(flat.shape[0]))
    return sys.modules["tensorflow"].slice(flat, [start], [stop - start])


def _cut(strings: Any, places: np.ndarray) -> np.ndarray:
    """Returns the strings at some places of a vector, cut before NumPy makes objects of them."""
    tensorflow = sys.modules["tensorflow"]
    kept = np.zeros(strings.shape[0], dtype=np.int32)
    kept[places] = LONGEST
    starts = tensorflow.gather(tensorflow.strings.substr(strings, np.zeros_like(kept), kept), places)
    found = np.empty(len(places), dtype=object)
    for at, (start, size) in enumerate(zip(np.asarray(starts), _lengths(strings)[places].tolist(), strict=True)):
        found[at] = start if size <= LONGEST else CutString(start, size)
    return found


def _lengths(strings: Any) -> np.ndarray:
    """Returns the bytes of each string; TensorFlow counts them in 32 bits, the sign among them."""
    return np.asarray(sys.modules["tensorflow"].strings.length(strings)).view(np.uint32).astype(np.int64)


def large_strings(tensor: Any) -> Strings | None:
    """Returns what reads a tensor of strings that are many or long; ``None`` for any other, which NumPy reads whole."""
    if not _is_askable(tensor):
        return None
    strings = Strings(tensor)
    return strings if strings.size > MOST_STRINGS or strings.nbytes()[0] > MOST_BYTES else None


def string_bytes(values: Any) -> tuple[int, bool]:
    """Returns the bytes of the strings of a tensor or an array, and whether they are exact rather than estimated."""
    if _is_askable(values):
        return Strings(values).nbytes()
    array = np.asarray(values)
    step = -(-array.size // MOST_STRINGS) or 1
    looked_at = array.flat[::step]
    found = sum(len(value) for value in looked_at if value is not None)
    return (found, True) if step == 1 else (round(found / len(looked_at) * array.size), False)


def _is_askable(tensor: Any) -> bool:
    """Returns whether TensorFlow can be asked: not while a TF 1 graph is made, nor through a weak reference."""
    if not hasattr(tensor, "backing_device") or tensor.dtype != "string":
        return False
    if type(tensor) is weakref.ProxyType:
        return False
    tensorflow = sys.modules["tensorflow"]
    if tensorflow.executing_eagerly():
        return True
    with tensorflow.init_scope():
        return bool(tensorflow.executing_eagerly())
