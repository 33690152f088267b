"""Containers: dict, list, tuple, named tuple and deque, whose leaves are converted one by one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from operator import getitem
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from tfnp_ext.adapters.base import Failed, IndexSteps, NestAdapter, Parts, register_adapter
from tfnp_ext.errors import reason

_TRACKERS = ("tensorflow.", "keras.")
"""Modules whose containers only watch what is put into the user's own: they come back as plain ones."""


def keeps_class(container: Any) -> bool:
    """Returns whether a container of the user's own class comes back as one, rather than as the plain class."""
    return not f"{type(container).__module__}.".startswith((*_TRACKERS, "builtins."))


class ContainerAdapter(NestAdapter):
    """What they have in common."""

    automatic = False
    is_container = True

    def label(self, obj: Any) -> str:
        """Returns the class name, of what a tracking wrapper stands for too."""
        return str(obj.__class__.__name__)


_WRITTEN = frozenset({type(None), bool, int, float, complex, str, bytes})
"""Classes of keys that are written as Python writes them."""


def _key_text(key: Any) -> str:
    """Returns a key as Python writes it; one of another class by the name of that: its repr would run its code."""
    if type(key) in _WRITTEN:
        return repr(key)
    if type(key) is tuple:
        inner = ", ".join(map(_key_text, key))
        return f"({inner},)" if len(key) == 1 else f"({inner})"
    if issubclass(type(key), Enum):
        return f"{type(key).__name__}.{key._name_}"
    if issubclass(type(key), np.generic):
        return _key_text(key.item()) if type(key.item()) in _WRITTEN else type(key).__name__
    return type(key).__name__


def had(read: Callable[[], Any]) -> Any:
    """Returns a part of a container, or why it cannot be had, so that it costs no more than its own line."""
    try:
        return read()
    except Exception as error:
        return Failed(f"{type(error).__name__}: {reason(error)}")


@register_adapter
class DictAdapter(ContainerAdapter):
    """Dicts and their subclasses, order and class kept."""

    kind = "dict"
    type_names: ClassVar[tuple[str, ...]] = ("builtins.dict", "collections.UserDict")

    def parts(self, obj: Any) -> Parts:
        """Returns the values by key."""
        keys = tuple(obj)

        def rebuild(children: Sequence[Any]) -> Any:
            plain = dict(zip(keys, children, strict=True))
            if isinstance(obj, MappingProxyType):
                return MappingProxyType(plain)
            if not keeps_class(obj):
                return plain
            try:
                fresh = copy.copy(obj)  # a defaultdict keeps its factory
                for key, child in plain.items():
                    fresh[key] = child
            except Exception:
                return plain
            return fresh

        return Parts(tuple(f"[{key!r}]" for key in keys), tuple(obj[key] for key in keys), rebuild)

    def shown_parts(self, obj: Any) -> Parts:
        """Returns the values by key; no repr of the user's is run, and what cannot be had says why."""
        keys = tuple(obj)
        if all(map(_WRITTEN.__contains__, map(type, keys))):
            steps = tuple(f"[{key!r}]" for key in keys)
        else:
            steps = tuple(f"[{_key_text(key)}]" for key in keys)
        return Parts(steps, tuple(had(partial(getitem, obj, key)) for key in keys), dict)


@register_adapter
class MappingAdapter(DictAdapter):
    """Other mappings: read-only ones, ``ChainMap``, the dicts in an extension type; a plain dict where need be."""

    type_names: ClassVar[tuple[str, ...]] = ("builtins.object",)
    priority = -60
    class_tells = True

    def matches(self, obj: Any) -> bool:
        """Returns whether its class is a mapping."""
        return issubclass(type(obj), Mapping)


@register_adapter
class NamespaceAdapter(ContainerAdapter):
    """``SimpleNamespace``: its attributes."""

    kind = "SimpleNamespace"
    type_names = ("types.SimpleNamespace",)

    def parts(self, obj: Any) -> Parts:
        """Returns the attributes by name."""
        names = tuple(vars(obj))
        return Parts(
            tuple(f".{name}" for name in names),
            tuple(vars(obj).values()),
            lambda children: type(obj)(**dict(zip(names, children, strict=True))),
        )


@register_adapter
class ListAdapter(ContainerAdapter):
    """Lists, their subclasses and deques, class kept; the values of a dict are a list."""

    kind = "list"
    type_names = ("builtins.list", "collections.deque", "collections.UserList", "builtins.dict_values")

    def parts(self, obj: Any) -> Parts:
        """Returns the items by index."""

        def rebuild(children: Sequence[Any]) -> Any:
            if not keeps_class(obj):
                return list(children)
            try:
                fresh = copy.copy(obj)  # a deque keeps its longest length
                for place, child in enumerate(children):
                    fresh[place] = child
            except Exception:
                return list(children)
            return fresh

        return Parts(IndexSteps(len(obj)), tuple(obj), list if type(obj) is list else rebuild)


@register_adapter
class TupleAdapter(ContainerAdapter):
    """Tuples and named tuples, class kept."""

    kind = "tuple"
    type_names = ("builtins.tuple",)

    def parts(self, obj: Any) -> Parts:
        """Returns the items, by field name where they have one."""
        # TensorFlow wraps a named tuple that is an attribute, and the wrapper says in __class__ what it wraps.
        cls: Any = type(obj) if keeps_class(obj) else obj.__class__
        names = getattr(cls, "_fields", None)
        if names is not None:
            return Parts(tuple(f".{name}" for name in names), tuple(obj), cls._make)
        return Parts(IndexSteps(len(obj)), tuple(obj), tuple if cls is tuple else partial(_tuple_of, cls))


def _tuple_of(cls: Any, children: Sequence[Any]) -> Any:
    """Returns a tuple of the user's class, a plain one where the class takes other arguments."""
    try:
        made = cls(children)
    except Exception:
        return tuple(children)
    return made if len(made) == len(children) else tuple(children)
