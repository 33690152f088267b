"""``%tonumpy`` and ``%%tonumpy`` in a real shell: what they return, what they show, what they say when they refuse."""

from __future__ import annotations

import gc
import re
import weakref
from inspect import isfunction

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.oinspect import getdoc

import tfnp_ext
from tfnp_ext.convert import read_conversion
from tfnp_ext.magics.options import OPTIONS

pytestmark = pytest.mark.filterwarnings("ignore:`Completer.complete` is pending deprecation")


@pytest.fixture
def ip(ip, tf):
    """The shell with a few values of the user's."""
    ip.user_ns.update(
        tf=tf,
        np=np,
        x=tf.constant([[1.0, 2.0], [3.0, 4.0]]),
        preds=tf.constant([0.102, 0.198, 0.7]),
        ragged=tf.ragged.constant([[1, 2], [3]]),
        names=["ant", "bee", "cat"],
        array=np.arange(6.0).reshape(2, 3),
    )
    return ip


# What comes back ------------------------------------------------------------------------------------------------------


def test_the_value_is_the_array_and_shares_the_tensors_memory(ip):
    value = ip.run_line_magic("tonumpy", "x")
    assert type(value) is np.ndarray
    assert value.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert np.shares_memory(value, np.asarray(ip.user_ns["x"]))
    assert not value.flags.writeable


def test_nests_keep_their_structure(ip):
    value = ip.run_line_magic("tonumpy", '{"a": x, "b": [preds, (x, 3)]}')
    assert list(value) == ["a", "b"]
    assert isinstance(value["b"][1], tuple)
    assert value["b"][1][0].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert value["b"][1][1] == 3


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-preds[:1]", "-preds[:1].numpy()"),
        ("-o p x - 2 * x", "-x.numpy()"),
        ("x - -x", "2 * x.numpy()"),
        ("x --preds[0]", "x.numpy() + preds.numpy()[0]"),
        ('{"a b": x}["a b"][:, -1]', "x.numpy()[:, -1]"),
        ("(lambda q: q[0])(x) --top 3", "x.numpy()[0]"),
        ("[x[i] for i in range(2)][1]", "x.numpy()[1]"),
        ("(y := x)[0]", "x.numpy()[0]"),
        ("y := x", "x.numpy()"),
        ("x[0] # the first", "x.numpy()[0]"),
        ("array", "array"),
    ],
)
def test_expressions_need_no_quoting(ip, line, expected):
    value = ip.run_line_magic("tonumpy", line)
    np.testing.assert_array_equal(value, eval(expected, ip.user_ns))


def test_a_walrus_binds_where_the_user_is(ip, run):
    run(ip, "%tonumpy y := x")
    assert ip.user_ns["y"] is ip.user_ns["x"]


def test_braces_and_dollars_are_not_expanded(ip, run):
    ip.user_ns["a"] = "no"
    assert "array" not in run(ip, '%tonumpy {"a": x}').printed
    assert ip.user_ns["_"]["a"].shape == (2, 2)
    assert "invalid syntax" in run(ip, "%tonumpy $x").printed


def test_out_binds_and_returns(ip, run):
    shown = run(ip, "%tonumpy --out p x")
    assert ip.user_ns["p"] is shown.result.result
    assert "Tensor (2, 2)" in shown.text


def test_quiet_binds_and_shows_nothing(ip, run):
    shown = run(ip, "%tonumpy -q -o p x")
    assert shown.bundles == []
    assert shown.result.result is None
    assert ip.user_ns["p"].shape == (2, 2)


@pytest.mark.parametrize(
    ("line", "dtype"),
    [
        ("-d float64 x", "float64"),
        ("--dtype 'float64' x", "float64"),
        ("-d np.float64 x", "float64"),
        ("x --dtype tf.float64", "float64"),
        ("-d float16 --casting same_kind x", "float16"),
        ("x --dtype int32 --casting unsafe", "int32"),
        ("-d bfloat16 x", "bfloat16"),
        ("-d str tf.constant(['ä'])", "object"),
    ],
)
def test_dtypes(ip, line, dtype):
    assert str(ip.run_line_magic("tonumpy", line).dtype) == dtype


