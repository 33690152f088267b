"""The notebooks: they run from top to bottom, and what is committed is clean, small and true."""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

PROJECT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
ZIP_CODE = PROJECT / "notebooks" / "zip_code.ipynb"

TIMEOUT = 300
"""Seconds that one cell may take."""

LARGEST = 300_000
"""Bytes of a committed notebook, its outputs included."""

ALLOWED_STDERR = (
    r"computation placer already registered",
    r"Unable to register cu\w+ factory",
    r"All log messages before absl::InitializeLog",
)
"""What some builds of TensorFlow write on any page, whatever one does."""

MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:home|root|tmp|usr|var|opt|srv|mnt|work|private|Users|content|builds)/\w|\b[A-Za-z]:\\\w"
)
"""A path that exists on the machine of whoever executed the notebook, and nowhere else."""

CARDS = (
    *("digits", "labels", "read-jpeg", "cut", "first-digit", "all-digits", "larger-batch", "names"),
    *("proto", "serialized", "array", "ragged", "gradient", "slices", "kernel", "device", "bfloat16"),
)
"""Cells of the ZIP code notebook whose value shows itself as a card."""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


# ---- reading a notebook ----


def outputs(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yields each output with the id of its cell."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield cell.id, output


def texts(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yields every text a reader meets in an output, pictures left out, with the id of its cell."""
    for cell_id, output in outputs(notebook):
        if output.output_type == "stream":
            found = [output.text]
        elif output.output_type == "error":
            found = [output.ename, output.evalue, *output.traceback]
        else:
            found = [text for mime, text in output.data.items() if mime.startswith("text/")]
        for text in found:
            yield cell_id, re.sub(r"data:image/[^\"'\s>]+", "data:", text)


def printed(notebook: NotebookNode, cell_id: str) -> str:
    """Returns what a cell prints."""
    return "".join(
        output.text
        for owner, output in outputs(notebook)
        if owner == cell_id and output.output_type == "stream" and output.name == "stdout"
    )


def card(notebook: NotebookNode, cell_id: str) -> str:
    """Returns the HTML of a cell's value."""
    found = [
        output.data["text/html"]
        for owner, output in outputs(notebook)
        if owner == cell_id and output.output_type == "execute_result" and "text/html" in output.data
    ]
    assert len(found) == 1, f"cell {cell_id} shows {len(found)} cards"
    return found[0]


class Images(HTMLParser):
    """Collects the attributes of every ``<img>`` of a card."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs))


def top_class(html: str) -> str:
    """Returns the class that the alternative text of a card's only picture names first."""
    images = Images(html).found
    assert len(images) == 1, f"{len(images)} pictures"
    assert (images[0].get("src") or "").startswith("data:image/"), "the picture is not stored in the page"
    alt = images[0].get("alt") or ""
    named = re.search(r"(\w+): \d+(?:\.\d+)? %", alt)
    assert named, f"no class in the alternative text {alt!r}"
    return named[1]


# ---- what may be wrong with a notebook: each returns complaints ----


def errors(notebook: NotebookNode) -> list[str]:
    """Returns the error outputs, and the tracebacks that were printed."""
    found = [
        f"{cell_id}: {output.ename}: {output.evalue}"
        for cell_id, output in outputs(notebook)
        if output.output_type == "error"
    ]
    return found + [f"{cell_id}: a traceback" for cell_id, text in texts(notebook) if "Traceback (most recent" in text]


def noise(notebook: NotebookNode) -> list[str]:
    """Returns the lines on stderr that are not allowed there."""
    return [
        f"{cell_id}: {line}"
        for cell_id, output in outputs(notebook)
        if output.output_type == "stream" and output.name == "stderr"
        for line in output.text.splitlines()
        if line.strip() and not any(re.search(allowed, line) for allowed in ALLOWED_STDERR)
    ]


def machine_paths(notebook: NotebookNode) -> list[str]:
    """Returns where a path of somebody's machine is shown."""
    return [f"{cell_id}: {path[0]}" for cell_id, text in texts(notebook) for path in MACHINE_PATH.finditer(text)]


def untidy(notebook: NotebookNode) -> list[str]:
    """Returns what a fresh run from top to bottom, stored without times, would not have left."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [f"{cell.id}: times of execution" for cell in notebook.cells if "execution" in cell.metadata]
    found += [
        f"{cell.id}: executed as number {cell.execution_count}, not {number}"
        for number, cell in enumerate(code, start=1)
        if cell.execution_count != number
    ]
    if not any(True for _ in outputs(notebook)):
        found.append("no outputs")
    if notebook.metadata.kernelspec.name != "python3":
        found.append(f"kernel {notebook.metadata.kernelspec.name}")
    return found


CHECKS = (errors, noise, machine_paths, untidy)


# ---- a run ----


@pytest.fixture(scope="module")
def execute(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], NotebookNode]:
    """Returns a function from a notebook to its executed copy; each notebook is executed once.

    The kernel is this Python, whatever kernels are installed, without the developer's IPython profile and without a
    GPU, so that the pages are the same on every machine.
    """

    @functools.cache
    def executed(path: Path) -> NotebookNode:
        folder = tmp_path_factory.mktemp(path.stem)
        notebook = nbformat.read(shutil.copy(path, folder), as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        environment = {
            **os.environ,
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH")))),
            "CUDA_VISIBLE_DEVICES": "-1",
        }
        # Where it is set, ipykernel does not catch what C code writes to stderr: the page would look clean in vain.
        environment.pop("PYTEST_CURRENT_TEST", None)
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=TIMEOUT,
            allow_errors=True,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        client.create_kernel_manager().kernel_spec_manager.kernel_dirs = []  # none but ipykernel's own: this Python
        try:
            client.execute(env=environment)
        except (CellTimeoutError, DeadKernelError) as error:
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
            code[-1].outputs = [new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])]
        return notebook

    return executed


@pytest.fixture(params=["committed", "executed"])
def zip_code(request: pytest.FixtureRequest, execute: Callable[[Path], NotebookNode]) -> NotebookNode:
    """The ZIP code notebook: as committed, and as it runs here and now."""
    return nbformat.read(ZIP_CODE, as_version=4) if request.param == "committed" else execute(ZIP_CODE)


def test_there_are_notebooks() -> None:
    assert ZIP_CODE in NOTEBOOKS


@every_notebook
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_committed_notebook_has_nothing_to_complain_about(
    path: Path, check: Callable[[NotebookNode], list[str]]
) -> None:
    assert check(nbformat.read(path, as_version=4)) == []


@every_notebook
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_executed_notebook_has_nothing_to_complain_about(
    path: Path, check: Callable[[NotebookNode], list[str]], execute: Callable[[Path], NotebookNode]
) -> None:
    assert check(execute(path)) == []


@every_notebook
def test_committed_notebook_is_valid_and_small(path: Path) -> None:
    nbformat.validate(json.loads(path.read_text(encoding="utf-8")))
    assert path.stat().st_size < LARGEST


@every_notebook
def test_committed_outputs_are_of_the_kinds_that_a_run_gives(
    path: Path, execute: Callable[[Path], NotebookNode]
) -> None:
    def kind(output: NotebookNode) -> str:
        return output.get("name") or " ".join((output.output_type, *sorted(output.data)))

    def kinds(notebook: NotebookNode) -> dict[str, list[str]]:
        # What one cell prints may arrive in several pieces, as the clock will have it.
        return {
            cell.id: [name for name, _ in itertools.groupby(map(kind, cell.outputs))]
            for cell in notebook.cells
            if cell.cell_type == "code"
        }

    assert kinds(nbformat.read(path, as_version=4)) == kinds(execute(path))


# ---- the story of the ZIP code ----


def test_more_than_97_percent_of_the_held_out_scans_are_read_right(zip_code: NotebookNode) -> None:
    said = re.fullmatch(r"([\d.]+)% of (\d+) held-out scans are read right\n", printed(zip_code, "accuracy"))
    assert said
    assert float(said[1]) > 97
    assert int(said[2]) >= 400


def test_both_files_give_the_same_predictions(zip_code: NotebookNode) -> None:
    lines = printed(zip_code, "save").splitlines()
    assert [line.split()[0] for line in lines] == ["digits.h5", "digits.keras"]
    assert all(line.endswith("same predictions: True") for line in lines)


def zip_codes(notebook: NotebookNode) -> tuple[str, str]:
    """Returns the ZIP code laid and the one read."""
    said = re.fullmatch(r"written (\d+), read (\d+)\n", printed(notebook, "read-zip"))
    assert said
    return said[1], said[2]


def test_the_zip_code_is_read_right(zip_code: NotebookNode) -> None:
    laid, read = zip_codes(zip_code)
    assert len(laid) == 5
    assert read == laid
    assert laid in printed(zip_code, "write-jpeg")


def test_card_of_one_prediction_names_the_digit_in_its_alternative_text(zip_code: NotebookNode) -> None:
    assert top_class(card(zip_code, "first-digit")) == zip_codes(zip_code)[1][0]


def test_labels_name_the_digit_in_the_alternative_text(zip_code: NotebookNode) -> None:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert top_class(card(zip_code, "names")) == names[int(zip_codes(zip_code)[1][0])]


@pytest.mark.parametrize("cell_id", CARDS)
def test_value_at_the_end_of_a_cell_is_a_card(zip_code: NotebookNode, cell_id: str) -> None:
    assert "tfnp" in card(zip_code, cell_id)


def test_tonumpy_hands_back_a_read_only_view(zip_code: NotebookNode) -> None:
    said = printed(zip_code, "assign")
    assert said.startswith("ndarray (5, 10) float32\n")
    assert said.endswith("a view of the tensor: True\nwritable: False\n")


def test_tensor_without_a_value_gives_one_clear_line(zip_code: NotebookNode) -> None:
    said = printed(zip_code, "function").splitlines()
    assert len(said) == 1
    assert re.fullmatch(r"SymbolicTensorError: x, \(5, 10\) float32, has no value yet inside tf\.function: .+", said[0])


# ---- the checks themselves ----


def notebook_with(*found: NotebookNode) -> NotebookNode:
    """Returns a tidy notebook of one cell with these outputs."""
    cell = new_code_cell("1", execution_count=1, outputs=list(found), id="cell")
    return new_notebook(cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def stream(text: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=text)


def test_checks_pass_a_clean_notebook() -> None:
    html = new_output(
        "display_data", {"text/html": '</b><img src="data:image/png;base64,aa/tmp/aa" alt="on /device:CPU:0">'}
    )
    clean = notebook_with(stream("1/2 and 3 /4\n"), stream(ALLOWED_STDERR[0].replace("\\", "") + "\n", "stderr"), html)
    assert [check(clean) for check in CHECKS] == [[], [], [], []]


@pytest.mark.parametrize(
    ("check", "output"),
    [
        (errors, new_output("error", ename="ValueError", evalue="no", traceback=[])),
        (errors, stream("Traceback (most recent call last):\n", "stderr")),
        (noise, stream("I0000 cudart_stub.cc:31] Could not find cuda drivers on your machine\n", "stderr")),
        (machine_paths, stream("saved to /tmp/tmpabc/digits.h5\n")),
        (machine_paths, stream("C:\\Users\\me\n")),
        (machine_paths, new_output("display_data", {"text/html": "<b title='/home/me/x'>"})),
    ],
)
def test_checks_find(check: Callable[[NotebookNode], list[str]], output: NotebookNode) -> None:
    assert check(notebook_with(output)) != []


def test_checks_find_a_notebook_that_was_not_run_afresh() -> None:
    never, again = notebook_with(), notebook_with(stream("1"))
    never.cells[0].execution_count = None
    again.cells[0].execution_count = 7
    again.cells[0].metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    again.metadata.kernelspec.name = "my-environment"
    assert untidy(never) == ["cell: executed as number None, not 1", "no outputs"]
    assert untidy(again) == ["cell: times of execution", "cell: executed as number 7, not 1", "kernel my-environment"]


@pytest.mark.parametrize(
    "html", ["<b>9</b>", '<img src="data:image/png;base64,AA" alt="">', '<img src="x" alt="9: 3 %">']
)
def test_card_without_a_described_picture_is_found(html: str) -> None:
    with pytest.raises(AssertionError):
        top_class(html)
