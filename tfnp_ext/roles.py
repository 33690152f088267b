"""What a value is likely to be, and the reason in words.

A role is read from shape, dtype and values alone, the same way every time, and is only a reading: ``plot=`` overrides
it. Where a reading could be wrong the value stays a plain one: a table or a histogram misleads nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank
from tfnp_ext.statistics import Statistics

ROLES = (
    "scalar",
    "empty",
    "values",
    "probabilities",
    "probability batch",
    "logits",
    "image",
    "images",
    "series",
    "matrix",
    "complex",
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

_VALUES_CHECKED = 2**18


@dataclass(frozen=True)
class Role:
    """A reading of a value.

    Attributes:
        name: One of ``ROLES``.
        title: The role in words, empty where it does not change the picture.
        reason: Why, in words.
        drawn: What a picture draws: the numbers with singleton batch axes squeezed away.
        limits: For images: the values shown as black and white.
    """

    name: str
    title: str = ""
    reason: str = ""
    drawn: np.ndarray | None = field(default=None, repr=False, compare=False)
    limits: tuple[float, float] | None = None


def read_role(array: np.ndarray, statistics: Statistics | None, *, weights: bool = False) -> Role:
    """Returns the role of an array.

    Args:
        array: The values, any shape and dtype.
        statistics: Its numbers; ``None`` for strings and objects.
        weights: Whether it is a variable, which is never an image, a prediction or a series.
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
        return Role("values" if array.size <= SMALL else "complex")
    drawn = _without_batch(array)
    if statistics.finite and not weights:
        for read in (_probabilities, _probability_batch, _images, _logits):
            role = read(drawn, statistics)
            if role is not None:
                return role
    if array.size <= SMALL:
        return Role("values", drawn=drawn)
    if drawn.ndim == 1:
        return _vector(drawn, statistics, weights)
    if drawn.ndim == 2:
        if 1 in drawn.shape:
            return _vector(drawn.reshape(-1), statistics, weights)
        return Role("matrix", drawn=drawn)
    return Role("other", drawn=drawn, reason=f"rank {array.ndim}, no image or prediction")


_MOST_FILLED = 2**20
"""Masked values are copied for a picture up to this many, 8 MiB; of more there is the histogram."""


def _masked(array: np.ma.MaskedArray) -> Role:
    """Returns the role of a masked array: its numbers if few, else a matrix or series with gaps, nothing guessed."""
    if kind_rank(array.dtype) not in {0, 1, 2} or array.size <= SMALL:
        return Role("values")
    if array.size > _MOST_FILLED:
        return Role("other")
    drawn = _without_batch(np.asarray(np.ma.filled(array.astype(np.float64), np.nan)))
    return Role({1: "series", 2: "matrix"}.get(drawn.ndim, "other"), drawn=drawn)


def _without_batch(array: np.ndarray) -> np.ndarray:
    """Returns a view without leading axes of length 1, so that ``model(image)`` of shape (1, 10) is a vector."""
    shape = array.shape
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return np.asarray(array).reshape(shape)


def _is_float(array: np.ndarray) -> bool:
    return kind_rank(array.dtype) == 2


def sum_tolerance(dtype: np.dtype, classes: int) -> float:
    """Returns how far from 1 the sum of class probabilities may be: rounding of each term, at least 1e-3."""
    import ml_dtypes

    return max(1e-3, min(0.05, float(ml_dtypes.finfo(dtype).eps) * math.sqrt(classes)))


def _within_unit(statistics: Statistics, tolerance: float) -> bool:
    return not statistics.invalid and statistics.minimum >= 0 and statistics.maximum <= 1 + tolerance


def _probabilities(drawn: np.ndarray, statistics: Statistics) -> Role | None:
    if drawn.ndim != 1 or drawn.size < 2 or not _is_float(drawn):
        return None
    tolerance = sum_tolerance(drawn.dtype, drawn.size)
    if not _within_unit(statistics, tolerance) or _is_one_hot(statistics):
        return None
    total = statistics.mean * drawn.size
    if abs(total - 1) > tolerance:
        return None
    return Role(
        "probabilities", "class probabilities", f"read as class probabilities: none negative, sum {total:.3f}", drawn
    )


def _is_one_hot(statistics: Statistics) -> bool:
    return (
        statistics.maximum == 1
        and statistics.minimum == 0
        and math.isclose(statistics.mean * statistics.seen, statistics.seen - statistics.zeros)
    )


