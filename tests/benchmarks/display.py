"""Times the cards beside what other tools show of the same values, in one run, and prints the table.

Run: python tests/benchmarks/display.py [--quick]

The other tools are TensorFlow's own repr, matrepr, lovely-numpy and treescope (``pip install matrepr lovely-numpy
treescope``). One that knows no TensorFlow gets the NumPy array, and its name says so; what a tool cannot show is left
out, as is a tool that is not installed. Each is asked for its own output alone, though matrepr and treescope come on
top of IPython's text, which a cell makes and stores as well. Ours is the whole bundle, text and HTML.

Every way is called in turn, round by round, so that a change of the machine's speed meets them all; the figures are
medians over the rounds. Of what takes less than a few milliseconds they are of warm calls, which follow one of the same
way that is not counted; ``cold`` is a call that follows those of all other ways, when the processor's caches are full
of their code. kB are 1,000 bytes.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from convert import medians
from IPython.lib.pretty import pretty

from tfnp_ext import TensorDisplay, summarize, to_numpy
from tfnp_ext.display import mimebundle

OURS = "tfnp_ext"
FIVE_PASSES = "five NumPy passes"
NATIVE_TEXT = "native text"
REPEATS = 5
LARGE_ROUNDS = 5
HUGE_ROUNDS = 3
LAYERS = 100
UNREADABLE = frozenset({"ragged, rows of all lengths", "sparse", "IndexedSlices", "strings", "dict of 20"})
"""Kinds of which only our card is made where they are huge."""

HUGE_BYTES = 2 * 10**9
PACKAGES = ("tensorflow", "keras", "numpy", "ipython", "matrepr", "lovely-numpy", "treescope")

LOADING = {
    OURS: "shell.run_line_magic('load_ext', 'tfnp_ext')",
    "matrepr": "shell.run_line_magic('load_ext', 'matrepr')",
    "import treescope": "import treescope",
    "import lovely_numpy": "import lovely_numpy",
    "import numpy": "import numpy",
}
LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""

Way = Callable[[], Any]


@dataclass(frozen=True)
class Target:
    """A bound that a row is to keep.

    Attributes:
        words: What was measured, and the bound.
        met: Whether it was kept.
    """

    words: str
    met: bool


@dataclass(frozen=True)
class Row:
    """What was measured of one value.

    Attributes:
        title: The value in words.
        seconds: The median time of each way.
        stored: The bytes of what each way gives, where it gives anything.
        cold: The median time of a call that follows those of the other ways, where that was measured by itself.
    """

    title: str
    seconds: Mapping[str, float]
    stored: Mapping[str, int]
    cold: Mapping[str, float] = field(default_factory=dict)

    def time_at_most(self, milliseconds: float) -> Target:
        """Returns the bound of our time."""
        return at_most("time", self.seconds[OURS] * 1e3, milliseconds, "ms")

    def stored_at_most(self, kilobytes: float) -> Target:
        """Returns the bound of our bytes."""
        return at_most("stored", self.stored[OURS] / 1e3, kilobytes, "kB")

    def share_at_most(self, way: str, share: float) -> Target:
        """Returns the bound of our time as a share of another way's; missed where that way could not be measured."""
        return at_most(f"time over {way}", self.seconds[OURS] / self.seconds.get(way, math.nan), share, "×")


def at_most(what: str, value: float, limit: float, unit: str) -> Target:
    """Returns the target that a value is no more than a limit."""
    return Target(f"{what} {value:,.3g} {unit} (to reach: at most {limit:g})", value <= limit)


