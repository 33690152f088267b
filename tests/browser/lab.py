"""JupyterLab for tests: a server of its own on loopback, and a notebook as its reader sees it.

Nothing of the developer's own Jupyter is read or written: configuration, data, kernels and settings live in one
temporary folder, which is also the server's root.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Theme = Literal["light", "dark"]
Host = Literal["lab", "notebook"]

CELLS_TIMEOUT = 180
"""Seconds that the cells of one notebook may take, the import of TensorFlow included."""

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "docmanager-extension/plugin": {"autosave": False},
}
"""No news, no updates, and every output in the page, also those scrolled out of sight."""


class LabServer:
    """A running JupyterLab: ``root`` is the folder it serves, ``url`` its address."""

    def __init__(self, home: Path) -> None:
        self.root = home / "notebooks"
        self.home = home
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "jupyterlab.log"

    @contextlib.contextmanager
    def running(self) -> Iterator[LabServer]:
        """Starts the server, waits until it answers, and ends it with its kernels."""
        self._prepare()
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
            *("--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]
        with self.log.open("w") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env=self.environment(), start_new_session=True
            )
            try:
                self._wait_until_it_answers(process)
                yield self
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def _prepare(self) -> None:
        self.root.mkdir(parents=True)
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python 3",
            "language": "python",
        }
        kernels = self.home / "data" / "kernels" / "python3"
        kernels.mkdir(parents=True)
        (kernels / "kernel.json").write_text(json.dumps(spec))
        for name, settings in SETTINGS.items():
            file = self.home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings))

    def environment(self) -> dict[str, str]:
        """Returns the environment of a process that leaves the developer's own Jupyter alone."""
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        return {**os.environ, **{name: str(self.home / folder) for name, folder in own.items()}}

    def _wait_until_it_answers(self, process: subprocess.Popen) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")

    def add(self, source: Path, name: str | None = None) -> str:
        """Copies a notebook to the server's folder and returns its name there."""
        name = name or source.name
        shutil.copy(source, self.root / name)
        return name

    def write(self, name: str, cells: list[str]) -> str:
        """Writes a notebook of these code cells and returns its name."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.root / name)
        return name

    def address(self, name: str, host: Host = "lab") -> str:
        """Returns the address that opens a notebook, in JupyterLab in a fresh workspace, or in Notebook 7."""
        if host == "notebook":
            return f"{self.url}/notebooks/{name}?token={self.token}"
        return f"{self.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}?token={self.token}&reset"


class NotebookPage:
    """A notebook open in JupyterLab or Notebook 7, as its reader sees it."""

    def __init__(self, server: LabServer, page: Page, name: str, host: Host = "lab") -> None:
        self.server = server
        self.page = page
        self.name = name
        page.goto(server.address(name, host))
        page.wait_for_function(
            "name => window.jupyterapp?.shell.currentWidget?.context?.path === name"
            " && window.jupyterapp.shell.currentWidget.context.isReady",
            arg=name,
            timeout=60_000,
        )
        self.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        self.set_theme("light")  # the server remembers the theme of the page before

    def run_all(self) -> None:
        """Runs all cells and waits until the last has ended."""
        self.page.evaluate(
            """async () => {
                await window.jupyterapp.shell.currentWidget.sessionContext.ready;
                window.allCellsRan = undefined;
                window.jupyterapp.commands.execute('notebook:run-all-cells').then(
                    () => { window.allCellsRan = 'yes' }, error => { window.allCellsRan = String(error) });
            }"""
        )
        self.page.wait_for_function("() => window.allCellsRan", timeout=CELLS_TIMEOUT * 1000)
        self._wait_for_drawing()

    def save(self) -> Path:
        """Saves the notebook as the menu does and returns its file."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
        return self.server.root / self.name

    @property
    def content(self) -> dict[str, Any]:
        """The notebook as it would be saved now."""
        return self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.toJSON()")

    @property
    def errors(self) -> list[str]:
        """The error outputs of all cells, one line each."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for cell in self.content["cells"]
            for output in cell.get("outputs", ())
            if output["output_type"] == "error"
        ]

    @property
    def trusted(self) -> bool:
        """Whether JupyterLab trusts every code cell."""
        return self.page.evaluate(
            """() => Array.from(window.jupyterapp.shell.currentWidget.content.widgets)
                .filter(cell => cell.model.type === 'code').every(cell => cell.model.trusted)"""
        )

    def cell_ending_with(self, last_line: str) -> int:
        """Returns the index of the first code cell that ends with this line."""
        cells = self.content["cells"]
        for index, cell in enumerate(cells):
            lines = "".join(cell["source"]).strip().splitlines()
            if cell["cell_type"] == "code" and lines and lines[-1].strip() == last_line:
                return index
        raise LookupError(f"{self.name} has no code cell that ends with {last_line!r}")

    def output(self, index: int) -> Locator:
        """Returns the output area of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def evaluate_in_kernel(self, expression: str) -> Any:
        """Returns the value of a Python expression that JSON can carry, asked of the notebook's own kernel."""
        text = self.page.evaluate(
            """async code => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const asked = kernel.requestExecute(
                    {code: '', silent: true, store_history: false, user_expressions: {answer: code}});
                return (await asked.done).content.user_expressions.answer;
            }""",
            f"__import__('json').dumps({expression})",
        )
        if text["status"] != "ok":
            raise RuntimeError(f"{expression}: {text['ename']}: {text['evalue']}")
        return json.loads(ast.literal_eval(text["data"]["text/plain"]))

    def set_theme(self, theme: Theme) -> None:
        """Changes the theme of the open JupyterLab, as Settings → Theme does."""
        name = f"JupyterLab {theme.title()}"
        self.page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached", timeout=30_000)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=30_000)
        self._wait_for_drawing()

    def _wait_for_drawing(self) -> None:
        self.page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def untrusted_copy(executed: Path, copy: Path, mark: str) -> None:
    """Writes an executed notebook anew, as someone else's: with its outputs, and signed by nobody.

    Args:
        executed: A saved notebook.
        copy: Where the copy goes.
        mark: HTML of one more output, in a cell of its own at the end: what an untrusted notebook must not run.
    """
    notebook = nbformat.read(executed, as_version=4)
    output = nbformat.v4.new_output("display_data", data={"text/html": mark})
    notebook.cells.append(nbformat.v4.new_code_cell("", outputs=[output]))
    for cell in notebook.cells:
        cell.metadata.pop("trusted", None)
    nbformat.write(notebook, copy)
