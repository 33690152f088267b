"""Datasets of a strategy: a global batch is split over replicas, and comes back whole and in order."""

from __future__ import annotations

import numpy as np
import pytest

from tfnp_ext import ConversionError, iter_numpy, show, summarize, to_numpy


@pytest.fixture(scope="module")
def strategy(tf):
    """Two replicas, on two CPUs."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(params=["of a dataset", "from a function", "of one device"])
def distribute(tf, strategy, request):
    """Has a strategy distribute a dataset in global batches of a length."""
    if request.param == "from a function":  # which makes the batches of one replica
        return lambda dataset, batch: strategy.distribute_datasets_from_function(
            lambda context: dataset.batch(max(1, batch // 2))
        )
    on = strategy if request.param == "of a dataset" else tf.distribute.OneDeviceStrategy("CPU:0")
    return lambda dataset, batch: on.experimental_distribute_dataset(dataset.batch(batch))


@pytest.mark.parametrize("count", [1, 8, 9, 10])
@pytest.mark.parametrize("batch", [1, 4])
def test_global_batches_are_whole_and_in_order(tf, distribute, count, batch):
    """A last batch of one leaves a replica without an example."""
    distributed = distribute(tf.data.Dataset.range(count), batch)
    assert to_numpy(distributed).tolist() == list(range(count))
    assert to_numpy(distributed, timeout=60, on_error="skip").tolist() == list(range(count))


def test_structures(tf, distribute):
    rows = tf.data.Dataset.range(8).map(lambda i: {"a": i, "b": (tf.cast(i, tf.float32), tf.strings.as_string(i))})
    joined = to_numpy(distribute(rows, 3))
    assert joined["a"].tolist() == list(range(8))
    assert joined["b"][0].dtype == np.float32
    assert joined["b"][1].tolist() == [b"%d" % i for i in range(8)]


def test_batches_of_a_fixed_length_are_joined_as_those_of_any_dataset(tf, strategy):
    dataset = tf.data.Dataset.range(8).map(lambda i: {"a": i, "b": [i, i]}).batch(4, drop_remainder=True)
    expected, got = to_numpy(dataset), to_numpy(strategy.experimental_distribute_dataset(dataset))
    for name in expected:
        np.testing.assert_array_equal(got[name], expected[name])
    with pytest.raises(ConversionError, match=r"element 2 has the shape \(1,\) where those before have \(4,\)"):
        to_numpy(strategy.experimental_distribute_dataset(tf.data.Dataset.range(9).batch(4)), join="stack")


@pytest.mark.parametrize("joined", ["concat", "stack"])
def test_composites(tf, strategy, joined):
    ragged = tf.data.Dataset.range(6).map(tf.range).ragged_batch(3)
    sparse = tf.data.Dataset.from_tensor_slices(tf.sparse.from_dense(np.eye(6))).batch(3)
    options = {"join": joined, "ragged": "list"}
    got = to_numpy(strategy.experimental_distribute_dataset(ragged), **options)
    assert got == to_numpy(ragged, **options)
    got = to_numpy(strategy.experimental_distribute_dataset(sparse), join=joined)
    np.testing.assert_array_equal(got, to_numpy(sparse, join=joined))


def test_iterating_gives_one_array_a_replica(tf, strategy):
    distributed = strategy.experimental_distribute_dataset(tf.data.Dataset.range(5).batch(4))
    for options in ({}, {"timeout": 60}):
        elements = [[one.tolist() for one in element] for element in iter_numpy(distributed, **options)]
        assert elements == [[[0, 1], [2, 3]], [[4], []]]
    assert len(iter_numpy(distributed)) == 2
    for replica in next(iter(iter_numpy(distributed))):
        assert not replica.flags.writeable


def test_some_elements(tf, distribute):
    distributed = distribute(tf.data.Dataset.range(20), 4)
    assert to_numpy(distributed, take=2).tolist() == list(range(8))
    iterator = iter(distributed)
    assert to_numpy(iterator, take=1).tolist() == [0, 1, 2, 3]
    assert to_numpy(iterator, take=9).tolist() == list(range(4, 20))


def test_an_element_that_fails(tf, strategy):
    bad = tf.data.Dataset.range(6).batch(2).map(lambda i: tf.debugging.check_numerics(1 / (i - 4), "bad number"))
    distributed = strategy.experimental_distribute_dataset(bad)
    with pytest.raises(ConversionError, match=r"element \d+ failed: bad number : Tensor had Inf values"):
        to_numpy(distributed)


def test_cards_run_nothing_and_say_what_there_is(tf, strategy, capsys):
    ran = []

    def count(value):
        ran.append(value)
        return value

    dataset = tf.data.Dataset.range(9).map(lambda i: {"a": tf.ensure_shape(tf.py_function(count, [i], tf.int64), ())})
    distributed = strategy.experimental_distribute_dataset(dataset.batch(4))
    assert summarize(distributed).kind == "Dataset"
    show(distributed)
    said = capsys.readouterr().out
    assert "3 batches" in said
    assert "['a']" in said
    assert "(None,)" in said
    assert "2 replicas of int64" in said
    assert not ran
    show(strategy.distribute_datasets_from_function(lambda context: dataset.batch(4)))
    said = capsys.readouterr().out
    assert "DistributedDatasetsFromFunction" in said
    assert "nothing drawn to show this" in said
    assert not ran
