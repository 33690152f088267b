"""Loading, showing and unloading in a real shell: what is registered, who wins, and that nothing stays behind."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfnp_ext
from tfnp_ext import extension

Point = namedtuple("Point", "u v")

EAGER = ("tensorflow.python.framework.ops", "EagerTensor")
TENSOR = ("tensorflow.python.framework.tensor", "Tensor")


def state_of(shell) -> dict[str, Any]:
    """Returns a copy of every table that loading an extension could change."""
    formatters = {
        "bundle": shell.display_formatter.mimebundle_formatter,
        "display": shell.display_formatter.ipython_display_formatter,
        **shell.display_formatter.formatters,
    }
    tables = {
        f"{name}.{table}": dict(getattr(formatter, table))
        for name, formatter in formatters.items()
        for table in ("type_printers", "deferred_printers", "singleton_printers")
    }
    manager = shell.magics_manager
    completers = shell.strdispatchers["complete_command"]
    return {
        **tables,
        "line magics": dict(manager.magics["line"]),
        "cell magics": dict(manager.magics["cell"]),
        "registry": dict(manager.registry),
        "configurables": list(shell.configurables),
        "completers by word": {key: list(chain) for key, chain in completers.strs.items()},
        "completers by pattern": {key: list(chain) for key, chain in completers.regexs.items()},
        "hooks": {
            name: list(getattr(shell.hooks, name, None) or []) for name in ("pre_run_code_hook", "shutdown_hook")
        },
        "events": {event: list(functions) for event, functions in shell.events.callbacks.items()},
        "cleanup": list(shell.input_transformers_cleanup),
        "lines": list(shell.input_transformer_manager.line_transforms),
        "tokens": list(shell.input_transformer_manager.token_transformers),
        "post": list(shell.input_transformers_post),
        "ast": list(shell.ast_transformers),
        "names": set(shell.user_ns) - {"_i", "_ii", "_iii", "_", "__", "___", "_exit_code"},
        "attributes": set(vars(shell)),
    }


def load(shell) -> None:
    shell.run_line_magic("load_ext", "tfnp_ext")


def unload(shell) -> None:
    shell.run_line_magic("unload_ext", "tfnp_ext")


def show_everything(shell, tf) -> None:
    """Shows one of each, so that whatever moves when it is first used has moved."""
    x = tf.constant([[1.0, 2.0]])
    for value in (
        x,
        tf.Variable(x),
        tf.ragged.constant([[1], [2, 3]]),
        tf.sparse.from_dense([[0, 1]]),
        tf.IndexedSlices(x, tf.constant([0])),
        [x],
        (x,),
        {"a": [x]},
        Point(x, 1),
        Point(1, 2),
        OrderedDict(a=x),
        np.zeros(3),
        [1, 2],
        shell.run_line_magic("tonumpy", "[1.0, array]" if "array" in shell.user_ns else "value"),
    ):
        bundle, _ = shell.display_formatter.format(value)
        assert bundle["text/plain"]


@pytest.fixture
def value(tf) -> Any:
    return tf.constant([0.1, 0.2, 0.7])


def text_of(shell, value) -> str:
    return shell.display_formatter.format(value)[0]["text/plain"]


def html_of(shell, value) -> str:
    return shell.display_formatter.format(value)[0].get("text/html", "")


def is_card(text: str) -> bool:
    return text.startswith(
        ("Tensor (", "list ", "tuple ", "dict ", "OrderedDict ", "defaultdict ", "Point ", "ndarray (", "Named ")
    )


# Load and unload ------------------------------------------------------------------------------------------------------


def test_unload_leaves_everything_as_it_was(bare, tf, value):
    bare.user_ns["value"] = value
    bare.run_cell("%config\nnot_there")  # a shell itself remembers that it has run and has failed
    before = state_of(bare)
    load(bare)
    assert state_of(bare) != before
    show_everything(bare, tf)
    bare.run_cell("%config TensorDisplay.top = 3\nnot_there")
    bare.run_line_magic("reload_ext", "tfnp_ext")
    show_everything(bare, tf)
    unload(bare)
    after = state_of(bare)
    assert {name: table for name, table in after.items() if table != before[name]} == {}
    assert not tfnp_ext.TensorDisplay.initialized()
    assert text_of(bare, value) == repr(value)


def test_nothing_moves_that_was_not_shown(bare):
    before = state_of(bare)
    load(bare)
    unload(bare)
    assert state_of(bare) == before


@pytest.mark.parametrize(
    "step", ["_add_magics", "_add_completer", "_add_transformers", "_add_printers", "_add_event", "register_names"]
)
def test_a_load_that_fails_half_way_is_undone(bare, monkeypatch, step):
    before = state_of(bare)
    real = getattr(extension, step)

    def fail(*given: Any) -> None:
        real(*given)
        raise RuntimeError("half-way")

    monkeypatch.setattr(extension, step, fail)
    with pytest.raises(RuntimeError, match="half-way"):
        tfnp_ext.load_ipython_extension(bare)
    assert state_of(bare) == before
    assert not tfnp_ext.TensorDisplay.initialized()
    monkeypatch.setattr(extension, step, real)
    load(bare)
    assert bare.find_line_magic("tonumpy")


def test_loading_twice_is_loading_once(ip):
    before = state_of(ip)
    tfnp_ext.load_ipython_extension(ip)
    load(ip)
    assert state_of(ip) == before
    ip.run_line_magic("reload_ext", "tfnp_ext")
    after = state_of(ip)
    assert {name: len(table) for name, table in after.items()} == {name: len(table) for name, table in before.items()}


def test_unloading_what_is_not_loaded_does_nothing(bare):
    before = state_of(bare)
    tfnp_ext.unload_ipython_extension(bare)
    assert state_of(bare) == before


def test_a_magic_of_the_same_name_comes_back(bare):
    def tonumpy(line: str) -> str:
        return f"mine: {line}"

    bare.register_magic_function(tonumpy, "line")
    load(bare)
    unload(bare)
    assert bare.run_line_magic("tonumpy", "x") == "mine: x"


def test_after_the_reload_all_still_works(ip, run, value):
    ip.user_ns["value"] = value
    ip.run_line_magic("reload_ext", "tfnp_ext")
    assert is_card(run(ip, "%tonumpy value").text)
    assert is_card(run(ip, "%%tonumpy\nvalue").text)
    assert is_card(run(ip, "[value]").text)


def test_two_shells_do_not_disturb_each_other(new_shell, value):
    first, second = new_shell(), new_shell()
    load(first)
    load(second)
    unload(first)
    assert text_of(first, value) == repr(value)
    assert is_card(text_of(second, value))


def test_nothing_heavy_is_imported(process_environment):
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell as S; s=S.instance();"
        " s.run_line_magic('load_ext','tfnp_ext'); s.run_line_magic('reload_ext','tfnp_ext');"
        " print([m for m in ('tensorflow','matplotlib','ipywidgets','PIL','pandas') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=process_environment, timeout=120
    )
    assert ran.stdout.strip() == "[]", ran.stderr


# Configuration --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:`Completer.complete` is pending deprecation")
def test_config_lists_documents_and_completes(ip, run):
    assert "TensorDisplay" in run(ip, "%config").printed
    assert "TensorDisplay.enabled" in run(ip, "%config TensorDisplay").printed
    _, found = ip.complete("", "%config TensorDisplay.pr", len("%config TensorDisplay.pr"))
    assert found == ["TensorDisplay.precision"]


def test_the_config_file_is_heard(new_shell, value):
    shell = new_shell(TensorDisplay={"enabled": False})
    load(shell)
    assert text_of(shell, value) == repr(value)


def test_the_config_file_is_heard_by_what_was_there_before(new_shell):
    """``show()`` makes the configuration too, without a shell."""
    before = tfnp_ext.TensorDisplay.instance()
    shell = new_shell(TensorDisplay={"precision": 7})
    load(shell)
    assert tfnp_ext.TensorDisplay.instance() is before
    assert before.precision == 7
    unload(shell)
    assert tfnp_ext.TensorDisplay.instance() is before
    assert before.precision == 3


def test_config_is_heard_at_once(ip, run, value):
    ip.user_ns.update(value=value, array=np.arange(3.0))
    assert is_card(run(ip, "value").text)
    run(ip, "%config TensorDisplay.enabled = False")
    assert run(ip, "value").text == repr(value)
    assert run(ip, "[value]").text == f"[{value!r}]"
    run(ip, "%config TensorDisplay.enabled = True")
    run(ip, "%config TensorDisplay.arrays = True")
    assert is_card(run(ip, "array").text)
    assert is_card(run(ip, "value").text)


def test_nested_can_be_switched_off(ip, run, value):
    ip.user_ns["value"] = value
    run(ip, "%config TensorDisplay.nested = False")
    assert run(ip, "[value]").text == f"[{value!r}]"
    assert is_card(run(ip, "value").text)
    assert is_card(run(ip, "%tonumpy [value]").text)


# What is shown --------------------------------------------------------------------------------------------------------


def test_kinds_show_themselves(ip, tf):
    for value in (
        tf.constant([1, 2]),
        tf.Variable([1.0]),
        tf.ragged.constant([[1], [2, 3]]),
        tf.sparse.from_dense([[0, 1]]),
    ):
        bundle, _ = ip.display_formatter.format(value)
        assert {"text/plain", "text/html"} <= set(bundle)
        assert bundle["text/plain"] != repr(value)


@pytest.mark.parametrize(
    "nest",
    [
        "[v]",
        "(v,)",
        "{'a': v}",
        "OrderedDict(a=v)",
        "defaultdict(list, a=[v])",
        "Point(v, 1)",
        "[[v]]",
        "{'a': {'b': (v,)}}",
    ],
)
def test_nests_of_tensors_are_one_card(ip, value, nest):
    made = eval(nest, {"v": value, "OrderedDict": OrderedDict, "defaultdict": defaultdict, "Point": Point})
    assert "tf.Tensor" not in text_of(ip, made)
    assert "tf.Tensor" not in html_of(ip, made)
    assert html_of(ip, made)


@pytest.mark.parametrize(
    "plain",
    [
        [1, 2],
        [],
        (),
        {},
        {"a": [1]},
        (1,),
        Point(1, 2),
        OrderedDict(a=1),
        defaultdict(list, a=[1]),
        np.arange(3),
        [np.arange(3)],
        b"bytes",
        [b"bytes"],
        "text",
        None,
        list(range(2000)),
        {"deep": [[[[1]]]], "long": "x" * 200},
    ],
)
def test_the_rest_looks_as_it_always_did(new_shell, plain):
    with_us, without_us = new_shell(), new_shell()
    load(with_us)
    assert with_us.display_formatter.format(plain) == without_us.display_formatter.format(plain)


def test_a_namedtuple_looks_native_again_without_tensors(ip, value):
    assert "tf.Tensor" not in text_of(ip, Point(value, 1))
    assert text_of(ip, Point(3, 4)) == "Point(u=3, v=4)"


def test_text_alone_is_a_card_too(ip, value):
    """``display(x, include=…)`` and frontends that want only text ask for no bundle."""
    text_formatter = ip.display_formatter.formatters["text/plain"]
    assert is_card(text_formatter([value]))
    assert text_formatter([1, [2]]) == "[1, [2]]"


def test_inside_of_other_containers_the_text_is_native(ip, value):
    class Holder:
        def _repr_pretty_(self, printer, cycle):
            printer.text("Holder of ")
            printer.pretty([value])

    assert text_of(ip, Holder()) == f"Holder of [{value!r}]"


def test_a_terminal_gets_text_only(ip, value):
    ip.display_formatter.active_types = ["text/plain"]
    for shown in (value, [value]):
        bundle, _ = ip.display_formatter.format(shown)
        assert set(bundle) == {"text/plain"}
        assert "tf.Tensor" not in bundle["text/plain"]


def test_a_loop_shows_by_show(ip, run, value):
    ip.user_ns["value"] = value
    ran = run(ip, "import tfnp_ext\nfor _i in range(2):\n    tfnp_ext.show(value)")
    assert ran.result.success
    assert ran.printed.count("Tensor (3,)") == 2


@pytest.fixture
def grid():
    """A class of the user's, and the adapter for it, registered by no test but the one that asks."""
    from tfnp_ext.adapters import DenseAdapter, Facts, base

    class Grid:
        rows = np.arange(3.0)

    Grid.__module__, Grid.__qualname__ = "somewhere", "Grid"

    class GridAdapter(DenseAdapter):
        kind = "Grid"
        type_names = ("somewhere.Grid",)

        def view(self, obj):
            return obj.rows

        def facts(self, obj):
            return Facts(shape=(3,), dtype="float64")

    before = {name: list(adapters) for name, adapters in base._BY_NAME.items()}
    yield Grid(), GridAdapter
    base._BY_NAME.clear()
    base._BY_NAME.update(before)
    base._BY_CLASS.clear()


