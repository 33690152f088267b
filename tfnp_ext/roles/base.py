"""What a role is, their list, and what every reading asks of an array."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfnp_ext.adapters.devices import MOST_COPIED, DeviceArray
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
    "other",
    "absent",
)
"""Every role that a summary can have."""

SMALL = 64
"""Up to so many numbers a value is shown as its numbers."""

VALUES_CHECKED = 2**18
"""So many values at most are read to find a role beyond what the statistics know; the reason says so of more."""

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


def values_checked(array: Array) -> int:
    """Returns how many values of an array are read at most to find its role: fewer where they are to be copied."""
    if not isinstance(array, DeviceArray):
        return VALUES_CHECKED
    return min(VALUES_CHECKED, MOST_COPIED // 2 // array.itemsize)


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
