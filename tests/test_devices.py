"""Large values on another device: cut and reduced there. The other device is a second CPU that is said to be away."""

from __future__ import annotations

import json
import math
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from test_statistics import check, dtype_of, random_array

from tfnp_ext import TensorDisplay, summarize, to_numpy
from tfnp_ext.adapters import devices, tensors
from tfnp_ext.adapters.devices import CUT_DTYPES, MOST_COPIED, DeviceArray
from tfnp_ext.display import mimebundle
from tfnp_ext.display.cards import card
from tfnp_ext.display.role_lines import matrices, predictions
from tfnp_ext.formats import FORMATS
from tfnp_ext.plots import plot
from tfnp_ext.plots.decimation import read_columns
from tfnp_ext.statistics import BLOCK as HOST_BLOCK
from tfnp_ext.statistics import Statistics, compute_statistics, invalid_rows, row_sums, row_tops
from tfnp_ext.statistics.on_device import BLOCK
from tfnp_ext.summary import with_softmax

MOST_FETCHED = 2_000_000
"""Bytes that may cross for one card, whatever the size of the value."""

real_on_host = tensors.on_host


def is_near(device: str) -> bool:
    return real_on_host(device) and not device.endswith("CPU:1")


@pytest.fixture
def away(monkeypatch) -> None:
    """Has the second CPU's memory taken for another device's; NumPy cannot look at a GPU's either."""
    monkeypatch.setattr(tensors, "on_host", is_near)


def there(tf: Any, array: np.ndarray) -> Any:
    with tf.device("CPU:1"):
        tensor = tf.identity(tf.constant(array))
    assert tensor.backing_device.endswith("CPU:1")
    return tensor


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def shares(*shape: int) -> np.ndarray:
    powers = np.exp(3 * normal(*shape))
    return powers / powers.sum(axis=-1, keepdims=True)


def bundle(value: Any, **asked: Any) -> tuple[dict[str, str], Any]:
    """Returns the card of a value with exact numbers, and what the card's values are."""
    options = TensorDisplay.instance().options(**asked)
    summary = summarize(value, budget_ms=math.inf)
    if options.softmax:
        summary = with_softmax(summary)
    document = card(summary, options)
    return {mime: render(document) for mime, render in FORMATS.items()}, summary.content.array


