"""What a nest holds, counted before it is drawn: tensors, their values and bytes, at any depth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from tfnp_ext import wording
from tfnp_ext.adapters import Adapter, Described, NestAdapter, find_adapter
from tfnp_ext.adapters.base import Parts
from tfnp_ext.display.composites import Rows, holds_rows
from tfnp_ext.roles import SMALL

MOST_VISITED = 20_000
"""Entries that are looked at."""

_DEEPEST_COUNTED = 200
_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})


@dataclass(frozen=True, slots=True)
class Totals:
    """What a nest holds, at any depth.

    Attributes:
        tensors: How many tensors.
        nbytes: The bytes of them.
        exact: Whether all bytes were counted.
        cut: Why not all of it was counted.
        datasets: How many datasets.
        values: How many values the tensors have; ``None`` where one of them does not tell.
        frozen: How many of the values are of variables that are not trained.
        again: How many of the tensors are one that was met before: their values and bytes are counted once.
    """

    tensors: int = 0
    nbytes: int = 0
    exact: bool = True
    cut: str = ""
    datasets: int = 0
    values: int | None = 0
    frozen: int = 0
    again: int = 0

    def __add__(self, other: Totals) -> Totals:
        """Returns what both hold."""
        return Totals(
            self.tensors + other.tensors,
            self.nbytes + other.nbytes,
            self.exact and other.exact,
            self.cut or other.cut,
            self.datasets + other.datasets,
            None if self.values is None or other.values is None else self.values + other.values,
            self.frozen + other.frozen,
            self.again + other.again,
        )

    @property
    def leaves(self) -> int:
        """How many entries have something to show: tensors, and datasets."""
        return self.tensors + self.datasets

    def words(self, counted: str = "") -> tuple[str, ...]:
        """Returns ``24 tensors``, ``281 KiB``; of a nest that was not counted to its end no number that is too small.

        Args:
            counted: What its values are called, where they are told as well.
        """
        if self.cut and not self.leaves:
            return (self.cut,)
        tensors = wording.plural(self.tensors, "tensor") if self.tensors or not self.datasets else ""
        tensors += f", {wording.integer(self.again)} repeated" if self.again else ""
        datasets = wording.plural(self.datasets, "dataset") if self.datasets else ""
        # How many parameters there are is asked in any case.
        known = self.tensors - self.again if counted == "value" else 0
        told = bool(counted) and self.values not in {None, 0, known} and not self.cut
        values = self._values_words(counted) if told else ""
        size = wording.byte_count(self.nbytes, exact=self.exact) if self.nbytes else ""
        said = [fact for fact in (tensors, datasets, values, size, self.cut) if fact]
        return (f"at least {said[0]}", *said[1:]) if self.cut else tuple(said)

    def _values_words(self, counted: str) -> str:
        told = wording.plural(self.values or 0, counted)
        if counted == "value" or not self.frozen:
            return told
        return f"{told}, {wording.integer(self.frozen)} not trainable"


@dataclass
class Census:
    """Counts tensors, and values and bytes of each once however often it occurs.

    Attributes:
        unread: Whether there is an array among them that is not looked at: to read it could run the user's code, or is
            done only when asked for.
    """

    known: dict[int, Totals] = field(default_factory=dict)
    visited: int = 0
    tensors: dict[int, Totals] = field(default_factory=dict)
    unread: bool = False
    _shared: bool = False
    _parts: dict[int, tuple[Any, Parts | Exception]] = field(default_factory=dict)

    def parts(self, obj: Any, adapter: NestAdapter) -> Parts:
        """Returns the parts of a nest, the same each time: groups made for the card alone are known by identity.

        Raises:
            Exception: What reading them raises, asked for once.
        """
        if id(obj) not in self._parts:
            self._parts[id(obj)] = obj, _read_parts(obj, adapter)
        parts = self._parts[id(obj)][1]
        if isinstance(parts, Exception):
            raise parts
        return parts

    def of(self, obj: Any, adapter: NestAdapter) -> Totals:
        """Returns the totals of a nest; of a cycle, or beyond a bound, what was counted so far."""
        if id(obj) not in self.known:
            self._count(obj, adapter, 0)
            if self._shared:
                self._distinct(obj, adapter, {})
        return self.known[id(obj)]

    def _count(self, obj: Any, adapter: NestAdapter, depth: int) -> Totals:
        if id(obj) in self.known:
            self._shared = True
            return self.known[id(obj)]
        if depth > _DEEPEST_COUNTED:
            return Totals(cut=f"deeper than {_DEEPEST_COUNTED} levels")
        self.known[id(obj)] = totals = Totals()
        try:
            children = self.parts(obj, adapter).children
        except Exception:  # it has no parts yet, or fails: its line says why
            return totals
        if are_scalars(children):
            return totals
        for child in children:
            self.visited += 1
            if self.visited > MOST_VISITED:
                totals += Totals(cut=f"more than {wording.integer(MOST_VISITED)} entries")
                break
            inner = find_adapter(child)
            nest = as_nest(child, inner)
            if nest is not None:
                totals += self._count(child, nest, depth + 1)
            elif is_tensor(child, inner):
                if id(child) in self.tensors:
                    self._shared = True
                else:
                    self.tensors[id(child)] = _of_one(child, inner)
                totals += self.tensors[id(child)]
                self.unread = self.unread or isinstance(child, Described)
            elif inner is not None and not inner.can_be_looked_at(child):
                self.unread = True
        self.known[id(obj)] = totals
        return totals

    def _distinct(self, obj: Any, adapter: NestAdapter, met: dict[int, dict[int, Totals]]) -> dict[int, Totals]:
        """Returns the tensors of a nest, each once, by identity; its totals, and those of what it holds, are of them.

        Args:
            obj: A nest that was counted.
            adapter: Its adapter.
            met: The tensors of each nest that was asked about before.
        """
        if id(obj) in met:
            return met[id(obj)]
        found = met[id(obj)] = {}
        counted = self.known.get(id(obj), Totals())
        if not counted.leaves or counted.cut:
            return found
        for child in self.parts(obj, adapter).children:
            nest = as_nest(child, find_adapter(child))
            if nest is not None:
                found.update(self._distinct(child, nest, met))
            elif id(child) in self.tensors:
                found[id(child)] = self.tensors[id(child)]
        once = sum(found.values(), Totals())
        self.known[id(obj)] = replace(
            once, tensors=counted.tensors, datasets=counted.datasets, again=max(0, counted.tensors - once.tensors)
        )
        return found

    def size_of(self, child: Any, adapter: Adapter | None) -> int:
        """Returns the bytes of a tensor; 0 where it has none that are known."""
        known = self.tensors.get(id(child))
        return _of_one(child, adapter).nbytes if known is None else known.nbytes

    def is_large(self, child: Any) -> bool:
        """Returns whether a tensor has more values than a card shows, or does not tell how many."""
        known = self.tensors.get(id(child))
        return known is not None and (known.values is None or known.values > SMALL)

    def holds_tensors(self, child: Any) -> bool:
        """Returns whether an entry is a tensor or holds one, as far as was counted."""
        adapter = find_adapter(child)
        nest = as_nest(child, adapter)
        if nest is None:
            return is_tensor(child, adapter)
        totals = self.of(child, nest)
        return bool(totals.leaves or totals.cut)


def as_nest(child: Any, adapter: Adapter | None) -> NestAdapter | None:
    """Returns the adapter of an entry that is a group of its own in a tree."""
    return adapter if isinstance(adapter, NestAdapter) and adapter.unfolds(child) else None


def is_tensor(child: Any, adapter: Adapter | None) -> bool:
    """Returns whether an entry is a line with numbers: it has values, and looking at them runs nothing."""
    if adapter is None or isinstance(child, bytes):
        return False
    return (adapter.tensor_like or adapter.yields_elements) and adapter.can_be_looked_at(child)


def are_scalars(children: tuple[Any, ...]) -> bool:
    """Returns whether all are plain scalars of Python's; the loop is C's, a list may hold a million."""
    return all(map(_SCALARS.__contains__, map(type, children)))


def _read_parts(obj: Any, adapter: NestAdapter) -> Parts | Exception:
    try:
        parts = adapter.shown_parts(obj)
    except Exception as error:
        return error
    if any(map(holds_rows, parts.children)):
        children = tuple(Rows.of(child) if holds_rows(child) else child for child in parts.children)
        parts = replace(parts, children=children)
    return parts


def _of_one(child: Any, adapter: Adapter | None) -> Totals:
    """Returns the totals of one tensor; where it does not tell its bytes they count for nothing."""
    try:
        facts = adapter.facts(child) if adapter else None
    except Exception:
        facts = None
    if adapter is not None and adapter.yields_elements:
        counted = Totals(datasets=1)
    else:
        known = adapter is not None and adapter.is_dense and facts is not None and facts.nbytes is not None
        counted = Totals(1, values=_size(facts.shape) if known and facts else None)
    if facts is None:
        return counted
    frozen = counted.values or 0 if facts.state == "not trainable" else 0
    return replace(counted, nbytes=facts.nbytes or 0, exact=facts.nbytes_exact, frozen=frozen)


def _size(shape: tuple[int | None, ...] | None) -> int | None:
    """Returns how many values a shape has; ``None`` where an axis is not known."""
    known = None if shape is None else [axis for axis in shape if axis is not None]
    return math.prod(known) if known is not None and shape is not None and len(known) == len(shape) else None
