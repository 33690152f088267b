"""Means over blocks of a matrix, in one pass, with what a mean would hide: extremes, NaN and infinities."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.plots.base import Array, as_floats

MOST_READ = 2**23
"""Values read for a picture at most, in about ten milliseconds; beyond it, evenly spaced rows stand for all."""

_LARGEST_CELL, _STRIP = 16, 64

_HEADROOM = 64
"""Powers of two that a sum is kept below its end: a block has fewer values than that many."""


@dataclass(frozen=True)
class Pooled:
    """A matrix in blocks.

    Attributes:
        shape: Rows and columns of the matrix.
        block: Rows and columns of a block; those at the far edges may be smaller.
        means: Mean of the finite values of each block, 0 where there are none, float64 [R, C].
        extremes: Largest finite |x| of each block.
        nans: Whether a block holds a NaN.
        highs: Whether a block holds +Inf.
        lows: Whether a block holds -Inf.
        step: Of so many rows, and of so many columns, only one was read; 1 for all.
    """

    shape: tuple[int, int]
    block: tuple[int, int]
    means: Array
    extremes: Array
    nans: Array
    highs: Array
    lows: Array
    step: tuple[int, int] = (1, 1)

    @property
    def invalid_kinds(self) -> tuple[Array, Array, Array]:
        """Which cells hold NaN, +Inf and -Inf."""
        return self.nans, self.highs, self.lows


def pool(matrix: Array, block: tuple[int, int], extremes: bool = True, most: int = MOST_READ) -> Pooled:
    """Returns the means over blocks; nothing of the matrix's size is allocated.

    Every value counts, up to a bound on the time; of a larger matrix evenly spaced rows and columns.

    Args:
        matrix: Numbers [N, M], of any numeric dtype.
        block: Rows and columns of a block.
        extremes: Whether to look for them: two thirds of the time. Without, they are the size of the means.
        most: Values that are read at most.

    Example:
        >>> pool(np.arange(16.0).reshape(4, 4), (2, 2)).means.tolist()
        [[2.5, 4.5], [10.5, 12.5]]
    """
    rows, columns = matrix.shape
    if isinstance(matrix, DeviceArray):
        there = _pool_there(matrix, block, most)
        return pool(np.asarray(matrix), block, extremes, most) if there is None else there
    if abs(matrix.strides[0]) < abs(matrix.strides[1]) and rows > 1:
        # Memory is read in its own order, several times as fast.
        turned = pool(matrix.T, block[::-1], extremes, most)
        names = ("means", "extremes", "nans", "highs", "lows")
        blocks = {name: getattr(turned, name).T for name in names}
        return replace(turned, shape=(rows, columns), block=turned.block[::-1], step=turned.step[::-1], **blocks)
    # NumPy reads the small floats of other libraries one by one, ten times as slowly.
    least = most // 8 if matrix.dtype.kind == "V" else most
    if rows * columns > least:
        down, across = steps_read(rows, columns, block, least)
        few = pool(matrix[::down, ::across], (-(-block[0] // down), -(-block[1] // across)), extremes, most)
        larger = (few.block[0] * down, few.block[1] * across)
        return replace(few, shape=(rows, columns), block=larger, step=(down, across))
    starts = np.arange(0, columns, block[1])
    widths = np.diff(np.append(starts, columns))
    shape = (-(-rows // block[0]), len(starts))
    means, peaks = np.zeros(shape), np.zeros(shape)
    nans, highs, lows = (np.zeros(shape, bool) for _ in range(3))
    with np.errstate(all="ignore"):
        for row in range(shape[0]):
            band = as_floats(matrix[row * block[0] : (row + 1) * block[0]])
            sums = band.sum(axis=0, dtype=_sum_dtype(band)) if len(band) > 1 else band[0].astype(np.float64)
            if np.isfinite(sums).all():
                means[row] = np.add.reduceat(sums, starts, dtype=np.float64) / (widths * len(band))
                if extremes:
                    high = np.maximum.reduceat(band.max(axis=0), starts)
                    low = np.minimum.reduceat(band.min(axis=0), starts)
                    peaks[row] = np.maximum(high, -low)
                continue
            finite = np.isfinite(band)
            values = np.where(finite, band, 0).astype(np.float64)
            counts = np.add.reduceat(finite.sum(axis=0), starts)
            # Summed small and made large again, because the sum of large values may pass the end of float64.
            sums = np.add.reduceat(np.ldexp(values, -_HEADROOM).sum(axis=0), starts)
            means[row] = np.ldexp(sums / np.maximum(counts, 1), _HEADROOM)
            peaks[row] = np.maximum.reduceat(np.abs(values).max(axis=0), starts)
            nans[row] = np.logical_or.reduceat(np.isnan(band).any(axis=0), starts)
            highs[row] = np.logical_or.reduceat((band == np.inf).any(axis=0), starts)
            lows[row] = np.logical_or.reduceat((band == -np.inf).any(axis=0), starts)
    return Pooled((rows, columns), block, means, peaks if extremes else np.abs(means), nans, highs, lows)


def spaced_words(step: tuple[int, int]) -> str:
    """Returns how many rows and columns were read of a matrix, ``""`` for all."""
    return "".join(
        f", 1 of {wording.integer(each)} {axis} read"
        for each, axis in zip(step, ("rows", "columns"), strict=True)
        if each > 1
    )


def cell_size(shape: tuple[int, ...], block: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """Returns width and height of a cell: a square, of two pixels where it is pooled.

    What is higher than wide stays so where there is room, and a few rows or columns are a strip that can be seen.

    Args:
        shape: Rows and columns of cells.
        block: Rows and columns of values in a cell.
        room: Width and height that the map may have in CSS pixels.

    Example:
        >>> cell_size((24, 64), (1, 1), (384, 144)), cell_size((63, 63), (16, 16), (384, 144))
        ((6, 6), (2, 2))
        >>> cell_size((58, 64), (5, 1), (384, 144)), cell_size((64, 10), (1, 1), (384, 144))
        ((2, 2), (6, 2))
    """
    rows, columns = shape
    side = 2 if block != (1, 1) else max(2, min(_LARGEST_CELL, room[0] // columns, room[1] // rows))
    width = height = side
    if rows * block[0] > columns * block[1]:
        height = max(side, min(room[1] // rows, -(-side * columns // rows)))
    else:
        width = max(side, min(room[0] // columns, -(-side * rows // columns)))
    # A strip may have longish cells, or nobody would see it.
    thick, tall = (min(_STRIP // count, _LARGEST_CELL) for count in (columns, rows))
    return max(width, thick), max(height, tall)


def steps_read(rows: int, columns: int, block: tuple[int, int], most: int) -> tuple[int, int]:
    """Returns of how many rows, and of how many columns, one is read so that no more values than ``most`` are."""
    # Whole rows, whose values lie beside each other in memory; of columns only where a block's row is too long.
    down = min(math.ceil(rows * columns / most), block[0])
    return down, min(math.ceil(-(-rows // down) * columns / most), block[1])


_AT_A_TIME = 2**20
"""Values pooled at a time on another device, where they are float64 in the meantime."""


def _pool_there(matrix: DeviceArray, block: tuple[int, int], most: int) -> Pooled | None:
    """Returns what ``pool`` would, computed on the matrix's own device, so that only the blocks cross over."""
    rows, columns = matrix.shape
    down, across = steps_read(rows, columns, block, most)
    tall, wide = -(-block[0] // down), -(-block[1] // across)
    bands, cells = -(-rows // (tall * down)), -(-columns // (wide * across))
    each = max(1, _AT_A_TIME // (tall * -(-columns // across)))

    def pooled(start: int, stop: int) -> list[Array] | None:
        band = slice(start * tall * down, min(stop * tall * down, rows), down)
        return matrix.reduced(
            lambda tf, part: [
                _blocks(tf, tf.cast(part(band, slice(0, columns, across)), tf.float64), stop - start, cells, wide)
            ]
        )

    parts: list[Array] = []
    # Bands of whole blocks, several at a time, then the last one, which may be lower.
    whole = rows // (tall * down)
    starts = [*range(0, whole, each), *([whole] if whole < bands else [])]
    for start, stop in zip(starts, [*starts[1:], bands], strict=True):
        found = pooled(start, stop)
        if found is None:
            return None
        parts += found
    means, peaks, nans, highs, lows = np.concatenate(parts, axis=1)
    return Pooled(
        (rows, columns), (tall * down, wide * across), means, peaks, nans > 0, highs > 0, lows > 0, (down, across)
    )


def _blocks(tf: Any, values: Any, bands: int, cells: int, wide: int) -> Any:
    """Returns mean, largest |x| and whether there is a NaN, +Inf and -Inf, of each block of some bands, [5, R, C]."""
    width = int(values.shape[1])
    values = tf.reshape(values, [bands, -1, width])
    finite = tf.math.is_finite(values)
    kept = tf.where(finite, values, 0)
    # Divided before they are added, because the sum of large values may pass the end of float64.
    share = 1.0 / (int(values.shape[1]) * wide)
    masks = [tf.math.is_nan(values), tf.equal(values, math.inf), tf.equal(values, -math.inf)]
    sums = tf.stack([tf.reduce_sum(kept * share, axis=1), tf.reduce_sum(tf.cast(finite, values.dtype), axis=1)])
    peaks = tf.stack(
        [tf.reduce_max(tf.abs(kept), axis=1), *(tf.reduce_max(tf.cast(mask, values.dtype), axis=1) for mask in masks)]
    )
    filled = [[0, 0], [0, 0], [0, cells * wide - width]]
    sums, peaks = (tf.reshape(tf.pad(ends, filled), [-1, bands, cells, wide]) for ends in (sums, peaks))
    total, count = tf.unstack(tf.reduce_sum(sums, axis=3))
    means = total / tf.maximum(count * share, share)
    return tf.concat([means[None], tf.reduce_max(peaks, axis=3)], axis=0)


def _sum_dtype(band: Array) -> type[np.floating] | None:
    """Returns float64 for tall bands, where float32 would lose digits; short ones keep their faster dtype."""
    return np.float64 if len(band) > 64 else None
