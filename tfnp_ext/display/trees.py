"""Nests of values: a line a leaf, groups that fold, bounded in depth and count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Adapter, NestAdapter, find_adapter, step_name
from tfnp_ext.adapters.base import IndexSteps, Parts
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.composites import Rows, holds_rows
from tfnp_ext.display.values import plain_text
from tfnp_ext.document import Child, Children, Document, Heading, Span
from tfnp_ext.errors import ConversionError, reason

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

_PICTURED, _DETAILED = 6, 20
_MOST_VISITED = 20_000
_DEEPEST_COUNTED = 200
_ALWAYS_READ = 2**14
"""Bytes of a leaf that is read however late it is: that takes no time that would be noticed."""

_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})
_WHOLE_LIST, _FIRST_OF_LIST, _SCALAR_LENGTH = 8, 3, 16

Compose = Callable[[Any, DisplayOptions], Document]


@dataclass(frozen=True)
class Leaves:
    """How a leaf becomes a document.

    Attributes:
        pictured: With its values and its picture, for a tree of very few leaves.
        full: With its values, for a tree of a few leaves.
        brief: With its line of numbers only, for a tree of many.
        unread: With its shape and dtype only, for what the time is over for.
    """

    pictured: Compose
    full: Compose
    brief: Compose
    unread: Compose


@dataclass(frozen=True, slots=True)
class _Totals:
    """What a nest holds, at any depth; ``cut`` is why not all of it was counted."""

    tensors: int = 0
    nbytes: int = 0
    exact: bool = True
    cut: str = ""
    datasets: int = 0

    def __add__(self, other: _Totals) -> _Totals:
        return _Totals(
            self.tensors + other.tensors,
            self.nbytes + other.nbytes,
            self.exact and other.exact,
            self.cut or other.cut,
            self.datasets + other.datasets,
        )

    @property
    def leaves(self) -> int:
        """How many entries have something to show: tensors, and datasets."""
        return self.tensors + self.datasets

    def words(self) -> str:
        """Returns ``24 tensors · 281 KiB``; of a nest that was not counted to its end no number that is too small."""
        if self.cut and not self.leaves:
            return self.cut
        least = "at least " if self.cut else ""
        size = wording.byte_count(self.nbytes, exact=self.exact) if self.nbytes else ""
        tensors = wording.plural(self.tensors, "tensor") if self.tensors or not self.datasets else ""
        datasets = wording.plural(self.datasets, "dataset") if self.datasets else ""
        return " · ".join(filter(None, (least + (tensors or datasets), tensors and datasets, size, self.cut)))


@dataclass
class _Census:
    """Counts tensors and bytes, every container once however often it occurs."""

    known: dict[int, _Totals] = field(default_factory=dict)
    visited: int = 0
    sizes: dict[int, int] = field(default_factory=dict)
    _parts: dict[int, tuple[Any, Parts]] = field(default_factory=dict)

    def parts(self, obj: Any, adapter: NestAdapter) -> Parts:
        """Returns the parts of a nest, the same each time: groups made for the card alone are known by identity."""
        if id(obj) not in self._parts:
            parts = adapter.shown_parts(obj)
            if any(map(holds_rows, parts.children)):
                children = tuple(Rows.of(child) if holds_rows(child) else child for child in parts.children)
                parts = replace(parts, children=children)
            self._parts[id(obj)] = obj, parts
        return self._parts[id(obj)][1]

    def of(self, obj: Any, adapter: NestAdapter, depth: int = 0) -> _Totals:
        """Returns the totals of a nest; of a cycle, or beyond a bound, what was counted so far."""
        if id(obj) in self.known:
            return self.known[id(obj)]
        if depth > _DEEPEST_COUNTED:
            return _Totals(cut=f"deeper than {_DEEPEST_COUNTED} levels")
        self.known[id(obj)] = totals = _Totals()
        try:
            children = self.parts(obj, adapter).children
        except ConversionError:  # it has no parts yet: its line says why
            return totals
        if _are_scalars(children):
            return totals
        for child in children:
            self.visited += 1
            if self.visited > _MOST_VISITED:
                totals += _Totals(cut=f"more than {wording.integer(_MOST_VISITED)} entries")
                break
            inner = find_adapter(child)
            if isinstance(inner, NestAdapter):
                totals += self.of(child, inner, depth + 1)
            elif _is_tensor(child, inner):
                one = _of_one(child, inner)
                self.sizes[id(child)] = one.nbytes
                totals += one
        self.known[id(obj)] = totals
        return totals

    def size_of(self, child: Any, adapter: Adapter | None) -> int:
        """Returns the bytes of a tensor; 0 where it has none that are known."""
        known = self.sizes.get(id(child))
        return _of_one(child, adapter).nbytes if known is None else known

    def holds_tensors(self, child: Any) -> bool:
        """Returns whether an entry is a tensor or holds one, as far as was counted."""
        adapter = find_adapter(child)
        if not isinstance(adapter, NestAdapter):
            return _is_tensor(child, adapter)
        totals = self.of(child, adapter)
        return bool(totals.leaves or totals.cut)


def compose_nest(obj: Any, options: DisplayOptions, leaves: Leaves) -> Document:
    """Returns the tree of a dict, list or tuple.

    Args:
        obj: The nest.
        options: As for a single card; leaves draw no pictures of their own.
        leaves: Makes the documents of leaves.
    """
    deadline = time.perf_counter() + options.budget_ms / 1000
    adapter = find_adapter(obj)
    assert isinstance(adapter, NestAdapter)
    census = _Census()
    totals = census.of(obj, adapter)
    calm = replace(options, plots=options.plots and totals.leaves <= _PICTURED, labels_required=False)
    compose = leaves.pictured if calm.plots else leaves.full if totals.leaves <= _DETAILED else leaves.brief
    tree = _Tree(calm, replace(leaves, full=compose), census, Clock(deadline, totals.leaves, totals.nbytes))
    document = tree.group(obj, adapter, ())
    if not tree.unread:
        return document
    said = f"{wording.integer(tree.unread)} not read: budget_ms was over"
    return replace(document, heading=replace(document.heading, facts=(*document.heading.facts, said)))


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


class _Tree:
    """Walks a nest and makes its document, until there are enough entries."""

    def __init__(self, options: DisplayOptions, leaves: Leaves, census: _Census, clock: Clock) -> None:
        self.options = options
        self.leaves = leaves
        self.census = census
        self.clock = clock
        self.entries = self.groups = self.plain = self.unread = 0

    def group(self, obj: Any, adapter: NestAdapter, ancestors: tuple[int, ...]) -> Document:
        """Returns the document of one container."""
        parts = self.census.parts(obj, adapter)
        first, rest = self._in_order_of_worth(parts.children)

        def drawn(places: Sequence[int]) -> tuple[Child, ...]:
            inside = (*ancestors, id(obj))
            taken = ((parts.steps[place], parts.children[place]) for place in places)
            return tuple(
                self._entry(_entry_name(step, child), child, inside) for step, child in taken if self._has_room(child)
            )

        shown, folded = drawn(first), drawn(rest)
        facts = [self.census.of(obj, adapter).words() if parts.children else "empty"]
        if len(parts.children) > ENTRIES_A_GROUP:
            facts.insert(0, wording.plural(len(parts.children), "entry", "entries"))
        heading = Heading(kind=adapter.label(obj), facts=tuple(facts))
        left_out = len(parts.children) - len(shown) - len(folded)
        return Document(heading, (Children(shown, left_out, folded),))

    def _in_order_of_worth(self, children: Sequence[Any]) -> tuple[Sequence[int], Sequence[int]]:
        """Returns the places of the entries shown and of those folded, entries with tensors before plain ones."""
        if len(children) <= ENTRIES_A_GROUP:
            return range(len(children)), ()
        holding: list[int] = []
        plain: list[int] = []
        for place in range(min(len(children), _MOST_VISITED)):
            (holding if self.census.holds_tensors(children[place]) else plain).append(place)
        ranked = holding + plain
        folded = ranked[ENTRIES_A_GROUP : MOST_ENTRIES + MOST_GROUPS + MOST_PLAIN]
        return sorted(ranked[:ENTRIES_A_GROUP]), sorted(folded)

    def _has_room(self, child: Any) -> bool:
        """Returns whether one more entry of its kind is drawn, and counts it."""
        if not self.census.holds_tensors(child):
            self.plain += 1
            return self.plain <= MOST_PLAIN
        if isinstance(find_adapter(child), NestAdapter):
            self.groups += 1
            return self.groups <= MOST_GROUPS
        self.entries += 1
        return self.entries <= MOST_ENTRIES

    def _entry(self, name: str, child: Any, ancestors: tuple[int, ...]) -> Child:
        adapter = find_adapter(child)
        if not isinstance(adapter, NestAdapter):
            return Child(name, self._leaf(child, adapter))
        if id(child) in ancestors:
            return Child(name, _native("contains itself"))
        if len(ancestors) > _DEEPEST:
            return Child(name, _native(f"{adapter.label(child)}, deeper than {_DEEPEST} levels"))
        try:
            if adapter.is_container:
                parts = self.census.parts(child, adapter)
                if isinstance(parts.steps, IndexSteps) and parts.children and _are_scalars(parts.children):
                    return Child(name, _scalars(adapter.label(child), parts.children))
            return Child(name, self.group(child, adapter, ancestors), open=len(ancestors) < OPEN_DEPTH)
        except ConversionError as error:
            return Child(name, _native(str(error)))

    def _leaf(self, child: Any, adapter: Adapter | None) -> Document:
        try:
            if not _is_tensor(child, adapter):
                return _native(_described(child))
            nbytes = self.census.size_of(child, adapter)
            time_left = self.clock.milliseconds(nbytes)
            if not time_left and nbytes > _ALWAYS_READ:
                self.unread += 1
                return self.leaves.unread(child, self.options)
            return self.leaves.full(child, replace(self.options, budget_ms=time_left))
        except Exception as error:
            return _native(f"{type(child).__name__} (not shown: {type(error).__name__}: {reason(error)})")


def _is_tensor(child: Any, adapter: Adapter | None) -> bool:
    return adapter is not None and (adapter.tensor_like or adapter.yields_elements) and not isinstance(child, bytes)


def _of_one(child: Any, adapter: Adapter | None) -> _Totals:
    """Returns the totals of one tensor; where it does not tell its bytes they count for nothing."""
    try:
        facts = adapter.facts(child) if adapter else None
    except Exception:
        facts = None
    counted = _Totals(datasets=1) if adapter is not None and adapter.yields_elements else _Totals(1)
    return counted if facts is None else replace(counted, nbytes=facts.nbytes or 0, exact=facts.nbytes_exact)


def _entry_name(step: str, child: Any) -> str:
    """Returns the name of a tree's line; of a variable in a list, its own name beside its index."""
    name = step_name(step)
    own = getattr(child, "path", None) or getattr(child, "name", None) if _is_variable(child) else None
    return f"{name} {str(own).removesuffix(':0')}" if own and step.startswith("[") and name == step else name


def _is_variable(child: Any) -> bool:
    adapter = find_adapter(child)
    return adapter is not None and adapter.kind == "Variable"


def _native(*texts: str) -> Document:
    return Document(Heading(kind="", values=tuple(map(Span, texts))))


def _are_scalars(children: Sequence[Any]) -> bool:
    """Returns whether all are plain scalars of Python's; the loop is C's, a list may hold a million."""
    return all(map(_SCALARS.__contains__, map(type, children)))


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
    if cls.__module__.startswith("tensorflow.python.framework."):
        if cls.__name__ == "TensorSpec":
            return f"TensorSpec {_shape_words(child.shape)} {child.dtype.name}"
        if cls.__name__ == "DType":
            return f"tf.{child.name}"
        if cls.__name__ == "TensorShape":
            return f"TensorShape {_shape_words(child)}"
    return plain_text(child)


def _shape_words(shape: Any) -> str:
    return wording.shape(None if shape.rank is None else shape.as_list())
