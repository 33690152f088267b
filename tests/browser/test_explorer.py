"""The explorer as its users meet it: in JupyterLab and Notebook 7, by pointer and by keyboard, and without a kernel."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .card import pictures_of
from .conftest import unavailable
from .lab import NotebookPage, untrusted_copy

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "explorer.ipynb"

SCANS, PHOTOGRAPHS, VOLUME, KERNELS, DATASET, NEST = range(6)
"""The explorers of the notebook, in order."""

SMALL = """\
import numpy as np
import tfnp_ext
array = np.random.default_rng(0).normal(size=(3, 30, 40)).astype(np.float32)
array[2, 20, 7] = np.nan
explorer = tfnp_ext.explore(array)"""

HANGING_OVER = """area =>
    [...area.querySelectorAll('canvas, select, button, input, .noUi-base, [class*=tfnp-explorer]')]
    .filter(node => node.checkVisibility() && !node.closest('.tfnp-explorer-hidden, .tfnp')
        && node.getBoundingClientRect().right > area.getBoundingClientRect().right + 0.5)
    .map(node => node.className || node.localName)"""

STILL = "details:has(> summary:has-text('still picture of'))"


class Shown:
    """One explorer of a page."""

    def __init__(self, notebook: NotebookPage, place: int) -> None:
        self.page, self.place = notebook.page, place
        self.root = self.page.locator(".jp-Notebook .tfnp-explorer-root").nth(place)
        self.canvas = self.root.locator("canvas")
        self.area = self.root.locator("xpath=ancestor::*[contains(@class, 'jp-Cell-outputArea')]")

    def line(self) -> str:
        """Returns the line below the picture."""
        return " ".join(self.root.locator(".tfnp-explorer-line").inner_text().split())

    def serial(self) -> int:
        """Returns the number of the frame that is painted."""
        return int(self.root.get_attribute("data-serial") or 0)

    def wait_for_frame(self, after: int) -> None:
        """Waits until a frame later than this one is painted."""
        # Found anew each time: another choice of controls has the page make the canvas again.
        self.page.wait_for_function(
            "([place, after]) => Number(document.querySelectorAll('.jp-Notebook .tfnp-explorer-root')[place]"
            "?.dataset.serial ?? 0) > after",
            arg=[self.place, after],
        )

    def wait_for_line(self, words: str) -> str:
        """Waits until the line holds these words, and returns it."""
        self.root.locator(".tfnp-explorer-line", has_text=words).wait_for(timeout=30_000)
        return self.line()

    def hover(self, x: float, y: float) -> tuple[tuple[int, ...], str]:
        """Moves the pointer over a place of the canvas, and returns the index and the value that are told."""
        self.canvas.hover(position={"x": x, "y": y})
        line = self.line()
        index = re.search(r"\[[\d, :]+\]", line)
        assert index, line
        return tuple(ast.literal_eval(index[0].replace(", :", ""))), line[index.end() :].strip()

    def pixel(self, x: float, y: float) -> list[int]:
        """Returns the colour painted at a place of the canvas, in CSS pixels."""
        return self.canvas.evaluate(
            """(canvas, [x, y]) => {
                const ratio = canvas.width / canvas.getBoundingClientRect().width;
                const at = [Math.floor(x * ratio), Math.floor(y * ratio)];
                return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
            }""",
            [x, y],
        )

    def photograph(self, path: Path) -> None:
        """Writes a picture of the cell's output."""
        self.area.scroll_into_view_if_needed()
        self.area.screenshot(path=path)

    def press(self, name: str) -> None:
        """Presses a button."""
        self.area.get_by_role("button", name=name, exact=True).click()

    def choose(self, name: str, option: str) -> None:
        """Chooses in a dropdown, and waits for the picture."""
        before = self.serial()
        label = self.area.locator(".widget-dropdown", has=self.page.get_by_text(name, exact=True))
        label.locator("select").select_option(label=option)
        self.wait_for_frame(before)

    def handle(self, name: str):
        """Returns the handle of a slider."""
        return self.area.locator(".widget-slider", has_text=name).locator(".noUi-handle")


