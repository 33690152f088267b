"""Bars: one for each class of a vector of probabilities or logits, or each number of a short vector."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Bar, Bars, Block, Cell, Figure, Row, Table
from tfnp_ext.plots.base import (
    LONGEST_LABEL,
    LONGEST_WORDS,
    STYLE,
    Array,
    Plot,
    Style,
    as_floats,
    class_labels,
    is_numeric,
    near_one,
    prepared_once,
    read,
    register_plot,
)
from tfnp_ext.plots.inks import MARKER_OF, sign_of
from tfnp_ext.plots.sheet import TEXT, Sheet, can_write, text_width
from tfnp_ext.plots.ticks import name_columns, name_ticks
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 20
LONGEST_COLUMN_LABEL = 4
LONGEST_BAR = 40
"""Characters of a name beside a bar of text."""

SMALL_VECTOR = 8
"""Up to so many probabilities are columns of text: no picture is drawn."""

_NOUNS = {"probabilities": "class probabilities", "logits": "logits", "scores": "multi-label scores"}
"""The roles that are scores of classes, and what they are called."""

_MOST_RANKED = 100_000
"""So many values are put in order whole; of more only the largest are looked for, a block at a time."""

_EXACT = 1e-7
_BLOCK = 2**18
_TOP_OF_MANY = 5
_TEXT_ROWS = 10
_COLUMN = 34
_COLUMN_BAR = 25
_COLUMN_HEIGHT = 52
_ROW = 14
_ROW_LENGTH = 160


@dataclass(frozen=True)
class Chart:
    """What a bar chart shows.

    Attributes:
        shares: Whether the values are probabilities.
        names: The whole name of each bar, in the order of the bars.
        values: One value a bar, float64 [N].
        order: Bars from the largest value to the smallest, NaN last.
        tops: The bars that are the answer, written bold; none where the numbers are no scores.
        columns: Whether bars stand side by side, in class order; else they are rows, largest first.
        rest: What is left out, in words.
        count: How many values there are.
        noun: What the values are, in words.
    """

    shares: bool
    names: tuple[str, ...]
    values: Array
    order: tuple[int, ...]
    tops: frozenset[int]
    columns: bool
    rest: str
    count: int
    noun: str

    @property
    def pitch(self) -> int:
        """CSS pixels from one column to the next."""
        return _COLUMN

    @cached_property
    def labels(self) -> list[str]:
        """The names as they stand in a picture."""
        return wording.told_apart(self.names, LONGEST_LABEL)

    @cached_property
    def told(self) -> list[str]:
        """The names as they stand in words."""
        return wording.told_apart(self.names, LONGEST_WORDS)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The value of each bar in words."""
        return tuple(map(wording.percent if self.shares else wording.number, self.values.tolist()))

    @cached_property
    def scaled(self) -> tuple[Array, float, float]:
        """The values, 0 where they are not finite, lowest and highest of them and 0, all scaled near 1."""
        values = near_one(np.where(np.isfinite(self.values), self.values, 0.0))[0]
        return values, min(0.0, float(values.min())), max(0.0, float(values.max()))

    @property
    def lengths(self) -> list[float]:
        """How long each bar is, as a share of the longest."""
        values = self.scaled[0]
        shares: list[float] = (values / (np.abs(values).max() or 1.0)).tolist()
        return shares

    def short_word(self, bar: int) -> str:
        """Returns a bar's value as it stands on a column: nothing for a share under half a percent."""
        value = float(self.values[bar])
        if not math.isfinite(value):
            return ""
        if self.shares:
            return self.words[bar] if bar in self.tops else f"{value * 100:.0f}" if value >= 0.005 else ""
        largest = float(np.abs(self.values[np.isfinite(self.values)]).max())
        if value == 0 or not 1e-2 <= largest < 1e4:
            return wording.number(value, 2)
        if (self.values[np.isfinite(self.values)] % 1 == 0).all():
            return f"{value:.0f}"
        if largest <= 1:  # scores of a sigmoid: none is rounded to 0 or 1
            return "<.01" if 0 < value < 0.005 else ">.99" if 0.995 <= value < 1 else f"{value:.2f}"
        return f"{value:.1f}"


