"""Bars of text, and what stands for a picture in a terminal."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.document import Bars, Figure, Tiles
from tfnp_ext.formats.text.blocks import write, writes
from tfnp_ext.formats.text.layout import LONGEST_NAME, MOST_LINES, WIDTH, cut, wording_width


@writes(Figure, Tiles)
def write_picture(picture: Figure | Tiles, room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns what stands for a picture."""
    return write(picture.fallback, room, most) if picture.fallback else []


@writes(Bars)
def write_bars(bars: Bars, _room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns bars of eighth blocks, the largest first; whatever the room, they are as long as they are read best."""
    everything = sorted(bars.bars, key=lambda bar: -bar.length) if bars.columns else list(bars.bars)
    most = max(1, most - bool(bars.rest))
    last = bool(everything) and everything[-1].length < 0 and most > 2
    head = len(everything) if len(everything) <= most else max(1, most - 1 - last)
    ordered = everything[:head] + (everything[-1:] if last and head < len(everything) else [])
    labels = [cut(wording.printable(bar.label), LONGEST_NAME) for bar in ordered]
    label_width = max(map(wording_width, labels), default=0)
    value_width = max((wording_width(bar.value) for bar in ordered), default=0)
    longest = max(8, min(40 if label_width < 24 else 24, WIDTH - label_width - value_width - 6))
    lines = []
    for bar, named in zip(ordered, labels, strict=True):
        mark = "▸" if bar.strong else " "
        label = " " * (label_width - wording_width(named)) + named
        drawn = wording.text_bar(abs(bar.length), longest)
        minus = "-" if bar.length < 0 and drawn else ""
        lines.append(f"{mark} {label}  {bar.value.rjust(value_width)} {minus}{drawn}".rstrip())
    if len(ordered) < len(everything):
        lines.insert(head, f"  ⋮ {wording.integer(len(everything) - len(ordered))} more")
    if bars.rest:
        lines.append(f"  {bars.rest}")
    return lines
