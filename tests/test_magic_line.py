"""The split of a magic's line: options here, Python there."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tfnp_ext.magics.line import LineError, MagicLine, ends_in_semicolon, split_line
from tfnp_ext.magics.options import OPTIONS


@pytest.mark.parametrize(
    ("line", "options", "expression"),
    [
        # Python, as it stands
        ('d["a b"][:, -1]', {}, 'd["a b"][:, -1]'),
        ("-preds", {}, "-preds"),
        ("--x", {}, "--x"),
        ("x - -y", {}, "x - -y"),
        ("x --y", {}, "x --y"),
        ("x--top", {}, "x--top"),
        ("x -- y", {}, "x -- y"),
        ('{"a": x}', {}, '{"a": x}'),
        ("$x", {}, "$x"),
        ("lambda q: q", {}, "lambda q: q"),
        ("(y := x)", {}, "(y := x)"),
        ("[t for t in ts if t is not None]", {}, "[t for t in ts if t is not None]"),
        ("f(x, --top)", {}, "f(x, --top)"),
        ("", {}, ""),
        # strings keep what looks like an option or a comment
        ('"a --top 3"', {}, '"a --top 3"'),
        ("d['--top 3']", {}, "d['--top 3']"),
        ('f"{x} --top 3"', {}, 'f"{x} --top 3"'),
        ('f"{x}--top" --top 2', {"top": "2"}, 'f"{x}--top"'),
        ("f\"{d['a']:>10} --top 3\" --copy", {"copy": ""}, "f\"{d['a']:>10} --top 3\""),
        ('rb"#" + x', {}, 'rb"#" + x'),
        ('"""a\n--top 3""" --top 4', {"top": "4"}, '"""a\n--top 3"""'),
        # options before
        ("-o p x - y", {"out": "p"}, "x - y"),
        ("-o p -k 3 -preds", {"out": "p", "top": "3"}, "-preds"),
        ("-k=3 x", {"top": "3"}, "x"),
        ("--softmax -q -o a x", {"softmax": "", "quiet": "", "out": "a"}, "x"),
        ("-l names[1:] x", {"labels": "names[1:]"}, "x"),
        ("-l f(a, b)[0] [x, y]", {"labels": "f(a, b)[0]"}, "[x, y]"),
        ("--max-bytes 4GiB x", {"max-bytes": "4GiB"}, "x"),
        ("--fill-value -1 -y", {"fill-value": "-1"}, "-y"),
        ("-p bar", {"plot": "bar"}, ""),
        # options after
        ("model(x)[0] --top 3", {"top": "3"}, "model(x)[0]"),
        ("x --top=3", {"top": "3"}, "x"),
        ('x --labels ["a b", "c"]', {"labels": '["a b", "c"]'}, "x"),
        ("x --labels {0: 'a --top 2'} --top 3", {"labels": "{0: 'a --top 2'}", "top": "3"}, "x"),
        ("x - y --plot 'bar' --copy", {"plot": "'bar'", "copy": ""}, "x - y"),
        ("x --labels ['é ü'] --top 2", {"labels": "['é ü']", "top": "2"}, "x"),
        ("größe --top 2", {"top": "2"}, "größe"),
        ("lambda q: q --top 3", {"top": "3"}, "lambda q: q"),
        # short ones after, where no Python can be meant
        ("x -n 1", {"take": "1"}, "x"),
        ("x -n=1", {"take": "1"}, "x"),
        ("x - y -n 1", {"take": "1"}, "x - y"),
        ("x - -y -n 1 -q -o p", {"take": "1", "quiet": "", "out": "p"}, "x - -y"),
        ("x -n 1 --save a.npz", {"take": "1", "save": "a.npz"}, "x"),
        ("x --save a.npz -n 1", {"take": "1", "save": "a.npz"}, "x"),
        ("f(x, -k) -k 3", {"top": "3"}, "f(x, -k)"),
        ("x -k 3 -l ['a b', 'c']", {"top": "3", "labels": "['a b', 'c']"}, "x"),
        ("x -o p # -k", {"out": "p"}, "x"),
        # Python, though it looks like one
        ("x -n", {}, "x -n"),
        ("x -l ['a']", {}, "x -l ['a']"),
        ("x -k -n 1", {"take": "1"}, "x -k"),
        ("x -q --out p", {"out": "p"}, "x -q"),
        ("x-k 3", {}, "x-k 3"),
        ("-- x -n 1", {}, "x -n 1"),
        ("-o p x --top 3", {"out": "p", "top": "3"}, "x"),
        ("x --max-bytes 4GiB", {"max-bytes": "4GiB"}, "x"),
        ("f(x,\n  y) --top 3", {"top": "3"}, "f(x,\n  y)"),
        # the end of options
        ("-- --top", {}, "--top"),
        ("-- -k * x", {}, "-k * x"),
        ("-o p -- -k", {"out": "p"}, "-k"),
        ("-x x", {"explore": ""}, "x"),
        ("-- -x", {}, "-x"),
        # comments
        ("x # --top 3", {}, "x"),
        ("x --top 3 # best", {"top": "3"}, "x"),
        ("x --top 3#best", {"top": "3"}, "x"),
        ("# nothing", {}, ""),
    ],
)
def test_split(line, options, expression):
    assert split_line(line) == MagicLine(options, expression)


@pytest.mark.parametrize(
    "line", ["x;", "x ;", "x;;", "x; # quiet", "x --top 3;", "x --labels ['a;b'] ; # c", "'a;b';", "-- x;", "-q;"]
)
def test_a_semicolon_at_the_end_is_dropped_and_told(line):
    split = split_line(line)
    assert split.silent
    assert not split.expression.endswith(";")


@pytest.mark.parametrize("line", ["x", "'x;'", "x # ;", "x --labels ';'", "x['#;']"])
def test_no_semicolon_at_the_end(line):
    assert not split_line(line).silent


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x --lables names", "unknown option --lables; did you mean --labels?"),
        ("x --lables=names", "unknown option --lables; did you mean --labels?"),
        ("--lables names x", "unknown option --lables; did you mean --labels?"),
        ("x --top 3 --lables names", "unknown option --lables; did you mean --labels?"),
        ("x --wobble 3", "unknown option --wobble; %tonumpy? lists them"),
        ("-z x", "unknown option -z; %tonumpy? lists them"),
        ("x --top", "--top needs a value: --top K"),
        ("x --top --copy", "--top needs a value: --top K"),
        ("x --top ;", "--top needs a value: --top K"),
        ("--top= 3 x", "--top needs a value: --top K"),
        ("-o -q x", "-o needs a value: -o NAME"),
        ("-k", "-k needs a value: -k K; to negate a name write -- -k"),
        ("x --top 3 --top 4", "--top is given twice"),
        ("-k 3 x --top 4", "--top is given twice"),
        ("x --softmax=yes", "--softmax is a switch: it takes no value"),
        ("x -k 3 -1", "unexpected '-1' after -k: options go before or after EXPR"),
        ("x -k 3 y", "unexpected 'y' after -k: options go before or after EXPR"),
        ("x -k 3 -k 4", "--top is given twice"),
        ("x -k 3 -o", "-o needs a value: -o NAME"),
        ("x -k 3 --lables names", "unknown option --lables; did you mean --labels?"),
        ("x --top 3 y", "unexpected 'y' after --top: options go before or after EXPR"),
        ("x --labels 'a", "the value of --labels does not end: a bracket or a quote is not closed"),
        ("--labels [a, b x", "the value of --labels does not end: a bracket or a quote is not closed"),
    ],
)
def test_refused_in_one_line(line, message):
    with pytest.raises(LineError) as refusal:
        split_line(line)
    assert str(refusal.value) == message


@pytest.mark.parametrize("line", ['"a', "(x", "x[", "f'{x", "x)", "'''a", "x ? y", "x! --top 2", "\\"])
def test_what_is_no_python_is_left_for_python_to_refuse(line):
    assert split_line(line).expression


@pytest.mark.parametrize(
    ("source", "offset"),
    [("x;", 1), ("x", None), ("x; # c\n", 1), ("'x;'", None), ("a; b", None), ("a;\nb;\n", 4), ("", None)],
)
def test_the_semicolon_that_ends_a_source(source, offset):
    assert ends_in_semicolon(source) == offset


NAMES = {"x": 7, "y": 2, "top": 3, "k": 5, "d": {"a b": 4, "--top 3": 6, "#": 8, "c;": 9}, "copy": 1}

leaves = st.sampled_from(
    [
        "x",
        "y",
        "top",
        "k",
        "copy",
        "1",
        "2.5",
        '"a --top 3"',
        "'#;'",
        'd["a b"]',
        "d['--top 3']",
        'd["#"]',
        "d['c;']",
        'f"{x} --copy"',
    ]
)
numbers = st.recursive(
    st.sampled_from(["x", "y", "top", "k", "copy", "1", 'd["a b"]', "d['--top 3']", 'd["#"]', "d['c;']"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" - ", "-", " --", " - -", " + ", "*", " -- "]), inner).map("".join),
        inner.map("-{}".format),
        inner.map("({})".format),
        inner.map("[{}, 2][0]".format),
        inner.map('{{"a --k 1": {}}}["a --k 1"]'.format),
        st.tuples(inner, inner).map(lambda pair: "max({}, {})".format(*pair)),
        inner.map("(lambda q: q - {})(k)".format),
        st.tuples(inner, inner).map(lambda pair: "({} if {} else 0)".format(*pair)),
    ),
    max_leaves=6,
)
expressions = st.one_of(leaves, numbers, st.tuples(leaves, st.just(" * 2")).map("".join))

VALUES = {
    "name": st.sampled_from(["p", "q"]),
    "word": st.sampled_from(["bar", "'bar'", '"same_kind"']),
    "count": st.sampled_from(["1", "30"]),
    "seconds": st.sampled_from(["10", "0.5", "1e3"]),
    "path": st.sampled_from(["data.npz", "../a-b/--c.zarr", "'my file.npy'", "{folder / name}.npz", "~/x.npz"]),
    "bytes": st.sampled_from(["10", "4GiB", "1.5kB"]),
    "dtype": st.sampled_from(["float32", "np.float16", "'str'"]),
    "expression": st.sampled_from(["names", "['a b', \"--top 3\"]", "{0: 'a;'}", "f(x, y)[0]", "-1", "'#'"]),
}


@st.composite
def option_texts(draw, among):
    """Draws a few options with their values, each typed in one of its ways."""
    chosen = draw(st.lists(st.sampled_from(among), unique_by=lambda option: option.name, max_size=4))
    given_options, texts = {}, []
    for option in chosen:
        value = draw(VALUES[option.reads]) if option.metavar else ""
        flag = draw(st.sampled_from(option.flags))
        texts.append(flag + (draw(st.sampled_from([" ", "=", "  "])) + value if value else ""))
        given_options[option.name] = value
    return given_options, texts


def is_surely_an_option(text: str) -> bool:
    """Returns whether what stands behind an expression cannot be subtracted from it."""
    return text.startswith("--") or "=" in text or bool(re.match(r"-. +[^\[(\-]", text))


@st.composite
def lines(draw):
    before, before_texts = draw(option_texts(OPTIONS))
    rest = [option for option in OPTIONS if option.name not in before]
    after, after_texts = draw(option_texts(rest))
    if after_texts and not is_surely_an_option(after_texts[0]):
        (first,) = (option for option in OPTIONS if option.flags[0] == after_texts[0][:2])
        after_texts[0] = after_texts[0].replace(f"-{first.short}", f"--{first.name}", 1)
    expression = draw(expressions)
    ending = draw(st.sampled_from(["", ";", " ;", " # --top 9", "; # c"]))
    return " ".join([*before_texts, expression, *after_texts]) + ending, {**before, **after}, expression, ";" in ending


def holds_an_option(expression: str) -> bool:
    """Returns whether a known option stands in an expression by itself, as in ``x --top``: then it is one."""
    without_strings = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    return bool(re.search(r"(^|\s)--(top|copy)(\s|$)|^-[kx](\s|$)", without_strings))


@settings(max_examples=400)
@given(lines())
def test_any_expression_among_any_options_comes_back_whole(drawn):
    line, options, expression, silent = drawn
    assume(not holds_an_option(expression))
    split = split_line(line)
    assert split.options == options
    assert split.silent == silent
    assert ast.dump(ast.parse(split.expression, mode="eval")) == ast.dump(ast.parse(expression, mode="eval"))
    assert eval(split.expression, dict(NAMES)) == eval(expression, dict(NAMES))


@settings(max_examples=300)
@given(st.text(st.sampled_from("xk -=;#'\"[]({})\\\n:,.topcy@$é"), max_size=30))
def test_whatever_is_typed_is_split_or_refused(line):
    try:
        told = split_line(line).expression
    except LineError as refusal:
        told = str(refusal)
        assert "\n" not in told
        return
    assert told in line
