"""Numbers in tables: one rule for small and large ones, no digit that misleads, and what heads rows and columns."""

from __future__ import annotations

import re

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import TensorDisplay
from tfnp_ext.display import compose
from tfnp_ext.display.numerals import small_texts
from tfnp_ext.document import Beside, Document, Fold, Table
from tfnp_ext.formats import render_html, render_text


def card_of(value: object) -> Document:
    return compose(value, TensorDisplay().options(plots=False))


def table_of(value: object) -> Table:
    (block,) = (block for block in card_of(value).blocks if isinstance(block, Table | Fold))
    return block if isinstance(block, Table) else block.blocks[0]


def texts_of(value: object) -> list[str]:
    document = card_of(value)
    if document.heading.values:
        return [span.text for span in document.heading.values]
    return [cell.text for row in table_of(value).rows for cell in row.cells if cell.text not in {"…", "⋮"}]


def tables_of(block: Table | Beside) -> list[str]:
    if isinstance(block, Table):
        return [cell.text for row in block.rows for cell in row.cells]
    return [text for inner in block.blocks for text in tables_of(inner)]


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def significant(text: str) -> int:
    return len(text.partition("e")[0].lstrip("-0.").replace(".", ""))


class TestOneRuleForAllTables:
    @pytest.mark.parametrize("size", [3, 8, 20])
    def test_whole_floats_have_one_decimal(self, size):
        assert set(texts_of(np.eye(size, dtype=np.float32))) == {"1.0", "0"}

    @pytest.mark.parametrize("count", [6, 20, 40, 120])
    def test_exact_ones_have_as_many_decimals_as_they_need(self, count):
        assert set(texts_of(np.resize(np.float32([0.25, 13, -2.5]), count))) == {"0.25", "13.00", "-2.50"}

    @pytest.mark.parametrize("shape", [(5, 4), (8, 8), (20, 20)])
    def test_others_have_four_digits_of_the_largest(self, shape):
        texts = texts_of(normal(*shape))
        assert sum(len(text.partition(".")[2]) == 3 and "e" not in text for text in texts) > 0.95 * len(texts)

    @pytest.mark.parametrize("count", [4, 100])
    def test_complex_ones_are_typed_alike(self, count):
        assert set(texts_of(np.resize(np.complex64([0, 1, 2j, 1 - 2.5j]), count))) == {"0", "1", "2j", "1-2.5j"}
        cut = texts_of(np.resize(np.complex64([-109.34567 - 46.61234j, 1.23456]), count))
        assert set(cut) == {"-109.3-46.6j", "1.2"}

    def test_parts_of_complex_ones_have_as_many_decimals(self):
        rng = np.random.default_rng(0)
        array = (rng.normal(size=20) * 100 + 1j * rng.normal(size=20)).astype(np.complex64)
        texts = texts_of(array)
        assert all(re.fullmatch(r"-?\d+\.\d[+-]\d+\.\dj", text) for text in texts), texts
        assert np.array(texts, complex) == pytest.approx(array, abs=0.1)

    @pytest.mark.parametrize("array", [
        np.complex128([1e-9 + 2.3456e-9j, 123.456 - 1j, 0]), np.complex64([1.23456e8 + 1j, 2j, 3.3]),
    ], ids=["small", "large"])  # fmt: skip
    def test_complex_ones_of_a_wide_range_have_exponents(self, array):
        texts = texts_of(array)
        assert all("e" in text for text in texts if text != "0")
        assert np.array(texts, complex) == pytest.approx(array, rel=0.01)

    @pytest.mark.parametrize("count", [4, 100])
    def test_a_wide_range_takes_each_its_own_form(self, count):
        texts = texts_of(np.resize(np.float32([1e-7, 3.5, -12000, 0]), count))
        assert set(texts) == {"1e-7", "3.5", "-12000", "0"}

    @pytest.mark.parametrize("array", [np.float32([3e38, -1e-40, 1]), np.float64([5e-324, 1.79e308, 2])])
    def test_the_ends_of_a_dtype_are_told(self, array):
        assert [float(text) for text in texts_of(array)] == pytest.approx(array.tolist(), rel=1e-3)


class TestNoMoreDigitsThanTheDtypeCarries:
    @pytest.mark.parametrize(("name", "digits"), [
        ("bfloat16", 3), ("float16", 4), ("float8_e5m2", 2), ("float8_e4m3fn", 3),
    ])  # fmt: skip
    @pytest.mark.parametrize("count", [20, 100])
    def test_of_normal_values(self, name, digits, count):
        array = normal(count).astype(np.dtype(getattr(ml_dtypes, name, name)))
        assert max(map(significant, texts_of(array))) <= digits

    @pytest.mark.parametrize("count", [2, 20, 100])
    def test_whole_numbers_of_a_narrow_dtype_are_whole(self, count):
        texts = texts_of(np.resize(np.array([448, -416], ml_dtypes.float8_e4m3fn), count))
        assert set(texts) == {"448", "-416"}


