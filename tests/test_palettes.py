"""Pictures of few colours: inks as they are, soft edges as the nearest of them, rare signs not lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tfnp_ext.plots import STYLE
from tfnp_ext.plots.palettes import reduce_colors
from tfnp_ext.plots.sheet import Sheet, rgba


def shown(canvas: np.ndarray, colors: int = 64) -> np.ndarray:
    """Returns what is seen after the reduction, premultiplied."""
    return seen(np.asarray(reduce_colors(canvas, colors).convert("RGBA")))


def seen(canvas: np.ndarray) -> np.ndarray:
    wide = canvas.astype(float)
    wide[..., :3] *= wide[..., 3:] / 255
    return wide


def canvas_of(places: np.ndarray, palette: np.ndarray) -> np.ndarray:
    return palette.astype(np.uint8)[places]


@settings(max_examples=100)
@given(
    arrays(np.intp, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.integers(0, 15)),
    arrays(np.uint8, (16, 4)),
)
def test_few_colors_stay_as_they_are(places, palette):
    canvas = canvas_of(places, palette)
    np.testing.assert_allclose(shown(canvas), seen(canvas))


@settings(max_examples=60)
@given(arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(4))), st.integers(1, 64))
def test_never_more_than_asked(canvas, colors):
    image = reduce_colors(canvas, colors)
    assert image.size == canvas.shape[1::-1]
    assert len(np.unique(np.asarray(image.convert("RGBA")).reshape(-1, 4), axis=0)) <= colors


def test_inks_are_exact_beside_many_soft_edges():
    draw = np.random.default_rng(0)
    canvas = np.zeros((200, 300, 4), np.uint8)
    inks = np.array([(0x3A, 0x7D, 0xC0, alpha) for alpha in range(15, 256, 15)], np.uint8)
    for place, ink in enumerate(inks):
        canvas[10:150, 10 * place : 10 * place + 10] = ink
    edges = np.s_[170:180, 20:220]
    canvas[edges] = draw.integers(0, 256, (10, 200, 4))
    got = shown(canvas)
    np.testing.assert_array_equal(got[:160], seen(canvas)[:160])
    assert np.abs(got[edges] - seen(canvas)[edges]).mean() < 48


@pytest.mark.parametrize("sign", [STYLE.magenta, STYLE.orange])
def test_a_rare_sign_keeps_its_color(sign):
    canvas = np.zeros((300, 300, 4), np.uint8)
    canvas[:200] = rgba(STYLE.blue)
    canvas[200:260, :, :3], canvas[200:260, :, 3] = 0x76, np.arange(300) % 256  # many greys, each commoner
    canvas[290, 290] = rgba(sign)
    np.testing.assert_array_equal(shown(canvas)[290, 290], rgba(sign))


def test_paper_stays_clear_and_rows_come_back_in_order():
    sheet = Sheet(60, 40)
    sheet.boxes(5, np.arange(4) * 10, np.array([10, 20, 30, 40]), 6, STYLE.blue)
    sheet.text(2, 38, "digits", STYLE.grey)
    canvas = np.asarray(sheet._laid(None))
    got = shown(canvas)
    assert not got[canvas[..., 3] == 0].any()
    assert np.abs(got - seen(canvas)).max() <= 40


def test_more_colors_than_are_compared_are_reduced_too():
    canvas = np.random.default_rng(0).integers(0, 256, (90, 90, 4), dtype=np.uint8)
    assert len(np.unique(np.asarray(reduce_colors(canvas, 64)))) <= 64
