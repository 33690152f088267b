"""What is looked for in all of an array, a bounded part at a time: the next NaN, the largest, where two disagree."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.numbers import Numbers, comparable, plain
from tfnp_ext.explorer.reading import disagree
from tfnp_ext.explorer.sources import BLOCK, Array, Index, Source, blocks, ravel, unravel

STEP = 2.0
"""Seconds of one step; the next press goes on."""


class Search(ABC):
    """A pass over an array that can be interrupted, and gone on with.

    Attributes:
        found: The index of what was found, so far.
        seen: How many values were looked at.
        done: Whether there is nothing left to look at.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: tuple[int, ...] | None = None
        self.seen = 0
        self.done = False
        self._blocks: Iterator[tuple[int, Array]] | None = None

    def step(self, seconds: float = STEP, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Goes on until it is done or the time is up, and returns whether it is done.

        Args:
            seconds: How long.
            clock: Seconds now; an argument so that tests are deterministic.
        """
        deadline = clock() + seconds
        if self._blocks is None:
            self._blocks = self._all()
        for place, values in () if self.done else self._blocks:
            self.seen = min(self.seen + values.size, self.source.size)
            if self._look(place, values):
                break
            if clock() >= deadline:
                return False
        self.done = True
        return True

    def _settle(self, index: Sequence[int] | None) -> None:
        """Ends the search before it began, with what is known."""
        self.found = None if index is None else tuple(index)
        self.seen, self.done = self.source.size, True

    def _all(self) -> Iterator[tuple[int, Array]]:
        return blocks(self.source)

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
        self._start = start
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
        yield from blocks(self.source, self._start, self._most)
        self._round = True
        yield from blocks(self.source, 0, self._most)

    def _look(self, place: int, values: Array) -> bool:
        flat = invalid_in(values).reshape(-1)
        if not self._round and place < self._start:
            flat[: self._start - place] = False
        if flat.any():
            self.found = unravel(place + int(flat.argmax()), self.source.shape)
            return True
        return self._round and place + values.size >= self._start


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
                self._best, self.found = value, unravel(place + at, self.source.shape)
        return False


class Disagreements(Search):
    """How many values of two arrays of one shape differ by more than a tolerance; the first is ``found``.

    Attributes:
        count: How many, of those seen.
    """

    def __init__(self, source: Source, other: Source, tolerance: float, part: str = "") -> None:
        super().__init__(source)
        self._other, self._tolerance, self._part = blocks(other), tolerance, part
        self.count = 0

    def _look(self, place: int, values: Array) -> bool:
        _, others = next(self._other)
        one, two = comparable(values, self._part), comparable(others, self._part)
        differ = disagree(one.values, two.values, self._tolerance)
        for each in (one, two):
            if each.missing is not None:
                differ &= ~each.missing
        if self.found is None and differ.any():
            self.found = unravel(place + int(differ.reshape(-1).argmax()), self.source.shape)
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

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the first, which may grow."""
        return self._both[0].shape

    def cut(self, index: Index) -> Array:
        """Returns the marks of a piece."""
        one, other = (invalid_in(source.cut(index)) for source in self._both)
        return np.where(one | other, np.float32(np.nan), np.float32(0))

    def reach(self, place: int) -> int:
        """Returns the place on the first axis that both have."""
        return min(source.reach(place) for source in self._both)

    def stored(self) -> tuple[Array, Array] | None:
        """Returns where both together are not finite, of two sparse ones."""
        stored = [source.stored() for source in self._both]
        places = [each[0][invalid_in(each[1])] for each in stored if each is not None]
        if len(places) < len(stored):
            return None
        found = np.unique(np.concatenate(places), axis=0)  # in order
        return found, np.full(len(found), np.nan, np.float32)


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
