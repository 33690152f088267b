"""Planes of any size for one frame: pooled, counted and gauged band by band, so that nothing of their size is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfnp_ext import wording
from tfnp_ext.explorer.colours import SAMPLE, Gauge, Spread, histogram
from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.pooling import block_of, pool, ranges
from tfnp_ext.explorer.reading import MOST_KEPT, Reader
from tfnp_ext.explorer.sources import BLOCK, Array
from tfnp_ext.explorer.state import ExplorerState
from tfnp_ext.plots.pooling import steps_read

MOST_EXACT = 2**28
"""Values of a plane of which each is read for one frame; of a larger one evenly spaced rows."""

BUDGET = 0.5
"""Seconds that reading all of a plane may take; where it would be more, evenly spaced rows are read."""

BAND = 2**18
"""Values of a band: what is computed of it stays in the processor's caches."""

Region = tuple[int, int, int, int]
"""First row and column, and those after the last."""

Step = tuple[int, int]
"""Of how many rows, and of how many columns, one is read."""


@dataclass(frozen=True)
class Pixels:
    """A region with at most one value a pixel.

    Attributes:
        parts: The values, of two arrays where both are shown.
        block: Rows and columns of the plane in a pixel.
        step: Of how many of them one was read.
    """

    parts: tuple[Numbers, ...]
    block: tuple[int, int]
    step: Step

    @property
    def is_exact(self) -> bool:
        """Whether a pixel is a value."""
        return self.block == (1, 1)


