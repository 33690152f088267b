"""Convolution kernels: what the picture of their filters holds, and what is said of how large they are."""

from __future__ import annotations

import dataclasses
import warnings

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure
from test_plots import BLUE, MAGENTA, ORANGE, near, pixels_of

import tfnp_ext
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle
from tfnp_ext.display.role_lines import weights
from tfnp_ext.errors import OptionError
from tfnp_ext.plots import PLOTS, choose_plot
from tfnp_ext.summary import Summary, summarize
from tfnp_ext.wording import integer, number

OPTIONS = TensorDisplay().options()
FILTERS = PLOTS["filters"]
SHAPES = [
    (3, 3, 16, 32), (3, 3, 1, 16), (3, 3, 1, 64), (7, 7, 3, 64), (1, 1, 32, 64), (1, 1, 3, 7), (3, 3, 32, 1),
    (3, 3, 500, 1), (3, 3, 32, 2), (3, 3, 64, 3), (1, 9, 8, 32), (5, 2, 3, 11), (3, 3, 96, 200), (3, 3, 2000, 1),
    (11, 11, 3, 96), (16, 16, 3, 768), (1, 1, 512, 300), (32, 32, 40, 40),
]  # fmt: skip


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def digit_layers(tf):
    """The layers of a small network that has seen scanned digits."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(0)
    model = tf.keras.Sequential([
        tf.keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.DepthwiseConv2D(2),
        layers.Conv2D(40, 1),
        layers.Flatten(),
        layers.Dense(10),
    ])  # fmt: skip
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images.reshape(-1, 8, 8, 1) / 16, digits, epochs=1, verbose=0)
    return model.layers


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def summary_of(kernel: np.ndarray) -> Summary:
    """Returns the summary of a kernel as a layer's variable has it."""
    return dataclasses.replace(summarize(kernel), role="kernel", drawn=kernel)


def tile_of(montage: np.ndarray, shown, drawn_filter: int, channel: int) -> np.ndarray:
    """Returns the weights of one filter and channel from what is drawn on Axes."""
    along, down = (channel, drawn_filter) if shown.turned else (drawn_filter, channel)
    layout, stand = shown.layout, shown.montage(1, 1)
    line, column = divmod(along, layout.columns)
    top, left = stand.tops[line * layout.down + down], stand.lefts[column]
    return montage[top : top + shown.tile[0], left : left + shown.tile[1]]


def axes_of(kernel: np.ndarray):
    axes = Figure().add_subplot()
    FILTERS.draw(axes, summary_of(kernel), OPTIONS)
    return axes


