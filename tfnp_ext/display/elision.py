"""Which rows and columns of many are shown, and what stands for the others."""

from __future__ import annotations

from collections.abc import Sequence

from tfnp_ext.document import Cell

DOWN = Cell("⋮", "secondary")
"""What stands for rows that are left out."""

_HEAD, _TAIL = 6, 2


def ends(limit: int) -> tuple[int, int]:
    """Returns how many of the first and of the last rows are shown of more than ``limit``: six and two, or fewer."""
    tail = min(_TAIL, limit // 2)
    return min(_HEAD, limit - tail), tail


def spread(count: int, limit: int) -> list[int | None]:
    """Returns which of ``count`` rows are shown: all up to ``limit``, else the first, ``None`` and the last.

    Example:
        >>> spread(3, 3), spread(5, 3)
        ([0, 1, 2], [0, 1, None, 4])
    """
    if count <= limit:
        return list(range(count))
    head, tail = ends(limit)
    return [*range(head), None, *range(count - tail, count)]


def elided_at(places: Sequence[int | None]) -> int | None:
    """Returns before which of those shown others are left out; ``None`` where all are shown."""
    return places.index(None) if None in places else None
