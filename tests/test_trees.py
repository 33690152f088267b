"""Trees of nests: what a line says, what is kept where something is cut, and how names and strings are bounded."""

from __future__ import annotations

import re
import string
import time
from collections import namedtuple
from html import escape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markup import declarations, parse

from tfnp_ext import TensorDisplay, to_numpy
from tfnp_ext.adapters import find_adapter
from tfnp_ext.adapters.modules import grouped
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.display.census import Census
from tfnp_ext.display.trees import MOST_ENTRIES, Clock, _shared
from tfnp_ext.formats import render_html, render_text
from tfnp_ext.formats.html.widths import text_width
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


class TestOpenLeaves:
    """Small values are told without a click in a nest as well, while all of them are no more than a card shows."""

    def test_small_ones_stand_open_with_all_of_their_values(self, tf):
        x = tf.constant(np.linspace(0, 1, 10, dtype=np.float32))  # TensorFlow's own may begin at -0.0
        lines = text_of((x, tf.sin(x))).split("\n")
        assert lines[3].split() == [
            "0",
            "0.111",
            "0.222",
            "0.333",
            "0.444",
            "0.556",
            "0.667",
            "0.778",
            "0.889",
            "1.000",
        ]
        assert len(lines) == 7
        assert html_of((x, tf.sin(x))).count("<details open>") == 2

    def test_in_groups_too(self, tf):
        nest = {"a": {"b": [tf.linspace(0.0, 1.0, 12)]}}
        leaf = html_of(nest).split("[0]")[0]
        assert leaf.rindex("<details open>") > leaf.index("<details open>")
        assert "0.091" in text_of(nest)

    @pytest.mark.parametrize("count", [6, 30])
    def test_more_than_a_card_shows_are_shut(self, tf, count):
        nest = {"open": [tf.linspace(0.0, 1.0, 12)] * count}
        assert html_of(nest).count("<details open>") == 1
        assert "0.091" not in text_of(nest)

    def test_of_a_layer_the_ranges_are_told(self, tf):
        import keras

        layer = keras.layers.Dense(12, bias_initializer=keras.initializers.RandomNormal(seed=0))
        layer.build((None, 40))
        assert "<details open>" not in html_of(layer)

    def test_where_lines_are_few_values_are_left_out_whole(self, tf):
        lines = text_of([tf.linspace(0.0, 1.0, 12)] * 5).split("\n")
        assert len(lines) == MOST_LINES
        assert sum("0.091" in line for line in lines) == 2


class TestManyLeaves:
    def test_every_group_has_its_part_of_those_drawn(self, tf):
        groups = html_of({f"k{at}": [tf.constant(float(at))] * 50 for at in range(30)}).split(
            "<b style=font-weight:600>k"
        )
        counts = [group.count("float32") for group in groups[1:]]
        assert len(counts) == 30
        assert sum(counts) == MOST_ENTRIES
        assert min(counts) >= 6

    @given(st.integers(0, 300), st.lists(st.integers(0, 100), max_size=60))
    def test_parts_are_no_more_than_wanted_and_differ_by_one(self, room, wanted):
        parts = _shared(room, dict(enumerate(wanted)))
        assert sum(parts.values()) == min(room, sum(wanted))
        assert all(0 <= parts[place] <= want for place, want in enumerate(wanted))
        cut = [parts[place] for place, want in enumerate(wanted) if parts[place] < want]
        assert not cut or max(cut) - min(cut) <= 1

    def test_a_large_group_that_is_not_the_first_is_shut(self, tf):
        nest = {"model": [tf.range(9)] * 8, "optimizer": [tf.range(9)] * 16}
        assert html_of(nest).count("<details open>") == 1
        assert html_of({"model": [tf.range(9)] * 16}).count("<details open>") == 1
        assert html_of({f"layer{at}": [tf.range(9)] * 2 for at in range(12)}).count("<details open>") == 12


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
        assert len(lines) == MOST_LINES
        assert lines[3] == "    [0]  (3,)  float32  1.0  1.0  1.0"
        assert lines[-1] == "    … 192 more"

    def test_the_first_of_many_deep_groups_shows_what_is_in_them(self, tf):
        nest = {f"g{at}": {"x": {"y": {f"w{leaf}": tf.ones(3) for leaf in range(20)}}} for at in range(4)}
        lines = text_of(nest).split("\n")
        assert len(lines) == MOST_LINES
        groups = [line.split("  ")[-1] for line in lines if re.match(r"g\d", line)]
        assert groups == ["20 tensors · 240 B", *["20 tensors · 240 B …"] * 3]
        assert [line.split()[0] for line in lines[2:-3]] == ["x", "y", "w0", "w1", "w2", "w3", "…"]
        assert lines[-4] == "      … 16 more"

    def test_groups_without_room_are_counted(self, tf):
        lines = text_of({f"g{at}": [tf.ones(2), tf.ones(2)] for at in range(40)}).split("\n")
        assert len(lines) == MOST_LINES
        assert lines[-1] == "… 30 more"

    def test_a_nest_too_deep_to_count_says_so(self, tf):
        text = text_of(nested(tf.ones(2), 3000))
        assert "0 tensors" not in text
        assert text.split("\n")[0] == "dict   deeper than 200 levels"
        assert text.split("\n")[-1].endswith("dict, deeper than 12 levels")
        assert text_of([tf.ones(2), nested(tf.ones(2), 3000)]).startswith(
            "list   2 entries · at least 1 tensor · 8 B · deeper than"
        )

    def test_a_nest_too_large_to_count_says_so(self, tf):
        assert "0 tensors" not in text_of({"objects": [object()] * 30_000, "t": tf.ones(2)}).split("\n")[0]


