"""What is said of weights: how large the filters of a convolution kernel are."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import adds_to, field
from tfnp_ext.document import Text
from tfnp_ext.statistics import FOR_A_LINE, runs_in_time
from tfnp_ext.summary import Summary

_MOST_READ = 2**21
"""Weights on another device that are read for the norms; of a larger kernel the first filters are."""

_BESIDE = 16
"""Filters that are read together at least: their weights lie beside each other, and one alone takes as long."""

_BLOCK = 2**16
_SQUARED = 64
"""Weights of a size between two to the power of minus this and of this are squared as they are."""


@adds_to("kernel")
def norm_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the smallest and largest Euclidean norm of a filter, and which is the weakest if all were read.

    A kernel of one filter, as a depthwise layer has, is told by its channels. ``None`` where all weights are one
    number, or where no filter is finite.
    """
    kernel, numbers = summary.drawn, summary.statistics
    if kernel is None or kernel.ndim != 4 or numbers is None or numbers.minimum == numbers.maximum:
        return None
    noun = "filter"
    if kernel.shape[3] == 1:
        kernel, noun = kernel.reshape(*kernel.shape[:2], 1, -1), "channel"
    count = kernel.shape[3]
    norms = np.full(count, np.nan)
    read = 0
    for filters in _filters_read(kernel, options):
        norms[filters] = filter_norms(kernel, max(-numbers.minimum, numbers.maximum), filters)
        read += len(norms[filters])
    if not np.isfinite(norms).any():
        return None
    low, high = (wording.number(float(end), options.precision) for end in (np.nanmin(norms), np.nanmax(norms)))
    finite = "" if np.count_nonzero(np.isfinite(norms)) == read else "finite "
    seen = "" if read == count else " seen"
    fields = [field(f"{finite}{noun} norm{seen}", low if low == high else f"{low} … {high}")]
    if low != high and read == count:
        fields.append(field("weakest", f"#{int(np.nanargmin(norms))}"))
    if read < count:
        fields.append(field("from", f"{wording.integer(read)} of {wording.integer(count)} {noun}s"))
    return tuple(fields)


def _filters_read(kernel: np.ndarray, options: DisplayOptions) -> Iterator[slice]:
    """Yields which filters to read: all while there is time, on another device the first ones."""
    count, weights = kernel.shape[3], math.prod(kernel.shape[:3])
    if isinstance(kernel, DeviceArray):
        yield slice(0, min(count, _MOST_READ // weights))
        return
    together = max(1, _BLOCK // (weights * _BESIDE)) * _BESIDE
    for runs in runs_in_time(-(-count // together), weights * together, options.budget_ms * FOR_A_LINE):
        for run in runs:
            yield slice(run.start * together, min(run.stop * together, count))


def filter_norms(kernel: np.ndarray, largest: float = 1.0, filters: slice = slice(None)) -> np.ndarray:
    """Returns the Euclidean norms of filters in float64, NaN where one of the weights is not finite.

    Args:
        kernel: Weights [H, W, in, out] of any float dtype.
        largest: About their largest size, so that no square overflows or vanishes.
        filters: Of which filters, all by default.

    Example:
        >>> filter_norms(np.float32([3, 4]).reshape(1, 2, 1, 1)).tolist()
        [5.0]
    """
    height, width, inputs = kernel.shape[:3]
    first, last, _ = filters.indices(kernel.shape[3])
    outputs = last - first
    if isinstance(kernel, DeviceArray):
        there = _norms_there(kernel, math.frexp(largest)[1], slice(first, last))
        if there is not None:
            return there
    sums = np.zeros(outputs)
    step = max(1, _BLOCK // max(1, outputs))
    exponent = math.frexp(largest)[1]
    with np.errstate(all="ignore"):
        for row, column in np.ndindex(height, width):
            for start in range(0, inputs, step):
                block = kernel[row, column, start : start + step, first:last].astype(np.float64)
                if abs(exponent) > _SQUARED:
                    block = np.ldexp(block, -exponent)
                sums += np.einsum("io,io->o", block, block)
        norms = np.sqrt(sums)
        if abs(exponent) > _SQUARED:
            norms = np.ldexp(norms, exponent)
    return np.where(np.isfinite(norms), norms, np.nan)


def _norms_there(kernel: DeviceArray, exponent: int, filters: slice) -> np.ndarray | None:
    """Returns the norms as they are computed on the kernel's own device."""
    height, width, inputs = kernel.shape[:3]
    sums = np.zeros(filters.stop - filters.start)

    def squared(row: int, column: int) -> list[np.ndarray] | None:
        place = slice(row, row + 1), slice(column, column + 1), slice(0, inputs), filters
        return kernel.reduced(
            lambda tf, part: [
                tf.reduce_sum(tf.square(tf.cast(part(*place), tf.float64) * 2.0**-exponent), axis=[0, 1, 2])
            ]
        )

    for row, column in np.ndindex(height, width):
        found = squared(row, column)
        if found is None:
            return None
        sums += found[0]
    norms = np.ldexp(np.sqrt(sums), exponent)
    return np.where(np.isfinite(norms), norms, np.nan)
