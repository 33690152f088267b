"""From an array to its role: the readings in the order in which they are tried."""

from __future__ import annotations

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank
from tfnp_ext.roles.base import (
    SMALL,
    SMOOTH,
    Array,
    Role,
    holds_strings,
    is_integer,
    neighbours_alike,
    values_checked,
)
from tfnp_ext.roles.images import read_images
from tfnp_ext.roles.matrices import (
    read_attention,
    read_confusion,
    read_correlation,
    read_embeddings,
    read_identity,
    read_kernel,
    read_multi_series,
)
from tfnp_ext.roles.predictions import (
    read_labels,
    read_logits,
    read_one_hot,
    read_probabilities,
    read_probability_batch,
    read_scores,
)
from tfnp_ext.statistics import Statistics

_READINGS = (
    read_probabilities,
    read_one_hot,
    read_identity,
    read_attention,
    read_probability_batch,
    read_correlation,
    read_confusion,
    read_images,
    read_logits,
    read_scores,
    read_labels,
    read_embeddings,
    read_multi_series,
)
"""What a value can be, the surest first."""

_OTHER_WEIGHTS = ("kernel", "bias", "gamma", "beta")
"""Names of weights that are no embeddings, also where their layer is called so."""

_MOST_FILLED = 2**20
"""Masked values are copied for a picture up to this many, 8 MiB; of more there is the histogram."""


def read_role(array: Array, statistics: Statistics | None, *, weights: bool = False, name: str = "") -> Role:
    """Returns the role of an array.

    Args:
        array: The values, any shape and dtype.
        statistics: Its numbers; ``None`` for strings and objects.
        weights: Whether it is a variable, which is never an image, a prediction or a series.
        name: The variable's own name: embeddings are called so.
    """
    if not array.size:
        return Role("empty")
    if isinstance(array, np.ma.MaskedArray):
        return _masked(array)
    if statistics is None:
        return _without_numbers(array)
    if not array.ndim:
        return Role("scalar")
    if array.dtype.kind == "c":
        few = array.size <= SMALL
        return Role("values" if few else "complex", reason="complex: by its dtype", drawn=without_batch(array))
    drawn = without_batch(array)
    role = _of_weights(array, drawn, statistics, name) if weights else _of_data(array, drawn, statistics)
    if role is not None:
        return role
    if array.size <= SMALL:
        return Role("values", drawn=drawn)
    if drawn.ndim == 1:
        return _vector(array, drawn, statistics, weights)
    if drawn.ndim == 3 and drawn.shape[2] == 1:
        drawn = drawn[..., 0]
    if drawn.ndim == 2:
        return Role("matrix", drawn=drawn)
    return Role("other", drawn=drawn, reason=f"rank {array.ndim}, no image or prediction")


def _without_numbers(array: Array) -> Role:
    """Returns the role of an array that has no numbers, which its dtype tells, or the class of its objects."""
    if array.dtype.kind in "OSU":
        return Role("text" if holds_strings(array) else "objects")
    if array.dtype.kind in "mM":
        return Role("times")
    return Role("records" if array.dtype.names else "other")


def read_predictions(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of what is said to be predictions, where it holds class probabilities: plain numbers too."""
    vector = read_probabilities(drawn, statistics, told=True)
    return vector or read_probability_batch(drawn, statistics, told=True)


def without_batch(array: Array) -> Array:
    """Returns a view without leading axes of length 1, so that ``model(image)`` of shape (1, 10) is a vector.

    A long column is a vector too: labels and targets often come as (N, 1).
    """
    shape = array.shape
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 2 and shape[1] == 1 and (shape[0] > SMALL or is_integer(array)):
        shape = shape[:1]
    return array.reshape(shape)


def _of_data(array: Array, drawn: Array, statistics: Statistics) -> Role | None:
    if not statistics.finite:
        return None
    if array.ndim == 5 and drawn.ndim == 4:  # one video is no batch of images: its frames look alike
        role = read_images(array, statistics)
        if role is not None:
            return role
    if array.ndim > 2 and drawn.ndim == 2:  # one head of one example is no batch of predictions
        role = read_attention(drawn, statistics, stacked=True)
        if role is not None:
            return role
    for read in _READINGS:
        role = read(drawn, statistics)
        if role is not None:
            return role
    if array.ndim == 2 and len(array) == 1:
        role = read_logits(drawn, statistics, row=True)
        if role is not None:
            return role
    return read_kernel(array, statistics, weights=False)


def _of_weights(array: Array, drawn: Array, statistics: Statistics, name: str) -> Role | None:
    own = name.lower().rpartition("/")[2]
    if "embedding" in name.lower() and not own.startswith(_OTHER_WEIGHTS):
        return read_embeddings(drawn, statistics, named=True)
    return read_kernel(array, statistics, weights=True, named="kernel" in own, depthwise="depthwise" in name.lower())


def _masked(array: np.ma.MaskedArray) -> Role:
    """Returns the role of a masked array: its numbers if few, else a matrix or series with gaps, nothing guessed."""
    if kind_rank(array.dtype) not in {0, 1, 2} or array.size <= SMALL:
        return Role("values")
    if array.size > _MOST_FILLED:
        return Role("other")
    drawn = without_batch(np.asarray(np.ma.filled(array.astype(np.float64), np.nan)))
    return Role({1: "series", 2: "matrix"}.get(drawn.ndim, "other"), drawn=drawn)


def _vector(array: Array, drawn: Array, statistics: Statistics, weights: bool) -> Role:
    """Returns the role of many numbers in a row or column: a series where neighbours say something of each other."""
    if weights or drawn.dtype.kind == "b" or not statistics.finite:
        return Role("other", drawn=drawn)
    count = wording.integer(drawn.size)
    alike = neighbours_alike(drawn)
    if is_integer(drawn):
        span = int(statistics.maximum) - int(statistics.minimum)
        steps = np.diff(np.asarray(drawn[: values_checked(drawn)]).astype(np.int64))
        rises = bool((steps >= 0).all() or (steps <= 0).all())
        smooth = alike is not None and alike <= SMOOTH and drawn.dtype.itemsize > 1 and not rises
        if span < drawn.size and not smooth and not (rises and steps.all()):
            how = "that repeat" if span + 1 < drawn.size else "in no order"
            return Role("other", reason=f"{count} integers {how}", drawn=drawn)
    if alike is None:
        return Role("other", reason=f"{count} values in no order: neighbours are as unlike as any two", drawn=drawn)
    return Role("series", "series", f"read as a series: {_line_words(array.shape)}{count} values", drawn)


def _line_words(shape: tuple[int, ...]) -> str:
    """Returns what numbers in a line are in their shape: of rank 1, a column, a row, or one axis of more."""
    if len(shape) == 2:
        return "one column of " if shape[1] == 1 else "one row of "
    return "rank 1, " if len(shape) == 1 else "one axis of "
