"""The numbers of a sample beside the values that a card prints: its extremes are those of all that was seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfnp_ext.adapters import Dense
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.elision import COLUMNS, ROWS, spread
from tfnp_ext.display.large_values import first_matrix
from tfnp_ext.statistics import BINS, Statistics, bins_of_integers
from tfnp_ext.summary import Summary

_PRINTED = 100
"""Values at either end of a vector: more are not printed unless more rows are asked for."""


def widened(summary: Summary, options: DisplayOptions) -> Summary:
    """Returns a summary whose smallest and largest value seen count what its table prints.

    Args:
        summary: Any; only that of a sample may change.
        options: How many rows and columns a table has.
    """
    numbers, content = summary.statistics, summary.content
    if numbers is None or numbers.exact or not numbers.finite or not isinstance(content, Dense):
        return summary
    values, places = _printed(content.array, summary.role, options)
    finite = np.isfinite(values)
    values, places = values[finite], places[finite]
    if not values.size:
        return summary
    low, high = int(values.argmin()), int(values.argmax())
    ends, at = [*_ends(numbers)], [numbers.minimum_at, numbers.maximum_at]
    for end, place, beyond in ((0, low, values[low] < ends[0]), (1, high, values[high] > ends[1])):
        if beyond:
            ends[end], at[end] = values[place].item(), _index(int(places[place]), content.array.shape)
    if tuple(ends) == _ends(numbers):
        return summary
    bins = _stretched(numbers, *ends)
    found = replace(numbers, minimum=ends[0], maximum=ends[1], minimum_at=at[0], maximum_at=at[1], histogram=bins)
    return replace(summary, statistics=found)


def _printed(array: np.ndarray, role: str, options: DisplayOptions) -> tuple[np.ndarray, np.ndarray]:
    """Returns the numbers that a table prints, complex ones by their magnitude, and their places in it."""
    if array.ndim < 2:
        ends = max(_PRINTED, 10 * options.rows(0))
        places = np.union1d(np.arange(min(array.size, ends)), np.arange(max(0, array.size - ends), array.size))
        values = array.reshape(-1)[places]
    else:
        matrix, _ = first_matrix(array, role)
        rows, columns = (
            np.array([place for place in spread(count, most) if place is not None])
            for count, most in zip(matrix.shape, (options.rows(ROWS), options.columns(COLUMNS)), strict=True)
        )
        places = (rows[:, None] * matrix.shape[1] + columns).reshape(-1)
        values = matrix[np.ix_(rows, columns)].reshape(-1)
    if isinstance(values, np.ma.MaskedArray):
        kept = ~np.ma.getmaskarray(values)
        values, places = values.data[kept], places[kept]
    if values.dtype.kind == "c":
        values = np.abs(values)
    if values.dtype.kind in "Vb" or values.dtype.itemsize == 1:
        values = values.astype(np.int64 if kind_rank(values.dtype) in {0, 1} else np.float32)
    return values, places


def _index(place: int, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Returns the index of a place in what is printed; ``None`` where that is a slice."""
    return tuple(map(int, np.unravel_index(place, shape))) if len(shape) <= 2 else None


def _stretched(numbers: Statistics, low: float, high: float) -> tuple[int, ...]:
    """Returns the histogram in bins between wider ends; those of integers hold equally many each."""
    count = len(numbers.histogram)
    if isinstance(numbers.minimum, int):
        narrow = numbers.bin_width or 1
        wide, bins = bins_of_integers(int(low), int(high), BINS)
        places = (np.arange(count) * narrow + (narrow - 1) / 2 + float(numbers.minimum - low)) / wide
    else:
        bins = count
        # Halved, so that the span of the largest floats does not overflow.
        first, last = (end / 2 for end in _ends(numbers))
        middles = first + (np.arange(count) + 0.5) / max(1, count) * (last - first)
        places = (middles - low / 2) / (high / 2 - low / 2) * bins
    within = places.clip(0, bins - 1).astype(np.intp)
    return tuple(np.bincount(within, numbers.histogram, bins).astype(int).tolist())


def _ends(numbers: Statistics) -> tuple[float, float]:
    return numbers.minimum, numbers.maximum
