"""Datasets that block, Ctrl-C, and the threads that draw: nothing hangs, nothing is left behind, what came is kept."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest
from generators import one_at_a_time

from tfnp_ext import ConversionInterrupted, SymbolicTensorError, iter_numpy, to_numpy
from tfnp_ext.datasets.drawing import HeldInterrupts
from tfnp_ext.datasets.gathering import Gathering

SOON = 30.0
"""Seconds that an end may take on a busy machine; without one these tests would wait for a minute."""

pytestmark = pytest.mark.skipif(not hasattr(os, "kill"), reason="no signals")


EARLIER: set[threading.Thread] = set()
"""Threads that earlier tests left in a pipeline that blocks."""


def drawing_threads() -> list[threading.Thread]:
    """Returns the threads of ours that are still there."""
    ours = {thread for thread in threading.enumerate() if thread.name == "tfnp_ext draws elements"}
    return list(ours - EARLIER)


@pytest.fixture(autouse=True)
def _only_threads_of_this_test():
    EARLIER.update(drawing_threads())


def none_left() -> bool:
    """Returns whether all of our threads end soon."""
    for thread in drawing_threads():
        thread.join(SOON)
    return not drawing_threads()


@contextmanager
def when(reached: Callable[[], bool], act: Callable[[], None], again: bool = False) -> Iterator[None]:
    """Does something a little after something is reached, however busy the machine is."""
    over = threading.Event()

    def wait():
        while not (over.wait(0.02) or reached()):
            pass
        while not over.wait(0.5):
            act()
            if not again:
                break

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        yield
    finally:
        over.set()
        waiting.join()


@contextmanager
def ctrl_c_when(reached: Callable[[], bool]) -> Iterator[None]:
    """Sends SIGINT to this process, as a terminal and a notebook do."""
    gc.disable()  # Python drops what is raised inside a callback of the garbage collector, as hypothesis has one
    try:
        with when(reached, lambda: os.kill(os.getpid(), signal.SIGINT)):
            faulthandler.dump_traceback_later(SOON, exit=False)  # where all threads are, if it takes so long
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        gc.enable()


@pytest.fixture
def late(clock) -> Callable[[Callable[[], bool]], AbstractContextManager[None]]:
    """Has a limit of a second be over a little after something is reached."""

    def pass_by():
        clock.now += 1.5

    return lambda reached: when(reached, pass_by, again=True)


@pytest.fixture
def taken(monkeypatch) -> list[int]:
    """The indices of the elements that conversions have taken: those of windows are conversions too, of one each."""
    indices: list[int] = []
    receive = Gathering._receive

    def receive_and_count(gathering, values, index):
        receive(gathering, values, index)
        indices.append(index)

    monkeypatch.setattr(Gathering, "_receive", receive_and_count)
    return indices


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What blocked elements wait for; opened at the end, so that their threads end."""
    event = threading.Event()
    yield event
    event.set()
    assert none_left()


@pytest.fixture
def blocking(tf, gate):
    """Makes datasets that block after 0, 1, 2: in Python, in a generator, in TensorFlow itself, and in a window."""
    data, scalar = tf.data.Dataset, tf.TensorSpec((), tf.int64)

    def made(way, last=2):
        def wait(place):
            if place == last + 1:
                gate.wait(60)
            return place

        def numbers():
            for place in range(last + 4):
                yield wait(place)

        numbered = data.range(last + 4)
        return {
            "py_function": lambda: numbered.map(lambda i: tf.ensure_shape(tf.py_function(wait, [i], tf.int64), ())),
            "generator": lambda: data.from_generator(numbers, output_signature=scalar),
            "tensorflow": lambda: data.range(last + 1).concatenate(data.range(1).repeat().filter(lambda i: i > 0)),
            "inner": lambda: numbered.map(
                lambda i: data.from_generator(lambda n: iter([wait(n)]), args=(i,), output_signature=scalar).batch(1)
            ),
        }[way]()

    return made


