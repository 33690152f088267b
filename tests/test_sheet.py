"""The paper of a card's pictures: how layers mix, and that a picture stays small whatever is drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tfnp_ext.config import TensorDisplay
from tfnp_ext.plots import choose_plot
from tfnp_ext.plots.base import STYLE
from tfnp_ext.plots.sheet import BUDGET, Sheet, lay
from tfnp_ext.summary import summarize

WALKS = np.random.default_rng(0).normal(size=(1000, 8)).cumsum(axis=0)
NOISE = np.random.default_rng(0).normal(size=(5000, 8))


def pixels_of(picture):
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGBA"))


def line_of(values):
    options = TensorDisplay().options(plot="line")
    summary = summarize(values)
    return choose_plot(summary, options).picture(summary, options)


def layer(draw, height, width):
    """Returns RGBA bytes, many of them empty or opaque."""
    colors = draw.integers(0, 256, (height, width, 4), dtype=np.uint8)
    alpha = draw.choice([0, 255, 1], (height, width)).astype(np.uint8)
    colors[..., 3] = np.where(alpha == 1, colors[..., 3], alpha)
    return colors


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(*[st.integers(1, 6)] * 4),
    place=st.tuples(*[st.integers(-7, 7)] * 2),
)
def test_layers_mix_as_the_operator_over_says(seed, size, place):
    draw = np.random.default_rng(seed)
    canvas, colors = layer(draw, *size[:2]), layer(draw, *size[2:])
    laid = canvas.copy()
    lay(laid, place[1], place[0], colors)
    for row, column in np.ndindex(canvas.shape[:2]):
        under = canvas[row, column].astype(float)
        down, across = row - place[0], column - place[1]
        inside = 0 <= down < len(colors) and 0 <= across < colors.shape[1]
        over = colors[down, across].astype(float) if inside else np.zeros(4)
        a, b = over[3] / 255, under[3] / 255 * (1 - over[3] / 255)
        assert abs(laid[row, column, 3] - 255 * (a + b)) <= 0.51
        if a + b:
            expected = (over[:3] * a + under[:3] * b) / (a + b)
            assert np.abs(laid[row, column, :3] - expected).max() <= 0.51


def test_boxes_of_half_the_ink_lie_on_each_other():
    sheet = Sheet(8, 4)
    sheet.boxes(0, 0, 6, 4, STYLE.blue)
    sheet.boxes(4, 0, 4, 4, STYLE.orange + "80")
    pixels = pixels_of(sheet.picture())
    assert pixels[0, 0].tolist() == [58, 125, 192, 255]
    assert pixels[0, 9].tolist() == [125, 112, 109, 255]
    assert pixels[0, 14].tolist() == [192, 99, 26, 128]


@pytest.mark.parametrize("size", [7.0, 7.8, 10.0])
def test_the_sign_of_nan_has_as_much_ink_as_the_others(size):
    inks = {}
    for sign in "×▲▼":
        sheet = Sheet(40, 40)
        sheet.glyph(20, 20, sign, STYLE.magenta, size)
        alpha = pixels_of(sheet.picture())[..., 3]
        rows, columns = np.nonzero(alpha)
        inks[sign] = alpha.sum(), np.ptp(columns) + 1
        assert abs(columns.mean() - 39.5) < 1.5
        assert sign != "×" or abs(rows.mean() - 39.5) < 1.5
    assert inks["×"][0] >= 0.6 * inks["▲"][0]
    assert inks["×"][1] >= 0.8 * inks["▲"][1]


@pytest.mark.parametrize(
    "values",
    [WALKS[:300], WALKS, np.repeat(WALKS, 2, axis=0), NOISE[:1000], NOISE],
    ids=["short walks", "walks", "walks longer than pixels", "noise", "long noise"],
)
def test_several_curves_stay_within_the_bytes_of_a_card(values):
    picture = line_of(values)
    assert len(picture.data) <= BUDGET * 1.1
    pixels = pixels_of(picture)
    assert pixels.shape[1] in {picture.width, 2 * picture.width}
    assert (pixels[..., 3] > 128).any()


def test_a_spike_among_noise_is_seen_in_a_picture_of_many():
    values = NOISE / 10
    values[2500, 3] = 4.0
    picture = line_of(values)
    pixels = pixels_of(picture)
    zoom = pixels.shape[1] // picture.width
    left = picture.width - 614
    strip = pixels[zoom * (3 * 36 + 2) : zoom * (3 * 36 + 12), zoom * (left + 290) : zoom * (left + 310), 3]
    assert strip.max() > 60
    assert (strip.max(axis=0) > 0).sum() <= 2 * zoom


def test_a_lone_curve_keeps_its_soft_edges():
    pixels = pixels_of(line_of(np.sin(np.arange(400) / 9)))
    assert ((pixels[20:100, 200:, 3] > 20) & (pixels[20:100, 200:, 3] < 235)).any()
