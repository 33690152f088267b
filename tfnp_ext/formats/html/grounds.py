"""The colours of a card, and heat behind a number: hue by sign, strength by size."""

from __future__ import annotations

BLUE, ORANGE, MAGENTA = "#3a7dc0", "#c0631a", "#d03a94"

FAINTEST = 0.02
"""Below it there is none."""

FULL = 0.72 * 255
"""The alpha of full heat, of 255: on more than that text would be hard to read."""

_LEVELS = (*range(185), *range(-184, 0))

GROUNDS = tuple(f"background:{BLUE if level > 0 else ORANGE}{abs(level):02x}" for level in _LEVELS)
"""The style of each ground; those below zero from the end, as Python counts."""


def ground_style(ground: float) -> str:
    """Returns the style of a ground, -1 … 1."""
    return GROUNDS[round(max(-1.0, min(1.0, ground)) * FULL)]
