"""What the explorer says of what is too large to read at once: datasets of unknown length, planes of 100 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext.explorer import explore, planes, reading, search
from tfnp_ext.explorer.choices import choices
from tfnp_ext.explorer.finding import Finder, end_of
from tfnp_ext.explorer.frames import Frame, Frames, Viewport
from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.pooling import pool
from tfnp_ext.explorer.search import Disagreements, Extreme, NextInvalid
from tfnp_ext.explorer.sources import DenseSource
from tfnp_ext.explorer.state import ExplorerState, first_state


def dataset_of(tf: Any, elements: Any) -> Any:
    """Returns a dataset of unknown length."""
    first = next(iter(elements()))
    spec = tf.TensorSpec([None] * first.ndim, first.dtype)
    return tf.data.Dataset.from_generator(elements, output_signature=spec)


def seven() -> Any:
    """Yields seven elements, with a NaN in the one before the last and the largest in the last."""
    for number in range(7):
        element = np.full((4, 4), number, np.float32)
        if number == 5:
            element[1, 2] = np.nan
        yield element


# Datasets of unknown length.


def test_a_search_draws_to_the_end_of_a_dataset(tf, sent):
    explorer = explore(dataset_of(tf, seven))
    assert explorer.state.shape == (2, 4, 4)
    explorer._controls.invalid.click()
    assert explorer.slice == ".skip(5).take(1).get_single_element()[:, :]"
    assert np.isnan(explorer.array[1, 2])
    assert sent[-1][0] == {"type": "goto", "y": 1, "x": 2, "pin": True}
    assert explorer._controls.slides[0].slider.value == 5
    explorer._controls.scope.value = "whole"
    explorer._controls.maximum.click()
    assert explorer._said.value == "largest of all: [6, 0, 0]"
    assert (explorer.array == 6).all()
    assert explorer.state.shape == (7, 4, 4)
    explorer._controls.minimum.click()
    assert explorer._said.value == "smallest of all: [0, 0, 0]"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_that_there_is_no_nan_is_said_of_what_was_drawn(tf, sent, count):
    explorer = explore(dataset_of(tf, lambda: iter(np.zeros((count, 4, 4), np.float32))))
    explorer._controls.invalid.click()
    assert explorer._said.value == f"no NaN or infinity in {count} element{'s' * (count > 1)}"
    assert explorer.state.shape == (count, 4, 4)
    explorer._controls.scope.value = "whole"
    explorer._controls.maximum.click()
    assert explorer._said.value == "largest of all: [0, 0, 0]"


@pytest.mark.parametrize("seconds", [0.0, 60.0])
@given(
    shapes=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=6),
    drawn=st.integers(0, 6),
    start=st.integers(0, 10**6),
    most=st.integers(1, 9),
    seed=st.integers(0, 20),
)
@settings(max_examples=40)
def test_searches_of_elements_of_any_shape_are_numpys(tf, seconds, shapes, drawn, start, most, seed):
    shapes = [(max(shapes[0][0], 1), shapes[0][1]), *shapes[1:]]
    random = np.random.default_rng(seed)
    elements = [random.integers(0, 50, shape).astype(np.float32) for shape in shapes]
    for element in elements:
        element[random.random(element.shape) < 0.1] = np.nan
    source = choices(dataset_of(tf, lambda: iter(elements)))[0].open()
    source.reach(drawn)
    start %= source.size
    begin = np.unravel_index(start, source.shape)
    index = [(k, *at) for k, element in enumerate(elements) for at in np.ndindex(element.shape)]
    invalid = sorted((at for at in index if np.isnan(elements[at[0]][at[1:]])), key=lambda at: (at < begin, at))
    following = NextInvalid(source, start, most)
    while not following.step(seconds):
        assert source.cut((0, 0, 0)) is not None  # what is shown is cut in between
    assert following.found == (invalid[0] if invalid else None)
    for largest in (True, False):
        best = Extreme(source, largest)
        while not best.step(seconds):
            assert source.cut((0, 0, 0)) is not None
        values = {at: float(elements[at[0]][at[1:]]) for at in index if at not in invalid}
        wanted = (max if largest else min)(values, key=lambda at: values[at]) if values else None
        assert best.found == wanted
    assert source.shape[0] == len(elements)


def test_of_an_endless_dataset_it_is_said_how_much_was_looked_at(tf, sent, monkeypatch):
    monkeypatch.setattr(search.Search.step, "__defaults__", (0.0, lambda: 0.0))
    explorer = explore(tf.data.Dataset.from_tensors(np.zeros((2, 3))).repeat())
    explorer._controls.scope.value = "whole"
    for count in ("1 element", "2 elements", "3 elements"):
        explorer._controls.invalid.click()
        assert explorer._said.value == f"no NaN in {count} drawn so far: press again to go on"
    explorer._controls.maximum.click()
    assert explorer._said.value == "largest [0, 0, 0] in 1 element drawn so far: press again to go on"


def test_integers_of_a_dataset_hold_no_nan(tf, sent):
    explorer = explore(dataset_of(tf, lambda: iter(np.zeros((3, 2, 2), np.int32))))
    explorer._controls.invalid.click()
    assert explorer._said.value == "no NaN or infinity in numbers of int32"


def test_what_was_found_is_what_is_shown_of_a_shuffled_dataset(tf, sent):
    array = np.zeros((40, 2, 3), np.float32)
    array[17, 1, 1] = np.nan
    array[23, 0, 2] = 9
    dataset = tf.data.Dataset.from_tensor_slices(array).shuffle(40).filter(lambda _: True)
    explorer = explore(dataset)
    explorer._controls.invalid.click()
    assert np.isnan(explorer.array[1, 1])
    explorer._controls.scope.value = "whole"
    explorer._controls.maximum.click()
    assert explorer.array[0, 2] == 9


def test_after_a_search_elements_are_drawn_on_from_there(tf, sent):
    starts = []

    def elements() -> Any:
        starts.append(True)
        yield from seven()

    explorer = explore(dataset_of(tf, elements))
    starts.clear()
    explorer._controls.invalid.click()
    assert press(explorer, "PageDown")[0] == 6
    assert (explorer.array == 6).all()
    assert starts == []


def test_a_search_that_failed_is_begun_anew(tf, sent):
    dataset = tf.data.Dataset.range(4).map(
        lambda n: tf.debugging.check_numerics(1.0 / tf.cast(2 - n, tf.float32), "bad")
    )
    explorer = explore(dataset)
    for _ in range(2):
        explorer._controls.invalid.click()
        assert "element 2 failed" in explorer._said.value


def test_disagreements_of_two_datasets_are_counted_to_their_end(tf, sent):
    def other() -> Any:
        for number, element in enumerate(seven()):
            yield element + (number in {3, 6})

    one, two = (choices(dataset_of(tf, each))[0].open() for each in (seven, other))
    counted = Disagreements(one, two, 0.0)
    while not counted.step(0.0):
        pass
    assert (counted.count, counted.found, counted.elements) == (32, (3, 0, 0), 7)
    dense = choices(np.stack(list(seven())))[0].open()
    counted = Disagreements(dense, two, 0.0)
    assert counted.step()
    assert (counted.count, counted.found) == (32, (3, 0, 0))


def press(explorer: Any, key: str, shift: bool = False) -> tuple[int, str]:
    """Presses a key, and returns the element that is shown then and what is said."""
    explorer._receive(explorer._canvas, {"type": "key", "key": key, "shift": shift})
    explorer._pacing._now()  # what waits for the last drawing
    return explorer.state.index[0], explorer._said.value


def test_keys_go_ten_elements_on_and_to_the_end(tf, sent):
    explorer = explore(dataset_of(tf, lambda: (np.full((2, 3), number) for number in range(26))))
    assert press(explorer, "PageDown", shift=True) == (10, "")
    assert (explorer.array == 10).all()
    assert explorer._controls.slides[0].slider.value == 10
    assert press(explorer, "PageDown") == (11, "")
    assert press(explorer, "PageUp", shift=True) == (1, "")
    assert press(explorer, "End") == (25, "")
    assert (explorer.array == 25).all()
    assert explorer.state.shape == (26, 2, 3)
    assert press(explorer, "PageDown", shift=True) == (25, "")
    assert press(explorer, "Home") == (0, "")
    assert press(explorer, "End") == (25, "")


def test_ten_elements_on_is_the_end_where_there_are_fewer(tf, sent):
    explorer = explore(dataset_of(tf, seven))
    assert press(explorer, "PageDown", shift=True) == (6, "")
    assert (explorer.array == 6).all()
    assert explorer.state.shape == (7, 4, 4)


def test_an_end_that_takes_long_is_looked_for_in_steps(tf, sent, monkeypatch):
    monkeypatch.setattr(end_of, "__defaults__", (0.0, lambda: 0.0))
    explorer = explore(dataset_of(tf, lambda: iter(np.zeros((3, 2, 2)))))
    assert press(explorer, "End") == (1, "no end in 2 elements drawn so far: press End again to go on")
    assert press(explorer, "End") == (2, "no end in 3 elements drawn so far: press End again to go on")
    assert press(explorer, "End") == (2, "")


def test_an_endless_dataset_has_no_end(tf, sent):
    explorer = explore(tf.data.Dataset.from_tensors(np.zeros((2, 3))).repeat())
    assert press(explorer, "PageDown", shift=True) == (10, "")
    place, said = press(explorer, "End")
    assert (place, said) == (10, "the dataset has no end: Shift and Page Down go ten elements on")
    assert explorer.state.shape == (12, 2, 3)


# Planes that are read band by band.


def drawn(frame: Frame, place: int = 0) -> np.ndarray:
    """Returns a buffer as the canvas reads it."""
    json.dumps(frame.meta, allow_nan=False)
    return np.frombuffer(frame.buffers[place], f"<{frame.meta['dtype']}").reshape(frame.meta["pixels"])


@pytest.fixture
def small_bands(monkeypatch) -> Any:
    """Everything is a large plane, and bands are small."""
    for module in (planes, reading):
        monkeypatch.setattr(module, "MOST_KEPT", 30)
    monkeypatch.setattr(planes, "BAND", 40)
    monkeypatch.setattr(planes, "BUDGET", float("inf"))
    return monkeypatch


def planted() -> np.ndarray:
    array = np.random.default_rng(0).normal(size=(5000, 5000)).astype(np.float32)
    array[3, 3] = np.nan
    array[77, 77] = 1e6
    array[4001, 2001] = -np.inf
    return array


def test_nothing_of_a_plane_of_100_mb_is_missed(monkeypatch):
    monkeypatch.setattr(planes, "BUDGET", float("inf"))
    array = planted()
    frames, state = Frames(DenseSource(array)), ExplorerState(array.shape, columns=1, rows=0, index=(0, 0))
    frame = frames.frame(replace(state, pooling="max", threshold=4.0))
    meta = frame.meta
    assert (meta["nans"], meta["infs"], meta["edges"][1]) == (1, [0, 1], 1e6)
    assert meta["limits"][1] == 1e6
    assert (np.nanmax(drawn(frame)), np.isnan(drawn(frame)).sum()) == (1e6, 1)
    assert meta["above"] == (array > 4).sum()
    assert "read" not in meta["note"]
    counted = frames.frame(replace(state, view="histogram")).meta
    assert sum(counted["counts"]) == array.size - 2
    image = frames.frame(replace(state, view="image")).meta
    assert (image["nans"], image["limits"][1]) == (1, 1e6)


@given(
    rows=st.integers(1, 50),
    columns=st.integers(1, 50),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    how=st.sampled_from(["mean", "min", "max"]),
    axes=st.sampled_from(["as they lie", "swapped", "in other memory"]),
    lost=st.booleans(),
    kind=st.sampled_from(["heatmap", "image", "bfloat16", "int16"]),
    seed=st.integers(0, 5),
)
@settings(max_examples=150)
def test_bands_are_put_together_as_the_whole(rows, columns, size, how, axes, lost, kind, seed):
    random = np.random.default_rng(seed)
    array: np.ndarray = random.normal(size=(rows, columns, 3)[: 3 if kind == "image" else 2]).astype(np.float32)
    if kind in {"heatmap", "image"}:
        array[random.random(array.shape) < 0.05] = np.nan
        array[random.random(array.shape) < 0.02] = np.inf
    if kind == "int16":
        array = (array * 1000).astype(np.int16)
    if axes == "in other memory":
        array = np.asfortranarray(array)
    if lost and kind != "bfloat16":
        array = np.ma.MaskedArray(array, random.random(array.shape) < 0.1)
    plain = array
    if kind == "bfloat16":
        import ml_dtypes

        array = array.astype(ml_dtypes.bfloat16)
        plain = array.astype(np.float32)
    across, down = (0, 1) if axes == "swapped" else (1, 0)
    state = ExplorerState(array.shape, columns=across, rows=down, index=(0,) * array.ndim, pooling=how)
    if kind == "image":
        state = replace(state, view="image", channels=2)
    if axes == "swapped":
        plain = np.swapaxes(plain, 0, 1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(planes, "MOST_KEPT", 20)
        patched.setattr(reading, "MOST_KEPT", 20)
        patched.setattr(planes, "BAND", 40)
        patched.setattr(planes, "BUDGET", float("inf"))
        frames = Frames(DenseSource(array))
        found = frames.planes.pixels(state, (0, 0, *state.plane), size, how)
        frame = frames.frame(state, Viewport(None, size))
        threshold = replace(state, view="heatmap", threshold=0.5, channels=None)
        above = frames.above(threshold)
    block = tuple(-(-length // room) for length, room in zip(state.plane, size, strict=True))
    values, missing = np.ma.getdata(plain), np.ma.getmaskarray(plain)
    (part,) = found.parts
    there = np.zeros(part.values.shape, bool) if part.missing is None else part.missing
    for layer in range(3) if kind == "image" else [...]:
        at = np.s_[:, :, layer] if kind == "image" else np.s_[:, :]
        expected = Numbers(values[at], missing[at])
        if block != (1, 1):
            expected = pool(expected, block, how)
        gone = np.zeros(expected.values.shape, bool) if expected.missing is None else expected.missing
        np.testing.assert_array_equal(there[at], gone)
        np.testing.assert_allclose(part.values[at][~gone], expected.values[~gone], rtol=1e-5, atol=1e-6)
    kept = np.asarray(plain[~missing], np.float64)
    finite = kept[np.isfinite(kept)]
    assert frame.meta["nans"] == np.isnan(kept).sum()
    assert frame.meta["infs"] == [(kept == np.inf).sum(), 0]
    assert frame.meta["missing"] == missing.sum()
    assert frame.meta["edges"] == ([finite.min(), finite.max()] if finite.size else [0, 0])
    first = np.ma.MaskedArray(values, missing)[..., 0] if kind == "image" else np.ma.MaskedArray(values, missing)
    assert above == (np.nan_to_num(first.compressed(), nan=0.0, posinf=1.0) > 0.5).sum()


def test_a_long_line_is_read_band_by_band(small_bands):
    series = np.random.default_rng(0).normal(size=(3, 1000))
    series[1, 333] = np.nan
    state = ExplorerState(series.shape, columns=1, rows=0, index=(0, 0), view="line")
    frame = Frames(DenseSource(series)).frame(state, Viewport(None, (100, 70)))
    found = np.frombuffer(frame.buffers[0], f"<{frame.meta['dtype']}").reshape(3, 2, -1)
    starts = np.arange(0, 1000, 15)
    np.testing.assert_array_equal(found[:, 0], np.minimum.reduceat(series, starts, axis=1))
    np.testing.assert_array_equal(found[:, 1], np.maximum.reduceat(series, starts, axis=1))
    assert "smallest and largest of each 15" in frame.meta["note"]


def test_both_sides_are_read_band_by_band(small_bands):
    one, two = np.random.default_rng(0).normal(size=(2, 60, 70))
    two[5, 6] = np.nan
    state = ExplorerState(one.shape, columns=1, rows=0, index=(0, 0), compare="side")
    frames = Frames(DenseSource(one), DenseSource(two))
    frame = frames.frame(state, Viewport(None, (30, 35)))
    for place, array in enumerate((one, two)):
        expected = array.reshape(30, 2, 35, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(drawn(frame, place), expected, rtol=1e-5)
    assert frame.meta["nans"] == 1
    assert frame.meta["edges"] == [min(one.min(), np.nanmin(two)), max(one.max(), np.nanmax(two))]
    frame = frames.frame(replace(state, compare="disagree", tolerance=1.0), Viewport(None, (30, 35)))
    assert frame.meta["disagree"]["slice"] == (~(abs(one - two) <= 1.0)).sum()


@pytest.mark.parametrize("bound", ["MOST_EXACT", "BUDGET"])
@pytest.mark.parametrize("view", ["heatmap", "image", "line", "histogram", "table"])
def test_where_rows_are_left_out_every_view_says_it(small_bands, view, bound):
    small_bands.setattr(planes, bound, 0)
    array = np.zeros((24, 10))
    state = ExplorerState(array.shape, columns=1, rows=0, index=(0, 0), view=view)
    meta = Frames(DenseSource(array)).frame(replace(state, threshold=0.5)).meta
    assert view != "heatmap" or "0 of the values read above 0.500" in meta["title"]
    assert "1 of 8 rows read: NaN and extremes may be missed" in meta["note"]
    if view == "heatmap":
        assert meta["step"] == [8, 1]


def test_sparse_planes_are_read_in_few_large_bands(tf, small_bands):
    cells = [[row, row * 7 % 90] for row in range(80)]
    tensor = tf.sparse.SparseTensor(cells, np.arange(80.0), (80, 90))
    (choice,) = choices(tensor)
    source = choice.open()
    frames = Frames(source)
    frame = frames.frame(replace(first_state(source), pooling="max"), Viewport(None, (40, 45)))
    dense = tf.sparse.to_dense(tensor).numpy()
    np.testing.assert_array_equal(drawn(frame), dense.reshape(40, 2, 45, 2).max(axis=(1, 3)))
    assert len(list(frames.planes.bands(first_state(source)))) == 1


@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    largest=st.booleans(),
    turned=st.booleans(),
    channels=st.booleans(),
    seed=st.integers(0, 20),
)
@settings(max_examples=80)
def test_the_first_extreme_of_a_large_slice_is_found_in_steps(shape, largest, turned, channels, seed):
    random = np.random.default_rng(seed)
    array: np.ndarray = random.integers(0, 30, (*shape, 3)[: 3 if channels else 2]).astype(np.float32)
    array[random.random(array.shape) < 0.1] = np.nan
    down, across = (1, 0) if turned else (0, 1)
    state = ExplorerState(array.shape, columns=across, rows=down, index=(0,) * array.ndim)
    if channels:
        state = replace(state, view="image", channels=2)
    frames, finder, steps = Frames(DenseSource(array)), Finder(), []
    with pytest.MonkeyPatch.context() as patched:
        for module in (planes, reading):
            patched.setattr(module, "MOST_KEPT", 30)
        patched.setattr(planes, "BAND", 40)
        patched.setattr(search.Search.step, "__defaults__", (0.0, lambda: 0.0))
        while not steps or "press again" in steps[-1].said:
            steps.append(finder.extreme(frames, state, largest, whole=False))
    plane = np.swapaxes(array, 0, 1) if turned else array
    flat = np.where(np.isnan(plane), -1 if largest else 99, plane).reshape(-1)
    at = int(flat.argmax() if largest else flat.argmin())
    if np.isnan(plane).all():
        assert steps[-1].said == "no finite value in the slice"
    else:
        cell = np.unravel_index(at, plane.shape)[:2]
        assert steps[-1].cell == cell
        word = "largest" if largest else "smallest"
        assert steps[-1].said == f"{word} of the slice: {flat[at]} at {state.expression(*map(int, cell))}"
    assert len(steps) >= shape[0] * shape[1] / 40


def test_a_large_plane_on_another_device_is_read_there_in_bands(tf, small_bands):
    array = np.random.default_rng(0).normal(size=(60, 70)).astype(np.float32)
    array[5, 6] = np.nan
    with tf.device("CPU:1"):
        tensor = tf.constant(array)
    (choice,) = choices(tensor)
    frames, state = Frames(choice.open()), ExplorerState(array.shape, columns=1, rows=0, index=(0, 0), pooling="max")
    frame = frames.frame(state, Viewport(None, (30, 35)))
    np.testing.assert_array_equal(drawn(frame), array.reshape(30, 2, 35, 2).max(axis=(1, 3)))
    assert frame.meta["nans"] == 1
    found = Finder().extreme(frames, state, True, whole=False)
    assert found.cell == np.unravel_index(np.nanargmax(array), array.shape)


def test_a_frame_of_a_large_plane_takes_little_memory(tmp_path):
    if not os.path.exists("/proc/self/clear_refs"):
        pytest.skip("the peak of memory is not to be had here")
    code = """
import numpy as np
from tfnp_ext.explorer.frames import Frames
from tfnp_ext.explorer.sources import DenseSource
from tfnp_ext.explorer.state import ExplorerState

def memory(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))

def frame(length):
    array = np.ones((length, length), np.float32)
    state = ExplorerState(array.shape, columns=1, rows=0, index=(0, 0))
    before = memory("VmRSS")
    open("/proc/self/clear_refs", "w").write("5")
    Frames(DenseSource(array)).frame(state)
    return (memory("VmHWM") - before) // 1024

frame(500)
print(frame(5000))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert int(done.stdout) < 32, done.stderr
