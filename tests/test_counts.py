"""How often each class occurs: labels, one-hot targets and other integers, against NumPy's counts."""

from __future__ import annotations

import warnings

import ml_dtypes
import numpy as np
import pytest
from drawn import (
    BLUE,
    axes_of,
    blocks_of,
    bytes_of,
    chosen,
    figure_of,
    line_of,
    near,
    note_of,
    picture_of,
    text_of,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits

import tfnp_ext
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle
from tfnp_ext.document import Bars, Beside, Fields, Figure, Table
from tfnp_ext.errors import OptionError
from tfnp_ext.plots import PLOTS
from tfnp_ext.plots.class_counts import count_classes, leads
from tfnp_ext.plots.pooling import MOST_READ
from tfnp_ext.summary import summarize

DIGITS = load_digits().target
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def counted(value, budget_ms=np.inf, **options):
    return count_classes(summarize(value), TensorDisplay().options(budget_ms=budget_ms, **options))


class TestWhatIsCounted:
    @pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.uint64, np.int8, ml_dtypes.uint4])
    def test_labels_of_any_integer_dtype(self, dtype):
        found = counted(DIGITS.astype(dtype))
        np.testing.assert_array_equal(found.counts, np.bincount(DIGITS))
        assert (found.name(0), found.name(-1)) == ("0", "9")

    def test_a_tensor_and_its_one_hot_targets_count_alike(self, tf):
        labels = tf.constant(DIGITS)
        for dtype in (tf.float32, tf.int32, tf.bfloat16):
            found = counted(tf.one_hot(labels, 10, dtype=dtype))
            np.testing.assert_array_equal(found.counts, counted(labels).counts)

    def test_of_one_hot_targets_every_class_counts_also_an_empty_one(self, tf):
        found = counted(tf.one_hot(DIGITS, 13))
        assert found.counts.tolist() == [*np.bincount(DIGITS).tolist(), 0, 0, 0]
        assert line_of(tf.one_hot(DIGITS, 13))[0] == "classes 10 of 0 … 12"

    def test_labels_begin_where_they_begin(self):
        found = counted(DIGITS + 1)
        assert (found.name(0), found.name(-1)) == ("1", "10")
        np.testing.assert_array_equal(found.counts, np.bincount(DIGITS))

    @pytest.mark.parametrize("size", [MOST_READ - 7, MOST_READ])
    def test_every_one_of_many_counts(self, size):
        values = (np.arange(size) % 1000).astype(np.int16)
        np.testing.assert_array_equal(counted(values).counts, np.bincount(values))

    @pytest.mark.parametrize("dtype", [np.int8, np.uint64])
    def test_in_time_every_one_of_very_many_counts(self, dtype):
        values = (np.arange(2**24) % 100).astype(dtype)[::-1]
        np.testing.assert_array_equal(counted(values).counts, np.bincount(values.astype(np.int64)))
        assert note_of(values, plot="counts", budget_ms=np.inf) == ""

    def test_out_of_time_a_sample_counts_and_says_so(self):
        values = np.repeat(np.arange(8, dtype=np.int8), 2**21)  # sorted by class, as files of a data set are
        found = counted(values, budget_ms=0.0)
        assert found.sampled
        assert (found.seen, found.size) == (2**16, 2**24)
        np.testing.assert_allclose(found.counts / found.seen, 1 / 8, atol=0.1)
        assert note_of(values, plot="counts", budget_ms=0.0) == "shares of a sample: 65 536 of 16 777 216 counted"
        line = line_of(values, plot="counts", budget_ms=0.0)
        assert line[0] == "classes 8 seen, 0 … 7"
        assert line[-1] == "from 65 536 of 16 777 216"
        assert not any(word in " ".join(line) for word in ("fewest", "even share"))
        alt = figure_of(values, plot="counts", budget_ms=0.0).alt
        assert alt.startswith("Column chart, counts of 8 classes in a sample. 0: ")

    def test_of_a_sample_of_targets_no_class_is_said_to_be_the_rarest(self, tf):
        targets = tf.one_hot(np.arange(20_000) % 1000, 1000)
        found = counted(targets, budget_ms=0.0)
        assert (found.seen, found.present, len(found.commonest), len(found.rarest)) == (64, 64, 0, 0)
        line = line_of(targets, budget_ms=0.0)
        assert line[0] == "classes 64 seen, 0 … 999"
        assert [field.split()[0] for field in line] == ["classes", "first", "from"]
        assert line_of(targets, budget_ms=np.inf)[:2] == ["classes 1 000 of 0 … 999", "even share 20"]

    def test_a_strip_of_a_sample_names_a_class_only_if_it_is_far_ahead(self):
        values = np.random.default_rng(0).integers(0, 200, 2**20)
        assert figure_of(values, budget_ms=0.0).alt == (
            "Thin columns, counts of 200 classes in a sample, 0 … 199: none far ahead."
        )
        values[::3] = 17
        assert ": most 17 (33." in figure_of(values, budget_ms=0.0).alt
        assert "fewest" not in figure_of(values, budget_ms=0.0).alt

    def test_classes_that_the_statistics_have_not_seen_are_counted(self):
        values = np.repeat(np.arange(300), 2000)[::-1]
        summary = summarize(values, budget_ms=0.0)
        assert not summary.statistics.exact
        found = count_classes(summary, TensorDisplay().options(budget_ms=np.inf))
        np.testing.assert_array_equal(found.counts, np.bincount(values))

    @given(counts=hnp.arrays(np.int64, st.integers(1, 9), elements=st.integers(0, 10**6)))
    def test_a_lead_is_three_standard_deviations(self, counts):
        second, first = sorted([0, *counts.tolist()])[-2:]
        assert leads(counts) == (first - second > 3 * (first + second) ** 0.5)

    @pytest.mark.parametrize("far", [2**18, 2**40, 2**63])
    def test_numbers_far_apart_are_listed_instead_of_every_one_between(self, far):
        values = np.array([0, far, far, 5] * 20, np.uint64)
        found = counted(values)
        assert found.classes.tolist() == [0, 5, far]
        assert found.counts.tolist() == [20, 20, 40]

    @settings(max_examples=100)
    @given(
        values=st.sampled_from(["bool", "uint8", "int8", "int32", "int64", "uint64"]).flatmap(
            lambda name: hnp.arrays(name, st.integers(1, 300))
        ),
        top=st.sampled_from([None, 1, 7, 400]),
    )
    def test_any_integers_can_be_drawn_and_add_up(self, values, top):
        assume(summarize(values).role != "one-hot")  # of which a vector is one example
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = counted(values)
            assert found.seen == found.size == len(values)
            exact, times = np.unique(values, return_counts=True)
            assert found.counts[np.isin(found.classes, exact)].tolist() == times.tolist()
            block = figure_of(values, plot="counts", top=top)
            assert isinstance(block.fallback, Bars)
            assert axes_of(values, kind="counts", top=top) is not None


