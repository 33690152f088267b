"""Several lines: the columns of a matrix as strips below each other, and training curves, train beside validation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Curves
from tfnp_ext.plots.base import Array, Style, as_floats, clean, near_one
from tfnp_ext.plots.decimation import Curve, read_columns
from tfnp_ext.plots.sheet import TEXT, Sheet, text_width
from tfnp_ext.plots.tracks import TRACK, paint_curve, paint_index_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 6
"""Metrics of a training that are drawn; the table in the fold has all."""

VALIDATION = "val_"
"""What Keras puts before the name of a metric that was taken on validation data."""

MOST_SERIES = 8
"""Columns of a matrix that are drawn as lines."""

_STRIP, _STRIP_GAP = 30, 6
_LENGTH = 220
_TALL = 74
_TOP = 16
_GAP = 34
_LONGEST_NAME = 28
_DASH, _SPACE = 5, 3


@dataclass(frozen=True)
class Panel:
    """The curves of one metric.

    Attributes:
        name: The metric: ``loss``.
        train: Its value each epoch, float64 [E]; ``None`` where only validation has it.
        validation: The same on validation data.
    """

    name: str
    train: Array | None
    validation: Array | None

    @property
    def known(self) -> tuple[Array, ...]:
        """The curves that there are."""
        return tuple(curve for curve in (self.train, self.validation) if curve is not None)

    @property
    def best(self) -> tuple[int, float] | None:
        """Place and value of the best epoch, on validation data where there are; ``None`` where it is not known.

        What is lost is best where smallest, what is told to be right where largest; of other metrics nobody knows.
        """
        curve = self.validation if self.validation is not None else self.train
        if curve is None or not np.isfinite(curve).any():
            return None
        smallest, largest = (any(word in self.name for word in words) for words in (_LOST, _RIGHT))
        if smallest == largest:
            return None
        place = int(np.nanargmin(curve) if smallest else np.nanargmax(curve))
        return place, float(curve[place])


_LOST = ("loss", "error", "mse", "mae", "perplexity")
_RIGHT = ("acc", "auc", "precision", "recall", "f1", "iou", "dice")


@dataclass(frozen=True)
class Training:
    """What a training is drawn as: one panel a metric, over the epochs [E]."""

    panels: tuple[Panel, ...]
    epochs: Array
    metrics: int

    def alt(self) -> str:
        """Returns where each metric began, ended and was best."""
        said = []
        for panel in self.panels:
            curve = panel.validation if panel.validation is not None else panel.train
            if curve is None or not len(curve):
                continue
            which = "validation " if panel.validation is not None else ""
            ends = f"{which}{panel.name} from {wording.number(curve[0])} to {wording.number(curve[-1])}"
            best = panel.best
            told = f", best {wording.number(best[1])} at epoch {self.epochs[best[0]]:g}" if best else ""
            said.append(ends + told)
        return f"Training curves of {wording.plural(len(self.epochs), 'epoch')}: {'; '.join(said)}."

    def note(self) -> str:
        """Returns how many metrics are drawn, where it is not all."""
        return f"{len(self.panels)} of {self.metrics} metrics drawn" if len(self.panels) < self.metrics else ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the card's picture in CSS pixels."""
        width = sum(_panel_left(panel) + _LENGTH + _panel_right(panel) + 16 for panel in self.panels)
        return width, _TOP + _TALL + 16


def read_training(curves: Curves) -> Training:
    """Returns the panels of a training: a metric and its validation together, in the order of Keras."""
    by_name = {name: as_floats(np.asarray(values)).astype(np.float64) for name, values in curves.values.items()}
    names = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in by_name))
    panels = tuple(
        Panel(clean(name, _LONGEST_NAME), by_name.get(name), by_name.get(f"{VALIDATION}{name}")) for name in names
    )
    return Training(panels[:MOST_PANELS], np.asarray(curves.epochs, np.float64), len(panels))


