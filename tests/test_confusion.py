"""The confusion matrix: the value itself, or that of predictions and their truth, against scikit-learn's."""

from __future__ import annotations

import warnings
from itertools import pairwise

import ml_dtypes
import numpy as np
import pytest
from drawn import BLUE, ORANGE, axes_of, blocks_of, bytes_of, chosen, figure_of, line_of, near, note_of, picture_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from markup import contrast, over
from matplotlib import cycler, rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, recall_score

import tfnp_ext
from tfnp_ext import wording
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.document import Bars, Figure, Fold
from tfnp_ext.errors import OptionError
from tfnp_ext.formats import render_text
from tfnp_ext.plots import PLOTS
from tfnp_ext.plots.confusion_counts import read_confusion
from tfnp_ext.summary import summarize

RANDOM = np.random.default_rng(0)
TRUTH = load_digits().target[:360]
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def predictions(truth, classes=10, wrong=0.1, seed=0):
    """Returns class probabilities [N, C] that are right but for some."""
    generator = np.random.default_rng(seed)
    picked = np.where(generator.random(len(truth)) < wrong, generator.integers(0, classes, len(truth)), truth)
    logits = generator.normal(size=(len(truth), classes))
    logits[np.arange(len(truth)), picked] += 9
    powers = np.exp(logits)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


SHARES = predictions(TRUTH)
MATRIX = confusion_matrix(TRUTH, SHARES.argmax(axis=1))


def confusion_of(value, **options):
    return read_confusion(summarize(value), TensorDisplay().options(**options))


