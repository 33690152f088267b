"""Eager tensors and variables: values that live in TensorFlow's memory."""

from __future__ import annotations

import math
import re
import sys
import weakref
from typing import Any, cast

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Absent,
    Content,
    Dense,
    DenseAdapter,
    Facts,
    Owned,
    array_of,
    find_adapter,
    register_adapter,
)
from tfnp_ext.adapters.devices import CUT_DTYPES, MOST_COPIED, DeviceArray
from tfnp_ext.adapters.strings import Strings, large_strings, string_bytes
from tfnp_ext.errors import ConversionError, SymbolicTensorError, reason

_WITHOUT_BUFFER = frozenset(
    ("bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz",
     "float4_e2m1fn", "int4", "uint4", "int2", "uint2")
)  # fmt: skip
"""Dtypes of TensorFlow that only ``ml_dtypes`` knows: their tensors offer NumPy no buffer."""


def static_shape(obj: Any) -> tuple[int | None, ...] | None:
    """Returns the ``shape`` of a TensorFlow value as a tuple, ``None`` for an unknown rank."""
    shape = obj.shape
    if getattr(shape, "rank", 0) is None:
        return None
    return tuple(None if axis is None else int(axis) for axis in shape)


def dtype_name(obj: Any) -> str:
    """Returns the name of a value's dtype: ``float32``, ``string``, without TensorFlow 1's mark of a reference."""
    dtype = obj.dtype
    return str(getattr(dtype, "name", dtype)).removesuffix("_ref")


def eager_array(tensor: Any) -> np.ndarray | Owned:
    """Returns the array of an eager tensor, sharing memory and read-only at its root where that is possible.

    ``np.asarray`` of a bfloat16, float8 or int4 tensor is a writable alias of the (immutable) tensor; it is frozen
    here before anybody sees it, and cannot be thawed, since what it rests on offers no buffer. Strings are copied.

    Raises:
        ConversionError: The dtype holds no numbers or strings (variant, resource), or the device refuses.
    """
    try:
        array = np.asarray(tensor)
        fetched = not on_host(tensor.backing_device)
    except Exception as error:
        # TensorFlow gives a scalar of these dtypes as a NumPy scalar, which np.asarray refuses.
        # Nor can NumPy look at a scalar that a weak reference stands for.
        if tensor.shape.rank == 0 and (dtype_name(tensor) in _WITHOUT_BUFFER or type(tensor) is weakref.ProxyType):
            return Owned(np.array(tensor.numpy()))
        if dtype_name(tensor) in {"variant", "resource"}:
            raise ConversionError(f"{describe(tensor)} {held_words(tensor)}") from error
        raise ConversionError(f"{describe(tensor)} cannot become an array: {reason(error)}") from error
    if array.dtype.kind == "O":
        return Owned(array.copy())
    if array.flags.writeable:
        array.flags.writeable = False
    # TensorFlow keeps what it fetched off another device, so it is not for writing either.
    return Owned(array) if fetched else array


def held_words(tensor: Any) -> str:
    """Returns what a variant or a resource holds instead of numbers, and where its value can be had."""
    found = re.search(r"value=[\[\s]*<(.*)>", repr(tensor), re.DOTALL)
    held = re.split(r"\W", found[1], maxsplit=1)[0] if found else "a handle"  # not its parameters or its values
    if held.startswith("ResourceHandle"):
        name, kind = (re.search(rf'{word}="([^"]*)"', found[1] if found else "") for word in ("name", "type"))
        what = f"{kind[1] if kind else 'a resource'} {repr(name[1]) if name else ''}".strip()
        return f"is only a handle of {what}: convert what it belongs to, such as the variable"
    return f"holds {held}, no numbers or strings: convert what it was made of"


def component(tensor: Any) -> np.ndarray:
    """Returns the array of one component of a composite: values, indices, row splits."""
    if isinstance(tensor, (np.ndarray, list)):  # what a TF 1 session gave
        return np.asarray(tensor)
    adapter = find_adapter(tensor)  # a DTensor is an eager tensor by type
    viewed = adapter.view(tensor) if isinstance(adapter, DenseAdapter) else eager_array(tensor)
    return array_of(viewed)


