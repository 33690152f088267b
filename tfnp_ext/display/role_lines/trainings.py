"""What is said of a training: where each metric ended, and where it was best."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Curves
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import field, line_for
from tfnp_ext.document import Span, Text
from tfnp_ext.plots.curves import read_training
from tfnp_ext.summary import Summary


@line_for("history")
def training_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns for each metric the last value, on validation data behind it, and the best epoch."""
    if not isinstance(summary.content, Curves):
        return None
    training = read_training(summary.content)
    digits = options.precision
    fields: list[Text] = []
    for panel in training.panels:
        ends = [
            wording.number(float(curve[-1]), digits) for curve in (panel.train, panel.validation) if curve is not None
        ]
        words: list[Span | str] = []
        if panel.train is not None:
            words += [ends[0], *_lost(panel.train, training.epochs)]
        if panel.validation is not None:
            words += [Span("validation", "secondary"), Span(ends[-1], "strong")]
            words += _lost(panel.validation, training.epochs)
        best = panel.best
        if best is not None and len(training.epochs) > 1 and math.isfinite(best[1]):
            words.append(
                Span(f"best {wording.number(best[1], digits)} at epoch {training.epochs[best[0]]:g}", "secondary")
            )
        fields.append(field(panel.name, *words))
    return tuple(fields)


def _lost(curve: np.ndarray, epochs: np.ndarray) -> list[Span | str]:
    """Returns the flag of a curve that is not finite everywhere: from which epoch on, or how often and where first."""
    lost = ~np.isfinite(curve)
    if not lost.any():
        return []
    kind = "NaN" if np.isnan(curve[lost]).all() else "not finite"
    first, count = int(lost.argmax()), int(lost.sum())
    where = "from" if lost[first:].all() and count > 1 else "at" if count == 1 else f"{count} times, first at"
    return [Span(f"⚠ {kind} {where} epoch {epochs[first]:g}", "invalid")]
