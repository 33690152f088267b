"""The little histogram that sits in a line: a PNG of twice as many pixels as the page gives it, so that it is sharp."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tfnp_ext.png import palette_png

SPARK_WIDTH, SPARK_HEIGHT = 64, 14
"""Size on the page, in CSS pixels."""

_SHARP = 2  # pixels of the picture in a CSS pixel
_WIDTH, _HEIGHT, _AIR, _LINE = SPARK_WIDTH * _SHARP, SPARK_HEIGHT * _SHARP, 2, 2
_MOST_BARS, _FEW_BARS = 32, 16
_TALLEST = _HEIGHT - _AIR - _LINE
_LEVELS = np.arange(_HEIGHT - _LINE, 0, -1)[:, None]
_GREY = 2  # blue is 1, as where a mask is true
_INKS = ((0, 0, 0, 0), (0x3A, 0x7D, 0xC0, 255), (0x76, 0x76, 0x76, 128))


@lru_cache(maxsize=64)
def sparkline_png(counts: tuple[float, ...], low: float, high: float) -> bytes:
    """Returns bars of a histogram on a line; a grey tick at zero stands above the bar there."""
    bars, step = _bars(counts)
    scale = _TALLEST / (max(bars) or 1)
    heights = [max(1, round(count * scale)) if count else 0 for count in bars]
    # Two hundred of them stand in a tree, so all pixels are found at once.
    pixels = np.full((_HEIGHT, _WIDTH), _GREY, np.uint8)
    pixels[:-_LINE] = np.array([*heights, 0], np.int8)[_columns(len(counts), step)] >= _LEVELS
    if low < 0 < high:
        # Halved, so that the span of the largest floats does not overflow; that of the smallest vanishes.
        share = -low / 2 / (high / 2 - low / 2 or 1.0)
        start = min(SPARK_WIDTH - 1, int(share * SPARK_WIDTH)) * _SHARP
        tick = pixels[:-_LINE, start : start + _SHARP]
        tick[tick == 0] = _GREY
    return palette_png(pixels, _INKS)


@lru_cache(maxsize=64)
def _columns(bins: int, step: int) -> np.ndarray:
    """Returns which bar each column of pixels belongs to; one more than the last in the gap between wide bars.

    Args:
        bins: How many bins there are.
        step: How many of them a bar stands for; the last one for what is left.
    """
    bars = -(-bins // step)
    edges = [round(min(1.0, place * step / bins) * _WIDTH) for place in range(bars + 1)]
    owners = np.repeat(np.arange(bars), np.diff(edges))
    if bars <= _FEW_BARS:
        owners[np.subtract.outer(edges[1:], range(1, _SHARP + 1)).ravel()] = bars
    return owners


def _bars(counts: Sequence[float]) -> tuple[Sequence[float], int]:
    """Returns a histogram in few enough bars and how many bins each stands for; where they were a comb, in fewer."""
    step = -(-len(counts) // _MOST_BARS)
    bars = _joined(counts, step) if step > 1 else counts
    if len(bars) > _FEW_BARS and 3 * bars.count(0) > len(bars):
        filled = [count > 0 for count in bars]
        beside = sum(map(all, itertools.pairwise(filled)))
        # Of values on a grid, as grey levels are, hardly any bar has a neighbour.
        if 4 * beside < sum(filled) > 4:
            return _joined(counts, 2 * step), 2 * step
    return bars, step


def _joined(counts: Sequence[float], step: int) -> list[float]:
    """Returns the means of so many neighbours each."""
    starts = range(0, len(counts), step)
    joined = [sum(counts[start : start + step]) / step for start in starts]
    rest = len(counts) % step
    if rest:
        joined[-1] *= step / rest
    return joined