def looked_at(tensor: Any) -> Dense | Strings:
    """Returns the values of a tensor as a card reads them: left where they are if large and on another device."""
    strings = large_strings(tensor)
    if strings is not None:
        return strings
    away = not on_host(tensor.backing_device) and "CUSTOM" not in tensor.backing_device
    cut = away and dtype_name(tensor) in CUT_DTYPES and type(tensor) is not weakref.ProxyType
    if not cut or tensor.shape.num_elements() * tensor.dtype.size <= MOST_COPIED:
        return Dense(component(tensor))
    # It answers for an array wherever a card looks.
    return Dense(cast("np.ndarray", DeviceArray(tensor)))


def shown_component(tensor: Any) -> np.ndarray | Strings:
    """Returns one component of a composite as a card reads it: of very many strings only those that it shows."""
    strings = large_strings(tensor)
    return component(tensor) if strings is None else strings


def stored_bytes(tensor: Any) -> tuple[int, bool]:
    """Returns the bytes of the values of a tensor or an array, and whether they are exact rather than estimated."""
    values = np.asarray(tensor) if isinstance(tensor, list) else tensor
    return string_bytes(values) if dtype_name(values) in {"string", "object"} else (component(values).nbytes, True)


def describe(obj: Any) -> str:
    """Returns ``Tensor (2, 3) float32`` for messages."""
    adapter = find_adapter(obj)
    kind = adapter.label(obj) if adapter else type(obj).__name__
    try:
        return f"{kind} {wording.shape(static_shape(obj))} {dtype_name(obj)}"
    except Exception:
        return kind


def named(variable: Any) -> str:
    """Returns ``Variable (2, 3) float32 'kernel'`` for messages, without the quotes where it has no name."""
    name = variable_path(variable) if isinstance(find_adapter(variable), KerasVariableAdapter) else own_name(variable)
    return f"{describe(variable)} {name!r}" if name else describe(variable)


def absent(error: ConversionError, who: str) -> Absent:
    """Returns why a card has no value to show, in the words of the error, but for whose: its headline says that."""
    said = str(error).removeprefix(f"{who} ")
    for what, when in (("is not initialised", "before it is initialised"), ("has no value yet ", "")):
        if said.startswith(what):
            return Absent(when + said.removeprefix(what))
    return Absent(said.removeprefix("has "), ever=False)


@register_adapter
class TensorAdapter(DenseAdapter):
    """Eager tensors of every dtype."""

    kind = "Tensor"
    type_names = ("tensorflow.python.framework.tensor.Tensor", "tensorflow.python.framework.ops.EagerTensor")

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the array; see ``eager_array``."""
        return eager_array(obj)

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, device and bytes, without touching the values of numeric tensors."""
        shape = static_shape(obj)
        dtype = dtype_name(obj)
        if dtype in {"variant", "resource"}:
            return Facts(shape=shape, dtype=dtype, device=wording.device(obj.device), state="opaque")
        size = math.prod(axis or 0 for axis in shape or ())
        nbytes, exact = string_bytes(obj) if dtype == "string" else (size * obj.dtype.size, True)
        copied = dtype == "string" or (shape == () and dtype in _WITHOUT_BUFFER) or not on_host(obj.backing_device)
        return Facts(
            details=("raw codes",) if dtype.startswith("q") else (),
            shape=shape,
            dtype=dtype,
            device=wording.device(obj.backing_device),
            nbytes=nbytes,
            nbytes_exact=exact,
            state="copy" if copied else "view",
            shares_memory=not copied,
        )

    def content(self, obj: Any) -> Content:
        """Returns the array; nothing for a variant or a resource, which hold no numbers."""
        dtype = dtype_name(obj)
        if dtype in {"variant", "resource"}:
            return Absent(held_words(obj), ever=False)
        return looked_at(obj)


def device_of(tensor: Any) -> str:
    """Returns where a tensor or an array lives, in words."""
    return wording.device(getattr(tensor, "backing_device", "")) or "CPU"


def on_host(device: str) -> bool:
    """Returns whether a device's memory is the host's, so that NumPy can look at it without a copy."""
    return "device:CPU" in device or not device