def test_copy_is_writable_and_leaves_the_tensor_alone(ip):
    value = ip.run_line_magic("tonumpy", "x --copy")
    value[:] = 0
    assert ip.user_ns["x"].numpy().sum() == 10


def test_ragged_and_its_filling(ip):
    value = ip.run_line_magic("tonumpy", "ragged --ragged pad --fill-value -1")
    assert value.tolist() == [[1, 2], [3, -1]]


@pytest.mark.parametrize(
    ("size", "fits"), [("10", False), ("1kB", True), ("1.5KiB", True), ("'2MB'", True), ("4GiB", True)]
)
def test_max_bytes(ip, size, fits):
    ip.user_ns["sparse"] = ip.user_ns["tf"].sparse.from_dense([[0.0, 1.0], [0.0, 2.0]])
    if fits:
        assert ip.run_line_magic("tonumpy", f"sparse --max-bytes {size}").tolist() == [[0.0, 1.0], [0.0, 2.0]]
    else:
        with pytest.raises(tfnp_ext.ConversionError):
            ip.run_line_magic("tonumpy", f"sparse --max-bytes {size}")


def test_only_given_options_reach_the_conversion(ip, monkeypatch):
    """The defaults are ``to_numpy``'s, and live there."""
    seen = []
    monkeypatch.setattr(
        "tfnp_ext.magics.tonumpy.read_conversion", lambda **given: seen.append(given) or read_conversion(**given)
    )
    ip.run_line_magic("tonumpy", "x")
    ip.run_line_magic("tonumpy", "x --copy --ragged pad --max-bytes 2KiB --no-progress")
    bar = {"progress": True}
    assert seen == [bar, {"copy": True, "ragged": "pad", "max_bytes": 2048, "progress": False}]


def test_it_works_inside_a_function_with_its_locals(ip, run):
    code = (
        "def first(rows):\n"
        "    which = 0\n"
        "    return get_ipython().run_line_magic('tonumpy', '[rows[which] for _ in range(1)][0]')\n"
        "value = first(x)"
    )
    assert run(ip, code).result.success
    assert ip.user_ns["value"].tolist() == [1.0, 2.0]
    assert "rows" not in ip.user_ns


def test_future_imports_of_the_session_hold(ip, run):
    run(ip, "from __future__ import barry_as_FLUFL")
    assert run(ip, "%tonumpy x if 1 <> 2 else None").result.success


# What is shown --------------------------------------------------------------------------------------------------------


def test_the_value_of_the_cell_is_a_card(ip, run):
    shown = run(ip, "%tonumpy preds")
    assert shown.text.startswith("Tensor (3,) float32 · class probabilities")
    assert "70.0 %" in shown.text
    assert "Tensor" in shown.html
    assert "70.0 %" in shown.html


def test_assigned_it_is_quiet(ip, run):
    shown = run(ip, "a = %tonumpy preds")
    assert shown.bundles == []
    assert shown.printed == ""
    assert type(ip.user_ns["a"]) is np.ndarray


@pytest.mark.parametrize("again", ["a", "_", "Out[1]", "_1", "array", "a[:]", "preds.numpy()"])
def test_later_arrays_look_as_they_always_did(ip, run, again):
    run(ip, "%tonumpy -o a preds")
    shown = run(ip, again)
    assert shown.bundles == [{"text/plain": repr(eval(again, ip.user_ns))}]


@pytest.mark.parametrize("expression", ["preds", "{'a': x}", "array"])
def test_assigned_it_looks_in_its_own_cell_as_it_will_in_the_next(ip, run, expression):
    (shown,) = run(ip, f"a = %tonumpy {expression}\na").bundles
    assert [shown] == run(ip, "a").bundles


def test_bound_by_the_magic_it_is_a_card_all_the_same(ip, run):
    assert run(ip, "%tonumpy -o a preds").text.startswith("Tensor (3,)")


