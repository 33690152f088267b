"""Ctrl-C at the worst moments: whatever came is kept, no pipeline goes on for nobody, and no interrupt is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tfnp_ext import ConversionInterrupted, iter_numpy, save, to_numpy
from tfnp_ext.datasets.sinks import MemorySink

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no signals to oneself")


def interrupt() -> None:
    """Sends this process what Ctrl-C sends."""
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def ctrl_c_at_start(monkeypatch):
    """Sends SIGINT in the instant in which a thread of ours is started."""
    start = threading.Thread.start

    def start_and_interrupt(thread):
        start(thread)
        if thread.name == "tfnp_ext draws elements":
            interrupt()

    monkeypatch.setattr(threading.Thread, "start", start_and_interrupt)


@pytest.fixture
def ctrl_c_while_joining(monkeypatch):
    """Has SIGINT be sent from now on as what came is put together."""
    finish = MemorySink.finish

    def finish_and_interrupt(sink, *room):
        interrupt()
        return finish(sink, *room)

    return lambda: monkeypatch.setattr(MemorySink, "finish", finish_and_interrupt)


@pytest.fixture
def counted(tf):
    """A dataset of endless numbers, slowly, and the list of those that were made."""
    made: list[int] = []

    def numbers() -> Iterator[int]:
        while len(made) < 400:
            made.append(len(made))
            time.sleep(0.01)
            yield made[-1]

    yield tf.data.Dataset.from_generator(numbers, output_signature=tf.TensorSpec((), tf.int64)), made
    made.extend([0] * 400)


def stands_still(made: list[int]) -> bool:
    """Returns whether soon no more elements are made."""
    for _ in range(40):
        before = len(made)
        time.sleep(0.1)
        if len(made) == before:
            return True
    return False


class TestAtTheStartOfTheThread:
    def test_of_to_numpy(self, ctrl_c_at_start, counted):
        dataset, made = counted
        with pytest.raises(ConversionInterrupted) as stopped:
            to_numpy(dataset, progress=False)
        assert stopped.value.partial.tolist() == list(range(len(stopped.value.partial)))
        assert stands_still(made)

    @pytest.mark.parametrize("suffix", [".npy", ".npz", ".zarr"])
    def test_of_save(self, ctrl_c_at_start, counted, tmp_path, suffix):
        dataset, made = counted
        with pytest.raises(ConversionInterrupted):
            save(dataset, tmp_path / f"numbers{suffix}", progress=False)
        assert stands_still(made)
        left = {path: path.stat().st_size for path in tmp_path.glob("*") if path.is_file()}
        time.sleep(0.3)
        assert {path: path.stat().st_size for path in tmp_path.glob("*") if path.is_file()} == left

    def test_of_iter_numpy(self, ctrl_c_at_start, counted):
        dataset, made = counted
        with pytest.raises(KeyboardInterrupt):
            list(iter_numpy(dataset, timeout=60))
        assert stands_still(made)


@pytest.mark.parametrize("ragged", [None, "object", "pad", "masked", "list"])
def test_while_the_result_is_put_together(tf, ctrl_c_while_joining, ragged):
    dataset = tf.data.Dataset.range(1, 7).map(lambda i: tf.range(i))
    dataset = dataset if ragged else dataset.map(lambda row: row[:1]).filter(lambda row: True)
    whole = to_numpy(dataset, ragged=ragged)
    ctrl_c_while_joining()
    with pytest.raises(ConversionInterrupted, match=r"stopped after 6 (elements|batches)") as stopped:
        to_numpy(dataset, ragged=ragged)
    assert type(stopped.value.partial) is type(whole)
    np.testing.assert_equal(list(stopped.value.partial), list(whole))


def test_an_interrupt_is_not_lost_where_what_came_cannot_be_put_together(tf, ctrl_c_while_joining):
    dataset = tf.data.Dataset.range(1, 7).map(lambda i: tf.range(i * 1000))
    ctrl_c_while_joining()
    with pytest.raises(ConversionInterrupted, match="what came is lost"):
        to_numpy(dataset, ragged="pad", max_bytes="180kB")


@pytest.fixture
def long_wait(tf):
    """A dataset of numbers that come at once; then TensorFlow waits, in no Python, until ``end`` is called."""
    queue = tf.queue.FIFOQueue(99, tf.int64, ())
    queue.enqueue_many(tf.range(50, dtype=tf.int64))
    dataset = tf.data.Dataset.range(99).map(lambda _: queue.dequeue()).take_while(lambda i: i >= 0)
    return dataset, lambda: queue.enqueue(tf.constant(-1, tf.int64))


def signal_within(wait, number: int) -> threading.Thread:
    """Sends a signal soon, and then ends the wait."""

    def send() -> None:
        time.sleep(0.3)
        os.kill(os.getpid(), number)
        time.sleep(0.3)
        wait()

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def numbers_of(elements, came: list[int], at_the_last=lambda: None) -> list[int]:
    """Adds the numbers to a list, one by one."""
    for element in elements:
        came.append(int(element))
        if len(came) == 50:
            at_the_last()
    return came


@pytest.fixture
def handler() -> Iterator[None]:
    """Has the handler of SIGINT be as it was."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_handler_of_the_users_is_heard_at_the_end_of_a_wait(long_wait, handler, on_error):
    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    (dataset, end), came = long_wait, []
    with pytest.raises(KeyboardInterrupt):
        numbers_of(iter_numpy(dataset, on_error=on_error), came, lambda: signal_within(end, signal.SIGINT))
    assert came == list(range(50))


