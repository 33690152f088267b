"""What is read where there is no time for all: short runs from all over, so that ordered values are fairly told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SEED = 0

_GOLDEN = (math.sqrt(5) - 1) / 2
_JUDGED_AFTER = 1 / 8
"""Share of the time after which it is judged whether all of it is enough: by then a cold start has averaged out."""


def evenly(count: int) -> Array:
    """Returns an order of so many in which the first ones, however many are taken, lie evenly spread.

    Each is one golden section of the whole beyond the one before, going round.

    Source: D. E. Knuth, "The Art of Computer Programming", volume 3, section 6.4, theorem S.
    """
    order = np.arange(count)
    if count > 1:
        order[(order * _GOLDEN % 1).argsort()] = np.arange(count)
    return order


class Strata:
    """Turns of reading runs: in each turn one run of each of equal stretches, over all turns each run once.

    In its stretch the run is a random one in the first turn, and from turn to turn they lie evenly spread.

    Args:
        runs: How many runs there are.
        each: How many stretches: runs of a turn.
    """

    def __init__(self, runs: int, each: int) -> None:
        edges = np.arange(min(runs, each) + 1) * runs // min(runs, each)
        self._starts, self._lengths = edges[:-1], np.diff(edges)
        self._offsets = np.random.default_rng(SEED).integers(0, self._lengths)
        self.turns = int(self._lengths.max())
        self._order = evenly(self.turns)

    def turn(self, number: int) -> Array:
        """Returns the runs of a turn, ascending."""
        step = self._order[number]
        places = self._starts + (self._offsets + step) % self._lengths
        return np.asarray(places[step < self._lengths])


def sample_places(count: int, most: int) -> np.ndarray | None:
    """Returns the sorted places of a seeded sample of so many; ``None`` where all are few enough.

    One of each of ``most`` equal stretches: no place twice, and no rhythm that could fall in with one of the data.
    """
    if count <= most:
        return None
    edges = np.arange(most + 1) * count // most
    return np.asarray(edges[:-1] + (np.random.default_rng(SEED).random(most) * np.diff(edges)).astype(np.int64))


class Pace:
    """Judges once whether a reading of all will be done in time, by how far it is after an eighth of that time.

    Args:
        total: How many parts there are to read.
        began: When the time began to run, in the clock's seconds.
        deadline: When no further part is read.
        clock: Seconds now.
    """

    def __init__(self, total: int, began: float, deadline: float, clock: Callable[[], float]) -> None:
        self.late = False
        self._total = total
        self._began, self._deadline, self._clock = began, deadline, clock
        self._counted = itertools.count(1)  # by threads that share the work
        self._judged = False

    def goes_on(self) -> bool:
        """Counts a part that was read, and returns whether to read the next; if it is ``late``, anew and less."""
        done = next(self._counted)
        now = self._clock()
        taken, given = now - self._began, self._deadline - self._began
        if not self._judged and taken >= given * _JUDGED_AFTER:
            self._judged = True
            self.late = done < self._total and (taken >= given or taken > given * done / self._total)
        return not self.late and now < self._deadline
