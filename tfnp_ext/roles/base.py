"""What a role is, their list, and what every reading asks of an array."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.statistics import Statistics

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
    return np.asarray(matrix[: max(1, VALUES_CHECKED // max(1, matrix.shape[1]))]).astype(np.float64)
