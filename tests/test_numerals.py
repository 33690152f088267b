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
from tfnp_ext.display.numerals import exact_text, small_texts
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

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_round_off_is_no_reason_for_more_decimals(self, dtype):
        steps = np.cumsum(np.full(20, 0.1, dtype))
        assert (steps != np.round(steps, 1).astype(dtype)).any()
        assert texts_of(steps) == [f"{step / 10:.1f}" for step in range(1, 21)]
        assert texts_of(steps + np.array([0] * 19 + [2e-4], dtype))[-1] == "2.000"
        assert {len(text.partition(".")[2]) for text in texts_of(normal(20).astype(ml_dtypes.bfloat16))} == {2}

    def test_what_is_told_is_more_than_round_off(self):
        assert "0.1001" in texts_of(np.array([300, 0.1001, *range(1, 9)], np.float32))
        assert texts_of(np.array([0.2] * 9 + [0.2005], np.float16))[-1] == "0.2004"
        # Seventeen units of the last place, which no few steps are off.
        assert texts_of(np.array([0.1 * step for step in range(1, 10)] + [1 + 17 * 2**-23], np.float32))[0] == "0.100"

    @pytest.mark.parametrize("count", [4, 40])
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

    @pytest.mark.parametrize(("array", "texts"), [
        (np.complex128([1e-9 + 2.3456e-9j, 123.456 - 1j, 0]), ["1e-9+2.3456e-9j", "123.456-1j", "0"]),
        (np.complex64([1.2345678e8 + 1j, 2j, 3.3]), ["1.235e8+1j", "2j", "3.3"]),
        (np.complex128([1e308 + 1e308j, 1]), ["1e308+1e308j", "1"]),
    ], ids=["small", "large", "huge"])  # fmt: skip
    def test_a_few_complex_ones_of_a_wide_range_take_each_their_own_form(self, array, texts):
        assert texts_of(array) == texts

    def test_many_complex_ones_of_a_wide_range_have_exponents(self):
        texts = texts_of(np.complex64(1 - 1j) * normal(3, 4) * np.float32(1e-9))
        assert all(re.fullmatch(r"-?\d\.\d\de-\d+[+-]\d\.\d\de-\d+j", text) for text in texts), texts

    @pytest.mark.parametrize("count", [4, 100])
    def test_a_wide_range_takes_each_its_own_form(self, count):
        texts = texts_of(np.resize(np.float32([1e-7, 3.5, -12000, 0]), count))
        assert set(texts) == {"1e-7", "3.5", "-12000", "0"}

    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e7, 1e20])
    def test_many_have_three_digits_and_an_exponent_none_more_by_chance(self, scale, seed):
        array = (np.random.default_rng(seed).normal(size=(6, 5)) * scale).astype(np.float32)
        assert {significant(text) for text in texts_of(array)} == {3}
        assert all("e" in text for text in texts_of(array))
        assert np.array(texts_of(array), float) == pytest.approx(array.reshape(-1), rel=5e-3)

    @pytest.mark.parametrize("seed", range(20))
    def test_a_few_have_four_digits_at_most(self, seed):
        array = (np.random.default_rng(seed).normal(size=6) * 1e-6).astype(np.float32)
        assert max(map(significant, texts_of(array))) <= 4

    def test_seven_places_hold_a_range_before_exponents_do(self):
        texts = texts_of(10 ** np.linspace(-5, 0, 16, dtype=np.float32).reshape(4, 4))
        assert (texts[0], texts[7], texts[-1]) == ("0.000010", "0.002154", "1.000000")

    @pytest.mark.parametrize("smallest", [3e-4, 3e-5])
    def test_one_small_value_keeps_its_digits_and_all_their_column(self, smallest):
        texts = texts_of(np.float32([0.5, 1.25, -2.718, smallest] + [0.123] * 12))
        assert len({len(text.partition(".")[2]) for text in texts}) == 1
        assert float(texts[3]) == pytest.approx(smallest)

    def test_one_far_smaller_than_the_rest_stands_for_itself(self):
        texts = texts_of(np.float32([0.5, 1.25, -2.718, 3e-7] + [0.123] * 12))
        assert texts[:5] == ["0.500", "1.250", "-2.718", "3e-7", "0.123"]

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

    @pytest.mark.parametrize(("name", "scale"), [
        ("bfloat16", 0.1), ("bfloat16", 1), ("bfloat16", 30), ("float16", 0.1), ("float16", 1), ("float16", 1000),
        ("float8_e5m2", 1), ("float8_e4m3fn", 0.1),
    ])  # fmt: skip
    def test_in_one_column(self, name, scale):
        array = (normal(64, 64) * np.float32(scale)).astype(np.dtype(getattr(ml_dtypes, name, name)))
        texts = texts_of(array)
        decimals = [len(text.partition(".")[2]) for text in texts if "e" not in text and text != "0"]
        usual = max(set(decimals), key=decimals.count)
        stray = [text for text in texts if len(text.partition(".")[2]) != usual and text != "0"]
        assert len(stray) * 8 <= len(texts)
        assert all(abs(float(text)) < 0.5 * 10.0**-usual for text in stray)

    @pytest.mark.parametrize("count", [2, 20, 100])
    def test_whole_numbers_of_a_narrow_dtype_are_whole(self, count):
        texts = texts_of(np.resize(np.array([448, -416], ml_dtypes.float8_e4m3fn), count))
        assert set(texts) == {"448", "-416"}