class TestLayers:
    """Weights by path: their card groups them by path part, as a layer is read."""

    def model(self, tf, **named):
        dense = tf.keras.layers.Dense
        layers = [dense(3, name="hidden"), tf.keras.layers.BatchNormalization(name="bn"), dense(2, **named)]
        return tf.keras.Sequential([tf.keras.Input((4,)), *layers])

    def test_of_a_module_its_parameters_are_told_however_few(self, tf):
        module = tf.Module()
        module.w, module.b = tf.Variable(1.0), tf.Variable(2.0, trainable=False)
        assert text_of(module).split("\n")[0] == "Module   2 tensors · 2 parameters, 1 not trainable · 8 B"

    def test_the_name_that_tensorflow_gives_a_variable_without_one_is_left_out(self, tf):
        variables = [tf.Variable(1.0), tf.Variable(2.0, name="slope"), tf.keras.Variable(3.0, name="bias")]
        names = [re.match(r"(.*?)  ", line)[1] for line in text_of(variables).split("\n")[1:]]
        assert names == ["[0]", "[1] slope", "[2] bias"]

    def test_of_an_extension_type_its_fields_are_counted(self, tf):
        fields = {"values": tf.Tensor, "rows": tf.RaggedTensor}
        kind = type("Pair", (tf.experimental.ExtensionType,), {"__annotations__": fields})
        pair = kind(tf.constant([1.0, 2.0]), tf.ragged.constant([[1], [2, 3]]))
        assert text_of(pair).split("\n")[0].startswith("Pair   2 fields · ")
        named = type("Named", (tf.experimental.ExtensionType,), {"__annotations__": {"x": tf.Tensor, "name": str}})
        assert text_of(named(tf.constant([1.0]), "a")).split("\n")[0] == "Named   2 fields · 1 tensor · 4 B"

    def test_a_model_is_groups_of_its_layers_a_line_a_weight(self, tf):
        model = self.model(tf, name="logits", use_bias=False)
        lines = text_of(model).split("\n")
        assert lines[0] == "Sequential   7 tensors · 33 parameters, 6 not trainable · 132 B"
        names = [re.match(r" *\S+", line)[0] for line in lines[1:] if re.match(r" {0,4}[a-z]", line)]
        assert names == [
            "hidden",
            "  kernel",
            "  bias",
            "bn",
            "  gamma",
            "  beta",
            "  moving_mean",
            "  moving_variance",
            "logits/kernel",
        ]
        assert re.search(r"^hidden +2 tensors · 60 B$", "\n".join(lines), re.M)
        assert list(to_numpy(model)) == [
            "hidden/kernel",
            "hidden/bias",
            "bn/gamma",
            "bn/beta",
            "bn/moving_mean",
            "bn/moving_variance",
            "logits/kernel",
        ]
        page = html_of(model)
        assert page.count("<details open>") == 2
        assert "hidden</b>" in page
        assert ">logits/kernel</span>" in page

    def test_of_a_layer_alone_its_weights_are_the_lines(self, tf):
        layer = tf.keras.layers.Dense(2)
        layer.build((None, 3))
        assert [line.split()[0] for line in text_of(layer).split("\n")[1:] if line[0] != " "] == ["kernel", "bias"]

    def test_a_module_is_groups_of_its_attributes(self, tf):
        class Block(tf.Module):
            def __init__(self):
                self.scale = tf.Variable(1.0)
                self.layers = [self.model("a"), self.model("b")]

            def model(self, name):
                return {"kernel": tf.Variable(tf.ones(2), name=name), "bias": tf.Variable(0.0)}

        lines = text_of(Block()).split("\n")
        assert [line[: len(line) - len(line.lstrip()) + len(line.split()[0])] for line in lines[1:]] == [
            "layers",
            "  0",
            "    bias",
            "    kernel",
            "  1",
            "    bias",
            "    kernel",
            "scale",
        ]

    @given(st.lists(st.text("ab/#2", max_size=24), max_size=12, unique=True))
    def test_every_weight_is_there_once_in_its_order_within_a_bounded_depth(self, paths):
        def leaves(tree, depth=0):
            assert depth <= 10
            assert not depth or len(tree) > 1
            for child in tree.values():
                yield from leaves(child, depth + 1) if isinstance(child, dict) else [child]

        assert sorted(leaves(grouped([(path, place) for place, path in enumerate(paths)]))) == list(range(len(paths)))

    def test_many_layers_are_bounded_in_lines_and_count_what_is_left_out(self, tf):
        weights = {f"layer{at}/{part}": tf.ones(3) for at in range(150) for part in ("kernel", "bias")}
        nest = grouped(weights.items())
        lines = text_of(nest).split("\n")
        assert lines[0].endswith("300 tensors · 900 values · 3.52 KiB")
        assert len(lines) <= MOST_LINES
        page = html_of(nest)
        assert page.count("<details") == 101  # a hundred groups, and the fold of those beyond forty
        assert "… 110 more" in page
        assert "… 50 more" in page


