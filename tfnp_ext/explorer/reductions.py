"""All values along an axis put together: tile by tile in the processor's cache, to be interrupted and gone on with."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfnp_ext.explorer.numbers import Numbers, plain
from tfnp_ext.explorer.sources import BLOCK, Array, Source
from tfnp_ext.explorer.state import ExplorerState, plane_of

STEP = 0.25
"""Seconds of one step: so long nothing else is answered."""

TILE = 2**18
"""Values of a tile of which float64 are made: with these it stays in the processor's caches."""

_FEW = 32
"""Shorter runs are no inner loop: what NumPy does around each would take longer than the loop."""

_DEEP = 64
"""How many values of a cell are added up at a time, where there are as many: so rarely are tiles brought together."""


class Reduction:
    """The plane of a state, all values along its reduced axis put together.

    Sums are made in float64. A NaN stays one, as in NumPy; what is not there does not count.

    Attributes:
        seen: How many values were read.
        done: Whether all were.

    Args:
        source: What is read.
        state: What is shown of it.
    """

    def __init__(self, source: Source, state: ExplorerState) -> None:
        assert state.reduced is not None
        self._source, self._state = source, state
        self._make = _REDUCTIONS[state.reduction]
        self._length = state.shape[state.reduced]
        self._cells = (*state.plane, *(() if state.colours is None else (state.shape[state.colours],)))
        self._size = self._length * math.prod(self._cells)
        self._values: Array | None = None
        self._missing: Array | None = None
        self._started: dict[tuple[int, int], _Accumulator] = {}
        self._tiling: _Tiling | None = None
        self._parts: Iterator[_Part] | None = None
        self.seen = 0
        self.done = False

    @property
    def share(self) -> float:
        """The share of the values that was read."""
        return 1.0 if self.done else self.seen / self._size

    def step(self, seconds: float = STEP, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Goes on until it is done or the time is up, and returns whether it is done.

        Args:
            seconds: How long.
            clock: Seconds now; an argument so that tests are deterministic.
        """
        deadline = clock() + seconds
        if self._parts is None:
            self._parts = self._plan()
        with np.errstate(all="ignore"):
            for part in () if self.done else self._parts:
                self._add(part)
                if clock() >= deadline and self.seen < self._size:
                    return False
        self.done, self._parts = True, None
        return True

    def numbers(self) -> Numbers:
        """Returns the plane, read to its end."""
        self.step(math.inf)
        assert self._values is not None
        return Numbers(self._values, self._missing)

    def _cut(self, rows: slice, columns: slice, along: slice) -> Array:
        index = list(self._state.cut(rows, columns))
        assert self._state.reduced is not None
        index[self._state.reduced] = along
        return plane_of(self._source.cut(tuple(index)), self._state)

    def _plan(self) -> Iterator[_Part]:
        """Yields the tiles one after the other; all along the axis before the next cells, but of what is drawn."""
        one = slice(0, 1)
        strides = self._cut(one, one, one).strides
        most = BLOCK if self._source.prefers_large_cuts else self._make.most
        draws = self._source.draws and self._state.reduced == 0  # one element after the other, each once
        lengths = (1 if draws else self._length, *self._cells)
        self._tiling = tiling = _tiling(lengths, self._axes(), strides, most)
        depths, rows, columns = (_slices(length, each) for length, each in
                                 zip((self._length, *self._cells[:2]), tiling.each[:3], strict=True))  # fmt: skip
        tiles = [(row, column) for row in rows for column in columns]
        if draws:
            yield from (_Part(*tile, depth) for depth in depths for tile in tiles)
        else:
            yield from (_Part(*tile, depth) for tile in tiles for depth in depths)

    def _axes(self) -> Sequence[int]:
        """Returns the axes of a cut in those of the source: the reduced one, rows, columns, channels."""
        state = self._state
        axes = (state.reduced, state.rows, state.columns, state.colours)
        return [-1 if axis is None else axis for axis in axes[: 1 + len(self._cells)]]

    def _add(self, part: _Part) -> None:
        """Adds a tile, and writes its cells down when it was the last along the axis."""
        found = plain(self._cut(part.rows, part.columns, part.along), self._state.part)
        tiling = self._tiling
        assert tiling is not None
        values = found.values.transpose(tiling.turned)
        missing = None if found.missing is None else found.missing.transpose(tiling.turned)
        first, place = (part.rows.start, part.columns.start), (part.rows, part.columns)
        adding = self._started.get(first)
        if adding is None:
            adding = self._started[first] = self._make(self._state.reduction, tiling.axis)
        adding.add(part.along.start, values, missing)
        self.seen += values.size
        if part.along.stop < self._length:
            return
        cells, there = self._started.pop(first).result()
        if self._values is None:
            self._values = np.zeros(self._cells, cells.dtype)
        self._values[place].transpose(tiling.cells)[...] = cells
        if there is not None and not there.all():
            if self._missing is None:
                self._missing = np.zeros(self._cells, bool)
            self._missing[place].transpose(tiling.cells)[...] = ~there


@dataclass(frozen=True)
class _Part:
    """A tile of the plane and a piece of the reduced axis."""

    rows: slice
    columns: slice
    along: slice


@dataclass(frozen=True)
class _Tiling:
    """How a plane is read.

    Attributes:
        each: How long a tile is along the reduced axis, rows, columns and, where there are such, channels.
        turned: How it is transposed: the reduced axis first or last, the others in the order of memory.
        cells: How the plane is, to be like that.
        axis: Where the reduced axis is then: 0 or -1.
    """

    each: tuple[int, ...]
    turned: tuple[int, ...]
    cells: tuple[int, ...]
    axis: int


def _tiling(lengths: Sequence[int], axes: Sequence[int], strides: Sequence[int], most: int) -> _Tiling:
    """Returns tiles that lie together in memory, and with which NumPy's inner loops are long.

    Args:
        lengths: Those of the reduced axis, rows, columns, channels.
        axes: Which axes of the source they are: their order is that of memory where strides do not tell.
        strides: Bytes from one to the next along each.
        most: Values of a tile, about.
    """
    order = sorted(range(len(lengths)), key=lambda at: (lengths[at] > 1, -abs(strides[at]), axes[at]))
    length, cells = lengths[0], math.prod(lengths[1:])
    is_inner = length >= _FEW and (order[-1] == 0 or cells < _FEW)
    wanted = max(most // length, 1 if is_inner else most // _DEEP, _FEW if cells < _FEW else 1)
    each = [1] * len(lengths)
    for at in reversed(order):
        if at:
            each[at] = max(1, min(lengths[at], wanted // math.prod(each)))
    each[3:] = lengths[3:]  # channels are always cut whole
    each[0] = max(1, min(length, most // math.prod(each)))
    turn = tuple(at for at in order if at)
    return _Tiling(
        tuple(each), (*turn, 0) if is_inner else (0, *turn), tuple(at - 1 for at in turn), -1 if is_inner else 0
    )


def _slices(length: int, each: int) -> Sequence[slice]:
    return [slice(start, min(start + each, length)) for start in range(0, length, each)]


class _Accumulator(ABC):
    """What the values seen so far along an axis come to, for each cell of a tile.

    Args:
        how: The name of the reduction.
        axis: The axis of what is added, first or last.
    """

    most: ClassVar[int] = TILE
    """Values that are added at a time."""

    def __init__(self, how: str, axis: int) -> None:
        self._axis = axis
        self._there: Any = 0

    @abstractmethod
    def add(self, start: int, values: Array, missing: Array | None) -> None:
        """Adds values from a place on the axis on."""

    @abstractmethod
    def result(self) -> tuple[Array, Array | None]:
        """Returns the cells and in which of them there is something; ``None`` for all."""

    def _count(self, values: Array, missing: Array | None) -> Any:
        """Returns how many values there are, one number where none is missing."""
        if missing is None:
            return values.shape[self._axis]
        return values.shape[self._axis] - np.count_nonzero(missing, axis=self._axis)

    def _some(self) -> Array | None:
        """Returns in which cells there is something."""
        return None if np.ndim(self._there) == 0 else np.asarray(self._there > 0)


class _Mean(_Accumulator):
    """The mean, and the root of the sum of squares."""

    def __init__(self, how: str, axis: int) -> None:
        super().__init__(how, axis)
        self._norm = how == "norm"
        self._total: Any = 0.0

    def add(self, start: int, values: Array, missing: Array | None) -> None:
        """Adds to the sum of values or of their squares."""
        narrow = missing is not None or values.dtype != np.float64
        values = _floats(values, missing) if narrow else _in_runs(values)
        self._total = self._total + (_squares(values, self._axis) if self._norm else values.sum(axis=self._axis))
        self._there = self._there + self._count(values, missing)

    def result(self) -> tuple[Array, Array | None]:
        """Returns the quotient or the root."""
        return np.sqrt(self._total) if self._norm else self._total / np.maximum(self._there, 1), self._some()


class _Std(_Accumulator):
    """The standard deviation, by sums of deviations from the mean of the tile that came first, and of their squares.

    What is subtracted in the end is at most as many times as large as the variance as there are tiles.
    """

    def __init__(self, how: str, axis: int) -> None:
        super().__init__(how, axis)
        self._near: Any = 0.0
        self._total: Any = 0.0
        self._squares: Any = 0.0

    def add(self, start: int, values: Array, missing: Array | None) -> None:
        """Adds to both sums."""
        floats = _floats(values, missing)
        here = self._count(values, missing)
        first = (self._there == 0) & (here > 0)
        if np.any(first):
            self._near = np.where(first, floats.sum(axis=self._axis) / np.maximum(here, 1), self._near)
        floats -= np.expand_dims(self._near, self._axis)
        if missing is not None:
            floats[missing] = 0
        self._total = self._total + floats.sum(axis=self._axis)
        self._squares = self._squares + _squares(floats, self._axis)
        self._there = self._there + here

    def result(self) -> tuple[Array, Array | None]:
        """Returns the root of the mean of squares around the mean of all."""
        count = np.maximum(self._there, 1)
        variance = np.maximum(self._squares / count - np.square(self._total / count), 0)
        too_large = np.isinf(self._squares) & np.isfinite(self._total)
        return np.sqrt(np.where(too_large, np.inf, variance)), self._some()


class _End(_Accumulator):
    """The largest or smallest value, or the first place of the largest; a NaN is both."""

    most = BLOCK

    def __init__(self, how: str, axis: int) -> None:
        super().__init__(how, axis)
        self._least = how == "min"
        self._best: Any = None

    def add(self, start: int, values: Array, missing: Array | None) -> None:
        """Takes what is further out than the best so far."""
        own = self._own(_in_runs(values), missing)
        further = np.minimum if self._least else np.maximum
        self._best = own if self._best is None else further(self._best, own, out=self._best)
        self._there = self._there + self._count(values, missing)

    def _own(self, values: Array, missing: Array | None) -> Array:
        """Returns the largest or smallest of what is added."""
        if missing is not None:
            values = np.where(missing, _beyond(values.dtype, least=not self._least), values)
        return np.asarray((np.minimum if self._least else np.maximum).reduce(values, axis=self._axis))

    def result(self) -> tuple[Array, Array | None]:
        """Returns the values."""
        return self._best, self._some()


class _Place(_End):
    """The first place of the largest."""

    most = TILE

    def __init__(self, how: str, axis: int) -> None:
        super().__init__(how, axis)
        self._at: Any = None

    def add(self, start: int, values: Array, missing: Array | None) -> None:
        """Takes places of what is larger than the largest so far."""
        values = _in_runs(values)
        own = self._own(values, missing)
        here = self._count(values, missing)
        if self._best is None:
            better = np.ones(own.shape, bool)
            self._best, self._at = own, np.zeros(own.shape, np.int64)
        else:
            better = own > self._best
            if own.dtype.kind == "f":
                better |= np.isnan(own) & ~np.isnan(self._best)
            if missing is not None or np.ndim(self._there):
                better = (better & (here > 0)) | ((here > 0) & (self._there == 0))
        self._there = self._there + here
        if better.any():
            np.copyto(self._best, own, where=better)
            np.copyto(self._at, start + self._first(values, own, missing), where=better)

    def _first(self, values: Array, largest: Array, missing: Array | None) -> Array:
        """Returns the first places of what is the largest."""
        found = np.equal(values, np.expand_dims(largest, self._axis))
        if values.dtype.kind == "f" and np.isnan(largest).any():
            found |= np.isnan(values)
        if missing is not None:
            found &= ~missing
        if self._axis:
            return np.asarray(found.argmax(axis=-1), np.int64)
        # The largest of marks that fall along the axis: much faster than argmax across memory.
        count = len(found)
        kind = np.min_scalar_type(count)
        marks = found.view(np.uint8) if kind == np.uint8 else found.astype(kind)
        marks *= np.arange(count, 0, -1).astype(kind).reshape(-1, *(1,) * (found.ndim - 1))
        places: Array = count - marks.max(axis=0).astype(np.int64)
        return places

    def result(self) -> tuple[Array, Array | None]:
        """Returns the places."""
        return self._at, self._some()


def _floats(values: Array, missing: Array | None) -> Array:
    """Returns a copy in float64, in the order that it is looked at; 0 where nothing is there."""
    floats = np.empty(values.shape, np.float64)
    np.copyto(floats, values, casting="unsafe")
    if missing is not None:
        floats[missing] = 0
    return floats


def _in_runs(values: Array) -> Array:
    """Returns the values, copied where only a few lie side by side in memory."""
    run = 1
    for length, step in zip(reversed(values.shape), reversed(values.strides), strict=True):
        if length > 1:
            if step != run * values.itemsize:
                break
            run *= length
    return values if run >= _FEW else np.ascontiguousarray(values)


def _squares(values: Array, axis: int) -> Array:
    """Returns the sum of squares along the first or last axis."""
    squares: Array = np.einsum("...i,...i->..." if axis else "i...,i...->...", values, values)
    return squares


def _beyond(dtype: np.dtype, *, least: bool) -> Any:
    """Returns the least or most that a dtype holds."""
    if dtype.kind == "f":
        return dtype.type(-np.inf if least else np.inf)
    if dtype.kind == "b":
        return dtype.type(not least)
    ends = np.iinfo(dtype)
    return dtype.type(ends.min if least else ends.max)


_REDUCTIONS: dict[str, type[_Accumulator]] = {
    "mean": _Mean,
    "std": _Std,
    "norm": _Mean,
    "min": _End,
    "max": _End,
    "argmax": _Place,
}
