"""Protocol buffers of training data and graphs: ``tf.train.Example`` and its parts, constants of a ``NodeDef``."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import numpy as np

from tfnp_ext.adapters.base import (
    Adapter,
    Content,
    Conversion,
    Dense,
    Facts,
    NestAdapter,
    Owned,
    Parts,
    register_adapter,
)
from tfnp_ext.adapters.protos import DISPLAY_BYTES, decode
from tfnp_ext.errors import ConversionError

_DTYPES = {"bytes_list": object, "float_list": np.float32, "int64_list": np.int64}


def list_array(values: Any, dtype: Any) -> np.ndarray:
    """Returns the values of a ``BytesList``, ``FloatList`` or ``Int64List``: ``bytes``, float32 or int64."""
    return repeated_array(values.value, dtype)


def repeated_array(values: Any, dtype: Any) -> np.ndarray:
    """Returns the values of a repeated field: ``bytes`` and ``str`` stay objects, of which NumPy would cut NULs."""
    if np.dtype(dtype) != object:
        return np.array(values, dtype=dtype)
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def feature_array(feature: Any) -> np.ndarray:
    """Returns the values of a ``tf.train.Feature``; an unset one is empty."""
    kind = feature.WhichOneof("kind")
    return np.empty(0, dtype=np.float32) if kind is None else list_array(getattr(feature, kind), _DTYPES[kind])


def named_parts(children: dict[str, Any]) -> Parts:
    """Returns parts that become a dict again."""
    names = tuple(children)
    return Parts(
        tuple(f"[{name!r}]" for name in names),
        tuple(children.values()),
        lambda converted: dict(zip(names, converted, strict=True)),
    )


def free_name(name: str, taken: Container[str]) -> str:
    """Returns the name, with ``#2``, ``#3`` … where it is taken, so that nothing is lost."""
    free, times = name, 1
    while free in taken:
        times += 1
        free = f"{name}#{times}"
    return free


def features_parts(features: Any) -> Parts:
    """Returns the arrays of a ``tf.train.Features`` by name, sorted: their order in the bytes means nothing."""
    return named_parts({name: Owned(feature_array(features.feature[name])) for name in sorted(features.feature)})


def sequence_parts(example: Any) -> Parts:
    """Returns context and feature lists of a ``SequenceExample``; a list of features is a list of arrays."""
    children: dict[str, Any] = {
        f"context/{name}": Owned(feature_array(example.context.feature[name]))
        for name in sorted(example.context.feature)
    }
    for name in sorted(example.feature_lists.feature_list):
        features = example.feature_lists.feature_list[name].feature
        # A list may be named as a context feature is written here: both stay.
        children[free_name(name, children)] = [Owned(feature_array(feature)) for feature in features]
    return named_parts(children)


class ProtoNestAdapter(NestAdapter):
    """A message that holds named arrays."""

    holds_arrays = True
    is_value = True
    read: Callable[[Any], Parts]

    def parts(self, obj: Any) -> Parts:
        """Returns the arrays by name."""
        return type(self).read(obj)


@register_adapter
class ExampleAdapter(ProtoNestAdapter):
    """``tf.train.Example``."""

    kind = "Example"
    type_names = ("tensorflow.core.example.example_pb2.Example",)
    read = staticmethod(lambda obj: features_parts(obj.features))


@register_adapter
class FeaturesAdapter(ProtoNestAdapter):
    """``tf.train.Features``."""

    kind = "Features"
    type_names = ("tensorflow.core.example.feature_pb2.Features",)
    read = staticmethod(features_parts)


@register_adapter
class SequenceExampleAdapter(ProtoNestAdapter):
    """``tf.train.SequenceExample``."""

    kind = "SequenceExample"
    type_names = ("tensorflow.core.example.example_pb2.SequenceExample",)
    read = staticmethod(sequence_parts)


class ProtoArrayAdapter(Adapter):
    """A message that holds one array."""

    def array(self, obj: Any, max_bytes: float) -> np.ndarray:
        """Returns the array of the message."""
        raise NotImplementedError

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the array, the user's own."""
        return Owned(self.array(obj, conversion.max_bytes))

    def content(self, obj: Any) -> Content:
        """Returns the array."""
        return Dense(self.array(obj, DISPLAY_BYTES))

    def facts(self, obj: Any) -> Facts:
        """Returns shape and dtype of the array, and the bytes of the message."""
        array = self.array(obj, DISPLAY_BYTES)
        dtype = "string" if array.dtype.kind == "O" else array.dtype.name
        return Facts(array.shape, dtype, nbytes=obj.ByteSize(), state="serialized", shares_memory=False)