def soon(page, done: Callable[[], bool]) -> bool:
    """Returns whether something is so within half a minute."""
    for _ in range(300):
        if done():
            return True
        page.wait_for_timeout(100)
    return False


def ran(notebook: NotebookPage, count: int) -> NotebookPage:
    """Runs a notebook, so many explorers of which are then painted."""
    notebook.run_all()
    assert notebook.errors == []
    notebook.page.wait_for_function(
        """count => {
            const roots = [...document.querySelectorAll('.jp-Notebook .tfnp-explorer-root')];
            return roots.length === count && roots.every(root => Number(root.dataset.serial) > 0);
        }""",
        arg=count,
    )
    return notebook


@pytest.fixture(scope="module")
def tour(lab, open_notebook):
    """The notebook, opened and run."""
    return ran(open_notebook(lab.add(NOTEBOOK), width=1000), 6)


@pytest.fixture(scope="module")
def saved(tour):
    """The notebook as it is saved with its outputs."""
    return tour.save()


def test_every_explorer_is_painted_and_its_still_card_is_folded(tour):
    stills = tour.page.locator(f".jp-Notebook {STILL}")
    assert stills.count() == 6
    tour.page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-Notebook details > summary')]"
        ".filter(summary => summary.textContent.startsWith('still')).every(summary => !summary.parentElement.open)"
    )
    for place in range(6):
        label = Shown(tour, place).canvas.get_attribute("aria-label")
        assert label, f"explorer {place} says nothing to a screen reader"


def test_a_slider_moves_to_pixels_that_have_the_colours_of_the_values(tour):
    scans = Shown(tour, SCANS)
    before = scans.serial()
    scans.handle("scan").focus()
    tour.page.keyboard.press("ArrowRight")
    scans.wait_for_frame(before)
    assert tour.evaluate_in_kernel("[scans.slice, scans._controls.slides[0].slider.value]") == ["[10, :, :]", 10]
    values = tour.evaluate_in_kernel("digits.images[10].tolist()")
    low, high = 0, tour.evaluate_in_kernel("digits.images[10].max()")
    seen = set()
    for x, y in ((40, 20), (110, 90), (170, 160), (230, 220), (300, 290), (170, 300), (250, 60)):
        index, value = scans.hover(x, y)
        scan, row, column = index
        assert scan == 10
        assert float(value.split()[0]) == values[row][column]
        seen.add((row, column))
        # A pixel beside the marker and the digits that are written in the cell.
        box = scans.root.locator(".tfnp-explorer-cursor").evaluate(
            "({style}) => [style.left, style.top].map(parseFloat)"
        )
        shade = round(255 * (values[row][column] - low) / (high - low))
        assert scans.pixel(box[0] + 6, box[1] + 6) == [shade, shade, shade, 255]
    assert len(seen) == 7


def test_a_photograph_says_the_channels_of_each_pixel(tour):
    photographs = Shown(tour, PHOTOGRAPHS)
    index, value = photographs.hover(300, 200)
    expected = tour.evaluate_in_kernel(f"photographs[{index}].tolist()")
    assert [int(part) for part in re.findall(r"\d+", value)] == expected


def test_the_nan_that_code_has_found_is_pinned_where_it_is(tour):
    volume = Shown(tour, VOLUME)
    assert "[41, 300, 77] nan" in volume.wait_for_line("nan")
    assert "pinned" in volume.line()


