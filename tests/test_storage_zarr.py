"""Zarr stores: what is written comes back, damage is seen, and a process killed at any moment loses nothing."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfnp_ext.errors import ConversionError, StorageError
from tfnp_ext.storage import checkpoints, folders
from tfnp_ext.storage.zarr import ZarrReader, ZarrWriter, layout, writing
from tfnp_ext.storage.zarr.layout import chunk_shape

zarr = pytest.importorskip("zarr")

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128", ">f4", ">i2"),
]
PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture
def partial(tmp_path):
    return tmp_path / ".data.zarr.partial"


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of some bytes, so that small arrays have many."""
    monkeypatch.setattr(layout, "SMALLEST_CHUNK", 64)
    monkeypatch.setattr(layout, "GATHERED", 64)
    monkeypatch.setattr(layout, "LARGEST_CHUNK", 256)


@pytest.fixture
def always(monkeypatch):
    """Every call of ``checkpoint`` stores one."""
    monkeypatch.setattr(writing, "CHECKPOINT_BYTES", 0)


def written(path, arrays, *, compress=False, manifest=None):
    """Writes arrays, each a list of pieces, and returns the path."""
    writer = ZarrWriter(path, compress=compress)
    for name, pieces in arrays.items():
        for piece in pieces:
            writer.sink(name).append(piece)
    writer.finish(manifest or {"kind": "test"})
    writer.suspend()
    return path


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    dtype=st.sampled_from(DTYPES),
    row=st.lists(st.integers(0, 9), max_size=3),
    appends=st.lists(st.integers(0, 50), min_size=1, max_size=6),
    compress=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    stop=st.integers(0, 6),
)
def test_what_is_appended_comes_back_also_after_a_crash(
    tmp_path, small_chunks, always, dtype, row, appends, compress, seed, stop
):
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    rng = np.random.default_rng(seed)
    pieces = []
    for rows in appends:
        size = rows * math.prod(row) * np.dtype(dtype).itemsize
        raw = rng.integers(0, 2 if dtype == "bool" else 256, size, np.uint8)
        raw *= rng.integers(0, 2, dtype=np.uint8)  # all zeros are Zarr's fill value
        pieces.append(raw.view(dtype).reshape(rows, *row))
    writer = ZarrWriter(folder, compress=compress)
    for index, piece in enumerate(pieces):
        if index == stop:
            writer.suspend()  # as after a crash: what comes now is not finished
            writer = ZarrWriter(folder, compress=not compress)
            assert writer.resumed == ({"elements": index} if index else None)
        sink = writer.sink("a/b")
        assert sink.rows == sum(appends[:index])
        sink.append(piece)
        assert sink.rows == sum(appends[: index + 1])
        assert sink.nbytes == sum(piece.nbytes for piece in pieces[: index + 1])
        writer.checkpoint(lambda index=index: {"elements": index + 1})
    writer.finish({"kind": "test"})
    writer.suspend()
    expected = np.concatenate(pieces)
    came = ZarrReader(folder).read("a/b")
    assert came.dtype == expected.dtype.newbyteorder("=")
    assert came.shape == expected.shape
    assert came.tobytes() == expected.astype(came.dtype).tobytes()
    theirs = zarr.open_group(str(folder), mode="r")["a/b"]
    assert theirs.metadata.zarr_format == 3
    assert np.asarray(theirs[...]).tobytes() == came.tobytes()
    assert not [name for name in files(folder) if "checkpoint" in name or "partial" in name]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", ["bool", "float16", "complex64", "int64"])
def test_an_array_of_rank_0(partial, dtype, compress):
    value = np.ones((), dtype)
    written(partial, {"x": [value]}, compress=compress)
    came = ZarrReader(partial).read("x")
    assert isinstance(came, np.ndarray)
    assert (came.shape, came.dtype, came.item()) == ((), value.dtype, value.item())


