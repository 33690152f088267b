"""Values that are folded away: tables that are elided in the middle, with heat behind the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Curves, Dense
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.elision import BOUNDED, COLUMNS, DOWN, MOST_CELLS, ROWS, elided_at, ends, spread, spread_cells
from tfnp_ext.display.ranking import largest_places, smallest_places
from tfnp_ext.display.values import TRUE_GROUND
from tfnp_ext.document import ELIDED, Cell, NumberRow, Row, Table
from tfnp_ext.plots.base import as_floats
from tfnp_ext.roles.images import CHANNELS
from tfnp_ext.statistics import row_tops
from tfnp_ext.summary import Summary

_PICTURES = frozenset({"image", "images", "video"})
_PIXELS = 10
_BESIDE, _VECTOR_ROWS = 10, 26
"""Numbers of a vector in one row of its table, and rows before it is elided."""

CANDIDATE = 0.1
"""From this share on a class is a candidate, whose cell has a ground: grounds are most of such a table's bytes."""

CLASSES_SHOWN = 20
"""Classes of predictions that stand in a table before it is elided in the middle."""

_CORNER, _BEGINNING = 10, 24
"""Columns of a matrix, and values of a vector, that are read for a terminal."""

_MOST_RANKED = 2**18
"""Classes on another device that are put in order; of more the first and last values are shown."""


class Folded(NamedTuple):
    """What the fold holds, in words, the table of it, and the form of its numbers where it is that of a format.

    ``note`` is what else there is to say of the table.
    """

    words: str
    table: Table
    form: str | None = None
    note: str = ""


def large_table(summary: Summary, options: DisplayOptions, most: int | None = None) -> Folded | None:
    """Returns the table of many values, elided in the middle.

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
        return Folded(f"{wording.integer(array.size)} values", _class_table(summary.drawn, options, shares=True))
    if summary.role == "logits" and summary.drawn is not None:
        return Folded(f"{wording.integer(array.size)} values", _class_table(summary.drawn, options))
    if summary.role == "probability batch" and summary.drawn is not None:
        table, bounded = batch_table(summary.drawn, options)
        return Folded(f"{wording.extent(summary.drawn.shape)} values", table, note=BOUNDED * bounded)
    if array.ndim == 2 and len(array) == 1:
        array = array.reshape(-1)
    if array.ndim == 1 and array.dtype.kind == "c":
        return _complex_table(array, options.rows(ROWS))
    if array.ndim == 1:
        lines, bounded = _vector_lines(array.size, options.rows(_VECTOR_ROWS))
        columns = tuple(map(str, range(min(_BESIDE, array.size))))
        picked = _picked(lines, array)
        form = numerals.form_of(picked)
        words = f"{'first and last of ' if None in lines else ''}{wording.integer(array.size)} values"
        return Folded(words, _heat_table(lines, picked, columns, "", form), form, BOUNDED * bounded)
    shown, caption = first_matrix(array, summary.role)
    pictured = summary.role in _PICTURES
    own = (_PIXELS, _PIXELS) if pictured else (ROWS, COLUMNS)
    what = f"{caption} of {wording.integer(array.size)}" if array.ndim > 2 else wording.extent(array.shape)
    lines, columns, bounded = _matrix_lines(shown, options, own)
    picked = _picked(lines, shown)
    form = numerals.form_of(picked, folded=True)
    table = _heat_table(lines, picked, columns, caption, form, pixels=pictured)
    part = _part_words(None in lines, ELIDED.text in columns)
    return Folded(f"{part}{what} values", table, form, BOUNDED * bounded)


def _within(summary: Summary, options: DisplayOptions, most: int) -> DisplayOptions:
    """Returns options with which a table has about so many cells."""
    shape = [axis or 0 for axis in summary.shape or ()]
    rows, columns = options.rows(ROWS), options.columns(COLUMNS)
    if summary.role == "probability batch":
        rows = min(rows, max(2, most // (min(shape[-1], CLASSES_SHOWN) + 2)))
    elif len(shape) < 2 and summary.role not in {"probabilities", "logits"} and "complex" not in summary.dtype:
        rows = min(options.rows(_VECTOR_ROWS), max(1, most // _BESIDE))
    elif summary.role in {"probabilities", "logits"} or len(shape) < 2:
        rows = min(rows, max(2, most))
    elif len(spread(shape[-2], rows)) * len(spread(shape[-1], columns)) > most:
        side = max(2, min(sum(ends(rows)), math.isqrt(most)))
        rows, columns = min(rows, side), min(columns, side)
    return replace(options, max_rows=rows, max_columns=columns)


def _part_words(tall: bool, wide: bool) -> str:
    """Returns which part of a matrix its table shows, by what is left out: nothing where it shows all."""
    if tall and wide:
        return "corners of "
    return "first and last rows of " if tall else "first and last columns of " if wide else ""


def first_matrix(array: np.ndarray, role: str) -> tuple[np.ndarray, str]:
    """Returns the matrix shown of an array of higher rank, and the slice that it is.

    Of images and activations it is the first channel, of a convolution kernel the first filter over the first, as they
    are drawn.
    """
    if role == "kernel" and math.prod(array.shape[:-2]) > 1:
        each = (slice(None),) * (array.ndim - 2)
        words = f"[{':, ' * len(each)}0, 0]"
        return _left_there(array, (*((None,) if len(each) == 1 else ()), *each, 0, 0)), words
    if array.ndim <= 2:
        return array if array.ndim == 2 else array.reshape(1, -1), ""
    channels = role in _PICTURES and array.shape[-1] in CHANNELS and (array.ndim > 3 or role == "image")
    if channels or (role == "maps" and array.shape[-3] == array.shape[-2] != array.shape[-1]):
        before = array.ndim - 3
        return _left_there(array, (*(0,) * before, ..., 0)), f"[{'0, ' * before}:, :, 0]"
    drawn = _sides(array.shape)
    index = tuple(slice(None) if axis in drawn else 0 for axis in range(array.ndim))
    return _left_there(array, index), f"[{', '.join(':' if axis in drawn else '0' for axis in range(array.ndim))}]"


def _sides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the two axes of the matrix shown: the last ones, unless those are channels or hold one value only."""
    last, rank = (len(shape) - 2, len(shape) - 1), len(shape)
    if rank > 3 and min(shape[-2:]) <= max(CHANNELS):
        long = [axis for axis in range(1, rank) if shape[axis] > max(CHANNELS)]
        if len(long) > 1:
            return long[-2], long[-1]
    if min(shape[-2:]) == 1:
        # Of axes that are as long the last ones.
        return tuple(sorted(sorted(range(rank), key=lambda axis: (shape[axis], axis))[-2:]))
    return last


