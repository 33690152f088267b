"""The contract of ``to_numpy``: every kind × its dtypes × ranks 0 to 5 × ``copy``, against NumPy's own values.

For each it is asked whether the array has the same bits, whether it shares the memory that it should, whether what is
not the user's can be thawed (it must not) and what is can be written (it must), and whether the source is as before.
What a kind does beyond that (its refusals, its options) is tested in ``test_convert`` and ``test_kinds``.
"""

from __future__ import annotations

import array as buffers
import dataclasses
import tempfile
import warnings
from collections import deque, namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contract import NATIVE, NUMERIC, SHAPES, SMALL, assert_frozen, assert_same, bits, leaves, numpy_dtype, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext import ConversionError, to_numpy

ALL = (*NUMERIC, "string")
REAL = tuple(name for name in NATIVE if not name.startswith("complex"))
NEWEST = (
    "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz", "float4_e2m1fn", "int2", "uint2",
)  # fmt: skip
"""What TensorFlow 2.21 has beside them; a TensorFlow without one is skipped."""
WITHOUT_INT4 = tuple(name for name in ALL if name not in {"int4", "uint4"})
COPIES = (None, True, False)

Pair = namedtuple("Pair", "first second")
_ONCE: dict[str, Any] = {}
"""What is made once: classes, the strategy, the mesh."""


@dataclasses.dataclass(frozen=True)
class Boxed:
    values: Any
    name: str = "boxed"


class OffersOnlyDLPack:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.values.__dlpack_device__()


class OffersOnlyArray:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values


class OffersOnlyInterface:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.__array_interface__ = values.__array_interface__


@dataclasses.dataclass(frozen=True)
class Kind:
    """One row of the contract.

    Attributes:
        name: What it is.
        make: Makes the source of TensorFlow (or ``None`` where it needs none) and values.
        expected: What comes out, made of the values with NumPy alone.
        now: The source's own answer of what it holds, to see that it is as before.
        held: The memory that a view shares, one array a leaf; ``None`` for a kind that is always copied.
        users: Whether that memory is the user's own to write, as a NumPy array's is.
        singles: Whether a bfloat16 or int4 of rank 0 is a view too; TensorFlow's is a copy.
        dtypes: The dtypes that it can hold.
        ranks: The ranks that it can have.
        options: Options of ``to_numpy`` for this source.
    """

    name: str
    make: Callable[[Any, np.ndarray], Any]
    expected: Callable[[np.ndarray], Any] = lambda values: values
    now: Callable[[Any], Any] = lambda source: source.numpy()
    held: Callable[[Any], list[np.ndarray]] | None = None
    users: bool = False
    singles: bool = False
    dtypes: tuple[str, ...] = ALL
    ranks: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    options: Callable[[Any], dict[str, Any]] = lambda source: {}

    def __str__(self) -> str:
        return self.name


def of_tensor(tensor: Any) -> list[np.ndarray]:
    return [np.asarray(tensor)]


def of_variable(variable: Any) -> list[np.ndarray]:
    return [np.asarray(variable.value())]


def own_copy(source: Any) -> np.ndarray:
    return np.asarray(source).copy()


def serialized(message: Any) -> bytes:
    return message.SerializeToString(deterministic=True)


def row_lengths(values: np.ndarray) -> list[int]:
    return [1, 0, len(values) - 1]


def ragged_of(tf: Any, values: np.ndarray) -> Any:
    return tf.RaggedTensor.from_row_lengths(tf.constant(values), row_lengths(values))


def twice_ragged_of(tf: Any, values: np.ndarray) -> Any:
    return tf.RaggedTensor.from_row_lengths(ragged_of(tf, values), [2, 1])


def object_array(items: list[Any]) -> np.ndarray:
    made = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        made[place] = item
    return made


def rows_of(values: np.ndarray) -> np.ndarray:
    return object_array([values[:1], values[1:1], values[1:]])


def padded_rows_of(values: np.ndarray) -> np.ndarray:
    longest = max(row_lengths(values))
    empty = b"" if values.dtype == object else 0
    made = np.full((3, longest, *values.shape[1:]), empty, dtype=values.dtype)
    made[0, :1] = values[:1]
    made[2, : len(values) - 1] = values[1:]
    return made


