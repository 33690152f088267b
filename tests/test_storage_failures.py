"""Saving that is stopped, killed or fails leaves the old file and nothing else; what is no file of ours is refused."""

from __future__ import annotations

import contextlib
import errno
import gc
import hashlib
import io
import itertools
import json
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import zipfile
import zlib

import numpy as np
import pytest
from generators import one_at_a_time

from tfnp_ext import ConversionError, ConversionInterrupted, StorageError, load, save
from tfnp_ext.storage import folders
from tfnp_ext.storage.atomic import Replacement

NAMES = ("a.npy", "a.npz", "a.zarr")


def content_of(path):
    """Returns a digest of each file: pytest would write out the difference of half a gigabyte byte by byte."""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    return {one.relative_to(path): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


@pytest.fixture(params=NAMES)
def old(request, tmp_path):
    """A file that is there before."""
    path = tmp_path / request.param
    save(np.arange(5), path)
    return path


@pytest.fixture
def untouched(old):
    """Fails where afterwards the old file is another, or something else is there."""
    before = content_of(old), os.stat(old).st_ino
    yield
    assert (content_of(old), os.stat(old).st_ino) == before
    assert os.listdir(old.parent) == [old.name]


def failing_at(tf, bad, count=50, each=lambda: None):
    def generate():
        for place in range(count):
            if place == bad:
                raise RuntimeError("a bad record")
            each()
            yield np.full((4, 4), place, np.float32)

    return tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((4, 4), tf.float32))


@pytest.mark.usefixtures("untouched")
def test_an_element_that_fails_leaves_the_old_file(old, tf):
    with pytest.raises(ConversionError, match=r"element 40 failed: RuntimeError: a bad record"):
        save(failing_at(tf, 40), old, force=True)


def test_elements_that_fail_are_skipped_where_that_is_asked_for(old, tf):
    numbers = tf.data.Dataset.range(6).map(
        lambda x: tf.debugging.check_numerics(1.0 / tf.cast(x - 3, tf.float32), "bad number")
    )
    with pytest.warns(UserWarning, match=r"1 element failed and was skipped \(3\): bad number"):
        saved = save(numbers, old, force=True, on_error="skip")
    assert (saved.elements, saved.skipped, len(saved.warnings)) == (5, 1, 1)
    assert len(load(old)) == 5


@pytest.mark.usefixtures("untouched")
def test_what_came_before_a_timeout_is_saved_but_never_over_an_old_file(old, tf, clock):
    blocked = threading.Event()

    def generate():
        yield from range(3)
        clock.now += 1
        blocked.wait(30)

    dataset = one_at_a_time(generate, tf.TensorSpec((), tf.int32))
    said = r"was not saved: no element within 0.3 s: 3 elements came until then; the old one is as it was$"
    with pytest.raises(ConversionError, match=said):
        save(dataset, old, force=True, timeout=0.3)
    new = old.with_name(f"new{old.suffix}")
    with pytest.warns(UserWarning, match=r"no element within 0.3 s: 3 elements came"):
        saved = save(dataset, new, timeout=0.3)
    assert repr(saved) == f"saved 3 elements, 12 B, to {new}; no element within 0.3 s: 3 elements came until then"
    assert load(new).tolist() == [0, 1, 2]
    none = dataset.skip(3)
    with pytest.raises(ConversionError, match=r"was not saved: .* 0 elements came until then$"):
        save(none, old.with_name(f"none{old.suffix}"), timeout=0.3)
    blocked.set()
    shutil.rmtree(new) if new.is_dir() else new.unlink()


@pytest.mark.usefixtures("untouched")
def test_ctrl_c_leaves_the_old_file(old, tf):
    came, count = threading.Event(), itertools.count()
    threading.Thread(target=lambda: came.wait(60) and signal.raise_signal(signal.SIGINT)).start()
    many = failing_at(tf, -1, 10**6, lambda: next(count) == 100 and came.set())
    with pytest.raises(ConversionInterrupted, match=r"was stopped after [\d ]+ elements: the old one is as it was"):
        save(many, old, force=True, progress=False)
    if old.suffix == ".zarr":  # what came is kept for a save that resumes, until one does not
        assert len(os.listdir(old.parent)) == 3
        with pytest.raises(ConversionError, match="element 0 failed"):
            save(failing_at(tf, 0), old, force=True)


