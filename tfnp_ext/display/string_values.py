"""Strings themselves: in the headline, short ones beside each other in rows or slices, others one on each line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import CutString, Strings
from tfnp_ext.display.elision import BOUNDED, DOWN, spread_texts
from tfnp_ext.display.quoting import NOT_UTF8, SENTENCE_LENGTH, TEXT_LENGTH, Quotation, quotation
from tfnp_ext.display.values import IN_LINE, LINE_LENGTH, SMALL_ROWS, arranged, is_line, plain_text
from tfnp_ext.document import Beside, Cell, Fields, Row, Span, Table
from tfnp_ext.formats.text.layout import WIDTH, wording_width
from tfnp_ext.roles import SMALL, holds_strings

FEW = 2
"""So many strings have no line of numbers: they are told themselves."""

_WORD_LENGTH = 24
_SQUEEZED_FROM = 5  # the rank from which axes of one stand only in the indices of slices
_BESIDE = (10, 8, 5, 4, 3, 2)  # of which one is how many words stand in a row


def headline_strings(array: np.ndarray | Strings) -> tuple[Span, ...]:
    """Returns the strings that stand in the headline: one in any case, up to eight where they are short."""
    if not is_line(array.shape) or not holds_strings(array):
        return ()
    quotations = _quotations(array, SENTENCE_LENGTH if array.size == 1 else TEXT_LENGTH)
    if len(quotations) > 1 and sum(len(quoted.written) for quoted in quotations) > LINE_LENGTH:
        return ()
    return (*(quoted.span for quoted in quotations), *_warning(quotations))


def _quotations(array: np.ndarray | Strings, length: int = TEXT_LENGTH) -> list[Quotation]:
    return [quotation(value, length) for value in array.take(np.arange(array.size))]


def _warning(quotations: Sequence[Quotation]) -> tuple[Span, ...]:
    """Returns the words for strings of which some are not UTF-8; nothing where all are."""
    undecoded = sum(not quoted.is_utf8 for quoted in quotations)
    if not undecoded:
        return ()
    return (Span(NOT_UTF8 if len(quotations) == 1 else f"⚠ {undecoded} {NOT_UTF8}", "invalid"),)


def warning(array: np.ndarray | Strings) -> Fields | None:
    """Returns the line that says how many of a few strings are not UTF-8."""
    warned = _warning(_quotations(array))
    return Fields((warned,)) if warned else None


def word_cell(value: bytes | str) -> Cell:
    """Returns a string of the user's, cut, in a cell."""
    return _cell(quotation(value))


def _cell(quoted: Quotation) -> Cell:
    title = "" if quoted.is_utf8 else NOT_UTF8
    return Cell(quoted.text, quoted.tone, title=title, align="left", left_out=quoted.left_out)


def are_words(cells: Sequence[Cell]) -> bool:
    """Returns whether strings in cells are short enough to stand beside each other."""
    return all(len(cell.text) <= _WORD_LENGTH and cell.left_out is None for cell in cells)


def word_table(array: np.ndarray | Strings) -> Table | Beside | None:
    """Returns up to 64 short strings in the shape of their array, a long vector in rows; ``None`` of any others."""
    if not 0 < array.size <= SMALL or not holds_strings(array):
        return None
    quotations = _quotations(array)
    cells = list(map(_cell, quotations))
    if not are_words(cells):
        return None
    width = max(wording_width(quoted.written) for quoted in quotations)
    axes = array.shape if array.ndim < _SQUEEZED_FROM else tuple(axis for axis in array.shape if axis > 1)
    rows, columns = (1, 1, *axes)[-2:]
    if array.size == max(axes, default=1) and (columns > 1 or rows > SMALL_ROWS):
        return _grid(cells, width)
    equally = width if array.size > rows * columns else 0
    return arranged(cells, axes, equally, (rows > IN_LINE, columns > IN_LINE), array.shape)


def _grid(cells: Sequence[Cell], width: int) -> Table:
    """Returns words in rows, each headed by its first index: as many beside each other as a terminal has room for."""
    room = WIDTH - len(str(len(cells)))
    beside = next((count for count in _BESIDE if (width + 2) * count <= room), _BESIDE[-1])
    rows = [Row(tuple(cells[at : at + beside]), header=str(at)) for at in range(0, len(cells), beside)]
    columns = tuple(map(str, range(min(beside, len(cells)))))
    return Table(tuple(rows), columns=columns, compact=True, width=width, wrapped=True)


def string_table(array: np.ndarray | Strings, most_rows: int) -> Table:
    """Returns strings decoded, cut and on one line each, with their length in bytes."""
    shown, bounded = spread_texts(array.size, most_rows)
    left_out = Cell(BOUNDED if bounded else DOWN.text, "secondary", align="left")
    read = iter(array.take([place for place in shown if place is not None]))
    rows = []
    for place in shown:
        if place is None:
            rows.append(Row((DOWN, left_out), header="⋮"))
            continue
        value = next(read)
        header = (
            str(place) if array.ndim <= 1 else wording.index([int(at) for at in np.unravel_index(place, array.shape)])
        )
        if not isinstance(value, (bytes, str)):
            rows.append(Row((Cell(""), Cell(plain_text(value), "secondary", align="left")), header=header))
            continue
        whole = value.size if isinstance(value, CutString) else len(value)
        size = len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else whole
        cell = word_cell(value)
        if cell.title:
            cell = cell._replace(title="", after=(Span(NOT_UTF8, "invalid"),))
        rows.append(Row((Cell(wording.integer(size)), cell), header=header))
    return Table(tuple(rows), columns=("bytes", "text"), compact=True)
