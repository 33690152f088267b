"""A ``.zarr`` that was stopped, failed or was killed goes on where it was, with the same dataset and with no other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import ml_dtypes
import numpy as np
import pytest
from generators import one_at_a_time

from tfnp_ext import ConversionError, ConversionInterrupted, StorageError, load, save
from tfnp_ext.datasets.progress import Progress
from tfnp_ext.storage.resuming import another_order
from tfnp_ext.storage.zarr import writing

COUNT = 24

OVER = threading.Event()
"""Whether the save that Ctrl-C is to stop has ended; until then no more numbers come."""


class Numbers:
    """0, 1, 2 … as a pipeline gives them; before one of them Ctrl-C comes, once, or the process is killed."""

    def __init__(self, count=COUNT, stop_at=None, signal=signal.SIGINT):
        self.count, self.stop_at, self.signal = count, stop_at, signal

    def __call__(self):
        for place in range(self.count):
            if place == self.stop_at:
                self.stop_at = None
                os.kill(os.getpid(), self.signal)
                OVER.wait(60)
            yield place

    def dataset(self, tf):
        return one_at_a_time(self, tf.TensorSpec((), tf.int32))


def batches(tf, numbers):
    """Batches of several kinds."""

    def batch(value):
        return {
            "x": tf.fill((4, 3), tf.cast(value, tf.float32)),
            "half": tf.fill((4,), tf.cast(value, tf.bfloat16)),
            "text": tf.fill((4,), tf.strings.as_string(value)),
            "rows": tf.RaggedTensor.from_row_lengths(tf.fill((value % 5,), value), [value % 5, 0]),
        }

    return numbers.dataset(tf).map(batch)


def refuse_wrong(loaded, count=COUNT):
    expected = np.repeat(np.arange(count), 4)
    assert loaded["half"].dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(loaded["x"], expected[:, None] * np.ones(3))
    np.testing.assert_array_equal(loaded["half"].astype(int), expected)
    assert [int(one) for one in loaded["text"]] == expected.tolist()
    for value, row in enumerate(loaded["rows"][::2]):
        assert row.tolist() == [value] * (value % 5)


@contextmanager
def ends_at_ctrl_c(match=None):
    """Expects that a save of numbers is stopped."""
    OVER.clear()
    try:
        with pytest.raises(ConversionInterrupted, match=match) as caught:
            yield caught
    finally:
        OVER.set()


def stopped(tf, path, at=6, change=lambda dataset: dataset, **options):
    """Saves numbers until Ctrl-C comes, and returns the message."""
    with ends_at_ctrl_c() as caught:
        save(change(Numbers(stop_at=at).dataset(tf)), path, progress=False, **options)
    return str(caught.value)


# What is kept -------------------------------------------------------------------------------------------------------


def test_a_stopped_save_goes_on_after_every_element_that_came(tmp_path, tf):
    path = tmp_path / "a.zarr"
    numbers = Numbers(stop_at=7)
    for at in (7, 7, 20):
        numbers.stop_at = at
        with ends_at_ctrl_c() as caught:
            save(batches(tf, numbers), path, resume=True, join="concat", progress=False)
        assert str(caught.value) == (
            f"saving {path} was stopped after {at} elements; {at} elements are kept: resume=True (--resume) goes on"
            " from there"
        )
        assert not path.exists()
    with pytest.raises(StorageError, match="is missing: saving it was cut off"):
        load(path)
    saved = save(batches(tf, numbers), path, resume=True, join="concat", progress=False)
    assert saved.elements == COUNT
    refuse_wrong(load(path))
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_a_killed_save_goes_on_after_its_last_checkpoint(tmp_path, tf, process_environment):
    path = tmp_path / "a.zarr"
    code = f"""