@pytest.mark.usefixtures("untouched")
def test_ctrl_c_in_the_middle_of_a_large_value_leaves_the_old_file(old):
    ended = threading.Event()

    def stop_it():
        while not any(name.endswith(".part") for name in os.listdir(old.parent)):
            if ended.wait(0.001):
                return
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop_it)
    gc.disable()  # Python drops what is raised inside a callback of the garbage collector, as hypothesis has one
    try:
        thread.start()
        with pytest.raises(ConversionInterrupted, match="was stopped: the old one is as it was"):
            save(np.zeros(2**26), old, force=True)
    finally:
        gc.enable()
        ended.set()
        thread.join()


def test_ctrl_c_once_the_new_file_is_in_place_says_that_it_is(old, tf, monkeypatch):
    """What is left to do then, to have its name on the disk and to remove the old one, may take long."""
    before, sync = os.stat(old).st_ino, folders.sync
    pressed = []

    def pressed_after(path):
        if os.stat(old).st_ino != before and not pressed:
            pressed.append(path)
            signal.raise_signal(signal.SIGINT)
        sync(path)

    monkeypatch.setattr(folders, "sync", pressed_after)
    with pytest.raises(ConversionInterrupted, match=r"was stopped( after 7 elements)?: it is there$"):
        save(tf.data.Dataset.range(7), old, force=True)
    assert pressed
    assert load(old).tolist() == list(range(7))
    assert os.listdir(old.parent) == [old.name]


@pytest.mark.usefixtures("untouched")
def test_shapes_that_differ_leave_the_old_file(old, tf):
    grids = tf.data.Dataset.range(1, 4).map(lambda n: tf.ones((n, n)))
    with pytest.raises(ConversionError, match="element 1"):
        save(grids, old, force=True)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("limit", [10, 1000, 300_000])
def test_a_file_that_may_not_grow_is_a_full_disk(old, tf, limit):
    """The system then says EFBIG to what goes beyond."""
    values = np.random.default_rng(0).integers(0, 2**60, 10**5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for obj in (values, tf.data.Dataset.from_tensor_slices(values).batch(1000)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(
                StorageError, match=r"cannot write .*: file too large.*the old one is as it was"
            ) as caught:
                save(obj, old, force=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.errno == errno.EFBIG


@pytest.fixture
def small_disk(request, tmp_path):
    """A disk of two megabytes, or as many as a test asks for."""
    size = getattr(request, "param", "2m")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("this machine mounts no disks for us")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_old_file(small_disk, tf, name):
    path = small_disk / name
    save(np.arange(1000), path)
    before = content_of(path)
    large = np.random.default_rng(0).random(10**6)
    with pytest.raises(StorageError, match=r"it takes 7\.63 MiB, and its disk has 1\.") as caught:
        save(large, path, force=True)
    assert caught.value.errno == errno.ENOSPC
    unknown = tf.data.Dataset.from_tensor_slices(large).batch(1000).filter(lambda x: True)
    for obj in (unknown, unknown.unbatch().batch(50)):
        with pytest.raises(StorageError, match=r"no space left on device after .* MiB; the old one is as it was"):
            save(obj, path, force=True)
        assert os.listdir(small_disk) == [name]
        assert content_of(path) == before
    new = small_disk / f"new-{name}"
    with pytest.raises(StorageError, match="nothing was left there"):
        save(unknown, new)
    assert os.listdir(small_disk) == [name]


@pytest.mark.parametrize("small_disk", ["30m"], indirect=True)
def test_what_is_kept_has_its_room_already(small_disk, tf):
    path = small_disk / "a.zarr"
    over = threading.Event()

    def batches():
        for place in range(24):
            if place == 20 and not over.is_set():
                os.kill(os.getpid(), signal.SIGINT)
                over.wait(30)
            yield np.full((2**18,), place, np.float32)

    dataset = one_at_a_time(batches, tf.TensorSpec((2**18,), tf.float32))
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(24))
    with pytest.raises(ConversionInterrupted, match="20 elements are kept"):
        save(dataset, path, progress=False)
    over.set()
    assert shutil.disk_usage(small_disk).free < 24 * 2**20
    save(dataset, path, resume=True)
    assert load(path).shape == (24, 2**18)


def test_a_folder_without_permission_is_said(tmp_path, tf):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="permission denied"):
        save(tf.constant(1), tmp_path / "a.npz")
    tmp_path.chmod(0o700)


PROGRAM = """
import os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf
from tfnp_ext import save
def elements(value, signal):
    for place in range(320):
        if place == 200:
            os.write(1, b"writing\\n")  # whole: print would mix the lines of several threads
            for _ in range(6000):  # two minutes: nobody may be left who would tell it
                if os.path.exists(signal):
                    break
                time.sleep(0.02)
        yield np.full(1000, value, np.float32)
def dataset(value, signal):
    return tf.data.Dataset.from_generator(
        lambda: elements(value, signal), output_signature=tf.TensorSpec((1000,), tf.float32))
"""
"""Datasets that stand still in their middle until there is a file that tells them to go on."""


def start(code):
    """Starts a process of its own that has imported TensorFlow."""
    source = PROGRAM + textwrap.dedent(code)
    return subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)


