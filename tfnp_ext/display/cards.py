"""The card of one value, composed of neutral blocks, and its way to the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import convert, wording
from tfnp_ext.adapters import (
    Absent,
    Curves,
    Dense,
    Elements,
    NestAdapter,
    Ragged,
    Slices,
    Sparse,
    Strings,
    find_adapter,
)
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.convert import not_tensor_like
from tfnp_ext.display import (
    composites,
    elements,
    judged_values,
    large_values,
    numbers,
    string_values,
    unnumbered,
    values,
)
from tfnp_ext.display.elision import ROWS
from tfnp_ext.display.headlines import heading, present
from tfnp_ext.display.leaves import LeafComposer
from tfnp_ext.display.quoting import with_typed
from tfnp_ext.display.role_lines import ROLE_LINES
from tfnp_ext.display.sampled import widened
from tfnp_ext.display.trees import compose_nest
from tfnp_ext.document import (
    Bars,
    Beside,
    Block,
    Document,
    Figure,
    Fold,
    Heading,
    Note,
    Span,
    Table,
    Tiles,
)
from tfnp_ext.errors import ConversionError, OptionError
from tfnp_ext.plots import Plot, as_asked, fitting_plot
from tfnp_ext.plots.batches import FEW_EXAMPLES
from tfnp_ext.plots.lengths import row_lengths
from tfnp_ext.roles import SMALL
from tfnp_ext.summary import Summary, summarize

_FEW_ROWS = 3
_OF_NUMBERS = frozenset({"series", "multi-series", "matrix", "other"})
_NOT_ASKED = frozenset({"auto", "none"})


@np.errstate(all="ignore")  # a signalling NaN makes NumPy warn wherever it is cast
def compose(obj: Any, options: DisplayOptions, result: Any = None) -> Document:
    """Returns the card of a value, or of a nest of values.

    Args:
        obj: The value.
        options: What the card shall look like.
        result: What ``%tonumpy`` made of it, where the card is that of a conversion.

    Raises:
        ConversionError: It is not tensor-like.
        OptionError: An option does not fit the value.
    """
    adapter = find_adapter(obj)
    if adapter is None:
        if obj is result:
            return Document(_heading_of_other(obj))
        raise not_tensor_like(obj)
    if composites.holds_rows(obj):
        tree = compose_nest(composites.Rows.of(obj), options, LeafComposer(card))
        return replace(tree, heading=replace(tree.heading, kind=adapter.label(obj), shape=wording.shape(obj.shape)))
    if isinstance(adapter, NestAdapter) and adapter.may_be_curves:
        summary = summarize(obj, budget_ms=options.budget_ms)
        if isinstance(summary.content, Curves):
            return card(summary, options)
    nest = result if result is not None and convert.is_list_of_bytes(obj) else adapter.held(obj)
    if isinstance(find_adapter(nest), NestAdapter):
        if options.plot not in _NOT_ASKED or options.softmax or options.images is not None or options.truth is not None:
            what = "plot, softmax, images and truth are for one value, not for a nest of them"
            raise OptionError(f"{adapter.label(obj)}: {what}")
        try:
            tree = compose_nest(nest, options, LeafComposer(card), result)
        except ConversionError as refusal:  # a layer that is not built, a table inside a function
            said = str(refusal).removeprefix(f"{adapter.label(obj)} ")  # which the headline has said
            return Document(Heading(adapter.label(obj)), (Note((Span(said, "secondary"),)),))
        named = adapter.facts(obj).name if nest is obj else ""
        return replace(tree, heading=replace(tree.heading, kind=adapter.label(obj), name=named))
    summary = summarize(obj, budget_ms=options.budget_ms, result=result)
    return card(as_asked(summary, options), options)


def _heading_of_other(obj: Any) -> Heading:
    """Returns the headline of what a dataset became at the user's wish, and no kind is of: a SciPy array."""
    shape, stored = getattr(obj, "shape", None), getattr(obj, "nnz", None)
    return Heading(
        kind=type(obj).__name__,
        shape="" if shape is None else wording.shape(shape),
        dtype=str(getattr(obj, "dtype", "")),
        facts=() if stored is None else (f"{wording.integer(int(stored))} stored",),
    )


