"""``summarize``: facts, numbers, role and reason of one value, in agreement with what ``to_numpy`` gives."""

from __future__ import annotations

import dataclasses
import math
import re
import warnings

import ml_dtypes
import numpy as np
import pytest

from tfnp_ext import ConversionError, OptionError, summarize, to_numpy, wording
from tfnp_ext.adapters import Absent, Dense
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import numbers
from tfnp_ext.plots.lengths import MOST_ROWS
from tfnp_ext.statistics import BLOCK
from tfnp_ext.summary import with_softmax


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_of_a_tensor(tf):
    summary = summarize(tf.constant([[1.0, -2.0], [0.0, math.nan]]))
    assert (summary.kind, summary.name, summary.shape, summary.dtype) == ("Tensor", "", (2, 2), "float32")
    assert (summary.device, summary.nbytes, summary.state, summary.shares_memory) == ("CPU", 16, "view", True)
    assert (summary.role, summary.title) == ("values", "")
    assert (summary.statistics.minimum, summary.statistics.maximum, summary.statistics.nans) == (-2, 1, 1)
    assert summary.statistics.first_invalid == (1, 1)


@pytest.mark.parametrize("name", ["bool", "uint8", "int64", "float16", "float64", "bfloat16", "complex64"])
@pytest.mark.parametrize("shape", [(), (5,), (7, 9), (2, 3, 4, 5)], ids=str)
def test_its_numbers_are_those_of_the_array(tf, name, shape):
    values = np.random.default_rng(0).normal(0, 3, shape)
    array = np.abs(np.asarray(values)).astype(np.dtype(getattr(ml_dtypes, name, name)))
    summary = summarize(tf.constant(array))
    wide = np.abs(array).astype(np.float64) if name.startswith("complex") else array.astype(np.float64)
    found = summary.statistics
    assert (found.minimum, found.maximum, found.zeros) == (wide.min(), wide.max(), int((wide == 0).sum()))
    assert (found.mean, found.std) == pytest.approx((wide.mean(), wide.std()), rel=1e-6, abs=1e-9)
    assert summary.content.array.tobytes() == array.tobytes()


def test_it_is_frozen(tf):
    with pytest.raises(dataclasses.FrozenInstanceError):
        summarize(tf.constant(1)).role = "image"


def test_it_looks_and_copies_nothing(tf):
    tensor = tf.constant(np.arange(10.0))
    assert np.shares_memory(summarize(tensor).content.array, np.asarray(tensor))
    assert summarize(tensor) == summarize(tensor)


@pytest.mark.parametrize(
    ("make", "kind", "role"),
    [
        (lambda tf: tf.Variable([1.0, 2.0], name="v"), "Variable", "values"),
        (lambda tf: tf.keras.Variable([1.0, 2.0], name="v"), "Variable", "values"),
        (lambda tf: tf.constant(["a"]), "Tensor", "text"),
        (lambda tf: tf.zeros((0, 3)), "Tensor", "empty"),
        (lambda tf: tf.constant(1.5), "Tensor", "scalar"),
        (lambda tf: tf.ragged.constant([[1], []]), "RaggedTensor", "ragged"),
        (lambda tf: tf.sparse.from_dense([[1, 0]]), "SparseTensor", "sparse"),
        (lambda tf: tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])), "IndexedSlices", "rows"),
        (lambda tf: tf.keras.Input((3,)), "KerasTensor", "absent"),
        (lambda tf: tf.make_tensor_proto([1.0]), "TensorProto", "values"),
        (lambda tf: np.arange(3), "ndarray", "values"),
        (lambda tf: np.float32(2), "NumPy scalar", "scalar"),
    ],
    ids=["variable", "Keras variable", "strings", "empty", "scalar", "ragged", "sparse", "slices", "symbol", "proto",
         "ndarray", "NumPy scalar"],
)  # fmt: skip
def test_every_kind_has_a_summary(tf, make, kind, role):
    summary = summarize(make(tf))
    assert (summary.kind, summary.role) == (kind, role)


def test_of_ragged_sparse_and_slices_the_numbers_are_of_what_is_stored(tf):
    assert summarize(tf.ragged.constant([[3, 1], [], [5]])).statistics.maximum == 5
    sparse = tf.sparse.SparseTensor([[0, 0], [5, 5]], [2.0, -1.0], (10**6, 10**6))
    assert (summarize(sparse).statistics.minimum, summarize(sparse).statistics.size) == (-1, 2)
    assert summarize(tf.IndexedSlices(tf.ones((2, 3)), tf.constant([0, 9]))).statistics.size == 6


def test_a_symbol_says_when_it_has_a_value(tf):
    summary = summarize(tf.keras.Input((3,), name="x"))
    assert isinstance(summary.content, Absent)
    assert summary.reason == "outside the model: call it on data"
    assert (summary.statistics, summary.nbytes, summary.shares_memory) == (None, None, None)


