"""One curve on the card's paper, the same in a picture of one series and of several."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.plots.base import Array, Style, near_one
from tfnp_ext.plots.decimation import COLUMNS, Curve
from tfnp_ext.plots.inks import some_marks
from tfnp_ext.plots.sheet import TEXT, ZOOM, Align, Sheet

TRACK = COLUMNS // ZOOM
"""CSS pixels of a curve from its first to its last value: a device pixel for each pair of minimum and maximum."""

_MOST_MARKS = 60


def zero_height(curve: Curve, top: float, tall: float) -> float | None:
    """Returns where zero lies on the sheet, ``None`` where the curve does not reach it."""
    if not math.isfinite(curve.low) or not curve.low <= 0 <= curve.high or curve.low == curve.high:
        return None
    low, high = near_one(curve.low, curve.high)
    return top + tall + float(low) / float(high - low) * tall


def paint_curve(sheet: Sheet, curve: Curve, left: int, top: float, tall: float, style: Style) -> None:
    """Draws a curve ``TRACK`` wide over its whole range, lone points and what is not finite marked."""
    bottom = top + tall
    low, high = (curve.low, curve.high) if math.isfinite(curve.low) else (0.0, 0.0)
    heights, start, end = near_one(curve.points[:, 1], low, high)
    span = float(end - start)
    shares = (heights - start) / span if span else heights * 0 + 0.5
    unit = TRACK / max(1, curve.count - 1)
    points = np.column_stack([left + curve.points[:, 0] * unit, bottom - shares * tall])
    if curve.each > 1:
        _paint_band(sheet, points[:, 1].reshape(-1, 2), left, style)
    else:
        sheet.curve(points, style.blue)
    lone = _lonely(points)
    if len(lone):
        sheet.boxes(lone[:, 0] - 1, lone[:, 1] - 1, 2, 2, style.blue)
    zero = zero_height(curve, top, tall)
    for place, sign in some_marks(curve.invalid, _MOST_MARKS):
        height = {"×": bottom if zero is None else zero, "▲": top + 4.0, "▼": bottom - 4.0}[sign]
        sheet.glyph(left + place * unit, height, sign, style.magenta, 10)


def _paint_band(sheet: Sheet, heights: Array, left: int, style: Style) -> None:
    """Fills each device column from its smallest to its largest value, and on to where its neighbour begins."""
    tops, bottoms = heights.min(axis=1), heights.max(axis=1)
    with np.errstate(invalid="ignore"):
        tops[:-1] = np.fmin(tops[:-1], np.where(np.isnan(bottoms[1:]), np.nan, bottoms[1:]))
        bottoms[:-1] = np.fmax(bottoms[:-1], np.where(np.isnan(heights[1:].min(axis=1)), np.nan, tops[1:]))
    columns = np.arange(COLUMNS) * len(heights) // COLUMNS
    sheet.band(left, tops[columns] - 0.25, bottoms[columns] + 0.25, style.blue)


def paint_index_ticks(sheet: Sheet, count: int, left: int, bottom: float, style: Style) -> None:
    """Writes 0 and about four indices below a curve."""
    unit = TRACK / max(1, count - 1)
    baseline = sheet.height - 3
    sheet.text(left, baseline, "0", style.grey, TEXT)
    step = index_step(count)
    for tick in range(step, count + 1, step):
        place = min(left + tick * unit, left + TRACK)
        sheet.boxes(round(place * 2) / 2 - 0.5, bottom + 1, 0.5, 3, style.grey + style.rule)
        align: Align = "right" if place > left + TRACK - 30 else "center"
        sheet.text(place, baseline, wording.integer(tick), style.grey, TEXT, False, align)


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
