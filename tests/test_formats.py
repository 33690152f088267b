"""Text and HTML of documents: blocks one by one, and that nothing of the user's becomes markup."""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import struct
import warnings
import zlib
from collections import namedtuple
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markup import declarations, parse

from tfnp_ext import TensorDisplay, wording
from tfnp_ext.display import compose
from tfnp_ext.display.quoting import quotation
from tfnp_ext.document import (
    Bar,
    Bars,
    Beside,
    Cell,
    Child,
    Children,
    Document,
    Fields,
    Figure,
    Fold,
    Heading,
    LeftOut,
    Note,
    Picture,
    Row,
    Span,
    Sparkline,
    Table,
    Tile,
    Tiles,
)
from tfnp_ext.formats import FORMATS, render_html, render_text
from tfnp_ext.formats.html.sparklines import sparkline_png
from tfnp_ext.formats.text import wording_width
from tfnp_ext.png import palette_png

HOSTILE = "<script>alert(\"1\")</script><img src=x onerror='alert(2)'>&amp;<b"
HEBREW = "שלום"


def extension_of(tf, name: str):
    """Returns a value of a user's own ``ExtensionType`` of this name."""
    base = tf.experimental.ExtensionType
    return type(name, (base,), {"__annotations__": {"x": tf.Tensor}, "__module__": "mine"})(tf.constant(1))


KEPT = {
    "div": {"class", "style"}, "span": {"style", "title"}, "b": {"style", "title"}, "bdi": {"style", "title"},
    "table": {"style"}, "caption": {"style"}, "thead": set(), "tbody": set(), "tr": {"style"},
    "td": {"style", "title", "colspan"},
    "th": {"style", "colspan", "title"}, "details": {"style", "open"}, "summary": {"style"}, "style": set(),
    "img": {"width", "height", "alt", "title", "style", "src"}, "br": set(), "p": {"style"},
}  # fmt: skip
"""What an untrusted notebook's sanitizer keeps, and the attributes that we use of it."""


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class Page(HTMLParser):
    """Reads HTML as a browser does, and fails on any element or attribute that is not in ``KEPT``."""

    OPTIONAL_ENDS = {"td", "th", "tr", "thead", "tbody"}
    VOID = {"img", "br"}

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, tuple[str, ...]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        assert tag in KEPT, f"<{tag}> is not ours"
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute of <{tag}> occurs twice: {names}"
        for name, value in attrs:
            assert name in KEPT[tag], f"{name}= of <{tag}> is not ours"
            if name == "src":
                assert value.startswith("data:image/")
            self.attributes.append((tag, name, value or ""))
        self.tags.append(tag)
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open[-1] != tag and self._open[-1] in self.OPTIONAL_ENDS:
            self._open.pop()
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.texts.append((data, tuple(self._open)))

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.texts)

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def blocks(*content) -> Document:
    return Document(Heading("Kind"), content)


def below(*content) -> str:
    """Returns the text of blocks, without the heading's line."""
    return render_text(blocks(*content)).removeprefix("Kind").removeprefix("\n")


def dot(*_: object) -> Picture:
    return Picture(palette_png(np.array([[0]], np.uint8), ((0, 0, 0, 255),)), "image/png", 8, 4)


