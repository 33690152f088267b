"""Gradients that are not plain tensors: rows of an embedding, and none at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Absent,
    Adapter,
    Content,
    Conversion,
    Facts,
    Owned,
    Parts,
    Slices,
    find_adapter,
    register_adapter,
)
from tfnp_ext.adapters.composites import within_bounds
from tfnp_ext.adapters.strings import Strings
from tfnp_ext.adapters.symbolic import components, in_graph, is_symbolic, when_there_is_a_value
from tfnp_ext.adapters.tensors import (
    VariableAdapter,
    component,
    device_of,
    dtype_name,
    shown_component,
    static_shape,
    stored_bytes,
)
from tfnp_ext.errors import ConversionError, reason


@register_adapter
class IndexedSlicesAdapter(Adapter):
    """``IndexedSlices``: the gradient of a lookup, rows to be added up at their indices."""

    kind = "IndexedSlices"
    type_names = ("tensorflow.python.framework.indexed_slices.IndexedSlices",)

    def facts(self, obj: Any) -> Facts:
        """Returns the dense shape, and how many rows there are."""
        values, indices, _ = tensors = _tensors(obj)
        count = static_shape(indices)
        rows = count[0] if count else None
        nbytes, exact = (None, True) if is_symbolic(values) else stored_bytes(values)
        return Facts(
            shape=_dense_shape(tensors) or (None, *(static_shape(values) or (None,))[1:]),
            dtype=dtype_name(values),
            device="" if is_symbolic(values) else device_of(values),
            nbytes=nbytes,
            nbytes_exact=exact,
            state="symbolic" if is_symbolic(values) else "copy",
            shares_memory=False,
            details=() if rows is None else (wording.plural(rows, "row"),),
        )

    def content(self, obj: Any) -> Content:
        """Returns the rows and their indices, or why they do not go together."""
        values, indices, _ = tensors = _tensors(obj)
        if is_symbolic(values):
            return Absent(when_there_is_a_value(values))
        if is_symbolic(indices):
            return Absent(when_there_is_a_value(indices))
        shown, places = shown_component(values), component(indices)
        amiss = _amiss(shown, places)
        return Absent(amiss, ever=False) if amiss else Slices(places, shown, _dense_shape(tensors))

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns those of rows, indices and shape that a session has to run."""
        return in_graph([part for part in _tensors(obj) if part is not None])

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the dense gradient, rows of one index added up.

        Unlike ``tf.convert_to_tensor`` it neither cuts a 64-bit ``dense_shape`` nor drops negative indices.

        Raises:
            SymbolicTensorError: It has no value yet.
            ConversionError: The dense shape is missing, an index is out of range, or it is over ``max_bytes``.
        """
        tensors = _tensors(obj)
        given = [part for part in tensors if part is not None]
        values, indices, *dense_shape = components(tensors[0], self.kind, given, conversion)
        shape = tuple(int(axis) for axis in dense_shape[0]) if dense_shape else None
        if shape is None:
            raise ConversionError(
                f"IndexedSlices of {wording.plural(indices.size, 'row')} has no dense_shape, so the array's length is"
                " unknown: convert its .values and .indices"
            )
        what = f"IndexedSlices {wording.shape(shape)} {dtype_name(tensors[0])}"
        if values.dtype == object:
            raise ConversionError(f"{what} holds strings, which cannot be added up: convert its .values and .indices")
        amiss = _amiss(values, indices)
        if amiss:
            raise ConversionError(f"{what} has {amiss}")
        if any(axis < 0 for axis in shape):
            raise ConversionError(f"{what} has a negative length in its dense_shape: it is no array's")
        if values.ndim != len(shape) or values.shape[1:] != shape[1:]:
            raise ConversionError(
                f"{what} has rows of shape {wording.shape(values.shape[1:])}, which its dense_shape has no place for"
            )
        if len(indices) and (indices.min() < 0 or indices.max() >= shape[0]):
            bad = int(indices[(indices < 0) | (indices >= shape[0])][0])
            room = f"outside 0 … {shape[0] - 1}" if shape[0] else "and no row at all"
            raise ConversionError(f"{what} has index {bad}, {room}: the gradient cannot be placed")
        within_bounds(
            what, math.prod(shape) * values.dtype.itemsize, conversion.max_bytes, "convert its .values and .indices"
        )
        # Small floats lose rows when many are added up, and ml_dtypes' cannot be added in place: float32 does both.
        wide = values.dtype.kind == "V" or values.dtype == np.float16
        dense = np.zeros(shape, np.float32 if wide else values.dtype)
        np.add.at(dense, indices, values.astype(np.float32) if wide else values)
        return Owned(dense.astype(values.dtype) if wide else dense)


def _tensors(obj: Any) -> tuple[Any, Any, Any]:
    """Returns rows, indices and dense shape, ``None`` for none: TensorFlow takes lists, shapes and variables too."""
    values, indices, shape = _tensor(obj.values), _tensor(obj.indices), obj.dense_shape
    if isinstance(obj.values, (list, tuple)) and values.dtype == np.float64:
        values = values.astype(np.float32)  # as TensorFlow reads Python's numbers
    if isinstance(indices, np.ndarray) and not indices.size:
        indices = indices.astype(np.int64)
    if hasattr(shape, "as_list"):  # a TensorShape
        shape = shape.as_list() if shape.is_fully_defined() else None
    return values, indices, None if shape is None else _tensor(shape)


def _tensor(part: Any) -> Any:
    """Returns a component as a tensor or an array.

    Raises:
        ConversionError: It is a list that makes no array, or a variable without a value.
    """
    if isinstance(find_adapter(part), VariableAdapter):
        return component(part)
    if hasattr(part, "shape"):
        return part
    try:
        return np.asarray(part)
    except ValueError as error:
        raise ConversionError(f"IndexedSlices has a component that is no array: {reason(error)}") from error


def _dense_shape(tensors: tuple[Any, Any, Any]) -> tuple[int, ...] | None:
    shape = tensors[2]
    return None if shape is None or is_symbolic(shape) else tuple(int(axis) for axis in component(shape))


def _amiss(values: np.ndarray | Strings, indices: np.ndarray) -> str:
    """Returns why rows and indices do not go together; nothing where they do."""
    count = values.shape[0] if values.ndim else 0
    if indices.ndim == 1 and indices.dtype.kind in "iu" and len(indices) == count:
        return ""
    return (
        f"indices of shape {wording.shape(indices.shape)} {indices.dtype} for {wording.plural(count, 'row')}: each row"
        " needs one whole number"
    )


@register_adapter
class NoneAdapter(Adapter):
    """``None`` given by itself: what ``GradientTape.gradient`` returns where nothing is connected."""

    kind = "None"
    type_names = ("builtins.NoneType",)
    automatic = False
    tensor_like = False

    def facts(self, obj: Any) -> Facts:
        """Returns nothing: there is no value."""
        return Facts(shape=None, dtype="")

    def content(self, obj: Any) -> Content:
        """Returns what it means."""
        return Absent("no gradient: not connected")

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses, and says what a ``None`` means.

        Raises:
            ConversionError: Always.
        """
        raise ConversionError(
            "None is no gradient: the target is not connected to that source, or the tape did not watch it;"
            " inside a list or dict of gradients it stays None"
        )