class TestProbabilities:
    """The top class is marked in a leaf's line as it is in a table."""

    def test_one_vector_has_it_framed_and_pointed_at(self, tf):
        nest = {"p": tf.constant([0.203, 0.699, 0.098]), "x": tf.constant([2.0, 7.0])}
        assert text_of(nest).split("\n")[1].split("  ")[-4:] == ["1 at 69.9 %", "0.203", "▸0.699", "0.098"]
        framed = [node.text for node in parse(html_of(nest)).all() if "border:" in node.attributes.get("style", "")]
        assert framed == ["0.699"]

    def test_rows_of_a_batch_have_it_each(self, tf):
        nest = {"p": tf.constant([[0.203, 0.797], [0.752, 0.248]]), "x": tf.constant([2.0, 7.0])}
        assert re.findall(r"▸\S+", text_of(nest)) == ["▸0.797", "▸0.752"]
        framed = [node.text for node in parse(html_of(nest)).all() if "border:" in node.attributes.get("style", "")]
        assert framed == ["0.797", "0.752"]


class TestTime:
    """The leaves of a tree share ``budget_ms``; what it costs is tested in ``tests/test_budget.py``."""

    NEST = {"large": np.linspace(0, 1, 10_000), "small": np.array([1.5, 2.5]), "whole": {"table": np.ones((64, 32))}}

    def text(self, budget):
        return render_text(compose(self.NEST, TensorDisplay().options(budget_ms=budget))).split("\n")

    def test_where_it_is_over_a_leaf_is_its_shape_and_dtype_and_the_headline_counts_them(self):
        lines = self.text(0.0)
        assert lines[0] == "dict   3 tensors · 12 050 values · 94.1 KiB · 1 not read: budget_ms was over"
        assert lines[1].split() == ["large", "(10000,)", "float64", "not", "read"]
        assert lines[2].split() == ["small", "(2,)", "float64", "1.5", "2.5"]
        assert lines[4].split() == ["table", "(64,", "32)", "float64", "all", "1.0"]

    def test_while_there_is_time_all_are_read(self):
        assert not any("not read" in line for line in self.text(float("inf")))
        assert self.text(float("inf"))[1].split()[-1] == "1.00"

    def test_each_leaf_has_its_share_of_what_is_left(self):
        clock = Clock(deadline=time.perf_counter() + 1000, tensors=4, nbytes=1000)
        shares = [clock.milliseconds(nbytes) / 1_000_000 for nbytes in (500, 10, 400, 90)]
        assert shares == pytest.approx([1 / 2, 1 / 3, 400 / 490, 1], rel=0.01)
        assert Clock(deadline=time.perf_counter() - 1, tensors=4, nbytes=8).milliseconds(4) == 0

    @given(st.lists(st.integers(0, 2**40)), st.integers(0, 3), st.integers(0, 2**20))
    def test_a_share_is_never_more_than_what_is_left_whatever_was_counted(self, sizes, tensors, nbytes):
        clock = Clock(deadline=time.perf_counter() + 1000, tensors=tensors, nbytes=nbytes)
        assert all(0 < clock.milliseconds(size) <= 1_000_000 for size in sizes)


