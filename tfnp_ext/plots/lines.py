"""The line of a series: smallest and largest value of every pixel, so that no spike is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import (
    STYLE,
    Array,
    Plot,
    Style,
    as_floats,
    is_numeric,
    near_one,
    prepared_once,
    read,
    register_plot,
)
from tfnp_ext.plots.sheet import TEXT, Sheet, text_width
from tfnp_ext.statistics import RUN, Statistics
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 1200
"""Device pixels of the line: a longer series is drawn as the smallest and largest value of each."""

_LENGTH = 600
_TALL = 60
_TOP = 4
_HEIGHT = 80
_MOST_MARKS = 60
_MOST_FETCHED = 2**16


@dataclass(frozen=True)
class _Curve:
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


@register_plot
class LinePlot(Plot):
    """A series over its index."""

    name = "line"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for a series, 0.3 for other vectors."""
        values = summary.drawn
        if values is None or values.ndim != 1 or not is_numeric(values):
            return 0.0
        return 0.9 if summary.role == "series" else 0.3

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns 600 × 60 px and the room of the ticks."""
        return _left(self.prepare(summary, options)) + _LENGTH + 14, _HEIGHT

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns the extremes and where they are, and what is not finite."""
        curve = self.prepare(summary, options)
        envelope = ", envelope of minima and maxima" if curve.each > 1 else ""
        parts = [f"Line of {wording.plural(curve.count, 'value')}{envelope}"]
        if math.isfinite(curve.low):
            lowest = f"minimum {wording.number(curve.low)} at {curve.low_at}"
            parts.append(f"{lowest}, maximum {wording.number(curve.high)} at {curve.high_at}")
        else:
            parts.append("no finite values")
        for sign, word in (("×", "NaN"), ("▲", "+Inf"), ("▼", "-Inf")):
            places = [place for place, found in curve.invalid if found == sign]
            if places:
                more = " …" if len(places) > 6 else ""
                parts.append(f"{word} marked {sign} at {' '.join(map(str, places[:6]))}{more}")
        return f"{'; '.join(parts)}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns that every spike is kept, where values share a pixel."""
        curve = self.prepare(summary, options)
        if curve.each == 1:
            return ""
        each = wording.integer(curve.each)
        if curve.whole:
            return f"every spike kept (min and max of each {each})"
        return f"min and max of what was read of each {each}: budget_ms ended the reading"

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _Curve:
        """Returns the points of the line."""
        values, numbers = read(summary, options).values, summary.statistics
        known = numbers is not None and numbers.extremes is not None
        if numbers is not None and known and (summary.role == "series" or isinstance(values, DeviceArray)):
            return curve_of_runs(values, numbers)
        return read_curve(values)

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.plot`` of the points, and a marker for each value that is not finite."""
        curve = self.prepare(summary, options)
        axes.plot(curve.points[:, 0], curve.points[:, 1], color=style.blue)
        for sign, marker, height in (("×", "x", 0.5), ("▲", "^", 1.0), ("▼", "v", 0.0)):
            places = [place for place, found in curve.invalid if found == sign]
            if places:
                # Heights are shares of the Axes, as the values have none of their own.
                look: dict[str, Any] = {"marker": marker, "color": style.magenta, "linestyle": "none"}
                heights = [height] * len(places)
                axes.plot(places, heights, transform=axes.get_xaxis_transform(), clip_on=False, **look)

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the line over a rule at zero, ticks at its ends and at four indices."""
        curve = self.prepare(summary, options)
        left, bottom = _left(curve), _TOP + _TALL
        finite = math.isfinite(curve.low)
        low, high = (curve.low, curve.high) if finite else (0.0, 0.0)
        heights, start, end = near_one(curve.points[:, 1], low, high)
        span = float(end - start)
        shares = (heights - start) / span if span else heights * 0 + 0.5
        zero_inside = low <= 0 <= high and finite
        rule = bottom + float(start) / span * _TALL if zero_inside and span else float(bottom)
        sheet.boxes(left, round(rule * 2) / 2, _LENGTH, 0.5, style.grey + style.rule)
        unit = _LENGTH / max(1, curve.count - 1)
        points = np.column_stack([left + curve.points[:, 0] * unit, bottom - shares * _TALL])
        if curve.each > 1:
            self._paint_band(sheet, points[:, 1].reshape(-1, 2), left, style)
        else:
            sheet.curve(points, style.blue)
        lone = _lonely(points)
        if len(lone):
            sheet.boxes(lone[:, 0] - 1, lone[:, 1] - 1, 2, 2, style.blue)
        for place, sign in _spread(curve.invalid):
            height = {"×": float(rule), "▲": _TOP + 4.0, "▼": bottom - 4.0}[sign]
            sheet.glyph(left + place * unit, height, sign, style.magenta, 10)
        self._paint_ticks(sheet, curve, rule if zero_inside else None, left, style)

    @staticmethod
    def _paint_band(sheet: Sheet, heights: Array, left: int, style: Style) -> None:
        """Fills each device column from its smallest to its largest value, and on to where its neighbour begins."""
        tops, bottoms = heights.min(axis=1), heights.max(axis=1)
        with np.errstate(invalid="ignore"):
            tops[:-1] = np.fmin(tops[:-1], np.where(np.isnan(bottoms[1:]), np.nan, bottoms[1:]))
            bottoms[:-1] = np.fmax(bottoms[:-1], np.where(np.isnan(heights[1:].min(axis=1)), np.nan, tops[1:]))
        columns = np.arange(COLUMNS) * len(heights) // COLUMNS
        sheet.band(left, tops[columns] - 0.25, bottoms[columns] + 0.25, style.blue)

    @staticmethod
    def _paint_ticks(sheet: Sheet, curve: _Curve, zero: float | None, left: int, style: Style) -> None:
        ends = []
        if math.isfinite(curve.low):
            ends.append((_TOP + _TALL / 2 if curve.low == curve.high else _TOP + 4.0, wording.number(curve.high, 2)))
            if curve.low != curve.high:
                ends.append((_TOP + _TALL - 1.0, wording.number(curve.low, 2)))
            if zero is not None and all(abs(zero - place) >= 11 for place, _ in ends):
                ends.append((zero, "0"))
        for place, word in ends:
            sheet.text(left - 5, place + 3.5, word, style.grey, TEXT, False, "right")
        unit = _LENGTH / max(1, curve.count - 1)
        baseline = sheet.height - 3
        sheet.text(left, baseline, "0", style.grey, TEXT)
        step = index_step(curve.count)
        for tick in range(step, curve.count + 1, step):
            place = min(left + tick * unit, left + _LENGTH)
            sheet.boxes(round(place * 2) / 2 - 0.5, _TOP + _TALL + 1, 0.5, 3, style.grey + style.rule)
            align = "right" if place > left + _LENGTH - 30 else "center"
            sheet.text(place, baseline, wording.integer(tick), style.grey, TEXT, False, align)  # type: ignore[arg-type]