def _probability_batch(drawn: np.ndarray, statistics: Statistics) -> Role | None:
    if drawn.ndim != 2 or drawn.shape[1] < 2 or not _is_float(drawn):
        return None
    tolerance = sum_tolerance(drawn.dtype, drawn.shape[1])
    if not _within_unit(statistics, tolerance) or _is_one_hot(statistics):
        return None
    examples, classes = drawn.shape
    checked = min(examples, max(1, _VALUES_CHECKED // classes))
    sums = drawn[:checked].astype(np.float64).sum(axis=1)
    if np.abs(sums - 1).max() > tolerance:
        return None
    every = "every row sums" if checked == examples else f"the first {wording.plural(checked, 'row')} sum"
    return Role(
        "probability batch",
        f"class probabilities, {wording.plural(examples, 'example')} × {wording.integer(classes)} classes",
        f"read as class probabilities: none negative, {every} to 1",
        drawn,
    )


_FEWEST_LOGITS = 9
"""Fewer values stand in the headline: four or eight floats of both signs are not taken for a prediction."""


def _logits(drawn: np.ndarray, statistics: Statistics) -> Role | None:
    if drawn.ndim != 1 or not _FEWEST_LOGITS <= drawn.size <= SMALL or not _is_float(drawn) or statistics.invalid:
        return None
    if not statistics.minimum < 0 < statistics.maximum or statistics.maximum - statistics.minimum < 5:
        return None
    steps = np.diff(drawn.astype(np.float64))
    if (steps >= 0).all() or (steps <= 0).all():
        return None
    return Role("logits", "logits", f"read as logits: one vector of {drawn.size}, both signs, sum not 1", drawn)


def _images(drawn: np.ndarray, statistics: Statistics) -> Role | None:
    layout = _image_layout(drawn)
    if layout is None:
        return None
    batch, height, width, channels = layout
    limits = _image_limits(drawn, statistics, has_channels=drawn.ndim - (batch is not None) == 3)
    if limits is None or _rows_are_distributions(drawn, statistics, channels):
        return None
    colour = {1: "grey", 3: "RGB", 4: "RGBA"}[channels]
    shown = f"{limits[0]:g}…{limits[1]:g}"
    clues = f"rank {drawn.ndim}" if channels == 1 and drawn.ndim - (batch is not None) == 2 else f"last axis {channels}"
    form = ", square" if height == width else ""
    reason = f"{clues}{form}, {drawn.dtype.name if drawn.dtype == np.uint8 else shown}"
    size = f", {width} × {height}" if channels > 1 else ""
    if batch is None:
        return Role("image", f"{colour} image, {width} × {height}", f"read as an image: {reason}", drawn, limits)
    return Role(
        "images",
        f"{wording.integer(batch)} {colour} image{'s' if batch != 1 else ''}{size}",
        f"read as images: {reason}",
        drawn,
        limits,
    )


def _image_layout(drawn: np.ndarray) -> tuple[int | None, int, int, int] | None:
    """Returns (batch, height, width, channels) if the shape can be that of images."""
    shape = drawn.shape
    if len(shape) == 4 and shape[3] in {1, 3, 4} and min(shape[1:3]) >= 5:
        return shape[0], shape[1], shape[2], shape[3]
    if len(shape) == 3 and shape[2] in {1, 3, 4} and min(shape[:2]) >= 5:
        return None, shape[0], shape[1], shape[2]
    if len(shape) == 3 and shape[1] == shape[2] >= 5:
        return shape[0], shape[1], shape[2], 1
    if len(shape) == 2 and drawn.size > SMALL and shape[0] == shape[1]:
        return None, shape[0], shape[1], 1
    return None


def _image_limits(drawn: np.ndarray, statistics: Statistics, *, has_channels: bool) -> tuple[float, float] | None:
    """Returns the values of black and white, or ``None`` where the range is not that of pixels."""
    low, high = float(statistics.minimum), float(statistics.maximum)
    if drawn.dtype == np.uint8:
        return (0.0, 255.0) if high > 1 else (0.0, 1.0)
    if drawn.dtype == np.bool_ or low == high:
        return None
    if low >= 0 and high <= 1:
        return (0.0, 1.0) if _is_float(drawn) else None
    if low >= 0 and high <= 255 and (has_channels or (_is_float(drawn) and _is_whole(drawn))):
        return (0.0, 255.0) if high > 16 else (0.0, high)
    if has_channels and -1 <= low < -0.3 and 0.3 < high <= 1 and _is_float(drawn):
        return (-1.0, 1.0)
    return None


def _is_whole(drawn: np.ndarray) -> bool:
    head = np.asarray(drawn.flat[:_VALUES_CHECKED]).astype(np.float64)
    return bool((head == np.floor(head)).all())


def _rows_are_distributions(drawn: np.ndarray, statistics: Statistics, channels: int) -> bool:
    """Returns whether it is attention or a correlation rather than a picture: rows sum to 1, or a diagonal of 1."""
    if channels != 1 or drawn.shape[-1] == 1 or not _is_float(drawn) or statistics.invalid:
        return False
    first = np.asarray(drawn if drawn.ndim == 2 else drawn[0])
    if first.size > _VALUES_CHECKED:
        return False
    first = first.astype(np.float64)
    return bool(np.abs(first.sum(axis=1) - 1).max() < 0.05 or (np.diagonal(first) == 1).all())


def _vector(drawn: np.ndarray, statistics: Statistics, weights: bool) -> Role:
    if weights or drawn.dtype.kind == "b":
        return Role("other", drawn=drawn)
    count = wording.integer(drawn.size)
    if kind_rank(drawn.dtype) == 1:
        span = int(statistics.maximum) - int(statistics.minimum)
        head = np.asarray(drawn[:_VALUES_CHECKED]).astype(np.int64)
        if span < drawn.size and not (np.diff(head) > 0).all():
            return Role("other", reason=f"{count} integers that repeat", drawn=drawn)
    return Role("series", "series", f"read as a series: rank 1, {count} values", drawn)