def wait_for(process, line):
    for read in process.stdout:
        if read.strip() == line:
            return
    pytest.fail(f"the process ended without {line!r}")


def test_what_a_killed_save_left_is_removed_by_the_next_but_not_that_of_a_living_one(tmp_path, tmp_path_factory, tf):
    """One process is killed, another goes on writing to the same target while this one saves there."""
    go_on = tmp_path_factory.mktemp("signals") / "go on"
    for name in NAMES:
        save(np.arange(5), tmp_path / name)
    before = {name: content_of(tmp_path / name) for name in NAMES}
    code = f"""
    import threading
    def one(name):
        print(repr(save(dataset(VALUE, {str(go_on)!r}), {str(tmp_path)!r} + "/" + name, force=True)), flush=True)
    all_of_them = [threading.Thread(target=one, args=(name,)) for name in {NAMES!r}]
    [thread.start() for thread in all_of_them]; [thread.join() for thread in all_of_them]
    """
    killed, living = processes = [start(code.replace("VALUE", value)) for value in ("1", "2")]
    try:
        for process in processes:
            for _ in NAMES:
                wait_for(process, "writing")
        killed.kill()
        killed.wait()
        assert {name: content_of(tmp_path / name) for name in NAMES} == before
        left = set(os.listdir(tmp_path)) - set(NAMES)
        assert sum(name.endswith(".lock") for name in left) == 2 * len(NAMES)
        for name in NAMES:
            save(np.arange(7), tmp_path / name, force=True)
            assert load(tmp_path / name).tolist() == list(range(7))
        left = set(os.listdir(tmp_path)) - set(NAMES)
        assert sum(name.endswith(".lock") for name in left) == len(NAMES), "those of the living, and no others"
        go_on.touch()
        assert living.wait(60) == 0
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert sorted(os.listdir(tmp_path)) == sorted(NAMES)
    for name in NAMES:
        assert load(tmp_path / name).shape == (320, 1000)
        assert (load(tmp_path / name) == 2).all()


def test_many_saves_to_one_target_at_once_all_end_well(tmp_path):
    path = tmp_path / "a.npz"
    failed = []

    def work(value):
        try:
            for _ in range(4):
                save({"x": np.full(1000, value), "s": np.array(["a"], object)}, path, force=True)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert os.listdir(tmp_path) == ["a.npz"]
    assert len(set(load(path)["x"].tolist())) == 1


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_what_another_put_there_meanwhile_is_not_replaced(tmp_path, tf, name):
    def generate():
        (tmp_path / name).write_bytes(b"theirs")
        yield 1

    dataset = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((), tf.int32))
    with pytest.raises(StorageError, match=r"another file came there in the meantime: force=True \(--force\)"):
        save(dataset, tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == [name]


def test_files_of_others_beside_the_target_stay(tmp_path):
    others = [".a.npz", ".a.npz.part", ".b.npz.0123456789ab.part", ".a.npz.0123456789ab.parts", ".a.npz.xyz.lock"]
    for name in others:
        (tmp_path / name).write_bytes(b"x")
    left = [".a.npz.0123456789ab.part", ".a.npz.0123456789ab.part.3", ".a.npz.ba9876543210.lock"]
    for name in left:
        (tmp_path / name).write_bytes(b"x")
    save(np.arange(3), tmp_path / "a.npz")
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "a.npz"])


