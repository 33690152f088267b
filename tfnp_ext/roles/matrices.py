"""Roles of matrices and of weights: attention, correlation, confusion, embeddings, kernels, several series."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.roles.base import (
    LONGEST_ROW,
    SMALL,
    SMOOTH,
    VALUES_CHECKED,
    Array,
    Role,
    first_row_sums,
    first_rows,
    is_float,
    is_identity,
    is_integer,
    is_whole,
    roughness,
)
from tfnp_ext.roles.predictions import is_zeros_and_ones, look_predicted, of_rows, relative_step, sum_tolerance
from tfnp_ext.statistics import Statistics

_MOST_CONFUSED = 200
_MOST_CLASSES_OF_A_BATCH = 20
_LEAST_RIGHT = 0.3
_LEAST_ON_DIAGONAL = 0.7
_LEAST_SURE = 0.5
"""Predictions that are less sure on the whole are an untrained model's, and attention as likely."""

_ROWS_COUNTED, _LARGEST_COUNT, _COARSEST = 3, 2048, 1e-6
"""So many rows are looked at for shares of a count up to this one; in coarse floats any number is such a share."""

_LARGEST_KERNEL = 11
_MOST_SERIES = 8
_LONGER = 8
_FEWEST_VECTORS, _SHORTEST_VECTOR = 20, 8
_NEAR = 0.1