def masked_rows_of(values: np.ndarray) -> np.ma.MaskedArray:
    filled = np.zeros(padded_rows_of(values).shape, dtype=bool)
    filled[0, :1] = True
    filled[2, : len(values) - 1] = True
    return np.ma.masked_array(padded_rows_of(values), mask=~filled)


def listed_rows_of(values: np.ndarray) -> list[Any]:
    return [values[:1].tolist(), [], values[1:].tolist()]


def sparse_of(tf: Any, values: np.ndarray) -> Any:
    """Stores every second place, last first: the order of entries means nothing."""
    places = list(np.ndindex(values.shape))[::2][::-1]
    return tf.SparseTensor(
        np.array(places, dtype=np.int64).reshape(len(places), values.ndim),
        tf.constant(object_array([values[place] for place in places]).astype(values.dtype)),
        np.array(values.shape, dtype=np.int64),
    )


def every_second(values: np.ndarray) -> np.ndarray:
    kept = np.array(values)
    for place in list(np.ndindex(values.shape))[1::2]:
        kept[place] = b"" if values.dtype == object else 0
    return kept


def slices_of(tf: Any, values: np.ndarray) -> Any:
    """Has the first row twice, at index 2, and the others from index 3 on."""
    indices = [2, *range(2, 2 + len(values))]
    return tf.IndexedSlices(
        tf.constant(np.concatenate([values[:1], values])),
        tf.constant(indices, tf.int64),
        tf.constant([2 + len(values), *values.shape[1:]], tf.int64),
    )


def summed_slices(values: np.ndarray) -> np.ndarray:
    wide = values.astype(np.float32) if values.dtype.kind == "V" else values
    dense = np.zeros((2 + len(values), *values.shape[1:]), wide.dtype)
    dense[2:] += wide
    dense[2] += wide[0]
    return dense.astype(values.dtype)


def node_of(tf: Any, values: np.ndarray) -> Any:
    node = tf.compat.v1.NodeDef(op="Const", name="c")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
    return node


def example_of(tf: Any, values: np.ndarray) -> Any:
    example = tf.train.Example()
    kind = {"float32": "float_list", "int64": "int64_list", "string": "bytes_list"}[
        "string" if values.dtype == object else values.dtype.name
    ]
    getattr(example.features.feature["f"], kind).value.extend(values.tolist())
    return example


def sequence_of(tf: Any, values: np.ndarray) -> Any:
    sequence = tf.train.SequenceExample()
    sequence.feature_lists.feature_list["f"].feature.add().CopyFrom(example_of(tf, values).features.feature["f"])
    return sequence


def extension_of(tf: Any, values: np.ndarray) -> Any:
    if "extension" not in _ONCE:
        fields = {"values": tf.Tensor, "unit": str}
        _ONCE["extension"] = type("Measured", (tf.experimental.ExtensionType,), {"__annotations__": fields})
    return _ONCE["extension"](tf.constant(values), "m")


def module_of(tf: Any, values: np.ndarray) -> Any:
    module = tf.Module()
    module.layers = [tf.Variable(values)]
    return module


def layer_of(tf: Any, values: np.ndarray) -> Any:
    layer = tf.keras.layers.Layer(name="layer")
    layer.scale = tf.keras.Variable(tf.constant(values), dtype=values.dtype.name, name="scale")
    return layer


def optimizer_of(tf: Any, values: np.ndarray) -> Any:
    weight = tf.keras.Variable(tf.constant(values), name="w")
    optimizer = tf.keras.optimizers.SGD(1.0, momentum=0.5)
    optimizer.build([weight])
    optimizer.apply([tf.constant(-np.nan_to_num(values))])
    return optimizer


def optimizer_state(values: np.ndarray) -> dict[str, np.ndarray]:
    momentum = np.asarray(np.nan_to_num(values) + 0)  # so that a zero has the sign that a sum has
    return {"iteration": np.array(1), "learning_rate": np.array(1, np.float32), "w_momentum": momentum}


def table_of(tf: Any, values: np.ndarray) -> Any:
    default = tf.constant(np.zeros_like(values) if values.dtype != object else np.full(values.shape, b"", object))
    name = "string" if values.dtype == object else values.dtype.name
    table = tf.lookup.experimental.MutableHashTable(tf.int64, name, default)
    table.insert(tf.constant([7], tf.int64), tf.constant(values[None]))
    return table


