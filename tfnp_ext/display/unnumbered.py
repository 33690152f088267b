"""Arrays that hold no numbers: dates and time spans, records with named fields, objects of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import dtype_word, kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.elision import BOUNDED, COLUMNS, DOWN, ROWS, spread, spread_cells
from tfnp_ext.display.large_values import first_matrix
from tfnp_ext.display.quoting import with_typed
from tfnp_ext.display.string_values import word_cell
from tfnp_ext.display.timestamps import time_texts
from tfnp_ext.display.values import (
    IN_LINE,
    LINE_LENGTH,
    arranged,
    fits_open,
    plain_text,
)
from tfnp_ext.document import DATA_TONES, ELIDED, Beside, Cell, Fold, Row, Span, Table
from tfnp_ext.roles import SMALL

UNNUMBERED = frozenset({"times", "records", "objects"})
"""The roles of such arrays."""

_ROW_LENGTH = 70
_MOST_BESIDE = 8
_MOST_RECORDS = 12
_LONGEST_FIELD = 24
_PREVIEWED = 4
_INVALID = frozenset({"nan", "inf", "-inf"})

_TOLD_BY_STR = frozenset({"datetime", "decimal", "fractions", "uuid"})
"""Modules of Python's own whose values say in a word what they are."""


def inline_values(array: np.ndarray, role: str) -> tuple[Span, ...]:
    """Returns the values that stand in the headline: up to eight dates, time spans or plain objects, if they fit."""
    if role == "records" or array.size > IN_LINE or (array.ndim > 1 and array.size != array.shape[-1]):
        return ()
    if role == "objects" and not all(map(_is_literal, array.flat)):
        return ()
    cells = _cells(array.reshape(-1), role)
    if array.ndim and sum(len(cell.text) + 2 for cell in cells) > LINE_LENGTH:
        return ()
    return tuple(map(_span, cells))


def _span(cell: Cell) -> Span:
    if cell.tone in DATA_TONES:
        return cell.data
    return Span(cell.text, "invalid" if cell.tone == "invalid" else "strong")


def values_block(array: np.ndarray, role: str, options: DisplayOptions) -> Table | Beside | Fold:
    """Returns the values: an open table of few of them, of records and of objects; of many times what is folded."""
    if role == "records":
        return _record_table(array, options)
    if array.size <= SMALL and array.ndim > 1 and fits_open(array.shape):
        cells = _cells(array.reshape(-1), role)
        return arranged(cells, array.shape, max(len(cell.text) for cell in cells), (False, False))
    if role == "objects":
        return _object_list(array, options.rows(_MOST_RECORDS))
    if array.ndim == 1 and array.size <= SMALL:
        return _wrapped_times(array, SMALL, compact=True)[0]
    if array.ndim == 1:
        words = f"{wording.integer(array.size)} values"
        table, bounded = _wrapped_times(array, options.rows(ROWS))
        return Fold(words, with_typed(BOUNDED * bounded), (table,), _wrapped_times(array, _PREVIEWED)[0])
    matrix, caption = first_matrix(array, role)
    what = f"{caption} of {wording.integer(array.size)}" if caption else wording.extent(array.shape)
    table, bounded = _time_matrix(matrix, options.rows(ROWS), options.columns(COLUMNS), caption)
    preview, _ = _time_matrix(matrix, _PREVIEWED, _PREVIEWED, caption)
    return Fold(f"{what} values", with_typed(BOUNDED * bounded), (table,), preview)


def _cells(values: np.ndarray, role: str) -> list[Cell]:
    if role == "times":
        return [Cell(text, "invalid" if text == "NaT" else "plain") for text in time_texts(values)]
    return [object_cell(value) for value in values.reshape(-1).tolist()]


def object_cell(value: Any) -> Cell:
    """Returns an object of the user's as Python writes it, where that runs none of their code; else its class."""
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        value = value.item()
    if isinstance(value, (bytes, str)):
        return word_cell(value)
    if type(value).__module__ in _TOLD_BY_STR:
        return Cell(_cut(str(value)), align="left")
    if type(value) is np.ndarray:
        return Cell(f"ndarray {wording.shape(value.shape)} {dtype_word(value.dtype)}", "secondary", align="left")
    return Cell(plain_text(value), "plain" if _is_literal(value) else "secondary", align="left")


def _is_literal(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes))


