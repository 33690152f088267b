"""What a correlation matrix says: which pair is correlated most, which least, and how strongly all are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import drawn_values, prepared_once
from tfnp_ext.summary import Summary


class Pair(NamedTuple):
    """The correlation of two variables, and which they are."""

    value: float
    place: tuple[int, int]


class Correlations(NamedTuple):
    """What is off the diagonal of a correlation matrix.

    Attributes:
        strongest: The pair with the largest |r|.
        weakest: The pair with the smallest.
        mean: The mean of all |r|.
    """

    strongest: Pair
    weakest: Pair
    mean: float


@prepared_once
def read_correlations(summary: Summary, options: DisplayOptions) -> Correlations:
    """Returns what a correlation matrix [N, N] says, for its line of numbers and for its alt text."""
    values = np.asarray(drawn_values(summary)).astype(np.float64)
    rows, columns = np.triu_indices(len(values), 1)
    above = values[rows, columns]
    sizes = np.abs(above)

    def pair(place: int) -> Pair:
        return Pair(float(above[place]), (int(rows[place]), int(columns[place])))

    return Correlations(pair(int(sizes.argmax())), pair(int(sizes.argmin())), float(sizes.mean()))
