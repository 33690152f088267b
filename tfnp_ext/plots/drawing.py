"""``plot``: the picture of a value on Matplotlib Axes, to go on with.

Nothing of pyplot is touched: a figure made here belongs to nobody but the caller, and is drawn by Agg.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from io import BytesIO
from numbers import Real
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Absent, Elements
from tfnp_ext.config import DisplayOptions, TensorDisplay
from tfnp_ext.errors import OptionError
from tfnp_ext.plots.asked import as_asked, fitting_plot
from tfnp_ext.plots.base import STYLE, Style, able_plots
from tfnp_ext.summary import Summary, summarize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OF_ELEMENTS = "plot(to_numpy(x, take=1))"

_own_figures: WeakSet[Any] = WeakSet()


def plot(
    obj: Any,
    kind: str = "auto",
    *,
    ax: Axes | None = None,
    labels: Any = None,
    top: int | None = None,
    softmax: bool = False,
    images: Any = None,
    truth: Any = None,
    where: str = "all",
    sort: str = "index",
    page: int = 1,
) -> Any:
    """Draws a value as its card would, on Matplotlib Axes with your own rcParams and style sheets.

    Args:
        obj: Anything that ``to_numpy`` takes but a nest of values; a flat list of numbers is drawn as their array.
        kind: ``auto``, or the name of a plot: ``bar``, ``heatmap``, ``line`` …
        ax: Axes to draw on, as from ``plt.subplots``; a new figure by default, which pyplot does not know of.
        labels: Class names: a list, an array, a dict index → name.
        top: How many classes to draw.
        softmax: Whether to draw the softmax of the values.
        images: The images that predictions are about, [N, H, W] or [N, H, W, C].
        truth: The true classes, [N], one-hot [N, C], or names.
        where: ``all``, ``right`` or ``wrong`` examples of a gallery.
        sort: ``index``, ``confidence`` (least sure first) or ``error`` (worst first).
        page: Which page of a gallery.

    Returns:
        The Axes, ``ax`` itself where it is given. A training, a gallery, a stack of matrices and complex values give an
        object array of Axes, however many there are. Their figure is ``ax.figure``.

    Raises:
        ConversionError: It is not tensor-like.
        OptionError: An option does not fit the value; ``ax`` is given for a plot of several panels.

    Example:
        >>> import numpy as np
        >>> ax = plot(np.float32([0.1, 0.7, 0.2]), labels=["cat", "dog", "eel"])
        >>> [round(float(bar.get_height()), 1) for bar in ax.patches]
        [0.1, 0.7, 0.2]
    """
    asked = {"top": top, "softmax": softmax or None, "labels": labels, "images": images, "truth": truth}
    options = TensorDisplay.instance().options(plot=kind, where=where, sort=sort, page=page, **asked)
    obj = _numbers(obj)
    summary = summarize(obj, budget_ms=options.budget_ms)
    summary = as_asked(summary, options)
    chosen = fitting_plot(summary, options)
    if chosen is None:
        way_out = ": draw one of them, or np.array(values)" if isinstance(obj, (list, tuple)) else ""
        raise OptionError(_why_no_picture(summary, options) + way_out)
    panels = chosen.panels(summary, options)
    if ax is None:
        axes = _new_axes(*panels, chosen.figure_size(summary, options))
        axes = np.atleast_1d(axes) if chosen.in_panels(summary, options) else axes
    elif panels != (1, 1):
        count = panels[0] * panels[1]
        raise OptionError(f"plot {chosen.name} draws {count} panels: leave ax out, and take the Axes it returns")
    else:
        axes = _checked_axes(ax)
    named = ax is not None and ax.get_xlabel()
    chosen.draw(axes, summary, options, user_style())
    for image, panels_of in chosen.scales(axes):
        if ax is None:
            _add_color_bar(image, panels_of)
        elif not named:
            low, high = (wording.number(end, 2) for end in image.get_clim())
            words = f"colours from {low} to {high}"
            ax.set_xlabel("; ".join(filter(None, (ax.get_xlabel(), words))))
    return axes


def _numbers(obj: Any) -> Any:
    """Returns a flat list or tuple of numbers as their array, anything else as it is."""
    if not isinstance(obj, (list, tuple)) or not all(isinstance(part, Real) for part in obj):
        return obj
    array = np.asarray(obj)
    return array if array.size and array.dtype.kind in "biuf" else obj


def _why_no_picture(summary: Summary, options: DisplayOptions) -> str:
    if isinstance(summary.content, Absent):
        return f"nothing of {summary.described} can be drawn: {summary.reason}"
    if isinstance(summary.content, Elements):
        return f"{summary.kind} has to be run before it can be drawn: plot its first elements, as in {_OF_ELEMENTS}"
    able = able_plots(summary, options)
    if not able:
        return f"no plot can draw {summary.described}"
    why = "plot none is no picture" if options.plot == "none" else f"no picture suits {summary.described}"
    return f"{why}: name one of {', '.join(able)}"


def _checked_axes(ax: Any) -> Axes:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise OptionError(f"ax is one Axes, as of plt.subplots(), not {type(ax).__name__}")
    return ax


def _new_axes(rows: int, columns: int, size: tuple[float, float] | None = None) -> Any:
    """Returns Axes on a figure that pyplot does not know of, several as an array."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Names of any length have room: what is saved without a tight box is cut nowhere.
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    _own_figures.add(figure)
    return figure.subplots(rows, columns)


def _add_color_bar(image: Any, axes: Any) -> None:
    """Adds a colour bar beside Axes of a figure of our own: it takes room, which Axes of the user's may not have."""
    if max(abs(image.norm.vmin), abs(image.norm.vmax)) < sys.float_info.max / 4:  # it adds and subtracts its ends
        np.ravel(axes)[0].figure.colorbar(image, ax=axes).outline.set_linewidth(0.5)


def user_style() -> Style:
    """Returns the colours of a plot on Axes: ours, or the first two of a style sheet that the user has chosen."""
    from matplotlib import rcParams, rcParamsDefault
    from matplotlib.colors import to_hex

    if rcParams["axes.prop_cycle"] == rcParamsDefault["axes.prop_cycle"]:
        return STYLE
    colors = rcParams["axes.prop_cycle"].by_key().get("color", [])
    if len(colors) < 2:
        return STYLE
    return Style(blue=to_hex(colors[0]), orange=to_hex(colors[1]))


def figure_of(value: Any) -> Any:
    """Returns the figure of Axes that ``plot`` made, alone or in an array; ``None`` for any other value.

    Axes on a figure of the user's show themselves by pyplot, as always.
    """
    if isinstance(value, np.ndarray):
        if value.dtype != object or not value.size or value.size > 10_000:
            return None
        value = value.flat[0]
    try:
        figure = value.figure
        return figure if figure in _own_figures else None
    except (AttributeError, TypeError):
        return None


def figure_bundle(figure: Any, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns a figure as a PNG of two device pixels each for a notebook, and its size there.

    Args:
        figure: What ``figure_of`` found.
        value: The Axes, alone or in an array, whose repr is the text.
    """
    target = BytesIO()
    figure.savefig(target, format="png", dpi=2 * figure.dpi, bbox_inches="tight")
    data = target.getvalue()
    width, height = (int.from_bytes(data[start : start + 4], "big") // 2 for start in (16, 20))
    size = {"width": width, "height": height}
    return {"image/png": b64encode(data).decode(), "text/plain": repr(value)}, {"image/png": size}
