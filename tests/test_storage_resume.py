"""A ``.zarr`` that was stopped or killed goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import ml_dtypes
import pytest

from tfnp_ext import ConversionError, ConversionInterrupted, StorageError, load, save

ROWS = 2**20
COUNT = 24


def elements(tf, first=0, stop_at=None, count=COUNT):
    """Batches of several kinds, 8 MiB each; at one of them comes Ctrl-C."""

    def generate():
        for place in range(count):
            if place == stop_at:
                signal.raise_signal(signal.SIGINT)
            yield first + place

    def batch(value):
        return {
            "x": tf.fill((4, ROWS // 2), tf.cast(value, tf.float32)),
            "half": tf.fill((4,), tf.cast(value, tf.bfloat16)),
            "text": tf.fill((4,), tf.strings.as_string(value)),
            "rows": tf.RaggedTensor.from_row_lengths(tf.fill((value % 5,), value), [value % 5, 0]),
        }

    numbers = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((), tf.int32))
    return numbers.map(batch)


def values_of(loaded):
    """Returns the value of each batch, as each of its parts tells it."""
    x, text = loaded["x"][::4, 0].astype(int), [int(one) for one in loaded["text"][::4]]
    assert loaded["x"].shape[1] == ROWS // 2
    assert (loaded["x"] == loaded["x"][:, :1]).all()
    assert loaded["half"].dtype == ml_dtypes.bfloat16
    assert x.tolist() == text
    assert loaded["half"][::4].astype(int).tolist() == text
    for value, row in zip(text, loaded["rows"][::2], strict=True):
        assert row.tolist() == [value] * (value % 5)
    return text


def test_an_interrupted_save_goes_on_where_it_was(tmp_path, tf):
    path = tmp_path / "a.zarr"
    with pytest.raises(ConversionInterrupted, match="nothing was left there, and resume=True goes on"):
        save(elements(tf, stop_at=20), path, join="concat", progress=False)
    assert not path.exists()
    with pytest.raises(StorageError, match="another structure"):
        save(elements(tf).map(lambda one: one["x"]), path, resume=True, join="concat")
    saved = save(elements(tf, first=100), path, resume=True, join="concat", progress=False)
    assert saved.elements == COUNT
    values = values_of(load(path, max_bytes=None))
    came = sum(value < 100 for value in values)
    assert 4 <= came <= 22
    assert values == [*range(came), *range(100 + came, 100 + COUNT)]
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_a_killed_save_goes_on_where_it_was(tmp_path, tf):
    path = tmp_path / "a.zarr"
    code = f"""
import os, signal
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from tests.test_storage_resume import elements
import tfnp_ext
signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
tfnp_ext.save(elements(tf, stop_at=20), {str(path)!r}, join="concat")
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False, cwd=os.path.dirname(os.path.dirname(__file__)))
    assert killed.returncode == -signal.SIGKILL
    assert not path.exists()
    save(elements(tf, first=100), path, resume=True, join="concat", take=22, progress=False)
    values = values_of(load(path))
    came = sum(value < 100 for value in values)
    assert 4 <= came <= 20
    assert values == [*range(came), *range(100 + came, 122)]


def test_without_anything_left_it_begins(tmp_path, tf):
    saved = save(tf.data.Dataset.range(5), tmp_path / "a.zarr", resume=True)
    assert saved.elements == 5
    assert load(tmp_path / "a.zarr").tolist() == list(range(5))


def test_only_datasets_can_be_resumed(tmp_path, tf):
    for obj in (tf.constant(1), [tf.data.Dataset.range(3), tf.constant(1)], iter(tf.data.Dataset.range(3))):
        with pytest.raises(ConversionError, match=r"resume=True is for a dataset|take=3"):
            save(obj, tmp_path / "a.zarr", resume=True)


def test_an_element_that_fails_while_resuming_leaves_what_came(tmp_path, tf):
    path = tmp_path / "a.zarr"

    def failing(bad):
        return tf.data.Dataset.range(COUNT).map(
            lambda x: tf.fill((1, ROWS * 2), tf.debugging.check_numerics(1.0 / tf.cast(x - bad, tf.float32), "bad"))
        )

    with pytest.raises(ConversionError, match="element 20 failed"):
        save(failing(20), path, resume=True, join="concat")
    assert len(os.listdir(tmp_path)) == 2
    with pytest.raises(ConversionError, match="element 22 failed"):
        save(failing(22), path, resume=True, join="concat")
    saved = save(failing(-1), path, resume=True, join="concat")
    assert saved.elements == COUNT
    assert load(path).shape == (COUNT, ROWS * 2)
    assert os.listdir(tmp_path) == ["a.zarr"]
