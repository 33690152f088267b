"""Complex values: what the picture of magnitude and phase holds, and what is said of them."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.colors import LogNorm, to_rgba
from test_plots import BLUE, MAGENTA, ORANGE, near, pixels_of

import tfnp_ext
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import mimebundle, numbers
from tfnp_ext.errors import OptionError
from tfnp_ext.plots import PLOTS, choose_plot, magnitudes
from tfnp_ext.plots.magnitudes import Scale, read_spectrum, read_trace, scale_of
from tfnp_ext.plots.phase import phase_ink
from tfnp_ext.statistics import compute_statistics
from tfnp_ext.summary import summarize

OPTIONS = TensorDisplay().options()
PHASE = PLOTS["phase"]
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def noise(*shape: int, dtype: type = np.complex64) -> np.ndarray:
    return (RANDOM.normal(size=shape) + 1j * RANDOM.normal(size=shape)).astype(dtype)


def resonances(count: int = 256) -> np.ndarray:
    places = np.arange(count)
    peaks = ((40, 1.5, 25), (20, 2.2, 66), (28, 0.9, 107))
    return sum(high / (1 + 1j * (places - middle) / wide) for high, wide, middle in peaks).astype(np.complex64)


def alt_of(values) -> str:
    return PHASE.alt(summarize(values), OPTIONS)


def note_of(values) -> str:
    return PHASE.note(summarize(values), OPTIONS)


def picture_of(values) -> np.ndarray:
    return pixels_of(PHASE.picture(summarize(values), OPTIONS))


def largest_of_blocks(values: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    """Returns, block by block, the value of the largest magnitude."""
    rows, columns = range(0, values.shape[0], block[0]), range(0, values.shape[1], block[1])
    found = np.empty((len(rows), len(columns)), values.dtype)
    for place in np.ndindex(found.shape):
        part = values[rows[place[0]] : rows[place[0]] + block[0], columns[place[1]] : columns[place[1]] + block[1]]
        found[place] = part.flat[np.abs(part).argmax()]
    return found


class TestVector:
    def test_axes_hold_magnitude_above_phase(self, tf):
        values = resonances()
        above, below = tfnp_ext.plot(tf.constant(values))
        (area,) = above.patches
        np.testing.assert_array_equal(area.get_data().values, np.abs(values).astype(np.float64))
        np.testing.assert_array_equal(area.get_data().edges, np.arange(257) - 0.5)
        (dots,) = below.lines
        strong = np.abs(values) > 0.01 * np.abs(values).max()
        assert 0 < strong.sum() < 256, "else the test would prove nothing"
        np.testing.assert_array_equal(dots.get_xdata()[np.isfinite(dots.get_ydata())], np.flatnonzero(strong))
        np.testing.assert_allclose(dots.get_ydata()[strong], np.angle(values)[strong], rtol=1e-6)
        assert [tick.get_text() for tick in below.get_yticklabels()] == ["-π", "0", "π"]
        assert (above.get_ylabel(), below.get_ylabel()) == ("|z|", "phase")
        assert to_rgba(dots.get_color()) == to_rgba("#c0631a")

    def test_two_panels_are_not_put_on_axes_of_the_users(self):
        from matplotlib.figure import Figure

        assert tfnp_ext.plot(resonances()).shape == (2,)
        with pytest.raises(OptionError, match="phase draws 2 panels: leave ax out"):
            tfnp_ext.plot(resonances(), ax=Figure().add_subplot())

    def test_the_area_stands_in_proportion_and_dots_below_it(self):
        values = np.array([4, 2j, 0.001, -1] * 40, np.complex64)
        pixels = picture_of(values)
        blue, orange = near(pixels, (97, 151, 205), 60) & (pixels[..., 3] > 150), near(pixels, ORANGE)
        left = np.flatnonzero(blue.any(axis=0)).min()
        middles = left + (np.arange(4) + 0.5) * 1200 / 160
        heights = [blue[: 2 * 59, int(middle)].sum() for middle in middles]
        assert heights[0] == pytest.approx(104, abs=2)
        assert [heights[place] / heights[0] for place in (1, 2, 3)] == pytest.approx([0.5, 0, 0.25], abs=0.03)
        dots = [np.flatnonzero(orange[:, int(middle)]) for middle in middles]
        assert len(dots[2]) == 0, "too small to have a phase"
        level = [rows.mean() for rows in (dots[0], dots[1], dots[3])]
        top = level[2]  # the phase of -1 is π
        assert level[1] - top == pytest.approx((level[0] - top) / 2, abs=1.5)
        assert 2 * 58 < level[2] < level[1] < level[0], "below the area, the largest phase on top"

    def test_a_single_spike_in_ten_million_stays(self):
        values = np.full(10**7, 0.01, np.complex64)
        values[7_654_321] = 1j
        summary = summarize(values)
        trace = PHASE.prepare(summary, OPTIONS)
        assert trace.largest == (1.0, 7_654_321)
        assert np.nanmax(trace.phases) == pytest.approx(math.pi / 2)
        assert "largest |z| 1.00 at [7654321]; 1 dots" in PHASE.alt(summary, OPTIONS)
        blue = near(pixels_of(PHASE.picture(summary, OPTIONS)), BLUE, 60)
        columns = np.flatnonzero(blue[20:100].sum(axis=0) > 60)
        left = np.flatnonzero(blue[114:120].any(axis=0)).min()
        assert columns.mean() == pytest.approx(left + 1200 * 0.7654321, abs=3)
        assert PHASE.note(summary, OPTIONS).endswith("each pixel the largest of 12 288 values")

    @pytest.mark.parametrize("count", [1, 2, 1199, 1200, 1201, 2500, 100_000, 5_000_000])
    def test_every_pixel_is_the_largest_of_its_values_with_its_phase(self, count):
        values = noise(count)
        numbers = compute_statistics(values)
        trace = read_trace(values, numbers)
        assert len(trace.places) <= 1200
        parts = [values[start : start + trace.each] for start in range(0, count, trace.each)]
        np.testing.assert_array_equal(
            trace.places, [number * trace.each + np.abs(part).argmax() for number, part in enumerate(parts)]
        )
        np.testing.assert_array_equal(trace.sizes, np.abs(values[trace.places]).astype(np.float64))
        told = np.isfinite(trace.phases)
        np.testing.assert_array_equal(trace.phases[told], np.angle(values[trace.places]).astype(float)[told])
        np.testing.assert_array_equal(told, trace.sizes > 0.01 * trace.sizes.max())

    @given(
        values=hnp.arrays(np.complex128, st.integers(1, 5000), elements=st.complex_numbers(max_magnitude=1e150)),
        every=st.integers(1, 3),
    )
    @settings(max_examples=100)
    def test_the_largest_is_never_lost(self, values, every):
        trace = read_trace(values[::every])
        assert trace.largest[0] == np.abs(values[::every]).max()
        assert np.abs(values[::every])[trace.largest[1]] == trace.largest[0]

    def test_a_vector_too_long_is_read_in_part_and_says_so(self, monkeypatch):
        monkeypatch.setattr(magnitudes, "MOST_READ", 12_000)
        values = np.full((1, 100_000), 1e-3, np.complex64)
        values[0, 77_777] = -5
        summary = summarize(values)
        trace = PHASE.prepare(summary, OPTIONS)
        assert trace.largest == (5.0, 77_777), "what the statistics have found is drawn"
        assert PHASE.note(summary, OPTIONS).endswith("each pixel the largest of the first 10 of 84 values")

    def test_a_budget_that_ended_the_reading_is_said(self):
        values = noise(2**23)
        numbers = compute_statistics(values, budget_ms=0)
        assert not numbers.exact
        summary = dataclasses.replace(summarize(values), statistics=numbers)
        trace = PHASE.prepare(summary, OPTIONS)
        assert np.isfinite(trace.sizes).all(), "of each pixel something is read"
        assert trace.largest[0] >= numbers.maximum
        assert PHASE.note(summary, OPTIONS).endswith("that budget_ms let be read")

    def test_what_is_not_finite_is_marked(self):
        values = resonances()
        values[[40, 41]], values[90], values[140] = np.nan, complex(0, np.nan), complex(np.nan, -np.inf)
        above, below = tfnp_ext.plot(values)
        assert {line.get_marker(): line.get_xdata().tolist() for line in above.lines} == {"x": [40, 41, 90], "^": [140]}
        assert np.isnan(above.patches[0].get_data().values).sum() == 4
        assert np.isnan(below.lines[0].get_ydata()[[40, 41, 90, 140]]).all()
        assert "NaN marked × at 40 41 90; +Inf marked ▲ at 140." in alt_of(values)
        assert near(picture_of(values), MAGENTA).sum() > 60
        assert not near(picture_of(resonances()), MAGENTA).any()

    def test_in_a_long_one_too(self):
        values = noise(5_000_000)
        values[4_000_000], values[5] = np.nan, np.inf
        assert "NaN marked × at 4000000; +Inf marked ▲ at 5." in alt_of(values)

    def test_alt_and_note(self):
        values = np.array([3 + 4j, 0.01] * 50)
        assert alt_of(values) == (
            "Magnitude of 100 complex values as an area, their phase as dots below; largest |z| 5.00 at [0];"
            " 50 dots where it is over 0.0500."
        )
        assert note_of(values) == "complex: magnitude, and phase where magnitude is over 1 % of the largest"

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (np.zeros(100, complex), "largest |z| 0 at [0]; 0 dots"),
            (np.full(100, np.nan + 0j), "no finite values; NaN marked × at 0 1"),
        ],
    )
    def test_without_magnitude_there_is_no_phase(self, values, words):
        assert words in alt_of(values)
        assert not near(picture_of(values), ORANGE).any()


class TestMatrix:
    @pytest.mark.parametrize("shape", [(9, 9), (65, 129), (124, 129), (64, 300), (1000, 40), (7, 5001)])
    @pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
    def test_cells_are_the_largest_of_their_blocks_with_its_phase(self, shape, dtype):
        values = noise(*shape, dtype=dtype)
        for laid in (values, np.asfortranarray(values), values[::-1, ::-1]):
            shown = read_spectrum(laid)
            assert shown.sizes.shape[0] <= 65
            assert shown.sizes.shape[1] <= (129 if shape[1] >= 2 * shape[0] else 65)
            expected = largest_of_blocks(laid, shown.block)
            np.testing.assert_array_equal(shown.sizes, np.abs(expected).astype(float))
            np.testing.assert_array_equal(shown.phases, np.angle(expected).astype(float))

    def test_a_spectrum_of_two_to_the_k_and_one_bins_is_pooled_by_two(self, tf):
        shown = PHASE.prepare(
            summarize(tf.signal.stft(tf.random.stateless_normal((16_000,), (0, 1)), 256, 128)), OPTIONS
        )
        assert (shown.shape, shown.block) == ((124, 129), (2, 2))

    def test_axes_hold_the_cells_in_the_indices_of_the_array(self):
        values = noise(100, 200)
        above, below = tfnp_ext.plot(values)
        shown = read_spectrum(values)
        np.testing.assert_array_equal(above.images[0].get_array(), shown.sizes)
        np.testing.assert_array_equal(below.images[0].get_array(), shown.phases)
        assert above.images[0].get_extent() == below.images[0].get_extent() == [-0.5, 199.5, 99.5, -0.5]
        np.testing.assert_allclose(below.images[0].get_alpha(), np.minimum(shown.sizes / shown.scale.high, 1))
        assert (below.images[0].norm.vmin, below.images[0].norm.vmax) == (-math.pi, math.pi)

    def test_over_three_decades_the_scale_is_logarithmic_and_said(self, tf):
        from sklearn.datasets import load_sample_images

        photo = tf.cast(load_sample_images().images[0].mean(axis=-1), tf.complex64)
        spectrum = tf.signal.fftshift(tf.signal.fft2d(photo))
        shown = PHASE.prepare(summarize(spectrum), OPTIONS)
        assert shown.scale.low > 0
        assert shown.scale.high == shown.sizes.max()
        assert note_of(spectrum).startswith("complex: magnitude on a logarithmic scale, and phase as strong")
        assert ", logarithmic;" in alt_of(spectrum)
        above, _ = tfnp_ext.plot(spectrum)
        assert isinstance(above.images[0].norm, LogNorm)
        assert (above.images[0].norm.vmin, above.images[0].norm.vmax) == (shown.scale.low, shown.scale.high)
        assert "logarithmic" not in note_of(noise(40, 30)) + alt_of(noise(40, 30))

    @given(sizes=hnp.arrays(np.float64, (6, 7), elements=st.floats(0, allow_infinity=False)))
    @settings(max_examples=300)
    def test_ink_grows_with_magnitude(self, sizes):
        scale = scale_of(sizes)
        strength = scale.strength(sizes)
        assert ((strength >= 0) & (strength <= 1)).all()
        assert (np.diff(strength.ravel()[np.argsort(sizes, axis=None)]) >= 0).all()
        assert (strength[sizes == 0] == 0).all()
        assert not sizes.any() or strength.max() == 1

    def test_a_logarithmic_scale_has_equal_steps(self):
        assert Scale(0.01, 100.0).strength(np.array([0, 0.001, 0.01, 0.1, 1, 10, 100])) == pytest.approx(
            [0, 0, 0, 0.25, 0.5, 0.75, 1]
        )

    def test_phase_has_a_hue_and_magnitude_its_strength(self):
        phases = np.array([-math.pi, -math.pi / 2, 0, math.pi, math.pi])
        colors = phase_ink(phases, np.array([1, 1, 1, 1, 0.0]))
        assert colors[[0, 2, 3], :3].tolist() == [list(ORANGE), list(BLUE), list(ORANGE)], "-π is π"
        assert colors[1, :3].tolist() == [0x76] * 3, "grey, because paper is what has no magnitude"
        between = phase_ink(np.array([math.pi / 4, -math.pi / 4]), np.ones(2))[:, :3]
        assert between.tolist() == [pytest.approx(((np.array(BLUE) + 0x76) / 2).tolist(), abs=1)] * 2
        assert colors[:, 3].tolist() == [255, 255, 255, 255, 0]

    def test_pixels_are_the_cells(self):
        values = np.zeros((20, 20), complex)
        values[3, 4], values[10, 15], values[17, 2] = 2, -2, 2j
        pixels = picture_of(values)
        unit = 2 * 7
        left = 2 * (math.ceil(14) + 4)
        middles = [(26 + row * unit + 7, left + column * unit + 7) for row, column in ((3, 4), (10, 15), (17, 2))]
        assert all(near(pixels[place], BLUE) for place in middles)
        assert pixels[26 + 7, left + 7].tolist()[3] == 0
        second = left + 20 * unit + 2 * 24
        found = [pixels[row, column - left + second][:3].tolist() for row, column in middles]
        assert found[0] == pytest.approx(list(BLUE), abs=6)
        assert found[1] == pytest.approx(list(ORANGE), abs=6)  # the phase of -2 is π
        assert found[2] == pytest.approx([0x76] * 3, abs=6)

    def test_invalid_cells_are_marked_on_both_maps(self):
        values = noise(40, 30)
        values[3, 4], values[20, :5] = np.nan, np.inf
        assert "NaN marked × in row 3; +Inf marked ▲ in row 20." in alt_of(values)
        above, _ = tfnp_ext.plot(values)
        found = {line.get_marker(): line.get_xydata().tolist() for line in above.lines}
        assert found == {"x": [[4, 3]], "^": [[column, 20] for column in range(5)]}
        magenta = near(picture_of(values), MAGENTA)
        halves = np.flatnonzero(magenta.any(axis=0))
        assert halves.min() < 100 < 300 < halves.max()

    def test_a_large_matrix_is_read_in_part_and_says_so(self, monkeypatch):
        monkeypatch.setattr(magnitudes, "MOST_READ", 50_000)
        values = noise(1000, 200)
        assert "a cell is the largest |z| of 16 × 4 values, 1 of 4 rows read" in note_of(values)
        shown = read_spectrum(values)
        np.testing.assert_array_equal(
            shown.sizes, np.abs(largest_of_blocks(values[::4], (4, 4))).astype(float)[: len(shown.sizes)]
        )

    def test_alt(self):
        values = np.full((10, 10), 1j)
        values[2, 3] = 4
        assert alt_of(values) == (
            "Heat map of |z| of 10 × 10 complex values, and beside it of their phase; full ink at 2.5;"
            " largest |z| 4.00 at [2, 3]; phase blue at 0, grey at ±π/2, orange at ±π."
        )


class TestHigherRanks:
    def test_the_first_matrix_is_drawn_and_named(self):
        values = noise(8, 20, 30)
        assert note_of(values).endswith("; the first matrix, [0, :, :]")
        np.testing.assert_array_equal(tfnp_ext.plot(values)[0].images[0].get_array(), np.abs(values[0]).astype(float))

    def test_little_matrices_are_one_vector(self):
        register = noise(*(2,) * 7)
        assert note_of(register).endswith("; all values one after another, the last axis fastest")
        area = tfnp_ext.plot(register)[0].patches[0]
        np.testing.assert_array_equal(area.get_data().values, np.abs(register.ravel()).astype(float))

    def test_a_batch_axis_of_one_is_squeezed(self, tf):
        assert alt_of(tf.constant(resonances()[None])).startswith("Magnitude of 256 complex values")


class TestChoice:
    def test_many_have_it_few_when_asked(self, tf):
        spectrum = tf.signal.rfft(tf.constant([1.0, 2.0, 3.0, 4.0]))
        few = summarize(spectrum)
        assert few.role == "values"
        assert choose_plot(few, OPTIONS) is None
        asked = TensorDisplay().options(plot="phase")
        assert choose_plot(few, asked) is PHASE
        assert "Magnitude of 3 complex values" in mimebundle(spectrum, asked)["text/html"]
        assert choose_plot(summarize(noise(65)), OPTIONS) is PHASE
        with pytest.raises(OptionError, match="plot phase cannot draw"):
            choose_plot(summarize(np.arange(99.0)), asked)
        with pytest.raises(OptionError, match=r"phase can$"):
            choose_plot(summarize(noise(99)), TensorDisplay().options(plot="line"))

    def test_without_a_picture_the_reason_stands(self):
        text = mimebundle(noise(30, 4), TensorDisplay().options(plot="none"))["text/html"]
        assert "complex: by its dtype" in text
        assert summarize(noise(30, 4)).reason == "complex: by its dtype"

    @given(
        values=hnp.arrays(
            st.sampled_from([np.complex64, np.complex128]),
            hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=12),
            elements=st.complex_numbers(width=64),
        ),
        mixed=st.sampled_from([0, np.nan, np.inf, complex(np.nan, np.inf), 5e-324, 1.7e308 * (1 + 1j)]),
    )
    @settings(max_examples=50)
    def test_no_value_makes_it_fail(self, values, mixed):
        with np.errstate(all="ignore"):
            values.flat[::3] = mixed
        summary = summarize(values)
        if values.ndim:
            drawn = dataclasses.replace(summary, role="complex", drawn=values)
            assert PHASE.picture(drawn, OPTIONS).data
            assert PHASE.alt(drawn, OPTIONS).endswith(".")
            assert "\n" not in PHASE.note(drawn, OPTIONS)
            axes = tfnp_ext.plot(values, "phase") if summary.role != "scalar" else ()
            for panel in axes:
                panel.figure.canvas.draw()


class TestNumbers:
    @staticmethod
    def line(value) -> str:
        return " ".join(mimebundle(value, OPTIONS)["text/plain"].split())

    @pytest.mark.parametrize("shape", [(300,), (40, 30), (5, 20, 30)])
    def test_range_place_energy_and_zeros(self, shape):
        values = noise(*shape, dtype=np.complex128)
        values.flat[[1, 7]] = 0
        sizes = np.abs(values)
        place = list(map(int, np.unravel_index(sizes.argmax(), shape)))
        word = tfnp_ext.wording.number
        energy = word(float((sizes**2).sum()))
        assert f"|z| 0 … {word(sizes.max())} largest {place} energy {energy} zeros 2" in self.line(values)

    def test_by_parsevals_theorem(self, tf):
        wave = tf.random.stateless_normal((512,), (0, 1))
        spectrum = tf.signal.fft(tf.cast(wave, tf.complex128))
        energy = tfnp_ext.wording.number(512 * float(tf.reduce_sum(tf.cast(wave, tf.float64) ** 2)))
        assert f"energy {energy}" in self.line(spectrum)

    def test_of_the_finite_ones(self):
        values = noise(100, dtype=np.complex128)
        values[3], values[4] = np.nan, np.inf
        energy = tfnp_ext.wording.number(float((np.abs(np.delete(values, [3, 4])) ** 2).sum()))
        assert "finite |z|" in self.line(values)
        assert f"energy {energy}" in self.line(values)

    def test_what_overflows_is_left_out(self):
        assert "energy" not in self.line(np.full(100, 1e200 + 0j))
        assert "|z| 1e200 zeros 0" in self.line(np.full(100, 1e200 + 0j))

    def test_one_magnitude_has_no_range_and_no_place(self):
        line = self.line(np.full(100, 3 + 4j))
        assert "|z| 5.00 energy 2500 zeros 0" in line

    def test_a_sample_tells_neither_place_nor_energy(self):
        values = noise(2**20)
        summary = dataclasses.replace(summarize(values), statistics=compute_statistics(values, budget_ms=0))
        labels = [item[0].text for item in numbers.line(summary, OPTIONS).items]
        assert labels == ["|z| seen", "zeros", "from"]

    def test_a_place_in_the_flat_values_is_no_index(self, tf):
        ragged = tf.RaggedTensor.from_row_lengths(tf.constant(noise(100)), [30, 70])
        assert "largest" not in self.line(ragged)
        assert "energy" in self.line(ragged)
