"""``text/plain``: the same words for terminals, for the notebook's stored fallback, and for screen readers."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from tfnp_ext import wording
from tfnp_ext.document import (
    Bars,
    Beside,
    Block,
    Cell,
    Child,
    Children,
    Document,
    Fields,
    Figure,
    Fold,
    Heading,
    Inline,
    Note,
    Row,
    Span,
    Sparkline,
    Table,
    Text,
    Tiles,
)

WIDTH = 80
MOST_LINES = 44
"""Lines of a card with a tree: a terminal cannot fold them away."""

_GAP = "   "
_INDENT = "      "
_SPARK_BINS = 16
_NARROWEST = 24
_PROMPT = len("Out[10]: ")  # IPython puts it before a card of one line
_LONGEST_NAME = 40
_REST_SAID = re.compile(r"… \+ (\d[\d ]*) more")
_REST_FROM = 72  # so long is a string before what is said of its rest, never shorter
_ROOMS = ((40, 40, 40), (10, 40, 10), (3, 10, 3), (1, 3, 0))
"""Entries shown of a closed group, of an open one, and of one without tensors, until a tree fits."""


def render_text(document: Document) -> str:
    """Returns a card as plain text, in 80 columns."""
    below = [line for block in document.blocks for line in _block(block)]
    lines = _heading(document.heading)
    if not below and len(lines) == 1:
        lines = _heading(document.heading, WIDTH - _PROMPT)
    return "\n".join(_cut(line) for line in lines + below)


def _cut(text: str, room: int = WIDTH) -> str:
    """Returns a text that takes no more than so many columns, with ``…`` where it was cut."""
    if wording_width(text) <= room:
        return text
    kept = text[:room]
    while wording_width(kept) >= room:
        kept = kept[:-1]
    return f"{kept}…"


def _heading(heading: Heading, width: int = WIDTH) -> list[str]:
    """Returns the headline; what passes the last column stands in the next line, indented."""
    name = _cut(wording.printable(heading.name), _LONGEST_NAME)
    line = " ".join(piece for piece in (heading.kind, name, heading.shape, heading.dtype) if piece)
    facts = " · ".join(wording.printable(fact) for fact in heading.facts)
    values = "  ".join(_pieces(heading))
    lines = [line]
    if heading.role:
        role = _cut(wording.printable(heading.role), WIDTH - len(_INDENT) - 2)
        first, comma, rest = role.partition(", ")
        if rest and wording_width(f"{line} · {role}") > width >= wording_width(f"{line} · {first},"):
            lines = [f"{line} · {first}{comma.rstrip()}", f"{_INDENT}{rest}"]
        else:
            lines = _appended(lines, width, f" · {role}", f"· {role}")
    if values:
        lines = _appended(lines, width, f"  {values}" if line else values, *_pieces(heading))
    if facts:
        whole = f"{lines[-1]}{_GAP}{facts}"
        # Values that had to move leave their place in the first line to the facts.
        if values and len(lines) > 1 and wording_width(f"{lines[0]}{_GAP}{facts}") <= width:
            lines[0] += f"{_GAP}{facts}"
        elif wording_width(whole) <= width:
            lines[-1] = whole
        else:
            lines += [f"{_INDENT}{more}" for more in _wrap(facts.split(" · "), WIDTH - len(_INDENT), " · ")]
    return lines


def _appended(lines: list[str], width: int, ending: str, *pieces: str) -> list[str]:
    """Returns the lines with more behind the last, or, where it does not fit, its pieces in lines of their own."""
    if wording_width(lines[-1] + ending) <= width:
        return [*lines[:-1], lines[-1] + ending]
    return lines + [f"{_INDENT}{line}" for line in _wrap(list(pieces), WIDTH - len(_INDENT), "  ")]


def _pieces(heading: Heading, room: int = WIDTH - len(_INDENT)) -> list[str]:
    """Returns the small values one by one; the warning sign belongs to what it stands before."""
    texts = [_span(span, room) for span in heading.values]
    if texts[:1] == ["⚠"] and len(texts) > 1:
        texts = [f"⚠ {texts[1]}", *texts[2:]]
    return texts


def wording_width(text: str) -> int:
    """Returns how many terminal columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


