"""The cells of a pooled matrix as a map: on the card's paper and on Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext.plots.base import Array, Style
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


def draw_cells(
    axes: Axes, pooled: Pooled, scale: float, signed: bool, style: Style, outliers: Array | None = None
) -> None:
    """Draws ``axes.imshow`` of the cells in the array's own indices, and markers for what is not finite.

    Args:
        axes: Axes of the user's.
        pooled: The cells.
        scale: |x| of full ink.
        signed: Whether there are negative cells.
        style: The colours.
        outliers: Cells [N, 2] around which a square says that they hold an extreme value.
    """
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
    axes.grid(False)
    for cells, marker in zip(pooled.invalid_kinds, MARKERS, strict=True):
        down, right = np.nonzero(cells)
        if len(down):
            axes.plot(*_middles(pooled, down, right), marker=marker, color=style.magenta, linestyle="none")
    if outliers is not None and len(outliers):
        look: dict[str, Any] = {"marker": "s", "fillstyle": "none", "markersize": 9, "linestyle": "none"}
        axes.plot(*_middles(pooled, *outliers.T), color=axes.title.get_color(), label="extreme values", **look)


def _middles(pooled: Pooled, down: Array, right: Array) -> tuple[Array, Array]:
    """Returns where the middles of cells are in the array's own indices, to the right and down."""
    height, width = pooled.block
    return (right + 0.5) * width - 0.5, (down + 0.5) * height - 0.5
