"""The headline: what it is, its role, small values, and the quiet facts."""

from __future__ import annotations

from tfnp_ext import wording
from tfnp_ext.document import Heading
from tfnp_ext.formats.text.inline import value_lines, write_span
from tfnp_ext.formats.text.layout import GAP, INDENT, LONGEST_NAME, WIDTH, cut, wording_width, wrap


def write_heading(heading: Heading, width: int = WIDTH) -> list[str]:
    """Returns the headline; what passes the last column stands in the next line, indented."""
    # A kind may be the name of a class of the user's.
    kind, name = (cut(wording.printable(text), LONGEST_NAME) for text in (heading.kind, heading.name))
    line = " ".join(piece for piece in (kind, name, heading.shape, heading.dtype) if piece)
    facts = " · ".join(wording.printable(fact) for fact in heading.facts)
    pieces = value_pieces(heading)
    values = "  ".join(pieces)
    lines = [line]
    if heading.role:
        role = cut(wording.printable(heading.role), WIDTH - len(INDENT) - 2)
        first, comma, rest = role.partition(", ")
        if rest and wording_width(f"{line} · {role}") > width >= wording_width(f"{line} · {first},"):
            lines = [f"{line} · {first}{comma.rstrip()}", f"{INDENT}{rest}"]
        else:
            lines = _appended(lines, width, f" · {role}", f"· {role}")
    if values:
        if len(pieces) == 1:
            pieces = value_lines(heading.values[0], WIDTH - len(INDENT))
        lines = _appended(lines, width, f"  {values}" if line else values, *pieces)
    if facts:
        whole = f"{lines[-1]}{GAP}{facts}"
        # Values that had to move leave their place in the first line to the facts.
        if values and len(lines) > 1 and wording_width(f"{lines[0]}{GAP}{facts}") <= width:
            lines[0] += f"{GAP}{facts}"
        elif wording_width(whole) <= width:
            lines[-1] = whole
        else:
            lines += [f"{INDENT}{more}" for more in wrap(facts.split(" · "), WIDTH - len(INDENT), " · ")]
    return lines


def _appended(lines: list[str], width: int, ending: str, *pieces: str) -> list[str]:
    """Returns the lines with more behind the last, or, where it does not fit, its pieces in lines of their own."""
    if wording_width(lines[-1] + ending) <= width:
        return [*lines[:-1], lines[-1] + ending]
    return lines + [f"{INDENT}{line}" for line in wrap(list(pieces), WIDTH - len(INDENT), "  ")]


def value_pieces(heading: Heading, room: int = WIDTH - len(INDENT)) -> list[str]:
    """Returns the small values one by one; the warning sign belongs to what it stands before."""
    texts = [write_span(span, room) for span in heading.values]
    if texts[:1] == ["⚠"] and len(texts) > 1:
        texts = [f"⚠ {texts[1]}", *texts[2:]]
    return texts
