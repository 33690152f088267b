"""Attention, its heads, correlations and embeddings: their maps, scales and lines, against NumPy's numbers."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import ml_dtypes
import numpy as np
import pytest
from drawn import BLUE, MAGENTA, ORANGE, axes_of, bytes_of, chosen, figure_of, line_of, near, note_of, picture_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits

import tfnp_ext
from tfnp_ext.errors import OptionError
from tfnp_ext.plots import PLOTS
from tfnp_ext.plots.pooling import pool
from tfnp_ext.summary import summarize

RANDOM = np.random.default_rng(0)
INK = load_digits().data
CORRELATION = np.corrcoef(INK[:, INK.std(axis=0) > 1].T)


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def attention(*shape, causal=False, seed=0):
    logits = np.random.default_rng(seed).normal(size=shape) * 1.5
    if causal:
        logits = np.where(np.tril(np.ones(shape[-2:])) > 0, logits, -np.inf)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


class TestAttention:
    def test_real_heads_are_read_and_drawn(self, tf):
        layer = tf.keras.layers.MultiHeadAttention(num_heads=4, key_dim=8)
        x = tf.random.stateless_normal((1, 24, 16), (1, 2))
        _, scores = layer(x, x, return_attention_scores=True)
        assert summarize(scores).role == "attention"
        axes = axes_of(scores)
        assert axes.size == 4
        for panel, head in zip(axes.flat, scores[0].numpy(), strict=True):
            np.testing.assert_allclose(panel.images[0].get_array(), head, rtol=1e-6)

    def test_one_map_runs_to_its_largest_weight_in_blue(self):
        values = attention(24, 24)
        axes = axes_of(values)
        image = axes.images[0]
        assert (image.norm.vmin, image.norm.vmax) == (0, pytest.approx(float(values.max())))
        assert (axes.get_ylabel(), axes.get_xlabel()) == ("from", "to")
        assert not near(picture_of(values), ORANGE).any()
        assert ", rows look at columns, blue positive, full ink at " in figure_of(values).alt

    def test_of_causal_attention_the_first_row_does_not_set_the_scale(self):
        values = attention(60, 60, causal=True)
        assert values[0, 0] == 1
        assert axes_of(values).images[0].norm.vmax < 0.9

    def test_many_tokens_are_pooled_and_that_is_said(self):
        values = attention(300, 300)
        np.testing.assert_allclose(axes_of(values).images[0].get_array(), pool(values, (5, 5)).means)
        assert note_of(values).startswith("a cell of the map is the mean of 5 × 5 values")

    def test_the_line(self):
        values = attention(8, 20, 20).astype(np.float64)
        looked = values.mean(axis=(0, 1))
        entropy = -(values * np.log2(values)).sum(axis=-1).mean()
        assert line_of(values) == [
            f"most looked at {looked.argmax()} (mean {looked.max() * 100:.1f} %)",
            f"entropy mean {entropy:.2f} of 4.32 bits",
        ]
        assert len(line_of(values[0], plot="heatmap")) in {2, 4}  # 20 tokens can be predictions too

    def test_of_very_many_rows_a_sample_is_read_and_said(self):
        values = np.tile(attention(1, 64, 64), (300, 1, 1))
        most = f"most looked at {values[0].mean(axis=0).argmax()} (mean "
        fields = line_of(values, budget_ms=0.0)
        assert fields[-1] == "from 1 024 of 19 200 rows"
        assert fields[0].startswith(most)
        fields = line_of(values, budget_ms=np.inf)
        assert fields[-1].startswith("entropy mean ")
        assert fields[0].startswith(most)

    def test_the_headline_tells_how_many_heads_there_are_and_the_line_does_not(self):
        values = attention(6, 2, 12, 12)
        assert summarize(values).title == "attention, 6 examples × 2 heads, 12 × 12"
        assert not any("heads" in told for told in line_of(values))

    @pytest.mark.parametrize("tokens", [10, 24])
    def test_of_untrained_heads_it_is_said_that_they_look_at_all_alike(self, tf, tokens):
        scores = tf.nn.softmax(1e-3 * tf.random.stateless_normal((6, 2, tokens, tokens), (1, 2)))
        assert line_of(scores)[0] == f"nearly uniform each {100 / tokens:.1f} %"
        assert line_of(attention(6, 2, tokens, tokens))[0].startswith("most looked at ")

    @pytest.mark.parametrize("shape", [(6, 2, 10, 10), (2, 300, 300), (40, 40)], ids=str)
    def test_what_looks_at_all_alike_has_half_of_the_ink(self, shape):
        even = np.ones(shape) / shape[-1] * (1 + 1e-4 * RANDOM.normal(size=shape))
        even = (even / even.sum(axis=-1, keepdims=True)).astype(np.float32)
        assert summarize(even).role == "attention"
        for panel in np.ravel(axes_of(even)):
            image = panel.images[0]
            assert image.norm.vmax == pytest.approx(2 / shape[-1])
            np.testing.assert_allclose(image.get_array(), image.norm.vmax / 2, rtol=1e-3)

    def test_zeros_of_a_mask_have_no_entropy(self):
        assert line_of(attention(12, 12, causal=True))[1].startswith("entropy mean 1.")

    def test_near_misses(self):
        assert summarize(np.eye(12, dtype=np.float32)).title == "identity matrix"
        assert summarize(attention(10, 10)).title == "shares by row"
        assert summarize(attention(20, 20)).title == "shares by row"
        assert summarize(attention(1, 20, 20)).title == "attention, 20 × 20"
        assert summarize(attention(21, 21)).role == "attention"
        assert summarize(attention(24, 24) * 1.1).role != "attention"
        assert summarize(np.float32(RANDOM.uniform(0, 1, (3, 3, 3)))).role == "values"


class TestStack:
    @pytest.mark.parametrize(
        ("shape", "panels", "names"),
        [
            ((3, 9, 9), (1, 3), ["head 0", "head 1", "head 2"]),
            ((1, 8, 20, 20), (1, 8), [f"head {number}" for number in range(8)]),
            ((2, 2, 30, 30), (1, 4), ["[0, 0]", "[0, 1]", "[1, 0]", "[1, 1]"]),
            ((12, 64, 64), (2, 6), [f"head {number}" for number in range(12)]),
            ((40, 9, 9), (2, 8), [f"head {number}" for number in range(16)]),
        ],
        ids=str,
    )
    def test_a_map_a_head(self, shape, panels, names):
        values = attention(*shape)
        axes = axes_of(values)
        assert axes.size == panels[0] * panels[1]
        assert chosen(values)[0].panels(*chosen(values)[1:]) == panels
        assert [panel.get_title() for panel in axes.flat] == names
        heads = values.reshape(-1, *shape[-2:])
        scales = {panel.images[0].norm.vmax for panel in axes.flat}
        assert len(scales) == 1
        for panel, head in zip(axes.flat, heads, strict=False):
            found = panel.images[0].get_array()
            block = -(-shape[-1] // found.shape[0])
            np.testing.assert_allclose(found, pool(head, (block, block)).means)

    @pytest.mark.parametrize(
        "shape", [(2, 9, 9), (8, 20, 20), (16, 256, 256), (16, 60, 60), (7, 33, 33), (11, 100, 100)]
    )
    def test_maps_are_small_and_fit(self, shape):
        plot, summary, options = chosen(attention(*shape))
        stack = plot.prepare(summary, options)
        assert max(stack.map_size) <= 120
        width, height = plot.size(summary, options)
        assert width <= 830
        assert height <= 300

    def test_of_many_heads_the_first_are_drawn_and_that_is_said(self):
        assert note_of(attention(40, 9, 9)) == "the first 16 of 40 heads drawn"
        alt = figure_of(attention(40, 9, 9)).alt
        assert alt.startswith("Heat maps 9 × 9 of 40 heads, the first 16 drawn, rows look at columns, blue positive")

    def test_alt_says_where_the_strongest_is(self):
        values = np.full((3, 30, 30), 1 / 30, np.float32)
        values[1, 20] = 0
        values[1, 20, 7] = 1
        assert "strongest in head 1 at [20, 7]" in figure_of(values).alt

    def test_the_strongest_cell_is_full_ink_where_it_belongs(self):
        values = np.full((3, 30, 30), 1 / 30, np.float32)
        values[1, 20] = 0
        values[1, 20, 7] = 1
        plot, summary, options = chosen(values)
        stack = plot.prepare(summary, options)
        full = near(picture_of(values)[: 2 * (14 + stack.map_size[1])], BLUE, 8)
        rows, columns = np.nonzero(full)
        left = stack.left + stack.pitch + 7 * stack.cell[0]
        assert {int(columns.min()), int(columns.max()) + 1} == {2 * left, 2 * (left + stack.cell[0])}
        assert int(rows.min()) == 2 * (14 + 20 * stack.cell[1])

    def test_any_stack_is_drawn_when_asked_for(self):
        values = RANDOM.normal(size=(6, 12, 15))
        values[1, 3, 4], values[2, 0, 0] = np.nan, np.inf
        assert chosen(values)[0] is not PLOTS["heatmap"]
        axes = axes_of(values, kind="heatmap")
        assert [panel.get_title() for panel in axes.flat] == [f"[{number}]" for number in range(6)]
        scale = axes.flat[0].images[0].norm
        assert scale.vmin == -scale.vmax < 0
        assert near(picture_of(values, plot="heatmap"), MAGENTA).any()
        assert near(picture_of(values, plot="heatmap"), ORANGE).any()
        assert figure_of(values, plot="heatmap").alt.endswith("2 cells not finite, marked × ▲ ▼.")

    def test_several_panels_cannot_be_put_on_one_axes(self):
        figure, axes = plt.subplots()
        try:
            with pytest.raises(OptionError, match="plot heatmap draws 8 panels: leave ax out"):
                tfnp_ext.plot(attention(8, 24, 24), ax=axes)
        finally:
            plt.close(figure)

    @settings(max_examples=25)
    @given(
        st.sampled_from([np.float64, np.float16, np.int8, np.bool_]).flatmap(
            lambda dtype: hnp.arrays(dtype, st.tuples(st.integers(2, 4), st.integers(2, 20), st.integers(2, 20)))
        )
    )
    def test_any_numbers_are_drawn(self, values):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert figure_of(values, plot="heatmap").alt
            assert len(tfnp_ext.plot(values, "heatmap")) == len(values)

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_small_floats(self, dtype):
        values = attention(4, 24, 24).astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))
        assert summarize(values).role == "attention"
        assert figure_of(values).alt.startswith("Heat maps 24 × 24 of 4 heads")
        assert line_of(values)[-1].startswith("entropy mean 3.")

    @pytest.mark.parametrize("shape", [(8, 20, 20), (16, 60, 60), (16, 256, 256), (4, 1024, 1024)])
    def test_a_card_stays_small(self, shape):
        assert bytes_of(attention(*shape)) <= 40_000


class TestCorrelation:
    def test_the_scale_is_fixed(self):
        image = axes_of(CORRELATION).images[0]
        assert (image.norm.vmin, image.norm.vmax) == (-1, 1)
        np.testing.assert_allclose(image.get_array(), CORRELATION)
        assert "full ink at 1;" in figure_of(CORRELATION).alt
        assert axes_of(np.abs(CORRELATION)).images[0].norm.vmin == -1  # no image, though all of it is in 0 … 1

    def test_the_line(self):
        above = np.where(np.triu(np.ones_like(CORRELATION), 1) > 0, CORRELATION, np.nan)
        strong = np.unravel_index(np.nanargmax(np.abs(above)), above.shape)
        weak = np.unravel_index(np.nanargmin(np.abs(above)), above.shape)
        assert line_of(CORRELATION) == [
            f"strongest {above[strong]:.3f} [{strong[0]}, {strong[1]}]",
            f"weakest {tfnp_ext.wording.number(above[weak])} [{weak[0]}, {weak[1]}]",
            f"mean |r| {np.nanmean(np.abs(above)):.3f}",
        ]

    def test_the_strongest_may_be_negative(self):
        values = np.array(CORRELATION)
        values[2, 5] = values[5, 2] = -0.97
        assert line_of(values)[0] == "strongest -0.970 [2, 5]"

    def test_alt_names_the_strongest_pair(self):
        values = np.array(CORRELATION)
        values[2, 5] = values[5, 2] = -0.97
        summary = summarize(values)
        off = np.where(np.eye(len(values), dtype=bool), 0, values)
        one, other = sorted(np.unravel_index(np.abs(off).argmax(), off.shape))
        alt = PLOTS["heatmap"].alt(summary, tfnp_ext.TensorDisplay().options())
        assert alt.startswith(
            f"Heat map of correlations {len(values)} × {len(values)}, orange negative, blue positive, full ink at 1; "
        )
        assert f"; strongest {tfnp_ext.wording.number(float(values[one, other]))}, of {one} and {other}; " in alt


class TestEmbeddings:
    def test_the_line_adds_the_norms(self, tf):
        values = RANDOM.normal(size=(500, 32)).astype(np.float32)
        norms = np.linalg.norm(values.astype(float), axis=1)
        fields = line_of(tf.Variable(values, name="embedding"))
        assert fields[-1] == f"row norm {norms.min():.2f} … {norms.max():.2f}"
        assert fields[0].startswith("min ")

    def test_unit_vectors_have_one_norm(self):
        values = RANDOM.normal(size=(500, 32))
        assert line_of(values / np.linalg.norm(values, axis=1, keepdims=True))[-1] == "row norm 1.00"

    def test_of_very_many_a_sample_is_read_and_said(self, tf):
        values = tf.Variable(tf.ones((40_000, 64)), name="embedding")
        assert line_of(values, budget_ms=0.0)[-1] == "row norm 8.00 of 1 024 rows"
        assert line_of(values, budget_ms=np.inf)[-1] == "row norm 8.00"
