"""What is said of predictions: the answer, how sure it is, and of many how often each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import field, line_for
from tfnp_ext.document import Span, Text
from tfnp_ext.statistics import row_tops, sample_places
from tfnp_ext.summary import Summary

_MOST_CLASSES = 2**18
_MOST_READ = 2**18
"""Probabilities of a batch that are read; of more, a sample of examples is."""


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
    digits = options.precision
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
    if (tops < 0).any():  # the budget ended the reading before a row without numbers
        return None
    unsure = int((confidence < 0.5).sum())
    weakest = int(confidence.argmin())
    number = wording.integer(int(places[weakest])) if sampled else str(weakest)
    often = np.bincount(tops, minlength=drawn.shape[1])
    most = int(often.argmax())
    fields = [
        field("confidence", f"mean {wording.percent(float(confidence.mean()))}"),
        field("least sure", f"#{number}: {names[int(tops[weakest])]} at {wording.percent(float(confidence[weakest]))}"),
        field("below 50 %", f"{wording.integer(unsure)} of {wording.integer(len(places))}"),
    ]
    if often[most] > 1:
        fields.append(field("most predicted", f"{names[most]} ({wording.integer(int(often[most]))}×)"))
    if sampled:
        fields.append(field("from", f"{wording.integer(rows)} of {wording.integer(len(drawn))} examples"))
    return tuple(fields)


def _ranked(drawn: np.ndarray) -> tuple[np.ndarray, Sequence[int]]:
    values = drawn.astype(np.float64)
    return values, np.argsort(-values, kind="stable")[:2].tolist()


def _plain(value: float) -> str:
    return f"{value:.2f}"
