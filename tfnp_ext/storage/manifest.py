"""The structure of what is stored, as plain JSON: containers, keys, and what in them is no array."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tfnp_ext.errors import ConversionError

VERSION = 1

Node = dict[str, Any]
"""A part of a structure: ``{"leaf": 3}``, ``{"dict": [[key, node], …]}``, ``{"list": […]}``, a plain value …"""

_LONGEST_NAME = 100
_TAKEN_BY_FORMATS = re.compile(r"\.(npy|json)$")


def leaf_node(place: int) -> Node:
    """Returns the node of a value that is made of arrays."""
    return {"leaf": place}


def dict_node(keys: Sequence[Any], nodes: Sequence[Node]) -> Node:
    """Returns the node of a dict.

    Raises:
        ConversionError: A key is no plain value.
    """
    return {"dict": [[_key_node(key), node] for key, node in zip(keys, nodes, strict=True)]}


def tuple_node(obj: Any, nodes: Sequence[Node]) -> Node:
    """Returns the node of a tuple or a named tuple."""
    fields = getattr(obj, "_fields", None)
    if fields is None:
        return {"tuple": list(nodes)}
    return {"namedtuple": obj.__class__.__name__, "fields": list(fields), "items": list(nodes)}


def plain_node(value: Any) -> Node | None:
    """Returns the node of a plain value, ``None`` for any other."""
    if value is None or isinstance(value, bool):
        return {"value": value}
    if isinstance(value, str):
        return {"value": str(value)}
    if isinstance(value, int):
        return {"int": hex(value)}
    if isinstance(value, float):
        return {"float": float.hex(value)}
    if isinstance(value, complex):
        return {"complex": [float.hex(value.real), float.hex(value.imag)]}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    return None


def _key_node(key: Any) -> Node:
    key = key.item() if isinstance(key, np.generic) else key
    node = {"tuple": [_key_node(one) for one in key]} if isinstance(key, tuple) else plain_node(key)
    if node is None:
        raise ConversionError(f"the key {key!r} is a {type(key).__name__}, which no file holds: use strings or numbers")
    return node


def built(node: Any, leaf: Callable[[int], Any]) -> Any:
    """Returns what a node describes.

    Args:
        node: The node, from a file that anyone may have written.
        leaf: Gives the value of a leaf.

    Raises:
        ValueError: It describes nothing.
    """
    if not isinstance(node, dict) or not node:
        raise ValueError(f"{str(node)[:40]} is no part of a structure")
    sort, said = next(iter(node.items()))
    match sort, said:
        case "leaf", int():
            return leaf(said)
        case "value", None | bool() | str():
            return said
        case "int", str():
            return int(said, 16)
        case "float", str():
            return float.fromhex(said)
        case "complex", [str(real), str(imaginary)]:
            return complex(float.fromhex(real), float.fromhex(imaginary))
        case "bytes", str():
            return base64.b64decode(said, validate=True)
        case "list", list():
            return [built(one, leaf) for one in said]
        case "tuple", list():
            return tuple(built(one, leaf) for one in said)
        case "dict", list():
            return dict(_entry(one, leaf) for one in said)
        case "namedtuple", str():
            return _named(said, node.get("fields"))(*(built(one, leaf) for one in node.get("items", ())))
    raise ValueError(f"{sort!r} is no part of a structure")


def _entry(entry: Any, leaf: Callable[[int], Any]) -> tuple[Any, Any]:
    key, value = entry
    return built(key, no_leaf), built(value, leaf)


def no_leaf(place: int) -> Any:
    """Refuses an array where only plain values can be."""
    raise ValueError("an array is no key")


def _named(name: str, fields: Any) -> Any:
    if not isinstance(fields, list) or not all(isinstance(one, str) for one in fields):
        raise ValueError("a named tuple has no names")
    return _named_tuple(name, tuple(fields))


@lru_cache(maxsize=256)
def _named_tuple(name: str, fields: tuple[str, ...]) -> Any:
    """Returns the same class for the same names; it takes nothing but identifiers, and ``_0`` where one had to be."""
    made: Any = namedtuple(name, fields, rename=True)  # type: ignore[misc]
    if made._fields != fields:
        raise ValueError(f"{fields} are no names of fields")
    return made


class Names:
    """Gives every array a name as people would write it, unlike all others, below no other, and safe as a path."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._groups: set[str] = set()

    def of(self, keys: Sequence[Any]) -> str:
        """Returns the name for the value that is reached by some keys: ``train/label``; ``data`` for none."""
        parts = [_safe(part) for key in keys for part in _written(key).split("/")] or ["data"]
        name = ""
        for place, part in enumerate(parts):
            last = place == len(parts) - 1
            start, count = f"{name}/{part}" if name else part, 1
            name = start
            while name.casefold() in self._taken or (last and name.casefold() in self._groups):
                count += 1
                name = f"{start}-{count}"
            if not last:
                self._groups.add(name.casefold())
        self._taken.add(name.casefold())
        return name


def _written(key: Any) -> str:
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return "_".join(map(_written, key)) if isinstance(key, tuple) else str(key)


def _safe(part: str) -> str:
    """Returns a part of a path without what file systems, zip archives or Zarr take for something else."""
    composed = unicodedata.normalize("NFC", part)
    kept = "".join(one if one.isalnum() or one in "._-+= " else "_" for one in composed)[:_LONGEST_NAME]
    kept = _TAKEN_BY_FORMATS.sub(r"_\1", kept.strip(" "))
    bare = kept.lstrip("._")
    if kept.removesuffix(bare) not in {"", "_"}:
        kept = f"_{bare}"
    return kept.rstrip(". ") or "_"
