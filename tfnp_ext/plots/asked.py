"""What options make of a value before it is drawn, and which options do not fit it."""

from __future__ import annotations

import math
from collections.abc import Sized
from dataclasses import replace

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Dense
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions, Labels
from tfnp_ext.errors import OptionError
from tfnp_ext.plots.base import Plot, as_floats, choose_plot, drawn_values
from tfnp_ext.roles import read_predictions, read_told_logits
from tfnp_ext.statistics import compute_statistics
from tfnp_ext.summary import Summary, with_softmax

_NAMED_ROLES = frozenset({"probabilities", "probability batch", "logits"})
_SCORES = frozenset({"probabilities", "logits", "scores", "one-hot"})
"""The roles of one example: its truth is told in the line of numbers."""

_PLAIN_ROLES = frozenset({"values", "matrix", "series", "other"})
"""The roles of numbers that are read as predictions only where names, truth or images come with them."""

_NARROWEST = 1.0
"""Configured names make logits of numbers that are as far apart as this: gradients and small weights are not."""

_OF_A_GALLERY = {"where": "all", "sort": "index", "page": 1}


def as_asked(summary: Summary, options: DisplayOptions) -> Summary:
    """Returns a value as the options read it: by softmax, or as predictions, where names or truth come with it.

    Raises:
        OptionError: Softmax does not fit the value.
    """
    if options.softmax:
        return with_softmax(summary, options.budget_ms)
    if options.truth is not None or options.images is not None:
        summary = _with_both_classes(summary, options)
    elif options.labels is None:
        return summary
    return _as_predictions(summary, options) if summary.role in _PLAIN_ROLES else summary


def _as_predictions(summary: Summary, options: DisplayOptions) -> Summary:
    """Returns plain numbers as the predictions that they are said to be: probabilities, or one example's logits."""
    if summary.drawn is None or summary.statistics is None:
        return summary
    given = options.truth if options.truth is not None else options.images
    role = None
    if options.labels_required or given is not None:
        role = read_predictions(summary.drawn, summary.statistics)
    if role is None and (_is_named(summary, options) or (given is not None and _is_one_example(summary, given))):
        role = read_told_logits(summary.drawn, summary.statistics)
    return summary if role is None else replace(summary, role=role.name, title=role.title, reason=role.reason)


def _is_named(summary: Summary, options: DisplayOptions) -> bool:
    """Returns whether the labels name each of the values: given for them, or configured and of just as many classes."""
    assert summary.drawn is not None
    if options.labels is None or options.labels_required:
        return options.labels_required and (summary.role == "values" or _fit(options.labels, summary.drawn.size))
    numbers = summary.statistics
    if numbers is None or summary.kind == "Variable" or not _fit(options.labels, summary.drawn.size):
        return False
    return bool(numbers.minimum < 0 < numbers.maximum and numbers.maximum - numbers.minimum >= _NARROWEST)


def _fit(labels: Labels | None, count: int) -> bool:
    return labels is not None and len(labels) == count


def _is_one_example(summary: Summary, given: object) -> bool:
    """Returns whether one truth or image comes with one row, or a vector, of numbers."""
    if summary.shape is not None and len(summary.shape) == 2 and summary.shape[0] == 1:
        return True
    shape = getattr(given, "shape", None)
    return (len(given) if isinstance(given, Sized) and shape is None else math.prod(shape or (1,))) == 1


def _with_both_classes(summary: Summary, options: DisplayOptions) -> Summary:
    """Returns the scores of a model with one output, an example each, as the probabilities of two classes."""
    values = summary.drawn
    seen = summary.statistics
    if values is None or seen is None or values.dtype.kind not in "fV" or not seen.finite:
        return summary
    if not (values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)):
        return summary
    given = options.truth if options.truth is not None else options.images
    examples = len(given) if isinstance(given, Sized) else len(values)
    if len(values) < 2 or examples != len(values) or seen.minimum < 0 or seen.maximum > 1:
        return summary
    scores = as_floats(drawn_values(summary)).reshape(-1)
    both = np.stack([1 - scores, scores], axis=1)
    return replace(
        summary,
        role="probability batch",
        title=f"scores of class 1, {wording.plural(len(scores), 'example')}",
        reason="read as scores of class 1: one in 0 … 1 for each example",
        drawn=both,
        statistics=compute_statistics(both),
    )


def _way_out(summary: Summary) -> str:
    """Returns what makes predictions or labels of a value that is read as neither; nothing where nothing does."""
    content = summary.content
    if not isinstance(content, Dense) or summary.role == "text" or content.array.ndim == 0:
        return ""
    rank = kind_rank(content.array.dtype)
    return {1: ": plot='counts' counts them", 2: ": plot='bar' or softmax reads it as one"}.get(rank or 0, "")


def fitting_plot(summary: Summary, options: DisplayOptions) -> Plot | None:
    """Returns the plot for a value, ``None`` for none; every option that was given has to do with it.

    Raises:
        OptionError: No plot has the name asked for, it cannot draw the value, or an option is for another one.
    """
    plot = choose_plot(summary, options)
    if options.labels_required and summary.role not in _NAMED_ROLES and (plot is None or not plot.names_classes):
        raise OptionError(f"labels name classes, and {summary.described} is no prediction{_way_out(summary)}")
    judged = plot is not None and plot.asked_by in {"truth", "images"}
    if options.truth is not None and options.plot == "auto" and not judged and summary.role not in _SCORES:
        raise OptionError(f"truth is for predictions, which {summary.described} is not")
    for name, default in _OF_A_GALLERY.items():
        if getattr(options, name) != default and (plot is None or not plot.pages):
            raise OptionError(f"{name}={getattr(options, name)!r} is for a gallery: give the images too, images=x")
    return plot
