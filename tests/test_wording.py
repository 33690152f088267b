"""Numbers and sizes as words: what a card prints can be pasted into Python and never overstates."""

from __future__ import annotations

import ast
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tfnp_ext import wording

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1.00"), (0.039123, "0.0391"), (12.34, "12.3"), (123.456, "123"),
        (99_999.0, "99999"), (99_999.9, "1e5"), (100_000.0, "1e5"), (123_456.0, "1.23e5"), (0.001, "0.00100"),
        (0.000999, "9.99e-4"), (5.79e-4, "5.79e-4"), (-1_234_567.0, "-1.23e6"), (1e-310, "1e-310"), (9.995, "9.99"),
        (0.9999, "1.00"), (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(("digits", "text"), [(1, "3"), (2, "3.1"), (3, "3.14"), (7, "3.141593")])
def test_the_number_of_digits_is_an_option(digits, text):
    assert wording.number(math.pi, digits) == text


@settings(max_examples=500)
@given(value=FINITE, digits=st.integers(1, 17))
@example(value=9.9996e-4, digits=3)
@example(value=99_999.9999, digits=3)
@example(value=5e-324, digits=3)
@example(value=1.7976931348623157e308, digits=3)
def test_a_number_reads_back_as_its_rounded_value(value, digits):
    text = wording.number(value, digits)
    read = ast.literal_eval(text)
    assert "+" not in text
    assert text.isascii()
    assert read == pytest.approx(float(f"{value:.{digits - 1}e}"), rel=0.5 * 10.0 ** -(digits - 1), abs=0) or (
        abs(value) >= 1 and read == pytest.approx(value, rel=10.0 ** -(digits - 1), abs=0)
    )
    assert (read == 0) == (value == 0)
    assert math.copysign(1, read) == math.copysign(1, value) or value == 0


@given(value=FINITE, digits=st.integers(2, 6))
def test_digits_before_the_point_are_never_cut(value, digits):
    text = wording.number(value, digits)
    if "e" not in text and value:
        assert abs(ast.literal_eval(text) - value) <= max(0.5, abs(value) * 10.0 ** -(digits - 1))


@settings(max_examples=300)
@given(value=FINITE.filter(bool), decimals=st.integers(0, 16))
def test_scientific_reads_back_and_has_no_padding(value, decimals):
    text = wording.scientific(value, decimals)
    assert float(text) == float(f"{value:.{decimals}e}")
    assert "+" not in text
    assert "e0" not in text or text.endswith("e0")
    assert "e-0" not in text


@given(count=st.integers(-(2**70), 2**70))
def test_counts_are_exact_and_grouped_by_a_space(count):
    text = wording.integer(count)
    assert int(text.replace(" ", "")) == count
    assert all(len(group) == 3 for group in text.lstrip("-").split(" ")[1:])


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.6158, "61.6 %"), (0.99999, ">99.9 %"), (0.9996, ">99.9 %"), (0.9994, "99.9 %"), (0.00001, "<0.1 %"),
     (0.0, "0 %"), (1.0, "100 %"), (0.5, "50.0 %"), (math.nan, "nan")],
)  # fmt: skip
def test_percentages(fraction, text):
    assert wording.percent(fraction) == text


@settings(max_examples=300)
@given(fraction=st.floats(0, 1), decimals=st.integers(0, 3))
@example(fraction=math.nextafter(1, 0), decimals=1)
@example(fraction=5e-324, decimals=0)
def test_a_share_is_only_100_or_0_percent_where_it_is_exactly_that(fraction, decimals):
    text = wording.percent(fraction, decimals)
    assert (text == "100 %") == (fraction == 1)
    assert (text == "0 %") == (fraction == 0)
    number = float(text.removesuffix(" %").lstrip("<>"))
    if text[0] not in "<>":
        assert number == pytest.approx(fraction * 100, abs=0.5001 * 10.0**-decimals)
    elif text[0] == "<":
        assert fraction * 100 < number
    else:
        assert fraction * 100 > number - 10.0**-decimals


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (40, "40 B"), (1023, "1023 B"), (1024, "1 KiB"), (1280, "1.25 KiB"), (4_000_000, "3.81 MiB"),
     (1_048_575, "1 MiB"), (2**20, "1 MiB"), (10**9, "954 MiB"), (2**30, "1 GiB"), (32 * 2**30, "32 GiB"),
     (4 * 10**12, "3.64 TiB"), (2**60, "1048576 TiB")],
)  # fmt: skip
def test_bytes(count, text):
    assert wording.byte_count(count) == text


