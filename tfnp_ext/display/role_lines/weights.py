"""What is said of weights: how large the filters of a convolution kernel are."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import adds_to, field
from tfnp_ext.document import Text
from tfnp_ext.summary import Summary

_MOST_READ = 2**21
"""Weights that are read for the norms, in a few milliseconds; of a larger kernel the first filters are."""

_BLOCK = 2**16


@adds_to("kernel")
def norm_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the smallest and largest Euclidean norm of a filter, and which is the weakest.

    A kernel of one filter, as a depthwise layer has, is told by its channels. ``None`` where one filter alone is more
    than may be read, where all weights are one number, or where no filter is finite.
    """
    kernel, numbers = summary.drawn, summary.statistics
    if kernel is None or kernel.ndim != 4 or numbers is None or numbers.minimum == numbers.maximum:
        return None
    noun = "filter"
    if kernel.shape[3] == 1:
        kernel, noun = kernel.reshape(*kernel.shape[:2], 1, -1), "channel"
    count = min(kernel.shape[3], _MOST_READ // math.prod(kernel.shape[:3]))
    norms = filter_norms(kernel, max(-numbers.minimum, numbers.maximum), count)
    if not np.isfinite(norms).any():
        return None
    low, high = (wording.number(float(end), options.precision) for end in (np.nanmin(norms), np.nanmax(norms)))
    finite = "" if np.isfinite(norms).all() else "finite "
    fields = [field(f"{finite}{noun} norm", low if low == high else f"{low} … {high}")]
    if low != high:
        fields.append(field("weakest", f"#{int(np.nanargmin(norms))}"))
    if count < kernel.shape[3]:
        some = f"{wording.integer(count)} of {wording.integer(kernel.shape[3])}"
        fields.append(field("from", f"the first {some} {noun}s"))
    return tuple(fields)


def filter_norms(kernel: np.ndarray, largest: float = 1.0, count: int | None = None) -> np.ndarray:
    """Returns the Euclidean norms of the first filters in float64, NaN where one of the weights is not finite.

    Args:
        kernel: Weights [H, W, in, out] of any float dtype.
        largest: About their largest size, so that no square overflows or vanishes.
        count: Of how many filters, all by default.

    Example:
        >>> filter_norms(np.float32([3, 4]).reshape(1, 2, 1, 1)).tolist()
        [5.0]
    """
    height, width, inputs, outputs = (*kernel.shape[:3], kernel.shape[3] if count is None else count)
    if isinstance(kernel, DeviceArray):
        there = _norms_there(kernel, math.frexp(largest)[1], outputs)
        if there is not None:
            return there
    sums = np.zeros(outputs)
    step = max(1, _BLOCK // max(1, outputs))
    exponent = math.frexp(largest)[1]
    with np.errstate(all="ignore"):
        for row, column in np.ndindex(height, width):
            for start in range(0, inputs, step):
                block = np.ldexp(kernel[row, column, start : start + step, :outputs].astype(np.float64), -exponent)
                sums += np.einsum("io,io->o", block, block)
        norms = np.ldexp(np.sqrt(sums), exponent)
    return np.where(np.isfinite(norms), norms, np.nan)


def _norms_there(kernel: DeviceArray, exponent: int, outputs: int) -> np.ndarray | None:
    """Returns the norms as they are computed on the kernel's own device."""
    height, width, inputs = kernel.shape[:3]
    sums = np.zeros(outputs)

    def squared(row: int, column: int) -> list[np.ndarray] | None:
        place = slice(row, row + 1), slice(column, column + 1), slice(0, inputs), slice(0, outputs)
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
