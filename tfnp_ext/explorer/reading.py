"""The plane that a state shows, as plain numbers: cut, put together along an axis, or compared with another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.sources import BLOCK, Array, Source
from tfnp_ext.explorer.state import ExplorerState, plane_of

MOST_KEPT = 2**24
"""Values of a plane that is kept between two frames, and that are read for one frame."""


@dataclass(frozen=True)
class Numbers:
    """Real numbers of a dtype that NumPy knows.

    Attributes:
        values: The numbers; any where none is there.
        missing: Where none is there; ``None`` for nowhere.
    """

    values: Array
    missing: Array | None = None

    def at(self, *index: Any) -> Numbers:
        """Returns a piece."""
        return Numbers(self.values[index], None if self.missing is None else self.missing[index])

    def floats(self) -> Array:
        """Returns them in a float dtype that holds each exactly, but for large integers; NaN where none is there."""
        values = self.values
        if values.dtype.kind != "f":
            values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
        if self.missing is None:
            return values
        return np.where(self.missing, values.dtype.type(np.nan), values)


def plain(values: Array, part: str = "") -> Numbers:
    """Returns a cut as real numbers of a dtype that NumPy knows and a browser can read; small floats widened.

    Args:
        values: What a source gave.
        part: What of complex numbers is meant.
    """
    missing = None
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        missing = mask if mask.any() else None
        values = np.ma.getdata(values)
    with np.errstate(all="ignore"):
        return Numbers(_real(values, part), missing)


def _real(values: Array, part: str) -> Array:
    rank = kind_rank(values.dtype)
    if rank == 3:
        if values.dtype.itemsize > 16:
            values = values.astype(np.complex128)
        parts: dict[str, Any] = {"angle": np.angle, "real": np.real, "imag": np.imag}
        return np.asarray(parts.get(part, np.abs)(values))
    if rank == 2 and values.dtype.itemsize < 4:
        return values.astype(np.float32)
    if values.dtype.kind == "V":
        return values.astype(np.uint8 if values.dtype.name.startswith("u") else np.int8)
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        return values.astype(np.float64)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


class Reader:
    """Reads the plane of a state, or a region of it; one that costs more than a cut is kept for the next frame.

    Args:
        source: What is explored.
        other: What it is compared with, of the same shape.
    """

    def __init__(self, source: Source, other: Source | None = None) -> None:
        self.source, self.other = source, other
        self._kept: tuple[Any, Numbers] | None = None

    def close(self) -> None:
        """Lets go of what is kept."""
        self._kept = None

    def numbers(self, state: ExplorerState, rows: slice = slice(None), columns: slice = slice(None)) -> Numbers:
        """Returns a region of what is shown, [rows, columns] or, of an image, [rows, columns, channels]."""
        height, width = state.plane
        if height * width > MOST_KEPT or (state.reduced is None and not state.compare and self.source.is_cheap):
            return self._read(state, rows, columns)
        key = key_of(state)
        if self._kept is None or self._kept[0] != key:
            self._kept = None
            self._kept = key, self._read(state, slice(None), slice(None))
        return self._kept[1].at(rows, columns)

    def pair(
        self, state: ExplorerState, rows: slice = slice(None), columns: slice = slice(None)
    ) -> tuple[Numbers, Numbers]:
        """Returns a region of both arrays, to be shown side by side."""
        assert self.other is not None
        alone = replace(state, compare="")
        return self._one(self.source, alone, rows, columns), self._one(self.other, alone, rows, columns)

    def _read(self, state: ExplorerState, rows: slice, columns: slice) -> Numbers:
        if state.compare in {"", "side"} or self.other is None:
            return self._one(self.source, state, rows, columns)
        return compared(*self.pair(state, rows, columns), state.compare, state.tolerance)

    def _one(self, source: Source, state: ExplorerState, rows: slice, columns: slice) -> Numbers:
        if state.reduced is None:
            return plain(plane_of(source.cut(state.cut(rows, columns)), state), state.part)
        return reduced(source, state, rows, columns)


def key_of(state: ExplorerState) -> tuple[Any, ...]:
    """Returns what decides which numbers are shown."""
    compared = (state.compare, state.tolerance) if state.compare else ()
    axes = state.rows, state.columns, state.colours  # columns and channels are not rows and columns
    return (state.shape, *axes, state.reduced, state.reduction, state.part, *compared,
            *(state.index[axis] for axis in state.hidden))  # fmt: skip


def compared(one: Numbers, two: Numbers, how: str, tolerance: float = 0.0) -> Numbers:
    """Returns two arrays as one: their difference, ratio, or where they disagree.

    Two NaN agree, and so do two infinities of one sign; a NaN and a number do not.
    """
    missing = one.missing if two.missing is None else two.missing if one.missing is None else one.missing | two.missing
    with np.errstate(all="ignore"):
        if how == "disagree":
            return Numbers(disagree(one.values, two.values, tolerance).astype(np.uint8), missing)
        if how == "difference" and _are_whole(one.values, two.values):
            larger, size = _distance(one.values, two.values)
            return Numbers(np.where(larger, 1.0, -1.0) * size, missing)
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
            left, right = one.astype(np.float64), two.astype(np.float64)
            differ = np.asarray(~(np.abs(left - right) <= tolerance) & (left != right))
    if one.dtype.kind == "f" and two.dtype.kind == "f":
        differ &= ~(np.isnan(one) & np.isnan(two))
    return differ


def _are_whole(one: Array, two: Array) -> bool:
    return one.dtype.kind in "bui" and two.dtype.kind in "bui"


def _distance(one: Array, two: Array) -> tuple[Array, Array]:
    """Returns where the first of two whole numbers is not the smaller, and how far they are apart, exactly."""
    larger = np.asarray(one >= two)
    left, right = one.astype(np.uint64), two.astype(np.uint64)  # modulo 2^64, and so is the distance
    return larger, np.where(larger, left - right, right - left)


def reduced(source: Source, state: ExplorerState, rows: slice, columns: slice) -> Numbers:
    """Returns the region with all values along the reduced axis put together, a bounded number of them at a time.

    Sums are made in float64. A NaN stays one, as in NumPy; what is not there does not count.
    """
    axis = state.reduced
    assert axis is not None
    index = list(state.cut(rows, columns))
    lengths = [
        len(range(*part.indices(length)))
        for place, (part, length) in enumerate(zip(index, state.shape, strict=True))
        if isinstance(part, slice) and place != axis
    ]
    each = max(1, BLOCK // max(1, math.prod(lengths)))

    def parts() -> Iterator[tuple[int, Numbers]]:
        for start in range(0, state.shape[axis], each):
            index[axis] = slice(start, start + each)
            yield start, plain(plane_of(source.cut(tuple(index)), state), state.part)

    with np.errstate(all="ignore"):
        return _REDUCTIONS[state.reduction](parts())


Parts = Iterator[tuple[int, Numbers]]


def _moments(parts: Parts) -> tuple[Array, Array, Array]:
    """Returns count, mean and sum of squared deviations over all parts, by Chan's update."""
    count, mean, squares = np.zeros(()), np.zeros(()), np.zeros(())
    for _, part in parts:
        values = part.values.astype(np.float64)
        here = np.full(values.shape[1:], len(values), np.float64)
        if part.missing is not None:
            values[part.missing] = 0
            here = (~part.missing).sum(axis=0).astype(np.float64)
        own = values.sum(axis=0) / np.maximum(here, 1)
        values -= own
        if part.missing is not None:
            values[part.missing] = 0
        own_squares = np.einsum("i...,i...->...", values, values)
        total = count + here
        share = here / np.maximum(total, 1)
        squares = squares + own_squares + np.square(own - mean) * count * share
        mean = mean + np.where(share == 1, own - mean, (own - mean) * share) if count.ndim else own
        count = total
    return count, mean, squares


