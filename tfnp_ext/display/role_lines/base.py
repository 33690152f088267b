"""The register of lines of numbers by role, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Inline, Span, Text
from tfnp_ext.summary import Summary

RoleLine = Callable[[Summary, DisplayOptions], "tuple[Text, ...] | None"]

ROLE_LINES: dict[str, RoleLine] = {}
"""The whole line of a role; it returns ``None`` where the usual line says more."""

EXTRA_FIELDS: dict[str, RoleLine] = {}
"""What a role adds behind the usual line."""

F = TypeVar("F", bound=RoleLine)


def line_for(*roles: str) -> Callable[[F], F]:
    """Enters a function as what makes the line of numbers of some roles; a decorator."""

    def enter(function: F) -> F:
        ROLE_LINES.update(dict.fromkeys(roles, function))
        return function

    return enter


def adds_to(*roles: str) -> Callable[[F], F]:
    """Enters a function as what adds fields to the usual line of some roles; a decorator."""

    def enter(function: F) -> F:
        EXTRA_FIELDS.update(dict.fromkeys(roles, function))
        return function

    return enter


def field(label: str, *rest: Inline | str) -> Text:
    """Returns a labelled value."""
    return (Span(label, "secondary"), *(Span(piece) if isinstance(piece, str) else piece for piece in rest))
