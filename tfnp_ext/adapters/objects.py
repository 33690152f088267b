"""Objects that hold tensors: extension types, dataclasses, tables, generators, histories, checkpoints, optionals."""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Absent,
    Adapter,
    Content,
    Conversion,
    Curves,
    DenseAdapter,
    Described,
    Facts,
    NestAdapter,
    Owned,
    Parts,
    find_adapter,
    register_adapter,
)
from tfnp_ext.adapters.examples import named_parts
from tfnp_ext.adapters.nests import had
from tfnp_ext.adapters.specs import spec_words
from tfnp_ext.adapters.symbolic import fetched
from tfnp_ext.adapters.tensors import component
from tfnp_ext.casting import cast, kind_rank
from tfnp_ext.errors import ConversionError, SymbolicTensorError, reason


@register_adapter
class ExtensionTypeAdapter(NestAdapter):
    """User-defined ``tf.experimental.ExtensionType``: a dict of its fields."""

    kind = "ExtensionType"
    type_names = ("tensorflow.python.framework.extension_type.ExtensionType",)
    is_value = True
    has_fields = True

    def label(self, obj: Any) -> str:
        """Returns the name of the user's class."""
        return str(obj.__class__.__name__)

    def parts(self, obj: Any) -> Parts:
        """Returns the fields by name."""
        return named_parts({field.name: getattr(obj, field.name) for field in obj._tf_extension_type_fields()})


