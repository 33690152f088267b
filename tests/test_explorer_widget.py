"""The explorer as a widget: its traits, controls, messages, and the still card before it."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import json
import math
import os
import re
import subprocess
import sys
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from contract import sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import tfnp_ext
from tfnp_ext.adapters import step_name
from tfnp_ext.errors import ConversionError, OptionError, SymbolicTensorError
from tfnp_ext.explorer import explore
from tfnp_ext.explorer.choices import choices
from tfnp_ext.explorer.chooser import tree_of
from tfnp_ext.explorer.pacing import Pacing
from tfnp_ext.explorer.viewports import MOST_VIEWS


def ready(explorer: Any, height: int = 300, width: int = 500) -> None:
    explorer._receive(explorer._canvas, {"type": "ready", "size": [height, width], "ratio": 2})


def tell(explorer: Any, **event: Any) -> None:
    explorer._receive(explorer._canvas, event)


def values(message: tuple[dict[str, Any], list[Any]]) -> np.ndarray:
    meta, buffers = message
    return np.frombuffer(buffers[0], f"<{meta['dtype']}").reshape(meta["pixels"])


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def seen(explorer: Any, name: str) -> bool:
    return explorer._controls.is_seen(name)


def leaves(nodes: list[Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], int]]:
    """Returns the rows that lead to each leaf of a tree, and the place of its facts."""
    found = []
    for name, inside in nodes:
        found += leaves(inside, (*above, name)) if isinstance(inside, list) else [((*above, name), inside)]
    return found


def offered(explorer: Any) -> list[str]:
    """Returns the leaves of an explorer's tree in words."""
    tree = explorer._tree
    return [f"{' > '.join(rows)}: {' '.join(tree.facts[place])}" for rows, place in leaves(tree.nodes)]


