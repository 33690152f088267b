"""What is going to be stored: the structure of a value, its leaves with their names, and how each is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from tfnp_ext.adapters import Adapter, Conversion, NestAdapter, find_adapter, step_name
from tfnp_ext.adapters.composites import RaggedAdapter, SparseAdapter, wants_text
from tfnp_ext.adapters.nests import ListAdapter
from tfnp_ext.adapters.symbolic import components
from tfnp_ext.convert import convert, is_list_of_bytes, not_tensor_like, refuse_what_is_for_elements, without_tensors
from tfnp_ext.datasets.adapter import ElementsAdapter
from tfnp_ext.datasets.columns import Column, DenseColumn, Joining, RaggedColumn, SparseColumn
from tfnp_ext.datasets.sinks import Sink
from tfnp_ext.datasets.structure import Leaf
from tfnp_ext.errors import ConversionError
from tfnp_ext.storage.base import Writer
from tfnp_ext.storage.encoding import EncodingSink
from tfnp_ext.storage.manifest import VERSION, Names, Node, dict_node, leaf_node, plain_node, tuple_node
from tfnp_ext.storage.resuming import ResumableGathering

_DEEPEST = 200


@dataclass
class StoredLeaf:
    """A value that is made of arrays.

    Attributes:
        name: Where its arrays are, ``train/label``.
        path: How Python reaches it, for errors.
        column: What takes it apart.
        sinks: Where its arrays go, by their names in the column.
        value: Gives what is stored, where it is no dataset's.
        known_bytes: How many bytes that has.
    """

    name: str
    path: str
    column: Column
    sinks: dict[str, EncodingSink] = field(default_factory=dict)
    value: Callable[[], Any] | None = None
    known_bytes: int = 0

    def described(self) -> dict[str, Any]:
        """Returns what the manifest says of it."""
        arrays = {name: sink.described() for name, sink in self.sinks.items()}
        return {"kind": self.column.kind, "facts": self.column.facts, "arrays": arrays}

    def restore(self, described: Mapping[str, Any], nbytes: Mapping[str, int]) -> None:
        """Goes on from what ``described`` told."""
        self.column.facts = dict(described["facts"])
        for name, array in described["arrays"].items():
            sink = self.column.sink(name)
            assert isinstance(sink, EncodingSink)
            sink.restore(array, nbytes[name])


@dataclass(frozen=True)
class _Place:
    """Stands for a leaf in the structure of a dataset's elements."""

    leaf: int