def test_what_a_card_only_describes_is_read_by_the_magic_it_names(ip, run):
    tf = ip.user_ns["tf"]
    words = tf.keras.layers.TextVectorization()
    words.adapt(tf.constant(["the cat sat"]))
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
    for value, told in ((words, '""  "[UNK]"  "the"  "sat"  "cat"'), (table, 'keys    (2,)  object  "')):
        ip.user_ns["value"] = value
        assert "not read: %tonumpy reads it" in run(ip, "value").text
        shown = run(ip, "%tonumpy value").text
        assert shown.startswith(type(value).__name__)
        assert told in shown
        assert "not read" not in shown


def test_other_arrays_of_the_cell_look_as_they_always_did(ip, run):
    assert run(ip, "a = %tonumpy preds\npreds.numpy()").text == repr(ip.user_ns["preds"].numpy())


def test_the_users_own_array_is_not_the_result_itself(ip, run):
    shown = run(ip, "%tonumpy array")
    result = shown.result.result
    assert shown.text.startswith("ndarray (2, 3) float64")
    assert result is not ip.user_ns["array"]
    assert np.shares_memory(result, ip.user_ns["array"])
    assert run(ip, "array").text == repr(ip.user_ns["array"])


def test_masks_are_kept(ip):
    ip.user_ns["masked"] = np.ma.masked_less(np.arange(3.0), 1)
    value = ip.run_line_magic("tonumpy", "masked")
    assert isinstance(value, np.ma.MaskedArray)
    assert value.mask.tolist() == [True, False, False]


def test_a_nest_is_one_card_and_later_looks_as_always(ip, run):
    shown = run(ip, '%tonumpy {"a": x, "b": [preds]}')
    assert shown.text.startswith("dict")
    assert "array" not in shown.text
    assert run(ip, "_").text.startswith("{'a': array([[1., 2.],")


def test_a_namedtuple_is_one_card(ip, run):
    run(ip, "from collections import namedtuple\nPoint = namedtuple('Point', 'u v')")
    shown = run(ip, "%tonumpy Point(x, preds)")
    assert "Point(u=" not in shown.text
    assert type(shown.result.result).__name__ == "Point"
    assert run(ip, "Point(1, 2)").text == "Point(u=1, v=2)"


def test_a_scipy_array_from_the_magic_is_a_card(ip, run):
    pytest.importorskip("scipy")
    ip.user_ns["sparse"] = ip.user_ns["tf"].sparse.from_dense([[0.0, 1.0], [0.0, 2.0]])
    shown = run(ip, "%tonumpy -o s sparse --sparse scipy")
    assert shown.text.startswith("SparseTensor (2, 2)")
    assert run(ip, "s").text == repr(ip.user_ns["s"])


@pytest.mark.parametrize(
    "cell", ["%tonumpy preds;", "%tonumpy preds --top 2 ;", "%tonumpy preds; # quietly", "tonumpy preds;"]
)
def test_a_semicolon_silences_the_card(ip, run, cell):
    shown = run(ip, cell)
    assert shown.result.success
    assert shown.bundles == []
    assert shown.printed == ""


def test_a_semicolon_does_not_lose_an_assigned_value(ip, run):
    assert run(ip, "a = %tonumpy preds;").bundles == []
    assert ip.user_ns["a"].shape == (3,)


def test_a_semicolon_in_a_string_silences_nothing(ip, run):
    assert run(ip, "%tonumpy {'a;': x}['a;']").text.startswith("Tensor")


def test_every_value_shown_by_a_cell_is_a_card(ip, run):
    ip.ast_node_interactivity = "all"
    shown = run(ip, "%tonumpy preds\n%tonumpy x")
    assert [bundle["text/plain"].split(" float32")[0] for bundle in shown.bundles] == ["Tensor (3,)", "Tensor (2, 2)"]


def test_a_result_is_a_card_once(ip, run):
    ip.ast_node_interactivity = "all"
    card, native = run(ip, "%tonumpy -o a preds\na").bundles
    assert "text/html" in card
    assert native == {"text/plain": repr(ip.user_ns["a"])}


def test_options_of_the_card(ip, run):
    shown = run(ip, "%tonumpy preds --labels names")
    assert "cat" in shown.text
    shown = run(ip, "%tonumpy preds --labels {2: 'zebra'} --plot none")
    assert "zebra" in shown.text