def test_nothing_is_imported_before_it_is_called(tmp_path):
    code = (
        "import sys, tfnp_ext\n"
        "from tfnp_ext.explorer import explore\n"
        "heavy = ('ipywidgets', 'anywidget', 'tensorflow', 'PIL', 'matplotlib')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_slice_and_array_follow_the_sliders(sent):
    array = normal(6, 5, 40, 50)
    explorer = explore(array, axes=["batch", "time", "y", "x"])
    changes = []
    explorer.observe(lambda change: changes.append((change["name"], change["new"])), ["slice", "array"])
    assert explorer.slice == "[0, 0, :, :]"
    assert np.shares_memory(explorer.array, array)
    slider = explorer._controls.slides[0].slider
    assert (slider.description, slider.max, slider.continuous_update) == ("batch", 5, True)
    slider.value = 4
    explorer._controls.slides[1].slider.value = 2
    assert explorer.slice == "[4, 2, :, :]"
    np.testing.assert_array_equal(explorer.array, array[4, 2])
    assert [name for name, _ in changes] == ["slice", "array"] * 2
    assert sent == []
    ready(explorer)
    (frame,) = sent
    np.testing.assert_array_equal(values(frame), array[4, 2])
    assert frame[0]["names"] == {"y": "y", "x": "x"}


def test_colours_and_zoom_leave_the_array_as_it_is(sent):
    explorer = explore(normal(6, 5, 40))
    changes = []
    explorer.observe(changes.append, ["slice", "array"])
    ready(explorer)
    tell(explorer, type="viewport", region=[0, 0, 3, 3], size=[300, 500])
    explorer.state = replace(explorer.state, scale="diverging", robust=True, view="table")
    explorer.array = explorer.array
    assert changes == []
    explorer.state = replace(explorer.state, rows=0, columns=2)
    assert len(changes) == 2


def test_a_reduction_outlives_other_rows(sent):
    explorer = explore(normal(4, 5, 6, 7))
    controls = explorer._controls
    controls.more.value = True
    controls.reduced.value = 1
    controls.rows.value = 0
    assert (explorer.state.rows, explorer.state.reduced, controls.reduced.value) == (0, 1, 1)
    assert [word for word, _ in controls.reduced.options] == ["none", "axis 0", "axis 1", "axis 2", "axis 3"]


def test_a_matrix_is_reduced_along_its_rows(sent):
    array = normal(40, 90)
    explorer = explore(array)
    explorer._controls.more.value = True
    assert seen(explorer, "reduced")
    explorer._controls.reduced.value = 0
    np.testing.assert_allclose(explorer.array, array.mean(axis=0))
    assert explorer.code == "np.mean(x[:, :], axis=0)"
    vector = explore(array[0])
    vector._controls.more.value = True
    assert not seen(vector, "reduced")


def test_setting_the_state_moves_the_controls(sent):
    explorer = explore(normal(6, 5, 40, 50))
    explorer.state = replace(explorer.state, rows=0, columns=3, index=(0, 3, 7, 0), view="table")
    assert explorer.slice == "[:, 3, 7, :]"
    controls = explorer._controls
    assert (controls.rows.value, controls.columns.value, controls.view.value) == (0, 3, "table")
    sliding = controls.above.children[0].children
    assert sliding == (controls.slides[1].row, controls.slides[2].row)
    assert controls.slides[2].slider.value == 7


def test_each_control_changes_one_thing(sent):
    explorer = explore(normal(3, 40, 50) * (1 + 1j))
    ready(explorer)
    controls = explorer._controls
    controls.more.value = True
    changes = {
        "part": "angle",
        "limits": "whole",
        "robust": True,
        "scale": "diverging",
        "pooling": "max",
        "view": "table",
    }
    for name, value in changes.items():
        before = explorer.state
        getattr(controls, name).value = value
        assert explorer.state == replace(before, **{name: value})
    controls.marks.value = True
    controls.threshold.value = 0.5
    assert explorer.state.threshold == 0.5
    controls.marks.value = False
    assert explorer.state.threshold is None
    controls.reduced.value = 0
    controls.reduction.value = "std"
    np.testing.assert_allclose(explorer.array, np.angle(normal(3, 40, 50) * (1 + 1j)).std(axis=0), atol=1e-15)
    assert explorer._said.value == ""
    controls.rows.value = 0
    assert explorer.state.reduced is None
    assert explorer.slice == "[:, 0, :]"


def test_a_control_without_effect_is_hidden(sent):
    explorer = explore(normal(3, 40, 50))
    controls = explorer._controls
    assert not seen(explorer, "scale")
    controls.more.value = True
    assert seen(explorer, "scale")
    assert not seen(explorer, "part")
    assert not seen(explorer, "channels")
    assert not seen(explorer, "compare")
    assert not seen(explorer, "count")
    assert not seen(explorer, "reduction")
    controls.view.value = "histogram"
    assert not seen(explorer, "scale")
    assert not seen(explorer, "pooling")
    assert not seen(explore(np.arange(12).reshape(3, 4)), "invalid")
    assert not seen(explore(np.array([b"a", b"b"], object)), "view")


def test_a_reduced_array_is_numpys_in_the_order_of_its_axes(sent):
    array = normal(4, 5, 6)
    explorer = explore(array)
    explorer.state = replace(explorer.state, reduced=1, rows=2, columns=0)
    np.testing.assert_allclose(explorer.array, array.mean(axis=1))
    assert eval(explorer.code, {"np": np, "x": array}) == pytest.approx(array.mean(axis=1))


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_a_reduced_array_is_what_its_code_gives(sent, data):
    shape = tuple(data.draw(st.lists(st.sampled_from([1, 2, 3, 4, 5]), min_size=1, max_size=4)))
    array = np.random.default_rng(0).integers(-20, 20, shape).astype(data.draw(st.sampled_from(["f8", "i4"])))
    masked = data.draw(st.sampled_from([None, 0.3, 0.8]))
    if masked is not None:
        array = np.ma.MaskedArray(array, np.random.default_rng(1).random(shape) < masked)
    reduced, *axes = data.draw(st.permutations(range(len(shape))))
    rows, columns, channels = (data.draw(st.sampled_from([None, axis])) for axis in [*axes, None, None, None][:3])
    if columns is None:
        rows, columns = None, rows
    view = "image" if channels is not None and shape[channels] in {1, 3, 4} else "heatmap"
    how = data.draw(st.sampled_from(["mean", "std", "min", "max"]))
    index = tuple(data.draw(st.integers(0, length - 1)) for length in shape)
    explorer = explore(array)
    explorer.state = replace(explorer.state, rows=rows, columns=columns, channels=channels, view=view, index=index,
                             reduced=reduced, reduction=how)  # fmt: skip
    expected = eval(explorer.code, {"np": np, "x": array})
    assert np.shape(explorer.array) == np.shape(expected)
    np.testing.assert_array_equal(np.ma.getmaskarray(explorer.array), np.ma.getmaskarray(expected))
    np.testing.assert_allclose(np.ma.filled(explorer.array, 0), np.ma.filled(expected, 0), atol=1e-12)
    assert isinstance(explorer.array, np.ma.MaskedArray) == np.ma.is_masked(expected)
    explorer.close()


def test_a_reduced_image_has_its_channels_where_the_value_has_them(sent):
    array = np.random.default_rng(0).integers(0, 255, (5, 3, 40, 50), np.uint8)
    explorer = explore(array)
    explorer.state = replace(explorer.state, view="image", rows=2, columns=3, channels=1, reduced=0)
    np.testing.assert_allclose(explorer.array, array.mean(axis=0))
    whole = explore(normal(6))
    whole.state = replace(whole.state, columns=None, reduced=0)
    assert whole.array.shape == ()


def test_who_observes_one_of_slice_and_array_reads_both(sent):
    array = normal(3, 4, 5)
    explorer = explore(array)
    read = []
    explorer.observe(lambda change: read.append((change["name"], explorer.slice, explorer.array)), ["slice", "array"])
    explorer._controls.slides[0].slider.value = 2
    assert [(name, expression) for name, expression, _ in read] == [("slice", "[2, :, :]"), ("array", "[2, :, :]")]
    for _, _, seen_array in read:
        np.testing.assert_array_equal(seen_array, array[2])


@pytest.mark.parametrize("part", ["abs", "angle", "real", "imag"])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_compared_by_their_distance(sent, part, dtype):
    one = np.exp(1j * np.linspace(0, 6, 24)).reshape(4, 6).astype(dtype)
    two = (one * 1j).astype(dtype)
    one[0, :2] = two[0, :2] = np.nan, np.inf
    one[1, 1] = two[1, 1]
    explorer = explore(one, other=two, tolerance=1e-3)
    take = {"abs": lambda x: x, "angle": np.angle, "real": np.real, "imag": np.imag}[part]
    with np.errstate(all="ignore"):
        difference = take(one) - take(two)
        differ = ~(np.abs(difference) <= 1e-3) & ~(np.isnan(take(one)) & np.isnan(take(two))) & (take(one) != take(two))
        expected = {"difference": np.abs(difference) if part == "abs" else difference, "disagree": differ,
                    "ratio": np.abs(one) / np.abs(two) if part == "abs" else take(one) / take(two)}  # fmt: skip
        for how, wanted in expected.items():
            explorer.state = replace(explorer.state, compare=how, part=part)
            shown = explorer._frames.reader.numbers(explorer.state).values
            np.testing.assert_array_equal(shown, wanted)
            np.testing.assert_array_equal(eval(explorer.code, {"np": np, "x": one, "y": two}), wanted)
    explorer._controls.count.click()
    assert explorer._said.value.startswith(f"{differ.sum()} of 24 values disagree")


def test_complex_numbers_of_one_magnitude_disagree(sent):
    one = np.exp(1j * np.linspace(0, 6, 24)).reshape(4, 6)
    explorer = explore(one, other=one * 1j)
    ready(explorer)
    explorer._controls.compare.value = "disagree"
    assert "24 of 24 cells disagree" in sent[-1][0]["note"]
    explorer._controls.count.click()
    assert explorer._said.value == "24 of 24 values disagree, first at [0, 0]"
    explorer._controls.compare.value = "difference"
    np.testing.assert_allclose(values(sent[-1]), np.full((4, 6), np.sqrt(2)))


def test_the_viewport_is_what_crosses(sent):
    array = normal(2000, 3000).astype(np.float32)
    explorer = explore(array)
    ready(explorer, 250, 500)
    assert sent[-1][0]["pooled"] == "mean"
    assert sent[-1][0]["pixels"] == [500, 1000]
    tell(explorer, type="viewport", region=[100, 200, 300, 600], size=[250, 500])
    meta, buffers = sent[-1]
    assert meta["region"] == [100, 200, 300, 600]
    np.testing.assert_array_equal(values(sent[-1]), array[100:300, 200:600])
    assert sum(map(len, buffers)) <= 200 * 400 * 4 + 1024
    assert [message["serial"] for message, _ in sent] == [1, 2]
    assert {message["still"] for message, _ in sent} == {explorer._word}


def test_a_region_is_kept_along_the_slider_and_given_up_with_the_plane(sent):
    explorer = explore(normal(3, 40, 50))
    ready(explorer)
    tell(explorer, type="viewport", region=[1, 2, 11, 22], size=[300, 500])
    tell(explorer, type="key", key="PageDown", shift=False)
    assert explorer.slice == "[1, :, :]"
    assert sent[-1][0]["region"] == [1, 2, 11, 22]
    explorer._controls.rows.value = 0
    assert sent[-1][0]["region"] == [0, 0, 3, 50]


def region_of(sent: list[Any], view: str) -> Any:
    """Returns the region of the newest frame that a canvas takes."""
    return next(meta["region"] for meta, _ in reversed(sent) if meta["type"] == "frame" and view in meta["views"])


def opened_twice(explorer: Any, sent: list[Any]) -> None:
    """Opens two canvases; the first answers the call as the script does."""
    tell(explorer, type="ready", view="a", size=[300, 500], ratio=2)
    tell(explorer, type="ready", view="b", size=[300, 500], ratio=2)
    assert [meta["type"] for meta, _ in sent].count("call") == 1
    tell(explorer, type="viewport", view="a", region=None, size=[300, 500], ratio=2, serial=1)


def test_two_canvases_of_one_explorer_keep_what_each_shows(sent):
    array = normal(3, 1500, 2000).astype(np.float32)
    explorer = explore(array)
    opened_twice(explorer, sent)
    sent.clear()
    tell(explorer, type="viewport", view="a", region=[100, 200, 130, 260], size=[300, 500], serial=3)
    ((meta, _),) = sent  # the other's picture is what it was
    assert meta["views"] == ["a"]
    np.testing.assert_array_equal(values(sent[0]), array[0, 100:130, 200:260])
    sent.clear()
    explorer.state = replace(explorer.state, index=(1, 0, 0))
    assert region_of(sent, "a") == [100, 200, 130, 260]
    assert region_of(sent, "b") == [0, 0, 1500, 2000]
    assert len(sent) == 2
    tell(explorer, type="viewport", view="a", region=[0, 0, 1500, 2000], size=[300, 500])
    sent.clear()
    explorer.state = replace(explorer.state, index=(2, 0, 0))
    ((meta, _),) = sent  # one for both, where both show the same
    assert sorted(meta["views"]) == ["a", "b"]
    sent.clear()
    tell(explorer, type="exact", request=1, y=3, x=4, view="b")
    assert sent[-1][0] == {"type": "exact", "request": 1, "view": "b", "text": str(array[2, 3, 4])}
    explorer._controls.copy.click()
    assert sent[-1][0]["view"] in {"a", "b"}
    tell(explorer, type="gone", view="a")
    explorer.state = replace(explorer.state, index=(0, 0, 0))
    assert sent[-1][0]["views"] == ["b"]
    tell(explorer, type="gone", view="b")
    before = len(sent)
    explorer.state = replace(explorer.state, index=(1, 0, 0))
    assert len(sent) == before


def test_canvases_of_a_page_that_was_left_are_forgotten(sent):
    explorer = explore(normal(3, 400, 500))
    for number in range(50):
        tell(explorer, type="ready", view=str(number), size=[300, 500], ratio=2)
        tell(explorer, type="viewport", view=str(number), region=[0, 0, 9, 9 + number], size=[300, 500])
    sent.clear()
    explorer.state = replace(explorer.state, index=(1, 0, 0))
    assert [meta["views"] for meta, _ in sent] == [["49"]]
    for number in range(50):  # these all answer
        tell(explorer, type="viewport", view=str(number), region=[0, 0, 9, 9 + number], size=[300, 500])
    sent.clear()
    explorer.state = replace(explorer.state, index=(2, 0, 0))
    assert len(sent) == MOST_VIEWS


@pytest.mark.parametrize("known", [True, False])
def test_a_viewport_of_other_rows_and_columns_comes_too_late(sent, known):
    explorer = explore(normal(3, 400, 500))
    tell(explorer, type="ready", view="a", size=[300, 500], ratio=2)
    seen_at = sent[-1][0]["serial"]
    explorer._controls.rows.value = 0
    if not known:
        tell(explorer, type="gone", view="a")
    tell(explorer, type="viewport", view="a", region=[0, 7, 2, 9], size=[300, 500], serial=seen_at)
    explorer.state = replace(explorer.state, index=(0, 8, 0))
    assert region_of(sent, "a") == [0, 0, 3, 500]
    tell(explorer, type="viewport", view="a", region=[0, 7, 2, 9], size=[300, 500], serial=sent[-1][0]["serial"])
    assert region_of(sent, "a") == [0, 7, 2, 9]


def test_another_tensor_of_a_nest_is_shown_whole(sent):
    explorer = explore({"a": normal(60, 50), "b": normal(40, 50)})
    ready(explorer)
    tell(explorer, type="viewport", region=[1, 2, 11, 22], size=[300, 500])
    explorer.choose(1)
    assert sent[-1][0]["region"] == [0, 0, 40, 50]


def test_a_value_that_was_pooled_is_told_in_full(sent):
    array = normal(4000, 3000)
    explorer = explore(array)
    ready(explorer)
    tell(explorer, type="exact", request=7, y=3999, x=17)
    assert sent[-1][0] == {"type": "exact", "request": 7, "text": str(array[3999, 17])}
    explorer = explore(np.float32([[1 / 3, 2]]), other=np.float32([[1, 2]]))
    tell(explorer, type="exact", request=1, y=0, x=0)
    assert sent[-1][0]["text"] == "0.33333334   1.0"


@pytest.mark.parametrize("compare", ["", "side", "difference"])
def test_a_value_that_is_not_there_is_told_as_missing(sent, compare):
    array = np.ma.masked_array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])
    explorer = explore(array, other=np.ones((2, 2), np.int64))
    explorer.state = replace(explorer.state, compare=compare)
    texts = []
    for y, x in ((0, 1), (1, 0)):
        tell(explorer, type="exact", request=1, y=y, x=x)
        texts.append(sent[-1][0]["text"])
    assert texts == {"": ["missing", "3"], "side": ["missing   1", "3   1"], "difference": ["missing", "2.0"]}[compare]