class TestValuesNearOne:
    """Only probabilities are never told as one: other values keep their column, and are told in full to hover."""

    @pytest.mark.parametrize("count", [2, 20, 100])
    def test_keep_their_column(self, count):
        assert set(texts_of(np.resize(np.float32([0.99999, -0.5]), count))) == {"1.000", "-0.500"}

    def test_of_the_inverse_of_a_matrix(self):
        assert texts_of(np.float32([[-2.0000002, 1.0000001], [1.5000001, -0.50000006]])) == [
            "-2.000", "1.000", "1.500", "-0.500",
        ]  # fmt: skip

    @pytest.mark.parametrize("count", [4, 8, 30])
    def test_of_a_correlation_matrix(self, count):
        matrix = np.corrcoef(np.random.default_rng(0).normal(size=(count, 50)))
        matrix[1, 1] = 1 - 2**-53
        decimals = {len(text.partition(".")[2]) for text in texts_of(matrix)}
        assert len(decimals) == 1
        assert max(decimals) <= 5

    def test_hovering_tells_them(self):
        html = render_html(card_of(np.array([[1 - 2**-53, 0.5], [0.25, 0.75]])))
        assert re.search(r'title="0.9999999999999999"[^>]*>1.000', html)

    def test_that_differ_from_it_read_differently_where_there_are_few(self):
        far = np.array([[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]])
        assert texts_of(far) == ["1.000000000", "0.999999999", "0.999999999", "1.000000000"]

    def test_of_probabilities_are_told_to_the_last(self):
        (row,) = table_of(np.float32([0.9999999, 1e-7] + [0] * 8)).rows
        assert [cell.text for cell in row.cells][:3] == ["0.9999999", "1e-7", "0"]


class TestAFractionIsSeen:
    """A number without a point is a whole one."""

    @pytest.mark.parametrize(("array", "texts"), [
        (np.sqrt(np.float32([2, 50, 1e6 + 1, 1e7])), ["1.414", "7.071", "1000.0", "3162.3"]),
        (np.exp(np.arange(0, 10, 2, dtype=np.float32)), ["1", "7.389", "54.60", "403.4", "2981.0"]),
        (np.float32([1.4142135, 1.5, 1.25, 1.75, 1.3, 1.2, 1.1, 1.9, 5000.1234]),
         ["1.4", "1.5", "1.2", "1.8", "1.3", "1.2", "1.1", "1.9", "5000.1"]),
        (np.float32([1000, 1050, 1102.5, 1157.625]), ["1000.000", "1050.000", "1102.500", "1157.625"]),
        (np.float32([1000, 1050, 1102.5, 1157.625, 1215.5062]), ["1000.0", "1050.0", "1102.5", "1157.6", "1215.5"]),
        (np.float32([12345.678, 0.001]), ["12345.678", "0.001"]),
        (np.exp(np.float32([1, 10, 20])), ["2.718", "22026.5", "4.852e8"]),
        (np.float32([123456, 1]), ["123456.0", "1.0"]), (np.float32([1234567, 1]), ["1234567", "1"]),
    ], ids=str)  # fmt: skip
    def test_beside_large_values(self, array, texts):
        assert texts_of(array) == texts

    @settings(max_examples=300, deadline=None)
    @given(
        values=st.lists(st.floats(-1e9, 1e9, width=32), min_size=1, max_size=40),
        scale=st.sampled_from([1e-12, 1e-4, 1.0, 30.0, 1e3]),
        dtype=st.sampled_from(["float32", "float64", "float16", "bfloat16"]),
    )
    def test_and_nothing_else_misleads(self, values, scale, dtype):
        with np.errstate(over="ignore"):
            array = (np.array(values) * scale).astype(getattr(ml_dtypes, dtype, dtype))
        texts = small_texts(array)
        for value, text in zip(array.astype(float).tolist(), texts, strict=True):
            assert not np.isfinite(value) or (text in {"0", "-0"}) == (value == 0)
            if "e" not in text and "." not in text and np.isfinite(value) and abs(value) < 2048:
                assert value == float(text)

    @settings(max_examples=200, deadline=None)
    @given(seed=st.integers(0, 10**6), scale=st.floats(-12, 12), rows=st.integers(2, 8), columns=st.integers(5, 8))
    def test_points_stand_in_one_column(self, seed, scale, rows, columns):
        array = (np.random.default_rng(seed).normal(size=(rows, columns)) * 10**scale).astype(np.float32)
        texts = small_texts(array)
        mantissas = [text.partition("e")[0] for text in texts]
        stray = [text for text in texts if ("e" in text) != ("e" in texts[0])]
        assert len(stray) * 8 <= len(texts)
        assert len({len(mantissa.partition(".")[2]) for mantissa, text in zip(mantissas, texts, strict=True)
                    if text not in stray}) == 1  # fmt: skip


