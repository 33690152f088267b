"""Fixtures of the browser tests: one JupyterLab and one Chromium for the whole folder.

Both are of the folder's scope, not of the session's: while Playwright runs, an event loop is set in this thread,
and tests that start one of their own would fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .lab import Host, LabServer, NotebookPage

PROJECT = Path(__file__).resolve().parents[2]

NO_CHROMIUM = (
    "no Chromium found: install it with `apt-get install chromium` (Debian) or `playwright install chromium`,"
    " or name its program in TFNP_EXT_CHROMIUM"
)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def unavailable(reason: str) -> None:
    """Skips the test, or fails it where TFNP_EXT_REQUIRE_BROWSER says that a browser must be there."""
    if os.environ.get("TFNP_EXT_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def system_chromium() -> str | None:
    """Returns the Chromium to use: TFNP_EXT_CHROMIUM, else the system's; ``None`` for Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("TFNP_EXT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator:
    """A headless Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("Playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        program = system_chromium()
        if program is None and not Path(playwright.chromium.executable_path).exists():
            unavailable(NO_CHROMIUM)
        chromium = playwright.chromium.launch(executable_path=program, headless=True, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(browser, tmp_path_factory) -> Iterator:
    """A JupyterLab on loopback; it asks for the browser first, so that nothing starts where there is none."""
    with LabServer(tmp_path_factory.mktemp("lab")).running() as server:
        yield server


@pytest.fixture(scope="package")
def open_notebook(browser, lab) -> Iterator[Callable]:
    """Opens a notebook of the server's folder in a browser context of its own: ``open_notebook(name)``."""
    contexts = []

    def open_one(name: str, width: int = 1200, height: int = 900, host: Host = "lab") -> NotebookPage:
        context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2)
        contexts.append(context)
        return NotebookPage(lab, context.new_page(), name, host)

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The folder for screenshots: TFNP_EXT_ARTIFACTS, else ``artifacts/`` of the checkout, which git ignores."""
    folder = Path(os.environ.get("TFNP_EXT_ARTIFACTS") or PROJECT / "artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