class TestText:
    def test_a_headline(self):
        heading = Heading("Tensor", "v", "(3,)", "int32", role="labels", facts=("12 B", "CPU"))
        assert render_text(Document(heading)) == "Tensor v (3,) int32 · labels   12 B · CPU"
        assert render_text(Document(Heading("dict"))) == "dict"

    def test_values_that_pass_column_80_go_to_the_next_line(self):
        heading = Heading("Tensor", shape="(8,)", dtype="float64", values=(Span("1.2345678"),) * 8, facts=("64 B",))
        first, *rest = render_text(Document(heading)).split("\n")
        assert first == "Tensor (8,) float64   64 B"
        assert rest == ["      " + "  ".join(["1.2345678"] * 6), "      " + "  ".join(["1.2345678"] * 2)]

    def test_fields_are_three_spaces_apart_and_break_between_fields_only(self):
        assert below(Fields(((Span("min"), Span("1")), (Span("max"), Span("2"))))) == "min 1   max 2"
        lines = below(Fields(((Span("label"), Span("x" * 20)),) * 6)).split("\n")
        assert len(lines) > 1
        assert all(len(line) <= 80 for line in lines)
        assert all(line.count("label") == line.count("x" * 20) for line in lines)

    def test_a_comma_follows_without_a_space(self):
        assert below(Note((Span("at"), Span("[1]"), Span(", rows"), Span("1 2")))) == "at [1], rows 1 2"

    def test_a_sparkline_is_sixteen_blocks(self):
        spark = Sparkline(tuple([1] * 32 + [0] * 32), -1.0, 1.0)
        assert below(Fields(((Span("min"), spark, Span("max")),))) == "min ████████▁▁▁▁▁▁▁▁ max"

    @pytest.mark.parametrize("bins", [7, 16, 23, 33, 50, 63, 64])
    def test_bars_of_one_height_are_blocks_of_one_height(self, bins):
        assert set(below(Fields(((Sparkline((5,) * bins, 0, 99),),)))) == {"█"}

    def test_a_table_is_right_aligned_two_spaces_apart(self):
        table = Table((Row((Cell("1"), Cell("-20"))), Row((Cell("300"), Cell("4")))))
        assert below(table) == "  1  -20\n300    4"

    def test_headers_columns_captions_and_words(self):
        table = Table(
            (Row((Cell("1"), Cell("yes", align="left")), header="0"),
             Row((Cell("22"), Cell("maybe", align="left")), header="10")),
            columns=("n", "said"), caption="[0]",
        )  # fmt: skip
        assert below(table) == "[0]\n     n  said\n 0   1  yes\n10  22  maybe"

    def test_rows_of_unequal_length(self):
        table = Table((Row((Cell("1"), Cell("2")), header="0"), Row((), header="1")))
        assert below(table) == "₀  1  2\n₁"
        assert below(Table(())) == ""

    def test_the_answer_of_a_row_is_marked(self):
        assert below(Table((Row((Cell("0.1"), Cell("0.9", framed=True))),))) == "0.1  ▸0.9"

    def test_blocks_side_by_side_while_they_fit(self):
        one = Table((Row((Cell("1"),)), Row((Cell("2"),))), caption="[0]")
        two = Table((Row((Cell("3"),)),), caption="[1]")
        assert below(Beside((one, two))) == "[0]      [1]\n  1        3\n  2" or below(Beside((one, two))) == (
            "[0]      [1]\n1        3\n2"
        )
        wide = Table((Row((Cell("x" * 50),)),))
        assert below(Beside((wide, wide))) == f"{'x' * 50}\n{'x' * 50}"

    def test_bars(self):
        bars = Bars((Bar("cat", "75.0 %", 1.0, strong=True), Bar("dog", "25.0 %", 0.5)), rest="3 others 0 %")
        assert below(bars) == f"▸ cat  75.0 % {'█' * 40}\n  dog  25.0 % {'█' * 20}\n  3 others 0 %"
        assert "-" in below(Bars((Bar("a", "-1.0", -0.5),)))

    def test_a_fold_shows_its_preview_and_a_figure_its_fallback_and_neither_is_drawn(self):
        def explode():
            raise AssertionError("drawn for a terminal")

        note = Note((Span("instead"),))
        assert below(Fold("12 values", (Span("why"),), (Table(()),), note)) == "instead"
        assert below(Figure(explode, "alt", note)) == "instead"
        assert below(Tiles(explode, "alt", note)) == "instead"
        assert below(Figure(explode, "alt")) == ""

    def test_a_tree(self):
        leaf = Document(Heading("Tensor", shape="(3,)", dtype="int32", values=(Span("1"), Span("2"))))
        plain = Document(Heading("", values=(Span("None"),)))
        group = Document(Heading("dict", facts=("1 tensor",)), (Children((Child("x", leaf),)),))
        tree = Children((Child("long name", leaf), Child("b", plain), Child("c", group, open=True)), more=1200)
        assert below(tree) == (
            "long name  (3,)  int32  1  2\nb          None\nc          1 tensor\n"
            "  x        (3,)  int32  1  2\n… 1 200 more"
        )
        closed = Children((Child("c", group),))
        assert below(closed) == "c    1 tensor\n  x  (3,)  int32  1  2"  # a terminal cannot unfold

    def test_a_table_in_pieces_has_its_labels_beside_each(self):
        table = Table(tuple(Row(tuple(Cell(f"{row}.{column:07}") for column in range(12))) for row in range(2)),
                      compact=True)  # fmt: skip
        lines = below(table).split("\n")
        assert [line.split()[0] for line in lines] == ["₀", "₀", "₁", "₇", "₀", "₁"]
        assert lines[0].split() == list("₀₁₂₃₄₅₆")
        assert lines[4].split() == ["₀", *(f"0.{column:07}" for column in range(7, 12))]

    @pytest.mark.parametrize(
        "heading",
        [
            Heading(
                "Tensor", "v" * 500, "(3,)", "int32", "labels " * 40, values=(Span("x" * 90),), facts=("f" * 30,) * 9
            ),
            Heading("K" * 200),
            Heading("Tensor", shape="()", dtype="string", values=(Span('"' * 72, "code", left_out=LeftOut(4928)),)),
            Heading(
                "Tensor", shape="()", dtype="string", values=(Span(f"b'{chr(92)}xff" + chr(92) * 80 + "'", "bytes"),)
            ),
            Heading("Tensor", shape="()", dtype="string", values=(Span("some words " * 8, "code"),)),
        ],
        ids=["all", "kind", "quotes", "bytes", "words"],
    )
    def test_no_line_of_a_headline_passes_column_80(self, heading):
        assert all(wording_width(line) <= 80 for line in render_text(Document(heading)).split("\n"))

    def test_a_card_of_one_line_leaves_room_for_the_prompt(self):
        heading = Heading("Tensor", shape="()", dtype="string", values=(Span("x" * 40, "code"),), facts=("12 B",))
        assert render_text(Document(heading)) == f'Tensor () string  "{"x" * 40}"   12 B'
        heading = Heading("Tensor", shape="()", dtype="string", values=(Span("x" * 48, "code"),), facts=("12 B",))
        assert render_text(Document(heading)) == f'Tensor () string  "{"x" * 48}"\n      12 B'

    def test_what_is_cut_of_a_string_is_counted(self):
        span = Span("x" * 72, "code", left_out=LeftOut(4928))
        text = render_text(Document(Heading("Tensor", values=(span,))))
        assert text.endswith(f'x" … + 4 {1000 - text.count("x")} more')
        cell = Cell("x" * 72, "code", left_out=LeftOut(28), after=(Span("not UTF-8", "invalid"),))
        text = below(Table((Row((cell,), header="0"),), compact=True))
        assert len(text) <= 80
        assert text.endswith(f'x" … + {100 - text.count("x")} more not UTF-8')

    @pytest.mark.parametrize("missing", [None, LeftOut(1234, "bytes")])
    def test_bytes_are_cut_between_two_of_them(self, missing):
        value = bytes(range(0x7D, 0xA0)) + b"\\'\n"
        cell = Cell(repr(value), "bytes", left_out=missing)
        text = below(Table((Row((cell,), header="a name of a row, to be cut beside"),), compact=True))
        assert len(text) <= 80
        shown, more = re.search(r"(b['\"].*['\"]) … \+ ([\d ]+) bytes more$", text).groups()
        shown = ast.literal_eval(shown)
        assert value.startswith(shown)
        assert int(more.replace(" ", "")) == len(value) - len(shown) + (missing.amount if missing else 0)

    @settings(max_examples=200, deadline=None)
    @given(words=st.lists(st.text('ab ↵é日"', min_size=1, max_size=20), min_size=1, max_size=12))
    @example(words=["x" * 84])
    @example(words=["two  spaces" * 7])
    def test_a_string_alone_goes_on_in_the_next_line(self, words):
        """Where it is broken between words, one space stood there; else it is cut and what is missing counted."""
        string = " ".join(words)
        first, *rest = render_text(Document(Heading("Tensor", values=(Span(string, "code"),)))).split("\n")
        lines = [first.removeprefix("Tensor  "), *rest] if first != "Tensor" else rest
        assert all(wording_width(line) <= 80 for line in (first, *rest))
        cut = re.fullmatch(r' *"(.*)" … \+ (\d+) more', lines[0])
        if cut:
            kept = string[: len(string) - int(cut[2])]
            assert (wording.escaped(kept), len(lines)) == (cut[1], 1)
        else:
            assert (
                " ".join(line[7 if at else 0 :] for at, line in enumerate(lines)).strip()
                == f'"{wording.escaped(string)}"'
            )

    def test_a_line_of_numbers_too_long_by_itself_goes_on_in_the_next(self):
        lines = below(Fields(((Span(" ".join(["word"] * 30)),),))).split("\n")
        assert all(len(line) <= 80 for line in lines)
        assert " ".join(lines).split() == ["word"] * 30

    @pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("", 0), ("😀", 2)])
    def test_columns_of_a_terminal(self, text, width):
        assert wording_width(text) == width

    def test_wide_characters_keep_columns_aligned(self):
        table = Table((Row((Cell("日本"), Cell("1"))), Row((Cell("a"), Cell("2")))))
        assert below(table) == "日本  1\n   a  2"

    PLACES = {
        "a string": lambda tf, word: (tf.constant([word, "x"]), {}),
        "strings": lambda tf, word: (tf.constant([word] * 20), {}),
        "ragged": lambda tf, word: (tf.ragged.constant([[word], []]), {}),
        "sparse": lambda tf, word: (tf.sparse.SparseTensor([[0, 1]], [word], (2, 2)), {}),
        "a key": lambda tf, word: ({word: tf.constant(1)}, {}),
        "an entry": lambda tf, word: ([tf.constant(1), word], {}),
        "a variable's name": lambda tf, word: (tf.Variable(1.0, name=word), {}),
        "a class": lambda tf, word: (type(word, (dict,), {})(x=tf.constant(1)), {}),
        "a class of named tuples": lambda tf, word: (type(word, (namedtuple("Pair", "x"),), {})(tf.constant(1)), {}),
        "a class of extensions": lambda tf, word: (extension_of(tf, word), {}),
        "a class in a tree": lambda tf, word: ([type(word, (dict,), {})(x=tf.constant(1))], {}),
        "a label": lambda tf, word: (tf.constant([0.7, 0.2, 0.1]), {"labels": [word, "b", "c"]}),
        "a label of a batch": lambda tf, word: (tf.constant([[0.7, 0.2, 0.1]] * 3), {"labels": [word, "b", "c"]}),
        "a label of logits": lambda tf, word: (tf.constant([9.0, -3, 2, -1, 0, 3, -2, 1, 5]),
                                               {"labels": [word, *"bcdefghi"]}),
    }  # fmt: skip

    @pytest.mark.parametrize("bad", ["\x1b[2J", "a\nb", "a\rb", "\x07", "\u202eabc", "\x9b31m", "a\u2028b"], ids=ascii)
    @pytest.mark.parametrize("place", PLACES)
    def test_no_control_character_of_the_users_reaches_the_terminal(self, tf, place, bad):
        """One could clear the screen, turn the line around, or put words of its own on a line of ours."""
        value, options = self.PLACES[place](tf, bad)
        text = render_text(compose(value, TensorDisplay().options(**options)))
        assert not [character for character in text if character != "\n" and not character.isprintable()]
        # A word as long as what is written in its place: layouts depend on the length of names.
        is_data = place in {"a string", "strings", "ragged", "sparse"}
        length = len(quotation(bad.encode()).written) - 2 if is_data else len(wording.printable(bad))
        value, options = self.PLACES[place](tf, "w" * length)
        assert text.count("\n") == render_text(compose(value, TensorDisplay().options(**options))).count("\n")