def test_a_second_value_of_rank_0_is_refused(partial):
    sink = ZarrWriter(partial, compress=False).sink("x")
    sink.append(np.float32(1)[...])
    with pytest.raises(ConversionError, match="rank 0"):
        sink.append(np.float32(2)[...])


def test_names_are_groups_and_the_manifest_is_an_attribute(partial):
    manifest = {"structure": {"text": ["ragged", 1]}, "joined": "concat"}
    written(
        partial,
        {"text/lengths0": [np.arange(3)], "text/values": [np.arange(9.0)], "y": [np.arange(3)]},
        manifest=manifest,
    )
    reader = ZarrReader(partial)
    assert reader.manifest() == manifest
    assert reader.names() == ["text/lengths0", "text/values", "y"]
    root = zarr.open_group(str(partial), mode="r")
    assert root.attrs["tfnp_ext"]["manifest"] == manifest
    assert isinstance(root["text"], zarr.Group)
    np.testing.assert_array_equal(root["text/values"][:], np.arange(9.0))


def test_chunks_are_batches_within_bounds():
    mebibyte = 2**20
    assert chunk_shape((64, 128, 128), 4) == (64, 128, 128)  # 4 MiB, as it comes
    assert chunk_shape((1,), 4) == (mebibyte,)  # scalars that come one by one
    rows, *row = chunk_shape((32, 28, 28), 4)
    assert rows % 32 == 0
    assert 4 * mebibyte <= rows * math.prod(row) * 4 < 5 * mebibyte
    rows, *row = chunk_shape((1024, 256, 256), 4)  # 256 MiB
    assert (rows, row) == (128, [256, 256])
    assert chunk_shape((4, 10_000, 10_000), 4)[0] == 1  # a row of 381 MiB
    assert math.prod(chunk_shape((4, 10_000, 10_000), 4)) * 4 <= 32 * mebibyte


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5), st.sampled_from([1, 2, 4, 8, 16]))
def test_a_chunk_never_has_more_than_its_most(shape, itemsize):
    chunk = chunk_shape(shape, itemsize)
    assert len(chunk) == len(shape)
    assert min(chunk) >= 1
    assert math.prod(chunk) * itemsize <= layout.LARGEST_CHUNK


def test_a_small_array_takes_no_more_than_its_bytes(partial):
    written(partial, {"x": [np.arange(5.0)]})
    assert (partial / "x/c/0").stat().st_size == 40


def test_scalars_one_by_one_make_few_files_and_few_resizes(partial, monkeypatch):
    resized = []
    resize = zarr.Array.resize
    monkeypatch.setattr(zarr.Array, "resize", lambda self, shape: resized.append(shape) or resize(self, shape))
    writer = ZarrWriter(partial, compress=False)
    sink = writer.sink("x")
    for value in range(600_000):
        sink.append(np.array([value]))
    writer.finish({})
    assert files(partial) == ["x/c/0", "x/c/1", "x/zarr.json", "zarr.json"]
    assert resized == [(600_000,)]
    np.testing.assert_array_equal(ZarrReader(partial).read("x"), np.arange(600_000))


def test_a_row_beyond_a_chunk_is_cut(partial, small_chunks):
    rows = np.arange(3 * 40 * 30, dtype=np.float64).reshape(3, 40, 30)
    written(partial, {"x": [rows[:1], rows[1:]]})
    assert len([name for name in files(partial) if "/c/" in name]) > 30
    np.testing.assert_array_equal(ZarrReader(partial).read("x"), rows)
    os.remove(partial / "x/c/1/3/0")
    with pytest.raises(StorageError, match="x/c/1/3/0 is missing"):
        ZarrReader(partial).read("x")


def test_compressed_is_smaller(partial, tmp_path):
    zeros = np.zeros(10**6, np.float32)
    plain, packed = written(tmp_path / "a", {"x": [zeros]}), written(tmp_path / "b", {"x": [zeros]}, compress=True)
    sizes = [sum(path.stat().st_size for path in folder.rglob("*")) for folder in (plain, packed)]
    assert sizes[1] < sizes[0] / 50


