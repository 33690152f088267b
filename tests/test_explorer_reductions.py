"""Reductions of the explorer: NumPy's numbers, read tile by tile, while the kernel answers what comes in between."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.explorer import explore, reading
from tfnp_ext.explorer.choices import choices
from tfnp_ext.explorer.reading import Reader
from tfnp_ext.explorer.reductions import Reduction, _Accumulator, _End, _Place
from tfnp_ext.explorer.sources import DenseSource, Source
from tfnp_ext.explorer.state import REDUCTIONS, ExplorerState

DTYPES = ("bool", "int8", "uint16", "int64", "uint64", "float16", "bfloat16", "float32", "float64", "complex64")
LANES: dict[str, Callable[..., Any]] = {
    "mean": lambda lane: np.mean(lane, dtype=np.float64),
    "std": lambda lane: np.std(lane, dtype=np.float64),
    "norm": lambda lane: np.linalg.norm(lane.astype(np.float64)),
    "min": np.min,
    "max": np.max,
}


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def small_tiles() -> Iterator[None]:
    """Has a tile be of 50 values at most."""
    with pytest.MonkeyPatch.context() as patch:
        tiles_of(patch, 50)
        yield


def tiles_of(patch: pytest.MonkeyPatch, most: int) -> None:
    for kind in (_Accumulator, _End, _Place):
        patch.setattr(kind, "most", most)


def reduced(source: Source, axis: int, how: str, **given: Any) -> ExplorerState:
    """Returns the state of a reduction, its last axes shown."""
    rest = [other for other in range(len(source.shape)) if other != axis]
    state = ExplorerState(source.shape, rows=(rest[-2:-1] or [None])[0], columns=(rest[-1:] or [None])[0],
                          index=(0,) * len(source.shape), reduced=axis, reduction=how)  # fmt: skip
    return replace(state, **given)


def expected(array: Any, how: str, missing: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns what NumPy makes of each lane [..., n] of what is there, and where nothing is."""
    flat = array.reshape(-1, array.shape[-1])
    there = np.ones(flat.shape, bool) if missing is None else ~missing.reshape(flat.shape)
    found = []
    for lane, own in zip(flat, there, strict=True):
        if not own.any():
            found.append(0)
        elif how == "argmax":
            found.append(np.flatnonzero(own)[np.argmax(lane[own])])
        else:
            with np.errstate(all="ignore"):
                found.append(LANES[how](lane[own]))
    shape = array.shape[:-1]
    kind = {"argmax": np.int64, "min": array.dtype, "max": array.dtype}.get(how, np.float64)
    return np.array(found, kind).reshape(shape), ~there.any(axis=1).reshape(shape)


def values_of(tf: Any, data: st.DataObject, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns values of a dtype, its ends, NaN and infinities among them."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    if dtype in {"int64", "uint64", "int8", "uint16"}:
        ends = np.iinfo(dtype)
        few = np.array([ends.min, ends.max, ends.max - 1, 3], dtype)
        return np.where(rng.random(shape) < 0.5, rng.choice(few, shape), rng.integers(0, 5, shape).astype(dtype))
    if dtype == "bool":
        return rng.random(shape) < data.draw(st.sampled_from([0.1, 0.5, 0.9]))
    # Few different values, so that there are ties.
    array = np.round(rng.normal(size=shape) * 3, data.draw(st.sampled_from([0, 3])))
    for odd in data.draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=3)):
        array[tuple(rng.integers(0, length) for length in shape)] = odd
    if dtype == "complex64":
        return (array + 1j * rng.normal(size=shape)).astype(dtype)
    return tf.constant(array, dtype).numpy() if dtype == "bfloat16" else array.astype(dtype)


# The numbers.


