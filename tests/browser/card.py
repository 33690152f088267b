"""What a browser makes of a card: its words, its pictures, and whether they can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

_WORDS = """card => {
    const texts = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    const words = [];
    while (texts.nextNode()) {
        if (!texts.currentNode.parentElement.matches('style, script')) words.push(texts.currentNode.data);
    }
    return words.join(' ').replace(/\\s+/g, ' ').trim();
}"""

_PICTURES = """async card => {
    const images = Array.from(card.querySelectorAll('img'));
    await Promise.all(images.map(image => image.decode().catch(() => undefined)));
    return images.map(image => ({width: image.naturalWidth, alt: image.alt}));
}"""

# Each ancestor's ground is laid over the one before, weakened by the opacity of all groups around it.
_INK = """card => {
    const rgba = text => {
        const parts = text.match(/[\\d.]+/g).map(Number);
        return text.startsWith('color(srgb') ? [...parts.slice(0, 3).map(part => part * 255), parts[3] ?? 1]
                                             : [...parts.slice(0, 3), parts[3] ?? 1];
    };
    const over = (top, alpha, ground) => ground.map((value, index) => top[index] * alpha + value * (1 - alpha));
    const luminance = color => {
        const [red, green, blue] = color.map(value => value / 255).map(
            value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    card.querySelectorAll('details').forEach(fold => { fold.open = true; });
    const found = [];
    for (const element of [card, ...card.querySelectorAll('*')]) {
        const words = Array.from(element.childNodes).filter(node => node.nodeType === Node.TEXT_NODE)
            .map(node => node.data.trim()).join('');
        if (!words || element.matches('style, script') || !element.checkVisibility()) continue;
        const chain = [];
        for (let node = element; node; node = node.parentElement) chain.unshift(node);
        let ground = [255, 255, 255], strength = 1;
        for (const node of chain) {
            const style = getComputedStyle(node);
            strength *= Number(style.opacity);
            const paint = rgba(style.backgroundColor);
            ground = over(paint, paint[3] * strength, ground);
        }
        const ink = rgba(getComputedStyle(element).color);
        const inherited = !chain.slice(chain.indexOf(card)).some(node => node.style.color);
        const [high, low] = [luminance(over(ink, ink[3] * strength, ground)), luminance(ground)].sort((a, b) => b - a);
        found.push({words, inherited, contrast: (high + 0.05) / (low + 0.05)});
    }
    return found;
}"""

_EXTENT = """card => {
    const boxes = Array.from(card.querySelectorAll('img, td, th')).map(node => node.getBoundingClientRect());
    const texts = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
        range.selectNodeContents(texts.currentNode);
        if (texts.currentNode.data.trim()) boxes.push(...range.getClientRects());
    }
    const {left, top, bottom} = card.getBoundingClientRect();
    return {left, top, bottom, right: Math.max(left, ...boxes.map(box => box.right))};
}"""


@dataclass(frozen=True)
class Picture:
    """An image of a card: its own width in pixels, 0 if it did not load, and its alt text."""

    width: int
    alt: str


@dataclass(frozen=True)
class Ink:
    """A piece of text: whether it has the host's colour, none of its own, and its contrast with what lies behind it."""

    words: str
    inherited: bool
    contrast: float


def words_of(card: Locator) -> str:
    """Returns all text of a card, also what is folded away, with white space evened out."""
    return card.evaluate(_WORDS)


def pictures_of(card: Locator) -> list[Picture]:
    """Returns the images of a card, each after it was decoded or failed to be."""
    return [Picture(**picture) for picture in card.evaluate(_PICTURES)]


def photograph(card: Locator, path: Path, margin: int = 12) -> None:
    """Writes a picture of a card, cut to what is drawn, with ``margin`` CSS pixels of the host's paper around it."""
    before = card.evaluate(
        "(card, margin) => { const old = card.style.margin; card.style.margin = margin; return old; }", f"{margin}px"
    )
    card.evaluate("card => card.scrollIntoView({block: 'center'})")
    extent = card.evaluate(_EXTENT)
    corner = {"x": extent["left"] - margin, "y": extent["top"] - margin}
    size = {"width": extent["right"] + margin - corner["x"], "height": extent["bottom"] + margin - corner["y"]}
    card.page.screenshot(path=path, clip=corner | size)
    card.evaluate("(card, margin) => { card.style.margin = margin; }", before)


def ink_of(card: Locator) -> list[Ink]:
    """Opens every fold of a card and returns each piece of text with its contrast (WCAG 2, from 1 to 21)."""
    return [Ink(**ink) for ink in card.evaluate(_INK)]


def hard_to_read(card: Locator) -> list[Ink]:
    """Returns the text below 4.5:1, or 3:1 where it has a colour of its own."""
    return [ink for ink in ink_of(card) if ink.contrast < (4.5 if ink.inherited else 3.0)]
