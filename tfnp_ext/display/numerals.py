"""Values as text: one number of decimals for a whole table, and never more digits than the dtype carries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank

_ROUNDING = 1e-12
_MOST_CORRELATED = 10_000

_FEW = 8
"""Of so many numbers, as stand in a headline, no two that differ read alike."""


def shortest(value: Any) -> str:
    """Returns the shortest decimal that reads back as the same number in the value's own dtype.

    Example:
        >>> shortest(np.float32(0.1)), shortest(np.float64(-12000.0)), shortest(np.float32(1e-7))
        ('0.1', '-12000', '1e-7')
    """
    number = float(value)
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
    if number == 0:
        return "0"
    if number.is_integer() and abs(number) < 10_000:
        # A narrow dtype reads 450 back as 448.
        return str(int(number))
    if isinstance(value, (np.float16, np.float32, np.float64, float)):
        scientific = np.format_float_scientific(value, unique=True, trim="-")
    else:
        # ml_dtypes print more digits than they carry.
        dtype = np.asarray(value).dtype
        tries = (f"{number:.{digits}e}" for digits in range(17))
        scientific = next((text for text in tries if float(np.array(float(text), dtype)) == number), f"{number:.17e}")
    mantissa, _, exponent = scientific.partition("e")
    if not -4 <= int(exponent) < 7:
        return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"
    return _positional(mantissa, int(exponent))


def _positional(mantissa: str, exponent: int) -> str:
    """Returns the digits of ``-1.25`` times a power of ten with its point moved, so that none is rounded again."""
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def complex_text(value: Any) -> str:
    """Returns a complex number as it is typed, without a zero part: ``1+2j``, ``-0.5j``, ``3``."""
    return _joined(shortest(value.real), shortest(value.imag))


def _joined(real: str, imaginary: str) -> str:
    if imaginary == "0":
        return real
    sign = "" if imaginary.startswith("-") else "+"
    return f"{imaginary}j" if real == "0" else f"{real}{sign}{imaginary}j"


def exact_text(value: Any) -> str:
    """Returns one value in full: what a scalar's headline and a cell's title say."""
    array = np.asarray(value)
    if array.dtype.kind == "c":
        return complex_text(array[()])
    if kind_rank(array.dtype) == 2:
        text = shortest(array[()])
        return text if any(character in text for character in ".enf") else f"{text}.0"
    if array.dtype.kind == "b":
        return str(bool(array))
    return str(int(array)) if kind_rank(array.dtype) == 1 else str(array[()])


def small_texts(array: np.ndarray) -> list[str]:
    """Returns every value of a table, small or large, as text, with one number of decimals for all.

    Exact if four decimals suffice, else four digits of the largest; where these do not fit the range of the values or
    the digits that the dtype carries, each takes its own short form. Where that would make equal what
    differs, all take as many digits as tell them apart. An exact zero is ``0``.
    """
    if isinstance(array, np.ma.MaskedArray):
        texts = iter(small_texts(array.compressed()))
        return ["--" if hidden else next(texts) for hidden in np.ma.getmaskarray(array).reshape(-1)]
    flat = array.reshape(-1)
    if flat.dtype.kind == "c":
        return _complex_texts(flat)
    if flat.dtype.kind in "biu":
        return list(map(str, flat.tolist()))
    if kind_rank(flat.dtype) != 2:
        return [exact_text(value) for value in flat]
    values = _nonzero(flat)
    decimals = _decimals(values)
    form = _telling_form(values, decimals)
    if form.endswith("e"):
        return [_scientific(number, form) for number in flat.tolist()]
    if not form:
        return [_own_text(value) for value in flat]
    decimals = int(form[1:-1])
    # Python's numbers are formatted three times as fast as NumPy's.
    rounded = [f"{number:{form}}" for number in flat.tolist()]
    one, nothing = f"{1:.{decimals}f}", f"{0:.{decimals}f}"
    told = {one, f"-{one}", nothing, f"-{nothing}", "nan", "inf", "-inf"}
    return [_honest(text, flat[place]) if text in told else text for place, text in enumerate(rounded)]


def whole_ones(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Returns values of a matrix, of one with ones down its diagonal without the rounding errors of ±1.

    Correlations of float64 are told by three decimals, not by the sixteen of a 1 that was not quite reached.

    Example:
        >>> matrix = np.array([[1 - 2**-53, 0.25], [0.25, 1.0]])
        >>> whole_ones(matrix, matrix).tolist()
        [[1.0, 0.25], [0.25, 1.0]]
    """
    if isinstance(matrix, np.ma.MaskedArray) or matrix.dtype != np.float64 or matrix.ndim != 2:
        return values
    if matrix.shape[0] != matrix.shape[1] or len(matrix) > _MOST_CORRELATED:
        return values
    places = np.arange(len(matrix))
    if (np.abs(np.asarray(matrix[places, places]) - 1) > _ROUNDING).any():
        return values
    return np.where(np.abs(np.abs(values) - 1) <= _ROUNDING, np.sign(values), values)


