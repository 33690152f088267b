"""Rows of unequal length in one array, shorter ones filled up, in little more memory than the array takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

_AT_ONCE = 2**18
"""Values whose places are known at once: a place takes several times the memory of a value."""


class Padding:
    """An array of filled up rows, made from its end on, so that it may be where their values are.

    Args:
        flat: The values of all rows on end.
        shape: Shape of the array.
        outside: What it is filled up with.
        own: Whether nobody else has ``flat``: the array is made in its memory, if that has just the room for it.

    Attributes:
        array: The array; whole when all its blocks were asked for.
    """

    def __init__(self, flat: np.ndarray, shape: tuple[int, ...], outside: Any, *, own: bool) -> None:
        self._outside, self._held = outside, flat
        buffer = flat if flat.base is None else flat.base
        self._in_place = own and buffer.dtype == flat.dtype != object and buffer.size == math.prod(shape)
        self.array = buffer.reshape(shape) if self._in_place else np.empty(shape, flat.dtype)

    def block(self, start: int, stop: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns some rows, all filled up, and the values that belong there; the last rows have to come first.

        Args:
            start: The first of the rows.
            stop: The one after the last.
            low: Place of their first value.
            high: The one after their last.
        """
        values = self._held[low:high]
        if self._in_place:
            values = values.copy()  # what is filled up may be where they are, but never where those before are
        rows = self.array[start:stop]
        rows[...] = self._outside
        return rows, values


def pad_items(padding: Padding, shapes: np.ndarray, edges: np.ndarray, masks: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the array, whole: each item in a corner of one that holds the largest.

    Args:
        padding: The array.
        shapes: The shape of each item.
        edges: Where the values of each begin, and where the last ends.
        masks: Arrays of its shape that become true where a value is.
    """
    for place in range(len(shapes) - 1, -1, -1):
        rows, values = padding.block(place, place + 1, int(edges[place]), int(edges[place + 1]))
        corner = tuple(slice(axis) for axis in shapes[place])
        rows[0][corner] = values.reshape(shapes[place])
        for mask in masks:
            mask[place][corner] = True
    return padding.array


def pad_rows(padding: Padding, splits: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the array, whole.

    Args:
        padding: The array.
        splits: Where rows begin, outermost axis first.
        masks: As in ``pad_items``.
    """
    step = _rows_at_once(padding.array)
    for stop in range(len(padding.array), 0, -step):
        start = max(0, stop - step)
        inside, low, high = _cut(splits, start, stop)
        rows, values = padding.block(start, stop, low, high)
        _place(rows, values, inside, [mask[start:stop] for mask in masks])
    return padding.array


def _rows_at_once(array: np.ndarray) -> int:
    return max(1, _AT_ONCE // max(1, math.prod(array.shape[1:])))


def _cut(splits: Sequence[np.ndarray], start: int, stop: int) -> tuple[list[np.ndarray], int, int]:
    """Returns the splits of some rows, counted from their first, and where their values begin and end."""
    inside = []
    for split in splits:
        cut = split[start : stop + 1]
        start, stop = int(cut[0]), int(cut[-1])
        inside.append(cut - start)
    return inside, start, stop


def _place(rows: np.ndarray, values: np.ndarray, splits: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> None:
    """Writes the values of some rows into them."""
    if len(rows) > 1:
        places = _places(splits, len(values))
        rows[places] = values
        for mask in masks:
            mask[places] = True
    elif len(splits) == 1:
        rows[0, : len(values)] = values
        for mask in masks:
            mask[0, : len(values)] = True
    else:  # one that may be as large as all the others
        row, step = rows[0], _rows_at_once(rows[0])
        for start in range(0, len(splits[1]) - 1, step):
            stop = min(start + step, len(splits[1]) - 1)
            inside, low, high = _cut(splits[1:], start, stop)
            _place(row[start:stop], values[low:high], inside, [mask[0, start:stop] for mask in masks])


def _places(splits: Sequence[np.ndarray], count: int) -> tuple[np.ndarray, ...]:
    """Returns the index of every value: first along the innermost ragged axis, then outwards."""
    places: list[np.ndarray] = []
    owner = np.arange(count)
    for split in reversed(splits):
        lengths = np.diff(split)
        row = np.repeat(np.arange(len(lengths)), lengths)[owner]
        places.insert(0, owner - split[row])
        owner = row
    return (owner, *places)
