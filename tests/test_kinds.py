"""``to_numpy`` for objects that hold tensors: messages, tables, modules, layers, replicas and the like.

Every value is a real one, and what it becomes is compared with TensorFlow's or NumPy's own answer, bit for bit.
``convert`` is the measure of all: it refuses warnings, and the card of what came out has to be a real card.
"""

import copy
import dataclasses
import json
import subprocess
import sys
import warnings
import weakref
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from contract import assert_frozen, assert_same, bits

from tfnp_ext import ConversionError, SymbolicTensorError, summarize, to_numpy
from tfnp_ext.display import mimebundle


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: Any
    b: int = 0


@dataclasses.dataclass
class Outer:
    inner: Any
    name: str
    unset: Any = dataclasses.field(init=False)


def convert(obj: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        converted = to_numpy(obj, **options)
        card = mimebundle(obj, result=converted)
    assert card is not None
    assert card["text/plain"].strip()
    for text in card.values():
        assert "[no card" not in text, text
    return converted


def refuse(obj: Any, match: str, error: type[Exception] = ConversionError, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match=match) as caught:
            to_numpy(obj, **options)
    assert "\n" not in str(caught.value)


def array(*values: Any, dtype: Any) -> np.ndarray:
    made = np.empty(len(values), dtype=dtype)
    made[:] = values
    return made


@pytest.fixture
def example(tf) -> Any:
    made = tf.train.Example()
    made.features.feature["f"].float_list.value.extend([1.5, -0.0, float("nan")])
    made.features.feature["i"].int64_list.value.extend([2**62 + 1, -3])
    made.features.feature["s"].bytes_list.value.extend([b"\xff\x00", b""])
    made.features.feature["none"].SetInParent()
    return made


EXAMPLE = {
    "f": array(1.5, -0.0, np.nan, dtype=np.float32),
    "i": array(2**62 + 1, -3, dtype=np.int64),
    "s": array(b"\xff\x00", b"", dtype=object),
    "none": array(dtype=np.float32),
}


@pytest.fixture
def sequence(tf) -> Any:
    made = tf.train.SequenceExample()
    made.context.feature["w"].int64_list.value.append(3)
    made.feature_lists.feature_list["w"].feature.add().bytes_list.value.extend([b"x", b"yz"])
    made.feature_lists.feature_list["w"].feature.add().bytes_list.value.append(b"")
    return made


SEQUENCE = {
    "context/w": array(3, dtype=np.int64),
    "w": [array(b"x", b"yz", dtype=object), array(b"", dtype=object)],
}


class TestExamples:
    def test_an_example_is_a_dict_of_arrays_and_is_left_alone(self, example):
        before = example.SerializeToString(deterministic=True)

        assert_same(convert(example), EXAMPLE)
        assert_same(convert(example.features), EXAMPLE)
        assert example.SerializeToString(deterministic=True) == before

    def test_tensorflow_parses_the_same_values(self, tf, example):
        parsed = tf.io.parse_single_example(
            example.SerializeToString(),
            {
                "f": tf.io.FixedLenFeature([3], tf.float32),
                "i": tf.io.FixedLenFeature([2], tf.int64),
                "s": tf.io.FixedLenFeature([2], tf.string),
            },
        )
        converted = convert(example)
        for name, tensor in parsed.items():
            assert bits(converted[name]) == bits(tensor.numpy())

    def test_the_bytes_of_an_example_are_the_same_alone_and_in_a_list(self, example):
        data = example.SerializeToString()

        assert_same(convert(data), EXAMPLE)
        assert_same(convert([data, data]), [EXAMPLE, EXAMPLE])

    def test_a_sequence_example_and_its_bytes_keep_context_and_lists_apart(self, sequence):
        before = sequence.SerializeToString(deterministic=True)

        assert_same(convert(sequence), SEQUENCE)
        assert_same(convert(sequence.SerializeToString()), SEQUENCE)
        assert sequence.SerializeToString(deterministic=True) == before

    @pytest.mark.parametrize("name", ["f", "i", "s", "none"])
    def test_a_feature_is_the_array_of_its_list_and_the_users_own(self, example, name):
        feature = example.features.feature[name]
        before = feature.SerializeToString()

        converted = convert(feature)

        assert bits(converted) == bits(EXAMPLE[name])
        converted[...] = 0
        assert feature.SerializeToString() == before

    def test_a_value_list_is_its_array(self, tf):
        assert bits(convert(tf.train.FloatList(value=[0.1, 2]))) == bits(array(0.1, 2, dtype=np.float32))
        assert bits(convert(tf.train.Int64List(value=[-(2**63)]))) == bits(array(-(2**63), dtype=np.int64))
        assert bits(convert(tf.train.BytesList(value=[b"a\0"]))) == bits(array(b"a\0", dtype=object))

    def test_options_reach_the_arrays(self, example):
        assert convert(example.features.feature["f"], dtype="float64").dtype == np.float64
        refuse(example.features.feature["f"], "without a copy", copy=False)
        refuse(example, r"\['f'\].*", dtype=np.int64, casting="safe")

    @pytest.mark.parametrize("data", [b"", b"hello world", b"\x0a\x03abc"])
    def test_other_bytes_are_refused(self, data):
        refuse(data, f"bytes of length {len(data)} are neither")

    def test_bytes_of_other_messages_are_not_guessed_to_be_an_example(self, tf, example):
        train, v1 = tf.train, tf.compat.v1
        lists = [
            train.FeatureList(feature=[train.Feature(float_list=train.FloatList(value=[x])) for x in (1.0, 2.0)]),
            train.FeatureList(feature=[train.Feature(bytes_list=train.BytesList(value=[x])) for x in (b"x", b"y")]),
        ]
        others = [
            example.features,
            *lists,
            train.FeatureLists(feature_list={"a": lists[0]}),
            v1.Summary(value=[v1.Summary.Value(tag="loss", simple_value=0.5)]),
            v1.ConfigProto(device_count={"CPU": 1}),
            tf.TensorShape([1, 2]).as_proto(),
        ]
        for message in others:
            refuse(message.SerializeToString(), "are neither a serialized tensor nor")

    def test_bytes_of_two_messages_are_refused_rather_than_the_first_lost(self, tf, example):
        for data in (tf.io.serialize_tensor(tf.constant(1.0)).numpy(), example.SerializeToString()):
            refuse(data + data, "are neither a serialized tensor nor")

    def test_a_feature_may_have_no_name(self, tf):
        made = tf.train.Example()
        made.features.feature[""].int64_list.value.append(7)
        assert_same(convert(made.SerializeToString()), {"": array(7, dtype=np.int64)})

    def test_the_values_of_a_repeated_field_keep_their_nuls(self, tf):
        assert bits(convert(tf.train.BytesList(value=[b"a\0", b"bb\0\0"]).value)) == bits(
            array(b"a\0", b"bb\0\0", dtype=object)
        )
        assert bits(convert(tf.train.FloatList(value=[0.1]).value)) == bits(array(0.1, dtype=np.float32))
        assert bits(convert(tf.make_tensor_proto([b"x\0"]).string_val)) == bits(array(b"x\0", dtype=object))
        refuse(tf.train.Int64List(value=[1]).value, "without a copy", copy=False)


class TestGraphMessages:
    def test_the_constant_of_a_node_is_its_tensor(self, tf):
        values = np.array([[1.5, -0.0], [np.nan, 3]], dtype=np.float32)
        node = tf.compat.v1.NodeDef(op="Const", name="c")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
        before = node.SerializeToString(deterministic=True)

        assert bits(convert(node)) == bits(values)
        assert bits(convert(node.attr["value"])) == bits(values)
        assert node.SerializeToString(deterministic=True) == before

    @pytest.mark.parametrize(
        ("dtype", "stray"),
        [("float32", "int_val"), ("int32", "float_val"), ("int64", "int_val"), ("bool", "int_val"),
         ("complex64", "float_val"), ("string", "int_val"), ("float8_e5m2", "int_val")],
    )  # fmt: skip
    def test_values_where_the_dtype_keeps_none_are_refused_rather_than_read_as_zeros(self, tf, dtype, stray):
        from tensorflow.core.framework import tensor_pb2

        proto = tensor_pb2.TensorProto(dtype=tf.as_dtype(dtype).as_datatype_enum)
        proto.tensor_shape.dim.add().size = 2
        getattr(proto, stray).extend([1, 2])
        refuse(proto, f"has values in {stray}, where no {dtype} is kept")

    def test_half_a_complex_number_is_refused(self, tf):
        from tensorflow.core.framework import tensor_pb2

        proto = tensor_pb2.TensorProto(dtype=8, scomplex_val=[1, 2, 3])
        proto.tensor_shape.dim.add().size = 2
        refuse(proto, "one is missing")

    def test_a_quantized_proto_is_its_codes(self, tf):
        proto = tf.make_tensor_proto(np.array([1, 200], np.uint8), dtype=tf.quint8)
        assert bits(convert(proto)) == bits(np.array([1, 200], np.uint8))

    def test_another_node_and_a_blank_one_are_refused(self, tf):
        refuse(tf.compat.v1.NodeDef(op="Const", name="cut"), "'cut' is a Const node without its value")
        refuse(tf.compat.v1.NodeDef(op="Add", name="sum"), "'sum' is a Add node")
        refuse(tf.compat.v1.NodeDef(), "blank node")

    @pytest.mark.parametrize(
        ("field", "value", "expected"),
        [
            ("i", 2**40, np.array(2**40, dtype=np.int64)),
            ("f", 0.1, np.array(0.1, dtype=np.float32)),
            ("b", True, np.array(True)),
        ],
    )
    def test_an_attribute_that_is_a_number_is_an_array_of_rank_0(self, tf, field, value, expected):
        assert bits(convert(tf.compat.v1.AttrValue(**{field: value}))) == bits(expected)

    def test_an_attribute_that_is_a_list_is_a_vector(self, tf):
        ints, strings = tf.compat.v1.AttrValue(), tf.compat.v1.AttrValue()
        ints.list.i.extend([1, -2])
        strings.list.s.extend([b"NHWC"])

        assert bits(convert(ints)) == bits(array(1, -2, dtype=np.int64))
        assert bits(convert(strings)) == bits(array(b"NHWC", dtype=object))
        assert convert(tf.compat.v1.AttrValue(s=b"a\0")).item() == b"a\0"

    def test_an_attribute_of_another_kind_is_refused(self, tf):
        refuse(tf.compat.v1.AttrValue(type=1), "holds type")
        refuse(tf.compat.v1.AttrValue(), "holds nothing")


class TestKerasInputs:
    @pytest.mark.parametrize("kind", ["sparse", "ragged", ""])
    def test_one_says_that_its_value_is_sparse_or_ragged(self, tf, kind):
        symbol = tf.keras.Input((None,), name="x", **({kind: True} if kind else {}))
        said = mimebundle(symbol)["text/plain"].splitlines()[0]
        assert said == f"KerasTensor x (None, None) float32   {f'{kind} · ' if kind else ''}symbolic"


class TestTensorArrays:
    @pytest.mark.parametrize("clear", [True, False])
    @pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "bfloat16", "string"])
    def test_it_is_stacked_and_left_unconsumed(self, tf, dtype, clear):
        values = tf.constant([b"a", b"b"]) if dtype == "string" else tf.cast([0, 1], dtype)
        tensors = tf.TensorArray(dtype, 2, clear_after_read=clear, element_shape=[2])
        tensors = tensors.write(0, values).write(1, values[::-1])

        converted = convert(tensors)

        assert bits(convert(tensors)) == bits(converted)  # once more: nothing was consumed
        converted[...] = converted[0, 0]
        assert bits(to_numpy(tensors)) == bits(np.stack([values.numpy(), values.numpy()[::-1]]))
        assert bits(tensors.stack().numpy()) == bits(np.stack([values.numpy(), values.numpy()[::-1]]))

    def test_a_card_counts_its_elements_without_an_operation(self, tf):
        tensors = tf.TensorArray(tf.float32, 3, element_shape=[2]).write(1, [1.0, 2.0])
        assert summarize(tensors).shape == (3, 2)
        assert tensors.read(1).numpy().tolist() == [1.0, 2.0]  # it was not consumed
        growing = tf.TensorArray(tf.int32, 0, dynamic_size=True, element_shape=[])
        assert summarize(growing).shape == (0,)
        assert summarize(growing.write(0, 1).write(1, 2)).shape == (2,)
        unknown = summarize(tf.TensorArray(tf.float32, 3))
        assert (unknown.shape, unknown.reason) == (None, "reading consumes 3 elements, %tonumpy does not")
        in_tree = mimebundle([tf.TensorArray(tf.float32, 3), tensors])["text/plain"].splitlines()
        assert in_tree[1].endswith("float32  reading consumes 3 elements, %tonumpy does not")
        assert in_tree[2].startswith("[1]  (3, 2)  float32  ")
        said = []

        @tf.function
        def inside():
            shaped, shapeless = tf.TensorArray(tf.float32, 3, element_shape=[2]), tf.TensorArray(tf.float32, 3)
            said.extend([summarize(shaped).shape, summarize(shapeless).shape, summarize(shapeless).reason])
            said.append(len(tf.compat.v1.get_default_graph().get_operations()))
            summarize(shaped)
            said.append(len(tf.compat.v1.get_default_graph().get_operations()))

        inside()
        assert said[:3] == [(None, 2), None, "reading consumes its elements, %tonumpy does not"]
        assert said[3] == said[4]

    def test_an_unwritten_element_and_one_that_was_read_are_errors(self, tf):
        tensors = tf.TensorArray(tf.float32, 3).write(0, [1.0, 2.0])
        refuse(tensors, "element 1 of 3 is not there: never written")
        tensors = tf.TensorArray(tf.float32, 2).unstack(tf.ones((2, 3)))
        tensors.read(1)
        refuse(tensors, "element 1 of 2 is not there: never written, or read already")

    def test_elements_of_different_shapes_and_none_at_all_are_errors(self, tf):
        tensors = tf.TensorArray(tf.float32, 2, infer_shape=False).write(0, [1.0]).write(1, [1.0, 2.0])
        refuse(tensors, r"different shapes, \(1,\) and \(2,\)")
        refuse(tf.TensorArray(tf.float32, 0), "no elements")

    def test_inside_a_function_it_is_refused(self, tf):
        said = []

        @tf.function
        def inside():
            tensors = tf.TensorArray(tf.float32, 1).write(0, 1.0)
            try:
                to_numpy(tensors)
            except ConversionError as error:
                said.append(str(error))
            return tensors.stack()

        assert inside().numpy().tolist() == [1.0]
        assert len(said) == 1
        assert "lives in a graph" in said[0]