@register_adapter
class WeakTensorAdapter(DenseAdapter):
    """``WeakTensor``, which NumPy behaviour makes of Python numbers: the tensor in it."""

    kind = "WeakTensor"
    type_names = ("tensorflow.python.framework.weak_tensor.WeakTensor",)
    priority = 1

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the array of the tensor."""
        return self._tensor(obj).view(obj.tensor)

    def facts(self, obj: Any) -> Facts:
        """Returns the facts of the tensor."""
        return self._tensor(obj).facts(obj.tensor)

    def _tensor(self, obj: Any) -> DenseAdapter:
        adapter = find_adapter(obj.tensor)
        if not isinstance(adapter, DenseAdapter):
            raise SymbolicTensorError("WeakTensor has no value yet inside tf.function: return it from the function")
        return adapter


@register_adapter
class StructuredTensorAdapter(NestAdapter):
    """``StructuredTensor``: a dict of its fields, ragged ones included."""

    kind = "StructuredTensor"
    type_names = ("tensorflow.python.ops.structured.structured_tensor.StructuredTensor",)
    is_value = True
    has_fields = True

    def parts(self, obj: Any) -> Parts:
        """Returns the fields by name."""
        return named_parts({name: obj.field_value(name) for name in obj.field_names()})


@register_adapter
class DataclassAdapter(NestAdapter):
    """Dataclasses and attrs classes, class kept."""

    kind = "dataclass"
    type_names = ("builtins.object",)
    priority = -50
    class_tells = True
    automatic = False
    is_container = True

    def matches(self, obj: Any) -> bool:
        """Returns whether it is an instance of such a class."""
        cls = type(obj)
        return hasattr(cls, "__dataclass_fields__") or hasattr(cls, "__attrs_attrs__")

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return str(obj.__class__.__name__)

    def parts(self, obj: Any) -> Parts:
        """Returns the fields that are set; a frozen class is rebuilt as well."""
        cls = type(obj)
        fields = dataclasses.fields(obj) if hasattr(cls, "__dataclass_fields__") else cls.__attrs_attrs__
        names = [field.name for field in fields if hasattr(obj, field.name)]

        def rebuild(children: Sequence[Any]) -> Any:
            fresh = copy.copy(obj)
            for name, child in zip(names, children, strict=True):
                if child is not getattr(obj, name):
                    object.__setattr__(fresh, name, child)
            return fresh

        return Parts(tuple(f".{name}" for name in names), tuple(getattr(obj, name) for name in names), rebuild)

    def shown_parts(self, obj: Any) -> Parts:
        """Returns the fields that are set; what cannot be had says why."""
        cls = type(obj)
        fields = dataclasses.fields(obj) if hasattr(cls, "__dataclass_fields__") else cls.__attrs_attrs__
        read = {field.name: had(partial(getattr, obj, field.name, _UNSET)) for field in fields}
        found = {name: value for name, value in read.items() if value is not _UNSET}
        return Parts(tuple(f".{name}" for name in found), tuple(found.values()), tuple)

    def unfolds(self, obj: Any) -> bool:
        """Returns whether its class leaves its repr to Python: one with its own is more than its fields."""
        return not has_own_repr(type(obj))


_UNSET = object()


def has_own_repr(cls: type) -> bool:
    """Returns whether somebody wrote the ``__repr__`` of a class; those of dataclasses are written for them."""
    for base in cls.__mro__[:-1]:
        if "__repr__" in vars(base):
            return not is_generated(vars(base)["__repr__"])
    return False


def is_generated(method: Any) -> bool:
    """Returns whether a ``__repr__`` comes of ``collections``, of ``dataclasses`` or of attrs."""
    file = getattr(getattr(method, "__code__", None), "co_filename", "")
    generated = file.endswith(("reprlib.py", "dataclasses.py")) or file.startswith(("<attrs generated", "<string>"))
    return generated or getattr(method, "__module__", "") == "collections"


@register_adapter
class LookupTableAdapter(NestAdapter):
    """Lookup tables: their keys and values."""

    kind = "lookup table"
    type_names = ("tensorflow.python.ops.lookup_ops.LookupInterface",)
    holds_arrays = True

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return str(obj.__class__.__name__)

    def shown_parts(self, obj: Any) -> Parts:
        """Returns how many keys and values there are, and of which dtype; none is read."""
        if not sys.modules["tensorflow"].executing_eagerly():
            raise SymbolicTensorError(f"{self.label(obj)} has no value inside tf.function: convert it outside")
        try:
            count = int(obj.size())
        except Exception as error:
            raise ConversionError(f"{self.label(obj)} cannot be read: {reason(error)}") from error
        said = "not read: %tonumpy reads it"
        return named_parts(
            {
                "keys": Described((count,), obj.key_dtype.name, said),
                "values": Described((count,), obj.value_dtype.name, said),
            }
        )

    def parts(self, obj: Any) -> Parts:
        """Returns keys and values, in the table's own order.

        Raises:
            SymbolicTensorError: There is no value here: inside ``tf.function``.
            ConversionError: The table cannot be read: not initialised, or without a list of its keys.
        """
        if not sys.modules["tensorflow"].executing_eagerly():
            raise SymbolicTensorError(f"{self.label(obj)} has no value inside tf.function: convert it outside")
        source: Any = obj if hasattr(obj, "export") else getattr(obj, "_table", None)
        if source is None:
            raise ConversionError(f"{self.label(obj)} holds no keys: it only hashes them into buckets")
        try:
            keys, values = (np.array(component(part)) for part in source.export())
        except Exception as error:
            raise ConversionError(f"{self.label(obj)} cannot be read: {reason(error)}") from error
        if hasattr(source, "_empty_key"):
            # A dense table exports its empty buckets too, and a scalar key or value as a vector of one.
            kept = np.ones(len(keys), dtype=bool)
            for marker in (source._empty_key, source._deleted_key):
                unused = component(sys.modules["tensorflow"].convert_to_tensor(marker, source.key_dtype))
                keys = keys.reshape(len(keys), *unused.shape)
                kept &= ~(keys == unused).reshape(len(keys), -1).all(axis=1)
            keys, values = keys[kept], values[kept].reshape(int(kept.sum()), *source._value_shape.as_list())
        return named_parts({"keys": Owned(keys), "values": Owned(values)})


@register_adapter
class RandomGeneratorAdapter(DenseAdapter):
    """``tf.random.Generator`` and Keras' ``SeedGenerator``: their state."""

    kind = "random generator"
    type_names = (
        "tensorflow.python.ops.stateful_random_ops.Generator",
        "keras.src.random.seed_generator.SeedGenerator",
    )

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return str(obj.__class__.__name__)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the state now."""
        return self._state(obj).view(obj.state)

    def facts(self, obj: Any) -> Facts:
        """Returns the facts of the state."""
        return self._state(obj).facts(obj.state)

    def _state(self, obj: Any) -> DenseAdapter:
        adapter = find_adapter(obj.state)
        if not isinstance(adapter, DenseAdapter):
            raise ConversionError(f"{self.label(obj)} has a state of {type(obj.state).__name__}, which is no variable")
        return adapter


@register_adapter
class HistoryAdapter(NestAdapter):
    """Keras ``History``: one curve a metric."""

    kind = "History"
    type_names = ("keras.src.callbacks.history.History",)
    holds_arrays = True
    may_be_curves = True

    def parts(self, obj: Any) -> Parts:
        """Returns an array [epochs, …] for each metric.

        Raises:
            ConversionError: Nothing was trained, or the values of a curve have different shapes.
        """
        curves = getattr(obj, "history", None)
        if not curves:
            raise ConversionError("History holds no curve yet: it fills while model.fit runs")
        return named_parts({name: Owned(_curve(name, values)) for name, values in curves.items()})

    def content(self, obj: Any) -> Content:
        """Returns the curves: metrics of one number an epoch, counted from 1 as in Keras's log; others are named."""
        curves = {name: _curve_or_none(name, values) for name, values in (getattr(obj, "history", None) or {}).items()}
        lengths = [len(curve) for curve in curves.values() if curve is not None]
        if not lengths or not max(lengths):
            return super().content(obj)
        epochs = [epoch + 1 for epoch in getattr(obj, "epoch", ())]
        count = len(epochs) if len(epochs) in lengths else max(lengths)
        values = {name: curve for name, curve in curves.items() if curve is not None and len(curve) == count}
        others = tuple(name for name in curves if name not in values)
        return Curves(values, epochs if len(epochs) == count else range(1, count + 1), others)

    def facts(self, obj: Any) -> Facts:
        """Returns how many epochs and metrics there are."""
        return self.seen(obj)[0]

    def seen(self, obj: Any) -> tuple[Facts, Content]:
        """Returns the curves, and how many epochs and metrics they have: numbers of Python become arrays only once."""
        content = self.content(obj)
        if not isinstance(content, Curves):
            return super().facts(obj), content
        told = wording.plural(len(content.epochs), "epoch"), wording.plural(len(content.values), "metric")
        return Facts(shape=None, dtype="", details=told), content


