"""The values themselves: in the headline, as an open table, or elided in a fold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Dense, Ragged, Slices, Sparse
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.document import Beside, Block, Cell, Row, Span, Table
from tfnp_ext.roles import SMALL
from tfnp_ext.summary import Summary

IN_LINE = 8
"""So many numbers stand in the headline."""

_LINE_LENGTH = 60
_GROUND_FROM = 9
_SMALL_GROUND = 0.76
_SMALL_ROWS, _SMALL_COLUMNS = 12, 16
_TEXT_LENGTH = 72
_HEAD, _TAIL = 6, 2
_PIXELS = 10
_PLAIN_LENGTH = 60
_ELIDED = Cell("…", "secondary")


def headline_values(array: np.ndarray) -> tuple[Span, ...]:
    """Returns the values that stand in the headline: up to eight of a scalar, a vector or a single row."""
    if not array.size or array.size > IN_LINE or (array.ndim > 1 and array.size != array.shape[-1]):
        return ()
    if array.dtype.kind in "OSU":
        if not all(isinstance(value, (bytes, str)) for value in array.reshape(-1)):
            return ()
        texts = [string_text(value) for value in array.reshape(-1)]
        spans = tuple(Span(text, "code" if valid else "invalid") for text, valid in texts)
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
        title = f"|z| {wording.number(abs(complex(value)), 4)}, phase {phase:.1f}°"
    elif numerals.exact_text(value).removesuffix(".0") != text.removesuffix(".0").rstrip("0").rstrip("."):
        title = numerals.exact_text(value)
        title = "" if title == text else title
    return Span(text, "invalid" if text in {"nan", "inf", "-inf"} else "strong", title)


def string_text(value: bytes | str) -> tuple[str, bool]:
    """Returns a string of the user's cut and on one line, and whether it was UTF-8."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            shown, cut = wording.shorten(repr(value), _TEXT_LENGTH)
            return shown + (f"… + {wording.integer(cut)} more" if cut else ""), False
    shown, cut = wording.shorten(value, _TEXT_LENGTH)
    return wording.printable(shown) + (f"… + {wording.integer(cut)} more" if cut else ""), True


def small_table(array: np.ndarray) -> Block | None:
    """Returns the open table of up to 64 numbers, slices of rank 3 and 4 side by side; ``None`` if it does not fit."""
    if array.size > SMALL or not 1 <= array.ndim <= 4:
        return None
    columns = array.shape[-1]
    rows = array.shape[-2] if array.ndim > 1 else 1
    if columns > _SMALL_COLUMNS or rows > _SMALL_ROWS:
        return None
    texts = np.array(numerals.small_texts(array), dtype=object).reshape(array.shape)
    width = max(map(len, texts.flat)) if array.ndim > 2 else 0
    grounds = _grounds(array)
    slices = []
    for position in itertools.product(*(range(length) for length in array.shape[:-2])):
        caption = wording.index(position) if position else ""
        block = array[position] if position else np.atleast_2d(array)
        cells = np.atleast_2d(texts[position] if position else texts)
        heat = np.atleast_2d(grounds[position] if position else grounds)
        slices.append(
            Table(
                rows=tuple(
                    Row(
                        tuple(
                            _small_cell(cells[row, column], block[row, column], float(heat[row, column]))
                            for column in range(columns)
                        ),
                        header=str(row) if rows > IN_LINE else None,
                    )
                    for row in range(rows)
                ),
                columns=tuple(map(str, range(columns))) if columns > IN_LINE else (),
                caption=caption,
                compact=True,
                width=width,
            )
        )
    return slices[0] if len(slices) == 1 else Beside(tuple(slices))


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


def _small_cell(text: str, value: Any, ground: float) -> Cell:
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
    if summary.role == "probabilities" and summary.drawn is not None:
        return f"{wording.integer(array.size)} values", _class_table(summary.drawn, options, decimals=6)
    if summary.role == "logits" and summary.drawn is not None:
        return f"{wording.integer(array.size)} values", _class_table(summary.drawn, options, decimals=4)
    if summary.role == "probability batch" and summary.drawn is not None:
        return f"{wording.extent(summary.drawn.shape)} values", batch_table(summary.drawn, options)
    if array.ndim == 1:
        return _vector_words(array), _vector_table(array)
    shown, caption = first_matrix(array, summary.role)
    cut = shown.shape[0] > options.max_rows or shown.shape[1] > options.max_columns
    if array.ndim > 2:
        words = f"{'corners of ' if cut else ''}{caption} of {wording.integer(array.size)} values"
    else:
        words = f"{'corners of ' if cut else ''}{wording.extent(array.shape)} values"
    if summary.role in {"image", "images"}:
        options = replace(options, max_rows=_PIXELS, max_columns=_PIXELS)
        words = words if cut or max(shown.shape) <= _PIXELS else f"corners of {words}"
    return words, _matrix_table(shown, options, caption)


