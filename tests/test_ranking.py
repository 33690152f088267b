"""The largest and smallest of many values, against a stable sort of all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import TensorDisplay
from tfnp_ext.config import ClassNames
from tfnp_ext.display import mimebundle, ranking
from tfnp_ext.display.ranking import largest_places, smallest_places
from tfnp_ext.statistics import row_tops

NUMBERS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 40),
    elements=st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, -3.0, 1e-30]) | st.floats(-10, 10, width=32),
)


@settings(max_examples=300)
@given(NUMBERS, st.integers(0, 45), st.sampled_from([0, 2**9]))
def test_a_few_are_those_of_the_whole_order(values, count, most_sorted):
    order = np.argsort(-values, kind="stable").tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_SORTED", most_sorted)
        assert largest_places(values, count) == order[:count]
        assert smallest_places(values, count) == (order[-count:] if count else [])


@settings(max_examples=100)
@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=7),
        elements=st.sampled_from([0.0, 0.5, 1.0, np.nan, np.inf, -np.inf]),
    )
)
def test_the_answer_of_a_row_is_its_first_largest_number(values):
    tops, confidences = row_tops(values)
    for row, top, confidence in zip(values, tops, confidences, strict=True):
        numbers = np.where(np.isfinite(row), row, -np.inf)
        if np.isfinite(row).any():
            assert (top, confidence) == (numbers.argmax(), numbers.max())
        else:
            assert top == -1
            assert np.isnan(confidence)


def test_answers_are_read_a_few_rows_at_a_time(monkeypatch):
    values = np.random.default_rng(0).random((100, 7)).astype(np.float16)
    monkeypatch.setattr("tfnp_ext.statistics.rows._READ", 30)
    tops, confidences = row_tops(values)
    assert tops.tolist() == values.argmax(axis=1).tolist()
    assert confidences.tolist() == values.max(axis=1).astype(np.float64).tolist()
    assert row_tops(values[:0])[0].size == 0


@pytest.mark.parametrize("shape", [(300_000,), (30, 50_000), (300, 2000)])
@pytest.mark.parametrize("labelled", [False, True])
def test_of_very_many_classes_few_are_named(shape, labelled, monkeypatch):
    named = []
    write = ClassNames.__getitem__

    def counting(names, place):
        named.append(place)
        return write(names, place)

    monkeypatch.setattr(ClassNames, "__getitem__", counting)
    shares = np.random.default_rng(0).random(shape) ** 8
    shares /= shares.sum(axis=-1, keepdims=True)
    options = TensorDisplay().options(labels={shape[-1] - 1: "last"} if labelled else None)
    card = mimebundle(shares.astype(np.float32), options)
    assert "class probabilities" in card["text/plain"]
    assert 0 < len(named) < 700
