"""A stack of matrices, such as the heads of attention: small maps side by side, all on one scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.plots.base import Array, Style
from tfnp_ext.plots.cells import draw_cells, paint_cells
from tfnp_ext.plots.inks import ink_scale, paint_key
from tfnp_ext.plots.pooling import MOST_READ, Pooled, pool
from tfnp_ext.plots.sheet import Sheet, text_width
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ATTENTION_WORDS = ("from ↓", "to →")
"""What runs down and across a map of attention."""

ATTENTION_ALT = ", rows look at columns"
"""The same for those who hear it."""

_NOUNS = {"attention": ("head", "heads"), "maps": ("map", "maps")}
"""What a matrix of a stack is, one and many."""

_MOST_MAPS = 16
_IN_A_LINE = 8
_WIDTH = 785
_LARGEST_MAP, _WIDEST_MAP = 120, 240
_FEWEST_CELLS = 8
"""So many cells are the lower side of a map at least, where it has them: then it is not squeezed."""

_LARGEST_CELL = 16
_GAP = 10
_CAPTION = 14
_KEY = 18


@dataclass(frozen=True)
class Stack:
    """What the picture of a stack shows.

    Attributes:
        maps: The cells of each map drawn.
        names: The caption of each.
        count: How many matrices there are.
        scale: |x| of full ink, the same for all.
        signed: Whether there are negative cells.
        cell: Width and height of a cell in CSS pixels.
        columns: How many maps stand in a line.
        words: What runs down and across, if that is known.
        noun: What a map is, one and many.
    """

    maps: tuple[Pooled, ...]
    names: tuple[str, ...]
    count: int
    scale: float
    signed: bool
    cell: tuple[int, int]
    columns: int
    words: tuple[str, str] | None
    noun: tuple[str, str]

    @property
    def map_size(self) -> tuple[int, int]:
        """Width and height of a map in CSS pixels."""
        rows, columns = self.maps[0].means.shape
        return int(columns) * self.cell[0], int(rows) * self.cell[1]

    @property
    def pitch(self) -> int:
        """CSS pixels from one map to the next: room for its caption too."""
        return max(self.map_size[0], math.ceil(max(map(text_width, self.names)))) + _GAP

    @property
    def left(self) -> int:
        """Room left of the maps in CSS pixels."""
        return math.ceil(text_width(self.words[0])) + 6 if self.words else 1

    @property
    def width(self) -> int:
        """Width of the whole in CSS pixels."""
        return self.left + max(self.columns * self.pitch, 140)

    @property
    def height(self) -> int:
        """Height of the whole in CSS pixels."""
        return stack_panels(self)[0] * (self.map_size[1] + _CAPTION + 4) + _KEY

    def note(self) -> str:
        """Returns what a cell is the mean of, and which maps are drawn."""
        notes = []
        block, step = self.maps[0].block, max(self.maps[0].step)
        if block != (1, 1):
            spaced = f", 1 of {wording.integer(step)} read" if step > 1 else ""
            notes.append(f"a cell of a map is the mean of {wording.extent(block)} values{spaced}")
        if len(self.maps) < self.count:
            notes.append(f"the first {len(self.maps)} of {wording.plural(self.count, *self.noun)} drawn")
        return "; ".join(notes)

    def alt(self) -> str:
        """Returns how many maps of what size, what runs where, and where the largest cell stands."""
        shape, block = self.maps[0].shape, self.maps[0].block
        pooled = f", pooled {wording.extent(block)}" if block != (1, 1) else ""
        axes = ATTENTION_ALT if self.words else ""
        maps = f"{wording.extent(shape)}{pooled} of {wording.plural(self.count, *self.noun)}"
        hue = "orange negative, blue positive" if self.signed else "blue positive"
        first = f", the first {len(self.maps)} drawn" if len(self.maps) < self.count else ""
        parts = [
            f"Heat maps {maps}{first}{axes}, {hue}",
            f"full ink at {wording.number(self.scale, 2)}" if self.scale else "no ink",
        ]
        peaks = [float(np.abs(drawn.means).max()) for drawn in self.maps]
        top = int(np.argmax(peaks))
        lowest = min(float(drawn.means.min()) for drawn in self.maps)
        if peaks[top] > 0 and lowest == peaks[top]:
            parts.append("all cells alike")
        elif peaks[top] > 0:
            place = np.unravel_index(int(np.abs(self.maps[top].means).argmax()), self.maps[top].means.shape)
            at = wording.index([int(axis) * size for axis, size in zip(place, block, strict=True)])
            where = "at" if block == (1, 1) else "in the block from"
            parts.append(f"strongest in {self.names[top]} {where} {at}")
        lost = sum(int((drawn.nans | drawn.highs | drawn.lows).sum()) for drawn in self.maps)
        if lost:
            parts.append(f"{wording.plural(lost, 'cell')} not finite, marked × ▲ ▼")
        return f"{'; '.join(parts)}."


def read_stack(values: Array, summary: Summary) -> Stack:
    """Returns what is drawn of a stack.

    Args:
        values: The matrices [N, H, W].
        summary: For the role and, of a batch of heads, for the shape it had.
    """
    count, rows, columns = values.shape
    shown = min(count, _MOST_MAPS)
    in_a_line = shown if shown <= _IN_A_LINE else -(-shown // 2)
    attention = summary.role == "attention"
    wide = _WIDTH // in_a_line - _GAP
    side = min(_LARGEST_MAP, wide)
    wide = min(_WIDEST_MAP, wide)
    block = math.ceil(rows / (side // 2)), math.ceil(columns / (wide // 2))
    if min(rows, columns) >= _FEWEST_CELLS * max(block):
        block = (max(block),) * 2  # as wide beside its height as the matrix is
    cell = 2 if max(block) > 1 else max(2, min(_LARGEST_CELL, side // rows, wide // columns))
    maps = tuple(pool(matrix, block, False, MOST_READ // shown) for matrix in values[:shown])
    cells = np.stack([drawn.means for drawn in maps])
    return Stack(
        maps=maps,
        names=tuple(_name(number, summary) for number in range(shown)),
        count=count,
        scale=attention_scale(cells, columns) if attention else ink_scale(cells),
        signed=any(bool((drawn.means < 0).any()) for drawn in maps),
        cell=(cell, cell),
        columns=in_a_line,
        words=ATTENTION_WORDS if attention else None,
        noun=_NOUNS.get(summary.role, ("matrix", "matrices")),
    )


def attention_scale(cells: Array, tokens: int) -> float:
    """Returns the weight of full ink: the largest, unless attention is causal, whose first row is 1 by its nature.

    Args:
        cells: Weights [..., R, C], or the means of blocks of them.
        tokens: How many are looked at: of attention that looks at all alike the ink is half of the full one.
    """
    if (np.triu(cells, 1) == 0).all():
        return float(np.percentile(cells[cells > 0], 99.5))
    return max(float(cells.max()), 2 / tokens)


def _name(number: int, summary: Summary) -> str:
    """Returns the caption of a map: which head, of a batch of them the index."""
    shape = [axis or 0 for axis in summary.shape or ()]
    if summary.role != "attention":
        drawn = summary.drawn
        last = drawn is not None and shape[-1:] == [len(drawn)] and shape[-3:] != list(drawn.shape)
        return f"[..., {number}]" if last else wording.index((number,))
    if len(shape) == 4 and shape[0] > 1:
        return wording.index(divmod(number, shape[1]))
    return f"head {number}"


def stack_panels(stack: Stack) -> tuple[int, int]:
    """Returns how many lines and columns of maps there are."""
    return -(-len(stack.maps) // stack.columns), stack.columns


def paint_stack(sheet: Sheet, stack: Stack, style: Style) -> None:
    """Draws the maps with their captions, what runs where at the first, and the scale below."""
    _, height = stack.map_size
    for number, (drawn, name) in enumerate(zip(stack.maps, stack.names, strict=True)):
        line, column = divmod(number, stack.columns)
        left = stack.left + column * stack.pitch
        top = _CAPTION + line * (height + _CAPTION + 4)
        paint_cells(sheet, drawn, stack.scale, left, top, stack.cell, style)
        sheet.text(left, top - 4, name, style.grey)
    if stack.words:
        sheet.text(stack.left - 4, _CAPTION + 8, stack.words[0], style.grey, align="right")
        if text_width(f"{stack.names[0]}  {stack.words[1]}") <= stack.pitch - _GAP:
            sheet.text(stack.left + stack.pitch - _GAP, _CAPTION - 4, stack.words[1], style.grey, align="right")
    if stack.scale:
        paint_key(sheet, stack.left, sheet.height - 11, wording.number(stack.scale, 2), stack.signed, style)


def draw_stack(axes: Any, stack: Stack, style: Style) -> None:
    """Draws a map on each of an array of Axes; those left over are hidden."""
    panels: list[Axes] = list(np.ravel(axes))
    for panel in panels[len(stack.maps) :]:
        panel.set_axis_off()
    for panel, drawn, name in zip(panels, stack.maps, stack.names, strict=False):
        draw_cells(panel, drawn, stack.scale, stack.signed, style)
        panel.set_title(name)
        if stack.words:
            panel.set_ylabel(stack.words[0].removesuffix(" ↓"))
            panel.set_xlabel(stack.words[1].removesuffix(" →"))
        panel.label_outer()
