"""Times ``to_numpy`` beside the other ways from TensorFlow to NumPy, in one run, and prints the table.

Run: python tests/benchmarks/convert.py [--largest BYTES]

Every way is called in turn, round by round, so that a change of the machine's speed meets them all; the figures are
medians over the rounds. ``tfds.as_numpy`` takes part where tensorflow_datasets is installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from tfnp_ext import to_numpy

ROUNDS = 15
LEAVES = 1_000


def ways() -> dict[str, Callable[[Any], Any]]:
    """Returns the ways of converting by name."""
    found: dict[str, Callable[[Any], Any]] = {
        "to_numpy": to_numpy,
        ".numpy()": lambda tensor: tensor.numpy(),
        "np.asarray": np.asarray,
        "keras": keras.ops.convert_to_numpy,
    }
    try:
        import tensorflow_datasets as tfds
    except ImportError:
        return found
    return {**found, "tfds.as_numpy": tfds.as_numpy}


def medians(
    functions: dict[str, Callable[[], Any]],
    repeats: int,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
    *,
    warm: bool = False,
) -> dict[str, float]:
    """Returns the median seconds of one call of each function, all called in turn.

    ``warm`` calls each once before its turn is timed: the functions before it have filled the caches.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            if warm:
                function()
            start = clock()
            for _ in range(repeats):
                function()
            seconds[name].append((clock() - start) / repeats)
    return {name: statistics.median(times) for name, times in seconds.items()}


def report(title: str, times: dict[str, float]) -> None:
    """Prints each way's time and how often ``to_numpy`` fits into it."""
    ours = times["to_numpy"]
    cells = "   ".join(f"{name} {seconds * 1e6:,.2f} µs ({seconds / ours:,.1f}×)" for name, seconds in times.items())
    print(f"{title:>16}   {cells}")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=10**9, help="bytes of the largest tensor")
    largest = parser.parse_args().largest
    print("median time of one call, and in brackets that time over to_numpy's")
    for size, repeats in ((10**3, 2_000), (10**6, 500), (largest, 1)):
        tensor = tf.zeros((size // 4,))
        calls = {name: partial(way, tensor) for name, way in ways().items()}
        times = medians(calls, repeats)
        report(f"{size / 1e6:,.3f} MB", times)
        if size == 10**3:
            extra = (times["to_numpy"] - times["np.asarray"]) * 1e6
            print(f"{'':>16}   over np.asarray: {extra:.2f} µs (to reach: at most 5)")
        if size == largest:
            print(f"{'':>16}   .numpy() over to_numpy: {times['.numpy()'] / times['to_numpy']:,.0f}× (to reach: 1,000)")
    nest = [tf.constant([float(number)]) for number in range(LEAVES)]
    times = medians({"to_numpy": lambda: to_numpy(nest), "[np.asarray …]": lambda: [np.asarray(x) for x in nest]}, 5)
    report(f"list of {LEAVES:,}", times)
    ratio = times["to_numpy"] / times["[np.asarray …]"]
    print(f"{'':>16}   over a list comprehension of np.asarray: {ratio:.2f}× (to reach: at most 3)")


if __name__ == "__main__":
    main()