class TestWhatSuits:
    def test_labels_and_targets_get_counts(self, tf):
        for value in (tf.constant(DIGITS), tf.one_hot(DIGITS, 10), tf.one_hot(5, 100)):
            assert chosen(value)[0] is PLOTS["counts"]

    def test_other_integers_and_truths_when_asked_for(self):
        for value in (np.arange(300), np.arange(300) % 7 - 3, np.arange(300) % 3 == 0, DIGITS[:5]):
            assert 0 < PLOTS["counts"].suits(summarize(value)) < 0.5

    def test_neither_floats_nor_a_matrix(self):
        for value in (np.arange(300.0), np.arange(300).reshape(30, 10), np.array(["a"]), np.eye(10), np.zeros(0, int)):
            assert PLOTS["counts"].suits(summarize(value)) == 0

    def test_a_few_labels_stay_a_table_with_their_title(self):
        for count in (20, 32, 33, 64):
            document = tfnp_ext.display.compose(DIGITS[:count], TensorDisplay().options())
            assert document.heading.role == "labels"
            assert isinstance(document.blocks[-1], (Table, Beside))
            assert any(isinstance(block, Fields) for block in document.blocks) == (count > 32)
        assert line_of(DIGITS[:64])[0] == "classes 10 of 0 … 9"
        assert any(isinstance(block, Figure) for block in blocks_of(DIGITS[:65]))

    def test_a_short_one_hot_vector_stays_a_table_with_its_title(self, tf):
        for count in (9, 20, 40):
            document = tfnp_ext.display.compose(tf.one_hot(5, count), TensorDisplay().options())
            assert document.heading.role == "one-hot, class 5"
            assert [type(block) for block in document.blocks] == [Table]

    def test_short_scores_are_a_picture_as_logits_are(self):
        scores = 1 / (1 + np.exp(-np.random.default_rng(0).normal(0, 6, 20)))
        assert chosen(scores)[0] is PLOTS["bar"]
        assert any(isinstance(block, Figure) for block in blocks_of(scores))


