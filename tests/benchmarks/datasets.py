"""Times and weighs datasets becoming NumPy or files beside the plain ways, in one run, and prints the table.

Run: python tests/benchmarks/datasets.py [--quick]

Throughput is measured in one process, the ways called in turn. Memory is measured in a process of its own for each way:
the peak of its resident set above what it had before the dataset was run. Figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import tfnp_ext

MIB = 2**20
BATCH = (32, 200, 200)
"""Shape of a batch of the large dataset, float32: 4.9 MiB."""


def small_batches(count: int) -> tf.data.Dataset:
    """Returns batches (32, 28, 28) float32, each a fresh tensor."""
    return tf.data.Dataset.from_tensors(np.ones((32, 28, 28), np.float32)).repeat(count).map(lambda x: x + 1.0)


def large_batches(count: int) -> tf.data.Dataset:
    """Returns batches (256, 224, 224, 3) uint8, each a fresh tensor of 37 MiB."""
    return tf.data.Dataset.from_tensors(np.ones((256, 224, 224, 3), np.uint8)).repeat(count).map(tf.bitwise.invert)


def stream(nbytes: int) -> tf.data.Dataset:
    """Returns batches of float32 that are of ``nbytes`` together, each a fresh tensor."""
    count = nbytes // (int(np.prod(BATCH)) * 4)
    return tf.data.Dataset.range(count).map(lambda index: tf.fill(BATCH, tf.cast(index, tf.float32)))


def medians(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Returns the median seconds of one call of each function, all called in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def exhaust(iterable: Any, use: Callable[[Any], Any] | None = None) -> None:
    """Draws all elements."""
    for element in iterable:
        if use is not None:
            use(element)


class Table:
    """Prints a line a measurement, and counts the targets met."""

    def __init__(self) -> None:
        self.met = self.asked = 0

    def line(self, name: str, value: str) -> None:
        """Prints a figure without a target."""
        print(f"  {name:<44} {value}", flush=True)

    def target(self, name: str, value: float, bound: float, *, least: bool = False, unit: str = "×") -> None:
        """Prints a figure beside its target."""
        good = value >= bound if least else value <= bound
        self.asked, self.met = self.asked + 1, self.met + good
        sign = "≥" if least else "≤"
        mark = "" if good else "   MISSED"
        print(f"  {name:<44} {value:,.2f}{unit} (to reach: {sign} {bound:g}{unit}){mark}", flush=True)


def throughput(table: Table, quick: bool) -> None:
    """Compares ``iter_numpy`` with the ways of iterating."""
    for title, dataset, peer, bound in (
        ("(32, 28, 28) float32", small_batches(1_000 if quick else 4_000), "as_numpy_iterator", 1.0),
        ("(256, 224, 224, 3) uint8", large_batches(10 if quick else 30), ".numpy()", 2.0),
    ):
        count = int(dataset.cardinality())
        times = medians(
            {
                "iter_numpy": lambda ds=dataset: exhaust(tfnp_ext.iter_numpy(ds)),
                "as_numpy_iterator": lambda ds=dataset: exhaust(ds.as_numpy_iterator()),
                ".numpy()": lambda ds=dataset: exhaust(ds, lambda batch: batch.numpy()),
                "np.asarray": lambda ds=dataset: exhaust(ds, np.asarray),
            },
            5 if quick else 9,
        )
        print(f"iterating batches {title}, elements a second")
        for name, seconds in times.items():
            table.line(name, f"{count / seconds:,.0f}")
        table.target(f"iter_numpy over {peer}", times[peer] / times["iter_numpy"], bound, least=True)


WAYS: dict[str, Callable[[tf.data.Dataset, Path], Any]] = {
    "to_numpy": lambda ds, folder: tfnp_ext.to_numpy(ds, join="concat", max_bytes=None, progress=False),
    "to_numpy, length unknown": lambda ds, folder: tfnp_ext.to_numpy(
        ds.filter(lambda batch: True), join="concat", max_bytes=None, progress=False
    ),
    "np.concatenate(list(…))": lambda ds, folder: np.concatenate(list(ds.as_numpy_iterator())),
    "unbatch().batch(all)": lambda ds, folder: next(
        ds.unbatch().batch(int(ds.cardinality()) * BATCH[0]).as_numpy_iterator()
    ),
    "rebatch(all)": lambda ds, folder: next(ds.rebatch(int(ds.cardinality()) * BATCH[0]).as_numpy_iterator()),
    "save .npy": lambda ds, folder: tfnp_ext.save(ds, folder / "ours.npy", join="concat", force=True, progress=False),
    "save .npz": lambda ds, folder: tfnp_ext.save(ds, folder / "ours.npz", join="concat", force=True, progress=False),
    "save .zarr": lambda ds, folder: tfnp_ext.save(ds, folder / "ours.zarr", join="concat", force=True, progress=False),
    "tofile": lambda ds, folder: to_file(ds, folder, synced=False),
    "tofile and fsync": lambda ds, folder: to_file(ds, folder, synced=True),
}
"""What a process of its own measures, by name."""


def to_file(dataset: tf.data.Dataset, folder: Path, *, synced: bool) -> None:
    """Writes the bytes of all batches, and nothing else."""
    with (folder / "plain.bin").open("wb") as file:
        for batch in dataset:
            np.asarray(batch).tofile(file)
        if synced:
            file.flush()
            os.fsync(file.fileno())


def resident(field: str) -> int:
    """Returns a figure of this process's memory in bytes: ``VmRSS`` now, ``VmHWM`` its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def touch(nbytes: int) -> None:
    """Has the machine hand out that much memory and takes it back.

    A virtual machine gets its memory from its host page by page when it is first written to, which takes seconds a GiB:
    whichever way ran first paid for all others.
    """
    for _ in range(2):
        np.ones(nbytes, np.uint8)


