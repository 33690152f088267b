"""``%tonumpy`` on datasets, in a real shell: what it gives, what its card says, what is warned of without one."""

from __future__ import annotations

import _thread
import os
import re
import threading
import warnings
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from generators import one_at_a_time
from IPython.core.completer import provisionalcompleter
from IPython.display import display

import tfnp_ext
from tfnp_ext.convert import read_conversion
from tfnp_ext.datasets import adapter
from tfnp_ext.magics.options import OPTIONS

pytestmark = pytest.mark.filterwarnings("ignore:`Completer.complete` is pending deprecation")

Point = namedtuple("Point", "x y")


def checked(number: Any) -> Any:
    import tensorflow as tf

    return tf.debugging.check_numerics(1 / tf.cast(number - 3, tf.float32), "bad number")


def range_to(number: Any) -> Any:
    import tensorflow as tf

    return tf.range(number)


@pytest.fixture
def ip(ip, tf):
    """The shell with a few datasets of the user's."""
    datasets = tf.data.Dataset
    pairs = {"image": np.arange(64 * 4.0, dtype=np.float32).reshape(64, 2, 2), "label": np.arange(64) % 10}
    ip.user_ns.update(
        tf=tf,
        np=np,
        ds=datasets.range(10).batch(3),
        pairs=datasets.from_tensor_slices(pairs).batch(32),
        points=datasets.from_tensor_slices(Point([1, 2], [2.0, 3.0])),
        failing=datasets.range(6).map(checked),
        rows=datasets.range(1, 5).map(range_to).ragged_batch(3),
        endless=datasets.range(3).repeat(),
        x=tf.constant([1.0, 2.0]),
    )
    return ip


SKIPPED = "1 element failed and was skipped (3): bad number : Tensor had Inf values"


# What its card tells to type ------------------------------------------------------------------------------------------

HINT = re.compile(r"%tonumpy (?:(?!   ).)+")


def hints(ran: Any) -> list[str]:
    """Returns what a card tells to type."""
    return HINT.findall(ran.bundles[0]["text/plain"] if ran.bundles else ran.printed)


@pytest.mark.parametrize(
    ("dataset", "drawn"),
    [
        ("ds", [(3,), (10,)]),
        ("endless", [(1,), (100,)]),
        ("points", [(1,), (2,)]),
        ("pairs.map(lambda pair: pair['image'])", [(32, 2, 2), (64, 2, 2)]),
        ("tf.data.Dataset.range(500).as_numpy_iterator()", [(), (100,)]),
        ("iter(tf.data.Dataset.range(500))", [(), (100,)]),
    ],
)
@pytest.mark.parametrize("show", ["{}", "mine = {}\nmine", "mine = {}\ndisplay(mine)", "mine = {}\nshow(mine)"])
def test_what_a_card_tells_to_type_works_as_it_is_printed(ip, run, dataset, drawn, show):
    run(ip, "from tfnp_ext import show; from IPython.display import display")
    shown = run(ip, show.format(dataset))
    for hint, shape in zip(hints(shown), drawn, strict=True):
        typed = run(ip, f"a = {hint}")
        assert typed.result.success, hint
        value = ip.user_ns["a"]
        assert np.shape(value[0] if isinstance(value, tuple) else value) == shape, hint


def test_what_a_card_tells_to_type_to_store_a_large_dataset(ip, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adapter, "read_conversion", lambda: read_conversion(max_bytes=8))
    (_, hint) = hints(run(ip, "ds"))
    assert hint == "%tonumpy ds --save data.npz"
    assert run(ip, hint).result.success
    np.testing.assert_array_equal(tfnp_ext.load("data.npz"), np.arange(10))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("ds", "ds"),
        ("train = _hidden = ds.batch(2)\ntrain", "train"),
        ("ds.batch(2)", "Out[1]"),
        ("display(ds.batch(2))", "ds"),
        ("_ = ds.batch(2)\n_", "Out[1]"),
        ("mine = tfnp_ext.iter_numpy(ds)\ntfnp_ext.show(mine)", "mine"),
        ("def shown(mine):\n    tfnp_ext.show(mine)\nshown(ds.batch(2))", "ds"),
    ],
)
def test_a_card_calls_a_dataset_what_the_user_does(ip, run, cell, name):
    ip.user_ns.update(tfnp_ext=tfnp_ext, display=display)
    assert hints(run(ip, cell))[0].split()[1] == name


