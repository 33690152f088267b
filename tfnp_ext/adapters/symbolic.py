"""Symbols: tensors that have no value until a function, a model or a session runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import Absent, Adapter, Content, Conversion, Facts, Owned, Parts, register_adapter
from tfnp_ext.adapters.tensors import dtype_name, static_shape
from tfnp_ext.errors import ConversionError, SymbolicTensorError, reason


class SymbolAdapter(Adapter):
    """What every symbol has in common: a shape, a dtype, a name, and a sentence on when there is a value."""

    def when(self, obj: Any) -> str:
        """Returns when there is a value, and the way to it."""
        raise NotImplementedError

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype and name."""
        return Facts(
            shape=static_shape(obj),
            dtype=dtype_name(obj),
            name=symbol_name(obj),
            state="symbolic",
        )

    def content(self, obj: Any) -> Content:
        """Returns when there is a value; nothing is evaluated."""
        return Absent(self.when(obj))

    def refusal(self, obj: Any) -> SymbolicTensorError:
        """Returns the error that names the symbol, and where its value can be had."""
        name = symbol_name(obj)
        who = (
            f"{name}, {wording.shape(static_shape(obj))} {dtype_name(obj)},"
            if name
            else f"{self.kind} {wording.shape(static_shape(obj))} {dtype_name(obj)}"
        )
        return SymbolicTensorError(f"{who} has no value yet {self.when(obj)}")


def symbol_name(obj: Any) -> str:
    """Returns the name of a symbol without TensorFlow's output number."""
    return str(getattr(obj, "name", "")).removesuffix(":0")


@register_adapter
class GraphTensorAdapter(SymbolAdapter):
    """Tensors inside a ``tf.function`` or a TF 1 graph."""

    kind = "SymbolicTensor"
    type_names = ("tensorflow.python.framework.ops.SymbolicTensor",)

    def when(self, obj: Any) -> str:
        """Returns where its graph runs."""
        if type(obj.graph).__name__ == "FuncGraph":
            return "inside tf.function: return it from the function"
        return "in a TF 1 graph: pass session=, or run the session yourself"

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the value that a session gives, or the one that TensorFlow knows without running anything.

        Raises:
            SymbolicTensorError: There is neither.
            ConversionError: The session refused.
        """
        import tensorflow as tf

        if type(obj.graph).__name__ != "FuncGraph":
            session = conversion.session or tf.compat.v1.get_default_session()
            if session is not None:
                try:
                    value = session.run(obj, feed_dict=conversion.feed)
                except Exception as error:
                    raise ConversionError(
                        f"{symbol_name(obj)} could not be run in the session: {reason(error)}"
                    ) from error
                return Owned(np.array(value, dtype=object) if isinstance(value, bytes) else np.array(value))
        known = tf.get_static_value(obj)
        if known is None:
            raise self.refusal(obj)
        return Owned(np.array(known))


@register_adapter
class KerasTensorAdapter(SymbolAdapter):
    """``KerasTensor``: the inputs and outputs of a functional model."""

    kind = "KerasTensor"
    type_names = ("keras.src.backend.common.keras_tensor.KerasTensor",)

    def when(self, obj: Any) -> str:
        """Returns that the model gives it a value."""
        return "before the model is called: call the model on data"

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses: a Keras symbol never has a value of its own.

        Raises:
            SymbolicTensorError: Always.
        """
        raise self.refusal(obj)
