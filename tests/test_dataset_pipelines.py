"""Datasets as NumPy, on real pipelines: records, generators, windows, composites, and ways in which one can fail."""

from __future__ import annotations

import collections
import warnings
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfnp_ext import ConversionError, iter_numpy, to_numpy

LARGEST = 2**30


def refused(ask, *args, **options) -> str:
    """Returns what is said when a conversion is refused."""
    with pytest.raises(ConversionError) as refusal:
        ask(*args, **options)
    said = str(refusal.value)
    assert "\n" not in said
    assert not any(word in said for word in ("function_node", "[Op:", "Traceback", "IteratorGetNext"))
    return said


@pytest.fixture(scope="module")
def data(tf):
    """``tf.data.Dataset``."""
    return tf.data.Dataset


@pytest.fixture(scope="module")
def path(tf, tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "digits.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for place in range(7):
            feature = {
                "image": tf.train.Feature(float_list=tf.train.FloatList(value=[place, place + 0.5])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[place % 3])),
                "name": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"\x00n%d" % place])),
                "marks": tf.train.Feature(int64_list=tf.train.Int64List(value=range(place))),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    return path


@pytest.fixture(scope="module")
def features(tf):
    return {
        "image": tf.io.FixedLenFeature((2,), tf.float32),
        "label": tf.io.FixedLenFeature((), tf.int64),
        "name": tf.io.FixedLenFeature((), tf.string),
    }


class TestRecords:
    @pytest.mark.parametrize("batch", [None, 3])
    def test_parsed_examples(self, tf, path, features, batch):
        records = tf.data.TFRecordDataset(str(path))
        if batch is None:
            parsed = to_numpy(records.map(lambda record: tf.io.parse_single_example(record, features)))
        else:
            parsed = to_numpy(records.batch(batch).map(lambda record: tf.io.parse_example(record, features)))
        np.testing.assert_array_equal(parsed["image"], np.arange(7, dtype=np.float32)[:, None] + np.float32([0, 0.5]))
        assert parsed["label"].tolist() == [0, 1, 2, 0, 1, 2, 0]
        assert parsed["name"].tolist() == [b"\x00n%d" % place for place in range(7)]

    @pytest.mark.parametrize("batch", [None, 3])
    def test_marks_of_any_number_are_sparse_and_of_unequal_width(self, tf, path, batch):
        spec = {"marks": tf.io.VarLenFeature(tf.int64)}
        records = tf.data.TFRecordDataset(str(path))
        if batch is None:
            parsed, shapes = records.map(lambda record: tf.io.parse_single_example(record, spec)), ("(1,)", "(0,)")
        else:
            parsed, shapes = (
                records.batch(batch).map(lambda record: tf.io.parse_example(record, spec)),
                ("(3, 5)", ", 2)"),
            )
        how = {"join": "concat" if batch else "stack"}
        said = refused(to_numpy, parsed, **how)
        assert all(shape in said for shape in shapes)
        assert "ragged='pad'" in said
        padded = to_numpy(parsed, ragged="pad", **how)["marks"]
        np.testing.assert_array_equal(padded, [[*range(place), *[0] * (6 - place)] for place in range(7)])

    def test_sparse_rows_that_get_shorter(self, tf):
        rows = [tf.sparse.from_dense([[0, 1, 2]]), tf.sparse.from_dense([[3]]), tf.sparse.from_dense([[4, 5]])]
        spec = tf.SparseTensorSpec((None, None), tf.int32)
        dataset = tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec)
        assert to_numpy(dataset, ragged="pad").tolist() == [[0, 1, 2], [3, 0, 0], [4, 5, 0]]
        assert to_numpy(dataset, ragged="pad", join="stack").tolist() == [[[0, 1, 2]], [[3, 0, 0]], [[4, 5, 0]]]

    def test_ragged_features(self, tf, path):
        spec = {"marks": tf.io.RaggedFeature(tf.int64)}
        records = tf.data.TFRecordDataset(str(path)).batch(3).map(lambda record: tf.io.parse_example(record, spec))
        assert to_numpy(records, ragged="list")["marks"] == [list(range(place)) for place in range(7)]

    def test_a_file_that_was_cut_off(self, tf, path, tmp_path):
        cut = tmp_path / "cut.tfrecord"
        cut.write_bytes(path.read_bytes()[:-5])
        records = tf.data.TFRecordDataset(str(cut))
        said = refused(to_numpy, records)
        assert said.startswith("Dataset: element 6 failed: truncated record at ")
        with pytest.warns(UserWarning, match=r"^1 element failed and was skipped \(6\): truncated record"):
            assert len(to_numpy(records, on_error="skip")) == 6
        with pytest.warns(UserWarning, match="1 element failed and was skipped"):
            assert len(list(iter_numpy(records, on_error="skip"))) == 6
        with pytest.warns(UserWarning, match="1 element failed and was skipped"):
            both = to_numpy(tf.data.TFRecordDataset([str(cut), str(path)]), on_error="skip")
        assert len(both) == 13

    def test_a_file_that_is_not_there_fails_for_good(self, tf, tmp_path):
        records = tf.data.TFRecordDataset(str(tmp_path / "none"))
        assert "element 0 failed: " in refused(to_numpy, records)
        assert "the first 1 000 elements failed" in refused(to_numpy, records, on_error="skip")

    def test_bytes_that_are_no_example(self, tf, features):
        wrong = tf.data.Dataset.from_tensors(b"abc\xff").map(lambda one: tf.io.parse_single_example(one, features))
        said = refused(to_numpy, wrong)
        assert said.startswith(r"Dataset: element 0 failed: Could not parse example input, value: 'abc\xff'")

    def test_a_feature_that_is_missing(self, tf, path):
        spec = {"size": tf.io.FixedLenFeature((), tf.int64)}
        records = tf.data.TFRecordDataset(str(path)).map(lambda one: tf.io.parse_single_example(one, spec))
        assert "Feature: size (data type: int64) is required but could not be found." in refused(to_numpy, records)


