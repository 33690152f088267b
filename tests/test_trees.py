"""Trees of nests: what a line says, what is kept where something is cut, and how names and strings are bounded."""

from __future__ import annotations

import re
from collections import namedtuple
from html import escape

import numpy as np
import pytest

from tfnp_ext import TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.formats import render_html, render_text
from tfnp_ext.formats.text import MOST_LINES, wording_width

NAN = float("nan")
Point = namedtuple("Point", "x y")


def text_of(value: object) -> str:
    return render_text(compose(value, TensorDisplay().options()))


def html_of(value: object) -> str:
    return render_html(compose(value, TensorDisplay().options()))


def nested(leaf: object, depth: int) -> dict[str, object]:
    nest: dict[str, object] = {"leaf": leaf}
    for _ in range(depth):
        nest = {"k": nest}
    return nest


class TestNotFinite:
    @pytest.mark.parametrize("count", [1, 40], ids=["few", "many"])
    def test_a_leaf_of_only_nan_is_flagged_and_unfolds_to_the_warning(self, tf, count):
        nest = [tf.zeros((3,)), *[tf.fill((100,), NAN)] * count]
        assert text_of(nest).split("\n")[2].split() == ["[1]", "(100,)", "float32", "⚠", "100", "NaN"]
        line, unfolded = html_of(nest).split("<details>")[1].split("</summary>", 1)
        assert "⚠ 100 NaN</b>" in line
        assert "⚠ 100 NaN" in unfolded
        assert "of 100" in unfolded

    @pytest.mark.parametrize(
        ("values", "flag"),
        [([NAN, 1.0], "⚠ 50 NaN"), ([-np.inf, 1.0], "⚠ 50 -Inf"), ([NAN, np.inf], "⚠ 100 not finite")],
    )
    def test_the_flag_names_what_it_counts(self, tf, values, flag):
        assert flag in text_of([tf.constant(values * 50)])


class TestDepth:
    def test_a_terminal_shows_the_leaves_of_every_depth(self, tf):
        assert (
            text_of({"a": {"b": {"c": {"w": tf.ones(3)}}}}).split("\n")[-1] == "      w  (3,)  float32  1.0  1.0  1.0"
        )

    def test_what_is_cut_is_counted(self, tf):
        lines = text_of({"d": {"x": [tf.ones(3)] * 200}}).split("\n")
        assert len(lines) <= MOST_LINES
        assert "    [0]   (3,)  float32  1.0  1.0  1.0" in lines
        assert lines[-1] == "    … 160 more"

    def test_many_deep_groups_share_the_lines(self, tf):
        nest = {f"g{at}": {"x": {"y": {f"w{leaf}": tf.ones(3) for leaf in range(20)}}} for at in range(4)}
        lines = text_of(nest).split("\n")
        assert len(lines) <= MOST_LINES
        assert [line for line in lines if re.match(r"g\d", line)] == [f"g{at}  20 tensors · 240 B" for at in range(4)]
        assert sum("w0" in line for line in lines) == 4
        assert sum("… " in line for line in lines) == 4

    def test_more_lines_than_fit_are_counted(self, tf):
        lines = text_of({f"g{at}": [tf.ones(2), tf.ones(2)] for at in range(40)}).split("\n")
        assert len(lines) == MOST_LINES
        assert lines[-1] == f"… {120 - MOST_LINES + 2} more lines"

    def test_a_nest_too_deep_to_count_says_so(self, tf):
        text = text_of(nested(tf.ones(2), 3000))
        assert "0 tensors" not in text
        assert text.split("\n")[0] == "dict   deeper than 200 levels"
        assert text.split("\n")[-1].endswith("dict, deeper than 12 levels")
        assert text_of([tf.ones(2), nested(tf.ones(2), 3000)]).startswith(
            "list   at least 1 tensor · 8 B · deeper than"
        )

    def test_a_nest_too_large_to_count_says_so(self, tf):
        assert "0 tensors" not in text_of({"objects": [object()] * 30_000, "t": tf.ones(2)}).split("\n")[0]


class TestPlainEntries:
    def test_a_list_of_plain_scalars_is_one_line(self, tf):
        assert text_of({"loss": [0.1] * 5000, "t": tf.constant(1.0)}).split("\n") == [
            "dict   1 tensor · 4 B",
            "loss  list of 5 000 · 0.1  0.1  0.1 …",
            "t     ()  float32  1.0",
        ]
        html = html_of({"loss": [0.1] * 5000, "t": tf.constant(1.0)})
        assert "list of 5 000 · 0.1\N{EN SPACE}0.1\N{EN SPACE}0.1 …" in html

    @pytest.mark.parametrize(
        ("value", "line"),
        [
            ((1, "a" * 40, None), "tuple of 3 · 1  'aaaaaaaaaaaaaaa…  None"),
            ([True], "list of 1 · True"),
            ([], "0 tensors"),
            ([10**5000], "int"),
        ],
    )
    def test_how_it_reads(self, tf, value, line):
        assert line in text_of([tf.ones(1), value]).split("\n")[2]

    def test_fields_keep_their_names(self, tf):
        assert "x  1" in text_of([tf.ones(1), Point(1, 2)])

    @pytest.mark.parametrize("count", [60, 5000])
    def test_tensors_are_kept_before_plain_entries(self, tf, count):
        nest = {**{f"k{at}": at for at in range(count)}, "t": tf.constant(1.0)}
        for text in (text_of(nest), html_of(nest).split("<summary")[0]):
            assert "float32" in text
        assert f"… {count - 39:_} more".replace("_", " ") in text_of(nest)

    def test_plain_groups_take_no_room_from_a_tensor(self, tf):
        nest = {**{f"c{at}": {f"k{place}": place for place in range(60)} for at in range(10)}, "t": tf.constant(1.0)}
        lines = text_of(nest).split("\n")
        assert len(lines) <= MOST_LINES
        assert "t   ()  float32  1.0" in lines
        assert lines[-1] == "… 8 more"
        assert ">t</span>" in html_of(nest)

    def test_what_describes_tensors_says_it(self, tf):
        nest = (
            tf.ones((2, 3)) > 0,
            tf.TensorSpec((None, 10)),
            tf.float32,
            tf.TensorShape([1, None]),
            tf.TensorSpec(None),
        )
        assert text_of(nest).split("\n")[3:] == [
            "[1]  TensorSpec (None, 10) float32",
            "[2]  tf.float32",
            "[3]  TensorShape (1, None)",
            "[4]  TensorSpec (…) float32",
        ]

    def test_no_repr_of_the_users_is_run(self, tf):
        class TensorSpec:
            def __repr__(self) -> str:
                raise AssertionError("run")

            shape = dtype = property(__repr__)

        assert text_of([tf.ones(1), TensorSpec()]).endswith("[1]  TensorSpec")


