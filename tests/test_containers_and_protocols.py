"""Containers beyond dict, list and tuple, arrays of other libraries by protocol, and values that are only described."""

from __future__ import annotations

import ctypes
import mmap
import types
import weakref
from collections import ChainMap, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from contract import assert_same, bits

from tfnp_ext import ConversionError, to_numpy
from tfnp_ext.display import mimebundle


class MyList(list):
    pass


class MyDict(dict):
    pass


class TestContainers:
    @pytest.mark.parametrize("make", [list, MyList, UserList, deque, lambda items: deque(items, maxlen=5)])
    def test_sequences_come_back_as_what_they_were(self, tf, make):
        tensor = tf.constant([1.5])
        source = make([tensor, None, "x"])
        converted = to_numpy(source)

        assert type(converted) is type(source)
        assert_same(list(converted), [np.array([1.5], np.float32), None, "x"])
        assert getattr(converted, "maxlen", None) == getattr(source, "maxlen", None)
        assert source[0] is tensor
        assert "[no card" not in mimebundle(source)["text/plain"]

    @pytest.mark.parametrize("make", [dict, MyDict, UserDict, OrderedDict, lambda items: defaultdict(list, items)])
    def test_mappings_come_back_as_what_they_were(self, tf, make):
        tensor = tf.constant([1.5])
        source = make({"a": tensor, 2: None})
        converted = to_numpy(source)

        assert type(converted) is type(source)
        assert_same(dict(converted), {"a": np.array([1.5], np.float32), 2: None})
        assert getattr(converted, "default_factory", None) == getattr(source, "default_factory", None)
        assert source["a"] is tensor

    def test_other_mappings_and_views(self, tf):
        tensor, plain = tf.constant(1), {"a": np.array(1, np.int32)}
        proxied = to_numpy(types.MappingProxyType({"a": tensor}))
        assert type(proxied) is types.MappingProxyType
        assert_same(dict(proxied), plain)
        chained = to_numpy(ChainMap({"a": tensor}, {"a": None}))
        assert_same(dict(chained), plain)
        space = to_numpy(types.SimpleNamespace(a=tensor, b=2))
        assert type(space) is types.SimpleNamespace
        assert_same(vars(space), {**plain, "b": 2})
        assert_same(to_numpy({"a": tensor}.values()), [np.array(1, np.int32)])
        inside = to_numpy([ChainMap({"a": tensor}), types.SimpleNamespace(a=tensor), tensor])
        assert [type(part["a"] if i == 0 else part.a) for i, part in enumerate(inside[:2])] == [np.ndarray] * 2

    def test_a_mapping_in_an_extension_type(self, tf):
        fields = {"__annotations__": {"d": Mapping[str, tf.Tensor]}}
        held = type("Held", (tf.experimental.ExtensionType,), fields)({"k": tf.constant([1.5])})
        assert_same(dict(to_numpy(held)["d"]), {"k": np.array([1.5], np.float32)})

    def test_tuples_of_one_s_own_class(self, tf):
        class Coordinates(tuple):
            pass

        class Wide(tuple):
            def __new__(cls, first, second):
                return super().__new__(cls, (first, second))

        tensor = tf.constant(1)
        assert type(to_numpy(Coordinates((tensor, 2)))) is Coordinates
        assert to_numpy(Wide(tensor, 2)) == (1, 2)
        module = tf.Module()
        module.pair = namedtuple("Pair", "x y")([tf.Variable(1)], 2)
        assert type(to_numpy(module.pair)).__name__ == "Pair"
        assert to_numpy(module.pair).x[0].tolist() == 1

    def test_wrappers_that_only_track_become_plain(self, tf):
        module, layer = tf.Module(), tf.keras.layers.Layer()
        module.d, module.l = {"a": tf.Variable([1.0])}, [tf.Variable(2.0)]
        layer.d, layer.l = {"a": tf.keras.Variable([1.0])}, [tf.keras.Variable(2.0)]
        for holder in (module, layer):
            assert type(holder.d) is not dict
            assert type(holder.l) is not list
            assert_same(to_numpy(holder.d), {"a": np.array([1.0], np.float32)})
            assert_same(to_numpy(holder.l), [np.array(2.0, np.float32)])

    def test_descriptions_among_tensors_stay_as_they_are(self, tf):
        shape, spec, dataset = tf.TensorShape([2]), tf.TensorSpec([2], tf.int32), tf.data.Dataset.range(2)
        converted = to_numpy({"x": tf.constant([1, 2]), "shape": shape, "spec": spec, "data": dataset})

        assert converted["x"].tolist() == [1, 2]
        assert converted["shape"] is shape
        assert converted["spec"] is spec
        assert converted["data"].tolist() == [0, 1]  # a dataset is run

    def test_joining_is_a_copy(self, tf):
        with pytest.raises(ConversionError, match="stack=True joins the leaves to a new array"):
            to_numpy([tf.constant(1), tf.constant(2)], stack=True, copy=False)


