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


Picture = tuple[bytes, str, tuple[int, int]]
"""A PNG, what it is of in words, and of how many rows and columns."""

_HISTOGRAM = re.compile('alt="[Hh]istogram from ')
"""A histogram alone is no picture of a slice."""

_SIDE, _SHOWN = 160, 256
"""Pixels that the picture has at most along its longer side, and how long that is on the screen."""


def show_still(value: Any, what: str, word: str, picture: Callable[[], Picture | None]) -> None:
    """Shows the card as an output of its own, also with a picture where it has none; without a notebook nothing.

    Args:
        value: What is explored.
        what: It in words.
        word: A word that no other summary of the page holds: by it the canvas finds the fold.
        picture: Gives what the explorer shows; ``None`` where it shows no picture.
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


def picture_size(plane: tuple[int, int]) -> tuple[int, int]:
    """Returns rows and columns of pixels for a plane, as many values down as across in each."""
    each = max(1, -(-max(plane) // _SIDE))
    return -(-plane[0] // each), -(-plane[1] // each)


def _image(png: bytes, words: str, plane: tuple[int, int]) -> str:
    """Returns a picture with what it is of below it, as large as it is seen on any screen."""
    height, width = (max(1, round(_SHOWN * side / max(plane))) for side in plane)
    said = html.escape(words)
    return (
        f'<div style="margin:4px 0 2px"><img src="{data_uri(png, "image/png")}" alt="{said}" width={width}'
        f' height={height} style="image-rendering:pixelated"><div style="font-size:12px;opacity:.66">{said}</div></div>'
    )
