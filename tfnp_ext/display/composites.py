"""Ragged rows, stored entries of sparse tensors and rows of gradients, as tables."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Ragged, Slices, Sparse, Strings
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.elision import BOUNDED, COLUMNS, spread, spread_cells, spread_texts
from tfnp_ext.display.large_values import matrix_table
from tfnp_ext.display.quoting import TEXT_LENGTH, quotation, with_typed
from tfnp_ext.display.string_values import are_words, word_cell
from tfnp_ext.display.values import (
    IN_LINE,
    MATRIX_COLUMNS,
    arranged,
    fits_open,
    small_cell,
    small_table,
)
from tfnp_ext.document import Beside, Block, Cell, Fields, Fold, Row, Span, Table
from tfnp_ext.plots.lengths import RowLengths, padded_shape
from tfnp_ext.roles import SMALL

ROWS_SHOWN = 12
"""Up to so many ragged rows all stand in the table."""

ENTRIES_SHOWN = 6
"""So many entries of a sparse tensor stand in an open table."""

ENTRIES_FOLDED = 8
"""So many entries stand in a fold, and rows of a gradient in a table."""

_STORED = ("stored",)
_MOST_COMPARED = 2**18
_FIRST_VALUES = 10
_MOST_CELLS = 300
"""Cells of a gradient, which take more bytes than those of a matrix."""


def holds_rows(obj: Any) -> bool:
    """Returns whether it is an array of arrays: rows of unequal length."""
    is_flat = type(obj) is np.ndarray and obj.dtype == object and obj.ndim == 1
    return is_flat and obj.size > 0 and isinstance(obj[0], np.ndarray)


class Rows(list[Any]):
    """The rows of an array of arrays, as a list that a tree can walk."""

    @classmethod
    def of(cls, rows: np.ndarray) -> Rows:
        """Returns the rows, at any depth."""
        return cls(cls.of(row) if holds_rows(row) else row for row in rows)


def ragged_table(content: Ragged, most_rows: int = ROWS_SHOWN) -> Table:
    """Returns the rows of a ragged tensor: all numbers of a small one, else index, length and first values."""
    outer, *inner = content.splits
    count = len(outer) - 1
    shown, bounded = spread_texts(count, most_rows)
    # Bars of very many rows are of the longest one shown: all lengths would be an array of the rows' size.
    longest = max((int(outer[row + 1] - outer[row]) for row in shown if row is not None), default=0)
    longest = int(np.diff(outer).max(initial=0)) if count <= _MOST_COMPARED else longest
    small = content.flat.size <= SMALL and longest <= MATRIX_COLUMNS and count <= ROWS_SHOWN
    few = small and count < IN_LINE
    if few and not inner and content.flat.ndim == 1:
        empty = (Cell("empty", "secondary", align="left", span=max(1, longest)),)
        cells, edges = _flat_cells(content.flat), outer.tolist()
        width = 0 if content.flat.dtype == object else max((len(cell.text) for cell in cells), default=0)
        rows_of_cells = (tuple(cells[edges[row] : edges[row + 1]]) or empty for row in range(count))
        return Table(
            tuple(Row(row, header=str(number)) for number, row in enumerate(rows_of_cells)), compact=True, width=width
        )
    texts: Sequence[str] = ()
    if small and not isinstance(content.flat, Strings) and content.flat.dtype != object:
        texts = _first_texts(content.flat, 0, SMALL)  # of all rows together: they have one form
    if few and texts:
        cells = [_row_cell(content, start, end, texts) for start, end in itertools.pairwise(outer.tolist())]
        return Table(tuple(Row((cell,), header=str(row)) for row, cell in enumerate(cells)), compact=True)
    rows = []
    for row in shown:
        if row is None:
            left_out = BOUNDED if bounded else "⋮"
            rows.append(Row((Cell("⋮", "secondary"), Cell(left_out, "secondary", align="left")), header="⋮"))
            continue
        start, end = int(outer[row]), int(outer[row + 1])
        length = Cell(str(end - start), bar=(end - start) / longest if longest else 0.0)
        rows.append(Row((length, _row_cell(content, start, end, texts)), header=str(row)))
    return Table(tuple(rows), columns=("length", "first values"), compact=True)


def _flat_cells(flat: np.ndarray | Strings) -> list[Cell]:
    if isinstance(flat, Strings) or flat.dtype == object:
        return [word_cell(value) for value in flat.take(np.arange(flat.size))]
    texts_of_numbers = numerals.small_texts(flat) if flat.size else []
    return [small_cell(text, value, 0.0) for text, value in zip(texts_of_numbers, flat, strict=True)]


def _row_cell(content: Ragged, start: int, end: int, texts: Sequence[str] = ()) -> Cell:
    """Returns the first values of a row, of a deeper rank as Python writes them: ``[1, 2], [3]``, strings in quotes.

    Args:
        content: The ragged rows.
        start: Where the row begins in its splits.
        end: Where it ends.
        texts: Those of all values of a small one, whose rows are shown whole.
    """
    if end == start:
        return Cell("empty", "secondary", align="left")
    flat, inner, axes = content.flat, content.splits[1:], content.flat.shape[1:]
    nested, first, left = bool(inner or axes), 0, SMALL
    if not texts:
        left = _FIRST_VALUES
        first = functools.reduce(lambda place, split: int(split[place]), inner, start) * math.prod(axes)
        texts = _first_texts(flat, first, left)

    def within(level: int, place: int) -> tuple[int, int]:
        """Returns the places of what is in a list, of ragged or of equal lists."""
        if level < len(inner):
            return int(inner[level][place]), int(inner[level][place + 1])
        axis = axes[level - len(inner)]
        return place * axis, (place + 1) * axis

    def written(level: int, start: int, end: int) -> str:
        nonlocal left
        pieces: list[str] = []
        for place in range(start, end):
            if not left:
                if nested:
                    pieces.append("…")
                else:
                    pieces[-1] += " …"
                break
            inside = within(level, place) if level < len(inner) + len(axes) else None
            if inside is None or inside[0] == inside[1]:  # an empty list takes room too
                left -= 1
            pieces.append(texts[place - first] if inside is None else f"[{written(level + 1, *inside)}]")
        return (", " if nested else "  ").join(pieces)

    row = written(0, start, end)
    strings = flat.dtype.kind == "O"
    shown, cut = wording.shorten(row, TEXT_LENGTH) if strings else (row, 0)
    return Cell(f"{shown} …" if cut else shown, align="left", mono=strings)


def _first_texts(flat: np.ndarray | Strings, start: int, most: int) -> list[str]:
    """Returns the texts of the next values: numbers in one form, strings in quotes."""
    places = np.arange(start, min(start + most, flat.size))
    if isinstance(flat, Strings) or flat.dtype.kind == "O":
        return [quotation(value).written for value in flat.take(places)]
    return numerals.small_texts(flat.reshape(-1)[places]) if len(places) else []


def ragged_fold(content: Ragged, lengths: RowLengths, table: Table, options: DisplayOptions, note: str) -> Fold:
    """Returns the fold with the rows of a ragged tensor whose picture stands above it."""
    rows = lengths.rows
    shown, _ = spread_texts(rows, options.rows(ROWS_SHOWN))
    first = shown.index(None) if None in shown else rows
    words = f"first {first} and last {len(shown) - first - 1} of {wording.integer(rows)} rows"
    words = wording.plural(rows, "row") if first == rows else words
    reasons = "; ".join(filter(None, (ragged_ways(content, lengths), note)))
    return Fold(words, with_typed(reasons), (replace(table, compact=False),), preview=table)


def ragged_ways(content: Ragged, lengths: RowLengths) -> str:
    """Returns how the array of a ragged tensor is chosen, and what padding would add."""
    ways = "--ragged object|pad|masked|list chooses the array"
    shape = padded_shape(content, lengths)
    if shape is None:
        return ways
    added = max(0, math.prod(shape) - content.flat.size)
    what = ("empty string", "empty strings") if content.flat.dtype == object else ("zero", "zeros")
    adding = wording.plural(added, *what) if added else "nothing"
    return f"{ways}; padding to {wording.shape(shape)} would add {adding}"


def entry_fold(content: Sparse, preview: Block, options: DisplayOptions, note: str) -> Fold:
    """Returns the fold with the first entries of a sparse tensor whose picture stands above it."""
    count, most = len(content.values), options.rows(ENTRIES_FOLDED)
    table = replace(entry_table(content, most), columns=_STORED, caption="", compact=False)
    words = wording.plural(count, "entry", "entries")
    words = words if count == len(table.rows) else f"first {most} of {words}"
    reasons = "; ".join(filter(None, ("not densified", "--sparse dense|scipy", note)))
    return Fold(words, with_typed(reasons), (table,), preview)


def entry_table(content: Sparse, limit: int = ENTRIES_SHOWN) -> Table:
    """Returns the first stored entries of a sparse tensor; two more than that are told instead of counted."""
    count = len(content.values)
    limit = count if count <= limit + 2 else limit
    cells = _flat_cells(content.values.take(np.arange(min(count, limit))))
    rows = [
        Row((cell,), header=wording.index(position))
        for cell, position in zip(cells, content.indices[:limit], strict=True)
    ]
    if count > limit:
        rows.append(Row((_more(count - limit),), header="⋮"))
        return Table(tuple(rows), columns=_STORED, compact=True)
    return Table(tuple(rows), caption="stored" if rows else "", compact=True)


def _more(count: int, span: int = 1) -> Cell:
    """Returns what is said of rows that are left out."""
    return Cell(f"{wording.integer(count)} more", "secondary", align="left", span=span)


def misplaced(content: Sparse) -> Fields | None:
    """Returns the warning of few entries that have no place of their own, of which no dense form can be told."""
    if not 0 < len(content.indices) <= SMALL:
        return None
    outside = int(((content.indices < 0) | (content.indices >= np.array(content.shape))).any(axis=1).sum())
    repeated = len(content.indices) - len(np.unique(content.indices, axis=0))
    said = [f"{outside} outside the shape"] if outside else []
    said += [f"{repeated} at a place that is stored already"] if repeated else []
    return Fields(((Span(f"⚠ {', '.join(said)}", "invalid"),),)) if said else None


def sparse_table(content: Sparse) -> Table | Beside | None:
    """Returns the dense form of a small sparse tensor; a dot is what is not stored, a stored zero is ``0``."""
    shape, values = content.shape, content.values
    if not math.prod(shape) or values.size > SMALL or not fits_open(shape) or misplaced(content) is not None:
        return None
    stored = _flat_cells(values)
    text = values.dtype == object
    if text and (shape[-1] > IN_LINE or not are_words(stored)):
        return None
    cells = [Cell("·", "secondary", align="left" if text else "right")] * math.prod(shape)
    for index, cell in zip(content.indices.tolist(), stored, strict=True):
        cells[int(np.ravel_multi_index(index, shape))] = cell
    width = 0 if text else max((len(cell.text) for cell in stored), default=1)
    # The indices of a matrix or a vector are those that the entries beside it name.
    named = len(shape) < 3
    headed = (len(shape) > 1 and (named or shape[-2] > IN_LINE), named or shape[-1] > IN_LINE)
    return arranged(cells, shape, width, headed)


def slices_fold(content: Slices, options: DisplayOptions, table: Table, note: str) -> Fold:
    """Returns the fold with the rows of ``IndexedSlices`` whose picture stands above it."""
    rows = wording.plural(len(content.values), "row")
    shown = rows_shown(content, options)
    if None in shown:
        first = shown.index(None)
        rows = f"first {first} and last {len(shown) - first - 1} of {rows}"
    reasons = "; ".join(filter(None, (note, bound_of_slices(content, options))))
    return Fold(rows, with_typed(reasons), (replace(table, compact=False),), preview=table)


def rows_shown(content: Slices, options: DisplayOptions) -> list[int | None]:
    """Returns which rows of ``IndexedSlices`` stand in their table."""
    return _slices_shown(content, options)[0]


def bound_of_slices(content: Slices, options: DisplayOptions) -> str:
    """Returns what is said where fewer rows or columns stand in the table than asked for; nothing elsewhere."""
    return BOUNDED * _slices_shown(content, options)[2]


def _slices_shown(content: Slices, options: DisplayOptions) -> tuple[list[int | None], list[int | None], bool]:
    """Returns which rows and columns of ``IndexedSlices`` stand in their table, and whether not all asked for."""
    count = len(content.values)
    most = options.rows(ENTRIES_FOLDED), options.columns(COLUMNS)
    return spread_cells((count, content.values.size // max(1, count)), *most, _MOST_CELLS)


def slices_table(content: Slices, options: DisplayOptions) -> Table:
    """Returns the rows of ``IndexedSlices``, each headed by the index it is added to; many are elided in the middle."""
    values = content.values
    if not values.size:
        return Table((), compact=True)
    shown = rows_shown(content, options)
    kept = [row for row in shown if row is not None]
    if isinstance(values, Strings) or values.dtype == object:
        table = _words_of_rows(values, options, kept)
    else:
        picked = values[kept].reshape(len(kept), -1)
        few = picked.size <= SMALL and picked.shape[1] <= options.columns(MATRIX_COLUMNS)
        small = small_table(picked) if few else None
        whole = replace(options, max_rows=max(2, len(kept)))
        table = small if isinstance(small, Table) else matrix_table(picked, whole, "", _MOST_CELLS)
    indices = content.indices[kept].tolist()
    rows = [Row(row.cells, header=f"[{index}]") for row, index in zip(table.rows, indices, strict=True)]
    if None in shown:
        more = _more(len(values) - len(kept), len(rows[0].cells))
        rows.insert(shown.index(None), Row((more,), header="⋮"))
    return Table(tuple(rows), columns=table.columns, compact=True, width=table.width)


def _words_of_rows(values: np.ndarray | Strings, options: DisplayOptions, shown: Sequence[int]) -> Table:
    """Returns some rows of strings, those of many columns elided in the middle."""
    width = values.size // len(values)
    columns = spread(width, options.columns(COLUMNS))
    rows = []
    for row in shown:
        cells = map(word_cell, values.take([row * width + column for column in columns if column is not None]))
        rows.append(Row(tuple(Cell("…", "secondary") if column is None else next(cells) for column in columns)))
    names = ("…" if column is None else str(column) for column in columns)
    return Table(tuple(rows), columns=tuple(names) if width > IN_LINE else (), compact=True)
