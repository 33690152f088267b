"""Where values lie in memory: parts of them that are read together, and which of their indices comes first."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SAMPLED_RUN = 2**10
"""Values beside each other in a part that is a sample: as many float32 as fill a page of memory."""

_NEAR = 2**13
"""Values looked through at a time for the first of some."""


class Part:
    """Values that are read together, and their places in memory: neighbours, or runs from all over.

    Args:
        values: The values [N].
        first: The place of the first one.
        starts: The places of the first values of runs of ``SAMPLED_RUN``, ascending; ``None`` for neighbours.
        hidden: Where a value does not count: these are left out.
    """

    __slots__ = ("_kept", "first", "span", "starts", "values")

    def __init__(self, values: Array, first: int, starts: Array | None = None, hidden: Array | None = None) -> None:
        self.first, self.span, self.starts = first, len(values), starts
        self._kept = None if hidden is None else np.flatnonzero(~hidden)
        self.values = values if self._kept is None else values[self._kept]

    def places(self, among: Any) -> Any:
        """Returns the places of some of the values, given by their number in this part."""
        if self._kept is not None:
            among = self._kept[among]
        if self.starts is None:
            return self.first + among
        return self.starts[among // SAMPLED_RUN] + among % SAMPLED_RUN


class Layout:
    """The order of memory of an array, sliced to parts without a copy of the whole.

    A number stands for an index: its place in C order.

    Args:
        array: Numbers of any shape and layout.
        hidden: Where a value does not count, of the same shape; ``None`` for nowhere.
    """

    def __init__(self, array: Array, hidden: Array | None = None) -> None:
        self.shape = array.shape
        self.size = array.size
        self.dtype = array.dtype
        self._turned = array.flags.f_contiguous and not array.flags.c_contiguous
        self.flat = self._flat(array)
        self.mask = None if hidden is None else self._flat(hidden)

    def _flat(self, array: Array) -> Any:
        if self._turned:
            array = array.T
        return array.reshape(-1) if array.flags.c_contiguous else array.flat

    def neighbours(self, start: int, stop: int) -> Part:
        """Returns the part between two places."""
        hidden = None if self.mask is None else self.mask[start:stop]
        return Part(self.flat[start:stop], start, hidden=hidden)

    def runs(self, numbers: Array, into: Array) -> Part:
        """Returns the part of some runs of ``SAMPLED_RUN`` values.

        Args:
            numbers: Which runs, ascending; the last of all may be shorter.
            into: Where the values are copied to.
        """
        starts = numbers * SAMPLED_RUN
        size = (len(starts) - 1) * SAMPLED_RUN + min(SAMPLED_RUN, self.size - int(starts[-1]))
        hidden = None if self.mask is None else _taken(self.mask, starts, np.empty(size, bool))
        return Part(_taken(self.flat, starts, into[:size]), int(starts[0]), starts, hidden)

    def index(self, number: int) -> tuple[int, ...]:
        """Returns the index that a number stands for."""
        index = []
        for length in reversed(self.shape):  # NumPy's own takes longer
            number, inner = divmod(number, length)
            index.append(inner)
        return tuple(reversed(index))

    def earliest(self, part: Part) -> int:
        """Returns a number that no index in a part comes before, without a look at its values."""
        return self._least(part.first, int(part.places(len(part.values) - 1))) if self._turned else part.first

    def _least(self, first: int, last: int) -> int:
        """Returns the least number of the places from one to another, in memory that is in the order of Fortran."""
        stop, number = last + 1, 0
        for length in self.shape:
            next_begins = -(-first // length)
            if next_begins * length < stop:
                inner, first, stop = 0, next_begins, (stop - 1) // length + 1
            else:
                inner, first = first % length, first // length
                stop = first + 1
            number = number * length + inner
        return number

    def first_equal(self, part: Part, values: Array, value: float) -> int:
        """Returns the number of the first index in a part where one of its values equals another that is among them."""
        if not self._turned and len(values) > _NEAR:  # of many that are equal one stands near the beginning
            near = values[:_NEAR] == value
            if near.any():
                return int(part.places(int(near.argmax())))
        return self.first(part, values == value)

    def first(self, part: Part, among: Array) -> int:
        """Returns the number of the first index in a part where a mask of its values is true, as it is somewhere."""
        if not self._turned:
            return int(part.places(int(among.argmax())))
        if np.count_nonzero(among) == 1:
            return self._first_of(part.places(np.array([among.argmax()])))
        best = self.size
        for begin in range(0, len(among), _NEAR):
            found = begin + np.flatnonzero(among[begin : begin + _NEAR])
            places = part.places(found)
            if found.size and self._least(int(places[0]), int(places[-1])) < best:
                best = min(best, self._first_of(places))
        return best

    def _first_of(self, places: Array) -> int:
        """Returns the least number of some places in memory that is in the order of Fortran."""
        number = 0
        for length in self.shape:  # along each axis, the first before any other
            inner = places % length
            least = int(inner.min())
            places = places[inner == least] // length
            number = number * length + least
        return number


def _taken(flat: Any, starts: Array, into: Array) -> Array:
    """Returns the values of runs, copied; of what does not lie in order, an iterator gives them one by one."""
    if not isinstance(flat, np.ndarray):
        return np.concatenate([flat[start : start + SAMPLED_RUN] for start in starts.tolist()], out=into)
    whole, rest = divmod(into.size, SAMPLED_RUN)
    rows = flat[: flat.size - flat.size % SAMPLED_RUN].reshape(-1, SAMPLED_RUN)
    # Another mode would copy twice.
    rows.take(starts[:whole] // SAMPLED_RUN, axis=0, out=into[: whole * SAMPLED_RUN].reshape(whole, -1), mode="clip")
    into[whole * SAMPLED_RUN :] = flat[flat.size - rest :]
    return into
