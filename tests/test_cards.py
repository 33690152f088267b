"""Cards: what is said of a value, in golden texts and against NumPy; how large a bundle is; that nothing is run.

The texts in ``GOLDEN`` are the look (shared/mock/LOOK.md, small values) in a terminal's words.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections import namedtuple

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import ConversionError, OptionError, TensorDisplay, show, to_numpy, wording
from tfnp_ext.adapters import find_adapter
from tfnp_ext.display import compose, holds_tensors, mimebundle
from tfnp_ext.display.composites import sparse_table
from tfnp_ext.document import Beside, Children, Fields, Fold, Span, Table
from tfnp_ext.formats import render_html, render_text
from tfnp_ext.statistics import BLOCK

Point = namedtuple("Point", "x y")
NAN, INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def text_of(value: object, **options: object) -> str:
    return render_text(compose(value, TensorDisplay().options(**options)))


def html_of(value: object, **options: object) -> str:
    return render_html(compose(value, TensorDisplay().options(**options)))


SHARES = [
    [0.878, 0.048, 0.015, 0.059],
    [0.168, 0.306, 0.374, 0.152],
    [0.002, 0.969, 0.013, 0.016],
]
DIGIT = [0.0004, 0.001, 0.0002, 0.001, 0.616, 0.182, 0.001, 0.094, 0.004, 0.1004]

GOLDEN = {
    "text": (
        lambda tf: tf.constant("naïve café"),
        'Tensor () string  "naïve café"   12 B · CPU · copy',
    ),
    "texts": (
        lambda tf: tf.constant(["one", "two", "naïve"]),
        'Tensor (3,) string  "one"  "two"  "naïve"   12 B · CPU · copy',
    ),
    "text on two lines": (
        lambda tf: tf.constant(["a\nb\tc", ""]),
        'Tensor (2,) string  "a\\nb\\tc"  ""   5 B · CPU · copy',
    ),
    "scalar in full": (lambda tf: tf.constant(0.3271904), "Tensor () float32  0.3271904   4 B · CPU · view"),
    "whole scalar": (lambda tf: tf.constant(2.0), "Tensor () float32  2.0   4 B · CPU · view"),
    "boolean": (lambda tf: tf.constant(True), "Tensor () bool  True   1 B · CPU · view"),
    "vector": (lambda tf: tf.constant([1, 2, 3]), "Tensor (3,) int32  1  2  3   12 B · CPU · view"),
    "row": (lambda tf: tf.constant([[1, 2, 3]]), "Tensor (1, 3) int32  1  2  3   12 B · CPU · view"),
    "whole floats": (lambda tf: tf.constant([1.0, -20.0]), "Tensor (2,) float32  1.0  -20.0   8 B · CPU · view"),
    "each its own form": (
        lambda tf: tf.constant([1e-7, 3.5, -12000.0, 0.0]),
        "Tensor (4,) float32  1e-7  3.5  -12000  0   16 B · CPU · view",
    ),
    "not finite": (
        lambda tf: tf.constant([1.5, NAN, -2.0, INF, 0.0, 0.25]),
        "Tensor (6,) float32  ⚠ 1.50  nan  -2.00  inf  0  0.25\n      24 B · CPU · view",
    ),
    "complex": (
        lambda tf: tf.constant([1 + 2j, -0.5j, 3, 0.1 - 2.2j], tf.complex64),
        "Tensor (4,) complex64  1+2j  -0.5j  3  0.1-2.2j   32 B · CPU · view",
    ),
    "small matrix": (
        lambda tf: tf.constant([[1, 2], [3, 4]]),
        """\
Tensor (2, 2) int32   16 B · CPU · view
1  2
3  4""",
    ),
    "bfloat16 by its own digits": (
        lambda tf: tf.constant([[0.1, 1, -2.5], [3.14, 100, 1e-3]], tf.bfloat16),
        """\
Tensor (2, 3) bfloat16   12 B · CPU · view
 0.1    1   -2.5
3.14  100  0.001""",
    ),
    "booleans": (
        lambda tf: tf.constant([[True, False], [False, True]]),
        """\
Tensor (2, 2) bool   2 of 4 True · 4 B · CPU · view
 True  False
False   True""",
    ),
    "rank 3, one column width": (
        lambda tf: tf.reshape(tf.range(30), (3, 2, 5)),
        """\
Tensor (3, 2, 5) int32   120 B · CPU · view
[0]                     [1]                     [2]
 0   1   2   3   4      10  11  12  13  14      20  21  22  23  24
 5   6   7   8   9      15  16  17  18  19      25  26  27  28  29""",
    ),
    "probabilities": (
        lambda tf: tf.constant([0.098, 0.652, 0.054, 0.196]),
        """\
Tensor (4,) float32 · class probabilities   16 B · CPU · view
  0  0.098   9.8 % ██████
▸ 1  0.652  65.2 % ████████████████████████████████████████
  2  0.054   5.4 % ███▍
  3  0.196  19.6 % ████████████""",
    ),
    "sure probabilities": (
        lambda tf: tf.nn.softmax([0.0, 16.0, 1.0]),
        """\
Tensor (3,) float32 · class probabilities   12 B · CPU · view
  0    1.13e-7   <0.1 %
▸ 1  0.9999995  >99.9 % ████████████████████████████████████████
  2    3.06e-7   <0.1 %""",
    ),
    "shares of a narrow dtype": (
        lambda tf: tf.nn.softmax(tf.constant([1, 2, 3], tf.bfloat16)),
        """\
Tensor (3,) bfloat16 · class probabilities   6 B · CPU · view
  0  0.090   9.0 % █████▍
  1  0.245  24.5 % ██████████████▊
▸ 2  0.664  66.4 % ████████████████████████████████████████""",
    ),
    "round numbers that sum to 1": (
        lambda tf: tf.constant([0.1, 0.2, 0.3, 0.4]),
        "Tensor (4,) float32  0.1  0.2  0.3  0.4   16 B · CPU · view",
    ),
    "a digit": (
        lambda tf: tf.constant(DIGIT),
        """\
Tensor (10,) float32 · class probabilities   40 B · CPU · view
top 4 at 61.6 %   then 5 at 18.2 %   entropy 1.60 of 3.32 bits   sum 1.000
▸ 4  61.6 % ████████████████████████████████████████
  5  18.2 % ███████████▉
  9  10.0 % ██████▌
  7   9.4 % ██████▏
  8   0.4 % ▎
  5 others 0.4 %""",
    ),
    "ragged": (
        lambda tf: tf.ragged.constant([[3, 1, 4], [], [1, 5]]),
        """\
RaggedTensor (3, None) int32   5 values · 20 B · CPU
₀  3  1  4
₁  empty
₂  1  5""",
    ),
    "sparse": (
        lambda tf: tf.sparse.SparseTensor([[0, 1], [2, 0], [2, 3]], [2.5, -1.0, 4.0], (3, 4)),
        """\
SparseTensor (3, 4) float32   3 stored (25 %) · 60 B · CPU · dense 48 B
      ₀    ₁  ₂    ₃      stored
₀     ·  2.5  ·    ·      [0, 1]   2.5
₁     ·    ·  ·    ·      [2, 0]  -1.0
₂  -1.0    ·  ·  4.0      [2, 3]   4.0""",
    ),
    "sparse of rank 3": (
        lambda tf: tf.sparse.SparseTensor([[0, 1, 1], [1, 2, 2], [1, 0, 0]], [1, 22, 0], (2, 3, 3)),
        """\