class TestGenerators:
    def test_of_a_known_signature(self, tf, data):
        rows = data.from_generator(lambda: iter(np.eye(3)), output_signature=tf.TensorSpec((3,), tf.float64))
        np.testing.assert_array_equal(to_numpy(rows), np.eye(3))

    def test_of_an_unknown_shape(self, tf, data):
        rows = data.from_generator(lambda: iter([[1], [1, 2]]), output_types=tf.int64)
        said = refused(to_numpy, rows)
        assert "element 1 has the shape (2,) where those before have (1,): join='concat' joins them" in said
        assert "ragged='object' keeps each as it is" in said
        np.testing.assert_array_equal(to_numpy(rows, ragged="pad", fill_value=-1), [[1, -1], [1, 2]])
        assert [row.tolist() for row in to_numpy(rows, ragged="object")] == [[1], [1, 2]]

    def test_of_an_unknown_rank(self, tf, data):
        rows = data.from_generator(lambda: iter([1, [1]]), output_types=tf.int64)
        for options in ({}, {"ragged": "pad"}):
            assert refused(to_numpy, rows, **options).endswith("iter_numpy gives them one by one")

    def test_one_that_raises(self, tf, data):
        def numbers():
            yield 1
            raise OSError("disk\ngone")

        rows = data.from_generator(numbers, output_signature=tf.TensorSpec((), tf.int64))
        assert refused(to_numpy, rows).startswith("Dataset: element 1 failed: OSError: disk (")
        with pytest.warns(UserWarning, match="OSError: disk"):
            assert to_numpy(rows, on_error="skip").tolist() == [1]

    @pytest.mark.parametrize(
        ("values", "said"),
        [([1, "x"], "the yielded element was x"), ([1, [1, 2]], "an element of shape (2,) where")],
    )
    def test_one_that_does_not_keep_its_word(self, tf, data, values, said):
        rows = data.from_generator(lambda: iter(values), output_signature=tf.TensorSpec((), tf.int64))
        assert said in refused(to_numpy, rows)


