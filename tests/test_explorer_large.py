"""What the explorer says of what is too large to read at once: datasets of unknown length, planes of 100 MB."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext.explorer import explore
from tfnp_ext.explorer.canvas import Canvas
from tfnp_ext.explorer.choices import choices
from tfnp_ext.explorer.search import Disagreements, Extreme, NextInvalid


@pytest.fixture
def sent(monkeypatch) -> list[tuple[dict[str, Any], list[Any]]]:
    """What canvases are sent."""
    messages: list[tuple[dict[str, Any], list[Any]]] = []

    def record(_: Any, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False)
        messages.append((content, [bytes(buffer) for buffer in buffers or ()]))

    monkeypatch.setattr(Canvas, "send", record)
    return messages


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
@settings(max_examples=40, deadline=None)
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
    search = NextInvalid(source, start, most)
    while not search.step(seconds):
        assert source.cut((0, 0, 0)) is not None  # what is shown is cut in between
    assert search.found == (invalid[0] if invalid else None)
    for largest in (True, False):
        best = Extreme(source, largest)
        while not best.step(seconds):
            assert source.cut((0, 0, 0)) is not None
        values = {at: float(elements[at[0]][at[1:]]) for at in index if at not in invalid}
        wanted = (max if largest else min)(values, key=lambda at: values[at]) if values else None
        assert best.found == wanted
    assert source.shape[0] == len(elements)


def test_of_an_endless_dataset_it_is_said_how_much_was_looked_at(tf, sent, monkeypatch):
    from tfnp_ext.explorer import search

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
    search = Disagreements(one, two, 0.0)
    while not search.step(0.0):
        pass
    assert (search.count, search.found, search.elements) == (32, (3, 0, 0), 7)
    dense = choices(np.stack(list(seven())))[0].open()
    search = Disagreements(dense, two, 0.0)
    assert search.step()
    assert (search.count, search.found) == (32, (3, 0, 0))
