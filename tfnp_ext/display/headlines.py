"""The headline of a summary, and the blocks of a card that there are."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.document import Block, Heading, Span
from tfnp_ext.summary import Summary

_OF_A_VALUE = frozenset({"view", "copy"})
"""States that say nothing where there is no value."""


def present(*blocks: Block | None) -> tuple[Block, ...]:
    """Returns the blocks that there are."""
    return tuple(block for block in blocks if block is not None)


def heading(
    summary: Summary, spans: tuple[Span, ...] = (), facts_end: str = "", details: tuple[str, ...] = ()
) -> Heading:
    """Returns the headline of a value: what it is, its facts, and small values where there are some."""
    size = "" if summary.nbytes is None else wording.byte_count(summary.nbytes, exact=summary.nbytes_exact)
    state = "" if facts_end and summary.state in _OF_A_VALUE else summary.state
    facts = (*details, *summary.details, size, summary.device, state, facts_end)
    return Heading(
        kind=summary.kind,
        name=summary.name,
        shape="" if summary.shape is None and not summary.dtype else wording.shape(summary.shape),
        dtype=summary.dtype,
        role=summary.title,
        reason=summary.reason if summary.title else "",
        values=spans,
        facts=tuple(fact for fact in facts if fact),
        size=size,
    )
