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
    numbers = _known(values)
    if numbers.values.dtype.kind != "c":
        return numbers
    parts: dict[str, Any] = {"angle": np.angle, "real": np.real, "imag": np.imag}
    with np.errstate(all="ignore"):
        return Numbers(np.asarray(parts.get(part, np.abs)(numbers.values)), numbers.missing)


def comparable(values: Array, part: str = "") -> Numbers:
    """Returns a cut as ``plain`` does, but complex numbers as they are where it is not a part of them that is compared.

    Two may be of one magnitude and far apart.
    """
    return _known(values) if part in {"", "abs"} else plain(values, part)


def _known(values: Array) -> Numbers:
    """Returns a cut as numbers of a dtype that NumPy knows, and complex ones as they are."""
    missing = None
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        missing = mask if mask.any() else None
        values = np.ma.getdata(values)
    with np.errstate(all="ignore"):
        return Numbers(values.astype(_known_dtype(values.dtype), copy=False), missing)


def _known_dtype(dtype: np.dtype) -> np.dtype:
    """Returns the dtype that holds all values of one, and that a browser can read; of long doubles the nearest."""
    rank = kind_rank(dtype)
    if rank == 3 and dtype.itemsize > 16:
        return np.dtype(np.complex128)
    if rank == 2 and dtype.itemsize < 4:
        return np.dtype(np.float32)
    if dtype.kind == "V":
        return np.dtype(np.uint8 if dtype.name.startswith("u") else np.int8)
    if dtype.kind == "f" and dtype.itemsize > 8:
        return np.dtype(np.float64)
    return dtype.newbyteorder("=")
