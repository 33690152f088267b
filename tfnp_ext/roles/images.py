"""Roles of pictures: images and batches of them, videos and masks, by layout and by range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfnp_ext import wording
from tfnp_ext.roles.base import SMALL, Array, Role, is_float, values_checked
from tfnp_ext.statistics import Statistics

CHANNELS = frozenset({1, 3, 4})
"""How many channels an image may have: grey, RGB, RGBA."""

_SHORTEST_SIDE = 5
_LONGEST_FORM = 4
_WIDEST_STANDARDISED = 8.0
_UNIT = (0.25, 2.5)
_ALIKE = 0.6
"""Neighbours of a photo differ by less than so many standard deviations on average; those of noise by 1.13."""


@dataclass(frozen=True)
class _Layout:
    """How an array can be read as images.

    Attributes:
        values: The values, channels last.
        height: Rows of an image.
        width: Columns of an image.
        channels: 1, 3 or 4.
        batch: How many images, ``None`` for one.
        frames: Frames of each video, 0 for images.
        clue: What of the shape says so.
        explicit: Whether an axis is that of channels.
    """

    values: Array
    height: int
    width: int
    channels: int
    batch: int | None
    clue: str
    frames: int = 0
    explicit: bool = True


def read_images(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of an image, a batch of them or of videos; ``None`` where shape or range is not theirs."""
    layout = _layout(drawn)
    if layout is None:
        return None
    found = _limits(layout, statistics)
    if found is None or _is_no_picture(layout, statistics):
        return None
    limits, scale = found
    truths = drawn.dtype.kind == "b"
    colour = "" if truths else {1: "grey", 3: "RGB", 4: "RGBA"}[layout.channels]
    form = ", square" if layout.height == layout.width else ""
    why = f"{layout.clue}{form}, {scale}"
    size = f"{layout.width} × {layout.height}"
    if layout.frames:
        many = wording.plural(layout.batch or 1, "video")
        title = f"{many} of {wording.plural(layout.frames, 'frame')}, {colour or 'masks'}, {size}"
        return Role("video", title, f"read as videos: {why}", layout.values, limits)
    noun = "mask" if truths else f"{colour} image"
    if layout.batch is None:
        article = "a mask" if truths else "an image"
        return Role("image", f"{noun}, {size}", f"read as {article}: {why}", layout.values, limits)
    plural = "" if layout.batch == 1 else "s"
    told = f", {size}" if layout.channels > 1 or truths else ""
    title = f"{wording.integer(layout.batch)} {noun}{plural}{told}"
    return Role("images", title, f"read as {'masks' if truths else 'images'}: {why}", layout.values, limits)


def _layout(drawn: Array) -> _Layout | None:
    """Returns how the shape can be that of images; channels first only where they cannot be last."""
    shape = drawn.shape
    truths = drawn.dtype.kind == "b"
    if drawn.ndim == 2 and drawn.size > SMALL:
        fits = shape[0] == shape[1] or (truths and _is_frame(*shape))
        return _Layout(drawn, shape[0], shape[1], 1, None, "rank 2", explicit=False) if fits else None
    if drawn.ndim < 3 or drawn.ndim > 5:
        return None
    if shape[-1] in CHANNELS and min(shape[-3:-1]) >= _SHORTEST_SIDE:
        return _with_channels(drawn, f"last axis {shape[-1]}")
    square = drawn.ndim == 3 and shape[1] == shape[2] >= _SHORTEST_SIDE
    if square or (drawn.ndim == 3 and truths and _is_frame(*shape[1:])):
        return _Layout(drawn, shape[1], shape[2], 1, shape[0], "rank 3", explicit=False)
    if shape[-3] in CHANNELS and min(shape[-2:]) >= _SHORTEST_SIDE:
        return _with_channels(np.moveaxis(drawn, -3, -1), f"channels first, {shape[-3]}")
    return None


def _is_frame(height: int, width: int) -> bool:
    """Returns whether a matrix of truths has the form of a picture rather than of a table."""
    return min(height, width) >= _SHORTEST_SIDE and max(height, width) <= _LONGEST_FORM * min(height, width)


def _with_channels(values: Array, clue: str) -> _Layout:
    height, width, channels = values.shape[-3:]
    before = values.shape[:-3]
    frames = before[1] if len(before) == 2 else 0
    return _Layout(values, height, width, channels, before[0] if before else None, clue, frames)


def _limits(layout: _Layout, statistics: Statistics) -> tuple[tuple[float, float], str] | None:
    """Returns the values of black and white and the range in words; ``None`` where it is not that of pixels."""
    values = layout.values
    low, high = float(statistics.minimum), float(statistics.maximum)
    if values.dtype.kind == "b":
        return (0.0, 1.0), "True and False"
    if values.dtype == np.uint8:
        return ((0.0, 255.0) if high > 1 else (0.0, 1.0)), "uint8"
    if low == high:
        return None
    limits = None
    if low >= 0 and high <= 1:
        limits = (0.0, 1.0) if is_float(values) else None
    elif low >= 0 and high <= 255 and (layout.explicit or (is_float(values) and _is_whole(values))):
        limits = (0.0, 255.0) if high > 16 else (0.0, high)
    elif layout.explicit and -1 <= low < -0.3 and 0.3 < high <= 1 and is_float(values):
        limits = (-1.0, 1.0)
    elif _is_standardised(layout, statistics):
        return (low, high), f"standardised: mean {wording.number(statistics.mean, 2)}, neighbours alike"
    return None if limits is None else (limits, f"{limits[0]:g}…{limits[1]:g}")


def _is_standardised(layout: _Layout, statistics: Statistics) -> bool:
    """Returns whether values of both signs are pixels less their mean over their spread: neighbours are alike."""
    low, high = float(statistics.minimum), float(statistics.maximum)
    if not layout.explicit or not is_float(layout.values) or statistics.invalid or not low < 0 < high:
        return False
    if max(-low, high) > _WIDEST_STANDARDISED or not _UNIT[0] <= statistics.std <= _UNIT[1]:
        return False
    return abs(statistics.mean) < 1 and _neighbours_alike(_first_image(layout))


def _first_image(layout: _Layout) -> Array:
    """Returns the first image [H, W, C], cut to what is read for a role, in float64."""
    image = layout.values
    while image.ndim > 3:
        image = image[0]
    image = image if layout.explicit else (image if image.ndim == 2 else image[0])[..., None]
    rows = max(2, values_checked(layout.values) // max(1, image.shape[1] * image.shape[2]))
    return np.asarray(image[:rows]).astype(np.float64)


def _neighbours_alike(image: Array) -> bool:
    spread = float(image.std())
    if not spread:
        return False
    steps = [float(np.abs(np.diff(image, axis=axis)).mean()) for axis in (0, 1)]
    return max(steps) < _ALIKE * spread


def _is_whole(values: Array) -> bool:
    head = np.asarray(values.flat[: values_checked(values)]).astype(np.float64)
    return bool((head == np.floor(head)).all())


def _is_no_picture(layout: _Layout, statistics: Statistics) -> bool:
    """Returns whether it is attention, a correlation, or class probabilities of every pixel rather than a picture."""
    if not is_float(layout.values) or statistics.invalid:
        return False
    image = _first_image(layout)
    if layout.explicit and layout.channels > 1:
        return bool(np.abs(image.sum(axis=-1) - 1).max() < 0.01)
    if layout.explicit or len(image) < layout.height:
        return False
    plane = image[..., 0]
    return bool(np.abs(plane.sum(axis=1) - 1).max() < 0.05 or (np.diagonal(plane) == 1).all())