def test_the_next_nan_is_shown_and_pinned_and_then_the_next(sent):
    array = np.zeros((64, 51, 52), np.float32)
    array[9, 50, 51] = np.nan
    array[40, 3, 4] = np.inf
    explorer = explore(array)
    ready(explorer)
    assert explorer.find_next_invalid() == (9, 50, 51)
    assert explorer.slice == "[9, :, :]"
    assert sent[-1][0] == {"type": "goto", "y": 50, "x": 51, "pin": True}
    assert explorer._said.value == "NaN at [9, 50, 51]"
    explorer._controls.invalid.click()
    assert explorer.slice == "[40, :, :]"
    assert explorer._said.value == "+Inf at [40, 3, 4]"
    explorer._controls.invalid.click()
    assert explorer.slice == "[9, :, :]"
    assert explorer._said.value == "NaN at [9, 50, 51], again the first"
    assert explore(np.zeros((3, 4))).find_next_invalid() is None


def test_the_only_nan_is_told_to_be_that(sent):
    array = np.zeros((3, 4, 5))
    array[0, 1, 2] = -np.inf
    explorer = explore(array)
    explorer.state = replace(explorer.state, index=(2, 0, 0))
    said = []
    for _ in range(3):
        explorer._controls.invalid.click()
        said.append(explorer._said.value)
    assert said == ["-Inf at [0, 1, 2], the first of all", *["-Inf at [0, 1, 2], the only one"] * 2]


