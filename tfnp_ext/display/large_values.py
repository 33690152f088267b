"""Values that are folded away: tables that are elided in the middle, with heat behind the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Curves, Dense
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.elision import DOWN, ends, spread
from tfnp_ext.display.ranking import largest_places, smallest_places
from tfnp_ext.document import ELIDED, Cell, NumberRow, Row, Table
from tfnp_ext.plots.base import as_floats
from tfnp_ext.roles.images import CHANNELS
from tfnp_ext.statistics import row_tops
from tfnp_ext.summary import Summary

_PICTURES = frozenset({"image", "images", "video"})
_PIXELS = 10
_CANDIDATE = 0.1
_CLASSES = 20
_VECTOR_ROWS, _VECTOR_COLUMNS = 10, 10
_MOST_RANKED = 2**18
"""Classes on another device that are put in order; of more the first and last values are shown."""


def large_table(summary: Summary, options: DisplayOptions, most: int | None = None) -> tuple[str, Table] | None:
    """Returns what the fold holds, in words, and the table of it, elided in the middle.

    Args:
        summary: The value.
        options: How many rows and columns are shown, and class names.
        most: Cells that there is room for, where that is less than usual.
    """
    if most is not None:
        options = _within(summary, options, most)
    content = summary.content
    if not isinstance(content, Dense) or kind_rank(content.array.dtype) is None or not content.array.size:
        return None
    array = content.array
    few = array.size <= _MOST_RANKED or not isinstance(array, DeviceArray)
    if summary.role == "probabilities" and summary.drawn is not None and few:
        return f"{wording.integer(array.size)} values", _class_table(summary.drawn, options, shares=True)
    if summary.role == "logits" and summary.drawn is not None:
        return f"{wording.integer(array.size)} values", _class_table(summary.drawn, options)
    if summary.role == "probability batch" and summary.drawn is not None:
        return f"{wording.extent(summary.drawn.shape)} values", batch_table(summary.drawn, options)
    if array.ndim == 1:
        rows = _VECTOR_ROWS if most is None else min(_VECTOR_ROWS, max(1, most // _VECTOR_COLUMNS))
        return _vector_words(array, rows), _vector_table(array, rows)
    shown, caption = first_matrix(array, summary.role)
    if summary.role in _PICTURES:
        options = replace(
            options, max_rows=min(_PIXELS, options.max_rows), max_columns=min(_PIXELS, options.max_columns)
        )
    what = f"{caption} of {wording.integer(array.size)}" if array.ndim > 2 else wording.extent(array.shape)
    return f"{_part_words(shown, options)}{what} values", matrix_table(shown, options, caption)


def _within(summary: Summary, options: DisplayOptions, most: int) -> DisplayOptions:
    """Returns options with which a table has about so many cells."""
    shape = [axis or 0 for axis in summary.shape or ()]
    rows, columns = options.max_rows, options.max_columns
    if summary.role == "probability batch":
        rows = min(rows, max(2, most // (min(shape[-1], _CLASSES) + 2)))
    elif summary.role in {"probabilities", "logits"} or len(shape) < 2:
        rows = min(rows, max(2, most))
    elif len(spread(shape[-2], rows)) * len(spread(shape[-1], columns)) > most:
        side = max(2, min(sum(ends(rows)), math.isqrt(most)))
        rows, columns = min(rows, side), min(columns, side)
    return replace(options, max_rows=rows, max_columns=columns)


def _part_words(matrix: np.ndarray, options: DisplayOptions) -> str:
    """Returns which part of a matrix its table shows: nothing where it shows all."""
    tall, wide = matrix.shape[0] > options.max_rows, matrix.shape[1] > options.max_columns
    if tall and wide:
        return "corners of "
    return "first and last rows of " if tall else "first and last columns of " if wide else ""


def first_matrix(array: np.ndarray, role: str) -> tuple[np.ndarray, str]:
    """Returns the matrix shown of an array of higher rank, and the slice that it is; of images, the first channel."""
    if array.ndim <= 2:
        return array if array.ndim == 2 else array.reshape(1, -1), ""
    if role in _PICTURES and array.shape[-1] in CHANNELS and (array.ndim > 3 or role == "image"):
        before = array.ndim - 3
        return _left_there(array, (*(0,) * before, ..., 0)), f"[{'0, ' * before}:, :, 0]"
    before = array.ndim - 2
    return _left_there(array, (0,) * before), f"[{'0, ' * before}:, :]"


def _left_there(array: np.ndarray, index: tuple[Any, ...]) -> np.ndarray:
    """Returns a view; of values on another device one of which nothing is copied before its corners are."""
    view: np.ndarray = array.view_at(index) if isinstance(array, DeviceArray) else array[index]
    return view


def _class_table(drawn: np.ndarray, options: DisplayOptions, shares: bool = False) -> Table:
    """Returns the table of a vector of classes, the largest first; shares with six decimals where they are carried."""
    names = options.class_names(drawn.size)
    wide = shares and drawn.dtype.itemsize > 2
    inline = drawn.size <= 10 and all(len(name) <= 8 for name in names)
    shown = list(range(drawn.size)) if inline else _ranked_places(as_floats(drawn), options.max_rows)
    picked = drawn[[place for place in shown if place is not None]]
    numbers = picked.astype(np.float64)
    scale = 1.0 if shares else float(np.abs(numbers).max()) or 1.0
    texts = [numerals.fixed_text(number, 6) for number in numbers.tolist()] if wide else numerals.small_texts(picked)
    cells = iter([Cell(text, ground=number / scale) for text, number in zip(texts, numbers.tolist(), strict=True)])
    if inline:
        return Table((Row(tuple(cells)),), columns=tuple(names))
    rows = (Row((DOWN,), header="⋮") if place is None else Row((next(cells),), header=names[place]) for place in shown)
    return Table(tuple(rows))


def _ranked_places(values: np.ndarray, most: int) -> list[int | None]:
    """Returns the places of values, the largest first, elided in the middle as ``spread`` elides rows."""
    if values.size <= most:
        return [*largest_places(values, values.size)]
    head, tail = ends(most)
    return [*largest_places(values, head), None, *smallest_places(values, tail)]


def share_text(number: float) -> str:
    """Returns a probability with three decimals, ``<.001`` where they would say nothing."""
    return "<.001" if 0 < number < 0.0005 else f"{number:.3f}"


def _share_texts(shares: np.ndarray) -> list[list[str]]:
    """Returns the words of the probabilities of a matrix: looked up, since a batch has hundreds of them."""
    thousandths = np.rint(shares * 1000)
    if not (thousandths >= 0).all() or thousandths.max(initial=0) > 1000:
        return [list(map(share_text, row)) for row in shares.tolist()]
    words = _words_of_thousandths()
    # The last word is for what is there, though less than half a thousandth.
    places = np.where((thousandths == 0) & (shares > 0), -1, thousandths).astype(np.intp)
    return [[words[place] for place in row] for row in places.tolist()]


@lru_cache(1)
def _words_of_thousandths() -> tuple[str, ...]:
    return (*(f"{thousandth / 1000:.3f}" for thousandth in range(1001)), "<.001")


def batch_table(drawn: np.ndarray, options: DisplayOptions) -> Table:
    """Returns the table of a batch of probabilities in the array's own orientation, top class at the row's end."""
    examples, classes = drawn.shape
    names = options.class_names(classes)
    columns = spread(classes, _CLASSES)
    shown = spread(examples, options.max_rows)
    places = [example for example in shown if example is not None]
    classes_shown = [column for column in columns if column is not None]
    picked = drawn[np.ix_(places, classes_shown)].astype(np.float64)
    # Shares that are no candidates stay on paper: grounds are most of such a table's bytes.
    grounds = np.where(picked >= _CANDIDATE, picked, 0.0).tolist()
    tops, shares = row_tops(drawn, np.array(places))
    read = zip(_share_texts(picked), grounds, tops.tolist(), shares.tolist(), strict=True)
    elided = columns.index(None) if None in columns else None
    rows: list[Row | NumberRow] = []
    for example in shown:
        if example is None:
            rows.append(Row((DOWN,) * (len(columns) + 2), header="⋮"))
            continue
        texts, inked, top, share = next(read)
        answer = Cell(names[top] if top >= 0 else "×", "strong"), Cell(wording.percent(share))
        rows.append(NumberRow(texts, inked, str(example), answer, elided))
    return Table(tuple(rows), columns=(*("…" if column is None else names[column] for column in columns), "top", "at"))


def epoch_table(curves: Curves, most: int) -> Table:
    """Returns a row an epoch, a column a metric, each with one number of decimals; elided in the middle."""
    columns = [numerals.small_texts(np.asarray(values)) for values in curves.values.values()]
    rows = []
    for place in spread(len(curves.epochs), most):
        if place is None:
            rows.append(Row((DOWN,) * len(columns), header="⋮"))
            continue
        texts = (column[place] for column in columns)
        cells = (Cell(text, "invalid" if text in {"nan", "inf", "-inf"} else "plain") for text in texts)
        rows.append(Row(tuple(cells), header=str(curves.epochs[place])))
    return Table(tuple(rows), columns=tuple(curves.values))


def _vector_words(array: np.ndarray, rows: int) -> str:
    count = wording.integer(array.size)
    return f"first and last of {count} values" if array.size > rows * _VECTOR_COLUMNS else f"{count} values"


def _vector_table(array: np.ndarray, most: int) -> Table:
    """Returns a long vector ten to a row, each row headed by its first index."""
    width = _VECTOR_COLUMNS
    count = math.ceil(array.size / width)
    head, tail = (4, 2) if most == _VECTOR_ROWS else ends(most)
    starts = list(range(count)) if count <= most else [*range(head), None, *range(count - tail, count)]
    lines = [
        None
        if at is None
        else (str(at * width) if count > 1 else None, list(range(at * width, min(array.size, (at + 1) * width))))
        for at in starts
    ]
    return _heat_table(lines, array, tuple(map(str, range(min(width, array.size)))), "")


def matrix_table(array: np.ndarray, options: DisplayOptions, caption: str) -> Table:
    """Returns a matrix with its indices, elided in the middle."""
    rows = spread(array.shape[0], options.max_rows)
    columns = spread(array.shape[1], options.max_columns)
    lines = [
        None
        if row is None
        else (str(row), [None if column is None else row * array.shape[1] + column for column in columns])
        for row in rows
    ]
    return _heat_table(lines, array, tuple("…" if column is None else str(column) for column in columns), caption)


def _heat_table(
    lines: Sequence[tuple[str | None, Sequence[int | None]] | None],
    array: np.ndarray,
    columns: tuple[str, ...],
    caption: str,
) -> Table:
    """Returns a table of the values at flat places, one format and one scale of heat for all that is shown."""
    wanted = [place for line in lines if line is not None for place in line[1] if place is not None]
    picked = array[np.unravel_index(wanted, array.shape)]
    told = numerals.whole_ones(picked, array)
    titles = [""] * picked.size if told is picked else numerals.lost(picked, told)
    texts, grounds = numerals.small_texts(told), _heat(picked)
    plain = not any(titles) and _PECULIAR.isdisjoint(texts)
    down = Row((DOWN,) * max(len(line[1]) for line in lines if line is not None), header="⋮")
    rows: list[Row | NumberRow] = []
    start = 0
    for line in lines:
        if line is None:
            rows.append(down)
            continue
        header, places = line
        elided = places.index(None) if None in places else None
        those = slice(start, start := start + len(places) - (elided is not None))
        if plain:
            rows.append(NumberRow(texts[those], grounds[those], header, elided=elided))
            continue
        cells = [*map(_large_cell, texts[those], grounds[those], titles[those])]
        if elided is not None:
            cells.insert(elided, ELIDED)
        rows.append(Row(tuple(cells), header=header))
    return Table(tuple(rows), columns=columns, caption=caption)


_PECULIAR = frozenset({"nan", "inf", "-inf", "--"})
"""Words for what is no number, which are not written as numbers are."""


def _heat(values: np.ndarray) -> list[float]:
    """Returns the ground of each value: its share of the largest, of floats only."""
    if kind_rank(values.dtype) != 2:
        return [0.0] * values.size
    numbers = np.ma.filled(values.astype(np.float64), 0.0)
    finite = np.where(np.isfinite(numbers), numbers, 0.0)
    shares: list[float] = (finite / (np.abs(finite).max() or 1.0)).tolist()
    return shares


def _large_cell(text: str, ground: float, title: str) -> Cell:
    """Returns one value of a large table."""
    if title:
        return Cell(text, ground=ground, title=title)
    if text == "--":
        return Cell(text, "secondary", title="masked")
    return Cell(text, "invalid") if text in _PECULIAR else Cell(text, ground=ground)


def corner_table(summary: Summary) -> Table | None:
    """Returns a few corner values of a large matrix or vector, for terminals."""
    content = summary.content
    if not isinstance(content, Dense) or kind_rank(content.array.dtype) is None or not content.array.size:
        return None
    array, caption = first_matrix(content.array, summary.role)
    rows = list(range(array.shape[0])) if array.shape[0] <= 4 else [0, 1, 2, None, array.shape[0] - 1]
    columns = list(range(array.shape[1])) if array.shape[1] <= 6 else [0, 1, 2, None, array.shape[1] - 1]
    lines = [
        None if row is None else (str(row), [None if c is None else row * array.shape[1] + c for c in columns])
        for row in rows
    ]
    table = _heat_table(lines, array, (), caption)
    return table if content.array.ndim > 1 else Table(tuple(Row(row.cells) for row in table.rows))
