"""The one pass over the numbers, against NumPy's own answer in float64."""

from __future__ import annotations

import itertools
import math
import tracemalloc
import warnings
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfnp_ext.statistics import (
    BINS,
    BLOCK,
    FULL_BINS,
    HISTOGRAM_SAMPLE,
    SHARED,
    Statistics,
    bins_of_integers,
    compute_statistics,
    layout,
    on_host,
)

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2")
REAL = ("bool", *INTEGERS, "int4", "uint4", *FLOATS)


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def dtype_of(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, name))


def random_array(name: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 3, shape)
    if name == "bool":
        return values > 0
    if name.startswith("complex"):
        return (values + 1j * values[::-1]).astype(name)
    if "int" in name:
        return np.abs(np.clip(values, -7, 7)).astype(np.int64).astype(dtype_of(name))
    return values.astype(dtype_of(name))


def first(mask: np.ndarray) -> tuple[int, ...]:
    """Returns the first index in C order where a mask is true."""
    return tuple(map(int, np.argwhere(mask)[0]))


def check(array: np.ndarray, found: Statistics | None) -> None:
    """Compares with NumPy, value by value; indices are checked by what stands there."""
    assert found is not None
    wide = np.abs(array).astype(np.float64) if array.dtype.kind == "c" else array.astype(np.float64)
    finite = wide[np.isfinite(wide)]
    assert (found.size, found.seen) == (array.size, array.size)
    assert found.exact
    assert found.nans == int(np.isnan(wide).sum())
    assert found.positive_infinities == int((wide == np.inf).sum())
    assert found.negative_infinities == int((wide == -np.inf).sum())
    assert found.invalid == int((~np.isfinite(wide)).sum())
    assert found.finite == finite.size
    assert found.zeros == int((wide == 0).sum())
    assert (found.first_invalid is None) == (found.invalid == 0)
    if found.first_invalid is not None:
        assert found.first_invalid == first(~np.isfinite(wide))
    if not finite.size:
        assert all(math.isnan(value) for value in (found.minimum, found.maximum, found.mean, found.std))
        assert found.minimum_at is None
        assert found.maximum_at is None
        return
    assert found.minimum == finite.min()
    assert found.maximum == finite.max()
    own = array if array.dtype.kind in "iu" else wide
    assert found.minimum_at == first(own == found.minimum)
    assert found.maximum_at == first(own == found.maximum)
    scale = np.abs(finite).max()
    assert found.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-9 * scale)
    # Squares of tiny values vanish in NumPy's own.
    spread = float((finite / (scale or 1.0)).std() * scale)
    assert found.std == pytest.approx(spread, rel=1e-6, abs=1e-7 * scale)
    if array.size <= HISTOGRAM_SAMPLE:
        assert sum(found.histogram) == finite.size
    most = BINS if array.size >= FULL_BINS else max(8, BINS * array.size // FULL_BINS)
    assert len(found.histogram) <= most
    if array.dtype.kind in "iu" and found.maximum - found.minimum < most:
        assert len(found.histogram) == found.maximum - found.minimum + 1
        if array.size <= HISTOGRAM_SAMPLE:
            counted = np.bincount((wide - found.minimum).astype(int).ravel(), minlength=len(found.histogram))
            assert list(found.histogram) == counted.tolist()
    elif array.dtype.kind in "fc":
        assert len(found.histogram) == most


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (2, 3, 4), (2, 1, 3, 2)], ids=str)
@pytest.mark.parametrize("name", [*REAL, "complex64", "complex128"])
def test_every_dtype_and_rank(name, shape):
    array = random_array(name, shape) if shape else np.asarray(random_array(name, (1,))[0])
    check(array, compute_statistics(array))


