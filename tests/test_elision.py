"""Which rows and columns of many are shown: never more than asked for, none twice, whatever the bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfnp_ext import TensorDisplay
from tfnp_ext.display import compose
from tfnp_ext.display.elision import BOUNDED, MOST_CELLS, ends, spread, spread_cells
from tfnp_ext.document import Bars, Document, Fold, Table
from tfnp_ext.formats import render_html, render_text


def card_of(value: object, **options: object) -> Document:
    return compose(value, TensorDisplay().options(**options))


def folded(document: Document) -> Table:
    (table,) = (block.blocks[0] for block in document.blocks if isinstance(block, Fold))
    return table


def shares(*shape: int) -> np.ndarray:
    powers = np.exp(np.random.default_rng(0).normal(size=shape))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


class TestSpread:
    @given(count=st.integers(0, 500), limit=st.integers(2, 200))
    def test_shows_no_more_than_asked_for_and_none_twice(self, count, limit):
        shown = [place for place in spread(count, limit) if place is not None]
        assert len(shown) <= min(count, limit)
        assert shown == sorted(set(shown))
        assert all(0 <= place < count for place in shown)

    @given(count=st.integers(1, 500), limit=st.integers(2, 200))
    def test_shows_both_ends_and_says_where_others_are_left_out(self, count, limit):
        shown = spread(count, limit)
        assert (shown[0], shown[-1]) == (0, count - 1)
        assert shown.count(None) == (count > limit)
        if count > limit:
            place = shown.index(None)
            assert shown[place + 1] - shown[place - 1] > 1

    @given(limit=st.integers(2, 200))
    def test_shows_six_and_two_where_there_is_room(self, limit):
        assert sum(ends(limit)) == min(limit, 8)
        assert ends(limit)[0] >= ends(limit)[1] >= 1


class TestCardsWithLowBounds:
    """The bounds permitted go down to two rows and two columns."""

    @pytest.mark.parametrize("most", range(2, 10))
    @pytest.mark.parametrize(("array", "option"), [
        (np.arange(200.0).reshape(5, 40), "max_rows"), (np.arange(200.0).reshape(40, 5), "max_columns"),
        (np.arange(280.0).reshape(7, 40), "max_rows"), (np.arange(10000.0).reshape(100, 100), "max_rows"),
        (np.arange(10000.0).reshape(100, 100), "max_columns"),
    ], ids=["few rows", "few columns", "seven rows", "rows", "columns"])  # fmt: skip
    def test_of_matrices(self, array, option, most):
        document = card_of(array, plots=False, **{option: most})
        table = folded(document)
        names = [row.header for row in table.rows] if option == "max_rows" else list(table.columns)
        places = [name for name in names if name not in {"⋮", "…"}]
        assert len(places) == len(set(places)) == min(most, array.shape[option == "max_columns"], 8)
        assert render_html(document)
        assert max(map(len, render_text(document).splitlines())) <= 80

    @pytest.mark.parametrize("most", range(2, 10))
    @pytest.mark.parametrize("shape", [(4, 30), (7, 30), (100, 10)])
    def test_of_batches_of_probabilities(self, shape, most):
        places = [row.header for row in folded(card_of(shares(*shape), max_rows=most)).rows if row.header != "⋮"]
        assert len(places) == len(set(places)) <= most

    @pytest.mark.parametrize("most", range(2, 10))
    def test_of_probabilities_with_long_names(self, most):
        names = [f"a long name {place}" for place in range(9)]
        document = card_of(shares(9), max_rows=most, labels=names)
        places = [row.header for row in folded(document).rows if row.header != "⋮"]
        assert len(places) == len(set(places)) == min(most, 8 if most < 9 else 9)
        assert not any(isinstance(block, Bars) for block in document.blocks)

    @pytest.mark.parametrize("most", range(2, 10))
    @pytest.mark.parametrize("kind", ["strings", "ragged", "sparse"])
    def test_of_strings_and_composites(self, tf, kind, most):
        value = {
            "strings": lambda: tf.constant([f"word {at}" for at in range(200)]),
            "ragged": lambda: tf.ragged.constant([[1.5] * (at % 7) for at in range(50)]),
            "sparse": lambda: tf.sparse.from_dense(np.eye(90)),
        }[kind]()
        document = card_of(value, max_rows=most)
        blocks = [
            inner for block in document.blocks for inner in (block.blocks if isinstance(block, Fold) else [block])
        ]
        (table,) = (block for block in blocks if isinstance(block, Table))
        places = [row.header for row in table.rows if row.header != "⋮"]
        assert len(places) == len(set(places)) == (most if kind == "sparse" else min(most, 8))

    @pytest.mark.parametrize("most", range(2, 10))
    def test_of_complex_vectors(self, most):
        array = np.exp(1j * np.arange(100))
        table = folded(card_of(array, max_rows=most))
        places = [row.header for row in table.rows if row.header != "⋮"]
        assert places == [str(place) for place in spread(100, most) if place is not None]


def _kinds(tf) -> dict[str, tuple[object, int, int]]:
    """Returns a value of each kind, and how many rows and columns its table has if it is whole."""
    random = np.random.default_rng(1)
    return {
        "vector": (tf.constant(random.normal(size=150).cumsum()), 15, 10),
        "labels": (tf.constant(random.integers(0, 9, 160)), 16, 10),
        "matrix": (tf.constant(random.normal(size=(30, 17))), 30, 17),
        "integers": (tf.constant(random.integers(0, 10**6, (25, 20))), 25, 20),
        "rank 3": (tf.constant(random.normal(size=(4, 20, 22))), 20, 22),
        "image": (tf.constant(random.integers(0, 255, (16, 16, 1)), tf.uint8), 16, 16),
        "batch": (tf.constant(shares(50, 11)), 50, 13),
        "complex": (tf.constant(np.exp(1j * np.arange(70))), 70, 4),
        "ragged": (tf.ragged.constant([list(range(at % 17)) for at in range(50)]), 50, 2),
        "strings": (tf.constant([f"a string of more than a word, {at}" for at in range(50)]), 50, 2),
        "sparse": (tf.sparse.from_dense(np.eye(90)), 90, 1),
        "slices": (tf.IndexedSlices(tf.constant(random.normal(size=(16, 18))), tf.range(16)), 16, 18),
        "words of slices": (tf.IndexedSlices(tf.constant([list("abcdef")] * 30), tf.range(30)), 30, 6),
        "dates": (np.arange("2020-01-01", "2021-05-25", dtype="datetime64[D]").reshape(-1, 17), 30, 17),
        "records": (np.zeros(40, [("x", "f4"), ("y", "i8")]), 40, 2),
        "objects": (np.array([object()] * 40, object), 40, 1),
    }  # fmt: skip


KINDS = (
    "vector", "labels", "matrix", "integers", "rank 3", "image", "batch", "complex", "ragged", "strings", "sparse",
    "slices", "words of slices", "dates", "records", "objects",
)  # fmt: skip


def table_of(value: object, **options: int) -> Table:
    """Returns the table of values of a card, folded or open."""
    document = card_of(value, **options)
    blocks = [inner for block in document.blocks for inner in (block.blocks if isinstance(block, Fold) else [block])]
    return [block for block in blocks if isinstance(block, Table)][-1]


class TestEveryKindTakesTheBounds:
    @pytest.mark.parametrize("kind", KINDS)
    def test_high_bounds_show_all(self, tf, kind):
        value, height, width = _kinds(tf)[kind]
        table = table_of(value, max_rows=200, max_columns=100)
        rows = [row for row in table.rows if row.header != "dtype"]
        assert not any(row.header == "⋮" for row in rows)
        assert "…" not in table.columns
        assert len(rows) == height
        assert max(len(row.cells) for row in rows) == width

    @pytest.mark.parametrize("most", [2, 3, 7, 14])
    @pytest.mark.parametrize("kind", KINDS)
    def test_lower_ones_elide(self, tf, kind, most):
        value, height, _ = _kinds(tf)[kind]
        table = table_of(value, max_rows=most, max_columns=most)
        kept = [row.header for row in table.rows if row.header not in {"⋮", "dtype"}]
        shown = [row for row in table.rows if row.header != "⋮"]
        assert len(kept) <= most < height
        columns = max(len(row.cells) for row in shown)
        fixed = {"batch": 2, "vector": 10, "labels": 10, "complex": 4}.get(kind, 0)
        assert columns <= max(most + 1 + fixed, fixed)

    @pytest.mark.parametrize("kind", KINDS)
    def test_none_is_what_suits_the_kind(self, tf, kind):
        value, _, _ = _kinds(tf)[kind]
        assert table_of(value) == table_of(value, max_rows=None, max_columns=None)


HUGE = {
    "matrix": lambda tf: tf.constant(np.random.default_rng(0).normal(size=(200, 100))),
    "halves": lambda tf: tf.cast(tf.constant(np.random.default_rng(0).normal(size=(150, 100))), tf.float16),
    "integers": lambda tf: tf.constant(np.random.default_rng(0).integers(-(10**17), 10**17, (190, 90))),
    "truths": lambda tf: tf.constant(np.random.default_rng(0).random((180, 100)) > 0.5),
    "batch": lambda tf: tf.constant(shares(190, 90)),
    "few classes": lambda tf: tf.constant(shares(190, 20)),
    "vector": lambda tf: tf.constant(np.random.default_rng(0).normal(size=1900)),
    "complex": lambda tf: tf.constant(np.random.default_rng(0).normal(size=190) * (1 + 2j)),
    "complex matrix": lambda tf: tf.constant(np.random.default_rng(0).normal(size=(190, 99)) * (1 + 2j)),
    "ragged": lambda tf: tf.ragged.constant([[0.123456 * at] * (at % 17) for at in range(190)]),
    "strings": lambda tf: tf.constant(['an "é" ' * 20 for _ in range(190)]),
    "sparse": lambda tf: tf.sparse.from_dense(np.eye(190) / 7),
    "slices": lambda tf: tf.IndexedSlices(tf.constant(np.random.default_rng(0).normal(size=(190, 90))), tf.range(190)),
    "dates": lambda tf: np.arange("2020-01-01", "2025-01-01", dtype="datetime64[D]")[:1800].reshape(-1, 90),
}
"""Values of which the highest bounds would show thousands."""


@pytest.mark.parametrize("kind", HUGE)
def test_a_card_stays_small_under_the_highest_bounds_and_says_so(tf, kind):
    document = card_of(HUGE[kind](tf), max_rows=200, max_columns=100)
    html = render_html(document)
    assert len(html.encode()) <= 40_000
    assert (BOUNDED in html) == (kind != "sparse")
    table = table_of(HUGE[kind](tf), max_rows=200, max_columns=100)
    assert len(table.rows) >= 20  # as many as there is room for, not the corners alone
    assert render_text(document).count("\n") <= 12


@given(shape=st.tuples(st.integers(1, 300), st.integers(1, 150)), rows=st.integers(2, 200), columns=st.integers(2, 100))
def test_cells_are_those_asked_for_or_as_many_as_there_is_room_for(shape, rows, columns):
    down, across, bounded = spread_cells(shape, rows, columns)
    asked = spread(shape[0], rows), spread(shape[1], columns)
    assert bounded == (len(asked[0]) * len(asked[1]) > MOST_CELLS)
    assert len(down) * len(across) <= MOST_CELLS
    assert len(down) * len(across) > MOST_CELLS // 2 or not bounded
    for shown, whole, count in zip((down, across), asked, shape, strict=True):
        assert (shown[0], shown[-1]) == (0, count - 1)
        kept = [place for place in shown if place is not None]
        assert set(kept) <= {place for place in whole if place is not None}
        assert shown.count(None) == (len(kept) < count)
