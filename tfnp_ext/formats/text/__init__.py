"""``text/plain``: the same words for terminals, for the notebook's stored fallback, and for screen readers."""

from __future__ import annotations

from tfnp_ext.document import Document
from tfnp_ext.formats.text import pictures, tables, trees
from tfnp_ext.formats.text.blocks import write
from tfnp_ext.formats.text.headline import write_heading
from tfnp_ext.formats.text.layout import WIDTH, cut, wording_width
from tfnp_ext.formats.text.trees import MOST_LINES

__all__ = ["MOST_LINES", "pictures", "render_text", "tables", "trees", "wording_width"]

_PROMPT = len("Out[10]: ")  # IPython puts it before a card of one line


def render_text(document: Document) -> str:
    """Returns a card as plain text, in 80 columns."""
    below = [line for block in document.blocks for line in write(block)]
    lines = write_heading(document.heading)
    if not below and len(lines) == 1:
        lines = write_heading(document.heading, WIDTH - _PROMPT)
    return "\n".join(cut(line) for line in lines + below)
