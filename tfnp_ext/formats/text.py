"""``text/plain``: the same words for terminals, for the notebook's stored fallback, and for screen readers."""

from __future__ import annotations

import unicodedata

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
_GAP = "   "
_SPARK_BINS = 16


def render_text(document: Document) -> str:
    """Returns a card as plain text, in 80 columns where the values allow."""
    return "\n".join(_document(document))


def _document(document: Document) -> list[str]:
    lines = _heading(document.heading)
    for block in document.blocks:
        lines += _block(block)
    return lines


def _heading(heading: Heading) -> list[str]:
    name = wording.printable(heading.name)
    pieces = [piece for piece in (heading.kind, name, heading.shape, heading.dtype) if piece]
    line = " ".join(pieces)
    if heading.role:
        line += f" · {heading.role}"
    facts = " · ".join(heading.facts)
    values = _values(heading)
    if values and wording_width(line) + wording_width(values) + wording_width(facts) + 5 > WIDTH:
        return [f"{line}{_GAP}{facts}" if facts else line, f"      {values}"]
    if values:
        line += f"  {values}" if line else values
    return [f"{line}{_GAP}{facts}" if facts else line]


def _values(heading: Heading) -> str:
    """Returns small values two spaces apart; the warning sign belongs to what it stands before."""
    return "  ".join(_span(span) for span in heading.values).replace("⚠  ", "⚠ ")


def wording_width(text: str) -> int:
    """Returns how many terminal columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _span(span: Span) -> str:
    text = wording.printable(span.text)
    return f'"{text}"' if span.tone == "code" else text


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


def _block(block: Block) -> list[str]:
    if isinstance(block, Fields):
        return _wrap([_text(item) for item in block.items])
    if isinstance(block, Note):
        return [_text(block.text)]
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, (Figure, Tiles)):
        return _block(block.fallback) if block.fallback else []
    if isinstance(block, Bars):
        return _bars(block)
    if isinstance(block, Beside):
        return _beside(block)
    if isinstance(block, Fold):
        return _block(block.preview) if block.preview else []
    return _children(block, 0)


def _wrap(items: list[str]) -> list[str]:
    """Returns fields joined by three spaces, broken between fields at 80 columns."""
    lines: list[str] = []
    for item in items:
        if lines and wording_width(lines[-1]) + wording_width(item) + len(_GAP) <= WIDTH:
            lines[-1] += _GAP + item
        else:
            lines.append(item)
    return lines


def _bars(bars: Bars) -> list[str]:
    ordered = sorted(bars.bars, key=lambda bar: -bar.length) if bars.columns else list(bars.bars)
    labels = [wording.printable(bar.label) for bar in ordered]
    label_width = max(map(wording_width, labels), default=0)
    value_width = max((wording_width(bar.value) for bar in ordered), default=0)
    lines = []
    for bar, named in zip(ordered, labels, strict=True):
        mark = "▸" if bar.strong else " "
        label = " " * (label_width - wording_width(named)) + named
        drawn = wording.text_bar(abs(bar.length), 40 if label_width < 24 else 24)
        minus = "-" if bar.length < 0 else ""
        lines.append(f"{mark} {label}  {bar.value.rjust(value_width)} {minus}{drawn}".rstrip())
    if bars.rest:
        lines.append(f"  {bars.rest}")
    return lines


def _cell(cell: Cell) -> str:
    text = wording.printable(cell.text)
    if cell.after:
        text = " ".join((f" {text}", *(_span(span) for span in cell.after)))
    return f"▸{text}" if cell.framed else text


def _table(table: Table) -> list[str]:
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
    least = table.width + any(cell.framed for row in table.rows for cell in row.cells)
    widths = [max(width, least) if place >= headed else width for place, width in enumerate(widths)]
    lines = [table.caption] if table.caption else []
    for line, wide in zip(grid, spanning, strict=True):
        cells = []
        for place, text in enumerate(line):
            padding = " " * (widths[place] - wording_width(text))
            left = (place < len(wide) and wide[place]) or (place < len(lefts) and lefts[place])
            cells.append(text + padding if left else padding + text)
        lines.append("  ".join(cells).rstrip())
    return lines


def _cells(row: Row, headed: bool) -> list[str]:
    return ([wording.printable(row.header or "")] if headed else []) + [_cell(cell) for cell in row.cells]


def _beside(beside: Beside) -> list[str]:
    """Returns blocks side by side, as many as fit 80 columns, the others below."""
    columns = [_block(block) for block in beside.blocks]
    lines: list[str] = []
    group: list[list[str]] = []
    used = 0
    for column in columns:
        width = max(map(wording_width, column), default=0)
        if group and used + len(_GAP) * 2 + width > WIDTH:
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
            (column[row] if row < len(column) else "").ljust(width)
            for column, width in zip(columns, widths, strict=True)
        ]
        lines.append((_GAP * 2).join(pieces).rstrip())
    return lines


def _children(children: Children, depth: int) -> list[str]:
    indent = "  " * depth
    name_width = max((wording_width(wording.printable(child.name)) for child in children.items), default=0)
    shape_width = max((len(child.document.heading.shape) for child in children.items), default=0)
    dtype_width = max((len(child.document.heading.dtype) for child in children.items), default=0)
    lines: list[str] = []
    for child in children.items:
        lines += _child(child, depth, indent, (name_width, shape_width, dtype_width))
    if children.more:
        lines.append(f"{indent}… {wording.integer(children.more)} more")
    return lines


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
    values = _values(heading)
    if values:
        return [f"{line}  {values}".rstrip()]
    for block in blocks:
        if isinstance(block, Note):
            return [f"{line}  {_text(block.text)}"]
        if isinstance(block, (Fields, Table, Beside, Bars)):
            first = _wrap([_text(item) for item in block.items[:2]]) if isinstance(block, Fields) else _block(block)
            return _hang(line, first)
    return [line.rstrip()]


def _hang(line: str, rest: list[str]) -> list[str]:
    """Returns a small block hung at the end of a line, its further lines below the first."""
    margin = " " * (wording_width(line) + 2)
    lines = [f"{line}  {rest[0]}"] if rest else [line]
    return lines + [margin + more for more in rest[1:]]
