"""What a role is, their list, and what every reading asks of an array."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfnp_ext.adapters import Strings
from tfnp_ext.adapters.devices import most_read
from tfnp_ext.casting import kind_rank
from tfnp_ext.statistics import Statistics, row_sums

ROLES = (
    "scalar",
    "empty",
    "values",
    "probabilities",
    "probability batch",
    "logits",
    "scores",
    "one-hot",
    "labels",
    "image",
    "images",
    "video",
    "maps",
    "series",
    "multi-series",
    "matrix",
    "correlation",
    "confusion",
    "attention",
    "kernel",
    "embeddings",
    "complex",
    "history",
    "text",
    "ragged",
    "sparse",
    "rows",
    "times",
    "records",
    "objects",
    "other",
    "absent",
)
"""Every role that a summary can have."""

SMALL = 64
"""Up to so many numbers a value is shown as its numbers."""

VALUES_CHECKED = 2**18
"""So many values at most are read to find a role beyond what the statistics know; the reason says so of more."""

LONGEST_ROW = 4 * VALUES_CHECKED
"""Of a matrix with longer rows not one is read, so nothing is said of their sums or lengths."""

SMOOTH = 0.2
"""Up to this roughness numbers are a series, of integers and of columns too; those of a table are near 1."""

_NEIGHBOURS = 2**13
"""So many neighbours in a vector tell whether it has an order."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Role:
    """A reading of a value.

    Attributes:
        name: One of ``ROLES``.
        title: The role in words, empty where it does not change the picture.
        reason: Why, in words.
        drawn: What a picture draws: the numbers with singleton batch axes squeezed away, channels last.
        limits: For images: the values shown as black and white.
    """

    name: str
    title: str = ""
    reason: str = ""
    drawn: Array | None = field(default=None, repr=False, compare=False)
    limits: tuple[float, float] | None = None


_MOST_LOOKED_AT = 2**16
"""So many objects at most are looked at to learn whether they are strings."""


def holds_strings(array: Array | Strings) -> bool:
    """Returns whether all values are strings, of a large array those looked at; string tensors hold nothing else."""
    if isinstance(array, Strings):
        return True
    step = max(1, array.size // _MOST_LOOKED_AT)
    return array.dtype.kind in "SU" or (
        array.dtype.kind == "O" and all(isinstance(value, (bytes, str)) for value in array.flat[::step])
    )


def values_checked(array: Array) -> int:
    """Returns how many values of an array are read at most to find its role: fewer where they are to be copied."""
    return most_read(array, VALUES_CHECKED)


def is_float(array: Array) -> bool:
    """Returns whether the values are floats, those of ``ml_dtypes`` included."""
    return kind_rank(array.dtype) == 2


def is_integer(array: Array) -> bool:
    """Returns whether the values are integers."""
    return kind_rank(array.dtype) == 1


def is_identity(array: Array, statistics: Statistics) -> bool:
    """Returns whether a square matrix has 1 on its diagonal and 0 elsewhere."""
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size > VALUES_CHECKED:
        return False
    zeros = array.size - len(array)
    return statistics.zeros == zeros and bool((np.diagonal(array) == 1).all())


def first_rows(matrix: Array) -> Array:
    """Returns as many first rows of a matrix as are read for a role, in float64."""
    return np.asarray(matrix[: _rows_of(matrix, values_checked(matrix))]).astype(np.float64)


def first_row_sums(matrix: Array) -> Array:
    """Returns the sums of as many first rows of a matrix as are read for a role, in float64."""
    return row_sums(matrix, _rows_of(matrix, VALUES_CHECKED))


def _rows_of(matrix: Array, values: int) -> int:
    """Returns how many rows have so many values together, at least one."""
    return min(len(matrix), max(1, values // max(1, int(matrix.shape[1]))))


def is_whole(values: Array) -> bool:
    """Returns whether there are only whole numbers among as many first values as are read for a role."""
    head = np.asarray(values.flat[: values_checked(values)]).astype(np.float64)
    return bool((head == np.floor(head)).all())


def roughness(values: Array, axis: int, within: tuple[int, ...]) -> Array:
    """Returns how unlike neighbours are: near 0 in what is smooth, 1 in noise however it is distributed.

    It is their mean squared difference over twice the variance, which is 1 less the autocorrelation of neighbours;
    0 where all values are the same.

    Source: J. von Neumann, "Distribution of the ratio of the mean square successive difference to the variance", 1941.

    Args:
        values: Finite numbers in float64.
        axis: Along which axis neighbours stand.
        within: The axes that make up one picture or one series.
    """
    scaled = values / (float(np.abs(values).max(initial=0.0)) or 1.0)
    spread = 2 * scaled.var(axis=within)
    steps = np.square(np.diff(scaled, axis=axis)).mean(axis=within)
    return np.asarray(np.divide(steps, spread, out=np.zeros_like(steps), where=spread > 0))


def neighbours_alike(values: Array) -> float | None:
    """Returns how unlike neighbours are in the middle of a vector, as ``roughness``; ``None`` where it is chance.

    Chance is what numbers in no order show: about 1, within three standard errors of so many. Ranks are asked too,
    since of a signal with a lone spike the spike alone would count, and values that stay as they are, which are a
    signal at rest.

    Args:
        values: Floats or integers; what is not finite is left out.
    """
    start = max(0, (values.size - _NEIGHBOURS) // 2)
    middle = np.asarray(values[start : start + _NEIGHBOURS]).astype(np.float64)
    if not np.isfinite(middle).all():
        middle = middle[np.isfinite(middle)]
    if middle.size < 2:
        return 0.0
    found = float(roughness(middle, 0, (0,)))
    margin = 3 / math.sqrt(middle.size)
    if abs(found - 1) > margin:
        return found
    _, places, counts = np.unique(middle, return_inverse=True, return_counts=True)
    if 2 * np.count_nonzero(np.diff(places)) < places.size:
        return found
    ranks = (np.cumsum(counts) - counts / 2)[places]
    return None if abs(float(roughness(ranks, 0, (0,))) - 1) <= margin else found
