"""Tables of values: open ones in a card, and those in a fold."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import lru_cache
from html import escape

from tfnp_ext.document import DATA_TONES, ELIDED, Beside, Cell, Figure, NumberRow, Row, Table, Tiles
from tfnp_ext.formats.html.blocks import write, writes
from tfnp_ext.formats.html.grounds import BLUE, FAINTEST, FULL, GROUNDS, MAGENTA, ORANGE, ground_style
from tfnp_ext.formats.html.inline import MONO, bold, quiet, said, write_data, write_span
from tfnp_ext.formats.html.widths import block_width

_ROW = "<tr style=background:none>"
_PAD = "padding:0 6px;line-height:16px"
_DIGIT, _FOLDED_DIGIT = 6.6, 6.1  # how wide a figure is in an open table and in a fold, in CSS pixels
_MONO_DIGIT = 7.3
_BAR_WIDTH = 110
_MOST_COLUMNS, _WIDEST = 16, 860
"""Columns that are scrolled where they are wide, as strings are, and CSS pixels from which more go on below."""

_NO_BREAK = "\N{NO-BREAK SPACE}"
_APART = "background-clip:padding-box;border:solid transparent;border-width:2px 0"  # keeps the bars of two rows apart


@writes(Table)
def write_table(table: Table) -> str:
    """Returns a table by itself."""
    if not table.compact:
        return _table(table)
    pieces = _pieces(table)
    if len(pieces) > 1:
        return write_beside(Beside(pieces))
    # The first column lines up with the text above it, unless a ground shows the cell's own edge.
    headed = any(row.header is not None for row in table.rows)
    margin = "1px 0 0" if _is_grounded(table) and not headed else "1px 0 0 -6px"
    if not table.pinned:
        return _scrolled(_table(table, margin))
    # Two tables of equally high rows: a sticky column would need the colour of the host's paper behind it.
    rest, pinned = _split(table)
    columns = _scrolled(_table(rest, margin)) + _table(pinned, "1px 0 0 6px")
    return f'<div style="display:flex;align-items:flex-start">{columns}</div>'


def _pieces(table: Table) -> tuple[Table, ...]:
    """Returns a table of very many columns as several that are no wider than a page, else itself alone."""
    count = len(table.columns)
    rows = [row for row in table.rows if isinstance(row, Row)]
    if count <= _MOST_COLUMNS or table.pinned or len(rows) < len(table.rows):
        return (table,)
    each = math.ceil(count / math.ceil(block_width(table, 0.0) / _WIDEST))
    return tuple(
        replace(
            table,
            rows=tuple(replace(row, cells=row.cells[start : start + each]) for row in rows),
            columns=table.columns[start : start + each],
        )
        for start in range(0, count, each)
    )


def _split(table: Table) -> tuple[Table, Table]:
    """Returns the columns of a table that may be scrolled away, and those that stay in sight."""
    at = len(table.rows[0].cells) - table.pinned
    rows = tuple(Row(row.cells[:at], row.header) for row in table.rows)
    # A row without words would be lower than its neighbour.
    kept = (tuple(cell._replace(text=cell.text or _NO_BREAK) for cell in row.cells[at:]) for row in table.rows)
    names = tuple(column or _NO_BREAK for column in table.columns[at:])
    return replace(table, rows=rows, columns=table.columns[:at], pinned=0), Table(
        tuple(map(Row, kept)), names, compact=True
    )


@writes(Beside)
def write_beside(beside: Beside) -> str:
    """Returns tables side by side, in the next line where there is no room."""
    grounded = any(isinstance(block, Table) and _is_grounded(block) for block in _tables(beside))
    blocks = "".join(
        "".join(_table(piece, "0") for piece in _pieces(block)) if isinstance(block, Table) else write(block)
        for block in beside.blocks
    )
    inner = any(isinstance(block, Beside) for block in beside.blocks)
    pictured = any(isinstance(block, (Figure, Tiles)) for block in beside.blocks)
    margin = "1px 0 0" if grounded or inner or pictured else "1px 0 0 -6px"
    # Each as high as it is: the rows of a lower one would be stretched.
    style = f"display:flex;flex-wrap:wrap;align-items:flex-start;gap:3px {beside.gap}px;margin:{margin};overflow-x:auto"
    return f'<div style="{style}">{blocks}</div>'


def _tables(beside: Beside) -> list[Table]:
    tables: list[Table] = []
    for block in beside.blocks:
        tables += [block] if isinstance(block, Table) else _tables(block) if isinstance(block, Beside) else []
    return tables


def _is_grounded(table: Table) -> bool:
    return any(abs(cell.ground) >= FAINTEST for row in table.rows for cell in row.cells)


def _scrolled(markup: str) -> str:
    """Returns an open table in a box of its own, which scrolls where a window is narrower."""
    return f'<div style="overflow-x:auto">{markup}</div>'


def _table(table: Table, margin: str = "0") -> str:
    pad = _PAD if table.compact else ""
    headed = any(row.header is not None for row in table.rows)
    caption, head = "", ""
    if table.caption:
        # Above a ground it begins where that does.
        inset = _PAD if headed or not _is_grounded(table) else "line-height:16px"
        style = f"{inset};text-align:left;opacity:.66"
        caption = f'<caption style="{style}">{said(table.caption)}</caption>'
    width = math.ceil(table.width * _digit(table)) if table.width else 0
    if table.columns:
        lefts = [cell.align == "left" for cell in table.rows[0].cells] if table.rows else []
        heading = f"<th style=width:{width}px>" if width and not pad else ""
        cells = "".join(
            heading + said(column)
            if heading and column != ELIDED.text
            else _header(column, pad, left=place < len(lefts) and lefts[place])
            for place, column in enumerate(table.columns)
        )
        width = 0 if heading else width
        corner = _header("", pad) if headed else ""
        head = f"<thead>{_ROW if table.compact else '<tr>'}{corner}{cells}<tbody>"
    # A row of ragged ones may have fewer cells than others: the longest has the widths of all columns.
    longest = max(range(len(table.rows)), key=lambda place: len(table.rows[place].cells), default=0) if width else 0
    rows = "".join(_row(row, pad, headed, width if place == longest else 0) for place, row in enumerate(table.rows))
    if table.compact:
        layout = "border-collapse:separate;border-spacing:0;text-align:right;white-space:nowrap"
        style = f"font-size:12px;margin:{margin};{layout};font-variant-numeric:tabular-nums"
    else:
        style = "font-size:11px;border-collapse:collapse;text-align:right;white-space:nowrap"
    return f'<table style="{style}">{caption}{head}{rows}</table>'


def _digit(table: Table) -> float:
    if not table.compact:
        return _FOLDED_DIGIT
    first = table.rows[0]
    return _MONO_DIGIT if isinstance(first, Row) and any(cell.tone in DATA_TONES for cell in first.cells) else _DIGIT


def _header(text: str, pad: str, *, left: bool = False) -> str:
    if not pad:
        # In a fold all of it comes from the extra style, where that is kept: headers are most of such a table's bytes.
        return f"<th{' style=text-align:left' if left else ''}>{said(text)}"
    # Hosts let headers wrap; the columns that stay in sight would then stand beside other rows.
    unbroken = f";{_UNBROKEN}" if " " in text or "-" in text else ""
    return f'<th style="{pad};font-weight:400;opacity:.66{";text-align:left" if left else ""}{unbroken}">{said(text)}'


def _row(row: Row | NumberRow, pad: str, headed: bool, width: int) -> str:
    header = _header(row.header or "", pad) if headed else ""
    if pad or width or isinstance(row, Row):
        return _ROW + header + "".join([_cell(cell, pad, width) for cell in row.cells])
    plain, grounded = (_KEPT, _KEPT_NUMBERS) if row.breakable else ("<td>", _NUMBERS)
    numbers = [
        f"{plain if -FAINTEST < ground < FAINTEST else grounded[round(ground * FULL)]}{said(text)}"
        for text, ground in zip(row.texts, row.grounds, strict=True)
    ]
    if row.elided is not None:
        numbers.insert(row.elided, _cell(ELIDED))
    return _ROW + header + "".join(numbers) + "".join(map(_folded_cell, row.rest))


def _cell(cell: Cell, pad: str = "", width: int = 0) -> str:
    if not pad and not width and cell[2:] == _NOTHING_ELSE and _BREAKING.search(cell.text) is None:
        return f"<td>{_content(cell)}"
    styles = [pad] if pad else []
    if width and cell.span == 1:
        styles.append(f"width:{width}px")
    if abs(cell.ground) >= FAINTEST:
        styles.append(ground_style(cell.ground))
    if cell.bar:
        reach = max(1, round(min(1.0, cell.bar) * 100))
        bar = f"background:linear-gradient(90deg,{BLUE}60 {reach}%,#76767624 0)"
        styles.append(f"min-width:{_BAR_WIDTH}px;{bar};{_APART};line-height:13px")
    if cell.align != "right":
        styles.append(f"text-align:{cell.align}")
    if cell.framed:
        styles.append(f"border:1px solid {BLUE};line-height:14px;padding:0 5px")
    if cell.mono or cell.align == "left":
        styles.append("white-space:pre")
    elif _BREAKING.search(cell.text):
        styles.append(_UNBROKEN)
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    style = ";".join(styles)
    attribute = "" if not style else f" style={style}" if " " not in style else f' style="{style}"'
    columns = f" colspan={cell.span}" if cell.span > 1 else ""
    return f"<td{columns}{title}{attribute}>{_content(cell)}"


@lru_cache(maxsize=4096)
def _folded_cell(cell: Cell) -> str:
    """Returns a cell of a fold behind numbers: of a batch's answers many are alike."""
    return _cell(cell)


