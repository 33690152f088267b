"""One pass over an array in the host's memory, in cache-sized blocks or, lacking time, runs from all over."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.statistics.layout import SAMPLED_RUN, Layout, Part
from tfnp_ext.statistics.sampling import Pace, Strata, evenly
from tfnp_ext.statistics.scan import (
    BLOCK,
    LARGEST_BLOCK,
    RUN,
    SHARED,
    Scan,
    Statistics,
    histogram_of,
    origin_of,
    scale_of,
)


def compute_on_host(array: np.ndarray, began: float, deadline: float, clock: Callable[[], float]) -> Statistics | None:
    """Returns the numbers of an array, read once in blocks that fit the cache; ``None`` where its dtype has none.

    Where the first blocks tell that there is no time for all, what was read is thrown away for a sample of short runs.

    Args:
        array: Numbers of any shape and dtype, ``ml_dtypes`` included; masked values are left out.
        began: When the time began to run, in the clock's seconds.
        deadline: When no further block is read.
        clock: Seconds now.
    """
    if kind_rank(array.dtype) is None:
        return None
    masked = isinstance(array, np.ma.MaskedArray) and array.mask is not np.ma.nomask
    hidden = np.ma.getmaskarray(array) if masked else None
    layout = Layout(np.asarray(array), hidden)
    size = array.size - (0 if hidden is None else int(np.count_nonzero(hidden)))
    if not size:
        return Statistics(0, 0, math.nan, math.nan, math.nan, math.nan, 0)
    # A clock of a test's own is asked in a fixed order.
    shared = array.size >= SHARED and clock is time.perf_counter
    block = _shared_block() if shared else BLOCK
    runs = -(-array.size // RUN) if array.ndim == 1 and shared and not masked else 0
    count = -(-array.size // block)
    pace = Pace(count, began, deadline, clock)
    starts = iter((evenly(count) * block).tolist())

    def scan_blocks() -> Scan:
        scanned = _HostScan(layout, runs)
        for start in starts:  # each block goes to whichever thread asks first
            scanned.read(layout.neighbours(start, min(start + block, array.size)))
            if not pace.goes_on():
                break
        return scanned

    whole = _together(scan_blocks, shared)
    if pace.late:
        whole = _together(_sampling(layout, runs, deadline, clock), shared)
        whole.widen(_together(lambda: _ends(layout), shared=False))
    return whole.result(size, layout.index, histogram_of(layout.flat, layout.mask, whole.low, whole.high, array.dtype))


def _sampling(layout: Layout, runs: int, deadline: float, clock: Callable[[], float]) -> Callable[[], Scan]:
    """Returns what reads short runs from all over, a block of them at a time, until the deadline or all is read."""
    strata = Strata(-(-layout.size // SAMPLED_RUN), BLOCK // SAMPLED_RUN)
    turns = iter(range(strata.turns))

    def scan_runs() -> Scan:
        scanned = _HostScan(layout, runs)
        room = np.empty(BLOCK, layout.dtype)
        for turn in turns:
            scanned.read(layout.runs(strata.turn(turn), room))
            if clock() >= deadline:
                break
        return scanned

    return scan_runs


def _ends(layout: Layout) -> Scan:
    """Returns what the first and the last run tell: the extremes of what is sorted, and what a card prints."""
    scanned = _HostScan(layout, 0)
    for start in (0, max(0, layout.size - SAMPLED_RUN)):
        scanned.read(layout.neighbours(start, min(start + SAMPLED_RUN, layout.size)))
    return scanned


def _together(scan: Callable[[], Scan], shared: bool) -> Scan:
    """Returns what threads have read that share the work, or one does alone."""

    def quietly() -> Scan:
        with np.errstate(all="ignore"):
            return scan()

    if not shared:
        return quietly()
    with ThreadPoolExecutor(_threads(), thread_name_prefix="tfnp_ext") as pool:
        first, *others = [future.result() for future in [pool.submit(quietly) for _ in range(_threads())]]
    for other in others:
        first.merge(other)
    return first


def _threads() -> int:
    """Returns how many threads share a large array: more than four wait for memory, not for each other."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return min(4, cores)


def _shared_block() -> int:
    """Returns how many values a thread reads at a time: more than two take less, for together they need the memory."""
    return LARGEST_BLOCK if _threads() <= 2 else BLOCK * 4


