"""The numbers of an array in one pass over it, in cache-sized blocks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statistics:
    """The numbers of an array; those of the finite values only, where there are others.

    Attributes:
        size: How many values the array has.
        seen: How many were read: ``size``, or fewer when the budget ran out.
        minimum: Smallest finite value (an ``int`` for integers), NaN if there is none.
        maximum: Largest finite value.
        mean: Mean of the finite values.
        std: Population standard deviation of the finite values.
        zeros: How many are exactly zero.
        nans: How many are NaN.
        positive_infinities: How many are +Inf.
        negative_infinities: How many are -Inf.
        first_invalid: Index of the first value seen that is NaN or infinite.
        minimum_at: Index of the smallest finite value.
        maximum_at: Index of the largest finite value.
        histogram: Counts in 64 equal bins from ``minimum`` to ``maximum``.
    """

    size: int
    seen: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: int
    nans: int = 0
    positive_infinities: int = 0
    negative_infinities: int = 0
    first_invalid: tuple[int, ...] | None = None
    minimum_at: tuple[int, ...] | None = None
    maximum_at: tuple[int, ...] | None = None
    histogram: tuple[int, ...] = ()

    @property
    def invalid(self) -> int:
        """How many values are not finite."""
        return self.nans + self.positive_infinities + self.negative_infinities
