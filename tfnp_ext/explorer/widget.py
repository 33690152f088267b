"""``TensorExplorer``: controls around a canvas, and the traits that follow what is shown."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np
import traitlets

from tfnp_ext import wording
from tfnp_ext.adapters import find_adapter
from tfnp_ext.errors import ConversionError, OptionError, reason
from tfnp_ext.explorer.canvas import Canvas, Event
from tfnp_ext.explorer.chooser import TreeChooser
from tfnp_ext.explorer.controls import Controls, close_whole
from tfnp_ext.explorer.finding import Finder, Found, end_of
from tfnp_ext.explorer.numbers import plain
from tfnp_ext.explorer.opening import Opening
from tfnp_ext.explorer.pacing import Pacing
from tfnp_ext.explorer.painting import exact_text
from tfnp_ext.explorer.playing import Player
from tfnp_ext.explorer.python_code import code_of, name_of
from tfnp_ext.explorer.state import ExplorerState, faults, moved, placed, reshaped, stepped
from tfnp_ext.explorer.still import Picture, picture_size, show_still
from tfnp_ext.explorer.viewports import Viewports

_FEW_CELLS = 64


class _FollowsState(traitlets.TraitType):  # type: ignore[type-arg]
    """What follows the state: who reads it just after the state was set gets that of the new one."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Returns it, once a drawing that waits is done."""
        pacing = obj.__dict__.get("_pacing")
        if pacing is not None:
            pacing.catch_up()
        return super().get(obj, cls)


class _Slice(_FollowsState, traitlets.Unicode):  # type: ignore[type-arg]
    """An indexing expression."""


class _Array(_FollowsState):
    """An array, of which only another object is a change: to compare two would cost their size."""

    default_value = None
    info_text = "an array"

    def set(self, obj: Any, value: Any) -> None:
        """Sets it, and tells who observes it."""
        old = obj._trait_values.get(self.name)
        obj._trait_values[self.name] = value
        if old is not value:
            obj._notify_trait(self.name, old, value)


