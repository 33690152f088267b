"""``to_numpy``: one value, or a nest of values, becomes NumPy.

Only this room recurses into containers; what a kind is and how it converts is its adapter's.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import casting as casts
from tfnp_ext import wording
from tfnp_ext.adapters import (
    Adapter,
    Conversion,
    NestAdapter,
    Owned,
    Parts,
    array_of,
    copy_refused,
    find_adapter,
    is_class_of_none_shown,
)
from tfnp_ext.adapters.symbolic import run_in_session, session_of
from tfnp_ext.errors import ConversionError, warn_caller

RAGGED = ("object", "pad", "masked", "list")
"""What a ragged tensor can become."""

SPARSE = ("dense", "scipy")
"""What a sparse tensor can become."""

JOIN = ("auto", "concat", "stack")
"""How the elements of a dataset can be joined."""

ON_ERROR = ("raise", "skip")
"""What can be done when an element of a dataset fails."""

CHOICES = {"casting": casts.CASTINGS, "ragged": RAGGED, "sparse": SPARSE, "join": JOIN, "on_error": ON_ERROR}
"""The keywords of a conversion that are one of a few words."""

_DEEPEST = 200
_PLAIN = frozenset((int, float, complex, bool, str, bytes, type(None)))


def to_numpy(
    obj: Any,
    *,
    copy: bool | None = None,
    dtype: Any = None,
    casting: str = "same_kind",
    ragged: str | None = None,
    fill_value: Any = 0,
    sparse: str = "dense",
    join: str = "auto",
    take: int | None = None,
    max_bytes: int | str | None = 2**30,
    stack: bool = False,
    session: Any = None,
    feed: Any = None,
    timeout: float | None = None,
    on_error: str = "raise",
    progress: bool = True,
) -> Any:
    """Returns anything tensor-like as a NumPy array, a nest of it as the same nest of arrays.

    Rank 0 is an array too. A view of a TensorFlow value is read-only, since tensors are immutable and everybody who
    holds one would see the change; a copy is your own and writable.

    A dataset is run: its elements become one array, or one for each tensor of their structure. Ctrl-C ends that early.

    Args:
        obj: A tensor, a variable, a gradient, a ragged or sparse tensor, a ``TensorProto`` or its bytes, an array,
            a dataset, or a dict, list or tuple of these. ``None``, numbers and strings inside a nest stay as they are.
        copy: ``None``: a view where that is safe, else a copy. ``True``: an own, writable array. ``False``: an error
            rather than a copy.
        dtype: What the values shall be cast to; ``str`` decodes strings from UTF-8.
        casting: ``no``, ``equiv``, ``safe``, ``same_kind`` or ``unsafe``, over bool < integer < float < complex.
        ragged: ``object`` (an array of arrays), ``pad`` (filled with ``fill_value``), ``masked`` or ``list``. ``None``
            is ``object``, but for elements of a dataset that differ in shape and are no ragged tensors: those are
            refused.
        fill_value: What padding is filled with.
        sparse: ``dense``, or ``scipy`` for a ``coo_array``.
        join: How the elements of a dataset are joined: ``concat`` (batches on end), ``stack`` (along a new first
            axis), or ``auto``: concatenated where every tensor of the ``element_spec`` leads with an unknown length.
        take: How many elements of a dataset are drawn; ``None`` for all.
        max_bytes: Bytes that a ragged, sparse or compressed value, or what a dataset gives, may grow to: a number,
            ``"4GiB"``, or ``None`` for no bound.
        stack: Whether the leaves of a list or tuple, all of one shape and dtype, are joined to one array along a new
            first axis: a list of losses becomes a vector.
        session: A ``tf.compat.v1.Session`` for a TF 1 graph tensor; the default session otherwise.
        feed: Values for the placeholders of that graph.
        timeout: Seconds to wait for one element of a dataset; then the result is what came until then.
        on_error: What is done when an element of a dataset fails: ``raise``, or ``skip`` it and count it.
        progress: Whether a bar is shown when a dataset takes longer than a second.

    Raises:
        ConversionError: It is not tensor-like, or cannot be converted as asked.
        SymbolicTensorError: It has no value yet.
        ConversionInterrupted: Ctrl-C while a dataset ran; what came until then is its ``partial``.

    Warns:
        UserWarning: Elements of a dataset were skipped, or did not come in time.

    Example:
        >>> import tensorflow as tf
        >>> to_numpy(tf.constant([[1, 2, 3], [4, 5, 6]]))
        array([[1, 2, 3],
               [4, 5, 6]], dtype=int32)
    """
    __tracebackhide__ = True  # of what is refused on purpose, where that is decided is told and not the way there
    asked = (copy, dtype, casting, ragged, sparse, join, take, timeout, on_error)
    if asked == (None, None, "same_kind", None, "dense", "auto", None, None, "raise"):
        adapter = find_adapter(obj)
        if adapter is not None and adapter.is_dense:
            viewed = adapter.view(obj)  # type: ignore[attr-defined]
            return array_of(viewed)
    conversion = read_conversion(
        copy=copy,
        dtype=dtype,
        casting=casting,
        ragged=ragged,
        fill_value=fill_value,
        sparse=sparse,
        join=join,
        take=take,
        max_bytes=max_bytes,
        session=session,
        feed=feed,
        timeout=timeout,
        on_error=on_error,
        progress=progress,
    )
    converted = convert(obj, conversion, stack=stack)
    warn_caller(conversion.warned)
    return converted


def read_conversion(**asked: Any) -> Conversion:
    """Returns the keywords of ``to_numpy`` as what a conversion asks for.

    Raises:
        ConversionError: One of them has a value that it cannot have.
    """
    conversion = Conversion(**{**asked, "max_bytes": read_bound(asked.get("max_bytes", 2**30))})
    for name, choices in CHOICES.items():
        value = getattr(conversion, name)
        if not (isinstance(value, str) and value in choices) and not (name == "ragged" and value is None):
            raise ConversionError(f"{name}={value!r} is not one of {', '.join(choices)}")
    copy, take, timeout = conversion.copy, conversion.take, conversion.timeout
    if not (copy is None or isinstance(copy, (bool, np.bool_))):
        raise ConversionError(f"copy={copy!r} is not one of None, True, False")
    if take is not None and (isinstance(take, bool) or not isinstance(take, (int, np.integer)) or take < 0):
        raise ConversionError(f"take={take!r} is no number of elements: give a whole number, or None for all")
    if timeout is not None and (isinstance(timeout, bool) or not (isinstance(timeout, (int, float)) and timeout > 0)):
        raise ConversionError(f"timeout={timeout!r} is no number of seconds above 0: give one, or None for no bound")
    return replace(conversion, copy=None if copy is None else bool(copy), take=None if take is None else int(take))


def convert(obj: Any, conversion: Conversion, *, stack: bool = False) -> Any:
    """Returns a value as ``conversion`` asks; what was done for that is added to its ``told`` and ``warned``.

    Raises:
        ConversionError: As in ``to_numpy``.
    """
    __tracebackhide__ = True
    adapter = find_adapter(obj)
    if adapter is None:
        raise not_tensor_like(obj)
    if not adapter.yields_elements:
        refuse_what_is_for_elements(conversion, adapter, obj)
    if stack and conversion.copy is False:
        raise ConversionError("stack=True joins the leaves to a new array, so copy=False cannot be kept: leave one out")
    if isinstance(adapter, NestAdapter):
        if not adapter.holds_arrays and not holds_tensors(obj, bytes_too=True):
            raise without_tensors(obj, adapter)
        if session_of(conversion) is not None:
            _run_at_once(obj, adapter, conversion)
    converted = _convert(obj, adapter, conversion, "", ())
    return stacked(converted) if stack else converted


def refuse_what_is_for_elements(conversion: Conversion, adapter: Adapter, obj: Any) -> None:
    """Raises an error for an option that only a dataset has a use for."""
    plain = Conversion()
    for name in ("join", "take", "timeout", "on_error"):
        if getattr(conversion, name) != getattr(plain, name):
            if runs_a_dataset(obj):
                return
            what = f"{name}={getattr(conversion, name)!r} is for datasets, whose elements are drawn"
            raise ConversionError(f"{what}, and {adapter.label(obj)} is none: leave it out")


def read_bound(max_bytes: Any) -> float:
    """Returns ``max_bytes`` as a number.

    Raises:
        ConversionError: It is none, or negative.
    """
    read = wording.read_byte_count(max_bytes) if isinstance(max_bytes, str) else max_bytes
    if max_bytes is None:
        return math.inf
    if isinstance(read, bool) or not isinstance(read, (int, float, np.integer)) or not read >= 0:
        raise ConversionError(f"max_bytes={max_bytes!r} is no number of bytes: give one, or a size as in '4GiB'")
    return float(read) if read == math.inf else int(read)


def without_tensors(nest: Any, adapter: Adapter) -> ConversionError:
    """Returns the error for a nest that holds nothing to convert."""
    leaves = list(_leaves(nest, adapter))
    if leaves and all(leaf is None for leaf in leaves):
        what = f"every gradient in the {adapter.label(nest)} is None"
        return ConversionError(f"{what}: the target is connected to none of the sources, or the tape watched none")
    return ConversionError(f"{adapter.label(nest)} holds nothing tensor-like: use np.array for plain numbers")


def _leaves(nest: Any, adapter: Adapter) -> Iterator[Any]:
    """Yields what is in a nest at any depth and is no nest itself, each container once."""
    pending: list[tuple[Any, Adapter | None]] = [(nest, adapter)]
    seen: dict[int, Any] = {}
    while pending:
        obj, inner = pending.pop()
        if not isinstance(inner, NestAdapter):
            yield obj
        elif id(obj) not in seen:
            seen[id(obj)] = obj
            pending += [(child, find_adapter(child)) for child in inner.parts(obj).children]


def _run_at_once(nest: Any, adapter: Adapter, conversion: Conversion) -> None:
    """Has one run of the session give all TF 1 graph tensors of a nest: features and labels of one batch fit so."""
    tensors: dict[int, Any] = {}
    for leaf in _leaves(nest, adapter):
        inner = find_adapter(leaf)
        tensors.update((id(tensor), tensor) for tensor in (inner.graph_tensors(leaf) if inner else ()))
    if tensors:
        values = run_in_session(list(tensors.values()), conversion)
        for tensor, value in zip(tensors.values(), values or (), strict=False):
            conversion.known[id(tensor)] = tensor, value


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
    if issubclass(kind, type):
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


def holds_tensors(
    obj: Any,
    *,
    bytes_too: bool = False,
    shown: bool = False,
    limit: float = math.inf,
    shows_itself: Callable[[type], bool] = lambda _: False,
) -> bool:
    """Returns whether a container holds anything tensor-like, at any depth.

    Args:
        obj: A dict, list or tuple.
        bytes_too: Whether a list of only bytes counts: serialized tensors.
        shown: Whether only values count that show themselves at the end of a cell (not NumPy's).
        limit: How many entries are looked at.
        shows_itself: Whether a class has a display of its user's: models of such do not count.
    """
    pending, looked_at = [obj], 0
    others: set[type] = set()  # classes of which no object shows itself: a list may hold very many of one
    seen: dict[int, Any] = {}  # by identity, and kept alive so that no other object can have it
    while pending:
        nest = pending.pop()
        if id(nest) in seen:
            continue
        seen[id(nest)] = nest
        if bytes_too and nest is obj and is_list_of_bytes(nest):
            return True
        for child in _entries_shown(nest) if shown else _entries(nest):
            looked_at += 1
            if looked_at > limit:
                return False
            if type(child) in _PLAIN or type(child) in others:
                continue
            adapter = find_adapter(child)
            if adapter is None:
                if shown and is_class_of_none_shown(child):
                    others.add(type(child))
                continue
            if adapter.tensor_like and (adapter.automatic or not shown):
                return True
            if (shown and isinstance(adapter, NestAdapter) and adapter.is_value) or is_dataset(adapter, child):
                return True
            if shown and _has_weights(adapter, child) and not shows_itself(type(child)):
                return True
            elif isinstance(adapter, NestAdapter):
                pending.append(child)
    return False


def _has_weights(adapter: Adapter, obj: Any) -> bool:
    try:
        return isinstance(adapter, NestAdapter) and adapter.has_weights(obj)
    except Exception:  # a property of the user's
        return False


def _entries(nest: Any) -> Iterable[Any]:
    """Returns what a container holds."""
    if isinstance(nest, dict):
        return nest.values()
    if isinstance(nest, (list, tuple)):
        return nest
    adapter = find_adapter(nest)
    return adapter.parts(nest).children if isinstance(adapter, NestAdapter) else ()


def _entries_shown(nest: Any) -> Iterator[Any]:
    """Yields what a card shows in a container: of one that would have to be read for that, or that fails, nothing."""
    try:
        if isinstance(nest, (dict, list, tuple)):
            yield from _entries(nest)
            return
        adapter = find_adapter(nest)
        if isinstance(adapter, NestAdapter) and adapter.is_container and adapter.unfolds(nest):
            yield from adapter.shown_parts(nest).children
    except Exception:
        return


def is_list_of_bytes(obj: Any) -> bool:
    """Returns whether a list holds only bytes, so that each is parsed as a message."""
    return isinstance(obj, list) and bool(obj) and all(issubclass(type(item), bytes) for item in obj)


def _convert(obj: Any, adapter: Adapter, conversion: Conversion, path: str, ancestors: tuple[int, ...]) -> Any:
    __tracebackhide__ = True
    if id(obj) in conversion.rebuilt:  # whoever shares a container goes on sharing it
        return conversion.rebuilt[id(obj)][1]
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
    result = _convert_children(converted, conversion, path, (*ancestors, id(obj)), parse_bytes=parse_bytes)
    conversion.rebuilt[id(obj)] = obj, result
    return result


def _convert_children(
    parts: Parts, conversion: Conversion, path: str, ancestors: tuple[int, ...], *, parse_bytes: bool
) -> Any:
    as_it_is = conversion.copy is None and conversion.dtype is None
    children = []
    for place, child in enumerate(parts.children):
        inner = find_adapter(child)
        if inner is not None and inner.is_dense and as_it_is:
            try:
                viewed = inner.view(child)  # type: ignore[attr-defined]
            except ConversionError as error:
                raise type(error)(f"{path}{parts.steps[place]}: {error}") from error
            children.append(viewed if type(viewed) is np.ndarray else array_of(viewed))
        elif inner is None or _stays(inner, child) or (isinstance(child, bytes) and not parse_bytes):
            children.append(child)
        else:
            children.append(_convert(child, inner, conversion, path + parts.steps[place], ancestors))
    return parts.rebuild(children)


def _stays(adapter: Adapter, obj: Any) -> bool:
    """Returns whether a leaf of a nest is left as it is: a missing gradient, a spec, an iterator among tensors."""
    return not adapter.tensor_like and not isinstance(adapter, NestAdapter) and not is_dataset(adapter, obj)


def runs_a_dataset(obj: Any) -> bool:
    """Returns whether converting a value runs a pipeline: it is or holds a dataset, or is an iterator of one."""
    adapter = find_adapter(obj)
    if isinstance(adapter, NestAdapter) and adapter.is_container:
        return any(is_dataset(find_adapter(leaf), leaf) for leaf in _leaves(obj, adapter))
    return adapter is not None and adapter.yields_elements


def is_dataset(adapter: Adapter | None, obj: Any) -> bool:
    """Returns whether a value yields elements as often as one likes: a dataset, but no iterator of one."""
    return adapter is not None and adapter.yields_elements and not hasattr(type(obj), "__next__")


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
        cast = casts.cast(array, conversion.dtype, conversion.casting, lambda: _describe(adapter, obj, array))
        owned = owned or cast is not array
        array = cast
    if conversion.copy is False and owned:
        raise copy_refused(_describe(adapter, obj, array), _elsewhere(adapter, obj))
    if conversion.copy is True and not (owned and _is_writable(array)):
        array = array.copy()
    return array


def _elsewhere(adapter: Adapter, obj: Any) -> str:
    """Returns the device that a value has to be fetched from, ``""`` where it is on the CPU."""
    try:
        device = adapter.facts(obj).device
    except Exception:
        return ""
    return "" if device.startswith("CPU") else device


def _is_writable(array: Any) -> bool:
    return not isinstance(array, np.ndarray) or array.flags.writeable


def _describe(adapter: Adapter, obj: Any, array: Any) -> str:
    shape = getattr(array, "shape", ())
    dtype = getattr(array, "dtype", "")
    return f"{adapter.label(obj)} {wording.shape(shape)} {'string' if str(dtype) == 'object' else dtype}"
