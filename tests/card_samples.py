"""Values whose cards, together, hold everything that a card may be made of: one list for all tests of the look."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
from markup import Element, parse

from tfnp_ext import TensorDisplay
from tfnp_ext.display import compose
from tfnp_ext.formats import render_html

Pair = namedtuple("Pair", "weights bias")


@dataclasses.dataclass
class Step:
    loss: Any
    gradients: Any


def _normal(tf: Any, *shape: int) -> Any:
    return tf.random.stateless_normal(shape, (1, 2))


def _spoilt(tf: Any, *shape: int) -> Any:
    values = _normal(tf, *shape).numpy()
    values.flat[[1, 5, 7]] = np.nan, np.inf, -np.inf
    return tf.constant(values)


def _sparse(tf: Any, values: Any) -> Any:
    count = len(values)
    return tf.SparseTensor([[place, place * place % 800] for place in range(count)], values, (count, 800))


def _model(tf: Any) -> Any:
    return tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(16), tf.keras.layers.Dense(10)])


DIGIT = (0.0004, 0.001, 0.0002, 0.001, 0.616, 0.182, 0.001, 0.094, 0.004, 0.1004)
LABELS = ["a tabby cat", "it's", 'a "dog"', *(f"class number {index}" for index in range(3, 10))]

SAMPLES: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "scalar": (lambda tf: tf.constant(0.25), {}),
    "vector": (lambda tf: tf.constant([1, 2, 3]), {}),
    "vector with NaN": (lambda tf: tf.constant([1.5, float("nan"), -2.0, float("inf")]), {}),
    "booleans": (lambda tf: tf.constant([[True, False], [False, True]]), {}),
    "complex": (lambda tf: tf.constant([[1 + 2j, -0.5j], [3, 0.1]], tf.complex64), {}),
    "small matrix": (lambda tf: tf.constant([[1, 2], [3, 4]]), {}),
    "small floats on heat": (lambda tf: _normal(tf, 3, 5) * 3, {}),
    "small floats, not finite": (lambda tf: _spoilt(tf, 4, 5), {}),
    "slices side by side": (lambda tf: tf.reshape(tf.range(30), (3, 2, 5)), {}),
    "slices with indices": (lambda tf: tf.reshape(tf.range(54.0), (2, 3, 9)), {}),
    "four probabilities": (lambda tf: tf.constant([0.098, 0.652, 0.054, 0.196]), {}),
    "a digit": (lambda tf: tf.constant(DIGIT), {}),
    "a digit, no picture": (lambda tf: tf.constant(DIGIT), {"plots": False}),
    "a digit, labelled": (lambda tf: tf.constant(DIGIT), {"labels": LABELS}),
    "many classes": (lambda tf: tf.nn.softmax(_normal(tf, 300) * 4), {}),
    "logits": (lambda tf: _normal(tf, 12) * 4, {"plot": "bar"}),
    "a few vectors of probabilities": (lambda tf: tf.nn.softmax(_normal(tf, 4, 5)), {}),
    "a batch of probabilities": (lambda tf: tf.nn.softmax(_normal(tf, 32, 10) * 2), {}),
    "a batch, no picture": (lambda tf: tf.nn.softmax(_normal(tf, 32, 10) * 2), {"plots": False}),
    "a batch of many": (lambda tf: tf.nn.softmax(_normal(tf, 150, 30) * 3), {}),
    "matrix": (lambda tf: _normal(tf, 30, 20), {}),
    "matrix, no picture": (lambda tf: _normal(tf, 30, 20), {"plots": False}),
    "matrix above zero": (lambda tf: tf.abs(_normal(tf, 30, 20)), {}),
    "matrix, not finite": (lambda tf: _spoilt(tf, 30, 20), {}),
    "series": (lambda tf: tf.sin(tf.range(400.0) / 20), {}),
    "series, not finite": (lambda tf: tf.constant([float("nan"), 1.0, 2.0, float("inf")] * 100), {}),
    "long series": (lambda tf: tf.cumsum(_normal(tf, 20_000)), {}),
    "integer labels": (lambda tf: tf.cast(tf.range(200) * 7 % 10, tf.int64), {}),
    "labels of many classes": (lambda tf: tf.range(900) ** 2 % 89, {}),
    "labels, named": (lambda tf: tf.cast(tf.range(200) * 7 % 10, tf.int64), {"labels": LABELS}),
    "predictions and truth": (lambda tf: tf.range(400) * 7 % 10, {"truth": np.arange(400) ** 2 * 7 % 10}),
    "predictions of many classes": (lambda tf: tf.range(900) % 60, {"truth": np.arange(900) * 13 % 60}),
    "attention": (lambda tf: tf.nn.softmax(_normal(tf, 24, 24)), {}),
    "heads of attention": (lambda tf: tf.nn.softmax(_normal(tf, 6, 24, 24)), {}),
    "correlation": (lambda tf: tf.constant(np.corrcoef(_normal(tf, 12, 40))), {}),
    "kernel": (lambda tf: _normal(tf, 3, 3, 8, 16), {}),
    "kernel, not finite": (lambda tf: tf.Variable(_spoilt(tf, 3, 3, 8, 16)), {}),
    "complex vector": (lambda tf: tf.signal.rfft(_normal(tf, 300)), {}),
    "complex vector, not finite": (lambda tf: tf.complex(_spoilt(tf, 300), _normal(tf, 300)), {}),
    "complex matrix": (lambda tf: tf.signal.stft(tf.sin(tf.range(4000.0) ** 1.5 / 40), 128, 64), {}),
    "complex matrix, not finite": (lambda tf: tf.complex(_spoilt(tf, 30, 20), _normal(tf, 30, 20)), {}),
    "histogram": (lambda tf: _normal(tf, 7, 6, 5, 4, 3), {}),
    "one image": (lambda tf: tf.cast(tf.random.stateless_uniform((28, 28, 3), (0, 1)) * 255, tf.uint8), {}),
    "images": (lambda tf: tf.random.stateless_uniform((16, 28, 28, 1), (0, 1)), {}),
    "strings": (lambda tf: tf.constant(["one", "two"]), {}),
    "dates": (lambda tf: np.arange(90).astype("M8[h]").reshape(9, 10), {}),
    "records": (lambda tf: np.zeros(20, [("a", "i4"), ("<b>", "S3"), ("c", "f4", (2,))]), {}),
    "objects": (lambda tf: np.array([1, None, "<b>", 0.1 + 0.2, {}, 10**30], object), {}),
    "many strings": (lambda tf: tf.constant([f"text {index}" for index in range(40)]), {}),
    "ragged": (lambda tf: tf.ragged.constant([[3, 1, 4], [], [1, 5]]), {}),
    "long ragged": (lambda tf: tf.ragged.constant([list(range(index % 9)) for index in range(40)]), {}),
    "sparse": (lambda tf: tf.sparse.SparseTensor([[0, 1], [2, 0], [2, 3]], [2.5, -1.0, 4.0], (3, 4)), {}),
    "large sparse": (lambda tf: _sparse(tf, tf.sin(tf.range(900.0))), {}),
    "large sparse, not finite": (lambda tf: _sparse(tf, _spoilt(tf, 900)), {}),
    "gradients": (lambda tf: tf.IndexedSlices(_normal(tf, 2, 3), tf.constant([4, 1]), tf.constant([9, 3])), {}),
    "variable": (lambda tf: tf.Variable(_normal(tf, 6, 9), name="encoder/kernel"), {}),
    "symbolic": (lambda tf: tf.keras.Input((28, 28)), {}),
    "dataset": (lambda tf: tf.data.Dataset.range(9).batch(3), {}),
    "array": (lambda tf: np.arange(200.0).reshape(20, 10), {}),
    "dict": (
        lambda tf: {
            "x": tf.constant([1.0, float("nan")]),
            "probabilities": tf.constant(DIGIT),
            "deep": {"kernel": _normal(tf, 30, 20), "of": [tf.constant([[1, 2], [3, 4]]), None, "a word"]},
        },
        {},
    ),
    "list of two hundred": (lambda tf: [_normal(tf, 3, 4) for _ in range(200)], {}),
    "namedtuple": (lambda tf: Pair(_normal(tf, 12, 12), tf.zeros(12)), {}),
    "dataclass": (lambda tf: Step(tf.constant(0.3), [_normal(tf, 9, 9), None]), {}),
    "model": (_model, {}),
}  # fmt: skip
"""Name to how the value is made, and the options of its card."""


@functools.cache
def card_of(name: str) -> Element:
    """Returns the card of a sample as a tree of its HTML, made once for all tests."""
    make, options = SAMPLES[name]
    return parse(render_html(compose(make(importlib.import_module("tensorflow")), TensorDisplay().options(**options))))
