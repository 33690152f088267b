"""Strings of large tensors: what is read of them, against all that NumPy has, and what a card says of the rest."""

from __future__ import annotations

import ast
import html
import re

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markup import parse

from tfnp_ext import TensorDisplay, summarize, to_numpy
from tfnp_ext.adapters import CutString, Dense, Strings, find_adapter, strings
from tfnp_ext.display import mimebundle
from tfnp_ext.display.cards import compose
from tfnp_ext.display.quoting import quotation
from tfnp_ext.display.role_lines import string_fields
from tfnp_ext.formats import FORMATS
from tfnp_ext.wording import escaped, half, printable, quoted

WORDS = st.builds(bytes.__mul__, st.binary(min_size=1, max_size=3), st.integers(0, strings.LONGEST))
"""Half of them are longer than what is read of one."""

MANY = 70_003
"""More strings than are read, and no multiple of eight."""


def card(value: object, budget_ms: float = np.inf) -> dict[str, str]:
    document = compose(value, TensorDisplay().options(budget_ms=budget_ms))
    return {mime: render(document) for mime, render in FORMATS.items()}


def text(value: object, budget_ms: float = np.inf) -> str:
    return card(value, budget_ms)["text/plain"]


@pytest.fixture(scope="module")
def many(tf):
    """Strings of one to five bytes, none of them UTF-8 where it is a multiple of 100."""
    words = [b"\xff" if place % 100 == 0 else b"%d" % place for place in range(MANY)]
    return tf.constant(words)


@pytest.fixture
def all_large(monkeypatch):
    """Takes every tensor of strings for a large one."""
    monkeypatch.setattr(strings, "MOST_BYTES", 0)


class TestReading:
    @settings(max_examples=60)
    @given(words=st.lists(WORDS, min_size=1, max_size=20), data=st.data())
    def test_what_is_taken_is_what_numpy_has(self, tf, words, data):
        places = sorted(data.draw(st.sets(st.integers(0, len(words) - 1))))
        found = Strings(tf.constant(words)).take(places)
        assert found.tolist() == [words[place][: strings.LONGEST] for place in places]
        for place, value in zip(places, found, strict=True):
            assert getattr(value, "size", len(value)) == len(words[place])
            assert isinstance(value, CutString) == (len(words[place]) > strings.LONGEST)

    @pytest.mark.parametrize("shape", [(MANY,), (MANY, 1), (1, MANY), (10_000, 7, 1)])
    def test_of_many_only_a_few_are_taken(self, tf, many, shape):
        held = Strings(tf.reshape(many[: int(np.prod(shape))], shape))
        whole = held.__array__().reshape(-1)
        places = np.unique(np.random.default_rng(0).integers(0, whole.size, 50))
        places = np.union1d(places, [0, 1, 8, 9, 500, whole.size - 2, whole.size - 1])
        assert held.take(places).tolist() == whole[places].tolist()
        assert (held.shape, held.ndim, held.size) == (shape, len(shape), whole.size)

    def test_a_sample_is_of_runs_from_all_over(self, many):
        held = Strings(many)
        (first, _), *_, (_, last) = held.runs()
        assert (first, MANY - last) == (0, MANY % 8)
        assert sum(stop - start for start, stop in held.runs()) == strings.MOST_STRINGS
        assert all(before[1] <= after[0] for before, after in zip(held.runs(), held.runs()[1:], strict=False))
        whole = many.numpy()
        expected = [value for start, stop in held.runs() for value in whole[start:stop]]
        assert held.lengths().tolist() == list(map(len, expected))

    def test_a_part_is_read_in_full_unless_it_is_long(self, many):
        whole = many.numpy().tolist()
        with Strings(many).reading(1000) as read:
            for part in (slice(0, 9), slice(69_900, MANY), slice(3, 3)):
                assert read(part)[0].tolist() == list(map(len, whole[part]))
                assert read(part)[1] == whole[part]
            lengths, values = read(slice(0, 4096))
            assert lengths.tolist() == list(map(len, whole[:4096]))
            assert values is None

    @pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 2**18 - 1, 2**18, 2**18 + 1, 2**18 + 9])
    def test_bytes_are_added_up(self, tf, count):
        words = tf.strings.as_string(tf.range(count))
        assert strings.string_bytes(words) == (sum(map(len, words.numpy().tolist())), True)

    def test_bytes_of_very_many_are_estimated(self, many, monkeypatch):
        monkeypatch.setattr(strings, "_MOST_MEASURED", 2**16)
        whole = sum(map(len, many.numpy().tolist()))
        found, exact = strings.string_bytes(many)
        assert found == pytest.approx(whole, rel=0.01)
        assert not exact
        assert strings.string_bytes(many.numpy())[0] == pytest.approx(whole, rel=0.05)

    def test_few_and_short_ones_are_read_whole(self, tf, many):
        content = find_adapter(many).content
        assert isinstance(content(tf.constant(["a"])), Dense)
        assert isinstance(content(many[: strings.MOST_STRINGS]), Dense)
        assert isinstance(content(many[: strings.MOST_STRINGS + 1]), Strings)
        assert isinstance(content(tf.constant(b"a" * (strings.MOST_BYTES + 1))), Strings)

    def test_numpy_and_the_conversion_have_all(self, many):
        assert np.asarray(Strings(many)).tolist() == many.numpy().tolist()
        assert to_numpy(many).tolist() == many.numpy().tolist()


