"""Specs and shapes: what a card and a tree say of values that there are none of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import to_numpy
from tfnp_ext.display import mimebundle
from tfnp_ext.errors import ConversionError


def text_of(value) -> str:
    return mimebundle(value)["text/plain"]


class TestRaggedShapes:
    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ([[1], [2, 3]], "(2, None)   lengths on axis 1: 1, 2"),
            ([[], [1]], "(2, None)   lengths on axis 1: 0, 1"),
            ([[1]] * 9, "(9, None)   lengths on axis 1: 1"),
            ([[1, 2]] * 9 + [[]], "(10, None)   lengths on axis 1: 0 … 2"),
            ([[[1], [2, 3]], []], "(2, None, None)\n      lengths on axis 1: 2, 0 · lengths on axis 2: 1, 2"),
        ],
        ids=["two rows", "an empty row", "many alike", "many", "two ragged axes"],
    )
    def test_a_card_says_the_shape_and_how_long_the_rows_are(self, tf, rows, said):
        shape = tf.experimental.DynamicRaggedShape.from_tensor(tf.ragged.constant(rows))
        assert text_of(shape) == f"DynamicRaggedShape {said}\nit describes values and holds none"

    def test_that_of_a_dense_tensor_is_its_shape(self, tf):
        shape = tf.experimental.DynamicRaggedShape.from_tensor(tf.ones((2, 3)))
        assert text_of(shape).startswith("DynamicRaggedShape (2, 3)\n")

    def test_its_spec_has_a_card_too(self, tf):
        shape = tf.experimental.DynamicRaggedShape.from_tensor(tf.ragged.constant([[1], [2, 3]]))
        assert text_of(tf.type_spec_from_value(shape)).startswith("DynamicRaggedShape.Spec (2, None)\n")

    @settings(max_examples=25)
    @given(st.lists(st.integers(0, 4), min_size=1, max_size=8))
    def test_lengths_are_those_of_the_rows(self, tf, lengths):
        ragged = tf.RaggedTensor.from_row_lengths(tf.range(sum(lengths)), lengths)
        said = text_of(tf.experimental.DynamicRaggedShape.from_tensor(ragged))
        assert f"({len(lengths)}, None)" in said
        assert f"lengths on axis 1: {', '.join(map(str, lengths))}\n" in said

    @pytest.mark.parametrize("spec", ["ragged", "of any rank"])
    def test_inside_a_function_it_says_what_is_known(self, tf, spec):
        said = []

        @tf.function(
            input_signature=[tf.RaggedTensorSpec((None, None)) if spec == "ragged" else tf.TensorSpec(None)],
            autograph=False,
        )
        def look(x):
            said.append(text_of(tf.experimental.DynamicRaggedShape.from_tensor(x)))
            return tf.constant(0)

        look.get_concrete_function()
        dimensions = " (None, None)" if spec == "ragged" else ""
        assert said == [f"DynamicRaggedShape{dimensions}\nit describes values and holds none"]

    def test_that_of_many_rows_is_refused_in_a_short_sentence(self, tf):
        shape = tf.experimental.DynamicRaggedShape.from_tensor(tf.ragged.constant([[1], [2, 3]] * 500))
        with pytest.raises(ConversionError, match="describes values and holds none") as refusal:
            to_numpy(shape)
        assert len(str(refusal.value)) < 200


class TestSpecs:
    def test_a_card_has_the_name(self, tf):
        assert text_of(tf.TensorSpec((2,), name="image")).startswith("TensorSpec image (2,) float32\n")

    def test_in_a_tree_each_has_its_shape_and_dtype(self, tf):
        nest = {
            "dense": tf.TensorSpec((None, 2), tf.int8, name="image"),
            "any rank": tf.TensorSpec(None, tf.string),
            "ragged": tf.RaggedTensorSpec((None, None), tf.int32),
            "sparse": tf.SparseTensorSpec((2, None), tf.float64),
            "shape": tf.TensorShape((2, None)),
            "ragged shape": tf.experimental.DynamicRaggedShape.from_tensor(tf.ragged.constant([[1], [2, 3]])),
            "dataset": tf.data.DatasetSpec(tf.TensorSpec(())),
            "dtype": tf.float32,
            "tensor": tf.constant(1.0),
        }
        lines = text_of(nest).splitlines()[1:-1]
        said = [line.removeprefix(name).strip() for name, line in zip([*nest][:-1], lines, strict=True)]
        assert said == [
            "TensorSpec image (None, 2) int8",
            "TensorSpec (…) string",
            "RaggedTensorSpec (None, None) int32",
            "SparseTensorSpec (2, None) float64",
            "TensorShape (2, None)",
            "DynamicRaggedShape (2, None)",
            "DatasetSpec",
            "tf.float32",
        ]
