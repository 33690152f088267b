"""What every conversion is measured by: the values that tests draw, equality to the bit, and whose memory it is.

Two arrays are the same where dtype, shape and every byte are, so a NaN equals itself and -0.0 differs from 0.0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
import pytest

NATIVE = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
SMALL = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")
NUMERIC = NATIVE + SMALL
SHAPES = ((), (3,), (2, 3), (2, 1, 3), (2, 2, 1, 2), (1, 2, 1, 2, 2))
"""A shape of each rank from 0 to 5."""


def numpy_dtype(name: str) -> np.dtype:
    return np.dtype(object if name == "string" else getattr(ml_dtypes, name, name))


def sample(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns values that fit the dtype, signed and fractional where it can hold them, NaN and -0.0 for floats."""
    if name == "string":
        words = (b"", b"ab\x00", "naïve".encode(), b"\xff\xfe")
        values = np.empty(shape, dtype=object)
        for place, position in enumerate(np.ndindex(shape)):
            values[position] = words[place % len(words)]
        return values
    random = np.random.default_rng(len(name) + len(shape))
    numbers = random.integers(0, 8, shape) if "int" in name else np.asarray(random.normal(size=shape))
    if name == "bool":
        numbers = numbers > 0
    elif name.startswith("complex"):
        numbers = numbers * (1 - 0.5j)
    elif name.startswith("int"):
        numbers = -numbers
    values = np.asarray(numbers).astype(numpy_dtype(name))
    if "float" in name and values.size > 2:
        values.reshape(-1)[:3] = np.array([np.nan, -0.0, 1.5]).astype(values.dtype)
    return values


def bits(array: np.ndarray) -> tuple[np.dtype, tuple[int, ...], Any]:
    """Returns what two arrays have in common where they are the same to the bit."""
    assert isinstance(array, np.ndarray)
    return array.dtype, array.shape, array.tolist() if array.dtype == object else array.tobytes()


def assert_same(converted: Any, expected: Any) -> None:
    """Both are the same arrays in the same containers, of the same classes."""
    assert type(converted) is type(expected)
    if isinstance(expected, dict):
        assert converted.keys() == expected.keys()
        for key in expected:
            assert_same(converted[key], expected[key])
    elif isinstance(expected, (list, tuple, deque)):
        assert len(converted) == len(expected)
        for child, wanted in zip(converted, expected, strict=True):
            assert_same(child, wanted)
    elif isinstance(expected, np.ma.MaskedArray):
        assert converted.dtype == expected.dtype
        assert np.array_equal(np.ma.getmaskarray(converted), np.ma.getmaskarray(expected))
        assert bits(converted.compressed()) == bits(expected.compressed())
    elif holds_rows(expected):
        assert converted.shape == expected.shape
        assert converted.dtype == object
        assert_same(list(converted), list(expected))
    elif isinstance(expected, np.ndarray):
        assert bits(converted) == bits(expected)
    elif fields_of(expected):
        assert_same(fields_of(converted), fields_of(expected))
    else:
        assert converted == expected


def holds_rows(array: Any) -> bool:
    """Returns whether it is an object array of arrays, as ragged rows are."""
    return (
        type(array) is np.ndarray and array.dtype == object and any(isinstance(row, np.ndarray) for row in array.flat)
    )


def fields_of(obj: Any) -> dict[str, Any]:
    """Returns the fields of an instance of a dataclass or an attrs class by name, of anything else none."""
    names = getattr(type(obj), "__dataclass_fields__", None) or [
        field.name for field in getattr(type(obj), "__attrs_attrs__", ())
    ]
    return {name: getattr(obj, name) for name in names}


def assert_frozen(array: np.ndarray) -> None:
    """Neither the array nor anything that it rests on lets itself be written through, or be made writable."""
    base, depth = array, 0
    while isinstance(base, np.ndarray):
        assert not base.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            base.flags.writeable = True
        with pytest.raises(ValueError, match="read-only"):
            base[...] = base.copy()
        base, depth = base.base, depth + 1
    assert base is not None, "NumPy owns this memory, so it could be thawed"
    assert depth < 6
    if isinstance(base, memoryview):
        assert base.readonly


def leaves(converted: Any) -> Iterator[np.ndarray]:
    """Yields the arrays of numbers or strings in what a conversion gave, at any depth."""
    if isinstance(converted, dict) or fields_of(converted):
        converted = list((converted if isinstance(converted, dict) else fields_of(converted)).values())
    if holds_rows(converted):
        converted = list(converted.flat)
    if isinstance(converted, (list, tuple, deque)):
        for child in converted:
            yield from leaves(child)
    elif isinstance(converted, np.ndarray):
        yield converted
