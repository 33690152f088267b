"""What ``save`` writes ``load`` gives back: values, nests and datasets, with the dtypes they had and without pickle."""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import os
import shutil
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import hypothesis.strategies as st
import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as npst

import tfnp_ext
from tfnp_ext import ConversionError, StorageError, load, save, to_numpy

Point = collections.namedtuple("Point", "x y")


@pytest.fixture(params=["file.npz", "file.zarr"])
def there(request, tmp_path, tf):
    """Saves, looks at what lies there, and returns what is loaded."""

    def saved_and_loaded(obj, name=request.param, *, load_with=None, **options):
        path = tmp_path / name
        save(obj, path, progress=False, **options)
        assert os.listdir(tmp_path) == [name], "something else was left there"
        loaded = load(path, **(load_with or {}))
        if path.is_dir():
            shutil.rmtree(path)
        else:
            assert_nothing_is_pickled(path)
            path.unlink()
        return loaded

    return saved_and_loaded


def assert_nothing_is_pickled(path):
    opened = np.load(path, allow_pickle=False)
    if isinstance(opened, np.lib.npyio.NpzFile):
        for name in opened.files:
            assert isinstance(opened[name], bytes if name.endswith(".json") else np.ndarray)
        opened.close()


def assert_same(one, other):
    """Compares structures, shapes, dtypes and bits; NaN is NaN."""
    assert type(one) is type(other) or (isinstance(one, tuple) and type(one)._fields == type(other)._fields)
    if isinstance(one, dict):
        assert list(one) == list(other)
        assert [type(key) for key in one] == [type(key) for key in other]
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    elif isinstance(one, np.ndarray):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        if one.dtype == object:
            assert_same(one.reshape(-1).tolist(), other.reshape(-1).tolist())
        else:
            assert one.tobytes() == other.tobytes()
        assert other.flags.writeable
    elif isinstance(one, float):
        assert math.isnan(other) if math.isnan(one) else float.hex(one) == float.hex(other)
    else:
        assert one == other or one != one


def test_a_tensor_of_any_rank_comes_back(there, tf):
    for tensor in (tf.constant(3), tf.constant([[1.5, 2.5]]), tf.zeros((2, 0, 3)), tf.Variable([1, 2]), np.arange(6.0)):
        assert_same(to_numpy(tensor, copy=True), there(tensor))
        assert_same(to_numpy(tensor, copy=True), there(tensor, "file.npy"))
    assert there(tf.constant(3), "file.npy").shape == ()