class TestHtml:
    def test_a_headline_in_three_levels(self):
        heading = Heading("Tensor", "v", "(3,)", "int32", "labels", "read as labels", (Span("1", "strong"),), ("12 B",))
        page = Page(render_html(Document(heading)))
        assert page.text.replace("\xa0", " ") == "Tensor v (3,) int32 · labels112 B"
        assert ("span", "title", "read as labels") in page.attributes
        weights = [text for text, path in page.texts if "b" in path]
        assert weights == ["Tensor", "(3,)", "1"]

    def test_every_block_is_closed_and_allowed(self):
        leaf = Document(Heading("Tensor", shape="(3,)", dtype="int32", values=(Span("1"),)))
        table = Table((Row((Cell("1", ground=0.5), Cell("nan", "invalid")), header="0"),), ("a", "b"), "[0]", True)
        page = Page(render_html(blocks(
            Fields(((Span("min", "secondary"), Sparkline((1, 2, 3), -1.0, 2.0)),)),
            Note((Span("a note", "unsure"),)),
            table,
            Figure(dot, "a chart"),
            Tiles(lambda: (Tile(dot(), "tile", "title", "caption"),), "tiles"),
            Bars((Bar("a", "1", 1.0, True), Bar("b", "-1", -1.0)), rest="2 others"),
            Bars((Bar("a", "1", 1.0, True),), columns=True),
            Beside((table, table)),
            Fold("9 values", (Span("why"),), (table,)),
            Children((Child("x", leaf), Child("y", blocks(Children((Child("z", leaf),), 3)), open=True)), more=2),
        )))  # fmt: skip
        assert page.values("alt") == ["histogram from -1.00 to 2.00", "a chart", "tile"]
        assert {"details", "summary", "table", "img"} <= set(page.tags)
        for word in ("a note", "[0]", "nan", "2 others", "9 values · why", "… 2 more", "… 3 more", "caption"):
            assert word in page.text

    def test_no_script_no_svg_no_class_but_ours(self, tf):
        html = render_html(compose(tf.random.stateless_normal((30, 30), (0, 1)), TensorDisplay().options()))
        assert {value for _, name, value in Page(html).attributes if name == "class"} == {"tfnp"}
        for word in ("<script", "<svg", "var(", "javascript:", "http:", "https:", "<code", "@import"):
            assert word not in html

    def test_heat_is_blue_above_zero_orange_below_and_none_near_it(self):
        cells = (Cell("1", ground=1.0), Cell("-1", ground=-1.0), Cell("0", ground=0.01), Cell("9", ground=7.0))
        styles = Page(render_html(blocks(Table((Row(cells),))))).values("style")
        grounds = [style for style in styles if "background:#" in style]
        assert grounds == ["background:#3a7dc0b8", "background:#c0631ab8", "background:#3a7dc0b8"]

    @pytest.mark.parametrize(("columns", "text", "pieces"), [
        (16, "-1.2345678", [16]), (20, "-0.691", [10, 10]), (32, "1.97e-10", [11, 11, 10]), (32, "12", [32]),
    ])  # fmt: skip
    def test_an_open_table_that_is_wider_than_a_page_goes_on_below(self, columns, text, pieces):
        rows = tuple(Row(tuple(Cell(text) for _ in range(columns)), header=str(row)) for row in range(2))
        table = Table(rows, tuple(map(str, range(columns))), compact=True)
        tables = parse(render_html(blocks(table))).all("table")
        headings = [[cell.text for cell in table.rows()[0]][1:] for table in tables]
        assert [len(heading) for heading in headings] == pieces
        assert [name for heading in headings for name in heading] == list(map(str, range(columns)))
        for table in tables:
            assert [row[0].text for row in table.rows()[1:]] == ["0", "1"]
            assert {cell.text for row in table.rows()[1:] for cell in row[1:]} == {text}

    def test_what_is_pinned_or_of_strings_is_scrolled(self):
        rows = (Row(tuple(Cell("-0.691") for _ in range(20))),)
        pinned = Table(rows, tuple(map(str, range(20))), compact=True, pinned=1)
        assert [len(table.rows()[0]) for table in parse(render_html(blocks(pinned))).all("table")] == [19, 1]
        wide = Table((Row(tuple(Cell("a" * 40) for _ in range(16))),), tuple(map(str, range(16))), compact=True)
        assert len(list(parse(render_html(blocks(wide))).all("table"))) == 1

    def test_pinned_columns_stand_outside_of_what_scrolls(self):
        answers = [Cell("cat", "strong", align="left"), Cell("", align="left")]
        rows = tuple(Row((Cell("0.9"), Cell("0.1"), answer), header=str(at)) for at, answer in enumerate(answers))
        table = Table(rows, ("cat", "dog", ""), compact=True, pinned=1)
        root = parse(render_html(blocks(table)))
        left, right = root.all("table")
        assert "overflow-x:auto" in left.parent.attributes["style"]
        assert "display:flex" in right.parent.attributes["style"]
        assert [cell.text for row in left.rows() for cell in row] == [
            "",
            "cat",
            "dog",
            *["0", "0.9", "0.1", "1", "0.9", "0.1"],
        ]
        # As many rows, none without words: an empty one would be lower than its neighbour.
        assert [cell.text for row in right.rows() for cell in row] == [
            "\N{NO-BREAK SPACE}",
            "cat",
            "\N{NO-BREAK SPACE}",
        ]
        assert render_text(blocks(table)) == render_text(blocks(dataclasses.replace(table, pinned=0)))

    @pytest.mark.parametrize("width", [300, 301, 400, 401, 830])
    def test_a_wide_picture_shrinks_until_its_words_are_small_and_is_then_scrolled(self, width):
        drawn = Picture(b"", "image/png", width, 100)
        (image,) = parse(render_html(blocks(Figure(lambda: drawn, "a chart of 1")))).all("img")
        style = declarations(image.attributes.get("style", ""))
        assert (style.get("max-width") == "100%") == (width > 300)
        assert style.get("min-width") == (f"{round(0.75 * width)}px" if width > 400 else None)
        assert ("overflow-x:auto" in image.parent.attributes["style"]) == (width > 400)

    def test_a_picture_that_cannot_be_drawn_is_its_words_and_why(self):
        def explode():
            raise MemoryError(f"no room {HOSTILE}\nsecond line")

        fallback = Note((Span("instead"),))
        for block in (Figure(explode, "a chart", fallback), Tiles(explode, "a chart", fallback)):
            page = Page(render_html(blocks(block)))
            assert "a chart (not drawn: MemoryError: no room" in page.text
            assert "instead" in page.text
            assert "img" not in page.tags

    def test_every_image_has_alt_text_and_a_size(self, tf):
        for value in (tf.nn.softmax(tf.range(10.0)), tf.random.stateless_normal((30, 30), (0, 1)), tf.range(100.0) % 7,
                      tf.cast(tf.random.stateless_uniform((4, 9, 9, 3), (0, 1)) * 255, tf.uint8)):  # fmt: skip
            page = Page(render_html(compose(value, TensorDisplay().options())))
            assert page.tags.count("img") >= 1
            for name in ("alt", "width", "height"):
                given_ = [value for tag, attribute, value in page.attributes if (tag, attribute) == ("img", name)]
                assert len(given_) == page.tags.count("img")
                assert all(given_)
            assert not any(alt.strip().lower() in {"image", "plot"} for alt in page.values("alt"))


