"""Planes larger than the screen, as one value a pixel: mean, smallest or largest, with no NaN or infinity lost."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.sources import Array

_FEW = 64
"""Rows of a block that are few."""


def block_of(shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Returns how many rows and columns share a pixel, so that all fit into a size."""
    return max(1, -(-shape[0] // max(1, size[0]))), max(1, -(-shape[1] // max(1, size[1])))


def pool(numbers: Numbers, block: tuple[int, int], how: str) -> Numbers:
    """Returns one value for each block; one that is not finite is what a block is, what is not there does not count.

    Args:
        numbers: A plane [H, W].
        block: Rows and columns of a block; those at the far edges may be smaller.
        how: ``mean``, ``min`` or ``max``. Means are float32, unless that has not the range.

    Example:
        >>> pool(Numbers(np.arange(16.0).reshape(4, 4)), (2, 2), "mean").values.tolist()
        [[2.5, 4.5], [10.5, 12.5]]
    """
    values, missing = numbers.values, numbers.missing
    if abs(values.strides[0]) < abs(values.strides[1]):  # memory is read in its own order
        turned = pool(Numbers(values.T, None if missing is None else missing.T), block[::-1], how)
        return Numbers(turned.values.T, None if turned.missing is None else turned.missing.T)
    rows, columns = values.shape
    starts = np.arange(0, columns, block[1])
    widths = np.diff(np.append(starts, columns))
    shape = (-(-rows // block[0]), len(starts))
    result = np.empty(shape, np.float64 if how == "mean" else values.dtype)
    counts = None if missing is None else np.empty(shape, np.int64)
    with np.errstate(all="ignore"):
        for row in range(shape[0]):
            part = slice(row * block[0], (row + 1) * block[0])
            band = values[part]
            count = widths * len(band)
            there: Any = True
            if missing is not None and counts is not None:
                there = ~missing[part]
                counts[row] = count = np.add.reduceat(there.sum(axis=0), starts)
                band = np.where(there, band, _rest(values.dtype, how))
            result[row] = _means(band, starts, count) if how == "mean" else _ends(band, starts, how, there)
        if how == "mean" and (values.dtype != np.float64 or not _is_wide(result)):
            result = result.astype(np.float32)
    return Numbers(result, None if counts is None or counts.all() else counts == 0)


def _means(band: Array, starts: Array, count: Array) -> Array:
    """Returns the means of the blocks of a band."""
    # A few float32 add up in their own dtype, twice as fast, with more digits than a colour has.
    fast = band.dtype == np.float32 and len(band) <= _FEW
    sums = band.sum(axis=0, dtype=band.dtype if fast else np.float64)
    means: Array = np.add.reduceat(sums, starts, dtype=np.float64) / np.maximum(count, 1)
    if np.isinf(means).any():  # the sum of large values may pass the end of float64
        share = np.ldexp(band.astype(np.float64), -64)
        means = np.ldexp(np.add.reduceat(share.sum(axis=0), starts) / np.maximum(count, 1), 64)
    return means


def _ends(band: Array, starts: Array, how: str, there: Any) -> Array:
    """Returns the smallest or largest values of the blocks of a band, where there is one an infinity of either sign."""
    end = np.maximum if how == "max" else np.minimum
    ends: Array = end.reduceat(end.reduce(band, axis=0), starts)
    if band.dtype.kind == "f" and not np.isfinite(band.sum()):
        lost = -np.inf if how == "max" else np.inf
        holds = np.logical_or.reduceat(((band == lost) & there).any(axis=0), starts)
        ends[holds & np.isfinite(ends)] = lost
    return ends


def _rest(dtype: np.dtype, how: str) -> np.generic:
    """Returns what changes neither a sum nor an end."""
    if how == "mean":
        rest = 0.0
    elif dtype.kind == "f":
        rest = -np.inf if how == "max" else np.inf
    elif dtype.kind == "b":
        rest = how == "min"
    else:
        rest = np.iinfo(dtype).min if how == "max" else np.iinfo(dtype).max
    value: np.generic = dtype.type(rest)
    return value


def _is_wide(values: Array) -> bool:
    """Returns whether float32 has not the range of these values."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return False
    ends = np.finfo(np.float32)
    return bool(sizes.max() > ends.max or (sizes[sizes > 0].min(initial=1.0) < ends.tiny))


def ranges(series: Numbers, each: int) -> Numbers:
    """Returns smallest and largest of each so many of some series [k, N], as [k, 2, m]; NaN where there is one."""
    starts = np.arange(0, series.values.shape[1], each)
    missing = series.missing
    values = series.values if missing is None else Numbers(series.values).floats()
    with np.errstate(all="ignore"):
        ends = []
        for end, rest in ((np.minimum, np.inf), (np.maximum, -np.inf)):
            there = values if missing is None else np.where(missing, values.dtype.type(rest), values)
            ends.append(end.reduceat(there, starts, axis=1))
    found = np.stack(ends, 1)
    if missing is None:
        return Numbers(found)
    gone = np.logical_and.reduceat(missing, starts, axis=1)[:, None]
    return Numbers(found, np.broadcast_to(gone, found.shape))