@pytest.mark.parametrize("name", ["bool", "int32", "float32", "float64", "bfloat16", "complex64"])
@pytest.mark.parametrize("shape", [(3 * BLOCK + 17,), (5, BLOCK // 2 + 3), (BLOCK, 2)], ids=str)
def test_several_blocks_give_what_one_gives(name, shape):
    array = random_array(name, shape)
    check(array, compute_statistics(array))


@pytest.mark.parametrize(
    "arrange",
    [np.asfortranarray, np.transpose, lambda a: a[::2], lambda a: a[:, ::-3], lambda a: a[::-1, 1:], np.rot90,
     lambda a: np.broadcast_to(a[:1], a.shape), lambda a: a.T[1:].T],
    ids=["F order", "transposed", "every other row", "columns back", "rows back", "rotated", "broadcast", "cut"],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(6, 9), (700, 301)], ids=str)
@pytest.mark.parametrize("name", ["float32", "int64", "bfloat16", "complex64", "bool"])
def test_layouts_of_memory_do_not_matter(name, shape, arrange):
    array = random_array(name, shape)
    if name == "float32":
        array[2, 3], array[4, 4], array[5, 0] = np.nan, np.inf, -np.inf
    arranged = arrange(array)
    check(arranged, compute_statistics(arranged))


BAD = [bad for n in (1, 2, 3) for bad in itertools.combinations((math.nan, math.inf, -math.inf), n)]


@pytest.mark.parametrize(
    ("name", "bad"),
    [(name, bad) for name in FLOATS for bad in BAD if name != "float8_e4m3fn" or bad == (math.nan,)],  # has no infinity
    ids=str,
)
def test_what_is_not_finite_is_counted_and_left_out(name, bad):
    array = random_array(name, (5, 8))
    for place, value in enumerate(bad):
        array[place + 1, place] = value
    check(array, compute_statistics(array))


@pytest.mark.parametrize("name", ["float32", "float64", "bfloat16", "float16"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("size", [1, 5, BLOCK + 1])
def test_nothing_finite_at_all(name, value, size):
    array = np.full(size, value).astype(dtype_of(name))
    found = compute_statistics(array)
    check_invalid = (found.finite, found.invalid, found.histogram, found.first_invalid)
    assert check_invalid == (0, size, (), (0,))
    assert math.isnan(found.minimum)
    assert math.isnan(found.mean)
    assert found.zeros == 0


def test_the_first_invalid_value_is_the_first_whatever_order_the_blocks_were_read_in():
    array = np.zeros(5 * BLOCK, np.float32)
    array[[BLOCK + 3, 3 * BLOCK, 5 * BLOCK - 1]] = np.nan
    assert compute_statistics(array).first_invalid == (BLOCK + 3,)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 4)], ids=str)
@pytest.mark.parametrize("name", ["float32", "int64", "bool", "complex64", "bfloat16"])
def test_no_values(name, shape):
    found = compute_statistics(np.zeros(shape, dtype_of(name)))
    assert (found.size, found.seen, found.zeros, found.invalid) == (0, 0, 0, 0)
    assert math.isnan(found.minimum)


@pytest.mark.parametrize(
    "array",
    [np.array([b"a"], object), np.array(["a"]), np.array(["2020-01-01"], "M8[D]"), np.zeros(2, [("a", "f4")]),
     np.zeros(2, "V1"), np.zeros(2, "V2"), np.zeros(2, "V3")], ids=lambda array: str(array.dtype),
)  # fmt: skip
def test_what_is_no_number_has_none(array):
    assert compute_statistics(array) is None


@pytest.mark.parametrize(
    "values",
    [[2**63 - 1, 2**63 - 2], [-(2**63), 2**63 - 1], [2**53 + 1, 2**53 + 3], [-(2**63) + 1]],
    ids=str,
)
def test_large_integers_are_exact(values):
    found = compute_statistics(np.array(values, np.int64))
    assert (found.minimum, found.maximum) == (min(values), max(values))
    assert isinstance(found.minimum, int)


def test_unsigned_integers_near_2_to_the_64_are_exact():
    found = compute_statistics(np.array([2**64 - 1, 2**64 - 2, 0], np.uint64))
    assert (found.minimum, found.maximum, found.zeros) == (0, 2**64 - 1, 1)
    assert sum(found.histogram) == 3


@pytest.mark.parametrize("arrange", [lambda a: a, lambda a: a[::-1], lambda a: a.astype(a.dtype.newbyteorder())])
@pytest.mark.parametrize(
    ("first", "dtype"),
    [
        (2**62, "i8"),
        (-(2**63), "i8"),
        (2**53, "i8"),
        (2**40, "i8"),
        (-50, "i8"),
        (2**63 - 50, "u8"),
        (2**64 - 200, "u8"),
    ],
    ids=str,
)
def test_large_integers_have_the_spread_of_small_ones(first, dtype, arrange):
    found = compute_statistics(arrange(np.array([first + place for place in range(200)], dtype)))
    small = compute_statistics(arrange(np.arange(200)))
    assert found.std == pytest.approx(np.arange(200).std(), rel=1e-12)
    assert found.mean == pytest.approx(first + 99.5, rel=1e-15)
    assert found.histogram == small.histogram


@pytest.mark.parametrize("size", [3 * BLOCK + 5, SHARED], ids=str)
def test_large_integers_of_several_blocks_too(size):
    small = np.random.default_rng(0).integers(0, 1000, size)
    small[: 2 * BLOCK] = 3
    assert compute_statistics(small + 2**61).std == pytest.approx(small.std(), rel=1e-9)
    spread = np.repeat([-(2**63), 2**63 - 1], size // 2)
    assert compute_statistics(spread).std == pytest.approx(2.0**63, rel=1e-9)


@pytest.mark.parametrize("count", [50, 2 * BLOCK], ids=str)
@pytest.mark.parametrize("value", [1e308, 1e200])
def test_sums_of_the_largest_floats_do_not_overflow(value, count):
    found = compute_statistics(np.array([value] * count + [-value] * count))
    assert (found.mean, found.std) == pytest.approx((0, value), rel=1e-12, abs=1e-12 * value)


def test_large_and_small_floats_in_different_blocks_are_added_up():
    array = np.concatenate([np.linspace(-3, 3, BLOCK), np.full(BLOCK, 1e300), np.linspace(1e300, 1.1e300, BLOCK)])
    found = compute_statistics(array)
    assert found.mean == pytest.approx(array.mean(), rel=1e-12)
    assert found.std == pytest.approx((array / 1e300).std() * 1e300, rel=1e-9)


def test_complex_numbers_count_by_their_magnitude():
    found = compute_statistics(np.array([3 + 4j, 0, 1j, complex(math.nan, 1), complex(math.inf, 0)]))
    assert (found.minimum, found.maximum, found.zeros) == (0, 5, 1)
    assert (found.nans, found.positive_infinities) == (1, 1)
    assert found.maximum_at == (0,)


def test_masked_values_do_not_count():
    array = np.ma.masked_array([1.0, 99.0, 3.0, np.nan], mask=[0, 1, 0, 1])
    found = compute_statistics(array)
    assert (found.size, found.minimum, found.maximum, found.nans) == (2, 1, 3, 0)


def test_a_constant_has_no_spread():
    found = compute_statistics(np.full(3 * BLOCK, 0.1))
    assert (found.minimum, found.maximum, found.mean) == (0.1, 0.1, pytest.approx(0.1, rel=1e-14))
    assert found.std == pytest.approx(0, abs=1e-15)
    assert sum(found.histogram) == min(3 * BLOCK, HISTOGRAM_SAMPLE)


def test_a_small_spread_about_a_large_mean_is_not_lost():
    """The naive sum of squares gives 0 here, or NaN."""
    array = 1e9 + np.random.default_rng(0).normal(size=3 * BLOCK)
    assert compute_statistics(array).std == pytest.approx(array.std(), rel=1e-9)


def exact_moments(array: np.ndarray) -> tuple[Fraction, float]:
    """Returns the mean, and the standard deviation rounded only in the end."""
    values = [Fraction(value) for value in array.reshape(-1).tolist() if math.isfinite(value)]
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / len(values)
    return mean, math.sqrt(variance * 2**600) / 2.0**300


class TestValuesCloseTogether:
    """float64 can be closer together than the rounding of a sum is large."""

    @settings(max_examples=60)
    @example(middle=1.0, spread=1, size=65, bad=False, seed=0)  # a block of one value
    @given(
        middle=st.floats(1e-30, 1e30) | st.sampled_from([0.1, 1.7e18, 1e9, 1.0, 2.0**53]),
        spread=st.sampled_from([1, 10, 10**4, 10**9]),
        size=st.integers(2, 400),
        bad=st.booleans(),
        seed=st.integers(0, 99),
    )
    def test_mean_and_spread_are_exact(self, middle, spread, size, bad, seed):
        steps = np.random.default_rng(seed).integers(-spread, spread, size, endpoint=True)
        array = middle + steps * math.ulp(middle)
        if bad:
            array = np.append(array, [math.nan, math.inf])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(on_host, "BLOCK", 64)
            found = compute_statistics(array)
        mean, std = exact_moments(array)
        assert abs(Fraction(found.mean) - mean) <= Fraction(math.ulp(middle))
        assert found.std == pytest.approx(std, rel=1e-9, abs=0)

    @pytest.mark.parametrize("size", [BLOCK, 3 * BLOCK + 5, SHARED])
    @pytest.mark.parametrize(("middle", "unit"), [(0.1, 1e-16), (1.7e18, 1e3), (-1e16, 8.0), (1e-250, 1e-265)])
    def test_many_of_them_too(self, middle, unit, size):
        array = middle + np.random.default_rng(0).normal(size=size) * unit
        found = compute_statistics(array)
        offsets = array - middle  # no rounding: they are near each other
        assert found.mean - middle == pytest.approx(offsets.mean(), abs=2 * math.ulp(middle))
        assert found.std == pytest.approx((offsets / unit).std() * unit, rel=1e-9)

    def test_magnitudes_of_complex_numbers_are_float64(self):
        steps = np.random.default_rng(0).integers(0, 9, 70_000) * 2.0
        array = (1e16 + steps) * (1 + 1j)
        assert compute_statistics(array).std == pytest.approx((np.abs(array) - 1.4e16).std(), rel=1e-9)

    def test_a_far_first_block_does_not_spoil_the_others(self):
        near = 0.1 + np.random.default_rng(0).normal(size=BLOCK) * 1e-3
        for array in (np.append(near, np.full(BLOCK, 1e9)), np.append(np.zeros(BLOCK), near)):
            found = compute_statistics(array)
            assert found.mean == pytest.approx(math.fsum(array) / array.size, rel=1e-15)
            assert found.std == pytest.approx(array.std(), rel=1e-12)


@settings(max_examples=200)
@given(data=st.data())
def test_the_first_of_equal_values_is_told_in_every_layout(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=9))
    values = st.sampled_from(
        data.draw(st.sampled_from([[0.0], [0.0, 1.0], [0.0, 1.0, math.nan], [math.nan, math.inf]]))
    )
    array = data.draw(hnp.arrays(np.float32, shape, elements=values))
    order = data.draw(st.permutations(range(len(shape))))
    arranged = data.draw(st.sampled_from([np.asfortranarray, np.ascontiguousarray]))(array.transpose(order))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_host, "BLOCK", data.draw(st.integers(1, 40)))
        patch.setattr(layout, "_NEAR", data.draw(st.integers(1, 9)))
        found = compute_statistics(arranged)
        finite = np.isfinite(arranged)
        assert found.first_invalid == (None if finite.all() else first(~finite))
        if finite.any():
            assert found.minimum_at == first(arranged == arranged[finite].min())
            assert found.maximum_at == first(arranged == arranged[finite].max())