class TestZeroBelowZero:
    def test_keeps_its_sign(self):
        assert texts_of(np.float32([-0.0, 0.0, 1])) == ["-0", "0", "1.0"]
        assert texts_of(np.float32(-0.0)) == ["-0.0"]
        assert set(texts_of(np.resize(np.float32([-0.0, 0.0, 0.123456]), 100))) == {"-0", "0", "0.1235"}
        assert "title" not in render_html(card_of(np.float32([-0.0, 0.0, 1])))

    def test_is_left_out_of_complex_numbers_as_any_zero_part(self):
        assert texts_of(np.complex64([complex(1, -0.0), complex(-0.0, 2), complex(-0.0, -0.0)])) == ["1", "2j", "0"]


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

    @pytest.mark.parametrize(("middle", "spread", "ends"), [
        (1.75e18, 1e8, ("1.7500000000e18", "1.7500000001e18")), (1.75e-9, 1e-15, ("1.750000e-9", "1.750001e-9")),
    ])  # fmt: skip
    def test_tells_apart_what_is_far_and_has_an_exponent(self, middle, spread, ends):
        array = middle + np.linspace(0, 1, 400).reshape(20, 20)[::-1] * spread
        low, high = re.search(r"min (\S+) \S+ (\S+) max", render_text(card_of(array))).groups()
        assert (float(low), float(high)) == pytest.approx(tuple(map(float, ends)), rel=1e-12)
        assert low != high

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


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.00016, 0.5], ["0.00016", "0.5"]),
        ([0.1, 0.00004, 2.0], ["0.1", "4e-5", "2"]),
        ([1.0, -2.0, 0.5, 4.0], ["1.0", "-2.0", "0.5", "4.0"]),
        ([0.00016, 1 / 3], ["0.0002", "0.3333"]),
    ],
)
def test_of_a_few_typed_numbers_none_keeps_a_single_digit(values, texts):
    assert small_texts(np.array(values, np.float32)) == texts


@pytest.mark.parametrize(("values", "texts"), [
    ([1795695896.826658, 1795695897.5], ["1795695896.8", "1795695897.5"]), ([1795695896.826658], ["1795695896.8"]),
    ([1234567.89, 98765.43], ["1234567.89", "98765.43"]), ([20240131.0, 0.5], ["20240131.0", "0.5"]),
    ([1.0000001, -7.451e-9, 1.0], ["1.000", "-7.451e-9", "1"]),
])  # fmt: skip
def test_what_is_not_whole_does_not_read_so(values, texts):
    assert small_texts(np.array(values)) == texts


@pytest.mark.parametrize(("value", "text"), [
    (1795695896.826658, "1795695896.826658"), (12345678.5, "12345678.5"), (123456789.0, "123456789.0"),
    (np.float32(16777216), "16777216.0"), (1e7, "1e7"), (1.5e10, "1.5e10"), (1e22, "1e22"), (0.00001, "1e-5"),
])  # fmt: skip
def test_a_scalar_has_an_exponent_where_digits_stand_for_others(value, text):
    assert exact_text(np.asarray(value)) == text


@pytest.mark.parametrize(("value", "text"), [(1e11 + 1, "1.000e11"), (123456789012.0, "1.235e11"), (1e8, "1e8")])
def test_a_rounded_number_keeps_the_zeros_that_say_so(value, text):
    assert small_texts(np.array([value, 0.5])) == [text, "0.5"]
