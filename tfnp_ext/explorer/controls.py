"""The ipywidgets controls of a state: each changes one thing of it, and is hidden where that has no effect."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
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

_NONE = ("none", -1)
"""The choice of no axis; a dropdown takes ``None`` for one that nothing was chosen in."""

_SCOPES = ("slice", "whole")
_COMPARED = {"": "this alone", "side": "side by side", "difference": "difference", "ratio": "ratio",
             "disagree": "where they disagree"}  # fmt: skip
_VIEW_WORDS = {"heatmap": "heat map"}

_WITH_COLOURS = frozenset({"heatmap", "table", "line", "bars"})
_WITH_TABLE = frozenset({"heatmap", "table"})

_FIRST = ("view", "rows", "columns", "channels", "part", "compare", "tolerance", "more")
_SECOND = ("limits", "robust", "scale", "pooling", "reduced", "reduction", "marks", "threshold")
_THIRD = ("scope", "maximum", "minimum", "invalid", "count", "copy", "png")

_AS_IN_STATE = ("limits", "robust", "scale", "pooling", "reduction", "compare", "tolerance")
"""Controls that hold just what the state has under their name."""

OnState = Callable[[ExplorerState], None]
OnPress = Callable[[str], None]
OnPlay = Callable[[int, bool], None]


@dataclass(frozen=True)
class Slide:
    """The controls of an axis of which one place is shown.

    Attributes:
        play: Plays along the axis while it is pressed.
        slider: Goes to a place.
        row: Both.
    """

    play: Any
    slider: Any
    row: Any


class Controls:
    """All controls of one explorer; each is made when it is first seen, since every widget costs time to open.

    Args:
        source: What is explored, for its axes.
        names: A name for each axis.
        compares: Whether there is another to compare it with.
        on_state: Called with the state that a control asks for.
        on_press: Called with the name of a button.
        on_play: Called with an axis, and whether it is to be played along.
    """

    def __init__(
        self,
        source: Source,
        names: Sequence[str],
        compares: bool,
        on_state: OnState,
        on_press: OnPress,
        on_play: OnPlay,
    ) -> None:
        self._source, self._names, self._compares = source, names, compares
        self._on_state, self._on_press, self._on_play = on_state, on_press, on_play
        self._writing = False
        self._state: ExplorerState | None = None
        self._parts = _SharedParts()
        self.slides: dict[int, Slide] = {}
        self._slides = self._parts.made(widgets.VBox(layout=self._parts.layout("rows")))
        self._rows = {names: self._parts.row() for names in (_FIRST, _SECOND, _THIRD)}
        self.above = self._parts.made(
            widgets.VBox([self._slides, self._rows[_FIRST], self._rows[_SECOND]], layout=self._parts.layout("rows"))
        )
        self.below = self._rows[_THIRD]

    def show(self, state: ExplorerState) -> None:
        """Has the controls stand as the state says."""
        self._state = state
        with self._quiet():
            self._slide(state)
            self._arrange()

    def is_seen(self, name: str) -> bool:
        """Returns whether a control has an effect now, and is shown."""
        return name in self.__dict__ and any(self.__dict__[name] in row.children for row in self._rows.values())

    @property
    def looks_at_whole(self) -> bool:
        """Whether all is looked through for the largest, not the slice alone."""
        return "scope" in self.__dict__ and self.scope.value == "whole"

    def stop_playing(self, axis: int) -> None:
        """Has the button of an axis stand still."""
        with self._quiet():
            self.slides[axis].play.value = False

    def close(self) -> None:
        """Closes every control."""
        self._parts.close()
        self.slides.clear()

    # The controls, by the names of their rows.

    @cached_property
    def view(self) -> Any:
        """How it is drawn."""
        return self._choice("view", [("table", "table")], self._with("view"))

    @cached_property
    def rows(self) -> Any:
        """The axis that runs down."""
        return self._choice("rows", self._named(range(len(self._names))), self._axis("rows"))

    @cached_property
    def columns(self) -> Any:
        """The axis that runs to the right."""
        return self._choice("columns", self._named(range(len(self._names))), self._axis("columns"))

    @cached_property
    def channels(self) -> Any:
        """The axis of an image's channels."""
        return self._choice("channels", [_NONE], self._axis("channels"))

    @cached_property
    def part(self) -> Any:
        """What of complex numbers is shown."""
        return self._choice("part", PARTS, self._with("part"))

    @cached_property
    def compare(self) -> Any:
        """How the other array is compared."""
        options = [(word, how) for how, word in _COMPARED.items() if how in {"", *COMPARISONS}]
        return self._choice("compare", options, self._with("compare"))

    @cached_property
    def tolerance(self) -> Any:
        """Up to which difference two values agree."""
        return self._number("tolerance", lambda state, value: replace(state, tolerance=max(0.0, value)))

    @cached_property
    def more(self) -> Any:
        """Shows the second row."""
        button = self._toggle("more", "colours, pooling, reduction, threshold")
        button.observe(lambda _: self._open_more(), "value")
        return button

    @cached_property
    def limits(self) -> Any:
        """Whether colours span the slice or the whole."""
        return self._choice("limits of", LIMITS, self._with("limits"))

    @cached_property
    def robust(self) -> Any:
        """Whether colours leave out the ends."""
        button = self._toggle("percentiles 1 to 99", "leave out the lowest and the highest percent")
        return self._watched(button, self._with("robust"))

    @cached_property
    def scale(self) -> Any:
        """How colours run between the limits."""
        return self._choice("scale", SCALES, self._with("scale"))

    @cached_property
    def pooling(self) -> Any:
        """What stands for the values of one pixel."""
        return self._choice("pooled by", POOLINGS, self._with("pooling"))

    @cached_property
    def reduced(self) -> Any:
        """The axis along which all values are put together."""
        return self._choice("reduce", [_NONE], lambda state, value: with_reduced(state, _axis_of(value)))

    @cached_property
    def reduction(self) -> Any:
        """How they are."""
        return self._choice("by", REDUCTIONS, self._with("reduction"))

    @cached_property
    def marks(self) -> Any:
        """Whether cells above a threshold are marked."""
        box = widgets.Checkbox(description="mark cells above", indent=False, layout=self._parts.layout("narrow"))
        return self._watched(self._parts.made(box), self._marked)

    @cached_property
    def threshold(self) -> Any:
        """The threshold."""
        return self._number("threshold", lambda state, value: replace(state, threshold=value))

    @cached_property
    def scope(self) -> Any:
        """Where the largest is looked for."""
        return self._choice("find in", _SCOPES, None)

    @cached_property
    def maximum(self) -> Any:
        """Goes to the largest."""
        return self._button("maximum", "maximum", "go to the largest value")

    @cached_property
    def minimum(self) -> Any:
        """Goes to the smallest."""
        return self._button("minimum", "minimum", "go to the smallest value")

    @cached_property
    def invalid(self) -> Any:
        """Goes to the next NaN."""
        return self._button("invalid", "next NaN", "go to the next NaN or infinity of all values")

    @cached_property
    def count(self) -> Any:
        """Counts where the two that are compared disagree."""
        return self._button("count", "count all", "count in all values where they disagree")

    @cached_property
    def copy(self) -> Any:
        """Copies the code of the slice."""
        return self._button("copy", "copy code", "copy the expression of this slice")

    @cached_property
    def png(self) -> Any:
        """Downloads the picture."""
        return self._button("png", "PNG", "download the picture")

    # What is seen of them, and how they stand.

    def _seen(self, state: ExplorerState) -> Mapping[str, bool]:
        """Returns which of those that are not always shown have an effect."""
        text = self._source.is_text
        several = len(state.shape) - self._start > 1
        many = math.prod(state.plane) > 1
        tabled = state.view in _WITH_TABLE
        coloured = tabled and state.compare != "disagree"
        pooled = state.view in {"heatmap", "image"} and state.compare != "disagree"
        if text:
            return {"rows": several, "columns": several, "copy": True}
        more = {
            "limits": state.view in _WITH_COLOURS and state.compare in {"", "side"}
            and state.reduced is None and not self._source.draws,
            "robust": coloured,
            "scale": coloured,
            "pooling": pooled,
            "reduced": several,
            "reduction": state.reduced is not None,
            "marks": tabled,
            "threshold": tabled and state.threshold is not None,
        }  # fmt: skip
        return {
            "view": len(views(state)) > 1,
            "rows": several,
            "columns": several,
            "channels": state.view == "image" and bool(channel_axes(state)),
            "part": bool(state.part),
            "compare": self._compares,
            "tolerance": state.compare == "disagree",
            "more": True,
            **{name: seen and self.more.value for name, seen in more.items()},
            "scope": many,
            "maximum": many,
            "minimum": many,
            "invalid": self._source.dtype.kind not in "biu",
            "count": state.compare == "disagree",
            "copy": True,
            "png": state.view not in {"table", "histogram"},
        }

    def _arrange(self) -> None:
        """Shows what has an effect, as the state has it."""
        state = self._state
        assert state is not None
        seen = self._seen(state)
        for names, row in self._rows.items():
            shown = tuple(getattr(self, name) for name in names if seen.get(name))
            for name in names:
                if seen.get(name):
                    self._write(name, state)
            if row.children != shown:
                row.children = shown

    def _write(self, name: str, state: ExplorerState) -> None:
        """Has one control stand as the state says."""
        control = getattr(self, name)
        if name == "view":
            suited = views(state, self._source.is_text)
            _offer(control, [(_VIEW_WORDS.get(view, view), view) for view in suited], state.view)
        elif name in {"rows", "columns"}:
            control.value = _choice_of(getattr(state, name))
        elif name == "channels":
            _offer(control, self._named(channel_axes(state)), _choice_of(state.channels))
        elif name == "reduced":
            _offer(control, self._named(range(len(state.shape))), _choice_of(state.reduced))
        elif name == "marks":
            control.value = state.threshold is not None
        elif name in {"part", "threshold", *_AS_IN_STATE}:
            control.value = getattr(state, name)

    def _open_more(self) -> None:
        with self._quiet():
            self._arrange()

    def _slide(self, state: ExplorerState) -> None:
        """Makes a slider for each axis that slides, and puts it where the state is."""
        for axis in state.sliding:
            if axis not in self.slides:
                self.slides[axis] = self._new_slide(axis, state.shape[axis])
            slider = self.slides[axis].slider
            slider.max = state.shape[axis] - 1
            slider.value = state.index[axis]
        shown = tuple(self.slides[axis].row for axis in state.sliding)
        if self._slides.children != shown:
            self._slides.children = shown

    def _new_slide(self, axis: int, length: int) -> Slide:
        name = self._names[axis]
        slider = self._parts.styled(
            widgets.IntSlider, max=length - 1, description=name, layout=self._parts.layout("slider")
        )
        slider.observe(lambda change: self._ask(lambda state: moved(state, axis, change["new"])), "value")
        play = self._toggle("", f"play {name}", icon="play")
        play.observe(lambda change: self._play(axis, bool(change["new"])), "value")
        return Slide(play, slider, self._parts.row(play, slider))

    def _play(self, axis: int, on: bool) -> None:
        self.slides[axis].play.icon = "pause" if on else "play"
        if not self._writing:
            self._on_play(axis, on)

    @property
    def _start(self) -> int:
        return 1 if self._source.draws else 0

    def _named(self, axes: Any) -> list[tuple[str, int]]:
        return [_NONE, *((self._names[axis], axis) for axis in axes if axis >= self._start)]

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

    def _marked(self, state: ExplorerState, on: bool) -> ExplorerState:
        return replace(state, threshold=float(self.threshold.value) if on else None)

    # How they are made.

    def _watched(self, control: Any, change: Callable[[ExplorerState, Any], ExplorerState] | None) -> Any:
        if change is not None:
            control.observe(lambda event: self._ask(lambda state: change(state, event["new"])), "value")
        return control

    def _choice(self, word: str, options: Any, change: Any) -> Any:
        layout = self._parts.layout("choice")
        return self._watched(
            self._parts.styled(widgets.Dropdown, description=word, options=options, layout=layout), change
        )

    def _toggle(self, word: str, tooltip: str, icon: str = "") -> Any:
        layout = self._parts.layout("narrow")
        return self._parts.styled(
            widgets.ToggleButton, style={}, description=word, tooltip=tooltip, icon=icon, layout=layout
        )

    def _number(self, word: str, change: Any) -> Any:
        layout = self._parts.layout("number")
        return self._watched(self._parts.styled(widgets.FloatText, description=word, step=0.1, layout=layout), change)

    def _button(self, name: str, word: str, tooltip: str) -> Any:
        layout = self._parts.layout("narrow")
        button = self._parts.styled(widgets.Button, style={}, description=word, tooltip=tooltip, layout=layout)
        button.on_click(lambda _: self._on_press(name))
        return button