WAYS = ["py_function", "generator", "tensorflow", "inner"]


def flat(got) -> list[int]:
    """Returns the numbers that came, whatever the structure."""
    return [int(value) for value in np.ravel(got)]


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_ends_a_conversion_that_blocks(blocking, way, taken):
    dataset = blocking(way)
    started = time.monotonic()
    stops = pytest.raises(ConversionInterrupted, match=r"stopped after \d (element|batch)")
    with ctrl_c_when(lambda: 2 in taken), stops as stopped:
        to_numpy(dataset, progress=False)
    assert time.monotonic() - started < SOON
    assert flat(stopped.value.partial) == [0, 1, 2]
    assert isinstance(stopped.value, KeyboardInterrupt)
    assert way != "tensorflow" or none_left()  # there TensorFlow cancels; Python's own code nobody can


@pytest.mark.parametrize("way", WAYS)
def test_a_time_limit_ends_a_conversion_that_blocks(blocking, way, taken, late):
    started = time.monotonic()
    said = r"no element within 1 s: 3 \w+ came until then"
    with late(lambda: 2 in taken), pytest.warns(UserWarning, match=said):
        got = to_numpy(blocking(way), timeout=1, progress=False)
    assert time.monotonic() - started < SOON
    assert flat(got) == [0, 1, 2]
    assert way != "tensorflow" or none_left()


@pytest.mark.parametrize("last", [2, 60])  # after some quick ones no thread is asked any more
@pytest.mark.parametrize("way", ["py_function", "generator", "tensorflow"])
@pytest.mark.parametrize("options", [{}, {"timeout": 50}, {"on_error": "skip"}])
def test_ctrl_c_ends_an_iteration_that_blocks(blocking, way, options, last):
    came, started = [], time.monotonic()
    with ctrl_c_when(lambda: len(came) == last + 1), pytest.raises(KeyboardInterrupt):
        came.extend(iter_numpy(blocking(way, last), **options))
    assert time.monotonic() - started < SOON
    assert flat(came) == list(range(last + 1))
    assert way != "tensorflow" or none_left()


def test_ctrl_c_ends_an_iteration_where_python_is_slow_to_see_it(blocking, monkeypatch):
    """As on a busy machine: the time of one look is over before the handler has come back."""
    see = HeldInterrupts.__call__
    monkeypatch.setattr(HeldInterrupts, "__call__", lambda held, *arguments: (time.sleep(0.3), see(held, *arguments)))
    came, started = [], time.monotonic()
    with ctrl_c_when(lambda: len(came) == 3), pytest.raises(KeyboardInterrupt):
        came.extend(iter_numpy(blocking("generator")))
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize("way", ["py_function", "generator", "tensorflow"])
def test_a_time_limit_ends_an_iteration_that_blocks(blocking, way, late):
    came = []
    with late(lambda: len(came) == 3), pytest.warns(UserWarning, match=r"no element within 1 s: 3 elements came"):
        came.extend(iter_numpy(blocking(way), timeout=1))
    assert flat(came) == [0, 1, 2]
    assert way != "tensorflow" or none_left()


def test_the_limit_is_for_one_element_and_not_for_all(tf, clock):
    def numbers():
        for place in range(8):
            clock.now += 0.6
            time.sleep(0.15)  # until it is looked whether that is too long
            yield place

    slow = one_at_a_time(numbers, tf.TensorSpec((), tf.int64))
    assert to_numpy(slow, timeout=1, progress=False).tolist() == list(range(8))
    assert flat(list(iter_numpy(slow, timeout=1))) == list(range(8))


def test_time_between_elements_does_not_count(tf, clock):
    came = []

    def numbers():
        for place in range(3):
            time.sleep(0.15)  # until it is looked whether that is too long
            yield place

    for element in iter_numpy(one_at_a_time(numbers, tf.TensorSpec((), tf.int64)), timeout=0.3):
        clock.now += 0.5
        came.append(int(element))
    assert came == [0, 1, 2]