class TestPlainEntries:
    def test_a_list_of_plain_scalars_is_one_line(self, tf):
        assert text_of({"loss": [0.1] * 5000, "t": tf.constant(1.0)}).split("\n") == [
            "dict   2 entries · 1 tensor · 4 B",
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
            ([], "empty"),
            ([10**5000], "int"),
            ([1.13723325, 0.5, 12.0], "list of 3 · 1.14  0.50  12.00"),
            ([0.1, float("nan"), 1e300], "list of 3 · 0.1  nan  1e300"),
            ([0.1, 1], "list of 2 · 0.1  1"),
        ],
    )
    def test_how_it_reads(self, tf, value, line):
        assert line in text_of([tf.ones(1), value]).split("\n")[2]

    def test_fields_keep_their_names(self, tf):
        assert re.search(r"\n  x +1\n  y +2", text_of([tf.ones(1), Point(1, 2)]))

    @pytest.mark.parametrize("count", [60, 5000])
    def test_tensors_are_kept_before_plain_entries(self, tf, count):
        nest = {**{f"k{at}": at for at in range(count)}, "t": tf.constant(1.0)}
        for text in (text_of(nest), html_of(nest).split("<summary")[0]):
            assert "float32" in text
        assert f"… {count - 9:_} more".replace("_", " ") in text_of(nest)

    def test_plain_groups_take_no_room_from_a_tensor(self, tf):
        nest = {**{f"c{at}": {f"k{place}": place for place in range(60)} for at in range(10)}, "t": tf.constant(1.0)}
        nest |= {"group": {f"w{at}": tf.constant(1.0) for at in range(2)}}
        lines = text_of(nest).split("\n")
        assert len(lines) == MOST_LINES
        assert [line.split()[0] for line in lines[-5:]] == ["t", "group", "w0", "w1", "…"]
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