# What comes back, and its card ----------------------------------------------------------------------------------------


def test_a_dataset_is_run_and_the_card_is_that_of_the_array(ip, run):
    shown = run(ip, "%tonumpy ds")
    assert shown.result.result.tolist() == list(range(10))
    lines = shown.text.splitlines()
    assert lines[0].startswith("ndarray (10,) int64")
    assert lines[0].endswith("80 B · CPU · copy")  # a view of nothing
    assert lines[1] == "the pipeline was run: 4 batches, concatenated"
    assert "the pipeline was run" in shown.html


@pytest.mark.parametrize(
    ("line", "said", "expected"),
    [
        ("-n 1 ds", "the pipeline was run: 1 of 4 batches", [0, 1, 2]),
        ("ds --take 9", "the pipeline was run: 4 batches, concatenated", list(range(10))),
        ("-n 2 --join stack ds", "the pipeline was run: 2 of 4 batches, stacked along a new first axis",
         [[0, 1, 2], [3, 4, 5]]),
        ("-n 2 endless --no-progress", "the pipeline was run: 2 elements, stacked along a new first axis", [0, 1]),
        ("-d int32 ds", "the pipeline was run: 4 batches, concatenated", list(range(10))),
        ("-n 2 iter(ds)", "the pipeline was run: 2 batches, concatenated", list(range(6))),
    ],
)  # fmt: skip
def test_the_card_says_what_was_done(ip, run, line, said, expected):
    shown = run(ip, f"%tonumpy {line}")
    assert shown.result.result.tolist() == expected
    assert said in shown.text.splitlines()


def test_a_structure_is_a_tree_of_arrays(ip, run):
    shown = run(ip, "%tonumpy pairs")
    assert shown.text.splitlines()[:2] == [
        "dict   2 tensors · 320 values · 1.5 KiB",
        "the pipeline was run: 2 batches, concatenated",
    ]
    assert shown.result.result["image"].shape == (64, 2, 2)
    shown = run(ip, "%tonumpy points")
    assert shown.text.startswith("Point   2 tensors")
    assert shown.result.result.x.tolist() == [1, 2]


def test_rows_of_unequal_length_are_shown_one_by_one(ip, run):
    lines = run(ip, "%tonumpy rows").text.splitlines()
    assert lines[0].startswith("ndarray (4,)   4 tensors")
    assert lines[2:] == ["[0]  (1,)  int64  0", "[1]  (2,)  int64  0  1", "[2]  (3,)  int64  0  1  2",
                         "[3]  (4,)  int64  0  1  2  3"]  # fmt: skip
    assert run(ip, "%tonumpy rows --ragged pad").text.startswith("ndarray (4, 4)")
    assert "the pipeline was run" in run(ip, "%tonumpy rows --ragged list").text


def test_what_no_kind_is_of_is_told_too(ip, run):
    pytest.importorskip("scipy")
    ip.user_ns["sparse"] = ip.user_ns["tf"].data.Dataset.from_tensor_slices(ip.user_ns["tf"].sparse.eye(3))
    lines = run(ip, "%tonumpy -n 2 sparse --sparse scipy").text.splitlines()
    assert lines[0] == "coo_array (2, 3) float32   2 stored"
    assert lines[1].startswith("the pipeline was run: 2 of 3 elements")


def test_a_cell_converts_its_dataset(ip, run):
    shown = run(ip, "%%tonumpy -n 1\nds.map(lambda batch: batch * 2)")
    assert shown.result.result.tolist() == [0, 2, 4]
    assert "1 of 4 batches" in shown.text


def test_a_dataset_at_the_end_of_a_cell_runs_nothing(ip, run):
    assert run(ip, "ds").text.startswith("Dataset 4 batches of 3 ")
    assert "nothing drawn to show this" in run(ip, "ds").text


# What is not all of it ------------------------------------------------------------------------------------------------


def test_skips_are_said_on_the_card(ip, run):
    shown = run(ip, "%tonumpy failing --on-error skip")
    assert len(shown.result.result) == 5
    assert shown.text.splitlines()[1:3] == [
        f"⚠ {SKIPPED}", "the pipeline was run: 5 elements, stacked along a new first axis"]  # fmt: skip
    assert SKIPPED not in shown.printed.replace(shown.text, "")


