"""The entries of a sparse tensor, or those of a matrix that are not zero, as points: of very many a sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tfnp_ext.adapters import Sparse, Strings
from tfnp_ext.plots.base import Array, as_floats
from tfnp_ext.plots.pooling import MOST_READ, steps_read
from tfnp_ext.statistics import sample_places

MOST_ENTRIES = 2**17
"""Entries that are drawn; of more, a sample of so many is."""

_AT_A_TIME = 2**18
"""Values of a matrix that are looked at together."""


class Kind(NamedTuple):
    """What an entry may be: its number, its word, and the sign and the marker of what is not finite."""

    number: int
    word: str
    sign: str = ""
    marker: str = ""


POSITIVE, NEGATIVE, ZERO = Kind(1, "positive"), Kind(-1, "negative"), Kind(0, "zero")
INVALID = Kind(2, "NaN", "×", "x"), Kind(3, "+Inf", "▲", "^"), Kind(-3, "-Inf", "▼", "v")
KINDS = (POSITIVE, NEGATIVE, ZERO, *INVALID)


@dataclass(frozen=True)
class Entries:
    """Stored entries, of very many a sample, as points of a matrix: leading axes are flattened to rows.

    Attributes:
        shape: Rows and columns.
        rows: Row of each entry inside the shape, float64 [N].
        columns: Column of each.
        kinds: The number of the kind of each.
        outside: How many more lie outside the shape.
        found: How many there were among the values of a matrix that were looked at.
        every: Of so many of these values one was looked at.
    """

    shape: tuple[int, int]
    rows: Array
    columns: Array
    kinds: Array
    outside: int
    found: int = 0
    every: int = 1


def read_matrix(values: Array, block: tuple[int, int]) -> Entries:
    """Returns what is not zero, of very many a sample; a few rows at a time, so that nothing of its size is made.

    Args:
        values: A matrix [N, M].
        block: Rows and columns that share a dot: in a large matrix not all of them are looked at.
    """
    shape = int(values.shape[0]), int(values.shape[1])
    down, across = steps_read(*shape, block, MOST_READ)
    part = np.asarray(values[::down, ::across])
    band = max(1, _AT_A_TIME // part.shape[1])
    parts = [(start, part[start : start + band]) for start in range(0, len(part), band)]
    counts = [int(np.count_nonzero(_kinds(rows.reshape(-1)))) for _, rows in parts]
    found = sum(counts)
    places = sample_places(found, MOST_ENTRIES)
    seen, rows_of, columns_of, kinds_of = 0, [], [], []
    for (start, rows), count in zip(parts, counts, strict=True):
        kinds = _kinds(rows.reshape(-1))
        flat = np.flatnonzero(kinds)
        if places is not None:
            flat = flat[places[np.searchsorted(places, seen) : np.searchsorted(places, seen + count)] - seen]
        seen += count
        row, column = np.divmod(flat, part.shape[1])
        rows_of.append((start + row) * float(down))
        columns_of.append(column * float(across))
        kinds_of.append(kinds[flat])
    rows, columns, kinds = (np.concatenate(part) for part in (rows_of, columns_of, kinds_of))
    return Entries(shape, rows, columns, kinds, 0, found, down * across)


def read_stored(content: Sparse) -> Entries:
    """Returns what is stored inside the shape of a sparse tensor, of very many a sample."""
    indices = content.indices
    # Strings are all drawn alike, so none of a large tensor is looked at.
    values = np.ones(len(indices), np.int8) if isinstance(content.values, Strings) else content.values
    places = sample_places(len(values), MOST_ENTRIES)
    if places is not None:
        indices, values = np.take(indices, places, axis=0), np.take(values, places)
    inside = np.all((indices >= 0) & (indices < np.array(content.shape, np.int64)), axis=1)
    outside = len(values) - int(np.count_nonzero(inside))
    if outside:
        indices, values = indices[inside], values[inside]
    *leading, columns = content.shape
    rows = np.zeros(len(values))
    for axis, length in enumerate(leading):
        rows *= length
        rows += indices[:, axis]
    return Entries((math.prod(leading), columns), rows, indices[:, -1].astype(np.float64), _kinds(values), outside)


def _kinds(values: Array) -> Array:
    """Returns the number of the kind of each value; strings are all stored alike."""
    if values.dtype == object:
        return np.ones(len(values), np.int8)
    numbers = np.abs(values) if values.dtype.kind == "c" else as_floats(values)
    kinds: Array = np.sign(np.nan_to_num(numbers, nan=0.0)).astype(np.int8)
    invalid = ~np.isfinite(numbers)
    if invalid.any():
        kinds[invalid] *= 3
        kinds[np.isnan(numbers)] = 2
    return kinds


def fullest_rows(entries: Entries, rows: int, bands: int) -> tuple[Array, bool]:
    """Returns how many entries the fullest of each so many rows holds, and whether all rows hold equally many."""
    filled, counts = np.unique(entries.rows, return_counts=True)
    fullest = np.zeros(bands, np.intp)
    np.maximum.at(fullest, np.minimum((filled / rows).astype(np.intp), bands - 1), counts)
    return fullest, len(filled) == entries.shape[0] and bool((counts == counts[0]).all())
