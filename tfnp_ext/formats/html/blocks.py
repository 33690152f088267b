"""Which function writes which block: each file of this room enters its own, so that blocks can hold blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tfnp_ext.document import Block

_WRITERS: dict[type, Callable[[Any], str]] = {}

Writer = TypeVar("Writer", bound=Callable[[Any], str])


def writes(block_class: type) -> Callable[[Writer], Writer]:
    """Enters a function as what writes one class of block; a decorator."""

    def enter(writer: Writer) -> Writer:
        _WRITERS[block_class] = writer
        return writer

    return enter


def write(block: Block) -> str:
    """Returns a block as HTML."""
    return _WRITERS[type(block)](block)


def write_all(blocks: tuple[Block, ...]) -> str:
    """Returns blocks below each other."""
    return "".join(map(write, blocks))