class _HostScan(Scan):
    """One pass over parts of an array in the host's memory."""

    def __init__(self, layout: Layout, runs: int) -> None:
        super().__init__(layout.dtype, runs)
        self.layout = layout
        # The dtypes of other libraries in one that NumPy calculates with.
        dtype = layout.dtype
        self.readable = (np.int8 if kind_rank(dtype) == 1 else np.float32) if dtype.kind == "V" else None
        if dtype.kind == "f" and dtype.itemsize == 1:
            self.readable = np.float32
        self.scratch = np.empty(0)

    def read(self, part: Part) -> None:
        """Adds one part."""
        block = part.values
        if self.readable is not None:
            block = block.astype(self.readable)
        elif self.complex:
            block = np.abs(block)
        elif block.dtype.kind == "b":
            block = block.view(np.uint8)
        if not block.size:
            return
        self.seen += block.size
        low, high = self._ends(part, block, block)
        if not (low > 0 or high < 0):  # NaN is neither
            # Four times as fast as counting what is not zero, which NumPy does one by one for floats.
            self.zeros += int(np.count_nonzero(block == 0))
        count, left_out = block.size, None
        if block.dtype.kind == "f" and not (math.isfinite(low) and math.isfinite(high)):
            left_out = ~np.isfinite(block)
            count -= self._count_invalid(part, block, left_out)
            lows, highs = np.where(left_out, math.inf, block), np.where(left_out, -math.inf, block)
            low, high = self._ends(part, lows, highs)
            if not count:
                return
        else:
            lows = highs = block
        # Of equal extremes the first index counts, in whatever order the parts are read.
        if low < self.low or (low == self.low and self.layout.earliest(part) < self.low_at):
            at = self.layout.first_equal(part, lows, low)
            self.low, self.low_at = low, at if low < self.low else min(at, self.low_at)
        if high > self.high or (high == self.high and self.layout.earliest(part) < self.high_at):
            at = self.layout.first_equal(part, highs, high)
            self.high, self.high_at = high, at if high > self.high else min(at, self.high_at)
        if low == high:
            self.add_constant(count, low)
        else:
            self._add(block, count, left_out, origin_of(low, high), scale_of(low, high))

    def _add(self, block: np.ndarray, count: int, left_out: np.ndarray | None, origin: int, scale: float) -> None:
        """Adds the mean and the spread of a block in float64, less ``origin`` and times ``scale``."""
        if self.scratch.size < block.size:
            self.scratch = np.empty(block.size)
        wide = self.scratch[: block.size]
        fine = block.dtype == np.float64
        if fine and left_out is None and scale == 1:
            self.totals.add_finely(block, wide, count)
            return
        if origin:
            # Modulo 2**64, which is exact for the difference.
            offsets = block.astype(np.uint64)
            offsets -= np.uint64(origin % 2**64)
            block = offsets
        np.copyto(wide, block, casting="unsafe")
        if left_out is not None:
            np.copyto(wide, 0, where=left_out)
        if scale != 1:
            wide *= scale
        if fine:
            self.totals.add_finely(wide, wide, count, left_out, scale)
        else:
            self.totals.add(wide, wide, count, left_out, origin=origin, scale=scale)

    def _ends(self, part: Part, lows: np.ndarray, highs: np.ndarray) -> tuple[Any, Any]:
        """Returns the smallest and largest value of a part, and keeps those of its runs where they are wanted.

        Args:
            part: Where the values stand.
            lows: The values, +Inf for what does not count.
            highs: The values, -Inf for what does not count.
        """
        if not self.lows.size:
            return lows.min().item(), highs.max().item()
        run = RUN if part.starts is None else SAMPLED_RUN
        whole = lows.size // run
        smallest = lows[: whole * run].reshape(whole, run).min(axis=1)
        largest = highs[: whole * run].reshape(whole, run).max(axis=1)
        if lows.size % run:
            smallest = np.append(smallest, lows[whole * run :].min())
            largest = np.append(largest, highs[whole * run :].max())
        if part.starts is None:
            runs = slice(part.first // RUN, part.first // RUN + len(smallest))
            self.lows[runs], self.highs[runs] = smallest, largest
        else:
            np.fmin.at(self.lows, part.starts // RUN, smallest)
            np.fmax.at(self.highs, part.starts // RUN, largest)
        return smallest.min().item(), largest.max().item()

    def _count_invalid(self, part: Part, block: np.ndarray, invalid: np.ndarray) -> int:
        """Returns how many values of a part are not finite, having counted each kind of them."""
        count = int(np.count_nonzero(invalid))
        nans = int(np.count_nonzero(np.isnan(block)))
        positive = int(np.count_nonzero(block == math.inf))
        self.nans += nans
        self.positive += positive
        self.negative += count - nans - positive
        if self.invalid_at is None or self.layout.earliest(part) < self.invalid_at:
            first = self.layout.first(part, invalid)
            self.invalid_at = first if self.invalid_at is None else min(first, self.invalid_at)
        if self.lows.size:
            run = RUN if part.starts is None else SAMPLED_RUN
            edges = range(0, block.size, run)
            held = np.logical_or.reduceat(invalid, edges)
            self.invalid_runs += [
                part.places(edges[number] + int(np.argmax(invalid[edges[number] : edges[number] + run])))
                for number in np.flatnonzero(held).tolist()
            ]
        return count
