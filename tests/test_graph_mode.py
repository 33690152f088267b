"""TF 1 graphs: what a session makes of tensors, variables and composites, and what is said without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contract import assert_same, bits

from tfnp_ext import ConversionError, SymbolicTensorError, to_numpy
from tfnp_ext.display import mimebundle


class Graph:
    """A graph with one value of each kind, fed by a placeholder so that nothing is known without a session."""

    def __init__(self, tf: Any) -> None:
        v1 = tf.compat.v1
        with tf.Graph().as_default() as graph:
            self.fed = v1.placeholder(tf.float32, [2], name="fed")
            self.ragged = tf.RaggedTensor.from_row_lengths(self.fed, [1, 0, 1])
            self.sparse = tf.SparseTensor([[0, 1], [1, 0]], self.fed, [2, 2])
            self.slices = tf.IndexedSlices(tf.reshape(self.fed, (2, 1)), tf.constant([1, 1]), tf.constant([3, 1]))
            self.variable = v1.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
            self.reference = v1.get_variable("r", initializer=[3.0, 4.0], use_resource=False)
            self.words = v1.get_variable("w", initializer=tf.constant(b"ab\x00"), use_resource=True)
            self.random = tf.RaggedTensor.from_row_lengths(tf.random.uniform([2]), [2])
            self.initialise = v1.global_variables_initializer()
        self.session = v1.Session(graph=graph)
        self.graph = graph

    def by_session(self, **more: Any) -> dict[str, Any]:
        return {"session": self.session, "feed": {self.fed: [5.0, 7.0]}, **more}


@pytest.fixture
def graph(tf) -> Any:
    made = Graph(tf)
    made.session.run(made.initialise)
    yield made
    made.session.close()


EXPECTED = {
    "ragged": [[5.0], [], [7.0]],
    "sparse": [[0, 5], [7, 0]],
    "slices": [[0], [12], [0]],
    "variable": [1, 2],
    "reference": [3, 4],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_session_gives_the_value_and_it_is_the_users_own(graph, name):
    converted = to_numpy(getattr(graph, name), **graph.by_session())

    listed = [row.tolist() for row in converted] if name == "ragged" else converted.tolist()
    assert listed == EXPECTED[name]
    assert converted.flags.writeable


@pytest.mark.parametrize("name", [*EXPECTED, "fed"])
def test_without_a_session_it_says_where_the_value_is(graph, name):
    with pytest.raises(SymbolicTensorError, match="in a TF 1 graph: pass session=") as caught:
        to_numpy(getattr(graph, name))
    assert "\n" not in str(caught.value)
    card = mimebundle(getattr(graph, name))["text/plain"]
    assert "no value yet" in card
    assert "in a TF 1 graph" in card
    assert "[no card" not in card


@pytest.mark.parametrize("name", ["ragged", "variable", "fed"])
def test_the_default_session_is_asked_only_by_an_explicit_call(tf, graph, name):
    with graph.session.as_default():
        assert "no value yet" in mimebundle(getattr(graph, name))["text/plain"]
        feed = {graph.fed: [5.0, 7.0]}
        explicit = to_numpy(getattr(graph, name), feed=feed)
    assert_same(explicit, to_numpy(getattr(graph, name), **graph.by_session()))


def test_all_parts_of_a_composite_come_from_one_run(graph):
    first, again = (to_numpy(graph.random, session=graph.session)[0] for _ in range(2))
    assert len(first) == len(again) == 2
    assert first.tolist() != again.tolist()


def test_all_tensors_of_a_nest_come_from_one_run(tf, graph):
    v1 = tf.compat.v1
    with graph.graph.as_default():
        rows = v1.data.Dataset.from_tensor_slices(([10, 20, 30, 40], [1, 2, 3, 4]))
        features, labels = v1.data.make_one_shot_iterator(rows).get_next()
        ragged = tf.RaggedTensor.from_row_lengths(tf.stack([features, labels]), [2])

    pair = to_numpy((features, {"label": labels}), session=graph.session)
    assert (pair[0].tolist(), pair[1]["label"].tolist()) == (10, 1)
    whole, first = to_numpy([ragged, features], session=graph.session)
    assert (whole[0].tolist(), first.tolist()) == ([20, 2], 20)
    random = graph.random.flat_values
    same = to_numpy([random, random, graph.random], session=graph.session)
    assert same[0].tolist() == same[1].tolist() == same[2][0].tolist()


def test_a_handle_is_refused_rather_than_its_bytes_returned(graph):
    with pytest.raises(ConversionError, match="of resource holds no numbers"):
        to_numpy(graph.variable.handle, session=graph.session)


def test_symbols_of_loops_and_branches_belong_to_the_function(tf, graph):
    leaked = []

    @tf.function
    def loop(limit):
        def body(i, x):
            leaked.append(x)
            return i + 1, x + 1.0

        return tf.while_loop(lambda i, x: i < limit, body, (0, tf.constant(0.0)))

    loop(tf.constant(2))
    with graph.session.as_default(), pytest.raises(SymbolicTensorError, match=r"inside tf\.function"):
        to_numpy(leaked[0])


def test_the_error_leaves_a_function_as_it_is(tf):
    @tf.function
    def inside(values):
        return to_numpy(values)

    with pytest.raises(SymbolicTensorError) as caught:
        inside(tf.constant([1.0]))
    assert "\n" not in str(caught.value)


def test_a_string_keeps_its_trailing_nul(graph):
    assert to_numpy(graph.words, session=graph.session).item() == b"ab\x00"


def test_a_nest_of_them_and_options(graph):
    converted = to_numpy({"a": [graph.fed, graph.variable], "n": 1}, **graph.by_session(dtype="float64"))
    assert_same(converted, {"a": [np.array([5.0, 7.0]), np.array([1.0, 2.0])], "n": 1})
    assert to_numpy(graph.ragged, **graph.by_session(ragged="pad")).tolist() == [[5], [0], [7]]


def test_what_a_session_returns_converts_too(graph, tf):
    ragged, sparse = graph.session.run([graph.ragged, graph.sparse], feed_dict={graph.fed: [5.0, 7.0]})

    assert [row.tolist() for row in to_numpy(ragged)] == EXPECTED["ragged"]
    assert to_numpy(sparse).tolist() == EXPECTED["sparse"]
    assert "RaggedTensorValue (3, None) float32" in mimebundle(ragged)["text/plain"]
    assert "SparseTensorValue (2, 2) float32" in mimebundle(sparse)["text/plain"]
    assert bits(to_numpy(sparse, dtype="float64")) == bits(np.array(EXPECTED["sparse"], np.float64))


def test_what_the_session_refuses_is_an_error_of_ours(tf, graph):
    with pytest.raises(ConversionError, match="fed could not be run in the session: You must feed a value"):
        to_numpy(graph.ragged, session=graph.session)
    fresh = Graph(tf)
    with pytest.raises(ConversionError, match="v could not be run in the session"):
        to_numpy(fresh.variable, session=fresh.session)
    with pytest.raises(ConversionError, match="could not be run in the session"):
        to_numpy(fresh.variable, session=graph.session)


def test_composites_inside_a_function_say_that_they_are_inside_one(tf):
    said = []

    @tf.function
    def inside(values):
        for value in (
            tf.RaggedTensor.from_row_lengths(values, [1, 1]),
            tf.SparseTensor([[0], [1]], values, [2]),
            tf.IndexedSlices(values, tf.constant([0, 1]), tf.constant([2])),
        ):
            with pytest.raises(SymbolicTensorError, match=r"has no value yet inside tf\.function") as caught:
                to_numpy(value)
            said.append(str(caught.value))
        return values

    inside(tf.constant([1.0, 2.0]))
    assert [line.split()[0] for line in said] == ["RaggedTensor", "SparseTensor", "IndexedSlices"]
