"""What is said of predictions: the answer, how sure it is, and of many how often each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.numerals import digits_told
from tfnp_ext.display.ranking import largest_places
from tfnp_ext.display.role_lines.base import field, line_for
from tfnp_ext.document import Span, Text
from tfnp_ext.plots.counts import ClassCounts, count_classes
from tfnp_ext.statistics import row_tops, sample_places
from tfnp_ext.summary import Summary

_MOST_CLASSES = 2**18
_MOST_READ = 2**18
"""Probabilities of a batch that are read; of more, a sample of examples is."""

_MOST_TIED, _MOST_FIRST, _LONGEST_FIRST = 3, 12, 32


@line_for("probabilities")
def probability_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the top class, the next, the entropy and the sum; ``None`` of more classes than are ranked."""
    drawn = summary.drawn
    if drawn is None or drawn.size > _MOST_CLASSES:
        return None
    values, (top, second) = _ranked(drawn)
    names = options.class_names(drawn.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -float(np.where(values > 0, values * np.log2(values), 0).sum())
    return (
        field("top", Span(names[top], "strong"), Span("at"), Span(wording.percent(values[top]), "strong")),
        field("then", f"{names[second]} at {wording.percent(values[second])}"),
        field("entropy", f"{_plain(abs(entropy))} of {_plain(math.log2(drawn.size))} bits"),
        field("sum", f"{values.sum():.3f}"),
    )


@line_for("logits")
def logit_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the top class, the next, their margin, what softmax would make of the top one, and the range."""
    drawn = summary.drawn
    if drawn is None:
        return None
    values, (top, second) = _ranked(drawn)
    names = options.class_names(drawn.size)
    digits = digits_told(options.precision, drawn.dtype)
    share = float(1 / np.exp(values - values[top]).sum())
    return (
        field("top", Span(names[top], "strong"), Span("at"), Span(wording.number(values[top], digits), "strong")),
        field("then", f"{names[second]} at {wording.number(values[second], digits)}"),
        field("margin", wording.number(values[top] - values[second], digits)),
        field("as softmax", Span(wording.percent(share)), Span("(--softmax)", "secondary")),
        field("range", f"{wording.number(values.min(), digits)} … {wording.number(values.max(), digits)}"),
    )


@line_for("probability batch")
def batch_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the mean confidence, the least sure example, how many are below one half, the class predicted most."""
    drawn = summary.drawn
    if drawn is None or drawn.shape[1] > _MOST_CLASSES:
        return None
    rows = max(1, _MOST_READ // drawn.shape[1])
    sample = sample_places(len(drawn), rows)
    sampled = sample is not None
    places = np.arange(len(drawn)) if sample is None else sample
    names = options.class_names(drawn.shape[1])
    tops, confidence = row_tops(drawn, places)
    answered = tops >= 0
    if not answered.any():
        return None
    lost = int(len(tops) - answered.sum())
    places, tops, confidence = places[answered], tops[answered], confidence[answered]
    unsure = int((confidence < 0.5).sum())
    weakest = int(confidence.argmin())
    number = wording.integer(int(places[weakest])) if sampled else str(int(places[weakest]))
    often = np.bincount(tops, minlength=drawn.shape[1])
    most = int(often.argmax())
    fields = [
        field("confidence", f"mean {wording.percent(float(confidence.mean()))}"),
        field("least sure", f"#{number}: {names[int(tops[weakest])]} at {wording.percent(float(confidence[weakest]))}"),
        field("below 50 %", f"{wording.integer(unsure)} of {wording.integer(len(places))}"),
    ]
    if often[most] > 1:
        fields.append(field("most predicted", f"{names[most]} ({wording.integer(int(often[most]))}×)"))
    if lost:
        fields.append(field("without numbers", Span(wording.integer(lost), "invalid")))
    if sampled:
        fields.append(field("from", f"{wording.integer(rows)} of {wording.integer(len(drawn))} examples"))
    return tuple(fields)


@line_for("labels", "one-hot")
def label_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns how many classes there are, the most and the least frequent, the even share and the first examples."""
    if summary.drawn is None:
        return None
    found = count_classes(summary, options)
    ends = f"{found.name(0)} … {found.name(-1)}" if found.names is None else wording.integer(len(found.counts))
    if found.size == 1:
        return (field("class", Span(found.name(int(found.counts.argmax())), "strong"), Span(f"of {ends}")),)
    fields = [field("classes", f"{wording.integer(found.present)} of {ends}")]
    if len(found.commonest):
        fields.append(field("most", _often(found, found.commonest)))
        fields.append(field("fewest", _often(found, found.rarest)))
    even = found.seen / found.present
    fields.append(field("even share", found.words(even) if found.sampled or even.is_integer() else f"{even:.1f}"))
    fields.append(field("first", _first_words(summary, found)))
    if found.sampled:
        fields.append(field("from", f"{wording.integer(found.seen)} of {wording.integer(found.size)}"))
    return tuple(fields)


def _often(found: ClassCounts, places: np.ndarray) -> str:
    """Returns the classes that occur equally often, and how often: ``1, 9 (31×)``."""
    names = ", ".join(map(found.name, places[:_MOST_TIED].tolist()))
    more = ", …" if len(places) > _MOST_TIED else ""
    return f"{names}{more} ({found.times(int(places[0]))})"


def _first_words(summary: Summary, found: ClassCounts) -> str:
    """Returns the classes of the first few examples, as many as fit."""
    assert summary.drawn is not None
    head = np.asarray(summary.drawn[:_MOST_FIRST])
    classes = head.astype(np.float64).argmax(axis=1) if head.ndim == 2 else head
    words: list[str] = []
    for value in classes.tolist():
        words.append(found.name_of(int(value)))
        if sum(map(len, words)) > _LONGEST_FIRST:
            break
    joint = " " if found.names is None else ", "
    return joint.join(words) + ("" if len(words) == found.size else f"{joint.rstrip()} …")


def _ranked(drawn: np.ndarray) -> tuple[np.ndarray, Sequence[int]]:
    values = drawn.astype(np.float64)
    return values, largest_places(values, 2)


def _plain(value: float) -> str:
    return f"{value:.2f}"