SMALL = {
    "scalar": lambda tf: tf.constant("naïve"),
    "bytes": lambda tf: tf.constant(b"\xff\0"),
    "in a line": lambda tf: tf.constant(["a", "", "c d"]),
    "table": lambda tf: tf.constant(["one\ntwo", "three" * 30, "", "é" * 90]),
    "words": lambda tf: tf.constant([["a", "b"], ["c", "d"]]),
    "cube": lambda tf: tf.reshape(tf.strings.as_string(tf.range(60)), (3, 4, 5)),
    "long table": lambda tf: tf.strings.as_string(tf.range(3000)),
    "some not UTF-8": lambda tf: tf.constant([b"\xff", b"a", b"\xc3"] * 20),
    "variable": lambda tf: tf.Variable(["a" * 100, "b"]),
    "ragged": lambda tf: tf.ragged.constant([["a"], [], ["b", "c"]]),
    "long ragged": lambda tf: tf.ragged.constant([[f"{row} {at}" for at in range(row)] for row in range(40)]),
    "ragged of ragged": lambda tf: tf.ragged.constant([[["a"], []], [["b", "c" * 90]]]),
    "ragged of vectors": lambda tf: tf.RaggedTensor.from_row_splits(tf.constant([["a", "b"]] * 30), [0, 9, 9, 30]),
    "sparse": lambda tf: tf.SparseTensor([[0, 1], [2, 2]], ["a", "b" * 80], [3, 3]),
    "long sparse": lambda tf: tf.SparseTensor([[at, 1] for at in range(99)], ["a"] * 99, [99, 3]),
    "slices": lambda tf: tf.IndexedSlices(tf.constant([["a", "b"]] * 20), tf.range(20), tf.constant([50, 2])),
    "wide slices": lambda tf: tf.IndexedSlices(tf.reshape(tf.strings.as_string(tf.range(90)), (3, 30)), tf.range(3)),
    "list": lambda tf: [tf.constant("a"), tf.constant(["b"] * 30), tf.Variable(["c"])],
    "empty": lambda tf: tf.constant([], tf.string),
    "grid": lambda tf: tf.strings.as_string(tf.range(60)),
    "matrix with bytes": lambda tf: tf.constant([[b"\xff", b"a"]] * 20),
    "leaves": lambda tf: {"x": tf.constant([b"\xff", b"ok"]), "y": tf.constant(["a"] * 50)},
}


