"""What is said of a dataset before it runs, against what comes when it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import to_numpy
from tfnp_ext.adapters import find_adapter
from tfnp_ext.datasets.source import Source
from tfnp_ext.display import mimebundle


def source(dataset: Any) -> Source:
    adapter = find_adapter(dataset)
    return adapter.source(dataset)  # type: ignore[union-attr]


def doubled(numbers: Any) -> Any:
    import tensorflow as tf

    return tf.repeat(numbers, 2)


def is_even(number: Any) -> Any:
    return number % 2 == 0


def two_of(number: Any) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensors(number).repeat(2)


def same(number: Any) -> Any:
    return number


def generated(tf: Any, count: int = 10) -> Any:
    return tf.data.Dataset.from_generator(lambda: iter(range(count)), output_signature=tf.TensorSpec((), tf.int64))


def split(words: Any) -> Any:
    import tensorflow as tf

    return tf.range(words)


KNOWN = {
    "elements": lambda tf, ten: ten,
    "batches": lambda tf, ten: ten.batch(3),
    "batches in parallel": lambda tf, ten: ten.batch(3, num_parallel_calls=2),
    "without remainder": lambda tf, ten: ten.batch(3, drop_remainder=True),
    "padded batches": lambda tf, ten: ten.padded_batch(3),
    "ragged batches of equals": lambda tf, ten: ten.ragged_batch(3),
    "prefetched": lambda tf, ten: ten.batch(3).prefetch(2),
    "cached": lambda tf, ten: ten.batch(3).cache(),
    "with options": lambda tf, ten: ten.batch(3).with_options(tf.data.Options()),
    "take": lambda tf, ten: ten.batch(3).take(2),
    "take more": lambda tf, ten: ten.batch(3).take(9),
    "take all": lambda tf, ten: ten.batch(3).take(-1),
    "skip": lambda tf, ten: ten.batch(3).skip(1),
    "skip all": lambda tf, ten: ten.batch(3).skip(9),
    "skip to the end": lambda tf, ten: ten.batch(3).skip(-1),
    "shard": lambda tf, ten: ten.batch(3).shard(2, 1),
    "other shard": lambda tf, ten: ten.batch(3).shard(2, 0),
    "shuffled": lambda tf, ten: ten.batch(3).shuffle(4, seed=1),
    "repeated batches": lambda tf, ten: ten.batch(3).repeat(4),
    "batches of repeated": lambda tf, ten: ten.repeat(4).batch(3),
    "some of endless": lambda tf, ten: ten.batch(5).repeat().take(3),
    "batches of endless": lambda tf, ten: ten.repeat().batch(3).take(5),
    "asserted": lambda tf, ten: generated(tf).apply(tf.data.experimental.assert_cardinality(10)).batch(3),
    "zipped batches": lambda tf, ten: tf.data.Dataset.zip(ten.batch(3), ten.batch(3)),
    "batches of zipped": lambda tf, ten: tf.data.Dataset.zip(ten, ten).batch(3),
    "concatenated": lambda tf, ten: ten.batch(3).concatenate(ten.batch(3)),
    "batches of concatenated": lambda tf, ten: ten.concatenate(ten).batch(3),
    "mapped before": lambda tf, ten: ten.map(same).batch(3),
    "batches of batches": lambda tf, ten: ten.batch(2, drop_remainder=True).batch(2),
    "tensors": lambda tf, ten: tf.data.Dataset.from_tensors(np.zeros((3, 4))),
    "slices": lambda tf, ten: tf.data.Dataset.from_tensor_slices({"a": np.zeros((5, 2), np.uint8), "b": np.ones(5)}),
    "bfloat16": lambda tf, ten: tf.data.Dataset.from_tensor_slices(tf.cast([1.0, 2.0, 3.0], tf.bfloat16)).batch(2),
    "random": lambda tf, ten: tf.data.Dataset.random(1).batch(3).take(2),
    "none beside it": lambda tf, ten: tf.data.Dataset.from_tensors({"a": None, "b": 1}),
    "empty": lambda tf, ten: ten.take(0).batch(3),
}

UNTOLD = {
    "map behind": lambda tf, ten: ten.batch(3).map(doubled),
    "filter": lambda tf, ten: ten.filter(is_even).batch(3),
    "generator": lambda tf, ten: generated(tf).batch(3),
    "interleave": lambda tf, ten: ten.interleave(two_of).batch(3),
    "unbatched": lambda tf, ten: ten.batch(3).unbatch(),
    "rebatched": lambda tf, ten: ten.batch(3).rebatch(4),
    "zip of unequal batches": lambda tf, ten: tf.data.Dataset.zip(ten.batch(3), ten.batch(2)),
    "batches of unequal length on end": lambda tf, ten: ten.batch(3).concatenate(ten.batch(4)),
    "taken of shuffled": lambda tf, ten: ten.batch(3).shuffle(4).take(2),
    "taken of repeated": lambda tf, ten: ten.batch(3).repeat(3).take(5),
    "taken of repeated twice": lambda tf, ten: ten.batch(3).repeat(3).repeat(2).take(5),
    "endless": lambda tf, ten: ten.repeat().batch(3),
    "strings": lambda tf, ten: tf.data.Dataset.from_tensor_slices(["a", "bb"]),
    "ragged": lambda tf, ten: ten.map(split).ragged_batch(3),
    "padded to the longest": lambda tf, ten: ten.map(split).padded_batch(3),
    "windows": lambda tf, ten: ten.window(3),
    "sparse": lambda tf, ten: tf.data.Dataset.from_tensor_slices(tf.sparse.from_dense([[0, 1], [2, 0]])).batch(2),
    "iterator": lambda tf, ten: iter(ten),
}


def size(converted: Any) -> int:
    if isinstance(converted, np.ndarray):
        return converted.nbytes
    parts = converted.values() if isinstance(converted, dict) else converted or ()
    return sum(size(part) for part in parts)


@pytest.mark.parametrize("make", KNOWN.values(), ids=KNOWN)
def test_what_is_estimated_is_what_comes(tf, make):
    dataset = make(tf, tf.data.Dataset.range(10))
    assert source(dataset).estimated_bytes() == size(to_numpy(dataset))


@pytest.mark.parametrize("make", UNTOLD.values(), ids=UNTOLD)
def test_nothing_is_said_of_what_is_not_known(tf, make):
    assert source(make(tf, tf.data.Dataset.range(10))).estimated_bytes() is None


@pytest.mark.parametrize(
    ("make", "exact"),
    [(lambda ten: ten.batch(3).prefetch(1), True), (lambda ten: ten, True), (lambda ten: ten.map(same), False),
     (lambda ten: ten.map(same).batch(3), False), (lambda ten: ten.ignore_errors(), False)],
)  # fmt: skip
def test_what_no_function_had_a_hand_in_is_exact(tf, make, exact):
    assert source(make(tf.data.Dataset.range(10))).counts_exactly is exact


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["take", "skip"]), st.integers(-1, 6)),
        st.tuples(st.just("repeat"), st.integers(1, 3)),
        st.tuples(st.sampled_from(["prefetch", "shuffle"]), st.integers(1, 3)),
        st.tuples(st.just("shard"), st.integers(1, 3), st.integers(0, 0)),
        st.tuples(st.just("cache")),
        st.tuples(st.just("concatenate")),
    ),
    max_size=4,
)


@settings(max_examples=60)
@given(count=st.integers(0, 12), length=st.integers(1, 5), drop=st.booleans(), before=STEPS, after=STEPS)
def test_any_pipeline_gives_what_is_estimated_or_nothing_is(tf, count, length, drop, before, after):
    dataset = tf.data.Dataset.range(count)
    for step in (*before, ("batch", length, drop), *after):
        name, *arguments = step
        if name == "concatenate":
            arguments = [dataset]
        dataset = getattr(dataset, name)(*arguments)
    estimated = source(dataset).estimated_bytes()
    if estimated is not None:
        assert estimated == sum(element.nbytes for element in dataset.as_numpy_iterator())


def test_another_version_of_tensorflow_only_loses_the_estimate(tf, monkeypatch):
    dataset = tf.data.Dataset.range(10).batch(3)
    monkeypatch.delattr(type(dataset).__mro__[1], "_inputs")
    assert not source(dataset).counts_exactly
    assert not source(dataset).repeats()
    monkeypatch.delattr(dataset, "_batch_size")
    assert source(dataset).estimated_bytes() is None
    assert mimebundle(dataset)["text/plain"].startswith("Dataset 4 batches")
    assert to_numpy(dataset).tolist() == list(range(10))
