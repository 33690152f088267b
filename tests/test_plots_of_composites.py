"""Plots of sparse and ragged values: where entries lie, how long rows are, and the cards that hold them."""

from __future__ import annotations

import base64
import io
import re
import tracemalloc
import warnings

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from PIL import Image

import tfnp_ext
from tfnp_ext import OptionError, TensorDisplay, summarize, wording
from tfnp_ext.adapters import Ragged, Sparse
from tfnp_ext.display import compose, composites, mimebundle
from tfnp_ext.document import Fields
from tfnp_ext.plots import PLOTS, lengths, spy
from tfnp_ext.plots.entries import MOST_ENTRIES, NEGATIVE, POSITIVE, read_matrix
from tfnp_ext.plots.lengths import padded_shape, read_lengths
from tfnp_ext.summary import Summary

OPTIONS = TensorDisplay().options()
SPY, LENGTHS = PLOTS["spy"], PLOTS["lengths"]
BLUE, ORANGE, MAGENTA = (58, 125, 192), (192, 99, 26), (208, 58, 148)
ALT = re.compile(r'alt="((?:Where|Histogram of)[^"]*)"[^>]*base64,([^"]*)"')


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def scattered(count, shape, seed=0, values=None):
    """Returns a sparse summary of so many entries at different places, and the dense array of it."""
    random = np.random.default_rng(seed)
    flat = np.sort(random.choice(int(np.prod(shape)), count, replace=False))
    indices = np.stack(np.unravel_index(flat, shape), axis=1)
    values = random.choice([-1.5, 2.5], count) if values is None else values
    dense = np.zeros(shape)
    dense[tuple(indices.T)] = values
    return sparse(indices, values, shape), dense


def sparse(indices, values, shape):
    content = Sparse(np.asarray(indices, np.int64).reshape(-1, len(shape)), np.asarray(values), tuple(shape))
    return Summary("SparseTensor", tuple(shape), str(content.values.dtype), role="sparse", content=content)


def ragged(counts, dtype=np.int32):
    splits = np.append(0, np.cumsum(counts)).astype(np.int64)
    content = Ragged(np.zeros(splits[-1], dtype), (splits,))
    return Summary("RaggedTensor", (len(counts), None), str(np.dtype(dtype)), role="ragged", content=content)


def pixels_of(picture):
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGBA")).astype(int)


def near(pixels, color, tolerance=24):
    return (np.abs(pixels[..., :3] - color).max(axis=-1) <= tolerance) & (pixels[..., 3] > 100)


def drawn(summary, plot):
    axes = tfnp_ext.plots.drawing._new_axes(1, 1)
    plot.draw(axes, summary, OPTIONS)
    FigureCanvasAgg(axes.figure).draw()
    return axes


def shown(value, **options):
    return mimebundle(value, TensorDisplay().options(**options))


def picture_in(html):
    """Returns alt text and pixels of the picture of a card that is not the little histogram."""
    alt, data = ALT.search(html).groups()
    return alt, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")).astype(int)


