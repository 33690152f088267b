"""Trees that hold what is not TensorFlow's: nothing of the user's is run, and what fails costs its own line."""

from __future__ import annotations

import dataclasses
import enum
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfnp_ext import TensorDisplay, convert, register_adapter, to_numpy
from tfnp_ext.adapters import DenseAdapter, Facts, Failed, base
from tfnp_ext.adapters.modules import given_name
from tfnp_ext.display import compose, holds_tensors, mimebundle
from tfnp_ext.formats import render_html, render_text

RAN: list[str] = []


def text_of(value: object, result: object = None) -> str:
    return render_text(compose(value, TensorDisplay().options(), result))


def both(value: object) -> str:
    document = compose(value, TensorDisplay().options())
    render_html(document)
    return render_text(document)


class Lazy:
    """What any array that is evaluated late is."""

    shape = (10,)
    dtype = np.dtype("f4")

    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        RAN.append("__array__")
        return np.arange(10.0)


class LazyDlpack:
    @property
    def shape(self) -> tuple[int, ...]:
        RAN.append("shape")
        return (3,)

    def __dlpack_device__(self) -> tuple[int, int]:
        RAN.append("__dlpack_device__")
        return (1, 0)

    def __dlpack__(self, **options: Any) -> Any:
        RAN.append("__dlpack__")
        return np.arange(3).__dlpack__()


class Magic:
    __slots__ = ("held",)

    def __getattr__(self, name: str) -> Any:
        RAN.append(name)
        raise RuntimeError(name)


class MagicArray(Magic):
    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        RAN.append("__array__")
        raise RuntimeError("gone")


@dataclasses.dataclass
class Accident:
    """A dataclass of a library, with a repr of its own, such as zarr's arrays."""

    inner: Any

    def __repr__(self) -> str:
        RAN.append("repr")
        return "<Accident>"


@dataclasses.dataclass
class Plain:
    loss: Any
    name: str = "a"


class TestArraysByProtocol:
    @pytest.fixture(autouse=True)
    def nothing_ran(self):
        RAN.clear()
        yield
        assert [name for name in RAN if not name.startswith("_ipython")] == []

    @pytest.mark.parametrize(
        ("make", "line"),
        [(Lazy, "Lazy (10,) float32"), (LazyDlpack, "LazyDlpack"), (MagicArray, "MagicArray"), (Magic, "Magic")],
    )
    def test_are_a_line_with_their_class_and_run_nothing(self, tf, make, line):
        nest = [tf.constant([1.0, 2.0]), make()]
        assert holds_tensors(nest)
        assert both(nest).split("\n") == [
            "list   2 entries · 1 tensor · 2 values · 8 B",
            "[0]  (2,)  float32  1.0  2.0",
            f"[1]  {line}",
        ]

    def test_in_a_group_of_their_own_they_are_no_tensors(self, tf):
        lines = both({"t": tf.constant(1.0), "g": [Lazy(), Lazy()]}).split("\n")
        assert lines[0] == "dict   2 entries · 1 tensor · 4 B"
        assert lines[2].split() == ["g", "0", "tensors"]


class TestOtherLibraries:
    def test_arrays_of_known_libraries_keep_their_numbers(self, tf):
        jnp = pytest.importorskip("jax.numpy")
        assert "0  1  2" in both([tf.constant(1.0), jnp.arange(3)])

    def test_pytorch_too(self, tf):
        torch = pytest.importorskip("torch")
        assert "0  1  2" in both([tf.constant(1.0), torch.arange(3)])

    def test_numpy_s_own_too(self, tf):
        assert both([tf.constant(1.0), np.arange(3), np.float32(2)]).startswith("list   3 tensors · 5 values")

    def test_what_a_conversion_read_is_shown_of_its_result(self, tf):
        nest = {"t": tf.constant(1.0), "lazy": Lazy()}
        converted = to_numpy(nest)
        RAN.clear()
        text = text_of(nest, converted)
        assert RAN == []
        assert text.split("\n")[0] == "dict   2 tensors · 11 values · 84 B"
        assert "0.0" in text.split("\n")[2] or "min" in text or "9.0" in text