@register_plot
class BarPlot(Plot):
    """Bars of class probabilities, of logits around zero, or of any vector when asked for."""

    name = "bar"
    names_classes = True

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for one vector of scores, 0.3 for other vectors and for very long ones."""
        values = summary.drawn
        if values is None or values.ndim != 1 or not is_numeric(values):
            return 0.0
        return 0.9 if summary.role in _NOUNS and values.size <= _MOST_RANKED else 0.3

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns 34 px a column, or 14 px a row."""
        return chart_size(self.prepare(summary, options))

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns the largest three bars, and for logits the lowest."""
        chart = self.prepare(summary, options)
        form = "Column chart" if chart.columns else "Bar chart"
        many = (
            f"top {len(chart.names)} of {wording.integer(chart.count)}"
            if chart.rest
            else f"of {wording.integer(chart.count)}"
        )
        finite = [bar for bar in chart.order if math.isfinite(chart.values[bar])]
        what = f"{form}{', ' if chart.rest else ' '}{many} {chart.noun}"
        invalid = len(chart.order) - len(finite)
        last = f" {wording.plural(invalid, 'value')} not finite." if invalid else ""
        named = [f"{chart.told[bar]}: {chart.words[bar]}" for bar in finite]
        if chart.shares:
            return f"{what}. {', '.join(named[:3])}.{last}"
        if (chart.values < 0).any():
            what += " around zero"
        if not finite:
            return f"{what}.{last}"
        then = f", then {named[1]}" if len(finite) > 1 else ""
        lowest = f"; lowest {named[-1]}" if len(finite) > 2 and not chart.rest else ""
        return f"{what}. Highest {named[0]}{then}{lowest}.{last}"

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns the bars as text: the largest first, five of them unless ``top`` says otherwise; a few in order."""
        chart = self.prepare(summary, options)
        if chart.shares and chart.columns and chart.count <= SMALL_VECTOR:
            return Bars(_bars(chart, range(len(chart.names)), summary), columns=True)
        limit = options.top or (_TOP_OF_MANY if chart.shares or len(chart.names) > MOST_COLUMNS else _TEXT_ROWS)
        listed = chart.order if len(chart.order) <= limit else chart.order[:limit]
        if chart.rest:
            return Bars(_bars(chart, listed, summary), chart.rest)
        if summary.role == "logits" and chart.columns and options.labels is None:
            # In a terminal there is no room for a line each, and sorted ones would have lost their order.
            cells = (Cell(text, framed=bar in chart.tops) for bar, text in enumerate(chart.words))
            return Table((Row(tuple(cells)),), columns=chart.names, compact=True)

        def rest(shown: int) -> str:
            return _rest(chart.shares, [chart.values[list(chart.order[shown:])]])

        return Bars(_bars(chart, listed, summary), rest(limit), rest_after=rest)

    def blocks(self, summary: Summary, options: DisplayOptions) -> tuple[Block, ...]:
        """Returns the picture, or up to 8 probabilities as columns of text; bars of text where a font lacks a name."""
        chart = self.prepare(summary, options)
        if chart.shares and chart.columns and chart.count <= SMALL_VECTOR:
            columns = self.fallback(summary, options)
            return () if columns is None else (columns,)
        if not all(map(can_write, chart.labels)):
            return (Figure(None, self.alt(summary, options), Bars(_bars(chart, chart.order, summary), chart.rest)),)
        return super().blocks(summary, options)

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Chart:
        """Returns what the chart shows: every class in order, or the largest few as rows."""
        reading = read(summary, options)
        shares = reading.role == "probabilities"
        count = len(reading.values)
        names = class_labels(options, count)
        limit = options.top or (count if count <= MOST_COLUMNS else _TOP_OF_MANY)
        # NaN sorts last, and equal values keep the order of their classes.
        if long := count > _MOST_RANKED:
            order = _largest(reading.values, min(limit, _MOST_RANKED))
            limit, values = len(order), reading.values
        else:
            values = _numbers(reading.values)
            order = np.argsort(-values, kind="stable")
        short = all(len(name) <= LONGEST_COLUMN_LABEL for name in names[: MOST_COLUMNS + 1])
        columns = count <= min(limit, MOST_COLUMNS) and short
        kept = np.arange(count) if columns else order[:limit]
        left = _without(values, order) if long else [values[order[limit:]]]
        rest = "" if columns else _rest(shares, left)
        values = _numbers(values[kept])
        order = np.argsort(-values, kind="stable")
        tied = 1
        while tied < len(order) and values[order[tied]] == values[order[0]]:
            tied += 1
        scores = reading.role in _NOUNS and math.isfinite(values[order[0]])
        noun = _NOUNS.get(reading.role, "values")
        return Chart(
            shares=shares,
            names=tuple(names[place] for place in kept.tolist()),
            values=values,
            order=tuple(map(int, order)),
            tops=frozenset(map(int, order[:tied])) if scores else frozenset(),
            columns=columns,
            rest=rest,
            count=count,
            noun=noun,
        )

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.bar`` (columns) or ``axes.barh`` (rows), values beside the bars, names as ticks."""
        draw_chart(axes, self.prepare(summary, options), style)

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws columns, or rows, in CSS pixels."""
        paint_chart(sheet, self.prepare(summary, options), style)


