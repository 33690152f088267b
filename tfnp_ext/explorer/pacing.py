"""Of moves that come faster than they can be drawn, only the latest is drawn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PAUSE = 0.01
"""Seconds between two parts of a long reading: the kernel receives in it what was sent meanwhile."""

Later = Callable[[float, Callable[[], None]], bool]
"""Calls a function after some seconds, and returns whether it can."""


def later_in_loop(seconds: float, function: Callable[[], None]) -> bool:
    """Calls a function in the running event loop, the kernel's; without one it cannot."""
    try:
        asyncio.get_running_loop().call_later(seconds, function)
    except RuntimeError:
        return False
    return True


class Pacing:
    """Draws at once where nothing was drawn just now; else once, when as long has passed as the last drawing took.

    In the meantime the kernel receives the moves that waited for it.

    Args:
        draw: Draws what is to be shown now.
        later: How a function is called later.
        clock: Seconds now; an argument so that tests are deterministic.
    """

    def __init__(
        self,
        draw: Callable[[], None],
        later: Later = later_in_loop,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._draw, self._later, self._clock = draw, later, clock
        self._free_at = -1.0
        self._asked = False
        self._reads_on = False
        self._waiting = False
        self._stopped = False

    def ask(self) -> None:
        """Has what is to be shown drawn, now or soon."""
        self._asked = True
        if self._waiting or self._stopped:
            return
        pause = self._free_at - self._clock()
        if pause > 0 and self._later(pause, self._wake):
            self._waiting = True
        else:
            self._now()

    def again(self) -> bool:
        """Has it drawn once more after a pause, and returns whether it can: a drawing may have read but a part."""
        self._waiting = self._waiting or self._later(PAUSE, self._wake)
        self._reads_on = self._waiting
        return self._waiting

    def catch_up(self) -> None:
        """Draws now what was asked for and waits, as for who reads what is shown."""
        if self._asked and not self._stopped:
            self._now()

    def stop(self) -> None:
        """Draws nothing any more."""
        self._stopped = True

    def _wake(self) -> None:
        reads_on, self._reads_on = self._reads_on, False
        self._waiting = False
        if (self._asked or reads_on) and not self._stopped:
            self._now()

    def _now(self) -> None:
        self._asked = False
        started = self._clock()
        try:
            self._draw()
        finally:
            ended = self._clock()
            self._free_at = ended + (ended - started)