def test_a_kind_registered_later_shows_itself(ip, run, grid):
    value, adapter = grid
    ip.user_ns.update(value=value, adapter=adapter)
    native = run(ip, "value").text
    assert native.startswith("<somewhere.Grid at")
    run(ip, "import tfnp_ext\ntfnp_ext.register_adapter(adapter)")
    assert run(ip, "value").text.startswith("Grid (3,) float64")
    assert run(ip, "[value]").text.startswith("list ")
    unload(ip)
    assert run(ip, "value").text == native


def test_a_subclass_keeps_its_own_text(ip, run, grid):
    value, adapter = grid
    subclass = type("Fine", (type(value),), {"__module__": "__main__", "__repr__": lambda self: "fine text"})
    ip.user_ns.update(adapter=adapter, value=subclass())
    run(ip, "import tfnp_ext\ntfnp_ext.register_adapter(adapter)")
    shown = run(ip, "value")
    assert shown.text == "fine text"
    assert "Grid" in shown.html


def test_what_the_user_removes_stays_removed(ip, run, value):
    ip.user_ns["value"] = value
    for name in (EAGER, TENSOR):
        ip.display_formatter.mimebundle_formatter.pop(".".join(name), None)
    run(ip, "1")
    assert run(ip, "value").text == repr(value)


