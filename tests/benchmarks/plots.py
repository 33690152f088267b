"""Times the pictures beside those that a user would draw by hand, in one run, and prints the table.

Run: python tests/benchmarks/plots.py [--quick] [--processor]

The others are pyplot on the inline backend's path (a figure made, printed as IPython does it, and closed),
lovely-numpy's ``.plt`` and ``.chans``, and mediapy (``pip install lovely-numpy mediapy``); each gets the NumPy array,
and one that is not installed is left out. Ours is the whole bundle of the card, text and HTML, with its picture in it;
the picture alone, of numbers that are known already, stands below it. Images and predictions are real: scans of
digits, and what a small network trained on them says of scans that it has not seen.

Every way is called in turn, round by round, so that a change of the machine's speed meets them all; the figures are
medians over the rounds. Where the machine has other work, ``--processor`` takes the time of this process on the
processor instead of that on the wall. kB are 1,000 bytes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")

import keras
import numpy as np
import tensorflow as tf
from convert import medians
from display import OURS, Report, Row, Way, configured, fresh_seconds, render_card, softmax, stored_bytes, surroundings
from IPython.core.pylabtools import print_figure
from sklearn.datasets import load_digits, load_sample_images

from tfnp_ext import TensorDisplay, summarize, to_numpy
from tfnp_ext.document import Figure, Tiles
from tfnp_ext.plots import PLOTS, choose_plot

PACKAGES = ("tensorflow", "keras", "numpy", "matplotlib", "pillow", "ipython", "lovely-numpy", "mediapy")
ALONE = "the picture alone"
PYPLOT = "pyplot, inline"
LOVELY = "lovely, NumPy"
MEDIAPY = "mediapy, NumPy"
REPEATS = 3
SLOW_ROUNDS = 3
SAMPLES = 10**7

TRAINED = """
model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
x, y = tf.random.uniform((320, 64)), tf.range(320) % 10
model.fit(x, y, verbose=0)
scores = model(x[:1])[0]
"""
AT_ONCE = "scores = tf.nn.softmax(tf.range(10.0))"
OUR_FIRST = """
bundle, _ = shell.display_formatter.format(scores)
assert "image/png" in bundle["text/html"], bundle
"""
PYPLOT_FIRST = """
import matplotlib.pyplot as plt
from IPython.core.pylabtools import print_figure
plt.bar(range(10), scores.numpy())
print_figure(plt.gcf(), base64=True)
plt.close("all")
"""
SESSION = """
import gc, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in ("import tensorflow as tf", "%load_ext tfnp_ext", {cell!r}):
    shell.run_cell(cell).raise_error()
scores, brought = shell.user_ns["scores"], "matplotlib" in sys.modules
began, collecting = 0.0, 0.0

def collector(phase, info):
    global began, collecting
    if phase == "start":
        began = time.{clock}()
    else:
        collecting += time.{clock}() - began

