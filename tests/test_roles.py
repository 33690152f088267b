"""What a value is read as, and above all what it is not: a wrong picture misleads, a table does not."""

from __future__ import annotations

import dataclasses
import math
import re
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import TensorDisplay, summarize
from tfnp_ext.plots import PLOTS, choose_plot
from tfnp_ext.plots.base import able_plots
from tfnp_ext.roles import ROLES, Role, read_predictions, read_role, sum_tolerance
from tfnp_ext.statistics import compute_statistics

RANDOM = np.random.default_rng(0)
IMAGENET = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
"""Mean and spread of each channel, by which photos are standardised for most networks."""


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def role_of(array: np.ndarray, *, weights: bool = False, name: str = "") -> Role:
    array = np.asanyarray(array)
    return read_role(array, compute_statistics(array) if array.size else None, weights=weights, name=name)


def softmax(logits: np.ndarray, axis: int = -1) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return exponents / exponents.sum(axis=axis, keepdims=True)


def as_dtype(values: np.ndarray, name: str) -> np.ndarray:
    return values.astype(getattr(ml_dtypes, name, name))


def standardised(photos: np.ndarray) -> np.ndarray:
    mean, spread = IMAGENET
    return ((photos / np.float32(255) - mean) / spread).astype(np.float32)


class TestProbabilities:
    @pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16"])
    @pytest.mark.parametrize("classes", [2, 3, 10, 100, 1000])
    def test_a_softmax_of_any_precision_is_read_as_one(self, name, classes):
        shares = softmax(RANDOM.normal(0, 2, classes)).astype(np.dtype(getattr(ml_dtypes, name, name)))
        role = role_of(shares)
        assert role.name == "probabilities"
        assert role.reason.startswith("read as class probabilities: none negative, sum ")

    @given(
        seed=st.integers(0, 2**32),
        shape=st.sampled_from([(3,), (4,), (8,), (10,), (1000,), (2, 3), (9, 3), (32, 10), (40, 2)]),
        scale=st.floats(0.1, 10),
        name=st.sampled_from(["float32", "float64"]),
    )
    def test_a_softmax_of_logits_is_read_as_one_however_sure_or_unsure(self, seed, shape, scale, name):
        shares = softmax(np.random.default_rng(seed).normal(0, scale, shape).astype(name))
        assert role_of(shares).name == ("probabilities" if len(shape) == 1 else "probability batch")

    @pytest.mark.parametrize("name", ["float16", "bfloat16"])
    @pytest.mark.parametrize("shape", [(2,), (3,), (10,), (1000,), (4, 3), (32, 10)], ids=str)
    def test_a_softmax_in_half_precision_is_seldom_taken_for_round_numbers(self, name, shape):
        random = np.random.default_rng(0)
        made = [as_dtype(softmax(random.normal(0, 2, shape)), name) for _ in range(100)]
        plain = [shares for shares in made if role_of(shares).name not in {"probabilities", "probability batch"}]
        assert len(plain) <= (5 if shape == (2,) else 0)

    @pytest.mark.parametrize(
        "values",
        [
            [0.098, 0.652, 0.054, 0.196],
            [0.999998, 0.000002],
            [0.999998, 1e-7, 1.9e-6],
            [9.36e-14, 1.0, 1.88e-12],
            [0.3331, 0.3335, 0.3334],
            [0.49997, 0.50003],
            [[0.878, 0.048, 0.015, 0.059], [0.168, 0.306, 0.374, 0.152]],
            [[0.999998, 1.9e-6, 1e-7], [1e-7, 0.999998, 1.9e-6], [1e-7, 1.9e-6, 0.999998]],
        ],
        ids=str,
    )
    def test_few_that_are_sure_unsure_or_rounded_to_three_decimals(self, values):
        for dtype in (np.float32, np.float64):
            assert role_of(np.array(values, dtype)).name in {"probabilities", "probability batch"}

    @pytest.mark.parametrize(
        "values",
        [
            [0.1, 0.2, 0.3, 0.4],
            [0.5, 0.5],
            [0.25, 0.75],
            [1 / 3, 2 / 3],
            [1 / 2, 1 / 3, 1 / 6],
            [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16],
            [0.125, 0.375, 0.375, 0.125],
            [0.05, 0.15, 0.8],
            [1.0 - 0.7, 0.7],
            [[0.6, 0.4], [0.4, 0.6]],
            [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]],
            [[1 / 3] * 3] * 3,
            [0.1] * 10,
            [[0.5, 0.5], [math.nan, 0.5]],
        ],
        ids=str,
    )
    def test_few_round_numbers_are_their_values(self, values):
        for dtype in (np.float32, np.float64):
            assert role_of(np.array(values, dtype)).name == "values"

    @given(hnp.arrays(np.int64, st.integers(2, 8), elements=st.integers(0, 100)), st.sampled_from([np.float32, float]))
    def test_a_few_hundredths_are_their_values(self, parts, dtype):
        parts[-1] = 100 - parts[:-1].sum()
        assert role_of((parts / 100).astype(dtype)).name == "values"

    def test_all_halves_are_no_batch_of_two_classes(self):
        assert role_of(np.full((100, 2), 0.5)).name == "matrix"

    def test_shares_that_are_equal_are_probabilities_where_they_are_many(self):
        assert role_of(np.full(1000, 0.001, np.float32)).name == "probabilities"
        assert role_of(np.full((32, 10), 0.1, np.float32)).name == "probability batch"

    @pytest.mark.parametrize(
        "values",
        [
            [1e-8, 1.0],
            [[1.0, 0.0], [1e-9, 1.0]],
            [[1.0, 5e-8, 1e-8], [2e-7, 1.0, 3e-7], [1e-8, 1e-7, 1.0]],
            [[0.0, 1.0, 1e-7], [1.0, 0.0, 0.0]],
        ],
        ids=str,
    )
    def test_zeros_and_ones_up_to_round_off_are_their_values(self, values):
        assert role_of(np.array(values)).name == "values"
        assert role_of(np.float32(values)).name == "values"

    def test_round_off_is_that_of_the_dtype(self):
        assert role_of(np.cos([math.pi / 2, 0.0])).name == "values"
        assert role_of(np.float32([1e-13, 1.0])).name == "probabilities"

    @pytest.mark.parametrize("size", [2, 3, 4])
    def test_a_matrix_times_its_inverse_is_no_batch(self, size):
        matrices = np.random.default_rng(0).integers(-5, 6, (300, size, size)) + 11 * np.eye(size)
        for matrix in matrices.astype(np.float32):
            assert role_of(np.linalg.inv(matrix) @ matrix).name == "values"

    def test_what_is_said_to_be_predictions_is_read_so_where_it_sums_to_1(self):
        typed = np.float32([[0.9, 0.1], [0.2, 0.8]])
        role = read_predictions(typed, compute_statistics(typed))
        assert (role.name, role.title) == ("probability batch", "class probabilities, 2 examples × 2 classes")
        typed = np.float32([0.1, 0.2, 0.7])
        assert read_predictions(typed, compute_statistics(typed)).name == "probabilities"
        other = np.float32([0.1, 0.2, 0.8])
        assert read_predictions(other, compute_statistics(other)) is None

    def test_a_batch_axis_of_one_is_squeezed(self):
        role = role_of(softmax(RANDOM.normal(size=(1, 10))))
        assert role.name == "probabilities"
        assert role.drawn.shape == (10,)

    def test_a_batch(self):
        role = role_of(softmax(RANDOM.normal(size=(32, 10))))
        assert (role.name, role.title) == ("probability batch", "class probabilities, 32 examples × 10 classes")
        assert role.reason == "read as class probabilities: none negative, every row sums to 1"

    def test_of_many_rows_the_reason_says_how_many_were_looked_at(self):
        assert "first 65 536 rows sum" in role_of(softmax(RANDOM.normal(size=(70_000, 4)))).reason

    @pytest.mark.parametrize(
        "values",
        [
            [23.0, 45.0, -67.0],  # sums to 1, and has a negative
            [1.5, -0.5],
            [0.3, 0.6],
            [0.2, 0.2, 0.2, 0.2, 0.19],
            [0.5, 0.5, 0.1],
            [1.0],
            [1.0, 0.0, 0.0],  # one-hot
            [0.0, 1.0],
            [0.5, 0.5, math.nan],
            [0.5, 0.5, math.inf],
            [0.0, 0.0, 0.0],
        ],
        ids=str,
    )
    def test_near_misses_are_plain_values(self, values):
        assert role_of(np.float32(values)).name == "values"

    @pytest.mark.parametrize("values", [[0, 1], [1, 0, 0], [True, False]], ids=str)
    def test_integers_and_booleans_are_never_probabilities(self, values):
        assert role_of(np.array(values)).name == "values"

    def test_ages_where_one_row_sums_to_1_by_chance_are_a_matrix(self):
        ages = RANDOM.uniform(0, 1, (20, 4)).astype(np.float32)
        ages[3] = [0.25, 0.25, 0.25, 0.25]
        assert role_of(ages).name == "matrix"

    def test_one_bad_row_spoils_a_batch(self):
        batch = softmax(RANDOM.normal(size=(32, 10)))
        batch[17] *= 0.9
        assert role_of(batch).name == "matrix"

    @pytest.mark.parametrize("size", [3, 8, 9, 20])
    @pytest.mark.parametrize("dtype", [np.float32, np.int32])
    def test_an_identity_matrix_is_neither_probabilities_nor_an_image(self, size, dtype):
        role = role_of(np.eye(size, dtype=dtype))
        assert role.name == ("values" if size <= 8 else "matrix")
        assert role.title == ("" if size <= 8 else "identity matrix")

    def test_a_column_of_ones_is_not_a_batch(self):
        assert role_of(np.ones((100, 1), np.float32)).name != "probability batch"

    @pytest.mark.parametrize("values", [[3e-5, 1.0], [0.00049, 0.9999], [0.00012, 0.25, 0.75]], ids=str)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_few_numbers_that_come_near_are_plain_values(self, values, dtype):
        assert role_of(np.array(values, dtype)).name == "values"

    @pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
    @pytest.mark.parametrize("classes", [3, 4])
    def test_few_shares_are_read_through_their_dtypes_rounding(self, classes, dtype):
        for seed in range(50):
            shares = softmax(np.random.default_rng(seed).normal(size=classes) * 3).astype(dtype)
            assert role_of(shares).name == "probabilities", shares

    def test_the_tolerance_is_rounding_and_no_more(self):
        assert sum_tolerance(np.dtype("float32"), 10) == 1e-3
        assert 1e-3 < sum_tolerance(np.dtype(ml_dtypes.bfloat16), 1000) <= 0.05


