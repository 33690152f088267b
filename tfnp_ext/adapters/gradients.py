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
    register_adapter,
)
from tfnp_ext.adapters.composites import within_bounds
from tfnp_ext.adapters.symbolic import components, in_graph, is_symbolic, when_there_is_a_value
from tfnp_ext.adapters.tensors import component, device_of, dtype_name, shown_component, static_shape, stored_bytes
from tfnp_ext.errors import ConversionError


@register_adapter
class IndexedSlicesAdapter(Adapter):
    """``IndexedSlices``: the gradient of a lookup, rows to be added up at their indices."""

    kind = "IndexedSlices"
    type_names = ("tensorflow.python.framework.indexed_slices.IndexedSlices",)

    def facts(self, obj: Any) -> Facts:
        """Returns the dense shape, and how many rows there are."""
        shape = self._shape(obj)
        count = static_shape(obj.indices)
        rows = count[0] if count else None
        nbytes, exact = (None, True) if is_symbolic(obj.values) else stored_bytes(obj.values)
        return Facts(
            shape=shape or (None, *(static_shape(obj.values) or (None,))[1:]),
            dtype=dtype_name(obj),
            device="" if is_symbolic(obj.values) else device_of(obj.values),
            nbytes=nbytes,
            nbytes_exact=exact,
            state="symbolic" if is_symbolic(obj.values) else "copy",
            shares_memory=False,
            details=() if rows is None else (wording.plural(rows, "row"),),
        )

    def _shape(self, obj: Any) -> tuple[int, ...] | None:
        if obj.dense_shape is None or is_symbolic(obj.dense_shape):
            return None
        return tuple(int(axis) for axis in component(obj.dense_shape))

    def content(self, obj: Any) -> Content:
        """Returns the rows and their indices."""
        if is_symbolic(obj.values):
            return Absent(when_there_is_a_value(obj.values))
        return Slices(component(obj.indices), shown_component(obj.values), self._shape(obj))

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns those of rows, indices and shape that a session has to run."""
        return in_graph([part for part in (obj.values, obj.indices, obj.dense_shape) if part is not None])

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the dense gradient, rows of one index added up.

        Unlike ``tf.convert_to_tensor`` it neither cuts a 64-bit ``dense_shape`` nor drops negative indices.

        Raises:
            SymbolicTensorError: It has no value yet.
            ConversionError: The dense shape is missing, an index is out of range, or it is over ``max_bytes``.
        """
        tensors = (obj.values, obj.indices, *(() if obj.dense_shape is None else (obj.dense_shape,)))
        values, indices, *dense_shape = components(obj, self.kind, tensors, conversion)
        shape = tuple(int(axis) for axis in dense_shape[0]) if dense_shape else None
        if shape is None:
            raise ConversionError(
                f"IndexedSlices of {wording.plural(len(indices), 'row')} has no dense_shape, so the array's length is"
                " unknown: convert its .values and .indices"
            )
        what = f"IndexedSlices {wording.shape(shape)} {dtype_name(obj)}"
        if values.dtype == object:
            raise ConversionError(f"{what} holds strings, which cannot be added up: convert its .values and .indices")
        if indices.ndim != 1 or indices.dtype.kind not in "iu" or len(indices) != len(values):
            raise ConversionError(
                f"{what} has indices of shape {wording.shape(indices.shape)} {indices.dtype} for"
                f" {wording.plural(len(values), 'row')}: each row needs one whole number"
            )
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
