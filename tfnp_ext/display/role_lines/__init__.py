"""The line of numbers that a role calls for: one file a family of roles, each function entered by a decorator."""

from __future__ import annotations

from tfnp_ext.display.role_lines import composites, images, matrices, predictions, times, trainings, weights
from tfnp_ext.display.role_lines.base import EXTRA_FIELDS, ROLE_LINES, field
from tfnp_ext.display.role_lines.judged import judged_fields
from tfnp_ext.display.role_lines.magnitudes import magnitude_fields
from tfnp_ext.display.role_lines.texts import string_fields

__all__ = [
    "EXTRA_FIELDS",
    "ROLE_LINES",
    "composites",
    "field",
    "images",
    "judged_fields",
    "magnitude_fields",
    "matrices",
    "predictions",
    "string_fields",
    "times",
    "trainings",
    "weights",
]