@given(count=st.integers(0, 2**50))
def test_bytes_are_right_to_three_digits(count):
    number, unit = wording.byte_count(count).split(" ")
    scale = 1024 ** ["B", "KiB", "MiB", "GiB", "TiB"].index(unit)
    assert float(number) * scale == pytest.approx(count, rel=0.006)
    assert len(number.replace(".", "")) <= 4


@given(dimensions=st.lists(st.integers(0, 10**6), max_size=5))
def test_a_shape_is_what_python_writes(dimensions):
    assert wording.shape(dimensions) == str(tuple(dimensions))


def test_unknown_axes_and_ranks():
    assert wording.shape((None, 28)) == "(None, 28)"
    assert wording.shape(None) == "(…)"


@pytest.mark.parametrize(
    ("name", "text"),
    [("/job:localhost/replica:0/task:0/device:GPU:0", "GPU:0"), ("/job:localhost/replica:0/task:0/device:CPU:0", "CPU"),
     ("/device:CPU:0", "CPU"), ("/job:worker/replica:0/task:3/device:TPU:7", "TPU:7"), ("/device:CPU:1", "CPU:1"),
     ("", "")],
)  # fmt: skip
def test_devices_are_what_users_say(name, text):
    assert wording.device(name) == text


def test_plurals_extents_and_indices():
    assert [wording.plural(count, "tensor") for count in (0, 1, 2, 1000)] == [
        "0 tensors", "1 tensor", "2 tensors", "1 000 tensors",
    ]  # fmt: skip
    assert wording.extent((32, 1000)) == "32 × 1000"
    assert wording.index(np.array([4, 50])) == "[4, 50]"


def test_a_sparkline_is_a_row_of_blocks():
    assert wording.sparkline([0, 1, 4, 8]) == "▁▁▄█"
    assert wording.sparkline([]) == ""
    assert wording.sparkline([0, 0]) == "▁▁"


@given(counts=st.lists(st.integers(0, 10**9), min_size=1, max_size=64))
def test_a_sparkline_keeps_order_and_the_largest_is_full(counts):
    blocks = [wording.BLOCKS.index(character) for character in wording.sparkline(counts)]
    assert len(blocks) == len(counts)
    if max(counts):
        assert blocks[counts.index(max(counts))] == 7
    for (left, low), (right, high) in zip(
        zip(blocks, counts, strict=True), zip(blocks[1:], counts[1:], strict=True), strict=False
    ):
        assert (left <= right) or low > high


@pytest.mark.parametrize(
    ("fraction", "text"), [(0, ""), (1, "████"), (0.5, "██"), (0.03125, "▏"), (7, "████"), (-1, "")]
)
def test_a_text_bar_has_eighths(fraction, text):
    assert wording.text_bar(fraction, width=4) == text


@given(text=st.text(max_size=100), length=st.integers(0, 90))
def test_shortening_tells_how_much_is_gone(text, length):
    shown, cut = wording.shorten(text, length)
    assert text.startswith(shown)
    assert len(shown) + cut == len(text)
    assert len(shown) <= length


class TestEscaped:
    @settings(max_examples=500)
    @given(text=st.text() | st.text("ab \\\"'u0x21b5n\n\t\r\0\x7f↵⇥␍\xa0\u200b\u200c\u200d\ue000\U000e0001é\ud800"))
    def test_it_is_read_back_and_one_printable_line(self, text):
        shown = wording.escaped(text)
        breaks = {"↵": "\\n", "⇥": "\\t"}
        assert ast.literal_eval(f'"{"".join(breaks.get(sign, sign) for sign in shown)}"') == text
        assert shown.replace("\u200c", "").replace("\u200d", "").isprintable()

    @settings(max_examples=300)
    @given(text=st.text() | st.text("ab \\\"'u0x21b5n\n\t\r\0↵⇥é"))
    def test_in_quotes_it_can_be_pasted(self, text):
        assert ast.literal_eval(wording.quoted(text)) == text

    def test_joiners_stay_where_they_join(self):
        for joined in ("👨\u200d👩\u200d👧", "क्\u200dष", "می\u200cخواهم"):
            assert wording.escaped(joined) == joined
        assert wording.escaped("a\u200db\u200c") == "a\\u200db\\u200c"
