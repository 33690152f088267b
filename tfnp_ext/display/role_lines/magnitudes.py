"""What is said of complex numbers: how large they are, which is the largest, and their energy."""

from __future__ import annotations

import math

from tfnp_ext import wording
from tfnp_ext.adapters import Dense
from tfnp_ext.display.role_lines.base import field
from tfnp_ext.document import Text
from tfnp_ext.statistics import Statistics
from tfnp_ext.summary import Summary


def magnitude_fields(summary: Summary, numbers: Statistics, digits: int) -> tuple[Text, ...]:
    """Returns the range of |z|, where it is largest and the energy: the sum of |z|².

    A sample tells neither where the largest stands nor how much the rest adds.
    """
    low, high = wording.number(numbers.minimum, digits), wording.number(numbers.maximum, digits)
    finite = "finite " if numbers.invalid else ""
    seen = "" if numbers.exact else " seen"
    fields = [field(f"{finite}|z|{seen}", low if low == high else f"{low} … {high}")]
    if not numbers.exact:
        return tuple(fields)
    if low != high and numbers.maximum_at is not None and isinstance(summary.content, Dense):
        fields.append(field("largest", wording.index(numbers.maximum_at)))
    # The mean of squares is the square of the mean and the variance: nothing has to be read again.
    root = math.hypot(numbers.mean, numbers.std)
    energy = numbers.finite * root * root
    if energy and math.isfinite(energy):
        fields.append(field("energy", wording.number(energy, digits)))
    return tuple(fields)
