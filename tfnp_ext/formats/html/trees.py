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
    Inline,
    Note,
    Span,
    Sparkline,
    Table,
    Text,
    Unfolding,
)
from tfnp_ext.formats.html.blocks import write, write_all, writes
from tfnp_ext.formats.html.inline import bold, quiet, said, unbroken, write_inline, write_span, write_text
from tfnp_ext.formats.html.sparklines import SPARK_WIDTH
from tfnp_ext.formats.html.unfoldings import byte_length, write_unfoldings
from tfnp_ext.formats.html.widths import COLUMN_GAP, GAP, block_width, spans_width, text_width

_INDENT = 16
_END, _BYTES = 48, 60
_ENDS = _END + SPARK_WIDTH + _END
_NAME_LENGTH, _TITLE_LENGTH = 40, 1000
_SHORT_NAMES, _NAME_SHARE = 102, 40  # a wider column of names takes 40 % of a narrow window, where they are broken
_WIDEST_NAME, _WIDEST_SHAPE, _WIDEST_DTYPE, _WIDEST_VALUES = 320, 150, 90, 640
_FEW_NAMED, _BOLDER = 20, 1.06  # of so few leaves names are bold, which is so much wider
_LEAST_WORDS = 120  # so much room words need beside a name, or they stand below it
_VALUE_GAP, _ANSWER_GAP = 5, 12  # beside the blank between two values; behind the answer that stands before them

_EN_SPACE = "\N{EN SPACE}"
_NO_ZEROS = (Span("zeros", "secondary"), Span("0"))
"""In one of two hundred leaves, that none is zero goes without saying."""

_A_LINE, _FOR_PICTURES = 640, 18_000
"""Bytes that are kept for each line to come while there are histograms, and for pictures."""

_LEFT_OUT = "left out, since a card has at most 200 kB"

MOST_BYTES = 185_000
"""Of the lines of a tree and of what they unfold to: with headline and text a card stays under 200 kB."""

_LINE = "display:flex;flex-wrap:wrap"
_HUNG = " style=list-style-position:outside"  # the triangle, so that a broken line goes on below its name


class _Columns(NamedTuple):
    """How wide the columns of a tree are, in CSS pixels: the same for every leaf that is seen, however deep.

    ``values`` has the bytes at its end; it is 0 where every leaf is shown whole, of which nobody asks the bytes.
    ``named`` tells that names are what is said first: those of few leaves that are in no group.
    """

    name: int
    shape: int
    dtype: int
    values: int
    named: bool = False

    def line(self, depth: int) -> str:
        """Returns the style of a leaf's line, as wide as its columns: the bytes stand at its right end."""
        return f"{_LINE};max-width:{self._whole(depth)}px" if self.values else _LINE

    def names(self, depth: int) -> str:
        """Returns the style of a leaf's name: as wide as its column, unless the window is narrow."""
        width = self.name - _INDENT * depth
        bold = ";font-weight:600" if self.named and not depth else ""
        if width <= _SHORT_NAMES:
            return f"flex-basis:{width}px{bold}"
        width -= COLUMN_GAP
        share = max(_NAME_SHARE, math.ceil(100 * width / self._whole(depth)))
        return f"flex-basis:{width}px;max-width:{share}%;margin-right:{COLUMN_GAP}px{bold}"

    def _whole(self, depth: int) -> int:
        return self.name + self.shape + self.dtype + self.values + COLUMN_GAP - _INDENT * depth


@writes(Fold)
def write_fold(fold: Fold) -> str:
    """Returns what is folded away behind one line."""
    reason = f" · {write_text(fold.reason)}" if fold.reason else ""
    return (
        f'<details style="font-size:12px"><summary style="cursor:pointer;opacity:.66">{unbroken(fold.summary)}{reason}'
        f'</summary><div style="max-height:300px;overflow:auto;margin:4px 0 6px 14px">{write_all(fold.blocks)}</div>'
        "</details>"
    )


@writes(Children)
def write_children(children: Children) -> str:
    """Returns the lines of a tree."""
    count = sum(1 for _ in _leaves(children, 0, shut=True))
    # The triangle of what folds hangs in the margin: so the names of all leaves line up.
    folds = children.folded or any(_group_of(child) or _unfolds(child.document) for child in children.items)
    margin = f"2px 0;padding-left:{_INDENT}px" if folds else "2px 0"
    style = f"font-size:12px;line-height:18px;margin:{margin};word-wrap:break-word;overflow-x:auto"
    return f'<div style="{style}">{_Lines(_columns_of(children, 0), count).written(children)}</div>'