def paint_training(sheet: Sheet, training: Training, style: Style) -> None:
    """Draws a panel a metric side by side: train in a blue line, validation in an orange one of dashes."""
    left = 0.0
    for panel in training.panels:
        left += _panel_left(panel)
        _paint_panel(sheet, panel, training.epochs, left, style)
        left += _LENGTH + _panel_right(panel) + 16


def _panel_left(panel: Panel) -> int:
    low, high = _ends(panel)
    return math.ceil(max(text_width(wording.number(end, 2), TEXT) for end in (low, high))) + 6


def _panel_right(panel: Panel) -> int:
    return math.ceil(text_width("validation", TEXT)) + 4 if panel.validation is not None else 26


def _ends(panel: Panel) -> tuple[float, float]:
    values = np.concatenate(panel.known)
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _paint_panel(sheet: Sheet, panel: Panel, epochs: Array, left: float, style: Style) -> None:
    low, high = _ends(panel)
    bottom = _TOP + _TALL
    sheet.text(left, _TOP - 5, panel.name, style.grey, TEXT, bold=True)
    sheet.boxes(left, bottom, _LENGTH, 0.5, style.grey)
    for place, value in ((_TOP + 4.0, high), (bottom - 1.0, low)):
        if value != low or place > _TOP + 4 or low == high:
            sheet.text(left - 5, place + 3.5, wording.number(value, 2), style.grey, TEXT, False, "right")
    last = len(epochs) - 1
    ends: list[tuple[float, str, str]] = []
    for word, curve, color in (("train", panel.train, style.blue), ("validation", panel.validation, style.orange)):
        if curve is None:
            continue
        points = _points(curve, low, high, left, bottom)
        if word == "validation":
            for dash in _dashes(points):
                sheet.curve(dash, color, 1.4)
        else:
            sheet.curve(points, color, 1.4)
        if len(points) == 1:
            sheet.boxes(points[:, 0] - 1.5, points[:, 1] - 1.5, 3, 3, color)
        for place in np.flatnonzero(~np.isfinite(curve)).tolist():
            across = left + _LENGTH * (place / last if last else 0.5)
            sheet.glyph(across, bottom - 6, "×" if math.isnan(curve[place]) else "▲", style.magenta, 10)
        finite = points[np.isfinite(points[:, 1])]
        if len(finite):
            ends.append((float(finite[-1, 1]), word, color))
    for height, word, color in _apart(ends):
        sheet.text(left + _LENGTH + 4, height + 3.5, word, color, TEXT)
    best = panel.best
    if best is not None and last:
        across = left + _LENGTH * best[0] / last
        height = float(_points(np.array([best[1]]), low, high, left, bottom)[0, 1])
        sheet.frames(across - 3, height - 3, 6, 6, style.grey, 1.0)
    sheet.text(left, bottom + 12, f"{epochs[0]:g}", style.grey, TEXT)
    if last:
        sheet.text(left + _LENGTH, bottom + 12, f"{epochs[-1]:g}", style.grey, TEXT, False, "right")
        sheet.text(left + _LENGTH / 2, bottom + 12, "epoch", style.grey, TEXT, False, "center")


def _points(curve: Array, low: float, high: float, left: float, bottom: float) -> Array:
    heights, start, end = near_one(curve, low, high)
    span = float(end - start)
    shares = (heights - start) / span if span else heights * 0 + 0.5
    shares = np.where(np.isfinite(curve), shares, np.nan)
    across = np.linspace(0, _LENGTH, len(curve)) if len(curve) > 1 else np.array([_LENGTH / 2])
    return np.column_stack([left + across, bottom - 2 - shares * (_TALL - 6)])


