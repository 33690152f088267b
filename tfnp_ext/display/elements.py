"""What the card of a dataset shows of its elements: a line, a table or a tree of shapes and dtypes."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.adapters import Component, Elements, step_name
from tfnp_ext.display.quoting import with_typed
from tfnp_ext.display.trees import ENTRIES_A_GROUP, MOST_ENTRIES, OPEN_DEPTH
from tfnp_ext.document import Block, Cell, Child, Children, Document, Fields, Heading, Note, Row, Span, Table

_ROWS, _LONGEST_PATH = 8, 40
_PLAIN = frozenset(("dict", "list", "tuple"))


def element_blocks(content: Elements) -> tuple[Block, ...]:
    """Returns what is known of the elements, and at the end what to type to have them."""
    doubt = (Note(with_typed(content.doubt, "secondary")),) if content.doubt else ()
    ways = Fields(tuple((Span(f"{what}:", "secondary"), Span(typed, "hint")) for what, typed in content.ways))
    return (*_structure(content.element), *doubt, ways)


def _structure(element: Component) -> tuple[Block, ...]:
    """Returns the structure of an element; what holds it is named where that is the user's, or opened first."""
    parts = element.parts
    if parts is None:
        return (_line(Span(element.shape, "strong"), Span(element.dtype)),)
    named = "element" if element.dtype in _PLAIN else element.dtype
    if not parts:
        return (_line(Span(f"empty {element.dtype}")),)
    tensors = _tensors(parts)
    if tensors is not None and len(tensors) <= _ROWS and all(len(path) <= _LONGEST_PATH for path, _ in tensors):
        return (_table(tensors, named),)
    return (*(() if named == "element" else (_line(Span(named, "strong")),)), _children(parts, 0))


def _line(*spans: Span) -> Fields:
    return Fields(((Span("element", "secondary"), *(span for span in spans if span.text)),))


def _tensors(parts: tuple[Component, ...], path: str = "") -> list[tuple[str, Component]] | None:
    """Returns the tensors of an element and what is typed to reach each; ``None`` where a container has to be named."""
    found = []
    for part in parts:
        typed = path + part.step
        if not part.parts:
            found.append((typed, part))
            continue
        inner = _tensors(part.parts, typed) if part.dtype in _PLAIN else None
        if inner is None:
            return None
        found += inner
    return found


def _table(tensors: list[tuple[str, Component]], named: str) -> Table:
    rows = tuple(
        Row(
            (
                Cell(path, align="left", mono=True),
                Cell(tensor.shape, "strong", align="left"),
                Cell(f"empty {tensor.dtype}" if tensor.parts is not None else tensor.dtype, align="left"),
            )
        )
        for path, tensor in tensors
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
