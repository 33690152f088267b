"""HTML of cards as a tree, its styles worked out as a browser would, and WCAG 2 contrast.

Written for what cards emit: inline styles, one extra ``<style>`` of plain selectors, cells and rows left unclosed.
Whatever of it cannot be read is an error, so that a new way to set a colour or an opacity is not overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

RGB = tuple[float, float, float]
RGBA = tuple[float, float, float, float]

VOID = {"img", "br"}
CLOSED_BY = {
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tr": {"td", "th", "tr"},
    "thead": {"td", "th", "tr", "tbody"},
    "tbody": {"td", "th", "tr", "thead", "tbody"},
}
"""Which open elements a start tag ends."""


@dataclass(eq=False)
class Element:
    """An element with its children, elements and texts in their order."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def path(self) -> list[Element]:
        """The element and what it stands in, outermost first."""
        return [*(self.parent.path if self.parent else ()), self]

    @property
    def text(self) -> str:
        """All text inside, also what is folded away."""
        return "".join(
            child if isinstance(child, str) else child.text
            for child in self.children
            if isinstance(child, str) or child.tag != "style"
        )

    def all(self, *tags: str) -> Iterator[Element]:
        """Yields the elements inside, of these tags or any."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def words(self) -> Iterator[tuple[str, Element]]:
        """Yields each piece of text that can be seen, and the element it stands in."""
        for element in (self, *self.all()):
            for child in element.children:
                if isinstance(child, str) and child.strip() and element.tag != "style":
                    yield child.strip(), element

    def rows(self) -> list[list[Element]]:
        """Returns the cells of a table, row by row, those of tables inside left out."""
        own = [row for row in self.all("tr") if next(e for e in reversed(row.path) if e.tag == "table") is self]
        return [[cell for cell in row.children if isinstance(cell, Element)] for row in own]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.open = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open.tag in CLOSED_BY.get(tag, ()):
            self._close()
        made = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.children.append(made)
        if tag not in VOID:
            self.open = made

    def handle_endtag(self, tag: str) -> None:
        while self.open.tag in CLOSED_BY and self.open.tag != tag:
            self._close()
        assert self.open.tag == tag, f"</{tag}> closes <{self.open.tag}>"
        self._close()

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)

    def _close(self) -> None:
        assert self.open.parent is not None
        self.open = self.open.parent


def parse(html: str) -> Element:
    """Returns the root above the elements of a piece of HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open is reader.root, f"<{reader.open.tag}> is left open"
    return reader.root


def declarations(style: str) -> dict[str, str]:
    """Returns the declarations of a style by property."""
    pairs = (part.split(":", 1) for part in style.split(";") if part.strip())
    return {name.strip(): value.removesuffix("!important").strip() for name, value in pairs}


class Styles:
    """The styles of a card's elements.

    Args:
        root: The card.
        extra: Whether the ``<style>`` in it counts, as in a trusted notebook.
    """

    def __init__(self, root: Element, *, extra: bool) -> None:
        self._rules: list[tuple[str, dict[str, str]]] = []
        for sheet in root.all("style") if extra else ():
            for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", "".join(map(str, sheet.children))):
                for selector in selectors.split(","):
                    words = re.fullmatch(r"\.tfnp(?: (\w+))?(:hover)?", selector.strip())
                    assert words, f"{selector} is more than these tests read"
                    if not words[2]:
                        self._rules.append((words[1] or "div.tfnp", declarations(body)))

    def of(self, element: Element) -> dict[str, str]:
        """Returns what is set on an element itself."""
        own: dict[str, str] = {}
        for tag, rule in self._rules:
            if tag in {element.tag, f"{element.tag}.{element.attributes.get('class')}"}:
                own |= rule
        return own | declarations(element.attributes.get("style", ""))

    def opacity(self, element: Element) -> float:
        """Returns what the opacities of an element and of all around it come to."""
        strength = 1.0
        for node in element.path:
            strength *= float(self.of(node).get("opacity", 1))
        return strength

    def color(self, element: Element) -> RGBA | None:
        """Returns the colour of an element's text, ``None`` where it is the host's."""
        for node in reversed(element.path):
            value = self.of(node).get("color", "inherit")
            if value != "inherit":
                return rgba(value)
        return None

    def grounds(self, element: Element, paper: RGB) -> list[RGB]:
        """Returns the colours behind an element's text: one, or where there is a gradient one for each of its ends."""
        strength, papers = 1.0, [paper]
        for node in element.path:
            style = self.of(node)
            strength *= float(style.get("opacity", 1))
            for name in ("background", "background-color"):
                if style.get(name, "none") != "none":
                    paints = paints_of(style[name])
                    papers = [over(paint[:3], paint[3] * strength, below) for below in papers for paint in paints]
        return papers


def paints_of(ground: str) -> list[RGBA]:
    """Returns the colours of a background: one, or those of a gradient."""
    gradient = re.fullmatch(r"linear-gradient\((.*)\)", ground)
    if not gradient:
        return [rgba(ground)]
    return [rgba(stop.split()[0]) for stop in gradient[1].split(",") if "#" in stop]


def rgba(color: str) -> RGBA:
    """Returns red, green, blue (0 … 255) and alpha (0 … 1) of ``#rrggbb`` or ``#rrggbbaa``."""
    assert re.fullmatch(r"#[0-9a-f]{6}([0-9a-f]{2})?", color), f"{color} is no colour that these tests read"
    red, green, blue, *alpha = bytes.fromhex(color[1:])
    return red, green, blue, alpha[0] / 255 if alpha else 1.0


def over(ink: RGB, alpha: float, ground: RGB) -> RGB:
    """Returns the colour of ink laid over a ground."""
    red, green, blue = (top * alpha + below * (1 - alpha) for top, below in zip(ink, ground, strict=True))
    return red, green, blue


def luminance(color: RGB) -> float:
    """Returns the relative luminance of WCAG 2, 0 … 1."""
    parts = [value / 255 for value in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: RGB, two: RGB) -> float:
    """Returns the contrast of WCAG 2, 1 … 21.

    Example:
        >>> contrast((0, 0, 0), (255, 255, 255))
        21.0
    """
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def is_grey(color: RGB) -> bool:
    """Returns whether a colour has no hue: what frames and writes, and does not tell."""
    return max(color) - min(color) <= 12
