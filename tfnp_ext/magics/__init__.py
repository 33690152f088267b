"""``%tonumpy`` and ``%%tonumpy``: their options, their cells and their completion.

Nothing here registers itself: ``extension`` does, and undoes it.
"""

from __future__ import annotations

from tfnp_ext.magics.cell import LastExpression, mark_cell, silence_line
from tfnp_ext.magics.completion import LINE, complete
from tfnp_ext.magics.pending import Pending, PendingCard
from tfnp_ext.magics.tonumpy import TensorMagics

__all__ = [
    "LINE",
    "LastExpression",
    "Pending",
    "PendingCard",
    "TensorMagics",
    "complete",
    "mark_cell",
    "silence_line",
]