gc.callbacks.append(collector)
start = time.{clock}()
{statement}
print(time.{clock}() - start, collecting, int(brought))
"""
NOTHING_RUN = "ours, no model"
FIRST = {
    OURS: (TRAINED, OUR_FIRST),
    PYPLOT: (TRAINED, PYPLOT_FIRST),
    NOTHING_RUN: (AT_ONCE, OUR_FIRST),
}


@dataclass(frozen=True)
class Timer:
    """How a way is timed.

    Attributes:
        rounds: How often every way is called, times the calls in a row.
        clock: What the seconds are read from: a function of ``time``.
    """

    rounds: int
    clock: Callable[[], float]

    @property
    def fewer(self) -> Timer:
        """A third of the rounds, where one of the ways takes seconds."""
        return replace(self, rounds=max(3, self.rounds // 3))


@dataclass(frozen=True)
class Digits:
    """Scans that a network has not seen, and what it says of them.

    Attributes:
        images: Scans [N, 8, 8, 1], 0 paper … 1 ink.
        truth: The digits they show [N].
        predictions: Probabilities [N, 10].
        kernels: The weights of its first layer [3, 3, 1, 32].
    """

    images: np.ndarray
    truth: np.ndarray
    predictions: tf.Tensor
    kernels: tf.Variable


def read_digits() -> Digits:
    """Returns held-out scans, a third of all, with the predictions of a network trained on the others."""
    keras.utils.set_random_seed(0)
    scans = load_digits()
    images = (scans.images[..., None] / 16).astype(np.float32)
    held_out = len(images) // 3
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[held_out:], scans.target[held_out:], epochs=15, batch_size=16, verbose=0)
    return Digits(images[:held_out], scans.target[:held_out], model(images[:held_out]), model.weights[0].value)


def draw_inline(draw: Callable[[Any], Any]) -> str:
    """Returns what the inline backend stores of a figure that is drawn with pyplot, and closes it."""
    import matplotlib.pyplot as plt

    try:
        draw(plt)
        data: str = print_figure(plt.gcf(), base64=True)
        return data
    finally:
        plt.close("all")


def draw_sheet(plt: Any, images: np.ndarray, rows: int, titles: Mapping[int, str] | None = None) -> None:
    """Draws images on Axes of their own, as users do."""
    _, axes = plt.subplots(rows, len(images) // rows)
    for number, (ax, image) in enumerate(zip(axes.flat, images, strict=True)):
        ax.imshow(image, cmap="gray")
        ax.set_axis_off()
        if titles:
            ax.set_title(titles[number], fontsize=8)


def render_lovely(array: np.ndarray, name: str) -> bytes:
    """Returns the PNG of lovely-numpy's ``.plt`` or ``.chans``."""
    import lovely_numpy

    drawn: bytes = getattr(lovely_numpy, name)(array)._repr_png_()
    return drawn


def render_mediapy(images: np.ndarray) -> str:
    """Returns the HTML of ``mediapy.show_images``, eight beside each other."""
    import mediapy

    html: str = mediapy.show_images(images, columns=8, height=52, return_html=True)
    return html


def draw_alone(summary: Any, asked: Mapping[str, Any]) -> None:
    """Draws the pictures of a card and throws them away; options made anew, so that nothing is remembered."""
    options = TensorDisplay.instance().options(**asked)
    plot = choose_plot(summary, options)
    if plot is None:
        raise RuntimeError("no picture")
    for block in plot.blocks(summary, options):
        if isinstance(block, (Figure, Tiles)) and block.draw is not None:
            block.draw()


