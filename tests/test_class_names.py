"""Names of classes where there is no room for the whole of them: names that differ still do, wherever they stand."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.markup import parse
from tfnp_ext import TensorDisplay, wording
from tfnp_ext.display import mimebundle
from tfnp_ext.plots import PLOTS, plot
from tfnp_ext.summary import summarize

PLANTS = (
    "Apple___Apple_scab", "Apple___Black_rot", "Apple___Cedar_apple_rust", "Apple___healthy", "Blueberry___healthy",
    "Cherry_(including_sour)___Powdery_mildew", "Cherry_(including_sour)___healthy",
    "Corn_(maize)___Cercospora_leaf_spot Gray_leaf_spot", "Corn_(maize)___Common_rust_",
    "Corn_(maize)___Northern_Leaf_Blight", "Corn_(maize)___healthy", "Grape___Black_rot",
    "Grape___Esca_(Black_Measles)", "Grape___Leaf_blight_(Isariopsis_Leaf_Spot)", "Grape___healthy",
    "Orange___Haunglongbing_(Citrus_greening)", "Peach___Bacterial_spot", "Peach___healthy",
    "Pepper,_bell___Bacterial_spot", "Pepper,_bell___healthy", "Potato___Early_blight", "Potato___Late_blight",
    "Potato___healthy", "Raspberry___healthy", "Soybean___healthy", "Squash___Powdery_mildew",
    "Strawberry___Leaf_scorch", "Strawberry___healthy", "Tomato___Bacterial_spot", "Tomato___Early_blight",
    "Tomato___Late_blight", "Tomato___Leaf_Mold", "Tomato___Septoria_leaf_spot",
    "Tomato___Spider_mites Two-spotted_spider_mite", "Tomato___Target_Spot",
    "Tomato___Tomato_Yellow_Leaf_Curl_Virus", "Tomato___Tomato_mosaic_virus", "Tomato___healthy",
)  # fmt: skip
"""The classes of PlantVillage."""

GRADES = tuple(f"Diabetic retinopathy grade {grade}" for grade in range(10))

ALIKE = ("Tomato___Early_blight", "Tomato___Late_blight", "Corn_(maize)___Northern_Leaf_Blight", *GRADES[:7])

PARTS = st.sampled_from(["Tomato", "___", "_", "leaf spot", "a", "A", "aaaaaaaaaaaaaaaaaaaa", "…", "(2)", "…(2)", "é"])


@settings(max_examples=400)
@given(st.lists(st.lists(PARTS, max_size=9).map("".join), max_size=12), st.integers(8, 40))
@example([f"{'a' * before}b{'a' * (40 - before)}" for before in range(41)], 14)
@example(["a" * length for length in range(10, 90)], 14)
@example(["aaaaaaaaaa…(2)", *("a" * length for length in range(20, 40))], 14)
@example(list(PLANTS), 8)
def test_names_that_differ_still_do(names, longest):
    told = wording.told_apart(names, longest)
    assert all(len(word) <= longest for word in told)
    assert len(set(told)) == len(set(names))
    assert [word for name, word in zip(names, told, strict=True) if len(name) <= longest] == [
        name for name in names if len(name) <= longest
    ]
    assert len({*zip(names, told, strict=True)}) == len(set(names))  # one name is told by one word


def test_a_name_is_cut_around_that_in_which_it_differs():
    assert wording.told_apart(ALIKE[:4], 14) == ["Tomato_…Early…", "Tomato___Late…", "Corn_(m…Blight", "Diabeti…rade 0"]
    eyes = [f"grade {grade} of the left eye of a patient" for grade in (1, 2)]
    assert wording.told_apart(eyes, 14) == ["grade 1…atient", "grade 2…atient"]
    viruses = ["Tomato_Yellow_Leaf_Curl_Virus", "Tomato_mosaic_virus"]
    assert wording.told_apart(viruses, 14) == ["Tom…Yellow_Le…", "Toma…mosaic_v…"]  # not only by a capital V
    assert wording.told_apart(ALIKE[:2], 18) == ["Tomato___Early…ght", "Tomato___Late…ight"]  # nor by a letter


@pytest.fixture(scope="module")
def shares() -> np.ndarray:
    """Probabilities of 40 examples, each class of ten the top one of four."""
    shares = np.full((40, 10), 0.01, np.float32)
    shares[np.arange(40), np.arange(40) % 10] = 0.91
    return shares


def card(tf, values, **options):
    bundle = mimebundle(tf.constant(values), TensorDisplay().options(labels=list(ALIKE), **options))
    alts = [image.attributes.get("alt", "") for image in parse(bundle["text/html"]).all("img")]
    return bundle["text/plain"], bundle["text/html"], " ".join(alts)


class TestCards:
    def test_a_batch_tells_every_class_by_a_name_of_its_own(self, tf, shares):
        text, _, alt = card(tf, shares)
        assert all(f"4×{name}" in alt for name in ALIKE)
        assert re.findall(r"^\d  \S+ +(\S.*?)  91", text, re.MULTILINE) == list(ALIKE[:6])
        summary = summarize(tf.constant(shares))
        batch = PLOTS["heatmap"].prepare(summary, TensorDisplay().options(labels=list(ALIKE)))
        assert len(set(batch.names)) == 10
        assert max(map(len, batch.names)) <= 14

    def test_no_line_of_a_batch_passes_the_terminal(self, tf):
        for classes in (3, 12, 20, 40, 41, 100):
            values = np.full((30, classes), 0.1 / (classes - 1), np.float32)
            values[np.arange(30), np.arange(30) % classes] = 0.9
            names = [f"{'a very long name of a class ' * 3}{index}" for index in range(classes)]
            text = mimebundle(tf.constant(values), TensorDisplay().options(labels=names))["text/plain"]
            assert max(map(len, text.splitlines())) <= 80
            told = re.findall(r"(a v.*?)  90", text.partition("top")[2])
            assert len(told) > 1
            assert len(set(told)) == min(classes, len(told))

    def test_a_few_examples_have_the_whole_name_to_hover(self, tf, shares):
        _, html, _ = card(tf, shares[:4])
        assert all(f'title="{name}"' in html for name in ALIKE[:4])

    def test_bars_and_counts_have_whole_names_in_text_and_alt(self, tf, shares):
        rows = shares[0] - np.arange(10, dtype=np.float32) * 0.0005
        for value, options in ((rows / rows.sum(), {}), (np.repeat(np.arange(10), range(3, 13)), {})):
            text, _, alt = card(tf, value, **options)
            assert sum(name in text for name in ALIKE) >= 5
            assert sum(name in alt for name in ALIKE) == (3 if value.dtype.kind == "f" else 10)
            axes = plot(tf.constant(value), labels=list(ALIKE), top=10)
            ticks = [tick.get_text() for tick in axes.get_yticklabels()]
            assert len(set(ticks)) == 10
            assert max(map(len, ticks)) <= 24

    def test_a_confusion_names_both_of_its_classes(self, tf, shares):
        text, html, alt = card(tf, shares, truth=np.where(np.arange(40) < 10, 0, np.arange(40) % 10))
        assert "Tomato___Early_blight taken for Tomato___Late_blight 1×" in alt
        assert "most confused Tomato___Early_blight → Tomato___Late_blight, … (1×)" in text
        assert "Tomato___Early_…" not in text
        bars = re.findall(r"^[▸ ] +(\S.* → .*?)  ", text, re.MULTILINE)
        assert len(set(bars)) == len(bars) == 5
        assert max(map(len, text.splitlines())) <= 80
        assert all(wide in html for wide in ("Tomato___Early_blight", "Corn_(maize)…Leaf_Blight"))

    def test_a_gallery_tells_the_answer_from_the_truth(self, tf, shares):
        truth = (np.arange(40) + 1) % 10
        text, html, alt = card(tf, shares[:30], images=np.zeros((30, 8, 8), np.float32), truth=truth[:30])
        for answer, true in itertools.pairwise(ALIKE):
            assert f"predicted {answer}, 91 %, truth {true}" in alt
        judged = re.findall(r"✗\s+(\S.*?)\s+91 %\s+truth (.*)", text)
        assert len(judged) >= 5
        assert all(answer != true for answer, true in judged)
        tiles = parse(html)
        said = [" ".join(tile.text.split()) for tile in tiles.all("div") if re.fullmatch(r"✗ [^%]*", tile.text.strip())]
        assert len(set(said)) == 10


def test_metrics_of_a_training_keep_names_of_their_own(tf):
    history = tf.keras.callbacks.History()
    names = [f"classification_head_sparse_{end}" for end in ("categorical_accuracy", "categorical_crossentropy")]
    history.history = {name: [0.5, 0.4] for name in names}
    history.epoch = [0, 1]
    titles = [axes.get_title() for axes in plot(history)]
    assert len(set(titles)) == 2
    assert max(map(len, titles)) <= 28
