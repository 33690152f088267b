"""From an array to its role: the readings in the order in which they are tried."""

from __future__ import annotations

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank
from tfnp_ext.roles.base import SMALL, Array, Role, is_integer, values_checked
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
    read_long_logits,
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
        return Role("text" if array.dtype.kind in "OSU" else "other")
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
        return _vector(drawn, statistics, weights)
    if drawn.ndim == 2:
        return Role("matrix", drawn=drawn)
    return Role("other", drawn=drawn, reason=f"rank {array.ndim}, no image or prediction")


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
    for read in _READINGS:
        role = read(drawn, statistics)
        if role is not None:
            return role
    if array.ndim == 2 and len(array) == 1:
        role = read_long_logits(drawn, statistics)
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


def _vector(drawn: Array, statistics: Statistics, weights: bool) -> Role:
    if weights or drawn.dtype.kind == "b" or not statistics.finite:
        return Role("other", drawn=drawn)
    count = wording.integer(drawn.size)
    if is_integer(drawn):
        span = int(statistics.maximum) - int(statistics.minimum)
        head = np.asarray(drawn[: values_checked(drawn)]).astype(np.int64)
        steps = np.diff(head)
        if span < drawn.size and not ((steps > 0).all() or (steps < 0).all()):
            how = "that repeat" if span + 1 < drawn.size else "in no order"
            return Role("other", reason=f"{count} integers {how}", drawn=drawn)
    return Role("series", "series", f"read as a series: rank 1, {count} values", drawn)
