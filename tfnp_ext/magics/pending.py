"""What ``%tonumpy`` returned last and has not been shown yet."""

from __future__ import annotations

from typing import Any, NamedTuple

from tfnp_ext.config import DisplayOptions


class Pending(NamedTuple):
    """A card to come.

    Attributes:
        result: The very object that the magic returned.
        source: What it was converted from.
        options: How the card shall look.
    """

    result: Any
    source: Any
    options: DisplayOptions


class PendingCard:
    """A table with one seat: the result of the latest ``%tonumpy``, waiting for its display.

    Its display takes it out, the end of the cell empties it, and so does the next ``%tonumpy``: a loop over batches
    keeps no batch alive but the last. The strong reference makes identity safe: no other object can have its id.
    """

    def __init__(self) -> None:
        self._pending: Pending | None = None

    def put(self, result: Any, source: Any, options: DisplayOptions) -> None:
        """Remembers that the display of ``result`` is to be the card of ``source``."""
        self._pending = Pending(result, source, options)

    def take(self, obj: Any) -> Pending | None:
        """Returns what is pending for this very object, once."""
        if self._pending is None or self._pending.result is not obj:
            return None
        taken, self._pending = self._pending, None
        return taken

    def clear(self, *_: Any) -> None:
        """Forgets; the arguments are those of IPython's events."""
        self._pending = None
