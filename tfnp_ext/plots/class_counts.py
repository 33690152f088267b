"""How often each class occurs among labels, one-hot targets or any integers, read while there is time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray, most_read
from tfnp_ext.config import DisplayOptions
from tfnp_ext.errors import OptionError
from tfnp_ext.plots.base import Array, as_floats, class_labels, drawn_values, prepared_once
from tfnp_ext.plots.pooling import MOST_READ
from tfnp_ext.statistics import FOR_A_LINE, rows_at, runs_in_time, sample_places
from tfnp_ext.summary import Summary

SAMPLE = 2**19
"""Values on another device that stand for more than are read."""

_WIDEST = 2**18
"""So many numbers from the first to the last have a count each; where they lie further apart those found are listed."""

_MOST_FOUND = 2**18


@dataclass(frozen=True)
class ClassCounts:
    """How often each class occurs.

    Attributes:
        classes: The classes in their order, [C]; all from the first to the last unless these lie far apart.
        counts: How often each occurs, int64 [C].
        size: How many examples there are.
        names: The name of each class from 0 on; ``None`` where they are numbers.
        truths: Whether the classes are False and True.
        gapless: Whether no number between the first and the last class is left out.
    """

    classes: Array
    counts: Array
    size: int
    names: Sequence[str] | None
    truths: bool = False
    gapless: bool = True

    @property
    def seen(self) -> int:
        """How many examples are counted."""
        return int(self.counts.sum())

    @property
    def sampled(self) -> bool:
        """Whether not all examples are counted."""
        return self.seen < self.size

    @property
    def present(self) -> int:
        """How many classes occur at all."""
        return int(np.count_nonzero(self.counts))

    @property
    def commonest(self) -> Array:
        """Places of the classes that occur most often; none where all that occur do so equally often.

        Of a sample none either, unless a class is ahead by more than chance allows.
        """
        found = self.counts[self.counts > 0]
        if not len(found) or (found == found[0]).all() or (self.sampled and not leads(found)):
            return np.empty(0, np.intp)
        return np.flatnonzero(self.counts == found.max())

    @property
    def rarest(self) -> Array:
        """Places of the classes that occur least often, but occur; none where all that do are equally frequent.

        A sample does not know: those that it has missed may be fewer.
        """
        if self.sampled or not len(self.commonest):
            return np.empty(0, np.intp)
        return np.flatnonzero(self.counts == self.counts[self.counts > 0].min())

    def name_of(self, value: int) -> str:
        """Returns the name of a class."""
        if self.truths:
            return str(bool(value))
        return str(value) if self.names is None else self.names[value]

    def name(self, place: int) -> str:
        """Returns the name of the class at a place."""
        return self.name_of(int(self.classes[place]))

    def word(self, place: int) -> str:
        """Returns how often a class occurs; of a sample its share, because what is not counted is no count."""
        return self.words(int(self.counts[place]))

    def words(self, count: float) -> str:
        """Returns a count in words; of a sample its share."""
        return wording.percent(count / max(1, self.seen)) if self.sampled else wording.integer(int(count))

    def times(self, place: int) -> str:
        """Returns how often a class occurs as it stands in brackets: ``31×``."""
        return self.word(place) if self.sampled else f"{self.word(place)}×"


@prepared_once
def count_classes(summary: Summary, options: DisplayOptions) -> ClassCounts:
    """Returns how often each class occurs; where time runs out, in a seeded sample of the examples.

    Args:
        summary: Integers [N], or one-hot targets [N, C] or [C], whose class is where the largest number stands.
        options: For the class names and the budget.

    Raises:
        OptionError: Labels given for this very value do not fit it.
    """
    values = drawn_values(summary)
    known = summary.statistics is not None and summary.statistics.exact
    if summary.role == "one-hot":
        targets = values if values.ndim == 2 else values.reshape(1, -1)
        classes = targets.shape[1]
        counts = _counts_there(targets, 0, classes) if known else None
        if counts is None:
            counts = np.zeros(classes, np.int64)
            for block in _blocks(targets, options):
                counts += np.bincount(argmax(block), minlength=classes)
        named = None if options.labels is None else class_labels(options, classes)
        return ClassCounts(np.arange(classes), counts, len(targets), named)
    ends = _known_ends(values, summary)
    counted = _counted(values, ends, known, options)
    if counted is None:
        places = sample_places(len(values), most_read(values, _MOST_FOUND))
        found, counts = np.unique(_integers(values if places is None else values[places]), return_counts=True)
        names = _names(options, *(ends or (int(found[0]), int(found[-1]))))
        return ClassCounts(found, counts.astype(np.int64), len(values), names, gapless=False)
    first, counts = counted
    last = first + len(counts) - 1
    names = _names(options, first, last)
    if names is not None and not isinstance(options.labels, Mapping) and len(names) <= _WIDEST:
        counts = np.pad(counts, (first, max(0, len(names) - 1 - last)))
        first, last = 0, len(counts) - 1
    return ClassCounts(np.arange(first, last + 1), counts, len(values), names, values.dtype.kind == "b")


def _counted(
    values: Array, ends: tuple[int, int] | None, known: bool, options: DisplayOptions
) -> tuple[int, Array] | None:
    """Returns the first class and how often each from it to the last occurs; ``None`` where these lie far apart.

    Args:
        values: Integers [N].
        ends: The smallest and the largest that have been seen, ``None`` for none.
        known: Whether these are the ends of all.
        options: For the budget.
    """
    first, last = ends or (0, -1)
    if last - first >= _WIDEST:
        return None
    there = _counts_there(values, first, last - first + 1) if known and ends else None
    if there is not None:
        return first, there
    counts = np.zeros(last - first + 1, np.int64)
    for block in _blocks(values, options):
        wide = _integers(block)
        low, high = int(wide.min()), int(wide.max())
        if low < first or high > last:
            low, high = (min(low, first), max(high, last)) if len(counts) else (low, high)
            if high - low >= _WIDEST:
                return None
            counts = np.pad(counts, (first - low, high - last)) if len(counts) else np.zeros(high - low + 1, np.int64)
            first, last = low, high
        # Of unsigned ones the difference cannot be told before they are near zero.
        near = wide - wide.dtype.type(first) if first else wide
        counts += np.bincount(near.astype(np.intp, copy=False), minlength=len(counts))
    return first, counts


_AT_A_TIME = 2**20
_MOST_CLASSES_THERE = 2**12


def _counts_there(values: Array, first: int, classes: int) -> Array | None:
    """Returns how often each class occurs, counted on the device of the examples; ``None`` where they are not counted.

    Args:
        values: Integers [N], none outside of the classes, or one-hot targets [N, C].
        first: The first class.
        classes: How many there are.
    """
    if not isinstance(values, DeviceArray) or values.size > MOST_READ or classes > _MOST_CLASSES_THERE:
        return None
    width = values.size // len(values)
    step = max(1, _AT_A_TIME // width)

    def counted(rows: slice) -> list[Array] | None:
        def count(tf: Any, part: Any) -> Sequence[Any]:
            if values.ndim == 2:
                found = tf.argmax(tf.cast(part(rows, slice(0, width)), tf.float64), axis=1)
            else:
                found = tf.cast(part(rows), tf.int64) - first
            return [tf.math.unsorted_segment_sum(tf.ones_like(found, tf.float64), found, classes)]

        return values.reduced(count)

    counts = np.zeros(classes, np.int64)
    for start in range(0, len(values), step):
        found = counted(slice(start, min(start + step, len(values))))
        if found is None:
            return None
        counts += found[0].astype(np.int64)
    return counts


def leads(counts: Array) -> bool:
    """Returns whether the most frequent class of a sample is ahead of the next by more than chance allows.

    The difference of two counts of a sample has at most their sum as its variance; three standard deviations are asked.
    """
    second, first = np.partition(counts, -2)[-2:].tolist() if len(counts) > 1 else (0, int(counts.sum()))
    return bool(first - second > 3 * math.sqrt(first + second))


def argmax(rows: Array) -> Array:
    """Returns where the largest number of each row stands, of the small floats of other libraries too."""
    return np.asarray((as_floats(rows) if rows.dtype.kind == "V" else rows).argmax(axis=1))


def _blocks(values: Array, options: DisplayOptions) -> Iterator[Array]:
    """Yields examples, some at a time: all while there is time, on another device a bounded sample."""
    width = max(1, values.size // len(values))
    if not isinstance(values, DeviceArray):
        # What is counted is both the line's and the picture's, which has to be painted too.
        for runs in runs_in_time(len(values), width, options.budget_ms * 1.5 * FOR_A_LINE):
            yield rows_at(values, runs)
        return
    most = most_read(values, MOST_READ)
    places = sample_places(len(values), max(1, min(SAMPLE, most) // width)) if values.size > most else None
    yield values if places is None else values[places]


def _integers(values: Array) -> Array:
    """Returns integers in a dtype that NumPy counts with."""
    return values if values.dtype == np.uint64 else values.astype(np.int64, copy=False)


def _known_ends(values: Array, summary: Summary) -> tuple[int, int] | None:
    """Returns the smallest and the largest class that the statistics have seen; ``None`` where they have seen none."""
    if values.dtype.kind == "b":
        return 0, 1
    known = summary.statistics
    if known is None or not isinstance(known.minimum, int):
        return None
    return int(known.minimum), int(known.maximum)


def _names(options: DisplayOptions, first: int, last: int) -> Sequence[str] | None:
    """Returns the names of the classes from 0 to the last one that the labels or the values know."""
    if options.labels is None:
        return None
    if first < 0:
        if options.labels_required:
            raise OptionError(f"labels name classes from 0 on, the values have classes {first} … {last}")
        return None
    return class_labels(options, max(last + 1, classes_named(options)))


def classes_named(options: DisplayOptions) -> int:
    """Returns how many classes the labels of this very value name: a batch need not have the last ones."""
    if options.labels is None or not options.labels_required:
        return 0
    return 1 + max(options.labels if isinstance(options.labels, Mapping) else range(len(options.labels)), default=-1)