@lru_cache(4096)
def _character_width(character: str) -> int:
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _quoted(text: str) -> str:
    return wording.printable(json.dumps(text, ensure_ascii=False))


def _span(span: Span, room: int = WIDTH) -> str:
    return _string(span.text, room) if span.tone == "code" else wording.printable(span.text).rjust(span.width)


def _string(text: str, room: int) -> str:
    """Returns a string of the user's in quotes, cut to the room, how much is missing inside the quotes."""
    whole = _quoted(text)
    if wording_width(whole) <= room:
        return whole
    said = _REST_SAID.fullmatch(text, _REST_FROM)
    return _shortened(text[:_REST_FROM] if said else text, said, room, lambda shown, rest: _quoted(shown + rest))


def _shortened(text: str, said: re.Match[str] | None, room: int, form: Callable[[str, str], str]) -> str:
    """Returns as much of a text as has room together with the count of what is missing."""
    missing = int(said[1].replace(" ", "")) if said else 0
    for length in range(min(len(text), room), -1, -1):
        shown = form(text[:length], f"… + {wording.integer(missing + len(text) - length)} more")
        if wording_width(shown) <= room:
            return shown
    return "…"


def _inline(item: Inline) -> str:
    if isinstance(item, Sparkline):
        return wording.sparkline(_pooled(item.counts))
    return _span(item)