def checkpoint_of(tf: Any, values: np.ndarray) -> Any:
    folder = tempfile.mkdtemp()
    path = tf.train.Checkpoint(v=tf.Variable(values)).write(str(Path(folder) / "saved"))
    return tf.train.load_checkpoint(path)


SAVED = "v/.ATTRIBUTES/VARIABLE_VALUE"


def graph_constant_of(tf: Any, values: np.ndarray) -> Any:
    with tf.Graph().as_default():
        return tf.constant(values)


def leaked_constant_of(tf: Any, values: np.ndarray) -> Any:
    kept = []

    @tf.function
    def leak():
        kept.append(tf.constant(values))
        return 0

    leak()
    return kept[0]


def fed_of(tf: Any, values: np.ndarray) -> Any:
    with tf.Graph().as_default() as graph:
        fed = tf.compat.v1.placeholder("string" if values.dtype == object else values.dtype.name, values.shape)
        fed.session = tf.compat.v1.Session(graph=graph)
    fed.fed_with = values
    return fed


def graph_variable_of(tf: Any, values: np.ndarray) -> Any:
    with tf.Graph().as_default() as graph:
        variable = tf.compat.v1.get_variable("v", initializer=tf.constant(values), use_resource=True)
        session = tf.compat.v1.Session(graph=graph)
        session.run(tf.compat.v1.global_variables_initializer())
    return variable, session


def history_of(tf: Any, values: np.ndarray) -> Any:
    history = tf.keras.callbacks.History()
    history.history = {"loss": list(values)}
    return history


def attrs_of(tf: Any, values: np.ndarray) -> Any:
    return attrs_class()(tf.constant(values), "n")


def attrs_class() -> Any:
    attrs = pytest.importorskip("attrs")
    if "attrs" not in _ONCE:
        _ONCE["attrs"] = attrs.make_class("Attributes", ["values", "name"])
    return _ONCE["attrs"]


def nest_of(tf: Any, values: np.ndarray) -> Any:
    tensor = tf.constant(values)
    return {"a": [tensor, None, "text", 3], "b": (Pair(tensor, 1.5), deque([tensor], 2)), "c": Boxed(tensor)}


def nest_expected(values: np.ndarray) -> Any:
    return {"a": [values, None, "text", 3], "b": (Pair(values, 1.5), deque([values], 2)), "c": Boxed(values)}


def strategy_of(tf: Any) -> Any:
    if "strategy" not in _ONCE:
        _ONCE["strategy"] = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    return _ONCE["strategy"]


def mesh_of(tf: Any) -> Any:
    from tensorflow.experimental import dtensor

    if "mesh" not in _ONCE:
        _ONCE["mesh"] = dtensor.create_mesh([("x", 2)], devices=["CPU:0", "CPU:1"])
    return _ONCE["mesh"]


def mirrored_of(tf: Any, values: np.ndarray) -> Any:
    with strategy_of(tf).scope():
        return tf.Variable(values)


def sync_on_read_of(tf: Any, values: np.ndarray) -> Any:
    with strategy_of(tf).scope():
        return tf.Variable(
            values,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )


def per_replica_of(tf: Any, values: np.ndarray) -> Any:
    return strategy_of(tf).experimental_distribute_values_from_function(lambda context: tf.constant(values))


def replicated_of(tf: Any, values: np.ndarray) -> Any:
    from tensorflow.experimental import dtensor

    return dtensor.copy_to_mesh(tf.constant(values), dtensor.Layout.replicated(mesh_of(tf), values.ndim))


def sharded_of(tf: Any, values: np.ndarray) -> Any:
    """Has the values on both devices, one after the other along the first axis."""
    from tensorflow.experimental import dtensor

    layout = dtensor.Layout(["x", *["unsharded"] * (values.ndim - 1)], mesh_of(tf))
    return dtensor.pack([tf.constant(values), tf.constant(values)], layout)


def shards_of(source: Any) -> Any:
    from tensorflow.experimental import dtensor

    return [shard.numpy() for shard in dtensor.unpack(source)]


def on_second_device(tf: Any, values: np.ndarray) -> Any:
    with tf.device("CPU:1"):
        tensor = tf.identity(tf.constant(values))
    assert "CPU:1" in tensor.backing_device or values.dtype == object
    return tensor


def quantized_of(tf: Any, values: np.ndarray) -> Any:
    return tf.bitcast(tf.constant(values), f"q{values.dtype.name}")