def _curve_or_none(name: str, values: Any) -> np.ndarray | None:
    """Returns the values of a metric where they are one number an epoch."""
    try:
        curve = _curve(name, values)
    except ConversionError:
        return None
    return curve if curve.ndim == 1 and kind_rank(curve.dtype) in {0, 1, 2} else None


def _curve(name: str, values: Any) -> np.ndarray:
    """Returns the values of a metric, one an epoch; numbers of one kind and shape."""
    if set(map(type, values)) == {float}:  # as Keras itself keeps them, of a long training very many
        return np.array(values)
    arrays = [np.asarray(component(value) if hasattr(value, "backing_device") else value) for value in values]
    if len({array.shape for array in arrays}) > 1:
        raise ConversionError(f"History curve {name!r} has values of different shapes: convert them one by one")
    ranks = {dtype: kind_rank(dtype) for dtype in {array.dtype for array in arrays}}
    if None in ranks.values():
        raise ConversionError(f"History curve {name!r} holds what is no number: convert its values one by one")
    curve = np.stack(arrays) if arrays else np.empty(0)
    if kind_rank(curve.dtype) == 2:
        for dtype in (dtype for dtype, rank in ranks.items() if rank == 1):
            integers = np.stack([array for array in arrays if array.dtype == dtype])
            cast(integers, curve.dtype, "same_kind", f"History curve {name!r}")  # refuses to lose an integer's digits
    return curve


_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


