"""What a card says, word by word and tag by tag: text and HTML of each case against a file in ``golden/``.

A file that is missing is written, and the test fails, so that nobody takes an answer for granted that was not looked
at. After a change of what cards look like, ``TFNP_EXT_GOLDEN=write pytest tests/test_golden.py`` writes all of them
anew; ``git diff tests/golden`` is then what has changed. Pictures are left out: the bytes of a PNG depend on zlib.
"""

from __future__ import annotations

import os
import re
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfnp_ext.config import TensorDisplay
from tfnp_ext.display.cards import compose
from tfnp_ext.formats import FORMATS
from tfnp_ext.formats.text import MOST_LINES, wording_width

GOLDEN = Path(__file__).parent / "golden"
DATA = re.compile(r'src="data:(image/\w+);base64,[^"]*"')
Step = namedtuple("Step", "loss gradients")


def wave(*shape: int) -> np.ndarray:
    """Returns numbers that look random and are the same with every NumPy, in -1 … 1."""
    return np.sin(np.arange(np.prod(shape), dtype=np.float64) ** 2).reshape(shape).astype(np.float32)


def shares(*shape: int) -> np.ndarray:
    powers = np.exp(4 * wave(*shape).astype(np.float64))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def scenes(count: int, height: int, width: int) -> np.ndarray:
    """Returns smooth colour pictures that move from one to the next, bytes [count, height, width, 3]."""
    number, down, across = np.indices((count, height, width)).astype(np.float64)
    waves = (np.sin((across + 2 * number) / 9), np.cos(down / 7 + number / 5), np.sin((across + down) / 11))
    return np.stack([128 + 100 * channel for channel in waves], axis=-1).astype(np.uint8)


def tones(count: int, columns: int) -> np.ndarray:
    """Returns sines of different lengths side by side, float32 [count, columns]."""
    turns = np.linspace(0, 20, count)[:, None] / np.arange(1, columns + 1)
    return (np.sin(turns) * np.arange(1, columns + 1)).astype(np.float32)


def history(tf: Any, epochs: int, *names: str, lost: int | None = None) -> Any:
    """Returns what a training tells, a value each epoch that falls; NaN in the epoch that is lost."""
    made = tf.keras.callbacks.History()
    values = {name: [2.0 / (epoch + number + 1) for epoch in range(epochs)] for number, name in enumerate(names)}
    if lost is not None:
        values[names[0]][lost] = float("nan")
    made.history, made.epoch = values, list(range(epochs))
    return made


def with_invalid(*shape: int) -> np.ndarray:
    values = wave(*shape)
    values[1, 3], values[4], values[2, 2] = np.nan, np.nan, -np.inf
    return values


def assigned(tf: Any) -> Any:
    variable = tf.Variable([1.0, 2.0, 3.0], name="v")
    variable.assign([1.5, 2.5, 3.5])
    return variable


def weights(tf: Any) -> Any:
    layers = {"conv1": (3, 3, 1, 8), "conv2": (3, 3, 8, 16), "out": (64, 10)}
    return {name: {"kernel": tf.Variable(wave(*shape), name=f"{name}/kernel"), "bias": tf.zeros(shape[-1])}
            for name, shape in layers.items()}  # fmt: skip


def model(tf: Any) -> Any:
    layers = tf.keras.layers
    stack = [layers.Conv2D(8, 3, name="conv1"), layers.BatchNormalization(name="norm"), layers.Flatten()]
    made = tf.keras.Sequential([tf.keras.Input((6, 6, 1)), *stack, layers.Dense(10, use_bias=False, name="logits")])
    made.set_weights([wave(*weight.shape) for weight in made.weights])
    return made


def extension(tf: Any) -> Any:
    fields = {"__annotations__": {"values": tf.Tensor, "mask": tf.Tensor, "name": str}}
    kind = type("Masked", (tf.experimental.ExtensionType,), fields)
    return kind(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([True, False]), "m")


def tensor_array(tf: Any) -> Any:
    return tf.TensorArray(tf.float32, 2, element_shape=[3]).unstack(tf.ones((2, 3)))


def symbolic(tf: Any) -> Any:
    kept = []

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def leak(x):
        kept.append(x)
        return x

    leak.get_concrete_function()
    return kept[0]


def dataset(tf: Any) -> Any:
    return tf.data.Dataset.from_tensor_slices({"image": np.zeros((64, 28, 28)), "label": np.zeros(64, np.int32)})


