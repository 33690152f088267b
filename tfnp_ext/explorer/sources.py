"""What is explored, as an array of any size of which only pieces are cut; opening one copies nothing."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Ragged, Slices, Sparse, Strings
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.casting import kind_rank
from tfnp_ext.errors import ConversionError

Array = np.ndarray[Any, Any]

Index = tuple[int | slice, ...]
"""One entry an axis: a place, or the places from one to another."""

BLOCK = 2**20
"""Values that are cut at a time where all are read."""


class Source(ABC):
    """An array that is looked at piece by piece.

    Attributes:
        dtype: That of its values.
        what: Kind, shape and dtype in words.
        path: How Python reaches it in the value that was given: ``['kernel']``, ``""`` where it is that value.
        draws: Whether its first axis counts elements that are drawn on demand, so that it is never shown as an axis.
    """

    draws: ClassVar[bool] = False

    def __init__(self, shape: Sequence[int], dtype: np.dtype, what: str = "", path: str = "") -> None:
        self._shape = tuple(shape)
        self.dtype = dtype
        self.what = what
        self.path = path

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape; that of a dataset grows with what is drawn."""
        return self._shape

    @property
    def size(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def grows(self) -> bool:
        """Whether its first axis may be longer than is known."""
        return False

    @property
    def is_endless(self) -> bool:
        """Whether its first axis has no end."""
        return False

    @property
    def is_text(self) -> bool:
        """Whether it holds no numbers, but what is written as text."""
        return kind_rank(self.dtype) is None

    @property
    def is_cheap(self) -> bool:
        """Whether a cut is a view that costs nothing, so that none is kept for the next frame."""
        return False

    @property
    def prefers_large_cuts(self) -> bool:
        """Whether a cut takes its time however small it is, so that a few large ones are better than many."""
        return False

    @property
    def may_lack(self) -> bool:
        """Whether some of its values may not be there, and are masked."""
        return isinstance(self.numbers(), np.ma.MaskedArray)

    @abstractmethod
    def cut(self, index: Index) -> Array:
        """Returns the values at an index, a view where there is one; those that are not there are masked."""

    def numbers(self) -> Array | None:
        """Returns all values that it stores, for their limits; ``None`` where they are not at hand."""
        return None

    def reach(self, place: int) -> int:
        """Returns the place on the first axis that can be had, the nearest before one that is beyond the end."""
        return min(place, self.shape[0] - 1)

    def advance(self, until: Callable[[], bool]) -> int:
        """Goes on to the end of the first axis, or until something is so, and returns the last place that is known.

        Args:
            until: Asked after each place.
        """
        return self.shape[0] - 1

    def walk(self, start: int) -> Iterator[tuple[int, Source]]:
        """Yields what is at each place of the first axis, at least from one on."""
        for place in range(start, self.shape[0]):
            yield place, Part(self, self.shape[1:], (place,))

    def keep(self, place: int, element: Source) -> None:  # noqa: B027
        """Keeps what was found at a place of the first axis, because it is shown next."""

    def stored(self) -> tuple[Array, Array] | None:
        """Returns indices [N, rank] in order and values [N] where all else is 0, and there may be too much of it."""
        return None

    def expression(self, index: str) -> str:
        """Returns what stands behind the value's name to have a slice of it."""
        return self.path + index

    def code(self, name: str, index: str) -> str:
        """Returns Python for a slice of the value of a name."""
        return name + self.expression(index)

    def close(self) -> None:  # noqa: B027
        """Lets go of what it holds."""


class Part(Source):
    """The beginning of a source along each axis, at a place of the first ones.

    Args:
        source: What it is a part of.
        shape: How much along each of the other axes.
        before: The place.
    """

    def __init__(self, source: Source, shape: Sequence[int], before: tuple[int, ...] = ()) -> None:
        super().__init__(shape, source.dtype)
        self._source, self._before = source, before

    def cut(self, index: Index) -> Array:
        """Returns a piece."""
        inside = (slice(*part.indices(length)) if isinstance(part, slice) else part
                  for part, length in zip(index, self.shape, strict=True))  # fmt: skip
        return self._source.cut((*self._before, *inside))


class DenseSource(Source):
    """Values that are one array: NumPy's, TensorFlow's memory, or on another device, where it is cut."""

    def __init__(self, array: Any, what: str = "", path: str = "") -> None:
        super().__init__(array.shape, array.dtype, what, path)
        self._array: Any = array

    @property
    def is_cheap(self) -> bool:
        """Whether it is in the host's memory, and needs neither magnitudes nor a wider dtype."""
        return not isinstance(self._array, DeviceArray) and self.dtype.char in "?bBhHiIlLqQfd"

    @property
    def prefers_large_cuts(self) -> bool:
        """Whether it lies on another device."""
        return isinstance(self._array, DeviceArray)

    def cut(self, index: Index) -> Array:
        """Returns a view; of what lies on another device a copy of the piece."""
        piece = self._array[index]
        return piece if isinstance(piece, np.ma.MaskedArray) else np.asarray(piece)

    def numbers(self) -> Array | None:
        """Returns the array."""
        array: Array = self._array
        return array

    def close(self) -> None:
        """Lets go of the array."""
        self._array = np.empty((0,) * max(1, len(self.shape)), self.dtype)


class StringsSource(Source):
    """Very many strings, or very long ones: only those that are shown are read, and of a long one the beginning."""

    def __init__(self, strings: Strings, what: str = "", path: str = "") -> None:
        super().__init__(strings.shape, np.dtype(object), what, path)
        self._strings: Strings | None = strings

    def cut(self, index: Index) -> Array:
        """Returns the strings of a piece."""
        axes = [np.arange(self.shape[axis])[part] for axis, part in enumerate(index)]
        shape = tuple(len(axis) for axis in axes if axis.ndim)
        places = np.zeros((), np.int64)
        for axis, length in zip(axes, self.shape, strict=True):
            places = np.add.outer(places * length, axis)
        assert self._strings is not None
        return self._strings.take(places.reshape(-1)).reshape(shape)

    def close(self) -> None:
        """Lets go of the tensor."""
        self._strings = None


class RaggedSource(Source):
    """Rows of unequal length, as an array as wide as the longest; what is not there is masked."""

    def __init__(self, content: Ragged, what: str = "", path: str = "") -> None:
        flat, self._splits = content.flat, content.splits
        widths = [int(np.diff(splits).max(initial=0)) for splits in self._splits]
        dtype = np.dtype(object) if isinstance(flat, Strings) else flat.dtype
        super().__init__((len(self._splits[0]) - 1, *widths, *flat.shape[1:]), dtype, what, path)
        self._flat: Any = flat

    def cut(self, index: Index) -> Array:
        """Returns a piece; only its own values are gathered."""
        places = np.arange(self.shape[0])[index[0]]
        there = np.ones(np.shape(places), bool)
        for splits, part, width in zip(self._splits, index[1:], self.shape[1:], strict=False):
            steps = np.arange(width)[part]
            starts, ends = splits[:-1][places], splits[1:][places]
            if isinstance(part, slice):
                starts, ends, there, places = (each[..., None] for each in (starts, ends, there, places))
            found = starts + steps
            there = there & (found < ends)
            places = np.where(there, found, 0)
        inner = index[1 + len(self._splits) :]
        if isinstance(self._flat, Strings):
            wanted, back = np.unique(places, return_inverse=True)
            values = self._flat.take(wanted)[back].reshape(places.shape) if self._flat.size else None
        else:
            values = self._flat[(places, *inner)] if len(self._flat) else None
        if values is None:
            kept = tuple(len(range(*part.indices(n))) for part, n in zip(inner, self._inner(), strict=True)
                         if isinstance(part, slice))  # fmt: skip
            values = np.zeros((*places.shape, *kept), self.dtype)
        values = np.asarray(values)
        missing = ~np.reshape(there, (*np.shape(there), *(1,) * (values.ndim - np.ndim(there))))
        return np.ma.MaskedArray(values, np.broadcast_to(missing, values.shape)) if missing.any() else values

    @property
    def may_lack(self) -> bool:
        """Whether some of its rows may be shorter than others."""
        return True

    def _inner(self) -> tuple[int, ...]:
        return self.shape[1 + len(self._splits) :]

    def numbers(self) -> Array | None:
        """Returns the values of all rows on end."""
        return None if isinstance(self._flat, Strings) else self._flat

    def expression(self, index: str) -> str:
        """Returns the way to a slice of the padded rows."""
        return f"{self.path}.to_tensor(){index}"

    def code(self, name: str, index: str) -> str:
        """Returns the way to a slice of the padded rows, in which what is not there is masked."""
        return f"to_numpy({name}{self.path}, ragged='masked'){index}"

    def close(self) -> None:
        """Lets go of the values."""
        self._flat = np.empty((0, *self._inner()), self.dtype)


class SparseSource(Source):
    """Stored entries of a mostly empty array: sorted once, and only the piece that is cut is made dense."""

    def __init__(self, content: Sparse, what: str = "", path: str = "") -> None:
        values = content.values
        dtype = np.dtype(object) if isinstance(values, Strings) else values.dtype
        super().__init__(content.shape, dtype, what, path)
        indices = content.indices
        outside = ((indices < 0) | (indices >= np.array(self.shape, dtype=np.int64))).any(axis=1)
        if outside.any():
            bad = wording.index(indices[outside][0])
            raise ConversionError(f"{what} stores a value at {bad}, outside its shape")
        self._order: Array | None = None
        if len(indices) > 1 and not _is_sorted(indices):
            self._order = np.lexsort(indices.T[::-1])
            indices = indices[self._order]
        if len(indices) > 1 and (indices[1:] == indices[:-1]).all(axis=1).any():
            raise ConversionError(
                f"{what} stores more than one value at a place: what they mean together is yours to say"
            )
        self._indices, self._values = indices, values

    @property
    def prefers_large_cuts(self) -> bool:
        """Whether all entries are looked at for a cut of any size."""
        return True

    def cut(self, index: Index) -> Array:
        """Returns a dense piece."""
        start, stop = 0, len(self._indices)
        for axis, part in enumerate(index):
            along = self._indices[start:stop, axis]  # sorted, since all before is the same
            low, high, _ = part.indices(self.shape[axis]) if isinstance(part, slice) else (part, part + 1, 1)
            ends = np.searchsorted(along, [low, high])
            start, stop = start + int(ends[0]), start + int(ends[1])
            if isinstance(part, slice):
                break
        entries = np.arange(start, stop)
        shape: list[int] = []
        places: list[Array] = []
        for axis, part in enumerate(index):
            along = self._indices[entries, axis]
            if isinstance(part, slice):
                low, high, step = part.indices(self.shape[axis])
                inside = (along >= low) & (along < high) & ((along - low) % step == 0)
                shape.append(len(range(low, high, step)))
                entries = entries[inside]
                places = [place[inside] for place in places]
                places.append((along[inside] - low) // step)
            else:
                inside = along == part
                entries = entries[inside]
                places = [place[inside] for place in places]
        dense = np.full(tuple(shape), b"", object) if self.is_text else np.zeros(tuple(shape), self.dtype)
        if len(entries):
            dense[tuple(places)] = self._at(entries) if shape else self._at(entries)[0]
        return dense

    def _at(self, entries: Array) -> Array:
        """Returns stored values by their place in the order of indices."""
        stored = entries if self._order is None else self._order[entries]
        if not isinstance(self._values, Strings):
            return self._values[stored]
        wanted, back = np.unique(stored, return_inverse=True)
        return self._values.take(wanted)[back]

    def numbers(self) -> Array | None:
        """Returns the stored values."""
        return None if isinstance(self._values, Strings) else self._values

    def stored(self) -> tuple[Array, Array] | None:
        """Returns the entries."""
        return None if self.is_text else (self._indices, self._at(np.arange(len(self._indices))))

    def code(self, name: str, index: str) -> str:
        """Returns the way to a slice of the dense array."""
        return f"to_numpy({name}{self.path}){index}"

    def close(self) -> None:
        """Lets go of the entries."""
        self._indices, self._values, self._order = self._indices[:0], np.empty(0, self.dtype), None


class SlicesSource(Source):
    """Rows of an otherwise zero array, as gradients of embeddings are; rows of one index are added up."""

    def __init__(self, content: Slices, what: str = "", path: str = "") -> None:
        values = np.asarray(content.values)
        rows = int(content.indices.max(initial=-1)) + 1
        super().__init__(content.shape or (rows, *values.shape[1:]), values.dtype, what, path)
        self._indices, self._values = content.indices, values

    @property
    def prefers_large_cuts(self) -> bool:
        """Whether all indices are looked at for a cut of any size."""
        return True

    def cut(self, index: Index) -> Array:
        """Returns a piece, in which only the rows that fall into it are read."""
        first, *inner = index
        rows = np.arange(self.shape[0])[first] if isinstance(first, slice) else np.array([first])
        wide = np.full(1 + int(rows.max(initial=0)), -1, np.int64)
        wide[rows] = np.arange(len(rows))
        near = np.flatnonzero(self._indices < len(wide))
        place = wide[self._indices[near]]
        near, place = near[place >= 0], place[place >= 0]
        values = self._values[(near, *inner)]
        dense = np.zeros((len(rows), *values.shape[1:]), self.dtype)
        np.add.at(dense, place, values)
        return dense if isinstance(first, slice) else dense[0]

    def numbers(self) -> Array | None:
        """Returns the stored rows."""
        return self._values

    def code(self, name: str, index: str) -> str:
        """Returns the way to a slice of the dense array."""
        return f"to_numpy({name}{self.path}){index}"

    def close(self) -> None:
        """Lets go of the rows."""
        self._indices, self._values = self._indices[:0], self._values[:0]


def _is_sorted(indices: Array) -> bool:
    """Returns whether indices [N, rank] stand in the order of an array's memory."""
    steps = np.diff(indices, axis=0)
    moved = steps != 0
    first = moved.argmax(axis=1) if steps.shape[1] else np.zeros(len(steps), int)
    return bool((steps[np.arange(len(steps)), first] >= 0).all()) if steps.shape[1] else True


def blocks(source: Source, start: int = 0, most: int = BLOCK) -> Iterator[tuple[int, Array]]:
    """Yields all values in the order of an array's memory, a bounded number at a time.

    Args:
        source: What is read.
        start: The first place that is asked for; the first block may begin before it.
        most: Values of a block at most.

    Yields:
        The place of the block's first value, and the values.
    """
    shape = source.shape
    if not source.size:
        return
    if not shape:
        yield 0, source.cut(())
        return
    axis = next(k for k in range(len(shape)) if math.prod(shape[k + 1 :]) <= most)
    inner = math.prod(shape[axis + 1 :])
    each = max(1, most // inner)
    length = shape[axis]
    rest = (slice(None),) * (len(shape) - axis - 1)
    first = start // inner % length // each * each
    for outer in range(start // (inner * length), math.prod(shape[:axis])):
        before = unravel(outer, shape[:axis])
        for begin in range(first, length, each):
            part = slice(begin, min(begin + each, length))
            yield (outer * length + begin) * inner, source.cut((*before, part, *rest))
        first = 0


def unravel(place: int, shape: Sequence[int]) -> tuple[int, ...]:
    """Returns the index of a flat place; of arrays of any size.

    Example:
        >>> unravel(7, (2, 5))
        (1, 2)
    """
    index: list[int] = []
    for length in reversed(shape):
        place, along = divmod(place, length)
        index.insert(0, along)
    return tuple(index)


def ravel(index: Sequence[int], shape: Sequence[int]) -> int:
    """Returns the flat place of an index."""
    place = 0
    for along, length in zip(index, shape, strict=True):
        place = place * length + int(along)
    return place