def _bars(chart: Chart, shown: Iterable[int], summary: Summary) -> tuple[Bar, ...]:
    """Returns bars as text; of a few probabilities that are all shown each with its number."""
    lengths, numbers = chart.lengths, [""] * len(chart.names)
    if chart.shares and len(chart.names) == chart.count <= SMALL_VECTOR and summary.drawn is not None:
        numbers = _share_texts(chart.values, summary.drawn.dtype)
    words, tops, names = chart.words, chart.tops, wording.told_apart(chart.names, LONGEST_BAR)
    return tuple(Bar(names[bar], words[bar], lengths[bar], bar in tops, numbers[bar]) for bar in shown)


def _share_texts(shares: Array, dtype: np.dtype[Any]) -> list[str]:
    """Returns probabilities with three decimals if these are exact or all that the dtype carries, else with four."""
    exact = all(abs(share - float(f"{share:.3f}")) < _EXACT for share in shares.tolist())
    decimals = 3 if exact or dtype.itemsize <= 2 else 4
    return [wording.share(share, decimals) for share in shares.tolist()]


def chart_size(chart: Chart) -> tuple[int, int]:
    """Returns width and height of a chart in CSS pixels."""
    if chart.columns:
        return max(chart.pitch * len(chart.names), 2 * _COLUMN), 82 if chart.scaled[1] == 0 else 96
    widest = max((text_width(chart.words[bar], TEXT, bar in chart.tops) for bar in chart.order), default=0)
    left = _row_left(chart)
    rows = len(chart.names) + bool(chart.rest)
    return round(left + _ROW_LENGTH + 6 + max(widest, text_width(chart.rest) - _ROW_LENGTH) + 2), _ROW * rows + 4


def draw_chart(axes: Axes, chart: Chart, style: Style) -> None:
    """Draws ``axes.bar`` (columns) or ``axes.barh`` (rows), values beside the bars, names as ticks."""
    colors = _colors(chart, style)
    places = range(len(chart.names))
    lengths = np.where(np.isfinite(chart.values), chart.values, np.nan)
    if chart.columns:
        bars = axes.bar(places, lengths, color=colors)
        axes.bar_label(bars, [chart.short_word(bar) for bar in places], padding=1)
        name_columns(axes, places, chart.labels)
        axes.margins(y=0.1)
        axes.axhline(0, color=style.grey, linewidth=0.8)
    else:
        bars = axes.barh(places, lengths, color=colors)
        axes.bar_label(bars, chart.words, padding=3)
        name_ticks(axes.yaxis, places, chart.labels)
        axes.axvline(0, color=style.grey, linewidth=0.8)
        axes.invert_yaxis()
        axes.set_xlabel(chart.rest)
        axes.margins(x=0.14)  # room for the values at the ends of the bars
    for place in np.flatnonzero(~np.isfinite(chart.values)).tolist():
        where = (place, 0) if chart.columns else (0, place)
        marker = MARKER_OF[sign_of(float(chart.values[place]))]
        axes.plot(*where, marker=marker, color=style.magenta, linestyle="none")


def paint_chart(sheet: Sheet, chart: Chart, style: Style) -> None:
    """Draws columns, or rows, in CSS pixels."""
    (_paint_columns if chart.columns else _paint_rows)(sheet, chart, style)


