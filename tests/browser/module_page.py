"""A page that runs an ES module of the explorer without a Jupyter: its files are served to a script of the test's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tfnp_ext.explorer.canvas import STATIC, joined_script

if TYPE_CHECKING:
    from playwright.sync_api import Page

ADDRESS = "http://localhost/explorer/"  # a secure context, so that there is a clipboard; nothing is served there


class ModulePage:
    """A page with one widget, or with more that are started by name."""

    html: ClassVar[str]
    """The page; its script sets ``window.ready``."""

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
            route.fulfill(body=self.html, content_type="text/html")
        elif name == "joined.js":
            route.fulfill(body=joined_script(), content_type="text/javascript")
        else:
            kind = "text/css" if name.endswith(".css") else "text/javascript"
            route.fulfill(body=(STATIC / name).read_text(), content_type=kind)

    def settle(self) -> None:
        """Waits until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")

    def listeners(self) -> int:
        """Returns how many listeners the window and the document have."""
        session = self.page.context.new_cdp_session(self.page)
        count = 0
        for name in ("window", "document", "document.body"):
            found = session.send("Runtime.evaluate", {"expression": name})["result"]["objectId"]
            count += len(session.send("DOMDebugger.getEventListeners", {"objectId": found})["listeners"])
        session.detach()
        return count
