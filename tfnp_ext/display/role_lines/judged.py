"""What is said of predictions whose truth is known: how many are right, which are not, how sure both were."""

from __future__ import annotations

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import field
from tfnp_ext.document import Inline, Span, Text
from tfnp_ext.plots.gallery import judge
from tfnp_ext.summary import Summary

_NAMED = 6


def judged_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...]:
    """Returns how many predictions are right, the first wrong ones, and the mean confidence of both.

    Args:
        summary: Predictions.
        options: With ``truth``.

    Raises:
        OptionError: The truth does not fit.
    """
    judged = judge(summary, options)
    wrong = judged.wrong
    answered = judged.answered
    count, lost = int(answered.sum()), int(wrong.sum())
    if not count:
        return (field("right", Span("no prediction holds a number", "strong")),)
    right = f"{wording.integer(count - lost)} of {wording.integer(count)}"
    fields = [field("right", Span(right, "strong"), Span(f"({wording.percent((count - lost) / count)})", "strong"))]
    if count < len(wrong):
        fields.append(field("without numbers", Span(wording.integer(len(wrong) - count), "invalid")))
    if lost:
        places = np.flatnonzero(wrong)[:_NAMED].tolist()
        more = f" … {wording.integer(lost - _NAMED)} more" if lost > _NAMED else ""
        fields.append(field("wrong", f"{', '.join(f'#{place}' for place in places)}{more}", Span("✗", "unsure")))
    if judged.confidences is not None:
        told: list[Inline] = []
        for chosen, word in ((answered & ~wrong, "when right"), (wrong, "when wrong")):
            if chosen.any():
                mean = wording.percent(float(judged.confidences[chosen].mean()))
                told += [Span(f"{',' if told else ''} {mean}".strip()), Span(word, "secondary")]
        fields.append(field("confidence", *told))
    return tuple(fields)