def stored(output: Any) -> int:
    """Returns the bytes that a notebook stores of an output; a PNG in Base64."""
    return 4 * -(-len(output) // 3) if isinstance(output, bytes) else stored_bytes(output)


def measure(title: str, obj: Any, others: Mapping[str, Way], timer: Timer, repeats: int = REPEATS, **asked: Any) -> Row:
    """Returns the row of a value.

    Args:
        title: The value in words.
        obj: The value.
        others: How other tools draw it; one that is not installed is left out.
        timer: How often all are called, and by which clock.
        repeats: Calls of one way in a row.
        **asked: Options of our card.
    """
    ways: dict[str, Way] = {OURS: partial(render_card, obj, **asked)}
    ways[ALONE] = partial(draw_alone, summarize(obj), asked)
    sizes: dict[str, int] = {}
    for name, way in {**ways, **others}.items():
        try:
            output = way()
        except ImportError:
            continue
        ways[name] = way
        if output is not None:
            sizes[name] = stored(output)
    return Row(title, medians(ways, repeats, timer.rounds, timer.clock), sizes)


def report_predictions(report: Report, digits: Digits, timer: Timer) -> None:
    """Measures the pictures of one prediction, of a batch of them, and of a batch with its images."""
    one, batch = digits.predictions[0], digits.predictions[:32]
    vector, matrix = to_numpy(one), to_numpy(batch)
    others: dict[str, Way] = {
        PYPLOT: partial(draw_inline, lambda plt: plt.bar(range(10), vector)),
        LOVELY: partial(render_lovely, vector, "plot"),
    }
    row = measure("(10,) probabilities of a digit: bars", one, others, timer)
    report.add(row, row.time_at_most(6), row.share_at_most(PYPLOT, 1 / 6), row.stored_at_most(12))
    others = {
        PYPLOT: partial(draw_inline, lambda plt: plt.imshow(matrix.T, aspect="auto")),
        LOVELY: partial(render_lovely, matrix, "plot"),
    }
    row = measure("(32, 10) probabilities of digits: heat map with its answers", batch, others, timer)
    report.add(row, row.time_at_most(20), row.share_at_most(PYPLOT, 1), row.stored_at_most(30))
    if "gallery" not in PLOTS:
        print("\ngallery of 32: skipped, no plot of that name is registered")
        return
    images, truth = digits.images[:32], digits.truth[:32]
    titles = {
        number: f"{top} {share:.0%}, is {true}"
        for number, (top, share, true) in enumerate(zip(matrix.argmax(1), matrix.max(1), truth, strict=True))
    }
    others = {PYPLOT: partial(draw_inline, lambda plt: draw_sheet(plt, images, 4, titles))}
    row = measure("gallery of 32", batch, others, timer.fewer, images=images, truth=truth)
    report.add(row, row.time_at_most(60), row.share_at_most(PYPLOT, 1), row.stored_at_most(60))


def report_arrays(report: Report, digits: Digits, timer: Timer) -> None:
    """Measures the pictures of images, of a matrix and of a long series."""
    images = digits.images[:64]
    others: dict[str, Way] = {
        PYPLOT: partial(draw_inline, lambda plt: draw_sheet(plt, images, 8)),
        "lovely .chans, NumPy": partial(render_lovely, images, "chans"),
        MEDIAPY: partial(render_mediapy, images),
        "mediapy, 24 of them": partial(render_mediapy, images[:24]),
    }
    row = measure("(64, 8, 8, 1) scans of digits: grid", tf.constant(images), others, timer.fewer)
    (sheet,) = PLOTS["grid"].blocks(summarize(tf.constant(images)), TensorDisplay.instance().options())
    note = f"our card shows {len(sheet.draw())} of the 64, the others draw them all but where it says so"
    report.add(row, row.time_at_most(5), row.share_at_most(MEDIAPY, 1), row.stored_at_most(40), note=note)
    matrix = np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32)
    others = {
        PYPLOT: partial(draw_inline, lambda plt: plt.imshow(matrix)),
        LOVELY: partial(render_lovely, matrix, "plot"),
    }
    row = measure("(1000, 1000) normal values: heat map", tf.constant(matrix), others, timer)
    report.add(row, row.time_at_most(8), row.share_at_most(PYPLOT, 1), row.stored_at_most(40))
    series = np.cumsum(np.random.default_rng(0).normal(size=SAMPLES)).astype(np.float32)
    others = {
        PYPLOT: partial(draw_inline, lambda plt: plt.plot(series)),
        LOVELY: partial(render_lovely, series, "plot"),
    }
    walk = tf.constant(series)
    row = measure("10^7 samples of a random walk: line", walk, others, replace(timer, rounds=SLOW_ROUNDS), repeats=1)
    report.add(row, row.time_at_most(60), row.share_at_most(PYPLOT, 1), row.stored_at_most(40))


def report_first(report: Report, timer: Timer) -> None:
    """Measures the first picture of a session that has TensorFlow already, each in a fresh interpreter."""
    found: dict[str, list[list[float]]] = {way: [] for way in FIRST}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(timer.rounds + 1):
            for way, (cell, statement) in FIRST.items():
                program = SESSION.format(cell=cell, statement=statement, clock=timer.clock.__name__)
                numbers = fresh_seconds(program, folder)
                if numbers is not None and number:  # the first round compiles and warms the disk's cache
                    found[way].append(numbers)
    seconds = {way: statistics.median(run[0] for run in runs) for way, runs in found.items() if runs}
    row = Row("the first picture of a session that has trained a Keras model", seconds, {})
    collecting = statistics.median(run[1] for run in found[NOTHING_RUN]) * 1e3
    brought = "had" if all(run[2] for run in found[OURS]) else "had not"
    note = (
        f"TensorFlow {brought} imported Matplotlib; right after that import Python's collector is due,"
        f" and takes {collecting:,.0f} ms of the first card"
    )
    report.add(row, row.time_at_most(80), note=note)


