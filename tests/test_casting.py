"""Casts: which dtype may become which, and that no integer is ever changed without being asked."""

from __future__ import annotations

import warnings

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tfnp_ext import ConversionError, to_numpy
from tfnp_ext.casting import CASTINGS, cast, kind_rank, read_dtype

KINDS = {
    "bool": ("bool",),
    "integer": ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "int4", "uint4"),
    "float": ("float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2"),
    "complex": ("complex64", "complex128"),
}
"""The kinds from low to high."""

RANKS = {name: rank for rank, names in enumerate(KINDS.values()) for name in names}
FLOATS = [*KINDS["float"], *KINDS["complex"]]


def dtype_of(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, name))


def ones(name: str) -> np.ndarray:
    return np.array([0, 1, 1]).astype(dtype_of(name))


def as_integer(value: object) -> int:
    """Returns a converted value as the exact integer that it is."""
    number = complex(value)
    assert number.imag == 0
    assert number.real == int(number.real)
    return int(value) if np.asarray(value).dtype.kind in "iu" else int(number.real)


@pytest.fixture(autouse=True)
def silence_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", RANKS)
def test_every_dtype_stands_in_its_kind(name):
    assert kind_rank(dtype_of(name)) == RANKS[name]


@pytest.mark.parametrize("dtype", ["O", "S3", "U3", "M8[D]", "m8[s]", [("a", "f4")], "V4"], ids=str)
def test_what_is_no_number_has_no_kind(dtype):
    assert kind_rank(np.dtype(dtype)) is None


@pytest.mark.parametrize("target", RANKS)
@pytest.mark.parametrize("source", RANKS)
def test_same_kind_goes_upward_and_unsafe_goes_anywhere(source, target):
    values, wanted = ones(source), dtype_of(target)
    expected = [0, 1, 1]

    unsafe = cast(values, wanted, "unsafe", "x")
    assert (unsafe.dtype, [as_integer(value) for value in unsafe]) == (wanted, expected)

    if RANKS[target] >= RANKS[source]:
        allowed = cast(values, wanted, "same_kind", "x")
        assert (allowed.dtype, [as_integer(value) for value in allowed]) == (wanted, expected)
    else:
        with pytest.raises(ConversionError, match=r"down to .*casting='unsafe'"):
            cast(values, wanted, "same_kind", "x")


@pytest.mark.parametrize("casting", CASTINGS)
@pytest.mark.parametrize("name", RANKS)
def test_the_same_dtype_is_no_cast_and_no_copy(name, casting):
    values = ones(name)
    assert cast(values, dtype_of(name), casting, "x") is values


@pytest.mark.parametrize("casting", ["no", "equiv"])
def test_no_and_equiv_refuse_any_other_dtype(casting):
    with pytest.raises(ConversionError, match=casting):
        cast(ones("float32"), "float64", casting, "x")


NATIVE = [name for names in KINDS.values() for name in names if not hasattr(ml_dtypes, name)]


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("source", NATIVE)
def test_safe_is_what_numpy_calls_safe(source, target):
    values = ones(source)
    if np.can_cast(source, target, "safe"):
        assert cast(values, target, "safe", "x").dtype == target
    else:
        with pytest.raises(ConversionError):
            cast(values, target, "safe", "x")


@pytest.mark.parametrize(
    ("source", "value", "target"),
    [
        ("int64", 2**53 + 1, "float64"),
        ("int64", 2**24 + 1, "float32"),
        ("int64", -(2**24) - 1, "float32"),
        ("int64", 2**11 + 1, "float16"),
        ("int64", 65_520, "float16"),
        ("int64", 257, "bfloat16"),
        ("int64", 17, "float8_e4m3fn"),
        ("int64", 10**6, "float8_e5m2"),
        ("int64", 2**24 + 1, "complex64"),
        ("int64", 2**53 + 1, "complex128"),
        ("uint64", 2**64 - 1, "float64"),
        ("int64", -1, "uint8"),
        ("int64", 256, "uint8"),
        ("int64", 8, "int4"),
        ("int64", -9, "int4"),
        ("int64", 16, "uint4"),
        ("uint64", 2**63, "int64"),
        ("int64", -1, "uint64"),
    ],
)
def test_an_integer_that_the_target_cannot_hold_is_refused_by_name(source, value, target):
    values = np.array([0, value], source)
    with pytest.raises(ConversionError, match=f"holds {value}, which {target} cannot hold"):
        cast(values, dtype_of(target), "same_kind", "x")
    assert cast(values, dtype_of(target), "unsafe", "x").dtype == dtype_of(target)


@pytest.mark.parametrize(
    ("value", "target"),
    [(2**53, "float64"), (-(2**53), "float64"), (2**63, "float64"), (2**24, "float32"), (2**62, "float32"),
     (2048, "float16"), (65_504, "float16"), (256, "bfloat16"), (2**60, "bfloat16"), (16, "float8_e4m3fn"),
     (2**40, "complex64"), (255, "uint8"), (0, "uint8"), (7, "int4"), (-8, "int4"), (15, "uint4")],
)  # fmt: skip
def test_an_integer_that_the_target_holds_exactly_passes(value, target):
    source = "uint64" if value >= 2**63 else "int64"
    assert as_integer(cast(np.array([value], source), dtype_of(target), "same_kind", "x")[0]) == value


