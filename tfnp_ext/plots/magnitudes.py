"""The largest magnitude of every pixel of complex values, and its phase: what a picture of them shows, bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfnp_ext.adapters.devices import MOST_COPIED, DeviceArray, most_read
from tfnp_ext.plots.base import Array
from tfnp_ext.plots.inks import ink_scale, sign_of
from tfnp_ext.plots.pooling import MOST_READ, steps_read
from tfnp_ext.statistics import RUN, Statistics

COLUMNS = 1200
"""Device pixels of a vector: of a longer one each is the largest magnitude of its values."""

STRONG = 0.01
"""Phase is told of magnitudes over this share of the largest: of smaller ones it is rounding and noise."""

_MOST_CELLS = (65, 129)
"""As many as a heat map has, and one: a spectrum has 2^k + 1 bins."""

_DECADES = 3
_MOST_DECADES = 6
_TOGETHER = 2**16
_AT_A_TIME = 2**20


@dataclass(frozen=True)
class Trace:
    """A complex vector as it is drawn.

    Attributes:
        count: How many values there are.
        each: Values to a pixel, 1 if all are drawn.
        places: Index of the value drawn in each pixel [P].
        sizes: Its magnitude; NaN where a pixel has none that is finite.
        phases: Its phase, -π … π; NaN where the magnitude is small.
        invalid: Indices and signs of what is not finite, one a pixel at most.
        read: So many first values of a pixel were read; ``each`` for all.
        whole: Whether the statistics that named the largest have seen all.
    """

    count: int
    each: int
    places: Array
    sizes: Array
    phases: Array
    invalid: list[tuple[int, str]]
    read: int
    whole: bool = True

    @property
    def largest(self) -> tuple[float, int]:
        """The largest finite magnitude and its index; NaN and 0 if there is none."""
        if not np.isfinite(self.sizes).any():
            return math.nan, 0
        pixel = int(np.nanargmax(self.sizes))
        return float(self.sizes[pixel]), int(self.places[pixel])


@dataclass(frozen=True)
class Scale:
    """How magnitudes become ink.

    Attributes:
        low: What is paper: 0, or of a logarithmic scale more.
        high: What is full ink; 0 where there is no ink.
    """

    low: float
    high: float

    def strength(self, sizes: Array) -> Array:
        """Returns the share of full ink of each magnitude, 0 … 1."""
        with np.errstate(divide="ignore", over="ignore"):
            if not self.low:
                return np.minimum(sizes / (self.high or 1.0), 1.0)
            span = math.log10(self.high) - math.log10(self.low)
            return np.asarray(np.clip((np.log10(sizes) - math.log10(self.low)) / span, 0.0, 1.0))


@dataclass(frozen=True)
class Spectrum:
    """A complex matrix in cells.

    Attributes:
        shape: Rows and columns of the matrix.
        block: Rows and columns of a cell; those at the far edges may be smaller.
        sizes: Largest finite magnitude of each cell, 0 where there is none, float64 [R, C].
        phases: Phase of that value, -π … π.
        nans: Whether a cell holds a NaN.
        highs: Whether a cell holds an infinity.
        step: Of so many rows, and of so many columns, only one was read; 1 for all.
        scale: How its magnitudes become ink.
    """

    shape: tuple[int, int]
    block: tuple[int, int]
    sizes: Array
    phases: Array
    nans: Array
    highs: Array
    step: tuple[int, int] = (1, 1)
    scale: Scale = Scale(0.0, 0.0)

    @property
    def invalid_kinds(self) -> tuple[Array, Array, Array]:
        """Cells that hold a NaN, an infinity; a magnitude is never -Inf."""
        return self.nans, self.highs, np.zeros_like(self.nans)


def scale_of(sizes: Array) -> Scale:
    """Returns a scale that shows most of the magnitudes: a logarithmic one where they span over three decades.

    Args:
        sizes: Magnitudes of the cells; 0 is left out of what they span.
    """
    positive = sizes[sizes > 0]
    if not positive.size:
        return Scale(0.0, 0.0)
    high, low = float(positive.max()), float(np.percentile(positive, 5))
    decades = math.log10(high) - math.log10(low)
    if decades <= _DECADES:
        return Scale(0.0, ink_scale(sizes))
    return Scale(low if decades <= _MOST_DECADES else high / 10**_MOST_DECADES, high)


@np.errstate(all="ignore")
def read_trace(values: Array, numbers: Statistics | None = None, known: int | None = None) -> Trace:
    """Returns the largest magnitude of each pixel of a vector, and its phase.

    Args:
        values: Complex numbers [N].
        numbers: Their statistics: where these hold the largest of each run, only those runs are read again.
        known: Index of the largest magnitude, which is drawn also where not all is read.
    """
    count = len(values)
    each = read = math.ceil(count / COLUMNS)
    starts = np.arange(0, count, each)
    if numbers is not None and numbers.extremes is not None and each > 1:
        together = math.ceil(len(numbers.extremes.highs) / COLUMNS)
        each = read = together * RUN
        highs = np.nan_to_num(numbers.extremes.highs, nan=-1.0)
        highs = np.append(highs, np.full(-len(highs) % together, -1.0)).reshape(-1, together)
        starts = (np.arange(len(highs)) * together + highs.argmax(axis=1)) * RUN
        places, _ = _largest_of_runs(values, starts, RUN)
        firsts = _first_of_pixels(numbers.extremes.invalid, each)
        invalid = [(place, sign_of(float(size))) for place, size in zip(firsts, np.abs(values[firsts]), strict=True)]
    else:
        numbers = None
        read = min(each, max(1, MOST_READ // len(starts)))
        places, invalid = _largest_of_runs(values, starts, read)
        if known is not None and read < each and abs(values[known]) >= abs(values[places[known // each]]):
            places[known // each] = known
    sizes = np.abs(values[places]).astype(np.float64)
    sizes[~np.isfinite(sizes)] = np.nan
    phases = np.angle(values[places]).astype(np.float64)
    phases[~(sizes > STRONG * np.nanmax(sizes, initial=0.0))] = np.nan
    return Trace(count, each, places, sizes, phases, invalid, read, numbers is None or numbers.exact)


def _largest_of_runs(values: Array, starts: Array, width: int) -> tuple[Array, list[tuple[int, str]]]:
    """Returns the index of the largest finite magnitude of each run, and the first value of each that is not finite."""
    if isinstance(values, DeviceArray):
        there = _largest_there(values, starts, width)
        return _largest_of_runs(np.asarray(values), starts, width) if there is None else there
    places, invalid = np.empty(len(starts), np.intp), []
    whole = int(np.searchsorted(starts, len(values) - width, side="right"))
    runs = np.lib.stride_tricks.sliding_window_view(values, width) if whole else values[None]
    together = max(1, _TOGETHER // width)
    bounds = [slice(first, min(first + together, whole)) for first in range(0, whole, together)]
    # The last run may be shorter than the others.
    for part in (*bounds, *(slice(run, run + 1) for run in range(whole, len(starts)))):
        found = np.abs(runs[starts[part]] if part.stop <= whole else values[starts[part.start] :][None])
        finite = np.isfinite(found)
        if not finite.all():
            for run in np.flatnonzero(~finite.all(axis=1)).tolist():
                place = int(finite[run].argmin())
                invalid.append((int(starts[part.start + run]) + place, sign_of(float(found[run, place]))))
            found = np.where(finite, found, -1)
        places[part] = starts[part] + found.argmax(axis=1)
    return places, invalid


def _largest_there(values: DeviceArray, starts: Array, width: int) -> tuple[Array, list[tuple[int, str]]] | None:
    """Returns what ``_largest_of_runs`` would, computed on the device of the values."""
    together = max(1, _AT_A_TIME // width)

    def found(part: slice) -> list[Array] | None:
        return values.reduced(lambda tf, cut: _ends_of_runs(tf, cut(slice(0, len(values))), starts[part], width))

    parts: list[list[Array]] = []
    for start in range(0, len(starts), together):
        ends = found(slice(start, start + together))
        if ends is None:
            return None
        parts.append(ends)
    largest, lost = (starts + np.concatenate(places) for places in zip(*parts, strict=True))
    lost = lost[lost >= starts]
    return largest, [(int(at), sign_of(float(size))) for at, size in zip(lost, np.abs(values[lost]), strict=True)]


def _ends_of_runs(tf: Any, values: Any, starts: Array, width: int) -> tuple[Any, Any]:
    """Returns where in each run the largest finite magnitude is, and the first value that is not finite, or -1."""
    last = int(values.shape[0]) - 1
    places = tf.constant(starts, tf.int64)[:, None] + tf.constant(np.arange(width), tf.int64)
    # A run at the end is filled up with the last value, which stands there first.
    sizes = tf.cast(tf.abs(tf.gather(values, tf.minimum(places, last))), tf.float64)
    finite = tf.math.is_finite(sizes)
    lost = tf.cast(tf.logical_not(finite), tf.float64)
    first = tf.where(tf.reduce_max(lost, axis=1) > 0, tf.argmax(lost, axis=1), tf.constant(-1, tf.int64))
    return tf.argmax(tf.where(finite, sizes, -1), axis=1), first


def _first_of_pixels(places: tuple[int, ...], each: int) -> list[int]:
    first: dict[int, int] = {}
    for place in places:
        first.setdefault(place // each, place)
    return list(first.values())


@np.errstate(all="ignore")
def read_spectrum(matrix: Array) -> Spectrum:
    """Returns the largest magnitude of each block of a matrix and its phase; of a large one not all is read.

    Args:
        matrix: Complex numbers [N, M].
    """
    rows, columns = matrix.shape
    most = _MOST_CELLS[1] if columns >= 2 * rows else _MOST_CELLS[0]
    found = _largest_of_blocks(matrix, (math.ceil(rows / _MOST_CELLS[0]), math.ceil(columns / most)))
    return replace(found, scale=scale_of(found.sizes))


def _largest_of_blocks(matrix: Array, block: tuple[int, int]) -> Spectrum:
    rows, columns = matrix.shape
    if abs(matrix.strides[0]) < abs(matrix.strides[1]) and rows > 1:
        # Memory is read in its own order, several times as fast.
        turned = _largest_of_blocks(matrix.T, block[::-1])
        cells = {name: getattr(turned, name).T for name in ("sizes", "phases", "nans", "highs")}
        return replace(turned, shape=(rows, columns), block=turned.block[::-1], step=turned.step[::-1], **cells)
    most = most_read(matrix, MOST_READ, MOST_COPIED)
    if rows * columns > most:
        down, across = steps_read(rows, columns, block, most)
        read = np.asarray(matrix[::down, ::across])
        few = _largest_of_blocks(read, (-(-block[0] // down), -(-block[1] // across)))
        return replace(
            few, shape=(rows, columns), block=(few.block[0] * down, few.block[1] * across), step=(down, across)
        )
    shape = (-(-rows // block[0]), -(-columns // block[1]))
    largest = np.empty(shape, matrix.dtype)
    nans, highs = np.zeros(shape, bool), np.zeros(shape, bool)
    starts = np.arange(0, columns, block[1])
    for row in range(shape[0]):
        band = matrix[row * block[0] : (row + 1) * block[0]]
        found = np.abs(band)
        finite = np.isfinite(found)
        if not finite.all():
            nans[row] = np.logical_or.reduceat(np.isnan(found).any(axis=0), starts)
            highs[row] = np.logical_or.reduceat(np.isinf(found).any(axis=0), starts)
            found = np.where(finite, found, -1)
        best = found.argmax(axis=0)
        tops: Any = np.full(shape[1] * block[1], -2, found.dtype)
        tops[:columns] = found[best, np.arange(columns)]
        across = starts + tops.reshape(shape[1], block[1]).argmax(axis=1)
        largest[row] = np.where(tops[across] >= 0, band[best[across], across], 0)
    sizes = np.abs(largest).astype(np.float64)
    return Spectrum((rows, columns), block, sizes, np.angle(largest).astype(np.float64), nans, highs)
