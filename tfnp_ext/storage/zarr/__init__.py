"""Zarr 3: a folder with a group for each value, arrays in chunks, and a save that can go on after a crash."""

from __future__ import annotations

from tfnp_ext.storage.zarr.reading import ZarrReader
from tfnp_ext.storage.zarr.writing import ZarrWriter

__all__ = ["ZarrReader", "ZarrWriter"]
