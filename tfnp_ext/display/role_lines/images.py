"""What is said of images: their range and, of colour images, how each channel is spread."""

from __future__ import annotations

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.numerals import digits_told
from tfnp_ext.display.role_lines.base import field, line_for
from tfnp_ext.document import Span, Sparkline, Text
from tfnp_ext.statistics import BINS
from tfnp_ext.summary import Summary

_MOST_READ = 2**21
"""Values of colour images that are read once more for their channels, in a few milliseconds."""


@line_for("image", "images", "video")
def channel_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...] | None:
    """Returns the range, then histogram and mean of each channel.

    ``None`` for grey, masks, very many images, a sample, and what is not read again because it is on another device.
    """
    values, seen = summary.drawn, summary.statistics
    if values is None or seen is None or seen.invalid or not seen.exact or values.ndim < 3 or values.size > _MOST_READ:
        return None
    if values.dtype.kind == "b" or isinstance(values, DeviceArray):
        return None
    channels = values.shape[-1]
    if channels not in {3, 4} or (summary.role == "images" and values.ndim == 3) or seen.minimum == seen.maximum:
        return None
    low, high = seen.minimum, seen.maximum
    digits = digits_told(options.precision, values.dtype)
    fields: list[Text] = [
        (
            Span("min", "secondary"),
            Span(f"{wording.amount(low, digits)} … {wording.amount(high, digits)}"),
            Span("max", "secondary"),
        )
    ]
    rows = values.reshape(-1, channels)
    for name, channel in zip("RGBA", rows.T, strict=False):
        counts, mean = _spread(channel, float(low), float(high))
        told = wording.number(mean, digits)
        fields.append(field(name, Sparkline(counts, float(low), float(high)), Span("mean", "secondary"), told))
    return tuple(fields)


def _spread(channel: np.ndarray, low: float, high: float) -> tuple[tuple[int, ...], float]:
    """Returns the counts in equal bins from ``low`` to ``high``, and the mean."""
    if channel.dtype == np.uint8:
        each = np.bincount(channel, minlength=256)
        mean = float(each @ np.arange(256)) / channel.size
        places = np.minimum((np.arange(256) - low) / (high - low) * BINS, BINS - 1).clip(0).astype(np.intp)
        return tuple(np.bincount(places, weights=each, minlength=BINS).astype(int).tolist()), mean
    floats = channel.astype(np.float64)
    counts = np.histogram(floats, bins=BINS, range=(low, high))[0]
    return tuple(counts.tolist()), float(floats.mean())