def lost(values: np.ndarray, told: np.ndarray) -> list[str]:
    """Returns in full each value that is told as another one; ``""`` for the rest."""
    return [
        "" if value == other or value != value else exact_text(value) for value, other in zip(values, told, strict=True)
    ]


def _telling_form(values: np.ndarray, decimals: int | None) -> str:
    """Returns the format for all values: that of so many decimals, or a longer one where it would hide differences.

    Of up to eight values all are told apart; of more, those whose spread is small beside them. What differs by no more
    than the last digit that the dtype carries does not differ.

    Args:
        values: Finite ones that are not zero.
        decimals: How many suit their size; ``None`` where each takes its own form.

    Returns:
        ``.3f`` or ``.7e``; empty where each takes its own form.
    """
    usual = "" if decimals is None else f".{decimals}f"
    if not values.size:
        return usual
    import ml_dtypes

    numbers = values.astype(np.float64)
    largest = float(np.abs(numbers).max())
    if values.size > _FEW and float(numbers.max()) - float(numbers.min()) > largest / 100:
        return usual
    carried = -math.log10(float(ml_dtypes.finfo(values.dtype).eps))
    digits = f".{max(0, math.floor(carried) - 1)}e"
    different = [*{f"{number:{digits}}": number for number in numbers.tolist()}.values()]

    def tells(form: str) -> bool:
        return len({f"{number:{form}}" for number in different}) == len(different)

    if tells(usual or ".3e"):
        return usual
    most = math.floor(carried - (math.frexp(largest)[1] - 1) * math.log10(2))
    fixed = range(decimals or 0, most + 1) if 1e-4 <= largest < 1e16 else range(0)
    for places in fixed:
        if tells(f".{places}f"):
            exact = _exact_decimals(values, reach=1e16) or 0
            return f".{max(places, exact)}f"
    if decimals is None and len({_own_text(value) for value in values}) >= len(different):
        return ""
    return next((f".{places}e" for places in range(3, math.floor(carried)) if tells(f".{places}e")), usual)


def _scientific(number: float, form: str) -> str:
    """Returns a number in a format with an exponent, which is not padded; zero is ``0``."""
    if not number or not math.isfinite(number):
        return shortest(number)
    mantissa, _, exponent = f"{number:{form}}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _complex_texts(flat: np.ndarray) -> list[str]:
    """Returns complex numbers with one number of decimals for both parts of all: four digits of the largest magnitude.

    Whole parts stand without a point, as complex numbers are typed, where all are short; a part that is no zero but
    would round to one stays ``0.0``. Where a magnitude would be lost, or the digits do not fit, all have an exponent.
    """
    numbers = np.concatenate([flat.real, flat.imag])
    values = _nonzero(numbers)
    exact = _exact_decimals(values)
    if exact is not None:
        parts = [shortest(number) for number in numbers]
    else:
        # Halved, so that no magnitude overflows.
        sizes = np.hypot(flat.real.astype(np.float64) / 2, flat.imag.astype(np.float64) / 2)
        sizes = sizes[np.isfinite(sizes) & (sizes != 0)]
        exponent = int(f"{2 * min(float(sizes.max()), 8e307):.3e}".partition("e")[2]) if sizes.size else 0
        decimals = max(0, 3 - exponent)
        lost = np.count_nonzero(sizes < 0.25 * 10.0**-decimals)
        fits = max(0, exponent) + 1 + decimals <= _carried(flat.real.dtype) and not lost
        form = f".{decimals}f" if fits else ".2e"
        write = _scientific if not fits else lambda number, form: f"{number:{form}}" if number else "0"
        parts = [write(number, form) for number in numbers.tolist()]
    return [_joined(*pair) for pair in zip(parts[: flat.size], parts[flat.size :], strict=True)]