class TestSpy:
    @pytest.mark.parametrize("shape", [(30, 40), (1000, 800), (9, 4000), (7000, 3), (1, 50), (50, 1)], ids=str)
    def test_what_is_behind_a_dot_is_what_is_stored_there(self, shape):
        summary, dense = scattered(min(40, dense_size(shape) // 2), shape)
        pattern = SPY.prepare(summary, OPTIONS)
        for kind, stored in ((POSITIVE, dense > 0), (NEGATIVE, dense < 0)):
            rows = np.add.reduceat(stored, np.arange(0, shape[0], pattern.block[0]), axis=0)
            expected = np.add.reduceat(rows, np.arange(0, shape[1], pattern.block[1]), axis=1)
            np.testing.assert_array_equal(pattern.counts[kind], expected)

    def test_every_entry_of_a_small_matrix_is_a_square_of_its_hue(self):
        summary, dense = scattered(200, (40, 60))
        pattern = SPY.prepare(summary, OPTIONS)
        pixels = pixels_of(SPY.picture(summary, OPTIONS))
        left, top = 2 * spy._Layout(pattern).left, 2 * spy._TOP
        side = 2 * pattern.cell[0]
        assert pattern.cell == (3, 3)
        middles = pixels[top + side // 2 :: side, left + side // 2 :: side][:40, :60]
        np.testing.assert_array_equal(near(middles, BLUE), dense > 0)
        np.testing.assert_array_equal(near(middles, ORANGE), dense < 0)
        assert (middles[dense == 0][:, 3] == 0).all()

    @pytest.mark.parametrize("place", [(0, 0), (999_999, 999_999), (500_000, 7)], ids=str)
    def test_a_lone_entry_of_a_large_matrix_can_be_seen(self, place):
        pixels = pixels_of(SPY.picture(sparse([place], [1.0], (10**6, 10**6)), OPTIONS))
        pattern = SPY.prepare(sparse([place], [1.0], (10**6, 10**6)), OPTIONS)
        map_only = near(pixels, BLUE)[:, : 2 * (spy._Layout(pattern).left + pattern.width)]
        assert map_only.sum() == 16

    def test_the_artists_hold_the_entries_and_the_axes_their_shape(self):
        summary, dense = scattered(100, (300, 500))
        axes = drawn(summary, SPY)
        positive, negative = axes.lines
        for line, color, stored in ((positive, "#3a7dc0", dense > 0), (negative, "#c0631a", dense < 0)):
            assert set(zip(line.get_ydata(), line.get_xdata(), strict=True)) == set(map(tuple, np.argwhere(stored)))
            assert to_hex(line.get_color()) == color
            assert line.get_linestyle() == "None"
        assert axes.get_xlim() == (-0.5, 499.5)
        assert axes.get_ylim() == (299.5, -0.5)

    def test_where_markers_would_cover_each_other_the_dots_are_an_image(self):
        random = np.random.default_rng(0)
        values = np.where(random.random(90_000) < 0.2, -1.0, 1.0)
        summary, _ = scattered(90_000, (400, 500), values=values)
        axes = drawn(summary, SPY)
        (image,) = axes.images
        assert not axes.lines
        assert image.get_extent() == [-0.5, 499.5, 399.5, -0.5]
        assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 499.5), (399.5, -0.5))
        assert near(np.asarray(image.get_array()).astype(int), BLUE).mean() > 0.6

    @pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "complex64", "bfloat16", "uint8"])
    def test_a_matrix_asked_for_is_drawn_where_it_is_not_zero(self, dtype):
        random = np.random.default_rng(0)
        dense = np.where(random.random((300, 500)) < 0.01, random.integers(-3, 4, (300, 500)), 0)
        dense = (abs(dense) if dtype in {"bool", "uint8"} else dense).astype(dtype)
        summary = summarize(dense)
        assert 0 < SPY.suits(summary) < 0.5
        numbers = abs(dense) if dtype == "complex64" else dense.astype(float)
        axes = drawn(summary, SPY)
        assert {place for line in axes.lines for place in zip(line.get_ydata(), line.get_xdata(), strict=True)} == set(
            map(tuple, np.argwhere(numbers != 0))
        )
        counts = SPY.prepare(summary, OPTIONS).counts
        assert counts[POSITIVE].sum() == (numbers > 0).sum()
        assert sum(cells.sum() for cells in counts.values()) == (numbers != 0).sum()
        assert SPY.alt(summary, OPTIONS).startswith(
            f"Where {wording.integer(int((numbers != 0).sum()))} values that are not zero of 300 × 500 lie: "
        )
        assert near(pixels_of(SPY.picture(summary, OPTIONS)), BLUE).any()

    def test_a_matrix_and_its_sparse_tensor_have_the_same_dots(self):
        summary, dense = scattered(2000, (700, 900))
        one, other = (SPY.prepare(which, OPTIONS) for which in (summary, summarize(dense)))
        assert (one.block, one.cell, one.where) == (other.block, other.cell, other.where)
        for kind, cells in one.counts.items():
            np.testing.assert_array_equal(cells, other.counts[kind])

    def test_of_a_large_matrix_some_values_are_read_and_that_is_said(self):
        dense = np.zeros((5000, 6000), np.float32)
        dense[:, 1000:1500] = 1
        summary = summarize(dense)
        pattern = SPY.prepare(summary, OPTIONS)
        assert (pattern.total > 0).mean() == pytest.approx(500 / 6000, abs=0.02)
        assert pattern.stored == pytest.approx(2_500_000, rel=0.05)
        drawn_of = f"{wording.integer(MOST_ENTRIES)} of about {wording.integer(pattern.stored)} entries drawn"
        assert SPY.note(summary, OPTIONS).startswith(f"{drawn_of}; 1 of {pattern.every} values read; ")
        tracemalloc.start()
        read_matrix(dense, (40, 13))
        assert tracemalloc.get_traced_memory()[1] < dense.nbytes / 4
        tracemalloc.stop()

    @settings(max_examples=60)
    @given(
        hnp.arrays(
            st.sampled_from(["float32", "float16", "int8", "int64", "complex64", "bool"]),
            hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        )
    )
    def test_any_matrix_is_drawn(self, values):
        summary = summarize(values)
        if SPY.suits(summary):
            total = SPY.prepare(summary, OPTIONS).total.sum()
            assert total == np.count_nonzero(summary.drawn)
            assert SPY.alt(summary, OPTIONS)
            assert SPY.picture(summary, OPTIONS).data
            drawn(summary, SPY)

    def test_what_is_not_finite_is_marked(self):
        summary, _ = scattered(6, (30, 40), values=np.array([1.0, np.nan, np.inf, -np.inf, -1.0, 0.0]))
        places = summary.content.indices
        axes = drawn(summary, SPY)
        marked = {line.get_marker(): (line.get_ydata()[0], line.get_xdata()[0]) for line in axes.lines[3:]}
        assert marked == {"x": tuple(places[1]), "^": tuple(places[2]), "v": tuple(places[3])}
        assert SPY.alt(summary, OPTIONS).endswith(
            "; blue 1 positive, orange 1 negative, grey 1 zero, 1 NaN marked ×, 1 +Inf marked ▲, 1 -Inf marked ▼."
        )
        assert near(pixels_of(SPY.picture(summary, OPTIONS)), MAGENTA).any()

    def test_too_many_marks_are_magenta_dots(self):
        summary, _ = scattered(500, (90, 90), values=np.full(500, np.nan))
        assert near(pixels_of(SPY.picture(summary, OPTIONS)), MAGENTA).sum() > 500 * 4

    def test_an_entry_stored_twice_and_in_any_order_is_there(self):
        summary = sparse([[5, 5], [1, 2], [5, 5]], [1.0, 1.0, 1.0], (8, 8))
        counts = SPY.prepare(summary, OPTIONS).counts[POSITIVE]
        assert {tuple(place): counts[tuple(place)] for place in np.argwhere(counts)} == {(1, 2): 1, (5, 5): 2}

    def test_what_lies_outside_the_shape_is_counted_and_not_drawn(self):
        summary = sparse([[5, 5], [8, 2], [-1, 0]], [1.0, 1.0, 1.0], (8, 8))
        assert SPY.note(summary, OPTIONS) == "2 outside the shape, not drawn"
        assert sum(counts.sum() for counts in SPY.prepare(summary, OPTIONS).counts.values()) == 1
        nowhere = sparse([[9, 9]], [1.0], (8, 8))
        assert "none inside the shape" in SPY.alt(nowhere, OPTIONS)
        SPY.picture(nowhere, OPTIONS)

    def test_of_very_many_entries_a_sample_is_drawn_and_said(self):
        count = MOST_ENTRIES + 50_000
        rows = np.arange(count)
        values = np.where(rows % 4, 1.0, -1.0)
        summary = sparse(np.stack([rows, rows % 100], axis=1), values, (count, 100))
        assert SPY.note(summary, OPTIONS).startswith("131 072 of 181 072 entries drawn; a dot stands for ")
        share = re.search(r"blue (\S+) % positive", SPY.alt(summary, OPTIONS))
        assert float(share[1]) == pytest.approx(75, abs=0.5)
        # A row of the profile holds about one entry, as a row of the matrix does; the fullest is not known of a sample.
        assert spy._Layout(SPY.prepare(summary, OPTIONS)).head.startswith("mean per row, up to 1")
        assert "in a row" not in SPY.alt(summary, OPTIONS)
        assert spy._Layout(SPY.prepare(summary, OPTIONS)).profile == pytest.approx(1, abs=0.05)

    def test_the_profile_is_entries_per_row(self):
        summary, dense = scattered(300, (40, 60))
        profile = spy._Layout(SPY.prepare(summary, OPTIONS)).profile
        assert profile.tolist() == np.count_nonzero(dense, axis=1).tolist()
        pixels = near(pixels_of(SPY.picture(summary, OPTIONS)), BLUE, 60)
        layout = spy._Layout(SPY.prepare(summary, OPTIONS))
        assert layout.head == f"per row, up to {profile.max():.0f}"
        bars = pixels[2 * spy._TOP + 3 :: 6, 2 * layout.side : 2 * (layout.side + spy._PROFILE)][:40].sum(axis=1)
        assert bars == pytest.approx(profile / profile.max() * 2 * spy._PROFILE, abs=1)

    def test_what_is_said_of_a_row_is_the_most_that_one_holds(self):
        places = [[0, column] for column in range(300)] + [[row, 0] for row in range(1, 900)]
        summary = sparse(places, np.ones(1199), (1000, 800))
        layout = spy._Layout(SPY.prepare(summary, OPTIONS))
        assert layout.head == "per row, up to 300"
        assert layout.profile.tolist()[:3] == [300, 1, 1]
        assert SPY.alt(summary, OPTIONS).endswith("; up to 300 in a row.")
        assert SPY.note(summary, OPTIONS).endswith("; a bar is the fullest of 24 rows")

    @settings(max_examples=40)
    @given(st.integers(2, 3000), st.integers(1, 3000), st.integers(1, 500), st.integers(0, 2**32 - 1))
    def test_bars_are_the_fullest_rows(self, rows, columns, count, seed):
        random = np.random.default_rng(seed)
        places = np.stack([random.integers(0, rows, count), random.integers(0, columns, count)], axis=1)
        pattern = SPY.prepare(sparse(places, np.ones(count), (rows, columns)), OPTIONS)
        each = np.bincount(places[:, 0], minlength=rows)
        bars = np.maximum.reduceat(each, np.arange(0, rows, pattern.band * pattern.block[0]))
        layout = spy._Layout(pattern)
        assert layout.profile.tolist() == bars.tolist()
        even = each.min() == each.max()
        assert layout.head == f"per row{'' if even else ', up to'} {each.max()}"

    def test_the_same_number_in_every_row_is_said_instead(self):
        summary = sparse(np.stack([np.arange(500), np.arange(500) % 10], axis=1), np.ones(500), (500, 10))
        assert spy._Layout(SPY.prepare(summary, OPTIONS)).head == "per row 1"

    @pytest.mark.parametrize(
        ("shape", "note"),
        [
            ((40, 60), ""),
            ((5000,), "a dot stands for 21 places"),
            ((1000, 800), "a dot stands for 17 × 8 places; a bar is the fullest of 34 rows"),
            (
                (20, 30, 40),
                "a dot stands for 10 × 1 places; rows are the leading 20 × 30, flattened; "
                "a bar is the fullest of 20 rows",
            ),
            ((2, 3, 4, 5), "rows are the leading 2 × 3 × 4, flattened"),
        ],
        ids=str,
    )
    def test_the_note_says_what_a_dot_and_a_row_are(self, shape, note):
        assert SPY.note(scattered(15, shape)[0], OPTIONS) == note

    def test_leading_axes_are_flattened_to_rows(self):
        summary, dense = scattered(30, (4, 5, 6))
        axes = drawn(summary, SPY)
        found = {place for line in axes.lines for place in zip(line.get_ydata(), line.get_xdata(), strict=True)}
        assert found == set(map(tuple, np.argwhere(dense.reshape(20, 6))))

    def test_a_vector_is_a_strip(self):
        summary, _ = scattered(30, (4000,))
        pattern = SPY.prepare(summary, OPTIONS)
        assert (pattern.grid[0], pattern.height) == (1, 24)
        axes = drawn(summary, SPY)
        assert axes.get_yticks().size == 0

    @pytest.mark.parametrize(
        ("indices", "words", "rows"),
        [
            ([[place, place] for place in range(90)], "along the diagonal", "1 in every row"),
            ([[place % 90, place % 20] for place in range(300)], "denser to the left", "up to 4 in a row"),
            (
                [[89 - place % 20, 89 - place % 30] for place in range(300)],
                "denser to the right and the bottom",
                "up to 15 in a row",
            ),
            ([[place % 90, place * 7 % 90] for place in range(300)], "no side denser", "up to 4 in a row"),
        ],
        ids=["diagonal", "left", "bottom right", "even"],
    )  # fmt: skip
    def test_alt_says_where_they_lie_and_how_full_rows_are(self, indices, words, rows):
        alt = SPY.alt(sparse(indices, np.ones(len(indices)), (90, 90)), OPTIONS)
        assert alt == f"Where {len(indices)} stored values of 90 × 90 lie: {words}; {rows}."

    def test_it_suits_entries_at_places_that_exist(self):
        assert SPY.suits(sparse([[1, 1]], [1.0], (3, 3))) == 0.9
        for indices, values, shape in (([], [], (3, 3)), ([[0, 0]], [1.0], (3, 0)), ([[0, 0]], [1.0], (3, -1))):
            assert SPY.suits(sparse(indices, values, shape)) == 0
        assert SPY.suits(Summary("SparseTensor", (), "float32", content=Sparse(np.zeros((1, 0)), np.ones(1), ()))) == 0
        assert SPY.suits(summarize(np.eye(9))) == 0.2
        assert SPY.suits(summarize(np.ones((3, 3, 3)))) == SPY.suits(summarize(np.ones(3))) == 0
        assert SPY.suits(ragged([1, 2])) == 0

    @settings(max_examples=40)
    @given(
        st.lists(st.sampled_from([1, 2, 3, 60, 5000, 2**40, 2**62]), min_size=1, max_size=4),
        st.integers(1, 400),
        st.sampled_from(["?", "i1", "i8", "u8", "f2", "f4", "f8", "c8", "O", "bfloat16", "int4"]),
        st.booleans(),
    )
    def test_any_entries_are_drawn_without_a_word(self, shape, count, dtype, spoilt):
        random = np.random.default_rng(count)
        indices = np.stack([random.integers(0, axis, count) for axis in shape], axis=1)
        indices[0] = np.array(shape) - 1
        values = random.integers(-4, 4, count).astype(np.float32)
        with np.errstate(all="ignore"):
            if dtype == "O":
                values = np.array([b"\xff", "x"] * count, object)[:count]
            elif spoilt and dtype in {"f2", "f4", "f8", "c8", "bfloat16"}:
                values[: count // 2] = random.choice([np.nan, np.inf, -np.inf], count // 2)
            dtype = getattr(ml_dtypes, dtype, dtype)
            values = values if values.dtype == object else values.astype(dtype)
        summary = sparse(indices, values, shape)
        picture = SPY.picture(summary, OPTIONS)
        assert picture.width <= 830
        assert picture.height <= 160
        assert len(picture.data) <= 25_000
        pattern = SPY.prepare(summary, OPTIONS)
        assert sum(int(counts.sum()) for counts in pattern.counts.values()) == count
        assert SPY.alt(summary, OPTIONS).startswith(f"Where {count} stored values of ")
        drawn(summary, SPY)


def dense_size(shape):
    return int(np.prod(shape))


class TestLengths:
    @given(st.lists(st.integers(0, 300), min_size=1, max_size=200))
    def test_the_numbers_are_numpys(self, counts):
        found = read_lengths(np.append(0, np.cumsum(counts)))
        assert found.median == np.median(counts)
        for share in (0.5, 0.95, 0.99, 1.0):
            assert found.holding(share) == np.quantile(counts, share, method="inverted_cdf")
        assert (found.empty, found.longest, found.rows) == (counts.count(0), max(counts), len(counts))
        assert found.exact

    def test_many_rows_are_counted_block_by_block(self, monkeypatch):
        counts = np.random.default_rng(0).poisson(5, 10_000)
        splits = np.append(0, np.cumsum(counts)).astype(np.int32)
        whole = read_lengths(splits)
        monkeypatch.setattr(lengths, "_SAMPLE", 100)
        monkeypatch.setattr(lengths, "_BLOCK", 999)
        tallied = read_lengths(splits)
        np.testing.assert_array_equal(tallied.lengths, whole.lengths)
        np.testing.assert_array_equal(tallied.counts, whole.counts)
        assert (tallied.longest, tallied.exact) == (whole.longest, True)

    def test_of_very_many_rows_a_sample_is_read_and_said(self, monkeypatch):
        monkeypatch.setattr(lengths, "_SAMPLE", 1000)
        monkeypatch.setattr(lengths, "MOST_ROWS", 5000)
        summary = ragged(np.random.default_rng(0).poisson(5, 10_000))
        assert LENGTHS.note(summary, OPTIONS) == "lengths of 1 000 of 10 000 rows"
        assert LENGTHS.alt(summary, OPTIONS).startswith("Histogram of 1 000 row lengths, from ")
        found = read_lengths(summary.content.splits[0])
        assert found.longest is None
        assert found.median == pytest.approx(5, abs=1)
        assert padded_shape(summary.content, found) is None

    def test_a_few_very_long_rows_among_many_leave_the_longest_known(self, monkeypatch):
        monkeypatch.setattr(lengths, "_SAMPLE", 1000)
        counts = np.ones(5000, np.int64)
        counts[77] = 2**17
        found = read_lengths(np.append(0, np.cumsum(counts)))
        assert (found.longest, found.exact, found.median) == (2**17, False, 1)

    def test_a_row_that_ends_before_it_starts_is_empty(self):
        assert read_lengths(np.array([0, 5, 3, 4])).lengths.tolist() == [0, 1, 5]

    def test_bars_are_as_tall_as_there_are_rows(self):
        counts = [0, 0, 3, 3, 3, 4, 6]
        axes = drawn(ragged(counts), LENGTHS)
        bars = {bar.get_x() + bar.get_width() / 2: bar.get_height() for bar in axes.patches}
        assert bars == pytest.approx({3: 3, 4: 1, 5: 0, 6: 1, 0: 2})
        median, most = axes.lines
        assert (median.get_xdata()[0], most.get_xdata()[0]) == (3, 6)
        assert median.get_linestyle() != most.get_linestyle()
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["median 3", "95 % ≤ 6"]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("row length", "rows")

    def test_many_lengths_share_bars_that_hold_all_rows(self):
        counts = np.random.default_rng(0).integers(0, 500, 3000)
        summary = ragged(counts)
        axes = drawn(summary, LENGTHS)
        *bars, empty = axes.patches
        edges = [bar.get_x() for bar in bars] + [bars[-1].get_x() + bars[-1].get_width()]
        expected, _ = np.histogram(counts[counts > 0], edges)
        assert [bar.get_height() for bar in bars] == expected.tolist()
        assert sum(expected) + empty.get_height() == 3000
        assert LENGTHS.note(summary, OPTIONS) == "a bar holds 10 lengths"

    @pytest.mark.parametrize(("low", "high", "wide"), [(1, 64, 1), (1, 65, 2), (990, 1630, 20), (1, 10**6, 20_000)])
    def test_bars_are_few_and_of_an_even_width(self, low, high, wide):
        chart = LENGTHS.prepare(ragged([low, *[high] * 50]), OPTIONS)
        assert chart.wide == wide
        assert len(chart.counts) <= 64
        assert chart.counts.sum() == 51

    def test_far_longer_rows_stand_apart(self):
        counts = [*range(1, 21)] * 50 + [5000, 90_000]
        summary = ragged(counts)
        chart = LENGTHS.prepare(summary, OPTIONS)
        assert (chart.longer, chart.end) == (2, 21)
        assert LENGTHS.alt(summary, OPTIONS).endswith("; longer than 20, apart, 2 rows.")
        assert drawn(summary, LENGTHS).get_xlabel() == "row length (2 rows longer, not drawn)"

    def test_the_pixels_stand_in_proportion_and_empty_rows_have_a_bar(self):
        summary = ragged([0] * 10 + [1] * 40 + [2] * 20)
        layout = lengths._Layout(LENGTHS.prepare(summary, OPTIONS))
        blue = near(pixels_of(LENGTHS.picture(summary, OPTIONS)), BLUE, 60)
        empty, one, two = (blue[:, round(2 * (layout.x(length) - 4))].sum() for length in (0, 1, 2))
        assert (empty / one, two / one) == pytest.approx((0.25, 0.5), abs=0.03)

    @pytest.mark.parametrize(
        ("counts", "alt"),
        [
            (
                [0, 2, 2, 3],
                "Histogram of 4 row lengths, from 0 to 3; median 2, 95 % of the rows up to 3; most often 2, 2 rows;"
                " empty 1 row.",
            ),
            ([4] * 3, "Histogram of 3 row lengths, all 4; median 4, 95 % of the rows up to 4; most often 4, 3 rows."),
            (
                [0] * 2,
                "Histogram of 2 row lengths, all 0; median 0, 95 % of the rows up to 0; most often 0, 2 rows;"
                " empty 2 rows.",
            ),
        ],
    )
    def test_alt_says_the_answer(self, counts, alt):
        assert LENGTHS.alt(ragged(counts), OPTIONS) == alt

    def test_of_nested_rows_it_draws_the_outermost(self, tf):
        value = tf.ragged.constant([[[1, 2], [3]], [], [[4]] * 5])
        summary = summarize(value)
        assert LENGTHS.prepare(summary, OPTIONS).found.lengths.tolist() == [0, 2, 5]
        assert LENGTHS.note(summary, OPTIONS) == "lengths of the outermost rows"

    def test_it_suits_ragged_rows(self):
        assert LENGTHS.suits(ragged([1, 2])) == 0.9
        assert LENGTHS.suits(ragged([])) == 0
        assert LENGTHS.suits(summarize(np.arange(9))) == 0
        assert LENGTHS.suits(sparse([[1, 1]], [1.0], (3, 3))) == 0

    @settings(max_examples=40)
    @given(st.lists(st.one_of(st.integers(0, 9), st.integers(0, 10**5), st.just(0)), min_size=1, max_size=60))
    def test_any_lengths_are_drawn_without_a_word(self, counts):
        splits = np.append(0, np.cumsum(counts))
        summary = Summary("RaggedTensor", (len(counts), None), "int8", role="ragged",
                          content=Ragged(np.zeros(0, np.int8), (splits,)))  # fmt: skip
        picture = LENGTHS.picture(summary, OPTIONS)
        assert picture.width <= 500
        assert picture.height <= 100
        chart = LENGTHS.prepare(summary, OPTIONS)
        assert chart.counts.sum() + chart.found.empty + chart.longer == len(counts)
        assert len(chart.counts) <= 64
        axes = drawn(summary, LENGTHS)
        assert sum(bar.get_height() for bar in axes.patches) + chart.longer == len(counts)


class TestCardsOfSparseTensors:
    @pytest.fixture
    def large(self, tf):
        return tf.SparseTensor([[i * 3, i * 7 % 80] for i in range(300)], np.sin(np.arange(300.0)), (1000, 80))

    def test_a_large_one_has_the_picture_and_its_first_entries_in_a_fold(self, large):
        html = shown(large)["text/html"]
        alt, _ = picture_in(html)
        assert alt.startswith("Where 300 stored values of 1000 × 80 lie: ")
        summary = re.search(r"<summary[^>]*>(.*?)</summary>", html)[1]
        assert re.sub("<[^>]+>", "", summary).startswith(
            "first 8 of 300 entries · not densified; --sparse dense|scipy; a dot stands for "
        )
        assert "font-size:11px'>--sparse dense|scipy</bdi>;" in summary
        fold = html[html.index("<details") :]
        assert "[21, 49]" in fold
        assert "292 more" in fold

    def test_in_a_terminal_and_without_pictures_the_entries_stand_open(self, large):
        text = shown(large)["text/plain"]
        assert text == shown(large, plots=False)["text/plain"] == shown(large, plot="none")["text/plain"]
        assert "[15, 35]" in text
        assert text.endswith("⋮  294 more")
        for options in ({"plots": False}, {"plot": "none"}):
            html = shown(large, **options)["text/html"]
            assert "<details" not in html
            assert "[15, 35]" in html

    @pytest.mark.parametrize("count", [3, 6], ids=str)
    def test_a_few_entries_of_a_large_one_say_more_than_dots(self, tf, count):
        value = tf.SparseTensor([[i, i] for i in range(count)], tf.ones(count), (1000, 1000))
        assert "Where" not in shown(value)["text/html"]
        assert "[2, 2]" in shown(value)["text/html"]

    def test_a_small_one_is_its_values_unless_the_picture_is_asked_for(self, tf):
        value = tf.sparse.from_dense([[0.0, 2.0], [3.0, 0.0]])
        assert "Where" not in shown(value)["text/html"]
        assert "Where 2 stored values of 2 × 2 lie" in shown(value, plot="spy")["text/html"]
        assert shown(value, plot="spy")["text/plain"].splitlines()[-2:] == shown(value)["text/plain"].splitlines()[-2:]

    def test_the_histogram_of_what_is_stored_can_be_asked_for(self, large):
        html = shown(large, plot="histogram")["text/html"]
        assert 'alt="Histogram from -1.00 to 1.00' in html
        assert "histogram of the stored values" in html
        assert "Where" not in html

    def test_other_plots_are_refused_in_a_sentence(self, large):
        with pytest.raises(
            OptionError, match=r"^plot heatmap cannot draw SparseTensor \(1000, 80\) float64: histogram, spy can$"
        ):
            tfnp_ext.show(large, plot="heatmap")
        assert shown(large, plot="bar")["text/html"].count("⚠ plot bar cannot draw SparseTensor") == 1

    def test_plot_draws_it_on_axes(self, large):
        axes = tfnp_ext.plot(large)
        assert sum(len(line.get_xdata()) for line in axes.lines) == 300
        assert tfnp_ext.plot(large, "histogram").patches

    def test_strings_are_dots_too(self, tf):
        value = tf.SparseTensor([[i, i] for i in range(50)], ["<b>"] * 50, (50, 50))
        html = shown(value)["text/html"]
        assert "Where 50 stored values of 50 × 50 lie: along the diagonal; 1 in every row." in html
        assert "<b>" not in html
        assert "empty rows 0 of 50   order sorted" in shown(value)["text/plain"]

    def test_one_for_scipy_keeps_its_picture(self, ip, run, tf, large):
        ip.user_ns["large"] = large
        assert "Where 300 stored values" in run(ip, "%tonumpy large --sparse scipy").html
        assert "Heat map" in run(ip, "%tonumpy large").html

    def test_the_picture_takes_few_bytes(self, tf):
        random = np.random.default_rng(0)
        indices = np.stack([random.integers(0, 5000, 200_000), random.integers(0, 5000, 200_000)], axis=1)
        html = shown(tf.SparseTensor(indices, random.normal(size=200_000), (5000, 5000)))["text/html"]
        assert len(html) < 30_000


def rows_of(value):
    """Returns index and text of each row of a ragged tensor in the table of its text card."""
    lines = mimebundle(value)["text/plain"].split("first values\n")[1].split("\n")
    return {int(line.split()[0]): line.split(maxsplit=2)[2] for line in lines if line.strip()[:1].isdigit()}


class TestRowsOfRaggedTensors:
    """Rows of large ones are written as those of small ones are: in brackets, strings in quotes."""

    @settings(max_examples=40)
    @given(
        st.lists(st.lists(st.lists(st.integers(0, 99), max_size=3), max_size=4), min_size=1, max_size=3),
        st.sampled_from([0, 40]),
    )
    def test_a_row_reads_as_python_writes_it_up_to_ten_values_and_empty_lists(self, tf, rows, more):
        rows = [*rows, *[[[7]]] * (more or 13)]
        found = rows_of(tf.ragged.constant(rows, dtype=tf.int32, ragged_rank=2))
        for place, text in found.items():
            whole = str(rows[place])[1:-1] or "empty"
            if sum(len(inner) or 1 for inner in rows[place]) <= 10:
                assert text == whole
            else:
                assert "…" in text
                assert whole.startswith(text.split("…")[0].rstrip(", "))

    def test_strings_are_in_quotes(self, tf):
        flat = rows_of(tf.ragged.constant([["a b", 'say "c"'], []] * 20))
        assert (flat[0], flat[1]) == ('"a b"  "say \\"c\\""', "empty")
        nested = rows_of(tf.ragged.constant([[["a b"], []], [["c", "d"], ["e"]]] * 20))
        assert (nested[0], nested[1]) == ('["a b"], []', '["c", "d"], ["e"]')
        assert "not UTF-8" not in nested[0]
        assert rows_of(tf.ragged.constant([[b"\xff"]] * 20))[0] == r"b'\xff'"

    def test_lists_of_one_length_have_brackets_and_what_is_cut_says_so(self, tf):
        value = tf.RaggedTensor.from_row_splits(tf.reshape(tf.range(200), (100, 2)), [0, 3, 50, 100])
        found = rows_of(value)
        assert found[0] == "[0, 1], [2, 3], [4, 5]"
        assert found[1] == "[6, 7], [8, 9], [10, 11], [12, 13], [14, 15], …"
        cut = rows_of(tf.ragged.constant([[list(range(30)), [1]]] * 20))
        assert cut[0] == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …], …"

    def test_very_many_empty_lists_take_no_time(self, tf):
        inner = tf.RaggedTensor.from_row_splits(tf.range(100), [0, *[0] * 10**6, 100])
        value = tf.RaggedTensor.from_row_splits(inner, [0, 10**6, 10**6 + 1])
        assert rows_of(value)[0].startswith("[], [], []")
        assert rows_of(value)[0].endswith("…")