def test_softmax_is_of_the_card_only(ip, run):
    plain, softened = run(ip, "%tonumpy x[1]"), run(ip, "%tonumpy --softmax x[1]")
    assert softened.text != plain.text
    assert softened.result.result.tolist() == [3.0, 4.0]


def test_switched_off_it_converts_and_shows_nothing_of_its_own(ip, run):
    run(ip, "%config TensorDisplay.enabled = False")
    assert run(ip, "%tonumpy preds").bundles == [{"text/plain": repr(ip.user_ns["preds"].numpy())}]


def test_what_is_not_shown_is_not_kept_alive(ip, run):
    """A loop over batches holds no more than one of them, and the end of the cell lets go of that."""
    run(
        ip,
        "import weakref\nalive, sources = [], []\n"
        "for number in range(4):\n"
        "    batch = np.zeros(3)\n"
        "    sources.append(weakref.ref(batch))\n"
        "    a = %tonumpy batch\n"
        "    del batch, a\n"
        "    alive.append(sum(source() is not None for source in sources))",
    )
    assert ip.user_ns["alive"] == [1, 1, 1, 1]
    gc.collect()
    assert all(source() is None for source in ip.user_ns["sources"])


def test_the_next_result_is_computed_without_the_last_one_in_memory(ip, run):
    run(
        ip,
        "import weakref\n"
        "batch = np.zeros(3)\n"
        "source = weakref.ref(batch)\n"
        "a = %tonumpy batch\n"
        "del batch, a\n"
        "b = %tonumpy np.array(source() is None)",
    )
    assert ip.user_ns["b"].tolist() is True


def test_what_was_shown_is_not_kept_alive_by_its_card(ip, run):
    assert run(ip, "source = np.zeros(3)\n%tonumpy source --copy").text.startswith("ndarray (3,)")
    source = weakref.ref(ip.user_ns.pop("source"))
    gc.collect()
    assert source() is None


# What is refused, in one line -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("predz", "UsageError: no name 'predz' here; did you mean preds?"),
        ("model(x)", "UsageError: no name 'model' here"),
        ("nonexist", "UsageError: no name 'nonexist' here"),
        ("labels", "UsageError: no name 'labels' here"),
        ("summ(x)", "UsageError: no name 'summ' here; did you mean sum?"),
        ("x -q", "UsageError: no name 'q' here; as an option -q goes before the expression: after it write --quiet"),
        (
            "x -l ['a']",
            "UsageError: no name 'l' here; as an option -l goes before the expression: after it write --labels",
        ),
        ("-- -q", "UsageError: no name 'q' here"),
        ("x -k none", "UsageError: --top needs a whole number from 1 on, not 'none'"),
        ("[predz for _ in range(2)]", "UsageError: no name 'predz' here; did you mean preds?"),
        ("x --labels namez", "UsageError: no name 'namez' here; did you mean names?"),
        ("x --lables names", "UsageError: unknown option --lables; did you mean --labels?"),
        ("x --lable", "UsageError: no name 'lable' here; did you mean --labels?"),
        ("x --top 3 --top 4", "UsageError: --top is given twice"),
        ("x --top", "UsageError: --top needs a value: --top K"),
        ("x --top none", "UsageError: --top needs a whole number from 1 on, not 'none'"),
        ("x --top 0", "UsageError: --top needs a whole number from 1 on, not '0'"),
        ("x --plot barr", "UsageError: no plot 'barr'; did you mean bar?"),
        ("x --max-bytes lots", "UsageError: --max-bytes needs a number of bytes, as in 500MB or 4GiB, not 'lots'"),
        ("-q x", "UsageError: --quiet needs --out NAME or --save PATH: nothing would be left of the result"),
        ("-o class x", "UsageError: --out needs a name to bind, not 'class'"),
        ("-o 2a x", "UsageError: --out needs a name to bind, not '2a'"),
        ("", "UsageError: %tonumpy needs an expression, as in: %tonumpy preds"),
        ("-o p", "UsageError: %tonumpy needs an expression, as in: %tonumpy preds"),
        ("p = x", "UsageError: 'p = x' assigns: write p = %tonumpy EXPR, or %tonumpy --out"),
        ("del x", "UsageError: 'del x' is a statement: %tonumpy takes one expression"),
        ("(x", "UsageError: '(x' is not a Python expression: '(' was never closed"),
        ("await x", "UsageError: 'await x' awaits: do that in a %%tonumpy cell"),
        ("x --labels 3", "OptionError: labels need a list, an array or a dict index → name, not int"),
    ],
)
def test_ours_is_one_line(ip, run, line, message):
    ran = run(ip, f"%tonumpy {line}\nreached = True")
    assert ran.printed.strip() == message
    assert not ran.result.success
    assert "reached" not in ip.user_ns


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ('"unclosed', "UsageError: '\"unclosed' is not a Python expression: unterminated string literal"),
        ("3", "ConversionError: int"),
        ("None", "ConversionError: "),
        ("object()", "ConversionError: object"),
        ("[1, 2]", "ConversionError: list"),
        ("x --dtype float99", "ConversionError: dtype 'float99'"),
        ("x --dtype int8", "ConversionError: "),
        ("x --casting maybe --dtype int8", "ConversionError: --casting maybe"),
        ("x --ragged maybe", "ConversionError: --ragged maybe"),
    ],
)
def test_what_cannot_be_converted_is_one_line(ip, run, line, start):
    ran = run(ip, f"%tonumpy {line}")
    assert ran.printed.startswith(start), ran.printed
    assert len(ran.printed.strip().splitlines()) == 1
    assert not ran.result.success


