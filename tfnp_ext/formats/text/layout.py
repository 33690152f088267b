"""Text in columns: how wide it is, where it is cut, and lines that go on or stand side by side."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

WIDTH = 80
LONGEST_NAME = 40
NARROWEST = 24
"""Columns that a value gets in any case, beside however long a name."""

GAP, INDENT = "   ", "      "
"""Between the parts of a line, and before a line that goes on."""


def wording_width(text: str) -> int:
    """Returns how many terminal columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


@lru_cache(4096)
def _character_width(character: str) -> int:
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int = WIDTH) -> str:
    """Returns a text that takes no more than so many columns, with ``…`` where it was cut."""
    if wording_width(text) <= room:
        return text
    kept = text[:room]
    while wording_width(kept) >= room:
        kept = kept[:-1]
    return f"{kept}…"


def wrap(items: Sequence[str], room: int = WIDTH, gap: str = GAP) -> list[str]:
    """Returns items joined by a gap, broken between them where the room ends."""
    lines: list[str] = []
    for item in items:
        if lines and wording_width(lines[-1]) + wording_width(item) + len(gap) <= room:
            lines[-1] += gap + item
        else:
            lines.append(item)
    return lines


def broken(lines: list[str], room: int) -> list[str]:
    """Returns lines of which those that are too long by themselves go on, indented, in the next."""
    fitting: list[str] = []
    for line in lines:
        first, *rest = [line] if wording_width(line) <= room else wrap(line.split(" "), room - len(INDENT), " ")
        fitting += [first, *(INDENT + more for more in rest)]
    return fitting


def side_by_side(columns: list[list[str]]) -> list[str]:
    """Returns blocks of lines beside each other, each as wide as its widest line."""
    widths = [max(map(wording_width, column), default=0) for column in columns]
    height = max(map(len, columns), default=0)
    lines = []
    for row in range(height):
        pieces = [
            text + " " * (width - wording_width(text))
            for text, width in (
                (column[row] if row < len(column) else "", width) for column, width in zip(columns, widths, strict=True)
            )
        ]
        lines.append((GAP * 2).join(pieces).rstrip())
    return lines


def hang(line: str, rest: list[str], room: int) -> list[str]:
    """Returns a small block hung at the end of a line, or below it where there is no room."""
    if not rest:
        return [line.rstrip()]
    if max(map(wording_width, rest)) > room:
        return [line.rstrip(), *(f"{INDENT}{more}" for more in rest)]
    margin = " " * (wording_width(line) + 2)
    return [f"{line}  {rest[0]}", *(margin + more for more in rest[1:])]
