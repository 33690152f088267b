"""What is said of matrices that mean something: confusion, correlation, attention, embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.numerals import digits_told
from tfnp_ext.display.role_lines.base import adds_to, field, line_for
from tfnp_ext.document import Span, Text
from tfnp_ext.plots.confusion_counts import read_confusion
from tfnp_ext.plots.correlations import Pair, read_correlations
from tfnp_ext.statistics import FOR_A_LINE, rows_at, runs_in_time, sample_places
from tfnp_ext.summary import Summary

_MOST_READ = 2**20
"""Values of a matrix on another device that are read; of more, a sample of rows is."""

_UNIFORM = 0.1
"""Attention whose weights differ by less than this share of the mean one looks at all tokens alike."""


@line_for("confusion")
def confusion_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns how many are right, the most frequent confusion, the lowest recall and how many are counted of many."""
    if summary.drawn is None:
        return None
    found = read_confusion(summary, options)
    fields = [field("right", Span(found.accuracy, "strong"))]
    if found.worst:
        count = found.worst[0][2]
        pairs = wording.tied(f"{truth} → {predicted}" for truth, predicted, times in found.worst if times == count)
        fields.append(field("most confused", f"{pairs} ({found.times(count)})"))
    if found.worst and found.lowest is not None:
        name, recall = found.lowest
        fields.append(field("lowest recall", f"{name} at {wording.percent(recall)}"))
    # How many there are stands behind those that are right, unless not all were counted.
    if found.whole and found.sampled:
        fields.append(field("examples", f"{wording.integer(int(found.total))} of {wording.integer(found.size)}"))
    return tuple(fields)


@line_for("correlation")
def correlation_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the strongest and the weakest correlation off the diagonal with their places, and the mean size."""
    if summary.drawn is None:
        return None
    found = read_correlations(summary, options)

    def said(pair: Pair) -> str:
        return f"{wording.number(pair.value, options.precision)} {wording.index(pair.place)}"

    return (
        field("strongest", said(found.strongest)),
        field("weakest", said(found.weakest)),
        field("mean |r|", wording.number(found.mean, options.precision)),
    )


@line_for("attention")
def attention_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the token looked at most, or that none is, and how spread attention is."""
    drawn = summary.drawn
    if drawn is None:
        return None
    tokens = drawn.shape[-1]
    rows = drawn.reshape(-1, tokens)
    there = _reduced_there(rows, _attention_there)
    if there is not None:
        (sums, (entropy,)), read = there
    else:
        sums, entropy, read = np.zeros(tokens), 0.0, 0
        for block in _row_blocks(rows, options):
            sums += block.sum(axis=0)
            entropy -= float((block * np.log2(np.where(block > 0, block, 1))).sum())
            read += len(block)
    top = int(sums.argmax())
    share = float(sums[top]) / read
    decimals = digits_told(options.precision, drawn.dtype) - 1
    fields = [
        _uniform_field(summary, tokens) or field("most looked at", f"{top} (mean {wording.percent(share)})"),
        field("entropy", f"mean {abs(entropy) / read:.{decimals}f} of {np.log2(tokens):.{decimals}f} bits"),
    ]
    if read < len(rows):
        fields.append(field("from", f"{wording.integer(read)} of {wording.integer(len(rows))} rows"))
    return tuple(fields)


def _uniform_field(summary: Summary, tokens: int) -> Text | None:
    """Returns that all tokens are looked at alike, as before any training; ``None`` where they are not."""
    seen = summary.statistics
    if seen is None or (seen.maximum - seen.minimum) * tokens > _UNIFORM:
        return None
    return field("uniform" if seen.minimum == seen.maximum else "nearly uniform", f"each {wording.percent(1 / tokens)}")


@adds_to("embeddings")
def embedding_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the shortest and the longest vector."""
    drawn = summary.drawn
    if drawn is None:
        return None
    there = _reduced_there(drawn, _lengths_there)
    if there is not None:
        (ends,), read = there
    else:
        ends, read = np.array([np.inf, 0.0]), 0
        for block in _row_blocks(drawn, options):
            with np.errstate(all="ignore"):
                lengths = np.linalg.norm(block, axis=1)
            ends = np.array([min(ends[0], lengths.min()), max(ends[1], lengths.max())])
            read += len(block)
    low, high = (wording.number(end, options.precision) for end in ends)
    sample = (Span(f"of {wording.integer(read)} rows", "secondary"),) if read < len(drawn) else ()
    return (field("row norm", low if low == high else f"{low} … {high}", *sample),)


def _reduced_there(
    matrix: np.ndarray, function: Callable[[Any, Any], Sequence[Any]]
) -> tuple[list[np.ndarray], int] | None:
    """Returns what a function makes of rows in float64 on the device of a matrix, and of how many: those of a sample.

    ``None`` for a matrix in the host's memory.
    """
    if not isinstance(matrix, DeviceArray):
        return None
    places = sample_places(len(matrix), max(1, _MOST_READ // max(1, matrix.shape[1])))

    def made(tf: Any, part: Any) -> Sequence[Any]:
        rows = part(*(slice(0, length) for length in matrix.shape))
        return function(tf, tf.cast(rows if places is None else tf.gather(rows, places), tf.float64))

    found = matrix.reduced(made)
    return None if found is None else (found, len(matrix) if places is None else len(places))


def _attention_there(tf: Any, rows: Any) -> Sequence[Any]:
    """Returns how much each token is looked at, and the entropy of all rows together in bits."""
    logarithms = tf.math.log(tf.where(rows > 0, rows, 1)) / np.log(2)
    return [tf.reduce_sum(rows, axis=0), -tf.reduce_sum(rows * logarithms)[None]]


def _lengths_there(tf: Any, rows: Any) -> Sequence[Any]:
    """Returns the lengths of the shortest and of the longest row."""
    lengths = tf.sqrt(tf.reduce_sum(tf.square(rows), axis=1))
    return [tf.stack([tf.reduce_min(lengths), tf.reduce_max(lengths)])]


def _row_blocks(matrix: np.ndarray, options: DisplayOptions) -> Iterator[np.ndarray]:
    """Yields rows in float64, a few at a time: all while there is time, on another device a bounded sample."""
    if isinstance(matrix, DeviceArray):
        places = sample_places(len(matrix), max(1, _MOST_READ // max(1, matrix.shape[1])))
        yield np.asarray(matrix if places is None else matrix[places]).astype(np.float64)
        return
    for runs in runs_in_time(len(matrix), matrix.shape[1], options.budget_ms * FOR_A_LINE):
        yield rows_at(matrix, runs).astype(np.float64)
