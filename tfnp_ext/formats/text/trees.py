"""Trees of nests: a line a leaf while lines are few, all in the same columns; and what is folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tfnp_ext import wording
from tfnp_ext.document import (
    Bars,
    Beside,
    Block,
    Child,
    Children,
    Fields,
    Fold,
    Note,
    Row,
    Span,
    Sparkline,
    Table,
    Text,
    Unfolding,
)
from tfnp_ext.formats.text.blocks import write, writes
from tfnp_ext.formats.text.headline import value_pieces
from tfnp_ext.formats.text.inline import resampled, write_text
from tfnp_ext.formats.text.layout import (
    GAP,
    LONGEST_NAME,
    MOST_LINES,
    NARROWEST,
    WIDTH,
    cut,
    cut_inside,
    hang,
    wording_width,
    wrap,
)

_BINS = (16, 8)
"""Blocks of the little histograms: as many for all leaves, or none."""

_SHORTEST_NAME = 12
_ENDS = 36
"""Columns that the two ends of a range get in any case, beside however long a name."""

_ENDLESS = 10**6
"""Columns, or lines, that have no bound."""


@writes(Fold)
def write_fold(fold: Fold, room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns the few values that stand for what is folded away."""
    return write(fold.preview, room, most) if fold.preview else []


@writes(Children)
def write_children(children: Children, _room: int = WIDTH, most: int = MOST_LINES) -> list[str]:
    """Returns a line for each entry, for those of groups as long as there are lines, and small tables in what is left.

    Entries without a tensor are the first to be left out.
    """
    if _count(children) > most:
        flat = _flat(children)
        children = Children(flat) if flat is not None and len(flat) <= most else children
    entries = list(_walk(_chosen(children, most)))
    columns = _Columns.of(entries)
    spare = most - len(entries)
    lines: list[str] = []
    for entry in entries:
        shown = _lines(entry, columns, spare + 1)
        spare -= len(shown) - 1
        lines += shown
    return lines


@dataclass(slots=True)
class _Entry:
    """A line of a tree: an entry with those of it that are shown, or only how many are left out."""

    depth: int
    child: Child | None
    group: Children | None = None
    inside: list[_Entry] = field(default_factory=list)
    left_out: int = 0


def _chosen(children: Children, most: int, depth: int = 0) -> list[_Entry]:
    """Returns the entries that are shown in no more than so many lines: all of a level before those of its groups."""
    hidden = len(children.folded) + children.more
    items = children.items
    if len(items) + bool(hidden) > most:
        items = _worthiest(items, most - 1)
        hidden += len(children.items) - len(items)
    entries = [_Entry(depth, child, _group_of(child)) for child in items]
    spare = most - len(entries) - bool(hidden)
    groups = [
        (_is_plain(child), _count(entry.group), place, entry.group)
        for place, (child, entry) in enumerate(zip(items, entries, strict=True))
        if entry.group is not None
    ]
    # Small groups are shown whole, those with tensors first; what is left is for the first large one.
    for _, wanted, place, group in sorted(groups, key=lambda one: one[:3]):
        if wanted <= spare:
            entries[place].inside = _chosen(group, wanted, depth + 1)
            spare -= wanted
    for _, wanted, place, group in sorted(groups, key=lambda one: (one[0], one[2])):
        if wanted > spare > 1 and not entries[place].inside:
            entries[place].inside = _chosen(group, spare, depth + 1)
            spare -= sum(1 for _ in _walk(entries[place].inside))
    return [*entries, *([_Entry(depth, None, left_out=hidden)] if hidden else [])]


def _count(children: Children) -> int:
    """Returns how many lines all entries of a group take."""
    inside = sum(1 + (_count(group) if (group := _group_of(child)) is not None else 0) for child in children.items)
    return inside + bool(children.folded or children.more)


def _flat(children: Children, path: str = "") -> tuple[Child, ...] | None:
    """Returns the leaves of a tree, each named by its path; ``None`` where some are folded away or left out."""
    leaves: list[Child] = []
    for child in children.items:
        group = _group_of(child)
        name = path + ("" if not path or child.name.startswith("[") else "/") + child.name
        inside = (replace(child, name=name),) if group is None else _flat(group, name)
        if not inside:
            return None
        leaves += inside
    return None if children.folded or children.more else tuple(leaves)