def test_next_nan_finds_the_one_among_millions(tour):
    volume = Shown(tour, VOLUME)
    volume.canvas.focus()
    tour.page.keyboard.press("Escape")
    tour.page.keyboard.press("0")
    before = volume.serial()
    tour.page.keyboard.press("Home")
    volume.wait_for_frame(before)
    assert tour.evaluate_in_kernel("search.slice") == "[0, :, :]"
    volume.press("next NaN")
    assert "[41, 300, 77] nan" in volume.wait_for_line("nan")
    assert tour.evaluate_in_kernel("search.slice") == "[41, :, :]"
    assert volume.root.locator(".tfnp-explorer-special").inner_text() == "× 1 NaN"
    volume.press("maximum")
    row, column = tour.evaluate_in_kernel("list(map(int, np.unravel_index(np.nanargmax(volume[41]), (512, 512))))")
    line = volume.wait_for_line(f"[41, {row}, {column}]")
    assert line.endswith(tour.evaluate_in_kernel(f"str(volume[41, {row}, {column}])"))


def test_two_checkpoints_are_compared(tour, artifacts):
    kernels = Shown(tour, KERNELS)
    index, told = kernels.hover(100, 60)
    late, early = tour.evaluate_in_kernel(f"[float(str(each[{index}])) for each in (late.numpy(), early)]")
    numbers = [float(each) for each in re.findall(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-\d+", told)]
    assert numbers[:2] == [late, early]
    kernels.choose("compare", "difference")
    index, told = kernels.hover(100, 60)
    assert float(told.split()[0]) == pytest.approx(
        tour.evaluate_in_kernel(f"float(late.numpy()[{index}] - early[{index}])"), abs=1e-7
    )
    kernels.photograph(artifacts / "explorer-difference.png")
    kernels.choose("compare", "where they disagree")
    count = tour.evaluate_in_kernel("int((np.abs(late.numpy()[0, 0] - early[0, 0]) > 0.05).sum())")
    assert re.search(rf"\b{count} of 384\b", kernels.root.locator(".tfnp-explorer-said").inner_text())
    kernels.photograph(artifacts / "explorer-disagree.png")
    kernels.choose("compare", "side by side")


def test_a_dataset_is_drawn_as_far_as_the_slider(tour):
    dataset = Shown(tour, DATASET)
    before = dataset.serial()
    dataset.canvas.focus()
    tour.page.keyboard.press("PageDown")
    dataset.wait_for_frame(before)
    expression = tour.evaluate_in_kernel("batches.slice")
    assert expression.startswith(".skip(1).take(1).get_single_element()['image'][0, :, :")
    assert tour.evaluate_in_kernel(f"bool((batches.array == np.asarray(ds{expression})).all())")


def test_a_nest_shows_the_tensor_that_is_chosen(tour):
    nest = Shown(tour, NEST)
    cells = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    before, count = nest.serial(), tour.page.evaluate(cells)
    digit = nest.area.get_by_role("treeitem", name="digit, 2 tensors")
    digit.focus()
    if digit.get_attribute("aria-expanded") == "false":
        tour.page.keyboard.press("ArrowRight")
    for key in ("d", "d", "ArrowRight", "Enter"):  # d, d would delete the cell, were it the notebook's
        tour.page.keyboard.press(key)
    nest.wait_for_frame(before)
    assert tour.page.evaluate(cells) == count
    assert tour.page.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith("kernel, Variable")
    index, value = nest.hover(60, 150)
    row, column = index
    expected = tour.evaluate_in_kernel(f"str(model.get_layer('digit').kernel.numpy()[{row}, {column}])")
    assert value.split()[0] == expected


def test_it_works_by_keyboard_alone(tour):
    """From the slider with Tab to the picture, over its cells, and on to the buttons."""
    scans, keyboard = Shown(tour, SCANS), tour.page.keyboard
    scans.handle("scan").focus()
    keyboard.press("Home")
    keyboard.press("ArrowRight")
    assert soon(tour.page, lambda: tour.evaluate_in_kernel("scans.slice") == "[1, :, :]")
    tour.page.wait_for_timeout(300)
    reached = []
    for _ in range(12):
        keyboard.press("Tab")
        reached.append(tour.page.evaluate("() => document.activeElement.localName"))
        if reached[-1] == "canvas":
            break
    assert reached[-1] == "canvas", reached
    assert "select" in reached
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        keyboard.press(key)
    line = scans.line()
    row, column = re.search(r"\[1, (\d), (\d)\]", line).groups()
    assert "pinned" in line
    assert float(line.split()[-1]) == tour.evaluate_in_kernel(f"digits.images[1, {row}, {column}]")
    assert scans.root.locator("[role=status]").inner_text()
    before = scans.serial()
    keyboard.press("Shift+PageDown")
    scans.wait_for_frame(before)
    assert tour.evaluate_in_kernel("scans.slice") == "[11, :, :]"
    assert f"[11, {row}, {column}]" in scans.line()
    keyboard.press("Escape")
    for _ in range(3):
        keyboard.press("Tab")
    assert tour.page.evaluate("() => document.activeElement.textContent") == "minimum"
    keyboard.press("Enter")
    assert float(scans.wait_for_line("pinned").split()[-1]) == tour.evaluate_in_kernel("digits.images[11].min()")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 420])
