"""Training curves: a panel a metric, validation beside training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Curves
from tfnp_ext.plots.base import Array, Style, as_floats, near_one
from tfnp_ext.plots.decimation import read_curve
from tfnp_ext.plots.inks import sign_of, some_marks
from tfnp_ext.plots.sheet import TEXT, ZOOM, Sheet, text_width
from tfnp_ext.plots.tracks import MOST_BYTES, MOST_MARKS, draw_marks, envelope, lonely, stored_bytes

MOST_PANELS = 6
"""Metrics of a training that are drawn; the table in the fold has all."""

VALIDATION = "val_"
"""What Keras puts before the name of a metric that was taken on validation data."""

_COLUMNS = {1: 1, 2: 2, 4: 2}
_MOST_COLUMNS = 3
_WIDEST = 824
_LENGTH = 220
_TALL = 74
_TOP = 16
_BELOW = 16
_BETWEEN = 10
_GAP = 16
_LONGEST_NAME = 28
_DASH, _SPACE = 5, 3
_OF_DASHES = 2.0
"""How much larger the PNG of a line of dashes is."""

_LINE = 1.4


@dataclass(frozen=True)
class Panel:
    """The curves of one metric.

    Attributes:
        name: The metric: ``loss``.
        train: Its value each epoch, float64 [E]; ``None`` where only validation has it.
        validation: The same on validation data.
    """

    name: str
    train: Array | None
    validation: Array | None

    @property
    def known(self) -> tuple[Array, ...]:
        """The curves that there are."""
        return tuple(curve for curve in (self.train, self.validation) if curve is not None)

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and largest finite value of both curves, 0 where there is none."""
        values = np.concatenate(self.known)
        finite = values[np.isfinite(values)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)

    @property
    def best(self) -> tuple[int, float] | None:
        """Place and value of the best epoch, on validation data where there are; ``None`` where it is not known.

        What is lost is best where smallest, what is told to be right where largest; of other metrics nobody knows.
        """
        curve = self.validation if self.validation is not None else self.train
        if curve is None or not np.isfinite(curve).any():
            return None
        smallest, largest = (any(word in self.name for word in words) for words in (_LOST, _RIGHT))
        if smallest == largest:
            return None
        kept = np.where(np.isfinite(curve), curve, np.nan)
        place = int(np.nanargmin(kept) if smallest else np.nanargmax(kept))
        return place, float(curve[place])

    @property
    def room(self) -> tuple[int, int]:
        """CSS pixels left of the curves, for their ends, and right of them, for their names."""
        left = math.ceil(max(text_width(wording.number(end, 2), TEXT) for end in self.ends)) + 6
        return left, math.ceil(text_width("train" if self.validation is None else "validation", TEXT)) + 4


_LOST = ("loss", "error", "mse", "mae", "perplexity")
_RIGHT = ("acc", "auc", "precision", "recall", "f1", "iou", "dice")


