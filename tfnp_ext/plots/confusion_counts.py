"""Which true class is taken for which: counts read as they are, or made of predictions and their truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray, most_read
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.errors import OptionError
from tfnp_ext.plots.base import (
    LONGEST_LABEL,
    LONGEST_WORDS,
    Array,
    as_floats,
    class_labels,
    drawn_values,
    is_numeric,
    names_of,
    near_one,
    prepared_once,
)
from tfnp_ext.plots.class_counts import SAMPLE, argmax, classes_named
from tfnp_ext.plots.pooling import MOST_READ
from tfnp_ext.plots.truth import read_truth
from tfnp_ext.statistics import sample_places
from tfnp_ext.summary import Summary

MOST_CLASSES = 200
"""Classes that a matrix is drawn of; of more, those confused most often."""

_MOST_KNOWN = 2**20
_LARGEST_COUNT = 2.0**53
_BLOCK = 2**18
_WORST = 5


@dataclass(frozen=True)
class Confusion:
    """Which true class is taken for which.

    Attributes:
        counts: How often, rows the truth, columns what was predicted, of the classes drawn, float64 [K, K].
        shares: The same as shares of their row, 0 where it has no example.
        names: One name each class drawn.
        classes: How many classes there are.
        total: How many examples; of shares any amount.
        right: How many of them are right.
        worst: The most frequent confusions of all classes: truth, prediction, count.
        confused: How many pairs of classes are confused at all.
        lowest: The class with the lowest recall, of equal ones all, and that; ``None`` where no class has an example.
        size: How many examples there are, counted or not.
        whole: Whether they are counts; else shares.
        made: Whether the matrix was made of predictions and their truth.
        lost: How many predictions are left out, because they hold no number.
    """

    counts: Array
    shares: Array
    names: tuple[str, ...]
    classes: int
    total: float
    right: float
    worst: tuple[tuple[str, str, float], ...]
    confused: int
    lowest: tuple[str, float] | None
    size: int
    whole: bool
    made: bool
    lost: int = 0

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes drawn as they stand in a picture or above a column."""
        return tuple(wording.told_apart(self.names, LONGEST_LABEL))

    def pairs(self, longest: int) -> list[tuple[str, float]]:
        """Returns the most frequent confusions, names in so many characters each, and how often: ``3 → 5``."""
        names = wording.told_apart([name for pair in self.worst for name in pair[:2]], longest)
        counts = [count for _, _, count in self.worst]
        return [
            (f"{truth} → {predicted}", count)
            for truth, predicted, count in zip(names[::2], names[1::2], counts, strict=True)
        ]

    @property
    def sampled(self) -> bool:
        """Whether not all examples are counted."""
        return self.made and self.total + self.lost < self.size

    @property
    def accuracy(self) -> str:
        """How much is right, in words: ``337 of 360 (93.6 %)``."""
        share = wording.percent(self.right / self.total) if self.total else "nothing"
        if not self.whole:
            return share
        return f"{wording.integer(int(self.right))} of {wording.integer(int(self.total))} ({share})"

    def word(self, count: float) -> str:
        """Returns a count in words, of shares a number."""
        return wording.integer(int(count)) if self.whole else wording.number(count, 2)

    def times(self, count: float) -> str:
        """Returns a count as it stands behind a confusion: ``12×``."""
        return f"{self.word(count)}×" if self.whole else self.word(count)

    def recall(self, place: int) -> float:
        """Returns which share of a class drawn is right, NaN where it has no example."""
        return float(self.shares[place, place]) if self.counts[place].any() else math.nan


def can_be_confused(summary: Summary) -> bool:
    """Returns whether a value can be predictions of a batch: one row or one integer an example."""
    values = summary.drawn
    if values is None or not is_numeric(values):
        return False
    return values.ndim == 2 or (values.ndim == 1 and kind_rank(values.dtype) in {0, 1} and summary.role != "one-hot")


@prepared_once
def read_confusion(summary: Summary, options: DisplayOptions) -> Confusion:
    """Returns a confusion matrix: the one that the value is, or that of predictions and the truth given.

    Raises:
        OptionError: The truth does not fit.
    """
    values = drawn_values(summary)
    if options.truth is not None:
        known = summary.statistics
        return _of_predictions(values, options, known is None or bool(known.invalid))
    counts = as_floats(values).astype(np.float64)
    truths, predictions = np.nonzero(counts)
    return _confusion((truths, predictions, counts[truths, predictions]), len(counts), options)


