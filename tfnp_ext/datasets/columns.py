"""What one tensor of the elements becomes: its values, element by element, on end.

A column takes a tensor apart into plain arrays that only ever grow along their first axis, and hands them to sinks. The
same arrays, whether they come back from memory or from a file, are put together by ``result``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Conversion
from tfnp_ext.adapters.composites import (
    fill_value,
    masked,
    ragged_result,
    sparse_result,
    wants_text,
    within_bounds,
)
from tfnp_ext.adapters.padding import Padding, pad_items
from tfnp_ext.adapters.tensors import component
from tfnp_ext.casting import cast, is_text, read_dtype
from tfnp_ext.convert import to_numpy
from tfnp_ext.datasets.sinks import NewSink, Sink
from tfnp_ext.datasets.structure import Leaf, is_spec_of
from tfnp_ext.errors import ConversionError

Joined = Literal["concat", "stack", "whole"]
"""How elements are joined: batches on end, elements along a new first axis; ``whole`` is for a single value."""

_ONE_BY_ONE = "iter_numpy gives them one by one"
_SPARSE = "tensorflow.python.framework.sparse_tensor.SparseTensorSpec"


@dataclass(frozen=True)
class Joining:
    """How the elements of a dataset are joined.

    Attributes:
        joined: The rule.
        conversion: What the user asks for.
        elements: How many elements there will be, ``None`` where that is not known.
    """

    joined: Joined
    conversion: Conversion
    elements: int | None = None


class Column(ABC):
    """The values of one leaf of the elements.

    Args:
        leaf: Which it is.
        joining: How elements are joined.
        new_sink: Makes a sink for each array that the column is made of.
    """

    kind: ClassVar[str]

    def __init__(self, leaf: Leaf, joining: Joining, new_sink: NewSink) -> None:
        self.leaf = leaf
        self.joining = joining
        self.sinks: dict[str, Sink] = {}
        self.facts: dict[str, Any] = {}
        """What else ``result`` needs: plain JSON."""
        self._new_sink = new_sink

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays so far."""
        return sum(sink.nbytes for sink in self.sinks.values())

    def add(self, value: Any) -> None:
        """Takes the tensor of one element; of a strategy, one a replica.

        Raises:
            ConversionError: It does not fit those before.
        """
        for one in _of_replicas(value, self.joining.joined):
            self._add(one)

    @abstractmethod
    def _add(self, value: Any) -> None:
        """Takes one tensor apart and hands its arrays on."""

    @abstractmethod
    def close(self) -> None:
        """Is called once after the last element; makes empty arrays where there was none."""

    def room(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Returns how many rows ``values`` needs place for, so that the result can be made where they are; 0: for none.

        Args:
            arrays: The other arrays.
        """
        return 0

    def _padded_rows(self, shape: Sequence[int]) -> int:
        """Returns how many there are in an array of that shape, where rows are filled up and it may be made."""
        asked, rows, values = self.joining.conversion, math.prod(shape), self.sink("values")
        fits = rows * (values.nbytes // max(1, values.rows)) <= asked.max_bytes  # else it is refused
        return rows if fits and asked.ragged in {"pad", "masked"} else 0

    @staticmethod
    @abstractmethod
    def faults(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> str:
        """Returns why arrays and facts that come from a file are no column of this kind; ``""`` where they are."""

    @staticmethod
    @abstractmethod
    def result(
        arrays: Mapping[str, np.ndarray],
        facts: Mapping[str, Any],
        conversion: Conversion,
        what: str,
        *,
        own: bool = False,
    ) -> Any:
        """Returns what ``to_numpy`` gives for the column.

        Args:
            arrays: The arrays by the names of the sinks.
            facts: The facts of the column.
            conversion: What the user asks for.
            what: The value in words, for errors.
            own: Whether nobody else has the arrays, so that the result may take their memory.
        """

    def sink(self, name: str) -> Sink:
        """Returns where the array of a name goes."""
        if name not in self.sinks:
            self.sinks[name] = self._new_sink(name)
        return self.sinks[name]

    def _cast(self, array: np.ndarray) -> np.ndarray:
        """Returns the values in the dtype that was asked for."""
        asked = self.joining.conversion
        if asked.dtype is None or (is_text(asked.dtype) and array.dtype != object):  # numbers among strings stay
            return array
        return cast(array, asked.dtype, asked.casting, "")  # which element it is of stands before the message

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values as the spec has it, or as was asked for."""
        asked = self.joining.conversion.dtype
        if asked is not None and not is_text(asked):
            return read_dtype(asked)
        held = getattr(self.leaf.spec, "dtype", None)
        if held is None:
            raise ConversionError(f"{type(self.leaf.spec).__name__} has no dtype that could be told without an element")
        dtype: np.dtype = np.dtype(held.as_numpy_dtype)
        return dtype if dtype.names is None else dtype[0]  # quantized integers are arrays of plain ones

    def _refuse_array(self, value: Any) -> None:
        """Raises an error for what is ragged or sparse by its spec, but was made an array on its way here."""
        if isinstance(value, (np.ndarray, list)):
            what = type(self.leaf.spec).__name__.removesuffix("Spec")
            where = "of a dataset in it" if self.leaf.inner else "of an iterator of arrays"
            raise ConversionError(f"has a {what} {where}, which cannot be joined: iter_numpy(dataset) gives each")

    def _sizes(self) -> list[int]:
        """Returns the lengths of the axes after the joined one, 0 for an unknown one."""
        shape = self.leaf.shape or ()
        return [axis or 0 for axis in (shape[1:] if self.joining.joined == "concat" else shape)]


class DenseColumn(Column):
    """Tensors of one shape, but for the length of a batch: one array."""

    kind = "dense"
    _row: tuple[int, ...] | None = None

    def _add(self, value: Any) -> None:
        array = self._cast(_array(value))
        if self.joining.joined == "stack":
            array = array[None]
        elif self.joining.joined == "concat" and not array.ndim:
            raise ConversionError("has no first axis to join along: use join='stack'")
        sink = self.sink("values")
        if self._row is None:
            self._row = array.shape[1:]
            if self.joining.elements is not None:
                sink.expect(self.joining.elements * len(array))
        elif array.shape[1:] != self._row:
            raise self._unequal(array.shape[1:])
        sink.append(array)

    def _unequal(self, row: tuple[int, ...]) -> ConversionError:
        assert self._row is not None
        what = "holds examples of the shape" if self.joining.joined == "concat" else "has the shape"
        way_out = "ragged='object' keeps each as it is, ragged='pad' fills up to the largest"
        if self.joining.joined == "stack" and row[1:] == self._row[1:]:
            way_out = f"join='concat' joins them on end, as batches, {way_out}"
        if len(row) != len(self._row):
            way_out = _ONE_BY_ONE
        return ConversionError(
            f"{what} {wording.shape(row)} where those before have {wording.shape(self._row)}: {way_out}"
        )

    def close(self) -> None:
        """Makes an array [0, …] where there was no element."""
        if not self.sinks:
            self.sink("values").append(np.empty((0, *self._sizes()), self.dtype))

    @staticmethod
    def faults(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> str:
        """Returns why this is no column."""
        return "" if set(arrays) == {"values"} else "it is not one array"

    @staticmethod
    def result(
        arrays: Mapping[str, np.ndarray],
        facts: Mapping[str, Any],
        conversion: Conversion,
        what: str,
        *,
        own: bool = False,
    ) -> Any:
        """Returns the array."""
        return arrays["values"]


class VaryingColumn(Column):
    """Tensors of one rank and any shape: the values of all on end, and the shape of each."""

    kind = "varying"
    _rank: int | None = None

    def _add(self, value: Any) -> None:
        array = self._cast(_array(value))
        if self.joining.joined == "stack":
            array = array[None]
        shape = array.shape[1:]
        if self._rank is None:
            self._rank = len(shape)
        elif len(shape) != self._rank:
            axes = wording.plural(len(shape), "axis", "axes")
            raise ConversionError(f"has {axes} where those before have {self._rank}: {_ONE_BY_ONE}")
        self.sink("shapes").append(np.tile(np.array(shape, np.int64), (len(array), 1)))
        self.sink("values").append(array.reshape(-1))

    def close(self) -> None:
        """Makes empty arrays where there was no element."""
        if not self.sinks:
            self.sink("shapes").append(np.empty((0, len(self._sizes())), np.int64))
            self.sink("values").append(np.empty(0, self.dtype))

    def room(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Returns how many values a padded result holds."""
        return self._padded_rows([len(arrays["shapes"]), *arrays["shapes"].max(axis=0, initial=0).tolist()])

    @staticmethod
    def faults(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> str:
        """Returns why this is no column: the shapes have room for just the values."""
        if set(arrays) != {"shapes", "values"} or arrays["values"].ndim != 1:
            return "it is not values and shapes"
        shapes = arrays["shapes"]
        if shapes.ndim != 2 or shapes.dtype.kind != "i" or (shapes < 0).any():
            return "its shapes are none"
        sizes = shapes.astype(object).prod(axis=1) if shapes.size else np.ones(len(shapes), object)
        return "" if sizes.sum() == len(arrays["values"]) else "its shapes have no room for its values"

    @staticmethod
    def result(
        arrays: Mapping[str, np.ndarray],
        facts: Mapping[str, Any],
        conversion: Conversion,
        what: str,
        *,
        own: bool = False,
    ) -> Any:
        """Returns an array of arrays, or one padded to the largest, as ``conversion.ragged`` asks.

        Raises:
            ConversionError: Padding would take more than ``max_bytes``.
        """
        flat, shapes = arrays["values"], arrays["shapes"]
        edges = _splits(shapes.prod(axis=1, dtype=np.int64))
        if shapes.shape[1] == 1:
            return ragged_result(flat, [edges], conversion, what, own=own)
        if conversion.ragged in {"pad", "masked"}:
            return _padded(flat, shapes, edges, conversion, what, own)
        items = np.empty(len(shapes), object)
        for place, shape in enumerate(shapes):
            items[place] = flat[edges[place] : edges[place + 1]].reshape(shape)
        return [item.tolist() for item in items] if conversion.ragged == "list" else items


class RaggedColumn(Column):
    """Ragged tensors: the values of all rows on end, and how long the rows of each level are."""

    kind = "ragged"
    _inner: tuple[int, ...] | None = None

    def _add(self, value: Any) -> None:
        self._refuse_array(value)
        flat = self._cast(component(value.flat_values))
        lengths = [np.diff(component(splits)).astype(np.int64) for splits in value.nested_row_splits]
        if self.joining.joined == "stack":
            lengths.insert(0, np.array([len(lengths[0])], np.int64))
        if self._inner is None:
            self._inner = flat.shape[1:]
        elif flat.shape[1:] != self._inner:
            raise ConversionError(
                f"has values of the shape {wording.shape(flat.shape[1:])} where those before have"
                f" {wording.shape(self._inner)}: {_ONE_BY_ONE}"
            )
        for level, length in enumerate(lengths):
            self.sink(f"lengths{level}").append(length)
        self.sink("values").append(flat)

    def close(self) -> None:
        """Makes empty arrays where there was no element."""
        if not self.sinks:
            for level in range(self.leaf.spec.ragged_rank + (self.joining.joined == "stack")):
                self.sink(f"lengths{level}").append(np.empty(0, np.int64))
            inner = (self.leaf.shape or ())[self.leaf.spec.ragged_rank + 1 :]
            self.sink("values").append(np.empty((0, *(axis or 0 for axis in inner)), self.dtype))

    def room(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Returns how many values, or rows of them, a padded result holds."""
        widths = [int(lengths.max(initial=0)) for lengths in arrays.values()]  # in the order of their levels
        return self._padded_rows([len(arrays["lengths0"]), *widths])

    @staticmethod
    def faults(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> str:
        """Returns why this is no column: the rows of each level are as long as the next has rows."""
        levels = [f"lengths{level}" for level in range(len(arrays) - 1)]
        if not levels or set(arrays) != {*levels, "values"} or not arrays["values"].ndim:
            return "it is not values and lengths"
        for level, inner in zip(levels, [*levels[1:], "values"], strict=True):
            lengths = arrays[level]
            if lengths.ndim != 1 or lengths.dtype.kind != "i" or (lengths < 0).any():
                return "its lengths are none"
            if sum(lengths.tolist()) != len(arrays[inner]):
                return "its lengths do not add up"
        return ""

    @staticmethod
    def result(
        arrays: Mapping[str, np.ndarray],
        facts: Mapping[str, Any],
        conversion: Conversion,
        what: str,
        *,
        own: bool = False,
    ) -> Any:
        """Returns the rows as ``conversion.ragged`` asks; see ``ragged_result``."""
        return ragged_result(arrays["values"], row_splits(arrays), conversion, what, own=own)


class SparseColumn(Column):
    """Sparse tensors: places and values of what is stored; nothing is made dense before the end."""

    kind = "sparse"

    def _add(self, value: Any) -> None:
        self._refuse_array(value)
        indices, values = component(value.indices).astype(np.int64), self._cast(component(value.values))
        shape = [int(axis) for axis in component(value.dense_shape)]
        before = self.facts.get("shape")
        if self.joining.joined == "stack":
            shape.insert(0, 1)
            indices = np.concatenate([np.zeros((len(indices), 1), np.int64), indices], axis=1)
        if before is None:
            self.facts["shape"] = shape
        elif shape[1:] != before[1:] and (self.joining.conversion.ragged != "pad" or len(shape) != len(before)):
            skipped = 1 if self.joining.joined == "stack" else 0
            raise ConversionError(
                f"has the dense shape {wording.shape(shape[skipped:])} where those before have"
                f" {wording.shape((None, *before[1:])[skipped:])}: ragged='pad' fills up to the largest"
            )
        else:
            indices = indices + np.array([before[0], *[0] * (len(shape) - 1)], np.int64)
            largest = [max(axes) for axes in zip(shape[1:], before[1:], strict=True)]
            self.facts["shape"] = [before[0] + shape[0], *largest]
        self.sink("indices").append(indices)
        self.sink("values").append(values)

    def close(self) -> None:
        """Makes empty arrays where there was no element."""
        if "shape" not in self.facts:
            self.facts["shape"] = [0, *self._sizes()]
            self.sink("indices").append(np.empty((0, len(self.facts["shape"])), np.int64))
            self.sink("values").append(np.empty(0, self.dtype))

    @property
    def dense_bytes(self) -> int:
        """Bytes of the dense array so far."""
        shape = self.facts.get("shape")
        return math.prod(shape) * self.dtype.itemsize if shape else 0

    @staticmethod
    def faults(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> str:
        """Returns why this is no column: every value has a place, and a shape is told."""
        shape = facts.get("shape")
        if set(arrays) != {"indices", "values"} or not isinstance(shape, list):
            return "it is not values and their places"
        if not all(type(axis) is int and 0 <= axis < 2**63 for axis in shape):
            return "its shape is none"
        indices, values = arrays["indices"], arrays["values"]
        fits = indices.dtype.kind == "i" and indices.shape == (len(values), len(shape)) if values.ndim == 1 else False
        return "" if fits else "its places are none"

    @staticmethod
    def result(
        arrays: Mapping[str, np.ndarray],
        facts: Mapping[str, Any],
        conversion: Conversion,
        what: str,
        *,
        own: bool = False,
    ) -> Any:
        """Returns a dense array or SciPy's, as ``conversion.sparse`` asks; see ``sparse_result``."""
        return sparse_result(arrays["indices"], arrays["values"], tuple(facts["shape"]), conversion, what)


COLUMNS: Mapping[str, type[Column]] = {
    column.kind: column for column in (DenseColumn, VaryingColumn, RaggedColumn, SparseColumn)
}


def column_for(leaf: Leaf, joining: Joining, new_sink: NewSink) -> Column:
    """Returns the column that a leaf of the elements goes into."""
    if leaf.is_ragged_tensor:
        return RaggedColumn(leaf, joining, new_sink)
    if is_spec_of(leaf.spec, _SPARSE):
        return SparseColumn(leaf, joining, new_sink)
    if joining.conversion.ragged is not None and is_ragged(leaf, joining.joined):
        return VaryingColumn(leaf, joining, new_sink)
    return DenseColumn(leaf, joining, new_sink)


def is_ragged(leaf: Leaf, joined: Joined) -> bool:
    """Returns whether what is joined may have different shapes, as far as the spec tells."""
    shape = leaf.shape
    if joined == "whole":
        return False
    if leaf.is_ragged_tensor:
        return True
    if leaf.inner:
        return True
    return shape is None or None in (shape[1:] if joined == "concat" else shape)


def row_splits(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Returns where the rows of each level begin, from how long they are."""
    levels = sum(name.startswith("lengths") for name in arrays)
    return [_splits(arrays[f"lengths{level}"]) for level in range(levels)]


def _splits(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _array(value: Any) -> np.ndarray:
    """Returns the array of a tensor of an element, whatever kind of value holds it."""
    if type(value) is np.ndarray:
        return value
    try:
        converted: np.ndarray = component(value) if hasattr(value, "backing_device") else to_numpy(value)
        return converted
    except ConversionError as error:
        raise type(error)(f"cannot be converted: {error}") from error


def _of_replicas(value: Any, joined: Joined) -> Sequence[Any]:
    """Returns the values of an element's replicas; where elements are stacked, the one of all of them on end."""
    if type(value).__name__ != "PerReplica":
        return (value,)
    values: Sequence[Any] = value.values
    if joined == "concat" or not values[0].shape.rank:
        return values
    from tensorflow import concat, sparse

    return (sparse.concat(0, list(values)) if hasattr(values[0], "dense_shape") else concat(values, 0),)


def _padded(
    flat: np.ndarray, shapes: np.ndarray, edges: np.ndarray, conversion: Conversion, what: str, own: bool
) -> np.ndarray:
    """Returns items of any shape, each in a corner of one that holds the largest."""
    largest = [int(axis) for axis in shapes.max(axis=0, initial=0)]
    whole = (len(shapes), *largest)
    within_bounds(what, math.prod(whole) * flat.dtype.itemsize, conversion.max_bytes, "use ragged='object'")
    outside = fill_value(conversion.fill_value, flat.dtype, what, wants_text(conversion))
    masks = [np.zeros(whole, bool)] if conversion.ragged == "masked" else []
    padded = pad_items(Padding(flat, whole, outside, own=own), shapes, edges, masks)
    return masked(padded, masks[0]) if masks else padded
