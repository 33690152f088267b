"""Heat maps: of a matrix, pooled to what the eye can tell apart, and of a batch of class probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Block
from tfnp_ext.plots.base import STYLE, Array, Plot, Style, drawn_values, is_numeric, prepared_once, register_plot
from tfnp_ext.plots.batches import Batch, batch_table, draw_batch, paint_batch, read_batch
from tfnp_ext.plots.histograms import Distribution, paint_histogram, read_distribution
from tfnp_ext.plots.pooling import Pooled, pool
from tfnp_ext.plots.sheet import Sheet, text_width
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

_ROLES = frozenset({"matrix", "probability batch", "correlation", "attention", "embeddings"})

STEPS = 8
"""Steps of ink from paper to full: few enough to be calm and to make a small PNG."""

_MOST_CELLS = 64
_MOST_WIDE = 128
_WIDTH = 384
_HEIGHT = 144
_LARGEST_CELL = 16
_GAP = 34
_SIDE = 184
_TOP = 13
_MOST_MARKS = 80
_OUTLIER = 8.0
_HALO = 4


@dataclass(frozen=True)
class _Map:
    """What the heat map of a matrix shows.

    Attributes:
        pooled: The cells.
        scale: |x| of full ink: the 99.5th percentile of the cells.
        signed: Whether there are negative cells.
        outliers: Cells [N, 2] that hide a lone extreme value.
        cell: Width and height of a cell in CSS pixels.
        distribution: The histogram beside the map.
    """

    pooled: Pooled
    scale: float
    signed: bool
    outliers: Array
    cell: tuple[int, int]
    distribution: Distribution

    @property
    def width(self) -> int:
        """Width of the map in CSS pixels."""
        return int(self.pooled.means.shape[1]) * self.cell[0]

    @property
    def height(self) -> int:
        """Height of the map in CSS pixels."""
        return int(self.pooled.means.shape[0]) * self.cell[1]

    @property
    def invalid(self) -> Array:
        """Cells that hold a NaN or an infinity."""
        return self.pooled.nans | self.pooled.highs | self.pooled.lows


@register_plot
class HeatmapPlot(Plot):
    """A matrix as ink: hue by sign, strength by size, zero is paper; a batch of probabilities with its answers."""

    name = "heatmap"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for a matrix or a batch of probabilities, 0.3 for anything else of rank 2."""
        values = summary.drawn
        if values is None or values.ndim != 2 or not is_numeric(values):
            return 0.0
        return 0.9 if summary.role in _ROLES else 0.3

    def blocks(self, summary: Summary, options: DisplayOptions) -> tuple[Block, ...]:
        """Returns the picture; of a few vectors of probabilities the table, which says more."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch) and prepared.small:
            return (batch_table(prepared),)
        return super().blocks(summary, options)

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns a line of text for each example of a batch; nothing for a matrix, whose values stand in the card."""
        prepared = self.prepare(summary, options)
        return batch_table(prepared) if isinstance(prepared, Batch) else None

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of map, scale and histogram, or of the batch with its margins."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch):
            return prepared.width, prepared.height
        return round(_left(prepared) + prepared.width + _GAP + _SIDE), max(prepared.height + _TOP + 5, 96)

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what runs where, and the exceptions: unsure examples, invalid cells, extreme values."""
        prepared = self.prepare(summary, options)
        return prepared.alt() if isinstance(prepared, Batch) else _alt(prepared)

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what a cell is the mean of, or which examples and classes are drawn."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch):
            return prepared.note()
        notes = []
        if prepared.pooled.block != (1, 1):
            spaced = "".join(
                f", 1 of {wording.integer(step)} {axis} read"
                for step, axis in zip(prepared.pooled.step, ("rows", "columns"), strict=True)
                if step > 1
            )
            notes.append(f"a cell of the map is the mean of {wording.extent(prepared.pooled.block)} values{spaced}")
        if len(prepared.outliers):
            notes.append("outlined cells hold extreme values")
        return "; ".join(notes)

    def shows_histogram(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns whether the histogram stands beside the map: always but for probabilities."""
        return not isinstance(self.prepare(summary, options), Batch)

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Batch | _Map:
        """Returns the batch with its answers, or the pooled matrix with its scale."""
        values = drawn_values(summary)
        if summary.role == "probability batch":
            return read_batch(values, options)
        rows, columns = values.shape
        most = _MOST_WIDE if columns >= 2 * rows else _MOST_CELLS
        block = math.ceil(rows / _MOST_CELLS), math.ceil(columns / most)
        extremes = _may_hide_extremes(summary)
        pooled = pool(values, block, extremes)
        if extremes and pooled.step != (1, 1):
            _add_known_extremes(pooled, summary)
        sizes = np.abs(pooled.means)
        largest = float(sizes.max())
        scale = float(np.percentile(sizes, 99.5)) or largest
        return _Map(
            pooled=pooled,
            scale=scale,
            signed=bool((pooled.means < 0).any()),
            outliers=_outliers(pooled, scale),
            cell=_cell(pooled),
            distribution=read_distribution(summary, options),
        )

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.imshow`` of the cells in the array's own indices; of a batch examples to the right."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch):
            draw_batch(axes, prepared, style)
            return
        rows, columns = prepared.pooled.shape
        reach = prepared.scale or 1.0
        low = -reach if prepared.signed else 0.0
        axes.imshow(
            prepared.pooled.means,
            cmap=_colormap(style, prepared.signed),
            vmin=low,
            vmax=reach,
            extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
            aspect="auto",
            origin="upper",
            interpolation="nearest",
        )
        for cells, marker in ((prepared.pooled.nans, "x"), (prepared.pooled.highs, "^"), (prepared.pooled.lows, "v")):
            down, right = np.nonzero(cells)
            if len(down):
                height, width = prepared.pooled.block
                middle = (right + 0.5) * width - 0.5, (down + 0.5) * height - 0.5
                axes.plot(*middle, marker=marker, color=style.magenta, linestyle="none")

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the map in its frame with the first and last index, then scale, signs and histogram."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch):
            paint_batch(sheet, prepared, style)
        else:
            _paint(sheet, prepared, style)


