"""Which function writes which block: each file of this room enters its own, so that blocks can hold blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tfnp_ext.document import Block
from tfnp_ext.formats.text.layout import MOST_LINES, WIDTH

_WRITERS: dict[type, Callable[[Any, int, int], list[str]]] = {}

Writer = TypeVar("Writer", bound=Callable[[Any, int, int], list[str]])


def writes(*block_classes: type) -> Callable[[Writer], Writer]:
    """Enters a function as what writes some classes of blocks; a decorator."""

    def enter(writer: Writer) -> Writer:
        _WRITERS.update(dict.fromkeys(block_classes, writer))
        return writer

    return enter


def write(block: Block, room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns the lines of a block.

    Args:
        block: The block.
        room: Columns that a line may take.
        most: Lines that it may take; sentences and numbers take what they need.
    """
    return _WRITERS[type(block)](block, room, most)