def first_matrix(array: np.ndarray, role: str) -> tuple[np.ndarray, str]:
    """Returns the matrix shown of an array of higher rank, and the slice that it is; of images, the first channel."""
    if array.ndim <= 2:
        return np.atleast_2d(array), ""
    if role in {"image", "images"} and array.shape[-1] in {1, 3, 4} and (array.ndim > 3 or role == "image"):
        before = array.ndim - 3
        return array[..., 0][(0,) * before], f"[{'0, ' * before}:, :, 0]"
    before = array.ndim - 2
    return array[(0,) * before], f"[{'0, ' * before}:, :]"


def _class_table(drawn: np.ndarray, options: DisplayOptions, decimals: int) -> Table:
    names = options.class_names(drawn.size)
    numbers = drawn.astype(np.float64)
    largest = float(np.abs(numbers).max()) or 1.0
    scale = 1.0 if decimals == 6 else largest
    cells = [Cell(numerals.cell_text(number, f".{decimals}f"), ground=number / scale)
             for number, value in zip(numbers.tolist(), drawn, strict=True)]  # fmt: skip
    if drawn.size <= 10 and all(len(name) <= 8 for name in names):
        return Table((Row(tuple(cells)),), columns=names)
    order = np.argsort(-numbers, kind="stable").tolist()
    return Table(
        tuple(
            Row((cells[place],), header=names[place]) if place is not None else Row((_ELIDED,), header="⋮")
            for place in [None if at is None else order[at] for at in spread(drawn.size, options.max_rows)]
        )
    )


def _share(number: float) -> str:
    """Returns a probability with three decimals, ``<.001`` where they would say nothing."""
    return "<.001" if 0 < number < 0.0005 else f"{number:.3f}"


def batch_table(drawn: np.ndarray, options: DisplayOptions) -> Table:
    """Returns the table of a batch of probabilities in the array's own orientation, top class at the row's end."""
    examples, classes = drawn.shape
    names = options.class_names(classes)
    columns = spread(classes, 20)
    rows = []
    for example in spread(examples, options.max_rows):
        if example is None:
            rows.append(Row(tuple(_ELIDED for _ in range(len(columns) + 2)), header="⋮"))
            continue
        row = drawn[example].astype(np.float64)
        top, values = int(np.argmax(row)), row.tolist()
        cells = tuple(
            _ELIDED if column is None else Cell(_share(values[column]), ground=values[column]) for column in columns
        )
        rows.append(Row((*cells, Cell(names[top], "strong"), Cell(wording.percent(values[top]))), header=str(example)))
    return Table(tuple(rows), columns=(*("…" if column is None else names[column] for column in columns), "top", "at"))


def _vector_words(array: np.ndarray) -> str:
    count = wording.integer(array.size)
    return f"first and last of {count} values" if array.size > 100 else f"{count} values"


def _vector_table(array: np.ndarray) -> Table:
    """Returns a long vector ten to a row, each row headed by its first index."""
    width = 10
    count = math.ceil(array.size / width)
    starts = list(range(count)) if count <= 10 else [0, 1, 2, 3, None, count - 2, count - 1]
    places = [list(range(start * width, min(array.size, (start + 1) * width))) for start in starts if start is not None]
    shown = array[list(itertools.chain.from_iterable(places))]
    return _heat_table(
        shown,
        [
            None
            if start is None
            else (str(start * width), list(range(start * width, min(array.size, (start + 1) * width))))
            for start in starts
        ],
        array,
        (),
        "",
    )


def _matrix_table(array: np.ndarray, options: DisplayOptions, caption: str) -> Table:
    rows = spread(array.shape[0], options.max_rows)
    columns = spread(array.shape[1], options.max_columns)
    kept_rows = [row for row in rows if row is not None]
    kept_columns = [column for column in columns if column is not None]
    shown = np.asarray(array)[np.ix_(kept_rows, kept_columns)]
    lines = [
        None
        if row is None
        else (str(row), [None if column is None else row * array.shape[1] + column for column in columns])
        for row in rows
    ]
    return _heat_table(
        shown, lines, array, tuple("…" if column is None else str(column) for column in columns), caption
    )


