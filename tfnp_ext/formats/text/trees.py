"""Trees of nests, no longer than a terminal shows well, and what is folded away."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.document import Bars, Beside, Block, Child, Children, Fields, Fold, Note, Span, Sparkline, Table
from tfnp_ext.formats.text.blocks import write, writes
from tfnp_ext.formats.text.headline import value_pieces
from tfnp_ext.formats.text.inline import write_text
from tfnp_ext.formats.text.layout import INDENT, LONGEST_NAME, NARROWEST, WIDTH, cut, hang, wording_width, wrap

MOST_LINES = 44
"""Lines of a card with a tree: a terminal cannot fold them away."""

_ROOMS = ((40, 40, 40), (10, 40, 10), (3, 10, 3), (1, 3, 0))
"""Entries shown of a closed group, of an open one, and of one without tensors, until a tree fits."""


@writes(Fold)
def write_fold(fold: Fold, room: int = WIDTH) -> list[str]:
    """Returns the few values that stand for what is folded away."""
    return write(fold.preview, room) if fold.preview else []


@writes(Children)
def write_children(children: Children, _room: int = WIDTH) -> list[str]:
    """Returns the lines of a tree, no more than a terminal shows well: it cannot fold, so groups show fewer entries."""
    lines: list[str] = []
    for rooms in _ROOMS:
        lines = _children(children, 0, len(children.items), rooms)
        if len(lines) < MOST_LINES:
            return lines
    return [*lines[: MOST_LINES - 2], f"… {wording.integer(len(lines) - MOST_LINES + 2)} more lines"]


def _children(children: Children, depth: int, most: int, rooms: tuple[int, int, int]) -> list[str]:
    """Returns the lines of a group's entries, at most so many, and how many are left out."""
    indent = "  " * depth
    items = _worthiest(children.items, most)
    name_width = max((wording_width(_name(child)) for child in items), default=0)
    shape_width = max((len(child.document.heading.shape) for child in items), default=0)
    dtype_width = max((len(child.document.heading.dtype) for child in items), default=0)
    lines: list[str] = []
    for child in items:
        group = _group_of(child)
        if group is not None:
            lines += _group(child, group, depth, name_width, rooms)
        else:
            lines += _leaf(child, indent, (name_width, shape_width, dtype_width))
    more = len(children.items) - len(items) + children.more + len(children.folded)
    return [*lines, f"{indent}… {wording.integer(more)} more"] if more else lines


def _worthiest(items: tuple[Child, ...], most: int) -> tuple[Child, ...]:
    """Returns at most so many entries in their order, those without tensors left out first."""
    if len(items) <= most:
        return items
    ranked = sorted(range(len(items)), key=lambda place: _is_plain(items[place]))
    return tuple(items[place] for place in sorted(ranked[:most]))


def _group_of(child: Child) -> Children | None:
    blocks = child.document.blocks
    return blocks[0] if blocks and isinstance(blocks[0], Children) else None


def _is_plain(child: Child) -> bool:
    """Returns whether no tensor stands in an entry."""
    group = _group_of(child)
    return not child.document.heading.kind if group is None else all(map(_is_plain, (*group.items, *group.folded)))


def _name(child: Child) -> str:
    return cut(wording.printable(child.name), LONGEST_NAME)


def _group(child: Child, group: Children, depth: int, width: int, rooms: tuple[int, int, int]) -> list[str]:
    """Returns the line of a group and those of its entries."""
    closed, opened, plain = rooms
    named = _name(child)
    name = named + " " * (width - wording_width(named))
    line = f"{'  ' * depth}{name}  {' · '.join(child.document.heading.facts)}"
    most = plain if _is_plain(child) else opened if child.open else closed
    if most:
        return [line, *_children(group, depth + 1, most, rooms)]
    left_out = len(group.items) + len(group.folded) + group.more
    return [f"{line} … {wording.integer(left_out)} more"] if left_out else [line]


def _leaf(child: Child, indent: str, widths: tuple[int, int, int]) -> list[str]:
    heading, blocks = child.document.heading, child.document.blocks
    named = _name(child)
    line = indent + named + " " * (widths[0] - wording_width(named))
    if heading.kind:
        line += f"  {heading.shape.ljust(widths[1])}  {heading.dtype.ljust(widths[2])}"
    room = WIDTH - wording_width(line) - 2
    if heading.values:
        pieces = value_pieces(heading, max(room, NARROWEST))
        return hang(line, wrap(pieces, max(room, NARROWEST), "  "), room)
    for place, block in enumerate(blocks):
        if isinstance(block, Note):
            return hang(line, write(block, max(room, NARROWEST)), room)
        if isinstance(block, Fields):
            return hang(line, [_range(block)], room)
        if isinstance(block, (Table, Beside, Bars)):
            return hang(line, _small_block(block, blocks[place + 1 :], room), room)
    return [line.rstrip()]


def _range(fields: Fields) -> str:
    """Returns the first number of a leaf; between its ends a histogram needs no words."""
    first = fields.items[0] if fields.items else ()
    if any(isinstance(item, Sparkline) for item in first):
        first = tuple(item for item in first if not (isinstance(item, Span) and item.tone == "secondary"))
    return write_text(first)


def _small_block(block: Table | Beside | Bars, others: tuple[Block, ...], room: int) -> list[str]:
    """Returns a small block in a leaf's line; where there is no room for all of it, the range of its numbers."""
    instead = next((other for other in others if isinstance(other, Fields)), None)
    if instead is not None and max(map(wording_width, write(block, WIDTH * 4)), default=0) > room:
        return [_range(instead)]
    lines = write(block, room) if room >= NARROWEST else []
    return lines if lines and max(map(wording_width, lines)) <= room else write(block, WIDTH - len(INDENT))
