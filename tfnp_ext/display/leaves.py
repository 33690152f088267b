"""A leaf of a tree: its numbers in one line, and what it unfolds to, which is made only where a format folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Absent, Dense, Elements, Sparse, Strings, find_adapter
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display import composites, elements, large_values, numbers, numerals, string_values, values
from tfnp_ext.display.headlines import heading, present
from tfnp_ext.display.large_values import CANDIDATE
from tfnp_ext.display.quoting import with_typed
from tfnp_ext.display.sampled import widened
from tfnp_ext.display.unnumbered import UNNUMBERED, inline_values
from tfnp_ext.document import (
    Beside,
    Block,
    Document,
    Fields,
    Fold,
    Note,
    Span,
    Sparkline,
    Table,
    Unfolding,
)
from tfnp_ext.plots import fitting_plot
from tfnp_ext.plots.little_maps import little_map
from tfnp_ext.roles import SMALL
from tfnp_ext.summary import Summary, summarize

_LINE_OF_SHARES = 10
_IN_LINE = 16
_LOW_ROWS, _LOW_COLUMNS = 4, 8
_COUNTED_FROM = 5
"""So many values have a little histogram in their line."""

_FIRST_VALUES, _LAST_VALUES = 4, 2
_LEAST_CELLS = 12
"""Cells of the smallest table that is folded into a leaf; less is one line."""

_CELLS_OF_SMALL = 3
"""A cell of an open table takes as much room as so many of a folded one: hovering tells its full value."""

_ALWAYS_DRAWN = 2**18
"""Values of a leaf that has its picture however late it is: that takes a few milliseconds."""


@dataclass(frozen=True)
class LeafComposer:
    """Makes the leaves of a tree.

    Attributes:
        card: Makes the card of a summary, which is what a leaf unfolds to.
    """

    card: Callable[[Summary, DisplayOptions], Document]

    def composed(self, obj: Any, options: DisplayOptions, *, tables: bool, in_time: Callable[[], bool]) -> Document:
        """Returns a leaf: its values where they fit a line, else its numbers, which unfold to all of its card."""
        summary = widened(summarize(obj, budget_ms=options.budget_ms), options)
        content = summary.content
        if summary.role == "empty":
            return Document(heading(summary), (Note((Span("empty", "secondary"),)),))
        if isinstance(content, Elements):
            return _dataset(summary, content)
        if isinstance(content, Absent):
            reason = content.reason if not content.ever else f"no value yet {content.reason}"
            return Document(heading(summary), (Note(with_typed(reason, "secondary")),))
        if not isinstance(content, Dense) or summary.role in {"text", *UNNUMBERED}:
            return self._other(summary, options, tables)
        if summary.role == "probabilities" and content.array.size <= _LINE_OF_SHARES and summary.drawn is not None:
            return Document(heading(summary, _answer_first(summary.drawn, options)))
        few = summary.role in values.SMALL_ROLES
        most = values.IN_LINE if numbers.is_constant(summary) else _IN_LINE
        spans = values.headline_values(content.array, most) if few else ()
        if spans:
            return Document(heading(summary, calm(spans)))
        told = numbers.without_histogram(summary) if few and content.array.size < _COUNTED_FROM else summary
        line = flagged(summary, _seen(summary, numbers.line(told, options, brief=True)))
        if tables and _is_low(content.array):
            # The line stands in for a table that a terminal has no room for.
            return Document(heading(summary), present(*self.card(summary, options).blocks, line))
        warning = numbers.warning(summary)
        return Document(heading(summary), present(line, warning, _unfolding(summary, options, in_time)))

    def unread(self, obj: Any, options: DisplayOptions, why: str = "not read") -> Document:
        """Returns a leaf of a tree that is not read: what it is, but not its values, and why."""
        adapter = find_adapter(obj)
        assert adapter is not None
        facts = adapter.facts(obj)
        summary = Summary(
            kind=adapter.label(obj),
            shape=facts.shape,
            dtype=facts.dtype,
            nbytes=facts.nbytes,
            nbytes_exact=facts.nbytes_exact,
        )
        return Document(heading(summary), (Note((Span(why, "secondary"),)),))

    def _other(self, summary: Summary, options: DisplayOptions, tables: bool) -> Document:
        """Returns a leaf of what is no number, of rows of unequal length or of stored entries."""
        content = summary.content
        whole = partial(self.card, summary, options)
        if isinstance(content, (Dense, Strings)) and summary.role == "text":
            array = content if isinstance(content, Strings) else content.array
            spans = string_values.headline_strings(array)
            if spans:
                return Document(heading(summary, calm(spans)))
            if tables and string_values.word_table(array) is not None:
                made = whole()
                return replace(made, blocks=made.blocks[-1:])
            if array.size <= string_values.FEW:
                # The line stands in for a table that a terminal has no room for.
                made = whole()
                return replace(made, blocks=present(*made.blocks, numbers.line(summary, options)))
        else:
            spans = inline_values(content.array, summary.role) if isinstance(content, Dense) else ()
            if spans:
                return Document(heading(summary, calm(spans)))
            if tables and not isinstance(content, Sparse):  # of which two tables beside a name would say nothing
                made = whole()
                if isinstance(made.blocks[0] if made.blocks else None, (Table, Beside)):
                    return made
        line = flagged(summary, numbers.line(summary, options, brief=True))

        def rest(most: int) -> tuple[Block, ...]:
            made = whole().blocks if most >= _LEAST_CELLS else ()
            return tuple(block for block in made if not isinstance(block, Fields))

        said, size, warning = heading(summary), 0, numbers.warning(summary)
        if isinstance(content, Sparse):
            warning = composites.misplaced(content) or warning
            said, count = replace(said, dtype=f"{said.dtype} sparse"), len(content.values)
            size = count if count <= values.IN_LINE else 0  # more are not all told where it stands open
            line = Fields(((Span(said.facts[0]),), *(line.items if line is not None else ())))
        return Document(said, present(line, warning, Unfolding(size, rest)))


def _unfolding(summary: Summary, options: DisplayOptions, in_time: Callable[[], bool]) -> Unfolding | None:
    """Returns what a leaf of numbers unfolds to; nothing where all are one, which two words say."""
    content = summary.content
    assert isinstance(content, Dense)
    if numbers.is_constant(summary):
        return None
    size = int(content.array.size)
    extra = partial(numbers.extra_fields, summary, options)
    if size <= SMALL and summary.role in values.SMALL_ROLES:
        return Unfolding(size, partial(_values, summary, options), extra)

    def picture() -> tuple[Block, ...]:
        plot = fitting_plot(summary, options) if size <= _ALWAYS_DRAWN or in_time() else None
        blocks = plot.blocks(summary, options) if plot else ()
        return blocks if options.plots else tuple(each for each in blocks if isinstance(each, (Table, Beside)))

    little = partial(little_map, summary) if options.plots else None
    return Unfolding(size, partial(_values, summary, options), extra, picture, little)


def _values(summary: Summary, options: DisplayOptions, most: int) -> tuple[Block, ...]:
    """Returns the values of a leaf in about so many cells: all that a card has, fewer, or the first and last."""
    content = summary.content
    assert isinstance(content, Dense)
    if content.array.size <= SMALL and _CELLS_OF_SMALL * content.array.size <= most:
        small = values.small_table(content.array, summary.role) if summary.role in values.SMALL_ROLES else None
        if small is not None:
            return (small,)
    found = large_values.large_table(summary, options, most) if most >= _LEAST_CELLS else None
    if found is None:
        return (_ends(content.array),)
    return (Fold(found.words, with_typed(summary.reason if summary.title else ""), (found.table,)),)


def _ends(array: np.ndarray) -> Note:
    """Returns the first and last values in one line."""
    count = array.size
    places = [*range(_FIRST_VALUES), *range(count - _LAST_VALUES, count)] if count > SMALL // 8 else [*range(count)]
    picked = array[np.unravel_index(places, array.shape)]
    texts = numerals.small_texts(np.asarray(picked))
    if len(places) < count:
        texts.insert(_FIRST_VALUES, "…")
        return Note((Span(f"first and last of {wording.integer(count)} values", "secondary"), Span("  ".join(texts))))
    return Note((Span(wording.plural(count, "value"), "secondary"), Span("  ".join(texts))))


def _dataset(summary: Summary, content: Elements) -> Document:
    """Returns a dataset in a tree: how many elements it has, and what is in one where it unfolds."""
    said = f"{summary.kind} of {summary.name}" if summary.name else summary.kind
    named = replace(heading(summary), name="")
    return Document(named, (Fields(((Span(said),),)), *elements.element_blocks(content)))


def _is_low(array: np.ndarray) -> bool:
    """Returns whether the table of an array is low enough to stand in a line of a tree: a few short rows."""
    return array.ndim == 2 and array.shape[0] <= _LOW_ROWS and array.shape[1] <= _LOW_COLUMNS and array.size <= SMALL


def calm(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Returns values as they stand in a tree, where names and answers are what is said first."""
    return tuple(replace(span, tone="plain") if span.tone == "strong" else span for span in spans)


