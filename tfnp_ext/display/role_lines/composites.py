"""What is said of composites behind their numbers: empty rows, the order of the entries, places that occur twice."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Slices, Sparse
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.role_lines.base import adds_to, field
from tfnp_ext.document import Text
from tfnp_ext.summary import Summary

_MOST_COUNTED = 2**18
"""Entries or rows that are compared: how many differ is not told by a sample."""


@adds_to("sparse")
def sparse_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns how many rows are empty, whether entries are in order, and how many stand where one does already."""
    content = summary.content
    if not isinstance(content, Sparse) or not content.shape or len(content.indices) > _MOST_COUNTED:
        return None
    fields = []
    if len(content.shape) == 2 and content.shape[0] > 1:
        empty = content.shape[0] - len(np.unique(content.indices[:, 0]))
        fields.append(field("empty rows", f"{wording.integer(empty)} of {wording.integer(content.shape[0])}"))
    if len(content.indices) > 1 and 0 < math.prod(content.shape) < 2**63:
        places = np.zeros(len(content.indices), np.int64)
        for axis, length in enumerate(content.shape):
            places = places * length + content.indices[:, axis]
        ordered = bool((np.diff(places) >= 0).all())
        fields.append(field("order", "sorted" if ordered else "not sorted"))
        repeated = int((np.diff(places if ordered else np.sort(places)) == 0).sum())
        if repeated:
            fields.append(field("repeated", wording.plural(repeated, "entry", "entries")))
    return tuple(fields)


@adds_to("rows")
def slices_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns how many different rows there are."""
    content = summary.content
    if not isinstance(content, Slices) or len(content.indices) > _MOST_COUNTED:
        return None
    distinct = len(np.unique(content.indices))
    return (field("rows", f"{wording.integer(distinct)} distinct of {wording.integer(len(content.indices))}"),)