def test_a_function_of_ours_in_a_tf_function_is_called_as_it_is(ip, run):
    ip.user_ns["tfnp_ext"] = tfnp_ext
    run(ip, "@tf.function\ndef traced(x):\n    tfnp_ext.to_numpy(x + 1)\n    return x")
    lines = run(ip, "traced(tf.constant(1.0))").printed.splitlines()
    assert lines[-1].startswith("SymbolicTensorError: add, () float32, has no value yet inside tf.function: return it")
    # IPython 7 writes the bare path of each frame.
    files = [line for line in lines if line.startswith(("File ", "/")) and " in " in line]
    assert sum("__autograph_generated_file" in file for file in files) == 1  # the user's own
    assert [file for file in files if "tfnp_ext/" in file] == files[-1:]  # where it is decided


def test_autograph_converts_no_public_function(tf):
    from tensorflow.python.autograph.impl.api import is_autograph_artifact

    functions = [value for name in tfnp_ext.__all__ if isfunction(value := getattr(tfnp_ext, name))]
    assert len(functions) > 9
    assert [function.__name__ for function in functions if not is_autograph_artifact(function)] == []


@pytest.mark.parametrize("decorator", ["tf.function", "tf.function(autograph=False)"])
@pytest.mark.parametrize("body", ["%tonumpy x", "if tf.reduce_sum(x) > 0:\n        %tonumpy x\n    y = x"])
def test_inside_a_function_of_tensorflow_the_name_is_that_of_the_function(ip, run, decorator, body):
    if "if" in body and "autograph" in decorator:
        body = "%tonumpy x + 0"
    run(ip, "x = np.arange(6)")  # a global of the same name
    ran = run(ip, f"@{decorator}\ndef f(x):\n    {body}\n    return x\nf(tf.constant([1.0]))")
    assert ran.printed.startswith("SymbolicTensorError: "), ran.printed
    assert "(1,) float32, has no value yet inside tf.function" in ran.printed
    assert len(ran.printed.strip().splitlines()) == 1


def test_errors_keep_their_class(ip, run):
    code = (
        "import tfnp_ext\n"
        "try:\n    get_ipython().run_line_magic('tonumpy', '3')\n"
        "except tfnp_ext.ConversionError as error:\n    caught = error"
    )
    assert run(ip, code).result.success
    assert isinstance(ip.user_ns["caught"], tfnp_ext.ConversionError)
    with pytest.raises(UsageError):
        ip.run_line_magic("tonumpy", "x --lables names")