def _add_known_extremes(pooled: Pooled, summary: Summary) -> None:
    """Puts the largest and smallest value, which the statistics have found, into cells that were read in part."""
    numbers = summary.statistics
    if numbers is None or summary.drawn is None or summary.shape is None:
        return
    shape = tuple(axis or 0 for axis in summary.shape)
    for value, place in ((numbers.minimum, numbers.minimum_at), (numbers.maximum, numbers.maximum_at)):
        if place is not None and len(place) == len(shape):
            row, column = divmod(int(np.ravel_multi_index(place, shape)), pooled.shape[1])
            cell = row // pooled.block[0], column // pooled.block[1]
            pooled.extremes[cell] = max(pooled.extremes[cell], abs(float(value)))


def ink(values: Array, scale: float, style: Style = STYLE) -> Array:
    """Returns RGBA bytes [..., 4]: hue by sign, alpha by size in 8 steps, nothing at zero."""
    steps = np.rint(np.minimum(np.abs(values) / (scale or 1.0), 1.0) * STEPS)
    colors = np.empty((*values.shape, 4), np.uint8)
    colors[..., :3] = np.where((values < 0)[..., None], rgb(style.orange), rgb(style.blue))
    colors[..., 3] = np.rint(steps * (255 / STEPS))
    return colors


