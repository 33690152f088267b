"""Images as a card shows them: videos, masks, standardised and channels first; and what is said of their colours."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from drawn import MAGENTA
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tfnp_ext import plot, summarize
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.document import Fields, Fold, Span, Sparkline, Tiles
from tfnp_ext.formats import render_text
from tfnp_ext.plots import choose_plot
from tfnp_ext.plots.images import to_pixels
from tfnp_ext.plots.pixels import count_invalid, ends_of, reduce_image
from tfnp_ext.statistics import BINS

OPTIONS = TensorDisplay().options()
MEAN, SPREAD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def small(photos) -> np.ndarray:
    """The photos, every tenth pixel: small enough that their own pixels are shown, uint8 [2, 42, 64, 3]."""
    return np.ascontiguousarray(photos[:, :420:10, ::10])


@pytest.fixture(scope="module")
def videos(photos) -> np.ndarray:
    """Two videos of forty frames that move to the right, [2, 40, 21, 32, 3]."""
    moved = [np.roll(photos[:, :420:20, ::20], shift, axis=2) for shift in range(40)]
    return np.stack(moved, axis=1)


@pytest.fixture(scope="module")
def large(photos) -> np.ndarray:
    """A photo of 1921 × 1283 with the noise of a camera, uint8."""
    enlarged = np.asarray(Image.fromarray(photos[0]).resize((1921, 1283)))
    noise = np.random.default_rng(0).normal(0, 6, enlarged.shape)
    return np.clip(enlarged + noise, 0, 255).astype(np.uint8)


def tiles_of(value) -> list[tuple[np.ndarray, str]]:
    """Returns the pixels of each tile of a card, one of each as it was enlarged, and what stands below it."""
    document = compose(value, OPTIONS)
    (tiles,) = [block for block in document.blocks if isinstance(block, Tiles)]
    found = []
    for tile in tiles.draw():
        decoded = np.asarray(Image.open(io.BytesIO(tile.picture.data)).convert("RGB"))
        zoom = decoded.shape[0] // int(tile.alt.rpartition(" ")[2])
        found.append((decoded[::zoom, ::zoom], tile.caption))
    return found


def fold_of(value) -> str:
    fold = next(block for block in compose(value, OPTIONS).blocks if isinstance(block, Fold))
    return " ".join(span.text for span in fold.reason)


def alt_of(value) -> str:
    summary = summarize(value)
    return choose_plot(summary, OPTIONS).alt(summary, OPTIONS)


class TestPixels:
    def test_a_photo_with_channels_first_is_that_with_channels_last(self, tf, small):
        first = np.moveaxis(small[0], -1, 0)
        assert summarize(tf.constant(first)).title == "RGB image, 64 × 42"
        ((pixels, _),) = tiles_of(tf.constant(first))
        np.testing.assert_array_equal(pixels, small[0])
        np.testing.assert_array_equal(plot(first).images[0].get_array(), small[0])
        assert "channels first, 3" in fold_of(first)

    def test_a_batch_with_channels_first(self, small):
        tiles = tiles_of(np.moveaxis(small, -1, 1))
        assert [caption for _, caption in tiles] == ["0", "1"]
        for (pixels, _), image in zip(tiles, small, strict=True):
            np.testing.assert_array_equal(pixels, image)

    def test_standardised_pixels_run_from_the_smallest_to_the_largest(self, tf, small):
        values = ((small / np.float32(255) - MEAN) / SPREAD).astype(np.float32)
        low, high = values.min(), values.max()
        expected = np.rint((values.astype(np.float64) - low) / (float(high) - low) * 255)
        tiles = tiles_of(tf.constant(values))
        for (pixels, _), image in zip(tiles, expected, strict=True):
            assert np.abs(pixels - image).max() <= 1
        assert "standardised: mean " in fold_of(values)
        assert f"shown {low:.4g} → black, {high:.4g} → white" in fold_of(values)
        np.testing.assert_allclose(plot(values[0]).images[0].get_array(), _scaled(values[0]), atol=1)

    def test_pixels_around_zero(self, tf, small):
        values = tf.keras.applications.mobilenet.preprocess_input(small.astype(np.float32))
        for (pixels, _), image in zip(tiles_of(values), small, strict=True):
            assert np.abs(pixels.astype(int) - image).max() <= 1
        assert "shown -1 → black, 1 → white" in fold_of(values)

    def test_a_mask_is_black_and_white(self, tf, small):
        mask = small[0, ..., 0] > 128
        assert summarize(tf.constant(mask)).title == "mask, 64 × 42"
        ((pixels, _),) = tiles_of(tf.constant(mask))
        np.testing.assert_array_equal(pixels, np.repeat(np.where(mask, 255, 0)[..., None], 3, axis=-1))
        assert alt_of(mask) == "One mask of 64 × 42, False black, True white."
        np.testing.assert_array_equal(plot(mask).images[0].get_array()[..., 0], np.where(mask, 255, 0))

    def test_masks(self, small):
        masks = small[..., 1] > 100
        for (pixels, _), mask in zip(tiles_of(masks), masks, strict=True):
            np.testing.assert_array_equal(pixels[..., 0], np.where(mask, 255, 0))
        assert alt_of(masks) == "2 masks of 64 × 42, False black, True white."

    def test_edges_of_large_masks_stay_sharp(self, photos):
        masks = photos[:, ::6, ::7, 1] > 100
        for (pixels, _), mask in zip(tiles_of(masks), masks, strict=True):
            np.testing.assert_array_equal(pixels[..., 0], np.where(mask, 255, 0))
        (tiles,) = [block for block in compose(photos[0, ..., 0] > 128, OPTIONS).blocks if isinstance(block, Tiles)]
        assert [tile.picture.mime for tile in tiles.draw()] == ["image/png"]
        assert fold_of(photos[0, ..., 0] > 128).endswith("; thumbnails 50 %")
        assert len(mimebundle(photos > 128)["text/html"]) <= 40_000

    def test_a_map_of_classes_is_stretched_and_said(self, small):
        classes = small[0, ..., 0] // 64
        assert classes.max() == 3
        ((pixels, _),) = tiles_of(classes)
        np.testing.assert_array_equal(pixels[..., 0], classes * 85)
        assert "shown 0 → black, 3 → white" in fold_of(classes)

    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
    def test_floats_of_any_precision(self, name, small):
        import ml_dtypes

        values = (small / np.float32(255)).astype(getattr(ml_dtypes, name, name))
        for (pixels, _), image in zip(tiles_of(values), values.astype(np.float64), strict=True):
            assert np.abs(pixels - np.rint(image * 255)).max() <= 1

    def test_bytes_of_another_order_in_memory(self, small):
        turned = np.asfortranarray(small[0])[::-1, ::-1]
        ((pixels, _),) = tiles_of(turned)
        np.testing.assert_array_equal(pixels, small[0, ::-1, ::-1])


class TestThumbnails:
    """Large images are made small a part at a time; Pillow's answer on the whole is the measure."""

    @staticmethod
    def thumbnail(values, limits, width, height) -> np.ndarray:
        return reduce_image(values, limits, (width, height)).resized(width, height)

    @staticmethod
    def whole(pixels, width, height, **how) -> np.ndarray:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        return np.asarray(image.resize((width, height), Image.Resampling.BOX, **how)).reshape(height, width, -1)

    @pytest.mark.parametrize("channels", [1, 3, 4])
    @pytest.mark.parametrize("size", [(480, 321), (97, 61), (1500, 1000), (1921, 1283)], ids=str)
    def test_bytes_are_as_pillow_reduces_the_whole(self, large, channels, size):
        values = np.concatenate([large, large[::-1, :, :1]], axis=-1)[..., :channels]
        found = self.thumbnail(values, (0.0, 255.0), *size)
        expected = self.whole(np.ascontiguousarray(values), *size, reducing_gap=2.0)
        # What is nearly transparent has hardly a colour.
        weights = expected[..., 3:] / 255 if channels == 4 else 1
        assert (np.abs(found.astype(int) - expected) * weights).max() <= (2 if channels == 4 else 1)

    @pytest.mark.parametrize("size", [(480, 320), (240, 160), (96, 64)], ids=str)
    @pytest.mark.parametrize("name", ["uint8", "float16", "bfloat16", "float32", "float64", "int32"])
    @pytest.mark.parametrize("first", [False, True], ids=["channels last", "channels first"])
    def test_a_pixel_is_the_mean_of_what_it_covers(self, large, size, name, first):
        import ml_dtypes

        pixels = large[:1280, :1920]
        values = pixels if name in {"uint8", "int32"} else pixels / np.float32(255)
        values = values.astype(getattr(ml_dtypes, name, name))
        if first:
            values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, -1, 0)), 0, -1)
        found = self.thumbnail(values, (0.0, 255.0 if name in {"uint8", "int32"} else 1.0), *size)
        down, across = 1280 // size[1], 1920 // size[0]
        mean = pixels.reshape(size[1], down, size[0], across, 3).mean(axis=(1, 3))
        assert np.abs(found - mean).max() <= 1

    @pytest.mark.parametrize("name", ["uint8", "bfloat16", "float32"])
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_every_second_pixel_is_as_its_copy(self, large, name, channels):
        import ml_dtypes

        values = np.concatenate([large, large[::-1, :, :1]], axis=-1)[..., :channels] // 4
        cut = values.astype(getattr(ml_dtypes, name, name))[::2, ::-2]
        found, copied = (self.thumbnail(each, (0.0, 63.0), 200, 130) for each in (cut, cut.copy()))
        np.testing.assert_array_equal(found, copied)

    def test_dark_bytes_are_stretched_before_they_are_averaged(self, large):
        dark = (large[:1280, :1920] // 64).astype(np.uint8)
        found = self.thumbnail(dark, (0.0, 3.0), 480, 320)
        assert np.abs(found.astype(int) - self.whole(dark * np.uint8(85), 480, 320)).max() <= 1

    @pytest.mark.parametrize("place", [(0, 0), (1282, 1920), (700, 333)], ids=str)
    @pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])
    @pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf], ids=str)
    def test_one_value_that_is_not_finite_is_one_magenta_pixel(self, large, place, name, lost):
        import ml_dtypes

        for channels in (1, 3):
            values = (large[..., :channels] / np.float32(255)).astype(getattr(ml_dtypes, name, name))
            values[(*place, 0)] = lost
            found = self.thumbnail(values, (0.0, 1.0), 320, 214)
            magenta = np.argwhere((found == MAGENTA).all(axis=-1))
            assert magenta.tolist() == [[place[0] * 214 // 1283, place[1] * 320 // 1921]]
            assert count_invalid([values]) == 1

    def test_magenta_is_seen_on_the_card(self, large):
        values = large / np.float32(255)
        values[600:604, 900:904] = np.nan
        assert "48 values not finite, magenta" in alt_of(values)
        (tile,) = next(block for block in compose(values, OPTIONS).blocks if isinstance(block, Tiles)).draw()
        decoded = np.asarray(Image.open(io.BytesIO(tile.picture.data)).convert("RGB")).astype(int)
        there = decoded[602 * decoded.shape[0] // 1283, 902 * decoded.shape[1] // 1921]
        assert there[0] - there[1] > 80, there

    def test_of_very_large_images_evenly_spaced_rows_and_columns_are_read(self):
        ramp = np.linspace(0, 1, 8000, dtype=np.float32)
        values = np.broadcast_to(ramp, (8000, 8000))
        assert "1 of 2 rows and columns read" in fold_of(values)
        (tile,) = next(block for block in compose(values, OPTIONS).blocks if isinstance(block, Tiles)).draw()
        decoded = np.asarray(Image.open(io.BytesIO(tile.picture.data)).convert("L")).astype(int)
        assert np.abs(decoded - np.linspace(0, 255, decoded.shape[1])).max() <= 3
        assert "rows and columns read" not in fold_of(values[:6000, :6000])

    def test_ends_are_those_of_all_finite_values(self, large):
        values = large.astype(np.float32)
        values[5, 6, 1], values[7, 8, 2], values[9, 9] = -3.0, 900.0, np.nan
        assert ends_of([values, values[:10]]) == (-3.0, 900.0)
        assert ends_of([np.full((3, 3, 1), np.nan)]) is None


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return np.rint((values.astype(np.float64) - low) / (high - low) * 255)


class TestVideo:
    def test_the_frames_shown_are_spread_over_the_first_video(self, videos):
        tiles = tiles_of(videos)
        assert 4 <= len(tiles) < 40
        places = np.linspace(0, 39, len(tiles)).round().astype(int)
        assert [caption for _, caption in tiles] == [str(place) for place in places]
        for (pixels, caption), place in zip(tiles, places, strict=True):
            # Many colours are reduced to 64, which is said.
            assert np.abs(pixels.astype(int) - videos[0, place]).mean() < 8, caption

    def test_what_is_said(self, videos):
        summary = summarize(videos)
        assert summary.title == "2 videos of 40 frames, RGB, 32 × 21"
        words = alt_of(videos)
        shown = len(tiles_of(videos))
        assert words.startswith(f"40 RGB frames of 32 × 21 of the first of 2 videos, spread over all {shown} shown")
        assert f"{shown} of 40 frames of the first of 2 videos" in fold_of(videos)

    def test_one_video_in_a_batch_of_one(self, videos):
        one = videos[:1]
        assert summarize(one).title == "1 video of 40 frames, RGB, 32 × 21"
        assert [caption for _, caption in tiles_of(one)] == [caption for _, caption in tiles_of(videos)]
        assert "of the first" not in alt_of(one)

    def test_a_few_frames_are_exact(self, videos):
        few = videos[:, :4]
        for (pixels, _), frame in zip(tiles_of(few), few[0], strict=True):
            np.testing.assert_array_equal(pixels, frame)

    def test_grey_and_masks_and_channels_first(self, videos):
        grey = videos[..., :1]
        assert summarize(grey).title == "2 videos of 40 frames, grey, 32 × 21"
        assert "at most 64 greys each" in fold_of(grey)
        for pixels, caption in tiles_of(grey):
            np.testing.assert_allclose(pixels[..., 0].astype(int), grey[0, int(caption), ..., 0].astype(int), atol=2)
        masks = grey > 128
        assert summarize(masks).title == "2 videos of 40 frames, masks, 32 × 21"
        for pixels, caption in tiles_of(masks):
            np.testing.assert_array_equal(pixels[..., 0], masks[0, int(caption), ..., 0] * 255)
        first = np.moveaxis(videos[:, :4], -1, 2)
        for (pixels, _), frame in zip(tiles_of(first), videos[0, :4], strict=True):
            np.testing.assert_array_equal(pixels, frame)

    def test_a_card_of_a_video_is_small(self, photos):
        long = np.stack([np.roll(photos, 3 * shift, axis=2) for shift in range(30)], axis=1)
        assert len(mimebundle(long)["text/html"]) <= 40_000


class TestColourFields:
    """The line of numbers of colour images: their range, then the histogram and the mean of each channel."""

    @staticmethod
    def fields(value) -> tuple:
        return next(block for block in compose(value, OPTIONS).blocks if isinstance(block, Fields)).items

    @staticmethod
    def said(field) -> str:
        return " ".join(piece.text for piece in field if isinstance(piece, Span))

    @pytest.mark.parametrize("scale", ["uint8", "float32", "standardised", "bfloat16"])
    @pytest.mark.parametrize("layout", ["image", "batch", "channels first", "video"])
    def test_they_are_what_numpy_says(self, small, scale, layout):
        import ml_dtypes

        values = {
            "uint8": lambda: small,
            "float32": lambda: small / np.float32(255),
            "standardised": lambda: ((small / np.float32(255) - MEAN) / SPREAD).astype(np.float32),
            "bfloat16": lambda: (small / np.float32(255)).astype(ml_dtypes.bfloat16),
        }[scale]()
        shown = {
            "image": lambda: values[0],
            "batch": lambda: values,
            "channels first": lambda: np.moveaxis(values, -1, 1),
            "video": lambda: np.stack([values, values[:, ::-1]], axis=1),
        }[layout]()
        last = (values[0] if layout == "image" else values).astype(np.float64)
        low, high = last.min(), last.max()
        spread, *channels = self.fields(shown)
        found = self.said(spread).split()
        assert (found[0], found[-1]) == ("min", "max")
        np.testing.assert_allclose([float(found[1]), float(found[3])], [low, high], rtol=1e-2, atol=1e-3)
        assert len(channels) == 3
        for number, (name, field) in enumerate(zip("RGB", channels, strict=True)):
            channel = last[..., number].ravel()
            label, mean, value = self.said(field).split()
            assert (label, mean) == (name, "mean")
            assert float(value) == pytest.approx(channel.mean(), rel=6e-3, abs=1e-3)
            (line,) = [piece for piece in field if isinstance(piece, Sparkline)]
            expected = np.histogram(channel, bins=BINS, range=(low, high))[0] * (2 if layout == "video" else 1)
            np.testing.assert_array_equal(line.counts, expected)
            assert (line.low, line.high) == pytest.approx((low, high))

    def test_transparency_is_a_fourth_channel(self, small):
        values = np.concatenate([small, np.full((*small.shape[:3], 1), 51, np.uint8)], axis=-1)
        _, *channels = self.fields(values)
        assert [self.said(field).split()[0] for field in channels] == list("RGBA")
        assert self.said(channels[3]) == "A mean 51.0"

    @pytest.mark.parametrize("make", [lambda x: x[..., 0], lambda x: x[..., :1], lambda x: x[0] > 90], ids=str)
    def test_grey_images_and_masks_have_the_usual_line(self, small, make):
        assert "R" not in [self.said(field).split()[0] for field in self.fields(make(small))]

    def test_what_is_not_finite_has_the_usual_line_and_the_warning(self, small):
        values = small / np.float32(255)
        values[0, 3, 3, 1] = np.nan
        assert summarize(values).role == "images"
        assert summarize(values).statistics.nans == 1
        text = render_text(compose(values, OPTIONS))
        assert "1 NaN of 16 128" in text
        assert "finite min 0" in text
        assert "R " not in text

    def test_one_colour_has_no_histogram(self):
        assert summarize(np.full((20, 30, 3), 7, np.uint8)).role == "image"
        assert "R" not in [self.said(field).split()[0] for field in self.fields(np.full((20, 30, 3), 7, np.uint8))]


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.sampled_from([1, 3, 4]),
    limits=st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-2.1, 2.6), (0.0, 1e-300), (-1e300, 1e300)]),
    kind=st.sampled_from(["float64", "float32", "uint8", "bool"]),
)
def test_pixels_are_the_share_of_the_way_from_black_to_white(seed, channels, limits, kind):
    random = np.random.default_rng(seed)
    low, high = limits
    with np.errstate(over="ignore"):
        values = (low / 2 + random.random((2, 5, 6, channels)) * (high / 2 - low / 2)) * 2
        values = (
            values.astype(kind) if kind in {"float64", "float32"} else random.integers(0, 2, values.shape).astype(kind)
        )
    if not np.isfinite(values).all():
        return
    pixels = to_pixels(values, limits)
    assert pixels.dtype == np.uint8
    wide = values.astype(np.longdouble)
    share = (wide - np.longdouble(low)) / (np.longdouble(high) - np.longdouble(low))
    assert np.abs(pixels.astype(float) - np.clip(share, 0, 1).astype(float) * 255).max() <= 0.51
