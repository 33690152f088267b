"""Which dtype may become which, and the errors that say why not.

NumPy's own ``can_cast`` knows nothing of ``ml_dtypes`` and lets an integer lose digits on its way to a float.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.errors import ConversionError

CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
"""NumPy's casting rules, strictest first."""

_KINDS = ("bool", "integer", "float", "complex")
_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
_SMALL_INTEGERS = ("int2", "uint2", "int4", "uint4", "int1", "uint1")


def kind_rank(dtype: np.dtype) -> int | None:
    """Returns where a dtype stands in bool < integer < float < complex, ``None`` for none of them.

    The dtypes of ``ml_dtypes`` (bfloat16, float8, int4) count with the others of their kind.
    """
    if dtype.kind != "V":
        return _RANKS.get(dtype.kind)
    name = dtype.name  # NumPy composes it each time
    return 1 if name in _SMALL_INTEGERS else 2 if "float" in name else None


def dtype_word(dtype: np.dtype) -> str:
    """Returns what a dtype is called on a card.

    Example:
        >>> dtype_word(np.dtype("<U5")), dtype_word(np.dtype("float32")), dtype_word(np.dtype([("id", "i4")]))
        ('U5', 'float32', 'structured')
    """
    if dtype.names:
        return "structured"  # of void32 nobody knows what is in it
    if dtype.kind in "SU":
        return dtype.str.lstrip("<>|=")  # in characters, as NumPy prints it; the name counts bits
    return "object" if dtype.kind == "O" else dtype.name


def read_dtype(dtype: Any) -> np.dtype:
    """Returns the NumPy dtype that a user named: a NumPy dtype, a TensorFlow one, or the name of either.

    Raises:
        ConversionError: There is no such dtype.
    """
    try:
        named = getattr(dtype, "as_numpy_dtype", dtype)
    except KeyError:  # TensorFlow's variant and resource
        named = None
    if named is None:
        raise ConversionError(f"dtype {getattr(dtype, 'name', dtype)} is no array's: use a number's, or str")
    if isinstance(named, str):
        import ml_dtypes

        named = getattr(ml_dtypes, named, named)
    try:
        read: np.dtype = np.dtype(named)
        return read
    except (TypeError, ValueError):
        raise ConversionError(
            f"dtype {str(dtype).splitlines()[0]!r} is unknown: use a NumPy or TensorFlow dtype, as in dtype='float32'"
        ) from None


def _words(what: str | Callable[[], str]) -> str:
    return what if isinstance(what, str) else what()


def is_text(dtype: Any) -> bool:
    """Returns whether a dtype asks for decoded strings: ``str``, ``"str"`` or ``np.str_``."""
    return dtype is str or dtype is np.str_ or (isinstance(dtype, str) and dtype == "str")


def cast(
    array: np.ndarray,
    dtype: Any,
    casting: str,
    what: str | Callable[[], str],
    index: Callable[[tuple[int, ...]], tuple[int, ...]] = lambda place: place,
) -> np.ndarray:
    """Returns the array in another dtype: itself if it already has it, else a new array.

    Within a kind (bool < integer < float < complex) or upward is ``same_kind``, downward needs ``unsafe``. Whatever
    the rule but ``unsafe``, an integer that the target cannot hold exactly is refused.

    Args:
        array: The values, any shape.
        dtype: What they shall become; ``str`` decodes strings from UTF-8.
        casting: One of ``CASTINGS``.
        what: The value in words, for the message, or what gives them.
        index: The index that users know of a place in the array, where the array is only a part of a value.

    Raises:
        ConversionError: The cast is not allowed, or would lose an integer.
    """
    if is_text(dtype):
        return decode_strings(array, what, index)
    target = read_dtype(dtype)
    if array.dtype == target:
        return array
    source_rank, target_rank = kind_rank(array.dtype), kind_rank(target)
    if source_rank is None or target_rank is None:
        hint = "; dtype=str decodes strings" if array.dtype == object else ""
        raise ConversionError(f"{_words(what)} cannot be cast to {target.name}{hint}")
    if casting != "unsafe":
        if target_rank < source_rank:
            raise ConversionError(
                f"{_words(what)} cannot be cast from {_KINDS[source_rank]} down to {_KINDS[target_rank]}"
                f" ({target.name}) by casting='{casting}': allow it with casting='unsafe'"
            )
        if casting == "equiv" and array.dtype.newbyteorder("=") == target.newbyteorder("="):
            return array.astype(target)
        if casting in {"no", "equiv"} or (casting == "safe" and not _is_safe(array.dtype, target)):
            raise ConversionError(f"{_words(what)} cannot be cast to {target.name} by casting='{casting}'")
        if source_rank == 1:
            _refuse_lost_integers(array, target, what)
    with np.errstate(all="ignore"):
        if source_rank == 3 and target_rank < 3:
            array = array.real
        try:
            return array.astype(target)
        except TypeError:
            # ml_dtypes casts its own dtypes to NumPy's, but not all of them to each other.
            return array.astype(np.int64 if source_rank == 1 else np.float64).astype(target)


