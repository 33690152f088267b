"""The plane that a state shows, as plain numbers: cut, put together along an axis, or compared with another."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext.explorer.numbers import Numbers, comparable, plain
from tfnp_ext.explorer.reductions import STEP, Reduction
from tfnp_ext.explorer.sources import Array, Source
from tfnp_ext.explorer.state import ExplorerState, in_order, plane_of

MOST_KEPT = 2**24
"""Values of a plane that is kept between two frames, and that are read for one frame."""

Read = Callable[[Array, str], Numbers]
"""Makes numbers of a cut, of complex ones the part that is asked for."""


class Reader:
    """Reads the plane of a state, or a region of it; one that costs more than a cut is kept for the next frame.

    Args:
        source: What is explored.
        other: What it is compared with, of the same shape.
    """

    def __init__(self, source: Source, other: Source | None = None) -> None:
        self.source, self.other = source, other
        self._kept: tuple[Any, Numbers] | None = None
        self._reductions: dict[bool, tuple[Any, Reduction]] = {}

    def close(self) -> None:
        """Lets go of what is kept."""
        self._kept = None
        self._reductions.clear()

    def advance(
        self, state: ExplorerState, seconds: float = STEP, clock: Callable[[], float] = time.perf_counter
    ) -> float:
        """Goes on with what has to be read before any of a state can be shown, and drops what another has begun.

        Args:
            state: What is to be shown.
            seconds: How long.
            clock: Seconds now; an argument so that tests are deterministic.

        Returns:
            The share that was read, 1 where there is nothing left to read.
        """
        if state.reduced is None:
            self._reductions = {of: kept for of, kept in self._reductions.items() if kept[1].done}
            return 1.0
        reductions = [self._reduction(source, state) for source in self._shown(state)]
        ends = clock() + seconds
        for reduction in reductions:
            self._go_on(reduction, ends - clock(), clock)
        return sum(reduction.share for reduction in reductions) / len(reductions)

    def is_read(self, state: ExplorerState) -> bool:
        """Returns whether numbers of a state are at hand: a reduction may have to be read to its end."""
        return state.reduced is None or all(self._reduction(source, state).done for source in self._shown(state))

    def _shown(self, state: ExplorerState) -> tuple[Source, ...]:
        """Returns what is read for a state."""
        return (self.source,) if self.other is None or not state.compare else (self.source, self.other)

    def numbers(self, state: ExplorerState, rows: slice = slice(None), columns: slice = slice(None)) -> Numbers:
        """Returns a region of what is shown, [rows, columns] or, of an image, [rows, columns, channels]."""
        height, width = state.plane
        reads_little = not state.compare and (state.reduced is not None or self.source.is_cheap)
        if height * width > MOST_KEPT or reads_little:
            return self._read(state, rows, columns)
        key = key_of(state)
        if self._kept is None or self._kept[0] != key:
            self._kept = None
            self._kept = key, self._read(state, slice(None), slice(None))
        return self._kept[1].at(rows, columns)

    def array(self, state: ExplorerState) -> Array:
        """Returns what is shown with the axes of the source, in their order: masked, and a view where one is had."""
        if state.reduced is None:
            return self.source.cut(state.cut())
        numbers = self.numbers(state)
        if numbers.missing is None:
            return in_order(numbers.values, state)
        return np.ma.MaskedArray(in_order(numbers.values, state), in_order(numbers.missing, state))

    def pair(
        self, state: ExplorerState, rows: slice = slice(None), columns: slice = slice(None)
    ) -> tuple[Numbers, Numbers]:
        """Returns a region of both arrays, to be shown side by side."""
        return self._both(state, rows, columns, plain)

    def _both(self, state: ExplorerState, rows: slice, columns: slice, read: Read) -> tuple[Numbers, Numbers]:
        assert self.other is not None
        alone = replace(state, compare="")
        return self._one(self.source, alone, rows, columns, read), self._one(self.other, alone, rows, columns, read)

    def _read(self, state: ExplorerState, rows: slice, columns: slice) -> Numbers:
        if state.compare in {"", "side"} or self.other is None:
            return self._one(self.source, state, rows, columns)
        read = plain if state.compare == "ratio" else comparable
        return compared(*self._both(state, rows, columns, read), state.compare, state.tolerance)

    def _one(self, source: Source, state: ExplorerState, rows: slice, columns: slice, read: Read = plain) -> Numbers:
        if state.reduced is None:
            return read(plane_of(source.cut(state.cut(rows, columns)), state), state.part)
        reduction = self._reduction(source, state)
        self._go_on(reduction, math.inf)
        return reduction.numbers().at(rows, columns)

    def _reduction(self, source: Source, state: ExplorerState) -> Reduction:
        """Returns the reduction of a state, the one that was begun or a new one."""
        of, key = source is not self.source, _reduction_key(state)
        if of not in self._reductions or self._reductions[of][0] != key:
            self._reductions.pop(of, None)
            self._reductions[of] = key, Reduction(source, state)
        return self._reductions[of][1]

    def _go_on(self, reduction: Reduction, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        """Reads some of it; after an error there is a hole in it, so that it is begun anew."""
        try:
            reduction.step(seconds, clock)
        except BaseException:
            self._reductions.clear()
            raise


def key_of(state: ExplorerState) -> tuple[Any, ...]:
    """Returns what decides which numbers are shown."""
    compared = (state.compare, state.tolerance) if state.compare else ()
    axes = state.rows, state.columns, state.colours  # columns and channels are not rows and columns
    return (state.shape, *axes, state.reduced, state.reduction, state.part, *compared,
            *(state.index[axis] for axis in state.hidden))  # fmt: skip


def _reduction_key(state: ExplorerState) -> tuple[Any, ...]:
    return key_of(replace(state, compare=""))


def compared(one: Numbers, two: Numbers, how: str, tolerance: float = 0.0) -> Numbers:
    """Returns two arrays as one: their difference, ratio, or where they disagree; of complex numbers their distance.

    Two NaN agree, and so do two infinities of one sign; a NaN and a number do not.
    """
    missing = one.missing if two.missing is None else two.missing if one.missing is None else one.missing | two.missing
    with np.errstate(all="ignore"):
        if how == "disagree":
            return Numbers(disagree(one.values, two.values, tolerance).astype(np.uint8), missing)
        if how == "difference" and _are_whole(one.values, two.values):
            larger, size = _distance(one.values, two.values)
            return Numbers(np.where(larger, 1.0, -1.0) * size, missing)
        if "c" in {one.values.dtype.kind, two.values.dtype.kind}:
            return Numbers(np.abs(one.values - two.values), missing)
        narrow = all(each.values.dtype == np.float32 for each in (one, two))
        kind: Any = np.float32 if narrow else np.float64
        left, right = (np.asarray(each.values, kind) for each in (one, two))
        return Numbers(left - right if how == "difference" else left / right, missing)


def disagree(one: Array, two: Array, tolerance: float) -> Array:
    """Returns where two arrays differ by more than a tolerance."""
    if tolerance == 0 or (_are_whole(one, two) and tolerance < 1):
        differ = np.asarray(one != two)
    elif _are_whole(one, two):
        differ = np.asarray(_distance(one, two)[1] > tolerance)
    else:
        with np.errstate(all="ignore"):
            wide = np.complex128 if "c" in {one.dtype.kind, two.dtype.kind} else np.float64
            left, right = one.astype(wide), two.astype(wide)
            differ = np.asarray(~(np.abs(left - right) <= tolerance) & (left != right))
    if one.dtype.kind in "fc" and two.dtype.kind in "fc":
        differ &= ~(np.isnan(one) & np.isnan(two))
    return differ


def _are_whole(one: Array, two: Array) -> bool:
    return one.dtype.kind in "bui" and two.dtype.kind in "bui"


def _distance(one: Array, two: Array) -> tuple[Array, Array]:
    """Returns where the first of two whole numbers is not the smaller, and how far they are apart, exactly."""
    larger = np.asarray(one >= two)
    left, right = one.astype(np.uint64), two.astype(np.uint64)  # modulo 2^64, and so is the distance
    return larger, np.where(larger, left - right, right - left)
