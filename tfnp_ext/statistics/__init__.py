"""The numbers of an array in one pass over it, where it lies: in the host's memory or on another device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.statistics.on_device import compute_on_device
from tfnp_ext.statistics.on_host import compute_on_host
from tfnp_ext.statistics.rows import (
    FOR_A_LINE,
    invalid_rows,
    places_of,
    row_sums,
    row_tops,
    rows_at,
    runs_in_time,
)
from tfnp_ext.statistics.sampling import SEED, Pace, Strata, evenly, sample_places
from tfnp_ext.statistics.scan import (
    BINS,
    BLOCK,
    FULL_BINS,
    HISTOGRAM_SAMPLE,
    RUN,
    SHARED,
    Extremes,
    Statistics,
    bins_of_integers,
)

__all__ = [
    "BINS",
    "BLOCK",
    "FOR_A_LINE",
    "FULL_BINS",
    "HISTOGRAM_SAMPLE",
    "RUN",
    "SEED",
    "SHARED",
    "Extremes",
    "Pace",
    "Statistics",
    "Strata",
    "bins_of_integers",
    "compute_statistics",
    "evenly",
    "invalid_rows",
    "places_of",
    "row_sums",
    "row_tops",
    "rows_at",
    "runs_in_time",
    "sample_places",
]


def compute_statistics(
    array: np.ndarray, budget_ms: float = math.inf, clock: Callable[[], float] = time.perf_counter
) -> Statistics | None:
    """Returns the numbers of an array, read once in blocks.

    Where the first blocks tell that the budget is not enough for all, short runs from all over are read instead, in a
    seeded order, so that what was seen when it ran out is a fair sample of ordered values too. A run that finishes is
    exact.

    Args:
        array: Numbers of any shape and dtype, ``ml_dtypes`` included; complex numbers count by their magnitude.
        budget_ms: Milliseconds after which no further block is read.
        clock: Seconds now; an argument so that tests are deterministic.

    Returns:
        The numbers, or ``None`` where the dtype has none (strings, objects, dates, records).
    """
    began = clock()
    deadline = began + budget_ms / 1000
    if isinstance(array, DeviceArray):
        found = compute_on_device(array, deadline, clock)
        if found is not None:
            return found
        array = np.asarray(array)
    return compute_on_host(array, began, deadline, clock)