KINDS = (
    Kind("tensor", lambda tf, values: tf.constant(values), held=of_tensor),
    Kind("tensor of a newest dtype", lambda tf, values: tf.constant(values), held=of_tensor, dtypes=NEWEST),
    Kind("tensor on another device", on_second_device, held=of_tensor, dtypes=NATIVE),
    Kind("tf.experimental.numpy array", lambda tf, values: tf.experimental.numpy.asarray(tf.constant(values)),
         held=of_tensor, dtypes=NATIVE),
    Kind("quantized tensor", quantized_of, now=np.array, held=of_tensor,
         dtypes=("int8", "uint8", "int16", "uint16", "int32")),
    Kind("element of a dataset", lambda tf, values: next(iter(tf.data.Dataset.from_tensors(tf.constant(values)))),
         held=of_tensor, dtypes=tuple(name for name in ALL if name != "float8_e5m2")),
    Kind("variable", lambda tf, values: tf.Variable(values), held=of_variable),
    Kind("variable on another device", lambda tf, values: tf.Variable(on_second_device(tf, values)),
         held=of_variable, dtypes=NATIVE),
    Kind("what assign returns", lambda tf, values: tf.Variable(values).assign(values), held=of_variable),
    Kind("Keras variable", lambda tf, values: tf.keras.Variable(tf.constant(values), dtype=values.dtype.name),
         now=lambda source: np.asarray(source.numpy()), held=lambda source: of_variable(source.value),
         dtypes=(*REAL, "bfloat16", "float8_e4m3fn", "float8_e5m2")),
    Kind("ragged rows", ragged_of, rows_of, now=lambda source: source.flat_values.numpy(), ranks=(1, 2, 3, 4, 5),
         held=lambda source: [np.asarray(source.flat_values)] * 3),
    Kind("ragged rows of rows", twice_ragged_of,
         lambda values: object_array([rows_of(values)[:2], rows_of(values)[2:]]), ranks=(1, 2, 3),
         now=lambda source: source.flat_values.numpy(), held=lambda source: [np.asarray(source.flat_values)] * 3),
    Kind("ragged padded", ragged_of, padded_rows_of, now=lambda source: source.flat_values.numpy(),
         ranks=(1, 2, 3, 4, 5), options=lambda source: {"ragged": "pad"}),
    Kind("ragged masked", ragged_of, masked_rows_of, now=lambda source: source.flat_values.numpy(),
         ranks=(1, 2, 3, 4, 5), options=lambda source: {"ragged": "masked"},
         dtypes=(*NATIVE, "bfloat16", "string")),
    Kind("ragged lists", ragged_of, listed_rows_of, now=lambda source: source.flat_values.numpy(),
         ranks=(1, 2, 3), options=lambda source: {"ragged": "list"}, dtypes=("bool", "int32", "uint64", "string")),
    Kind("sparse tensor", sparse_of, every_second, now=lambda source: source.values.numpy()),
    Kind("indexed slices", slices_of, summed_slices, now=lambda source: source.values.numpy(),
         dtypes=(*(name for name in NATIVE if name != "bool"), "bfloat16"), ranks=(1, 2, 3, 4, 5)),
    Kind("TensorProto", lambda tf, values: tf.make_tensor_proto(values), now=serialized),
    Kind("NodeDef", node_of, now=serialized),
    Kind("AttrValue", lambda tf, values: node_of(tf, values).attr["value"], now=serialized),
    Kind("bytes of a tensor", lambda tf, values: tf.io.serialize_tensor(tf.constant(values)).numpy(), now=bytes,
         dtypes=(*NATIVE, "bfloat16", "string")),
    Kind("bytes of a TensorProto", lambda tf, values: serialized(tf.make_tensor_proto(values)), now=bytes),
    Kind("list of bytes", lambda tf, values: [serialized(tf.make_tensor_proto(values))] * 2,
         lambda values: [values, values], now=list),
    Kind("Example", example_of, lambda values: {"f": values}, now=serialized, ranks=(1,),
         dtypes=("float32", "int64", "string")),
    Kind("bytes of an Example", lambda tf, values: serialized(example_of(tf, values)), lambda values: {"f": values},
         now=bytes, ranks=(1,), dtypes=("float32", "int64", "string")),
    Kind("SequenceExample", sequence_of, lambda values: {"f": [values]}, now=serialized, ranks=(1,),
         dtypes=("float32", "int64", "string")),
    Kind("Feature", lambda tf, values: example_of(tf, values).features.feature["f"], now=serialized, ranks=(1,),
         dtypes=("float32", "int64", "string")),
    Kind("TensorArray", lambda tf, values: tf.TensorArray(
             "string" if values.dtype == object else values.dtype.name, len(values)).unstack(tf.constant(values)),
         now=lambda source: np.stack([element.numpy() for element in source._implementation._tensor_array]),
         dtypes=WITHOUT_INT4, ranks=(1, 2, 3, 4, 5)),
    Kind("Optional", lambda tf, values: tf.experimental.Optional.from_value(tf.constant(values)),
         now=lambda source: source.get_value().numpy(), held=lambda source: of_tensor(source.get_value())),
    Kind("ExtensionType", extension_of, lambda values: {"values": values, "unit": "m"},
         now=lambda source: source.values.numpy(), held=lambda source: of_tensor(source.values)),
    Kind("Module", module_of, lambda values: {"layers/0": values},
         now=lambda source: source.layers[0].numpy(), held=lambda source: of_variable(source.layers[0])),
    Kind("Keras layer", layer_of, lambda values: {"scale": values},
         now=lambda source: np.asarray(source.scale.numpy()), held=lambda source: of_variable(source.scale.value),
         dtypes=(*REAL, "bfloat16")),
    Kind("Keras optimizer", optimizer_of, optimizer_state,
         now=lambda source: np.asarray(source.variables[2].numpy()), dtypes=("float32",),
         held=lambda source: [np.asarray(variable.value.value()) for variable in source.variables]),
    Kind("lookup table", table_of, lambda values: {"keys": np.array([7]), "values": values[None]}, ranks=(0, 1),
         now=lambda source: source.lookup([7]).numpy(), dtypes=("float32", "int64", "string")),
    Kind("checkpoint reader", checkpoint_of, lambda values: {SAVED: values}, dtypes=(*NATIVE, "bfloat16", "string"),
         now=lambda source: np.array([source.get_tensor(SAVED)])),
    Kind("History", history_of, lambda values: {"loss": values}, dtypes=("float32", "float64"), ranks=(1, 2),
         now=lambda source: np.array(source.history["loss"])),
    Kind("random generator", lambda tf, values: tf.random.Generator.from_state(values, alg="philox"),
         now=lambda source: source.state.numpy(), held=lambda source: of_variable(source.state),
         dtypes=("int64",), ranks=(1,)),
    Kind("constant of a TF 1 graph", graph_constant_of, now=lambda source: None),
    Kind("constant of a function", leaked_constant_of, now=lambda source: None),
    Kind("placeholder of a TF 1 graph", fed_of, now=lambda source: source.fed_with,
         dtypes=(*NATIVE, "bfloat16", "string"),
         options=lambda source: {"session": source.session, "feed": {source: source.fed_with}}),
    Kind("dict, list, tuple, deque, dataclass", nest_of, nest_expected, now=lambda source: source["a"][0].numpy(),
         held=lambda source: of_tensor(source["a"][0]) * 4),
    Kind("attrs class", attrs_of, lambda values: attrs_class()(values, "n"), now=lambda source: source.values.numpy(),
         held=lambda source: of_tensor(source.values)),
    Kind("ndarray", lambda tf, values: values.copy(), now=np.array, held=lambda source: [source], users=True),
    Kind("masked array", lambda tf, values: np.ma.masked_array(values, mask=np.ones(values.shape, bool)),
         lambda values: np.ma.masked_array(values, mask=np.ones(values.shape, bool)),
         now=lambda source: np.array(source.data), held=lambda source: [source.data], users=True, dtypes=NATIVE),
    Kind("memoryview", lambda tf, values: memoryview(values.copy()), now=np.array, held=of_tensor, users=True,
         dtypes=tuple(name for name in NATIVE if not name.startswith("complex"))),
    Kind("array.array", lambda tf, values: buffers.array("d", values), now=np.array, held=of_tensor, users=True,
         dtypes=("float64",), ranks=(1,)),
    Kind("DLPack", lambda tf, values: OffersOnlyDLPack(values.copy()), now=lambda source: np.array(source.values),
         held=lambda source: [source.values], users=True, dtypes=NATIVE),
    Kind("__array__", lambda tf, values: OffersOnlyArray(values.copy()), now=lambda source: np.array(source.values),
         held=lambda source: [source.values], users=True, dtypes=(*NATIVE, "bfloat16", "int4")),
    Kind("__array_interface__", lambda tf, values: OffersOnlyInterface(values.copy()), users=True, dtypes=NATIVE,
         now=lambda source: np.array(source.values), held=lambda source: [source.values]),
    Kind("JAX array", lambda tf, values: pytest.importorskip("jax.numpy").asarray(values), now=own_copy,
         held=of_tensor, singles=True, dtypes=("bool", "int8", "int16", "int32", "uint8", "uint16", "uint32", "float16",
                                               "float32", "complex64", "bfloat16", "float8_e5m2")),
    Kind("PyTorch tensor", lambda tf, values: pytest.importorskip("torch").from_numpy(values.copy()), now=own_copy,
         held=of_tensor, users=True, dtypes=NATIVE),
    Kind("mirrored variable", mirrored_of, held=of_variable, dtypes=(*NATIVE, "bfloat16")),
    Kind("variable synchronised on reading", sync_on_read_of, dtypes=("int32", "float32", "float64", "bfloat16"),
         held=lambda source: []),
    Kind("values of replicas", per_replica_of, lambda values: (values, values),
         now=lambda source: [value.numpy() for value in source.values],
         held=lambda source: [np.asarray(value) for value in source.values]),
    Kind("replicated DTensor", replicated_of, now=shards_of, dtypes=("bool", "int32", "int64", "float32", "bfloat16")),
    Kind("sharded DTensor", sharded_of, lambda values: np.concatenate([values, values]), now=shards_of,
         dtypes=("bool", "int32", "int64", "float32", "bfloat16"), ranks=(1, 2, 3, 4, 5)),
)  # fmt: skip

