"""Roles of what a model says and is told: probabilities, logits, scores, one-hot targets and labels."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.roles.base import (
    LONGEST_ROW,
    SMALL,
    Array,
    Role,
    first_row_sums,
    is_float,
    is_identity,
    is_integer,
    roughness,
    values_checked,
)
from tfnp_ext.statistics import Statistics

FEWEST_SCORES = 9
"""Fewer values stand in the headline: four or eight floats are not taken for a prediction, unless they sum to 1."""

_FEW_SHARES = 8
"""So many numbers at most sum to 1 because they were typed so; that more of them do is no accident."""

_ROUND = (144, 100, 12, 10)
"""Round numbers are multiples of one of these parts of 1: those of one or two decimals, halves to sixteenths."""

_COARSE = 0.012
"""In floats as coarse as this share of a part every other number is round."""

_ROUND_OFF = 1e-6
"""What is left of a 0 that is computed: of a matrix times its inverse, of a rotation."""

_FEWEST_LABELS = 20
_FEW_CLASSES = 20
_LARGEST_LABEL = 1000
_LARGEST_BYTE = 99
"""Larger bytes are the pixels of a picture or the letters of a text rather than labels."""

_DECIDED = (0.2, 0.8)
_MOST_UNDECIDED = 0.3
_NARROWEST_LOGITS, _WIDEST_LOGITS = 7, 1000
_SUREST, _MOSTLY_BELOW, _NEAREST, _FARTHEST = 0.95, 0.66, 1.5, 5
"""The share that softmax gives the top class at least, the share of the others that is below zero, and how far the top
is from the next, in spreads of the others: noise seldom reaches so far, and a lone spike farther.

