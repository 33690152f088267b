"""The option ``top``, how many classes are drawn, and what is said of the others: once, and NumPy's numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tfnp_ext import TensorDisplay, wording
from tfnp_ext.display import mimebundle
from tfnp_ext.plots import PLOTS
from tfnp_ext.summary import summarize

RANDOM = np.random.default_rng(3)


def shares(examples: int, classes: int) -> np.ndarray:
    """Returns probabilities, some classes the top one more often than others."""
    logits = RANDOM.normal(0, 3, (examples, classes)) + np.linspace(3, 0, classes)
    found: np.ndarray = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return found


@pytest.mark.parametrize("top", [None, 1, 3, 12, 60, 1000])
@pytest.mark.parametrize("classes", [10, 40, 200])
def test_a_batch_draws_the_classes_predicted_most_often(tf, classes, top):
    values = shares(100, classes)
    options = TensorDisplay().options(top=top)
    summary = summarize(tf.constant(values))
    batch = PLOTS["heatmap"].prepare(summary, options)
    often = np.bincount(values.argmax(1), minlength=classes)
    most = 20 if top is None else min(top, 60)
    if classes <= most:
        assert batch.classes.tolist() == list(range(classes))
    else:
        count = min(most, np.count_nonzero(often))
        assert len(batch.classes) == count
        assert sorted(often[batch.classes]) == sorted(np.sort(often)[-count:])
        assert batch.classes.tolist() == sorted(batch.classes.tolist())
        ending = "predicted most often" if count < np.count_nonzero(often) else "predicted"
        assert batch.note().endswith(f"only the {count} of {classes} classes {ending}")
    np.testing.assert_array_equal(batch.often, often[batch.classes])
    html = mimebundle(tf.constant(values), options)["text/html"]
    height = int(re.search(r"<img width=\d+ height=(\d+) alt=\"Heat map", html)[1])
    assert height in {42 + 11 * len(batch.classes) + 4, 42 + 11 * len(batch.classes) + 15}


@pytest.mark.parametrize("classes", [9, 10, 11, 13, 16, 20])
@pytest.mark.parametrize("kind", ["labels", "one-hot", "logits", "probabilities"])
def test_bars_without_a_line_are_told_with_the_others(tf, kind, classes):
    """What has no line in a terminal and what has no bar is one sum."""
    labels = np.repeat(np.arange(classes), range(4, 4 + classes))
    value = {
        "labels": labels, "one-hot": np.eye(classes, dtype=np.float32)[labels],
        "logits": np.linspace(4, -3, classes), "probabilities": shares(1, classes)[0],
    }[kind]  # fmt: skip
    options = {"plot": "bar", "labels": list(map(str, range(classes)))} if kind == "logits" else {}
    lines = mimebundle(tf.constant(value), TensorDisplay().options(**options))["text/plain"].splitlines()
    assert len(lines) <= 12
    others = [line for line in lines if re.search(r"\bothers?\b|more$", line)]
    bars = [line for line in lines if re.match(r"[▸ ] +\d+  ", line)]
    assert len(others) == (len(bars) < classes)
    if others:
        assert re.search(r"\d+", others[0])[0] == str(classes - len(bars))
    if others and kind in {"labels", "one-hot"}:
        told = sorted(np.bincount(labels))[: classes - len(bars)]
        assert others[0].endswith(f", {wording.integer(sum(told))}")
    if others and kind == "probabilities":
        assert others[0].endswith(f" {wording.percent(float(np.sort(value)[: classes - len(bars)].sum()))}")
