"""Times the explorer in a browser beside other viewers, in one run, and prints the table.

Run: python tests/benchmarks/explorer.py [--quick] [--only NAME]

A real JupyterLab, a real kernel, a headless Chromium, as the browser tests have them (``pip install -e ".[test]"``).
Each viewer opens in a notebook and a kernel of its own; a key moves its slider, and the time is from that key's event
until the picture is on the screen. The array is of 4 GB, of which the planes that are visited hold values; the others
are zeros that no page of memory stands for.

The other viewers are tensor-visualizer and notebook-nd-viewer (``pip install tensor-visualizer notebook-nd-viewer``).
tensor-visualizer sends the whole array as text, which a browser does not take of 4 GB: it gets 16 planes.
notebook-nd-viewer reads the whole array at each move: it gets 100 planes and fewer moves. What a viewer does not have
is left out, as is one that is not installed. ndv is not here: it draws with a graphics adapter of the kernel's machine,
and with a software renderer alone (Mesa's llvmpipe) ndv 0.5.0 ends with "Request device failed: Unsupported features
were requested: FLOAT32_FILTERABLE".

``--only reductions`` needs no browser: 1 GB of random float32 put together along each axis, beside NumPy in float64.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser.conftest import FLAGS, system_chromium
from tests.browser.lab import LabServer, NotebookPage
from tfnp_ext.explorer.reading import Reader
from tfnp_ext.explorer.sources import DenseSource
from tfnp_ext.explorer.state import ExplorerState

MIB = 2**20
SCRIPT = Path(__file__).with_suffix(".js")
MOVES = 50
OTHERS_MOVES = 20
FILLED = 80
"""Planes that hold values: as many as are visited."""

MEMORY = """
def memory(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))
"""


@dataclass(frozen=True)
class Viewer:
    """A viewer that a notebook shows.

    Attributes:
        title: What the table calls it.
        module: What is imported; it is left out where that cannot be.
        opening: Code of the cell that shows ``array``.
        slider: Selector of what takes the arrow keys.
        picture: Selector of what is hovered; ``""`` where hovering tells nothing.
        planes: Planes of the array at most.
        ours: Whether the targets are of it.
    """

    title: str
    module: str
    opening: str
    slider: str
    picture: str
    planes: int
    ours: bool = False


HOST = """
import anywidget, ipywidgets
class Bare(anywidget.AnyWidget):
    _esm = '''export default { render({ model, el }) {
        const told = document.createElement("div");
        el.append(told);
        model.on("msg:custom", (message) => { told.dataset.serial = message.serial });
        setTimeout(() => { told.dataset.serial = "first" });
    } }'''
