"""The filters of a convolution kernel: a column a filter, a row an input channel, each weight a little square."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    prepared_once,
    read,
    register_plot,
)
from tfnp_ext.plots.inks import (
    MARKERS,
    MOST_MARKS,
    SIGNS,
    colormap,
    ink,
    ink_scale,
    ink_words,
    paint_legend,
    places_named,
    rgb,
    scale_word,
)
from tfnp_ext.plots.sheet import ZOOM, Sheet, text_width
from tfnp_ext.plots.ticks import name_columns
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

_LARGEST_SIDE = 32
_FEW = 4
"""Up to so many filters of more channels run down, and the channels to the right: a depthwise kernel has one."""

_UNITS = (16, 14, 12, 10, 8, 7, 6)
"""Device pixels of a weight, where all filters then fit ``_ROOM``."""

_UNIT = 5
"""Device pixels of a weight in ``_MOST_ROOM``; of filters that do not fit it the first are drawn."""

_SMALLER_UNITS = (4, 3)
"""Device pixels of a weight of large filters, where all then fit ``_MOST_ROOM``."""

_ROOM = (540, 150)
_MOST_ROOM = (624, 176)
_MOST_CELLS = 8192
"""As many as a heat map has at most; of large filters twice as many, whose gaps are fewer."""

_LARGE_AREA = 49
_BETWEEN = 6
_FRAMED = 8
_TOP = 13
_KEY_GAP = 16
_KEY = 73
_LINE = 10
_TICKS = 16


@dataclass(frozen=True)
class _Layout:
    """How the tiles of a kernel stand on the sheet.

    Attributes:
        unit: Device pixels of a weight.
        columns: Tiles in a line.
        lines: How many lines they take.
        along: Tiles that run to the right, all lines together.
        down: Rows of tiles in a line.
    """

    unit: int
    columns: int
    lines: int
    along: int
    down: int


@dataclass(frozen=True)
class _Filters:
    """The filters that are drawn.

    Attributes:
        cells: Their weights, tile beside tile, [lines * down * h, columns * w].
        tile: Height and width of a filter in weights.
        layout: How they stand.
        filters: How many are drawn, and how many there are.
        channels: The same of the input channels.
        turned: Whether channels run to the right and filters down.
        scale: |x| of full ink.
    """

    cells: Array
    tile: tuple[int, int]
    layout: _Layout
    filters: tuple[int, int]
    channels: tuple[int, int]
    turned: bool
    scale: float

    @property
    def signed(self) -> bool:
        """Whether there are negative weights."""
        return bool((self.cells < 0).any())

    @property
    def invalid_kinds(self) -> tuple[Array, Array, Array]:
        """Cells that hold a NaN, a +Inf, a -Inf."""
        return np.isnan(self.cells), self.cells == np.inf, self.cells == -np.inf

    @property
    def along(self) -> tuple[tuple[int, int], str]:
        """What runs to the right: how many of how many, and its name."""
        return (self.channels, "in") if self.turned else (self.filters, "filters")

    @property
    def down(self) -> tuple[tuple[int, int], str]:
        """What runs down in each line: how many of how many, and its name."""
        return (self.filters, "filters") if self.turned else (self.channels, "in")

    @property
    def firsts(self) -> range:
        """The number of the first tile of each line."""
        return range(0, self.layout.along, self.layout.columns)

    def montage(self, unit: int, between: int) -> _Montage:
        """Returns where the tiles stand.

        Args:
            unit: Pixels of a weight.
            between: Pixels more between two lines that have several rows.
        """
        gap, layout = _gap(self.tile, unit), self.layout
        rows, columns = np.arange(layout.lines * layout.down), np.arange(layout.columns)
        tops = rows * (self.tile[0] * unit + gap) + rows // layout.down * (between if layout.down > 1 else 0)
        return _Montage(tops, columns * (self.tile[1] * unit + gap), self.tile, unit)


@dataclass(frozen=True)
class _Montage:
    """Where tiles stand, in pixels.

    Attributes:
        tops: Upper edge of each row of tiles.
        lefts: Left edge of each column of tiles.
        tile: Height and width of a tile in cells.
        unit: Pixels of a cell.
    """

    tops: Array
    lefts: Array
    tile: tuple[int, int]
    unit: int

    @property
    def side(self) -> tuple[int, int]:
        """Height and width of a tile in pixels."""
        return self.tile[0] * self.unit, self.tile[1] * self.unit

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the whole in pixels."""
        return int(self.tops[-1]) + self.side[0], int(self.lefts[-1]) + self.side[1]

    def of(self, cells: Array, ground: float) -> Array:
        """Returns the pixels of cells [R, C, ...], ``ground`` between the tiles."""
        whole = np.full((*self.shape, *cells.shape[2:]), ground, cells.dtype)
        large = np.repeat(np.repeat(cells, self.unit, axis=0), self.unit, axis=1)
        high, wide = self.side
        rows = (self.tops[:, None] + np.arange(high)).reshape(-1)
        columns = (self.lefts[:, None] + np.arange(wide)).reshape(-1)
        whole[np.ix_(rows, columns)] = large
        return whole

    def middles(self, cells: Array) -> Array:
        """Returns down and right of the middle of each cell [N, 2] that is true."""
        places = np.argwhere(cells)
        (rows, down), (columns, right) = (divmod(places[:, axis], self.tile[axis]) for axis in (0, 1))
        middle = (self.unit - 1) / 2
        return np.column_stack(
            [self.tops[rows] + down * self.unit + middle, self.lefts[columns] + right * self.unit + middle]
        )


