"""A bar for what takes longer than a second: a widget in notebooks, a line of text in terminals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from tfnp_ext import wording

_PATIENCE = 1.0
"""Seconds before a bar is shown."""

_IN_A_LOG = 10.0
"""Seconds between two lines where no terminal draws over the last one."""


class Progress:
    """Shows how far drawing has come: elements and bytes a second, and the time left where the number is known.

    Args:
        shown: Whether anything is shown at all.
        total: How many elements there will be, ``None`` where that is not known.
        unit: What an element is called: ``batch`` or ``element``.
        clock: Seconds, for tests.
        kept: How many of the first elements are there already, which is said while they come again.
    """

    def __init__(
        self, shown: bool, total: int | None, unit: str, clock: Callable[[], float] = time.perf_counter, kept: int = 0
    ) -> None:
        self._shown, self._total, self._unit, self._kept, self._clock = shown, total, unit, kept, clock
        self._started, self._next = clock(), _PATIENCE
        self._bar: Any = None
        self._displayed: Any = None

    def update(self, elements: int, nbytes: int) -> None:
        """Shows the state, once the time is there for it."""
        elapsed = self._clock() - self._started
        if not self._shown or elapsed < self._next:
            return
        if self._bar is None:
            self._open(elapsed)
        rate = f"{wording.byte_count(int(nbytes / elapsed))}/s"
        self._bar.set_postfix_str("stored already" if elements < self._kept else rate, refresh=False)
        self._bar.n = elements
        self._bar.refresh()
        if self._displayed is None and not sys.stderr.isatty():
            self._next = elapsed + _IN_A_LOG

    def close(self) -> None:
        """Takes the bar away: what came of it is said elsewhere."""
        if self._bar is None:
            return
        self._bar.total = self._bar.n  # one that is not full would stay, in red
        self._bar.close()
        if self._displayed is not None:
            # A widget that is gone would leave an error behind in a saved notebook.
            self._displayed.update({"text/plain": ""}, raw=True)
        self._bar = self._displayed = None

    def _open(self, elapsed: float) -> None:
        from tqdm.auto import tqdm

        options: dict[str, Any] = {"total": self._total, "unit": f" {self._unit}", "leave": False, "smoothing": 0}
        if any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__):
            from IPython.display import display

            self._bar = tqdm(**options, display=False)
            self._displayed = display(self._bar.container, display_id=True)
        else:
            self._bar = tqdm(**options, dynamic_ncols=True)
        self._bar.start_t -= elapsed  # the rate counts from the first element on