CASES = [
    pytest.param(kind, name, SHAPES[rank], id=f"{kind.name}-{name}-rank {rank}")
    for kind in KINDS
    for name in kind.dtypes
    for rank in kind.ranks
]


def same_now(now: Any, before: Any) -> bool:
    if isinstance(now, (list, tuple)) and now and isinstance(now[0], np.ndarray):
        return [bits(one) for one in now] == [bits(one) for one in before]
    if isinstance(now, (np.ndarray, np.generic)):
        return bits(np.asarray(now)) == bits(np.asarray(before))
    return bool(now == before)


def overwrite(array: np.ndarray) -> None:
    if array.dtype == object:
        array[...] = b"overwritten"
    else:
        np.asarray(array).reshape(-1).view(np.uint8)[...] ^= 1


def check(kind: Kind, tf: Any, values: np.ndarray) -> None:
    """Asks all of the contract of one value of one kind."""
    name = "string" if values.dtype == object else values.dtype.name
    source = kind.make(tf, values)
    options = kind.options(source)
    if kind.name.startswith("constant"):
        name = "copied"
    before = kind.now(source)
    # TensorFlow gives NumPy a scalar of these dtypes only as a copy; strings have no memory to share.
    single = values.ndim == 0 and name in (*SMALL, *NEWEST) and not (kind.users or kind.singles)
    viewed = kind.held is not None and (kind.users or (name != "string" and not single))
    for copy in COPIES:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if copy is False and not viewed:
                with pytest.raises(ConversionError, match="without a copy") as caught:
                    to_numpy(source, copy=copy, **options)
                assert "\n" not in str(caught.value)
                continue
            converted = to_numpy(source, copy=copy, **options)
        assert_same(converted, kind.expected(values))
        found = list(leaves(converted))
        if viewed and copy is not True:
            assert kind.held is not None
            for leaf, memory in zip(found, kind.held(source) or found, strict=True):
                if leaf.size and leaf.dtype != object:
                    assert np.shares_memory(leaf, memory)
                if not kind.users:
                    assert_frozen(leaf)
        else:
            for leaf in found:
                assert leaf.flags.writeable
                overwrite(leaf)
        assert same_now(kind.now(source), before), "the source is not as it was"


