"""How arrays lie in a store: what a chunk holds, and which files there must be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tfnp_ext.errors import StorageError

KEY = "tfnp_ext"
"""Where the manifest is among the attributes of the root."""

CHUNK_KEYS = {"name": "default", "separator": "/"}
METADATA = ("zarr.json", ".zarray", ".zgroup")
"""The files that make a folder a node: of version 3, and of version 2."""

SMALLEST_CHUNK, LARGEST_CHUNK = 2**20, 2**25
GATHERED = 2**22
"""What smaller batches are gathered to: a file each costs more than its bytes."""


def chunk_shape(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Returns the shape of a chunk for arrays that come in a shape [N, …].

    A chunk holds those N rows, several times where they are few bytes, a part of them where they are many; a row that
    is too large by itself is cut along its next axes.

    Example:
        >>> chunk_shape((32, 28, 28), 4), chunk_shape((256, 224, 224, 3), 1)
        ((1344, 28, 28), (128, 224, 224, 3))
    """
    rows, *row = (max(1, axis) for axis in shape)
    size = math.prod(row) * itemsize
    if rows * size < SMALLEST_CHUNK:
        rows *= -(-GATHERED // (rows * size))
    elif rows * size > LARGEST_CHUNK:
        parts = -(-rows * size // LARGEST_CHUNK)
        rows = max(1, min(LARGEST_CHUNK // size, -(-rows // parts)))
    for axis in range(len(row)):
        size = math.prod(row) * itemsize
        if size > LARGEST_CHUNK:
            row[axis] = max(1, row[axis] * LARGEST_CHUNK // size)
    return (rows, *row)


def chunk_files(folder: Path, shape: Sequence[int], chunk: Sequence[int]) -> Iterator[Path]:
    """Yields where the chunks of an array are, all of them."""
    counts = [-(-axis // size) for axis, size in zip(shape, chunk, strict=True)]
    if not all(counts):
        return
    index = [0] * len(counts)  # and no product of ranges, which a shape that lies makes endless
    while True:
        yield folder.joinpath("c", *map(str, index))
        for axis in reversed(range(len(counts))):
            index[axis] += 1
            if index[axis] < counts[axis]:
                break
            index[axis] = 0
        else:
            return


def imported() -> Any:
    """Returns Zarr, or raises a ``StorageError`` that says how to get it."""
    try:
        import zarr
    except ImportError as error:
        raise StorageError('.zarr needs Zarr, which is not installed: pip install "tfnp-ext[zarr]"') from error
    if not hasattr(zarr.storage, "LocalStore"):
        raise StorageError(f'.zarr needs Zarr 3, and {zarr.__version__} is installed: pip install "tfnp-ext[zarr]"')
    return zarr
