"""Cards in a terminal: a dozen lines of 80 columns, numbers whole, and of what is left out how much that is."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfnp_ext import TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.document import Bar, Bars, Beside, Cell, Child, Children, Document, Fields, Heading, Row, Span, Table
from tfnp_ext.formats import render_text
from tfnp_ext.formats.text import MOST_LINES, sentence, wording_width
from tfnp_ext.formats.text.layout import cut, cut_between, cut_inside

RAISED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
LABEL = "a rather long label of class {}, and more"


def lines_of(value: object, **options: object) -> list[str]:
    """Returns the lines of a card, each of which fits a terminal; indices as numbers, to read them."""
    lines = render_text(compose(value, TensorDisplay().options(**options))).split("\n")
    assert len(lines) <= MOST_LINES, "\n".join(lines)
    assert max(map(wording_width, lines)) <= 80, "\n".join(lines)
    return [line.translate(RAISED) for line in lines]


def below(*blocks: object) -> list[str]:
    return render_text(Document(Heading("Kind"), blocks)).translate(RAISED).split("\n")[1:]


def counted(lines: list[str]) -> int:
    """Returns how many are said to be left out."""
    found = [re.search(r"(?:⋮|…) +([\d ]+) more", line) for line in lines]
    return sum(int(one[1].replace(" ", "")) for one in found if one)


class TestVectors:
    """A vector is cut where the width ends, and never stands in two blocks of columns."""

    @pytest.mark.parametrize("size", [9, 12, 16, 17, 20, 32, 40, 63, 64])
    @pytest.mark.parametrize("digits", [1, 3, 6, 9, 12, 15, 18])
    def test_all_values_stand_in_their_order_behind_the_index_of_the_first(self, size, digits):
        values = np.random.default_rng(size).integers(10 ** (digits - 1), 10**digits, size) * -1
        lines = lines_of(values, arrays=True)
        rows = [line.split() for line in lines[1:] if "-" in line and "min" not in line]
        if len(rows) == 1:
            assert list(map(int, rows[0])) == values.tolist()
            return
        shown = {int(row[0]) + at: int(text) for row in rows for at, text in enumerate(row[1:])}
        assert all(values[place] == value for place, value in shown.items())
        left_out = [place for place in range(size) if place not in shown]
        assert left_out == list(range(left_out[0], left_out[-1] + 1)) if left_out else True
        assert bool(counted(lines)) == bool(left_out)
        assert not left_out or (size, digits) >= (40, 15)

    def test_as_many_stand_in_a_row_as_have_room_and_round_numbers_of_them_while_lines_are_few(self, tf):
        def a_row(values):
            return {len(line.split()) - 1 for line in lines_of(values)[1:] if re.match(r" *\d+  +-", line)}

        assert a_row(-tf.range(1000, 1032)) == {10, 2}
        assert a_row(-tf.range(100_000, 100_020)) == {8, 4}
        assert a_row(-tf.range(10**10, 10**10 + 20)) == {5}
        assert a_row(-tf.range(10**9, 10**9 + 64)) == {6, 4}

    def test_a_row_of_a_matrix_is_cut_as_a_vector_is(self, tf):
        lines = lines_of(tf.linspace(-1.0, 1.0, 12)[None])
        assert [line.split()[0] for line in lines[2:]] == ["0", "8"]


class TestIndices:
    """Without a colour, an index in the figures of a value would read as one."""

    def written(self, value: object, **options: object) -> list[str]:
        return render_text(compose(value, TensorDisplay().options(**options))).split("\n")

    def test_they_are_subscripts_above_columns_and_beside_rows(self, tf):
        assert self.written(tf.reshape(tf.range(13, 26), (1, 13)))[1:] == [
            " ₀   ₁   ₂   ₃   ₄   ₅   ₆   ₇   ₈   ₉  ₁₀  ₁₁  ₁₂",
            "13  14  15  16  17  18  19  20  21  22  23  24  25",
        ]
        assert [line[:6] for line in self.written(tf.reshape(tf.range(18), (9, 2)))[1:3]] == ["₀   0 ", "₁   2 "]
        assert self.written(tf.ragged.constant([[1], [], [2, 3]]))[1:] == ["₀  1", "₁  empty", "₂  2  3"]

    def test_of_what_is_left_out_they_tell_where(self, tf):
        lines = self.written(tf.random.stateless_normal((200, 300), (0, 1)))
        assert [line.split()[0] for line in lines[-5:]] == ["₀", "₁", "₂", "⋮", "₁₉₉"]

    def test_beside_named_columns_and_as_names_of_classes_they_are_numbers(self, tf):
        assert self.written(tf.constant(["a" * 30, "b" * 30, "c" * 30]))[3].split()[:2] == ["0", "30"]
        assert self.written(tf.nn.softmax(tf.range(4.0)))[1].split()[0] == "0"


class TestTables:
    @pytest.mark.parametrize("shape", [(12, 5), (16, 4), (20, 2), (32, 2)])
    def test_rows_that_are_too_many_stand_beside_each_other(self, tf, shape):
        lines = lines_of(tf.reshape(tf.range(100, 100 + np.prod(shape)), shape))
        assert not counted(lines)
        told = {}
        for line in lines[1:]:
            for piece in re.split(" {4,}(?=[0-9])", line.replace("max   mean", "")):
                if re.fullmatch(r" *\d+(  +\d{3})+", piece):
                    row, *texts = piece.split()
                    told[int(row)] = list(map(int, texts))
        assert [told[row] for row in range(shape[0])] == np.arange(100, 100 + np.prod(shape)).reshape(shape).tolist()

    @pytest.mark.parametrize("count", [13, 24, 32, 40, 64])
    def test_a_long_column_is_told_in_rows(self, tf, count):
        lines = lines_of(tf.range(100, 100 + count)[:, None])
        rows = [line.split() for line in lines if re.match(r" *\d+  1\d\d", line)]
        assert [int(text) for row in rows for text in row[1:]] == [*range(100, 100 + count)]
        assert [int(row[0]) for row in rows] == [*range(0, count, 10)]

    @given(
        st.lists(st.integers(1, 8), min_size=1, max_size=6).filter(lambda shape: 8 < np.prod(shape) <= 64),
        st.integers(1, 19),
        st.integers(0, 3),
    )
    def test_every_number_is_whole_whatever_the_shape(self, shape, digits, seed):
        most = min(10**digits, 2**63 - 1)
        values = np.random.default_rng(seed).integers(-most, most, shape, np.int64, endpoint=True)
        lines = lines_of(values, arrays=True)
        shown = re.findall(r"-?\d{3,}", "\n".join(line for line in lines[1:] if not re.search("[a-z]{3}", line)))
        assert {int(text) for text in shown} <= set(values.reshape(-1).tolist())
        if counted(lines) or any("…" in line for line in lines[1:]):
            assert len(lines) > MOST_LINES / 2

    def test_rows_in_the_middle_are_left_out_and_counted(self, tf):
        values = tf.constant(np.arange(64).reshape(32, 2) + 10**17)
        lines = lines_of(values)
        assert [line.split()[0] for line in lines[1:]] == ["0", "1", "2", "3", "4", "5", "6", "7", "⋮", "30", "31"]
        assert lines[9] == " ⋮  22 more"
        assert lines[-1].split() == ["31", str(10**17 + 62), str(10**17 + 63)]

    def test_columns_in_the_middle_are_left_out_where_their_rows_would_be_too_many(self, tf):
        lines = lines_of(tf.constant(np.arange(64).reshape(8, 8) + 10**17))
        assert lines[1].split() == ["0", "1", "…", "7"]
        assert lines[-1].split() == ["7", str(10**17 + 56), str(10**17 + 57), "…", str(10**17 + 63)]
        lines = lines_of(tf.constant(np.arange(64).reshape(4, 16) + 10**17))
        assert lines[1].split() == ["0", "1", "2"]
        assert lines[6].split() == ["3", "4", "…", "15"]

    def test_what_was_left_out_before_is_counted_too(self):
        rows = [Row((Cell(str(at)),), header=str(at)) for at in range(20)]
        rest = Row((Cell("… 1 044 more", align="left"),), header="⋮")
        lines = below(Table((*rows, rest), compact=True))
        assert len(lines) == MOST_LINES - 1
        assert (
            lines[-2:] == [" 9       9".replace("       9", "             9"), " ⋮  … 1 054 more"]
            or counted(lines) == 1054
        )
        lines = below(Table((*rows[:12], Row((Cell("⋮"),), header="⋮"), *rows[18:]), compact=True))
        assert [line.split()[0] for line in lines] == [*map(str, range(8)), "⋮", "18", "19"]

    def test_slices_of_one_row_share_lines(self, tf):
        values = np.random.default_rng(0).integers(-(2**62), 2**62, (32, 1, 1))
        lines = lines_of(tf.constant(values))
        assert lines[1].split() == ["[0]", str(values[0, 0, 0]), "[1]", str(values[1, 0, 0])]
        assert counted(lines) == 32 - 2 * (MOST_LINES - 2)
        shown = re.findall(r"\[(\d+)\] +(-?\d+)", "\n".join(lines[1:]))
        assert len(shown) == 2 * (MOST_LINES - 2)
        assert all(values[int(index), 0, 0] == int(text) for index, text in shown)
        assert len({line.index("[", 4) for line in lines[1:] if line.startswith("[")}) == 1

    def test_slices_that_stand_beside_each_other_keep_their_index_above(self, tf):
        assert lines_of(tf.reshape(tf.range(6), (3, 1, 2)))[1:] == [
            "[0]       [1]       [2]",
            "0  1      2  3      4  5",
        ]

    def test_slices_in_the_middle_are_left_out_and_counted(self, tf):
        values = tf.complex(tf.reshape(tf.range(64.0), (8, 2, 2, 2)), 0.5)
        lines = lines_of(values)
        captions = re.findall(r"\[\d, \d\]", "\n".join(lines))
        assert captions[0] == "[0, 0]"
        assert captions[-1] == "[7, 1]"
        assert len(captions) + counted(lines) == 16

    def test_one_slice_of_many_rows_leaves_out_rows(self, tf):
        lines = lines_of(tf.reshape(tf.range(60.0), (1, 12, 5)))
        assert lines[2] == "[0]"
        assert counted(lines) == 4

    def test_a_wide_table_beside_another_leaves_out_rows_of_each(self):
        tall = Table(tuple(Row((Cell("x" * 60),)) for _ in range(12)), caption="[0]", compact=True)
        lines = below(Beside((tall, tall)))
        assert len(lines) <= MOST_LINES - 1
        assert counted(lines) == 24 - sum(line.startswith("x") for line in lines)
        assert [line for line in lines if line.startswith("[")] == ["[0]", "[0]"]


class TestRagged:
    @pytest.mark.parametrize("dtype", ["float32", "int64"])
    def test_a_long_row_ends_after_a_whole_number(self, tf, dtype):
        generator = np.random.default_rng(0)
        lengths = generator.poisson(20, 500)
        values = (
            generator.normal(size=lengths.sum()) if dtype == "float32" else generator.integers(1, 10**10, lengths.sum())
        )
        lines = lines_of(tf.RaggedTensor.from_row_lengths(values.astype(dtype), lengths))
        rows = [line.split() for line in lines if re.match(r" *\d+  +\d+  ", line)]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        assert len(rows) >= 6
        for index, length, *texts in rows:
            assert int(length) == lengths[int(index)]
            assert int(length) == len(texts) or texts.pop() == "…"
            own = values[starts[int(index)] :][: len(texts)]
            assert np.array(list(map(float, texts))) == pytest.approx(own, abs=6e-4 if dtype == "float32" else 0)

    def test_what_has_no_room_in_a_row_goes_on_below_it(self, tf):
        rows = [[10**9 + at for at in range(length)] for length in (3, 9, 0)]
        lines = lines_of(tf.ragged.constant(rows, tf.int64))
        assert [line.split() for line in lines[1:]] == [
            ["0", *map(str, rows[0])],
            ["1", *map(str, rows[1][:6])],
            list(map(str, rows[1][6:])),
            ["2", "empty"],
        ]
        assert lines[3].startswith("      ")

    def test_where_lines_are_short_a_row_is_cut_after_a_whole_number(self, tf):
        rows = [[10**9 + at for at in range(length)] for length in (16, 8, 8, 8, 8, 8, 8)]
        lines = lines_of(tf.ragged.constant(rows, tf.int64))
        assert [line.endswith(" …") for line in lines[1:]] == [True] * 7
        assert lines[1].split()[1:-1] == list(map(str, rows[0][:6]))

    @given(st.lists(st.lists(st.integers(0, 10**12), max_size=16), min_size=1, max_size=12))
    def test_each_line_of_rows_holds_their_first_values(self, rows):
        if sum(map(len, rows)) > 64:
            return
        import tensorflow as tf

        lines = lines_of(tf.ragged.constant(rows, tf.int64, ragged_rank=1))[1:]
        told: dict[int, list[int]] = {}
        told_lengths = any("first values" in line for line in lines)
        for line in lines:
            first, *texts = line.split()
            if re.search("more|first values|^(min|std|mean|zeros|row|all)", line):
                continue
            if not line.startswith("      "):
                texts = texts[told_lengths:]
                told[place := int(first)] = []
            else:
                texts = [first, *texts]
            told[place] += [int(text) for text in texts if text not in {"…", "empty"}]
            assert rows[place][: len(told[place])] == told[place]
            assert ("…" in texts) <= (len(told[place]) < len(rows[place]))
        assert len(told) + counted(lines) == len(rows)
        whole = all(told[place] == rows[place] for place in told)
        assert whole or any(line.endswith(" …") for line in lines)

    def test_strings_are_cut_between_two_of_them(self):
        text = '"a, b"  "c  d"  "e\\", f"  "g"'
        assert cut_between(text, 19, strings=True) == '"a, b"  "c  d" …'
        assert cut_between(text, 25, strings=True) == '"a, b"  "c  d" …'
        assert cut_between(text, 26, strings=True) == '"a, b"  "c  d"  "e\\", f" …'


class TestBars:
    def test_the_last_bars_are_left_out_and_counted(self, tf):
        lines = lines_of(tf.nn.softmax(tf.range(30.0) / 9), top=1000)
        assert len(lines) == MOST_LINES
        assert lines[-1].split() == ["⋮", "21", "more"]

    def test_of_scores_around_zero_the_lowest_stays(self):
        bars = Bars(tuple(Bar(str(at), f"{1 - at / 10:.1f}", 1 - at / 10) for at in range(20)), rest="3 others")
        lines = below(bars)
        assert len(lines) == MOST_LINES - 1
        assert [line.split()[0] for line in lines[-3:]] == ["⋮", "19", "3"]
        assert counted(lines) == 20 - 9

    @pytest.mark.parametrize("kind", ["shares", "batch", "counts", "scores", "truth"])
    def test_long_labels_take_no_more_lines(self, tf, kind):
        generator = np.random.default_rng(0)
        options = {"labels": [LABEL.format(at) for at in range(12)], "plot": "bar" if kind == "scores" else "auto"}
        scores = tf.constant(generator.normal(size=(32, 12)) * 5)
        if kind == "truth":
            assert lines_of(tf.nn.softmax(scores), truth=generator.integers(0, 12, 32), labels=options["labels"])
        elif kind == "batch":
            assert lines_of(tf.nn.softmax(scores), labels=options["labels"])
        else:
            values = {"shares": tf.nn.softmax(scores[0]), "scores": scores[0]}
            assert lines_of(values.get(kind, tf.constant(generator.integers(0, 12, 300))), **options)


class TestTrees:
    def test_the_lines_of_leaves_stand_in_columns(self, tf):
        names = ("x", "日本語の名前", "👩‍👩‍👧 family", "a_long_name_of_a_weight")
        normal = {
            name: tf.random.stateless_normal((30, 20 + 300 * at), (at, 1)) * 10.0 ** (2 - at)
            for at, name in enumerate(names)
        }
        lines = lines_of({"group": normal, "y": tf.range(100), "z": {"w": tf.zeros((3, 3, 100, 200)), "v": None}})[1:]
        for text in (" (", "int32", "float32"):
            at = {wording_width(line[: line.index(text)]) for line in lines if text in line}
            assert len(at) == 1, lines
        ends = [re.search(r"(-?[\d.e-]+) [▁▂▃▄▅▆▇█]+ *(-?[\d.e-]+)$", line) for line in lines]
        assert len({wording_width(line[: end.end(1)]) for line, end in zip(lines, ends, strict=True) if end}) == 1
        assert len({wording_width(line[: end.start(2)]) for line, end in zip(lines, ends, strict=True) if end}) == 1
        assert sum(end is not None for end in ends) == 5

    def test_histograms_are_short_or_left_out_in_all_lines_rather_than_break_some(self, tf):
        def drawn(name):
            nest = {f"{name}{at}": tf.random.stateless_normal((3, 3, 16, 32 + at), (at, 1)) for at in range(5)}
            lines = lines_of(nest)[1:]
            assert len(lines) == 5
            assert all(line.split()[-1].replace(".", "").replace("-", "").isdigit() for line in lines)
            return {len("".join(re.findall("[▁▂▃▄▅▆▇█]", line))) for line in lines}

        assert drawn("w") == {16}
        assert drawn("a_name_of_thirty_characters_") == {8}
        assert drawn("a_name_of_nearly_forty_characters_of_") == {0}

    def test_names_that_are_cut_keep_their_ends(self, tf):
        lines = lines_of({f"{'layer/' * 30}{part}": tf.zeros((3, 3, 16, 32)) for part in ("kernel", "bias")})
        assert [re.match(r"\S+", line)[0][-5:] for line in lines[1:]] == ["ernel", "/bias"]

    def test_a_ragged_leaf_that_has_no_room_is_one_line(self, tf):
        rows = [[101, 7592, 2088, 102], [], [101] * 13, [7] * 9]
        lines = lines_of({"tok": tf.ragged.constant(rows), "lab": tf.range(4)})
        assert len(lines) == 3
        assert lines[1].startswith("tok  (4, None)  int32  [101, 7592, 2088, 102], [], [101, 101,")
        assert lines[1].endswith(", …")
        few = lines_of({"tok": tf.ragged.constant([[1, 2], [], [3]])})
        assert [line.split()[-2:] for line in few[1:]] == [["1", "2"], ["1", "empty"], ["2", "3"]]
        words = lines_of({"w": tf.ragged.constant([["a  b", "c, d"] * 6, ["e"]])})
        assert '["a  b", "c, d", "a  b",' in words[1]

    def test_a_sparse_leaf_that_has_no_room_says_how_much_is_stored(self, tf):
        nest = {f"k{at}": tf.sparse.from_dense(np.eye(4, dtype=np.int32) * 7) for at in range(4)}
        assert [line.split("  ")[-1] for line in lines_of(nest)[-1:]] == ["4 stored (25 %)"]

    def test_small_tables_stand_whole_while_there_are_lines(self, tf):
        square = tf.constant([[1.0, -2.0], [0.5, 4.0]])
        assert len(lines_of([square] * 5)) == 11
        lines = lines_of([square] * 8)
        assert [len(re.findall(r"-2\.0", line)) for line in lines[1:]] == [1, 0, 1, 0, 1, 0, *[1] * 5]
        assert lines[-1].endswith("  [1.0, -2.0], [0.5, 4.0]")

    def test_a_small_model_is_a_line_a_weight_rather_than_groups_that_are_shut(self, tf):
        nest = {f"layer{at}": {"kernel": tf.zeros((30, 4)), "bias": tf.zeros(4)} for at in range(4)}
        names = [line.split()[0] for line in lines_of(nest)[1:]]
        assert names == [f"layer{at}/{part}" for at in range(4) for part in ("kernel", "bias")]
        assert [line.split()[0] for line in lines_of({"a": [tf.zeros(3)] * 2, "b": [{"x": tf.ones(3)}] * 5})[1:]] == [
            "a[0]", "a[1]", *(f"b[{at}]/x" for at in range(5))
        ]  # fmt: skip

    def test_what_is_shut_says_so(self, tf):
        lines = lines_of({f"g{at}": {f"w{leaf}": tf.ones(3) for leaf in range(4)} for at in range(4)})[1:]
        assert [line.split()[0] for line in lines] == [
            "g0",
            "w0",
            "w1",
            "w2",
            "w3",
            "g1",
            "w0",
            "w1",
            "w2",
            "g2",
            "g3",
        ][: len(lines)] or lines[-1].endswith("48 B …")

    nests = st.recursive(
        st.just(None),
        lambda inner: st.dictionaries(st.text("ab日😀é", min_size=1, max_size=50), inner, min_size=1, max_size=14),
        max_leaves=60,
    )

    @given(nests, st.booleans())
    def test_any_nest_is_a_dozen_lines_in_which_all_entries_are_told_or_counted(self, nest, small):
        fields = Fields(((Span("min", "secondary"), Span("-1.5"), Span("max", "secondary")),))
        values = (Span("1"), Span("2")) if small else ()

        def document(node):
            if isinstance(node, dict):
                children = tuple(Child(name, document(inner)) for name, inner in node.items())
                return Document(Heading("", facts=(f"{leaves(node)} tensors",)), (Children(children),))
            return Document(Heading("Tensor", shape="(3,)", dtype="int32", values=values), () if small else (fields,))

        def leaves(node):
            return sum(map(leaves, node.values())) if isinstance(node, dict) else 1

        nest = nest or {"a": None}
        lines = render_text(document(nest)).split("\n")
        assert len(lines) <= MOST_LINES
        assert max(map(wording_width, lines)) <= 80
        shown = [line for line in lines[1:] if "(3,)" in line]
        assert len({wording_width(line[: line.index("(3,)")]) for line in shown}) <= 1
        left_out = any(line.endswith("…") or re.search("… .* more$", line) for line in lines)
        assert len(shown) == leaves(nest) or left_out


class TestSentences:
    def test_the_line_of_why_there_is_no_card_is_wrapped(self):
        class Odd:
            pass

        native, *why = mimebundle(Odd())["text/plain"].split("\n")
        assert native.startswith("<")
        assert " ".join(why).startswith("[no card: ConversionError: ")
        assert why[-1].endswith("]")
        assert max(map(len, why)) <= 80

    @given(st.text(max_size=300))
    def test_a_sentence_is_no_wider_than_a_terminal(self, text):
        lines = sentence(text)
        assert max(map(wording_width, lines)) <= 80
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(lines))


class TestWidths:
    @pytest.mark.parametrize(
        ("text", "width"),
        [
            ("👩‍👩‍👧", 2),
            ("❤️", 2),
            ("👍🏽", 2),
            ("🇫🇷", 2),
            ("กำ", 2),
            ("ที่", 1),
            ("한국", 4),
            ("⋮…▸█·", 5),
            ("x\u200by", 2),
        ],
    )
    def test_columns_of_what_is_composed(self, text, width):
        assert wording_width(text) == width

    @given(st.text("aé日😀\u0301👩\u200d", max_size=60), st.integers(2, 40))
    def test_what_is_cut_is_no_wider_than_its_room(self, text, room):
        for shown in (cut(text, room), cut_inside(text, room), cut_between(text, room)):
            assert wording_width(shown) <= room
            assert shown == text or "…" in shown
