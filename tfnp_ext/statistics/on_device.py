"""One pass over values on another device: each block is reduced there, and only its sums and extremes cross over."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.casting import kind_rank
from tfnp_ext.statistics.sampling import evenly
from tfnp_ext.statistics.scan import RUN, SHARED, Scan, Statistics, histogram_of
from tfnp_ext.statistics.totals import SCALE, SQUARED, SQUARED_FROM

BLOCK = 2**20
"""Values in a block: enough to keep a GPU busy for longer than it takes to ask, 8 MiB in float64."""


def compute_on_device(array: DeviceArray, deadline: float, clock: Callable[[], float]) -> Statistics | None:
    """Returns the numbers of an array, reduced in blocks on its device; ``None`` where that cannot compute them.

    Args:
        array: Values on another device.
        deadline: When no further block is read, in the clock's seconds.
        clock: Seconds now.
    """
    if not array.flags.c_contiguous:
        return None
    scan = _DeviceScan(array)
    for start in (evenly(-(-array.size // BLOCK)) * BLOCK).tolist():
        if not scan.read_there(start, min(start + BLOCK, array.size)):
            return None
        if clock() >= deadline:
            break
    if not scan.find_places():
        return None
    histogram = histogram_of(array.reshape(-1), None, scan.low, scan.high, array.dtype)
    return scan.result(array.size, lambda place: tuple(map(int, np.unravel_index(place, array.shape))), histogram)


class _DeviceScan(Scan):
    """One pass over the blocks of an array on another device."""

    def __init__(self, array: DeviceArray) -> None:
        # Of a shorter vector the line is read anew, because its pixels are shorter than runs.
        super().__init__(array.dtype, -(-array.size // RUN) if array.ndim == 1 and array.size >= SHARED else 0)
        self.flat: DeviceArray = array.reshape(-1)
        self.whole_numbers = kind_rank(array.dtype) in {0, 1}
        self.fine = array.dtype in (np.float64, np.complex128)
        self.wide = array.dtype in (np.int64, np.uint64)
        # Subtracted from unsigned integers, so that they keep their order as signed ones.
        self.lifted = 2**63 if array.dtype == np.uint64 else 0

    def read_there(self, start: int, stop: int) -> bool:
        """Adds the block between two places, and returns whether the device could compute it."""
        block = slice(start, stop)
        if self.wide:
            found = self.flat.reduced(lambda tf, part: self._reduce_integers(tf, part(block)))
            return found is not None and self._add_integers(block, *found)
        found = self.flat.reduced(lambda tf, part: self._reduce(tf, self._floats(tf, part(block))))
        if found is None:
            return False
        (low, high, zeros, mean, rest, squares), *runs = found
        largest = max(-low, high)
        if math.isfinite(mean) and (SQUARED_FROM <= largest <= SQUARED or not largest):
            self._add(block, stop - start, low, high, zeros, (mean, rest), squares, *runs)
            return True
        found = self.flat.reduced(lambda tf, part: self._reduce_with_care(tf, self._floats(tf, part(block))))
        return found is not None and self._add_with_care(block, *found)

    def _floats(self, tf: Any, values: Any) -> Any:
        """Returns a block in float64, which holds every value exactly; complex numbers by their magnitude."""
        return tf.cast(tf.abs(values) if self.complex else values, tf.float64)

    def _reduce(self, tf: Any, values: Any) -> Sequence[Any]:
        """Returns the sums of a block in the fewest steps; the mean is not finite where a value is not."""
        lows, highs = self._ends_there(tf, values, values)
        mean = tf.reduce_mean(values)
        zeros = tf.reduce_sum(tf.cast(tf.equal(values, 0), tf.float64))
        deviations = values - mean
        rest = tf.reduce_mean(deviations) if self.fine else tf.zeros_like(mean)
        squares = tf.reduce_sum(tf.square(deviations))
        sums = tf.stack([tf.reduce_min(lows), tf.reduce_max(highs), zeros, mean, rest, squares])
        return [sums, lows, highs] if self.lows.size else [sums]

    def _reduce_with_care(self, tf: Any, values: Any) -> Sequence[Any]:
        """Returns the sums of the finite values of a block, scaled so that their squares fit, and what is not."""
        finite = tf.math.is_finite(values)
        lows, highs = self._ends_there(tf, tf.where(finite, values, math.inf), tf.where(finite, values, -math.inf))
        low, high = tf.reduce_min(lows), tf.reduce_max(highs)
        largest = tf.maximum(-low, high)
        scale = tf.where(largest > SQUARED, tf.constant(SCALE, tf.float64), 1)
        scale = tf.where((largest > 0) & (largest < SQUARED_FROM), tf.constant(1 / SCALE, tf.float64), scale)
        kept = tf.where(finite, values * scale, 0)
        count = tf.reduce_sum(tf.cast(finite, tf.float64))
        mean = tf.reduce_sum(kept) / tf.maximum(count, 1)
        deviations = tf.where(finite, kept - mean, 0)
        rest = tf.reduce_sum(deviations) / tf.maximum(count, 1)
        squares = tf.reduce_sum(tf.square(deviations))
        zeros, positive, nans = (
            tf.reduce_sum(tf.cast(which, tf.float64))
            for which in (tf.equal(values, 0), tf.equal(values, math.inf), tf.math.is_nan(values))
        )
        sums = tf.stack([low, high, zeros, mean, rest, squares, scale, count, positive, nans])
        invalid = tf.cast(tf.logical_not(finite), tf.float64)
        runs = self._runs_there(tf, invalid, 0)
        held = tf.stack([tf.cast(tf.argmax(runs, axis=1), tf.float64), tf.reduce_max(runs, axis=1)])
        return [sums, held, lows, highs] if self.lows.size else [sums, held]

    def _reduce_integers(self, tf: Any, values: Any) -> Sequence[Any]:
        """Returns the sums of a block of integers that float64 may not hold: of what they exceed the smallest by."""
        keys, rest = self._keys(tf, values), tf.int64.min
        # A GPU finds no smallest of 64-bit integers: it is where -1 - x is largest, which no x overflows.
        turned, highs = (tf.reduce_max(self._runs_there(tf, signed, rest), axis=1) for signed in (-1 - keys, keys))
        lows, low = -1 - turned, -1 - tf.reduce_max(turned)
        offsets = tf.cast(tf.bitcast(keys - low, tf.uint64), tf.float64)
        mean = tf.reduce_mean(offsets)
        zeros = tf.reduce_sum(tf.cast(tf.equal(keys, -self.lifted), tf.float64))
        sums = tf.stack([zeros, mean, tf.reduce_sum(tf.square(offsets - mean))])
        return [sums, lows, highs] if self.lows.size else [sums, low[None], tf.reduce_max(highs)[None]]

    def _keys(self, tf: Any, values: Any) -> Any:
        """Returns 64-bit integers as signed ones of the same order."""
        return values if not self.lifted else tf.bitcast(values, tf.int64) + tf.int64.min

    def _runs_there(self, tf: Any, values: Any, rest: Any) -> Any:
        """Returns a block as rows of one run each, the last one filled up; of no vector as one row."""
        if not self.lows.size:
            return values[None]
        missing = -int(values.shape[0]) % RUN
        if missing:
            values = tf.concat([values, tf.fill([missing], tf.constant(rest, values.dtype))], axis=0)
        return tf.reshape(values, [-1, RUN])

    def _ends_there(self, tf: Any, lows: Any, highs: Any) -> tuple[Any, Any]:
        """Returns the smallest and largest value of each run of a block, or of all of it."""
        return (
            tf.reduce_min(self._runs_there(tf, lows, math.inf), axis=1),
            tf.reduce_max(self._runs_there(tf, highs, -math.inf), axis=1),
        )

    def _add(
        self,
        block: slice,
        count: int,
        low: float,
        high: float,
        zeros: float,
        mean: tuple[float, float],
        squares: float,
        lows: np.ndarray | None = None,
        highs: np.ndarray | None = None,
        *,
        origin: int = 0,
        scale: float = 1.0,
    ) -> None:
        """Adds the sums of the finite values of a block; ``mean`` is that and what it was rounded by."""
        self.zeros += int(zeros)
        self.seen += block.stop - block.start
        if lows is not None and highs is not None:
            runs = slice(block.start // RUN, block.start // RUN + len(lows))
            self.lows[runs], self.highs[runs] = lows, highs
        if not count:
            return
        low, high = (int(low), int(high)) if self.whole_numbers else (float(low), float(high))
        # Until the end a block stands for the place in it: of equal extremes the first counts.
        if (low, block.start) < (self.low, self.low_at) or self.low_at < 0:
            self.low, self.low_at = low, block.start
        if (-high, block.start) < (-self.high, self.high_at) or self.high_at < 0:
            self.high, self.high_at = high, block.start
        if low == high:
            self.add_constant(count, low)
        elif self.whole_numbers:
            self.totals.merge(count, float(mean[0]), float(squares), origin=origin)
        else:
            self.totals.merge_finely(count, float(mean[0]), float(mean[1]), float(squares), float(scale))

    def _add_integers(self, block: slice, sums: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> bool:
        zeros, mean, squares = sums
        low, high = int(lows.min()) + self.lifted, int(highs.max()) + self.lifted
        runs: list[np.ndarray] = []
        if self.lows.size:
            # Lifted modulo 2**64, as unsigned integers.
            own = [ends.astype(np.uint64) + np.uint64(self.lifted) if self.lifted else ends for ends in (lows, highs)]
            runs = [ends.astype(np.float64) for ends in own]
        self._add(block, block.stop - block.start, low, high, zeros, (mean, 0.0), squares, *runs, origin=low)
        return True

    def _add_with_care(self, block: slice, sums: np.ndarray, held: np.ndarray, *runs: np.ndarray) -> bool:
        low, high, zeros, mean, rest, squares, scale, count, positive, nans = sums
        self._add(block, int(count), low, high, zeros, (mean, rest), squares, *runs, scale=scale)
        invalid = block.stop - block.start - int(count)
        self.nans += int(nans)
        self.positive += int(positive)
        self.negative += invalid - int(nans) - int(positive)
        found = enumerate(held.T.tolist())
        places = [block.start + run * RUN + int(place) for run, (place, holds) in found if holds]
        if places:
            self.invalid_at = places[0] if self.invalid_at is None else min(self.invalid_at, places[0])
        if self.lows.size:
            self.invalid_runs += places
        return True

    def find_places(self) -> bool:
        """Finds where in their blocks the extremes stand, and returns whether the device could tell."""
        for end in ("low", "high"):
            value, start = getattr(self, end), getattr(self, f"{end}_at")
            if start < 0:
                continue
            place = self._first(slice(start, min(start + BLOCK, self.flat.size)), value)
            if place is None:
                return False
            setattr(self, f"{end}_at", place)
        return True

    def _first(self, block: slice, value: float) -> int | None:
        """Returns the place of the first value in a block that equals one."""

        def place(tf: Any, part: Any) -> Sequence[Any]:
            own = self._keys(tf, part(block)) if self.wide else self._floats(tf, part(block))
            equal = tf.equal(own, tf.constant(value - self.lifted, own.dtype))
            return [tf.argmax(tf.cast(equal, tf.float64))[None]]

        found = self.flat.reduced(place)
        return None if found is None else block.start + int(found[0][0])
