"""NumPy's own arrays, and other libraries' arrays through the array protocols."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Absent,
    Adapter,
    Content,
    Conversion,
    DenseAdapter,
    Facts,
    Owned,
    Parts,
    array_of,
    register_adapter,
)
from tfnp_ext.adapters.strings import string_bytes
from tfnp_ext.casting import dtype_word
from tfnp_ext.errors import ConversionError, reason


def array_facts(array: np.ndarray, state: str) -> Facts:
    """Returns the facts of an array: shape, dtype, bytes."""
    return Facts(
        shape=array.shape,
        dtype=dtype_word(array.dtype),
        details=(wording.plural(len(array.dtype.names), "field"),) if array.dtype.names else (),
        device="CPU",
        nbytes=array.nbytes,
        state=state,
        shares_memory=state == "view",
    )


@register_adapter
class NumpyArrayAdapter(DenseAdapter):
    """NumPy arrays, masked arrays and other subclasses: returned as they are."""

    kind = "ndarray"
    type_names = ("numpy.ndarray",)
    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name, which says more for a subclass."""
        return str(obj.__class__.__name__)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the array itself: it is the user's."""
        array: np.ndarray = obj if issubclass(type(obj), np.ndarray) else obj.view()  # not what only stands for it
        return array

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype and bytes."""
        return array_facts(obj, "view")


@register_adapter
class OwnedAdapter(DenseAdapter):
    """Arrays that another adapter made as parts of its value: the columns of a table, the features of an example."""

    kind = "ndarray"
    type_names = ("tfnp_ext.adapters.base.Owned",)
    automatic = False

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns it as it is: an array that had to be made."""
        owned: Owned = obj
        return owned

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype and bytes; objects that come of TensorFlow are its strings."""
        facts = array_facts(obj.array, "copy")
        if facts.dtype != "object":
            return facts
        nbytes, exact = string_bytes(obj.array)
        return replace(facts, dtype="string", nbytes=nbytes, nbytes_exact=exact)


@register_adapter
class DescribedAdapter(Adapter):
    """What a card describes in place of a value that it does not read."""

    kind = "described"
    type_names = ("tfnp_ext.adapters.base.Described",)
    automatic = False

    def facts(self, obj: Any) -> Facts:
        """Returns its shape and dtype."""
        return Facts(shape=obj.shape, dtype=obj.dtype)

    def content(self, obj: Any) -> Content:
        """Returns why it is not read."""
        return Absent(obj.reason, ever=False)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses: only a card holds such.

        Raises:
            ConversionError: Always.
        """
        raise ConversionError("a description holds no values: convert what it describes")


@register_adapter
class NumpyScalarAdapter(DenseAdapter):
    """NumPy scalars: an array of rank 0."""

    kind = "NumPy scalar"
    type_names = ("numpy.generic",)
    automatic = False

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns an array of rank 0, the user's own."""
        return Owned(np.array(obj))

    def facts(self, obj: Any) -> Facts:
        """Returns shape (), dtype and bytes."""
        return array_facts(np.asarray(obj), "copy")


