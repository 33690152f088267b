"""Roles of pictures: images and batches of them, videos and masks, by layout and by range."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tfnp_ext import wording
from tfnp_ext.roles.base import SMALL, Array, Role, is_float, is_whole, roughness, values_checked
from tfnp_ext.statistics import Statistics

CHANNELS = frozenset({1, 3, 4})
"""How many channels an image may have: grey, RGB, RGBA."""

_SHORTEST_SIDE = 5
_SHORTEST_PLANE = 16
"""Of planes of floats that are not square: fewer columns are the features of a series."""

_LONGEST_FORM = 4
_WIDEST_STANDARDISED = 8.0
_UNIT = (0.25, 2.5)
_ROUGHEST = 0.7
"""Up to this roughness images are pictures: photos are near 0.1, their busiest corners near 0.7, noise near 1."""

_STANDARD = 0.02
"""How far mean and standard deviation of what is standardised may be from 0 and 1."""

_FAINTEST = 0.1
"""A picture whose mean is less than this of its largest value is a few points on black."""

_OVEREXPOSED = 2.0
"""Up to this largest value floats are pixels in 0 … 1 that became brighter."""

DARKEST = 40
"""Up to this largest value white is that value: a map of a few classes would be black on a scale to 255."""

_MOST_SAMPLED = 16


@dataclass(frozen=True)
class _Layout:
    """How an array can be read as images.

    Attributes:
        values: The values, channels last.
        height: Rows of an image.
        width: Columns of an image.
        channels: 1, 3 or 4.
        batch: How many images, ``None`` for one.
        clue: What of the shape says so.
        frames: Frames of each video, 0 for images.
        explicit: Whether an axis is that of channels.
        first: Whether that axis stood before height and width.
        sure: Whether hardly anything but images has this shape.
        maps: Whether they are planes of anything but pixels, such as the channels of an activation.
    """

    values: Array
    height: int
    width: int
    channels: int
    batch: int | None
    clue: str
    frames: int = 0
    explicit: bool = True
    first: bool = False
    sure: bool = True
    maps: bool = False


def read_images(drawn: Array, statistics: Statistics) -> Role | None:
    """Returns the role of an image, a batch of them or of videos; ``None`` where shape or range is not theirs."""
    layout = _layout(drawn)
    if layout is None:
        return None
    found = None if layout.maps else _limits(layout, statistics)
    if found is None:
        return _read_maps(layout) if statistics.minimum < statistics.maximum else None
    limits, scale, sure = found
    guessed = not (sure and layout.sure)
    checked = is_float(drawn) and not statistics.invalid
    sample = _sample(layout) if guessed or checked else None
    if sample is not None and ((guessed and not _are_smooth(sample)) or (checked and _is_no_picture(layout, sample))):
        return None
    truths = drawn.dtype.kind == "b"
    colour = "" if truths else {1: "grey", 3: "RGB", 4: "RGBA"}[layout.channels]
    form = ", square" if layout.height == layout.width else ""
    why = f"{layout.clue}{form}, {scale}{', neighbours alike' if guessed else ''}"
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


def _read_maps(layout: _Layout) -> Role | None:
    """Returns the role of several planes that are no pixels: spectrograms, activations, covariances.

    One alone is a matrix, and planes of noise are no pictures.
    """
    if layout.first and layout.batch is None and layout.channels > 1:  # or what could have been channels
        planes = np.moveaxis(layout.values, -1, 0)
        layout = replace(layout, values=planes, channels=1, batch=len(planes), explicit=False)
    if layout.channels != 1 or layout.frames or (layout.batch or 1) < 2:
        return None
    if not is_float(layout.values) or is_whole(layout.values):
        return None
    sample = _sample(layout)
    if _are_symmetric(sample):
        why = "symmetric"
    elif _are_smooth(sample):
        why = "neighbours alike, not on the scale of an image"
    else:
        return None
    planes = layout.values[..., 0] if layout.explicit else layout.values
    title = f"{wording.integer(len(planes))} maps, {layout.width} × {layout.height}"
    return Role("maps", title, f"read as maps: {layout.clue}, {why}", planes)


def _layout(drawn: Array) -> _Layout | None:
    """Returns how the shape can be that of images; channels first only where they cannot be last."""
    if not 2 <= drawn.ndim <= 5 or drawn.size < SMALL:  # so few numbers stand open
        return None
    if drawn.ndim == 2:
        return _one_plane(drawn) if drawn.size > SMALL else None
    shape = drawn.shape
    if shape[-1] in CHANNELS and min(shape[-3:-1]) >= _SHORTEST_SIDE:
        # Neither a batch nor square, it may be series of a few channels.
        sure = drawn.ndim > 3 or shape[0] == shape[1] or drawn.dtype == np.uint8
        return _with_channels(drawn, f"last axis {shape[-1]}", sure=sure) if sure or _is_frame(*shape[:2]) else None
    square = shape[-2] == shape[-1]
    if drawn.ndim == 3 and shape[0] == shape[1] >= _SHORTEST_SIDE and not square and is_float(drawn):
        return _planes(np.moveaxis(drawn, -1, 0), f"last axis {shape[2]}", maps=True)
    if min(shape[-2:]) < _SHORTEST_SIDE:
        return None
    first = shape[-3] in CHANNELS
    truths, pixels = drawn.dtype.kind == "b", drawn.dtype == np.uint8
    if drawn.ndim == 3 and (square or (_is_frame(*shape[1:]) and (truths or (pixels and not first)))):
        return _Layout(drawn, shape[1], shape[2], 1, shape[0], "rank 3", explicit=False, sure=square)
    if not first:
        several = drawn.ndim == 3 and is_float(drawn) and _is_frame(*shape[1:]) and min(shape[1:]) >= _SHORTEST_PLANE
        return _planes(drawn, "rank 3") if several else None
    sure = drawn.ndim > 3 and square and shape[-3] < max(CHANNELS)
    return _with_channels(np.moveaxis(drawn, -3, -1), f"channels first, {shape[-3]}", first=True, sure=sure)


def _planes(values: Array, clue: str, *, maps: bool = False) -> _Layout:
    """Returns planes that only their values can tell to be pictures."""
    count, height, width = values.shape
    return _Layout(values, height, width, 1, count, clue, explicit=False, sure=False, maps=maps)


def _one_plane(matrix: Array) -> _Layout | None:
    """Returns a square as one image; of bytes and truths, which are seldom tables, any other form of a picture too."""
    height, width = matrix.shape
    pixels = matrix.dtype == np.uint8
    if height != width and not ((pixels or matrix.dtype.kind == "b") and _is_frame(height, width)):
        return None
    return _Layout(matrix, height, width, 1, None, "rank 2", explicit=False, sure=pixels and height == width)


def _is_frame(height: int, width: int) -> bool:
    """Returns whether a matrix has the form of a picture rather than of a table."""
    return min(height, width) >= _SHORTEST_SIDE and max(height, width) <= _LONGEST_FORM * min(height, width)


def _with_channels(values: Array, clue: str, *, sure: bool, first: bool = False) -> _Layout:
    height, width, channels = values.shape[-3:]
    before = values.shape[:-3]
    frames = before[1] if len(before) == 2 else 0
    batch = before[0] if before else None
    return _Layout(values, height, width, channels, batch, clue, frames, first=first, sure=sure)


def _limits(layout: _Layout, statistics: Statistics) -> tuple[tuple[float, float], str, bool] | None:
    """Returns the values of black and white, the range in words, and whether it alone tells that these are pixels.

    ``None`` where it is not the range of pixels.
    """
    values = layout.values
    low, high = float(statistics.minimum), float(statistics.maximum)
    if values.dtype.kind == "b":
        return (0.0, 1.0), "True and False", True
    white = 255.0 if high > DARKEST else max(1.0, high)
    if values.dtype == np.uint8:
        return (0.0, white), "uint8", True
    if low == high or (not is_float(values) and high <= (DARKEST if layout.batch is None else 1)):
        return None  # a few integers are classes of pixels, of which a map and how often each occurs say more
    if low >= 0 and high <= 1:
        # Integers have ended above.
        unit = high if _is_dim(layout, statistics) else 1.0
        return (0.0, unit), f"0…{unit:.3g}", True
    if low >= 0 and high <= 255 and (layout.explicit or is_float(values)):
        whole = not is_float(values) or is_whole(values)
        # Pixels made floats are whole; spectrograms and maps of activations are not.
        if layout.explicit or whole:
            if not whole and high > _OVEREXPOSED and _is_faint(layout, statistics):
                return None  # a spectrogram: a heat map says what its colours are worth
            return (0.0, white), f"0…{white:.3g}", whole
    if values.dtype == np.uint16 and layout.explicit:
        white = next(2.0**bits - 1 for bits in (10, 12, 14, 16) if high < 2**bits)
        return (0.0, white), f"0…{white:.0f}", False
    if not is_float(values):
        return None
    if not layout.explicit:
        return _limits_of_planes(low, high, statistics) if layout.batch is not None else None
    if -1 <= low < -0.3 and 0.3 < high <= 1:
        return (-1.0, 1.0), "-1…1", False
    if _is_standardised(statistics):
        return (low, high), f"standardised: mean {wording.number(statistics.mean, 2)}", False
    if layout.channels == 3 and -256 <= low < 0 < high <= 256 and high - low > DARKEST:
        # Pixels less the mean of each channel, as networks trained with Caffe want them.
        return (low, high), "0…255 less a mean", False
    return None


def _limits_of_planes(low: float, high: float, statistics: Statistics) -> tuple[tuple[float, float], str, bool] | None:
    """Returns the same for images without an axis of channels, which anything smooth could be: by their exact range."""
    if (low, high) == (-1.0, 1.0):
        return (low, high), "-1…1", False
    if _is_standardised(statistics) and max(abs(statistics.mean), abs(statistics.std - 1)) < _STANDARD:
        return (low, high), f"standardised: mean {wording.number(statistics.mean, 2)}", False
    return None


def _is_faint(layout: _Layout, statistics: Statistics) -> bool:
    """Returns whether floats in 0 … 255 are too dark for pixels, all of them or on the whole, as spectrograms are."""
    if layout.channels == 3 and not layout.first:  # a photo in colours is as dark as it is
        return False
    high = float(statistics.maximum)
    return statistics.mean < high * _FAINTEST or (statistics.exact and high < 255 / 2)


def _is_dim(layout: _Layout, statistics: Statistics) -> bool:
    """Returns whether nothing of 0 … 1 is as bright as half of white: a map which would be nearly black.

    A photo in colours is as dark as it is.
    """
    return layout.channels == 1 and statistics.exact and statistics.maximum < 1 / 2


def _is_standardised(statistics: Statistics) -> bool:
    """Returns whether the range is that of pixels of both signs, less their mean and over their spread."""
    low, high = float(statistics.minimum), float(statistics.maximum)
    if statistics.invalid or not low < 0 < high or max(-low, high) > _WIDEST_STANDARDISED:
        return False
    return abs(statistics.mean) < 1 and _UNIT[0] <= statistics.std <= _UNIT[1]


def _sample(layout: _Layout) -> Array:
    """Returns the middles of a few images spread over all, [N, H, W, C] in float64; their mean for what is invalid."""
    values = layout.values if layout.explicit else layout.values[..., None]
    before, (height, width, channels) = values.shape[:-3], values.shape[-3:]
    most = values_checked(layout.values)
    side = max(_SHORTEST_SIDE, math.isqrt(most // channels))
    rows, columns = (slice((n - min(n, side)) // 2, (n + min(n, side)) // 2) for n in (height, width))
    one = (rows.stop - rows.start) * (columns.stop - columns.start) * channels
    count = math.prod(before)
    numbers = np.linspace(0, count - 1, min(count, _MOST_SAMPLED, max(1, most // one))).astype(int)
    places = [np.unravel_index(number, before) if before else () for number in numbers.tolist()]
    sample = np.stack([np.asarray(values[(*place, rows, columns)]).astype(np.float64) for place in places])
    finite = np.isfinite(sample)
    if not finite.all():
        sample[~finite] = sample[finite].mean() if finite.any() else 0.0
    return sample


def _are_smooth(sample: Array) -> bool:
    """Returns whether neighbours are alike down and across, as in photos, drawings and masks, but not in tables."""
    return max(float(_mean_of_some(roughness(sample, axis, (1, 2)))) for axis in (1, 2)) < _ROUGHEST


def _mean_of_some(rough: Array) -> float:
    """Returns the mean over images and channels in which there is anything."""
    return float(rough[rough > 0].mean()) if (rough > 0).any() else 0.0


def _is_no_picture(layout: _Layout, sample: Array) -> bool:
    """Returns whether it is attention, a matrix of pairs, or class probabilities of every pixel, not a picture."""
    if (layout.channels > 1 and _sum_to_1(sample, 3, 0.01)) or (layout.first and _sum_to_1(sample, 2, 0.01)):
        return True
    if layout.explicit:
        return False
    planes = sample[..., 0]
    if _sum_to_1(planes, 2, 0.05):
        return True
    square = layout.height == layout.width
    return square and (_are_symmetric(sample) or bool((np.diagonal(planes, axis1=1, axis2=2) == 1).all()))


def _are_symmetric(sample: Array) -> bool:
    """Returns whether planes are matrices of pairs: distances, covariances."""
    planes = sample[..., 0]
    return planes.shape[1] == planes.shape[2] and np.array_equal(planes, planes.transpose(0, 2, 1))


def _sum_to_1(sample: Array, axis: int, tolerance: float) -> bool:
    return bool(np.abs(sample.sum(axis=axis) - 1).max() < tolerance)
