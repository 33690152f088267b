"""``TensorProto`` and its serialized bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import Adapter, Content, Conversion, Dense, Facts, Owned, Parts, register_adapter
from tfnp_ext.errors import ConversionError, reason

_DISPLAY_BYTES = 64 * 2**20

_VALUE_FIELDS = (
    "half_val", "float_val", "double_val", "int_val", "string_val", "scomplex_val", "int64_val", "bool_val",
    "dcomplex_val", "uint32_val", "uint64_val", "float8_val",
)  # fmt: skip


def decode(proto: Any, max_bytes: int) -> np.ndarray:
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
    stored = max(len(getattr(proto, name, ())) for name in _VALUE_FIELDS)
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
                f" {wording.plural(values, 'value')}: more than max_bytes={wording.byte_count(max_bytes)};"
                " raise max_bytes if it is meant"
            )
    try:
        array: np.ndarray = tf.make_ndarray(proto)
    except Exception as error:
        raise ConversionError(f"{what} cannot be decoded: {reason(error)}") from error
    return array if array.flags.writeable else array.copy()


def parse(data: bytes) -> Any:
    """Returns the ``TensorProto`` in serialized bytes.

    Raises:
        ConversionError: They are not those of a tensor.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework import tensor_pb2

    hint = "give the bytes of tf.io.serialize_tensor or of TensorProto.SerializeToString"
    proto = tensor_pb2.TensorProto()
    try:
        proto.ParseFromString(data)
    except DecodeError:
        raise ConversionError(f"bytes of length {len(data)} are no serialized tensor: {hint}") from None
    if not proto.dtype:
        # Bytes of a tf.train.Example, and b"", parse without an error as a blank proto.
        raise ConversionError(f"bytes of length {len(data)} hold no tensor, only a blank TensorProto: {hint}")
    return proto


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
        array = decode(obj, _DISPLAY_BYTES)
        return Facts(
            shape=array.shape,
            dtype="string" if array.dtype == object else array.dtype.name,
            nbytes=obj.ByteSize(),
            state="serialized",
            shares_memory=False,
        )

    def content(self, obj: Any) -> Content:
        """Returns the decoded array."""
        return Dense(decode(obj, _DISPLAY_BYTES))


@register_adapter
class SerializedTensorAdapter(TensorProtoAdapter):
    """Bytes, parsed only when they are given by themselves or as a list of only bytes."""

    kind = "serialized tensor"
    type_names = ("builtins.bytes",)
    automatic = False

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the tensor that the bytes hold."""
        return Owned(decode(parse(obj), conversion.max_bytes))

    def facts(self, obj: Any) -> Facts:
        """Returns what the proto inside declares."""
        return super().facts(parse(obj))

    def content(self, obj: Any) -> Content:
        """Returns the decoded array."""
        return super().content(parse(obj))
