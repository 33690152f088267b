"""The explorer's tree in a Chromium, without a Jupyter: its keys, its filter, and what it chooses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tfnp_ext.explorer.canvas import STATIC
from tfnp_ext.explorer.choices import choices
from tfnp_ext.explorer.chooser import tree_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ADDRESS = "http://localhost/tree/"  # nothing is served there

HOSTILE = "<img src=x onerror=\"document.body.id='hit'\">"

PAGE = """<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="tree.css"><style>
body { margin: 0; padding: 12px; background: #fff; color: #000d; }
body.dark { background: #111; color: #fffd; color-scheme: dark; }
</style></head><body><div id="first" class="host"></div><div id="second" class="host"></div>
<div style="height: 3000px"></div><script type="module">
import widget from "./tree.js";
window.hosts = {};
window.start = (name, traits, root) => {
  const handlers = new Set();
  const saved = [];
  const model = {
    get: (key) => traits[key],
    set(key, value) { traits[key] = value; for (const handler of [...handlers]) handler(); },
    save_changes: () => saved.push(traits.chosen),
    on(type, handler) { if (type === "change:chosen") handlers.add(handler); },
    off(type, handler) { handlers.delete(handler); },
  };
  const el = root ?? document.getElementById(name);
  hosts[name] = { el, model, saved, handlers, stop: widget.render({ model, el }) };
};
window.ready = true;
</script></body></html>"""


def small() -> dict[str, Any]:
    """Returns a nest whose rows are all open."""
    return {
        "conv": {"kernel": np.zeros((3, 3, 1, 4), np.float32), "bias": np.zeros(4, np.float32)},
        "digit": {"kernel": np.zeros((144, 10), np.float32), "bias": np.zeros(10, np.float32)},
        "step": np.zeros((), np.int64),
    }


def large(layers: int = 12) -> dict[str, Any]:
    """Returns a nest like the variables of a transformer."""
    block = {
        "attention": {name: {"kernel": np.zeros((8, 2, 4), np.float32), "bias": np.zeros((2, 4), np.float32)}
                      for name in ("query", "key", "value")},
        "norm": {"gamma": np.zeros(8, np.float32), "beta": np.zeros(8, np.float32)},
    }  # fmt: skip
    return {
        "encoder": {"embedding": {"table": np.zeros((100, 8), np.float16)}} | {f"layer_{i}": block for i in range(layers)},
        "decoder": {"pooler": {"dense": {"kernel": np.zeros((8, 8)), "bias": np.zeros(8)}}},
        "head": [np.zeros((8, 3), np.float32), np.zeros(3, np.float32)],
        "steps": np.zeros((), np.int64),
    }  # fmt: skip


class TreePage:
    """A page with one tree, or with more that are started by name."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        page.route(f"{ADDRESS}**", self._serve)
        page.goto(ADDRESS)
        page.wait_for_function("() => window.ready")

    def _serve(self, route: Any) -> None:
        name = route.request.url.removeprefix(ADDRESS)
        if name == "":
            route.fulfill(body=PAGE, content_type="text/html")
        else:
            kind = "text/css" if name.endswith(".css") else "text/javascript"
            route.fulfill(body=(STATIC / name).read_text(), content_type=kind)

    def start(self, nest: Any, chosen: int = 0, name: str = "first", shadow: bool = False) -> None:
        """Renders the tree of a nest into a place of the page."""
        nodes, facts = tree_of(choices(nest))
        self.page.evaluate(
            """([name, traits, shadow]) => {
                let root;
                if (shadow) {
                    root = document.createElement("div");
                    document.getElementById(name).attachShadow({ mode: "open" }).append(root);
                }
                start(name, traits, root);
            }""",
            [name, {"nodes": nodes, "facts": facts, "chosen": chosen}, shadow],
        )
        self.settle()

    def settle(self) -> None:
        """Waits until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")

    def row(self, name: str, place: int = 0, host: str = "first") -> Locator:
        """Returns the row whose name is this, the first or a later one."""
        rows = self.page.locator(f"#{host} [role=treeitem]")
        return rows.filter(has=self.page.locator(f":scope > .tfnp-tree-row > [title]", has_text=name)).nth(place)

    def rows(self, host: str = "first") -> list[str]:
        """Returns the names of the rows that are there, two spaces a level."""
        return self.page.evaluate(
            """host => [...document.querySelectorAll(`#${host} [role=treeitem]`)].map((row) =>
                "  ".repeat(row.getAttribute("aria-level") - 1) + row.querySelector("[title]").textContent)""",
            host,
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """Returns what a screen reader calls the element that has the focus."""
        return self.page.evaluate("() => document.activeElement.getAttribute('aria-label')")

    def selected(self) -> list[str]:
        return self.page.evaluate(
            "() => [...document.querySelectorAll('[aria-selected=true]')].map((row) => row.getAttribute('aria-label'))"
        )

    def saved(self, host: str = "first") -> list[int]:
        """Returns the leaves that were chosen here so far."""
        return self.page.evaluate("host => hosts[host].saved", host)


@pytest.fixture
def open_page(browser):
    """Opens a page without a tree."""
    contexts = []

    def open_one(width: int = 900, height: int = 600, ratio: float = 1) -> TreePage:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=ratio))
        return TreePage(contexts[-1].new_page())

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """A page at whose end nothing may have gone wrong."""
    page = open_page()
    yield page
    assert page.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 400])
def test_it_fits(open_page, artifacts: Path, width, theme):
    page = open_page(width=width, height=500, ratio=2)
    page.page.evaluate("theme => document.body.classList.add(theme)", theme)
    page.start(small(), 2)
    page.start(large(), 12, "second")
    page.row("layer_1", host="second").focus()
    page.press("ArrowLeft", "ArrowDown")
    page.settle()
    page.page.screenshot(path=artifacts / f"explorer-tree-{theme}-{width}.png")
    assert page.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.errors == []
    page.row("layer_1", host="second").focus()
    page.press("ArrowLeft", "ArrowLeft")
    page.page.locator("#second input").fill("bias")
    page.start(odd(), 1, "second")
    page.settle()
    page.page.screenshot(path=artifacts / f"explorer-tree-filtered-{theme}-{width}.png")
    assert page.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def odd() -> dict[str, Any]:
    """Returns a nest of names that are hard to show: long, deep, hostile, empty, of other scripts."""
    deep: Any = np.zeros(3)
    for level in range(15):
        deep = {f"level {level}": deep, "side": np.zeros(2)}
    return {
        HOSTILE: np.zeros((2, 2)),
        "": [np.zeros(2), np.zeros(3, np.int8)],
        "model/with/a/very/long/name/of/a/layer/that/goes/on/and/on/kernel": np.zeros((2, 3, 4, 5, 6)),
        "שכבה": {"משקל": np.zeros(3), "b": np.zeros(1)},
        "deep": deep,
    }
