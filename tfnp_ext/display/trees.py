"""Nests of values: a line a leaf, groups that fold, bounded in depth and count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tfnp_ext import wording
from tfnp_ext.adapters import NestAdapter, find_adapter
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Child, Children, Document, Heading, Span

MOST_LEAVES = 200
_LEAVES_A_GROUP = 40
_DEEPEST = 12
_OPEN_DEPTH = 2
_NATIVE_LENGTH = 60


@dataclass
class _Budget:
    """How many more leaves are drawn."""

    leaves: int = MOST_LEAVES


def compose_nest(obj: Any, options: DisplayOptions, compose: Callable[[Any, DisplayOptions], Document]) -> Document:
    """Returns the tree of a dict, list or tuple.

    Args:
        obj: The nest.
        options: As for a single card; leaves draw no pictures of their own.
        compose: Makes the document of a leaf.
    """
    document, _, _ = _group(obj, replace(options, plots=False), compose, _Budget(), 0, ())
    return document


def _group(
    obj: Any,
    options: DisplayOptions,
    compose: Callable[[Any, DisplayOptions], Document],
    budget: _Budget,
    depth: int,
    ancestors: tuple[int, ...],
) -> tuple[Document, int, int]:
    """Returns the document of a nest, and how many tensors and bytes are in it."""
    adapter = find_adapter(obj)
    assert isinstance(adapter, NestAdapter)
    parts = adapter.parts(obj)
    items: list[Child] = []
    tensors = nbytes = 0
    for step, child in zip(parts.steps, parts.children, strict=True):
        inner = find_adapter(child)
        name = entry_name(step)
        if isinstance(inner, NestAdapter):
            if id(child) in ancestors or child is obj:
                items.append(Child(name, _native("contains itself")))
                continue
            if depth >= _DEEPEST:
                items.append(Child(name, _native(f"{inner.label(child)}, deeper than {_DEEPEST} levels")))
                continue
            document, below, size = _group(child, options, compose, budget, depth + 1, (*ancestors, id(obj)))
            tensors += below
            nbytes += size
            if len(items) < _LEAVES_A_GROUP and budget.leaves > 0:
                items.append(Child(name, document, open=depth + 1 < _OPEN_DEPTH))
            continue
        if inner is not None and inner.tensor_like and not isinstance(child, bytes):
            tensors += 1
            nbytes += _size(inner, child)
        if len(items) < _LEAVES_A_GROUP and budget.leaves > 0:
            budget.leaves -= 1
            items.append(Child(name, _leaf(child, inner, options, compose)))
    more = len(parts.children) - len(items)
    facts = [wording.plural(tensors, "tensor")]
    if nbytes:
        facts.append(wording.byte_count(nbytes))
    heading = Heading(kind=adapter.label(obj), facts=(" · ".join(facts),))
    return Document(heading, (Children(tuple(items), more),)), tensors, nbytes


def _leaf(
    child: Any, adapter: Any, options: DisplayOptions, compose: Callable[[Any, DisplayOptions], Document]
) -> Document:
    if adapter is None or not adapter.tensor_like or isinstance(child, bytes):
        return _native(_native_text(child))
    return compose(child, options)


def _size(adapter: Any, child: Any) -> int:
    try:
        return int(adapter.facts(child).nbytes or 0)
    except Exception:
        return 0


def entry_name(step: str) -> str:
    """Returns a path step as the name of a tree's line: a string key without its quotes, an index in brackets."""
    if step.startswith("."):
        return step[1:]
    inner = step[1:-1]
    if inner[:1] in {"'", '"'} and inner[-1:] == inner[:1]:
        return inner[1:-1]
    return step


def _native(text: str) -> Document:
    return Document(Heading(kind="", values=(Span(text),)))


def _native_text(obj: Any) -> str:
    """Returns a plain entry (number, string, ``None``) as Python writes it, cut; other objects by their class only."""
    if obj is None or isinstance(obj, (bool, int, float, complex, str, bytes)):
        shown, cut = wording.shorten(repr(obj[:200] if isinstance(obj, (str, bytes)) else obj), _NATIVE_LENGTH)
        return shown + ("…" if cut else "")
    return type(obj).__name__
