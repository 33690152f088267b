"""The neutral blocks of a card.

Plots and kinds say what is to be shown in these blocks; formats say how each looks. A block holds plain text and
numbers, never markup: whatever came from data or labels is escaped by the format.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Tone = Literal["plain", "strong", "secondary", "invalid", "unsure", "code", "bytes", "typed", "hint"]
"""How loud a text is: ``strong`` is the answer, ``secondary`` a label, ``invalid`` a NaN, ``unsure`` a doubt; ``code``
and ``bytes`` are data text, ``typed`` is what a user types, ``hint`` the same
in what is said second."""

DATA_TONES: frozenset[Tone] = frozenset({"code", "bytes"})
"""Those of a string of the user's: text that formats put in quotes, or bytes as Python writes them."""


class LeftOut(NamedTuple):
    """The end of a string that is not shown: so many characters, or of another ``unit``."""

    amount: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one tone; ``title`` is what hovering tells, ``framed`` marks the answer among values.

    ``ground`` is the heat behind one of values in a row, as in ``Cell``; ``None`` where they have none.
    ``left_out`` is what is missing at the end of data text: it is said outside of its quotes.
    """

    text: str
    tone: Tone = "plain"
    title: str = ""
    framed: bool = False
    left_out: LeftOut | None = None
    ground: float | None = None


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A histogram small enough to sit in a line of text, between its ``low`` and ``high`` end.

    ``in_picture`` tells that the card's picture has it already: a format that shows the picture leaves it out here.
    Without ``counts`` only the ends are told: of a few values, which stand beside it. Where the last bin is narrower
    than the others, it counts as if it were as wide.
    """

    counts: tuple[float, ...]
    low: float
    high: float
    in_picture: bool = False


Inline = Span | Sparkline
Text = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The headline: kind, name, shape, dtype, role, small values, then the quiet facts (bytes, device, view).

    ``size`` is the one of the facts that a tree's line keeps: the bytes.
    """

    kind: str
    name: str = ""
    shape: str = ""
    dtype: str = ""
    role: str = ""
    reason: str = ""
    values: tuple[Span, ...] = ()
    facts: tuple[str, ...] = ()
    size: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """The line of numbers: each field is a label and its value, never broken inside."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence; an ``aside`` is left out where lines are few, as in a terminal."""

    text: Text
    aside: bool = False


class Cell(NamedTuple):
    """One cell of a table; a named tuple, because a table has many, each made three times as fast.

    Attributes:
        text: What stands there.
        tone: How loud it is.
        ground: Heat behind it, -1 … 1: hue by sign, strength by size; 0 is paper.
        title: The full value, on hovering.
        align: ``right`` for numbers, ``left`` for words.
        framed: Whether the cell is marked as the answer of its row.
        mono: Whether it is set in a typewriter face, as data text is in any case.
        after: More text behind it, in tones of its own.
        span: How many columns it takes.
        bar: A bar behind it, its length as a share of the longest.
        left_out: What is missing at the end of data text.
    """

    text: str
    tone: Tone = "plain"
    ground: float = 0.0
    title: str = ""
    align: Literal["left", "right", "center"] = "right"
    framed: bool = False
    mono: bool = False
    after: tuple[Span, ...] = ()
    span: int = 1
    bar: float = 0.0
    left_out: LeftOut | None = None

    @property
    def data(self) -> Span:
        """The data text in it, where its tone says that it is some."""
        return Span(self.text, self.tone, left_out=self.left_out)


