"""Trees of nests: a line a leaf, its columns at the same places all through the tree, and groups that fold."""

from __future__ import annotations

from collections.abc import Iterator
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
from tfnp_ext.formats.html.inline import bold, quiet, said, write_inline, write_span, write_text

_INDENT = 16
_MARKER = 12.7  # how wide browsers draw the triangle of a fold in this type, so that leaves without one line up
_END, _BYTES = 64, 60
_NAME_LENGTH, _TITLE_LENGTH = 40, 1000
_WIDEST_NAME, _WIDEST_SHAPE, _WIDEST_DTYPE = 320, 150, 90


_EN_SPACE = "\N{EN SPACE}"
_ZEROS = Span("zeros", "secondary")


class _Columns(NamedTuple):
    """Where the columns of a tree stand, in CSS pixels: the same for every leaf, however deep."""

    name: int
    shape: int
    dtype: int
    folds: bool


@writes(Fold)
def write_fold(fold: Fold) -> str:
    """Returns what is folded away behind one line."""
    reason = f" · {said(fold.reason)}" if fold.reason else ""
    return (
        f'<details style="font-size:12px"><summary style="cursor:pointer;opacity:.66">{said(fold.summary)}{reason}'
        f'</summary><div style="max-height:300px;overflow:auto;margin:4px 0 6px 14px">{write_all(fold.blocks)}</div>'
        "</details>"
    )


@writes(Children)
def write_children(children: Children) -> str:
    """Returns the lines of a tree."""
    leaves = list(_leaves(children, 0))
    columns = _Columns(
        name=min(
            _WIDEST_NAME,
            max((7 * min(len(name), _NAME_LENGTH + 1) + _INDENT * depth + 12 for name, _, depth in leaves), default=0),
        ),
        shape=min(_WIDEST_SHAPE, max((7 * len(leaf.heading.shape) + 8 for _, leaf, _ in leaves), default=0)),
        dtype=min(_WIDEST_DTYPE, max((7 * len(leaf.heading.dtype) + 8 for _, leaf, _ in leaves), default=0)),
        folds=any(depth for _, _, depth in leaves) or any(_unfolded(leaf) for _, leaf, _ in leaves),
    )
    margin = f"2px 0 2px {_INDENT if columns.folds else 0}px"
    style = f"font-size:12px;line-height:18px;margin:{margin};white-space:nowrap;overflow-x:auto"
    return f'<div style="{style}">{_lines(children, columns, 0)}</div>'


def _leaves(children: Children, depth: int) -> Iterator[tuple[str, Document, int]]:
    """Yields name, document and depth of every leaf of a tree."""
    for child in (*children.items, *children.folded):
        group = _group_of(child)
        if group is None:
            yield child.name, child.document, depth
        else:
            yield child.name, Document(child.document.heading), 0
            yield from _leaves(group, depth + 1)


def _group_of(child: Child) -> Children | None:
    blocks = child.document.blocks
    return blocks[0] if blocks and isinstance(blocks[0], Children) else None


def _lines(children: Children, columns: _Columns, depth: int) -> str:
    lines = "".join(_child(child, columns, depth) for child in children.items)
    if children.folded:
        rest = "".join(_child(child, columns, depth) for child in children.folded)
        count = len(children.folded) + children.more
        lines += f"<details><summary>{quiet(f'… {wording.integer(count)} more')}</summary>{rest}"
        lines += f"{_more(children.more)}</details>"
        return lines
    return lines + _more(children.more)


def _more(count: int) -> str:
    return f"<div>{quiet(f'… {wording.integer(count)} more')}</div>" if count else ""


