"""Small grey images as PNGs: the pixels that went in come out of a real decoder."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from tfnp_ext import TensorDisplay, summarize
from tfnp_ext.display import compose
from tfnp_ext.formats import render_html
from tfnp_ext.plots.greys import MOST_BYTES, GreyImages, encode_greys, most_greys


def decoded(found: GreyImages) -> np.ndarray:
    return np.stack([np.asarray(Image.open(BytesIO(png))) for png in found.pngs])


def enlarged(pixels: np.ndarray, zoom: int) -> np.ndarray:
    return pixels.repeat(zoom, axis=1).repeat(zoom, axis=2)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def slopes() -> np.ndarray:
    """Returns images without flat parts, which are compressed a little."""
    y, x = np.mgrid[:28, :28]
    steps = np.random.default_rng(0).integers(0, 24, (14, 28, 28))
    return ((x + y) * 2 + steps + np.arange(14)[:, None, None]).astype(np.uint8)


@settings(max_examples=60)
@given(
    arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=12)),
    st.integers(min_value=1, max_value=6),
)
def test_pixels_come_out_enlarged_or_as_they_were(pixels, zoom):
    found = encode_greys(pixels, zoom)
    assert found.greys == 256
    np.testing.assert_array_equal(decoded(found), enlarged(pixels, found.zoom))
    assert found.zoom in {1, zoom}


@pytest.mark.parametrize("pixels", [np.zeros((3, 5, 4), np.uint8), slopes()], ids=["flat", "slopes"])
def test_what_fits_is_enlarged_here(pixels):
    found = encode_greys(pixels, 2)
    assert found.zoom == 2
    np.testing.assert_array_equal(decoded(found), enlarged(pixels, 2))
    assert sum(map(len, found.pngs)) <= MOST_BYTES


def test_slopes_are_smaller_by_their_differences():
    from tfnp_ext.plots import greys

    by_differences, as_they_are = greys._differing(slopes(), 2), greys._plain(slopes(), 2)
    assert sum(map(len, by_differences)) < 0.8 * sum(map(len, as_they_are))


def test_noise_has_fewer_greys_and_keeps_black_and_white():
    pixels = noise(16, 28, 28)
    found = encode_greys(pixels, 2)
    shown = decoded(found)
    assert (found.zoom, found.greys) == (1, 64)
    assert len(np.unique(shown)) == 64
    assert np.abs(shown.astype(int) - pixels).max() <= 2
    assert {0, 255} <= set(np.unique(shown).tolist())
    assert sum(map(len, found.pngs)) <= MOST_BYTES


@pytest.mark.parametrize("count", [24, most_greys(28 * 28)])
def test_more_noise_has_fewer_greys_still(count):
    pixels = noise(count, 28, 28)
    found = encode_greys(pixels, 2)
    assert found.greys == (64 if count == 24 else 32)
    assert np.abs(decoded(found).astype(int) - pixels).max() <= 127 / (found.greys - 1) + 1
    assert sum(map(len, found.pngs)) <= 20_000


def test_a_little_noise_is_exact():
    pixels = noise(4, 28, 28)
    found = encode_greys(pixels, 2)
    np.testing.assert_array_equal(decoded(found), enlarged(pixels, found.zoom))


def test_a_card_of_noise_says_so_and_leaves_the_enlarging_to_the_page(tf):
    images = tf.random.stateless_uniform((16, 28, 28), (1, 2))
    html = render_html(compose(images, TensorDisplay.instance().options()))
    assert "at most 64 greys each" in html
    assert "image-rendering:pixelated" in html
    assert len(html) < 25_000
    assert summarize(images).role == "images"


def test_a_card_of_strokes_is_exact_and_enlarged(tf):
    images = np.zeros((16, 28, 28), np.float32)
    images[:, 8:20, 13:15] = 1
    html = render_html(compose(tf.constant(images), TensorDisplay.instance().options()))
    assert "greys each" not in html
    assert "image-rendering" not in html