def _left_there(array: np.ndarray, index: tuple[Any, ...]) -> np.ndarray:
    """Returns a view; of values on another device one of which nothing is copied before its corners are."""
    view: np.ndarray = array.view_at(index) if isinstance(array, DeviceArray) else array[index]
    return view


def _class_table(drawn: np.ndarray, options: DisplayOptions, shares: bool = False) -> Table:
    """Returns the table of a vector of classes, the largest first; shares with six decimals where they are carried."""
    names = options.class_names(drawn.size)
    wide = shares and drawn.dtype.itemsize > 2
    inline = drawn.size <= 10 and all(len(name) <= 8 for name in names)
    shown = list(range(drawn.size)) if inline else _ranked_places(as_floats(drawn), options.rows(ROWS))
    picked = drawn[[place for place in shown if place is not None]]
    numbers = picked.astype(np.float64)
    scale = 1.0 if shares else float(np.abs(numbers).max()) or 1.0
    texts = [wording.share(share, 6) for share in numbers.tolist()] if wide else numerals.small_texts(picked)
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


def share_texts(shares: np.ndarray) -> list[list[str]]:
    """Returns the words of the probabilities of a matrix: looked up, since a batch has hundreds of them."""
    thousandths = np.rint(shares * 1000)
    if not (thousandths >= 0).all() or thousandths.max(initial=0) > 1000:
        return [list(map(wording.short_share, row)) for row in shares.tolist()]
    words = _words_of_thousandths()
    places = thousandths.astype(np.intp)
    places[(places == 0) & (shares > 0)] = _NEXT_TO_NOTHING
    places[(places == 1000) & (shares < 1)] = _NEXT_TO_ALL
    return [[words[place] for place in row] for row in places.tolist()]


_NEXT_TO_NOTHING, _NEXT_TO_ALL = 1001, 1002


@lru_cache(1)
def _words_of_thousandths() -> tuple[str, ...]:
    """Returns the words of 0, 1, … 1000 thousandths, and of what is nearly none and nearly all."""
    return tuple(map(wording.short_share, (*(thousandth / 1000 for thousandth in range(1001)), 1e-6, 1 - 1e-6)))


