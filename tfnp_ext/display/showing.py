"""A card on its way to the host: the MIME bundle, what was done to have the value, and ``show``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import convert
from tfnp_ext.config import DisplayOptions, TensorDisplay
from tfnp_ext.display.cards import compose
from tfnp_ext.document import Block, Children, Document, Note, Span
from tfnp_ext.errors import OptionError, reason
from tfnp_ext.formats import FORMATS
from tfnp_ext.formats.ansi import colored, has_color
from tfnp_ext.formats.text import sentence

_SCAN_LIMIT = 2_000
_OPENED = 3
"""Entries of a tree that stand open where a pipeline was run for them."""


def holds_tensors(obj: Any, shows_itself: Callable[[type], bool] = lambda _: False) -> bool:
    """Returns whether a container holds a value that has a card, looking at a bounded number of entries.

    Args:
        obj: The container.
        shows_itself: Whether a class has a display of its user's.
    """
    return convert.holds_tensors(obj, limit=_SCAN_LIMIT, shown=True, shows_itself=shows_itself)


def mimebundle(
    obj: Any,
    options: DisplayOptions | None = None,
    *,
    result: Any = None,
    told: Collection[str] = (),
    warned: Collection[str] = (),
    active_types: Collection[str] | None = None,
) -> dict[str, str] | None:
    """Returns the card of a value in every format that the host asks for; it never raises.

    Args:
        obj: The value.
        options: What the card shall look like; as configured by default.
        result: What ``%tonumpy`` made of it.
        told: What was done to have the result, a line each.
        warned: Why the result is not all that was asked for, a line each.
        active_types: MIME types that the host takes; all by default.

    Returns:
        Text by MIME type; ``None`` where there is nothing to show. Where a card fails, ``text/plain`` holds the
        native repr and one line of why.
    """
    try:
        options = options or TensorDisplay.instance().options()
        document = _compose_forgiving(obj, options, result)
        if not (told or warned) and _says_less(document, obj if result is None else result):
            return None
        return _render(_with_account(document, told, warned), active_types)
    except Exception as error:
        value = obj if result is None else result
        said = (f"[no card: {one_line(error)}]", *(f"⚠ {warning}" for warning in warned))
        return {"text/plain": "\n".join((native_text(value), *(line for text in said for line in sentence(text))))}


def _says_less(document: Document, shown: Any) -> bool:
    """Returns whether a card has none of the values of an array, so that NumPy's own text tells more."""
    told = document.blocks or document.heading.values
    return not told and isinstance(shown, np.ndarray) and shown.size > 0


def _with_account(document: Document, told: Collection[str], warned: Collection[str]) -> Document:
    """Returns a card with what was done to have its value, and why that is not all, right below the headline.

    What a pipeline was run for is looked at now: the pictures of a few tensors stand open.
    """
    notes = (
        *(Note((Span("⚠", "unsure"), Span(said))) for said in warned),
        *(Note((Span(said, "secondary"),)) for said in told),
    )
    return replace(document, blocks=(*notes, *(map(_opened, document.blocks) if told else document.blocks)))


def _opened(block: Block) -> Block:
    """Returns a tree of a few entries with each of them open."""
    if not isinstance(block, Children) or len(block.items) > _OPENED:
        return block
    return replace(block, items=tuple(replace(child, open=True) for child in block.items))


@np.errstate(all="ignore")
def _render(document: Document, active_types: Collection[str] | None) -> dict[str, str]:
    """Returns a card in every format that the host takes."""
    return {mime: render(document) for mime, render in FORMATS.items() if active_types is None or mime in active_types}


def _compose_forgiving(obj: Any, options: DisplayOptions, result: Any) -> Document:
    """Returns the card; where an option does not fit the value, the card without it and a line that says so."""
    try:
        return compose(obj, options, result)
    except OptionError as refusal:
        plain = options.without_requests()
        document = compose(obj, plain, result)
        return replace(document, blocks=(Note((Span(f"⚠ {refusal}", "unsure"),)), *document.blocks))


def one_line(error: BaseException) -> str:
    """Returns an error as one line: its class, unless it is ours, and its first line."""
    return reason(error) if isinstance(error, OptionError) else f"{type(error).__name__}: {reason(error)}"


def native_text(obj: Any) -> str:
    """Returns the repr that Python gives, or the class where even that fails."""
    try:
        return repr(obj)
    except Exception as error:
        return f"<{type(obj).__name__}: repr failed with {type(error).__name__}>"


def show(obj: Any, **options: Any) -> None:
    """Shows the card of a value, anywhere in a cell, in a loop or in a script.

    Args:
        obj: Anything that ``to_numpy`` takes.
        **options: ``plot``, ``labels``, ``top``, ``softmax``, and any option of ``TensorDisplay``.

    Raises:
        ConversionError: It is not tensor-like.
        OptionError: An option is unknown or does not fit the value.

    Example:
        >>> import numpy as np
        >>> show(np.array([1, 2, 3]))
        ndarray (3,) int64  1  2  3   24 B · CPU · view
    """
    document = compose(obj, TensorDisplay.instance().options(**options))
    shell = _shell()
    if shell is None:
        sys.stdout.write(for_terminal(_render(document, ("text/plain",)))["text/plain"] + "\n")
        return
    from IPython.display import display

    display(for_terminal(_render(document, shell.display_formatter.active_types)), raw=True)


def for_terminal(bundle: dict[str, str]) -> dict[str, str]:
    """Returns a bundle whose text is coloured where standard output is a terminal that has colours."""
    if "text/plain" not in bundle or not has_color():
        return bundle
    return {**bundle, "text/plain": colored(bundle["text/plain"])}


def _shell() -> Any:
    """Returns the running IPython shell without importing IPython where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