class TestWidth:
    CASES = {
        "a string": lambda tf: tf.constant("x" * 5000),
        "wide characters": lambda tf: tf.constant("日本" * 500),
        "a short vector": lambda tf: tf.constant(["x" * 5000] * 3),
        "bytes": lambda tf: tf.constant([b"\xff" * 5000] * 3),
        "a matrix": lambda tf: tf.constant([["x" * 500] * 3] * 3),
        "ragged": lambda tf: tf.ragged.constant([["x" * 300], ["y"]]),
        "ragged rows": lambda tf: tf.ragged.constant([["x" * 300] * 3, ["y"]]),
        "sparse": lambda tf: tf.sparse.SparseTensor([[0, 1]], ["x" * 300], (2, 2)),
        "a key": lambda tf: {"x" * 500: tf.constant(1)},
        "keys of groups": lambda tf: {"x" * 500: {"y" * 500: {"z" * 500: tf.ones((4, 8))}}},
        "strings in a tree": lambda tf: {"a": {"b": {"c": [tf.constant("x" * 5000), "y" * 500]}}},
        "short strings in a tree": lambda tf: {"a" * 30: {"b" * 30: {"c": tf.constant("x" * 70)}}},
        "a name": lambda tf: tf.Variable(1.0, name="v" * 300),
    }  # fmt: skip

    @pytest.mark.parametrize("name", CASES)
    def test_no_line_passes_column_80(self, tf, name):
        text = mimebundle(self.CASES[name](tf))["text/plain"]
        assert "…" in text
        assert max(map(wording_width, text.split("\n"))) <= 80

    def test_long_names_are_cut_and_whole_in_the_title(self, tf):
        name = '<b>&"' * 20
        html = html_of({name: tf.ones(2), "group" * 20: {"x": tf.ones(2)}})
        assert f'<span title="{escape(name)}">{escape(name[:40])}…</span>' in html
        assert f'<span title="{"group" * 20}">{"group" * 8}…</span>' in html
        assert len(html_of({"x" * 100_000: tf.ones(2)})) < 4000

    def test_leaves_are_regular_and_groups_are_bold(self, tf):
        html = html_of({"open": tf.ones(2), "folds": tf.range(100.0), "plain": 1, "group": {"x": tf.ones(2)}})
        for name in ("open", "folds", "plain", "x"):
            assert f">{name}</span>" in html
            assert f">{name}</b>" not in html
        assert "<b style=font-weight:600>group</b>" in html


class TestTables:
    def test_a_wide_table_in_a_terminal_repeats_its_labels(self, tf):
        lines = text_of(tf.random.stateless_normal((4, 16), (0, 1))).split("\n")[2:]
        assert len(lines) == 10
        for piece in (lines[:5], lines[5:]):
            assert [line.split()[0] for line in piece[1:]] == ["0", "1", "2", "3"]
        assert lines[0].split() + lines[5].split() == [str(column) for column in range(16)]

    def test_a_matrix_that_does_not_fit_in_a_tree_is_its_range(self, tf):
        values = tf.reshape(tf.random.stateless_normal((32,), (0, 1)), (4, 8))
        lines = text_of({"dense/kernel": values}).split("\n")
        assert len(lines) == 2
        assert re.fullmatch(r"dense/kernel  \(4, 8\)  float32  -\d\S+ [▁-█]+ \d\S+", lines[1])
        assert "<table" in html_of({"dense/kernel": values})

    def test_one_that_fits_is_shown(self, tf):
        lines = text_of({"kernel": tf.constant([[1, 2], [3, 4]])}).split("\n")
        assert lines[1:] == ["kernel  (2, 2)  int32  1  2", "                       3  4"]


def test_leaves_of_a_small_nest_unfold_to_their_pictures(tf):
    few = {"image": tf.linspace(0.0, 1.0, 4 * 64) % 0.7, "w": tf.random.stateless_normal((30, 20), [1, 2])}
    few["image"] = tf.reshape(few["image"], (4, 8, 8, 1))
    html = mimebundle(few)["text/html"]
    assert html.count('grey 8 × 8"') == 4
    assert 'alt="Heat map' in html
    many = {**few, **{f"b{place}": tf.ones(3) for place in range(5)}}
    assert 'alt="Heat map' not in mimebundle(many)["text/html"]
