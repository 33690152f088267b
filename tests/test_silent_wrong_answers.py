"""What TensorFlow or NumPy answer wrongly without a word must be right here, or an error.

One test for each such answer that was measured; each first shows that the plain way still answers so, so that a test
whose cause is gone is noticed.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from contract import assert_frozen, bits

from tfnp_ext import ConversionError, to_numpy
from tfnp_ext.display import mimebundle


@pytest.fixture
def quietly():
    """The plain ways warn of NumPy 2's ``copy`` keyword, which is not what is tested here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2"])
def test_an_immutable_tensor_of_a_small_float_is_not_written_through_its_array(tf, name):
    plain = tf.cast(tf.constant([1.0, 0.0, 1.0]), name)
    np.asarray(plain)[0] = 2
    assert tf.cast(plain, tf.float32).numpy().tolist() == [2, 0, 1]

    tensor = tf.cast(tf.constant([1.0, 0.0, 1.0]), name)
    converted = to_numpy(tensor)
    with pytest.raises(ValueError, match="read-only"):
        converted[0] = 2
    assert_frozen(converted)
    assert tf.cast(tensor, tf.float32).numpy().tolist() == [1, 0, 1]


def test_an_element_cannot_be_written_so_later_epochs_are_whole(tf):
    source = tf.constant([1, 2, 3])
    dataset = tf.data.Dataset.from_tensors(source).cache()
    next(iter(dataset)).__array__()[0] = 99
    assert next(iter(dataset)).numpy().tolist() == source.numpy().tolist() == [99, 2, 3]

    dataset = tf.data.Dataset.from_tensors(tf.constant([1, 2, 3])).cache()
    for element in dataset:
        with pytest.raises(ValueError, match="read-only"):
            to_numpy(element)[0] = 99
        assert_frozen(to_numpy(element))
        to_numpy(element, copy=True)[0] = 99
    assert next(dataset.as_numpy_iterator()).tolist() == [1, 2, 3]


def test_a_variable_is_not_written_without_assign(tf):
    plain = tf.Variable([1.0, 2.0])
    plain.value().__array__()[0] = 5
    assert plain.numpy().tolist() == [5, 2]

    variable = tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        to_numpy(variable)[0] = 5
    assert variable.numpy().tolist() == [1, 2]


def test_ragged_rows_are_not_padded_unless_asked(tf, quietly):
    ragged = tf.ragged.constant([[0, 0], [0]])
    assert tf.keras.ops.convert_to_numpy(ragged).tolist() == [[0, 0], [0, 0]]

    assert [row.tolist() for row in to_numpy(ragged)] == [[0, 0], [0]]
    padded = to_numpy(ragged, ragged="pad", fill_value=-1)
    assert padded.tolist() == [[0, 0], [0, -1]]
    assert "padded" in mimebundle(ragged, result=padded)["text/plain"]


@pytest.mark.parametrize("kind", ["ragged", "sparse", "slices", "replicas", "proto", "dict"])
def test_nothing_is_wrapped_in_an_array_of_rank_0(tf, kind):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    value, expected = {
        "ragged": lambda: (tf.ragged.constant([[1], [2, 3]]), [[1], [2, 3]]),
        "sparse": lambda: (tf.sparse.from_dense([[0, 5]]), [[0, 5]]),
        "slices": lambda: (tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([2, 2])), [[0, 0], [1, 1]]),
        "replicas": lambda: (strategy.run(lambda: tf.constant([7])), [[7], [7]]),
        "proto": lambda: (tf.make_tensor_proto([1, 2]), [1, 2]),
        "dict": lambda: ({"a": tf.constant([1])}, {"a": [1]}),
    }[kind]()
    plain = np.asarray(value)
    assert plain.ndim == 0
    assert plain.dtype == object

    assert listed(to_numpy(value)) == expected


def listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: listed(child) for name, child in value.items()}
    if isinstance(value, tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        return [listed(child) for child in value]
    return value.tolist()


def test_an_object_that_numpy_only_wraps_is_an_error():
    class Wrapped:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
            return np.array(None, dtype=object)

    assert np.asarray(Wrapped()).ndim == 0
    with pytest.raises(ConversionError, match="no array of numbers"):
        to_numpy(Wrapped())


def test_the_sum_of_ragged_rows_is_a_sum(tf):
    ragged = tf.ragged.constant([[1, 2], [3]])
    assert np.sum(ragged) is ragged

    assert sum(row.sum() for row in to_numpy(ragged)) == 6
    assert to_numpy(ragged, ragged="masked").sum() == 6


def test_a_64_bit_length_of_a_gradient_is_not_cut_to_32_bits(tf):
    slices = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0]), tf.constant([2**32 + 3, 2], tf.int64))
    assert tf.convert_to_tensor(slices).shape.as_list() == [3, 2]

    with pytest.raises(ConversionError, match=r"\(4294967299, 2\) float32 would take 32 GiB"):
        to_numpy(slices)


def test_a_row_of_a_negative_index_is_not_dropped(tf):
    slices = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([-1]), tf.constant([3, 2]))
    assert not tf.convert_to_tensor(slices).numpy().any()

    with pytest.raises(ConversionError, match=r"index -1, outside 0 … 2"):
        to_numpy(slices)


def test_the_last_of_two_values_at_one_place_does_not_win(tf):
    twice = tf.SparseTensor([[0, 1], [0, 1]], [2.0, 5.0], [1, 3])
    assert tf.sparse.to_dense(twice, validate_indices=False).numpy().tolist() == [[0, 5, 0]]

    with pytest.raises(ConversionError, match="more than one value at a place"):
        to_numpy(twice)
    assert sorted(to_numpy(twice, sparse="scipy").data.tolist()) == [2, 5]


def test_a_sparse_element_is_made_dense_within_a_bound_and_said_so(tf):
    huge = tf.data.Dataset.from_tensors(tf.SparseTensor([[0, 1]], [5.0], [10**6, 10**6]))
    with pytest.raises(ConversionError, match="max_bytes"):
        to_numpy(next(iter(huge)))
    small = tf.data.Dataset.from_tensors(tf.SparseTensor([[0, 1]], [5.0], [1, 2]))
    assert next(small.as_numpy_iterator()).tolist() == [[0, 5]]

    element = next(iter(small))
    assert to_numpy(element).tolist() == [[0, 5]]
    assert "made dense" in mimebundle(element, result=to_numpy(element))["text/plain"]


def test_a_variable_that_was_never_assigned_is_no_empty_array(tf):
    from tensorflow.python.ops.resource_variable_ops import UninitializedVariable

    variable = UninitializedVariable(shape=(2,), dtype=tf.float32)
    assert variable.numpy().shape == (0,)

    with pytest.raises(ConversionError, match="not initialised"):
        to_numpy(variable)


def test_an_element_that_was_read_or_never_written_is_no_zero(tf):
    read = tf.TensorArray(tf.float32, 2).unstack([[1.0], [2.0]])
    read.read(0)
    unwritten = tf.TensorArray(tf.float32, 2, element_shape=[1]).write(1, [2.0])
    assert unwritten.stack().numpy().tolist() == [[0], [2]]

    for tensors in (read, tf.TensorArray(tf.float32, 2, element_shape=[1]).write(1, [2.0])):
        with pytest.raises(ConversionError, match="element 0 of 2 is not there"):
            to_numpy(tensors)


def test_a_missing_gradient_is_no_nan(tf):
    gradients = [tf.constant(1.0), None]
    assert np.isnan(np.asarray(gradients, dtype=float)[1])

    converted = to_numpy(gradients)
    assert converted[0].tolist() == 1.0
    assert converted[1] is None
    with pytest.raises(ConversionError, match="NoneType"):
        to_numpy(gradients, stack=True)


@pytest.mark.parametrize(
    ("first", "second"),
    [((2**53 + 1, "int64"), (1.0, "float32")), ((2**63, "uint64"), (-1, "int64"))],
    ids=["int64 beside float32", "uint64 beside int64"],
)
def test_an_integer_beside_another_dtype_keeps_its_digits(tf, first, second):
    tensors = [tf.constant(*first), tf.constant(*second)]
    assert np.asarray(tensors).dtype == np.float64

    assert [bits(one) for one in to_numpy(tensors)] == [bits(np.asarray(tensor)) for tensor in tensors]
    with pytest.raises(ConversionError, match="one shape and dtype"):
        to_numpy(tensors, stack=True)
    if first[1] == "int64":
        with pytest.raises(ConversionError, match="cannot hold exactly"):
            to_numpy(tensors[0], dtype="float64")