@register_adapter
class FeatureAdapter(ProtoArrayAdapter):
    """``tf.train.Feature``."""

    kind = "Feature"
    type_names = ("tensorflow.core.example.feature_pb2.Feature",)

    def array(self, obj: Any, max_bytes: float) -> np.ndarray:
        """Returns its values."""
        return feature_array(obj)


@register_adapter
class ValueListAdapter(ProtoArrayAdapter):
    """``FloatList``, ``Int64List`` and ``BytesList``."""

    kind = "value list"
    type_names = (
        "tensorflow.core.example.feature_pb2.FloatList",
        "tensorflow.core.example.feature_pb2.Int64List",
        "tensorflow.core.example.feature_pb2.BytesList",
    )

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return type(obj).__name__

    def array(self, obj: Any, max_bytes: float) -> np.ndarray:
        """Returns its values."""
        return list_array(obj, {"F": np.float32, "I": np.int64, "B": object}[type(obj).__name__[0]])


@register_adapter
class RepeatedFieldAdapter(ProtoArrayAdapter):
    """The values of a repeated field by themselves, as in ``example.features.feature["x"].float_list.value``."""

    automatic = False
    kind = "repeated field"
    type_names = (
        "google._upb._message.RepeatedScalarContainer",
        "google.protobuf.internal.containers.RepeatedScalarFieldContainer",
    )

    def array(self, obj: Any, max_bytes: float) -> np.ndarray:
        """Returns its values, of the dtype of the field."""
        return repeated_array(obj, object if len(obj) and isinstance(obj[0], (bytes, str)) else np.asarray(obj).dtype)

    def facts(self, obj: Any) -> Facts:
        """Returns shape and dtype."""
        array = self.array(obj, DISPLAY_BYTES)
        dtype = "string" if array.dtype.kind == "O" else array.dtype.name
        return Facts(array.shape, dtype, state="copy", shares_memory=False)


@register_adapter
class AttributeAdapter(ProtoArrayAdapter):
    """``AttrValue``: a tensor, or a list of plain values."""

    automatic = False
    kind = "AttrValue"
    type_names = ("tensorflow.core.framework.attr_value_pb2.AttrValue",)

    def array(self, obj: Any, max_bytes: float) -> np.ndarray:
        """Returns the tensor or list.

        Raises:
            ConversionError: It holds something else: a type, a shape, a function.
        """
        held = obj.WhichOneof("value")
        if held == "tensor":
            return decode(obj.tensor, max_bytes)
        if held == "s":
            return np.array(obj.s, dtype=object)
        if held in {"i", "f", "b"}:
            return np.array(getattr(obj, held), dtype={"i": np.int64, "f": np.float32, "b": np.bool_}[held])
        if held == "list":
            for name, dtype in (("i", np.int64), ("f", np.float32), ("b", np.bool_), ("s", object)):
                values = list(getattr(obj.list, name))
                if values:
                    return repeated_array(values, dtype)
        raise ConversionError(
            f"AttrValue holds {held or 'nothing'}, which is no array: a tensor, numbers, strings and lists of them are"
        )


@register_adapter
class NodeAdapter(ProtoArrayAdapter):
    """``NodeDef`` of a constant."""

    automatic = False
    kind = "NodeDef"
    type_names = ("tensorflow.core.framework.node_def_pb2.NodeDef",)

    def array(self, obj: Any, max_bytes: float) -> np.ndarray:
        """Returns the constant.

        Raises:
            ConversionError: The node is another operation.
        """
        if obj.op == "Const" and "value" not in obj.attr:
            raise ConversionError(f"NodeDef {obj.name!r} is a Const node without its value: the graph is cut")
        if obj.op != "Const":
            raise ConversionError(
                f"NodeDef {obj.name!r} is a {obj.op or 'blank'} node: only a Const node holds an array"
            )
        return decode(obj.attr["value"].tensor, max_bytes)
