"""Tables of values, the columns that have room, and blocks side by side."""

from __future__ import annotations

from dataclasses import replace

from tfnp_ext import wording
from tfnp_ext.document import DATA_TONES, Beside, Cell, NumberRow, Row, Table
from tfnp_ext.formats.text.blocks import write, writes
from tfnp_ext.formats.text.inline import write_span, write_string
from tfnp_ext.formats.text.layout import GAP, INDENT, LONGEST_NAME, NARROWEST, WIDTH, cut, side_by_side, wording_width


@writes(Table)
def write_table(table: Table, room: int = WIDTH) -> list[str]:
    """Returns a table, its columns aligned; those without room are elided or, of an open table, stand below."""
    headed = any(row.header is not None for row in table.rows)
    limit = _room_of_strings(table, headed, room)
    grid: list[list[str]] = []
    spanning: list[list[bool]] = []
    if table.columns:
        columns = [cut(wording.printable(column), LONGEST_NAME) for column in table.columns]
        grid.append([""] * headed + columns)
        spanning.append([False] * len(grid[0]))
    grid += [_cells(row, headed, limit) for row in table.rows]
    spanning += [[False] * headed + [cell.span > 1 for cell in row.cells] for row in table.rows]
    lefts = [cell.align == "left" for cell in max((row.cells for row in table.rows), key=len, default=())]
    lefts = [False] * headed + lefts
    sizes = [list(map(wording_width, line)) for line in grid]
    widths = [0] * max(map(len, grid), default=0)
    for line_sizes, wide in zip(sizes, spanning, strict=True):
        for column, size in enumerate(line_sizes):
            if size > widths[column] and not (column < len(wide) and wide[column]):
                widths[column] = size
    # Slices beside each other have columns of one width; those of one table are as wide as they need be.
    framed = any(cell.framed for row in table.rows for cell in row.cells)
    least = table.width + framed if table.caption or framed else 0
    widths = [max(width, least) if place >= headed else width for place, width in enumerate(widths)]
    lines = [table.caption] if table.caption else []
    groups = _fitting(widths, headed, room, whole=table.compact)
    if len(groups) > 1 and table.narrow is not None:
        return write_table(table.narrow, room)
    labelled = _labelled(table) if len(groups) > 1 else table
    if labelled is not table:
        return write_table(labelled, room)
    for number, kept in enumerate(groups):
        margin = INDENT if number else ""
        for line, line_sizes, wide in zip(grid, sizes, spanning, strict=True):
            cells = []
            for place in kept:
                if place is None:
                    cells.append("…")
                elif place < len(line):
                    padding = " " * (widths[place] - line_sizes[place])
                    left = (place < len(wide) and wide[place]) or (place < len(lefts) and lefts[place])
                    cells.append(line[place] + padding if left else padding + line[place])
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
        return max(left - len(INDENT), NARROWEST)
    beside = [*(_cell(row.cells[0]) for row in table.rows if len(row.cells) == 2), *table.columns[: count - 1]]
    return max(left - min(max(map(wording_width, beside), default=-2), left // 2) - 2, NARROWEST)


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
                used = len(INDENT) + sum(widths[:headed]) + 2 * headed
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


def _cells(row: Row | NumberRow, headed: bool, room: int = WIDTH) -> list[str]:
    header = [cut(wording.printable(row.header or ""), LONGEST_NAME)] if headed else []
    return header + [_cell(cell, room) for cell in row.cells]


def _cell(cell: Cell, room: int = WIDTH) -> str:
    """Returns what stands in a cell, cut to the room."""
    after = "".join(f" {write_span(span)}" for span in cell.after) if cell.after else ""
    if cell.tone in DATA_TONES:
        return write_string(cell.data, room, after)
    text = wording.printable(cell.text)
    if after:
        return f" {cut(text, room - 1 - wording_width(after))}{after}"
    text = cut(text, room - cell.framed)
    return f"▸{text}" if cell.framed else text


@writes(Beside)
def write_beside(beside: Beside, room: int = WIDTH) -> list[str]:
    """Returns blocks side by side, as many as fit, the others below."""
    columns = [write(block, room) for block in beside.blocks]
    lines: list[str] = []
    group: list[list[str]] = []
    used = 0
    for column in columns:
        width = max(map(wording_width, column), default=0)
        if group and used + len(GAP) * 2 + width > room:
            lines += side_by_side(group)
            group, used = [], 0
        used += width + (len(GAP) * 2 if group else 0)
        group.append(column)
    return lines + side_by_side(group)
