"""Trees of nests: a line a leaf, its columns at the same places all through the tree, and groups that fold.

Where a window is narrow, a line is broken between its columns and goes on below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from tfnp_ext import wording
from tfnp_ext.document import (
    Beside,
    Child,
    Children,
    Document,
    Fields,
    Fold,
    Note,
    Span,
    Sparkline,
    Table,
    Text,
)
from tfnp_ext.formats.html.blocks import write, write_all, writes
from tfnp_ext.formats.html.inline import SPARK_WIDTH, bold, quiet, said, write_inline, write_span, write_text
from tfnp_ext.formats.html.widths import COLUMN_GAP, GAP, block_width, spans_width, text_width

_INDENT = 16
_END, _BYTES = 48, 60
_ENDS = _END + SPARK_WIDTH + _END
_NAME_LENGTH, _TITLE_LENGTH = 40, 1000
_SHORT_NAMES, _NAME_SHARE = 96, 40  # a wider column of names takes 40 % of a narrow window, where they are broken
_WIDEST_NAME, _WIDEST_SHAPE, _WIDEST_DTYPE, _WIDEST_VALUES = 320, 150, 90, 640
_LEAST_WORDS = 120  # so much room words need beside a name, or they stand below it
_VALUE_GAP = 5  # beside the blank between two values

_EN_SPACE = "\N{EN SPACE}"
_ZEROS = Span("zeros", "secondary")
_LINE = "display:flex;flex-wrap:wrap"
_HUNG = " style=list-style-position:outside"  # the triangle, so that a broken line goes on below its name


class _Columns(NamedTuple):
    """How wide the columns of a tree are, in CSS pixels: the same for every leaf, however deep.

    ``values`` has the bytes at its end; it is 0 where every leaf is shown whole, of which nobody asks the bytes.
    """

    name: int
    shape: int
    dtype: int
    values: int

    def line(self, depth: int) -> str:
        """Returns the style of a leaf's line, as wide as its columns: the bytes stand at its right end."""
        return f"{_LINE};max-width:{self._whole(depth)}px" if self.values else _LINE

    def names(self, depth: int) -> str:
        """Returns the style of a leaf's name: as wide as its column, unless the window is narrow."""
        width = self.name - _INDENT * depth
        if width <= _SHORT_NAMES:
            return f"flex-basis:{width}px"
        width -= COLUMN_GAP
        share = max(_NAME_SHARE, math.ceil(100 * width / self._whole(depth)))
        return f"flex-basis:{width}px;max-width:{share}%;margin-right:{COLUMN_GAP}px"

    def _whole(self, depth: int) -> int:
        return sum(self) + COLUMN_GAP - _INDENT * depth


@writes(Fold)
def write_fold(fold: Fold) -> str:
    """Returns what is folded away behind one line."""
    reason = f" · {write_text(fold.reason)}" if fold.reason else ""
    return (
        f'<details style="font-size:12px"><summary style="cursor:pointer;opacity:.66">{said(fold.summary)}{reason}'
        f'</summary><div style="max-height:300px;overflow:auto;margin:4px 0 6px 14px">{write_all(fold.blocks)}</div>'
        "</details>"
    )


@writes(Children)
def write_children(children: Children) -> str:
    """Returns the lines of a tree."""
    leaves = list(_leaves(children, 0))
    tensors = [leaf for _, leaf, _ in leaves if leaf.heading.kind]
    columns = _Columns(
        name=_widest((text_width(name) + _INDENT * depth + COLUMN_GAP for name, _, depth in leaves), _WIDEST_NAME),
        shape=_widest((text_width(leaf.heading.shape) + COLUMN_GAP for leaf in tensors), _WIDEST_SHAPE),
        dtype=_widest((text_width(leaf.heading.dtype) for leaf in tensors), _WIDEST_DTYPE),
        values=0 if all(map(_is_whole, tensors)) else _widest(map(_values_width, tensors), _WIDEST_VALUES) + _BYTES,
    )
    # The triangle of what folds hangs in the margin: so the names of all leaves line up.
    folds = children.folded or any(_group_of(child) or _unfolded(child.document) for child in children.items)
    margin = f"2px 0;padding-left:{_INDENT}px" if folds else "2px 0"
    style = f"font-size:12px;line-height:18px;margin:{margin};word-wrap:break-word;overflow-x:auto"
    return f'<div style="{style}">{_lines(children, columns, 0)}</div>'


def _leaves(children: Children, depth: int) -> Iterator[tuple[str, Document, int]]:
    """Yields shown name, document and depth of every leaf of a tree."""
    for child in (*children.items, *children.folded):
        group = _group_of(child)
        if group is None:
            yield child.name[: _NAME_LENGTH + 1], child.document, depth
        else:
            yield from _leaves(group, depth + 1)


def _widest(widths: Iterable[float], most: int) -> int:
    return min(most, math.ceil(max(widths, default=0)))


def _is_whole(leaf: Document) -> bool:
    """Returns whether all values of a leaf stand in its line."""
    return bool(leaf.heading.values) or (bool(leaf.blocks) and isinstance(leaf.blocks[0], (Table, Beside)))


def _values_width(leaf: Document) -> float:
    """Returns about how wide is what stands in a leaf's line behind its dtype."""
    if leaf.heading.values:
        return spans_width(leaf.heading.values)
    return block_width(leaf.blocks[0], _ENDS) if leaf.blocks else 0.0


def _group_of(child: Child) -> Children | None:
    blocks = child.document.blocks
    return blocks[0] if blocks and isinstance(blocks[0], Children) else None