def test_nothing_hangs_over_in_either_theme(tour, theme, width, artifacts):
    tour.page.set_viewport_size({"width": width, "height": 900})
    tour.set_theme(theme)
    tour.page.wait_for_timeout(400)
    for place in range(6):
        shown = Shown(tour, place)
        shown.photograph(artifacts / f"explorer-{place}-{width}-{theme}.png")
        fits = soon(tour.page, lambda shown=shown: shown.area.evaluate(HANGING_OVER) == [])
        assert fits, f"explorer {place}: {shown.area.evaluate(HANGING_OVER)}"
    tour.page.set_viewport_size({"width": 1000, "height": 900})
    tour.set_theme("light")


def stills_of(page) -> list:
    """Returns the still cards of a page, each of which has to be open and not empty."""
    cards = page.locator(f"{STILL} .tfnp").all()
    for card in cards:
        assert card.is_visible()
        assert card.bounding_box()["height"] > 40
    return cards


def test_who_does_not_trust_what_is_saved_sees_the_still_cards(lab, saved, open_notebook, artifacts):
    untrusted_copy(saved, lab.root / "explorer-untrusted.ipynb", "<b>the mark</b>")
    reopened = open_notebook("explorer-untrusted.ipynb", width=1000)
    assert not reopened.trusted
    cards = stills_of(reopened.page)
    assert len(cards) == 6
    assert sum(len(pictures_of(card)) for card in cards) >= 4
    reopened.output(reopened.cell_ending_with("search")).screenshot(path=artifacts / "explorer-untrusted.png")
    reopened.output(reopened.cell_ending_with("scans")).screenshot(path=artifacts / "explorer-untrusted-scans.png")


def test_who_trusts_it_sees_them_too_where_the_kernel_is_gone(lab, saved, open_notebook, artifacts):
    """JupyterLab has a line of its own then, below the card: "model not found"."""
    reopened = open_notebook(lab.add(saved, "explorer-trusted.ipynb"), width=1000)
    assert reopened.trusted
    reopened.output(reopened.cell_ending_with("scans")).get_by_text("model not found").wait_for()
    assert len(stills_of(reopened.page)) == 6
    reopened.output(reopened.cell_ending_with("scans")).screenshot(path=artifacts / "explorer-trusted.png")


def test_an_export_shows_the_still_cards(lab, saved, browser, artifacts):
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--output=explorer-exported", saved.name],
        cwd=lab.root, env=lab.environment(), check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    context = browser.new_context(viewport={"width": 1000, "height": 900}, device_scale_factor=2)
    context.route("http*://**", lambda route: route.abort())  # MathJax and the widgets' script, from other servers
    page = context.new_page()
    page.goto((lab.root / "explorer-exported.html").as_uri())
    assert len(stills_of(page)) == 6
    area = page.locator(".jp-Cell-outputArea", has=page.locator(STILL))
    area.nth(VOLUME).screenshot(path=artifacts / "explorer-exported.png")
    context.close()


