"""What a value is read as, and above all what it is not: a wrong picture misleads, a table does not."""

from __future__ import annotations

import math
import warnings

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import summarize
from tfnp_ext.roles import ROLES, Role, read_role, sum_tolerance
from tfnp_ext.statistics import compute_statistics

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def role_of(array: np.ndarray, *, weights: bool = False) -> Role:
    array = np.asarray(array)
    return read_role(array, compute_statistics(array) if array.size else None, weights=weights)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


class TestProbabilities:
    @pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16"])
    @pytest.mark.parametrize("classes", [2, 3, 10, 100, 1000])
    def test_a_softmax_of_any_precision_is_read_as_one(self, name, classes):
        shares = softmax(RANDOM.normal(0, 2, classes)).astype(np.dtype(getattr(ml_dtypes, name, name)))
        role = role_of(shares)
        assert role.name == "probabilities"
        assert role.reason.startswith("read as class probabilities: none negative, sum ")

    def test_two_equal_shares_are_probabilities_and_the_reason_is_said(self):
        role = role_of(np.float32([0.5, 0.5]))
        assert (role.name, role.reason) == (
            "probabilities", "read as class probabilities: none negative, sum 1.000",
        )  # fmt: skip

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

    def test_the_tolerance_is_rounding_and_no_more(self):
        assert sum_tolerance(np.dtype("float32"), 10) == 1e-3
        assert 1e-3 < sum_tolerance(np.dtype(ml_dtypes.bfloat16), 1000) <= 0.05


class TestLogitsAndSeries:
    def test_a_few_large_numbers_of_both_signs_are_logits(self):
        role = role_of(np.float32([-4.1, 3.3, 0.2, -2.0, 5.5, -1.2, 0.5, 1.5, -0.5]))
        assert (role.name, role.title) == ("logits", "logits")

    @pytest.mark.parametrize("count", [4, 5, 8])
    def test_what_stands_in_the_headline_is_not_read_as_logits(self, count):
        assert role_of(np.float32([-4.1, 3.3, 0.2, -2.0, 5.5, -1.2, 0.5, 1.5][:count])).name == "values"

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
        assert role_of(RANDOM.normal(size=(200, 1))).name == "series"
        assert role_of(RANDOM.normal(size=(1, 200))).name == "series"

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
    def test_floats_in_the_range_of_pixels(self, low, high, limits):
        role = role_of(RANDOM.uniform(low, high, (20, 30, 3)).astype(np.float32))
        assert (role.name, role.limits) == ("image", limits)

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

    def test_variables_are_weights(self, tf):
        pixels = RANDOM.uniform(0, 1, (28, 28)).astype(np.float32)
        assert summarize(tf.constant(pixels)).role == "image"
        assert summarize(tf.Variable(pixels)).role == "matrix"
        assert summarize(tf.keras.Variable(pixels)).role == "matrix"

    def test_what_is_not_finite_does_not_turn_a_picture_into_an_error(self):
        pixels = RANDOM.uniform(0, 1, (28, 28)).astype(np.float32)
        pixels[3, 3] = np.nan
        assert role_of(pixels).name in {"image", "matrix"}


class TestTheRest:
    @pytest.mark.parametrize(
        ("values", "role"),
        [
            (np.float32(3.5), "scalar"),
            (np.zeros((0, 3)), "empty"),
            (np.array([b"a"], object), "text"),
            (np.array(["2020-01-01"], "M8[D]"), "other"),
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

    @settings(max_examples=150, deadline=None)
    @given(
        array=st.sampled_from(["bool", "uint8", "int64", "uint64", "float16", "float32", "complex64"]).flatmap(
            lambda name: hnp.arrays(name, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
        ),
        weights=st.booleans(),
    )
    def test_every_array_has_a_role_of_the_list_and_a_reason_for_a_title(self, array, weights):
        role = role_of(array, weights=weights)
        assert role.name in ROLES
        assert bool(role.title) <= bool(role.reason)
        assert role.drawn is None or role.drawn.size == array.size
        assert role_of(array, weights=weights) == role
