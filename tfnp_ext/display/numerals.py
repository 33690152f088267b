"""Values as text: one number of decimals for a whole table, and never more digits than the dtype carries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import kind_rank

_FEW = 8
"""So many numbers stand in a headline: no two that differ read alike, and no column is to be kept."""

_ROUND_OFF = 4
"""By so many units of the largest value's last place sums and quotients of a few steps are off."""

_PLACES = 7
"""The widest number with a point, in figures."""

_MOST_WHOLE = 16
"""From this power of ten on a number has an exponent in any case, as Python's floats have."""

_POINTED = {1: 6, 2: 6, 4: 8, 8: 10}
"""From which power of ten on a rounded number has an exponent, by the bytes of its dtype."""

_USUAL = 4
"""How many digits of the largest are told."""

_LARGE = 100
"""From here on a number has four digits with one decimal."""

_RARE = 8
"""One of so many values may be told with fewer digits than the others of its table."""

_MORE = 2
"""So many more decimals are told where a few values would be rounded to nothing without them."""


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
        return "-0" if math.copysign(1, number) < 0 else "0"
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
    # All digits of a larger number are told where none of them stands for another.
    told = int(exponent) < (_MOST_WHOLE if len(mantissa.lstrip("-").replace(".", "")) > int(exponent) else _PLACES)
    if int(exponent) < -4 or not told:
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
    if imaginary in _ZEROS:
        return "0" if real in _ZEROS else real
    return f"{imaginary}j" if real in _ZEROS else _summed(real, imaginary)


def _summed(real: str, imaginary: str) -> str:
    return f"{real}{'' if imaginary.startswith('-') else '+'}{imaginary}j"


_ZEROS = frozenset({"0", "-0"})


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


def is_not_finite(text: str) -> bool:
    """Returns whether the text of a number, or one of its parts, is ``nan`` or ``inf``."""
    return "n" in text


def small_texts(array: np.ndarray) -> list[str]:
    """Returns every value of a table as text, all in the form that suits them."""
    return written(array, form_of(array))


def form_of(array: np.ndarray, *, folded: bool = False) -> str:
    """Returns the form of all values of a table, small or large, as Python writes formats.

    One number of decimals, ``.3f``: exact if four suffice, else four digits of the largest, or as many as the dtype
    carries. Where seven places do not hold the range, up to eight values take each its own form, in full (empty) or
    with four digits (``.4g``), and more have three digits and an exponent, ``.2e``, unless all are short. Where that
    would make equal what differs, all take as many digits as tell them apart.

    Args:
        array: The values.
        folded: Whether they stand in a large table, where the parts of complex numbers keep their columns.
    """
    if isinstance(array, np.ma.MaskedArray):
        array = array.compressed()
    rank = kind_rank(array.dtype)
    if rank == 3:
        return _complex_form(array.reshape(-1), folded=folded)
    return _real_form(_nonzero(array.reshape(-1))) if rank == 2 else ""


def written(array: np.ndarray, form: str, *, folded: bool = False) -> list[str]:
    """Returns values as text in the form of their table. An exact zero is ``0``, and what is none never reads so."""
    if isinstance(array, np.ma.MaskedArray):
        texts = iter(written(array.compressed(), form, folded=folded))
        return ["--" if hidden else next(texts) for hidden in np.ma.getmaskarray(array).reshape(-1)]
    flat = array.reshape(-1)
    if flat.dtype.kind == "c":
        return _complex_texts(flat, form, folded=folded)
    if flat.dtype.kind in "biu":
        return list(map(str, flat.tolist()))
    return _real_texts(flat, form) if kind_rank(flat.dtype) == 2 else list(map(exact_text, flat))


def _real_texts(flat: np.ndarray, form: str) -> list[str]:
    if not form:
        return list(map(shortest, flat))
    if form.endswith("g"):
        return [_cut(value, int(form[1:-1])) for value in flat]
    if form.endswith("e"):
        return [_scientific(number, form) for number in flat.tolist()]
    # Python's numbers are formatted three times as fast as NumPy's.
    texts = [f"{number:{form}}" for number in flat.tolist()]
    nothing = f"{0:{form}}"
    told = {nothing, f"-{nothing}", "nan", "inf", "-inf"}
    return [_not_nothing(text, flat[place]) if text in told else text for place, text in enumerate(texts)]


