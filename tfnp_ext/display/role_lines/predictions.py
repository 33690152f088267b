"""What is said of predictions: the answer, how sure it is, and of many how often each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.numerals import digits_told
from tfnp_ext.display.role_lines.base import field, line_for
from tfnp_ext.document import Span, Text
from tfnp_ext.plots.base import LONGEST_WORDS
from tfnp_ext.plots.class_counts import ClassCounts, count_classes, leads
from tfnp_ext.statistics import FOR_A_LINE, places_of, row_tops, runs_in_time, sample_places
from tfnp_ext.summary import Summary

_MOST_CLASSES = 2**18
_MOST_READ = 2**18
"""Probabilities of a batch on another device that are read; of more, a sample of examples is."""

_FEW_RANKED = 32
_MOST_TIED, _MOST_FIRST, _LONGEST_FIRST = 3, 12, 32


@line_for("probabilities")
def probability_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the top class, the next, the entropy and the sum; ``None`` of more classes than are ranked."""
    drawn = summary.drawn
    if drawn is None or drawn.size > _MOST_CLASSES:
        return None
    values, tops, then = _ranked(drawn)
    names = options.class_names(drawn.size)
    digits = digits_told(options.precision, drawn.dtype)
    bits, most = (f"{value:.{digits - 1}f}" for value in (_entropy(values), math.log2(drawn.size)))
    return (
        field("top", Span(_named(names, tops), "strong"), Span("at"), Span(wording.percent(values[tops[0]]), "strong")),
        *(field("then", f"{_named(names, then)} at {wording.percent(values[place])}") for place in then[:1]),
        field("entropy", f"{bits} of {most} bits"),
        field("sum", f"{values.sum():.{digits}f}"),
    )


def _entropy(shares: np.ndarray) -> float:
    """Returns the entropy of probabilities in bits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return abs(float(np.where(shares > 0, shares * np.log2(shares), 0).sum()))


@line_for("logits")
def logit_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the top class, the next, their margin, what softmax would make of the top one, and the range."""
    drawn = summary.drawn
    if drawn is None:
        return None
    values, tops, then = _ranked(drawn)
    names, top = options.class_names(drawn.size), tops[0]
    digits = digits_told(options.precision, drawn.dtype)
    share = float(1 / np.exp(values - values[top]).sum())
    return (
        field(
            "top", Span(_named(names, tops), "strong"), Span("at"), Span(wording.number(values[top], digits), "strong")
        ),
        *(field("then", f"{_named(names, then)} at {wording.number(values[place], digits)}") for place in then[:1]),
        *(field("margin", wording.number(values[top] - values[place], digits)) for place in then[:1]),
        field("as softmax", Span(wording.percent(share)), Span("(--softmax)", "hint")),
        field("range", f"{wording.number(values.min(), digits)} … {wording.number(values.max(), digits)}"),
    )