def _apart(ends: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Returns the words at the ends of two curves moved so far apart that both can be read."""
    if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < 11:
        upper, lower = sorted(ends)
        middle = (upper[0] + lower[0]) / 2
        return [(middle - 5.5, *upper[1:]), (middle + 5.5, *lower[1:])]
    return ends


def _dashes(points: Array) -> list[Array]:
    """Returns a line [N, 2] cut into dashes, in pixels along it; a gap of NaN stays one."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    reach = np.concatenate([[0.0], np.cumsum(np.nan_to_num(steps))])
    starts = np.arange(0, reach[-1], _DASH + _SPACE)
    cut = []
    for start in starts:
        at = np.unique(
            np.concatenate([[start, min(start + _DASH, reach[-1])], reach[(reach > start) & (reach < start + _DASH)]])
        )
        cut.append(np.column_stack([np.interp(at, reach, points[:, 0]), np.interp(at, reach, points[:, 1])]))
    return cut


def draw_training(axes: Any, training: Training, style: Style) -> None:
    """Draws a panel a metric on Axes of the user's, with a legend where there are validation data."""
    for panel, ax in zip(training.panels, np.atleast_1d(axes).ravel(), strict=True):
        if panel.train is not None:
            ax.plot(training.epochs, panel.train, color=style.blue, label="train")
        if panel.validation is not None:
            ax.plot(training.epochs, panel.validation, color=style.orange, linestyle="--", label="validation")
            ax.legend()
        ax.set_title(panel.name, parse_math=False)
        ax.set_xlabel("epoch")


@dataclass(frozen=True)
class Strips:
    """Several series of one length: the line of each column."""

    curves: tuple[Curve, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the card's picture in CSS pixels."""
        return _strips_left(self) + TRACK + 14, len(self.curves) * (_STRIP + _STRIP_GAP) + 18

    def alt(self) -> str:
        """Returns the extremes of each column."""
        ends = (
            f"[{place}] {wording.number(curve.low)} at {curve.low_at} … {wording.number(curve.high)} at {curve.high_at}"
            for place, curve in enumerate(self.curves)
        )
        many = f"{len(self.curves)} columns of {wording.plural(self.curves[0].count, 'value')}"
        return f"Lines of {many}: {'; '.join(ends)}."

    def note(self) -> str:
        """Returns how the strips are to be read."""
        each = self.curves[0].each
        kept = f", every spike kept (min and max of each {wording.integer(each)})" if each > 1 else ""
        return f"a strip each column, on its own scale{kept}"


def read_strips(values: Array) -> Strips:
    """Returns the lines of the columns of a matrix [N, C]."""
    return Strips(read_columns(values))


def _strips_left(strips: Strips) -> int:
    words = [wording.number(end, 2) for curve in strips.curves for end in (curve.low, curve.high)]
    return math.ceil(max(map(text_width, words))) + 32


def paint_strips(sheet: Sheet, strips: Strips, style: Style) -> None:
    """Draws the columns below each other, each over its own range, the indices once below all."""
    left = _strips_left(strips)
    for place, curve in enumerate(strips.curves):
        top = place * (_STRIP + _STRIP_GAP) + 2
        bottom = top + _STRIP
        sheet.boxes(left, bottom, TRACK, 0.5, style.grey + style.rule)
        sheet.text(2, (top + bottom) / 2 + 3.5, f"[{place}]", style.grey, TEXT, bold=True)
        if math.isfinite(curve.low):
            sheet.text(left - 5, top + 7, wording.number(curve.high, 2), style.grey, align="right")
            if curve.low != curve.high:
                sheet.text(left - 5, bottom, wording.number(curve.low, 2), style.grey, align="right")
        paint_curve(sheet, curve, left, top, _STRIP, style)
    count = strips.curves[0].count
    paint_index_ticks(sheet, count, left, len(strips.curves) * (_STRIP + _STRIP_GAP) - _STRIP_GAP + 2, style)


def draw_columns(axes: Axes, strips: Strips) -> None:
    """Draws each column as a line of the user's own cycle of colours, named by its index."""
    for place, curve in enumerate(strips.curves):
        axes.plot(curve.points[:, 0], curve.points[:, 1], label=str(place))
    axes.legend()
