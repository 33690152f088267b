"""Dates and time spans as text, all values beside each other in one unit."""

from __future__ import annotations

import numpy as np

_CLOCK = ("D", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
"""Units in which dates are written, the coarsest first: hours alone would not read as a time."""

_SPANS = ("D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")


def time_texts(values: np.ndarray) -> list[str]:
    """Returns dates or time spans in the coarsest unit in which none of them loses anything.

    Args:
        values: Of ``datetime64`` or ``timedelta64``, any shape.

    Example:
        >>> time_texts(np.array(["2020-01-01T00:00:00", "NaT"], "datetime64[s]"))
        ['2020-01-01', 'NaT']
        >>> time_texts(np.array([90, 60], "timedelta64[s]")), time_texts(np.array([60, 120], "timedelta64[s]"))
        (['90 seconds', '60 seconds'], ['1 minute', '2 minutes'])
    """
    flat = values.reshape(-1)
    flat = flat.astype(flat.dtype.newbyteorder("="))
    if flat.dtype.kind == "M":
        return list(map(str, _shorter(flat, _CLOCK)))
    return [_span_text(span) for span in _shorter(flat, _SPANS)]


def _shorter(flat: np.ndarray, units: tuple[str, ...]) -> np.ndarray:
    """Returns times in the first unit that holds them exactly; weeks, months, years and no unit stay what they are."""
    own, step = np.datetime_data(flat.dtype)
    if own not in {*units, "h"}:
        return flat
    known = flat[~np.isnat(flat)]
    letter = flat.dtype.kind
    for unit in units[: units.index(own) + 1] if own in units else units:
        try:
            shorter = flat.astype(f"{letter}8[{unit}]")
        except OverflowError:  # a far date of hours in minutes
            continue
        if np.array_equal(known, shorter.astype(flat.dtype)[~np.isnat(flat)]):
            return shorter
    return flat if step == 1 else flat.astype(f"{letter}8[{own}]")


def _span_text(span: np.timedelta64) -> str:
    """Returns what NumPy says of a span, one of it in the singular."""
    text = str(span)
    return text.removesuffix("s") if text.startswith(("1 ", "-1 ")) else text
