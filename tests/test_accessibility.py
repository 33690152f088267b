"""What a reader who hears a card, or has no mouse, finds in its HTML.

That folds open by keyboard is tested in a browser, ``tests/browser/test_hosts.py``.
"""

from __future__ import annotations

import base64
import re
import struct

import pytest
from card_samples import SAMPLES, card_of

EMPTY_WORDS = {"image", "picture", "plot", "chart", "figure", "graph", "histogram"}

LONGEST_BARE = 8
"""Up to so many rows or columns are counted at a glance and have no indices."""


@pytest.fixture(autouse=True)
def tensorflow(tf):
    """The samples are TensorFlow's values."""


@pytest.mark.parametrize("name", SAMPLES)
def test_every_picture_has_words(name):
    for image in card_of(name).all("img"):
        alt = image.attributes.get("alt", "")
        assert alt.strip(), "a picture without alt text"
        assert alt.strip().lower() not in EMPTY_WORDS
        assert re.search(r"\d", alt), f"{alt!r} says nothing of what is in the picture"
        assert "data:" not in alt


@pytest.mark.parametrize("name", SAMPLES)
def test_every_picture_has_the_proportions_of_its_pixels(name):
    """Else it is stretched, or the page jumps when it has loaded."""
    for image in card_of(name).all("img"):
        data = base64.b64decode(image.attributes["src"].partition(",")[2])
        if data.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", data[16:24])
            given = int(image.attributes["width"]) / int(image.attributes["height"])
            assert given == pytest.approx(width / height, rel=0.05)


@pytest.mark.parametrize("name", SAMPLES)
def test_indices_are_headers(name):
    for table in card_of(name).all("table"):
        rows = table.rows()
        data = [[cell for cell in row if cell.tag == "td"] for row in rows]
        widest = max(map(len, data))
        filled = [row for row, cells in zip(rows, data, strict=True) if cells]
        if widest > LONGEST_BARE and not all(row[0].tag == "th" for row in filled):
            assert any(len(row) >= widest and all(cell.tag == "th" for cell in row) for row in rows), table.text
        if len(filled) > LONGEST_BARE:
            assert all(row[0].tag == "th" and row[0].text.strip() for row in filled), table.text
        headed = {row[0].tag for row in filled}
        assert len(headed) == 1, f"some rows have a header, some not: {table.text}"


@pytest.mark.parametrize("name", SAMPLES)
def test_header_cells_stand_over_their_columns(name):
    for table in card_of(name).all("table"):
        widths = [sum(int(cell.attributes.get("colspan", 1)) for cell in row) for row in table.rows()]
        heads = [width for width, row in zip(widths, table.rows(), strict=True) if all(c.tag == "th" for c in row)]
        assert all(width == max(widths) for width in heads), widths


@pytest.mark.parametrize("name", ["slices side by side", "slices with indices", "kernel", "one image", "images"])
def test_a_slice_is_named_by_a_header(name):
    for table in card_of(name).all("table"):
        captions = [child for child in table.children if child.tag == "caption"]
        (caption,) = captions or table.rows()[0]
        assert captions or (caption.tag == "th" and not list(table.all("thead"))), (
            "a row above the head is drawn below it"
        )
        assert re.fullmatch(r"\[[\d:, ]+\]", caption.text.strip()), caption.text


@pytest.mark.parametrize("name", SAMPLES)
def test_every_fold_has_one_summary_that_says_what_is_in_it(name):
    for fold in card_of(name).all("details"):
        summaries = [child for child in fold.children if child.tag == "summary"]
        assert fold.children[:1] == summaries
        assert re.search(r"\w", summaries[0].text)
        assert "".join(child.text for child in fold.children[1:]).strip(), "nothing to unfold"
        assert not [node.tag for node in summaries[0].all("details", "summary", "table")]
    for summary in card_of(name).all("summary"):
        assert summary.parent.tag == "details"


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_takes_the_keyboard_but_folds(name):
    for element in card_of(name).all():
        assert not {"tabindex", "accesskey", "role", "aria-hidden", "contenteditable"} & set(element.attributes)
        assert element.tag not in {"a", "button", "input", "select", "textarea"}


@pytest.mark.parametrize("name", SAMPLES)
def test_colour_never_tells_alone(name):
    """A mark or a text in orange or magenta is a word, a number or a sign as well; a framed cell is bold."""
    for element in card_of(name).all():
        style = element.attributes.get("style", "")
        if re.search(r"(?<![-\w])color:", style):
            assert element.text.strip()
        if "border:1px solid" in style and element.tag == "td":
            assert [bold.text for bold in element.all("b")] == [element.text]


def test_the_samples_hold_all_that_is_asked_about():
    found = {
        tag: sum(1 for name in SAMPLES for _ in card_of(name).all(tag)) for tag in ("img", "table", "th", "details")
    }
    assert all(count > 20 for count in found.values()), found
