"""Ink: hue by sign, strength by size, zero is paper; its key, and the signs for what is not a number."""

from __future__ import annotations

import math
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


def paint_key(sheet: Sheet, left: float, top: float, scale: float, signed: bool, style: Style) -> None:
    """Draws every step of ink in a row, and what full ink stands for."""
    steps = np.arange(-STEPS if signed else 0, STEPS + 1)
    if not signed:
        sheet.text(left, top + 7.5, "0", style.grey)
        left += 10
    sheet.pixels(left, top + 0.5, ink(steps[None].astype(np.float64), STEPS, style), 4, 7)
    sheet.frames(left - 0.5, top, 4 * len(steps) + 1, 8, style.grey + style.rule, 0.5)
    word = wording.number(scale, 2)
    sheet.text(left + 4 * len(steps) + 5, top + 7.5, f"±{word}" if signed else word, style.grey)


def paint_signs(sheet: Sheet, left: float, middle: float, found: tuple[bool, ...], style: Style) -> None:
    """Writes what each sign that is found stands for, side by side."""
    for (sign, word), any_found in zip(SIGNS, found, strict=True):
        if any_found:
            sheet.glyph(left + 4, middle, sign, style.magenta, 10)
            sheet.text(left + 12, middle + 3.5, word, style.magenta)
            left += 20 + math.ceil(text_width(word)) + 4
