"""What of the values that were given is opened: a source, what it is compared with, the names of its axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfnp_ext import wording
from tfnp_ext.config import read_labels
from tfnp_ext.errors import ConversionError, OptionError
from tfnp_ext.explorer.choices import Choice, choices
from tfnp_ext.explorer.frames import Frames
from tfnp_ext.explorer.sources import Source
from tfnp_ext.explorer.state import ExplorerState, first_state

Opened = tuple[Frames, ExplorerState, list[str]]
"""What is drawn of a choice, its first state and the names of its axes."""


class Opening:
    """What was given to ``explore``.

    Args:
        obj: What is explored.
        other: What it is compared with; ``None`` for nothing.
        axes: A name for each axis.
        labels: Class names.
        tolerance: Up to which difference two values agree.

    Attributes:
        choices: What of it can be explored.

    Raises:
        ConversionError: It is not tensor-like.
        OptionError: Names or tolerance are none.
    """

    def __init__(self, obj: Any, other: Any, axes: Sequence[str] | None, labels: Any, tolerance: float) -> None:
        if isinstance(axes, str):
            raise OptionError(f"axes={axes!r} is one name: give a list of one an axis")
        if not tolerance >= 0:
            raise OptionError(f"tolerance={tolerance!r} is no distance: give a number from 0 on")
        self.choices = choices(obj)
        self._others = {} if other is None else {choice.path: choice for choice in choices(other)}
        self._axes, self._labels, self._tolerance = axes, read_labels(labels), tolerance

    def open(self, place: int) -> Opened:
        """Opens a choice.

        Args:
            place: Which one.

        Raises:
            ConversionError: It is empty, or the other is of another shape.
            OptionError: Names do not fit the axes.
        """
        choice = self.choices[place]
        source = choice.open()
        if not source.size:
            raise ConversionError(f"{choice.what} is empty: there is nothing to explore")
        second = self._second(choice, source)
        rank = len(source.shape)
        if self._axes is not None and len(self._axes) != rank and len(self.choices) == 1:
            raise OptionError(f"{len(self._axes)} names for {rank} axes of {choice.what}: give one an axis")
        fits = self._axes is not None and len(self._axes) == rank
        names = [str(name) for name in self._axes or ()] if fits else [f"axis {axis}" for axis in range(rank)]
        if source.draws and not fits:
            names[0] = "element"
        state = first_state(source, weights=choice.weights, name=choice.name, tolerance=self._tolerance)
        if second is not None:
            state = replace(state, compare="side", view="heatmap")
        return Frames(source, second, names, self._named(source)), state, names

    def first(self) -> Opened:
        """Opens the first of the choices that can be; those before it are no choices any more."""
        while True:
            try:
                return self.open(0)
            except ConversionError:
                if len(self.choices) == 1 or self._others:
                    raise
                del self.choices[0]

    def _second(self, choice: Choice, source: Source) -> Source | None:
        """Returns what a choice is compared with."""
        if not self._others:
            return None
        other = self._others.get(choice.path)
        if other is None:
            raise ConversionError(f"the other has no {choice.path or choice.what}: compare values of one structure")
        second = other.open()
        if second.shape != source.shape:
            raise ConversionError(
                f"{choice.what} cannot be compared with {other.what}: their shapes differ,"
                f" {wording.shape(source.shape)} and {wording.shape(second.shape)}"
            )
        if source.is_text or second.is_text:
            raise ConversionError(f"{choice.what} cannot be compared with {other.what}: they are not both numbers")
        return second

    def _named(self, source: Source) -> Mapping[int, Sequence[str]]:
        """Returns the class names by the axis they name: the last one that is as long."""
        labels = self._labels
        if labels is None:
            return {}
        last = len(source.shape) - 1
        if isinstance(labels, Mapping):
            return {last: [labels.get(place) or str(place) for place in range(source.shape[last])]}
        axis = next((axis for axis in range(last, -1, -1) if source.shape[axis] == len(labels)), None)
        if axis is None:
            if len(self.choices) > 1:
                return {}
            raise OptionError(f"{len(labels)} labels for {source.what}: no axis is as long")
        return {axis: [name or str(place) for place, name in enumerate(labels)]}