class TestDataclasses:
    def test_one_with_a_repr_of_its_own_is_a_line(self, tf):
        RAN.clear()
        nest = [tf.constant(1.0), Accident(tf.ones(3))]
        assert both(nest).split("\n") == ["list   2 entries · 1 tensor · 4 B", "[0]  ()  float32  1.0", "[1]  Accident"]
        assert not holds_tensors([Accident(tf.ones(3))])
        assert RAN == []

    def test_a_plain_one_is_a_tree(self, tf):
        assert both([Plain(tf.constant(1.0))]).split("\n")[1:] == [
            "[0] Plain  1 tensor · 4 B",
            "  loss     ()  float32  1.0",
            "  name     'a'",
        ]

    def test_one_alone_is_a_tree_as_asked(self, tf):
        assert "inner" in both(Accident(tf.ones(3)))

    def test_zarr_s_arrays_are_a_line(self, tf):
        zarr = pytest.importorskip("zarr")
        array = zarr.create_array(store={}, shape=(10,), dtype="f4")
        assert both([tf.constant(1.0), array]).split("\n")[2:] == ["[1]  Array"]


class TestWhatFails:
    def lines(self, value: object) -> list[str]:
        bundle = mimebundle(value, TensorDisplay().options())
        assert "[no card" not in bundle["text/plain"]
        return bundle["text/plain"].split("\n")

    def test_a_key_whose_repr_fails_is_its_class(self, tf):
        class Key:
            def __repr__(self) -> str:
                raise RuntimeError("run")

        lines = self.lines({Key(): tf.constant(1.0), (1, Key()): tf.constant(2.0), "k": 3})
        assert [line.split("  ")[0] for line in lines[1:]] == ["[Key]", "[(1, Key)]", "k"]

    def test_keys_read_as_python_writes_them(self, tf):
        class Color(enum.Enum):
            RED = 1

            def __repr__(self) -> str:
                raise RuntimeError("run")

        nest = {Color.RED: tf.constant(1.0), np.int64(3): 1, ("a", 2): 2, ("b",): 3, 1.5: 4, None: 5, b"x": 6}
        names = [line.split("  ")[0] for line in self.lines(nest)[1:]]
        assert names == ["[Color.RED]", "[3]", "[('a', 2)]", "[('b',)]", "[1.5]", "[None]", "[b'x']"]

    def test_a_field_costs_its_line(self, tf):
        @dataclasses.dataclass
        class Fields:
            good: Any
            bad: Any = None

            def __getattribute__(self, name: str) -> Any:
                if name == "bad":
                    raise RuntimeError("gone")
                return super().__getattribute__(name)

        lines = self.lines([Fields(tf.constant(1.0))])
        assert lines[2:] == ["  good      ()  float32  1.0", "  bad       not shown: RuntimeError: gone"]
        assert holds_tensors([Fields(tf.constant(1.0))])

    @pytest.mark.parametrize("method", ["__iter__", "__len__"])
    @pytest.mark.parametrize("base", [list, dict])
    def test_a_container_costs_its_line(self, tf, base, method):
        def fail(self: Any) -> Any:
            raise RuntimeError("gone")

        bad = type("Bad", (base,), {method: fail})({1: 2} if base is dict else [1])
        nest = [bad, tf.constant(1.0)]
        assert holds_tensors([[tf.constant(1.0)], bad])  # the last container is looked into first
        lines = self.lines(nest)
        assert lines[2] == "[1]  ()  float32  1.0"
        assert lines[1] == "[0]  Bad (not shown: RuntimeError: gone)" or method == "__len__"

    def test_a_value_of_a_mapping_costs_its_line(self, tf):
        class Partly(dict):
            def __getitem__(self, key: Any) -> Any:
                if key == "bad":
                    raise KeyError(key)
                return super().__getitem__(key)

        assert self.lines([Partly(good=tf.constant(1.0), bad=2)])[2:] == [
            "  good      ()  float32  1.0",
            "  bad       not shown: KeyError: 'bad'",
        ]

    def test_why_it_failed_is_kept(self):
        assert Failed("RuntimeError: gone").reason == "RuntimeError: gone"


