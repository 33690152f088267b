"""The line of numbers that a role calls for: one file a family of roles, each function entered by a decorator."""

from __future__ import annotations

from tfnp_ext.display.role_lines import predictions, weights
from tfnp_ext.display.role_lines.base import EXTRA_FIELDS, ROLE_LINES, field, sample_places
from tfnp_ext.display.role_lines.magnitudes import magnitude_fields

__all__ = ["EXTRA_FIELDS", "ROLE_LINES", "field", "magnitude_fields", "predictions", "sample_places", "weights"]
