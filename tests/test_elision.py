"""Which rows and columns of many are shown: never more than asked for, none twice, whatever the bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfnp_ext import TensorDisplay
from tfnp_ext.display import compose
from tfnp_ext.display.elision import ends, spread
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
        assert len(places) == len(set(places)) == min(most, 8)

    @pytest.mark.parametrize("most", range(2, 10))
    def test_of_complex_vectors(self, most):
        array = np.exp(1j * np.arange(100))
        table = folded(card_of(array, max_rows=most))
        places = [row.header for row in table.rows if row.header != "⋮"]
        assert places == [str(place) for place in spread(100, most) if place is not None]