@settings(max_examples=300)
@given(
    values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4),
    target=st.sampled_from(sorted(RANKS)),
    casting=st.sampled_from(["safe", "same_kind"]),
)
@example(values=[2**63 - 1], target="float64", casting="safe")
@example(values=[2**24 + 1], target="float32", casting="same_kind")
def test_a_cast_is_exact_or_an_error(values, target, casting):
    array = np.array(values, np.int64)
    try:
        converted = cast(array, dtype_of(target), casting, "x")
    except ConversionError:
        return
    assert [as_integer(value) for value in converted] == values


@settings(max_examples=200)
@given(values=st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=4), target=st.sampled_from(FLOATS))
def test_a_cast_that_would_be_exact_is_never_refused(values, target):
    array = np.array(values, np.int64)
    with np.errstate(all="ignore"):
        back = [complex(value) for value in array.astype(dtype_of(target))]
    exact = all(np.isfinite(number.real) and int(number.real) == value
                for number, value in zip(back, values, strict=True))  # fmt: skip
    if exact:
        assert cast(array, dtype_of(target), "same_kind", "x").dtype == dtype_of(target)
    else:
        with pytest.raises(ConversionError, match="cannot hold"):
            cast(array, dtype_of(target), "same_kind", "x")


def test_an_empty_array_of_integers_can_become_anything():
    for target in FLOATS:
        assert cast(np.zeros((0, 3), np.int64), dtype_of(target), "same_kind", "x").shape == (0, 3)


def test_floats_of_one_kind_round_as_numpy_rounds_them():
    values = np.array([0.1, 1e300, -np.inf, np.nan])
    with np.errstate(all="ignore"):
        expected = values.astype(np.float32)
    assert cast(values, "float32", "same_kind", "x").tobytes() == expected.tobytes()


def test_an_imaginary_part_is_dropped_only_when_asked():
    with pytest.raises(ConversionError, match="complex down to float"):
        cast(np.array([1 + 2j]), "float64", "same_kind", "x")
    assert cast(np.array([1 + 2j]), "float64", "unsafe", "x").tolist() == [1.0]


@pytest.mark.parametrize(
    ("named", "expected"),
    [("float32", np.float32), (np.float32, np.float32), (np.dtype("f4"), np.float32), (float, np.float64),
     ("bfloat16", ml_dtypes.bfloat16), (ml_dtypes.bfloat16, ml_dtypes.bfloat16), ("int4", ml_dtypes.int4)],
)  # fmt: skip
def test_a_dtype_can_be_named_in_many_ways(named, expected):
    assert read_dtype(named) == np.dtype(expected)


def test_a_dtype_can_be_one_of_tensorflow(tf):
    assert read_dtype(tf.bfloat16) == np.dtype(ml_dtypes.bfloat16)
    assert to_numpy(tf.constant([1, 2]), dtype=tf.float64).dtype == np.float64


@pytest.mark.parametrize("name", ["float31", "nonsense", object(), 3.5, "finfo", "iinfo", "__name__"], ids=repr)
def test_an_unknown_dtype_is_refused(name):
    with pytest.raises(ConversionError, match=r"dtype|cannot be cast"):
        cast(ones("float32"), name, "unsafe", "x")


def test_a_dtype_that_is_no_number_is_refused():
    for target in ("S5", "M8[D]", "V4"):
        with pytest.raises(ConversionError, match="cannot be cast"):
            cast(np.arange(3), target, "unsafe", "x")


class TestThroughToNumpy:
    def test_the_message_names_value_shape_dtype_and_way_out(self, tf):
        with pytest.raises(ConversionError) as refusal:
            to_numpy(tf.constant([[2**53 + 1]], tf.int64), dtype="float64")
        assert str(refusal.value) == (
            "Tensor (1, 1) int64 holds 9007199254740993, which float64 cannot hold exactly:"
            " choose a wider dtype, or casting='unsafe'"
        )

    def test_a_cast_is_a_copy_and_the_users_own(self, tf):
        tensor = tf.constant([1, 2])
        converted = to_numpy(tensor, dtype="float32")
        assert converted.flags.writeable
        converted[0] = 9
        assert tensor.numpy().tolist() == [1, 2]
        with pytest.raises(ConversionError, match="without a copy"):
            to_numpy(tensor, dtype="float32", copy=False)

    def test_the_dtype_that_it_has_is_still_a_view(self, tf):
        tensor = tf.constant([1, 2])
        converted = to_numpy(tensor, dtype="int32", copy=False)
        assert np.shares_memory(converted, np.asarray(tensor))
        assert not converted.flags.writeable
        assert to_numpy(tensor, dtype="int32", copy=True).flags.writeable

    def test_bfloat16_upward_is_exact(self, tf):
        tensor = tf.constant([0.1, -2.5], tf.bfloat16)
        assert to_numpy(tensor, dtype="float32").tolist() == tf.cast(tensor, tf.float32).numpy().tolist()
        with pytest.raises(ConversionError, match="float down to integer"):
            to_numpy(tensor, dtype="int32")