def _paint_columns(sheet: Sheet, chart: Chart, style: Style) -> None:
    values, lowest, highest = chart.scaled
    unit = _COLUMN_HEIGHT / ((highest - lowest) or 1.0)
    zero = 14 + highest * unit
    middles = np.arange(len(chart.names)) * chart.pitch + chart.pitch / 2
    heights = np.round(np.abs(values) * unit * 2) / 2
    tops = np.where(values > 0, zero - heights, zero)
    sheet.boxes(middles - _COLUMN_BAR / 2, tops, _COLUMN_BAR, heights, _colors(chart, style))
    sheet.boxes(1, zero, sheet.width - 2, 0.5, style.grey)
    for bar, (name, middle) in enumerate(zip(chart.labels, middles, strict=True)):
        strong = bar in chart.tops
        sheet.text(middle, sheet.height - 3, name, style.grey, TEXT, strong, "center")
        if not math.isfinite(chart.values[bar]):
            sheet.glyph(middle, zero - 6, sign_of(float(chart.values[bar])), style.magenta, 11)
            continue
        word = chart.short_word(bar)
        if strong or text_width(word) <= chart.pitch - 1:
            baseline = zero + heights[bar] + 10 if values[bar] < 0 else zero - heights[bar] - 3
            sheet.text(middle, baseline, word, style.grey, TEXT if strong else 9, strong, "center")


def _paint_rows(sheet: Sheet, chart: Chart, style: Style) -> None:
    left = _row_left(chart)
    values, lowest, highest = chart.scaled
    unit = _ROW_LENGTH / ((highest - lowest) or 1.0)
    zero = left - lowest * unit
    lengths = np.round(np.abs(values) * unit * 2) / 2
    starts = np.where(values < 0, zero - lengths, zero)
    tops = np.arange(len(values)) * _ROW + 4
    sheet.boxes(starts, tops, lengths, 10, _colors(chart, style))
    sheet.boxes(round(zero * 2) / 2 - 0.5, 2, 0.5, len(values) * _ROW, style.grey)
    for bar, name in enumerate(chart.labels):
        strong = bar in chart.tops
        baseline = bar * _ROW + 12.5
        sheet.text(left - 7, baseline, name, style.grey, TEXT, strong, "right")
        end = max(zero, starts[bar] + lengths[bar])
        if math.isfinite(chart.values[bar]):
            sheet.text(end + 4, baseline, chart.words[bar], style.grey, TEXT, strong)
        else:
            sheet.glyph(zero + 7, baseline - 4, sign_of(float(chart.values[bar])), style.magenta, 11)
    sheet.text(left + 4, len(values) * _ROW + 12.5, chart.rest, style.grey, TEXT)


def _row_left(chart: Chart) -> int:
    widest = max((text_width(name, TEXT, bar in chart.tops) for bar, name in enumerate(chart.labels)), default=0.0)
    return math.ceil(widest) + 9


def _colors(chart: Chart, style: Style) -> list[str]:
    return [
        (style.orange if value < 0 else style.blue) + ("" if bar in chart.tops else style.quiet)
        for bar, value in enumerate(chart.values)
    ]


def _numbers(values: Array) -> Array:
    return as_floats(values).astype(np.float64)


def _blocks(values: Array) -> Iterator[tuple[int, Array]]:
    """Returns the parts of a long vector, and where each starts, without a copy of the whole."""
    for start in range(0, len(values), _BLOCK):
        yield start, _numbers(values[start : start + _BLOCK])


def _largest(values: Array, count: int) -> Array:
    """Returns the places of the largest of many values, largest first."""
    places, found = np.empty(0, np.int64), np.empty(0)
    for start, part in _blocks(values):
        sizes = np.where(np.isnan(part), -np.inf, part)
        least = np.partition(sizes, len(sizes) - count)[len(sizes) - count] if len(sizes) > count else -np.inf
        near = np.flatnonzero(sizes >= least)
        places, found = np.concatenate([places, near + start]), np.concatenate([found, part[near]])
        order = np.argsort(-found, kind="stable")[:count]
        places, found = places[order], found[order]
    return places


def _without(values: Array, places: Array) -> Iterator[Array]:
    """Returns the values at all other places, in parts."""
    for start, part in _blocks(values):
        here = places[(places >= start) & (places < start + len(part))] - start
        yield np.delete(part, here)


def _rest(shares: bool, parts: Iterable[Array]) -> str:
    """Returns what the values left out come to: ``5 others 0.3 %``."""
    count, total, low, high = 0, 0.0, math.inf, -math.inf
    for values in parts:
        count += len(values)
        finite = values[np.isfinite(values)]
        if len(finite):
            with np.errstate(all="ignore"):
                total += float(finite.sum())
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if not count:
        return ""
    others = f"{wording.integer(count)} {'other' if count == 1 else 'others'}"
    if low > high:
        return others
    return f"{others} {wording.percent(total) if shares else f'{wording.number(low)} … {wording.number(high)}'}"
