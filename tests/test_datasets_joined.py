"""How elements are joined where their spec leaves doubt, text among numbers, and datasets in a nest."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tfnp_ext import ConversionError, iter_numpy, to_numpy
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle


@pytest.fixture
def sentences(tf):
    """Three vectors of different lengths that nobody batched."""
    return tf.data.Dataset.from_generator(
        lambda: (np.arange(length) for length in (3, 5, 1)), output_signature=tf.TensorSpec((None,), tf.int64)
    )


@pytest.fixture
def photos_of_many_sizes(tf):
    """Three images of different heights and widths that nobody batched."""
    return tf.data.Dataset.from_generator(
        lambda: (np.full((side, side + 1, 3), side, np.uint8) for side in (3, 5, 1)),
        output_signature=tf.TensorSpec((None, None, 3), tf.uint8),
    )


class TestWithoutABatchStep:
    def test_an_unknown_length_is_a_batch_and_that_is_said(self, sentences, ip, run):
        assert to_numpy(sentences).tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 0]
        ip.user_ns["ds"] = sentences
        assert "batches, since an unknown length leads; join='stack' keeps elements apart" in " ".join(
            run(ip, "%tonumpy ds").text.split()
        ).replace("--join stack", "join='stack'")
        assert "--join stack keeps them apart" in " ".join(mimebundle(sentences)["text/plain"].split())

    def test_who_says_what_becomes_of_ragged_ones_means_elements(self, sentences, photos_of_many_sizes):
        assert to_numpy(sentences, ragged="pad").tolist() == [[0, 1, 2, 0, 0], [0, 1, 2, 3, 4], [0, 0, 0, 0, 0]]
        assert to_numpy(photos_of_many_sizes, ragged="pad").shape == (3, 5, 6, 3)
        assert [image.shape for image in to_numpy(photos_of_many_sizes, ragged="object")] == [
            (3, 4, 3),
            (5, 6, 3),
            (1, 2, 3),
        ]

    def test_batches_of_unequal_widths_stay_batches(self, tf):
        batches = tf.data.Dataset.range(1, 6).map(tf.range).padded_batch(2)
        assert to_numpy(batches, ragged="pad").shape == (5, 5)


class TestABatchStepBeforeAMap:
    """A function that was given batches of 32 may give 32 examples, or one thing of that length."""

    @pytest.fixture
    def products(self, tf):
        rows = tf.data.Dataset.from_tensor_slices(np.ones((96, 5), np.float32)).batch(32, drop_remainder=True)
        return rows.map(lambda batch: batch @ tf.transpose(batch))

    def test_they_are_joined_and_the_doubt_is_said(self, products, ip, run):
        assert to_numpy(products).shape == (96, 32)
        assert to_numpy(products, join="stack").shape == (3, 32, 32)
        ip.user_ns["ds"] = products
        doubt = "batches, since 32 leads, as in the batches before map; --join stack keeps elements apart"
        assert doubt in " ".join(run(ip, "%tonumpy ds").text.split())
        assert "since 32 leads" in mimebundle(products)["text/plain"]

    def test_without_a_map_or_with_an_unknown_length_there_is_none(self, products, tf):
        batches = tf.data.Dataset.range(96).batch(32, drop_remainder=True).prefetch(1).take(2)
        mapped = tf.data.Dataset.range(96).batch(32).map(lambda x: x + 1)
        for sure in (batches, mapped):
            assert "since" not in mimebundle(sure)["text/plain"]
            assert "joined along the first axis" in mimebundle(sure)["text/plain"]


def test_a_last_batch_of_unknown_shape_is_joined(tf):
    dataset = tf.data.Dataset.range(20).map(lambda x: tf.numpy_function(lambda value: value, [x], tf.int64)).batch(8)
    assert to_numpy(dataset).tolist() == list(range(20))


class TestTextAmongNumbers:
    def test_strings_are_decoded_and_numbers_stay(self, tf):
        dataset = tf.data.Dataset.from_tensor_slices((["the cat", "naïve"], [0, 1]))
        for one in (dataset, dataset.batch(2)):
            text, labels = to_numpy(one, dtype=str)
            assert text.tolist() == ["the cat", "naïve"]
            assert labels.dtype == np.int32
        assert [text.item() for text, _ in iter_numpy(dataset, dtype=str)] == ["the cat", "naïve"]

    @pytest.mark.parametrize("convert", [to_numpy, iter_numpy])
    def test_without_any_there_is_nothing_to_decode(self, tf, convert):
        with pytest.raises(ConversionError, match=r"^Dataset holds no strings: dtype=str decodes string tensors$"):
            convert(tf.data.Dataset.range(3), dtype=str)


def test_what_iter_numpy_gives_is_the_dataset(tf):
    elements = iter_numpy(tf.data.Dataset.range(5).batch(2))
    assert to_numpy(elements).tolist() == [0, 1, 2, 3, 4]


class TestNests:
    @pytest.fixture
    def splits(self, tf):
        return {"train": tf.data.Dataset.range(10).batch(4), "test": (tf.data.Dataset.range(3), None)}

    def test_the_datasets_of_a_nest_are_run(self, splits):
        converted = to_numpy(splits)
        assert converted["train"].tolist() == list(range(10))
        assert converted["test"][0].tolist() == [0, 1, 2]
        assert converted["test"][1] is None
        assert to_numpy(splits, take=1)["train"].tolist() == [0, 1, 2, 3]

    def test_its_card_runs_none_of_them(self, tf):
        drawn = []
        dataset = tf.data.Dataset.from_generator(
            lambda: iter([drawn.append(1) or 1]), output_signature=tf.TensorSpec((), tf.int64)
        )
        said = mimebundle({"train": dataset, "test": tf.data.Dataset.range(8).batch(4)})["text/plain"]
        assert said.splitlines()[0].startswith("dict   2 datasets")
        assert "Dataset of 2 batches" in said
        assert not drawn

    def test_the_magic_says_what_was_run(self, splits, ip, run):
        ip.user_ns["splits"] = splits
        said = run(ip, "%tonumpy -n 1 splits").text
        assert "the pipeline was run: 1 of 3 batches" in said
        assert "train  (4,)" in said


def test_arrays_of_arrays_in_a_nest_are_shown_one_by_one():
    rows = np.empty(2, object)
    rows[:] = [np.zeros((3, 2)), np.zeros(4)]
    said = mimebundle((rows, np.arange(3)), TensorDisplay.instance().options())["text/plain"]
    assert "(3, 2)  float64" in said
    assert "(4,)    float64" in said
    assert "bytes" not in said


def test_skips_are_warned_of_in_each_round_of_a_loop(tf):
    failing = tf.data.Dataset.range(3).map(lambda x: 1 // x)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(2):
            for _ in iter_numpy(failing, on_error="skip"):
                pass
    assert ["1 element failed and was skipped (0)" in str(one.message) for one in warned] == [True, True]
    assert {one.filename for one in warned} == {__file__}