@pytest.mark.parametrize(
    "name",
    [
        *("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4", "float16", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128"),
    ],
)
def test_every_dtype_of_tensorflow_comes_back(there, tf, name):
    values = np.array([[0, 1], [1, 3]], np.int32).astype(getattr(ml_dtypes, name, name))
    tensor = tf.constant(values)
    assert_same(values, there(tensor))
    assert_same(values, there({"a": [tensor]})["a"][0])
    if name == "bfloat16" or not hasattr(ml_dtypes, name):  # TensorFlow has no datasets of the others
        dataset = tf.data.Dataset.from_tensors(values).repeat(3).unbatch().batch(4)
        assert_same(np.concatenate([values] * 3), there(dataset))


def test_bits_of_nan_and_of_minus_zero_stay(there, tf):
    bits = np.array([0x7FC1, 0xFFFF, 0x8000, 0x0001], np.uint16).view(ml_dtypes.bfloat16)
    assert_same(bits, there(tf.constant(bits)))
    assert_same(np.array([np.nan, -0.0, np.inf]), there(tf.constant([np.nan, -0.0, np.inf], tf.float64)))


def test_int4_is_readable_by_numpy_alone(tmp_path, tf):
    save(tf.constant(np.array([-8, 7], ml_dtypes.int4)), tmp_path / "a.npz")
    assert np.load(tmp_path / "a.npz")["data"].tolist() == [-8, 7]


def test_strings_come_back_byte_by_byte(there, tf):
    values = [[b"ab\0\0", b""], [b"\0", "é😀".encode()]]
    assert_same(np.array(values, object), there(tf.constant(values)))
    assert there(tf.constant("x")).shape == ()
    assert there(tf.constant("x"))[()] == b"x"
    assert_same(np.empty((0, 2), object), there(tf.zeros((0, 2), tf.string)))
    assert_same(np.array(["é😀", "", "a\0"], object), there(tf.constant(["é😀", "", "a\0"]), dtype=str))
    assert_same(np.array([[["a"], ["\ud800"]]], object), there({"x": np.array([[["a"], ["\ud800"]]], object)})["x"])


def test_arrays_of_numpy_keep_their_dtype(there):
    arrays = {
        "date": np.array(["2020-01-01", "NaT"], "M8[us]"),
        "span": np.array([1, -1], "m8[D]"),
        "fields": np.array([(1, 2.0, [3, 4])], [("a", "<i4"), ("é", "<f8"), ("c", "<i2", (2,))]),
        "text": np.array([["ab", ""]]),
        "bytes": np.array([b"ab", b"c"]),
        "swapped": np.array([1, 2], ">i4"),
        "long": np.array([1, 2], np.longdouble),
        "columns first": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "every other": np.arange(10)[::2],
        "mirrored": np.arange(6).reshape(2, 3)[:, ::-1],
    }
    loaded = there(arrays)
    for name, array in arrays.items():
        assert_equal_values(array, loaded[name])
        assert_equal_values(array, there(array, "file.npy"))


def test_ragged_and_sparse_tensors_are_stored_as_they_are(there, tf, tmp_path):
    ragged = tf.ragged.constant([[[1, 2], []], [], [[3]]])
    texts = tf.ragged.constant([["a", "bc"], []])
    sparse = tf.sparse.from_dense([[0, 1], [2, 0]])
    nest = {"ragged": ragged, "texts": texts, "sparse": sparse}
    loaded = there(nest)
    assert [[row.tolist() for row in outer] for outer in loaded["ragged"]] == [[[1, 2], []], [], [[3]]]
    assert [row.tolist() for row in loaded["texts"]] == [[b"a", b"bc"], []]
    assert loaded["sparse"].tolist() == [[0, 1], [2, 0]]
    padded = there(nest, load_with={"ragged": "pad", "fill_value": 0})
    assert padded["ragged"].tolist() == [[[1, 2], [0, 0]], [[0, 0], [0, 0]], [[3, 0], [0, 0]]]
    assert padded["texts"].tolist() == [[b"a", b"bc"], [b"", b""]]
    assert there(texts, dtype=str, load_with={"ragged": "list"}) == [["a", "bc"], []]
    huge = tf.sparse.SparseTensor([[5, 7]], [1.0], [10**6, 10**6])
    save(huge, tmp_path / "huge.npz")
    with pytest.raises(ConversionError, match="max_bytes"):
        load(tmp_path / "huge.npz")
    assert load(tmp_path / "huge.npz", sparse="scipy").shape == (10**6, 10**6)


def test_a_structure_comes_back_with_all_that_is_in_it(there, tf):
    nest = {
        "t": tf.constant([1]),
        "none": None,
        "numbers": [True, 2**200, -3, 1.5, math.nan, -math.inf, 1 - 2j],
        "text": "é\ud800",
        "bytes": b"\0\xff",
        "empty": [(), [], {}],
        ("a", 1): (tf.constant(2), Point(tf.constant([3.0]), None)),
        1: np.float32(4),
        1.5: tf.constant(5),
        b"k": tf.constant(6),
        None: tf.constant(7),
    }
    loaded = there(nest)
    assert_same(to_numpy(nest, copy=True), loaded)
    assert type(loaded["a", 1][1]).__name__ == "Point"


def test_names_are_what_people_would_write_and_never_the_same(tmp_path, tf):
    one = tf.constant(1)
    keys = ["image", "a/b", "..", ".", "", "/", "../x", "c:\\d", "x.npy", "x", "tfnp_ext.json", "zarr.json", "__init__"]
    nest = {
        **{key: one + place for place, key in enumerate(keys)},
        "IMAGE": one,
        "a": {"b": one, "": one},
        ("a", "b"): one,
        "a_b": one,
        "e\u0301": one,
        "é": one,
        "r": tf.ragged.constant([[1]]),
        "r/values": one,
        "l": [one, (one,)],
        "k" * 300: one,
    }
    save(nest, tmp_path / "a.npz")
    names = [name for name in np.load(tmp_path / "a.npz").files if name != "tfnp_ext.json"]
    assert {"image", "a/b", "r/values", "r/lengths0", "l/0", "l/1/0"} <= set(names)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        parts = name.split("/")
        assert all(part.strip(".") and not part.startswith((".", "__")) and len(part) < 120 for part in parts), name
        assert not any(other.startswith(f"{name}/") for other in names), name
    assert_same(to_numpy({key: value for key, value in nest.items() if key != "r"}, copy=True),
                {key: value for key, value in load(tmp_path / "a.npz").items() if key != "r"})  # fmt: skip


def test_a_lone_tensor_is_called_data(tmp_path, tf):
    save(tf.constant([1]), tmp_path / "a.npz")
    assert np.load(tmp_path / "a.npz")["data"].tolist() == [1]


@dataclasses.dataclass
class Weights:
    kernel: object
    units: int


def test_other_containers_come_back_as_dicts_and_lists(there, tf):
    assert_same({"kernel": np.array([1]), "units": 3}, there(Weights(np.array([1]), 3)))
    assert_same({"a": np.array([1])}, there(SimpleNamespace(a=np.array([1]))))
    assert_same([np.array([1])], there(collections.deque([np.array([1])])))
    assert_same({"a": np.array([1])}, there(collections.defaultdict(list, a=np.array([1]))))

    class Pair(tf.experimental.ExtensionType):
        __annotations__ = {"first": tf.Tensor, "second": tf.RaggedTensor}

    loaded = there(Pair(tf.constant([1]), tf.ragged.constant([[1]])))
    assert loaded["first"].tolist() == [1]


def test_a_model_comes_back_by_the_paths_of_its_weights(there, tf):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3)])
    assert_same(to_numpy(model, copy=True), there(model))