class TestColumns:
    def test_bars_are_as_tall_as_the_counts(self):
        axes = axes_of(DIGITS)
        assert [bar.get_height() for bar in axes.containers[0]] == np.bincount(DIGITS).tolist()
        assert [tick.get_text() for tick in axes.get_xticklabels()] == [str(digit) for digit in range(10)]
        assert [text.get_text() for text in axes.texts] == [str(count) for count in np.bincount(DIGITS)]

    def test_pixels_stand_in_proportion_and_the_commonest_is_full_ink(self):
        values = np.repeat(np.arange(5), [40, 20, 80, 0, 10])
        pixels = picture_of(values)
        inked = near(pixels, BLUE, 60)
        tall = [int(inked[:, 68 * place + 34].sum()) for place in range(5)]
        assert tall == pytest.approx([52, 26, 104, 0, 13], abs=1)
        strength = [pixels[104, 68 * place + 34, 3] for place in (0, 1, 2)]
        assert strength[2] == 255
        assert max(strength[:2]) < 230

    def test_34_pixels_a_column_and_more_where_a_count_is_wide(self):
        plot, summary, options = chosen(DIGITS)
        assert plot.size(summary, options) == (340, 82)
        plot, summary, options = chosen(np.tile(DIGITS, 1000))
        assert plot.size(summary, options)[0] > 400

    def test_classes_that_are_all_as_frequent_are_not_marked(self):
        found = counted(np.arange(200) % 10)
        assert not len(found.commonest)
        assert line_of(np.arange(200) % 10) == [
            "classes 10 of 0 … 9", "even share 20", "first 0 1 2 3 4 5 6 7 8 9 0 1 …",
        ]  # fmt: skip

    def test_alt_says_all_counts(self):
        counts = ", ".join(f"{digit}: {count}" for digit, count in enumerate(np.bincount(DIGITS)))
        assert figure_of(DIGITS).alt == f"Column chart, counts of 10 classes. {counts}."

    def test_text_is_the_most_frequent_first(self):
        bars = figure_of(DIGITS).fallback
        assert isinstance(bars, Bars)
        assert [(bar.label, bar.value, bar.strong) for bar in bars.bars[:2]] == [
            ("3", "183", True),
            ("1", "182", False),
        ]
        assert bars.rest == "+ 2 others, 351"
        assert len(text_of(DIGITS).splitlines()) <= 13


class TestNames:
    def test_labels_of_the_magic(self, ip, run):
        ip.user_ns.update(y=DIGITS[:256], names=list(NAMES))
        ran = run(ip, "%tonumpy y --labels names")
        assert "⚠" not in ran.text
        assert "classes 10 of 10   most " in ran.text
        assert "airplane" in ran.text

    def test_long_names_are_rows_the_most_frequent_first(self):
        axes = axes_of(DIGITS, labels=NAMES)
        order = np.argsort(-np.bincount(DIGITS), kind="stable")
        assert [tick.get_text() for tick in axes.get_yticklabels()] == [NAMES[digit] for digit in order]
        assert [bar.get_width() for bar in axes.containers[0]] == np.sort(np.bincount(DIGITS))[::-1].tolist()

    def test_names_stand_in_the_line(self):
        assert line_of(DIGITS, labels=NAMES) == [
            "classes 10 of 10", "most cat (183×)", "fewest ship (174×)", "even share 179.7",
            "first airplane, automobile, bird, cat, deer, dog, frog, …",
        ]  # fmt: skip

    def test_a_batch_without_the_last_class_takes_the_names_too(self):
        found = counted(DIGITS[DIGITS < 8], labels=NAMES)
        assert found.counts.tolist() == [*np.bincount(DIGITS)[:8].tolist(), 0, 0]
        assert found.name(-1) == "truck"

    def test_too_few_names_are_counted(self):
        with pytest.raises(OptionError, match="9 labels for 10 classes"):
            counted(DIGITS, labels=NAMES[:9])

    def test_numbers_below_0_have_no_names(self):
        with pytest.raises(OptionError, match=r"classes from 0 on, the values have classes -1 … 8"):
            counted(DIGITS - 1, labels=NAMES)

    def test_names_that_are_only_configured_are_used_where_they_fit(self):
        display = TensorDisplay(labels=list(NAMES))
        assert count_classes(summarize(DIGITS), display.options()).name(3) == "cat"
        assert count_classes(summarize(DIGITS % 4), display.options()).name(3) == "3"

    def test_a_dict_names_some_and_the_rest_are_numbers(self):
        found = counted(DIGITS + 1, labels={1: "one", 10: "ten"})
        assert [found.name(place) for place in (0, 1, 9)] == ["one", "2", "ten"]

    def test_a_few_labels_with_names_get_their_picture(self):
        assert any(isinstance(block, Figure) for block in blocks_of(DIGITS[:30], labels=NAMES))

    def test_whatever_a_name_holds_is_drawn_and_escaped(self):
        names = ("<b>&", "$x_1$", "שלום", "a\nb", "x" * 60, "", "\u202ered", "日本語", "9", "ten")
        html = mimebundle(DIGITS, TensorDisplay().options(labels=names))["text/html"]
        assert "<b>&amp;" not in html
        assert "&lt;b>&amp;" in html or "&lt;b&gt;&amp;" in html
        assert picture_of(DIGITS, labels=names).size
        axes = axes_of(DIGITS, labels=("$x_1$", *names[:2], *NAMES[3:]))
        assert not any(tick.get_parse_math() for tick in axes.get_yticklabels())