def _real_form(values: np.ndarray) -> str:
    """Returns the form of finite values that are not zero, a longer one where the usual would hide differences.

    Of up to eight values all are told apart; of more, those whose spread is small beside them. What differs by no more
    than the last digit that the dtype carries does not differ.
    """
    if not values.size:
        return ".1f"
    decimals = _decimals(values)
    numbers = values.astype(np.float64)
    # Of a few typed numbers none is told with a single digit of its own.
    typed = (
        decimals is not None
        and values.size <= _FEW
        and float(np.abs(numbers).min()) < 10.0 ** (1 - decimals)
        and _exact_decimals(values) is None
        and all(_digits(shortest(value)) <= _USUAL for value in values)
    )
    largest = float(np.abs(numbers).max())
    if decimals is not None and values.size > _FEW:
        decimals = _up_to_round_off(numbers, decimals, largest * _epsilon(values.dtype))
    usual = _without_a_point(values) if decimals is None or typed else f".{decimals}f"
    if values.size > _FEW and float(numbers.max()) - float(numbers.min()) > largest / 100:
        return usual
    carried = -math.log10(_epsilon(values.dtype))
    digits = f".{max(0, math.floor(carried) - 1)}e"
    places = {f"{number:{digits}}": place for place, number in enumerate(numbers.tolist())}
    different = values[[*places.values()]]

    def tells(form: str) -> bool:
        return len(set(_real_texts(different, form))) == different.size

    if tells(usual):
        return usual
    most = math.floor(carried - (math.frexp(largest)[1] - 1) * math.log10(2))
    least = 0 if (np.round(numbers) == numbers).all() else 1  # else they would read as whole
    fixed = range(max(decimals or 0, least), most + 1) if 1e-4 <= largest < 1e16 else range(0)
    for count in fixed:
        if tells(f".{count}f"):
            return f".{max(count, _exact_decimals(values, reach=1e16) or 0)}f"
    return next((f".{count}e" for count in range(3, math.floor(carried)) if tells(f".{count}e")), usual)


def _epsilon(dtype: np.dtype) -> float:
    import ml_dtypes

    return float(ml_dtypes.finfo(dtype).eps)


def _up_to_round_off(numbers: np.ndarray, decimals: int, unit: float) -> int:
    """Returns fewer decimals where all values have no more but for round-off: those of ``tf.linspace(0.0, 1.0, 11)``.

    Args:
        numbers: The values in float64.
        decimals: Those that are told else.
        unit: By how much the largest value differs from the next that its dtype has.
    """
    tolerance = _ROUND_OFF * unit
    if tolerance >= 10.0**-decimals / 2:  # then what is told else may be more than round-off
        return decimals
    for count in range(1, decimals):
        if (np.abs(np.round(numbers, count) - numbers) <= tolerance).all():
            return count
    return decimals


def _without_a_point(values: np.ndarray) -> str:
    """Returns the form of values whose range one number of decimals does not hold.

    Each takes its own where that is short for all, by its digits and not by chance, and where they are few.
    """
    carried = _carried(values.dtype)
    few = values.size <= _FEW
    most = max(3, carried) if few else min(_USUAL, carried - 1)
    if all(_digits(shortest(value)) <= most for value in values) or (few and _are_counts(values)):
        return ""
    exact = _exact_decimals(values, reach=10.0 ** _POINTED[values.dtype.itemsize]) if few else None
    if exact is not None:
        return f".{exact}f"
    return f".{min(_USUAL, carried)}g" if few else f".{min(2, carried - 1)}e"


def _are_counts(values: np.ndarray) -> bool:
    """Returns whether all values are whole and smaller than what their dtype counts to."""
    numbers = values.astype(np.float64)
    return bool(
        (np.round(numbers) == numbers).all()
        and np.abs(numbers).max() < (2**53 if values.dtype.itemsize == 8 else 2**24)
    )


def _digits(text: str) -> int:
    """Returns how many significant digits a number is written with."""
    return len(text.partition("e")[0].replace(".", "").strip("-0"))


def _scientific(number: float, form: str) -> str:
    """Returns a number in a format with an exponent, which is not padded; zero is ``0``."""
    if not number or not math.isfinite(number):
        return shortest(number)
    mantissa, _, exponent = f"{number:{form}}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _cut(value: Any, digits: int) -> str:
    """Returns a value's shortest form, or so many digits of it; what is not huge keeps its point."""
    text, number = shortest(value), float(value)
    if _digits(text) <= digits or not math.isfinite(number):
        return text
    exponent = int(f"{number:.{digits - 1}e}".partition("e")[2])
    # With its zeros, which tell that it is rounded.
    if not -4 <= exponent < _POINTED[value.dtype.itemsize]:
        return _scientific(number, f".{digits - 1}e")
    return f"{number:.{max(1, digits - 1 - exponent)}f}"


