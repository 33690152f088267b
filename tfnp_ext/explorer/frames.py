"""From a state to what the canvas draws: plain JSON and binary buffers, never more values than there are pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.explorer.colours import Gauge, Spread, Whole, colour_limits, colour_table, whole_of
from tfnp_ext.explorer.numbers import Numbers
from tfnp_ext.explorer.packing import Precision, buffer_of, packed, precision_of
from tfnp_ext.explorer.painting import image_limits, inked, painted, png_of, text_of
from tfnp_ext.explorer.planes import Pixels, Planes, Region, missed_words
from tfnp_ext.explorer.reading import Reader, key_of
from tfnp_ext.explorer.sources import Array, Source
from tfnp_ext.explorer.state import ExplorerState, plane_of
from tfnp_ext.statistics import BINS

MOST_NAMES = 1000
"""Class names that cross; of more, each is asked for."""

_TABLE = (64, 32)
"""Rows and columns of a table that are sent where the canvas has not said what it shows."""

_MOST_CELLS = 2**14
_LARGEST_PNG = (4096, 4096)


@dataclass(frozen=True)
class Viewport:
    """What the canvas shows.

    Attributes:
        region: First row and column, and those after the last; ``None`` for all.
        size: Height and width in the screen's own pixels.
    """

    region: Region | None = None
    size: tuple[int, int] = (600, 800)


@dataclass(frozen=True)
class Frame:
    """One message to the canvas.

    Attributes:
        meta: Plain JSON.
        buffers: What is drawn, in C order, little endian.
    """

    meta: dict[str, Any]
    buffers: list[memoryview] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        return sum(buffer.nbytes for buffer in self.buffers)


class Frames:
    """Makes the frames of one explorer.

    Args:
        source: What is explored.
        other: What it is compared with.
        axes: The names of the axes.
        labels: Class names by axis.
    """

    def __init__(
        self,
        source: Source,
        other: Source | None = None,
        axes: Sequence[str] = (),
        labels: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self.source, self.other = source, other
        self.reader = Reader(source, other)
        self._axes = tuple(axes)
        self._labels = dict(labels or {})
        self.planes = Planes(self.reader)
        self._spread: tuple[Any, Spread] | None = None
        self._whole: dict[tuple[str, str], Whole | None] = {}

    def close(self) -> None:
        """Lets go of what is kept."""
        self.reader.close()
        self._spread = None
        self._whole.clear()

    def frame(self, state: ExplorerState, viewport: Viewport = Viewport()) -> Frame:
        """Returns what the canvas draws of a state, at most one value a pixel."""
        region = _inside(viewport.region, state.plane)
        draw = Frames._text if self.source.is_text else _DRAWN[state.view]
        frame = draw(self, state, region, viewport.size)
        meta = {"type": "frame", **self._common(state, region), **frame.meta}
        return replace(frame, meta=meta)

    def name(self, axis: int | None) -> str:
        """Returns the name of an axis; ``axis 0`` where it has none."""
        if axis is None:
            return ""
        return self._axes[axis] if axis < len(self._axes) else f"axis {axis}"

    def reduction(self, state: ExplorerState) -> str:
        """Returns how values are put together, and along which axis; ``""`` where they are not."""
        return f"{state.reduction} over {self.name(state.reduced)}" if state.reduced is not None else ""

    def spread(self, state: ExplorerState) -> Spread:
        """Returns the numbers of the whole slice; of a very large one, of evenly spaced rows and columns."""
        exact = state.view == "histogram"
        key = (replace(state, limits="", robust=False, scale="", pooling="", threshold=None, view="heatmap"),
               state.colours, exact, _in_logs(state))  # fmt: skip
        if self._spread is None or self._spread[0] != key:
            self._spread = key, self.planes.spread(state, exact, _in_logs(state))
        return self._spread[1]

    def limits(self, state: ExplorerState) -> tuple[float, float]:
        """Returns the values of the first and last colour."""
        return colour_limits(self.spread(state), state, self.whole(state))

    def whole(self, state: ExplorerState) -> Whole | None:
        """Returns the limits of all values where the state asks for them and they mean something."""
        if state.limits != "whole" or state.compare not in {"", "side"} or state.reduced is not None:
            return None
        key = state.part, state.compare
        if key not in self._whole:
            sources = (self.source,) if self.other is None or not state.compare else (self.source, self.other)
            self._whole[key] = whole_of(sources, state.part)
        return self._whole[key]

    # One function a kind of view.

    def _heatmap(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        how = "max" if state.compare == "disagree" else state.pooling
        pixels = self.planes.pixels(state, region, size, how)
        parts, said = pixels.parts, _pooling_words(pixels, how, self.planes.step(state))
        marks = None
        if state.threshold is not None and not pixels.is_exact and len(parts) == 1:
            (peaks,) = parts if how == "max" else self.planes.pixels(state, region, size, "max").parts
            marks = peaks.values > state.threshold
        spread, exact = self.spread(state), pixels.is_exact or how != "mean"
        limits = None if exact or region != _inside(None, state.plane) else _limits_of_means(state, parts)
        if limits is None:
            limits = self.limits(state)
        else:
            said.append("colours span these means")
        buffers, meta = packed(parts, spread, self._precision(state) if exact else None)
        height, width = parts[0].values.shape[:2]
        meta |= {
            "kind": "heatmap",
            "pixels": [height, width],
            "pooled": "" if pixels.is_exact else how,
            "limits": _numbers(limits),
            "lut": True,
            "colormap": "ink",
            "panels": len(parts),
        }
        if pixels.step != (1, 1):
            meta["step"] = list(pixels.step)
        if state.threshold is not None:
            meta["threshold"] = state.threshold
            meta["above"] = self.above(state)
            if marks is not None:
                meta["marks"] = len(buffers)
                buffers.append(buffer_of(marks.astype(np.uint8)))
                said.append("marked: blocks that hold one above")
        if state.compare == "disagree":
            found, asked = self.planes.count(state, np.asarray)
            meta["disagree"] = {"slice": found, "whole": None}
            said.append(f"{wording.integer(found)} of {wording.integer(asked)} cells disagree")
        meta |= self._told(state, spread, said)
        if state.threshold is not None:
            read = "" if spread.step == (1, 1) else " of the values read"
            meta["title"] += f", {wording.integer(meta['above'])}{read} above {wording.number(state.threshold)}"
        buffers.append(buffer_of(_as_message(colour_table(limits, state.scale, state.neutral))))
        return Frame(meta, buffers)

    def png(self, state: ExplorerState, size: tuple[int, int] = _LARGEST_PNG) -> bytes:
        """Returns the picture of the slice as a PNG: a pixel a cell, where it is larger than a size a pixel several.

        Args:
            state: What is shown.
            size: Rows and columns of pixels at most.
        """
        how = "max" if state.compare == "disagree" else state.pooling
        alone = replace(state, compare="") if state.compare == "side" else state
        shown = self.planes.pixels(alone, _inside(None, state.plane), size, how)
        (numbers,) = shown.parts
        if state.view == "image":
            flat = numbers if state.colours is not None else _with_channel(numbers)
            pixels = painted(flat, image_limits(self.source.dtype, self.spread(state)))
        else:
            means = None if shown.is_exact or how != "mean" else _limits_of_means(state, shown.parts)
            pixels = inked(numbers, means or self.limits(state), state.scale, state.neutral)
        return png_of(np.ascontiguousarray(pixels))

    def above(self, state: ExplorerState) -> int:
        """Returns how many cells of the slice are above the threshold, as far as they are read."""
        return self.planes.count(state, lambda values: values > state.threshold)[0]

    def _image(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        shown = self.planes.pixels(state, region, size, state.pooling)
        exact, (numbers,) = shown.is_exact, shown.parts
        flat = numbers if state.colours is not None else _with_channel(numbers)
        said = _pooling_words(shown, state.pooling, self.planes.step(state))
        spread = self.spread(state)
        limits = image_limits(self.source.dtype, spread)
        said.append(f"black at {wording.number(limits[0])}, white at {wording.number(limits[1])}")
        buffers, meta = [buffer_of(painted(flat, limits))], dict[str, Any]()
        if exact:
            values, meta = packed((flat,), spread, self._precision(state))
            buffers += values
        meta |= {
            "kind": "image",
            "pixels": list(flat.values.shape[:2]),
            "pooled": "" if exact else state.pooling,
            "limits": _numbers(limits),
            "channels": flat.values.shape[2],
        }
        if "mask" in meta:
            meta["mask"] += 1
        return Frame(meta | self._told(state, spread, said), buffers)

    def _line(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        _, left, _, right = region
        series, count = state.plane[0], right - left
        spread, said = self.spread(state), list[str]()
        meta: dict[str, Any] = {"kind": "line", "series": series, "shape": [series, state.plane[1]]}
        if count > 2 * size[1]:
            numbers, each = self.planes.ranges(state, left, right, size[1])
            meta |= {"pixels": [2, numbers.values.shape[2]], "pooled": "range"}
            said.append(f"smallest and largest of each {each}")
        else:
            numbers = self.reader.numbers(state, slice(None), slice(left, right))
            meta |= {"pixels": [series, count], "pooled": ""}
        buffers, facts = packed((numbers,), spread, self._precision(state))
        meta |= facts | {"region": [0, left, series, right], "limits": _numbers(self.limits(state))}
        return Frame(meta | self._told(state, spread, said), buffers)

    def _bars(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        numbers = self.reader.numbers(state)
        spread = self.spread(state)
        buffers, meta = packed((numbers,), spread, self._precision(state))
        low, high = self.limits(state)
        meta |= {"kind": "bars", "pixels": list(numbers.values.shape), "pooled": "", "region": [0, 0, *state.plane],
                 "limits": _numbers((min(low, 0.0), max(high, 0.0)))}  # fmt: skip
        return Frame(meta | self._told(state, spread, []), buffers)

    def _histogram(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        spread = self.spread(state)
        meta = {"kind": "histogram", "shape": [1, BINS], "region": [0, 0, 1, BINS], "pixels": [1, BINS],
                "pooled": "", "limits": _numbers((spread.low, spread.high))}  # fmt: skip
        return Frame(meta | self._told(state, spread, []))

    def _table(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        top, left, bottom, right = region = _few(region)
        numbers = self.reader.numbers(state, slice(top, bottom), slice(left, right))
        if numbers.values.ndim == 3:
            numbers = numbers.at(..., 0)
        spread, limits = self.spread(state), self.limits(state)
        buffers, meta = packed((numbers,), spread, self._precision(state))
        meta |= {"kind": "table", "region": list(region), "pixels": list(numbers.values.shape), "pooled": "",
                 "limits": _numbers(limits), "lut": True, "colormap": "ink"}  # fmt: skip
        if state.threshold is not None:
            meta |= {"threshold": state.threshold, "above": self.above(state)}
        buffers.append(buffer_of(_as_message(colour_table(limits, state.scale, state.neutral))))
        return Frame(meta | self._told(state, spread, []), buffers)

    def _text(self, state: ExplorerState, region: Region, size: tuple[int, int]) -> Frame:
        top, left, bottom, right = region = _few(region)
        cells = plane_of(self.source.cut(state.cut(slice(top, bottom), slice(left, right))), state)
        missing = np.ma.getmaskarray(cells)
        texts = [["" if missing[row, column] else text_of(cells[row, column]) for column in range(cells.shape[1])]
                 for row in range(cells.shape[0])]  # fmt: skip
        title = f"Table of {state.expression()}: {_size_words(state)} of text"
        meta = {"kind": "table", "dtype": "text", "region": list(region), "pixels": list(cells.shape), "pooled": "",
                "texts": texts, "title": title, "note": "", "missing": int(missing.sum())}  # fmt: skip
        return Frame(meta)

    def _precision(self, state: ExplorerState) -> Precision:
        """Returns how the values of the source are written, where it is these that are shown."""
        dtypes = {self.source.dtype} | ({self.other.dtype} if state.compare and self.other is not None else set())
        own = state.compare in {"", "side"} and (state.reduced is None or state.reduction in {"min", "max"})
        return precision_of(self.source.dtype) if own and len(dtypes) == 1 else None

    def _common(self, state: ExplorerState, region: Region) -> dict[str, Any]:
        """Returns what every kind of frame says."""
        letters = {state.rows: "y", state.columns: "x", state.colours: "c", state.reduced: state.reduction}
        letters.pop(None, None)
        meta: dict[str, Any] = {
            "shape": list(state.plane),
            "region": list(region),
            "scale": state.scale,
            "compare": state.compare,
            "prefix": [letters.get(axis, place) for axis, place in enumerate(state.index)],
            "names": {"y": self.name(state.rows), "x": self.name(state.columns)},
            "plane": str(key_of(state)),
        }
        if state.compare == "side":
            meta["names"]["panels"] = ["this", "other"]
        labels = {
            letter: list(self._labels[axis])
            for letter, axis in (("y", state.rows), ("x", state.columns), ("series", state.rows))
            if axis in self._labels and len(self._labels[axis]) <= MOST_NAMES
        }
        return meta | ({"labels": labels} if labels else {})

    def _told(self, state: ExplorerState, spread: Spread, said: list[str]) -> dict[str, Any]:
        """Returns the histogram, what is not finite, and the words."""
        if spread.step != (1, 1):
            said.append(missed_words(spread.step))
        whole = self.whole(state)
        if whole is not None and not whole.exact:
            said.append("limits of a sample of the whole")
        elif state.limits == "whole" and whole is None:
            said.append("limits of the slice")
        elif spread.sampled:
            said.append("histogram of a sample")
        if state.compare == "ratio" and state.view in {"heatmap", "table"} and state.scale != "log":
            said.append("1, where both agree, has no colour")
        if _in_logs(state) and spread.low <= 0:
            said.append("0 and below have no logarithm: as the lowest")
        invalid = [f"{wording.integer(count)} {word}" for count, word in
                   ((spread.nans, "NaN"), (spread.infs[0], "+Inf"), (spread.infs[1], "-Inf"),
                    (spread.missing, "missing")) if count]  # fmt: skip
        what = {"side": "side by side with the other", "difference": "difference", "ratio": "ratio",
                "disagree": "where they disagree"}.get(state.compare, "")  # fmt: skip
        reduced, logs = self.reduction(state), _in_logs(state) and spread.positive > 0
        numbers = f"{wording.number(float(spread.low))} … {wording.number(float(spread.high))}"
        words = ", ".join(
            part for part in (what, reduced, state.part, _size_words(state), numbers, *invalid, *said) if part
        )
        return {
            "counts": list(spread.counts),
            "edges": _numbers((spread.positive, spread.high) if logs else (spread.low, spread.high)),
            "nans": spread.nans,
            "infs": list(spread.infs),
            "missing": spread.missing,
            "title": f"{_KIND_WORDS[state.view]} of {state.expression()}: {words}",
            "note": " · ".join([reduced, *said] if reduced else said),
            **({"bins": "log"} if logs else {}),
        }


_KIND_WORDS = {"heatmap": "Heat map", "image": "Image", "line": "Line", "bars": "Bars", "histogram": "Histogram",
               "table": "Table"}  # fmt: skip

_DRAWN: dict[str, Callable[[Frames, ExplorerState, Region, tuple[int, int]], Frame]] = {
    "heatmap": Frames._heatmap,
    "image": Frames._image,
    "line": Frames._line,
    "bars": Frames._bars,
    "histogram": Frames._histogram,
    "table": Frames._table,
}


def _limits_of_means(state: ExplorerState, parts: Sequence[Numbers]) -> tuple[float, float] | None:
    """Returns limits of pooled means, which are much closer together than what they are of: else noise were blank."""
    if state.limits != "slice" or state.scale == "log":
        return None
    gauge = Gauge()
    for part in parts:
        gauge.add(part, _MOST_CELLS)
    return colour_limits(gauge.spread(), state)


def _in_logs(state: ExplorerState) -> bool:
    """Returns whether colours run with the logarithms, and so the histogram beside them."""
    return state.scale == "log" and state.view in {"heatmap", "table"}


def _with_channel(numbers: Numbers) -> Numbers:
    """Returns a plane as an image of one channel."""
    return numbers.at(..., None)


def _as_message(table: Array) -> Array:
    """Returns a table of colours as it crosses: all RGB, then all alpha."""
    return np.concatenate([table[:, :3].reshape(-1), table[:, 3]])


def _numbers(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values]


def _inside(region: Region | None, shape: tuple[int, int]) -> Region:
    """Returns a region within a plane, at least one cell of it where there is one."""
    height, width = shape
    if region is None:
        return 0, 0, height, width
    top, left, bottom, right = (int(edge) for edge in region)
    top, left = max(0, min(top, height - 1)), max(0, min(left, width - 1))
    return top, left, max(min(bottom, height), min(top + 1, height)), max(min(right, width), min(left + 1, width))


def _few(region: Region) -> Region:
    """Returns as much of a region as a table shows at a time."""
    top, left, bottom, right = region
    if (bottom - top) * (right - left) > _MOST_CELLS:
        bottom, right = min(bottom, top + _TABLE[0]), min(right, left + _TABLE[1])
    return top, left, bottom, right


def _pooling_words(pixels: Pixels, how: str, step: tuple[int, int]) -> list[str]:
    """Returns what a pixel is, and how much of it was read where that is not as of the whole plane."""
    said = [] if pixels.is_exact else [f"pooled: {how} of {pixels.block[0]} × {pixels.block[1]}"]
    return said if pixels.step in {(1, 1), step} else [*said, f"of what is seen {missed_words(pixels.step)}"]


def _size_words(state: ExplorerState) -> str:
    rows, columns = state.plane
    return f"{wording.integer(rows)} × {wording.integer(columns)}"