@dataclass(frozen=True)
class Training:
    """What a training is drawn as: one panel a metric, over the epochs [E]."""

    panels: tuple[Panel, ...]
    epochs: Array
    metrics: int

    def alt(self) -> str:
        """Returns where each metric began, ended and was best, and whether values are missing."""
        said = []
        for panel in self.panels:
            curve = panel.validation if panel.validation is not None else panel.train
            assert curve is not None
            name = f"{'validation ' if panel.validation is not None else ''}{panel.name}"
            if len(curve) == 1:
                said.append(f"{name} {wording.number(curve[0])}")
                continue
            best = panel.best
            told = f", best {wording.number(best[1])} at epoch {self.epochs[best[0]]:g}" if best else ""
            said.append(f"{name} from {wording.number(curve[0])} to {wording.number(curve[-1])}{told}")
        lost = any(not np.isfinite(curve).all() for panel in self.panels for curve in panel.known)
        marked = " What is not finite is marked." if lost else ""
        return f"Training curves of {wording.plural(len(self.epochs), 'epoch')}: {'; '.join(said)}.{marked}"

    def note(self) -> str:
        """Returns how many metrics are drawn, where it is not all."""
        return f"{len(self.panels)} of {self.metrics} metrics drawn" if len(self.panels) < self.metrics else ""

    @property
    def columns(self) -> int:
        """How many panels stand beside each other in a card: so many that no line of them has a single one."""
        return _COLUMNS.get(len(self.panels), _MOST_COLUMNS)

    @property
    def rooms(self) -> list[tuple[int, int]]:
        """The room left and right of the curves in each column."""
        rooms = [panel.room for panel in self.panels]
        every = [rooms[column :: self.columns] for column in range(self.columns)]
        return [(max(left for left, _ in column), max(right for _, right in column)) for column in every]

    @property
    def length(self) -> int:
        """CSS pixels from the first to the last epoch."""
        taken = sum(map(sum, self.rooms)) + _GAP * self.columns
        return min(_LENGTH, (_WIDEST - taken) // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the card's picture in CSS pixels."""
        lines = -(-len(self.panels) // self.columns)
        width = sum(map(sum, self.rooms)) + (self.length + _GAP) * self.columns
        return width, lines * (_TOP + _TALL + _BELOW + _BETWEEN) - _BETWEEN


def read_training(curves: Curves) -> Training:
    """Returns the panels of a training: a metric and its validation together, in the order of Keras."""
    by_name = {name: as_floats(np.asarray(values)).astype(np.float64) for name, values in curves.values.items()}
    names = list(dict.fromkeys(name.removeprefix(VALIDATION) or name for name in by_name))
    written = wording.told_apart(list(map(wording.printable, names[:MOST_PANELS])), _LONGEST_NAME)
    panels = tuple(
        Panel(word, by_name.get(name), by_name.get(f"{VALIDATION}{name}"))
        for name, word in zip(names, written, strict=False)
    )
    return Training(panels, np.asarray(curves.epochs, np.float64), len(names))


@dataclass(frozen=True)
class _Frame:
    """Where the curves of a panel stand on the sheet, in CSS pixels, and the values of its ends."""

    left: float
    bottom: float
    length: int
    low: float
    high: float

    def points(self, places: Array, values: Array) -> Array:
        """Returns where values stand [N, 2], by their places as shares 0 … 1 of the length."""
        heights, start, end = near_one(values, self.low, self.high)
        span = float(end - start)
        shares = (heights - start) / span if span else heights * 0 + 0.5
        shares = np.where(np.isfinite(values), shares, np.nan)
        return np.column_stack([self.left + places * self.length, self.bottom - 2 - shares * (_TALL - 6)])


def paint_training(sheet: Sheet, training: Training, style: Style) -> None:
    """Draws a panel a metric: train in a blue line, validation in an orange one of dashes."""
    rooms, length, fine = training.rooms, training.length, _are_fine(training)
    for number, panel in enumerate(training.panels):
        line, column = divmod(number, training.columns)
        left = sum(map(sum, rooms[:column])) + (length + _GAP) * column + rooms[column][0]
        bottom = line * (_TOP + _TALL + _BELOW + _BETWEEN) + _TOP + _TALL
        _paint_panel(sheet, panel, training.epochs, _Frame(left, bottom, length, *panel.ends), style, fine=fine)


def _are_fine(training: Training) -> bool:
    """Returns whether smooth lines make a small PNG: else they are bands of columns of a CSS pixel."""
    if len(training.epochs) > training.length:
        return False
    stored = 0.0
    for panel in training.panels:
        frame = _Frame(0, 0, training.length, *panel.ends)
        for values, more in ((panel.train, 1.0), (panel.validation, _OF_DASHES)):
            if values is not None:
                heights = frame.points(np.zeros(len(values)), values)[:, 1]
                stored += more * stored_bytes(heights, training.length)
    return stored <= MOST_BYTES


def _paint_panel(sheet: Sheet, panel: Panel, epochs: Array, frame: _Frame, style: Style, *, fine: bool) -> None:
    left, bottom, top = frame.left, frame.bottom, frame.bottom - _TALL
    sheet.text(left, top - 5, panel.name, style.grey, TEXT, bold=True)
    sheet.boxes(left, bottom, frame.length, 0.5, style.grey)
    for place, value in ((top + 4.0, frame.high), (bottom - 1.0, frame.low))[: 1 if frame.low == frame.high else 2]:
        sheet.text(left - 5, place + 3.5, wording.number(value, 2), style.grey, TEXT, False, "right")
    ends: list[tuple[float, str, str]] = []
    for word, values, color in (("train", panel.train, style.blue), ("validation", panel.validation, style.orange)):
        if values is not None:
            end = _paint_curve(sheet, values, frame, color, style, fine=fine, dashed=word == "validation")
            ends += [] if end is None else [(end, word, color)]
    for height, word, color in _apart(ends):
        sheet.text(left + frame.length + 4, height + 3.5, word, color, TEXT)
    best, last = panel.best, len(epochs) - 1
    if best is not None and last:
        across, height = frame.points(np.array([best[0] / last]), np.array([best[1]]))[0]
        sheet.frames(across - 3, height - 3, 6, 6, style.grey, 1.0)
    sheet.text(left, bottom + 12, f"{epochs[0]:g}", style.grey, TEXT)
    if last:
        sheet.text(left + frame.length, bottom + 12, f"{epochs[-1]:g}", style.grey, TEXT, False, "right")
        sheet.text(left + frame.length / 2, bottom + 12, "epoch", style.grey, TEXT, False, "center")


def _paint_curve(
    sheet: Sheet, values: Array, frame: _Frame, color: str, style: Style, *, fine: bool, dashed: bool
) -> float | None:
    """Draws one curve and returns the height of its last finite value, ``None`` where it has none."""
    curve, last = read_curve(values), max(1, len(values) - 1)
    shift = 0.0 if len(values) > 1 else 0.5
    points = frame.points(curve.points[:, 0] / last + shift, curve.points[:, 1])
    if not fine:
        tops, bottoms = envelope(points - (frame.left, 0), frame.length, frame.length)
        gap = dashed & (np.arange(frame.length) % (_DASH + _SPACE) >= _DASH)
        tops[gap] = np.nan
        sheet.band(frame.left, np.repeat(tops - 0.5, ZOOM), np.repeat(bottoms + 0.5, ZOOM), color)
    else:
        sheet.curve(_dashes(points) if dashed else points, color, _LINE)
        lone = lonely(points)
        sheet.boxes(lone[:, 0] - 1.5, lone[:, 1] - 1.5, 3, 3, color)
    for place, sign in some_marks(curve.invalid, MOST_MARKS):
        sheet.glyph(frame.left + frame.length * (place / last + shift), frame.bottom - 6, sign, style.magenta, 10)
    finite = points[np.isfinite(points[:, 1])]
    return float(finite[-1, 1]) if len(finite) else None


def _apart(ends: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Returns the words at the ends of two curves moved so far apart that both can be read."""
    if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < 11:
        upper, lower = sorted(ends)
        middle = (upper[0] + lower[0]) / 2
        return [(middle - 5.5, *upper[1:]), (middle + 5.5, *lower[1:])]
    return ends


def _dashes(points: Array) -> Array:
    """Returns a line [N, 2] cut into dashes along it, NaN between them; what was broken stays so."""
    gap = np.full((1, 2), np.nan)
    cut = [gap]
    for run in _finite_runs(points):
        reach = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(run, axis=0).T))])
        starts = np.arange(0.0, reach[-1], _DASH + _SPACE)
        ends = np.minimum(starts + _DASH, reach[-1])
        at = np.unique(np.concatenate([reach, starts, ends]))
        at = at[at % (_DASH + _SPACE) <= _DASH]
        line = np.column_stack([np.interp(at, reach, run[:, 0]), np.interp(at, reach, run[:, 1])])
        cut += [np.insert(line, np.searchsorted(at, ends) + 1, np.nan, axis=0), gap]
    return np.concatenate(cut)


def _finite_runs(points: Array) -> Iterator[Array]:
    """Yields the parts of a line between its breaks, those of a single point left out."""
    breaks = np.flatnonzero(np.isnan(points[:, 1]))
    for run in np.split(points, breaks):
        kept = run[np.isfinite(run[:, 1])]
        if len(kept) > 1:
            yield kept


def draw_training(axes: Any, training: Training, style: Style) -> None:
    """Draws a panel a metric on Axes of the user's, with a legend where there are validation data."""
    for panel, ax in zip(training.panels, np.atleast_1d(axes).ravel(), strict=True):
        for values, name, color, dashes in (
            (panel.train, "train", style.blue, "-"),
            (panel.validation, "validation", style.orange, "--"),
        ):
            if values is None:
                continue
            heights = np.where(np.isfinite(values), values, np.nan)
            points = np.column_stack([training.epochs, heights])
            ax.plot(*points.T, color=color, linestyle=dashes, label=name)
            lone = lonely(points)
            if len(lone):
                ax.plot(*lone.T, color=color, linestyle="none", marker="o")
            places = np.flatnonzero(np.isnan(heights)).tolist()
            draw_marks(ax, [(float(training.epochs[place]), sign_of(float(values[place]))) for place in places], style)
        if panel.validation is not None:
            ax.legend()
        ax.set_title(panel.name, parse_math=False)
        ax.set_xlabel("epoch")
