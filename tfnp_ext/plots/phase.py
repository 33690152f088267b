"""Complex values: their magnitude, and their phase where there is enough of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import STYLE, Array, Plot, Style, drawn_values, prepared_once, register_plot
from tfnp_ext.plots.inks import (
    MARKERS,
    SIGNS,
    STEPS,
    colormap,
    ink,
    paint_map,
    paint_ramp,
    paint_signs,
    rgb,
    sign_of,
    sign_words,
    some_marks,
)
from tfnp_ext.plots.magnitudes import STRONG, Spectrum, Trace, read_spectrum, read_trace
from tfnp_ext.plots.pooling import MOST_READ, cell_size, spaced_words
from tfnp_ext.plots.sheet import TEXT, ZOOM, Sheet, text_width
from tfnp_ext.roles import SMALL
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

_LENGTH = 600
_WIDEST = 24
_SHORTEST = 96
_TOP = 6
_TALL = 52
_GAP = 7
_LOW = 20
_BOTTOM = 13
_DOT = (1.5, 3.0)
_MOST_MARKS = 60

_HEAD = 13
_MAP = (256, 144)
_BETWEEN = 24
_KEY = 190
_LINE = 16
_PHASES = 4
"""Steps of hue from phase 0 to π, and of ink in the map of phases: few enough for a palette of both."""


@register_plot
class PhasePlot(Plot):
    """A complex vector as magnitude over phase, a complex matrix as a map of each."""

    name = "phase"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for many complex numbers, 0.3 for a few."""
        values = summary.drawn
        if values is None or not values.ndim or not values.size or values.dtype.kind != "c":
            return 0.0
        return 0.9 if summary.role == "complex" else 0.3

    def panels(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns two rows: magnitude above phase."""
        return 2, 1

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns 600 px for a vector, or two maps beside each other and their keys."""
        shown = self.prepare(summary, options)
        if isinstance(shown, Trace):
            return _left(shown) + _length(shown) + 8, _TOP + _TALL + _GAP + _LOW + _BOTTOM
        return math.ceil(_lefts(shown)[2] + _KEY), _HEAD + max(_extent(shown)[1], 3 * _LINE) + 5

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what is drawn of how many values, the largest, and what is not finite."""
        shown = self.prepare(summary, options)
        return _trace_alt(shown) if isinstance(shown, Trace) else _spectrum_alt(shown)

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what is drawn, of how many values each pixel is the largest, and what was left unread."""
        shown = self.prepare(summary, options)
        notes = _trace_notes(shown) if isinstance(shown, Trace) else _spectrum_notes(shown)
        return "; ".join(filter(None, (*notes, _values(summary)[1])))

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Trace | Spectrum:
        """Returns the largest magnitudes and their phases."""
        values, part = _values(summary)
        if values.ndim == 2:
            return read_spectrum(values)
        known = summary.statistics
        place = known.maximum_at if known is not None and summary.shape is not None else None
        at = None if place is None else int(np.ravel_multi_index(place, [axis or 0 for axis in summary.shape or ()]))
        return read_trace(values, None if part else known, at)

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws magnitude above phase: ``stairs`` over dots of a vector, ``imshow`` of both of a matrix."""
        shown = self.prepare(summary, options)
        above, below = cast("Any", axes)
        if isinstance(shown, Trace):
            _draw_trace(above, below, shown, style)
        else:
            _draw_spectrum(above, below, shown, style)
        above.set_ylabel("|z|")
        below.set_ylabel("phase")

    def scales(self, axes: Any) -> list[tuple[ScalarMappable, Any]]:
        """Returns both images of a matrix; a vector has axes that tell it."""
        return [(panel.images[0], panel) for panel in axes if panel.images]

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws magnitude above phase of a vector, both beside each other of a matrix."""
        shown = self.prepare(summary, options)
        if isinstance(shown, Trace):
            _paint_trace(sheet, shown, style)
        else:
            _paint_spectrum(sheet, shown, style)


def _values(summary: Summary) -> tuple[Array, str]:
    """Returns the vector or matrix that is drawn, and which part of a value of higher rank that is."""
    values = drawn_values(summary)
    if values.ndim <= 2:
        return values, ""
    before = values.ndim - 2
    matrix = values[(0,) * before]
    if matrix.size < SMALL and (values.flags.c_contiguous or values.size <= MOST_READ // 8):
        # Amplitudes of two states an axis, as a quantum register has them, are one vector.
        return values.reshape(-1), "all values one after another, the last axis fastest"
    return matrix, f"the first matrix, [{'0, ' * before}:, :]"


def _trace_alt(shown: Trace) -> str:
    count = wording.plural(shown.count, "complex value")
    parts = [f"Magnitude of {count} as an area, their phase as dots below"]
    largest, place = shown.largest
    if math.isfinite(largest):
        parts.append(f"largest |z| {wording.number(largest)} at {wording.index([place])}")
        strong = wording.integer(int(np.isfinite(shown.phases).sum()))
        parts.append(f"{strong} dots where it is over {wording.number(largest * STRONG)}")
    else:
        parts.append("no finite values")
    for sign, word in SIGNS:
        places = [place for place, found in shown.invalid if found == sign]
        if places:
            more = " …" if len(places) > 6 else ""
            parts.append(f"{word} marked {sign} at {' '.join(map(str, places[:6]))}{more}")
    return f"{'; '.join(parts)}."


def _trace_notes(shown: Trace) -> list[str]:
    notes = ["complex: magnitude, and phase where magnitude is over 1 % of the largest"]
    if shown.each > 1:
        read = f"the first {wording.integer(shown.read)} of " if shown.read < shown.each else ""
        seen = "" if shown.whole else " that budget_ms let be read"
        notes.append(f"each pixel the largest of {read}{wording.integer(shown.each)} values{seen}")
    return notes


def _left(shown: Trace) -> int:
    largest = text_width(wording.number(shown.largest[0]), TEXT)
    return math.ceil(max(largest, text_width("phase", TEXT) + 6 + text_width("-π", TEXT))) + 5


def _length(shown: Trace) -> int:
    """Returns how long the trace is in CSS pixels: a few values stand close together."""
    return max(_SHORTEST, min(_LENGTH, shown.count * _WIDEST))


def _paint_trace(sheet: Sheet, shown: Trace, style: Style) -> None:
    left, base, length = _left(shown), _TOP + _TALL, _length(shown)
    largest = shown.largest[0]
    sheet.boxes(left, base, length, 0.5, style.grey + style.rule)
    pixels = len(shown.sizes)
    device = np.arange(length * ZOOM)
    columns = device * pixels // len(device)
    with np.errstate(invalid="ignore"):
        shares = shown.sizes / largest
    heights = np.where(shares > 0, base - shares * _TALL, np.nan)
    sheet.band(left, heights[columns], np.full(len(device), float(base)), style.blue + style.quiet)
    # A dot about as wide as it is high, in the middle of what its value takes.
    dot = min(max(_DOT[0], length / pixels / 2), _DOT[1])
    middle = base + _GAP + _LOW / 2
    places = middle - shown.phases / math.pi * (_LOW - dot) / 2
    aside = np.abs(device + 0.5 - (columns + 0.5) * len(device) / pixels)
    dots = np.where(aside <= dot * ZOOM / 2, places[columns], np.nan)
    sheet.band(left, dots - dot / 2, dots + dot / 2, style.orange)
    for place, sign in some_marks(shown.invalid, _MOST_MARKS):
        height = base - 5.0 if sign == sign_of(math.nan) else _TOP + 4.0
        sheet.glyph(left + (place + 0.5) / shown.count * length, height, sign, style.magenta, 10)
    if math.isfinite(largest):
        sheet.text(left - 5, _TOP + 7.5, wording.number(largest), style.grey, TEXT, align="right")
    sheet.text(left - 5, base - 8, "|z|", style.grey, TEXT, align="right")
    sheet.text(left - 5, middle - _LOW / 2 + 5, "π", style.grey, TEXT, align="right")
    sheet.text(left - 5, middle + _LOW / 2 + 2.5, "-π", style.grey, TEXT, align="right")
    sheet.text(left - 11 - text_width("-π", TEXT), middle + 3.5, "phase", style.grey, TEXT, align="right")
    sheet.text(left, sheet.height - 3, "0", style.grey, TEXT)
    if shown.count > 1:
        sheet.text(left + length, sheet.height - 3, wording.integer(shown.count - 1), style.grey, TEXT, align="right")


def _draw_trace(above: Any, below: Any, shown: Trace, style: Style) -> None:
    edges = np.append(np.arange(len(shown.sizes)) * shown.each, shown.count) - 0.5
    above.stairs(shown.sizes, edges, fill=True, color=style.blue)
    below.plot(shown.places, shown.phases, ".", color=style.orange)
    for (sign, _), marker, height in zip(SIGNS, MARKERS, (0.5, 1.0, 0.0), strict=True):
        places = [place for place, found in shown.invalid if found == sign]
        if places:
            # Heights are shares of the Axes, as the values have none of their own.
            look: dict[str, Any] = {"marker": marker, "color": style.magenta, "linestyle": "none", "clip_on": False}
            above.plot(places, [height] * len(places), transform=above.get_xaxis_transform(), **look)
    below.set_yticks([-math.pi, 0, math.pi], ["-π", "0", "π"])
    for axes in (above, below):
        axes.set_xlim(edges[0], edges[-1])


def _spectrum_alt(shown: Spectrum) -> str:
    pooled = f", pooled {wording.extent(shown.block)}" if shown.block != (1, 1) else ""
    parts = [f"Heat map of |z| of {wording.extent(shown.shape)} complex values{pooled}, and beside it of their phase"]
    if shown.scale.high:
        low = f", paper at {wording.number(shown.scale.low, 2)}, logarithmic" if shown.scale.low else ""
        parts.append(f"full ink at {wording.number(shown.scale.high, 2)}{low}")
        row, column = np.unravel_index(int(shown.sizes.argmax()), shown.sizes.shape)
        place = wording.index((int(row) * shown.block[0], int(column) * shown.block[1]))
        where = "at" if shown.block == (1, 1) else "in the block from"
        parts.append(f"largest |z| {wording.number(float(shown.sizes.max()))} {where} {place}")
        parts.append("phase blue at 0, grey at ±π/2, orange at ±π")
    else:
        parts.append(_paper(shown))
    parts += sign_words(shown.invalid_kinds, shown.block[0])
    return f"{'; '.join(parts)}."


def _paper(shown: Spectrum) -> str:
    return "no finite values" if (shown.nans | shown.highs).all() else "all 0"


def _spectrum_notes(shown: Spectrum) -> list[str]:
    logarithmic = " on a logarithmic scale" if shown.scale.low else ""
    notes = [f"complex: magnitude{logarithmic}, and phase as strong as its magnitude"]
    if shown.block != (1, 1):
        each = wording.extent(shown.block)
        notes.append(f"a cell is the largest |z| of {each} values{spaced_words(shown.step)}")
    return notes


def _extent(shown: Spectrum) -> tuple[int, int]:
    """Returns width and height of one map in CSS pixels."""
    cell = cell_size(shown.sizes.shape, shown.block, _MAP)
    return int(shown.sizes.shape[1]) * cell[0], int(shown.sizes.shape[0]) * cell[1]


def _lefts(shown: Spectrum) -> tuple[float, float, float]:
    """Returns the left edges of the map of magnitudes, of the map of phases, and of the keys."""
    wide = _extent(shown)[0]
    first = math.ceil(max(text_width(str(shown.shape[0])), 14.0)) + 4
    second = first + max(wide, math.ceil(text_width("|z|") + text_width(_last_column(shown)) + 10)) + _BETWEEN
    return first, second, second + max(wide, math.ceil(text_width("phase"))) + _BETWEEN


def _last_column(shown: Spectrum) -> str:
    return str(shown.shape[1] - 1)


def phase_ink(phases: Array, strength: Array, style: Style = STYLE) -> Array:
    """Returns RGBA bytes [..., 4]: blue at 0, grey at ±π/2, orange at ±π, alpha by strength, each in 4 steps.

    So neighbouring phases have neighbouring colours all around, and what is real and negative is orange as everywhere.
    Grey rather than paper between them, for paper is what has no magnitude.
    """
    turns = np.rint((1 - 2 * np.abs(phases) / math.pi) * _PHASES)[..., None] / _PHASES
    ends = np.where(turns < 0, rgb(style.orange), rgb(style.blue))
    colors = np.empty((*phases.shape, 4), np.uint8)
    colors[..., :3] = np.rint(np.abs(turns) * ends + (1 - np.abs(turns)) * np.array(rgb(style.grey)))
    colors[..., 3] = np.rint(np.rint(strength * _PHASES) * (255 / _PHASES))
    return colors


def _paint_spectrum(sheet: Sheet, shown: Spectrum, style: Style) -> None:
    first, second, side = _lefts(shown)
    wide, high = _extent(shown)
    cell = wide // shown.sizes.shape[1], high // shown.sizes.shape[0]
    strength = shown.scale.strength(shown.sizes)
    paint_map(sheet, first, _HEAD, ink(strength, 1.0, style), shown.invalid_kinds, cell, style)
    paint_map(sheet, second, _HEAD, phase_ink(shown.phases, strength, style), shown.invalid_kinds, cell, style)
    sheet.text(first, _HEAD - 4, "|z|", style.grey)
    sheet.text(first + wide, _HEAD - 4, _last_column(shown), style.grey, align="right")
    sheet.text(second, _HEAD - 4, "phase", style.grey)
    sheet.text(first - 4, _HEAD + 7.5, "0", style.grey, align="right")
    if high >= 18:
        sheet.text(first - 4, _HEAD + high, str(shown.shape[0] - 1), style.grey, align="right")
    _paint_keys(sheet, shown, side, style)


def _paint_keys(sheet: Sheet, shown: Spectrum, left: float, style: Style) -> None:
    top, scale = float(_HEAD), shown.scale
    if not scale.high:
        sheet.text(left, top + 7.5, _paper(shown), style.grey)
    else:
        after = left + text_width("phase") + 6
        sheet.text(left, top + 7.5, "|z|", style.grey)
        amounts = ink(np.arange(STEPS + 1.0), STEPS, style)
        low, log = (wording.number(scale.low, 2), ", log") if scale.low else ("0", "")
        paint_ramp(sheet, after, top, amounts, low, f"{wording.number(scale.high, 2)}{log}", style)
        top += _LINE
        sheet.text(left, top + 7.5, "phase", style.grey)
        turns = np.linspace(0, math.pi, 2 * _PHASES + 1)
        paint_ramp(sheet, after, top, phase_ink(turns, np.ones_like(turns), style), "0", "±π", style)
    paint_signs(sheet, left, top + _LINE + 4, shown.invalid_kinds, style)


def _draw_spectrum(above: Any, below: Any, shown: Spectrum, style: Style) -> None:
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    rows, columns = shown.shape
    look: dict[str, Any] = {
        "extent": (-0.5, columns - 0.5, rows - 0.5, -0.5),
        "aspect": "auto",
        "origin": "upper",
        "interpolation": "nearest",
    }
    around = [style.orange, style.grey, style.blue, style.grey, style.orange]
    scale = shown.scale
    norm = LogNorm(scale.low, scale.high) if scale.low else Normalize(0.0, scale.high or 1.0)
    above.imshow(shown.sizes, cmap=colormap(style, signed=False), norm=norm, **look)
    turn = LinearSegmentedColormap.from_list("tfnp_ext_phase", around)
    strength = scale.strength(shown.sizes)
    below.imshow(shown.phases, cmap=turn, vmin=-math.pi, vmax=math.pi, alpha=strength, **look)
    for panel in (above, below):
        panel.grid(False)
    for cells, marker in zip(shown.invalid_kinds, MARKERS, strict=True):
        down, right = np.nonzero(cells)
        if len(down):
            middle = (right + 0.5) * shown.block[1] - 0.5, (down + 0.5) * shown.block[0] - 0.5
            above.plot(*middle, marker=marker, color=style.magenta, linestyle="none")
