"""Datasets as their users meet them in JupyterLab: the notebook of datasets, the bar, and the Stop button."""

from __future__ import annotations

from pathlib import Path

import pytest

from .card import hard_to_read, photograph, words_of

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "datasets.ipynb"

SLOW = """\
%load_ext tfnp_ext
import time
import tensorflow as tf
def wait(place):
    time.sleep(0.1)
    return place
def load(place):
    place = tf.ensure_shape(tf.py_function(wait, [place], tf.int64), ())
    return tf.fill((100, 100), tf.cast(place, tf.float32))
slow = tf.data.Dataset.range(600).map(load).batch(2)"""


@pytest.fixture(scope="module")
def datasets(lab, open_notebook):
    """The notebook, opened and run."""
    notebook = open_notebook(lab.add(NOTEBOOK))
    notebook.run_all()
    return notebook


def test_it_runs_without_an_error(datasets):
    assert datasets.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_card_is_readable(datasets, theme, artifacts):
    datasets.set_theme(theme)
    cards = datasets.page.locator(".jp-Notebook .tfnp").all()
    assert len(cards) >= 7
    for number, card in enumerate(cards):
        photograph(card, artifacts / f"datasets-{number:02}-{theme}.png")
        assert hard_to_read(card) == []


def test_a_dataset_says_what_is_in_it_and_the_first_batch_that_it_was_run(datasets):
    dataset, first = (
        words_of(datasets.output(datasets.cell_ending_with(last)).locator(".tfnp").first)
        for last in ("ds", "%tonumpy -n 1 ds")
    )
    assert "nothing drawn to show this" in dataset
    assert "(None, 8, 8, 1)" in dataset
    assert "the pipeline was run: 1 batch" in first
    assert "(64, 8, 8, 1)" in first


def test_a_bar_shows_how_far_it_is_and_stop_returns_what_came(lab, open_notebook, artifacts):
    cells = [SLOW, "part = %tonumpy slow --take 60", "%tonumpy slow", "1 + 1"]
    notebook = open_notebook(lab.write("slow.ipynb", cells))
    page = notebook.page
    page.evaluate(
        """async () => {
            await window.jupyterapp.shell.currentWidget.sessionContext.ready;
            window.cellsEnded = undefined;
            window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.cellsEnded = true });
        }"""
    )
    bar = notebook.output(1).get_by_text("batch/s")
    bar.wait_for(timeout=120_000)
    assert "/60" in bar.inner_text()
    photograph(notebook.output(1), artifacts / "datasets-bar.png")
    stopped = notebook.output(2).get_by_text("batch/s")
    stopped.wait_for(timeout=60_000)
    assert not notebook.output(1).get_by_text("batch/s").is_visible()
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    card = notebook.output(2).locator(".tfnp")
    card.wait_for(timeout=30_000)
    page.wait_for_function("() => window.cellsEnded")
    said = words_of(card.first)
    assert "came until then" in said
    assert "ndarray (" in said
    photograph(card.first, artifacts / "datasets-stopped.png")
    assert notebook.errors == []
    assert notebook.content["cells"][3]["outputs"][0]["data"]["text/plain"] == "2"  # the cells after it were run
    assert "application/vnd.jupyter.widget-view+json" not in str(notebook.content["cells"][1:3])