class TestLogitsAndSeries:
    SURE = (-4.1, 3.3, 0.2, -2.0, 12.5, -1.2, -0.5, -3.5, -0.5)

    MANY = (*SURE, -2.2, 1.1, -3.1, -0.7, -2.6, 0.9, -1.9, -3.3, -0.2, -2.8, 1.4, -1.1, -3.0)

    def test_one_far_above_the_others_which_are_mostly_negative_is_the_top_of_logits(self):
        role = role_of(np.float32(self.SURE))
        assert (role.name, role.title) == ("logits", "logits")
        assert role.reason == "read as logits: one of 9 far above the others, most below zero"

    def test_few_stand_in_order_and_need_no_clear_top(self):
        values = np.float32([-2.1, -2.8, -7.9, -2.7, 4.0, 2.8, -3.0, 2.1, -1.0, 2.2])
        assert role_of(values).reason == "read as logits: 10 of both signs, most below zero"
        assert role_of(values[None]).name == "logits"
        assert role_of(-values).name == role_of(np.sort(values)).name == "values"
        assert role_of(np.concatenate([values] * 3)).name == "values"

    @pytest.mark.parametrize("count", [4, 5, 8])
    def test_what_stands_in_the_headline_is_not_read_as_logits(self, count):
        assert role_of(np.float32(self.SURE[-count:])).name == "values"

    @pytest.mark.parametrize(
        "change",
        [
            lambda v: np.append(v, 10.0),  # as far up as the top
            lambda v: -v,
            np.abs,
            np.sort,
            lambda v: v + 4,
            lambda v: np.where(v > 9, 40.0, v / 5),  # a lone spike
            lambda v: v.astype(int),
        ],
        ids=["two tops", "turned", "one sign", "in order", "above zero", "spike", "integers"],
    )
    def test_near_misses_of_a_clear_top(self, change):
        assert role_of(np.float64(self.MANY)).name == "logits"
        assert role_of(change(np.float64(self.MANY))).name == "values"

    @pytest.mark.parametrize(
        "make",
        [
            lambda r: (10 * np.sin(np.arange(1000) * 2 * np.pi / 365) + r.normal(0, 2, 1000))[
                (at := r.integers(970)) :
            ][:24],
            lambda r: r.normal(0, 2, 24).cumsum(),
            lambda r: r.normal(0, 3, 30),
            lambda r: r.normal(0, 1, 10),
            lambda r: r.normal(0, 5, 26),
            lambda r: r.uniform(-5, 5, 22),
            lambda r: r.normal(0, 5, (1, 1000)),
            lambda r: r.normal(0, 2, (1, 200)).cumsum(axis=1),
        ],
        ids=["season", "walk", "normal", "ten", "wide", "uniform", "row", "walk in a row"],
    )
    def test_windows_walks_and_noise_are_seldom_logits(self, make):
        """Of twenty and fewer the bars stand in order: there noise as wide as logits may be read as some."""
        draws = [np.float32(make(np.random.default_rng(seed))) for seed in range(200)]
        assert sum(role_of(values).name == "logits" for values in draws) <= 4

    @pytest.mark.parametrize("name", ["wine", "breast_cancer", "digits", "diabetes"])
    def test_rows_of_a_standardised_table_are_no_logits(self, name):
        data = table(name)
        data = data[:, data.std(axis=0) > 0]
        rows = np.float32((data - data.mean(axis=0)) / data.std(axis=0))[:200]
        assert {role_of(row).name for row in rows} <= {"values"}
        assert {role_of(row[None]).name for row in rows} <= {"values"}

    @pytest.mark.parametrize(
        "values",
        [
            [-4.0, 3.0, -2.0, 5.0],  # four floats are too few to say
            [1.0, 2.0, 3.0, 14.0, 2.0],  # one sign
            [-0.1, 0.2, -0.3, 0.1, 0.4],  # small: a bias, a direction
            list(np.linspace(-10, 10, 20)),  # rises: an axis
            list(np.linspace(10, -10, 20)),
            [-4.0, 3.0, math.nan, 5.0, -2.0, 0.0],
        ],
        ids=str,
    )
    def test_near_misses_of_logits(self, values):
        assert role_of(np.float32(values)).name == "values"

    @pytest.mark.parametrize(("shape", "scale", "most"), [((64,), 1, 3), ((1, 1000), 1, 0), ((1, 200), 1e8, 0)])
    def test_normal_numbers_are_no_logits(self, shape, scale, most):
        draws = (np.random.default_rng(seed).normal(size=shape).astype("f4") * scale for seed in range(60))
        assert sum(summarize(values).role == "logits" for values in draws) <= most

    def test_integers_are_no_logits(self):
        assert role_of(np.array([-4, 3, 0, -2, 5, -1])).name == "values"

    def test_a_long_signal_is_a_series_not_logits(self):
        assert role_of(np.float32(8 * np.sin(np.arange(500) / 9))).name == "series"

    @pytest.mark.parametrize("count", [65, 100, 1000])
    def test_a_linspace_is_a_series_never_probabilities(self, count):
        assert role_of(np.linspace(0, 1, count)).name == "series"
        assert role_of(np.linspace(0, 2 / count, count)).name in {"series", "probabilities"}

    @pytest.mark.parametrize("count", [5, 12, 64])
    def test_a_short_linspace_is_its_values(self, count):
        assert role_of(np.linspace(-1, 1, count)).name == "values"

    def test_a_long_column_or_row_is_a_series(self):
        column, row = RANDOM.normal(size=(200, 1)).cumsum(axis=0), RANDOM.normal(size=(1, 200)).cumsum(axis=1)
        assert role_of(column).reason == "read as a series: one column of 200 values"
        assert role_of(row).reason == "read as a series: one row of 200 values"
        assert role_of(row[None]).reason == "read as a series: one axis of 200 values"
        assert role_of(row[0]).reason == "read as a series: rank 1, 200 values"

    @pytest.mark.parametrize("count", [100, 1000, 100_000])
    @pytest.mark.parametrize("kind", ["normal", "exponential", "standard_cauchy"])
    def test_what_has_no_order_is_no_series(self, count, kind):
        drawn = [getattr(np.random.default_rng(seed), kind)(size=count) for seed in range(40)]
        assert sum(role_of(np.float32(values)).name == "series" for values in drawn) <= 2
        assert "neighbours are as unlike as any two" in role_of(np.float32(drawn[0])).reason
        assert {role_of(np.sort(values)).name for values in drawn} == {"series"}

    @pytest.mark.parametrize(
        "make",
        [
            lambda r: r.normal(size=500).cumsum(),
            lambda r: np.sin(np.arange(500) / 9) + r.normal(0, 0.3, 500),
            lambda r: np.sin(2.8 * np.arange(500)),  # neighbours more unlike than any two
            lambda r: np.exp(-np.arange(500) / 100) + r.normal(0, 0.1, 500),
            lambda r: (np.arange(500) == 77) * 0.7,
            lambda r: np.sin(np.arange(500) / 9) + (np.arange(500) == 77) * 1e6,
            lambda r: np.where(np.arange(500) == 77, np.nan, np.arange(500.0)),
            lambda r: np.int16(3000 * np.sin(np.arange(500) / 20)),
            lambda r: np.where(np.arange(500) < 250, 0, np.int64(900 * np.sin(np.arange(500) / 20))),
        ],
        ids=["walk", "noisy wave", "fast wave", "loss", "impulse", "spike", "gap", "integers", "silence"],
    )
    def test_what_has_an_order_is_a_series(self, make):
        assert {role_of(make(np.random.default_rng(seed))).name for seed in range(40)} == {"series"}

    def test_a_large_recording_is_a_series_by_its_middle(self):
        recording = np.sin(np.arange(10**6) / 40).astype(np.float32)
        recording[:1000] = RANDOM.normal(size=1000)
        assert role_of(recording).name == "series"

    def test_integers_that_repeat_are_no_series_and_those_that_rise_are(self):
        repeated = role_of(RANDOM.integers(-3, 10, 500))
        assert repeated.name == "other"
        assert "repeat" in repeated.reason
        assert role_of(np.arange(500)).name == "series"

    def test_booleans_are_no_series(self):
        assert role_of(RANDOM.random(200) > 0.5).name == "other"

    def test_unsigned_integers_near_2_to_the_64_do_not_overflow(self):
        assert role_of(np.arange(100, dtype=np.uint64) + np.uint64(2**64 - 200)).name == "series"


