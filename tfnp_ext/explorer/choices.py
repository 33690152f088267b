"""What of a value can be explored: itself, the leaves of a nest, the tensors of a dataset's elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import (
    Absent,
    Adapter,
    Curves,
    Dense,
    Elements,
    NestAdapter,
    Ragged,
    Slices,
    Sparse,
    Strings,
    find_adapter,
)
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.convert import not_tensor_like, to_numpy
from tfnp_ext.datasets.source import read_source
from tfnp_ext.errors import ConversionError
from tfnp_ext.explorer.elements import ElementsSource
from tfnp_ext.explorer.sources import DenseSource, RaggedSource, SlicesSource, Source, SparseSource, StringsSource

_DEEPEST = 200


@dataclass(frozen=True)
class Choice:
    """One thing that can be explored.

    Attributes:
        steps: How Python reaches it, none where it is the value itself.
        kind: Its kind in words.
        shape: Its shape in words.
        dtype: Name of its dtype, ``""`` where it has none.
        opener: Makes the source, of what it is in words and of its path.
        weights: Whether it is a variable.
        name: Its own name.
    """

    steps: tuple[str, ...]
    kind: str
    shape: str
    dtype: str
    opener: Callable[[str, str], Source]
    weights: bool = False
    name: str = ""

    @property
    def path(self) -> str:
        """Its steps as Python writes them, ``""`` where it is the value itself."""
        return "".join(self.steps)

    @property
    def what(self) -> str:
        """Kind, shape and dtype in words."""
        return f"{self.kind} {self.shape} {self.dtype}".rstrip()

    def open(self) -> Source:
        """Returns it as a source.

        Raises:
            ConversionError: It has no values, or they are no array's.
        """
        return self.opener(self.what, self.path)


def choices(obj: Any) -> list[Choice]:
    """Returns what of a value can be explored, at least one.

    Raises:
        ConversionError: It is not tensor-like, or holds nothing that is.
        SymbolicTensorError: It has no value yet.
    """
    found = list(_choices(obj, (), 0, ()))
    if not found:
        to_numpy(obj)  # says why not
        raise ConversionError(f"{type(obj).__name__} holds no tensors: there is nothing to explore")
    return found


def _choices(obj: Any, steps: tuple[str, ...], depth: int, above: tuple[int, ...]) -> Iterator[Choice]:
    adapter = find_adapter(obj)
    if adapter is None:
        if depth:
            return
        raise not_tensor_like(obj)
    held = adapter.held(obj)
    if held is not obj:
        yield from _choices(held, steps, depth, above)
    elif isinstance(adapter, NestAdapter):
        if id(obj) in above or depth > _DEEPEST:
            return
        parts = adapter.shown_parts(obj)
        for step, child in zip(parts.steps, parts.children, strict=True):
            yield from _choices(child, (*steps, step), depth + 1, (*above, id(obj)))
    elif adapter.yields_elements:
        yield from _elements(obj, adapter, steps)
    else:
        facts = adapter.facts(obj)
        if depth and isinstance(adapter.content(obj), Absent):
            return
        yield Choice(
            steps,
            adapter.label(obj),
            wording.shape(facts.shape),
            facts.dtype,
            lambda what, path: source_of(obj, what, path),
            adapter.kind == "Variable",
            facts.name,
        )


def _elements(obj: Any, adapter: Adapter, steps: tuple[str, ...]) -> Iterator[Choice]:
    """Yields the tensors of a dataset's elements."""
    if not hasattr(obj, "cardinality") and not hasattr(obj, "_cardinality"):
        raise ConversionError(
            f"{adapter.label(obj)} gives each element once: explore the dataset, or one element, as in"
            " explore(next(iterator))"
        )
    known = read_source(obj, adapter.label(obj), obj.element_spec, None)
    above = "".join(steps)
    for place, leaf in enumerate(known.structure.leaves):
        dtype = getattr(getattr(leaf.spec, "dtype", None), "name", "")
        yield Choice(
            (*steps, *leaf.steps),
            f"{known.kind} of",
            wording.shape(leaf.shape),
            dtype,
            lambda what, _, place=place: ElementsSource(known, place, source_of, what, above),  # type: ignore[misc]
        )


def source_of(obj: Any, what: str = "", path: str = "") -> Source:
    """Returns one value as a source.

    Raises:
        ConversionError: It has no values, or they are no array's.
    """
    adapter = find_adapter(obj)
    if adapter is None:
        raise not_tensor_like(obj)
    content = adapter.content(obj)
    if isinstance(content, Dense):
        return DenseSource(_plain(content.array), what, path)
    if isinstance(content, Strings):
        return StringsSource(content, what, path)
    if isinstance(content, Ragged):
        return RaggedSource(content, what, path)
    if isinstance(content, Sparse):
        return SparseSource(content, what, path)
    if isinstance(content, Slices):
        return SlicesSource(content, what, path)
    if isinstance(content, (Curves, Elements)):
        raise ConversionError(f"{adapter.label(obj)} is a value of several: explore one of them")
    array = to_numpy(obj)  # one that a session or TensorFlow knows, else the error that says when there is one
    if not isinstance(array, np.ndarray):
        raise ConversionError(f"{adapter.label(obj)} becomes {type(array).__name__}: explore what is in it")
    return DenseSource(array, what, path)


def _plain(array: Any) -> Any:
    """Returns an array of a class whose slices are as NumPy's: itself, but for matrices and such."""
    kept = isinstance(array, (np.ma.MaskedArray, DeviceArray))
    plain = array if kept else np.asarray(array)
    if plain.dtype.names is not None:
        raise ConversionError(f"an array of records ({', '.join(plain.dtype.names)}) has no one value a place:"
                              " explore one of its fields")  # fmt: skip
    return plain