import os, signal
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from test_storage_resume import Numbers, batches
import tfnp_ext
from tfnp_ext.storage.zarr import writing
writing.CHECKPOINT_BYTES = 100
tfnp_ext.save(batches(tf, Numbers(stop_at=20, signal=signal.SIGKILL)), {str(path)!r}, join="concat")
"""
    here = os.path.dirname(__file__)
    killed = subprocess.run([sys.executable, "-c", code], check=False, cwd=here, env=process_environment)
    assert killed.returncode == -signal.SIGKILL
    assert not path.exists()
    with pytest.raises(ConversionError, match=r"^20 elements are kept of another dataset: 5 came in all"):
        save(batches(tf, Numbers()), path, resume=True, join="concat", take=5)
    save(batches(tf, Numbers()), path, resume=True, join="concat", take=22, progress=False)
    refuse_wrong(load(path), 22)


def test_an_element_that_fails_while_resuming_leaves_what_came(tmp_path, tf):
    path = tmp_path / "a.zarr"

    def failing(bad):
        return tf.data.Dataset.range(COUNT).map(
            lambda x: tf.debugging.check_numerics(tf.cast(x, tf.float32) / tf.cast(x != bad, tf.float32), "bad")
        )

    for bad in (20, 20, 22):
        kept = rf"element {bad} failed: .*; {bad} elements are kept: resume=True \(--resume\) goes on from there$"
        with pytest.raises(ConversionError, match=kept):
            save(failing(bad), path, resume=True)
    assert len(os.listdir(tmp_path)) == 2
    assert save(failing(-1), path, resume=True).elements == COUNT
    assert load(path).tolist() == list(range(COUNT))
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_a_part_of_an_element_is_never_kept(tmp_path, tf):
    path = tmp_path / "a.zarr"

    def growing(bad):
        def pair(x):
            return x, tf.ones(tf.where(x == bad, 3, 2))

        return Numbers().dataset(tf).map(pair)

    for _ in range(2):
        with pytest.raises(ConversionError, match=r"element 9, \[1\], has the shape \(3,\)") as caught:
            save(growing(9), path, resume=True)
        assert "are kept" not in str(caught.value)
    save(growing(-1), path, resume=True)
    first, second = load(path)
    assert first.tolist() == list(range(COUNT))
    assert second.shape == (COUNT, 2)


def test_a_timeout_is_no_end_for_one_that_resumes(tmp_path, tf, clock):
    path = tmp_path / "a.zarr"
    over = threading.Event()

    def generate():
        for place in range(6):
            if place == 4 and not over.is_set():
                clock.now += 1
                over.wait(30)
            yield place

    dataset = one_at_a_time(generate, tf.TensorSpec((), tf.int32))
    with pytest.raises(ConversionError, match=r"not saved: no element within 0.4 s: 4 .*; 4 elements are kept: resume"):
        save(dataset, path, resume=True, timeout=0.4)
    over.set()
    assert save(dataset, path, resume=True, timeout=0.4).elements == 6
    assert load(path).tolist() == list(range(6))


def test_elements_that_fail_are_skipped_as_they_were(tmp_path, tf):
    path = tmp_path / "a.zarr"

    def checked(x):
        return tf.debugging.check_numerics(tf.cast(x, tf.float32) / tf.cast(x % 7 != 2, tf.float32), "bad")

    numbers = Numbers(stop_at=10)
    with ends_at_ctrl_c("8 elements are kept"):
        save(numbers.dataset(tf).map(checked), path, on_error="skip", progress=False)
    with pytest.warns(UserWarning, match=r"4 elements failed and were skipped \(2, 9, 16 …\)"):
        saved = save(numbers.dataset(tf).map(checked), path, resume=True, on_error="skip")
    assert (saved.elements, saved.skipped) == (20, 4)
    assert load(path).tolist() == [place for place in range(COUNT) if place % 7 != 2]


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.zarr"])
def test_where_nothing_is_kept_nothing_is_promised(tmp_path, tf, name):
    path = tmp_path / name
    nest = {"x": Numbers(stop_at=6).dataset(tf), "y": tf.constant(1)}
    one_by_one = iter(Numbers(stop_at=6).dataset(tf))
    cases = [(one_by_one, {"take": 9})] + [(nest, {})] * (name != "a.npy")
    if name != "a.zarr":
        cases.append((Numbers(stop_at=6).dataset(tf), {}))
    for obj, options in cases:
        with ends_at_ctrl_c() as caught:
            save(obj, path, progress=False, **options)
        assert str(caught.value) == f"saving {path} was stopped after 6 elements: nothing was left there"
        assert os.listdir(tmp_path) == []
    assert stopped(tf, path, at=0) == f"saving {path} was stopped: nothing was left there"
    assert os.listdir(tmp_path) == []


# Another dataset ----------------------------------------------------------------------------------------------------


def test_another_dataset_is_refused_and_what_is_kept_stays(tmp_path, tf):
    path = tmp_path / "a.zarr"
    stopped(tf, path)
    numbers = Numbers().dataset(tf)
    others = [
        (numbers.map(lambda x: x + 1), {}, "element 0 is another"),
        (numbers.map(lambda x: tf.where(x == 3, 0, x)), {}, "element 3 is another"),
        (numbers.map(lambda x: tf.where(x == 5, 0, x)), {}, "element 5 is another"),
        (numbers.map(lambda x: tf.cast(x, tf.int64)), {}, "element was int32 (), and is int64 () now"),
        (numbers, {"dtype": "float64"}, "dtype was None, and is float64 now"),
        (numbers.map(lambda x: {"x": x}), {}, "in another structure"),
        (numbers.batch(1), {"join": "stack"}, "element was int32 (), and is int32 (None,) now"),
        (Numbers(5).dataset(tf), {}, "5 came in all"),
        (numbers, {"take": 5}, "5 came in all"),
        (tf.data.Dataset.range(4, output_type=tf.int32), {}, "4 would come in all"),
    ]
    for other, options, why in others:
        said = (
            rf"^6 \w+ are kept of another dataset: .*{re.escape(why)}.*: save anew, without resume=True \(--resume\)$"
        )
        with pytest.raises(ConversionError, match=said):
            save(other, path, resume=True, progress=False, **options)
    save(numbers, path, resume=True)
    assert load(path).tolist() == list(range(COUNT))


def test_one_element_less_than_is_kept_is_seen(tmp_path, tf):
    for length in (1, 2, 5):
        path = tmp_path / f"{length}.zarr"
        stopped(tf, path, at=length)
        with pytest.raises(ConversionError, match=f"{length - 1} came in all"):
            save(Numbers(length - 1).dataset(tf), path, resume=True)
        assert save(Numbers(length).dataset(tf), path, resume=True).elements == length


def test_strings_are_compared_too(tmp_path, tf):
    path = tmp_path / "a.zarr"
    stopped(tf, path, change=lambda numbers: numbers.map(tf.strings.as_string))
    with pytest.raises(ConversionError, match="element 0 is another"):
        save(Numbers().dataset(tf).map(lambda x: tf.strings.as_string(x) + "\0"), path, resume=True)
    with pytest.raises(ConversionError, match="dtype was None, and is str now"):
        save(Numbers().dataset(tf).map(tf.strings.as_string), path, resume=True, dtype=str)


def test_a_pipeline_without_an_order_is_known(tf):
    tf.random.set_seed(None)  # with one, what has no seed of its own gets one from it
    datasets = tf.data.Dataset
    ten = datasets.range(10)
    in_any_order = tf.data.Options()
    in_any_order.deterministic = False
    changing = [
        ten.shuffle(3),
        ten.shuffle(3).batch(2).prefetch(1),
        ten.shuffle(3, seed=1),
        ten.shuffle(3, reshuffle_each_iteration=False),
        datasets.zip((ten, ten.shuffle(3))),
        ten.map(tf.identity, num_parallel_calls=2, deterministic=False),
        ten.batch(2, num_parallel_calls=2, deterministic=False),
        ten.map(tf.identity, num_parallel_calls=2).with_options(in_any_order),
        datasets.random().take(3),
        datasets.random(seed=1, rerandomize_each_iteration=True).take(3),
        datasets.sample_from_datasets([ten, ten]),
    ]
    same = [
        ten.batch(2).prefetch(1),
        ten.shuffle(3, seed=1, reshuffle_each_iteration=False).repeat(2),
        ten.map(tf.identity, num_parallel_calls=2),
        ten.map(tf.identity, num_parallel_calls=2, deterministic=True).with_options(in_any_order),
        ten.map(tf.identity).with_options(in_any_order),
        ten.interleave(datasets.range, num_parallel_calls=2),
        datasets.random(seed=1).take(3),
        datasets.sample_from_datasets([ten, ten], seed=1),
    ]
    assert all(map(another_order, changing))
    assert not any(map(another_order, same))
    assert another_order(iter(ten)) == ""


def test_a_shuffled_dataset_is_not_kept_and_one_of_a_fixed_order_is(tmp_path, tf):
    path = tmp_path / "a.zarr"
    said = stopped(tf, path, change=lambda numbers: numbers.shuffle(3))
    assert "nothing is kept: shuffle() gives another order each time" in said
    assert os.listdir(tmp_path) == []
    numbers = Numbers(stop_at=12)
    fixed = numbers.dataset(tf).shuffle(5, seed=1, reshuffle_each_iteration=False)
    with ends_at_ctrl_c("8 elements are kept"):
        save(fixed, path, progress=False)
    save(fixed, path, resume=True)
    assert load(path).tolist() == [one.numpy() for one in fixed]
    assert sorted(load(path)) == list(range(COUNT))


# What is there ------------------------------------------------------------------------------------------------------


def test_without_anything_left_it_begins(tmp_path, tf):
    saved = save(tf.data.Dataset.range(5), tmp_path / "a.zarr", resume=True)
    assert saved.elements == 5
    assert load(tmp_path / "a.zarr").tolist() == list(range(5))


def test_what_is_whole_is_left_as_it_is(tmp_path, tf):
    path = tmp_path / "a.zarr"
    dataset = tf.data.Dataset.range(10).batch(2)
    first = save(dataset, path, resume=True)
    inode = path.stat().st_ino
    again = save(dataset, path, resume=True)
    assert repr(again) == f"{path} is whole already: 5 batches, 80 B"
    assert (again.elements, again.nbytes, again.whole_before, first.whole_before) == (5, 80, True, False)
    assert path.stat().st_ino == inode
    for other, options in (
        (dataset, {"take": 3}),
        (dataset, {"join": "stack"}),
        (dataset.map(lambda x: {"x": x}), {}),
        (tf.data.Dataset.range(12).batch(2), {}),
    ):
        with pytest.raises(StorageError, match="is there already, and is not the whole of this dataset"):
            save(other, path, resume=True, **options)
    assert not save(dataset, path, resume=True, force=True).whole_before
    save(tf.constant([1]), path, force=True)
    with pytest.raises(StorageError, match="is not the whole of this dataset"):
        save(dataset, path, resume=True)


def test_a_whole_store_of_other_values_is_not_taken_for_the_same(tmp_path, tf):
    """As after the cell that prepares them was edited."""
    datasets = tf.data.Dataset
    path = tmp_path / "a.zarr"
    save(datasets.range(10), path, resume=True)
    before = path.stat().st_ino
    unknown = datasets.range(50).filter(lambda x: x > 5)
    for other in (datasets.range(100, 110), unknown, datasets.range(0, 20, 2), unknown.take(0)):
        with pytest.raises(StorageError, match="is not the whole of this dataset"):
            save(other, path, resume=True)
    with pytest.raises(ConversionError, match=r"element 0 failed: .*[Dd]ivision by zero"):
        save(datasets.range(10).map(lambda x: x // (x - x)), path, resume=True)
    assert save(datasets.range(50).filter(lambda x: x < 10), path, resume=True).whole_before
    assert path.stat().st_ino == before
    save(datasets.range(0), tmp_path / "b.zarr", resume=True)
    assert save(datasets.range(0), tmp_path / "b.zarr", resume=True).whole_before
    assert save(unknown.take(0), tmp_path / "b.zarr", resume=True).whole_before


def test_a_whole_store_is_compared_in_time_and_can_be_stopped(tmp_path, tf, clock):
    path = tmp_path / "a.zarr"
    save(tf.data.Dataset.range(2, output_type=tf.int32).repeat(5), path, resume=True)
    asked, woken = threading.Event(), threading.Event()

    def blocked():
        clock.now += 1
        asked.set()
        woken.wait(30)
        yield 0

    dataset = one_at_a_time(blocked, tf.TensorSpec((), tf.int32))
    with pytest.raises(ConversionError, match=r"no element within 0.2 s: 0 elements came"):
        save(dataset, path, resume=True, timeout=0.2)
    asked.clear()
    threading.Thread(target=lambda: asked.wait(30) and os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(ConversionInterrupted, match="was stopped: the old one is as it was"):
        save(dataset, path, resume=True)
    woken.set()
    assert load(path).tolist() == [0, 1] * 5


def test_what_has_no_order_is_refused_before_anything_is_drawn(tmp_path, tf):
    """Else a time limit would leave nothing: neither a part to go on with nor one that is saved as it is."""
    drawn = []
    numbers = tf.data.Dataset.from_generator(
        lambda: (drawn.append(n) or n for n in range(5)), output_signature=tf.TensorSpec((), tf.int32)
    )
    for _ in range(2):
        with pytest.raises(ConversionError, match=r"resume=True needs the same .* and shuffle\(\) gives another order"):
            save(numbers.shuffle(3), tmp_path / "a.zarr", resume=True)
    assert drawn == []
    assert os.listdir(tmp_path) == []


def test_a_part_that_is_to_replace_a_whole_one_needs_force(tmp_path, tf):
    path = tmp_path / "a.zarr"
    save(tf.data.Dataset.range(3, output_type=tf.int32), path)
    said = stopped(tf, path, force=True)
    assert said.endswith(
        ": the old one is as it was; 6 elements are kept: resume=True (--resume) with force=True (--force) goes on"
        " from there"
    )
    with pytest.raises(StorageError, match=r"so is a part of what was to replace it: force=True \(--force\) goes on"):
        save(Numbers().dataset(tf), path, resume=True)
    assert load(path).tolist() == [0, 1, 2]
    save(Numbers().dataset(tf), path, resume=True, force=True)
    assert load(path).tolist() == list(range(COUNT))


def test_a_store_of_a_timeout_is_not_taken_for_a_whole_one(tmp_path, tf, clock):
    over = threading.Event()

    def generate():
        yield 0
        clock.now += 1
        over.wait(30)

    dataset = one_at_a_time(generate, tf.TensorSpec((), tf.int32))
    with pytest.warns(UserWarning, match="no element within"):
        saved = save(dataset, tmp_path / "a.zarr", timeout=0.3)
    over.set()
    assert repr(saved).endswith("a.zarr; no element within 0.3 s: 1 element came until then")
    with pytest.raises(StorageError, match="is not the whole"):
        save(dataset, tmp_path / "a.zarr", resume=True)


def test_only_datasets_can_be_resumed(tmp_path, tf):
    for obj in (tf.constant(1), [tf.data.Dataset.range(3), tf.constant(1)], iter(tf.data.Dataset.range(3))):
        with pytest.raises(ConversionError, match=r"resume=True is for a single tf\.data\.Dataset|take=3"):
            save(obj, tmp_path / "a.zarr", resume=True)
    with pytest.raises(StorageError, match=r"resume=True is for \.zarr"):
        save(tf.data.Dataset.range(3), tmp_path / "a.npz", resume=True)


# How far it is ------------------------------------------------------------------------------------------------------


def test_a_slow_pipeline_has_a_checkpoint_every_few_seconds(tmp_path, tf, monkeypatch):
    """However little comes: after the seconds are over each element has one."""
    monkeypatch.setattr(writing, "CHECKPOINT_SECONDS", 0.05)
    told = []
    monkeypatch.setattr(writing.checkpoints, "write", lambda folder, header, rests: told.append(header["state"]))
    dataset = Numbers(4).dataset(tf).map(lambda x: tf.py_function(lambda: time.sleep(0.06) or 1, [], tf.int32))
    save(dataset.map(lambda x: tf.ensure_shape(x, ())), tmp_path / "a.zarr")
    assert [state["elements"] for state in told] == [1, 2, 3, 4]


def test_the_bar_says_while_what_is_stored_comes_again(monkeypatch):
    seconds = iter(range(100))
    progress = Progress(True, 10, "batch", lambda: 20.0 * next(seconds), kept=3)
    shown = []
    for elements in (1, 3, 4):
        progress.update(elements, 2**20)
        progress.update(elements, 2**20)
        shown.append((progress._bar.n, progress._bar.postfix, progress._bar.total))
    progress.close()
    assert [one[0] for one in shown] == [1, 3, 4]
    assert shown[0][1] == "stored already"
    assert shown[1][1].endswith("/s")
    assert {one[2] for one in shown} == {10}
