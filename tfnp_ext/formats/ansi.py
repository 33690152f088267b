"""Colour for the text of a card, in a terminal that has it."""

from __future__ import annotations

import os
import re
import sys

_BOLD, _DIM, _MAGENTA, _END = "\x1b[1m", "\x1b[2m", "\x1b[1;35m", "\x1b[0m"
_LOUD = re.compile(r"⚠(?: \d[\d\s]* (?:NaN|[+-]Inf|not finite|not UTF-8))?|(?<!\S)(?:nan|-?inf)(?!\S)")
_HEADLINE = re.compile(r"(?P<what>\S+)(?P<rest>.*?)(?P<facts> {3}\S.*)?")


def has_color() -> bool:
    """Returns whether standard output is a terminal with colours that nobody asked to leave out.

    ``NO_COLOR`` set to anything but nothing turns them off (https://no-color.org), as ``TERM=dumb`` and IPython's
    own ``colors`` do.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return str(getattr(shell, "colors", "")).lower() != "nocolor" and bool(getattr(sys.stdout, "isatty", bool)())


def colored(text: str) -> str:
    r"""Returns the text of a card with its kind bold, its facts dim, and in magenta what is not finite.

    Example:
        >>> colored("Tensor (1,) float32  nan   4 B · CPU · view").startswith("\x1b[1mTensor\x1b[0m (1,)")
        True
    """
    first, *others = text.split("\n")
    head = _HEADLINE.fullmatch(first)
    if head is None:
        return _marked(text)
    facts = f"{_DIM}{head['facts']}{_END}" if head["facts"] else ""
    return "\n".join((f"{_BOLD}{head['what']}{_END}{_marked(head['rest'])}{facts}", *map(_marked, others)))


def _marked(line: str) -> str:
    return _LOUD.sub(lambda found: f"{_MAGENTA}{found[0]}{_END}", line)