class TestIndices:
    """``DeviceArray`` against NumPy's own answer."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def small_cuts(cls) -> Iterator[None]:
        """Has cuts of more than 64 bytes stay on the device."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(devices, "MOST_COPIED", 64)
            yield

    @staticmethod
    def both(tf: Any, name: str, shape: tuple[int, ...]) -> tuple[np.ndarray, DeviceArray]:
        size = math.prod(shape)
        array = (np.arange(size) % 251).astype(dtype_of(name)).reshape(shape)
        return array, DeviceArray(there(tf, array))

    @staticmethod
    def same(array: Any, found: Any) -> None:
        copied = np.asarray(found)
        assert (found.shape, found.dtype) == (array.shape, array.dtype)
        assert copied.shape == array.shape
        assert copied.dtype == array.dtype
        np.testing.assert_array_equal(copied, array)

    @settings(max_examples=150)
    @given(data=st.data())
    def test_any_slice_is_numpys(self, tf, data):
        shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=9))
        name = data.draw(st.sampled_from(sorted(CUT_DTYPES)))
        array, away = self.both(tf, name, shape)
        for _ in range(data.draw(st.integers(1, 3))):
            index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True, max_dims=6))
            array, away = array[index], away[index]
            if not isinstance(away, DeviceArray):
                break
            assert away.strides == tuple(
                step if length != 1 else own
                for step, length, own in zip(array.strides, array.shape, away.strides, strict=True)
            )
        self.same(array, away)

    @settings(max_examples=150)
    @given(data=st.data())
    def test_any_index_of_arrays_is_numpys(self, tf, data):
        shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=9))
        name = data.draw(st.sampled_from(sorted(CUT_DTYPES)))
        array, away = self.both(tf, name, shape)
        if array.ndim > 1 and data.draw(st.booleans()):
            array, away = array.T, away.T
        index = data.draw(
            hnp.integer_array_index(array.shape)
            if hasattr(hnp, "integer_array_index")
            else hnp.integer_array_indices(array.shape)
        )
        if len(index) > 1 and data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(index) - 1))
            other = data.draw(st.sampled_from([slice(None, None, 2), slice(None, None, -1), 0, -1]))
            index = (*index[:place], other, *index[place + 1 :])
        self.same(np.asarray(array[index]), np.asarray(away[index]))

    @pytest.mark.parametrize(
        "index",
        [[2, 0], [], (0, [1, 2]), ([0, 1], slice(1, 3)), (slice(None), [3, 1], slice(None, None, 2)), (..., [0, -1]),
         (None, [1]), ([0, 1], slice(None), [2, 3]), np.ix_([0, 2], [4, 1]), np.arange(6) > 2],
        ids=str,
    )  # fmt: skip
    def test_mixed_indices(self, tf, index):
        array, away = self.both(tf, "float32", (6, 5, 7))
        self.same(array[index], away[index])

    @pytest.mark.parametrize("name", ["uint8", "int8", "bool", "uint16", "uint64", "bfloat16"])
    def test_the_last_values_are_found_in_bytes_and_words(self, tf, name):
        array, away = self.both(tf, name, (1003,))
        self.same(array[[1002, 0, 1001, 1000, 999, -1]], away[[1002, 0, 1001, 1000, 999, -1]])

    @pytest.mark.parametrize(
        "index", [(6,), (-7,), (0, 0, 0, 0), ([6],), (0, [9]), ([0.5],), ("a",), (..., ...)], ids=str
    )
    def test_what_numpy_refuses_is_refused(self, tf, index):
        array, away = self.both(tf, "float32", (6, 5, 7))
        with pytest.raises(IndexError):
            array[index]
        with pytest.raises(IndexError):
            away[index]

    @pytest.mark.parametrize("shape", [(-1,), (30, 7), (2, -1, 7), (210,)], ids=str)
    def test_reshape(self, tf, shape):
        array, away = self.both(tf, "int32", (6, 5, 7))
        self.same(array.reshape(shape), away.reshape(shape))
        self.same(array.reshape(*shape), away.reshape(*shape))
        self.same(array[1:4].reshape(-1), away[1:4].reshape(-1))
        self.same(array.T.reshape(-1), away.T.reshape(-1))
        with pytest.raises(ValueError, match="reshape"):
            away.reshape(11, -1)

    def test_flat(self, tf):
        array, away = self.both(tf, "float32", (6, 5, 7))
        for view, same in ((away, array), (away.T, array.T), (away[1:, ::2], array[1:, ::2])):
            np.testing.assert_array_equal(view.flat[:9], same.flat[:9])
            np.testing.assert_array_equal(view.flat[3::11], same.flat[3::11])
            np.testing.assert_array_equal(view.flat[[5, -1]], same.flat[[5, -1]])
            assert len(view.flat) == same.size
        assert away.fetched < array.nbytes

    def test_axes_in_another_order(self, tf):
        array, away = self.both(tf, "float32", (6, 5, 7))
        self.same(array.T, away.T)
        self.same(array.transpose(1, 2, 0), away.transpose(1, 2, 0))
        self.same(np.moveaxis(array, 0, -1), np.moveaxis(away, 0, -1))
        self.same(np.moveaxis(array, 0, -1)[::2, 1:, ::-1], np.moveaxis(away, 0, -1)[::2, 1:, ::-1])
        assert isinstance(np.moveaxis(away, 0, -1), DeviceArray)

    def test_what_it_says_of_itself(self, tf):
        array, away = self.both(tf, "int16", (6, 5, 7))
        for name in ("shape", "dtype", "ndim", "size", "nbytes", "itemsize", "strides"):
            assert getattr(away, name) == getattr(array, name), name
            assert getattr(away.T, name) == getattr(array.T, name), name
        for view, same in ((away, array), (away.T, array.T), (away[:, 1:], array[:, 1:])):
            assert view.flags.c_contiguous == same.flags.c_contiguous
            assert view.flags.f_contiguous == same.flags.f_contiguous
        assert len(away) == 6
        assert all(isinstance(row, DeviceArray) for row in away)
        assert away.fetched == 0
        assert [row.tolist() for row in away] == array.tolist()
        assert away.reshape(-1)[:3].tolist() == list(away.reshape(-1))[:3]
        self.same(array[1, ..., 0], away.view_at((1, ..., 0)))

    def test_whoever_does_not_know_it_gets_a_copy(self, tf):
        array, away = self.both(tf, "float32", (6, 5, 7))
        np.testing.assert_array_equal(away + 1, array + 1)
        np.testing.assert_array_equal(away == array, np.ones((6, 5, 7), bool))
        np.testing.assert_array_equal(np.isfinite(away), np.isfinite(array))
        np.testing.assert_array_equal(away.astype(np.float64).mean(axis=0), array.astype(np.float64).mean(axis=0))
        assert np.concatenate([away, array]).shape == (12, 5, 7)
        assert away.max() == array.max()
        assert away.fetched == array.nbytes  # once
        copied = np.array(away)
        copied[0] = 7
        assert (np.asarray(away)[0] == array[0]).all()
        with pytest.raises(AttributeError):
            away.no_such_thing  # noqa: B018
        with pytest.raises(ValueError, match="copied"):
            np.asarray(away, copy=False)

    def test_the_tensor_cannot_be_written_to(self, tf):
        _, away = self.both(tf, "float32", (6, 5, 7))
        for view in (away[:3], away[0, :2, ::2], away[1:3, 1:2]):
            with pytest.raises(ValueError, match="read-only"):
                np.asarray(view)[...] = 0

    def test_only_what_is_cut_crosses(self, tf):
        _, away = self.both(tf, "float32", (100, 100, 100))
        assert away.fetched == 0
        away.reshape(-1)[5:9]
        assert away.fetched == 16
        for _ in range(3):  # a table and its preview ask for the same
            np.asarray(away[50:, ::20, ::50])
        assert away.fetched == 16 + 50 * 5 * 2 * 4
        away[[3, 99], [1, 2], [5, 6]]
        assert away.fetched == 16 + 50 * 5 * 2 * 4 + 8

    def test_the_first_values_cross_once(self, tf):
        _, away = self.both(tf, "float32", (100, 100, 100))
        for _ in range(3):
            np.asarray(away[:2])
            np.asarray(away[0, 3])
            away.reshape(-1)[:70]
        assert away.fetched == 2 * 100 * 100 * 4