class TestPicture:
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_axes_hold_every_weight_that_is_drawn_in_its_tile(self, shape):
        kernel = normal(*shape)
        axes = axes_of(kernel)
        montage, shown = axes.images[0].get_array(), FILTERS.prepare(summary_of(kernel), OPTIONS)
        for drawn_filter in range(shown.filters[0]):
            for channel in range(shown.channels[0]):
                found = tile_of(montage, shown, drawn_filter, channel)
                np.testing.assert_array_equal(found, kernel[:, :, channel, drawn_filter])
        tiles = shown.layout.columns * shown.layout.lines * shown.layout.down
        gaps = montage.size - tiles * shape[0] * shape[1]
        assert np.ma.getmaskarray(montage).sum() == gaps, "what is no weight is no ink"

    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_it_fits_a_notebook_and_says_what_does_not(self, shape):
        summary = summary_of(normal(*shape))
        width, height = FILTERS.size(summary, OPTIONS)
        assert width <= 830
        assert height <= 195
        shown = FILTERS.prepare(summary, OPTIONS)
        words = [
            f"{integer(drawn)} of {integer(count)} {noun}"
            for (drawn, count), noun in ((shown.filters, "filters"), (shown.channels, "channels"))
            if drawn < count
        ]
        assert (shown.filters[1], shown.channels[1]) == (shape[3], shape[2])
        said = f"the first {', '.join(words)}" if words else ""
        assert FILTERS.note(summary, OPTIONS) == (f"drawn: {said}" if words else "")
        alt = FILTERS.alt(summary, OPTIONS)
        assert f"; {said} drawn;" in alt if words else "drawn" not in alt

    @given(shape=st.tuples(*[st.integers(1, 32)] * 2, *[st.integers(1, 3000)] * 2))
    @settings(max_examples=150)
    def test_any_kernel_is_laid_out_within_its_room(self, shape):
        kernel = np.broadcast_to(np.float32(1), shape)
        summary = Summary("Variable", shape, "float32", role="kernel", drawn=kernel)
        shown = FILTERS.prepare(summary, OPTIONS)
        layout = shown.layout
        assert layout.columns * (layout.lines - 1) < layout.along <= layout.columns * layout.lines
        assert shown.cells.size <= 3 * 8192
        assert FILTERS.size(summary, OPTIONS)[0] <= 830
        assert FILTERS.size(summary, OPTIONS)[1] <= 195
        few = shape[2] * shape[3] * shape[0] * shape[1] <= 500
        assert not few or (shown.filters[0], shown.channels[0]) == (shape[3], shape[2])

    def test_ticks_number_filters_and_channels(self):
        axes = tfnp_ext.plot(normal(3, 3, 5, 9), "filters")
        assert [tick.get_text() for tick in axes.get_xticklabels()] == [str(place) for place in range(9)]
        assert [tick.get_text() for tick in axes.get_yticklabels()] == [str(place) for place in range(5)]
        assert axes.get_xticks().tolist() == [4 * place + 1 for place in range(9)]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("9 filters", "5 in")

    def test_ticks_of_several_lines_count_on(self):
        axes = axes_of(normal(3, 3, 1, 64))
        lines = [tick.get_text() for tick in axes.get_yticklabels()]
        columns = [tick.get_text() for tick in axes.get_xticklabels()]
        assert lines == ["0", "16", "32", "48"]
        assert columns == [f"+{place}" for place in range(16)]
        axes = axes_of(normal(7, 7, 3, 64))
        assert [tick.get_text() for tick in axes.get_yticklabels()] == [
            "0, in 0", "0, in 1", "0, in 2", "32, in 0", "32, in 1", "32, in 2",
        ]  # fmt: skip

    def test_a_cut_is_said_on_axes(self):
        axes = axes_of(normal(3, 3, 96, 200))
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("first 64 of 200 filters", "first 12 of 96 in")

    def test_hue_is_sign_and_zero_is_paper(self):
        kernel = np.zeros((3, 3, 4, 8), np.float32)
        kernel[0, 0, 0, 2], kernel[2, 1, 3, 7] = 1.0, -1.0
        shown = FILTERS.prepare(summary_of(kernel), OPTIONS)
        unit, stand = shown.layout.unit, shown.montage(shown.layout.unit, 0)
        without_key = pixels_of(FILTERS.picture(summary_of(kernel), OPTIONS))[:, : stand.shape[1] + 60]
        blue, orange = (np.argwhere(near(without_key, color, 2)) for color in (BLUE, ORANGE))
        assert len(blue) == len(orange) == unit**2
        # The last row of the first of four rows of tiles, and the first of the last: so far apart are the two weights.
        apart = orange.min(axis=0) - blue.min(axis=0)
        assert apart.tolist() == [stand.tops[3] + 2 * unit, stand.lefts[7] + unit - stand.lefts[2]]

    def test_the_weights_of_the_mock_are_five_device_pixels_three_between(self):
        kernel = normal(3, 3, 16, 32)
        shown = FILTERS.prepare(summary_of(kernel), OPTIONS)
        assert (shown.layout.unit, shown.layout.lines) == (5, 1)
        assert np.diff(shown.montage(5, 0).lefts).tolist() == [18] * 31

    def test_single_weights_are_a_matrix_without_gaps(self):
        kernel = normal(1, 1, 32, 64)
        np.testing.assert_array_equal(axes_of(kernel).images[0].get_array(), kernel[0, 0])

    def test_a_depthwise_kernel_runs_to_the_right(self):
        axes = axes_of(normal(3, 3, 32, 1))
        height, width = axes.images[0].get_array().shape
        assert width > 4 * height
        assert "over 32 channels (to the right)" in FILTERS.alt(summary_of(normal(3, 3, 32, 1)), OPTIONS)

    def test_alt_says_what_runs_where_and_what_ink_means(self):
        kernel = np.full((3, 3, 16, 32), 0.25, np.float32)
        kernel[0, 0, 0, 0] = -0.25
        assert FILTERS.alt(summary_of(kernel), OPTIONS) == (
            "Heat map of 32 filters of 3 × 3 (to the right) over 16 channels (down); orange negative, blue positive,"
            " full ink at 0.25."
        )

    @pytest.mark.parametrize(("fill", "words"), [(0.0, "all 0"), (np.nan, "no finite values")])
    def test_filters_without_ink_say_why(self, fill, words):
        kernel = np.full((3, 3, 4, 8), fill, np.float32)
        assert words in FILTERS.alt(summary_of(kernel), OPTIONS)
        assert FILTERS.picture(summary_of(kernel), OPTIONS).data


