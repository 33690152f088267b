"""Python for what an explorer shows, to be copied into a cell."""

from __future__ import annotations

from typing import Any

from tfnp_ext.explorer.sources import Source
from tfnp_ext.explorer.state import ExplorerState

_NUMPY = {"norm": "np.linalg.norm"}
"""What reductions are called in NumPy where they have another name."""

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
    one = _alone(source, state, names[0])
    if not state.compare or other is None:
        return one
    two = _alone(other, state, names[1])
    if state.compare == "disagree":
        tolerance = f"rtol=0, atol={state.tolerance:g}"
        nan = ", equal_nan=True" if {source.dtype.kind, other.dtype.kind} <= {"f", "c"} else ""
        return f"~np.isclose({one}, {two}, {tolerance}{nan})"
    return {"side": f"{one}, {two}", "difference": f"{one} - {two}", "ratio": f"{one} / {two}"}[state.compare]


def _alone(source: Source, state: ExplorerState, name: str) -> str:
    code = source.code(name, state.expression())
    if state.part:
        code = _PARTS[state.part].format(code)
    if state.reduced is None:
        return code
    axis = [axis for axis, part in enumerate(state.cut()) if not isinstance(part, int)].index(state.reduced)
    return f"{_NUMPY.get(state.reduction, f'np.{state.reduction}')}({code}, axis={axis})"