@pytest.mark.parametrize("size", [3 * BLOCK, SHARED + 5])
def test_the_first_of_equal_values_whatever_thread_read_them(size):
    array = np.full((size // 4, 4), 5, np.int16)
    places = np.random.default_rng(0).integers(1000, size // 4, 20)
    array[places, 3], array[places + 0, 1] = 0, 9
    for arranged in (array, np.asfortranarray(array), array.T, np.asfortranarray(array).T):
        found = compute_statistics(arranged)
        assert found.minimum_at == first(arranged == 0)
        assert found.maximum_at == first(arranged == 9)


def test_the_place_of_an_extreme_counts_masked_values_before_it():
    array = np.ma.masked_array([5.0, 1.0, 2.0, 9.0, np.nan], mask=[1, 0, 0, 0, 0])
    found = compute_statistics(array)
    assert (found.minimum_at, found.maximum_at, found.first_invalid) == ((1,), (3,), (4,))


@settings(max_examples=150)
@given(data=st.data())
def test_any_array_of_numbers(data):
    name = data.draw(st.sampled_from(["bool", *INTEGERS, "float16", "float32", "float64"]))
    elements = {}
    if name.startswith("float"):
        bound = 2.0**10
        elements = {
            "elements": st.one_of(
                st.floats(-bound, bound, width=int(name[5:])), st.sampled_from([math.nan, math.inf, -math.inf, 0.0])
            )
        }
    array = data.draw(hnp.arrays(name, hnp.array_shapes(min_dims=0, max_dims=4, max_side=5), **elements))
    check(array, compute_statistics(array))


@settings(max_examples=200)
@given(values=hnp.arrays(np.float64, st.integers(1, 20)))
@example(values=np.array([1.7e308, 1.7e308]))
@example(values=np.array([1.7e308, -1.7e308]))
@example(values=np.array([5e-324, 0.0, -5e-324]))
def test_extreme_floats_have_finite_ends_and_never_raise(values):
    found = compute_statistics(values)
    finite = values[np.isfinite(values)]
    if finite.size:
        assert (found.minimum, found.maximum) == (finite.min(), finite.max())
        assert sum(found.histogram) == finite.size


class TestNumbersWhoseSquaresLeaveFloat64:
    @pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-180, 1e-130, 1e-120, 1e150, 1e200])
    @pytest.mark.parametrize("shape", [(20, 20), (3 * BLOCK,)], ids=str)
    def test_have_their_standard_deviation(self, scale, shape):
        unit = np.random.default_rng(0).normal(size=shape)
        found = compute_statistics(unit * scale)
        assert found.std / scale == pytest.approx(unit.std(), rel=1e-12)
        assert found.mean / scale == pytest.approx(unit.mean(), rel=1e-9, abs=1e-15)

    def test_that_follow_each_other(self):
        unit = np.random.default_rng(0).normal(size=BLOCK)
        for scales in itertools.permutations([1e-200, 1.0, 1e200]):
            array = np.concatenate([unit * scale for scale in scales])
            assert compute_statistics(array).std / 1e200 == pytest.approx((array / 1e200).std(), rel=1e-12)
        tiny = np.concatenate([unit * 1e-200, np.zeros(BLOCK), np.full(BLOCK, 1e-200)])
        assert compute_statistics(tiny).std / 1e-200 == pytest.approx((tiny * 1e200).std(), rel=1e-12)


class TestHistogram:
    @pytest.mark.parametrize("seed", range(5))
    def test_both_ends_of_a_large_array_are_in_it(self, seed):
        """Its sample may miss a lone outlier, which is known to be there."""
        values = np.random.default_rng(seed).normal(size=400_000)
        values[[7, 1234]] = -90, 100
        counts = compute_statistics(values).histogram
        assert counts[0] == counts[-1] == 1
        assert sum(counts) <= HISTOGRAM_SAMPLE

    def test_the_bins_are_those_of_numpy(self):
        array = np.random.default_rng(3).normal(size=10_000)
        expected, _ = np.histogram(array, BINS)
        assert list(compute_statistics(array).histogram) == expected.tolist()

    def test_the_ends_fall_into_the_outer_bins(self):
        counts = compute_statistics(np.array([0.0, 63.5, 64.0])).histogram
        assert (counts[0], counts[-1]) == (1, 2)

    def test_one_value_stands_in_the_middle(self):
        counts = compute_statistics(np.array([7.0, 7.0, np.nan])).histogram
        assert (sum(counts), counts[len(counts) // 2]) == (2, 2)

    @pytest.mark.parametrize("arrange", [lambda a: a, np.asfortranarray, lambda a: a[::2]])
    def test_that_of_a_large_array_is_a_fair_sample(self, arrange):
        array = arrange(np.random.default_rng(4).normal(size=(1000, 600)).astype(np.float32))
        found = compute_statistics(array)
        assert 0 < sum(found.histogram) <= HISTOGRAM_SAMPLE
        expected, _ = np.histogram(array, BINS, (found.minimum, found.maximum))
        difference = np.array(found.histogram) / sum(found.histogram) - expected / array.size
        assert np.abs(difference).max() < 0.01

    @pytest.mark.parametrize("count", [70, 100, 255, 256, 257, 1000, 4096, 10_007])
    def test_integers_that_occur_once_each_are_bars_of_one_height(self, count):
        found = compute_statistics(np.random.default_rng(0).permutation(count) - 20)
        assert len(set(found.histogram[:-1])) == 1
        np.testing.assert_allclose(found.heights, found.histogram[0])

    def test_bins_hold_equally_many_integers_where_they_can(self):
        assert set(compute_statistics(np.arange(1000)).histogram) == {20}
        assert compute_statistics(np.arange(100)).histogram == (10,) * 10

    @given(st.integers(-(2**63), 2**63), st.integers(0, 2**64) | st.integers(0, 3000), st.sampled_from([8, 11, 12, 64]))
    def test_bins_of_integers(self, low, reach, most):
        high = low + reach
        wide, bins = bins_of_integers(low, high, most)
        assert wide * (bins - 1) < reach + 1 <= wide * bins
        assert min(most // 2, reach) < bins <= most
        # Whoever has the counts knows how wide their bins are.
        assert wide == -(-(reach + 1) // bins)

    @given(hnp.arrays(st.sampled_from(["i8", "u8", "i1", "u1"]), st.integers(1, 700), unique=False))
    def test_the_heights_are_densities(self, array):
        found = compute_statistics(array)
        low, high = int(array.min()), int(array.max())
        starts = range(low, high + 1, found.bin_width)
        values = array.tolist()
        held = [min(start + found.bin_width - 1, high) - start + 1 for start in starts]
        if found.minimum < found.maximum and high - low < 2**50:
            counts = np.bincount([(value - low) // found.bin_width for value in values], minlength=len(starts))
            assert found.histogram == tuple(counts)
        assert len(found.histogram) == len(held)
        scaled = [count * found.bin_width / integers for count, integers in zip(found.histogram, held, strict=True)]
        assert found.heights == pytest.approx(scaled)

    def test_bins_of_no_integers_have_no_width(self):
        for array in (np.linspace(0, 1, 9), np.array([True, False]), np.array([np.nan])):
            found = compute_statistics(array)
            assert found.bin_width is None
            assert found.heights == found.histogram

    def test_a_few_values_have_few_bins(self):
        assert len(compute_statistics(np.linspace(0, 1, 16)).histogram) == 8
        assert len(compute_statistics(np.linspace(0, 1, 128)).histogram) == 16


class TestBudget:
    """The clock is an argument: each reading of it is one tick, so a test says how many blocks may be read."""

    @staticmethod
    def clock(milliseconds: float):
        ticks = itertools.count()
        return lambda: next(ticks) * milliseconds / 1000

    def test_within_the_budget_everything_is_seen(self):
        array = np.ones(8 * BLOCK, np.float32)
        found = compute_statistics(array, 100.0, self.clock(10))
        assert found.exact
        assert found.seen == array.size

    @pytest.mark.parametrize(("budget", "blocks"), [(0.0, 1), (10.0, 1), (25.0, 2), (30.0, 2), (70.0, 6)])
    def test_beyond_it_reading_stops_and_says_so(self, budget, blocks):
        array = np.arange(8 * BLOCK, dtype=np.float64)
        found = compute_statistics(array, budget, self.clock(10))
        assert not found.exact
        assert (found.size, found.seen) == (array.size, blocks * BLOCK)
        assert 0 <= found.minimum < found.maximum < array.size

    def test_a_small_array_is_always_exact(self):
        assert compute_statistics(np.arange(BLOCK), 0.0, self.clock(10**6)).exact

    def test_the_sample_is_seeded_and_not_the_beginning(self):
        array = np.arange(64 * BLOCK, dtype=np.float32)
        first, second = (compute_statistics(array, 80.0, self.clock(10)) for _ in range(2))
        assert first == second
        assert first.seen == 7 * BLOCK
        assert first.mean == pytest.approx(array.mean(), rel=0.005)
        assert first.std == pytest.approx(array.std(), rel=0.005)

    def test_the_counts_are_those_of_what_was_seen(self):
        array = np.full(4 * BLOCK, np.nan, np.float32)
        found = compute_statistics(array, 10.0, self.clock(10))
        assert (found.seen, found.nans, found.finite) == (BLOCK, BLOCK, 0)


def test_no_temporary_of_the_size_of_the_data():
    array = np.ones((1000, 5000), np.float32)
    for arranged in (array, array.T, array[:, ::2]):
        tracemalloc.start()
        try:
            compute_statistics(arranged)
            assert tracemalloc.get_traced_memory()[1] < 6 * 2**20
        finally:
            tracemalloc.stop()


def test_a_masked_array_without_a_mask_is_given_none():
    array = np.ma.masked_array(np.ones(20 * 2**20, np.uint8))
    tracemalloc.start()
    try:
        assert compute_statistics(array).size == array.size
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()


def test_the_smallest_complex_numbers_have_a_histogram():
    found = compute_statistics(np.array([0, 1e-45j], np.complex64))
    assert sum(found.histogram) == 2