class TestWhatIsCounted:
    def test_a_matrix_of_counts_is_what_it_is(self, tf):
        for value in (MATRIX, tf.math.confusion_matrix(TRUTH, SHARES.argmax(axis=1)), MATRIX.astype(np.uint16)):
            found = confusion_of(value)
            np.testing.assert_array_equal(found.counts, MATRIX)
            assert (found.right, found.total) == (np.trace(MATRIX), 360)

    @pytest.mark.parametrize("form", ["probabilities", "logits", "labels", "one-hot", "bfloat16", "int8"])
    def test_predictions_of_any_form_with_their_truth(self, tf, form):
        tops = SHARES.argmax(axis=1)
        value = {
            "probabilities": tf.constant(SHARES),
            "logits": tf.math.log(SHARES) + 3,
            "labels": tf.constant(tops),
            "one-hot": tf.one_hot(tops, 10),
            "bfloat16": tf.cast(SHARES, tf.bfloat16),
            "int8": tops.astype(np.int8),
        }[form]
        for truth in (TRUTH, tf.one_hot(TRUTH, 10), TRUTH.tolist()):
            np.testing.assert_array_equal(confusion_of(value, truth=truth).counts, MATRIX)

    def test_names_are_a_truth_too(self):
        found = confusion_of(SHARES, truth=[NAMES[digit] for digit in TRUTH], labels=NAMES)
        np.testing.assert_array_equal(found.counts, MATRIX)
        assert found.names == NAMES

    def test_rows_are_the_truth(self):
        found = confusion_of(np.array([1, 1, 1, 0]), truth=[0, 0, 1, 0])
        assert found.counts.tolist() == [[1, 2], [0, 1]]
        assert found.worst == (("0", "1", 2.0),)

    def test_shares_are_those_of_their_row(self):
        np.testing.assert_allclose(confusion_of(MATRIX).shares, confusion_matrix(
            TRUTH, SHARES.argmax(axis=1), normalize="true"))  # fmt: skip

    def test_recalls_are_those_of_scikit_learn(self):
        found = confusion_of(SHARES, truth=TRUTH)
        recalls = recall_score(TRUTH, SHARES.argmax(axis=1), average=None)
        np.testing.assert_allclose([found.recall(place) for place in range(10)], recalls)
        assert found.lowest == (str(recalls.argmin()), pytest.approx(recalls.min()))

    def test_a_row_that_is_tiny_beside_another_has_its_shares_too(self):
        found = confusion_of(np.array([[2e21, 1e-302], [1e-302, 3e-302]]))
        np.testing.assert_allclose(found.shares, [[1, 0], [0.25, 0.75]], atol=1e-300)
        assert found.lowest == ("1", pytest.approx(0.75))

    def test_more_classes_than_fit_are_those_confused_most(self):
        truth = np.tile(np.arange(600), 5)
        tops = truth.copy()
        wrong = np.arange(0, 3000, 10)
        tops[wrong] = (tops[wrong] + 7) % 600
        found = confusion_of(tops, truth=truth)
        assert (found.classes, len(found.names), found.total, found.right) == (600, 200, 3000, 2700)
        assert found.confused == len(set(zip(truth[wrong], tops[wrong], strict=True)))
        assert note_of(tops, truth=truth).endswith("the 200 of 600 classes confused most often drawn")

    def test_of_very_many_examples_a_sample_is_counted_and_said(self):
        truth = RANDOM.integers(0, 4, 9_000_000).astype(np.int8)
        tops = np.where(np.arange(9_000_000) % 10 == 0, (truth + 1) % 4, truth).astype(np.int8)
        found = confusion_of(tops, truth=truth)
        assert found.sampled
        assert found.right / found.total == pytest.approx(0.9, abs=2e-3)
        assert "524 288 of 9 000 000 examples counted" in note_of(tops, truth=truth)
        assert line_of(tops, truth=truth)[-1] == "examples 524 288 of 9 000 000"

    def test_numbers_that_are_no_class_are_refused(self):
        for wrong in (-1, 2**40):
            with pytest.raises(OptionError, match=f"predictions hold {wrong}, which is no number of a class"):
                confusion_of(np.array([0, 1, wrong]), truth=[0, 1, 1])

    @settings(max_examples=60, deadline=None)
    @given(
        hnp.arrays(
            st.sampled_from([np.float64, np.float16, np.int64, np.uint8]),
            st.integers(2, 24).map(lambda side: (side, side)),
        ),
    )
    def test_any_square_matrix_is_drawn_or_refused(self, values):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if PLOTS["confusion"].suits(summarize(values)) == 0:
                assert not (np.isfinite(values).all() and (values >= 0).all())
                return
            assert figure_of(values, plot="confusion").alt
            assert axes_of(values, kind="confusion") is not None
            assert line_of(values, plot="confusion")

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=80))
    def test_any_predictions_are_counted(self, pairs):
        truth, tops = np.array(pairs).T
        found = confusion_of(tops, truth=truth)
        classes = max(truth.max(), tops.max()) + 1
        expected = np.zeros((classes, classes))
        np.add.at(expected, (truth, tops), 1)
        np.testing.assert_array_equal(found.counts, expected)
        assert figure_of(tops, truth=truth).alt