class TestSparkline:
    """The picture of the little histogram, pixel by pixel."""

    BLUE, GREY = (0x3A, 0x7D, 0xC0, 255), (0x76, 0x76, 0x76, 128)

    @staticmethod
    def pixels(counts, low=0.0, high=1.0):
        from PIL import Image

        data = sparkline_png(tuple(counts), low, high)
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))

    def heights(self, pixels):
        """Returns how many pixels of each column are blue, having seen that they stand on each other."""
        blue = (pixels[:-2] == self.BLUE).all(axis=-1)
        assert (np.diff(blue.astype(int), axis=0) >= 0).all()
        return blue.sum(axis=0)

    def test_it_has_two_pixels_for_each_of_the_page(self):
        written = render_html(Document(Heading("Tensor"), (Fields(((Sparkline((1, 2), 0, 1),),)),)))
        assert "<img width=64 height=14 " in written
        assert self.pixels([1, 2]).shape == (28, 128, 4)

    def test_it_stands_on_a_line(self):
        assert (self.pixels([1, 0, 2])[-2:] == self.GREY).all()

    @given(st.lists(st.integers(0, 10**6), min_size=1, max_size=64).filter(any))
    def test_bars_are_as_high_as_their_counts(self, counts):
        heights = self.heights(self.pixels(counts))
        assert heights.max() == 24
        assert (heights > 0).any()
        if len(counts) <= 16:
            middles = [int((place + 0.4) * 128 / len(counts)) for place in range(len(counts))]
            expected = np.array(counts) / max(counts) * 24
            assert np.abs(heights[middles] - expected).max() <= 1
            assert ((heights[middles] > 0) == (np.array(counts) > 0)).all()
        elif len(counts) == 64:
            pairs = np.reshape(counts, (32, 2)).sum(axis=1)
            if 3 * (pairs == 0).sum() <= 32:
                bars = heights.reshape(32, 4)
                assert (bars == bars[:, :1]).all()
                assert np.abs(bars[:, 0] - pairs / pairs.max() * 24).max() <= 1

    def test_what_is_rare_beside_one_frequent_value_is_no_dead_line(self):
        red = [13, 4, 2, *[1] * 40, *[2] * 20, 1]
        assert len(set(self.heights(self.pixels(red)))) >= 4

    @pytest.mark.parametrize("levels", [9, 17])
    def test_values_on_a_grid_are_no_comb(self, levels):
        values = np.random.default_rng(0).integers(0, levels, 4000).astype(np.float32)
        assert (self.heights(self.pixels(np.histogram(values, 64)[0].tolist())) > 0).mean() > 0.4

    @pytest.mark.parametrize("bins", [1, 7, 16, 17, 32, 50, 64])
    @pytest.mark.parametrize(
        ("low", "high"), [(-1.0, 1.0), (-1.0, 3.0), (-1e-9, 1.0), (-1.0, 1e-9), (-2, 5), (-1.7e308, 1.7e308)]
    )
    def test_the_tick_at_zero_stands_above_the_bars(self, bins, low, high):
        pixels = self.pixels([10] * bins, low, high)
        grey = (pixels[:-2] == self.GREY).all(axis=-1)
        (columns,) = np.nonzero(grey[:2].all(axis=0))
        assert len(columns) == 2
        assert abs(columns.mean() / 127 - low / 2 / (low / 2 - high / 2)) < 0.02
        assert not grey[:, np.setdiff1d(np.arange(128), columns)].any()

    @pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-2.0, 0.0), (3, 9), (-5e-324, 5e-324)])
    def test_no_tick_where_zero_is_an_end_or_outside(self, low, high):
        pixels = self.pixels([1, 0, 1] * 6, low, high)
        assert (pixels[0] == self.GREY).all(axis=-1).any() == (low < 0 < high)


