"""The explorer: a tensor of any size under your fingers, as a widget of which only what is visible crosses.

Nothing of it is imported before ``explore`` is called: it alone needs ipywidgets and anywidget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfnp_ext.explorer.widget import TensorExplorer

__all__ = ["explore"]


def explore(
    obj: Any, *, axes: Sequence[str] | None = None, labels: Any = None, other: Any = None, tolerance: float = 0.0
) -> TensorExplorer:
    """Returns an explorer of a value: slide through its axes, hover, zoom, find the NaN, compare it with another.

    Nothing is copied: only what is visible is cut, also of a value on another device. Of a nest one leaf is chosen; the
    elements of a dataset are drawn on demand, the first axis counts them.

    Args:
        obj: Anything that ``to_numpy`` takes: a tensor, a variable, an array, a ragged or sparse tensor, a dataset, or
            a nest of these.
        axes: A name for each axis, as in ``["batch", "y", "x", "channel"]``.
        labels: Class names: a list, an array or a dict index → name; of the last axis that is as long.
        other: A value of the same shape to compare it with.
        tolerance: Up to which difference two values agree.

    Returns:
        A widget. Its ``slice`` is the indexing expression, its ``array`` the NumPy slice; both follow what is shown,
        and can be observed. ``state`` is all that is shown, ``png`` the picture; ``refresh()`` reads the value anew,
        ``close()`` lets go of it.

    Raises:
        ConversionError: It is not tensor-like, or ``other`` is of another shape.
        SymbolicTensorError: It has no value yet.
        OptionError: Names do not fit the axes.
    """
    from tfnp_ext.explorer.widget import TensorExplorer

    return TensorExplorer(obj, axes=axes, labels=labels, other=other, tolerance=tolerance)