class TestWhatSuits:
    def test_counts_that_gather_on_the_diagonal(self, tf):
        assert chosen(tf.constant(MATRIX))[0] is PLOTS["confusion"]

    def test_other_square_counts_when_asked_for(self):
        for value in (MATRIX[:3, :3], np.eye(10), MATRIX / 360, np.array([[5, 2], [1, 9]]), np.zeros((9, 9))):
            assert 0 < PLOTS["confusion"].suits(summarize(value)) < 0.5

    @pytest.mark.parametrize(
        "value",
        [MATRIX[:9], -MATRIX, np.full((9, 9), np.nan), np.ones((201, 201)), np.arange(12), np.ones((3, 3, 3))],
        ids=["not square", "negative", "NaN", "large", "vector", "rank 3"],
    )
    def test_what_is_none(self, value):
        assert PLOTS["confusion"].suits(summarize(value)) == 0
        with pytest.raises(OptionError, match=r"^plot confusion "):
            chosen(value, plot="confusion")

    def test_near_misses_stay_what_they_are(self, tf):
        assert summarize(np.eye(10, dtype=int)).title == "identity matrix"
        assert chosen(tf.constant(predictions(TRUTH[:10])))[2].truth is None
        assert summarize(predictions(TRUTH[:10])).role == "probability batch"
        assert chosen(RANDOM.integers(0, 50, (10, 10)))[0] is not PLOTS["confusion"]

    def test_predictions_need_their_truth(self):
        with pytest.raises(OptionError, match=r"^plot confusion of ndarray \(360, 10\) float32 needs truth"):
            chosen(SHARES, plot="confusion")
        assert chosen(SHARES, truth=TRUTH)[0] is PLOTS["confusion"]
        assert chosen(SHARES, truth=TRUTH, plot="heatmap")[0] is PLOTS["heatmap"]

    @pytest.mark.parametrize("value", [np.float32(3), np.ones((3, 9, 9))], ids=["scalar", "rank 3"])
    def test_truth_of_what_is_no_prediction_is_refused(self, value):
        with pytest.raises(OptionError, match=r"^truth is for predictions, which .* \(.*\) .* is not$"):
            chosen(value, truth=TRUTH)

    def test_of_one_example_there_is_no_matrix_but_whether_it_is_right(self):
        assert chosen(SHARES[0], truth=TRUTH[:1])[0] is PLOTS["bar"]
        assert line_of(SHARES[0], truth=TRUTH[:1])[0] == "right 1 of 1 (100 %)"

    def test_with_images_too_they_are_a_gallery(self):
        images = load_digits().images[:360]
        assert chosen(SHARES, truth=TRUTH, images=images)[0] is PLOTS["gallery"]
        assert chosen(SHARES, truth=TRUTH, images=images, plot="confusion")[0] is PLOTS["confusion"]
        assert line_of(SHARES, truth=TRUTH, images=images)[1].startswith("wrong #")

    def test_truth_of_a_nest_is_refused(self):
        with pytest.raises(OptionError, match="dict: plot, softmax, images and truth are for one value"):
            tfnp_ext.show({"x": SHARES}, truth=TRUTH)

    def test_rows_without_numbers_are_left_out_and_that_is_said(self):
        spoilt = SHARES.copy()
        spoilt[3], spoilt[7], spoilt[9, 2] = np.nan, np.inf, np.nan
        kept = np.delete(np.arange(360), [3, 7])
        tops = np.where(np.isfinite(spoilt), spoilt, -np.inf).argmax(axis=1)
        found = confusion_of(spoilt, truth=TRUTH)
        np.testing.assert_array_equal(found.counts, confusion_matrix(TRUTH[kept], tops[kept]))
        assert not found.sampled
        assert "2 predictions without numbers left out" in note_of(spoilt, truth=TRUTH)

    def test_a_card_says_what_is_wrong_with_the_truth_and_is_there(self):
        bundle = mimebundle(SHARES, TensorDisplay().options(truth=TRUTH[:100]))
        assert "⚠ truth, ndarray (100,) int64, has 100 examples for 360 predictions" in bundle["text/plain"]
        assert "confidence mean" in bundle["text/plain"]

    def test_options_of_the_magic(self, ip, run):
        ip.user_ns.update(p=SHARES, y=TRUTH, names=list(NAMES))
        ran = run(ip, "%tonumpy p --truth y --labels names")
        assert f"right {np.trace(MATRIX)} of 360" in ran.text
        assert "Confusion matrix of 10 classes" in ran.html

    def test_a_few_predictions_are_a_picture_too(self):
        assert any(isinstance(block, Figure) for block in blocks_of(TRUTH[:30], truth=TRUTH[:30]))
        assert any(isinstance(block, Figure) for block in blocks_of(SHARES[:5], truth=TRUTH[:5]))