class TestInvalid:
    @staticmethod
    def spoilt() -> np.ndarray:
        kernel = normal(3, 3, 16, 32)
        kernel[1, 2, 3, 7], kernel[0, 2, 9, 20], kernel[2, 0, 12, 5] = np.nan, np.inf, -np.inf
        return kernel

    def test_marks_stand_on_their_weights(self):
        axes = axes_of(self.spoilt())
        found = {line.get_marker(): line.get_xydata().astype(int).tolist() for line in axes.lines}
        assert found == {"x": [[7 * 4 + 2, 3 * 4 + 1]], "^": [[20 * 4 + 2, 9 * 4]], "v": [[5 * 4, 12 * 4 + 2]]}

    def test_alt_names_the_filters(self):
        alt = FILTERS.alt(summary_of(self.spoilt()), OPTIONS)
        assert "NaN marked × in filter 7; +Inf marked ▲ in filter 20; -Inf marked ▼ in filter 5." in alt
        depthwise = normal(3, 3, 64, 1)
        depthwise[0, 0, 40:] = np.nan
        assert "NaN marked × in channels 40, 41, 42, 43, 44, 45, …" in FILTERS.alt(summary_of(depthwise), OPTIONS)

    def test_a_single_one_is_large_enough_to_be_seen_and_stands_on_its_weight(self):
        summary = summary_of(self.spoilt())
        stand = FILTERS.prepare(summary, OPTIONS).montage(5, 0)
        magenta = near(pixels_of(FILTERS.picture(summary, OPTIONS)), MAGENTA)[:, : stand.shape[1] + 60]
        for channel, row in ((3, 1), (9, 0), (12, 2)):
            middle = 26 + stand.tops[channel] + 5 * row + 2
            here = magenta[middle - 9 : middle + 10]
            assert here.sum() > 20
            rows = np.flatnonzero(here.any(axis=1))
            assert (rows.min() + rows.max()) / 2 == pytest.approx(9, abs=1)

    def test_many_are_stamped_sign_by_sign(self):
        kernel = self.spoilt()
        kernel[..., 7] = np.nan
        kernel[..., 8] = np.inf
        kernel[..., 9] = -np.inf
        shown = FILTERS.prepare(summary_of(kernel), OPTIONS)
        pixels = pixels_of(FILTERS.picture(summary_of(kernel), OPTIONS))
        stand = shown.montage(shown.layout.unit, 0)
        magenta = near(pixels, MAGENTA, 2)
        columns = np.flatnonzero(magenta[26 : 26 + stand.shape[0]].sum(axis=0) > 40)
        left = columns.min() - stand.lefts[7]
        cells = [
            magenta[26 : 26 + 5, left + stand.lefts[place] : left + stand.lefts[place] + 5].tolist()
            for place in (7, 8, 9)
        ]
        cross = np.eye(5, dtype=bool) | np.eye(5, dtype=bool)[::-1]
        up = np.array([[0, 0, 1, 0, 0]] * 2 + [[0, 1, 1, 1, 0]] * 2 + [[1] * 5], bool)
        assert cells == [cross.tolist(), up.tolist(), up[::-1].tolist()]

    @given(
        kernel=hnp.arrays(np.float64, st.tuples(*[st.integers(1, 4)] * 4), elements=st.floats(width=64)),
        dtype=st.sampled_from([np.float64, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn]),
    )
    @settings(max_examples=60)
    def test_no_kernel_makes_it_fail(self, kernel, dtype):
        with np.errstate(all="ignore"):
            kernel = kernel.astype(dtype)
        summary = summary_of(kernel)
        assert FILTERS.picture(summary, OPTIONS).data
        assert FILTERS.alt(summary, OPTIONS).endswith(".")
        axes_of(kernel)
        weights.norm_fields(summary, OPTIONS)