class TestObjects:
    def test_an_optional_is_its_value_or_an_error(self, tf):
        tensor = tf.constant([[1.5, -0.0]])
        converted = convert(tf.experimental.Optional.from_value(tensor))

        assert bits(converted) == bits(tensor.numpy())
        assert_frozen(converted)
        nested = convert(tf.experimental.Optional.from_value({"a": tensor, "b": (tf.constant(3),)}))
        assert_same(nested, {"a": tensor.numpy(), "b": (np.array(3, dtype=np.int32),)})
        refuse(tf.experimental.Optional.empty(tf.TensorSpec((), tf.int32)), "Optional is empty")

    def test_an_extension_type_is_a_dict_of_its_fields(self, tf):
        class Masked(tf.experimental.ExtensionType):
            values: tf.Tensor
            mask: tf.Tensor
            axis: int

        values = tf.constant([[1, 2], [3, 4]])
        converted = convert(Masked(values, tf.constant([True, False]), 7))

        assert_same(converted, {"values": values.numpy(), "mask": np.array([True, False]), "axis": 7})
        assert np.shares_memory(converted["values"], np.asarray(values))
        assert_frozen(converted["values"])
        own = convert(Masked(values, tf.constant([True, False]), 7), copy=True)["values"]
        own[...] = 0
        assert values.numpy().tolist() == [[1, 2], [3, 4]]

    def test_a_structured_tensor_is_a_dict_of_its_fields(self, tf):
        from tensorflow.python.ops.structured.structured_tensor import StructuredTensor

        structured = StructuredTensor.from_pyval(
            [{"a": 1, "b": [1, 2], "c": {"d": 0.5}}, {"a": 2, "b": [3], "c": {"d": 1.5}}]
        )
        converted = convert(structured)

        assert list(converted) == list(structured.field_names())
        assert bits(converted["a"]) == bits(structured.field_value("a").numpy())
        assert [row.tolist() for row in converted["b"]] == structured.field_value("b").to_list()
        assert_same(converted["c"], {"d": structured.field_value(("c", "d")).numpy()})
        assert convert(structured, ragged="pad")["b"].tolist() == [[1, 2], [3, 0]]

    def test_a_generator_is_its_state_and_later_draws_do_not_reach_it(self, tf):
        generator = tf.random.Generator.from_seed(1)
        before = generator.state.numpy()

        converted = convert(generator)
        drawn = generator.normal((3,)).numpy()

        assert bits(converted) == bits(before)
        assert not np.array_equal(generator.state.numpy(), before)
        assert_frozen(converted)
        assert tf.random.Generator.from_seed(1).normal((3,)).numpy().tolist() == drawn.tolist()

    def test_a_seed_generator_is_its_state(self, tf):
        keras = pytest.importorskip("keras")
        seeds = keras.random.SeedGenerator(5)
        before = seeds.state.numpy().copy()

        converted = convert(seeds)
        seeds.next()

        assert bits(converted) == bits(before)
        assert not np.array_equal(seeds.state.numpy(), before)
        assert_frozen(converted)

    def test_a_checkpoint_reader_is_its_variables_by_name(self, tf, tmp_path):
        half = tf.constant([1.5, -2.0], tf.bfloat16)
        path = tf.train.Checkpoint(v=tf.Variable([[1.0, 2.0]]), h=tf.Variable(half)).save(str(tmp_path / "saved"))
        reader = tf.train.load_checkpoint(path)

        converted = convert(reader)

        names = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
        assert set(converted) == names
        for name in names:
            assert bits(converted[name]) == bits(np.asarray(reader.get_tensor(name)))
        assert bits(converted["h/.ATTRIBUTES/VARIABLE_VALUE"]) == bits(half.numpy())
        converted["v/.ATTRIBUTES/VARIABLE_VALUE"][...] = 0
        assert reader.get_tensor("v/.ATTRIBUTES/VARIABLE_VALUE").tolist() == [[1.0, 2.0]]

    def test_a_history_is_its_curves(self, tf):
        keras = pytest.importorskip("keras")
        history = keras.callbacks.History()
        refuse(history, "no curve yet")
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0)
        before = copy.deepcopy(history.history)

        assert_same(convert(history), {name: np.array(curve) for name, curve in before.items()})
        assert set(before) == {"loss", "mae"}
        assert history.history == before

    def test_specs_and_shapes_are_refused_and_shown(self, tf):
        refuse(tf.TensorSpec((2, None), tf.float32), "describes values and holds none")
        refuse(tf.RaggedTensorSpec((2, None), tf.float32), "describes values and holds none")
        refuse(tf.TensorShape([1, None]), r"use tuple\(shape\)")
        refuse([tf.TensorShape([1])], "holds nothing tensor-like")