def test_a_replacement_that_is_resumed_takes_what_was_left(tmp_path):
    first = Replacement(tmp_path / "a.zarr")
    first.partial.write_bytes(b"half")
    first.keep()
    first.close()
    second = Replacement(tmp_path / "a.zarr", resume=True)
    assert second.partial.read_bytes() == b"half"
    third = Replacement(tmp_path / "a.zarr", resume=True)
    assert not third.partial.exists()
    third.close()
    assert second.partial.exists()
    second.close()
    assert os.listdir(tmp_path) == []


def test_memory_stays_bounded_whatever_the_size(tmp_path, tf):
    process = start(
        f"""
        def memory(field):
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) // 1024 for line in status if line.startswith(field))
        batch = np.random.default_rng(0).random((256, 128, 128), np.float32)  # 16 MiB
        def batches():
            for _ in range(16):
                yield {{"image": batch, "name": np.array([b"x" * 100] * 256, object)}}
        spec = {{"image": tf.TensorSpec((None, 128, 128), tf.float32), "name": tf.TensorSpec((None,), tf.string)}}
        made = tf.data.Dataset.from_generator(batches, output_signature=spec)
        save(made.take(1), {str(tmp_path)!r} + "/warm.npz")
        save(made.take(1), {str(tmp_path)!r} + "/warm.zarr")
        for name, one in (("a.npz", made), ("a.zarr", made), ("a.npy", made.map(lambda each: each["image"]))):
            open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
            before = memory("VmRSS")
            save(one, {str(tmp_path)!r} + "/" + name)
            print("grew", memory("VmHWM") - before, flush=True)
        """
    )
    grown = [int(line.split()[1]) for line in process.stdout if line.startswith("grew")]
    assert process.wait() == 0
    assert len(grown) == 3
    assert max(grown) < 130, grown
    assert os.stat(tmp_path / "a.npy").st_size == 256 * 2**20 + 128


class Evil:
    def __reduce__(self):
        return os.mkdir, ("/tmp/tfnp_ext-was-unpickled",)


def test_pickled_objects_are_refused(tmp_path):
    objects = np.array([Evil()], object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=objects)
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Evil()))
    for name in ("a.npy", "a.npz", "b.npz"):
        with pytest.raises(StorageError, match=r"pickled Python objects|damaged"):
            load(tmp_path / name)
    assert not os.path.exists("/tmp/tfnp_ext-was-unpickled")


def test_files_that_are_none_are_said(tmp_path):
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "text.npz").write_bytes(b"hello")
    (tmp_path / "folder.npz").mkdir()
    for name in ("empty.npy", "empty.npz", "text.npz", "folder.npz", "missing.npz", "missing.npy"):
        with pytest.raises(StorageError, match=name):
            load(tmp_path / name)
    for name in ("missing.npz", "missing.npy", "missing.zarr"):
        with pytest.raises(StorageError, match=rf"{name} is missing: no such file or directory") as caught:
            load(tmp_path / name)
        assert caught.value.errno == errno.ENOENT
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(StorageError, match="neither a file nor a folder"):
        load(tmp_path / "pipe.npy")
    with pytest.raises(StorageError, match="ends in none of"):
        load(tmp_path / "a.pkl")


def everything(tf):
    return {
        "dense": tf.constant([[1.5, 2.5]]),
        "half": tf.cast([1, 2], tf.bfloat16),
        "text": tf.constant(["a", "bc"]),
        "ragged": tf.ragged.constant([[[1], [2, 3]], []]),
        "sparse": tf.sparse.from_dense([[0, 1], [2, 0]]),
        "number": 2**70,
        "point": (1.5, [None]),
    }


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, tf, compress):
    path = tmp_path / "a.npz"
    save(everything(tf), path, compress=compress)
    whole = path.read_bytes()
    for length in range(0, len(whole) - len(b"tfnp_ext"), 41):  # the last is a comment
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError):
            load(path)
    np.save(tmp_path / "a.npy", np.arange(20))
    whole = (tmp_path / "a.npy").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "a.npy").write_bytes(whole[:length])
        with pytest.raises(StorageError):
            load(tmp_path / "a.npy")


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_with_wrong_bytes_is_refused_or_as_it_was(tmp_path, tf, compress):
    path = tmp_path / "a.npz"
    save(everything(tf), path, compress=compress)
    whole = bytearray(path.read_bytes())
    expected = repr(load(path))
    for place in range(0, len(whole), 7):
        broken = whole.copy()
        broken[place] ^= 0xFF
        path.write_bytes(broken)
        with contextlib.suppress(StorageError):
            assert repr(load(path)) == expected, place


