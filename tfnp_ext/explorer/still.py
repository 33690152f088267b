"""The card of a value before its explorer, in a fold that the canvas closes while it lives."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle
from tfnp_ext.formats.html.inline import data_uri

_CARD_BUDGET_MS = 60.0
"""Milliseconds for the numbers of the card; the explorer itself has to appear soon."""


_HISTOGRAM = re.compile('alt="[Hh]istogram from ')
"""A histogram alone is no picture of a slice."""

PICTURE = (192, 256)
"""Rows and columns of pixels of the picture at most."""


def show_still(value: Any, what: str, word: str, picture: Callable[[], tuple[bytes, str] | None]) -> None:
    """Shows the card as an output of its own, also with a picture where it has none; without a notebook nothing.

    Args:
        value: What is explored.
        what: It in words.
        word: A word that no other summary of the page holds: by it the canvas finds the fold.
        picture: Gives what the explorer shows as a PNG, and what that is in words; ``None`` where it has none.
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
        card = bundle["text/html"]
        shown = picture() if card.count("<img") == len(_HISTOGRAM.findall(card)) else None
        bundle = {**bundle, "text/html": f"{opening}{card}{_image(*shown) if shown else ''}</details>"}
    display(bundle, raw=True)


def _image(png: bytes, words: str) -> str:
    """Returns a picture with what it is of below it, its pixels as large as they are seen on any screen."""
    said = html.escape(words)
    return (
        f'<div style="margin:4px 0 2px"><img src="{data_uri(png, "image/png")}" alt="{said}" width={PICTURE[1]}'
        f' style="image-rendering:pixelated"><div style="font-size:12px;opacity:.66">{said}</div></div>'
    )
