"""What a line of numbers reads: all while there is time, else a seeded sample that says so."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from drawn import line_of
from hypothesis import given
from hypothesis import strategies as st

from tfnp_ext.statistics import places_of, rows_at, runs_in_time

WIDTHS = st.sampled_from([1, 2, 10, 1000, 2**16, 2**17])


def shares(examples, classes):
    powers = np.exp(3 * np.random.default_rng(0).normal(size=(examples, classes)))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


class TestRuns:
    @given(count=st.integers(1, 300_000), width=WIDTHS)
    def test_in_time_each_row_is_there_once_and_little_is_at_a_time(self, count, width):
        count = max(1, count // width)
        parts = [places_of(runs) for runs in runs_in_time(count, width, math.inf)]
        assert np.sort(np.concatenate(parts)).tolist() == list(range(count))
        assert all(len(part) * width <= max(width, 2**16) for part in parts)
        assert all((np.diff(part) > 0).all() for part in parts)

    @pytest.mark.parametrize("ticks", [1, 3, 10])
    def test_nothing_is_read_after_the_deadline(self, ticks):
        seconds = itertools.count()
        runs = list(runs_in_time(10**7, 1, ticks * 1000.0, lambda: next(seconds)))
        assert len(runs) == ticks

    def test_what_is_read_first_lies_all_over(self):
        first = places_of(next(runs_in_time(10**6, 1, 0.0)))
        np.testing.assert_allclose(np.histogram(first, 4, (0, 10**6))[0] / len(first), 0.25, atol=0.15)

    def test_the_rows_are_those_of_the_places(self):
        matrix = np.random.default_rng(0).normal(size=(3000, 100))[:, ::2]
        for runs in runs_in_time(*matrix.shape, math.inf):
            np.testing.assert_array_equal(rows_at(matrix, runs), matrix[places_of(runs)])


class TestPredictions:
    def test_all_examples_of_many_are_read_in_time(self):
        values = shares(5000, 200)
        tops, sure = values.argmax(axis=1), values.max(axis=1)
        often = np.bincount(tops)
        assert line_of(values, budget_ms=math.inf) == [
            f"confidence mean {sure.mean() * 100:.1f} %",
            f"least sure #{sure.argmin()}: {tops[sure.argmin()]} at {sure.min() * 100:.1f} %",
            f"below 50 % {(sure < 0.5).sum():,} of 5 000".replace(",", " "),
            f"most predicted {often.argmax()} ({often.max()}×)",
        ]

    def test_of_a_sample_nothing_is_ranked_that_chance_may_have_ranked(self):
        fields = line_of(shares(5000, 200), budget_ms=0.0)
        assert fields[-1] == "from 320 of 5 000 examples"
        assert fields[1].startswith("least sure seen #")
        assert not any("most predicted" in field for field in fields)

    def test_a_class_far_ahead_is_named_in_a_sample_too(self):
        values = shares(5000, 200)
        values[::2] = np.eye(200, dtype=np.float32)[7]
        assert any(field.startswith("most predicted seen 7 (") for field in line_of(values, budget_ms=0.0))

    def test_equal_ones_are_told_by_the_first(self):
        values = np.full((5000, 200), 0.1 / 199, np.float32)
        values[:, 3] = 0.9
        assert line_of(values, budget_ms=math.inf)[1] == "least sure #0: 3 at 90.0 %"
