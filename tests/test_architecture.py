"""The shape of the package: which rooms there are, who may import whom, and what is declared.

Everything is read with ``ast``; nothing of the package is imported, so a broken import shows itself elsewhere.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "tfnp_ext"

ROOMS = (
    "errors",
    "config",
    "type_names",
    "wording",
    "png",
    "casting",
    "adapters",
    "convert",
    "datasets",
    "storage",
    "statistics",
    "roles",
    "summary",
    "document",
    "plots",
    "formats",
    "display",
    "explorer",
    "magics",
    "printers",
    "extension",
    "__init__",
)
"""Import order: a room (a file, or the folder of that name it grew into) imports only from rooms above it."""

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "notebooks",
    "pyproject.toml",
    "tests",
    "tfnp_ext",
}

LONGEST_FILE = 500

DISTRIBUTIONS = {"PIL": "pillow", "google": "protobuf", "sklearn": "scikit-learn"}
"""Where a distribution is not called as what one imports."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Returns the dotted name of a file: ``tfnp_ext.adapters.eager``, ``tfnp_ext`` for the package itself."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Returns the room a dotted name of the package belongs to; the package itself is its ``__init__``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


KNOWN = {name_of(path) for path in MODULES}


def imported(tree: ast.AST, path: Path) -> Iterator[tuple[int, str]]:
    """Yields line and dotted name of each import, also inside functions and by a literal ``import_module``."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                yield node.lineno, submodule if submodule in KNOWN else base
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def forbidden_imports(source: str, path: Path) -> list[str]:
    """Returns a line for each import in ``source`` that reaches a room below its own."""
    own = room_of(name_of(path))
    found = []
    for line, target in imported(ast.parse(source), path):
        if target.split(".")[0] != "tfnp_ext" or room_of(target) == own:
            continue
        if room_of(target) not in ROOMS or ROOMS.index(room_of(target)) > ROOMS.index(own):
            found.append(f"{path.relative_to(PACKAGE.parent)}:{line} imports {target}, which is not above {own}")
    return found


def third_party(tree: ast.AST, path: Path) -> set[str]:
    """Returns the distributions that ``tree`` imports from."""
    roots = {target.split(".")[0] for _, target in imported(tree, path)}
    outside = roots - sys.stdlib_module_names - {"tfnp_ext", ""}
    return {canonical(DISTRIBUTIONS.get(root, root)) for root in outside}


def canonical(distribution: str) -> str:
    """Returns a distribution's name without version, extras and marker, spelled as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", distribution, maxsplit=1)[0]).lower()


@pytest.fixture(scope="module")
def declared() -> dict[str, set[str]]:
    """The distributions that pyproject.toml declares: ``""`` for everyone, else by extra."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lists = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: {canonical(line) for line in lines} for extra, lines in lists.items()}


def test_every_file_belongs_to_a_room():
    strangers = {room_of(name_of(path)) for path in MODULES} - set(ROOMS)
    assert not strangers, f"not one of the rooms: {sorted(strangers)}"


def test_a_room_is_a_file_or_a_folder_never_both():
    doubled = [room for room in ROOMS if (PACKAGE / f"{room}.py").exists() and (PACKAGE / room).is_dir()]
    assert not doubled


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_from_rooms_above(path):
    if room_of(name_of(path)) not in ROOMS:
        pytest.fail(f"{name_of(path)} belongs to no room, so it has no place in the import order")
    assert forbidden_imports(path.read_text(), path) == []


@pytest.mark.parametrize(
    "source",
    [
        "from tfnp_ext.plots import draw",
        "from tfnp_ext import plots",
        "from . import plots",
        "from .plots import draw",
        "import tfnp_ext.plots",
        "import tfnp_ext",
        "def later():\n    from tfnp_ext.plots import draw",
        "import importlib\nimportlib.import_module('tfnp_ext.plots')",
    ],
)
def test_an_import_from_below_is_seen(source, monkeypatch):
    monkeypatch.setitem(globals(), "KNOWN", KNOWN | {"tfnp_ext.plots"})
    assert len(forbidden_imports(source, PACKAGE / "summary.py")) == 1
    assert forbidden_imports("import numpy\nfrom tfnp_ext.errors import ConversionError", PACKAGE / "summary.py") == []


def test_no_file_imports_itself_in_a_circle():
    graph = {
        name_of(path): {target for _, target in imported(ast.parse(path.read_text()), path) if target in KNOWN}
        - {name_of(path)}
        for path in MODULES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' → '.join(circle.args[1])}")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_docstring_says_what_room_it_is(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, f"{path.name} has no docstring"
    assert len(docstring.split()) >= 3


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_stays_short_enough_to_read(path):
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: make it a folder of the same name"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_unpickles_or_executes(path):
    """Only the magics run what users typed."""
    tree = ast.parse(path.read_text())
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    assert not unsafe & {target.split(".")[0] for _, target in imported(tree, path)}
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    allowed = {"eval", "exec"} if room_of(name_of(path)) == "magics" else set()
    assert not calls & ({"eval", "exec"} - allowed)


def test_what_the_package_imports_is_declared(declared):
    """What a module imports at its top is a dependency; what a function imports may be an extra that users choose."""
    optional = set().union(*(declared[extra] for extra in declared.keys() - {"test", "dev"}))
    for path in MODULES:
        tree = ast.parse(path.read_text())
        top = ast.Module([node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))], [])
        assert third_party(top, path) <= declared[""], f"{path.name}: {third_party(top, path) - declared['']}"
        assert third_party(tree, path) <= optional, f"{path.name}: {third_party(tree, path) - optional}"


def test_what_the_tests_import_is_declared(declared):
    """Benchmarks are left out: they compare with what happens to be installed, and `pytest` does not run them."""
    files = [path for path in sorted((PROJECT / "tests").rglob("*.py")) if "benchmarks" not in path.parts]
    local = {"tests", *(canonical(path.stem) for path in files), *(canonical(path.parent.name) for path in files)}
    imports = set().union(*(third_party(ast.parse(path.read_text()), path) for path in files))
    missing = imports - local - declared[""] - declared["test"]
    assert not missing, f"not in the extra `test`: {sorted(missing)}"


def test_what_the_notebooks_import_is_declared(declared):
    imports = set()
    for notebook in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(notebook.read_text())["cells"]:
            if cell["cell_type"] == "code":
                imports |= set(re.findall(r"^\s*(?:import|from)\s+(\w+)", "".join(cell["source"]), flags=re.MULTILINE))
    outside = imports - sys.stdlib_module_names - {"tfnp_ext"}
    needed = {canonical(DISTRIBUTIONS.get(root, root)) for root in outside}
    for extra in ("lab", "test"):
        missing = needed - declared[""] - declared[extra]
        assert not missing, f"not in the extra `{extra}`: {sorted(missing)}"


def test_the_top_level_holds_what_was_agreed():
    """What git tracks; where there is no git, what lies there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    tracked = {name.split("/")[0] for name in listed.stdout.split("\0") if name}
    present = {entry.name for entry in PROJECT.iterdir()}
    assert present >= TOP_LEVEL
    assert (tracked or present) <= TOP_LEVEL
