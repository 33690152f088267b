"""Nests of values: a line a leaf, groups that fold, bounded in depth and count."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Adapter, Failed, NestAdapter, find_adapter, step_name
from tfnp_ext.adapters.arrays import plain_attribute
from tfnp_ext.adapters.base import IndexSteps
from tfnp_ext.adapters.tensors import own_name
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.census import MOST_VISITED, Census, are_scalars, as_nest, is_tensor
from tfnp_ext.display.values import plain_text
from tfnp_ext.document import Child, Children, Document, Heading, Span, Unfolding
from tfnp_ext.errors import ConversionError, reason
from tfnp_ext.roles import SMALL

MOST_ENTRIES = 200
"""Leaves drawn at most."""

MOST_GROUPS = 100
"""Groups drawn at most."""

MOST_PLAIN = 100
"""Entries without a tensor drawn at most: they take no room from those with one."""

ENTRIES_A_GROUP = 40
"""Entries of a group before the rest is folded away."""

_DEEPEST = 12
OPEN_DEPTH = 2
"""Groups stand open down to here."""

_OPEN_LINES, _ALWAYS_OPEN = 20, 8
"""So many lines are seen before the largest groups are shut, as an optimizer's; those of so few entries are not."""

_TABLES = 20
"""Up to so many leaves small matrices stand in their lines; in a tree of many a leaf is one line high."""

_ALWAYS_READ = 2**14
"""Bytes of a leaf that is read however late it is: that takes no time that would be noticed."""

_WHOLE_LIST, _FIRST_OF_LIST, _SCALAR_LENGTH = 8, 3, 16


class Leaves(Protocol):
    """How a leaf becomes a document."""

    def composed(self, obj: Any, options: DisplayOptions, *, tables: bool, in_time: Callable[[], bool]) -> Document:
        """Returns a leaf with its numbers, which unfolds to its values and its picture.

        Args:
            obj: The leaf.
            options: What the tree looks like.
            tables: Whether a small matrix stands in the leaf's line.
            in_time: Returns whether there is time for a large picture.
        """

    def unread(self, obj: Any, options: DisplayOptions, why: str = "not read") -> Document:
        """Returns a leaf that is not read: its shape and dtype only, and why, as where there was no time."""


def compose_nest(obj: Any, options: DisplayOptions, leaves: Leaves, result: Any = None) -> Document:
    """Returns the tree of a dict, list or tuple.

    Args:
        obj: The nest.
        options: As for a single card.
        leaves: Makes the documents of leaves.
        result: What ``%tonumpy`` made of it: shown in its place where it holds arrays that only a conversion reads.
    """
    deadline = time.perf_counter() + options.budget_ms / 1000
    adapter = find_adapter(obj)
    assert isinstance(adapter, NestAdapter)
    census = Census()
    totals = census.of(obj, adapter)
    if census.unread and isinstance(find_adapter(result), NestAdapter):
        return compose_nest(result, options, leaves)
    calm = replace(options, labels_required=False)
    tree = _Tree(calm, leaves, census, Clock(deadline, totals.leaves, totals.nbytes), totals.leaves <= _TABLES)
    document = tree.group(obj, adapter, (), MOST_ENTRIES)
    if tree.tables and adapter.is_container and 0 < sum(map(_small_size, _leaves_of(document))) <= SMALL:
        document = _with_small_ones_open(document)
    document = _with_large_groups_shut(document)
    heading = replace(document.heading, facts=_facts(obj, adapter, census, tree.unread))
    return replace(document, heading=heading)


def _facts(obj: Any, adapter: NestAdapter, census: Census, unread: int) -> tuple[str, ...]:
    """Returns the facts of the whole: how many entries, tensors, values and bytes, and what was not read."""
    count, totals = len(census.parts(obj, adapter).children), census.of(obj, adapter)
    if not count:
        return ("empty",)
    late = (f"{wording.integer(unread)} not read: budget_ms was over",) if unread else ()
    if adapter.has_fields:
        fields = wording.plural(count, "field")
        return (fields, *totals.words()[int(count == totals.leaves) :], *late)
    # Where each entry is a tensor, their number is said already.
    entries = adapter.is_container and 1 < count != totals.leaves
    said = (wording.plural(count, "entry", "entries"),) if entries else ()
    return (*said, *totals.words(adapter.counted), *late)


def _shared(room: int, wanted: Mapping[int, int]) -> dict[int, int]:
    """Returns how many leaves each entry has: all of small ones, of the others equally many.

    Example:
        >>> _shared(10, {0: 50, 1: 2, 2: 50})
        {1: 2, 0: 4, 2: 4}
    """
    rooms: dict[int, int] = {}
    for left, place in zip(range(len(wanted), 0, -1), sorted(wanted, key=lambda place: wanted[place]), strict=True):
        rooms[place] = min(wanted[place], math.ceil(room / left))
        room -= rooms[place]
    return rooms


def _leaves_of(document: Document) -> Iterator[Document]:
    """Yields the leaves of a tree that is open, from top to bottom."""
    block = document.blocks[0] if document.blocks else None
    if isinstance(block, Children):
        for child in block.items:
            yield from _leaves_of(child.document)
    else:
        yield document


