"""Heat maps: of a matrix, pooled to what the eye can tell apart, of a stack, and of a batch of probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Block
from tfnp_ext.plots.base import STYLE, Array, Plot, Style, drawn_values, is_numeric, prepared_once, register_plot
from tfnp_ext.plots.batch_tables import batch_table
from tfnp_ext.plots.batches import Batch, draw_batch, paint_batch, read_batch
from tfnp_ext.plots.cells import draw_cells, paint_cells
from tfnp_ext.plots.correlations import Pair, read_correlations
from tfnp_ext.plots.histograms import Distribution, paint_histogram, read_distribution
from tfnp_ext.plots.inks import ink_scale, ink_words, paint_legend, scale_word, sign_words
from tfnp_ext.plots.pooling import Pooled, cell_size, pool, spaced_words
from tfnp_ext.plots.sheet import Sheet, text_width
from tfnp_ext.plots.stacks import (
    ATTENTION_ALT,
    ATTENTION_WORDS,
    Stack,
    attention_scale,
    draw_stack,
    paint_stack,
    read_stack,
    stack_panels,
)
from tfnp_ext.statistics import HISTOGRAM_SAMPLE
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable

_ROLES = frozenset({"matrix", "probability batch", "correlation", "attention", "embeddings"})

_MOST_CELLS = 64
_MOST_WIDE = 128
_WIDTH = 384
_HEIGHT = 144
_GAP = 34
_SIDE = 184
_TOP = 13
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
        words: What runs down and across; none for a plain matrix.
        fixed: Whether the scale ends at 1 by its nature, as that of correlations.
    """

    pooled: Pooled
    scale: float
    signed: bool
    outliers: Array
    cell: tuple[int, int]
    distribution: Distribution
    words: tuple[str, str] | None = None
    fixed: bool = False

    @property
    def scale_word(self) -> str:
        """The scale in words."""
        return "1" if self.fixed else scale_word(self.scale)

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
        """Returns 0.9 for matrices, attention, maps and batches of probabilities, less for others of rank 2 and 3."""
        values = summary.drawn
        if values is None or values.ndim not in {2, 3} or not is_numeric(values):
            return 0.0
        if values.ndim == 3:
            return 0.9 if summary.role in {"attention", "maps"} else 0.2
        return 0.9 if summary.role in _ROLES else 0.3

    def panels(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the lines and columns of the maps of a stack."""
        prepared = self.prepare(summary, options)
        return stack_panels(prepared) if isinstance(prepared, Stack) else (1, 1)

    def in_panels(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns whether it is a stack, or the one head of an attention that might have more."""
        heads = summary.role == "attention" and len(summary.shape or ()) > 2
        return heads or isinstance(self.prepare(summary, options), Stack)

    def blocks(self, summary: Summary, options: DisplayOptions) -> tuple[Block, ...]:
        """Returns the picture; of a few vectors of probabilities the table, which says more, unless it is asked for."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch) and prepared.small and options.plot != self.name:
            return (batch_table(prepared),)
        return super().blocks(summary, options)

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns a line of text for each example of a batch; nothing for a matrix, whose values stand in the card."""
        prepared = self.prepare(summary, options)
        return batch_table(prepared) if isinstance(prepared, Batch) else None

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of map, scale and histogram, or of the batch with its margins."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, (Batch, Stack)):
            return prepared.width, prepared.height
        return round(_left(prepared) + prepared.width + _GAP + _SIDE), max(prepared.height + _TOP + 5, 96)

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what runs where, and the exceptions: unsure examples, invalid cells, extreme values."""
        prepared = self.prepare(summary, options)
        if not isinstance(prepared, _Map):
            return prepared.alt()
        return _alt(prepared, read_correlations(summary, options).strongest if prepared.fixed else None)

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what a cell is the mean of, or which examples and classes are drawn."""
        prepared = self.prepare(summary, options)
        if not isinstance(prepared, _Map):
            return prepared.note()
        notes = []
        if prepared.pooled.block != (1, 1):
            spaced = spaced_words(prepared.pooled.step)
            notes.append(f"a cell of the map is the mean of {wording.extent(prepared.pooled.block)} values{spaced}")
        if len(prepared.outliers):
            notes.append("outlined cells hold extreme values")
        known = summary.statistics
        if known is not None and known.seen > HISTOGRAM_SAMPLE and self.shows_histogram(summary, options):
            notes.append(f"histogram of {wording.integer(HISTOGRAM_SAMPLE)} of the values")
        return "; ".join(notes)

    def shows_histogram(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns whether the histogram stands beside the map: always but for probabilities and stacks."""
        return isinstance(self.prepare(summary, options), _Map)

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Batch | Stack | _Map:
        """Returns the batch with its answers, the maps of a stack, or the pooled matrix with its scale."""
        values = drawn_values(summary)
        if values.ndim == 3:
            return read_stack(values, summary)
        if summary.role == "probability batch":
            return read_batch(values, options)
        rows, columns = values.shape
        most = _MOST_WIDE if columns >= 2 * rows else _MOST_CELLS
        block = math.ceil(rows / _MOST_CELLS), math.ceil(columns / most)
        extremes = _may_hide_extremes(summary)
        pooled = pool(values, block, extremes)
        if extremes and pooled.step != (1, 1):
            _add_known_extremes(pooled, summary)
        attention, correlation = summary.role == "attention", summary.role == "correlation"
        cells = pooled.means
        scale = attention_scale(cells, columns) if attention else 1.0 if correlation else ink_scale(cells)
        return _Map(
            pooled=pooled,
            scale=scale,
            signed=correlation or bool((pooled.means < 0).any()),
            outliers=_outliers(pooled, scale),
            cell=cell_size(pooled.means.shape, pooled.block, (_WIDTH, _HEIGHT)),
            distribution=read_distribution(summary, options),
            words=ATTENTION_WORDS if attention else None,
            fixed=correlation,
        )

    def draw(self, axes: Any, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.imshow`` of the cells in the array's own indices; of a batch examples to the right."""
        prepared = self.prepare(summary, options)
        if not isinstance(prepared, Stack):
            (axes,) = np.ravel(axes)
        if isinstance(prepared, Batch):
            draw_batch(axes, prepared, style)
            return
        if isinstance(prepared, Stack):
            draw_stack(axes, prepared, style)
            return
        draw_cells(axes, prepared.pooled, prepared.scale, prepared.signed, style, prepared.outliers)
        if prepared.words:
            axes.set_ylabel(prepared.words[0].removesuffix(" ↓"))
            axes.set_xlabel(prepared.words[1].removesuffix(" →"))

    def scales(self, axes: Any) -> list[tuple[ScalarMappable, Any]]:
        """Returns the image of a matrix, or the first of a stack, whose maps share one scale; none of a batch."""
        image = np.ravel(axes)[0].images[0]
        return [(image, axes)] if image.get_array().ndim == 2 else []

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the map in its frame with the first and last index, then scale, signs and histogram."""
        prepared = self.prepare(summary, options)
        if isinstance(prepared, Batch):
            paint_batch(sheet, prepared, style)
        elif isinstance(prepared, Stack):
            paint_stack(sheet, prepared, style)
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


def _outliers(pooled: Pooled, scale: float) -> Array:
    """Returns the cells that hide a value far beyond the ink: few ones, or it is how the values are spread.

    Of many those are left that lie as far beyond all others.
    """
    usual = max(scale, float(np.percentile(pooled.extremes, 50, method="lower")))
    sizes = pooled.extremes.reshape(-1)
    most = max(4, sizes.size // 100)
    least = _OUTLIER * usual
    if np.count_nonzero(sizes > least) > most:
        largest = np.sort(np.partition(sizes, sizes.size - most - 1)[sizes.size - most - 1 :])
        apart = largest[:-1][largest[1:] / _OUTLIER > largest[:-1]]
        least = _OUTLIER * apart[0] if len(apart) else math.inf
    return np.argwhere(pooled.extremes > least)


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
    word = text_width(shown.words[0]) if shown.words else 0.0
    return math.ceil(max(text_width(str(last)), 14.0, word)) + 4


def _paint(sheet: Sheet, shown: _Map, style: Style) -> None:
    left = _left(shown)
    cell_width, cell_height = shown.cell
    paint_cells(sheet, shown.pooled, shown.scale, left, _TOP, shown.cell, style)
    if len(shown.outliers):
        around = shown.outliers * (cell_height, cell_width)
        wide, high = cell_width + 2 * _HALO, cell_height + 2 * _HALO
        sheet.frames(left + around[:, 1] - _HALO, _TOP + around[:, 0] - _HALO, wide, high, style.grey, 1.5)
    _paint_indices(sheet, shown, style)
    _paint_words(sheet, shown, style)
    side = left + shown.width + _GAP
    word, invalid = shown.scale_word, shown.pooled.invalid_kinds
    paint_legend(sheet, side, _TOP, word, shown.signed, _paper(shown), invalid, style)
    top = _TOP + (30 if shown.invalid.any() else 16)
    paint_histogram(sheet, shown.distribution, side, top, _SIDE - 2, min(sheet.height, 146) - top - 2, style)


def _paint_indices(sheet: Sheet, shown: _Map, style: Style) -> None:
    left, (rows, columns) = _left(shown), shown.pooled.shape
    named = _row_names(shown)
    for row, index in named:
        baseline = _TOP + (row + 0.5) * shown.cell[1] + 3
        sheet.text(left - 4, baseline, str(index), style.magenta, align="right")
    taken = [_TOP + (row + 0.5) * shown.cell[1] + 3 for row, _ in named]
    for baseline, index in ((_TOP + 7.5, 0), (_TOP + shown.height, rows - 1)):
        if all(abs(baseline - other) >= 10 for other in taken):
            sheet.text(left - 4, baseline, str(index), style.grey, align="right")
            taken.append(baseline)
    last = str(columns - 1)
    if columns > 1 and text_width("0") + text_width(last) + 8 > shown.width:
        sheet.text(left, _TOP - 4, f"0 … {last}", style.grey)  # side by side they would read as one number
        return
    sheet.text(left, _TOP - 4, "0", style.grey)
    if columns > 1:
        sheet.text(left + shown.width, _TOP - 4, last, style.grey, align="right")


def _paint_words(sheet: Sheet, shown: _Map, style: Style) -> None:
    """Writes what rows and columns stand for, where it fits between the indices."""
    if not shown.words:
        return
    down, across = shown.words
    left, room = _left(shown), text_width(str(shown.pooled.shape[1] - 1))
    if shown.height >= 36:
        sheet.text(left - 4, _TOP + 20, down, style.grey, align="right")
    start = left + text_width("0") + 6
    if start + text_width(across) + 8 <= left + shown.width - room:
        sheet.text(start, _TOP - 4, across, style.grey)


def _paper(shown: _Map) -> str:
    """Returns what a map without ink means."""
    known = shown.distribution
    if not known.counts:
        return "no finite values"
    if known.low == known.high == 0:
        return "all 0"
    if len(shown.outliers):
        return "0 but for outlined cells"
    return "0 where it was read" if shown.pooled.step != (1, 1) else "means are 0"


def _alt(shown: _Map, strongest: Pair | None = None) -> str:
    """Returns the alt text; of correlations, which pair is correlated most."""
    rows, columns = shown.pooled.shape
    pooled = f", pooled {wording.extent(shown.pooled.block)}" if shown.pooled.block != (1, 1) else ""
    axes = ATTENTION_ALT if shown.words else ""
    inks = ink_words(shown.scale_word, shown.signed, _paper(shown))
    kind = "Heat map of correlations" if shown.fixed else "Heat map"
    parts = [f"{kind} {wording.extent((rows, columns))}{pooled}{axes}, {inks}"]
    if strongest is not None:
        one, other = strongest.place
        parts.append(f"strongest {wording.number(strongest.value)}, of {one} and {other}")
    parts += sign_words(shown.pooled.invalid_kinds, shown.pooled.block[0])
    for down, right in shown.outliers[:4].tolist():
        place = wording.index((down * shown.pooled.block[0], right * shown.pooled.block[1]))
        value = wording.number(float(shown.pooled.extremes[down, right]))
        where = "at" if shown.pooled.block == (1, 1) else "in the block from"
        parts.append(f"extreme value of size {value} {where} {place}")
    histogram = shown.distribution
    if histogram.counts:
        parts.append(f"histogram from {histogram.word(histogram.low)} to {histogram.word(histogram.high)}")
    return f"{'; '.join(parts)}."