def test_an_imaginary_part_is_not_dropped(tf, quietly):
    numbers = tf.constant([1 + 2j], tf.complex64)
    assert np.asarray(numbers, dtype="float64").tolist() == [1]

    with pytest.raises(ConversionError, match="from complex down to float"):
        to_numpy(numbers, dtype="float64")
    assert to_numpy(numbers, dtype="float64", casting="unsafe").tolist() == [1]


def test_codes_of_a_quantized_tensor_are_said_to_be_codes(tf):
    codes = tf.quantization.quantize([-1.0, 1.0], -1.0, 1.0, tf.qint8).output
    converted = to_numpy(codes)

    assert bits(converted) == bits(np.asarray(codes))
    assert "raw codes" in mimebundle(codes, result=converted)["text/plain"]
    assert "qint8" in mimebundle(codes)["text/plain"]


def test_a_trailing_nul_of_a_string_stays(tf):
    assert np.array([b"ab\x00"]).tolist() == [b"ab"]

    assert to_numpy(tf.constant([b"ab\x00"])).tolist() == [b"ab\x00"]
    assert to_numpy(tf.constant(b"ab\x00")).item() == b"ab\x00"


def test_a_trailing_nul_of_a_saved_string_stays(tf, tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable(b"ab\x00")).write(str(tmp_path / "saved"))
    (converted,) = to_numpy(tf.train.load_checkpoint(path)).values()
    assert converted.item() == b"ab\x00"


def test_bytes_of_an_example_are_no_blank_tensor(tf):
    from tensorflow.core.framework import tensor_pb2

    example = tf.train.Example()
    example.features.feature["a"].int64_list.value.append(7)
    data = example.SerializeToString()
    assert tensor_pb2.TensorProto.FromString(data).dtype == 0

    assert {name: values.tolist() for name, values in to_numpy(data).items()} == {"a": [7]}
    with pytest.raises(ConversionError, match="TensorProto is blank"):
        to_numpy(tensor_pb2.TensorProto.FromString(data))
    with pytest.raises(ConversionError, match="bytes of length 0"):
        to_numpy(b"")


def test_the_sum_over_replicas_is_said_to_be_one_and_the_parts_can_be_had(tf):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        total = tf.Variable(
            [2.0, 3.0], synchronization=tf.VariableSynchronization.ON_READ, aggregation=tf.VariableAggregation.SUM
        )
    assert total.numpy().tolist() == [4, 6]

    assert to_numpy(total).tolist() == [4, 6]
    assert "sum over 2 replicas" in mimebundle(total)["text/plain"]
    assert [to_numpy(part).tolist() for part in total.values] == [[2, 3], [2, 3]]


def test_a_dataset_is_not_believed_to_have_as_many_elements_as_somebody_said(tf):
    dataset = tf.data.Dataset.range(5).apply(tf.data.experimental.assert_cardinality(7))
    assert int(dataset.cardinality()) == 7

    with pytest.raises(ConversionError, match="contained only 5 elements"):
        to_numpy(dataset)


@pytest.mark.parametrize("name", ["bfloat16", "int4"])
def test_a_small_dtype_is_named_where_numpy_s_own_file_would_lose_it(tf, tmp_path, name):
    converted = to_numpy(tf.cast(tf.constant([1, 2]), tf.bfloat16) if name == "bfloat16" else small(tf, name))
    np.save(tmp_path / "a.npy", converted)
    assert np.load(tmp_path / "a.npy").dtype != converted.dtype

    assert converted.dtype.name == name
    wide = "int8" if name == "int4" else "float32"
    np.save(tmp_path / "b.npy", to_numpy(converted, dtype=wide))
    assert np.load(tmp_path / "b.npy").tolist() == [1, 2]


def small(tf: Any, name: str) -> Any:
    import ml_dtypes

    return tf.constant(np.array([1, 2]).astype(getattr(ml_dtypes, name)))
