"""What tests share: a shell of their own, TensorFlow imported once, and what a cell showed."""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import tfnp_ext

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a job that a shell put into the background: the tests that press Ctrl-C would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# An example that takes long tells of a busy machine, and of no mistake.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

COLORS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="session")
def tf() -> Any:
    """TensorFlow, imported once, with little said, and with a second device: another CPU."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = pytest.importorskip("tensorflow")
    (cpu,) = tensorflow.config.list_physical_devices("CPU")
    tensorflow.config.set_logical_device_configuration(cpu, [tensorflow.config.LogicalDeviceConfiguration()] * 2)
    return tensorflow


@pytest.fixture
def new_shell(tmp_path, monkeypatch) -> Iterator[Any]:
    """Makes shells: each is new, remembers nothing on disk, and is what ``get_ipython()`` gives."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # every shell puts its own there
    shells = []
    tfnp_ext.TensorDisplay.clear_instance()  # show() in another test has made one, which a load would keep

    def make(**config: Any) -> InteractiveShell:
        shell = InteractiveShell(config=Config({"HistoryManager": {"hist_file": ":memory:"}, **config}))
        load_lazily = getattr(shell.magics_manager, "load_all_lazy_magics", None)
        if load_lazily is not None:  # else %config would load them, and a table compared before and after differ
            load_lazily()
        monkeypatch.setattr(InteractiveShell, "_instance", shell, raising=False)
        shells.append(shell)
        return shell

    yield make
    for shell in shells:
        tfnp_ext.unload_ipython_extension(shell)
        atexit.unregister(shell.atexit_operations)  # a garbage collection each, half a second with TensorFlow loaded
    tfnp_ext.TensorDisplay.clear_instance()


@pytest.fixture
def bare(new_shell) -> InteractiveShell:
    """A shell that has not loaded the extension."""
    return new_shell()


@pytest.fixture
def ip(new_shell) -> InteractiveShell:
    """A new shell with the extension loaded."""
    shell = new_shell()
    shell.run_line_magic("load_ext", "tfnp_ext")
    return shell


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """What limits of time go by: it stands still, however busy the machine is, until a test moves ``now`` on."""
    from tfnp_ext.datasets import drawing

    stopped = SimpleNamespace(now=0.0)
    seconds = SimpleNamespace(monotonic=lambda: stopped.now, perf_counter=time.perf_counter)
    monkeypatch.setattr(drawing, "time", seconds)
    return stopped


@pytest.fixture
def sent(monkeypatch) -> list[tuple[dict[str, Any], list[Any]]]:
    """What explorers' canvases are sent: messages, which have to be JSON, and their buffers."""
    from tfnp_ext.explorer.canvas import Canvas

    messages: list[tuple[dict[str, Any], list[Any]]] = []

    def record(_: Any, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False)
        messages.append((content, [bytes(buffer) for buffer in buffers or ()]))

    monkeypatch.setattr(Canvas, "send", record)
    return messages


@dataclass(frozen=True)
class Ran:
    """What came of a cell.

    Attributes:
        result: What ``run_cell`` says.
        bundles: What the cell's value was shown as, one MIME bundle each.
        printed: Standard output and error, without colours.
    """

    result: Any
    bundles: list[dict[str, Any]]
    printed: str

    @property
    def text(self) -> str:
        """What a terminal shows of the cell's value."""
        assert len(self.bundles) == 1, self.printed
        return self.bundles[0]["text/plain"]

    @property
    def html(self) -> str:
        """What a notebook shows of the cell's value, ``""`` where that is the text."""
        assert len(self.bundles) == 1, self.printed
        return self.bundles[0].get("text/html", "")


@pytest.fixture
def run(capfd) -> Any:
    """Runs a cell as a user does, and returns what came of it."""

    def run_cell(shell: InteractiveShell, cell: str) -> Ran:
        bundles: list[dict[str, Any]] = []
        write = shell.displayhook.write_format_data

        def record(bundle: dict[str, Any], *metadata: Any) -> None:
            bundles.append(bundle)
            write(bundle, *metadata)

        shell.displayhook.write_format_data = record
        capfd.readouterr()
        try:
            result = shell.run_cell(cell, store_history=True)
        finally:
            shell.displayhook.write_format_data = write
        captured = capfd.readouterr()
        return Ran(result, bundles, COLORS.sub("", captured.out + captured.err))

    return run_cell


@pytest.fixture(scope="session")
def process_environment(tmp_path_factory) -> dict[str, str]:
    """The environment of a process that finds this package and keeps IPython's files to itself."""
    package = str(Path(tfnp_ext.__file__).parent.parent)
    return {
        **os.environ,
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
        "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH")))),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "NO_COLOR": "1",
    }


@dataclass(frozen=True)
class Digits:
    """A small convolutional network that reads scanned digits, and what it makes of those that it was not shown.

    Attributes:
        images: Grey scans in 0 … 1, float32 [360, 8, 8, 1].
        truth: Which digit each is, int32 [360].
        logits: What the model says of them, float32 [360, 10].
        shares: The softmax of that.
        model: The model; its first layer is ``conv1``.
        history: What training it told: loss and accuracy, of training and of validation data, three epochs.
    """

    images: np.ndarray
    truth: np.ndarray
    logits: np.ndarray
    shares: np.ndarray
    model: Any
    history: Any


@pytest.fixture(scope="session")
def digits(tf: Any) -> Digits:
    """The digits of scikit-learn and a model trained on them, in about two seconds."""
    from sklearn.datasets import load_digits

    data = load_digits()
    images, truth = (data.images / 16).astype(np.float32)[..., None], data.target.astype(np.int32)
    tf.keras.utils.set_random_seed(0)
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            tf.keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", name="conv1"),
            layers.Conv2D(16, 3, activation="relu", name="conv2"),
            layers.Flatten(),
            layers.Dense(10, name="logits"),
        ]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    shown, kept = slice(1437), slice(1437, None)
    history = model.fit(
        images[shown], truth[shown], validation_data=(images[kept], truth[kept]), epochs=3, batch_size=64, verbose=0
    )
    logits = model(images[kept]).numpy()
    return Digits(images[kept], truth[kept], logits, tf.nn.softmax(logits).numpy(), model, history)


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """The two photos of scikit-learn, a temple and a flower, uint8 [2, 427, 640, 3]."""
    from sklearn.datasets import load_sample_images

    return np.stack(load_sample_images().images)
