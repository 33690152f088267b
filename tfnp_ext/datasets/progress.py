"""A bar for what takes longer than a second."""

from __future__ import annotations

import time
from typing import Any

from tfnp_ext import wording

_PATIENCE = 1.0
"""Seconds before a bar is shown."""


class Progress:
    """Shows how far drawing has come: elements and bytes a second, and the time left where the number is known.

    Args:
        shown: Whether anything is shown at all.
        total: How many elements there will be, ``None`` where that is not known.
        unit: What an element is called: ``batch`` or ``element``.
    """

    def __init__(self, shown: bool, total: int | None, unit: str) -> None:
        self._shown, self._total, self._unit = shown, total, unit
        self._started = time.perf_counter()
        self._bar: Any = None

    def update(self, elements: int, nbytes: int) -> None:
        """Shows the state, once the time is there for it."""
        elapsed = time.perf_counter() - self._started
        if not self._shown or elapsed < _PATIENCE:
            return
        if self._bar is None:
            self._bar = self._new_bar()
            self._bar.start_t = self._bar._time() - elapsed  # the rate counts from the first element on
        self._bar.set_postfix_str(f"{wording.byte_count(int(nbytes / elapsed))}/s", refresh=False)
        self._bar.update(elements - self._bar.n)

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _new_bar(self) -> Any:
        from tqdm.auto import tqdm

        return tqdm(total=self._total, unit=f" {self._unit}", leave=False, dynamic_ncols=True, smoothing=0)