class Plan:
    """How a value is stored.

    Args:
        obj: Anything tensor-like.
        conversion: What the user asks for.

    Attributes:
        leaves: Its values that are made of arrays.
        gatherings: The datasets in it.
        structure: The whole as JSON.

    Raises:
        ConversionError: It cannot be stored.
    """

    def __init__(self, obj: Any, conversion: Conversion) -> None:
        self.conversion = conversion
        self.leaves: list[StoredLeaf] = []
        self.gatherings: list[ResumableGathering] = []
        self._names = Names()
        self._fill_value = _fill_value_node(conversion.fill_value)
        self._writer: Writer | None = None
        adapter = find_adapter(obj)
        if adapter is None:
            raise not_tensor_like(obj)
        if is_list_of_bytes(obj) or isinstance(obj, bytes) or obj is None:  # messages, or an error that says why not
            obj = convert(obj, self._for_values())
            adapter = find_adapter(obj)
            assert adapter is not None
        self.structure = self._node(obj, "", (), ())
        if not self.leaves and not (isinstance(adapter, NestAdapter) and adapter.holds_arrays):
            raise without_tensors(obj, adapter)
        if not self.gatherings:
            refuse_what_is_for_elements(conversion, adapter, obj)

    @property
    def nbytes(self) -> int:
        """Bytes of all values so far."""
        return sum(leaf.column.nbytes for leaf in self.leaves)

    def known_bytes(self) -> int:
        """Returns about how many bytes there will be, as far as that is known before anything is run."""
        drawn = sum(gathering.estimated_bytes() or 0 for gathering in self.gatherings)
        return drawn + sum(leaf.known_bytes for leaf in self.leaves)

    @property
    def is_one_dataset(self) -> bool:
        """Whether it is a dataset, rather than a nest or a value."""
        return len(self.gatherings) == 1 and all(leaf.value is None for leaf in self.leaves)

    @property
    def resumable(self) -> ResumableGathering | None:
        """The one dataset that it is, where that gives its elements again."""
        one = self.gatherings[0] if self.is_one_dataset else None
        return one if one is not None and one.source.is_dataset else None

    def open(self, writer: Writer) -> None:
        """Says where all arrays go."""
        self._writer = writer
        if self.resumable is not None:
            self.resumable.followed = writer.resumable

    def manifest(self) -> dict[str, Any]:
        """Returns what the file says of itself, once all is written."""
        leaves = [leaf.described() for leaf in self.leaves]
        asked = {"ragged": self.conversion.ragged, "fill_value": self._fill_value}
        return {"tfnp_ext": VERSION, "structure": self.structure, "leaves": leaves, "asked": asked}

    def state(self) -> dict[str, Any]:
        """Returns how far the one dataset came, for who resumes."""
        assert self.resumable is not None
        nbytes = [{name: sink.nbytes for name, sink in leaf.sinks.items()} for leaf in self.leaves]
        return {**self.manifest(), **self.resumable.state(), "nbytes": nbytes}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a ``state``.

        Raises:
            ConversionError: It is that of another dataset, or of other options.
        """
        assert self.resumable is not None
        if state["structure"] != self.structure:
            raise self.resumable.refused(state["elements"], "in another structure")
        self.resumable.refuse_others(state)
        for leaf, described, nbytes in zip(self.leaves, state["leaves"], state["nbytes"], strict=True):
            leaf.restore(described, nbytes)
        self.resumable.go_on(state)

    def _node(self, obj: Any, path: str, keys: tuple[Any, ...], ancestors: tuple[int, ...]) -> Node:
        """Returns the node of a value; its leaves are added."""
        if isinstance(obj, _Place):
            self.leaves[obj.leaf].name = self._names.of(keys)
            return leaf_node(obj.leaf)
        adapter = find_adapter(obj)
        plain = None if isinstance(obj, np.generic) else plain_node(obj)
        if plain is not None:
            return plain
        if isinstance(adapter, NestAdapter):
            if id(obj) in ancestors or len(ancestors) > _DEEPEST:
                raise ConversionError(f"{adapter.label(obj)} contains itself at {path}, or is nested too deeply")
            return self._container(obj, adapter, path, keys, (*ancestors, id(obj)))
        if isinstance(adapter, ElementsAdapter):
            return self._dataset(obj, adapter, path, keys)
        if adapter is None or not adapter.tensor_like:
            word = type(obj).__name__ if adapter is None else adapter.label(obj)
            raise ConversionError(f"{path}: {word} is no array and no plain value: no file holds it without pickle")
        return self._value(obj, adapter, path, keys, ancestors)

    def _container(
        self, obj: Any, adapter: NestAdapter, path: str, keys: tuple[Any, ...], ancestors: tuple[int, ...]
    ) -> Node:
        try:
            parts = adapter.parts(obj)
        except ConversionError as error:
            raise type(error)(f"{path}: {error}" if path else str(error)) from error
        # What converts to a container is stored as that one; a container of the user's is read as it is.
        made = obj if adapter.is_container else parts.rebuild([None] * len(parts.children))
        is_list, is_tuple = isinstance(adapter, ListAdapter) or isinstance(made, list), isinstance(made, tuple)
        names: tuple[Any, ...] = tuple(step_name(step) for step in parts.steps)
        if isinstance(made, Mapping):
            names = tuple(made)
        elif is_list or (is_tuple and not hasattr(made, "_fields")):
            names = tuple(range(len(parts.children)))
        nodes = [
            self._node(child, f"{path}{step}", (*keys, name), ancestors)
            for child, step, name in zip(parts.children, parts.steps, names, strict=True)
        ]
        if is_list:
            return {"list": nodes}
        return tuple_node(made, nodes) if is_tuple else dict_node(names, nodes)

    def _dataset(self, obj: Any, adapter: ElementsAdapter, path: str, keys: tuple[Any, ...]) -> Node:
        first = len(self.leaves)
        source = adapter.drawn_from(obj, self.conversion)
        gathering = ResumableGathering(source, self.conversion, lambda place, name: self._sink(first + place, name))
        self.gatherings.append(gathering)
        self.leaves += [StoredLeaf("", f"{path}{column.leaf.path}", column) for column in gathering.columns]
        places = [_Place(first + place) for place in range(len(gathering.columns))]
        return self._node(source.structure.rebuild(places), path, keys, ())

    def _value(self, obj: Any, adapter: Adapter, path: str, keys: tuple[Any, ...], ancestors: tuple[int, ...]) -> Node:
        """Returns the node of one value: a leaf, or what it turns out to hold."""
        column: type[Column] = DenseColumn
        value: Callable[[], Any] = lambda: self._array(obj, path)  # noqa: E731
        if isinstance(adapter, RaggedAdapter):
            column, value = RaggedColumn, lambda: _ragged(obj, self.conversion)
        elif isinstance(adapter, SparseAdapter):
            column, value = SparseColumn, lambda: _sparse(obj, self.conversion)
        elif not adapter.is_dense:
            converted = self._converted(obj, path)
            if not isinstance(converted, np.ndarray):
                if converted is obj or find_adapter(converted) is adapter:
                    raise ConversionError(f"{path}: {adapter.label(obj)} holds no array".lstrip(": "))
                return self._node(converted, path, keys, (*ancestors, id(obj)))
            value = lambda: self._array(converted, path)  # noqa: E731
        place = len(self.leaves)
        joining = Joining("whole", self.conversion)
        made = column(Leaf((path,), None), joining, lambda name: self._sink(place, name))
        size = adapter.facts(obj).nbytes or 0
        self.leaves.append(StoredLeaf(self._names.of(keys), path, made, value=value, known_bytes=size))
        return leaf_node(place)

    def _for_values(self) -> Conversion:
        """Returns the conversion without what is for elements."""
        return replace(self.conversion, join="auto", take=None, timeout=None, on_error="raise", known={}, rebuilt={})

    def _converted(self, obj: Any, path: str) -> Any:
        try:
            return convert(obj, self._for_values())
        except ConversionError as error:
            raise type(error)(f"{path}: {error}" if path else str(error)) from error

    def _array(self, obj: Any, path: str) -> np.ndarray:
        array = self._converted(obj, path)
        if isinstance(array, np.ma.MaskedArray):
            raise ConversionError(f"{path}: a masked array would lose its mask: save its .data and .mask".lstrip(": "))
        return np.asarray(array)

    def _sink(self, place: int, name: str) -> Sink:
        """Returns the sink for an array of a leaf; its dtype is known when something is written."""
        writer, leaf = self._writer, self.leaves[place]
        assert writer is not None
        alone = leaf.column.kind == DenseColumn.kind
        sink = EncodingSink(
            leaf.name if alone else f"{leaf.name}/{name}",
            writer.sink,
            writer.holds,
            suffix="" if writer.structured else writer.suffix,
            text=wants_text(self.conversion),
        )
        leaf.sinks[name] = sink
        return sink


def _fill_value_node(value: Any) -> Node:
    node = plain_node(value.item() if isinstance(value, np.generic) else value)
    if node is None:
        raise ConversionError(f"fill_value={value!r} is no plain value, which is what a file holds")
    return node


def _ragged(obj: Any, conversion: Conversion) -> Any:
    """Returns the arrays of a ragged tensor, wherever they are."""
    held, *splits = components(obj, "RaggedTensor", (obj.flat_values, *obj.nested_row_splits), conversion)
    return SimpleNamespace(flat_values=held, nested_row_splits=splits)


def _sparse(obj: Any, conversion: Conversion) -> Any:
    """Returns the arrays of a sparse tensor, wherever they are."""
    indices, values, shape = components(obj, "SparseTensor", (obj.indices, obj.values, obj.dense_shape), conversion)
    return SimpleNamespace(indices=indices, values=values, dense_shape=shape)