class TestRaggedRows:
    """``copy=False`` is an error wherever the rows are not views."""

    @pytest.mark.parametrize("options", [{"ragged": "list"}, {"ragged": "pad"}, {"ragged": "masked"},
                                         {"dtype": "float64"}])  # fmt: skip
    def test_a_form_that_copies_is_refused(self, tf, options):
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(tf.ragged.constant([[1], [2, 3]]), copy=False, **options)

    def test_strings_are_copied(self, tf):
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(tf.ragged.constant([["a"], []]), copy=False)

    def test_rows_of_numbers_are_views(self, tf):
        ragged = tf.ragged.constant([[1], [2, 3]])
        rows = to_numpy(ragged, copy=False, dtype="int32")
        assert all(np.shares_memory(row, np.asarray(ragged.flat_values)) for row in rows)

    def test_what_lies_outside_of_decoded_rows_is_text(self, tf):
        ragged = tf.ragged.constant([["a", "bé"], ["c"]])
        assert to_numpy(ragged, ragged="pad", dtype=str).tolist() == [["a", "bé"], ["c", ""]]
        assert to_numpy(ragged, ragged="pad", fill_value="z").tolist() == [[b"a", "bé".encode()], [b"c", b"z"]]
        with pytest.raises(ConversionError, match="cannot be padded with fill_value=b'z'"):
            to_numpy(ragged, ragged="pad", dtype=str, fill_value=b"z")

    def test_a_masked_array_knows_what_it_is_filled_with(self, tf):
        masked = to_numpy(tf.ragged.constant([[1, 2], [3]]), ragged="masked", fill_value=-1)
        assert masked.filled().tolist() == [[1, 2], [3, -1]]

    def test_the_index_of_what_is_not_utf_8_is_that_of_the_rows(self, tf):
        rows = [[[b"a"], [b"b", b"c"]], [], [[b"d", b"\xff"]]]
        with pytest.raises(ConversionError, match=r"not UTF-8 at \[2, 0, 1\]"):
            to_numpy(tf.ragged.constant(rows), dtype=str)
        sparse = tf.SparseTensor([[0, 1], [4, 2]], [b"a", b"\xff"], [5, 3])
        with pytest.raises(ConversionError, match=r"not UTF-8 at \[4, 2\]"):
            to_numpy(sparse, dtype=str)