def _columns_of(children: Children, depth: int) -> _Columns:
    """Returns the columns of a tree, or of a group that is shut: its lines are seen by themselves."""
    leaves = list(_leaves(children, depth))
    tensors = [leaf for _, leaf, _ in leaves if leaf.heading.kind]
    named = len(leaves) <= _FEW_NAMED
    bolder = _BOLDER if named else 1.0
    return _Columns(
        name=_widest(
            (bolder * text_width(name) + _INDENT * depth + COLUMN_GAP for name, _, depth in leaves), _WIDEST_NAME
        ),
        shape=_widest((text_width(leaf.heading.shape) + COLUMN_GAP for leaf in tensors), _WIDEST_SHAPE),
        dtype=_widest((text_width(leaf.heading.dtype) for leaf in tensors), _WIDEST_DTYPE),
        values=0 if all(map(_is_whole, tensors)) else _widest(map(_values_width, tensors), _WIDEST_VALUES) + _BYTES,
        named=named,
    )


def _leaves(children: Children, depth: int, *, shut: bool = False) -> Iterator[tuple[str, Document, int]]:
    """Yields shown name, document and depth of the leaves of a tree; ``shut`` for those in groups that are too."""
    for child in (*children.items, *children.folded):
        group = _group_of(child)
        if group is None:
            yield child.name[: _NAME_LENGTH + 1], child.document, depth
        elif shut or child.open:
            yield from _leaves(group, depth + 1, shut=shut)


def _widest(widths: Iterable[float], most: int) -> int:
    return min(most, math.ceil(max(widths, default=0)))


def _is_whole(leaf: Document) -> bool:
    """Returns whether all values of a leaf stand in its line."""
    return bool(leaf.heading.values) or (bool(leaf.blocks) and isinstance(leaf.blocks[0], (Table, Beside)))


def _values_width(leaf: Document) -> float:
    """Returns about how wide is what stands in a leaf's line behind its dtype."""
    if leaf.heading.values:
        return spans_width(leaf.heading.values)
    if not leaf.blocks:
        return 0.0
    first = leaf.blocks[0].items[0] if isinstance(leaf.blocks[0], Fields) and leaf.blocks[0].items else ()
    # A warning stands behind the histogram and its ends.
    flag = spans_width(first[-1:]) if len(first) > 1 and _is_flag(first[-1]) else 0.0
    return block_width(leaf.blocks[0], _ENDS) + flag * any(isinstance(item, Sparkline) for item in first)


def _is_flag(item: Inline) -> bool:
    return isinstance(item, Span) and item.tone == "invalid"


def _group_of(child: Child) -> Children | None:
    blocks = child.document.blocks
    return blocks[0] if blocks and isinstance(blocks[0], Children) else None


def _unfolds(leaf: Document) -> bool:
    """Returns whether a leaf has more than its line."""
    return not leaf.heading.values and len(leaf.blocks) > 0 and isinstance(leaf.blocks[0], Fields) and bool(_more(leaf))


class _Lines:
    """The lines of a tree, each in turn until there are bytes enough; then what they unfold to, in what is left.

    Args:
        columns: How wide the columns are.
        leaves: How many leaves there are.
    """

    def __init__(self, columns: _Columns, leaves: int) -> None:
        self._columns = columns
        self._pieces: list[str] = []
        self._left = MOST_BYTES
        self._leaves = leaves
        self._without = 0
        self._slots: list[tuple[int, Unfolding]] = []

    def written(self, children: Children) -> str:
        """Returns all of it."""
        self._lines(children, 0)
        unfolded, left_out = write_unfoldings([unfolding for _, unfolding in self._slots], self._left)
        for (place, _), html in zip(self._slots, unfolded, strict=True):
            self._pieces[place] = html
        left_out["histograms"] = self._without
        said = ", ".join(f"{what} of {wording.integer(count)}" for what, count in left_out.items() if count)
        return "".join(self._pieces) + (f"<div>{quiet(f'{_LEFT_OUT}: {said}')}</div>" if said else "")

    def _add(self, html: str) -> None:
        self._pieces.append(html)
        self._left -= byte_length(html)

    def _lines(self, children: Children, depth: int) -> None:
        left_out = children.more + self._children(children.items, depth)
        if not children.folded:
            self._add(_count_of(left_out))
            return
        count = wording.integer(len(children.folded) + left_out)
        self._add(f"<details><summary{_HUNG}>{quiet(f'… {count} more')}</summary>")
        self._add(f"{_count_of(left_out + self._children(children.folded, depth))}</details>")

    def _children(self, items: tuple[Child, ...], depth: int) -> int:
        """Adds the lines of entries, and returns how many there was no room for."""
        for place, child in enumerate(items):
            if self._left <= 0:
                return len(items) - place
            self._child(child, depth)
        return 0

    def _child(self, child: Child, depth: int) -> None:
        group = _group_of(child)
        opened = " open" if child.open else ""
        if group is not None:
            self._add(f"<details{opened}><summary{_HUNG}>{_group_line(child)}</summary>")
            self._add(f'<div style="margin-left:{_INDENT}px">')
            around = self._columns
            self._columns = around if child.open else _columns_of(group, depth + 1)
            self._lines(group, depth + 1)
            self._columns = around
            self._add("</div></details>")
            return
        leaf = child.document
        if not _unfolds(leaf):
            self._add(self._leaf(child, depth, "div"))
            return
        line = self._leaf(child, depth, "span")
        self._add(f'<details{opened}><summary{_HUNG}>{line}</summary><div style="margin:0 0 4px {_INDENT}px">')
        first, *others = leaf.blocks
        assert isinstance(first, Fields)
        numbers = [item for item in first.items[1:] if item != _NO_ZEROS]
        unfolding = next((block for block in others if isinstance(block, Unfolding)), None)
        if unfolding is not None and unfolding.extra is not None:
            numbers += unfolding.extra()
        self._add("\N{EM SPACE}".join(map(write_text, numbers)))
        self._add(write_all(tuple(block for block in others if block is not unfolding)))
        if unfolding is not None:
            self._slots.append((len(self._pieces), unfolding))
            self._pieces.append("")
        self._add("</div></details>")

    def _leaf(self, child: Child, depth: int, tag: str) -> str:
        """Returns the line of a leaf, without its histogram where the lines that follow need the bytes."""
        self._leaves -= 1
        line = _leaf_line(child, self._columns, depth, tag)
        if self._left - len(line) >= _FOR_PICTURES + self._leaves * _A_LINE:
            return line
        plain = _leaf_line(child, self._columns, depth, tag, spark=False)
        self._without += len(plain) < len(line)
        return plain


