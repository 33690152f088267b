"""Ink: hue by sign, strength by size, zero is paper; its key, and the signs for what is not a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext import wording
from tfnp_ext.plots.base import STYLE, Array, Style
from tfnp_ext.plots.sheet import Sheet, text_width

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

STEPS = 8
"""Steps of ink from paper to full: few enough to be calm and to make a small PNG."""

SIGNS = (("×", "NaN"), ("▲", "+Inf"), ("▼", "-Inf"))
"""The mark of each kind of value that is not finite, and its word."""

MARKERS = ("x", "^", "v")
"""What ``SIGNS`` are on Axes."""

MARKER_OF = {sign: marker for (sign, _), marker in zip(SIGNS, MARKERS, strict=True)}
"""The marker of each sign."""

MOST_MARKS = 80
"""Marks that are told apart in one picture."""


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


def colormap(style: Style, signed: bool) -> Colormap:
    """Returns the inks for Axes: from paper to blue, or from orange by paper to blue."""
    from matplotlib.colors import ListedColormap

    steps = np.arange(-STEPS if signed else 0, STEPS + 1)
    return ListedColormap(ink(steps.astype(np.float64), STEPS, style) / 255, name="tfnp_ext")


def ink_scale(values: Array) -> float:
    """Returns |x| of full ink: the 99.5th percentile of finite numbers, or the largest where that is 0; 0 for none."""
    sizes = np.abs(values)
    return float(np.percentile(sizes, 99.5) or sizes.max()) if sizes.size else 0.0


def sign_of(value: float) -> str:
    """Returns the mark of a value that is not finite."""
    return SIGNS[0 if math.isnan(value) else 1 if value > 0 else 2][0]


def some_marks(marks: list[tuple[int, str]], most: int) -> list[tuple[int, str]]:
    """Returns at most so many of the marks, evenly chosen, first and last among them."""
    if len(marks) <= most:
        return marks
    return [marks[place] for place in np.linspace(0, len(marks) - 1, most).astype(int)]


def paint_key(sheet: Sheet, left: float, top: float, word: str, signed: bool, style: Style) -> None:
    """Draws every step of ink in a row, and what full ink stands for, in words."""
    steps = np.arange(-STEPS if signed else 0, STEPS + 1)
    colors = ink(steps.astype(np.float64), STEPS, style)
    paint_ramp(sheet, left, top, colors, "" if signed else "0", f"±{word}" if signed else word, style)


def paint_ramp(sheet: Sheet, left: float, top: float, colors: Array, low: str, high: str, style: Style) -> None:
    """Draws RGBA colours [N, 4] in a row, with what its ends stand for."""
    if low:
        sheet.text(left, top + 7.5, low, style.grey)
        left += math.ceil(text_width(low)) + 4
    sheet.pixels(left, top + 0.5, colors[None], 4, 7)
    sheet.frames(left - 0.5, top, 4 * len(colors) + 1, 8, style.grey + style.rule, 0.5)
    sheet.text(left + 4 * len(colors) + 5, top + 7.5, high, style.grey)


def paint_map(
    sheet: Sheet,
    left: float,
    top: float,
    colors: Array,
    invalid: tuple[Array, ...],
    cell: tuple[int, int],
    style: Style,
) -> None:
    """Draws a map in its frame, and a sign on each cell that is not finite; many small ones are filled instead.

    Args:
        sheet: What is drawn on.
        left: Left edge of the map in CSS pixels.
        top: Upper edge.
        colors: RGBA bytes [R, C, 4] of its cells.
        invalid: Which cells hold what is not finite, in the order of ``SIGNS`` [R, C].
        cell: Width and height of a cell in CSS pixels.
        style: Colours of frame and signs.
    """
    wide, high = cell
    held = np.logical_or.reduce(invalid)
    crowded = int(held.sum()) > MOST_MARKS and min(cell) < 5
    if crowded:
        colors = colors.copy()
        colors[held] = (*rgb(style.magenta), 255)
    down, right = held.shape
    sheet.frames(left - 0.5, top - 0.5, right * wide + 1, down * high + 1, style.grey + style.rule, 0.5)
    sheet.pixels(left, top, colors, wide, high)
    size = max(7.0, min(11.0, 1.3 * min(cell)))
    for cells, (sign, _) in () if crowded else zip(invalid, SIGNS, strict=True):
        for row, column in np.argwhere(cells).tolist():
            sheet.glyph(left + (column + 0.5) * wide, top + (row + 0.5) * high, sign, style.magenta, size)


def paint_legend(
    sheet: Sheet,
    left: float,
    top: float,
    word: str,
    signed: bool,
    paper: str,
    invalid: tuple[Array, Array, Array],
    style: Style,
) -> None:
    """Draws the key, or, where there is no ink, what ``paper`` means, and below it what the signs found stand for."""
    if word:
        paint_key(sheet, left, top, word, signed, style)
    else:
        sheet.text(left, top + 7.5, paper, style.grey)
    paint_signs(sheet, left, top + 19, invalid, style)


def paint_signs(sheet: Sheet, left: float, middle: float, invalid: tuple[Array, Array, Array], style: Style) -> None:
    """Writes what each sign that is found stands for, side by side."""
    for cells, (sign, word) in zip(invalid, SIGNS, strict=True):
        if cells.any():
            sheet.glyph(left + 4, middle, sign, style.magenta, 10)
            sheet.text(left + 12, middle + 3.5, word, style.magenta)
            left += 20 + math.ceil(text_width(word)) + 4


def ink_words(word: str, signed: bool, paper: str) -> str:
    """Returns what the inks mean, full ink being ``word``, or of a map without any what ``paper`` means."""
    if not word:
        return paper
    hue = "orange negative, blue positive" if signed else "blue positive"
    return f"{hue}, full ink at {word}"


def sign_words(invalid: Iterable[Array], rows: int) -> list[str]:
    """Returns in which rows what is not finite is marked, one phrase a sign that is found.

    Args:
        invalid: Which cells hold NaN, +Inf and -Inf [R, C].
        rows: How many rows of the matrix a cell stands for.
    """
    words = []
    for cells, (sign, name) in zip(invalid, SIGNS, strict=False):
        if cells.any():
            found = np.unique(np.nonzero(cells)[0] * rows).tolist()
            words.append(f"{name} marked {sign} {'from' if rows > 1 else 'in'} {places_named('row', found)}")
    return words


_PLACES_NAMED = 6


def places_named(noun: str, places: Sequence[int]) -> str:
    """Returns which rows, or filters, of many the first.

    Example:
        >>> places_named("row", [9]), places_named("row", [9, 17]), places_named("row", range(9))
        ('row 9', 'rows 9 and 17', 'rows 0, 1, 2, 3, 4, 5, …')
    """
    named = list(map(str, places[:_PLACES_NAMED]))
    if len(places) == 1:
        return f"{noun} {named[0]}"
    last = ", …" if len(places) > _PLACES_NAMED else f" and {named.pop()}"
    return f"{noun}s {', '.join(named)}{last}"


def scale_word(scale: float) -> str:
    """Returns what full ink stands for, in words; ``""`` for a map without ink."""
    return wording.number(scale, 2) if scale else ""
