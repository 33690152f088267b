"""Arrays on disk: ``save`` streams them there, ``load`` gives them back."""

from __future__ import annotations

from tfnp_ext.storage.loading import load
from tfnp_ext.storage.saved import Saved
from tfnp_ext.storage.saving import save

__all__ = ["Saved", "load", "save"]