def _lines(children: Children, columns: _Columns, depth: int) -> str:
    lines = "".join(_child(child, columns, depth) for child in children.items)
    if children.folded:
        rest = "".join(_child(child, columns, depth) for child in children.folded)
        count = len(children.folded) + children.more
        lines += f"<details><summary{_HUNG}>{quiet(f'… {wording.integer(count)} more')}</summary>{rest}"
        lines += f"{_more(children.more)}</details>"
        return lines
    return lines + _more(children.more)


def _more(count: int) -> str:
    return f"<div>{quiet(f'… {wording.integer(count)} more')}</div>" if count else ""


def _child(child: Child, columns: _Columns, depth: int) -> str:
    group = _group_of(child)
    if group is not None:
        return _group(child, group, columns, depth)
    leaf = child.document
    # Blanks between the columns are for those who copy or hear them. Without quotes: a tree has a thousand of these.
    name = f"<span style={columns.names(depth)}>{_name(child.name)}</span>"
    if not leaf.heading.kind:
        words = _EN_SPACE.join(map(write_span, leaf.heading.values))
        return f'<div style={_LINE}>{name} <span style="flex:1 {_LEAST_WORDS}px;min-width:0">{words}</span></div>'
    shape = f"<span style=flex-basis:{columns.shape}px>{said(leaf.heading.shape)}</span>"
    dtype = f"<span style=flex-basis:{columns.dtype}px;opacity:.66>{said(leaf.heading.dtype)}</span>"
    line = f"{name} {shape} {dtype} {_values(leaf, columns)}"
    rest = _unfolded(leaf)
    if not rest:
        return f"<div style={columns.line(depth)}>{line}</div>"
    inner = f'<div style="margin:0 0 4px {_INDENT}px">{rest}</div>'
    opened = " open" if child.open else ""
    line = f"<span style={columns.line(depth)}>{line}</span>"
    return f"<details{opened}><summary{_HUNG}>{line}</summary>{inner}</details>"


def _name(name: str) -> str:
    """Returns the name of a line, a long one cut, its whole in the title."""
    shown, cut = wording.shorten(name, _NAME_LENGTH)
    if not cut:
        return said(name)
    title, beyond = wording.shorten(name, _TITLE_LENGTH)
    whole = escape(wording.printable(title)) + ("…" if beyond else "")
    return f'<span title="{whole}">{said(f"{shown}…")}</span>'


def _group(child: Child, group: Children, columns: _Columns, depth: int) -> str:
    heading = child.document.heading
    kind = "" if heading.kind in {"dict", "list", "tuple"} else f"{said(heading.kind)} "
    line = f"{bold(_name(child.name))} {kind}{quiet(said(' · '.join(heading.facts)))}"
    opened = " open" if child.open else ""
    inner = f'<div style="margin-left:{_INDENT}px">{_lines(group, columns, depth + 1)}</div>'
    return f"<details{opened}><summary{_HUNG}>{line}</summary>{inner}</details>"


def _unfolded(document: Document) -> str:
    """Returns what unfolding a leaf adds to its line, where its first number stands already."""
    if document.heading.values or not document.blocks or not isinstance(document.blocks[0], Fields):
        return ""
    first, *others = document.blocks
    assert isinstance(first, Fields)
    # In one of two hundred leaves, that none is zero goes without saying.
    numbers = "\N{EM SPACE}".join(write_text(item) for item in first.items[1:] if item != (_ZEROS, Span("0")))
    return numbers + write_all(tuple(others))


def _values(leaf: Document, columns: _Columns) -> str:
    """Returns what stands in a leaf's line behind its dtype: its values or some of its numbers, and its bytes."""
    block = leaf.blocks[0] if leaf.blocks else None
    shown = ""
    if leaf.heading.values:
        shown = " ".join(map(_value, leaf.heading.values))
    elif isinstance(block, (Table, Beside)):
        shown = write(block)
    elif isinstance(block, Note):
        shown = write_text(block.text)
    elif isinstance(block, Fields) and block.items:
        shown = _ends(block.items[0])
    width = min(math.ceil(_values_width(leaf)), _WIDEST_VALUES)
    if columns.values:
        width += _BYTES
        shown = f"<span style=float:right;margin-left:{GAP}px;opacity:.66>{said(leaf.heading.size)}</span> {shown}"
    # The gap before it is its own: so it stands indented where it has to go below the name.
    style = f"flex:1 {width}px;margin-left:{COLUMN_GAP}px"
    if isinstance(block, (Table, Beside)):
        return f'<div style="{style};min-width:0">{shown}</div>'
    narrows = ";min-width:0" if any(span.tone == "code" for span in leaf.heading.values) else ""
    return f'<span style="{style}{narrows}">{shown}</span>'


def _value(span: Span) -> str:
    """Returns one of the values in a leaf's line, which may be broken behind it."""
    return f'<span style="display:inline-block;margin-right:{_VALUE_GAP}px">{write_span(span)}</span>'


def _ends(text: Text) -> str:
    """Returns smallest value, histogram and largest value, the histograms of a tree below each other."""
    place = next((at for at, item in enumerate(text) if isinstance(item, Sparkline)), -1)
    if place < 0:
        return write_text(text)
    ends = [item for item in text if isinstance(item, Span) and item.tone != "secondary"]
    low, high = (write_inline(end) for end in (ends[0], ends[-1]))
    warned = [item for item in text if isinstance(item, Span) and item.tone == "invalid"]
    flag = f" {write_span(warned[0])}" if warned and warned[0] not in (ends[0], ends[-1]) else ""
    left = f"<span style=display:inline-block;min-width:{_END}px;text-align:right>{low}</span>"
    return f"{left} {write_inline(text[place])} {high}{flag}"