def test_registering_in_a_shell_without_us_does_nothing(bare):
    before = state_of(bare)
    extension.register_names(bare)
    assert state_of(bare) == before


# Who wins -------------------------------------------------------------------------------------------------------------


def mine(obj: Any) -> dict[str, str]:
    return {"text/plain": "mine", "text/html": "<i>mine</i>"}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", ["the class by name", "a base by name", "the class by type", "a base by type"])
def test_the_users_bundle_wins_and_survives(bare, tf, value, how, when):
    bundles = bare.display_formatter.mimebundle_formatter

    def register() -> None:
        if "name" in how:
            bundles.for_type_by_name(*(TENSOR if "base" in how else EAGER), mine)
        else:
            bundles.for_type(tf.Tensor if "base" in how else type(value), mine)

    if when == "before":
        register()
    load(bare)
    if when == "after":
        register()
    assert text_of(bare, value) == "mine"
    unload(bare)
    assert text_of(bare, value) == "mine"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("of", ["the class", "a base"])
def test_the_users_html_and_text_win_and_survive(bare, tf, value, of, when):
    cls = type(value) if of == "the class" else tf.Tensor

    def register() -> None:
        bare.display_formatter.formatters["text/html"].for_type(cls, lambda obj: "<i>mine</i>")
        bare.display_formatter.formatters["text/plain"].for_type(cls, lambda obj, p, cycle: p.text("mine"))

    if when == "before":
        register()
    load(bare)
    if when == "after":
        register()
    with_us = text_of(bare, value), html_of(bare, value)
    unload(bare)
    assert with_us == (text_of(bare, value), html_of(bare, value))
    assert with_us[1] == "<i>mine</i>"
    assert with_us[0] == "mine" or of == "a base"  # IPython itself prefers the __repr__ of a class to a base's printer


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_users_text_of_lists_wins_and_survives(bare, value, when):
    def register() -> None:
        bare.display_formatter.formatters["text/plain"].for_type(list, lambda obj, p, cycle: p.text("my list"))

    if when == "before":
        register()
    load(bare)
    if when == "after":
        register()
    assert text_of(bare, [value]) == "my list"
    unload(bare)
    assert text_of(bare, [value]) == "my list"


