"""The option ``precision`` reaches each line of numbers: what it says are NumPy's numbers with so many digits."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from tfnp_ext import TensorDisplay, wording
from tfnp_ext.display import mimebundle

RANDOM = np.random.default_rng(0)


def softmax(logits: np.ndarray) -> np.ndarray:
    shares: np.ndarray = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return shares


SHARES = softmax(RANDOM.normal(0, 2, 12))
LOGITS = RANDOM.normal(0, 4, 12)
VALUES = RANDOM.normal(0, 3, (40, 30))
ATTENTION = softmax(RANDOM.normal(0, 2, (3, 8, 8)))
KERNEL = RANDOM.normal(0, 0.3, (3, 3, 4, 8))
WAVES = RANDOM.normal(0, 1, 200) + 1j * RANDOM.normal(0, 1, 200)
COLOURS = RANDOM.random((9, 9, 3))
TABLE = RANDOM.normal(0, 1, (30, 9)) @ RANDOM.normal(0, 1, (9, 9))
CORRELATIONS = np.corrcoef(TABLE.T)
OFF = CORRELATIONS[~np.eye(9, dtype=bool)]
EMBEDDINGS = RANDOM.normal(0, 1, (200, 32))
NORMS = np.sqrt((KERNEL**2).sum(axis=(0, 1, 2)))
LENGTHS = np.linalg.norm(EMBEDDINGS, axis=1)


def _bits(shares: np.ndarray) -> float:
    return float(-(shares * np.log2(shares)).sum() / max(1, shares.size // shares.shape[-1]))


def _fixed(value: float) -> Callable[[int], str]:
    """Returns what writes a value with one decimal less than digits, as one of a few bits is."""
    return lambda digits: f"{value:.{digits - 1}f}"


def _digits(value: float) -> Callable[[int], str]:
    return lambda digits: wording.number(float(value), digits)


TOLD = {
    "probabilities": (SHARES, {}, [("entropy", _fixed(_bits(SHARES))), ("of", _fixed(np.log2(12))),
                                   ("sum", lambda digits: f"{1:.{digits}f}")]),
    "logits": (LOGITS, {"plot": "bar", "labels": list("abcdefghijkl")},
               [("margin", _digits(np.diff(np.sort(LOGITS))[-1])), ("range", _digits(LOGITS.min()))]),
    "matrix": (VALUES, {}, [("mean", _digits(VALUES.mean())), ("std", _digits(VALUES.std())),
                            ("min", _digits(VALUES.min()))]),
    "attention": (ATTENTION, {}, [("entropy mean", _fixed(_bits(ATTENTION))), ("of", _fixed(3))]),
    "correlation": (CORRELATIONS, {}, [("strongest", _digits(OFF[np.abs(OFF).argmax()])),
                                       ("mean |r|", _digits(np.abs(OFF).mean()))]),
    "embeddings": ("embeddings", {}, [("row norm", _digits(LENGTHS.min())), ("…", _digits(LENGTHS.max()))]),
    "kernel": ("kernel", {}, [("filter norm", _digits(NORMS.min())), ("…", _digits(NORMS.max()))]),
    "complex": (WAVES, {}, [("|z|", _digits(np.abs(WAVES).min())), ("energy", _digits((np.abs(WAVES) ** 2).sum()))]),
    "colours": (COLOURS, {}, [(f"{name} mean", _digits(COLOURS[..., at].mean())) for at, name in enumerate("RGB")]),
}  # fmt: skip
"""A value or the name of a weight, options, and what stands behind which words of its line."""


@pytest.mark.parametrize("digits", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("name", TOLD)
def test_each_role_tells_its_numbers_with_so_many_digits(tf, name, digits):
    given, options, said = TOLD[name]
    weights = {"kernel": KERNEL, "embeddings": EMBEDDINGS}
    value = tf.Variable(weights[given], name=given) if isinstance(given, str) else tf.constant(given)
    text = mimebundle(value, TensorDisplay().options(precision=digits, **options))["text/plain"]
    line = " ".join(re.sub(r"[▁▂▃▄▅▆▇█]+", " ", text).split())
    for words, told in said:
        expected = f"{words} {told(digits)}"
        assert re.search(rf"(?<!\S){re.escape(expected)}(?![\d.])", line), (expected, line)


@pytest.mark.parametrize("digits", [1, 4, 8])
def test_a_training_is_told_with_so_many_digits(tf, digits):
    history = tf.keras.callbacks.History()
    losses, checked = RANDOM.random(6), RANDOM.random(6)
    history.history, history.epoch = {"loss": losses.tolist(), "val_loss": checked.tolist()}, list(range(6))
    text = mimebundle(history, TensorDisplay().options(precision=digits))["text/plain"]
    line = " ".join(text.split())
    assert f"loss {wording.number(losses[-1], digits)} validation {wording.number(checked[-1], digits)}" in line
    assert f"best {wording.number(checked.min(), digits)} at epoch {checked.argmin() + 1}" in line


def test_never_more_digits_than_the_dtype_carries(tf):
    for dtype, carried in ((tf.float16, 5), (tf.float32, 9), (tf.float64, 17)):
        value = tf.cast(tf.constant(SHARES), dtype)
        text = mimebundle(value, TensorDisplay().options(precision=17))["text/plain"]
        entropy, most = re.search(r"entropy ([\d.]+) of ([\d.]+) bits", " ".join(text.split())).groups()
        assert len(entropy) == len(most) == carried + 1