class ForeignArrayAdapter(DenseAdapter):
    """What arrays of other libraries have in common: they say of themselves how they become NumPy's."""

    kind = "array"
    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return type(obj).__name__

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype and bytes."""
        viewed = self.view(obj)
        return array_facts(array_of(viewed), "copy" if isinstance(viewed, Owned) else "view")


@register_adapter
class BufferAdapter(ForeignArrayAdapter):
    """Buffers of Python's own: the numbers in them, without a copy."""

    type_names = ("builtins.memoryview", "builtins.bytearray", "array.array", "mmap.mmap", "_ctypes.Array")

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the numbers in the buffer.

        Raises:
            ConversionError: The buffer is released, or of a format that NumPy does not know.
        """
        try:
            return np.asarray(memoryview(obj))
        except Exception as error:
            raise ConversionError(f"{type(obj).__name__} cannot become an array: {reason(error)}") from error


@register_adapter
class ArrayProtocolAdapter(ForeignArrayAdapter):
    """Anything else that knows how to become an array: JAX, PyTorch, CuPy, pandas, PIL images, DLPack."""

    type_names = ("builtins.object",)
    priority = -100

    def matches(self, obj: Any) -> bool:
        """Returns whether the class (of an ``__array_interface__``, the instance too) offers an array."""
        cls = type(obj)
        return not issubclass(cls, type) and (
            any(hasattr(cls, protocol) for protocol in ("__array__", "__array_interface__", "__dlpack__"))
            or "__array_interface__" in _own_attributes(obj)
        )

    def can_be_looked_at(self, obj: Any) -> bool:
        """Returns whether the class is of a library whose arrays are at hand: others may compute or fetch them."""
        return type(obj).__module__.partition(".")[0] in _AT_HAND

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns what the protocol gives; without a copy only what shares memory with itself when asked again."""
        viewed = self.view(obj)
        if conversion.copy is False and not isinstance(viewed, Owned) and viewed.size:
            again = self.view(obj)
            return viewed if np.shares_memory(viewed, array_of(again)) else Owned(viewed)
        return viewed

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype and bytes; whether it shares memory only where the library is known to."""
        try:
            viewed = self.view(obj)
        except ConversionError:
            if not self.can_be_looked_at(obj):
                raise
            return _facts_alone(obj)
        facts = array_facts(array_of(viewed), "copy" if isinstance(viewed, Owned) else "view")
        known = isinstance(viewed, Owned) or type(obj).__module__.partition(".")[0] in _SHARING
        return facts if known else replace(facts, state="", shares_memory=None)

    def content(self, obj: Any) -> Content:
        """Returns the array, or why there is none: given away, or without a memory of its own."""
        try:
            return super().content(obj)
        except ConversionError as error:
            if not self.can_be_looked_at(obj):
                raise
            return _why_none(obj, error)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns what the protocol gives; DLPack comes last, since it can abort the process.

        Raises:
            ConversionError: The protocol fails, or gives back the object itself in an array of rank 0.
        """
        name = type(obj).__name__
        try:
            array = through_dlpack(obj) if _offers_only_dlpack(obj) else np.asarray(_on_host(obj))
        except ConversionError:
            raise
        except Exception as error:
            raise ConversionError(f"{name} cannot become an array: {reason(error)}") from error
        if isinstance(array, Owned):
            return array
        if array.dtype == object and array.ndim == 0:
            raise ConversionError(f"{name} has no array of numbers: NumPy would only wrap the object itself")
        if _is_copied(obj):
            return Owned(array)
        if not array.flags.writeable and array.flags.owndata:
            # It is not for writing, yet could be thawed: JAX keeps such an array for an int4 or a sharded value.
            return Owned(array.copy())
        return array


_SHARING = frozenset(("jax", "jaxlib", "torch"))
"""Libraries whose arrays share their memory with NumPy; PIL and h5py make an array anew each time."""

_AT_HAND = _SHARING | {"cupy"}
"""Libraries of arrays that are calculated when they are made, and become NumPy's without code of the user's."""

_HOST_DEVICES = frozenset((1, 3, 11, 13))
"""DLPack's device types whose memory the host can read: CPU, CUDA and ROCm pinned memory, CUDA managed memory.

Source: ``DLDeviceType`` of DLPack's C API, https://dmlc.github.io/dlpack/latest/c_api.html
"""

_NOT_FOR_DLPACK = frozenset(("string", "variant", "resource", "object"))
"""Dtypes whose ``__dlpack__`` aborts the process in TensorFlow rather than raising an error."""


