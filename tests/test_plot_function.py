"""``tfnp_ext.plot``: Axes to go on with, in the user's style, and nothing of pyplot's that moves."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from PIL import Image

import tfnp_ext
from tfnp_ext import ConversionError, plot
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle
from tfnp_ext.errors import OptionError
from tfnp_ext.plots import PLOTS, figure_of
from tfnp_ext.plots.pooling import pool

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture(autouse=True)
def nothing_of_pyplot_moves() -> Iterator[None]:
    """No test here may leave a figure, another rcParam or another current Axes behind."""
    before = dict(mpl.rcParams)
    assert plt.get_fignums() == []
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    TensorDisplay.clear_instance()
    yield
    TensorDisplay.clear_instance()


def values_of(kind: str, digits, photos, tf):
    """Returns a real value that a kind of plot draws by itself, and the options it needs."""
    return {
        "bar": (digits.shares[7], {}),
        "heatmap": (digits.shares[:32], {}),
        "image": (photos[0], {}),
        "grid": (digits.images, {}),
        "gallery": (digits.shares[:32], {"images": digits.images[:32], "truth": digits.truth[:32]}),
        "line": (np.sin(np.arange(2000) / 99), {}),
        "histogram": (digits.model.get_layer("conv2").kernel, {"kind": "histogram"}),
        "filters": (digits.model.get_layer("conv1").kernel, {}),
        "counts": (digits.truth, {}),
        "confusion": (digits.shares, {"truth": digits.truth, "kind": "confusion"}),
        "lengths": (tf.RaggedTensor.from_row_lengths(tf.range(200), [50, 0, 100, 30, 20]), {}),
        "spy": (tf.sparse.from_dense(digits.images.reshape(360, 64)), {}),
        "phase": (np.fft.rfft(np.sin(np.arange(512) / 9) + np.sin(np.arange(512) / 3)), {}),
    }[kind]


class TestAxes:
    def test_a_vector_of_shares_is_bars_on_axes_of_its_own(self, digits):
        ax = plot(digits.shares[7], labels=NAMES)
        assert isinstance(ax, Axes)
        assert plt.get_fignums() == []
        assert [bar.get_width() for bar in ax.containers[0]] == pytest.approx(np.sort(digits.shares[7])[::-1].tolist())
        order = np.argsort(-digits.shares[7], kind="stable")
        assert [tick.get_text() for tick in ax.get_yticklabels()] == [NAMES[place] for place in order]
        assert figure_of(ax) is ax.figure

    def test_a_tensor_and_its_array_are_drawn_alike(self, tf, digits):
        tensor, array = plot(tf.constant(digits.shares[7])), plot(digits.shares[7])
        assert [bar.get_height() for bar in tensor.patches] == [bar.get_height() for bar in array.patches]

    @pytest.mark.parametrize("kind", ["auto", "bar", "histogram", "line"])
    def test_axes_given_are_drawn_on_and_returned(self, digits, kind):
        figure, (left, right) = plt.subplots(1, 2)
        plt.sca(right)
        assert plot(digits.shares[7], kind, ax=left) is left
        assert left.has_data()
        assert not right.has_data()
        assert plt.get_fignums() == [figure.number]
        assert plt.gca() is right
        assert figure_of(left) is None

    def test_what_was_on_the_axes_stays(self, digits):
        _, ax = plt.subplots()
        (line,) = ax.plot([0, 9], [0.5, 0.5])
        ax.set_title("mine")
        plot(digits.shares[7], ax=ax)
        assert line in ax.lines
        assert ax.get_title() == "mine"

    def test_every_call_makes_a_figure_of_its_own(self, digits):
        first, second = plot(digits.shares[7]), plot(digits.shares[7])
        assert first.figure is not second.figure

    def test_the_figure_can_be_saved_and_changed(self, digits):
        ax = plot(digits.shares[7])
        ax.set_title("a digit")
        ax.set_ylim(0, 1)
        saved = {form: io.BytesIO() for form in ("png", "svg", "pdf")}
        for form, target in saved.items():
            ax.figure.savefig(target, format=form)
        assert saved["png"].getvalue().startswith(b"\x89PNG")
        assert b"<svg" in saved["svg"].getvalue()
        assert saved["pdf"].getvalue().startswith(b"%PDF")

    def test_long_names_are_inside_the_figure_that_is_saved(self, digits):
        ax = plot(digits.shares[7], labels=[f"a name of the class {name}"[:24] for name in NAMES])
        ax.figure.savefig(io.BytesIO())
        whole = ax.figure.bbox
        for text in (*ax.get_yticklabels(), *ax.texts):
            box = text.get_window_extent()
            assert whole.x0 <= box.x0 <= box.x1 <= whole.x1, text.get_text()

    @pytest.mark.parametrize("kind", list(PLOTS))
    def test_every_kind_is_drawn_by_its_name_and_leaves_pyplot_alone(self, digits, photos, tf, kind):
        value, asked = values_of(kind, digits, photos, tf)
        axes = plot(value, **{"kind": kind, **asked})
        every = np.atleast_1d(axes).ravel()
        assert all(isinstance(ax, Axes) for ax in every)
        assert any(ax.has_data() for ax in every)
        assert len({ax.figure for ax in every}) == 1
        assert plt.get_fignums() == []
        every[0].figure.savefig(io.BytesIO())

    def test_axes_of_an_image_hold_its_pixels(self, photos):
        np.testing.assert_array_equal(plot(photos[0]).images[0].get_array(), photos[0])

    def test_axes_of_a_matrix_hold_its_cells(self):
        values = np.random.default_rng(0).normal(size=(300, 200)).astype(np.float32)
        image = plot(values).images[0]
        np.testing.assert_allclose(image.get_array(), pool(values, (5, 4)).means)
        assert image.get_extent() == [-0.5, 199.5, 299.5, -0.5]

    @pytest.mark.parametrize(
        ("values", "names"),
        [
            (np.arange(90) % 3 == 0, ["False", "True"]),
            (np.ones(90, bool), ["True"]),
            (np.arange(90) % 4 - 1, ["-1", "0", "1", "2"]),
        ],
        ids=["booleans", "one boolean", "integers"],
    )
    def test_a_histogram_of_few_values_names_each(self, values, names):
        ax = plot(values, "histogram")
        assert [text.get_text() for text in ax.get_xticklabels()] == names
        np.testing.assert_array_equal(ax.get_xticks(), np.unique(values).astype(float))
        middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches if bar.get_height()]
        np.testing.assert_allclose(middles, np.unique(values).astype(float))

    def test_axes_of_a_batch_hold_every_share(self, digits):
        image = plot(digits.shares[:32]).images[0].get_array()
        assert image.shape == (10, 32, 4)
        np.testing.assert_allclose(image[..., 3], digits.shares[:32].T ** 0.8, rtol=1e-5)

    def test_axes_of_a_batch_say_the_answers(self, digits):
        shares = digits.shares[:30].copy()
        shares[4] = 0.08
        shares[4, 3] = 0.28
        ax = plot(shares, labels=NAMES)
        ax.figure.canvas.draw()
        often, above = sorted(ax.child_axes, key=lambda child: len(child.get_xticklabels()))
        words = [text.get_text() for text in above.get_xticklabels()]
        tops = shares.argmax(axis=1)
        assert words[4] == "three 28 % ?"
        for place in set(range(30)) - {4}:
            assert words[place].startswith(f"{NAMES[tops[place]]} ")
            assert words[place].endswith("?") == (shares[place].max() < 0.5)
        counts = np.bincount(tops, minlength=10)
        assert [text.get_text() for text in often.get_yticklabels()] == [f"{count}×" for count in counts]
        assert {(frame.get_x() + 0.5, frame.get_y() + 0.5) for frame in ax.patches} == {
            (place, top) for place, top in enumerate(tops.tolist())
        }

    def test_of_many_examples_the_unsure_ones_are_marked(self, digits):
        shares = digits.shares[:150].copy()
        shares[77] = 0.1
        ax = plot(shares)
        (above,) = (child for child in ax.child_axes if child.get_xlabel() == "? unsure, below 50 %")
        assert above.get_xticks().tolist() == np.flatnonzero(shares.max(axis=1) < 0.5).tolist()
        assert {text.get_text() for text in above.get_xticklabels()} == {"?"}

    @pytest.mark.parametrize("style", ["default", "dark_background", "ggplot"])
    def test_frames_of_answers_have_the_colour_of_text(self, digits, style):
        with plt.style.context(style):
            (color,) = {to_hex(frame.get_edgecolor()) for frame in plot(digits.shares[:32]).patches}
            assert color == to_hex(mpl.rcParams["text.color"])


def matrix_with_an_outlier() -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(300, 200)).astype(np.float32)
    values[123, 45] = 1e4
    return values


class TestScales:
    @pytest.mark.parametrize("kind", ["matrix", "kernel", "heads", "spectrum"])
    def test_a_colour_bar_stands_on_a_figure_of_our_own(self, digits, kind):
        value, asked, bars = {
            "matrix": (matrix_with_an_outlier(), {}, 1),
            "kernel": (digits.model.get_layer("conv2").kernel, {}, 1),
            "heads": (np.random.default_rng(0).random((3, 9, 9)).astype(np.float32), {"kind": "heatmap"}, 1),
            "spectrum": (np.fft.fft2(np.random.default_rng(0).random((70, 60))), {"kind": "phase"}, 2),
        }[kind]
        axes = np.atleast_1d(plot(value, **asked))
        figure = axes[0].figure
        others = [ax for ax in figure.axes if ax not in axes.tolist()]
        assert len(others) == bars
        images = [ax.images[0] for ax in axes if ax.images]
        for ax, image in zip(others, images, strict=False):
            assert ax.get_ylim() == pytest.approx(image.get_clim())
        figure.savefig(io.BytesIO())

    def test_axes_of_the_users_get_the_scale_in_words_and_no_more_axes(self):
        figure, (left, right) = plt.subplots(1, 2)
        right.set_xlabel("mine")
        for ax in (left, right):
            plot(matrix_with_an_outlier(), ax=ax)
        assert len(figure.axes) == 2
        low, high = left.images[0].get_clim()
        assert left.get_xlabel() == f"colours from {low:.2g} to {high:.2g}"
        assert right.get_xlabel() == "mine"

    def test_a_cell_that_hides_an_extreme_value_is_marked(self):
        ax = plot(matrix_with_an_outlier())
        (square,) = ax.lines
        (column,), (row,) = square.get_data()
        assert (int(row // 5), int(column // 4)) == (123 // 5, 45 // 4)
        assert to_hex(square.get_color()) == to_hex(mpl.rcParams["text.color"])
        assert not plot(np.random.default_rng(0).normal(size=(300, 200))).lines

    def test_the_grid_of_a_style_does_not_cross_a_map(self, digits):
        with plt.style.context("ggplot"):
            for ax in (plot(matrix_with_an_outlier()), plot(digits.shares[:32]), plot(np.eye(9), "confusion")):
                assert not any(line.get_visible() for line in (*ax.get_xgridlines(), *ax.get_ygridlines()))


class TestSeveralPanels:
    def test_a_history_is_an_array_of_axes_one_a_metric(self, digits):
        axes = plot(digits.history)
        assert axes.shape == (2,)
        assert axes.dtype == object
        assert [ax.get_title() for ax in axes] == ["accuracy", "loss"]
        for ax, name in zip(axes, ("accuracy", "loss"), strict=True):
            train, validation = ax.lines
            assert train.get_xdata().tolist() == validation.get_xdata().tolist() == [1, 2, 3]
            assert train.get_ydata().tolist() == digits.history.history[name]
            assert validation.get_ydata().tolist() == digits.history.history[f"val_{name}"]
            assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "validation"]
            assert train.get_linestyle() != validation.get_linestyle()
        assert figure_of(axes) is axes[0].figure

    def test_axes_given_are_refused_and_stay_empty(self, digits):
        _, ax = plt.subplots()
        with pytest.raises(OptionError) as refused:
            plot(digits.history, ax=ax)
        assert str(refused.value) == "plot line draws 2 panels: leave ax out, and take the Axes it returns"
        assert not ax.has_data()

    def test_a_history_of_one_metric_takes_axes(self, tf):
        history = tf.keras.callbacks.History()
        history.history, history.epoch = {"loss": [3.0, 2.0, 1.5]}, [0, 1, 2]
        _, ax = plt.subplots()
        assert plot(history, ax=ax) is ax
        assert ax.lines[0].get_ydata().tolist() == [3.0, 2.0, 1.5]

    def test_a_kind_of_panels_is_an_array_of_axes_however_many_there_are(self, tf, digits):
        history = tf.keras.callbacks.History()
        history.history, history.epoch = {"loss": [3.0, 2.0, 1.5]}, [0, 1, 2]
        one = {"images": digits.images[:1], "truth": digits.truth[:1]}
        scores = np.tril(np.exp(np.random.default_rng(0).normal(size=(2, 12, 12))))
        heads = (scores / scores.sum(-1, keepdims=True)).astype(np.float32)
        made = [plot(history), plot(digits.shares[:1], **one), plot(heads[:1]), plot(heads[None, :1]), plot(heads)]
        made.append(plot(np.exp(1j * np.arange(99.0))))
        for axes, count in zip(made, (1, 1, 1, 1, 2, 2), strict=True):
            assert isinstance(axes, np.ndarray)
            assert (axes.shape, axes.dtype) == ((count,), object)
            assert all(isinstance(ax, Axes) and ax.has_data() for ax in axes)
            assert figure_of(axes) is axes[0].figure

    @pytest.mark.parametrize("kind", ["bar", "histogram", "line", "heatmap"])
    def test_other_kinds_are_axes_themselves(self, digits, kind):
        assert isinstance(plot(digits.shares[7] if kind != "heatmap" else digits.shares, kind), Axes)


class TestOptions:
    def test_labels_top_and_softmax(self, digits):
        ax = plot(digits.logits[7], softmax=True, labels=NAMES, top=3)
        widths = [bar.get_width() for bar in ax.containers[0]]
        assert widths == pytest.approx(np.sort(digits.shares[7])[::-1][:3].tolist(), rel=1e-5)
        assert ax.get_yticklabels()[0].get_text() == NAMES[int(digits.shares[7].argmax())]
        assert ax.get_xlabel().startswith("7 others ")

    @pytest.mark.parametrize("labels", [NAMES, tuple(NAMES), np.array(NAMES), dict(enumerate(NAMES))], ids=type)
    def test_labels_of_any_sort(self, digits, labels):
        assert {tick.get_text() for tick in plot(digits.shares[7], labels=labels).get_yticklabels()} == set(NAMES)

    def test_labels_of_the_configuration(self, digits):
        TensorDisplay.instance().labels = NAMES
        assert {tick.get_text() for tick in plot(digits.shares[7]).get_yticklabels()} == set(NAMES)

    def test_dollars_in_labels_are_no_formulas(self, digits):
        labels = ["$", "$x", "a$b$", *NAMES[3:]]
        axes = plot(digits.shares[7], labels=labels)
        axes.figure.savefig(io.BytesIO())
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
        assert {"$", "$x", "a$b$"} <= {tick.get_text() for tick in ticks}

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"kind": "pie"}, r"no plot named 'pie'; there are auto, none, bar, "),
            ({"kind": 3}, r"no plot named 3; "),
            ({"kind": "image"}, r"plot image cannot draw ndarray \(10,\) float32: bar, .*line can"),
            ({"kind": "none"}, r"plot none is no picture: name one of bar, .*line"),
            ({"labels": NAMES[:9]}, r"9 labels for 10 classes: "),
            ({"labels": [*NAMES, "ten"]}, r"11 labels for 10 classes: "),
            ({"labels": 5}, r"labels need a list, an array or a dict index → name, not int"),
            ({"top": 0}, r"top is a whole number from 1 on, or None, not 0$"),
            ({"top": "three"}, r"top is a whole number from 1 on, or None, not 'three'$"),
            ({"where": "somewhere"}, r"where is one of all, right, wrong, not 'somewhere'"),
            ({"sort": "size"}, r"sort is one of index, confidence, error, not 'size'"),
            ({"page": 0}, r"page is a whole number from 1 on, not 0"),
            ({"ax": 3}, r"ax is one Axes, as of plt.subplots\(\), not int"),
            ({"ax": np.array([1, 2])}, r"ax is one Axes, as of plt.subplots\(\), not ndarray"),
        ],
        ids=lambda part: str(part)[:40],
    )
    def test_what_does_not_fit_is_one_line(self, digits, asked, said):
        with pytest.raises(OptionError) as refused:
            plot(digits.shares[7], **asked)
        assert re.match(said, str(refused.value)), str(refused.value)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda tf: tf.constant([1, 2, 3]), "no picture suits Tensor (3,) int32: name one of "),
            (lambda tf: tf.constant(3.0), "no plot can draw Tensor () float32"),
            (lambda tf: tf.zeros((0, 3)), "no plot can draw Tensor (0, 3) float32"),
            (lambda tf: tf.constant(["a", "b"]), "no plot can draw Tensor (2,) string"),
            (lambda tf: {"a": tf.ones(3)}, "nothing of dict can be drawn: a container: its entries have the values"),
            (lambda tf: tf.keras.Input((3,)), "nothing of KerasTensor (None, 3) float32 can be drawn: "),
            (lambda tf: None, "nothing of None can be drawn: no gradient: not connected"),
        ],
        ids=["few integers", "scalar", "empty", "strings", "dict", "symbol", "no gradient"],
    )
    def test_what_has_no_picture_says_so(self, tf, make, said):
        with pytest.raises(OptionError) as refused:
            plot(make(tf))
        assert str(refused.value).startswith(said)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("numbers", [[0.1, 0.2, 0.7], (3, 1, 2, 9), [np.float32(0.5), 2, True]], ids=str)
    def test_a_flat_list_of_numbers_is_drawn_as_its_array(self, numbers):
        bars = plot(numbers, "bar").patches
        assert [bar.get_height() for bar in bars] == np.array(numbers).tolist()

    @pytest.mark.parametrize("values", [[], [[1, 2], [3, 4]], ["a"], [1, None], [10**30, 1]], ids=str)
    def test_other_lists_are_told_a_way_out(self, values):
        with pytest.raises(OptionError) as refused:
            plot(values)
        assert str(refused.value) == (
            "nothing of list can be drawn: a container: its entries have the values: "
            "draw one of them, or np.array(values)"
        )

    @pytest.mark.parametrize("value", [3, "words", object()], ids=type)
    def test_what_is_not_tensor_like_is_an_error_of_conversion(self, value):
        with pytest.raises(ConversionError, match="is not tensor-like"):
            plot(value)


STYLES = ["dark_background", "ggplot", "grayscale", {"font.size": 22.0, "axes.facecolor": "#112233"}]


def first_color() -> str:
    return to_hex(mpl.rcParams["axes.prop_cycle"].by_key()["color"][0])


class TestStyle:
    @pytest.mark.parametrize("style", STYLES, ids=str)
    def test_the_users_style_is_honoured(self, digits, style):
        with plt.style.context(style):
            ax = plot(digits.shares[7])
            ax.figure.savefig(io.BytesIO())
            assert ax.get_facecolor() == to_rgba(mpl.rcParams["axes.facecolor"])
            assert ax.figure.get_facecolor() == to_rgba(mpl.rcParams["figure.facecolor"])
            assert ax.get_xticklabels()[0].get_size() == pytest.approx(
                plt.figure().subplots().get_xticklabels()[0].get_size()
            )
            if isinstance(style, str):
                top = ax.containers[0][int(digits.shares[7].argmax())]
                assert to_hex(top.get_facecolor()) == first_color()
            plt.close("all")

    def test_without_a_style_the_colours_are_those_of_the_cards(self, digits):
        top = plot(digits.shares[7]).containers[0][int(digits.shares[7].argmax())]
        assert to_hex(top.get_facecolor()) == "#3a7dc0"

    @pytest.mark.parametrize("style", ["dark_background", "ggplot"])
    def test_lines_take_the_first_colours_of_the_cycle(self, digits, style):
        with plt.style.context(style):
            cycle = [to_hex(color) for color in mpl.rcParams["axes.prop_cycle"].by_key()["color"]]
            assert to_hex(plot(np.sin(np.arange(200.0))).lines[0].get_color()) == cycle[0]
            train, validation = plot(digits.history)[0].lines
            assert [to_hex(train.get_color()), to_hex(validation.get_color())] == cycle[:2]
            columns = np.cumsum(np.random.default_rng(0).normal(size=(300, 3)), axis=0)
            assert [to_hex(line.get_color()) for line in plot(columns, "line").lines] == cycle[:3]

    def test_a_cycle_without_colours_is_no_error(self, digits):
        with mpl.rc_context({"axes.prop_cycle": mpl.cycler(linestyle=["-", "--"])}):
            assert plot(digits.shares[7]).containers[0][0].get_facecolor()

    def test_text_grows_with_the_users_font(self, digits):
        def sizes(kind: str, value) -> set[float]:
            ax = plot(value, kind)
            ax.figure.savefig(io.BytesIO())
            return {round(text.get_size(), 3) for text in ax.findobj(mpl.text.Text) if text.get_text()}

        for kind, value in (("bar", digits.shares[7]), ("line", np.sin(np.arange(200.0))), ("heatmap", digits.shares)):
            plain = sizes(kind, value)
            with mpl.rc_context({"font.size": 2 * mpl.rcParams["font.size"]}):
                assert sizes(kind, value) == {2 * size for size in plain}, kind

    @pytest.mark.parametrize("style", STYLES, ids=str)
    def test_a_card_stays_as_it_is_byte_by_byte(self, tf, digits, photos, style):
        shown = [
            tf.constant(digits.shares[7]), tf.constant(digits.shares[:32]),
            tf.constant(np.float32([-3, -8, -2, -7, 9, -1, -6, -4, -9, -5])),
            tf.constant(digits.images), tf.constant(photos), tf.constant(np.sin(np.arange(2000) / 99)),
            tf.constant(np.cumsum(np.random.default_rng(0).normal(size=(300, 3)), axis=0)), digits.history,
            digits.model.get_layer("conv2").kernel, digits.model.get_layer("logits").kernel, tf.constant(digits.truth),
        ]  # fmt: skip
        plain = [mimebundle(value) for value in shown]
        assert all("base64" in bundle["text/html"] for bundle in plain[:10])
        with plt.style.context(style):
            assert [mimebundle(value) for value in shown] == plain


SCRIPT = """
import sys
import numpy as np
import matplotlib
def parameters():
    # Asking for the backend in the usual way would choose one.
    return {key: dict.__getitem__(matplotlib.rcParams, key) for key in matplotlib.rcParams}
