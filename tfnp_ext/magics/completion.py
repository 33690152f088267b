"""Tab on a ``%tonumpy`` line: the user's names, the options, and the values that an option takes.

Nothing of the user's is called while completing: names are told apart by the names of their types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import tfnp_ext.datasets  # noqa: F401  # registers its kinds
from tfnp_ext.adapters import registered_names
from tfnp_ext.casting import CASTINGS
from tfnp_ext.config import CHOICES
from tfnp_ext.convert import JOIN, ON_ERROR, RAGGED, SPARSE
from tfnp_ext.magics import LINE
from tfnp_ext.magics.line import LineError, is_expression, split_line
from tfnp_ext.magics.options import BY_NAME, BY_SHORT, OPTIONS, Option
from tfnp_ext.plots import PLOTS

_FLAG = re.compile(r"(?:^|\s)(?P<flag>--[A-Za-z][\w-]*|-[A-Za-z])(?:\s+|=)(?P<value>[^\s=]*)$")
_STRING = re.compile(r"""(['"])(?:\\.|(?!\1).)*\1""")
_HISTORY = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
_CONTAINERS = frozenset({"builtins.dict", "builtins.list", "builtins.tuple", "numpy.ndarray"})


_VALUES: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "plot": lambda: ("auto", "none", *PLOTS),
    "where": lambda: CHOICES["where"],
    "sort": lambda: CHOICES["sort"],
    "casting": lambda: CASTINGS,
    "ragged": lambda: RAGGED,
    "sparse": lambda: SPARSE,
    "join": lambda: JOIN,
    "on-error": lambda: ON_ERROR,
}


def complete(shell: Any, event: Any) -> list[str]:
    """Returns what may stand at the cursor; nothing leaves the completion to IPython.

    Args:
        shell: The shell, whose names are offered.
        event: IPython's: ``text_until_cursor`` is the line, ``symbol`` the word to complete.
    """
    before = re.sub(LINE, "", event.text_until_cursor, count=1)
    symbol = event.symbol
    heads_cell = event.text_until_cursor.lstrip().startswith("%%")
    option = _option_awaiting_value(before)
    if option is not None and option.name in _VALUES:
        return list(_VALUES[option.name]())
    if symbol.startswith("-"):
        return _flags(before[: len(before) - len(symbol)], symbol)
    if _in_string(before) or (option is not None and option.reads != "expression"):
        return []
    if heads_cell and option is None:
        return _flags(before, symbol)
    return _names(shell.user_ns, symbol)


def _in_string(before: str) -> bool:
    """Returns whether the cursor is inside of quotes, where the keys of a dict may be meant."""
    return bool(re.search("['\"]", _STRING.sub("", before)))


def _option_awaiting_value(before: str) -> Option | None:
    """Returns the option whose value is being typed."""
    found = _FLAG.search(before)
    if found is None:
        return None
    flag = found["flag"]
    option = BY_NAME.get(flag[2:]) if flag.startswith("--") else BY_SHORT.get(flag[1:])
    return option if option is not None and option.metavar else None


def _flags(before: str, symbol: str) -> list[str]:
    """Returns the options that may stand after ``before``, but for those given."""
    try:
        split = split_line(before)
    except LineError:
        return []
    if split.expression and not is_expression(split.expression):  # inside of a bracket
        return []
    leading = not split.expression
    return [
        flag
        for option in OPTIONS
        if option.name not in split.options
        for flag in option.flags
        if flag.startswith("--") or (leading and symbol == "-")
    ]


def _names(namespace: Mapping[str, Any], symbol: str) -> list[str]:
    """Returns names of the user's: with nothing typed yet those of values that can be converted, else all."""
    names = [name for name in list(namespace) if not name.startswith("_") and name not in _HISTORY]
    if symbol:
        return [name for name in names if name.startswith(symbol)]
    convertible = _CONTAINERS.union(registered_names())
    return [name for name in names if convertible.intersection(_class_names(type(namespace[name])))]


def _class_names(cls: type) -> list[str]:
    return [f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__]
