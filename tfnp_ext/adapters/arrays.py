"""NumPy's own arrays, and other libraries' arrays through the array protocols."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tfnp_ext.adapters.base import DenseAdapter, Facts, Owned, register_adapter
from tfnp_ext.errors import ConversionError, reason


def array_facts(array: np.ndarray, state: str) -> Facts:
    """Returns the facts of an array: shape, dtype, bytes."""
    return Facts(
        shape=array.shape,
        dtype=_dtype_word(array.dtype),
        device="CPU",
        nbytes=array.nbytes,
        state=state,
        shares_memory=state == "view",
    )


def _dtype_word(dtype: np.dtype) -> str:
    return "object" if dtype.kind == "O" else dtype.name


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


@register_adapter
class ArrayProtocolAdapter(DenseAdapter):
    """Anything else that knows how to become an array: JAX, PyTorch on the CPU, pandas, PIL images, buffers."""

    kind = "array"
    type_names = ("builtins.object",)
    priority = -100
    automatic = False

    def matches(self, obj: Any) -> bool:
        """Returns whether the class (not only the instance) offers an array or a buffer of numbers."""
        cls = type(obj)
        return (
            hasattr(cls, "__array__")
            or hasattr(cls, "__array_interface__")
            or isinstance(obj, memoryview)
            or cls.__module__ == "array"
        ) and not isinstance(obj, type)

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return type(obj).__name__

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns what the protocol gives.

        Raises:
            ConversionError: The protocol fails, or gives back the object itself in an array of rank 0.
        """
        try:
            array = np.asarray(_on_host(obj))
        except Exception as error:
            raise ConversionError(f"{type(obj).__name__} cannot become an array: {reason(error)}") from error
        if array.dtype == object and array.ndim == 0:
            raise ConversionError(
                f"{type(obj).__name__} has no array of numbers: NumPy would only wrap the object itself"
            )
        if _is_copied(obj):
            return Owned(array)
        if not array.flags.writeable and array.flags.owndata:
            # It is not for writing, yet could be thawed: JAX keeps such an array for an int4 or a sharded value.
            return Owned(array.copy())
        return array

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype and bytes."""
        viewed = self.view(obj)
        if isinstance(viewed, Owned):
            return array_facts(viewed.array, "copy")
        return array_facts(viewed, "view")


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