class TestTables:
    def test_a_static_table_is_its_keys_and_values(self, tf):
        keys, values = ["a", "b", "ü"], [1, 2, 3]
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)

        converted = convert(table)

        assert bits(converted["values"]) == bits(table.lookup(tf.constant(converted["keys"])).numpy())
        assert {key.decode() for key in converted["keys"]} == set(keys)
        assert converted["keys"].dtype == object
        assert int(table.size()) == 3

    @pytest.mark.parametrize("mode", ["int", "multi_hot", "tf_idf"])
    def test_a_layer_that_looks_tokens_up_is_its_vocabulary(self, tf, mode):
        layer = tf.keras.layers.TextVectorization(output_mode=mode)
        refuse(layer, f"TextVectorization '{layer.name}' has no vocabulary yet: adapt it to data")
        layer.adapt(tf.constant(["the cat sat", "a dog sat"]))

        converted = convert(layer)

        assert converted["vocabulary"].tolist() == layer.get_vocabulary()
        assert {type(token) for token in converted["vocabulary"]} == {str}
        said = mimebundle(layer)["text/plain"].splitlines()[1]
        assert said.split()[:2] == ["vocabulary", f"({layer.vocabulary_size()},)"]
        if mode == "tf_idf":
            (weights,) = (value for name, value in converted.items() if name.endswith("idf_weights"))
            assert bits(weights) == bits(layer._lookup_layer.idf_weights.numpy())

    def test_a_vocabulary_of_numbers_is_numbers(self, tf):
        layer = tf.keras.layers.IntegerLookup(vocabulary=[30, 10, 20])
        assert_same(convert(layer), {"vocabulary": np.array([-1, 30, 10, 20])})
        words = tf.keras.layers.StringLookup(vocabulary=["b", "a"], num_oov_indices=0, invert=True)
        assert convert(words)["vocabulary"].tolist() == ["b", "a"]

    def test_a_mutable_table_is_what_it_holds_now(self, tf):
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.float32, [0.0, 0.0])
        assert_same(convert(table), {"keys": array(dtype=object), "values": np.empty((0, 2), np.float32)})
        table.insert(tf.constant(["x", "y"]), tf.constant([[1.0, 2.0], [3.0, 4.0]]))

        converted = convert(table)
        table.insert(tf.constant(["x"]), tf.constant([[9.0, 9.0]]))

        assert dict(zip(converted["keys"], converted["values"].tolist(), strict=True)) == {b"x": [1, 2], b"y": [3, 4]}

    @pytest.mark.parametrize("inner", [(), (1,), (2,)], ids=str)
    def test_a_dense_table_leaves_empty_and_deleted_buckets_out(self, tf, inner):
        values = np.arange(3 * int(np.prod(inner)), dtype=np.int64).reshape(3, *inner)
        table = tf.lookup.experimental.DenseHashTable(
            tf.int64, tf.int64, tf.zeros(inner, tf.int64), empty_key=-1, deleted_key=-2
        )
        assert len(convert(table)["keys"]) == 0
        table.insert(tf.constant([3, 4, 5], tf.int64), tf.constant(values))
        table.remove(tf.constant([4], tf.int64))

        converted = convert(table)

        assert sorted(converted["keys"].tolist()) == [3, 5]
        assert bits(converted["values"]) == bits(table.lookup(tf.constant(converted["keys"])).numpy())
        assert int(table.size()) == 2

    def test_a_dense_table_with_keys_of_rank_1(self, tf):
        table = tf.lookup.experimental.DenseHashTable(
            tf.int64, tf.float32, 0.0, empty_key=[-1, -1], deleted_key=[-2, -2]
        )
        table.insert(tf.constant([[-1, 5], [6, -2]], tf.int64), tf.constant([1.5, 2.5]))

        converted = convert(table)

        assert sorted(converted["keys"].tolist()) == [[-1, 5], [6, -2]]
        assert bits(converted["values"]) == bits(table.lookup(tf.constant(converted["keys"])).numpy())

    def test_a_vocabulary_table_is_the_table_it_rests_on(self, tf):
        table = tf.lookup.StaticVocabularyTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64)), 1
        )
        converted = convert(table)

        assert sorted(converted["keys"].tolist()) == [b"a", b"b"]
        assert bits(converted["values"]) == bits(table.lookup(tf.constant(converted["keys"])).numpy())

    def test_a_table_without_a_list_of_its_keys_is_refused(self, tf):
        refuse(tf.lookup.StaticVocabularyTable(None, 3, lookup_key_dtype=tf.string), "holds no keys")


class TestModules:
    def test_a_module_is_its_variables_by_attribute(self, tf):
        class Model(tf.Module):
            def __init__(self):
                super().__init__("m")
                self.w = tf.Variable([1.0, 2.0], name="same")
                self.sub = [tf.Variable(2, name="same")]
                self.both = {"a/b": tf.Variable(3.0), "a": {"b": tf.Variable(4.0)}}

        model = Model()
        converted = convert(model)

        assert sorted(converted) == ["both/a/b", "both/a/b#2", "sub/0", "w"]
        assert {float(converted[path]) for path in ("both/a/b", "both/a/b#2")} == {3.0, 4.0}
        assert bits(converted["sub/0"]) == bits(np.array(2, dtype=np.int32))
        assert len(converted) == len(model.variables)
        model.w.assign([8.0, 9.0])
        assert converted["w"].tolist() == [1.0, 2.0]
        assert_frozen(converted["w"])

    def test_a_module_without_variables_is_refused(self, tf):
        refuse(tf.Module(), "has no variables")

    def test_a_model_and_its_layers_are_their_weights_by_path(self, tf):
        keras = pytest.importorskip("keras")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d"), keras.layers.Dense(2, name="e")])

        converted = convert(model)

        assert list(converted) == ["d/kernel", "d/bias", "e/kernel", "e/bias"]
        for found, weight in zip(converted.values(), model.get_weights(), strict=True):
            assert bits(found) == bits(weight)
        layer = convert(model.layers[0])
        assert list(layer) == ["kernel", "bias"]
        model.layers[0].kernel.assign(np.zeros((4, 3)))
        assert np.any(layer["kernel"])
        assert_frozen(layer["kernel"])

    def test_two_layers_of_one_name_lose_nothing(self, tf):
        keras = pytest.importorskip("keras")

        class Pair(keras.layers.Layer):
            def __init__(self):
                super().__init__(name="pair")
                self.first, self.second = (keras.layers.Dense(2, name="d") for _ in range(2))

            def build(self, shape):
                self.first.build(shape)
                self.second.build(shape)

            def call(self, x):
                return self.first(x) + self.second(x)

        pair = Pair()
        pair(np.ones((1, 3), np.float32))
        converted = convert(pair)

        assert len(converted) == len(pair.weights) == 4
        assert [bits(found) for found in converted.values()] == [bits(weight) for weight in pair.get_weights()]
        assert sum(path.endswith("#2") for path in converted) == 2

    def test_a_layer_that_is_not_built_and_one_without_weights_are_refused(self, tf):
        keras = pytest.importorskip("keras")
        refuse(keras.layers.Dense(3, name="new"), "Dense 'new' is not built")
        refuse(keras.Sequential([keras.layers.Dense(3)], name="later"), "'later' is not built")
        layer = keras.layers.Flatten(name="flat")
        layer(np.ones((1, 2, 2), np.float32))
        refuse(layer, "'flat' has no weights")

    def test_an_optimizer_is_its_state(self, tf):
        keras = pytest.importorskip("keras")
        weight = keras.Variable([1.0, 2.0], name="w")
        optimizer = keras.optimizers.Adam(0.5)
        optimizer.build([weight])
        optimizer.apply([tf.constant([1.0, -1.0])])

        converted = convert(optimizer)

        assert [bits(found) for found in converted.values()] == [
            bits(np.asarray(v.numpy())) for v in optimizer.variables
        ]
        assert int(converted["iteration"]) == 1
        assert float(converted["learning_rate"]) == 0.5
        optimizer.apply([tf.constant([1.0, -1.0])])
        assert int(converted["iteration"]) == 1

    def test_a_metric_is_its_state(self, tf):
        keras = pytest.importorskip("keras")
        mean = keras.metrics.Mean()
        mean.update_state([1.0, 2.0, 6.0])

        converted = convert(mean)

        assert {name: float(value) for name, value in converted.items()} == {"total": 9.0, "count": 3.0}
        assert float(mean.result()) == 3.0