@pytest.mark.parametrize(
    "cell",
    [
        "a = %tonumpy failing --on-error skip",
        "%tonumpy failing --on-error skip;",
        "%tonumpy -q -o a failing --on-error skip",
        "for _ in range(1):\n    %tonumpy failing --on-error skip",
        "get_ipython().run_line_magic('tonumpy', 'failing --on-error skip'); None",
        "%config TensorDisplay.enabled = False\n%tonumpy failing --on-error skip",
    ],
)
def test_without_a_card_skips_are_warned_of_each_time(ip, run, cell):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        run(ip, cell)
        run(ip, cell)
    assert [str(one.message) for one in warned if one.category is UserWarning] == [SKIPPED, SKIPPED]


def test_what_does_not_come_in_time_is_said(ip, run):
    over = threading.Event()

    def slow():
        yield 1
        over.wait(60)
        yield 2

    ip.user_ns["slow"] = ip.user_ns["tf"].data.Dataset.from_generator(
        slow, output_signature=ip.user_ns["tf"].TensorSpec((), np.int32)
    )
    shown = run(ip, "%tonumpy slow --timeout 3")
    over.set()
    assert shown.result.result.tolist() == [1]
    assert "⚠ no element within 3 s: 1 element came until then" in shown.text.splitlines()


def test_stop_gives_what_came(ip, run):
    came, over = threading.Event(), threading.Event()

    def blocking():
        yield from range(3)
        came.set()
        over.wait(60)
        yield 3

    ip.user_ns["blocking"] = one_at_a_time(blocking, ip.user_ns["tf"].TensorSpec((), np.int32))
    threading.Thread(target=lambda: came.wait(60) and _thread.interrupt_main()).start()
    shown = run(ip, "%tonumpy blocking")
    over.set()
    assert shown.result.result.tolist() == [0, 1, 2]
    assert "⚠ stopped: 3 elements came until then" in shown.text.splitlines()


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("endless", "ConversionError: Dataset is endless: say how many elements, as in --take 100"),
        ("failing", "ConversionError: Dataset: element 3 failed: bad number : Tensor had Inf values"),
        ("x --take 2", "ConversionError: --take 2 is for datasets, whose elements are drawn, and Tensor is none"),
        ("ds --join up", "ConversionError: --join up is not one of auto, concat, stack"),
        ("ds --timeout 0", "UsageError: --timeout needs a number of seconds above 0, not '0'"),
        ("ds --timeout soon", "UsageError: --timeout needs a number of seconds above 0, not 'soon'"),
        ("ds --timeout nan", "UsageError: --timeout needs a number of seconds above 0, not 'nan'"),
        ("ds --no-progress=1", "UsageError: --no-progress is a switch: it takes no value"),
        ("ds --force", "UsageError: --force is for --save PATH: nothing is stored without it"),
        ("ds --resume", "UsageError: --resume is for --save PATH: nothing is stored without it"),
        ("ds --compress", "UsageError: --compress is for --save PATH: nothing is stored without it"),
        ("-q ds", "UsageError: --quiet needs --out NAME or --save PATH: nothing would be left of the result"),
        ("ds --save a.npz --copy", "UsageError: --copy is for arrays in memory, and --save stores a dataset"),
        ("ds --save ''", "UsageError: --save needs the path of a file, not \"''\""),
        ("ds --save {nowhere}", "UsageError: no name 'nowhere' here"),
    ],
)  # fmt: skip
def test_ours_is_one_line(ip, run, line, message):
    ran = run(ip, f"%tonumpy {line}")
    assert ran.printed.startswith(message), ran.printed
    assert len(ran.printed.strip().splitlines()) == 1
    assert not ran.result.success


# Tab and help ---------------------------------------------------------------------------------------------------------


def completions(ip: Any, line: str) -> set[str]:
    with provisionalcompleter():
        return {completion.text for completion in ip.Completer.completions(line, len(line))}


def test_values_complete(ip):
    assert completions(ip, "%tonumpy ds --join ") >= {"auto", "concat", "stack"}
    assert completions(ip, "%tonumpy ds --on-error ") >= {"raise", "skip"}
    assert "--timeout" in completions(ip, "%tonumpy ds --tim")


