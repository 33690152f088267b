"""Where the stored entries of a sparse tensor lie, or those of a matrix that are not zero: a dot wherever one is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Sparse
from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import (
    STYLE,
    Array,
    Plot,
    Style,
    drawn_values,
    is_numeric,
    prepared_once,
    register_plot,
)
from tfnp_ext.plots.entries import (
    KINDS,
    MOST_ENTRIES,
    NEGATIVE,
    POSITIVE,
    ZERO,
    Entries,
    Kind,
    fullest_rows,
    read_matrix,
    read_stored,
)
from tfnp_ext.plots.sheet import Sheet, rgba, text_width
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TALL, _WIDE, _LEAST_WIDE = 125, 480, 200
_LARGEST_CELL, _STRIP = 8, 24
_FEW = 600
"""Up to so many entries a dot is two pixels wide where places share one."""

_INKS = (0x99, 0xBB, 0xDD, 0xFF)
"""Alpha of a dot by how many entries are behind it, where dots lie so close that they do not tell it themselves."""

_TOP = 13
_GAP = 10
_PROFILE, _BAND = 56, 3
_LEGEND_LINE = 12
_MOST_MARKS = 60
_FURTHEST = 2.0**1000
_DIAGONAL, _MOST_OF_THEM = 0.05, 0.9
_LOPSIDED = 0.4
_CLOSE = 0.5


@dataclass(frozen=True)
class _Pattern:
    """Entries as dots.

    Attributes:
        shape: Rows and columns.
        axes: The shape of the tensor.
        stored: How many entries it has, of a matrix read in part about so many.
        read: How many of them were looked at.
        outside: How many of those lie outside its shape.
        block: Rows and columns that share a dot.
        cell: Width and height of a dot in CSS pixels.
        counts: How many entries of each kind there are behind each dot [R, C].
        where: To which side most entries are, in words.
        noun: What the entries are.
        every: Of so many values of a matrix one was looked at; 1 for all.
        fullest: How many entries the fullest row of each row of dots holds, [R]; ``None`` where not all were looked at.
        even: Whether all rows hold equally many.
    """

    shape: tuple[int, int]
    axes: tuple[int, ...]
    stored: int
    read: int
    outside: int
    block: tuple[int, int]
    cell: tuple[int, int]
    counts: dict[Kind, Array]
    where: str
    noun: str = "stored values"
    every: int = 1
    fullest: Array | None = None
    even: bool = False

    @property
    def grid(self) -> tuple[int, int]:
        """How many dots there is room for, below each other and beside each other."""
        return _grid(self.shape, self.block)

    @property
    def width(self) -> int:
        """Width of the map in CSS pixels."""
        return self.grid[1] * self.cell[0]

    @property
    def height(self) -> int:
        """Height of the map in CSS pixels."""
        return self.grid[0] * self.cell[1]

    @property
    def total(self) -> Array:
        """How many entries there are behind each dot [R, C]."""
        return np.asarray(sum(self.counts.values(), np.zeros(self.grid, np.intp)))

    @property
    def is_dense(self) -> bool:
        """Whether dots lie so close that they do not tell how many entries there are."""
        return self.block != (1, 1) and float((self.total > 0).mean()) >= _CLOSE

    @property
    def told(self) -> dict[Kind, str]:
        """How many entries are of each kind, of a sample their share; nothing where all are positive."""
        if set(self.counts) == {POSITIVE}:
            return {}
        return {kind: self.share(int(counts.sum())) for kind, counts in self.counts.items()}

    @property
    def stored_words(self) -> str:
        """How many entries it has, in words."""
        return f"{'about ' if self.every > 1 else ''}{wording.integer(self.stored)}"

    @property
    def band(self) -> int:
        """How many rows of dots share a bar of the profile, which is thick enough to be seen."""
        return max(1, -(-_BAND // self.cell[1]))

    def share(self, count: int) -> str:
        """Returns a number of entries read, of a sample its share."""
        return wording.integer(count) if self.read == self.stored else wording.percent(count / self.read)


@register_plot
class SpyPlot(Plot):
    """A dot wherever an entry is stored: blue positive, orange negative; beside it how many there are in a row."""

    name = "spy"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for stored entries of a sparse tensor, 0.2 for a matrix, whose entries are what is not zero."""
        content, values = summary.content, summary.drawn
        if values is not None and values.ndim == 2 and values.size:
            return 0.2 if values.dtype.kind == "c" or is_numeric(values) else 0.0
        if not isinstance(content, Sparse) or not len(content.values) or not content.shape:
            return 0.0
        return 0.9 if min(content.shape) > 0 and math.prod(content.shape) < _FURTHEST else 0.0

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of the map with its indices, the profile and the legend."""
        layout = _Layout(self.prepare(summary, options))
        return layout.width, layout.height

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many entries lie where, and of which sign they are."""
        return _alt(self.prepare(summary, options))

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many places share a dot, what the rows are, and what is not drawn."""
        pattern = self.prepare(summary, options)
        notes = []
        if pattern.read < pattern.stored:
            notes.append(f"{wording.integer(pattern.read)} of {pattern.stored_words} entries drawn")
        if pattern.every > 1:
            notes.append(f"1 of {wording.integer(pattern.every)} values read")
        if pattern.block != (1, 1):
            shared = pattern.block if len(pattern.axes) > 1 else pattern.block[1:]
            notes.append(f"a dot stands for {wording.extent(shared)} places")
        if len(pattern.axes) > 2:
            notes.append(f"rows are the leading {wording.extent(pattern.axes[:-1])}, flattened")
        each = pattern.band * pattern.block[0]
        if 1 < each < pattern.shape[0] and not pattern.even:
            kind = "mean" if pattern.fullest is None else "fullest"
            notes.append(f"a bar is the {kind} of {wording.integer(each)} rows")
        if pattern.outside:
            notes.append(f"{pattern.share(pattern.outside)} outside the shape, not drawn")
        return "; ".join(notes)

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _Pattern:
        """Returns the entries with their places, of very many a sample."""
        content = summary.content
        entries = _entries_of(summary)
        axes = content.shape if isinstance(content, Sparse) else entries.shape
        stored = len(content.values) if isinstance(content, Sparse) else entries.found * entries.every
        block, cell = _fit(entries.shape, stored)
        grid = _grid(entries.shape, block)
        # Rows beyond 2**53 are rounded, at the end of the last dot beyond it.
        down = np.minimum((entries.rows / block[0]).astype(np.intp), grid[0] - 1)
        dots = down * grid[1] + np.minimum((entries.columns / block[1]).astype(np.intp), grid[1] - 1)
        counts = {
            kind: np.bincount(dots[entries.kinds == kind.number], minlength=math.prod(grid)).reshape(grid)
            for kind in KINDS
        }
        read = len(dots) + entries.outside
        # Rows beyond 2**53 are rounded: several of them would be counted as one.
        told = read == stored and entries.every == 1 and entries.shape[0] <= 2**53
        fullest, even = fullest_rows(entries, block[0], grid[0]) if told else (None, False)
        return _Pattern(
            shape=entries.shape,
            axes=axes,
            stored=stored,
            read=read,
            outside=entries.outside,
            block=block,
            cell=cell,
            counts={kind: behind for kind, behind in counts.items() if behind.any()},
            where=_where(entries),
            noun="stored values" if isinstance(content, Sparse) else "values that are not zero",
            every=entries.every,
            fullest=fullest,
            even=even,
        )

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.plot`` of a marker an entry, its row counted from the top.

        Where markers would cover each other it is ``axes.imshow`` of the card's dots.
        """
        pattern, entries = self.prepare(summary, options), _entries_of(summary)
        rows, columns = entries.shape
        axes.set_xlim(-0.5, columns - 0.5)
        axes.set_ylim(rows - 0.5, -0.5)
        if rows == 1:
            axes.set_yticks([])
        dense = pattern.is_dense
        if dense:
            extent = (-0.5, columns - 0.5, rows - 0.5, -0.5)
            axes.imshow(_colors(pattern, style), extent=extent, aspect="auto", interpolation="nearest")
        box = axes.get_window_extent()
        place = 72 / axes.figure.dpi * min(box.height / rows, box.width / columns)
        squares: dict[str, Any] = {"marker": "s", "markersize": max(1.0, min(6.0, place)), "markeredgewidth": 0}
        strokes: dict[str, Any] = {"marker": "|", "markersize": box.height * 72 / axes.figure.dpi}
        for kind in KINDS:
            those = entries.kinds == kind.number
            if not those.any() or (dense and not kind.sign):
                continue
            color = style.magenta if kind.sign else _hue(kind, style)
            look = {"marker": kind.marker} if kind.sign else strokes if rows == 1 else squares
            axes.plot(
                entries.columns[those], entries.rows[those], linestyle="none", color=color, label=kind.word, **look
            )

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the dots in their frame, the rows' profile, and what the colours mean."""
        _Layout(self.prepare(summary, options)).paint(sheet, style)