class TestTrackables:
    def test_a_loaded_model_and_a_checkpoint_are_what_would_be_saved(self, tf, tmp_path):
        keras = pytest.importorskip("keras")
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
        model.export(str(tmp_path / "exported"), verbose=False)
        loaded = tf.saved_model.load(str(tmp_path / "exported"))

        converted = convert(loaded)
        assert {"variables/0", "variables/1"} <= set(converted)
        assert {bits(value) for value in converted.values()} == {bits(weight) for weight in model.get_weights()}

        own = tf.Variable([1.5])
        checkpoint = tf.train.Checkpoint(step=tf.Variable(3), nested=tf.train.Checkpoint(v=own), model=model)
        converted = convert(checkpoint)
        assert converted["step"].tolist() == 3
        assert np.shares_memory(converted["nested/v"], np.asarray(own.value()))
        assert len(converted) >= 4
        refuse(tf.train.Checkpoint(), "Checkpoint has no variables")


class TestContainers:
    def test_a_frozen_dataclass_keeps_its_class_and_the_source_its_tensors(self, tf):
        tensor = tf.constant([1.0])
        source = Frozen(tensor, 3)

        converted = convert(source)

        assert type(converted) is Frozen
        assert converted.b == 3
        assert bits(converted.a) == bits(tensor.numpy())
        assert_frozen(converted.a)
        assert source.a is tensor

    def test_a_nested_dataclass_with_an_unset_field(self, tf):
        tensor = tf.constant([[1, 2]])
        source = Outer([Frozen(tensor), None], "n")

        converted = convert(source)

        assert type(converted) is Outer
        assert converted.name == "n"
        assert not hasattr(converted, "unset")
        assert type(converted.inner[0]) is Frozen
        assert np.shares_memory(converted.inner[0].a, np.asarray(tensor))
        assert converted.inner[1] is None
        assert source.inner[0].a is tensor
        refuse(Outer([1], "n"), "holds nothing tensor-like")

    def test_the_tracked_containers_of_tensorflow_are_plain_in_the_end_and_left_alone(self, tf):
        module = tf.Module()
        module.d = {"a": tf.Variable([1.0]), "n": [tf.constant([2])]}
        module.l = [tf.constant([3.0]), {"x": tf.Variable(4.0)}]
        module.t = (tf.constant(5), None)
        assert type(module.d) is not dict
        assert type(module.l) is not list
        kept = module.d["a"], module.d["n"][0], module.l[0], module.l[1]["x"], module.t[0]

        found = convert(module.d)
        assert isinstance(found, dict)
        assert bits(found["a"]) == bits(np.array([1.0], np.float32))
        assert bits(found["n"][0]) == bits(np.array([2], np.int32))
        items = convert(module.l)
        assert type(items) is list
        assert bits(items[0]) == bits(np.array([3.0], np.float32))
        assert bits(items[1]["x"]) == bits(np.array(4.0, np.float32))
        assert_same(convert(module.t), (np.array(5, np.int32), None))
        now = module.d["a"], module.d["n"][0], module.l[0], module.l[1]["x"], module.t[0]
        assert all(one is other for one, other in zip(kept, now, strict=True))

    @pytest.mark.parametrize("name", ["qint8", "quint8", "qint16", "quint16", "qint32"])
    def test_quantized_tensors_are_raw_codes_and_their_cards_say_so(self, tf, name):
        tensor = tf.bitcast(tf.constant([1, 100], name[1:]), name)
        before = np.array(tensor)

        converted = convert(tensor)

        assert converted.dtype.kind in "iu"
        assert converted.tolist() == before.tolist() == [1, 100]
        assert np.array(tensor).tolist() == before.tolist()
        assert_frozen(converted)
        assert "raw codes" in mimebundle(tensor, result=converted)["text/plain"]

    def test_a_variant_is_told_by_its_class_not_by_its_parameters(self, tf):
        dataset = tf.data.Dataset.range(5)._variant_tensor
        held = {
            "RangeDatasetOp": dataset,
            "RaggedTensorVariant": tf.ragged.constant([[1], [2, 3]])._to_variant(),
            "OptionalVariant": tf.experimental.Optional.from_value(tf.constant(1.0))._variant_tensor,
            "TensorList": tf.raw_ops.EmptyTensorList(element_shape=[2], max_num_elements=3, element_dtype=tf.float32),
        }
        held |= {"RangeDatasetOp ": tf.stack([dataset, dataset])}
        for name, variant in held.items():
            said = mimebundle(variant)["text/plain"].splitlines()[1]
            assert said == f"holds {name.strip()}, no numbers or strings: convert what it was made of"

    def test_a_variant_and_a_resource_are_refused_with_what_they_are(self, tf):
        variant = tf.raw_ops.TensorListFromTensor(tensor=tf.ones((2, 2)), element_shape=tf.constant([2]))
        refuse(variant, r"variant holds TensorList, no numbers or strings: convert what it was made of")
        refuse(tf.data.Dataset.range(3)._variant_tensor, "variant holds .*RangeDataset")
        refuse(tf.Variable([1.0], name="w").handle, r"is only a handle of tensorflow::Var .*such as the variable")
        refuse({"a": variant}, r"^\['a'\]: .*variant")

    def test_a_weak_reference_is_what_it_stands_for(self, tf):
        tensor, variable = tf.constant([[1.5, -0.0]]), tf.Variable([1, 2])

        converted = convert(weakref.proxy(tensor))

        assert bits(converted) == bits(tensor.numpy())
        assert_frozen(converted)
        assert bits(convert(weakref.proxy(variable))) == bits(variable.numpy())

    def test_symbols_inside_an_object_say_that_they_are_symbols(self, tf):
        said = []

        @tf.function
        def inside(x):
            try:
                to_numpy(Frozen(x))
            except SymbolicTensorError as error:
                said.append(str(error))
            return x

        inside(tf.constant([1.0]))
        assert len(said) == 1


class TestStack:
    def test_a_list_of_losses_becomes_a_vector_of_the_users_own(self, tf):
        losses = [tf.constant(1.5), tf.Variable(2.5), tf.constant(-0.0)]

        converted = to_numpy(losses, stack=True)

        assert bits(converted) == bits(tf.stack(losses).numpy())
        converted[...] = 0
        assert [float(loss) for loss in losses] == [1.5, 2.5, 0.0]

    @pytest.mark.parametrize("kind", ["float64", "int8", "bool", "string", "bfloat16"])
    def test_depth_becomes_rank(self, tf, kind):
        tensor = tf.constant([b"a", b"\xff"]) if kind == "string" else tf.cast([0, 1], kind)

        converted = to_numpy([(tensor, tensor), [tensor, tensor[::-1]], (tensor, tensor)], stack=True)

        expected = [[tensor, tensor], [tensor, tensor[::-1]], [tensor, tensor]]
        assert bits(converted) == bits(np.stack([np.stack([leaf.numpy() for leaf in row]) for row in expected]))

    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (lambda tf: [tf.constant(1.0), tf.constant(2)], "one shape and dtype"),
            (lambda tf: [tf.constant([1.0]), tf.constant([1.0, 2.0])], "one shape and dtype"),
            (lambda tf: [tf.constant(1.0), None], "not NoneType"),
            (lambda tf: [tf.constant(1.0), 2.0], "not float"),
            (lambda tf: {"a": tf.constant(1.0)}, "not dict"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, tf, make, match):
        refuse(make(tf), match, stack=True)

    def test_a_tensor_alone_is_as_without_stack(self, tf):
        tensor = tf.constant([1, 2])
        assert np.shares_memory(to_numpy(tensor, stack=True), np.asarray(tensor))


DEVICES = r"""
import json, sys, warnings
import numpy as np
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import keras
from tensorflow.experimental import dtensor
from tfnp_ext import to_numpy
from tfnp_ext.display import mimebundle

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    mirrored = tf.Variable([1.0, 2.0])
    summed = tf.Variable(
        [0, 0], synchronization=tf.VariableSynchronization.ON_READ, aggregation=tf.VariableAggregation.SUM
    )
    in_keras = keras.Variable([3.0, 4.0])

@tf.function
def step():
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    summed.assign_add(tf.stack([replica, 10]) + 1)
    return tf.cast(tf.stack([replica, 7]), tf.bfloat16)

per_replica = strategy.run(step)
mesh = dtensor.create_mesh([("x", 2)], devices=["CPU:0", "CPU:1"])
whole = np.arange(12, dtype=np.float32).reshape(4, 3)
sharded = dtensor.pack([tf.constant(whole[:2]), tf.constant(whole[2:])], dtensor.Layout(["x", "unsharded"], mesh))
replicated = dtensor.copy_to_mesh(tf.constant(whole), dtensor.Layout.replicated(mesh, 2))
assert dtensor.is_dtensor(sharded) and dtensor.is_dtensor(replicated)

def told(array):
    frozen, base = True, array
    while isinstance(base, np.ndarray):
        try:
            base.flags.writeable = base.flags.writeable or True
            frozen = False
        except ValueError:
            frozen = frozen and not base.flags.writeable
        base = base.base
    return {"type": type(array).__name__, "dtype": array.dtype.name, "values": array.tolist(), "frozen": frozen}

out = {}
values = dict(
    mirrored=mirrored, summed=summed, in_keras=in_keras, per_replica=per_replica, sharded=sharded,
    replicated=replicated,
)
results = {}
for name, value in values.items():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results[name] = to_numpy(value)
        card = mimebundle(value, result=results[name])
    out[name] = {"card": "\n".join(card.values()), "text": card["text/plain"]}
mirrored.assign([8.0, 9.0])
in_keras.assign([8.0, 9.0])
summed.assign(tf.constant([100, 100]))
for name, result in results.items():
    out[name]["is_tuple"] = isinstance(result, tuple)
    out[name]["parts"] = [told(array) for array in (result if isinstance(result, tuple) else [result])]
out["after"] = {
    "mirrored": mirrored.numpy().tolist(),
    "replicas": [np.asarray(part.value()).tolist() for part in mirrored.values],
    "sharded_layout": dtensor.fetch_layout(sharded).sharding_specs,
    "shards": [np.asarray(shard).tolist() for shard in dtensor.unpack(sharded)],
    "per_replica": [tf.cast(part, tf.float32).numpy().tolist() for part in per_replica.values],
}
for name in ("sharded", "per_replica"):
    own = to_numpy(values[name], copy=True)
    own = own[0] if isinstance(own, tuple) else own
    own[...] = 0
    out[name]["again"] = np.asarray(to_numpy(values[name])).astype(np.float32).tolist()
try:
    to_numpy(sharded, copy=False)
except Exception as error:
    out["refused"] = [type(error).__name__, str(error)]
print("JSON" + json.dumps(out))
"""


