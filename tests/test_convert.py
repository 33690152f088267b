"""``to_numpy`` against NumPy's and TensorFlow's own answers: bits, memory, writability, structure, refusals.

Every value is a real one. ``bits`` is the measure of equality: two arrays are the same where dtype, shape and every
byte are, so a NaN equals itself and -0.0 differs from 0.0.
"""

from __future__ import annotations

import array as buffers
import contextlib
import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from contract import NATIVE, NUMERIC, SHAPES, SMALL, assert_frozen, bits, numpy_dtype, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tfnp_ext
from tfnp_ext import ConversionError, SymbolicTensorError, to_numpy
from tfnp_ext.adapters import Dense, find_adapter
from tfnp_ext.convert import holds_tensors

EMPTY = ((0,), (0, 3), (3, 0), (2, 0, 4))

VIEWED = [(name, shape) for name in NUMERIC for shape in SHAPES if shape or name in NATIVE]
"""What NumPy can look at; it cannot at a single bfloat16, float8 or int4, whose ``__array__`` gives a NumPy scalar."""

Point = namedtuple("Point", "x y")


def tensor_proto(tf) -> type:
    from tensorflow.core.framework import tensor_pb2

    return tensor_pb2.TensorProto


def assert_own(array: np.ndarray) -> None:
    assert isinstance(array, np.ndarray)
    assert array.flags.writeable


