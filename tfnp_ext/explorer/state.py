"""What an explorer shows of its source, as one frozen value, and the moves from one such value to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tfnp_ext.casting import kind_rank
from tfnp_ext.explorer.sources import Array, Index, Source
from tfnp_ext.roles import read_role
from tfnp_ext.statistics import compute_statistics

View = Literal["heatmap", "image", "line", "bars", "histogram", "table"]

VIEWS: tuple[View, ...] = ("heatmap", "image", "line", "bars", "histogram", "table")
PARTS = ("abs", "angle", "real", "imag")
"""What can be shown of complex numbers."""

LIMITS = ("slice", "whole")
SCALES = ("linear", "diverging", "log")
POOLINGS = ("mean", "min", "max")
REDUCTIONS = ("mean", "std", "min", "max", "norm", "argmax")
COMPARISONS = ("side", "difference", "ratio", "disagree")

MOST_BARS = 64
MOST_SERIES = 8
"""Rows that are drawn as lines over each other."""

_CHOICES = {
    "view": VIEWS,
    "part": ("", *PARTS),
    "limits": LIMITS,
    "scale": SCALES,
    "pooling": POOLINGS,
    "reduction": REDUCTIONS,
    "compare": ("", *COMPARISONS),
}
_ROLES = ("rows", "columns", "channels")

_CHANNELS = frozenset({1, 3, 4})
_MOST_READ = 2**20
_STEPS = {"PageUp": -1, "PageDown": 1, "ArrowLeft": -1, "ArrowRight": 1, "ArrowUp": -1, "ArrowDown": 1}


@dataclass(frozen=True)
class ExplorerState:
    """What is shown.

    Attributes:
        shape: That of the source.
        columns: The axis that runs to the right; ``None`` for a value without axes.
        rows: The axis that runs down; ``None`` for a single row.
        channels: The axis of an image's channels.
        index: A place on every axis; those of axes that are shown wait until these are hidden.
        view: How it is drawn.
        part: What of complex numbers is shown; ``""`` for others.
        limits: Whether colours span the values of the slice or of the whole.
        robust: Whether they span percentiles 1 to 99 rather than all.
        scale: How colours run between the limits.
        pooling: What stands for the values of one pixel.
        reduced: A hidden axis along which all values are put together.
        reduction: How.
        compare: How the other array is compared; ``""`` for not.
        tolerance: Up to which difference two values agree.
        threshold: Cells above it are marked; ``None`` for none.
        given_up: Rows, columns and channels as they were before one of them was reduced; ``None`` where none was.
    """

    shape: tuple[int, ...]
    columns: int | None = None
    rows: int | None = None
    channels: int | None = None
    index: tuple[int, ...] = ()
    view: View = "heatmap"
    part: str = ""
    limits: str = "slice"
    robust: bool = False
    scale: str = "linear"
    pooling: str = "mean"
    reduced: int | None = None
    reduction: str = "mean"
    compare: str = ""
    tolerance: float = 0.0
    threshold: float | None = None
    given_up: tuple[int | None, int | None, int | None] | None = None

    @property
    def shown(self) -> tuple[int, ...]:
        """The axes of the plane: rows, columns, of an image channels, those that there are."""
        return tuple(axis for axis in (self.rows, self.columns, self.colours) if axis is not None)

    @property
    def colours(self) -> int | None:
        """The axis of channels where it is drawn as such; else it is hidden as any other."""
        return self.channels if self.view == "image" else None

    @property
    def hidden(self) -> tuple[int, ...]:
        """The axes on which one place is shown, in order; not one that is reduced."""
        return tuple(axis for axis in range(len(self.shape)) if axis not in self.shown and axis != self.reduced)

    @property
    def sliding(self) -> tuple[int, ...]:
        """Those of them that are longer than 1: each has a slider."""
        return tuple(axis for axis in self.hidden if self.shape[axis] > 1)

    @property
    def plane(self) -> tuple[int, int]:
        """Rows and columns of what is shown."""
        return (
            1 if self.rows is None else self.shape[self.rows],
            1 if self.columns is None else self.shape[self.columns],
        )

    @property
    def neutral(self) -> float:
        """The value that has no colour: where two agree, their ratio is 1."""
        return 1.0 if self.compare == "ratio" else 0.0

    def cut(self, rows: int | slice = slice(None), columns: int | slice = slice(None)) -> Index:
        """Returns the index of the slice, of a region of its plane or of a cell; the reduced axis is whole."""
        parts = {self.rows: rows, self.columns: columns, self.colours: slice(None), self.reduced: slice(None)}
        return tuple(parts.get(axis, place) for axis, place in enumerate(self.index))

    def expression(self, row: int | slice = slice(None), column: int | slice = slice(None)) -> str:
        """Returns the index of the slice or of a cell as Python: ``[3, :, :, 0]``; ``[()]`` of a value without axes."""
        parts = [":" if isinstance(part, slice) else str(part) for part in self.cut(row, column)]
        return f"[{', '.join(parts) or '()'}]"

    def at(self, row: int, column: int) -> tuple[int, ...]:
        """Returns the index of a cell in the whole."""
        index = list(self.index)
        for axis, place in ((self.rows, row), (self.columns, column)):
            if axis is not None:
                index[axis] = place
        return tuple(index)


def first_state(source: Source, *, weights: bool = False, name: str = "", tolerance: float = 0.0) -> ExplorerState:
    """Returns what is shown first: the last two axes, but for images, kernels, vectors and text.

    Args:
        source: What is explored; at most a slice of it is read.
        weights: Whether it is a variable, which is never an image.
        name: Its own name: embeddings and kernels are called so.
        tolerance: Up to which difference two values agree.
    """
    shape = source.shape
    rank = len(shape)
    first = 1 if source.draws else 0
    part = "abs" if kind_rank(source.dtype) == 3 else ""
    state = ExplorerState(shape, index=(0,) * rank, part=part, tolerance=tolerance)
    axes = list(range(first, rank))
    long = [axis for axis in axes if shape[axis] != 1] or axes[-1:]
    if not axes:
        return replace(state, view="table")
    # (1, …, N) and (N, 1) are vectors.
    if len(long) == 1 and (long[0] == axes[-1] or rank - first <= 2):
        return _settled(replace(state, columns=long[0]), source)
    state = replace(state, rows=axes[-2], columns=axes[-1])
    if source.is_text or not source.size:
        return _settled(state, source)
    role = _role(source, axes, weights, name)
    if role == "kernel" and len(axes) >= 3:
        return replace(state, rows=axes[0] if len(axes) > 3 else axes[-2], columns=axes[1 if len(axes) > 3 else 0])
    if role in {"image", "images", "video"}:
        channels = _channels(shape, axes)
        if channels is not None:
            rows, columns = [axis for axis in axes[-3:] if axis != channels]
            state = replace(state, rows=rows, columns=columns, channels=channels)
        return replace(state, view="image")
    return _settled(state, source)


def _channels(shape: Sequence[int], axes: Sequence[int]) -> int | None:
    """Returns the axis of an image's channels: the last, or the one before rows and columns."""
    if len(axes) < 3:
        return None
    return next((axis for axis in (axes[-1], axes[-3]) if shape[axis] in _CHANNELS), None)


