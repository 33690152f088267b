"""What one pass over an array adds up, wherever its blocks are read, and what is found of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfnp_ext.statistics.sampling import sample_places
from tfnp_ext.statistics.totals import SCALE, SQUARED, SQUARED_FROM, Totals

BLOCK = 2**16
"""Values in a block: its float64 copy fills half a megabyte, which stays in the second-level cache."""

LARGEST_BLOCK = 3 * 2**17
"""Values in a block where two threads share the work: between smaller ones they would wait for each other."""

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

_HISTOGRAM_RUN = 256

_NEARLY_FULL = 0.9
"""Share of a bin's integers from which on no eye tells it from a full one: then more bins are better."""

_SUMMED_EXACTLY = 2**53 // LARGEST_BLOCK
"""Up to this size integers of a block add up exactly in float64; larger ones are taken from the block's smallest."""


@dataclass(frozen=True, slots=True)
class Extremes:
    """The smallest and largest value of each run of a long vector, for a line that loses no spike.

    Attributes:
        lows: Smallest finite value that was read of each run of ``RUN`` values, float64; NaN where there is none.
        highs: Largest finite value of each run.
        invalid: Of each run where something was read that is not finite, the place of the first such value; of a
            sample, of each of the shorter runs that were read.
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
            most; a bin of integers holds equally many of them each, but for the last one.
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
    def bin_width(self) -> int | None:
        """How many integers each bin but the last stands for; ``None`` where bins are of no integers."""
        if not self.histogram or not isinstance(self.minimum, int):
            return None
        integers = int(self.maximum) - self.minimum + 1
        return -(-integers // len(self.histogram)) if integers >= len(self.histogram) else None

    @property
    def heights(self) -> tuple[float, ...]:
        """The histogram as bars: where the last bin stands for fewer integers, as if it stood for as many."""
        wide = self.bin_width
        if wide is None or wide == 1:
            return self.histogram
        held = int(self.maximum) - int(self.minimum) + 1 - wide * (len(self.histogram) - 1)
        return self.histogram if held == wide else (*self.histogram[:-1], self.histogram[-1] * wide / held)

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


def origin_of(low: float, high: float) -> int:
    """Returns what is subtracted from a block before float64 rounds it: nothing but of large integers."""
    return low if isinstance(low, int) and max(-low, high) > _SUMMED_EXACTLY else 0


def scale_of(low: float, high: float) -> float:
    """Returns what a block is multiplied by so that no square leaves float64: a power of two, which rounds nothing."""
    largest = max(-low, high)
    if not isinstance(low, float) or SQUARED_FROM <= largest <= SQUARED or not largest:
        return 1.0
    return SCALE if largest > SQUARED else 1 / SCALE


class Scan:
    """One pass over the blocks of an array.

    Args:
        dtype: That of the values.
        runs: How many runs of ``RUN`` values keep their smallest and largest.
    """

    def __init__(self, dtype: np.dtype, runs: int = 0) -> None:
        self.totals = Totals()
        self.lows, self.highs = np.full((2, runs), np.nan)
        self.invalid_runs: list[int] = []
        self.complex = dtype.kind == "c"
        self.seen = self.zeros = self.nans = self.positive = self.negative = 0
        self.low: float = math.inf
        self.high: float = -math.inf
        self.low_at = self.high_at = -1
        self.invalid_at: int | None = None

    def add_constant(self, count: int, value: float) -> None:
        """Adds equal values exactly: their sum would be rounded."""
        scale = scale_of(value, value)
        if scale == 1:
            self.totals.merge(count, 0.0, 0.0, origin=value)
        else:
            self.totals.merge(count, value * scale, 0.0, scale=scale)

    def merge(self, other: Scan) -> None:
        """Adds what another thread read: other blocks of the same array."""
        added = other.totals
        self.totals.merge(added.count, added.shift, added.squares, origin=added.origin, scale=added.scale)
        self.seen += other.seen
        self.zeros += other.zeros
        self.nans += other.nans
        self.positive += other.positive
        self.negative += other.negative
        self.widen(other)
        found = [place for place in (self.invalid_at, other.invalid_at) if place is not None]
        self.invalid_at = min(found, default=None)
        np.fmin(self.lows, other.lows, out=self.lows)
        np.fmax(self.highs, other.highs, out=self.highs)
        self.invalid_runs += other.invalid_runs

    def widen(self, other: Scan) -> None:
        """Takes the extremes of what another scan read, but does not add it up."""
        # Of equal extremes the first place counts, whoever read it.
        if other.low_at >= 0 and (self.low_at < 0 or (other.low, other.low_at) < (self.low, self.low_at)):
            self.low, self.low_at = other.low, other.low_at
        if other.high_at >= 0 and (self.high_at < 0 or (-other.high, other.high_at) < (-self.high, self.high_at)):
            self.high, self.high_at = other.high, other.high_at

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


def bins_of_integers(low: int, high: int, most: int) -> tuple[int, int]:
    """Returns how many integers a bin stands for, and how many bins there are.

    The last bin stands for as many integers as the others if it can, where there are more bins than half of ``most``.
    No narrower bins would be as few, so that their width follows from their number.

    Args:
        low: The smallest integer.
        high: The largest.
        most: How many bins there are at most.
    """
    count = high - low + 1
    if count <= most:
        return 1, count
    best, fullest = (0, 0), 0.0
    for bins in range(most, most // 2, -1):
        wide = -(-count // bins)
        # Several numbers of bins that are asked for make one width.
        used = -(-count // wide)
        full = min(_NEARLY_FULL, 1 - (wide * used - count) / wide)
        if full > fullest and used > most // 2:
            best, fullest = (wide, used), full
    return best


def histogram_of(flat: Any, mask: np.ndarray | None, low: float, high: float, dtype: np.dtype) -> tuple[int, ...]:
    """Returns counts in bins, of all values or, of a large array, of a seeded sample of runs."""
    if not low <= high:
        return ()
    size = len(flat)
    sample: Any = slice(0, size)
    if size > HISTOGRAM_SAMPLE:
        count = HISTOGRAM_SAMPLE // _HISTOGRAM_RUN
        starts = sample_places(size - _HISTOGRAM_RUN + 1, count)
        assert starts is not None
        sample = (starts[:, None] + np.arange(_HISTOGRAM_RUN)).reshape(-1)
    values = flat[sample] if mask is None else flat[sample][~mask[sample]]
    whole = isinstance(low, int) and dtype.kind != "b"
    origin = origin_of(low, high)
    if origin:
        values = values.astype(np.uint64) - np.uint64(origin % 2**64)
        low, high = low - origin, high - origin
    values = (np.abs(values) if dtype.kind == "c" else values).astype(np.float64)
    # Of few values the bins are few, else most would be empty; those of integers hold equally many each.
    most = BINS if len(values) >= FULL_BINS else max(8, BINS * len(values) // FULL_BINS)
    wide, bins = bins_of_integers(int(low), int(high), most) if whole else (1, most)
    # Halved, so that the span of the largest floats does not overflow; shares of a span smaller than any do not vanish.
    span = float(high) / 2 - float(low) / 2
    if span == 0:
        bins = 1 if whole else bins
        return (*(0 for _ in range(bins // 2)), int(np.isfinite(values).sum()), *(0 for _ in range((bins - 1) // 2)))
    with np.errstate(invalid="ignore", over="ignore"):
        # Values outside come from blocks that the budget left unread.
        values = values[(values >= low) & (values <= high)]
        places = (values - low) // wide if whole else (values / 2 - float(low) / 2) / span * bins
    counts = np.bincount(np.minimum(places.astype(np.intp), bins - 1), minlength=bins)
    if size > HISTOGRAM_SAMPLE:  # a sample may miss both ends, of which it is known that they are there
        missed = np.flatnonzero(counts[[0, -1]] == 0) * (bins - 1)
        counts[counts.argmax()] -= len(missed)
        counts[missed] = 1
    return tuple(counts.tolist())
