"""``text/plain``: the same words for terminals, for the notebook's stored fallback, and for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from tfnp_ext import wording
from tfnp_ext.document import Block, Document, Fields, Note
from tfnp_ext.formats.text import beside, pictures, tables, trees
from tfnp_ext.formats.text.blocks import write
from tfnp_ext.formats.text.headline import write_heading
from tfnp_ext.formats.text.layout import MOST_LINES, WIDTH, cut, wording_width, wrap

__all__ = ["MOST_LINES", "beside", "pictures", "render_text", "sentence", "tables", "trees", "wording_width"]

_PROMPT = len("Out[10]: ")  # IPython puts it before a card of one line
_LEAST = 3
"""Lines that values get in any case, however much is said above them."""


def render_text(document: Document) -> str:
    """Returns a card as plain text, in 80 columns and a dozen lines."""
    lines = write_heading(document.heading)
    below = _below(document.blocks, MOST_LINES - len(lines))
    if not below and len(lines) == 1:
        lines = write_heading(document.heading, WIDTH - _PROMPT)
    return "\n".join(cut(line) for line in lines + below)


def sentence(text: str) -> list[str]:
    """Returns a sentence of ours that stands alone, broken between words where a line ends."""
    return [cut(line) for line in wrap(wording.printable(text).split(" "), WIDTH, " ")]


def _below(blocks: Sequence[Block], most: int) -> list[str]:
    """Returns the lines of the blocks of a card: all that is said, and of the values what has room."""
    said = {place: write(block) for place, block in enumerate(blocks) if isinstance(block, (Fields, Note))}
    left = most - sum(map(len, said.values()))
    lines: list[str] = []
    for place, block in enumerate(blocks):
        shown = said[place] if place in said else write(block, WIDTH, max(left, _LEAST))
        left -= 0 if place in said else len(shown)
        lines += shown
    return lines
