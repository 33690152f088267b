"""Names as ticks on Axes: as they are written, turned where they would run into each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_FULL = 0.95
"""How much of the way to the next tick a name may fill."""


def name_ticks(axis: Axis, places: Sequence[float], names: Sequence[str]) -> None:
    """Puts names at places of an axis; a dollar in them is no formula."""
    axis.set_ticks(list(places), list(names))
    for text in axis.get_ticklabels():
        text.set(parse_math=False, rotation=0)


def name_columns(axes: Axes, places: Sequence[float], names: Sequence[str]) -> None:
    """Puts names below columns that are drawn already: aslant, or upright, where they are too wide to lie."""
    name_ticks(axes.xaxis, places, names)
    labels = axes.get_xticklabels()
    if len(labels) < 2:
        return
    axes.apply_aspect()
    low, high = axes.get_xlim()
    pitch = float(axes.get_window_extent().width) * float(np.diff(places).min()) / abs(high - low) * _FULL
    boxes = [label.get_window_extent() for label in labels]
    if max(box.width for box in boxes) <= pitch:
        return
    upright = max(box.height for box in boxes) * 2**0.5 > pitch
    turned: dict[str, Any] = {"rotation": 90} if upright else {"rotation": 45, "rotation_mode": "anchor"}
    for label in labels:
        label.set(**turned, horizontalalignment="center" if upright else "right")