@line_for("probability batch")
def batch_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the mean confidence, the least sure example, how many are below one half, the class predicted most."""
    drawn = summary.drawn
    if drawn is None or drawn.shape[1] > _MOST_CLASSES:
        return None
    names = options.class_names(drawn.shape[1])
    often = np.zeros(drawn.shape[1], np.int64)
    read, total, unsure = 0, 0.0, 0
    weakest = (math.inf, 0, 0)
    for places in _examples_read(drawn, options):
        tops, confidence = row_tops(drawn, places)
        answered = tops >= 0
        read += len(places)
        places, tops, confidence = places[answered], tops[answered], confidence[answered]
        if not len(places):
            continue
        least = int(confidence.argmin())
        weakest = min(weakest, (float(confidence[least]), int(places[least]), int(tops[least])))
        total += float(confidence.sum())
        unsure += int((confidence < 0.5).sum())
        np.add.at(often, tops, 1)
    count = int(often.sum())
    if not count:
        return None
    sampled = read < len(drawn)
    seen = " seen" if sampled else ""
    least_sure, place, top = weakest
    number = wording.integer(place) if sampled else str(place)
    most = int(often.argmax())
    fields = [
        field("confidence", f"mean {wording.percent(total / count)}"),
        field(f"least sure{seen}", f"#{number}: {names[top]} at {wording.percent(least_sure)}"),
        field("below 50 %", f"{wording.integer(unsure)} of {wording.integer(count)}"),
    ]
    first = np.flatnonzero(often == often[most]).tolist()
    # Where all are predicted equally often none is.
    if often[most] > 1 and len(first) < np.count_nonzero(often) + (len(first) == 1) and (not sampled or leads(often)):
        fields.append(field(f"most predicted{seen}", f"{_named(names, first)} ({wording.integer(int(often[most]))}×)"))
    if count < read:
        fields.append(field("without numbers", Span(wording.integer(read - count), "invalid")))
    if sampled:
        fields.append(field("from", f"{wording.integer(read)} of {wording.integer(len(drawn))} examples"))
    return tuple(fields)


def _examples_read(drawn: np.ndarray, options: DisplayOptions) -> Iterator[np.ndarray]:
    """Yields which examples of a batch to read: all while there is time, on another device a bounded sample."""
    if isinstance(drawn, DeviceArray):
        places = sample_places(len(drawn), max(1, _MOST_READ // drawn.shape[1]))
        yield np.arange(len(drawn)) if places is None else places
        return
    for runs in runs_in_time(len(drawn), drawn.shape[1], options.budget_ms * FOR_A_LINE):
        yield places_of(runs)


@line_for("labels", "one-hot")
def label_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns how many classes there are, the most and the least frequent, the even share and the first examples."""
    if summary.drawn is None:
        return None
    found = count_classes(summary, options)
    ends = f"{found.name(0)} … {found.name(-1)}" if found.names is None else wording.integer(len(found.counts))
    if found.size == 1:
        return (field("class", Span(found.name(int(found.counts.argmax())), "strong"), Span(f"of {ends}")),)
    if found.sampled:
        joint = ", " if found.names is None else " of "
        fields = [field("classes", f"{wording.integer(found.present)} seen{joint}{ends}")]
        if len(found.commonest):
            fields.append(field("most seen", _often(found, found.commonest)))
    else:
        fields = [field("classes", f"{wording.integer(found.present)} of {ends}")]
        if len(found.commonest):
            fields.append(field("most", _often(found, found.commonest)))
            fields.append(field("fewest", _often(found, found.rarest)))
        even = found.seen / found.present
        fields.append(field("even share", found.words(even) if even.is_integer() else f"{even:.1f}"))
    fields.append(field("first", _first_words(summary, found)))
    if found.sampled:
        fields.append(field("from", f"{wording.integer(found.seen)} of {wording.integer(found.size)}"))
    return tuple(fields)


def _often(found: ClassCounts, places: np.ndarray) -> str:
    """Returns the classes that occur equally often, and how often: ``1, 9 (31×)``."""
    names = _told(map(found.name, places[:_MOST_TIED].tolist()))
    more = ", …" if len(places) > len(names) else ""
    return f"{', '.join(names)}{more} ({found.times(int(places[0]))})"


def _told(names: Iterable[str]) -> list[str]:
    """Returns the first of some names, as many as fit: one at least."""
    told: list[str] = []
    for name in wording.told_apart(list(names), LONGEST_WORDS):
        told.append(name)
        if sum(map(len, told)) > _LONGEST_FIRST:
            break
    return told


def _first_words(summary: Summary, found: ClassCounts) -> str:
    """Returns the classes of the first few examples, as many as fit."""
    assert summary.drawn is not None
    head = np.asarray(summary.drawn[:_MOST_FIRST])
    classes = head.astype(np.float64).argmax(axis=1) if head.ndim == 2 else head
    words = _told(found.name_of(int(value)) for value in classes.tolist())
    joint = " " if found.names is None else ", "
    return joint.join(words) + ("" if len(words) == found.size else f"{joint.rstrip()} …")


def _ranked(drawn: np.ndarray) -> tuple[np.ndarray, list[int], list[int]]:
    """Returns the values, the places of the largest, and those of the next, none where all are the largest."""
    values = drawn.astype(np.float64)
    if values.size <= _FEW_RANKED:  # in a list so few are found sooner
        listed = values.tolist()
        first, *next_one = sorted(set(listed), reverse=True)[:2]
        places = ([place for place, value in enumerate(listed) if value == one] for one in (first, *next_one))
        return values, next(places), next(places, [])
    highest = values.max()
    lower = values[values < highest]
    then = np.flatnonzero(values == lower.max()).tolist() if lower.size else []
    return values, np.flatnonzero(values == highest).tolist(), then


def _named(names: Sequence[str], places: Sequence[int]) -> str:
    return wording.tied(names[place] for place in places)