@pytest.mark.parametrize("convert", [to_numpy, iter_numpy])
def test_a_handler_that_goes_on_loses_nothing(long_wait, handler, convert):
    heard = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    dataset, end = long_wait
    sender = signal_within(end, signal.SIGINT)
    assert numbers_of(convert(dataset), []) == list(range(50))
    sender.join()
    assert heard == [1]


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal")
def test_an_event_loop_hears_of_its_signals(long_wait):
    heard, (dataset, end) = [], long_wait
    before = signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        reader.settimeout(8)
        others = signal.set_wakeup_fd(writer.fileno())
        try:
            came = numbers_of(iter_numpy(dataset), [], lambda: signal_within(end, signal.SIGUSR1))
            assert reader.recv(1) == bytes([signal.SIGUSR1])
            assert signal.set_wakeup_fd(others) == writer.fileno()  # it is the loop's again
        finally:
            signal.set_wakeup_fd(others)
            signal.signal(signal.SIGUSR1, before)
    assert came == list(range(50))
    assert heard == [1]


AT_RANDOM = """
import json, os, random, signal, sys, threading, time, traceback
import numpy as np
import tensorflow as tf
from tfnp_ext import ConversionInterrupted, to_numpy

made = [0]

def slowly(i):
    made[0] += 1
    time.sleep(0.001)
    return i

blocks = tf.data.Dataset.range(40).map(lambda i: tf.fill((3, 64), tf.cast(i, tf.float32)))
ways = {
    "dense": blocks,
    "slow": blocks.map(lambda x: tf.ensure_shape(tf.numpy_function(slowly, [x], tf.float32), (3, 64))),
    "unknown": blocks.filter(lambda x: True),
    "ragged": tf.data.Dataset.range(40).map(lambda i: tf.fill((i % 5, i % 3), tf.cast(i, tf.float32))),
}
options = {"ragged": {"ragged": "pad"}}
wholes, seconds = {}, {}
for name, dataset in ways.items():
    for _ in range(2):
        began = time.perf_counter()
        wholes[name] = to_numpy(dataset, progress=False, **options.get(name, {}))
        seconds[name] = time.perf_counter() - began

def prefix(name, got):
    whole = wholes[name][:len(got)]
    return np.array_equal(got, whole[tuple(map(slice, got.shape))])

def interrupt(after, times):
    time.sleep(after)
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.0005)

chance, outcomes, began = random.Random(SEED), {}, time.monotonic()
while (gone := time.monotonic() - began) < 6 or (outcomes.get("part", 0) <= 10 and gone < 90):
    name = chance.choice(list(ways))
    sender = threading.Thread(target=interrupt, args=(chance.uniform(0, seconds[name]), chance.choice((1, 1, 2))))
    outcome = "none"
    try:
        sender.start()
        try:
            got = to_numpy(ways[name], progress=False, **options.get(name, {}))
            outcome = "whole" if got.shape == wholes[name].shape and prefix(name, got) else "other"
        except ConversionInterrupted as stopped:
            outcome = "part" if prefix(name, stopped.partial) else "no part"
        except KeyboardInterrupt as stopped:  # before anything was begun, or when it was handed back already
            frames = {frame.name for frame in traceback.extract_tb(stopped.__traceback__)}
            outcome = "lost" if frames & {"collect", "run", "_put_together"} else "outside"
        while sender.is_alive():
            time.sleep(0.001)
        time.sleep(0.001)
    except KeyboardInterrupt:  # after it
        pass
    while True:
        try:
            sender.join()
            time.sleep(0.001)
            break
        except KeyboardInterrupt:
            pass
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    for thread in threading.enumerate():
        if thread.name.startswith("tfnp_ext draws"):
            thread.join(5)
            if thread.is_alive():
                outcomes["thread"] = outcomes.get("thread", 0) + 1
print(json.dumps(outcomes))
"""


def test_at_random_moments(process_environment):
    script = AT_RANDOM.replace("SEED", "7")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=process_environment, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = json.loads(done.stdout.splitlines()[-1])
    assert set(outcomes) <= {"whole", "part", "outside", "none"}, outcomes
    assert outcomes["part"] > 10, outcomes  # else it shows nothing