class TestCardsOfRaggedTensors:
    @pytest.fixture
    def long(self, tf):
        return tf.ragged.constant([list(range(index % 9)) for index in range(40)])

    def test_a_long_one_has_the_picture_and_its_rows_in_a_fold(self, long):
        html = shown(long)["text/html"]
        alt, pixels = picture_in(html)
        assert alt.startswith("Histogram of 40 row lengths, from 0 to 8; median 3.5, ")
        assert near(pixels, BLUE, 60).any()
        zeros = long.to_tensor().numpy().size - long.flat_values.shape[0]
        assert re.sub("<[^>]+>", "", re.search(r"<summary[^>]*>(.*?)</summary>", html)[1]) == (
            "first 6 and last 2 of 40 rows · --ragged object|pad|masked|list chooses the array;"
            f" padding to (40, 8) would add {zeros} zeros"
        )

    def test_in_a_terminal_and_without_pictures_the_table_stands_open(self, long):
        text = shown(long)["text/plain"]
        assert text == shown(long, plots=False)["text/plain"] == shown(long, plot="none")["text/plain"]
        assert text.splitlines()[-1].split() == ["39", "3", "0", "1", "2"]
        html = shown(long, plots=False)["text/html"]
        assert "<details" not in html
        assert "padding to (40, 8) would add 170 zeros" in html

    @pytest.mark.parametrize("rows", [3, 4, 12, 13], ids=str)
    def test_a_table_that_shows_all_rows_stays(self, tf, rows):
        html = shown(tf.ragged.constant([list(range(100, 120 + index)) for index in range(rows)]))["text/html"]
        assert ("Histogram of" in html) == (rows > 12)
        assert ("--ragged object|pad|masked|list" in html) == (rows > 3)

    def test_the_note_of_a_table_is_short_and_left_out_of_a_terminal(self, tf):
        value = tf.ragged.constant([[1], [2, 3], [], [4]])
        html = shown(value)["text/html"]
        note = re.search(r'<div style="font-size:12px"><bdi [^>]*>--ragged.*?</div>', html)[0]
        assert "padding to (4, 2) would add 4 zeros" in note
        assert len(note) <= 300
        assert "--ragged" not in shown(value)["text/plain"]

    def test_rows_of_one_length_need_no_picture(self, tf):
        html = shown(tf.ragged.constant([[1, 2, 3]] * 40))["text/html"]
        assert "Histogram of" not in html
        assert "padding to (40, 3) would add nothing" in html
        assert (
            "Histogram of 40 row lengths, all 3"
            in shown(tf.ragged.constant([[1, 2, 3]] * 40), plot="lengths")["text/html"]
        )

    @pytest.mark.parametrize(
        "rows",
        [
            [[[1, 2], [3]], [], [[4], [5, 6, 7], []], [[]]],
            [[], [], [], []],
            [["a"], ["b", "c"], [], ["d"]],
        ],
        ids=["nested", "empty", "strings"],
    )
    def test_padding_is_what_tensorflow_pads_to(self, tf, rows):
        value = tf.ragged.constant(rows, dtype=tf.string if "a" in str(rows) else tf.int32)
        padded = value.to_tensor().numpy()
        shape = padded_shape(summarize(value).content, read_lengths(value.row_splits.numpy()))
        assert shape == padded.shape
        added = padded.size - value.flat_values.numpy().size
        html = shown(value)["text/html"]
        what = "empty string" if padded.dtype == object else "zero"
        words = f"{added} {what}{'' if added == 1 else 's'}" if added else "nothing"
        assert ("empty: no values" in html) or f"padding to {shape} would add {words}" in html

    def test_rows_of_vectors_are_padded_by_vectors(self, tf):
        value = tf.RaggedTensor.from_row_lengths(tf.ones((6, 5)), [1, 2, 0, 3])
        assert "padding to (4, 3, 5) would add 30 zeros" in shown(value)["text/html"]

    def test_lengths_can_be_asked_for_by_magic(self, ip, run, tf):
        ip.user_ns["small"] = tf.ragged.constant([[1, 2], [3]])
        ran = run(ip, "%tonumpy small --plot lengths")
        assert 'alt="Histogram of 2 row lengths, from 1 to 2; ' in ran.html
        assert ran.text.splitlines()[-2:] == ["₀  1  2", "₁  3"]
        refused = run(ip, "%tonumpy small --plot spy")
        assert "plot spy cannot draw RaggedTensor (2, None) int32: histogram, lengths can" in refused.html

    def test_the_histogram_of_all_values_can_be_asked_for(self, long):
        html = shown(long, plot="histogram")["text/html"]
        assert 'alt="Histogram from 0 to 7, most often 0, 35 times' in html
        assert "Histogram of 40" not in html

    def test_plot_draws_it_on_axes(self, tf, long):
        axes = tfnp_ext.plot(long)
        assert sum(bar.get_height() for bar in axes.patches) == 40
        assert tfnp_ext.plot(tf.ragged.constant([[1], []])).patches
        with pytest.raises(OptionError, match="plot line cannot draw RaggedTensor"):
            tfnp_ext.plot(long, "line")

    def test_a_tree_holds_the_picture_of_its_leaf(self, long):
        assert "Histogram of 40 row lengths" in shown({"tokens": long, "more": [long]})["text/html"]


