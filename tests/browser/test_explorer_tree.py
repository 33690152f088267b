"""The explorer's tree in a Chromium, without a Jupyter: its keys, its filter, and what it chooses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tfnp_ext.explorer.choices import choices
from tfnp_ext.explorer.chooser import tree_of

from .module_page import ModulePage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

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
    encoder = {"embedding": {"table": np.zeros((100, 8), np.float16)}}
    return {
        "encoder": encoder | {f"layer_{i}": block for i in range(layers)},
        "decoder": {"pooler": {"dense": {"kernel": np.zeros((8, 8)), "bias": np.zeros(8)}}},
        "head": [np.zeros((8, 3), np.float32), np.zeros(3, np.float32)],
        "steps": np.zeros((), np.int64),
    }  # fmt: skip


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


class TreePage(ModulePage):
    """A page with one tree, or with more that are started by name."""

    html = PAGE

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

    def row(self, name: str, place: int = 0, host: str = "first") -> Locator:
        """Returns the row whose name is this, the first or a later one."""
        rows = self.page.locator(f"#{host} [role=treeitem]")
        return rows.filter(has=self.page.locator(":scope > .tfnp-tree-row > [title]", has_text=name)).nth(place)

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


def told(page: TreePage) -> str:
    """Returns what is said beside the filter."""
    return page.page.get_by_role("status").inner_text()


# What is seen


def test_a_small_tree_is_open(page):
    page.start(small(), chosen=2)
    assert page.rows() == ["conv", "  kernel", "  bias", "digit", "  kernel", "  bias", "step"]
    assert page.selected() == ["kernel, ndarray (144, 10) float32"]
    assert page.page.locator("input").count() == 0
    conv = page.row("conv")
    assert conv.get_attribute("aria-label") == "conv, 2 tensors"
    assert conv.get_attribute("aria-expanded") == "true"
    assert conv.locator(".tfnp-tree-leaf").first.inner_text().split("\n") == [
        "kernel", "(3, 3, 1, 4)", "float32", "ndarray"
    ]  # fmt: skip


def test_a_large_tree_is_open_along_the_way_to_what_is_chosen(page):
    page.start(large(3), chosen=10)
    assert [row for row in page.rows() if "layer" in row or not row.startswith(" ")] == [
        "encoder", "  layer_0", "  layer_1", "  layer_2", "decoder / pooler / dense", "head", "steps"
    ]  # fmt: skip
    assert page.selected() == ["bias, ndarray (2, 4) float32"]
    assert page.page.get_by_role("group").count() > 0
    box, row = (page.page.locator(which).bounding_box() for which in ("[role=tree]", "[aria-selected=true]"))
    assert box["height"] <= 180
    assert box["y"] <= row["y"] <= box["y"] + box["height"] - row["height"]
    assert page.page.evaluate("() => window.scrollY") == 0


def test_what_the_kernel_chooses_is_brought_into_view(page):
    page.start(large())
    page.page.evaluate("() => hosts.first.model.set('chosen', 99)")
    assert page.selected() == ["[0], ndarray (8, 3) float32"]
    row = page.page.locator("[aria-selected=true]").bounding_box()
    box = page.page.get_by_role("tree").bounding_box()
    assert box["y"] <= row["y"] <= box["y"] + box["height"] - row["height"]
    assert page.saved() == []


def test_hostile_names_stay_text(page):
    page.start(odd(), 1)
    assert page.row("<img").count() == 1
    page.page.locator("input").fill("<img src=x onerror")
    assert [row.startswith("<img src=x") for row in page.rows()] == [True]
    assert told(page) == "1 of 22 tensors"
    page.settle()
    assert page.page.locator("img").count() == 0
    assert page.page.evaluate("() => document.body.id") == ""


def test_thousands_of_leaves_are_drawn_as_they_are_seen(page):
    page.start({f"layer_{i}": {f"w{j}": np.zeros(2) for j in range(50)} for i in range(80)})
    assert page.page.locator("[role=treeitem]").count() == 80 + 50
    page.page.locator("input").fill("layer_7/w4")
    assert told(page) == "11 of 4\u2009000 tensors"
    page.page.locator("input").fill("w")
    page.press("ArrowDown", "End")
    assert page.focused() == "w49, ndarray (2,) float64"
    row, box = (page.page.locator(which).bounding_box() for which in (":focus", "[role=tree]"))
    assert box["y"] <= row["y"] <= box["y"] + box["height"] - row["height"]


# What is done


def test_a_leaf_is_chosen_by_keys_alone(page):
    page.start(large(3))
    page.press("Tab", "Tab")
    assert page.focused() == "embedding / table, ndarray (100, 8) float16"
    page.press("ArrowDown", "ArrowDown")
    assert page.focused() == "layer_1, 8 tensors"
    assert page.row("layer_1").get_attribute("aria-expanded") == "false"
    page.press("ArrowRight")
    assert page.row("layer_1").get_attribute("aria-expanded") == "true"
    assert page.focused() == "layer_1, 8 tensors"
    page.press("ArrowRight", "Space", "ArrowDown", "Enter", "ArrowDown")
    assert page.focused() == "kernel, ndarray (8, 2, 4) float32"
    assert page.saved() == []
    page.press("Enter")
    assert page.saved() == [9]
    assert page.selected() == ["kernel, ndarray (8, 2, 4) float32"]
    page.press("ArrowLeft")
    assert page.focused() == "query, 2 tensors"
    page.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert page.row("attention").get_attribute("aria-expanded") == "false"
    assert page.focused() == "attention, 6 tensors"
    page.press("ArrowLeft")
    assert page.focused() == "layer_1, 8 tensors"
    page.press("End")
    assert page.focused() == "steps, ndarray () int64"
    page.press("Space", "Home")
    assert page.focused().startswith("encoder")
    assert page.saved() == [9, 29]
    assert page.page.locator("[role=treeitem][tabindex='0']").count() == 1
    assert page.page.evaluate("() => window.scrollY") == 0


def test_the_focus_is_seen(page):
    page.start(small())
    page.press("Tab")
    outline = "row => getComputedStyle(row.firstChild).outline"
    assert "2px" in page.row("kernel").evaluate(outline)
    assert "2px" not in page.row("digit").evaluate(outline)


def test_letters_lead_to_the_next_name_that_begins_so(page):
    page.start(small())
    page.press("Tab", "b")
    assert page.focused() == "bias, ndarray (4,) float32"
    page.press("b")
    assert page.focused() == "bias, ndarray (10,) float32"
    page.page.wait_for_timeout(800)
    page.press("k", "e", "r")
    assert page.focused() == "kernel, ndarray (3, 3, 1, 4) float32"


def test_the_mouse_opens_groups_and_chooses_leaves(page):
    page.start(large(3))
    page.row("head").locator(".tfnp-tree-name").first.click()
    assert page.rows()[-3:] == ["  [0]", "  [1]", "steps"]
    page.row("[1]").click()
    assert page.saved() == [28]
    assert page.selected() == ["[1], ndarray (3,) float32"]
    page.row("[1]").click()
    assert page.saved() == [28]
    page.row("head").locator(".tfnp-tree-name").first.click()
    assert page.rows()[-2:] == ["head", "steps"]


def test_a_wish_that_is_not_fulfilled_is_taken_back(page):
    page.start(small(), chosen=1)
    page.row("step").click()
    page.page.evaluate("() => hosts.first.model.set('chosen', 1)")
    assert page.saved() == [4]
    assert page.selected() == ["bias, ndarray (4,) float32"]
    assert page.focused() == "step, ndarray () int64"


def test_the_filter_finds_by_name_shape_and_dtype(page):
    page.start(large(3))
    before = page.rows()
    field = page.page.get_by_role("searchbox")
    assert told(page) == "30 tensors"
    field.fill("layer_2 / NORM")
    assert page.rows() == ["encoder", "  layer_2", "    norm", "      gamma", "      beta"]
    assert told(page) == "2 of 30 tensors"
    assert page.row("encoder").get_attribute("aria-label") == "encoder, 2 of 25 tensors"
    for text in ("(8,3)", "head[0]"):
        field.fill(text)
        assert page.rows() == ["head", "  [0]"]
    field.fill("float16")
    assert page.rows() == ["encoder", "  embedding / table"]
    field.fill("nothing like it")
    assert page.rows() == []
    assert told(page) == "no match"
    page.press("ArrowDown", "Enter")
    assert page.saved() == []
    page.press("Escape")
    assert field.input_value() == ""
    assert page.rows() == before


def test_a_match_is_chosen_by_keys_alone(page):
    page.start(large(3))
    page.press("Tab", *"bias", "Enter")
    assert page.saved() == [2]
    page.press("ArrowDown", "ArrowDown")
    assert page.focused() == "key, 1 of 2 tensors"
    page.press("ArrowDown", "Enter")
    assert page.saved() == [2, 4]
    page.press("ArrowLeft", "ArrowLeft")
    assert page.row("key").get_attribute("aria-expanded") == "false"
    page.press("Escape")  # the whole tree again, at the same row
    assert page.focused() == "key, 2 tensors"
    assert told(page) == "30 tensors"
    assert page.selected() == ["bias, ndarray (2, 4) float32"]


# Its place in the page


def test_hosts_leave_only_its_own_keys_to_it(page):
    page.start(large(3))
    page.page.evaluate(
        """() => {
            document.addEventListener('keydown', ({target}) => {
                window.claimed = target.hasAttribute('data-lm-suppress-shortcuts'); }, {capture: true});
            document.addEventListener('keydown', () => { window.reached = true; });
        }"""
    )
    own = {"ArrowDown": True, "ArrowRight": True, "d": True, "Home": True, "Enter": True, " ": True}
    hosts = {"Control+s": False, "Shift+Enter": False, "Escape": False, "PageDown": False}
    for where, keys in {"treeitem": own | hosts, "searchbox": own | hosts | {"Backspace": True}}.items():
        which = "[role=treeitem][tabindex='0']" if where == "treeitem" else "input"
        for key, claimed in keys.items():
            page.page.locator(which).focus()
            page.page.evaluate("() => { window.reached = false; }")
            if where == "searchbox":
                page.page.locator("input").fill("")
            page.press(key)
            assert page.page.evaluate("() => [claimed, reached]") == [claimed, not claimed], (where, key)
    page.page.evaluate("() => { document.body.tabIndex = 0; document.activeElement.blur(); document.body.focus(); }")
    page.press("ArrowDown")
    assert page.page.evaluate("() => claimed") is False


def test_two_on_a_page_do_not_disturb_each_other(page):
    page.start(small())
    page.start(small(), chosen=1, name="second")
    page.row("step", host="second").click()
    page.row("conv", host="second").locator(".tfnp-tree-name").first.click()
    assert (page.saved("first"), page.saved("second")) == ([], [4])
    assert len(page.rows("first")) == 7
    assert len(page.rows("second")) == 5
    assert page.page.evaluate("() => document.querySelectorAll('.host [id]').length") == 0


def test_it_works_in_a_shadow_root(page):
    page.start(small(), shadow=True)
    page.page.locator("#first [role=treeitem]").nth(3).click(position={"x": 30, "y": 8})  # Playwright looks into it
    page.press("ArrowDown", "Enter")
    assert page.saved() == [4]


def test_cleaning_up_leaves_nothing(page):
    before = page.listeners()
    page.start(large())
    assert page.listeners() > before
    page.page.evaluate(
        """() => {
            window.row = document.querySelector("[aria-selected=false]");
            window.box = document.querySelector("[role=tree]");
            hosts.first.stop();
            for (const node of [row, box]) node.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        }"""
    )
    assert page.listeners() == before
    assert page.saved() == []
    assert page.page.evaluate("() => [hosts.first.handlers.size, hosts.first.el.childNodes.length]") == [0, 0]


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


# In a real notebook

EXPLORES = """
import numpy as np, tfnp_ext
block = {"kernel": np.ones((3, 4)), "bias": np.arange(4.0)}
explorer = tfnp_ext.explore({"first": block, **{f"layer_{i}": block for i in range(7)}, "empty": np.zeros((0, 3))})
explorer
"""


@pytest.mark.parametrize("host", ["lab", "notebook"])
def test_a_notebook_shows_what_is_chosen_and_keeps_its_own_keys_away(open_notebook, lab, host):
    notebook = open_notebook(lab.write(f"explorer_tree_{host}.ipynb", [EXPLORES, "1 + 1"]), host=host)
    notebook.run_all()
    assert notebook.errors == []
    page = notebook.page
    page.wait_for_selector(".tfnp-explorer-root[data-serial='1']", timeout=20_000)
    selected = page.locator(".tfnp-tree-leaf[aria-selected=true]")
    focused = "() => document.activeElement.getAttribute('aria-label')"
    chosen = "[explorer.slice, explorer._tree.chosen, explorer._said.value]"
    assert selected.get_attribute("aria-label") == "kernel, ndarray (3, 4) float64"
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    selected.focus()
    for key in ("Home", "l", "ArrowRight", "ArrowRight", "ArrowDown", "d", "d"):
        page.keyboard.press(key)
    assert page.evaluate(focused) == "bias, ndarray (4,) float64"
    page.keyboard.press("Enter")
    page.locator(".tfnp-tree-leaf[aria-selected=true]", has_text="bias").wait_for()
    page.wait_for_function("() => document.querySelector('.tfnp-explorer-canvas').ariaLabel?.startsWith('Bar')")
    assert notebook.evaluate_in_kernel(chosen) == ["['layer_0']['bias'][:]", 3, ""]
    assert page.evaluate(focused) == "bias, ndarray (4,) float64"
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".widget-label", has_text="ndarray (0, 3) float64 is empty").wait_for()
    assert selected.get_attribute("aria-label") == "bias, ndarray (4,) float64"
    assert page.evaluate(focused) == "empty, ndarray (0, 3) float64"
