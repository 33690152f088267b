"""What is said of strings: how long they are, how many are distinct, empty or no UTF-8."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Strings
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import field
from tfnp_ext.document import Span, Text
from tfnp_ext.statistics import FOR_A_LINE, Pace, Strata, evenly

_TOGETHER = 2**12
"""Strings between two looks at the clock: about a millisecond."""

_RUN = 2**7
"""Strings beside each other where there is no time for all: to read fewer takes TensorFlow as long."""

_MOST_AT_ONCE = 2**21
"""Bytes of them that become objects; of longer ones only the lengths are read."""

_MOST_HELD = 12_000_000
"""Bytes that distinct strings may take while they are counted."""

_BESIDE_EACH = 80
"""Bytes that an object of a string and its place in a set take beside its own."""

Read = Callable[[slice], "tuple[np.ndarray, list[bytes] | None]"]


class _Found:
    """What is told of the strings that were read."""

    def __init__(self) -> None:
        self.lengths: Counter[int] = Counter()
        self.shortest, self.longest = sys.maxsize, 0
        self.distinct: set[bytes] | None = set()
        self.undecoded = self._held = 0

    def add(self, lengths: np.ndarray, strings: list[bytes] | None) -> None:
        """Adds strings by their lengths, and by what they are unless they are long."""
        self.lengths.update(lengths.tolist())
        self.widen(lengths)
        self.undecoded += sum(not _is_utf8(value) for value in strings or ())
        if strings is None or self.distinct is None:
            self.distinct = None
            return
        new = set(strings) - self.distinct
        self._held += sum(map(len, new)) + _BESIDE_EACH * len(new)
        if self._held > _MOST_HELD:
            self.distinct = None
        else:
            self.distinct |= new

    def widen(self, lengths: np.ndarray) -> None:
        """Takes the extremes of the lengths of strings that are not counted."""
        self.shortest = min(self.shortest, int(lengths.min()))
        self.longest = max(self.longest, int(lengths.max()))


def string_fields(
    array: np.ndarray | Strings, options: DisplayOptions, clock: Callable[[], float] = time.perf_counter
) -> tuple[Text, ...]:
    """Returns the lengths, and how many are distinct, empty or no UTF-8: of all while there is time, else of a sample.

    Args:
        array: Strings of any shape, at least one.
        options: For the budget. Strings have no statistics: the time for these is the line's.
        clock: Seconds now; an argument so that tests are deterministic.
    """
    found = _read(array, options.budget_ms * (1 - 2 * FOR_A_LINE), clock)
    seen = found.lengths.total()
    label = "lengths" if seen == array.size else "lengths seen"
    fields = [field(label, _range(found.shortest, found.longest)), field("median", _median(found.lengths))]
    if seen == array.size and found.distinct is not None:
        fields.append(field("distinct", wording.integer(len(found.distinct))))
    if found.lengths[0]:
        fields.append(field("empty", wording.integer(found.lengths[0])))
    if found.undecoded:
        fields.append((Span(f"⚠ {wording.integer(found.undecoded)} not UTF-8", "invalid"),))
    if seen < array.size:
        fields.append(field("from", f"{wording.integer(seen)} of {wording.integer(array.size)}"))
    return tuple(fields)


def _read(array: np.ndarray | Strings, budget_ms: float, clock: Callable[[], float]) -> _Found:
    """Returns what is found of all strings; where the first ones tell that there is no time, of short runs of them."""
    began = clock()
    deadline = began + budget_ms / 1000
    count = -(-array.size // _TOGETHER)
    pace = Pace(count, began, deadline, clock)
    found = _Found()
    with _reading(array) as read:
        for start in (evenly(count) * _TOGETHER).tolist():
            found.add(*read(slice(start, min(start + _TOGETHER, array.size))))
            if not pace.goes_on():
                break
        if not pace.late:
            return found
        found = _Found()
        strata = Strata(-(-array.size // _RUN), _TOGETHER // _RUN)
        for turn in range(strata.turns):
            for start in (strata.turn(turn) * _RUN).tolist():
                found.add(*read(slice(start, min(start + _RUN, array.size))))
            if clock() >= deadline:
                break
        for start in (0, array.size - _RUN):  # what a table prints
            found.widen(read(slice(start, start + _RUN))[0])
    return found


@contextmanager
def _reading(array: np.ndarray | Strings) -> Iterator[Read]:
    """Yields what reads a part of the flattened strings: the bytes of each, and the strings unless they are long."""
    if isinstance(array, Strings):
        with array.reading(_MOST_AT_ONCE) as read:
            yield read
        return

    def read_part(part: slice) -> tuple[np.ndarray, list[bytes] | None]:
        strings = [
            value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
            for value in array.flat[part].tolist()
        ]
        lengths = np.array([len(value) for value in strings])
        return lengths, strings if int(lengths.sum()) <= _MOST_AT_ONCE else None

    yield read_part


def _range(low: int, high: int) -> str:
    if low == high:
        return wording.plural(low, "byte")
    return f"{wording.integer(low)} … {wording.integer(high)} bytes"


def _median(lengths: Counter[int]) -> str:
    """Returns the median of lengths that are counted."""
    sizes = np.array(sorted(lengths))
    ends = np.cumsum([lengths[size] for size in sizes.tolist()])
    middle = np.searchsorted(ends, [(ends[-1] - 1) // 2, ends[-1] // 2], side="right")
    return wording.half(float(sizes[middle].mean()))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