@pytest.mark.parametrize(("view", "reduced"), [("image", None), ("heatmap", 2)])
def test_every_nan_behind_a_cell_is_come_to(sent, view, reduced):
    array = np.zeros((4, 5, 3))
    array[1, 2, 1:] = array[3, 0, 2] = np.nan
    explorer = explore(array)
    explorer.state = replace(
        explorer.state, rows=0, columns=1, view=view, reduced=reduced, channels=None if reduced else 2
    )
    assert [explorer.find_next_invalid() for _ in range(4)] == [(1, 2, 1), (1, 2, 2), (3, 0, 2), (1, 2, 1)]


@pytest.mark.parametrize("compare", ["side", "difference", "ratio", "disagree"])
def test_the_next_nan_is_looked_for_in_both_that_are_compared(sent, compare):
    one, two = np.zeros((3, 4)), np.zeros((3, 4), np.float32)
    two[1, 2], one[2, 0] = np.nan, np.inf
    one[2, 3], two[2, 3] = np.nan, np.nan
    explorer = explore(one, other=two)
    explorer.state = replace(explorer.state, compare=compare)
    found, said = [], []
    for _ in range(4):
        found.append(explorer.find_next_invalid())
        said.append(explorer._said.value)
    assert found == [(1, 2), (2, 0), (2, 3), (1, 2)]
    assert said == ["NaN of the other at [1, 2]", "+Inf of this at [2, 0]", "NaN of both at [2, 3]",
                    "NaN of the other at [1, 2], again the first"]  # fmt: skip
    explorer.state = replace(explorer.state, compare="")
    assert [explorer.find_next_invalid() for _ in range(2)] == [(2, 0), (2, 3)]
    assert explorer._said.value == "NaN at [2, 3]"
    whole = explore(np.zeros((3, 4)), other=np.zeros((3, 4)))
    assert whole.find_next_invalid() is None
    assert whole._said.value == "no NaN or infinity in 12 values of both"


def test_the_next_nan_of_two_sparse_tensors_makes_neither_dense(tf, sent):
    def sparse(places: list[list[int]]) -> Any:
        return tf.SparseTensor(places, np.full(len(places), np.nan), (10**6, 10**6))

    explorer = explore(sparse([[5, 7], [9, 1]]), other=sparse([[5, 6], [9, 1]]))
    assert [explorer.find_next_invalid() for _ in range(4)] == [(5, 6), (5, 7), (9, 1), (5, 6)]
    assert explorer._said.value == "NaN of the other at [5, 6], again the first"


@pytest.mark.parametrize("turned", [False, True])
def test_integers_are_compared_with_floats_that_hold_a_nan(sent, turned):
    one, two = np.arange(6).reshape(2, 3), np.float16([[0, 1, 2], [3, np.inf, 5]])
    explorer = explore(two, other=one) if turned else explore(one, other=two)
    assert explorer.find_next_invalid() == (1, 1)
    assert explorer._said.value == f"+Inf of {'this' if turned else 'the other'} at [1, 1]"


def test_what_was_found_before_there_was_a_canvas_is_shown_once_there_is(sent):
    array = np.zeros((4, 51, 52), np.float32)
    array[2, 5, 6] = np.nan
    explorer = explore(array)
    explorer.find_next_invalid()
    sent.clear()
    ready(explorer)
    assert [message["type"] for message, _ in sent] == ["frame", "goto"]
    assert sent[-1][0] == {"type": "goto", "y": 5, "x": 6, "pin": True}
    ready(explorer)  # a second view: the first stays where its reader is
    assert [message["type"] for message, _ in sent[2:]] == ["frame"]


def test_the_largest_of_the_slice_and_of_all(sent):
    array = normal(7, 30, 40)
    array[5, 20, 30] = 99
    array[0, 1, 2] = 50
    explorer = explore(array)
    explorer._controls.maximum.click()
    assert sent[-1][0] == {"type": "goto", "y": 1, "x": 2, "pin": True}
    assert explorer._said.value == "largest of the slice: 50.0 at [0, 1, 2]"
    explorer._controls.scope.value = "whole"
    explorer._controls.maximum.click()
    assert explorer.slice == "[5, :, :]"
    assert sent[-1][0] == {"type": "goto", "y": 20, "x": 30, "pin": True}
    assert explorer._said.value == "largest of all: [5, 20, 30]"


def test_a_search_goes_on_where_it_stopped(sent, monkeypatch):
    from tfnp_ext.explorer import search, sources

    monkeypatch.setattr(search, "STEP", 0.0)
    monkeypatch.setattr(search.Search.step, "__defaults__", (0.0, lambda: 0.0))
    monkeypatch.setattr(search.NextInvalid.__init__, "__defaults__", (300,))
    array = np.zeros((4, 30, 10), np.float32)
    array[3, 0, 0] = np.nan
    explorer = explore(array)
    said = []
    for _ in range(4):
        explorer._controls.invalid.click()
        said.append(explorer._said.value)
    assert said[:3] == [
        f"no NaN in the first {share} looked at: press again to go on" for share in ("25.0 %", "50.0 %", "75.0 %")
    ]
    assert explorer.slice == "[3, :, :]"
    assert sources.BLOCK > 300


def test_two_are_compared(sent):
    one, two = normal(3, 8, 9), normal(3, 8, 9)
    two[2, 7, 8] += 1
    explorer = explore(one, other=two, tolerance=0.5)
    ready(explorer)
    assert sent[-1][0]["panels"] == 2
    controls = explorer._controls
    controls.compare.value = "disagree"
    assert seen(explorer, "tolerance")
    controls.count.click()
    assert explorer._said.value == "1 of 216 values disagree, first at [2, 7, 8]"
    controls.compare.value = "difference"
    controls.slides[0].slider.value = 2
    np.testing.assert_array_equal(values(sent[-1]), one[2] - two[2])
    with pytest.raises(ConversionError, match="shapes differ"):
        explore(one, other=two[:2])


def test_the_leaves_of_two_checkpoints_are_compared(tf, sent):
    one = {"a": tf.Variable(normal(4, 5)), "b": {"kernel": tf.Variable(normal(3, 3, 2, 4))}}
    two = {"a": tf.Variable(normal(4, 5)), "b": {"kernel": tf.Variable(normal(3, 3, 2, 4, seed=1))}}
    explorer = explore(one, other=two)
    assert offered(explorer) == ["a: Variable (4, 5) float64", "b / kernel: Variable (3, 3, 2, 4) float64"]
    explorer._tree.chosen = 1
    assert explorer.slice == "['b']['kernel'][:, :, 0, 0]"
    ready(explorer)
    np.testing.assert_array_equal(np.frombuffer(sent[-1][1][1]).reshape(3, 3), two["b"]["kernel"].numpy()[:, :, 0, 0])