def batch_table(drawn: np.ndarray, options: DisplayOptions) -> tuple[Table, bool]:
    """Returns the table of a batch of probabilities in the array's own orientation, top class at the row's end.

    And whether it has fewer rows or columns than asked for.
    """
    examples, classes = drawn.shape
    names = options.class_names(classes)
    most = options.rows(ROWS), options.columns(CLASSES_SHOWN)
    shown, columns, bounded = spread_cells((examples, classes), *most, ROWS * CLASSES_SHOWN)
    places = [example for example in shown if example is not None]
    classes_shown = [column for column in columns if column is not None]
    picked = drawn[np.ix_(places, classes_shown)].astype(np.float64)
    grounds = np.where(picked >= CANDIDATE, picked, 0.0).tolist()
    tops, shares = row_tops(drawn, np.array(places))
    read = zip(share_texts(picked), grounds, tops.tolist(), shares.tolist(), strict=True)
    elided = elided_at(columns)
    rows: list[Row | NumberRow] = []
    for example in shown:
        if example is None:
            rows.append(Row((DOWN,) * (len(columns) + 2), header="⋮"))
            continue
        texts, inked, top, share = next(read)
        answer = Cell(names[top] if top >= 0 else "×", "strong"), Cell(wording.percent(share))
        rows.append(NumberRow(texts, inked, str(example), answer, elided))
    heads = ("…" if column is None else names[column] for column in columns)
    return Table(tuple(rows), columns=(*heads, "top", "at")), bounded


def epoch_table(curves: Curves, most: int) -> Table:
    """Returns a row an epoch, a column a metric, each with one number of decimals; elided in the middle."""
    shown = spread_cells((len(curves.epochs), len(curves.values)), most, len(curves.values))[0]
    places = [place for place in shown if place is not None]
    columns = [numerals.small_texts(np.asarray(values)[places]) for values in curves.values.values()]
    lines = iter(zip(places, *columns, strict=True))
    rows = []
    for place in shown:
        if place is None:
            rows.append(Row((DOWN,) * len(columns), header="⋮"))
            continue
        epoch, *texts = next(lines)
        cells = (Cell(text, "invalid" if text in {"nan", "inf", "-inf"} else "plain") for text in texts)
        rows.append(Row(tuple(cells), header=str(curves.epochs[epoch])))
    return Table(tuple(rows), columns=tuple(curves.values))


_Line = tuple[str | None, Sequence[int | None]] | None
"""What stands in a row of a table: its header and flat places, ``None`` for those, or a row, left out."""


def _vector_lines(size: int, most: int) -> tuple[list[_Line], bool]:
    """Returns the rows of a long vector, ten to each, headed by their first index; and whether not all asked for."""
    count = math.ceil(size / _BESIDE)
    starts, _, bounded = spread_cells((count, _BESIDE), most, _BESIDE)
    if count > most == _VECTOR_ROWS:
        starts = [*range(4), None, count - 2, count - 1]
    lines: list[_Line] = [
        None
        if at is None
        else (str(at * _BESIDE) if count > 1 else None, list(range(at * _BESIDE, min(size, (at + 1) * _BESIDE))))
        for at in starts
    ]
    return lines, bounded


def _matrix_lines(
    array: np.ndarray, options: DisplayOptions, own: tuple[int, int] = (ROWS, COLUMNS), most: int = MOST_CELLS
) -> tuple[list[_Line], tuple[str, ...], bool]:
    """Returns the rows of a matrix, headed by their indices and elided in the middle, and those of its columns.

    And whether there are fewer than asked for; ``own`` ones if none are.
    """
    rows, columns, bounded = spread_cells(array.shape, options.rows(own[0]), options.columns(own[1]), most)
    lines = _lines_of(rows, columns, array.shape[1])
    return lines, tuple("…" if column is None else str(column) for column in columns), bounded


def _lines_of(rows: Sequence[int | None], columns: Sequence[int | None], width: int) -> list[_Line]:
    return [
        None if row is None else (str(row), [None if column is None else row * width + column for column in columns])
        for row in rows
    ]


def matrix_table(array: np.ndarray, options: DisplayOptions, caption: str, most: int = MOST_CELLS) -> Table:
    """Returns a matrix with its indices, elided in the middle."""
    lines, columns, _ = _matrix_lines(array, options, most=most)
    picked = _picked(lines, array)
    return _heat_table(lines, picked, columns, caption, numerals.form_of(picked, folded=True))


def _picked(lines: Sequence[_Line], array: np.ndarray) -> np.ndarray:
    """Returns the values of an array that stand in the rows of a table, one after the other."""
    wanted = [place for line in lines if line is not None for place in line[1] if place is not None]
    values: np.ndarray = array[np.unravel_index(wanted, array.shape)]
    return values