def test_what_the_expression_raises_keeps_its_traceback(ip, run):
    run(ip, "def divide(by):\n    return x / (1 // by)")
    ran = run(ip, "%tonumpy divide(0) --top 3")
    assert "Traceback" in ran.printed
    assert "return x / (1 // by)" in ran.printed
    assert "divide(0)" in ran.printed
    assert "ZeroDivisionError: integer division or modulo by zero" in ran.printed
    assert "tfnp_ext" not in ran.printed


def test_a_name_missing_further_in_keeps_its_traceback(ip, run):
    run(ip, "def broken():\n    return not_there")
    ran = run(ip, "%tonumpy broken()")
    assert "Traceback" in ran.printed
    assert "NameError: name 'not_there' is not defined" in ran.printed


def test_a_conversion_error_of_the_expression_keeps_its_traceback(ip, run):
    run(ip, "import tfnp_ext\ndef convert(value):\n    return tfnp_ext.to_numpy(value)")
    ran = run(ip, "%tonumpy convert(3)")
    assert "Traceback" in ran.printed
    assert "return tfnp_ext.to_numpy(value)" in ran.printed


def test_a_bad_option_is_refused_before_the_expression_runs(ip, run):
    run(ip, "%tonumpy [x, ran := True] --plot barr")
    assert "ran" not in ip.user_ns


# %%tonumpy ------------------------------------------------------------------------------------------------------------


def test_a_cell_is_run_and_its_last_value_converted(ip, run):
    shown = run(ip, "%%tonumpy -o p --labels labels\nlabels = ['u', 'v', 'w']\ny = preds / 2\n\ny * 2  # the value\n")
    assert shown.text.startswith("Tensor (3,)")
    assert re.search(r"\bw\s+0.700\s+70.0 %", shown.text)
    assert type(shown.result.result) is np.ndarray
    assert ip.user_ns["p"] is shown.result.result
    assert ip.user_ns["y"].shape == (3,)
    assert run(ip, "p").text == repr(ip.user_ns["p"])


@pytest.mark.parametrize(
    "cell",
    [
        "%%tonumpy\nx",
        "%%tonumpy   \nx",
        "\n%%tonumpy\n\nx\n\n",
        "%%tonumpy --top 3 # three\nx",
        "%%tonumpy\n%time x",
        "%%tonumpy\n%%time\nx",
        "%%tonumpy\n\n%%time\ny = 1\nx",
        "%%time\n%%tonumpy\nx",
        "%%tonumpy\nfiles = !echo one\nx if files == ['one'] else None",
        "%%tonumpy\n%config TensorDisplay.precision = 3\nx",
        "%%tonumpy\n%tonumpy x",
        "%%tonumpy\nfrom __future__ import annotations\nx",
        "%%tonumpy\nimport asyncio\nawait asyncio.sleep(0, x)",
        "%%tonumpy\nimport asyncio\nawait asyncio.sleep(0)\nx",
        "%%tonumpy\nget_ipython().run_cell_magic('tonumpy', '', 'x')",
        "%%tonumpy\n'''\n%%tonumpy\n'''; x",
    ],
)
def test_a_cell_runs_as_ipython_would_run_it(ip, run, cell):
    shown = run(ip, cell)
    assert shown.result.success, shown.printed
    assert "(2, 2) float32" in shown.text
    assert shown.result.result.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "cell", ["%%tonumpy\nx;", "%%tonumpy\nx; # quietly\n", "%%tonumpy\n%%time\nx;", "%%tonumpy\n%tonumpy x;"]
)
def test_a_semicolon_silences_a_cell(ip, run, cell):
    shown = run(ip, cell)
    assert shown.result.success, shown.printed
    assert shown.bundles == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%tonumpy\nran = True\ny = 1", "UsageError: the cell has no value to convert: end it with an expression"),
        (
            "%%tonumpy\nran = True\nfor i in range(2):\n    i",
            "UsageError: the cell has no value to convert: end it with an expression",
        ),
        ("%%tonumpy\n# nothing", "UsageError: the cell has no value to convert: end it with an expression"),
        ("%%tonumpy --lables n\nran = True\nx", "UsageError: unknown option --lables; did you mean --labels?"),
        ("%%tonumpy -z\nran = True\nx", "UsageError: unknown option -z; %tonumpy? lists them"),
        ("%%tonumpy x\nran = True\nx", "UsageError: %%tonumpy takes options here and the expression below, not 'x'"),
        ("%%tonumpy --plot barr\nx", "UsageError: no plot 'barr'; did you mean bar?"),
        ("%%tonumpy\n3", "ConversionError: int is not tensor-like: use np.array for plain numbers"),
    ],
)
def test_a_cell_is_refused_in_one_line(ip, run, cell, message):
    ran = run(ip, cell)
    assert ran.printed.strip() == message
    assert not ran.result.success
    assert "ran" not in ip.user_ns, "it was refused only after it had run"


