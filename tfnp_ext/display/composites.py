"""Ragged rows, stored entries of sparse tensors and rows of gradients, as tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Ragged, Slices, Sparse, Strings
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.quoting import TEXT_LENGTH, string_text
from tfnp_ext.display.values import (
    IN_LINE,
    SMALL_COLUMNS,
    SMALL_ROWS,
    are_words,
    arranged,
    fits_open,
    matrix_table,
    small_cell,
    small_table,
    spread,
    word_cell,
)
from tfnp_ext.document import Beside, Block, Cell, Fold, Row, Table
from tfnp_ext.plots.lengths import RowLengths, padded_shape
from tfnp_ext.roles import SMALL

ROWS_SHOWN = 12
"""Up to so many ragged rows all stand in the table."""

ENTRIES_SHOWN = 6
"""So many entries of a sparse tensor stand in an open table."""

ENTRIES_FOLDED = 8
"""So many entries stand in a fold, and rows of a gradient in a table."""

_MOST_COMPARED = 2**18
_FIRST_VALUES = 10


def ragged_table(content: Ragged, limit: int = ROWS_SHOWN) -> Table:
    """Returns the rows of a ragged tensor: all numbers of a small one, else index, length and first values."""
    outer, *inner = content.splits
    count, shown = len(outer) - 1, spread(len(outer) - 1, limit)
    # Bars of very many rows are of the longest one shown: all lengths would be an array of the rows' size.
    longest = max((int(outer[row + 1] - outer[row]) for row in shown if row is not None), default=0)
    longest = int(np.diff(outer).max(initial=0)) if count <= _MOST_COMPARED else longest
    small = content.flat.size <= SMALL and longest <= SMALL_COLUMNS and count <= SMALL_ROWS
    if small and not inner and content.flat.ndim == 1:
        empty = (Cell("empty", "secondary", align="left", span=max(1, longest)),)
        cells, edges = _flat_cells(content.flat), outer.tolist()
        width = 0 if content.flat.dtype == object else max((len(cell.text) for cell in cells), default=0)
        rows_of_cells = (tuple(cells[edges[row] : edges[row + 1]]) or empty for row in range(count))
        return Table(
            tuple(Row(row, header=str(number)) for number, row in enumerate(rows_of_cells)), compact=True, width=width
        )
    if small and not isinstance(content.flat, Strings) and content.flat.dtype != object:
        texts = nested_texts(content.flat, content.splits)
        return Table(
            tuple(Row((Cell(text, align="left"),), header=str(row)) for row, text in enumerate(texts)), compact=True
        )
    rows = []
    for row in shown:
        if row is None:
            rows.append(Row((Cell("⋮", "secondary"), Cell("⋮", "secondary", align="left")), header="⋮"))
            continue
        start, end = int(outer[row]), int(outer[row + 1])
        length = Cell(str(end - start), bar=(end - start) / longest if longest else 0.0)
        rows.append(Row((length, _row_cell(content, start, end, tuple(inner))), header=str(row)))
    return Table(tuple(rows), columns=("length", "first values"), compact=True)


def _flat_cells(flat: np.ndarray | Strings) -> list[Cell]:
    if isinstance(flat, Strings) or flat.dtype == object:
        return [word_cell(value) for value in flat.take(np.arange(flat.size))]
    texts_of_numbers = numerals.small_texts(flat) if flat.size else []
    return [small_cell(text, value, 0.0) for text, value in zip(texts_of_numbers, flat, strict=True)]


def nested_texts(flat: np.ndarray, splits: Sequence[np.ndarray]) -> list[str]:
    """Returns each row of a small ragged tensor of a deeper rank as Python writes it: ``[1, 2], [3]``."""
    width = flat[0].size if flat.ndim > 1 and len(flat) else 1
    texts = numerals.small_texts(flat) if flat.size else []
    level = (
        [f"[{', '.join(texts[start : start + width])}]" for start in range(0, len(texts), width)]
        if flat.ndim > 1
        else texts
    )
    for split in reversed(splits[1:]):
        edges = split.tolist()
        level = [f"[{', '.join(level[start:end])}]" for start, end in itertools.pairwise(edges)]
    edges = splits[0].tolist()
    return [", ".join(level[start:end]) or "empty" for start, end in itertools.pairwise(edges)]


def _row_cell(content: Ragged, start: int, end: int, inner: tuple[np.ndarray, ...]) -> Cell:
    if end == start:
        return Cell("empty", "secondary", align="left")
    for split in inner:
        start, end = int(split[start]), int(split[end])
    flat = content.flat
    if isinstance(flat, Strings) or flat.dtype.kind == "O":
        width = math.prod(flat.shape[1:])
        values = flat.take(np.arange(start * width, min(end * width, start * width + _FIRST_VALUES)))
        words, cut = wording.shorten("  ".join(string_text(value)[0] for value in values), TEXT_LENGTH)
    else:
        width = 1
        words, cut = "  ".join(numerals.small_texts(flat[start : min(end, start + _FIRST_VALUES)])), 0
    more = " …" if (end - start) * width > _FIRST_VALUES or cut else ""
    return Cell(words + more, align="left", mono=flat.dtype == object)


def ragged_fold(content: Ragged, lengths: RowLengths, table: Table, note: str) -> Fold:
    """Returns the fold with the rows of a ragged tensor whose picture stands above it."""
    rows = lengths.rows
    shown = spread(rows, ROWS_SHOWN)
    first = shown.index(None) if None in shown else rows
    words = f"first {first} and last {len(shown) - first - 1} of {wording.integer(rows)} rows"
    words = wording.plural(rows, "row") if first == rows else words
    reasons = "; ".join(filter(None, (ragged_ways(content, lengths), note)))
    return Fold(words, reasons, (replace(table, compact=False),), preview=table)


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


def entry_fold(content: Sparse, preview: Block, note: str) -> Fold:
    """Returns the fold with the first entries of a sparse tensor whose picture stands above it."""
    count = len(content.values)
    table = replace(entry_table(content, ENTRIES_FOLDED), compact=False)
    few = count <= ENTRIES_FOLDED
    words = wording.plural(count, "entry", "entries")
    words = words if few else f"first {ENTRIES_FOLDED} of {words}"
    reasons = "; ".join(filter(None, ("not densified", "--sparse dense|scipy", note)))
    return Fold(words, reasons, (table,), preview)


def entry_table(content: Sparse, limit: int = ENTRIES_SHOWN) -> Table:
    """Returns the first stored entries of a sparse tensor."""
    count = len(content.values)
    cells = _flat_cells(content.values.take(np.arange(min(count, limit))))
    rows = [
        Row((cell,), header=wording.index(position))
        for cell, position in zip(cells, content.indices[:limit], strict=True)
    ]
    if count > limit:
        rows.append(Row((Cell(f"… {wording.integer(count - limit)} more", "secondary", align="left"),), header="⋮"))
    return Table(tuple(rows), caption="stored" if rows else "", compact=True)


def sparse_table(content: Sparse) -> Table | Beside | None:
    """Returns the dense form of a small sparse tensor; a dot is what is not stored, a stored zero is ``0``."""
    shape, values = content.shape, content.values
    if not math.prod(shape) or values.size > SMALL or not fits_open(shape):
        return None
    stored = _flat_cells(values)
    text = values.dtype == object
    if text and (shape[-1] > IN_LINE or not are_words(stored)):
        return None
    cells = [Cell("·", "secondary", align="left" if text else "right")] * math.prod(shape)
    for index, cell in zip(content.indices.tolist(), stored, strict=True):
        if all(0 <= at < length for at, length in zip(index, shape, strict=True)):
            cells[int(np.ravel_multi_index(index, shape))] = cell
    width = 0 if text else max((len(cell.text) for cell in stored), default=1)
    # The indices of a matrix or a vector are those that the entries beside it name.
    named = len(shape) < 3
    headed = (len(shape) > 1 and (named or shape[-2] > IN_LINE), named or shape[-1] > IN_LINE)
    return arranged(cells, shape, width, headed)


def slices_fold(content: Slices, table: Table, note: str) -> Fold:
    """Returns the fold with the first rows of ``IndexedSlices`` whose picture stands above it."""
    rows = wording.plural(len(content.values), "row")
    words = rows if len(content.values) <= ENTRIES_FOLDED else f"first {ENTRIES_FOLDED} of {rows}"
    return Fold(words, note, (replace(table, compact=False),), preview=table)


def slices_table(content: Slices, options: DisplayOptions, limit: int = ENTRIES_FOLDED) -> Table:
    """Returns the first rows of ``IndexedSlices``, each headed by the index it is added to."""
    values = content.values
    if not values.size:
        return Table((), compact=True)
    if isinstance(values, Strings) or values.dtype == object:
        table = _words_of_rows(values, options, limit)
    else:
        shown = values[:limit].reshape(min(limit, len(values)), -1)
        small = small_table(shown) if values.size <= SMALL else None
        table = small if isinstance(small, Table) else matrix_table(shown, options, "")
    indices = content.indices[:limit].tolist()
    rows = [Row(row.cells, header=f"[{index}]") for row, index in zip(table.rows, indices, strict=True)]
    if len(content.values) > limit:
        rows.append(Row(tuple(Cell("⋮", "secondary") for _ in rows[0].cells), header="⋮"))
    return Table(tuple(rows), columns=table.columns, compact=True)


def _words_of_rows(values: np.ndarray | Strings, options: DisplayOptions, limit: int) -> Table:
    """Returns the first rows of strings, those of many columns elided in the middle."""
    width = values.size // len(values)
    columns = spread(width, options.max_columns)
    rows = []
    for row in range(min(limit, len(values))):
        cells = map(word_cell, values.take([row * width + column for column in columns if column is not None]))
        rows.append(Row(tuple(Cell("…", "secondary") if column is None else next(cells) for column in columns)))
    names = ("…" if column is None else str(column) for column in columns)
    return Table(tuple(rows), columns=tuple(names) if width > IN_LINE else (), compact=True)
