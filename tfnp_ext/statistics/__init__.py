"""The numbers of an array in one pass over it, where it lies: in the host's memory or on another device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.statistics.on_device import compute_on_device
from tfnp_ext.statistics.rows import (
    FOR_A_LINE,
    invalid_rows,
    places_of,
    row_sums,
    row_tops,
    rows_at,
    runs_in_time,
)
from tfnp_ext.statistics.scan import (
    BINS,
    BLOCK,
    FULL_BINS,
    HISTOGRAM_SAMPLE,
    RUN,
    SEED,
    SHARED,
    Extremes,
    Statistics,
    compute_on_host,
    sample_places,
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
    "Statistics",
    "compute_statistics",
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

    Blocks of a large array are visited in a seeded random order, so that what was seen when the budget ran out is a
    fair sample, and a run that finishes is exact.

    Args:
        array: Numbers of any shape and dtype, ``ml_dtypes`` included; complex numbers count by their magnitude.
        budget_ms: Milliseconds after which no further block is read.
        clock: Seconds now; an argument so that tests are deterministic.

    Returns:
        The numbers, or ``None`` where the dtype has none (strings, objects, dates, records).
    """
    deadline = clock() + budget_ms / 1000
    if isinstance(array, DeviceArray):
        found = compute_on_device(array, deadline, clock)
        if found is not None:
            return found
        array = np.asarray(array)
    return compute_on_host(array, deadline, clock)
