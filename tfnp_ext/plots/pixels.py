"""Numbers made bytes, and large images made small, a part at a time, so that nothing of their size is allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfnp_ext.plots.base import STYLE, Array, Style, as_floats, near_one

if TYPE_CHECKING:
    from PIL.Image import Image

_AT_A_TIME = 2**17
"""Values made bytes at a time: they stay in the processor's cache."""

_ALL_CODES = 2**16
"""Of more numbers of two bytes than there can be different ones, each different one is made a byte only once."""

_GAP = 2.0
"""A thumbnail is the mean of at least so many pixels each way of what was reduced by a whole factor before."""


class Scale:
    """How numbers become bytes: ``limits`` become 0 and 255, what is not finite 0.

    Args:
        dtype: That of the numbers.
        limits: The values shown as black and white.
        count: How many numbers there will be.
    """

    def __init__(self, dtype: np.dtype, limits: tuple[float, float], count: int) -> None:
        self._limits = limits
        self._as_is = dtype == np.uint8 and tuple(limits) == (0, 255)
        self._codes: type[np.unsignedinteger] | None = None
        if self._as_is or dtype.itemsize > 2 or (dtype.itemsize == 2 and count <= _ALL_CODES):
            return
        self._codes = np.uint8 if dtype.itemsize == 1 else np.uint16
        every = np.arange(256**dtype.itemsize, dtype=np.int64).astype(self._codes).view(dtype)
        self._table, lost = _to_bytes(every, limits)
        self._lost = lost if dtype.kind in "fV" else None

    def __call__(self, values: Array) -> tuple[Array, Array | None]:
        """Returns the bytes, and which values are not finite, ``None`` where all are."""
        if self._as_is:
            return values, None
        if self._codes is None:
            return _to_bytes(values, self._limits)
        codes = values.view(self._codes)
        lost = None if self._lost is None else self._lost.take(codes)
        return self._table.take(codes), lost if lost is not None and lost.any() else None


def _to_bytes(values: Array, limits: tuple[float, float]) -> tuple[Array, Array | None]:
    low, high = limits
    floats = as_floats(values)
    finite = np.isfinite(floats)
    lost = None if finite.all() else ~finite
    with np.errstate(all="ignore"):
        # Plain arithmetic where it can neither overflow nor lose what tells black from white.
        widest, spread = max(abs(low), abs(high)), high - low
        if spread > 0.01 * widest and 1e-30 < widest < 1e30:
            number = floats.dtype.type
            scaled = np.subtract(floats, number(low))
            scaled *= number(255 / spread)
        else:
            floats, low_end, high_end = near_one(floats, low, high)
            scaled = (floats - low_end) / (float(high_end - low_end) or 1.0) * 255
        np.clip(scaled, 0, 255, out=scaled)
        pixels = np.rint(scaled, out=scaled).astype(np.uint8)
    if lost is not None:
        pixels[lost] = 0
    return pixels, lost


def to_pixels(values: Array, limits: tuple[float, float], style: Style = STYLE) -> Array:
    """Returns bytes [N, H, W, C]: ``limits`` become 0 and 255, what is not finite becomes magenta.

    Args:
        values: Images [N, H, W, C].
        limits: The values shown as black and white.
        style: For the magenta.
    """
    if values.dtype == np.uint8 and tuple(limits) == (0, 255):
        return values
    count, height, width, channels = values.shape
    pixels = np.empty(values.shape, np.uint8)
    lost = np.zeros((count, height, width), bool)
    scale = Scale(values.dtype, limits, values.size)
    rows = max(1, _AT_A_TIME // max(1, width * channels))
    for number in range(count):
        for top in range(0, height, rows):
            part = slice(top, top + rows)
            pixels[number, part], gone = scale(values[number, part])
            if gone is not None:
                lost[number, part] = gone.any(axis=-1)
    return _marked(pixels, lost, style)


def _marked(pixels: Array, lost: Array, style: Style = STYLE) -> Array:
    """Returns pixels with those that are lost in magenta, which makes grey ones RGB."""
    if not lost.any():
        return pixels
    if pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)
    magenta = [int(style.magenta[place : place + 2], 16) for place in (1, 3, 5)]
    pixels[lost] = magenta + [255] * (pixels.shape[-1] - 3)
    return pixels