class TestErrorsInTheMiddle:
    @pytest.mark.parametrize(
        ("made", "said"),
        [
            (
                lambda tf, i: tf.py_function(_missing_file, [i], tf.int64),
                "element 0 failed: FileNotFoundError: a.png (",
            ),
            (lambda tf, i: tf.numpy_function(_missing_file, [i], tf.int64), "FileNotFoundError: a.png ("),
            (lambda tf, i: tf.io.decode_jpeg(b"abc\xff"), "element 0 failed: Unknown image file format. One of JPEG"),
            (lambda tf, i: tf.io.read_file("/none"), "element 0 failed: /none; No such file or directory ("),
            (lambda tf, i: tf.ensure_shape(tf.range(i), (1,)), "Shape of tensor range [0] is not compatible"),
            (lambda tf, i: tf.gather([1, 2], i), "element 2 failed: indices = 2 is not in [0, 2) ("),
            (lambda tf, i: tf.constant(1, tf.int64) // (i - 1), "element 1 failed: Integer division by zero ("),
            (lambda tf, i: tf.strings.to_number("a"), "StringToNumberOp could not correctly convert string: a ("),
            (lambda tf, i: tf.debugging.check_numerics(1 / i, "bad"), "element 0 failed: bad : Tensor had Inf"),
        ],
    )
    def test_the_cause_in_one_line(self, tf, data, made, said):
        assert said in refused(to_numpy, data.range(3).map(lambda i: made(tf, i)))
        assert said in refused(lambda dataset: list(iter_numpy(dataset)), data.range(3).map(lambda i: made(tf, i)))

    def test_batches_of_unequal_elements(self, tf, data):
        said = refused(to_numpy, data.range(1, 4).map(lambda i: tf.range(i)).batch(2))
        assert "element 0 failed: Cannot " in said
        assert "[1]" in said
        assert "[2]" in said

    def test_skips_are_counted_and_the_rest_is_there(self, tf, data):
        odd = data.range(9).map(lambda i: tf.debugging.check_numerics(1 / (i % 2), "even") + tf.cast(i, tf.float64))
        with pytest.warns(
            UserWarning, match=r"^5 elements failed and were skipped \(0, 2, 4 …\): even : Tensor had Inf"
        ):
            assert to_numpy(odd, on_error="skip").tolist() == [2, 4, 6, 8]
        with pytest.warns(UserWarning, match="5 elements failed"):
            assert [float(one) for one in iter_numpy(odd, on_error="skip")] == [2, 4, 6, 8]
        with pytest.warns(UserWarning, match="2 elements failed"):  # take counts those that came
            assert to_numpy(odd, on_error="skip", take=2).tolist() == [2, 4]

    def test_a_length_that_was_asserted_and_is_wrong(self, tf, data):
        def lying(length):
            return data.range(5).apply(tf.data.experimental.assert_cardinality(length))

        assert "expected to contain 7 elements but contained only 5" in refused(to_numpy, lying(7))
        assert "expected to contain 3 elements but contained at least 4" in refused(to_numpy, lying(3))
        assert "would take about" in refused(to_numpy, lying(10**15))
        with pytest.warns(UserWarning, match="no more were drawn after 1 000 failed in a row"):
            assert to_numpy(lying(7), on_error="skip").tolist() == [0, 1, 2, 3, 4]
        assert to_numpy(lying(7), take=5).tolist() == [0, 1, 2, 3, 4]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert len(to_numpy(lying(10**15), on_error="skip", max_bytes=None)) == 5

    def test_an_element_of_iter_numpy_that_cannot_be_converted_is_named(self, data):
        said = refused(lambda: list(iter_numpy(data.range(300), dtype="int8")))
        assert said.startswith("Dataset: element 128 failed: ")


def _missing_file(place):
    raise FileNotFoundError("a.png")


class TestStructures:
    def test_containers_keep_their_types(self, tf, data):
        Point = collections.namedtuple("Point", "x y")
        pair = data.range(2).map(lambda i: Point(i, (tf.cast(i, tf.float32), None)))
        joined = to_numpy(pair)
        assert type(joined).__name__ == "Point"
        assert joined.x.tolist() == [0, 1]
        assert joined.y[0].tolist() == [0, 1]
        assert joined.y[1] is None
        ordered = to_numpy(data.from_tensors(collections.OrderedDict(b=1, a=2)))
        assert list(ordered) == ["b", "a"]
        assert type(ordered) is collections.OrderedDict
        assert list(to_numpy(data.from_tensors({"b": 1, "a": 2.5}))) == ["b", "a"]

    def test_attrs(self, data):
        attr = pytest.importorskip("attr")
        pair = attr.make_class("Pair", ["x", "y"])
        joined = to_numpy(data.range(3).map(lambda i: pair(i, -i)))
        assert type(joined) is pair
        assert joined.y.tolist() == [0, -1, -2]

    def test_extension_types_with_names_and_mappings_in_them(self, tf, data):
        fields = {"values": tf.Tensor, "rows": tf.RaggedTensor, "name": str, "more": Mapping[str, tf.Tensor]}
        labelled = type("Labelled", (tf.experimental.ExtensionType,), {"__annotations__": fields})
        one = labelled(tf.constant([1.0]), tf.ragged.constant([[1], []]), "x", {"a": tf.constant(3)})
        joined = to_numpy(data.from_tensors(one).repeat(2), ragged="list")
        assert joined["values"].tolist() == [[1], [1]]
        assert joined["rows"] == [[[1], []], [[1], []]]
        assert joined["name"] == "x"
        assert joined["more"]["a"].tolist() == [3, 3]
        assert next(iter(iter_numpy(data.from_tensors(one))))["name"] == "x"

    def test_optionals(self, tf, data):
        some = data.from_tensors(tf.experimental.Optional.from_value({"a": tf.constant(1)})).repeat(2)
        assert to_numpy(some)["a"].tolist() == [1, 1]
        none = data.from_tensors(tf.experimental.Optional.empty(tf.TensorSpec((), tf.int64)))
        said = "Dataset: element 0 failed: an Optional in it has no value"
        assert refused(to_numpy, none).startswith(said)
        assert refused(lambda: list(iter_numpy(none))).startswith(said)
        with pytest.warns(UserWarning, match="has no value"):
            assert to_numpy(none, on_error="skip").shape == (0,)

    def test_a_tensor_array_is_refused(self, tf, data):
        arrays = data.range(2).map(lambda i: tf.TensorArray(tf.int64, 1).write(0, i))
        assert "element 0 cannot be converted: TensorArray" in refused(to_numpy, arrays)
        assert "TensorArraySpec has no dtype" in refused(to_numpy, arrays.take(0))

    def test_windows(self, tf, data):
        np.testing.assert_array_equal(to_numpy(data.range(6).window(2)), np.arange(6).reshape(3, 2))
        np.testing.assert_array_equal(to_numpy(data.range(8).window(2).window(2)), np.arange(8).reshape(2, 2, 2))
        np.testing.assert_array_equal(to_numpy(data.range(8).batch(2).window(2)), np.arange(8).reshape(2, 4))
        assert to_numpy(data.range(0).window(2)).shape == (0,)
        both = to_numpy(data.zip({"w": data.from_tensor_slices({"a": [1, 2, 3, 4]}).window(2), "n": data.range(2)}))
        assert both["w"]["a"].tolist() == [[1, 2], [3, 4]]
        assert both["n"].tolist() == [0, 1]

    def test_a_last_window_that_is_shorter(self, data):
        windows = data.range(5).window(2)
        assert "element 2 has the shape (1,) where those before have (2,)" in refused(to_numpy, windows)
        assert to_numpy(windows, ragged="pad").tolist() == [[0, 1], [2, 3], [4, 0]]
        assert [one.tolist() for one in to_numpy(windows, ragged="object")] == [[0, 1], [2, 3], [4]]
        assert [[int(one) for one in window] for window in iter_numpy(windows)] == [[0, 1], [2, 3], [4]]

    def test_windows_of_what_is_ragged_or_sparse_are_refused(self, tf, data):
        ragged = data.range(4).map(lambda i: tf.range(i)).ragged_batch(2).window(2)
        assert "RaggedTensor of a dataset in it" in refused(to_numpy, ragged)
        sparse = data.from_tensor_slices(tf.sparse.from_dense(np.eye(4))).window(2)
        assert "SparseTensor of a dataset in it" in refused(to_numpy, sparse)
        assert [len(list(window)) for window in iter_numpy(sparse)] == [2, 2]

    def test_an_element_of_a_window_that_fails(self, tf, data):
        bad = data.range(4).map(lambda i: tf.constant(1, tf.int64) // (i - 3)).window(2)
        assert "Integer division by zero" in refused(to_numpy, bad)

    def test_iterators_of_what_became_arrays_already(self, tf, data):
        rows = data.range(4).map(lambda i: tf.range(i)).ragged_batch(2)
        assert "RaggedTensor of an iterator of arrays" in refused(to_numpy, rows.as_numpy_iterator(), take=2)
        assert to_numpy(data.range(5).as_numpy_iterator(), take=2).tolist() == [0, 1]

    def test_iterators_go_on_where_they_were_left(self, data):
        iterator = iter(data.range(5))
        assert "take=3" in refused(to_numpy, iterator)
        assert to_numpy(iterator, take=0).shape == (0,)
        assert to_numpy(iterator, take=2).tolist() == [0, 1]
        assert int(next(iterator)) == 2
        assert to_numpy(iterator, take=9).tolist() == [3, 4]
        assert to_numpy(iterator, take=9).shape == (0,)


class TestComposites:
    def test_ragged_batches(self, tf, data):
        rows = data.range(5).map(lambda i: {"row": tf.range(i), "n": i}).ragged_batch(2)
        joined = to_numpy(rows, ragged="list")
        assert joined["row"] == [list(range(n)) for n in range(5)]
        assert joined["n"].tolist() == [0, 1, 2, 3, 4]
        assert to_numpy(rows, ragged="pad", fill_value=-1)["row"][2].tolist() == [0, 1, -1, -1]
        assert to_numpy(rows.take(0))["row"].shape == (0,)

    def test_slices_of_a_ragged_tensor(self, tf, data):
        rows = data.from_tensor_slices(tf.ragged.constant([[1], [2, 3], []]))
        assert to_numpy(rows).tolist() == [1, 2, 3]  # each leads with an unknown length, as a batch does
        assert [row.tolist() for row in to_numpy(rows, ragged="object")] == [[1], [2, 3], []]
        assert "ragged=" in refused(to_numpy, rows, join="stack")
        deep = data.from_tensor_slices(tf.ragged.constant([[[1], []], [[2, 3]], []]))
        assert to_numpy(deep, ragged="list", join="stack") == [[[1], []], [[2, 3]], []]

    @given(
        batches=st.lists(st.lists(st.lists(st.integers(0, 99), max_size=4), max_size=4), min_size=1, max_size=4),
        joined=st.sampled_from(["concat", "stack"]),
    )
    @settings(max_examples=25)
    def test_ragged_batches_are_as_nested_lists(self, tf, batches, joined):
        tensors = [tf.ragged.constant(batch, tf.int32, ragged_rank=1) for batch in batches]
        dataset = tf.data.Dataset.from_tensors(tensors[0])
        for tensor in tensors[1:]:
            dataset = dataset.concatenate(tf.data.Dataset.from_tensors(tensor))
        expected = batches if joined == "stack" else [row for batch in batches for row in batch]
        assert to_numpy(dataset, ragged="list", join=joined, progress=False) == expected

    @pytest.mark.parametrize("batch", [None, 2])
    def test_sparse(self, tf, data, batch):
        values = np.array([[0, 1, 0], [2, 0, 3], [0, 0, 0]])
        rows = data.from_tensor_slices(tf.sparse.from_dense(values))
        rows = rows if batch is None else rows.batch(batch)
        np.testing.assert_array_equal(to_numpy(rows), values)
        np.testing.assert_array_equal(to_numpy(rows, sparse="scipy").toarray(), values)

    def test_sparse_and_out_of_order(self, tf, data):
        one = data.from_tensors(tf.SparseTensor([[1, 0], [0, 1]], [5, 6], [2, 2])).repeat(2)
        np.testing.assert_array_equal(to_numpy(one), [[[0, 6], [5, 0]]] * 2)
        np.testing.assert_array_equal(to_numpy(one, join="concat"), [[0, 6], [5, 0]] * 2)
        twice = data.from_tensors(tf.SparseTensor([[1, 0], [1, 0]], [5, 6], [2, 2]))
        assert "more than one value at a place" in refused(to_numpy, twice)

    def test_what_is_sparse_may_be_too_large_to_be_dense(self, tf, data):
        wide = data.from_tensors(tf.SparseTensor([[0, 0]], [5], [10**5, 10**5])).repeat(2)
        said = refused(to_numpy, wide)
        assert "came to 37.3 GiB as dense arrays with element 0" in said
        assert "sparse='scipy'" in said
        assert to_numpy(wide, sparse="scipy").shape == (2, 10**5, 10**5)


@given(
    shapes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5),
    batch=st.sampled_from([None, 2]),
)
@settings(max_examples=25)
def test_items_of_any_shape_are_in_the_corner_of_the_largest(tf, shapes, batch):
    dataset = tf.data.Dataset.from_tensor_slices(shapes).map(lambda shape: tf.fill(shape, tf.reduce_sum(shape) + 1))
    items = [np.full(shape, sum(shape) + 1) for shape in shapes]
    expected = np.zeros((len(items), *np.max(shapes, axis=0)), int)
    for place, item in enumerate(items):
        expected[place][tuple(map(slice, item.shape))] = item
    if batch is None:
        kept = to_numpy(dataset, join="stack", ragged="object", progress=False)
        assert [one.tolist() for one in kept] == [item.tolist() for item in items]
        assert to_numpy(dataset, join="stack", ragged="list") == [item.tolist() for item in items]
        masked = to_numpy(dataset, join="stack", ragged="masked", progress=False)
        np.testing.assert_array_equal(masked.filled(0), expected)
        assert masked.count() == sum(item.size for item in items)
        padded = to_numpy(dataset, join="stack", ragged="pad", progress=False)
    else:  # batches padded to their own largest: the whole is padded to the largest of all
        padded = to_numpy(dataset.padded_batch(batch), ragged="pad", progress=False)
    np.testing.assert_array_equal(padded, expected)


class TestJoining:
    def test_batches_of_unequal_width(self, tf, data):
        buckets = data.range(1, 7).map(lambda i: tf.range(i)).padded_batch(2)
        said = refused(to_numpy, buckets)
        assert "element 1 holds examples of the shape (4,) where those before have (2,)" in said
        assert "ragged='object'" in said
        assert "ragged='pad'" in said
        expected = [[*range(n), *[0] * (6 - n)] for n in range(1, 7)]
        assert to_numpy(buckets, ragged="pad").tolist() == expected
        kept = [[0, 0], [0, 1], [0, 1, 2, 0], [0, 1, 2, 3], [0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 4, 5]]
        assert [row.tolist() for row in to_numpy(buckets, ragged="object")] == kept
        assert to_numpy(buckets, ragged="list") == kept

    def test_images_of_any_size(self, tf, data):
        images = data.range(1, 4).map(lambda i: tf.fill((i, i + 1), i))
        padded = to_numpy(images, join="stack", ragged="pad")
        assert padded.shape == (3, 3, 4)
        assert padded[1].tolist() == [[2, 2, 2, 0], [2, 2, 2, 0], [0, 0, 0, 0]]

    def test_what_cannot_be_joined_as_asked(self, data):
        assert "join='stack'" in refused(to_numpy, data.range(3), join="concat")
        assert "(1,) where those before have (2,)" in refused(to_numpy, data.range(5).batch(2), join="stack")

    def test_drop_remainder_and_sizes_of_zero(self, tf, data):
        whole = data.range(5).batch(2, drop_remainder=True)
        assert to_numpy(whole).tolist() == [0, 1, 2, 3]
        assert to_numpy(whole, join="stack").tolist() == [[0, 1], [2, 3]]
        pairs = whole.map(lambda batch: (batch, tf.stack([batch, batch], axis=1))).prefetch(1)
        assert [part.shape for part in to_numpy(pairs)] == [(4,), (4, 2)]
        sums = whole.map(lambda batch: (batch, tf.reduce_sum(batch)))  # no batch of anything any more
        assert [part.shape for part in to_numpy(sums)] == [(2, 2), (2,)]
        assert to_numpy(data.range(4).batch(2).map(lambda batch: batch[:0])).shape == (0,)
        assert to_numpy(data.range(4).batch(2).map(lambda batch: tf.zeros((0, 3)))).shape == (2, 0, 3)

    @pytest.mark.parametrize("take", [0, 1, 99])
    def test_take(self, data, take):
        assert to_numpy(data.range(3), take=take).tolist() == list(range(3))[:take]
        assert to_numpy(data.range(5).batch(2), take=take).tolist() == list(range(5))[: 2 * take]
        assert to_numpy(data.range(2).repeat(), take=take).tolist() == [i % 2 for i in range(take)]

    def test_without_an_end(self, data):
        assert "endless: say how many elements, as in take=100" in refused(to_numpy, data.range(3).repeat())

    def test_unknown_lengths(self, tf, data):
        assert to_numpy(data.range(9).filter(lambda i: i % 2 == 0)).tolist() == [0, 2, 4, 6, 8]
        assert to_numpy(data.range(4).flat_map(data.range).batch(2)).tolist() == [0, 0, 1, 0, 1, 2]
        assert sorted(to_numpy(data.range(4).interleave(data.range)).tolist()) == [0, 0, 0, 1, 1, 2]

    def test_empty_ones_have_dtype_and_shape(self, tf, data):
        empty = data.range(0).map(
            lambda i: {"a": tf.zeros((2, 3)), "b": tf.constant(b"x"), "c": tf.cast(i, tf.bfloat16)}
        )
        for joined in (to_numpy(empty), to_numpy(empty.batch(2))):
            assert joined["a"].shape == (0, 2, 3)
            assert joined["a"].dtype == np.float32
            assert joined["b"].dtype == object
            assert joined["c"].dtype.name == "bfloat16"
        codes = tf.quantization.quantize([1.0, 2.0], 0.0, 2.0, tf.quint8).output
        rows = data.from_tensor_slices(codes)
        assert to_numpy(rows).dtype == to_numpy(rows.take(0)).dtype == np.uint8

    @pytest.mark.parametrize("dtype", ["bool", "float16", "bfloat16", "complex64", "uint64", "int8"])
    def test_dtypes(self, tf, data, dtype):
        values = tf.cast(tf.constant([0, 1, 2, 1]), dtype)
        for dataset in (data.from_tensor_slices(values), data.from_tensor_slices(values).batch(3)):
            joined = to_numpy(dataset)
            assert joined.dtype == values.dtype.as_numpy_dtype
            assert (joined == values.numpy()).all()

    def test_float8_a_tensor_at_a_time(self, tf, data):
        values = tf.cast(tf.constant([0.5, 2.0]), "float8_e4m3fn")
        joined = to_numpy(data.from_tensors(values).repeat(2))
        assert joined.dtype == values.dtype.as_numpy_dtype
        assert joined.astype(float).tolist() == [[0.5, 2], [0.5, 2]]

    def test_strings(self, data):
        words = data.from_tensor_slices([b"a\x00", "ü".encode(), b""])
        assert to_numpy(words).tolist() == [b"a\x00", "ü".encode(), b""]
        assert to_numpy(words.batch(2), dtype=str).tolist() == ["a\x00", "ü", ""]
        assert "element 1 is not UTF-8" in refused(to_numpy, data.from_tensor_slices([b"a", b"\xff"]), dtype=str)

    def test_casting(self, tf, data):
        assert to_numpy(data.range(3), dtype="float32").dtype == np.float32
        assert "element 128 holds 128, which int8 cannot hold" in refused(to_numpy, data.range(300), dtype="int8")
        assert to_numpy(data.range(300), dtype="int8", casting="unsafe")[128] == -128
        halves = data.range(3).map(lambda i: {"a": tf.cast(i, tf.float32)})
        said = refused(to_numpy, halves, dtype="int8")
        assert said.startswith("Dataset: element 0, ['a'], cannot be cast from float down to integer")

    def test_copies(self, data):
        assert to_numpy(data.range(3), copy=True).flags.writeable
        assert "without a copy" in refused(to_numpy, data.range(3), copy=False)
        (element,) = iter_numpy(data.range(1).batch(2), copy=True)
        element[0] = 9
        assert element.tolist() == [9]

    def test_very_many_small_elements(self, data):
        many = to_numpy(data.range(10**5), progress=False)
        np.testing.assert_array_equal(many, np.arange(10**5))


class TestBounds:
    @pytest.fixture
    def counted(self, tf):
        ran = []

        def count(value):
            ran.append(int(value))
            return value

        def steps(dataset):
            return dataset.map(lambda i: tf.ensure_shape(tf.py_function(count, [i], tf.int64), ()))

        return steps, ran

    def test_what_is_known_to_be_too_large_is_not_run(self, data, counted):
        steps, ran = counted
        said = refused(to_numpy, steps(data.range(100)), max_bytes=100)
        assert "100 elements would take about 800 B, more than max_bytes=100 B" in said
        assert "save(" in said
        assert not ran
        assert to_numpy(steps(data.range(100)), take=12, max_bytes=100).tolist() == list(range(12))
        assert ran == list(range(12))  # nothing beyond was asked for

    def test_of_unknown_length_it_ends_on_the_way(self, data, counted):
        steps, ran = counted
        said = refused(to_numpy, steps(data.range(100)).filter(lambda i: True), max_bytes=100)
        assert "came to 104 B with element 12, more than max_bytes=100 B" in said
        assert "save(" in said
        assert len(ran) < 20

    def test_far_more_asked_for_than_there_is_room(self, data):
        said = refused(to_numpy, data.range(5).repeat(), take=10**17, max_bytes=1000, progress=False)
        assert "came to 1008 B with element 125" in said

    def test_padding_and_strings_count(self, tf, data):
        rows = data.from_tensor_slices([1, 1, 1, 1000]).map(tf.range)
        assert "15.6 KiB" in refused(to_numpy, rows, max_bytes=10_000, ragged="pad")
        words = data.from_tensor_slices(["a" * 100] * 20)
        assert "came to 600 B with element 5" in refused(to_numpy, words, max_bytes=500)


class TestNothingIsWrittenInto:
    @pytest.mark.parametrize("dtype", ["int64", "float32", "bfloat16", "float8_e4m3fn"])
    @pytest.mark.parametrize("kept", ["from_tensors", "from_tensor_slices", "cache"])
    @pytest.mark.parametrize("options", [{}, {"timeout": 30}])
    def test_elements_are_read_only_down_to_their_root(self, tf, dtype, kept, options):
        values = tf.cast(tf.constant([[1.0, 2.0], [3.0, 4.0]]), dtype)
        before = values.numpy().astype(float).tolist()
        data = tf.data.Dataset
        if kept == "from_tensor_slices" and "float8" in dtype:
            pytest.skip("TensorFlow does not slice it")
        dataset = data.from_tensor_slices(values) if kept == "from_tensor_slices" else data.from_tensors(values)
        dataset = dataset.cache() if kept == "cache" else dataset
        list(dataset)  # fills the cache
        for element in iter_numpy(dataset, **options):
            array = element
            while isinstance(array, np.ndarray):
                assert not array.flags.writeable
                with pytest.raises(ValueError, match="read-only"):
                    array[...] = 9
                array = array.base
            with pytest.raises(ValueError, match="WRITEABLE"):
                element.flags.writeable = True
        again = np.array([element.astype(float) for element in iter_numpy(dataset)]).reshape(2, 2)
        assert again.tolist() == values.numpy().astype(float).tolist() == before

    def test_a_result_is_nobody_elses(self, tf):
        source = tf.constant([[1, 2, 3]])
        dataset = tf.data.Dataset.from_tensors(source).cache()
        for _ in range(2):
            joined = to_numpy(dataset)
            assert joined.tolist() == [[[1, 2, 3]]]
            joined[...] = 99
        assert source.numpy().tolist() == [[1, 2, 3]]


class TestIterating:
    def test_lengths(self, data):
        assert len(iter_numpy(data.range(5).batch(2))) == 3
        for dataset, said in ((data.range(2).repeat(), "endless"), (data.range(2).filter(lambda i: True), "unknown")):
            with pytest.raises(TypeError, match=said):
                len(iter_numpy(dataset))

    def test_as_often_as_wanted(self, data):
        elements = iter_numpy(data.range(3))
        assert [int(one) for one in elements] == [int(one) for one in elements] == [0, 1, 2]
        first, second = iter(elements), iter(elements)
        assert (int(next(first)), int(next(first)), int(next(second))) == (0, 1, 0)

    def test_what_is_no_dataset(self, tf, data):
        assert "iter_numpy takes a dataset, not Tensor: use to_numpy" in refused(iter_numpy, tf.constant(3))


SHAPES = st.lists(st.integers(0, 3), max_size=2).map(tuple)
LEAVES = st.tuples(SHAPES, st.sampled_from(["float32", "int64", "bool", "complex64", "bfloat16", "string"]))
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: ("tuple", *items)),
    ),
    max_leaves=4,
)