bare, slider = Bare(), ipywidgets.IntSlider(max=999)
slider.observe(lambda change: bare.send({"serial": change["new"]}, [bytes(1_000_000)]), "value")
ipywidgets.VBox([slider, bare])
"""
"""A slider and what answers it with as many bytes, which nothing reads or paints: what the host itself takes."""

VIEWERS = {
    "host": Viewer("the host alone, 1 MB sent at each move", "anywidget", HOST, ".noUi-handle", "", 1000),
    "explore": Viewer(
        "tfnp_ext.explore",
        "tfnp_ext",
        "import tfnp_ext\ntfnp_ext.explore(array)",
        ".noUi-handle",
        "canvas.tfnp-explorer-canvas",
        1000,
        ours=True,
    ),
    "nd-viewer": Viewer(
        "notebook-nd-viewer",
        "nb_nd_viewer",
        "from nb_nd_viewer import view_image_layers\nview_image_layers(array, 'ZYX', continuous_update=True)",
        ".noUi-handle",
        "",
        100,
    ),
    "tensor-visualizer": Viewer(
        "tensor-visualizer",
        "tensor_visualizer",
        "from tensor_visualizer import TensorVisualizer\nTensorVisualizer(array)",
        "input[type=range]",
        "canvas",
        16,
    ),
}


class Table:
    """Prints a line a measurement, and counts the targets met."""

    def __init__(self) -> None:
        self.met = self.asked = 0

    def line(self, name: str, value: float | str, unit: str = "", bound: float | None = None) -> None:
        """Prints a figure, beside its target where it has one."""
        text = value if isinstance(value, str) else f"{value:,.2f}{unit}" if unit == "×" else f"{value:,.1f}{unit}"
        if bound is None or isinstance(value, str):
            print(f"  {name:<44} {text}", flush=True)
            return
        good = value <= bound
        self.asked, self.met = self.asked + 1, self.met + good
        print(f"  {name:<44} {text} (to reach: ≤ {bound:g}{unit}){'' if good else '   MISSED'}", flush=True)


def open_cell(notebook: NotebookPage, cell: int, timeout: float) -> float:
    """Runs one cell and returns the milliseconds until the picture it shows is on the screen."""
    page = notebook.page
    started = page.evaluate(
        """cell => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = cell;
            bench.count = 0;
            const started = performance.now();
            window.jupyterapp.commands.execute('notebook:run-cell');
            return started;
        }""",
        cell,
    )
    page.wait_for_function("() => bench.count", timeout=timeout * 1000)
    first = page.evaluate("() => bench.painted")
    time.sleep(1.5)
    return first - started


def move(page: Page, key: str) -> float:
    """Moves the focused slider by a key and returns the milliseconds until the picture is on the screen.

    JupyterLab keeps the arrow keys from a plain ``<input type=range>``: to one, its value and event are given.
    """
    page.evaluate("() => { bench.count = 0 }")
    plain = page.evaluate(
        """key => {
            const input = document.activeElement;
            if (input.type !== 'range') return false;
            bench.started = performance.now();
            input.value = Number(input.value) + (key === 'ArrowRight' ? 1 : -1);
            return input.dispatchEvent(new Event('input', { bubbles: true }));
        }""",
        key,
    )
    if not plain:
        page.keyboard.press(key)
    page.wait_for_function("() => bench.count", timeout=60_000)
    elapsed = page.evaluate("() => bench.painted - bench.started")
    time.sleep(0.15)
    return elapsed


def hovered(page: Page, picture: Any, count: int) -> list[list[float]]:
    """Moves the pointer over the picture, and returns milliseconds until the text was written, and on the screen."""
    box = picture.bounding_box()
    page.evaluate("() => { bench.told = []; bench.exact = [] }")
    for place in range(count):
        page.evaluate("() => { bench.hovering = 0 }")
        across, down = 0.2 + 0.5 * place / count, 0.25 + 0.4 * ((7 * place) % count) / count
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        time.sleep(0.25)
    return page.evaluate("() => bench.told")


def check_ours(notebook: NotebookPage, plane: int) -> None:
    """Raises an error if what is painted is not the plane that the slider was moved to."""
    label = notebook.page.locator("canvas.tfnp-explorer-canvas").get_attribute("aria-label") or ""
    if f"[{plane}, :, :]" not in label:
        raise RuntimeError(f"plane {plane} was expected, painted was: {label}")


def measure(table: Table, viewer: Viewer, notebook: NotebookPage, moves: int, planes: int) -> None:
    """Opens a viewer, moves and hovers, and prints what that took."""
    page, ours = notebook.page, viewer.ours
    print(f"{viewer.title}: ({planes}, 1000, 1000) float32, {planes * 4 / 1000:.2f} GB", flush=True)

    def bound(value: float) -> float | None:
        return value if ours else None

    ask: Callable[[str], Any] = notebook.evaluate_in_kernel
    before = ask("memory('VmRSS')")
    table.line("first opening, with its imports", open_cell(notebook, 1, 600), " ms")
    table.line("… kernel memory", (ask("memory('VmRSS')") - before) / MIB, " MiB")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-cell-output')")
    ask("open('/proc/self/clear_refs', 'w').write('5')")  # the peak starts anew
    before = ask("memory('VmRSS')")
    page.evaluate("() => { bench.bytes = 0 }")
    table.line("opening again, to pixels", open_cell(notebook, 2, 600), " ms", bound(300))
    table.line("… bytes", page.evaluate("() => bench.bytes") / MIB, " MiB")
    table.line("… kernel memory, at its peak", (ask("memory('VmHWM')") - before) / MIB, " MiB", bound(32))

    output = notebook.output(2)
    output.scroll_into_view_if_needed()
    output.locator(viewer.slider).first.focus()
    keys = ["ArrowRight"] * (moves + 5)
    if planes < moves + 5:
        keys = (["ArrowRight"] * (planes - 2) + ["ArrowLeft"] * (planes - 2)) * (moves // planes + 1)
    for key in keys[:5]:
        move(page, key)
    page.evaluate("() => { bench.bytes = 0 }")
    times = sorted(move(page, key) for key in keys[5 : 5 + moves])
    table.line(f"slider to pixels, median of {len(times)}", statistics.median(times), " ms", bound(60))
    table.line("… fastest tenth to", times[int(0.1 * len(times))], " ms")
    table.line("… slowest tenth from", times[int(0.9 * len(times))], " ms")
    per_move = page.evaluate("() => bench.bytes") / len(times)
    if ours:
        check_ours(notebook, 5 + moves)
        visible = page.evaluate("() => bench.area")
        table.line(f"bytes a move, over {visible:,} visible pixels × 4", per_move / (4 * visible), "×", bound(1.1))
    table.line("bytes a move", per_move / MIB, " MiB")
    table.line("kernel memory at its peak, moves included", (ask("memory('VmHWM')") - before) / MIB, " MiB", bound(32))
    if not viewer.picture:
        table.line("hover", "tells nothing")
        return
    told = hovered(page, output.locator(viewer.picture).first, moves)
    written, painted = (statistics.median(each[place] for each in told) for place in (0, 1))
    table.line(f"hover to text on the screen, median of {len(told)}", painted, " ms", bound(16))
    table.line("… to text in the page", written, " ms")
    exact = page.evaluate("() => bench.exact")
    if ours and exact:
        table.line("… to the exact value of a pooled cell", statistics.median(exact), " ms")


def reductions(table: Table) -> None:
    """Prints how long an array of 1 GB takes to be put together along each axis."""
    array = np.random.default_rng(0).standard_normal((250, 1000, 1000), np.float32)
    source = DenseSource(array)
    numpys: dict[str, Callable[[int], Any]] = {
        "mean": lambda axis: np.mean(array, axis, np.float64),
        "std": lambda axis: np.std(array, axis, np.float64),
        "min": lambda axis: np.min(array, axis),
        "max": lambda axis: np.max(array, axis),
        "norm": lambda axis: np.sqrt(np.sum(np.square(array, dtype=np.float64), axis)),
        "argmax": lambda axis: np.argmax(array, axis),
    }
    for how, by_numpy in numpys.items():
        for axis in range(3):
            rows, columns = (other for other in range(3) if other != axis)
            state = ExplorerState(array.shape, rows=rows, columns=columns, index=(0, 0, 0), reduced=axis, reduction=how)
            started = time.perf_counter()
            Reader(source).numbers(state)
            read = time.perf_counter()
            by_numpy(axis)
            theirs = time.perf_counter() - read
            table.line(f"{how} along axis {axis}", (read - started) * 1000, " ms", 750)
            table.line("… by NumPy", theirs * 1000, " ms")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 moves")
    parser.add_argument("--only", choices=(*VIEWERS, "reductions"), help="one viewer, or reductions")
    asked = parser.parse_args()
    moves = 10 if asked.quick else MOVES
    table = Table()
    if asked.only in {None, "reductions"}:
        print("reductions of 1 GB in this process")
        reductions(table)
    if asked.only == "reductions":
        print(f"{table.met} of {table.asked} targets met")
        return
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder) / "lab").running() as lab,
    ):
        browser = playwright.chromium.launch(executable_path=system_chromium(), headless=True, args=list(FLAGS))
        for name, viewer in VIEWERS.items():
            if asked.only not in {None, name}:
                continue
            if importlib.util.find_spec(viewer.module) is None:
                print(f"{viewer.title}: not installed")
                continue
            planes = viewer.planes
            cells = [
                f"import numpy as np\n{MEMORY}\narray = np.zeros(({planes}, 1000, 1000), np.float32)\n"
                f"filled = array[:{FILLED}]\n"
                "np.random.default_rng(0).standard_normal(filled.shape, np.float32, out=filled)\n"
                "del filled\nNone",
                viewer.opening,
                viewer.opening,
            ]
            context = browser.new_context(viewport={"width": 1280, "height": 1600})
            context.add_init_script(path=SCRIPT)
            notebook = NotebookPage(lab, context.new_page(), lab.write(f"{name}.ipynb", cells))
            notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready")
            notebook.page.evaluate(
                """async () => {
                    window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0;
                    await window.jupyterapp.commands.execute('notebook:run-cell');
                }"""
            )
            try:
                measure(table, viewer, notebook, moves if viewer.ours else min(moves, OTHERS_MOVES), planes)
                for error in notebook.errors:
                    print(f"  {error}")
            finally:
                notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
                context.close()
        browser.close()
    print(f"{table.met} of {table.asked} targets met")


if __name__ == "__main__":
    main()
