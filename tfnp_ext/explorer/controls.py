"""The ipywidgets controls of a state: each changes one thing of it, and is hidden where that has no effect."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from tfnp_ext.explorer.sources import Source
from tfnp_ext.explorer.state import (
    COMPARISONS,
    LIMITS,
    PARTS,
    POOLINGS,
    REDUCTIONS,
    SCALES,
    ExplorerState,
    channel_axes,
    fitting,
    moved,
    views,
    with_axis,
    with_reduced,
)

_SLIDING_MS = 150
_NONE = ("none", -1)
"""The choice of no axis; a dropdown takes ``None`` for one that nothing was chosen in."""

_SCOPES = ("slice", "whole")
_COMPARED = {"": "this alone", "side": "side by side", "difference": "difference", "ratio": "ratio",
             "disagree": "where they disagree"}  # fmt: skip
_VIEW_WORDS = {"heatmap": "heat map"}

_WITH_COLOURS = frozenset({"heatmap", "table", "line", "bars"})
_WITH_TABLE = frozenset({"heatmap", "table"})

OnState = Callable[[ExplorerState], None]
OnPress = Callable[[str], None]


class Controls:
    """All controls of one explorer.

    Args:
        source: What is explored, for its axes.
        names: A name for each axis.
        compares: Whether there is another to compare it with.
        on_state: Called with the state that a control asks for.
        on_press: Called with the name of a button.
    """

    def __init__(
        self, source: Source, names: Sequence[str], compares: bool, on_state: OnState, on_press: OnPress
    ) -> None:
        self._source, self._names, self._compares = source, names, compares
        self._on_state, self._on_press = on_state, on_press
        self._writing = False
        self._state: ExplorerState | None = None
        self._sliders: dict[int, tuple[Any, Any, Any]] = {}
        self._made: list[Any] = []
        axes = [(name, axis) for axis, name in enumerate(names) if not (source.draws and axis == 0)]
        empty = [_NONE]
        self.view = self._choice("view", [("table", "table")], self._with("view"))
        self.rows = self._choice("rows", empty + axes, self._axis("rows"))
        self.columns = self._choice("columns", empty + axes, self._axis("columns"))
        self.channels = self._choice("channels", empty, self._axis("channels"))
        self.part = self._choice("part", PARTS, self._with("part"))
        self.limits = self._choice("limits of", LIMITS, self._with("limits"))
        self.robust = self._toggle("percentiles 1 to 99", "leave out the lowest and the highest percent", "robust")
        self.scale = self._choice("scale", SCALES, self._with("scale"))
        self.pooling = self._choice("pooled by", POOLINGS, self._with("pooling"))
        self.reduced = self._choice("reduce", empty, self._reduced)
        self.reduction = self._choice("by", REDUCTIONS, self._with("reduction"))
        self.compare = self._choice(
            "compare",
            [(word, how) for how, word in _COMPARED.items() if how in {"", *COMPARISONS}],
            self._with("compare"),
        )
        self.tolerance = self._number("tolerance", lambda state, value: replace(state, tolerance=max(0.0, value)))
        self.marks = self._box("mark cells above", self._marked)
        self.threshold = self._number("threshold", self._above)
        self.scope = self._choice("find in", _SCOPES, None)
        self.more = widgets.ToggleButton(
            description="more", tooltip="colours, pooling, reduction, threshold", layout=_narrow()
        )
        self.more.observe(lambda _: self._arrange(), "value")
        self.buttons = {
            "maximum": self._button("maximum", "go to the largest value"),
            "minimum": self._button("minimum", "go to the smallest value"),
            "invalid": self._button("next NaN", "go to the next NaN or infinity of all values", "invalid"),
            "count": self._button("count all", "count in all values where they disagree", "count"),
            "copy": self._button("copy code", "copy the expression of this slice", "copy"),
            "png": self._button("PNG", "download the picture", "png"),
        }
        self.slides = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self._first = _row(
            self.view, self.rows, self.columns, self.channels, self.part, self.compare, self.tolerance, self.more
        )
        self._second = _row(
            self.limits, self.robust, self.scale, self.pooling, self.reduced, self.reduction, self.marks, self.threshold
        )
        self._third = _row(self.scope, *self.buttons.values())
        self.above = widgets.VBox([self.slides, self._first, self._second])
        self.below = widgets.VBox([self._third])
        self._made += [self.more, self.slides, self._first, self._second, self._third, self.above, self.below]

    def show(self, state: ExplorerState) -> None:
        """Has the controls stand as the state says."""
        self._state = state
        with self._quiet():
            _offer(
                self.view,
                [(_VIEW_WORDS.get(view, view), view) for view in views(state, self._source.is_text)],
                state.view,
            )
            self.rows.value, self.columns.value = _choice_of(state.rows), _choice_of(state.columns)
            _offer(self.channels, self._named(channel_axes(state)), _choice_of(state.channels))
            _offer(
                self.reduced,
                self._named(range(self._start, len(state.shape)) if self._reducible(state) else ()),
                _choice_of(state.reduced),
            )
            if state.part:
                self.part.value = state.part
            for name in ("limits", "robust", "scale", "pooling", "reduction", "compare", "tolerance"):
                getattr(self, name).value = getattr(state, name)
            self.marks.value = state.threshold is not None
            if state.threshold is not None:
                self.threshold.value = state.threshold
            self._slide(state)
            self._arrange()

    def close(self) -> None:
        """Closes every control."""
        for made in (*self._made, *(each for row in self._sliders.values() for each in row)):
            close_whole(made)
        self._made.clear()
        self._sliders.clear()

    @property
    def _start(self) -> int:
        return 1 if self._source.draws else 0

    def _named(self, axes: Any) -> list[tuple[str, int]]:
        return [_NONE, *((self._names[axis], axis) for axis in axes if axis >= self._start)]

    def _slide(self, state: ExplorerState) -> None:
        """Makes a slider for each axis that slides, and puts it where the state is."""
        for axis in state.sliding:
            if axis not in self._sliders:
                self._sliders[axis] = self._slider(axis, state.shape[axis])
            play, slider, _ = self._sliders[axis]
            for each in (play, slider):
                each.max = state.shape[axis] - 1
            slider.value = state.index[axis]
        shown = tuple(self._sliders[axis][2] for axis in state.sliding)
        if self.slides.children != shown:
            self.slides.children = shown

    def _slider(self, axis: int, length: int) -> tuple[Any, Any, Any]:
        name = self._names[axis]
        slider = widgets.IntSlider(
            max=length - 1, description=name, continuous_update=True, style=_STYLE,
            layout=widgets.Layout(flex="1 1 160px", width="auto", max_width="560px", min_width="200px"),
        )  # fmt: skip
        play = widgets.Play(max=length - 1, interval=_SLIDING_MS, layout=widgets.Layout(width="auto", flex="0 0 auto"))
        play.description = play.tooltip = f"play {name}"
        # In the page, so that it plays as fast as frames come.
        link = widgets.jslink((play, "value"), (slider, "value"))
        slider.observe(lambda change: self._ask(lambda state: moved(state, axis, change["new"])), "value")
        self._made.append(link)
        return (
            play,
            slider,
            widgets.HBox([play, slider], layout=widgets.Layout(flex_flow="row wrap", align_items="center")),
        )

    def _arrange(self) -> None:
        """Hides what has no effect."""
        state = self._state
        if state is None:
            return
        more, text = bool(self.more.value), self._source.is_text
        few = math.prod(state.plane) < 2
        numbers = not text
        shown = {
            self.view: numbers and len(views(state, text)) > 1,
            self.rows: len(state.shape) - self._start > 1,
            self.columns: len(state.shape) - self._start > 1,
            self.channels: state.view == "image" and bool(channel_axes(state)),
            self.part: bool(state.part),
            self.compare: self._compares,
            self.tolerance: state.compare == "disagree",
            self.more: numbers,
            self.limits: more and numbers and state.view in _WITH_COLOURS and state.compare in {"", "side"}
            and state.reduced is None and not self._source.draws,
            self.robust: more and numbers and state.view in _WITH_TABLE and state.compare != "disagree",
            self.scale: more and numbers and state.view in _WITH_TABLE and state.compare != "disagree",
            self.pooling: more and numbers and state.view in {"heatmap", "image"} and state.compare != "disagree",
            self.reduced: more and numbers and self._reducible(state),
            self.reduction: more and numbers and state.reduced is not None,
            self.marks: more and numbers and state.view in _WITH_TABLE,
            self.threshold: more and numbers and state.view in _WITH_TABLE and state.threshold is not None,
            self.scope: numbers and not few,
            self.buttons["maximum"]: numbers and not few,
            self.buttons["minimum"]: numbers and not few,
            self.buttons["invalid"]: numbers and self._source.dtype.kind not in "biu",
            self.buttons["count"]: state.compare == "disagree",
            self.buttons["png"]: numbers and state.view not in {"table", "histogram"},
        }  # fmt: skip
        for control, seen in shown.items():
            wanted = None if seen else "none"
            if control.layout.display != wanted:
                control.layout.display = wanted
        self._second.layout.display = None if more and numbers else "none"

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keeps what the kernel writes into controls from coming back as a wish."""
        before, self._writing = self._writing, True
        try:
            yield
        finally:
            self._writing = before

    def _ask(self, change: Callable[[ExplorerState], ExplorerState]) -> None:
        if not self._writing and self._state is not None:
            self._on_state(fitting(change(self._state), self._source))

    def _with(self, name: str) -> Callable[[ExplorerState, Any], ExplorerState]:
        return lambda state, value: replace(state, **{name: value})

    def _axis(self, role: str) -> Callable[[ExplorerState, Any], ExplorerState]:
        return lambda state, value: with_axis(state, role, _axis_of(value))

    def _reduced(self, state: ExplorerState, value: int) -> ExplorerState:
        return with_reduced(state, _axis_of(value))

    def _reducible(self, state: ExplorerState) -> bool:
        """Returns whether an axis is left to show when one is reduced."""
        return len(state.shape) - self._start > 1

    def _marked(self, state: ExplorerState, on: bool) -> ExplorerState:
        return replace(state, threshold=float(self.threshold.value) if on else None)

    def _above(self, state: ExplorerState, value: float) -> ExplorerState:
        return replace(state, threshold=value) if self.marks.value else state

    def _watched(self, control: Any, change: Callable[[ExplorerState, Any], ExplorerState] | None) -> Any:
        if change is not None:
            control.observe(lambda event: self._ask(lambda state: change(state, event["new"])), "value")
        self._made.append(control)
        return control

    def _choice(self, word: str, options: Any, change: Any) -> Any:
        layout = widgets.Layout(width="auto", flex="0 1 auto", margin="2px 12px 2px 0")
        return self._watched(widgets.Dropdown(description=word, options=options, style=_STYLE, layout=layout), change)

    def _toggle(self, word: str, tooltip: str, name: str) -> Any:
        button = widgets.ToggleButton(description=word, tooltip=tooltip, layout=_narrow())
        return self._watched(button, self._with(name))

    def _box(self, word: str, change: Any) -> Any:
        layout = widgets.Layout(width="auto", margin="2px 8px 2px 0")
        return self._watched(widgets.Checkbox(description=word, indent=False, layout=layout), change)

    def _number(self, word: str, change: Any) -> Any:
        layout = widgets.Layout(width="auto", max_width="190px", margin="2px 12px 2px 0")
        return self._watched(widgets.FloatText(description=word, step=0.1, style=_STYLE, layout=layout), change)

    def _button(self, word: str, tooltip: str, name: str = "") -> Any:
        button = widgets.Button(description=word, tooltip=tooltip, layout=_narrow())
        button.on_click(lambda _: self._on_press(name or word))
        self._made.append(button)
        return button


def close_whole(widget: Any) -> None:
    """Closes a widget with its layout and its style, which ipywidgets leaves open in the kernel and in the page."""
    parts = [getattr(widget, name, None) for name in ("layout", "style")]
    widget.close()
    for part in parts:
        if isinstance(part, widgets.Widget):
            part.close()


def _choice_of(axis: int | None) -> int:
    return _NONE[1] if axis is None else axis


def _axis_of(choice: int) -> int | None:
    return None if choice == _NONE[1] else choice


_STYLE = {"description_width": "initial"}


def _narrow() -> Any:
    return widgets.Layout(width="auto", margin="2px 8px 2px 0")


def _row(*controls: Any) -> Any:
    return widgets.HBox(controls, layout=widgets.Layout(flex_flow="row wrap", align_items="center", overflow="visible"))


def _offer(control: Any, options: Sequence[tuple[str, Any]], value: Any) -> None:
    """Sets options and value of a dropdown; the options only where they differ, since that resets it."""
    options = tuple(options)
    if tuple(control.options) != options:
        control.options = options
    control.value = value
