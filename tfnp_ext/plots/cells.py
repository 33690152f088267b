"""The cells of a pooled matrix as a map: on the card's paper and on Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext.plots.base import Style
from tfnp_ext.plots.inks import MARKERS, colormap, ink, paint_map
from tfnp_ext.plots.pooling import Pooled
from tfnp_ext.plots.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def paint_cells(
    sheet: Sheet, pooled: Pooled, scale: float, left: float, top: float, cell: tuple[int, int], style: Style
) -> None:
    """Draws the cells of a map in their frame, what is not finite by its sign.

    Args:
        sheet: What to draw on.
        pooled: The cells.
        scale: |x| of full ink.
        left: Where the map stands, in CSS pixels.
        top: Where the map stands, in CSS pixels.
        cell: Width and height of a cell in CSS pixels.
        style: The colours.
    """
    paint_map(sheet, left, top, ink(pooled.means, scale, style), pooled.invalid_kinds, cell, style)


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
    for cells, marker in zip(pooled.invalid_kinds, MARKERS, strict=True):
        down, right = np.nonzero(cells)
        if len(down):
            height, width = pooled.block
            middle = (right + 0.5) * width - 0.5, (down + 0.5) * height - 0.5
            axes.plot(*middle, marker=marker, color=style.magenta, linestyle="none")