class TestAxes:
    def test_images_hold_the_shares_and_texts_the_counts(self):
        axes = axes_of(SHARES, truth=TRUTH, labels=NAMES)
        right, wrong = (image.get_array() for image in axes.images)
        shares = MATRIX / MATRIX.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(np.ma.filled(right, 0) + np.ma.filled(wrong, 0), shares)
        np.testing.assert_allclose(np.diagonal(right), np.diagonal(shares))
        assert right.mask.sum() == 90
        written = {
            (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts
        }
        assert written == {
            (row, column): str(MATRIX[row, column]) for row, column in np.argwhere(MATRIX).tolist()
        }  # fmt: skip

    @pytest.mark.parametrize(("length", "angle"), [(1, 0), (12, 45)])
    def test_names_do_not_run_into_each_other(self, length, angle):
        axes = axes_of(SHARES, truth=TRUTH, labels=[f"{name} is a class"[:length] for name in NAMES])
        labels = axes.get_xticklabels()
        assert {label.get_rotation() for label in labels} == {angle}
        if not angle:
            boxes = [label.get_window_extent() for label in labels]
            assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))

    def test_names_stand_upright_where_there_is_little_room(self):
        axes = Canvas(figsize=(1.2, 1.2)).add_subplot()
        tfnp_ext.plot(SHARES, truth=TRUTH, labels=[f"{name} is long" for name in NAMES], ax=axes)
        assert {label.get_rotation() for label in axes.get_xticklabels()} == {90}

    @pytest.mark.parametrize("colors", [("#ffff66", "#000088"), ("#000088", "#ffff66")])
    @pytest.mark.parametrize("ground", ["white", "black"])
    def test_counts_can_be_read_on_any_colours(self, colors, ground):
        found = {"axes.prop_cycle": cycler(color=colors), "axes.facecolor": ground, "figure.facecolor": ground}
        with rc_context(found):
            axes = axes_of(MATRIX)
        for text in axes.texts:
            column, row = map(round, text.get_position())
            share = MATRIX[row, column] / MATRIX[row].sum()
            mixed = share * np.array(to_rgb(colors[row != column])) + (1 - share) * np.array(to_rgb(ground))
            assert contrast(255 * mixed, 255 * np.array(to_rgb(text.get_color()))) >= 4.5

    def test_ticks_are_the_names_and_axes_say_what_is_what(self):
        axes = axes_of(MATRIX, labels=NAMES)
        assert [tick.get_text() for tick in axes.get_xticklabels()] == list(NAMES)
        assert [tick.get_text() for tick in axes.get_yticklabels()] == list(NAMES)
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "truth")
        assert axes.yaxis_inverted()

    def test_many_classes_have_few_ticks_and_no_numbers(self):
        truth = np.tile(np.arange(100), 5)
        axes = axes_of(truth, truth=truth)
        assert not axes.texts
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "25", "50", "75"]


