"""The values themselves: in the headline, as an open table, or elided in a fold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank
from tfnp_ext.display import numerals
from tfnp_ext.document import Beside, Block, Cell, Row, Span, Table
from tfnp_ext.roles import SMALL

IN_LINE = 8
"""So many numbers stand in the headline."""

SMALL_ROLES = frozenset({"scalar", "values", "matrix", "other", "complex", "series", "labels", "one-hot", "attention"})
"""Roles whose values say more than a picture while they are few."""

LINE_LENGTH = 60
"""Characters of values in the headline, with two between them."""

_GROUND_FROM = 9
_SMALL_GROUND = 0.76
TRUE_GROUND = 0.52
"""Of ``True``: blue 60."""

SMALL_ROWS, SMALL_COLUMNS = 12, 16
"""The longest open table of numbers, where slices stand side by side; a matrix alone may be longer or wider."""

MATRIX_ROWS, MATRIX_COLUMNS = 32, 32
"""The longest open matrix that stands alone."""

_MOST_SLICED = 4
_ROW_LENGTH = 130
"""Characters of a vector in one row of a table, with two between its values: more are wider than a page."""

_WIDE = 12

_PLAIN_LENGTH = 60


def headline_values(array: np.ndarray, most: int = IN_LINE) -> tuple[Span, ...]:
    """Returns the values that stand in one line, the headline's or a leaf's: of a scalar, a vector or a single row.

    Args:
        array: Numbers of any shape.
        most: So many stand in a line, if they are not wider than it.
    """
    if not is_line(array.shape, most) or array.dtype.kind in "OSU":
        return ()
    spans: tuple[Span, ...]
    if not array.ndim:
        spans = (_value_span(numerals.exact_text(array[()]), array[()]),)
    else:
        values = array.reshape(-1)
        spans = tuple(_value_span(text, value) for text, value in zip(numerals.small_texts(array), values, strict=True))
    if array.ndim and sum(len(span.text) + 2 for span in spans) > LINE_LENGTH:
        return ()
    return spans


def is_line(shape: Sequence[int], most: int = IN_LINE) -> bool:
    """Returns whether values of a shape may stand in one line: a few of a scalar, a vector or a single row."""
    size = math.prod(shape)
    return 0 < size <= most and (len(shape) < 2 or size == shape[-1])


def _value_span(text: str, value: Any) -> Span:
    if value is np.ma.masked:
        return Span(text, "secondary", "masked")
    title = ""
    if numerals.is_not_finite(text):
        return Span(text, "invalid")
    if np.asarray(value).dtype.kind == "c":
        phase = math.degrees(math.atan2(float(value.imag), float(value.real)))
        title = f"|z| {wording.number(math.hypot(value.real, value.imag), 4)}, phase {phase:.1f}°"
    elif text not in {"0", "-0"}:
        exact = numerals.exact_text(value)
        told = text.removesuffix(".0").rstrip("0").rstrip(".")
        title = "" if exact == text or exact.removesuffix(".0") == told else exact
    return Span(text, "strong", title)


def small_table(array: np.ndarray, role: str = "values") -> Block | None:
    """Returns the open table of up to 64 numbers, slices of a higher rank side by side; ``None`` if it does not fit.

    A single long axis is wrapped; above rank 4, where the last is one, or where there is no room else, axes of one
    stand only in the indices of the slices.

    Args:
        array: Numbers of any shape.
        role: Their role: 0 and 1 of one-hot targets are written without decimals.
    """
    if array.size > SMALL:
        return None
    whole = array
    # A last axis of one would make a column of each row.
    columnar = array.ndim > 2 and array.shape[-1] == 1 and sum(length > 1 for length in array.shape) > 1
    if array.ndim > _MOST_SLICED or columnar or not _fits(array.shape):
        array = array.squeeze()
    rows, columns = _rows_and_columns(array.shape)
    alone = array.size == rows * columns
    fits = _fits(array.shape)
    column = array.ndim == 2 and columns == 1
    if (not fits or column) and SMALL_ROWS < array.size <= SMALL and array.size == max(array.shape):
        return _wrapped_vector(array.reshape(-1), role)
    if not fits:
        return None
    texts = _texts(array, role)
    read = zip(texts, array.reshape(-1), _grounds(array).reshape(-1).tolist(), strict=True)
    # Above a vector of integers, a row of indices would look like values.
    headed = columns > IN_LINE and not (array.ndim == 1 and kind_rank(array.dtype) == 1)
    width = max(map(len, texts))
    if array.ndim == 1 and (width + 2) * columns > _ROW_LENGTH:
        return _wrapped_vector(array, role)
    width = 0 if alone else width  # slices are equally wide; of one table each column is as wide as it need be
    return arranged([small_cell(*cell) for cell in read], array.shape, width, (rows > IN_LINE, headed), whole.shape)


def _fits(shape: Sequence[int]) -> bool:
    """Returns whether values of a shape stand in open tables, a matrix by itself also where it is longer or wider."""
    rows, columns = _rows_and_columns(shape)
    alone = math.prod(shape) == rows * columns
    return fits_open(shape, MATRIX_ROWS, MATRIX_COLUMNS) if alone and rows > 1 else fits_open(shape)


def _rows_and_columns(shape: Sequence[int]) -> tuple[int, int]:
    return (shape[-2] if len(shape) > 1 else 1), (shape[-1] if shape else 1)


def fits_open(shape: Sequence[int], most_rows: int = SMALL_ROWS, most_columns: int = SMALL_COLUMNS) -> bool:
    """Returns whether values of a shape stand in open tables, slices of a higher rank side by side."""
    rows, columns = _rows_and_columns(shape)
    return len(shape) > 0 and math.prod(shape) <= SMALL and columns <= most_columns and rows <= most_rows


def arranged(
    cells: Sequence[Cell],
    shape: Sequence[int],
    width: int,
    headed: tuple[bool, bool],
    whole: Sequence[int] | None = None,
) -> Table | Beside:
    """Returns cells as the table of a matrix, or those of the slices of a higher rank side by side.

    Args:
        cells: One for each value, in its order.
        shape: Shape of the values.
        width: Characters in the widest cell, where all shall be equally wide; else 0.
        headed: Whether rows, and columns, are headed by their indices.
        whole: The shape that indices of slices are of, where axes of one are left out of ``shape``.
    """
    rows, columns = _rows_and_columns(shape)
    outer = tuple(shape[:-2])
    whole = shape if whole is None else whole

    def one(number: int) -> Table:
        edges = range(number * rows * columns, (number + 1) * rows * columns, columns)
        return Table(
            rows=tuple(
                Row(tuple(cells[start : start + columns]), header=str(row) if headed[0] else None)
                for row, start in enumerate(edges)
            ),
            columns=tuple(map(str, range(columns))) if headed[1] else (),
            caption=_slice_caption(number * rows * columns, whole, len(shape)) if outer or len(whole) > 2 else "",
            compact=True,
            width=width,
        )

    slices = tuple(map(one, range(math.prod(outer))))
    if len(outer) >= 2:
        groups = tuple(Beside(slices[at : at + outer[-1]]) for at in range(0, len(slices), outer[-1]))
        return Beside(groups, gap=20) if len(groups) > 1 else groups[0]
    return slices[0] if len(slices) == 1 else Beside(slices)


def _slice_caption(place: int, shape: Sequence[int], rank: int) -> str:
    """Returns the index of the slice that starts at a place: with ``:`` where an axis of one stands among its own."""
    index = [int(axis) for axis in np.unravel_index(place, tuple(shape))]
    if len(shape) == rank:
        return wording.index(index[:-2])
    own = [axis for axis, length in enumerate(shape) if length > 1][-2:]
    return f"[{', '.join(':' if axis in own else str(at) for axis, at in enumerate(index))}]"


def _texts(array: np.ndarray, role: str) -> list[str]:
    if role == "attention":
        return list(map(wording.short_share, array.reshape(-1).tolist()))
    return numerals.small_texts(array.astype(np.int8) if role == "one-hot" else array)


def _wrapped_vector(array: np.ndarray, role: str) -> Table:
    """Returns a vector of up to 64 numbers ten to a row, long ones eight, each row headed by its first index."""
    texts, grounds = _texts(array, role), _grounds(array)
    cells = [small_cell(text, value, float(ground)) for text, value, ground in zip(texts, array, grounds, strict=True)]
    widest = max(map(len, texts))
    beside = 10 if widest <= 5 else 8 if widest <= _WIDE else 4
    rows = [Row(tuple(cells[start : start + beside]), header=str(start)) for start in range(0, array.size, beside)]
    return Table(tuple(rows), columns=tuple(map(str, range(beside))), compact=True, width=widest, wrapped=True)


def _grounds(array: np.ndarray) -> np.ndarray:
    """Returns the heat of each cell of a small table: floats from nine numbers on, ``alpha = .55 |x| / max``."""
    if array.dtype.kind == "b":
        return array.astype(float) * TRUE_GROUND
    if kind_rank(array.dtype) != 2 or array.size < _GROUND_FROM:
        return np.zeros(array.shape)
    numbers = np.ma.filled(array.astype(np.float64), 0.0)
    finite = np.where(np.isfinite(numbers), numbers, 0)
    largest = np.abs(finite).max()
    constant = float(finite.min()) == float(finite.max())  # all ink would say no more than none
    return finite / largest * _SMALL_GROUND if largest and not constant else np.zeros(array.shape)


def small_cell(text: str, value: Any, ground: float) -> Cell:
    """Returns one value of a small table."""
    if text in {"True", "False"}:
        return Cell(text, "plain" if text == "True" else "secondary", ground, align="center")
    span = _value_span(text, value)
    return Cell(text, "plain" if span.tone == "strong" else span.tone, ground, span.title)


def plain_text(value: Any) -> str:
    """Returns a number, a string or ``None`` as Python writes it, cut; of another object only its class.

    Not its repr: that would run the user's code.
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        shown, cut = wording.shorten(repr(value[:200] if isinstance(value, (str, bytes)) else value), _PLAIN_LENGTH)
        return shown + ("…" if cut else "")
    return type(value).__name__
