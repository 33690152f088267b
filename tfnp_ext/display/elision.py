"""Which rows and columns of many are shown, and what stands for the others."""

from __future__ import annotations

from collections.abc import Sequence

from tfnp_ext.document import Cell

DOWN = Cell("⋮", "secondary")
"""What stands for rows that are left out."""

ROWS, COLUMNS = 40, 12
"""Rows and columns of a table of values before it is elided, unless others are asked for."""

MOST_CELLS = 600
"""Cells of a table, however many are asked for: with its picture a card stays under 40 kB."""

_OF_A_TEXT = 10
"""Cells that a row of text counts for."""

BOUNDED = "no more than a card of 40 kB holds"
"""What is said where that is why rows or columns are left out."""

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


def spread_cells(
    shape: Sequence[int], rows: int, columns: int, most: int = MOST_CELLS
) -> tuple[list[int | None], list[int | None], bool]:
    """Returns which rows and columns of a matrix are shown, and whether fewer than asked for: so many cells hold.

    Of too many it is first the rows that are left out, down to those of a usual table, then the columns.

    Args:
        shape: Rows and columns of the matrix.
        rows: So many rows are asked for.
        columns: So many columns are.
        most: Cells that there is room for.
    """
    down, across = spread(shape[0], rows), spread(shape[1], columns)
    if len(down) * len(across) <= most:
        return down, across, False
    down = _filled(down, max(min(ROWS, most), most // len(across)))
    return down, _filled(across, most // len(down)), True


def spread_texts(count: int, rows: int) -> tuple[list[int | None], bool]:
    """Returns which rows of text are shown, and whether fewer than asked for, as ``spread_cells`` does."""
    shown, _, bounded = spread_cells((count, _OF_A_TEXT), rows, _OF_A_TEXT)
    return shown, bounded


def _filled(places: list[int | None], room: int) -> list[int | None]:
    """Returns the first three quarters and the last quarter of places that have room, ``None`` between them."""
    if len(places) <= room:
        return places
    kept = [place for place in places if place is not None]
    tail = (room - 1) // 4
    return [*kept[: room - 1 - tail], None, *kept[len(kept) - tail :]]


def elided_at(places: Sequence[int | None]) -> int | None:
    """Returns before which of those shown others are left out; ``None`` where all are shown."""
    return places.index(None) if None in places else None
