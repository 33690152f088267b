"""Several series side by side: the columns of a matrix as strips below each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfnp_ext import wording
from tfnp_ext.plots.base import Array, Style, near_one
from tfnp_ext.plots.decimation import Curve, read_columns
from tfnp_ext.plots.sheet import TEXT, Sheet, text_width
from tfnp_ext.plots.tracks import MOST_BYTES, TRACK, draw_marks, lonely, paint_curve, paint_index_ticks, stored_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SERIES = 8
"""Columns of a matrix that are drawn as lines."""

_STRIP, _STRIP_GAP = 30, 6
_WILD = 3.2
"""From so many times as many bytes on the bands of a CSS pixel are too many as well."""


@dataclass(frozen=True)
class Strips:
    """Several series of one length: the line of each column."""

    curves: tuple[Curve, ...]

    @property
    def wide(self) -> int:
        """CSS pixels to a column of each band, 0 for smooth lines, which are drawn where their PNG is small."""
        stored = 0.0
        for curve in self.curves:
            heights, low, high = near_one(curve.points[:, 1], curve.low, curve.high)
            stored += stored_bytes(heights / (float(high - low) or 1.0) * _STRIP, TRACK)
        return 0 if stored <= MOST_BYTES else 1 if stored <= _WILD * MOST_BYTES else 2

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the card's picture in CSS pixels."""
        return _strips_left(self) + TRACK + 14, len(self.curves) * (_STRIP + _STRIP_GAP) + 18

    def alt(self) -> str:
        """Returns the extremes of each column."""
        ends = (f"[{place}] {_ends(curve)}" for place, curve in enumerate(self.curves))
        many = f"{wording.plural(len(self.curves), 'column')} of {wording.plural(self.curves[0].count, 'value')}"
        marked = " What is not finite is marked." if any(curve.invalid for curve in self.curves) else ""
        return f"Lines of {many}: {'; '.join(ends)}.{marked}"

    def note(self) -> str:
        """Returns how the strips are to be read."""
        each = self.curves[0].each
        kept = f", every spike kept (min and max of each {wording.integer(each)})" if each > 1 else ""
        return f"a strip each column, on its own scale{kept}"


def _ends(curve: Curve) -> str:
    if not math.isfinite(curve.low):
        return "no finite values"
    return f"{wording.number(curve.low)} at {curve.low_at} … {wording.number(curve.high)} at {curve.high_at}"


def read_strips(values: Array) -> Strips:
    """Returns the lines of the columns of a matrix [N, C]."""
    return Strips(read_columns(values))


def _strips_left(strips: Strips) -> int:
    ends = [end for curve in strips.curves for end in (curve.low, curve.high) if math.isfinite(end)]
    return math.ceil(max((text_width(wording.number(end, 2)) for end in ends), default=0)) + 32


def paint_strips(sheet: Sheet, strips: Strips, style: Style) -> None:
    """Draws the columns below each other, each over its own range, the indices once below all."""
    left, wide = _strips_left(strips), strips.wide
    for place, curve in enumerate(strips.curves):
        top = place * (_STRIP + _STRIP_GAP) + 2
        bottom = top + _STRIP
        sheet.boxes(left, bottom, TRACK, 0.5, style.grey + style.rule)
        sheet.text(2, (top + bottom) / 2 + 3.5, f"[{place}]", style.grey, TEXT, bold=True)
        if math.isfinite(curve.low):
            sheet.text(left - 5, top + 7, wording.number(curve.high, 2), style.grey, align="right")
            if curve.low != curve.high:
                sheet.text(left - 5, bottom, wording.number(curve.low, 2), style.grey, align="right")
        paint_curve(sheet, curve, left, top, _STRIP, style, wide=wide)
    count = strips.curves[0].count
    paint_index_ticks(sheet, count, left, len(strips.curves) * (_STRIP + _STRIP_GAP) - _STRIP_GAP + 2, style)


def draw_columns(axes: Axes, strips: Strips, style: Style) -> None:
    """Draws each column as a line of the user's own cycle of colours, named by its index."""
    for place, curve in enumerate(strips.curves):
        (line,) = axes.plot(curve.points[:, 0], curve.points[:, 1], label=str(place))
        lone = lonely(curve.points)
        if len(lone):
            axes.plot(*lone.T, color=line.get_color(), linestyle="none", marker="o")
    draw_marks(axes, [mark for curve in strips.curves for mark in curve.invalid], style)
    axes.legend()
