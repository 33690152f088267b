"""A batch of class probabilities as a table: numbers of a few vectors, a line of blocks for each of many examples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from tfnp_ext import wording
from tfnp_ext.document import Cell, Row, Span, Table
from tfnp_ext.plots.base import as_floats
from tfnp_ext.plots.batches import MOST_WRITTEN, SHORT_LABEL, Batch

_TEXT_EXAMPLES = 6
_TEXT_ROOM, _LEAST_TEXT = 62, 12
"""Columns of a line for the blocks and the name of the answer, and those that the blocks take at least."""


def batch_table(batch: Batch) -> Table:
    """Returns the batch as a table: numbers of a few vectors, else a line of blocks for each example."""
    return replace(_numbers(batch), narrow=_lines(batch)) if batch.small else _lines(batch)


def _numbers(batch: Batch) -> Table:
    rows, names = [], batch.told(batch.longest)
    floats = as_floats(batch.everything)
    read = zip(floats.tolist(), floats.astype(str).tolist(), strict=True)  # a float of Python's has digits that lie
    for number, (values, titles) in enumerate(read):
        top = float(batch.confidences[number])
        cells = [_number(value, title, value == top) for value, title in zip(values, titles, strict=True)]
        rows.append(Row((*cells, _answer(batch, number, names)), str(number)))
    return Table(tuple(rows), (*batch.names, ""), compact=True, width=5, pinned=1)


def _answer(batch: Batch, number: int, names: Mapping[int, str]) -> Cell:
    """Returns the end of a row: the top class, its share, and a mark where it is below one half."""
    if batch.tops[number] < 0:
        return Cell("", align="left")
    share = Span(wording.percent(float(batch.confidences[number])))
    doubt = (Span("?", "unsure", "below 50 %"),) if batch.unsure[number] else ()
    whole = batch.whole[int(batch.tops[number])]
    cut = whole if whole != batch.answers[number] else ""
    return Cell(_tied_answers(batch, number, names), tone="strong", align="left", title=cut, after=(share, *doubt))


def _tied_answers(batch: Batch, number: int, names: Mapping[int, str]) -> str:
    """Returns the top class of an example in words: of equal ones all, if their names are at hand."""
    if not batch.are_tied or batch.tops[number] < 0 or len(batch.classes) < batch.everything.shape[1]:
        return names[int(batch.tops[number])]
    examples, rows = batch.framed
    return wording.tied(names[int(batch.classes[row])] for row in rows[examples == number].tolist())


def _number(value: float, title: str, top: bool) -> Cell:
    if not math.isfinite(value):
        return Cell("nan" if math.isnan(value) else "inf" if value > 0 else "-inf", tone="invalid")
    text, ground = wording.short_share(value), min(1.0, max(0.0, value))
    return Cell(text, "strong" if top else "plain", ground, title, framed=top)


def _lines(batch: Batch) -> Table:
    count = batch.everything.shape[1]
    lined = count <= MOST_WRITTEN
    digits = "".join(str(index % 10) for index in range(count)) if lined else ""
    rows = []
    shown = len(batch.everything) if batch.small else min(_TEXT_EXAMPLES, len(batch.everything))
    shares = as_floats(batch.everything[:shown]).tolist() if lined else [[]] * shown
    room = max(SHORT_LABEL, _TEXT_ROOM - max(len(digits), _LEAST_TEXT))
    wide = not all(map(str.isascii, batch.whole.values()))  # a character may take two columns
    names = batch.told(max(SHORT_LABEL, room // 2) if wide else room)
    for number, row in enumerate(shares):
        line = "".join(map(_level, row))
        answer = (
            Cell(_tied_answers(batch, number, names), tone="strong"),
            Cell(wording.percent(float(batch.confidences[number]))),
        )
        doubt = Cell("?" if batch.unsure[number] else "", tone="unsure", align="left")
        rows.append(Row((Cell(line, align="left", mono=True), *answer, doubt), str(number)))
    if batch.examples > len(rows):
        more = f"{wording.integer(batch.examples - len(rows))} more"
        rows.append(Row((Cell(more, tone="secondary", align="left"), Cell(""), Cell(""), Cell("")), "⋮"))
    return Table(tuple(rows), (digits, "top", "at", ""))


def _level(value: float) -> str:
    """Returns a probability as a block: ``·`` under 1 %."""
    if not math.isfinite(value):
        return "×"
    return "·" if value < 0.01 else wording.BLOCKS[math.ceil(min(1.0, value) * 8) - 1]
