"""Which of many values are the largest and which the smallest, without sorting all of them."""

from __future__ import annotations

import numpy as np

_SORTED = 2**9
"""So few values are sorted faster than the largest are found."""


def largest_places(values: np.ndarray, count: int) -> list[int]:
    """Returns the places of the largest of some numbers, largest first; of equal ones the first comes first.

    Example:
        >>> largest_places(np.array([1.0, 3.0, 2.0, 3.0]), 3)
        [1, 3, 2]
    """
    count = min(count, values.size)
    if values.size <= _SORTED or not count:
        whole: list[int] = np.argsort(-values, kind="stable")[:count].tolist()
        return whole
    least = np.partition(values, values.size - count)[values.size - count]
    places = np.flatnonzero(values >= least)
    found: list[int] = places[np.argsort(-values[places], kind="stable")[:count]].tolist()
    return found


def smallest_places(values: np.ndarray, count: int) -> list[int]:
    """Returns the places of the smallest values as they end that order: the smallest last, of equal ones the last.

    Example:
        >>> smallest_places(np.array([1.0, 3.0, 2.0, 1.0]), 3)
        [2, 0, 3]
    """
    return [values.size - 1 - place for place in reversed(largest_places(-values[::-1], count))]
