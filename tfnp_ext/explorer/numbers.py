"""Real numbers as a browser can read them, of whatever a source gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.sources import Array


@dataclass(frozen=True)
class Numbers:
    """Real numbers of a dtype that NumPy knows.

    Attributes:
        values: The numbers; any where none is there.
        missing: Where none is there; ``None`` for nowhere.
    """

    values: Array
    missing: Array | None = None

    def at(self, *index: Any) -> Numbers:
        """Returns a piece."""
        return Numbers(self.values[index], None if self.missing is None else self.missing[index])

    def floats(self) -> Array:
        """Returns them in a float dtype that holds each exactly, but for large integers; NaN where none is there."""
        values = self.values
        if values.dtype.kind != "f":
            values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
        if self.missing is None:
            return values
        return np.where(self.missing, values.dtype.type(np.nan), values)


def plain(values: Array, part: str = "") -> Numbers:
    """Returns a cut as real numbers of a dtype that NumPy knows and a browser can read; small floats widened.

    Args:
        values: What a source gave.
        part: What of complex numbers is meant.
    """
    missing = None
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        missing = mask if mask.any() else None
        values = np.ma.getdata(values)
    with np.errstate(all="ignore"):
        return Numbers(_real(values, part), missing)


def _real(values: Array, part: str) -> Array:
    rank = kind_rank(values.dtype)
    if rank == 3:
        if values.dtype.itemsize > 16:
            values = values.astype(np.complex128)
        parts: dict[str, Any] = {"angle": np.angle, "real": np.real, "imag": np.imag}
        return np.asarray(parts.get(part, np.abs)(values))
    if rank == 2 and values.dtype.itemsize < 4:
        return values.astype(np.float32)
    if values.dtype.kind == "V":
        return values.astype(np.uint8 if values.dtype.name.startswith("u") else np.int8)
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        return values.astype(np.float64)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
