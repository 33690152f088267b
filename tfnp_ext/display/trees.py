"""Nests of values: a line a leaf, groups that fold, bounded in depth and count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tfnp_ext import wording
from tfnp_ext.adapters import Adapter, NestAdapter, find_adapter, step_name
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.values import plain_text
from tfnp_ext.document import Child, Children, Document, Heading, Span
from tfnp_ext.errors import ConversionError, reason

MOST_ENTRIES = 200
"""Leaves drawn at most."""

MOST_GROUPS = 100
"""Groups drawn at most."""

_ENTRIES_A_GROUP = 40
_DEEPEST = 12
_OPEN_DEPTH = 2
_DETAILED = 20
_MOST_VISITED = 20_000
_DEEPEST_COUNTED = 200

Compose = Callable[[Any, DisplayOptions], Document]


@dataclass(frozen=True)
class Leaves:
    """How a leaf becomes a document.

    Attributes:
        full: With its values, for a tree of a few leaves.
        brief: With its line of numbers only, for a tree of many.
    """

    full: Compose
    brief: Compose


@dataclass(frozen=True, slots=True)
class _Totals:
    """What a nest holds, at any depth."""

    tensors: int = 0
    nbytes: int = 0

    def __add__(self, other: _Totals) -> _Totals:
        return _Totals(self.tensors + other.tensors, self.nbytes + other.nbytes)

    def words(self) -> str:
        """Returns ``24 tensors · 281 KiB``."""
        size = f" · {wording.byte_count(self.nbytes)}" if self.nbytes else ""
        return wording.plural(self.tensors, "tensor") + size


@dataclass
class _Census:
    """Counts tensors and bytes, every container once however often it occurs."""

    known: dict[int, _Totals] = field(default_factory=dict)
    visited: int = 0

    def of(self, obj: Any, adapter: NestAdapter, depth: int = 0) -> _Totals:
        """Returns the totals of a nest; of a cycle, or beyond a bound, what was counted so far."""
        if id(obj) in self.known or depth > _DEEPEST_COUNTED:
            return self.known.get(id(obj), _Totals())
        self.known[id(obj)] = totals = _Totals()
        try:
            children = adapter.shown_parts(obj).children
        except ConversionError:  # it has no parts yet: its line says why
            return totals
        for child in children:
            self.visited += 1
            if self.visited > _MOST_VISITED:
                break
            inner = find_adapter(child)
            if isinstance(inner, NestAdapter):
                totals += self.of(child, inner, depth + 1)
            elif _is_tensor(child, inner):
                totals += _Totals(1, _size(child, inner))
        self.known[id(obj)] = totals
        return totals


def compose_nest(obj: Any, options: DisplayOptions, leaves: Leaves) -> Document:
    """Returns the tree of a dict, list or tuple.

    Args:
        obj: The nest.
        options: As for a single card; leaves draw no pictures of their own.
        leaves: Makes the documents of leaves.
    """
    adapter = find_adapter(obj)
    assert isinstance(adapter, NestAdapter)
    census = _Census()
    few = census.of(obj, adapter).tensors <= _DETAILED
    calm = replace(options, plots=False, labels_required=False)
    return _Tree(calm, leaves.full if few else leaves.brief, census).group(obj, adapter, ())


class _Tree:
    """Walks a nest and makes its document, until there are enough entries."""

    def __init__(self, options: DisplayOptions, compose: Compose, census: _Census) -> None:
        self.options = options
        self.compose = compose
        self.census = census
        self.entries = self.groups = 0

    def group(self, obj: Any, adapter: NestAdapter, ancestors: tuple[int, ...]) -> Document:
        """Returns the document of one container."""
        parts = adapter.shown_parts(obj)
        items: list[Child] = []
        for step, child in zip(parts.steps, parts.children, strict=True):
            if self.entries >= MOST_ENTRIES or self.groups >= MOST_GROUPS:
                break
            if isinstance(find_adapter(child), NestAdapter):
                self.groups += 1
            else:
                self.entries += 1
            items.append(self._entry(_entry_name(step, child), child, (*ancestors, id(obj))))
        facts = [self.census.of(obj, adapter).words()]
        if len(parts.children) > _ENTRIES_A_GROUP:
            facts.insert(0, wording.plural(len(parts.children), "entry", "entries"))
        heading = Heading(kind=adapter.label(obj), facts=tuple(facts))
        shown, folded = tuple(items[:_ENTRIES_A_GROUP]), tuple(items[_ENTRIES_A_GROUP:])
        return Document(heading, (Children(shown, len(parts.children) - len(items), folded),))

    def _entry(self, name: str, child: Any, ancestors: tuple[int, ...]) -> Child:
        adapter = find_adapter(child)
        if not isinstance(adapter, NestAdapter):
            return Child(name, self._leaf(child, adapter))
        if id(child) in ancestors:
            return Child(name, _native("contains itself"))
        if len(ancestors) > _DEEPEST:
            return Child(name, _native(f"{adapter.label(child)}, deeper than {_DEEPEST} levels"))
        try:
            return Child(name, self.group(child, adapter, ancestors), open=len(ancestors) < _OPEN_DEPTH)
        except ConversionError as error:
            return Child(name, _native(str(error)))

    def _leaf(self, child: Any, adapter: Adapter | None) -> Document:
        if not _is_tensor(child, adapter):
            return _native(plain_text(child))
        try:
            return self.compose(child, self.options)
        except Exception as error:
            return _native(f"{type(child).__name__} (not shown: {type(error).__name__}: {reason(error)})")


def _is_tensor(child: Any, adapter: Adapter | None) -> bool:
    return adapter is not None and adapter.tensor_like and not isinstance(child, bytes)


def _size(child: Any, adapter: Adapter | None) -> int:
    try:
        return int(adapter.facts(child).nbytes or 0) if adapter else 0
    except Exception:
        return 0


def _entry_name(step: str, child: Any) -> str:
    """Returns the name of a tree's line; of a variable in a list, its own name beside its index."""
    name = step_name(step)
    own = getattr(child, "path", None) or getattr(child, "name", None) if _is_variable(child) else None
    return f"{name} {str(own).removesuffix(':0')}" if own and step.startswith("[") and name == step else name


def _is_variable(child: Any) -> bool:
    adapter = find_adapter(child)
    return adapter is not None and adapter.kind == "Variable"


def _native(text: str) -> Document:
    return Document(Heading(kind="", values=(Span(text),)))
