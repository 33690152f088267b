"""The tree of a nest: which of its tensors is explored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import anywidget
import traitlets

from tfnp_ext import wording
from tfnp_ext.adapters import step_name
from tfnp_ext.explorer.canvas import STATIC
from tfnp_ext.explorer.choices import Choice

Node = list[Any]
"""A leaf: its name and the place of its facts; or a group: its name and its nodes. Plain JSON, and short."""

_LONGEST_NAME = 200


class TreeChooser(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]
    """A collapsible tree of what can be explored, one leaf of which is chosen.

    Args:
        choices: The leaves, in order.
        on_choose: Called with the place of the leaf that its reader asks for; it calls ``show`` once that is shown.

    Attributes:
        nodes: The tree; its leaves are the choices in order, each with the place of its facts.
        facts: Kind, shape and dtype in words; those that many leaves have are here once.
        chosen: The place of the chosen leaf.
    """

    _esm = STATIC / "tree.js"
    _css = STATIC / "tree.css"

    nodes: Any = traitlets.List().tag(sync=True)
    facts: Any = traitlets.List().tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)

    def __init__(self, choices: Sequence[Choice], on_choose: Callable[[int], None]) -> None:
        nodes, facts = tree_of(choices)
        self._on_choose = on_choose
        self._shown = 0
        super().__init__(nodes=nodes, facts=facts)

    @classmethod
    def of(cls, choices: Sequence[Choice], on_choose: Callable[[int], None]) -> TreeChooser | None:
        """Returns the tree of several choices; a value alone has none."""
        return cls(choices, on_choose) if len(choices) > 1 else None

    def show(self, place: int) -> None:
        """Has a leaf be the chosen one: it is what is shown."""
        self._shown = place
        self.chosen = place

    @traitlets.observe("chosen")
    def _asked(self, change: Any) -> None:
        """Passes the wish on; one that could not be fulfilled is taken back."""
        if change["new"] != self._shown:
            self._on_choose(change["new"])
            self.chosen = self._shown


def tree_of(choices: Sequence[Choice]) -> tuple[list[Node], list[list[str]]]:
    """Returns the tree of choices by the steps of their paths, and the facts that its leaves have.

    A group of one is a row with what is in it: ``encoder / layer_0``.
    """
    facts: dict[tuple[str, str, str], int] = {}
    nodes = _nodes(choices, 0, facts)
    return nodes, [list(one) for one in facts]


def _nodes(choices: Sequence[Choice], depth: int, facts: dict[tuple[str, str, str], int]) -> list[Node]:
    nodes: list[Node] = []
    # A leaf and a group of one step: keys that are written alike.
    for (is_leaf, step), run in groupby(
        choices, lambda choice: (len(choice.steps) <= depth + 1, choice.steps[depth:][:1])
    ):
        inside = list(run)
        name = "".join(map(_name, step))
        if is_leaf:
            nodes += [
                [_leaf_name(name, choice), facts.setdefault((choice.kind, choice.shape, choice.dtype), len(facts))]
                for choice in inside
            ]
            continue
        below = _nodes(inside, depth + 1, facts)
        if len(below) == 1:
            [(rest, only)] = below
            between = "" if _is_index(inside[0].steps[depth + 1]) else " / "
            nodes.append([_short(f"{name}{between}{rest}"), only])
        else:
            nodes.append([name, below])
    return nodes


def _name(step: str) -> str:
    return _short(wording.printable(step_name(step) or step[1:-1]))


def _short(name: str) -> str:
    kept, rest = wording.shorten(name, _LONGEST_NAME)
    return f"{kept}…" if rest else name


def _is_index(step: str) -> bool:
    return step.startswith("[") and step_name(step) == step


def _leaf_name(name: str, choice: Choice) -> str:
    """Returns the name of a leaf; of a variable in a list, its own name beside its index, as on a card."""
    own = choice.name.removesuffix(":0") if choice.weights and _is_index(choice.steps[-1]) else ""
    return _short(f"{name} {wording.printable(own)}" if own else name)