def test_the_same_explorer_in_two_cells_shows_two_regions(lab, open_notebook, artifacts):
    """The two share slider and numbers, not what is zoomed; of one that is cleared nothing is left in the kernel."""
    large = SMALL.replace("(3, 30, 40)", "(3, 900, 1200)")
    twice = ran(open_notebook(lab.write("explorer-twice.ipynb", [large, "explorer", "explorer"]), width=1000), 2)
    first, second = Shown(twice, 0), Shown(twice, 1)
    first.canvas.focus()
    for _ in range(9):
        twice.page.keyboard.press("+")
    twice.page.wait_for_timeout(500)
    for place in (1, 2):
        before = first.serial(), second.serial()
        first.handle("axis 0").focus()
        twice.page.keyboard.press("ArrowRight")
        first.wait_for_frame(before[0])
        second.wait_for_frame(before[1])
        # That may have been a frame of the zoom, which came late.
        assert soon(twice.page, lambda place=place: first.hover(300, 200)[0][0] == place)
        twice.page.mouse.move(5, 5)
        assert "rows 0" not in first.line()
        assert second.line() == "rows 0 … 899 of 900, columns 0 … 1199 of 1200"
        index, value = first.hover(300, 200)
        assert value == twice.evaluate_in_kernel(f"str(array[{index}])")
        assert index[0] == place
        second.photograph(artifacts / f"explorer-twice-{place}.png")
        box = second.canvas.bounding_box()
        painted = [second.pixel(x, y)[3] for x in range(60, int(box["width"]) - 120, 9) for y in range(30, 300, 9)]
        assert sum(alpha > 0 for alpha in painted) > 0.7 * len(painted)
        twice.page.mouse.move(5, 5)
    views = "len(explorer._viewports._viewports)"
    assert twice.evaluate_in_kernel(views) == 2
    twice.page.evaluate(
        """() => {
            jupyterapp.shell.currentWidget.content.activeCellIndex = 2;
            return jupyterapp.commands.execute("notebook:clear-cell-output");
        }"""
    )
    assert soon(twice.page, lambda: twice.evaluate_in_kernel(views) == 1)
    first.press("next NaN")
    assert "[2, 20, 7] nan" in first.wait_for_line("nan")
    assert first.area.locator(".tfnp-explorer-sentence").get_attribute("role") == "status"


def test_notebook_7_runs_it(lab, open_notebook, artifacts):
    if importlib.util.find_spec("notebook") is None:
        unavailable("Notebook 7 is not installed: pip install 'notebook>=7'")
    name = lab.write("explorer-seven.ipynb", [SMALL, "explorer"])
    seven = ran(open_notebook(name, width=1000, host="notebook"), 1)
    assert seven.page.locator("body").get_attribute("data-notebook") == "notebooks", "this is not Notebook 7"
    shown = Shown(seven, 0)
    before = shown.serial()
    shown.handle("axis 0").focus()
    seven.page.keyboard.press("ArrowRight")
    shown.wait_for_frame(before)
    assert seven.evaluate_in_kernel("explorer.slice") == "[1, :, :]"
    before = shown.serial()
    seven.page.keyboard.press("ArrowRight")
    shown.wait_for_frame(before)
    shown.canvas.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        seven.page.keyboard.press(key)
    assert shown.line() == f"pinned [2, 1, 1] {seven.evaluate_in_kernel('str(array[2, 1, 1])')}"
    seven.page.keyboard.press("PageUp")
    shown.wait_for_line("[1, 1, 1]")
    index, value = shown.hover(100, 100)
    assert index[0] == 1
    assert value == seven.evaluate_in_kernel(f"str(array[{index}])")
    shown.press("next NaN")
    assert "[2, 20, 7] nan" in shown.wait_for_line("nan")
    shown.photograph(artifacts / "explorer-notebook7.png")
    assert not seven.page.locator(STILL).evaluate("({open}) => open")
