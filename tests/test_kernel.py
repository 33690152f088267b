"""A real kernel: what a notebook gets, with the event loop running, over the wire."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

COLORS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Answer:
    """What a kernel sent for one cell."""

    reply: dict[str, Any]
    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""

    @property
    def shown(self) -> dict[str, Any]:
        """The MIME bundle of the cell's value."""
        assert len(self.results) == 1, (self.printed, self.errors)
        return self.results[0]


class Kernel:
    """A running kernel, asked one cell at a time."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, code: str) -> Answer:
        """Runs a cell and waits for all that it shows."""
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        printed: list[str] = []

        def receive(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind in ("execute_result", "display_data"):
                results.append(content["data"])
            elif kind == "error":
                errors.append(content)
            elif kind == "stream":
                printed.append(content["text"])

        reply = self.client.execute_interactive(code, timeout=120, output_hook=receive, store_history=True)["content"]
        return Answer(reply, results, errors, COLORS.sub("", "".join(printed)))

    def complete(self, code: str) -> list[str]:
        """Asks what Tab would offer at the end of the code."""
        return self.client.complete(code, len(code), reply=True, timeout=60)["content"]["matches"]


@pytest.fixture(scope="module")
def kernel(process_environment) -> Iterator[Kernel]:
    """One kernel for all tests here, since it has to import TensorFlow."""
    notebook = NotebookClient(nbformat.v4.new_notebook(), kernel_name="python3")
    with notebook.setup_kernel(env=process_environment):
        client = notebook.km.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        kernel = Kernel(client)
        assert kernel.run("import sys; sys.executable").shown["text/plain"] == repr(sys.executable)
        ready = kernel.run(
            "%load_ext tfnp_ext\n"
            "import tensorflow as tf\n"
            "preds = tf.constant([0.01] * 9 + [0.91]); x = tf.constant([[1.0, 2.0], [3.0, 4.0]])"
        )
        assert ready.reply["status"] == "ok", ready.printed
        yield kernel
        client.stop_channels()


def test_a_value_shows_itself_as_html_and_text(kernel):
    shown = kernel.run("preds").shown
    assert shown["text/plain"].startswith("Tensor (10,) float32 · class probabilities")
    assert "Tensor" in shown["text/html"]


def test_the_picture_is_drawn_and_embedded(kernel):
    html = kernel.run("tf.random.stateless_uniform((40, 50), (1, 2))").shown["text/html"]
    picture = re.search(r"src=[\"']?data:image/png;base64,([\w+/=]+)", html)
    assert picture, html[:500]
    assert base64.b64decode(picture[1]).startswith(b"\x89PNG")


def test_the_magic_is_a_card_and_later_native(kernel):
    shown = kernel.run("%tonumpy -o a x").shown
    assert shown["text/plain"].startswith("Tensor (2, 2)")
    assert "text/html" in shown
    assert kernel.run("a").shown == {"text/plain": "array([[1., 2.],\n       [3., 4.]], dtype=float32)"}


def test_axes_of_plot_are_one_picture_and_those_of_pyplot_get_no_second(kernel):
    shown = kernel.run("import tfnp_ext\ntfnp_ext.plot(preds)").shown
    assert set(shown) == {"image/png", "text/plain"}
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")
    assert kernel.run("import matplotlib.pyplot as plt\nplt.get_fignums()").shown["text/plain"] == "[]"

    # The inline backend shows the figure at the end of the cell, the value of the cell is a line of text.
    answer = kernel.run("figure, ax = plt.subplots()\ntfnp_ext.plot(preds, ax=ax)")
    assert [set(bundle) for bundle in answer.results] == [{"text/plain"}, {"image/png", "text/plain"}]
    assert kernel.run("plt.get_fignums()").shown["text/plain"] == "[]"


@pytest.mark.parametrize(
    "cell", ["%tonumpy x;", "a = %tonumpy x", "%%tonumpy\nx;", "%tonumpy -q -o a x", "%%tonumpy\nawait nothing();"]
)
def test_nothing_is_shown(kernel, cell):
    kernel.run("async def nothing():\n    return x")
    answer = kernel.run(cell)
    assert (answer.results, answer.printed, answer.errors) == ([], "", [])
    assert answer.reply["status"] == "ok"


def test_a_nest_is_one_card(kernel):
    shown = kernel.run("{'a': x, 'b': [preds]}").shown
    assert shown["text/plain"].startswith("dict")
    assert "text/html" in shown
    assert kernel.run("{'a': 1}").shown == {"text/plain": "{'a': 1}"}


def test_await_in_a_cell_with_the_loop_running(kernel):
    shown = kernel.run(
        "%%tonumpy -o later\n"
        "import asyncio\n"
        "async def slow(value):\n"
        "    await asyncio.sleep(0.01)\n"
        "    return value\n"
        "first, second = await asyncio.gather(slow(x), slow(x * 2))\n"
        "await slow(first + second)"
    ).shown
    assert shown["text/plain"].startswith("Tensor (2, 2)")
    assert kernel.run("later[0, 0]").shown["text/plain"] in ("np.float32(3.0)", "3.0")


@pytest.mark.parametrize(
    "cell",
    ["%%tonumpy\n%%time\nx", "%%time\n%%tonumpy\nx", "%%tonumpy\ny = !echo hello\nx if y == ['hello'] else None"],
)
def test_other_magics_in_a_cell(kernel, cell):
    answer = kernel.run(cell)
    assert answer.shown["text/plain"].startswith("Tensor (2, 2)"), answer.errors


def test_a_conversion_error_is_one_line(kernel):
    answer = kernel.run("%tonumpy 3\nreached = True")
    assert answer.errors == [
        {
            "ename": "ConversionError",
            "evalue": "int is not tensor-like: use np.array for plain numbers",
            "traceback": ["ConversionError: int is not tensor-like: use np.array for plain numbers"],
        }
    ]
    assert answer.reply["status"] == "error"
    assert kernel.run("reached").errors[0]["ename"] == "NameError"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%tonumpy predz", "UsageError: no name 'predz' here; did you mean preds?"),
        ("%tonumpy x --lables y", "UsageError: unknown option --lables; did you mean --labels?"),
        ("%tonumpy await x", "UsageError: 'await x' awaits: do that in a %%tonumpy cell"),
        (
            "get_ipython().run_cell_magic('tonumpy', '', 'await x')",
            "UsageError: run_cell_magic cannot await: begin a cell with %%tonumpy instead",
        ),
    ],
)
def test_a_usage_error_is_one_line_and_stops_the_notebook(kernel, cell, message):
    answer = kernel.run(cell)
    assert answer.printed.strip() == message
    assert answer.errors == []
    assert answer.reply["status"] == "error"


def test_a_refused_cell_is_one_line_and_has_not_run(kernel):
    answer = kernel.run("%%tonumpy\nran = True\ny = 1")
    assert [error["traceback"] for error in answer.errors] == [
        ["UsageError: the cell has no value to convert: end it with an expression"]
    ]
    assert answer.reply["status"] == "error"
    assert kernel.run("ran").errors[0]["ename"] == "NameError"


def test_an_error_of_the_cells_keeps_its_traceback(kernel):
    answer = kernel.run("%%tonumpy\n\ndef divide(by):\n    return 1 // by\n\nawait_nothing = divide(0)\nx")
    traceback = COLORS.sub("", "\n".join(answer.errors[0]["traceback"]))
    assert answer.errors[0]["ename"] == "ZeroDivisionError"
    assert "----> 6 await_nothing = divide(0)" in traceback
    assert "tfnp_ext" not in traceback


def test_tab(kernel):
    kernel.run("predicted = 1; model = type('Model', (), {'weights': [1.0]})()")
    assert set(kernel.complete("%tonumpy pred")) >= {"preds", "predicted"}
    assert {"x", "preds"} <= set(kernel.complete("%tonumpy "))
    assert not {"In", "Out", "_", "predicted"} & set(kernel.complete("%tonumpy "))
    assert "--labels" in kernel.complete("%tonumpy x --la")
    assert {"auto", "none", "bar"} <= set(kernel.complete("%tonumpy --plot "))
    assert "--labels" in kernel.complete("%%tonumpy --la")
    assert [name.rpartition(".")[2] for name in kernel.complete("%tonumpy model.we")] == ["weights"]
    assert "predicted" in kernel.complete("%%tonumpy --top 3\npredict")


def test_history_holds_what_was_typed(kernel):
    kernel.run("%%tonumpy -o p\nx * 3")
    assert kernel.run("In[-2]").shown["text/plain"].count("x * 3") == 1
    assert kernel.run("_ih and get_ipython().history_manager.input_hist_raw[-3]").shown["text/plain"] == repr(
        "%%tonumpy -o p\nx * 3"
    )


def test_reload_and_unload(kernel):
    assert kernel.run("%reload_ext tfnp_ext\npreds").shown["text/plain"].startswith("Tensor")
    assert kernel.run("%unload_ext tfnp_ext\npreds").shown["text/plain"].startswith("<tf.Tensor")
    assert kernel.run("[x]").shown["text/plain"].startswith("[<tf.Tensor")
    assert "not found" in kernel.run("%tonumpy x").printed
    assert kernel.run("%load_ext tfnp_ext\npreds").shown["text/plain"].startswith("Tensor")
