"""What the leaves of a tree unfold to: the pictures of the largest and the values of all, in the bytes that are left.

Nothing is decided by how many leaves there are: each has its part of the bytes, a small tree's whole pictures and
tables, a large one's little maps, corners, or the first and last values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from tfnp_ext.document import Unfolding
from tfnp_ext.formats.html.blocks import write, write_all

MOST_PICTURES = 8
"""Of so many leaves, the largest, there are pictures."""

_MOST_UNFOLDED = 120_000
"""Bytes of all that is folded away in one tree."""

_FOR_VALUES = 2_000
"""Bytes that are kept for the values of each leaf while there are pictures of the leaves' own."""

_FOR_MAPS = 18_000
"""Bytes that little maps may take before the values have any."""

_LEAST_PICTURE, _LEAST_MAP = 3_000, 1_200
"""Bytes below which a picture of a leaf's own, and a little map, are not tried."""

_GRAIN = 4_096

_A_CELL, _A_FOLD = 52, 450
"""About how many bytes a cell of a table takes, and what is around it."""

_LEAST_VALUES, _MOST_PARTS = 110, 4
"""Bytes below which no values are tried; of how many parts one leaf may have the bytes, at the cost of later ones."""


def write_unfoldings(unfoldings: Sequence[Unfolding], room: int) -> tuple[list[str], Counter[str]]:
    """Returns the HTML of each, no more in all than there is room for, and how much was left out of what.

    Args:
        unfoldings: In the order of their leaves.
        room: Bytes that are left of the card's.
    """
    left, left_out = min(room, _MOST_UNFOLDED), Counter[str]()
    pictures = _write_pictures(unfoldings, left, left_out)
    # In whole kB: what a table shows shall not depend on how well one zlib or another compresses.
    left = max(0, left - sum(map(byte_length, pictures.values()))) // _GRAIN * _GRAIN
    written: list[str] = []
    for place, unfolding in enumerate(unfoldings):
        html = _write_values(unfolding, left // (len(unfoldings) - place), left)
        if not html:
            left_out["values"] += 1
        left -= byte_length(html)
        written.append(pictures.get(place, "") + html)
    return written, left_out


def _write_values(unfolding: Unfolding, part: int, left: int) -> str:
    """Returns the values of a leaf in about its part of the bytes that are left, ``""`` where that is too little."""
    if part < _LEAST_VALUES:
        return ""
    html = write_all(unfolding.values(max(0, (part - _A_FOLD) // _A_CELL)))
    if byte_length(html) > part + part // 8:
        html = write_all(unfolding.values(0)) or html  # some tables are as they are, or not there
    return html if byte_length(html) <= min(left, _MOST_PARTS * part) else ""


def _write_pictures(unfoldings: Sequence[Unfolding], room: int, left_out: Counter[str]) -> dict[int, str]:
    """Returns the pictures of the largest leaves by place: their own where there are the bytes, else little maps.

    What small pictures leave of their parts is the larger ones'.
    """
    able = [place for place, unfolding in enumerate(unfoldings) if unfolding.picture is not None]
    largest = sorted(able, key=lambda place: -unfoldings[place].size)[:MOST_PICTURES]
    own, maps = room - _FOR_VALUES * len(unfoldings), max(room // 2, min(room, _FOR_MAPS))
    too_large = math.inf  # what one picture took the next may take: it need not be drawn to know
    pictures: dict[int, str] = {}
    for left, place in zip(range(len(largest), 0, -1), reversed(largest), strict=True):
        unfolding, part, html = unfoldings[place], own // left, ""
        if _LEAST_PICTURE <= part < too_large:
            html = write_all(unfolding.picture()) if unfolding.picture is not None else ""
            if byte_length(html) > part:
                too_large, html = byte_length(html), ""
        if not html:
            little = unfolding.little() if unfolding.little is not None and maps >= _LEAST_MAP else None
            html = write(little) if little is not None else ""
            html = html if byte_length(html) <= maps else ""
            left_out["pictures"] += not html and (little is not None or too_large < math.inf)
            maps -= byte_length(html)
        pictures[place] = html
        own -= byte_length(html)
    return pictures


def byte_length(html: str) -> int:
    """Returns the bytes of a text in UTF-8."""
    return len(html) if html.isascii() else len(html.encode("utf-8"))
