"""What ``%tonumpy`` returned last and has not been shown yet."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from tfnp_ext.config import DisplayOptions


class Pending(NamedTuple):
    """A card to come.

    Attributes:
        result: The very object that the magic returned.
        source: What it was converted from.
        options: How the card shall look.
        told: What was done to have it.
        warned: Why it is not all that was asked for; the user has to learn of that, with a card or without.
        bound: The name that the magic itself gave it.
    """

    result: Any
    source: Any
    options: DisplayOptions
    told: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    bound: str = ""


class PendingCard:
    """A table with one seat: the result of the latest ``%tonumpy``, waiting for its display.

    Its display takes it out, the end of the cell empties it, and so does the next ``%tonumpy``: a loop over batches
    keeps no batch alive but the last. The strong reference makes identity safe: no other object can have its id.
    """

    def __init__(self) -> None:
        self._pending: Pending | None = None

    def put(self, pending: Pending) -> None:
        """Remembers what the display of a result is to be."""
        self._pending = pending

    def take(self, obj: Any) -> Pending | None:
        """Returns what is pending for this very object, once."""
        if self._pending is None or self._pending.result is not obj:
            return None
        taken, self._pending = self._pending, None
        return taken

    def clear(self, *_: Any) -> None:
        """Forgets, and warns of what no card has said; the arguments are those of IPython's events."""
        pending, self._pending = self._pending, None
        if pending is not None:
            warn(pending.warned)


def warn(warned: Iterable[str]) -> None:
    """Warns, each time anew: a cell that is run again has the same place in the source."""
    for said in warned:
        warnings.warn_explicit(said, UserWarning, "%tonumpy", 1, registry={})
