"""Cells as pixels and as words: images, the picture of a slice as a PNG, what is written of one value."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.explorer.colours import Spread, colour_table, entries
from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.sources import Array
from tfnp_ext.plots.base import STYLE
from tfnp_ext.plots.inks import rgb
from tfnp_ext.roles.images import DARKEST

_LONGEST = 200
"""Characters of a string that cross."""


def image_limits(dtype: np.dtype, spread: Spread) -> tuple[float, float]:
    """Returns the values of black and white: those of the range that pixels of this kind usually have."""
    if dtype.kind == "b":
        return 0.0, 1.0
    low, high = float(spread.low), float(spread.high)
    white = 255.0 if high > DARKEST else max(1.0, high)
    if dtype == np.uint8:
        return 0.0, white
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= -1 and high <= 1:
        return -1.0, 1.0
    return (0.0, white) if low >= 0 and high <= 255 else (low, high)


def painted(numbers: Numbers, limits: tuple[float, float]) -> Array:
    """Returns RGBA bytes [H, W, 4] of one to four channels; not finite is magenta, what is not there transparent."""
    values = numbers.values
    height, width, channels = values.shape
    pixels = np.full((height, width, 4), 255, np.uint8)
    missing, invalid = numbers.missing, None
    if values.dtype == np.uint8 and limits == (0.0, 255.0):
        shades = values
    else:
        low, high = limits
        with np.errstate(all="ignore"):
            shares = (values.astype(np.float64) - low) / ((high - low) or 1.0)
            invalid = ~np.isfinite(shares)
            shares[invalid] = 0
            shades = np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)
    pixels[..., : min(channels, 4) if channels > 1 else 3] = shades[..., :4]
    if invalid is not None and invalid.any():
        pixels[invalid.any(axis=-1)] = (*rgb(STYLE.magenta), 255)
    if missing is not None and missing.any():
        pixels[missing.any(axis=-1)] = 0
    return pixels


def text_of(value: Any) -> str:
    """Returns what a table shows of a value that is no number: bytes as text, what is too long cut."""
    if isinstance(value, bytes):
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = repr(value)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … + {wording.integer(len(text) - _LONGEST)} more"


def exact_text(value: Any) -> str:
    """Returns a cell in full, as NumPy prints it."""
    if value is np.ma.masked:
        return "missing"
    if isinstance(value, (bytes, str)):
        return text_of(value)
    return str(value)


def inked(numbers: Numbers, limits: tuple[float, float], scale: str, neutral: float = 0.0) -> Array:
    """Returns RGBA bytes [H, W, 4] of a heat map; NaN and infinities magenta, what is not there transparent."""
    values = numbers.values
    pixels = colour_table(limits, scale, neutral)[entries(values, limits, scale)]
    if values.dtype.kind == "f":
        pixels[~np.isfinite(values)] = (*rgb(STYLE.magenta), 255)
    if numbers.missing is not None:
        pixels[numbers.missing] = 0
    return np.asarray(pixels)


def png_of(pixels: Array) -> bytes:
    """Returns RGBA bytes [H, W, 4] as a PNG."""
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()
