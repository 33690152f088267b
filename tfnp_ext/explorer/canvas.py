"""The canvas of the explorer: it paints the frames that it is sent, and tells what its reader does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget

STATIC = Path(__file__).parent / "static"

MODULES = ("values", "colors", "pen", "view", "plane", "charts", "layout", "reading", "parts", "table", "canvas")
"""The script's files, each after those that it needs when it is read."""

Event = dict[str, Any]
"""A message of the script: ``type`` and what belongs to it, plain JSON."""

Listener = Callable[["Canvas", Event], None]


def joined_script() -> str:
    """Returns the script as one module, which is all that anywidget loads: no name is used by two of its files.

    Each file is an ES module of its own; joined, they need neither their imports from each other nor their exports.
    """
    text = "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    text = re.sub(r'^import \{[^}]*\} from "\./\w+\.js";\n', "", text, flags=re.MULTILINE)
    return re.sub(r"^export (?!default\b)", "", text, flags=re.MULTILINE)


class Canvas(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]
    """Pixels on which one hovers, zooms and pans.

    Frames are messages, not traits: a trait's value would be saved with the notebook.

    Args:
        on_event: Called with the canvas and each event of the script.
        **traits: Those of a widget.
    """

    _esm = joined_script()
    _css = STATIC / "canvas.css"

    def __init__(self, on_event: Listener | None = None, **traits: Any) -> None:
        super().__init__(**traits)
        self._on_event = on_event
        self.on_msg(self._receive)

    def send_frame(self, meta: dict[str, Any], buffers: Sequence[Any]) -> None:
        """Shows a frame.

        Args:
            meta: What the frame is, as plain JSON: ``kind``, ``shape``, ``region`` and so on.
            buffers: Its values as bytes, little endian and in C order; the colour table last, where ``meta["lut"]``.
        """
        self.send({"type": "frame", **meta}, list(buffers))

    def _receive(self, _: Canvas, content: Event, __: Sequence[memoryview]) -> None:
        if self._on_event is not None:
            self._on_event(self, content)
