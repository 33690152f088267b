"""Specs and shapes: what ``TensorSpec`` and its relatives say of the values that they describe."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import Absent, Adapter, Content, Conversion, Facts, Owned, Parts, register_adapter
from tfnp_ext.adapters.symbolic import is_symbolic
from tfnp_ext.adapters.tensors import component, dtype_name, static_shape
from tfnp_ext.errors import ConversionError


def spec_words(spec: Any) -> str:
    """Returns an ``element_spec`` in words: shape and dtype of each tensor, in the structure that holds them."""
    if isinstance(spec, dict):
        return "{" + ", ".join(f"{name}: {spec_words(child)}" for name, child in spec.items()) + "}"
    if isinstance(spec, (list, tuple)):
        names = getattr(spec, "_fields", None)
        children = [spec_words(child) for child in spec]
        if names:
            children = [f"{name}: {child}" for name, child in zip(names, children, strict=True)]
        return "(" + ", ".join(children) + ("," if len(children) == 1 else "") + ")"
    if hasattr(spec, "_value_specs"):
        return f"{wording.plural(len(spec._value_specs), 'replica')} of {spec_words(spec._value_specs[0])}"
    if not hasattr(spec, "shape") or not hasattr(spec, "dtype"):
        return type(spec).__name__
    kind = type(spec).__name__.removesuffix("Spec")
    words = f"{wording.shape(static_shape(spec))} {dtype_name(spec)}"
    return words if kind == "Tensor" else f"{kind} {words}"


@register_adapter
class SpecAdapter(Adapter):
    """``TensorSpec``, ``TensorShape`` and other descriptions: no values, ever."""

    kind = "TensorSpec"
    type_names = (
        "tensorflow.python.framework.type_spec.TypeSpec",
        "tensorflow.python.framework.tensor_shape.TensorShape",
    )
    automatic = False
    tensor_like = False
    describes = True

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return str(obj.__class__.__name__)

    def facts(self, obj: Any) -> Facts:
        """Returns the shape and dtype that it describes, and its name."""
        shape = getattr(obj, "shape", obj)
        rank = getattr(shape, "rank", None)
        dtype = getattr(getattr(obj, "dtype", None), "name", "")
        name = getattr(obj, "name", None)
        return Facts(
            shape=None if rank is None else tuple(shape.as_list()), dtype=dtype, name=name if type(name) is str else ""
        )

    def content(self, obj: Any) -> Content:
        """Returns that there are no values."""
        return Absent("it describes values and holds none", ever=False)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses.

        Raises:
            ConversionError: Always.
        """
        hint = "use tuple(shape)" if type(obj).__name__ == "TensorShape" else "convert a value of it"
        shown, cut = wording.shorten(str(obj))
        raise ConversionError(
            f"{type(obj).__name__} {shown}{'…' if cut else ''} describes values and holds none: {hint}"
        )


@register_adapter
class RaggedShapeAdapter(SpecAdapter):
    """``DynamicRaggedShape``, which counts the values of each row, and its spec."""

    kind = "DynamicRaggedShape"
    type_names = (
        "tensorflow.python.ops.ragged.dynamic_ragged_shape.DynamicRaggedShape",
        "tensorflow.python.ops.ragged.dynamic_ragged_shape.DynamicRaggedShape.Spec",
    )
    priority = 1

    def facts(self, obj: Any) -> Facts:
        """Returns the shape, without a length for a ragged axis, and how long the rows of each are."""
        shape = obj._to_tensor_shape()
        partitions = getattr(obj, "row_partitions", ())
        told = (_row_lengths(axis, partition) for axis, partition in enumerate(partitions, 1))
        dimensions = None if shape.rank is None else tuple(shape.as_list())
        return Facts(shape=dimensions, dtype="", details=tuple(filter(None, told)))


_FEW_ROWS, _MOST_ROWS = 8, 2**18


def _row_lengths(axis: int, partition: Any) -> str:
    """Returns how long the rows of a ragged axis are, in words; nothing where that is not known or all are alike."""
    splits = partition.row_splits()
    if partition.is_uniform() or is_symbolic(splits) or int(splits.shape[0]) > _MOST_ROWS:
        return ""
    lengths = np.diff(component(splits)).tolist()
    few = len(lengths) <= _FEW_ROWS
    ends = sorted({min(lengths, default=0), max(lengths, default=0)})
    said = ", ".join(map(str, lengths)) if few else " … ".join(map(str, ends))
    return f"lengths on axis {axis}: {said}" if lengths else ""
