"""Training curves and series side by side: what Axes and pictures hold, and what is said of them."""

from __future__ import annotations

import io
import re
import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from tfnp_ext import plot, summarize
from tfnp_ext.adapters import Curves
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import compose, mimebundle, numerals
from tfnp_ext.document import Fields, Figure, Fold, Span
from tfnp_ext.formats import render_text
from tfnp_ext.plots import PLOTS, STYLE, choose_plot
from tfnp_ext.plots.curves import MOST_PANELS, paint_training, read_training
from tfnp_ext.plots.sheet import Sheet
from tfnp_ext.plots.strips import read_strips
from tfnp_ext.plots.tracks import envelope

OPTIONS = TensorDisplay().options()
AS_LINES = TensorDisplay().options(plot="line")
LINE = PLOTS["line"]
BLUE, ORANGE, MAGENTA = (58, 125, 192), (192, 99, 26), (208, 58, 148)
NAN, INF = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def history_of(tf):
    """Makes a real ``History`` that tells what it is given."""

    def make(curves, epochs=None):
        history = tf.keras.callbacks.History()
        history.history = curves
        if epochs is not None:
            history.epoch = epochs
        return history

    return make


def pixels_of(picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGBA")).astype(int)


def near(pixels: np.ndarray, color, tolerance: int = 24) -> np.ndarray:
    return (np.abs(pixels[..., :3] - color).max(axis=-1) <= tolerance) & (pixels[..., 3] > 100)


def picture(value, options=OPTIONS):
    return LINE.picture(summarize(value), options)


def alt(value, options=OPTIONS) -> str:
    return LINE.alt(summarize(value), options)


def numbers(value) -> list[str]:
    line = next(block for block in compose(value, OPTIONS).blocks if isinstance(block, Fields))
    return [" ".join(span.text for span in field if isinstance(span, Span)) for field in line.items]


class TestTraining:
    def test_axes_hold_the_numbers_of_a_real_training(self, digits):
        kept = digits.history.history
        axes = plot(digits.history)
        for ax, name in zip(axes, ("accuracy", "loss"), strict=True):
            assert ax.get_title() == name
            train, validation = ax.lines
            np.testing.assert_array_equal(train.get_xydata(), np.column_stack([[1, 2, 3], kept[name]]))
            np.testing.assert_array_equal(validation.get_ydata(), kept[f"val_{name}"])

    def test_the_card_says_the_last_and_the_best_number(self, digits):
        kept = digits.history.history
        best = int(np.argmin(kept["val_loss"]))
        accuracy, loss = numbers(digits.history)
        assert loss == (
            f"loss {kept['loss'][-1]:.3g} validation {kept['val_loss'][-1]:.3g}"
            f" best {kept['val_loss'][best]:.3g} at epoch {best + 1}"
        )
        assert accuracy.startswith(f"accuracy {kept['accuracy'][-1]:.3g} validation ")
        words = alt(digits.history)
        assert words.startswith("Training curves of 3 epochs: validation accuracy from ")
        assert f"validation loss from {kept['val_loss'][0]:.3g} to {kept['val_loss'][-1]:.3g}, best " in words
        assert "not finite" not in words

    def test_the_fold_holds_every_number(self, digits):
        fold = compose(digits.history, OPTIONS).blocks[-1]
        assert isinstance(fold, Fold)
        (table,) = fold.blocks
        assert table.columns == tuple(digits.history.history)
        assert [row.header for row in table.rows] == ["1", "2", "3"]
        found = [[float(cell.text) for cell in row.cells] for row in table.rows]
        np.testing.assert_allclose(found, np.array(list(digits.history.history.values())).T, atol=5e-4)
        assert fold.reason == (Span("training curves: one value an epoch"),)

    def test_validation_is_told_by_dashes_and_words_not_by_colour_alone(self, digits):
        pixels = pixels_of(picture(digits.history))
        assert near(pixels, BLUE).any()
        assert near(pixels, ORANGE).any()
        train, validation = plot(digits.history)[0].lines
        assert (train.get_linestyle(), validation.get_linestyle()) == ("-", "--")

    def test_the_curve_stands_at_its_numbers(self, history_of):
        values = [0.0, 1.0, 0.0, 1.0]
        history = history_of({"share": values}, [0, 1, 2, 3])
        pixels = pixels_of(picture(history))
        ((_, word),) = read_training(summarize(history).content).rooms
        blue = near(pixels, BLUE, 60)[:, : -2 * (word + 14)]
        rows, columns = np.nonzero(blue)
        left, right = columns.min(), columns.max()
        assert right - left == pytest.approx(2 * 220, abs=4)
        for place, value in enumerate(values):
            column = round(left + (right - left) * place / 3)
            heights = rows[np.abs(columns - column) <= 2]
            ends = (heights.min() if value else heights.max(), rows.min() if value else rows.max())
            assert ends[0] == pytest.approx(ends[1], abs=3)

    def test_the_best_epoch_is_smallest_of_a_loss_and_largest_of_an_accuracy_and_unknown_of_others(self, history_of):
        told = numbers(history_of({"loss": [2, 1, 3], "auc": [0.1, 0.9, 0.5], "lr": [3, 1, 2]}, [4, 5, 6]))
        assert told == ["loss 3.00 best 1.00 at epoch 6", "auc 0.500 best 0.900 at epoch 6", "lr 2.00"]

    def test_one_epoch_is_a_point_and_no_way_from_a_to_b(self, history_of):
        history = history_of({"loss": [2.0], "val_loss": [1.5]}, [0])
        assert alt(history) == "Training curves of 1 epoch: validation loss 1.50."
        assert numbers(history) == ["loss 2.00 validation 1.50"]
        pixels = pixels_of(picture(history))
        for color in (BLUE, ORANGE):
            assert near(pixels[:, : -2 * 70], color).sum() == 6 * 6
        train, train_point, validation, validation_point = plot(history)[0].lines
        assert train_point.get_xydata().tolist() == [[1, 2.0]]
        assert validation_point.get_marker() == "o"
        assert train.get_ydata().tolist() == [2.0]
        assert validation.get_ydata().tolist() == [1.5]

    def test_a_metric_of_validation_alone(self, history_of):
        history = history_of({"loss": [2.0, 1.0], "val_f1": [0.5, 0.6]}, [0, 1])
        assert numbers(history)[1] == "f1 validation 0.600 best 0.600 at epoch 2"
        loss, f1 = plot(history)
        assert len(loss.lines) == len(f1.lines) == 1
        assert f1.lines[0].get_label() == "validation"
        assert loss.get_legend() is None
        assert "validation f1 from 0.500 to 0.600" in alt(history)

    def test_what_is_not_finite_is_marked_and_hides_nothing(self, history_of):
        history = history_of({"loss": [3, NAN, 1, INF, -INF], "val_loss": [NAN] * 5}, [0, 1, 2, 3, 4])
        pixels = pixels_of(picture(history))
        assert near(pixels, MAGENTA).any()
        assert near(pixels[:, : -2 * 70], BLUE).sum() == 2 * 6 * 6  # the two finite values, each alone
        assert alt(history) == (
            "Training curves of 5 epochs: validation loss from nan to nan. What is not finite is marked."
        )
        lines = plot(history)[0].lines
        assert lines[1].get_xydata().tolist() == [[1, 3.0], [3, 1.0]]
        marks = [(line.get_marker(), line.get_xdata()) for line in lines[2:]]
        assert marks[:3] == [("x", [2.0]), ("^", [4.0]), ("v", [5.0])]

    def test_an_infinite_loss_is_not_the_best(self, history_of):
        told = numbers(history_of({"loss": [3.0, -INF, 1.0]}, [0, 1, 2]))
        assert told == ["loss 1.00 ⚠ not finite at epoch 2 best 1.00 at epoch 3"]

    @pytest.mark.parametrize(
        ("values", "flag"),
        [
            ([1.0, NAN, NAN], "⚠ NaN from epoch 2"),
            ([NAN, NAN, 1.0, NAN], "⚠ NaN 3 times, first at epoch 1"),
            ([1.0, INF, NAN], "⚠ not finite from epoch 2"),
        ],
    )
    def test_a_training_that_diverged_says_since_when(self, history_of, values, flag):
        assert flag in numbers(history_of({"loss": values}, [*range(len(values))]))[0]
        assert flag in numbers(history_of({"val_loss": values}, [*range(len(values))]))[0]

    def test_without_a_number_there_is_a_card_too(self, history_of):
        history = history_of({"loss": [NAN, NAN]}, [0, 1])
        assert alt(history) == "Training curves of 2 epochs: loss from nan to nan. What is not finite is marked."
        assert picture(history).data

    @pytest.mark.parametrize("epochs", [None, [0, 1], []])
    def test_epochs_that_are_missing_are_counted(self, history_of, epochs):
        history = history_of({"loss": [3.0, 2.0, 1.0]}, epochs)
        assert plot(history)[0].lines[0].get_xdata().tolist() == [1, 2, 3]
        assert "at epoch 3" in alt(history)

    def test_epochs_of_a_training_that_went_on(self, history_of):
        history = history_of({"loss": [3.0, 2.0, 1.0]}, [5, 6, 7])
        assert plot(history)[0].lines[0].get_xdata().tolist() == [6, 7, 8]
        assert "best 1.00 at epoch 8" in alt(history)

    @pytest.mark.parametrize("metrics", range(1, 10))
    def test_many_metrics_stand_in_lines_and_no_card_is_wider_than_a_notebook(self, history_of, metrics):
        values = list(np.random.default_rng(0).normal(0, 1e-9, 30))
        named = {f"a rather long metric {number}": values for number in range(metrics)}
        history = history_of(named | {f"val_{name}": curve for name, curve in named.items()}, list(range(30)))
        summary = summarize(history)
        width, height = LINE.size(summary, OPTIONS)
        assert width <= 830
        drawn = min(metrics, MOST_PANELS)
        assert LINE.panels(summary, OPTIONS) == (1, drawn)
        assert LINE.note(summary, OPTIONS) == (f"6 of {metrics} metrics drawn" if metrics > 6 else "")
        axes = np.atleast_1d(plot(history))
        assert [ax.get_title() for ax in axes] == list(named)[:drawn]
        pixels = pixels_of(LINE.picture(summary, OPTIONS))
        assert pixels.shape == (2 * height, 2 * width, 4)
        training = read_training(summary.content)
        lines = -(-drawn // training.columns)
        assert drawn == 1 or drawn - (lines - 1) * training.columns > 1  # none is left alone
        for line in range(lines):
            assert near(pixels[2 * 116 * line : 2 * 116 * (line + 1)], BLUE).any()

    def test_every_metric_is_in_the_fold(self, history_of):
        history = history_of({f"m{number}": [1.0, 2.0] for number in range(9)}, [0, 1])
        assert "m8" in render_text(compose(history, OPTIONS))

    @pytest.mark.parametrize(
        ("other", "values"),
        [
            ("f1", [np.array([0.1, 0.2]), np.array([0.3, 0.4])]),
            ("val_loss", [1.0]),
            ("note", ["a", "b"]),
        ],
        ids=["a value each class", "of unequal length", "no numbers"],
    )
    def test_what_is_no_number_an_epoch_is_named_and_the_others_are_drawn(self, history_of, other, values):
        bundle = mimebundle(history_of({"loss": [3.0, 2.0], other: values}, [0, 1]))
        assert bundle["text/plain"].startswith("History   2 epochs · 1 metric\nloss 2.00")
        assert f"not drawn: {other}" in bundle["text/plain"]
        assert f"not drawn: {other}" in bundle["text/html"]

    def test_of_many_epochs_each_number_is_read_once_and_only_those_shown_are_written(self, history_of, monkeypatch):
        read, written = [], []

        class Counting:
            """A number that tells when it becomes an array."""

            def __array__(self, dtype=None, copy=None):
                read.append(self)
                return np.array(0.5)

        real = numerals.small_texts
        monkeypatch.setattr(numerals, "small_texts", lambda array: written.append(array.size) or real(array))
        epochs = 500
        bundle = mimebundle(history_of({"loss": [Counting() for _ in range(epochs)]}, list(range(epochs))))
        assert bundle["text/plain"].startswith("History   500 epochs · 1 metric")
        assert len(read) == len(set(map(id, read))) == epochs
        assert 0 < max(written) <= epochs // 10

    @given(st.lists(st.floats() | st.integers(-(2**53), 2**53), min_size=1, max_size=40))
    def test_plain_numbers_are_drawn_as_numpy_reads_them(self, tf, values):
        history = tf.keras.callbacks.History()
        history.history = {"loss": values}
        content = summarize(history).content
        expected = np.stack([np.asarray(value) for value in values])
        assert content.values["loss"].dtype == expected.dtype
        np.testing.assert_array_equal(content.values["loss"], expected)

    def test_before_the_first_epoch_it_is_a_tree(self, history_of):
        text = mimebundle(history_of({"loss": []}, []))["text/plain"]
        assert text.startswith("History   1 tensor")
        assert "loss" in text

    def test_nothing_trained_yet_says_so(self, history_of):
        assert mimebundle(history_of({}))["text/plain"] == (
            "History\nholds no curve yet: it fills while model.fit runs"
        )

    def test_names_are_text(self, history_of):
        history = history_of({"<b>$x$ loss": [1.0, 2.0], "val_": [1.0, 2.0], "a" * 60: [1.0, 2.0]}, [0, 1])
        html = mimebundle(history)["text/html"]
        assert "<b>" not in html
        assert "&lt;b&gt;$x$ loss" in html
        titles = [ax.get_title() for ax in plot(history)]
        assert titles == ["<b>$x$ loss", "val_", f"{'a' * 14}…{'a' * 13}"]

    def test_text_alone_has_the_numbers_and_no_picture(self, digits):
        shown = render_text(compose(digits.history, TensorDisplay().options(plots=False)))
        assert shown.startswith("History   3 epochs · 4 metrics\naccuracy ")
        assert not any(isinstance(block, Figure) and block.draw for block in compose(
            digits.history, TensorDisplay().options(plots=False)
        ).blocks)  # fmt: skip

    @pytest.mark.parametrize("epochs", [2, 30, 100, 221, 5000])
    def test_a_card_of_noise_is_small_and_shows_the_spike(self, history_of, epochs):
        curves = {f"m{number}": np.random.default_rng(number).normal(size=epochs) for number in range(6)}
        curves |= {f"val_{name}": values + 1 for name, values in curves.items()}
        curves["m0"][epochs // 2] = 99.0
        history = history_of({name: values.tolist() for name, values in curves.items()}, list(range(epochs)))
        assert len(mimebundle(history)["text/html"]) <= 40_000
        pixels = pixels_of(picture(history))
        top = near(pixels[: 2 * 30, : pixels.shape[1] // 3], BLUE, 80)  # nothing else is as high as that
        assert top.any()

    @settings(max_examples=60)
    @given(
        values=hnp.arrays(
            st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.bool_]),
            st.tuples(st.integers(1, 4), st.integers(1, 300)),
        ),
        validation=st.booleans(),
    )
    def test_no_numbers_break_a_picture(self, values, validation):
        with np.errstate(all="ignore"):
            named = {f"m{number}": row for number, row in enumerate(values)}
            if validation:
                named |= {f"val_{name}": row[::-1] for name, row in named.items()}
            training = read_training(Curves(named, range(values.shape[1])))
            sheet = Sheet(*training.size)
            paint_training(sheet, training, STYLE)
            assert sheet.picture().data
            assert training.alt().startswith("Training curves of ")


def bank(count: int = 2000, columns: int = 5) -> np.ndarray:
    return np.sin(np.arange(count)[:, None] / 100 * np.arange(1, columns + 1)) * np.arange(1, columns + 1)


class TestStrips:
    def test_axes_hold_every_column(self, tf):
        values = bank(1000)
        lines = plot(tf.constant(values)).lines
        assert [line.get_label() for line in lines] == ["0", "1", "2", "3", "4"]
        for column, line in enumerate(lines):
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1000))
            np.testing.assert_array_equal(line.get_ydata(), values[:, column])
        assert [text.get_text() for text in lines[0].axes.get_legend().get_texts()] == ["0", "1", "2", "3", "4"]

    @pytest.mark.parametrize("columns", [2, 8])
    def test_a_single_sample_in_ten_million_is_seen_in_the_card_and_on_axes(self, columns):
        values = np.zeros((10**7 // columns, columns), np.float32)
        values += np.linspace(0, 1e-3, len(values), dtype=np.float32)[:, None]
        place = int(0.7654321 * len(values))
        values[place, -1] = 1.0
        summary = summarize(values)
        assert (summary.role, summary.title) == ("multi-series", f"{columns} series")
        line = plot(values).lines[-1]
        assert line.get_ydata().max() == 1.0
        assert line.get_xdata()[int(np.argmax(line.get_ydata()))] == pytest.approx(place, abs=len(values) / 1200)
        assert f"[{columns - 1}] 0 at 0 … 1.00 at {place}" in LINE.alt(summary, OPTIONS)
        pixels = pixels_of(LINE.picture(summary, OPTIONS))
        top = 2 * (36 * (columns - 1) + 2)
        spike = near(pixels[top : top + 40], BLUE, 60).sum(axis=0) > 20  # the strip's upper part
        assert spike.any()
        left = pixels.shape[1] - 2 * 614
        assert np.flatnonzero(spike).mean() == pytest.approx(left + 1200 * 0.7654321, abs=5)

    def test_each_strip_is_on_its_own_scale(self):
        pixels = pixels_of(picture(bank(), AS_LINES))
        for column in range(5):
            strip = near(pixels[2 * 36 * column : 2 * 36 * column + 68], BLUE, 60)
            rows = np.flatnonzero(strip.any(axis=1))
            assert rows.max() - rows.min() == pytest.approx(60, abs=3)

    def test_alt_says_the_extremes_and_the_note_how_to_read_it(self):
        values = bank(1000, 2)
        values[300, 1] = 7.5
        summary = summarize(values)
        low, low_at = values[:, 0].min(), int(values[:, 0].argmin())
        high, high_at = values[:, 0].max(), int(values[:, 0].argmax())
        assert LINE.alt(summary, AS_LINES).startswith(
            f"Lines of 2 columns of 1 000 values: [0] {low:.2f} at {low_at} … {high:.2f} at {high_at}; [1] -2.00 at "
        )
        assert "… 7.50 at 300." in LINE.alt(summary, AS_LINES)
        assert LINE.note(summary, AS_LINES) == "a strip each column, on its own scale"
        long = summarize(bank(24_000, 2))
        assert LINE.note(long, AS_LINES) == (
            "a strip each column, on its own scale, every spike kept (min and max of each 20)"
        )

    def test_what_is_not_finite_is_marked(self):
        values = bank(1000)
        values[100:300, 1], values[5, 2], values[800, 3], values[:, 4] = NAN, INF, -INF, NAN
        summary = summarize(values)
        assert choose_plot(summary, AS_LINES) is LINE
        words = LINE.alt(summary, AS_LINES)
        assert words.endswith("; [4] no finite values. What is not finite is marked.")
        pixels = pixels_of(LINE.picture(summary, AS_LINES))
        marked = [near(pixels[2 * 36 * column : 2 * 36 * column + 68], MAGENTA).any() for column in range(5)]
        assert marked == [False, True, True, True, True]
        lines = plot(values, "line").lines
        assert np.isnan(lines[1].get_ydata()).sum() == 200
        assert {line.get_marker() for line in lines[5:]} == {"x", "^", "v"}

    def test_a_value_between_two_nans_is_seen(self):
        values = np.zeros((90, 2))
        values[:, 1] = np.tile([NAN, 3.0, NAN], 30)
        assert near(pixels_of(picture(values, AS_LINES))[72:], BLUE).any()
        points = [line for line in plot(values, "line").lines if line.get_marker() == "o"]
        assert points[0].get_xdata().tolist() == list(range(1, 90, 3))

    @pytest.mark.parametrize("dtype", ["float16", "float32", "int16", "int64", "uint64", "bool", "bfloat16"])
    def test_columns_of_any_dtype(self, dtype):
        import ml_dtypes

        values = (bank(500, 3) * 30 + 100).astype(getattr(ml_dtypes, dtype, dtype))
        lines = plot(values, "line").lines
        for column, line in enumerate(lines):
            np.testing.assert_array_equal(line.get_ydata(), values[:, column].astype(np.float64))
        assert picture(values, AS_LINES).data

    @pytest.mark.parametrize("count", [70, 900, 90_000])
    @pytest.mark.parametrize("columns", [2, 5, 8])
    @pytest.mark.parametrize("kind", ["noise", "walk", "sines"])
    def test_a_card_is_small_whatever_is_drawn(self, count, columns, kind):
        noise = np.random.default_rng(0).normal(size=(count, columns))
        values = {"noise": noise, "walk": np.cumsum(noise, axis=0), "sines": bank(count, columns)}[kind]
        assert len(mimebundle(values, AS_LINES)["text/html"]) <= 40_000

    def test_bands_hold_the_same_extremes_as_lines(self):
        """Where smooth lines would be too many bytes, columns of a CSS pixel are drawn: a spike stays as high."""
        noise = np.random.default_rng(0).normal(size=(900, 8))
        noise[450, 3] = 40.0
        assert read_strips(noise).wide > 0
        pixels = pixels_of(picture(noise, AS_LINES))
        strip = near(pixels[2 * 36 * 3 + 4 : 2 * 36 * 3 + 64], BLUE)
        heights = strip.sum(axis=0)
        left = pixels.shape[1] - 2 * 614
        assert int(np.argmax(heights)) == pytest.approx(left + 600, abs=6)
        assert heights.max() >= 40

    @settings(max_examples=100)
    @given(
        heights=hnp.arrays(np.float64, st.integers(2, 60), elements=st.floats(-9, 9) | st.just(NAN)),
        columns=st.integers(1, 40),
    )
    def test_bands_reach_from_the_lowest_to_the_highest_point_of_the_line(self, heights, columns):
        length = len(heights) - 1.0
        points = np.column_stack([np.arange(len(heights), dtype=float), heights])
        lows, highs = envelope(points, length, columns)
        edges = np.linspace(0, length, columns + 1)
        for column, (start, end) in enumerate(pairwise(edges)):
            # The line is straight between its points, so its extremes are there or at the edges of the column.
            inside = [float(y) for x, y in points if start < x < end]
            found = [y for y in (*inside, *np.interp([start, end], *points.T)) if np.isfinite(y)]
            if not found:
                continue
            assert lows[column] <= min(found) + 1e-9
            assert highs[column] >= max(found) - 1e-9
            assert np.nanmin(heights) <= lows[column] <= highs[column] <= np.nanmax(heights)

    def test_more_than_eight_columns_are_no_lines(self):
        summary = summarize(np.zeros((100, 9)))
        assert LINE.suits(summary) == 0
        assert 0 < LINE.suits(summarize(np.random.default_rng(0).normal(size=(100, 8)))) < 0.5

    @settings(max_examples=60)
    @given(values=hnp.arrays(st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint64, np.bool_]),
                             st.tuples(st.integers(1, 90), st.integers(1, 8))))  # fmt: skip
    def test_no_numbers_break_a_picture(self, values):
        if not values.size:
            return
        summary = summarize(values)
        if LINE.suits(summary):
            assert LINE.picture(summary, AS_LINES).data
            assert re.match(r"Lines? of ", LINE.alt(summary, AS_LINES))
            plot(values, "line")
