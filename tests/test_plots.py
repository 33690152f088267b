"""Plots: what their artists hold, what their pixels show, what their words say."""

from __future__ import annotations

import dataclasses
import io
import math
import subprocess
import sys
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import ml_dtypes
import numpy as np
import pytest
from drawn import BLUE, MAGENTA, ORANGE, near, pixels_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image

from tfnp_ext import plots, wording
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.document import Bars, Beside, Document, Figure, Heading, Picture, Table, Tiles
from tfnp_ext.errors import OptionError
from tfnp_ext.formats import render_html, render_text
from tfnp_ext.plots import PLOTS, Plot, choose_plot, register_plot
from tfnp_ext.plots.base import near_one, prepared_once
from tfnp_ext.plots.batches import read_batch
from tfnp_ext.plots.decimation import read_curve
from tfnp_ext.plots.images import tile_columns, to_pixels
from tfnp_ext.plots.pooling import MOST_READ, cell_size, pool
from tfnp_ext.plots.sheet import Sheet
from tfnp_ext.plots.tracks import index_ticks
from tfnp_ext.statistics import compute_statistics
from tfnp_ext.summary import Summary, softmax, with_softmax

OPTIONS = TensorDisplay().options()
NAMES = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

DIGIT = np.array(
    [0.001404, 0.000662, 0.000004, 0.000743, 0.615775, 0.182457, 0.000554, 0.094109, 0.004002, 0.100289], np.float32
)
LOGITS = np.array([-2.1, -2.8, -7.88, -2.7, 4.0, 2.78, -3.0, 2.1, -1.0, 2.2], np.float32)


def options(**changes):
    return dataclasses.replace(OPTIONS, **changes)


def summary_of(values, role, limits=None, statistics=True):
    found = compute_statistics(values) if statistics else None
    return Summary("Tensor", values.shape, str(values.dtype), statistics=found, role=role, drawn=values, limits=limits)


def batch(examples, classes, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(examples, classes))
    logits[np.arange(examples), generator.integers(0, classes, examples)] += generator.uniform(1, 9, examples)
    return softmax(logits).astype(np.float32)


def axes_of(values, role, plot=None, limits=None, **changes):
    chosen = options(**changes, **({"plot": plot} if plot else {}))
    summary = summary_of(values, role, limits)
    axes = MatplotlibFigure().add_subplot()
    choose_plot(summary, chosen).draw(axes, summary, chosen)
    FigureCanvasAgg(axes.figure).draw()
    return axes


def block_of(values, role, limits=None, **changes):
    chosen = options(**changes)
    summary = summary_of(values, role, limits)
    (block,) = choose_plot(summary, chosen).blocks(summary, chosen)
    return block


def picture_of(values, role, **changes):
    picture = block_of(values, role, **changes).draw()
    assert isinstance(picture, Picture)
    return picture


class TestChoice:
    @pytest.mark.parametrize(
        ("shape", "role", "name"),
        [
            ((10,), "probabilities", "bar"),
            ((10,), "logits", "bar"),
            ((32, 10), "probability batch", "heatmap"),
            ((30, 40), "matrix", "heatmap"),
            ((28, 28), "image", "image"),
            ((4, 28, 28, 3), "images", "grid"),
            ((100,), "series", "line"),
            ((2, 3, 4, 5), "other", "histogram"),
            ((3, 3, 4, 5), "kernel", "filters"),
        ],
    )
    def test_the_role_decides(self, shape, role, name):
        values = np.arange(math.prod(shape), dtype=float).reshape(shape)
        assert choose_plot(summary_of(values, role), OPTIONS).name == name

    def test_one_value_many_times_has_no_histogram(self):
        assert choose_plot(summary_of(np.zeros((2, 3, 4, 5)), "other"), OPTIONS) is None

    @pytest.mark.parametrize("role", ["values", "scalar"])
    def test_small_values_have_no_picture(self, role):
        assert choose_plot(summary_of(np.ones(3), role), OPTIONS) is None

    @pytest.mark.parametrize("drawn", [None, np.array(["a"]), np.zeros(0), np.zeros(0, complex)])
    def test_what_is_not_numbers_has_none(self, drawn):
        summary = Summary("Tensor", (3,), "string", role="other", drawn=drawn)
        assert choose_plot(summary, OPTIONS) is None
        assert all(plot.suits(summary) == 0 for plot in PLOTS.values())

    def test_none_is_none_and_a_name_wins(self):
        summary = summary_of(DIGIT, "probabilities")
        assert choose_plot(summary, options(plot="none")) is None
        assert choose_plot(summary, options(plot="histogram")).name == "histogram"

    def test_an_unfit_plot_names_the_value_and_the_fit_ones(self):
        with pytest.raises(
            OptionError, match=r"^plot image cannot draw Tensor \(10,\) float32: bar, histogram, line can$"
        ):
            choose_plot(summary_of(DIGIT, "probabilities"), options(plot="image"))

    def test_an_unknown_plot_names_those_there_are(self):
        with pytest.raises(OptionError, match=r"no plot named 'pie'; there are auto, none, .*heatmap"):
            choose_plot(summary_of(DIGIT, "probabilities"), options(plot="pie"))

    def test_softmax_makes_probabilities_of_any_vector(self):
        summary = with_softmax(summary_of(LOGITS, "logits"))
        expected = np.exp(LOGITS) / np.exp(LOGITS).sum()
        alt = choose_plot(summary, OPTIONS).alt(summary, OPTIONS)
        assert alt.startswith(f"Column chart of 10 class probabilities. 4: {expected[4] * 100:.1f} %")
        summary = with_softmax(summary_of(np.stack([LOGITS] * 20), "matrix"))
        assert choose_plot(summary, OPTIONS).alt(summary, OPTIONS).count("20×4") == 1


def test_truth_values_are_all_counted():
    values = np.random.default_rng(0).random(300_000) > 0.7
    summary = summary_of(values, "other")
    plot = PLOTS["histogram"]
    found = plot.prepare(summary, OPTIONS)
    assert found.counts == (int((~values).sum()), int(values.sum()))
    assert (found.word(0), found.word(1)) == ("False", "True")
    assert plot.note(summary, OPTIONS) == ""
    assert plot.alt(summary, OPTIONS).startswith("Histogram from False to True, most often False, ")


def test_softmax_of_large_logits_is_exact():
    np.testing.assert_allclose(softmax(np.array([1e4, 1e4 - 1, -1e4])), [0.731059, 0.268941, 0], atol=1e-6)
    np.testing.assert_allclose(softmax(np.array([[1.0, 2, 3], [1e300, 0, 0]])).sum(axis=1), 1)


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16", "int32"])
@pytest.mark.parametrize("shape", [(3, 1_500_000), (500_000, 10), (4_500_000,)], ids=str)
def test_softmax_of_very_many_logits_is_float32(name, shape):
    import ml_dtypes

    logits = (np.random.default_rng(0).normal(size=shape) * 30 + 1e4).astype(getattr(ml_dtypes, name, name))
    found = softmax(logits)
    assert found.dtype == np.float32
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(found, powers / powers.sum(axis=-1, keepdims=True), rtol=1e-6, atol=1e-37)


def test_softmax_of_very_many_logits_has_its_card():
    logits = np.random.default_rng(0).normal(size=(32, 200_000)).astype(np.float32)
    logits[5, 7] = 30.0
    summary = with_softmax(summary_of(logits, "matrix"))
    assert (summary.role, summary.title) == ("probability batch", "softmax of logits, 32 examples × 200 000 classes")
    assert "1×7" in choose_plot(summary, OPTIONS).alt(summary, OPTIONS)
    turned = with_softmax(summary_of(np.asfortranarray(logits), "matrix"))
    np.testing.assert_array_equal(turned.drawn, summary.drawn)