class TestNothingOfTheUsersIsMarkup:
    CASES = {
        "a scalar string": (lambda tf: tf.constant(HOSTILE), {}),
        "strings in the headline": (lambda tf: tf.constant(["<b>", "'\"&"]), {}),
        "strings in a table": (lambda tf: tf.constant([HOSTILE] * 20), {}),
        "bytes that are not UTF-8": (lambda tf: tf.constant([b"\xff" + HOSTILE.encode()] * 20), {}),
        "ragged strings": (lambda tf: tf.ragged.constant([[HOSTILE, "a"], []]), {}),
        "sparse strings": (lambda tf: tf.sparse.SparseTensor([[0, 1]], [HOSTILE], (2, 2)), {}),
        "string variable": (lambda tf: tf.Variable([HOSTILE]), {}),
        "an array of str": (lambda tf: np.array([HOSTILE] * 12, object), {}),
        "labels of one vector": (lambda tf: tf.constant([0.7, 0.2, 0.1]), {"labels": [HOSTILE, "b", "c"]}),
        "labels of ten": (lambda tf: tf.constant([0.1] * 10), {"labels": [HOSTILE] * 10}),
        "labels of a small batch": (lambda tf: tf.constant([[0.7, 0.2, 0.1]] * 3), {"labels": [HOSTILE, "b", "c"]}),
        "labels of a batch": (lambda tf: tf.constant([[0.7, 0.2, 0.1]] * 30), {"labels": [HOSTILE, "b", "c"]}),
        "labels of logits": (lambda tf: tf.constant([-4.1, 3.3, 0.2, -2.0, 5.5] * 2), {"labels": [HOSTILE] * 10}),
        "a variable's name": (lambda tf: tf.Variable([1.0], name=HOSTILE), {}),
        "a symbol's name": (lambda tf: tf.keras.Input((3,), name=HOSTILE.replace("/", "")), {}),
        "dict keys": (lambda tf: {HOSTILE: tf.constant(1), "in": {HOSTILE: [tf.constant(2), HOSTILE]}}, {}),
        "keys of other types": (lambda tf: {(HOSTILE, 1): tf.constant(1), b"<b>": tf.constant(1)}, {}),
        "a class name": (lambda tf: np.zeros(3).view(type(HOSTILE, (np.ndarray,), {})), {}),
        "names of fields": (lambda tf: np.zeros(2, [(HOSTILE, "f4")]), {}),
        "an extension type": (lambda tf: _class(tf.experimental.ExtensionType, values=tf.Tensor)(tf.ones((9, 9))), {}),
        "fields of a named tuple": (lambda tf: _named(tf.constant(1), tf.ones((9, 9))), {}),
        "fields of a dataclass": (lambda tf: _recorded(tf.constant(1)), {}),
        "a dict's class": (lambda tf: type(HOSTILE, (dict,), {})(x=tf.constant(1)), {}),
        "layers of a model": (lambda tf: _model(tf), {}),
        "attributes of a module": (lambda tf: _with_attribute(tf.Module(), tf.Variable([1.0])), {}),
        "keys of a dataset": (lambda tf: tf.data.Dataset.from_tensor_slices({HOSTILE: [1, 2]}), {}),
        "features of an example": (lambda tf: _example(tf), {}),
        "names of files": (lambda tf: {f"weights/{HOSTILE}.h5": tf.ones((9, 9)), f"a\\{HOSTILE}": tf.constant(1)}, {}),
        "the name of a batch of symbols": (lambda tf: tf.keras.Input((2, 3), name="<script>" + "x" * 300), {}),
    }

    @pytest.mark.parametrize("plots", [True, False], ids=["picture", "plain"])
    @pytest.mark.parametrize("name", CASES)
    def test_markup_stays_text(self, tf, name, plots):
        make, options = self.CASES[name]
        page = Page(render_html(compose(make(tf), TensorDisplay().options(plots=plots, **options))))
        if name not in {"strings in the headline", "names of fields", "a symbol's name"}:
            said = page.text + "".join(page.values("alt") + page.values("title"))
            assert "<script>" in said
        assert "script" not in page.tags

    QUOTES = ("it's", 'a "dog"', "'", '"', "`", "&quot;", '" onload="x', "' onload='x", "><", "a=b")

    @pytest.mark.parametrize("plots", [True, False], ids=["picture", "plain"])
    @pytest.mark.parametrize("place", ["columns", "bars", "batch", "small batch", "keys"])
    def test_labels_with_quotes_come_through_whole(self, tf, place, plots):
        """An attribute that a quote had ended would lose the rest of the label, or gain another attribute."""
        names = [*self.QUOTES, *(f"class {index}" for index in range(30 if place == "bars" else 0))]
        vectors = {"columns": 1, "bars": 1, "batch": 30, "small batch": 3}
        scores = [[0.9 if index == row % 10 else 0.1 / (len(names) - 1) for index in range(len(names))]
                  for row in range(vectors.get(place, 1))]  # fmt: skip
        for label in self.QUOTES:
            rotated = names[names.index(label) :] + names[: names.index(label)]
            value = (
                {label: tf.ones((9, 9))} if place == "keys" else tf.constant(scores if len(scores) > 1 else scores[0])
            )
            options = {} if place == "keys" else {"labels": rotated}
            page = Page(render_html(compose(value, TensorDisplay().options(plots=plots, **options))))
            assert label in page.text + "".join(page.values("alt") + page.values("title"))

    @settings(max_examples=100, deadline=None)
    @given(text=st.text(max_size=40))
    @example(text=HOSTILE)
    @example(text="\"'&lt;")
    def test_any_text_in_any_place_stays_text(self, text):
        cell = Cell(text, title=text, mono=True)
        leaf = Document(Heading("Tensor", shape=text, dtype=text, values=(Span(text, "code", text),), facts=(text,)))
        document = Document(
            Heading(text, text, text, text, text, text, (Span(text, "strong", text),), (text,)),
            (
                Fields(((Span(text, "secondary", text), Span(text, "invalid", text)),)),
                Note((Span(text, "unsure", text),)),
                Table((Row((cell, Cell(text, "strong", title=text)), header=text),), (text, text), text),
                Figure(dot, text),
                Tiles(lambda: (Tile(dot(), text, text, text),), text),
                Bars((Bar(text, text, 0.5),), rest=text),
                Bars((Bar(text, text, 0.5),), columns=True),
                Fold(text, (Span(text), Span(text, "typed")), (Note((Span(text),)),)),
                Children((Child(text[:40], leaf), Child(text[:40], blocks(Children((Child(text[:40], leaf),))))),),
            ),
        )  # fmt: skip
        page = Page(render_html(document))
        clean = Page(render_html(_replace_text(document)))
        assert [tag for tag in page.tags if tag != "bdi"] == [tag for tag in clean.tags if tag != "bdi"]
        assert wording.printable(text).strip() in page.text
        render_text(document)

    @pytest.mark.parametrize(
        ("make", "options"),
        [
            (lambda tf: tf.constant([HEBREW, "x"]), {}),
            (lambda tf: tf.constant([HEBREW] * 20), {}),
            (lambda tf: tf.ragged.constant([[HEBREW], []]), {}),
            (lambda tf: {HEBREW: tf.constant(1)}, {}),
            (lambda tf: tf.Variable([1.0], name=HEBREW), {}),
            (lambda tf: tf.constant([0.7, 0.2, 0.1]), {"labels": [HEBREW, "b", "c"]}),
            (lambda tf: tf.constant([0.1] * 10), {"labels": [HEBREW] * 10, "plots": False}),
        ],
        ids=["strings", "table of strings", "ragged", "key", "variable's name", "label", "labels of ten"],
    )
    def test_words_of_the_users_are_isolated(self, tf, make, options):
        """Else a right-to-left word turns the numbers beside it around."""
        page = Page(render_html(compose(make(tf), TensorDisplay().options(**options))))
        found = [path for text, path in page.texts if HEBREW in text]
        assert found
        assert all("bdi" in path for path in found)

    @pytest.mark.parametrize("make", [
        lambda tf: tf.constant("costs $5 and $6"), lambda tf: tf.constant([[r"\(x\)", "y"]] * 2),
        lambda tf: {"a$": tf.constant(1), "b$": tf.constant(2)}, lambda tf: tf.Variable(1.0, name=r"\begin{equation}"),
        lambda tf: tf.constant([b"\xff", b"a"]),
    ])  # fmt: skip
    def test_a_notebook_makes_no_formula_of_them(self, tf, make):
        """What MathJax 3 (JupyterLab, Notebook) and MathJax 2 (nbconvert) leave alone."""
        [card] = parse(render_html(compose(make(tf), TensorDisplay().options()))).children
        assert card.attributes["class"].split() == ["tfnp", "mathjax_ignore", "tex2jax_ignore"]

    @pytest.mark.parametrize("make", [
        lambda tf, word: tf.constant(word), lambda tf, word: tf.constant([[word, "x"]] * 2),
        lambda tf, word: tf.constant([word * 9] * 9), lambda tf, word: {"x": tf.constant([word])},
        lambda tf, word: tf.ragged.constant([[word], []]),
    ], ids=["headline", "words", "long ones", "leaf", "ragged"])  # fmt: skip
    @pytest.mark.parametrize("word", ["  lead", "trail  ", "a   b"])
    def test_a_page_shows_every_space_of_a_string(self, tf, make, word):
        page = parse(render_html(compose(make(tf, word), TensorDisplay().options())))
        found = [element for element in page.all("bdi") if word in element.text]
        assert found
        for element in found:
            styles = [declarations(each.attributes.get("style", "")) for each in element.path]
            *_, spaces = [style["white-space"] for style in styles if "white-space" in style]
            assert spaces.startswith("pre")