class TensorExplorer(widgets.VBox):  # type: ignore[misc,unused-ignore]
    """A tensor of any size, of which what is visible is cut and drawn.

    Attributes:
        slice: The indexing expression of what is shown, relative to the value: ``[3, :, :, 0]``.
        array: What is shown as a NumPy array, in the order of the value's axes; a view where there is one. A reduction
            of a large array is read in the background of a notebook: both follow when it is there.
        state: All that is shown; set it to another to show that.
        called: The expression that the value came from, for ``code`` where it has no name.
    """

    called = ""

    slice = _Slice()
    array: Any = _Array()
    state: Any = traitlets.Instance(ExplorerState)

    def __init__(
        self,
        obj: Any,
        *,
        axes: Sequence[str] | None = None,
        labels: Any = None,
        other: Any = None,
        tolerance: float = 0.0,
    ) -> None:
        self._opening: Opening | None = Opening(obj, other, axes, labels, tolerance)
        self._value: Any = obj
        self._other: Any = other
        self._word = uuid.uuid4().hex[:6]
        self._viewports = Viewports()
        self._serial = 0
        self._cell: tuple[int, int] | None = None
        self._finder = Finder()
        self._exposed: Any = None
        self._reaching = False
        self._progress = ""
        self._frames, state, names = self._opening.first()
        self._pacing = Pacing(self._draw)
        self._player = Player(self._play_on, self._stand_still)
        super().__init__()
        self.add_class("tfnp-explorer")
        self._canvas = Canvas(on_event=self._receive)
        self._said = widgets.Label(layout=widgets.Layout(min_height="20px", width="auto"))
        self._said.add_class("tfnp-explorer-sentence")
        self._controls = self._new_controls(names)
        self._tree = TreeChooser.of(self._opening.choices, self.choose)
        self._compose()
        self.state = state

    # Opening and closing.

    def _new_controls(self, names: Sequence[str]) -> Controls:
        frames = self._frames
        compares = frames.other is not None
        return Controls(frames.source, names, compares, self._ask, self._press, self._play)

    def _compose(self) -> None:
        tree = () if self._tree is None else (self._tree,)
        self.children = (*tree, self._controls.above, self._canvas, self._controls.below, self._said)

    def choose(self, place: int) -> None:
        """Shows another tensor of a nest.

        Args:
            place: Which one, in the order of the nest.
        """
        if self._opening is None:
            return
        try:
            place = range(len(self._opening.choices))[place]
            frames, state, names = self._opening.open(place)
        except Exception as error:
            self._tell(reason(error))
            return
        self._player.stop()
        self._let_go()
        self._controls.close()
        self._finder.forget()
        self._frames, self._cell = frames, None
        self._controls = self._new_controls(names)
        self._compose()
        self._tell("")
        if self._tree is not None:
            self._tree.show(place)
        if state == self.state:
            self._moved(None)
        self.state = state

    def refresh(self) -> None:
        """Reads the value anew, as after a variable was assigned; what is shown stays where it still fits."""
        shown = self.state
        self.choose(0 if self._tree is None else self._tree.chosen)
        if shown != self.state and not faults(shown, self._frames.source):
            self.state = shown

    def _let_go(self) -> None:
        for source in (self._frames.source, self._frames.other):
            if source is not None:
                source.close()
        self._frames.close()

    def close(self) -> None:
        """Closes the widget and lets go of the value."""
        if getattr(self, "_value", None) is not None and hasattr(self, "_canvas"):
            self._player.stop()
            self._pacing.stop()
            self._let_go()
            self._finder.forget()
            self._value = self._other = self._opening = None
            self.array = self._exposed = None
            self._controls.close()
            for each in (self._canvas, self._said, self._tree):
                if each is not None:
                    close_whole(each)
            self.layout.close()
        super().close()

    def __repr__(self) -> str:
        what = self._frames.source.what if self._value is not None else "closed"
        return f"TensorExplorer({what}, {self.slice})"

    # What is shown.

    @traitlets.validate("state")
    def _checked(self, proposal: Any) -> ExplorerState:
        state: ExplorerState = proposal["value"]
        fault = faults(state, self._frames.source) if self._value is not None else ""
        if fault:
            raise OptionError(f"this state cannot be shown: {fault}")
        return state

    @traitlets.observe("state")
    def _moved(self, _: Any) -> None:
        if self._value is not None and not self._reaching:
            self._tell("")  # what was said was of what was shown
            self._controls.show(self.state)
            self._pacing.ask()

    def _ask(self, state: ExplorerState) -> None:
        self.state = state

    def _draw(self) -> None:
        """Shows the state: cuts the slice, draws it, and has the traits follow."""
        try:
            self._reach()
            frames, state = self._frames, self.state
            if not self._has_read(state):
                return
            self._expose(state)
            if self._viewports and self.state is state:  # who observes slice or array may have set another
                self._paint(state)
        except Exception as error:
            self._player.stop()
            self._tell(reason(error))
            return
        if frames.source.draws:
            self._controls.show(self.state)

    def _reach(self) -> None:
        """Draws the element that is asked for, and finds out how many there are, and how large."""
        source, state = self._frames.source, self.state
        if source.draws:
            place = source.reach(state.index[0])
            state = reshaped(replace(state, index=(place, *state.index[1:])), source.shape)
            if state != self.state:
                self._reaching = True
                try:
                    self.state = state
                finally:
                    self._reaching = False

    def _has_read(self, state: ExplorerState) -> bool:
        """Reads for a while what is put together along an axis; until all is read, what is shown stays."""
        share = self._frames.reader.advance(state)
        waits = share < 1 and self._pacing.again()
        if waits or self._said.value == self._progress:
            shown = "; the picture is the one before" if self._serial else ""
            self._progress = (
                f"{self._frames.reduction(state)}: {wording.percent(share, 0)} read{shown}" if waits else ""
            )
            self._tell(self._progress)
        return not waits

    def _expose(self, state: ExplorerState) -> None:
        """Has the traits follow; what only colours or zooms changes neither."""
        reduced = (state.reduced, state.reduction, state.part) if state.reduced is not None else None
        what = (self._frames, state.expression(), state.shape, reduced)
        if what == self._exposed:
            return
        self._exposed = what
        array = self._frames.reader.array(replace(state, compare=""))
        with self.hold_trait_notifications():  # who observes one of them reads both
            self.slice = self._frames.source.expression(state.expression())
            self.array = array

    def _paint(self, state: ExplorerState) -> None:
        self._serial += 1
        arrangement = (state.plane, state.view, state.rows, state.columns, state.compare == "side")
        if self._viewports.arrange(arrangement, self._serial):
            self._cell = None
        for viewport, views in self._viewports.due((self._frames, state)):
            frame = self._frames.frame(state, viewport)
            meta = {**frame.meta, "serial": self._serial, "still": self._word, "views": views}
            if self._player.axis is not None:
                meta["tell"] = True  # when it is painted
            self._canvas.send_frame(meta, frame.buffers)

    @property
    def code(self) -> str:
        """Python for what is shown, with the names that the values have in the notebook; ``x`` and ``y`` without."""
        called = self.called if self.called.isidentifier() or not self.called else f"({self.called})"
        names = name_of(self._value, called or "x"), name_of(self._other, "y")
        return code_of(self._frames.source, self._frames.other, self.state, names)

    @property
    def png(self) -> bytes:
        """The picture of the slice: a pixel a cell.

        Raises:
            ConversionError: The explorer is closed.
        """
        if self._value is None:
            raise ConversionError("the explorer is closed: open a new one")
        return self._frames.png(self.state)

    # Messages of the canvas and presses of buttons.

    def _receive(self, _: Canvas, event: Event) -> None:
        handles: dict[str, Callable[[Event], None]] = {
            "ready": self._ready,
            "viewport": self._look,
            "gone": self._viewports.closed,
            "key": self._key,
            "pin": self._pin,
            "unpin": self._pin,
            "exact": self._exact,
            "painted": self._painted,
        }
        handle = handles.get(str(event.get("type")) if isinstance(event, dict) else "")
        if handle is not None and self._value is not None:
            try:
                handle(event)
            except (KeyError, TypeError):  # no message of ours
                return
            except Exception as error:
                self._tell(reason(error))

    def _ready(self, event: Event) -> None:
        first = not self._viewports
        if self._viewports.opened(event):
            self._canvas.send({"type": "call"})
        self._pacing.ask()
        if first and self._cell is not None:  # found before there was a canvas
            self._go_to(self._cell)

    def _look(self, event: Event) -> None:
        self._viewports.moved(event, self.state.plane)
        self._pacing.ask()

    def _key(self, event: Event) -> None:
        source, key = self._frames.source, str(event.get("key"))
        if key == "End" and source.grows and self.state.sliding[:1] == (0,):
            place, said = end_of(source, self.state.index[0])
            self.state = moved(reshaped(self.state, source.shape), 0, place)
            self._tell(said)
        else:
            self.state = stepped(self.state, key, bool(event.get("shift")), source.grows)

    def _pin(self, event: Event) -> None:
        cell = int(event["y"]), int(event["x"])
        if event["type"] == "pin":
            self._cell = cell
        elif cell == self._cell:  # another may have been found in the meantime
            self._cell = None

    def _exact(self, event: Event) -> None:
        row, column = int(event["y"]), int(event["x"])
        text = ""
        if 0 <= row < self.state.plane[0] and 0 <= column < self.state.plane[1]:  # else it was of another plane
            text = self._text_at(row, column) if self._frames.reader.is_read(self.state) else "being read"
        asked = {key: event[key] for key in ("request", "view") if key in event}
        self._canvas.send({"type": "exact", "text": text} | asked)

    def _play(self, axis: int, on: bool) -> None:
        if not on:
            self._player.stop()
        else:
            last = self.state.shape[axis] - 1
            if self.state.index[axis] >= last and not self._frames.source.draws:
                self.state = moved(self.state, axis, 0)
            self._player.play(axis)

    def _play_on(self, axis: int) -> bool:
        """Goes one place on along an axis, and returns whether there was one."""
        before = self.state
        if axis not in before.sliding:
            return False
        self.state = moved(before, axis, before.index[axis] + 1)
        return bool(self.state.index[axis] != before.index[axis])

    def _stand_still(self, axis: int) -> None:
        self._controls.stop_playing(axis)

    def _painted(self, _: Event) -> None:
        self._player.painted()

    def _text_at(self, row: int, column: int) -> str:
        """Returns what stands in a cell, in full."""
        frames, state = self._frames, self.state
        rows, columns = np.s_[row : row + 1], np.s_[column : column + 1]
        if state.compare == "side":
            parts = list(frames.reader.pair(state, rows, columns))
        elif frames.source.is_text or (state.reduced is None and not state.compare and state.view != "image"):
            value = frames.source.cut(state.at(row, column))
            value = value[()] if isinstance(value, np.ndarray) else value
            return exact_text(plain(np.asarray(value), state.part).values[()] if state.part else value)
        else:
            parts = [frames.reader.numbers(state, rows, columns)]
        texts = []
        for part in parts:
            missing = part.missing is not None and part.missing.all()
            texts.append("missing" if missing else ", ".join(str(value) for value in part.values.reshape(-1)))
        return "   ".join(texts)

    def _press(self, name: str) -> None:
        """Does what a button is for."""
        act: Callable[[], None] = {
            "maximum": lambda: self._show_found(self._find_extreme(True)),
            "minimum": lambda: self._show_found(self._find_extreme(False)),
            "invalid": lambda: self._show_found(self._find_invalid()),
            "count": lambda: self._show_found(self._finder.disagreements(self._frames, self.state)),
            "copy": lambda: self._canvas.send({"type": "copy", "text": self.code, **self._viewports.one}),
            "png": lambda: self._canvas.send({"type": "png", **self._viewports.one}),
        }[name]
        try:
            act()
        except Exception as error:
            self._tell(reason(error))

    def _tell(self, words: str) -> None:
        self._said.value = words

    def find_next_invalid(self) -> tuple[int, ...] | None:
        """Goes to the next NaN or infinity after the pinned cell, in the order of the value's memory.

        Returns:
            Its index; ``None`` where none was found, in the time of one step.
        """
        found = self._find_invalid()
        self._show_found(found)
        return found.index

    def _find_invalid(self) -> Found:
        return self._finder.next_invalid(self._frames, self.state, self._cell)

    def _find_extreme(self, largest: bool) -> Found:
        whole = self._controls.looks_at_whole
        return self._finder.extreme(self._frames, self.state, largest, whole=whole)

    def _show_found(self, found: Found) -> None:
        if found.index is not None:
            self._go(found.index)
        elif found.cell is not None:
            self._show_cell(*found.cell)
        else:  # more may have been drawn
            self.state = reshaped(self.state, self._frames.source.shape)
        self._tell(found.said)

    def _go(self, index: Sequence[int]) -> None:
        """Shows and pins the cell of an index."""
        state = reshaped(self.state, self._frames.source.shape)
        where = dict(enumerate(index))
        kept = [state.index[axis] if axis == state.reduced else place for axis, place in where.items()]
        self.state = placed(state, kept)
        row = 0 if state.rows is None else where[state.rows]
        column = 0 if state.columns is None else where[state.columns]
        self._show_cell(row, column)

    def _show_cell(self, row: int, column: int) -> None:
        self._cell = (row, column)
        self._go_to(self._cell)

    def _go_to(self, cell: tuple[int, int]) -> None:
        self._canvas.send({"type": "goto", "y": cell[0], "x": cell[1], "pin": True})

    def _show_still(self) -> None:
        """Sends the value's card before the widget: it stays where there is no kernel."""
        if self._opening is not None:
            adapter = find_adapter(self._value)
            several = adapter if len(self._opening.choices) > 1 else None
            what = several.label(self._value) if several else self._opening.choices[0].what
            show_still(self._value, what, self._word, self._picture)

    def _picture(self) -> Picture | None:
        state, frames = self.state, self._frames
        few = math.prod(state.plane) < _FEW_CELLS  # the card has them all
        if few or state.view not in {"heatmap", "image"} or not frames.reader.is_read(state):
            return None
        words = f"{'image' if state.view == 'image' else 'heat map'} of {frames.source.expression(state.expression())}"
        return frames.png(state, picture_size(state.plane)), words, state.plane

    if hasattr(widgets.VBox, "_repr_mimebundle_"):  # ipywidgets 8

        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            self._show_still()
            return super()._repr_mimebundle_(**kwargs)

    else:

        def _ipython_display_(self, **kwargs: Any) -> None:
            self._show_still()
            super()._ipython_display_(**kwargs)