@register_adapter
class VariableAdapter(DenseAdapter):
    """``tf.Variable``: a snapshot that later assigns do not reach."""

    kind = "Variable"
    type_names = ("tensorflow.python.ops.variables.Variable",)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the value now, read-only.

        Raises:
            SymbolicTensorError: There is no value here: inside ``tf.function`` or in a TF 1 graph.
            ConversionError: It was never initialised.
        """
        return eager_array(self._read(obj))

    def _read(self, obj: Any) -> Any:
        """Returns the tensor that it holds now."""
        if not sys.modules["tensorflow"].executing_eagerly():
            raise SymbolicTensorError(f"{named(obj)} has no value yet inside tf.function or a graph: look outside")
        tensor = obj.value()
        if not obj.shape.is_compatible_with(tensor.shape) or (0 in tensor.shape and not obj.is_initialized()):
            raise ConversionError(f"{named(obj)} is not initialised: assign a value first")
        return tensor

    def content(self, obj: Any) -> Content:
        """Returns the value now, or why there is none."""
        try:
            return looked_at(self._read(obj))
        except ConversionError as error:
            return absent(error, named(obj))

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, name, device, bytes and whether it is trained."""
        declared = static_shape(obj)
        shape = self._shape(obj, declared)
        nbytes, exact = self._bytes(obj, shape)
        return Facts(
            shape=shape,
            dtype=dtype_name(obj),
            name=own_name(obj),
            device=wording.device(getattr(obj, "device", "") or ""),
            nbytes=nbytes,
            nbytes_exact=exact,
            state="trainable" if obj.trainable else "not trainable",
            shares_memory=dtype_name(obj) != "string" and on_host(getattr(obj, "device", "") or ""),
            details=() if shape == declared else (f"declared {wording.shape(declared)}",),
        )

    def _shape(self, obj: Any, declared: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
        """Returns the shape of the value where the variable is declared to take several, if there is one."""
        if declared is not None and None not in declared:
            return declared
        try:
            return static_shape(self._read(obj))
        except ConversionError:
            return declared

    def _bytes(self, obj: Any, shape: tuple[int | None, ...] | None) -> tuple[int | None, bool]:
        """Returns its bytes, ``None`` where they are not known, and whether they were counted."""
        if dtype_name(obj) != "string":
            known = shape is not None and None not in shape
            return math.prod(axis or 0 for axis in shape or ()) * obj.dtype.size if known else None, True
        try:  # only by reading it
            return string_bytes(self._read(obj))
        except ConversionError:
            return None, True


def own_name(variable: Any) -> str:
    """Returns a variable's name without TensorFlow's output number: ``v`` for ``v:0``.

    What ``assign`` returns is a variable that TensorFlow names ``UnreadVariable``; the name of the one assigned to
    stands in the identity that both share, before a running number.
    """
    name = str(variable.name).removesuffix(":0")
    if name == "UnreadVariable":
        name, _, number = str(getattr(variable, "_unique_id", "")).rpartition("_")
        name = name if number.isdigit() else ""
    # What TensorFlow calls a variable without a name says nothing.
    return "" if name == "Variable" or re.fullmatch(r"Variable_\d+", name) else name


@register_adapter
class KerasVariableAdapter(DenseAdapter):
    """Keras variables: what they hold in their backend."""

    kind = "Variable"
    type_names = ("keras.src.backend.common.variables.Variable", "keras.src.backend.Variable")
    priority = 1

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the value now, read-only.

        Raises:
            ConversionError: It was never initialised, or its backend's value is not tensor-like.
        """
        adapter, held = self._held(obj)
        return adapter.view(held)

    def _held(self, obj: Any) -> tuple[DenseAdapter, Any]:
        """Returns what it holds in its backend, and the adapter of that."""
        held = getattr(obj, "_value", None)
        if held is None:
            raise ConversionError(f"{named(obj)} is not initialised: build the model first")
        adapter = find_adapter(held)
        if not isinstance(adapter, DenseAdapter):
            raise ConversionError(f"{named(obj)} holds a {type(held).__name__}, which is not tensor-like")
        return adapter, held

    def content(self, obj: Any) -> Content:
        """Returns the value now, or why there is none."""
        try:
            adapter, held = self._held(obj)
            return adapter.content(held)
        except ConversionError as error:
            return absent(error, named(obj))

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, path, device, bytes and whether it is trained."""
        held = getattr(obj, "_value", None)
        adapter = None if held is None else find_adapter(held)
        inner = adapter.facts(held) if adapter else Facts(shape=tuple(obj.shape), dtype=dtype_name(obj))
        return Facts(
            shape=inner.shape,
            dtype=inner.dtype,
            name=variable_path(obj),
            device=inner.device,
            nbytes=inner.nbytes,
            state="trainable" if obj.trainable else "not trainable",
            shares_memory=inner.shares_memory,
            details=inner.details,
        )


def variable_path(variable: Any) -> str:
    """Returns the path of a Keras variable in its model, or its name."""
    return str(getattr(variable, "path", "") or variable.name)