def test_an_empty_cell_is_told_about_the_line_magic(ip, run):
    assert "cell body is empty. Did you mean the line magic %tonumpy" in run(ip, "%%tonumpy").printed


def test_an_error_in_a_cell_keeps_its_line_number(ip, run):
    ran = run(ip, "%%tonumpy -o p\n\ndef divide(by):\n    return 1 // by\n\ndivide(0)")
    assert "Traceback" in ran.printed
    assert "----> 6 divide(0)" in ran.printed
    assert "----> 4     return 1 // by" in ran.printed
    assert "tfnp_ext" not in ran.printed


def test_a_syntax_error_in_a_cell_keeps_its_line_number(ip, run):
    ran = run(ip, "%%tonumpy\ny = 1\nx +")
    assert "SyntaxError" in ran.printed
    assert ran.result.error_before_exec.lineno == 3


def test_a_cell_may_show_every_value(ip, run):
    ip.ast_node_interactivity = "all"
    shown = run(ip, "%%tonumpy\n'first'\nx")
    assert [bundle["text/plain"].split(" float32")[0] for bundle in shown.bundles] == ["'first'", "Tensor (2, 2)"]


def test_a_cell_called_as_a_function(ip, run):
    shown = run(ip, "get_ipython().run_cell_magic('tonumpy', '-o p', 'y = 1\\nfiles = !echo one\\nx')")
    assert shown.text.startswith("Tensor (2, 2)")
    assert ip.user_ns["p"].shape == (2, 2)
    assert ip.user_ns["y"] == 1


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("await x", "UsageError: run_cell_magic cannot await: begin a cell with %%tonumpy instead"),
        ("ran = await x\\nx", "UsageError: run_cell_magic cannot await: begin a cell with %%tonumpy instead"),
        ("y = 1", "UsageError: the cell has no value to convert: end it with an expression"),
    ],
)
def test_a_cell_called_as_a_function_is_refused_in_one_line(ip, run, cell, message):
    assert run(ip, f"get_ipython().run_cell_magic('tonumpy', '', '{cell}')").printed.strip() == message


def test_a_cell_called_as_a_function_keeps_its_traceback(ip, run):
    ran = run(ip, "get_ipython().run_cell_magic('tonumpy', '', 'y = 1\\ny // 0')")
    assert "----> 2 y // 0" in ran.printed
    assert "tfnp_ext" not in ran.printed


def test_a_terminal_waits_for_the_body_of_the_cell(ip):
    assert ip.check_complete("%%tonumpy -o p\n")[0] in {"incomplete", "complete"}
    assert ip.check_complete("%%tonumpy -o p\nx")[0] == "incomplete"
    assert ip.check_complete("%%tonumpy -o p\nx\n\n")[0] == "complete"


def test_other_cells_are_left_alone(ip, run):
    assert run(ip, "'%%tonumpy' + ''").text == "'%%tonumpy'"
    assert ip.transform_cell("%%tonumpyx\nx") == "get_ipython().run_cell_magic('tonumpyx', '', 'x\\n')\n"
    assert ip.transform_cell("x = 1; y = 2;\n") == "x = 1; y = 2;\n"


# Help and Tab ---------------------------------------------------------------------------------------------------------