@pytest.mark.parametrize(
    "other", [np.zeros((2, 3), np.float64), np.zeros((2, 4), np.float32), np.zeros((), np.float32)]
)
def test_other_rows_are_refused_also_after_a_crash(partial, always, other):
    writer = ZarrWriter(partial, compress=False)
    writer.sink("x").append(np.zeros((2, 3), np.float32))
    with pytest.raises(ConversionError, match="comes after float32"):
        writer.sink("x").append(other)
    writer.checkpoint(dict)
    writer.suspend()
    with pytest.raises(ConversionError, match="comes after float32"):
        ZarrWriter(partial, compress=False).sink("x").append(other)


@pytest.mark.parametrize("dtype", ["O", "U3", "S3", "M8[s]", "g"])
def test_dtypes_that_need_more_than_numbers_are_refused(partial, dtype):
    with pytest.raises(ConversionError, match="Zarr stores no"):
        ZarrWriter(partial, compress=False).sink("x").append(np.empty(2, dtype))


@pytest.mark.parametrize("name", ["", "a//b", "../x", "a/..", "__x", "zarr.json", "a\\b", "/a"])
def test_names_that_would_lead_elsewhere_are_refused(partial, name):
    with pytest.raises(StorageError, match="no array of the name"):
        ZarrWriter(partial, compress=False).sink(name)


def test_an_array_cannot_be_a_group(partial):
    writer = ZarrWriter(partial, compress=False)
    writer.sink("a/b")
    writer.sink("a/bc")
    for name in ("a", "a/b/c"):
        with pytest.raises(StorageError, match="cannot both"):
            writer.sink(name)


def test_checkpoints_come_by_bytes_or_by_time(partial):
    now = [0.0]
    stored = []
    writer = ZarrWriter(partial, compress=False, clock=lambda: now[0])
    sink = writer.sink("x")

    def checkpoint():
        writer.checkpoint(lambda: stored.append(now[0]) or {})

    sink.append(np.zeros(10))
    checkpoint()
    assert stored == []
    now[0] = 5.0
    checkpoint()
    now[0] = 9.9
    checkpoint()
    assert stored == [5.0]
    sink.append(np.zeros(2**23 - 1))
    checkpoint()
    assert stored == [5.0]
    sink.append(np.zeros(1))
    checkpoint()
    assert stored == [5.0, 9.9]


def test_what_came_after_the_checkpoint_is_cut_off(partial, small_chunks, monkeypatch):
    monkeypatch.setattr(writing, "CHECKPOINT_BYTES", 10**9)
    rows = np.arange(1000)
    now = [0.0]
    writer = ZarrWriter(partial, compress=False, clock=lambda: now[0])
    writer.sink("x").append(rows[:301])
    writer.sink("flag").append(np.array(True))
    now[0] = 6.0
    writer.checkpoint(lambda: {"elements": 1})
    writer.sink("x").append(rows[:600])
    writer.sink("late").append(rows)
    (partial / "x" / "c" / "5.0123.partial").write_bytes(b"half")
    writer.suspend()
    writer = ZarrWriter(partial, compress=False)
    assert writer.resumed == {"elements": 1}
    assert writer.sink("x").rows == 301
    assert "late" not in " ".join(files(partial))
    writer.sink("x").append(rows[301:])
    writer.finish({})
    reader = ZarrReader(partial)
    assert set(reader.names()) == {"x", "flag"}
    np.testing.assert_array_equal(reader.read("x"), rows)
    assert reader.read("flag").item() is True
    assert not [name for name in files(partial) if "partial" in name]


def test_a_checkpoint_is_replaced_and_not_overwritten(tmp_path):
    checkpoints.write(tmp_path, {"state": 1}, [np.arange(3)])
    with open(tmp_path / checkpoints.NAME, "rb") as old:
        checkpoints.write(tmp_path, {"state": 2}, [])
        assert b'{"state": 1}' in old.read()
    assert checkpoints.read(tmp_path).header == {"state": 2}
    assert os.listdir(tmp_path) == [checkpoints.NAME]


