"""What colours span and how they run: limits, the histogram of the slice, the table of 256 colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.explorer.numbers import Numbers, plain
from tfnp_ext.explorer.sources import Array, Source
from tfnp_ext.explorer.state import ExplorerState
from tfnp_ext.plots.base import STYLE
from tfnp_ext.plots.inks import rgb
from tfnp_ext.statistics import BINS, HISTOGRAM_SAMPLE, compute_statistics, sample_places

SAMPLE = HISTOGRAM_SAMPLE
"""Values in a histogram and in percentiles at most; of more, evenly spaced rows and columns."""

ROBUST = (1.0, 99.0)
"""The percentiles that robust limits span."""

WHOLE_BUDGET_MS = 300.0
"""Milliseconds for the limits of the whole; beyond it they are those of a seeded sample, which is said."""

TABLE = 256


@dataclass(frozen=True)
class Spread:
    """The numbers of what is shown.

    Attributes:
        low: Smallest finite value, 0 where there is none.
        high: Largest finite value.
        robust: Percentiles 1 and 99.
        positive: Smallest value above 0, 0 where there is none.
        counts: How many values lie in each of 64 equal bins from ``low`` to ``high``; or of their logarithms, from
            ``positive`` on, in the first of which is also what has none.
        nans: How many are NaN.
        infs: How many are +Inf, and how many -Inf.
        missing: How many are not there.
        sampled: Whether histogram and percentiles are of a sample.
        step: Of how many rows, and of how many columns, one was read.
    """

    low: float
    high: float
    robust: tuple[float, float]
    positive: float
    counts: tuple[int, ...]
    nans: int = 0
    infs: tuple[int, int] = (0, 0)
    missing: int = 0
    sampled: bool = False
    step: tuple[int, int] = (1, 1)


class Gauge:
    """Finds out the numbers of what it is given, piece by piece."""

    def __init__(self) -> None:
        self._low: Any = np.inf
        self._high: Any = -np.inf
        self._nans, self._infs, self._missing = 0, (0, 0), 0
        self._samples: list[Array] = []
        self._sampled = False

    def add(self, numbers: Numbers, most: float = SAMPLE) -> None:
        """Adds a plane or a part of one.

        Args:
            numbers: The values.
            most: How many of them are in the histogram at most.
        """
        with np.errstate(all="ignore"):
            values = numbers.values
            if numbers.missing is not None:
                self._missing += int(numbers.missing.sum())
                values = values[~numbers.missing]
            if values.dtype.kind == "f" and values.size and not _is_finite(values):
                self._nans += int(np.isnan(values).sum())
                highs, lows = int((values == np.inf).sum()), int((values == -np.inf).sum())
                self._infs = self._infs[0] + highs, self._infs[1] + lows
                values = values[np.isfinite(values)]
            if not values.size:
                return
            # Python's own numbers: a difference of two of NumPy's may overflow.
            self._low, self._high = min(self._low, values.min().item()), max(self._high, values.max().item())
            if values.size > most:
                self._sampled = True
                values = _some(values, int(most))
            self._samples.append(values.reshape(-1).astype(np.float64))

    def spread(self, logs: bool = False) -> Spread:
        """Returns the numbers of all that was added.

        Args:
            logs: Whether the histogram is one of logarithms.
        """
        if not self._samples:
            return Spread(0.0, 0.0, (0.0, 0.0), 0.0, (0,) * BINS, self._nans, self._infs, self._missing)
        sample = np.concatenate(self._samples)
        ends = 2 * np.percentile(sample / 2, ROBUST)  # halved, so that no difference overflows
        positive = sample[sample > 0]
        least = float(positive.min()) if positive.size else 0.0
        binned, ends_of = sample, (float(self._low), float(self._high))
        if logs and least:
            binned = np.log(np.maximum(sample, least))
            ends_of = float(np.log(least)), float(np.log(float(self._high)))
        return Spread(
            low=self._low,
            high=self._high,
            robust=(float(ends[0]), float(ends[1])),
            positive=least,
            counts=tuple(histogram(binned, *ends_of).tolist()),
            nans=self._nans,
            infs=self._infs,
            missing=self._missing,
            sampled=self._sampled,
        )


def spread_of(numbers: Numbers) -> Spread:
    """Returns the numbers of a plane."""
    gauge = Gauge()
    gauge.add(numbers)
    return gauge.spread()


def _is_finite(values: Array) -> bool:
    """Returns whether all are; a sum over rows is faster than to look at each, and finite only then."""
    return bool(np.isfinite(values.sum(dtype=values.dtype))) or bool(np.isfinite(values).all())


def _some(values: Array, most: int) -> Array:
    """Returns evenly spaced values of an array."""
    if values.ndim == 1:
        return values[:: -(-values.size // most)]
    step = max(1, int(np.ceil(np.sqrt(values.size / most))))
    down = min(step, values.shape[0])
    return values[::down, :: max(1, int(np.ceil(values.size / down / most)))]


def histogram(values: Array, low: float, high: float) -> Array:
    """Returns how many values lie in each of equal bins from one to another."""
    width = high / 2 - low / 2  # halved, so that it is finite
    if not width > 0:
        return np.bincount([BINS // 2], weights=[values.size], minlength=BINS).astype(np.int64)
    places = ((values / 2 - low / 2) / width * BINS).astype(np.int64)
    return np.bincount(np.clip(places, 0, BINS - 1), minlength=BINS)


@dataclass(frozen=True)
class Whole:
    """The limits of all values of a source.

    Attributes:
        low: Smallest finite value.
        high: Largest.
        robust: Percentiles 1 and 99, of a sample.
        exact: Whether every value was read.
    """

    low: float
    high: float
    robust: tuple[float, float]
    exact: bool


def whole_of(sources: Sequence[Source], part: str, budget_ms: float = WHOLE_BUDGET_MS) -> Whole | None:
    """Returns the limits of all values of one array or two within a budget of time; ``None`` where not at hand."""
    each = [_whole_of_one(source, part, budget_ms / len(sources)) for source in sources]
    found = [whole for whole in each if whole is not None]
    if len(found) < len(each):
        return None
    return Whole(
        low=min(whole.low for whole in found),
        high=max(whole.high for whole in found),
        robust=(min(whole.robust[0] for whole in found), max(whole.robust[1] for whole in found)),
        exact=all(whole.exact for whole in found),
    )


def _whole_of_one(source: Source, part: str, budget_ms: float) -> Whole | None:
    numbers = source.numbers()
    if numbers is None or not numbers.size:
        return None
    sample = plain(_sample(numbers), part)
    spread = spread_of(sample)
    low, high, exact = spread.low, spread.high, numbers.size <= SAMPLE
    if not exact and part in {"", "abs"}:
        found = compute_statistics(numbers, budget_ms)
        if found is not None and found.finite:
            low, high, exact = float(found.minimum), float(found.maximum), found.exact
    if numbers.size < source.size:  # what a sparse tensor does not store is 0
        low, high = min(low, 0.0), max(high, 0.0)
    return Whole(low, high, spread.robust, exact)


def _sample(numbers: Array) -> Array:
    """Returns a seeded sample of an array's values."""
    places = sample_places(numbers.size, SAMPLE)
    if places is None:
        return numbers if isinstance(numbers, np.ma.MaskedArray) else np.asarray(numbers)
    if isinstance(numbers, DeviceArray):
        places = places[:: 2**4]  # what is sampled is copied over
    picked: Array = numbers[np.unravel_index(places, numbers.shape)]
    return picked


