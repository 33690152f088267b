"""Playing along an axis: a step for each picture on the screen, in its time, to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfnp_ext.explorer import explore
from tfnp_ext.explorer.playing import INTERVAL, Player


class Clock:
    """A time that passes when it is told to; functions called later wait until then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waiting: list[tuple[float, Any]] = []

    def later(self, seconds: float, function: Any) -> bool:
        self.waiting.append((self.now + seconds, function))
        return True

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [function for at, function in self.waiting if at <= self.now + 1e-9]
        self.waiting = [(at, function) for at, function in self.waiting if at > self.now + 1e-9]
        for function in due:
            function()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def player_of(clock: Clock, count: int) -> tuple[Player, list[int], list[int]]:
    steps: list[int] = []
    ended: list[int] = []

    def step(axis: int) -> bool:
        steps.append(axis)
        return len(steps) < count

    return Player(step, ended.append, clock.later, lambda: clock.now), steps, ended


def test_a_step_waits_for_the_picture_and_for_its_time(clock):
    player, steps, ended = player_of(clock, 4)
    player.play(2)
    assert steps == [2]
    clock.advance(10)
    assert steps == [2], "nothing was painted yet"
    player.painted()
    assert steps == [2, 2], "the time is over"
    clock.advance(0.05)
    player.painted()
    player.painted()  # by another view of the same explorer
    assert steps == [2, 2], "a picture that came soon waits"
    clock.advance(INTERVAL - 0.06)
    assert steps == [2, 2]
    clock.advance(0.011)
    assert steps == [2, 2, 2]
    player.painted()
    clock.advance(INTERVAL)
    assert (len(steps), ended, player.axis) == (4, [2], None)
    player.painted()
    clock.advance(1)
    assert len(steps) == 4


def test_what_was_stopped_does_not_go_on(clock):
    player, steps, ended = player_of(clock, 100)
    player.play(0)
    player.painted()
    player.stop()
    clock.advance(1)
    assert (steps, ended) == ([0], [0])
    player.stop()
    assert ended == [0]


def test_one_axis_is_played_at_a_time(clock):
    player, steps, ended = player_of(clock, 100)
    player.play(0)
    player.play(1)
    assert (steps, ended, player.axis) == ([0, 1], [0], 1)


def ready(explorer: Any) -> None:
    explorer._receive(explorer._canvas, {"type": "ready", "size": [300, 500], "ratio": 1})


def painted(explorer: Any) -> None:
    explorer._receive(explorer._canvas, {"type": "painted", "serial": 0})


def test_the_button_plays_to_the_end_and_stands_still(sent):
    array = np.random.default_rng(0).normal(size=(4, 6, 7))
    explorer = explore(array)
    ready(explorer)
    assert "tell" not in sent[-1][0]
    slide = explorer._controls.slides[0]
    shown = []
    slide.play.value = True
    assert slide.play.icon == "pause"
    while slide.play.value:
        assert sent[-1][0]["tell"]
        shown.append(slide.slider.value)
        np.testing.assert_array_equal(explorer.array, array[slide.slider.value])
        painted(explorer)
        assert len(shown) < 10
    assert shown == [1, 2, 3]
    assert slide.play.icon == "play"
    slide.play.value = True  # from the start again
    assert slide.slider.value == 1
    slide.slider.value = 2  # a move by hand is where it goes on
    painted(explorer)
    assert slide.slider.value == 3
    slide.play.value = False
    explorer.state = explorer.state
    painted(explorer)
    assert (slide.slider.value, explorer._player.axis) == (3, None)


def test_the_elements_of_a_dataset_are_played_to_their_end(tf, sent):
    dataset = tf.data.Dataset.range(4).filter(lambda n: True).map(lambda n: tf.fill((2, 3), n))
    explorer = explore(dataset)
    ready(explorer)
    slide = explorer._controls.slides[0]
    shown = []
    slide.play.value = True
    while slide.play.value:
        shown.append(int(explorer.array[0, 0]))
        painted(explorer)
        assert len(shown) < 10
    assert sorted(set(shown)) == [1, 2, 3]


def test_playing_ends_with_its_axis_its_tensor_and_its_explorer(sent):
    explorer = explore({"a": np.zeros((4, 6, 7)), "b": np.zeros((3, 5, 5))})
    ready(explorer)
    explorer._controls.slides[0].play.value = True
    explorer._controls.rows.value = 0
    painted(explorer)
    assert explorer._player.axis is None
    assert not explorer._controls.slides[0].play.value
    explorer._controls.slides[1].play.value = True
    explorer.choose(1)
    assert explorer._player.axis is None
    explorer._controls.slides[0].play.value = True
    explorer.close()
    assert explorer._player.axis is None


def test_an_element_that_fails_ends_it(tf, sent):
    dataset = tf.data.Dataset.range(4).map(lambda n: tf.debugging.check_numerics(1 / tf.cast(2 - n, tf.float32), "bad"))
    explorer = explore(dataset.batch(1))
    ready(explorer)
    slide = explorer._controls.slides[0]
    slide.play.value = True
    painted(explorer)
    assert "element 2 failed" in explorer._said.value
    assert not slide.play.value
