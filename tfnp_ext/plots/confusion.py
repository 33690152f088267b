"""The confusion matrix: which true class is taken for which, counted, or made of predictions and their truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Bar, Bars, Block
from tfnp_ext.plots.base import (
    LONGEST_LABEL,
    STYLE,
    Array,
    Plot,
    Style,
    as_floats,
    is_numeric,
    prepared_once,
    register_plot,
)
from tfnp_ext.plots.confusion_counts import MOST_CLASSES, Confusion, can_be_confused, read_confusion
from tfnp_ext.plots.inks import rgb
from tfnp_ext.plots.sheet import SMALL_TEXT, Sheet, text_width
from tfnp_ext.plots.ticks import name_columns, name_ticks
from tfnp_ext.plots.tracks import index_step
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_WRITTEN = 20
_WIDTH = 830
_NARROWEST, _ROW, _NUMBER = 24, 16, 18
_MOST_COUNTS, _LEAST_SHARE = 200, 0.02
_RECALL, _GAP, _KEY, _KEY_STEPS = 42, 24, 200, 17
_MAP = 220
_LARGEST_DOT = 9
_TOP = 28
_HALF = 0.5
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_MIDDLE = 0.179
"""Luminance on which black and white have the same contrast, as WCAG counts it."""

_FAINTEST, _FAINT, _FULL = 0.06, 0.25, 0.85
"""Ink of a cell with a number in it, which has to be readable on both papers: up to faint, or from full on."""


@register_plot
class ConfusionPlot(Plot):
    """Which true class is taken for which: cells shaded by share of their row, right in blue, wrong in orange."""

    name = "confusion"
    asked_by = "truth"
    names_classes = True

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for a confusion matrix, 0.2 for another square one that could be."""
        if summary.role == "confusion":
            return 0.9
        values = summary.drawn
        if values is None or not is_numeric(values) or values.ndim != 2 or values.shape[0] != values.shape[1]:
            return 0.0
        if not 2 <= len(values) <= MOST_CLASSES:
            return 0.0
        counts = as_floats(values)
        return 0.2 if bool((counts >= 0).all()) and bool(np.isfinite(counts).all()) else 0.0

    def suits_asked(self, summary: Summary) -> float:
        """Returns 0.9 for predictions of a batch, whose truth is given."""
        return 0.9 if can_be_confused(summary) else 0.0

    def is_asked(self, options: DisplayOptions) -> bool:
        """Returns whether the truth is given, and no images: a gallery of these shows both."""
        return super().is_asked(options) and (options.plot == self.name or options.images is None)

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of the cells with names and recalls, or of the map with the worst confusions beside it."""
        layout = self.prepare(summary, options)
        return layout.width, layout.height

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how much is right, the worst confusions and the lowest recall."""
        found = read_confusion(summary, options)
        parts = [
            f"Confusion matrix of {wording.integer(found.classes)} classes, a row a true class: {found.accuracy} right"
        ]
        listed = [f"{truth} taken for {predicted} {found.times(count)}" for truth, predicted, count in found.worst[:3]]
        parts += [", ".join(listed) or "nothing confused"]
        if found.worst and found.lowest is not None:
            parts.append(f"lowest recall {found.lowest[0]} at {wording.percent(found.lowest[1])}")
        return f"{'; '.join(parts)}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what is shaded, and which examples and classes are drawn where it is not all."""
        found = read_confusion(summary, options)
        notes = [f"{'top class against truth; ' if found.made else ''}cells shaded by share of their row"]
        if found.sampled:
            notes.append(f"{wording.integer(int(found.total))} of {wording.integer(found.size)} examples counted")
        if found.lost:
            notes.append(f"{wording.plural(found.lost, 'prediction')} without numbers left out")
        if len(found.names) < found.classes:
            classes = f"{len(found.names)} of {wording.integer(found.classes)} classes"
            notes.append(f"the {classes} confused most often drawn")
        layout = self.prepare(summary, options)
        if layout.written and layout.least:
            notes.append(f"counts under {wording.percent(layout.least, 0)} of their row not written")
        return "; ".join(notes)

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns the worst confusions as text."""
        found = read_confusion(summary, options)
        if not found.worst:
            return None
        most = found.worst[0][2]
        bars = (
            Bar(words, found.times(count), count / most, number == 0)
            for number, (words, count) in enumerate(found.pairs(LONGEST_LABEL))
        )
        others = found.confused - len(found.worst)
        left = found.total - found.right - sum(count for _, _, count in found.worst)
        rest = f", {found.word(left)}" if found.whole else ""
        return Bars(tuple(bars), f"+ {wording.plural(others, 'other')}{rest}" if others else "")

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _Layout:
        """Returns where cells and names stand."""
        return _layout(read_confusion(summary, options))

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.imshow`` of the shares, one for what is right and one for what is wrong, and the counts."""
        from matplotlib.colors import LinearSegmentedColormap, to_rgb

        layout = self.prepare(summary, options)
        found = layout.found
        right = np.eye(len(found.names), dtype=bool)
        for hidden, color, name in ((~right, style.blue, "right"), (right, style.orange, "wrong")):
            ramp = [(*to_rgb(color), 0.0), (*to_rgb(color), 1.0)]
            cmap = LinearSegmentedColormap.from_list(f"tfnp_ext {name}", ramp)
            shares = np.ma.masked_where(hidden, found.shares)
            axes.imshow(shares, cmap=cmap, vmin=0, vmax=1, origin="upper", interpolation="nearest")
        ticks = range(len(found.names)) if len(found.names) <= _MOST_WRITTEN else layout.ticks
        axes.grid(False)
        names = [found.labels[place] for place in ticks]
        name_ticks(axes.yaxis, ticks, names)
        name_columns(axes, ticks, names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("truth")
        if len(found.names) <= _MOST_WRITTEN:
            for row, column in np.argwhere(found.counts > 0).tolist():
                color = _readable(axes, style.blue if row == column else style.orange, found.shares[row, column])
                word = found.word(found.counts[row, column])
                axes.text(column, row, word, ha="center", va="center", color=color)

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the cells with names, counts and recalls, or the map of many classes with the worst beside it."""
        layout = self.prepare(summary, options)
        (_paint_cells if layout.written else _paint_map)(sheet, layout, style)


def _readable(axes: Axes, color: str, share: float) -> str:
    """Returns black or white, which is easier to read on a share of a colour over the ground of the Axes."""
    from matplotlib.colors import to_rgba

    ground = np.ones(3)
    for layer in (axes.figure.get_facecolor(), axes.get_facecolor(), (color, share)):
        *ink, alpha = to_rgba(layer)
        ground = (1 - alpha) * ground + alpha * np.array(ink)
    linear = np.where(ground <= 0.04045, ground / 12.92, ((ground + 0.055) / 1.055) ** 2.4)
    return "black" if float(linear @ _LUMINANCE) > _MIDDLE else "white"


@dataclass(frozen=True)
class _Layout:
    """Where the parts of the picture stand.

    Attributes:
        found: The matrix.
        left: Room for the names of the rows, in CSS pixels.
        cell: Width and height of a cell.
        written: Whether the counts stand in the cells; else the worst confusions are listed beside them.
        numbered: Whether names do not fit above the columns, which have their number instead.
    """

    found: Confusion
    left: int
    cell: tuple[int, int]
    written: bool
    numbered: bool = False

    @property
    def least(self) -> float:
        """The smallest share of a row whose count is written: where most cells are filled, small ones hide the rest."""
        return _LEAST_SHARE if np.count_nonzero(self.found.counts) > _MOST_COUNTS else 0.0

    @property
    def right(self) -> int:
        """Where the cells end, in CSS pixels."""
        return self.left + self.cell[0] * len(self.found.names)

    @property
    def bottom(self) -> int:
        """Where the cells end, in CSS pixels."""
        return _TOP + self.cell[1] * len(self.found.names)

    @property
    def width(self) -> int:
        """Width of the whole in CSS pixels."""
        if self.written:
            return self.right + _RECALL
        return self.right + _GAP + max(_KEY, math.ceil(max(map(text_width, self.lines), default=0.0)) + 4)

    @property
    def height(self) -> int:
        """Height of the whole in CSS pixels."""
        return self.bottom + 4 if self.written else max(self.bottom + 4, _TOP + 13 * len(self.lines) + 34)

    @property
    def lines(self) -> tuple[str, ...]:
        """The worst confusions in words."""
        return tuple(f"{words}  {self.found.times(count)}" for words, count in self.found.pairs(LONGEST_LABEL))

    @property
    def ticks(self) -> tuple[int, ...]:
        """Places that have their names written where there is no room for all."""
        count = len(self.found.names)
        return tuple(range(0, count, index_step(count)))


def _layout(found: Confusion) -> _Layout:
    count = len(found.names)
    names = max(map(text_width, found.labels))
    left = math.ceil(max(names, text_width("truth ↓"))) + 8
    words = max((text_width(found.word(value)) for value in found.counts[found.counts > 0].tolist()), default=0.0)
    wide = max(_NARROWEST, math.ceil(words) + 8)
    room = (_WIDTH - left - _RECALL) // count
    if count <= _MOST_WRITTEN and math.ceil(names) + 6 <= room and wide <= room:
        return _Layout(found, left, (max(wide, math.ceil(names) + 6), _ROW), True)
    if count <= _MOST_WRITTEN and wide <= (_WIDTH - left - _NUMBER - _RECALL) // count:
        return _Layout(found, left + _NUMBER, (wide, _ROW), True, True)
    cell = max(1, min(_LARGEST_DOT, _MAP // count))
    return _Layout(found, left, (cell, cell), False)


def _paint_cells(sheet: Sheet, layout: _Layout, style: Style) -> None:
    """Draws a cell a pair of classes, shaded by its share and with its count, and the recall of each row."""
    found, (width, height) = layout.found, layout.cell
    count = len(found.names)
    # Between faint and full no colour of text could be read on white and on black.
    low = _FAINTEST + (_FAINT - _FAINTEST) * np.minimum(found.shares / _FAINT, 1)
    alpha = np.where(found.shares < _HALF, low, _FULL + (1 - _FULL) * (found.shares - _HALF) / _HALF)
    alpha = np.rint(alpha * 25) / 25  # few inks make a small PNG
    sheet.pixels(layout.left, _TOP, _inks(np.where(found.counts > 0, alpha, 0), style), width, height)
    edges = np.arange(count + 1)
    sheet.boxes(layout.left, _TOP + edges * height, count * width, 0.5, style.grey + "48")
    sheet.boxes(layout.left + edges * width, _TOP, 0.5, count * height, style.grey + "48")
    wrong = np.where(np.eye(count, dtype=bool), 0, found.counts)
    worst = divmod(int(wrong.argmax()), count) if wrong.any() else None
    if worst is not None:
        sheet.frames(layout.left + worst[1] * width, _TOP + worst[0] * height, width, height, style.orange)
    for row, column in np.argwhere((found.counts > 0) & (found.shares >= layout.least)).tolist():
        color = "#ffffff" if found.shares[row, column] >= _HALF else style.grey
        middle = layout.left + (column + 0.5) * width
        word, bold = found.word(found.counts[row, column]), (row, column) == worst
        sheet.text(middle, _TOP + row * height + 11.5, word, color, SMALL_TEXT, bold, "center")
    sheet.text(layout.left, 9, "predicted →", style.grey)
    sheet.text(layout.left - 6, _TOP - 5, "truth ↓", style.grey, align="right")
    sheet.text(layout.right + 6, _TOP - 5, "recall", style.grey)
    lowest = found.lowest[0] if found.worst and found.lowest else None
    for place, name in enumerate(found.labels):
        baseline = _TOP + place * height + 11.5
        middle = layout.left + (place + 0.5) * width
        sheet.text(middle, _TOP - 5, str(place) if layout.numbered else name, style.grey, align="center")
        end = layout.left - 6
        if layout.numbered:
            sheet.text(end, baseline, str(place), style.grey, align="right")
            end -= _NUMBER
        sheet.text(end, baseline, name, style.grey, align="right")
        recall = found.recall(place)
        word, bold = "" if math.isnan(recall) else wording.percent(recall, 0), found.names[place] == lowest
        sheet.text(layout.right + _RECALL - 6, baseline, word, style.grey, SMALL_TEXT, bold, "right")


def _paint_map(sheet: Sheet, layout: _Layout, style: Style) -> None:
    """Draws a dot a pair of classes, ticks at a few, and beside the map the worst confusions and the scale."""
    found, (cell, _) = layout.found, layout.cell
    size = layout.right - layout.left
    sheet.pixels(layout.left, _TOP, _inks(_dots(found.shares), style), cell, cell)
    sheet.frames(layout.left - 0.5, _TOP - 0.5, size + 1, size + 1, style.grey + style.rule, 0.5)
    sheet.text(layout.left, 9, "predicted →", style.grey)
    sheet.text(layout.left - 6, 9, "truth ↓", style.grey, align="right")
    end = -math.inf
    for place in layout.ticks:
        start, name = layout.left + place * cell, found.labels[place]
        sheet.text(layout.left - 6, _TOP + (place + 0.5) * cell + 3, name, style.grey, align="right")
        if start > end and start + text_width(name) <= layout.right:
            sheet.text(start, _TOP - 5, name, style.grey)
            end = start + text_width(name) + 6
    side = layout.right + _GAP
    if layout.lines:
        sheet.text(side, _TOP - 5, "most confused", style.grey)
    for number, line in enumerate(layout.lines):
        sheet.text(side, _TOP + 10 + 13 * number, line, style.grey, SMALL_TEXT, number == 0)
    steps = _dots(np.linspace(0, 1, _KEY_STEPS))
    top = _TOP + 13 * len(layout.lines) + 8
    for number, (color, word) in enumerate(((style.blue, "right"), (style.orange, "wrong"))):
        colors = np.empty((1, _KEY_STEPS, 4), np.uint8)
        colors[..., :3], colors[..., 3] = rgb(color), np.rint(steps * 255)
        sheet.pixels(side, top + 11 * number, colors, 4, 7)
        sheet.text(side + 4 * _KEY_STEPS + 5, top + 11 * number + 7, f"{word}, to 100 % of its row", style.grey)


def _dots(shares: Array) -> Array:
    """Returns the ink of cells without numbers: √share, so that a rare confusion can be seen, in 16 steps."""
    return np.asarray(np.ceil(np.sqrt(shares) * 16) / 16)


def _inks(alpha: Array, style: Style) -> Array:
    """Returns RGBA bytes [K, K, 4]: blue on the diagonal, orange elsewhere."""
    colors = np.empty((*alpha.shape, 4), np.uint8)
    colors[..., :3] = rgb(style.orange)
    np.einsum("iic->ic", colors)[:, :3] = rgb(style.blue)
    colors[..., 3] = np.rint(alpha * 255)
    return colors