def test_the_groups_of_a_tree_are_those_of_the_nest(tf, sent):
    inner = {"kernel": np.zeros((3, 2)), "bias": np.zeros(2)}
    one = tf.Variable([1.0], name="own")
    dataset = tf.data.Dataset.from_tensors({"image": np.zeros((3, 4)), "more": (np.zeros(2), np.zeros(3, np.int8))})
    nest = {
        "alone": {"in": {"it": inner}},
        "layers": [inner, [np.zeros(3)]],
        "list": [one, np.float32(2)],
        "data": dataset,
        "text": tf.constant(["a"]),
    }
    assert offered(explore(nest)) == [
        "alone / in / it > kernel: ndarray (3, 2) float64",
        "alone / in / it > bias: ndarray (2,) float64",
        "layers > [0] > kernel: ndarray (3, 2) float64",
        "layers > [0] > bias: ndarray (2,) float64",
        "layers > [1][0]: ndarray (3,) float64",
        "list > [0] own: Variable (1,) float32",
        "list > [1]: NumPy scalar () float32",
        "data > image: Dataset of (3, 4) float64",
        "data > more > [0]: Dataset of (2,) float64",
        "data > more > [1]: Dataset of (3,) int8",
        "text: Tensor (1,) string",
    ]
    assert explore(np.zeros(3))._tree is None
    assert explore({"a": {"b": np.zeros(3)}})._tree is None


def test_a_model_is_chosen_from_by_layer(tf, sent):
    keras = tf.keras
    layers = [keras.layers.Dense(3, name="first"), keras.layers.Dense(2, name="second")]
    explorer = explore(keras.Sequential([keras.Input((4,)), *layers]))
    assert offered(explorer) == [
        "first > kernel: Variable (4, 3) float32",
        "first > bias: Variable (3,) float32",
        "second > kernel: Variable (3, 2) float32",
        "second > bias: Variable (2,) float32",
    ]
    explorer.choose(2)
    np.testing.assert_array_equal(explorer.array, layers[1].kernel.numpy())


HOSTILE = "<img src=x onerror=alert(1)>"

KEYS = st.one_of(
    st.text(max_size=4),
    st.integers(-2, 2),
    st.sampled_from([HOSTILE, "a", "1", "[0]", "a / b", "\n", "\u202e", "x" * 999]),
)
NESTS = st.recursive(
    st.builds(np.zeros, st.sampled_from([(), (2,), (0,), (2, 3)]), st.sampled_from(["f4", "f8", "i4"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, NESTS, min_size=1, max_size=4))
def test_the_leaves_of_a_tree_are_the_choices_in_order(nest):
    try:
        found = choices(nest)
    except ConversionError:
        return
    if len(found) == 1:  # alone it has no tree
        return
    nodes, facts = tree_of(found)
    shown = leaves(nodes)
    assert [facts[place] for _, place in shown] == [[one.kind, one.shape, one.dtype] for one in found]
    assert len({tuple(one) for one in facts}) == len(facts)
    for (rows, _), choice in zip(shown, found, strict=True):
        assert 1 <= len(rows) <= len(choice.steps)
        assert all(0 < len(row) <= 201 and row.isprintable() for row in rows)
        whole = " / ".join(rows)
        assert all(name in whole for name in map(step_name, choice.steps) if len(whole) < 200)

    def groups(inside: list[Any]) -> list[list[Any]]:
        below = [each for _, each in inside if isinstance(each, list)]
        return below + [group for each in below for group in groups(each)]

    assert all(len(group) > 1 for group in groups(nodes))


def test_keys_that_are_written_alike_stay_apart():
    class Key:
        def __repr__(self) -> str:
            return "Key"

    nest = {Key(): np.zeros(1), Key(): {"a": np.zeros(2), "b": np.zeros(3)}}
    assert leaves(tree_of(choices(nest))[0]) == [(("[Key]",), 0), (("[Key]", "a"), 1), (("[Key]", "b"), 2)]


def test_choosing_in_python_moves_the_tree_and_back(sent):
    explorer = explore({"a": normal(4, 5), "b": normal(3)})
    asked = []
    explorer._tree.observe(lambda change: asked.append(change["new"]), "chosen")
    explorer.choose(1)
    assert (explorer._tree.chosen, explorer.slice) == (1, "['b'][:]")
    explorer.choose(-2)
    assert (explorer._tree.chosen, explorer.slice) == (0, "['a'][:, :]")
    assert asked == [1, 0]


def test_a_leaf_that_cannot_be_opened_is_told_and_the_tree_goes_back(sent):
    nest = [normal(3), np.zeros((0, 3)), normal(4)]
    explorer = explore(nest)
    written = []
    explorer._tree.send_state = lambda key=None: written.append(key)
    explorer._tree.set_state({"chosen": 1})  # what the page does
    assert explorer._said.value == "ndarray (0, 3) float64 is empty: there is nothing to explore"
    assert (explorer._tree.chosen, explorer.slice) == (0, "[0][:]")
    assert "chosen" in written
    explorer._tree.set_state({"chosen": 2})
    assert (explorer._tree.chosen, explorer.slice, explorer._said.value) == (2, "[2][:]", "")
    explorer.choose(1)
    assert (explorer._tree.chosen, explorer.slice) == (2, "[2][:]")
    explorer._tree.set_state({"chosen": 99})
    assert explorer._tree.chosen == 2
    assert explorer._said.value


def test_a_tree_of_thousands_is_saved_in_few_bytes(sent):
    nest = {f"layer_{i}": {f"kernel_{j}": np.zeros((3, 4)) for j in range(10)} for i in range(500)}
    state = explore(nest)._tree.get_state()
    saved = json.dumps({key: state[key] for key in ("nodes", "facts", "chosen")}, indent=1)
    assert len(saved) < 5000 * 100


def test_a_dataset_is_drawn_as_the_slider_moves(tf, sent):
    dataset = tf.data.Dataset.range(9).filter(lambda n: n >= 0).map(lambda n: tf.fill([3, 4], n))
    explorer = explore(dataset)
    ready(explorer)
    slider = explorer._controls.slides[0].slider
    assert slider.description == "element"
    assert slider.max == 1
    slider.value = 1
    assert slider.max == 2
    assert (explorer.array == 1).all()
    explorer.state = replace(explorer.state, shape=(100, 3, 4), index=(50, 0, 0))
    assert explorer.state.index[0] == 8
    assert slider.max == slider.value == 8
    assert explorer.slice == ".skip(8).take(1).get_single_element()[:, :]"
    np.testing.assert_array_equal(eval(f"d{explorer.slice}", {"d": dataset}), explorer.array)


def test_scalar_elements_are_shown_one_at_a_time(tf, sent):
    explorer = explore(tf.data.Dataset.range(5))
    explorer._controls.slides[0].slider.value = 3
    assert explorer.array == 3
    assert explorer.slice == ".skip(3).take(1).get_single_element()"


def test_what_is_empty_is_refused_and_left_out_of_a_nest(sent):
    with pytest.raises(ConversionError, match=r"ndarray \(0, 3\) float64 is empty"):
        explore(np.zeros((0, 3)))
    assert explore([np.zeros((0, 3)), np.zeros(2), np.zeros(3)]).slice == "[1][:]"


def test_what_was_said_goes_with_what_it_was_said_of(tf, sent):
    array = normal(3, 8, 9)
    explorer = explore(array)
    explorer._controls.maximum.click()
    assert explorer._said.value.startswith("largest of the slice")
    explorer._controls.slides[0].slider.value = 1
    assert explorer._said.value == ""
    dataset = tf.data.Dataset.range(4).map(lambda n: tf.debugging.check_numerics(1 / tf.cast(2 - n, tf.float32), "bad"))
    explorer = explore(dataset.batch(1))
    explorer._controls.slides[0].slider.value = 2
    assert explorer._said.value == "Dataset: element 2 failed: bad : Tensor had Inf values"
    explorer._controls.slides[0].slider.value = 0
    assert explorer._said.value == ""


def test_an_axis_that_was_reduced_comes_back(sent):
    array = normal(7, 4)
    explorer = explore(array)
    controls = explorer._controls
    controls.more.value = True
    for axis in (0, 1, 0):
        controls.reduced.value = axis
        np.testing.assert_allclose(explorer.array, array.mean(axis=axis))
    controls.reduced.value = -1
    np.testing.assert_array_equal(explorer.array, array)
    assert (explorer.state.rows, explorer.state.columns) == (0, 1)
    explorer = explore(normal(3, 4, 5, 6))
    controls = explorer._controls
    controls.more.value = True
    controls.reduced.value = 3
    assert (explorer.state.rows, explorer.state.columns) == (None, 2)
    controls.rows.value = 0  # another wish, which stays
    controls.reduced.value = -1
    assert (explorer.state.rows, explorer.state.columns) == (0, 2)


def test_a_variable_that_was_assigned_is_read_anew(tf, sent):
    variable = tf.Variable(tf.zeros((3, 4, 5)))
    explorer = explore({"a": tf.zeros(3), "v": variable})
    explorer.choose(1)
    explorer.state = replace(explorer.state, index=(2, 0, 0), scale="diverging")
    variable.assign(tf.ones((3, 4, 5)))
    explorer.refresh()
    assert (explorer.slice, explorer.state.scale) == ("['v'][2, :, :]", "diverging")
    assert (explorer.array == 1).all()
    assert explorer._tree.chosen == 1
    explorer.close()
    explorer.refresh()
    with pytest.raises(ConversionError, match="the explorer is closed: open a new one"):
        _ = explorer.png


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"index": (9, 0, 0)}, r"\(9, 0, 0\) is no place in \(3, 4, 5\)"),
        ({"index": (0, 0)}, "is no place"),
        ({"rows": 2}, "different axes of 3"),
        ({"columns": 7}, "different axes of 3"),
        ({"shape": (3, 4)}, r"its shape is \(3, 4\), and that of what is explored \(3, 4, 5\)"),
        ({"view": "heat"}, "view='heat' is none of 'heatmap'"),
        ({"reduction": "median"}, "reduction='median' is none of"),
    ],
)
def test_a_state_that_cannot_be_shown_is_refused(sent, change, said):
    explorer = explore(normal(3, 4, 5))
    before = explorer.state
    with pytest.raises(OptionError, match=said):
        explorer.state = replace(before, **change)
    assert explorer.state == before