class TestDevice:
    def test_no_tape_records(self, tf):
        tensor = there(tf, normal(1000))
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            made = DeviceArray(tensor).mapped(lambda tf, values: values * 2)
        assert tape.gradient(made._source.tensor, tensor) is None

    @pytest.mark.parametrize("graph", ["function", "TF 1"])
    def test_while_a_graph_is_built(self, tf, graph):
        away = DeviceArray(there(tf, normal(1000)))

        def look() -> None:
            check(normal(1000), compute_statistics(away))
            assert away[3] == normal(1000)[3]

        if graph == "TF 1":
            with tf.Graph().as_default():
                look()
        else:
            tf.function(look)()
            assert away.fetched < 4000 + 500

    def test_what_is_computed_stays_there(self, tf):
        away = DeviceArray(there(tf, normal(1000)))
        made = away.mapped(lambda tf, values: values * 2)
        assert made._source.tensor.backing_device.endswith("CPU:1")
        assert (away.fetched, made.fetched) == (0, 0)
        np.testing.assert_array_equal(made, normal(1000) * 2)

    def test_what_the_device_cannot_is_done_here(self, tf):
        """TensorFlow has no kernel that cuts int4: it stands for a GPU without memory left."""
        array = (np.arange(3000) % 7).astype(ml_dtypes.int4).reshape(60, 50)
        away = DeviceArray(there(tf, array))
        assert away.reduced(lambda tf, part: [part(slice(0, 3), slice(0, 3))]) is None
        assert away.mapped(lambda tf, values: tf.gather(values, [0])) is None
        np.testing.assert_array_equal(away[3:9, ::2], array[3:9, ::2])
        np.testing.assert_array_equal(away[[3, 1]], array[[3, 1]])
        check(array, compute_statistics(away))
        assert away.fetched == array.nbytes


DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "bfloat16",
          "float32", "float64", "complex64", "complex128")  # fmt: skip


def test_the_dtypes_are_all_that_are_cut():
    assert set(DTYPES) == CUT_DTYPES