class TestFewAndShort:
    """Up to 64 of them are shown, all."""

    @settings(max_examples=60)
    @given(
        shape=st.lists(st.integers(1, 4), min_size=1, max_size=5).filter(lambda shape: 8 < np.prod(shape) <= 64)
        | st.builds(lambda count: [count], st.integers(9, 64)),
        length=st.integers(0, 24),
    )
    def test_each_is_there_once(self, tf, shape, length):
        words = [f"{place:02}".rjust(length, "x") for place in range(int(np.prod(shape)))]
        found = card(tf.reshape(tf.constant(words), shape))
        shown = [string.text for string in parse(found["text/html"]).all("bdi")]
        assert shown == [f'"{word}"' for word in words]
        lines = found["text/plain"].split("\n")
        assert max(map(len, lines)) <= 80
        told = re.findall(r'"\w*"', found["text/plain"])
        assert sorted(told) == shown if len(told) == len(shown) else re.search("[⋮…] ", found["text/plain"])

    def test_slices_stand_side_by_side(self, tf):
        words = tf.constant([[["a", "b"], ["c", "d"]], [["e", "f"], ["g", "long"]]])
        _, captions, *rows = text(words).split("\n")
        assert captions.split() == ["[0]", "[1]"]
        assert [row.split() for row in rows] == [['"a"', '"b"', '"e"', '"f"'], ['"c"', '"d"', '"g"', '"long"']]
        assert rows[0].index('"e"') == captions.index("[1]") == rows[1].index('"g"')
        page = card(words)["text/html"]
        assert page.count("<table") == 2
        widths = re.findall(r"width:(\d+)px", page)
        assert len(widths) == 4
        assert len(set(widths)) == 1
        assert int(widths[0]) >= 12 * 0.602 * len('"long"')  # as wide as DejaVu Sans Mono

    @pytest.mark.parametrize("shape", [(64,), (1, 64), (64, 1), (16, 4), (4, 16), (2, 2, 16), (2, 2, 2, 8), (2,) * 6])
    def test_all_64_are_there_in_any_shape(self, tf, shape):
        words = tf.reshape(tf.strings.as_string(tf.range(64)), shape)
        page = card(words)["text/html"]
        assert "<details" not in page
        assert {int(place) for place in re.findall(r"</span>(\d+)<span", page)} == set(range(64))

    def test_a_long_one_among_them_puts_each_on_its_line(self, tf):
        assert text(tf.constant(["a"] * 20 + ["x" * 25])).split("\n")[-1].split() == ["20", "25", f'"{"x" * 25}"']
        assert "⋮" in text(tf.strings.as_string(tf.range(65)))

    def test_what_is_no_utf8_stays_in_the_line(self, tf):
        assert text(tf.constant([b"\xff", b"ok"])).startswith(
            r"""Tensor (2,) string  b'\xff'  "ok"  ⚠ 1 not UTF-8   """
        )
        assert text(tf.constant([b"caf\xe9"])).startswith(r"Tensor (1,) string  b'caf\xe9'  not UTF-8   ")
        leaf = text({"s": tf.constant([b"\xff", b"ok"])}).split("\n")[1]
        assert leaf == r"""s  (2,)  string  b'\xff'  "ok"  ⚠ 1 not UTF-8"""

    def test_what_is_no_utf8_stands_in_its_column(self, tf):
        _, warned, *rows = text(tf.constant([[b"a", b"\xff"], [b"bb", b"c"]])).split("\n")
        assert warned == "⚠ 1 not UTF-8"
        assert rows[0].index("b'") == rows[1].index('"c"')
        *_, first, second = text(tf.constant(["y" * 70, b"\xff"])).split("\n")
        assert first.index('"') == second.index("b'")

    def test_of_one_or_two_nothing_is_counted(self, tf):
        assert "lengths" not in text(tf.constant(["x" * 65])) + text(tf.constant(["x" * 65, "y"]))
        assert "lengths 65 bytes" in text(tf.constant(["x" * 65] * 3))
        assert "lengths 1 byte " in text(tf.constant(["x"] * 80))
        assert "lengths 0 … 1 bytes" in text(tf.constant(["x"] * 80 + [""]))

    def test_a_grid_in_a_tree_stands_in_its_line_or_begins_there(self, tf):
        words = [f"word{place}" for place in range(20)]
        lines = text({"w": tf.constant(words)}).split("\n")
        assert re.findall(r'"(\w+)"', "".join(lines)) == words
        assert len({line.index('"') for line in lines[2:]}) == 1
        line = text({"a rather long name of a leaf": tf.constant(words)}).split("\n")[1]
        assert line.endswith('(20,)  string  "word0"  "word1"  "word2" …')
        assert "lengths 65 bytes" in text({"two": tf.constant(["x" * 65] * 2), "y" * 30: tf.constant(1)})

    @pytest.mark.parametrize("count", [1, 60])
    def test_of_objects_that_are_no_strings_nothing_runs(self, count):
        class Theirs:
            def __str__(self):
                raise AssertionError("it ran")

            __repr__ = __str__

        leaves = {f"a{place}": np.array([Theirs(), "b", None], object) for place in range(count)}
        assert "(3,)  object" in card({**leaves, "x": np.zeros(3)})["text/plain"]


PLACES = {
    "headline": lambda tf, word: tf.constant(word),
    "words": lambda tf, word: tf.constant([[word, "x"], ["y", "z"]]),
    "long ones": lambda tf, word: tf.constant([word, "y" * 40, "z" * 40]),
    "ragged": lambda tf, word: tf.ragged.constant([[[word]], []]),
    "leaf": lambda tf, word: {"x": tf.constant([word])},
}
"""Where a string stands in a card."""