def test_the_users_subclass_wins(ip, value):
    class Mine(list):
        pass

    ip.display_formatter.mimebundle_formatter.for_type(Mine, lambda obj: {"text/html": "<i>mine</i>"})
    assert html_of(ip, Mine([value])) == "<i>mine</i>"


def test_a_class_keeps_its_own_display(ip, value, capsys):
    class WithHtml(list):
        def _repr_html_(self):
            return "<i>own</i>"

    class WithBundle(dict):
        def _repr_mimebundle_(self, include=None, exclude=None):
            return {"text/html": "<i>own bundle</i>"}

    class Displays(list):
        def _ipython_display_(self):
            print("own display")

    class WithText(list):
        def __repr__(self):
            return "own text"

    assert html_of(ip, WithHtml([value])) == "<i>own</i>"
    assert html_of(ip, WithBundle(a=value)) == "<i>own bundle</i>"
    assert ip.display_formatter.format(Displays([value])) == ({}, {})
    assert capsys.readouterr().out == "own display\n"
    assert text_of(ip, WithText([value])) == "own text"
    assert html_of(ip, WithText([value]))
    assert "tf.Tensor" not in html_of(ip, WithText([value]))


def test_a_users_extension_type_keeps_its_own_text(ip, run, tf):
    run(
        ip,
        "import tensorflow as tf\n"
        "class Pair(tf.experimental.ExtensionType):\n"
        "    left: tf.Tensor\n"
        "    def _repr_html_(self):\n        return '<i>own</i>'\n"
        "pair = Pair(tf.constant(1))",
    )
    assert run(ip, "pair").html == "<i>own</i>"