def test_the_help_explains_all(ip, run):
    help_text = getdoc(ip.find_line_magic("tonumpy"))
    for option in OPTIONS:
        for flag in option.flags:
            assert flag in help_text
    assert "tfnp_ext.show(" in help_text
    assert "loop" in help_text
    assert "EXPR" in help_text
    for shown in (run(ip, "%tonumpy?"), run(ip, "%%tonumpy?")):
        assert shown.result.success
        assert "--labels EXPR" in shown.printed


@pytest.fixture
def tab(ip):
    """Completes a line in three ways: as older frontends ask, with Jedi and without."""
    ip.user_ns.update(number=3, model=type("Model", (), {"weights": [1.0]})(), predicted="no")

    def complete(line: str) -> list[list[str]]:
        found = [ip.complete("", line, len(line))[1]]
        for use_jedi in (False, True):
            ip.Completer.use_jedi = use_jedi
            with provisionalcompleter():
                found.append([completion.text for completion in ip.Completer.completions(line, len(line))])
        return found

    return complete


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("%tonumpy pre", {"preds", "predicted"}, {"x"}),
        ("%tonumpy ", {"x", "preds", "ragged", "names", "array"}, {"In", "Out", "_", "number", "tf", "exit", "model"}),
        ("a = %tonumpy pre", {"preds"}, set()),
        ("tonumpy pre", {"preds"}, set()),
        ("%tonumpy x + pre", {"preds"}, set()),
        ("%tonumpy f(pre", {"preds"}, set()),
        ("%tonumpy -l nam", {"names"}, set()),
        ("%tonumpy --", {"--out", "--labels", "--max-bytes"}, {"-o"}),
        ("%tonumpy -", {"-o", "--out"}, set()),
        ("%tonumpy x --", {"--top"}, {"-o"}),
        ("%tonumpy x -", {"--top"}, {"-o"}),
        ("%tonumpy x --la", {"--labels"}, {"--top"}),
        ("%tonumpy f(x, --", set(), {"--top"}),
        ("%tonumpy --top 3 x --", {"--labels"}, {"--top"}),
        ("%%tonumpy --", {"--out", "--labels"}, set()),
        ("%%tonumpy ", {"--out", "--labels"}, {"preds"}),
        ("%tonumpy --plot ", {"auto", "none", "bar", "heatmap"}, {"preds"}),
        ("%tonumpy -p h", {"heatmap", "histogram"}, {"bar"}),
        ("%tonumpy x --plot=ba", {"bar"}, {"heatmap"}),
        ("%tonumpy x --casting s", {"safe", "same_kind"}, {"unsafe"}),
        ("%tonumpy x --ragged ", {"object", "pad", "masked", "list"}, {"preds"}),
        ("%tonumpy x --sparse ", {"dense", "scipy"}, {"preds"}),
        ("%%tonumpy --plot h", {"heatmap"}, {"bar"}),
        ("%tonum", {"%tonumpy", "%%tonumpy"}, set()),
    ],
)
def test_tab_offers(tab, line, offered, not_offered):
    for found in tab(line):
        assert offered <= set(found), found
        assert not not_offered & set(found), found


@pytest.mark.parametrize(
    ("line", "pythons"),
    [("%tonumpy bees['pr", "prey"), ("%tonumpy bees['--t", "--top"), ("%tonumpy sor", "sorted")],
)
def test_tab_declines_where_python_knows_better(tab, ip, line, pythons):
    ip.user_ns["bees"] = {"prey": 1, "--top": 2}
    _, without_jedi, _ = tab(line)
    assert pythons in without_jedi  # an answer of ours would have suppressed it


def test_attributes_stay_pythons(tab, ip):
    _, without_jedi, with_jedi = tab("%tonumpy model.we")
    assert [name.rpartition(".")[2] for name in without_jedi] == ["weights"]
    assert with_jedi == ["weights"]


def test_tab_calls_nothing_of_the_users(tab, ip):
    class Touchy:
        def __getattribute__(self, name):
            raise AssertionError(f"asked for {name}")

    ip.user_ns["touchy"] = Touchy()
    assert "x" in tab("%tonumpy ")[0]
    assert tab("%tonumpy tou")[0] == ["touchy"]