def sizes(digits: Digits) -> dict[str, tuple[Any, float]]:
    """Returns values of every sort, and how many kB the card of each may take."""
    draw = np.random.default_rng(0)
    photos = np.stack(load_sample_images().images)
    noise = draw.integers(0, 256, (64, 28, 28, 4), dtype=np.uint8)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (digits.truth, to_numpy(digits.predictions).argmax(axis=1)), 1)
    layers = [tf.constant(draw.normal(size=(64, 64)), tf.float32) for _ in range(200)]
    classes = tf.constant(softmax(6 * draw.normal(size=(200, 1000))), tf.float32)
    return {
        "(10,) probabilities": (digits.predictions[0], 12),
        "(32, 10) probabilities": (digits.predictions[:32], 30),
        "(599, 10) probabilities": (digits.predictions, 40),
        "(1000,) probabilities": (classes[0], 40),
        "(48, 1000) probabilities": (classes[:48], 40),
        "(200, 1000) probabilities": (classes, 40),
        "(32, 10) logits": (tf.math.log(digits.predictions[:32] + 1e-7), 40),
        "(599,) labels": (tf.constant(digits.truth), 40),
        "(599, 10) one-hot": (tf.one_hot(digits.truth, 10), 40),
        "scans": (tf.constant(digits.images), 40),
        "a photo": (tf.constant(photos[0]), 40),
        "two photos": (tf.constant(photos), 40),
        "RGB noise": (tf.constant(noise[..., :3]), 40),
        "RGBA noise": (tf.constant(noise), 40),
        "one image of RGB noise": (tf.constant(draw.integers(0, 256, (64, 64, 3), dtype=np.uint8)), 40),
        "a video of noise": (tf.constant(noise[None, :, :, :, :3]), 40),
        "masks": (tf.constant(digits.images > 0.5), 40),
        "matrix": (tf.constant(draw.normal(size=(1000, 1000)), tf.float32), 40),
        "wide matrix": (tf.constant(draw.normal(size=(200, 2000)), tf.float32), 40),
        "matrix, half of it NaN": (tf.constant(np.where(draw.random((500, 500)) < 0.5, np.nan, 1.0)), 40),
        "confusion of digits": (tf.constant(confusion), 40),
        "correlation": (tf.constant(np.corrcoef(draw.normal(size=(60, 500)))), 40),
        "attention": (tf.constant(softmax(draw.normal(size=(8, 64, 64))), tf.float32), 40),
        "kernels of a network": (digits.kernels, 40),
        "(3, 3, 64, 64) kernels": (tf.constant(draw.normal(size=(3, 3, 64, 64)), tf.float32), 40),
        "embeddings": (tf.constant(draw.normal(size=(5000, 64)), tf.float32), 40),
        "series": (tf.constant(draw.normal(size=10**6), tf.float32), 40),
        "eight series": (tf.constant(np.cumsum(draw.normal(size=(2000, 8)), axis=0)), 40),
        "complex": (tf.constant(np.fft.fft2(photos[0].mean(axis=-1))), 40),
        "ragged": (tf.RaggedTensor.from_row_lengths(draw.normal(size=5000), [5] * 1000), 40),
        "a list of 200 weights": (layers, 200),
    }


def report_sizes(report: Report, digits: Digits) -> None:
    """Measures what the cards of every sort of value take, and those of predictions without their pictures."""
    for title, (value, limit) in sizes(digits).items():
        row = Row(f"bytes of {title}", {}, {OURS: stored(render_card(value))})
        report.add(row, row.stored_at_most(limit))
    with configured(plots=False):
        for title, value, limit in (("(10,)", digits.predictions[0], 3), ("(32, 10)", digits.predictions[:32], 12)):
            row = Row(f"bytes of {title} probabilities, without the picture", {}, {OURS: stored(render_card(value))})
            report.add(row, row.stored_at_most(limit))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--processor", action="store_true", help="time on the processor, not on the wall")
    asked = parser.parse_args()
    timer = Timer(9 if asked.quick else 25, time.process_time if asked.processor else time.perf_counter)
    started = time.perf_counter()
    print(f"median {'processor ' if asked.processor else ''}time and stored bytes of each way,", end=" ")
    print("and after each how often ours fit into it")
    print(surroundings(PACKAGES))
    report = Report()
    digits = read_digits()
    report_predictions(report, digits, timer)
    report_arrays(report, digits, timer)
    report_first(report, replace(timer, rounds=2 if asked.quick else 5))
    report_sizes(report, digits)
    report.close()
    print(f"{time.perf_counter() - started:,.0f} s; {surroundings(()).partition('; ')[2]}")


if __name__ == "__main__":
    main()