# Nothing raises -------------------------------------------------------------------------------------------------------


class Hostile(list):
    def __iter__(self):
        raise RuntimeError("no iterating")

    def __len__(self):
        raise RuntimeError("no length")

    def __repr__(self):
        return "hostile"


class HostileDict(dict):
    def values(self):
        raise RuntimeError("no values")

    items = values


def test_hostile_containers_are_shown_natively(ip, value, capfd):
    assert text_of(ip, Hostile([value])) == "hostile"
    assert "Traceback" not in capfd.readouterr().err
    loop = [value]
    loop.append(loop)
    assert text_of(ip, loop)
    assert text_of(ip, {"a": HostileDict(a=1)})
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("broken", ["mimebundle", "holds_tensors"])
def test_whatever_breaks_the_value_is_shown(ip, value, monkeypatch, capfd, broken):
    def fail(*given: Any, **named: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(f"tfnp_ext.display.{broken}", fail)
    for shown in (value, [value], {"a": value}) if broken == "mimebundle" else ([value], {"a": value}):
        assert text_of(ip, shown)
    assert "tf.Tensor" in text_of(ip, [value])
    converted = text_of(ip, ip.run_line_magic("tonumpy", "__import__('numpy').zeros(2)"))
    assert converted == "array([0., 0.])" if broken == "mimebundle" else is_card(converted)
    captured = capfd.readouterr()
    assert "Traceback" not in captured.out + captured.err


def test_a_failing_card_leaves_the_value_and_one_line_of_why(ip, value, monkeypatch):
    def fail(*given: Any) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr("tfnp_ext.display.showing.compose", fail)
    assert text_of(ip, value).startswith(repr(value))
    assert "out of paper" in text_of(ip, value).splitlines()[-1]
    assert "out of paper" in text_of(ip, [value])


@pytest.mark.parametrize("refused", ["top='a'", "top=0", "labels=5"])
def test_a_refused_value_does_not_outlive_the_extension(new_shell, refused, capsys):
    shell = new_shell()
    for _ in range(2):
        shell.run_line_magic("load_ext", "tfnp_ext")
        shell.run_line_magic("config", f"TensorDisplay.{refused}")
        assert tfnp_ext.TensorDisplay.instance().top is None
        assert tfnp_ext.TensorDisplay.instance().labels is None
        shell.run_line_magic("unload_ext", "tfnp_ext")
        assert "TensorDisplay" not in shell.config
    assert "Traceback" not in "".join(capsys.readouterr())


def test_a_bad_value_in_the_configuration_file_is_one_line(new_shell, capsys):
    shell = new_shell(TensorDisplay={"top": "a"})
    shell.run_line_magic("load_ext", "tfnp_ext")
    assert tfnp_ext.TensorDisplay.instance().top is None
    assert capsys.readouterr().err.startswith("tfnp_ext: the configuration of TensorDisplay is left out: ")


def test_the_kind_of_one_s_own_in_the_readme_converts_and_shows_itself(ip, run):
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (cell,) = [block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "register_adapter" in block]

    assert run(ip, cell).result.result.tolist() == [0.0, 0.5, -0.5]
    shown = run(ip, "Recording([0.0, 0.5, -0.5], 16_000)")
    assert shown.text.startswith("Recording (3,) float32  0  0.5  -0.5   16000 Hz · 12 B")
    assert "Recording" in shown.html


def test_a_dataclass_that_holds_a_tensor_shows_itself_from_the_next_cell_on(ip, run, tf):
    define = (
        "import dataclasses\nfrom typing import Any\n\n"
        "@dataclasses.dataclass\nclass Out:\n    loss: Any\n    name: str\n\n"
        "@dataclasses.dataclass\nclass Named:\n    loss: Any\n    def __repr__(self): return 'mine'\n"
    )
    run(ip, "import tensorflow as tf\n" + define)
    shown = run(ip, "Out(tf.constant([1.0, 2.0]), 'a')")
    assert "loss" in shown.html
    assert "1.0" in shown.html
    assert shown.text.startswith("Out   2 entries · 1 tensor")
    assert run(ip, "Named(tf.constant(1.0))").text == "mine"
    assert run(ip, "Out(1, 'plain')").html == ""
    bundles = ip.display_formatter.mimebundle_formatter.type_printers
    assert ip.user_ns["Out"] in bundles
    ip.run_line_magic("unload_ext", "tfnp_ext")
    assert ip.user_ns["Out"] not in bundles
