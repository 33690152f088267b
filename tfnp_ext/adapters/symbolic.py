"""Symbols: tensors and variables that have no value until a function, a model or a session runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import Absent, Adapter, Content, Conversion, Facts, Owned, Parts, register_adapter
from tfnp_ext.adapters.tensors import component, dtype_name, static_shape
from tfnp_ext.errors import ConversionError, SymbolicTensorError, reason


def is_symbolic(tensor: Any) -> bool:
    """Returns whether one component of a composite is a symbol: neither an eager tensor nor an array."""
    return not isinstance(tensor, (np.ndarray, np.generic, list)) and not hasattr(tensor, "backing_device")


def in_function(symbol: Any) -> bool:
    """Returns whether a symbol belongs to a ``tf.function``, rather than to a TF 1 graph."""
    return type(symbol.graph).__name__ == "FuncGraph"


def when_there_is_a_value(symbol: Any) -> str:
    """Returns where the graph of a symbol runs, and the way to its value."""
    if in_function(symbol):
        return "inside tf.function: return it from the function"
    return "in a TF 1 graph: pass session=, or run the session yourself"


def run_in_session(fetches: Any, graph_of: Any, conversion: Conversion) -> Any:
    """Returns what one run of the session gives for TF 1 graph tensors, ``None`` where there is no session.

    Args:
        fetches: What ``session.run`` takes; several tensors are of one run, so that random ones fit together.
        graph_of: The symbol that names the fetches in errors.
        conversion: The session and the feed; without one TensorFlow's default session is taken.

    Raises:
        ConversionError: The session refused: another graph, a placeholder without a value, no initial value.
    """
    session = conversion.session or sys.modules["tensorflow"].compat.v1.get_default_session()
    if session is None or in_function(graph_of):
        return None
    try:
        return session.run(fetches, feed_dict=conversion.feed)
    except Exception as error:
        raise ConversionError(f"{symbol_name(graph_of)} could not be run in the session: {reason(error)}") from error


def components(obj: Any, kind: str, tensors: Sequence[Any], conversion: Conversion) -> list[np.ndarray]:
    """Returns the arrays of the tensors that make up a composite: ragged, sparse or slices.

    Args:
        obj: The composite, for its shape and dtype in errors.
        kind: The user's word for it.
        tensors: Its components: eager tensors, arrays, or symbols.
        conversion: Where the session is, for symbols of a TF 1 graph.

    Raises:
        SymbolicTensorError: They have no value yet.
    """
    symbol = next((tensor for tensor in tensors if is_symbolic(tensor)), None)
    if symbol is None:
        return [component(tensor) for tensor in tensors]
    values = run_in_session(list(tensors), symbol, conversion)
    if values is None:
        known = sys.modules["tensorflow"].get_static_value
        values = [known(tensor) if is_symbolic(tensor) else component(tensor) for tensor in tensors]
    if any(value is None for value in values):
        raise SymbolicTensorError(
            f"{kind} {wording.shape(static_shape(obj))} {dtype_name(obj)} has no value yet"
            f" {when_there_is_a_value(symbol)}"
        )
    return [np.asarray(value) for value in values]


class SymbolAdapter(Adapter):
    """What every symbol has in common: a shape, a dtype, a name, and a sentence on when there is a value."""

    def when(self, obj: Any) -> str:
        """Returns when there is a value, and the way to it."""
        return when_there_is_a_value(obj)

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


def fetched(value: Any) -> Owned:
    """Returns what TensorFlow fetched from a session or a file as an array of the user's own.

    A string of rank 0 comes as ``bytes``, of which NumPy would cut the trailing NULs.
    """
    return Owned(np.array(value, dtype=object) if isinstance(value, bytes) else np.array(value))


@register_adapter
class GraphTensorAdapter(SymbolAdapter):
    """Tensors inside a ``tf.function`` or a TF 1 graph."""

    kind = "SymbolicTensor"
    type_names = ("tensorflow.python.framework.ops.SymbolicTensor",)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the value that a session gives, or the one that TensorFlow knows without running anything.

        Raises:
            SymbolicTensorError: There is neither.
            ConversionError: The session refused.
        """
        value = run_in_session(obj, obj, conversion)
        if value is None:
            value = sys.modules["tensorflow"].get_static_value(obj)
        if value is None:
            raise self.refusal(obj)
        return fetched(value)


@register_adapter
class GraphVariableAdapter(SymbolAdapter):
    """Variables of a TF 1 graph: a session holds their value."""

    kind = "Variable"
    type_names = ("tensorflow.python.ops.variables.Variable",)
    priority = 5

    def matches(self, obj: Any) -> bool:
        """Returns whether the variable was made in a TF 1 graph; an eager one says it was not."""
        return bool(getattr(obj, "_in_graph_mode", type(obj).__name__ == "RefVariable"))

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the value that the session holds.

        Raises:
            SymbolicTensorError: There is no session.
            ConversionError: The session refused: it never ran the variable's initializer.
        """
        value = run_in_session(obj, obj, conversion)
        if value is None:
            raise self.refusal(obj)
        return fetched(value)


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