def test_gradients_keep_their_rows_and_can_have_a_histogram(tf):
    value = tf.IndexedSlices(tf.reshape(tf.range(300.0), (100, 3)), tf.range(100), tf.constant([1000, 3]))
    assert "<details" not in shown(value)["text/html"]
    html = shown(value, plot="histogram")["text/html"]
    assert "first 6 and last 2 of 100 rows · histogram of the stored values" in html
    assert shown(value, plot="histogram")["text/plain"] == shown(value)["text/plain"]


class TestGradients:
    """Rows of gradients as a table: elided in the middle, and how many are left out is said."""

    def slices(self, tf, *shape, rows=None):
        values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        rows = np.arange(shape[0]) * 7 % 1000 if rows is None else rows
        return tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([1000, *shape[1:]])), values, rows

    @pytest.mark.parametrize(("count", "width"), [(3, 5), (8, 9), (9, 4), (30, 8), (30, 1), (40, 200)])
    def test_first_and_last_rows_are_shown_with_their_indices(self, tf, count, width):
        value, values, rows = self.slices(tf, count, width)
        content = summarize(value).content
        table = composites.slices_table(content, OPTIONS)
        shown = [*range(count)] if count <= 8 else [0, 1, 2, 3, 4, 5, None, count - 2, count - 1]
        headers = ["⋮" if row is None else f"[{rows[row]}]" for row in shown]
        assert [row.header for row in table.rows] == headers
        for row, line in zip(shown, table.rows, strict=True):
            if row is None:
                (cell,) = line.cells
                assert (cell.text, cell.span) == (f"{count - 8} more", len(table.rows[0].cells))
            else:
                assert float(line.cells[0].text) == pytest.approx(values[row, 0], abs=6e-4)
        line = any(isinstance(block, Fields) for block in compose(value, OPTIONS).blocks)
        assert line == (count > 8 or count * width > 64)

    def test_fewer_rows_where_fewer_are_asked_for(self, tf):
        value, _, rows = self.slices(tf, 30, 8)
        table = composites.slices_table(summarize(value).content, TensorDisplay().options(max_rows=4))
        assert [row.header for row in table.rows] == [
            f"[{rows[0]}]",
            f"[{rows[1]}]",
            "⋮",
            f"[{rows[28]}]",
            f"[{rows[29]}]",
        ]

    def test_rows_of_strings(self, tf):
        value = tf.IndexedSlices(
            tf.constant([[f"{row}", "b"] for row in range(20)]), tf.range(20), tf.constant([50, 2])
        )
        text = shown(value)["text/plain"]
        assert text.endswith('[5]  "5"   "b"\n   ⋮  12 more\n[18]  "18"  "b"\n[19]  "19"  "b"')


def test_columns_of_ragged_rows_are_equally_wide(tf):
    html = shown(tf.ragged.constant([[101, 7592], [101, 18886, 3, 4], [], [1]]))["text/html"]
    rows = html.split("<tr style=background:none>")[1:]
    assert [row.count("width:33px") for row in rows] == [0, 4, 0, 0]


def test_the_header_of_words_stands_above_them(tf):
    lengths = np.arange(40) % 9
    value = tf.RaggedTensor.from_row_lengths(tf.range(int(lengths.sum())), lengths)
    assert "<th>length<th style=text-align:left>first values" in shown(value)["text/html"]


def test_of_many_entries_the_values_are_headed_and_one_ellipsis_says_that_there_are_more(tf):
    value = tf.sparse.SparseTensor([[at, at] for at in range(50)], np.arange(50.0), (1000, 1000))
    html = shown(value)["text/html"]
    assert "<th><th>stored<tbody>" in html
    assert "<th>⋮<td style=text-align:left;white-space:pre><span style=opacity:.66>42 more</span></table>" in html
