"""The histogram: how the values of anything numeric are spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext import wording
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
from tfnp_ext.plots.sheet import Sheet, text_width
from tfnp_ext.plots.ticks import name_columns
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 64
_SAMPLE = 2**17
_SIZE = (324, 84)
_NAMED = 20
_STORED = frozenset({"ragged", "sparse", "rows"})
"""Roles of values that no picture draws as an array: their statistics have the histogram."""


@dataclass(frozen=True)
class Distribution:
    """Counts of finite values in equal bins from ``low`` to ``high``, and how many values are not finite."""

    counts: tuple[int, ...]
    low: float
    high: float
    nans: int = 0
    highs: int = 0
    lows: int = 0
    size: int = 0
    integers: bool = False
    truths: bool = False

    @property
    def counted(self) -> int:
        """How many values were counted; fewer than ``size`` in a sample."""
        return sum(self.counts) + self.nans + self.highs + self.lows

    def word(self, value: float) -> str:
        """Returns an end in words: ``-0.207``, integers without decimals, ``False`` and ``True``."""
        if self.truths:
            return str(bool(value))
        return wording.number(value) if not self.integers or abs(value) >= 1e5 else f"{value:.0f}"

    @property
    def edges(self) -> Array:
        """The ends of the bins, one more than there are bins."""
        if not self.counts:
            return np.empty(0)
        share = np.linspace(0, 1, len(self.counts) + 1)
        margin = 0.5 if self.one_each else 0.0
        return np.asarray((self.low - margin) * (1 - share) + (self.high + margin) * share)

    @property
    def one_each(self) -> bool:
        """Whether every integer has a bin of its own."""
        return self.integers and len(self.counts) == self.high - self.low + 1


def read_distribution(summary: Summary, options: DisplayOptions) -> Distribution:
    """Returns the histogram that the statistics hold already, or one made anew."""
    known = summary.statistics
    if known is not None and known.histogram:
        truths = summary.dtype == "bool"
        # Of truth values the pass has counted all, where a histogram may be of a sample.
        both = truths and known.minimum != known.maximum
        return Distribution(
            (known.zeros, known.finite - known.zeros) if both else tuple(map(int, known.histogram)),
            float(known.minimum),
            float(known.maximum),
            known.nans,
            known.positive_infinities,
            known.negative_infinities,
            known.size,
            isinstance(known.minimum, int),
            truths,
        )
    values = read(summary, options).values
    flat = values.reshape(-1) if values.flags.c_contiguous else values.ravel()
    size = flat.size
    flat = as_floats(flat[:: max(1, -(-size // _SAMPLE))]).astype(np.float64)
    finite = flat[np.isfinite(flat)]
    invalid = (int(np.isnan(flat).sum()), int((flat == np.inf).sum()), int((flat == -np.inf).sum()))
    if not finite.size:
        return Distribution((), math.nan, math.nan, *invalid, size)
    low, high = float(finite.min()), float(finite.max())
    scaled, start, end = near_one(finite, low, high)
    places = np.minimum((scaled - start) / (float(end - start) or 1.0) * BINS, BINS - 1).astype(np.intp)
    return Distribution(
        tuple(np.bincount(places, minlength=BINS).tolist()), low, high, *invalid, size, values.dtype.kind in "biu"
    )


@register_plot
class HistogramPlot(Plot):
    """How often which values occur: 64 bins, orange below zero, blue above."""

    name = "histogram"

    def suits(self, summary: Summary) -> float:
        """Returns 0.5 for what has no picture of its own, 0.2 for other numbers, those that a composite stores too."""
        known = summary.statistics
        if summary.role in _STORED:
            return 0.2 if known is not None and known.histogram and not summary.dtype.startswith("complex") else 0.0
        if not is_numeric(summary.drawn):
            return 0.0
        constant = known is not None and known.minimum == known.maximum
        return 0.2 if constant or summary.role in {"values", "scalar"} else 0.5

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns 5 px a bin; a line more for values that are not finite."""
        found = self.prepare(summary, options)
        return _SIZE[0], _SIZE[1] + (14 if found.nans + found.highs + found.lows else 0)

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns the range, the commonest bin and the values left out."""
        found = self.prepare(summary, options)
        invalid = _invalid_words(found)
        if not found.counts:
            return f"Histogram without finite values: {', '.join(invalid)}."
        edges = found.edges
        most = int(np.argmax(found.counts))
        if found.one_each:
            peak = f"most often {found.word(found.low + most)}, {wording.integer(found.counts[most])} times"
        else:
            peak = f"most between {wording.number(edges[most])} and {wording.number(edges[most + 1])}"
        left_out = f" Not drawn: {', '.join(invalid)}." if invalid else ""
        return f"Histogram from {found.word(found.low)} to {found.word(found.high)}, {peak}.{left_out}"

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many of the values the histogram counts, where it is not all, or which those are."""
        found = self.prepare(summary, options)
        values = "stored values" if summary.role in _STORED else "values"
        if found.counts and found.counted < found.size:
            return f"histogram of {wording.integer(sum(found.counts))} of the {values}"
        return f"histogram of the {values}" if summary.role in _STORED else ""

    def shows_histogram(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns True: it is nothing else."""
        return True

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Distribution:
        """Returns the counts."""
        return read_distribution(summary, options)

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.bar`` of the counts, a bar a bin."""
        found = self.prepare(summary, options)
        if found.counts and found.low == found.high:
            axes.bar(found.low, sum(found.counts), width=1.0, color=style.orange if found.low < 0 else style.blue)
            name_columns(axes, [found.low], [found.word(found.low)])
        elif found.counts:
            edges = found.edges
            colors = [style.orange if edge < 0 else style.blue for edge in (edges[:-1] + edges[1:]) / 2]
            width = float(edges[1] - edges[0]) or 1.0
            axes.bar(edges[:-1], found.counts, width=width, align="edge", color=colors)
            if found.one_each and len(found.counts) <= _NAMED:
                places = [found.low + place for place in range(len(found.counts))]
                name_columns(axes, places, [found.word(place) for place in places])
        words = _invalid_words(found)
        if words:
            axes.set_xlabel(" ".join(words), color=style.magenta)

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws bins and the words for what is not finite."""
        found = self.prepare(summary, options)
        paint_histogram(sheet, found, 2, 2, BINS * 5, _SIZE[1] - 4, style)
        words = _invalid_words(found)
        if words:
            sheet.text(2, sheet.height - 3, "  ".join(words), style.magenta)


def paint_histogram(
    sheet: Sheet, found: Distribution, left: float, top: float, width: float, height: float, style: Style
) -> None:
    """Draws bins on a baseline with lowest value, zero and highest value below it, inside the box given."""
    if not found.counts:
        return
    base = top + height - 13
    sheet.boxes(left, base, width, 0.5, style.grey)
    low, high = found.word(found.low), found.word(found.high)
    if found.high == found.low:
        color = (style.orange if found.low < 0 else style.blue) + style.quiet
        sheet.boxes(left + width / 2 - 2, top, 4, base - top, color)
        sheet.text(left + width / 2, base + 11, low, style.grey, align="center")
        return
    counts = np.asarray(found.counts, np.float64)
    # The thinnest bar of a bin that is not empty is one pixel: rare is not never.
    tall = np.where(counts > 0, np.maximum(np.rint(counts / counts.max() * (base - top) * 2), 2) / 2, 0)
    edges = np.rint(np.linspace(left, left + width, len(counts) + 1) * 2) / 2
    if found.one_each and len(counts) <= _NAMED:
        _paint_named(sheet, found, edges, base - tall, base, style)
        return
    zero = left + width * _share(found)
    below = np.clip(np.rint(zero * 2) / 2, edges[:-1], edges[1:])
    sheet.boxes(edges[:-1], base - tall, below - edges[:-1], tall, style.orange + style.quiet)
    sheet.boxes(below, base - tall, edges[1:] - below, tall, style.blue + style.quiet)
    sheet.text(left, base + 11, low, style.grey)
    sheet.text(left + width, base + 11, high, style.grey, align="right")
    room = left + text_width(low) + 8, left + width - text_width(high) - 8
    if found.low < 0 < found.high and room[0] < zero < room[1]:
        sheet.text(zero, base + 11, "0", style.grey, align="center")


def _paint_named(sheet: Sheet, found: Distribution, edges: Array, tops: Array, base: float, style: Style) -> None:
    """Draws a bar for each of a few integers, apart from each other, with the integer below and its count above."""
    first, most = int(found.low), max(found.counts)
    words = [wording.integer(count) for count in found.counts]
    # Counts of a sample are no counts; those that do not fit above their bar are left to the table.
    written = found.counted == found.size and max(map(text_width, words)) <= edges[1] - edges[0] - 2
    shrink = 1 - 11 / (base - float(tops.min())) if written else 1.0
    for place, count in enumerate(found.counts):
        value, left, right = first + place, float(edges[place]), float(edges[place + 1])
        color = (style.orange if value < 0 else style.blue) + style.quiet
        top = base - round((base - float(tops[place])) * shrink * 2) / 2
        if count:
            sheet.boxes(left + 2, top, right - left - 4, base - top, color)
            if written:
                sheet.text((left + right) / 2, top - 3, words[place], style.grey, bold=count == most, align="center")
        sheet.text((left + right) / 2, base + 11, found.word(value), style.grey, align="center")


def _share(found: Distribution) -> float:
    """Returns where zero lies between the ends, 0 … 1."""
    if found.low >= 0:
        return 0.0
    if found.high <= 0:
        return 1.0
    low, high = near_one(found.low, found.high)
    return float(-low / (high - low))


def _invalid_words(found: Distribution) -> list[str]:
    counts = (found.nans, "× {} NaN"), (found.highs, "▲ {} +Inf"), (found.lows, "▼ {} -Inf")
    return [words.format(wording.integer(count)) for count, words in counts if count]