SparseTensor (2, 3, 3) int32   3 stored (16.7 %) · 84 B · CPU · dense 72 B
[0]             [1]             stored
 ·   ·   ·       0   ·   ·      [0, 1, 1]   1
 ·   1   ·       ·   ·   ·      [1, 2, 2]  22
 ·   ·   ·       ·   ·  22      [1, 0, 0]   0""",
    ),
    "sparse vector": (
        lambda tf: tf.sparse.SparseTensor([[1], [3]], [1.5, 2.0], (5,)),
        """\
SparseTensor (5,) float32   2 stored (40 %) · 24 B · CPU · dense 20 B
₀    ₁  ₂    ₃  ₄      stored
·  1.5  ·  2.0  ·      [1]  1.5
                       [3]  2.0""",
    ),
    "sparse strings": (
        lambda tf: tf.sparse.SparseTensor([[0, 1], [2, 2]], ["naïve", ""], (3, 3)),
        """\
SparseTensor (3, 3) string   2 stored (22.2 %) · 38 B · CPU
   ₀  ₁        ₂       stored
₀  ·  "naïve"  ·       [0, 1]  "naïve"
₁  ·  ·        ·       [2, 2]  ""
₂  ·  ·        ""\
""",
    ),
    "sparse long strings": (
        lambda tf: tf.sparse.SparseTensor([[0, 1], [1, 0]], ["a" * 25, b"\xff"], (2, 2)),
        """\
SparseTensor (2, 2) string   2 stored (50 %) · 58 B · CPU
stored
[0, 1]  "aaaaaaaaaaaaaaaaaaaaaaaaa"
[1, 0]  b'\\xff'""",
    ),
    "variable": (
        lambda tf: tf.Variable([1.0, 2.0, 3.0], name="v"),
        "Variable v (3,) float32  1.0  2.0  3.0   12 B · CPU · trainable",
    ),
    "frozen variable": (
        lambda tf: tf.Variable([1, 2], trainable=False, name="steps"),
        "Variable steps (2,) int32  1  2   8 B · CPU · not trainable",
    ),
    "empty": (lambda tf: tf.zeros((0, 5)), "Tensor (0, 5) float32   0 B · CPU · empty: no values"),
    "proto": (lambda tf: tf.make_tensor_proto([1.0, 2.0]), "TensorProto (2,) float32  1.0  2.0   18 B · serialized"),
    "array": (lambda tf: np.int64([1, 2, 3]), "ndarray (3,) int64  1  2  3   24 B · CPU · view"),
    "symbol": (
        lambda tf: tf.keras.Input((28, 28), name="digits"),
        """\
KerasTensor digits (None, 28, 28) float32   symbolic
no value yet outside the model: call it on data""",
    ),
    "tuple": (
        lambda tf: (tf.constant([1, 2, 3]), tf.constant(0.3271904), tf.constant([[1.0, -2.0], [0.5, 4.0]])),
        """\
tuple   3 tensors · 8 values · 32 B
[0]  (3,)    int32    1  2  3
[1]  ()      float32  0.3271904
[2]  (2, 2)  float32  1.0  -2.0
                      0.5   4.0""",
    ),
    "named tuple": (
        lambda tf: Point(tf.constant(1), tf.constant([2.0, 3.0])),
        """\
Point   2 tensors · 3 values · 12 B
x  ()    int32    1
y  (2,)  float32  2.0  3.0""",
    ),
    "nest": (
        lambda tf: {"w": tf.constant([1]), "none": None, "note": "text", "n": [tf.constant(1.5), {"x": 3}]},
        """\
dict   4 entries · 2 tensors · 8 B
w      (1,)  int32    1
none   None
note   'text'
n      1 tensor · 4 B
  [0]  ()    float32  1.5
  [1]  0 tensors
    x  3""",
    ),
    "gradients": (
        lambda tf: [tf.constant([1.0]), None],
        """\
list   2 entries · 1 tensor · 4 B
[0]  (1,)  float32  1.0
[1]  None""",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_texts(tf, name):
    make, expected = GOLDEN[name]
    assert text_of(make(tf)) == expected


def test_up_to_twelve_examples_are_a_table_while_they_are_few_numbers(tf):
    shares = tf.nn.softmax(tf.reshape(tf.range(27.0) % 4, (9, 3)))
    lines = text_of(shares).split("\n")
    shown = [line.replace("▸", "").split() for line in lines[-7:] if "⋮" not in line]
    rows = [[str(at), *(f"{share:.3f}" for share in row)] for at, row in enumerate(shares.numpy())]
    assert [row[:4] for row in shown] == [*rows[:5], rows[-1]], "the middle is left out where lines end"
    assert "confidence mean" in lines[2], "of more than eight a line sums them up"
    assert "<img" not in html_of(shares)
    assert "<img" in html_of(shares, plot="heatmap")
    for examples, classes in ((13, 3), (4, 17), (11, 6)):
        assert "<img" in html_of(tf.nn.softmax(tf.sin(tf.reshape(tf.range(examples * classes * 1.0), (examples, -1)))))


@pytest.mark.parametrize("asked", [{"labels": ["cat", "dog"]}, {"truth": [0, 1]}], ids=str)
def test_round_numbers_are_predictions_where_names_or_truth_come_with_them(tf, asked):
    typed = tf.constant([[0.9, 0.1], [0.2, 0.8]])
    assert "class probabilities" not in text_of(typed)
    assert "class probabilities, 2 examples × 2 classes" in text_of(typed, **asked)


def test_bars_of_round_numbers_are_drawn_when_asked_for(tf):
    text = text_of(tf.constant([0.1, 0.2, 0.3, 0.4]), plot="bar")
    assert text.count("█\n") + text.endswith("█") == 4
    assert "<img" in html_of(tf.constant([0.1, 0.2, 0.3, 0.4]), plot="bar")


def test_golden_text_of_a_labelled_batch(tf):
    assert text_of(tf.constant(SHARES), labels=["cat", "dog", "deer", "frog"]) == (
        """\
Tensor (3, 4) float32 · class probabilities, 3 examples × 4 classes
      48 B · CPU · view
      cat     dog    deer    frog