def colour_limits(spread: Spread, state: ExplorerState, whole: Whole | None = None) -> tuple[float, float]:
    """Returns the values of the first and the last colour."""
    if state.compare == "disagree":
        return 0.0, 1.0
    ends: Any = spread if whole is None else whole
    low, high = ends.robust if state.robust else (ends.low, ends.high)
    if state.scale == "diverging":
        middle = state.neutral
        size = max(abs(low - middle), abs(high - middle))
        return middle - size, middle + size
    if state.scale == "log":
        if high <= 0:
            return 0.0, 0.0
        return (low if low > 0 else spread.positive or high), high
    return low, high


def colour_table(limits: tuple[float, float], scale: str, neutral: float = 0.0) -> Array:
    """Returns 256 inks [256, 4]: hue by sign, alpha by size, zero is paper; of one sign from paper at its near end.

    One value everywhere is full ink, unless it is zero.

    Args:
        limits: The values of the first and the last colour.
        scale: How colours run between them.
        neutral: What is paper in place of zero.
    """
    low, high = limits[0] - neutral, limits[1] - neutral
    steps = np.linspace(0.0, 1.0, TABLE)
    signed = low < 0 < high and scale != "log"
    if signed:
        size = max(-low, high)
        values = low / size * (1 - steps) + high / size * steps
    elif not high > low:  # one value, as strong on either side of zero
        values = np.full(TABLE, np.sign(low))
    else:
        values = steps - 1 if high <= 0 and low < 0 else steps
    table = np.empty((TABLE, 4), np.uint8)
    table[:, :3] = np.where((values < 0)[:, None], rgb(STYLE.orange), rgb(STYLE.blue))
    table[:, 3] = np.rint(255 * np.abs(values))
    return table


def entries(values: Array, limits: tuple[float, float], scale: str) -> Array:
    """Returns the place in the table of each value, as the canvas finds it; 0 for what is not finite."""
    low, high = limits
    with np.errstate(all="ignore"):
        wide = values.astype(np.float64)
        if scale == "log":
            wide, low, high = np.log(wide), float(np.log(low)), float(np.log(high))
        share = (wide / 2 - low / 2) / (high / 2 - low / 2) if high > low else np.zeros(wide.shape)
        share = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(share, 0, 1) * (TABLE - 1)).astype(np.uint8)
