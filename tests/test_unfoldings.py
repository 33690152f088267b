"""What the leaves of a tree unfold to: numbers and values of each, pictures of the largest, within 200 kB."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import TensorDisplay, wording
from tfnp_ext.display import mimebundle
from tfnp_ext.document import Fields, Span, Unfolding
from tfnp_ext.formats.html.unfoldings import MOST_PICTURES, byte_length, write_unfoldings
from tfnp_ext.plots.little_maps import little_map
from tfnp_ext.summary import summarize

NAN = float("nan")
MOST_BYTES = 200_000


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def bundle_of(value: object, **options: object) -> dict[str, str]:
    return mimebundle(value, TensorDisplay().options(**options))


def unfolded(html: str) -> list[str]:
    """Returns what each leaf unfolds to."""
    return [part.split("</summary>", 1)[1] for part in re.split(r"<details(?: open)?><summary style=list", html)[1:]]


def pixels(figure: object) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(BytesIO(figure.draw().data)).convert("RGBA"))


class TestEveryLeaf:
    @pytest.mark.parametrize("count", [1, 6, 7, 20, 21, 60, 120])
    def test_unfolds_to_its_numbers_and_its_values_however_many_there_are(self, tf, count):
        arrays = {f"k{at}": normal(20, 30, seed=at) for at in range(count)}
        for array in arrays.values():
            array[0, 0] = 1.25
        html = bundle_of({name: tf.constant(array) for name, array in arrays.items()})["text/html"]
        parts = [part for part in unfolded(html) if "mean" in part]
        assert len(parts) == count
        for array, part in zip(arrays.values(), parts, strict=True):
            mean = array.mean(dtype=np.float64)
            assert f"mean</span> {wording.number(float(mean), 3)}" in part
            assert "values" in part
            assert "1.25" in part

    @pytest.mark.parametrize("count", [1, 40])
    def test_says_what_is_not_finite(self, tf, count):
        spoilt = normal(24, 64)
        spoilt[4, 50], spoilt[9, 3] = np.inf, NAN
        parts = unfolded(bundle_of({f"g{at}": tf.constant(spoilt) for at in range(count)})["text/html"])
        assert sum("⚠ 1 NaN · 1 +Inf" in part and "[4, 50]" in part for part in parts) == count

    def test_keeps_its_maximum_in_its_line_and_the_warning_after_it(self, tf):
        spoilt = normal(24, 64)
        spoilt[9, 3] = NAN
        line = bundle_of({"f": tf.constant(spoilt)})["text/html"].split("</summary>")[0]
        text = re.sub("<[^>]*>", "", line)
        assert re.search(rf"-\d\S+ +{np.nanmax(spoilt):.2f} +⚠ 1 NaN", text), text

    def test_has_what_its_role_adds(self, tf):
        nest = {f"conv{at}": {"kernel": tf.Variable(normal(3, 3, 4, 8, seed=at))} for at in range(30)}
        assert bundle_of(nest)["text/html"].count("filter norm") == 30

    def test_of_one_value_has_nothing_to_unfold(self, tf):
        html = bundle_of({"zeros": tf.zeros((30, 40)), "w": tf.constant(normal(9, 9))})["text/html"]
        assert "all</span> 0" in html
        assert len(unfolded(html)) == 1

    def test_of_rows_of_unequal_length_unfolds_to_its_table(self, tf):
        ragged = tf.ragged.constant([list(range(at % 7)) for at in range(40)])
        html = bundle_of([ragged, *[tf.constant(normal(5, 5, seed=at)) for at in range(25)]])["text/html"]
        assert "first values" in html


class TestPictures:
    @pytest.mark.parametrize("count", [8, 9, 40])
    def test_are_of_the_eight_largest(self, tf, count):
        nest = {f"k{at}": tf.constant(normal(20 + at, 30, seed=at)) for at in range(count)}
        html = bundle_of(nest)["text/html"]
        assert html.count('alt="Heat map') == MOST_PICTURES == 8
        drawn = re.findall(r'alt="Heat map (\d+) ×', html)
        assert sorted(map(int, drawn)) == list(range(20 + count - 8, 20 + count))

    def test_of_a_small_tree_are_those_of_the_cards(self, tf):
        images = np.linspace(0, 1, 4 * 64, dtype=np.float32).reshape(4, 8, 8, 1) % 0.7
        html = bundle_of({"image": tf.constant(images), "w": tf.constant(normal(30, 20))})["text/html"]
        assert html.count('grey 8 × 8"') == 4
        assert "histogram from" in html.split('alt="Heat map')[1].split('"')[0]

    def test_of_a_large_tree_are_little_maps_and_say_what_their_ink_means(self, tf):
        html = bundle_of([tf.constant(normal(64, 64, seed=at)) for at in range(60)])["text/html"]
        assert len(re.findall(r"full ink at ±\d\S* · a cell is the mean of 3 × 1 values", html)) == 8

    def test_are_left_out_where_they_are_switched_off(self, tf):
        html = bundle_of([tf.constant(normal(64, 64)) for _ in range(3)], plots=False)["text/html"]
        assert 'alt="Heat map' not in html
        assert html.count("corners of 64 × 64 values") == 3


class TestLittleMaps:
    @given(rows=st.integers(1, 200), columns=st.integers(1, 400))
    @settings(max_examples=40)
    def test_are_small_and_show_the_means(self, rows, columns):
        matrix = normal(rows, columns, seed=rows)
        summary = summarize(matrix)
        if summary.drawn is None or summary.drawn.ndim < 2:
            return
        figure, _ = little_map(summary).blocks
        assert figure.alt.startswith(f"Heat map {rows} × {columns}")
        picture = pixels(figure)[1:-1, 1:-1]
        assert picture.shape[0] <= 16 * 24
        assert picture.shape[1] <= 16 * 96
        block = (-(-rows // 24), -(-columns // 96))
        means = np.array([
            [matrix[top : top + block[0], left : left + block[1]].mean() for left in range(0, columns, block[1])]
            for top in range(0, rows, block[0])
        ])  # fmt: skip
        cell = picture.shape[0] // means.shape[0], picture.shape[1] // means.shape[1]
        middles = picture[cell[0] // 2 :: cell[0], cell[1] // 2 :: cell[1]][: means.shape[0], : means.shape[1]]
        strong = np.abs(means) > np.abs(means).max() / 4
        assert (middles[..., 3][strong] > 0).all()
        assert ((middles[..., 2] > middles[..., 0])[strong] == (means > 0)[strong]).all()

    def test_of_a_kernel_have_a_filter_in_each_row(self, tf):
        kernel = np.zeros((3, 3, 4, 8), np.float32) + 1e-3
        kernel[..., 5] = -1
        figure, said = little_map(summarize(tf.Variable(kernel + normal(3, 3, 4, 8) * 1e-4, name="k/kernel"))).blocks
        assert "a row is a filter" in said.text[0].text
        picture = pixels(figure)[1:-1, 1:-1]
        high = picture.shape[0] // 8
        orange = [bool((picture[row * high + 1, :, 0] > 150).any()) for row in range(8)]
        assert orange == [row == 5 for row in range(8)]

    def test_mark_what_is_not_finite_by_signs_and_words(self):
        spoilt = normal(24, 64)
        spoilt[4, 50], spoilt[9, 3] = np.inf, NAN
        figure, said = little_map(summarize(spoilt)).blocks
        assert "× NaN · ▲ +Inf" in said.text[0].text
        assert "NaN marked ×; +Inf marked ▲" in figure.alt
        magenta = (pixels(figure) == (0xD0, 0x3A, 0x94, 255)).all(axis=-1)
        assert 9 <= magenta.sum() <= 40

    @pytest.mark.parametrize("shape", [(30,), (16, 28, 28, 3)])
    def test_there_are_none_of_vectors_and_images(self, shape):
        assert little_map(summarize(np.abs(normal(*shape)) % 1)) is None


class TestBytes:
    KINDS = {
        "kernels": lambda tf, at: tf.constant(normal(20, 30, seed=at)),
        "vectors": lambda tf, at: tf.constant(normal(64, seed=at)),
        "small matrices": lambda tf, at: tf.constant(normal(3, 4, seed=at)),
        "strings": lambda tf, at: tf.constant([f"wörd {at} {place}" * 9 for place in range(30)]),
        "ragged": lambda tf, at: tf.ragged.constant([list(range((at + row) % 7)) for row in range(30)]),
        "images": lambda tf, at: tf.constant(np.abs(normal(16, 28, 28, seed=at)) % 1),
    }  # fmt: skip

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("count", [30, 200])
    def test_a_card_is_never_more_than_200_kB(self, tf, kind, count):
        bundle = bundle_of({f"{kind} {at}": self.KINDS[kind](tf, at) for at in range(count)})
        assert sum(len(text.encode()) for text in bundle.values()) <= MOST_BYTES

    def test_nor_where_names_are_long(self, tf):
        bundle = bundle_of({f"näme {at} " * 60: tf.constant(normal(20, 30, seed=at)) for at in range(200)})
        assert sum(len(text.encode()) for text in bundle.values()) <= MOST_BYTES
        assert "left out, since a card has at most 200 kB" in bundle["text/html"]
        assert "more</span>" in bundle["text/html"]

    def test_what_is_left_out_is_said_and_counted(self, tf):
        html = bundle_of([tf.constant(normal(20, 30, seed=at)) for at in range(200)])["text/html"]
        (said,) = re.findall(r"left out, since a card has at most 200 kB: ([^<]*)", html)
        values, histograms = (int(re.search(rf"{what} of (\d+)", said)[1]) for what in ("values", "histograms"))
        assert html.count("first and last of") == 200 - values
        assert html.count('alt="histogram') == 200 - histograms
        assert html.count('alt="Heat map') >= 4

    def test_nothing_is_said_where_nothing_is_left_out(self, tf):
        assert "left out" not in bundle_of([tf.constant(normal(20, 30, seed=at)) for at in range(40)])["text/html"]

    @given(
        wishes=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60_000)), min_size=1, max_size=30),
        room=st.integers(0, 200_000),
    )
    def test_no_more_is_written_than_there_is_room_for(self, wishes, room):
        def words(length: int) -> tuple[Fields, ...]:
            return (Fields(((Span("x" * length),),)),)

        unfoldings = [
            Unfolding(size, lambda most, size=length: words(size), picture=lambda size=length: words(size))
            for size, length in wishes
        ]
        written, left_out = write_unfoldings(unfoldings, room)
        assert sum(map(byte_length, written)) <= room
        assert sum(not html for html in written) <= left_out["values"]

    def test_the_pictures_are_pngs_that_can_be_read(self, tf):
        from PIL import Image

        html = bundle_of([tf.constant(normal(64, 64, seed=at)) for at in range(60)])["text/html"]
        for data in re.findall(r'Heat map[^>]*base64,([^"]*)"', html):
            assert Image.open(BytesIO(base64.b64decode(data))).size == (64 * 2 + 2, 22 * 2 + 2)


def test_of_a_tree_that_is_late_large_leaves_have_a_little_map(tf):
    nest = [tf.constant(normal(600, 600, seed=at)) for at in range(2)]
    html = bundle_of(nest, budget_ms=1e-3)["text/html"]
    assert "not read" in html or "full ink at" in html


def test_the_range_of_a_leaf_that_was_sampled_says_so(tf):
    values = normal(3000, 3000)
    options = TensorDisplay.instance().options(budget_ms=2.0, plots=False)
    bundle = mimebundle([tf.constant(values), tf.constant([1.0])], options)
    assert re.search(r" \d\S* seen$", bundle["text/plain"].split("\n")[1])
    assert re.search(r"\d seen<", bundle["text/html"])
    whole = mimebundle([tf.constant(values[:20])], options)
    assert " seen" not in whole["text/plain"]