def with_manifest(path, change):
    """Writes a file anew with another manifest."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["tfnp_ext.json"])
    changed = change(manifest)
    members["tfnp_ext.json"] = json.dumps(manifest if changed is None else changed).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def each_change(node):
    """Yields functions that each put something else in one place of a manifest."""
    places = []

    def walk(value, path):
        if path:
            places.append(path)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in items:
            walk(child, (*path, key))

    walk(node, ())
    for path in places:
        for other in (None, -1, 10**30, "x", [], {}, [[1]], {"leaf": 99}, {"leaf": -1}):

            def change(manifest, path=path, other=other):
                holder = manifest
                for step in path[:-1]:
                    holder = holder[step]
                holder[path[-1]] = other

            yield change


def test_a_manifest_that_lies_is_refused_or_harmless(tmp_path, tf):
    """Whatever stands there, loading ends in a sentence or in values, and never in a large allocation."""
    path = tmp_path / "a.npz"
    save(everything(tf), path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("tfnp_ext.json"))
    tried = refused = 0
    for change in each_change(manifest):
        path.write_bytes(whole)
        with_manifest(path, change)
        tried += 1
        try:
            load(path)
        except (StorageError, ConversionError):
            refused += 1
    assert tried > 500
    assert refused > tried * 0.8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda manifest: manifest.update(tfnp_ext=2), "version 2"),
        (lambda manifest: manifest["leaves"][0]["arrays"]["values"].update(name="none"), "none is missing"),
        (lambda manifest: manifest["leaves"][0]["arrays"]["values"].update(shape=[9, 9]), "has the shape"),
        (lambda manifest: manifest["leaves"][0]["arrays"]["values"].update(dtype="|O"), "Python objects"),
        (lambda manifest: manifest["leaves"][0].update(kind="other"), "other"),
        (lambda manifest: [], "none"),
    ],
)
def test_a_lie_is_named(tmp_path, tf, change, said):
    path = tmp_path / "a.npz"
    save(everything(tf), path)
    with_manifest(path, change)
    with pytest.raises(StorageError, match=said):
        load(path)


def npy_bytes(header: str) -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_declared_sizes_are_not_believed(tmp_path):
    """A few bytes that claim to be 8 TB are refused, and nothing of the kind is allocated."""
    huge = npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")
    (tmp_path / "a.npy").write_bytes(huge)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", huge)
    raw = bytearray((tmp_path / "a.npz").read_bytes())
    central = raw.index(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (2**32 - 2).to_bytes(4, "little")
    (tmp_path / "b.npz").write_bytes(raw)
    for name, said in (("a.npy", "where its header"), ("a.npz", "where its header"), ("b.npz", "no room for")):
        with pytest.raises(StorageError, match=said):
            load(tmp_path / name)
    for header in ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "__import__('os')", "{}", "(" * 100):
        (tmp_path / "a.npy").write_bytes(npy_bytes(header))
        with pytest.raises(StorageError, match="header"):
            load(tmp_path / "a.npy")


def test_a_bomb_of_zeros_is_bounded_by_its_length(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(10**6))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", buffer.getvalue())
    assert load(tmp_path / "a.npz")["x"].shape == (10**6,)
    assert len(zlib.compress(buffer.getvalue())) * 1100 > len(buffer.getvalue())


def test_zarr_that_is_not_installed_is_named(tmp_path, tf, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    (tmp_path / "b.zarr").mkdir()
    for act in (lambda: save(tf.constant(1), tmp_path / "a.zarr"), lambda: load(tmp_path / "b.zarr")):
        with pytest.raises(StorageError, match=r'pip install "tfnp-ext\[zarr\]"'):
            act()