def _is_safe(source: np.dtype, target: np.dtype) -> bool:
    try:
        return bool(np.can_cast(source, target, "safe"))
    except TypeError:
        return False


def _refuse_lost_integers(array: np.ndarray, target: np.dtype, what: str | Callable[[], str]) -> None:
    if not array.size:
        return
    low, high = int(array.min()), int(array.max())
    if kind_rank(target) == 1:
        import ml_dtypes

        bounds = ml_dtypes.iinfo(target)
        if low < bounds.min or high > bounds.max:
            lost = low if low < bounds.min else high
            raise ConversionError(
                f"{_words(what)} holds {lost}, which {target.name} cannot hold ({bounds.min} … {bounds.max}):"
                " choose a wider dtype, or casting='unsafe'"
            )
        return
    exact = 2 ** (_mantissa_bits(target) + 1)
    if -exact <= low and high <= exact and float(max(-low, high)) <= _largest(target):
        return
    unheld = next((value for value in array.ravel().tolist() if not _holds(target, value)), None)
    if unheld is not None:
        raise ConversionError(
            f"{_words(what)} holds {unheld}, which {target.name} cannot hold exactly:"
            " choose a wider dtype, or casting='unsafe'"
        )


def _holds(target: np.dtype, value: int) -> bool:
    with np.errstate(all="ignore"):
        held = (
            complex(np.array(value, dtype=object).astype(target).item())
            if target.kind == "c"
            else float(target.type(value))
        )
    real = held.real if isinstance(held, complex) else held
    return np.isfinite(real) and int(real) == value


def _mantissa_bits(target: np.dtype) -> int:
    import ml_dtypes

    return int(ml_dtypes.finfo(_real(target)).nmant)


def _largest(target: np.dtype) -> float:
    import ml_dtypes

    return float(ml_dtypes.finfo(_real(target)).max)


def _real(target: np.dtype) -> np.dtype:
    return np.dtype(f"f{target.itemsize // 2}") if target.kind == "c" else target


def decode_strings(
    array: np.ndarray,
    what: str | Callable[[], str],
    index: Callable[[tuple[int, ...]], tuple[int, ...]] = lambda place: place,
) -> np.ndarray:
    """Returns an object array of ``str`` from an object array of UTF-8 ``bytes``.

    Raises:
        ConversionError: It holds no strings, or one is not UTF-8; the message names the first such index.
    """
    if array.dtype.kind not in "OSU":
        raise ConversionError(f"{_words(what)} holds no strings: dtype=str decodes string tensors")
    decoded: list[str] = []
    for value in array.ravel().tolist():
        try:
            decoded.append(value.decode("utf-8") if isinstance(value, bytes) else str(value))
        except UnicodeDecodeError as error:
            place = index(tuple(int(axis) for axis in np.unravel_index(len(decoded), array.shape)))
            raise ConversionError(
                f"{_words(what)} is not UTF-8 at {wording.index(place)} (byte {error.start}):"
                " leave dtype out and keep the bytes"
            ) from None
    result = np.empty(array.size, dtype=object)
    result[:] = decoded
    return result.reshape(array.shape)