def _walk(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    for entry in entries:
        yield entry
        yield from _walk(entry.inside)


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


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide the columns of a tree are: the indented names, shapes, dtypes, and the ends of the histograms."""

    name: int
    shape: int
    dtype: int
    low: int
    bins: int
    high: int

    @classmethod
    def of(cls, entries: Sequence[_Entry]) -> _Columns:
        """Returns the columns that hold all entries: all histograms are short or left out where room is short."""
        leaves = [entry.child for entry in entries if entry.child is not None and entry.group is None]
        headings = [leaf.document.heading for leaf in leaves if leaf.document.heading.kind]
        shape = max((len(heading.shape) for heading in headings), default=0)
        dtype = max((len(heading.dtype) for heading in headings), default=0)
        name = max((2 * entry.depth + wording_width(_name(entry.child)) for entry in entries if entry.child), default=0)
        room = WIDTH - 2 - (shape + dtype + 4 if headings else 0)
        ranges = [found for leaf in leaves if (found := _Range.of(_first_shown(leaf))) is not None]
        low = max((len(found.low) for found in ranges), default=0)
        high = max((len(found.high) for found in ranges if found.flag), default=0)
        ends = max(
            (low + 2 + max(high * bool(found.flag), len(found.high)) + len(found.flag) for found in ranges), default=0
        )
        counted = [len(found.spark.counts) for found in ranges if found.spark.counts]
        most = max(min(counted), _BINS[-1]) if counted else 0
        bins = next((bins for bins in _BINS if bins <= most and name + ends + bins <= room), 0)
        needed = max([ends + 1, *map(_value_width, leaves)])
        deepest = max((2 * entry.depth for entry in entries), default=0)
        return cls(min(name, max(room - needed, deepest + _SHORTEST_NAME)), shape, dtype, low, bins, high)

    def named(self, entry: _Entry) -> str:
        """Returns the name of an entry, indented, as wide as the column."""
        assert entry.child is not None
        indent = "  " * entry.depth
        name = cut_inside(_name(entry.child), self.name - len(indent))
        return indent + name + " " * (self.name - len(indent) - wording_width(name))


@dataclass(frozen=True, slots=True)
class _Range:
    """The first number of a leaf that has a histogram: its two ends, and what is said behind them."""

    low: str
    spark: Sparkline
    high: str
    flag: str

    @classmethod
    def of(cls, block: Block | None) -> _Range | None:
        """Returns the range that a line of numbers begins with; between its ends it needs no words."""
        first = block.items[0] if isinstance(block, Fields) and block.items else ()
        for at, spark in enumerate(first):
            if isinstance(spark, Sparkline):
                low, (high, *flags) = _told(first[:at]), _told(first[at + 1 :]) or ("",)
                return cls(" ".join(low), spark, high, "".join(f" {flag}" for flag in flags))
        return None

    def pieces(self, columns: _Columns) -> list[str]:
        """Returns the low end of the range and what follows, in the columns of the tree."""
        drawn = wording.sparkline(resampled(self.spark.counts, columns.bins))
        spark = drawn.ljust(columns.bins) if drawn else "…".center(columns.bins)
        high = self.high.ljust(columns.high) + self.flag if self.flag else self.high
        return [self.low.rjust(columns.low), f"{spark} {high}"]


def _told(items: Text) -> list[str]:
    """Returns pieces of text without the labels among them."""
    return [write_text((item,)) for item in items if not (isinstance(item, Span) and item.tone == "secondary")]


def _name(child: Child) -> str:
    """Returns the name of a line; of a group what it is too."""
    label = child.label if _group_of(child) is not None else ""
    return cut_inside(wording.printable(f"{child.name} {label}".rstrip()), LONGEST_NAME)


def _first_shown(leaf: Child) -> Block | None:
    """Returns the block that a leaf's line shows: none where it shows values."""
    if leaf.document.heading.values:
        return None
    return next(
        (block for block in leaf.document.blocks if isinstance(block, (Note, Fields, Table, Beside, Bars))), None
    )


def _value_width(leaf: Child) -> int:
    """Returns how many columns a leaf's line needs to tell something, its histogram aside."""
    pieces, gap = _pieces(leaf, WIDTH)
    width = sum(wording_width(piece) + len(gap) for piece in pieces)
    return min(width, _ENDS if isinstance(_first_shown(leaf), Fields) else NARROWEST)


def _lines(entry: _Entry, columns: _Columns, most: int) -> list[str]:
    """Returns the line of an entry, of a leaf with small values as many as it needs, if it may."""
    if entry.child is None:
        return [f"{'  ' * entry.depth}… {wording.integer(entry.left_out)} more"]
    line = columns.named(entry)
    if entry.group is None:
        lines = _leaf(entry.child, line, columns, most)
        return lines + _opened(entry, most - len(lines))
    facts = " · ".join(entry.child.document.heading.facts)
    hidden = len(entry.group.items) + len(entry.group.folded) + entry.group.more
    if entry.inside or not hidden:
        return [f"{line}  {facts}"]
    # How many tensors are in it is said; what is in one without them is counted.
    return [f"{line}  {facts} … {wording.integer(hidden)} more" if _is_plain(entry.child) else f"{line}  {facts} …"]


def _leaf(leaf: Child, line: str, columns: _Columns, most: int) -> list[str]:
    """Returns the line of a leaf, with all of its values if it may take so many lines, else with what one tells."""
    heading, block = leaf.document.heading, _first_shown(leaf)
    if heading.kind:
        line += f"  {heading.shape.ljust(columns.shape)}  {heading.dtype.ljust(columns.dtype)}"
    room = max(WIDTH - wording_width(line) - 2, 1)
    pieces, gap = _pieces(leaf, room)
    if not isinstance(block, Fields):
        if block is None or isinstance(block, Note):
            whole = wrap(pieces, room, gap)
        else:
            whole = write(block, _ENDLESS, _ENDLESS)
        if whole and len(whole) <= most and max(map(wording_width, whole)) <= room:
            return hang(line, whole, room)
    numbers = next((other for other in leaf.document.blocks if isinstance(other, Fields)), None)
    if numbers is not None and (not pieces or wording_width(gap.join(pieces)) > room):
        found = _Range.of(numbers)
        pieces, gap = found.pieces(columns) if found is not None else _ends(numbers), " "
    return [f"{line}  {_first_of(pieces, room, gap)}".rstrip()]


def _opened(entry: _Entry, most: int) -> list[str]:
    """Returns the values of a leaf that stands open, below its line, where there is room for all of them."""
    assert entry.child is not None
    unfolding = next((block for block in entry.child.document.blocks if isinstance(block, Unfolding)), None)
    if not entry.child.open or unfolding is None:
        return []
    margin = " " * (2 * entry.depth + len(GAP))
    shown = [line for block in unfolding.values(_ENDLESS) for line in write(block, WIDTH - len(margin), _ENDLESS)]
    return [margin + line for line in shown] if len(shown) <= most else []


def _ends(numbers: Fields) -> list[str]:
    """Returns the first number of a leaf, of a range its two ends."""
    low, *high = write_text(numbers.items[0]).split(" … ") if numbers.items else [""]
    return [low, *(f"… {end}" for end in high)]


def _pieces(leaf: Child, room: int) -> tuple[list[str], str]:
    """Returns what a leaf may tell in one line, piece by piece, and what is between the pieces.

    That is the words of a sentence, the values of a table, the rows of one whose rows are headed as lists; of other
    blocks the first fact, or nothing where there is a line of numbers. That one stands in its own columns.
    """
    block = _first_shown(leaf)
    if block is None:
        return value_pieces(leaf.document.heading, room), "  "
    if isinstance(block, Note):
        return write_text(block.text).split(" "), " "
    if isinstance(block, Fields):
        return ([] if _Range.of(block) is not None else _ends(block)), " "
    if not isinstance(block, Table) or (block.columns and not block.wrapped):
        told = any(isinstance(other, Fields) for other in leaf.document.blocks)
        return [] if told and isinstance(block, Table) else list(leaf.document.heading.facts[:1]), "  "
    pieces: list[str] = []
    headed = (len(block.rows) > 1 or any(row.header is not None for row in block.rows)) and not block.wrapped
    for row in block.rows:
        texts = [" ".join(write(Table((Row((cell,)),)), room, _ENDLESS)).strip() for cell in row.cells]
        if headed:
            inside = [] if texts == ["empty"] else texts
            texts = [f"{text}," for text in inside[:-1]] + [f"{inside[-1] if inside else ''}],"]
            texts[0] = f"[{texts[0]}"
        pieces += texts
    if headed and pieces:
        pieces[-1] = pieces[-1].removesuffix(",")
    return pieces, " " if headed else "  "


def _first_of(pieces: Sequence[str], room: int, gap: str) -> str:
    """Returns as many pieces of a line as have room; the first is cut where there is none for all of it."""
    whole = wrap(pieces, room, gap)
    if len(whole) < 2:
        return cut("".join(whole), room)
    first = wrap(pieces, room - 2, gap)[0]
    if wording_width(first) <= room - 2:
        return f"{first} …"
    shown = cut(first, room)
    return "…" if shown[-2:-1].isdigit() else shown  # part of a number reads as another one
