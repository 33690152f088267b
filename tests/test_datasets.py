"""Datasets as arrays: what memory that takes, what is said on the way, and the pieces that are joined."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import ConversionError, to_numpy
from tfnp_ext.datasets.progress import Progress
from tfnp_ext.datasets.sinks import MemorySink

MIB = 2**20


class TestMemorySink:
    @given(
        st.lists(hnp.arrays(np.int16, st.tuples(st.integers(0, 9), st.just(3))), min_size=1, max_size=9),
        st.one_of(st.none(), st.integers(0, 60)),
    )
    def test_it_joins_as_numpy_does_whatever_was_expected(self, pieces, expected):
        sink = MemorySink()
        if expected is not None:
            sink.expect(expected)
        for piece in pieces:
            sink.append(piece)
        rows, nbytes = sink.rows, sink.nbytes
        joined = sink.finish()
        np.testing.assert_array_equal(joined, np.concatenate(pieces))
        assert joined.dtype == np.int16
        assert (rows, nbytes) == (len(joined), joined.nbytes)
        assert joined.base is None
        assert joined.flags.writeable

    def test_chunks_beyond_what_was_expected_are_joined(self):
        sink = MemorySink()
        pieces = [np.full((300_000,), place, np.float64) for place in range(9)]
        sink.expect(400_000)
        for piece in pieces:
            sink.append(piece)
        np.testing.assert_array_equal(sink.finish(), np.concatenate(pieces))

    def test_strings_count_their_characters(self):
        sink = MemorySink()
        sink.append(np.array([b"ab", b""], object))
        sink.append(np.array([b"cde"], object))
        assert sink.nbytes == 5
        assert sink.finish().tolist() == [b"ab", b"", b"cde"]

    def test_without_an_array_neither_dtype_nor_shape_is_known(self):
        with pytest.raises(ValueError, match="neither dtype nor shape"):
            MemorySink().finish()


class Clock:
    """Seconds that only pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class TestProgress:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    def test_nothing_is_shown_within_the_first_second(self, clock, capsys):
        progress = Progress(True, 10, "batch", clock)
        clock.now = 0.9
        progress.update(5, 5 * MIB)
        progress.close()
        assert capsys.readouterr() == ("", "")

    def test_then_elements_and_bytes_a_second_and_the_time_left(self, clock, capsys):
        progress = Progress(True, 10, "batch", clock)
        clock.now = 2.0
        progress.update(4, 8 * MIB)
        shown = capsys.readouterr().err
        assert " 40%|" in shown
        assert "4/10 [00:02<00:03,  2.00 batch/s, 4 MiB/s]" in shown
        progress.close()
        assert "\r" in capsys.readouterr().err  # the line is wiped

    def test_where_the_number_is_not_known_no_time_left_is_invented(self, clock, capsys):
        progress = Progress(True, None, "element", clock)
        clock.now = 4.0
        progress.update(8, MIB)
        shown = capsys.readouterr().err
        assert "8 element [00:04,  2.00 element/s, 256 KiB/s]" in shown
        progress.close()

    def test_quiet_is_quiet(self, clock, capsys):
        progress = Progress(False, 10, "batch", clock)
        clock.now = 60.0
        progress.update(5, MIB)
        progress.close()
        assert capsys.readouterr() == ("", "")

    def test_a_slow_dataset_shows_the_bar_and_takes_it_away(self, tf, capsys):
        def slow(place):
            import time

            time.sleep(0.5)
            return place

        dataset = tf.data.Dataset.range(4).map(lambda place: tf.py_function(slow, [place], tf.int64))
        assert to_numpy(dataset).tolist() == [0, 1, 2, 3]
        shown = capsys.readouterr().err
        assert "/4 [" in shown
        assert shown.rpartition("\r")[0].endswith(" " * 20)
        assert to_numpy(dataset, progress=False).tolist() == [0, 1, 2, 3]
        assert capsys.readouterr().err == ""


PEAKS = """
import gc, json, os
from pathlib import Path
import tensorflow as tf
import tfnp_ext

def resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))

def batches(count):
    return tf.data.Dataset.range(count).map(lambda place: tf.fill((32, 200, 200), tf.cast(place, tf.float32)))

def images(count):
    return tf.data.Dataset.range(count).map(
        lambda place: tf.fill((32, 199 + place % 2, 200), tf.cast(place, tf.float32))
    )

def rows(count):
    lengths = tf.tile([999, 1001], [640])
    return tf.data.Dataset.range(count).map(
        lambda place: tf.RaggedTensor.from_row_lengths(tf.fill([1_280_000], tf.cast(place, tf.float32)), lengths)
    )

found = {}
for name, way in {
    "known": lambda count: tfnp_ext.to_numpy(batches(count), join="concat"),
    "unknown": lambda count: tfnp_ext.to_numpy(batches(count).filter(lambda batch: True), join="concat"),
    "padded images": lambda count: tfnp_ext.to_numpy(images(count), ragged="pad", join="stack"),
    "masked images": lambda count: tfnp_ext.to_numpy(images(count), ragged="masked", join="stack"),
    "padded rows": lambda count: tfnp_ext.to_numpy(rows(count), ragged="pad"),
    "masked rows": lambda count: tfnp_ext.to_numpy(rows(count), ragged="masked"),
}.items():
    way(4)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    result = way(64)
    found[name] = (resident("VmHWM") - before) / result.nbytes
    assert result.size // 64 in {32 * 200 * 200, 1280 * 1001}
    assert result.reshape(64, -1)[:, 0].tolist() == list(range(64))
    del result
print(json.dumps(found))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_peak_is_that_of_the_result(process_environment):
    """312 MiB in elements of 4.9 MiB; a list of batches and its concatenation need twice the result."""
    done = subprocess.run(
        [sys.executable, "-c", PEAKS], capture_output=True, text=True, env=process_environment, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    peaks = json.loads(done.stdout.splitlines()[-1])
    assert peaks.pop("known") <= 1.1
    assert max(peaks.values()) <= 1.6, peaks


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"take": 3}, "take=3 is for datasets, whose elements are drawn, and Tensor is none: leave it out"),
        ({"join": "stack"}, "join='stack' is for datasets"),
        ({"timeout": 1}, "timeout=1 is for datasets"),
        ({"on_error": "skip"}, "on_error='skip' is for datasets"),
        ({"join": "sum"}, "join='sum' is not one of auto, concat, stack"),
        ({"on_error": None}, "on_error=None is not one of raise, skip"),
        ({"take": -1}, "take=-1 is no number of elements"),
        ({"take": True}, "take=True is no number of elements"),
        ({"timeout": 0}, "timeout=0 is no number of seconds"),
        ({"timeout": "soon"}, "timeout='soon' is no number of seconds"),
    ],
)
def test_options_for_datasets_are_not_dropped(tf, options, said):
    with pytest.raises(ConversionError) as refusal:
        to_numpy(tf.constant([1, 2]), **options)
    assert said in str(refusal.value)