class TestManyClasses:
    MANY = np.concatenate([np.tile(np.arange(100), 4), np.repeat(17, 40), np.arange(0, 100, 2), np.arange(3, 100)])

    def test_21_to_200_are_a_strip_with_the_commonest_and_the_rarest_named(self):
        counts = np.bincount(self.MANY)
        axes = axes_of(self.MANY)
        assert [bar.get_height() for bar in axes.containers[0]] == counts.tolist()
        written = {place: text.get_text() for place, text in enumerate(axes.texts) if text.get_text()}
        assert written == {1: "1 (4×)", 17: "17 (45×)"}
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "99", "25", "50", "75"]
        alt = figure_of(self.MANY).alt
        assert alt == "Thin columns, counts of 100 classes, 0 … 99: most 17 (45×), fewest 1 (4×)."

    def test_the_pixels_of_a_strip_stand_in_proportion(self):
        inked = near(picture_of(self.MANY), BLUE, 60)
        tall = np.array([inked[:112, 24 + 12 * place + 5].sum() for place in range(100)])
        np.testing.assert_allclose(tall / 104, np.bincount(self.MANY) / 45, atol=0.02)

    @pytest.mark.parametrize("classes", [21, 50, 137, 200])
    def test_a_strip_fits_and_the_rarest_leaves_ink(self, classes):
        values = np.concatenate([np.tile(np.arange(classes), 4), np.repeat(3, 100_000)])
        step = min(12, 600 // classes) * 2
        inked = near(picture_of(values), BLUE, 60)[:112]
        columns = [inked[:, 24 + step * place : 24 + step * (place + 1)].any() for place in range(classes)]
        assert all(columns)

    def test_more_are_the_most_frequent_as_rows_and_the_rest(self):
        values = np.concatenate(
            [np.tile(np.arange(1000), 4), np.repeat([7, 500, 3, 990, 41, 8], [60, 50, 40, 30, 20, 10])]
        )
        axes = axes_of(values)
        assert [tick.get_text() for tick in axes.get_yticklabels()] == ["7", "500", "3", "990", "41"]
        assert [bar.get_width() for bar in axes.containers[0]] == [64, 54, 44, 34, 24]
        assert axes.get_xlabel() == "+ 995 others, 3 990"
        alt = figure_of(values).alt
        assert alt.startswith("Bar chart, counts of the 5 most frequent of 1 000 classes. 7: 64, 500: 54")
        assert alt.endswith("995 others, 3 990.")

    def test_top_says_how_many_rows(self):
        assert len(axes_of(DIGITS, top=3).containers[0]) == 3
        assert axes_of(DIGITS, top=3).get_xlabel() == "+ 7 others, 1 250"

    def test_many_long_names_are_rows(self):
        axes = axes_of(self.MANY, labels=[f"class {index}" for index in range(100)])
        assert axes.get_yticklabels()[0].get_text() == "class 17"


class TestTheLine:
    def test_it_is_in_the_order_of_the_design(self):
        labels = np.array([8, 7, 7, 9, 3, 4, 3, 7, 3, 5, 6, 6, 1, 1, 1, 1, 0, 2, 2, 0, 0] * 5)
        assert line_of(labels) == [
            "classes 10 of 0 … 9", "most 1 (20×)", "fewest 4, 5, 8, … (5×)", "even share 10.5",
            "first 8 7 7 9 3 4 3 7 3 5 6 6 …",
        ]  # fmt: skip

    def test_of_one_target_it_is_its_class(self, tf):
        assert line_of(tf.one_hot(5, 100)) == ["class 5 of 0 … 99"]

    def test_it_follows_the_picture_asked_for(self):
        values = np.arange(300) % 7 - 3
        assert line_of(values)[0].startswith("min -3")
        assert line_of(values, plot="counts")[0] == "classes 7 of -3 … 3"
        assert line_of(values > 0, plot="counts")[:2] == ["classes 2 of False … True", "most False (172×)"]


@pytest.mark.parametrize("classes", [10, 20, 100, 1000])
def test_a_card_stays_small(classes):
    values = np.random.default_rng(0).integers(0, classes, 50 * classes)
    assert bytes_of(values) < 20_000


def test_memory_is_bounded(tf):
    import tracemalloc

    labels = np.random.default_rng(0).integers(0, 10, 20_000_000, dtype=np.int32)
    for summary in (summarize(labels), summarize(labels[: MOST_READ - 1]), summarize(labels[: 2**20].astype(np.uint8))):
        tracemalloc.start()
        count_classes(summary, TensorDisplay().options())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 16 * 2**20