Measured on 200 vectors each: of trained classifiers a quarter to a half are read as logits, of windows of a noisy
season, walks and normal numbers of any spread at most 3 in 100.
"""

_FEW_LOGITS, _ROUGHEST_FEW, _FEW_BELOW = 20, 0.5, 0.6
"""So many bars stand in the order of the values, which nobody loses: they are logits where three of five beside the top
are below zero and neighbours are not alike. Measured as above: of trained classifiers a third to two thirds, of windows
of a season and rows of a standardised table at most 2 in 100, of noise as wide a quarter."""

_MOST_LOGITS = 10_000
_MOST_TARGETS = 1000
_CLASSES_NAMED = 12
_MOST_TRUTHS = 2**21
_FEWEST, _ROUNDED = 4, 16
"""Of so few classes, how far from 1 their sum is in units of the rounding of their dtype, or of float32 at least."""

_ROUGHEST_SERIES = 0.7


def sum_tolerance(dtype: np.dtype, classes: int) -> float:
    """Returns how far from 1 the sum of class probabilities may be: rounding of each term, at least 1e-3."""
    return max(1e-3, min(0.05, relative_step(dtype) * math.sqrt(classes)))


def relative_step(dtype: np.dtype) -> float:
    """Returns how far floats near 1 are apart."""
    import ml_dtypes

    return float(ml_dtypes.finfo(dtype).eps)


def read_probabilities(drawn: Array, statistics: Statistics, *, told: bool = False) -> Role | None:
    """Returns the role of one vector of class probabilities.

    Args:
        drawn: The values.
        statistics: Their numbers.
        told: Whether it is known that these are predictions: then plain numbers are read so too.
    """
    if drawn.ndim != 1 or drawn.size < 2 or not is_float(drawn):
        return None
    tolerance = sum_tolerance(drawn.dtype, drawn.size)
    if drawn.size <= _FEWEST and not told:  # numbers that were typed come near 1 as well
        tolerance = min(tolerance, _ROUNDED * max(relative_step(drawn.dtype), float(np.finfo(np.float32).eps)))
    if not _within_unit(statistics, tolerance) or is_zeros_and_ones(statistics):
        return None
    total = statistics.mean * drawn.size
    if abs(total - 1) > tolerance or not (told or look_predicted(drawn, statistics)):
        return None
    return Role(
        "probabilities", "class probabilities", f"read as class probabilities: none negative, sum {total:.3f}", drawn
    )


def read_probability_batch(drawn: Array, statistics: Statistics, *, told: bool = False) -> Role | None:
    """Returns the role of class probabilities, one row an example; ``told`` as for one vector."""
    if drawn.ndim != 2 or not 2 <= drawn.shape[1] <= LONGEST_ROW or not is_float(drawn):
        return None
    tolerance = sum_tolerance(drawn.dtype, drawn.shape[1])
    if not _is_within_unit(statistics, tolerance) or is_zeros_and_ones(statistics):
        return None
    sums = first_row_sums(drawn)
    known = np.isfinite(sums)
    lost = len(sums) - int(known.sum())
    # A broken example or a few do not make the others anything else.
    if lost > len(sums) // 2 or np.abs(sums[known] - 1).max() > tolerance:
        return None
    if not (told or look_predicted(drawn, statistics)):
        return None
    examples, classes = drawn.shape
    every = of_rows(len(sums), examples, "sums", "sum")
    but = f", but {wording.plural(lost, 'row')} not finite" if lost else ""
    title = f"class probabilities, {_batch_words(examples, classes)}"
    return Role("probability batch", title, f"read as class probabilities: none negative, {every} to 1{but}", drawn)


def look_predicted(drawn: Array, statistics: Statistics) -> bool:
    """Returns whether numbers that sum to 1 are a model's rather than typed, or left by other arithmetic.

    Even shares, a few round numbers, and 0 and 1 up to round-off may as well be weights, coordinates, the
    probabilities of a Markov chain, or a matrix times its inverse.
    """
    classes = drawn.shape[-1]
    if statistics.minimum == statistics.maximum:
        return drawn.size > SMALL and classes > 2
    square = drawn.shape == (classes, classes)
    if drawn.size > (SMALL if square else _FEW_SHARES):
        return True
    numbers = drawn.astype(np.float64)
    # So few are looked at one by one in a tenth of the time.
    values = [value for value in numbers.reshape(-1).tolist() if math.isfinite(value)]
    step = relative_step(drawn.dtype)
    if any(parts * step <= _COARSE and _are_multiples(values, parts, step) for parts in _ROUND):
        return False
    identity = square and all(value > 0.5 for value in numbers.diagonal().tolist())
    # Of three classes and more a softmax leaves a trace of each.
    if classes > 2 and not statistics.zeros and not identity:
        return True
    least = 0 if identity else step / 32
    return any(value > 0 and abs(value - 1) > 8 * step and not least <= value <= _ROUND_OFF for value in values)


def _are_multiples(values: list[float], parts: int, step: float) -> bool:
    """Returns whether all values are multiples of one of so many parts of 1, as floats of this relative step are."""
    return all(abs(value * parts - round(value * parts)) <= round(value * parts) * step for value in values)


def read_one_hot(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of one-hot targets: 0 and 1, a single 1 in every row; an identity matrix is none."""
    # A longer vector with a single 1 is an impulse as likely.
    vector = drawn.ndim == 1 and FEWEST_SCORES <= drawn.size <= _MOST_TARGETS and drawn.dtype.kind != "b"
    if not vector and (drawn.ndim != 2 or drawn.shape[1] < 2 or drawn.size < FEWEST_SCORES):
        return None
    if drawn.shape[-1] > LONGEST_ROW or not is_zeros_and_ones(statistics) or is_identity(drawn, statistics):
        return None
    count = 1 if vector else len(drawn)
    if statistics.exact and statistics.seen - statistics.zeros != count:
        return None
    sums = first_row_sums(drawn.reshape(count, -1))
    if (sums != 1).any():
        return None
    if vector:
        top = max(statistics.maximum_at or (0,))  # other axes than its own have length 1
        return Role("one-hot", f"one-hot, class {top}", "read as one-hot: a single 1, else 0", drawn)
    reason = f"read as one-hot: 0 and 1, {of_rows(len(sums), count, 'has', 'have')} a single 1"
    if drawn.size > SMALL:
        return Role("one-hot", f"one-hot labels, {_batch_words(*drawn.shape)}", reason, drawn)
    if drawn.dtype.kind == "b" or (count == drawn.shape[1] and drawn.any(axis=0).all()):
        return None  # a few truths, or a permutation
    classes = drawn.astype(np.int8).argmax(axis=1).tolist()
    more = " …" if count > _CLASSES_NAMED else ""
    return Role("one-hot", f"one-hot labels {' '.join(map(str, classes[:_CLASSES_NAMED]))}{more}", reason, drawn)


def read_logits(drawn: Array, statistics: Statistics, *, row: bool = False) -> Role | None:
    """Returns the role of one vector of logits: one class far above the others, of which most are below zero.

    That is what tells the logits of a trained classifier from windows of a series, rows of a table and noise, whose
    order bars of the largest would lose. Of an example that is less sure, ``labels``, ``truth`` or ``softmax`` tell it.

    Args:
        drawn: The values.
        statistics: Their numbers.
        row: Whether it was a single row, as a model gives one for one example: then there may be many classes.
    """
    most = _MOST_LOGITS if row else SMALL
    if drawn.ndim != 1 or not FEWEST_SCORES <= drawn.size <= most or not is_float(drawn) or statistics.invalid:
        return None
    if not (statistics.minimum < 0 < statistics.maximum):
        return None
    if not _NARROWEST_LOGITS <= statistics.maximum - statistics.minimum <= _WIDEST_LOGITS:
        return None
    values = np.asarray(drawn).astype(np.float64)
    rough = float(roughness(values, 0, (0,)))
    count = wording.integer(drawn.size)
    if drawn.size <= _FEW_LOGITS and not _has_clear_top(values):
        below = np.count_nonzero(values < 0) >= _FEW_BELOW * (drawn.size - 1)
        if _is_monotonic(drawn) or rough < _ROUGHEST_FEW or not below:
            return None
        return Role("logits", "logits", f"read as logits: {count} of both signs, most below zero", drawn)
    if not _has_clear_top(values) or rough < _ROUGHEST_SERIES:
        return None
    return Role("logits", "logits", f"read as logits: one of {count} far above the others, most below zero", drawn)


