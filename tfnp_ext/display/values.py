"""The values themselves: in the headline, as an open table, or elided in a fold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Curves, CutString, Dense, Strings
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.quoting import string_parts, string_spans, string_text
from tfnp_ext.display.ranking import largest_places, smallest_places
from tfnp_ext.document import Beside, Block, Cell, Row, Span, Table, number_cell
from tfnp_ext.plots.base import as_floats
from tfnp_ext.roles import SMALL
from tfnp_ext.roles.images import CHANNELS
from tfnp_ext.statistics import row_tops
from tfnp_ext.summary import Summary

IN_LINE = 8
"""So many numbers stand in the headline."""

_LINE_LENGTH = 60
_GROUND_FROM = 9
_SMALL_GROUND = 0.76
SMALL_ROWS, SMALL_COLUMNS = 12, 16
"""The longest open table of numbers, where slices stand side by side; of a matrix alone, ``_MATRIX_ROWS``."""

_MATRIX_ROWS = 32
_MOST_SLICED = 4
_ROW_LENGTH = 130
"""Characters of a vector in one row of a table, with two between its values: more are wider than a page."""

_WIDE = 12

_WORD_LENGTH = 24
_HEAD, _TAIL = 6, 2
_PICTURES = frozenset({"image", "images", "video"})
_PIXELS = 10
_PLAIN_LENGTH = 60
_CANDIDATE = 0.1
_MOST_RANKED = 2**18
"""Classes on another device that are put in order; of more the first and last values are shown."""

_ELIDED, _DOWN = Cell("…", "secondary"), Cell("⋮", "secondary")


def headline_values(array: np.ndarray | Strings) -> tuple[Span, ...]:
    """Returns the values that stand in the headline: up to eight of a scalar, a vector or a single row."""
    if not array.size or array.size > IN_LINE or (array.ndim > 1 and array.size != array.shape[-1]):
        return ()
    if isinstance(array, Strings) or array.dtype.kind in "OSU":
        if not holds_strings(array):
            return ()
        spans = tuple(span for value in array.take(np.arange(array.size)) for span in string_spans(value))
    elif not array.ndim:
        spans = (_value_span(numerals.exact_text(array[()]), array[()]),)
    else:
        values = array.reshape(-1)
        spans = tuple(_value_span(text, value) for text, value in zip(numerals.small_texts(array), values, strict=True))
    if array.ndim and sum(len(span.text) + 2 for span in spans) > _LINE_LENGTH:
        return ()
    return spans


def _value_span(text: str, value: Any) -> Span:
    if value is np.ma.masked:
        return Span(text, "secondary", "masked")
    title = ""
    if np.asarray(value).dtype.kind == "c":
        phase = math.degrees(math.atan2(float(value.imag), float(value.real)))
        title = f"|z| {wording.number(math.hypot(value.real, value.imag), 4)}, phase {phase:.1f}°"
    elif text != "0" and numerals.exact_text(value).removesuffix(".0") != text.removesuffix(".0").rstrip("0").rstrip(
        "."
    ):
        title = numerals.exact_text(value)
        title = "" if title == text else title
    return Span(text, "invalid" if text in {"nan", "inf", "-inf"} else "strong", title)


def small_table(array: np.ndarray) -> Block | None:
    """Returns the open table of up to 64 numbers, slices of a higher rank side by side; ``None`` if it does not fit.

    A single long axis is wrapped; above rank 4, axes of one stand only in the indices of the slices.
    """
    whole, array = array, array.squeeze() if array.ndim > _MOST_SLICED else array
    rows, columns = _rows_and_columns(array.shape)
    fits = fits_open(array.shape, _MATRIX_ROWS if array.size == rows * columns else SMALL_ROWS)
    if not fits and SMALL_COLUMNS < array.size <= SMALL and array.size == max(array.shape):
        return _wrapped_vector(array.reshape(-1))
    if not fits:
        return None
    texts = numerals.small_texts(numerals.whole_ones(array, array))
    read = zip(texts, array.reshape(-1), _grounds(array).reshape(-1).tolist(), strict=True)
    # Above a vector of integers, a row of indices would look like values.
    headed = columns > IN_LINE and not (array.ndim == 1 and kind_rank(array.dtype) == 1)
    width = max(map(len, texts))
    if array.ndim == 1 and (width + 2) * columns > _ROW_LENGTH:
        return _wrapped_vector(array)
    width = width if array.ndim > 1 else 0
    return arranged([small_cell(*cell) for cell in read], array.shape, width, (rows > IN_LINE, headed), whole.shape)


def _rows_and_columns(shape: Sequence[int]) -> tuple[int, int]:
    return (shape[-2] if len(shape) > 1 else 1), (shape[-1] if shape else 1)


def fits_open(shape: Sequence[int], most_rows: int = SMALL_ROWS) -> bool:
    """Returns whether values of a shape stand in open tables, slices of a higher rank side by side."""
    rows, columns = _rows_and_columns(shape)
    return len(shape) > 0 and math.prod(shape) <= SMALL and columns <= SMALL_COLUMNS and rows <= most_rows


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
            caption=_slice_caption(number * rows * columns, whole, len(shape)) if outer else "",
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


def _wrapped_vector(array: np.ndarray) -> Table:
    """Returns a vector of up to 64 numbers ten to a row, long ones eight, each row headed by its first index."""
    texts, grounds = numerals.small_texts(array), _grounds(array)
    cells = [small_cell(text, value, float(ground)) for text, value, ground in zip(texts, array, grounds, strict=True)]
    widest = max(map(len, texts))
    beside = 10 if widest <= 5 else 8 if widest <= _WIDE else 4
    rows = [Row(tuple(cells[start : start + beside]), header=str(start)) for start in range(0, array.size, beside)]
    return Table(tuple(rows), columns=tuple(map(str, range(beside))), compact=True, width=widest)


def _grounds(array: np.ndarray) -> np.ndarray:
    """Returns the heat of each cell of a small table: floats from nine numbers on, ``alpha = .55 |x| / max``."""
    if array.dtype.kind == "b":
        return array.astype(float) * 0.52
    if kind_rank(array.dtype) != 2 or array.size < _GROUND_FROM:
        return np.zeros(array.shape)
    numbers = np.ma.filled(array.astype(np.float64), 0.0)
    finite = np.where(np.isfinite(numbers), numbers, 0)
    largest = np.abs(finite).max()
    return finite / largest * _SMALL_GROUND if largest else finite


def small_cell(text: str, value: Any, ground: float) -> Cell:
    """Returns one value of a small table."""
    if text in {"True", "False"}:
        return Cell(text, "plain" if text == "True" else "secondary", ground, align="center")
    span = _value_span(text, value)
    return Cell(text, "plain" if span.tone == "strong" else span.tone, ground, span.title)


def spread(count: int, limit: int) -> list[int | None]:
    """Returns which of ``count`` rows are shown: all up to ``limit``, else six, ``None`` and the last two."""
    if count <= limit:
        return list(range(count))
    return [*range(_HEAD), None, *range(count - _TAIL, count)]


def large_table(summary: Summary, options: DisplayOptions) -> tuple[str, Table] | None:
    """Returns what the fold holds, in words, and the table of it, elided in the middle."""
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
        return _vector_words(array), _vector_table(array)
    shown, caption = first_matrix(array, summary.role)
    if summary.role in _PICTURES:
        options = replace(options, max_rows=_PIXELS, max_columns=_PIXELS)
    what = f"{caption} of {wording.integer(array.size)}" if array.ndim > 2 else wording.extent(array.shape)
    return f"{_part_words(shown, options)}{what} values", matrix_table(shown, options, caption)


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
    rows = (Row((_DOWN,), header="⋮") if place is None else Row((next(cells),), header=names[place]) for place in shown)
    return Table(tuple(rows))


def _ranked_places(values: np.ndarray, most: int) -> list[int | None]:
    """Returns the places of values, the largest first, elided in the middle as ``spread`` elides rows."""
    if values.size <= most:
        return [*largest_places(values, values.size)]
    return [*largest_places(values, _HEAD), None, *smallest_places(values, _TAIL)]


def share_text(number: float) -> str:
    """Returns a probability with three decimals, ``<.001`` where they would say nothing."""
    return _share_texts([number])[0]


def _share_texts(numbers: list[float]) -> list[str]:
    return ["<.001" if 0 < number < 0.0005 else f"{number:.3f}" for number in numbers]


def batch_table(drawn: np.ndarray, options: DisplayOptions) -> Table:
    """Returns the table of a batch of probabilities in the array's own orientation, top class at the row's end."""
    examples, classes = drawn.shape
    names = options.class_names(classes)
    columns = spread(classes, 20)
    shown = spread(examples, options.max_rows)
    places = [example for example in shown if example is not None]
    classes_shown = [column for column in columns if column is not None]
    # Python's numbers are formatted three times as fast as NumPy's.
    picked = drawn[np.ix_(places, classes_shown)].astype(np.float64)
    # Shares that are no candidates stay on paper: grounds are most of such a table's bytes.
    grounds = np.where(picked >= _CANDIDATE, picked, 0.0).tolist()
    tops, shares = row_tops(drawn, np.array(places))
    read = zip(picked.tolist(), grounds, tops.tolist(), shares.tolist(), strict=True)
    rows = []
    for example in shown:
        if example is None:
            rows.append(Row((_DOWN,) * (len(columns) + 2), header="⋮"))
            continue
        values, inked, top, share = next(read)
        numbers = map(number_cell, _share_texts(values), inked)
        cells = numbers if len(values) == classes else [_ELIDED if c is None else next(numbers) for c in columns]
        rows.append(
            Row(
                (*cells, Cell(names[top] if top >= 0 else "×", "strong"), Cell(wording.percent(share))),
                header=str(example),
            )
        )
    return Table(tuple(rows), columns=(*("…" if column is None else names[column] for column in columns), "top", "at"))


def epoch_table(curves: Curves, most: int) -> Table:
    """Returns a row an epoch, a column a metric, each with one number of decimals; elided in the middle."""
    columns = [numerals.small_texts(np.asarray(values)) for values in curves.values.values()]
    rows = []
    for place in spread(len(curves.epochs), most):
        if place is None:
            rows.append(Row((_DOWN,) * len(columns), header="⋮"))
            continue
        texts = (column[place] for column in columns)
        cells = (Cell(text, "invalid" if text in {"nan", "inf", "-inf"} else "plain") for text in texts)
        rows.append(Row(tuple(cells), header=str(curves.epochs[place])))
    return Table(tuple(rows), columns=tuple(curves.values))


def _vector_words(array: np.ndarray) -> str:
    count = wording.integer(array.size)
    return f"first and last of {count} values" if array.size > 100 else f"{count} values"


def _vector_table(array: np.ndarray) -> Table:
    """Returns a long vector ten to a row, each row headed by its first index."""
    width = 10
    count = math.ceil(array.size / width)
    starts = list(range(count)) if count <= 10 else [0, 1, 2, 3, None, count - 2, count - 1]
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
    read = zip(numerals.small_texts(told), _heat(picked), titles, strict=True)
    down = Row((_DOWN,) * max(len(line[1]) for line in lines if line is not None), header="⋮")
    rows = []
    for line in lines:
        if line is None:
            rows.append(down)
            continue
        header, places = line
        cells = tuple([_ELIDED if place is None else _large_cell(*next(read)) for place in places])
        rows.append(Row(cells, header=header))
    return Table(tuple(rows), columns=columns, caption=caption)


def _heat(values: np.ndarray) -> list[float]:
    """Returns the ground of each value: its share of the largest, of floats only."""
    if kind_rank(values.dtype) != 2:
        return [0.0] * values.size
    numbers = np.ma.filled(values.astype(np.float64), 0.0)
    finite = np.where(np.isfinite(numbers), numbers, 0.0)
    shares: list[float] = (finite / (np.abs(finite).max() or 1.0)).tolist()
    return shares


def _large_cell(text: str, ground: float, title: str = "") -> Cell:
    """Returns one value of a large table."""
    if title:
        return Cell(text, ground=ground, title=title)
    if text == "--":
        return Cell(text, "secondary", title="masked")
    return Cell(text, "invalid") if text in {"nan", "inf", "-inf"} else number_cell(text, ground)


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


_MOST_LOOKED_AT = 2**16


def holds_strings(array: np.ndarray | Strings) -> bool:
    """Returns whether all values are strings, of a large array those looked at; string tensors hold nothing else."""
    if isinstance(array, Strings):
        return True
    step = max(1, array.size // _MOST_LOOKED_AT)
    return array.dtype.kind in "SU" or all(isinstance(value, (bytes, str)) for value in array.flat[::step])


def plain_text(value: Any) -> str:
    """Returns a number, a string or ``None`` as Python writes it, cut; of another object only its class.

    Not its repr: that would run the user's code.
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        shown, cut = wording.shorten(repr(value[:200] if isinstance(value, (str, bytes)) else value), _PLAIN_LENGTH)
        return shown + ("…" if cut else "")
    return type(value).__name__


