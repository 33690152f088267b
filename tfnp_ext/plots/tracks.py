"""What every curve has in common: its line on the card's paper, lone points, and marks of what is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.plots.base import Array, Style, near_one
from tfnp_ext.plots.decimation import COLUMNS, Curve
from tfnp_ext.plots.inks import MARKER_OF, some_marks
from tfnp_ext.plots.sheet import TEXT, ZOOM, Align, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRACK = COLUMNS // ZOOM
"""CSS pixels of a curve from its first to its last value: a device pixel for each pair of minimum and maximum."""

MOST_BYTES = 25_000
"""Of all lines of a picture together: a card stays under 40 kB in Base64 with its text."""

MOST_MARKS = 60
"""Marks of what is not finite on one curve."""

_BYTES_OF_A_COLUMN, _BYTES_OF_A_PIXEL = 3.4, 0.8


def zero_height(curve: Curve, top: float, tall: float) -> float | None:
    """Returns where zero lies on the sheet, ``None`` where the curve does not reach it."""
    if not math.isfinite(curve.low) or not curve.low <= 0 <= curve.high or curve.low == curve.high:
        return None
    low, high = near_one(curve.low, curve.high)
    return top + tall + float(low) / float(high - low) * tall


def paint_curve(sheet: Sheet, curve: Curve, left: int, top: float, tall: float, style: Style, *, wide: int = 0) -> None:
    """Draws a curve ``TRACK`` wide over its whole range, lone points and what is not finite marked.

    Args:
        sheet: Where to.
        curve: The curve.
        left: Where its first value stands.
        top: Upper end of its range.
        tall: How tall the range is.
        style: The colours.
        wide: CSS pixels to a column where it is drawn as a band, 0 for a smooth line.
    """
    bottom = top + tall
    low, high = (curve.low, curve.high) if math.isfinite(curve.low) else (0.0, 0.0)
    heights, start, end = near_one(curve.points[:, 1], low, high)
    span = float(end - start)
    shares = (heights - start) / span if span else heights * 0 + 0.5
    unit = TRACK / max(1, curve.count - 1)
    points = np.column_stack([left + curve.points[:, 0] * unit, bottom - shares * tall])
    if wide:
        tops, bottoms = envelope(points - (left, 0), TRACK, TRACK // wide)
        sheet.band(left, np.repeat(tops - 0.25, wide * ZOOM), np.repeat(bottoms + 0.25, wide * ZOOM), style.blue)
    elif curve.each > 1:
        _paint_band(sheet, points[:, 1].reshape(-1, 2), left, style)
    else:
        sheet.curve(points, style.blue)
    lone = lonely(points)
    if len(lone):
        sheet.boxes(lone[:, 0] - 1, lone[:, 1] - 1, 2, 2, style.blue)
    zero = zero_height(curve, top, tall)
    for place, sign in some_marks(curve.invalid, MOST_MARKS):
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


def index_ticks(count: int) -> list[int]:
    """Returns about four indices after 0; of few the last one in place of the count, which is a pixel and more away.

    Example:
        >>> index_ticks(100), index_ticks(110), index_ticks(16_000)
        ([25, 50, 75, 99], [25, 50, 75, 100], [4000, 8000, 12000, 16000])
    """
    step, last = index_step(count), count - 1 if count <= TRACK else count
    return sorted({min(tick, last) for tick in range(step, count + 1, step)} - {0})


def paint_index_ticks(sheet: Sheet, count: int, left: int, bottom: float, style: Style) -> None:
    """Writes 0 and about four indices below a curve, at its end the last one."""
    unit = TRACK / max(1, count - 1)
    baseline = sheet.height - 3
    sheet.text(left, baseline, "0", style.grey, TEXT)
    for tick in index_ticks(count):
        place = min(left + tick * unit, left + TRACK)
        sheet.boxes(round(place * 2) / 2 - 0.5, bottom + 1, 0.5, 3, style.grey + style.rule)
        align: Align = "right" if place > left + TRACK - 30 else "center"
        sheet.text(place, baseline, wording.integer(tick), style.grey, TEXT, False, align)


def stored_bytes(heights: Array, width: float) -> float:
    """Returns about how many bytes a smooth line adds to a PNG: for each device pixel across, and each up or down.

    Args:
        heights: Where the line goes [N], in CSS pixels; NaN breaks it.
        width: How wide it is.
    """
    travelled = float(np.nansum(np.abs(np.diff(heights))))
    return ZOOM * (_BYTES_OF_A_COLUMN * width + _BYTES_OF_A_PIXEL * travelled)


def envelope(points: Array, length: float, columns: int) -> tuple[Array, Array]:
    """Returns the smallest and largest height of a line in each of equally wide columns, NaN where it is broken.

    Args:
        points: Where the line goes [N, 2], from left to right; NaN breaks it.
        length: How long it is.
        columns: Into how many columns that is cut.
    """
    across, heights = points.T
    edges = np.linspace(0, length, columns + 1)
    at_edges = np.interp(edges, across, heights)
    lows, highs = np.fmin(at_edges[:-1], at_edges[1:]), np.fmax(at_edges[:-1], at_edges[1:])
    places = np.clip((across / length * columns).astype(np.intp), 0, columns - 1)
    np.fmin.at(lows, places, heights)
    np.fmax.at(highs, places, heights)
    return lows, highs


def lonely(points: Array) -> Array:
    """Returns the points without a neighbour, which a line does not show."""
    finite = np.isfinite(points[:, 1])
    before, after = np.append(False, finite[:-1]), np.append(finite[1:], False)
    return np.asarray(points[finite & ~before & ~after])


def draw_marks(axes: Axes, invalid: Sequence[tuple[float, str]], style: Style) -> None:
    """Draws a marker on Axes for each place and sign of what is not finite."""
    for (sign, marker), height in zip(MARKER_OF.items(), (0.5, 1.0, 0.0), strict=True):
        places = [place for place, found in invalid if found == sign]
        if places:
            # Heights are shares of the Axes, as the values have none of their own.
            look: dict[str, Any] = {"marker": marker, "color": style.magenta, "linestyle": "none"}
            axes.plot(places, [height] * len(places), transform=axes.get_xaxis_transform(), clip_on=False, **look)


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
