"""Output formats: one function a MIME type, from a neutral ``Document`` to what a host shows."""

from __future__ import annotations

from collections.abc import Callable

from tfnp_ext.document import Document
from tfnp_ext.formats.html import render_html
from tfnp_ext.formats.text import render_text

FORMATS: dict[str, Callable[[Document], str]] = {
    "text/plain": render_text,
    "text/html": render_html,
}
"""The formats by MIME type."""

__all__ = ["FORMATS", "render_html", "render_text"]