def test_a_role_has_a_title_and_a_reason(tf):
    summary = summarize(tf.constant([[0.102, 0.197, 0.701]]))
    assert (summary.role, summary.title) == ("probabilities", "class probabilities")
    assert summary.reason == "read as class probabilities: none negative, sum 1.000"
    assert summary.drawn.shape == (3,)
    assert summary.shape == (1, 3)


def test_beyond_the_budget_the_numbers_are_of_a_sample():
    array = np.random.default_rng(0).normal(size=8 * BLOCK)
    found = summarize(array, budget_ms=0.0).statistics
    assert (found.size, found.seen) == (8 * BLOCK, BLOCK)
    assert not found.exact
    assert summarize(array, budget_ms=60_000.0).statistics.exact


def test_a_part_of_the_budget_is_left_for_the_picture(monkeypatch):
    given = []
    monkeypatch.setattr("tfnp_ext.summary.compute_statistics", lambda array, budget: given.append(budget))
    summarize(np.arange(3), budget_ms=1000.0)
    assert 500 < given[0] < 800


def said(block) -> str:
    return " | ".join(" ".join(getattr(span, "text", "▁") for span in item) for item in block.items)


class TestLineOfNumbers:
    """What is counted beside the statistics is bounded, and a sample never passes for the whole."""

    MANY = 2**18 + 1

    def test_a_sample_names_no_places_of_the_whole(self):
        array = np.random.default_rng(0).normal(size=8 * BLOCK).cumsum()
        exact, sampled = (
            numbers.line(summarize(array, budget_ms=ms), TensorDisplay().options()) for ms in (60_000.0, 0.0)
        )
        assert "at min [" in said(exact)
        assert "at min [" not in said(sampled)
        assert f"from {wording.integer(BLOCK)} of {wording.integer(8 * BLOCK)}" in said(sampled)

    def test_complex_numbers_of_a_sample_name_no_largest(self):
        summary = summarize(np.arange(8 * BLOCK) * 1j, budget_ms=0.0)
        assert "largest" not in said(numbers.line(summary, TensorDisplay().options()))

    def test_the_first_invalid_of_a_sample_is_the_first_seen(self):
        array = np.full(8 * BLOCK, np.nan)
        assert "first seen at" in said(numbers.warning(summarize(array, budget_ms=0.0)))
        assert "first at" in said(numbers.warning(summarize(array, budget_ms=60_000.0)))

    def test_a_sample_of_nothing_but_nan_says_that_it_is_one(self):
        line = numbers.line(summarize(np.full(8 * BLOCK, np.nan), budget_ms=0.0), TensorDisplay().options())
        assert said(line) == f"from {wording.integer(BLOCK)} of {wording.integer(8 * BLOCK)}"

    def test_nothing_but_nan_has_no_line(self):
        assert numbers.line(summarize(np.full(100, np.nan)), TensorDisplay().options()) is None

    @pytest.mark.parametrize("count", [100, MANY], ids=str)
    def test_empty_rows_of_a_sparse_tensor(self, tf, count):
        places = np.stack([np.arange(count), np.zeros(count, np.int64)], 1)
        value = tf.SparseTensor(places, tf.random.normal((count,)), (2 * count, 3))
        assert ("empty rows" in said(numbers.line(summarize(value), TensorDisplay().options()))) == (count == 100)

    @pytest.mark.parametrize("count", [100, MANY], ids=str)
    def test_distinct_rows_of_slices(self, tf, count):
        value = tf.IndexedSlices(tf.random.normal((count, 1)), tf.range(count))
        assert ("distinct" in said(numbers.line(summarize(value), TensorDisplay().options()))) == (count == 100)

    def test_many_rows_of_a_ragged_tensor_are_sampled(self, tf):
        value = tf.RaggedTensor.from_row_splits(tf.range(MOST_ROWS + 1), tf.range(MOST_ROWS + 2))
        line = said(numbers.line(summarize(value), TensorDisplay().options()))
        assert f"from {wording.integer(2**18)} of {wording.integer(MOST_ROWS + 1)} rows" in line
        assert "row lengths 1 | median 1" in line
        assert "empty rows" not in line

    def test_rows_of_strings_have_lengths_too(self, tf):
        value = tf.ragged.constant([["a", "b"], [], ["c"]] * 10)
        line = said(numbers.line(summarize(value), TensorDisplay().options()))
        assert line == "row lengths 0 … 2 | median 1 | empty rows 10"

    @pytest.mark.parametrize(
        ("places", "words"),
        [
            ([[0, 1], [0, 2], [3, 0]], "order sorted"),
            ([[0, 2], [0, 1], [3, 0]], "order not sorted"),
            ([[0, 1], [0, 1], [3, 0]], "order sorted | repeated 1 entry"),
            ([[3, 0], [0, 1], [3, 0], [0, 1]], "order not sorted | repeated 2 entries"),
        ],
        ids=str,
    )
    def test_the_order_of_sparse_entries_and_places_that_occur_twice(self, tf, places, words):
        value = tf.SparseTensor(places, tf.ones(len(places)), (4, 3))
        assert said(numbers.line(summarize(value), TensorDisplay().options())).endswith(words)

    def test_many_strings_are_sampled(self):
        array = np.array([b"a", b"", b"\xff", b"bcd"] * 2**15, object)
        line = said(numbers.line(summarize(array), TensorDisplay().options(budget_ms=0.0)))
        assert re.search(rf"from [\d ]+ of {wording.integer(2**17)}", line)
        assert "lengths seen 0 … 3 bytes" in line
        assert "not UTF-8" in line
        assert "distinct" not in line

    def test_long_strings_are_not_decoded(self):
        line = said(numbers.line(summarize(np.array([b"\xff" * 2**24, b"a"], object)), TensorDisplay().options()))
        assert "lengths 1 … 16 777 216 bytes" in line.replace("\u202f", " ").replace("\u2009", " ").replace("\xa0", " ")
        assert "distinct" not in line

    def test_a_vector_of_very_many_shares_has_the_line_of_numbers(self):
        summary = summarize(np.full(2**19, 2.0**-19))
        assert "top" not in said(numbers.line(summary, TensorDisplay().options()))

    def test_masked_values_are_counted(self):
        array = np.ma.masked_array(np.arange(100.0), np.arange(100) % 4 == 0)
        assert "masked 25" in said(numbers.line(summarize(array), TensorDisplay().options()))


