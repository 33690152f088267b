"""What is said of strings: how long they are, how many are distinct, empty or no UTF-8."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Strings
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import field
from tfnp_ext.document import Span, Text
from tfnp_ext.statistics import FOR_A_LINE, runs_in_time

_TOGETHER = 2**12
"""Strings between two looks at the clock: about a millisecond."""

_MOST_AT_ONCE = 2**21
"""Bytes of them that become objects; of longer ones only the lengths are read."""

_MOST_HELD = 12_000_000
"""Bytes that distinct strings may take while they are counted."""

_BESIDE_EACH = 80
"""Bytes that an object of a string and its place in a set take beside its own."""

Read = Callable[[slice], "tuple[np.ndarray, list[bytes] | None]"]


def string_fields(array: np.ndarray | Strings, options: DisplayOptions) -> tuple[Text, ...]:
    """Returns the lengths, and how many are distinct, empty or no UTF-8: of all while there is time, else of a sample.

    Args:
        array: Strings of any shape, at least one.
        options: For the budget. Strings have no statistics: the time for these is the line's.
    """
    lengths: Counter[int] = Counter()
    distinct: set[bytes] | None = set()
    held = undecoded = 0
    with _reading(array) as read:
        for runs in runs_in_time(-(-array.size // _TOGETHER), 2**16, options.budget_ms * (1 - 2 * FOR_A_LINE)):
            for run in runs:
                part = slice(run.start * _TOGETHER, min(run.stop * _TOGETHER, array.size))
                found, strings = read(part)
                lengths.update(found.tolist())
                undecoded += sum(not _is_utf8(value) for value in strings or ())
                if strings is None or distinct is None:
                    distinct = None
                    continue
                new = set(strings) - distinct
                held += sum(map(len, new)) + _BESIDE_EACH * len(new)
                if held > _MOST_HELD:
                    distinct = None
                else:
                    distinct |= new
    seen = lengths.total()
    fields = [field("lengths", _range(min(lengths), max(lengths))), field("median", _median(lengths))]
    if seen == array.size and distinct is not None:
        fields.append(field("distinct", wording.integer(len(distinct))))
    if lengths[0]:
        fields.append(field("empty", wording.integer(lengths[0])))
    if undecoded:
        fields.append((Span(f"⚠ {wording.integer(undecoded)} not UTF-8", "invalid"),))
    if seen < array.size:
        fields.append(field("from", f"{wording.integer(seen)} of {wording.integer(array.size)}"))
    return tuple(fields)


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