@pytest.fixture(scope="module")
def devices(tmp_path_factory, process_environment) -> dict[str, Any]:
    """What became of values on two logical CPUs, which a process can only have from its start."""
    pytest.importorskip("tensorflow")
    script = tmp_path_factory.mktemp("devices") / "devices.py"
    script.write_text(DEVICES, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)], env=process_environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("JSON"))[4:])


WHOLE = np.arange(12, dtype=np.float32).reshape(4, 3).tolist()


class TestDevices:
    @pytest.mark.parametrize(
        ("name", "dtype", "values", "said"),
        [
            ("mirrored", "float32", [1.0, 2.0], "the same on 2 replicas"),
            ("summed", "int32", [3, 22], "sum over 2 replicas"),
            ("in_keras", "float32", [3.0, 4.0], "the same on 2 replicas"),
            ("sharded", "float32", WHOLE, "sharded x, unsharded"),
            ("replicated", "float32", WHOLE, "replicated"),
        ],
    )
    def test_one_value_that_the_card_explains(self, devices, name, dtype, values, said):
        found = devices[name]
        assert not found["is_tuple"]
        assert found["parts"][0]["type"] == "ndarray"
        assert (found["parts"][0]["dtype"], found["parts"][0]["values"]) == (dtype, values)
        assert said in found["text"]
        assert "[no card" not in found["card"]

    @pytest.mark.parametrize("name", ["mirrored", "in_keras"])
    def test_a_snapshot_of_a_mirrored_variable_is_read_only(self, devices, name):
        assert devices[name]["parts"][0]["frozen"]

    def test_per_replica_is_one_array_a_replica(self, devices):
        found = devices["per_replica"]
        assert found["is_tuple"]
        assert [part["values"] for part in found["parts"]] == [[0.0, 7.0], [1.0, 7.0]]
        assert {part["dtype"] for part in found["parts"]} == {"bfloat16"}
        assert all(part["frozen"] for part in found["parts"])
        assert "2 tensors" in found["text"]
        assert "[no card" not in found["card"]

    def test_the_sources_are_as_before(self, devices):
        after = devices["after"]
        assert after["mirrored"] == [8.0, 9.0]
        assert after["replicas"] == [[8.0, 9.0], [8.0, 9.0]]
        assert after["sharded_layout"] == ["x", "unsharded"]
        assert after["shards"] == [WHOLE[:2], WHOLE[2:]]
        assert after["per_replica"] == [[0.0, 7.0], [1.0, 7.0]]
        assert devices["sharded"]["again"] == WHOLE
        assert devices["per_replica"]["again"] == [[0.0, 7.0], [1.0, 7.0]]

    def test_a_sharded_tensor_is_never_without_a_copy(self, devices):
        assert devices["refused"][0] == "ConversionError"
        assert "without a copy" in devices["refused"][1]


class TestNamesThatMeet:
    """Two values that would have one name: both stay, the second as ``#2``."""

    def test_a_list_named_as_a_context_feature_is_written(self, tf):
        made = tf.train.SequenceExample()
        made.context.feature["f"].int64_list.value.append(7)
        made.feature_lists.feature_list["context/f"].feature.add().float_list.value.extend([1.5, 2.0])

        expected = {"context/f": np.array([7], np.int64), "context/f#2": [np.array([1.5, 2.0], np.float32)]}
        assert_same(convert(made), expected)
        assert_same(convert(made.SerializeToString()), expected)

    def test_more_than_two_variables_of_a_module(self, tf):
        module = tf.Module()
        module.d = {"a/b/c": tf.Variable(1), "a/b": {"c": tf.Variable(2)}, "a": {"b/c": tf.Variable(3)}}

        converted = convert(module)

        assert sorted(converted) == ["d/a/b/c", "d/a/b/c#2", "d/a/b/c#3"]
        assert sorted(int(value) for value in converted.values()) == [1, 2, 3]


class TestKerasInModules:
    """``tf.Module.variables`` overlooks what Keras 3 made; ``to_numpy`` must not."""

    def test_the_keras_variables_and_layers_of_a_module_are_in_it(self, tf):
        keras = pytest.importorskip("keras")
        module = tf.Module()
        module.own = tf.Variable([1.0])
        module.scale = keras.Variable([2.0, 3.0])
        module.layers = [keras.layers.Dense(2, name="d"), keras.layers.ReLU()]
        module.layers[0].build((None, 3))
        dense = module.layers[0]
        assert {id(variable) for variable in module.variables} == {id(module.own)}  # TensorFlow's own answer

        converted = convert(module)

        assert sorted(converted) == ["layers/0/bias", "layers/0/kernel", "own", "scale"]
        assert bits(converted["own"]) == bits(module.own.numpy())
        assert bits(converted["scale"]) == bits(module.scale.numpy())
        assert bits(converted["layers/0/kernel"]) == bits(dense.kernel.numpy())
        assert bits(converted["layers/0/bias"]) == bits(dense.bias.numpy())
        for value in converted.values():
            assert_frozen(value)

    def test_a_layer_of_it_that_is_not_built_is_an_error(self, tf):
        keras = pytest.importorskip("keras")
        module = tf.Module()
        module.own = tf.Variable([1.0])
        module.layer = keras.layers.Dense(2, name="later")
        refuse(module, "Dense 'later' is not built")

    def test_an_attribute_that_tensorflow_cannot_sort_is_an_error_of_ours(self, tf):
        module = tf.Module()
        module.d = {1: tf.Variable(1.0), "1": tf.Variable(2.0)}
        with pytest.raises(ValueError, match="property 'd'"):
            module.variables  # noqa: B018
        refuse(module, "Module cannot be walked: .*'d'")

    def test_a_model_built_in_part_is_an_error_not_a_part(self, tf):
        keras = pytest.importorskip("keras")

        class Pair(keras.layers.Layer):
            def __init__(self):
                super().__init__(name="pair")
                self.ready, self.later = keras.layers.Dense(1, name="ready"), keras.layers.Dense(1, name="later")

            def build(self, shape):
                self.later.build(shape)

        pair = Pair()
        pair.ready.build((None, 2))
        assert len(pair.weights) == 2
        refuse(pair, "Dense 'later' is not built, .* call 'pair' on data")
        pair.build((None, 2))
        assert len(convert(pair)) == 4

    def test_a_layer_that_makes_its_weights_at_once_needs_no_build(self, tf):
        keras = pytest.importorskip("keras")

        class Scale(keras.layers.Layer):
            def __init__(self):
                super().__init__(name="scale")
                self.by = self.add_weight(shape=(2,), initializer="ones", name="by")

        assert_same(convert(Scale()), {"by": np.ones(2, np.float32)})

    def test_the_weights_of_a_nested_model_have_the_whole_path(self, tf):
        keras = pytest.importorskip("keras")
        inner = keras.Sequential([keras.layers.Dense(1, name="m")], name="inner")
        model = keras.Sequential([keras.Input((1,)), inner, keras.layers.Dense(1, name="m2")], name="m")

        converted = convert(model)

        assert list(converted) == ["inner/m/kernel", "inner/m/bias", "m2/kernel", "m2/bias"]
        assert [bits(found) for found in converted.values()] == [bits(weight) for weight in model.get_weights()]

    def test_states_that_are_not_there_yet(self, tf):
        keras = pytest.importorskip("keras")
        refuse(keras.metrics.F1Score(name="f1"), "F1Score 'f1' has no state yet")