class TestSparse:
    def test_coordinates_are_the_users_own(self, tf):
        sparse = tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
        converted = to_numpy(sparse, sparse="scipy")
        converted.coords[0][0] = 1
        assert sparse.indices.numpy().tolist() == [[0, 1], [1, 0]]

    def test_no_values_but_text_is_wanted(self, tf):
        empty = tf.SparseTensor(np.zeros((0, 1), np.int64), tf.constant([], tf.string), [2])
        assert to_numpy(empty, dtype=str).tolist() == ["", ""]
        assert to_numpy(empty).tolist() == [b"", b""]

    @pytest.mark.parametrize("shape", [(0, 2**62), (-1,)], ids=str)
    def test_a_shape_that_is_no_array_s_is_an_error_of_ours(self, tf, shape):
        sparse = tf.SparseTensor(np.zeros((0, len(shape)), np.int64), tf.zeros(0), np.array(shape, np.int64))
        with pytest.raises(ConversionError, match=r"cannot become an array|negative length"):
            to_numpy(sparse)

    def test_scipy_takes_a_dtype(self, tf):
        converted = to_numpy(tf.sparse.from_dense([[1, 0], [0, 2]]), sparse="scipy", dtype="float64")
        assert converted.dtype == np.float64
        assert converted.toarray().tolist() == [[1, 0], [0, 2]]
        with pytest.raises(ConversionError, match="down to integer"):
            to_numpy(tf.sparse.from_dense([[1.5]]), sparse="scipy", dtype="int32")

    def test_strings_are_decoded_with_empty_ones_between(self, tf):
        converted = to_numpy(tf.sparse.from_dense([["é", ""]]), dtype=str)
        assert converted.tolist() == [["é", ""]]

    def test_a_rank_of_0_has_one_place(self, tf):
        none = np.zeros((0,), np.int64)
        assert to_numpy(tf.SparseTensor(np.zeros((1, 0), np.int64), [3.0], none)).tolist() == 3
        assert to_numpy(tf.SparseTensor(np.zeros((0, 0), np.int64), tf.zeros(0), none)).tolist() == 0
        with pytest.raises(ConversionError, match="more than one value at a place"):
            to_numpy(tf.SparseTensor(np.zeros((2, 0), np.int64), [3.0, 4.0], none))


class OnlyDLPack:
    """An array that says where it lives, as one on a GPU would."""

    def __init__(self, values: np.ndarray, device: int = 1, dtype: Any = None) -> None:
        self.values, self.device, self.asked = values, device, []
        if dtype is not None:
            self.dtype = dtype

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0

    def __dlpack__(self, **options: Any) -> Any:
        self.asked.append(options)
        return self.values.__dlpack__()


class Refusing(OnlyDLPack):
    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("no copy across devices here")