@register_plot
class FiltersPlot(Plot):
    """A convolution kernel, filter by filter: hue by sign, strength by size, zero is paper."""

    name = "filters"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for a convolution kernel, 0.3 for other small filters (height, width, in, out)."""
        values = summary.drawn
        if values is None or values.ndim != 4 or not is_numeric(values) or max(values.shape[:2]) > _LARGEST_SIDE:
            return 0.0
        return 0.9 if summary.role == "kernel" else 0.3

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of the filters, their scale beside them."""
        shown = self.prepare(summary, options)
        left, (high, wide) = _left(shown), _extent(shown)
        key = _KEY_GAP + _KEY + text_width(f"±{wording.number(shown.scale, 2)}") + 4
        signs = _KEY_GAP + 130 if any(cells.any() for cells in shown.invalid_kinds) else 0
        width = max(left + wide + max(key, signs), left + text_width(_heading(shown)))
        return math.ceil(width), max(_TOP + math.ceil(high) + 2, _TOP + 24)

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many filters of what size, what ink means, and which hold weights that are not finite."""
        shown = self.prepare(summary, options)
        filters = wording.plural(shown.filters[1], "filter")
        channels = wording.plural(shown.channels[1], "channel")
        axes = ("down", "to the right") if shown.turned else ("to the right", "down")
        parts = [f"Heat map of {filters} of {wording.extent(shown.tile)} ({axes[0]}) over {channels} ({axes[1]})"]
        cut = _cut(shown)
        if cut:
            parts.append(f"{cut} drawn")
        parts.append(ink_words(scale_word(shown.scale), shown.signed, _paper(shown)))
        for cells, (sign, word) in zip(shown.invalid_kinds, SIGNS, strict=True):
            found = _tiles_with(shown, cells)
            if found:
                parts.append(f"{word} marked {sign} in {places_named('channel' if shown.turned else 'filter', found)}")
        return f"{'; '.join(parts)}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns which filters and channels are drawn, where it is not all."""
        cut = _cut(self.prepare(summary, options))
        return f"drawn: {cut}" if cut else ""

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _Filters:
        """Returns the filters that fit, tile beside tile."""
        values = read(summary, options).values
        height, width, inputs, outputs = values.shape
        turned = outputs <= _FEW and inputs > outputs
        layout = _lay_out((height, width), *((inputs, outputs) if turned else (outputs, inputs)))
        channels, filters = (layout.along, layout.down) if turned else (layout.down, layout.along)
        shown = as_floats(values[:, :, :channels, :filters]).astype(np.float64)
        tiles = shown.transpose((3, 2, 0, 1) if turned else (2, 3, 0, 1))
        missing = layout.lines * layout.columns - layout.along
        tiles = np.pad(tiles, ((0, 0), (0, missing), (0, 0), (0, 0)))
        lines = tiles.reshape(layout.down, layout.lines, layout.columns, height, width).transpose(1, 0, 3, 2, 4)
        return _Filters(
            cells=lines.reshape(layout.lines * layout.down * height, layout.columns * width),
            tile=(height, width),
            layout=layout,
            filters=(filters, outputs),
            channels=(channels, inputs),
            turned=turned,
            scale=ink_scale(shown[np.isfinite(shown)]),
        )

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.imshow`` of the filters, a weight apart, with their numbers and those of the channels."""
        shown = self.prepare(summary, options)
        montage = shown.montage(1, 1)
        reach = shown.scale or 1.0
        axes.imshow(
            montage.of(np.where(np.isfinite(shown.cells), shown.cells, np.nan), np.nan),
            cmap=colormap(style, shown.signed),
            vmin=-reach if shown.signed else 0.0,
            vmax=reach,
            interpolation="nearest",
            origin="upper",
        )
        axes.grid(False)
        for cells, marker in zip(shown.invalid_kinds, MARKERS, strict=True):
            if cells.any():
                down, right = montage.middles(cells).T
                axes.plot(right, down, marker=marker, color=style.magenta, linestyle="none")
        _name_axes(axes, shown, montage)

    def scales(self, axes: Any) -> list[tuple[ScalarMappable, Any]]:
        """Returns the image of the weights."""
        return [(axes.images[0], axes)]

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the filters, a frame around large ones, the numbers of each line and the scale beside."""
        shown = self.prepare(summary, options)
        left, (_, wide) = _left(shown), _extent(shown)
        montage = shown.montage(shown.layout.unit, _BETWEEN * ZOOM)
        colors = ink(np.where(np.isfinite(shown.cells), shown.cells, 0), shown.scale, style)
        pixels = montage.of(colors, 0)
        crowded = sum(int(cells.sum()) for cells in shown.invalid_kinds) > MOST_MARKS
        for cells, (sign, _) in zip(shown.invalid_kinds, SIGNS, strict=True):
            if crowded and cells.any():
                stamp = np.tile(_stamp(sign, montage.unit), cells.shape)
                held = np.repeat(np.repeat(cells, montage.unit, axis=0), montage.unit, axis=1)
                pixels[_Montage(montage.tops, montage.lefts, montage.side, 1).of(held & stamp, 0)] = (
                    *rgb(style.magenta),
                    255,
                )
        sheet.pixels(left, _TOP, pixels, 1 / ZOOM, 1 / ZOOM)
        _paint_frames(sheet, shown, montage, style)
        for cells, (sign, _) in () if crowded else zip(shown.invalid_kinds, SIGNS, strict=True):
            for down, right in ((montage.middles(cells) + 0.5) / ZOOM).tolist():
                sheet.glyph(left + right, _TOP + down, sign, style.magenta, max(8.0, montage.unit / ZOOM))
        _paint_names(sheet, shown, montage, style)
        side = left + wide + _KEY_GAP
        paint_legend(
            sheet, side, _TOP, scale_word(shown.scale), shown.signed, _paper(shown), shown.invalid_kinds, style
        )