class TestBrokenSources:
    def test_a_checkpoint_whose_data_are_damaged_is_an_error_of_ours(self, tf, tmp_path):
        path = tf.train.Checkpoint(v=tf.Variable(tf.range(100))).save(str(tmp_path / "saved"))
        reader = tf.train.load_checkpoint(path)
        assert convert(reader)["v/.ATTRIBUTES/VARIABLE_VALUE"].tolist() == list(range(100))
        (data,) = tmp_path.glob("saved*.data-*")
        data.write_bytes(data.read_bytes()[:10])
        refuse(tf.train.load_checkpoint(path), "CheckpointReader cannot read '.*':")

    def test_a_curve_whose_values_do_not_fit_together_is_an_error_of_ours(self, tf):
        history = pytest.importorskip("keras").callbacks.History()
        history.history = {"loss": [1.0, 0.5], "odd": [[1.0], [1.0, 2.0]]}
        refuse(history, "History curve 'odd' has values of different shapes")

    @pytest.mark.parametrize(
        ("values", "match"),
        [([1.0, "x"], "no number"), ([None, 3.0], "no number"), ([2**63 + 1, -1], "cannot hold exactly")],
        ids=str,
    )
    def test_a_curve_of_other_things_is_an_error_not_a_guess(self, tf, values, match):
        history = pytest.importorskip("keras").callbacks.History()
        history.history = {"odd": values}
        refuse(history, f"History curve 'odd' .*{match}")

    def test_a_curve_of_tensors(self, tf):
        history = pytest.importorskip("keras").callbacks.History()
        history.history = {"loss": [tf.constant(1.5, tf.bfloat16), tf.constant(0.5, tf.bfloat16)]}
        assert convert(history)["loss"].astype(float).tolist() == [1.5, 0.5]

    def test_a_source_is_read_once(self, tf, tmp_path):
        path = tf.train.Checkpoint(v=tf.Variable(tf.range(3))).save(str(tmp_path / "saved"))
        reader = tf.train.load_checkpoint(path)
        read = []

        class Counting(type(reader)):
            def get_tensor(self, name):
                read.append(name)
                return reader.get_tensor(name)

            def get_variable_to_shape_map(self):
                return reader.get_variable_to_shape_map()

        to_numpy(Counting(path))
        assert len(read) == len(set(read)) > 0

    def test_a_curve_of_vectors_is_a_matrix(self, tf):
        history = pytest.importorskip("keras").callbacks.History()
        history.history = {"f1": [np.array([0.5, 1.0], np.float32), np.array([0.25, 0.0], np.float32)], "lr": [1]}
        assert_same(convert(history), {"f1": np.array([[0.5, 1], [0.25, 0]], np.float32), "lr": np.array([1])})

    @pytest.mark.parametrize("kind", ["Optional", "table", "TensorArray", "generator", "module"])
    def test_inside_a_function_they_are_symbols(self, tf, kind):
        held = {
            "table": tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, 0),
            "generator": tf.random.Generator.from_seed(1),
            "module": tf.Module(),
        }
        held["module"].v = tf.Variable(1.0)
        said = []

        @tf.function
        def inside(x):
            made = {
                "Optional": lambda: tf.experimental.Optional.from_value(x),
                "TensorArray": lambda: tf.TensorArray(tf.float32, 1).write(0, x),
            }
            value = made[kind]() if kind in made else held[kind]
            try:
                to_numpy(value)
            except SymbolicTensorError as error:
                said.append(str(error))
            return x

        inside(tf.constant(1.0))
        assert len(said) == 1
        assert "\n" not in said[0]


class TestStandIns:
    """``weakref.proxy``: what it stands for is converted, never handed back itself."""

    @pytest.mark.parametrize("copied", [None, True])
    def test_an_array(self, copied):
        values = np.arange(3.0)
        converted = convert(weakref.proxy(values), copy=copied)

        assert type(converted) is np.ndarray
        assert bits(converted) == bits(values)
        assert np.shares_memory(converted, values) is (copied is None)
        assert converted.flags.writeable

    def test_a_masked_array_keeps_its_mask(self):
        values = np.ma.masked_array([1, 2], [False, True])
        converted = convert(weakref.proxy(values))

        assert type(converted) is np.ma.MaskedArray
        assert converted.mask.tolist() == [False, True]

    def test_ragged_rows_modules_and_layers(self, tf):
        keras = pytest.importorskip("keras")
        ragged, module, layer = tf.ragged.constant([[1], [2, 3]]), tf.Module(), keras.layers.Dense(1)
        module.v = tf.Variable([4.0])
        layer.build((None, 1))

        assert [row.tolist() for row in convert(weakref.proxy(ragged))] == [[1], [2, 3]]
        assert_same(convert(weakref.proxy(module)), {"v": np.array([4.0], np.float32)})
        assert list(convert(weakref.proxy(layer))) == ["kernel", "bias"]
        for value, name in ((module, "Module"), (layer, "Dense")):
            assert name in mimebundle(weakref.proxy(value))["text/plain"]


class TestAttrs:
    @pytest.mark.parametrize("style", ["define", "frozen"])
    def test_a_nested_class_is_kept_and_the_source_its_tensors(self, tf, style):
        attrs = pytest.importorskip("attrs")
        made = getattr(attrs, style)

        @made
        class Batch:
            x: Any
            _hidden: Any = None
            inner: Any = None

        tensor = tf.constant([1.5, -0.0])
        source = Batch(tensor, tf.constant(3), Batch([tensor, "text"]))
        converted = convert(source)

        assert type(converted) is type(converted.inner) is Batch
        assert_same(converted._hidden, np.array(3, np.int32))
        assert_same(converted.inner.x, [tensor.numpy(), "text"])
        assert_frozen(converted.x)
        assert source.x is tensor
        assert source.inner.x[0] is tensor
        own = convert(source, copy=True).x
        own[...] = 9
        assert tensor.numpy().tolist() == [1.5, -0.0]

    def test_slots_without_a_dict(self, tf):
        @dataclasses.dataclass(frozen=True, slots=True)
        class Slotted:
            x: Any
            inner: Any = None

        converted = convert(Slotted(tf.constant([1]), Slotted(tf.constant(2.0))))

        assert type(converted) is type(converted.inner) is Slotted
        assert_same((converted.x, converted.inner.x), (np.array([1], np.int32), np.array(2.0, np.float32)))


class TestCycles:
    def test_a_class_that_holds_itself(self, tf):
        loop = Outer(tf.constant(1), "loop")
        loop.unset = loop
        refuse(loop, r"Outer contains itself at \.unset")
        assert "contains itself" in mimebundle(loop)["text/plain"]

    def test_a_dict_within_an_attribute(self, tf):
        loop: dict[str, Any] = {"t": tf.constant(1)}
        loop["deep"] = [Frozen(loop)]
        refuse(loop, r"dict contains itself at \['deep'\]\[0\]\.a")

    def test_modules_that_hold_each_other_have_an_end(self, tf):
        one, other = tf.Module(), tf.Module()
        one.other, other.one = other, one
        one.v, other.w = tf.Variable(1.0), tf.Variable(2.0)
        found = one._flatten(predicate=lambda value: isinstance(value, tf.Variable), with_path=True)
        expected = {"/".join(path): variable.numpy() for path, variable in found}  # one/v by both ways to it
        assert {name: float(value) for name, value in convert(one).items()} == expected
        assert {"v", "other/w"} <= set(expected)


class TestStackOfMore:
    def test_named_tuples_arrays_and_casts(self, tf):
        pair = namedtuple("Pair", "x y")(tf.constant(1), np.array(2))
        assert_same(to_numpy(pair, stack=True, dtype="float64"), np.array([1.0, 2.0]))

    def test_it_does_not_repair_what_differs(self, tf):
        refuse([[tf.constant(1)], tf.constant(2)], "one shape and dtype", stack=True)

    def test_what_is_joined_is_the_users_own(self, tf):
        tensor = tf.constant([1, 2])
        joined = to_numpy([tensor, tensor], stack=True)
        joined[...] = 0
        assert tensor.numpy().tolist() == [1, 2]