class TestImages:
    @pytest.mark.parametrize(
        ("shape", "title"),
        [((28, 28), "grey image, 28 × 28"), ((20, 30, 3), "RGB image, 30 × 20"), ((20, 30, 4), "RGBA image, 30 × 20"),
         ((20, 30, 1), "grey image, 30 × 20"), ((1, 28, 28, 1), "grey image, 28 × 28")],
    )  # fmt: skip
    def test_bytes_of_an_image_shape(self, shape, title):
        role = role_of(RANDOM.integers(0, 256, shape, dtype=np.uint8))
        assert (role.name, role.title, role.limits) == ("image", title, (0.0, 255.0))

    @pytest.mark.parametrize(
        ("low", "high", "limits"), [(0, 1, (0.0, 1.0)), (-1, 1, (-1.0, 1.0)), (0, 255, (0.0, 255.0))]
    )
    def test_floats_in_the_range_of_pixels(self, photos, low, high, limits):
        pixels = (low + photos[0] / np.float32(255) * (high - low)).astype(np.float32)
        role = role_of(pixels)
        assert (role.name, role.limits) == ("image", limits)
        assert role.reason.endswith(", neighbours alike")
        assert role_of(RANDOM.permutation(pixels.ravel()).reshape(pixels.shape)).name == "other"

    @pytest.mark.parametrize("shape", [(16, 8, 8), (16, 8, 8, 1), (16, 12, 9, 3)], ids=str)
    def test_a_batch(self, shape):
        role = role_of(RANDOM.uniform(0, 1, shape).astype(np.float32))
        assert role.name == "images"
        assert role.title.startswith("16 ")
        assert role.reason.startswith("read as images: ")

    @pytest.mark.parametrize(
        "values",
        [
            RANDOM.normal(size=(28, 28)),  # any range
            RANDOM.uniform(0, 1, (100, 3)),  # a table of three columns
            RANDOM.uniform(0, 1, (32, 10)),
            RANDOM.uniform(-1, 1, (28, 28)),  # a symmetric square is a matrix, not a picture
            np.full((28, 28), 0.5),  # one grey is no picture
        ],
        ids=["normal", "three columns", "batch", "square of both signs", "constant"],
    )
    def test_other_matrices_are_matrices(self, values):
        assert role_of(values.astype(np.float32)).name == "matrix"

    @pytest.mark.parametrize("shape", [(28, 28), (20, 20, 3), (3, 3, 1, 8), (16, 8, 8)], ids=str)
    def test_weights_are_never_images_predictions_or_series(self, shape):
        array = RANDOM.uniform(0, 1, shape).astype(np.float32)
        assert role_of(array, weights=True).name in {"matrix", "other", "kernel"}
        assert role_of(softmax(RANDOM.normal(size=10)), weights=True).name == "values"
        assert role_of(np.float32(RANDOM.normal(0, 9, 20)), weights=True).name == "values"
        assert role_of(np.float32(RANDOM.normal(0, 9, 200)), weights=True).name == "other"

    def test_variables_are_weights(self, tf, photos):
        pixels = photos[1, 100:128, 200:228, 0] / np.float32(255)
        assert summarize(tf.constant(pixels)).role == "image"
        assert summarize(tf.Variable(pixels)).role == "matrix"
        assert summarize(tf.keras.Variable(pixels)).role == "matrix"

    def test_what_is_not_finite_does_not_turn_a_picture_into_an_error(self):
        pixels = RANDOM.uniform(0, 1, (28, 28)).astype(np.float32)
        pixels[3, 3] = np.nan
        assert role_of(pixels).name in {"image", "matrix"}