@pytest.mark.parametrize("value", ["text", 5, object(), {"a": "set"}.keys()], ids=repr)
def test_what_is_no_tensor_is_refused(value):
    with pytest.raises(ConversionError, match="not tensor-like"):
        summarize(value)


class TestOfAConversion:
    """``%tonumpy`` shows what it gives back: the headline tells view from copy, and the new dtype."""

    def test_a_view_and_a_copy(self, tf):
        tensor = tf.constant([1.0, 2.0])
        for copy, state in ((None, "view"), (False, "view"), (True, "copy")):
            summary = summarize(tensor, result=to_numpy(tensor, copy=copy))
            assert (summary.kind, summary.state, summary.shares_memory) == ("Tensor", state, state == "view")

    def test_a_cast(self, tf):
        variable = tf.Variable([1.0, 2.0], name="v")
        summary = summarize(variable, result=to_numpy(variable, dtype="int32", casting="unsafe"))
        assert (summary.kind, summary.name, summary.dtype, summary.nbytes) == ("Variable", "v", "int32", 8)
        assert (summary.state, summary.device) == ("copy", "CPU")
        assert isinstance(summary.content, Dense)
        assert summary.content.array.dtype == np.int32
        assert summary.statistics.maximum == 2

    def test_a_cast_of_weights_is_still_no_image(self, tf):
        variable = tf.Variable(np.random.default_rng(0).uniform(0, 1, (28, 28)).astype(np.float32))
        assert summarize(variable, result=to_numpy(variable, dtype="float64")).role == summarize(variable).role

    def test_an_empty_view_is_told_as_what_it_is(self, tf):
        tensor = tf.zeros((0, 3))
        assert summarize(tensor, result=to_numpy(tensor)).role == "empty"

    def test_decoded_strings(self, tf):
        tensor = tf.constant(["naïve"])
        summary = summarize(tensor, result=to_numpy(tensor, dtype=str))
        assert (summary.kind, summary.role, summary.state) == ("Tensor", "text", "copy")


class TestSoftmax:
    @pytest.mark.parametrize("shape", [(10,), (1, 10), (32, 10)], ids=str)
    def test_it_is_tensorflow_s_own(self, tf, shape):
        logits = np.random.default_rng(0).normal(0, 5, shape).astype(np.float32)
        summary = with_softmax(summarize(tf.constant(logits)))
        expected = tf.nn.softmax(logits).numpy().reshape(summary.drawn.shape)
        assert summary.drawn == pytest.approx(expected, rel=1e-5)
        assert summary.role == ("probability batch" if shape == (32, 10) else "probabilities")
        assert summary.title.startswith("softmax of logits")
        assert "as asked" in summary.reason

    def test_large_logits_do_not_overflow(self):
        assert with_softmax(summarize(np.array([1e4, 0.0, -1e4]))).drawn.tolist() == [1, 0, 0]

    def test_the_value_itself_is_unchanged(self, tf):
        tensor = tf.constant([1.0, 2.0, 4.0])
        summary = with_softmax(summarize(tensor))
        assert summary.content.array.tolist() == [1, 2, 4]
        assert (summary.shape, summary.dtype) == ((3,), "float32")

    @pytest.mark.parametrize(
        "value",
        [np.float32(1), np.ones((2, 3, 4)), np.ones(3, np.complex64), np.array([b"a"], object), np.array([1.0, np.nan]),
         np.ones((5, 1)), np.zeros(0)], ids=lambda value: f"{value.dtype}-{value.shape}",
    )  # fmt: skip
    def test_what_has_no_softmax_is_refused(self, value):
        with pytest.raises(OptionError, match="softmax needs"):
            with_softmax(summarize(value))