def _heat_table(
    lines: Sequence[_Line],
    picked: np.ndarray,
    columns: tuple[str, ...],
    caption: str,
    form: str,
    *,
    pixels: bool = False,
) -> Table:
    """Returns a table of values, one form and one scale of heat for all that is shown.

    Args:
        lines: The rows.
        picked: Their values, one after the other.
        columns: What stands above them.
        caption: Which slice they are.
        form: How numbers are written.
        pixels: Whether columns are equally wide.
    """
    texts, grounds = numerals.written(picked, form, folded=True), heat(picked)
    width = max(map(len, texts)) if pixels else 0
    joined = "".join(texts)
    breakable = "e-" in joined or picked.dtype.kind == "c"
    plain = picked.dtype.kind != "b" and not numerals.is_not_finite(joined) and "--" not in joined
    down = Row((DOWN,) * max(len(line[1]) for line in lines if line is not None), header="⋮")
    rows: list[Row | NumberRow] = []
    start = 0
    for line in lines:
        if line is None:
            rows.append(down)
            continue
        header, places = line
        elided = elided_at(places)
        those = slice(start, start := start + len(places) - (elided is not None))
        if plain:
            rows.append(NumberRow(texts[those], grounds[those], header, elided=elided, breakable=breakable))
            continue
        cells = [*map(_large_cell, texts[those], grounds[those])]
        if elided is not None:
            cells.insert(elided, ELIDED)
        rows.append(Row(tuple(cells), header=header))
    return Table(tuple(rows), columns=columns, caption=caption, width=width)


def _with_long_zeros(texts: list[str], form: str) -> list[str]:
    """Returns numbers with zeros as long as the others, so that they stand below their points."""
    nothing = f"{0:{form}}" if form.endswith("f") else "0"
    return [nothing if text == "0" else text for text in texts]


def _complex_table(array: np.ndarray, most: int) -> Folded:
    """Returns a complex vector, a row a value: its parts, magnitude and phase."""
    shown, _, bounded = spread_cells((array.size, 4), most, 4)
    picked = _picked([("", shown)], array)
    form = numerals.form_of(picked, folded=True)
    with np.errstate(over="ignore"):
        magnitudes = np.hypot(picked.real, picked.imag)
    reals, imaginaries = (
        _with_long_zeros(numerals.written(part + 0.0, form), form) for part in (picked.real, picked.imag)
    )
    columns = (
        reals,
        [f"{text}j" if text.startswith("-") else f"+{text}j" for text in imaginaries],
        numerals.written(magnitudes, form or ".4g"),
        [f"{phase:.3f}" for phase in np.angle(picked).tolist()],
    )
    read = zip(*columns, strict=True)
    rows = tuple(
        Row((DOWN,) * 4, header="⋮")
        if place is None
        else Row(tuple(_large_cell(text, 0.0) for text in next(read)), header=str(place))
        for place in shown
    )
    words = f"{'first and last of ' if None in shown else ''}{wording.integer(array.size)} values"
    return Folded(words, Table(rows, columns=("real", "imag", "|z|", "phase")), form, BOUNDED * bounded)


def heat(values: np.ndarray) -> list[float]:
    """Returns the ground of each value: its share of the largest, of floats only; of booleans that of ``True``."""
    if values.dtype.kind == "b":
        grounds: list[float] = (np.ma.filled(values, False) * TRUE_GROUND).tolist()
        return grounds
    if kind_rank(values.dtype) != 2:
        return [0.0] * values.size
    numbers = np.ma.filled(values.astype(np.float64), 0.0)
    finite = np.where(np.isfinite(numbers), numbers, 0.0)
    shares: list[float] = (finite / (np.abs(finite).max() or 1.0)).tolist()
    return shares


def _large_cell(text: str, ground: float) -> Cell:
    """Returns one value of a large table."""
    if text == "--":
        return Cell(text, "secondary", title="masked")
    if text == "False":
        return Cell(text, "secondary")
    return Cell(text, "invalid") if numerals.is_not_finite(text) else Cell(text, ground=ground)


def corner_table(summary: Summary, form: str | None) -> Table | None:
    """Returns a few corner values of a large matrix or vector, for terminals.

    Args:
        summary: What they are of.
        form: How the numbers of the fold are written, so that the same read alike; ``None`` where they are others.
            Few of those that take an exponent each may do without.
    """
    content = summary.content
    if not isinstance(content, Dense) or kind_rank(content.array.dtype) is None or not content.array.size:
        return None
    array, caption = first_matrix(content.array, summary.role)
    height, width = array.shape
    rows = list(range(height)) if height <= 4 else [0, 1, 2, None, height - 1]
    most = _CORNER if height > 1 else _BEGINNING  # of which a terminal shows as many as have room
    columns = list(range(width)) if width <= most else [*range(most - 1), None, width - 1]
    lines = _lines_of(rows, columns, width)
    picked = _picked(lines, array)
    if form is None or form.endswith("e"):
        form = numerals.form_of(picked, folded=True)
    table = _heat_table(lines, picked, (), caption, form, pixels=summary.role in _PICTURES)
    table = replace(table, width=0)  # what stands for columns left out need not be so wide
    alone = content.array.shape in {(width,), (1, width)}
    return Table(tuple(Row(row.cells) for row in table.rows)) if alone else table