def _facts_alone(obj: Any) -> Facts:
    """Returns the facts of an array of JAX, PyTorch or CuPy that does not become NumPy's."""
    dtype = str(obj.dtype).removeprefix("torch.")
    try:
        return Facts(shape=tuple(map(int, obj.shape)), dtype=dtype)
    except Exception:  # rows of unequal length, as PyTorch nests them
        return Facts(shape=None, dtype=dtype)


def _why_none(obj: Any, error: ConversionError) -> Absent:
    """Returns why an array of JAX, PyTorch or CuPy does not become NumPy's, without a word of what it is."""
    if type(obj).__name__.endswith("Tracer"):
        return Absent("inside a function that JAX traces: return it from there")
    said = reason(error.__cause__ or error).rstrip(".!")
    if "has been deleted" in said:
        said = "no values: deleted, or donated to a function"
    elif "out of meta tensor" in said:
        said = "no values: on PyTorch's meta device"
    return Absent(said, ever=False)


def _offers_only_dlpack(obj: Any) -> bool:
    cls = type(obj)
    return not (
        hasattr(cls, "__array__")
        or hasattr(cls, "__array_interface__")
        or "__array_interface__" in _own_attributes(obj)
    )


def _own_attributes(obj: Any) -> Mapping[str, Any]:
    """Returns the attributes of an instance, without asking a ``__getattr__`` of the user's for them."""
    try:
        attributes: Mapping[str, Any] = object.__getattribute__(obj, "__dict__")
    except (AttributeError, TypeError):  # it has none, or stands for another object
        return {}
    return attributes


def plain_attribute(obj: Any, name: str) -> Any:
    """Returns an attribute that stands in an instance or its class as it is; of one that is computed, what does so."""
    own = _own_attributes(obj)
    if name in own:
        return own[name]
    return next((vars(base)[name] for base in type(obj).__mro__ if name in vars(base)), None)


def through_dlpack(obj: Any) -> np.ndarray | Owned:
    """Returns the array that DLPack gives: a view of the host's memory, or a copy off another device.

    Raises:
        ConversionError: The dtype has no numbers, so that asking could abort the process; or the library does not
            copy off its device.
    """
    dtype = getattr(obj, "dtype", None)
    dtype_word = str(getattr(dtype, "name", dtype))
    if type(obj).__module__.startswith("tensorflow.") or dtype_word in _NOT_FOR_DLPACK:
        raise ConversionError(f"{type(obj).__name__} of {dtype_word} holds no numbers that DLPack can carry")
    device_type = int(obj.__dlpack_device__()[0])
    if device_type in _HOST_DEVICES:
        return np.from_dlpack(obj)
    try:
        return Owned(np.from_dlpack(obj, device="cpu", copy=True))
    except (TypeError, BufferError, RuntimeError) as error:
        raise ConversionError(
            f"{type(obj).__name__} lives on a device (DLPack type {device_type}) that its library does not copy from:"
            f" move it to the CPU first ({reason(error)})"
        ) from error


def _is_copied(obj: Any) -> bool:
    """Returns whether what ``_on_host`` gives is new: off a GPU, or computed from a PyTorch tensor's lazy bits."""
    module = type(obj).__module__.partition(".")[0]
    if module == "torch":
        return obj.device.type != "cpu" or bool(obj.is_conj() or obj.is_neg())
    return module == "cupy"


def _on_host(obj: Any) -> Any:
    """Returns what NumPy can look at: a PyTorch tensor off its tape and its device, a CuPy array off its device."""
    module = type(obj).__module__.partition(".")[0]
    if module == "torch":
        detached = obj.detach().cpu()
        name = str(detached.dtype).removeprefix("torch.")
        if name == "bfloat16" or name.startswith("float8_"):
            # PyTorch hands none of these to NumPy; the bits are the same.
            import ml_dtypes

            codes = getattr(sys.modules["torch"], f"int{8 * detached.element_size()}")
            return detached.view(codes).numpy().view(getattr(ml_dtypes, name))
        return detached.resolve_conj().resolve_neg().numpy()
    return obj.get() if module == "cupy" else obj