def _mean(parts: Parts) -> Numbers:
    total: Any = 0.0
    count: Any = 0
    for _, part in parts:
        there = True if part.missing is None else ~part.missing
        total = total + part.values.sum(axis=0, dtype=np.float64, where=there)
        count = count + (len(part.values) if part.missing is None else np.sum(there, axis=0))
    count = np.broadcast_to(count, np.shape(total))
    return Numbers(np.asarray(total / np.maximum(count, 1)), _none(count))


def _std(parts: Parts) -> Numbers:
    count, _, squares = _moments(parts)
    return Numbers(np.sqrt(squares / np.maximum(count, 1)), _none(count))


def _norm(parts: Parts) -> Numbers:
    total: Any = 0.0
    there: Any = False
    for _, part in parts:
        values = part.values.astype(np.float64)
        if part.missing is not None:
            values[part.missing] = 0
        total = np.hypot(total, np.linalg.norm(values, axis=0))
        there = there | (True if part.missing is None else (~part.missing).any(axis=0))
    return Numbers(total, _none(np.broadcast_to(there, np.shape(total))))


def _end(parts: Parts, *, largest: bool, places: bool = False) -> Numbers:
    """Returns the largest or smallest value, or the place of the largest; a NaN is both, the first one."""
    best: Array | None = None
    at: Any = None
    there: Any = False
    for start, part in parts:
        values = part.values
        if part.missing is None and not places and (best is None or there is True):
            own, there = np.asarray(values.max(axis=0) if largest else values.min(axis=0)), True
            best = own if best is None else (np.maximum if largest else np.minimum)(best, own)
            continue
        if part.missing is not None:
            kind = values.dtype
            rest = (-np.inf if largest else np.inf) if kind.kind == "f" else (_least(kind) if largest else _most(kind))
            values = np.where(part.missing, kind.type(rest), values)
            own_there = (~part.missing).any(axis=0)
        else:
            own_there = np.ones(values.shape[1:], bool)
        place = np.argmax(values, axis=0) if largest else np.argmin(values, axis=0)
        own = values[0] if len(values) == 1 else np.take_along_axis(values, place[None], axis=0)[0]
        if best is None:
            best, at, there = own, place + start, own_there
            continue
        better = (own > best) if largest else (own < best)
        if own.dtype.kind == "f":
            better |= np.isnan(own) & ~np.isnan(best)
        better = (better & own_there) | (own_there & ~there)
        best, at, there = np.where(better, own, best), np.where(better, place + start, at), there | own_there
    assert best is not None
    return Numbers(at.astype(np.int64) if places else best, None if there is True else _none(there))


def _least(dtype: np.dtype) -> Any:
    return False if dtype.kind == "b" else np.iinfo(dtype).min


def _most(dtype: np.dtype) -> Any:
    return True if dtype.kind == "b" else np.iinfo(dtype).max


def _none(there: Array) -> Array | None:
    """Returns where nothing is there; ``None`` for nowhere."""
    missing = ~np.asarray(there, bool)
    return missing if missing.any() else None


_REDUCTIONS: dict[str, Callable[[Parts], Numbers]] = {
    "mean": _mean,
    "std": _std,
    "norm": _norm,
    "min": lambda parts: _end(parts, largest=False),
    "max": lambda parts: _end(parts, largest=True),
    "argmax": lambda parts: _end(parts, largest=True, places=True),
}
