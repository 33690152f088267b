"""One pass over an array in the host's memory, in cache-sized blocks, and what it adds up."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank

BLOCK = 2**16
"""Values in a block: its float64 copy fills half a megabyte, which stays in the second-level cache."""

SHARED_BLOCK = 2**18
"""Values in a block where threads share the work: between smaller ones they would wait for each other."""

SHARED = 2**22
"""From so many values on threads share the work: below, starting them takes longer than it saves."""

RUN = 2**12
"""Values whose smallest and largest are kept for the line of a series: fewer than fit a pixel of a long one."""

BINS = 64
"""Bins of a histogram: one for each CSS pixel of a sparkline."""

FULL_BINS = 512
"""From so many values on a histogram has all its bins: eight values each, if they were even."""

HISTOGRAM_SAMPLE = 2**16
"""Values in a histogram at most; more cannot be told apart in 64 bins of 14 pixels."""

SEED = 0
_HISTOGRAM_RUN = 256

_SUMMED_EXACTLY = 2**53 // SHARED_BLOCK
"""Up to this size integers of a block add up exactly in float64; larger ones are taken from the block's smallest."""

SQUARED = 2.0**480
"""Up to this size floats have sums of squares in float64; larger ones are scaled down first."""

SQUARED_FROM = 2.0**-400
"""From this size on they have; smaller ones are scaled up first, else nothing would be left of their squares."""

SCALE = 2.0**-600


@dataclass(frozen=True, slots=True)
class Extremes:
    """The smallest and largest value of each run of a long vector, for a line that loses no spike.

    Attributes:
        lows: Smallest finite value of each run of ``RUN`` values, float64; NaN where the run was not read or has none.
        highs: Largest finite value of each run.
        invalid: Of each run that was read and holds what is not finite, the place of the first such value.
    """

    lows: np.ndarray
    highs: np.ndarray
    invalid: tuple[int, ...] = ()


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
        histogram: Counts in up to 64 equal bins from ``minimum`` to ``maximum``, of ``HISTOGRAM_SAMPLE`` values at
            most; a bin of integers holds equally many of them each.
        extremes: Those of each run of a long vector; ``None`` for any other array.
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
    extremes: Extremes | None = field(default=None, repr=False, compare=False)

    @property
    def invalid(self) -> int:
        """How many values are not finite."""
        return self.nans + self.positive_infinities + self.negative_infinities

    @property
    def invalid_kinds(self) -> dict[str, int]:
        """How many values of each kind that is not finite were seen, by its name."""
        return {"NaN": self.nans, "+Inf": self.positive_infinities, "-Inf": self.negative_infinities}

    @property
    def finite(self) -> int:
        """How many of the values seen are finite."""
        return self.seen - self.invalid

    @property
    def exact(self) -> bool:
        """Whether every value was seen."""
        return self.seen == self.size


class Totals:
    """What is added up block by block: Chan, Golub and LeVeque's pairwise update of mean and squared deviations.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979, equation 2.1.
    """

    def __init__(self) -> None:
        self.count = 0
        self.origin = 0
        self.scale = 1.0
        self.shift = 0.0
        self.squares = 0.0

    @property
    def mean(self) -> float:
        """The mean of what was added."""
        return self.origin + self.shift / self.scale

    @property
    def std(self) -> float:
        """The population standard deviation of what was added."""
        return math.sqrt(self.squares / self.count) / self.scale

    def add(
        self,
        values: np.ndarray,
        count: int,
        left_out: np.ndarray | None = None,
        *,
        origin: int = 0,
        scale: float = 1.0,
    ) -> None:
        """Adds a block of float64 values, which are overwritten.

        Args:
            values: The block, less ``origin`` and times ``scale``; 0 where a value is left out.
            count: How many values are not left out.
            left_out: Where a value is left out; ``None`` for nowhere.
            origin: What was subtracted from the values, an integer that float64 may not hold.
            scale: What the values were multiplied by.
        """
        # Not values @ values: BLAS would start threads for a block, which on a busy machine wait for each other.
        mean = float(np.einsum("i->", values)) / count
        values -= mean
        if left_out is not None:
            np.copyto(values, 0, where=left_out)
        np.multiply(values, values, out=values)
        self.merge(count, mean, float(np.einsum("i->", values)), origin=origin, scale=scale)

    def merge(self, count: int, shift: float, squares: float, *, origin: int = 0, scale: float = 1.0) -> None:
        """Adds what others added up.

        Args:
            count: Of so many values.
            shift: Their mean, less ``origin`` and times ``scale``.
            squares: The sum of their squared deviations from it, times the square of ``scale``.
            origin: What was subtracted from the values.
            scale: What the values were multiplied by.
        """
        if not count:
            return
        if not (origin or shift or squares):
            scale = 1 / SCALE  # zeros are the same at any scale
        if not self.count:
            self.origin, self.scale = origin, scale
        smaller = min(self.scale, scale)
        theirs, ours = smaller / scale, smaller / self.scale
        shift, squares = shift * theirs, squares * theirs * theirs
        self.shift, self.squares, self.scale = self.shift * ours, self.squares * ours * ours, smaller
        total = self.count + count
        delta = shift - self.shift + (origin - self.origin)
        self.squares += squares + delta * delta * self.count * count / total
        self.shift += delta * count / total
        self.count = total


