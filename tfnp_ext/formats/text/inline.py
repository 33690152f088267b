"""Pieces of text in a line: words, strings of the user's in quotes, the little histogram; and the line of numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tfnp_ext import wording
from tfnp_ext.document import Fields, Inline, Note, Span, Sparkline, Text
from tfnp_ext.formats.text.blocks import writes
from tfnp_ext.formats.text.layout import MOST_LINES, WIDTH, broken, wording_width, wrap

_SPARK_BINS = 16

REST_SAID = re.compile(r"… \+ (\d[\d ]*) (bytes )?more")
"""What is said of the rest of a string that was cut before it came here."""

_REST_FROM = 72  # so long is a string before what is said of its rest, never shorter


def quoted(text: str) -> str:
    """Returns a string of the user's on one line, in quotes as JSON writes them."""
    return wording.printable(json.dumps(text, ensure_ascii=False))


def write_span(span: Span, room: int = WIDTH) -> str:
    """Returns a piece of text; one that is data in quotes and cut to the room, an answer among values pointed at."""
    shown = write_string(span.text, room) if span.tone == "code" else wording.printable(span.text)
    return f"▸{shown}" if span.framed else shown


def write_string(text: str, room: int) -> str:
    """Returns a string of the user's in quotes, cut to the room, how much is missing inside the quotes."""
    whole = quoted(text)
    if wording_width(whole) <= room:
        return whole
    said = REST_SAID.fullmatch(text, _REST_FROM)
    return shortened(text[:_REST_FROM] if said else text, said, room, lambda shown, rest: quoted(shown + rest))


def shortened(text: str, said: re.Match[str] | None, room: int, form: Callable[[str, str], str]) -> str:
    """Returns as much of a text as has room together with the count of what is missing."""
    missing = int(said[1].replace(" ", "")) if said else 0
    unit = (said[2] or "") if said else ""
    for length in range(min(len(text), room), -1, -1):
        left_out = text[length:].encode("utf-8", "surrogatepass") if unit else text[length:]
        shown = form(text[:length], f"… + {wording.integer(missing + len(left_out))} {unit}more")
        if wording_width(shown) <= room:
            return shown
    return "…"


def _inline(item: Inline) -> str:
    if isinstance(item, Sparkline):
        return wording.sparkline(_pooled(item.counts))
    return write_span(item)


def _pooled(counts: tuple[int, ...]) -> list[int]:
    """Returns a histogram with neighbouring bins added up, so that it fits a line."""
    step = max(1, len(counts) // _SPARK_BINS)
    return [sum(counts[start : start + step]) for start in range(0, len(counts), step)]


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
