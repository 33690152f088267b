"""IPython in a terminal, by its standard input: one session, and what users see there."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

CELLS = {
    "load": "%load_ext tfnp_ext",
    "import": "import sys, tensorflow as tf; before = set(sys.modules)",
    "values": "preds = tf.constant([0.052, 0.148, 0.8]); x = tf.constant([[1.0, 2.0], [3.0, 4.0]])",
    "tensor": "preds",
    "line": "%tonumpy x",
    "assigned": "a = %tonumpy x",
    "later": "a",
    "silenced": "%tonumpy preds;",
    "nest": "{'a': x, 'b': [preds]}",
    "plain": "{'a': 1, 'b': [2]}",
    "name": "%tonumpy predz",
    "option": "%tonumpy x --top",
    "conversion": "%tonumpy 3",
    "raising": "%tonumpy 1 // 0",
    "cell": "%%tonumpy -o b\nimport asyncio\nawait asyncio.sleep(0)\nx + 1\n\n",
    "bound": "b",
    "no value": "%%tonumpy\nb = 0\n\n",
    "help": "%tonumpy?",
    "show": "import tfnp_ext; tfnp_ext.show(preds)",
    "imported": "[name for name in ('matplotlib', 'PIL') if name in set(sys.modules) - before]",
    "unload": "%unload_ext tfnp_ext",
    "native": "preds",
}
MARK = "print('=' * 9, 'cell', '=' * 9); _ = sys.stderr.flush()"


@pytest.fixture(scope="module")
def printed(process_environment) -> dict[str, str]:
    """What the session printed for each cell, without prompts and colours."""
    script = "import sys\n" + "".join(f"{MARK}\n{cell}\n" for cell in CELLS.values())
    ran = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        env={**process_environment, "PYTHONUNBUFFERED": "1"},
    )
    parts = ran.stdout.split("=" * 9 + " cell " + "=" * 9 + "\n")[1:]
    assert len(parts) == len(CELLS), ran.stdout
    prompts = re.compile(r"^(In \[\d+\]: |Out\[\d+\]: ?|\s+\.\.\.: )+", re.MULTILINE)
    return {name: prompts.sub("", part).strip() for name, part in zip(CELLS, parts, strict=True)}


def test_a_value_is_shown_as_text(printed):
    assert printed["tensor"].startswith("Tensor (3,) float32 · class probabilities")
    assert "80.0 %" in printed["tensor"]


def test_the_magic_shows_text(printed):
    assert printed["line"].splitlines()[0].startswith("Tensor (2, 2) float32")


def test_an_assigned_value_is_quiet_and_looks_native_later(printed):
    assert printed["assigned"] == ""
    assert printed["later"] == "array([[1., 2.],\n       [3., 4.]], dtype=float32)"


def test_a_semicolon_silences(printed):
    assert printed["silenced"] == ""


def test_a_nest_is_one_card_and_a_plain_one_is_native(printed):
    assert printed["nest"].startswith("dict ")
    assert "tf.Tensor" not in printed["nest"]
    assert printed["plain"] == "{'a': 1, 'b': [2]}"


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("name", "UsageError: no name 'predz' here; did you mean preds?"),
        ("option", "UsageError: --top needs a value: --top K"),
        ("conversion", "ConversionError: int is not tensor-like: use np.array for plain numbers"),
        ("no value", "UsageError: the cell has no value to convert: end it with an expression"),
    ],
)
def test_errors_of_ours_are_one_line(printed, cell, line):
    assert printed[cell] == line


def test_what_the_expression_raises_keeps_its_traceback(printed):
    assert "Traceback" in printed["raising"]
    assert "ZeroDivisionError" in printed["raising"]
    assert "1 // 0" in printed["raising"]
    assert "tfnp_ext" not in printed["raising"]


def test_a_cell_with_await(printed):
    assert printed["cell"].startswith("Tensor (2, 2) float32")
    assert printed["bound"].startswith("array([[2., 3.],")


def test_the_help_is_paged(printed):
    assert "--labels" in printed["help"]


def test_show_prints_the_same_card(printed):
    assert printed["show"] == printed["tensor"]


def test_no_figure_is_drawn(printed):
    assert printed["imported"] == "[]"


def test_after_the_unload_all_is_native(printed):
    assert printed["unload"] == ""
    assert printed["native"].startswith("<tf.Tensor: shape=(3,)")


def in_terminal(environment: dict[str, str], *options: str) -> str:
    """Returns what a session prints in a real terminal."""
    pty = pytest.importorskip("pty")  # Windows has none
    controller, terminal = pty.openpty()
    script = (
        "import numpy as np\n%load_ext tfnp_ext\n%config TensorDisplay.arrays = True\nnp.array([1.5, np.nan])\nexit()\n"
    )
    ran = subprocess.Popen(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", *options],
        stdin=subprocess.PIPE,
        stdout=terminal,
        stderr=terminal,
        env=environment,
    )
    os.close(terminal)
    ran.stdin.write(script.encode())
    ran.stdin.close()
    printed = b""
    while True:
        try:
            chunk = os.read(controller, 4096)
        except OSError:  # Linux says so at the end
            break
        if not chunk:
            break
        printed += chunk
    os.close(controller)
    ran.wait(60)
    return printed.decode()


def test_a_terminal_with_colours_has_them(process_environment):
    environment = {**process_environment, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    printed = in_terminal(environment, "--colors=Linux")
    loud = "\x1b[1;35m"
    assert f"\x1b[1mndarray\x1b[0m (2,) float64  {loud}⚠\x1b[0m 1.5  {loud}nan\x1b[0m" in printed
    assert "\x1b[2m   16 B · CPU · view\x1b[0m" in printed


@pytest.mark.parametrize(
    ("variables", "options"),
    [({"NO_COLOR": "1"}, "--colors=Linux"), ({"TERM": "dumb"}, "--colors=Linux"), ({}, "--colors=NoColor")],
)
def test_colours_are_left_out_where_nobody_wants_them(process_environment, variables, options):
    printed = in_terminal({**process_environment, "TERM": "xterm-256color", **variables}, options)
    card = next(line for line in printed.splitlines() if "ndarray" in line)
    assert "\x1b[1m" not in card
    assert card.split("ndarray")[1].startswith(" (2,) float64")
