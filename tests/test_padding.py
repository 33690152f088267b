"""Padded rows: what NumPy's own loop gives, in blocks of any size, beside their values and in the memory of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfnp_ext import to_numpy
from tfnp_ext.adapters import padding

LEVELS = st.integers(1, 3).flatmap(
    lambda levels: st.lists(st.integers(0, 4), max_size=6).flatmap(lambda outer: nested(outer, levels - 1))
)


def nested(lengths: list[int], levels: int) -> st.SearchStrategy[list[list[int]]]:
    """Returns how long the rows of each level are, for rows of such lengths."""
    if not levels:
        return st.just([lengths])
    inner = st.lists(st.integers(0, 4), min_size=sum(lengths), max_size=sum(lengths))
    return inner.flatmap(lambda rows: nested(rows, levels - 1)).map(lambda deeper: [lengths, *deeper])


def as_lists(values: list, levels: list[list[int]]) -> list:
    """Returns the rows as lists."""
    for lengths in reversed(levels):
        remaining = iter(values)
        values = [[next(remaining) for _ in range(length)] for length in lengths]
    return values


def expected(rows: list, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Returns rows filled up with -1, one by one, and where values are."""
    whole, there = np.full(shape, -1), np.zeros(shape, bool)
    for place, row in enumerate(rows):
        if isinstance(row, list):
            whole[place], there[place] = expected(row, shape[1:])
        else:
            whole[place], there[place] = row, True
    return whole, there


def flat_with_room(count: int, inner: tuple[int, ...], room: int | None) -> np.ndarray:
    """Returns numbers from 0, at the beginning of a larger array where a room is given."""
    size = count * int(np.prod(inner, dtype=int))
    if room is None:
        return np.arange(size).reshape(count, *inner)
    held = np.full((room, *inner), 77)
    held[:count] = np.arange(size).reshape(count, *inner)
    return held[:count]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(LEVELS, st.sampled_from([(), (2,)]), st.booleans(), st.sampled_from([1, 3, 8, 10_000]))
def test_rows_of_any_length(monkeypatch, levels, inner, own, at_once):
    monkeypatch.setattr(padding, "_AT_ONCE", at_once)
    widths = [max(lengths, default=0) for lengths in levels]
    shape = (len(levels[0]), *widths, *inner)
    flat = flat_with_room(sum(levels[-1]), inner, int(np.prod(shape[: len(levels) + 1])) if own else None)
    whole, there = expected(as_lists(flat.tolist(), levels), shape)
    before = flat.copy()
    made, mask = padding.Padding(flat, shape, -1, own=own), np.zeros(shape, bool)
    splits = [np.cumsum([0, *lengths]) for lengths in levels]
    np.testing.assert_array_equal(padding.pad_rows(made, splits, [mask]), whole)
    np.testing.assert_array_equal(mask, there)
    assert own or not np.shares_memory(made.array, flat)
    assert own or np.array_equal(flat, before)
    assert not (own and made.array.size) or made.array.base is flat.base


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 2), max_size=6), st.booleans())
def test_items_of_any_shape(shapes, own):
    held = np.array(shapes, np.int64).reshape(len(shapes), 2)
    edges = np.cumsum([0, *held.prod(axis=1)])
    shape = (len(shapes), *held.max(axis=0, initial=0).tolist())
    flat = flat_with_room(int(edges[-1]), (), int(np.prod(shape)) if own else None)
    whole = np.full(shape, -1)
    for place, (high, wide) in enumerate(shapes):
        whole[place, :high, :wide] = flat[edges[place] : edges[place + 1]].reshape(high, wide)
    made, mask = padding.Padding(flat, shape, -1, own=own), np.zeros(shape, bool)
    np.testing.assert_array_equal(padding.pad_items(made, held, edges, [mask]), whole)
    np.testing.assert_array_equal(mask, whole >= 0)


@pytest.mark.parametrize("ragged", ["pad", "masked"])
def test_values_of_the_users_stay(tf, ragged):
    held = np.arange(6.0)
    value = tf.compat.v1.ragged.RaggedTensorValue(held, np.array([0, 3, 6]))
    assert to_numpy(value, ragged=ragged).tolist() == [[0, 1, 2], [3, 4, 5]]
    to_numpy(value, ragged=ragged)[...] = 9
    assert held.tolist() == [0, 1, 2, 3, 4, 5]
