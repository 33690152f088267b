"""Pieces of text in a line: words, strings of the user's in quotes, the little histogram; and the line of numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

from tfnp_ext import wording
from tfnp_ext.document import DATA_TONES, Fields, Inline, Note, Span, Sparkline, Text
from tfnp_ext.formats.text.blocks import writes
from tfnp_ext.formats.text.layout import MOST_LINES, WIDTH, broken, wording_width, wrap

_SPARK_BINS = 16

_BYTE = re.compile(r"\\x..|\\.|.")
_ONE_SPACE = re.compile("(?<! ) (?! )")


def write_span(span: Span, room: int = WIDTH) -> str:
    """Returns a piece of text; one that is data cut to the room, an answer among values pointed at."""
    shown = write_string(span, room) if span.tone in DATA_TONES else wording.printable(span.text)
    return f"▸{shown}" if span.framed else shown


def write_string(string: Span, room: int, after: str = "") -> str:
    """Returns data text as much of which as has room, and behind it how much is missing.

    Args:
        string: Text, or bytes as Python writes them.
        room: Columns of the terminal.
        after: What is said behind all that.
    """
    is_text = string.tone == "code"
    said = "" if string.left_out is None else f" {wording.left_out(*string.left_out)}"
    shown = (wording.quoted(string.text) if is_text else string.text) + said + after
    if wording_width(shown) <= room:
        return shown
    pieces = list(string.text) if is_text else _BYTE.findall(string.text[2:-1])
    cut, unit = string.left_out or (0, "" if is_text else "bytes")
    for length in range(min(len(pieces) - 1, room), -1, -1):
        kept, gone = "".join(pieces[:length]), pieces[length:]
        missing = cut + (len("".join(gone).encode("utf-8", "surrogatepass")) if is_text and unit else len(gone))
        shown = wording.quoted(kept) if is_text else string.text[:2] + kept + string.text[-1]
        shown += f" {wording.left_out(missing, unit)}{after}"
        if wording_width(shown) <= room:
            return shown
    return "…"


def value_lines(span: Span, room: int) -> list[str]:
    """Returns a value that stands by itself: a string broken between words, any other cut to the room."""
    whole = wording.quoted(span.text)
    if span.tone == "code" and wording_width(whole) > room:
        # A break stands for one space, and the text goes on below its beginning, not below its quote.
        words = _ONE_SPACE.split(whole)
        said = [] if span.left_out is None else [wording.left_out(*span.left_out)]
        lines = wrap([*words, *said], room - 1, " ")
        if max(map(wording_width, lines)) < room:
            return [lines[0], *(f" {line}" for line in lines[1:])]
    return [write_span(span, room)]


def _inline(item: Inline) -> str:
    if isinstance(item, Sparkline):
        # Up to twice as many stand as they are: they may be integers, one each.
        few = len(item.counts) < 2 * _SPARK_BINS
        counts = item.counts if few else resampled(item.counts, _SPARK_BINS)
        return wording.sparkline(counts) if counts else "…"
    return write_span(item)


def resampled(counts: Sequence[float], bins: int) -> Sequence[float]:
    """Returns a histogram of no more than so many bins, all of one width."""
    if len(counts) <= bins:
        return counts
    edges = [len(counts) * at / bins for at in range(bins + 1)] if bins else []
    return [
        sum(counts[at] * (min(at + 1, end) - max(at, start)) for at in range(int(start), math.ceil(end)))
        for start, end in itertools.pairwise(edges)
    ]


def write_text(text: Text) -> str:
    """Returns the pieces of a text, a blank between them but before a comma."""
    joined = ""
    for item in text:
        piece = _inline(item)
        joined += ("" if not joined or piece.startswith(",") else " ") + piece
    return joined


@writes(Fields)
def write_fields(fields: Fields, room: int = WIDTH, _most: int = MOST_LINES) -> list[str]:
    """Returns the line of numbers, none of them broken unless it is too long by itself."""
    return broken(wrap([write_text(item) for item in fields.items], room), room)


@writes(Note)
def write_note(note: Note, room: int = WIDTH, _most: int = MOST_LINES) -> list[str]:
    """Returns a sentence, broken between words."""
    return [] if note.aside else wrap(write_text(note.text).split(" "), room, " ")