class Report:
    """Prints rows as they come, and at the end what missed its target."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        self.count = 0

    def add(self, row: Row, *targets: Target, note: str = "") -> None:
        """Prints a row: each way, its time and bytes, how often ours fit into them, and the targets."""
        print(f"\n{row.title}")
        for way, seconds in row.seconds.items():
            cells = f"{seconds * 1e3:>12,.3f} ms {seconds / row.seconds[OURS]:>9,.2f}×"
            if way in row.stored:
                cells += f" {row.stored[way]:>12,} B {row.stored[way] / row.stored[OURS]:>8,.2f}×"
            if way in row.cold:
                cells += f"    cold {row.cold[way] * 1e3:,.3f} ms"
            print(f"    {way:<20}{cells}")
        for target in targets:
            print(f"    {'met   ' if target.met else 'MISSED'}  {target.words}")
            self.count += 1
            if not target.met:
                self.missed.append(f"{row.title}: {target.words}")
        if note:
            print(f"    {note}")

    def close(self) -> None:
        """Prints how many targets were met, and those that were not."""
        print(f"\n{self.count - len(self.missed)} of {self.count} targets met")
        for line in self.missed:
            print(f"    MISSED  {line}")


@contextmanager
def configured(**traits: Any) -> Iterator[None]:
    """Sets options of ``TensorDisplay`` for a while, as a user would, so that reading them is part of the time."""
    display = TensorDisplay.instance()
    before = {name: getattr(display, name) for name in traits}
    for name, value in traits.items():
        setattr(display, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(display, name, value)


def render_matrepr(value: Any) -> str | None:
    """Returns the HTML that a cell shows after ``%load_ext matrepr``; ``None`` where it leaves that to IPython."""
    import matrepr

    return matrepr.to_html(value, notebook=True, fallback_to_none=True)


def render_lovely(array: Any) -> str:
    """Returns lovely-numpy's line.

    Raises:
        TypeError: It is no array of real numbers: lovely-numpy would give its repr.
    """
    from lovely_numpy import lo

    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise TypeError("lovely-numpy is for arrays of real numbers")
    return str(lo(array))


def render_treescope(value: Any) -> str:
    """Returns the HTML that a cell shows with treescope as the default and arrays drawn."""
    import treescope

    with treescope.active_autovisualizer.set_scoped(treescope.ArrayAutovisualizer()):
        return treescope.render_to_html(value, ignore_exceptions=True)


def five_passes(array: np.ndarray) -> None:
    """Computes, one after the other, what a user asks of an array by hand."""
    array.min(), array.max(), array.mean(), array.std(), np.isnan(array).any()


def render_card(obj: Any, **asked: Any) -> dict[str, str]:
    """Returns our bundle.

    Args:
        obj: The value.
        **asked: Options of this card.

    Raises:
        RuntimeError: There is no card.
    """
    bundle = mimebundle(obj, TensorDisplay.instance().options(**asked))
    if not bundle or "text/html" not in bundle:
        raise RuntimeError(f"no card: {bundle}")
    return bundle


def stored_bytes(output: str | Mapping[str, str]) -> int:
    """Returns the bytes of all formats of an output, in UTF-8."""
    texts = [output] if isinstance(output, str) else output.values()
    return sum(len(text.encode("utf-8")) for text in texts)


def measure(
    title: str,
    obj: Any,
    rounds: int,
    repeats: int = REPEATS,
    others: Mapping[str, Way] | None = None,
    *,
    alone: bool = False,
) -> Row:
    """Returns the row of a value.

    Args:
        title: The value in words.
        obj: The value.
        rounds: How often every way is called, times ``repeats``.
        repeats: Calls of one way in a row; of several, what is timed is warm.
        others: More ways, only for this value.
        alone: Whether no other tool is asked: they would make gigabytes of it, or take minutes.
    """
    tools: dict[str, Way] = {OURS: partial(render_card, obj)}
    if not alone:
        arrays = to_numpy(obj)
        if not isinstance(obj, (list, dict)):
            tools["TF repr"] = partial(repr, obj)
        tools["matrepr"] = partial(render_matrepr, obj)
        tools["matrepr, NumPy"] = partial(render_matrepr, arrays)
        tools["lovely, NumPy"] = partial(render_lovely, arrays)
        tools["treescope, NumPy"] = partial(render_treescope, arrays)
    ways: dict[str, Way] = {}
    stored: dict[str, int] = {}
    for name, way in {**tools, **(others or {})}.items():
        try:
            output = way()
        except Exception:
            if name == OURS:
                raise
            continue
        if output is not None:
            stored[name] = stored_bytes(output)
        elif name in tools:
            continue
        ways[name] = way
    if repeats == 1:
        return Row(title, medians(ways, 1, rounds), stored)
    return Row(title, medians(ways, repeats, rounds, warm=True), stored, medians(ways, 1, rounds))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns probabilities over the last axis."""
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def rings(count: int, side: int) -> np.ndarray:
    """Returns grey images of strokes on a black ground, as digits are: a ring of another size in each."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radii = np.linspace(side / 10, side / 2.5, count)[:, None, None]
    strokes = np.exp(-(((np.hypot(1.3 * x, y) - radii) / 1.5) ** 2))  # circles would be matrices of pairs
    return np.where(strokes < 0.02, 0, strokes)


def filled(block: np.ndarray, shape: tuple[int, ...], dtype: tf.DType) -> tf.Tensor:
    """Returns a large tensor of a block over and over: made without temporaries, and every page is written."""
    times = math.prod(shape) // block.size
    return tf.reshape(tf.tile(tf.cast(tf.constant(block.reshape(-1)), dtype), [times]), shape)


def report_small(report: Report, rounds: int) -> None:
    """Measures what fits a screen: vectors, batches, images, a matrix."""
    draw = np.random.default_rng(0)
    vector = tf.constant(softmax(2 * draw.normal(size=10)), tf.float32)
    batch = tf.constant(softmax(3 * draw.normal(size=(32, 10))), tf.float32)
    with configured(plots=False):
        row = measure("(10,) probabilities, without the picture", vector, rounds)
        report.add(row, row.time_at_most(0.4), row.stored_at_most(3))
        row = measure("(32, 10) probabilities, without the picture", batch, rounds)
        report.add(row, row.time_at_most(1), row.share_at_most("TF repr", 1), row.stored_at_most(12))
    matrix = tf.constant(draw.normal(size=(1000, 1000)), tf.float32)
    row = measure("(1000, 1000) with its picture", matrix, rounds)
    exact = summarize(matrix).statistics.exact
    report.add(row, row.time_at_most(6), row.stored_at_most(30), Target(f"exact: {exact}", exact))
    for name, images in (("strokes", rings(16, 28)), ("noise", draw.random((16, 28, 28)))):
        row = measure(f"(16, 28, 28) images of {name}", tf.constant(images, tf.float32), rounds)
        report.add(row, row.time_at_most(3), row.stored_at_most(25))


def report_weights(report: Report, rounds: int) -> None:
    """Measures a model's weights: the list that Keras gives, and groups of it that leave fewer lines out."""
    dense = [keras.layers.Dense(64) for _ in range(LAYERS)]
    weights = keras.Sequential([keras.Input((64,)), *dense]).weights
    native = {NATIVE_TEXT: partial(pretty, weights)}
    groups = [weights[start : start + 40] for start in range(0, len(weights), 40)]
    for title, obj in ((f"a list of {len(weights)} weights", weights), ("the same in lists of 40", groups)):
        row = measure(title, obj, max(3, rounds // 3), repeats=2, others=native)
        lines = render_card(obj)["text/plain"].count("\n")
        note = f"the card's text has {lines} lines below its headline"
        report.add(row, row.time_at_most(60), row.stored_at_most(200), note=note)


def normal_vector(size: int) -> tf.Tensor:
    """Returns normally distributed float32."""
    return filled(np.random.default_rng(0).normal(size=10**6), (size,), tf.float32)


def memory(field: str) -> int:
    """Returns ``VmRSS`` or ``VmHWM`` of this process, the memory it has now and had at most, in bytes.

    Not ``ru_maxrss``: that begins at the size of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def extra_memory(way: str, size: int) -> int:
    """Returns the most memory that one way took beyond a float32 tensor, asked in a process of its own.

    Args:
        way: One of ours, lovely-numpy and the five passes.
        size: How many values the tensor has.
    """
    ways = {OURS: render_card, "lovely, NumPy": render_lovely, FIVE_PASSES: five_passes}
    with configured(budget_ms=math.inf):
        for tensor in (normal_vector(10**6), normal_vector(size)):  # the first loads what a card imports
            value = tensor if way == OURS else to_numpy(tensor)
            before = memory("VmRSS")
            ways[way](value)
    return memory("VmHWM") - before


def report_large(report: Report) -> None:
    """Measures exact numbers of 10^8 values: time, and memory in processes of their own."""
    size = 10**8
    tensor = normal_vector(size)
    passes = {FIVE_PASSES: partial(five_passes, to_numpy(tensor))}
    with configured(budget_ms=math.inf):
        row = measure("10^8 float32, exact", tensor, LARGE_ROUNDS, repeats=1, others=passes)
    seen = summarize(tensor).statistics.seen
    del tensor, passes
    targets = [row.share_at_most("lovely, NumPy", 0.6), row.share_at_most(FIVE_PASSES, 0.4), row.stored_at_most(20)]
    note = f"under the default budget {seen:,} values are read"
    if Path("/proc/self/status").exists():
        extra = {}
        for way in (OURS, *(way for way in ("lovely, NumPy", FIVE_PASSES) if way in row.seconds)):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                extra[way] = pool.submit(extra_memory, way, size).result() / 1e6
        targets.append(at_most("memory beyond the array", extra[OURS], 16, "MB"))
        note += "; memory beyond the array: " + ", ".join(f"{way} {most:,.1f} MB" for way, most in extra.items())
    report.add(row, *targets, note=note)


def huge_kinds() -> dict[str, Callable[[], Any]]:
    """Returns what makes a value of 2·10^9 bytes, by kind."""
    draw = np.random.default_rng(0)
    normal = draw.normal(size=10**6)
    whole = draw.integers(0, 127, 10**6)
    matrix = (20_000, 25_000)
    return {
        "float32 vector": lambda: filled(normal, (HUGE_BYTES // 4,), tf.float32),
        "float32 matrix": lambda: filled(normal, matrix, tf.float32),
        "float32 probabilities": lambda: filled(
            softmax(draw.normal(size=(10**5, 10))), (HUGE_BYTES // 40, 10), tf.float32
        ),
        "float32 with NaN": lambda: filled(np.where(whole == 0, np.nan, normal), (HUGE_BYTES // 4,), tf.float32),
        "bfloat16 vector": lambda: filled(normal, (HUGE_BYTES // 2,), tf.bfloat16),
        "complex64 vector": lambda: filled(normal, (HUGE_BYTES // 8,), tf.complex64),
        "int8 vector": lambda: filled(whole, (HUGE_BYTES,), tf.int8),
        "int64 labels": lambda: filled(whole, (HUGE_BYTES // 8,), tf.int64),
        "bool vector": lambda: filled(whole > 60, (HUGE_BYTES,), tf.bool),
        "uint8 images": lambda: filled(whole, (50_000, 200, 200), tf.uint8),
        "variable": lambda: tf.Variable(filled(normal, matrix, tf.float32)),
        "float16 vector": lambda: filled(normal, (HUGE_BYTES // 2,), tf.float16),
        "float64 matrix": lambda: filled(normal, (10_000, 25_000), tf.float64),
        "one-hot": lambda: tf.one_hot(filled(whole, (4 * 10**6,), tf.int32), 125),
        "ragged": lambda: tf.RaggedTensor.from_uniform_row_length(
            filled(normal, (HUGE_BYTES // 4,), tf.float32), 1_000
        ),
        "ragged, rows of all lengths": lambda: tf.RaggedTensor.from_row_lengths(
            filled(np.resize(np.float32(normal), whole.sum()), (int(whole.sum()) * 8,), tf.float32),
            filled(whole, (8 * 10**6,), tf.int64),
        ),
        "sparse": lambda: sparse_matrix(HUGE_BYTES // 20, normal),
        "IndexedSlices": lambda: tf.IndexedSlices(
            filled(normal, (HUGE_BYTES // 4_000, 1_000), tf.float32), tf.range(HUGE_BYTES // 4_000)
        ),
        "strings": lambda: tf.fill([HUGE_BYTES // 100], "a string of a hundred bytes, " * 3 + "thirteen more"),
        "dict of 20": lambda: {f"w{at}": filled(normal, (5_000, 5_000), tf.float32) for at in range(20)},
    }


def sparse_matrix(count: int, values: np.ndarray) -> tf.SparseTensor:
    """Returns a sparse matrix of so many entries, one in each of its rows: of each 20 bytes."""
    rows = tf.range(count, dtype=tf.int64)
    return tf.SparseTensor(tf.stack([rows, rows % 1_000], 1), filled(values, (count,), tf.float32), (count, 1_000))


def report_huge(report: Report) -> None:
    """Measures that the budget holds for 2·10^9 bytes of each kind, one at a time."""
    bound = TensorDisplay.instance().budget_ms + 20
    for kind, make in huge_kinds().items():
        row = measure(f"2·10^9 bytes: {kind}", make(), HUGE_ROUNDS, repeats=1, alone=kind in UNREADABLE)
        report.add(row, row.time_at_most(bound))


def fresh_seconds(program: str, folder: str) -> list[float] | None:
    """Returns the numbers that a program prints last in a fresh interpreter; ``None`` where it fails."""
    # Byte code is kept, as it is for an installed package, though where nobody meets it.
    environment = {**os.environ, "IPYTHONDIR": folder, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, env=environment
    )
    return [float(word) for word in finished.stdout.splitlines()[-1].split()] if finished.returncode == 0 else None


def report_loading(report: Report, rounds: int) -> None:
    """Measures what ``%load_ext`` adds to a shell that has started, each time in a fresh interpreter."""
    seconds: dict[str, list[float]] = {way: [] for way in LOADING}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for way, statement in LOADING.items():
                taken = fresh_seconds(LOAD.format(statement=statement), folder)
                if taken is not None and number:  # the first round compiles and warms the disk's cache
                    seconds[way] += taken
    row = Row("%load_ext", {way: statistics.median(times) for way, times in seconds.items() if times}, {})
    report.add(row, row.time_at_most(15), row.share_at_most("matrepr", 1))


def surroundings(packages: tuple[str, ...] = PACKAGES) -> str:
    """Returns versions and how busy the machine is: what the figures depend on."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} missing")
    load = f"load {os.getloadavg()[0]:.1f} on " if hasattr(os, "getloadavg") else ""
    return f"{', '.join(found)}; {load}{os.cpu_count()} cores"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, and nothing that takes gigabytes")
    quick = parser.parse_args().quick
    rounds = 9 if quick else 25
    started = time.perf_counter()
    print("median time and stored bytes of each way, and after each how often ours fit into it")
    print(surroundings())
    report = Report()
    report_small(report, rounds)
    report_weights(report, rounds)
    report_loading(report, 3 if quick else 9)
    if not quick:
        report_large(report)
        report_huge(report)
    report.close()
    print(f"{time.perf_counter() - started:,.0f} s; {surroundings().partition('; ')[2]}")


if __name__ == "__main__":
    main()
