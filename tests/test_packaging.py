"""What users install, and what the README tells them to type."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import tfnp_ext

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that hatchling builds of this checkout, as ``pip install .`` would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel):
    """The headers of the wheel's METADATA."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = (path for path in (PROJECT / "tfnp_ext").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert inside == {path.relative_to(PROJECT).as_posix() for path in files}
    assert {"tfnp_ext/py.typed", "tfnp_ext/explorer/static/canvas.js", "tfnp_ext/explorer/static/canvas.css"} <= inside


def test_the_wheel_has_the_version_of_the_package(metadata):
    assert metadata["Name"] == "tfnp-ext"
    assert metadata["Version"] == tfnp_ext.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?(\.dev\d+)?", tfnp_ext.__version__)


def test_the_wheel_declares_the_bounds_that_were_tried(metadata):
    needs = {line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    promised = {"tensorflow>=2.16", "numpy>=1.26", "ipython>=7.34", "ipywidgets>=7.7", "matplotlib>=3.8"}
    assert promised <= needs
    assert metadata["Requires-Python"] == ">=3.11"
    assert {"lab", "test", "dev"} <= set(metadata.get_all("Provides-Extra"))


def test_the_changelog_knows_this_version():
    assert f"## [{tfnp_ext.__version__}]" in (PROJECT / "CHANGELOG.md").read_text()


def targets(markdown: str) -> list[str]:
    """Returns what the links and pictures of a Markdown text point to."""
    return re.findall(r"\]\(([^)\s]+)[^)]*\)", markdown) + re.findall(r"(?:src|href)=\"([^\"]+)\"", markdown)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (PROJECT / name).read_text()
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    for target in targets(text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        assert not file or (PROJECT / file).exists(), f"{name} points to {target}, which is not there"
        assert file or anchor in anchors, f"{name} has no heading for {target}"


def commands(markdown: str) -> str:
    """Returns all fenced code of a Markdown text."""
    return "\n".join(re.findall(r"^```(?:bash|console|sh|shell)\n(.*?)^```", markdown, flags=re.MULTILINE | re.DOTALL))


def test_the_readme_starts_with_the_two_commands():
    text = commands(README.read_text())
    assert 'pip install -e ".[lab]" && jupyter lab notebooks/zip_code.ipynb' in text
    assert 'pip install -e ".[test]" && pytest' in text


@pytest.mark.parametrize("command", ['pip install -e ".[test]"', "pytest", "jupyter execute notebooks/zip_code.ipynb"])
def test_what_the_readme_promises_is_what_ci_runs(command):
    plain = (PROJECT / ".ci" / "run").read_text().replace("--quiet ", "")
    steps = [line.strip() for line in plain.splitlines() if not line.strip().startswith(("#", "say"))]
    assert command in README.read_text()
    assert any(step.startswith(command) for step in steps), f".ci/run has no step {command!r}"


def test_ci_cannot_be_green_without_a_browser():
    assert re.search(r"^export .*TFNP_EXT_REQUIRE_BROWSER=1", (PROJECT / ".ci" / "run").read_text(), flags=re.MULTILINE)
    assert (PROJECT / ".ci" / "run").stat().st_mode & 0o111
