"""Small grey images as PNGs: a sheet of them at once, as many bytes as a card has room for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tfnp_ext.plots.base import Array
from tfnp_ext.png import SUB, UP, grey_png

MOST_BYTES = 13_000
"""Bytes of all of them: in Base64, with the words around them, a card of images takes 25 kB."""

_MOST_STORED = 20_000
"""Bytes of all of them where more are shown: a card of 32 images takes 40 kB. Those that take more have fewer greys."""

_FLAT = 0.6
"""Compressed to this share, images have ground and strokes; those that are not are noise or photos."""

_NOISE, _FRAME = 0.97, 96
"""Noise is what is hardly smaller when it is compressed, apart from so many bytes around each image."""

_FEWER, _FEWEST = 64, 32
"""As many greys as the colours of a palette, or half of that: in noise nobody sees the difference."""

_LEAST_BITS, _AROUND = 5, 128
"""Bits of a pixel in the fewest greys, and bytes around an image of them."""


def most_greys(pixels: int) -> int:
    """Returns how many images of so many pixels a card has room for, be they noise.

    Example:
        >>> most_greys(28 * 28)
        32
    """
    return _MOST_STORED // (pixels * _LEAST_BITS // 8 + _AROUND)


class GreyImages(NamedTuple):
    """What became of grey images.

    Attributes:
        pngs: One each.
        zoom: Pixels of a PNG to a pixel of the image, each way: 1 leaves it to the page to enlarge them.
        greys: How many greys there may be.
    """

    pngs: list[bytes]
    zoom: int
    greys: int


def encode_greys(pixels: Array, zoom: int) -> GreyImages:
    """Returns images enlarged pixel by pixel; where that takes too many bytes as they are, of noise in fewer greys.

    Args:
        pixels: Bytes [N, H, W].
        zoom: Pixels to a pixel, each way.

    Example:
        >>> import numpy as np
        >>> encode_greys(np.zeros((2, 28, 28), np.uint8), 2)[1:]
        (2, 256)
    """
    found = _plain(pixels, 1)
    size = sum(map(len, found))
    noisy = size > MOST_BYTES and size - _FRAME * len(found) > _NOISE * pixels.size
    if noisy or size > _MOST_STORED:
        fewer = _plain(_reduced(pixels, _FEWER), 1)
        if sum(map(len, fewer)) <= _MOST_STORED:
            return GreyImages(fewer, 1, _FEWER)
        return GreyImages(_plain(_reduced(pixels, _FEWEST), 1), 1, _FEWEST)
    if zoom > 1 and size <= MOST_BYTES:
        # What is flat stays so when it is enlarged; of other images only differences repeat themselves.
        enlarged = (_plain if size <= _FLAT * pixels.size else _differing)(pixels, zoom)
        if sum(map(len, enlarged)) <= MOST_BYTES:
            return GreyImages(enlarged, zoom, 256)
    return GreyImages(found, 1, 256)


def _plain(pixels: Array, zoom: int) -> list[bytes]:
    count, height, width = pixels.shape
    rows = np.zeros((count, height * zoom, width * zoom + 1), np.uint8)
    rows[:, :, 1:] = pixels.repeat(zoom, axis=1).repeat(zoom, axis=2) if zoom > 1 else pixels
    return [grey_png(image.tobytes(), width * zoom, height * zoom) for image in rows]


def _differing(pixels: Array, zoom: int) -> list[bytes]:
    """Returns PNGs of the differences to the left, and of nothing where a row repeats the one above."""
    count, height, width = pixels.shape
    rows = np.zeros((count, height, zoom, width * zoom + 1), np.uint8)
    rows[:, :, 0, 0], rows[:, :, 1:, 0] = SUB, UP
    rows[:, :, 0, 1::zoom] = pixels
    rows[:, :, 0, 1 + zoom :: zoom] -= pixels[:, :, :-1]
    return [grey_png(image.tobytes(), width * zoom, height * zoom, runs=True) for image in rows]


def _reduced(pixels: Array, greys: int) -> Array:
    """Returns the nearest of fewer, evenly spaced greys, black and white among them."""
    steps = np.rint(np.arange(256) / 255 * (greys - 1))
    return np.rint(steps / (greys - 1) * 255).astype(np.uint8)[pixels]
