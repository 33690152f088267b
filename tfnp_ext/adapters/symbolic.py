"""Symbols: tensors and variables that have no value until a function, a model or a session runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
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
    copy_refused,
    register_adapter,
)
from tfnp_ext.adapters.tensors import component, device_of, dtype_name, on_host, static_shape
from tfnp_ext.errors import ConversionError, SymbolicTensorError, reason


def is_symbolic(tensor: Any) -> bool:
    """Returns whether one component of a composite is a symbol: neither an eager tensor nor an array."""
    return not isinstance(tensor, (np.ndarray, np.generic, list)) and not hasattr(tensor, "backing_device")


def in_function(symbol: Any) -> bool:
    """Returns whether a symbol belongs to a ``tf.function``, its loops and branches, rather than to a TF 1 graph."""
    return any(base.__name__ == "FuncGraph" for base in type(symbol.graph).__mro__)


def when_there_is_a_value(symbol: Any) -> str:
    """Returns where the graph of a symbol runs, and the way to its value."""
    if in_function(symbol):
        return "inside tf.function: return it from the function"
    return "in a TF 1 graph: pass session=, or run the session yourself"


def session_of(conversion: Conversion) -> Any:
    """Returns the session that was given, else TensorFlow's default one, else ``None``."""
    if conversion.session is not None or "tensorflow" not in sys.modules:
        return conversion.session
    return sys.modules["tensorflow"].compat.v1.get_default_session()


def run_in_session(fetches: Sequence[Any], conversion: Conversion) -> list[Any] | None:
    """Returns what one run of the session gives for TF 1 graph tensors, ``None`` where there is no session.

    Args:
        fetches: Tensors and variables of one graph; they are of one run, so that random ones fit together.
        conversion: The session and the feed, and what a run for the whole nest has given already.

    Raises:
        ConversionError: The session refused: another graph, a placeholder without a value, no initial value; or a
            tensor holds a handle, which a session gives as bytes without a meaning.
    """
    if all(id(fetch) in conversion.known for fetch in fetches):
        return [conversion.known[id(fetch)][1] for fetch in fetches]
    session = session_of(conversion)
    if session is None or any(in_function(fetch) for fetch in fetches):
        return None
    for fetch in fetches:
        if dtype_name(fetch) in {"resource", "variant"}:
            raise ConversionError(f"{symbol_name(fetch)} of {dtype_name(fetch)} {_NO_NUMBERS}")
    try:
        values: list[Any] = session.run(list(fetches), feed_dict=conversion.feed)
    except Exception as error:
        raise ConversionError(f"{symbol_name(fetches[0])} could not be run in the session: {reason(error)}") from error
    return values


_NO_NUMBERS = "holds no numbers or strings: convert what it was made of"


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
    symbols = [tensor for tensor in tensors if is_symbolic(tensor)]
    if not symbols:
        devices = {device_of(tensor) for tensor in tensors if not on_host(getattr(tensor, "backing_device", ""))}
        if devices and conversion.copy is False:
            what = f"{kind} {wording.shape(static_shape(obj))} {dtype_name(obj)}"
            raise copy_refused(what, min(devices))
        return [component(tensor) for tensor in tensors]
    values = run_in_session(symbols, conversion)
    if values is None:
        values = [sys.modules["tensorflow"].get_static_value(symbol) for symbol in symbols]
    if any(value is None for value in values):
        raise SymbolicTensorError(
            f"{kind} {wording.shape(static_shape(obj))} {dtype_name(obj)} has no value yet"
            f" {when_there_is_a_value(symbols[0])}"
        )
    given = iter(values)
    return [np.asarray(next(given)) if is_symbolic(tensor) else component(tensor) for tensor in tensors]


def in_graph(tensors: Sequence[Any]) -> list[Any]:
    """Returns those components that a session has to run."""
    return [tensor for tensor in tensors if is_symbolic(tensor) and not in_function(tensor)]


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

    kind = "Tensor"
    type_names = ("tensorflow.python.framework.ops.SymbolicTensor",)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the value that a session gives, or the one that TensorFlow knows without running anything.

        Raises:
            SymbolicTensorError: There is neither.
            ConversionError: The session refused.
        """
        values = run_in_session((obj,), conversion)
        value = values[0] if values else sys.modules["tensorflow"].get_static_value(obj)
        if value is None:
            raise self.refusal(obj)
        return fetched(value)

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns the tensor."""
        return in_graph((obj,))


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
        values = run_in_session((obj,), conversion)
        if values is None:
            raise self.refusal(obj)
        return fetched(values[0])

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns the variable, which a session reads as it runs a tensor."""
        return (obj,)


@register_adapter
class KerasTensorAdapter(SymbolAdapter):
    """``KerasTensor``: the inputs and outputs of a functional model."""

    kind = "KerasTensor"
    type_names = ("keras.src.backend.common.keras_tensor.KerasTensor",)

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, name, and whether its value will be sparse or ragged."""
        kinds = tuple(kind for kind in ("sparse", "ragged") if getattr(obj, kind, False) is True)
        return replace(super().facts(obj), details=kinds)

    def when(self, obj: Any) -> str:
        """Returns that the model gives it a value."""
        return "outside the model: call it on data"

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses: a Keras symbol never has a value of its own.

        Raises:
            SymbolicTensorError: Always.
        """
        raise self.refusal(obj)