def _has_clear_top(values: Array) -> bool:
    """Returns whether one of some logits is the answer beyond doubt: by softmax, and by how far it is from the rest."""
    top = int(values.argmax())
    if 1 / np.exp(values - values[top]).sum() < _SUREST:
        return False
    others = np.delete(values, top)
    apart = float(values[top] - others.max())
    below = int(np.count_nonzero(others < 0)) >= _MOSTLY_BELOW * others.size
    spread = float(others.std())
    return below and _NEAREST * spread <= apart <= _FARTHEST * spread


def read_told_logits(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of a vector of floats that is said to be one example's prediction: some below zero."""
    if drawn.ndim != 1 or drawn.size < 2 or not is_float(drawn) or statistics.invalid or statistics.minimum >= 0:
        return None
    return Role("logits", "logits", "read as logits: said to be a prediction, sum not 1", drawn)


def read_scores(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of multi-label scores: in 0 … 1, most of them decided, as a sigmoid gives them."""
    if drawn.ndim != 1 or not FEWEST_SCORES <= drawn.size <= SMALL or not is_float(drawn):
        return None
    if not _within_unit(statistics, 0) or is_zeros_and_ones(statistics) or _is_monotonic(drawn):
        return None
    values = drawn.astype(np.float64)
    undecided = float(((values > _DECIDED[0]) & (values < _DECIDED[1])).mean())
    if undecided > _MOST_UNDECIDED or values.max() < 0.5:
        return None
    reason = (
        f"read as multi-label scores: one vector of {drawn.size} in 0 … 1, most near an end, sum {values.sum():.2f}"
    )
    return Role("scores", "multi-label scores", reason, drawn)


def read_labels(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of integer labels: enough of them, none negative, each class several times.

    Floats of 0 and 1 are labels too: Keras wants those of two classes so.
    """
    if drawn.ndim != 1 or drawn.size < _FEWEST_LABELS or statistics.invalid or statistics.minimum < 0:
        return None
    if not is_integer(drawn) and not (is_float(drawn) and is_zeros_and_ones(statistics) and _are_truths(drawn)):
        return None
    head = np.asarray(drawn[: values_checked(drawn)]).astype(np.int64)
    # The statistics may be those of a sample, which has missed what is rare.
    first = min(int(statistics.minimum), int(head.min()))
    last = max(int(statistics.maximum), int(head.max()))
    span = last - first + 1
    if first < 0 or last > (_LARGEST_BYTE if drawn.dtype == np.uint8 else _LARGEST_LABEL) or span < 2:
        return None
    classes = int(np.count_nonzero(np.bincount(head - first)))
    few = last < _FEW_CLASSES and 2 * classes <= head.size
    whole = classes == span and first in {0, 1} and 4 * classes <= head.size
    if classes < 2 or not (few or whole):
        return None
    seen = "" if head.size == drawn.size else f" in the first {wording.integer(head.size)}"
    kind = "integers" if is_integer(drawn) else "0 and 1"
    counted = drawn if is_integer(drawn) else drawn.astype(np.int8)
    return Role("labels", "labels", f"read as labels: {kind}, {classes} distinct{seen}, {first} … {last}", counted)


def _are_truths(drawn: Array) -> bool:
    """Returns whether floats are 0 and 1 and nothing else, and few enough to be made integers."""
    if not isinstance(drawn, np.ndarray) or drawn.size > _MOST_TRUTHS:
        return False
    head = drawn.astype(np.float32)
    return bool(((head == 0) | (head == 1)).all() and head.sum() > 1)


def _within_unit(statistics: Statistics, tolerance: float) -> bool:
    return not statistics.invalid and _is_within_unit(statistics, tolerance)


def _is_within_unit(statistics: Statistics, tolerance: float) -> bool:
    """Returns whether all that is finite lies in 0 … 1."""
    return statistics.minimum >= 0 and statistics.maximum <= 1 + tolerance


def is_zeros_and_ones(statistics: Statistics) -> bool:
    """Returns whether all values are 0 or 1, and both occur."""
    return (
        statistics.maximum == 1
        and statistics.minimum == 0
        and math.isclose(statistics.mean * statistics.seen, statistics.seen - statistics.zeros)
    )


def _is_monotonic(drawn: Array) -> bool:
    """Returns whether a vector only rises or only falls, as an axis does."""
    steps = np.diff(drawn.astype(np.float64))
    return bool((steps >= 0).all() or (steps <= 0).all())


def _batch_words(examples: int, classes: int) -> str:
    return f"{wording.plural(examples, 'example')} × {wording.integer(classes)} classes"


def of_rows(checked: int, rows: int, one: str, many: str) -> str:
    """Returns ``every row sums``, or of how many rows it is known."""
    return f"every row {one}" if checked == rows else f"the first {wording.plural(checked, 'row')} {many}"