def compute_on_host(array: np.ndarray, deadline: float, clock: Callable[[], float]) -> Statistics | None:
    """Returns the numbers of an array, read once in blocks that fit the cache; ``None`` where its dtype has none.

    Args:
        array: Numbers of any shape and dtype, ``ml_dtypes`` included; masked values are left out.
        deadline: When no further block is read, in the clock's seconds.
        clock: Seconds now.
    """
    if not _is_numeric(array.dtype):
        return None
    masked = isinstance(array, np.ma.MaskedArray) and array.mask is not np.ma.nomask
    hidden = np.ma.getmaskarray(array) if masked else None
    array = np.asarray(array)
    size = array.size - (0 if hidden is None else int(np.count_nonzero(hidden)))
    if not size:
        return Statistics(0, 0, math.nan, math.nan, math.nan, math.nan, 0)
    flat, index = _flat(array)
    mask = None if hidden is None else _flat(hidden)[0]
    # A clock of a test's own is asked in a fixed order.
    shared = array.size >= SHARED and clock is time.perf_counter
    block = SHARED_BLOCK if shared else BLOCK
    starts = np.arange(0, array.size, block)
    if len(starts) > 1:
        np.random.default_rng(SEED).shuffle(starts)
    runs = -(-array.size // RUN) if array.ndim == 1 and shared and hidden is None else 0
    pending = iter(starts.tolist())

    def scan() -> Scan:
        scanned = Scan(array.dtype, runs)
        with np.errstate(all="ignore"):
            for start in pending:  # each block goes to whichever thread asks first
                values = flat[start : start + block]
                scanned.read(start, values if mask is None else values[~mask[start : start + block]])
                if clock() >= deadline:
                    break
        return scanned

    if shared:
        with ThreadPoolExecutor(_threads(), thread_name_prefix="tfnp_ext") as pool:
            scans = [future.result() for future in [pool.submit(scan) for _ in range(_threads())]]
    else:
        scans = [scan()]
    whole = scans[0]
    for other in scans[1:]:
        whole.merge(other)
    return whole.result(size, index, histogram_of(flat, mask, whole.low, whole.high, array.dtype))


def sample_places(count: int, most: int) -> np.ndarray | None:
    """Returns the sorted places of a seeded sample of so many; ``None`` where all are few enough.

    One of each of ``most`` equal stretches: no place twice, and no rhythm that could fall in with one of the data.
    """
    if count <= most:
        return None
    edges = np.arange(most + 1) * count // most
    return np.asarray(edges[:-1] + (np.random.default_rng(SEED).random(most) * np.diff(edges)).astype(np.int64))


def _threads() -> int:
    """Returns how many threads share a large array: more than four wait for memory, not for each other."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return min(4, cores)


def _is_numeric(dtype: np.dtype) -> bool:
    return kind_rank(dtype) is not None


def _flat(array: np.ndarray) -> tuple[Any, Callable[[int], tuple[int, ...]]]:
    """Returns something that slices to 1-D blocks without copying the whole, and what turns a place into an index."""
    if array.flags.c_contiguous:
        return array.reshape(-1), lambda place: tuple(map(int, np.unravel_index(place, array.shape)))
    if array.flags.f_contiguous:
        return array.T.reshape(-1), lambda place: tuple(map(int, np.unravel_index(place, array.shape[::-1])))[::-1]
    return array.flat, lambda place: tuple(map(int, np.unravel_index(place, array.shape)))


def _origin(low: float, high: float) -> int:
    """Returns what is subtracted from a block before float64 rounds it: nothing but of large integers."""
    return low if isinstance(low, int) and max(-low, high) > _SUMMED_EXACTLY else 0


def _scale(low: float, high: float) -> float:
    """Returns what a block is multiplied by so that no square leaves float64: a power of two, which rounds nothing."""
    largest = max(-low, high)
    if not isinstance(low, float) or SQUARED_FROM <= largest <= SQUARED or not largest:
        return 1.0
    return SCALE if largest > SQUARED else 1 / SCALE


class Scan:
    """One pass over the blocks of an array."""

    def __init__(self, dtype: np.dtype, runs: int = 0) -> None:
        self.totals = Totals()
        self.scratch = np.empty(0)
        self.lows, self.highs = np.full(runs, np.nan), np.full(runs, np.nan)
        self.invalid_runs: list[int] = []
        # The dtypes of other libraries in one that NumPy calculates with.
        self.readable = (np.int8 if kind_rank(dtype) == 1 else np.float32) if dtype.kind == "V" else None
        if dtype.kind == "f" and dtype.itemsize == 1:
            self.readable = np.float32
        self.complex = dtype.kind == "c"
        self.seen = self.zeros = self.nans = self.positive = self.negative = 0
        self.low: float = math.inf
        self.high: float = -math.inf
        self.low_at = self.high_at = -1
        self.invalid_at: int | None = None

    def read(self, start: int, block: np.ndarray) -> None:
        """Adds one block; ``start`` is the place of its first value."""
        if self.readable is not None:
            block = block.astype(self.readable)
        elif self.complex:
            block = np.abs(block)
        elif block.dtype.kind == "b":
            block = block.view(np.uint8)
        if not block.size:
            return
        self.seen += block.size
        # Four times as fast as counting what is not zero, which NumPy does one by one for floats.
        self.zeros += int(np.count_nonzero(block == 0))
        low, high = self._ends(start, block, block)
        count, left_out = block.size, None
        if block.dtype.kind == "f" and not (math.isfinite(low) and math.isfinite(high)):
            left_out = ~np.isfinite(block)
            count -= self._count_invalid(start, block, left_out)
            lows, highs = np.where(left_out, math.inf, block), np.where(left_out, -math.inf, block)
            low, high = self._ends(start, lows, highs)
            if not count:
                return
        else:
            lows = highs = block
        if low < self.low:
            self.low, self.low_at = low, start + int(lows.argmin())
        if high > self.high:
            self.high, self.high_at = high, start + int(highs.argmax())
        if low == high:
            self.add_constant(count, low)
            return
        if self.scratch.size < block.size:
            self.scratch = np.empty(block.size)
        wide = self.scratch[: block.size]
        origin, scale = _origin(low, high), _scale(low, high)
        if origin:
            # Modulo 2**64, which is exact for the difference.
            offsets = block.astype(np.uint64)
            offsets -= np.uint64(origin % 2**64)
            block = offsets
        np.copyto(wide, block, casting="unsafe")
        if left_out is not None:
            np.copyto(wide, 0, where=left_out)
        if scale != 1:
            wide *= scale
        self.totals.add(wide, count, left_out, origin=origin, scale=scale)

    def add_constant(self, count: int, value: float) -> None:
        """Adds equal values exactly: their sum would be rounded."""
        origin, scale = _origin(value, value), _scale(value, value)
        self.totals.merge(count, float(value - origin) * scale, 0.0, origin=origin, scale=scale)

    def _ends(self, start: int, lows: np.ndarray, highs: np.ndarray) -> tuple[Any, Any]:
        """Returns the smallest and largest value of a block, and keeps those of its runs where they are wanted.

        Args:
            start: The place of the first value.
            lows: The block, +Inf for what does not count.
            highs: The block, -Inf for what does not count.
        """
        if not self.lows.size:
            return lows.min().item(), highs.max().item()
        first, whole = start // RUN, lows.size // RUN
        smallest = lows[: whole * RUN].reshape(whole, RUN).min(axis=1)
        largest = highs[: whole * RUN].reshape(whole, RUN).max(axis=1)
        if lows.size % RUN:
            smallest = np.append(smallest, lows[whole * RUN :].min())
            largest = np.append(largest, highs[whole * RUN :].max())
        runs = slice(first, first + len(smallest))
        self.lows[runs], self.highs[runs] = smallest, largest
        return smallest.min().item(), largest.max().item()

    def _count_invalid(self, start: int, block: np.ndarray, invalid: np.ndarray) -> int:
        """Returns how many values of a block are not finite, having counted each kind of them."""
        count = int(np.count_nonzero(invalid))
        nans = int(np.count_nonzero(np.isnan(block)))
        positive = int(np.count_nonzero(block == math.inf))
        self.nans += nans
        self.positive += positive
        self.negative += count - nans - positive
        first = start + int(np.argmax(invalid))
        self.invalid_at = first if self.invalid_at is None else min(self.invalid_at, first)
        if self.lows.size:
            edges = range(0, block.size, RUN)
            held = np.logical_or.reduceat(invalid, edges)
            self.invalid_runs += [
                start + edges[run] + int(np.argmax(invalid[edges[run] : edges[run] + RUN]))
                for run in np.flatnonzero(held).tolist()
            ]
        return count

    def merge(self, other: Scan) -> None:
        """Adds what another thread read: other blocks of the same array."""
        added = other.totals
        self.totals.merge(added.count, added.shift, added.squares, origin=added.origin, scale=added.scale)
        self.seen += other.seen
        self.zeros += other.zeros
        self.nans += other.nans
        self.positive += other.positive
        self.negative += other.negative
        # Of equal extremes the first place counts, whoever read it.
        if other.low_at >= 0 and (self.low_at < 0 or (other.low, other.low_at) < (self.low, self.low_at)):
            self.low, self.low_at = other.low, other.low_at
        if other.high_at >= 0 and (self.high_at < 0 or (-other.high, other.high_at) < (-self.high, self.high_at)):
            self.high, self.high_at = other.high, other.high_at
        found = [place for place in (self.invalid_at, other.invalid_at) if place is not None]
        self.invalid_at = min(found, default=None)
        np.copyto(self.lows, other.lows, where=~np.isnan(other.lows))
        np.copyto(self.highs, other.highs, where=~np.isnan(other.highs))
        self.invalid_runs += other.invalid_runs

    def result(self, size: int, index: Callable[[int], tuple[int, ...]], histogram: tuple[int, ...]) -> Statistics:
        """Returns the numbers of what was read."""
        found = self.totals.count > 0
        return Statistics(
            size=size,
            seen=self.seen,
            minimum=self.low if found else math.nan,
            maximum=self.high if found else math.nan,
            mean=self.totals.mean if found else math.nan,
            std=self.totals.std if found else math.nan,
            zeros=self.zeros,
            nans=self.nans,
            positive_infinities=self.positive,
            negative_infinities=self.negative,
            first_invalid=None if self.invalid_at is None else index(self.invalid_at),
            minimum_at=index(self.low_at) if found else None,
            maximum_at=index(self.high_at) if found else None,
            histogram=histogram,
            extremes=self._extremes(),
        )

    def _extremes(self) -> Extremes | None:
        if not self.lows.size:
            return None
        # Infinite where a run has no finite value.
        lows, highs = (np.where(np.isfinite(ends), ends, math.nan) for ends in (self.lows, self.highs))
        return Extremes(lows, highs, tuple(sorted(self.invalid_runs)))


def histogram_of(flat: Any, mask: np.ndarray | None, low: float, high: float, dtype: np.dtype) -> tuple[int, ...]:
    """Returns counts in bins, of all values or, of a large array, of a seeded sample of runs."""
    if not low <= high:
        return ()
    size = len(flat)
    sample: Any = slice(0, size)
    if size > HISTOGRAM_SAMPLE:
        count = HISTOGRAM_SAMPLE // _HISTOGRAM_RUN
        starts = np.sort(np.random.default_rng(SEED).integers(0, size - _HISTOGRAM_RUN, count))
        sample = (starts[:, None] + np.arange(_HISTOGRAM_RUN)).reshape(-1)
    values = flat[sample] if mask is None else flat[sample][~mask[sample]]
    whole = kind_rank(dtype) == 1
    origin = _origin(low, high)
    if origin:
        values = values.astype(np.uint64) - np.uint64(origin % 2**64)
        low, high = low - origin, high - origin
    values = (np.abs(values) if dtype.kind == "c" else values).astype(np.float64)
    # Of few values the bins are few, else most would be empty; those of integers hold equally many each.
    most = BINS if len(values) >= FULL_BINS else max(8, BINS * len(values) // FULL_BINS)
    wide = -(-(int(high) - int(low) + 1) // most) if whole else 1
    bins = -(-(int(high) - int(low) + 1) // wide) if whole else most
    # Halved, so that the span of the largest floats does not overflow; shares of a span smaller than any do not vanish.
    span = float(high) / 2 - float(low) / 2
    if span == 0:
        bins = 1 if whole else bins
        return (*(0 for _ in range(bins // 2)), int(np.isfinite(values).sum()), *(0 for _ in range((bins - 1) // 2)))
    with np.errstate(invalid="ignore", over="ignore"):
        # Values outside come from blocks that the budget left unread.
        values = values[(values >= low) & (values <= high)]
        places = (values - low) // wide if whole else (values / 2 - float(low) / 2) / span * bins
    return tuple(np.bincount(np.minimum(places.astype(np.intp), bins - 1), minlength=bins).tolist())
