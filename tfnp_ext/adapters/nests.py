"""Containers: dict, list, tuple and namedtuple, whose leaves are converted one by one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from tfnp_ext.adapters.base import IndexSteps, NestAdapter, Parts, register_adapter


@register_adapter
class DictAdapter(NestAdapter):
    """Dicts and their subclasses, order and class kept."""

    kind = "dict"
    type_names = ("builtins.dict",)
    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return type(obj).__name__

    def parts(self, obj: Any) -> Parts:
        """Returns the values by key."""
        keys = tuple(obj)

        def rebuild(children: Sequence[Any]) -> Any:
            if type(obj) is dict:
                return dict(zip(keys, children, strict=True))
            try:
                fresh = copy.copy(obj)  # a defaultdict keeps its factory
                for key, child in zip(keys, children, strict=True):
                    fresh[key] = child
            except Exception:
                return dict(zip(keys, children, strict=True))
            return fresh

        return Parts(tuple(f"[{key!r}]" for key in keys), tuple(obj[key] for key in keys), rebuild)


@register_adapter
class ListAdapter(NestAdapter):
    """Lists; TensorFlow's tracking list comes back as a plain one."""

    kind = "list"
    type_names = ("builtins.list",)
    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return type(obj).__name__

    def parts(self, obj: Any) -> Parts:
        """Returns the items by index."""
        return Parts(IndexSteps(len(obj)), tuple(obj), list)


@register_adapter
class TupleAdapter(NestAdapter):
    """Tuples and named tuples, class kept."""

    kind = "tuple"
    type_names = ("builtins.tuple",)
    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name, which for a named tuple says more."""
        return type(obj).__name__

    def parts(self, obj: Any) -> Parts:
        """Returns the items, by field name where they have one."""
        names = getattr(type(obj), "_fields", None)
        if names is None:
            return Parts(IndexSteps(len(obj)), tuple(obj), tuple)
        return Parts(tuple(f".{name}" for name in names), tuple(obj), lambda children: type(obj)(*children))
