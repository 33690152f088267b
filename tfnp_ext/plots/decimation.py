"""A long series as the smallest and largest value of each pixel, so that no spike is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.plots.base import Array, as_floats
from tfnp_ext.plots.inks import sign_of
from tfnp_ext.statistics import RUN, Statistics

COLUMNS = 1200
"""Device pixels of the line: a longer series is drawn as the smallest and largest value of each."""


@dataclass(frozen=True)
class Curve:
    """A series as it is drawn.

    Attributes:
        count: How many values there are.
        points: Index and value of each point of the line [P, 2]; NaN breaks it.
        low: Smallest finite value, NaN if there is none.
        low_at: Its index.
        high: Largest finite value.
        high_at: Its index.
        invalid: Indices and signs of what is not finite, one a pixel at most.
        each: Values to a pixel, 1 if all are drawn.
        whole: Whether every value was looked at.
    """

    count: int
    points: Array
    low: float
    low_at: int
    high: float
    high_at: int
    invalid: list[tuple[int, str]]
    each: int
    whole: bool = True


def read_curve(values: Array) -> Curve:
    """Returns the line of a series: its points, or the smallest and largest value of each of 1200 pixels.

    Args:
        values: Numbers [N].
    """
    if isinstance(values, DeviceArray):
        there = _curves_there(values.reshape(-1, 1))
        return read_curve(np.asarray(values)) if there is None else there[0]
    count = len(values)
    if count <= COLUMNS:
        heights = as_floats(values).astype(np.float64)
        finite = np.isfinite(heights)
        points = np.column_stack([np.arange(count, dtype=np.float64), np.where(finite, heights, np.nan)])
        invalid = [(place, sign_of(float(heights[place]))) for place in np.flatnonzero(~finite).tolist()]
        return Curve(count, points, *_extremes(points), invalid, 1)
    starts = np.linspace(0, count, COLUMNS + 1).astype(np.intp)[:-1]
    lows, highs, invalid = _envelope(values, starts)
    ends = np.append(starts[1:], count)
    points = _points(starts, ends, lows, highs)
    low, low_bin, high, high_bin = _extremes(np.column_stack([lows, lows]), np.column_stack([highs, highs]))
    places = [
        _place(values[starts[pixel] : ends[pixel]], starts[pixel], value)
        for pixel, value in ((low_bin, low), (high_bin, high))
    ]
    return Curve(count, points, low, places[0], high, places[1], invalid, count // COLUMNS)


def read_columns(values: Array) -> tuple[Curve, ...]:
    """Returns the lines of the columns of a matrix [N, C]."""
    there = _curves_there(values) if isinstance(values, DeviceArray) else None
    if there is not None:
        return there
    values = np.asarray(values)
    return tuple(read_curve(values[:, column]) for column in range(values.shape[1]))


def _curves_there(matrix: DeviceArray) -> tuple[Curve, ...] | None:
    """Returns the lines of the columns of a long matrix, whose pixels are reduced on its own device."""
    count, columns = matrix.shape
    each = -(-count // COLUMNS)
    at_a_time = max(1, _AT_A_TIME // (each * columns)) * each

    def reduced(start: int) -> list[Array] | None:
        rows = slice(start, min(start + at_a_time, count))
        return matrix.reduced(
            lambda tf, part: [_ends_there(tf, tf.cast(part(rows, slice(0, columns)), tf.float64), each)]
        )

    parts: list[Array] = []
    for start in range(0, count, at_a_time):
        found = reduced(start)
        if found is None:
            return None
        parts += found
    ends = np.concatenate(parts, axis=1)
    lows, highs, kinds = ends[0], -ends[1], -ends[2]
    lows, highs = (np.where(np.isfinite(values), values, np.nan) for values in (lows, highs))
    starts = np.arange(0, count, each)
    stops = np.append(starts[1:], count)
    curves = []
    for column in range(columns):
        low, high = lows[:, column], highs[:, column]
        least, low_pixel, most, high_pixel = _extremes(np.column_stack([low, low]), np.column_stack([high, high]))
        places = [
            _place(matrix[starts[pixel] : stops[pixel], column], starts[pixel], value)
            for pixel, value in ((low_pixel, least), (high_pixel, most))
        ]
        marked = np.flatnonzero(kinds[:, column])
        invalid = [(int(starts[pixel]), _KINDS[int(kinds[pixel, column])]) for pixel in marked.tolist()]
        points = _points(starts, stops, low, high)
        curves.append(Curve(count, points, least, places[0], most, places[1], invalid, each))
    return tuple(curves)


_AT_A_TIME = 2**20
"""Values reduced at a time on another device, where they are float64 in the meantime."""

_KINDS = ("", "▼", "▲", "×")


def _ends_there(tf: Any, values: Any, each: int) -> Any:
    """Returns, negative but for the first, the smallest, the largest and the worst kind of value of each pixel."""
    finite = tf.math.is_finite(values)
    infinite = tf.where(values > 0, tf.constant(2, values.dtype), 1)
    kinds = tf.where(finite, tf.constant(0, values.dtype), tf.where(tf.math.is_nan(values), 3, infinite))
    ends = tf.stack([tf.where(finite, values, math.inf), tf.where(finite, -values, math.inf), -kinds])
    missing = -int(values.shape[0]) % each
    ends = tf.pad(ends, [[0, 0], [0, missing], [0, 0]], constant_values=math.inf)
    return tf.reduce_min(tf.reshape(ends, [3, -1, each, values.shape[1]]), axis=2)


def curve_of_runs(values: Array, numbers: Statistics) -> Curve:
    """Returns the line of a long series from the extremes of its runs, which the statistics have kept.

    Nothing is read again but, where the budget left a pixel without any, one run of it.

    Args:
        values: Numbers [N].
        numbers: Their statistics, with ``extremes``.
    """
    assert numbers.extremes is not None
    count, runs = len(values), len(numbers.extremes.lows)
    together = -(-runs // COLUMNS)
    pixels = -(-runs // together)
    padding = pixels * together - runs
    lows, highs = (
        np.append(ends, np.full(padding, np.nan)).reshape(pixels, together)
        for ends in (numbers.extremes.lows, numbers.extremes.highs)
    )
    lows, highs = np.fmin.reduce(lows, axis=1), np.fmax.reduce(highs, axis=1)
    each = together * RUN
    starts = np.arange(0, count, each)
    if not numbers.exact:
        for pixel, run in _runs(values, starts, np.flatnonzero(np.isnan(lows))):
            finite = run[np.isfinite(run)]
            if finite.size:
                lows[pixel], highs[pixel] = finite.min(), finite.max()
    first_of_pixel: dict[int, int] = {}
    for place in numbers.extremes.invalid:
        first_of_pixel.setdefault(place // each, place)
    marked = list(first_of_pixel.values())
    invalid = [(place, sign_of(float(value))) for place, value in zip(marked, values[marked], strict=True)]
    (low_at,), (high_at,) = numbers.minimum_at or (0,), numbers.maximum_at or (0,)
    points = _points(starts, np.append(starts[1:], count), lows, highs)
    return Curve(
        count, points, float(numbers.minimum), low_at, float(numbers.maximum), high_at, invalid, each, numbers.exact
    )


_MOST_FETCHED = 2**16
"""Values fetched from another device where the statistics have seen none."""


def _runs(values: Array, starts: Array, pixels: Array) -> Iterator[tuple[int, Array]]:
    """Yields pixels that the statistics have not seen, and the first values of each: on another device a few."""
    if isinstance(values, DeviceArray):
        few = max(1, _MOST_FETCHED // max(1, len(pixels)))
        places = np.minimum(starts[pixels][:, None] + np.arange(few), len(values) - 1)
        yield from zip(pixels.tolist(), as_floats(values[places]), strict=True)
        return
    for pixel in pixels.tolist():
        yield pixel, as_floats(values[starts[pixel] : starts[pixel] + RUN])


def _points(starts: Array, ends: Array, lows: Array, highs: Array) -> Array:
    """Returns the line through the smallest and largest value of each pixel, [2 * pixels, 2]."""
    points = np.empty((2 * len(starts), 2))
    points[0::2, 0] = points[1::2, 0] = (starts + ends - 1) / 2
    middles = highs / 2 + lows / 2
    # A falling pixel is drawn from its top, so that the line joins the next one without a hook.
    falling = np.append(middles[1:] < middles[:-1], False)
    points[0::2, 1] = np.where(falling, highs, lows)
    points[1::2, 1] = np.where(falling, lows, highs)
    return points


def _envelope(values: Array, starts: Array) -> tuple[Array, Array, list[tuple[int, str]]]:
    """Returns smallest and largest finite value of each pixel, NaN where it has none, and what is not finite."""
    ends = np.append(starts[1:], len(values))
    if values.dtype.kind == "V" or values.dtype == np.float16:
        # Cast pixel by pixel: a cast of the whole would be as large as the series.
        lows, highs = np.empty(len(starts)), np.empty(len(starts))
        for pixel, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            part = values[start:end].astype(np.float32)
            lows[pixel], highs[pixel] = part.min(), part.max()
    else:
        lows = np.minimum.reduceat(values, starts).astype(np.float64)
        highs = np.maximum.reduceat(values, starts).astype(np.float64)
    invalid: list[tuple[int, str]] = []
    for pixel in np.flatnonzero(~(np.isfinite(lows) & np.isfinite(highs))).tolist():
        part = values[starts[pixel] : ends[pixel]]
        finite = np.isfinite(part)
        place = int(np.argmin(finite))
        invalid.append((int(starts[pixel]) + place, sign_of(float(part[place]))))
        rest = part[finite]
        lows[pixel], highs[pixel] = (rest.min(), rest.max()) if rest.size else (math.nan, math.nan)
    return lows, highs, invalid


def _extremes(lows: Array, highs: Array | None = None) -> tuple[float, int, float, int]:
    """Returns the smallest value and its row, the largest and its row; NaN and 0 if there are none."""
    low, high = lows[:, 1], (lows if highs is None else highs)[:, 1]
    if not np.isfinite(low).any():
        return math.nan, 0, math.nan, 0
    low_at, high_at = int(np.nanargmin(low)), int(np.nanargmax(high))
    return float(low[low_at]), low_at, float(high[high_at]), high_at


def _place(pixel: Array, start: int, value: float) -> int:
    """Returns the index of a value that is known to lie in a pixel, whose first value has the index ``start``."""
    return int(start) + int(np.argmax(as_floats(np.asarray(pixel)).astype(np.float64) == value))