def rgb(color: str) -> tuple[int, int, int]:
    """Returns the three bytes of ``#rrggbb``."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _colormap(style: Style, signed: bool) -> Colormap:
    from matplotlib.colors import ListedColormap

    steps = np.arange(-STEPS if signed else 0, STEPS + 1)
    return ListedColormap(ink(steps.astype(np.float64), STEPS, style) / 255, name="tfnp_ext")


def _cell(pooled: Pooled) -> tuple[int, int]:
    """Returns width and height of a cell: square where it is one value, two pixels on a side that is pooled."""
    rows, columns = pooled.means.shape
    width = 2 if pooled.block[1] > 1 else max(2, min(_LARGEST_CELL, _WIDTH // columns))
    height = 2 if pooled.block[0] > 1 else max(2, min(_LARGEST_CELL, _HEIGHT // rows))
    if pooled.block == (1, 1):
        width = height = min(width, height)
    return min(width, 4 * height), min(height, 4 * width)


def _outliers(pooled: Pooled, scale: float) -> Array:
    """Returns the cells that hide a value far beyond the ink: few ones, or it is how the values are spread."""
    usual = max(scale, float(np.percentile(pooled.extremes, 50, method="lower")))
    cells = np.argwhere(pooled.extremes > _OUTLIER * usual) if usual else np.empty((0, 2), int)
    return cells if len(cells) <= max(4, pooled.extremes.size // 100) else cells[:0]


def _may_hide_extremes(summary: Summary) -> bool:
    """Returns whether the statistics leave room for a lone extreme value, so that it pays to look for one."""
    known = summary.statistics
    if known is None or not known.exact:
        return True
    return max(abs(known.minimum), abs(known.maximum)) > _OUTLIER * (abs(known.mean) + known.std)


def _row_names(shown: _Map) -> list[tuple[int, int]]:
    """Returns the rows of cells with invalid values that get their index written: (cell row, index of the array)."""
    names: list[tuple[int, int]] = []
    for row in np.flatnonzero(shown.invalid.any(axis=1)).tolist():
        if not names or (row - names[-1][0]) * shown.cell[1] >= 10:
            names.append((row, int(row * shown.pooled.block[0])))
    return names[:14]


def _left(shown: _Map) -> int:
    last = shown.pooled.shape[0]
    return math.ceil(max(text_width(str(last)), 14.0)) + 4


def _paint(sheet: Sheet, shown: _Map, style: Style) -> None:
    left = _left(shown)
    cell_width, cell_height = shown.cell
    colors = ink(shown.pooled.means, shown.scale, style)
    signs = ((shown.pooled.nans, "×"), (shown.pooled.highs, "▲"), (shown.pooled.lows, "▼"))
    crowded = int(shown.invalid.sum()) > _MOST_MARKS and min(shown.cell) < 5
    if crowded:
        colors[shown.invalid] = (*rgb(style.magenta), 255)
    sheet.frames(left - 0.5, _TOP - 0.5, shown.width + 1, shown.height + 1, style.grey + style.rule, 0.5)
    sheet.pixels(left, _TOP, colors, cell_width, cell_height)
    size = max(7.0, min(11.0, 1.3 * min(shown.cell)))
    for cells, sign in () if crowded else signs:
        for down, right in np.argwhere(cells).tolist():
            sheet.glyph(left + (right + 0.5) * cell_width, _TOP + (down + 0.5) * cell_height, sign, style.magenta, size)
    if len(shown.outliers):
        around = shown.outliers * (cell_height, cell_width)
        wide, high = cell_width + 2 * _HALO, cell_height + 2 * _HALO
        sheet.frames(left + around[:, 1] - _HALO, _TOP + around[:, 0] - _HALO, wide, high, style.grey, 1.5)
    _paint_indices(sheet, shown, style)
    _paint_key(sheet, shown, left + shown.width + _GAP, style)
    side = left + shown.width + _GAP
    legend = side
    for cells, sign, word in ((*pair, word) for pair, word in zip(signs, ("NaN", "+Inf", "-Inf"), strict=True)):
        if cells.any():
            sheet.glyph(legend + 4, _TOP + 19, sign, style.magenta, 10)
            sheet.text(legend + 12, _TOP + 22.5, word, style.magenta)
            legend += 20 + math.ceil(text_width(word)) + 4
    top = _TOP + (30 if shown.invalid.any() else 16)
    paint_histogram(sheet, shown.distribution, side, top, _SIDE - 2, min(sheet.height, 146) - top - 2, style)


def _paint_indices(sheet: Sheet, shown: _Map, style: Style) -> None:
    left, (rows, columns) = _left(shown), shown.pooled.shape
    named = _row_names(shown)
    for row, index in named:
        baseline = _TOP + (row + 0.5) * shown.cell[1] + 3
        sheet.text(left - 4, baseline, str(index), style.magenta, align="right")
    taken = [_TOP + (row + 0.5) * shown.cell[1] + 3 for row, _ in named]
    for baseline, index in ((_TOP + 7.5, 0), (_TOP + shown.height, rows)):
        if all(abs(baseline - other) >= 10 for other in taken):
            sheet.text(left - 4, baseline, str(index), style.grey, align="right")
            taken.append(baseline)
    word = f"{wording.integer(columns)} column{'' if columns == 1 else 's'}"
    right = left + max(shown.width, math.ceil(text_width(word)) + 14)
    sheet.text(left, _TOP - 4, "0", style.grey)
    sheet.text(right, _TOP - 4, word, style.grey, align="right")


def _paint_key(sheet: Sheet, shown: _Map, left: float, style: Style) -> None:
    steps = np.arange(-STEPS if shown.signed else 0, STEPS + 1)
    word = wording.number(shown.scale, 2)
    if not shown.scale:
        sheet.text(left, _TOP + 7.5, _paper(shown), style.grey)
        return
    if not shown.signed:
        sheet.text(left, _TOP + 7.5, "0", style.grey)
        left += 10
    sheet.pixels(left, _TOP + 0.5, ink(steps[None].astype(np.float64), STEPS, style), 4, 7)
    sheet.frames(left - 0.5, _TOP, 4 * len(steps) + 1, 8, style.grey + style.rule, 0.5)
    sheet.text(left + 4 * len(steps) + 5, _TOP + 7.5, f"±{word}" if shown.signed else word, style.grey)


def _paper(shown: _Map) -> str:
    """Returns what a map without ink means."""
    return "no finite values" if not shown.distribution.counts else "all 0"


def _alt(shown: _Map) -> str:
    rows, columns = shown.pooled.shape
    pooled = f", pooled {wording.extent(shown.pooled.block)}" if shown.pooled.block != (1, 1) else ""
    full = f"full ink at {wording.number(shown.scale, 2)}" if shown.scale else _paper(shown)
    hue = "orange negative, blue positive" if shown.signed else "blue positive"
    parts = [f"Heat map {wording.extent((rows, columns))}{pooled}, {hue}, {full}"]
    invalid = shown.pooled.nans, shown.pooled.highs, shown.pooled.lows
    for cells, word in zip(invalid, ("NaN marked ×", "+Inf marked ▲", "-Inf marked ▼"), strict=True):
        if cells.any():
            found = np.unique(np.nonzero(cells)[0] * shown.pooled.block[0])
            listed = " ".join(map(str, found[:6].tolist())) + (" …" if len(found) > 6 else "")
            parts.append(f"{word} from row {listed}" if shown.pooled.block[0] > 1 else f"{word} in row {listed}")
    for down, right in shown.outliers[:4].tolist():
        place = wording.index((down * shown.pooled.block[0], right * shown.pooled.block[1]))
        value = wording.number(float(shown.pooled.extremes[down, right]))
        where = "at" if shown.pooled.block == (1, 1) else "in the block from"
        parts.append(f"extreme value of size {value} {where} {place}")
    histogram = shown.distribution
    if histogram.counts:
        parts.append(f"histogram from {histogram.word(histogram.low)} to {histogram.word(histogram.high)}")
    return f"{'; '.join(parts)}."
