"""Cards can be read on white and on dark paper: contrast by WCAG 2, of the HTML and the pictures really emitted.

The limits are the design's: 4.5:1 for text in the host's colour, 3:1 for coloured text, for marks and for what
pictures hold. Frames, rules and ticks are grey and tell nothing; a heat map's inks are the amounts themselves, so of
them the strongest is measured.
"""

from __future__ import annotations

import base64
import colorsys
import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from card_samples import SAMPLES, card_of
from markup import RGB, RGBA, Element, Styles, contrast, is_grey, over, paints_of, parse

WHITE, DARK = (255, 255, 255), (17, 17, 17)
HOSTS: dict[str, tuple[RGB, RGBA]] = {"on white": (WHITE, (0, 0, 0, 0.87)), "on #111": (DARK, (255, 255, 255, 1))}
"""Paper, and the ink that JupyterLab writes with on it."""

INHERITED, COLOURED = 4.5, 3.0

TILE = re.compile(r"(\[\d+\] )?(grey|RGB|RGBA|mask) \d+ × \d+")
"""The alternative text of an image of the user's."""

PIXELS = 24
"""Device pixels of one colour from which on it counts as seen: fewer are what smoothing left between two others."""


@pytest.fixture(autouse=True)
def tensorflow(tf):
    """The samples are TensorFlow's values."""


def weak_text(root: Element, extra: bool) -> Iterator[str]:
    """Yields each text of a card that is below its limit, and where."""
    styles = Styles(root, extra=extra)
    for words, element in root.words():
        own, strength = styles.color(element), styles.opacity(element)
        for host, (paper, ink) in HOSTS.items():
            color = own or ink
            found = min(
                contrast(over(color[:3], color[3] * strength, ground), ground)
                for ground in styles.grounds(element, paper)
            )
            if found < (COLOURED if own else INHERITED):
                yield f"{words!r} in <{element.tag}> {host}: {found:.2f}"


def weak_marks(root: Element) -> Iterator[str]:
    """Yields each coloured box without text, and each coloured border, that is below 3:1."""
    styles = Styles(root, extra=True)
    for element in root.all():
        style = styles.of(element)
        colors = [value.split()[-1] for name, value in style.items() if name.startswith("border") and "#" in value]
        if "#" in style.get("background", "") and not element.text.strip():
            colors.append(style["background"])
        for color in (paint for value in colors for paint in paints_of(value)):
            for host, (paper, _) in HOSTS.items():
                for ground in styles.grounds(element.parent, paper):
                    found = contrast(over(color[:3], color[3] * styles.opacity(element), ground), ground)
                    if found < COLOURED and not is_grey(color[:3]):
                        yield f"{color} of <{element.tag}> {host}: {found:.2f}"


def pictures(root: Element) -> Iterator[tuple[str, np.ndarray]]:
    """Yields alt text and RGBA pixels [H, W, 4] of a card's pictures but for images, which are the user's own."""
    from PIL import Image

    for image in root.all("img"):
        alt = image.attributes["alt"]
        if not TILE.fullmatch(alt):
            data = base64.b64decode(image.attributes["src"].partition(",")[2])
            yield alt, np.asarray(Image.open(BytesIO(data)).convert("RGBA"))


def areas(pixels: np.ndarray) -> Counter:
    """Counts the pixels of each colour whose neighbours are all of that colour: areas, without edges and letters."""
    whole = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
    middle = whole[1:-1, 1:-1]
    same = pixels[1:-1, 1:-1, 3] > 0
    for down, right in np.ndindex(3, 3):
        same &= whole[down : down + middle.shape[0], right : right + middle.shape[1]] == middle
    return Counter(map(tuple, pixels[1:-1, 1:-1][same].tolist()))


def hue(color: RGBA) -> str:
    """Returns the hue of a colour in a word, ``grey`` for none."""
    if is_grey(color[:3]):
        return "grey"
    turn = colorsys.rgb_to_hsv(*(part / 255 for part in color[:3]))[0]
    return next((name for end, name in ((0.17, "orange"), (0.72, "blue"), (0.96, "magenta")) if turn < end), "orange")


def strongest_inks(pixels: np.ndarray) -> dict[str, RGBA]:
    """Returns by hue the colour that covers most, often enough to be seen: the core of letters, lines and signs."""
    found: dict[str, RGBA] = {}
    colors, counts = np.unique(np.ascontiguousarray(pixels).view(np.uint32), return_counts=True)
    for color, count in zip(map(tuple, colors.view(np.uint8).reshape(-1, 4).tolist()), counts, strict=True):
        if min(color[:3]) > 250:  # counts on full ink, which tests/test_confusion.py measures on their cells
            continue
        if count >= PIXELS and color[3] > found.get(hue(color), (0, 0, 0, 0))[3]:
            found[hue(color)] = color
    return found