def test_messages_of_others_change_nothing(sent):
    explorer = explore(normal(3, 4, 5))
    ready(explorer)
    count = len(sent)
    for message in ([], "ready", {"type": "viewport"}, {"type": "exact", "y": None, "x": 1}, {"type": []}, {}):
        explorer._receive(explorer._canvas, message)
    assert (len(sent), explorer._said.value) == (count, "")
    tell(explorer, type="exact", request=3, y=300, x=0)  # of the plane before
    assert sent[-1][0] == {"type": "exact", "request": 3, "text": ""}


def test_what_fails_while_drawing_is_said_below(tf, sent):
    dataset = tf.data.Dataset.range(4).map(lambda n: tf.debugging.check_numerics(1 / tf.cast(2 - n, tf.float32), "bad"))
    explorer = explore(dataset.batch(1))
    explorer._controls.slides[0].slider.value = 2
    assert "element 2 failed" in explorer._said.value


def test_names_and_labels_that_do_not_fit_are_refused(sent):
    with pytest.raises(OptionError, match="2 names for 3 axes"):
        explore(np.zeros((2, 3, 4)), axes=["a", "b"])
    with pytest.raises(OptionError, match="axes='ab' is one name"):
        explore(np.zeros((2, 3)), axes="ab")
    for tolerance in (-1, np.nan):
        with pytest.raises(OptionError, match="is no distance"):
            explore(np.zeros((2, 3)), other=np.zeros((2, 3)), tolerance=tolerance)
    with pytest.raises(OptionError, match="no axis is as long"):
        explore(np.zeros((2, 3)), labels=["a"] * 5)


def test_values_that_cannot_be_explored_say_why(tf, sent):
    with pytest.raises(ConversionError, match="str is not tensor-like"):
        explore("text")
    gc.collect()

    @tf.function
    def traced(x: Any) -> Any:
        explore(x)
        return x

    with pytest.raises(SymbolicTensorError, match=r"inside tf\.function"):
        traced(tf.constant(1.0))


def test_the_code_names_the_value(ip, run, sent):
    run(ip, "import numpy as np, tfnp_ext\ny = np.zeros((3, 4, 5))\ne = tfnp_ext.explore(y)")
    explorer = ip.user_ns["e"]
    explorer._controls.copy.click()
    assert sent[-1][0] == {"type": "copy", "text": "y[0, :, :]"}
    explorer._controls.png.click()
    assert sent[-1][0] == {"type": "png"}
    assert explorer.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("compare", ["side", "difference", "ratio", "disagree"])
