"""What the fold of judged predictions holds: the examples that a gallery shows, or how often classes are confused."""

from __future__ import annotations

import math

import numpy as np

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import numerals
from tfnp_ext.display.elision import BOUNDED, COLUMNS, DOWN, ROWS, elided_at, spread, spread_cells
from tfnp_ext.display.large_values import CANDIDATE, CLASSES_SHOWN, Folded, heat, share_texts
from tfnp_ext.document import Cell, NumberRow, Row, Table
from tfnp_ext.plots import Plot
from tfnp_ext.plots.base import drawn_values
from tfnp_ext.plots.confusion import ConfusionPlot
from tfnp_ext.plots.confusion_counts import read_confusion
from tfnp_ext.plots.gallery import GalleryPlot
from tfnp_ext.summary import Summary


def judged_table(plot: Plot | None, summary: Summary, options: DisplayOptions) -> Folded | None:
    """Returns what is folded below a gallery or a confusion matrix, in words and as a table; ``None`` below others."""
    if isinstance(plot, GalleryPlot):
        return _examples(plot, summary, options)
    return _confusion(summary, options) if isinstance(plot, ConfusionPlot) else None


def _examples(plot: GalleryPlot, summary: Summary, options: DisplayOptions) -> Folded | None:
    """Returns the examples of the page and no others: their numbers, the class predicted, how surely, and the truth."""
    gallery = plot.prepare(summary, options)
    values, judged = drawn_values(summary), gallery.judged
    if not len(gallery.places) or len(judged.tops) == 1:
        return None
    names = options.class_names(judged.classes)
    columns: list[int | None] = spread(values.shape[1], options.columns(CLASSES_SHOWN)) if values.ndim == 2 else []
    texts, grounds = _numbers_of(values, gallery.places, columns, shares=judged.confidences is not None)
    elided = elided_at(columns)
    heads = ["…" if column is None else names[column] for column in columns]
    given = {"top": judged.tops, "at": judged.confidences, "truth": judged.truth}
    heads += [head for head, of_all in given.items() if of_all is not None]

    def name(index: int) -> str:
        return names[index] if 0 <= index < len(names) else "×"

    rows = []
    for number, place in enumerate(gallery.places.tolist()):
        rest = [Cell(name(int(judged.tops[place])), "strong")]
        if judged.confidences is not None:
            rest.append(Cell(wording.percent(float(judged.confidences[place]))))
        if judged.truth is not None:
            truth = name(int(judged.truth[place]))
            rest.append(Cell(f"✗ {truth}", "unsure") if judged.wrong[place] else Cell(truth))
        rows.append(NumberRow(texts[number], grounds[number], str(place), tuple(rest), elided))
    whole = f"{wording.extent(values.shape) if values.ndim == 2 else wording.integer(len(values))} values"
    shown = wording.plural(len(rows), "example")
    words = whole if len(rows) == len(values) else f"the {shown} pictured of {whole}"
    return Folded(words, Table(tuple(rows), columns=tuple(heads)))


def _numbers_of(
    values: np.ndarray, places: np.ndarray, columns: list[int | None], *, shares: bool
) -> tuple[list[list[str]], list[list[float]]]:
    """Returns texts and grounds of some rows and columns of predictions; nothing where these are classes."""
    kept = np.array([column for column in columns if column is not None], np.intp)
    if not kept.size:
        return [[]] * len(places), [[]] * len(places)
    picked = np.asarray(values[np.ix_(places, kept)])
    numbers = picked.astype(np.float64)
    if shares:
        return share_texts(numbers), np.where(numbers >= CANDIDATE, numbers, 0.0).tolist()
    texts, grounds = numerals.small_texts(picked), heat(numbers.reshape(-1))
    rows = [slice(start, start + len(kept)) for start in range(0, len(texts), len(kept))]
    return [texts[row] for row in rows], [grounds[row] for row in rows]


def _confusion(summary: Summary, options: DisplayOptions) -> Folded:
    """Returns how often each true class is taken for each, blue where that is right, and the recall of each."""
    found = read_confusion(summary, options)
    count = len(found.names)
    down, columns, bounded = spread_cells((count, count), options.rows(ROWS), options.columns(COLUMNS))
    kept = [column for column in columns if column is not None]
    elided = elided_at(columns)
    signs = np.where(np.eye(count, dtype=bool), 1.0, -1.0) * found.shares
    rows: list[Row | NumberRow] = []
    for place in down:
        if place is None:
            rows.append(Row((DOWN,) * (len(columns) + 1), header="⋮"))
            continue
        texts = [found.word(number) for number in found.counts[place, kept].tolist()]
        recall = found.recall(place)
        rest = (Cell("" if math.isnan(recall) else wording.percent(recall)),)
        rows.append(NumberRow(texts, signs[place, kept].tolist(), found.labels[place], rest, elided))
    heads = ("…" if column is None else found.labels[column] for column in columns)
    words = f"{wording.extent((count, count))} {'counts' if found.whole else 'shares'}"
    shape = drawn_values(summary).shape
    whole = f" of {wording.extent(shape)} values" if found.made or count < found.classes else ""
    table = Table(tuple(rows), columns=(*heads, "recall"), caption="truth ↓, predicted →")
    return Folded(f"{words}{whole}", table, note=BOUNDED * bounded)