class TestNothingIsRoundedToOne:
    @pytest.mark.parametrize("count", [2, 20, 100])
    def test_that_is_not(self, count):
        texts = texts_of(np.resize(np.float32([0.99999, -0.5]), count))
        assert set(texts) == {"0.99999", "-0.500"}

    def test_and_takes_few_digits_to_tell(self):
        assert texts_of(np.float32([0.9999909, -1.0002345, 1 / 3])) == ["0.99999", "-1.0002", "0.333"]

    def test_but_one_itself_is(self):
        assert texts_of(np.float32([1, 1 / 3])) == ["1.000", "0.333"]


class TestOnesOfCorrelations:
    """A diagonal of ones that rounding has not quite reached is told as ones, in full to hover."""

    @pytest.mark.parametrize("count", [4, 8, 30])
    def test_rounding_errors_of_one_are_one(self, count):
        matrix = np.corrcoef(np.random.default_rng(0).normal(size=(count, 50)))
        matrix[1, 1] = 1 - 2**-53
        text = render_text(compose(matrix, TensorDisplay().options()))
        assert "1.000" in text
        assert "0.99999" not in text
        assert 'title="0.9999999999999999"' in render_html(compose(matrix, TensorDisplay().options()))

    def test_a_variable_without_spread_leaves_the_rest_alone(self):
        matrix = np.corrcoef(np.random.default_rng(0).normal(size=(30, 50)))
        matrix[2], matrix[:, 2], matrix[1, 1] = np.nan, np.nan, 1 - 2**-53
        document = compose(matrix, TensorDisplay().options())
        assert "0.99999" not in render_text(document)
        assert render_text(document).count("nan") >= 5

    def test_other_matrices_tell_what_is_not_one(self):
        assert "0.9999999999999999" in render_text(
            compose(np.array([[1 - 2**-53, 0.5], [0.25, 0.75]]), TensorDisplay().options())
        )
        far = np.array([[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]])
        assert "0.999999999" in render_text(compose(far, TensorDisplay().options()))


class TestWhatDiffersReadsDifferently:
    @pytest.mark.parametrize(("array", "texts"), [
        (np.array([1e9 + 0.001, 1e9 + 0.002]), ["1000000000.001", "1000000000.002"]),
        (np.array([1e6 + 0.25, 1e6 + 0.5, 1e6 + 0.75]), ["1000000.25", "1000000.50", "1000000.75"]),
        (np.array([0, 1e9 + 0.001, 1e9 + 0.002]), ["0", "1000000000.001", "1000000000.002"]),
        (1.7e9 + np.arange(4) * 0.5, ["1700000000.0", "1700000000.5", "1700000001.0", "1700000001.5"]),
        (1 + np.arange(4) * 1e-9, ["1.000000000", "1.000000001", "1.000000002", "1.000000003"]),
        (np.array([1.2345678e-9, 1.2345679e-9]), ["1.2345678e-9", "1.2345679e-9"]),
        (np.array([10000001, 10000001.001]), ["10000001.000", "10000001.001"]),
    ], ids=str)  # fmt: skip
    def test_with_one_format_for_all(self, array, texts):
        assert texts_of(array) == texts

    @pytest.mark.parametrize("array", [
        1.7e9 + np.arange(10) * 0.5, 1 + np.arange(9) * 1e-9, 1e6 + np.arange(64) * 1e-4, 1e12 + np.arange(40) * 0.01,
    ], ids=len)  # fmt: skip
    def test_in_tables(self, array):
        texts = texts_of(array)
        assert np.array(texts, float) == pytest.approx(array, rel=1e-13)
        assert len(set(texts)) == array.size
        assert len({len(text) for text in texts}) == 1

    @pytest.mark.parametrize(
        "array", [np.array([0.3, 0.1 + 0.2]), np.float32([0.3, np.nextafter(np.float32(0.3), np.float32(1))])]
    )
    def test_but_what_only_rounding_made_different_stays_short(self, array):
        assert len(set(texts_of(array))) == 1
        assert max(map(len, texts_of(array))) <= 6

    @settings(max_examples=200, deadline=None)
    @given(start=st.floats(-1e11, 1e11), step=st.sampled_from([1e-3, 0.5, 1.0, 7.0]), count=st.integers(2, 8))
    def test_at_any_distance_from_zero(self, start, step, count):
        array = start + np.arange(count) * step
        texts = small_texts(array)
        assert len(set(texts)) == len(set(array.tolist()))
        assert np.array(texts, float) == pytest.approx(array, rel=1e-3, abs=step)


