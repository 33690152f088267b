"""A heat map that is small enough for a line of a tree to unfold to: a few kB, made without Matplotlib and Pillow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.document import Beside, Block, Figure, Note, Picture, Span
from tfnp_ext.plots.base import STYLE, Array, drawn_values, is_numeric
from tfnp_ext.plots.inks import SIGNS, STEPS, ink, ink_scale, ink_words, rgb, scale_word
from tfnp_ext.plots.pooling import Pooled, cell_size, pool, spaced_words
from tfnp_ext.png import palette_png
from tfnp_ext.summary import Summary

_MOST_DOWN, _MOST_ACROSS = 24, 96
_ROOM = (192, 48)
_MOST_READ = 2**18
"""Values read at most, in about a third of a millisecond."""

_NOT_MATRICES = frozenset({"image", "images", "video"})

_INVALID, _FRAME = 2 * STEPS + 1, 2 * STEPS + 2
"""Places in the palette behind those of the inks: what is not finite, and the frame."""

_MARKS = (
    ("x...x", ".x.x.", "..x..", ".x.x.", "x...x"),
    ("..x..", ".xxx.", ".xxx.", "xxxxx", "....."),
    (".....", "xxxxx", ".xxx.", ".xxx.", "..x.."),
)
"""The marks of NaN, +Inf and -Inf, pixel by pixel, in the order of ``SIGNS``."""


@dataclass(frozen=True)
class _LittleMap:
    """What the map shows.

    Attributes:
        pooled: Its cells.
        scale: |x| of full ink.
        rows: What a row is, in words.
    """

    pooled: Pooled
    scale: float
    rows: str

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of a cell in CSS pixels."""
        return cell_size(self.pooled.means.shape, self.pooled.block, _ROOM)

    @property
    def signed(self) -> bool:
        """Whether there are negative cells."""
        return bool((self.pooled.means < 0).any())


def little_map(summary: Summary) -> Block | None:
    """Returns the map of a matrix or a kernel, what its ink means beside it; ``None`` where it would say nothing."""
    values = summary.drawn
    if values is None or not is_numeric(values) or values.ndim < 2 or summary.role in _NOT_MATRICES:
        return None
    matrix, rows = _as_matrix(drawn_values(summary), summary.role)
    if matrix is None:
        return None
    block = math.ceil(matrix.shape[0] / _MOST_DOWN), math.ceil(matrix.shape[1] / _MOST_ACROSS)
    pooled = pool(matrix, block, extremes=False, most=_MOST_READ)
    shown = _LittleMap(pooled, ink_scale(pooled.means), rows)
    said = Note((Span(_words(shown), "secondary"),))
    return Beside((Figure(lambda: _picture(shown), _alt(shown)), said))


def _as_matrix(values: Array, role: str) -> tuple[Array | None, str]:
    """Returns a matrix of all values, and what a row of it is: of a kernel a filter, of a stack the last axis."""
    if values.ndim == 2:
        return values, ""
    if isinstance(values, DeviceArray):  # reshaping it would copy all of it
        return None, ""
    if role == "kernel":
        return values.reshape(-1, values.shape[-1]).T, "a row is a filter"
    return values.reshape(-1, values.shape[-1]), "a row is one of the last axis"


def _words(shown: _LittleMap) -> str:
    """Returns what stands beside the map: full ink, what a cell is, what a row is, which signs there are."""
    word = scale_word(shown.scale)
    said = [f"full ink at {'±' if shown.signed else ''}{word}"] if word else ["no ink: means are 0"]
    if shown.pooled.block != (1, 1):
        block = wording.extent(shown.pooled.block)
        said.append(f"a cell is the mean of {block} values{spaced_words(shown.pooled.step)}")
    said += [shown.rows] if shown.rows else []
    return " · ".join([*said, *(f"{sign} {name}" for sign, name in _signs(shown))])


def _signs(shown: _LittleMap) -> list[tuple[str, str]]:
    """Returns the signs that are found, and what they stand for."""
    return [sign for cells, sign in zip(shown.pooled.invalid_kinds, SIGNS, strict=True) if cells.any()]


def _alt(shown: _LittleMap) -> str:
    rows, columns = shown.pooled.shape
    pooled = f", pooled {wording.extent(shown.pooled.block)}" if shown.pooled.block != (1, 1) else ""
    inks = ink_words(scale_word(shown.scale), shown.signed, "means are 0")
    marks = "".join(f"; {name} marked {sign}" for sign, name in _signs(shown))
    return f"Heat map {wording.extent((rows, columns))}{pooled}, {inks}{marks}."


def _picture(shown: _LittleMap) -> Picture:
    """Returns the map in its frame, a pixel of the picture a CSS pixel."""
    wide, high = shown.cell
    steps = np.rint(np.clip(shown.pooled.means / (shown.scale or 1.0), -1, 1) * STEPS).astype(np.int8) + STEPS
    cells = np.repeat(np.repeat(steps.astype(np.uint8), high, axis=0), wide, axis=1)
    canvas = np.pad(cells, 1, constant_values=_FRAME)
    for held, mark in zip(shown.pooled.invalid_kinds, _MARKS, strict=True):
        if held.any():
            _stamp(canvas, np.argwhere(held), mark, (high, wide))
    data = palette_png(canvas, _palette())
    return Picture(data, "image/png", canvas.shape[1], canvas.shape[0])


def _stamp(canvas: Array, places: Array, mark: tuple[str, ...], cell: tuple[int, int]) -> None:
    """Puts a mark on the middle of each cell [N, 2], inside the frame."""
    dots = np.argwhere(np.array([list(line) for line in mark]) == "x") - len(mark) // 2
    middles = 1 + places * cell + np.array(cell) // 2
    down, right = (middles[:, None] + dots[None]).reshape(-1, 2).T
    inside = (down > 0) & (down < canvas.shape[0] - 1) & (right > 0) & (right < canvas.shape[1] - 1)
    canvas[down[inside], right[inside]] = _INVALID


def _palette() -> list[tuple[int, int, int, int]]:
    """Returns the inks from full orange by paper to full blue, what is not finite, and the frame."""
    inks = ink(np.arange(-STEPS, STEPS + 1, dtype=np.float64), STEPS)
    grey = (*rgb(STYLE.grey), int(STYLE.rule, 16))
    return [tuple(color) for color in inks.tolist()] + [(*rgb(STYLE.magenta), 255), grey]
