"""Python for what an explorer shows, to be copied into a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.sources import Source
from tfnp_ext.explorer.state import ExplorerState

_PARTS = {"abs": "np.abs({})", "angle": "np.angle({})", "real": "np.real({})", "imag": "np.imag({})"}


def name_of(value: Any, otherwise: str) -> str:
    """Returns the name that the user gave a value, another word where there is none."""
    from IPython import get_ipython

    shell = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    names = {} if shell is None else shell.user_ns
    return next((name for name, held in names.items() if held is value and not name.startswith("_")), otherwise)


def code_of(source: Source, other: Source | None, state: ExplorerState, names: tuple[str, str]) -> str:
    """Returns the expression of what is shown: cut, part of complex numbers, reduction, comparison.

    Args:
        source: What is explored.
        other: What it is compared with.
        state: What is shown.
        names: What both are called.
    """
    parts = [state.part or ("abs" if kind_rank(each.dtype) == 3 else "") for each in (source, other or source)]
    if not state.compare or other is None:
        return _alone(source, state, names[0], parts[0])
    distance = "abs" in parts and state.reduced is None and state.compare in {"difference", "disagree"}
    if distance:
        parts = ["", ""]
    one, two = _alone(source, state, names[0], parts[0]), _alone(other, state, names[1], parts[1])
    if state.compare == "side":
        return f"{one}, {two}"
    if state.compare == "disagree":
        tolerance = f"rtol=0, atol={state.tolerance:g}"
        nan = ", equal_nan=True" if {source.dtype.kind, other.dtype.kind} <= {"f", "c"} else ""
        return f"~np.isclose({one}, {two}, {tolerance}{nan})"
    if distance:
        return f"np.abs({one} - {two})"
    dtypes = [_dtype(each, state, part) for each, part in zip((source, other), parts, strict=True)]
    return _arithmetic(state, one, two, dtypes)


def _arithmetic(state: ExplorerState, one: str, two: str, dtypes: Sequence[np.dtype]) -> str:
    """Returns a difference or ratio in the dtype that is shown: integers wrap around, and bools have none."""
    sign, name = {"difference": ("-", "subtract"), "ratio": ("/", "divide")}[state.compare]
    if dtypes[0] == dtypes[1] and dtypes[0].kind == "f" and dtypes[0].itemsize >= 4:
        return f"{one} {sign} {two}"
    whole = all(dtype.kind in "bui" for dtype in dtypes)
    if whole and sign == "-" and state.shown and max(dtype.itemsize for dtype in dtypes) == 8:
        return f"np.{name}({one}, {two}, dtype=object).astype(float)"  # exact
    narrow = all(kind_rank(dtype) == 2 and dtype.itemsize <= 4 for dtype in dtypes)
    return f"np.{name}({one}, {two}, dtype=np.{'float32' if narrow else 'float64'})"


def _dtype(source: Source, state: ExplorerState, part: str) -> np.dtype:
    """Returns the dtype of an expression, as far as it matters to a difference."""
    if part:
        return np.dtype(np.float32 if source.dtype.itemsize <= 8 else np.float64)
    if state.reduced is not None and state.reduction == "argmax":
        return np.dtype(np.int64)
    averages = state.reduced is not None and state.reduction in {"mean", "std", "norm"}
    return np.dtype(np.float64) if averages and source.dtype.kind in "bui" else source.dtype


def _alone(source: Source, state: ExplorerState, name: str, part: str) -> str:
    code = source.code(name, state.expression())
    if part:
        code = _PARTS[part].format(code)
    if state.reduced is None:
        return code
    axis = [axis for axis, part in enumerate(state.cut()) if not isinstance(part, int)].index(state.reduced)
    if state.reduction == "norm":
        if source.may_lack:  # of which NumPy's norm knows nothing
            return f"np.sqrt(np.sum(np.square({code}, dtype=np.float64), axis={axis}))"
        return f"np.linalg.norm({code}, axis={axis})"
    return f"np.{state.reduction}({code}, axis={axis})"
