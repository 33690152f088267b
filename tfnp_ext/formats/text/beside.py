"""Blocks side by side: as many as have room, the others below, those in the middle left out where they are too many."""

from __future__ import annotations

from collections.abc import Sequence

from tfnp_ext import wording
from tfnp_ext.document import Beside, Block, Table
from tfnp_ext.formats.text.blocks import write, writes
from tfnp_ext.formats.text.layout import GAP, MOST_LINES, WIDTH, side_by_side, wording_width

_WHOLE = 10**6
"""More lines than any block has."""

_LOW = 4
"""Lines that tell something of a slice: its index, its first and its last row, and what is left out."""


@writes(Beside)
def write_beside(beside: Beside, room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns blocks side by side; slices of one row share lines where they do not all stand beside each other."""
    blocks: Sequence[Block] = beside.blocks
    columns = [write(block, room, _WHOLE) for block in blocks]
    bands = _bands(columns, room)
    if len(bands) > 1 and all(map(_is_row, slices := _slices(beside))):
        blocks, columns = slices, _in_lines(slices, room)
        bands = _bands(columns, room)
    heights = [max(len(columns[place]) for place in band) for band in bands]
    shown, share = len(bands), _WHOLE
    if sum(heights) > most:
        low = min(max(heights), _LOW + any(isinstance(block, Beside) for block in blocks))
        shown = len(bands) if low * len(bands) <= most else max(1, (most - 1) // low)
        share = max(low, (most - (shown < len(bands))) // shown)
    left_out = range(max(1, shown - 1), max(1, shown - 1) + len(bands) - shown)
    lines: list[str] = []
    for number, band in enumerate(bands):
        if number not in left_out:
            low_ones = (columns[at] if len(columns[at]) <= share else write(blocks[at], room, share) for at in band)
            lines += side_by_side(list(low_ones))
        elif number == left_out[0]:
            places = range(bands[number][0], bands[left_out[-1]][-1] + 1)
            lines.append(f"⋮ {wording.integer(sum(len(_slices(blocks[at])) for at in places))} more")
    return lines


def _bands(columns: list[list[str]], room: int) -> list[range]:
    """Returns the places of blocks that stand beside each other."""
    bands: list[range] = []
    used = 0
    for place, column in enumerate(columns):
        width = max(map(wording_width, column), default=0)
        if bands and used + len(GAP) * 2 + width <= room:
            used += len(GAP) * 2 + width
            bands[-1] = range(bands[-1].start, place + 1)
        else:
            used = width
            bands.append(range(place, place + 1))
    return bands


def _slices(block: Block) -> list[Block]:
    """Returns the tables that stand beside each other, however they are grouped."""
    return [one for inner in block.blocks for one in _slices(inner)] if isinstance(block, Beside) else [block]


def _is_row(block: Block) -> bool:
    """Returns whether a block is a slice of one row."""
    return isinstance(block, Table) and bool(block.caption) and len(block.rows) == 1 and not block.columns


def _in_lines(slices: Sequence[Block], room: int) -> list[list[str]]:
    """Returns slices of one row, each with its index before it."""
    captions = [block.caption for block in slices if isinstance(block, Table)]
    widest = max(map(len, captions))
    margin = " " * (widest + 2)
    columns = []
    for caption, block in zip(captions, slices, strict=True):
        first, *rest = write(block, room - len(margin), _WHOLE)[1:]
        columns.append([f"{caption.ljust(widest)}  {first}", *(margin + line for line in rest)])
    return columns