@given(data=st.data())
@settings(max_examples=400)
def test_they_are_numpys(tf, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=4)))
    axis = data.draw(st.integers(0, len(shape) - 1))
    dtype, how = data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(REDUCTIONS))
    if data.draw(st.booleans()):
        shape = (*shape[:axis], data.draw(st.integers(30, 300)), *shape[axis + 1 :])
    array = np.transpose(values_of(tf, data, dtype, shape), data.draw(st.permutations(range(len(shape)))))
    part = data.draw(st.sampled_from(["abs", "angle", "real", "imag"])) if dtype == "complex64" else ""
    mask = None
    if dtype != "bfloat16" and data.draw(st.booleans()):
        rng = np.random.default_rng(data.draw(st.integers(0, 99)))
        mask = rng.random(array.shape) < data.draw(st.sampled_from([0.1, 0.9]))
        array = np.ma.MaskedArray(array, mask)
    source = DenseSource(array)
    state = reduced(source, axis, how, part=part)
    state = replace(state, index=tuple(data.draw(st.integers(0, length - 1)) for length in array.shape))
    if data.draw(st.booleans()) and state.rows is not None:
        state = replace(state, rows=state.columns, columns=state.rows)
    with pytest.MonkeyPatch.context() as patch:
        tiles_of(patch, data.draw(st.sampled_from([1, 10, 50, 10**6])))
        shown = Reader(source).numbers(state)
    wanted = [axis for axis in (state.rows, state.columns) if axis is not None]
    kept = sorted([*wanted, state.reduced])
    order = [kept.index(axis) for axis in [*wanted, state.reduced]]
    lanes, gone = (None if each is None else each[state.cut()].transpose(order).reshape(*state.plane, -1)
                   for each in (np.ma.getdata(array), mask))  # fmt: skip
    if part:
        lanes = {"abs": np.abs, "angle": np.angle, "real": np.real, "imag": np.imag}[part](lanes)
    numbers, missing = expected(lanes, how, gone)
    np.testing.assert_array_equal(np.zeros(state.plane, bool) if shown.missing is None else shown.missing, missing)
    found, numbers = shown.values[~missing], numbers[~missing]
    if how in {"min", "max", "argmax"}:
        np.testing.assert_array_equal(found, numbers.astype(found.dtype))
        assert found.dtype == np.int64 or found.dtype.itemsize >= numbers.dtype.itemsize
    else:
        scale = np.abs(lanes[np.isfinite(lanes)].astype(np.float64)).max(initial=1)
        np.testing.assert_allclose(found, numbers, rtol=1e-12, atol=scale * 1e-15)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("noise", [1.0, 1e-3, 1e-6])
@pytest.mark.usefixtures("small_tiles")
def test_a_small_spread_around_large_values_is_kept(axis, noise):
    array = 1e8 + noise * normal(40, 50, 60)
    array[:, :, 30:] -= 2e8 * (np.arange(40) % 2)[:, None, None]
    source = DenseSource(array)
    found = Reader(source).numbers(reduced(source, axis, "std")).values
    exact = array.astype(np.longdouble).std(axis=axis)
    # As near as NumPy's own way, which reads all of it twice.
    worst = np.abs(array.std(axis=axis) / exact - 1).max()
    assert np.abs(found / exact - 1).max() <= max(1e-13, 2 * worst)


def test_nor_is_it_lost_where_the_first_are_missing(monkeypatch):
    tiles_of(monkeypatch, 10)
    array = np.ma.MaskedArray(1e8 + 1e-3 * normal(60, 20), np.zeros((60, 20), bool))
    array.mask[:35, ::2] = True
    source = DenseSource(array)
    found = Reader(source).numbers(reduced(source, 0, "std")).values[0]
    np.testing.assert_allclose(found, array.std(axis=0).data, rtol=1e-8)


