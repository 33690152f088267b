"""What the buttons look for: the next NaN, the largest, where two disagree; a press goes on where the last stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.frames import Frames
from tfnp_ext.explorer.painting import exact_text
from tfnp_ext.explorer.reading import key_of
from tfnp_ext.explorer.search import (
    STEP,
    Disagreements,
    Either,
    Extreme,
    ExtremeOfPlane,
    NextInvalid,
    Search,
    invalid_in,
)
from tfnp_ext.explorer.sources import Array, Source, ravel
from tfnp_ext.explorer.state import ExplorerState


@dataclass(frozen=True)
class Found:
    """What a press came to.

    Attributes:
        said: It in words.
        index: Where it is in the whole; ``None`` where nothing was found there.
        cell: Row and column of the plane that is shown, where only that was looked through.
    """

    said: str
    index: tuple[int, ...] | None = None
    cell: tuple[int, int] | None = None


class Finder:
    """Looks through what is explored, for a bounded time a press."""

    def __init__(self) -> None:
        self._search: tuple[Any, Search] | None = None
        self._last: tuple[int, ...] | None = None

    def forget(self) -> None:
        """Lets go of the array that was looked through, and of what was found in it."""
        self._search = self._last = None

    def next_invalid(self, frames: Frames, state: ExplorerState, cell: tuple[int, int] | None) -> Found:
        """Finds the next NaN or infinity in the order of the value's memory.

        Args:
            frames: What is explored.
            state: What is shown.
            cell: The pinned cell, after which it is looked for; ``None`` to begin with the slice.
        """
        source, start, after = _looked_through(frames, state), self._start(state, cell), 0 if cell is None else 1
        search = self._searching(
            ("invalid", start, after, bool(state.compare)),
            lambda: NextInvalid(source, ravel(start, source.shape) + after),
        )
        if not self._step(search):
            return Found(_so_far(search, "no NaN"))
        if search.found is None:
            both = " of both" if state.compare else ""
            return Found(f"no NaN or infinity in {_all_of(source)}{both}")
        order = ""
        if search.found < start or (after and search.found == start):  # it came round
            order = ", again the first" if self._last is not None else ", the first of all"
            order = ", the only one" if after and search.found == start else order
        self._last = search.found
        return Found(f"{_invalid_words(frames, state, search.found)}{order}", search.found)

    def _start(self, state: ExplorerState, cell: tuple[int, int] | None) -> tuple[int, ...]:
        """Returns the index of the pinned cell, of what was found there last; without one that of the slice."""
        unseen = {state.colours, state.reduced}  # a cell is not one place on these axes
        first = replace(state, index=tuple(0 if axis in state.shown else at for axis, at in enumerate(state.index)))
        at, last = first.at(*(cell or (0, 0))), self._last
        if cell is None or last is None:
            return at
        return last if all(last[axis] == at[axis] for axis in range(len(at)) if axis not in unseen) else at

    def extreme(self, frames: Frames, state: ExplorerState, largest: bool, *, whole: bool) -> Found:
        """Finds the largest or smallest finite value.

        Args:
            frames: What is explored.
            state: What is shown.
            largest: Which of both.
            whole: Whether all is looked through; else the slice, as are reductions and differences always.
        """
        word = "largest" if largest else "smallest"
        if not whole or state.reduced is not None or state.compare not in {"", "side"}:
            return self._extreme_of_slice(frames, state, largest, word)
        search = self._searching((word, state.part), lambda: Extreme(frames.source, largest, state.part))
        done = self._step(search)
        if search.found is None:
            return Found("no finite value" if done else _so_far(search, "no finite value"))
        where = f"{word} of all: {wording.index(search.found)}"
        return Found(where if done else _so_far(search, f"{word} {wording.index(search.found)}"), search.found)

    def _extreme_of_slice(self, frames: Frames, state: ExplorerState, largest: bool, word: str) -> Found:
        if not frames.reader.is_read(state):
            return Found(f"{frames.reduction(state)} is still being read")
        search = self._searching((word, key_of(state)), lambda: ExtremeOfPlane(frames.planes, state, largest))
        done = self._step(search)
        if search.found is None:
            return Found("no finite value in the slice" if done else _so_far(search, "no finite value"))
        assert isinstance(search, ExtremeOfPlane)
        row, column, *_ = search.found
        where = f"{exact_text(search.value)} at {state.expression(row, column)}"
        said = f"{word} of the slice: {where}" if done else _so_far(search, f"{word} {where}")
        return Found(said, cell=(row, column))

    def disagreements(self, frames: Frames, state: ExplorerState) -> Found:
        """Counts in all values where the two that are compared disagree."""
        other = frames.other
        assert other is not None
        key = ("count", state.tolerance, state.part)
        search = self._searching(key, lambda: Disagreements(frames.source, other, state.tolerance, state.part))
        done = self._step(search)
        assert isinstance(search, Disagreements)
        first = f", first at {wording.index(search.found)}" if search.found is not None else ""
        said = f"{wording.integer(search.count)} of {wording.integer(search.seen)} values disagree{first}"
        return Found(said if done else _so_far(search, said))

    def _step(self, search: Search) -> bool:
        """Goes on with a search; after an error it is begun anew."""
        try:
            return search.step()
        except BaseException:
            self.forget()
            raise

    def _searching(self, key: Any, begin: Callable[[], Search]) -> Search:
        """Returns the search that goes on, or a new one."""
        if self._search is None or self._search[0] != key or self._search[1].done:
            self._search = key, begin()
        return self._search[1]


def _looked_through(frames: Frames, state: ExplorerState) -> Source:
    """Returns where what is not finite is looked for: while two are compared, in both that can have it."""
    each = [frames.source] if frames.other is None or not state.compare else [frames.source, frames.other]
    floats = [source for source in each if kind_rank(source.dtype) in {2, 3}]
    return Either(*floats) if len(floats) == 2 else (floats or each)[0]


def _invalid_words(frames: Frames, state: ExplorerState, index: tuple[int, ...]) -> str:
    """Returns what is not finite at an index, and of which where two are compared: ``NaN of both at [4, 5]``."""
    found: dict[str, list[str]] = {}
    for source, name in ((frames.source, "this"), (frames.other if state.compare else None, "the other")):
        if source is not None and kind_rank(source.dtype) in {2, 3}:
            value = source.cut(index)
            if invalid_in(value).any():
                found.setdefault(_invalid_word(value), []).append(name)
    words = [f"{word} of {'both' if len(names) == 2 else names[0]}" if state.compare else word
             for word, names in found.items()]  # fmt: skip
    return f"{', '.join(words)} at {wording.index(index)}"


def _invalid_word(value: Array) -> str:
    if np.isnan(value):
        return "NaN"
    if kind_rank(value.dtype) == 3:
        return "infinity"
    return "+Inf" if value > 0 else "-Inf"


def end_of(
    source: Source, shown: int, seconds: float = STEP, clock: Callable[[], float] = time.perf_counter
) -> tuple[int, str]:
    """Looks for the last element of a dataset whose length is not known.

    Args:
        source: Draws them.
        shown: The place of the one that is shown.
        seconds: How long.
        clock: Seconds now; an argument so that tests are deterministic.

    Returns:
        The place to be shown: that of the last one that was drawn, of an endless dataset the one that is. And what is
        to be said: nothing where it is the end.
    """
    if source.is_endless:
        return shown, "the dataset has no end: Shift and Page Down go ten elements on"
    deadline = clock() + seconds
    place = source.advance(lambda: clock() >= deadline)
    drawn = wording.plural(place + 1, "element")
    return place, f"no end in {drawn} drawn so far: press End again to go on" if source.grows else ""


def _all_of(source: Source) -> str:
    if source.grows:  # and yet nothing is left to look at
        return f"numbers of {source.dtype}"
    if source.draws:
        return wording.plural(source.shape[0], "element")
    return f"{wording.integer(source.size)} values"


def _so_far(search: Search, said: str) -> str:
    if search.source.grows and search.elements:
        return f"{said} in {wording.plural(search.elements, 'element')} drawn so far: press again to go on"
    share = wording.percent(min(1.0, search.seen / max(1, search.size)))
    return f"{said} in the first {share} looked at: press again to go on"