class TestJax:
    @pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0)], ids=str)
    @pytest.mark.parametrize("name", ["bool", "int8", "uint32", "float16", "bfloat16", "float32", "complex64"])
    def test_an_array_is_a_view_that_cannot_be_thawed(self, name, shape):
        jnp = pytest.importorskip("jax.numpy")
        source = jnp.ones(shape, name)
        expected = np.array(source)

        converted = convert(source)

        assert bits(converted) == bits(expected)
        assert_frozen(converted)
        if converted.size:
            assert np.shares_memory(converted, np.asarray(source))
            assert np.shares_memory(converted, convert(source, copy=False))
        own = convert(source, copy=True)
        own[...] = 0
        assert bits(np.array(source)) == bits(expected)

    @pytest.mark.parametrize("copied", [None, True])
    def test_what_jax_keeps_for_itself_is_copied(self, copied):
        """The int4 array that JAX caches owns its memory: who thaws and writes it would change the JAX array."""
        jnp = pytest.importorskip("jax.numpy")
        source = jnp.arange(4).astype("int4")
        converted = convert(source, copy=copied)

        assert converted.dtype.name == "int4"
        assert not np.shares_memory(converted, np.asarray(source))
        converted[...] = 0
        assert np.asarray(source).astype(int).tolist() == [0, 1, 2, 3]
        refuse(source, "without a copy", copy=False)

    def test_nests_keys_tracers_and_deleted_arrays(self):
        jax = pytest.importorskip("jax")
        jnp = jax.numpy
        assert_same(convert({"w": jnp.ones(2), "n": 1}), {"w": np.ones(2, np.float32), "n": 1})
        assert_same(to_numpy([jnp.ones(2)] * 2, stack=True), np.ones((2, 2), np.float32))
        said = []

        def traced(x):
            with pytest.raises(ConversionError, match="traced array") as caught:
                to_numpy(x)
            said.append(str(caught.value))
            return x.sum()

        jax.jit(traced)(jnp.ones(2))
        jax.grad(traced)(jnp.ones(2))
        assert len(said) == 2
        with pytest.raises(ConversionError, match="key_data"):
            to_numpy(jax.random.key(0))
        gone = jnp.ones(2)
        gone.delete()
        with pytest.raises(ConversionError, match="deleted"):
            to_numpy(gone)

    @pytest.mark.filterwarnings("ignore:Some donated buffers were not usable")
    def test_a_card_says_what_a_deleted_array_was(self, tf):
        jax = pytest.importorskip("jax")
        gone, donated = jax.numpy.ones((2, 3)), jax.numpy.arange(5.0)
        gone.delete()
        jax.jit(lambda x: x + 1, donate_argnums=0)(donated)
        nest = {"gone": gone, "donated": donated, "key": jax.random.key(0), "t": tf.constant(1.0)}
        bundle = mimebundle(nest)
        lines = bundle["text/plain"].splitlines()
        assert "jax.random.key_data(arr)" in " ".join(lines)
        assert [line for line in lines if line[0] != " " and not line.startswith("key")] == [
            "dict   4 tensors · 4 B",
            "gone     (2, 3)  float32   no values: deleted, or donated to a function",
            "donated  (5,)    float32   no values: deleted, or donated to a function",
            "t        ()      float32   1.0",
        ]
        assert mimebundle(gone)["text/plain"].splitlines() == [
            "ArrayImpl (2, 3) float32",
            "no values: deleted, or donated to a function",
        ]

    def test_a_card_says_the_shape_of_a_traced_array(self, tf):
        jax = pytest.importorskip("jax")
        said = []

        def traced(x):
            said.append(mimebundle(x)["text/plain"].splitlines())
            said.append(mimebundle([x, tf.constant(1.0)])["text/plain"].splitlines())
            return x.sum()

        jax.jit(traced)(jax.numpy.ones((2, 3)))
        reason = "no value yet inside a function that JAX traces: return it from there"
        assert said[0][1:] == [reason]
        assert said[1][1].startswith("[0]  (2, 3)  float32  no value yet inside a function")


class TestTorch:
    NAMES = ("bool", "uint8", "int64", "float16", "float32", "float64", "complex64", "bfloat16", "float8_e4m3fn")

    @pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)], ids=str)
    @pytest.mark.parametrize("name", NAMES)
    def test_a_tensor_is_a_view_of_the_same_memory(self, name, shape):
        torch = pytest.importorskip("torch")
        source = torch.ones(shape).to(getattr(torch, name))

        converted = convert(source)

        assert (converted.dtype.name, converted.shape) == (name, shape)
        assert (converted.astype(np.complex64) == 1).all()
        assert converted.__array_interface__["data"][0] == source.data_ptr() or not converted.size
        own = convert(source, copy=True)
        own[...] = 0
        assert bool((source.to(torch.complex64) == 1).all())

    @pytest.mark.parametrize("name", ["float32", "bfloat16"])
    def test_requires_grad_is_no_obstacle_and_stays(self, name):
        torch = pytest.importorskip("torch")
        leaf = torch.tensor([1.5, -0.0], dtype=getattr(torch, name), requires_grad=True)
        loss = (leaf * 2).sum()
        with pytest.raises(RuntimeError, match="requires grad"):
            leaf.numpy()

        for value, expected in ((leaf, [1.5, -0.0]), (torch.nn.Parameter(leaf), [1.5, -0.0]), (loss, 3.0)):
            converted = convert(value)
            assert converted.dtype.name == name
            assert converted.astype(float).tolist() == expected
        assert leaf.requires_grad
        loss.backward()
        assert leaf.grad.float().tolist() == [2.0, 2.0]

    def test_bits_of_bfloat16_and_strides_are_kept(self):
        torch = pytest.importorskip("torch")
        numbers = torch.tensor([[1.5, -0.0, float("nan")], [float("-inf"), 2.0**-130, 3.0]])
        source = numbers.bfloat16().T

        converted = convert(source)

        assert converted.strides == (2, 6)
        assert converted.view(np.int16).tolist() == source.view(torch.int16).tolist()

    def test_lazy_bits_are_computed_and_that_is_a_copy(self):
        torch = pytest.importorskip("torch")
        source = torch.tensor([1 + 2j])
        for lazy, expected in ((source.conj(), [1 - 2j]), (source.conj().imag, [-2.0])):
            converted = convert(lazy)
            assert converted.tolist() == expected
            refuse(lazy, "without a copy", copy=False)
            converted[...] = 0
        assert source.tolist() == [1 + 2j]

    def test_what_has_no_array_is_refused(self):
        torch = pytest.importorskip("torch")
        for value, match in ((torch.eye(2).to_sparse(), "Sparse"), (torch.ones(2, device="meta"), "meta")):
            with pytest.raises(ConversionError, match=match):
                to_numpy(value)

    def test_a_card_says_the_shape_and_dtype_of_what_has_no_array(self, tf):
        torch = pytest.importorskip("torch")
        nest = {
            "meta": torch.ones((2, 3), device="meta", dtype=torch.bfloat16),
            "sparse": torch.eye(3).to_sparse(),
            "t": tf.constant(1.0),
        }
        lines = mimebundle(nest)["text/plain"].splitlines()
        assert lines[1] == "meta    (2, 3)  bfloat16  no values: on PyTorch's meta device"
        assert lines[2].startswith("sparse  (3, 3)  float32   can't convert Sparse layout tensor to numpy")
        assert mimebundle(nest["meta"])["text/plain"].startswith("Tensor (2, 3) bfloat16\nno values: on")

    def test_the_state_of_a_module(self):
        torch = pytest.importorskip("torch")
        state = torch.nn.Linear(2, 1).state_dict()
        converted = convert(state)
        assert list(converted) == ["weight", "bias"]
        assert bits(converted["weight"]) == bits(state["weight"].numpy())


MORE_DEVICES = r"""
import json, sys, warnings
import numpy as np
import tensorflow as tf

cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tensorflow.experimental import dtensor
from tfnp_ext import ConversionError, to_numpy
from tfnp_ext.display import mimebundle

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
READ = tf.VariableSynchronization.ON_READ
with strategy.scope():
    variables = {
        how: tf.Variable([1.0, 2.0], synchronization=READ, aggregation=getattr(tf.VariableAggregation, how))
        for how in ("SUM", "MEAN", "ONLY_FIRST_REPLICA", "NONE")
    }
    generator = tf.random.Generator.from_seed(1)

@tf.function
def step():
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    for variable in variables.values():
        variable.assign_add(tf.fill([2], tf.cast(replica, tf.float32)))
    return tf.cast(replica, tf.float32), tf.fill([replica + 1], replica)

losses, uneven = strategy.run(step)
rows = tf.data.Dataset.from_tensor_slices({"x": [1, 2, 3]}).batch(4)
element = next(iter(strategy.experimental_distribute_dataset(rows)))
mesh = dtensor.create_mesh([("x", 2)], devices=["CPU:0", "CPU:1"])
replicated = lambda value: dtensor.copy_to_mesh(value, dtensor.Layout.replicated(mesh, rank=len(value.shape)))
split = lambda value, *specs: dtensor.relayout(replicated(value), dtensor.Layout(list(specs), mesh))
whole = tf.reshape(tf.range(8.0), (4, 2))
dvariable = dtensor.DVariable(split(whole, "x", "unsharded"))
module = tf.Module()
module.v, module.s = dvariable, variables["SUM"]

def plain(value):
    if isinstance(value, dict):
        return {name: plain(child) for name, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(plain, value)]
    assert type(value) is np.ndarray, type(value)
    return [value.dtype.name, value.astype(float).tolist() if value.dtype != object else repr(value.tolist())]

out = {}
def look(name, value, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*copy keyword.*")  # NumPy 2's
        try:
            result, error = to_numpy(value, **options), ""
        except ConversionError as raised:
            result, error = None, str(raised)
        card = mimebundle(value, result=result)
    told = {"result": plain(result) if error == "" else None, "error": error, "card": card["text/plain"]}
    out[name] = {**told, "cards": "\n".join(card.values())}

for how, variable in variables.items():
    look(how, variable)
    try:
        out[how]["numpy"] = variable.numpy().tolist()
    except ValueError:
        out[how]["numpy"] = None
    out[how]["parts"] = [part.numpy().tolist() for part in variable.values]
look("uneven", uneven)
look("in a nest", {"a": [uneven]})
look("losses", losses, stack=True)
look("element", element)
look("generator", generator)
out["generator"]["numpy"] = generator.state.numpy().tolist()
for name in ("bool", "int32", "int64", "bfloat16", "float64"):
    look("sharded " + name, split(tf.cast(tf.constant([0, 1]), name), "x"))
look("columns", split(whole, "unsharded", "x"))
look("scalar", replicated(tf.constant(3.0)))
look("cast", split(whole, "x", "unsharded"), dtype="float64")
look("strings", split(tf.constant(["a", "b"]), "x"))
look("nest", [split(whole, "x", "unsharded"), 1, tf.constant(2.0)][::2])
look("dvariable", dvariable)
look("dvariable, no copy", dvariable, copy=False)
own = to_numpy(dvariable)
own[...] = 0
look("dvariable again", dvariable)
dvariable.assign(split(whole + 1, "x", "unsharded"))
look("dvariable assigned", dvariable)
look("module", module)
print("JSON" + json.dumps(out))
"""

