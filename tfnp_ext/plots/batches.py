"""A batch of class probabilities: examples to the right, classes downwards, the answers below, confidence above."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.plots.base import (
    LONGEST_LABEL,
    LONGEST_WORDS,
    MOST_EXAMPLES,
    Array,
    Style,
    as_floats,
    class_labels,
    names_of,
)
from tfnp_ext.plots.inks import sign_of
from tfnp_ext.plots.sheet import SMALL_TEXT, TEXT, Sheet, text_width
from tfnp_ext.plots.ticks import name_ticks
from tfnp_ext.roles import SMALL
from tfnp_ext.statistics import row_tops

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNSURE = 0.5
"""Confidence below which an answer is marked as unsure."""

GAMMA = 0.8
_WIDTH = 830
_MOST_WIDE_COLUMNS = 48
_WIDEST, _NARROWEST, _NARROW = 18, 14, 4
_MOST_ROWS, _MOST_ASKED = 20, 60
_ROW = 11
_CONFIDENCE = 30
_TOP = 42
_COUNTS = 74
SHORT_LABEL = 14
"""Characters of a name where examples, or the columns of a table, have need of its room."""

_FEW_COLUMNS = 4

MOST_WRITTEN = 40
"""So many classes at most are written for each example in a terminal."""

FEW_EXAMPLES = 8
"""So many examples need no line of numbers that sums them up."""

_FEW_CLASSES = 12
_LONGEST_TABLE, _WIDEST_TABLE = 12, 16
_MOST_COUNTED = 2**18
"""So many values at most are read to say how often each class is the top one; of more, those drawn count."""


@dataclass(frozen=True)
class Batch:
    """What the picture of a batch shows.

    Attributes:
        values: Probabilities of the examples and classes drawn, float64 [N, R].
        everything: Probabilities of the examples drawn, all classes, as they were given [N, C].
        classes: Which classes are drawn, [R].
        names: The name of each class drawn, as it stands in the picture.
        answers: That of the top class of each example drawn.
        whole: The whole name of each of these classes.
        tops: Top class of each example, [N]; -1 where a row holds no number.
        confidences: Its probability, [N]; NaN where a row holds no number.
        examples: How many examples there are.
        column: Width of an example in CSS pixels.
        often: How often each class drawn is the top one, [R], of all examples or of those drawn.
        counted: Whether that is of all examples.
        some: Whether others of the classes predicted are not drawn.
        numbered: Whether names do not fit below the columns, which have the number of their class instead.
        longest: In how many characters names stand.
    """

    values: Array
    everything: Array
    classes: Array
    names: tuple[str, ...]
    answers: tuple[str, ...]
    whole: dict[int, str]
    tops: Array
    confidences: Array
    examples: int
    column: int
    often: Array
    counted: bool
    some: bool = False
    numbered: bool = False
    longest: int = SHORT_LABEL

    @property
    def small(self) -> bool:
        """Whether a table of the numbers says more than a picture."""
        return _is_table(self.examples, int(self.everything.shape[1]))

    @property
    def unsure(self) -> Array:
        """Which examples are unsure, [N]."""
        return np.asarray(self.confidences < UNSURE)

    @cached_property
    def framed(self) -> tuple[Array, ...]:
        """The examples and the rows of their top classes: of equal ones all."""
        return np.nonzero(self.values == self.confidences[:, None])

    @cached_property
    def are_tied(self) -> bool:
        """Whether an example has several top classes."""
        return len(self.framed[0]) > int(np.count_nonzero(self.tops >= 0))

    @property
    def left(self) -> int:
        """Room for the class names, and their numbers where these stand below, in CSS pixels."""
        return self.number_room + _margins(self.names)[0]

    @property
    def number_room(self) -> int:
        """Room for the numbers beside the class names, in CSS pixels."""
        return _number_room(self.classes) if self.numbered else 0

    @property
    def written_answers(self) -> tuple[str, ...]:
        """What stands below the columns: the top class by its name, or by its number where a name is too wide."""
        return _numbers_of(self.tops) if self.numbered else self.answers

    @property
    def map_width(self) -> int:
        """Width of the map in CSS pixels."""
        return self.column * len(self.values)

    @property
    def width(self) -> int:
        """Width of the whole in CSS pixels."""
        return self.map_width + self.number_room + sum(_margins(self.names))

    @property
    def height(self) -> int:
        """Height of the whole in CSS pixels."""
        return _TOP + _ROW * len(self.classes) + (15 if self.written else 4)

    @property
    def written(self) -> bool:
        """Whether the answers have room below their columns."""
        return _fits(self.written_answers, self.column)

    def told(self, longest: int) -> dict[int, str]:
        """Returns the names of the classes, ``×`` for none, as they stand in so many characters of text."""
        return {**names_of(self.whole, self.whole, longest), -1: "×"}

    def note(self) -> str:
        """Returns which examples and classes are drawn, where it is not all."""
        notes = []
        if len(self.values) < self.examples:
            notes.append(f"the first {len(self.values)} of {wording.integer(self.examples)} examples drawn")
        count = self.everything.shape[1]
        if len(self.classes) < count:
            most = "predicted most often" if self.some else "predicted"
            notes.append(f"only the {len(self.classes)} of {wording.integer(count)} classes {most}")
        return "; ".join(notes)

    def alt(self) -> str:
        """Returns what runs where, how often each class is predicted and which examples are unsure."""
        counts = self.often
        names = self.told(LONGEST_WORDS)
        often = zip(counts.tolist(), self.classes.tolist(), strict=True)
        predicted = [f"{count}×{names[index]}" for count, index in often if count]
        drawn = ""
        if len(self.values) < self.examples:
            drawn = f" of the first {len(self.values)} of {wording.integer(self.examples)}"
        of_all = f" of all {wording.integer(self.examples)}" if drawn and self.counted else ""
        parts = [
            f"Heat map, one column per example{drawn}, one row per class; confidence above, predicted class below.",
            f"Predicted{of_all}: {', '.join(predicted) or 'nothing'}.",
        ]
        places = np.flatnonzero(self.unsure)
        if len(places):
            listed = ", ".join(f"#{place} {names[self.tops[place]]}" for place in places[:8].tolist())
            more = f" and {len(places) - 8} more" if len(places) > 8 else ""
            parts.append(f"Unsure (below 50 %): {listed}{more}.")
        lost = int((self.tops < 0).sum())
        if lost:
            parts.append(f"{wording.plural(lost, 'example')} without numbers, marked ×.")
        return " ".join(parts)


def read_batch(values: Array, options: DisplayOptions) -> Batch:
    """Returns what is drawn of a batch.

    Args:
        values: Probabilities [N, C] of all examples.
        options: For the class names.
    """
    drawn, count = min(len(values), MOST_EXAMPLES), values.shape[1]
    whole = class_labels(options, count)
    all_tops, confidences = row_tops(values, np.arange(drawn))
    first = _classes(all_tops, count, options.top)
    longest = _length_of_names(first, whole, len(values), count)
    names = _labels(first, all_tops, whole, longest)
    room = _room_beside(first, names)
    drawn, column = _columns(room, drawn)
    narrower = _columns(room - _number_room(first), drawn)
    numbered = not _fits(_names_of(all_tops[:drawn], names), column)
    numbered = numbered and _fits(_numbers_of(all_tops[: narrower[0]]), narrower[1])
    if numbered:
        drawn, column = narrower
    counted = drawn == len(values) or values.size <= _MOST_COUNTED
    tops, confidences = all_tops[:drawn], confidences[:drawn]
    if not counted:
        all_tops = tops
    elif len(values) > len(all_tops):
        all_tops = row_tops(values)[0]
    classes = _classes(all_tops, count, options.top)
    if count > len(names):
        names = _labels(classes, tops, whole, longest)
    # All classes are written only where they are few; of many on another device only those drawn are fetched.
    away = isinstance(values, DeviceArray) and count > MOST_WRITTEN
    everything = values if away else values[:drawn]
    often = np.bincount(all_tops[all_tops >= 0], minlength=count)
    return Batch(
        values=as_floats(everything[:drawn, classes]).astype(np.float64),
        everything=everything,
        classes=classes,
        names=tuple(names[index] for index in classes),
        answers=_names_of(tops, names),
        whole={index: whole[index] for index in names},
        tops=tops,
        confidences=confidences,
        examples=len(values),
        column=column,
        often=often[classes],
        counted=counted,
        some=int(often[classes].sum()) < int(often.sum()),
        numbered=numbered,
        longest=longest,
    )


def _columns(room: int, examples: int) -> tuple[int, int]:
    """Returns how many examples are drawn and how wide their columns are."""
    column = _NARROW
    if examples <= _MOST_WIDE_COLUMNS:
        column = max(_NARROWEST, min(_WIDEST, room // max(1, examples)))
    return min(examples, max(1, room // column)), column


def _fits(answers: tuple[str, ...], column: int) -> bool:
    """Returns whether the answers have room below their columns."""
    return column >= _NARROWEST and all(text_width(answer, TEXT, True) <= column - 1 for answer in answers)


def _is_table(examples: int, classes: int) -> bool:
    """Returns whether a table of the numbers says more than a picture."""
    if examples <= FEW_EXAMPLES and classes <= _FEW_CLASSES:
        return True
    return examples * classes <= SMALL and examples <= _LONGEST_TABLE and classes <= _WIDEST_TABLE


def _length_of_names(classes: Array, names: Sequence[str], examples: int, count: int) -> int:
    """Returns in how many characters names of classes stand: as many as leave room for the examples."""
    if _is_table(examples, count):
        return LONGEST_LABEL if count <= _FEW_COLUMNS else SHORT_LABEL
    written = names_of(classes.tolist(), names, LONGEST_LABEL)
    fits = _room_beside(classes, written) >= min(examples, _MOST_WIDE_COLUMNS) * _NARROWEST
    return LONGEST_LABEL if fits else SHORT_LABEL


def _room_beside(classes: Array, names: Mapping[int, str]) -> int:
    """Returns the room for the examples beside the names of classes, in CSS pixels."""
    return _WIDTH - sum(_margins(tuple(names[index] for index in classes)))


def _labels(classes: Array, tops: Array, names: Sequence[str], longest: int) -> dict[int, str]:
    """Returns the names of some classes and of answers, as they stand in the picture."""
    answers = () if len(classes) == len(names) else tops[tops >= 0].tolist()
    return names_of((*classes.tolist(), *answers), names, longest)


def _names_of(tops: Array, names: dict[int, str]) -> tuple[str, ...]:
    return tuple(names[top] if top >= 0 else "×" for top in tops.tolist())


def _numbers_of(tops: Array) -> tuple[str, ...]:
    return tuple(str(top) if top >= 0 else "×" for top in tops.tolist())


def _number_room(classes: Array) -> int:
    return math.ceil(max((text_width(str(index)) for index in classes.tolist()), default=0.0)) + 5


def _margins(names: tuple[str, ...]) -> tuple[int, int]:
    """Returns the room for the class names left of the map, and for names, bars and counts right of it."""
    left = max(16, math.ceil(max(map(text_width, names), default=0.0)) + 6)
    return left, max(math.ceil(text_width("confidence")) + 6, 18 + left + _COUNTS + 22)


def _classes(tops: Array, count: int, asked: int | None = None) -> Array:
    """Returns the classes drawn: all up to 20, else those predicted, the commonest 20 of them, in class order.

    Args:
        tops: The classes predicted.
        count: How many classes there are.
        asked: How many are drawn at most in place of 20.
    """
    most = _MOST_ROWS if asked is None else min(asked, _MOST_ASKED)
    if count <= most:
        return np.arange(count)
    found, times = np.unique(tops[tops >= 0], return_counts=True)
    if not len(found):
        return np.arange(most)
    return np.sort(found[np.argsort(-times, kind="stable")[:most]])


def paint_batch(sheet: Sheet, batch: Batch, style: Style) -> None:
    """Draws confidence, map, answers and counts in CSS pixels."""
    left, rows = batch.left, len(batch.classes)
    column, width, bottom = batch.column, batch.map_width, _TOP + _ROW * rows
    starts = left + np.arange(len(batch.values)) * column
    _paint_confidence(sheet, batch, starts, left, style)

    alpha = np.clip(np.nan_to_num(batch.values, nan=0.0, posinf=1.0), 0, 1) ** GAMMA
    # The palette of the PNG has few colours: 32 inks look the same and leave some for text.
    alpha = np.rint(alpha * 32) / 32
    colors = np.empty((rows, len(batch.values), 4), np.uint8)
    colors[..., :3] = [int(style.blue[place : place + 2], 16) for place in (1, 3, 5)]
    colors[..., 3] = np.rint(alpha.T * 255)
    sheet.pixels(left, _TOP, colors, column, _ROW)
    sheet.boxes(left, _TOP + np.arange(rows + 1) * _ROW, width, 0.5, style.grey + "48")
    across, down = batch.framed
    if len(across) and column >= _NARROWEST:
        sheet.frames(starts[across], _TOP + down * _ROW, column, _ROW, style.blue)
    for row, number in np.argwhere(~np.isfinite(batch.values.T)).tolist()[:200]:
        value = float(batch.values[number, row])
        sheet.glyph(
            starts[number] + column / 2, _TOP + (row + 0.5) * _ROW, sign_of(value), style.magenta, min(9, column + 3)
        )
    for row, name in enumerate(batch.names):
        baseline = _TOP + row * _ROW + 9
        sheet.text(left - 4 - batch.number_room, baseline, name, style.grey, SMALL_TEXT, False, "right")
        if batch.numbered:
            sheet.text(left - 4, baseline, str(batch.classes[row]), style.grey, SMALL_TEXT, False, "right")
    if batch.written:
        for number, answer in enumerate(batch.written_answers):
            color = style.orange if batch.unsure[number] else style.grey if batch.tops[number] >= 0 else style.magenta
            sheet.text(starts[number] + column / 2, bottom + 12.5, answer, color, TEXT, True, "center")
    _paint_counts(sheet, batch, left + width + 18, style)


def _paint_confidence(sheet: Sheet, batch: Batch, starts: Array, left: int, style: Style) -> None:
    base, width = 5 + _CONFIDENCE, batch.map_width
    heights = np.rint(np.nan_to_num(np.clip(batch.confidences, 0, 1)) * _CONFIDENCE * 2) / 2
    gap = 3 if batch.column >= _NARROWEST else 0.5
    colors = [(style.orange if unsure else style.blue) + style.quiet for unsure in batch.unsure]
    sheet.boxes(starts + gap, base - heights, batch.column - 2 * gap, heights, colors)
    sheet.boxes(left, np.array([5, 5 + _CONFIDENCE / 2]), width, 0.5, style.grey + style.rule)
    sheet.boxes(left, base, width, 0.5, style.grey)
    sheet.text(left - 4, 9, "1", style.grey, SMALL_TEXT, False, "right")
    sheet.text(left - 4, 5 + _CONFIDENCE / 2 + 3, "½", style.grey, SMALL_TEXT, False, "right")
    sheet.text(left + width + 6, 5 + _CONFIDENCE / 2 + 3, "confidence", style.grey)
    for number in np.flatnonzero(batch.unsure).tolist() if batch.column >= _NARROWEST else ():
        middle = starts[number] + batch.column / 2
        sheet.text(middle, base - heights[number] - 2, "?", style.orange, TEXT, True, "center")


def _paint_counts(sheet: Sheet, batch: Batch, left: float, style: Style) -> None:
    counts = batch.often
    bars = left + batch.left - batch.number_room - 2
    unit = (_COUNTS - 2) / max(1, int(counts.max(initial=0)))
    lengths = np.rint(counts * unit * 2) / 2
    tops = _TOP + np.arange(len(counts)) * _ROW
    sheet.boxes(bars, tops + 2, lengths, _ROW - 3.5, style.blue + style.quiet)
    sheet.boxes(bars - 0.5, _TOP, 0.5, len(counts) * _ROW, style.grey)
    heading = "how often" if batch.counted else f"of the first {len(batch.values)}"
    if batch.counted and len(batch.values) < batch.examples:
        heading = f"of all {wording.integer(batch.examples)}"
    sheet.text(bars, _TOP - 4, heading, style.grey)
    for row, (count, name) in enumerate(zip(counts.tolist(), batch.names, strict=True)):
        sheet.text(bars - 4, tops[row] + 9, name, style.grey, SMALL_TEXT, False, "right")
        if count:
            sheet.text(bars + lengths[row] + 4, tops[row] + 9, wording.integer(count), style.grey)
    if batch.written:
        sheet.text(left - 12, _TOP + len(counts) * _ROW + 12, "top class", style.grey)


def draw_batch(axes: Axes, batch: Batch, style: Style) -> None:
    """Draws the map on Axes of the user's: examples to the right, the top class of each framed and said above."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    colors = np.empty((len(batch.classes), len(batch.values), 4))
    colors[..., :3] = to_rgb(style.blue)
    colors[..., 3] = np.clip(np.nan_to_num(batch.values.T, nan=0.0), 0, 1) ** GAMMA
    axes.imshow(colors, aspect="auto", origin="upper", interpolation="nearest")
    axes.grid(False)
    name_ticks(axes.yaxis, range(len(batch.names)), batch.names)
    axes.set_xlabel("example")
    axes.set_ylabel("class")
    # The colour of text, for a frame of the cell's own blue would not be seen; thin where columns are narrow.
    wide = axes.get_window_extent().width * 72 / axes.figure.dpi / len(batch.values)
    look: dict[str, Any] = {"edgecolor": axes.title.get_color(), "linewidth": min(1.0, wide / 6)}
    for number, row in np.transpose(batch.framed).tolist():
        axes.add_patch(Rectangle((number - 0.5, row - 0.5), 1, 1, fill=False, **look))
    down, right = np.nonzero(~np.isfinite(batch.values.T))
    if len(down):
        axes.plot(right, down, marker="x", color=style.magenta, linestyle="none")
    _draw_answers(axes, batch)
    often = axes.secondary_yaxis("right")
    name_ticks(often.yaxis, range(len(batch.names)), [f"{wording.integer(count)}×" for count in batch.often.tolist()])
    often.set_ylabel("how often the top class" if batch.counted else f"top class of the first {len(batch.values)}")