class TestColumns:
    """Lines of a tree in HTML; that they look so is tested in a browser, ``tests/browser/test_hosts.py``."""

    MIXED = {
        "preds": lambda tf: tf.nn.softmax(tf.range(10.0))[None],
        "ids": lambda tf: tf.constant([1, 2, 3]),
        "table": lambda tf: tf.constant([[1.0, -2.0], [0.5, 4.0]]),
        "empty": lambda tf: tf.zeros((0, 3)),
        "NaN": lambda tf: tf.fill((50,), NAN),
        "kernel": lambda tf: tf.random.stateless_normal((30, 20), (0, 1)),
        "ragged": lambda tf: tf.ragged.constant([[1, 2], [3]]),
        "sparse": lambda tf: tf.sparse.from_dense([[0.0, 1.0], [2.0, 0.0]]),
        "text": lambda tf: tf.constant(["ab", "cd"]),
        "truths": lambda tf: tf.constant([[True, False]] * 3),
    }  # fmt: skip

    def lines(self, html):
        """Returns the columns of each leaf that holds a tensor, and the style of its line."""
        found = []
        for node in parse(html).all():
            columns = [child for child in node.children if not isinstance(child, str)]
            if columns and columns[0].attributes.get("style", "").startswith("flex-basis"):
                found.append((columns, declarations(node.attributes["style"])))
        return found

    def width(self, column):
        style = declarations(column.attributes["style"])
        return sum(int(style.get(name, "0px").removesuffix("px")) for name in ("flex-basis", "margin-right"))

    def test_every_kind_of_leaf_says_its_bytes_at_the_end_of_a_line_of_one_width(self, tf):
        nest = {name: make(tf) for name, make in self.MIXED.items()}
        nest["group"] = {"kernel": nest["kernel"]}
        found = self.lines(html_of(nest))
        assert [columns[0].text for columns, _ in found] == [*self.MIXED, "kernel"]
        sizes = [columns[3].children[0] for columns, _ in found]
        expected = ["40 B", "12 B", "16 B", "0 B", "200 B", "2.34 KiB", "12 B", "40 B", "4 B", "6 B", "2.34 KiB"]
        assert [size.text for size in sizes] == expected
        assert all("float:right" in size.attributes["style"] for size in sizes)
        widths = [int(style["max-width"].removesuffix("px")) for _, style in found]
        assert len(set(widths[:-1])) == 1
        assert widths[0] - widths[-1] == 16  # what the last is indented

    def test_a_group_that_is_shut_has_columns_of_its_own(self, tf):
        nest = {"a": tf.range(100), "b": {"c": {"a_long_name_that_is_not_seen_yet": tf.zeros((3, 3, 16, 32))}}}
        (first, inner) = ([self.width(column) for column in columns[:3]] for columns, _ in self.lines(html_of(nest)))
        assert first[0] < text_width("a_long_name") < inner[0]
        assert first[1] < text_width("(3, 3, 16, 32)") <= inner[1]

    def test_names_of_a_small_tree_are_what_is_said_first(self, tf):
        def weights(count):
            return [
                declarations(columns[0].attributes["style"]).get("font-weight")
                for columns, _ in self.lines(html_of({f"w{at}": tf.range(9 + at) for at in range(count)}))
            ]

        assert weights(3) == ["600"] * 3
        assert weights(30) == [None] * 30
        (inner,) = self.lines(html_of({"group": {"w": tf.range(9)}}))
        assert "font-weight" not in inner[0][0].attributes["style"]

    def test_where_all_leaves_are_their_values_there_are_no_bytes(self, tf):
        small = {name: make(tf) for name, make in self.MIXED.items() if name in {"preds", "ids", "table", "text"}}
        assert "float:right" not in html_of(small)
        assert len(self.lines(html_of(small))) == 4

    @pytest.mark.parametrize("name", ["c", "kernel_of_it", "kernel_of_the_seventh_layer/of_the_encoder"])
    def test_columns_are_as_wide_as_their_widest_text(self, tf, name):
        nest = {"a": tf.range(100), "group": {name: tf.zeros((3, 3, 16, 32)), "b": tf.constant(True)}}
        first, *others = ([self.width(column) for column in columns[:3]] for columns, _ in self.lines(html_of(nest)))
        assert all(other == [first[0] - 16, *first[1:]] for other in others)
        assert first[0] >= 16 + text_width(name)
        assert first[1] >= text_width("(3, 3, 16, 32)")

    @pytest.mark.parametrize("length", [12, 24, 40, 60])
    @pytest.mark.parametrize("value", ["array", "scalar"])
    def test_a_name_takes_no_more_than_its_share_of_a_narrow_window_and_its_column_of_a_wide_one(
        self, tf, length, value
    ):
        name = "x" * length
        columns, line = self.lines(html_of({name: tf.zeros(99) if value == "array" else tf.constant(1)}))[0]
        style = declarations(columns[0].attributes["style"])
        assert ("max-width" in style) == (length > 12)
        if length > 12 and value == "array":
            share = int(style["max-width"].removesuffix("%")) / 100
            assert share >= 0.4
            assert share * int(line["max-width"].removesuffix("px")) >= int(style["flex-basis"].removesuffix("px"))

    @given(st.text(max_size=30), st.text(max_size=30))
    def test_an_estimated_width_grows_with_the_text(self, one, other):
        assert text_width(one) <= text_width(one + other) == pytest.approx(text_width(one) + text_width(other))

    @given(st.text(string.ascii_letters + string.digits + "_/()[], .:-", min_size=4, max_size=30))
    def test_it_is_more_than_the_face_is_wide(self, text):
        """DejaVu Sans is about an eighth wider than the faces of a card."""
        from tfnp_ext.plots.sheet import text_width as drawn

        assert text_width(text) >= 0.8 * drawn(text, 12)