def weakest(color: RGBA) -> float:
    """Returns the contrast of a colour of a picture on the paper that suits it less."""
    return min(contrast(over(color[:3], color[3] / 255, paper), paper) for paper, _ in HOSTS.values())


@pytest.mark.parametrize("extra", [True, False], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("name", SAMPLES)
def test_text_can_be_read(name, extra):
    assert list(weak_text(card_of(name), extra)) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_boxes_and_borders_can_be_seen(name):
    assert list(weak_marks(card_of(name))) == []


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in {"one image", "images"}])
def test_marks_in_pictures_can_be_seen(name):
    """Bars, bins and bands; of a heat map the strongest inks, in the test below."""
    for alt, pixels in pictures(card_of(name)):
        seen = {color: weakest(color) for color, count in areas(pixels).items() if count >= PIXELS}
        if not alt.startswith(("Heat map", "Confusion matrix")):
            faint = {
                color: round(found, 2) for color, found in seen.items() if found < COLOURED and hue(color) != "grey"
            }
            assert faint == {}, alt


@pytest.mark.parametrize("name", SAMPLES)
def test_text_lines_and_signs_in_pictures_can_be_read(name):
    for alt, pixels in pictures(card_of(name)):
        inks = strongest_inks(pixels)
        assert inks, alt
        if alt.startswith("histogram"):  # as small as a word: it has no text, its grey is the tick at zero
            inks.pop("grey", None)
        else:
            assert "grey" in inks, f"no text in {alt!r}"
        assert {name: color for name, color in inks.items() if weakest(color) < COLOURED} == {}, alt


def test_the_samples_hold_all_that_is_measured():
    """Else a sample that lost its picture, its colours or its ground would make the tests above prove nothing."""
    grounds, colors, marks, hues = set(), set(), set(), set()
    for name in SAMPLES:
        styles = Styles(card_of(name), extra=True)
        for words, element in card_of(name).words():
            colors.add(styles.color(element))
            grounds |= {ground for ground in styles.grounds(element, WHITE) if ground != WHITE and words}
        for element in card_of(name).all("div"):
            marks |= {styles.of(element).get("background")} if not element.text else set()
        for _, pixels in pictures(card_of(name)):
            hues |= set(strongest_inks(pixels))
    assert len(grounds) > 40
    assert len(colors) >= 3, "the host's own, not valid, and unsure"
    assert len(marks - {None}) >= 2
    assert hues == {"grey", "blue", "orange", "magenta"}
    kinds = {alt.split()[0] for name in SAMPLES for alt, _ in pictures(card_of(name))}
    assert {"Bar", "Column", "Heat", "Line", "Histogram", "histogram"} <= kinds


class TestTheMeasure:
    def test_contrast_as_the_standard_has_it(self):
        assert contrast((0, 0, 0), WHITE) == 21
        assert contrast((118, 118, 118), WHITE) == pytest.approx(4.54, abs=0.01)
        assert contrast(DARK, DARK) == 1

    @pytest.mark.parametrize(
        ("html", "weak"),
        [
            ("<b style='color:#3a7dc0'>x</b>", False),
            ("<b style='color:#9ec5ea'>x</b>", True),
            ("<span style='opacity:.66'>x</span>", False),
            ("<span style='opacity:.66'><i style='opacity:.66'>x</i></span>", True),
            ("<table><td style=background:#3a7dc0b8>x</table>", False),
            ("<table><td style=background:#3a7dc0b8><i style='opacity:.66'>x</i></table>", True),
            ("<div class=tfnp><style>.tfnp th{opacity:.3}</style><table><th>x</table></div>", True),
            ("<div class=tfnp><style>.tfnp th:hover{opacity:.3}</style><table><th>x</table></div>", False),
        ],
    )
    def test_what_is_weak(self, html, weak):
        assert bool(list(weak_text(parse(html), extra=True))) is weak

    def test_marks_that_are_weak(self):
        assert list(weak_marks(parse("<p style='height:9px;background:#3a7dc040'></p>")))
        assert not list(weak_marks(parse("<p style='height:9px;background:#3a7dc0'></p>")))
        assert not list(weak_marks(parse("<p style='border-top:1px solid #76767680'></p>")))