def _heat_table(
    shown: np.ndarray,
    lines: Sequence[tuple[str, Sequence[int | None]] | None],
    array: np.ndarray,
    columns: tuple[str, ...],
    caption: str,
) -> Table:
    """Returns a table of the values at flat places, one format and one scale of heat for all that is shown."""
    specification = "complex" if array.dtype.kind == "c" else numerals.table_format(shown)
    numbers = np.abs(np.ma.compressed(shown)).astype(np.float64) if array.dtype.kind != "c" else np.zeros(1)
    finite = numbers[np.isfinite(numbers)]
    largest = float(finite.max()) if finite.size else 0.0
    heat = kind_rank(array.dtype) == 2 and largest > 0
    width = max((len(line[1]) for line in lines if line is not None), default=1)
    wanted = [place for line in lines if line is not None for place in line[1] if place is not None]
    picked = array[np.unravel_index(wanted, array.shape)] if wanted else array.reshape(-1)[:0]
    # Python's numbers are formatted three times as fast as NumPy's.
    values = iter(picked if specification == "complex" or isinstance(array, np.ma.MaskedArray) else picked.tolist())
    rows = []
    for line in lines:
        if line is None:
            rows.append(Row(tuple(Cell("⋮", "secondary") for _ in range(width)), header="⋮"))
            continue
        header, places = line
        cells = []
        for place in places:
            if place is None:
                cells.append(_ELIDED)
                continue
            value = next(values)
            if specification == "complex":
                cells.append(Cell(numerals.complex_text(value)))
                continue
            text = numerals.cell_text(value, specification)
            if value is np.ma.masked:
                cells.append(Cell(text, "secondary", title="masked"))
                continue
            bad = text in {"nan", "inf", "-inf"}
            ground = 0.0 if bad or not heat else float(value) / largest
            cells.append(Cell(text, "invalid" if bad else "plain", ground))
        rows.append(Row(tuple(cells), header=header))
    return Table(tuple(rows), columns=columns, caption=caption)


def corner_table(summary: Summary) -> Table | None:
    """Returns a few corner values of a large matrix or vector, for terminals."""
    content = summary.content
    if not isinstance(content, Dense) or kind_rank(content.array.dtype) not in {0, 1, 2} or not content.array.size:
        return None
    array, caption = first_matrix(content.array, summary.role)
    rows = list(range(array.shape[0])) if array.shape[0] <= 4 else [0, 1, 2, None, array.shape[0] - 1]
    columns = list(range(array.shape[1])) if array.shape[1] <= 6 else [0, 1, 2, None, array.shape[1] - 1]
    shown = np.asarray(array)[np.ix_([r for r in rows if r is not None], [c for c in columns if c is not None])]
    lines = [
        None if row is None else (str(row), [None if c is None else row * array.shape[1] + c for c in columns])
        for row in rows
    ]
    table = _heat_table(shown, lines, array, (), caption)
    return table if content.array.ndim > 1 else Table(tuple(Row(row.cells) for row in table.rows))


def holds_strings(array: np.ndarray) -> bool:
    """Returns whether all values are strings; the arrays of string tensors hold nothing else."""
    return array.dtype.kind in "SU" or all(isinstance(value, (bytes, str)) for value in array.flat)


