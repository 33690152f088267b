"""What is read of an array when there is no time for all, against what is true of the whole."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
from drawn import line_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import TensorDisplay, summarize
from tfnp_ext.display.cards import compose
from tfnp_ext.display.role_lines import string_fields
from tfnp_ext.display.sampled import widened
from tfnp_ext.formats import FORMATS
from tfnp_ext.statistics import BLOCK, HISTOGRAM_SAMPLE, Pace, Statistics, Strata, compute_statistics, evenly
from tfnp_ext.statistics.layout import SAMPLED_RUN


def ticking(*steps: float):
    """Returns a clock that is that much later each time it is asked, in milliseconds; at last always by the last."""
    times = itertools.accumulate(itertools.chain(steps, itertools.repeat(steps[-1])), initial=0.0)
    return lambda: next(times) / 1000


class TestOrder:
    @given(count=st.integers(0, 3000))
    def test_each_comes_once(self, count):
        assert sorted(evenly(count).tolist()) == list(range(count))

    @given(count=st.integers(50, 5000), data=st.data())
    def test_however_many_were_taken_they_lie_evenly(self, count, data):
        taken = data.draw(st.integers(5, count))
        gaps = np.diff(np.sort(evenly(count)[:taken]), append=count + evenly(count)[:taken].min())
        assert gaps.max() <= 3 * count / taken + 1

    @given(runs=st.integers(1, 3000), each=st.integers(1, 70))
    def test_over_all_turns_each_run_is_read_once(self, runs, each):
        strata = Strata(runs, each)
        turns = [strata.turn(number) for number in range(strata.turns)]
        assert np.sort(np.concatenate(turns)).tolist() == list(range(runs))
        assert all((np.diff(turn) > 0).all() for turn in turns)
        stretch = np.arange(runs) * min(runs, each) // runs
        assert all(len(np.unique(stretch[turn])) >= len(turn) / 2 for turn in turns)

    def test_a_turn_has_one_run_of_each_stretch(self):
        for number in range(20):
            assert (Strata(6400, 64).turn(number) // 100).tolist() == list(range(64))

    def test_the_sample_is_seeded(self):
        assert Strata(999, 64).turn(3).tolist() == Strata(999, 64).turn(3).tolist()


class TestPace:
    @staticmethod
    def read(total: int, budget: float, *steps: float) -> tuple[int, bool]:
        clock = ticking(*steps)
        began = clock()
        pace = Pace(total, began, began + budget / 1000, clock)
        done = 1
        while pace.goes_on() and done < total:
            done += 1
        return done, pace.late

    def test_what_is_in_time_goes_on(self):
        assert self.read(100, 1000, 9) == (100, False)
        assert self.read(100, math.inf, 9e9) == (100, False)

    def test_what_is_not_is_known_early(self):
        assert self.read(100, 1000, 20) == (7, True)
        assert self.read(100, 0, 20) == (1, True)

    def test_a_cold_start_does_not_count(self):
        assert self.read(1000, 1000, 10, 0.5) == (1000, False)

    def test_what_becomes_slower_later_ends_at_the_deadline(self):
        done, late = self.read(100, 1000, *[5] * 60, 50)
        assert 60 < done < 80
        assert not late


ORDERED = {
    "arange": lambda: np.arange(40 * BLOCK, dtype=np.float32),
    "falling": lambda: -np.arange(40 * BLOCK + 777),
    "sorted": lambda: np.sort(np.random.default_rng(0).normal(size=40 * BLOCK)),
    "walk": lambda: np.random.default_rng(0).normal(size=40 * BLOCK).cumsum(),
    "wave": lambda: np.sin(np.arange(40 * BLOCK) / BLOCK),
    "classes in order": lambda: np.repeat(np.arange(10, dtype=np.uint8), 4 * BLOCK),
    "squares": lambda: np.arange(40 * BLOCK) ** 2 // BLOCK,
}

LAYOUTS = {
    "vector": lambda a: a,
    "matrix": lambda a: a[: a.size // 640 * 640].reshape(-1, 640),
    "turned": lambda a: a[: a.size // 640 * 640].reshape(-1, 640).T,
    "every other": lambda a: a[::2],
    "masked": lambda a: np.ma.masked_array(a, np.arange(a.size) % 3 == 0),
}


def truth(array: np.ndarray) -> tuple[np.ndarray, float]:
    wide = np.ma.filled(np.ma.masked_array(array).astype(np.float64), np.nan)
    return wide, float(np.nanmax(wide) - np.nanmin(wide))


class TestSample:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("name", ORDERED)
    def test_one_block_tells_what_is_ordered(self, name, layout):
        array = LAYOUTS[layout](ORDERED[name]())
        found = compute_statistics(array, 0.0)
        wide, reach = truth(array)
        assert 0 < found.seen <= BLOCK
        assert not found.exact
        assert found.mean == pytest.approx(np.nanmean(wide), abs=0.02 * reach)
        assert found.std == pytest.approx(np.nanstd(wide), abs=0.02 * reach)
        assert np.nanmin(wide) <= found.minimum < found.maximum <= np.nanmax(wide)
        assert wide[found.minimum_at] == found.minimum
        assert wide[found.maximum_at] == found.maximum
        # The ends of the memory are looked at: they are the extremes of what is sorted.
        if name in {"arange", "falling", "sorted", "squares", "classes in order"} and layout != "masked":
            assert (found.minimum, found.maximum) == (np.nanmin(wide), np.nanmax(wide))

    @pytest.mark.parametrize(
        "name", ["float16", "bfloat16", "float32", "complex64", "bool", "int8", "uint64", "float64"]
    )
    def test_every_dtype_and_its_places(self, name):
        from test_statistics import random_array

        array = random_array(name, (5, 3 * BLOCK))
        if array.dtype.kind not in "biu":
            array[2, 1::2] = np.nan
        found = compute_statistics(array, 0.0)
        wide = np.abs(array).astype(np.float64) if array.dtype.kind == "c" else array.astype(np.float64)
        assert found.seen == BLOCK
        assert found.nans == pytest.approx(np.isnan(wide).mean() * BLOCK, abs=0.05 * BLOCK)
        assert wide[found.minimum_at] == found.minimum
        assert wide[found.maximum_at] == found.maximum
        assert found.first_invalid is None or np.isnan(wide[found.first_invalid])

    def test_the_histogram_of_what_is_in_order_is_even(self):
        counts = np.array(compute_statistics(np.arange(2**22, dtype=np.float32)).histogram)
        assert counts.sum() == HISTOGRAM_SAMPLE
        assert counts.max() < 1.3 * counts.min()

    @pytest.mark.parametrize("size", [2 * BLOCK, 5 * BLOCK + 1, 7 * BLOCK + SAMPLED_RUN + 3])
    def test_a_sample_that_has_time_after_all_is_exact(self, size):
        array = np.random.default_rng(0).normal(size=size)
        array[[5, size - 1]] = np.nan, np.inf
        found = compute_statistics(array, 100.0, ticking(0, 60, 1))
        expected = compute_statistics(array)
        assert found.exact
        for name in Statistics.__dataclass_fields__:
            if name in {"mean", "std"}:
                assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12, abs=1e-15)
            elif name != "extremes":
                assert getattr(found, name) == getattr(expected, name)

    def test_threads_share_it_and_the_line_has_its_extremes(self):
        array = np.random.default_rng(0).normal(size=2**23).cumsum()
        array[2**22 :: 3] = np.nan
        found = compute_statistics(array, 0.0)
        assert not found.exact
        read = ~np.isnan(found.extremes.lows)
        runs = array.reshape(-1, 2**12)
        assert 60 < read.sum() < len(runs)
        assert (found.extremes.lows[read] >= np.nanmin(runs[read], axis=1)).all()
        assert (found.extremes.highs[read] <= np.nanmax(runs[read], axis=1)).all()
        assert np.isnan(array[list(found.extremes.invalid)]).all()
        assert min(found.extremes.invalid) >= 2**22

    @settings(max_examples=25)
    @given(blocks=st.integers(1, 9), rest=st.integers(0, BLOCK), budget=st.sampled_from([0.0, 25.0, 60.0, 1000.0]))
    def test_what_was_seen_is_counted(self, blocks, rest, budget):
        array = np.ones(blocks * BLOCK + rest, np.int8)
        found = compute_statistics(array, budget, ticking(10))
        assert (found.zeros, found.minimum, found.maximum, found.mean, found.std) == (0, 1, 1, 1, 0)
        assert 0 < found.seen <= array.size
        assert found.exact == (found.seen == array.size)


def text(value: object, **asked: object) -> str:
    options = TensorDisplay().options(plots=False, **asked)
    return FORMATS["text/plain"](compose(value, options))


class TestCards:
    def test_the_extremes_are_those_seen(self):
        fields = line_of(np.arange(40.0 * BLOCK).reshape(-1, 64), budget_ms=0.0)
        assert fields[0].startswith("min seen 0 ")
        assert fields[0].endswith("2.62e6 max seen")
        assert fields[-1] == "from 65 536 of 2 621 440"
        assert line_of(np.arange(4.0 * BLOCK))[0].startswith("min 0 ")

    @pytest.mark.parametrize("dtype", ["f4", "i8", "u1", "c8", "?"])
    @pytest.mark.parametrize("shape", [(4000, 100), (3, 1000, 100), (20, 20_000)], ids=str)
    def test_no_value_of_the_table_lies_beyond_them(self, shape, dtype):
        array = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 50, shape).astype(dtype)
        corner = (0,) * (len(shape) - 2) + (5, -1)
        array[corner] = 1 if dtype == "?" else 201
        options = TensorDisplay().options()
        summary = summarize(array, budget_ms=0.0)
        assert not summary.statistics.exact
        found = widened(summary, options).statistics
        assert found.maximum == (1 if dtype == "?" else 201)
        assert sum(found.histogram) == sum(summary.statistics.histogram)
        assert widened(summarize(array, budget_ms=math.inf), options).statistics.histogram != ()
        if dtype == "i8":
            assert "201 max seen" in text(array, budget_ms=0.0)
        if dtype != "?" and len(shape) == 2:
            assert abs(array[found.maximum_at]) == 201

    def test_a_histogram_between_wider_ends_is_that_of_the_same_values(self):
        array = np.random.default_rng(0).integers(0, 10, (4000, 100))
        array[0, 0] = -3
        array[5, 0] = 90
        found = widened(summarize(array, budget_ms=0.0), TensorDisplay().options()).statistics
        assert (found.minimum, found.maximum) == (-3, 90)
        assert (found.minimum_at, found.maximum_at) == ((0, 0), (5, 0))
        expected, _ = np.histogram(array, np.arange(-3, 92, 2))
        counts = np.array(found.histogram)
        np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=0.01)

    def test_colour_images_of_which_a_part_was_read_say_so(self):
        fields = line_of(np.random.default_rng(0).integers(0, 99, (8, 100, 100, 3)).astype(np.uint8), budget_ms=0.0)
        assert fields[0].startswith("min seen 0 ")
        assert fields[-1] == "from 65 536 of 240 000"

    def test_an_exact_card_is_as_it_was(self):
        summary = summarize(np.random.default_rng(0).normal(size=(100, 100)))
        assert widened(summary, TensorDisplay().options()) is summary


class TestStrings:
    @pytest.mark.parametrize("make", ["TensorFlow", "NumPy"])
    def test_lengths_in_order_are_told_by_runs_from_all_over(self, tf, make):
        words = tf.strings.as_string(tf.range(500_000))
        line = text(words if make == "TensorFlow" else words.numpy(), budget_ms=0.0, arrays=True).split("\n")[1]
        assert re.fullmatch(r"lengths seen 1 … 6 bytes   median 6   from 4 096 of 500 000", line)

    def test_a_clock_that_is_late_once_still_has_all(self):
        array = np.array([b"%d" % place for place in range(20_000)], object)
        fields = [
            tuple(span.text for span in item)
            for item in string_fields(array, TensorDisplay().options(budget_ms=150.0), ticking(0, 60, 1))
        ]
        assert ("lengths", "1 … 5 bytes") in fields
        assert ("distinct", "20 000") in fields
        assert not any(field[0] == "from" for field in fields)
