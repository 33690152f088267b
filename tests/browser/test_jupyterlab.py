"""The main job as its reader sees it: a notebook runs in JupyterLab 4, and its values show as cards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .card import hard_to_read, ink_of, photograph, pictures_of, words_of
from .lab import untrusted_copy

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "zip_code.ipynb"

HOSTILE = "<img src=x onerror=window.hostileRan=1>"

VALUES = [
    "%load_ext tfnp_ext\nimport tensorflow as tf\nfrom IPython.display import HTML\nhostile = " + repr(HOSTILE),
    "tf.constant([hostile, 'plain'])",
    "{hostile: tf.constant([1.0, 2.0])}",
    "%tonumpy tf.constant([0.1, 0.7, 0.2]) --labels [hostile,'b','c']",
    "%tonumpy tf.nn.softmax(tf.range(30.0)) --labels [hostile]*30",
    "HTML(hostile.replace('hostileRan', 'controlRan'))",
    "tf.Variable(tf.random.stateless_normal([3, 3, 8, 16], [1, 2]), name='block_3_of_the_encoder/depthwise_kernel')",
]

WITH_HOSTILE_TEXT = VALUES[1:5]


@pytest.fixture(scope="module")
def zip_code(lab, open_notebook):
    """The notebook of the README, opened and run; then saved, as its reader would."""
    notebook = open_notebook(lab.add(NOTEBOOK))
    notebook.run_all()
    notebook.save()
    return notebook


@pytest.fixture(scope="module")
def values(lab, open_notebook):
    """A notebook of single values, run."""
    notebook = open_notebook(lab.write("values.ipynb", VALUES))
    notebook.run_all()
    return notebook


@pytest.fixture(scope="module")
def untrusted(lab, zip_code, open_notebook):
    """The executed notebook with its outputs, as it comes from someone else."""
    mark = "<script>window.markRan = 1</script><img src=x onerror=window.markRan=1><b class=mark>the mark</b>"
    untrusted_copy(lab.root / zip_code.name, lab.root / "untrusted.ipynb", mark)
    return open_notebook("untrusted.ipynb")


def card_below(notebook, last_line: str):
    """Returns the card of the cell of ``zip_code`` that ends with this line."""
    return notebook.output(notebook.cell_ending_with(last_line)).locator(".tfnp").first


def top_digits(notebook, last_line: str) -> list[int]:
    """Returns the likeliest class of each row that the cell showed, asked of its kernel."""
    number = notebook.content["cells"][notebook.cell_ending_with(last_line)]["execution_count"]
    return notebook.evaluate_in_kernel(f"__import__('numpy').argmax(Out[{number}], axis=-1).reshape(-1).tolist()")


def card_of(notebook, cell: str):
    """Returns the card below a cell of ``VALUES``."""
    return notebook.output(VALUES.index(cell)).locator(".tfnp").first


def test_zip_code_runs_without_an_error(zip_code):
    assert zip_code.errors == []
    code = [cell for cell in zip_code.content["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_prediction_shows_itself_as_a_picture(zip_code, theme, artifacts):
    zip_code.set_theme(theme)
    card = card_below(zip_code, "preds[0]")
    photograph(card, artifacts / f"preds-{theme}.png")
    (picture,) = pictures_of(card)
    assert picture.width > 0
    (top,) = top_digits(zip_code, "preds[0]")
    assert re.search(rf"\b{top}: \d", picture.alt), f"{top} is the top digit, and the alt text is {picture.alt!r}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_batch_of_predictions_names_the_digit_of_each(zip_code, theme, artifacts):
    zip_code.set_theme(theme)
    card = card_below(zip_code, "preds")
    photograph(card, artifacts / f"preds-batch-{theme}.png")
    told = " ".join([words_of(card), *(picture.alt for picture in pictures_of(card))])
    digits = top_digits(zip_code, "preds")
    assert len(digits) == 5
    for digit in digits:
        assert re.search(rf"\b{digit} (at )?>?\d+(\.\d+)? %", told), f"{digit} is not named in {told!r}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_loads_and_says_what_it_shows(zip_code, theme, artifacts):
    zip_code.set_theme(theme)
    cards = zip_code.page.locator(".jp-Notebook .tfnp").all()
    assert len(cards) > 1
    for number, card in enumerate(cards):
        photograph(card, artifacts / f"zip-code-{number:02}-{theme}.png")
        for picture in pictures_of(card):
            assert picture.width > 0, words_of(card)
            assert picture.alt not in ("", "Image"), "JupyterLab says `Image` where there is no alt text"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_stays_readable_when_the_theme_changes(zip_code, theme):
    zip_code.set_theme(theme)
    for card in zip_code.page.locator(".jp-Notebook .tfnp").all():
        assert ink_of(card)
        assert hard_to_read(card) == []


@pytest.mark.parametrize("last_line", ["preds[0]", "preds"])
def test_an_untrusted_notebook_shows_the_same_card(zip_code, untrusted, last_line, artifacts):
    assert zip_code.trusted
    assert not untrusted.trusted
    card = card_below(untrusted, last_line)
    photograph(card, artifacts / f"untrusted-{untrusted.cell_ending_with(last_line):02}.png")
    assert words_of(card) == words_of(card_below(zip_code, last_line))
    assert pictures_of(card) == pictures_of(card_below(zip_code, last_line))
    assert all(picture.width > 0 for picture in pictures_of(card))
    assert hard_to_read(card) == []


def test_an_untrusted_notebook_runs_no_script(untrusted):
    assert untrusted.page.locator(".mark").inner_text() == "the mark"
    assert untrusted.page.evaluate("() => window.markRan") is None
    assert untrusted.page.locator(".tfnp script").count() == 0


def test_a_card_needs_no_script(zip_code):
    assert "<script" not in zip_code.page.locator(".jp-Notebook .tfnp").first.evaluate("card => card.outerHTML")
    acts = "card => [card, ...card.querySelectorAll('*')].flatMap(node => node.getAttributeNames())"
    for card in zip_code.page.locator(".jp-Notebook .tfnp").all():
        assert not [name for name in card.evaluate(acts) if name.startswith("on")]


@pytest.mark.parametrize("cell", WITH_HOSTILE_TEXT)
def test_markup_from_data_and_labels_stays_text(values, cell):
    assert values.errors == []
    assert "onerror" in words_of(card_of(values, cell)) or "onerror" in " ".join(
        picture.alt for picture in pictures_of(card_of(values, cell))
    )
    assert card_of(values, cell).locator("img[src='x']").count() == 0
    assert values.page.evaluate("() => window.hostileRan") is None


def test_markup_that_is_not_escaped_would_have_run(values):
    """The proof that the test above could fail: the same markup as HTML does run in this notebook."""
    values.page.wait_for_function("() => window.controlRan === 1", timeout=30_000)
    assert values.page.evaluate("() => window.controlRan") == 1


@pytest.mark.parametrize("cell", [VALUES[1], VALUES[3], VALUES[6]])
def test_a_headline_fits_a_narrow_window(values, cell, artifacts):
    values.page.set_viewport_size({"width": 400, "height": 800})
    card = card_of(values, cell)
    photograph(card, artifacts / f"narrow-{VALUES.index(cell)}.png")
    right_ends = card.locator("> :first-child").evaluate(
        """headline => [headline, ...headline.querySelectorAll('*')].map(
            node => node.getBoundingClientRect().right)"""
    )
    room = values.output(VALUES.index(cell)).bounding_box()
    assert max(right_ends) <= room["x"] + room["width"] + 0.5