@pytest.fixture(autouse=True)
def silence_is_kept():
    """No conversion warns: neither of NumPy 2's ``copy`` keyword nor of anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class TestEagerTensors:
    @pytest.mark.parametrize("copy", [None, False])
    @pytest.mark.parametrize(("name", "shape"), VIEWED, ids=str)
    def test_a_view_has_the_same_bits_and_shares_memory_that_cannot_be_written(self, tf, name, shape, copy):
        values = sample(name, shape)
        tensor = tf.constant(values)

        converted = to_numpy(tensor, copy=copy)

        assert bits(converted) == bits(values)
        assert np.shares_memory(converted, np.asarray(tensor))
        assert_frozen(converted)

    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    @pytest.mark.parametrize("name", NUMERIC)
    def test_a_copy_is_the_users_own_and_writing_to_it_leaves_the_tensor_alone(self, tf, name, shape):
        values = sample(name, shape)
        tensor = tf.constant(values)

        converted = to_numpy(tensor, copy=True)

        assert bits(converted) == bits(values)
        assert_own(converted)
        converted[...] = np.ones((), converted.dtype)
        assert bits(np.asarray(tensor.numpy())) == bits(values)

    @pytest.mark.parametrize("make", ["constant", "Variable"])
    @pytest.mark.parametrize("name", SMALL)
    def test_a_single_small_number_is_an_array_that_cannot_reach_the_tensor(self, tf, name, make):
        """The loss of a mixed_bfloat16 model is one: it converts like any other, as a frozen view or as an own copy."""
        values = sample(name, ())
        source = getattr(tf, make)(values)

        converted = to_numpy(source)

        assert bits(converted) == bits(values)
        if converted.flags.writeable:
            converted[...] = 1
            with pytest.raises(ConversionError, match="without a copy"):
                to_numpy(source, copy=False)
        else:
            assert_frozen(converted)
        assert bits(np.asarray(source.numpy())) == bits(values)

    @pytest.mark.parametrize("copy", [None, False, True])
    @pytest.mark.parametrize("shape", EMPTY, ids=str)
    @pytest.mark.parametrize("name", NUMERIC)
    def test_a_tensor_without_elements_keeps_shape_and_dtype(self, tf, name, shape, copy):
        converted = to_numpy(tf.zeros(shape, getattr(tf, name)) if name in NATIVE else tf.constant(sample(name, shape)),
                             copy=copy)  # fmt: skip
        assert (converted.shape, converted.dtype) == (shape, numpy_dtype(name))
        assert converted.flags.writeable is (copy is True)

    @pytest.mark.parametrize(
        "name",
        ["float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz", "float4_e2m1fn", "int2", "uint2"],
    )
    def test_the_newest_dtypes_convert_where_tensorflow_has_them(self, tf, name):
        if not (hasattr(ml_dtypes, name) and hasattr(tf.dtypes.experimental, name)):
            pytest.skip(f"this TensorFlow has no {name}")
        values = np.array([0, 1, 1]).astype(numpy_dtype(name))
        converted = to_numpy(tf.constant(values))
        assert bits(converted) == bits(values)
        assert_frozen(converted)

    def test_every_dtype_that_tensorflow_can_cast_to_is_converted(self, tf):
        """So that a dtype that TensorFlow adds is noticed here."""
        for dtype in sorted({value.name for value in vars(tf.dtypes).values() if isinstance(value, tf.DType)}):
            if dtype in {"string", "variant", "resource"} or dtype.startswith("q"):
                continue
            tensor = tf.constant(np.ones(2).astype(tf.as_dtype(dtype).as_numpy_dtype))
            assert bits(to_numpy(tensor)) == bits(tensor.numpy())

    def test_rank_8_converts_as_a_view(self, tf):
        tensor = tf.reshape(tf.range(16), (1, 2, 1, 2, 1, 2, 1, 2))
        converted = to_numpy(tensor)
        assert bits(converted) == bits(tensor.numpy())
        assert np.shares_memory(converted, np.asarray(tensor))

    @pytest.mark.parametrize("name", ["float32", "bfloat16"])
    def test_a_view_outlives_its_tensor(self, tf, name):
        values = sample(name, (2, 3))
        converted = to_numpy(tf.constant(values))
        gc.collect()
        assert bits(converted) == bits(values)

    @pytest.mark.parametrize("name", ["float32", "bfloat16", "int4"])
    def test_numpy_cannot_compute_into_a_view(self, tf, name):
        tensor = tf.constant(sample(name, (3,)))
        before = bits(tensor.numpy())
        with pytest.raises(ValueError, match="read-only"):
            np.multiply(tensor.numpy(), tensor.numpy(), out=to_numpy(tensor))
        assert bits(tensor.numpy()) == before

    def test_quantized_tensors_give_their_codes(self, tf):
        quantized = tf.quantization.quantize([-1.0, 0.0, 1.0], -1.0, 1.0, tf.qint8).output
        assert bits(to_numpy(quantized)) == bits(quantized.numpy())

    @pytest.mark.parametrize("kind", ["variant", "resource"])
    @pytest.mark.parametrize("copy", [None, True, False])
    def test_handles_are_refused_by_the_name_of_what_they_hold(self, tf, kind, copy):
        handle = (
            tf.Variable(1.0).handle
            if kind == "resource"
            else tf.raw_ops.EmptyTensorList(element_shape=tf.constant([], tf.int32), max_num_elements=2,
                                            element_dtype=tf.float32)
        )  # fmt: skip
        assert handle.dtype.name == kind
        with pytest.raises(ConversionError, match=kind):
            to_numpy(handle, copy=copy)

    def test_tf_experimental_numpy_arrays_are_tensors(self, tf):
        values = tf.experimental.numpy.arange(4.0)
        assert bits(to_numpy(values)) == bits(values.numpy())
        assert_frozen(to_numpy(values))

    @settings(max_examples=100)
    @given(data=st.data())
    def test_any_array_comes_back_bit_for_bit(self, tf, data):
        name = data.draw(st.sampled_from(NATIVE))
        values = data.draw(hnp.arrays(name, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)))
        tensor = tf.constant(values)
        assert bits(to_numpy(tensor)) == bits(values)
        assert bits(to_numpy(tensor, copy=True)) == bits(values)

    @settings(max_examples=50)
    @given(data=st.data())
    def test_any_bits_of_a_small_dtype_come_back(self, tf, data):
        name = data.draw(st.sampled_from(["bfloat16", "float8_e4m3fn", "float8_e5m2"]))
        codes = data.draw(hnp.arrays("uint16" if name == "bfloat16" else "uint8", st.integers(1, 20)))
        values = codes.view(numpy_dtype(name))
        assert bits(to_numpy(tf.constant(values))) == bits(values)

    @pytest.mark.parametrize("copy", [True, False, np.True_, np.False_], ids=repr)
    def test_a_copy_can_be_asked_for_by_numpy_s_booleans(self, tf, copy):
        assert to_numpy(tf.constant([1]), copy=copy).flags.writeable is bool(copy)

    @pytest.mark.parametrize("bound", ["16", "16B", "0.016kB", 16, 16.0, np.int64(16)])
    def test_a_bound_is_a_number_or_a_size(self, tf, bound):
        sparse = tf.SparseTensor([[0]], [1.0], [4])
        assert to_numpy(sparse, max_bytes=bound).tolist() == [1, 0, 0, 0]
        with pytest.raises(ConversionError, match="max_bytes=16 B"):
            to_numpy(tf.SparseTensor([[0]], [1.0], [5]), max_bytes=bound)
        assert len(to_numpy(tf.SparseTensor([[0]], [1.0], [5]), max_bytes=None)) == 5

    @pytest.mark.parametrize("bound", ["many", -1, True, [1], float("nan")], ids=repr)
    def test_what_is_no_bound_is_refused(self, tf, bound):
        with pytest.raises(ConversionError, match="is no number of bytes"):
            to_numpy(tf.sparse.from_dense([1]), max_bytes=bound)

    @pytest.mark.parametrize("option", [{"casting": "sometimes"}, {"ragged": "wide"}, {"sparse": "csr"},
                                        {"copy": "maybe"}, {"copy": 1}, {"copy": 0}])  # fmt: skip
    def test_an_unknown_choice_is_refused_with_the_known_ones(self, tf, option):
        ((name, value),) = option.items()
        with pytest.raises(ConversionError, match=rf"{name}={value!r} is not one of \w+"):
            to_numpy(tf.constant([1.0]), **({"dtype": "float64"} | option))


class TestStrings:
    STRINGS = (b"", b"ab\x00", "naïve".encode(), b"\xff\xfe")

    @pytest.mark.parametrize("copy", [None, True])
    def test_bytes_are_lossless_and_the_users_own(self, tf, copy):
        tensor = tf.constant(self.STRINGS)
        converted = to_numpy(tensor, copy=copy)
        assert converted.dtype == object
        assert tuple(converted) == self.STRINGS
        assert all(type(value) is bytes for value in converted)
        assert_own(converted)
        converted[0] = b"changed"
        assert tuple(tensor.numpy()) == self.STRINGS

    def test_a_scalar_string_is_an_array_and_is_not_parsed(self, tf):
        serialized = tf.io.serialize_tensor(tf.range(3))
        converted = to_numpy(serialized)
        assert (converted.shape, converted.dtype) == ((), object)
        assert converted.item() == serialized.numpy()

    def test_strings_of_rank_2_and_of_no_elements(self, tf):
        assert to_numpy(tf.constant([["a"], ["b"]])).tolist() == [[b"a"], [b"b"]]
        empty = to_numpy(tf.zeros((0, 2), tf.string))
        assert (empty.shape, empty.dtype) == ((0, 2), object)

    def test_strings_cannot_be_had_without_a_copy(self, tf):
        with pytest.raises(ConversionError, match="copy"):
            to_numpy(tf.constant(["a"]), copy=False)

    @pytest.mark.parametrize("dtype", [str, "str"])
    def test_dtype_str_decodes_utf_8(self, tf, dtype):
        converted = to_numpy(tf.constant([["naïve", ""], ["日本", "\x00"]]), dtype=dtype)
        assert converted.dtype == object
        assert converted.tolist() == [["naïve", ""], ["日本", "\x00"]]
        assert_own(converted)

    def test_the_first_string_that_is_not_utf_8_is_named(self, tf):
        with pytest.raises(ConversionError, match=r"not UTF-8 at \[1, 0\]"):
            to_numpy(tf.constant([[b"a", b"b"], [b"\xff", b"\xfe"]]), dtype=str)

    def test_a_string_is_no_number(self, tf):
        with pytest.raises(ConversionError, match="cannot be cast to float32"):
            to_numpy(tf.constant(["1.5"]), dtype="float32", casting="unsafe")

    def test_a_number_is_no_string(self, tf):
        with pytest.raises(ConversionError, match="holds no strings"):
            to_numpy(tf.constant([1.5]), dtype=str)


class TestVariables:
    @pytest.mark.parametrize(("name", "shape"), VIEWED, ids=str)
    def test_a_variable_gives_a_frozen_snapshot_that_assigns_do_not_reach(self, tf, name, shape):
        values = sample(name, shape)
        variable = tf.Variable(values)

        converted = to_numpy(variable)

        assert bits(converted) == bits(values)
        assert_frozen(converted)
        variable.assign(np.zeros(shape, values.dtype))
        assert bits(converted) == bits(values)
        assert bits(to_numpy(variable)) == bits(np.zeros(shape, values.dtype))

    def test_the_snapshot_is_no_copy(self, tf):
        variable = tf.Variable(tf.range(6.0))
        assert np.shares_memory(to_numpy(variable), np.asarray(variable.value()))
        assert np.shares_memory(to_numpy(variable, copy=False), np.asarray(variable.value()))

    @pytest.mark.parametrize("name", ["float32", "bfloat16", "int4"])
    def test_a_copy_of_a_variable_is_the_users_own(self, tf, name):
        values = sample(name, (3,))
        variable = tf.Variable(values)
        converted = to_numpy(variable, copy=True)
        assert_own(converted)
        converted[...] = 1
        assert bits(variable.numpy()) == bits(values)

    def test_neither_assign_add_nor_scatter_reach_a_snapshot(self, tf):
        variable = tf.Variable([1.0, 2.0, 3.0])
        first = to_numpy(variable)
        variable.assign_add([1.0, 1.0, 1.0])
        second = to_numpy(variable)
        variable.scatter_nd_update([[0]], [9.0])
        assert first.tolist() == [1, 2, 3]
        assert second.tolist() == [2, 3, 4]
        assert to_numpy(variable).tolist() == [9, 3, 4]

    def test_what_assign_returns_converts_too(self, tf):
        assert to_numpy(tf.Variable([1.0]).assign([2.0])).tolist() == [2.0]

    def test_string_variables_are_copied(self, tf):
        variable = tf.Variable(["a", "b"])
        converted = to_numpy(variable)
        assert converted.tolist() == [b"a", b"b"]
        assert_own(converted)

    def test_a_variable_of_open_shape_gives_the_shape_of_its_value(self, tf):
        variable = tf.Variable(tf.ones((2, 3)), shape=tf.TensorShape([None, 3]))
        assert to_numpy(variable).shape == (2, 3)

    def test_an_uninitialised_variable_is_an_error_not_an_empty_array(self, tf):
        from tensorflow.python.ops.resource_variable_ops import UninitializedVariable

        for shape in ((2,), None, (None,), (0,)):
            with pytest.raises(ConversionError, match="not initialised"):
                to_numpy(UninitializedVariable(shape=shape, dtype=tf.float32))
        assert to_numpy(tf.Variable(tf.zeros((0, 2)))).shape == (0, 2)

    def test_a_variable_has_no_value_inside_a_function(self, tf):
        variable = tf.Variable([1.0])

        @tf.function
        def step():
            with pytest.raises(SymbolicTensorError, match=r"tf\.function"):
                to_numpy(variable)
            return variable + 1

        step()

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32"])
    def test_keras_variables(self, tf, dtype):
        variable = tf.keras.Variable([[1, 2], [3, 4]], dtype=dtype)
        converted = to_numpy(variable)
        assert bits(converted) == bits(variable.numpy())
        assert_frozen(converted)
        variable.assign([[0, 0], [0, 0]])
        assert converted.astype(int).tolist() == [[1, 2], [3, 4]]
        assert to_numpy(variable).astype(int).tolist() == [[0, 0], [0, 0]]

    def test_optimizer_and_seed_state(self, tf):
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3)])
        optimizer = tf.keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
        seed = tf.keras.random.SeedGenerator(7)
        for variable in [*model.weights, *optimizer.variables, seed.state]:
            converted = to_numpy(variable)
            assert bits(converted) == bits(np.asarray(variable.numpy()))
            assert_frozen(converted)

    def test_a_model_s_list_of_weights(self, tf):
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3)])
        kernel, bias = to_numpy(model.weights)
        assert (kernel.shape, bias.shape) == ((4, 3), (3,))

    def test_a_deferred_keras_variable_is_an_error(self, tf):
        with tf.keras.StatelessScope():
            variable = tf.keras.Variable(tf.keras.initializers.Zeros(), shape=(2,), dtype="float32")
            with pytest.raises(ConversionError, match="not initialised"):
                to_numpy(variable)


class TestProtos:
    @pytest.mark.parametrize("shape", [*SHAPES, (0, 3)], ids=str)
    @pytest.mark.parametrize("name", [*NATIVE, "bfloat16", "float8_e4m3fn", "float8_e5m2"])
    def test_a_proto_gives_what_make_ndarray_gives(self, tf, name, shape):
        proto = tf.make_tensor_proto(sample(name, shape))
        before = proto.SerializeToString()
        converted = to_numpy(proto)
        assert bits(converted) == bits(np.asarray(tf.make_ndarray(proto)))
        assert bits(converted) == bits(sample(name, shape))
        assert_own(converted)
        converted[...] = np.ones((), converted.dtype)
        assert proto.SerializeToString() == before

    @pytest.mark.parametrize("name", [*NATIVE, "bfloat16", "string"])
    def test_serialized_bytes_give_the_tensor(self, tf, name):
        values = np.array([b"a\x00", b""], object) if name == "string" else sample(name, (2, 3))
        serialized = tf.io.serialize_tensor(tf.constant(values)).numpy()
        converted = to_numpy(serialized)
        assert converted.dtype == values.dtype
        assert converted.shape == values.shape
        assert converted.tolist() == values.tolist() if name == "string" else bits(converted) == bits(values)
        assert_own(converted)

    def test_serialize_to_string_is_serialized_bytes_too(self, tf):
        proto = tf.make_tensor_proto([[1, 2, 3], [4, 5, 6]])
        assert to_numpy(proto.SerializeToString()).tolist() == [[1, 2, 3], [4, 5, 6]]

    def test_strings_keep_their_bytes(self, tf):
        proto = tf.make_tensor_proto([[b"a\x00", b"\xff"]])
        assert to_numpy(proto).tolist() == [[b"a\x00", b"\xff"]]

    def test_one_value_stands_for_many(self, tf):
        proto = tf.make_tensor_proto(7.5, shape=[3, 2])
        assert len(proto.float_val) == 1
        assert bits(to_numpy(proto)) == bits(np.full((3, 2), 7.5, np.float32))

    def test_the_last_of_a_few_values_is_repeated(self, tf):
        proto = tensor_proto(tf)(dtype=tf.int32.as_datatype_enum, int_val=[1, 2])
        proto.tensor_shape.dim.add().size = 4
        assert to_numpy(proto).tolist() == [1, 2, 2, 2]

    @pytest.mark.parametrize("copy", [None, True])
    def test_a_copy_is_what_it_always_is(self, tf, copy):
        assert_own(to_numpy(tf.make_tensor_proto([1.0]), copy=copy))

    def test_there_is_no_view_of_a_proto(self, tf):
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(tf.make_tensor_proto([1.0]), copy=False)

    def test_a_list_of_only_bytes_is_parsed(self, tf):
        pieces = [tf.io.serialize_tensor(tf.range(count)).numpy() for count in (2, 3)]
        assert [array.tolist() for array in to_numpy(pieces)] == [[0, 1], [0, 1, 2]]

    def test_bytes_beside_tensors_stay_bytes(self, tf):
        raw = tf.io.serialize_tensor(tf.range(2)).numpy()
        converted = to_numpy({"raw": raw, "many": [raw, raw], "x": tf.range(2)})
        assert converted["raw"] is raw
        assert converted["many"] == [raw, raw]

    def example(self, tf) -> bytes:
        feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[1, 2]))
        return tf.train.Example(features=tf.train.Features(feature={"a": feature})).SerializeToString()

    def test_bytes_of_an_example_are_its_features_and_no_blank_tensor(self, tf):
        example = tf.train.Example.FromString(self.example(tf))
        features = to_numpy(self.example(tf))
        assert sorted(features) == sorted(example.features.feature)
        for name, array in features.items():
            feature = example.features.feature[name]
            assert array.tolist() == list(getattr(feature, feature.WhichOneof("kind")).value)

    @pytest.mark.parametrize("data", [b"", b"\x00", b"hello", b"\xff" * 9], ids=str)
    def test_other_bytes_are_refused_with_their_length(self, tf, data):
        with pytest.raises(ConversionError, match=f"bytes of length {len(data)}"):
            to_numpy(data)

    def test_a_blank_proto_is_refused(self, tf):
        with pytest.raises(ConversionError, match="blank"):
            to_numpy(tensor_proto(tf)())

    def hostile(self, tf, dimensions, dtype="float32", **fields):
        proto = tensor_proto(tf)(dtype=tf.as_dtype(dtype).as_datatype_enum, **fields)
        for size in dimensions:
            proto.tensor_shape.dim.add().size = size
        return proto

    @pytest.mark.parametrize("serialized", [False, True], ids=["proto", "bytes"])
    @pytest.mark.parametrize(
        ("dimensions", "fields", "said"),
        [
            ((10**12,), {}, "holds none"),
            ((10**12,), {"float_val": [1.0]}, "3.64 TiB"),
            ((10**6, 10**6), {"float_val": [1.0, 2.0]}, "max_bytes"),
            ((2**62, 2**62), {"float_val": [1.0]}, "max_bytes"),
            ((10**12,), {"tensor_content": b"1234"}, "holds 4 B"),
            ((3,), {"tensor_content": b"1234"}, "holds 4 B"),
            ((1,), {"tensor_content": b"12345678"}, "holds 8 B"),
            ((1,), {"float_val": [1.0, 2.0]}, "holds 2"),
            ((0,), {"float_val": [1.0]}, "holds 1"),
            ((-1,), {"float_val": [1.0]}, "negative"),
            ((10**12,), {"dtype": "string", "string_val": [b"x"]}, "max_bytes"),
            ((10**12,), {"dtype": "bool", "bool_val": [True]}, "max_bytes"),
            ((10**12,), {"dtype": "complex64", "scomplex_val": [1.0, 2.0]}, "max_bytes"),
            ((10**12,), {"dtype": "bfloat16", "half_val": [1]}, "max_bytes"),
        ],
    )
    def test_a_proto_that_lies_is_refused_at_once_and_allocates_nothing(self, tf, dimensions, fields, said, serialized):
        fields = dict(fields)
        proto = self.hostile(tf, dimensions, fields.pop("dtype", "float32"), **fields)
        value = proto.SerializeToString() if serialized else proto
        tracemalloc.start()
        start = time.process_time()
        try:
            with pytest.raises(ConversionError, match=said):
                to_numpy(value)
            assert time.process_time() - start < 1
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("dtype", ["resource", "variant"])
    def test_a_proto_of_a_handle_is_refused(self, tf, dtype):
        with pytest.raises(ConversionError):
            to_numpy(self.hostile(tf, (1,), dtype))

    def test_a_proto_of_unknown_rank_or_dtype_is_refused(self, tf):
        proto = self.hostile(tf, (), float_val=[1.0])
        proto.tensor_shape.unknown_rank = True
        with pytest.raises(ConversionError, match="rank"):
            to_numpy(proto)
        with pytest.raises(ConversionError, match="999"):
            to_numpy(tensor_proto(tf)(dtype=999))

    @settings(max_examples=200)
    @given(data=st.binary(max_size=60))
    def test_any_bytes_are_an_array_or_a_conversion_error(self, tf, data):
        with contextlib.suppress(ConversionError):
            assert isinstance(to_numpy(data, max_bytes=2**20), np.ndarray)

    @settings(max_examples=100)
    @given(data=st.data())
    def test_serialized_bytes_that_were_damaged_are_an_array_or_a_conversion_error(self, tf, data):
        whole = tf.make_tensor_proto(np.arange(6, dtype=data.draw(st.sampled_from(["int32", "float64"]))))
        damaged = bytearray(whole.SerializeToString())
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(ConversionError):
            assert isinstance(to_numpy(bytes(damaged), max_bytes=2**20), np.ndarray)


class TestGradients:
    def test_a_dense_gradient(self, tf):
        x = tf.Variable([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        assert to_numpy(tape.gradient(y, x)).tolist() == [2, 4, 6]

    def test_none_stays_in_its_place(self, tf):
        x, unused = tf.Variable([1.0, 2.0]), tf.Variable([5.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(3 * x)
        converted = to_numpy(tape.gradient(y, [x, unused]))
        assert converted[0].tolist() == [3, 3]
        assert converted[1] is None

    def test_none_by_itself_says_what_it_means(self, tf):
        x = tf.constant([1.0])
        with tf.GradientTape() as tape:
            y = x * 2
        with pytest.raises(ConversionError, match="not connected"):
            to_numpy(tape.gradient(y, x))

    def embedding_gradient(self, tf):
        table = tf.Variable(tf.ones((5, 2)))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(table, [1, 3, 1]) * [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        gradient = tape.gradient(y, table)
        assert type(gradient).__name__ == "IndexedSlices"
        return gradient

    def test_rows_of_one_index_are_added_up(self, tf):
        gradient = self.embedding_gradient(tf)
        converted = to_numpy(gradient)
        expected = np.zeros((5, 2), np.float32)
        np.add.at(expected, [1, 3, 1], np.float32([[1, 2], [3, 4], [5, 6]]))
        assert bits(converted) == bits(expected)
        assert bits(converted) == bits(tf.convert_to_tensor(gradient).numpy())
        assert_own(converted)
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(gradient, copy=False)

    @pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16", "int32"])
    def test_sums_have_the_dtype_of_the_rows(self, tf, name):
        slices = tf.IndexedSlices(tf.ones((3, 2), getattr(tf, name)), tf.constant([0, 2, 0]), tf.constant([4, 2]))
        converted = to_numpy(slices)
        assert converted.dtype == numpy_dtype(name)
        assert converted.astype(float).tolist() == [[2, 2], [0, 0], [1, 1], [0, 0]]

    def test_a_64_bit_length_is_not_cut(self, tf):
        slices = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0]), tf.constant([2**32 + 3, 2], tf.int64))
        with pytest.raises(ConversionError, match=r"4294967299, 2.*32 GiB.*max_bytes"):
            to_numpy(slices)

    @pytest.mark.parametrize("index", [-1, 3])
    def test_an_index_that_is_out_of_range_is_an_error_not_a_lost_row(self, tf, index):
        slices = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([index]), tf.constant([3, 2]))
        with pytest.raises(ConversionError, match=f"index {index}"):
            to_numpy(slices)

    def test_a_missing_dense_shape_is_an_error(self, tf):
        with pytest.raises(ConversionError, match="dense_shape"):
            to_numpy(tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])))

    @pytest.mark.parametrize("dense_shape", [(5, 2), (5, 3, 1), (5,)])
    def test_a_dense_shape_that_the_rows_do_not_fit_is_an_error(self, tf, dense_shape):
        slices = tf.IndexedSlices(tf.ones((2, 1)), tf.constant([0, 1]), tf.constant(dense_shape))
        with pytest.raises(ConversionError):
            to_numpy(slices)

    def test_no_rows_at_all_are_zeros(self, tf):
        slices = tf.IndexedSlices(tf.zeros((0, 2)), tf.zeros((0,), tf.int32), tf.constant([3, 2]))
        assert bits(to_numpy(slices)) == bits(np.zeros((3, 2), np.float32))

    def test_densifying_is_bounded(self, tf):
        with pytest.raises(ConversionError, match=r"40 B.*max_bytes=39 B"):
            to_numpy(self.embedding_gradient(tf), max_bytes=39)
        assert to_numpy(self.embedding_gradient(tf), max_bytes=40).shape == (5, 2)


class TestRagged:
    CASES = {
        "uneven": [[3, 1, 4], [], [1, 5]],
        "as regular as a matrix": [[1, 2], [3, 4]],
        "one row": [[1, 2]],
        "only empty rows": [[], []],
        "rank 3": [[[1], [2, 3]], [], [[4, 5, 6]]],
    }

    def ragged(self, tf, name):
        rank = 2 if name == "rank 3" else 1
        return tf.ragged.constant(self.CASES[name], dtype=tf.int32, ragged_rank=rank)

    @pytest.mark.parametrize("name", CASES)
    def test_lists_are_what_tensorflow_gives(self, tf, name):
        ragged = self.ragged(tf, name)
        assert to_numpy(ragged, ragged="list") == ragged.to_list() == self.CASES[name]

    @pytest.mark.parametrize("name", CASES)
    def test_the_kind_of_result_does_not_depend_on_the_rows(self, tf, name):
        converted = to_numpy(self.ragged(tf, name))
        assert converted.dtype == object
        assert converted.shape == (len(self.CASES[name]),)
        for row, expected in zip(converted, self.CASES[name], strict=True):
            assert isinstance(row, np.ndarray)
            if name == "rank 3":
                assert row.dtype == object
                assert [inner.tolist() for inner in row] == expected
                assert all(inner.dtype == np.int32 for inner in row)
            else:
                assert (row.dtype, row.tolist()) == (np.dtype("int32"), expected)

    @pytest.mark.parametrize("name", CASES)
    def test_padding_is_what_to_tensor_gives(self, tf, name):
        ragged = self.ragged(tf, name)
        for fill in (0, -7):
            assert bits(to_numpy(ragged, ragged="pad", fill_value=fill)) == bits(
                ragged.to_tensor(default_value=fill).numpy()
            )

    @pytest.mark.parametrize("name", CASES)
    def test_a_mask_hides_what_was_not_there_and_only_that(self, tf, name):
        ragged = self.ragged(tf, name)
        converted = to_numpy(ragged, ragged="masked")
        assert isinstance(converted, np.ma.MaskedArray)
        present = tf.ones_like(ragged).to_tensor().numpy() == 1
        assert np.array_equal(np.ma.getmaskarray(converted), ~present)
        assert converted.compressed().tolist() == ragged.flat_values.numpy().tolist()

    def test_inner_dimensions_stay(self, tf):
        ragged = tf.RaggedTensor.from_row_lengths(tf.reshape(tf.range(10.0), (5, 2)), [2, 0, 3])
        rows = to_numpy(ragged)
        assert [row.shape for row in rows] == [(2, 2), (0, 2), (3, 2)]
        assert bits(to_numpy(ragged, ragged="pad")) == bits(ragged.to_tensor().numpy())

    def test_uniform_rows_stay_ragged(self, tf):
        ragged = tf.RaggedTensor.from_uniform_row_length(tf.range(6), 2)
        assert to_numpy(ragged).shape == (3,)
        assert bits(to_numpy(ragged, ragged="pad")) == bits(ragged.to_tensor().numpy())

    @pytest.mark.parametrize("name", ["bool", "bfloat16", "float64", "complex64"])
    def test_rows_keep_the_dtype(self, tf, name):
        values = sample(name, (3,))
        ragged = tf.RaggedTensor.from_row_lengths(tf.constant(values), [1, 2])
        rows = to_numpy(ragged)
        assert bits(rows[0]) == bits(values[:1])
        assert bits(rows[1]) == bits(values[1:])

    def test_strings(self, tf):
        ragged = tf.ragged.constant([["a", "b"], [], ["c\x00"]])
        assert [row.tolist() for row in to_numpy(ragged)] == [[b"a", b"b"], [], [b"c\x00"]]
        assert to_numpy(ragged, ragged="pad", fill_value=b"-").tolist() == [
            [b"a", b"b"], [b"-", b"-"], [b"c\x00", b"-"],
        ]  # fmt: skip

    def test_no_rows_at_all(self, tf):
        ragged = tf.RaggedTensor.from_row_splits(tf.zeros((0,)), [0])
        assert to_numpy(ragged).shape == (0,)
        assert to_numpy(ragged, ragged="list") == []
        assert to_numpy(ragged, ragged="pad").shape == (0, 0)

    def test_a_copy_and_all_its_rows_are_the_users_own(self, tf):
        ragged = tf.ragged.constant([[1, 2], [3]])
        converted = to_numpy(ragged, copy=True)
        for row in converted:
            assert_own(row)
            row[...] = 9
        assert ragged.to_list() == [[1, 2], [3]]

    @pytest.mark.parametrize("ragged", ["pad", "masked"])
    def test_padded_rows_are_the_users_own(self, tf, ragged):
        source = tf.ragged.constant([[1, 2], [3]])
        converted = to_numpy(source, ragged=ragged)
        assert_own(converted)
        converted[...] = 9
        assert source.to_list() == [[1, 2], [3]]

    def test_rows_that_are_views_cannot_be_written(self, tf):
        source = tf.ragged.constant([[1, 2], [3]])
        for row in to_numpy(source):
            if np.shares_memory(row, np.asarray(source.flat_values)):
                assert_frozen(row)

    def test_padding_is_bounded(self, tf):
        ragged = tf.RaggedTensor.from_row_lengths(tf.ones((1000,)), [1000, *[0] * 99])
        with pytest.raises(ConversionError, match=r"391 KiB.*ragged='object'"):
            to_numpy(ragged, ragged="pad", max_bytes=399_999)
        assert to_numpy(ragged, ragged="pad", max_bytes=400_000).shape == (100, 1000)

    def test_a_fill_value_that_does_not_fit_is_an_error(self, tf):
        with pytest.raises(ConversionError, match="padded with"):
            to_numpy(tf.ragged.constant([[1], [2, 3]]), ragged="pad", fill_value="x")

    @pytest.mark.parametrize("fill_value", [1.5, 2**40, -(2**31) - 1, float("nan")])
    def test_a_fill_value_is_never_rounded_to_fit(self, tf, fill_value):
        with pytest.raises(ConversionError, match="padded with"):
            to_numpy(tf.ragged.constant([[1], [2, 3]]), ragged="pad", fill_value=fill_value)

    @pytest.mark.parametrize("ragged", ["object", "pad"])
    def test_rows_can_be_cast(self, tf, ragged):
        converted = to_numpy(tf.ragged.constant([[1, 2], [3]]), ragged=ragged, dtype="float64")
        rows = list(converted)
        assert all(row.dtype == np.float64 for row in rows)
        assert rows[0].tolist() == [1.0, 2.0]

    def test_dtype_str_decodes_the_strings_in_the_rows(self, tf):
        converted = to_numpy(tf.ragged.constant([["naïve", "b"], []]), dtype=str)
        assert [row.tolist() for row in converted] == [["naïve", "b"], []]

    def test_inside_a_function_there_is_no_value(self, tf):
        @tf.function
        def step(x):
            with pytest.raises(SymbolicTensorError, match="RaggedTensor"):
                to_numpy(x)
            return x

        step(tf.ragged.constant([[1], [2, 3]]))


class TestSparse:
    def sparse(self, tf, indices=((0, 1), (2, 0), (2, 3)), values=(2.5, -1.0, 4.0), shape=(3, 4)):
        return tf.sparse.SparseTensor(np.array(indices, np.int64).reshape(-1, len(shape)), values, shape)

    def test_dense_is_what_to_dense_gives(self, tf):
        sparse = self.sparse(tf)
        converted = to_numpy(sparse)
        assert bits(converted) == bits(tf.sparse.to_dense(sparse).numpy())
        assert_own(converted)
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(sparse, copy=False)

    @pytest.mark.parametrize("name", [*NATIVE, "bfloat16"])
    @pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 2), (2, 1, 2, 2), (1, 2, 1, 2, 2)], ids=str)
    def test_every_dtype_and_rank(self, tf, name, shape):
        indices = np.unique(np.random.default_rng(1).integers(0, shape, (3, len(shape))), axis=0)
        values = sample(name, (5,))[: len(indices)]
        expected = np.zeros(shape, values.dtype)
        expected[tuple(indices.T)] = values
        assert bits(to_numpy(tf.sparse.SparseTensor(indices, values, shape))) == bits(expected)

    def test_the_order_of_the_entries_does_not_matter(self, tf):
        sparse = self.sparse(tf, ((2, 3), (0, 1), (2, 0)), (4.0, 2.5, -1.0))
        assert bits(to_numpy(sparse)) == bits(tf.sparse.to_dense(tf.sparse.reorder(sparse)).numpy())

    def test_two_values_at_one_place_are_an_error_and_kept_by_scipy(self, tf):
        sparse = self.sparse(tf, ((0, 0), (0, 0)), (2.0, 5.0), (2, 2))
        with pytest.raises(ConversionError, match=r"more than one value.*sparse='scipy'"):
            to_numpy(sparse)
        assert sorted(to_numpy(sparse, sparse="scipy").data.tolist()) == [2, 5]

    @pytest.mark.parametrize("index", [(3, 0), (0, 4), (-1, 0)])
    @pytest.mark.parametrize("form", ["dense", "scipy"])
    def test_an_index_outside_the_shape_is_an_error(self, tf, index, form):
        with pytest.raises(ConversionError, match="outside its shape"):
            to_numpy(self.sparse(tf, (index,), (1.0,)), sparse=form)

    def test_densifying_is_bounded_and_the_ways_out_are_named(self, tf):
        sparse = self.sparse(tf, ((5, 5),), (1.0,), (10**6, 10**6))
        with pytest.raises(ConversionError, match=r"3\.64 TiB.*sparse='scipy'.*max_bytes"):
            to_numpy(sparse)
        assert to_numpy(sparse, sparse="scipy").shape == (10**6, 10**6)
        with pytest.raises(ConversionError, match="max_bytes"):
            to_numpy(self.sparse(tf, ((5, 5),), (1.0,), (2**40, 2**40)))

    def test_scipy_holds_the_same_matrix(self, tf):
        pytest.importorskip("scipy")
        converted = to_numpy(self.sparse(tf), sparse="scipy")
        assert type(converted).__name__ == "coo_array"
        assert bits(converted.toarray()) == bits(tf.sparse.to_dense(self.sparse(tf)).numpy())

    def test_writing_to_scipy_s_values_leaves_the_tensor_alone(self, tf):
        pytest.importorskip("scipy")
        sparse = self.sparse(tf)
        converted = to_numpy(sparse, sparse="scipy")
        converted.data[:] = 9
        for axis in (converted.row, converted.col):
            if axis.flags.writeable:
                axis[:] = 0
        assert sparse.values.numpy().tolist() == [2.5, -1, 4]
        assert sparse.indices.numpy().tolist() == [[0, 1], [2, 0], [2, 3]]

    def test_strings_and_nothing_stored(self, tf):
        converted = to_numpy(self.sparse(tf, ((0, 1),), (b"x",), (1, 2)))
        assert converted.tolist() == [[b"", b"x"]]
        assert bits(to_numpy(self.sparse(tf, (), np.zeros(0, np.int32), (2, 2)))) == bits(np.zeros((2, 2), np.int32))

    def test_dense_values_are_cast(self, tf):
        assert to_numpy(self.sparse(tf), dtype="float64").dtype == np.float64

    def test_inside_a_function_there_is_no_value(self, tf):
        @tf.function
        def step(x):
            with pytest.raises(SymbolicTensorError, match="SparseTensor"):
                to_numpy(x)
            return x

        step(self.sparse(tf))


class TestSymbols:
    def test_an_argument_of_a_function_has_no_value_inside_and_after(self, tf):
        leaked = []

        @tf.function
        def step(x):
            leaked.append(x)
            with pytest.raises(SymbolicTensorError, match=r"x, \(3,\) float32, has no value yet inside tf\.function"):
                to_numpy(x)
            return x

        step(tf.ones(3))
        with pytest.raises(SymbolicTensorError, match="return it"):
            to_numpy(leaked[0])

    def test_what_tensorflow_knows_without_running_is_given(self, tf):
        @tf.function
        def step(x):
            known = to_numpy(tf.constant([[1, 2], [3, 4]]))
            assert known.tolist() == [[1, 2], [3, 4]]
            assert to_numpy(tf.shape(tf.zeros((2, 5)))).tolist() == [2, 5]
            return x

        step(tf.ones(3))

    def test_an_eager_tensor_that_a_function_captured_has_its_value(self, tf):
        outside = tf.constant([1.0, 2.0])

        @tf.function
        def step():
            assert to_numpy(outside).tolist() == [1, 2]
            return outside + 1

        step()

    def test_a_keras_tensor_names_the_way_out(self, tf):
        with pytest.raises(SymbolicTensorError, match=r"call it on data"):
            to_numpy(tf.keras.Input((4,), name="digits"))

    def test_symbolic_errors_are_conversion_errors_type_errors_and_value_errors(self, tf):
        for kind in (ConversionError, TypeError, ValueError):
            with pytest.raises(kind):
                to_numpy(tf.keras.Input((4,)))

    def test_a_graph_tensor_needs_a_session(self, tf):
        with tf.Graph().as_default():
            v1 = tf.compat.v1
            x = v1.placeholder(tf.float32, (None, 2), name="x")
            y = x * 2
            with pytest.raises(SymbolicTensorError, match="session="):
                to_numpy(y)
            with v1.Session() as session:
                converted = to_numpy(y, session=session, feed={x: [[1, 2]]})
                assert bits(converted) == bits(np.float32([[2, 4]]))
                assert_own(converted)
                assert to_numpy(y, feed={x: [[3, 4]]}).tolist() == [[6, 8]]  # the default session
                with pytest.raises(ConversionError, match="x"):
                    to_numpy(y)

    def test_a_graph_variable_string_and_scalar_by_session(self, tf):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            variable = tf.compat.v1.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
            with pytest.raises(ConversionError, match="session"):
                to_numpy(variable + 1, session=session)
            session.run(tf.compat.v1.global_variables_initializer())
            assert to_numpy(variable + 1, session=session).tolist() == [2, 3]
            text = to_numpy(tf.strings.join(["a", "b\x00"]), session=session)
            assert (text.shape, text.item()) == ((), b"ab\x00")
            assert to_numpy(tf.strings.split("a b"), session=session).tolist() == [b"a", b"b"]
            scalar = to_numpy(tf.add(1, 2), session=session)
            assert (scalar.shape, int(scalar)) == ((), 3)

    def test_a_graph_constant_is_known_without_a_session(self, tf):
        with tf.Graph().as_default():
            assert to_numpy(tf.constant([1, 2])).tolist() == [1, 2]

    def test_one_conversion_runs_the_graph_once(self, tf):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            counter = tf.compat.v1.get_variable("c", initializer=0, use_resource=True)
            session.run(tf.compat.v1.global_variables_initializer())
            step = counter.assign_add(1, read_value=True)
            step = tf.identity(step)
            assert int(to_numpy(step, session=session)) == 1
            assert int(to_numpy(step, session=session)) == 2

    def test_a_session_of_another_graph_is_an_error(self, tf):
        with tf.Graph().as_default():
            x = tf.compat.v1.placeholder(tf.float32)
        with tf.Graph().as_default(), tf.compat.v1.Session() as session, pytest.raises(ConversionError):
            to_numpy(x, session=session)

    @pytest.mark.parametrize("nest", [list, tuple])
    def test_a_symbol_inside_a_nest_is_named_by_its_path(self, tf, nest):
        with pytest.raises(SymbolicTensorError, match=r"^\[1\]"):
            to_numpy(nest([tf.constant(1), tf.keras.Input((4,))]))


class TestArrays:
    @pytest.mark.parametrize("name", NUMERIC)
    def test_an_array_is_returned_as_it_is(self, name):
        values = sample(name, (2, 3))
        assert to_numpy(values) is values
        assert to_numpy(values, copy=False) is values
        copied = to_numpy(values, copy=True)
        assert bits(copied) == bits(values)
        assert not np.shares_memory(copied, values)

    @pytest.mark.parametrize(
        "values", [np.asfortranarray(np.ones((3, 4))), np.arange(12)[::-2], np.array(["a"], object), np.array("text"),
                   np.array(["2020-01-01"], "datetime64[D]"), np.zeros(2, [("a", "f4")])], ids=str,
    )  # fmt: skip
    def test_arrays_of_every_layout_and_dtype_are_returned_as_they_are(self, values):
        assert to_numpy(values) is values

    def test_masks_and_subclasses_are_kept(self):
        masked = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
        assert to_numpy(masked) is masked
        copied = to_numpy(masked, copy=True)
        assert isinstance(copied, np.ma.MaskedArray)
        assert copied.mask.tolist() == [False, True, False]
        cast = to_numpy(masked, dtype="float64")
        assert isinstance(cast, np.ma.MaskedArray)
        assert cast.mask.tolist() == [False, True, False]
        assert (cast.dtype, cast[0]) == (np.float64, 1.0)
        records = np.rec.array([(1, 2.0)], dtype=[("a", int), ("b", float)])
        assert to_numpy(records) is records

    @pytest.mark.parametrize("scalar", [np.float32(1.5), np.int64(3), np.bool_(True), np.complex64(1j),
                                        ml_dtypes.bfloat16(2)], ids=repr)  # fmt: skip
    def test_a_numpy_scalar_is_an_array_of_rank_0(self, scalar):
        converted = to_numpy(scalar)
        assert (converted.shape, converted.dtype, converted[()]) == ((), np.asarray(scalar).dtype, scalar)
        assert_own(converted)

    def test_buffers_and_array_protocols(self):
        class Grid:
            def __array__(self, dtype=None, copy=None):
                return np.arange(3.0)

        assert to_numpy(memoryview(b"abc")).tolist() == [97, 98, 99]
        assert to_numpy(buffers.array("d", [1, 2])).tolist() == [1, 2]
        assert to_numpy(Grid()).tolist() == [0, 1, 2]

    def test_an_own_copy_of_a_buffer_leaves_it_alone(self):
        source = buffers.array("i", [1, 2])
        converted = to_numpy(source, copy=True)
        converted[:] = 9
        assert source.tolist() == [1, 2]

    def test_a_protocol_that_wraps_the_object_itself_is_an_error(self):
        class Wrapped:
            def __array__(self, dtype=None, copy=None):
                return np.array(self.__class__, dtype=object)

        class Broken:
            def __array__(self, dtype=None, copy=None):
                raise RuntimeError("on the GPU")

        with pytest.raises(ConversionError, match="no array of numbers"):
            to_numpy(Wrapped())
        with pytest.raises(ConversionError, match="on the GPU"):
            to_numpy(Broken())

    @pytest.mark.parametrize("value", ["text", 1, 2.5, True, 1j, object(), len, {1, 2}, range(3), Ellipsis], ids=repr)
    def test_what_is_no_tensor_is_refused_by_name(self, value):
        with pytest.raises(ConversionError, match=type(value).__name__):
            to_numpy(value)

    def test_a_class_is_not_a_value(self, tf):
        for cls in (np.ndarray, tf.Tensor, tf.Variable, dict):
            with pytest.raises(ConversionError, match="not a value"):
                to_numpy(cls)

    def test_an_object_that_claims_every_attribute_is_not_converted(self):
        from unittest.mock import MagicMock, Mock

        for pretender in (Mock(), MagicMock()):
            with pytest.raises(ConversionError):
                to_numpy(pretender)


class TestNests:
    def test_structure_and_types_are_kept(self, tf):
        nest = {
            "a": tf.constant([1, 2]),
            "b": [tf.constant(1.5), (tf.constant("x"), None)],
            "c": Point(tf.Variable([1.0]), "text"),
            3: {"deep": np.arange(2), "number": 7},
        }
        converted = to_numpy(nest)
        assert type(converted) is dict
        assert list(converted) == ["a", "b", "c", 3]
        assert converted["a"].tolist() == [1, 2]
        assert type(converted["b"]) is list
        assert converted["b"][0].shape == ()
        assert type(converted["b"][1]) is tuple
        assert converted["b"][1][0].item() == b"x"
        assert converted["b"][1][1] is None
        assert isinstance(converted["c"], Point)
        assert converted["c"].x.tolist() == [1]
        assert converted["c"].y == "text"
        assert converted[3]["deep"] is nest[3]["deep"]
        assert converted[3]["number"] == 7

    def test_the_nest_that_was_given_is_not_changed(self, tf):
        inner = [tf.constant(1)]
        nest = OrderedDict(a=inner)
        converted = to_numpy(nest)
        assert converted is not nest
        assert nest["a"] is inner
        assert tf.is_tensor(inner[0])

    def test_subclasses_of_dict_are_kept(self, tf):
        ordered = to_numpy(OrderedDict(b=tf.constant(1), a=tf.constant(2)))
        assert type(ordered) is OrderedDict
        assert list(ordered) == ["b", "a"]
        source = defaultdict(list, a=tf.constant(1))
        converted = to_numpy(source)
        assert type(converted) is defaultdict
        assert converted.default_factory is list
        assert isinstance(converted["a"], np.ndarray)
        assert tf.is_tensor(source["a"])

    def test_leaves_are_views_or_copies_as_asked(self, tf):
        tensor = tf.constant([1.0, 2.0])
        assert np.shares_memory(to_numpy([tensor])[0], np.asarray(tensor))
        assert_frozen(to_numpy((tensor,))[0])
        own = to_numpy({"x": [tensor]}, copy=True)["x"][0]
        assert_own(own)
        assert not np.shares_memory(own, np.asarray(tensor))
        assert to_numpy([tensor, np.arange(2)], dtype="float64")[1].dtype == np.float64

    def test_a_container_that_is_shared_stays_shared(self, tf):
        shared = [tf.constant([1])]
        converted = to_numpy([shared, {"again": shared}])
        assert converted[0] is converted[1]["again"]
        assert converted[0][0].tolist() == [1]

    def test_a_container_shared_at_every_level_takes_no_longer(self, tf):
        nest = tf.constant(1)
        for _ in range(60):  # 2^60 paths lead to the one tensor
            nest = [nest, nest]
        converted = to_numpy(nest)
        for _ in range(60):
            converted = converted[1]
        assert converted.tolist() == 1

    @pytest.mark.parametrize("nest", [{"a": None}, [None, (None, None)]], ids=repr)
    def test_nothing_but_missing_gradients_says_so(self, nest):
        with pytest.raises(ConversionError, match="is None: the target is connected to none of the sources"):
            to_numpy(nest)

    @pytest.mark.parametrize("nest", [[], {}, (), [1, 2], [None, 1], ["text"], [[], {}]], ids=repr)
    def test_a_nest_without_tensors_is_an_error(self, nest):
        with pytest.raises(ConversionError, match="nothing tensor-like"):
            to_numpy(nest)

    def test_a_cycle_is_an_error(self, tf):
        loop: list = [tf.constant(1)]
        loop.append({"back": loop})
        with pytest.raises(ConversionError, match=r"contains itself at \[1\]\['back'\]"):
            to_numpy(loop)

    def test_a_very_deep_nest_is_an_error_not_a_crash(self, tf):
        nest = tf.constant(1)
        for _ in range(5_000):
            nest = [nest]
        with pytest.raises(ConversionError, match="deep"):
            to_numpy(nest)

    def test_an_error_names_the_path_to_the_leaf(self, tf):
        with pytest.raises(ConversionError, match=r"^\['a'\]\[1\]\.y: "):
            to_numpy({"a": [None, Point(tf.constant(1), tf.constant(["x"]))]}, copy=False)

    def test_lists_and_dicts_that_tensorflow_tracks(self, tf):
        module = tf.Module()
        module.many = [tf.Variable([1.0])]
        module.named = {"v": tf.Variable([2.0])}
        module.pair = (tf.Variable([3.0]), tf.Variable([4.0]))
        assert to_numpy(module.many)[0].tolist() == [1]
        assert to_numpy(module.named)["v"].tolist() == [2]
        assert [array.tolist() for array in to_numpy(module.pair)] == [[3], [4]]

    def test_holds_tensors_declines_plain_containers(self, tf):
        for plain in ([], [1, "a", None], {"a": {"b": (1, 2)}}, [b"bytes"], (len, object())):
            assert not holds_tensors(plain)
        for full in ([tf.constant(1)], {"a": {"b": (1, tf.Variable(2))}}, [np.arange(2)]):
            assert holds_tensors(full)
        assert not holds_tensors([np.arange(2), np.float32(1)], shown=True)
        assert holds_tensors([np.arange(2), tf.constant(1)], shown=True)

    def test_holds_tensors_ends_on_cycles_and_looks_at_a_bounded_number(self, tf):
        loop: list = []
        loop.append(loop)
        assert not holds_tensors(loop)
        assert not holds_tensors([*range(100), tf.constant(1)], limit=50)

    @settings(max_examples=60)
    @given(
        nest=st.recursive(
            st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just("TENSOR")),
            lambda children: st.one_of(
                st.lists(children, max_size=3),
                st.tuples(children, children),
                st.dictionaries(st.text(max_size=3), children, max_size=3),
            ),
            max_leaves=12,
        )
    )
    def test_any_nest_comes_back_with_only_its_tensors_changed(self, tf, nest):
        def fill(node, leaf):
            if node == "TENSOR":
                return leaf()
            if isinstance(node, dict):
                return {key: fill(child, leaf) for key, child in node.items()}
            if isinstance(node, (list, tuple)):
                return type(node)(fill(child, leaf) for child in node)
            return node

        def plain(node):
            if isinstance(node, np.ndarray):
                return ("array", node.tolist())
            if isinstance(node, dict):
                return {key: plain(child) for key, child in node.items()}
            if isinstance(node, (list, tuple)):
                return type(node)(plain(child) for child in node)
            return node

        nest = [nest, "TENSOR"]
        converted = to_numpy(fill(nest, lambda: tf.constant([1, 2])))
        assert plain(converted) == plain(fill(nest, lambda: np.array([1, 2])))


class TestTutorial:
    """The ways of the seed tutorial, one by one, each by one call."""

    EXPECTED = np.array([[1, 2, 3], [4, 5, 6]], np.int32)

    def test_an_eager_tensor(self, tf):
        tensor = tf.constant([[1, 2, 3], [4, 5, 6]])
        converted = to_numpy(tensor)
        assert bits(converted) == bits(tensor.numpy()) == bits(self.EXPECTED)
        assert np.shares_memory(converted, np.asarray(tensor))
        assert not converted.flags.writeable

    def test_a_tensor_proto(self, tf):
        proto = tf.make_tensor_proto([[1, 2, 3], [4, 5, 6]])
        assert bits(to_numpy(proto)) == bits(tf.make_ndarray(proto)) == bits(self.EXPECTED)

    def test_a_serialized_tensor(self, tf):
        data = tf.io.serialize_tensor(tf.constant([[1, 2, 3], [4, 5, 6]]))
        assert bits(to_numpy(data.numpy())) == bits(self.EXPECTED)
        parsed = tensor_proto(tf).FromString(data.numpy())
        assert bits(to_numpy(data.numpy())) == bits(tf.make_ndarray(parsed))

    def test_np_array(self, tf):
        tensor = tf.constant([[1, 2, 3], [4, 5, 6]])
        assert bits(to_numpy(tensor, copy=True)) == bits(np.array(tensor))

    def test_graph_mode_with_a_session(self, tf):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            tensor = tf.constant([[1, 2, 3], [4, 5, 6]]) + 0
            assert bits(to_numpy(tensor, session=session)) == bits(session.run(tensor)) == bits(self.EXPECTED)

    def test_gradients_and_variables(self, tf):
        weights, unused = tf.Variable([[1.0], [2.0]]), tf.Variable(0.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.matmul([[3.0, 4.0]], weights))
        gradients = to_numpy(tape.gradient(loss, [weights, unused]))
        assert gradients[0].tolist() == [[3], [4]]
        assert gradients[1] is None
        before = to_numpy(weights)
        weights.assign_sub(tape.gradient(loss, weights) if False else gradients[0])
        assert before.tolist() == [[1], [2]]
        assert to_numpy(weights).tolist() == [[-2], [-2]]

    def test_the_predictions_of_a_model(self, tf):
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3, activation="softmax")])
        batch = tf.ones((2, 4))
        predictions = model(batch)
        assert bits(to_numpy(predictions)) == bits(predictions.numpy())

    def test_batches_of_a_dataset(self, tf):
        dataset = tf.data.Dataset.from_tensor_slices((np.arange(5), {"x": np.arange(10.0).reshape(5, 2)})).batch(2)
        batches = [to_numpy(batch) for batch in dataset]
        assert [labels.tolist() for labels, _ in batches] == [[0, 1], [2, 3], [4]]
        assert np.concatenate([features["x"] for _, features in batches]).tolist() == [
            [2 * row, 2 * row + 1] for row in range(5)
        ]
        assert_frozen(batches[0][0])

    def test_a_whole_dataset_becomes_one_array_a_tensor_of_its_elements(self, tf):
        dataset = tf.data.Dataset.from_tensor_slices((np.arange(5), {"x": np.arange(10.0).reshape(5, 2)})).batch(2)
        labels, features = to_numpy(dataset)
        assert bits(labels) == bits(np.arange(5))
        assert bits(features["x"]) == bits(np.arange(10.0).reshape(5, 2))
        assert labels.flags.writeable
        labels, _ = to_numpy(dataset, take=1)
        assert labels.tolist() == [0, 1]


class TestAnotherProcess:
    """What needs a process of its own: an abort would end this one, and a second device must be set up at the start."""

    PROGRAM = """
