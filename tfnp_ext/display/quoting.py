"""Strings of the user's as text: decoded and cut, or written as bytes where they are not UTF-8."""

from __future__ import annotations

import codecs
import re
from typing import Literal, NamedTuple

from tfnp_ext import wording
from tfnp_ext.adapters import CutString
from tfnp_ext.document import LeftOut, Span, Text, Tone

TEXT_LENGTH = 72
"""Characters that one string of several is written in before it is cut."""

SENTENCE_LENGTH = 400
"""Characters that a string by itself is written in before it is cut: six lines of a terminal."""

_BYTES_LENGTH = 40
"""Characters that bytes are written in before they are cut: what is said behind them fits the same line."""

_WORDS_LENGTH = 20
"""About so long are the words for what is cut: a string that is longer by more need not be written to be cut."""

NOT_UTF8 = "not UTF-8"

_UNWRITTEN = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})
"""Control characters that texts have no use for; an escape begins the colours of a log."""

_JUDGED, _MOST_UNWRITTEN = 1024, 0.05

_TYPED = re.compile(r"(--[a-z]+(?: [a-z]+(?:\|[a-z]+)+)?|%tonumpy)")
"""Options, with the words that they take, and the magic: what users type as it stands in our sentences."""


def with_typed(sentence: str, tone: Tone = "plain") -> Text:
    """Returns a sentence of ours in pieces: what users type, and the rest in a tone.

    Example:
        >>> [span.tone for span in with_typed("--sparse dense|scipy chooses the array", "secondary")]
        ['hint', 'secondary']
    """
    if "--" not in sentence and "%tonumpy" not in sentence:
        return (Span(sentence, tone),) if sentence else ()
    pieces = (piece.strip() for piece in _TYPED.split(sentence))
    typed: Tone = "hint" if tone == "secondary" else "typed"
    return tuple(Span(piece, typed if _TYPED.fullmatch(piece) else tone) for piece in pieces if piece)


class Quotation(NamedTuple):
    """A string of the user's, cut.

    Attributes:
        text: What is shown of it, without quotes; bytes that are no text as Python writes them.
        left_out: What is cut off, in bytes where the string is not decoded or not read to its end.
        is_text: Whether it is decoded: bytes are not that are full of control characters, such as a message.
        is_utf8: Whether it can be.
    """

    text: str
    left_out: LeftOut | None = None
    is_text: bool = True
    is_utf8: bool = True

    @property
    def tone(self) -> Literal["code", "bytes"]:
        """That of text in quotes, or of bytes."""
        return "code" if self.is_text else "bytes"

    @property
    def span(self) -> Span:
        """It in a line."""
        return Span(self.text, self.tone, left_out=self.left_out)

    @property
    def written(self) -> str:
        """It in quotes, and how much is missing behind them."""
        shown = wording.quoted(self.text) if self.is_text else self.text
        return shown if self.left_out is None else f"{shown} {wording.left_out(*self.left_out)}"


def quotation(value: bytes | str, length: int = TEXT_LENGTH) -> Quotation:
    """Returns a string of the user's, cut where that makes it shorter than with the words for what is missing.

    Args:
        value: The string.
        length: Characters that a text is written in before it is cut.
    """
    if isinstance(value, str):
        return _cut_text(value, length)
    size = value.size if isinstance(value, CutString) else len(value)
    try:
        # The last character of a beginning may be cut.
        text = value.decode() if size == len(value) else codecs.getincrementaldecoder("utf-8")().decode(value)
    except UnicodeDecodeError:
        return _cut_bytes(value, size)._replace(is_utf8=False)
    if _is_binary(value):
        return _cut_bytes(value, size)
    if size == len(value):
        return _cut_text(text, length)
    shown = _beginning(text, length)
    return Quotation(shown, LeftOut(size - len(shown.encode()), "bytes"))


def _is_binary(value: bytes) -> bool:
    """Returns whether nobody reads what bytes are as text, so many control characters are in their beginning."""
    judged = value[:_JUDGED]
    return len(judged) - len(judged.translate(None, _UNWRITTEN)) > _MOST_UNWRITTEN * len(judged)


def _cut_text(text: str, length: int) -> Quotation:
    shown = _beginning(text, length)
    if len(shown) == len(text):
        return Quotation(text)
    cut = Quotation(shown, LeftOut(len(text) - len(shown)))
    saves = len(text) > length + _WORDS_LENGTH or len(cut.written) < len(Quotation(text).written)
    return cut if saves else Quotation(text)


def _beginning(text: str, length: int) -> str:
    """Returns as much of a text as is written in so many characters."""
    shown = text[:length]
    while (beyond := len(wording.quoted(shown)) - 2 - length) > 0:
        shown = shown[: -max(1, beyond // 10)]  # no character is written in more than ten
    return shown


def _cut_bytes(value: bytes, size: int) -> Quotation:
    shown = bytes(value[:_BYTES_LENGTH])
    while len(repr(shown)) > _BYTES_LENGTH:
        shown = shown[:-1]  # before it is written, so that no escape is cut
    if len(shown) == size:
        return Quotation(repr(shown), is_text=False)
    cut = Quotation(repr(shown), LeftOut(size - len(shown), "bytes"), is_text=False)
    saves = size > _BYTES_LENGTH + _WORDS_LENGTH or len(cut.written) < len(repr(bytes(value)))
    return cut if saves else Quotation(repr(bytes(value)), is_text=False)