ELIDED = Cell("…", "secondary")
"""What stands for columns that are left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; ``header`` is its index or name."""

    cells: tuple[Cell, ...]
    header: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One row of plain numbers, without a cell for each: a table has hundreds of them.

    Attributes:
        texts: The numbers, from left to right.
        grounds: Heat behind each, as in ``Cell``.
        header: The row's index or name.
        rest: Cells that follow the numbers.
        elided: Before which of the numbers others are left out.
        breakable: Whether some have a minus inside, where a page would break them.
    """

    texts: Sequence[str]
    grounds: Sequence[float]
    header: str | None = None
    rest: tuple[Cell, ...] = ()
    elided: int | None = None
    breakable: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of it as cells, for those who look at a few."""
        numbers = [Cell(text, ground=ground) for text, ground in zip(self.texts, self.grounds, strict=True)]
        if self.elided is not None:
            numbers.insert(self.elided, ELIDED)
        return (*numbers, *self.rest)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of values.

    Attributes:
        rows: Top to bottom.
        columns: Column headers; empty for none.
        caption: What slice this is, ``[0, 1]``.
        compact: Whether it stands open in a card (12/16 px) rather than inside a fold (11 px).
        width: Characters in its widest cell and those of the tables beside it, where they shall be equally wide.
        pinned: So many of its last columns stay in sight where there is no room for all of an open table.
        wrapped: Whether its rows are pieces of one vector, which a format may cut elsewhere.
        narrow: What a terminal has instead where it would break the lines of the table.
    """

    rows: tuple[Row | NumberRow, ...]
    columns: tuple[str, ...] = ()
    caption: str = ""
    compact: bool = False
    width: int = 0
    pinned: int = 0
    narrow: Table | None = None
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture: its bytes, MIME type and size in CSS pixels.

    ``pixelated`` tells that it is smaller than it is shown: the page enlarges it pixel by pixel, where it can.
    """

    data: bytes
    mime: str
    width: int
    height: int
    pixelated: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that is drawn only by formats that can show it.

    Attributes:
        draw: Draws it when called; ``None`` where pictures are switched off.
        alt: What the picture shows, for those who cannot see it: the kind of picture, then the answer.
        fallback: What stands in its place where pictures cannot be drawn or shown.
    """

    draw: Callable[[], Picture] | None
    alt: str
    fallback: Block | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a model said of an image.

    Attributes:
        answer: The class predicted.
        share: Its probability, ``None`` where it is not known.
        share_words: The same in words.
        wrong: Whether something else is true.
        unsure: Whether the probability is below one half.
        truth: What is true, where the answer is wrong.
    """

    answer: str
    share: float | None = None
    share_words: str = ""
    wrong: bool = False
    unsure: bool = False
    truth: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One image of a sheet, with what was said of it where that was asked for."""

    picture: Picture
    alt: str
    title: str = ""
    caption: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Tiles:
    """A sheet of images, drawn only by formats that can show it.

    Attributes:
        draw: Draws them when called.
        alt: What they show together.
        fallback: What stands in their place where they cannot be drawn or shown.
        columns: How many stand in a line at most where there is room.
        framed: Whether a hairline parts each from the host's paper, which they may have the colour of.
    """

    draw: Callable[[], tuple[Tile, ...]]
    alt: str
    fallback: Block | None = None
    columns: int = 0
    framed: bool = False


def even_columns(count: int, most: int) -> int:
    """Returns how many of ``count`` tiles stand in a line of at most ``most``, so that all lines are about as long.

    Example:
        >>> even_columns(24, 12), even_columns(13, 12), even_columns(25, 12)
        (12, 7, 9)
    """
    lines = math.ceil(count / max(1, most))
    return math.ceil(count / lines) if lines else 1


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its value in words, its length as a share of the longest (negative hangs below zero).

    ``number`` is the value itself where its words are of the whole, as percent are.
    """

    label: str
    value: str
    length: float
    strong: bool = False
    number: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars made of text: small ones stand in a card as columns, and stand for the picture where there is none.

    ``rest`` is what is left out in words, ``rest_after`` what where only so many of the first bars are shown.
    """

    bars: tuple[Bar, ...]
    rest: str = ""
    columns: bool = False
    rest_after: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """Blocks side by side; ``gap`` in CSS pixels."""

    blocks: tuple[Block, ...]
    gap: int = 12


@dataclass(frozen=True, slots=True)
class Fold:
    """What is folded away: its one line says how much there is and why the picture is this one.

    ``preview`` is what formats show that can neither fold nor draw.
    """

    summary: str
    reason: Text = ()
    blocks: tuple[Block, ...] = ()
    preview: Block | None = None


@dataclass(frozen=True, slots=True)
class Unfolding:
    """What a leaf of a tree unfolds to below its line, made by a format that folds, as far as it has room for it.

    Attributes:
        size: How many values the leaf has: of a tree of many, the largest have their pictures.
        values: Makes what shows its values, in about so many cells of a table.
        extra: Makes the numbers that its role adds to those of its line.
        picture: Makes its picture; ``None`` where it has none.
        little: Makes a little heat map that stands for the picture where that is too much; it may have none either.
    """

    size: int
    values: Callable[[int], tuple[Block, ...]]
    extra: Callable[[], tuple[Text, ...]] | None = None
    picture: Callable[[], tuple[Block, ...]] | None = None
    little: Callable[[], Block | None] | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A leaf or a group of a tree.

    Attributes:
        name: Its key or index.
        document: What it is; its heading is the leaf's line, its blocks what unfolding shows.
        open: Whether it stands open.
    """

    name: str
    document: Document
    open: bool = False

    @property
    def label(self) -> str:
        """What a group is and its own name: nothing where it is a plain container, which only its entries matter of."""
        heading = self.document.heading
        kind = "" if heading.kind in {"dict", "list", "tuple"} else heading.kind
        return " ".join(filter(None, (kind, heading.name)))


@dataclass(frozen=True, slots=True)
class Children:
    """The entries of a nest; ``folded`` are those behind a fold, ``more`` counts those left out."""

    items: tuple[Child, ...]
    more: int = 0
    folded: tuple[Child, ...] = ()


Block = Fields | Note | Table | Figure | Tiles | Bars | Beside | Fold | Children | Unfolding


@dataclass(frozen=True, slots=True)
class Document:
    """A card: one heading and the blocks below it."""

    heading: Heading
    blocks: tuple[Block, ...] = ()