class TestCards:
    @pytest.mark.parametrize("name", SMALL)
    def test_a_card_says_the_same_whether_all_was_read_or_not(self, tf, name, all_large, monkeypatch):
        value = SMALL[name](tf)
        found = card(value)
        monkeypatch.setattr(strings, "MOST_BYTES", 2**23)
        assert found == card(value)

    def test_in_time_very_many_are_read_too(self, many):
        first, numbers, *rows = text(many).split("\n")
        assert first == f"Tensor ({MANY},) string   {sum(map(len, many.numpy().tolist())) / 1024:.0f} KiB · CPU · copy"
        assert numbers == "lengths 1 … 5 bytes   median 5   distinct 69 303   ⚠ 701 not UTF-8"
        assert rows[0] == "       bytes  text"
        assert rows[1].split() == ["0", "1", r"b'\xff'", "not", "UTF-8"]
        assert [row.split()[0] for row in rows[1:]] == ["0", "1", "2", "3", "4", "5", "⋮", "70001", "70002"]
        assert rows[-1].split() == ["70002", "5", '"70002"']

    def test_out_of_time_a_sample_is_read_and_said(self, many):
        numbers = text(many, budget_ms=0.0).split("\n")[1]
        assert re.fullmatch(r"lengths seen 1 … 5 bytes   median 5   ⚠ 4\d not UTF-8   from 4 096 of 70 003", numbers)
        assert text(many.numpy(), budget_ms=0.0).split("\n")[1] == numbers

    def test_of_strings_that_are_long_together_only_the_lengths_are_read(self, tf):
        words = tf.fill([5000], "a" * 1000)
        assert text(words).split("\n")[1] == "lengths 1 000 bytes   median 1 000"

    @settings(max_examples=60)
    @given(words=st.lists(st.binary(max_size=4), min_size=1, max_size=300))
    def test_the_line_is_numpys(self, words):
        said = " ".join(
            span.text for item in string_fields(np.array(words, object), TensorDisplay().options()) for span in item
        )
        sizes = np.array(list(map(len, words)))
        assert f"median {half(float(np.median(sizes)))} distinct {len(set(words))}" in said
        assert ("empty" in said) == (sizes == 0).any()

    def test_an_estimate_says_so(self, tf, many, monkeypatch):
        monkeypatch.setattr(strings, "_MOST_MEASURED", 2**16)
        assert re.match(r"Tensor \(70003,\) string   ≈ \d+ KiB · CPU · copy\n", text(many))
        assert re.match(r"list   2 tensors · 140 006 values · ≈ \d+ KiB\n", text([many, tf.identity(many)]))
        assert "≈" not in text([many[:9]])
        summary = summarize(many)
        assert (summary.role, summary.nbytes_exact) == ("text", False)

    def test_of_a_long_string_what_is_missing_is_counted_in_bytes(self, tf):
        long = "né" * (2**23 // 3 + 1)
        size = len(long.encode())
        line = text(tf.constant(long))
        shown, missing = re.search(r'"(.*)" … \+ ([\d ]+) bytes more', line).groups()
        assert len(shown.encode()) + int(missing.replace(" ", "")) == size
        assert long.startswith(shown)
        assert f"lengths {size:,} bytes".replace(",", " ") in text(tf.constant([long] * 3))

    @pytest.mark.parametrize("width", range(1, 5))
    def test_a_character_that_was_cut_is_no_error(self, width):
        start = ("a" * width + "é" * 300 + "𝄞" * 300).encode()
        shown, left_out, is_text, is_utf8 = quotation(CutString(start[: strings.LONGEST], 10_000))
        assert (is_text, is_utf8) == (True, True)
        assert shown == start.decode()[:72]
        assert left_out == (10_000 - len(shown.encode()), "bytes")

    def test_a_long_string_that_is_not_utf8_is_written_as_bytes(self):
        found = quotation(CutString(b"\xff" * strings.LONGEST, 10_000))
        assert found == (repr(b"\xff" * 9), (9_991, "bytes"), False, False)
        assert found.written.endswith("' … + 9 991 bytes more")

    @given(value=st.binary(min_size=1, max_size=200))
    def test_bytes_are_cut_before_they_are_written(self, value):
        value = b"\xff" + value
        found = quotation(value)
        told = ast.literal_eval(found.text)
        assert (found.is_text, found.is_utf8, value.startswith(told)) == (False, False, True)
        assert (found.left_out or (0,))[0] == len(value) - len(told)
        assert len(found.text) <= 40 or told == value
        assert len(found.written) <= len(repr(value))

    @settings(max_examples=300)
    @given(value=st.text() | st.text('ab"\n\0', min_size=60, max_size=100))
    @example(value="x" * 73)
    @example(value="x" * 85)
    def test_a_string_is_cut_only_where_that_is_shorter(self, value):
        found = quotation(value)
        assert value.startswith(found.text)
        assert (found.left_out or (0,))[0] == len(value) - len(found.text)
        whole = quoted(value)
        assert found.written == whole if found.left_out is None else len(found.written) < len(whole)
        assert (found.left_out is not None) == (len(whole) > 74 and len(found.written) < len(whole))
        if found.left_out is not None:
            assert len(quoted(found.text)) - 2 <= 72
            assert len(quoted(value[: len(found.text) + 1])) - 2 > 62  # an escape may be ten long

    def test_a_sentence_by_itself_is_told_whole(self, tf):
        sentence = "The quick brown fox jumps over the lazy dog, and then over the next one. " * 4
        lines = text(tf.constant(sentence)).split("\n")[1:]
        assert " ".join(line.strip() for line in lines) == f'"{sentence}"'
        assert text(tf.constant([sentence] * 2)).count("… + ") == 2

    def test_of_a_longer_one_the_beginning_and_how_much_is_missing(self, tf):
        lines = text(tf.constant("word " * 200)).split("\n")
        assert len(lines) == 7
        assert lines[-1].endswith('" … + 600 more')
        assert max(map(len, lines)) <= 80

    @pytest.mark.parametrize("place", PLACES)
    @given(data=st.data())
    @settings(max_examples=40)
    def test_different_strings_look_different(self, tf, place, data):
        """As they stand there, without what is said of them."""
        signs = st.text("ab \\\"'u0x21b5n\n\t\r\0↵⇥␍\xa0\u200b\u200d\ue000\U000e0001é", max_size=6)
        one = data.draw(signs)
        other = data.draw(st.sampled_from([printable, escaped]))(one) if data.draw(st.booleans()) else data.draw(signs)
        assume(one != other)
        pages = [card(PLACES[place](tf, word)) for word in (one, other)]
        shown = [re.findall("b?[\"'].*?(?=   [0-9]+ B|$)", page["text/plain"], re.MULTILINE) for page in pages]
        assert shown[0] != shown[1]
        shown = [[string.text for string in parse(page["text/html"]).all("bdi")] for page in pages]
        assert shown[0] != shown[1]
        assert all(shown)

    def test_of_an_encoded_picture_a_narrow_page_has_the_beginning(self, tf):
        png = tf.io.encode_png(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
        size = len(png.numpy())
        for value in (png, tf.stack([png, png])):
            bundle = mimebundle(value, TensorDisplay().options())
            assert max(map(len, bundle["text/plain"].splitlines())) <= 80
            for said in (bundle["text/plain"], html.unescape(re.sub("<[^>]*>", "", bundle["text/html"]))):
                written, missing = re.search(r"(b'[^…]*')\s*… \+ (\d+) bytes more\s*not UTF-8", said).groups()
                assert ast.literal_eval(written) == png.numpy()[: size - int(missing)]
            assert re.search(r"<bdi style='font-family:ui-monospace[^>]*>b&#x27;", bundle["text/html"])

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("cut", [False, True])
    def test_a_message_that_happens_to_be_utf8_is_shown_as_bytes(self, tf, place, cut):
        message = tf.io.serialize_tensor(np.arange(8, dtype=np.int8)).numpy()
        message = message if cut else message[:6]
        assert message.decode()
        bundle = card(PLACES[place](tf, message))
        for said in (bundle["text/plain"], html.unescape(re.sub("<[^>]*>", "", bundle["text/html"]))):
            assert "UTF-8" not in said
            written, missing = re.search(r"(b'[^…]*?'|b\"[^…]*?\")(?:\s*… \+ (\d+) bytes more)?", said).groups()
            assert ast.literal_eval(written) == message[: len(message) - int(missing or 0)]

    @pytest.mark.parametrize(
        "text", ["two\nlines\tand a page\f\r\n", "\x1b[31mred\x1b[0m", "one \x08 in twenty characters", ""]
    )
    def test_a_text_is_none_for_its_line_breaks_its_colours_or_one_sign(self, text):
        assert quotation(text.encode()) == quotation(text)

    def test_inside_a_function_a_tensor_from_outside_is_read_all_the_same(self, tf, many):
        seen = []

        @tf.function(autograph=False)
        def trace():
            seen.append(text(many))
            return 0

        trace()
        assert seen == [text(many)]
        with tf.Graph().as_default():
            assert "\nlengths 1 … 5 bytes" in text(many)

    def test_the_result_of_a_conversion_has_its_own_bytes_and_the_same_strings(self, many):
        shown = mimebundle(many, TensorDisplay().options(), result=to_numpy(many))["text/plain"]
        assert shown.split("\n")[0] == text(many).split("\n")[0]
        assert shown.split("\n")[2:] == text(many).split("\n")[2:]