def _class(base: type, **annotations: object) -> type:
    return type(HOSTILE, (base,), {"__annotations__": annotations})


def _named(*values: object) -> tuple:
    cls = type(HOSTILE, (namedtuple("Pair", "x y"),), {"_fields": (HOSTILE, "y")})
    return cls(*values)


def _with_attribute(holder, value: object):
    setattr(holder, HOSTILE, value)
    return holder


def _recorded(value: object) -> object:
    # Without methods, else Python itself refuses the name.
    return _with_attribute(dataclass(init=False, repr=False, eq=False)(_class(object, **{HOSTILE: object}))(), value)


def _model(tf):
    name = HOSTILE.replace("/", "")
    return tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(30, name=name)], name=name)


def _example(tf):
    example = tf.train.Example()
    example.features.feature[HOSTILE].float_list.value.append(1.0)
    return example


def _replace_text(document: Document) -> Document:
    """Returns the same document with harmless text, to compare the elements."""
    from dataclasses import fields, is_dataclass, replace

    def visit(node):
        if isinstance(node, str):
            return node if node in {"plain", "strong", "secondary", "invalid", "unsure", "code", "left", "right",
                                    "center", "Tensor", "Kind"} else ("t" if node else "")  # fmt: skip
        if isinstance(node, tuple):
            items = [visit(item) for item in node]
            return node._make(items) if hasattr(node, "_make") else tuple(items)
        if is_dataclass(node) and not isinstance(node, Picture):
            return replace(node, **{field.name: visit(getattr(node, field.name)) for field in fields(node)})
        return node

    return visit(document)