def _answer_first(shares: np.ndarray, options: DisplayOptions) -> tuple[Span, ...]:
    """Returns the top class and its share, then all shares, the top one bold and framed as in a table of a batch."""
    tops = np.flatnonzero(shares == shares.max()).tolist()
    name = wording.tied(map(options.class_names(shares.size).__getitem__, tops))
    answer = (Span(f"{name} at {wording.percent(float(shares[tops[0]]))}", "strong"),)
    shown = [Span(wording.short_share(share), ground=share if share >= CANDIDATE else 0.0) for share in shares.tolist()]
    for top in tops:
        shown[top] = replace(shown[top], tone="strong", framed=True)
    return (*answer, *shown)


def _seen(summary: Summary, line: Fields | None) -> Fields | None:
    """Returns the line of numbers with its largest value said to be that of a sample, where it is."""
    known = summary.statistics
    if known is None or known.exact or line is None or not line.items:
        return line
    first, *rest = line.items
    place = next((at for at, item in enumerate(first) if isinstance(item, Sparkline)), len(first))
    ends = (replace(item, text=f"{item.text} seen") if at == place + 1 and isinstance(item, Span) else item
            for at, item in enumerate(first))  # fmt: skip
    return Fields((tuple(ends), *rest))


def flagged(summary: Summary, line: Fields | None) -> Fields | None:
    """Returns the line of numbers with its first field flagged where there are values that are not finite."""
    seen = summary.statistics
    if seen is None or not seen.invalid:
        return line
    kinds = numbers.invalid_kinds(summary, seen)
    named = next(iter(kinds)) if len(kinds) == 1 else "not finite"
    flag = Span(f"⚠ {wording.integer(seen.invalid)} {named}", "invalid")
    if line is None or not line.items:  # nothing is finite: there are no numbers to flag
        return Fields(((flag,),))
    return Fields(((*line.items[0], flag), *line.items[1:]))