def _child(child: Child, columns: _Columns, depth: int) -> str:
    group = _group_of(child)
    if group is not None:
        return _group(child, group, columns, depth)
    heading = child.document.heading
    rest = _unfolded(child.document)
    line = _column(_name(child.name), columns.name - _INDENT * depth)
    indent = f"padding-left:{_MARKER}px;" if columns.folds else ""
    if not heading.kind:
        return f'<div style="{indent}">{line}{_EN_SPACE.join(map(write_span, heading.values))}</div>'
    line += _column(said(heading.shape), columns.shape) + _column(said(heading.dtype), columns.dtype, ";opacity:.66")
    block = child.document.blocks[0] if child.document.blocks else None
    if isinstance(block, (Table, Beside)):
        return f'<div style="{indent}display:flex;flex-wrap:wrap">{line}{write(block)}</div>'
    line += _values(child.document)
    if not rest:
        return f'<div style="{indent}">{line}</div>'
    inner = f'<div style="margin:0 0 4px {_INDENT}px;white-space:normal">{rest}</div>'
    return f"<details><summary>{line}</summary>{inner}</details>"


def _name(name: str) -> str:
    """Returns the name of a line, a long one cut, its whole in the title."""
    shown, cut = wording.shorten(name, _NAME_LENGTH)
    if not cut:
        return said(name)
    title, beyond = wording.shorten(name, _TITLE_LENGTH)
    whole = escape(wording.printable(title)) + ("…" if beyond else "")
    return f'<span title="{whole}">{said(f"{shown}…")}</span>'


def _column(markup: str, width: float, more: str = "") -> str:
    # Without quotes: a tree has a thousand of these.
    return f"<span style=display:inline-block;min-width:{width:g}px{more}>{markup}</span>"


def _group(child: Child, group: Children, columns: _Columns, depth: int) -> str:
    heading = child.document.heading
    kind = "" if heading.kind in {"dict", "list", "tuple"} else f"{said(heading.kind)} "
    line = f"{bold(_name(child.name))} {kind}{quiet(said(' · '.join(heading.facts)))}"
    opened = " open" if child.open else ""
    inner = f'<div style="margin-left:{_INDENT}px">{_lines(group, columns, depth + 1)}</div>'
    return f"<details{opened}><summary>{line}</summary>{inner}</details>"


def _unfolded(document: Document) -> str:
    """Returns what unfolding a leaf adds to its line, where its first number stands already."""
    if document.heading.values or not document.blocks or not isinstance(document.blocks[0], Fields):
        return ""
    first, *others = document.blocks
    assert isinstance(first, Fields)
    # In one of two hundred leaves, that none is zero goes without saying.
    numbers = "\N{EM SPACE}".join(write_text(item) for item in first.items[1:] if item != (_ZEROS, Span("0")))
    return numbers + write_all(tuple(others))


def _values(document: Document) -> str:
    """Returns what stands in a leaf's line: small values, or its ends with the histogram between; and its bytes."""
    if document.heading.values:
        return "".join(f'<span style="margin-right:8px">{write_span(span)}</span>' for span in document.heading.values)
    block = document.blocks[0] if document.blocks else None
    pieces = ""
    if isinstance(block, Note):
        pieces = write_text(block.text)
    elif isinstance(block, Fields) and block.items:
        pieces = _ends(block.items[0])
    facts = document.heading.facts
    if facts:
        pieces += _column(said(facts[0]), _BYTES, ";text-align:right;opacity:.66")
    return pieces


def _ends(text: Text) -> str:
    """Returns smallest value, histogram and largest value in columns of their own; any other text as it is."""
    place = next((at for at, item in enumerate(text) if isinstance(item, Sparkline)), -1)
    if place < 0:
        return _column(write_text(text), 3 * _END + 3)
    ends = [item for item in text if isinstance(item, Span) and item.tone != "secondary"]
    low, high = (write_inline(end) for end in (ends[0], ends[-1]))
    left, right = _column(low, _END - 4, ";text-align:right"), _column(high, _END)
    warned = [item for item in text if isinstance(item, Span) and item.tone == "invalid"]
    flag = f" {write_span(warned[0])}" if warned and warned[0] not in (ends[0], ends[-1]) else ""
    return f"{left} {write_inline(text[place])} {right}{flag}"
