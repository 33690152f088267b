"""The numbers of an array in one pass over it, in cache-sized blocks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank

BLOCK = 2**16
"""Values in a block: its float64 copy fills half a megabyte, which stays in the second-level cache."""

BINS = 64
"""Bins of a histogram: one for each CSS pixel of a sparkline."""

HISTOGRAM_SAMPLE = 2**17
"""Values in a histogram at most; more cannot be told apart in 64 bins of 14 pixels."""

SEED = 0
_RUN = 256


@dataclass(frozen=True)
class Statistics:
    """The numbers of an array; those of the finite values only, where there are others.

    Attributes:
        size: How many values the array has.
        seen: How many were read: ``size``, or fewer when the budget ran out.
        minimum: Smallest finite value (an ``int`` for integers), NaN if there is none.
        maximum: Largest finite value.
        mean: Mean of the finite values.
        std: Population standard deviation of the finite values.
        zeros: How many are exactly zero.
        nans: How many are NaN.
        positive_infinities: How many are +Inf.
        negative_infinities: How many are -Inf.
        first_invalid: Index of the first value seen that is NaN or infinite.
        minimum_at: Index of the smallest finite value.
        maximum_at: Index of the largest finite value.
        histogram: Counts in 64 equal bins from ``minimum`` to ``maximum``, of ``HISTOGRAM_SAMPLE`` values at most;
            one bin for each integer where there are fewer than 64 of them.
    """

    size: int
    seen: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: int
    nans: int = 0
    positive_infinities: int = 0
    negative_infinities: int = 0
    first_invalid: tuple[int, ...] | None = None
    minimum_at: tuple[int, ...] | None = None
    maximum_at: tuple[int, ...] | None = None
    histogram: tuple[int, ...] = ()

    @property
    def invalid(self) -> int:
        """How many values are not finite."""
        return self.nans + self.positive_infinities + self.negative_infinities

    @property
    def finite(self) -> int:
        """How many of the values seen are finite."""
        return self.seen - self.invalid

    @property
    def exact(self) -> bool:
        """Whether every value was seen."""
        return self.seen == self.size


class _Totals:
    """What is added up block by block: Chan, Golub and LeVeque's pairwise update of mean and squared deviations.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979, equation 2.1.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0

    def add(self, values: np.ndarray) -> None:
        """Adds a block of finite float64 values, which are overwritten."""
        count = values.size
        mean = float(values.sum()) / count
        values -= mean
        # Not values @ values: BLAS would start threads for a block, which on a busy machine wait for each other.
        np.multiply(values, values, out=values)
        squares = float(values.sum())
        if not self.count:
            self.count, self.mean, self.squares = count, mean, squares
            return
        total = self.count + count
        delta = mean - self.mean
        self.squares += squares + delta * delta * self.count * count / total
        self.mean += delta * count / total
        self.count = total


def compute_statistics(
    array: np.ndarray, budget_ms: float = math.inf, clock: Callable[[], float] = time.perf_counter
) -> Statistics | None:
    """Returns the numbers of an array, read once in blocks that fit the cache.

    Blocks of a large array are visited in a seeded random order, so that what was seen when the budget ran out is a
    fair sample, and a run that finishes is exact.

    Args:
        array: Numbers of any shape and dtype, ``ml_dtypes`` included; complex numbers count by their magnitude.
        budget_ms: Milliseconds after which no further block is read.
        clock: Seconds now; an argument so that tests are deterministic.

    Returns:
        The numbers, or ``None`` where the dtype has none (strings, objects, dates, records).
    """
    if isinstance(array, np.ma.MaskedArray):
        array = array.compressed()
    if not _is_numeric(array.dtype):
        return None
    if not array.size:
        return Statistics(0, 0, math.nan, math.nan, math.nan, math.nan, 0)
    flat, shape = _flat(array)
    scan = _Scan(array.dtype)
    starts = np.arange(0, array.size, BLOCK)
    if len(starts) > 1:
        np.random.default_rng(SEED).shuffle(starts)
    deadline = clock() + budget_ms / 1000
    with np.errstate(all="ignore"):
        for start in starts.tolist():
            scan.read(start, flat[start : start + BLOCK])
            if clock() >= deadline:
                break
    return scan.result(array.size, shape, _histogram(flat, scan.low, scan.high, array.dtype))


def _is_numeric(dtype: np.dtype) -> bool:
    return kind_rank(dtype) is not None


def _flat(array: np.ndarray) -> tuple[Any, Callable[[int], tuple[int, ...]]]:
    """Returns something that slices to 1-D blocks without copying the whole, and what turns a place into an index."""
    if array.flags.c_contiguous:
        return array.reshape(-1), lambda place: tuple(map(int, np.unravel_index(place, array.shape)))
    if array.flags.f_contiguous:
        return array.T.reshape(-1), lambda place: tuple(map(int, np.unravel_index(place, array.shape[::-1])))[::-1]
    return array.flat, lambda place: tuple(map(int, np.unravel_index(place, array.shape)))