def card(summary: Summary, options: DisplayOptions) -> Document:
    """Returns the card of a summary: headline, warning, numbers, picture, and the fold with the values."""
    summary = widened(summary, options)
    content = summary.content
    plot = fitting_plot(summary, options)
    if isinstance(content, Absent):
        said: tuple[Span, ...] = (Span("no value yet", "strong"),) if content.ever else ()
        return Document(heading(summary), (Note((*said, *with_typed(content.reason, "secondary"))),))
    if isinstance(content, Elements):
        return Document(heading(summary), elements.element_blocks(content))
    if summary.role == "empty":
        return Document(heading(summary, facts_end="empty: no values"))
    drawable = plot if options.plots else None
    if isinstance(content, Curves):
        return _history_card(summary, content, plot, options)
    if isinstance(content, Ragged):
        return _ragged_card(summary, content, drawable, options)
    if isinstance(content, Sparse):
        return _sparse_card(summary, content, drawable, options)
    if isinstance(content, Slices):
        return _slices_card(summary, content, drawable, options)
    if isinstance(content, Strings):
        return _text_card(summary, content, options)
    assert isinstance(content, Dense)
    if summary.role == "text":
        return _text_card(summary, content.array, options)
    if summary.role in unnumbered.UNNUMBERED:
        return _unnumbered_card(summary, content.array, options)
    # Names stand in a picture and not in a table of numbers.
    asked = options.labels_required or (plot is not None and plot.is_asked(options))
    if not asked and summary.role in values.SMALL_ROLES:
        small = _small_card(summary, content, options)
        if small is not None:
            return small
    if not asked and options.plot == "auto" and _is_told_by_its_line(summary):
        plot = None
    picture = plot.blocks(summary, options) if plot else ()
    warning = numbers.warning(summary)
    if picture and all(isinstance(block, (Bars, Table)) for block in picture) and options.plots:
        # A few probabilities, each with its number: nothing is left to fold away, nor of eight examples to sum up.
        many = summary.drawn is not None and summary.drawn.ndim == 2 and len(summary.drawn) > FEW_EXAMPLES
        line = numbers.line(summary, options) if many else None
        return Document(heading(summary), present(warning, line, *picture))
    in_picture = plot is not None and options.plots and plot.shows_histogram(summary, options)
    line = numbers.line(summary, options, in_picture=in_picture)
    return Document(heading(summary), present(warning, line, *picture, _fold(summary, options, plot, picture)))


def _is_told_by_its_line(summary: Summary) -> bool:
    """Returns whether a picture would say nothing: of zeros the line of numbers says that they are."""
    return summary.role in _OF_NUMBERS and numbers.is_constant(summary)


def _small_card(summary: Summary, content: Dense, options: DisplayOptions) -> Document | None:
    """Returns the card of a value that is shown as its numbers; ``None`` where there are too many."""
    array = content.array
    spans = values.headline_values(array)
    details = _true_words(array)
    if spans:
        if any(span.tone == "invalid" for span in spans):
            invalid = sum(span.tone == "invalid" for span in spans)
            spans = (Span("⚠", "invalid", f"{invalid} of {array.size} not finite"), *spans)
        return Document(heading(summary, spans, details=details))
    table = values.small_table(array, summary.role)
    if table is None:
        return None
    warning = numbers.warning(summary) if array.size > values.IN_LINE else None
    is_float = kind_rank(array.dtype) == 2
    many = array.size > SMALL // 2 and (summary.role == "labels" or (is_float and summary.role != "one-hot"))
    line = numbers.line(numbers.without_histogram(summary), options) if many else None
    seen = summary.statistics
    flag: tuple[Span, ...] = ()
    if seen is not None and seen.invalid and warning is None:  # it stands among the few, but a terminal has no colours
        flag = (Span("⚠", "invalid", f"{seen.invalid} of {array.size} not finite"),)
    return Document(heading(summary, flag, details=details), present(warning, line, table))


def _true_words(values: np.ndarray | Strings) -> tuple[str, ...]:
    """Returns how many of a few truths are True; nothing of other values."""
    if values.dtype.kind != "b" or not 1 < values.size <= SMALL:
        return ()
    return (f"{int(np.count_nonzero(values))} of {values.size} True",)


def _text_card(summary: Summary, array: np.ndarray | Strings, options: DisplayOptions) -> Document:
    spans = string_values.headline_strings(array)
    if spans:
        return Document(heading(summary, spans))
    words = string_values.word_table(array)
    if words is not None and array.size <= SMALL // 2:
        return Document(heading(summary), present(string_values.warning(array), words))
    line = numbers.line(summary, options) if array.size > string_values.FEW else None
    table = words or string_values.string_table(array, options.rows(values.SMALL_ROWS))
    return Document(heading(summary), present(line, table))


def _unnumbered_card(summary: Summary, array: np.ndarray, options: DisplayOptions) -> Document:
    """Returns the card of dates, records or objects: their values, and of many times from when to when they are."""
    spans = unnumbered.inline_values(array, summary.role)
    if spans:
        return Document(heading(summary, spans))
    block = unnumbered.values_block(array, summary.role, options)
    line = numbers.line(summary, options) if isinstance(block, Fold) else None
    return Document(heading(summary), present(line, block))