def _settled(state: ExplorerState, source: Source) -> ExplorerState:
    """Returns the state with the view that suits best."""
    return replace(state, view=views(state, source.is_text)[0])


def _role(source: Source, axes: Sequence[int], weights: bool, name: str) -> str:
    """Returns what a piece of the source is likely to be, so small that it is read in no time."""
    for kept in range(len(axes), 1, -1):
        hidden = len(source.shape) - kept
        piece = source.shape[hidden:]
        if kept <= 4 and np.prod(piece, dtype=float) <= _MOST_READ:
            values = source.cut((*(0,) * hidden, *(slice(None),) * kept))
            if isinstance(values, np.ma.MaskedArray):
                return ""
            with np.errstate(all="ignore"):
                return read_role(values, compute_statistics(values, 20.0), weights=weights, name=name).name
    return ""


def views(state: ExplorerState, text: bool = False) -> tuple[View, ...]:
    """Returns the views that suit what is shown, the best first."""
    rows, columns = state.plane
    if state.compare:
        return ("heatmap",) if state.compare == "side" else ("heatmap", "histogram", "table")
    if text or not rows * columns:
        return ("table",)
    if state.channels is not None:
        return ("image", "heatmap", "histogram", "table")
    if state.rows is None:
        few = columns <= MOST_BARS
        return ("bars", "line", "heatmap", "histogram", "table") if few else ("line", "heatmap", "histogram", "table")
    lines: tuple[View, ...] = ("line",) if rows <= MOST_SERIES and columns > 1 else ()
    return ("heatmap", "image", *lines, "histogram", "table")


def fitting(state: ExplorerState, source: Source) -> ExplorerState:
    """Returns a state that a change of axes left as one whose view and comparison suit."""
    suited = views(state, source.is_text)
    state = state if state.view in suited else replace(state, view=suited[0])
    if state.reduced is not None and (state.reduced in state.shown or state.shape[state.reduced] < 1):
        state = replace(state, reduced=None, given_up=None)
    return state


def moved(state: ExplorerState, axis: int, place: int) -> ExplorerState:
    """Returns the state at another place on an axis, within its ends."""
    place = max(0, min(place, state.shape[axis] - 1))
    return replace(state, index=(*state.index[:axis], place, *state.index[axis + 1 :]))


def placed(state: ExplorerState, index: Sequence[int]) -> ExplorerState:
    """Returns the state at another index."""
    return replace(state, index=tuple(index))


def stepped(state: ExplorerState, key: str, shift: bool = False, grows: bool = False) -> ExplorerState:
    """Returns the state after a key: one step along the first axis that slides, ten with Shift, or to an end.

    Args:
        state: What is shown.
        key: Its name in a browser.
        shift: Whether Shift is held.
        grows: Whether there may be more on the first axis than is known.
    """
    if not state.sliding:
        return state
    axis = state.sliding[0]
    step = _STEPS.get(key)
    if step is None:
        return moved(state, axis, {"Home": 0, "End": state.shape[axis] - 1}.get(key, state.index[axis]))
    place = state.index[axis] + step * (10 if shift else 1)
    if grows and axis == 0:
        state = replace(state, shape=(max(state.shape[0], place + 1), *state.shape[1:]))
    return moved(state, axis, place)


