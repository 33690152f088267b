"""From a value to its card: ``compose``, the MIME bundle, and ``show``."""

from __future__ import annotations

from tfnp_ext.display.cards import compose
from tfnp_ext.display.showing import for_terminal, holds_tensors, mimebundle, native_text, show

__all__ = ["compose", "for_terminal", "holds_tensors", "mimebundle", "native_text", "show"]
