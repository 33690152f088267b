"""``TensorProto`` and its serialized bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Adapter,
    Content,
    Conversion,
    Dense,
    Facts,
    Owned,
    Parts,
    find_adapter,
    register_adapter,
)
from tfnp_ext.errors import ConversionError, reason

DISPLAY_BYTES = 64 * 2**20
"""What a message may grow to for a card."""

_FIELDS = {
    "half_val": ("float16", "bfloat16"),
    "float8_val": ("float8_e5m2", "float8_e4m3fn", "float4_e2m1fn"),
    "float_val": ("float32",),
    "double_val": ("float64",),
    "int_val": ("int32", "int16", "int8", "uint16", "uint8", "qint32", "qint16", "qint8", "quint16", "quint8",
                "int4", "uint4", "int2", "uint2"),
    "int64_val": ("int64",),
    "uint32_val": ("uint32",),
    "uint64_val": ("uint64",),
    "bool_val": ("bool",),
    "scomplex_val": ("complex64",),
    "dcomplex_val": ("complex128",),
    "string_val": ("string",),
}  # fmt: skip
"""Which field of a ``TensorProto`` holds the values of which dtypes.

Source: ``tensor.proto`` of TensorFlow, and ``tf.make_ndarray``, which reads this one and overlooks all others.
"""

_FIELD_OF = {dtype: field for field, dtypes in _FIELDS.items() for dtype in dtypes}


def decode(proto: Any, max_bytes: float) -> np.ndarray:
    """Returns the array that a ``TensorProto`` stands for, checked before anything is allocated.

    A proto may hold one value for many (TensorFlow repeats the last one); one that declares more than ``max_bytes``
    without holding it is refused, since a few bytes can declare 10^12 elements.

    Raises:
        ConversionError: It is blank, declares an unknown dtype or shape, or holds more or other than it declares.
    """
    import tensorflow as tf

    if not proto.dtype:
        raise ConversionError(
            "TensorProto is blank: it has no dtype, so it is no tensor; was it parsed from other bytes?"
        )
    try:
        dtype = tf.dtypes.as_dtype(proto.dtype)
        itemsize = np.dtype(dtype.as_numpy_dtype).itemsize
    except (TypeError, KeyError) as error:
        raise ConversionError(f"TensorProto declares dtype {proto.dtype}, which is no array's: {error}") from error
    if proto.tensor_shape.unknown_rank:
        raise ConversionError(f"TensorProto of {dtype.name} declares no rank: its shape cannot be known")
    dimensions = tuple(dimension.size for dimension in proto.tensor_shape.dim)
    if any(dimension < 0 for dimension in dimensions):
        raise ConversionError(
            f"TensorProto of {dtype.name} declares shape {wording.shape(dimensions)}: lengths cannot be negative"
        )
    what = f"TensorProto {wording.shape(dimensions)} {dtype.name}"
    count = math.prod(dimensions)
    own = _FIELD_OF.get(dtype.name, "")
    stray = [name for name in _FIELDS if name != own and len(getattr(proto, name, ()))]
    if stray:
        raise ConversionError(f"{what} has values in {stray[0]}, where no {dtype.name} is kept: it was not made as one")
    stored = len(getattr(proto, own, ()))
    if dtype.is_complex and stored % 2:
        raise ConversionError(f"{what} has {stored} halves of complex numbers: one is missing")
    if proto.tensor_content and len(proto.tensor_content) != count * itemsize:
        raise ConversionError(
            f"{what} declares {wording.byte_count(count * itemsize)} and holds"
            f" {wording.byte_count(len(proto.tensor_content))}"
        )
    if not proto.tensor_content:
        values = stored // 2 if dtype.is_complex else stored
        if values > count:
            raise ConversionError(
                f"{what} declares {wording.plural(count, 'value')} and holds {wording.integer(values)}"
            )
        if not values and count:
            raise ConversionError(f"{what} declares {wording.plural(count, 'value')} and holds none")
        if count > values and count * itemsize > max_bytes:
            raise ConversionError(
                f"{what} declares {wording.byte_count(count * itemsize)} of which it holds"
                f" {wording.plural(values, 'value')}: more than max_bytes={wording.byte_count(int(max_bytes))};"
                " raise max_bytes if it is meant"
            )
    try:
        array: np.ndarray = tf.make_ndarray(proto)
    except Exception as error:
        raise ConversionError(f"{what} cannot be decoded: {reason(error)}") from error
    if array.dtype.names:  # a quantized dtype is a record of one field: its codes
        array = array.view(array.dtype[0])
    return array if array.flags.writeable else array.copy()


def parse(data: bytes) -> Any:
    """Returns the message in serialized bytes: a tensor's, else a ``tf.train`` example's.

    A message is taken only if it says all that is in the bytes: a known dtype or features with values, no field that
    its type does not have at any depth, and as many bytes when written again. (Bytes of an example, and ``b""``, parse
    without an error as a blank ``TensorProto``, and those of two messages on end as the second.)

    Raises:
        ConversionError: They are those of nothing known, or of more than one message.
    """
    from tensorflow.core.example import example_pb2, feature_pb2
    from tensorflow.core.framework import tensor_pb2

    candidates: tuple[tuple[Any, Callable[[Any], bool]], ...] = (
        (tensor_pb2.TensorProto, lambda message: bool(message.dtype)),
        (example_pb2.Example, lambda message: _hold_values(message.features.feature.values())),
        (example_pb2.SequenceExample, _are_lists_of_values),
        (feature_pb2.Feature, lambda message: message.WhichOneof("kind") is not None),
    )
    for message_class, is_whole in candidates:
        message = _parsed(message_class, data)
        if message is not None and is_whole(message):
            return message
    raise ConversionError(
        f"bytes of length {len(data)} are neither a serialized tensor nor a tf.train.Example:"
        " give those of tf.io.serialize_tensor or of one message's SerializeToString"
    )


def _hold_values(features: Iterable[Any]) -> bool:
    """Returns whether any feature has a kind: names alone are found in the bytes of other messages as well."""
    return any(feature.WhichOneof("kind") is not None for feature in features)


def _are_lists_of_values(message: Any) -> bool:
    lists = message.feature_lists.feature_list.values()
    return bool(lists) and _hold_values(feature for one in lists for feature in one.feature)


def _parsed(message_class: Any, data: bytes) -> Any:
    """Returns the message, or ``None`` if the bytes are not wholly and only of its type."""
    from google.protobuf.message import DecodeError

    message: Any = message_class()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    message.DiscardUnknownFields()
    return message if message.ByteSize() == len(data) else None


@register_adapter
class TensorProtoAdapter(Adapter):
    """``TensorProto``: what ``tf.make_tensor_proto`` gives and graphs and servers exchange."""

    kind = "TensorProto"
    type_names = ("tensorflow.core.framework.tensor_pb2.TensorProto",)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the decoded array, the user's own."""
        return Owned(decode(obj, conversion.max_bytes))

    def facts(self, obj: Any) -> Facts:
        """Returns what the proto declares."""
        array = decode(obj, DISPLAY_BYTES)
        return Facts(
            shape=array.shape,
            dtype="string" if array.dtype == object else array.dtype.name,
            nbytes=obj.ByteSize(),
            state="serialized",
            shares_memory=False,
        )

    def content(self, obj: Any) -> Content:
        """Returns the decoded array."""
        return Dense(decode(obj, DISPLAY_BYTES))


@register_adapter
class SerializedAdapter(Adapter):
    """Bytes, parsed only when they are given by themselves or as a list of only bytes."""

    kind = "serialized"
    type_names = ("builtins.bytes",)
    automatic = False

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns what the message in the bytes becomes."""
        message, adapter = self._message(obj)
        return adapter.to_numpy(message, conversion)

    def held(self, obj: Any) -> Any:
        """Returns the message in the bytes."""
        return self._message(obj)[0]

    def label(self, obj: Any) -> str:
        """Returns the kind of message."""
        try:
            return f"serialized {self._message(obj)[1].kind}"
        except ConversionError:
            return "bytes"

    def facts(self, obj: Any) -> Facts:
        """Returns what the message declares."""
        message, adapter = self._message(obj)
        return adapter.facts(message)

    def content(self, obj: Any) -> Content:
        """Returns the values of the message."""
        message, adapter = self._message(obj)
        return adapter.content(message)

    def _message(self, obj: Any) -> tuple[Any, Adapter]:
        message = parse(obj)
        adapter = find_adapter(message)
        if adapter is None:
            raise ConversionError(f"bytes of a {type(message).__name__}: no kind of that name is registered")
        return message, adapter
