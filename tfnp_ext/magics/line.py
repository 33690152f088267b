"""The split of a magic's line into its options and its expression.

Pure: text in, ``MagicLine`` out. Python's own tokenizer tells strings and brackets from options, so an expression
needs no quoting. The rules, in order:

* Options lead. ``--`` ends them, and then nothing after is read as an option.
* A short option is one letter that stands alone, so ``-preds`` is a unary minus.
* After the expression options count outside of brackets and strings, and only known ones: ``x --y`` is Python. A short
  one counts only where Python cannot read it: ``ds -n 1`` has one, ``x -k`` and ``x -l [0]`` are differences. From the
  first of them on there are only options.
* The value of an option is a run without white space outside of brackets and strings.
* A comment or ``;`` at the end is dropped.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tfnp_ext.magics.options import BY_NAME, BY_SHORT, Option, close_match

_LONG = re.compile(r"--(?P<name>[A-Za-z][\w-]*)(?=\s|=(?!=)|[;#]|$)")
_SHORT = re.compile(r"-(?P<name>[A-Za-z])(?=\s|=(?!=)|[;#]|$)")
_END_OF_OPTIONS = re.compile(r"--(?=\s|$)")
_ENDING = re.compile(r"[;\s]*(#.*)?$", re.DOTALL)
_PLAIN_VALUE = re.compile(r"""[^\s"'()\[\]{}#;]+(?=[\s;#]|$)""")
_LAYOUT = frozenset(
    {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT}
)


class LineError(ValueError):
    """A magic's line cannot be read; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class MagicLine:
    """A magic's line, split.

    Attributes:
        options: Text of the value by long name; ``""`` for a switch.
        expression: The Python expression, ``""`` for none.
        silent: Whether a ``;`` ends the line.
    """

    options: Mapping[str, str]
    expression: str
    silent: bool = False


def split_line(text: str) -> MagicLine:
    """Returns a magic's line split into options and expression.

    Args:
        text: What stands after ``%tonumpy``.

    Raises:
        LineError: An option is unknown, given twice, or lacks its value; or something follows the options.

    Example:
        >>> split_line('-o p x - y --top 3;')
        MagicLine(options={'out': 'p', 'top': '3'}, expression='x - y', silent=True)
    """
    return _Splitter(text).split()


class _Token(NamedTuple):
    kind: int
    string: str
    start: int
    end: int


def _tokens(text: str) -> Iterator[_Token]:
    """Yields Python's tokens with their offsets; ends early where the text is no Python (compiling it tells why)."""
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            (row, column), (end_row, end_column) = token.start, token.end
            if end_row <= len(line_starts):  # the marker of the end stands on a line of its own
                yield _Token(
                    token.type, token.string, line_starts[row - 1] + column, line_starts[end_row - 1] + end_column
                )
    except (tokenize.TokenError, SyntaxError):
        return


def _nesting(token: _Token) -> int:
    """Returns +1 for a token that opens a bracket or an f-string, -1 for one that closes it.

    From Python 3.12 on an f-string comes in pieces, and the literal ones may look like options.
    """
    name = tokenize.tok_name[token.kind]
    if (token.kind == tokenize.OP and token.string in ("(", "[", "{")) or name.endswith("STRING_START"):
        return 1
    if (token.kind == tokenize.OP and token.string in (")", "]", "}")) or name.endswith("STRING_END"):
        return -1
    return 0