before = parameters()
import tfnp_ext
shares = np.exp(np.arange(10.0)); shares /= shares.sum()
ax = tfnp_ext.plot(shares, labels=list("abcdefghij"))
ax.set_title("saved by a script")
ax.figure.savefig(sys.argv[1])
assert "IPython" not in sys.modules, "IPython is imported"
assert "tensorflow" not in sys.modules, "TensorFlow is imported"
assert "matplotlib.pyplot" not in sys.modules, "pyplot is imported"
assert before == parameters(), "rcParams moved"
import matplotlib.pyplot as plt
assert plt.get_fignums() == []
figure, axes = plt.subplots(1, 2)
assert tfnp_ext.plot(shares, ax=axes[0]) is axes[0]
figure.savefig(sys.argv[2])
print(type(ax).__name__, len(ax.patches))
"""


def test_a_script_without_ipython_saves_a_png(tmp_path, process_environment):
    paths = [tmp_path / "own.png", tmp_path / "pyplot.png"]
    environment = {**process_environment, "MPLBACKEND": "agg"}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, paths)], capture_output=True, text=True, env=environment, timeout=120
    )
    assert ran.stdout == "Axes 10\n", ran.stderr
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        blue = np.abs(pixels - (58, 125, 192)).max(axis=-1) < 12
        assert blue.sum() > 1000, path.name


class TestInIPython:
    """At the end of a cell, in a real shell."""

    @pytest.fixture
    def shell(self, ip, digits):
        ip.user_ns.update(shares=digits.shares, history=digits.history, tfnp_ext=tfnp_ext)
        return ip

    def png_size(self, bundle) -> tuple[int, int]:
        return Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size

    def test_the_axes_show_their_picture_once(self, shell, run):
        ran = run(shell, "tfnp_ext.plot(shares[7])")
        (bundle,) = ran.bundles
        assert set(bundle) == {"image/png", "text/plain"}
        assert bundle["text/plain"].startswith("<Axes: ")
        assert self.png_size(bundle)[0] > 600
        assert plt.get_fignums() == []

    def test_an_array_of_axes_shows_one_picture(self, shell, run):
        (bundle,) = run(shell, "tfnp_ext.plot(history)").bundles
        assert set(bundle) == {"image/png", "text/plain"}
        assert bundle["text/plain"].startswith("array([<Axes: title=")

    def test_changed_axes_show_as_they_are_now(self, shell, run):
        before = run(shell, "ax = tfnp_ext.plot(shares[7]); ax").bundles[0]["image/png"]
        after = run(shell, "ax.set_facecolor('red'); ax").bundles[0]["image/png"]
        assert before != after

    @pytest.mark.parametrize("cell", ["tfnp_ext.plot(shares[7]);", "ax = tfnp_ext.plot(shares[7])"])
    def test_what_is_assigned_or_silenced_shows_nothing(self, shell, run, cell):
        assert run(shell, cell).bundles == []

    @pytest.mark.parametrize("cell", ["plt.subplots()[1]", "tfnp_ext.plot(shares[7], ax=plt.subplots()[1])"])
    def test_axes_of_pyplot_get_no_second_picture(self, shell, run, cell):
        shell.user_ns["plt"] = plt
        (bundle,) = run(shell, cell).bundles
        assert set(bundle) == {"text/plain"}
        assert len(plt.get_fignums()) == 1

    def test_axes_of_a_figure_of_the_users_get_none(self, shell, run):
        (bundle,) = run(shell, "from matplotlib.figure import Figure\nFigure().subplots()").bundles
        assert set(bundle) == {"text/plain"}

    def test_unloading_removes_the_printer(self, shell, run):
        assert "image/png" in run(shell, "tfnp_ext.plot(shares[7])").bundles[0]
        shell.run_line_magic("unload_ext", "tfnp_ext")
        assert set(run(shell, "tfnp_ext.plot(shares[7])").bundles[0]) == {"text/plain"}
        assert set(run(shell, "tfnp_ext.plot(history)").bundles[0]) == {"text/plain"}
        formatter = shell.display_formatter.mimebundle_formatter
        assert not [key for table in (formatter.type_printers, formatter.deferred_printers) for key in table
                    if "Axes" in str(key)]  # fmt: skip

    def test_a_printer_of_the_users_wins(self, new_shell, run, digits):
        shell = new_shell()
        shell.display_formatter.mimebundle_formatter.for_type(Axes, lambda ax: {"text/plain": "mine"})
        shell.run_line_magic("load_ext", "tfnp_ext")
        shell.user_ns.update(shares=digits.shares, tfnp_ext=tfnp_ext)
        assert run(shell, "tfnp_ext.plot(shares[7])").text == "mine"

    def test_a_terminal_draws_nothing(self, shell, run, monkeypatch):
        shell.display_formatter.active_types = ["text/plain"]

        def drawn(*_, **__):
            raise AssertionError("a figure was drawn that nobody sees")

        monkeypatch.setattr(mpl.figure.Figure, "savefig", drawn)
        monkeypatch.setattr(mpl.figure.Figure, "draw", drawn)
        assert run(shell, "tfnp_ext.plot(shares[7])").bundles[0].keys() == {"text/plain"}
        assert run(shell, "tfnp_ext.plot(history)").bundles[0].keys() == {"text/plain"}

    def test_an_error_is_one_line(self, shell, run):
        ran = run(shell, "tfnp_ext.plot(shares[7], 'pie')")
        assert ran.printed.count("no plot named 'pie'") >= 1
        assert isinstance(ran.result.error_in_exec, OptionError)


def test_the_example_of_the_readme_runs(digits, monkeypatch, tmp_path):
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    (example,) = [
        block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "tfnp_ext.plot(history)" in block
    ]
    monkeypatch.chdir(tmp_path)
    names = {"tfnp_ext": tfnp_ext, "preds": digits.shares, "history": digits.history, "names": NAMES}
    exec(example, names)
    assert names["left"].containers[0].patches
    assert [ax.get_title() for ax in names["curves"]] == ["accuracy", "loss"]
    assert [path.name for path in tmp_path.iterdir()] == ["training.png"]


def test_the_plot_of_one_s_own_in_the_readme_is_drawn_and_stands_in_a_card(ip, run):
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    (cell,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "register_plot" in block]
    try:
        drawn = run(ip, cell).result.result
        assert drawn.patches[0].get_data().values.tolist() == list(range(12))
        shown = run(ip, "%load_ext tfnp_ext\n%tonumpy np.arange(12) --plot stairs")
        assert 'alt="Stairs of 12 values, up to 11."' in shown.html
        assert "data:image/png" in shown.html
    finally:
        PLOTS.pop("stairs", None)