def _draw_answers(axes: Axes, batch: Batch) -> None:
    """Writes answer and confidence above each column; where there is no room, less: ``?`` for unsure ones is always."""
    figure, box, count = axes.figure, axes.get_window_extent(), len(batch.values)
    above, unsure = axes.secondary_xaxis("top"), np.flatnonzero(batch.unsure).tolist()
    shares = [
        f"{wording.percent(share, 0)}{' ?' if doubt else ''}" if math.isfinite(share) else "×"
        for share, doubt in zip(batch.confidences.tolist(), batch.unsure.tolist(), strict=True)
    ]
    words = [f"{answer} {share}" for answer, share in zip(batch.answers, shares, strict=True)]
    for names, heading in ((words, "top class, confidence"), (shares, "confidence of the top class")):
        name_ticks(above.xaxis, range(count), names)
        above.set_xlabel(heading)
        labels = above.get_xticklabels()
        for label in labels:
            label.set_rotation(90)
        boxes = [label.get_window_extent() for label in labels]
        if max(one.width for one in boxes) > box.width / count:
            name_ticks(above.xaxis, unsure, ["?"] * len(unsure))
            above.set_xlabel("? unsure, below 50 %" if unsure else "")
            return
        # Figures that lay themselves out make the room that is needed; in others it is as it is.
        if figure.get_layout_engine() is not None or max(one.height for one in boxes) <= figure.bbox.y1 - box.y1:
            return