import json, warnings
import numpy as np, tensorflow as tf
from tfnp_ext import ConversionError, summarize, to_numpy

warnings.simplefilter("error")
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
odd = [
    tf.constant(["a"]), tf.constant("a"), tf.zeros((0,), tf.string), tf.Variable(["a"]), tf.Variable(1.0).handle,
    tf.data.Dataset.range(3)._variant_tensor,
    tf.raw_ops.EmptyTensorList(
        element_shape=tf.constant([], tf.int32), max_num_elements=2, element_dtype=tf.float32),
]
for value in odd:
    for copy in (None, True, False):
        try:
            to_numpy(value, copy=copy)
        except ConversionError:
            pass
with tf.device("CPU:1"):
    tensor, variable = tf.identity([[1, 2, 3], [4, 5, 6]]), tf.Variable([1.5])
print(json.dumps({
    "device": tensor.backing_device[-5:],
    "tensor": to_numpy(tensor).tolist(),
    "writable": [to_numpy(tensor).flags.writeable, to_numpy(tensor, copy=True).flags.writeable],
    "variable": to_numpy(variable).tolist(),
    "said": summarize(tensor).device,
}))
"""

    @pytest.fixture(scope="class")
    @classmethod
    def done(cls):
        package = str(Path(tfnp_ext.__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": package, "TF_CPP_MIN_LOG_LEVEL": "3"}
        return subprocess.run(
            [sys.executable, "-c", cls.PROGRAM], capture_output=True, text=True, timeout=180, check=False,
            env=environment,
        )  # fmt: skip

    def test_no_odd_tensor_aborts_the_process(self, done):
        """DLPack on a string, variant or resource tensor is a SIGABRT, not an exception."""
        assert done.returncode == 0, done.stderr[-2000:]

    def test_a_tensor_on_another_device_converts_and_says_where_it_was(self, done):
        assert json.loads(done.stdout) == {
            "device": "CPU:1",
            "tensor": [[1, 2, 3], [4, 5, 6]],
            "writable": [False, True],
            "variable": [1.5],
            "said": "CPU:1",
        }


class TestDetection:
    def test_kinds_are_found_without_importing_tensorflow(self):
        """A NumPy-only process converts and refuses without paying for TensorFlow."""
        program = (
            "import sys, numpy as np\n"
            "from tfnp_ext import to_numpy, ConversionError\n"
            "to_numpy(np.arange(3)); to_numpy([np.float32(1)])\n"
            "try: to_numpy(object())\n"
            "except ConversionError: pass\n"
            "print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout.strip(), done.stderr) == ("[]", "")

    def test_a_user_s_kind_can_be_registered_and_replaced(self):
        from tfnp_ext import register_adapter
        from tfnp_ext.adapters import DenseAdapter, Facts, base

        class Grid:
            pass

        before = {name: list(adapters) for name, adapters in base._BY_NAME.items()}
        try:
            for number in (1, 2):

                @register_adapter
                class GridAdapter(DenseAdapter):
                    kind = "Grid"
                    type_names = (f"{Grid.__module__}.{Grid.__qualname__}",)
                    value = number

                    def view(self, obj):
                        return np.full(2, self.value)

                    def facts(self, obj):
                        return Facts(shape=(2,), dtype="int64")

                assert to_numpy(Grid()).tolist() == [number, number]
            assert isinstance(find_adapter(Grid()).content(Grid()), Dense)
        finally:
            base._BY_NAME.clear()
            base._BY_NAME.update(before)
            base._BY_CLASS.clear()
        with pytest.raises(ConversionError):
            to_numpy(Grid())


@pytest.mark.parametrize("asked", [{"ragged": "rows"}, {"sparse": "csr"}, {"casting": "perhaps"}], ids=str)
def test_a_choice_that_is_none_is_refused_for_every_kind(tf, asked):
    for value in (tf.constant([1.0]), tf.ragged.constant([[1]])):
        with pytest.raises(ConversionError, match="is not one of"):
            to_numpy(value, **asked)