class _SharedParts:
    """Widgets that are closed together, and the layouts and styles that they share: each is a widget of its own."""

    def __init__(self) -> None:
        self._made: list[Any] = []
        self._layouts: dict[str, Any] = {}
        self._styles: dict[type, Any] = {}

    def made(self, widget: Any) -> Any:
        """Returns a widget that is closed with the others."""
        self._made.append(widget)
        return widget

    def layout(self, name: str) -> Any:
        """Returns the layout of that name."""
        if name not in self._layouts:
            self._layouts[name] = widgets.Layout(**_LAYOUTS[name])
        return self._layouts[name]

    def styled(self, kind: type[Any], *, style: Any = None, **traits: Any) -> Any:
        """Returns a widget in the style of the others of its kind."""
        shared = self._styles.get(kind)
        widget = self.made(kind(style=shared or (_STYLE if style is None else style), **traits))
        self._styles.setdefault(kind, widget.style)
        return widget

    def row(self, *controls: Any) -> Any:
        """Returns a row that goes on below where it is too narrow."""
        return self.made(widgets.HBox(controls, layout=self.layout("row")))

    def close(self) -> None:
        """Closes them all."""
        for widget in self._made:
            close_whole(widget)
        self._made.clear()
        self._layouts.clear()
        self._styles.clear()


_STYLE = {"description_width": "initial"}

_LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "rows": {"overflow": "visible"},
    "row": {"flex_flow": "row wrap", "align_items": "center", "overflow": "visible"},
    "choice": {"width": "auto", "flex": "0 1 auto", "margin": "2px 12px 2px 0"},
    "number": {"width": "auto", "max_width": "190px", "margin": "2px 12px 2px 0"},
    "narrow": {"width": "auto", "margin": "2px 8px 2px 0"},
    "slider": {"flex": "1 1 160px", "width": "auto", "max_width": "560px", "min_width": "200px"},
}


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


def _offer(control: Any, options: Sequence[tuple[str, Any]], value: Any) -> None:
    """Sets options and value of a dropdown; the options only where they differ, since that resets it."""
    options = tuple(options)
    if tuple(control.options) != options:
        control.options = options
    control.value = value
