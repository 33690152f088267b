"""TensorFlow values in notebooks: shown as compact cards, converted to NumPy by one call.

``%load_ext tfnp_ext`` in a notebook, ``tfnp_ext.to_numpy(value)`` anywhere. Importing this package imports neither
TensorFlow nor Matplotlib nor ipywidgets.
"""

from __future__ import annotations

from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "ConversionError": "errors",
    "ConversionInterrupted": "errors",
    "OptionError": "errors",
    "StorageError": "errors",
    "SymbolicTensorError": "errors",
    "TensorDisplay": "config",
    "explore": "explorer",
    "iter_numpy": "datasets",
    "load": "storage",
    "load_ipython_extension": "extension",
    "plot": "plots",
    "register_adapter": "adapters",
    "register_plot": "plots",
    "save": "storage",
    "show": "display",
    "summarize": "summary",
    "to_numpy": "convert",
    "unload_ipython_extension": "extension",
}

_LIGHT = frozenset({"config", "errors", "extension"})
"""Rooms of public names that convert nothing."""

if TYPE_CHECKING:
    from tfnp_ext.adapters import register_adapter
    from tfnp_ext.config import TensorDisplay
    from tfnp_ext.convert import to_numpy
    from tfnp_ext.datasets import iter_numpy
    from tfnp_ext.display import show
    from tfnp_ext.errors import (
        ConversionError,
        ConversionInterrupted,
        OptionError,
        StorageError,
        SymbolicTensorError,
    )
    from tfnp_ext.explorer import explore
    from tfnp_ext.extension import load_ipython_extension, unload_ipython_extension
    from tfnp_ext.plots import plot, register_plot
    from tfnp_ext.storage import load, save
    from tfnp_ext.summary import summarize

__all__ = [
    "ConversionError",
    "ConversionInterrupted",
    "OptionError",
    "StorageError",
    "SymbolicTensorError",
    "TensorDisplay",
    "__version__",
    "explore",
    "iter_numpy",
    "load",
    "load_ipython_extension",
    "plot",
    "register_adapter",
    "register_plot",
    "save",
    "show",
    "summarize",
    "to_numpy",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    """Imports a public name from its room when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if _HOMES[name] not in _LIGHT:
        import_module(f"{__name__}.datasets")  # registers kinds that the rooms above it cannot know
    if isinstance(value, FunctionType):
        # The mark of tf.autograph.experimental.do_not_convert: tf.function calls it as it is, and converts nothing.
        value.autograph_info__ = {}  # type: ignore[attr-defined]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
