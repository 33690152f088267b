"""Values as text: one number of decimals for a whole table, and never more digits than the dtype carries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank


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
    """Returns every value of a small array as text, with one number of decimals for all.

    Exact if four decimals suffice, else four digits of the largest; where a value would round to nothing, or more
    than seven digits would be needed, each takes its own shortest form. An exact zero is ``0``.
    """
    if isinstance(array, np.ma.MaskedArray):
        texts = iter(small_texts(array.compressed()))
        return ["--" if hidden else next(texts) for hidden in np.ma.getmaskarray(array).reshape(-1)]
    flat = array.reshape(-1)
    if flat.dtype.kind == "c":
        numbers = np.concatenate([flat.real, flat.imag])
        exact = [shortest(number) for number in numbers]
        # Whole parts without a point, as complex numbers are typed, where all are short.
        short = all(len(text.partition(".")[2]) <= 4 and "e" not in text for text in exact)
        parts = exact if short else small_texts(numbers)
        return [_joined(*pair) for pair in zip(parts[: flat.size], parts[flat.size :], strict=True)]
    if kind_rank(flat.dtype) != 2:
        return [exact_text(value) for value in flat]
    numbers = flat.astype(np.float64)
    finite = numbers[np.isfinite(numbers) & (numbers != 0)]
    if not finite.size:
        return [shortest(value) for value in flat]
    decimals = _decimals(flat, finite)
    if decimals is None:
        return [shortest(value) for value in flat]
    return [
        f"{number:.{decimals}f}" if math.isfinite(number) and number else shortest(number)
        for number in numbers.tolist()
    ]


def _decimals(flat: np.ndarray, finite: np.ndarray) -> int | None:
    """Returns how many decimals suit all values, ``None`` where each needs its own form."""
    largest = float(np.abs(finite).max())
    smallest = float(np.abs(finite).min())
    exponent = math.floor(math.log10(largest))
    most_digits = 7 if flat.dtype.kind == "f" and flat.dtype.itemsize > 1 else 3
    texts = [shortest(value) for value in flat if math.isfinite(float(value)) and float(value) != 0]
    exact = max(len(text.partition(".")[2]) if "e" not in text else 99 for text in texts)
    # Four digits of the largest, and three of the smallest where there is room for them.
    wanted = max(0, 3 - exponent, min(4, 2 - math.floor(math.log10(smallest))))
    decimals = max(1, exact) if exact <= 4 else max(0, min(wanted, most_digits - 1 - max(0, exponent)))
    if max(0, exponent) + 1 + decimals > most_digits or smallest < 0.5 * 10.0**-decimals:
        return None
    return decimals


def table_format(array: np.ndarray) -> str:
    """Returns the format specification for all cells of a large table: four decimals or what the range calls for."""
    if array.dtype.kind == "c":
        return table_format(np.concatenate([array.real.reshape(-1), array.imag.reshape(-1)]))
    if kind_rank(array.dtype) != 2:
        return "d"
    numbers = np.abs(np.ma.compressed(array).astype(np.float64))
    finite = numbers[np.isfinite(numbers) & (numbers > 0)]
    if not finite.size:
        return ".4f"
    exponent = math.floor(math.log10(finite.max()))
    if not -5 <= exponent <= 6:
        return ".2e"
    return f".{4 if -2 <= exponent <= 0 else max(0, 4 - exponent) if exponent > 0 else 2 - exponent}f"


def cell_text(value: Any, specification: str) -> str:
    """Returns one cell of a large table; only an exact zero is ``0``, and ``--`` is masked."""
    if value is np.ma.masked:
        return "--"
    if isinstance(value, complex):
        return _joined(cell_text(value.real, specification), cell_text(value.imag, specification))
    if specification == "d":
        return str(bool(value)) if isinstance(value, (bool, np.bool_)) else str(int(value))
    number = float(value)
    if not math.isfinite(number) or number == 0:
        return shortest(number)
    text = f"{number:{specification}}"
    return text if float(text) else wording.number(number, 2)