@pytest.mark.parametrize("damage", ["cut", "flip", "chunk", "remove"])
def test_without_a_whole_checkpoint_it_starts_anew(partial, small_chunks, always, damage):
    writer = ZarrWriter(partial, compress=False)
    writer.sink("x").append(np.arange(1000))
    writer.checkpoint(lambda: {"elements": 1})
    writer.suspend()
    path = partial / checkpoints.NAME
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "chunk":
        (partial / "x/c/3").unlink()
    else:
        path.unlink()
    writer = ZarrWriter(partial, compress=False)
    assert writer.resumed is None
    assert writer.sink("x").rows == 0
    assert files(partial) == ["zarr.json"]


def test_discard_leaves_nothing_and_may_be_called_twice(partial, tmp_path):
    writer = ZarrWriter(partial, compress=False)
    writer.sink("x").append(np.zeros(10**6))
    writer.discard()
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_no_write_behind_it(partial, tmp_path, small_chunks):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    dice = random.Random(0)
    try:
        for _ in range(20):
            writer = ZarrWriter(partial, compress=False)
            try:
                signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.001, 0.03))
                while True:
                    writer.sink("x").append(np.arange(100))
            except KeyboardInterrupt:
                writer.discard()
            assert list(tmp_path.iterdir()) == []
            time.sleep(0.005)
            assert list(tmp_path.iterdir()) == []
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_full_disk_is_an_os_error_and_leaves_nothing(partial, tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = ZarrWriter(partial, compress=False)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            writer.sink("x").append(np.zeros(2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def test_discard_after_the_rename_removes_nothing(partial, tmp_path):
    writer = ZarrWriter(partial, compress=False)
    writer.sink("x").append(np.arange(3))
    writer.finish({})
    folders.replace(partial, tmp_path / "data.zarr", force=False)
    other = ZarrWriter(partial, compress=False)
    writer.discard()
    writer.discard()
    assert partial.is_dir()
    with pytest.raises(StorageError, match="another save"):
        ZarrWriter(partial, compress=False)
    other.discard()
    assert files(tmp_path / "data.zarr") == ["x/c/0", "x/zarr.json", "zarr.json"]


# Reading what is not as it should be


def damaged_metadata(path, change):
    metadata = json.loads(path.read_text())
    change(metadata)
    path.write_text(json.dumps(metadata))


@pytest.mark.parametrize("compress", [False, True])
def test_a_missing_chunk_is_seen(partial, small_chunks, compress):
    written(partial, {"x": [np.arange(1000)]}, compress=compress)
    (partial / "x/c/7").unlink()
    assert zarr.open_group(str(partial), mode="r")["x"][:].sum() < 499500  # what Zarr says of it: nothing
    with pytest.raises(StorageError, match=r"x/c/7 is missing; save it anew"):
        ZarrReader(partial).read("x")


@pytest.mark.parametrize(
    "change",
    [
        lambda metadata: metadata.update(shape=[10**15]),
        lambda metadata: metadata.update(shape=[5]),
        lambda metadata: metadata.update(shape=[-3]),
        lambda metadata: metadata.update(shape="x"),
        lambda metadata: metadata.update(data_type="float64"),
        lambda metadata: metadata.update(data_type="string"),
        lambda metadata: metadata.update(codecs=[]),
        lambda metadata: metadata.update(codecs=[{"name": "nonsense"}]),
        lambda metadata: metadata["chunk_grid"]["configuration"].update(chunk_shape=[10**12]),
        lambda metadata: metadata["chunk_grid"]["configuration"].update(chunk_shape=[0]),
        lambda metadata: metadata.update(chunk_key_encoding={"name": "v2"}),
        lambda metadata: metadata.update(zarr_format=9),
        lambda metadata: metadata.clear(),
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_metadata_that_lies_is_seen(partial, small_chunks, change, compress):
    written(partial, {"x": [np.arange(1000)]}, compress=compress)
    damaged_metadata(partial / "x/zarr.json", change)
    with pytest.raises(StorageError) as raised:
        ZarrReader(partial).read("x")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
@pytest.mark.parametrize("which", ["zarr.json", "x/zarr.json"])
def test_metadata_that_is_none_is_seen(partial, content, which):
    written(partial, {"x": [np.arange(10)]})
    (partial / which).write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        ZarrReader(partial).read("x")


def test_metadata_that_is_gone_is_seen(partial):
    written(partial, {"x": [np.arange(10)]})
    (partial / "x/zarr.json").unlink()
    reader = ZarrReader(partial)
    assert reader.names() == ["x"]
    with pytest.raises(StorageError, match="no array 'x'"):
        reader.read("x")


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("length", [0, 10, 79, 81, 1000])
def test_a_chunk_of_another_length_is_seen(partial, compress, length):
    written(partial, {"x": [np.arange(10)]}, compress=compress)
    content = (partial / "x/c/0").read_bytes()
    (partial / "x/c/0").write_bytes((content * 20)[:length])
    with pytest.raises(StorageError, match="damaged"):
        ZarrReader(partial).read("x")


def test_a_changed_bit_of_a_compressed_chunk_is_seen(partial):
    written(partial, {"x": [np.random.default_rng(0).random(100)]}, compress=True)
    content = bytearray((partial / "x/c/0").read_bytes())
    content[300] ^= 1
    (partial / "x/c/0").write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        ZarrReader(partial).read("x")


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_text("x")])
def test_what_is_no_store_is_refused(tmp_path, make):
    path = tmp_path / "x.zarr"
    make(path)
    with pytest.raises(StorageError, match="no Zarr store"):
        ZarrReader(path)


@pytest.mark.parametrize("name", ["y", "", "../x", "/x", "x/c"])
def test_an_array_that_is_not_there(partial, name):
    written(partial, {"x": [np.arange(10)]})
    with pytest.raises(StorageError):
        ZarrReader(partial).read(name)


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_of_others_is_read(tmp_path, version):
    path = tmp_path / "theirs.zarr"
    root = zarr.open_group(str(path), mode="w", zarr_format=version)
    root.create_array("a/b", shape=(10, 3), chunks=(4, 3), dtype="f4")[:4] = 7
    root.create_array("c", shape=(), chunks=(), dtype="i8")
    reader = ZarrReader(path)
    assert reader.manifest() is None
    assert list(reader.names()) == ["a/b", "c"]
    expected = np.zeros((10, 3), "f4")
    expected[:4] = 7
    np.testing.assert_array_equal(reader.read("a/b"), expected)  # theirs may leave chunks out
    assert reader.read("c").shape == ()


def test_a_store_that_is_one_array(tmp_path):
    zarr.create_array(str(tmp_path / "x.zarr"), shape=(3,), chunks=(3,), dtype="i4", fill_value=4)
    reader = ZarrReader(tmp_path / "x.zarr")
    assert reader.names() == [""]
    np.testing.assert_array_equal(reader.read(""), [4, 4, 4])


def test_python_objects_are_never_read(tmp_path):
    path = tmp_path / "bad.zarr"
    (path / "x").mkdir(parents=True)
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    metadata = {
        "zarr_format": 2,
        "shape": [1],
        "chunks": [1],
        "dtype": "|O",
        "filters": [{"id": "pickle", "protocol": 5}],
        "compressor": None,
        "fill_value": None,
        "order": "C",
    }
    (path / "x/0").write_bytes(b"cos\nsystem\n(S'touch /tmp/never'\ntR.")
    for change in ({}, {"dtype": "<i8"}, {"filters": [{"id": "vlen-utf8"}]}):
        (path / "x/.zarray").write_text(json.dumps({**metadata, **change}))
        with pytest.raises(StorageError, match="Python objects"):
            ZarrReader(path).read("x")


# Folders: replaced at once, locked while they live


def store(path, value):
    return written(path, {"x": [np.full(10, value)]})


def value_of(path):
    return int(ZarrReader(path).read("x")[0])


@pytest.fixture(params=["exchange", "two renames"])
def system(request, monkeypatch):
    """Linux, and a system that cannot exchange two names."""
    if request.param == "two renames":
        monkeypatch.setattr(folders, "_exchange", lambda one, other: False)


@pytest.mark.usefixtures("system")
def test_a_store_replaces_a_store_by_force(tmp_path, partial):
    target = tmp_path / "data.zarr"
    folders.replace(store(partial, 1), target, force=False)
    assert value_of(target) == 1
    with pytest.raises(StorageError, match="there already"):
        folders.replace(store(partial, 2), target, force=False)
    assert (value_of(target), value_of(partial)) == (1, 2)
    folders.replace(partial, target, force=True)
    assert value_of(target) == 2
    assert os.listdir(tmp_path) == ["data.zarr"]


def test_this_system_exchanges_names(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux")
    (tmp_path / "a").mkdir()
    (tmp_path / "b" / "c").mkdir(parents=True)
    if not folders._exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot")
    assert (tmp_path / "a" / "c").is_dir()


def users_files(path):
    path.mkdir()
    (path / "thesis.tex").write_text("…")


def store_with_users_files(path):
    store(path, 1)
    (path / "notes.txt").write_text("…")


def store_with_users_folder(path):
    store(path, 1)
    users_files(path / "thesis")


def array_with_users_files(path):
    store(path, 1)
    (path / "x" / "notes.txt").write_text("…")


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    "make",
    [
        users_files,
        store_with_users_files,
        store_with_users_folder,
        array_with_users_files,
        lambda path: path.write_text("…"),
        lambda path: path.symlink_to(store(path.with_name("elsewhere"), 1)),
    ],
)
def test_what_is_no_store_is_never_removed(tmp_path, partial, make):
    target = tmp_path / "data.zarr"
    make(target)
    store(partial, 2)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for force in (False, True):
        with pytest.raises(StorageError):
            folders.replace(partial, target, force=force)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("version", [2, 3])
def test_stores_of_others_are_known(tmp_path, version):
    root = zarr.open_group(str(tmp_path / "a"), mode="w", zarr_format=version)
    root.create_array("b/c", shape=(10, 3), chunks=(4, 2), dtype="f4")[:] = 1
    root.create_array("d", shape=(), chunks=(), dtype="i8")[...] = 3
    assert folders.is_store(tmp_path / "a")
    assert not folders.is_store(tmp_path)


def test_an_old_store_that_was_moved_away_is_put_back(tmp_path):
    target = tmp_path / "data.zarr"
    store(tmp_path / ".data.zarr.tfnp_ext-old", 1)
    folders.recover(target)
    assert value_of(target) == 1
    store(tmp_path / ".data.zarr.tfnp_ext-old", 0)
    folders.recover(target)
    assert value_of(target) == 1
    assert os.listdir(tmp_path) == ["data.zarr"]


def test_a_half_of_an_old_store_is_never_put_back(tmp_path):
    target = tmp_path / "data.zarr"
    store(tmp_path / ".data.zarr.tfnp_ext-waste", 1)
    folders.recover(target)
    assert os.listdir(tmp_path) == []


PROGRAM_THAT_LIVES = """
import sys, pathlib, numpy as np
from tfnp_ext.storage.zarr import ZarrWriter
writer = ZarrWriter(pathlib.Path(sys.argv[1]), compress=False)
writer.sink("x").append(np.arange(10))
print("ready", flush=True)
sys.stdin.read()
"""

PROGRAM_THAT_WRITES = """
import sys, pathlib, numpy as np
from tfnp_ext.storage.zarr import ZarrWriter, layout, writing
writing.CHECKPOINT_BYTES, layout.SMALLEST_CHUNK, layout.GATHERED, layout.LARGEST_CHUNK = 3000, 256, 256, 4096
writer = ZarrWriter(pathlib.Path(sys.argv[1]), compress=sys.argv[2] == "True")
start = (writer.resumed or {"elements": 0})["elements"]
assert writer.sink("x").rows == sum(i % 7 for i in range(start)), "rows"
print("from", start, flush=True)
for element in range(start, 2000):
    writer.sink("x").append(np.full((element % 7, 3), element, np.float32))
    writer.sink("group/y").append(np.array([element]))
    if element == 0:
        writer.sink("scalar").append(np.array(5.0))
    writer.checkpoint(lambda: {"elements": element + 1})
writer.finish({"elements": 2000})
print("done", flush=True)
"""

PROGRAM_THAT_SWAPS = """
import sys, pathlib, shutil
from tfnp_ext.storage import folders
one, two, target, how = map(pathlib.Path, sys.argv[1:])
if str(how) == "two renames":
    folders._exchange = lambda one, other: False
partial = target.with_name(".data.zarr.partial")
print("ready", flush=True)
while True:
    for source in (one, two):
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial)
        folders.replace(partial, target, force=True)
"""


def started(program, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        },
    )
    return process, process.stdout.readline().split()


def test_a_folder_that_is_being_written_is_kept(partial):
    process, said = started(PROGRAM_THAT_LIVES, partial)
    try:
        assert said == ["ready"]
        with pytest.raises(StorageError, match="another save"):
            ZarrWriter(partial, compress=False)
        assert partial.is_dir()
    finally:
        process.kill()
        process.communicate()
    ZarrWriter(partial, compress=False).discard()
    assert not partial.exists()


@pytest.mark.parametrize("compress", [False, True])
def test_killed_at_any_moment_it_goes_on_to_the_very_same_arrays(partial, compress):
    dice = random.Random(compress)
    starts = []
    for _ in range(6):
        process, said = started(PROGRAM_THAT_WRITES, partial, compress)
        assert said[0] == "from"
        starts.append(int(said[1]))
        time.sleep(dice.uniform(0, 0.12) * len(starts))  # longer each time: a busy machine comes on too
        process.send_signal(signal.SIGKILL)
        if "done" in process.communicate()[0]:
            break
    else:
        process, _ = started(PROGRAM_THAT_WRITES, partial, compress)
        assert process.communicate()[0] == "done\n"
    assert starts == sorted(starts)
    assert starts[-1] > 0
    reader = ZarrReader(partial)
    lengths = np.arange(2000) % 7
    np.testing.assert_array_equal(
        reader.read("x"), np.repeat(np.arange(2000, dtype=np.float32), lengths)[:, None] * np.ones(3, np.float32)
    )
    np.testing.assert_array_equal(reader.read("group/y"), np.arange(2000))
    assert reader.read("scalar").item() == 5
    assert set(reader.names()) == {"x", "group/y", "scalar"}
    assert folders.is_store(partial)


@pytest.mark.parametrize("how", ["exchange", "two renames"])
def test_killed_while_folders_are_swapped_the_old_or_the_new_is_there(tmp_path, how):
    one, two, target = tmp_path / "one", tmp_path / "two", tmp_path / "data.zarr"
    for path, value in ((one, 1), (two, 2), (target, 1)):
        store(path, value)
    dice = random.Random(0)
    for _ in range(6):
        process, said = started(PROGRAM_THAT_SWAPS, one, two, target, how)
        assert said == ["ready"]
        time.sleep(dice.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        folders.recover(target)
        assert value_of(target) in {1, 2}
        shutil.rmtree(tmp_path / ".data.zarr.partial", ignore_errors=True)
        assert sorted(os.listdir(tmp_path)) == ["data.zarr", "one", "two"]
