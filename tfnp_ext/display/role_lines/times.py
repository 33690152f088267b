"""What is said of dates and time spans: from when to when, and how many are not a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Dense
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import field, line_for
from tfnp_ext.display.timestamps import time_texts
from tfnp_ext.document import Span, Text
from tfnp_ext.statistics import FOR_A_LINE, rows_at, runs_in_time
from tfnp_ext.summary import Summary


@line_for("times")
def time_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the first and the last time, and how many are NaT: of all while there is time, else of a sample.

    They have no statistics: the time for these is the line's.
    """
    content = summary.content
    if not isinstance(content, Dense):
        return None
    array = np.asarray(content.array)
    flat: Any = array.reshape(-1) if array.flags.c_contiguous else array.flat
    found: list[np.datetime64 | np.timedelta64] = []
    seen = missing = 0
    for runs in runs_in_time(array.size, 1, options.budget_ms * (1 - 2 * FOR_A_LINE)):
        values = rows_at(flat, runs)
        known = values[~np.isnat(values)]
        seen += values.size
        missing += values.size - known.size
        if known.size:
            found += [known.min(), known.max()]
    fields: list[Text] = []
    if found:
        first, last = time_texts(np.array([min(found), max(found)], array.dtype))
        alike = first == last and seen - missing == array.size
        label = "range" if seen == array.size else "range seen"
        fields.append(field("all", first) if alike else field(label, f"{first} … {last}"))
    if missing:
        share = wording.percent(missing / seen)
        told = Span(f"of {wording.integer(seen)} ({share})", "secondary")
        fields.append((Span(f"⚠ {wording.integer(missing)} NaT", "invalid"), told))
    if seen < array.size:
        fields.append(field("from", f"{wording.integer(seen)} of {wording.integer(array.size)}"))
    return tuple(fields)