class TestNothingIsLeftRunning:
    def test_after_an_end(self, tf):
        dataset = tf.data.Dataset.range(9)
        to_numpy(dataset)
        list(iter_numpy(dataset, timeout=9))
        assert none_left()

    def test_after_an_error(self, tf):
        dataset = tf.data.Dataset.range(9).map(lambda i: tf.debugging.check_numerics(1 / (i - 4), "bad"))
        for convert in (to_numpy, lambda one: list(iter_numpy(one, timeout=9))):
            with pytest.raises(ValueError, match="element 4 failed"):
                convert(dataset)
        assert none_left()

    def test_after_a_loop_that_was_left(self, tf):
        for _ in iter_numpy(tf.data.Dataset.range(9).repeat(), timeout=9):
            break
        assert none_left()

    def test_after_a_loop_that_was_never_begun(self, tf):
        iter(iter_numpy(tf.data.Dataset.range(9), timeout=9))
        assert not drawing_threads()


ABANDONED = """
import threading, time, warnings
import tensorflow as tf
import tfnp_ext
warnings.simplefilter("ignore")

def wait(place):
    if place == 2:
        {wait}
    return place

dataset = tf.data.Dataset.range(4).map(lambda i: tf.ensure_shape(tf.py_function(wait, [i], tf.int64), ()))
print(tfnp_ext.to_numpy(dataset, timeout=4).tolist(), flush=True)
print([int(one) for one in tfnp_ext.iter_numpy(dataset, timeout=4)], flush=True)
"""


@pytest.mark.parametrize("wait", ["time.sleep(300)", "threading.Event().wait()"])
def test_a_process_ends_whose_pipeline_was_given_up(process_environment, wait):
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED.format(wait=wait)],
        capture_output=True,
        text=True,
        env=process_environment,
        timeout=120,
    )
    assert done.stdout.split("\n")[:2] == ["[0, 1]", "[0, 1]"], done.stderr[-2000:]
    assert done.returncode == 0, done.stderr[-2000:]


class TestWhereItIsCalled:
    def test_on_another_device(self, tf):
        made = tf.data.Dataset.range(4)
        with tf.device("CPU:1"):
            also = tf.data.Dataset.range(4).map(lambda i: {"a": i}).batch(3)
            assert to_numpy(made).tolist() == to_numpy(also)["a"].tolist() == [0, 1, 2, 3]
            assert flat(list(iter_numpy(made, timeout=9))) == [0, 1, 2, 3]

    def test_in_the_scope_of_a_strategy(self, tf):
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            dataset = tf.data.Dataset.range(4)
            assert to_numpy(dataset).tolist() == flat(list(iter_numpy(dataset, timeout=9))) == [0, 1, 2, 3]

    @pytest.mark.parametrize("convert", [to_numpy, lambda dataset: list(iter_numpy(dataset))])
    def test_in_a_function_or_a_graph(self, tf, convert):
        dataset = tf.data.Dataset.range(4)
        with pytest.raises(SymbolicTensorError, match="no elements inside"):
            tf.function(lambda: convert(dataset))()
        with tf.Graph().as_default(), pytest.raises(SymbolicTensorError, match="no elements inside"):
            convert(dataset)

    def test_under_a_tape(self, tf):
        with tf.GradientTape():
            assert to_numpy(tf.data.Dataset.range(4)).tolist() == [0, 1, 2, 3]

    def test_in_two_threads_at_once(self, tf):
        dataset = tf.data.Dataset.range(3000).map(lambda i: {"a": i, "b": tf.cast(i, tf.float32)})
        got = {}

        def work(name):
            whole = to_numpy(dataset, progress=False)
            got[name] = whole["a"].tolist(), [int(one["a"]) for one in iter_numpy(dataset, timeout=30)]

        threads = [threading.Thread(target=work, args=(name,)) for name in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert got == dict.fromkeys(range(2), (list(range(3000)),) * 2)
        assert none_left()
