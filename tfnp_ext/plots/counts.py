"""Counts: how often each class occurs among labels, one-hot targets or any integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Bar, Bars, Block
from tfnp_ext.plots.bars import (
    LONGEST_BAR,
    LONGEST_COLUMN_LABEL,
    MOST_COLUMNS,
    Chart,
    chart_size,
    draw_chart,
    paint_chart,
)
from tfnp_ext.plots.base import (
    STYLE,
    Plot,
    Style,
    is_numeric,
    prepared_once,
    register_plot,
)
from tfnp_ext.plots.class_counts import ClassCounts, count_classes
from tfnp_ext.plots.sheet import TEXT, Sheet, text_width
from tfnp_ext.plots.ticks import name_columns
from tfnp_ext.plots.tracks import index_step
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_IN_STRIP = 200
_TOP_OF_MANY = 5
_TEXT_ROWS = 8
_WIDTH = 830
_STRIP = 600
_WIDEST_STEP = 12
_STRIP_HEIGHT = 52
_MARGIN = 12


@dataclass(frozen=True)
class _CountChart(Chart):
    """A chart of counts; ``words`` has that of each bar."""

    words: tuple[str, ...]

    @property
    def pitch(self) -> int:
        """CSS pixels from one column to the next: room for its count."""
        widths = [
            text_width(word, TEXT, True) if bar in self.tops else text_width(word)
            for bar, word in enumerate(self.words)
        ]
        return max(super().pitch, math.ceil(max(widths, default=0.0)) + 4)

    def word(self, bar: int) -> str:
        """Returns a bar's count."""
        return self.words[bar]

    def short_word(self, bar: int) -> str:
        """Returns a bar's count: an empty class says 0."""
        return self.words[bar]