def with_axis(state: ExplorerState, role: str, axis: int | None) -> ExplorerState:
    """Returns the state with another axis as rows, columns or channels; one that had it takes the one that is given up.

    Args:
        state: What is shown.
        role: ``rows``, ``columns`` or ``channels``.
        axis: The axis; ``None`` for none.
    """
    former = getattr(state, role)
    change: dict[str, Any] = {role: axis}
    for other in _ROLES:
        if axis is not None and other != role and getattr(state, other) == axis:
            change[other] = former
    if axis is not None and axis == state.reduced:
        change["reduced"] = None
    changed = replace(state, **change)
    if changed.channels is not None and state.shape[changed.channels] not in _CHANNELS:
        changed = replace(changed, channels=None)
    if changed.columns is None and changed.rows is not None:
        changed = replace(changed, columns=changed.rows, rows=None)
    return changed


def with_reduced(state: ExplorerState, axis: int | None) -> ExplorerState:
    """Returns the state with all values along an axis put together; one that is shown is given up as long as that.

    Args:
        state: What is shown.
        axis: The axis; ``None`` for none.
    """
    state = _without_reduced(state)
    if axis in state.shown:
        state = _giving_up(state, axis)
    return replace(state, reduced=axis)


def _giving_up(state: ExplorerState, axis: int | None) -> ExplorerState:
    role = next(role for role in _ROLES if getattr(state, role) == axis)
    return replace(with_axis(state, role, None), given_up=_roles_of(state))


def _without_reduced(state: ExplorerState) -> ExplorerState:
    """Returns the state with no axis reduced: one that was given up is shown again, unless axes were chosen since."""
    alone = replace(state, reduced=None, given_up=None)
    if state.reduced is None or state.given_up is None:
        return alone
    rows, columns, channels = state.given_up
    before = replace(alone, rows=rows, columns=columns, channels=channels)
    return before if _roles_of(_giving_up(before, state.reduced)) == _roles_of(state) else alone


def _roles_of(state: ExplorerState) -> tuple[int | None, int | None, int | None]:
    return state.rows, state.columns, state.channels


def faults(state: ExplorerState, source: Source) -> str:
    """Returns why a state cannot be one of a source; ``""`` where it can."""
    rank = len(source.shape)
    axes = [axis for axis in (*_roles_of(state), state.reduced) if axis is not None]
    if len(state.shape) != rank or (state.shape != source.shape and not source.draws):
        return f"its shape is {state.shape}, and that of what is explored {source.shape}"
    if len(set(axes)) < len(axes) or not all(0 <= axis < rank for axis in axes):
        return f"rows, columns, channels and reduced have to be different axes of {rank}"
    if len(state.index) != rank or not all(
        0 <= place < length for place, length in zip(state.index, state.shape, strict=True)
    ):
        return f"{state.index} is no place in {state.shape}"
    for name, known in _CHOICES.items():
        if getattr(state, name) not in known:
            return f"{name}={getattr(state, name)!r} is none of {', '.join(map(repr, known))}"
    suited = views(state, source.is_text)
    if state.view not in suited:
        rows, columns = state.plane
        return f"view={state.view!r} does not suit {rows} rows of {columns}: {', '.join(map(repr, suited))} do"
    return ""


def channel_axes(state: ExplorerState) -> tuple[int, ...]:
    """Returns the axes that can be an image's channels."""
    return tuple(axis for axis, length in enumerate(state.shape) if length in _CHANNELS)


def reshaped(state: ExplorerState, shape: tuple[int, ...]) -> ExplorerState:
    """Returns the state for a source that has grown, within its ends."""
    if shape == state.shape:
        return state
    index = tuple(max(0, min(place, length - 1)) for place, length in zip(state.index, shape, strict=True))
    return replace(state, shape=shape, index=index)


def plane_of(values: Array, state: ExplorerState) -> Array:
    """Returns a cut as rows, columns and, where there are such, channels; the reduced axis comes first."""
    order = sorted([*state.shown, *(() if state.reduced is None else (state.reduced,))])
    wanted = [*(() if state.reduced is None else (state.reduced,)), *state.shown]
    turned = np.transpose(values, [order.index(axis) for axis in wanted])
    lead = 0 if state.reduced is None else 1
    for place, axis in ((lead, state.rows), (lead + 1, state.columns)):
        if axis is None:
            turned = turned[(slice(None),) * place + (None,)]
    return turned


def in_order(plane: Array, state: ExplorerState) -> Array:
    """Returns a plane [rows, columns] or [rows, columns, channels] with the axes of the source, in their order."""
    axes = [state.rows, state.columns, *(() if state.colours is None else (state.colours,))]
    kept = plane[tuple(0 if axis is None else slice(None) for axis in axes)]
    order: Array = np.argsort(state.shown)
    return np.transpose(kept, [int(place) for place in order])