class TestPicture:
    def test_right_is_blue_wrong_is_orange_by_share(self):
        counts = np.array([[90, 10, 0], [0, 100, 0], [30, 0, 70]])
        pixels = picture_of(counts, plot="confusion")
        plot, summary, options = chosen(counts, plot="confusion")
        layout = plot.prepare(summary, options)
        width, height = layout.cell
        corner = np.array(
            [[pixels[2 * (28 + height * row) + 6, 2 * (layout.left + width * column) + 6] for column in range(3)]
             for row in range(3)]
        )  # fmt: skip
        assert near(np.array([corner[place, place] for place in range(3)]), BLUE, 30).all()
        assert (corner[..., 3] > 0).tolist() == (counts > 0).tolist()
        red, _, blue = corner[2, 0][:3]
        assert red > blue
        assert corner[2, 0][3] > corner[0, 1][3] > 0

    @pytest.mark.parametrize("share", [0.02, 0.2, 0.3, 0.45, 0.5, 0.7, 1.0])
    def test_counts_can_be_read_on_both_papers(self, share):
        counts = np.array([[1000, 0], [int(1000 * share), 1000 - int(1000 * share)]])
        pixels = picture_of(counts, plot="confusion", labels=["no", "yes"])
        plot, summary, options = chosen(counts, plot="confusion", labels=["no", "yes"])
        layout = plot.prepare(summary, options)
        width, height = layout.cell
        top, left = 2 * (28 + height), 2 * layout.left
        cell = pixels[top + 6 : top + 2 * height - 4, left + 6 : left + 2 * width - 6].reshape(-1, 4)
        ground = cell[0]
        text = max(cell.tolist(), key=lambda pixel: (pixel[3] - ground[3], sum(pixel[:3])))
        for paper in ((255, 255, 255), (17, 17, 17)):
            seen = [over(tuple(pixel[:3]), pixel[3] / 255, paper) for pixel in (text, ground)]
            assert contrast(*seen) >= 3, (share, paper, text, ground)

    def test_the_worst_confusion_is_framed(self):
        assert not near(picture_of(np.eye(9) * 7, plot="confusion"), ORANGE).any()
        assert near(picture_of(MATRIX), ORANGE).sum() > 60

    def test_many_classes_are_dots_with_the_worst_beside(self):
        truth = np.tile(np.arange(100), 20)
        tops = truth.copy()
        tops[truth == 42] = np.where(np.arange(20) < 15, 17, 42)
        pixels = picture_of(tops, truth=truth)
        plot, summary, options = chosen(tops, truth=truth)
        layout = plot.prepare(summary, options)
        assert layout.lines == ("42 → 17  15×",)
        cell = 2 * layout.cell[0]
        dot = pixels[56 + cell * 42 + 1, 2 * layout.left + cell * 17 + 1]
        assert near(dot[None], ORANGE).all()
        assert pixels[56 + cell * 17 + 1, 2 * layout.left + cell * 42 + 1][3] == 0

    def test_long_names_give_way_to_numbers_above(self):
        truth = np.tile(np.arange(20), 30)
        plot, summary, options = chosen(
            truth, truth=truth, labels=[f"a kind of animal {number}" for number in range(20)]
        )
        assert plot.prepare(summary, options).numbered
        assert not chosen(MATRIX, labels=NAMES)[0].prepare(summarize(MATRIX), TensorDisplay().options()).numbered

    def test_where_most_cells_are_filled_the_smallest_counts_are_not_written_and_that_is_said(self):
        truth = RANDOM.integers(0, 20, 5000)
        tops = np.where(RANDOM.random(5000) < 0.7, truth, RANDOM.integers(0, 20, 5000))
        assert note_of(tops, truth=truth).endswith("counts under 2 % of their row not written")
        assert "written" not in note_of(MATRIX)

    @pytest.mark.parametrize("classes", [2, 10, 20, 21, 100, 200])
    def test_a_card_stays_small(self, classes):
        truth = np.random.default_rng(1).integers(0, classes, 40 * classes)
        tops = np.where(RANDOM.random(len(truth)) < 0.8, truth, RANDOM.integers(0, classes, len(truth)))
        names = [f"class number {number}" for number in range(classes)]
        assert bytes_of(tops, truth=truth, labels=names) <= 40_000
        if classes <= 20:
            assert bytes_of(confusion_matrix(truth, tops), plot="confusion") <= 40_000


def fold_of(value, **options):
    document = compose(value, TensorDisplay().options(**options))
    (fold,) = (block for block in document.blocks if isinstance(block, Fold))
    (table,) = fold.blocks
    return fold, table


def texts_of(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


class TestFold:
    @pytest.mark.parametrize("value", [SHARES, SHARES.argmax(axis=1), MATRIX], ids=["shares", "classes", "matrix"])
    def test_it_holds_the_counts_and_the_recall_of_each_class(self, value):
        given = {} if value is MATRIX else {"truth": TRUTH}
        fold, table = fold_of(value, labels=NAMES, plot="confusion", **given)
        assert table.columns == (*NAMES, "recall")
        assert [row.header for row in table.rows] == list(NAMES)
        texts = texts_of(table)
        assert [list(map(int, row[:-1])) for row in texts] == MATRIX.tolist()
        recalls = recall_score(TRUTH, SHARES.argmax(axis=1), average=None)
        assert [row[-1] for row in texts] == [wording.percent(recall) for recall in recalls]
        of = "" if value is MATRIX else f" of {' × '.join(map(str, value.shape))} values"
        assert fold.summary == f"10 × 10 counts{of}"

    def test_right_is_blue_and_wrong_orange_by_their_share(self):
        _, table = fold_of(SHARES, truth=TRUTH)
        grounds = np.array([row.grounds for row in table.rows])
        shares = MATRIX / MATRIX.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(grounds, np.where(np.eye(10, dtype=bool), shares, -shares))

    def test_many_classes_are_elided_in_the_middle(self):
        truth = np.arange(600) % 60
        shares = predictions(truth, 60)
        _, table = fold_of(shares, truth=truth)
        assert table.columns == ("0", "1", "2", "3", "4", "5", "…", "58", "59", "recall")
        assert [row.header for row in table.rows] == ["0", "1", "2", "3", "4", "5", "⋮", "58", "59"]
        counts = confusion_matrix(truth, shares.argmax(axis=1))
        last = texts_of(table)[-1]
        assert [last[0], last[6], last[8]] == [str(counts[59, 0]), "…", str(counts[59, 59])]
        assert {len(row) for row in texts_of(table)} == {10}

    def test_a_class_without_examples_has_no_recall(self):
        _, table = fold_of(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]] * 1, float), plot="confusion")
        assert [row[-1] for row in texts_of(table)] == ["75.0 %", "100 %", ""]


