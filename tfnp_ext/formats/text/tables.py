"""Tables of values: the columns and the rows that have room, and what is said of the others."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tfnp_ext import wording
from tfnp_ext.document import DATA_TONES, ELIDED, Cell, NumberRow, Row, Table
from tfnp_ext.formats.text.blocks import writes
from tfnp_ext.formats.text.inline import write_span, write_string
from tfnp_ext.formats.text.layout import (
    INDENT,
    LONGEST_NAME,
    MOST_LINES,
    NARROWEST,
    WIDTH,
    cut,
    cut_between,
    side_by_side,
    wording_width,
)

Places = list[int | None]
"""Columns that stand beside each other; ``None`` for those left out."""

_A_ROW = (10, 8, 5, 4, 3, 2, 1)
"""Values of a vector in a row: as many of them as have room."""

_COUNTED = re.compile(r"\d[\d ]*(?= more)")

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@writes(Table)
def write_table(table: Table, room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns a table, its columns aligned; those without room stand below, or are left out as rows are."""
    grid = _Grid.of(table, room)
    margin = "" if table.columns else INDENT  # a row of headers parts what stands below the others
    groups: list[Places] = [list(range(len(grid.widths)))]
    height = len(grid.lines)
    most -= bool(table.caption)
    if grid.is_wider_than(room):
        if table.narrow is not None:
            return write_table(table.narrow, room, most)
        if table.compact and _is_vector(table):
            return _write_vector(table, room, most)
        groups = grid.pieces(room, margin) if table.compact else [grid.elided(grid.headed, room)]
        if table.compact and _goes_on(table, len(groups) * height <= most):
            return _write_ragged(table, grid, room, most)
        labelled = _labelled(table) if len(groups) > 1 else table
        if labelled is not table:
            return write_table(labelled, room, most + bool(table.caption))
        if len(groups) * height > most:
            groups = grid.fewer(groups, max(1, most // height), room, margin)
    if len(groups) * height > most:
        if table.wrapped:
            return _write_vector(table, room, most)
        beside = _in_columns(table, room, most)
        if beside:
            return beside
        # What is said of rows left out does not make a slice wider than there is room for beside others.
        rows = _fewer(table.rows, most - bool(table.columns), grid, grid.width if table.caption else room)
        if len(rows) < len(table.rows):
            return write_table(replace(table, rows=rows), room, most + bool(table.caption))
    lines = [table.caption] if table.caption else []
    for number, kept in enumerate(groups):
        lines += grid.written(kept, margin if number else "")
    return lines


@dataclass(slots=True)
class _Grid:
    """What stands in the cells of a table, the header of its columns first, and how wide that is."""

    lines: list[list[str]]
    sizes: list[list[int]]
    spanning: list[list[bool]]
    lefts: list[bool]
    widths: list[int]
    headed: bool

    @classmethod
    def of(cls, table: Table, room: int) -> _Grid:
        """Returns the texts of a table; strings of the user's are cut to the room."""
        headed = any(row.header is not None for row in table.rows)
        limit = _room_of_strings(table, headed, room)
        grid: list[list[str]] = []
        spanning: list[list[bool]] = []
        if table.columns:
            columns = [cut(wording.printable(column), LONGEST_NAME) for column in table.columns]
            grid.append([""] * headed + columns)
            spanning.append([False] * len(grid[0]))
        grid += [_cells(row, headed, limit) for row in table.rows]
        if all(column.isdigit() or column == ELIDED.text for column in table.columns):
            _lower_indices(grid, bool(table.columns), headed)
        spanning += [[False] * headed + [cell.span > 1 for cell in row.cells] for row in table.rows]
        lefts = [cell.align == "left" for cell in max((row.cells for row in table.rows), key=len, default=())]
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
        return cls(grid, sizes, spanning, [False] * headed + lefts, widths, headed)

    @property
    def width(self) -> int:
        """How wide all columns are beside each other."""
        return sum(self.widths) + 2 * (len(self.widths) - 1)

    def is_wider_than(self, room: int) -> bool:
        """Returns whether not all columns have room beside each other; of one or two that are cut all are shown."""
        return self.width > room and len(self.widths) >= 3 + self.headed

    def pieces(self, room: int, margin: str = INDENT) -> list[Places]:
        """Returns all columns, those without room below the others, the rows' headers beside them again.

        Args:
            room: Columns that a line may take.
            margin: What stands before the lines of all but the first.
        """
        headers: Places = [0] * self.headed
        groups: list[Places] = [[*headers]]
        used = sum(self.widths[: self.headed]) + 2 * self.headed
        for place in range(int(self.headed), len(self.widths)):
            if used + self.widths[place] > room and len(groups[-1]) > self.headed:
                groups.append([*headers])
                used = len(margin) + sum(self.widths[: self.headed]) + 2 * self.headed
            groups[-1].append(place)
            used += self.widths[place] + 2
        return groups

    def elided(self, start: int, room: int) -> Places:
        """Returns the columns from one on that have room beside each other and the last, the others left out."""
        kept: Places = [0] * self.headed
        last = len(self.widths) - 1
        left = room - sum(self.widths[place] + 2 for place in range(self.headed)) - 3 - self.widths[last]
        for place in range(start, last):
            left -= self.widths[place] + 2
            if left < 0:
                return [*kept, None, last]
            kept.append(place)
        return [*kept, last]

    def fewer(self, groups: list[Places], most: int, room: int, margin: str) -> list[Places]:
        """Returns no more than so many groups of columns: in the last one, columns are left out."""
        if len(groups) <= most:
            return groups
        start = next(place for place in groups[most - 1][self.headed :] if place is not None)
        return [*groups[: most - 1], self.elided(start, room - (len(margin) if most > 1 else 0))]

    def written(self, kept: Places, margin: str = "") -> list[str]:
        """Returns the lines of some of the columns; of a cell that spans several of them, all that it says."""
        return [self.line(number, kept, margin) for number in range(len(self.lines))]

    def line(self, number: int, kept: Places, margin: str = "") -> str:
        """Returns one line of some of the columns."""
        line, sizes, wide = self.lines[number], self.sizes[number], self.spanning[number]
        widths, lefts, length = self.widths, self.lefts, len(line)
        cells = []
        for place in kept:
            if place is None:
                cells.append("" if any(wide) else "…")
            elif place < length:
                padding = " " * (widths[place] - sizes[place])
                left = (place < len(wide) and wide[place]) or (place < len(lefts) and lefts[place])
                cells.append(line[place] + padding if left else padding + line[place])
        return (margin + "  ".join(cells)).rstrip()


def _in_columns(table: Table, room: int, most: int) -> list[str]:
    """Returns the rows of a small table in pieces beside each other; nothing where even so there is no room for all."""
    plain = table.compact and not table.caption and not any(row.header == "⋮" for row in table.rows)
    height = most - bool(table.columns)
    if not plain or height < 1 or not all(column.isdigit() for column in table.columns):
        return []
    pieces = math.ceil(len(table.rows) / height)
    beside = math.ceil(len(table.rows) / pieces)
    starts = range(0, len(table.rows), beside)
    columns = [write_table(replace(table, rows=table.rows[at : at + beside]), room, most) for at in starts]
    lines = side_by_side(columns)
    return lines if max(map(wording_width, lines)) <= room else []


def _is_vector(table: Table) -> bool:
    """Returns whether the rows of a table are those of one vector, or its only row is one."""
    return table.wrapped or (len(table.rows) == 1 and table.rows[0].header is None)


def _write_vector(table: Table, room: int, most: int) -> list[str]:
    """Returns a vector with as many values in a row as have room, each row headed by its first index."""
    cells = [cell for row in table.rows for cell in row.cells]
    widest = max(wording_width(_cell(cell, room)) for cell in cells)
    fitting = max(1, (room - len(str(len(cells)))) // (max(widest, table.width) + 2))
    beside = next(count for count in _A_ROW if count <= fitting)
    titled = True
    if len(range(0, len(cells), beside)) + 1 > most:  # what is told counts for more than round numbers
        beside = fitting
        titled = len(range(0, len(cells), beside)) < most
    starts = range(0, len(cells), beside)
    rows = tuple(Row(tuple(cells[start : start + beside]), header=str(start)) for start in starts)
    columns = tuple(map(str, range(beside))) if titled else ()
    return write_table(replace(table, rows=rows, columns=columns, wrapped=False), room, most + bool(table.caption))


def _goes_on(table: Table, fits: bool) -> bool:
    """Returns whether each row of a table goes on below it: rows of unequal length, and few of which each is named."""
    if table.columns:
        return False
    return len({len(row.cells) for row in table.rows}) > 1 or (fits and all(row.header for row in table.rows))


def _write_ragged(table: Table, grid: _Grid, room: int, most: int) -> list[str]:
    """Returns rows of unequal length: what has no room in a row goes on in the next line, or is left out."""
    first, *others = grid.pieces(room)
    others = [group[grid.headed :] for group in others]
    lines = []
    for number, line in enumerate(grid.lines):
        lines.append(grid.line(number, first))
        lines += [grid.line(number, group, INDENT) for group in others if (group[0] or 0) < len(line)]
    if len(lines) <= most:
        return lines
    if len(table.rows) > most:
        return write_table(replace(table, rows=_fewer(table.rows, most, grid, room)), room, most)
    first = grid.pieces(room - 2)[0]
    return [
        grid.line(number, first) + (" …" if len(line) > len(first) else "") for number, line in enumerate(grid.lines)
    ]


def _fewer(rows: Sequence[Row | NumberRow], most: int, grid: _Grid, room: int) -> tuple[Row | NumberRow, ...]:
    """Returns the first and the last of too many rows, and between them how many are left out.

    Rows that were left out before keep their place, and are counted where they were.
    """
    most = max(2, most)
    if len(rows) <= most:
        return tuple(rows)
    mark = next((place for place, row in enumerate(rows) if row.header == "⋮"), None)
    tail = min(2 if most >= 8 else most >= 4, len(rows) - 1 - mark if mark is not None else len(rows))
    head = most - 1 - tail
    dropped = len(rows) - head - tail - (mark is not None)
    last = tuple(rows[len(rows) - tail :])
    if mark is not None:
        more = _counted(rows[mark], dropped)
    else:
        words = f"{wording.integer(dropped)} more"
        words = words if grid.headed else f"⋮ {words}"
        if len(words) + sum(grid.widths[: grid.headed]) + 2 * grid.headed > room:
            words = "⋮"
        more = Row((Cell(words, align="left", span=2),), header="⋮" if grid.headed else None)
    return (*rows[:head], more, *last)


def _counted(row: Row | NumberRow, more: int) -> Row:
    """Returns the row that stands for others with what it stands for besides, where it says how many those are."""

    def counted(found: re.Match[str]) -> str:
        return wording.integer(int(found[0].replace(" ", "")) + more)

    return Row(tuple(cell._replace(text=_COUNTED.sub(counted, cell.text)) for cell in row.cells), header=row.header)


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
    left = room - max((wording_width(_header(row)) + 2 for row in table.rows if headed), default=0)
    if count > 2:  # it may stand alone in the next line
        return max(left - len(INDENT), NARROWEST)
    beside = [*(_cell(row.cells[0]) for row in table.rows if len(row.cells) == 2), *table.columns[: count - 1]]
    return max(left - min(max(map(wording_width, beside), default=-2), left // 2) - 2, NARROWEST)


def _lower_indices(grid: list[list[str]], columns: bool, rows: bool) -> None:
    """Writes the indices of columns, and of rows, as subscripts: without a colour they would read as values."""
    if columns:
        grid[0] = [text.translate(_LOWERED) for text in grid[0]]
    if rows:
        for line in grid[columns:]:
            line[0] = line[0].translate(_LOWERED) if line[0].isdigit() else line[0]


def _header(row: Row | NumberRow) -> str:
    return cut(wording.printable(row.header or ""), LONGEST_NAME)


def _cells(row: Row | NumberRow, headed: bool, room: int = WIDTH) -> list[str]:
    header = [_header(row)] if headed else []
    return header + [_cell(cell, room) for cell in row.cells]


def _cell(cell: Cell, room: int = WIDTH) -> str:
    """Returns what stands in a cell, cut to the room."""
    after = "".join(f" {write_span(span)}" for span in cell.after) if cell.after else ""
    if cell.tone in DATA_TONES:
        return write_string(cell.data, room, after)
    text = wording.printable(cell.text)
    if after:
        return f" {cut(text, room - 1 - wording_width(after))}{after}"
    room -= cell.framed
    if wording_width(text) > room:
        text = cut_between(text, room, strings=cell.mono) if cell.align == "left" else cut(text, room)
    return f"▸{text}" if cell.framed else text
