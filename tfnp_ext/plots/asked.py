"""What options make of a value before it is drawn, and which options do not fit it."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import replace

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.errors import OptionError
from tfnp_ext.plots.base import Plot, as_floats, choose_plot, drawn_values
from tfnp_ext.roles import read_predictions
from tfnp_ext.statistics import compute_statistics
from tfnp_ext.summary import Summary, with_softmax

_NAMED_ROLES = frozenset({"probabilities", "probability batch", "logits"})
_SCORES = frozenset({"probabilities", "logits", "scores", "one-hot"})
"""The roles of one example: its truth is told in the line of numbers."""

_PLAIN_ROLES = frozenset({"values", "matrix"})
"""The roles of numbers that are read as predictions only where names, truth or images come with them."""

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
    elif not options.labels_required:
        return summary
    return _as_predictions(summary) if summary.role in _PLAIN_ROLES else summary


def _as_predictions(summary: Summary) -> Summary:
    """Returns plain numbers as the class probabilities that they are said to be, where they sum to 1."""
    if summary.drawn is None or summary.statistics is None:
        return summary
    role = read_predictions(summary.drawn, summary.statistics)
    return summary if role is None else replace(summary, role=role.name, title=role.title, reason=role.reason)


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


def fitting_plot(summary: Summary, options: DisplayOptions) -> Plot | None:
    """Returns the plot for a value, ``None`` for none; every option that was given has to do with it.

    Raises:
        OptionError: No plot has the name asked for, it cannot draw the value, or an option is for another one.
    """
    plot = choose_plot(summary, options)
    if options.labels_required and summary.role not in _NAMED_ROLES and (plot is None or not plot.names_classes):
        raise OptionError(
            f"labels name classes, and {summary.described} is no prediction: plot='bar' or softmax reads it as one"
        )
    judged = plot is not None and plot.asked_by in {"truth", "images"}
    if options.truth is not None and options.plot == "auto" and not judged and summary.role not in _SCORES:
        raise OptionError(f"truth is for predictions, which {summary.described} is not")
    for name, default in _OF_A_GALLERY.items():
        if getattr(options, name) != default and (plot is None or not plot.pages):
            raise OptionError(f"{name}={getattr(options, name)!r} is for a gallery: give the images too, images=x")
    return plot
