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
    is_numeric,
    near_one,
    prepared_once,
    read,
    register_plot,
)
from tfnp_ext.plots.sheet import Sheet, text_width
from tfnp_ext.plots.ticks import name_columns
from tfnp_ext.statistics import compute_statistics
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 64
_SIZE = (324, 84)
_NAMED = 20
_STORED = frozenset({"ragged", "sparse", "rows"})
"""Roles of values that no picture draws as an array: their statistics have the histogram."""


@dataclass(frozen=True)
class Distribution:
    """Counts of finite values in bins from ``low`` to ``high``, and how many values are not finite.

    Attributes:
        counts: Of each bin.
        heights: The counts; that of a last bin which is narrower is as high as if it were as wide as the others.
        low: The smallest finite value.
        high: The largest.
        nans: How many are NaN.
        highs: How many are +Inf.
        lows: How many are -Inf.
        size: How many values there are.
        wide: How many integers a bin stands for, but for the last one; ``None`` where bins are of no integers.
        truths: Whether the values are ``False`` and ``True``.
    """

    counts: tuple[int, ...]
    heights: tuple[float, ...]
    low: float
    high: float
    nans: int = 0
    highs: int = 0
    lows: int = 0
    size: int = 0
    wide: int | None = None
    truths: bool = False

    @property
    def counted(self) -> int:
        """How many values were counted; fewer than ``size`` in a sample."""
        return sum(self.counts) + self.nans + self.highs + self.lows

    def word(self, value: float) -> str:
        """Returns an end in words: ``-0.207``, integers without decimals, ``False`` and ``True``."""
        if self.truths:
            return str(bool(value))
        return wording.number(value) if self.wide is None or abs(value) >= 1e5 else f"{value:.0f}"

    def bin_words(self, place: int) -> tuple[str, str]:
        """Returns between which values a bin lies; of integers the first and the last that it stands for."""
        if self.wide is None:
            low, high = self.edges[place : place + 2]
            return wording.number(low), wording.number(high)
        first = self.low + self.wide * place
        return self.word(first), self.word(min(first + self.wide - 1, self.high))

    @property
    def edges(self) -> Array:
        """The ends of the bins, one more than there are bins; of integers half between two of them."""
        if not self.counts:
            return np.empty(0)
        count = len(self.counts)
        if self.wide is None:
            share = np.linspace(0, 1, count + 1)
            return np.asarray(self.low * (1 - share) + self.high * share)
        return np.append(self.low - 0.5 + self.wide * np.arange(count), self.high + 0.5)

    @property
    def shares(self) -> Array:
        """Where the ends of the bins lie between the first and the last of them, 0 … 1."""
        bins = len(self.counts)
        if self.wide is None:
            return np.linspace(0, 1, bins + 1)
        share = self.wide / (self.high - self.low + 1)
        return np.asarray(np.minimum(np.arange(bins + 1) * share, 1.0))

    @property
    def one_each(self) -> bool:
        """Whether every integer has a bin of its own."""
        return self.wide == 1


def read_distribution(summary: Summary, options: DisplayOptions) -> Distribution:
    """Returns the histogram that the statistics hold already, or one made anew."""
    known = summary.statistics or compute_statistics(read(summary, options).values, options.budget_ms)
    if known is not None and known.histogram:
        truths = summary.dtype == "bool"
        # Of truth values the pass has counted all, where a histogram may be of a sample.
        both = truths and known.minimum != known.maximum
        counts = (known.zeros, known.finite - known.zeros) if both else known.histogram
        return Distribution(
            counts,
            counts if both else known.heights,
            float(known.minimum),
            float(known.maximum),
            known.nans,
            known.positive_infinities,
            known.negative_infinities,
            known.size,
            1 if both else known.bin_width,
            truths,
        )
    size = summary.drawn.size if summary.drawn is not None else 0
    nans, highs, lows = known.invalid_kinds.values() if known is not None else (0, 0, 0)
    return Distribution((), (), math.nan, math.nan, nans, highs, lows, size)


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
        most = int(np.argmax(found.heights))
        if found.one_each:
            peak = f"most often {found.word(found.low + most)}, {wording.integer(found.counts[most])} times"
        else:
            low, high = found.bin_words(most)
            peak = f"most between {low} and {high}"
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
            axes.bar(edges[:-1], found.heights, width=np.diff(edges), align="edge", color=colors)
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
    counts = np.asarray(found.heights, np.float64)
    # The thinnest bar of a bin that is not empty is one pixel: rare is not never.
    tall = np.where(counts > 0, np.maximum(np.rint(counts / counts.max() * (base - top) * 2), 2) / 2, 0)
    edges = np.rint((left + width * found.shares) * 2) / 2
    if found.one_each and len(counts) <= _NAMED:
        _paint_named(sheet, found, edges, base - tall, base, style)
        return
    zero = left + width * _share(found, 0)
    # Between -1 and the integer 0, or at the real zero.
    split = zero if found.wide is None else left + width * _share(found, -0.5)
    below = np.clip(np.rint(split * 2) / 2, edges[:-1], edges[1:])
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


def _share(found: Distribution, value: float) -> float:
    """Returns where a value near zero lies between the outer ends of the bins, 0 … 1."""
    if found.low >= 0:
        return 0.0
    if found.high < 0 or (found.wide is None and not found.high):
        return 1.0
    if found.wide is not None:
        return (value - found.low + 0.5) / (found.high - found.low + 1)
    low, high = near_one(found.low, found.high)
    return float(-low / (high - low))


def _invalid_words(found: Distribution) -> list[str]:
    counts = (found.nans, "× {} NaN"), (found.highs, "▲ {} +Inf"), (found.lows, "▼ {} -Inf")
    return [words.format(wording.integer(count)) for count, words in counts if count]
