"""Text in columns: how wide it is, where it is cut, and lines that go on or stand side by side."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

WIDTH = 80
MOST_LINES = 12
"""Lines of a card: it cannot be folded in a terminal, and what stands above it shall stay in sight."""

LONGEST_NAME = 40
NARROWEST = 24
"""Columns that a value gets in any case, beside however long a name."""

GAP, INDENT = "   ", "      "
"""Between the parts of a line, and before a line that goes on."""


_NARROW = re.compile("[ -\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u2319\u2500-\u25fc]*")
"""Letters of Europe, arrows, signs of mathematics and blocks, all one column wide: most of what is written here."""

_EMOJI = re.compile("[\u200d\ufe0f\U0001f3fb-\U0001f3ff]")
"""What an emoji of several characters has: joiners, a mark that it is one, tones of skin."""

_JOINED = re.compile("\u200d(?:[\u2600-\u27bf]\ufe0f?|[\U0001f000-\U0001faff])|(?<=.)[\U0001f3fb-\U0001f3ff]")
"""What follows in such an emoji: it takes no column of its own."""

_PRESENTED = re.compile("[\u00a9-\u2bff\u3030\u303d](?=\ufe0f)")
"""Characters that are one column wide, and two as an emoji."""


def wording_width(text: str) -> int:
    """Returns how many terminal columns a text takes: wide characters two, combining ones none, an emoji two."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    if _EMOJI.search(text):
        text = _PRESENTED.sub("\u3000", _JOINED.sub("", text))
    return sum(map(_character_width, text))


@lru_cache(4096)
def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int = WIDTH) -> str:
    """Returns a text that takes no more than so many columns, with ``…`` where it was cut."""
    if wording_width(text) <= room:
        return text
    kept = text[: room * 2]
    while kept and wording_width(kept) >= room:
        kept = kept[:-1]
    return f"{kept}…"


def cut_inside(text: str, room: int) -> str:
    """Returns a text with ``…`` in its middle where it is too long: names that begin alike end differently.

    Example:
        >>> cut_inside("conv2_kernel_momentum", 16)
        'conv2_k…momentum'
    """
    if wording_width(text) <= room:
        return text
    end = text[-room:]
    while wording_width(end) > room // 2:
        end = end[1:]
    return cut(text, room - wording_width(end)) + end


_BETWEEN_NUMBERS = re.compile("(,) |()  ")
_BETWEEN_STRINGS = re.compile(r"""(?:(?<!\\)"|'|])(?:(,) |()  )""")


def cut_between(text: str, room: int, *, strings: bool = False) -> str:
    """Returns values in a row, cut after a whole one; one that is too long by itself is cut inside.

    Args:
        text: The values, two blanks or a comma between them.
        room: Columns that they may take.
        strings: Whether they are strings, which may hold blanks and commas themselves.

    Example:
        >>> cut_between("1.5  -2.25  3.75", 12), cut_between("[1, 2], [3, 4]", 12)
        ('1.5  -2.25 …', '[1, 2], …')
    """
    if wording_width(text) <= room:
        return text
    kept = ""
    for found in (_BETWEEN_STRINGS if strings else _BETWEEN_NUMBERS).finditer(text):
        piece = text[: found.end() - 1 if found[1] else found.end() - 2]
        if wording_width(piece) > room - 2:
            break
        kept = piece
    return f"{kept} …" if kept else cut(text, room)


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