def _small_size(leaf: Document) -> int:
    """Returns how many values a leaf has that a card would show open and its line does not; 0 of any other."""
    unfolding = next((block for block in leaf.blocks if isinstance(block, Unfolding)), None)
    return unfolding.size if unfolding is not None and unfolding.picture is None and unfolding.size <= SMALL else 0


def _with_small_ones_open(document: Document) -> Document:
    """Returns a tree whose small leaves stand open, where all of them are no more than one card shows open."""
    block = document.blocks[0] if document.blocks else None
    if not isinstance(block, Children):
        return document
    items = (
        replace(
            child, document=_with_small_ones_open(child.document), open=child.open or _small_size(child.document) > 0
        )
        for child in block.items
    )
    return replace(document, blocks=(replace(block, items=tuple(items)), *document.blocks[1:]))


def _with_large_groups_shut(document: Document) -> Document:
    """Returns a tree of few open lines: its largest groups are shut, but not the first, nor any of a few entries."""
    (block,) = document.blocks
    assert isinstance(block, Children)
    inside = [_open_lines(child.document) if child.open else 0 for child in block.items]
    shut: set[int] = set()
    for place in sorted(range(1, len(inside)), key=lambda place: (-inside[place], -place)):
        if sum(inside) + len(inside) <= _OPEN_LINES or inside[place] <= _ALWAYS_OPEN:
            break
        inside[place] = 0
        shut.add(place)
    items = (replace(child, open=child.open and place not in shut) for place, child in enumerate(block.items))
    return replace(document, blocks=(replace(block, items=tuple(items)),))


def _open_lines(document: Document) -> int:
    """Returns how many lines of a group are seen."""
    block = document.blocks[0] if document.blocks else None
    if not isinstance(block, Children):
        return 0
    return sum(1 + (_open_lines(child.document) if child.open else 0) for child in block.items)


@dataclass
class Clock:
    """The time that the leaves of a tree share: each gets what its bytes are of the bytes left, or its equal part."""

    deadline: float
    tensors: int
    nbytes: int

    def milliseconds(self, nbytes: int) -> float:
        """Returns the time for the next leaf; 0 where there is none left."""
        left = max(0.0, self.deadline - time.perf_counter()) * 1000
        part = max(nbytes / max(nbytes, self.nbytes, 1), 1 / max(1, min(self.tensors, MOST_ENTRIES)))
        self.tensors, self.nbytes = self.tensors - 1, self.nbytes - nbytes
        return left * part

    def is_running(self) -> bool:
        """Returns whether there is time left."""
        return time.perf_counter() < self.deadline


class _Tree:
    """Walks a nest and makes its document, until there are enough entries."""

    def __init__(self, options: DisplayOptions, leaves: Leaves, census: Census, clock: Clock, tables: bool) -> None:
        self.options = options
        self.leaves = leaves
        self.census = census
        self.clock = clock
        self.tables = tables
        self.groups = self.plain = self.unread = 0
        self._path: list[str] = []
        self._first: dict[int, str] = {}

    def group(self, obj: Any, adapter: NestAdapter, ancestors: tuple[int, ...], room: int) -> Document:
        """Returns the document of one container, of no more than so many leaves."""
        parts = self.census.parts(obj, adapter)
        first, rest = self._in_order_of_worth(parts.children)
        rooms = _shared(room, {place: self._leaves_in(parts.children[place]) for place in (*first, *rest)})

        def drawn(places: Sequence[int]) -> tuple[Child, ...]:
            inside = (*ancestors, id(obj))
            taken = ((parts.steps[place], parts.children[place], rooms[place]) for place in places)
            return tuple(
                self._entry(_entry_name(step, child), child, inside, part)
                for step, child, part in taken
                if self._has_room(child, part)
            )

        shown, folded = drawn(first), drawn(rest)
        facts = self.census.of(obj, adapter).words() if parts.children else ("empty",)
        if len(parts.children) > ENTRIES_A_GROUP:
            facts = (wording.plural(len(parts.children), "entry", "entries"), *facts)
        heading = Heading(kind=adapter.label(obj), name=adapter.facts(obj).name, facts=facts)
        left_out = len(parts.children) - len(shown) - len(folded)
        return Document(heading, (Children(shown, left_out, folded),))

    def _in_order_of_worth(self, children: Sequence[Any]) -> tuple[Sequence[int], Sequence[int]]:
        """Returns the places of the entries shown and of those folded, entries with tensors before plain ones."""
        if len(children) <= ENTRIES_A_GROUP:
            return range(len(children)), ()
        holding: list[int] = []
        plain: list[int] = []
        for place in range(min(len(children), MOST_VISITED)):
            (holding if self.census.holds_tensors(children[place]) else plain).append(place)
        ranked = holding + plain
        folded = ranked[ENTRIES_A_GROUP : MOST_ENTRIES + MOST_GROUPS + MOST_PLAIN]
        return sorted(ranked[:ENTRIES_A_GROUP]), sorted(folded)

    def _leaves_in(self, child: Any) -> int:
        """Returns how many leaves an entry would have if there were room for all."""
        nest = as_nest(child, find_adapter(child))
        return self.census.of(child, nest).leaves if nest is not None else int(self.census.holds_tensors(child))

    def _has_room(self, child: Any, room: int) -> bool:
        """Returns whether one more entry of its kind is drawn, and counts it."""
        if not self.census.holds_tensors(child):
            self.plain += 1
            return self.plain <= MOST_PLAIN
        if as_nest(child, find_adapter(child)) is not None:
            self.groups += 1
            return self.groups <= MOST_GROUPS
        return room > 0

    def _entry(self, name: str, child: Any, ancestors: tuple[int, ...], room: int) -> Child:
        found = find_adapter(child)
        adapter = as_nest(child, found)
        if adapter is None:
            return Child(name, self._leaf(name, child, found))
        if id(child) in ancestors:
            return Child(name, _native("contains itself"))
        try:
            if len(ancestors) > _DEEPEST:
                return Child(name, _native(f"{adapter.label(child)}, deeper than {_DEEPEST} levels"))
            if adapter.is_container:
                parts = self.census.parts(child, adapter)
                if isinstance(parts.steps, IndexSteps) and parts.children and are_scalars(parts.children):
                    return Child(name, _scalars(adapter.label(child), parts.children))
            self._path.append(name)
            try:
                return Child(name, self.group(child, adapter, ancestors, room), open=len(ancestors) < OPEN_DEPTH)
            finally:
                self._path.pop()
        except ConversionError as error:
            return Child(name, _native(str(error)))
        except Exception as error:
            return Child(name, _not_shown(child, error))

    def _leaf(self, name: str, child: Any, adapter: Adapter | None) -> Document:
        try:
            if not is_tensor(child, adapter):
                return _native(_described(child))
            path = "/".join((*self._path, name))
            first = self._first.setdefault(id(child), path)
            if first != path and self.census.is_large(child):
                return self.leaves.unread(child, self.options, f"the same as {first}")
            nbytes = self.census.size_of(child, adapter)
            time_left = self.clock.milliseconds(nbytes)
            if not time_left and nbytes > _ALWAYS_READ:
                self.unread += 1
                return self.leaves.unread(child, self.options)
            options = replace(self.options, budget_ms=time_left)
            return self.leaves.composed(child, options, tables=self.tables, in_time=self.clock.is_running)
        except Exception as error:
            return _not_shown(child, error)