class TestStatistics:
    @staticmethod
    def compared(tf: Any, array: np.ndarray) -> Statistics:
        away = DeviceArray(there(tf, array))
        found = compute_statistics(away)
        assert away.fetched <= 16 * 2**16 + 20 * array.size // HOST_BLOCK + 10_000
        host = compute_statistics(array)
        if array.dtype.kind != "c":  # their magnitudes are rounded otherwise than NumPy's
            check(array, found)
        names = ("minimum", "maximum", "zeros", "nans", "positive_infinities", "negative_infinities", "first_invalid")
        if array.dtype.kind == "c":
            assert (found.seen, found.minimum) == (array.size, pytest.approx(host.minimum, rel=1e-6))
            assert (found.zeros, found.nans, found.positive_infinities) == (0, host.nans, host.positive_infinities)
            assert abs(array[found.maximum_at]) == pytest.approx(host.maximum, rel=1e-6)
        else:
            assert [getattr(found, name) for name in names] == [getattr(host, name) for name in names]
            assert type(found.minimum) is type(host.minimum)
            assert found.histogram == host.histogram
        assert found.mean == pytest.approx(host.mean, rel=1e-6, abs=1e-9 * (host.std or 1))
        assert found.std == pytest.approx(host.std, rel=1e-6)
        return found

    @pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4), (2, 1, 3, 2), (700, 1000)], ids=str)
    @pytest.mark.parametrize("name", DTYPES)
    def test_every_dtype_and_rank(self, tf, name, shape):
        self.compared(tf, random_array(name, shape))

    @pytest.mark.parametrize("name", ["bool", "uint8", "int32", "int64", "uint64", "float16", "float32", "complex64"])
    @pytest.mark.parametrize("shape", [(2 * BLOCK + 17,), (3, BLOCK // 2 + 3)], ids=str)
    def test_several_blocks(self, tf, name, shape):
        self.compared(tf, random_array(name, shape))

    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64", "complex64"])
    @pytest.mark.parametrize("shape", [(BLOCK + 5000,), (1024, 1030)], ids=str)
    def test_what_is_not_finite_is_counted_and_left_out(self, tf, name, shape):
        array = random_array(name, shape)
        array.reshape(-1)[[3, 70_000, -1]] = np.nan
        array.reshape(-1)[[4, 5]] = np.inf
        array.reshape(-1)[900_001] = -np.inf if name != "complex64" else np.inf
        self.compared(tf, array)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_nothing_finite_at_all(self, tf, value):
        found = compute_statistics(DeviceArray(there(tf, np.full((300, 1000), value, np.float32))))
        assert (found.finite, found.invalid, found.histogram) == (0, 300_000, ())
        assert found.first_invalid == (0, 0)
        assert found.minimum_at is None

    @pytest.mark.parametrize("name", ["int64", "uint64"])
    def test_integers_that_float64_cannot_hold(self, tf, name):
        bounds = np.iinfo(name)
        array = np.random.default_rng(0).integers(bounds.min, bounds.max, (500, 1000), name, endpoint=True)
        array[3, 4], array[7, 9] = bounds.min, bounds.max
        found = self.compared(tf, array)
        assert (found.minimum, found.maximum) == (bounds.min, bounds.max)
        assert (found.minimum_at, found.maximum_at) == ((3, 4), (7, 9))

    def test_large_integers_close_to_each_other(self, tf):
        array = 2**62 + np.arange(2 * BLOCK) % 3
        found = self.compared(tf, array)
        assert (found.minimum, found.maximum) == (2**62, 2**62 + 2)
        assert found.std == pytest.approx(math.sqrt(2 / 3), rel=1e-6)

    @pytest.mark.parametrize("scale", [1e308, 1e200, 1e-200])
    def test_floats_whose_squares_pass_the_ends(self, tf, scale):
        array = np.random.default_rng(0).uniform(-1, 1, (2, BLOCK)) * scale
        array[1, 5] = np.nan
        found, host = (compute_statistics(values) for values in (DeviceArray(there(tf, array)), array))
        assert (found.minimum, found.maximum, found.nans) == (host.minimum, host.maximum, 1)
        assert found.mean == pytest.approx(host.mean, rel=1e-6, abs=1e-9 * scale)
        assert found.std == pytest.approx(host.std, rel=1e-6)

    @pytest.mark.parametrize(("middle", "unit"), [(0.1, 1e-16), (1.7e18, 1e3)])
    def test_values_close_together(self, tf, middle, unit):
        array = middle + np.random.default_rng(0).normal(size=2 * BLOCK + 5) * unit
        found = compute_statistics(DeviceArray(there(tf, array)))
        assert found.std == pytest.approx((array - middle).std(), rel=1e-9)
        array[7] = np.nan
        found = compute_statistics(DeviceArray(there(tf, array)))
        assert found.std == pytest.approx(np.nanstd(array - middle), rel=1e-9)

    @pytest.mark.parametrize("name", ["float32", "int64", "bool"])
    def test_equal_values(self, tf, name):
        found = self.compared(tf, np.ones(BLOCK + 3, name))
        assert (found.mean, found.std) == (1, 0)

    @pytest.mark.parametrize("name", ["float32", "int64", "uint64", "uint8", "bfloat16"])
    def test_the_extremes_of_the_runs_of_a_vector(self, tf, name):
        array = random_array(name, (2**22 + 777,))
        if name == "float32":
            array[[5, 4096, 2**21, -1]] = np.nan, np.inf, -np.inf, np.nan
        found = compute_statistics(DeviceArray(there(tf, array))).extremes
        host = compute_statistics(array).extremes
        np.testing.assert_array_equal(found.lows, host.lows)
        np.testing.assert_array_equal(found.highs, host.highs)
        assert found.invalid == host.invalid

    def test_beyond_the_budget_a_fair_sample_counts(self, tf):
        times = iter(range(100))
        away = DeviceArray(there(tf, normal(5 * BLOCK)))
        found = compute_statistics(away, 1500, lambda: float(next(times)))
        assert (found.size, found.seen) == (5 * BLOCK, 2 * BLOCK)
        assert found.mean == pytest.approx(0, abs=0.01)

    def test_of_a_view_that_is_not_in_order(self, tf):
        array = normal(500, 600)
        check(array.T, compute_statistics(DeviceArray(there(tf, array)).T))


class TestRows:
    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
    def test_sums(self, tf, name):
        array = random_array(name, (700, 300))
        away = DeviceArray(there(tf, array))
        np.testing.assert_allclose(row_sums(away, 50), array[:50].astype(np.float64).sum(axis=1), rtol=1e-12)
        assert away.fetched == 400

    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
    def test_tops(self, tf, name):
        array = random_array(name, (700, 300))
        array[3, :] = np.nan
        array[4, 7], array[5, 8], array[6, [2, 9]] = np.nan, np.inf, array[6].max() + 1
        rows = np.array([3, 4, 5, 6, 699, 0, 6])
        away = DeviceArray(there(tf, array))
        numbers = np.where(np.isfinite(array.astype(np.float64)), array.astype(np.float64), -np.inf)[rows]
        for matrix in (away, array):
            tops, values = row_tops(matrix, rows)
            assert tops.tolist() == [-1, *numbers[1:].argmax(axis=1).tolist()]
            np.testing.assert_array_equal(values, [np.nan, *numbers[1:].max(axis=1)])
        assert away.fetched == 16 * len(rows)

    @pytest.mark.parametrize("name", ["float16", "float32", "complex64"])
    def test_invalid_rows(self, tf, name):
        array = random_array(name, (700, 300))
        array[3, 9], array[77, 0], array[699, 299] = np.nan, np.inf, np.nan
        away = DeviceArray(there(tf, array))
        assert invalid_rows(away) == invalid_rows(array) == [3, 77, 699]
        assert away.fetched == 700


class TestLines:
    @pytest.mark.parametrize("name", ["float32", "float16", "int32", "int64", "uint8"])
    @pytest.mark.parametrize("shape", [(300_007, 1), (500_000, 5), (1300, 3)], ids=str)
    def test_no_spike_is_lost(self, tf, name, shape):
        array = random_array(name, shape)
        if name == "float32":
            array[7], array[1234], array[-1, -1] = np.nan, np.inf, -np.inf
        away = DeviceArray(there(tf, array))
        curves = read_columns(away)
        assert len(curves) == shape[1]
        for column, curve in zip(array.T.astype(np.float64), curves, strict=True):
            finite = np.isfinite(column)
            assert (curve.low, curve.high) == (column[finite].min(), column[finite].max())
            assert (column[curve.low_at], column[curve.high_at]) == (curve.low, curve.high)
            pixels = [column[start : start + curve.each] for start in range(0, len(column), curve.each)]
            assert len(curve.points) == 2 * len(pixels)
            drawn = curve.points[:, 1].reshape(-1, 2)
            for pixel, ends in zip(pixels, drawn, strict=True):
                seen = pixel[np.isfinite(pixel)]
                if seen.size:
                    assert sorted(ends.tolist()) == [seen.min(), seen.max()]
            bad = [place for place, pixel in enumerate(pixels) if not np.isfinite(pixel).all()]
            assert [place // curve.each for place, _ in curve.invalid] == bad
        assert away.fetched <= MOST_FETCHED
        if name == "float32":
            assert (curves[-1].invalid[0][1], curves[-1].invalid[-1][1]) == ("×", "▼")

    def test_where_the_device_cannot(self, tf):
        array = (np.arange(6000) % 7).astype(ml_dtypes.int4).reshape(3000, 2)
        found, here = (read_columns(values) for values in (DeviceArray(there(tf, array)), array))
        assert [curve.points.tolist() for curve in found] == [curve.points.tolist() for curve in here]


def walk(count: int) -> np.ndarray:
    return np.cumsum(normal(count), dtype=np.float64).astype(np.float32)


def spoilt(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.reshape(-1)[[5, 123_456, -1]] = np.nan, np.inf, -np.inf
    return array


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


CARDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "series": (lambda: walk(5_000_000), {}),
    "series with gaps": (lambda: spoilt(walk(5_000_000)), {}),
    "float16 series": (lambda: normal(5_000_000).astype(np.float16), {}),
    "int64 series": (lambda: np.arange(5_000_000) * 2**40, {}),
    "int32 that repeat": (lambda: (normal(5_000_000) * 1e6).astype(np.int32), {}),
    "booleans": (lambda: normal(5_000_000) > 0, {}),
    "kernel": (lambda: normal(3, 3, 256, 512), {}),
    "embeddings": (lambda: normal(100_000, 50) / np.linalg.norm(normal(100_000, 50), axis=1, keepdims=True), {}),
    "labels": (lambda: np.arange(2_000_000, dtype=np.int32) % 10, {"plot": "counts"}),
    "stack of matrices": (lambda: normal(8, 512, 512), {"plot": "heatmap"}),
    "matrix": (lambda: normal(1000, 1000), {}),
    "large matrix": (lambda: normal(4000, 5000), {}),
    "matrix with gaps": (lambda: spoilt(normal(1000, 1000)), {}),
    "large matrix with gaps": (lambda: spoilt(normal(4000, 5000)), {}),
    "spike in a matrix": (lambda: np.where(np.arange(10**7) == 7654321, 1e6, normal(10**7)).reshape(2000, 5000), {}),
    "bfloat16 matrix": (lambda: normal(1000, 1000).astype(ml_dtypes.bfloat16), {}),
    "uint8 matrix": (lambda: pixels(1000, 2000), {}),
    "wide matrix": (lambda: normal(4, 2_500_000), {}),
    "tall matrix": (lambda: normal(2_500_000, 4), {}),
    "nothing finite": (lambda: np.full((1000, 1000), np.nan, np.float32), {}),
    "zeros": (lambda: np.zeros((1000, 1000), np.float32), {}),
    "rank 3": (lambda: normal(10, 300, 500), {}),
    "rank 4": (lambda: normal(10, 50, 50, 60), {}),
    "batch": (lambda: shares(50_000, 10), {}),
    "few examples of a batch": (lambda: shares(40, 10_000), {}),
    "batch of words": (lambda: shares(64, 50_257), {}),
    "logits": (lambda: normal(64, 50_257), {"softmax": True}),
    "one-hot": (lambda: np.eye(10, dtype=np.float32)[np.arange(200_000) % 10], {}),
    "attention": (lambda: shares(8, 512, 512), {}),
    "correlation": (lambda: np.corrcoef(normal(400, 1000)), {}),
    "maps": (lambda: walk(40 * 200 * 240).reshape(40, 200, 240).cumsum(1), {}),
    "channels": (lambda: np.moveaxis(walk(64 * 200 * 200).reshape(64, 200, 200).cumsum(1), 0, -1).copy(), {}),
    "small images": (lambda: pixels(5000, 28, 28), {}),
    "images": (lambda: pixels(1000, 32, 32, 3), {}),
    "histogram": (lambda: normal(1000, 1000), {"plot": "histogram"}),
    "line of a matrix's row": (lambda: walk(5_000_000), {"plot": "line"}),
}


@pytest.mark.usefixtures("away")
class TestCards:
    @pytest.mark.parametrize("name", CARDS)
    def test_a_card_is_that_of_the_same_value_here(self, tf, name, monkeypatch):
        # Here all is read that there is time for, there a fixed number of values.
        monkeypatch.setattr(predictions, "_MOST_READ", 2**22)
        monkeypatch.setattr(matrices, "_MOST_READ", 2**23)
        make, asked = CARDS[name]
        asked = {"budget_ms": np.inf, **asked}
        array = make()
        here, _ = bundle(tf.constant(array), **asked)
        shown, values = bundle(there(tf, array), **asked)
        assert isinstance(values, DeviceArray)
        assert values.fetched <= MOST_FETCHED
        first = re.compile(r"the first [\d ]+")  # to find the role fewer values are read
        for mime, text in here.items():
            assert "CPU:1" in shown[mime]
            same = shown[mime].replace("CPU:1", "CPU").replace("· copy", "· view")
            assert first.sub("the first ", same) == first.sub("the first ", text)

    @pytest.mark.parametrize(
        ("make", "said"),
        [(lambda: pixels(2000, 3000, 3), "1 of 5 rows and columns read"),
         (lambda: np.tile(np.linspace(0, 1, 3000, dtype="f4")[:, None], (2000, 1, 3)), "1 of 9 rows and columns read"),
         (lambda: pixels(100, 224, 224, 3), "RGB images, 224 × 224"),
         (lambda: pixels(4, 16, 112, 112, 3), "frames of the first of 4 videos"),
         (lambda: pixels(30, 3, 224, 224), "channels first"),
         (lambda: np.tile(np.linspace(0, 200, 224, dtype="f4"), (30, 3, 224, 1)), "channels first"),
         (lambda: walk(4_000_000).reshape(4, -1).T.copy(), "4 series"),
         (lambda: np.arange(2_000_000, dtype=np.int32) % 10, "10 distinct in the first 65 536"),
         (lambda: np.arange(20_000_000, dtype=np.int32) % 10, "shares of a sample: 65 536 of 20 000 000 counted"),
         (lambda: normal(1000, 1000) + 1j * normal(1000, 1000), "1 of 8 rows read"),
         (lambda: normal(5_000_000) + 1j * normal(5_000_000), "each pixel the largest of 8 192 values"),
         (lambda: normal(1_000_000) + 1j * normal(1_000_000), "each pixel the largest of 834 values"),
         (lambda: shares(2_000_000), "first and last of 2 000 000 values"),
         (lambda: walk(2_000_000)[:, None], "every spike kept")],
        ids=["photo", "float photo", "photos", "videos", "channels first", "channels first floats", "strips", "labels",
         "many labels", "spectrum", "long trace", "trace",
         "one vector", "column"],
    )  # fmt: skip
    def test_a_cut_is_drawn_and_said(self, tf, make, said):
        shown, values = bundle(there(tf, make()))
        assert values.fetched <= MOST_FETCHED
        assert said in shown["text/html"].replace("\N{NO-BREAK SPACE}", " ")
        assert "no card" not in shown["text/plain"]

    @pytest.mark.parametrize("name", ["float32", "int64", "float16", "uint8", "bool", "complex64"])
    @pytest.mark.parametrize("rank", [1, 2, 3, 4])
    def test_of_80_megabytes_two_cross_at_most(self, tf, name, rank):
        size = 80_000_000 // dtype_of(name).itemsize
        array = np.resize(random_array(name, (99_999,)), size)
        shape = {1: (size,), 2: (1000, size // 1000), 3: (10, 100, size // 1000), 4: (10, 10, 10, size // 1000)}[rank]
        summary = summarize(there(tf, array.reshape(shape)), budget_ms=5)
        document = card(summary, TensorDisplay.instance().options())
        assert all(render(document) for render in FORMATS.values())
        assert summary.statistics.seen >= BLOCK
        assert summary.content.array.fetched <= MOST_FETCHED

    @pytest.mark.parametrize("kind", ["line", "histogram"])
    def test_the_line_of_a_sample_reads_a_little_of_each_pixel(self, tf, kind):
        array = spoilt(walk(20_000_000))
        summary = summarize(there(tf, array), budget_ms=0)
        document = card(summary, TensorDisplay.instance().options(plot=kind))
        html = FORMATS["text/html"](document)
        assert "1 048 576 of 20 000 000" in html
        assert summary.content.array.fetched <= MOST_FETCHED

    def test_numbers_of_a_probability_batch_that_the_budget_left_unread(self, tf):
        """Rows that hold no number may be among those drawn though the statistics have seen none."""
        array = shares(2_000_000, 10)
        array[:100] = np.nan
        shown = mimebundle(there(tf, array), TensorDisplay.instance().options(budget_ms=1))
        assert "no card" not in shown["text/plain"]

    def test_axes_of_the_users(self, tf):
        away, here = (plot(value) for value in (there(tf, normal(1000, 2000)), tf.constant(normal(1000, 2000))))
        np.testing.assert_allclose(away.images[0].get_array(), here.images[0].get_array(), rtol=1e-5, atol=1e-7)

    def test_predictions_beside_their_images(self, tf):
        array, truth = shares(40_000, 10), np.arange(40_000) % 10
        images = pixels(40_000, 8, 8)
        summary = summarize(there(tf, array), budget_ms=math.inf)
        here = summarize(tf.constant(array), budget_ms=math.inf)
        options = TensorDisplay.instance().options(images=images, truth=truth, sort="error")
        shown, expected = (FORMATS["text/html"](card(value, options)) for value in (summary, here))
        assert shown.replace("CPU:1", "CPU").replace("· copy", "· view") == expected

    def test_what_the_magic_made_of_it_is_a_copy(self, tf):
        tensor = there(tf, normal(1000, 1000))
        made = summarize(tensor, result=to_numpy(tensor))
        assert (made.state, made.shares_memory, made.shape) == ("copy", False, (1000, 1000))
        assert type(made.content.array) is np.ndarray


@pytest.mark.usefixtures("away")
class TestKinds:
    @pytest.mark.parametrize("kind", ["Variable", "Keras variable"])
    def test_variables(self, tf, kind):
        array = normal(1000, 1000)
        with tf.device("CPU:1"):
            variable = tf.Variable(array) if kind == "Variable" else tf.keras.Variable(array)
        shown, values = bundle(variable)
        assert isinstance(values, DeviceArray)
        assert values.fetched <= MOST_FETCHED
        here, _ = bundle(tf.Variable(array) if kind == "Variable" else tf.keras.Variable(array))
        names = re.compile(r"variable(_\d+)?")
        assert names.sub("", shown["text/plain"].replace("CPU:1", "CPU")) == names.sub("", here["text/plain"])

    def test_the_line_of_weights(self, tf):
        with tf.device("CPU:1"):
            variable = tf.Variable(walk(5_000_000))
        shown, values = bundle(variable, plot="line")
        assert values.fetched <= MOST_FETCHED
        assert "every spike kept" in shown["text/html"]

    def test_a_later_assign_does_not_reach_what_was_read(self, tf):
        with tf.device("CPU:1"):
            variable = tf.Variable(np.zeros(1_000_000, np.float32))
        summary = summarize(variable)
        variable.assign(np.ones(1_000_000, np.float32))
        assert summary.content.array[3] == 0

    def test_variables_of_a_strategy(self, tf):
        strategy = tf.distribute.MirroredStrategy(["CPU:1"])
        with strategy.scope():
            variable = tf.Variable(normal(1000, 1000))
        assert isinstance(summarize(variable).content.array, DeviceArray)
        mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        with mirrored.scope():
            variable = tf.Variable(normal(1000, 1000))
        check(normal(1000, 1000), summarize(variable, budget_ms=math.inf).statistics)

    @pytest.mark.parametrize("size", [0, 1, 50, MOST_COPIED // 4])
    def test_small_ones_are_copied(self, tf, size):
        content = summarize(there(tf, np.ones(size, np.float32))).content
        assert type(content.array) is np.ndarray

    @pytest.mark.parametrize("name", ["float8_e5m2", "int4"])
    def test_what_no_gpu_can_cut_is_copied(self, tf, name):
        array = random_array(name, (3000, 1000))
        summary = summarize(there(tf, array), budget_ms=math.inf)
        assert type(summary.content.array) is np.ndarray
        check(array, summary.statistics)

    def test_conversion_is_one_copy_of_the_whole(self, tf):
        array = normal(1000, 1000)
        made = to_numpy(there(tf, array))
        assert type(made) is np.ndarray
        np.testing.assert_array_equal(made, array)

    def test_facts(self, tf):
        with tf.device("CPU:1"):
            variable = tf.Variable(np.zeros(1_000_000, np.float32))
        assert summarize(variable).shares_memory is False
        assert summarize(there(tf, np.zeros(1_000_000, np.float32))).shares_memory is False


def test_without_another_device_nothing_is_cut(tf):
    assert type(summarize(tf.constant(normal(1000, 1000))).content.array) is np.ndarray
    assert type(summarize(there(tf, normal(1000, 1000))).content.array) is np.ndarray


def test_a_summary_can_be_changed_as_ever(tf, away):
    summary = summarize(there(tf, normal(1000, 1000)))
    assert replace(summary, role="other").content is summary.content


WORKER = """
import sys
import tensorflow as tf

server = tf.distribute.Server({"worker": [f"localhost:{sys.argv[1]}"]}, job_name="worker", task_index=0)
print("ready", flush=True)
server.join()
"""

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from tfnp_ext import TensorDisplay, summarize
from tfnp_ext.adapters import tensors
from tfnp_ext.display.cards import card
from tfnp_ext.formats import FORMATS

tf.config.experimental_connect_to_host(f"localhost:{sys.argv[1]}")
near = tensors.on_host
tensors.on_host = lambda device: near(device) and "job:worker" not in device


def memory(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def there(shape, dtype):
    with tf.device("/job:worker/replica:0/task:0/device:CPU:0"):
        return tf.cast(tf.random.stateless_uniform(shape, (1, 2)) * 100, dtype)


def extra(look):
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = memory("VmRSS")
    seen = look()
    return memory("VmHWM") - before, seen


def shown(value):
    summary = summarize(value, budget_ms=float("inf"))
    document = card(summary, TensorDisplay.instance().options())
    assert all(render(document) for render in FORMATS.values())
    return summary.content.array.fetched


found = {}
for shape, dtype in (((50_000_000,), "float32"), ((10_000, 5_000), "float32"), ((25_000_000,), "int64"),
                     ((50_000_000,), "int32"), ((300, 512, 512, 3), "uint8")):
    shown(there((1000, 2000), dtype))  # loads what a card imports
    found[f"{dtype} {shape}"] = extra(lambda value=there(shape, dtype): shown(value))
value = there((50_000_000,), "float32")
found["whole"] = extra(lambda: np.asarray(value).size)
print(json.dumps(found))
"""


@pytest.fixture
def worker(process_environment) -> Iterator[str]:
    """A process of its own whose memory NumPy cannot look at: the port at which it computes."""
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        port = str(taken.getsockname()[1])
    command = [sys.executable, "-c", WORKER, port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=process_environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield port
        finally:
            process.kill()


def test_a_value_in_another_process_is_cut_and_reduced_there(worker, process_environment):
    """Of 200 MB, 2 MB cross at most, and this process grows by little more, where a copy takes all of it."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of a process can be begun anew only on Linux")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, worker],
        capture_output=True, text=True, timeout=300, check=False, env=process_environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("whole")[0] > 190e6
    assert {name: row for name, row in found.items() if row[0] > 24e6 or row[1] > MOST_FETCHED} == {}
