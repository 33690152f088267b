"""Strings of the user's as text: decoded and cut, or written as bytes where they are not UTF-8."""

from __future__ import annotations

import codecs
import re

from tfnp_ext import wording
from tfnp_ext.adapters import CutString
from tfnp_ext.document import Span, Text, Tone

TEXT_LENGTH = 72
"""Characters of a string before it is cut, if that saves any."""

_BYTES_LENGTH = 40
"""Characters that bytes are written in before they are cut: what is said behind them fits the same line."""


_TYPED = re.compile(r"(--[a-z]+(?: [a-z]+(?:\|[a-z]+)+)?|%tonumpy)")
"""Options, with the words that they take, and the magic: what users type as it stands in our sentences."""


def with_typed(sentence: str, tone: Tone = "plain") -> Text:
    """Returns a sentence of ours in pieces: what users type, and the rest in a tone.

    Example:
        >>> [span.tone for span in with_typed("--sparse dense|scipy chooses the array", "secondary")]
        ['typed', 'secondary']
    """
    if "--" not in sentence and "%tonumpy" not in sentence:
        return (Span(sentence, tone),) if sentence else ()
    pieces = (piece.strip() for piece in _TYPED.split(sentence))
    return tuple(Span(piece, "typed" if _TYPED.fullmatch(piece) else tone) for piece in pieces if piece)


def string_spans(value: bytes | str) -> tuple[Span, ...]:
    """Returns a string of the user's cut for a headline, and that it was not UTF-8."""
    text, valid = string_text(value)
    return (Span(text, "code"),) if valid else (Span(text, "bytes"), Span("not UTF-8", "invalid"))


def string_parts(value: bytes | str) -> tuple[str, str, bool]:
    """Returns a string of the user's cut, what is said of the rest, and whether it was UTF-8.

    What is missing is counted in bytes where the string was not decoded, or not read to its end.
    """
    size = value.size if isinstance(value, CutString) else len(value)
    if isinstance(value, bytes):
        try:
            # The last character of a beginning may be cut.
            text = codecs.getincrementaldecoder("utf-8")().decode(value, final=size == len(value))
        except UnicodeDecodeError:
            shown = bytes(value[:_BYTES_LENGTH])
            while len(repr(shown)) > _BYTES_LENGTH:
                shown = shown[:-1]  # before it is written, so that no escape is cut
            return repr(shown), _rest(size - len(shown), " bytes"), False
    else:
        text = value
    shown_text, cut = wording.shorten(text, TEXT_LENGTH)
    if isinstance(value, CutString):
        return shown_text, _rest(size - len(shown_text.encode()), " bytes"), True
    rest = _rest(cut)
    if len(rest) >= cut:  # to say what is missing takes as much room as to show it
        return text, "", True
    return shown_text, rest, True


def _rest(count: int, unit: str = "") -> str:
    return f"… + {wording.integer(count)}{unit} more" if count else ""


def string_text(value: bytes | str) -> tuple[str, bool]:
    """Returns a string of the user's cut, and whether it was UTF-8; formats keep it on one line."""
    shown, rest, valid = string_parts(value)
    return shown + rest, valid