@dataclass(frozen=True)
class _Strip:
    """A thin column for each of many classes.

    Attributes:
        found: The counts.
        step: CSS pixels from one column to the next.
    """

    found: ClassCounts
    step: int

    @property
    def width(self) -> int:
        """Width of the whole in CSS pixels."""
        return self.step * len(self.found.counts) + 2 * _MARGIN

    @property
    def named(self) -> tuple[tuple[int, str, bool], ...]:
        """The commonest and the rarest class: place, words and whether it is the commonest."""
        found = self.found
        ends = *((place, True) for place in found.commonest[:1]), *((place, False) for place in found.rarest[:1])
        return tuple((int(place), f"{found.name(place)} ({found.times(place)})", top) for place, top in ends)

    @property
    def ticks(self) -> tuple[int, ...]:
        """Places that get a tick: the first, the last and a few between at even numbers."""
        first, last = int(self.found.classes[0]), int(self.found.classes[-1])
        step = index_step(last - first + 1)
        even = range(-(-first // step) * step, last + 1, step)
        return tuple(value - first for value in dict.fromkeys((first, last, *even)))


@register_plot
class CountsPlot(Plot):
    """How often each class occurs: columns of a few, a strip of many, the most frequent ones of very many."""

    name = "counts"
    names_classes = True

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for labels and one-hot targets, 0.3 for other vectors of integers or truth values."""
        values = summary.drawn
        if values is None or not is_numeric(values):
            return 0.0
        if summary.role == "one-hot":
            return 0.9
        if values.ndim != 1 or kind_rank(values.dtype) not in {0, 1}:
            return 0.0
        return 0.9 if summary.role == "labels" else 0.3

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns 34 px a column, 14 px a row, or the size of the strip."""
        shown = self.prepare(summary, options)
        return (shown.width, _STRIP_HEIGHT + 20) if isinstance(shown, _Strip) else chart_size(shown)

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns the counts of a few classes; of more the commonest and the rarest."""
        shown, found = self.prepare(summary, options), count_classes(summary, options)
        classes = f"{wording.integer(len(found.counts))} classes{_of_sample(found)}"
        if isinstance(shown, _Strip):
            said = [f"{word} {words}" for word, (_, words, _) in zip(("most", "fewest"), shown.named, strict=False)]
            empty = len(found.counts) - found.present
            said += [f"{wording.integer(empty)} {'not seen' if found.sampled else 'empty'}"] if empty else []
            even = "none far ahead" if found.sampled else f"each {found.times(0)}"
            ends = f"{found.name(0)} … {found.name(-1)}"
            return f"Thin columns, counts of {classes}, {ends}: {', '.join(said) or even}."
        listed = ", ".join(f"{name}: {shown.word(bar)}" for bar, name in enumerate(shown.told))
        if shown.columns:
            return f"Column chart, counts of {classes}. {listed}."
        rest = f", {shown.rest.removeprefix('+ ')}" if shown.rest else ""
        most = f"the {len(shown.names)} most frequent of " if shown.rest else ""
        return f"Bar chart, counts of {most}{classes}. {listed}{rest}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many of the examples are counted, where it is not all."""
        found = count_classes(summary, options)
        if not found.sampled:
            return ""
        return f"shares of a sample: {wording.integer(found.seen)} of {wording.integer(found.size)} counted"

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns the counts as text, the most frequent first."""
        found = count_classes(summary, options)
        places = _most_frequent(found, options.top or _TEXT_ROWS)
        tops = set(found.commonest.tolist())
        most = max(1, int(found.counts.max()))
        names = wording.told_apart(list(map(found.name, places)), LONGEST_BAR)
        bars = (
            Bar(name, found.word(place), float(found.counts[place] / most), place in tops)
            for name, place in zip(names, places, strict=True)
        )
        return Bars(tuple(bars), _rest(found, places), rest_after=lambda shown: _rest(found, places[:shown]))

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _CountChart | _Strip:
        """Returns the columns, rows or strip that the number of classes and their names call for."""
        found = count_classes(summary, options)
        count = len(found.counts)
        short = count <= _MOST_IN_STRIP and all(len(found.name(at)) <= LONGEST_COLUMN_LABEL for at in range(count))
        if MOST_COLUMNS < count <= _MOST_IN_STRIP and short and found.gapless and options.top is None:
            return _Strip(found, max(3, min(_WIDEST_STEP, _STRIP // count)))
        if count <= min(options.top or count, MOST_COLUMNS) and short:
            columns = _chart(found, range(count), columns=True)
            if columns.pitch * count <= _WIDTH:
                return columns
        return _chart(found, _most_frequent(found, options.top or (count if count <= MOST_COLUMNS else _TOP_OF_MANY)))

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.bar`` or ``axes.barh`` of the counts; in a strip the commonest and the rarest are written."""
        shown = self.prepare(summary, options)
        if not isinstance(shown, _Strip):
            draw_chart(axes, shown, style)
            return
        found = shown.found
        first = int(found.classes[0])
        quiet = [style.blue + style.quiet] * len(found.counts)
        for place in found.commonest.tolist():
            quiet[place] = style.blue
        bars = axes.bar(found.classes, found.counts, color=quiet)
        words = {place: words for place, words, _ in shown.named}
        axes.bar_label(bars, [words.get(place, "") for place in range(len(found.counts))], padding=1)
        name_columns(axes, [first + place for place in shown.ticks], [found.name(place) for place in shown.ticks])

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws columns, rows or the strip, in CSS pixels."""
        shown = self.prepare(summary, options)
        if isinstance(shown, _Strip):
            _paint_strip(sheet, shown, style)
        else:
            paint_chart(sheet, shown, style)


def _chart(found: ClassCounts, places: Sequence[int], columns: bool = False) -> _CountChart:
    counts = found.counts[list(places)].astype(np.float64)
    tops = set(found.commonest.tolist())
    return _CountChart(
        shares=False,
        names=tuple(map(found.name, places)),
        values=counts,
        order=tuple(np.argsort(-counts, kind="stable").tolist()),
        tops=frozenset(bar for bar, place in enumerate(places) if place in tops),
        columns=columns,
        rest=_rest(found, places),
        count=len(found.counts),
        noun="classes",
        words=tuple(map(found.word, places)),
    )


def _most_frequent(found: ClassCounts, limit: int) -> list[int]:
    """Returns the places of the most frequent classes, equal ones in their order; empty ones only where all fit."""
    shown = limit if len(found.counts) <= limit else min(limit, max(1, found.present))
    places: list[int] = np.argsort(-found.counts, kind="stable")[:shown].tolist()
    return places


def _rest(found: ClassCounts, places: Sequence[int]) -> str:
    """Returns what the classes left out come to: ``+ 990 others, 3 214``."""
    others = len(found.counts) - len(places)
    if not others:
        return ""
    left = found.seen - int(found.counts[list(places)].sum())
    return f"+ {wording.plural(others, 'other')}, {found.words(left)}"


def _of_sample(found: ClassCounts) -> str:
    return " in a sample" if found.sampled else ""


def _paint_strip(sheet: Sheet, shown: _Strip, style: Style) -> None:
    """Draws a thin column a class, ticks at a few, and below their columns the commonest and the rarest."""
    found, step = shown.found, shown.step
    count, base = len(found.counts), 4 + _STRIP_HEIGHT
    # The shortest column of a class that is not empty is one pixel: rare is not never.
    tall = np.rint(found.counts / max(1, int(found.counts.max())) * _STRIP_HEIGHT * 2)
    heights = np.where(found.counts > 0, np.maximum(tall, 1), 0) / 2
    gap = 0.5 if step < 6 else 1
    colors = [style.blue + style.quiet] * count
    for place in found.commonest.tolist():
        colors[place] = style.blue
    sheet.boxes(_MARGIN + np.arange(count) * step + gap / 2, base - heights, step - gap, heights, colors)
    sheet.boxes(_MARGIN, base, count * step, 0.5, style.grey)
    words = [*shown.named, *((place, found.name(place), False) for place in shown.ticks)]
    taken: list[tuple[float, float]] = []
    for place, word, bold in words:
        middle = _MARGIN + (place + 0.5) * step
        half = text_width(word, TEXT, bold) / 2
        # A word at an end is moved inside the sheet.
        start = min(max(middle - half, 0.0), shown.width - 2 * half)
        if any(start < right + 8 and left < start + 2 * half + 8 for left, right in taken):
            continue
        taken.append((start, start + 2 * half))
        sheet.boxes(round(middle * 2) / 2 - 0.5, base + 0.5, 0.5, 3, style.grey)
        sheet.text(start, base + 13, word, style.grey, TEXT, bold)