class TestRealKernels:
    def test_of_a_trained_network(self, digit_layers):
        first, second, depthwise, pointwise = (layer.kernel for layer in digit_layers[:4])
        for variable, words in (
            (first, "16 filters of 3 × 3 (to the right) over 1 channel"),
            (second, "32 filters of 3 × 3 (to the right) over 16 channels"),
            (depthwise, "1 filter of 2 × 2 (down) over 32 channels"),
            (pointwise, "40 filters of 1 × 1 (to the right) over 32 channels"),
        ):
            bundle = mimebundle(variable, OPTIONS)
            summary = summarize(variable)
            assert choose_plot(summary, OPTIONS).name == "filters"
            assert words in bundle["text/html"]
            assert "read as a convolution kernel: (height, width, in, out)" in bundle["text/html"]
            assert sum(len(part.encode()) for part in bundle.values()) <= 40_000
            axes = tfnp_ext.plot(variable)
            drawn = axes.images[0].get_array()
            assert np.isclose(np.nanmax(np.ma.filled(drawn, np.nan)), variable.numpy().max())

    def test_the_line_of_numbers(self, digit_layers):
        kernel = digit_layers[1].kernel
        norms = np.sqrt((kernel.numpy().astype(np.float64) ** 2).sum(axis=(0, 1, 2)))
        text = mimebundle(kernel, OPTIONS)["text/plain"]
        low, high = (number(end) for end in (norms.min(), norms.max()))
        assert f"filter norm {low} … {high}   weakest #{norms.argmin()}" in text
        html = mimebundle(kernel, OPTIONS)["text/html"]
        assert 'alt="histogram from' in html, "the picture shows no distribution, so the line keeps its little one"

    def test_a_tree_draws_its_kernels(self, digit_layers):
        html = mimebundle(digit_layers[1], OPTIONS)["text/html"]
        assert "Heat map of 32 filters" in html

    def test_a_width_kernel_of_rank_3(self, tf):
        kernel = tf.Variable(normal(5, 8, 16), name="kernel")
        assert "16 filters of 1 × 5 (to the right) over 8 channels (down)" in mimebundle(kernel, OPTIONS)["text/html"]


class TestChoice:
    def test_it_suits_kernels_and_draws_others_when_asked(self):
        kernel = normal(3, 3, 4, 8)
        assert FILTERS.suits(summary_of(kernel)) == 0.9
        assert FILTERS.suits(dataclasses.replace(summary_of(kernel), role="other")) == 0.3
        for other in (normal(3, 3, 3), normal(3, 33, 4, 8), kernel.astype(complex), None):
            assert FILTERS.suits(Summary("Tensor", (), "float32", role="other", drawn=other)) == 0

    def test_near_misses(self, tf):
        cube = summarize(tf.constant(normal(3, 3, 3)))
        few = summarize(tf.constant(normal(3, 3, 2, 2)))
        large = summarize(tf.Variable(normal(12, 12, 3, 8)))
        assert [summary.role for summary in (cube, few, large)] == ["values", "values", "other"]
        assert choose_plot(cube, OPTIONS) is None
        assert choose_plot(few, OPTIONS) is None
        assert choose_plot(large, OPTIONS).name == "histogram"
        asked = TensorDisplay().options(plot="filters")
        assert choose_plot(few, asked) is FILTERS
        assert choose_plot(large, asked) is FILTERS
        with pytest.raises(OptionError, match="plot filters cannot draw"):
            choose_plot(cube, asked)