def attended(*shape: int) -> np.ndarray:
    """Returns weights of causal attention."""
    powers = np.tril(np.exp(3 * wave(*shape).astype(np.float64)))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def classes(count: int, size: int) -> np.ndarray:
    """Returns labels that look random, some more often than others."""
    return np.minimum(np.abs(wave(size)) * count, count - 1).astype(np.int64)


def confused(size: int) -> np.ndarray:
    """Returns how often each of ten classes is taken for which, most of them right."""
    truth = classes(10, size)
    return np.histogram2d(truth, np.where(wave(size) > 0.8, truth // 2, truth), np.arange(11))[0].astype(np.int32)


CASES: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "scalar int": (lambda tf: tf.constant(7), {}),
    "scalar float": (lambda tf: tf.constant(0.1), {}),
    "scalar string": (lambda tf: tf.constant("naïve"), {}),
    "vector": (lambda tf: tf.constant([1, 2, 3]), {}),
    "matrix": (lambda tf: tf.constant([[1, 2], [3, 4]]), {}),
    "rank 3": (lambda tf: tf.reshape(tf.range(30), (3, 2, 5)), {}),
    "slice of rank 3": (lambda tf: tf.reshape(tf.range(30), (3, 2, 5))[:, 0, 1:3], {}),
    "reduction": (lambda tf: tf.reduce_mean(tf.reshape(tf.range(30.0), (3, 2, 5)), axis=0), {}),
    "rank 4": (lambda tf: tf.constant(wave(2, 2, 2, 2)), {}),
    "forty numbers": (lambda tf: tf.range(40.0) / 3, {}),
    "bool": (lambda tf: tf.constant([[True, False, True], [False, False, True]]), {}),
    "complex": (lambda tf: tf.constant([[1 + 2j, 0.123456789 - 1j], [0, 3.14159]]), {}),
    "bfloat16": (lambda tf: tf.cast([[0.1, 1.0, -2.5], [3.14159, 100, 0.001]], tf.bfloat16), {}),
    "widely ranging": (lambda tf: tf.constant([1e-7, 3.5, -12000.0, 0.0]), {}),
    "invalid vector": (lambda tf: tf.constant([1.0, np.nan, np.inf]), {}),
    "empty": (lambda tf: tf.zeros((0, 5)), {}),
    "strings": (lambda tf: tf.constant(["one", "two", "naïve"]), {}),
    "matrix of strings": (lambda tf: tf.constant([["a", "b"], ["cc", "<b>"]]), {}),
    "words": (lambda tf: tf.constant([f"word{place}" for place in range(20)]), {}),
    "slices of strings": (lambda tf: tf.constant([[["a", "b"], ["c", "d"]], [["e", "f"], ["g", "long"]]]), {}),
    "some not UTF-8": (lambda tf: tf.constant([b"caf\xe9", "  two  spaces  ", 'a\\n"\n↵']), {}),
    "sentence": (lambda tf: tf.constant(f"The quick brown fox jumps over the lazy dog{', and on' * 4}"), {}),
    "long string": (lambda tf: tf.constant("one sentence after another. " * 99), {}),
    "table of strings": (
        lambda tf: tf.constant(["naïve café", "line\nline\ttab", b"\xff\xfe", "", "x" * 100, *["w"] * 10]),
        {},
    ),
    "ragged": (lambda tf: tf.ragged.constant([[1.5, 2.0], [], [3.0, 4.0, 5.0]]), {}),
    "ragged of rank 3": (lambda tf: tf.ragged.constant([[[1, 2], [3]], [[4]]]), {}),
    "long ragged": (lambda tf: tf.RaggedTensor.from_row_lengths(tf.range(200), [50, 0, 100, 30, 20]), {}),
    "many ragged rows": (lambda tf: tf.ragged.constant([list(range(n * n % 13)) for n in range(60)]), {}),
    "dates": (lambda tf: np.datetime64("2020-01-01T06:00") + 6 * np.arange(200), {}),
    "few dates": (lambda tf: np.array([["2020-01-01", "NaT"], ["2021-02-03", "2022-03-04"]], "M8[D]"), {}),
    "records": (
        lambda tf: np.array([(n, n / 4, b"<b> %d" % n, n * 3600) for n in range(30)],
                            [("id", "i4"), ("<share>", "f4"), ("name", "S9"), ("after", "m8[s]")]), {},
    ),
    "objects": (lambda tf: np.array([0.1 + 0.2, None, "<b>", 1 / 3, {}, 10**20], object), {}),
    "ragged strings": (lambda tf: tf.ragged.constant([["a"] * (n % 5) for n in range(20)]), {}),
    "sparse": (lambda tf: tf.SparseTensor([[0, 1], [2, 0], [2, 3]], [2.5, -1.0, 4.0], [3, 4]), {}),
    "large sparse": (
        lambda tf: tf.SparseTensor([[i, i * 7 % 1000] for i in range(50)], wave(50), [1000, 1000]),
        {},
    ),
    "histogram of a sparse tensor": (
        lambda tf: tf.SparseTensor([[i, i * 7 % 1000] for i in range(50)], wave(50), [1000, 1000]),
        {"plot": "histogram"},
    ),
    "slices": (lambda tf: tf.IndexedSlices(tf.ones((2, 3)), tf.constant([4, 1]), tf.constant([5, 3])), {}),
    "variable": (lambda tf: tf.Variable([1.0, 2.0, 3.0], name="v"), {}),
    "variable after assign": (assigned, {}),
    "proto": (lambda tf: tf.make_tensor_proto([1.0, 2.0]), {}),
    "serialized tensor": (lambda tf: tf.io.serialize_tensor(tf.range(3)).numpy(), {}),
    "probabilities": (lambda tf: tf.constant(shares(10)), {}),
    "a few probabilities": (lambda tf: tf.constant(shares(10)[:4] / shares(10)[:4].sum()), {}),
    "probabilities without the picture": (lambda tf: tf.constant(shares(10)), {"plots": False}),
    "labelled probabilities": (
        lambda tf: tf.constant(shares(4)),
        {"labels": ["cat", "dog", 'a "quoted" <i>', "frog"]},
    ),
    "a few examples": (lambda tf: tf.constant(shares(3, 4)), {"labels": ["cat", "dog", "deer", "frog"]}),
    "batch of examples": (lambda tf: tf.constant(shares(32, 10)), {}),
    "logits": (lambda tf: tf.constant(np.where(np.arange(10) == 4, 9, wave(10) * 4 - 2), tf.float32), {}),
    "logits by labels": (lambda tf: tf.constant(wave(4) * 8), {"labels": ["cat", "dog", "cow", "emu"]}),
    "tied probabilities": (lambda tf: tf.nn.softmax([[1.0, 1, 1, 1], [2, 2, 0, 0]]), {}),
    "few one-hot": (lambda tf: tf.one_hot([2, 8, 9, 7, 2, 1], 10), {}),
    "shares by row": (lambda tf: tf.nn.softmax(wave(10, 10)), {}),
    "few heads": (lambda tf: tf.constant(attended(1, 2, 5, 5)), {}),
    "no order": (lambda tf: tf.constant(wave(300)[:, None]), {}),
    "scores": (lambda tf: tf.constant(np.abs(wave(12)) ** 4), {}),
    "labels": (lambda tf: tf.constant(classes(10, 256)), {}),
    "few labels": (lambda tf: tf.constant(classes(4, 40)), {}),
    "named labels": (lambda tf: tf.constant(classes(3, 100)), {"labels": ["cat", "a 'dog'", "<eel>"]}),
    "labels of many classes": (lambda tf: tf.constant(np.tile(np.arange(60), 5)[: 5 * 60 - 30]), {}),
    "one-hot": (lambda tf: tf.one_hot(classes(5, 100), 6), {}),
    "confusion": (lambda tf: tf.constant(confused(300)), {}),
    "predictions and truth": (lambda tf: tf.constant(shares(60, 4)),
                              {"truth": classes(4, 60), "labels": ["cat", "dog", "deer", "frog"]}),
    "attention": (lambda tf: tf.constant(attended(24, 24)), {}),
    "heads of attention": (lambda tf: tf.constant(attended(1, 4, 12, 12)), {}),
    "correlation": (lambda tf: tf.constant(np.corrcoef(wave(12, 200).astype(np.float64))), {}),
    "embedding": (lambda tf: tf.Variable(wave(50, 16), name="embedding"), {}),
    "images": (lambda tf: tf.constant(np.abs(wave(16, 8, 8))), {}),
    "photos": (lambda tf: tf.constant(scenes(3, 60, 80)), {}),
    "photo with channels first": (lambda tf: tf.constant(np.moveaxis(scenes(1, 60, 80)[0], -1, 0)), {}),
    "standardised photos": (lambda tf: tf.constant((scenes(2, 60, 80) / 255 - 0.5).astype(np.float32) * 4), {}),
    "mask": (lambda tf: tf.constant(scenes(1, 60, 80)[0, ..., 0] > 128), {}),
    "masks": (lambda tf: tf.constant(scenes(4, 24, 32)[..., 0] > 128), {}),
    "video": (lambda tf: tf.constant(scenes(60, 24, 32)[None]), {}),
    "spectrograms": (lambda tf: tf.constant(scenes(3, 60, 80)[..., 1:2] * np.float32(0.3)), {}),
    "all ones": (lambda tf: tf.ones((10, 10)), {}),
    "wide matrix": (lambda tf: tf.constant(wave(3, 20)), {}),
    "linspace": (lambda tf: tf.linspace(0.0, 1.0, 11), {}),
    "large matrix": (lambda tf: tf.constant(wave(100, 200)), {}),
    "matrix with NaN": (lambda tf: tf.constant(with_invalid(20, 12)), {}),
    "series": (lambda tf: tf.constant(np.sin(np.arange(300) / 12) + wave(300) / 4, tf.float32), {}),
    "kernel": (lambda tf: tf.Variable(wave(3, 3, 8, 16), name="conv/kernel"), {}),
    "large kernel": (lambda tf: tf.Variable(wave(3, 3, 96, 200), name="conv/kernel"), {}),
    "complex vector": (lambda tf: tf.complex(wave(100), wave(100)[::-1]), {}),
    "several series": (lambda tf: tf.constant(tones(300, 3)), {}),
    "several long series": (lambda tf: tf.constant(tones(30_000, 2)), {}),
    "history": (lambda tf: history(tf, 5, "loss", "val_loss", "accuracy", "val_accuracy"), {}),
    "history of one epoch": (lambda tf: history(tf, 1, "loss", "val_loss"), {}),
    "history of many metrics": (lambda tf: history(tf, 30, *(f"metric_{number}" for number in range(8))), {}),
    "history with NaN": (lambda tf: history(tf, 4, "loss", "val_mse", lost=2), {}),
    "history not begun": (lambda tf: tf.keras.callbacks.History(), {}),
    "large complex": (lambda tf: tf.complex(wave(20, 20), wave(20, 20)[::-1]), {}),
    "keras tensor": (lambda tf: tf.keras.Input((3,), name="x"), {}),
    "symbol": (symbolic, {}),
    "dataset": (lambda tf: dataset(tf).batch(32), {}),
    "dataset of pairs": (lambda tf: tf.data.Dataset.zip(dataset(tf), tf.data.Dataset.range(64)).batch(32), {}),
    "endless dataset": (lambda tf: tf.data.Dataset.range(9).repeat(), {}),
    "iterator": (lambda tf: iter(dataset(tf)), {}),
    "tensor array": (tensor_array, {}),
    "optional": (lambda tf: tf.experimental.Optional.from_value(tf.constant([1, 2])), {}),
    "dict": (
        lambda tf: {"preds": tf.constant(shares(1, 10)), "ids": tf.constant([[1, 2, 3]]), "loss": tf.constant(0.0312),
                    "w": tf.constant([[1.0, -2.0], [0.5, 4.0]]), "<k>": "x", "none": None},
        {},
    ),
    "named tuple": (lambda tf: Step(tf.constant(0.5), [tf.constant(wave(4, 6)), None]), {}),
    "extension type": (extension, {}),
    "weights": (weights, {}),
    "model": (model, {}),
    "layers": (lambda tf: [layer for layer in model(tf).layers if layer.weights], {}),
    "list of many": (lambda tf: [tf.constant(wave(8, 8) + number) for number in range(60)], {}),
}  # fmt: skip


def rendered(tf: Any, name: str) -> dict[str, str]:
    make, options = CASES[name]
    document = compose(make(tf), TensorDisplay().options(**options))
    html = DATA.sub(r'src="data:\1"', FORMATS["text/html"](document))
    # A line a block, so that a difference can be read.
    lines = re.sub(r"(?=<(?:div|details|table|tr|thead|caption|summary|img))", "\n", html).strip()
    return {"txt": FORMATS["text/plain"](document) + "\n", "html": lines + "\n"}


@pytest.mark.parametrize("form", ["txt", "html"])
@pytest.mark.parametrize("name", CASES)
def test_a_card_is_as_it_was_when_it_was_looked_at(tf, name, form):
    path = GOLDEN / f"{name.replace(' ', '_')}.{form}"
    found = rendered(tf, name)[form]
    if os.environ.get("TFNP_EXT_GOLDEN") == "write" or not path.exists():
        known = path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
        assert known, f"{path.name} was missing and is written now: look at it, and run the test again"
        return
    assert found == path.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_case():
    expected = {f"{name.replace(' ', '_')}.{form}" for name in CASES for form in ("txt", "html")}
    assert {path.name for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize("name", CASES)
def test_the_text_of_a_card_fits_a_terminal(tf, name):
    lines = rendered(tf, name)["txt"].splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(wording_width, lines)) <= 80
