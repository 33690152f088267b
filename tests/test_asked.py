"""What options make of predictions, and which options are refused rather than dropped."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

import tfnp_ext
from tfnp_ext import OptionError, summarize
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import compose
from tfnp_ext.formats import render_text
from tfnp_ext.plots import as_asked
from tfnp_ext.plots.confusion_counts import read_confusion

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 3, (60, 10))
SHARES = (np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)).astype(np.float32)
TRUTH = np.where(RANDOM.random(60) < 0.8, SHARES.argmax(1), 0)
SCORES = (1 / (1 + np.exp(-LOGITS[:, :1]))).astype(np.float32)
POSITIVE = (RANDOM.random(60) < SCORES[:, 0]).astype(np.int64)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8), np.uint8)


def options(**given):
    return TensorDisplay.instance().options(**given)


def text_of(value, **given):
    return render_text(compose(value, options(**given)))


class TestTwoClasses:
    @pytest.mark.parametrize("scores", [SCORES, SCORES[:, 0], SCORES[:20]], ids=["column", "vector", "few"])
    def test_one_output_and_its_truth_make_a_confusion_matrix(self, scores):
        truth = POSITIVE[: len(scores)]
        asked = options(truth=truth)
        found = read_confusion(as_asked(summarize(scores), asked), asked)
        np.testing.assert_array_equal(found.counts, confusion_matrix(truth, scores.reshape(-1) > 0.5))
        assert "scores of class 1" in text_of(scores, truth=truth)

    def test_with_images_each_has_its_answer(self):
        text = text_of(SCORES, images=IMAGES, truth=POSITIVE, labels=["cat", "dog"])
        right = int(((SCORES[:, 0] > 0.5) == POSITIVE).sum())
        assert f"right {right} of 60" in text
        assert ("dog" if SCORES[0, 0] > 0.5 else "cat") in text

    def test_axes_hold_the_counts(self):
        axes = tfnp_ext.plot(SCORES, truth=POSITIVE)
        counts = confusion_matrix(POSITIVE, SCORES[:, 0] > 0.5)
        written = {text.get_text() for text in axes.texts}
        assert {str(count) for count in counts.ravel() if count} <= written

    def test_one_vector_of_probabilities_stays_one_example(self):
        shares = SHARES[0]
        assert as_asked(summarize(shares), options(truth=[3])).role == "probabilities"

    def test_scores_beyond_one_are_none(self):
        assert as_asked(summarize(LOGITS[:, 0]), options(truth=POSITIVE)).role != "probability batch"


class TestWhatIsNotFinite:
    @pytest.fixture
    def spoilt(self):
        spoilt = SHARES.copy()
        spoilt[3] = np.nan
        spoilt[7, 2] = np.nan
        return spoilt

    def test_a_few_broken_rows_leave_the_role_and_are_said(self, spoilt):
        summary = summarize(spoilt)
        assert summary.role == "probability batch"
        assert summary.reason.endswith("every row sums to 1, but 2 rows not finite")
        assert summarize(np.full_like(SHARES, np.nan)).role == "matrix"

    def test_the_numbers_are_those_of_the_others(self, spoilt):
        kept = np.delete(SHARES, [3, 7], axis=0)
        text = text_of(spoilt)
        assert "without numbers 1" in text
        assert f"below 50 % {int((np.append(kept, SHARES[7:8], axis=0).max(1) < 0.5).sum())} of 59" in text

    def test_gallery_and_confusion_count_the_same(self, spoilt):
        tops = np.where(np.isfinite(spoilt), spoilt, -np.inf).argmax(1)
        kept = np.delete(np.arange(60), 3)
        right = int((tops[kept] == TRUTH[kept]).sum())
        assert f"right {right} of 59" in text_of(spoilt, truth=TRUTH)
        assert f"right {right} of 59" in text_of(spoilt, truth=TRUTH, images=IMAGES)


class TestOptionsThatDoNotFit:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"where": "wrong"}, "where='wrong' is for a gallery: give the images too, images=x"),
            ({"sort": "error", "truth": TRUTH}, "sort='error' is for a gallery: give the images too, images=x"),
            ({"page": 2}, "page=2 is for a gallery: give the images too, images=x"),
        ],
        ids=["where", "sort", "page"],
    )
    def test_those_of_a_gallery_are_not_dropped(self, given, message):
        for ask in (lambda: text_of(SHARES, **given), lambda: tfnp_ext.plot(SHARES, **given)):
            with pytest.raises(OptionError) as refused:
                ask()
            assert str(refused.value) == message

    def test_plot_refuses_what_the_card_refuses(self):
        with pytest.raises(OptionError, match=r"^labels name classes, and .* is no prediction"):
            tfnp_ext.plot(RANDOM.normal(size=(30, 30)), labels=list("abcdefghij"))
        with pytest.raises(OptionError, match=r"^truth is for predictions, which .* is not$"):
            tfnp_ext.plot(np.sin(np.arange(500) / 9) * 3, truth=[1] * 500)


def test_the_logits_of_many_classes_are_told_by_their_batch_axis():
    many = RANDOM.normal(-2, 2, (1, 1000)).astype(np.float32)
    assert summarize(many).role == summarize(many[0]).role == "other"
    many[0, 77] = 12
    assert summarize(many).role == "logits"
    assert summarize(many[0]).role == "other"
    assert summarize(np.sin(np.arange(1000) / 9)[None] * 9).role == "series"


def test_an_impulse_is_a_series():
    impulse = np.zeros(5000, np.float32)
    impulse[77] = 1
    assert summarize(impulse).role == "series"
    assert summarize(impulse[60:100]).role == "one-hot"


def test_photos_less_the_means_of_their_channels_are_images():
    from sklearn.datasets import load_sample_images

    photos = np.stack(load_sample_images().images).astype(np.float32) - np.float32([103.9, 116.8, 123.7])
    assert summarize(photos).role == "images"
    assert "0…255 less a mean" in summarize(photos[0]).reason
    assert summarize(RANDOM.normal(0, 50, (4, 32, 32, 3)).clip(-250, 250)).role == "other"


class TestSoftmax:
    def test_classes_ruled_out_have_no_share(self):
        masked = np.float32([1.0, -np.inf, 2.0, -np.inf, 0.5, 1, 1, 1, 1])
        shares = as_asked(summarize(masked), options(softmax=True)).drawn
        assert shares[[1, 3]].tolist() == [0, 0]
        assert shares.sum() == pytest.approx(1)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (SHARES[0], r"ndarray \(10,\) float32 holds probabilities already: softmax is for logits"),
            (SHARES, r"ndarray \(60, 10\) float32 holds probabilities already"),
            (TRUTH, r"softmax is for logits, which are floats, not for ndarray \(60,\) int64"),
            (np.float32([1, np.nan, 3]), r"softmax needs numbers, and ndarray \(3,\) float32 holds NaN at \[1\]"),
            (np.float32([1, np.inf, 3]), r"softmax needs numbers, and ndarray \(3,\) float32 holds \+Inf at \[1\]"),
        ],
        ids=["probabilities", "batch", "labels", "NaN", "+Inf"],
    )
    def test_of_what_is_no_logits_is_refused(self, values, message):
        with pytest.raises(OptionError, match=f"^{message}") as refused:
            text_of(values, softmax=True)
        assert "\n" not in str(refused.value)


class TestToldLogits:
    """Nothing but what comes with them tells the logits of an example that is not sure."""

    UNSURE = np.float32([0.3, 2.0, -1.5, 0.5])

    @pytest.mark.parametrize(
        "given",
        [
            {"labels": ["a", "b", "c", "d"]},
            {"truth": [1]},
            {"truth": np.array([1])},
            {"truth": [1], "labels": {1: "b"}},
        ],
        ids=["labels", "truth", "array", "both"],
    )
    def test_by_what_comes_with_them(self, given):
        assert summarize(self.UNSURE).role == "values"
        for values in (self.UNSURE, self.UNSURE[None]):
            found = as_asked(summarize(values), options(**given))
            assert (found.role, found.title) == ("logits", "logits")
            assert text_of(values, **given).split("\n")[0].startswith(f"ndarray {values.shape} float32 · logits")

    def test_a_row_and_its_image(self):
        found = as_asked(summarize(self.UNSURE[None]), options(images=np.zeros((1, 8, 8, 1), np.float32)))
        assert found.role == "logits"

    def test_by_configured_labels_that_name_each(self, tf):
        asked = tfnp_ext.TensorDisplay(labels=list("abcd")).options()
        assert as_asked(summarize(self.UNSURE), asked).role == "logits"
        for other in (self.UNSURE[:3], np.abs(self.UNSURE), self.UNSURE / 100, tf.Variable(self.UNSURE), np.arange(4)):
            assert as_asked(summarize(other), asked).role == "values"

    def test_labels_of_another_number_are_refused(self):
        with pytest.raises(OptionError, match=r"^3 labels for 4 classes"):
            text_of(self.UNSURE, labels=["a", "b", "c"])

    def test_numbers_of_one_sign_are_no_logits(self):
        with pytest.raises(OptionError, match=r"^labels name classes, and .* is no prediction"):
            text_of(np.float32([18, 25, 67]), labels=["a", "b", "c"])

    def test_long_ones_by_as_many_labels(self):
        noise = RANDOM.normal(size=200)
        assert summarize(noise).role == "other"
        assert as_asked(summarize(noise), options(labels=[f"class {place}" for place in range(200)])).role == "logits"


class TestTies:
    """Where several classes are equally likely no one of them is the answer."""

    TIED = np.float32([[0.25, 0.25, 0.25, 0.25], [0.4402, 0.4402, 0.0598, 0.0598]])

    def test_the_line_names_all_that_lead(self):
        shares = np.float32([0.3, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05, 0.03, 0.03, 0.04])
        assert text_of(shares).split("\n")[1].startswith("top 0, 1 at 30.0 %   then 2 at 10.0 %")
        assert text_of(np.full(100, 0.01)).split("\n")[1].startswith("top 0, 1, 2, … at 1.0 %   entropy")
        logits = np.float32([9, 9, -1, -2, -3, -4, -5, -6, -2])
        line = text_of(logits, labels=list("abcdefghi")).split("\n")[1]
        assert line.startswith("top a, b at 9.00   then c at -1.00   margin 10.0")

    def test_rows_of_a_table_frame_and_name_all(self):
        text = text_of(self.TIED)
        assert "▸0.440  ▸0.440   0.060   0.060   0, 1 44.0 % ?" in text
        assert text.count("▸0.250") == 4
        assert "0, 1, 2, … 25.0 % ?" in text
        assert "▸0.440  ▸0.440" in text_of({"p": self.TIED[1], "n": np.arange(3)}, arrays=True)

    def test_bars_mark_all(self):
        assert text_of(self.TIED[1], labels=list("abcd")).count("▸") == 2

    def test_pictures_frame_all(self):
        from tfnp_ext.plots.batches import read_batch

        batch = read_batch(np.tile(self.TIED, (16, 3)) / 3, options())
        examples, rows = batch.framed
        assert np.bincount(examples).tolist() == [12, 6] * 16
        assert rows[examples == 1].tolist() == [0, 1, 4, 5, 8, 9]
        sure = RANDOM.dirichlet(np.ones(10), 30)
        np.testing.assert_array_equal(read_batch(sure, options()).framed[1], sure.argmax(axis=1))


def test_zeros_and_ones_of_few_targets_are_written_alike(tf):
    text = text_of(tf.one_hot([2, 8, 9, 7, 2, 1], 10))
    assert text.split("\n")[0].startswith("Tensor (6, 10) float32 · one-hot labels 2 8 9 7 2 1 ")
    assert "0  0  1  0  0  0  0  0  0  0" in text
    assert "1.0" not in text + text_of(tf.one_hot(3, 10)) + text_of(tf.one_hot(3, 40))
    assert "min" not in text


def test_a_long_row_stands_as_a_vector_does():
    row = RANDOM.normal(size=(1, 200)).cumsum(axis=1)
    assert text_of(row).split("\n")[3:] == text_of(row[0]).split("\n")[3:]


@pytest.mark.parametrize(
    ("make", "way_out"),
    [
        (lambda tf: tf.constant([3, 1, 2, 0, 1]), ": plot='counts' counts them"),
        (lambda tf: tf.reshape(tf.range(30.0), (2, 3, 5)), ": plot='bar' or softmax reads it as one"),
        (lambda tf: tf.constant(["x"]), ""),
        (lambda tf: tf.constant(3), ""),
    ],
    ids=["class ids", "floats", "strings", "scalar"],
)
def test_labels_that_do_not_fit_name_a_way_out_where_there_is_one(tf, make, way_out):
    with pytest.raises(OptionError, match=f"is no prediction{way_out}$"):
        compose(make(tf), TensorDisplay().options(labels=["a", "b", "c", "d"]))
    if "counts" in way_out:
        assert compose(make(tf), TensorDisplay().options(labels=["a", "b", "c", "d"], plot="counts"))