def _more(leaf: Document) -> bool:
    """Returns whether something stands below the line of a leaf whose first number stands in it."""
    first, *others = leaf.blocks
    return bool(others) or (isinstance(first, Fields) and any(item != _NO_ZEROS for item in first.items[1:]))


def _count_of(left_out: int) -> str:
    return f"<div>{quiet(f'… {wording.integer(left_out)} more')}</div>" if left_out else ""


def _leaf_line(child: Child, columns: _Columns, depth: int, tag: str, *, spark: bool = True) -> str:
    """Returns the line of a leaf."""
    leaf = child.document
    # Blanks between the columns are for those who copy or hear them. Without quotes: a tree has a thousand of these.
    name = f"<span style={columns.names(depth)}>{_name(child.name)}</span>"
    if not leaf.heading.kind:
        words = _EN_SPACE.join(map(write_span, leaf.heading.values))
        return f'<div style={_LINE}>{name} <span style="flex:1 {_LEAST_WORDS}px;min-width:0">{words}</span></div>'
    shape = f"<span style=flex-basis:{columns.shape}px>{said(leaf.heading.shape)}</span>"
    dtype = f"<span style=flex-basis:{columns.dtype}px;opacity:.66>{said(leaf.heading.dtype)}</span>"
    return f"<{tag} style={columns.line(depth)}>{name} {shape} {dtype} {_values(leaf, columns, spark)}</{tag}>"


def _name(name: str) -> str:
    """Returns the name of a line, a long one cut, its whole in the title."""
    shown, cut = wording.shorten(name, _NAME_LENGTH)
    if not cut:
        return said(name)
    title, beyond = wording.shorten(name, _TITLE_LENGTH)
    whole = escape(wording.printable(title)) + ("…" if beyond else "")
    return f'<span title="{whole}">{said(f"{shown}…")}</span>'


def _group_line(child: Child) -> str:
    label = f"{said(child.label)} " if child.label else ""
    return f"{bold(_name(child.name))} {label}{quiet(said(' · '.join(child.document.heading.facts)))}"


def _values(leaf: Document, columns: _Columns, spark: bool) -> str:
    """Returns what stands in a leaf's line behind its dtype: its values or some of its numbers, and its bytes."""
    block = leaf.blocks[0] if leaf.blocks else None
    shown = ""
    if leaf.heading.values:
        cells = any(span.ground is not None for span in leaf.heading.values)
        shown = ("" if cells else " ").join(map(_value, leaf.heading.values))
    elif isinstance(block, (Table, Beside)):
        shown = write(block)
    elif isinstance(block, Note):
        shown = write_text(block.text)
    elif isinstance(block, Fields) and block.items:
        shown = _ends(block.items[0], spark)
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
    """Returns one of the values in a leaf's line, which may be broken behind it; cells touch each other."""
    gap = 0 if span.ground is not None else _ANSWER_GAP if span.tone == "strong" else _VALUE_GAP
    return f'<span style="display:inline-block;margin-right:{gap}px">{write_span(span)}</span>'


def _ends(text: Text, spark: bool) -> str:
    """Returns smallest value, histogram and largest value, the histograms of a tree below each other."""
    place = next((at for at, item in enumerate(text) if isinstance(item, Sparkline)), -1)
    if place < 0:
        return write_text(text)
    told = [item for item in text if isinstance(item, Span) and item.tone != "secondary" and not _is_flag(item)]
    low, high = (write_inline(end) for end in (told[0], told[-1]))
    flags = "".join(f" {write_inline(item)}" for item in text if _is_flag(item))
    left = f"<span style=display:inline-block;min-width:{_END}px;text-align:right>{low}</span>"
    drawn = write_inline(text[place]) if spark else "…"
    if spark and drawn == "…":
        drawn = f"<span style=display:inline-block;width:{SPARK_WIDTH}px;text-align:center>…</span>"
    return f"{left} {drawn} {high}{flags}"
