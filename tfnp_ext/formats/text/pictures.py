"""Bars of text, and what stands for a picture in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tfnp_ext import wording
from tfnp_ext.document import Bar, Bars, Figure, Tiles
from tfnp_ext.formats.text.blocks import write, writes
from tfnp_ext.formats.text.layout import MOST_LINES, WIDTH, cut_inside, wording_width

_LONGEST_LABEL = 52
"""Characters of a bar's name: two classes that are confused, and room for eight of the bar."""


@writes(Figure, Tiles)
def write_picture(picture: Figure | Tiles, room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns what stands for a picture."""
    return write(picture.fallback, room, most) if picture.fallback else []


@writes(Bars)
def write_bars(bars: Bars, _room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns bars of eighth blocks, in their order; whatever the room, they are as long as they are read best."""
    most = max(1, most - bool(bars.rest))
    rest, rest_after = bars.rest, bars.rest_after
    if rest and rest_after is not None and len(bars.bars) > most:  # what is left out is told once
        bars, rest = replace(bars, bars=bars.bars[:most]), rest_after(most)
    last = bool(bars.bars) and bars.bars[-1].length < 0 and most > 2
    head = len(bars.bars) if len(bars.bars) <= most else max(1, most - 1 - last)
    ordered = bars.bars[:head] + (bars.bars[-1:] if last and head < len(bars.bars) else ())
    labels = [cut_inside(wording.printable(bar.label), _LONGEST_LABEL) for bar in ordered]
    values = _in_columns(ordered)
    label_width = max(map(wording_width, labels), default=0)
    value_width = max(map(wording_width, values), default=0)
    longest = max(8, min(40 if label_width < 24 else 24, WIDTH - label_width - value_width - 6))
    lines = []
    for bar, named, value in zip(ordered, labels, values, strict=True):
        mark = "▸" if bar.strong else " "
        label = " " * (label_width - wording_width(named)) + named
        drawn = wording.text_bar(abs(bar.length), longest)
        minus = "-" if bar.length < 0 and drawn else ""
        lines.append(f"{mark} {label}  {value} {minus}{drawn}".rstrip())
    if len(ordered) < len(bars.bars):
        lines.insert(head, f"  ⋮ {wording.integer(len(bars.bars) - len(ordered))} more")
    if rest:
        lines.append(f"  {rest}")
    return lines


def _in_columns(bars: Sequence[Bar]) -> list[str]:
    """Returns the value of each bar in words, after the number itself where there is one, right-aligned."""
    number_width, value_width = (
        max((wording_width(text) for text in texts), default=0)
        for texts in ([bar.number for bar in bars], [bar.value for bar in bars])
    )
    gap = "  " if number_width else ""
    return [f"{bar.number.rjust(number_width)}{gap}{bar.value.rjust(value_width)}" for bar in bars]