def _not_shown(child: Any, error: Exception) -> Document:
    if isinstance(error, ConversionError):  # which names the value
        return _native(f"not shown: {reason(error)}")
    return _native(f"{type(child).__name__} (not shown: {type(error).__name__}: {reason(error)})")


def _entry_name(step: str, child: Any) -> str:
    """Returns the name of a tree's line; of a variable in a list, its own name beside its index."""
    name = step_name(step)
    own = getattr(child, "path", None) or own_name(child) if _is_variable(child) else ""
    return f"{name} {own}" if own and step.startswith("[") and name == step else name


def _is_variable(child: Any) -> bool:
    adapter = find_adapter(child)
    return adapter is not None and adapter.kind == "Variable"


def _native(*texts: str) -> Document:
    return Document(Heading(kind="", values=tuple(map(Span, texts))))


def _scalars(label: str, children: Sequence[Any]) -> Document:
    """Returns the one line of a list of plain scalars: how many, and all of a few or the first of many."""
    count = len(children)
    shown = children[: count if count <= _WHOLE_LIST else _FIRST_OF_LIST]
    if all(isinstance(child, float) for child in shown):
        texts = numerals.small_texts(np.array(shown))
    else:
        texts = [_shortened(child) for child in shown]
    texts[0] = f"{label} of {wording.integer(count)} · {texts[0]}"
    if count > len(shown):
        texts[-1] += " …"
    return _native(*texts)


def _shortened(scalar: Any) -> str:
    try:
        shown, cut = wording.shorten(plain_text(scalar), _SCALAR_LENGTH)
    except ValueError:  # an integer of more digits than Python writes
        return type(scalar).__name__
    return f"{shown}…" if cut else shown


def _described(child: Any) -> str:
    """Returns what a leaf without numbers says of tensors, where it is TensorFlow's own class, or its plain text."""
    cls = type(child)
    if cls is Failed:
        return f"not shown: {child.reason}"
    if cls.__module__ == "tensorflow.python.framework.dtypes":
        return f"tf.{child.name}"
    adapter = find_adapter(child)
    if adapter is not None and adapter.describes:
        facts = adapter.facts(child)
        shape = wording.shape(facts.shape) if facts.shape is not None or facts.dtype else ""
        return " ".join(filter(None, (adapter.label(child), facts.name, shape, facts.dtype)))
    if adapter is None or adapter.can_be_looked_at(child):
        return plain_text(child)
    shape, dtype = plain_attribute(child, "shape"), plain_attribute(child, "dtype")
    known = type(shape) is tuple and all(type(axis) is int for axis in shape)
    words = [wording.shape(shape)] if known else []
    words += [str(dtype)] if isinstance(dtype, np.dtype) or type(dtype) is str else []
    return " ".join([plain_text(child), *words])