class Planes:
    """Reads what a frame needs of the plane of a state.

    Args:
        reader: Cuts it.
    """

    def __init__(self, reader: Reader) -> None:
        self.source = reader.source
        self._reader = reader
        self._slow: dict[tuple[object, ...], bool] = {}

    def step(self, state: ExplorerState, region: Region | None = None) -> Step:
        """Returns of how many rows and columns of a region one is read: of each that is not too large each."""
        height, width = state.plane if region is None else _extent(region)
        if height * width <= MOST_KEPT or (height * width <= MOST_EXACT and not self._is_slow(state)):
            return 1, 1
        return steps_read(height, width, (height, width), MOST_KEPT)

    def pixels(self, state: ExplorerState, region: Region, size: tuple[int, int], how: str) -> Pixels:
        """Returns a region as it fits into a size.

        Args:
            state: What is shown.
            region: What of it.
            size: Rows and columns of pixels.
            how: What stands for the values of one pixel.
        """
        block, step = block_of(_extent(region), size), self.step(state, region)
        read = (max(1, -(-block[0] // step[0])), max(1, -(-block[1] // step[1])))
        lines: list[list[tuple[Numbers, ...]]] = []
        first = None
        turned = self._is_turned(state)
        for rows, columns in self._bands(state, region, step, read):
            start = (columns if turned else rows).start
            if start != first:
                lines.append([])
                first = start
            parts = self._parts(state, rows, columns)
            if block != (1, 1) and parts[0].values.size:
                parts = tuple(_pooled(part, read, how) for part in parts)
            lines[-1].append(parts)
        across = [_joined(line, 0 if turned else 1) for line in lines]
        shown = (1, 1) if block == (1, 1) else (read[0] * step[0], read[1] * step[1])
        return Pixels(_joined(across, 1 if turned else 0), shown, step)

    def ranges(self, state: ExplorerState, left: int, right: int, columns: int) -> tuple[Numbers, int]:
        """Returns smallest and largest of each pixel column as [rows, 2, m], and of how many values each is.

        Args:
            state: What is shown.
            left: Its first column.
            right: The one after the last.
            columns: How many pixel columns there are.
        """
        region = (0, left, state.plane[0], right)
        step = (1, math.prod(self.step(state, region)))  # no row is left out
        count = -(-(right - left) // step[1])
        each = -(-count // columns)
        found = [
            (ranges(part, each),)
            for rows, along in self._bands(state, region, step, (state.plane[0], each))
            for part in self._parts(state, rows, along)
        ]
        return _joined(found, 2)[0], each * step[1]

    def spread(self, state: ExplorerState, exact: bool, logs: bool = False) -> Spread:
        """Returns the numbers of the whole plane, as far as it is read.

        Args:
            state: What is shown.
            exact: Whether each value is counted in the histogram.
            logs: Whether it is one of logarithms.
        """
        step = self.step(state)
        whole = (0, 0, *state.plane)
        large = math.prod(state.plane) > MOST_KEPT
        gauge, total = Gauge(), math.prod(state.plane) // math.prod(step)
        for rows, columns in self._bands(state, whole, step):
            for part in self._parts(state, rows, columns):
                share = part.values.size / max(1, total) if large else 1.0
                gauge.add(part, math.inf if exact and not large else max(1, SAMPLE * share))
        spread = gauge.spread(logs)
        if exact and large and not self._is_slow(state, counts=True):
            counts = np.zeros(len(spread.counts), np.int64)
            for rows, columns in self._bands(state, whole, step):
                for part in self._parts(state, rows, columns):
                    counts += _counted(part, spread)
            spread = replace(spread, counts=tuple(counts.tolist()), sampled=False)
        return replace(spread, step=step, sampled=spread.sampled or step != (1, 1))

    def count(self, state: ExplorerState, test: Callable[[Array], Array]) -> tuple[int, int]:
        """Returns of how many values of the plane something is true, and of how many it was asked."""
        found = asked = 0
        for rows, columns in self._bands(state, (0, 0, *state.plane), self.step(state)):
            numbers = self._reader.numbers(state, rows, columns)
            true = test(numbers.values)
            found += int(np.count_nonzero(true if numbers.missing is None else true & ~numbers.missing))
            asked += true.size
        return found, asked

    def bands(self, state: ExplorerState) -> Iterator[tuple[slice, slice, Numbers]]:
        """Yields every value of the plane, however large: rows, columns and the numbers of a band."""
        for rows, columns in self._bands(state, (0, 0, *state.plane), (1, 1), least=0):
            yield rows, columns, self._reader.numbers(state, rows, columns)

    def _bands(
        self,
        state: ExplorerState,
        region: Region,
        step: Step,
        block: tuple[int, int] = (1, 1),
        least: int | None = None,
    ) -> Iterator[tuple[slice, slice]]:
        """Yields rows and columns of bands of whole blocks, one after the other as they lie in memory.

        Args:
            state: What is shown.
            region: What of it is read.
            step: Of how many rows and columns one is.
            block: Rows and columns, of those that are read, that are not to be parted.
            least: Values of a plane that is one band; ``None`` for as many as are kept.
        """
        top, left, bottom, right = region
        if math.prod(state.plane) <= (MOST_KEPT if least is None else least):  # kept, or a view
            yield slice(top, bottom), slice(left, right)
            return
        most = BLOCK if self._reader.source.prefers_large_cuts else BAND
        most //= 1 if state.colours is None else state.shape[state.colours]
        read = [-(-length // each) for length, each in zip(_extent(region), step, strict=True)]
        lead = 1 if self._is_turned(state) else 0
        tall, wide = block[lead], block[1 - lead]
        across = min(read[1 - lead], max(wide, most // tall // wide * wide))
        along = min(read[lead], max(tall, most // across // tall * tall))
        for start in range(0, read[lead], along):
            for begin in range(0, read[1 - lead], across):
                first = slice(start, min(start + along, read[lead]))
                second = slice(begin, min(begin + across, read[1 - lead]))
                rows, columns = (second, first) if lead else (first, second)
                yield _within(rows, top, bottom, step[0]), _within(columns, left, right, step[1])

    def _is_turned(self, state: ExplorerState) -> bool:
        """Returns whether it is columns whose values lie together."""
        if state.rows is None or state.columns is None or state.reduced is not None:
            return False
        if self._reader.source.is_cheap:  # any order of memory
            strides = self._reader.numbers(replace(state, compare=""), slice(0, 1), slice(0, 1)).values.strides
            return abs(strides[0]) < abs(strides[1])
        return state.rows > state.columns

    def _parts(self, state: ExplorerState, rows: slice, columns: slice) -> tuple[Numbers, ...]:
        if state.compare == "side" and self._reader.other is not None:
            return self._reader.pair(state, rows, columns)
        return (self._reader.numbers(state, rows, columns),)

    def _is_slow(self, state: ExplorerState, counts: bool = False) -> bool:
        """Returns whether to read each value of such a plane would take too long: two bands are read to know it."""
        key = (state.compare, state.part, state.rows, state.columns, state.colours, state.reduced, counts)
        if key not in self._slow:
            bands = list(self._bands(state, (0, 0, *state.plane), (1, 1)))
            middle = bands[len(bands) // 2 :][:2]
            taken = min(self._seconds(state, rows, columns, counts) for rows, columns in middle)
            self._slow[key] = taken * len(bands) > BUDGET
        return self._slow[key]

    def _seconds(self, state: ExplorerState, rows: slice, columns: slice, counts: bool) -> float:
        started = time.perf_counter()
        gauge = Gauge()
        for part in self._parts(state, rows, columns):
            gauge.add(part, 1)
            if counts:
                _counted(part, gauge.spread())
        return time.perf_counter() - started


def missed_words(step: Step) -> str:
    """Returns what is to be known of what is read so."""
    rows, columns = (wording.integer(each) for each in step)
    what = [f"1 of {rows} rows"] * (step[0] > 1) + [f"1 of {columns} columns"] * (step[1] > 1)
    return f"{' and '.join(what)} read: NaN and extremes may be missed"


def _pooled(numbers: Numbers, block: tuple[int, int], how: str) -> Numbers:
    """Returns a plane pooled, of an image each channel."""
    if numbers.values.ndim == 2:
        return pool(numbers, block, how)
    layers = [pool(numbers.at(..., layer), block, how) for layer in range(numbers.values.shape[2])]
    missing = _missing(layers)
    return Numbers(
        np.stack([layer.values for layer in layers], axis=-1), None if missing is None else np.stack(missing, axis=-1)
    )


def _joined(parts: Sequence[tuple[Numbers, ...]], axis: int) -> tuple[Numbers, ...]:
    """Returns bands as one along an axis, of each array."""
    if len(parts) == 1:
        return parts[0]
    joined = []
    for each in zip(*parts, strict=True):
        missing = _missing(each)
        values = np.concatenate([part.values for part in each], axis)
        joined.append(Numbers(values, None if missing is None else np.concatenate(missing, axis)))
    return tuple(joined)


def _missing(parts: Sequence[Numbers]) -> list[Array] | None:
    """Returns where nothing is, of each; ``None`` where all is there."""
    if all(part.missing is None for part in parts):
        return None
    return [np.zeros(part.values.shape, bool) if part.missing is None else part.missing for part in parts]


def _counted(numbers: Numbers, spread: Spread) -> Array:
    """Returns how many finite values lie in each bin."""
    values = numbers.values if numbers.missing is None else numbers.values[~numbers.missing]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        values = values[np.isfinite(values)]
    return histogram(values.reshape(-1).astype(np.float64), float(spread.low), float(spread.high))


def _extent(region: Region) -> tuple[int, int]:
    return region[2] - region[0], region[3] - region[1]


def _within(read: slice, first: int, last: int, step: int) -> slice:
    """Returns places that are read as those of the plane."""
    return slice(first + read.start * step, min(last, first + read.stop * step), step)