def _complex_form(flat: np.ndarray, *, folded: bool) -> str:
    """Returns the form of both parts of complex numbers: four digits of the largest magnitude.

    Those that are short stand as they are typed; in a large table with the decimals that all of them need.
    """
    parts = _nonzero(np.concatenate([flat.real, flat.imag]))
    if not parts.size:
        return ""
    # Halved, so that no magnitude overflows.
    sizes = np.hypot(flat.real.astype(np.float64) / 2, flat.imag.astype(np.float64) / 2)
    sizes = sizes[np.isfinite(sizes) & (sizes != 0)]
    exponent = int(f"{2 * min(float(sizes.max(initial=0)), 8e307):.3e}".partition("e")[2])
    exact = _exact_decimals(parts)
    if exact is not None and max(0, exponent) + 1 + exact <= _PLACES:
        return f".{exact}f" if folded else ""
    decimals = max(1, _USUAL - 1 - exponent)
    lost = np.count_nonzero(sizes < 0.25 * 10.0**-decimals)
    if max(0, exponent) + 1 + decimals <= _PLACES and lost * _RARE <= sizes.size and not (lost and sizes.size <= _FEW):
        return f".{decimals}f"
    return _without_a_point(parts)


def _complex_texts(flat: np.ndarray, form: str, *, folded: bool) -> list[str]:
    """Returns complex numbers as they are typed; in a large table with both parts, so that they keep their columns.

    A part that is no zero but would round to one stays ``0.0``.
    """

    def parts(numbers: np.ndarray) -> list[str]:
        if not form.endswith("f"):
            return _real_texts(numbers, form)
        return [f"{number:{form}}" if number or folded else "0" for number in numbers.tolist()]

    reals, imaginaries = parts(flat.real), parts(flat.imag)
    if not folded:
        return list(map(_joined, reals, imaginaries))
    texts = map(_summed, reals, imaginaries)
    return [text if there else "0" for text, there in zip(texts, (flat != 0).tolist(), strict=True)]


def _not_nothing(text: str, value: Any) -> str:
    """Returns the text, or one with more digits where it would say zero of a value that is not."""
    number = float(value)
    if number == 0 or not math.isfinite(number):
        return shortest(value)
    return wording.number(number, 2) if float(text) == 0 else text


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
    """Returns how many decimals suit all values, ``None`` where no number of them does.

    A number without a point is whole, and so are all of its table.
    """
    numbers = values.astype(np.float64)
    sizes = np.abs(numbers)
    exponent = int(f"{sizes.max():.3e}".partition("e")[2])
    carried = _carried(values.dtype)
    exact = _exact_decimals(values)

    def fits(decimals: int) -> bool:
        whole = exponent + 1
        # A decimal of a narrow dtype's larger numbers is that of a half, or none.
        told = whole + decimals <= carried or (decimals == 1 and whole <= carried) or (not decimals and whole <= _USUAL)
        return told and max(1, whole) + decimals <= _PLACES

    if exact is not None and fits(exact):
        return exact
    few = values.size <= _FEW
    least = 0 if exact == 1 and (np.round(numbers) == numbers).all() else 1
    usual = min(_USUAL, carried) - 1 - exponent
    raised = usual < least
    # Where no column is to be kept, small numbers beside large ones and those of narrow dtypes keep their digits.
    if few and (carried < _USUAL or (raised and sizes.min() < _LARGE)):
        return None
    usual = max(least, usual)
    if not fits(usual):
        return None
    lost = np.count_nonzero(sizes < 0.5 * 10.0**-usual)
    if few:
        return None if lost else usual
    if raised and np.count_nonzero(sizes < 1) * _RARE > sizes.size:
        return None
    if not lost:
        return usual
    rare = lost * _RARE <= sizes.size
    place = 0 if rare else sizes.size // _RARE
    needed = math.ceil(-math.log10(2 * np.partition(sizes, place)[place]))
    if rare:
        return needed if needed - usual <= _MORE and fits(needed) else usual
    # With one more, small numbers have two digits.
    return needed + 1 if fits(needed + 1) else None


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