def _lay_out(tile: tuple[int, int], along: int, down: int) -> _Layout:
    """Returns the largest weights with which all tiles fit, in several lines if need be; else as many as fit."""
    area = tile[0] * tile[1]
    most = _MOST_CELLS * (1 if area < _LARGE_AREA else 2) // area
    smaller = _SMALLER_UNITS if area >= _LARGE_AREA else ()
    for unit in (*_UNITS, _UNIT, *smaller):
        beside, lines = _fitting(tile, down, unit, _ROOM if unit > _UNIT else _MOST_ROOM)
        if beside * lines >= along and along * down <= most:
            columns = math.ceil(along / math.ceil(along / beside))
            return _Layout(unit, columns, math.ceil(along / columns), along, down)
    cut = [_cut_to_fit(tile, along, down, unit, most) for unit in (_UNIT, *smaller)]
    return max(cut, key=lambda layout: layout.along * layout.down)


def _cut_to_fit(tile: tuple[int, int], along: int, down: int, unit: int, most: int) -> _Layout:
    """Returns the first tiles that fit, in whole lines; of many rows as many as fit one line."""
    beside, lines = _fitting(tile, down, unit, _MOST_ROOM)
    columns = min(along, _even(beside))
    rows = min(down if lines else _even(_fitting(tile, 1, unit, _MOST_ROOM)[1]), _even(most // columns))
    lines = max(1, min(lines, most // (columns * rows))) if rows == down else 1
    return _Layout(unit, columns, lines, min(along, columns * lines), rows)


def _fitting(tile: tuple[int, int], down: int, unit: int, room: tuple[int, int]) -> tuple[int, int]:
    """Returns how many tiles fit beside each other, and how many lines of ``down`` rows below each other."""
    gap = _gap(tile, unit)
    high, wide = tile[0] * unit + gap, tile[1] * unit + gap
    between = _BETWEEN * ZOOM if down > 1 else 0
    beside = max(1, (room[0] * ZOOM + gap) // wide)
    return beside, (room[1] * ZOOM + gap + between) // (down * high + between)


def _even(count: int) -> int:
    """Returns a number to cut to, round for those that are powers of two."""
    step = 8 if count >= 32 else 4 if count >= 8 else 1
    return max(1, count // step * step)


def _gap(tile: tuple[int, int], unit: int) -> int:
    """Returns the pixels between two tiles; none between single weights, which are a matrix."""
    if tile == (1, 1):
        return 0
    return max(3, unit // 2) if unit > 1 else 1


def _stamp(sign: str, unit: int) -> Array:
    """Returns the sign in as many pixels as a weight has: there are too many of them to be written large."""
    down, right = np.indices((unit, unit))
    if sign == "×":
        return np.asarray((down == right) | (down + right == unit - 1))
    from_top = down if sign == "▲" else unit - 1 - down
    return np.asarray(np.abs(2 * right - (unit - 1)) <= from_top)


def _extent(shown: _Filters) -> tuple[float, float]:
    """Returns height and width of the tiles in CSS pixels."""
    high, wide = shown.montage(shown.layout.unit, _BETWEEN * ZOOM).shape
    return high / ZOOM, wide / ZOOM


def _heading(shown: _Filters) -> str:
    """Returns what runs to the right, and of several lines what runs down in each."""
    words = [f"{_part(shown.along)} →"]
    if shown.layout.lines > 1 and shown.layout.down > 1:
        words.append(f"{_part(shown.down)} ↓")
    return ", ".join(words)


def _part(counted: tuple[tuple[int, int], str]) -> str:
    """Returns how many of what: ``32 filters``, ``first 64 of 512 filters``."""
    (drawn, count), name = counted
    name = name.removesuffix("s") if count == 1 else name
    first = f"first {wording.integer(drawn)} of " if drawn < count else ""
    return f"{first}{wording.integer(count)} {name}"


def _cut(shown: _Filters) -> str:
    """Returns which filters and channels are drawn, ``""`` for all."""
    parts = [
        f"{wording.integer(drawn)} of {wording.integer(count)} {noun}"
        for (drawn, count), noun in ((shown.filters, "filters"), (shown.channels, "channels"))
        if drawn < count
    ]
    return f"the first {', '.join(parts)}" if parts else ""


def _beside(shown: _Filters) -> list[str]:
    """Returns what stands left of the tiles: what runs down, of several lines the first number of each."""
    if shown.layout.lines > 1:
        return [wording.integer(first) for first in shown.firsts]
    if shown.layout.down == 1:
        return []
    (drawn, count), name = shown.down
    many = wording.integer(count)
    return [f"{wording.integer(drawn)} of {many}" if drawn < count else many, f"{name} ↓"]


def _left(shown: _Filters) -> int:
    return math.ceil(max(map(text_width, _beside(shown)), default=0.0)) + 4


def _paint_names(sheet: Sheet, shown: _Filters, montage: _Montage, style: Style) -> None:
    left = _left(shown)
    sheet.text(left, _TOP - 4, _heading(shown), style.grey)
    words = _beside(shown)
    if shown.layout.lines == 1:
        for line, word in enumerate(words):
            sheet.text(left - 4, _TOP + 7.5 + line * (_LINE + 1), word, style.grey, align="right")
        return
    tops = montage.tops[:: shown.layout.down] / ZOOM
    every = math.ceil(_LINE / float(tops[1] - tops[0]))
    for top, word in list(zip(tops.tolist(), words, strict=True))[::every]:
        sheet.text(left - 4, _TOP + top + 7.5, word, style.grey, align="right")


def _paint_frames(sheet: Sheet, shown: _Filters, montage: _Montage, style: Style) -> None:
    """Draws a frame around each filter that is large enough, and around lines of single weights."""
    color, left = style.grey + style.rule, _left(shown)
    layout, (high, wide) = shown.layout, montage.side
    if shown.tile == (1, 1):
        tall = layout.down * high / ZOOM
        for first, top in zip(shown.firsts, (montage.tops[:: layout.down] / ZOOM).tolist(), strict=True):
            broad = min(layout.columns, layout.along - first) * wide / ZOOM
            sheet.frames(left - 0.5, _TOP + top - 0.5, broad + 1, tall + 1, color, 0.5)
    elif layout.unit >= _FRAMED:
        rows, columns = np.indices((len(montage.tops), len(montage.lefts)))
        there = rows // layout.down * layout.columns + columns < layout.along
        tops, lefts = montage.tops[rows[there]] / ZOOM, montage.lefts[columns[there]] / ZOOM
        sheet.frames(left + lefts - 0.5, _TOP + tops - 0.5, wide / ZOOM + 1, high / ZOOM + 1, color, 0.5)


def _tiles_with(shown: _Filters, cells: Array) -> list[int]:
    """Returns the filters, or the channels where these run to the right, that have a true cell."""
    layout, (height, width) = shown.layout, shown.tile
    tiles = cells.reshape(layout.lines, layout.down * height, layout.columns, width).any(axis=(1, 3))
    return [int(place) for place in np.flatnonzero(tiles)]


def _paper(shown: _Filters) -> str:
    """Returns what filters without ink mean."""
    return "all 0" if np.isfinite(shown.cells).any() else "no finite values"


def _name_axes(axes: Axes, shown: _Filters, montage: _Montage) -> None:
    """Numbers filters and channels; of several lines the columns count on from the first number of each line."""
    layout, (high, wide) = shown.layout, montage.side
    several = layout.lines > 1
    every = math.ceil(layout.columns / _TICKS)
    numbers = [f"+{at}" if several else str(at) for at in range(0, layout.columns, every)]
    name_columns(axes, (montage.lefts[::every] + (wide - 1) / 2).tolist(), numbers)
    axes.set_xlabel(_part(shown.along))
    middles = montage.tops + (high - 1) / 2
    names = [str(row) for row in range(layout.down)]
    if several:
        rows = [f", {shown.down[1]} {row}" for row in names] if layout.down > 1 else [""]
        names = [f"{first}{row}" for first in shown.firsts for row in rows]
    else:
        axes.set_ylabel(_part(shown.down))
    every = math.ceil(len(names) / _TICKS)
    axes.set_yticks(middles[::every], names[::every])
