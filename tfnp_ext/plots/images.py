"""Images as they are: one, or a sheet of them; made by Pillow, pixel by pixel, never tinted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import MOST_COPIED, DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Block, Picture, Tile, Tiles, even_columns
from tfnp_ext.plots.base import (
    STYLE,
    Array,
    Plot,
    Style,
    as_floats,
    drawn_values,
    is_numeric,
    prepared_once,
    register_plot,
)
from tfnp_ext.plots.greys import GreyImages, encode_greys, most_greys
from tfnp_ext.plots.pixels import count_invalid, ends_of, reduce_image, to_pixels
from tfnp_ext.plots.sheet import BUDGET
from tfnp_ext.roles.images import CHANNELS
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

LINE = 760
"""CSS pixels a line of tiles may be long."""

MOST_TILES = 36
"""Tiles of a sheet: three lines of twelve."""

_MOST_PHOTOS, _MOST_FRAMES = 6, 24
_SMALL = 64
_ONE = 112
_EACH, _LEAST = 52, 40
_GAP = 4
_FRAME = 1
_PHOTO_ZOOM = 1.5
_PALETTE = 64
_PNG_HEADER = 80
_PALETTE_HEADER = 260
_QUALITIES = (70, 55, 40, 25, 10)
_MOST_READ = 3 * 2**24
"""Values of large images that are read, in about a tenth of a second; of more, evenly spaced rows and columns."""

_MOST_SPACED = 2**25
"""Values that are read in these, each of which takes longer."""

Coding = Literal["exact", "palette", "photo"]


@dataclass(frozen=True)
class Images:
    """Images that are drawn.

    Attributes:
        values: The images shown, each [H, W, C]: views, where they are in the memory of the host.
        count: How many there are.
        limits: The values shown as black and white.
        zoom: CSS pixels to a pixel: whole for small images, below 1 for thumbnails.
        coding: ``exact`` pixels, a ``palette`` of 64 colours, or a JPEG ``photo``.
        single: Whether the value is one image rather than a batch.
        names: The index of each image shown, as it stands below it.
        whole: Height and width of an image of which not all rows and columns were read.
        step: Of so many rows and columns of large images only one was read; 1 for all.
        invalid: How many of the values read are not finite.
    """

    values: list[Array]
    count: int
    limits: tuple[float, float]
    zoom: float
    coding: Coding
    single: bool
    names: tuple[str, ...] = ()
    whole: tuple[int, int] | None = None
    step: int = 1
    invalid: int = 0

    @property
    def frame(self) -> tuple[int, int]:
        """Height and width of an image in its own pixels."""
        return self.whole or (int(self.values[0].shape[0]), int(self.values[0].shape[1]))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a tile in CSS pixels."""
        height, width = self.frame
        return max(1, round(width * self.zoom)), max(1, round(height * self.zoom))

    @property
    def truths(self) -> bool:
        """Whether they are masks."""
        return bool(self.values[0].dtype.kind == "b")

    @property
    def colors(self) -> int:
        """Colours of a palette: transparency needs more of them."""
        return 256 if self.values[0].shape[2] == 4 else _PALETTE

    @property
    def colour(self) -> str:
        """The kind of colour in words."""
        return {1: "grey", 3: "RGB", 4: "RGBA"}[self.values[0].shape[2]]

    @cached_property
    def greys(self) -> GreyImages | None:
        """The PNGs of small grey images; ``None`` of others, and where some values are magenta."""
        if self.coding != "exact" or self.invalid or self.values[0].shape[2] != 1:
            return None
        return encode_greys(self.pixels()[..., 0], round(self.zoom))

    def pixels(self) -> Array:
        """Returns all that was read as bytes [N, H, W, C]."""
        stacked = self.values[0][None] if len(self.values) == 1 else np.stack(self.values)
        return to_pixels(stacked, self.limits)


