"""What is looked for in all of an array, a bounded part at a time: the next NaN, the largest, where two disagree."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.numbers import Numbers, comparable, plain
from tfnp_ext.explorer.planes import Planes
from tfnp_ext.explorer.reading import disagree
from tfnp_ext.explorer.sources import BLOCK, Array, Index, Part, Source, blocks, ravel, unravel
from tfnp_ext.explorer.state import ExplorerState

STEP = 2.0
"""Seconds of one step; the next press goes on."""


class Search(ABC):
    """A pass over an array that can be interrupted, and gone on with.

    Attributes:
        found: The index of what was found, so far.
        seen: How many values were looked at.
        elements: How many elements of a dataset were looked at.
        done: Whether there is nothing left to look at.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: tuple[int, ...] | None = None
        self.seen = 0
        self.elements = 0
        self.done = False
        self._blocks: Iterator[tuple[int, Array]] | None = None
        # Flat places are those of the element that is looked at: how large the next ones are is not known.
        self._before: tuple[int, ...] = ()
        self._within: Source = source
        self._found_in: Source = source
        self._begin = 0

    @property
    def size(self) -> int:
        """How many values there are to look at."""
        return self.source.size

    def step(self, seconds: float = STEP, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Goes on until it is done or the time is up, and returns whether it is done.

        Args:
            seconds: How long.
            clock: Seconds now; an argument so that tests are deterministic.
        """
        deadline = clock() + seconds
        if self._blocks is None and not self.done:
            self._blocks = self._all()
        for place, values in self._blocks or ():
            self.seen += values.size
            if self._look(place, values):
                break
            if clock() >= deadline:
                self._keep()
                return False
        self.done, self._blocks = True, None
        self._keep()
        return True

    def _settle(self, index: Sequence[int] | None) -> None:
        """Ends the search before it began, with what is known."""
        self.found = None if index is None else tuple(index)
        self.seen, self.done = self.source.size, True

    def _find(self, place: int) -> None:
        """Is where it was found: a flat place in what is looked at."""
        self.found = (*self._before, *unravel(place, self._within.shape))
        self._found_in = self._within

    def _keep(self) -> None:
        """Has the element kept in which it was found: another pass may give others."""
        if self.found is not None and self._found_in is not self.source:
            self.source.keep(self.found[0], self._found_in)

    def _all(self) -> Iterator[tuple[int, Array]]:
        return self._from((0,) * len(self.source.shape))

    def _from(self, start: Sequence[int], most: int = BLOCK) -> Iterator[tuple[int, Array]]:
        """Yields the blocks from an index on to the end, of a dataset those of one element after the other."""
        if not self.source.draws:
            self._begin = ravel(start, self.source.shape)
            yield from blocks(self.source, self._begin, most)
            return
        for place, element in self.source.walk(start[0]):
            self._before, self._within = (place,), element
            self._begin = _place_from(start[1:], element.shape) if place == start[0] else 0
            if place < start[0] or self._begin >= element.size:
                yield self._begin, np.empty(0, self.source.dtype)  # time passes
                continue
            self.elements += 1
            yield from blocks(element, self._begin, most)

    @abstractmethod
    def _look(self, place: int, values: Array) -> bool:
        """Looks at a block, and returns whether no other has to be."""


class NextInvalid(Search):
    """The next value that is not finite, from a place on, in the order of memory, going round at the end.

    Args:
        source: Where it is looked for.
        start: The flat place at which it begins.
        most: Values that are looked at together at most.
    """

    def __init__(self, source: Source, start: int, most: int = BLOCK) -> None:
        super().__init__(source)
        self._start = unravel(start, source.shape)
        self._most = most
        self._round = False
        if kind_rank(source.dtype) not in {2, 3}:
            self._settle(None)
        stored = source.stored()
        if stored is not None and not self.done:
            places = stored[0][~np.isfinite(stored[1])].tolist()
            later = (place for place in places if ravel(place, source.shape) >= start)
            self._settle(next(later, places[0] if places else None))

    def _all(self) -> Iterator[tuple[int, Array]]:
        yield from self._from(self._start, self._most)
        self._round = True
        if any(self._start):
            until = self._start
            for block in self._from((0,) * len(until), self._most):
                self._begin = (
                    _place_from(until[1:], self._within.shape) if self._before else ravel(until, self.source.shape)
                )
                yield block

    def _look(self, place: int, values: Array) -> bool:
        flat = invalid_in(values).reshape(-1)
        if not self._round and place < self._begin:
            flat[: self._begin - place] = False
        if flat.any():
            self._find(place + int(flat.argmax()))
            return True
        is_last = self._before in {(), self._start[:1]}
        return self._round and is_last and place + values.size >= self._begin


class Extreme(Search):
    """The largest or smallest finite value of all.

    Args:
        source: Where it is looked for.
        largest: Which of both.
        part: What of complex numbers is compared.
    """

    def __init__(self, source: Source, largest: bool, part: str = "") -> None:
        super().__init__(source)
        self._largest, self._part = largest, part
        self._best: Any = None
        stored = source.stored()
        if stored is not None:
            self._settle(self._among(*stored))

    def _among(self, indices: Array, values: Array) -> Sequence[int] | None:
        """Returns the index of the largest or smallest of stored values and of the zeros between them."""
        found = extreme_of(plain(values, self._part), self._largest)
        if found is not None and (found[1] >= 0 if self._largest else found[1] <= 0):
            return [int(place) for place in indices[found[0]]]
        if len(indices) == self.source.size:
            return None if found is None else [int(place) for place in indices[found[0]]]
        # A zero: the first place at which nothing is stored.
        flat = (ravel(index, self.source.shape) for index in indices.tolist())
        gap = next((place for place, stored in enumerate(flat) if stored != place), len(indices))
        return unravel(gap, self.source.shape)

    def _look(self, place: int, values: Array) -> bool:
        found = extreme_of(plain(values, self._part), self._largest)
        if found is not None:
            at, value = found
            if self._best is None or (value > self._best if self._largest else value < self._best):
                self._best = value
                self._find(place + at)
        return False


class ExtremeOfPlane(Search):
    """The largest or smallest finite number of the plane that is shown, the first in its order; found is its cell.

    Attributes:
        value: What it is, as NumPy's.

    Args:
        planes: Reads it.
        state: What is shown.
        largest: Which of both.
    """

    def __init__(self, planes: Planes, state: ExplorerState, largest: bool) -> None:
        super().__init__(planes.source)
        self._planes, self._state, self._largest = planes, state, largest
        self._corner = (0, 0)
        self._numbers: Numbers | None = None
        self._best: Any = None
        self.value: Any = None

    @property
    def size(self) -> int:
        """How many numbers the plane has."""
        depth = 1 if self._state.colours is None else self._state.shape[self._state.colours]
        return math.prod(self._state.plane) * depth

    def _all(self) -> Iterator[tuple[int, Array]]:
        for rows, columns, numbers in self._planes.bands(self._state):
            self._numbers, self._corner = numbers, (rows.start, columns.start)
            yield 0, numbers.values

    def _look(self, place: int, values: Array) -> bool:
        assert self._numbers is not None
        found = extreme_of(self._numbers, self._largest)
        self._numbers = None
        if found is not None:
            at, value = found
            index = unravel(at, values.shape)
            cell = (index[0] + self._corner[0], index[1] + self._corner[1], *index[2:])
            better = self._best is None or (value > self._best if self._largest else value < self._best)
            if better or (value == self._best and self.found is not None and cell < self.found):
                self._best, self.value, self.found = value, values[index], cell
        return False


class Disagreements(Search):
    """How many values of two arrays of one shape differ by more than a tolerance; the first is ``found``.

    Attributes:
        count: How many, of those seen.
    """

    def __init__(self, source: Source, other: Source, tolerance: float, part: str = "") -> None:
        super().__init__(source)
        self._other, self._tolerance, self._part = other, tolerance, part
        self._others: Array = np.empty(0)
        self.count = 0

    def _all(self) -> Iterator[tuple[int, Array]]:
        if not self.source.draws and not self._other.draws:
            yield from self._both(self.source, self._other)
            return
        for (place, one), (_, two) in zip(self.source.walk(0), self._other.walk(0), strict=False):
            shape = tuple(map(min, one.shape, two.shape))  # beyond it one is not there
            self._before, self._within = (place,), one
            self.elements += 1
            yield 0, np.empty(0)  # time passes
            yield from self._both(Part(one, shape), Part(two, shape))

    def _both(self, one: Source, two: Source) -> Iterator[tuple[int, Array]]:
        """Yields the blocks of the first of two, and has those of the second."""
        for (place, values), (_, self._others) in zip(blocks(one), blocks(two), strict=True):
            yield place, values

    def _look(self, place: int, values: Array) -> bool:
        if not values.size:
            return False
        others = self._others
        one, two = comparable(values, self._part), comparable(others, self._part)
        differ = disagree(one.values, two.values, self._tolerance)
        for each in (one, two):
            if each.missing is not None:
                differ &= ~each.missing
        if self.found is None and differ.any():
            self._find(place + int(differ.reshape(-1).argmax()))
        self.count += int(differ.sum())
        return False


def invalid_in(values: Array) -> Array:
    """Returns which values are there and not finite."""
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(~np.isfinite(values.data) & ~np.ma.getmaskarray(values))
    return np.asarray(~np.isfinite(values))


class Either(Source):
    """Two arrays of one shape as one to look through for what is not finite: NaN where either has it, else 0.

    Args:
        one: An array of floats or complex numbers.
        other: Another.
    """

    def __init__(self, one: Source, other: Source) -> None:
        super().__init__(one.shape, np.dtype(np.float32), one.what)
        self._both = one, other
        self.draws = one.draws or other.draws  # type: ignore[misc]

    @property
    def shape(self) -> tuple[int, ...]:
        """What both have; it may grow."""
        one, other = self._both
        return tuple(map(min, one.shape, other.shape))

    @property
    def grows(self) -> bool:
        """Whether the length of either is not known."""
        return any(source.grows for source in self._both)

    @property
    def is_endless(self) -> bool:
        """Whether both are."""
        return all(source.is_endless for source in self._both)

    def cut(self, index: Index) -> Array:
        """Returns the marks of a piece."""
        shape = self.shape
        parts = (source if source.shape == shape else Part(source, shape) for source in self._both)
        one, other = (invalid_in(part.cut(index)) for part in parts)
        return np.where(one | other, np.float32(np.nan), np.float32(0))

    def reach(self, place: int) -> int:
        """Returns the place on the first axis that both have."""
        return min(source.reach(place) for source in self._both)

    def walk(self, start: int) -> Iterator[tuple[int, Source]]:
        """Yields the elements of both, from the first on: each would begin elsewhere."""
        one, other = self._both
        for (place, left), (_, right) in zip(one.walk(0), other.walk(0), strict=False):
            yield place, Either(left, right)

    def keep(self, place: int, element: Source) -> None:
        """Has both keep their own."""
        if isinstance(element, Either):
            for source, part in zip(self._both, element._both, strict=True):
                source.keep(place, part)

    def stored(self) -> tuple[Array, Array] | None:
        """Returns where both together are not finite, of two sparse ones."""
        stored = [source.stored() for source in self._both]
        places = [each[0][invalid_in(each[1])] for each in stored if each is not None]
        if len(places) < len(stored):
            return None
        found = np.unique(np.concatenate(places), axis=0)  # in order
        return found, np.full(len(found), np.nan, np.float32)


def _place_from(index: Sequence[int], shape: Sequence[int]) -> int:
    """Returns the flat place of an index in an array that may be smaller: that of the first one that is not before.

    Example:
        >>> _place_from((0, 5, 2), (3, 4, 6))
        24
    """
    place, beyond = 0, False
    for at, length in zip(index, shape, strict=True):
        place = place * length + (0 if beyond else min(at, length))
        beyond = beyond or at >= length
    return place


def extreme_of(numbers: Numbers, largest: bool) -> tuple[int, Any] | None:
    """Returns the flat place and the value of the largest or smallest finite number; ``None`` where there is none."""
    values = numbers.values
    there = np.ones(values.shape, bool) if numbers.missing is None else ~numbers.missing
    if values.dtype.kind == "f":
        there &= np.isfinite(values)
    if not there.any():
        return None
    if not there.all():
        kind = values.dtype.kind
        ends: Any = (False, True) if kind == "b" else (-np.inf, np.inf)
        if kind in "iu":
            ends = np.iinfo(values.dtype).min, np.iinfo(values.dtype).max
        values = np.where(there, values, values.dtype.type(ends[0 if largest else 1]))
    flat = values.reshape(-1)
    at = int(flat.argmax() if largest else flat.argmin())
    if not there.reshape(-1)[at]:  # the end of the dtype is the value itself, behind one that is not there
        at = int(np.flatnonzero(there.reshape(-1) & (flat == flat[at]))[0])
    return at, flat[at].item()