class _Scan:
    """One pass over the blocks of an array."""

    def __init__(self, dtype: np.dtype) -> None:
        self.totals = _Totals()
        self.scratch = np.empty(0)
        self.small_float = dtype.kind == "V" or (dtype.itemsize == 1 and dtype.kind == "f")
        self.complex = dtype.kind == "c"
        self.seen = self.zeros = self.nans = self.highs = self.lows = 0
        self.low: float = math.inf
        self.high: float = -math.inf
        self.low_at = self.high_at = -1
        self.invalid_at: int | None = None

    def read(self, start: int, block: np.ndarray) -> None:
        """Adds one block; ``start`` is the place of its first value."""
        if self.small_float:
            block = block.astype(np.float32)
        elif self.complex:
            block = np.abs(block)
        elif block.dtype.kind == "b":
            block = block.view(np.uint8)
        self.seen += block.size
        self.zeros += block.size - int(np.count_nonzero(block))
        low, high = block.min().item(), block.max().item()
        places = None
        if block.dtype.kind == "f" and not (math.isfinite(low) and math.isfinite(high)):
            finite = np.isfinite(block)
            self._count_invalid(start, block, finite)
            places = np.flatnonzero(finite)
            block = block[finite]
            if not block.size:
                return
            low, high = block.min().item(), block.max().item()
        if low < self.low:
            self.low, self.low_at = low, start + self._place(block.argmin(), places)
        if high > self.high:
            self.high, self.high_at = high, start + self._place(block.argmax(), places)
        if self.scratch.size < block.size:
            self.scratch = np.empty(block.size)
        wide = self.scratch[: block.size]
        np.copyto(wide, block, casting="unsafe")
        self.totals.add(wide)

    def _count_invalid(self, start: int, block: np.ndarray, finite: np.ndarray) -> None:
        bad = block[~finite]
        nans = int(np.count_nonzero(np.isnan(bad)))
        highs = int(np.count_nonzero(bad == np.inf))
        self.nans += nans
        self.highs += highs
        self.lows += bad.size - nans - highs
        first = start + int(np.argmin(finite))
        self.invalid_at = first if self.invalid_at is None else min(self.invalid_at, first)

    @staticmethod
    def _place(position: Any, places: np.ndarray | None) -> int:
        return int(position if places is None else places[position])

    def result(self, size: int, index: Callable[[int], tuple[int, ...]], histogram: tuple[int, ...]) -> Statistics:
        """Returns the numbers of what was read."""
        found = self.totals.count > 0
        return Statistics(
            size=size,
            seen=self.seen,
            minimum=self.low if found else math.nan,
            maximum=self.high if found else math.nan,
            mean=self.totals.mean if found else math.nan,
            std=math.sqrt(self.totals.squares / self.totals.count) if found else math.nan,
            zeros=self.zeros,
            nans=self.nans,
            positive_infinities=self.highs,
            negative_infinities=self.lows,
            first_invalid=None if self.invalid_at is None else index(self.invalid_at),
            minimum_at=index(self.low_at) if found else None,
            maximum_at=index(self.high_at) if found else None,
            histogram=histogram,
        )


def _histogram(flat: Any, low: float, high: float, dtype: np.dtype) -> tuple[int, ...]:
    """Returns counts in bins, of all values or, of a large array, of a seeded sample of runs."""
    if not low <= high:
        return ()
    size = len(flat)
    if size <= HISTOGRAM_SAMPLE:
        values = np.asarray(flat[:size])
    else:
        runs = HISTOGRAM_SAMPLE // _RUN
        starts = np.sort(np.random.default_rng(SEED).integers(0, size - _RUN, runs))
        values = np.concatenate([flat[start : start + _RUN] for start in starts.tolist()])
    values = np.abs(values) if dtype.kind == "c" else values.astype(np.float64)
    whole = kind_rank(dtype) == 1 and high - low < BINS
    bins = int(high - low) + 1 if whole else BINS
    # Halved, so that the span of the largest floats does not overflow; shares of a span smaller than any do not vanish.
    span = float(high) / 2 - float(low) / 2
    if span == 0:
        return (*(0 for _ in range(bins // 2)), int(np.isfinite(values).sum()), *(0 for _ in range((bins - 1) // 2)))
    with np.errstate(invalid="ignore", over="ignore"):
        # Values outside come from blocks that the budget left unread.
        values = values[(values >= low) & (values <= high)]
        places = values - low if whole else (values / 2 - float(low) / 2) / span * BINS
    return tuple(np.bincount(np.minimum(places.astype(np.intp), bins - 1), minlength=bins).tolist())