@pytest.mark.parametrize("length", [30, 255, 256, 300, 70_000])
def test_of_many_that_are_equal_the_first_place_is_told(length):
    array = np.zeros((length, 40), np.float32)
    array[length // 2 :, ::2] = 1
    array[length - 1, 5] = np.nan
    source = DenseSource(array)
    for turned in (source, DenseSource(np.asfortranarray(array))):
        found = Reader(turned).numbers(reduced(turned, 0, "argmax")).values
        np.testing.assert_array_equal(found[0], array.argmax(axis=0))


def test_an_image_keeps_its_channels():
    array = normal(5, 60, 70, 3)
    source = DenseSource(array)
    state = ExplorerState(array.shape, rows=1, columns=2, channels=3, index=(0,) * 4, view="image", reduced=0)
    for how in REDUCTIONS:
        found = Reader(source).numbers(replace(state, reduction=how), slice(10, 20), slice(5, 9)).values
        wanted = np.linalg.norm(array, axis=0) if how == "norm" else getattr(np, how)(array, axis=0)
        np.testing.assert_allclose(found, wanted[10:20, 5:9])


# What is no array in memory.


@pytest.mark.parametrize("how", REDUCTIONS)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.usefixtures("small_tiles")
def test_of_sparse_and_ragged_tensors_and_slices(tf, how, axis, monkeypatch):
    from tfnp_ext.explorer import reductions

    monkeypatch.setattr(reductions, "BLOCK", 100)
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((12, 30, 17)) < 0.02, rng.normal(size=(12, 30, 17)), 0)
    lengths = rng.integers(0, 30, 12)
    rows = rng.normal(size=(lengths.sum(), 17))
    padded = np.ma.MaskedArray(np.zeros((12, lengths.max(), 17)), mask=True)
    for place, (start, length) in enumerate(zip(np.cumsum(lengths) - lengths, lengths, strict=True)):
        padded[place, :length] = rows[start : start + length]
    slices = tf.IndexedSlices(tf.constant(dense[[3, 7, 3]]), tf.constant([3, 7, 3]), tf.constant(dense.shape))
    added = np.zeros_like(dense)
    np.add.at(added, [3, 7, 3], dense[[3, 7, 3]])
    for value, array in (
        (tf.sparse.from_dense(dense), dense),
        (tf.RaggedTensor.from_row_lengths(rows, lengths), padded),
        (slices, added),
    ):
        source = choices(value)[0].open()
        state = reduced(source, axis, how)
        found = Reader(source).numbers(state)
        lanes, gone = (np.moveaxis(each, axis, -1) for each in (np.ma.getdata(array), np.ma.getmaskarray(array)))
        numbers, missing = expected(lanes, how, gone)
        np.testing.assert_array_equal(np.zeros_like(missing) if found.missing is None else found.missing, missing)
        np.testing.assert_allclose(found.values[~missing], numbers[~missing], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("tile", [10, 10**6])
def test_of_a_dataset_each_element_is_drawn_once(tf, tile, monkeypatch):
    tiles_of(monkeypatch, tile)
    array = normal(9, 12, 7)
    drawn = []

    def draw() -> Iterator[np.ndarray]:
        for place, element in enumerate(array):
            drawn.append(place)
            yield element

    dataset = tf.data.Dataset.from_generator(draw, output_signature=tf.TensorSpec((12, 7), tf.float64))
    source = choices(dataset.apply(tf.data.experimental.assert_cardinality(9)))[0].open()
    found = Reader(source).numbers(reduced(source, 0, "std")).values
    np.testing.assert_allclose(found, array.std(axis=0))
    assert drawn == list(range(9))
    state = replace(reduced(source, 2, "max"), rows=None, columns=1, index=(4, 0, 0))
    np.testing.assert_array_equal(Reader(source).numbers(state).values[0], array[4].max(axis=1))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_of_a_value_on_another_device(tf, axis):
    array = normal(20, 30, 40)
    with tf.device("CPU:1"):
        source = DenseSource(DeviceArray(tf.identity(tf.constant(array))))
    for how in REDUCTIONS:
        found = Reader(source).numbers(reduced(source, axis, how)).values
        np.testing.assert_allclose(found, expected(np.moveaxis(array, axis, -1), how)[0], rtol=1e-12)


@pytest.mark.usefixtures("small_tiles")
def test_two_are_compared_when_both_are_read():
    one, two = normal(8, 20, 30), normal(8, 20, 30, seed=1)
    reader = Reader(DenseSource(one), DenseSource(two))
    state = reduced(reader.source, 0, "mean", compare="difference")
    while reader.advance(state, 0.0) < 1:
        assert not reader.is_read(state)
    assert reader.is_read(state)
    np.testing.assert_allclose(reader.numbers(state).values, one.mean(axis=0) - two.mean(axis=0), atol=1e-15)


# Step by step.


@pytest.mark.parametrize("how", REDUCTIONS)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.usefixtures("small_tiles")
def test_steps_come_to_the_same_as_one_go(how, axis):
    source = DenseSource(normal(40, 9, 11))
    state = reduced(source, axis, how)
    seconds = iter(range(10**6))
    reduction, seen = Reduction(source, state), [0]
    while not reduction.step(3.0, lambda: float(next(seconds))):
        seen.append(reduction.seen)
        assert reduction.share == reduction.seen / source.size < 1
        assert 0 < seen[-1] - seen[-2] <= 3 * 50
    assert len(seen) > 20
    assert reduction.share == 1
    np.testing.assert_array_equal(reduction.numbers().values, Reduction(source, state).numbers().values)


@pytest.mark.usefixtures("small_tiles")
def test_after_an_error_it_begins_anew(monkeypatch):
    array = normal(9, 20, 30)
    source = DenseSource(array)
    reader, state = Reader(source), reduced(source, 0, "mean")
    assert 0 < reader.advance(state, 0.0) < 1
    cut = source.cut
    monkeypatch.setattr(source, "cut", lambda index: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        reader.advance(state, 0.0)
    monkeypatch.setattr(source, "cut", cut)
    np.testing.assert_allclose(reader.numbers(state).values, array.mean(axis=0))


def test_what_is_kept_is_not_read_again(monkeypatch):
    source = DenseSource(normal(9, 20, 30))
    reader, state = Reader(source), reduced(source, 0, "mean")
    whole = reader.numbers(state).values
    monkeypatch.setattr(source, "cut", lambda index: pytest.fail("is read again"))
    np.testing.assert_array_equal(reader.numbers(state, slice(3, 5), slice(7)).values, whole[3:5, :7])
    assert reader.advance(replace(state, view="table", robust=True)) == 1


# In the explorer.


@pytest.fixture
def a_tile_a_draw(monkeypatch, small_tiles) -> list[weakref.ref[Reduction]]:
    """Has each drawing read a single tile; the reductions that were begun."""
    begun: list[weakref.ref[Reduction]] = []
    advance = Reader.advance

    class Watched(Reduction):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            begun.append(weakref.ref(self))

    monkeypatch.setattr(reading, "Reduction", Watched)
    monkeypatch.setattr(Reader, "advance", lambda reader, state: advance(reader, state, 0.0))
    return begun


def ready(explorer: Any) -> None:
    explorer._receive(explorer._canvas, {"type": "ready", "size": [300, 500], "ratio": 2})


async def until(done: Callable[[], bool]) -> None:
    for _ in range(2000):
        if done():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it never ended")


def test_without_an_event_loop_it_is_there_at_once(sent, a_tile_a_draw):
    array = normal(9, 20, 30)
    explorer = explore(array)
    ready(explorer)
    explorer.state = replace(explorer.state, reduced=0, reduction="std")
    np.testing.assert_allclose(explorer.array, array.std(axis=0))
    assert explorer._said.value == ""
    np.testing.assert_array_equal(np.frombuffer(sent[-1][1][0]).reshape(20, 30), explorer.array)


def test_the_kernel_is_free_while_it_is_read(sent, a_tile_a_draw):
    array = normal(9, 20, 30)

    async def scenario() -> None:
        explorer = explore(array, axes=("time", "y", "x"))
        ready(explorer)
        await until(lambda: bool(sent))
        changes: list[Any] = []
        explorer.observe(lambda change: changes.append(change["name"]), ["slice", "array"])
        before = len(sent)
        said: list[str] = []
        explorer._said.observe(lambda change: said.append(change["new"]), "value")  # first: it may be drawn at once
        explorer.state = replace(explorer.state, reduced=0, reduction="std")
        await until(lambda: bool(said))
        # Nothing of it is shown, and nothing that is asked waits for it.
        explorer._receive(explorer._canvas, {"type": "exact", "request": 7, "y": 1, "x": 1})
        assert sent[before:] == [({"type": "exact", "request": 7, "text": "being read"}, [])]
        explorer._press("maximum")
        assert explorer._said.value == "std over time is still being read"
        assert (changes, explorer.slice) == ([], "[0, :, :]")
        await until(lambda: explorer._said.value == "")
        assert said[0] == "std over time: 1 % read; the picture is the one before"
        assert said[-2] == "std over time: 99 % read; the picture is the one before"
        assert len(said) > 50
        assert changes == ["slice", "array"]
        np.testing.assert_allclose(explorer.array, array.std(axis=0))
        frame, buffers = sent[-1]
        assert (len(sent), frame["prefix"]) == (before + 2, ["std", "y", "x"])
        np.testing.assert_array_equal(np.frombuffer(buffers[0]).reshape(20, 30), explorer.array)
        explorer._receive(explorer._canvas, {"type": "exact", "request": 8, "y": 1, "x": 1})
        assert sent[-1][0]["text"] == str(explorer.array[1, 1])

    asyncio.run(scenario())
    assert len(a_tile_a_draw) == 1


def test_a_move_in_between_drops_it(sent, a_tile_a_draw):
    array = normal(3, 9, 20, 30)

    async def scenario() -> None:
        explorer = explore(array)
        ready(explorer)
        explorer.state = replace(explorer.state, reduced=1, reduction="max")
        await until(lambda: "read" in explorer._said.value)
        explorer.state = replace(explorer.state, index=(2, 0, 0, 0))
        await until(lambda: len(a_tile_a_draw) == 2)
        gc.collect()
        first, second = a_tile_a_draw
        assert first() is None
        explorer.state = replace(explorer.state, reduced=None)
        assert explorer._said.value == ""
        await until(lambda: explorer.slice == "[2, 0, :, :]")
        np.testing.assert_array_equal(explorer.array, array[2, 0])
        gc.collect()
        assert second() is None
        explorer.state = replace(explorer.state, reduced=1)
        await until(lambda: explorer.slice == "[2, :, :, :]")
        np.testing.assert_array_equal(explorer.array, array[2].max(axis=0))

    asyncio.run(scenario())


def test_closing_drops_it(sent, a_tile_a_draw):
    async def scenario() -> None:
        array = normal(9, 20, 30)
        held = weakref.ref(array)
        explorer = explore(array)
        ready(explorer)
        del array
        explorer.state = replace(explorer.state, reduced=0)
        await until(lambda: len(a_tile_a_draw) == 1)
        count = len(sent)
        explorer.close()
        gc.collect()
        assert [each() for each in a_tile_a_draw] == [None]
        await asyncio.sleep(0.03)
        assert len(sent) == count
        assert held() is None

    asyncio.run(scenario())


def test_memory_is_bounded(tmp_path):
    code = (
        "import resource, sys, numpy as np\n"
        "from tfnp_ext.explorer.reading import Reader\n"
        "from tfnp_ext.explorer.sources import DenseSource\n"
        "from tfnp_ext.explorer.state import ExplorerState\n"
        "def run(array, how, axis):\n"
        "    rows, columns = [other for other in range(3) if other != axis]\n"
        "    state = ExplorerState(array.shape, rows=rows, columns=columns, index=(0, 0, 0), part='abs',\n"
        "                          reduced=axis, reduction=how)\n"
        "    return Reader(DenseSource(array)).numbers(state).values.nbytes\n"
        "def peak():\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "array = np.zeros((256, 512, 1024), np.complex64)\n"
        "array[:] = 1\n"
        "before = peak()\n"
        "results = [run(array, how, axis) for how in ('mean', 'std', 'min', 'norm', 'argmax') for axis in range(3)]\n"
        "print(peak() - before - max(results))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=tmp_path, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 24 * 2**20
