"""The card of a value before its explorer, in a fold that the canvas closes while it lives."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle

_CARD_BUDGET_MS = 60.0
"""Milliseconds for the numbers of the card; the explorer itself has to appear soon."""


def show_still(value: Any, what: str, word: str) -> None:
    """Shows the card as an output of its own; where there is no notebook, nothing.

    Args:
        value: What is explored.
        what: It in words.
        word: A word that no other summary of the page holds: by it the canvas finds the fold.
    """
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # type: ignore[no-untyped-call,unused-ignore]
        return
    options = TensorDisplay.instance().options()
    bundle = mimebundle(value, replace(options, budget_ms=min(options.budget_ms, _CARD_BUDGET_MS)))
    if bundle is None:
        return
    if "text/html" in bundle:
        summary = html.escape(f"still picture of {what} · {word}")
        opening = f"<details open><summary style='font-size:12px;opacity:.66'>{summary}</summary>"
        bundle = {**bundle, "text/html": f"{opening}{bundle['text/html']}</details>"}
    display(bundle, raw=True)
