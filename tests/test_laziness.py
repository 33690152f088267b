"""What must not be imported: nothing heavy at import, at load, or for a value that needs none of it.

Each test asks a fresh interpreter, since this one has long loaded everything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "matplotlib", "ipywidgets", "PIL", "pandas", "scipy")

AS_IN_IPYTHON = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
"""


def heavy_after(code: str, tmp_path) -> list[str]:
    """Returns which of ``HEAVY`` a fresh interpreter has loaded after ``code``."""
    ending = f"\nimport json, sys\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    finished = subprocess.run(
        [sys.executable, "-c", code + ending],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
        env=without_history(tmp_path),
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def without_history(folder) -> dict[str, str]:
    """Returns the environment with IPython's own files kept in ``folder``."""
    return {**os.environ, "IPYTHONDIR": str(folder)}


def test_the_question_has_teeth(tmp_path):
    assert "matplotlib" in heavy_after("import matplotlib", tmp_path)


def test_the_import_loads_nothing_heavy(tmp_path):
    assert heavy_after("import tfnp_ext", tmp_path) == []


def test_the_load_loads_nothing_heavy(tmp_path):
    load = "shell.run_line_magic('load_ext', 'tfnp_ext')\nassert 'tonumpy' in shell.magics_manager.magics['line']"
    assert heavy_after(AS_IN_IPYTHON + load, tmp_path) == []


def test_the_load_loads_neither_numpy_nor_what_converts_and_draws(tmp_path):
    code = AS_IN_IPYTHON + (
        "import sys\n"
        "shell.run_line_magic('load_ext', 'tfnp_ext')\n"
        "shell.run_cell('[1, 2]; {}')\n"
        "loaded = {name.split('.')[1] for name in sys.modules if name.startswith('tfnp_ext.')}\n"
        "assert loaded == {'config', 'errors', 'extension', 'magics', 'printers', 'type_names'}, loaded\n"
        "assert 'numpy' not in sys.modules\n"
    )
    assert heavy_after(code, tmp_path) == []


def test_the_names_that_the_load_registers_are_those_of_the_kinds(tmp_path):
    code = (
        "import tfnp_ext.datasets\n"
        "from tfnp_ext.adapters import registered_names\n"
        "from tfnp_ext.type_names import SHOWN\n"
        "missing = sorted(set(registered_names()) - set(SHOWN))\n"
        "assert not missing, f'add to tfnp_ext/type_names.py: {missing}'\n"
        "extra = sorted(set(SHOWN) - set(registered_names()))\n"
        "assert not extra, f'no kind has these any more: {extra}'\n"
        "assert list(SHOWN) == sorted(SHOWN)\n"
    )
    assert heavy_after(code, tmp_path) == []


def test_the_load_and_unload_load_nothing_heavy(tmp_path):
    code = "".join(f"shell.run_line_magic({name!r}, 'tfnp_ext')\n" for name in ("load_ext", "reload_ext", "unload_ext"))
    assert heavy_after(AS_IN_IPYTHON + code, tmp_path) == []


def test_public_names_come_without_anything_heavy(tmp_path):
    """The explorer alone is a widget, so it may bring ipywidgets."""
    code = (
        "import tfnp_ext\n"
        "for name in set(tfnp_ext.__all__) - {'explore'}:\n"
        "    assert getattr(tfnp_ext, name) is not None\n"
    )
    assert heavy_after(code, tmp_path) == []


def test_public_names_are_listed_and_unknown_ones_refused():
    import tfnp_ext

    assert set(tfnp_ext.__all__) <= set(dir(tfnp_ext))
    assert len(set(tfnp_ext.__all__)) == len(tfnp_ext.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        tfnp_ext.no_such_name  # noqa: B018


def test_a_numpy_array_needs_no_tensorflow(tmp_path):
    """To tell what a value is, its type's name is enough: nothing is imported to detect."""
    code = AS_IN_IPYTHON + (
        "shell.run_line_magic('load_ext', 'tfnp_ext')\n"
        "import numpy\n"
        "shell.user_ns['x'] = numpy.linspace(0, 1, 100)\n"
        "assert shell.run_line_magic('tonumpy', 'x').shape == (100,)\n"
    )
    assert heavy_after(code, tmp_path) == []


def test_bars_are_drawn_without_matplotlib(tmp_path):
    """Importing it takes longer than the whole first picture; only its font is wanted."""
    code = (
        "import numpy as np\n"
        "from tfnp_ext.display import mimebundle\n"
        "powers = np.exp(np.arange(10))\n"
        "assert 'image/png' in mimebundle(powers / powers.sum())['text/html']\n"
    )
    assert heavy_after(code, tmp_path) == ["PIL"]


def test_a_terminal_draws_no_figure(tmp_path):
    """Only text is asked for there, so Matplotlib stays away."""
    code = AS_IN_IPYTHON + (
        "shell.run_line_magic('load_ext', 'tfnp_ext')\n"
        "shell.display_formatter.active_types = ['text/plain']\n"
        "import numpy\n"
        "shell.user_ns['x'] = numpy.linspace(0, 1, 100)\n"
        "value = shell.run_line_magic('tonumpy', 'x')\n"
        "bundle, _ = shell.display_formatter.format(value)\n"
        "assert list(bundle) == ['text/plain'], list(bundle)\n"
        "assert '(100,)' in bundle['text/plain'], bundle['text/plain']\n"
    )
    assert heavy_after(code, tmp_path) == []
