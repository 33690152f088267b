"""Numbers as they cross to the canvas: buffers of one dtype, and what is to be known to read them as NumPy does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnp_ext.explorer.colours import Spread
from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.sources import Array

_EXACT = 2**53

_DIGITS = 6
"""Significant digits that ``ml_dtypes`` writes of its floats."""

Precision = int | list[int] | None
"""How floats that were widened are written: significant digits, or significant bits and least exponent of a format of
which the shortest decimal is meant; ``None`` for their own."""


def precision_of(dtype: np.dtype) -> Precision:
    """Returns how floats of a dtype that is widened to cross are written.

    Example:
        >>> precision_of(np.dtype(np.float16))
        [11, -14]
    """
    if dtype == np.float16:
        return [11, -14]
    return _DIGITS if dtype.kind == "V" and "float" in dtype.name else None


def packed(
    parts: Sequence[Numbers], spread: Spread, precision: Precision = None
) -> tuple[list[memoryview], dict[str, Any]]:
    """Returns the buffers of planes of one dtype, and what is to be known of them.

    What is not there is NaN in floats, and so in integers as float64 holds them. A mask, of all planes on end, comes
    where that could be mistaken: of other dtypes, and where NaN are among the values.

    Args:
        parts: The planes.
        spread: The numbers of the slice that they are of, as the canvas is told them.
        precision: How their values are written where they were widened.
    """
    common = np.result_type(*(part.values for part in parts))
    lacks = any(part.missing is not None and part.missing.any() for part in parts)
    if lacks and common.kind in "iu" and all(_fits_floats(part) for part in parts):
        common = np.dtype(np.float64)
    arrays, masked = [part.values for part in parts], lacks
    if common.kind == "f":
        arrays = [Numbers(array.astype(common, copy=False), part.missing).floats()
                  for array, part in zip(arrays, parts, strict=True)]  # fmt: skip
        # Without a mask every NaN is read as missing where the slice has both none and something missing.
        masked = (lacks and (spread.nans > 0 or not spread.missing)) or (
            spread.missing > 0 and any(_holds_nan(part) for part in parts)
        )
    buffers = [buffer_of(array.astype(common, copy=False)) for array in arrays]
    meta: dict[str, Any] = {"dtype": f"{common.kind}{common.itemsize}"}
    if common.kind == "f" and all(part.values.dtype.kind in "iu" for part in parts):
        meta["integers"] = True
    if precision is not None and common == np.float32:
        meta["precision"] = precision
    if masked:
        meta["mask"] = len(buffers)
        buffers.append(buffer_of(np.concatenate([_mask(part).reshape(-1) for part in parts])))
    return buffers, meta


def buffer_of(array: Array) -> memoryview:
    """Returns the bytes of an array, copied only where they do not lie in order."""
    whole: Any = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return memoryview(whole.reshape(-1).view(np.uint8) if whole.size else b"")


def _mask(numbers: Numbers) -> Array:
    shape = numbers.values.shape
    return np.zeros(shape, np.uint8) if numbers.missing is None else numbers.missing.astype(np.uint8)


def _holds_nan(numbers: Numbers) -> bool:
    """Returns whether a NaN is among the values that are there."""
    if numbers.values.dtype.kind != "f":
        return False
    invalid = np.isnan(numbers.values)
    return bool(invalid.any() if numbers.missing is None else (invalid & ~numbers.missing).any())


def _fits_floats(numbers: Numbers) -> bool:
    """Returns whether float64 holds these integers exactly."""
    values = numbers.values
    return values.dtype.itemsize <= 4 or not values.size or (
        int(values.min()) >= -_EXACT and int(values.max()) <= _EXACT
    )  # fmt: skip
