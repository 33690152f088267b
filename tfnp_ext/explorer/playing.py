"""Playing along an axis: a step each time the last one is on the screen, never faster than the eye follows."""

from __future__ import annotations

import time
from collections.abc import Callable

from tfnp_ext.explorer.pacing import Later, later_in_loop

INTERVAL = 0.15
"""Seconds from one step to the next, at least."""


class Player:
    """Steps along an axis as its canvas says that it has painted, so that no frames pile up on a slow line.

    Args:
        step: Goes one place on along an axis, and returns whether it could.
        ended: Called with the axis when there is nothing further on, or another is played.
        later: How a function is called later.
        clock: Seconds now; an argument so that tests are deterministic.
    """

    def __init__(
        self,
        step: Callable[[int], bool],
        ended: Callable[[int], None],
        later: Later = later_in_loop,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._step, self._ended, self._later, self._clock = step, ended, later, clock
        self._next_at = 0.0
        self._waiting = False
        self.axis: int | None = None

    def play(self, axis: int) -> None:
        """Plays along an axis, from where it is."""
        if self.axis is not None and self.axis != axis:
            self._ended(self.axis)
        self.axis = axis
        self._go()

    def stop(self) -> None:
        """Stands still."""
        axis, self.axis = self.axis, None
        if axis is not None:
            self._ended(axis)

    def painted(self) -> None:
        """Is told that the last step is on the screen."""
        if self.axis is None or self._waiting:
            return
        pause = self._next_at - self._clock()
        if pause > 0 and self._later(pause, self._wake):
            self._waiting = True
        else:
            self._go()

    def _wake(self) -> None:
        self._waiting = False
        self._go()

    def _go(self) -> None:
        if self.axis is None:
            return
        self._next_at = self._clock() + INTERVAL
        if not self._step(self.axis):
            self.stop()