class TestProtocols:
    def test_dlpack_alone_is_enough_and_shares_memory(self):
        values = np.arange(6.0).reshape(2, 3)
        converted = to_numpy(OnlyDLPack(values))
        assert bits(converted) == bits(values)
        assert np.shares_memory(converted, values)

    @pytest.mark.parametrize("dtype", ["string", "variant", "resource", "object", np.dtype(object)])
    def test_dlpack_is_not_asked_where_it_could_abort_the_process(self, dtype):
        source = OnlyDLPack(np.arange(2), dtype=dtype)
        with pytest.raises(ConversionError, match="holds no numbers that DLPack can carry"):
            to_numpy(source)
        assert source.asked == []

    def test_a_tensor_of_strings_behind_dlpack_is_refused(self, tf):
        tensor = tf.constant(["a"])

        class Behind:
            dtype = tensor.dtype

            def __dlpack__(self, **options: Any) -> Any:
                return tensor.__dlpack__(**options)

            def __dlpack_device__(self) -> tuple[int, int]:
                return tensor.__dlpack_device__()

        with pytest.raises(ConversionError, match="of string holds no numbers"):
            to_numpy(Behind())

    def test_what_a_device_does_not_give_is_an_error_that_says_so(self):
        with pytest.raises(ConversionError, match=r"DLPack type 2.*move it to the CPU first"):
            to_numpy(Refusing(np.arange(3), device=2))

    @pytest.mark.parametrize(
        ("make", "expected"),
        [
            (lambda: bytearray(b"ab"), np.array([97, 98], np.uint8)),
            (lambda: (ctypes.c_int16 * 2)(-1, 5), np.array([-1, 5], np.int16)),
            (lambda: memoryview(np.array([[1.5]])), np.array([[1.5]])),
        ],
        ids=["bytearray", "ctypes", "memoryview"],
    )
    def test_buffers_are_their_numbers(self, make, expected):
        source = make()
        converted = to_numpy(source)
        assert bits(converted) == bits(expected)
        converted[...] = 0
        assert not any(bytes(memoryview(source)))

    def test_a_mapped_file_is_its_bytes(self, tmp_path):
        (tmp_path / "f").write_bytes(b"xyz")
        with open(tmp_path / "f", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            converted = to_numpy(mapped, copy=True)
            with pytest.raises(ValueError, match="read-only"):
                to_numpy(mapped)[0] = 1
        assert converted.tobytes() == b"xyz"

    def test_a_released_buffer_is_an_error(self):
        view = memoryview(b"ab")
        view.release()
        with pytest.raises(ConversionError, match="memoryview cannot become an array"):
            to_numpy(view)


class Remade:
    """Makes its array anew each time, as an image of PIL or a dataset of h5py does."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.arange(3.0)


class TestOtherLibraries:
    def test_an_array_that_is_made_anew_is_no_view(self):
        assert to_numpy(Remade()).tolist() == [0, 1, 2]
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(Remade(), copy=False)
        assert "view" not in mimebundle(Remade())["text/plain"]

    def test_a_class_whose_class_fails_is_refused(self):
        class Odd:
            @property
            def __class__(self):
                raise RuntimeError("no class")

        with pytest.raises(ConversionError, match="not tensor-like"):
            to_numpy(Odd())

    @pytest.mark.parametrize("dtype", ["variant", "resource"])
    def test_a_handle_is_no_dtype_of_an_array(self, tf, dtype):
        with pytest.raises(ConversionError, match="is no array's"):
            to_numpy(tf.constant([1.0]), dtype=tf.as_dtype(dtype))
        with pytest.raises(ConversionError, match="is unknown"):
            to_numpy(tf.constant([1.0]), dtype=tf.constant([1.0, 2.0]))

    def test_numpy_s_own_strings_are_strings(self):
        assert to_numpy(np.array(["a", "é"]), dtype=str).tolist() == ["a", "é"]
        assert to_numpy(np.array([b"a"], dtype=object), dtype=np.str_).tolist() == ["a"]

    def test_a_byte_order_is_no_other_dtype_to_equiv(self):
        swapped = np.array([1, 2], ">i4")
        assert to_numpy(swapped, dtype="int32", casting="equiv").tolist() == [1, 2]
        with pytest.raises(ConversionError, match="by casting='no'"):
            to_numpy(swapped, dtype="int32", casting="no")


class TestStrategies:
    def test_a_mirrored_value_is_the_one_that_all_have(self, tf):
        from tensorflow.python.distribute.values import Mirrored

        tensor = tf.constant([1.5])
        mirrored = Mirrored([tensor, tensor])
        assert bits(to_numpy(mirrored)) == bits(tensor.numpy())
        assert "the same on 2 replicas" in mimebundle(mirrored)["text/plain"]

    def test_a_sharded_variable_is_its_shards_on_end(self, tf):
        from tensorflow.python.distribute.sharded_variable import ShardedVariable

        sharded = ShardedVariable([tf.Variable([[1.0, 2.0]]), tf.Variable([[3.0, 4.0], [5.0, 6.0]])], name="table")
        converted = to_numpy(sharded)
        assert bits(converted) == bits(tf.convert_to_tensor(sharded).numpy())
        converted[...] = 0
        assert sharded.variables[0].numpy().tolist() == [[1, 2]]
        assert "2 shards" in mimebundle(sharded)["text/plain"]

    def test_a_weak_tensor_is_its_tensor(self, tf):
        from tensorflow.python.framework.weak_tensor import WeakTensor

        tensor = tf.constant([1.5, 2.0])
        weak = WeakTensor(tensor)
        assert np.shares_memory(to_numpy(weak), np.asarray(tensor))
        assert "WeakTensor (2,) float32" in mimebundle(weak)["text/plain"]


class TestGradients:
    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (lambda tf: (tf.ones((1, 2)), tf.constant([0, 1]), [3, 2]), "indices of shape"),
            (lambda tf: (tf.ones((2, 2)), tf.constant([0]), [3, 2]), "indices of shape"),
            (lambda tf: (tf.ones((1, 2)), tf.constant([[0]]), [3, 2]), "indices of shape"),
            (lambda tf: (tf.ones((1, 2)), tf.constant([0.0]), [3, 2]), "indices of shape"),
            (lambda tf: (tf.constant([["a"]]), tf.constant([0]), [3, 1]), "holds strings"),
            (lambda tf: (tf.ones((1, 2)), tf.constant([0]), [-1, 2]), "negative length"),
            (lambda tf: (tf.ones((1, 2)), tf.constant([0]), [0, 2]), "no row at all"),
        ],
    )
    def test_slices_that_do_not_fit_are_refused(self, tf, make, match):
        values, indices, shape = make(tf)
        with pytest.raises(ConversionError, match=match):
            to_numpy(tf.IndexedSlices(values, indices, tf.constant(shape)))

    @pytest.mark.parametrize("make", [list, tuple, np.array, "tensor", "variable"])
    @pytest.mark.parametrize("given", ["values", "indices", "dense_shape"])
    def test_slices_take_what_tensorflow_takes_and_show_the_same(self, tf, make, given):
        made = {"tensor": tf.constant, "variable": tf.Variable}.get(make, make)
        parts = {"values": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "indices": [4, 1, 4], "dense_shape": [5, 2]}
        slices = tf.IndexedSlices(
            **{name: (made if name == given else tf.constant)(part) for name, part in parts.items()}
        )

        expected = [[0, 0], [3, 4], [0, 0], [0, 0], [6, 8]]
        assert to_numpy(slices).tolist() == expected
        bundle = mimebundle(slices)
        dtype = "float64" if make is np.array and given == "values" else "float32"
        assert bundle["text/plain"].startswith(f"IndexedSlices (5, 2) {dtype}   3 rows")
        assert bundle["text/plain"].splitlines()[1:] == ["[4]  1.0  2.0", "[1]  3.0  4.0", "[4]  5.0  6.0"]
        assert "not shown" not in mimebundle([slices])["text/plain"]

    @pytest.mark.parametrize(
        ("indices", "said"),
        [(1, "shape () int64"), ([1, 2, 3], "shape (3,) int64"), (["a", "b"], "shape (2,) <U1"), ([[0, 1]], "(1, 2)")],
        ids=["one", "too many", "words", "a matrix"],
    )
    def test_slices_whose_indices_are_amiss_say_so(self, tf, indices, said):
        slices = tf.IndexedSlices(tf.ones((2, 3)), indices, [5, 3])
        for text in (mimebundle(slices)["text/plain"], mimebundle([slices])["text/plain"]):
            assert f"indices of shape {said.removeprefix('shape ')}" in text
            assert "for 2 rows: each row needs" in text
        with pytest.raises(ConversionError, match="for 2 rows: each row needs one whole number"):
            to_numpy(slices)

    def test_slices_of_no_array_are_an_error_of_ours(self, tf):
        slices = tf.IndexedSlices(tf.ones((2, 3)), [[0], [1, 2]], [5, 3])
        with pytest.raises(ConversionError, match="a component that is no array"):
            to_numpy(slices)
        assert "[no card: ConversionError" in mimebundle(slices)["text/plain"]

    def test_slices_of_a_shape_that_is_not_known(self, tf):
        slices = tf.IndexedSlices(tf.ones((2, 3)), [0, 4], tf.TensorShape((None, 3)))
        assert mimebundle(slices)["text/plain"].startswith("IndexedSlices (None, 3) float32   2 rows")
        with pytest.raises(ConversionError, match="no dense_shape"):
            to_numpy(slices)

    @pytest.mark.parametrize("name", ["float16", "bfloat16"])
    def test_many_small_rows_are_not_lost(self, tf, name):
        ones = tf.ones((3000, 1), name)
        converted = to_numpy(tf.IndexedSlices(ones, tf.zeros(3000, tf.int32), tf.constant([1, 1])))
        assert converted.astype(float).tolist() == [[pytest.approx(3000, rel=0.01)]]


class TestStandIns:
    @pytest.mark.parametrize("name", ["float32", "bfloat16", "string"])
    def test_a_weak_reference_to_a_single_number(self, tf, name):
        tensor = tf.constant("a") if name == "string" else tf.cast(3, name)
        converted = to_numpy(weakref.proxy(tensor))
        assert converted.shape == ()
        assert converted.item() == tensor.numpy()

    def test_a_weak_reference_to_what_is_gone(self, tf):
        gone = weakref.proxy(tf.constant([1.0]))
        with pytest.raises(ConversionError, match="what it stood for is gone"):
            to_numpy(gone)
        with pytest.raises(ConversionError, match="tensor-like"):
            to_numpy([gone])


class TestPlainVariablesOfLayers:
    """Keras takes no ``tf.Variable`` attribute for a weight; it is part of the layer all the same."""

    def test_they_are_in_the_layer_by_attribute(self, tf):
        class Inner(tf.keras.layers.Layer):
            def __init__(self):
                super().__init__(name="inner")
                self._hidden = tf.Variable(8.0)

            def call(self, x):
                return x

        class Outer(tf.keras.layers.Layer):
            def __init__(self):
                super().__init__(name="outer")
                self.plain = tf.Variable([1.0])
                self.again = self.plain
                self.several = [tf.Variable(2.0), {"a": tf.Variable(3.0)}]
                self.module = tf.Module()
                self.module.v = tf.Variable(4.0)
                self.dense, self.inner = tf.keras.layers.Dense(1, name="dense"), Inner()

            def call(self, x):
                return self.inner(self.dense(x))

        layer = Outer()
        layer(np.ones((1, 2), np.float32))
        assert len(layer.weights) == 2  # what Keras knows of

        converted = to_numpy(layer)

        assert set(converted) == {
            "dense/kernel", "dense/bias", "plain", "several/0", "several/1/a", "module/v", "inner/_hidden",
        }  # fmt: skip
        assert [float(converted[name].sum()) for name in ("plain", "several/0", "several/1/a", "module/v")] == [
            1,
            2,
            3,
            4,
        ]
        model = tf.keras.Sequential([tf.keras.Input((2,)), layer])
        assert {f"outer/{name}" for name in converted} == set(to_numpy(model))

    def test_a_layer_with_nothing_else_has_weights(self, tf):
        layer = tf.keras.layers.Layer(name="l")
        layer.v = tf.Variable([1.0, 2.0])
        assert_same(to_numpy(layer), {"v": np.array([1.0, 2.0], np.float32)})


class TestCards:
    def test_a_tree_with_a_layer_that_is_not_built_shows_the_rest(self, tf):
        layer = tf.keras.layers.Dense(2, name="later")
        text = mimebundle([tf.constant(7), layer])["text/plain"]
        assert "()  int32  7" in text
        assert "Dense 'later' is not built" in text
        assert "[no card" not in text

    def test_bytes_of_an_example_show_its_values(self, tf):
        example = tf.train.Example()
        example.features.feature["a"].float_list.value.append(1.5)
        data = example.SerializeToString()
        for card in (mimebundle(data), mimebundle(data, result=to_numpy(data))):
            assert card["text/plain"].startswith("serialized Example")
            assert "1.5" in card["text/plain"]
            assert ">a<" in card["text/html"]
        both = mimebundle([data, data], result=to_numpy([data, data]))["text/plain"]
        assert both.count("1.5") == 2


def pair(number: Any) -> dict[str, Any]:
    import tensorflow as tf

    return {"a": number, "b": (tf.cast(number, tf.float32),)}
