"""Datasets that a tf.data service gives: real workers, each a process of its own, so that one can be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import warnings

import pytest

from tfnp_ext import ConversionError, iter_numpy, load, save, to_numpy
from tfnp_ext.storage.resuming import another_order

WORKER = """
import sys
from tensorflow.data.experimental import service

config = service.WorkerConfig(dispatcher_address=sys.argv[1], port=0, heartbeat_interval_ms=100)
worker = service.WorkerServer(config)
print("ready", flush=True)
worker.join()
"""

REPEATEDLY = "every worker of tf.data service gives all elements"


@pytest.fixture(scope="module")
def service(tf):
    """``tf.data.experimental.service``."""
    return tf.data.experimental.service


@pytest.fixture(scope="module")
def dispatcher(service):
    """A dispatcher on this machine."""
    return service.DispatchServer(service.DispatcherConfig(port=0))


@pytest.fixture(scope="module")
def workers(dispatcher, process_environment):
    """Two workers of the dispatcher, as processes."""
    address = dispatcher.target.partition("://")[2]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=process_environment,
        )
        for _ in range(2)
    ]
    try:
        assert [worker.stdout.readline() for worker in started] == ["ready\n"] * 2
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.wait()
            worker.stdout.close()


@pytest.fixture
def served(tf, service, dispatcher, workers):
    """Has the service give a dataset."""

    def serve(dataset, mode="distributed_epoch"):
        return dataset.apply(service.distribute(processing_mode=mode, service=dispatcher.target))

    return serve


def test_every_element_comes_once(tf, served):
    numbers = served(tf.data.Dataset.range(400))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorted(to_numpy(numbers, timeout=60, progress=False).tolist()) == list(range(400))
        assert sorted(int(one) for one in iter_numpy(numbers)) == list(range(400))
        assert sorted(int(one) for one in iter_numpy(numbers, timeout=60)) == list(range(400))
        batches = to_numpy(numbers.batch(7).map(lambda i: {"a": i, "b": -i}), timeout=60, progress=False)
    assert sorted(batches["a"].tolist()) == list(range(400))
    assert (batches["a"] == -batches["b"]).all()


def test_batches_of_the_workers_are_concatenated(tf, served):
    batches = to_numpy(served(tf.data.Dataset.range(50).batch(8)), timeout=60, progress=False)
    assert sorted(batches.tolist()) == list(range(50))


def test_elements_that_every_worker_gives_are_warned_of(tf, served):
    with pytest.warns(UserWarning, match=REPEATEDLY):
        got = to_numpy(served(tf.data.Dataset.range(20), "parallel_epochs"), timeout=60, progress=False)
    assert sorted(got.tolist()) == sorted([*range(20)] * 2)


def test_a_save_never_goes_on_with_what_a_service_gives(tf, served):
    assert another_order(served(tf.data.Dataset.range(6)).batch(2)) == "a tf.data service gives another order each time"


@pytest.mark.parametrize("mode", ["parallel_epochs", "OFF", "distributed_epoch", "DYNAMIC"])
def test_the_mode_is_found_wherever_in_the_pipeline(tf, service, served, mode):
    plain = tf.data.Dataset.range(6)
    given = served(plain, getattr(service.ShardingPolicy, mode, mode))
    pipelines = {
        "steps after it": given.map(lambda i: i).batch(2).prefetch(1),
        "zip": tf.data.Dataset.zip((plain, given)),
        "concatenate": plain.concatenate(given),
        "take": given.take(2),
    }
    for name, pipeline in pipelines.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            to_numpy(pipeline, timeout=60, progress=False)
        said = any(REPEATEDLY in str(one.message) for one in caught)
        assert said == (mode in {"parallel_epochs", "OFF"}), name


def test_an_error_on_a_worker_names_the_cause(tf, served):
    bad = served(tf.data.Dataset.range(40).map(lambda i: tf.debugging.check_numerics(1 / (i - 9), "bad number")))
    with pytest.raises(ValueError, match="bad number : Tensor had Inf"):
        to_numpy(bad, timeout=60, progress=False)


def test_a_service_that_is_gone_ends_at_the_limit(tf, service):
    gone = service.DispatchServer(service.DispatcherConfig(port=0))
    numbers = tf.data.Dataset.range(9).apply(service.distribute("distributed_epoch", gone.target))
    gone._stop()
    started = time.monotonic()
    with pytest.warns(UserWarning, match=r"no element within 1 s: 0 elements came"):
        assert to_numpy(numbers, timeout=1, progress=False).shape == (0,)
    with pytest.warns(UserWarning, match=r"no element within 1 s: 0 elements came"):
        assert list(iter_numpy(numbers, timeout=1)) == []
    assert time.monotonic() - started < 60


def test_a_worker_that_is_killed_ends_at_the_limit_with_what_came(tf, served, workers):
    """One worker is gone afterwards: only the test below may follow. TensorFlow itself would wait for it for ever."""
    count = 4000

    def kill_in_the_middle(place):
        came.append(int(place))
        if len(came) == count // 8:
            workers[0].send_signal(signal.SIGKILL)
        return place

    came: list[int] = []
    numbers = served(tf.data.Dataset.range(count))
    numbers = numbers.map(lambda i: tf.ensure_shape(tf.py_function(kill_in_the_middle, [i], tf.int64), ()))
    started = time.monotonic()
    with pytest.warns(UserWarning, match=r"no element within 8 s: [\d ]+ elements came until then"):
        got = to_numpy(numbers, timeout=8, progress=False)
    assert time.monotonic() - started < 90
    assert workers[0].wait() == -signal.SIGKILL
    assert got.tolist() == came  # nothing that came is lost, and the other worker went on
    assert count // 2 < len(set(came)) == len(came) <= count


def test_what_was_written_before_the_last_worker_is_killed_is_there(tf, served, workers, tmp_path):
    """After the test above: the other worker is killed too."""

    def kill_in_the_middle(place):
        came.append(int(place))
        if len(came) == 200:
            workers[1].send_signal(signal.SIGKILL)
        return place

    came: list[int] = []
    numbers = served(tf.data.Dataset.range(4000))
    numbers = numbers.map(lambda i: tf.ensure_shape(tf.py_function(kill_in_the_middle, [i], tf.int64), ()))
    path = tmp_path / "a.zarr"
    with pytest.warns(UserWarning, match=r"no element within 8 s: [\d ]+ elements came until then"):
        saved = save(numbers, path, timeout=8, progress=False)
    assert workers[1].wait() == -signal.SIGKILL
    assert saved.elements == len(came) >= 200
    assert load(path).tolist() == came
    with pytest.raises(ConversionError, match=r"was not saved: no element within 1 s: .* the old one is as it was"):
        save(numbers, path, timeout=1, progress=False, force=True)
    assert load(path).tolist() == came