REAL: dict[str, tuple[Callable, str, str, str]] = {
    # what: (how it is made of digits, photos and TensorFlow; role; title; a piece of the reason)
    "softmax of one digit": (
        lambda d, p, tf: d.shares[7], "probabilities", "class probabilities", "none negative, sum 1.000",
    ),
    "softmax of a batch": (
        lambda d, p, tf: d.shares[:32], "probability batch", "class probabilities, 32 examples × 10 classes",
        "every row sums to 1",
    ),
    "as many digits as classes": (
        lambda d, p, tf: d.shares[:10], "probability batch", "class probabilities, 10 examples × 10 classes", "",
    ),
    "softmax in bfloat16": (lambda d, p, tf: as_dtype(d.shares, "bfloat16"), "probability batch", "class prob", ""),
    "softmax in float16": (lambda d, p, tf: as_dtype(d.shares, "float16"), "probability batch", "class prob", ""),
    "1000 classes calculated in bfloat16": (
        lambda d, p, tf: tf.nn.softmax(tf.random.stateless_normal((16, 1000), (1, 2), dtype=tf.bfloat16)).numpy(),
        "probability batch", "class probabilities, 16 examples × 1 000 classes", "",
    ),
    "1000 classes calculated in float16": (
        lambda d, p, tf: tf.nn.softmax(tf.random.stateless_normal((16, 1000), (1, 2), dtype=tf.float16)).numpy(),
        "probability batch", "class probabilities, 16 examples × 1 000 classes", "",
    ),
    "one of 1000 classes in bfloat16": (
        lambda d, p, tf: tf.nn.softmax(tf.random.stateless_normal((1, 1000), (1, 2), dtype=tf.bfloat16)).numpy(),
        "probabilities", "class probabilities", "none negative, sum ",
    ),
    "logits of a digit that is sure": (
        lambda d, p, tf: d.logits[sure_digit(d)], "logits", "logits", "one of 10 far above the others, most below zero",
    ),
    "logits of a batch": (lambda d, p, tf: d.logits[:32], "matrix", "", ""),
    "scores of a sigmoid": (
        lambda d, p, tf: tf.sigmoid(2 * d.logits[7]).numpy(), "scores", "multi-label scores", "most near an end",
    ),
    "one-hot targets": (
        lambda d, p, tf: tf.one_hot(d.truth[:32], 10).numpy(), "one-hot", "one-hot labels, 32 examples × 10 classes",
        "0 and 1, every row has a single 1",
    ),
    "one-hot targets of integers": (
        lambda d, p, tf: tf.one_hot(d.truth[:32], 10, dtype=tf.uint8).numpy(), "one-hot", "one-hot labels, 32", "",
    ),
    "one-hot targets of truths": (
        lambda d, p, tf: tf.one_hot(d.truth[:32], 10, True, False).numpy(), "one-hot", "one-hot labels, 32", "",
    ),
    "ten one-hot targets": (
        lambda d, p, tf: tf.one_hot(d.truth[:10], 10).numpy(), "one-hot", "one-hot labels, 10 examples × 10", "",
    ),
    "one target": (
        lambda d, p, tf: tf.one_hot(d.truth[0], 10).numpy(), "one-hot", "one-hot, class ", "a single 1, else 0",
    ),
    "labels": (lambda d, p, tf: d.truth, "labels", "labels", "integers, 10 distinct, 0 … 9"),
    "labels as bytes": (lambda d, p, tf: d.truth.astype(np.uint8), "labels", "labels", "10 distinct"),
    "a column of labels": (lambda d, p, tf: d.truth[:, None], "labels", "labels", "10 distinct"),
    "scans": (lambda d, p, tf: d.images, "images", "360 grey images", "last axis 1, square, 0…1"),
    "one scan": (lambda d, p, tf: d.images[7], "image", "grey image, 8 × 8", "last axis 1, square, 0…1"),
    "scans without channels": (lambda d, p, tf: d.images[..., 0] * 16, "images", "360 grey images", "rank 3, square"),
    "masks of scans": (lambda d, p, tf: d.images[..., 0] > 0.5, "images", "360 masks, 8 × 8", "rank 3, square, True"),
    "photos": (lambda d, p, tf: p, "images", "2 RGB images, 640 × 427", "last axis 3, uint8"),
    "photos of floats": (lambda d, p, tf: p / np.float32(255), "images", "2 RGB images, 640 × 427", "last axis 3, 0…1"),
    "photos in bfloat16": (
        lambda d, p, tf: tf.cast(p, tf.bfloat16).numpy() / as_dtype(np.array(256), "bfloat16"), "images",
        "2 RGB images, 640 × 427", "0…1",
    ),
    "photos around zero": (
        lambda d, p, tf: tf.keras.applications.mobilenet.preprocess_input(p.astype(np.float32)), "images",
        "2 RGB images, 640 × 427", "last axis 3, -1…1, neighbours alike",
    ),
    "photos resized": (
        lambda d, p, tf: tf.image.resize(p, (32, 32)).numpy(), "images", "2 RGB images, 32 × 32", "0…255",
    ),
    "photos standardised": (
        lambda d, p, tf: standardised(p), "images", "2 RGB images, 640 × 427", "standardised: mean -0.20, neighbours",
    ),
    "one photo standardised": (
        lambda d, p, tf: tf.image.per_image_standardization(p[0]).numpy(), "image", "RGB image, 640 × 427",
        "last axis 3, standardised: mean ",
    ),
    "busy cuttings standardised": (
        lambda d, p, tf: standardised(p)[:, 200:232, 200:232], "images", "2 RGB images, 32 × 32", "standardised",
    ),
    "photos with channels first": (
        lambda d, p, tf: np.moveaxis(p, -1, 1), "images", "2 RGB images, 640 × 427", "channels first, 3, uint8",
    ),
    "standardised photos with channels first": (
        lambda d, p, tf: np.moveaxis(standardised(p), -1, 1), "images", "2 RGB images, 640 × 427",
        "channels first, 3, standardised",
    ),
    "one photo with channels first": (
        lambda d, p, tf: np.moveaxis(p[0], -1, 0), "image", "RGB image, 640 × 427", "channels first, 3, uint8",
    ),
    "a photo with transparency": (
        lambda d, p, tf: np.dstack([p[0], np.full(p.shape[1:3], 255, np.uint8)]), "image", "RGBA image, 640 × 427", "",
    ),
    "a grey photo": (lambda d, p, tf: p[0, ..., 0], "image", "grey image, 640 × 427", "rank 2, uint8, neighbours"),
    "grey photos": (lambda d, p, tf: p[..., 0], "images", "2 grey images", "rank 3, uint8, neighbours alike"),
    "a mask": (lambda d, p, tf: p[0, ..., 0] > 128, "image", "mask, 640 × 427", "read as a mask: rank 2, True"),
    "masks": (lambda d, p, tf: p[..., 0] > 128, "images", "2 masks, 640 × 427", "read as masks: rank 3"),
    "masks with an axis of channels": (lambda d, p, tf: p[..., :1] > 128, "images", "2 masks, 640 ×", "last axis 1"),
    "a map of a few classes": (lambda d, p, tf: p[0, ..., 0] // 64, "image", "grey image, 640 × 427", "uint8"),
    "videos": (
        lambda d, p, tf: np.stack([np.roll(p[:, ::8, ::8], shift, axis=2) for shift in range(10)], axis=1), "video",
        "2 videos of 10 frames, RGB, 80 × 54", "read as videos: last axis 3, uint8",
    ),
    "one video": (
        lambda d, p, tf: np.stack([np.roll(p[:1, ::8, ::8], shift, axis=2) for shift in range(10)], axis=1), "video",
        "1 video of 10 frames, RGB, 80 × 54", "",
    ),
    "videos with channels first": (
        lambda d, p, tf: np.stack([np.roll(p[:, ::8, ::8], shift, axis=2) for shift in range(10)], axis=1).transpose(
            0, 1, 4, 2, 3
        ),
        "video", "2 videos of 10 frames, RGB, 80 × 54", "channels first, 3, uint8",
    ),
    "videos of masks": (
        lambda d, p, tf: np.stack([p[:, ::8, ::8, :1] > level for level in (64, 128, 192)], axis=1), "video",
        "2 videos of 3 frames, masks, 80 × 54", "True and False",
    ),
    "confusion by TensorFlow": (
        lambda d, p, tf: tf.math.confusion_matrix(d.truth, d.shares.argmax(1)).numpy(), "confusion",
        "confusion matrix, 10 classes", "square counts, ",
    ),
    "confusion added up as floats": (
        lambda d, p, tf: tf.math.confusion_matrix(d.truth, d.shares.argmax(1), dtype=tf.float32).numpy(), "confusion",
        "confusion matrix, 10 classes", "square counts, ",
    ),
    "confusion by scikit-learn": (lambda d, p, tf: confusion(d, None), "confusion", "confusion matrix, 10 classes", ""),
    "confusion over all": (lambda d, p, tf: confusion(d, "all"), "matrix", "", ""),
    "confusion over predictions": (lambda d, p, tf: confusion(d, "pred"), "matrix", "", ""),
    "attention": (
        lambda d, p, tf: attention(tf, 2, 12), "attention", "attention, 2 examples × 4 heads, 12 × 12",
        "square, none negative, every row sums to 1",
    ),
    "attention of one example": (
        lambda d, p, tf: attention(tf, 1, 12), "attention", "attention, 4 heads, 12 × 12", "every row sums to 1",
    ),
    "attention of one head": (lambda d, p, tf: attention(tf, 1, 24)[0, 0], "attention", "attention, 24 × 24", ""),
    "attention of one head of one example": (
        lambda d, p, tf: attention(tf, 1, 10)[:, 0], "attention", "attention, 10 × 10", "every row sums to 1",
    ),
    "a slice of it": (lambda d, p, tf: attention(tf, 1, 10)[0, 0], "matrix", "shares by row", "few above one half"),
    "attention of five words": (
        lambda d, p, tf: attention(tf, 1, 5)[:, :2], "attention", "attention, 2 heads, 5 × 5", "every row sums to 1",
    ),
    "causal attention of five words": (
        lambda d, p, tf: attention(tf, 1, 5, use_causal_mask=True)[0, 0], "attention", "attention, 5 × 5", "causal",
    ),
    "attention of several layers": (
        lambda d, p, tf: np.stack([attention(tf, 3, 8)] * 2), "attention", "attention, 24 heads, 8 × 8", "square",
    ),
    "a digit of each class in order": (
        lambda d, p, tf: d.shares[[int(d.shares[:, name].argmax()) for name in range(10)]], "probability batch",
        "class probabilities, 10 examples × 10 classes", "",
    ),
    "six one-hot targets": (
        lambda d, p, tf: tf.one_hot([2, 8, 9, 7, 2, 1], 10).numpy(), "one-hot", "one-hot labels 2 8 9 7 2 1",
        "every row has a single 1",
    ),
    "a smooth waveform of integers": (
        lambda d, p, tf: (3000 * np.sin(0.05 * np.arange(16_000))).astype(np.int16), "series", "series",
        "rank 1, 16 000 values",
    ),
    "causal attention": (
        lambda d, p, tf: attention(tf, 1, 10, use_causal_mask=True)[0, 0], "attention", "attention, 10 × 10",
        "every row sums to 1, causal",
    ),
    "causal attention in bfloat16": (
        lambda d, p, tf: as_dtype(attention(tf, 1, 64, use_causal_mask=True), "bfloat16"), "attention",
        "attention, 4 heads, 64 × 64", "causal",
    ),
    "attention of more than is read": (
        lambda d, p, tf: attention(tf, 1, 512), "attention", "attention, 4 heads, 512 × 512",
        "the first 512 rows sum to 1",
    ),
    "correlations of features": (
        lambda d, p, tf: np.corrcoef(d.images.reshape(360, 64)[:, d.images.reshape(360, 64).std(0) > 0].T),
        "correlation", "correlation matrix, ", "symmetric, 1 on the diagonal, within ±1",
    ),
    "correlations of labels and features in float32": (
        lambda d, p, tf: np.corrcoef(d.logits.T).astype(np.float32), "correlation", "correlation matrix, 10 × 10", "",
    ),
    "vectors of length 1": (
        lambda d, p, tf: tf.math.l2_normalize(d.images.reshape(360, 64), axis=1).numpy(), "embeddings",
        "embeddings, 360 vectors of 64", "every vector has length 1",
    ),
    "vectors of length 1 in bfloat16": (
        lambda d, p, tf: as_dtype(tf.math.l2_normalize(d.logits, axis=1).numpy(), "bfloat16"), "embeddings",
        "embeddings, 360 vectors of 10", "",
    ),
    "sines": (
        lambda d, p, tf: np.sin(np.arange(2000)[:, None] / 100 * np.arange(1, 6)), "multi-series", "5 series",
        "5 columns of 2 000 values, each like its neighbour",
    ),
    "stereo": (lambda d, p, tf: stereo(), "multi-series", "2 series", "2 columns of 16 000 values"),
    "rows of a photo": (lambda d, p, tf: p[0, 200, :, :], "multi-series", "3 series", "3 columns of 640 values"),
    "the loss of 100 steps": (lambda d, p, tf: 1 / np.arange(1.0, 101), "series", "series", "rank 1, 100 values"),
    "a spectrum": (lambda d, p, tf: tf.signal.rfft(np.float32(stereo()[:256, 0])).numpy(), "complex", "", ""),
}  # fmt: skip


def sure_digit(digits) -> int:
    """Returns the digit of whose logits the top is farthest from the next."""
    ordered = np.sort(digits.logits, axis=1)
    return int((ordered[:, -1] - ordered[:, -2]).argmax())


def confusion(digits, normalize: str | None) -> np.ndarray:
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(digits.truth, digits.shares.argmax(1), normalize=normalize)


def attention(tf, examples: int, tokens: int, **asked) -> np.ndarray:
    tf.keras.utils.set_random_seed(0)
    words = tf.random.stateless_normal((examples, tokens, 32), (1, 2))
    _, scores = tf.keras.layers.MultiHeadAttention(4, 16)(words, words, return_attention_scores=True, **asked)
    return scores.numpy()


def stereo() -> np.ndarray:
    seconds = np.arange(16_000) / 16_000
    return (np.stack([np.sin(2 * np.pi * pitch * seconds) for pitch in (440, 220)], 1) * 30_000).astype(np.int16)


@pytest.mark.parametrize("what", REAL)
def test_what_models_and_libraries_give_is_read_as_what_it_is(digits, photos, tf, what):
    make, name, title, reason = REAL[what]
    role = role_of(make(digits, photos, tf))
    assert role.name == name
    assert role.title.startswith(title)
    assert bool(role.title) == bool(title)
    assert reason in role.reason


def test_every_digit_is_read_alike(digits):
    assert {role_of(row).name for row in digits.shares} == {"probabilities"}
    assert {role_of(row).name for row in digits.logits} == {"logits", "values"}
    assert all(role_of(row).name == role_of(row[None]).name for row in digits.logits[:50])
    assert {role_of(image).name for image in digits.images} == {"image"}


def by_row(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(axis=1, keepdims=True)


def table(name: str) -> np.ndarray:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")().data


NEAR_MISSES: dict[str, tuple[Callable, str]] = {
    # what: (how it is made of random numbers, the role it has)
    "(3, 3, 3) numbers": (lambda r: r.random((3, 3, 3)), "values"),
    "(3, 3, 3) bytes": (lambda r: r.integers(0, 256, (3, 3, 3), np.uint8), "values"),
    "(10, 10) identity": (lambda r: np.eye(10), "matrix"),
    "(10, 10) identity of truths": (lambda r: np.eye(10, dtype=bool), "matrix"),
    "(10, 10) of a uniform distribution": (lambda r: r.random((10, 10)), "matrix"),
    "ages with gaps": (lambda r: r.integers(18, 91, 100), "other"),
    "ages, each occurring": (lambda r: r.permutation(np.repeat(np.arange(18, 91), 7)), "other"),
    "every age once, in order": (lambda r: np.arange(18, 91), "series"),
    "every age once, in no order": (lambda r: r.permutation(np.arange(18, 91)), "other"),
    "every age once, falling": (lambda r: np.arange(18, 91)[::-1], "series"),
    "years": (lambda r: r.integers(1950, 2025, 500), "other"),
    "years in order": (lambda r: np.sort(r.integers(1950, 2025, 500)), "other"),
    "sorted ids": (lambda r: np.arange(1000, 2000), "series"),
    "ids in another order": (lambda r: r.permutation(1000), "other"),
    "counts": (lambda r: r.poisson(30, 200), "other"),
    "temperatures": (lambda r: r.integers(-5, 30, 100), "other"),
    "spins": (lambda r: r.choice([-1, 1], 100), "other"),
    "word ids of a text": (lambda r: r.zipf(1.5, 1000).clip(0, 30_000), "other"),
    "prices in no order": (lambda r: r.integers(10_000, 900_000, 200), "other"),
    "losses of examples": (lambda r: r.exponential(size=300).astype(np.float32), "other"),
    "photo in a row": (lambda r: np.tile(np.arange(0, 250, 5, dtype=np.uint8), 20), "other"),
    "bytes of a text": (lambda r: np.frombuffer(__doc__.encode() * 9, np.uint8), "other"),
    "pixels of a flat photo": (lambda r: r.integers(0, 256, 50_000, np.uint8), "other"),
    "iris": (lambda r: table("iris"), "matrix"),
    "iris in 0 … 1": (lambda r: table("iris") / table("iris").max(0), "matrix"),
    "iris in float16": (lambda r: table("iris").astype(np.float16), "matrix"),
    "wine": (lambda r: table("wine"), "matrix"),
    "wine standardised": (lambda r: (table("wine") - table("wine").mean(0)) / table("wine").std(0), "matrix"),
    "a table of rare events": (lambda r: (r.random((500, 4)) > 0.97).astype(np.float32), "matrix"),
    "20 uniform numbers": (lambda r: r.random(20), "values"),
    "20 evenly spaced numbers": (lambda r: np.linspace(0, 1, 20), "values"),
    "100 evenly spaced numbers": (lambda r: np.linspace(0, 1, 100), "series"),
    "undecided scores": (lambda r: r.uniform(0.3, 0.7, 20), "values"),
    "activations": (lambda r: r.normal(size=(16, 32, 32, 3)), "other"),
    "small activations": (lambda r: r.normal(0, 0.2, (16, 32, 32, 3)).clip(-1, 1), "other"),
    "activations of relu": (lambda r: np.maximum(r.normal(size=(16, 32, 32, 3)), 0), "other"),
    "activations of tanh": (lambda r: np.tanh(r.normal(size=(16, 32, 32, 3))), "other"),
    "sparse activations": (lambda r: np.maximum(r.normal(-1.5, 1, (16, 32, 32, 3)), 0), "other"),
    "activations in bfloat16": (lambda r: as_dtype(r.normal(size=(16, 32, 32, 3)), "bfloat16"), "other"),
    "states of a recurrent layer": (lambda r: np.tanh(r.normal(size=(4, 16, 50))), "other"),
    "gates of a recurrent layer": (lambda r: r.random((4, 16, 50)), "other"),
    "windows of a series": (lambda r: np.sin(np.arange(100)[:, None] / 9 + np.arange(12) / 9)[..., None], "matrix"),
    "points in space": (lambda r: r.random((32, 20, 3)), "other"),
    "classes of pixels": (lambda r: softmax(r.normal(size=(1, 16, 16, 3))), "other"),
    "classes of pixels, a batch": (lambda r: softmax(r.normal(size=(4, 16, 16, 3))), "other"),
    "classes of pixels in bfloat16": (lambda r: as_dtype(softmax(r.normal(size=(4, 16, 16, 4))), "bfloat16"), "other"),
    "classes of pixels, channels first": (lambda r: softmax(r.normal(size=(4, 3, 16, 16)), axis=1), "other"),
    "classes of words": (lambda r: softmax(r.normal(size=(4, 16, 50))), "other"),
    "attention to other words": (lambda r: softmax(r.normal(size=(1, 4, 10, 7))), "other"),
    "attention to other words, one head": (lambda r: softmax(r.normal(size=(10, 7))), "probability batch"),
    "attention of few words, one head": (lambda r: softmax(r.normal(size=(10, 10))), "matrix"),
    "attention of five words, one head": (lambda r: softmax(r.normal(size=(5, 5))), "values"),
    "shares of a confusion matrix": (lambda r: by_row(np.eye(10) * 40 + r.integers(0, 9, (10, 10))), "matrix"),
    "shares in float32": (lambda r: np.float32(by_row(np.eye(12) * 900 + r.integers(0, 30, (12, 12)))), "matrix"),
    "shares of three classes": (lambda r: by_row(np.eye(3) * 40 + r.integers(0, 9, (3, 3))), "values"),
    "shares of two classes": (lambda r: np.array([[48, 9], [5, 61]]) / [[57], [66]], "values"),
    "shares of thirty classes": (lambda r: by_row(np.eye(30) * 40 + r.integers(0, 9, (30, 30))), "matrix"),
    "a chain that stays": (lambda r: np.array([[0.9, 0.075, 0.025], [0.15, 0.8, 0.05], [0.25, 0.25, 0.5]]), "values"),
    "one-hot heads": (lambda r: np.eye(9)[r.integers(0, 9, (3, 9))], "other"),
    "few truths with one in a row": (lambda r: np.eye(5, dtype=bool)[r.integers(0, 5, 4)], "values"),
    "a permutation": (lambda r: np.eye(4)[[2, 0, 3, 1]], "values"),
    "a few small stacks": (lambda r: np.full((2, 3, 3), 1 / 3), "values"),
    "classes in integers": (lambda r: np.kron(r.integers(0, 3, (8, 8)), np.ones((8, 8), int))[..., None], "matrix"),
    "noise with a channel": (lambda r: r.normal(size=(1, 28, 28, 1)), "matrix"),
    "a table of truths": (lambda r: r.random((500, 6)) > 0.5, "matrix"),
    "a table of truths of the form of a picture": (lambda r: r.random((32, 10)) > 0.5, "matrix"),
    "links of a graph": (lambda r: r.random((100, 100)) > 0.95, "matrix"),
    "multi-hot labels": (lambda r: r.integers(0, 2, (32, 20)).astype(np.float32), "matrix"),
    "logits of a batch": (lambda r: r.normal(0, 4, (32, 10)), "matrix"),
    "one row too much": (lambda r: np.concatenate([softmax(r.normal(size=(31, 10))), r.random((1, 10))]), "matrix"),
    "distances": (lambda r: np.abs(np.arange(12.0)[:, None] - np.arange(12)) / 11, "matrix"),
    "a covariance": (lambda r: np.cov(r.normal(size=(12, 99))), "matrix"),
    "a matrix of a difference equation": (lambda r: np.eye(12) * 2 + np.eye(12, k=1) + np.eye(12, k=-1), "matrix"),
    "a rotation": (lambda r: np.linalg.qr(r.normal(size=(64, 64)))[0], "matrix"),
    "products": (lambda r: np.outer(np.arange(1, 11), np.arange(1, 11)), "matrix"),
    "counts off the diagonal": (lambda r: r.integers(0, 30, (12, 12)), "matrix"),
    "counts on the diagonal alone": (lambda r: np.diag(np.arange(1, 11)), "matrix"),
    "a triangle of ones": (lambda r: np.tril(np.ones((64, 64))), "matrix"),
    "a column of a table": (lambda r: r.normal(size=(100, 1)), "other"),
    "noise, three channels": (lambda r: r.normal(size=(300, 3)), "matrix"),
    "more columns than lines": (lambda r: np.cumsum(r.normal(size=(300, 9)), 0), "matrix"),
    "features of 7 x 7 cells": (lambda r: np.maximum(r.normal(size=(7, 7, 512)), 0), "other"),
}  # fmt: skip


@pytest.mark.parametrize("what", NEAR_MISSES)
def test_what_looks_like_something_is_not_taken_for_it(what):
    make, name = NEAR_MISSES[what]
    assert role_of(make(np.random.default_rng(1))).name == name


class TestTwoReadings:
    """What could be two things is one of them by a rule, the same way every time."""

    def test_a_square_stack_is_grey_images_and_no_image_with_channels_first(self, photos):
        square = np.moveaxis(photos[0, :32, :32], -1, 0) / np.float32(255)
        assert role_of(square).title == "3 grey images"
        wide = np.moveaxis(photos[0, :32, :48], -1, 0) / np.float32(255)
        assert role_of(wide).title == "RGB image, 48 × 32"
        assert role_of(wide).drawn.shape == (32, 48, 3)
        np.testing.assert_array_equal(role_of(wide).drawn, np.moveaxis(wide, 0, -1))

    def test_five_grey_images(self, photos):
        cuttings = np.stack([photos[0, place : place + 28, place : place + 28, 0] for place in range(0, 250, 50)])
        assert role_of(cuttings).title == "5 grey images"
        assert role_of(cuttings / np.float32(255)).title == "5 grey images"

    def test_columns_and_rows_of_labels(self, digits):
        for labels in (digits.truth[:, None], digits.truth[None], digits.truth.astype(np.int64)[None, :, None]):
            assert role_of(labels).name in {"labels", "other"}
        assert role_of(digits.truth[:, None]).drawn.shape == (360,)

    def test_shares_of_three_decimals_are_probabilities_and_the_reason_is_said(self):
        """Nothing but its sum tells a prediction from other shares, so the card says the sum."""
        role = role_of(np.float32([0.183, 0.254, 0.066, 0.397, 0.1]))
        assert (role.name, role.reason) == (
            "probabilities", "read as class probabilities: none negative, sum 1.000",
        )  # fmt: skip

    def test_integers_in_no_order_do_not_repeat(self):
        assert role_of(RANDOM.permutation(100)).reason == "100 integers in no order"
        assert role_of(RANDOM.integers(20, 60, 100)).reason == "100 integers that repeat"

    def test_a_dark_map_of_classes_is_stretched_and_a_photo_is_not(self, photos):
        assert role_of(photos[0, ..., 0] // 64).limits == (0.0, 3.0)
        assert role_of(photos[0, ..., 0] // 2).limits == (0.0, 255.0)

    @pytest.mark.parametrize("layout", ["one", "batch", "no channels"])
    @pytest.mark.parametrize("most", [1e-6, 0.05, 0.49, 1.7])
    def test_a_faint_grey_image_of_floats_is_stretched(self, photos, layout, most):
        grey = photos[..., :1] / np.float64(photos[..., :1].max()) * most
        if layout == "no channels" and most > 1:
            return
        role = role_of({"one": grey[0], "batch": grey, "no channels": grey[0, :64, :64, 0]}[layout])
        assert role.name in {"image", "images"}
        assert role.limits[0] == 0
        assert role.limits[1] == pytest.approx(role.drawn.max())

    @pytest.mark.parametrize("most", [2.2, 73.65, 127.0, 2000.0])
    def test_planes_on_a_scale_of_their_own_are_maps_with_their_scale(self, photos, most):
        grey = photos[..., :1] / np.float64(photos[..., :1].max()) * most
        assert role_of(grey[0]).name == "matrix"
        batch = role_of(grey)
        assert (batch.name, batch.title) == ("maps", "2 maps, 640 × 427")
        np.testing.assert_array_equal(batch.drawn, grey[..., 0])
        assert role_of(np.log(grey[:, :64, :64, 0] + 1e-3)).name == "maps"
        channels = np.tile(grey[0, ..., 0], (4, 1, 1))
        assert role_of(channels).name == "maps"
        np.testing.assert_array_equal(role_of(channels).drawn, channels)
        assert role_of(np.arange(4.0 * 40 * 50).reshape(4, 40, 50)).name == "other", "whole"
        assert role_of(RANDOM.normal(size=grey.shape) * most).name == "other"

    @pytest.mark.parametrize("count", range(2, 9))
    @pytest.mark.parametrize("loud", [1, 2, 3, 20])
    def test_spectrograms_are_maps_however_many_and_loud(self, tf, count, loud):
        sound = tf.sin(tf.cast(tf.range(16_000), tf.float32) ** 2 * 1e-4)
        clips = tf.stack([sound * (loud + 0.1 * clip) for clip in range(count)])
        spectrograms = tf.abs(tf.signal.stft(clips, 255, 128))
        for layout in (spectrograms, spectrograms[..., None]):
            role = role_of(layout.numpy())
            assert (role.name, role.title) == ("maps", f"{count} maps, 129 × 124")
            np.testing.assert_array_equal(role.drawn, spectrograms)
        assert role_of(spectrograms[0].numpy()).name == role_of(spectrograms[:1, ..., None].numpy()).name == "matrix"

    def test_channels_of_an_activation_are_maps(self, tf, digits):
        large = tf.image.resize(digits.images[:1].reshape(1, 8, 8, 1), (28, 28))
        drawn_weights = tf.keras.initializers.GlorotUniform(seed=0)
        activation = tf.keras.layers.Conv2D(16, 3, activation="relu", kernel_initializer=drawn_weights)(large).numpy()
        role = role_of(activation)
        assert (role.name, role.title) == ("maps", "16 maps, 26 × 26")
        np.testing.assert_array_equal(role.drawn, np.moveaxis(activation[0], -1, 0))
        plot = PLOTS["heatmap"]
        options = TensorDisplay().options()
        assert plot.prepare(summarize(activation), options).names[3] == "[..., 3]"
        assert plot.prepare(summarize(np.moveaxis(activation[0], -1, 0).copy()), options).names[3] == "[3]"

    def test_covariances_and_distances_are_maps_though_they_are_noise(self):
        values = RANDOM.normal(size=(4, 100, 30))
        covariances = np.einsum("nij,nik->njk", values, values)
        role = role_of(covariances)
        assert (role.name, role.reason) == ("maps", "read as maps: rank 3, symmetric")
        assert role_of(values).name == "other"

    def test_grey_images_of_both_signs_need_no_axis_of_channels(self, digits):
        scans = np.kron(digits.images.reshape(-1, 8, 8)[:32], np.ones((1, 3, 3))).astype(np.float32)
        scans /= scans.max()
        assert role_of(scans * 2 - 1).limits == (-1.0, 1.0)
        standard = (scans - scans.mean()) / scans.std()
        assert role_of(standard).name == "images"
        assert role_of(standard * 1.5).name == "maps"
        alone = np.kron(scans[0], np.ones((4, 4)))
        assert role_of((alone - alone.mean()) / alone.std()).name == "matrix"

    def test_photos_of_16_bits_are_images(self, photos):
        deep = photos.astype(np.uint16)
        assert role_of(deep * 257).limits == (0.0, 65535.0)
        assert role_of(deep[..., :1] * 16).limits == (0.0, 4095.0)
        assert role_of(deep[0] * 4).limits == (0.0, 1023.0)

    def test_features_of_series_are_no_planes(self):
        assert role_of(np.cumsum(RANDOM.random((32, 24, 8)), axis=1) / 24).name == "other"
        assert role_of(softmax(RANDOM.normal(size=(4, 20, 30)))).name == "other"

    def test_a_batch_of_one_map_is_a_matrix(self, photos):
        assert role_of(photos[:1, ..., :1] * 0.2).name == "matrix"

    def test_what_uses_half_of_the_usual_range_is_shown_as_it_is(self, photos):
        grey = photos[0, ..., :1] / np.float64(photos[0, ..., :1].max())
        assert role_of(grey * 0.5).limits == (0.0, 1.0)
        assert role_of(grey * 128.5).limits == (0.0, 255.0)

    def test_dark_photos_stay_dark(self, photos):
        assert role_of(photos[0] / np.float32(255 * 4)).limits == (0.0, 1.0)
        assert role_of((photos[0, ..., :1] // 3).astype(np.float32)).limits == (0.0, 255.0)
        assert role_of(photos[0, ..., :1] // 3).limits == (0.0, 255.0)

    def test_the_largest_of_a_sample_is_not_white(self, photos):
        dark = photos[..., :1] / np.float64(255 * 4)
        seen = dataclasses.replace(compute_statistics(dark), seen=dark.size - 1)
        assert read_role(dark, seen).limits == (0.0, 1.0)

    def test_an_image_with_a_hole_is_still_one(self, photos):
        pixels = photos[0] / np.float32(255)
        pixels[100:120, 100:120] = np.nan
        assert role_of(pixels).name == "image"

    def test_blank_images_in_front_do_not_hide_the_others(self, photos):
        batch = np.zeros((8, 64, 64, 3), np.float32)
        batch[4:] = standardised(photos)[0, 100:164, 100:164]
        assert role_of(batch).name == "images"


class TestWeights:
    def test_kernels_of_a_model(self, digits):
        first, second = (digits.model.get_layer(name).kernel for name in ("conv1", "conv2"))
        found = summarize(first)
        assert (found.role, found.title) == ("kernel", "16 filters of 3 × 3 over 1 channel")
        assert found.reason == "read as a convolution kernel: (height, width, in, out)"
        assert found.drawn.shape == (3, 3, 1, 16)
        assert summarize(second).title == "16 filters of 3 × 3 over 16 channels"
        assert summarize(digits.model.get_layer("logits").kernel).role == "matrix"
        assert summarize(digits.model.get_layer("logits").bias).role == "values"

    def test_the_gradient_of_a_kernel_is_read_as_one(self, tf, digits):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(digits.model(digits.images[:32]) ** 2)
        gradient = tape.gradient(loss, digits.model.get_layer("conv1").kernel)
        assert summarize(gradient).role == "kernel"

    @pytest.mark.parametrize(
        ("layer", "shape", "title"),
        [
            ("Conv1D", (None, 16), "8 filters of 5 over 16 channels"),
            ("DepthwiseConv2D", (None, None, 32), "32 filters of 5 × 5, one a channel"),
            ("Conv2DTranspose", (None, None, 3), "3 filters of 5 × 5 over 8 channels"),
        ],
    )
    def test_kernels_of_other_layers(self, tf, layer, shape, title):
        arguments = (5,) if layer == "DepthwiseConv2D" else (8, 5)
        made = getattr(tf.keras.layers, layer)(*arguments)
        made.build((None, *shape))
        assert summarize(made.kernel).title == title

    def test_a_stack_of_weights_is_a_kernel_by_its_name_alone(self):
        stack = RANDOM.normal(size=(4, 64, 64)).astype(np.float32)
        assert role_of(stack, weights=True).name == "other"
        assert role_of(stack, weights=True, name="experts/weights").name == "other"
        assert role_of(stack, weights=True, name="conv1d/kernel").name == "kernel"

    def test_embeddings_by_the_name_of_a_variable(self, tf):
        layer = tf.keras.layers.Embedding(500, 32)
        layer.build((None,))
        found = summarize(layer.embeddings)
        assert (found.role, found.title) == ("embeddings", "embeddings, 500 vectors of 32")
        assert found.reason == "read as embeddings: by its name"
        assert summarize(tf.Variable(tf.ones((500, 32)), name="token_embedding")).role == "embeddings"
        assert summarize(tf.Variable(tf.ones((1, 197, 64)), name="position_embedding")).role == "embeddings"
        assert summarize(tf.Variable(tf.ones((500, 32)), name="table")).role == "matrix"

    def test_other_weights_of_an_embedding_layer_are_none(self):
        kernel = RANDOM.normal(size=(7, 7, 3, 64)).astype(np.float32)
        assert role_of(kernel, weights=True, name="patch_embedding/kernel").name == "kernel"
        assert role_of(RANDOM.normal(size=(64, 64)), weights=True, name="patch_embedding/kernel").name == "matrix"
        assert role_of(RANDOM.normal(size=128), weights=True, name="patch_embedding/bias").name == "other"


class TestTheRest:
    @pytest.mark.parametrize(
        ("values", "role"),
        [
            (np.float32(3.5), "scalar"),
            (np.zeros((0, 3)), "empty"),
            (np.array([b"a"], object), "text"),
            (np.array(["2020-01-01"], "M8[D]"), "times"),
            (np.ones((3, 4), np.complex64), "values"),
            (np.ones((30, 4), np.complex64), "complex"),
            (np.arange(64).reshape(8, 8), "values"),
            (RANDOM.normal(size=(5, 13)), "matrix"),
            (RANDOM.normal(size=(2, 3, 4, 5)), "other"),
            (np.full((9, 9), np.nan), "matrix"),
        ],
        ids=["scalar", "empty", "text", "dates", "few complex", "many complex", "64 integers", "65 floats", "rank 4",
             "only NaN"],
    )  # fmt: skip
    def test_plain_values(self, values, role):
        assert role_of(values).name == role


DTYPES = (
    "bool", "uint8", "int8", "int64", "uint64", "float16", "float32", "float64", "complex64", "complex128",
    "bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4",
)  # fmt: skip
SPECIAL = (0.0, 1.0, -1.0, 0.5, 255.0, 256.0, 1e30, -1e30, 5e-324, math.nan, math.inf, -math.inf)


@st.composite
def arrays(draw, min_dims: int = 0) -> np.ndarray:
    """Draws arrays of any dtype and shape: noise, a few special numbers, smooth planes, shares, zeros and ones."""
    shape = draw(hnp.array_shapes(min_dims=min_dims, max_dims=5, min_side=0 if min_dims == 0 else 1, max_side=9))
    if draw(st.booleans()):
        shape = draw(
            st.sampled_from([(12, 12), (9, 9, 9), (3, 20, 14), (2, 10, 10, 3), (70,), (70, 1), (90, 3), (30, 9)])
        )
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = {
        "noise": lambda: random.normal(0, draw(st.sampled_from([0.1, 1, 9, 1e6])), shape),
        "special": lambda: random.choice(draw(st.lists(st.sampled_from(SPECIAL), min_size=1, max_size=4)), shape),
        "smooth": lambda: np.sin(np.indices(shape).sum(axis=0) / 9.0) if shape else np.array(0.3),
        "shares": lambda: softmax(random.normal(size=shape)) if shape and shape[-1] else np.zeros(shape),
        "one-hot": lambda: (random.random(shape) > 0.8) * 1.0,
        "whole": lambda: random.integers(0, draw(st.sampled_from([2, 9, 256, 2**31])), shape),
    }[draw(st.sampled_from(["noise", "special", "smooth", "shares", "one-hot", "whole"]))]()
    name = draw(st.sampled_from(DTYPES))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(as_dtype(np.asarray(values), name))


def views(array: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the same values in other orders of memory."""
    wide = np.repeat(array, 2, axis=-1)[..., ::2]
    backwards = np.ascontiguousarray(array[::-1])[::-1]
    return {
        "Fortran": np.asfortranarray(array),
        "every other": wide,
        "backwards": backwards,
        "turned": np.ascontiguousarray(array.T).T,
        "read-only": np.broadcast_to(array, array.shape),
    }


class TestAnyArray:
    @settings(max_examples=400, deadline=None)
    @given(array=arrays(), weights=st.booleans(), name=st.sampled_from(["", "embedding", "conv/kernel"]))
    def test_it_has_a_role_of_the_list_and_a_reason_for_a_title(self, array, weights, name):
        role = role_of(array, weights=weights, name=name)
        assert role.name in ROLES
        assert bool(role.title) <= bool(role.reason)
        assert role.drawn is None or role.drawn.size == array.size
        assert "\n" not in role.title + role.reason
        assert role_of(array, weights=weights, name=name) == role

    @settings(max_examples=150, deadline=None)
    @given(array=arrays(min_dims=1))
    def test_the_order_of_memory_does_not_matter(self, array):
        expected = role_of(array)
        for name, view in views(array).items():
            found = role_of(view)
            assert found == expected, name
            if expected.drawn is not None:
                assert found.drawn.shape == expected.drawn.shape
                assert found.drawn.astype(complex).tobytes() == expected.drawn.astype(complex).tobytes()

    @settings(max_examples=50, deadline=None)
    @given(array=arrays(min_dims=1), hidden=st.floats(0, 1))
    def test_masked_arrays_too(self, array, hidden):
        mask = np.random.default_rng(0).random(array.shape) < hidden
        role = role_of(np.ma.MaskedArray(array, mask))
        assert role.name in {"values", "matrix", "series", "other", "empty"}

    @pytest.mark.parametrize("what", [*REAL, *NEAR_MISSES])
    def test_a_view_of_what_is_real_is_read_as_its_copy(self, digits, photos, tf, what):
        made = REAL[what][0](digits, photos, tf) if what in REAL else NEAR_MISSES[what][0](np.random.default_rng(1))
        expected = role_of(made)
        for name, view in views(made).items():
            assert role_of(view) == expected, name
        turned = made.T
        assert role_of(turned) == role_of(np.ascontiguousarray(turned))

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 2**32 - 1))
    @pytest.mark.parametrize(
        ("what", "left"),
        {
            "softmax of a batch": {"matrix"},
            "one-hot targets": {"matrix"},
            "photos around zero": {"other"},
            "photos standardised": {"other"},
            "photos resized": {"other"},
            "photos with channels first": {"other"},
            "one photo standardised": {"other"},
            "a grey photo": {"matrix"},
            "grey photos": {"other"},
            "a mask": {"matrix"},
            "masks": {"other"},
            "confusion by TensorFlow": {"matrix"},
            "confusion over all": {"matrix"},
            "attention": {"other"},
            "attention of one head": {"matrix"},
            "correlations of features": {"matrix"},
            "vectors of length 1": {"matrix"},
            "sines": {"matrix"},
            "stereo": {"matrix"},
            "logits of a digit that is sure": {"logits", "values"},
            "labels": {"labels"},
        }.items(),
    )
    def test_shuffled_numbers_are_nothing_special(self, digits, photos, tf, what, left, seed):
        """What makes a role is how the numbers stand beside each other, not that there are such numbers."""
        made = REAL[what][0](digits, photos, tf)
        if made.size > 2**16:
            rows, columns = slice(200, 260), slice(200, 250)
            made = made[..., rows, columns, :] if made.shape[-1] == 3 else made[..., rows, columns]
        shuffled = np.random.default_rng(seed).permutation(made.ravel()).reshape(made.shape)
        assert role_of(shuffled).name in left


MOST_MEMORY = 40 * 2**20
"""Bytes for 2^18 values in float64, their differences, squares and a few more copies of them."""

ENORMOUS = 10**11


def shares_of_a_row() -> np.ndarray:
    return softmax(np.random.default_rng(0).normal(size=(1, 10)))


LARGE: dict[str, tuple[Callable[[], np.ndarray], tuple[int, ...], str]] = {
    # what: (a few values, the shape they are repeated to, the role)
    "probabilities": (lambda: np.full((1,), 1e-11), (ENORMOUS,), "probabilities"),
    "a batch": (shares_of_a_row, (ENORMOUS, 10), "probability batch"),
    "very many classes": (lambda: np.array([[1e-11]]), (2, ENORMOUS), "matrix"),
    "one-hot targets": (lambda: np.eye(10)[3:4], (ENORMOUS, 10), "one-hot"),
    "integers": (lambda: np.array([3]), (ENORMOUS,), "other"),
    "bytes": (lambda: np.array([3], np.uint8), (ENORMOUS,), "other"),
    "series": (lambda: np.array([3.0]), (ENORMOUS,), "series"),
    "a column": (lambda: np.array([[3.0]]), (ENORMOUS, 1), "series"),
    "grey images": (lambda: np.random.default_rng(0).random((1, 28, 28)), (ENORMOUS, 28, 28), "images"),
    "images": (lambda: np.random.default_rng(0).random((1, 28, 28, 3)), (ENORMOUS, 28, 28, 3), "images"),
    "bytes of images": (lambda: np.zeros((1, 28, 28, 3), np.uint8) + 200, (ENORMOUS, 28, 28, 3), "images"),
    "an image of smooth rows": (lambda: np.linspace(0, 1, 10**5)[None] ** 2, (10**5, 10**5), "image"),
    "channels first": (lambda: np.linspace(0, 1, 10**5)[None] ** 2, (10**4, 3, 10**4, 10**5), "images"),
    "videos": (lambda: np.linspace(0, 1, 10**4)[:, None] ** 2, (9, 9, 10**4, 10**4, 3), "video"),
    "a mask": (lambda: np.arange(10**5)[None] > 100, (10**5, 10**5), "image"),
    "attention": (lambda: np.tril(np.ones((64, 64))) / np.arange(1, 65)[:, None], (10**4, 10**4, 64, 64), "attention"),
    "attention of many examples": (
        lambda: np.tile(np.tril(np.ones((64, 64))) / np.arange(1, 65)[:, None], (1, 4, 1, 1)),
        (10**7, 4, 64, 64),
        "attention",
    ),
    "a square too large for attention": (lambda: np.array([[5e-7]]), (2 * 10**6, 2 * 10**6), "matrix"),
    "embeddings": (lambda: np.eye(16)[None, :1, :].reshape(1, 16) * -1, (ENORMOUS, 16), "embeddings"),
    "wide embeddings": (lambda: np.array([[1e-6]]), (30, 10**12), "matrix"),
    "series side by side": (lambda: np.sin([[1.0, 2.0, 3.0]]), (ENORMOUS, 3), "matrix"),
    "a matrix": (lambda: np.array([[3.0]]), (10**6, 10**6), "matrix"),
    "rank 5": (lambda: np.array([3.0]), (99, 99, 99, 99, 9999), "other"),
}


@pytest.mark.parametrize("what", LARGE)
def test_a_role_is_found_in_a_few_values_however_many_there_are(what):
    """Each of these arrays holds 10^11 values and more, of which any copy would be more than there is memory."""
    make, shape, name = LARGE[what]
    few = make()
    array = np.broadcast_to(few, shape)
    known = compute_statistics(np.ascontiguousarray(np.broadcast_to(few, (*few.shape[:-1], shape[-1])))
                               if shape[-1] < 10**5 else few)  # fmt: skip
    times = array.size // known.size
    statistics = dataclasses.replace(known, size=array.size, seen=array.size, zeros=known.zeros * times)
    tracemalloc.start()
    try:
        role = read_role(array, statistics)
        weights = read_role(array, statistics, weights=True, name="embedding")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert role.name == name
    assert weights.name in {"other", "matrix", "embeddings", "kernel"}
    assert peak < MOST_MEMORY
    assert role.drawn is None or (role.drawn.size == array.size and np.may_share_memory(role.drawn, few))


class TestSampledStatistics:
    """Statistics of a large array may be those of a part, which has not seen what is rare."""

    @pytest.mark.parametrize("rare", [-1, 2**60])
    def test_a_rare_integer_that_the_sample_missed_does_not_break_the_reading(self, rare):
        labels = np.random.default_rng(0).integers(0, 10, 10**6)
        labels[100_000] = rare
        statistics = compute_statistics(labels, 0.0)
        assert not statistics.exact
        assert (statistics.minimum, statistics.maximum) == (0, 9), "the sample has seen it: take another seed"
        assert read_role(labels, statistics).name == "other"

    def test_how_many_were_looked_at_is_said(self):
        labels = np.random.default_rng(0).integers(0, 10, 10**6)
        assert "10 distinct in the first 262 144, 0 … 9" in read_role(labels, compute_statistics(labels, 0.0)).reason


def readme_rows() -> dict[str, list[str]]:
    """Returns by what each role is recognised, its picture and how it is drawn otherwise, as the README says it."""
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.split("### What is recognised, and by what\n")[1].split("\n### ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


OTHER_EXAMPLES: dict[str, Callable] = {
    "scalar": lambda d, p, tf: tf.constant(3.0),
    "empty": lambda d, p, tf: tf.zeros((0, 3)),
    "values": lambda d, p, tf: tf.constant([1, 2, 3]),
    "kernel": lambda d, p, tf: d.model.get_layer("conv1").kernel,
    "history": lambda d, p, tf: d.history,
    "text": lambda d, p, tf: tf.constant(["a", "b"]),
    "ragged": lambda d, p, tf: tf.RaggedTensor.from_row_lengths(tf.range(200), [50, 0, 100, 30, 20]),
    "sparse": lambda d, p, tf: tf.sparse.from_dense(d.images.reshape(360, 64)),
    "rows": lambda d, p, tf: tf.IndexedSlices(tf.ones((20, 30)), tf.range(20), tf.constant([40, 30])),
    "times": lambda d, p, tf: np.arange(100).astype("M8[h]"),
    "records": lambda d, p, tf: np.zeros(3, [("a", "i4"), ("b", "f4")]),
    "objects": lambda d, p, tf: np.array([1, None], object),
    "other": lambda d, p, tf: tf.constant(d.logits.reshape(6, 5, 3, 40)),
    "maps": lambda d, p, tf: tf.constant(p[..., :1] * np.float32(0.3)),
    "absent": lambda d, p, tf: tf.keras.Input((3,)),
}
"""A value of each role that no array above has."""


class TestTableOfTheReadme:
    """What the README says is recognised, it is, and is drawn as it says."""

    def test_every_role_has_a_row_and_every_row_a_role(self):
        assert list(readme_rows()) == list(ROLES)
        assert all(how for how, *_ in readme_rows().values())

    @pytest.mark.parametrize("role", ROLES)
    def test_the_picture_is_the_one_that_is_said(self, digits, photos, tf, role):
        examples = [make for make, name, *_ in REAL.values() if name == role] or [OTHER_EXAMPLES[role]]
        _, picture, otherwise = readme_rows()[role]
        options = TensorDisplay().options()
        able: set[str] = {"gallery"} if role == "probability batch" else set()  # where images are given
        for make in examples:
            summary = summarize(make(digits, photos, tf))
            assert summary.role == role
            plot = choose_plot(summary, options)
            assert re.findall("`(.*?)`", picture) == ([] if plot is None else [plot.name])
            able |= set(able_plots(summary, options))
        assert {kind for kind in re.findall("`(.*?)`", otherwise) if not kind.startswith("-")} <= able


class TestWhatOnlyLooksAlike:
    @pytest.mark.parametrize("values", [np.sin(np.linspace(0, 6, 50)) * 3.5, np.linspace(-4, 4, 40) ** 3])
    def test_a_smooth_curve_is_no_list_of_logits(self, values):
        assert role_of(values).name == "values"

    @pytest.mark.parametrize("values", [np.ones((20, 20)), np.outer(*[np.resize([1.0, -1.0], 20)] * 2)])
    def test_ones_are_no_correlations(self, values):
        assert role_of(values).name == "matrix"

    def test_targets_of_two_classes_are_labels_as_floats_too(self):
        targets = (np.arange(100) % 3 == 0).astype(np.float32)
        role = role_of(targets)
        assert (role.name, role.reason) == ("labels", "read as labels: 0 and 1, 2 distinct, 0 … 1")
        np.testing.assert_array_equal(role.drawn, targets)
        assert role_of(targets * 0.5).name == "series"

    def test_a_short_column_of_integers_is_labels_as_a_vector_is(self):
        labels = RANDOM.integers(0, 4, 40)
        assert role_of(labels[:, None]).name == role_of(labels).name == "labels"

    def test_a_depthwise_kernel_has_one_filter_a_channel(self):
        kernel = RANDOM.normal(size=(3, 3, 32, 1)).astype(np.float32)
        numbers = compute_statistics(kernel)
        named = read_role(kernel, numbers, weights=True, name="depthwise_conv2d/kernel")
        assert named.title == "32 filters of 3 × 3, one a channel"
        assert read_role(kernel, numbers, weights=True, name="conv2d/kernel").title.startswith(
            "1 filter of 3 × 3 over 32"
        )

    def test_values_near_the_end_of_float64_are_no_vectors_of_length_1(self):
        huge = RANDOM.normal(size=(30, 12)) * 1e307
        assert role_of(huge).name == "matrix"