class TestTheLineOfNumbers:
    @pytest.mark.parametrize(("offset", "dtype", "ends"), [
        (1e6, "float64", ("999997.00", "1000003.84")), (1e6, "float32", ("999997.00", "1000003.81")),
        (-1000, "float64", ("-1003.00", "-996.16")),
        (10, "float64", ("7.00", "13.8")), (0, "float64", ("-3.00", "3.84")),
    ])  # fmt: skip
    def test_tells_apart_what_stands_far_from_zero(self, offset, dtype, ends):
        array = np.random.default_rng(0).normal(size=(20, 20))
        array += offset - 3 - array.min()
        text = render_text(card_of(array.astype(dtype)))
        assert re.search(r"min (\S+) \S+ (\S+) max", text).groups() == ends

    def test_tells_the_mean_beside_the_spread(self):
        array = 1e9 + np.arange(400).reshape(20, 20) * 2e-3
        assert "mean 1000000000.399" in render_text(card_of(array))

    def test_tells_no_more_than_the_dtype_carries(self):
        array = (1e6 + np.arange(400).reshape(20, 20)[::-1] % 3 / 16).astype(np.float32)
        assert "min 1000000.00" in render_text(card_of(array))


class TestWhatStandsOpen:
    @pytest.mark.parametrize(("shape", "opened"), [
        ((20, 3), True), ((32, 2), True), ((1, 20, 3), True), ((33, 1), True), ((64, 1), True), ((1, 64), True),
        ((1, 1, 50), True), ((2,) * 5, True), ((2, 1, 1, 2, 1, 9), True), ((2, 13, 2), False), ((65, 1), False),
    ])  # fmt: skip
    def test_a_matrix_of_up_to_64_numbers(self, shape, opened):
        blocks = card_of(normal(*shape)).blocks
        assert any(isinstance(block, Fold) for block in blocks) != opened

    @pytest.mark.parametrize("shape", [(64, 1), (1, 64), (1, 40, 1), (2,) * 6, (2, 1, 1, 2, 1), (2, 1, 3, 1, 2, 1, 5)])
    def test_all_its_numbers_in_their_order(self, shape):
        array = np.arange(np.prod(shape)).reshape(shape)
        text = render_text(card_of(array))
        (*_, block) = card_of(array).blocks
        assert tables_of(block) == list(map(str, range(array.size)))
        assert max(map(len, text.splitlines())) <= 80

    def test_slices_are_named_by_their_whole_index(self):
        text = render_text(card_of(np.arange(16).reshape(2, 2, 1, 2, 1, 2)))
        assert text.splitlines()[1].split("  ")[0] == "[0, 0, 0, :, 0, :]"
        assert "[1, 1, 0, :, 0, :]" in text
        assert "[1, 0, 1]" in render_text(card_of(np.arange(32).reshape((2,) * 5)))

    @pytest.mark.parametrize("count", [9, 10, 16])
    def test_a_vector_of_integers_has_no_row_of_indices(self, tf, count):
        document = card_of(tf.range(count))
        assert len(render_text(document).splitlines()) == 2
        assert "<th" not in render_html(document)

    def test_wide_numbers_are_wrapped(self):
        rows = table_of(np.arange(12) + 10**15).rows
        assert [(row.header, len(row.cells)) for row in rows] == [("0", 4), ("4", 4), ("8", 4)]

    @pytest.mark.parametrize("count", [30, 100, 5000])
    def test_a_vector_of_nothing_but_nan_is_no_series(self, count):
        assert "series" not in render_text(card_of(np.full(count, np.nan)))

    def test_one_row_has_no_index(self):
        table = compose(normal(10), TensorDisplay().options(plot="histogram")).blocks[-1].blocks[0]
        assert [row.header for row in table.rows] == [None]

    def test_floats_keep_theirs(self):
        assert table_of(normal(10)).columns == tuple("0123456789")


class TestWhatIsLeftOut:
    def test_every_column_says_so(self):
        rows = table_of(normal(60, 60)).rows
        (elided,) = (row for row in rows if row.header == "⋮")
        assert len(elided.cells) == len(rows[0].cells)
        assert {cell.text for cell in elided.cells} == {"⋮"}

    @pytest.mark.parametrize("count", [100, 1000])
    def test_a_folded_vector_has_columns(self, count):
        assert table_of(np.arange(count)).columns == tuple("0123456789")

    @pytest.mark.parametrize(("shape", "words"), [
        ((6, 64), "first and last columns of 6 × 64 values"),
        ((64, 6), "first and last rows of 64 × 6 values"),
        ((64, 65), "corners of 64 × 65 values"),
        ((7, 10), "7 × 10 values"),
    ])  # fmt: skip
    def test_the_fold_says_which_part_is_shown(self, shape, words):
        (fold,) = (block for block in card_of(normal(*shape)).blocks if isinstance(block, Fold))
        assert fold.summary == words