def _pooled(counts: tuple[int, ...]) -> list[int]:
    """Returns a histogram with neighbouring bins added up, so that it fits a line."""
    step = max(1, len(counts) // _SPARK_BINS)
    return [sum(counts[start : start + step]) for start in range(0, len(counts), step)]


def _text(text: Text) -> str:
    joined = ""
    for item in text:
        piece = _inline(item)
        joined += ("" if not joined or piece.startswith(",") else " ") + piece
    return joined


def _block(block: Block, room: int = WIDTH) -> list[str]:
    """Returns the lines of a block.

    Args:
        block: The block.
        room: Columns that a line may take.
    """
    if isinstance(block, Fields):
        return _broken(_wrap([_text(item) for item in block.items], room), room)
    if isinstance(block, Note):
        return _wrap(_text(block.text).split(" "), room, " ")
    if isinstance(block, Table):
        return _table(block, room)
    if isinstance(block, (Figure, Tiles)):
        return _block(block.fallback, room) if block.fallback else []
    if isinstance(block, Bars):
        return _bars(block)
    if isinstance(block, Beside):
        return _beside(block, room)
    if isinstance(block, Fold):
        return _block(block.preview, room) if block.preview else []
    return _tree(block)


def _wrap(items: Sequence[str], room: int = WIDTH, gap: str = _GAP) -> list[str]:
    """Returns items joined by a gap, broken between them where the room ends."""
    lines: list[str] = []
    for item in items:
        if lines and wording_width(lines[-1]) + wording_width(item) + len(gap) <= room:
            lines[-1] += gap + item
        else:
            lines.append(item)
    return lines


def _broken(lines: list[str], room: int) -> list[str]:
    """Returns lines of which those that are too long by themselves go on, indented, in the next."""
    fitting: list[str] = []
    for line in lines:
        first, *rest = [line] if wording_width(line) <= room else _wrap(line.split(" "), room - len(_INDENT), " ")
        fitting += [first, *(_INDENT + more for more in rest)]
    return fitting


def _bars(bars: Bars) -> list[str]:
    ordered = sorted(bars.bars, key=lambda bar: -bar.length) if bars.columns else list(bars.bars)
    labels = [_cut(wording.printable(bar.label), _LONGEST_NAME) for bar in ordered]
    label_width = max(map(wording_width, labels), default=0)
    value_width = max((wording_width(bar.value) for bar in ordered), default=0)
    longest = max(8, min(40 if label_width < 24 else 24, WIDTH - label_width - value_width - 6))
    lines = []
    for bar, named in zip(ordered, labels, strict=True):
        mark = "▸" if bar.strong else " "
        label = " " * (label_width - wording_width(named)) + named
        drawn = wording.text_bar(abs(bar.length), longest)
        minus = "-" if bar.length < 0 and drawn else ""
        lines.append(f"{mark} {label}  {bar.value.rjust(value_width)} {minus}{drawn}".rstrip())
    if bars.rest:
        lines.append(f"  {bars.rest}")
    return lines


def _cell(cell: Cell, room: int = WIDTH) -> str:
    """Returns what stands in a cell, cut to the room."""
    if cell.after:
        return _cell_and_more(cell, room)
    if cell.quoted:
        return _string(cell.text, room)
    text = wording.printable(cell.text)
    text = _cut(text, room - cell.framed)
    return f"▸{text}" if cell.framed else text


def _cell_and_more(cell: Cell, room: int) -> str:
    """Returns a string and what is said behind it: what is missing of it, that it is not UTF-8."""
    write = _quoted if cell.quoted else wording.printable
    whole = " ".join((f" {write(cell.text)}", *(_span(span) for span in cell.after)))
    if wording_width(whole) <= room:
        return whole
    said = _REST_SAID.fullmatch(cell.after[0].text)
    others = "".join(f" {_span(span)}" for span in cell.after[1 if said else 0 :])
    return _shortened(cell.text, said, room, lambda shown, rest: f" {write(shown)} {rest}{others}")


def _table(table: Table, room: int = WIDTH) -> list[str]:
    headed = any(row.header is not None for row in table.rows)
    limit = _room_of_strings(table, headed, room)
    grid: list[list[str]] = []
    spanning: list[list[bool]] = []
    if table.columns:
        columns = [_cut(wording.printable(column), _LONGEST_NAME) for column in table.columns]
        grid.append([""] * headed + columns)
        spanning.append([False] * len(grid[0]))
    grid += [_cells(row, headed, limit) for row in table.rows]
    spanning += [[False] * headed + [cell.span > 1 for cell in row.cells] for row in table.rows]
    lefts = [cell.align == "left" for cell in max((row.cells for row in table.rows), key=len, default=())]
    lefts = [False] * headed + lefts
    widths = [
        max(
            (wording_width(line[place]) for line, wide in zip(grid, spanning, strict=True)
             if place < len(line) and not (place < len(wide) and wide[place])),
            default=0,
        )
        for place in range(max(map(len, grid), default=0))
    ]  # fmt: skip
    # Slices beside each other have columns of one width; those of one table are as wide as they need be.
    framed = any(cell.framed for row in table.rows for cell in row.cells)
    least = table.width + framed if table.caption or framed else 0
    widths = [max(width, least) if place >= headed else width for place, width in enumerate(widths)]
    lines = [table.caption] if table.caption else []
    groups = _fitting(widths, headed, room, whole=table.compact)
    labelled = _labelled(table) if len(groups) > 1 else table
    if labelled is not table:
        return _table(labelled, room)
    for number, kept in enumerate(groups):
        margin = _INDENT if number else ""
        for line, wide in zip(grid, spanning, strict=True):
            cells = []
            for place in kept:
                if place is None:
                    cells.append("…")
                elif place < len(line):
                    text = line[place]
                    padding = " " * (widths[place] - wording_width(text))
                    left = (place < len(wide) and wide[place]) or (place < len(lefts) and lefts[place])
                    cells.append(text + padding if left else padding + text)
            lines.append((margin + "  ".join(cells)).rstrip())
    return lines


def _labelled(table: Table) -> Table:
    """Returns a table of plain rows with its indices, without which its pieces say little."""
    lengths = {len(row.cells) for row in table.rows}
    whole = bool(table.columns) and any(row.header is not None for row in table.rows)
    if whole or len(lengths) != 1 or any(cell.span > 1 for row in table.rows for cell in row.cells):
        return table
    rows = [row if row.header is not None else replace(row, header=str(at)) for at, row in enumerate(table.rows)]
    return replace(table, rows=tuple(rows), columns=table.columns or tuple(map(str, range(*lengths))))


def _room_of_strings(table: Table, headed: bool, room: int) -> int:
    """Returns how wide a string may be beside its row's header and, where there are two cells, the first of them."""
    count = max((len(row.cells) for row in table.rows), default=0)
    left = room - max((wording_width(_cells(row, headed)[0]) + 2 for row in table.rows if headed), default=0)
    if count > 2:  # it may stand alone in the next line
        return max(left - len(_INDENT), _NARROWEST)
    beside = [*(_cell(row.cells[0]) for row in table.rows if len(row.cells) == 2), *table.columns[: count - 1]]
    return max(left - min(max(map(wording_width, beside), default=-2), left // 2) - 2, _NARROWEST)


def _fitting(widths: list[int], headed: bool, room: int, *, whole: bool) -> list[list[int | None]]:
    """Returns the columns that stand beside each other, ``None`` for those elided.

    Args:
        widths: How wide each column is.
        headed: Whether the first holds the rows' headers.
        room: Columns of the terminal.
        whole: Whether every column has to be shown: those that do not fit stand below, headers again beside them.
    """
    everything: list[int | None] = list(range(len(widths)))
    if sum(widths) + 2 * (len(widths) - 1) <= room or len(widths) < 3 + headed:
        return [everything]
    if whole:
        groups: list[list[int | None]] = [everything[:headed]]
        used = sum(widths[:headed]) + 2 * headed
        for place in range(int(headed), len(widths)):
            if used + widths[place] > room and len(groups[-1]) > headed:
                groups.append(everything[:headed])
                used = len(_INDENT) + sum(widths[:headed]) + 2 * headed
            groups[-1].append(place)
            used += widths[place] + 2
        return groups
    kept: list[int | None] = []
    left = room - 3 - widths[-1] - 2
    for place, width in enumerate(widths[:-1]):
        left -= width + 2
        if left < 0:
            break
        kept.append(place)
    return [[*kept, None, len(widths) - 1]]


def _cells(row: Row, headed: bool, room: int = WIDTH) -> list[str]:
    header = [_cut(wording.printable(row.header or ""), _LONGEST_NAME)] if headed else []
    return header + [_cell(cell, room) for cell in row.cells]


def _beside(beside: Beside, room: int = WIDTH) -> list[str]:
    """Returns blocks side by side, as many as fit, the others below."""
    columns = [_block(block, room) for block in beside.blocks]
    lines: list[str] = []
    group: list[list[str]] = []
    used = 0
    for column in columns:
        width = max(map(wording_width, column), default=0)
        if group and used + len(_GAP) * 2 + width > room:
            lines += _join(group)
            group, used = [], 0
        used += width + (len(_GAP) * 2 if group else 0)
        group.append(column)
    return lines + _join(group)


def _join(columns: list[list[str]]) -> list[str]:
    widths = [max(map(wording_width, column), default=0) for column in columns]
    height = max(map(len, columns), default=0)
    lines = []
    for row in range(height):
        pieces = [
            text + " " * (width - wording_width(text))
            for text, width in (
                (column[row] if row < len(column) else "", width) for column, width in zip(columns, widths, strict=True)
            )
        ]
        lines.append((_GAP * 2).join(pieces).rstrip())
    return lines


def _tree(children: Children) -> list[str]:
    """Returns the lines of a tree, no more than a terminal shows well: it cannot fold, so groups show fewer entries."""
    lines: list[str] = []
    for rooms in _ROOMS:
        lines = _children(children, 0, len(children.items), rooms)
        if len(lines) < MOST_LINES:
            return lines
    return [*lines[: MOST_LINES - 2], f"… {wording.integer(len(lines) - MOST_LINES + 2)} more lines"]


def _children(children: Children, depth: int, most: int, rooms: tuple[int, int, int]) -> list[str]:
    """Returns the lines of a group's entries, at most so many, and how many are left out."""
    indent = "  " * depth
    items = _worthiest(children.items, most)
    name_width = max((wording_width(_name(child)) for child in items), default=0)
    shape_width = max((len(child.document.heading.shape) for child in items), default=0)
    dtype_width = max((len(child.document.heading.dtype) for child in items), default=0)
    lines: list[str] = []
    for child in items:
        group = _group_of(child)
        if group is not None:
            lines += _group(child, group, depth, name_width, rooms)
        else:
            lines += _leaf(child, indent, (name_width, shape_width, dtype_width))
    more = len(children.items) - len(items) + children.more + len(children.folded)
    return [*lines, f"{indent}… {wording.integer(more)} more"] if more else lines


def _worthiest(items: tuple[Child, ...], most: int) -> tuple[Child, ...]:
    """Returns at most so many entries in their order, those without tensors left out first."""
    if len(items) <= most:
        return items
    ranked = sorted(range(len(items)), key=lambda place: _is_plain(items[place]))
    return tuple(items[place] for place in sorted(ranked[:most]))


def _group_of(child: Child) -> Children | None:
    blocks = child.document.blocks
    return blocks[0] if blocks and isinstance(blocks[0], Children) else None


def _is_plain(child: Child) -> bool:
    """Returns whether no tensor stands in an entry."""
    group = _group_of(child)
    return not child.document.heading.kind if group is None else all(map(_is_plain, (*group.items, *group.folded)))


def _name(child: Child) -> str:
    return _cut(wording.printable(child.name), _LONGEST_NAME)


def _group(child: Child, group: Children, depth: int, width: int, rooms: tuple[int, int, int]) -> list[str]:
    """Returns the line of a group and those of its entries."""
    closed, opened, plain = rooms
    named = _name(child)
    name = named + " " * (width - wording_width(named))
    line = f"{'  ' * depth}{name}  {' · '.join(child.document.heading.facts)}"
    most = plain if _is_plain(child) else opened if child.open else closed
    if most:
        return [line, *_children(group, depth + 1, most, rooms)]
    left_out = len(group.items) + len(group.folded) + group.more
    return [f"{line} … {wording.integer(left_out)} more"] if left_out else [line]


def _leaf(child: Child, indent: str, widths: tuple[int, int, int]) -> list[str]:
    heading, blocks = child.document.heading, child.document.blocks
    named = _name(child)
    line = indent + named + " " * (widths[0] - wording_width(named))
    if heading.kind:
        line += f"  {heading.shape.ljust(widths[1])}  {heading.dtype.ljust(widths[2])}"
    room = WIDTH - wording_width(line) - 2
    if heading.values:
        pieces = _pieces(heading, max(room, _NARROWEST))
        return _hang(line, _wrap(pieces, max(room, _NARROWEST), "  "), room)
    for place, block in enumerate(blocks):
        if isinstance(block, Note):
            return _hang(line, _block(block, max(room, _NARROWEST)), room)
        if isinstance(block, Fields):
            return _hang(line, [_range(block)], room)
        if isinstance(block, (Table, Beside, Bars)):
            return _hang(line, _small_block(block, blocks[place + 1 :], room), room)
    return [line.rstrip()]


def _range(fields: Fields) -> str:
    """Returns the first number of a leaf; between its ends a histogram needs no words."""
    first = fields.items[0] if fields.items else ()
    if any(isinstance(item, Sparkline) for item in first):
        first = tuple(item for item in first if not (isinstance(item, Span) and item.tone == "secondary"))
    return _text(first)


def _small_block(block: Table | Beside | Bars, others: tuple[Block, ...], room: int) -> list[str]:
    """Returns a small block in a leaf's line; where there is no room for all of it, the range of its numbers."""
    instead = next((other for other in others if isinstance(other, Fields)), None)
    if instead is not None and max(map(wording_width, _block(block, WIDTH * 4)), default=0) > room:
        return [_range(instead)]
    lines = _block(block, room) if room >= _NARROWEST else []
    return lines if lines and max(map(wording_width, lines)) <= room else _block(block, WIDTH - len(_INDENT))


def _hang(line: str, rest: list[str], room: int) -> list[str]:
    """Returns a small block hung at the end of a line, or below it where there is no room."""
    if not rest:
        return [line.rstrip()]
    if max(map(wording_width, rest)) > room:
        return [line.rstrip(), *(f"{_INDENT}{more}" for more in rest)]
    margin = " " * (wording_width(line) + 2)
    return [f"{line}  {rest[0]}", *(margin + more for more in rest[1:])]
