"""Cards of arrays that hold no numbers: dates and time spans, records, objects; and those that NumPy tells better."""

from __future__ import annotations

import datetime
import decimal
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import TensorDisplay, summarize
from tfnp_ext.display import mimebundle
from tfnp_ext.display.timestamps import time_texts

NAT = np.iinfo(np.int64).min
UNITS = ("W", "D", "h", "m", "s", "ms", "us", "ns")
SPANS = {"D": 86400 * 10**9, "h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

DATES = st.sampled_from(UNITS).flatmap(
    lambda unit: hnp.arrays(
        f"M8[{unit}]", hnp.array_shapes(max_dims=1, max_side=12), elements=hnp.from_dtype(np.dtype(f"M8[{unit}]"))
    )
)
"""Of any time that the unit holds; hypothesis draws NaT too."""


def lines(value: object, **options: object) -> list[str]:
    bundle = mimebundle(value, TensorDisplay().options(**options))
    assert set(bundle) == {"text/plain", "text/html"}, bundle
    return bundle["text/plain"].splitlines()


def days(count: int) -> np.ndarray:
    return np.datetime64("2020-01-01") + np.arange(count)


class TestTexts:
    @settings(max_examples=200)
    @given(values=DATES)
    def test_dates_read_back_as_what_they_are(self, values):
        texts = time_texts(values)
        years = values.astype("M8[Y]").astype(np.int64) + 1970
        readable = np.isnat(values) | (np.abs(years) < 10_000)  # NumPy itself does not read all that it writes
        for value, text, fine in zip(values, texts, readable, strict=True):
            if fine:
                assert text == "NaT" if np.isnat(value) else np.datetime64(text) == value, text

    @settings(max_examples=200)
    @given(unit=st.sampled_from(tuple(SPANS)), counts=st.lists(st.integers(-(10**4), 10**4) | st.just(NAT), min_size=1))
    def test_spans_say_their_number_in_one_unit(self, unit, counts):
        texts = time_texts(np.array(counts).view(f"m8[{unit}]"))
        names = {text.split()[1].removesuffix("s") for text in texts if text != "NaT"}
        assert len(names) <= 1
        units = {str(np.timedelta64(2, other)).split()[1].removesuffix("s"): length for other, length in SPANS.items()}
        for count, text in zip(counts, texts, strict=True):
            if count == NAT:
                assert text == "NaT"
                continue
            number, word = text.split()
            assert int(number) * units[word.removesuffix("s")] == count * SPANS[unit]
            assert word.endswith("s") == (abs(int(number)) != 1)

    @pytest.mark.parametrize(
        ("values", "texts"),
        [
            (np.array(["2020-01-01T05", "NaT"], "M8[h]"), ["2020-01-01T05:00", "NaT"]),
            (np.array(["2020-01-01T00:00:00.5"], ">M8[ns]"), ["2020-01-01T00:00:00.500"]),
            (np.array(["2020-02"], "M8[M]"), ["2020-02"]),
            (np.array([1, 2], "M8[25s]"), ["1970-01-01T00:00:25", "1970-01-01T00:00:50"]),
            (np.array([1, 36], "m8[100D]"), ["100 days", "3600 days"]),
            (np.array([1], "m8[Y]"), ["1 year"]),
            (np.array([1, 2], "m8"), ["1 generic time unit", "2 generic time units"]),
            (np.array([2**62], "m8[h]"), [f"{2**62} hours"]),
            (np.array(["NaT"], "M8"), ["NaT"]),
        ],
    )
    def test_of_other_units(self, values, texts):
        assert time_texts(values) == texts


class TestTimes:
    def test_many_have_a_range_and_their_values_in_the_fold(self):
        first, second, *rows = lines(days(100))
        assert first == "ndarray (100,) datetime64[D]   800 B · CPU · view"
        assert second == "range 2020-01-01 … 2020-04-09"
        assert "2020-01-02" in rows[1]
        assert "2020-04-09" in rows[-1]
        html = mimebundle(days(100))["text/html"]
        assert html.count("<details") == 1
        assert [day for day in map(str, days(100)) if f">{day}" not in html] == []

    def test_what_is_no_time_is_counted_and_stands_out(self):
        values = days(100)
        values[[3, 7, 98]] = "NaT"
        assert lines(values)[1] == "range 2020-01-01 … 2020-04-09   ⚠ 3 NaT of 100 (3.0 %)"
        assert lines(np.array(["NaT"] * 70, "M8[s]"))[1] == "⚠ 70 NaT of 70 (100 %)"
        few = mimebundle(np.array(["2020-01-01", "NaT"], "M8[D]"))
        assert few["text/plain"].startswith("ndarray (2,) datetime64[D]  2020-01-01  NaT ")
        assert re.search(r"#d03a94[^>]*>NaT", few["text/html"])

    @settings(max_examples=50)
    @given(
        counts=hnp.arrays(np.int64, (70,), elements=st.integers(-(10**5), 10**5) | st.just(NAT)),
        kind=st.sampled_from(["M8[D]", "m8[h]", "M8[m]"]),
        turned=st.booleans(),
    )
    def test_the_numbers_are_those_of_numpy(self, counts, kind, turned):
        values = counts.view(kind).reshape(10, 7)[:, ::-1].T if turned else counts.view(kind)
        known = values[~np.isnat(values)]
        line = lines(values)[1]
        missing = values.size - known.size
        assert (f"⚠ {missing} NaT of 70" in line) == (missing > 0)
        if known.size and known.min() < known.max():
            first, last = time_texts(np.array([known.min(), known.max()]))
            assert line.startswith(f"range {first} … {last}")

    def test_that_all_are_alike_is_said_where_all_were_read(self):
        assert lines(np.array(["2020-01-01"] * 100, "M8[D]"))[1] == "all 2020-01-01"
        said = lines(np.array(["2020-01-01"] * 10**6, "M8[D]"), budget_ms=0)[1]
        assert re.fullmatch(r"range seen 2020-01-01 … 2020-01-01   from [\d ]+ of 1 000 000", said)

    @pytest.mark.parametrize("shape", [(9,), (64,), (4, 3), (2, 3, 4)], ids=str)
    def test_a_few_all_stand_open(self, shape):
        values = days(int(np.prod(shape))).reshape(shape)
        said, html = "\n".join(lines(values)), mimebundle(values)["text/html"]
        assert "<details" not in html
        for day in map(str, values.flat):
            assert day in html
            assert day in said or values.size == 64  # a terminal has a dozen lines

    @pytest.mark.parametrize("shape", [(30, 40), (2, 30, 40), (30, 2), (3, 2000)], ids=str)
    def test_matrices_are_elided_in_the_middle(self, shape):
        values = days(int(np.prod(shape))).reshape(shape)
        said = lines(values)
        assert len(said) <= 12
        assert max(map(len, said)) <= 80
        shown = values if values.ndim == 2 else values[0]
        for corner in (shown[0, 0], shown[0, -1], shown[-1, 0], shown[-1, -1]):
            assert any(str(corner) in line for line in said[2:])

    def test_one_and_none(self):
        assert lines(np.datetime64("2020-01-01"))[0].startswith("NumPy scalar () datetime64[D]  2020-01-01 ")
        assert lines(np.array([], "M8[D]")) == ["ndarray (0,) datetime64[D]   0 B · CPU · empty: no values"]

    def test_in_a_tree_they_are_a_line(self, tf):
        said = lines({"loss": tf.constant(1.0), "when": days(100), "first": days(2)})
        assert said[2].split() == ["when", "(100,)", "datetime64[D]", "range", "2020-01-01", "…", "2020-04-09"]
        assert said[3].split() == ["first", "(2,)", "datetime64[D]", "2020-01-01", "2020-01-02"]


class TestRecords:
    FIELDS = np.dtype([("id", "i4"), ("when", "M8[s]"), ("name", "S9"), ("at", "f4", (2,)), ("in", [("x", "i2")])])

    def records(self, count: int) -> np.ndarray:
        made = np.zeros(count, self.FIELDS)
        made["id"], made["name"] = np.arange(count), [b"number %d" % place for place in range(count)]
        made["at"][:, 1] = 0.5
        return made

    def test_a_column_a_field_with_its_dtype_and_the_first_and_last_records(self):
        first, names, dtypes, *rows = lines(self.records(100))
        assert first == "ndarray (100,) structured   5 fields · 3.03 KiB · CPU · view"
        assert names.split() == ["id", "when", "name", "at", "in"]
        assert dtypes.split() == ["dtype", "int32", "datetime64[s]", "S9", "(2,)", "float32", "1", "field"]
        shown = [0, 1, 2, 3, 4, 5, 98, 99]
        assert [row.split()[0] for row in rows] == [*map(str, shown[:6]), "⋮", "98", "99"]
        for row, place in zip((row for row in rows if "⋮" not in row), shown, strict=True):
            assert re.split(" {2,}", row.strip()) == [
                str(place), str(place), "1970-01-01", f'"number {place}"', "[0.0, 0.5]", "(0)",
            ]  # fmt: skip

    @pytest.mark.parametrize("shape", [(), (1,), (2, 4), (9,)], ids=str)
    def test_of_any_shape(self, shape):
        values = self.records(12)[: int(np.prod(shape))].reshape(shape)
        said = lines(values)
        assert len(said) == 3 + values.size
        last = {(): "0", (1,): "0", (9,): "8", (2, 4): "[1, 3]"}[shape]
        assert said[-1].lstrip().startswith(f"{last} ")

    def test_many_fields_are_elided(self):
        wide = np.zeros(3, [(f"field{number}", "f4") for number in range(50)])
        html = mimebundle(wide, TensorDisplay().options(max_columns=5))["text/html"]
        assert [number for number in range(50) if f"field{number}<" in html] == [0, 1, 2, 48, 49]

    def test_names_and_texts_are_escaped_and_nothing_of_the_users_is_run(self):
        class Loud:
            def __repr__(self) -> str:
                raise AssertionError("was run")

            __str__ = __repr__

        made = np.zeros(2, [("<script>", "O"), ("\x1b[2J", "U9")])
        made["<script>"], made["\x1b[2J"] = Loud(), "<b>&\x1b"
        bundle = mimebundle(made)
        assert "<script>" not in bundle["text/html"]
        assert "<b>&" not in bundle["text/html"]
        assert "\x1b" not in bundle["text/plain"] + bundle["text/html"]
        assert "Loud" in bundle["text/plain"]


class TestObjects:
    def test_numbers_stand_in_the_line_while_they_fit(self):
        assert lines(np.array([0.5, 1, None, True, "a"], object)) == [
            'ndarray (5,) object  0.5  1  None  True  "a"   40 B · CPU · view'
        ]

    def test_others_are_a_plain_table_without_bytes(self):
        values = np.array([0.1 + 0.2, 1 / 3, 2 / 3, 1 / 7], object)
        assert lines(values)[1:] == [f"{'₀₁₂₃'[place]}  {value!r}" for place, value in enumerate(values)]
        html = mimebundle(values)["text/html"]
        assert "bytes" not in html
        assert ">text" not in html

    def test_what_is_told_of_each(self):
        values = np.empty(6, object)
        values[:] = [{}, decimal.Decimal("1.50"), datetime.date(2020, 1, 2), np.float32(0.5), np.zeros((2, 3)), b"\xff"]
        assert [line.split(maxsplit=1)[1] for line in lines(values)[1:]] == [
            "dict", "1.50", "2020-01-02", "0.5", "ndarray (2, 3) float64", r"b'\xff'",
        ]  # fmt: skip

    def test_many_are_elided_and_a_matrix_stands_as_one(self):
        said = lines(np.arange(1000).astype(object) + 1)
        assert (said[1].split(), said[-1].split(), len(said)) == (["₀", "1"], ["₉₉₉", "1000"], 10)
        assert [line.split() for line in lines(np.array([[1, None], ["x", 2.5]], object))[1:]] == [
            ["1", "None"], ['"x"', "2.5"],
        ]  # fmt: skip

    def test_strings_are_still_text(self):
        assert summarize(np.array(["a", b"b"], object)).role == "text"
        assert summarize(np.array(["a", 1], object)).role == "objects"

    def test_no_code_of_theirs_is_run(self, tf):
        class Loud:
            def __repr__(self) -> str:
                raise AssertionError("was run")

            __str__ = __repr__

        values = np.array([Loud()] * 100, object)
        assert "Loud" in "\n".join(lines(values))
        many = [tf.constant(1.0)] * 30 + [values]
        assert not {"Loud", "[no card"} & set(" ".join(lines(many)).split())


class TestDeclined:
    """Where a card would have no value NumPy's own text tells more."""

    NATIVE = {
        "bytes without a meaning": lambda: np.zeros(100, "V5"),
        "masked dates": lambda: np.ma.masked_array(days(100), [True] + [False] * 99),
        "masked records": lambda: np.ma.masked_array(np.zeros(100, [("a", "i4")]), [True] + [False] * 99),
    }

    @pytest.mark.parametrize("name", NATIVE)
    def test_numpys_own_text_stays(self, ip, run, name):
        ip.user_ns["x"] = self.NATIVE[name]()
        native = run(ip, "x").text
        ip.run_line_magic("config", "TensorDisplay.arrays = True")
        for cell in ("x", "%tonumpy x"):
            shown = run(ip, cell)
            assert (shown.text, shown.html) == (native, "")

    def test_what_has_values_is_shown(self, ip, run):
        ip.user_ns.update(dates=days(100), records=np.zeros(100, [("a", "i4")]))
        native = run(ip, "dates").text
        assert run(ip, "%tonumpy dates").text.splitlines()[1].startswith("range ")
        assert "int32" in run(ip, "%tonumpy records").text
        assert run(ip, "dates").text == native
        ip.run_line_magic("config", "TensorDisplay.arrays = True")
        assert run(ip, "dates").text.splitlines()[1].startswith("range ")
