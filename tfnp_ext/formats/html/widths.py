"""About how wide texts and blocks are, in CSS pixels at 12 px type: what columns of a tree are set by.

Rather more than less: a column that is too wide is a gap, one that is too narrow breaks its line.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest
from unicodedata import east_asian_width

from tfnp_ext import wording
from tfnp_ext.document import DATA_TONES, Beside, Block, Cell, Fields, Note, Span, Sparkline, Table, Text

GAP, COLUMN_GAP = 8, 12
DIGIT = 6.8
_FRAME = 10  # the line around an answer and the room within it
_BAR, _MONO = 122, 1.2
_SLIM = frozenset(" !'(),./:;I[\\]`fijlrt|·…")
_BROAD = frozenset("MWm@%")


def text_width(text: str) -> float:
    """Returns the width of a text.

    Example:
        >>> text_width("(3, 3)") < text_width("kernel") < text_width("KERNEL")
        True
    """
    return sum(map(_character_width, text))


@lru_cache(maxsize=1024)
def _character_width(character: str) -> float:
    if character in _SLIM:
        return 4.0
    if character in _BROAD or east_asian_width(character) in "WF":
        return 12.0
    return 9.4 if character.isupper() else DIGIT


def spans_width(spans: Text, sparkline: float = 0.0) -> float:
    """Returns the width of pieces of text beside each other; a histogram with its two ends is ``sparkline`` wide."""
    if any(isinstance(span, Sparkline) for span in spans):
        return sparkline
    return sum(
        (_data_width(span) if span.tone in DATA_TONES else text_width(span.text)) + _FRAME * span.framed + GAP
        for span in spans
        if isinstance(span, Span)
    )


def _data_width(string: Span) -> float:
    """Returns the width of data text, its quotes and what is said to be missing."""
    written = f'"{wording.escaped(string.text)}"' if string.tone == "code" else string.text
    missing = "" if string.left_out is None else f" {wording.left_out(*string.left_out)}"
    return text_width(written) * _MONO + text_width(missing)


def block_width(block: Block, sparkline: float) -> float:
    """Returns the width of what stands in a leaf's line: a table, tables beside each other, or the first number."""
    if isinstance(block, Table):
        return _table_width(block)
    if isinstance(block, Beside):
        return sum(block_width(inner, sparkline) + block.gap for inner in block.blocks)
    if isinstance(block, Note):
        return spans_width(block.text)
    return spans_width(block.items[0], sparkline) if isinstance(block, Fields) and block.items else 0.0


def _table_width(table: Table) -> float:
    lines = [[text_width(row.header or ""), *map(_cell_width, row.cells)] for row in table.rows]
    lines.append([0.0, *map(text_width, table.columns)])
    return sum(max(column) + COLUMN_GAP for column in zip_longest(*lines, fillvalue=0.0))


def _cell_width(cell: Cell) -> float:
    if cell.span > 1:
        return 0.0
    after = sum(text_width(span.text) for span in cell.after)
    if cell.tone in DATA_TONES:
        return _data_width(cell.data) + after
    return max(text_width(cell.text) * (_MONO if cell.mono else 1.0) + after, _BAR if cell.bar else 0.0)
