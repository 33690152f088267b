"""The cells of heat maps: their ink, the signs of what is not finite, and the key of the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext.plots.base import STYLE, Array, Style
from tfnp_ext.plots.pooling import Pooled
from tfnp_ext.plots.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

STEPS = 8
"""Steps of ink from paper to full: few enough to be calm and to make a small PNG."""

SIGNS = ("×", "▲", "▼")
"""What stands for NaN, +Inf and -Inf."""

_MOST_MARKS = 80


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
    """Returns the steps of ink as a Matplotlib colour map."""
    from matplotlib.colors import ListedColormap

    steps = np.arange(-STEPS if signed else 0, STEPS + 1)
    return ListedColormap(ink(steps.astype(np.float64), STEPS, style) / 255, name="tfnp_ext")


def paint_cells(
    sheet: Sheet, pooled: Pooled, scale: float, left: float, top: float, cell: tuple[int, int], style: Style
) -> None:
    """Draws the cells of a map in their frame, what is not finite by its sign, or filled where signs have no room.

    Args:
        sheet: What to draw on.
        pooled: The cells.
        scale: |x| of full ink.
        left: Where the map stands, in CSS pixels.
        top: Where the map stands, in CSS pixels.
        cell: Width and height of a cell in CSS pixels.
        style: The colours.
    """
    colors = ink(pooled.means, scale, style)
    invalid = pooled.nans | pooled.highs | pooled.lows
    crowded = int(invalid.sum()) > _MOST_MARKS and min(cell) < 5
    if crowded:
        colors[invalid] = (*rgb(style.magenta), 255)
    rows, columns = invalid.shape
    width, height = columns * cell[0], rows * cell[1]
    sheet.frames(left - 0.5, top - 0.5, width + 1, height + 1, style.grey + style.rule, 0.5)
    sheet.pixels(left, top, colors, *cell)
    size = max(7.0, min(11.0, 1.3 * min(cell)))
    for cells, sign in () if crowded else zip((pooled.nans, pooled.highs, pooled.lows), SIGNS, strict=True):
        for down, right in np.argwhere(cells).tolist():
            sheet.glyph(left + (right + 0.5) * cell[0], top + (down + 0.5) * cell[1], sign, style.magenta, size)


def paint_key(sheet: Sheet, left: float, top: float, word: str, signed: bool, style: Style) -> None:
    """Draws the steps of ink from lowest to highest, and what full ink stands for."""
    steps = np.arange(-STEPS if signed else 0, STEPS + 1)
    if not signed:
        sheet.text(left, top + 7.5, "0", style.grey)
        left += 10
    sheet.pixels(left, top + 0.5, ink(steps[None].astype(np.float64), STEPS, style), 4, 7)
    sheet.frames(left - 0.5, top, 4 * len(steps) + 1, 8, style.grey + style.rule, 0.5)
    sheet.text(left + 4 * len(steps) + 5, top + 7.5, f"±{word}" if signed else word, style.grey)


def draw_cells(axes: Axes, pooled: Pooled, scale: float, signed: bool, style: Style) -> None:
    """Draws ``axes.imshow`` of the cells in the array's own indices, and markers for what is not finite."""
    rows, columns = pooled.shape
    reach = scale or 1.0
    axes.imshow(
        pooled.means,
        cmap=colormap(style, signed),
        vmin=-reach if signed else 0.0,
        vmax=reach,
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        aspect="auto",
        origin="upper",
        interpolation="nearest",
    )
    for cells, marker in ((pooled.nans, "x"), (pooled.highs, "^"), (pooled.lows, "v")):
        down, right = np.nonzero(cells)
        if len(down):
            height, width = pooled.block
            middle = (right + 0.5) * width - 0.5, (down + 0.5) * height - 0.5
            axes.plot(*middle, marker=marker, color=style.magenta, linestyle="none")