class TestNorms:
    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
    @pytest.mark.parametrize("shape", [(3, 3, 16, 32), (1, 1, 700, 300), (11, 11, 3, 96), (5, 1, 1, 1)])
    def test_they_are_numpys(self, shape, dtype):
        kernel = normal(*shape).astype(dtype)
        expected = np.linalg.norm(kernel.astype(np.float64).reshape(-1, shape[3]), axis=0)
        np.testing.assert_allclose(weights.filter_norms(kernel), expected, rtol=1e-12)

    @given(
        kernel=hnp.arrays(np.float64, st.tuples(*[st.integers(1, 3)] * 4),
                          elements=st.floats(allow_nan=False, allow_infinity=False))
    )  # fmt: skip
    def test_no_square_overflows_or_vanishes(self, kernel):
        largest = float(np.abs(kernel).max())
        norms = weights.filter_norms(kernel, largest)
        with np.errstate(all="ignore"):
            sizes = np.abs(kernel).max(axis=(0, 1, 2))
        seen = sizes > largest * 1e-100
        assert (np.nan_to_num(norms[seen], nan=np.inf) >= sizes[seen] * (1 - 1e-9)).all()
        assert np.isfinite(norms[sizes < 1e307]).all()

    def test_one_filter_is_told_by_its_channels(self, tf):
        kernel = normal(3, 3, 20, 1)
        kernel[:, :, 6] = 0.01
        norms = np.linalg.norm(kernel.reshape(9, 20), axis=0)
        text = mimebundle(tf.Variable(kernel), OPTIONS)["text/plain"].replace("\n", "   ")
        assert f"channel norm 0.0300 … {number(norms.max())}   weakest #6" in text

    def test_filters_that_are_not_finite_are_left_out(self, tf):
        kernel = normal(3, 3, 8, 4)
        kernel[0, 0, 0, 1], kernel[1, 1, 1, 2] = np.nan, np.inf
        norms = np.linalg.norm(kernel.reshape(-1, 4), axis=0)[[0, 3]]
        text = mimebundle(tf.Variable(kernel), OPTIONS)["text/plain"]
        low, high = (number(end) for end in sorted(norms))
        assert f"finite filter norm {low} … {high}   weakest #{[0, 3][norms.argmin()]}" in text

    def test_in_time_the_weakest_of_many_filters_is_found_wherever_it_is(self):
        kernel = normal(3, 3, 100, 400).astype(np.float32)
        kernel[..., 377] *= 0.01
        norms = np.linalg.norm(kernel.astype(np.float64).reshape(-1, 400), axis=0)
        fields = weights.norm_fields(summary_of(kernel), dataclasses.replace(OPTIONS, budget_ms=np.inf))
        said = [f"{number(norms.min())} … {number(norms.max())}", "#377"]
        assert [field[1].text for field in fields] == said

    def test_out_of_time_a_sample_of_filters_is_read_and_none_is_the_weakest(self):
        kernel = normal(3, 3, 100, 400).astype(np.float32)
        norms = np.linalg.norm(kernel.astype(np.float64).reshape(-1, 400), axis=0)
        fields = weights.norm_fields(summary_of(kernel), dataclasses.replace(OPTIONS, budget_ms=0.0))
        assert [field[0].text for field in fields] == ["filter norm seen", "from"]
        assert fields[1][1].text == "64 of 400 filters"
        low, high = map(float, fields[0][1].text.split(" … "))
        assert norms.min() * 0.99 <= low < high <= norms.max() * 1.01

    def test_nothing_is_said_twice(self, tf):
        text = mimebundle(tf.Variable(tf.zeros((3, 3, 8, 4))), OPTIONS)["text/plain"]
        assert "all 0" in text
        assert "norm" not in text