class TestRegistry:
    @pytest.fixture(autouse=True)
    def restored(self, monkeypatch):
        monkeypatch.setattr(plots.base, "PLOTS", dict(PLOTS))

    def test_a_registered_plot_is_chosen_and_drawn_from_draw_alone(self):
        @register_plot
        class Dots(Plot):
            name = "dots"

            def suits(self, summary):
                return 1.0

            def size(self, summary, options):
                return 120, 60

            def alt(self, summary, options):
                return "Dots."

            def draw(self, axes, summary, options, style=plots.STYLE):
                axes.plot(summary.drawn, "o", color=style.blue)

        summary = summary_of(DIGIT, "probabilities")
        assert choose_plot(summary, OPTIONS).name == "dots"
        (block,) = choose_plot(summary, OPTIONS).blocks(summary, OPTIONS)
        assert near(pixels_of(block.draw()), BLUE).any()
        before = dict(plots.base.PLOTS)
        register_plot(Dots)
        assert plots.base.PLOTS.keys() == before.keys()

    @pytest.mark.parametrize(
        ("suits", "why"),
        [
            (lambda self, summary: 1 / 0, "ZeroDivisionError: division by zero"),
            (lambda self, summary: summary.shape[7], "IndexError: tuple index out of range"),
            (lambda self, summary: None, "TypeError: float() argument must be"),
        ],
        ids=["division", "index", "nothing"],
    )
    def test_a_plot_that_fails_to_say_what_it_suits_spoils_no_card(self, suits, why):
        register_plot(type("Faulty", (plots.BarPlot,), {"name": "faulty", "suits": suits}))
        summary = summary_of(DIGIT, "probabilities")
        assert choose_plot(summary, OPTIONS).name == "bar"
        assert "faulty" not in plots.base.able_plots(summary, OPTIONS)
        with pytest.raises(OptionError, match=r"^plot faulty fails to say whether it suits ") as refused:
            choose_plot(summary, options(plot="faulty"))
        assert why in str(refused.value)

    def test_a_plot_that_suits_not_a_number_is_not_drawn(self):
        register_plot(type("Odd", (plots.BarPlot,), {"name": "odd", "suits": lambda self, summary: math.nan}))
        assert choose_plot(summary_of(DIGIT, "probabilities"), OPTIONS).name == "bar"

    @pytest.mark.parametrize("name", ["", "auto", "none", "two words", None])
    def test_an_unusable_name_is_refused(self, name):
        with pytest.raises(TypeError, match="name has to be"):
            register_plot(type("Bad", (plots.BarPlot,), {"name": name}))

    def test_only_plots_are_taken(self):
        with pytest.raises(TypeError, match="subclass of Plot"):
            register_plot(dict)
        with pytest.raises(TypeError, match="abstract"):
            register_plot(type("Half", (Plot,), {"name": "half"}))


class TestBars:
    def test_bars_are_as_tall_as_the_numbers(self):
        axes = axes_of(DIGIT, "probabilities")
        assert [bar.get_height() for bar in axes.containers[0]] == pytest.approx(DIGIT.tolist())
        assert [tick.get_text() for tick in axes.get_xticklabels()] == [str(index) for index in range(10)]
        assert axes.containers[0][4].get_facecolor() == to_rgba("#3a7dc0")
        assert axes.containers[0][5].get_facecolor() == to_rgba("#3a7dc0cc")

    def test_rows_hold_the_largest_and_the_rest(self):
        axes = axes_of(DIGIT, "probabilities", labels=NAMES, top=5)
        assert [bar.get_width() for bar in axes.containers[0]] == pytest.approx(np.sort(DIGIT)[::-1][:5].tolist())
        assert [tick.get_text() for tick in axes.get_yticklabels()] == ["deer", "dog", "truck", "horse", "ship"]
        assert axes.get_xlabel() == "5 others 0.3 %"

    def test_negative_logits_are_orange_and_hang(self):
        axes = axes_of(LOGITS, "logits")
        for bar, value in zip(axes.containers[0], LOGITS.tolist(), strict=True):
            assert bar.get_height() == pytest.approx(value)
            assert bar.get_facecolor()[:3] == to_rgba("#c0631a" if value < 0 else "#3a7dc0")[:3]

    def test_the_pixels_stand_in_proportion(self):
        pixels = pixels_of(picture_of(DIGIT, "probabilities"))
        blue = near(pixels, BLUE)
        heights = [blue[:, 68 * index + 34].sum() for index in range(10)]
        assert heights[4] == pytest.approx(104, abs=2)
        assert heights[5] / heights[4] == pytest.approx(DIGIT[5] / DIGIT[4], abs=0.03)
        assert heights[2] == 0

    def test_negative_pixels_lie_below_the_baseline(self):
        pixels = pixels_of(picture_of(LOGITS, "logits"))
        assert np.nonzero(near(pixels, ORANGE))[0].min() > np.nonzero(near(pixels, BLUE))[0].max()

    @pytest.mark.parametrize(
        ("values", "role", "changes", "alt"),
        [
            (DIGIT, "probabilities", {}, "Column chart of 10 class probabilities. 4: 61.6 %, 5: 18.2 %, 9: 10.0 %."),
            (
                DIGIT,
                "probabilities",
                {"labels": NAMES, "top": 2},
                "Bar chart, top 2 of 10 class probabilities. deer: 61.6 %, dog: 18.2 %.",
            ),
            (
                LOGITS,
                "logits",
                {},
                "Column chart of 10 logits around zero. Highest 4: 4.00, then 5: 2.78; lowest 2: -7.88.",
            ),
            (
                np.array([1, np.nan, np.inf, 3.0]),
                "values",
                {"plot": "bar"},
                "Column chart of 4 values. Highest 3: 3.00, then 0: 1.00. 2 values not finite.",
            ),
        ],
    )
    def test_alt_says_the_answer(self, values, role, changes, alt):
        assert block_of(values, role, **changes).alt == alt

    def test_text_lists_the_largest_first(self):
        bars = block_of(DIGIT, "probabilities").fallback
        assert isinstance(bars, Bars)
        assert [bar.label for bar in bars.bars] == ["4", "5", "9", "7", "8"]
        assert [bar.value for bar in bars.bars] == ["61.6 %", "18.2 %", "10.0 %", "9.4 %", "0.4 %"]
        assert [bar.strong for bar in bars.bars] == [True, False, False, False, False]
        assert bars.bars[1].length == pytest.approx(DIGIT[5] / DIGIT[4])
        assert bars.rest == "5 others 0.3 %"

    def test_text_of_a_few_logits_keeps_their_order(self):
        (row,) = block_of(LOGITS, "logits").fallback.rows
        assert [float(cell.text) for cell in row.cells] == pytest.approx(LOGITS.tolist(), rel=5e-3)
        assert [cell.framed for cell in row.cells].index(True) == int(LOGITS.argmax())

    def test_text_of_many_logits_keeps_their_sign(self):
        bars = block_of(np.concatenate([LOGITS] * 3), "logits", top=30).fallback
        assert bars.bars[-1].length == -1
        assert bars.rest == ""

    def test_up_to_eight_probabilities_are_columns_of_text(self):
        block = block_of(np.array([0.098, 0.652, 0.054, 0.196], np.float32), "probabilities")
        assert isinstance(block, Bars)
        assert block.columns
        assert [bar.value for bar in block.bars] == ["9.8 %", "65.2 %", "5.4 %", "19.6 %"]
        assert isinstance(block_of(np.full(9, 1 / 9), "probabilities"), Figure)

    def test_without_pictures_the_text_stands(self):
        block = block_of(DIGIT, "probabilities", plots=False)
        assert block.draw is None
        assert isinstance(block.fallback, Bars)

    def test_many_classes_are_the_top_five(self):
        axes = axes_of(batch(1, 1000)[0], "probabilities")
        assert len(axes.containers[0]) == 5
        assert axes.get_xlabel().startswith("995 others ")

    @pytest.mark.parametrize("dtype", [np.float32, np.int64, ml_dtypes.bfloat16])
    def test_of_a_million_values_the_largest_and_the_rest_are_numpy_s(self, dtype):
        values = (np.random.default_rng(0).normal(size=1_000_000) * 1000).astype(dtype)
        exact = values.astype(np.float64)
        order = np.argsort(-exact, kind="stable")
        summary = summary_of(values, "values")
        chosen = choose_plot(summary, options(plot="bar", top=7))
        chart = chosen.prepare(summary, options(plot="bar", top=7))
        assert chart.values.tolist() == exact[order[:7]].tolist()
        assert chart.names == tuple(map(str, order[:7]))
        low, high = (wording.number(float(exact[order[place]])) for place in (-1, 7))
        assert chart.rest == f"999 993 others {low} … {high}"
        assert chosen.picture(summary, options(plot="bar", top=7)).data

    @settings(deadline=None)
    @given(
        hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)),
        st.integers(1, 70),
    )
    def test_largest_in_blocks_are_those_of_the_whole(self, values, count):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plots.bars, "_BLOCK", 7)
            found = plots.bars._largest(values, count)
            left = [part.tolist() for part in plots.bars._without(values, found)]
        known = np.where(np.isnan(values), -np.inf, values.astype(np.float64))
        np.testing.assert_array_equal(known[found], -np.sort(-known)[:count])
        assert len(set(found.tolist())) == min(count, len(values))
        assert sum(map(len, left)) == len(values) - len(found)

    def test_what_is_not_finite_is_marked(self):
        values = np.array([1, 2, np.nan, -3, np.inf, -np.inf, 0])
        axes = axes_of(values, "values", plot="bar")
        assert [(line.get_marker(), line.get_xdata()[0]) for line in axes.lines[1:]] == [("x", 2), ("^", 4), ("v", 5)]
        magenta = near(pixels_of(picture_of(values, "values", plot="bar")), MAGENTA)
        assert [magenta[:, 68 * index : 68 * (index + 1)].any() for index in range(7)] == [
            False, False, True, False, True, True, False,
        ]  # fmt: skip