def plain_text(value: Any) -> str:
    """Returns a number, a string or ``None`` as Python writes it, cut; of another object only its class.

    Not its repr: that would run the user's code.
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        shown, cut = wording.shorten(repr(value[:200] if isinstance(value, (str, bytes)) else value), _PLAIN_LENGTH)
        return shown + ("…" if cut else "")
    return type(value).__name__


def string_table(array: np.ndarray, limit: int = 12) -> Table:
    """Returns strings decoded, cut and on one line each, with their length in bytes."""
    flat = array.reshape(-1)
    rows = []
    for place in spread(flat.size, limit):
        if place is None:
            rows.append(Row((Cell("⋮", "secondary"), Cell("⋮", "secondary", align="left")), header="⋮"))
            continue
        value = flat[place]
        header = (
            str(place) if array.ndim <= 1 else wording.index([int(at) for at in np.unravel_index(place, array.shape)])
        )
        if not isinstance(value, (bytes, str)):
            rows.append(Row((Cell(""), Cell(plain_text(value), "secondary", align="left")), header=header))
            continue
        size = len(value) if isinstance(value, bytes) else len(value.encode("utf-8", "surrogatepass"))
        text, valid = string_text(value)
        if not size:
            cell = Cell("empty", "secondary", align="left")
        else:
            cell = Cell(
                text if valid else f"{text}  not UTF-8", "plain" if valid else "invalid", align="left", mono=True
            )
        rows.append(Row((Cell(wording.integer(size)), cell), header=header))
    return Table(tuple(rows), columns=("bytes", "text"), compact=True)


def ragged_table(content: Ragged, limit: int = 12) -> Table:
    """Returns the rows of a ragged tensor: all numbers of a small one, else index, length and first values."""
    outer, *inner = content.splits
    lengths = np.diff(outer)
    longest = int(lengths.max(initial=0))
    numeric = content.flat.dtype.kind != "O" and not inner and content.flat.ndim == 1
    if numeric and content.flat.size <= SMALL and longest <= _SMALL_COLUMNS and len(lengths) <= _SMALL_ROWS:
        texts = numerals.small_texts(content.flat) if content.flat.size else []
        empty = (Cell("empty", "secondary", align="left", span=max(1, longest)),)
        edges = outer.tolist()
        return Table(
            tuple(
                Row(tuple(map(Cell, texts[edges[row] : edges[row + 1]])) or empty, header=str(row))
                for row in range(len(lengths))
            ),
            compact=True,
        )
    rows = []
    for row in spread(len(lengths), limit):
        if row is None:
            rows.append(Row((Cell("⋮", "secondary"), Cell("⋮", "secondary", align="left")), header="⋮"))
            continue
        start, end = int(outer[row]), int(outer[row + 1])
        rows.append(Row((Cell(str(end - start)), _row_cell(content, start, end, tuple(inner))), header=str(row)))
    return Table(tuple(rows), columns=("length", "first values"), compact=True)


def _row_cell(content: Ragged, start: int, end: int, inner: tuple[np.ndarray, ...]) -> Cell:
    if end == start:
        return Cell("empty", "secondary", align="left")
    for split in inner:
        start, end = int(split[start]), int(split[end])
    values = content.flat[start : min(end, start + 10)]
    if content.flat.dtype.kind == "O":
        words = "  ".join(string_text(value)[0] for value in values.reshape(-1))
        words, cut = wording.shorten(words, _TEXT_LENGTH)
    else:
        words, cut = "  ".join(numerals.small_texts(values[:10])), 0
    more = " …" if end - start > 10 or cut else ""
    return Cell(words + more, align="left", mono=content.flat.dtype == object)


def entry_table(content: Sparse, limit: int = 8) -> Table:
    """Returns the first stored entries of a sparse tensor."""
    count = len(content.values)
    shown = content.values[:limit]
    texts = [string_text(value)[0] for value in shown] if shown.dtype == object else numerals.small_texts(shown)
    rows = [
        Row((Cell(text, mono=shown.dtype == object),), header=wording.index(position))
        for text, position in zip(texts, content.indices[:limit], strict=True)
    ]
    if count > limit:
        rows.append(Row((Cell(f"… {wording.integer(count - limit)} more", "secondary", align="left"),), header="⋮"))
    return Table(tuple(rows), columns=("stored",), compact=True)


def sparse_table(content: Sparse) -> Table | None:
    """Returns the dense table of a small sparse matrix; a dot is what is not stored, a stored zero is ``0``."""
    if len(content.shape) != 2 or not 0 < content.shape[0] <= _SMALL_ROWS or not 0 < content.shape[1] <= _SMALL_COLUMNS:
        return None
    if content.values.dtype == object or content.shape[0] * content.shape[1] > SMALL:
        return None
    texts = numerals.small_texts(content.values) if content.values.size else []
    cells = [[Cell("·", "secondary") for _ in range(content.shape[1])] for _ in range(content.shape[0])]
    for (row, column), text in zip(content.indices.tolist(), texts, strict=True):
        if 0 <= row < content.shape[0] and 0 <= column < content.shape[1]:
            cells[row][column] = Cell(text)
    return Table(
        tuple(Row(tuple(line), header=str(row)) for row, line in enumerate(cells)),
        columns=tuple(map(str, range(content.shape[1]))),
        compact=True,
    )


def slices_table(content: Slices, options: DisplayOptions, limit: int = 8) -> Table:
    """Returns the first rows of ``IndexedSlices``, each headed by the index it is added to."""
    shown = content.values.reshape(len(content.values), -1)[:limit]
    if not shown.size:
        return Table((), compact=True)
    small = small_table(shown) if content.values.size <= SMALL else None
    table = small if isinstance(small, Table) else _matrix_table(shown, options, "")
    indices = content.indices[:limit].tolist()
    rows = [Row(row.cells, header=f"[{index}]") for row, index in zip(table.rows, indices, strict=True)]
    if len(content.values) > limit:
        rows.append(Row(tuple(Cell("⋮", "secondary") for _ in rows[0].cells), header="⋮"))
    return Table(tuple(rows), columns=table.columns, compact=True)