def read_curve(values: Array) -> _Curve:
    """Returns the line of a series: its points, or the smallest and largest value of each of 1200 pixels.

    Args:
        values: Numbers [N].
    """
    count = len(values)
    if count <= COLUMNS:
        heights = as_floats(values).astype(np.float64)
        finite = np.isfinite(heights)
        points = np.column_stack([np.arange(count, dtype=np.float64), np.where(finite, heights, np.nan)])
        invalid = [(place, _sign(float(heights[place]))) for place in np.flatnonzero(~finite).tolist()]
        return _Curve(count, points, *_extremes(points), invalid, 1)
    starts = np.linspace(0, count, COLUMNS + 1).astype(np.intp)[:-1]
    lows, highs, invalid = _envelope(values, starts)
    ends = np.append(starts[1:], count)
    points = _points(starts, ends, lows, highs)
    low, low_bin, high, high_bin = _extremes(np.column_stack([lows, lows]), np.column_stack([highs, highs]))
    places = [_place(values, starts, ends, where, value) for where, value in ((low_bin, low), (high_bin, high))]
    return _Curve(count, points, low, places[0], high, places[1], invalid, count // COLUMNS)


def curve_of_runs(values: Array, numbers: Statistics) -> _Curve:
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
    invalid = [(place, _sign(float(value))) for place, value in zip(marked, values[marked], strict=True)]
    # A vector may have axes of length 1 beside its own.
    low_at, high_at = max(numbers.minimum_at or (0,)), max(numbers.maximum_at or (0,))
    points = _points(starts, np.append(starts[1:], count), lows, highs)
    return _Curve(
        count, points, float(numbers.minimum), low_at, float(numbers.maximum), high_at, invalid, each, numbers.exact
    )


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
        invalid.append((int(starts[pixel]) + place, _sign(float(part[place]))))
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


def _place(values: Array, starts: Array, ends: Array, pixel: int, value: float) -> int:
    """Returns the index of a value that is known to lie in a pixel."""
    part = as_floats(values[starts[pixel] : ends[pixel]]).astype(np.float64)
    return int(starts[pixel]) + int(np.argmax(part == value))


def _sign(value: float) -> str:
    return "×" if math.isnan(value) else "▲" if value > 0 else "▼"


def _spread(invalid: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Returns at most 60 of the marks, evenly chosen, first and last among them."""
    if len(invalid) <= _MOST_MARKS:
        return invalid
    chosen = np.linspace(0, len(invalid) - 1, _MOST_MARKS).astype(int)
    return [invalid[place] for place in chosen]


def _lonely(points: Array) -> Array:
    """Returns the points without a neighbour, which a line does not show."""
    finite = np.isfinite(points[:, 1])
    before, after = np.append(False, finite[:-1]), np.append(finite[1:], False)
    return np.asarray(points[finite & ~before & ~after])


def index_step(count: int) -> int:
    """Returns the distance of about four ticks, a number that is easy to read.

    Example:
        >>> index_step(16_000), index_step(1024), index_step(3)
        (4000, 250, 1)
    """
    quarter = max(1.0, count / 4)
    power = 10 ** math.floor(math.log10(quarter))
    steps = (factor * power for factor in (1, 2, 2.5, 4, 5))
    return max(int(step) for step in steps if step <= quarter and step % 1 == 0)


def _left(curve: _Curve) -> int:
    if not math.isfinite(curve.low):
        return 8
    return math.ceil(max(text_width(wording.number(end, 2), TEXT) for end in (curve.low, curve.high))) + 8