def fixed_text(number: float, decimals: int) -> str:
    """Returns a number with so many decimals; none is rounded to ``0`` or ``1`` that is not."""
    return _honest(f"{number:.{decimals}f}", number)


def _honest(text: str, value: Any) -> str:
    """Returns the text, or one with more digits where it would say zero or one of a value that is not."""
    number = float(value)
    if number == 0 or not math.isfinite(number):
        return shortest(value)
    if float(text) == 0:
        return wording.number(number, 2)
    if abs(float(text)) != 1 or abs(number) == 1 or "." not in text:
        return text
    tries = (f"{number:.{decimals}f}" for decimals in range(2, 17))
    return next((longer for longer in tries if abs(float(longer)) != 1), shortest(value))


def _own_text(value: Any) -> str:
    """Returns a value's shortest form, or four digits of it (of narrow dtypes three) where that takes too many."""
    text, number = shortest(value), float(value)
    most = max(3, _carried(value.dtype))
    exact_to = 2**53 if value.dtype.itemsize == 8 else 2**24
    mantissa = text.partition("e")[0].lstrip("-0.").replace(".", "")
    if len(mantissa) <= most or not math.isfinite(number) or (number.is_integer() and abs(number) < exact_to):
        return text
    exponent = int(f"{number:e}".partition("e")[2])
    cut = shortest(float(f"{number:.{max(min(most, 4) - 1, exponent if exponent < 7 else 0)}e}"))
    return text if abs(float(cut)) == 1 else cut


def _nonzero(flat: np.ndarray) -> np.ndarray:
    """Returns the values that are finite and not zero."""
    numbers = flat.astype(np.float64)
    kept: np.ndarray = flat[np.isfinite(numbers) & (numbers != 0)]
    return kept


def _exact_decimals(values: np.ndarray, reach: float = 1e7) -> int | None:
    """Returns with how many decimals, four at most, all values read back in their dtype; ``None`` if with none."""
    numbers = values.astype(np.float64)
    if numbers.size and np.abs(numbers).max() >= reach:
        return None
    exact = None
    for decimals in (4, 3, 2, 1):
        if not (np.round(numbers, decimals).astype(values.dtype) == values).all():
            break
        exact = decimals
    return exact


def _decimals(values: np.ndarray) -> int | None:
    """Returns how many decimals suit all values, ``None`` where each needs its own form."""
    if not values.size:
        return 1
    sizes = np.abs(values.astype(np.float64))
    exponent = int(f"{sizes.max():.3e}".partition("e")[2])
    carried = _carried(values.dtype)
    whole = max(0, exponent) + 1
    exact = _exact_decimals(values)
    if exact is not None and whole + exact <= carried:
        return exact
    decimals = max(0, 3 - exponent)
    # What is exact and too long is cut to four digits, but not to whole numbers, and not below what is carried.
    if whole + decimals > carried or (exact is not None and not decimals):
        return None
    lost = np.count_nonzero(sizes < 0.5 * 10.0**-decimals)
    return None if lost * 8 > sizes.size else decimals


def digits_told(asked: int, dtype: np.dtype) -> int:
    """Returns how many of the digits asked for tell something: no more than tell a float from its neighbours.

    Example:
        >>> digits_told(17, np.dtype("float32")), digits_told(3, np.dtype("float32"))
        (9, 3)
    """
    if kind_rank(dtype) not in {2, 3}:
        return asked
    import ml_dtypes

    bits = int(ml_dtypes.finfo(np.zeros(0, dtype).real.dtype).nmant) + 1
    return min(asked, math.ceil(1 + bits * math.log10(2)))


def _carried(dtype: np.dtype) -> int:
    """Returns how many digits a table shows of a dtype: seven, or what a narrow one carries."""
    if dtype.itemsize == 1:
        return 2
    return 7 if dtype.itemsize > 2 else 4 if dtype.kind == "f" else 3