def _history_card(summary: Summary, content: Curves, plot: Plot | None, options: DisplayOptions) -> Document:
    """Returns the card of a training: its last and best numbers, its curves, and a row an epoch in the fold."""
    picture = plot.blocks(summary, options) if plot else ()
    note = plot.note(summary, options) if plot and options.plots else ""
    what = f"{wording.extent((len(content.epochs), len(content.values)))} values"
    table = large_values.epoch_table(content, options.rows(ROWS))
    why = with_typed("; ".join(filter(None, (summary.reason, note))))
    fold = Fold(what, why, (table,), large_values.epoch_table(content, 6))
    others = Note((Span(f"not drawn: {', '.join(content.others)}", "secondary"),)) if content.others else None
    return Document(heading(summary), present(numbers.line(summary, options), *picture, others, fold))


def _ragged_card(summary: Summary, content: Ragged, plot: Plot | None, options: DisplayOptions) -> Document:
    table = composites.ragged_table(content, options.rows(composites.ROWS_SHOWN))
    lengths = row_lengths(summary, options)
    # That all rows are alike is said in the line of numbers.
    varied = bool(table.columns) and lengths.rows > composites.ROWS_SHOWN and len(lengths.lengths) > 1
    if plot is not None and (options.plot not in _NOT_ASKED or varied):
        fold = composites.ragged_fold(content, lengths, table, options, plot.note(summary, options))
        return _pictured(summary, options, plot, fold)
    line = numbers.line(summary, options) if table.columns else None
    ways = None
    if lengths.rows > _FEW_ROWS:
        ways = Note(with_typed(composites.ragged_ways(content, lengths), "secondary"), aside=True)
    named = heading(summary, details=_true_words(content.flat))
    return Document(named, present(numbers.warning(summary), line, table, ways))


def _sparse_card(summary: Summary, content: Sparse, plot: Plot | None, options: DisplayOptions) -> Document:
    dense = composites.sparse_table(content)
    entries = composites.entry_table(content, options.rows(composites.ENTRIES_SHOWN))
    values: Block = entries if dense is None else Beside((dense, entries), gap=20)
    few = dense is not None or len(content.values) <= composites.ENTRIES_SHOWN
    if plot is not None and (options.plot not in _NOT_ASKED or not few):
        fold = composites.entry_fold(content, values, options, plot.note(summary, options))
        return _pictured(summary, options, plot, fold)
    line = numbers.line(summary, options) if content.values.size > SMALL // 2 else None
    named = heading(summary, details=_true_words(content.values))
    return Document(named, present(composites.misplaced(content), numbers.warning(summary), line, values))


def _slices_card(summary: Summary, content: Slices, plot: Plot | None, options: DisplayOptions) -> Document:
    rows = composites.slices_table(content, options)
    if plot is not None:
        return _pictured(
            summary, options, plot, composites.slices_fold(content, options, rows, plot.note(summary, options))
        )
    many = content.values.size > SMALL or None in composites.rows_shown(content, options)
    line = numbers.line(summary, options) if many else None
    bound = composites.bound_of_slices(content, options)
    said = Note((Span(bound, "secondary"),), aside=True) if bound else None
    return Document(heading(summary), present(numbers.warning(summary), line, rows, said))


def _pictured(summary: Summary, options: DisplayOptions, plot: Plot, fold: Fold) -> Document:
    """Returns the card of a composite: its numbers, its picture, and its values folded away."""
    line = numbers.line(summary, options, in_picture=plot.shows_histogram(summary, options))
    warning = numbers.warning(summary)
    return Document(heading(summary), present(warning, line, *plot.blocks(summary, options), fold))


def _fold(summary: Summary, options: DisplayOptions, plot: Plot | None, picture: tuple[Block, ...]) -> Fold | None:
    """Returns the fold: how many values, why this picture, and the values."""
    found = judged_values.judged_table(plot, summary, options) or large_values.large_table(summary, options)
    if found is None:
        return None
    note = plot.note(summary, options) if plot and options.plots else ""
    why = [summary.reason if summary.title or not picture else "", note, found.note, *_of_the_values(summary)]
    drawn_as_text = any(isinstance(block, (Figure, Tiles)) and block.fallback is not None for block in picture)
    preview = None
    if not picture or (not drawn_as_text and all(isinstance(block, (Figure, Tiles)) for block in picture)):
        preview = large_values.corner_table(summary, found.form)
    return Fold(found.words, with_typed("; ".join(filter(None, why))), (found.table,), preview)


def _of_the_values(summary: Summary) -> Iterator[str]:
    """Yields how many values the statistics are of where that is not all, and a dtype that NumPy itself lacks."""
    seen, content = summary.statistics, summary.content
    if seen is not None and 0 < seen.finite < seen.seen and summary.role not in ROLE_LINES:
        yield f"statistics over the {wording.plural(seen.finite, 'finite value')}"
    if isinstance(content, Dense) and content.array.dtype.kind == "V" and summary.kind != "ndarray":
        yield f"to NumPy as ml_dtypes.{content.array.dtype.name}"