def test_names_of_24_characters_are_whole_in_a_terminal():
    truth = np.arange(20) % 2
    labels = ["a class of 24 characters", "and another as long, too"]
    predicted = np.eye(2, dtype=np.float32)[1 - truth] * 0.8 + 0.1
    text = render_text(compose(predicted, TensorDisplay().options(truth=truth, labels=labels)))
    for one, other in (labels, labels[::-1]):
        assert f"{one} → {other}  10×" in text
    assert max(map(len, text.splitlines())) <= 80


class TestWords:
    COUNTS = np.array([[50, 3, 0], [10, 37, 0], [0, 0, 0]])

    def test_the_line(self):
        assert line_of(self.COUNTS, plot="confusion", labels=["no", "yes", "never"]) == [
            "right 87 of 100 (87.0 %)", "most confused yes → no (10×)", "lowest recall yes at 78.7 %",
        ]  # fmt: skip
        assert line_of(MATRIX)[0] == f"right {np.trace(MATRIX)} of 360 ({np.trace(MATRIX) / 3.6:.1f} %)"

    def test_all_right_is_said_without_a_worst(self):
        assert line_of(TRUTH, truth=TRUTH) == ["right 360 of 360 (100 %)"]
        assert figure_of(TRUTH, truth=TRUTH).alt == (
            "Confusion matrix of 10 classes, a row a true class: 360 of 360 (100 %) right; nothing confused."
        )

    def test_shares_are_not_called_counts(self):
        shares = MATRIX / MATRIX.sum(axis=1, keepdims=True)
        fields = line_of(shares, plot="confusion")
        assert fields[0] == f"right {np.trace(shares) * 10:.1f} %"
        assert not any("×" in field or "examples" in field for field in fields)

    def test_alt_says_how_much_is_right_and_the_worst(self):
        alt = figure_of(self.COUNTS, plot="confusion").alt
        assert alt == (
            "Confusion matrix of 3 classes, a row a true class: 87 of 100 (87.0 %) right; 1 taken for 0 10×,"
            " 0 taken for 1 3×; lowest recall 1 at 78.7 %."
        )

    def test_text_is_the_worst_confusions(self):
        bars = figure_of(self.COUNTS, plot="confusion").fallback
        assert isinstance(bars, Bars)
        assert [(bar.label, bar.value) for bar in bars.bars] == [("1 → 0", "10×"), ("0 → 1", "3×")]
        off = MATRIX - np.diag(np.diagonal(MATRIX))
        listed = figure_of(MATRIX).fallback
        left = off.sum() - np.sort(off.ravel())[-5:].sum()
        assert listed.rest == f"+ {np.count_nonzero(off) - 5} others, {left}"

    def test_whatever_a_name_holds_is_escaped(self):
        names = ("<b>&", "$x_1$", "שלום", "a\nb", "x" * 60, "", "\u202ered", "日本語", "9", "ten")
        html = mimebundle(MATRIX, TensorDisplay().options(labels=names))["text/html"]
        assert "<b>&amp;" not in html
        assert "\u202e" not in html


def test_small_floats_of_other_libraries_are_read():
    counts = MATRIX.astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(confusion_of(counts).counts, MATRIX)
