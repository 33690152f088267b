"""The headline of a summary, and the blocks of a card that there are."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.document import Block, Heading, Span
from tfnp_ext.summary import Summary


def present(*blocks: Block | None) -> tuple[Block, ...]:
    """Returns the blocks that there are."""
    return tuple(block for block in blocks if block is not None)


def heading(
    summary: Summary, spans: tuple[Span, ...] = (), facts_end: str = "", details: tuple[str, ...] = ()
) -> Heading:
    """Returns the headline of a value: what it is, its facts, and small values where there are some."""
    size = "" if summary.nbytes is None else wording.byte_count(summary.nbytes, exact=summary.nbytes_exact)
    facts = (*details, *summary.details, size, summary.device, facts_end or summary.state)
    return Heading(
        kind=summary.kind,
        name=summary.name,
        shape="" if summary.role in {"absent", "history"} and summary.shape is None else wording.shape(summary.shape),
        dtype=summary.dtype,
        role=summary.title,
        reason=summary.reason if summary.title else "",
        values=spans,
        facts=tuple(fact for fact in facts if fact),
        size=size,
    )
