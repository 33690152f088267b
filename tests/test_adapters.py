"""Detection and facts: which adapter a value finds, what its headline says, and that asking changes nothing."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import OrderedDict, defaultdict, namedtuple

import ml_dtypes
import numpy as np
import pytest

import tfnp_ext
from tfnp_ext import ConversionError, register_adapter, to_numpy
from tfnp_ext.adapters import (
    Absent,
    Adapter,
    Dense,
    DenseAdapter,
    Facts,
    NestAdapter,
    Ragged,
    Slices,
    Sparse,
    base,
    find_adapter,
    registered_names,
)

Point = namedtuple("Point", "x y")


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def registry():
    """The registry, put back afterwards."""
    before = {name: list(adapters) for name, adapters in base._BY_NAME.items()}
    yield
    base._BY_NAME.clear()
    base._BY_NAME.update(before)
    base._BY_CLASS.clear()


KINDS = {
    "eager tensor": (lambda tf: tf.constant([1.0]), "Tensor"),
    "bfloat16 tensor": (lambda tf: tf.constant([1.0], tf.bfloat16), "Tensor"),
    "string tensor": (lambda tf: tf.constant("a"), "Tensor"),
    "tf.experimental.numpy": (lambda tf: tf.experimental.numpy.ones(2), "Tensor"),
    "tf.Variable": (lambda tf: tf.Variable(1.0), "Variable"),
    "what assign returns": (lambda tf: tf.Variable(1.0).assign(2.0), "Variable"),
    "Keras variable": (lambda tf: tf.keras.Variable(1.0), "Variable"),
    "RaggedTensor": (lambda tf: tf.ragged.constant([[1], []]), "RaggedTensor"),
    "SparseTensor": (lambda tf: tf.sparse.from_dense([[1, 0]]), "SparseTensor"),
    "IndexedSlices": (lambda tf: tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])), "IndexedSlices"),
    "KerasTensor": (lambda tf: tf.keras.Input((2,)), "KerasTensor"),
    "TensorProto": (lambda tf: tf.make_tensor_proto(1.0), "TensorProto"),
    "bytes": (lambda tf: tf.io.serialize_tensor([1]).numpy(), "serialized TensorProto"),
    "ndarray": (lambda tf: np.zeros(2), "ndarray"),
    "masked array": (lambda tf: np.ma.zeros(2), "MaskedArray"),
    "NumPy scalar": (lambda tf: np.float32(1), "NumPy scalar"),
    "memoryview": (lambda tf: memoryview(b"ab"), "memoryview"),
    "dict": (lambda tf: {}, "dict"),
    "OrderedDict": (lambda tf: OrderedDict(), "OrderedDict"),
    "defaultdict": (lambda tf: defaultdict(list), "defaultdict"),
    "list": (lambda tf: [], "list"),
    "tuple": (lambda tf: (), "tuple"),
    "namedtuple": (lambda tf: Point(1, 2), "Point"),
    "None": (lambda tf: None, "None"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_found_and_named_as_users_name_it(tf, name):
    make, label = KINDS[name]
    value = make(tf)
    assert find_adapter(value).label(value) == label


@pytest.mark.parametrize("value", ["text", 1, 2.5, True, object(), len, {1}, range(2), type, Exception()], ids=repr)
def test_what_is_no_tensor_finds_none(value):
    assert find_adapter(value) is None


def test_classes_are_not_values(tf):
    for cls in (np.ndarray, tf.Tensor, tf.Variable, tf.RaggedTensor, list):
        assert find_adapter(cls) is None


def test_only_tensors_show_themselves(tf):
    for make, _ in KINDS.values():
        value = make(tf)
        adapter = find_adapter(value)
        ours = type(value).__module__.partition(".")[0] in {"tensorflow", "keras"}
        assert adapter.automatic is ours, type(value)
    assert not {"numpy.ndarray", "builtins.bytes", "builtins.dict", "builtins.object"} & set(registered_names())


def test_names_of_classes_are_found_without_importing_tensorflow():
    program = (
        "import sys; from tfnp_ext.adapters import find_adapter, registered_names\n"
        "import numpy as np\n"
        "[find_adapter(value) for value in (1, 'a', np.zeros(2), object(), [], None, memoryview(b''))]\n"
        "registered_names()\n"
        "print([name for name in ('tensorflow', 'keras', 'matplotlib', 'IPython') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stderr


class TestFacts:
    @pytest.mark.parametrize("shape", [(), (3,), (2, 0, 4), (1, 2, 1, 2, 3)], ids=str)
    @pytest.mark.parametrize(
        "name", ["bool", "uint8", "int64", "float16", "float32", "complex128", "bfloat16", "float8_e5m2", "int4"]
    )
    def test_of_a_tensor_are_those_of_its_array(self, tf, name, shape):
        tensor = tf.constant(np.zeros(shape).astype(np.dtype(getattr(ml_dtypes, name, name))))
        facts = find_adapter(tensor).facts(tensor)
        assert (facts.shape, facts.dtype, facts.device) == (shape, name, "CPU")
        assert facts.nbytes == tensor.numpy().nbytes

    def test_sharing_is_told_as_it_is(self, tf):
        for value in (tf.constant([1.0]), tf.constant([1.0], tf.bfloat16), tf.constant(1.0), tf.constant(["a"]),
                      tf.constant(1.0, tf.bfloat16), tf.Variable([1.0]), tf.Variable(["a"]), tf.keras.Variable([1.0]),
                      tf.sparse.from_dense([[1, 0]]), tf.make_tensor_proto([1.0]), np.zeros(2)):  # fmt: skip
            facts = find_adapter(value).facts(value)
            assert facts.shares_memory is np.shares_memory(to_numpy(value), to_numpy(value)), value

    def test_of_strings_count_their_bytes(self, tf):
        facts = find_adapter(tf.constant(["naïve", ""])).facts(tf.constant(["naïve", ""]))
        assert (facts.dtype, facts.nbytes, facts.state) == ("string", 6, "copy")

    def test_of_variables(self, tf):
        variable = tf.Variable(tf.ones((2, 3)), name="kernel", trainable=False)
        facts = find_adapter(variable).facts(variable)
        assert (facts.name, facts.shape, facts.dtype, facts.nbytes, facts.state) == (
            "kernel", (2, 3), "float32", 24, "not trainable",
        )  # fmt: skip
        weights = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3, name="head")], name="net").weights
        facts = find_adapter(weights[0]).facts(weights[0])
        assert facts.name.endswith("head/kernel")
        assert (facts.shape, facts.nbytes, facts.state, facts.device) == ((4, 3), 48, "trainable", "CPU")

    def test_of_a_variable_of_open_shape(self, tf):
        words = tf.Variable(["né", ""])
        facts = find_adapter(words).facts(words)
        assert (facts.nbytes, facts.nbytes_exact, facts.shares_memory) == (3, True, False)
        for declared, said in (([None, 3], "(None, 3)"), (None, "(…)")):
            variable = tf.Variable(tf.ones((2, 3)), shape=tf.TensorShape(declared))
            facts = find_adapter(variable).facts(variable)
            assert (facts.shape, facts.nbytes, facts.details) == ((2, 3), 24, (f"declared {said}",))

    def test_of_composites(self, tf):
        ragged = tf.ragged.constant([[3, 1, 4], [], [1, 5]])
        facts = find_adapter(ragged).facts(ragged)
        assert (facts.shape, facts.dtype, facts.nbytes, facts.details) == ((3, None), "int32", 20, ("5 values",))
        sparse = tf.sparse.SparseTensor([[0, 1], [2, 0], [2, 3]], [2.5, -1.0, 4.0], (3, 4))
        facts = find_adapter(sparse).facts(sparse)
        assert (facts.shape, facts.nbytes, facts.details) == ((3, 4), 60, ("3 stored (25 %)",))
        assert facts.state == "dense 48 B"
        slices = tf.IndexedSlices(tf.ones((2, 3)), tf.constant([4, 1]), tf.constant([5, 3]))
        facts = find_adapter(slices).facts(slices)
        assert (facts.shape, facts.details) == ((5, 3), ("2 rows",))

    def test_a_few_stored_of_very_many_is_not_told_as_none(self, tf):
        sparse = tf.sparse.SparseTensor([[5, 5]], [1.0], (10**6, 10**6))
        assert find_adapter(sparse).facts(sparse).details[0] == "1 stored (<0.01 %)"

    def test_of_symbols(self, tf):
        seen = []

        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="x"), tf.TensorSpec(None, tf.int32)])
        def step(x, any_rank):
            seen.extend(find_adapter(symbol).facts(symbol) for symbol in (x, any_rank))
            return x

        step(tf.ones((2, 3)), tf.constant(1))
        assert (seen[0].shape, seen[0].dtype, seen[0].name, seen[0].state) == ((None, 3), "float32", "x", "symbolic")
        assert seen[1].shape is None

    def test_of_composites_inside_a_function(self, tf):
        states = []

        @tf.function
        def step(ragged, sparse):
            slices = tf.IndexedSlices(tf.ones((1, 2)) * tf.cast(tf.size(ragged.flat_values), tf.float32),
                                      tf.constant([0]), tf.constant([3, 2]))  # fmt: skip
            for value in (ragged, sparse, slices):
                adapter = find_adapter(value)
                states.append((adapter.facts(value).state, type(adapter.content(value))))
            return ragged

        step(tf.ragged.constant([[1], []]), tf.sparse.from_dense([[1, 0]]))
        assert states == [("symbolic", Absent)] * 3


class TestContent:
    def test_each_kind_has_its_own(self, tf):
        for value, kind in (
            (tf.constant([1.0]), Dense), (tf.Variable([1.0]), Dense), (tf.keras.Variable([1.0]), Dense),
            (tf.make_tensor_proto([1.0]), Dense), (np.zeros(2), Dense), (tf.ragged.constant([[1], []]), Ragged),
            (tf.sparse.from_dense([[1, 0]]), Sparse), (tf.keras.Input((2,)), Absent), (None, Absent),
            (tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])), Slices), (tf.Variable(1.0).handle, Absent),
        ):  # fmt: skip
            assert type(find_adapter(value).content(value)) is kind

    def test_what_the_display_looks_at_cannot_be_written(self, tf):
        small = tf.constant([1.0], tf.bfloat16)
        for value in (tf.constant([1.0]), small, tf.Variable([1.0]), tf.Variable(small), tf.keras.Variable([1.0])):
            array = find_adapter(value).content(value).array
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="WRITEABLE"):
                array.flags.writeable = True

    def test_ragged_rows_are_flat_values_and_splits(self, tf):
        ragged = tf.ragged.constant([[[1], [2, 3]], []])
        content = find_adapter(ragged).content(ragged)
        assert content.flat.tolist() == [1, 2, 3]
        assert [split.tolist() for split in content.splits] == [[0, 2, 2], [0, 1, 3]]

    def test_a_variable_without_a_value_says_so(self, tf):
        from tensorflow.python.ops.resource_variable_ops import UninitializedVariable

        variable = UninitializedVariable(shape=(2,), dtype=tf.float32)
        content = find_adapter(variable).content(variable)
        assert isinstance(content, Absent)
        assert content.reason == "before it is initialised: assign a value first"

    def test_a_proto_that_lies_is_not_decoded_for_display(self, tf):
        proto = type(tf.make_tensor_proto(1.0))(dtype=1, float_val=[1.0])
        proto.tensor_shape.dim.add().size = 10**9
        with pytest.raises(ConversionError, match="max_bytes"):
            find_adapter(proto).content(proto)


class TestParts:
    def test_steps_are_what_python_writes(self):
        parts = find_adapter({"a": 1, 2: 2}).parts({"a": 1, 2: 2})
        assert (parts.steps, parts.children) == (("['a']", "[2]"), (1, 2))
        assert tuple(find_adapter([7]).parts([7]).steps) == ("[0]",)
        assert find_adapter(Point(1, 2)).parts(Point(1, 2)).steps == (".x", ".y")

    @pytest.mark.parametrize(
        "nest", [{"a": 1}, OrderedDict(b=1, a=2), [1, 2], (1, 2), Point(1, 2), {}, [], ()], ids=repr
    )
    def test_rebuilding_gives_the_same_structure(self, nest):
        parts = find_adapter(nest).parts(nest)
        rebuilt = parts.rebuild([("new", child) for child in parts.children])
        assert type(rebuilt) is type(nest)
        assert len(rebuilt) == len(nest)
        assert rebuilt is not nest or not nest
        children = find_adapter(rebuilt).parts(rebuilt).children
        assert children == tuple(("new", child) for child in parts.children)

    def test_rebuilding_a_defaultdict_leaves_the_source_alone(self):
        source = defaultdict(list, a=1)
        rebuilt = find_adapter(source).parts(source).rebuild([2])
        assert (source["a"], rebuilt["a"], rebuilt["new"]) == (1, 2, [])


@pytest.mark.usefixtures("registry")
class TestRegistry:
    def grid(self) -> type:
        class Grid:
            pass

        return Grid

    def adapter(self, cls: type, number: int, **attributes: object) -> type[Adapter]:
        class GridAdapter(DenseAdapter):
            kind = "Grid"
            type_names = (f"{cls.__module__}.{cls.__qualname__}",)

            def view(self, obj):
                return np.full(2, number)

            def facts(self, obj):
                return Facts(shape=(2,), dtype="int64")

        for name, value in attributes.items():
            setattr(GridAdapter, name, value)
        return GridAdapter

    def test_a_kind_can_be_added_and_run_twice(self):
        grid = self.grid()
        assert find_adapter(grid()) is None
        register_adapter(self.adapter(grid, 1))
        assert to_numpy(grid()).tolist() == [1, 1]
        register_adapter(self.adapter(grid, 2))
        assert to_numpy(grid()).tolist() == [2, 2]
        assert len(base._BY_NAME[f"{grid.__module__}.{grid.__qualname__}"]) == 1

    def test_subclasses_are_found_along_the_mro(self):
        grid = self.grid()
        register_adapter(self.adapter(grid, 1))
        assert to_numpy(type("Fine", (grid,), {})()).tolist() == [1, 1]

    def test_matches_decides_where_names_are_not_enough(self):
        grid = self.grid()
        register_adapter(self.adapter(grid, 1, matches=lambda self, obj: hasattr(obj, "full")))
        empty, full = grid(), grid()
        full.full = True
        assert find_adapter(empty) is None
        assert find_adapter(full) is not None

    def test_the_highest_priority_is_asked_first(self):
        grid = self.grid()
        register_adapter(self.adapter(grid, 1, priority=5, __qualname__="First"))
        register_adapter(self.adapter(grid, 2, priority=9, __qualname__="Second"))
        assert to_numpy(grid()).tolist() == [2, 2]

    def test_a_registered_kind_shows_itself_unless_it_says_not(self):
        grid = self.grid()
        name = f"{grid.__module__}.{grid.__qualname__}"
        register_adapter(self.adapter(grid, 1, automatic=False))
        assert name not in registered_names()
        register_adapter(self.adapter(grid, 1, automatic=True))
        assert name in registered_names()

    def test_what_is_no_adapter_is_refused(self):
        grid = self.grid()
        for bad in (grid, grid(), None, 5):
            with pytest.raises(TypeError, match="subclass of Adapter"):
                register_adapter(bad)
        for names in ((), "a.b", ("Grid",), (5,)):
            with pytest.raises(TypeError, match="type_names"):
                register_adapter(self.adapter(grid, 1, type_names=names))

    def test_nests_of_the_users_are_recursed_into(self, tf):
        class Pair:
            def __init__(self, left, right):
                self.left, self.right = left, right

            def __len__(self):
                return 2

            def __iter__(self):
                return iter((self.left, self.right))

        class PairAdapter(NestAdapter):
            kind = "Pair"
            type_names = (f"{Pair.__module__}.{Pair.__qualname__}",)

            def parts(self, obj):
                return base.Parts((".left", ".right"), (obj.left, obj.right), lambda children: Pair(*children))

        register_adapter(PairAdapter)
        converted = tfnp_ext.to_numpy(Pair(tf.constant([1]), [tf.constant([2])]))
        assert isinstance(converted, Pair)
        assert converted.left.tolist() == [1]
        assert converted.right[0].tolist() == [2]
