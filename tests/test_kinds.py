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
from typing import Any

import numpy as np
import pytest

from tfnp_ext import ConversionError, SymbolicTensorError, to_numpy
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


def bits(array: np.ndarray) -> tuple[np.dtype, tuple[int, ...], Any]:
    assert isinstance(array, np.ndarray)
    return array.dtype, array.shape, array.tolist() if array.dtype == object else array.tobytes()


def assert_same(converted: Any, expected: Any) -> None:
    """Both are the same arrays in the same containers, of the same classes."""
    assert type(converted) is type(expected)
    if isinstance(expected, dict):
        assert sorted(converted) == sorted(expected)
        for key in expected:
            assert_same(converted[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(converted) == len(expected)
        for child, wanted in zip(converted, expected, strict=True):
            assert_same(child, wanted)
    elif isinstance(expected, np.ndarray):
        assert bits(converted) == bits(expected)
    else:
        assert converted == expected


def assert_frozen(array: np.ndarray) -> None:
    """Neither the array nor anything that it rests on lets itself be made writable."""
    base: Any = array
    while isinstance(base, np.ndarray):
        assert not base.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            base.flags.writeable = True
        base = base.base
    assert base is not None, "NumPy owns this memory, so it could be thawed"


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


class TestGraphMessages:
    def test_the_constant_of_a_node_is_its_tensor(self, tf):
        values = np.array([[1.5, -0.0], [np.nan, 3]], dtype=np.float32)
        node = tf.compat.v1.NodeDef(op="Const", name="c")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
        before = node.SerializeToString(deterministic=True)

        assert bits(convert(node)) == bits(values)
        assert bits(convert(node.attr["value"])) == bits(values)
        assert node.SerializeToString(deterministic=True) == before

    def test_another_node_and_a_blank_one_are_refused(self, tf):
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

    def test_an_attribute_of_another_kind_is_refused(self, tf):
        refuse(tf.compat.v1.AttrValue(type=1), "holds type")
        refuse(tf.compat.v1.AttrValue(), "holds nothing")


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

    def test_a_variant_and_a_resource_are_refused_with_what_they_are(self, tf):
        variant = tf.raw_ops.TensorListFromTensor(tensor=tf.ones((2, 2)), element_shape=tf.constant([2]))
        refuse(variant, "variant")
        refuse(tf.Variable([1.0]).handle, "resource")
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
