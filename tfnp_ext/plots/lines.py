"""The line of a series: smallest and largest value of every pixel, so that no spike is lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tfnp_ext import wording
from tfnp_ext.adapters import Curves
from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import (
    STYLE,
    Plot,
    Style,
    drawn_values,
    is_numeric,
    prepared_once,
    read,
    register_plot,
)
from tfnp_ext.plots.curves import Training, draw_training, paint_training, read_training
from tfnp_ext.plots.decimation import Curve, curve_of_runs, read_curve
from tfnp_ext.plots.inks import SIGNS
from tfnp_ext.plots.sheet import TEXT, Sheet, text_width
from tfnp_ext.plots.strips import MOST_SERIES, Strips, draw_columns, paint_strips, read_strips
from tfnp_ext.plots.tracks import TRACK, draw_marks, lonely, paint_curve, paint_index_ticks, zero_height
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_TALL = 60
_TOP = 4
_HEIGHT = 80


@register_plot
class LinePlot(Plot):
    """A series over its index, several beside each other, or the curves of a training."""

    name = "line"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for series and training curves, 0.3 for other vectors and matrices of a few columns."""
        if isinstance(summary.content, Curves):
            return 0.9
        values = summary.drawn
        if values is None or values.ndim not in {1, 2} or not is_numeric(values):
            return 0.0
        if values.ndim == 2 and values.shape[1] > MOST_SERIES:
            return 0.0
        return 0.9 if summary.role in {"series", "multi-series"} else 0.3

    def panels(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns a panel for each metric of a training, else one."""
        shown = self.prepare(summary, options)
        return (1, len(shown.panels)) if isinstance(shown, Training) else (1, 1)

    def in_panels(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns whether it is a training: its metrics are panels."""
        return isinstance(self.prepare(summary, options), Training)

    def figure_size(self, summary: Summary, options: DisplayOptions) -> tuple[float, float] | None:
        """Returns four inches for each of several panels."""
        panels = self.panels(summary, options)[1]
        return (4.0 * panels, 3.0) if panels > 1 else None

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns 600 × 60 px and the room of the ticks; of several series as many strips."""
        shown = self.prepare(summary, options)
        return shown.size if isinstance(shown, (Strips, Training)) else (_left(shown) + TRACK + 14, _HEIGHT)

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns the extremes and where they are, and what is not finite."""
        curve = self.prepare(summary, options)
        if isinstance(curve, (Strips, Training)):
            return curve.alt()
        envelope = ", envelope of minima and maxima" if curve.each > 1 else ""
        parts = [f"Line of {wording.plural(curve.count, 'value')}{envelope}"]
        if math.isfinite(curve.low):
            lowest = f"minimum {wording.number(curve.low)} at {curve.low_at}"
            parts.append(f"{lowest}, maximum {wording.number(curve.high)} at {curve.high_at}")
        else:
            parts.append("no finite values")
        for sign, word in SIGNS:
            places = [place for place, found in curve.invalid if found == sign]
            if places:
                more = " …" if len(places) > 6 else ""
                parts.append(f"{word} marked {sign} at {' '.join(map(str, places[:6]))}{more}")
        return f"{'; '.join(parts)}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns that every spike is kept, where values share a pixel."""
        curve = self.prepare(summary, options)
        if isinstance(curve, (Strips, Training)):
            return curve.note()
        if curve.each == 1:
            return ""
        each = wording.integer(curve.each)
        if curve.whole:
            return f"every spike kept (min and max of each {each})"
        return f"min and max of what was read of each {each}: budget_ms ended the reading"

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Curve | Strips | Training:
        """Returns the points of the line, those of each column, or the panels of a training."""
        if isinstance(summary.content, Curves):
            return read_training(summary.content)
        if summary.drawn is not None and summary.drawn.ndim == 2:
            return read_strips(drawn_values(summary))
        values, numbers = read(summary, options).values, summary.statistics
        if numbers is not None and numbers.extremes is not None and summary.role == "series":
            return curve_of_runs(values, numbers)
        return read_curve(values)

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.plot`` of the points, and a marker for each value that is not finite."""
        curve = self.prepare(summary, options)
        if isinstance(curve, Training):
            draw_training(axes, curve, style)
            return
        if isinstance(curve, Strips):
            draw_columns(axes, curve, style)
            return
        axes.plot(curve.points[:, 0], curve.points[:, 1], color=style.blue)
        lone = lonely(curve.points)
        if len(lone):
            axes.plot(*lone.T, color=style.blue, linestyle="none", marker="o")
        draw_marks(axes, curve.invalid, style)

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the line over a rule at zero, ticks at its ends and at four indices."""
        curve = self.prepare(summary, options)
        if isinstance(curve, Training):
            paint_training(sheet, curve, style)
            return
        if isinstance(curve, Strips):
            paint_strips(sheet, curve, style)
            return
        left = _left(curve)
        zero = zero_height(curve, _TOP, _TALL)
        rule = float(_TOP + _TALL) if zero is None else zero
        sheet.boxes(left, round(rule * 2) / 2, TRACK, 0.5, style.grey + style.rule)
        paint_curve(sheet, curve, left, _TOP, _TALL, style)
        self._paint_ticks(sheet, curve, zero, left, style)

    @staticmethod
    def _paint_ticks(sheet: Sheet, curve: Curve, zero: float | None, left: int, style: Style) -> None:
        ends = []
        if math.isfinite(curve.low):
            ends.append((_TOP + _TALL / 2 if curve.low == curve.high else _TOP + 4.0, wording.number(curve.high, 2)))
            if curve.low != curve.high:
                ends.append((_TOP + _TALL - 1.0, wording.number(curve.low, 2)))
            if zero is not None and all(abs(zero - place) >= 11 for place, _ in ends):
                ends.append((zero, "0"))
        for place, word in ends:
            sheet.text(left - 5, place + 3.5, word, style.grey, TEXT, False, "right")
        paint_index_ticks(sheet, curve.count, left, _TOP + _TALL, style)


def _left(curve: Curve) -> int:
    if not math.isfinite(curve.low):
        return 8
    return math.ceil(max(text_width(wording.number(end, 2), TEXT) for end in (curve.low, curve.high))) + 8
