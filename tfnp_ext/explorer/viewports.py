"""What each canvas of an explorer shows: the same explorer may be displayed in several places of a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tfnp_ext.explorer.canvas import Event
from tfnp_ext.explorer.frames import Viewport
from tfnp_ext.explorer.planes import Region

MOST_VIEWS = 8
"""Canvases that are remembered; of more, those that were heard of last."""


@dataclass
class Viewports:
    """The viewport of each canvas, by the word that it calls itself."""

    _viewports: dict[str, Viewport] = field(default_factory=dict)
    _ratios: dict[str, float] = field(default_factory=dict)
    _waiting: set[str] = field(default_factory=set)
    _painted: Any = None
    _arrangement: Any = None
    _arranged_at: int = 0

    def __bool__(self) -> bool:
        return bool(self._viewports)

    @property
    def one(self) -> dict[str, str]:
        """What is added to a message that one canvas alone is to act on: the one that was heard of last."""
        return {"view": list(self._viewports)[-1]} if len(self._viewports) > 1 else {}

    def opened(self, event: Event) -> bool:
        """Takes in a canvas that has just been shown.

        Args:
            event: Its ``ready``.

        Returns:
            Whether others have to say that they are still there: a page that was loaded anew has not told that its
            canvases are gone.
        """
        view = str(event.get("view", ""))
        others = view not in self._viewports and bool(self._viewports)
        self._ratios[view] = float(event.get("ratio") or 1)
        viewport = Viewport(None, self._pixels(view, event))
        if others:
            self._viewports.clear()
        self._keep(view, viewport)
        return others

    def moved(self, event: Event, plane: tuple[int, int]) -> None:
        """Takes in what a canvas shows now.

        Args:
            event: Its ``viewport``; what it says of a plane of other rows and columns comes too late.
            plane: Rows and columns of what is shown.
        """
        view = str(event.get("view", ""))
        if "ratio" in event:
            self._ratios[view] = float(event["ratio"] or 1)
        late = int(event.get("serial", self._arranged_at)) < self._arranged_at
        if late and view in self._viewports:
            return
        region: Region | None = None
        if event["region"] is not None and not late:
            top, left, bottom, right = (int(edge) for edge in event["region"])
            region = (top, left, bottom, right)
        whole = region == (0, 0, *plane)
        self._keep(view, Viewport(None if whole else region, self._pixels(view, event)))

    def closed(self, event: Event) -> None:
        """Forgets a canvas that is gone."""
        view = str(event.get("view", ""))
        self._viewports.pop(view, None)
        self._ratios.pop(view, None)
        self._waiting.discard(view)

    def arrange(self, arrangement: Any, serial: int) -> bool:
        """Has all canvases show the whole of a plane where its rows and columns are others than those before.

        Args:
            arrangement: What a region of the plane depends on.
            serial: Number of the next frame.

        Returns:
            Whether it is another one.
        """
        before, self._arrangement = self._arrangement, arrangement
        if before in {None, arrangement}:
            return False
        self._arranged_at = serial
        self._viewports = {view: replace(known, region=None) for view, known in self._viewports.items()}
        return True

    def due(self, shown: Any) -> Iterator[tuple[Viewport, list[str]]]:
        """Yields each viewport that has to be painted, and the canvases that have it.

        Args:
            shown: What is painted; where it is what was painted last, only who has asked since gets a frame.
        """
        views = self._waiting if self._waiting and shown == self._painted else set(self._viewports)
        self._painted, self._waiting = shown, set()
        alike: dict[Viewport, list[str]] = {}
        for view in views & set(self._viewports):
            alike.setdefault(self._viewports[view], []).append(view)
        yield from alike.items()

    def _keep(self, view: str, viewport: Viewport) -> None:
        self._viewports.pop(view, None)
        self._viewports[view] = viewport
        self._waiting.add(view)
        for oldest in list(self._viewports)[:-MOST_VIEWS]:
            self.closed({"view": oldest})

    def _pixels(self, view: str, event: Event) -> tuple[int, int]:
        ratio = self._ratios.get(view, 1.0)
        height, width = (max(1, round(float(side) * ratio)) for side in event["size"])
        return height, width