class TestPng:
    def test_it_is_what_the_standard_says(self):
        data = palette_png(np.array([[0, 1], [1, 0]], np.uint8), ((0, 0, 0, 0), (255, 0, 0, 128)))
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        place, chunks = 8, {}
        while place < len(data):
            (length,) = struct.unpack(">I", data[place : place + 4])
            name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
            (checksum,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
            assert checksum == zlib.crc32(name + body)
            chunks[name] = body
            place += 12 + length
        assert list(chunks) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
        assert zlib.decompress(chunks[b"IDAT"]) == b"\0\x10\0\x40"  # two bits a pixel

    def test_pillow_reads_it(self):
        from io import BytesIO

        from PIL import Image

        image = Image.open(BytesIO(palette_png(np.array([[0, 1], [1, 0]], np.uint8), ((0, 0, 0, 0), (255, 0, 0, 128)))))
        assert np.asarray(image.convert("RGBA")).tolist() == [
            [[0, 0, 0, 0], [255, 0, 0, 128]], [[255, 0, 0, 128], [0, 0, 0, 0]],
        ]  # fmt: skip

    @pytest.mark.parametrize("width", range(1, 10))
    def test_four_colours_of_any_width_come_back(self, width):
        from PIL import Image

        pixels = np.random.default_rng(0).integers(0, 4, (5, width)).astype(np.uint8)
        palette = tuple((place, 0, 0, 255) for place in range(4))
        image = Image.open(io.BytesIO(palette_png(pixels, palette)))
        assert np.array_equal(np.asarray(image.convert("RGBA"))[..., 0], pixels)


def test_every_format_has_a_mime_type():
    assert set(FORMATS) == {"text/plain", "text/html"}
