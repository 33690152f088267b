"""Datasets as sources: elements are drawn on demand, the first axis counts them."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfnp_ext.datasets.drawing import failed
from tfnp_ext.datasets.iteration import inside_a_function
from tfnp_ext.datasets.source import ENDLESS
from tfnp_ext.datasets.source import Source as Elements
from tfnp_ext.errors import ConversionError
from tfnp_ext.explorer.sources import Array, Index, Source

KEPT = 4
"""Elements that are kept, so that a step back draws nothing anew."""


class ElementsSource(Source):
    """One tensor of the elements of a dataset.

    They are drawn forward by one iterator; going back further than what is kept starts the pipeline anew. Elements that
    are smaller than the largest so far have what is not there masked.

    Args:
        dataset: What is known of the dataset.
        leaf: Which tensor of an element it is.
        open_leaf: Makes a source of that tensor.
        what: The dataset in words.
        above: How Python reaches the dataset in the value that was given.
    """

    draws = True

    def __init__(
        self,
        dataset: Elements,
        leaf: int,
        open_leaf: Callable[[Any], Source],
        what: str = "",
        above: str = "",
    ) -> None:
        if not sys.modules["tensorflow"].executing_eagerly():
            raise inside_a_function(dataset.kind)
        self._dataset: Elements | None = dataset
        self._leaf, self._open, self._above = leaf, open_leaf, above
        self._iterator: Iterator[Any] | None = None
        self._drawn = 0
        self._furthest = 0
        self._length = dataset.cardinality if dataset.cardinality >= 0 else None
        self._kept: OrderedDict[int, Source] = OrderedDict()
        first = self._element(0)
        if first is None:
            raise ConversionError(f"{dataset.kind} has no elements: there is nothing to explore")
        self._row = first.shape
        path = dataset.structure.leaves[leaf].path
        super().__init__(self.shape, first.dtype, what, path)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many elements there are, or one more than were drawn where that is not known, and the largest's shape."""
        return (self._furthest + 1 if self._length is None else self._length, *self._row)

    @property
    def grows(self) -> bool:
        """Whether it is not known yet how many elements there are."""
        return self._length is None

    @property
    def is_endless(self) -> bool:
        """Whether there is an element after each."""
        return self._length is None and self._dataset is not None and self._dataset.cardinality == ENDLESS

    def reach(self, place: int) -> int:
        """Returns the element that can be had; drawn as far as that."""
        if self._length is not None:
            place = min(place, self._length - 1)
        if self._element(place) is None:
            assert self._length is not None
            return self.reach(self._length - 1)
        return place

    def advance(self, until: Callable[[], bool]) -> int:
        """Draws elements to the end, or until something is so, and returns the place of the last one."""
        while self._length is None:
            place = self._furthest
            if self._element(place) is not None and until():
                return place
        return self._length - 1

    def cut(self, index: Index) -> Array:
        """Returns a piece of one element, or of several, drawn one after the other."""
        first, inner = index[0], index[1:]
        if not isinstance(first, slice):
            return self._piece(first, inner)
        pieces = [self._piece(place, inner) for place in range(*first.indices(self.shape[0]))]
        if not pieces:
            shape = [len(range(*part.indices(n))) for part, n in zip(inner, self._row, strict=True)
                     if isinstance(part, slice)]  # fmt: skip
            return np.empty((0, *shape), self.dtype)
        masked = any(isinstance(piece, np.ma.MaskedArray) for piece in pieces)
        return np.asanyarray(np.ma.stack(pieces) if masked else np.stack(pieces))

    def _piece(self, place: int, inner: Index) -> Array:
        """Returns a piece of one element, as large as one of the largest would be."""
        element = self._element(place)
        if element is None or len(element.shape) != len(inner):
            raise ConversionError(f"there is no element {place} of {len(inner)} axes")
        shape: list[int] = []
        asked: list[int | slice] = []
        here: list[slice] = []
        there = True
        for part, length, own in zip(inner, self._row, element.shape, strict=True):
            places = np.arange(length)[part]
            inside = places < own
            if isinstance(part, slice):
                shape.append(len(places))
                here.append(slice(0, int(inside.sum())))
                low, high, step = part.indices(length)
                asked.append(slice(low, min(high, own), step))
            else:
                asked.append(part)
                there = there and bool(inside)
        if not there:
            return np.ma.MaskedArray(np.zeros(shape, self.dtype), mask=True)
        values = element.cut(tuple(asked))
        if values.shape == tuple(shape):
            return values
        whole = np.ma.MaskedArray(np.zeros(shape, self.dtype), mask=True)
        whole[tuple(here)] = values
        return whole

    def _element(self, place: int) -> Source | None:
        """Returns an element, drawn if need be; ``None`` beyond the end."""
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        if self._iterator is None or place < self._drawn:
            self._iterator, self._drawn = self._begin(), 0
        source: Source | None = None
        while self._drawn <= place:
            iterator, self._iterator = self._iterator, None  # after an error there is nothing to go on with
            source = self._next(iterator, self._drawn)
            if source is None:
                return None
            self._iterator = iterator
            self._drawn += 1
        assert source is not None
        self.keep(place, source)
        return source

    def _begin(self) -> Iterator[Any]:
        if self._dataset is None:
            raise ConversionError("the explorer is closed: open a new one")
        return iter(self._dataset.iterable)

    def _next(self, iterator: Iterator[Any], place: int) -> Source | None:
        """Returns the next element of an iterator and learns from it; ``None`` where that is at its end."""
        dataset = self._dataset
        if dataset is None:
            raise ConversionError("the explorer is closed: open a new one")
        try:
            element = next(iterator)
        except StopIteration:
            self._length = place
            return None
        except Exception as error:
            raise failed(dataset.kind, place, error) from error
        self._furthest = max(self._furthest, place + 1)
        source = self._open(dataset.structure.flatten(element)[self._leaf])
        self._row = tuple(map(max, source.shape, getattr(self, "_row", source.shape)))
        return source

    def keep(self, place: int, element: Source) -> None:
        """Keeps an element, in place of the one that was asked for least recently."""
        self._kept[place] = element
        self._kept.move_to_end(place)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def walk(self, start: int) -> Iterator[tuple[int, Source]]:
        """Yields elements to the end, from one on or from before it; what is shown meanwhile does not disturb it.

        It takes over the iterator that stands there, and gives it back where it is left.
        """
        if self._iterator is not None and all(place in self._kept for place in range(start, self._drawn)):
            ahead = [(place, self._kept[place]) for place in range(start, self._drawn)]
            iterator, self._iterator, place = self._iterator, None, self._drawn
        else:
            ahead, iterator, place = [], self._begin(), 0
        try:
            yield from ahead
            while (element := self._next(iterator, place)) is not None:
                place += 1
                yield place - 1, element
        except GeneratorExit:
            if self._dataset is not None:
                self._iterator, self._drawn = iterator, place
            raise

    def expression(self, index: str) -> str:
        """Returns the way to a slice of one element: ``.skip(3).take(1).get_single_element()['image'][:, :]``."""
        first, _, rest = index[1:-1].partition(", ")
        place = int(first) if first.isdigit() else 0
        return f"{self._above}.skip({place}).take(1).get_single_element(){self.path}" + (f"[{rest}]" if rest else "")

    def close(self) -> None:
        """Lets go of the pipeline and of what was kept."""
        self._dataset = self._iterator = None
        self._kept.clear()