def read_identity(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of an identity matrix, which is no batch of labels, no attention and no correlation."""
    if drawn.size <= SMALL or not is_identity(drawn, statistics):
        return None
    return Role("matrix", "identity matrix", "1 on the diagonal, 0 elsewhere", drawn)


def read_attention(drawn: Array, statistics: Statistics, *, stacked: bool = False) -> Role | None:
    """Returns the role of attention weights: square, none negative, every row sums to 1; of heads one map each.

    One square alone is attention where it is causal, nothing right of the diagonal, or of more than 20 tokens. Else it
    may as well be a batch of predictions, and is read as these where they are sure on the whole. Shares of counts that
    gather on the diagonal are neither, but a confusion matrix by rows, or the chances of a chain to stay where it is.

    Args:
        drawn: The values.
        statistics: Their numbers.
        stacked: Whether there are heads, be it a single one, which predictions have not.
    """
    tokens = drawn.shape[-1]
    if drawn.ndim < 2 or drawn.shape[-2] != tokens or tokens < 2 or not is_float(drawn):
        return None
    tolerance = sum_tolerance(drawn.dtype, tokens)
    if statistics.invalid or statistics.minimum < 0 or statistics.maximum > 1 + tolerance:
        return None
    if tokens**2 > 4 * VALUES_CHECKED or is_zeros_and_ones(statistics):
        return None
    if drawn.ndim > 4:
        if drawn.size > VALUES_CHECKED and not drawn.flags.c_contiguous:
            return None
        drawn = drawn.reshape(-1, tokens, tokens)
    sums, head = _first_sums(drawn)
    if np.abs(sums - 1).max() > tolerance:
        return None
    few = drawn.size <= SMALL
    causal = tokens > 2 and bool((np.triu(head, 1) == 0).all())
    if drawn.ndim == 2 and not causal and not (stacked and tokens > 2):
        counted = _are_counted(head, drawn.dtype)
        if counted or (tokens <= _MOST_CLASSES_OF_A_BATCH and head.max(axis=1).mean() < _LEAST_SURE):
            return _shares_by_row(drawn, counted)
        if tokens <= _MOST_CLASSES_OF_A_BATCH:
            return None
    if few and (tokens < 3 or not look_predicted(drawn, statistics)):
        return None
    many = f", {wording.plural(drawn.shape[-3], 'head')}" if drawn.ndim > 2 else ""
    if drawn.ndim == 4:
        many = f", {wording.plural(len(drawn), 'example')} ×{many[1:]}"
    masked = ", causal" if causal else ""
    rows = of_rows(sums.size, drawn.size // tokens, "sums", "sum")
    reason = f"read as attention: square, none negative, {rows} to 1{masked}"
    size = wording.integer(tokens)
    return Role("attention", f"attention{many}, {size} × {size}", reason, _stacked(drawn))


def _are_counted(square: Array, dtype: np.dtype) -> bool:
    """Returns whether nearly every row is largest on the diagonal and holds shares of a count, k of n, or few decimals.

    Predictions for an example of each class, in their order, are largest there too, but no shares of any count.
    """
    if float((square.diagonal() == square.max(axis=1)).mean()) < _LEAST_ON_DIAGONAL:
        return False
    spread = square[(square > 0).sum(axis=1) > 1][:_ROWS_COUNTED]
    step = relative_step(dtype)
    if not len(spread) or step > _COARSEST:
        return False
    parts = spread[:, None] * np.arange(2, _LARGEST_COUNT + 1)[:, None]
    whole = np.rint(parts)
    return bool((np.abs(parts - whole) <= 2 * step * whole).all(axis=2).any(axis=1).all())


def _shares_by_row(drawn: Array, counted: bool) -> Role:
    """Returns the role of a square whose rows sum to 1 and are no predictions: the numbers if few, else their map."""
    if drawn.size <= SMALL:
        return Role("values", drawn=drawn)
    how = "largest on the diagonal" if counted else "few above one half"
    return Role("matrix", "shares by row", f"read as shares: none negative, every row sums to 1, {how}", drawn)


def _first_sums(drawn: Array) -> tuple[Array, Array]:
    """Returns the sums of as many first rows of attention as are read for a role, and the first map, or its start."""
    tokens = drawn.shape[-1]
    if isinstance(drawn, DeviceArray):
        rows = drawn.reshape(-1, tokens)
        return first_row_sums(rows), first_rows(rows)[:tokens]
    maps = drawn.reshape(1, *([1] * (3 - drawn.ndim)), *drawn.shape) if drawn.ndim < 4 else drawn
    most = max(1, VALUES_CHECKED // tokens**2)
    heads = min(most, maps.shape[1])
    checked = np.asarray(maps[: max(1, most // heads), :heads]).astype(np.float64).reshape(-1, tokens, tokens)
    return checked.sum(axis=-1).reshape(-1), checked[0]


def _stacked(drawn: Array) -> Array:
    """Returns the maps of all heads as one stack, unless that needed a copy of very many in another order."""
    if drawn.ndim != 4 or (drawn.strides[0] != drawn.shape[1] * drawn.strides[1] and drawn.size > VALUES_CHECKED):
        return drawn
    return drawn.reshape(-1, *drawn.shape[-2:])


def read_correlation(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of a correlation matrix: symmetric, 1 on the diagonal, nothing beyond ±1."""
    if not _is_square(drawn) or not is_float(drawn) or statistics.invalid:
        return None
    tolerance = sum_tolerance(drawn.dtype, 1)
    if statistics.minimum < -1 - tolerance or abs(statistics.maximum - 1) > tolerance:
        return None
    values = drawn.astype(np.float64)
    if np.abs(np.diagonal(values) - 1).max() > tolerance or np.abs(values - values.T).max() > tolerance:
        return None
    if (np.abs(values) > 1 - tolerance).all():  # all alike, as ones are
        return None
    size = wording.extent(drawn.shape)
    reason = "read as correlations: symmetric, 1 on the diagonal, within ±1"
    return Role("correlation", f"correlation matrix, {size}", reason, drawn)


def read_confusion(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of a confusion matrix: square counts, as floats too, that gather on the diagonal."""
    if not _is_square(drawn) or drawn.dtype.kind == "b" or statistics.minimum < 0 or len(drawn) > _MOST_CONFUSED:
        return None
    if not is_integer(drawn) and (statistics.invalid or not is_whole(drawn)):
        return None
    counts = drawn.astype(np.float64)
    total, right = float(counts.sum()), float(np.trace(counts))
    if not total or right < _LEAST_RIGHT * total or is_identity(drawn, statistics):
        return None
    seen = counts.any(axis=1)
    on_diagonal = float((np.diagonal(counts) == counts.max(axis=1))[seen].mean())
    off = total - right
    if on_diagonal < _LEAST_ON_DIAGONAL or not off or np.array_equal(counts, counts.T):
        return None  # what is as often taken for each other as the other way round is no mistake
    reason = f"read as a confusion matrix: square counts, {wording.percent(right / total)} of them on the diagonal"
    return Role("confusion", f"confusion matrix, {wording.integer(len(drawn))} classes", reason, drawn)


def read_embeddings(drawn: Array, statistics: Statistics, *, named: bool = False) -> Role | None:
    """Returns the role of embeddings: many vectors that all have length 1, or weights that are called so."""
    if drawn.ndim != 2 or not is_float(drawn) or drawn.size <= SMALL or statistics.invalid:
        return None
    rows, width = drawn.shape
    title = f"embeddings, {wording.plural(rows, 'vector')} of {wording.integer(width)}"
    if named:
        return Role("embeddings", title, "read as embeddings: by its name", drawn)
    if rows < _FEWEST_VECTORS or not _SHORTEST_VECTOR <= width <= LONGEST_ROW:
        return None
    # Of vectors of length 1 the mean square is known: nothing need be read to see that others are none.
    # The norm of both, for their squares may pass the end of float64.
    if statistics.exact and abs(width * min(1.0, math.hypot(statistics.std, statistics.mean)) ** 2 - 1) > _NEAR:
        return None
    checked, tolerance = first_rows(drawn), sum_tolerance(drawn.dtype, 1)
    if not _have_length_1(checked, tolerance) or (
        rows == width == len(checked) and _have_length_1(checked.T, tolerance)
    ):
        return None  # a rotation has columns of length 1 too
    every = "every vector has" if len(checked) == rows else f"the first {wording.integer(len(checked))} vectors have"
    return Role("embeddings", title, f"read as embeddings: {every} length 1", drawn)


def _have_length_1(vectors: Array, tolerance: float) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.abs(np.linalg.norm(vectors, axis=1) - 1).max() <= tolerance)


def read_kernel(
    array: Array, statistics: Statistics, *, weights: bool, named: bool = False, depthwise: bool = False
) -> Role | None:
    """Returns the role of a convolution kernel (height, width, in, out); ``drawn`` has these four axes.

    A kernel of one dimension (width, in, out) looks like any stack of matrices, and is read by its name alone.
    """
    if not is_float(array) or array.size <= SMALL or not (array.ndim == 4 or (array.ndim == 3 and weights and named)):
        return None
    height, width = array.shape[:2] if array.ndim == 4 else (1, array.shape[0])
    if max(height, width) > _LARGEST_KERNEL:
        return None
    if not weights:
        both_signs = statistics.finite and statistics.minimum < 0 < statistics.maximum
        if array.ndim != 4 or height != width or height not in {3, 5, 7} or not both_signs:
            return None
    inputs, outputs = array.shape[-2:]
    size = f"{height} × {width}" if array.ndim == 4 else str(width)
    axes = "(height, width, in, out)" if array.ndim == 4 else "(width, in, out)"
    title = f"{wording.plural(outputs, 'filter')} of {size} over {wording.plural(inputs, 'channel')}"
    if depthwise and array.ndim == 4:
        each = "one a channel" if outputs == 1 else f"{outputs} a channel"
        title = f"{wording.plural(inputs * outputs, 'filter')} of {size}, {each}"
    drawn = array if array.ndim == 4 else array[None]
    return Role("kernel", title, f"read as a convolution kernel: {axes}", drawn)


def read_multi_series(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of several series side by side: a few long columns, each value like its neighbour."""
    if drawn.ndim != 2 or drawn.dtype.kind == "b" or statistics.invalid:
        return None
    rows, columns = drawn.shape
    if not 2 <= columns <= _MOST_SERIES or rows <= SMALL or rows < _LONGER * columns:
        return None
    head = first_rows(drawn)
    if (head.min(axis=0) == head.max(axis=0)).any() or (roughness(head, 0, (0,)) > SMOOTH).any():
        return None
    reason = f"read as series: {columns} columns of {wording.integer(rows)} values, each like its neighbour"
    return Role("multi-series", f"{columns} series", reason, drawn)


def _is_square(drawn: Array) -> bool:
    return drawn.ndim == 2 and drawn.shape[0] == drawn.shape[1] and SMALL < drawn.size <= VALUES_CHECKED