class TestNamesWithoutAFont:
    @pytest.mark.parametrize("name", ["\U00012000", "a\U00013080", "naïve \U00012000"])
    def test_bars_are_text_that_the_page_writes_itself(self, name):
        names = (name, *"bcdefghij")
        figure = block_of(DIGIT, "probabilities", labels=names)
        assert figure.draw is None
        assert [bar.label for bar in figure.fallback.bars] == [names[at] for at in np.argsort(-DIGIT)]
        assert figure.fallback.bars[0].length == 1.0
        assert name in render_html(Document(Heading("Tensor"), (figure,)))

    @pytest.mark.parametrize("name", ["cat", "naïve", "kočka", "собака", "αβγ"])
    def test_names_that_a_font_has_are_drawn(self, name):
        assert block_of(DIGIT, "probabilities", labels=(name, *"bcdefghij")).draw is not None


class TestLabels:
    WILD = (
        "$x_1$",
        "<b>&",
        "שלום",
        "العربية",
        "🐈 cat",
        "日本語",
        "a\nb\tc",
        "x" * 60,
        "",
        "\ud800q",
        "\u202ered",
        "naïve",
    )

    def test_any_label_is_drawn_without_a_word(self, capfd):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            summary = summary_of(batch(1, 12)[0], "probabilities")
            picture = PLOTS["bar"].picture(summary, options(labels=self.WILD))
        assert picture.width < 420
        assert capfd.readouterr() == ("", "")

    def test_each_label_leaves_ink_of_its_own(self):
        wide, narrow = ({"labels": (name,) + ("a",) * 9, "top": 9} for name in ("$x_1$", "x"))
        assert picture_of(DIGIT, "probabilities", **wide).width > picture_of(DIGIT, "probabilities", **narrow).width

    def test_ticks_say_dollars_as_dollars(self):
        axes = axes_of(batch(1, 12)[0], "probabilities", labels=self.WILD[:4] + ("ok",) * 8)
        assert "$x_1$" in [tick.get_text() for tick in axes.get_yticklabels()]
        assert not any(tick.get_parse_math() for tick in axes.get_yticklabels())

    def test_labels_become_one_short_printable_line(self):
        names = ("a\nb\tc", "\u202ered\x00", "x" * 60, *"defghij")
        axes = axes_of(DIGIT, "probabilities", labels=names, top=10)
        assert {tick.get_text() for tick in axes.get_yticklabels()} == {
            "a↵b⇥c", "\\u202ered\\x00", f"{'x' * 12}…{'x' * 11}", *"defghij",
        }  # fmt: skip

    def test_a_label_is_written_alike_in_bars_and_in_the_line_of_numbers(self):
        for label, written in (("x\x1b[31mred", "x\\x1b[31mred"), ("a\nb", "a↵b")):
            text = render_text(compose(DIGIT, options(labels=("0", "1", "2", "3", label, *"56789"))))
            assert f"top {written} at" in text
            assert f"▸{written}" in text.replace(" ", "")


class TestNamesOfClasses:
    """They take the room that examples leave."""

    @pytest.mark.parametrize(("examples", "classes", "whole"), [
        (5, 4, True), (8, 10, False), (9, 10, True), (20, 10, True), (48, 10, False), (500, 10, False),
    ])  # fmt: skip
    def test_long_ones_are_whole_where_there_is_room(self, examples, classes, whole):
        names = [f"{number}: a name of 22 in all" for number in range(classes)]
        shares = np.random.default_rng(0).dirichlet(np.ones(classes), examples)
        batch = read_batch(shares, TensorDisplay().options(labels=names))
        assert {len(name) for name in batch.names} == {22 if whole else 14}
        assert len(set(batch.names)) == classes
        assert batch.width <= 830
        assert len(batch.values) == examples or not whole


