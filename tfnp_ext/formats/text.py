"""``text/plain``: the same words for terminals, for the notebook's stored fallback, and for screen readers."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
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
"""Lines of a tree: a terminal cannot fold them away."""

_GAP = "   "
_INDENT = "      "
_SPARK_BINS = 16
_NARROWEST = 24


def render_text(document: Document) -> str:
    """Returns a card as plain text, in 80 columns where the values allow."""
    lines = _heading(document.heading)
    for block in document.blocks:
        lines += _block(block)
    return "\n".join(lines)


def _heading(heading: Heading) -> list[str]:
    """Returns the headline; what passes column 80 stands in the next line, indented."""
    name = wording.printable(heading.name)
    line = " ".join(piece for piece in (heading.kind, name, heading.shape, heading.dtype) if piece)
    facts = " · ".join(wording.printable(fact) for fact in heading.facts)
    values = _values(heading)
    lines = [line]
    if heading.role:
        role = wording.printable(heading.role)
        first, comma, rest = role.partition(", ")
        if rest and wording_width(f"{line} · {role}") > WIDTH >= wording_width(f"{line} · {first},"):
            lines = [f"{line} · {first}{comma.rstrip()}", f"{_INDENT}{rest}"]
        else:
            lines = _appended(lines, f" · {role}", f"· {role}")
    if values:
        lines = _appended(lines, f"  {values}" if line else values, *_pieces(heading))
    if facts:
        whole = f"{lines[-1]}{_GAP}{facts}"
        # Values that had to move leave their place in the first line to the facts.
        if values and len(lines) > 1 and wording_width(f"{lines[0]}{_GAP}{facts}") <= WIDTH:
            lines[0] += f"{_GAP}{facts}"
        elif wording_width(whole) <= WIDTH:
            lines[-1] = whole
        else:
            lines.append(f"{_INDENT}{facts}")
    return lines


def _appended(lines: list[str], ending: str, *pieces: str) -> list[str]:
    """Returns the lines with more behind the last, or, where it does not fit, its pieces in lines of their own."""
    if wording_width(lines[-1] + ending) <= WIDTH:
        return [*lines[:-1], lines[-1] + ending]
    return lines + [f"{_INDENT}{line}" for line in _wrap(list(pieces), WIDTH - len(_INDENT), "  ")]


def _pieces(heading: Heading) -> list[str]:
    """Returns the small values one by one; the warning sign belongs to what it stands before."""
    texts = [_span(span) for span in heading.values]
    if texts[:1] == ["⚠"] and len(texts) > 1:
        texts = [f"⚠ {texts[1]}", *texts[2:]]
    return texts


def _values(heading: Heading) -> str:
    return "  ".join(_pieces(heading)) if heading.values else ""


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


def _span(span: Span) -> str:
    return _quoted(span.text) if span.tone == "code" else wording.printable(span.text)


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
        return _wrap([_text(item) for item in block.items], room)
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


def _bars(bars: Bars) -> list[str]:
    ordered = sorted(bars.bars, key=lambda bar: -bar.length) if bars.columns else list(bars.bars)
    labels = [wording.printable(bar.label) for bar in ordered]
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


def _cell(cell: Cell) -> str:
    text = _quoted(cell.text) if cell.quoted else wording.printable(cell.text)
    if cell.after:
        text = " ".join((f" {text}", *(_span(span) for span in cell.after)))
    return f"▸{text}" if cell.framed else text


def _table(table: Table, room: int = WIDTH) -> list[str]:
    headed = any(row.header is not None for row in table.rows)
    grid: list[list[str]] = []
    spanning: list[list[bool]] = []
    if table.columns:
        grid.append(([""] if headed else []) + [wording.printable(column) for column in table.columns])
        spanning.append([False] * len(grid[0]))
    grid += [_cells(row, headed) for row in table.rows]
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
    for number, kept in enumerate(_fitting(widths, headed, room, whole=table.compact)):
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


def _cells(row: Row, headed: bool) -> list[str]:
    return ([wording.printable(row.header or "")] if headed else []) + [_cell(cell) for cell in row.cells]


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
    """Returns the lines of a tree, no more than a terminal shows well."""
    lines = _children(children, 0)
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"… {wording.integer(len(lines) - MOST_LINES + 1)} more lines"]


def _children(children: Children, depth: int) -> list[str]:
    indent = "  " * depth
    items = children.items
    name_width = max((wording_width(wording.printable(child.name)) for child in items), default=0)
    shape_width = max((len(child.document.heading.shape) for child in items), default=0)
    dtype_width = max((len(child.document.heading.dtype) for child in items), default=0)
    lines: list[str] = []
    for child in items:
        lines += _child(child, depth, indent, (min(name_width, 40), shape_width, dtype_width))
    more = children.more + len(children.folded)
    return [*lines, f"{indent}… {wording.integer(more)} more"] if more else lines


def _child(child: Child, depth: int, indent: str, widths: tuple[int, int, int]) -> list[str]:
    heading, blocks = child.document.heading, child.document.blocks
    named = wording.printable(child.name)
    name = named + " " * (widths[0] - wording_width(named))
    if blocks and isinstance(blocks[0], Children):
        lines = [f"{indent}{name}  {' · '.join(heading.facts)}"]
        return lines + (_children(blocks[0], depth + 1) if child.open else [])
    line = f"{indent}{name}"
    if heading.kind:
        line += f"  {heading.shape.ljust(widths[1])}  {heading.dtype.ljust(widths[2])}"
    room = WIDTH - wording_width(line) - 2
    if heading.values:
        return _hang(line, _wrap(_pieces(heading), max(room, _NARROWEST), "  "), room)
    for block in blocks:
        if isinstance(block, Note):
            return _hang(line, _block(block, max(room, _NARROWEST)), room)
        if isinstance(block, Fields):
            first = block.items[0] if block.items else ()
            if any(isinstance(item, Sparkline) for item in first):  # between its ends a histogram needs no words
                first = tuple(item for item in first if not (isinstance(item, Span) and item.tone == "secondary"))
            return _hang(line, [_text(first)], room)
        if isinstance(block, (Table, Beside, Bars)):
            lines = _block(block, room) if room >= _NARROWEST else []
            if not lines or max(map(wording_width, lines)) > room:
                lines = _block(block, WIDTH - len(_INDENT))
            return _hang(line, lines, room)
    return [line.rstrip()]


def _hang(line: str, rest: list[str], room: int) -> list[str]:
    """Returns a small block hung at the end of a line, or below it where there is no room."""
    if not rest:
        return [line.rstrip()]
    if max(map(wording_width, rest)) > room:
        return [line.rstrip(), *(f"{_INDENT}{more}" for more in rest)]
    margin = " " * (wording_width(line) + 2)
    return [f"{line}  {rest[0]}", *(margin + more for more in rest[1:])]