@pytest.mark.parametrize("part", ["", "angle", "imag"])
@pytest.mark.parametrize("reduced", [None, 1])
def test_the_code_gives_what_is_shown(sent, compare, part, reduced):
    one, two = normal(3, 4, 5), normal(3, 4, 5, seed=1)
    if part:
        one, two = one + 1j * two, two - 2j * one
    two[:, :2] = one[:, :2]
    explorer = explore(one, other=two, tolerance=0.25)
    state = replace(explorer.state, compare=compare, part=part, index=(1, 0, 2), reduced=reduced, reduction="max")
    explorer.state = state if reduced is None else replace(state, rows=0, columns=2)
    given = eval(explorer.code, {"np": np, "x": one, "y": two})
    shown = explorer._frames.reader.pair(explorer.state) if compare == "side" else None
    if shown is None:
        np.testing.assert_array_equal(given, explorer._frames.reader.numbers(explorer.state).values)
    else:
        for part_given, part_shown in zip(given, shown, strict=True):
            np.testing.assert_array_equal(part_given, part_shown.values)


@pytest.mark.parametrize("compare", ["difference", "ratio", "disagree"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("left", "right"),
    [("uint8", "uint8"), ("bool", "bool"), ("int64", "int64"), ("uint64", "uint64"), ("int8", "uint16"),
     ("float16", "float16"), ("float32", "int16"), ("float32", "float32"), ("bfloat16", "bfloat16"), ("bool", "int32")],
)  # fmt: skip
def test_the_code_compares_in_the_dtype_that_is_shown(sent, compare, masked, left, right):
    one, two = sample(left, (3, 4, 5)), sample(right, (3, 4, 5))[::-1, ::-1].copy()
    if masked:
        one = np.ma.MaskedArray(one, np.arange(60).reshape(3, 4, 5) % 7 == 0)
    if compare == "ratio":
        two = np.where(two == 0, np.ones((), two.dtype), two)  # masked arrays mask what is divided by 0
    explorer = explore(one, other=two, tolerance=0.25)
    explorer.state = replace(explorer.state, compare=compare, index=(1, 0, 0))
    with np.errstate(all="ignore"):
        given = eval(explorer.code, {"np": np, "x": one, "y": two})
    shown = explorer._frames.reader.numbers(explorer.state)
    if shown.missing is not None and compare != "disagree":
        np.testing.assert_array_equal(np.ma.getmaskarray(given), shown.missing)
    there = np.ones(shown.values.shape, bool) if shown.missing is None else ~shown.missing
    np.testing.assert_array_equal(np.asarray(given)[there], shown.values[there])


@pytest.mark.parametrize("reduction", ["mean", "std", "norm", "min", "max"])
def test_the_code_of_a_reduction_counts_only_what_is_there(tf, sent, reduction):
    masked = np.ma.MaskedArray(normal(4, 5), np.arange(20).reshape(4, 5) % 3 == 0)
    masked[:, 2] = np.ma.masked
    for value in (masked, masked.astype(np.uint8), tf.ragged.constant([[1, 200, 3], [], [40]])):
        explorer = explore(value)
        explorer.state = replace(explorer.state, rows=None, columns=1, reduced=0, reduction=reduction)
        given = eval(explorer.code, {"np": np, "x": value, "to_numpy": tfnp_ext.to_numpy})
        np.testing.assert_array_equal(np.ma.getmaskarray(given), np.ma.getmaskarray(explorer.array))
        np.testing.assert_allclose(np.ma.filled(given, 0), np.ma.filled(explorer.array, 0))


def test_the_code_compares_what_tensorflow_holds(tf, sent):
    one, two = tf.constant([[1, 2], [255, 0]], tf.uint8), tf.constant([[2, 2], [0, 1]], tf.uint8)
    explorer = explore(one, other=two)
    explorer.state = replace(explorer.state, compare="difference")
    assert explorer.code == "np.subtract(x[:, :], y[:, :], dtype=np.float64)"
    assert eval(explorer.code, {"np": np, "x": one, "y": two}).tolist() == [[-1, 0], [255, -1]]


def test_the_code_names_both_that_are_compared(ip, run, sent):
    run(ip, "import numpy as np, tfnp_ext\na, b = np.zeros((3, 4)), np.ones((3, 4))\ne = tfnp_ext.explore(a, other=b)")
    assert ip.user_ns["e"].code == "a[:, :], b[:, :]"


def test_few_widgets_are_opened_and_others_when_they_are_seen(sent):
    """Each costs time in kernel and page."""
    from ipywidgets.widgets import widget

    before = len(widget._instances)
    explorer = explore(normal(3, 40, 50))
    opened = len(widget._instances) - before
    assert opened < 40
    explorer._controls.more.value = True
    assert len(widget._instances) - before > opened
    explorer.close()
    assert len(widget._instances) == before


def test_what_was_found_is_not_given_up_with_the_pin_before_it(sent):
    array = np.zeros((4, 51, 52), np.float32)
    array[2, 5, 6] = array[3, 7, 8] = np.nan
    explorer = explore(array)
    ready(explorer)
    tell(explorer, type="pin", y=1, x=1)
    explorer.find_next_invalid()
    tell(explorer, type="unpin", y=1, x=1)  # of the picture before
    assert explorer.find_next_invalid() == (3, 7, 8)
    tell(explorer, type="unpin", y=7, x=8)
    assert explorer.find_next_invalid() == (3, 7, 8), "without a pin it begins with the slice"


def test_the_still_card_comes_before_the_widget_once(ip, sent, monkeypatch):
    published = []
    monkeypatch.setattr(ip.display_pub, "publish", lambda data, *args, **given: published.append(data))
    ip.run_cell("import numpy as np, tfnp_ext\nx = np.arange(6).reshape(2, 3)\ne = tfnp_ext.explore(x)\ne.state")
    assert published == []
    bundle, _ = ip.display_formatter.format(ip.user_ns["e"])
    (card,) = published
    word = ip.user_ns["e"]._word
    assert card["text/html"].startswith("<details open><summary")
    assert f"still picture of ndarray (2, 3) int64 · {word}</summary>" in card["text/html"]
    assert card["text/plain"].startswith("ndarray (2, 3) int64")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == "TensorExplorer(ndarray (2, 3) int64, [:, :])"


def test_the_still_of_what_has_no_picture_on_its_card_has_that_of_the_slice(ip, sent, monkeypatch, tf):
    published = []
    monkeypatch.setattr(ip.display_pub, "publish", lambda data, *args, **given: published.append(data["text/html"]))
    volume = normal(4, 300, 300)
    images = tf.data.Dataset.from_tensor_slices(np.random.default_rng(0).integers(0, 255, (3, 20, 20, 3), np.uint8))
    wide = normal(3, 100, 400)
    for value in (volume, images, np.arange(6.0).reshape(2, 3), {"<b>": volume}, wide):
        ip.display_formatter.format(explore(value))
    pictures = [re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', html) for html in published]
    assert [[words for _, words in each] for each in pictures] == [
        ["heat map of [0, :, :]"],
        ["image of .skip(0).take(1).get_single_element()[:, :, :]"],
        [],
        ["heat map of [&#x27;&lt;b&gt;&#x27;][0, :, :]"],
        ["heat map of [0, :, :]"],
    ]
    sizes = [Image.open(io.BytesIO(base64.b64decode(each[0][0]))).size for each in pictures if each]
    assert sizes == [(150, 150), (20, 20), (150, 150), (134, 34)]
    assert "width=256 height=64 " in published[-1]
    assert all(len(html) < 80_000 for html in published)


def test_the_saved_widget_holds_no_values(sent):
    explorer = explore(normal(50, 60))
    ready(explorer)
    sizes = {key: len(json.dumps(value, default=str)) for key, value in explorer.get_state().items()}
    assert sum(sizes.values()) < 3000
    assert not {"array", "state", "slice"} & set(sizes)


def test_a_closed_explorer_frees_what_it_held(sent):
    class Held(np.ndarray):
        pass

    array = normal(50, 60).view(Held)
    gone = weakref.ref(array)
    explorer = explore(array)
    ready(explorer)
    explorer.close()
    del array
    gc.collect()
    assert gone() is None
    tell(explorer, type="key", key="PageDown")
    assert explorer.array is None
    explorer.close()


def test_a_closed_explorer_leaves_no_widget_open(sent):
    comms = pytest.importorskip("comm")

    def opened() -> set[str]:
        return set(comms.get_comm_manager().comms)

    before = opened()
    explorer = explore({"a": normal(3, 50, 60), "b": normal(4, 5)})
    first = opened() - before
    explorer.choose(1)
    assert opened() - before != first
    explorer.close()
    assert opened() - before == set()


def test_moves_that_come_while_one_is_drawn_are_drawn_once():
    now, drawn, waiting = [0.0], [], []

    def draw() -> None:
        drawn.append(state[0])
        now[0] += 0.1

    state = [0]
    pacing = Pacing(
        draw, lambda seconds, function: waiting.append((now[0] + seconds, function)) or True, lambda: now[0]
    )
    for state[0] in range(5):
        pacing.ask()
    assert drawn == [0]
    ((when, wake),) = waiting
    assert when == pytest.approx(0.2)
    now[0] = when
    wake()
    assert drawn == [0, 4]
    now[0] += 1
    state[0] = 9
    pacing.ask()
    assert drawn == [0, 4, 9]
    state[0] = 10
    waiting.clear()
    pacing.ask()
    assert drawn == [0, 4, 9]
    pacing.catch_up()
    assert drawn == [0, 4, 9, 10], "who reads it does not wait"
    pacing.catch_up()
    ((when, wake),) = waiting
    now[0] = when
    wake()
    assert drawn == [0, 4, 9, 10], "it was drawn already"
    pacing.stop()
    pacing.ask()
    pacing.catch_up()
    assert drawn == [0, 4, 9, 10]


def test_slice_and_array_are_those_of_the_state_that_was_just_set():
    value = np.arange(24).reshape(2, 3, 4)

    async def in_a_kernel() -> None:
        explorer = explore(value)
        explorer._pacing._free_at = math.inf  # as after a drawing that took long
        explorer.state = replace(explorer.state, index=(1, 0, 0))
        assert explorer.slice == "[1, :, :]"
        explorer.state = replace(explorer.state, rows=0, columns=2)
        np.testing.assert_array_equal(explorer.array, value[:, 0, :])

    asyncio.run(in_a_kernel())


def test_who_observes_the_slice_may_move_on_and_the_last_picture_is_the_last_state_s():
    value = np.arange(20 * 3 * 4).reshape(20, 3, 4)
    explorer = explore(value)
    ready(explorer)
    sent = []
    explorer._canvas.send = lambda content, buffers=None: sent.append((content, buffers))

    def move_on(change):
        if change["new"] == "[10, :, :]":
            explorer.state = replace(explorer.state, index=(15, 0, 0))

    explorer.observe(move_on, "slice")
    explorer._pacing._free_at = -1.0
    explorer.state = replace(explorer.state, index=(10, 0, 0))
    explorer.observe(lambda _: None, "array")
    assert explorer.slice == "[15, :, :]"
    np.testing.assert_array_equal(explorer.array, value[15])
    frames = [message for message in sent if message[0].get("type") == "frame"]
    np.testing.assert_array_equal(values(frames[-1]), value[15])


def test_a_view_that_does_not_suit_is_refused_before_anything_changes():
    explorer = explore(normal(20, 30, 40, 3))
    before = explorer.state
    with pytest.raises(OptionError, match=r"view='line' does not suit 20 rows of 30: 'heatmap', .* do"):
        explorer.state = replace(before, rows=0, columns=1, channels=None, view="line")
    assert explorer.state == before


def test_opening_a_large_array_takes_no_memory_of_its_size(tmp_path):
    code = (
        "import resource, numpy as np, tfnp_ext\n"
        "def run(array):\n"
        "    explorer = tfnp_ext.explorer.explore(array)\n"
        "    explorer._receive(None, {'type': 'ready', 'size': [500, 800], 'ratio': 2})\n"
        "    for place in range(3):\n"
        "        explorer._controls.slides[0].slider.value = place\n"
        "import tfnp_ext.explorer\n"
        "run(np.zeros((4, 1000, 1000), np.float32))\n"
        "array = np.zeros((256, 1024, 1024), np.float32)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "run(array)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=tmp_path, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 32 * 1024


def test_the_magic_returns_the_explorer_and_converts_nothing(ip, run, sent):
    run(ip, "import numpy as np\nx = np.zeros((3, 4, 5))\ne = %tonumpy -x x")
    assert repr(ip.user_ns["e"]) == "TensorExplorer(ndarray (3, 4, 5) float64, [0, :, :])"
    assert np.shares_memory(ip.user_ns["e"].array, ip.user_ns["x"])
    run(ip, "%tonumpy -q -o f --labels list('abcde') x + 1 --explore")
    assert ip.user_ns["f"]._frames._labels == {2: ["a", "b", "c", "d", "e"]}
    assert "--dtype has no effect on --explore" in run(ip, "%tonumpy -x -d float32 x").printed
    run(ip, "f = %tonumpy -x x[:2] + 1")
    assert ip.user_ns["f"].code == "(x[:2] + 1)[0, :, :]"
    np.testing.assert_array_equal(eval(ip.user_ns["f"].code, ip.user_ns), ip.user_ns["f"].array)
    run(ip, "held = [x]\nf = %tonumpy -x held[0]")
    assert ip.user_ns["f"].code == "x[0, :, :]"
    run(
        ip,
        "def inside():\n    y = x[1:].copy()\n    return get_ipython().run_line_magic('tonumpy', '-x y')\nf = inside()",
    )
    told = run(ip, "%tonumpy -x 'text'").printed
    assert told.strip() == "ConversionError: str is not tensor-like: a string is no tensor"


def test_it_is_public():
    assert "explore" in tfnp_ext.__all__
    assert tfnp_ext.explore is explore