class TestTables:
    def test_a_wide_table_in_a_terminal_repeats_its_labels(self, tf):
        raised = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
        lines = text_of(tf.random.stateless_normal((4, 16), (0, 1))).translate(raised).split("\n")[2:]
        assert len(lines) == 10
        for piece in (lines[:5], lines[5:]):
            assert [line.split()[0] for line in piece[1:]] == ["0", "1", "2", "3"]
        assert lines[0].split() + lines[5].split() == [str(column) for column in range(16)]

    def test_a_matrix_that_does_not_fit_in_a_tree_is_its_range(self, tf):
        values = tf.reshape(tf.random.stateless_normal((32,), (0, 1)), (4, 8))
        lines = text_of({"dense/kernel": values}).split("\n")
        assert len(lines) == 2
        assert re.fullmatch(r"dense/kernel  \(4, 8\)  float32  -\d\S+ … \d\S+", lines[1])
        assert "<table" in html_of({"dense/kernel": values})

    def test_one_that_fits_is_shown(self, tf):
        lines = text_of({"kernel": tf.constant([[1, 2], [3, 4]])}).split("\n")
        assert lines[1:] == ["kernel  (2, 2)  int32  1  2", "                       3  4"]


class TestRepeatedTensors:
    """One tensor in several places is one tensor's worth of memory."""

    def test_its_values_and_bytes_are_counted_once(self, tf):
        zeros = tf.zeros((100, 100))
        assert text_of([zeros] * 3).splitlines() == [
            "list   3 tensors, 2 repeated · 10 000 values · 39.1 KiB",
            "[0]  (100, 100)  float32  all 0",
            "[1]  (100, 100)  float32  the same as [0]",
            "[2]  (100, 100)  float32  the same as [0]",
        ]
        assert html_of([zeros] * 3).count("the same as [0]") == 2

    def test_equal_tensors_are_two(self, tf):
        assert text_of([tf.zeros(100), tf.zeros(100)]).startswith("list   2 tensors · 200 values · 800 B\n")

    def test_a_tied_weight_says_where_it_was_first(self, tf):
        weight = tf.Variable(tf.random.normal((50, 20)), name="w", trainable=False)
        lines = text_of(
            {"encoder": {"kernel": weight}, "decoder": {"kernel": weight, "bias": tf.zeros(99)}}
        ).splitlines()
        assert lines[0] == "dict   2 entries · 3 tensors, 1 repeated · 1 099 values · 4.29 KiB"
        assert lines[3] == "decoder   2 tensors · 4.29 KiB"
        assert [line.split("float32")[1].strip() for line in lines if "kernel" in line][
            1
        ] == "the same as encoder/kernel"

    def test_small_ones_show_their_values_each_time(self, tf):
        pair = tf.constant([1.0, 2.0])
        assert text_of([pair, pair]).splitlines() == [
            "list   2 tensors, 1 repeated · 2 values · 8 B",
            "[0]  (2,)  float32  1.0  2.0",
            "[1]  (2,)  float32  1.0  2.0",
        ]

    def test_a_shared_container_counts_once_in_the_whole_and_fully_by_itself(self, tf):
        shared = {"k": tf.zeros(100), "b": tf.zeros(50)}
        lines = text_of([shared, [shared]]).splitlines()
        assert lines[0] == "list   2 entries · 4 tensors, 2 repeated · 150 values · 600 B"
        assert [line.endswith("2 tensors · 600 B") for line in lines if "tensors" in line] == [False, True, True, True]

    def test_datasets_are_counted_as_before(self, tf):
        assert text_of([tf.data.Dataset.range(3)] * 2).startswith("list   2 datasets")

    @settings(deadline=None, max_examples=50)
    @given(st.recursive(st.integers(0, 3), lambda inner: st.lists(inner, max_size=4), max_leaves=20).filter(
        lambda shape: isinstance(shape, list)))  # fmt: skip
    def test_any_nest_has_the_bytes_of_its_distinct_tensors(self, tf, shape):
        tensors = [tf.zeros(2**place) for place in range(4)]

        def made(part):
            return [made(inner) for inner in part] if isinstance(part, list) else tensors[part]

        nest = made(shape)
        totals = Census().of(nest, find_adapter(nest))
        places = [*flattened(shape)]
        assert totals.tensors == len(places)
        assert totals.again == len(places) - len(set(places))
        assert totals.nbytes == sum(4 * 2**place for place in set(places))
        assert totals.values == sum(2**place for place in set(places))


def flattened(nest):
    """Yields the numbers of nested lists."""
    for part in nest:
        if isinstance(part, list):
            yield from flattened(part)
        else:
            yield part
