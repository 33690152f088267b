"""What the card of a dataset shows of its elements: a line, a table or a tree of shapes and dtypes."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.adapters import Component, Elements, step_name
from tfnp_ext.display.trees import ENTRIES_A_GROUP, MOST_ENTRIES, OPEN_DEPTH
from tfnp_ext.document import Block, Cell, Child, Children, Document, Fields, Heading, Note, Row, Span, Table

_ROWS, _LONGEST_STEP = 8, 40
_PLAIN = frozenset(("dict", "list", "tuple"))


def element_blocks(content: Elements) -> tuple[Block, ...]:
    """Returns what is known of the elements, and at the end what to type to have them."""
    said = Note((Span(content.said, "secondary"),))
    ways = Fields(tuple((Span(what, "secondary"), Span(typed, "typed")) for what, typed in content.ways))
    return (said, *_structure(content.element), ways)


def _structure(element: Component) -> tuple[Block, ...]:
    """Returns the structure of an element; what holds it is named where that is the user's, or opened first."""
    parts = element.parts
    if parts is None:
        return (_line(Span(element.shape, "strong"), Span(element.dtype)),)
    named = "element" if element.dtype in _PLAIN else element.dtype
    if not parts:
        return (_line(Span(f"empty {element.dtype}")),)
    if len(parts) <= _ROWS and all(part.parts is None and len(part.step) <= _LONGEST_STEP for part in parts):
        return (_table(parts, named),)
    return (*(() if named == "element" else (_line(Span(named, "strong")),)), _children(parts, 0))


def _line(*spans: Span) -> Fields:
    return Fields(((Span("element", "secondary"), *(span for span in spans if span.text)),))


def _table(parts: tuple[Component, ...], named: str) -> Table:
    rows = tuple(
        Row((Cell(part.step, align="left"), Cell(part.shape, "strong", align="left"), Cell(part.dtype, align="left")))
        for part in parts
    )
    return Table(rows, columns=(named, "shape", "dtype"), compact=True)


def _children(parts: tuple[Component, ...], depth: int) -> Children:
    """Returns the entries of a container, as those of a nest of values are shown."""
    entries = tuple(
        Child(step_name(part.step), _entry(part, depth), open=depth < OPEN_DEPTH - 1) for part in parts[:MOST_ENTRIES]
    )
    return Children(entries[:ENTRIES_A_GROUP], len(parts) - len(entries), entries[ENTRIES_A_GROUP:])


def _entry(part: Component, depth: int) -> Document:
    if part.parts is None:
        return Document(Heading(kind="Tensor", shape=part.shape, dtype=part.dtype))
    count = wording.plural(len(part.parts), "entry", "entries") if part.parts else "empty"
    return Document(Heading(kind="", facts=(part.dtype, count)), (_children(part.parts, depth + 1),))