@pytest.mark.parametrize(("kind", "name", "shape"), CASES)
def test_it_has_the_bits_the_memory_and_the_writability_that_it_should(tf, kind, name, shape):
    if name in NEWEST and not hasattr(tf.dtypes.experimental, name):
        pytest.skip(f"this TensorFlow has no {name}")
    check(kind, tf, sample(name, shape))


DRAWN = [
    kind
    for kind in KINDS
    if len(kind.ranks) > 3
    and kind.name
    not in {
        "checkpoint reader",
        "constant of a function",
        "JAX array",
        "Keras optimizer",
        "PyTorch tensor",
        "tensor of a newest dtype",
        "values of replicas",
    }  # slow, not installed everywhere, or computing on its own
]


@settings(max_examples=150)
@given(data=st.data())
def test_any_values_of_any_kind_keep_the_contract(tf, data):
    kind = data.draw(st.sampled_from(DRAWN), label="kind")
    name = data.draw(st.sampled_from([name for name in kind.dtypes if name != "string"]), label="dtype")
    rank = data.draw(st.sampled_from(kind.ranks), label="rank")
    shape = data.draw(hnp.array_shapes(min_dims=rank, max_dims=rank, min_side=1, max_side=4) if rank else st.just(()))
    if name in SMALL:
        codes = data.draw(hnp.arrays("uint16" if name == "bfloat16" else "uint8", shape), label="codes")
        values = codes.view(numpy_dtype(name)) if "float" in name else np.asarray(codes % 8).astype(numpy_dtype(name))
    else:
        values = data.draw(hnp.arrays(name, shape), label="values")
    if kind.name == "indexed slices" and values.dtype.kind in "fcV":
        # A NaN plus a NaN may be another NaN.
        values[np.isnan(values)] = 1
    with np.errstate(all="ignore"):
        check(kind, tf, values)