class TestBatch:
    def test_the_map_holds_every_probability(self):
        values = batch(32, 10)
        image = axes_of(values, "probability batch").images[0].get_array()
        assert image.shape == (10, 32, 4)
        np.testing.assert_allclose(image[..., 3], values.T**0.8, rtol=1e-5)

    def test_each_top_class_is_framed(self):
        values = batch(32, 10)
        frames = axes_of(values, "probability batch").patches
        found = [(round(frame.get_x() + 0.5), round(frame.get_y() + 0.5)) for frame in frames]
        assert found == list(enumerate(values.argmax(axis=1).tolist()))

    def test_alt_counts_answers_and_names_the_unsure(self):
        values = np.full((20, 10), 0.01, np.float32)
        values[np.arange(20), 7] = 0.91
        values[3] = [0.4, 0.3, 0.3, 0, 0, 0, 0, 0, 0, 0]
        alt = block_of(values, "probability batch").alt
        assert "Predicted: 1×0, 19×7. Unsure (below 50 %): #3 0." in alt

    def test_unsure_columns_are_orange(self):
        values = np.full((20, 10), 0.01, np.float32)
        values[:, 7] = 0.91
        assert not near(pixels_of(picture_of(values, "probability batch")), ORANGE).any()
        values[3] = [0.4, 0.3, 0.3, 0, 0, 0, 0, 0, 0, 0]
        columns = np.nonzero(near(pixels_of(picture_of(values, "probability batch")), ORANGE).any(axis=0))[0]
        left = 32 + 3 * 36
        assert left <= columns.min()
        assert columns.max() <= left + 36

    def test_the_cell_of_the_answer_is_blue(self):
        values = np.zeros((20, 10), np.float32)
        values[:, 7] = 1
        pixels = pixels_of(picture_of(values, "probability batch"))
        middles = pixels[84 + 22 * np.arange(10) + 11, 32 + 5 * 36 + 18]
        assert near(middles, BLUE).tolist() == [row == 7 for row in range(10)]

    def test_long_batches_and_many_classes_are_cut_and_said(self):
        summary = summary_of(batch(500, 1000), "probability batch")
        plot = choose_plot(summary, OPTIONS)
        note = plot.note(summary, OPTIONS)
        assert note.startswith("the first ")
        assert note.endswith("of 500 examples drawn; only the 20 of 1 000 classes predicted most often")
        assert plot.size(summary, OPTIONS)[0] <= 845
        few = summary_of(batch(32, 10), "probability batch")
        assert plot.note(few, OPTIONS) == ""

    def test_how_often_counts_all_examples_or_says_which(self):
        values = batch(1000, 10)
        alt = block_of(values, "probability batch").alt
        counts = np.bincount(values.argmax(axis=1), minlength=10)
        assert alt.startswith("Heat map, one column per example of the first 171 of 1 000, one row per class; ")
        predicted = ", ".join(f"{count}×{name}" for name, count in enumerate(counts) if count)
        assert f"Predicted of all 1 000: {predicted}." in alt
        many = choose_plot(summary_of(batch(30_000, 10), "probability batch"), OPTIONS)
        prepared = many.prepare(summary_of(batch(30_000, 10), "probability batch"), OPTIONS)
        assert not prepared.counted
        assert prepared.often.sum() == len(prepared.values)

    @pytest.mark.parametrize("examples", [9, 32, 40, 48, 49, 170, 400])
    def test_it_fits_a_notebook(self, examples):
        assert picture_of(batch(examples, 10), "probability batch").width <= 845

    def test_a_few_vectors_are_a_table(self):
        values = np.array([[0.878, 0.048, 0.0149, 0.0591], [0.168, 0.306, 0.374, 0.152], [0, 0.0003, 0.9997, 0]])
        table = block_of(values, "probability batch", labels=("cat", "dog", "deer", "frog"))
        assert isinstance(table, Table)
        assert table.compact
        assert table.columns[:4] == ("cat", "dog", "deer", "frog")
        first, second, third = table.rows
        assert [cell.text for cell in first.cells] == ["0.878", "0.048", "0.015", "0.059", "cat"]
        assert [cell.text for cell in second.cells[-1:]] == ["deer"]
        assert [span.text for span in second.cells[-1].after] == ["37.4 %", "?"]
        assert second.cells[-1].after[-1].tone == "unsure"
        assert [cell.text for cell in third.cells[:4]] == ["0", "<.001", ">.999", "0"]
        assert [cell.framed for cell in second.cells[:4]] == [False, False, True, False]
        assert first.cells[0].ground == pytest.approx(0.878)

    def test_few_examples_of_many_classes_are_a_line_each_in_a_terminal(self):
        values = batch(7, 10)
        lines = render_text(compose(values, OPTIONS)).splitlines()
        assert max(map(len, lines)) <= 80
        assert lines[-8].split() == ["0123456789", "top", "at"]
        tops = values.argmax(axis=1)
        assert [line.split()[0] for line in lines[-7:]] == list("0123456")
        assert [line.split()[2] for line in lines[-7:]] == list(map(str, tops))
        few = render_text(compose(batch(3, 4), OPTIONS))
        assert "0123" not in few
        assert f"{batch(3, 4)[0, 0]:.3f}" in few

    def test_text_is_a_line_an_example(self):
        table = block_of(batch(32, 10), "probability batch").fallback
        assert table.columns[:3] == ("0123456789", "top", "at")
        assert len(table.rows) == 7
        assert len(table.rows[0].cells[0].text) == 10
        assert set(table.rows[0].cells[0].text) <= set("·▁▂▃▄▅▆▇█")
        assert table.rows[-1].cells[0].text == "26 more"

    def test_names_too_wide_for_a_column_are_numbers_below_and_beside(self, monkeypatch):
        written = []
        write = Sheet.text
        monkeypatch.setattr(Sheet, "text", lambda self, *args: written.append(args[2]) or write(self, *args))
        names = ("airplane", "automobile", *"cdefghij")
        values = batch(32, 10)
        summary = summary_of(values, "probability batch")
        with_names = options(labels=names)
        prepared = PLOTS["heatmap"].prepare(summary, with_names)
        assert prepared.numbered
        assert prepared.written
        assert PLOTS["heatmap"].picture(summary, with_names).width <= 845
        tops = values.argmax(axis=1)
        # Below the columns, beside the rows; what else is written in digits are the counts.
        counts = [str(count) for count in np.bincount(tops, minlength=10) if count]
        assert sorted(word for word in written if word.isdigit()) == sorted(
            [*map(str, tops), *map(str, range(10)), *counts, "1"]
        )
        assert [word for word in written if word in names] == [*names, *names]
        short = options(labels=tuple("abcdefghij"))
        assert not PLOTS["heatmap"].prepare(summary, short).numbered

    def test_rows_without_numbers_are_marked(self):
        values = batch(32, 10)
        values[3] = np.nan
        assert "1 example without numbers, marked ×" in block_of(values, "probability batch").alt
        assert near(pixels_of(picture_of(values, "probability batch")), MAGENTA).any()


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000))
def test_cells_of_a_map_fit_and_lie_as_the_matrix_does(rows, columns):
    block = -(-rows // 64), -(-columns // (128 if columns >= 2 * rows else 64))
    cells = -(-rows // block[0]), -(-columns // block[1])
    width, height = cell_size(cells, block, (384, 144))
    wide, high = width * cells[1], height * cells[0]
    assert min(width, height) >= 2
    assert wide <= 384
    assert high <= 144
    if block == (1, 1) and min(rows, columns) >= 32:
        assert width == height
    # What is much higher than wide, or wider than high, is drawn so too, but for what there is no room for.
    if rows >= 2 * columns:
        assert wide <= 1.3 * high
    if columns >= 2 * rows:
        assert high <= wide


class TestMatrix:
    @pytest.mark.parametrize("shape", [(10, 10), (64, 64), (65, 63), (1000, 1000), (7, 501)])
    @pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16, np.int32, bool])
    def test_cells_are_the_means_of_their_blocks(self, shape, dtype):
        values = (np.random.default_rng(0).normal(size=shape) * 9).astype(dtype)
        block = (-(-shape[0] // 64), -(-shape[1] // 64))
        exact = values.astype(np.float64)
        expected = [
            [exact[row : row + block[0], column : column + block[1]].mean() for column in range(0, shape[1], block[1])]
            for row in range(0, shape[0], block[0])
        ]
        np.testing.assert_allclose(pool(values, block).means, expected, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("shape", [(65, 63), (7, 501), (4000, 3000)])
    def test_the_order_of_memory_does_not_matter(self, shape):
        values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        values[3, 5], values[6, 60], values[-1, -1] = np.nan, np.inf, -np.inf
        block = (-(-shape[0] // 64), -(-shape[1] // 64))
        plain, turned = pool(values, block), pool(np.asfortranarray(values), block)
        assert plain.shape == turned.shape == shape
        names = ("means", "extremes", "nans", "highs", "lows")
        if values.size < MOST_READ:
            for name in names:
                np.testing.assert_allclose(getattr(plain, name), getattr(turned, name), rtol=1e-4, atol=1e-5)
        else:  # every other column instead of every other row
            assert (plain.step, turned.step) == ((2, 1), (1, 2))
            assert turned.means.shape == tuple(-(-n // size) for n, size in zip(shape, turned.block, strict=True))
            assert np.abs(turned.means).max() < 0.15  # of a thousand normal values each

    def test_the_last_row_and_column_count(self):
        values = np.zeros((1000, 1000), np.float32)
        values[-1, -1] = 8.0
        assert pool(values, (16, 16)).means[-1, -1] == pytest.approx(8 / 64)

    def test_means_are_of_the_finite_values(self):
        values = np.ones((4, 4))
        values[0, 0], values[0, 3], values[3, 3] = np.nan, np.inf, -np.inf
        pooled = pool(values, (2, 2))
        assert (pooled.means == 1).all()
        assert pooled.nans.tolist() == [[True, False], [False, False]]
        assert pooled.highs.tolist() == [[False, True], [False, False]]
        assert pooled.lows.tolist() == [[False, False], [False, True]]

    def test_axes_hold_the_cells_in_the_indices_of_the_array(self):
        values = np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32)
        image = axes_of(values, "matrix").images[0]
        np.testing.assert_array_equal(image.get_array(), pool(values, (16, 16)).means)
        assert image.get_extent() == [-0.5, 999.5, 999.5, -0.5]
        assert image.norm.vmin == -image.norm.vmax

    @pytest.mark.parametrize(
        ("shape", "written"),
        [
            ((32, 32), ["0", "31", "0", "31"]),
            ((1000, 300), ["0", "999", "0", "299"]),
            ((40, 5), ["0", "39", "0", "4"]),
            ((40, 2), ["0", "39", "0", "1"]),
            ((40, 1), ["0", "39", "0"]),
            ((1, 40), ["0", "0", "39"]),
        ],
    )
    def test_first_and_last_index_of_rows_and_columns_are_written(self, monkeypatch, shape, written):
        said = []
        write = Sheet.text

        def record(sheet, x, baseline, text, *rest, **more):
            said.append(text)
            write(sheet, x, baseline, text, *rest, **more)

        monkeypatch.setattr(Sheet, "text", record)
        picture_of(np.random.default_rng(0).normal(size=shape), "matrix")
        assert said[: len(written)] == written
        assert not any("column" in text for text in said)

    def test_hue_is_sign_ink_is_size_zero_is_paper(self):
        values = np.zeros((20, 20))
        values[2, 3], values[5, 3] = 1.0, -1.0
        values[8, 3] = 0.5
        # A full percent of ones, so that the 99.5th percentile is one.
        values[15, :4] = 1.0
        picture = picture_of(values, "matrix")
        pixels = pixels_of(picture)
        left = int(np.argmax(near(pixels[26 + 14 * 15 + 7], BLUE)))
        cell = [pixels[26 + 14 * row + 7, left + 14 * 3 + 7] for row in (2, 5, 8, 11)]
        assert near(np.array(cell), BLUE).tolist() == [True, False, True, False]
        assert near(np.array(cell), ORANGE).tolist() == [False, True, False, False]
        assert [shade[3] for shade in cell] == pytest.approx([255, 255, 128, 0], abs=12)

    def test_invalid_values_are_marked_and_named(self):
        values = np.random.default_rng(0).normal(size=(24, 64))
        values[9, :40], values[4:6, 50], values[20, 11] = np.nan, np.inf, -np.inf
        block = block_of(values, "matrix")
        assert "NaN marked × in row 9; +Inf marked ▲ in rows 4 and 5; -Inf marked ▼ in row 20" in block.alt
        assert near(pixels_of(block.draw()), MAGENTA).sum() > 500
        markers = {line.get_marker(): line.get_xydata().tolist() for line in axes_of(values, "matrix").lines}
        assert markers["^"] == [[50, 4], [50, 5]]
        assert markers["v"] == [[11, 20]]
        assert len(markers["x"]) == 40
        assert not near(pixels_of(picture_of(np.nan_to_num(values, posinf=0, neginf=0), "matrix")), MAGENTA).any()

    def test_a_lone_extreme_value_is_said_and_outlined(self):
        values = (np.random.default_rng(0).normal(size=(1000, 1000)) * 0.04).astype(np.float32)
        assert "extreme" not in block_of(values, "matrix").alt
        plain = pixels_of(picture_of(values, "matrix"))
        values[500, 300] = -90
        summary = summary_of(values, "matrix")
        assert "extreme value of size 90.0 in the block from [496, 288]" in block_of(values, "matrix").alt
        assert "outlined cells hold extreme values" in PLOTS["heatmap"].note(summary, OPTIONS)
        frame = near(pixels_of(picture_of(values, "matrix"))[:, :300], (118, 118, 118), 8)
        assert frame.sum() > near(plain[:, :300], (118, 118, 118), 8).sum() + 60

    @pytest.mark.parametrize("side", [1000, 8000])
    def test_the_only_value_is_said_and_outlined(self, side):
        values = np.zeros((side, side), np.float32)
        values[7 * side // 10 + 1, 301] = 1e6
        figure, summary = block_of(values, "matrix"), summary_of(values, "matrix")
        assert "extreme value of size 1e6 in the block from [" in figure.alt
        assert "all 0" not in figure.alt
        assert len(PLOTS["heatmap"].prepare(summary, OPTIONS).outliers) == 1
        assert "outlined cells hold extreme values" in PLOTS["heatmap"].note(summary, OPTIONS)

    def test_the_extreme_among_many_large_ones_is_outlined(self):
        values = np.zeros((1000, 1000), np.float32)
        values[250] = 1e-3
        values[700, 300] = 1.0
        pooled = PLOTS["heatmap"].prepare(summary_of(values, "matrix"), OPTIONS)
        assert pooled.outliers.tolist() == [[700 // 16, 300 // 16]]
        assert "extreme value of size 1.00 in the block" in block_of(values, "matrix").alt

    def test_means_that_cancel_are_not_all_zero(self):
        values = np.tile(np.float32([[1, -1], [-1, 1]]), (500, 500))
        assert ", pooled 16 × 16, means are 0; " in block_of(values, "matrix").alt

    def test_heavy_tails_are_not_extreme(self):
        values = np.random.default_rng(0).laplace(size=(600, 600))
        assert "extreme" not in block_of(values, "matrix").alt

    def test_a_spread_that_is_wild_everywhere_is_not_extreme(self):
        values = np.random.default_rng(0).standard_cauchy(size=(600, 600))
        values[:300] = 0
        assert "extreme" not in block_of(values, "matrix").alt

    def test_the_note_says_what_a_cell_is(self):
        summary = summary_of(np.random.default_rng(0).normal(size=(1000, 1000)), "matrix")
        plot = PLOTS["heatmap"]
        assert plot.note(summary, OPTIONS) == (
            "a cell of the map is the mean of 16 × 16 values; histogram of 65 536 of the values"
        )
        assert plot.shows_histogram(summary, OPTIONS)
        small = summary_of(np.random.default_rng(0).normal(size=(24, 64)), "matrix")
        assert plot.note(small, OPTIONS) == ""

    @pytest.mark.parametrize(
        ("values", "words"), [(np.zeros((20, 20)), "all 0"), (np.full((9, 9), np.nan), "no finite values")]
    )
    def test_a_map_without_ink_says_why(self, values, words):
        assert words in block_of(values, "matrix").alt


class TestLine:
    def test_a_single_sample_spike_in_ten_million_stays(self):
        values = np.zeros(10**7, np.float32)
        values[7_654_321] = 1.0
        curve = read_curve(values)
        assert curve.points[:, 1].max() == 1.0
        assert curve.high_at == 7_654_321
        pixels = pixels_of(picture_of(values, "series"))
        spike = np.nonzero(near(pixels[:100], BLUE, 60).any(axis=0) & (near(pixels[:60], BLUE, 60).sum(axis=0) > 10))[0]
        assert len(spike) >= 1
        left = pixels.shape[1] - 2 * 614
        assert spike.mean() == pytest.approx(left + 1200 * 0.7654321, abs=3)

    @pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16, np.int16, bool])
    def test_every_pixel_keeps_its_minimum_and_maximum(self, dtype):
        values = (np.random.default_rng(0).normal(size=16_000) * 9).astype(dtype)
        curve = read_curve(values)
        parts = np.split(values.astype(np.float64), np.linspace(0, 16_000, 1201).astype(int)[1:-1])
        pairs = np.sort(curve.points[:, 1].reshape(-1, 2), axis=1)
        np.testing.assert_array_equal(pairs, [(part.min(), part.max()) for part in parts])

    def test_axes_hold_every_value_of_a_short_series(self):
        values = np.random.default_rng(0).normal(size=100)
        (line,) = axes_of(values, "series").lines
        np.testing.assert_array_equal(line.get_ydata(), values)

    def test_what_is_not_finite_breaks_the_line_and_is_marked(self):
        values = np.sin(np.arange(100) / 9)
        values[50:60], values[70], values[80] = np.nan, np.inf, -np.inf
        axes = axes_of(values, "series")
        assert np.isnan(axes.lines[0].get_ydata()).sum() == 12
        assert [line.get_marker() for line in axes.lines[1:]] == ["x", "^", "v"]
        assert -1.2 < axes.get_ylim()[0] < axes.get_ylim()[1] < 1.2
        block = block_of(values, "series")
        assert "NaN marked × at 50 51 52 53 54 55 …; +Inf marked ▲ at 70; -Inf marked ▼ at 80" in block.alt
        assert near(pixels_of(block.draw()), MAGENTA).any()

    def test_a_nan_in_a_long_series_hides_nothing(self):
        values = np.zeros(10**5, np.float32)
        values[500], values[501] = np.nan, 7.0
        curve = read_curve(values)
        assert (curve.high, curve.high_at) == (7.0, 501)
        assert curve.invalid == [(500, "×")]

    def test_a_value_between_two_nans_is_seen(self):
        pixels = pixels_of(picture_of(np.tile([np.nan, 3.0, np.nan], 30), "series"))
        assert near(pixels, BLUE).any()

    def test_alt_and_note(self):
        values = np.zeros(16_000, np.float32)
        values[12_345], values[5] = -0.93, 0.5
        summary = summary_of(values, "series")
        plot = PLOTS["line"]
        assert plot.alt(summary, OPTIONS) == (
            "Line of 16 000 values, envelope of minima and maxima; minimum -0.930 at 12345, maximum 0.500 at 5."
        )
        assert plot.note(summary, OPTIONS) == "every spike kept (min and max of each 13)"
        assert plot.note(summary_of(values[:500], "series"), OPTIONS) == ""

    @pytest.mark.parametrize("count", [1, 2, 3, 7, 99, 1000, 16_000, 10**7])
    def test_ticks_are_about_four_and_no_index_is_beyond_the_last(self, count):
        ticks = index_ticks(count)
        assert min(count - 1, 1) <= len(ticks) <= 7
        assert ticks == sorted(set(ticks) - {0})
        assert ticks == [] or ticks[-1] > 0.7 * (count - 1)
        assert max(ticks, default=0) <= (count - 1 if count <= 600 else count)


class TestHistogram:
    def test_bars_are_the_counts_of_the_statistics(self):
        values = np.random.default_rng(0).normal(size=(3, 4, 5, 60))
        axes = axes_of(values, "other")
        assert [bar.get_height() for bar in axes.containers[0]] == list(compute_statistics(values).histogram)
        first, last = axes.containers[0][0], axes.containers[0][-1]
        assert first.get_x() == pytest.approx(values.min())
        assert last.get_x() + last.get_width() == pytest.approx(values.max())
        assert first.get_facecolor()[:3] == to_rgba("#c0631a")[:3]

    def test_without_statistics_it_counts_itself(self):
        values = np.random.default_rng(0).normal(size=5000)
        values[:10] = np.nan
        summary = summary_of(values, "other", statistics=False)
        axes = MatplotlibFigure().add_subplot()
        PLOTS["histogram"].draw(axes, summary, OPTIONS)
        expected = np.histogram(values[10:], bins=64)[0]
        assert [bar.get_height() for bar in axes.containers[0]] == pytest.approx(expected.tolist(), abs=1)
        assert "Not drawn: × 10 NaN" in PLOTS["histogram"].alt(summary, OPTIONS)

    def test_text_is_left_to_the_line_of_numbers(self):
        assert block_of(np.random.default_rng(0).normal(size=(3, 4, 5, 60)), "other").fallback is None

    @pytest.mark.parametrize("count", [67, 100, 257])
    def test_integers_that_occur_once_each_are_a_block_without_a_cliff(self, count):
        axes = axes_of(np.random.default_rng(0).permutation(count).reshape(1, count), "other")
        bars = list(axes.containers[0])
        assert len({bar.get_height() for bar in bars}) == 1
        assert bars[0].get_x() == -0.5
        assert bars[-1].get_x() + bars[-1].get_width() == count - 0.5
        assert sum(bar.get_height() * bar.get_width() for bar in bars) == bars[0].get_width() * count

    def test_the_fullest_bin_of_integers_is_told_by_the_first_and_the_last_of_them(self):
        values = np.concatenate([np.arange(100), [33] * 9])
        assert "most between 30 and 39" in block_of(values.reshape(1, -1), "other").alt

    def test_integers_end_without_decimals(self):
        assert "from 0 to 9," in block_of(np.arange(90) % 10, "other").alt


class TestImages:
    def test_smooth_colours_are_kept_as_they_are(self):
        across, down = np.meshgrid(np.arange(64), np.arange(64))
        values = np.stack([across * 4, down * 4, (across + down) * 2], -1).astype(np.uint8)[None].repeat(4, axis=0)
        summary = summary_of(values, "images", limits=(0, 255))
        plot = choose_plot(summary, OPTIONS)
        picture = plot.tiles(summary, OPTIONS)[0].picture
        pixels = np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))
        assert np.array_equal(pixels, values[0])
        assert "colours" not in plot.note(summary, OPTIONS)

    def tiles(self, values, role, limits, **changes):
        block = block_of(values, role, limits, **changes)
        assert isinstance(block, Tiles)
        return block.draw()

    @staticmethod
    def decoded(tile):
        return np.asarray(Image.open(io.BytesIO(tile.picture.data)))

    def test_floats_run_from_black_to_white(self):
        values = np.random.default_rng(0).random((16, 8, 8)).astype(np.float32)
        tiles = self.tiles(values, "images", (0.0, 1.0))
        assert len(tiles) == 16
        for tile, image in zip(tiles, values, strict=True):
            assert (tile.picture.width, tile.picture.height) == (40, 40)  # so all of them stand in a line
            np.testing.assert_array_equal(self.decoded(tile)[2::5, 2::5], np.rint(image * 255))
        assert tiles[3].caption == "3"
        assert tiles[3].alt == "[3] grey 8 × 8"
        assert tiles[3].title.startswith("[3] min 0.0")

    def test_signed_limits_and_bytes(self):
        values = np.array([-1.0, 0.0, 1.0, 9.0]).reshape(1, 2, 2, 1)
        assert to_pixels(values, (-1.0, 1.0)).ravel().tolist() == [0, 128, 255, 255]
        whole = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
        assert to_pixels(whole, (0.0, 255.0)) is whole
        assert to_pixels(whole[:, :1, :2], (0.0, 1.0)).ravel().tolist() == [0, 255]

    def test_invalid_pixels_are_magenta(self):
        values = np.zeros((8, 8), np.float32)
        values[2, 3] = np.nan
        block = block_of(values, "image", (0.0, 1.0))
        assert "1 value not finite, magenta" in block.alt
        decoded = self.decoded(block.draw()[0])
        assert decoded[2 * 14 + 7, 3 * 14 + 7].tolist() == list(MAGENTA)
        assert decoded[0, 0].tolist() == [0, 0, 0]

    def test_a_few_small_colour_images_are_exact(self):
        values = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
        for tile, image in zip(self.tiles(values, "images", (0.0, 255.0)), values, strict=True):
            np.testing.assert_array_equal(self.decoded(tile)[::2, ::2], image)

    def test_many_are_cut_to_whole_lines_and_said(self):
        summary = summary_of(np.zeros((60, 28, 28), np.uint8), "images", (0.0, 255.0))
        assert len(PLOTS["grid"].tiles(summary, OPTIONS)) == 24
        assert PLOTS["grid"].note(summary, OPTIONS) == "24 of 60, × 2"
        for side, shown in ((8, 36), (20, 36), (40, 17)):
            summary = summary_of(np.zeros((60, side, side), np.uint8), "images", (0.0, 255.0))
            tiles = PLOTS["grid"].tiles(summary, OPTIONS)
            assert (len(tiles), len(tiles) % tile_columns(len(tiles), tiles[0].picture.width)) == (shown, 0)
        floats = summary_of(np.zeros((4, 8, 8)), "images", (0.0, 1.0))
        assert PLOTS["grid"].note(floats, OPTIONS) == "shown 0 → black, 1 → white, × 6"

    @pytest.mark.parametrize(("count", "line"), [(12, 12), (15, 15), (16, 16), (25, 13), (32, 16), (36, 12)])
    def test_a_batch_is_shown_whole_and_its_lines_are_even(self, count, line):
        values = np.random.default_rng(0).random((count, 8, 8)).astype(np.float32)
        block = block_of(values, "images", (0.0, 1.0))
        drawn = block.draw()
        assert (len(drawn), block.columns) == (count, line)
        assert "of" not in PLOTS["grid"].note(summary_of(values, "images", (0.0, 1.0)), OPTIONS)
        assert line * (drawn[0].picture.width + 4) - 4 <= 796
        for tile, image in zip(drawn, values, strict=True):
            zoom = tile.picture.width // 8
            np.testing.assert_array_equal(
                self.decoded(tile)[zoom // 2 :: zoom, zoom // 2 :: zoom], np.rint(image * 255)
            )

    def test_a_batch_of_32_is_whole_be_it_noise(self):
        values = np.random.default_rng(0).random((32, 28, 28)).astype(np.float32)
        bundle = mimebundle(values)
        assert bundle["text/html"].count("<img width=56") == 32
        assert "at most 32 greys each" in bundle["text/html"]
        assert sum(map(len, bundle.values())) <= 40_000

    def test_only_masks_have_a_hairline(self):
        truths = np.random.default_rng(0).random((12, 8, 8)) > 0.5
        framed = render_html(Document(Heading("x"), (block_of(truths, "images", (0.0, 1.0)),)))
        assert framed.count("border:1px solid #76767680") == 12
        assert f"max-width:{12 * (48 + 2 + 4)}px" in framed
        plain = block_of(truths.astype(np.float32), "images", (0.0, 1.0))
        assert "border" not in render_html(Document(Heading("x"), (plain,)))

    def test_photos_are_small_jpegs(self):
        ramp = np.linspace(0, 255, 640).astype(np.uint8)
        values = np.broadcast_to(ramp[None, None, :, None], (2, 427, 640, 3))
        tiles = self.tiles(values, "images", (0.0, 255.0))
        assert [tile.picture.mime for tile in tiles] == ["image/jpeg"] * 2
        assert (tiles[0].picture.width, tiles[0].picture.height) == (224, 149)
        assert self.decoded(tiles[0]).shape == (224, 336, 3)
        assert "thumbnails 35 %, JPEG" in PLOTS["grid"].note(summary_of(values, "images", (0.0, 255.0)), OPTIONS)

    def test_transparency_stays(self):
        values = np.zeros((200, 300, 4), np.uint8)
        values[:, 150:] = 255
        (tile,) = self.tiles(values, "image", (0.0, 255.0))
        decoded = np.asarray(Image.open(io.BytesIO(tile.picture.data)).convert("RGBA"))
        assert decoded[50, 10, 3] == 0
        assert decoded[50, -10].tolist() == [255] * 4

    def test_axes_hold_the_pixels(self):
        values = np.random.default_rng(0).random((8, 8)).astype(np.float32)
        image = axes_of(values, "image", limits=(0.0, 1.0)).images[0].get_array()
        np.testing.assert_array_equal(image[..., 0], np.rint(values * 255))
        sheet = axes_of(np.stack([values] * 6), "images", limits=(0.0, 1.0)).images[0].get_array()
        np.testing.assert_array_equal(sheet[:8, 9:17, 0], np.rint(values * 255))

    @pytest.mark.parametrize("count", range(1, 60))
    def test_no_tile_is_left_alone(self, count):
        columns = tile_columns(count, 56)
        assert columns * 60 <= 764 + 60
        lines = -(-count // columns)
        assert lines == 1 or count - (lines - 1) * columns > 1

    def test_without_pictures_there_is_none(self):
        summary = summary_of(np.zeros((4, 8, 8)), "images", (0.0, 1.0))
        assert PLOTS["grid"].blocks(summary, options(plots=False)) == ()


NOISE = np.random.default_rng(0)
LARGEST = [
    (NOISE.integers(0, 256, (50, 64, 64, 3)).astype(np.uint8), "images"),
    (NOISE.integers(0, 256, (50, 32, 32, 3)).astype(np.uint8), "images"),
    (NOISE.integers(0, 256, (50, 28, 28)).astype(np.uint8), "images"),
    (NOISE.integers(0, 256, (9, 300, 400, 3)).astype(np.uint8), "images"),
    (NOISE.integers(0, 256, (1000, 1000, 3)).astype(np.uint8), "image"),
    (NOISE.integers(0, 256, (3, 200, 200, 4)).astype(np.uint8), "images"),
    (NOISE.normal(size=(64, 256)), "matrix"),
    (NOISE.normal(size=(3, 3, 64, 64)), "kernel"),
    (NOISE.normal(size=(1, 1, 512, 512)), "kernel"),
    (NOISE.normal(size=(11, 11, 3, 96)), "kernel"),
    (NOISE.normal(size=(65, 129)) * np.exp(1j * NOISE.normal(size=(65, 129))), "complex"),
    (NOISE.normal(size=5000) * np.exp(1j * NOISE.normal(size=5000)), "complex"),
    (NOISE.normal(size=100_000), "series"),
    (softmax(NOISE.normal(size=(400, 60))), "probability batch"),
    (NOISE.normal(size=(300, 8)).cumsum(axis=0), "multi-series"),
    (NOISE.normal(size=(2000, 8)).cumsum(axis=0), "multi-series"),
    (NOISE.normal(size=(2000, 8)), "multi-series"),
]


@pytest.mark.parametrize(("values", "role"), LARGEST, ids=lambda part: str(getattr(part, "shape", part)))
def test_no_card_stores_more_than_40_kb(values, role):
    drawn = block_of(values, role, (0.0, 255.0)).draw()
    pictures = [tile.picture for tile in drawn] if isinstance(drawn, tuple) else [drawn]
    assert sum(-(-len(picture.data) // 3) * 4 for picture in pictures) <= 36_000


@pytest.mark.parametrize(
    ("values", "role", "limit"),
    [(DIGIT, "probabilities", 3000), (LOGITS, "logits", 4000), (batch(32, 10), "probability batch", 14_000)],
)
def test_common_cards_are_small(values, role, limit):
    picture = picture_of(values, role)
    image = Image.open(io.BytesIO(picture.data))
    assert len(picture.data) <= limit
    assert image.mode == "P"
    assert image.size == (2 * picture.width, 2 * picture.height)


@pytest.mark.parametrize(
    ("values", "role"),
    [(DIGIT, "probabilities"), (batch(32, 10), "probability batch"), (NOISE.normal(size=(30, 30)), "matrix")],
)
def test_the_ground_is_transparent(values, role):
    pixels = pixels_of(picture_of(values, role))
    assert pixels[-1, :, 3].max() == 0 or pixels[:, -1, 3].max() == 0
    assert (pixels[..., 3] == 0).mean() > 0.2


SHOWN = [
    (DIGIT, "probabilities"),
    (batch(32, 10), "probability batch"),
    (LOGITS, "logits"),
    (NOISE.normal(size=(24, 64)), "matrix"),
    (NOISE.normal(size=16_000), "series"),
    (NOISE.normal(size=(3, 4, 5, 6)), "other"),
    (NOISE.normal(size=(3, 3, 8, 16)), "kernel"),
    (np.exp(1j * NOISE.normal(size=200)), "complex"),
    (np.exp(1j * NOISE.normal(size=(40, 30))), "complex"),
]
LOUD = {
    "text.usetex": True,
    "font.size": 40,
    "font.family": "serif",
    "figure.autolayout": True,
    "figure.facecolor": "red",
    "savefig.facecolor": "red",
    "figure.dpi": 30,
    "savefig.dpi": 30,
    "savefig.bbox": "tight",
    "axes.facecolor": "green",
    "text.color": "yellow",
    "lines.linewidth": 9,
    "lines.antialiased": False,
    "patch.linewidth": 9,
    "patch.antialiased": True,
    "patch.force_edgecolor": True,
    "image.origin": "lower",
    "image.interpolation": "bilinear",
    "path.simplify_threshold": 1.0,
    "path.sketch": (30, 100, 2),
}


@pytest.mark.parametrize(("values", "role"), SHOWN, ids=[f"{role} {values.shape}" for values, role in SHOWN])
def test_a_card_looks_the_same_whatever_the_style(values, role):
    plain = picture_of(values, role)
    with mpl.rc_context(LOUD):
        before = dict(mpl.rcParams)
        assert picture_of(values, role) == plain
        assert dict(mpl.rcParams) == before


def test_threads_draw_the_same():
    expected = [picture_of(values, role) for values, role in SHOWN]
    with ThreadPoolExecutor(4) as pool_of_threads:
        drawn = list(pool_of_threads.map(lambda shown: picture_of(*shown), SHOWN * 4))
    assert drawn == expected * 4


def test_matplotlib_and_pillow_are_imported_only_when_drawn_and_pyplot_never():
    script = """
import sys, numpy as np
from tfnp_ext.config import TensorDisplay
from tfnp_ext.plots import choose_plot
from tfnp_ext.summary import Summary, softmax, with_softmax
heavy = lambda: {"matplotlib", "PIL"} & set(sys.modules)
assert not heavy(), heavy()
options = TensorDisplay().options()
values = np.full(10, .1)
for summary in (Summary("T", (10,), "f", role="probabilities", drawn=values),
                Summary("T", (32, 10), "f", role="probability batch", drawn=np.tile(values, (32, 1))),
                Summary("T", (90, 90), "f", role="matrix", drawn=np.eye(90)),
                Summary("T", (9, 9, 9), "f", role="images", drawn=np.zeros((9, 9, 9)), limits=(0, 1)),
                Summary("T", (900,), "f", role="series", drawn=np.arange(900.))):
    plot = choose_plot(summary, options)
    blocks = plot.blocks(summary, options)
    plot.note(summary, options)
    before = heavy()
    assert not before or summary.role != "probabilities", before
    for block in blocks:
        block.draw()
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=plots.__path__[0] + "/../..")


def figures_of(blocks):
    """Yields the blocks, those beside each other too."""
    for block in blocks:
        if isinstance(block, Beside):
            yield from figures_of(block.blocks)
        else:
            yield block


@pytest.mark.parametrize("kind", ["nan", "inf", "-inf", "huge", "tiny", "mixed"])
@pytest.mark.parametrize("shape", [(1,), (12,), (1500,), (1, 1), (30, 12), (200, 150), (3, 9, 9), (4, 40, 40, 3)])
def test_no_value_makes_a_plot_fail(kind, shape):
    values = np.random.default_rng(0).uniform(-1, 1, shape)
    if kind == "huge":
        values *= 1e308
    elif kind == "tiny":
        values = np.ceil(values * 3) * 5e-324
    elif kind == "mixed":
        values.flat[::2] = np.resize([np.nan, np.inf, -np.inf], values.flat[::2].shape)
    else:
        values[...] = float(kind)
    for role in ("probabilities", "probability batch", "matrix", "series", "logits", "other"):
        summary = summary_of(values, role, statistics=False)
        for plot in PLOTS.values():
            if plot.suits(summary) > 0:
                examples = len(np.atleast_2d(summary.drawn))
                needs = {"images": np.zeros((examples, 8, 8))} if plot.asked_by == "images" else {}
                for asked in (options(**needs), options(top=3, **needs), options(plots=False, **needs)):
                    assert plot.alt(summary, asked)
                    assert "\n" not in plot.note(summary, asked)
                    for block in figures_of(plot.blocks(summary, asked)):
                        if isinstance(block, (Figure, Tiles)) and block.draw:
                            assert block.draw()


def test_numbers_near_one_keep_their_proportions():
    for scale in (5e-324, 1.0, 1e308):
        scaled = near_one(np.array([1.0, -1.0]) * scale, 0.0)[0]
        assert scaled[0] == -scaled[1]
        assert 0.5 <= scaled[0] <= 1


def test_what_is_prepared_is_made_once_and_goes_with_its_value():
    made = []

    class Prepared:
        pass

    @prepared_once
    def prepare(summary, options):
        result = Prepared()
        made.append(weakref.ref(result))
        return result

    summary = summary_of(DIGIT, "probabilities")
    assert prepare(summary, OPTIONS) is prepare(summary, OPTIONS)
    assert prepare(summary, options(top=3)) is not None
    assert len(made) == 2
    assert made[1]() is not None
    del summary
    assert made[1]() is None