def _entries_of(summary: Summary) -> Entries:
    """Returns what is stored of a sparse tensor, or what is not zero in a matrix."""
    content = summary.content
    if isinstance(content, Sparse):
        return read_stored(content)
    values = drawn_values(summary)
    return read_matrix(values, _fit((int(values.shape[0]), int(values.shape[1])), MOST_ENTRIES)[0])


def _fit(shape: tuple[int, int], entries: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns how many rows and columns share a dot, and its width and height, so that the map is easy to look at."""
    rows, columns = shape
    wide = max(_LEAST_WIDE, min(_WIDE, round(_TALL * columns / rows)))
    dot = 2 if entries <= _FEW else 1
    if rows <= _TALL and columns <= wide:
        each = max(1, min(_LARGEST_CELL, _TALL // rows, wide // columns))
        block, cell = (1, 1), (each, each)
    else:
        block = -(-rows // (_TALL // dot)), -(-columns // (wide // dot))
        down, across = _grid(shape, block)
        width, height = (max(dot, min(_LARGEST_CELL, room // count)) for room, count in ((wide, across), (_TALL, down)))
        cell = min(width, 4 * height), min(height, 4 * width)
    # A few rows, or a few columns, are a strip that is thick enough to be seen.
    down, across = _grid(shape, block)
    return block, (max(cell[0], -(-_STRIP // across)), max(cell[1], -(-_STRIP // down)))


def _grid(shape: tuple[int, int], block: tuple[int, int]) -> tuple[int, int]:
    """Returns how many blocks there are below each other and beside each other."""
    return -(-shape[0] // block[0]), -(-shape[1] // block[1])


def _hue(kind: Kind, style: Style) -> str:
    return {POSITIVE: style.blue, NEGATIVE: style.orange}.get(kind, style.grey)


def _colors(pattern: _Pattern, style: Style) -> Array:
    """Returns RGBA bytes of the dots [R, C, 4]: the hue of most of what is behind, ink by how much that is."""
    total, none = pattern.total, np.zeros(pattern.grid, np.intp)
    positive, negative = pattern.counts.get(POSITIVE, none), pattern.counts.get(NEGATIVE, none)
    colors = np.zeros((*pattern.grid, 4), np.uint8)
    colors[..., :3] = rgba(style.grey)[:3]
    colors[positive + negative > 0, :3] = rgba(style.blue)[:3]
    colors[negative > positive, :3] = rgba(style.orange)[:3]
    if pattern.is_dense:
        # Steps of the logarithm tell few from many.
        steps = np.ceil(np.log1p(total) / np.log1p(total.max()) * len(_INKS))
        colors[..., 3] = np.array((0, *_INKS), np.uint8)[steps.astype(np.intp)]
    else:
        colors[total > 0, 3] = 255
    return colors


def _alt(pattern: _Pattern) -> str:
    whole = wording.extent(pattern.axes)
    hues = {POSITIVE: "blue ", NEGATIVE: "orange ", ZERO: "grey "} if len(pattern.counts) > 1 else {}
    kinds = [
        f"{hues.get(kind, '')}{count} {kind.word}" + (f" marked {kind.sign}" if kind.sign else "")
        for kind, count in pattern.told.items()
    ]
    parts = [
        f"Where {pattern.stored_words} {pattern.noun} of {whole} lie: {pattern.where}",
        _fullest_words(pattern),
        ", ".join(kinds),
    ]
    return f"{'; '.join(filter(None, parts))}."


def _fullest_words(pattern: _Pattern) -> str:
    """Returns how many entries the fullest row holds, where that is known and there are rows."""
    if pattern.fullest is None or pattern.shape[0] == 1:
        return ""
    most = int(pattern.fullest.max())
    word = wording.integer(most)
    return f"{word} in every row" if pattern.even else f"up to {word} in a row" if most else ""


def _where(entries: Entries) -> str:
    """Returns in words to which side most entries are."""
    if not len(entries.rows):
        return "none inside the shape"
    down, across = (entries.rows + 0.5) / entries.shape[0], (entries.columns + 0.5) / entries.shape[1]
    if min(entries.shape) > 1 and float((np.abs(down - across) < _DIAGONAL).mean()) >= _MOST_OF_THEM:
        return "along the diagonal"
    sides = [
        before if share < _LOPSIDED else behind
        for share, before, behind in ((float(across.mean()), "left", "right"), (float(down.mean()), "top", "bottom"))
        if not _LOPSIDED <= share <= 1 - _LOPSIDED and (entries.shape[0] > 1 or before == "left")
    ]
    return f"denser to the {' and the '.join(sides)}" if sides else "no side denser"


def _index_word(index: int) -> str:
    return wording.integer(index) if index < 1e7 else wording.number(float(index))


def _profile(pattern: _Pattern) -> Array:
    """Returns the lengths of the bars: of the fullest row of each band, of a sample the mean of its rows."""
    starts = np.arange(0, pattern.grid[0], pattern.band)
    if pattern.fullest is not None:
        return np.asarray(np.maximum.reduceat(pattern.fullest, starts))
    edges = np.append(starts * float(pattern.block[0]), float(pattern.shape[0]))
    means = np.add.reduceat(pattern.total.sum(axis=1), starts) / np.diff(edges)
    return np.asarray(means * (pattern.stored / max(1, pattern.read)))


class _Layout:
    """Where everything stands, in CSS pixels."""

    def __init__(self, pattern: _Pattern) -> None:
        self.pattern = pattern
        rows, columns = pattern.shape
        self.last = _index_word(rows - 1)
        self.left = math.ceil(text_width(self.last)) + 5 if rows > 1 else 2
        self.across = _index_word(columns - 1)
        self.band = pattern.band
        self.profile = _profile(pattern)
        self.is_even = bool((self.profile == self.profile[0]).all()) if pattern.fullest is None else pattern.even
        self.head = self._profile_words()
        end = self.left + max(pattern.width, math.ceil(text_width(self.across)) + 14)
        self.side = end + _GAP
        profiled = max(_PROFILE, math.ceil(text_width(self.head))) if rows > 1 else -_GAP
        self.legend_left = self.side + profiled + _GAP
        self.legend = [(kind, f"{count} {kind.word}") for kind, count in pattern.told.items()]
        words = max((math.ceil(text_width(word)) for _, word in self.legend), default=-_GAP - 12)
        self.width = self.legend_left + 12 + words + 2
        self.height = _TOP + max(pattern.height + 3, _LEGEND_LINE * len(self.legend))

    def _profile_words(self) -> str:
        most = float(self.profile.max())
        if self.pattern.fullest is None:
            words = wording.number(most, 2)
            return f"mean per row {words}" if self.is_even else f"mean per row, up to {words}"
        words = wording.integer(int(most))
        return f"per row {words}" if self.is_even else f"per row, up to {words}"

    def paint(self, sheet: Sheet, style: Style) -> None:
        """Draws the picture."""
        pattern = self.pattern
        sheet.frames(self.left - 0.5, _TOP - 0.5, pattern.width + 1, pattern.height + 1, style.grey + style.rule, 0.5)
        self._paint_dots(sheet, style)
        if pattern.shape[0] > 1:
            sheet.text(self.left - 5, _TOP + 7.5, "0", style.grey, align="right")
            sheet.text(self.left - 5, _TOP + max(pattern.height, 18), self.last, style.grey, align="right")
            sheet.text(self.side, _TOP - 4, self.head, style.grey)
            if not self.is_even:
                self._paint_profile(sheet, style)
        sheet.text(self.left, _TOP - 4, "0", style.grey)
        sheet.text(self.side - _GAP, _TOP - 4, self.across, style.grey, align="right")
        for line, (kind, word) in enumerate(self.legend):
            middle = _TOP + _LEGEND_LINE * (line + 0.5)
            color = style.magenta if kind.sign else style.grey
            if kind.sign:
                sheet.glyph(self.legend_left + 4, middle, kind.sign, style.magenta, 10)
            else:
                sheet.boxes(self.legend_left + 2, middle - 2, 4, 4, _hue(kind, style))
            sheet.text(self.legend_left + 12, middle + 3.5, word, color)

    def _paint_dots(self, sheet: Sheet, style: Style) -> None:
        pattern = self.pattern
        colors = _colors(pattern, style)
        marks = [(kind, counts > 0) for kind, counts in pattern.counts.items() if kind.sign]
        crowded = sum(int(cells.sum()) for _, cells in marks) > _MOST_MARKS
        width, height = pattern.cell
        for kind, cells in marks:
            if crowded:
                colors[cells] = rgba(style.magenta)
            for down, across in () if crowded else np.argwhere(cells).tolist():
                middle = self.left + (across + 0.5) * width, _TOP + (down + 0.5) * height
                sheet.glyph(*middle, kind.sign, style.magenta, 9)
        sheet.pixels(self.left, _TOP, colors, width, height)

    def _paint_profile(self, sheet: Sheet, style: Style) -> None:
        tops = _TOP + self.band * self.pattern.cell[1] * np.arange(len(self.profile))
        bottoms = np.minimum(tops + self.band * self.pattern.cell[1], _TOP + self.pattern.height)
        most = float(self.profile.max()) or 1.0
        # The shortest bar is one pixel: few is not none.
        wide = np.where(self.profile > 0, np.maximum(np.rint(self.profile / most * _PROFILE * 2), 2) / 2, 0)
        sheet.boxes(self.side, tops, wide, bottoms - tops, style.blue + style.quiet)
