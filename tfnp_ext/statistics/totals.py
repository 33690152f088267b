"""Mean and spread of values that are added up block by block, wherever the blocks were read."""

from __future__ import annotations

import math

import numpy as np

SQUARED = 2.0**480
"""Up to this size floats have sums of squares in float64; larger ones are scaled down first."""

SQUARED_FROM = 2.0**-400
"""From this size on they have; smaller ones are scaled up first, else nothing would be left of their squares."""

SCALE = 2.0**-600

_ROW = 2**12
"""Values whose squares BLAS adds up in one call."""

_WELL_SPREAD = 64
"""Where the squares of values are no more than so many times those of their deviations, their difference loses two of
float64's sixteen digits, and is found without a second pass (Chan, Golub and LeVeque 1983, section 3)."""


class Totals:
    """What is added up block by block: Chan, Golub and LeVeque's pairwise update of mean and squared deviations.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979, equation 2.1; and the correction of a block's own two passes, "Algorithms for computing the sample
    variance", The American Statistician 37, 1983, equation 1.7.
    """

    def __init__(self) -> None:
        self.count = 0
        self.origin: float = 0
        self.scale = 1.0
        self.shift = 0.0
        self.squares = 0.0

    @property
    def mean(self) -> float:
        """The mean of what was added."""
        return self.origin + self.shift / self.scale

    @property
    def std(self) -> float:
        """The population standard deviation of what was added."""
        return math.sqrt(self.squares / self.count) / self.scale

    def add(
        self,
        values: np.ndarray,
        room: np.ndarray,
        count: int,
        left_out: np.ndarray | None = None,
        *,
        origin: int = 0,
        scale: float = 1.0,
    ) -> None:
        """Adds a block of float64 values.

        Args:
            values: The block, less ``origin`` and times ``scale``; 0 where a value is left out.
            room: As long, and overwritten; it may be the block itself.
            count: How many values are not left out.
            left_out: Where a value is left out; ``None`` for nowhere.
            origin: What was subtracted from the values, an integer that float64 may not hold.
            scale: What the values were multiplied by.
        """
        # Not values @ values: BLAS would start threads for a block, which on a busy machine wait for each other.
        total = float(np.einsum("i->", values))
        mean = total / count
        if left_out is None and not values.size % _ROW:
            rows = values.reshape(-1, _ROW)
            squared = float(np.matmul(rows[:, None, :], rows[:, :, None]).sum())
            squares = squared - total * mean
            if squared < _WELL_SPREAD * squares:
                self.merge(count, mean, squares, origin=origin, scale=scale)
                return
        np.subtract(values, mean, out=room)
        if left_out is not None:
            np.copyto(room, 0, where=left_out)
        np.multiply(room, room, out=room)
        self.merge(count, mean, float(np.einsum("i->", room)), origin=origin, scale=scale)

    def add_finely(
        self, values: np.ndarray, room: np.ndarray, count: int, left_out: np.ndarray | None = None, scale: float = 1.0
    ) -> None:
        """Adds a block that may be closer together than the rounding of its sum, as only float64 can be; see ``add``.

        What the sum was rounded by is what the deviations add up to.
        """
        mean = float(np.einsum("i->", values)) / count
        np.subtract(values, mean, out=room)
        if left_out is not None:
            np.copyto(room, 0, where=left_out)
        rest = float(np.einsum("i->", room)) / count
        np.multiply(room, room, out=room)
        self.merge_finely(count, mean, rest, float(np.einsum("i->", room)), scale)

    def merge_finely(self, count: int, mean: float, rest: float, squares: float, scale: float = 1.0) -> None:
        """Adds what others added up; see ``merge``.

        Args:
            count: Of so many values.
            mean: Their mean as it was rounded, times ``scale``.
            rest: The mean of their deviations from it, which is not 0 for it was rounded.
            squares: The sum of their squared deviations from it, times the square of ``scale``.
            scale: What the values were multiplied by.
        """
        squares = max(0.0, squares - count * rest * rest)
        if scale == 1:
            self.merge(count, rest, squares, origin=mean)
        else:
            self.merge(count, mean + rest, squares, scale=scale)

    def merge(self, count: int, shift: float, squares: float, *, origin: float = 0, scale: float = 1.0) -> None:
        """Adds what others added up.

        Args:
            count: Of so many values.
            shift: Their mean, less ``origin`` and times ``scale``.
            squares: The sum of their squared deviations from it, times the square of ``scale``.
            origin: What was subtracted from the values: an integer, or a float where ``scale`` is 1.
            scale: What the values were multiplied by.
        """
        if not count:
            return
        if not (origin or shift or squares):
            scale = 1 / SCALE  # zeros are the same at any scale
        if not self.count:
            self.origin, self.scale = origin, scale
        smaller = min(self.scale, scale)
        theirs, ours = smaller / scale, smaller / self.scale
        shift, squares = shift * theirs, squares * theirs * theirs
        self.shift, self.squares, self.scale = self.shift * ours, self.squares * ours * ours, smaller
        total = self.count + count
        delta = shift - self.shift + (origin - self.origin) * smaller
        self.squares += squares + delta * delta * self.count * count / total
        self.shift += delta * count / total
        self.count = total