def _wrapped_times(array: np.ndarray, most_rows: int, *, compact: bool = False) -> tuple[Table, bool]:
    """Returns a vector of times, as many in a row as there is room for, each row headed by its first index.

    And whether there are fewer rows than asked for.
    """
    widest = max(map(len, time_texts(np.concatenate([array[:SMALL], array[-SMALL:]]))))
    beside = max(1, min(_MOST_BESIDE, _ROW_LENGTH // (widest + 2)))
    shown, _, bounded = spread_cells((-(-array.size // beside), beside), most_rows, beside)
    places = [range(row * beside, min((row + 1) * beside, array.size)) for row in shown if row is not None]
    cells = iter(_cells(array[[place for row in places for place in row]], "times"))
    rows = iter([Row(tuple(next(cells) for _ in row), header=str(row[0])) for row in places])
    down = Row((DOWN,) * min(beside, array.size), header="⋮")
    table = Table(
        tuple(down if row is None else next(rows) for row in shown),
        columns=tuple(map(str, range(min(beside, array.size)))) if len(shown) > 1 else (),
        compact=compact,
    )
    return table, bounded


def _time_matrix(matrix: np.ndarray, most_rows: int, most_columns: int, caption: str) -> tuple[Table, bool]:
    """Returns a matrix of times with its indices, elided in the middle, and whether it is less than asked for."""
    rows, columns, bounded = spread_cells(matrix.shape, most_rows, most_columns)
    across = [column for column in columns if column is not None]
    picked = matrix[np.ix_([row for row in rows if row is not None], across)]
    cells = iter(_cells(picked, "times"))

    def line(row: int | None) -> Row:
        if row is None:
            return Row((DOWN,) * len(columns), header="⋮")
        return Row(tuple(ELIDED if column is None else next(cells) for column in columns), header=str(row))

    headers = tuple("…" if column is None else str(column) for column in columns)
    return Table(tuple(map(line, rows)), columns=headers, caption=caption), bounded


def _object_list(array: np.ndarray, most_rows: int) -> Table:
    """Returns objects one to a line, elided in the middle."""
    shown = spread(array.size, most_rows)
    cells = iter(_cells(_picked(array, shown), "objects"))
    return Table(
        tuple(
            Row((DOWN._replace(align="left") if place is None else next(cells),), header=_header(place, array))
            for place in shown
        ),
        compact=True,
    )


def _record_table(array: np.ndarray, options: DisplayOptions) -> Table:
    """Returns the first and last records, a column a field, below its name and its dtype."""
    names: Sequence[str] = array.dtype.names or ()
    most = options.rows(_MOST_RECORDS), options.columns(COLUMNS)
    shown, fields, _ = spread_cells((array.size, len(names)), *most)
    picked = _picked(array, shown)
    dtypes = [array.dtype[field] for field in range(len(names))]
    cells = {field: iter(_field_cells(picked[names[field]])) for field in fields if field is not None}

    def line(place: int | None) -> Row:
        if place is None:
            return Row(tuple(DOWN._replace(align=cell.align) for cell in said), header="⋮")
        return Row(
            tuple(ELIDED if field is None else next(cells[field]) for field in fields), header=_header(place, array)
        )

    said = tuple(
        ELIDED if field is None else Cell(_dtype_words(dtypes[field]), "secondary", align=_align(dtypes[field]))
        for field in fields
    )
    return Table(
        (Row(said, header="dtype"), *map(line, shown)),
        columns=tuple("…" if field is None else names[field] for field in fields),
        compact=True,
    )


def _field_cells(values: np.ndarray) -> list[Cell]:
    """Returns the values of one field, of records that are shown."""
    if values.ndim > 1 or values.dtype.names:
        texts = [_cut(_written(value)) for value in values.tolist()]
        return [Cell(text, align="left") for text in texts]
    if values.dtype.kind in "mM":
        return _cells(values, "times")
    if kind_rank(values.dtype) is not None:
        return [Cell(text, "invalid" if text in _INVALID else "plain") for text in numerals.small_texts(values)]
    return _cells(values, "objects")


def _written(value: Any) -> str:
    """Returns a list or a tuple of a field's values as Python writes it; of an object only its class."""
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(_written, value[:_LONGEST_FIELD]))
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return plain_text(value)


def _cut(text: str) -> str:
    shown, cut = wording.shorten(text, _LONGEST_FIELD)
    return shown + ("…" if cut else "")


def _dtype_words(dtype: np.dtype) -> str:
    """Returns the dtype of a field: of several values its shape too, of nested fields how many."""
    base, shape = (dtype.base, dtype.shape) if dtype.subdtype else (dtype, ())
    word = wording.plural(len(base.names), "field") if base.names else dtype_word(base)
    return f"{wording.shape(shape)} {word}" if shape else word


def _align(dtype: np.dtype) -> Literal["left", "right"]:
    numbers = not dtype.subdtype and not dtype.names and (dtype.kind in "mM" or kind_rank(dtype) is not None)
    return "right" if numbers else "left"


def _picked(array: np.ndarray, shown: Sequence[int | None]) -> np.ndarray:
    places = [place for place in shown if place is not None]
    return array[np.unravel_index(places, array.shape)] if array.ndim else array.reshape(1)


def _header(place: int | None, array: np.ndarray) -> str | None:
    """Returns the index of a record, of an array of rank 0 none."""
    if place is None:
        return "⋮"
    if array.ndim < 2:
        return str(place) if array.ndim else None
    return wording.index([int(at) for at in np.unravel_index(place, array.shape)])
