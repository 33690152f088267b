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
        path: How Python reaches it, ``""`` where it is the value itself.
        what: Kind, shape and dtype in words.
        open: Makes the source.
        weights: Whether it is a variable.
        name: Its own name.
    """

    path: str
    what: str
    open: Callable[[], Source]
    weights: bool = False
    name: str = ""


def choices(obj: Any) -> list[Choice]:
    """Returns what of a value can be explored, at least one.

    Raises:
        ConversionError: It is not tensor-like, or holds nothing that is.
        SymbolicTensorError: It has no value yet.
    """
    found = list(_choices(obj, "", 0, ()))
    if not found:
        to_numpy(obj)  # says why not
        raise ConversionError(f"{type(obj).__name__} holds no tensors: there is nothing to explore")
    return found


def _choices(obj: Any, path: str, depth: int, above: tuple[int, ...]) -> Iterator[Choice]:
    adapter = find_adapter(obj)
    if adapter is None:
        if depth:
            return
        raise not_tensor_like(obj)
    held = adapter.held(obj)
    if held is not obj:
        yield from _choices(held, path, depth, above)
    elif isinstance(adapter, NestAdapter):
        if id(obj) in above or depth > _DEEPEST:
            return
        parts = adapter.shown_parts(obj)
        for step, child in zip(parts.steps, parts.children, strict=True):
            yield from _choices(child, path + step, depth + 1, (*above, id(obj)))
    elif adapter.yields_elements:
        yield from _elements(obj, adapter, path)
    else:
        facts = adapter.facts(obj)
        what = f"{adapter.label(obj)} {wording.shape(facts.shape)} {facts.dtype}".rstrip()
        if depth and isinstance(adapter.content(obj), Absent):
            return
        weights = adapter.kind == "Variable"
        yield Choice(path, what, lambda: source_of(obj, what, path), weights, facts.name)


def _elements(obj: Any, adapter: Adapter, path: str) -> Iterator[Choice]:
    """Yields the tensors of a dataset's elements."""
    if not hasattr(obj, "cardinality") and not hasattr(obj, "_cardinality"):
        raise ConversionError(
            f"{adapter.label(obj)} gives each element once: explore the dataset, or one element, as in"
            " explore(next(iterator))"
        )
    known = read_source(obj, adapter.label(obj), obj.element_spec, None)
    for place, leaf in enumerate(known.structure.leaves):
        what = f"{known.kind} of {wording.shape(leaf.shape)} {getattr(getattr(leaf.spec, 'dtype', None), 'name', '')}"
        yield Choice(
            path + leaf.path,
            what.rstrip(),
            lambda place=place, what=what: ElementsSource(known, place, source_of, what.rstrip(), path),  # type: ignore[misc]
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