@register_adapter
class CheckpointReaderAdapter(NestAdapter):
    """``tf.train.load_checkpoint``: the variables by name, but for TensorFlow's own object graph."""

    kind = "CheckpointReader"
    type_names = ("tensorflow.python.util._pywrap_checkpoint_reader.CheckpointReader",)
    holds_arrays = True

    def shown_parts(self, obj: Any) -> Parts:
        """Returns shapes and dtypes by name; the file's values are not read."""
        dtypes = obj.get_variable_to_dtype_map()
        return named_parts(
            {
                name: Described(tuple(shape), dtypes[name].name, "in the file: %tonumpy reads it")
                for name, shape in sorted(obj.get_variable_to_shape_map().items())
                if name != _OBJECT_GRAPH
            }
        )

    def parts(self, obj: Any) -> Parts:
        """Returns the arrays by name, read from the file.

        Raises:
            ConversionError: The file cannot be read, or holds what is no array.
        """
        names = sorted(name for name in obj.get_variable_to_shape_map() if name != _OBJECT_GRAPH)
        return named_parts({name: _saved(obj, name) for name in names})


def _saved(reader: Any, name: str) -> Owned:
    try:
        return fetched(reader.get_tensor(name))
    except Exception as error:
        raise ConversionError(f"CheckpointReader cannot read {name!r}: {reason(error)}") from error


@register_adapter
class OptionalAdapter(Adapter):
    """``tf.experimental.Optional``: its value."""

    kind = "Optional"
    type_names = ("tensorflow.python.data.ops.optional_ops.Optional",)

    def facts(self, obj: Any) -> Facts:
        """Returns no more than the kind: looking for the value would run an operation."""
        return Facts(shape=None, dtype="")

    def content(self, obj: Any) -> Content:
        """Returns what it would hold; see ``facts``."""
        spec = getattr(obj, "element_spec", None)
        held = "a value" if spec is None else spec_words(spec)
        return Absent(f"holds {held}, or nothing: %tonumpy asks", ever=False)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the value as a part.

        Raises:
            SymbolicTensorError: There is no value here: inside ``tf.function``.
            ConversionError: It is empty.
        """
        if not sys.modules["tensorflow"].executing_eagerly():
            raise SymbolicTensorError("Optional has no value inside tf.function: return its .get_value() from there")
        if not bool(obj.has_value()):
            raise ConversionError("Optional is empty: it has no value; ask .has_value() first")
        return Parts((".get_value()",), (obj.get_value(),), lambda children: children[0])


@register_adapter
class TensorArrayAdapter(Adapter):
    """``TensorArray`` outside of graphs: its elements stacked, none of them consumed."""

    kind = "TensorArray"
    type_names = ("tensorflow.python.ops.tensor_array_ops.TensorArray",)

    def facts(self, obj: Any) -> Facts:
        """Returns how many elements there are, where that is known here, their shape and the dtype; nothing is read."""
        element, elements = obj.element_shape, _elements(obj)
        size = None if elements is None else len(elements)
        shape = None if element.rank is None else (size, *element.as_list())
        return Facts(shape=shape, dtype=obj.dtype.name, state="not read")

    def content(self, obj: Any) -> Content:
        """Returns nothing: reading an element consumes it."""
        elements = _elements(obj)
        what = "its elements" if elements is None else wording.plural(len(elements), "element")
        return Absent(f"reading consumes {what}, %tonumpy does not", ever=False)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the elements stacked along a new first axis.

        Raises:
            SymbolicTensorError: It lives in a graph.
            ConversionError: An element is unwritten or was read already, or their shapes differ.
        """
        elements = _elements(obj)
        if elements is None:
            raise SymbolicTensorError("TensorArray lives in a graph: use .stack() there, and convert what comes out")
        arrays = []
        for place, element in enumerate(elements):
            if element is None:
                raise ConversionError(
                    f"TensorArray element {place} of {len(elements)} is not there: never written, or read already"
                    " (clear_after_read=False keeps elements)"
                )
            arrays.append(component(element))
        if not arrays:
            raise ConversionError("TensorArray has no elements: write some first")
        return Owned(_stacked(arrays))


def _elements(tensors: Any) -> Sequence[Any] | None:
    """Returns the elements of a ``TensorArray`` as it keeps them, none of them consumed; ``None`` in a graph."""
    return getattr(getattr(tensors, "_implementation", None), "_tensor_array", None)


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    other = next((array for array in arrays if array.shape != arrays[0].shape), None)
    if other is not None:
        raise ConversionError(
            f"TensorArray elements have different shapes, {wording.shape(arrays[0].shape)} and"
            f" {wording.shape(other.shape)}: convert them one by one"
        )
    return np.stack(arrays)