class TestHeadlines:
    def test_entries_tensors_values_and_bytes(self, tf):
        nest = {"a": {"w": tf.zeros((30, 4)), "b": tf.zeros(4)}, "c": tf.zeros(6), "note": "x"}
        assert both(nest).split("\n")[0] == "dict   3 entries · 3 tensors · 130 values · 520 B".replace(
            "3 entries · ", ""
        )
        assert both({**nest, "d": 1}).split("\n")[0] == "dict   4 entries · 3 tensors · 130 values · 520 B"

    def test_values_are_not_told_where_one_does_not_tell(self, tf):
        assert "values" not in both([tf.zeros((30, 4)), tf.ragged.constant([[1], [2, 3]])]).split("\n")[0]

    def test_of_a_model_parameters_as_keras_counts_them(self, tf):
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [tf.keras.Input((6,)), layers.Dense(16), layers.BatchNormalization()], name="my_digits"
        )
        assert model.count_params() == 176
        frozen = sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)
        head = both(model).split("\n")[0]
        assert head.startswith(f"Sequential my_digits   6 tensors · 176 parameters, {frozen} not trainable · ")
        html = render_html(compose(model, TensorDisplay().options()))
        assert "<b style=font-weight:600>Sequential</b> my_digits" in html
        assert "<b style=font-weight:600>m</b> Sequential my_digits" in render_html(
            compose({"m": model}, TensorDisplay().options())
        )

    def test_of_metrics_optimizers_and_layers_the_name_that_the_user_gave(self, tf):
        metric = tf.keras.metrics.SparseCategoricalAccuracy(name="acc")
        assert both(metric).startswith("SparseCategoricalAccuracy acc   2 tensors · 8 B")
        layer = tf.keras.layers.Dense(3, name="first")
        layer.build((None, 2))
        assert both(layer).startswith("Dense first   2 tensors · 9 parameters · 36 B")

    def test_a_name_that_keras_made_up_is_not_said(self, tf):
        layers, made = tf.keras.layers, []
        for _ in range(2):
            made += [layers.Dense(1), layers.Conv2D(1, 1), layers.BatchNormalization(), layers.LSTM(1)]
            made += [tf.keras.Sequential(), tf.keras.metrics.AUC(), tf.keras.optimizers.AdamW()]
            made += [tf.keras.metrics.SparseCategoricalAccuracy(), tf.keras.optimizers.RMSprop()]
        assert [given_name(each) for each in made] == [""] * len(made)
        assert given_name(layers.Dense(1, name="dense_out")) == "dense_out"

    def test_values_of_replicas_say_where_they_are(self, tf):
        from tensorflow.python.distribute.values import PerReplica

        text = both(PerReplica((tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]))))
        assert [line.split("  ")[0] for line in text.split("\n")[1:]] == ["replica 0 on CPU", "replica 1 on CPU"]


def test_epochs_are_counted_as_in_keras_s_log(tf):
    history = tf.keras.callbacks.History()
    history.history, history.epoch = {"loss": [3.0, 1.0, 2.0]}, [0, 1, 2]
    text = both(history)
    assert "best 1.00 at epoch 2" in text
    assert [line.split()[0] for line in text.split("\n")[-3:]] == ["1", "2", "3"]


class TestManyObjectsOfOneClass:
    """A container of plain objects is as fast as without the extension: a class is asked about once."""

    class Plain:
        pass

    class Slotted:
        __slots__ = ("x",)

    @pytest.mark.parametrize("make", [object, Plain, Slotted, lambda: Path("/")])
    def test_a_class_is_asked_about_once(self, monkeypatch, make):
        asked = []
        real = convert.find_adapter
        monkeypatch.setattr(convert, "find_adapter", lambda obj: asked.append(obj) or real(obj))
        assert not holds_tensors([make() for _ in range(500)])
        assert len(asked) == 1

    def test_a_tensor_behind_many_others_is_found(self, tf):
        plain = [object() for _ in range(500)] + [self.Plain() for _ in range(500)]
        assert holds_tensors([*plain, tf.constant(1)])
        assert holds_tensors([*plain, {"x": tf.constant(1)}])

    def test_objects_that_stand_for_others_are_each_asked(self, tf):
        class Gone:
            pass

        class Proxy:
            def __init__(self, held):
                self.held = held

            @property
            def __class__(self):
                return type(self.held)

        gone, variable = Gone(), tf.Variable([1.0])
        assert holds_tensors([weakref.proxy(gone), weakref.proxy(gone), weakref.proxy(variable)])
        assert holds_tensors([Proxy(gone), Proxy(gone), Proxy(variable)])

    def test_a_kind_of_the_users_that_looks_at_the_object_is_asked_of_each(self, monkeypatch):
        monkeypatch.setattr(base, "_BY_NAME", {name: [*kinds] for name, kinds in base._BY_NAME.items()})

        class Grid:
            def __init__(self, full):
                self.full = full

        @register_adapter
        class GridAdapter(DenseAdapter):
            kind = "Grid"
            type_names = (f"{Grid.__module__}.{Grid.__qualname__}",)

            def matches(self, obj):
                return obj.full

            def facts(self, obj):
                return Facts((), "int64")

            def view(self, obj):
                return np.array(1)

        try:
            assert not holds_tensors([Grid(False)] * 3)
            assert holds_tensors([Grid(False), Grid(False), Grid(True)])
        finally:
            base._BY_CLASS.clear()