def measure_here(way: str, nbytes: int, folder: Path) -> None:
    """Runs one way on a dataset of ``nbytes``, and prints seconds and peak as JSON."""
    WAYS[way](stream(4 * int(np.prod(BATCH)) * 4), folder)  # imports and first calls
    dataset = stream(nbytes)
    touch(2 * nbytes + 128 * MIB)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, start = resident("VmRSS"), time.perf_counter()
    kept = WAYS[way](dataset, folder)
    seconds = time.perf_counter() - start
    del kept
    print(json.dumps({"seconds": seconds, "peak": resident("VmHWM") - before}))


def measured(ways: tuple[str, ...], nbytes: int, rounds: int) -> dict[str, dict[str, float]]:
    """Returns the median seconds and peak bytes of each way, each time in a new process, the ways in turn."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for _ in range(rounds):
            for way in ways:
                command = [sys.executable, __file__, "--way", way, "--bytes", str(nbytes), "--folder", folder]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found[way].append(json.loads(done.stdout.splitlines()[-1]))
                for left in Path(folder).glob("*.bin"):
                    left.unlink()
    return {
        way: {figure: statistics.median(run[figure] for run in runs) for figure in ("seconds", "peak")}
        for way, runs in found.items()
    }


def collecting(table: Table, quick: bool) -> None:
    """Compares ``to_numpy`` of a whole dataset with the ways of joining it."""
    nbytes = 256 * MIB if quick else 1024 * MIB
    ways = tuple(WAYS)[:5]
    runs = measured(ways, nbytes, 1 if quick else 3)
    size = stream(nbytes).cardinality().numpy() * int(np.prod(BATCH)) * 4
    print(f"one array of {size / MIB:,.0f} MiB: seconds, and peak above the start")
    for way, figures in runs.items():
        table.line(way, f"{figures['seconds']:.2f} s   {figures['peak'] / MIB:,.0f} MiB")
    peer = min(runs[way]["seconds"] for way in ways[2:])
    table.target("to_numpy's peak over the result", runs["to_numpy"]["peak"] / size, 1.1)
    table.target("… where the length is unknown", runs["to_numpy, length unknown"]["peak"] / size, 1.6)
    table.target("to_numpy's time over the fastest of the others", runs["to_numpy"]["seconds"] / peer, 1.3)


def saving(table: Table, quick: bool) -> None:
    """Compares ``save`` of a dataset with writing its bytes."""
    nbytes = 256 * MIB if quick else 2048 * MIB
    runs = measured(tuple(WAYS)[5:], nbytes, 1 if quick else 3)
    print(f"a file of {nbytes / MIB:,.0f} MiB: seconds, and peak above the start")
    for way, figures in runs.items():
        table.line(way, f"{figures['seconds']:.2f} s   {figures['peak'] / MIB:,.0f} MiB")
    table.target("save .npy, peak", runs["save .npy"]["peak"] / MIB, 200, unit=" MiB")
    table.target(
        "save .npy, speed of tofile", runs["tofile"]["seconds"] / runs["save .npy"]["seconds"], 0.7, least=True
    )
    synced = runs["tofile and fsync"]["seconds"] / runs["save .npy"]["seconds"]
    table.line("… of tofile and fsync, as safe as it", f"{synced:.2f}×")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the bytes, fewer rounds")
    parser.add_argument("--only", choices=("throughput", "collecting", "saving"), help="one part of the table")
    parser.add_argument("--way", choices=tuple(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--bytes", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        measure_here(asked.way, asked.bytes, asked.folder)
        return
    table = Table()
    for part in (throughput, collecting, saving):
        if asked.only in {None, part.__name__}:
            part(table, asked.quick)
    print(f"{table.met} of {table.asked} targets met")


if __name__ == "__main__":
    main()
