"""The truth of predictions, read from whatever users keep it in; what cannot be read is one sentence."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from tfnp_ext.config import TensorDisplay
from tfnp_ext.errors import OptionError
from tfnp_ext.plots.truth import read_truth

DIGITS = load_digits().target[:50]
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read(truth, classes=10, examples=50, **options):
    return read_truth(truth, classes, examples, TensorDisplay().options(**options))


class TestWhatIsTaken:
    @pytest.mark.parametrize(
        "keep",
        [
            lambda tf: DIGITS,
            lambda tf: DIGITS.astype(np.uint8),
            lambda tf: DIGITS.astype(ml_dtypes.uint4),
            lambda tf: DIGITS.astype(float),
            lambda tf: DIGITS[:, None],
            lambda tf: DIGITS.tolist(),
            lambda tf: tuple(DIGITS),
            lambda tf: tf.constant(DIGITS),
            lambda tf: tf.Variable(DIGITS),
            lambda tf: [tf.constant(digit) for digit in DIGITS],
            lambda tf: tf.one_hot(DIGITS, 10),
            lambda tf: tf.one_hot(DIGITS, 10, on_value=True, off_value=False, dtype=tf.bool),
            lambda tf: tf.one_hot(DIGITS, 10, dtype=tf.bfloat16),
            lambda tf: tf.one_hot(DIGITS, 10) * 0.9 + 0.01,
            lambda tf: np.eye(10)[DIGITS].tolist(),
        ],
        ids=["int64", "uint8", "uint4", "float64", "column", "list", "tuple", "tensor", "variable", "list of tensors",
             "one-hot", "one-hot bool", "one-hot bfloat16", "smoothed", "nested list"],
    )  # fmt: skip
    def test_classes_in_any_form(self, tf, keep):
        found = read(keep(tf))
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, DIGITS)

    @pytest.mark.parametrize("labels", [NAMES, list(NAMES), dict(enumerate(NAMES)), np.array(NAMES)], ids=type)
    def test_names_in_any_form(self, tf, labels):
        names = [NAMES[digit] for digit in DIGITS]
        for truth in (names, np.array(names), np.array(names, object), tf.constant(names)):
            np.testing.assert_array_equal(read(truth, labels=labels), DIGITS)

    def test_int64_is_not_copied(self):
        assert np.shares_memory(read(DIGITS), DIGITS)

    def test_a_class_not_predicted_is_fine_where_their_number_is_not_known(self):
        assert read([0, 700], None, 2).tolist() == [0, 700]

    @given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
    def test_classes_come_back(self, classes):
        for truth in (classes, np.eye(10)[classes], np.array(classes, np.int8)):
            assert read(truth, 10, len(classes)).tolist() == classes


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("truth", "said"),
        [
            (DIGITS[:23], r"^truth, ndarray \(23,\) int64, has 23 examples for 50 predictions: give one each$"),
            ([3], r"^truth, list \(1,\) int64, has 1 example for 50 predictions: give one each$"),
            (DIGITS + 1, r"^truth, ndarray \(50,\) int64, holds class 10, and the classes are 0 … 9$"),
            (DIGITS - 1, r"holds class -1, and the classes are 0 … 9$"),
            (DIGITS + 0.5, r"float64, holds 0.500: a class is a whole number$"),
            (np.where(DIGITS == 3, np.nan, DIGITS), r"holds nan: a class is a whole number$"),
            (np.eye(12)[DIGITS], r"^truth, ndarray \(50, 12\) float64, has 12 columns for 10 classes$"),
            (np.zeros((50, 10)), r"names no single class in row 0: a row has one largest number$"),
            (np.full((50, 10), np.nan), r"names no single class in row 0"),
            (np.zeros((50, 8, 8)), r"\(50, 8, 8\) float64, is neither a class an example, \[N\], nor one-hot"),
            (7, r"^truth, int, cannot be read: "),
            ("y_test", r"^truth, str, cannot be read: str is not tensor-like"),
            ([[1], [2, 3]], r"^truth, list, cannot be read: "),
            ({"y": DIGITS}, r"^truth, dict, is no array: give one class an example$"),
            (DIGITS * 1j, r"holds no classes: give integers, one-hot rows, or names$"),
            (["cat"] * 50, r"^truth, list \(50,\) str, holds names: give labels too, which number them$"),
        ],
        ids=str,
    )  # fmt: skip
    def test_the_error_names_the_value_and_the_way_out(self, truth, said):
        with pytest.raises(OptionError, match=said) as refused:
            read(truth)
        assert "\n" not in str(refused.value)

    def test_a_name_that_labels_do_not_hold_is_named(self):
        with pytest.raises(OptionError, match=r"holds 'cow', which labels do not: they are 'airplane', .* …$"):
            read(["cow"] * 50, labels=NAMES)

    def test_a_name_that_stands_twice_cannot_be_numbered(self):
        labels = ("crane", *NAMES[1:9], "crane")
        with pytest.raises(OptionError, match=r"holds 'crane', which labels name twice: give the truth as numbers$"):
            read(["crane"] * 50, labels=labels)
        assert read(["bird"] * 50, labels=labels).tolist() == [2] * 50

    def test_several_names_an_example_are_too_many(self):
        with pytest.raises(OptionError, match="holds 2 names an example: give one each"):
            read([["bird", "cat"]] * 50, labels=NAMES)

    def test_symbols_have_no_truth(self, tf):
        with pytest.raises(OptionError, match=r"^truth, KerasTensor, cannot be read: .* has no value yet"):
            read(tf.keras.Input((3,)))

    def test_none_negative_where_their_number_is_not_known(self):
        with pytest.raises(OptionError, match="holds class -1, and the classes count from 0"):
            read([-1, 0], None, 2)