def _of_predictions(values: Array, options: DisplayOptions, invalid: bool) -> Confusion:
    """Returns the matrix of the top class of each example against its truth; of very many examples a sample."""
    examples = len(values)
    rows = values.ndim == 2
    truth = read_truth(options.truth, values.shape[1] if rows else None, examples, options)
    width, most = max(1, values.size // examples), most_read(values, MOST_READ)
    places = sample_places(examples, max(1, min(SAMPLE, most) // width)) if values.size > most else None
    if rows:
        classes = int(values.shape[1])
    else:
        known = values if places is None or not isinstance(values, DeviceArray) else values[places]
        low, high = int(known.min()), max(int(known.max()), int(truth.max()))
        if low < 0 or high >= _MOST_KNOWN:
            raise OptionError(f"predictions hold {low if low < 0 else high}, which is no number of a class")
        classes = max(high + 1, classes_named(options))
    step = max(1, _BLOCK // width)
    few = classes**2 <= _BLOCK
    table = np.zeros(classes**2 if few else 0, np.int64)
    found: list[tuple[Array, Array]] = []
    lost = 0
    for start in range(0, examples if places is None else len(places), step):
        block = slice(start, start + step) if places is None else places[start : start + step]
        predicted, true = argmax(values[block]) if rows else values[block], truth[block]
        if rows and invalid:
            predicted, kept = _among_numbers(values[block])
            predicted, true, lost = predicted[kept], true[kept], lost + int(np.count_nonzero(~kept))
        pairs = true * classes + predicted.astype(np.int64)
        if few:
            table += np.bincount(pairs, minlength=len(table))
        else:
            found.append(np.unique(pairs, return_counts=True))
    if few:
        pairs, counts = np.flatnonzero(table), table[table > 0]
    else:
        pairs, where = np.unique(np.concatenate([pair for pair, _ in found]), return_inverse=True)
        counts = np.bincount(where, weights=np.concatenate([count for _, count in found]))
    truths, predictions = np.divmod(pairs, classes)
    return _confusion((truths, predictions, counts.astype(np.float64)), classes, options, size=examples, lost=lost)


def _among_numbers(scores: Array) -> tuple[Array, Array]:
    """Returns the largest number of each row that is finite, and which rows hold any."""
    numbers = as_floats(scores)
    finite = np.isfinite(numbers)
    return np.where(finite, numbers, -np.inf).argmax(axis=1), np.asarray(finite.any(axis=1))


def _confusion(
    cells: tuple[Array, Array, Array],
    classes: int,
    options: DisplayOptions,
    *,
    size: int | None = None,
    lost: int = 0,
) -> Confusion:
    """Returns a confusion matrix from the truth, the prediction and the count of each cell that is not empty."""
    truths, predictions, counts = cells
    # Large floats, which are no counts, are scaled so that they can be added up.
    whole = bool((counts == np.floor(counts)).all()) and float(counts.max(initial=0.0)) < _LARGEST_COUNT
    amounts = counts if whole else near_one(counts)[0]
    right = truths == predictions
    # Each row is measured by its largest cell: beside those of other rows it may be too small to be told from 0.
    largest = np.zeros(classes)
    np.maximum.at(largest, truths, counts)
    parts = counts / largest[truths]
    shares = parts / np.bincount(truths, weights=parts, minlength=classes)[truths]
    recalls = np.bincount(truths[right], weights=shares[right], minlength=classes)
    recalls = np.where(largest > 0, recalls, np.nan)
    lowest = np.flatnonzero(recalls == np.nanmin(recalls))[:_WORST].tolist() if (largest > 0).any() else []
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-counts[wrong], kind="stable")]
    drawn = np.arange(classes)
    if classes > MOST_CLASSES:
        missed = np.bincount(truths[wrong], weights=amounts[wrong], minlength=classes)
        taken = np.bincount(predictions[wrong], weights=amounts[wrong], minlength=classes)
        often = np.bincount(truths, weights=amounts, minlength=classes)
        drawn = np.sort(np.lexsort((drawn, -often, -(missed + taken)))[:MOST_CLASSES])
    place = np.full(classes, -1)
    place[drawn] = np.arange(len(drawn))
    kept = (place[truths] >= 0) & (place[predictions] >= 0)
    matrix = np.zeros((2, len(drawn), len(drawn)))
    at = place[truths[kept]], place[predictions[kept]]
    matrix[0][at], matrix[1][at] = counts[kept], shares[kept]
    told = [*drawn, *truths[wrong[:_WORST]], *predictions[wrong[:_WORST]], *lowest]
    names = names_of(map(int, told), class_labels(options, classes), LONGEST_WORDS)
    return Confusion(
        counts=matrix[0],
        shares=matrix[1],
        names=tuple(names[index] for index in drawn.tolist()),
        classes=classes,
        total=float(amounts.sum()),
        right=float(amounts[right].sum()),
        worst=tuple((names[truths[cell]], names[predictions[cell]], float(counts[cell])) for cell in wrong[:_WORST]),
        confused=len(wrong),
        lowest=(wording.tied(names[index] for index in lowest), float(recalls[lowest[0]])) if lowest else None,
        size=int(amounts.sum()) if size is None else size,
        whole=whole,
        made=size is not None,
        lost=lost,
    )