def test_file_names_complete(ip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.npz").touch()
    assert "digits.npz" in completions(ip, "%tonumpy ds --save dig")


def test_datasets_complete_before_anything_was_shown(ip):
    assert {"ds", "pairs"} <= completions(ip, "%tonumpy ")


def test_help_explains_datasets(ip):
    doc = ip.find_line_magic("tonumpy").getdoc()
    assert "A dataset is run" in doc
    assert all(f"--{option.name}" in doc for option in OPTIONS)


# Saving ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def load(tmp_path, monkeypatch):
    """What was saved in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return pytest.importorskip("tfnp_ext.storage.loading").load


def test_a_dataset_goes_to_disk_and_its_record_comes_back(ip, run, load):
    shown = run(ip, "%tonumpy pairs --save digits.npz --no-progress")
    assert shown.text.startswith("saved ")
    assert "digits.npz" in shown.text
    assert len(shown.text.splitlines()) == 1
    np.testing.assert_array_equal(load("digits.npz")["label"], np.arange(64) % 10)


def test_other_values_are_returned_and_the_card_says_where_they_are(ip, run, load):
    shown = run(ip, "%tonumpy x --save x.npy")
    assert shown.result.result.tolist() == [1.0, 2.0]
    assert shown.text.startswith("Tensor (2,) float32")
    assert shown.text.splitlines()[1].startswith("saved ")
    assert load("x.npy").tolist() == [1.0, 2.0]


def test_what_was_saved_is_the_same_sentence_each_time(ip, run, load):
    said = "saved 2 batches, 1.5 KiB, to ./digits.zarr"
    for _ in range(3):
        assert run(ip, "saved = %tonumpy pairs --save ./digits.zarr --force").result.success
        assert run(ip, "saved").text == run(ip, "%tonumpy pairs --save ./digits.zarr --force").text == said
    assert run(ip, "%tonumpy pairs --save ./digits.zarr --resume").text == (
        "./digits.zarr is whole already: 2 batches, 1.5 KiB"
    )
    run(ip, "import tfnp_ext")
    with pytest.warns(UserWarning, match="1 element failed"):
        skips = run(ip, "tfnp_ext.save(failing, 'g.npz', on_error='skip')").text
    assert skips == f"saved 5 elements, 20 B, to g.npz; {SKIPPED}"


def test_what_padding_is_filled_with_is_stored(ip, run, load):
    assert run(ip, "%tonumpy rows --ragged pad --fill-value -1 --save rows.npz").result.success
    assert load("rows.npz").tolist()[:2] == [[0, -1, -1, -1], [0, 1, -1, -1]]
    assert load("rows.npz", fill_value=7).tolist()[0] == [0, 7, 7, 7]
    assert "no plain value" in run(ip, "%tonumpy rows --ragged pad --fill-value [] --save r.npz").printed


def test_quiet_is_enough_with_save(ip, run, load):
    shown = run(ip, "%tonumpy -q --save x.npy x")
    assert shown.bundles == []
    assert shown.result.result is None
    assert load("x.npy").tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("x.npy", "x.npy"),
        ('"my file.npy"', "my file.npy"),
        ("{name}", "named.npy"),
        ("sub/{name}", "sub/named.npy"),
        ("f'{1 + 1}.npy'", "2.npy"),
        ("'{as it is}.npy'", "{as it is}.npy"),
    ],
)
def test_paths(ip, run, load, typed, written):
    os.mkdir("sub")
    ip.user_ns["name"] = "named.npy"
    assert run(ip, f"%tonumpy x --save {typed}").result.success
    assert os.path.exists(written)


def test_what_is_there_is_kept_without_force(ip, run, load):
    run(ip, "%tonumpy -q --save x.npy x")
    ran = run(ip, "%tonumpy ds --save x.npy")
    assert ran.printed.startswith("StorageError: ")
    assert len(ran.printed.strip().splitlines()) == 1
    assert load("x.npy").tolist() == [1.0, 2.0]
    assert run(ip, "%tonumpy ds --save x.npy --force").result.success
    assert load("x.npy").tolist() == list(range(10))


def test_skips_are_told_once_each_time_it_is_saved(ip, run, load):
    """By what the cell shows, else by a warning."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(2):
            ran = run(ip, "%tonumpy failing --save f.npy --force --on-error skip")
            assert ran.text == f"saved 5 elements, 20 B, to f.npy; {SKIPPED}"
        assert [one for one in warned if one.category is UserWarning] == []
        for _ in range(2):
            run(ip, "%tonumpy -q failing --save f.npy --force --on-error skip")
        run(ip, "import tfnp_ext\nfor _ in range(2): tfnp_ext.save(failing, 'f.npy', force=True, on_error='skip')")
    assert [str(one.message) for one in warned if one.category is UserWarning] == [SKIPPED] * 4
    assert len(load("f.npy")) == 5
