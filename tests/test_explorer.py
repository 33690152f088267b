"""What the explorer shows: sources, frames, reductions, comparisons and searches, against NumPy's answer."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from contract import NUMERIC, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import adapters
from tfnp_ext.errors import ConversionError, SymbolicTensorError
from tfnp_ext.explorer.choices import choices, source_of
from tfnp_ext.explorer.frames import Frame, Frames, Viewport
from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.painting import inked
from tfnp_ext.explorer.reading import Reader
from tfnp_ext.explorer.search import Disagreements, Extreme, NextInvalid
from tfnp_ext.explorer.sources import DenseSource, blocks, ravel, unravel
from tfnp_ext.explorer.state import (
    REDUCTIONS,
    ExplorerState,
    first_state,
    fitting,
    moved,
    stepped,
    views,
    with_axis,
    with_reduced,
)
from tfnp_ext.plots.base import STYLE
from tfnp_ext.plots.inks import rgb


def opened(obj: Any, **given: Any) -> tuple[Frames, ExplorerState]:
    (choice,) = choices(obj)
    source = choice.open()
    return Frames(source, **given), first_state(source, weights=choice.weights, name=choice.name)


def drawn(frame: Frame, place: int = 0) -> np.ndarray:
    """Returns a buffer as the canvas reads it."""
    json.dumps(frame.meta, allow_nan=False)
    code = frame.meta["dtype"]
    values = np.frombuffer(frame.buffers[place], np.dtype("?" if code == "b1" else f"<{code}"))
    return values.reshape(frame.meta["pixels"])


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# Heat maps and other views.


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize("shape", [(7,), (4, 6), (2, 4, 6), (2, 3, 2, 2)])
def test_the_values_of_every_dtype_arrive_as_they_are(name, shape):
    array = sample(name, shape)
    frames, state = opened(array)
    state = fitting(replace(state, view="heatmap"), frames.source)
    for part in ("abs", "angle", "real", "imag") if array.dtype.kind == "c" else ("",):
        now = replace(state, part=part)
        expected = array[now.cut()]
        if part:
            expected = {"abs": np.abs, "angle": np.angle, "real": np.real, "imag": np.imag}[part](expected)
        shown = drawn(frames.frame(now)).reshape(expected.shape)
        np.testing.assert_array_equal(shown.astype(np.float64), expected.astype(np.float64))


@given(data=st.data())
@settings(max_examples=60)
def test_any_axes_show_what_numpy_slices(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=5)))
    array = np.arange(math.prod(shape)).reshape(shape)
    order = data.draw(st.permutations(range(len(shape))))
    index = tuple(data.draw(st.integers(0, length - 1)) for length in shape)
    state = ExplorerState(shape, columns=order[0], rows=order[1], index=index)
    frames = Frames(DenseSource(array))
    expected = array[state.cut()]
    shown = drawn(frames.frame(state))
    np.testing.assert_array_equal(shown, expected if order[1] < order[0] else expected.T)
    top, left = (data.draw(st.integers(0, length - 1)) for length in state.plane)
    region = (
        top,
        left,
        data.draw(st.integers(top + 1, state.plane[0])),
        data.draw(st.integers(left + 1, state.plane[1])),
    )
    cut = frames.frame(state, Viewport(region))
    assert cut.meta["region"] == list(region)
    np.testing.assert_array_equal(drawn(cut), shown[region[0] : region[2], region[1] : region[3]])
    assert array[state.at(top, left)] == shown[top, left]


@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 90),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    how=st.sampled_from(["mean", "min", "max"]),
    turned=st.booleans(),
    whole=st.booleans(),
    seed=st.integers(0, 5),
)
@settings(max_examples=80)
def test_pooled_planes_fit_the_screen_and_lose_no_nan_and_no_infinity(rows, columns, size, how, turned, whole, seed):
    random = np.random.default_rng(seed)
    array = random.integers(-50, 50, (columns, rows) if turned else (rows, columns))
    if not whole:
        array = array.astype(np.float32)
        for invalid in (np.nan, np.inf, -np.inf):
            array[random.random(array.shape) < 0.01] = invalid
    array = array.T if turned else array
    frames = Frames(DenseSource(array))
    frame = frames.frame(ExplorerState(array.shape, columns=1, rows=0, index=(0, 0), pooling=how), Viewport(None, size))
    shown = drawn(frame)
    assert shown.shape[0] <= size[0]
    assert shown.shape[1] <= size[1]
    down, across = -(-rows // size[0]), -(-columns // size[1])
    lost = {"min": np.inf, "max": -np.inf}.get(how)

    def pooled(block: np.ndarray) -> float:
        with np.errstate(invalid="ignore"):  # both infinities have no mean
            value = getattr(np, how)(block.astype(np.float64))
        return lost if np.isfinite(value) and (block == lost).any() else value

    expected = [
        [pooled(array[r : r + down, c : c + across]) for c in range(0, columns, across)] for r in range(0, rows, down)
    ]
    np.testing.assert_allclose(shown, expected, rtol=1e-6)
    assert frame.meta["pooled"] == ("" if (down, across) == (1, 1) else how)
    assert (f"{how} of {down} × {across}" in frame.meta["note"]) == ((down, across) != (1, 1))


@pytest.mark.parametrize(("how", "lost"), [("min", np.inf), ("max", -np.inf)])
def test_what_is_not_there_is_no_infinity(how, lost):
    array = np.ma.MaskedArray(np.ones((4, 4), np.float32), np.eye(4, dtype=bool))
    array[0, 0] = np.ma.masked
    array.data[0, 0] = array.data[2, 3] = lost
    state = ExplorerState((4, 4), columns=1, rows=0, index=(0, 0), pooling=how)
    frame = Frames(DenseSource(array)).frame(state, Viewport(None, (2, 2)))
    assert drawn(frame).tolist() == [[1, 1], [1, lost]]


def test_of_a_ratio_it_is_one_that_has_no_colour():
    ratio = np.linspace(0.5, 3, 72).reshape(8, 9)
    two = normal(8, 9)
    frames = Frames(DenseSource(ratio * two), DenseSource(two))
    state = ExplorerState((8, 9), columns=1, rows=0, index=(0, 0), compare="ratio", scale="diverging")
    frame = frames.frame(state)
    np.testing.assert_allclose(drawn(frame), ratio)
    assert "1, where both agree, has no colour" in frame.meta["note"]
    assert frame.meta["limits"] == pytest.approx([-1, 3])
    alphas = np.frombuffer(frame.buffers[-1], np.uint8)[768:]
    assert alphas[[0, 127, 128, 255]].tolist() == [255, 1, 1, 255]


def test_colours_of_means_span_the_means():
    """A large matrix of small random numbers would else be nearly blank."""
    array = normal(400, 600)
    frames = Frames(DenseSource(array))
    state = ExplorerState(array.shape, columns=1, rows=0, index=(0, 0))
    whole = frames.frame(state, Viewport(None, (100, 150)))
    means = drawn(whole)
    assert whole.meta["limits"] == pytest.approx([means.min(), means.max()])
    assert "colours span these means" in whole.meta["note"]
    assert whole.meta["edges"] == [array.min(), array.max()]
    of_values = [
        frames.frame(replace(state, limits="whole"), Viewport(None, (100, 150))),
        frames.frame(replace(state, pooling="max"), Viewport(None, (100, 150))),
        frames.frame(state, Viewport((0, 0, 80, 100), (100, 150))),
        frames.frame(state, Viewport((0, 0, 300, 500), (100, 150))),
    ]
    for frame in of_values:
        assert frame.meta["limits"] == [array.min(), array.max()]
        assert "these means" not in frame.meta["note"]
    robust = frames.frame(replace(state, robust=True), Viewport(None, (100, 150))).meta["limits"]
    np.testing.assert_allclose(robust, np.percentile(means, [1, 99]), rtol=1e-5)


def test_means_near_the_end_of_float64_do_not_become_infinite():
    frames = Frames(DenseSource(np.full((4, 4), 1.5e308)))
    frame = frames.frame(ExplorerState((4, 4), columns=1, rows=0, index=(0, 0)), Viewport(None, (1, 1)))
    assert drawn(frame).item() == 1.5e308


def test_a_slice_of_the_screens_size_crosses_once_and_nothing_else():
    frames, state = opened(normal(3, 1000, 1000).astype(np.float32))
    frame = frames.frame(replace(state, view="heatmap"), Viewport(None, (1000, 1000)))
    assert frame.nbytes <= 1.1 * 1000 * 1000 * 4


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_are_painted_as_they_are(channels):
    array = np.random.default_rng(1).integers(0, 256, (2, 20, 24, channels)).astype(np.uint8)
    frames, state = opened(array)
    assert (state.view, state.channels) == ("image", 3)
    frame = frames.frame(moved(state, 0, 1))
    pixels = np.frombuffer(frame.buffers[0], np.uint8).reshape(20, 24, 4)
    if channels == 1:
        assert (pixels[..., :3] == array[1]).all()
    else:
        assert (pixels[..., :channels] == array[1]).all()
    values = np.frombuffer(frame.buffers[1], np.uint8).reshape(20, 24, channels)
    assert (values == array[1]).all()
    assert frame.meta["prefix"] == [1, "y", "x", "c"]
    assert state.sliding == (0,)
    heat = fitting(replace(state, view="heatmap"), frames.source)
    assert heat.hidden == (0, 3)


def test_images_of_floats_span_the_range_of_their_kind():
    array = np.random.default_rng(1).random((9, 9, 3))
    frames, state = opened(np.ascontiguousarray(array))
    state = replace(state, rows=0, columns=1, channels=2, view="image")
    pixels = np.frombuffer(frames.frame(state).buffers[0], np.uint8).reshape(9, 9, 4)
    np.testing.assert_array_equal(pixels[..., :3], np.rint(array * 255))
    array[2, 3, 1] = np.nan
    pixels = np.frombuffer(Frames(DenseSource(array)).frame(state).buffers[0], np.uint8).reshape(9, 9, 4)
    assert pixels[2, 3].tolist() == [*rgb(STYLE.magenta), 255]
    gone = np.ma.MaskedArray(array, np.broadcast_to(np.arange(9)[:, None, None] == 4, array.shape))
    pixels = np.frombuffer(Frames(DenseSource(gone)).frame(state).buffers[0], np.uint8).reshape(9, 9, 4)
    assert not pixels[4].any()
    assert pixels[2, 3].tolist() == [*rgb(STYLE.magenta), 255]


@pytest.mark.parametrize(("dtype", "high", "white"), [("float32", 16, 16), ("uint8", 3, 3), ("int32", 200, 255),
                                                      ("uint8", 200, 255), ("uint8", 0, 1)])  # fmt: skip
def test_the_white_of_dark_images_is_their_largest_value(dtype, high, white):
    array = np.linspace(0, high, 64).round().reshape(8, 8).astype(dtype)
    frames, state = opened(array)
    frame = frames.frame(replace(state, view="image"))
    assert frame.meta["limits"] == [0, white]
    pixels = np.frombuffer(frame.buffers[0], np.uint8).reshape(8, 8, 4)
    np.testing.assert_array_equal(pixels[..., 0], np.rint(array.astype(float) / white * 255))


def test_a_large_image_is_pooled_channel_by_channel():
    array = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    frames = Frames(DenseSource(array))
    frame = frames.frame(ExplorerState(array.shape, 1, 0, 2, (0, 0, 0), "image"), Viewport(None, (16, 16)))
    pixels = np.frombuffer(frame.buffers[0], np.uint8).reshape(16, 16, 4)
    np.testing.assert_array_equal(pixels[..., :3], np.rint(array.reshape(16, 4, 16, 4, 3).mean((1, 3)).astype("f4")))
    assert len(frame.buffers) == 1


def test_a_long_line_keeps_every_spike_and_every_nan():
    array = normal(100_000).astype(np.float32)
    array[777], array[90_000] = 99, np.nan
    frames, state = opened(array)
    assert state.view == "line"
    frame = frames.frame(state, Viewport(None, (300, 500)))
    low, high = drawn(frame)
    assert low.shape == (500,)
    assert high[777 // 200] == 99
    assert np.isnan(low[450])
    np.testing.assert_array_equal(low[:3], array.reshape(500, 200)[:3].min(1))
    exact = frames.frame(state, Viewport((0, 100, 1, 400), (300, 500)))
    np.testing.assert_array_equal(drawn(exact)[0], array[100:400])


def test_a_few_values_are_bars_with_their_names():
    frames, state = opened(np.array([[0.1, 0.7, 0.2]]), labels={1: ("cat", "dog", "owl")})
    frame = frames.frame(state)
    assert frame.meta["kind"] == "bars"
    assert frame.meta["labels"] == {"x": ["cat", "dog", "owl"]}
    assert frame.meta["limits"] == [0, 0.7]
    assert drawn(frame).tolist() == [[0.1, 0.7, 0.2]]


def test_a_histogram_counts_every_finite_value_of_the_slice():
    array = normal(2, 900, 900)
    array[1, 4, 4], array[1, 5, 5], array[1, 6, 6] = np.nan, np.inf, -np.inf
    frames, state = opened(array)
    meta = frames.frame(moved(replace(state, view="histogram"), 0, 1)).meta
    finite = array[1][np.isfinite(array[1])]
    expected, edges = np.histogram(finite, 64)
    assert meta["counts"] == expected.tolist()
    np.testing.assert_allclose(meta["edges"], edges[[0, -1]])
    assert (meta["nans"], meta["infs"]) == (1, [1, 1])
    assert "1 NaN, 1 +Inf, 1 -Inf" in meta["title"]


def test_a_table_sends_only_what_is_visible():
    frames, state = opened(normal(5, 4000, 3000).astype(np.float32))
    frame = frames.frame(replace(state, view="table"), Viewport((100, 7, 140, 17)))
    assert frame.nbytes == 40 * 10 * 4 + 1024
    assert frame.meta["region"] == [100, 7, 140, 17]
    assert frames.frame(replace(state, view="table")).nbytes < 20_000


def test_strings_are_a_table_of_text(tf):
    words = tf.constant([["a<b>", "naïve"], [b"\xff", "x" * 900]])
    frames, state = opened(words)
    frame = frames.frame(state)
    assert frame.meta["texts"][0] == ["a<b>", "naïve"]
    assert frame.meta["texts"][1][0] == repr(b"\xff")
    assert frame.meta["texts"][1][1].endswith("more")
    assert frame.buffers == []


def test_many_strings_are_read_only_where_they_are_shown(tf):
    many = tf.strings.as_string(tf.reshape(tf.range(200_000), [1000, 200]))
    frames, state = opened(many)
    texts = frames.frame(state, Viewport((990, 100, 993, 102))).meta["texts"]
    assert texts == [["198100", "198101"], ["198300", "198301"], ["198500", "198501"]]


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.zeros((3, 0, 2)), np.array(3.5), np.zeros(0, np.float32)])
def test_what_is_empty_or_a_scalar_is_a_table(array):
    frames, state = opened(array)
    assert state.view == "table"
    assert frames.frame(state).meta["kind"] == "table"


# Limits and colours.


def test_limits_of_slice_and_whole_robust_and_diverging():
    array = normal(3, 40, 50)
    array[2] *= 10
    frames, state = opened(array)

    def limits(**change: Any) -> list[float]:
        return frames.frame(replace(state, **change)).meta["limits"]

    assert limits() == [array[0].min(), array[0].max()]
    assert limits(limits="whole") == [array.min(), array.max()]
    np.testing.assert_allclose(limits(robust=True), np.percentile(array[0], [1, 99]))
    np.testing.assert_allclose(limits(limits="whole", robust=True), np.percentile(array, [1, 99]))
    size = np.abs(array[0]).max()
    assert limits(scale="diverging") == [-size, size]
    assert limits(scale="log") == [array[0][array[0] > 0].min(), array[0].max()]


def test_that_a_value_has_no_logarithm_is_said():
    for array, said in ((np.array([[1.0, 10.0]] * 2), False), (np.array([[0.0, 10.0]] * 2), True), (-np.eye(2), True)):
        frames, state = opened(array)
        note = frames.frame(replace(state, view="heatmap", scale="log")).meta["note"]
        assert ("no logarithm" in note) == said
        assert "logarithm" not in frames.frame(replace(state, view="heatmap")).meta["note"]


def test_the_limits_of_a_sparse_tensor_span_the_zeros(tf):
    frames, state = opened(tf.SparseTensor([[0, 1], [3, 2]], [5.0, 7.0], [4, 3]))
    assert frames.frame(replace(state, view="heatmap", limits="whole")).meta["limits"] == [0, 7]


@pytest.mark.parametrize("region", [(-5, -5, 900, 900), (90, 90, 95, 95), (2, 2, 2, 2), (3, 3, 1, 1)])
def test_a_region_beyond_the_plane_is_cut_to_it(region):
    frames, state = opened(np.arange(42).reshape(6, 7))
    frame = frames.frame(replace(state, view="heatmap"), Viewport(region))
    top, left, bottom, right = frame.meta["region"]
    assert 0 <= top < bottom <= 6
    assert 0 <= left < right <= 7
    assert drawn(frame).shape == (bottom - top, right - left)


def test_the_whole_beyond_its_budget_says_that_it_is_a_sample(monkeypatch):
    from tfnp_ext.explorer import colours

    monkeypatch.setattr(colours, "WHOLE_BUDGET_MS", 0.0)
    monkeypatch.setattr(colours.whole_of, "__defaults__", (0.0,))
    frames, state = opened(normal(600, 1000, 2))
    frame = frames.frame(replace(state, view="heatmap", limits="whole"))
    assert "sample of the whole" in frame.meta["note"]


def test_the_colours_of_zero_are_paper():
    frames, state = opened(np.array([[-2.0, 0.0, 1.0], [1.0, 1.0, 1.0]]))
    frame = frames.frame(replace(state, scale="diverging", view="heatmap"))
    table = np.frombuffer(frame.buffers[-1], np.uint8)
    alpha = table[768:]
    assert len(table) == 1024
    assert alpha[0] == alpha[255] == 255
    assert max(alpha[127], alpha[128]) <= 1
    assert table[:3].tolist() != table[765:768].tolist()


@pytest.mark.parametrize("scale", ["linear", "diverging", "log"])
@pytest.mark.parametrize("size", [3.5, 1, 1e300])
def test_one_value_everywhere_has_the_colour_of_its_sign(scale, size):
    def painted(value: float) -> list[int]:
        array = np.full((3, 4), value)
        frames = Frames(DenseSource(array))
        state = ExplorerState((3, 4), columns=1, rows=0, index=(0, 0), scale=scale)
        limits = frames.frame(state).meta["limits"]
        pixels = inked(Numbers(array), limits, scale)
        assert (pixels == pixels[0, 0]).all()
        return pixels[0, 0].tolist()

    assert painted(size) == [*rgb(STYLE.blue), 255]
    assert painted(0.0)[3] == 0
    if scale != "log":
        assert painted(-size) == [*rgb(STYLE.orange), 255]


def test_a_ratio_of_one_everywhere_is_paper():
    one = np.abs(normal(3, 4)) + 1
    for factor, alpha, ink in ((1, 0, None), (2, 255, STYLE.blue), (0.5, 255, STYLE.orange)):
        frames = Frames(DenseSource(one * factor), DenseSource(one))
        state = ExplorerState((3, 4), columns=1, rows=0, index=(0, 0), compare="ratio")
        table = np.frombuffer(frames.frame(state).buffers[-1], np.uint8)
        assert table[768] == alpha
        assert ink is None or table[:3].tolist() == list(rgb(ink))


@pytest.mark.parametrize(("above", "below"), [(0, 2), (3, 0), (3, 1)])
def test_infinities_of_each_sign_are_counted(above, below):
    array = np.zeros((4, 5), np.float32)
    array[0, :above], array[1, :below] = np.inf, -np.inf
    frames, state = opened(array)
    meta = frames.frame(replace(state, view="heatmap")).meta
    assert meta["infs"] == [above, below]
    assert (f"{above} +Inf" in meta["title"], f"{below} -Inf" in meta["title"]) == (above > 0, below > 0)


def test_another_tolerance_is_another_plane():
    one = np.zeros((4, 6))
    two = one + 0.5
    two[0, 0] = 3
    frames, state = opened(one, other=source_of(two))
    state = replace(state, view="heatmap", compare="disagree")
    planes = set()
    for tolerance, differing in ((1.0, 1), (0.1, 24), (5.0, 0)):
        frame = frames.frame(replace(state, tolerance=tolerance))
        assert drawn(frame).sum() == frame.meta["disagree"]["slice"] == differing
        planes.add(frame.meta["plane"])
    assert len(planes) == 3


def test_a_threshold_counts_what_is_above_it():
    frames, state = opened(np.arange(12.0).reshape(3, 4))
    meta = frames.frame(replace(state, threshold=7.5)).meta
    assert (meta["threshold"], meta["above"]) == (7.5, 4)


def test_what_lies_above_is_counted_once_to_the_eye():
    frames, state = opened(normal(30, 40))
    meta = frames.frame(replace(state, view="heatmap", threshold=0.5)).meta
    assert "above" not in meta["note"]
    assert f"{meta['above']} above 0.5" in meta["title"]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("how", ["mean", "min", "max"])
def test_a_pooled_block_is_marked_where_it_holds_a_cell_above(how, masked):
    array = np.ma.masked_array(normal(60, 80), normal(60, 80, seed=1) > 1 if masked else False)
    frames, state = opened(array if masked else array.data)
    state = replace(state, view="heatmap", threshold=1.5, pooling=how)
    frame = frames.frame(state, Viewport(None, (20, 20)))
    marks = np.frombuffer(frame.buffers[frame.meta["marks"]], np.uint8).reshape(20, 20)
    above = (array > 1.5).filled(False).reshape(20, 3, 20, 4).any(axis=(1, 3))
    assert 20 < above.sum() < 380
    np.testing.assert_array_equal(marks, above)
    assert "marked" in frame.meta["note"]
    assert "marks" not in frames.frame(state).meta


@pytest.mark.parametrize("below", [False, True])
def test_the_histogram_of_a_log_scale_is_one_of_logarithms(below):
    array = np.exp(2 * normal(40, 50)) - (0.05 if below else 0)
    frames, state = opened(array)
    state = replace(state, view="heatmap")
    assert frames.frame(state).meta["edges"] == [array.min(), array.max()]
    meta = frames.frame(replace(state, scale="log")).meta
    positive = array[array > 0]
    assert meta["edges"] == [positive.min(), positive.max()]
    logs = np.log(np.maximum(array, positive.min()))
    expected, _ = np.histogram(logs, 64)
    assert np.abs(np.subtract(meta["counts"], expected)).sum() <= 2  # on an edge either may be
    assert sum(meta["counts"]) == array.size
    assert "bins" not in frames.frame(state).meta
    assert "bins" not in frames.frame(replace(state, scale="log", view="histogram")).meta
    nothing, state = opened(-np.ones((3, 40)))
    assert "bins" not in nothing.frame(replace(state, view="heatmap", scale="log")).meta


@pytest.mark.parametrize("view", ["heatmap", "table", "image", "histogram"])
def test_a_reduction_is_said_below_the_picture(view):
    frames, state = opened(normal(3, 30, 40), axes=["time", "y", "x"])
    state = replace(state, view=view)
    assert "over" not in frames.frame(state).meta["note"]
    assert frames.frame(replace(state, reduced=0, reduction="std")).meta["note"].startswith("std over time")


def test_the_png_has_a_pixel_a_cell():
    from io import BytesIO

    from PIL import Image

    frames, state = opened(np.array([[-1.0, 0.0, np.nan]] * 2))
    image = np.asarray(Image.open(BytesIO(frames.png(replace(state, view="heatmap")))))
    assert image.shape == (2, 3, 4)
    assert image[0, 0, 3] == 255
    assert image[0, 1, 3] == 0
    assert image[0, 2, 3] == 255


@pytest.mark.parametrize("view", ["heatmap", "image"])
def test_what_is_not_there_is_transparent_in_the_png(view):
    from io import BytesIO

    from PIL import Image

    array = np.ma.masked_array([[-1.0, 2.0, 0.5]] * 2, mask=[[0, 1, 0], [1, 0, 0]])
    frames, state = opened(array)
    image = np.asarray(Image.open(BytesIO(frames.png(replace(state, view=view, rows=0, columns=1)))))
    np.testing.assert_array_equal(image[..., 3] == 0, array.mask)


# Reductions and comparisons.


@pytest.mark.parametrize("how", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int64", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("nan", [False, True])
def test_reductions_are_numpys(how, dtype, nan, monkeypatch):
    from tfnp_ext.explorer import reductions

    monkeypatch.setattr(reductions._Accumulator, "most", 50)  # several tiles
    monkeypatch.setattr(reductions._End, "most", 50)
    monkeypatch.setattr(reductions._Place, "most", 50)
    array = (normal(9, 4, 5) * 20).astype(dtype)
    if nan and array.dtype.kind in "fc":
        array[3, 2, 2] = array[7, 2, 2] = np.nan
    frames, state = opened(array)
    state = replace(state, view="heatmap", reduced=0, reduction=how, rows=1, columns=2)
    shown = Reader(frames.source).numbers(state).values
    wide = np.abs(array) if array.dtype.kind == "c" else array
    if how == "norm":
        expected = np.linalg.norm(wide.astype(np.float64), axis=0)
    else:
        exact = how in {"min", "max", "argmax"}
        expected = getattr(np, how)(wide if exact else wide.astype(np.float64), axis=0)
    np.testing.assert_allclose(shown, expected, rtol=1e-12)
    assert shown.dtype == expected.dtype


def test_a_reduced_axis_has_no_slider_and_is_named():
    frames, state = opened(normal(5, 6, 7, 8), axes=("batch", "time", "y", "x"))
    state = replace(state, reduced=1, reduction="std")
    assert state.sliding == (0,)
    assert state.expression() == "[0, :, :, :]"
    meta = frames.frame(state).meta
    assert meta["prefix"] == [0, "std", "y", "x"]
    assert meta["names"] == {"y": "y", "x": "x"}
    assert "std over time" in meta["title"]


@pytest.mark.parametrize(("axis", "rows", "columns"), [(0, None, 1), (1, None, 0)])
def test_an_axis_that_is_shown_can_be_reduced(axis, rows, columns):
    array = normal(6, 70)
    frames, state = opened(array)
    state = fitting(with_reduced(state, axis), frames.source)
    assert (state.rows, state.columns, state.reduced) == (rows, columns, axis)
    np.testing.assert_allclose(frames.reader.numbers(state).values[0], array.mean(axis=axis))
    frames.frame(state)
    again = with_reduced(state, None)
    assert (again.rows, again.columns, again.reduced, again.given_up) == (0, 1, None, None)


def test_what_is_kept_of_rows_and_columns_is_not_shown_as_columns_and_channels():
    array = normal(3, 4, 5)
    frames, state = opened(array)
    state = replace(state, view="line", rows=0, columns=1, reduced=2, reduction="max")
    assert frames.reader.numbers(state).values.shape == (3, 4)
    state = replace(state, view="image", rows=None, columns=0, channels=1)
    np.testing.assert_array_equal(frames.reader.numbers(state).values, array.max(axis=2)[None])


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_large_whole_numbers_are_compared_exactly(dtype):
    one = np.array([[2**60 + 3, 2**60, 5, 0]], dtype)
    two = np.array([[2**60, 2**60 + 1, 5, 2**63 - 1]], dtype)
    expected = [[float(int(a) - int(b)) for a, b in zip(one[0], two[0], strict=True)]]
    frames, state = opened(one, other=source_of(two))
    np.testing.assert_array_equal(frames.reader.numbers(replace(state, compare="difference")).values, expected)
    found = frames.reader.numbers(replace(state, compare="disagree", tolerance=1.0)).values
    assert found.tolist() == [[1, 0, 0, 1]]


def test_comparisons_are_numpys():
    one, two = normal(3, 6, 7), normal(3, 6, 7, seed=1)
    two[1, 2] = one[1, 2]
    one[1, 0, 0] = two[1, 0, 0] = np.nan
    one[1, 0, 1] = np.nan
    frames = Frames(DenseSource(one), DenseSource(two))
    state = moved(first_state(frames.source, tolerance=0.5), 0, 1)
    np.testing.assert_array_equal(drawn(frames.frame(replace(state, compare="difference"))), one[1] - two[1])
    np.testing.assert_array_equal(drawn(frames.frame(replace(state, compare="ratio"))), one[1] / two[1])
    frame = frames.frame(replace(state, compare="disagree"))
    expected = ~(np.abs(one[1] - two[1]) <= 0.5)
    expected[0, 0] = False
    np.testing.assert_array_equal(drawn(frame), expected)
    assert frame.meta["disagree"]["slice"] == expected.sum()
    side = frames.frame(replace(state, compare="side"))
    assert side.meta["panels"] == 2
    np.testing.assert_array_equal(drawn(side, 0), one[1])
    np.testing.assert_array_equal(drawn(side, 1), two[1])
    both = np.stack([one[1], two[1]])
    assert side.meta["limits"] == [np.nanmin(both), np.nanmax(both)]


def test_integers_beyond_float64_are_compared_exactly():
    one = np.array([[2**53, 2**60]], np.int64)
    frames = Frames(DenseSource(one), DenseSource(one + 1))
    state = replace(first_state(frames.source), rows=0, columns=1, compare="disagree")
    assert drawn(frames.frame(state)).tolist() == [[1, 1]]


def test_all_disagreements_are_counted_a_step_at_a_time():
    one = np.zeros((40, 50, 60), np.float32)
    two = one.copy()
    two[[3, 39], 4, 5] = 1
    search = Disagreements(DenseSource(one), DenseSource(two), 0.5)
    assert search.step()
    assert search.count == 2
    assert search.found == (3, 4, 5)


# Searches.


@given(places=st.sets(st.integers(0, 119), max_size=4), start=st.integers(0, 119), most=st.integers(1, 40))
@settings(max_examples=60)
def test_the_next_nan_is_found_in_order_and_around_the_end(places, start, most):
    array = np.zeros((4, 5, 6), np.float32)
    array.reshape(-1)[list(places)] = np.nan
    source = DenseSource(array)
    search = NextInvalid(source, start, most)
    steps = 0
    while not search.step(0.0):
        steps += 1
        assert steps < 1000
    later = sorted(places, key=lambda place: (place < start, place))
    assert search.found == (unravel(later[0], array.shape) if later else None)


@pytest.mark.parametrize("start", [0, 1, 250, 599])
def test_a_search_reads_no_more_than_all_and_a_block(start, monkeypatch):
    source = DenseSource(np.zeros((6, 100)))
    cut, read = source.cut, []
    monkeypatch.setattr(source, "cut", lambda index: read.append(cut(index).size) or cut(index))
    search = NextInvalid(source, start, 50)
    assert search.step()
    assert search.found is None
    assert sum(read) <= 650


def test_integers_hold_no_nan_and_nothing_is_read(monkeypatch):
    source = DenseSource(np.arange(6).reshape(2, 3))
    monkeypatch.setattr(source, "cut", None)
    search = NextInvalid(source, 0)
    assert search.step()
    assert search.found is None


@given(shape=st.lists(st.integers(1, 5), min_size=0, max_size=4), start=st.integers(0, 200), most=st.integers(1, 50))
@settings(max_examples=80)
def test_blocks_are_all_values_in_order(shape, start, most):
    array = np.arange(math.prod(shape)).reshape(shape)
    start = min(start, array.size - 1)
    found = list(blocks(DenseSource(array), start, most))
    assert all(block.size <= max(1, most) for _, block in found)
    assert found[0][0] <= start
    flat = np.concatenate([block.reshape(-1) for _, block in found])
    np.testing.assert_array_equal(flat, np.arange(found[0][0], array.size))
    assert all(block.reshape(-1)[0] == place for place, block in found)
    assert ravel(unravel(start, array.shape), array.shape) == start


@pytest.mark.parametrize("largest", [False, True])
def test_extremes_of_all_values(largest):
    array = normal(7, 8, 9)
    array[0, 0, 0], array[1, 1, 1], array[2, 2, 2] = np.nan, np.inf, -np.inf
    search = Extreme(DenseSource(array), largest)
    assert search.step()
    finite = np.where(np.isfinite(array), array, 0)
    place = finite.argmax() if largest else finite.argmin()
    assert search.found == unravel(int(place), array.shape)


# Other kinds of values.


def whole(frames: Frames, state: ExplorerState) -> np.ndarray:
    return frames.source.cut(tuple(slice(None) for _ in frames.source.shape))


@pytest.mark.parametrize("inner", [(), (2,)])
@pytest.mark.parametrize("deep", [False, True])
def test_ragged_rows_mask_what_is_not_there(tf, inner, deep):
    lengths = [3, 0, 5, 1]
    flat = np.arange(sum(lengths) * math.prod(inner)).reshape(-1, *inner).astype(np.int32)
    ragged = tf.RaggedTensor.from_row_lengths(flat, lengths)
    if deep:
        ragged = tf.RaggedTensor.from_row_lengths(ragged, [1, 3])
    frames, state = opened(ragged)
    padded = ragged.to_tensor(-1).numpy()
    there = whole(frames, state)
    assert there.shape == padded.shape
    np.testing.assert_array_equal(there.filled(-1), padded)
    for index in ((0,), (1, slice(0, 2)), (slice(1, 2), 0), (1, 2 % padded.shape[1])):
        full = (*index, *(slice(None),) * (padded.ndim - len(index)))
        np.testing.assert_array_equal(np.ma.filled(frames.source.cut(full), -1), padded[full])
    shown = frames.frame(fitting(replace(state, view="heatmap"), frames.source))
    expected = np.where(padded[state.cut()] < 0, np.nan, padded[state.cut()])
    np.testing.assert_array_equal(drawn(shown).reshape(expected.shape), expected)
    assert shown.meta["missing"] == np.isnan(expected).sum()


def test_integers_that_float64_cannot_hold_come_with_a_mask():
    array = np.ma.masked_array([[2**60 + 1, 5], [7, 8]], mask=[[False, True], [False, False]])
    frames, state = opened(array)
    frame = frames.frame(replace(state, view="heatmap", rows=0, columns=1))
    assert frame.meta["dtype"] == "i8"
    assert drawn(frame)[0, 0] == 2**60 + 1
    mask = np.frombuffer(frame.buffers[frame.meta["mask"]], np.uint8)
    assert mask.tolist() == [0, 1, 0, 0]


def told(frame: Frame, place: int = 0) -> list[str]:
    """Returns what the canvas says of each cell of a buffer: where a NaN is one, and where nothing is there."""
    meta = frame.meta
    values = np.frombuffer(frame.buffers[place], np.dtype("?" if meta["dtype"] == "b1" else f"<{meta['dtype']}"))
    mask = None
    if "mask" in meta:
        mask = np.frombuffer(frame.buffers[meta["mask"]], np.uint8).reshape(-1, values.size)
        mask = mask[place if meta["kind"] == "heatmap" else 0]
    said = []
    for at, value in enumerate(values):
        if np.isnan(value):
            assert mask is not None or not (meta["missing"] and meta["nans"])  # else nobody knows
        gone = bool(mask[at]) if mask is not None else np.isnan(value) and bool(meta["missing"])
        whole = meta.get("integers") and not gone
        said.append("missing" if gone else str(int(value)) if whole else str(value))
    return said


def expected_of(array: Any) -> list[str]:
    return ["missing" if value is np.ma.masked else str(value) for value in np.ma.MaskedArray(array).reshape(-1)]


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    masked=st.floats(0, 1),
    invalid=st.floats(0, 0.5),
    view=st.sampled_from(["heatmap", "table", "image", "line"]),
    data=st.data(),
)
@settings(max_examples=120)
def test_a_nan_is_told_from_what_is_not_there(rows, columns, masked, invalid, view, data):
    random = np.random.default_rng(data.draw(st.integers(0, 9)))
    array = np.ma.MaskedArray(random.normal(size=(rows, columns)), random.random((rows, columns)) < masked)
    array.data[random.random(array.shape) < invalid] = np.nan
    frames = Frames(DenseSource(array))
    state = ExplorerState(array.shape, columns=1, rows=0, index=(0, 0), view=view)
    top, left = (data.draw(st.integers(0, length - 1)) for length in array.shape)
    region = (0, 0, rows, columns) if view == "line" else (top, left, rows, columns)
    frame = frames.frame(state, Viewport(region))
    place = 1 if view == "image" else 0
    assert told(frame, place) == expected_of(array[region[0] :, region[1] :])
    assert frame.meta["missing"] == np.ma.getmaskarray(array).sum()


def test_a_ragged_row_with_a_nan_is_told_from_its_end(tf):
    frames, state = opened(tf.ragged.constant([[1.0, float("nan")], [2.0]]))
    assert told(frames.frame(replace(state, view="heatmap"))) == ["1.0", "nan", "2.0", "missing"]


def test_a_long_line_leaves_out_what_is_not_there():
    array = np.ma.MaskedArray(np.arange(40.0), np.arange(40) % 2 == 1)
    array.data[8], array[20:24] = np.nan, np.ma.masked
    state = ExplorerState((40,), columns=0, index=(0,), view="line")
    frame = Frames(DenseSource(array)).frame(state, Viewport(None, (10, 10)))
    assert frame.meta["pooled"] == "range"
    low, high = told(frame)[:10], told(frame)[10:]
    assert low == ["0.0", "4.0", "nan", "12.0", "16.0", "missing", "24.0", "28.0", "32.0", "36.0"]
    assert high == ["2.0", "6.0", "nan", "14.0", "18.0", "missing", "26.0", "30.0", "34.0", "38.0"]


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "uint64", "bool"])
@pytest.mark.parametrize("view", ["heatmap", "table", "image", "bars"])
def test_masked_integers_are_told_as_integers(dtype, view):
    array = np.ma.masked_array(np.array([[1, 0, 1], [11, 12, 100]]).astype(dtype), mask=[[0, 1, 0], [0, 0, 1]])
    array = array[0] if view == "bars" else array
    index = (0,) * array.ndim
    state = ExplorerState(
        array.shape, columns=array.ndim - 1, rows=0 if array.ndim > 1 else None, index=index, view=view
    )
    assert told(Frames(DenseSource(array)).frame(state), 1 if view == "image" else 0) == expected_of(array)


@pytest.mark.parametrize("how", ["side", "difference", "ratio", "disagree"])
@pytest.mark.parametrize("large", [2**62, 5])
def test_masked_integers_of_any_size_are_compared(how, large):
    one = np.ma.masked_array([[large, 5, 3], [1, 2, 3]], mask=[[0, 1, 0], [0, 0, 0]])
    two = np.ma.masked_array([[large + 1, 5, 3], [1, 2, 8]], mask=[[0, 0, 0], [0, 1, 0]])
    frames = Frames(DenseSource(one), DenseSource(two))
    frame = frames.frame(ExplorerState((2, 3), columns=1, rows=0, index=(0, 0), compare=how))
    if how == "side":
        assert [told(frame, 0), told(frame, 1)] == [expected_of(one), expected_of(two)]
        return
    with np.errstate(all="ignore"):
        expected = {"difference": one - two, "ratio": one / two, "disagree": (one != two).astype(np.uint8)}[how]
    numbers = np.ma.masked_array(drawn(frame), np.reshape([text == "missing" for text in told(frame)], (2, 3)))
    np.testing.assert_array_equal(numbers.mask, expected.mask)
    np.testing.assert_array_equal(numbers.filled(0), expected.filled(0))


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("float16", [11, -14]),
        ("bfloat16", 6),
        ("float8_e4m3fn", 6),
        ("float32", None),
        ("float64", None),
        ("int8", None),
    ],
)
def test_small_floats_say_how_they_are_written(name, precision):
    array = sample(name, (4, 6))
    frames, state = opened(array, other=source_of(array))
    state = replace(state, view="heatmap")
    for own in (state, replace(state, compare="side"), replace(state, rows=None, reduced=0, reduction="max"),
                replace(state, view="table"), replace(state, view="line")):  # fmt: skip
        assert frames.frame(own).meta.get("precision") == precision
    pooled = Viewport(None, (2, 2))
    assert frames.frame(replace(state, pooling="max"), pooled).meta.get("precision") == precision
    for other in (replace(state, compare="difference"), replace(state, rows=None, reduced=0)):
        assert "precision" not in frames.frame(other).meta
    assert "precision" not in frames.frame(state, pooled).meta
    mixed = Frames(frames.source, DenseSource(array.astype(np.float32)))
    if precision:
        assert "precision" not in mixed.frame(replace(state, compare="side")).meta


@given(data=st.data())
@settings(max_examples=40)
def test_any_piece_of_a_sparse_tensor_is_that_of_the_dense_one(tf, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    size = math.prod(shape)
    places = data.draw(st.lists(st.integers(0, size - 1), unique=True, max_size=8))
    dense = np.zeros(shape, np.float32)
    for value, place in enumerate(places):
        dense.reshape(-1)[place] = value + 1
    indices = np.stack(np.unravel_index(np.array(places, int), shape), 1).reshape(-1, len(shape)).astype(np.int64)
    sparse = tf.SparseTensor(indices, np.arange(1, len(places) + 1, dtype=np.float32), shape)
    source = source_of(sparse)
    index = tuple(
        data.draw(st.one_of(st.integers(0, n - 1), st.builds(slice, st.integers(0, n), st.integers(0, n))))
        for n in shape
    )
    np.testing.assert_array_equal(source.cut(index), dense[index])


def test_a_huge_sparse_tensor_is_never_dense(tf):
    sparse = tf.SparseTensor([[5, 10**8, 3], [5, 10**8, 10**9 - 1]], [np.nan, 2.0], [10, 10**9, 10**9])
    source = source_of(sparse)
    search = NextInvalid(source, 0)
    assert search.step()
    assert search.found == (5, 10**8, 3)
    assert source.cut((5, 10**8, slice(0, 5))).tolist()[:3] == [0, 0, 0]
    found = []
    for largest in (True, False):
        search = Extreme(source, largest)
        assert search.step()
        found.append(search.found)
    assert found == [(5, 10**8, 10**9 - 1), (0, 0, 0)]


@pytest.mark.parametrize("values", [[-1.0, -2.0], [1.0, 2.0], [0.0, -1.0]])
@pytest.mark.parametrize("largest", [False, True])
def test_extremes_of_a_sparse_tensor_are_those_of_the_dense_one(tf, values, largest):
    sparse = tf.SparseTensor([[0, 0], [0, 1]], values, [2, 2])
    dense = tf.sparse.to_dense(sparse).numpy()
    found = Extreme(source_of(sparse), largest).found
    assert dense[found] == (dense.max() if largest else dense.min())
    full = tf.SparseTensor([[0], [1]], values, [2])
    assert values[Extreme(source_of(full), largest).found[0]] == (max(values) if largest else min(values))


def test_rows_of_one_index_are_added_up(tf):
    slices = tf.IndexedSlices(tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tf.constant([4, 1, 4]), [6, 2])
    source = source_of(slices)
    dense = tf.convert_to_tensor(slices).numpy()
    np.testing.assert_array_equal(source.cut((slice(None), slice(None))), dense)
    np.testing.assert_array_equal(source.cut((4, slice(None))), dense[4])
    np.testing.assert_array_equal(source.cut((slice(3, 5), 1)), dense[3:5, 1])


def test_elements_are_drawn_when_they_are_asked_for(tf):
    starts = []

    def elements() -> Any:
        starts.append(True)
        for number in range(6):
            yield {"image": np.full((4, 5), number), "label": number}

    spec = {"image": tf.TensorSpec([4, 5], tf.int64), "label": tf.TensorSpec([], tf.int64)}
    dataset = tf.data.Dataset.from_generator(elements, output_signature=spec)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(6))
    found = choices(dataset)
    assert [choice.path for choice in found] == ["['image']", "['label']"]
    assert starts == []
    source = found[0].open()
    state = first_state(source)
    assert source.shape == (6, 4, 5)
    assert (state.rows, state.columns, state.sliding) == (1, 2, (0,))
    frames = Frames(source)
    for place, runs in ((0, 1), (3, 1), (1, 2), (3, 2), (2, 2), (0, 2), (4, 2), (5, 2)):
        assert source.reach(place) == place
        assert (drawn(frames.frame(moved(state, 0, place))) == place).all()
        assert len(starts) == runs
        assert len(source._kept) <= 4
    assert moved(state, 0, 2).expression() == "[2, :, :]"
    code = source.expression(moved(state, 0, 2).expression())
    np.testing.assert_array_equal(
        eval(f"dataset{code}", {"dataset": dataset}), source.cut((2, slice(None), slice(None)))
    )


def test_a_dataset_of_unknown_length_grows_until_its_end(tf):
    dataset = tf.data.Dataset.range(7).filter(lambda n: n != 3).batch(4)
    source = choices(dataset)[0].open()
    assert source.shape == (2, 4)
    assert source.reach(1) == 1
    state = first_state(source)
    assert source.cut((1, slice(None))).tolist() == [5, 6, None, None]
    assert source.reach(2) == 1
    assert source.shape == (2, 4)
    assert state.sliding == (0,)


def test_a_dataset_without_elements_and_an_iterator_are_refused(tf):
    with pytest.raises(ConversionError, match="no elements"):
        choices(tf.data.Dataset.range(0))[0].open()
    with pytest.raises(ConversionError, match="explore the dataset"):
        choices(iter(tf.data.Dataset.range(3)))


def test_a_failing_element_is_named(tf):
    dataset = tf.data.Dataset.range(4).map(
        lambda n: tf.debugging.check_numerics(1.0 / tf.cast(2 - n, tf.float32), "bad")
    )
    source = choices(dataset)[0].open()
    with pytest.raises(ConversionError, match="element 2 failed"):
        source.reach(2)


def test_the_leaves_of_a_nest_can_be_chosen(tf):
    nest = {"w": tf.Variable([[1.0]]), "none": None, "more": [3, np.zeros(3), {"x": tf.constant(["a"])}]}
    nest["self"] = nest
    found = choices(nest)
    assert [choice.path for choice in found] == ["['w']", "['more'][1]", "['more'][2]['x']"]
    assert found[0].what == "Variable (1, 1) float32"
    assert found[1].open().shape == (3,)
    with pytest.raises(ConversionError, match="nothing tensor-like"):
        choices({"a": 1})


def test_what_has_no_value_says_so(tf):
    with pytest.raises(ConversionError, match="str is not tensor-like"):
        choices("text")
    said = []

    @tf.function
    def traced(x: Any) -> Any:
        try:
            choices(x)[0].open()
        except SymbolicTensorError as error:
            said.append(str(error))
        return x

    traced(tf.constant(1.0))
    assert "inside tf.function" in said[0]
    with pytest.raises(ConversionError, match="records"):
        choices(np.zeros(3, [("a", "f4"), ("b", "i4")]))[0].open()


def test_values_on_another_device_are_cut_there(tf, monkeypatch):
    from test_devices import is_near, there

    monkeypatch.setattr(adapters.tensors, "on_host", is_near)
    array = normal(40, 200, 300).astype(np.float32)
    frames, state = opened(there(tf, array))
    np.testing.assert_array_equal(drawn(frames.frame(moved(state, 0, 17))), array[17])
    assert frames.source.numbers().fetched < array.nbytes / 4


# States.


def test_axes_are_swapped_when_one_is_taken_twice():
    state = first_state(DenseSource(np.zeros((4, 5, 6, 7))))
    assert (state.rows, state.columns, state.hidden) == (2, 3, (0, 1))
    assert (with_axis(state, "rows", 3).rows, with_axis(state, "rows", 3).columns) == (3, 2)
    changed = with_axis(state, "columns", 0)
    assert (changed.rows, changed.columns, changed.hidden) == (2, 0, (1, 3))
    assert with_axis(state, "rows", None).hidden == (0, 1, 2)


def test_keys_move_along_the_first_hidden_axis():
    state = first_state(DenseSource(np.zeros((30, 5, 6))))
    for key, shift, place in (
        ("PageDown", False, 1),
        ("PageDown", True, 11),
        ("PageUp", False, 10),
        ("End", False, 29),
        ("PageDown", False, 29),
        ("Home", False, 0),
        ("PageUp", True, 0),
        ("x", False, 0),
    ):
        state = stepped(state, key, shift)
        assert state.index[0] == place


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((10,), "bars"), ((65,), "line"), ((1, 10), "bars"), ((100, 1), "line"), ((5, 6), "heatmap"), ((1, 1), "bars")],
)
def test_the_first_view_suits_the_shape(shape, expected):
    state = first_state(DenseSource(normal(*shape)))
    assert state.view == expected
    assert state.view in views(state)


def test_kernels_show_their_filters():
    state = first_state(DenseSource(normal(3, 3, 16, 32)))
    assert (state.rows, state.columns, state.hidden) == (0, 1, (2, 3))


def test_channels_first_are_found():
    array = np.random.default_rng(0).integers(0, 256, (8, 3, 32, 32)).astype(np.uint8)
    state = first_state(DenseSource(array))
    assert (state.view, state.rows, state.columns, state.channels) == ("image", 2, 3, 1)


# Bounds.


def test_opening_a_large_array_copies_nothing(tmp_path):
    code = (
        "import resource, numpy as np\n"
        "from tfnp_ext.explorer.choices import choices\n"
        "from tfnp_ext.explorer.state import first_state, moved\n"
        "from tfnp_ext.explorer.frames import Frames, Viewport\n"
        "def run(array):\n"
        "    source = choices(array)[0].open()\n"
        "    state, frames = first_state(source), Frames(source)\n"
        "    for place in range(3):\n"
        "        frames.frame(moved(state, 0, place), Viewport(None, (1000, 1000)))\n"
        "run(np.zeros((4, 30, 40), np.float32))\n"
        "array = np.zeros((256, 1024, 1024), np.float32)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "run(array)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 32 * 1024