@dataclass(frozen=True)
class Reduced:
    """An image reduced by whole factors, from which thumbnails are made.

    Attributes:
        image: The means over blocks of its pixels; those of RGBA count by how opaque they are.
        extent: Width and height of the whole in pixels of ``image``; blocks at its far edges may be smaller.
        lost: Whether a block holds what is not finite [H, W].
    """

    image: Image
    extent: tuple[float, float]
    lost: Array

    def resized(self, width: int, height: int, grown: int = 0) -> Array:
        """Returns a thumbnail as bytes [H, W, C]; a pixel is magenta if any that it covers is not finite.

        Args:
            width: Its pixels across.
            height: Its pixels down.
            grown: How many pixels around such a one are magenta too.
        """
        image = self.image
        if (width, height) != image.size:
            if image.mode == "RGBA":
                image = image.convert("RGBa")
            # In floats, because bytes would be rounded twice more, and a half always up.
            box = (0, 0, *self.extent)
            planes = [plane.convert("F").resize((width, height), resample=4, box=box) for plane in image.split()]
            image = _merged(image.mode, [np.rint(np.asarray(plane)).astype(np.uint8) for plane in planes])
        pixels = np.array(image.convert("RGBA") if image.mode == "RGBa" else image).reshape(height, width, -1)
        if not self.lost.any():
            return pixels
        down, across = (
            np.ceil(np.arange(new) * (old / new) - 1e-9).astype(np.intp)
            for new, old in zip((height, width), self.lost.shape, strict=True)
        )
        lost = np.logical_or.reduceat(np.logical_or.reduceat(self.lost, down), across, axis=1)
        if grown:
            around = np.lib.stride_tricks.sliding_window_view(np.pad(lost, grown), (2 * grown + 1, 2 * grown + 1))
            lost = np.asarray(around.any(axis=(2, 3)))
        return _marked(pixels, lost)


def _merged(mode: str, planes: list[Array]) -> Image:
    from PIL import Image

    images = [Image.fromarray(plane) for plane in planes]
    return images[0] if len(images) == 1 else Image.merge(mode, images)


def reduce_image(values: Array, limits: tuple[float, float], size: tuple[int, int]) -> Reduced:
    """Returns an image made small enough that thumbnails up to some size are the means of what they cover.

    Args:
        values: An image [H, W, C], however it lies in memory.
        limits: The values shown as black and white.
        size: Width and height of the largest thumbnail that will be made.
    """
    from PIL import Image

    height, width, channels = values.shape
    wide, tall = (max(1, int(whole / new / _GAP)) for whole, new in zip((width, height), size, strict=True))
    # Grey, and colours that lie apart in memory, are reduced plane by plane.
    apart = channels == 1 or (channels == 3 and abs(values.strides[2]) > abs(values.strides[1]))
    # Transparent pixels are averaged by how opaque they are; those that stay as they are keep their colour.
    modes = {1: "L", 3: "RGB", 4: "RGBa" if (wide, tall) != (1, 1) else "RGBA"}
    reduced = Image.new(modes[channels], (-(-width // wide), -(-height // tall)))
    lost = np.zeros((reduced.height, reduced.width), bool)
    scale = Scale(values.dtype, limits, values.size)
    across = wide * max(1, min(reduced.width, _AT_A_TIME // (channels * wide * tall)))
    down = tall * max(1, _AT_A_TIME // (channels * across * tall))
    for top in range(0, height, down):
        for left in range(0, width, across):
            part = values[top : top + down, left : left + across]
            small = []
            for piece in np.moveaxis(part, -1, 0) if apart else (_side_by_side(part),):
                pixels, gone = scale(piece)
                image = Image.fromarray(np.ascontiguousarray(pixels))
                small.append((image.convert(modes[4]) if channels == 4 else image).reduce((wide, tall)))
                if gone is not None:
                    rows, columns = np.arange(0, part.shape[0], tall), np.arange(0, part.shape[1], wide)
                    there = gone if gone.ndim == 2 else gone.any(axis=-1)
                    there = np.logical_or.reduceat(np.logical_or.reduceat(there, rows), columns, axis=1)
                    place = (
                        slice(top // tall, top // tall + len(rows)),
                        slice(left // wide, left // wide + len(columns)),
                    )
                    lost[place] |= there
            reduced.paste(small[0] if len(small) == 1 else Image.merge("RGB", small), (left // wide, top // tall))
    return Reduced(reduced, (width / wide, height / tall), lost)


def _side_by_side(part: Array) -> Array:
    """Returns a part of an image [H, W, C] with its pixels beside each other, copied whole if they are not."""
    beside = part.shape[2] * part.itemsize
    if part.strides[2] != part.itemsize or part.strides[1] == beside:
        return part
    return np.ascontiguousarray(part.view(f"V{beside}")).view(part.dtype)


def ends_of(images: list[Array]) -> tuple[float, float] | None:
    """Returns the smallest and the largest finite value; ``None`` where there is none."""
    low, high = math.inf, -math.inf
    for part in _parts(images):
        floats = as_floats(part)
        finite = floats[np.isfinite(floats)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else None


def count_invalid(images: list[Array]) -> int:
    """Returns how many values are not finite."""
    return sum(int(part.size - np.isfinite(as_floats(part)).sum()) for part in _parts(images))


def _parts(images: list[Array]) -> list[Array]:
    """Returns views of a few rows and columns each."""
    parts = []
    for image in images:
        height, width, channels = image.shape
        across = max(1, min(width, _AT_A_TIME // channels))
        down = max(1, _AT_A_TIME // (across * channels))
        parts += [
            image[top : top + down, left : left + across]
            for top in range(0, height, down)
            for left in range(0, width, across)
        ]
    return parts
