"""``to_numpy``: one value, or a nest of values, becomes NumPy.

Only this room recurses into containers; what a kind is and how it converts is its adapter's.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from tfnp_ext import casting as casts
from tfnp_ext import wording
from tfnp_ext.adapters import (
    Adapter,
    Conversion,
    DenseAdapter,
    NestAdapter,
    Owned,
    Parts,
    array_of,
    copy_refused,
    find_adapter,
)
from tfnp_ext.errors import ConversionError

RAGGED = ("object", "pad", "masked", "list")
"""What a ragged tensor can become."""

SPARSE = ("dense", "scipy")
"""What a sparse tensor can become."""

_DEEPEST = 200
_PLAIN = frozenset((int, float, complex, bool, str, bytes, type(None)))


def to_numpy(
    obj: Any,
    *,
    copy: bool | None = None,
    dtype: Any = None,
    casting: str = "same_kind",
    ragged: str = "object",
    fill_value: Any = 0,
    sparse: str = "dense",
    max_bytes: int = 2**30,
    stack: bool = False,
    session: Any = None,
    feed: Any = None,
) -> Any:
    """Returns anything tensor-like as a NumPy array, a nest of it as the same nest of arrays.

    Rank 0 is an array too. A view of a TensorFlow value is read-only, since tensors are immutable and everybody who
    holds one would see the change; a copy is your own and writable.

    Args:
        obj: A tensor, a variable, a gradient, a ragged or sparse tensor, a ``TensorProto`` or its bytes, an array,
            or a dict, list or tuple of these. ``None``, numbers and strings inside a nest stay as they are.
        copy: ``None``: a view where that is safe, else a copy. ``True``: an own, writable array. ``False``: an error
            rather than a copy.
        dtype: What the values shall be cast to; ``str`` decodes strings from UTF-8.
        casting: ``no``, ``equiv``, ``safe``, ``same_kind`` or ``unsafe``, over bool < integer < float < complex.
        ragged: ``object`` (an array of arrays), ``pad`` (filled with ``fill_value``), ``masked`` or ``list``.
        fill_value: What padding is filled with.
        sparse: ``dense``, or ``scipy`` for a ``coo_array``.
        max_bytes: Bytes that a ragged, sparse or compressed value may grow to.
        stack: Whether the leaves of a list or tuple, all of one shape and dtype, are joined to one array along a new
            first axis: a list of losses becomes a vector.
        session: A ``tf.compat.v1.Session`` for a TF 1 graph tensor; the default session otherwise.
        feed: Values for the placeholders of that graph.

    Raises:
        ConversionError: It is not tensor-like, or cannot be converted as asked.
        SymbolicTensorError: It has no value yet.

    Example:
        >>> import tensorflow as tf
        >>> to_numpy(tf.constant([[1, 2, 3], [4, 5, 6]]))
        array([[1, 2, 3],
               [4, 5, 6]], dtype=int32)
    """
    adapter = find_adapter(obj)
    asked = (copy, dtype, casting, ragged, sparse)
    if asked == (None, None, "same_kind", "object", "dense") and isinstance(adapter, DenseAdapter):
        viewed = adapter.view(obj)
        return array_of(viewed)
    if adapter is None:
        raise not_tensor_like(obj)
    for name, value, choices in (
        ("casting", casting, casts.CASTINGS),
        ("ragged", ragged, RAGGED),
        ("sparse", sparse, SPARSE),
        ("copy", copy, (None, True, False)),
    ):
        if value not in choices:
            raise ConversionError(f"{name}={value!r} is not one of {', '.join(map(str, choices))}")
    if stack and copy is False:
        raise ConversionError("stack=True joins the leaves to a new array, so copy=False cannot be kept: leave one out")
    conversion = Conversion(copy, dtype, casting, ragged, fill_value, sparse, max_bytes, session, feed)
    if isinstance(adapter, NestAdapter) and not holds_tensors(obj, bytes_too=True):
        raise ConversionError(f"{adapter.label(obj)} holds nothing tensor-like: use np.array for plain numbers")
    converted = _convert(obj, adapter, conversion, "", ())
    return stacked(converted) if stack else converted


def stacked(converted: Any) -> np.ndarray:
    """Returns the arrays of a list or tuple, at any depth, as one array.

    Raises:
        ConversionError: They are not of one shape and dtype, or something else is among them.
    """
    if isinstance(converted, np.ndarray):
        return converted
    if not isinstance(converted, (list, tuple)) or not converted:
        raise ConversionError(f"stack=True joins lists and tuples of tensors, not {type(converted).__name__}")
    arrays = [stacked(child) for child in converted]
    for place, array in enumerate(arrays):
        if (array.shape, array.dtype) != (arrays[0].shape, arrays[0].dtype):
            raise ConversionError(
                f"stack=True needs one shape and dtype: [0] is {wording.shape(arrays[0].shape)} {arrays[0].dtype},"
                f" [{place}] is {wording.shape(array.shape)} {array.dtype}"
            )
    # np.stack would drop the masks, and show what they hide.
    masked = any(isinstance(array, np.ma.MaskedArray) for array in arrays)
    return np.asanyarray(np.ma.stack(arrays) if masked else np.stack(arrays))


def not_tensor_like(obj: Any) -> ConversionError:
    """Returns the error for a value that no adapter knows."""
    kind = type(obj)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    if kind in weakref.ProxyTypes:
        return ConversionError(f"{name} is not tensor-like: what it stood for is gone, or is no tensor")
    if isinstance(obj, type):
        return ConversionError(f"class {obj.__name__} is not a value: give an instance of it")
    hint = {
        "str": "a string is no tensor",
        "int": "use np.array for plain numbers",
        "float": "use np.array for plain numbers",
        "bool": "use np.array for plain numbers",
        "complex": "use np.array for plain numbers",
    }.get(kind.__name__)
    return ConversionError(
        f"{name} is not tensor-like: {hint or 'give a tensor, a variable, an array or a nest of them'}"
    )


def holds_tensors(obj: Any, *, bytes_too: bool = False, shown: bool = False, limit: float = math.inf) -> bool:
    """Returns whether a container holds anything tensor-like, at any depth.

    Args:
        obj: A dict, list or tuple.
        bytes_too: Whether a list of only bytes counts: serialized tensors.
        shown: Whether only values count that show themselves at the end of a cell (not NumPy's).
        limit: How many entries are looked at.
    """
    pending, looked_at = [obj], 0
    seen: dict[int, Any] = {}  # by identity, and kept alive so that no other object can have it
    while pending:
        nest = pending.pop()
        if id(nest) in seen:
            continue
        seen[id(nest)] = nest
        if bytes_too and nest is obj and is_list_of_bytes(nest):
            return True
        for child in _entries(nest, shown=shown):
            looked_at += 1
            if looked_at > limit:
                return False
            if type(child) in _PLAIN:
                continue
            adapter = find_adapter(child)
            if adapter is None:
                continue
            if adapter.tensor_like and (adapter.automatic or not shown):
                return True
            elif isinstance(adapter, NestAdapter):
                pending.append(child)
    return False


def _entries(nest: Any, *, shown: bool) -> Iterable[Any]:
    """Returns what a container holds; of one that would have to be read for that, nothing where it is only shown."""
    if isinstance(nest, dict):
        return nest.values()
    if isinstance(nest, (list, tuple)):
        return nest
    adapter = find_adapter(nest)
    return () if shown or not isinstance(adapter, NestAdapter) else adapter.parts(nest).children


def is_list_of_bytes(obj: Any) -> bool:
    """Returns whether a list holds only bytes, so that each is parsed as a message."""
    return isinstance(obj, list) and bool(obj) and all(issubclass(type(item), bytes) for item in obj)


def _convert(obj: Any, adapter: Adapter, conversion: Conversion, path: str, ancestors: tuple[int, ...]) -> Any:
    try:
        converted = adapter.to_numpy(obj, conversion)
        if not isinstance(converted, Parts):
            return _finish(converted, adapter, obj, conversion)
    except ConversionError as error:
        if not path:
            raise
        raise type(error)(f"{path}: {error}") from error
    if not isinstance(adapter, NestAdapter):
        return _convert_children(converted, conversion, path, (*ancestors, id(obj)), parse_bytes=False)
    if id(obj) in ancestors:
        raise ConversionError(f"{adapter.label(obj)} contains itself at {path}: a cycle has no end to convert")
    if len(ancestors) >= _DEEPEST:
        raise ConversionError(f"{adapter.label(obj)} is nested more than {_DEEPEST} levels deep")
    parse_bytes = not ancestors and is_list_of_bytes(obj)
    return _convert_children(converted, conversion, path, (*ancestors, id(obj)), parse_bytes=parse_bytes)


def _convert_children(
    parts: Parts, conversion: Conversion, path: str, ancestors: tuple[int, ...], *, parse_bytes: bool
) -> Any:
    as_it_is = conversion.copy is None and conversion.dtype is None
    children = []
    for place, child in enumerate(parts.children):
        inner = find_adapter(child)
        if inner is None or _stays(child, inner) or (isinstance(child, bytes) and not parse_bytes):
            children.append(child)
        elif as_it_is and isinstance(inner, DenseAdapter):
            try:
                viewed = inner.view(child)
            except ConversionError as error:
                raise type(error)(f"{path}{parts.steps[place]}: {error}") from error
            children.append(array_of(viewed))
        else:
            children.append(_convert(child, inner, conversion, path + parts.steps[place], ancestors))
    return parts.rebuild(children)


def _stays(child: Any, adapter: Adapter) -> bool:
    """Returns whether a leaf of a nest is left as it is: a missing gradient, a spec or a shape among tensors."""
    return not adapter.tensor_like and not isinstance(adapter, NestAdapter)


def _finish(converted: np.ndarray | Owned, adapter: Adapter, obj: Any, conversion: Conversion) -> Any:
    """Returns the array cast and copied as asked."""
    owned = isinstance(converted, Owned)
    array = array_of(converted)
    if isinstance(converted, Owned) and converted.settled:
        return array
    if not isinstance(array, np.ndarray):
        if conversion.dtype is not None:
            raise ConversionError(f"{adapter.label(obj)} as {type(array).__name__} takes no dtype")
    elif conversion.dtype is not None:
        cast = casts.cast(array, conversion.dtype, conversion.casting, _describe(adapter, obj, array))
        owned = owned or cast is not array
        array = cast
    if conversion.copy is False and owned:
        raise copy_refused(_describe(adapter, obj, array))
    if conversion.copy is True and not (owned and _is_writable(array)):
        array = array.copy()
    return array


def _is_writable(array: Any) -> bool:
    return not isinstance(array, np.ndarray) or array.flags.writeable


def _describe(adapter: Adapter, obj: Any, array: Any) -> str:
    shape = getattr(array, "shape", ())
    dtype = getattr(array, "dtype", "")
    return f"{adapter.label(obj)} {wording.shape(shape)} {'string' if str(dtype) == 'object' else dtype}"
