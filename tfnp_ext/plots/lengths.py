"""The lengths of ragged rows: how they are spread, to choose a length to pad or to cut to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Ragged
from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import STYLE, Array, Plot, Style, prepared_once, register_plot
from tfnp_ext.plots.sheet import Sheet, text_width
from tfnp_ext.plots.tracks import index_step
from tfnp_ext.statistics import sample_places
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 2**22
"""Rows whose lengths are all read, in about seven milliseconds; of more, a sample is."""

MOST_BARS = 64
"""Lengths with a bar each; of more, neighbours share one."""

SHARE = 0.95
"""The share of rows that fit the second length marked, which padding is often cut to."""

_USUAL, _FAR = 0.99, 3
"""Rows longer than 99 % of them stand apart where the longest is more than three times as long as those."""

_SAMPLE = 2**18
_BLOCK = 2**16
_TALLIED = 2**16

_TALL = 56
_LINE = 11
_HEAD = 5
_FOOT = 14
_BARS_APART = 24
_WIDEST_BAR, _THINNEST_BAR, _ALL_BARS = 24, 5, 320
_APART = 14
_LEAST_WIDTH = 170


@dataclass(frozen=True)
class RowLengths:
    """How many rows have which length.

    Attributes:
        rows: How many rows there are.
        lengths: Every length found, ascending.
        counts: How many of the rows read have it.
        longest: The length of the longest row of all; ``None`` where only a sample was read.
    """

    rows: int
    lengths: Array
    counts: Array
    longest: int | None

    @property
    def read(self) -> int:
        """How many rows were read."""
        return int(self.counts.sum())

    @property
    def exact(self) -> bool:
        """Whether every row was read."""
        return self.read == self.rows

    @property
    def empty(self) -> int:
        """How many of the rows read have no values."""
        return int(self.counts[self.lengths == 0].sum())

    @property
    def median(self) -> float:
        """The length in the middle, or halfway between the two there."""
        return (self._at((self.read - 1) // 2) + self._at(self.read // 2)) / 2

    def holding(self, share: float) -> int:
        """Returns the smallest length that at least a share of the rows read fit."""
        return self._at(max(0, math.ceil(self.read * share) - 1))

    def _at(self, rank: int) -> int:
        """Returns the length of a row by its rank among all, the shortest first."""
        return int(self.lengths[np.searchsorted(np.cumsum(self.counts), rank, side="right")])


def read_lengths(splits: Array) -> RowLengths:
    """Returns how long the rows are that begin and end at ``splits`` [N + 1]; nothing of their size is allocated.

    Example:
        >>> read_lengths(np.array([0, 4, 4, 6])).median
        2.0
    """
    rows = max(0, len(splits) - 1)
    if rows <= _SAMPLE:
        lengths = _differences(splits[:-1], splits[1:])
        return RowLengths(rows, *np.unique(lengths, return_counts=True), longest=int(lengths.max(initial=0)))
    longest: int | None = None
    if rows <= MOST_ROWS:
        longest, tally = 0, np.zeros(_TALLIED, np.int64)
        for start in range(0, rows, _BLOCK):
            block = splits[start : start + _BLOCK + 1]
            lengths = _differences(block[:-1], block[1:])
            longest = max(longest, int(lengths.max()))
            if longest < _TALLIED:
                tally += np.bincount(lengths, minlength=_TALLIED)
        if longest < _TALLIED:
            found = np.flatnonzero(tally)
            return RowLengths(rows, found, tally[found], longest)
    places = sample_places(rows, _SAMPLE)
    assert places is not None
    lengths = _differences(splits[places], splits[places + 1])
    return RowLengths(rows, *np.unique(lengths, return_counts=True), longest=longest)


def _differences(starts: Array, ends: Array) -> Array:
    """Returns lengths; a row that ends before it starts, as TensorFlow lets one make unchecked, is empty."""
    return np.maximum(ends.astype(np.int64) - starts, 0)


def row_lengths(summary: Summary, options: DisplayOptions) -> RowLengths:
    """Returns the lengths of the outermost rows of a ragged value, read once for all that a card says of them."""
    return _row_lengths(None, summary, options)


@prepared_once
def _row_lengths(_: None, summary: Summary, options: DisplayOptions) -> RowLengths:
    content = summary.content
    assert isinstance(content, Ragged)
    return read_lengths(content.splits[0])


def padded_shape(content: Ragged, outer: RowLengths) -> tuple[int, ...] | None:
    """Returns the shape that padding would give; ``None`` where there are too many rows to tell."""
    longest = [outer.longest, *(read_lengths(splits).longest for splits in content.splits[1:])]
    if None in longest:
        return None
    return (outer.rows, *(length for length in longest if length is not None), *content.flat.shape[1:])


@dataclass(frozen=True)
class _Chart:
    """What a chart of lengths shows.

    Attributes:
        found: The lengths.
        first: The shortest length of the first bar.
        wide: How many lengths share a bar.
        counts: Rows in each bar, those without values left out.
        longer: Rows that are far longer than all others, and stand apart.
        inner: How many more ragged axes there are inside the rows.
    """

    found: RowLengths
    first: int
    wide: int
    counts: Array
    longer: int
    inner: int

    @property
    def end(self) -> int:
        """The first length beyond the last bar."""
        return self.first + self.wide * len(self.counts)

    @property
    def marks(self) -> tuple[tuple[float, str], tuple[float, str]]:
        """The two lengths that are marked, and what stands beside them."""
        median, most = self.found.median, self.found.holding(SHARE)
        return (median, f"median {wording.half(median)}"), (most, f"95 % ≤ {wording.integer(most)}")


@register_plot
class LengthsPlot(Plot):
    """How many rows are how long, with the median and the length that 95 % of the rows fit."""

    name = "lengths"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for ragged rows."""
        content = summary.content
        return 0.9 if isinstance(content, Ragged) and len(content.splits[0]) > 1 else 0.0

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns at most 64 bars of 5 px, or a few wider ones, with a column for empty rows."""
        layout = _Layout(self.prepare(summary, options))
        return layout.width, layout.height

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns the range, the two lengths marked, the commonest one and how many rows are empty."""
        chart = self.prepare(summary, options)
        found = chart.found
        low, high = int(found.lengths[0]), int(found.lengths[-1])
        reach = f"all {low}" if low == high else f"from {low} to {high}"
        parts = [f"Histogram of {wording.plural(found.read, 'row length')}, {reach}"]
        median, most = chart.marks
        parts.append(f"{median[1]}, 95 % of the rows up to {wording.integer(int(most[0]))}")
        common = int(np.argmax(found.counts))
        share = _rows(found, int(found.counts[common]))
        parts.append(f"most often {int(found.lengths[common])}, {share}")
        if found.empty:
            parts.append(f"empty {_rows(found, found.empty)}")
        if chart.longer:
            parts.append(f"longer than {wording.integer(chart.end - 1)}, apart, {_rows(found, chart.longer)}")
        return f"{'; '.join(parts)}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many lengths share a bar, which axis they are of, and how many rows were read."""
        chart = self.prepare(summary, options)
        notes = []
        if chart.wide > 1:
            notes.append(f"a bar holds {wording.integer(chart.wide)} lengths")
        if chart.inner:
            notes.append("lengths of the outermost rows")
        if not chart.found.exact:
            read, rows = wording.integer(chart.found.read), wording.integer(chart.found.rows)
            notes.append(f"lengths of {read} of {rows} rows")
        return "; ".join(notes)

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _Chart:
        """Returns the bars."""
        content = summary.content
        assert isinstance(content, Ragged)
        found = row_lengths(summary, options)
        inner = len(content.splits) - 1
        filled = found.lengths > 0
        lengths, counts = found.lengths[filled], found.counts[filled]
        if not len(lengths):
            return _Chart(found, 1, 1, np.empty(0, np.int64), 0, inner)
        usual = found.holding(_USUAL)
        kept = lengths <= (usual if lengths[-1] > _FAR * usual > 0 else lengths[-1])
        longer = int(counts[~kept].sum())
        lengths, counts = lengths[kept], counts[kept]
        wide = _even_width(int(lengths[-1] - lengths[0]) + 1)
        first = int(lengths[0]) // wide * wide
        return _Chart(found, first, wide, np.bincount((lengths - first) // wide, weights=counts), longer, inner)

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.bar`` of the rows over their length, empty rows at 0, and two lines that the legend names.

        Rows that are far longer than all others are only counted, in the label of the axis.
        """
        chart = self.prepare(summary, options)
        edges = np.maximum(chart.first + chart.wide * np.arange(len(chart.counts) + 1), 1) - 0.5
        share = 0.85 if len(chart.counts) <= _BARS_APART else 1.0
        axes.bar((edges[:-1] + edges[1:]) / 2, chart.counts, width=share * np.diff(edges), color=style.blue)
        if chart.found.empty:
            axes.bar(0, chart.found.empty, width=share, color=style.blue)
        for (length, word), line in zip(chart.marks, ("-", "--"), strict=True):
            axes.axvline(length, color=style.grey, linestyle=line, label=word)
        axes.legend()
        apart = f" ({_rows(chart.found, chart.longer)} longer, not drawn)" if chart.longer else ""
        axes.set_xlabel(f"row length{apart}")
        axes.set_ylabel("rows" if chart.found.exact else "rows of the sample")

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the bars on their baseline, lengths below, and a pin on the bars of the two lengths marked."""
        _Layout(self.prepare(summary, options)).paint(sheet, style)


def _rows(found: RowLengths, count: int) -> str:
    """Returns how many rows, of a sample their share."""
    return wording.plural(count, "row") if found.exact else f"{wording.percent(count / found.read)} of the rows"


def _even_width(span: int) -> int:
    """Returns how many lengths share a bar: a number that is easy to read, so that all bars fit."""
    if span <= MOST_BARS:
        return 1
    power: int = 10 ** math.floor(math.log10(span / MOST_BARS))
    # One bar more where the first one begins below the shortest length.
    return next(step for step in (power, 2 * power, 5 * power, 10 * power, 20 * power) if span / step <= MOST_BARS - 1)


class _Layout:
    """Where everything of a chart stands, in CSS pixels: empty rows, the bars, and rows that are far longer."""

    def __init__(self, chart: _Chart) -> None:
        self.chart = chart
        found = chart.found
        bars = len(chart.counts)
        self.bar: int = max(_THINNEST_BAR, min(_WIDEST_BAR, _ALL_BARS // max(1, bars)))
        self.most = max(float(chart.counts.max(initial=0)), found.empty, chart.longer)
        self.scale = wording.integer(int(self.most)) if found.exact else wording.percent(self.most / found.read)
        self.left = math.ceil(text_width(self.scale)) + 5
        column = max(self.bar, math.ceil(text_width("longer")))
        self.start = self.left + (column + _APART if found.empty and bars else 0)
        self.end = self.start + self.bar * bars
        middle = self.end + _APART + column / 2
        self.columns = [
            (word, middle, column, count)
            for word, middle, count in (
                ("empty", self.left + column / 2, found.empty),
                ("longer", middle, chart.longer),
            )
            if count
        ]
        right = max([self.end, *(math.ceil(middle + column / 2) for _, middle, _, _ in self.columns)])
        self.width = max(right + 8, self.left + _LEAST_WIDTH)
        self.labels = self._place_labels()
        self.base = _LINE * (1 + max(line for *_, line in self.labels)) + _HEAD + _TALL
        self.height = self.base + _FOOT

    def x(self, length: float) -> float:
        """Returns where a length stands."""
        if length == 0:
            return self.columns[0][1]
        if length > self.chart.end - 0.5:
            return self.columns[-1][1]
        # A median may lie between the empty rows and the first bar.
        place = (length - self.chart.first + 0.5) / self.chart.wide
        return self.start + max(place * self.bar, -_APART / 2)

    def _place_labels(self) -> list[tuple[float, float, str, int]]:
        """Returns for each mark where it stands, where its label begins, the label, and in which line."""
        (median, first), (most, second) = self.chart.marks
        low, high = self.x(median), self.x(most)
        wide, other = text_width(first), text_width(second)
        # The label of the lower one ends at its mark and that of the higher one begins there, while there is room.
        start = low - 3 - wide if low - 3 - wide >= self.left else low + 4
        behind = high + 4 if high + 4 + other <= self.width else high - 3 - other
        apart = start + wide + 8 <= behind
        return [(low, start, first, 0 if apart else 1), (high, behind, second, 0)]

    def height_at(self, length: float) -> float:
        """Returns how tall the bar of a length is, of two between which it lies the taller one."""
        return max(self._tall(self._count(math.floor(length))), self._tall(self._count(math.ceil(length))))

    def _count(self, length: int) -> float:
        if length == 0:
            return self.chart.found.empty
        place = (length - self.chart.first) // self.chart.wide
        if place < 0:
            return 0.0
        return float(self.chart.counts[place]) if place < len(self.chart.counts) else self.chart.longer

    def _tall(self, count: float) -> float:
        # The thinnest bar is one pixel: rare is not never.
        return max(1.0, round(count / self.most * _TALL * 2) / 2) if count else 0.0

    def paint(self, sheet: Sheet, style: Style) -> None:
        """Draws the chart."""
        chart, color = self.chart, style.blue + style.quiet
        tall = np.array([self._tall(count) for count in chart.counts.tolist()])
        gap = 2 if self.bar >= 14 else 1 if self.bar >= 8 else 0
        if len(tall):
            sheet.boxes(self.start + self.bar * np.arange(len(tall)), self.base - tall, self.bar - gap, tall, color)
            sheet.boxes(self.start, self.base, self.end - self.start, 0.5, style.grey)
        for word, middle, column, count in self.columns:
            high = self._tall(count)
            sheet.boxes(middle - self.bar / 2, self.base - high, self.bar - gap, high, color)
            sheet.boxes(middle - column / 2, self.base, column, 0.5, style.grey)
            sheet.text(middle, self.base + 11, word, style.grey, align="center")
        sheet.text(self.left - 5, self.base - _TALL + 7, self.scale, style.grey, align="right")
        for (length, _), (middle, start, word, line) in zip(chart.marks, self.labels, strict=True):
            top = _LINE * line
            sheet.boxes(middle - 0.5, top + 1, 1, max(4.0, self.base - self.height_at(length) - top - 2), style.grey)
            sheet.text(start, top + 8.5, word, style.grey)
        if len(tall):
            self._paint_ticks(sheet, style)

    def _paint_ticks(self, sheet: Sheet, style: Style) -> None:
        """Writes lengths below the axis: each where there is room, else the ends and what is easy to read between."""
        lengths = self.chart.found.lengths
        lengths = lengths[(lengths > 0) & (lengths < self.chart.end)]
        low, high = int(lengths[0]), int(lengths[-1])
        all_fit = self.chart.wide == 1 and text_width(str(high)) + 4 <= self.bar
        step = 1 if all_fit or low == high else index_step(high - low)
        taken: list[tuple[float, float]] = []
        for length in (low, high, *range(low // step * step + step, high, step)):
            word = wording.integer(length)
            middle, reach = self.x(length), text_width(word) / 2
            if step == 1 or all(middle + reach + 6 <= left or middle - reach - 6 >= right for left, right in taken):
                sheet.text(middle, self.base + 11, word, style.grey, align="center")
                taken.append((middle - reach, middle + reach))
