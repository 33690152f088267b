"""What a value is likely to be, and the reason in words.

A role is read from shape, dtype and values alone, the same way every time, and is only a reading: ``plot=`` overrides
it. Where a reading could be wrong the value stays a plain one: a table or a histogram misleads nobody.
"""

from __future__ import annotations

from tfnp_ext.roles.base import ROLES, SMALL, Role, holds_strings
from tfnp_ext.roles.predictions import read_told_logits, sum_tolerance
from tfnp_ext.roles.reading import read_predictions, read_role

__all__ = [
    "ROLES",
    "SMALL",
    "Role",
    "holds_strings",
    "read_predictions",
    "read_role",
    "read_told_logits",
    "sum_tolerance",
]
