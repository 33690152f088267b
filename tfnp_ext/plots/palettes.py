"""Pictures of few colours: which they are, and which of them each pixel has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

Array = np.ndarray[Any, Any]

_FEW, _RARE = 16, 1000
"""Of more colours than these few none is kept that is rarer than one pixel in a thousand of those inked..."""

_HUE = 2.0
_NEAR = 56.0
"""...unless no other is as near, of 255 levels: that is hardly seen in the edge of a letter."""

_MOST_COMPARED = 2**12
"""Rare colours that are compared with those kept; a photo has more, and Pillow reduces it."""


def reduce_colors(canvas: Array, colors: int) -> Image:
    """Returns RGBA bytes as an image with a palette of the commonest colours; others become the nearest of these.

    Inks and paper keep their colours exactly, as most of such a picture is a few of them; soft edges of letters are
    what is rare.

    Args:
        canvas: The pixels [H, W, 4], not premultiplied.
        colors: How many colours there may be.

    Source: P. Heckbert, "Color image quantization for frame buffer display", 1982, the popularity algorithm.
    """
    from PIL import Image as Images

    pixels = np.ascontiguousarray(canvas).view(np.uint32)[..., 0]
    height, width = pixels.shape
    # Cells and bars are many pixels each: rows as the one above, and runs of one colour, are looked at once.
    rows = _starts(np.any(pixels[1:] != pixels[:-1], axis=1))
    repeats = np.diff(rows, append=height)
    flat = pixels[rows].reshape(-1)
    runs = _starts(flat[1:] != flat[:-1])
    lengths = np.diff(runs, append=len(flat))
    found = np.unique(flat[runs])
    if len(found) > _MOST_COMPARED:
        octree, none = Images.Quantize.FASTOCTREE, Images.Dither.NONE
        return Images.fromarray(canvas).quantize(colors, method=octree, dither=none)
    places = np.searchsorted(found, flat[runs])
    counts = np.bincount(places, lengths * repeats[runs // width])
    palette, codes = _commonest(_premultiplied(found), counts, colors)
    indices = codes[places].repeat(lengths).reshape(len(rows), width).repeat(repeats, axis=0)
    image = Images.fromarray(indices, "P")
    image.putpalette(found[palette].tobytes(), "RGBA")
    return image


def _starts(changes: Array) -> Array:
    """Returns where runs start, the first at 0; ``changes`` tells of each place but the first whether one does."""
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _commonest(seen: Array, counts: Array, most: int) -> tuple[Array, Array]:
    """Returns the places of the colours that are kept, and for each colour which of them stands for it.

    Args:
        seen: The colours, premultiplied [N, 4].
        counts: How many pixels have each [N].
        most: How many are kept at most.
    """
    order = np.argsort(-counts, kind="stable")
    common = int(np.count_nonzero(counts * _RARE > counts[seen[:, 3] > 0].sum()))
    kept = order[: min(most, max(_FEW, common))]
    distances = _distances(seen, seen[kept])
    codes, nearest = distances.argmin(axis=1), distances.min(axis=1)
    # Rare colours that none is near to are signs, such as that of a NaN.
    while len(kept) < most and (far := nearest > _NEAR**2).any():
        added = order[far[order]][:1]
        further = _distances(seen, seen[added])[:, 0]
        closer = further < nearest
        codes[closer], nearest[closer] = len(kept), further[closer]
        kept = np.append(kept, added)
    return kept, codes.astype(np.uint8)


def _distances(colors: Array, palette: Array) -> Array:
    """Returns the squared distance of each colour [N, 4] to each of a palette [M, 4]."""
    squares = (colors**2).sum(axis=1)[:, None] + (palette**2).sum(axis=1)
    return np.asarray(np.maximum(squares - 2 * colors @ palette.T, 0))


def _premultiplied(colors: Array) -> Array:
    """Returns red, green, blue and alpha [N, 4] of packed colours; hue counts more than how opaque an edge is."""
    parts = colors.view(np.uint8).reshape(-1, 4).astype(np.float32)
    parts[:, :3] *= parts[:, 3:] * (_HUE / 255)
    return parts