def _made(tf, structure, count):
    """Returns tensors [count, …] of a structure of shapes and dtypes."""
    if isinstance(structure, dict):
        return {name: _made(tf, child, count) for name, child in structure.items()}
    if structure[0] == "tuple":
        return tuple(_made(tf, child, count) for child in structure[1:])
    shape, dtype = structure
    values = tf.constant(np.arange(count * int(np.prod(shape))).reshape(count, *shape) % 7)
    return tf.strings.as_string(values) if dtype == "string" else tf.cast(values, dtype)


@given(structure=STRUCTURES, count=st.integers(1, 7), batch=st.one_of(st.none(), st.integers(1, 4)), lazy=st.booleans())
@settings(max_examples=40)
def test_everything_is_what_numpy_joins(tf, structure, count, batch, lazy):
    dataset = tf.data.Dataset.from_tensor_slices(_made(tf, structure, count))
    dataset = dataset if batch is None else dataset.batch(batch)
    dataset = dataset.filter(lambda *element: True) if lazy else dataset
    elements = list(dataset.as_numpy_iterator())
    join = np.stack if batch is None else np.concatenate
    expected = tf.nest.map_structure(lambda *leaves: join([np.asarray(leaf) for leaf in leaves]), *elements)
    for got in (to_numpy(dataset, progress=False), to_numpy(dataset, progress=False, timeout=60, on_error="skip")):
        tf.nest.assert_same_structure(got, expected)
        for one, other in zip(tf.nest.flatten(got), tf.nest.flatten(expected), strict=True):
            assert one.shape == other.shape
            assert one.dtype == other.dtype or other.dtype.kind == "S"
            assert (one == other).all()
    for one, other in zip(iter_numpy(dataset), elements, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)