def word_cell(value: bytes | str) -> Cell:
    """Returns a string of the user's, cut, in a cell."""
    text, valid = string_text(value)
    return Cell(text, align="left", mono=True, quoted=valid)


def are_words(cells: Sequence[Cell]) -> bool:
    """Returns whether strings in cells are short enough to stand beside each other."""
    return all(cell.quoted and len(cell.text) <= _WORD_LENGTH for cell in cells)


def word_table(array: np.ndarray | Strings) -> Table | None:
    """Returns a matrix of a few short strings as it stands; ``None`` where it does not fit."""
    if array.ndim != 2 or array.size > SMALL or array.shape[0] > SMALL_ROWS or array.shape[1] > IN_LINE:
        return None
    if not holds_strings(array) or not array.size:
        return None
    cells = [word_cell(value) for value in array.take(np.arange(array.size))]
    table = arranged(cells, array.shape, 0, (False, False)) if are_words(cells) else None
    return table if isinstance(table, Table) else None


def string_table(array: np.ndarray | Strings, limit: int = 12) -> Table:
    """Returns strings decoded, cut and on one line each, with their length in bytes."""
    shown = spread(array.size, limit)
    read = iter(array.take([place for place in shown if place is not None]))
    rows = []
    for place in shown:
        if place is None:
            rows.append(Row((_DOWN, _DOWN._replace(align="left")), header="⋮"))
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
        text, rest, valid = string_parts(value)
        said = (Span(rest, "secondary"), Span("" if valid else "not UTF-8", "invalid"))
        after = tuple(span for span in said if span.text)
        cell = Cell(text, align="left", mono=True, quoted=valid, after=after)
        rows.append(Row((Cell(wording.integer(size)), cell), header=header))
    return Table(tuple(rows), columns=("bytes", "text"), compact=True)