_NOTHING_ELSE = Cell("")[2:]
"""Of a cell that is text in a tone."""


def _content(cell: Cell) -> str:
    if cell.tone in DATA_TONES:
        return " ".join((write_data(cell.data, size=""), *map(write_span, cell.after)))
    text = said(cell.text)
    if cell.mono:
        text = f"<bdi style='font-family:{MONO}'>{text}</bdi>"
    if cell.tone == "strong":
        text = bold(text)
    elif cell.tone == "secondary":
        text = quiet(text)
    elif cell.tone in {"invalid", "unsure"}:
        text = f'<b style="color:{MAGENTA if cell.tone == "invalid" else ORANGE};font-weight:600">{text}</b>'
    return " ".join((text, *map(write_span, cell.after))) if cell.after else text


_NUMBERS = tuple(f"<td style={ground}>" for ground in GROUNDS)
"""What stands before a plain number: nearly all of them are written so."""

_BREAKING = re.compile(r"\w-[\di]")
"""A number that a browser would break at a minus inside it: hosts let cells wrap, whatever their table says."""

_UNBROKEN = "white-space:nowrap"
_KEPT = f"<td style={_UNBROKEN}>"
_KEPT_NUMBERS = tuple(f'<td style="{ground};{_UNBROKEN}">' for ground in GROUNDS)
