"""Lines of text: the headline, the line of numbers, and the little histogram that sits in it."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from html import escape
from unicodedata import bidirectional

from tfnp_ext import wording
from tfnp_ext.document import DATA_TONES, Fields, Heading, Inline, Note, Span, Sparkline, Text
from tfnp_ext.formats.html.blocks import writes
from tfnp_ext.formats.html.grounds import BLUE, FAINTEST, MAGENTA, ORANGE, ground_style
from tfnp_ext.formats.html.sparklines import SPARK_HEIGHT, SPARK_WIDTH, sparkline_png

MONO = 'ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace'

_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})
_MARKUP = frozenset("&<>\"'")
_WRAPS = ("white-space:nowrap", "word-wrap:break-word")  # numbers stay whole, strings of the user's may be long
_NO_BREAK = "\N{NO-BREAK SPACE}"


def bold(text: str) -> str:
    """Returns markup at the weight of what is said first."""
    return f"<b style=font-weight:600>{text}</b>"


def quiet(text: str) -> str:
    """Returns markup as what is said second."""
    return f"<span style=opacity:.66>{text}</span>"


@lru_cache(maxsize=4096)
def said(text: str) -> str:
    """Returns text for the page: escaped, on one line, and words from right to left kept from turning others around."""
    if text.isascii() and text.isprintable():
        return text if _MARKUP.isdisjoint(text) else escape(text)
    shown = escape(wording.printable(text))
    return f"<bdi>{shown}</bdi>" if any(bidirectional(character) in _RIGHT_TO_LEFT for character in text) else shown


_GROUPED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def unbroken(text: str) -> str:
    """Returns words of ours for the page, where no line ends between the digits of a number."""
    return said(_GROUPED.sub(_NO_BREAK, text))


def write_heading(heading: Heading) -> str:
    """Returns the headline; a fact is never broken in two."""
    if heading.name:
        pieces = [bold(said(heading.kind)), said(heading.name)]
        pieces += [bold(said(heading.shape))] if heading.shape else []
    else:
        kind = " ".join(filter(None, (heading.kind, heading.shape)))
        pieces = [bold(said(kind))] if kind else []
    if heading.dtype:
        pieces.append(said(heading.dtype))
    line = " ".join(pieces)
    if heading.role:
        role = unbroken(heading.role)
        if heading.reason:
            role = f'<span title="{escape(heading.reason)}">{role}</span>'
        line += f" · {role}"
    is_data = any(span.tone in DATA_TONES for span in heading.values)
    if heading.values:
        values = "".join(
            f'<span style="margin-right:{5 if span.text == "⚠" else 10}px;{_WRAPS[span.tone in DATA_TONES]}">'
            f"{write_span(span)}</span>"
            for span in heading.values
        )
        # Before a long string is where the line may be broken.
        room = ' <span style="margin-left:8px">' if is_data else '<span style="margin-left:12px">'
        line += f"{room}{values}</span>"
    if heading.facts:
        margin = "4px" if heading.values else "14px"
        facts = " · ".join(said(fact.replace(" ", _NO_BREAK)) for fact in heading.facts)
        # Behind a long string all of them go to the next line.
        together = ";display:inline-block" if is_data else ""
        line += f'<span style="opacity:.66;margin-left:{margin}{together}">{facts}</span>'
    return f"<div>{line}</div>"


def write_span(span: Span) -> str:
    """Returns a piece of text in its tone."""
    if span.tone in DATA_TONES:
        return write_data(span)
    text = said(span.text)
    title = f' title="{escape(span.title)}"' if span.title else ""
    if span.framed or span.ground is not None:
        return _in_cell(span, text, title)
    if span.tone == "strong":
        return f"<b style=font-weight:600{title}>{text}</b>"
    if span.tone == "secondary":
        return f"<span style=opacity:.66{title}>{text}</span>"
    if span.tone == "invalid":
        return f'<b style="color:{MAGENTA};font-weight:600"{title}>{text}</b>'
    if span.tone == "unsure":
        return f'<b style="color:{ORANGE};font-weight:600"{title}>{text}</b>'
    if span.tone in {"typed", "hint"}:
        faint = ";opacity:.66" if span.tone == "hint" else ""
        return f"<bdi style='font-family:{MONO};font-size:11px{faint}'{title}>{text}</bdi>"
    return f"<span{title}>{text}</span>" if title else text


def _in_cell(span: Span, text: str, title: str) -> str:
    """Returns one of values that stand in a row as the cells of a table do: on its ground, the answer framed."""
    ground = span.ground or 0.0
    heat = f";{ground_style(ground)}" if abs(ground) >= FAINTEST else ""
    if span.framed:
        return f'<b style="font-weight:600;border:1px solid {BLUE};padding:0 3px{heat}"{title}>{text}</b>'
    return f'<span style="padding:0 4px{heat}"{title}>{text}</span>'


def write_data(string: Span, size: str = ";font-size:12px") -> str:
    """Returns a string of the user's, in quotes unless it is bytes, and behind it how much is missing."""
    is_text = string.tone == "code"
    quote, text = (quiet("&quot;"), wording.escaped(string.text)) if is_text else ("", string.text)
    spaces = ";white-space:pre-wrap" if "  " in text else ""  # else a page shows several as one
    title = f' title="{escape(string.title)}"' if string.title else ""
    shown = f"<bdi style='font-family:{MONO}{size}{spaces}'{title}>{quote}{said(text)}{quote}</bdi>"
    return shown if string.left_out is None else f"{shown} {quiet(wording.left_out(*string.left_out))}"


def write_inline(item: Inline) -> str:
    """Returns a piece of text or a little histogram."""
    return write_sparkline(item) if isinstance(item, Sparkline) else write_span(item)


def write_text(text: Text) -> str:
    """Returns the pieces of a text, a blank between them but before a comma or a semicolon."""
    joined = ""
    for item in text:
        comma = isinstance(item, Span) and item.text.startswith((",", ";"))
        joined += ("" if not joined or comma else " ") + write_inline(item)
    return joined


def write_sparkline(sparkline: Sparkline) -> str:
    """Returns the histogram as a picture; where the card's picture has it, only what stands between its ends."""
    if sparkline.in_picture or not sparkline.counts:
        return "…"
    data = sparkline_png(sparkline.counts, sparkline.low, sparkline.high)
    low, high = wording.amount(sparkline.low), wording.amount(sparkline.high)
    return (
        f'<img width={SPARK_WIDTH} height={SPARK_HEIGHT} alt="histogram from {low} to {high}"'
        f' style="vertical-align:-2px" src="{data_uri(data, "image/png")}">'
    )


def data_uri(data: bytes, mime: str) -> str:
    """Returns bytes as what an image's source may be."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


_SENTENCE = 50  # characters: a field longer than that is a warning in words, which a narrow window must break


def _wrap(item: Text) -> str:
    length = sum(len(part.text) for part in item if isinstance(part, Span))
    return " style=white-space:normal" if length > _SENTENCE else ""


@writes(Fields)
def write_fields(fields: Fields) -> str:
    """Returns the line of numbers; between two of them is where a narrow window breaks it."""
    items = " ".join(f"<span{_wrap(item)}>{write_text(item)}</span>" for item in fields.items)
    return f'<div style="font-size:12px;display:flex;flex-wrap:wrap;gap:0 16px;white-space:nowrap">{items}</div>'


@writes(Note)
def write_note(note: Note) -> str:
    """Returns a sentence."""
    return f'<div style="font-size:12px">{write_text(note.text)}</div>'