def test_every_kind_that_is_registered_is_in_the_contract_or_says_why_not():
    from tfnp_ext.adapters.base import _BY_NAME

    kinds = {type(adapter) for adapters in _BY_NAME.values() for adapter in adapters}
    registered = {kind.__name__ for kind in kinds if kind.__module__.startswith("tfnp_ext.")}  # without those of tests
    held = {
        "TensorAdapter", "VariableAdapter", "KerasVariableAdapter", "RaggedAdapter", "SparseAdapter",
        "IndexedSlicesAdapter", "TensorProtoAdapter", "NodeAdapter", "AttributeAdapter", "SerializedAdapter",
        "ExampleAdapter", "SequenceExampleAdapter", "FeatureAdapter", "TensorArrayAdapter", "OptionalAdapter",
        "ExtensionTypeAdapter", "ModuleAdapter", "KerasLayerAdapter", "KerasStateAdapter", "LookupTableAdapter",
        "CheckpointReaderAdapter", "HistoryAdapter", "RandomGeneratorAdapter", "GraphTensorAdapter", "DictAdapter",
        "ListAdapter", "TupleAdapter", "DataclassAdapter", "NumpyArrayAdapter", "BufferAdapter",
        "ArrayProtocolAdapter", "DistributedVariableAdapter", "PerReplicaAdapter", "DTensorAdapter",
    }  # fmt: skip
    elsewhere = {
        "NumpyScalarAdapter": "has one rank; test_convert",
        "DescribedAdapter": "is only shown",
        "OwnedAdapter": "is what an Example holds",
        "FeaturesAdapter": "as Example; test_kinds",
        "ValueListAdapter": "as Feature; test_kinds",
        "StructuredTensorAdapter": "its fields are tensors; test_kinds",
        "GraphVariableAdapter": "as a placeholder; test_convert",
        "DTensorVariableAdapter": "as a DTensor; test_kinds",
        "VocabularyAdapter": "holds tokens; test_kinds",
        "TrackableAdapter": "as a module; test_kinds",
        "MirroredAdapter": "as a mirrored variable; test_containers_and_protocols",
        "ShardedVariableAdapter": "as a variable; test_containers_and_protocols",
        "WeakTensorAdapter": "holds a tensor; test_containers_and_protocols",
        "RepeatedFieldAdapter": "as Feature; test_kinds",
        "MappingAdapter": "as a dict; test_containers_and_protocols",
        "NamespaceAdapter": "as a dataclass; test_containers_and_protocols",
        "KerasTensorAdapter": "never has a value",
        "NoneAdapter": "never has a value",
        "SpecAdapter": "never has a value",
        "RaggedShapeAdapter": "never has a value",
        "DatasetAdapter": "test_datasets_joined.py and test_dataset_pipelines.py",
        "IteratorAdapter": "test_dataset_pipelines.py",
        "NumpyDatasetAdapter": "test_datasets_joined.py",
    }
    assert registered == held | set(elsewhere)
