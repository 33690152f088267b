"""A page that holds canvases of the explorer without a Jupyter: a stub of anywidget's model, and frames of arrays."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from .module_page import ModulePage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PAGE = """<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="canvas.css"><style>
body { margin: 0; padding: 12px; background: #fff; color: #000d; }
body.dark { background: #111; color: #fffd; }
</style></head><body><div id="first" class="host"></div><div id="second" class="host"></div>
<div style="height: 3000px"></div><script type="module">
import widget from "./joined.js";
import * as values from "./values.js";
window.values = values;
window.hosts = {};
window.start = (name, root) => {
  const handlers = new Set();
  const sent = [];
  const model = {
    get: () => undefined,
    set() {},
    save_changes() {},
    send: (content) => sent.push(content),
    on(type, handler) { if (type === "msg:custom") handlers.add(handler); },
    off(type, handler) { handlers.delete(handler); },
  };
  const el = root ?? document.getElementById(name);
  const stop = widget.render({ model, el });
  hosts[name] = { el, stop, sent, handlers };
};
window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
window.deliver = (name, message, texts) => {
  const buffers = texts.map((text) => new DataView(window.bytes(text).buffer));
  const before = performance.now();
  for (const handler of hosts[name].handlers) handler(message, buffers);
  return performance.now() - before;
};
window.ready = true;
</script></body></html>"""

NAMES = {"float32": "f4", "float64": "f8", "bool": "b1"}


def dtype_name(dtype: np.dtype) -> str:
    """Returns what a frame calls a dtype."""
    return NAMES.get(dtype.name) or f"{dtype.kind}{dtype.itemsize}"


def ink_table(signed: bool = True) -> np.ndarray:
    """Returns 256 colours [256, 4]: orange by paper to blue, or paper to blue."""
    steps = np.linspace(-1 if signed else 0, 1, 256)
    colors = np.where((steps < 0)[:, None], (0xC0, 0x63, 0x1A), (0x3A, 0x7D, 0xC0))
    return np.concatenate([colors, np.rint(255 * np.abs(steps))[:, None]], axis=1).astype(np.uint8)


def opaque_table() -> np.ndarray:
    """Returns 256 colours [256, 4] all of which differ."""
    place = np.arange(256)
    return np.stack([place, 255 - place, (place * 7) % 256, np.full(256, 255)], axis=1).astype(np.uint8)


def frame_of(array: np.ndarray, table: np.ndarray | None = None, **meta: Any) -> tuple[dict[str, Any], list[bytes]]:
    """Returns the message and buffers of a heat map (or of another ``kind``) that shows the whole of an array."""
    plane = array if array.ndim == 2 else array.reshape(1, -1)
    finite = plane[np.isfinite(plane)] if plane.dtype.kind == "f" else plane
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    wide = np.isfinite(high - low) and high - low > 1e-9 * max(abs(low), abs(high))
    counts, edges = np.histogram(finite.astype(float), 64, (low, high)) if wide else (np.zeros(64, int), (low, high))
    height, width = plane.shape
    message = {
        "type": "frame",
        "serial": 1,
        "kind": "heatmap",
        "shape": [height, width],
        "region": [0, 0, height, width],
        "pixels": [height, width],
        "pooled": "",
        "dtype": dtype_name(array.dtype),
        "limits": [low, high],
        "scale": "linear",
        "prefix": ["y", "x"],
        "names": {},
        "counts": counts.tolist(),
        "edges": [float(edges[0]), float(edges[-1])],
        "nans": int(np.isnan(plane).sum()) if plane.dtype.kind == "f" else 0,
        "infs": int(np.isinf(plane).sum()) if plane.dtype.kind == "f" else 0,
        "title": "Heat map of x",
        "note": "",
        "lut": True,
        **meta,
    }
    table = ink_table(low < 0) if table is None else table
    planar = table[:, :3].tobytes() + table[:, 3].tobytes()
    return message, [np.ascontiguousarray(array).tobytes(), planar]


class CanvasPage(ModulePage):
    """A page with one canvas, or with more that are started by name."""

    html = PAGE

    def start(self, name: str = "first") -> None:
        """Renders a widget into a place of the page."""
        self.page.evaluate("name => start(name)", name)

    def deliver(self, message: dict[str, Any], buffers: list[bytes] = (), name: str = "first") -> float:
        """Sends a message as the kernel does and returns the milliseconds that it took to handle."""
        texts = [base64.b64encode(buffer).decode() for buffer in buffers]
        return self.page.evaluate("([name, message, texts]) => deliver(name, message, texts)", [name, message, texts])

    def show(self, array: np.ndarray, name: str = "first", **meta: Any) -> float:
        """Shows an array as a heat map, or as another ``kind``."""
        return self.deliver(*frame_of(array, **meta), name=name)

    def sent(self, kind: str = "", name: str = "first") -> list[dict[str, Any]]:
        """Returns what a canvas has sent so far, of one type or of all."""
        messages = self.page.evaluate("name => hosts[name].sent", name)
        return [message for message in messages if not kind or message["type"] == kind]

    def wait_for(self, kind: str, count: int = 1, name: str = "first") -> dict[str, Any]:
        """Waits until so many messages of a type were sent, and returns the last."""
        self.page.wait_for_function(
            "([name, kind, count]) => hosts[name].sent.filter((one) => one.type === kind).length >= count",
            arg=[name, kind, count],
            timeout=30_000,
        )
        return self.sent(kind, name)[-1]

    def canvas(self, name: str = "first") -> Locator:
        return self.page.locator(f"#{name} canvas")

    def line(self, name: str = "first") -> str:
        """Returns the line below the picture."""
        return " ".join(self.page.locator(f"#{name} .tfnp-explorer-line").inner_text().split())

    def pixel(self, x: float, y: float, name: str = "first") -> list[int]:
        """Returns the colour painted at a place of the canvas, in CSS pixels."""
        return self.page.evaluate(
            """([name, x, y]) => {
                const canvas = document.querySelector(`#${name} canvas`);
                const ratio = canvas.width / canvas.getBoundingClientRect().width;
                const at = [Math.floor(x * ratio), Math.floor(y * ratio)];
                return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
            }""",
            [name, x, y],
        )

    def hover(self, x: float, y: float, name: str = "first") -> str:
        """Moves the pointer over a place of the canvas, in CSS pixels, and returns the line below it."""
        self.canvas(name).hover(position={"x": x, "y": y}, force=True)
        return self.line(name)

    def focus(self, name: str = "first") -> None:
        """Gives a canvas the focus without the pointer."""
        self.canvas(name).focus()