def is_expression(text: str) -> bool:
    """Returns whether a text is one Python expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the real compilation warns
        try:
            ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return False
    return True


def ends_in_semicolon(source: str) -> int | None:
    """Returns the offset of the ``;`` that ends a source (comments aside), ``None`` if there is none."""
    last = None
    for token in _tokens(source):
        if token.kind not in _LAYOUT:
            last = token
    return last.start if last is not None and last.string == ";" else None


class _Splitter:
    """Walks once through a line, option by option."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.position = 0
        self.before_expression = True
        self.options: dict[str, str] = {}

    def split(self) -> MagicLine:
        closed = self._leading_options()
        start = self.position
        end, shorts, strays = self._end_of_expression(look_for_options=not closed)
        expression = self.text[start:end].strip()
        if not closed and expression and not is_expression(expression):
            # As much of it as is Python is the expression.
            end = next((short for short in reversed(shorts) if is_expression(self.text[start:short])), end)
            expression = self.text[start:end].strip()
            self._blame_option(expression, strays)
        self.position, self.before_expression = end, False
        silent = self._trailing_options()
        return MagicLine(self.options, expression, silent)

    def _leading_options(self) -> bool:
        """Reads options up to the expression; returns whether ``--`` ended them."""
        while True:
            self._skip_space()
            if ending := _END_OF_OPTIONS.match(self.text, self.position):
                self.position = ending.end()
                self._skip_space()
                return True
            found = self._option_here()
            if found is None:
                return False
            self._read_option(*found)

    def _end_of_expression(self, look_for_options: bool) -> tuple[int, list[int], list[str]]:
        """Returns where the expression ends, where short options may stand in it, and what unknown ``--names`` do."""
        offset, depth = self.position, 0
        shorts: list[int] = []
        strays: list[str] = []
        rest = self.text[offset:]
        for token in _tokens(rest):
            if token.kind == tokenize.COMMENT:
                if depth == 0:
                    return offset + token.start, shorts, strays
                continue
            depth = max(0, depth + _nesting(token))
            if depth or token.kind != tokenize.OP:
                continue
            if token.string == ";" and _ENDING.match(rest, token.start):
                return offset + token.start, shorts, strays
            detached = token.start == 0 or rest[token.start - 1].isspace()
            if token.string != "-" or not detached or not look_for_options:
                continue
            if match := _LONG.match(rest, token.start):
                if match["name"] in BY_NAME and token.start:
                    return offset + token.start, shorts, strays
                strays.append(match["name"])
            elif (match := _SHORT.match(rest, token.start)) and match["name"] in BY_SHORT:
                shorts.append(offset + token.start)
        return len(self.text), shorts, strays

    def _trailing_options(self) -> bool:
        """Reads the options after the expression to the end; returns whether a ``;`` is there."""
        last = ""
        while not (ending := _ENDING.match(self.text, self.position)):
            self._skip_space()
            found = self._option_here()
            if found is None:
                if match := _LONG.match(self.text, self.position):
                    raise unknown_option(match[0])
                stray = quoted(self.text[self.position :])
                raise LineError(f"unexpected {stray} after {last}: options go before or after EXPR")
            last = found[1][0]
            self._read_option(*found)
        return ";" in ending[0].partition("#")[0]

    def _option_here(self) -> tuple[Option, re.Match[str]] | None:
        """Returns the known option that stands at the position, long or short."""
        for pattern, known in ((_LONG, BY_NAME), (_SHORT, BY_SHORT)):
            match = pattern.match(self.text, self.position)
            if match is not None and match["name"] in known:
                return known[match["name"]], match
        return None

    def _read_option(self, option: Option, match: re.Match[str]) -> None:
        self.position = match.end()
        value = ""
        attached = self.text.startswith("=", self.position)
        if option.metavar:
            value = self._read_value(option, match[0], attached)
        elif attached:
            raise LineError(f"{match[0]} is a switch: it takes no value")
        if option.name in self.options:
            raise LineError(f"--{option.name} is given twice")
        self.options[option.name] = value

    def _read_value(self, option: Option, flag: str, attached: bool) -> str:
        if attached:
            self.position += 1
        else:
            self._skip_space()
        missing = _ENDING.match(self.text, self.position) or (attached and self.text[self.position].isspace())
        if missing or (not attached and (self._option_here() or _END_OF_OPTIONS.match(self.text, self.position))):
            alone = self.before_expression and self.position == len(self.text)
            negation = missing and alone and flag == f"-{option.short}"
            negated = f"; to negate a name write -- {flag}" if negation else ""
            raise LineError(f"{flag} needs a value: {flag} {option.metavar}{negated}")
        start = self.position
        if plain := _PLAIN_VALUE.match(self.text, start):
            self.position = plain.end()
        else:
            self.position = start + self._end_of_run(self.text[start:], flag)
        return self.text[start : self.position]

    def _end_of_run(self, rest: str, flag: str) -> int:
        """Returns where the first run of tokens without white space outside of brackets ends."""
        depth = end = 0
        for token in _tokens(rest):
            if depth == 0 and (token.start > end or token.kind in _LAYOUT or token.string == ";"):
                return end
            if token.kind == tokenize.ERRORTOKEN and token.string[:1] in ("'", '"'):
                break
            if token.kind not in _LAYOUT:
                depth = max(0, depth + _nesting(token))
                end = token.end
        raise LineError(f"the value of {flag} does not end: a bracket or a quote is not closed")

    def _blame_option(self, expression: str, strays: list[str]) -> None:
        """Raises for what looks like an option in a text that is no Python; returns if nothing does."""
        for name in strays:
            if name not in BY_NAME:
                raise unknown_option(f"--{name}")
        leading = _SHORT.match(expression)
        if leading and is_expression(expression[leading.end() :]):
            raise unknown_option(leading[0])

    def _skip_space(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1


def unknown_option(flag: str) -> LineError:
    """Returns the error for an option that does not exist, with the one that was probably meant."""
    flags = [flag for option in BY_NAME.values() for flag in option.flags if flag.startswith("--")]
    guess = close_match(flag, flags)
    return LineError(f"unknown option {flag}; " + (f"did you mean {guess}?" if guess else "%tonumpy? lists them"))


def quoted(text: str, length: int = 40) -> str:
    """Returns what a user typed as it stands in a message: on one line, in quotes, cut where it is long."""
    line = " ".join(text.split())
    return repr(line if len(line) <= length else line[: length - 1] + "…")
