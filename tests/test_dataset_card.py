"""The card of a dataset: what is known of it, in words, before anything is run."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import tfnp_ext
from tfnp_ext.datasets.structure import describe
from tfnp_ext.display import mimebundle
from tfnp_ext.errors import OptionError

Point = namedtuple("Point", "x y")


def card(dataset: Any) -> list[str]:
    return mimebundle(dataset)["text/plain"].splitlines()


def flat(component: Any) -> list[tuple[str, str, str]]:
    """Returns step, shape and dtype of all components, those of a container after it."""
    parts = [one for part in component.parts or () for one in flat(part)]
    return [(component.step, component.shape, component.dtype), *parts]


def pair(number: Any) -> Any:
    import tensorflow as tf

    return {"a": number, "b": (tf.cast(number, tf.float32),)}


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (
            lambda ds: ds.range(3),
            [
                "Dataset 3 elements   RangeDataset · 24 B · nothing drawn to show this",
                "element () int64",
                "one element: %tonumpy ds -n 1   all, stacked along a new first axis: %tonumpy ds",
            ],
        ),
        (
            lambda ds: ds.range(10).batch(4).prefetch(1),
            [
                "Dataset 3 batches of 4   PrefetchDataset · 80 B · nothing drawn to show this",
                "element (None,) int64",
                "one element: %tonumpy ds -n 1   all, joined along the first axis: %tonumpy ds",
            ],
        ),
        (
            lambda ds: ds.range(9).repeat(),
            [
                "Dataset endless   RepeatDataset · nothing drawn to show this",
                "one element: %tonumpy ds -n 1",
                "100, stacked along a new first axis: %tonumpy ds -n 100",
            ],
        ),
        (
            lambda ds: ds.range(9).filter(lambda number: number > 3),
            ["Dataset unknown number of elements   FilterDataset · nothing drawn to show this"],
        ),
        (
            lambda ds: ds.range(9).filter(lambda number: number > 3).batch(2),
            ["Dataset unknown number of batches   BatchDataset · nothing drawn to show this"],
        ),
        (
            lambda ds: ds.range(4).map(pair),
            ["element   shape  dtype", "['a']     ()     int64", "['b'][0]  ()     float32"],
        ),
        (
            lambda ds: ds.from_tensors(Point(1, 2.0)),
            ["Point  shape  dtype", ".x     ()     int32", ".y     ()     float32"],
        ),
        (lambda ds: ds.from_tensors({"a": np.zeros(2), "b": 1}), ["element  shape  dtype", "['a']    (2,)   float64"]),
        (
            lambda ds: ds.from_tensors(np.zeros(2**20)).map(lambda x: x).repeat(2**10),
            [
                "Dataset 1 024 elements   RepeatDataset · ≈ 8 GiB · nothing drawn to show this",
                "one element: %tonumpy ds -n 1   all, to disk: %tonumpy ds --save data.npz",
            ],
        ),
        (
            lambda ds: iter(ds.range(3)),
            [
                "Iterator   gives each element once · nothing drawn to show this",
                "element () int64",
                "next element: %tonumpy next(it)   next 100: %tonumpy it -n 100",
            ],
        ),
        (
            lambda ds: ds.range(3).as_numpy_iterator(),
            ["NumpyIterator   gives each element once · nothing drawn to show this"],
        ),
    ],
    ids=[
        "elements",
        "batches",
        "endless",
        "unknown",
        "unknown batches",
        "tree",
        "named tuple",
        "dict",
        "large",
        "iterator",
        "NumPy iterator",
    ],
)
def test_what_is_known_is_said(tf, make, lines):
    said = card(make(tf.data.Dataset))
    assert [line for line in lines if line not in said] == [], said


def test_every_kind_of_component_is_in_words(tf):
    extension = type(
        "Masked", (tf.experimental.ExtensionType,), {"__annotations__": {"values": tf.Tensor, "rows": tf.RaggedTensor}}
    )
    spec = {
        "tensor": tf.TensorSpec([None, 28], tf.uint8),
        "any rank": tf.TensorSpec(None, tf.string),
        "ragged": tf.RaggedTensorSpec([None, None], tf.int32),
        "sparse": tf.SparseTensorSpec([3, 4], tf.float32),
        "slices": tf.IndexedSlicesSpec([5, 2], tf.float32),
        "array": tf.TensorArraySpec([3], tf.float32),
        "optional": tf.OptionalSpec(tf.TensorSpec([2], tf.float32)),
        "window": tf.data.DatasetSpec({"x": tf.TensorSpec([], tf.bfloat16)}),
        "extension": extension.Spec(tf.TensorSpec([2], tf.float32), tf.RaggedTensorSpec([None, None], tf.int64)),
        "none": tf.data.Dataset.from_tensors({"a": None, "b": 1}).element_spec["a"],
        "point": Point(tf.TensorSpec([], tf.int8), (tf.TensorSpec([], tf.bool),)),
    }  # fmt: skip
    assert flat(describe(spec)) == [
        ("", "", "dict"),
        ("['tensor']", "(None, 28)", "uint8"),
        ("['any rank']", "(…)", "string"),
        ("['ragged']", "(None, None)", "int32 ragged"),
        ("['sparse']", "(3, 4)", "float32 sparse"),
        ("['slices']", "(5, 2)", "float32 indexed slices"),
        ("['array']", "(3,)", "float32 TensorArray"),
        ("['optional']", "(2,)", "optional float32"),
        ("['window']", "", "dataset of dict"),
        ("['x']", "()", "bfloat16"),
        ("['extension']", "", "Masked"),
        (".values", "(2,)", "float32"),
        (".rows", "(None, None)", "int64 ragged"),
        ("['none']", "", "None"),
        ("['point']", "", "Point"),
        (".x", "()", "int8"),
        (".y", "", "tuple"),
        ("[0]", "()", "bool"),
    ]


def test_windows_are_all_had_where_they_are_equally_long(tf):
    said = "stacked along a new first axis if they are equally long: %tonumpy ds"
    assert f"all, {said}" in card(tf.data.Dataset.range(10).window(3))
    assert "equally long" not in "".join(card(tf.data.Dataset.range(10)))


def test_the_dataset_of_a_strategy_says_how_many_replicas_an_element_is_for(tf):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    dealt = strategy.experimental_distribute_dataset(tf.data.Dataset.range(8).batch(4))
    assert "element (None,) 2 replicas of int64" in card(dealt)
    assert card(dealt)[0] == "Dataset 2 batches   DistributedDataset · nothing drawn to show this"


def test_the_keys_are_as_typed_up_to_eight_tensors_in_plain_containers(tf):
    element = {"x": np.zeros(2, np.float32), "it's": ({"y": 1}, 2.0), "none": ()}
    assert [line.split() for line in card(tf.data.Dataset.from_tensors((element, 3)))[1:-1]] == [
        ["element", "shape", "dtype"],
        ["[0]['x']", "(2,)", "float32"],
        ["[0][\"it's\"][0]['y']", "()", "int32"],
        ['[0]["it\'s"][1]', "()", "float32"],
        ["[0]['none']", "empty", "tuple"],
        ["[1]", "()", "int32"],
    ]


def test_a_container_of_the_users_and_more_than_eight_tensors_are_a_tree(tf):
    named = tf.data.Dataset.from_tensors({"a": Point(1, 2.0), "b": 1})
    assert any("Point" in line for line in card(named))
    many = tf.data.Dataset.from_tensors({"a": {str(number): number for number in range(9)}})
    assert ["a", "dict", "·", "9", "entries"] in [line.split() for line in card(many)]


def test_hostile_names_are_escaped(tf):
    html = mimebundle(tf.data.Dataset.from_tensors({"<script>": 1, "\x1b[2J": (2,)}))
    assert "<script>" not in html["text/html"]
    assert "&lt;script&gt;" in html["text/html"]
    assert "\x1b" not in html["text/plain"]


def test_many_components_are_folded_and_long_names_cut(tf):
    dataset = tf.data.Dataset.from_tensors({f"{'feature' * 20}_{number}": number for number in range(300)})
    assert "… 291 more" in card(dataset)
    assert max(map(len, card(dataset))) <= 80
    assert mimebundle(dataset)["text/html"].count("<details") == 1


def test_nothing_is_drawn_for_it(tf):
    drawn = []

    def generate():
        drawn.append(1)
        yield from range(3)

    dataset = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((), tf.int32)).batch(2)
    iterator = iter(dataset.unbatch())
    for value in (dataset, dataset.prefetch(2), iterator):
        assert "int32" in mimebundle(value)["text/plain"]
    assert drawn == []
    assert tfnp_ext.to_numpy(next(iterator)).tolist() == 0


def test_show_shows_the_card_and_plot_says_what_to_do(tf, capsys):
    dataset = tf.data.Dataset.range(3)
    tfnp_ext.show(dataset)
    assert capsys.readouterr().out.startswith("Dataset 3 elements")
    with pytest.raises(OptionError, match=r"^Dataset has to be run before .*, as in plot\(to_numpy\(x, take=1\)\)$"):
        tfnp_ext.plot(dataset)


@pytest.mark.parametrize("option", ["images", "truth"])
def test_a_dataset_is_not_run_for_the_card_of_another_value(tf, option):
    shares, dataset = np.full((2, 3), 1 / 3, np.float32), tf.data.Dataset.range(2).map(fails_when_run)
    with pytest.raises(OptionError, match=f"^{option}, _MapDataset, "):
        tfnp_ext.show(shares, **{option: dataset})


def fails_when_run(number: Any) -> Any:
    import tensorflow as tf

    return tf.debugging.check_numerics(1 / tf.cast(number, tf.float32), "was run")


def test_inside_a_function_a_dataset_from_outside_has_its_length(tf):
    dataset = tf.data.Dataset.range(5)
    said = []

    @tf.function(autograph=False)
    def look():
        graph = tf.compat.v1.get_default_graph()
        before = len(graph.get_operations())
        said.append(mimebundle(dataset)["text/plain"].splitlines()[0])
        said.append(len(graph.get_operations()) - before)
        return tf.constant(0)

    look()
    assert said == [mimebundle(dataset)["text/plain"].splitlines()[0], 0]
    assert "5 elements" in said[0]