0  ▸0.878   0.048   0.015   0.059   cat 87.8 %
1   0.168   0.306  ▸0.374   0.152   deer 37.4 % ?
2   0.002  ▸0.969   0.013   0.016   dog 96.9 %"""
    )


def test_golden_text_of_a_gradient_with_nan(tf):
    gradient = np.zeros((5, 8), np.float32)
    gradient[0], gradient[1, 3], gradient[3, 5] = np.arange(-4, 4) / 100, NAN, -INF
    lines = text_of(tf.constant(gradient)).splitlines()
    assert lines[:3] == [
        "Tensor (5, 8) float32   160 B · CPU · view",
        "⚠ 1 NaN · 1 -Inf of 40 (5.0 %), first at [1, 3], rows 1 3",
        "finite min -0.0400 … 0.0300 max   mean -0.00105   std 0.0107   zeros 31",
    ]
    assert lines[3].split() == ["-0.04", "-0.03", "-0.02", "-0.01", "0", "0.01", "0.02", "0.03"]


def test_what_assign_returns_has_the_name_of_its_variable(tf):
    variable = tf.Variable([1.0, 2.0, 3.0], name="v")
    returned = variable.assign_add([0.5, 0.0, -1.0])
    assert text_of(returned) == "Variable v (3,) float32  1.5  2.0  2.0   12 B · CPU · trainable"


def test_the_answer_stands_first_in_a_tree(tf):
    lines = text_of({"loss": tf.constant(0.3271904), "preds": tf.constant([DIGIT])}).splitlines()
    assert lines[0] == "dict   2 tensors · 11 values · 44 B"
    assert re.match(r"preds  \(1, 10\)  float32  (top )?4 at 61\.6 %", lines[2])


def test_a_handle_does_not_pretend_to_wait_for_a_value(tf):
    text = text_of(tf.Variable(1.0).handle)
    assert "is only a handle of tensorflow::Var" in text
    assert "no value yet" not in text


def test_labels_and_top_reach_the_card(tf):
    text = text_of(tf.constant(DIGIT), labels=list("abcdefghij"), top=2)
    assert "top e at 61.6 %" in text
    assert "▸ e  61.6 %" in text
    assert "8 others" in text


def test_softmax_is_of_the_picture_and_says_so(tf):
    logits = np.float32([1.0, 3.0, -2.0, 0.5, 2.5])
    text = text_of(tf.constant(logits), softmax=True)
    share = tf.nn.softmax(logits).numpy().max()
    assert "softmax of logits" in text
    assert f"{share * 100:.1f} %" in text
    with pytest.raises(OptionError, match="softmax needs"):
        text_of(tf.constant(["a"]), softmax=True)
    with pytest.raises(OptionError, match="NaN"):
        text_of(tf.constant([1.0, NAN]), softmax=True)


def test_labels_that_do_not_fit_are_one_clear_error(tf):
    with pytest.raises(OptionError, match="3 labels for 10 classes"):
        text_of(tf.constant(DIGIT), labels=["a", "b", "c"])


def test_the_precision_is_that_of_the_numbers_line(tf):
    values = tf.constant(np.random.default_rng(0).normal(size=(50, 50)))
    assert re.search(rf"mean {values.numpy().mean():.5f}"[:12], text_of(values, precision=5))


@pytest.mark.parametrize(
    ("dtype", "digits"),
    [("float64", 17), ("float32", 9), ("complex64", 9), ("float16", 5), ("bfloat16", 4), ("float8_e4m3fn", 3)],
)
@pytest.mark.parametrize("make", ["dense", "ragged", "sparse", "logits", "image"])
def test_no_digits_are_told_that_the_dtype_does_not_carry(tf, dtype, digits, make):
    scale = 9 if make == "logits" else 1 / 7
    normal = np.random.default_rng(1).normal(size=(90, 90)) * scale
    values = normal.astype(getattr(ml_dtypes, dtype, dtype))
    value = {
        "dense": lambda: values,
        "logits": lambda: values[0, :70] if dtype == "complex64" else values[0, :40],
        "ragged": lambda: tf.RaggedTensor.from_row_lengths(values.reshape(-1), [8000, 100]),
        "sparse": lambda: tf.SparseTensor([[at, at] for at in range(90)], values[0], (90, 90)),
        "image": lambda: np.repeat(np.abs(values)[..., None], 3, -1),
    }[make]()
    document = compose(value, TensorDisplay().options(precision=17, plots=False))
    line = next(block for block in document.blocks if isinstance(block, Fields))
    told = [span.text for item in line.items for span in item if isinstance(span, Span)]
    decimal = [text for words in told for text in words.split() if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", text)]
    significant = [len(text.partition("e")[0].lstrip("-0.").replace(".", "")) for text in decimal]
    assert digits - 1 <= max(significant) <= digits
    if make == "dense" and dtype != "complex64":  # so many digits tell a value from its neighbours
        assert np.array(float(decimal[0])).astype(values.dtype) == values.min()


class TestNumbersAgreeWithNumpy:
    @staticmethod
    def fields(text: str) -> dict[str, float]:
        number = r"(-?[\d.]+(?:e-?\d+)?)"
        found = {name: re.search(rf"\b{name} {number}", text) for name in ("mean", "std")}
        found["min"] = re.search(rf"\bmin {number}", text)
        found["max"] = re.search(rf"{number} max|\bmax {number}", text)
        return {name: float(next(group for group in match.groups() if group)) for name, match in found.items() if match}

    @settings(max_examples=40, deadline=None)
    @given(
        seed=st.integers(0, 2**32 - 1),
        scale=st.sampled_from([1e-6, 1e-3, 1.0, 1e4, 1e7]),
        name=st.sampled_from(["float32", "float64", "bfloat16", "float16"]),
    )
    def test_of_a_matrix(self, seed, scale, name):
        if name == "float16":
            scale = 1.0
        array = np.random.default_rng(seed).normal(0, scale, (9, 13)).astype(np.dtype(getattr(ml_dtypes, name, name)))
        wide = array.astype(np.float64)
        found = self.fields(text_of(array, plots=False))
        expected = {"min": wide.min(), "max": wide.max(), "mean": wide.mean(), "std": wide.std()}
        assert found == pytest.approx(expected, rel=0.006)

    @settings(max_examples=60, deadline=None)
    @given(
        values=hnp.arrays(
            np.int64,
            hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8),
            elements=st.integers(-(10**6), 10**6),
        )
    )
    def test_small_integers_stand_there_exactly(self, values):
        lines = text_of(values).splitlines()
        assert [[int(word) for word in line.split()] for line in lines[-len(values) :]] == values.tolist()

    @settings(max_examples=100, deadline=None)
    @given(values=hnp.arrays(np.float32, st.integers(1, 8), elements=st.floats(width=32, allow_subnormal=False)))
    def test_small_floats_can_be_pasted_and_are_right_to_three_digits(self, values):
        heading = compose(values, TensorDisplay().options(plot="none")).heading
        texts = [span.text for span in heading.values if span.text != "⚠"]
        if texts:
            largest = float(np.abs(values[np.isfinite(values)]).max(initial=0))
            for text, value in zip(texts, values.tolist(), strict=True):
                assert float(text) == pytest.approx(value, rel=1e-3, abs=1e-3 * largest, nan_ok=True)
                assert (float(text) == 0) == (value == 0), "only an exact zero prints 0"

    @given(value=st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans()))
    @example(value=2.0**-24)  # a tie: sixteen digits rounded to even would read back as its neighbour
    def test_a_scalar_reads_back_exactly(self, value):
        array = np.asarray(value)
        heading = compose(array, TensorDisplay().options()).heading
        (span,) = (span for span in heading.values if span.text != "⚠")
        assert array.dtype.type(eval(span.text, {"nan": NAN, "inf": INF})) == array

    @pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2"])
    def test_the_shortest_text_reads_back_in_the_dtype(self, name):
        dtype = np.dtype(getattr(ml_dtypes, name, name))
        for value in np.random.default_rng(2).normal(0, 50, 40).astype(dtype):
            heading = compose(np.asarray(value), TensorDisplay().options()).heading
            assert np.asarray(float(heading.values[0].text)).astype(dtype) == value

    def test_a_share_of_nan_is_never_rounded_to_nothing(self):
        array = np.zeros(100_000, np.float32)
        array[77] = NAN
        assert "⚠ 1 NaN of 100 000 (<0.1 %), first at [77]" in text_of(array, plots=False)


class TestBudget:
    def test_a_sample_is_said(self):
        array = np.random.default_rng(0).normal(size=4 * BLOCK)
        assert "from 65 536 of 262 144" in text_of(array, budget_ms=0.0, plots=False)
        assert " of 262 144" not in text_of(array, budget_ms=60_000.0, plots=False)

    def test_a_card_of_ten_million_is_made_in_bounded_time(self, tf):
        tensor = tf.zeros((10_000, 1_000))
        start = time.process_time()
        bundle = mimebundle(tensor, TensorDisplay().options(plots=False))
        assert time.process_time() - start < 2
        assert "(10000, 1000)" in bundle["text/plain"]
        assert sum(len(part.encode()) for part in bundle.values()) < 40_000


class TestEveryArrayHasACard:
    @pytest.mark.parametrize("count", [1, 3, 20, 200])
    def test_of_complex_numbers_whose_magnitude_no_float_holds(self, count):
        bundle = mimebundle(np.full(count, 1.5e308 + 1.5e308j), TensorDisplay().options())
        assert set(bundle) == {"text/plain", "text/html"}, bundle

    @settings(max_examples=250, deadline=None)
    @given(data=st.data())
    def test_of_any_dtype_shape_and_values(self, data):
        name = data.draw(st.sampled_from(
            ["bool", "int8", "int64", "uint8", "uint64", "float16", "float32", "float64", "complex64", "complex128",
             "bfloat16", "float8_e4m3fn", "int4", "M8[D]", "m8[s]", "S3", "U3"]))  # fmt: skip
        small = {"bfloat16": "uint16", "float8_e4m3fn": "uint8"}
        shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9))
        if name == "int4":
            array = data.draw(hnp.arrays(np.int8, shape, elements=st.integers(-8, 7))).astype(ml_dtypes.int4)
        elif name in small:
            array = data.draw(hnp.arrays(small[name], shape)).view(getattr(ml_dtypes, name)).reshape(shape)
        elif name.startswith("complex"):
            part = np.finfo(name).dtype
            ends = st.sampled_from(
                [float(end) for end in (np.finfo(part).max, np.finfo(part).smallest_subnormal, 0, -1)]
            )
            pairs = hnp.arrays(part, (*shape, 2), elements=st.one_of(ends, hnp.from_dtype(part)))
            array = data.draw(pairs).view(name).reshape(shape)
        else:
            array = data.draw(hnp.arrays(name, shape))
        bundle = mimebundle(array, TensorDisplay().options(plots=False))
        assert set(bundle) == {"text/plain", "text/html"}, bundle
        assert bundle["text/plain"].startswith("ndarray (")
        assert sum(len(part.encode()) for part in bundle.values()) <= 40_000

    @settings(max_examples=100, deadline=None)
    @given(array=hnp.arrays(object, hnp.array_shapes(max_dims=3, max_side=5), elements=st.one_of(
        st.binary(max_size=100), st.text(max_size=100), st.none(), st.integers(), st.lists(st.integers(), max_size=2),
    )))  # fmt: skip
    def test_of_any_object_array(self, array):
        bundle = mimebundle(array, TensorDisplay().options(plots=False))
        assert set(bundle) == {"text/plain", "text/html"}, bundle

    @pytest.mark.parametrize("value", [5e-324, 1.7976931348623157e308, -1e-45, 2.0**-1060])
    @pytest.mark.parametrize("size", [1, 9, 40, 100])
    def test_of_the_ends_of_float64(self, value, size):
        array = np.zeros(size)
        array[0], array[-1] = -value, value
        bundle = mimebundle(array, TensorDisplay().options(plots=False))
        assert set(bundle) == {"text/plain", "text/html"}, bundle

    ODD = {
        "no columns": lambda: np.zeros((3, 0)),
        "one masked": lambda: np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        "all masked": lambda: np.ma.masked_all(3),
        "a masked matrix": lambda: np.ma.masked_all((10, 10)),
        "records": lambda: np.zeros(3, [("a", "f4"), ("b", "O")]),
        "np.matrix": lambda: np.asmatrix([[1, 2]]),
        "a large np.matrix": lambda: np.asmatrix(np.ones((9, 20))),
        "rank 9": lambda: np.zeros((1,) * 9),
        "None": lambda: np.array(None, object),
        "a NumPy scalar": lambda: np.float32(1),
        "rows of arrays": lambda: np.array([np.zeros(3), np.zeros(2)], object),
        "void": lambda: np.zeros(5, "V2"),
        "backwards": lambda: np.arange(10**6)[::-7],
        "10^12 broadcast": lambda: np.broadcast_to(np.float32(1), (10**6, 10**6)),
    }

    @pytest.mark.parametrize("name", ODD)
    def test_of_the_odd_ones(self, name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            array = self.ODD[name]()
        bundle = mimebundle(array, TensorDisplay().options(plots=False))
        assert set(bundle) == {"text/plain", "text/html"}, bundle

    @pytest.mark.parametrize("shape", [(10,), (32, 10), (200,), (30, 40), (28, 28), (4, 8, 8, 3), (3, 3, 2, 8)],
                             ids=str)  # fmt: skip
    @pytest.mark.parametrize("fill", ["normal", "shares", "nan", "constant", "pixels", "complex"])
    def test_with_its_picture(self, shape, fill):
        random = np.random.default_rng(0)
        array = random.normal(0, 5, shape)
        if fill == "shares":
            array = np.exp(array) / np.exp(array).sum(axis=-1, keepdims=True)
        elif fill == "nan":
            array[array > 1] = NAN
        elif fill == "constant":
            array[...] = 0.5
        elif fill == "pixels":
            array = random.integers(0, 256, shape).astype(np.uint8)
        elif fill == "complex":
            array = array + 1j
        bundle = mimebundle(array, TensorDisplay().options())
        assert set(bundle) == {"text/plain", "text/html"}, bundle
        assert "not drawn" not in bundle["text/html"]


class TestBytes:
    """Stored bytes of the whole bundle, DESIGN §4."""

    @staticmethod
    def size(value: object, **options: object) -> int:
        return sum(len(part.encode()) for part in mimebundle(value, TensorDisplay().options(**options)).values())

    @staticmethod
    def shares(*shape: int) -> np.ndarray:
        array = np.exp(np.random.default_rng(1).normal(0, 3, shape))
        return (array / array.sum(axis=-1, keepdims=True)).astype(np.float32)

    @pytest.mark.parametrize(
        ("shape", "plots", "most"),
        [((10,), False, 3_000), ((10,), True, 12_000), ((32, 10), False, 12_000), ((32, 10), True, 30_000),
         ((1000,), True, 40_000), ((500, 100), True, 40_000)],
    )  # fmt: skip
    def test_of_probabilities(self, tf, shape, plots, most):
        assert self.size(tf.constant(self.shares(*shape)), plots=plots) <= most

    @pytest.mark.parametrize(
        "make",
        [
            lambda tf: tf.random.stateless_normal((1000, 1000), (0, 1)),
            lambda tf: tf.random.stateless_normal((64,), (0, 1)),
            lambda tf: tf.random.stateless_normal((8, 8), (0, 1)) * 1e9,
            lambda tf: tf.random.stateless_normal((2, 2, 2, 8), (0, 1)),
            lambda tf: tf.random.stateless_normal((64, 1, 1, 1), (0, 1)),
            lambda tf: tf.random.stateless_normal((1, 64, 1, 1), (0, 1)),
            lambda tf: tf.random.stateless_normal((16, 4, 1), (0, 1)),
            lambda tf: tf.random.stateless_normal((100_000,), (0, 1)),
            lambda tf: tf.random.stateless_uniform((64, 28, 28, 1), (0, 1)),
            lambda tf: tf.random.stateless_uniform((300, 400, 3), (0, 1)),
            lambda tf: tf.cast(tf.random.stateless_normal((100, 50), (0, 1)), tf.complex128) * (1 + 1j),
            lambda tf: tf.constant(["<&\"'>" * 1000] * 200),
            lambda tf: tf.constant([["😀" * 500] * 20] * 20),
            lambda tf: tf.ragged.constant([list(range(50))] * 100),
            lambda tf: tf.ragged.constant([["text" * 50] * 20] * 100),
            lambda tf: tf.sparse.from_dense(tf.random.stateless_normal((100, 100), (0, 1))),
            lambda tf: tf.IndexedSlices(tf.ones((500, 300)), tf.range(500), tf.constant([10_000, 300])),
            lambda tf: tf.Variable(tf.random.stateless_normal((3, 3, 64, 64), (0, 1)), name="kernel"),
        ],
        ids=["matrix", "64", "64 large", "64 of rank 4", "64 slices", "64 slices, middle axis", "rank 3", "series",
             "images", "photo", "complex", "long markup", "emoji", "ragged", "ragged text", "sparse", "slices",
             "kernel"],
    )  # fmt: skip
    def test_of_any_other_value(self, tf, make):
        assert self.size(make(tf)) <= 40_000

    @pytest.mark.parametrize("shape", [(2, 3), (10,), (32, 10), (64, 64), (3, 3, 8, 8)], ids=str)
    def test_of_a_tree_of_200_leaves(self, tf, shape):
        random = np.random.default_rng(0)
        tree = {f"block{group}": {f"layer{leaf}/kernel": tf.constant(random.normal(size=shape)) for leaf in range(20)}
                for group in range(10)}  # fmt: skip
        assert self.size(tree) <= 200_000

    def test_of_a_tree_of_predictions(self, tf):
        tree = {f"g{group}": [tf.constant(self.shares(32, 10)) for _ in range(20)] for group in range(10)}
        assert self.size(tree) <= 200_000

    def test_of_a_tree_of_a_hundred_thousand(self, tf):
        tensor = tf.constant([1.0, 2.0])
        start = time.process_time()
        assert self.size([[tensor] * 1000] * 100) <= 200_000
        assert time.process_time() - start < 10

    @pytest.mark.parametrize("shape", [(32, 10), (1000, 1000), (100_000,), (200, 20, 20), (64, 28, 28, 1)], ids=str)
    def test_a_terminal_card_of_a_large_value_has_at_most_12_lines(self, shape):
        array = np.random.default_rng(0).uniform(0, 1, shape)
        assert len(text_of(array).splitlines()) <= 12
        if len(shape) == 2:
            assert len(text_of(array / array.sum(axis=-1, keepdims=True)).splitlines()) <= 12


class TestSmallOnes:
    @pytest.mark.parametrize(
        "shape", [(2, 5, 5), (5, 5, 1), (1, 5, 5, 1), (3, 4, 4), (2, 4, 4, 1), (2, 3, 3, 1)], ids=str
    )
    @pytest.mark.parametrize("pixels", [False, True])
    def test_fewer_than_64_numbers_are_open_whatever_they_could_be(self, tf, shape, pixels):
        values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + 1
        document = compose(tf.constant(values / 50 if pixels else values), TensorDisplay().options())
        tables = [
            table for block in document.blocks if isinstance(block, (Table, Beside)) for table in tables_in(block)
        ]
        numbers = [float(cell.text) for table in tables for row in table.rows for cell in row.cells]
        assert numbers == pytest.approx((values / 50 if pixels else values).reshape(-1).tolist(), abs=6e-4)
        sides = {(len(table.rows), len(table.rows[0].cells)) for table in tables}
        assert sides == {tuple(axis for axis in shape if axis > 1)[-2:]}


class TestSparse:
    SHAPES = ((7,), (3, 4), (12, 5), (2, 3, 4), (9, 2, 2), (2, 2, 3, 2), (1, 1, 5), (5, 1, 2, 1))

    @pytest.mark.parametrize("text", [False, True])
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("stored", [0, 1, 4])
    def test_the_dense_form_is_what_tensorflow_makes_of_it(self, tf, shape, stored, text):
        places = np.random.default_rng(len(shape)).choice(np.prod(shape), stored, replace=False)
        values = [str(at) if text else at + 1 for at in range(stored)]
        indices = np.stack(np.unravel_index(places, shape), 1)
        sparse = tf.SparseTensor(indices.astype(np.int64), np.array(values, object if text else np.int32), shape)
        dense = tf.sparse.to_dense(sparse, default_value="·" if text else 0, validate_indices=False).numpy()
        expected = [value.decode() if text else str(value or "·") for value in dense.reshape(-1)]
        block = sparse_table(find_adapter(sparse).content(sparse))
        assert [cell.text for table in tables_in(block) for row in table.rows for cell in row.cells] == expected

    def test_what_is_large_or_long_or_too_many_at_a_place_lists_its_entries(self, tf):
        for sparse in (
            tf.SparseTensor([[0, 0]], [1], (13, 1)),
            tf.SparseTensor([[0, 0]], [1], (1, 17)),
            tf.SparseTensor([[0, 0, 0]], [1], (5, 5, 5)),
            tf.SparseTensor([[0, 0]], ["a"], (1, 9)),
            tf.SparseTensor([[0, 0]] * 65, [1] * 65, (2, 2)),
            tf.SparseTensor(np.zeros((0, 2), np.int64), np.zeros(0), (0, 3)),
        ):
            assert sparse_table(find_adapter(sparse).content(sparse)) is None

    @pytest.mark.parametrize(("indices", "warning"), [
        ([[0, 5], [-1, 0], [1, 1]], "⚠ 2 outside the shape"),
        ([[0, 1], [0, 1], [1, 1]], "⚠ 1 at a place that is stored already"),
        ([[0, 5], [0, 1], [0, 1]], "⚠ 1 outside the shape, 1 at a place that is stored already"),
    ])  # fmt: skip
    def test_what_has_no_place_of_its_own_is_listed_and_said(self, tf, indices, warning):
        """TensorFlow makes no dense form of it."""
        sparse = tf.SparseTensor(indices, [1, 2, 3], (2, 2))
        assert sparse_table(find_adapter(sparse).content(sparse)) is None
        lines = text_of(sparse).splitlines()
        assert lines[1] == warning
        assert [line.split()[-1] for line in lines[-3:]] == ["1", "2", "3"]
        assert warning in html_of({"a": sparse})


def tables_in(block: object) -> list[Table]:
    return [block] if isinstance(block, Table) else [table for inner in block.blocks for table in tables_in(inner)]


def test_a_terminal_has_room_for_two_small_heads_of_attention(tf):
    heads = tf.nn.softmax(tf.random.stateless_normal((2, 5, 5), (1, 1)))
    lines = text_of(heads).splitlines()[3:]
    shown = np.array([line.split() for line in lines], float)
    np.testing.assert_allclose(shown, np.concatenate(list(heads.numpy()), axis=1), atol=5e-4)
    assert {len(word.partition(".")[2]) for line in lines for word in line.split()} == {3}


@pytest.mark.parametrize(("shape", "caption"), [((2, 1, 20), "[:, 0, :]"), ((1, 2, 1, 20), "[0, :, 0, :]")])
def test_small_values_with_an_axis_of_one_are_open(tf, shape, caption):
    value = tf.random.stateless_normal(shape, (1, 1))
    tables = [table for block in compose(value, TensorDisplay().options()).blocks if isinstance(block, (Table, Beside))
              for table in tables_in(block)]  # fmt: skip
    assert [table.caption for table in tables] == [caption]
    shown = np.array([[float(cell.text) for cell in row.cells] for row in tables[0].rows])
    np.testing.assert_allclose(shown, value.numpy().reshape(2, 20), atol=5e-4)


class TestAllAreOne:
    """Of what is one number everywhere, the line of numbers says all."""

    @pytest.mark.parametrize(("value", "told"), [
        (np.zeros((10, 10), np.float32), "all 0"), (np.ones(100, np.float32), "all 1.0"),
        (np.full((9, 9), 0.1, np.float32), "all 0.1"), (np.full((90, 3), 7), "all 7"),
        (np.full((4, 9, 9, 1), 2.5), "all 2.5"),
    ])  # fmt: skip
    def test_there_is_no_picture(self, value, told):
        assert text_of(value).splitlines()[1] == told
        assert "<img" not in html_of(value)
        assert "<img" in html_of(value, plot="histogram")

    def test_what_is_masked_is_still_counted(self):
        array = np.ma.masked_array(np.arange(100.0).reshape(10, 10), mask=np.arange(100).reshape(10, 10) != 5)
        assert text_of(array).splitlines()[1].split() == ["all", "5.0", "masked", "99"]

    def test_a_small_table_of_ones_has_no_ground(self):
        assert "background:#" not in html_of(np.ones((8, 8)))

    def test_black_images_are_pictured_and_so_is_what_has_a_hole(self):
        assert "<img" in html_of(np.zeros((4, 28, 28), np.uint8))
        holed = np.zeros((10, 10))
        holed[3, 4] = np.nan
        assert "<img" in html_of(holed)


class TestNests:
    def test_only_containers_of_tensors_are_held(self, tf):
        for plain in ([], {}, (), [1, "a"], {"a": [1, {"b": None}]}, [np.zeros(3)], [b"x"]):
            assert not holds_tensors(plain)
        for full in ([tf.constant(1)], {"a": [1, {"b": tf.Variable(1.0)}]}, (None, tf.ragged.constant([[1]]))):
            assert holds_tensors(full)

    def test_a_list_of_layers_with_weights_is_held_and_says_which_they_are(self, tf):
        layers = [tf.keras.layers.Dense(4, name="hidden"), tf.keras.layers.Dropout(0.1), tf.keras.layers.Dense(2)]
        assert not holds_tensors(layers), "none is built"
        model = tf.keras.Sequential([tf.keras.Input((8,)), *layers])
        assert holds_tensors(layers)
        assert holds_tensors({"model": model})
        lines = text_of(layers).splitlines()
        assert [line.split("  ")[0] for line in lines if line.startswith("[")] == [
            "[0] Dense hidden",
            "[1]",
            "[2] Dense",
        ]
        assert "has no weights" in lines[4]
        assert "[0] Sequential" in text_of([model])
        assert "model Sequential" in text_of({"model": model})

    def test_a_list_of_models_that_show_themselves_is_the_user_s(self, tf, ip):
        class Named(tf.keras.Sequential):
            def __repr__(self):
                return "MINE"

        class Drawn(tf.keras.Sequential):
            def _repr_html_(self):
                return "<b>mine</b>"

        for cls in (Named, Drawn):
            made = cls([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
            assert set(ip.display_formatter.format([made])[0]) == {"text/plain"}
            assert "text/html" in ip.display_formatter.format([made, tf.constant(1.0)])[0]

    def test_a_list_of_layers_without_weights_is_not_taken_apart(self, tf, monkeypatch):
        asked = []
        for adapter in map(find_adapter, (tf.keras.layers.Dropout(0.1), tf.Module())):
            monkeypatch.setattr(type(adapter), "parts", lambda *_: asked.append(1))
        assert not holds_tensors([tf.keras.layers.Dropout(0.1), tf.keras.layers.Dense(2), tf.Module()])
        assert not asked

    def test_a_cycle_is_shown_and_ends(self, tf):
        loop: list = [tf.constant([1, 2])]
        loop.append(loop)
        loop.append({"again": loop})
        start = time.process_time()
        assert "contains itself" in text_of(loop)
        assert "contains itself" in html_of(loop)
        assert time.process_time() - start < 1
        with pytest.raises(ConversionError, match="contains itself"):
            to_numpy(loop)

    def test_a_very_deep_nest_is_shown_to_a_depth(self, tf):
        nest = tf.constant(1)
        for _ in range(3_000):
            nest = {"in": nest}
        bundle = mimebundle(nest, TensorDisplay().options())
        assert "no card" not in bundle["text/plain"]
        assert len(bundle["text/html"]) < 40_000

    def test_a_nest_that_branches_without_end_is_bounded(self, tf):
        """Forty levels of two references each are 2^40 paths."""
        nest: object = tf.constant(1)
        for _ in range(40):
            nest = [nest, nest]
        start = time.process_time()
        bundle = mimebundle(nest, TensorDisplay().options())
        assert time.process_time() - start < 5
        assert len(bundle["text/html"]) <= 200_000

    def test_where_lines_end_the_rest_of_the_leaves_is_counted(self, tf):
        text = text_of([tf.constant(1) for _ in range(100)])
        assert text.endswith("[9]  ()  int32  1\n… 90 more")
        assert text.startswith("list   100 tensors · 400 B")

    def test_leaves_that_fail_do_not_take_the_others_along(self, tf):
        class Broken:
            def __array__(self, dtype=None, copy=None):
                raise RuntimeError("gone")

        text = mimebundle({"good": tf.constant([1, 2]), "bad": Broken()}, TensorDisplay().options())["text/plain"]
        assert "1  2" in text
        assert "gone" in text or "Broken" in text

    def test_numbers_of_tensors_and_bytes_are_those_of_the_leaves(self, tf):
        document = compose({"a": [tf.zeros(3), tf.zeros((2, 2))], "b": 5}, TensorDisplay().options())
        assert document.heading.facts == ("2 tensors", "7 values", "28 B")
        (children,) = (block for block in document.blocks if isinstance(block, Children))
        assert [child.name for child in children.items] == ["a", "b"]

    @pytest.mark.parametrize("key", ["it's", 'a"b', "", "a.b", "[0]", "é"])
    def test_keys_are_named_as_they_are(self, tf, key):
        document = compose({key: tf.constant(1)}, TensorDisplay().options())
        assert document.blocks[0].items[0].name == key


class TestDisplayNeverActs:
    def test_no_graph_is_run(self, tf):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            counter = tf.compat.v1.get_variable("c", initializer=0, use_resource=True)
            session.run(tf.compat.v1.global_variables_initializer())
            step = tf.identity(counter.assign_add(1, read_value=True))
            assert "no value yet" in text_of(step)
            assert "no value yet" in text_of([step])
            assert session.run(counter) == 0

    def test_no_repr_and_no_iterator_of_a_neighbour_is_called(self, tf):
        class Loud:
            def __repr__(self):
                raise AssertionError("repr was called")

            def __iter__(self):
                raise AssertionError("iter was called")

        assert "Loud" in text_of([tf.constant(1), Loud()])

    def test_the_value_is_unchanged(self, tf):
        tensor = tf.constant(np.random.default_rng(0).normal(size=(30, 30)))
        array = np.random.default_rng(0).normal(size=(30, 30))
        before = tensor.numpy().tobytes()
        html_of(tensor)
        html_of(array)
        assert tensor.numpy().tobytes() == before == array.tobytes()


class TestMimebundle:
    def test_only_what_the_host_takes_is_made(self, tf):
        tensor = tf.constant([1, 2])
        options = TensorDisplay().options()
        assert set(mimebundle(tensor, options)) == {"text/plain", "text/html"}
        assert set(mimebundle(tensor, options, active_types=["text/plain"])) == {"text/plain"}
        assert set(mimebundle(tensor, options, active_types={"text/html", "image/png"})) == {"text/html"}

    def test_what_is_no_tensor_is_its_repr_and_one_line_of_why(self):
        bundle = mimebundle(object, TensorDisplay().options())
        first, why = bundle["text/plain"].split("\n")
        assert first == repr(object)
        assert why.startswith("[no card: ConversionError: class object is not a value")

    def test_even_a_repr_that_fails_is_survived(self):
        class Broken:
            def __repr__(self):
                raise ZeroDivisionError

        assert "<Broken: repr failed with ZeroDivisionError>" in mimebundle(Broken())["text/plain"]

    def test_a_bad_option_is_one_line_without_a_traceback(self, tf):
        options = TensorDisplay().options(labels=["a"])
        text = mimebundle(tf.constant(DIGIT), options)["text/plain"]
        lines = text.splitlines()
        assert lines[1] == "⚠ 1 labels for 10 classes: give one name a class, or a dict index → name"
        assert lines[0].startswith("Tensor (10,) float32 · class probabilities")  # the card stays

    def test_the_card_of_a_conversion_tells_view_from_copy_and_the_new_dtype(self, tf):
        tensor = tf.constant([1, 2, 3])
        options = TensorDisplay().options()
        for copy, word in ((None, "view"), (True, "copy")):
            text = mimebundle(tensor, options, result=to_numpy(tensor, copy=copy))["text/plain"]
            assert text == f"Tensor (3,) int32  1  2  3   12 B · CPU · {word}"
        cast = mimebundle(tensor, options, result=to_numpy(tensor, dtype="float64"))["text/plain"]
        assert cast == "Tensor (3,) float64  1.0  2.0  3.0   24 B · CPU · copy"


class TestShow:
    def test_outside_a_notebook_the_text_is_printed(self, tf, capsys):
        show(tf.constant([1, 2, 3]))
        assert capsys.readouterr().out == "Tensor (3,) int32  1  2  3   12 B · CPU · view\n"

    def test_options_of_the_call_are_used(self, tf, capsys):
        show(tf.constant(DIGIT), labels=list("abcdefghij"), top=1)
        assert "▸ e" in capsys.readouterr().out

    def test_it_raises_what_a_caller_must_know(self, tf):
        with pytest.raises(ConversionError):
            show("text")
        with pytest.raises(OptionError, match="no option named 'colour'"):
            show(tf.constant(1), colour="red")


def test_a_masked_array_says_how_many_are_masked():
    values = np.ma.masked_array(np.arange(1000.0), np.arange(1000) % 3 == 0)
    assert "masked 334" in mimebundle(values)["text/plain"]
    # Of what is copied for a picture there is a bound; the numbers stay.
    large = np.ma.masked_array(np.tile(np.arange(1024.0), 1025), np.zeros(1024 * 1025, bool))
    bundle = mimebundle(large)
    assert "min 0" in bundle["text/plain"]
    assert "masked 0" in bundle["text/plain"]
    assert "1\N{NO-BREAK SPACE}049\N{NO-BREAK SPACE}600 values" in bundle["text/html"]


@pytest.mark.parametrize(
    "values",
    [
        np.arange(1000) % 7,
        np.arange(-128, 128).astype(np.int8).repeat(2),
        np.arange(1000, dtype=np.int64) * 10**9,
        np.uint64(2**64 - 1) - np.arange(300, dtype=np.uint64) % 9,
        np.arange(5000).reshape(50, 100).T % 11,
        (np.arange(300) % 5 - 2).astype(ml_dtypes.int4),
        (np.arange(300) % 16).astype(ml_dtypes.uint4),
    ],
)
def test_integers_say_how_many_are_distinct(values):
    words = wording.integer(len(np.unique(np.asarray(values).astype(object))))
    text = mimebundle(values)["text/plain"]
    assert f"classes {words} of 0 … " in text if "· labels" in text else f"distinct {words}" in text


def test_a_fold_says_which_values_count_and_which_dtype_numpy_lacks(tf):
    def why(value):
        (fold,) = (block for block in compose(value, TensorDisplay().options()).blocks if isinstance(block, Fold))
        return " ".join(span.text for span in fold.reason)

    spoilt = np.random.default_rng(0).normal(size=(24, 64)).astype(np.float32)
    spoilt[9, :40] = np.nan
    assert why(tf.constant(spoilt)).endswith("statistics over the 1 496 finite values")
    assert "statistics" not in why(tf.constant(np.nan_to_num(spoilt)))
    small = tf.cast(tf.constant(np.nan_to_num(spoilt)), tf.bfloat16)
    assert why(small).endswith("to NumPy as ml_dtypes.bfloat16")
    assert "NumPy" not in why(small.numpy())


def test_a_large_value_folds_its_numbers_and_says_why(tf):
    document = compose(tf.constant(TestBytes.shares(32, 10)), TensorDisplay().options())
    (fold,) = (block for block in document.blocks if isinstance(block, Fold))
    assert fold.summary == "32 × 10 values"
    assert fold.reason[0].text.startswith("read as class probabilities: none negative, every row sums to 1")
    assert any(isinstance(block, Fields) for block in document.blocks)


def test_a_small_value_has_no_fold_and_no_picture(tf):
    for value in (tf.constant([[1, 2], [3, 4]]), tf.range(16), tf.random.stateless_normal((8, 8), (0, 1))):
        html = html_of(value)
        assert "<details" not in html
        assert "<img" not in html


class TestCardsOfConversions:
    """The card of what %tonumpy returned is about the result."""

    def text(self, value, **how):
        return mimebundle(value, TensorDisplay().options(), result=to_numpy(value, **how))["text/plain"]

    def test_padded_rows_are_shown_padded(self, tf):
        ragged = tf.ragged.constant([[1, 2], [3]])
        assert self.text(ragged, ragged="pad", fill_value=-1) == (
            "RaggedTensor (2, 2) int32   3 values · padded · 16 B · CPU · copy\n1   2\n3  -1"
        )

    def test_rows_that_were_cast_say_so(self, tf):
        text = self.text(tf.ragged.constant([[1, 2], [3]]), dtype="float32", copy=True)
        assert "RaggedTensor (2, None) float32" in text
        assert text.splitlines()[0].endswith("copy")
        assert "view" in self.text(tf.ragged.constant([[1, 2], [3]]))

    def test_rows_of_one_index_are_shown_added_up(self, tf):
        slices = tf.IndexedSlices(tf.ones((2, 3)), tf.constant([1, 1]), tf.constant([3, 3]))
        text = self.text(slices)
        assert "rows of one index added up" in text
        assert text.splitlines()[-2].split() == ["2.0", "2.0", "2.0"]

    def test_a_sparse_matrix_for_scipy_says_so(self, tf):
        sparse = tf.sparse.from_dense([[0, 1], [2, 0]])
        assert "as coo_array" in self.text(sparse, sparse="scipy")
        assert "made dense" in self.text(sparse)


class TestOptionsThatDoNotFit:
    """An option that cannot be met is said on the card; the card stays."""

    @pytest.mark.parametrize(
        ("asked", "said"),
        [({"plot": "image"}, "plot image cannot draw"), ({"labels": ["a"]}, "1 labels for 10 classes")],
        ids=["plot", "labels"],
    )
    def test_the_card_stays(self, tf, asked, said):
        lines = mimebundle(tf.constant(DIGIT), TensorDisplay().options(**asked))["text/plain"].splitlines()
        assert lines[0].startswith("Tensor (10,) float32 · class probabilities")
        assert lines[1].startswith("⚠ ")
        assert said in lines[1]

    @pytest.mark.parametrize("asked", [{"plot": "bar"}, {"softmax": True}, {"labels": ["a"]}], ids=str)
    def test_kinds_without_a_picture_say_so_too(self, tf, asked):
        text = mimebundle(tf.ragged.constant([[1.0], [2.0, 3.0]]), TensorDisplay().options(**asked))["text/plain"]
        assert text.splitlines()[1].startswith("⚠ ")

    def test_a_picture_asked_for_is_drawn_though_pictures_are_off(self, tf):
        config = TensorDisplay(plots=False)
        value = tf.constant(np.linspace(0, 1, 30).reshape(5, 6))
        assert "<img" in mimebundle(value, config.options(plot="heatmap"))["text/html"]

    def test_objects_that_are_no_strings_are_no_text(self):
        text = mimebundle(np.array([1, "x", None], dtype=object), TensorDisplay().options())["text/plain"]
        assert "lengths" not in text
        assert "None" in text


class TestWordsOfTheHeadline:
    @pytest.fixture
    def first(self):
        def first_line(value: object) -> str:
            return mimebundle(value, TensorDisplay().options())["text/plain"].splitlines()[0]

        return first_line

    def test_a_small_table_that_is_not_finite_is_flagged(self, tf, first):
        spoilt = tf.constant([[NAN, 1.0], [2.0, 3.0]])
        assert first(spoilt) == "Tensor (2, 2) float32  ⚠   16 B · CPU · view"
        assert "⚠" not in first(tf.ones((2, 2)))
        tree = mimebundle({"b": spoilt}, TensorDisplay().options())["text/plain"]
        assert "2.0  3.0" in tree

    def test_an_empty_variable_is_still_trained(self, tf, first):
        assert first(tf.Variable(tf.zeros([0, 3]))).endswith("0 B · CPU · trainable · empty: no values")
        assert first(tf.zeros([0, 3])).endswith("0 B · CPU · empty: no values")

    def test_truths_in_rows_and_entries_are_counted(self, tf, first):
        assert "   2 of 3 True · " in first(tf.ragged.constant([[True, False], [True]]))
        sparse = tf.SparseTensor([[0, 1], [1, 0]], [True, False], [2, 2])
        assert "1 of 2 True · " in mimebundle(sparse, TensorDisplay().options())["text/plain"]
        assert "True" not in first(tf.ragged.constant([[1, 0], [1]]))

    def test_a_layer_that_is_not_built_is_named_once(self, tf):
        said = mimebundle(tf.keras.layers.Dense(2, name="d"), TensorDisplay().options())["text/plain"]
        assert said.split("\n") == [
            "Dense",
            "'d' is not built, so it has no weights yet: call it on data, or build it",
        ]


class TestVariablesWithoutAValue:
    """The headline says whose value there is none of, so the sentence below does not."""

    @pytest.mark.parametrize("name", ["kernel", None])
    def test_before_it_is_initialised(self, tf, name):
        from tensorflow.python.ops.resource_variable_ops import UninitializedVariable

        variable = UninitializedVariable(shape=(2, 3), dtype=tf.float32, name=name)
        called = f"{name} " if name else ""
        reason = "no value yet before it is initialised: assign a value first"
        assert text_of(variable).splitlines() == [f"Variable {called}(2, 3) float32   24 B · CPU · trainable", reason]
        leaf = text_of({"v": variable, "t": tf.constant(1.0)}).partition("\n")[2]
        assert leaf.startswith(f"v  (2, 3)  float32  {reason}")
        assert leaf.count("(2, 3)") == leaf.count("initialised") == 1
        with pytest.raises(ConversionError) as refusal:
            to_numpy(variable)
        quoted = f" '{name}'" if name else ""
        assert str(refusal.value) == f"Variable (2, 3) float32{quoted} is not initialised: assign a value first"

    @pytest.mark.parametrize("kind", ["TensorFlow", "Keras"])
    def test_inside_a_function(self, tf, kind):
        variable = tf.Variable([1.0, 2.0]) if kind == "TensorFlow" else tf.keras.Variable([1.0, 2.0], name="v")
        said = []

        @tf.function(autograph=False)
        def look():
            said.append(text_of(variable).splitlines()[1:])
            said.append(text_of({"w": variable}).splitlines()[1:])
            return variable + 1.0

        look()
        reason = "no value yet inside tf.function or a graph: look outside"
        assert said[0] == [reason]
        assert said[1] == [f"w  (2,)  float32  {reason}"]


class TestUnknownShapes:
    @pytest.mark.parametrize(("declared", "said"), [(None, "(…)"), ((None,), "(None,)")], ids=str)
    def test_a_variable_of_changing_shape_says_that_of_its_value(self, tf, declared, said):
        variable = tf.Variable([1.0, 2.0], shape=tf.TensorShape(declared), name="v")
        said = f"declared {said} · 8 B · CPU · trainable"
        assert text_of(variable).split() == f"Variable v (2,) float32 1.0 2.0 {said}".split()
        assert text_of({"v": variable}).splitlines() == [
            "dict   1 tensor · 2 values · 8 B",
            "v  (2,)  float32  1.0  2.0",
        ]
        variable.assign([1.0, 2.0, 3.0])
        assert text_of(variable).startswith("Variable v (3,) float32  1.0  2.0  3.0\n      declared")

    def test_a_symbol_of_any_rank_says_so(self, tf):
        said = []

        @tf.function(input_signature=[tf.TensorSpec(None)], autograph=False)
        def look(x):
            said.append(text_of(x).splitlines()[0])
            return x

        look.get_concrete_function()
        assert said == ["Tensor x (…) float32   symbolic"]