class _ImagePlot(Plot):
    """What one image and a batch of them share."""

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of a tile."""
        return self.prepare(summary, options).size

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many images of what size and range."""
        images = self.prepare(summary, options)
        height, width = images.frame
        low, high = ("False", "True") if images.truths else map(_short, images.limits)
        many = "One" if images.single else wording.integer(images.count)
        noun = "frame" if summary.role == "video" else "mask" if images.truths else "image"
        noun = f"{noun}{'' if images.single or images.count == 1 else 's'}"
        colour = "" if images.truths else f"{images.colour} "
        chosen = "spread over all" if summary.role == "video" else "the first"
        shown = f", {chosen} {len(images.values)} shown" if len(images.values) < images.count else ""
        if summary.role == "video":
            shown = f"{_of_videos(summary)}{shown}"
        lost = images.invalid
        marked = f" {wording.plural(lost, 'value')} not finite, magenta." if lost else ""
        size = wording.extent((width, height))
        return f"{many} {colour}{noun} of {size}{shown}, {low} black, {high} white.{marked}"

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many are shown, which values are black and white, and how large a pixel is drawn."""
        images = self.prepare(summary, options)
        notes = []
        if len(images.values) < images.count or summary.role == "video":
            frames = f" frames{_of_videos(summary)}" if summary.role == "video" else ""
            notes.append(f"{len(images.values)} of {wording.integer(images.count)}{frames}")
        if not _as_is(images) and not images.truths:
            low, high = map(_short, images.limits)
            notes.append(f"shown {low} → black, {high} → white")
        if images.zoom < 1:
            notes.append(f"thumbnails {wording.percent(images.zoom, 0)}")
        elif images.zoom > 1:
            notes.append(f"× {images.zoom:.0f}")
        if images.step > 1:
            notes.append(f"1 of {images.step} rows and columns read")
        notes += colour_notes(images)
        if images.invalid:
            notes.append("not finite → magenta")
        return ", ".join(notes)

    def blocks(self, summary: Summary, options: DisplayOptions) -> tuple[Block, ...]:
        """Returns one tile an image, encoded only by formats that can show it."""
        if not options.plots:
            return ()
        images = self.prepare(summary, options)
        framed = images.truths  # white on white paper, or black on black, they would run into one another
        columns = tile_columns(len(images.values), images.size[0] + 2 * _FRAME * framed)
        alt = self.alt(summary, options)
        return (Tiles(lambda: self.tiles(summary, options), alt, columns=columns, framed=framed),)

    def tiles(self, summary: Summary, options: DisplayOptions) -> tuple[Tile, ...]:
        """Returns the tiles, each with its own alt text and the numbers that hovering tells."""
        images = self.prepare(summary, options)
        height, width = images.frame
        tiles = []
        for number, picture in enumerate(encode(images)):
            index = "" if images.single else images.names[number]
            large = images.values[number].size > 2**20 or images.step > 1
            title = f"{width} × {height}" if large else _numbers(images.values[number])
            alt = f"{f'[{index}] ' if index else ''}{'mask' if images.truths else images.colour} {width} × {height}"
            tiles.append(Tile(picture, alt, f"[{index}] {title}" if index else title, index))
        return tuple(tiles)

    def picture(self, summary: Summary, options: DisplayOptions) -> Picture:
        """Returns the first tile."""
        return self.tiles(summary, options)[0].picture

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> Images:
        """Returns the images that fit, and how they are encoded."""
        values = drawn_values(summary)
        single = self.name == "image"
        video = values.ndim == 5
        values = values[None] if single else values[0] if video else values
        if values.ndim == 3:
            values = values[..., None]
        count = len(values)
        height, width, channels = values.shape[1:]
        zoom, coding, most = _layout(height, width, channels, min(count, _MOST_FRAMES) if video else count, single)
        most = min(most, 2 * _across(max(1, round(width * zoom)))) if video else most
        if coding == "photo" and values.dtype.kind == "b":
            coding = "palette"  # the edges of a mask are sharp, and its PNG is small
        # Frames that follow each other look alike: of a video those shown are spread over all of it.
        places = (
            np.linspace(0, count - 1, min(count, most)).round().astype(int) if video else np.arange(min(count, most))
        )
        step = step_read(values, len(places))
        shown = [np.asarray(values[place, ::step, ::step]) for place in places.tolist()]
        names = () if single else tuple(map(str, places.tolist()))
        known = summary.statistics
        invalid = 0 if known is not None and known.exact and not known.invalid else count_invalid(shown)
        limits, frame = _limits(summary, shown), (height, width)
        images = Images(shown, count, limits, zoom, coding, single, names, frame, step, invalid)
        # Drawn and smooth images are small enough with all of their colours; only encoding them tells.
        if coding == "palette" and zoom >= 1 and sum(len(_png(image, 1, 0)) for image in images.pixels()) <= BUDGET:
            images = replace(images, coding="exact")
        return images

    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``axes.imshow`` of the pixels; of a batch one sheet with a gap between the images."""
        images = self.prepare(summary, options)
        pixels = images.pixels()
        if pixels.shape[-1] == 1:
            pixels = np.repeat(pixels, 3, axis=-1)
        sheet = pixels[0] if images.single else _montage(pixels)
        axes.imshow(sheet, interpolation="nearest", origin="upper")
        axes.set_axis_off()