def test_messages_gradients_and_optionals_are_stored_as_their_arrays(there, tf):
    assert there(tf.make_tensor_proto([1, 2])).tolist() == [1, 2]
    assert there(tf.make_tensor_proto([1, 2]).SerializeToString()).tolist() == [1, 2]
    assert there(tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([2, 2]))).tolist() == [[0, 0], [1, 1]]
    assert there(tf.experimental.Optional.from_value({"a": tf.constant(1)}))["a"] == 1


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
)
ARRAYS = npst.arrays(npst.scalar_dtypes(), npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
KEYS = st.text(st.characters(), max_size=5) | st.integers() | st.tuples(st.integers(), st.text(max_size=2))
NESTS = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.tuples(inner, inner).map(lambda pair: Point(*pair))
    ),
    max_leaves=8,
)


@given(NESTS, ARRAYS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_structure_comes_back(tmp_path, nest, array):
    path = tmp_path / "any.npz"
    save([nest, array], path, force=True)
    loaded = load(path)
    assert_equal_values([nest, array], loaded)
    assert os.listdir(tmp_path) == ["any.npz"]


def assert_equal_values(one, other):
    """As ``assert_same``; of an array of strings of NumPy or of NaT the bytes count."""
    if isinstance(one, np.generic):
        one = np.array(one)
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for pair in zip(one.values(), other.values(), strict=True):
            assert_equal_values(*pair)
    elif isinstance(one, (list, tuple)):
        assert getattr(one, "_fields", type(one)) == getattr(other, "_fields", type(other))
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_equal_values(*pair)
    else:
        assert_same(one, other)


@given(st.lists(st.binary()) | st.lists(st.text(st.characters())), st.integers(1, 4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_strings_come_back(tmp_path, strings, rows):
    array = np.empty(len(strings), object)
    array[:] = strings
    array = array[: len(array) // rows * rows].reshape(-1, rows)
    save({"s": array}, tmp_path / "s.npz", force=True)
    assert load(tmp_path / "s.npz")["s"].tolist() == array.tolist()


def batches(tf, count=10, size=3):
    images = np.arange(count * 4, dtype=np.float32).reshape(count, 2, 2)
    return tf.data.Dataset.from_tensor_slices({"image": images, "label": np.arange(count)}).batch(size)


def test_a_dataset_comes_back_as_to_numpy_joins_it(there, tf):
    dataset = tf.data.Dataset
    words = dataset.from_tensor_slices({"w": [b"a\0", b"", b"ccc"], "n": (np.arange(3), np.ones((3, 2)))})
    lengths = dataset.range(1, 5).map(tf.range)
    sparse = tf.sparse.from_dense([[0, 1], [2, 0], [0, 0]])
    pairs = dataset.range(3).map(lambda x: Point(x, {"y": x, "none": None}))
    for one in (
        batches(tf),
        batches(tf).unbatch(),
        batches(tf, 0),
        words,
        words.batch(2),
        pairs,
        lengths.ragged_batch(3),
        lengths.apply(tf.data.experimental.dense_to_ragged_batch(2)),
        dataset.from_tensor_slices(sparse),
        dataset.from_tensor_slices(sparse).batch(2),
        dataset.range(6).window(2),
        dataset.range(9).filter(lambda x: x % 2 == 0),
        dataset.range(9).filter(lambda x: x > 10).batch(2),
        dataset.from_tensors(tf.cast([1, 2], tf.bfloat16)).repeat(3),
        dataset.from_generator(lambda: iter(range(4)), output_signature=tf.TensorSpec((), tf.int32)),
        dataset.from_tensor_slices([[b"x"], [b"yz"]]).batch(3),
    ):
        assert_alike(to_numpy(one, progress=False), there(one))
    assert_alike(to_numpy(batches(tf), take=2), there(batches(tf), take=2))
    assert_alike(to_numpy(words, dtype=None)["w"], there(words.map(lambda one: one["w"])))
    assert there(dataset.range(4).repeat(), "file.npy", take=6).tolist() == [0, 1, 2, 3, 0, 1]
    assert there(dataset.range(4).batch(2), "file.npy", join="stack").tolist() == [[0, 1], [2, 3]]
    assert there(dataset.range(4).batch(2), "file.npy", dtype="float32", compress=False).dtype == np.float32
    assert_alike(to_numpy(batches(tf)), there(batches(tf), compress=True))


def assert_alike(one, other):
    """Compares what ``to_numpy`` gives with what was loaded."""
    if isinstance(one, np.ndarray) and one.dtype == object:
        assert (one.shape, len(one)) == (other.shape, len(other))
        for pair in zip(one.reshape(-1), other.reshape(-1), strict=True):
            assert_alike(*pair)
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_alike(one[key], other[key])
    elif isinstance(one, tuple):
        assert getattr(one, "_fields", None) == getattr(other, "_fields", None)
        for pair in zip(one, other, strict=True):
            assert_alike(*pair)
    else:
        assert one == other


def test_unequal_shapes_are_kept_or_padded_as_save_was_told(there, tf):
    lengths = tf.data.Dataset.range(1, 4).map(tf.range)
    grids = tf.data.Dataset.range(1, 3).map(lambda n: tf.ones((n, n + 1)))
    for dataset in (lengths, grids):
        for ragged in ("object", "pad", "list"):
            expected = to_numpy(dataset, ragged=ragged)
            loaded = there(dataset, ragged=ragged)
            assert_alike(np.asarray(expected, object), np.asarray(loaded, object))
        assert_alike(to_numpy(dataset, ragged="pad"), there(dataset, ragged="object", load_with={"ragged": "pad"}))


def test_datasets_in_a_nest_are_each_saved(there, tf, tmp_path):
    nest = {"train": batches(tf), "test": batches(tf, 4, 2), "classes": 10, "mean": tf.constant([0.5])}
    loaded = there(nest)
    assert_alike(to_numpy(nest["train"]), loaded["train"])
    assert_alike(to_numpy(nest["test"]), loaded["test"])
    assert (loaded["classes"], loaded["mean"].tolist()) == (10, [0.5])
    saved = save(nest, tmp_path / "a.npz")
    assert (saved.elements, saved.what) == (6, "6 batches and 1 array")
    assert "train/label" in np.load(tmp_path / "a.npz").files


def test_what_was_saved_is_said_in_a_sentence(tmp_path, tf):
    saved = save(batches(tf), tmp_path / "digits.npz")
    assert repr(saved) == f"saved 4 batches, 240 B, to {tmp_path / 'digits.npz'}"
    assert repr(save([tf.constant([1]), None], tmp_path / "a.npz")).startswith("saved 1 array, 4 B, to ")


def test_an_iterator_gives_as_many_elements_as_asked_for(there, tf):
    iterator = iter(tf.data.Dataset.range(5))
    assert there(iterator, take=2).tolist() == [0, 1]
    assert there(iterator, take=2).tolist() == [2, 3]
    with pytest.raises(ConversionError, match="take=3"):
        there(iterator)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_streamed_file_is_as_numpy_writes_it(tmp_path, tf, name):
    save(tf.data.Dataset.range(7).batch(3), tmp_path / name)
    loaded = np.load(tmp_path / name, allow_pickle=False)
    assert (loaded if name == "a.npy" else loaded["data"]).tolist() == list(range(7))
    if name == "a.npy":
        assert np.load(tmp_path / name, mmap_mode="r").flags.aligned


def test_npy_refuses_what_it_cannot_hold_before_anything_is_run(tmp_path, tf):
    ran = []

    def generate():
        ran.append(1)
        yield b"x"

    strings = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((), tf.string))
    halves = tf.data.Dataset.from_tensors(tf.cast([1], tf.bfloat16))
    for obj, said in (
        (strings, "cannot hold strings"),
        (halves, "cannot hold bfloat16"),
        (tf.constant("a"), "holds strings"),
        (tf.cast(1, tf.bfloat16), "bfloat16"),
        ({"a": tf.constant(1), "b": tf.constant(2)}, "2 arrays"),
        (batches(tf), "2 arrays"),
        (tf.ragged.constant([[1]]), "ragged"),
        (tf.sparse.from_dense([[1]]), "sparse"),
    ):
        with pytest.raises(ConversionError, match=said) as caught:
            save(obj, tmp_path / "a.npy")
        assert ".npz" in str(caught.value)
        assert ".zarr" in str(caught.value)
    with pytest.raises(StorageError, match="never compressed"):
        save(tf.constant(1), tmp_path / "a.npy", compress=True)
    assert not ran
    assert not os.listdir(tmp_path)


def test_what_cannot_be_stored_is_refused_in_a_sentence(tmp_path, tf):
    cycle = [tf.constant(1)]
    cycle.append(cycle)
    for obj, said in (
        (3, "not tensor-like"),
        (None, "no gradient"),
        ([1, "a"], "nothing tensor-like"),
        ([], "nothing tensor-like"),
        ({"f": print, "a": tf.constant(1)}, r"\['f'\]: builtin_function_or_method is no array"),
        (np.array([object()], object), "without pickle"),
        (np.array([b"a", "b"], object), "side by side"),
        (np.array([{}, 1], object), "dict"),
        (np.zeros(2, [("a", "f4"), ("b", [("c", ml_dtypes.bfloat16, (2,))])]), "without pickle"),
        ({"a": np.ma.masked_array([1, 2], [0, 1])}, "mask"),
        (cycle, "contains itself"),
        ({object: tf.constant(1)}, "the key"),
        (tf.data.Dataset.range(3).repeat(), "endless"),
        (tf.data.Dataset.range(1, 4).map(lambda n: tf.ones((n, n))), "where those before have"),
    ):
        with pytest.raises(ConversionError, match=said):
            save(obj, tmp_path / "a.npz", progress=False)
    with pytest.raises(ConversionError, match="take=2 is for datasets"):
        save(tf.constant(1), tmp_path / "a.npz", take=2)
    with pytest.raises(tfnp_ext.SymbolicTensorError):
        tf.function(lambda x: save(x, tmp_path / "a.npz"))(tf.constant(1))
    assert not os.listdir(tmp_path)


def test_paths_are_read_as_people_mean_them(tmp_path, tf, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    save(tf.constant(1), "~/a.NPZ")
    assert load(Path("a.NPZ")) == 1
    (tmp_path / "link.npy").symlink_to("real.npy")
    save(tf.constant(2), "link.npy")
    assert (tmp_path / "link.npy").is_symlink()
    assert np.load("real.npy") == 2
    save(tf.constant(3), "link.npy", force=True)
    assert np.load("real.npy") == 3
    long = "é" * 120 + ".npz"
    save(tf.constant(4), long)
    assert load(long) == 4
    assert sorted(os.listdir()) == sorted(["a.NPZ", "link.npy", "real.npy", long])


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path, tf):
    path = tmp_path / "a.npy"
    save(tf.constant(1), path)
    path.chmod(0o640)
    with pytest.raises(StorageError, match=r"force=True \(--force\)"):
        save(tf.constant(2), path)
    assert load(path) == 1
    save(tf.constant(2), path, force=True)
    assert load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_of_any_other(tmp_path, tf):
    before = os.umask(0o027)
    try:
        for name in ("a.npy", "a.npz"):
            save(tf.constant(1), tmp_path / name)
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_impossible_places_are_refused(tmp_path, tf):
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "loop.npz").symlink_to("loop.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    for name, said in (
        ("a.csv", r"\.npy, \.npz, \.zarr"),
        ("a", r"\.npy, \.npz, \.zarr"),
        ("none/a.npz", "no folder"),
        ("folder.npz", "is a folder"),
        ("loop.npz", "cannot write"),
        ("pipe.npz", "neither"),
        ("nul\0.npz", "null"),
        ("../../~", "ends in none"),
    ):
        with pytest.raises(StorageError, match=said):
            save(tf.constant(1), tmp_path / name, force=True)
    with pytest.raises(StorageError, match="home"):
        save(tf.constant(1), "~nobody of that name/a.npz")
    with pytest.raises(StorageError, match="resume=True"):
        save(tf.data.Dataset.range(3), tmp_path / "a.npz", resume=True)
    assert len(os.listdir(tmp_path)) == 3


def test_files_of_numpy_are_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(np.arange(6).reshape(2, 3)))
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(3), y=np.zeros((2, 0)))
    np.savez(tmp_path / "b.npz", np.array("text"))
    assert load(tmp_path / "a.npy").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert load(tmp_path / "a.npy").flags.writeable
    assert {name: array.shape for name, array in load(tmp_path / "a.npz").items()} == {"x": (3,), "y": (2, 0)}
    assert load(tmp_path / "b.npz")["arr_0"] == "text"


def test_the_same_values_make_the_same_file(tmp_path, tf):
    for name in ("a.npz", "b.npz"):
        save({"x": tf.constant([1]), "s": tf.constant("a")}, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        manifest = json.loads(archive.read("tfnp_ext.json"))
    assert manifest["tfnp_ext"] == 1
    assert manifest["leaves"][0]["arrays"]["values"] == {
        "name": "x",
        "encoding": "plain",
        "dtype": "<i4",
        "shape": [1],
    }
