"""Containers: dict, list, tuple, named tuple and deque, whose leaves are converted one by one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from tfnp_ext.adapters.base import IndexSteps, NestAdapter, Parts, register_adapter

_TRACKERS = ("tensorflow.", "keras.")
"""Modules whose containers only watch what is put into the user's own: they come back as plain ones."""


def keeps_class(container: Any) -> bool:
    """Returns whether a container of the user's own class comes back as one, rather than as the plain class."""
    return not f"{type(container).__module__}.".startswith((*_TRACKERS, "builtins."))


class ContainerAdapter(NestAdapter):
    """What they have in common."""

    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name, of what a tracking wrapper stands for too."""
        return str(obj.__class__.__name__)


@register_adapter
class DictAdapter(ContainerAdapter):
    """Dicts, their subclasses and read-only mappings, order and class kept."""

    kind = "dict"
    type_names = ("builtins.dict", "builtins.mappingproxy", "collections.UserDict")

    def parts(self, obj: Any) -> Parts:
        """Returns the values by key."""
        keys = tuple(obj)

        def rebuild(children: Sequence[Any]) -> Any:
            plain = dict(zip(keys, children, strict=True))
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


@register_adapter
class ListAdapter(ContainerAdapter):
    """Lists, their subclasses and deques, class kept."""

    kind = "list"
    type_names = ("builtins.list", "collections.deque", "collections.UserList")

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
        names = getattr(type(obj), "_fields", None)
        if names is None:
            return Parts(IndexSteps(len(obj)), tuple(obj), tuple)
        return Parts(tuple(f".{name}" for name in names), tuple(obj), type(obj)._make)
