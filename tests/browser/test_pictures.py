"""Every picture as its reader sees it: the notebook of pictures in JupyterLab, light and dark, trusted and not."""

from __future__ import annotations

from pathlib import Path

import pytest

from .card import hard_to_read, photograph, pictures_of, words_of
from .lab import untrusted_copy

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "pictures.ipynb"

EXPECTED = {
    "history": "Training curves of 8 epochs",
    "logits[0]": "logits around zero",
    "preds[:10]": "Heat map, one column per example",
    "%tonumpy preds --truth y_test": "right",
    'model.get_layer("strokes").kernel': "filters",
    "photos": "RGB 107 × 72",
    "row[:, 1]": "Line of 128 values",
}
"""What the pictures below some cells have to say of themselves, by the last line of the cell."""


@pytest.fixture(scope="module")
def pictures(lab, open_notebook):
    """The notebook, opened, run and saved."""
    notebook = open_notebook(lab.add(NOTEBOOK))
    notebook.run_all()
    notebook.save()
    return notebook


def test_it_runs_without_an_error(pictures):
    assert pictures.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_card_is_readable_and_every_picture_loads(pictures, theme, artifacts):
    pictures.set_theme(theme)
    cards = pictures.page.locator(".jp-Notebook .tfnp").all()
    assert len(cards) > 20
    for number, card in enumerate(cards):
        photograph(card, artifacts / f"pictures-{number:02}-{theme}.png")
        assert hard_to_read(card) == []
        for picture in pictures_of(card):
            assert picture.width > 0, words_of(card)
            assert picture.alt not in ("", "Image")


@pytest.mark.parametrize(("last_line", "said"), EXPECTED.items(), ids=list(EXPECTED))
def test_pictures_say_what_they_show(pictures, last_line, said):
    card = pictures.output(pictures.cell_ending_with(last_line)).locator(".tfnp").first
    assert any(said in picture.alt for picture in pictures_of(card)), [picture.alt for picture in pictures_of(card)]


def test_what_plot_drew_on_axes_of_pyplot_is_shown_once(pictures):
    assert pictures.output(pictures.cell_ending_with("figure.tight_layout()")).locator("img").count() == 1


def test_untrusted_it_shows_the_same_pictures(pictures, lab, open_notebook):
    untrusted_copy(lab.root / pictures.name, lab.root / "untrusted-pictures.ipynb", "")
    untrusted = open_notebook("untrusted-pictures.ipynb")
    assert not untrusted.trusted
    ours, theirs = (notebook.page.locator(".jp-Notebook .tfnp").all() for notebook in (pictures, untrusted))
    assert len(ours) == len(theirs)
    for trusted_card, card in zip(ours, theirs, strict=True):
        assert words_of(card) == words_of(trusted_card)
        assert pictures_of(card) == pictures_of(trusted_card)
