"""Rows of a matrix: which are read while there is time, and numbers of them, computed where the matrix lies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.statistics.sampling import SEED

FOR_A_LINE = 1 / 6
"""Share of a card's budget in which a role's line reads values; its picture has as much."""

_READ = 2**20
"""Values read at a time."""

_BLOCK = 2**16
"""Values between two looks at the clock."""

_RUN = 2**10
_NEIGHBOURS = 16
"""Rows that are read together at least: of a matrix stored by columns they share the lines of the cache."""

_MOST_RUNS = 2**15

Array = np.ndarray[Any, Any]


def runs_in_time(
    count: int, width: int, budget_ms: float, clock: Callable[[], float] = time.perf_counter
) -> Iterator[list[slice]]:
    """Yields rows to read, some short runs of neighbours at a time, until the time is up.

    The runs come in a seeded random order, so that those yielded when the time is up are a fair sample, also of rows
    that are sorted; if all are yielded each row is there once.

    Args:
        count: How many rows there are.
        width: Values of a row.
        budget_ms: Milliseconds after which no more are yielded; the first always are.
        clock: Seconds now; an argument so that tests are deterministic.

    Example:
        >>> list(runs_in_time(5, 2, 25.0))
        [[slice(0, 5, None)]]
    """
    deadline = clock() + budget_ms / 1000
    if count * width <= _BLOCK:
        yield [slice(0, count)]
        return
    fits = max(1, _BLOCK // width)
    run = min(fits, max(_RUN // width, _NEIGHBOURS, -(-count // _MOST_RUNS)))
    starts = np.arange(0, count, run)
    np.random.default_rng(SEED).shuffle(starts)
    for at in range(0, len(starts), fits // run):
        yield [slice(start, min(start + run, count)) for start in np.sort(starts[at : at + fits // run]).tolist()]
        if clock() >= deadline:
            return


def rows_at(matrix: Array, runs: list[slice]) -> Array:
    """Returns the rows of some runs; those of a single run are a view."""
    return matrix[runs[0]] if len(runs) == 1 else np.concatenate([matrix[run] for run in runs])


def places_of(runs: list[slice]) -> Array:
    """Returns the numbers of the rows of some runs."""
    return np.concatenate([np.arange(run.start, run.stop) for run in runs])


def row_sums(matrix: Array, count: int) -> Array:
    """Returns the sums of the first rows of a matrix of floats, in float64."""
    if isinstance(matrix, DeviceArray):
        first = slice(0, count), slice(0, matrix.shape[1])
        found = matrix.reduced(lambda tf, part: [tf.reduce_sum(tf.cast(part(*first), tf.float64), axis=1)])
        if found is not None:
            return found[0]
    with np.errstate(invalid="ignore"):  # of both infinities the sum is NaN, as it shall be
        return np.asarray(np.asarray(matrix[:count]).astype(np.float64).sum(axis=1))


def row_tops(matrix: Array, rows: Array | None = None) -> tuple[Array, Array]:
    """Returns where the first largest finite value of rows is, and that value; -1 and NaN where there is none.

    Args:
        matrix: Floats [N, C].
        rows: Which rows, [R]; all by default.
    """
    rows = np.arange(len(matrix)) if rows is None else rows
    step = max(1, _READ // matrix.shape[1])
    tops, values = np.empty(len(rows), np.intp), np.empty(len(rows))
    for start in range(0, len(rows), step):
        chunk = slice(start, start + step)
        tops[chunk], values[chunk] = _tops(matrix, rows[chunk])
    found = np.isfinite(values)
    return np.where(found, tops, -1), np.where(found, values, np.nan)


def _tops(matrix: Array, rows: Array) -> tuple[Array, Array]:
    if isinstance(matrix, DeviceArray):
        found = matrix.reduced(lambda tf, part: _tops_there(tf, part(*map(slice, matrix.shape)), rows))
        if found is not None:
            return found[0], found[1]
    numbers = np.asarray(matrix[rows])
    if numbers.dtype.kind == "V":  # NumPy finds no largest of the small floats of other libraries
        numbers = numbers.astype(np.float32)
    tops = numbers.argmax(axis=1)
    values = numbers[np.arange(len(rows)), tops]
    if not np.isfinite(values).all():  # NaN comes before all numbers, and infinity
        numbers = np.where(np.isfinite(numbers), numbers, -np.inf)
        tops = numbers.argmax(axis=1)
        values = numbers[np.arange(len(rows)), tops]
    return tops, values.astype(np.float64)


def _tops_there(tf: Any, matrix: Any, rows: Array) -> tuple[Any, Any]:
    numbers = tf.cast(tf.gather(matrix, rows.astype(np.int64)), tf.float64)
    numbers = tf.where(tf.math.is_finite(numbers), numbers, -np.inf)
    return tf.argmax(numbers, axis=1), tf.reduce_max(numbers, axis=1)


def invalid_rows(matrix: Array) -> list[int]:
    """Returns which rows of a matrix hold a NaN or an infinity."""
    if isinstance(matrix, DeviceArray):
        found = matrix.reduced(
            lambda tf, part: [tf.reduce_any(_not_finite(tf, part(*map(slice, matrix.shape))), axis=1)]
        )
        if found is not None:
            return list(np.flatnonzero(found[0]).tolist())
    return list(np.flatnonzero(~np.isfinite(matrix).all(axis=1)).tolist())


def _not_finite(tf: Any, values: Any) -> Any:
    return tf.logical_not(tf.math.is_finite(tf.abs(values)))