STEPPED = {"SUM": [3.0, 5.0], "MEAN": [1.5, 2.5], "ONLY_FIRST_REPLICA": [1.0, 2.0], "NONE": None}
EIGHT = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]


@pytest.fixture(scope="module")
def more(tmp_path_factory, process_environment) -> dict[str, Any]:
    """What became of more values on two logical CPUs."""
    pytest.importorskip("tensorflow")
    script = tmp_path_factory.mktemp("more") / "devices.py"
    script.write_text(MORE_DEVICES, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)], env=process_environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("JSON"))[4:])


class TestMoreDevices:
    @pytest.mark.parametrize("how", ["SUM", "MEAN", "ONLY_FIRST_REPLICA"])
    def test_a_variable_synchronised_on_reading_is_what_tensorflow_reads(self, more, how):
        found = more[how]
        assert found["parts"] == [[1.0, 2.0], [2.0, 3.0]]
        assert found["result"] == ["float32", found["numpy"]] == ["float32", STEPPED[how]]
        word = {"ONLY_FIRST_REPLICA": "first"}.get(how, how.lower())
        assert f"{word} over 2 replicas" in found["card"]

    def test_one_that_nothing_puts_together_is_an_error_of_ours(self, more):
        found = more["NONE"]
        assert found["numpy"] is None
        assert found["result"] is None
        assert "has no one value, only one for each replica: convert its .values" in found["error"]
        assert "\n" not in found["error"]
        assert "[no card" not in found["cards"]
        assert "no value yet" not in found["card"]
        assert "\nno one value, only one for each replica: convert its .values" in found["card"]

    def test_per_replica_of_unequal_shapes_nested_stacked_and_from_a_dataset(self, more):
        assert more["uneven"]["result"] == ["tuple", ["int32", [0.0]], ["int32", [1.0, 1.0]]]
        assert more["in a nest"]["result"] == {"a": ["list", more["uneven"]["result"]]}
        assert more["losses"]["result"] == ["float32", [0.0, 1.0]]
        assert more["element"]["result"] == {"x": ["tuple", ["int32", [1.0, 2.0]], ["int32", [3.0]]]}

    def test_the_generator_of_a_strategy_is_its_state(self, more):
        assert more["generator"]["result"] == ["int64", more["generator"]["numpy"]]
        assert "the same on 2 replicas" in more["generator"]["card"]

    @pytest.mark.parametrize("name", ["bool", "int32", "int64", "bfloat16", "float64"])
    def test_shards_of_any_number_are_put_together(self, more, name):
        assert more[f"sharded {name}"]["result"] == [name, [0.0, 1.0]]
        assert "sharded x" in more[f"sharded {name}"]["card"]

    def test_columns_scalars_casts_and_nests(self, more):
        assert more["columns"]["result"] == ["float32", EIGHT]
        assert "sharded unsharded, x" in more["columns"]["card"]
        assert more["scalar"]["result"] == ["float32", 3.0]
        assert more["cast"]["result"] == ["float64", EIGHT]
        assert more["nest"]["result"] == ["list", ["float32", EIGHT], ["float32", 2.0]]

    def test_strings_are_put_together_though_the_mesh_cannot_add_them_up(self, more):
        assert more["strings"]["result"] == ["object", "[b'a', b'b']"]

    def test_a_sharded_variable_is_its_global_value_and_the_users_own(self, more):
        assert more["dvariable"]["result"] == more["dvariable again"]["result"] == ["float32", EIGHT]
        assert "sharded x, unsharded" in more["dvariable"]["card"]
        assert "mesh of 2 devices" in more["dvariable"]["card"]
        assert more["dvariable assigned"]["result"][1][0] == [1.0, 2.0]
        assert "without a copy" in more["dvariable, no copy"]["error"]

    def test_a_module_holds_them_all(self, more):
        assert more["module"]["result"] == {"s": more["SUM"]["result"], "v": more["dvariable assigned"]["result"]}

    def test_what_converted_has_a_card(self, more):
        converted = {name: found for name, found in more.items() if found["result"] is not None}
        assert len(converted) > 15
        assert [name for name, found in converted.items() if "[no card" in found["cards"]] == []


SURVIVOR = r"""
import dataclasses, json, sys, weakref
import numpy as np
import tensorflow as tf
import keras
from tfnp_ext import ConversionError, to_numpy
from tfnp_ext.display import mimebundle

@dataclasses.dataclass
class Holder:
    x: object

class Masked(tf.experimental.ExtensionType):
    values: tf.Tensor

example = tf.train.Example()
example.features.feature["a"].bytes_list.value.append(b"\xff")
blank = tf.compat.v1.AttrValue()
blank.tensor.dtype = 21
hostile = tf.compat.v1.NodeDef(op="Const")
hostile.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0, shape=[]))
for size in (10**6, 10**6, 10**6):
    hostile.attr["value"].tensor.tensor_shape.dim.add().size = size
dense = keras.layers.Dense(1)
dense.build((None, 2))
variable, tensor, words, module = tf.Variable(["a"]), tf.constant("x"), tf.constant(["x"]), tf.Module()
module.v = variable
variant = tf.data.Dataset.range(3)._variant_tensor
optional = tf.experimental.Optional
table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.string, "")
table.insert(tf.constant([1], tf.int64), tf.constant(["v"]))
loop = [tensor]
loop.append(loop)
half = tf.TensorArray(tf.string, 2).write(0, "a")
values = {
    "string": tensor, "variant": variant, "resource": variable.handle, "example": example,
    "example bytes": example.SerializeToString(), "cut bytes": example.SerializeToString()[:-3],
    "variant proto": blank, "hostile node": hostile, "half": half, "full": tf.TensorArray(tf.string, 1).unstack(["a"]),
    "optional": optional.from_value(tensor), "empty": optional.empty(tf.TensorSpec((), tf.string)),
    "optional variant": optional.from_value(variant), "extension": Masked(tensor), "table": table,
    "generator": tf.random.Generator.from_seed(1), "module": module, "layer": dense, "holder": Holder(variant),
    "spec": tf.TensorSpec([None], tf.variant), "proxy": weakref.proxy(words), "loop": loop,
    "quantized": tf.bitcast(tf.constant([1], tf.int8), tf.qint8), "ragged": tf.ragged.constant([["a"], []]),
    "dataset": tf.data.Dataset.range(2), "handle in a dict": {"h": variable.handle},
    "none dtype": tf.constant([], tf.string), "deep": [[[[variant]]]],
}
done = {}
for name, value in values.items():
    outcomes = []
    for options in ({}, {"copy": True}, {"copy": False}, {"dtype": str}, {"dtype": "float32"}, {"stack": True}):
        try:
            result = to_numpy(value, **options)
        except ConversionError as error:
            result = None
            outcomes.append("refused")
        else:
            outcomes.append("converted")
        mimebundle(value, result=result)
    done[name] = outcomes

class Behind:  # a string tensor that offers DLPack alone: asking it would abort the process
    dtype = words.dtype
    __dlpack__ = lambda self, **options: words.__dlpack__(**options)
    __dlpack_device__ = lambda self: words.__dlpack_device__()

graph = tf.Graph()
with graph.as_default():
    operation = tf.constant(1.0).op
more = [Behind(), operation, graph, graph.as_graph_def(), tf.GradientTape(), tf.float32, {tensor.ref()},
        tf.function(lambda x: x),
        tf.distribute.get_strategy(), tf.ragged.constant([["a"]])._row_partition, tf.train.Checkpoint(v=variable),
        keras.losses.MeanSquaredError(), iter([tensor]), (tensor for _ in "a"), print, object(), NotImplemented, ...]
for module in (tf, tf.data, tf.io, tf.lookup, tf.ragged, tf.sparse, tf.train, tf.types.experimental, keras, np):
    more += [getattr(module, name) for name in dir(module)]
other = 0
for value in more:
    for given in (value, [value, words]):
        try:
            to_numpy(given)
        except ConversionError:
            other += 1
        mimebundle(given)
assert other > 1000, other
print("JSON" + json.dumps(done))
"""


def test_none_of_them_aborts_the_process(tmp_path, process_environment):
    """Strings, variants and resources do abort it through DLPack; no other error than ours may come out either."""
    pytest.importorskip("tensorflow")
    script = tmp_path / "survivor.py"
    script.write_text(SURVIVOR, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)], env=process_environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    done = json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("JSON"))[4:])
    never = {"variant", "resource", "variant proto", "hostile node", "half", "empty", "optional variant", "holder"}
    never |= {"spec", "loop", "handle in a dict", "deep", "cut bytes"}
    assert {name for name, outcomes in done.items() if "converted" not in outcomes} == never
    assert all(done[name][0] == "converted" for name in done.keys() - never)


def test_stacking_keeps_masks(tf):
    ragged = tf.ragged.constant([[1, 2], [3]])
    stacked = to_numpy([ragged, ragged], ragged="masked", stack=True)
    assert np.ma.getmaskarray(stacked).tolist() == [[[False, False], [False, True]]] * 2