@register_plot
class ImagePlot(_ImagePlot):
    """One image."""

    name = "image"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for an image, 0.3 for anything of its shape."""
        values = summary.drawn
        if values is None or not is_numeric(values):
            return 0.0
        if values.ndim == 2 or (values.ndim == 3 and values.shape[2] in CHANNELS):
            return 0.9 if summary.role == "image" else 0.3
        return 0.0


@register_plot
class GridPlot(_ImagePlot):
    """A batch of images, as many as a card holds."""

    name = "grid"

    def suits(self, summary: Summary) -> float:
        """Returns 0.9 for a batch of images, 0.3 for anything of its shape."""
        values = summary.drawn
        if values is None or not is_numeric(values):
            return 0.0
        if values.ndim == 3 or (values.ndim in {4, 5} and values.shape[-1] in CHANNELS):
            return 0.9 if summary.role in {"images", "video"} else 0.3
        return 0.0


def tile_columns(count: int, width: int, line: int = LINE) -> int:
    """Returns how many tiles stand in a line so that none is left alone in the last one.

    Args:
        count: How many tiles there are.
        width: Width of a tile in CSS pixels.
        line: Length of a line in CSS pixels.

    Example:
        >>> tile_columns(13, 56), tile_columns(16, 48), tile_columns(24, 56)
        (7, 8, 12)
    """
    return even_columns(count, _across(width, line))


def _across(width: int, line: int = LINE) -> int:
    """Returns how many tiles have room in a line."""
    return max(1, (line + _GAP) // (width + _GAP))


def _layout(height: int, width: int, channels: int, count: int, single: bool) -> tuple[float, Coding, int]:
    """Returns the zoom, the coding and how many images fit, from shapes alone, so that the card can say it at once."""
    side = max(height, width)
    if side > _SMALL:
        return _photo_layout(height, width, channels, count, single)
    most = 1 if single else min(count, MOST_TILES)
    zoom = max(1, _ONE // side) if single else _sheet_zoom(side, width, most)
    exact = height * width * channels + _PNG_HEADER
    if channels == 1:
        return zoom, "exact", _whole_lines(most, max(1, most_greys(height * width)), width * zoom)
    if most * exact <= BUDGET:
        return zoom, "exact", most
    reduced = int(height * width * 0.8) + _PALETTE_HEADER
    return zoom, "palette", _whole_lines(most, max(1, BUDGET // reduced), width * zoom)


def _sheet_zoom(side: int, width: int, count: int) -> int:
    """Returns CSS pixels to a pixel of a small image, one less where that saves a line of tiles."""
    zoom = max(1, round(_EACH / side))
    smaller = max(1, zoom - 1)
    lines, fewer = (math.ceil(count / _across(width * each)) for each in (zoom, smaller))
    return smaller if fewer < lines and side * smaller >= _LEAST else zoom


def _photo_layout(height: int, width: int, channels: int, count: int, single: bool) -> tuple[float, Coding, int]:
    shown = 1 if single else min(count, _MOST_PHOTOS if max(height, width) > 160 else 2 * _MOST_PHOTOS)
    target = {1: (320, 214), 2: (224, 150)}.get(shown, (160, 107))
    if channels == 4:
        # JPEG has no transparency, and a palette costs about a byte for each pixel.
        target = {1: (150, 150)}.get(shown, (90, 90))
        shown = min(shown, 3)
    zoom = min(1.0, target[0] / width, target[1] / height)
    return zoom, "palette" if channels == 4 else "photo", shown


def _whole_lines(count: int, fitting: int, width: int) -> int:
    """Returns ``count``, or, where fewer fit, as many as fill the lines of a sheet."""
    most = _across(width)
    shown = min(count, fitting)
    return shown if shown <= most or shown == count else shown // most * most


def step_read(values: Array, shown: int) -> int:
    """Returns of how many rows and columns one is read: of very large images, on another device of large ones."""
    if max(values.shape[1:3]) <= _SMALL:
        return 1
    count = shown * math.prod(values.shape[1:])
    if isinstance(values, DeviceArray):
        return max(1, math.ceil(math.sqrt(count * values.itemsize / MOST_COPIED)))
    return 1 if count <= _MOST_READ else math.ceil(math.sqrt(count / _MOST_SPACED))


def _of_videos(summary: Summary) -> str:
    """Returns which video the frames are of, where there are several."""
    count = 0 if summary.drawn is None else len(summary.drawn)
    return f" of the first of {wording.integer(count)} videos" if count > 1 else ""


def _limits(summary: Summary, shown: list[Array]) -> tuple[float, float]:
    """Returns the values of black and white: those of the role, else the ends of what is shown."""
    if summary.limits is not None:
        return summary.limits
    if shown[0].dtype == np.uint8:
        return 0.0, 255.0
    return ends_of(shown) or (0.0, 1.0)


def _as_is(images: Images) -> bool:
    return images.values[0].dtype == np.uint8 and tuple(images.limits) == (0.0, 255.0)


def _short(limit: float) -> str:
    """Returns a limit without zeros that say nothing: ``1``, ``0.25``."""
    return f"{limit:.4g}"


def _numbers(values: Array) -> str:
    floats = as_floats(values)
    finite = floats[np.isfinite(floats)]
    if not finite.size:
        return "no finite values"
    low, high = wording.number(float(finite.min())), wording.number(float(finite.max()))
    with np.errstate(all="ignore"):
        mean = float(finite.mean(dtype=np.float64))
    return f"min {low}, max {high}, mean {wording.number(mean)}"


def _montage(pixels: Array) -> Array:
    """Returns one sheet of RGBA bytes with a transparent pixel between the images."""
    count, height, width, channels = pixels.shape
    columns = tile_columns(count, width, max(width, math.ceil(math.sqrt(count * 2)) * (width + _GAP)))
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, 4), np.uint8)
    for number in range(count):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        sheet[top : top + height, left : left + width, 3] = 255
        sheet[top : top + height, left : left + width, :channels] = pixels[number]
    return sheet


def colour_notes(images: Images) -> list[str]:
    """Returns what was lost of the colours."""
    if images.coding == "photo":
        return ["JPEG"]
    if images.coding == "palette":
        return [] if images.truths else [f"at most {images.colors} colours each"]
    return [f"at most {images.greys.greys} greys each"] if images.greys and images.greys.greys < 256 else []


def encode(images: Images) -> list[Picture]:
    """Returns the tiles as PNG or JPEG, all together within the budget."""
    width, height = images.size
    if images.greys is not None:
        left = images.greys.zoom < images.zoom
        return [Picture(data, "image/png", width, height, left) for data in images.greys.pngs]
    largest = _PHOTO_ZOOM if images.coding == "photo" else 1.0
    thumbnails = _Thumbnails(images, largest)
    if images.coding == "photo":
        for zoom in (_PHOTO_ZOOM, 1.0):
            small = thumbnails.at(zoom)
            for quality in _QUALITIES:
                coded = [_jpeg(image, quality, sharp=images.invalid > 0) for image in small]
                if sum(map(len, coded)) <= BUDGET:
                    return [Picture(data, "image/jpeg", width, height) for data in coded]
        return [Picture(data, "image/jpeg", width, height) for data in coded]
    small = thumbnails.at(1.0)
    zoom = max(1, round(images.zoom))
    palettes = ((zoom, images.colors), (zoom, 32), (zoom, 16), (zoom, 8), (zoom, 4))
    # Noise doubles in size when it is enlarged; then that is left to the page.
    for enlarged, colors in palettes if images.coding == "palette" else ((zoom, 0), (1, 0)):
        coded = [_png(image, enlarged, colors) for image in small]
        if sum(map(len, coded)) <= BUDGET:
            break
    return [Picture(data, "image/png", width, height, enlarged < zoom) for data in coded]


class _Thumbnails:
    """Images at the size they are shown, or one and a half times that; smaller ones as they are."""

    def __init__(self, images: Images, largest: float) -> None:
        self._images = images
        self._reduced = None
        if images.zoom * images.step < 1:
            size = self._size(largest)
            self._reduced = [reduce_image(image, images.limits, size) for image in images.values]

    def _size(self, zoom: float) -> tuple[int, int]:
        height, width = self._images.values[0].shape[:2]
        least = min(1.0, self._images.zoom * self._images.step * zoom)
        return max(1, round(width * least)), max(1, round(height * least))

    def at(self, zoom: float) -> list[Array]:
        """Returns the pixels of each image, at some zoom of the size shown."""
        if self._reduced is None:
            return list(self._images.pixels())
        # JPEG would wash out a single pixel.
        grown = 1 if self._images.coding == "photo" else 0
        return [reduced.resized(*self._size(zoom), grown) for reduced in self._reduced]


def _image(pixels: Array) -> Image:
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))


def _jpeg(pixels: Array, quality: int, sharp: bool) -> bytes:
    """Returns a JPEG; a ``sharp`` one keeps the colour of a single pixel."""
    target = BytesIO()
    _image(pixels).save(target, "JPEG", quality=quality, optimize=True, subsampling=0 if sharp else 2)
    return target.getvalue()


def _png(pixels: Array, zoom: int, colors: int) -> bytes:
    """Returns a PNG, ``zoom`` pixels to a pixel; of ``colors`` colours, 0 for exactly its own."""
    image = _image(pixels)
    if colors:
        image = image.quantize(colors) if image.mode != "RGBA" else image.quantize(colors, method=2)
    if zoom > 1:
        image = image.resize((image.width * zoom, image.height * zoom), resample=0)
    target = BytesIO()
    image.save(target, "PNG", compress_level=6)
    return target.getvalue()
