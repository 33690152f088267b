"""The line of numbers, by role, and the warning line above it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Dense, Ragged, Sparse, Strings
from tfnp_ext.adapters.composites import place_in_rows
from tfnp_ext.config import DisplayOptions
from tfnp_ext.display.numerals import digits_told, exact_text
from tfnp_ext.display.role_lines import (
    EXTRA_FIELDS,
    ROLE_LINES,
    field,
    judged_fields,
    magnitude_fields,
    string_fields,
)
from tfnp_ext.document import Fields, Inline, Span, Sparkline, Text
from tfnp_ext.plots.confusion_counts import can_be_confused
from tfnp_ext.plots.lengths import row_lengths
from tfnp_ext.statistics import Statistics, invalid_rows
from tfnp_ext.summary import Summary, numbers_of

_ROWS_NAMED = 8
_MOST_FOR_ROWS = 2**22
_MOST_COUNTED = 2**18
"""Integers that are counted one by one."""

_FAR = 100
"""From so many times their spread on, values are far from zero: three digits of them would read alike."""

_SMALLEST_WRITTEN_OUT, _WRITTEN_OUT = 1e-3, 1e15
_MOST_DIGITS = 17


def warning(summary: Summary) -> Fields | None:
    """Returns the line that says how much is NaN or infinite, and where first."""
    numbers = summary.statistics
    if numbers is None or not numbers.invalid:
        return None
    counts = [f"{wording.integer(count)} {name}" for name, count in invalid_kinds(summary, numbers).items()]
    share = wording.percent(numbers.invalid / numbers.seen)
    first = "first at" if numbers.exact else "first seen at"
    text: list[Inline] = [
        Span(f"⚠ {' · '.join(counts)}", "invalid"),
        Span(f"of {wording.integer(numbers.seen)} ({share}), {first}", "secondary"),
        Span(wording.index(_first_invalid(summary, numbers))),
    ]
    rows = _invalid_rows(summary)
    if len(rows) > 1:
        named = " ".join(map(str, rows[:_ROWS_NAMED]))
        more = f" … {wording.integer(len(rows) - _ROWS_NAMED)} more" if len(rows) > _ROWS_NAMED else ""
        text += [Span(", rows", "secondary"), Span(named + more)]
    return Fields((tuple(text),))


def invalid_kinds(summary: Summary, numbers: Statistics) -> dict[str, int]:
    """Returns how many values of each kind that is not finite there are, by its name.

    Complex numbers are told by their magnitude, which has no sign and hides a NaN beside an infinity.
    """
    if summary.dtype.startswith("complex") and numbers.invalid > numbers.nans:
        return {"not finite": numbers.invalid}
    return {name: count for name, count in numbers.invalid_kinds.items() if count}


def _first_invalid(summary: Summary, numbers: Statistics) -> tuple[int, ...]:
    place = numbers.first_invalid or ()
    if isinstance(summary.content, Ragged):
        return place_in_rows(place, summary.content.splits)
    if isinstance(summary.content, Sparse) and place:
        return tuple(summary.content.indices[place[0]].tolist())
    return place


def _invalid_rows(summary: Summary) -> list[int]:
    array = summary.content.array if isinstance(summary.content, Dense) else None
    if array is None or array.ndim != 2 or array.size > _MOST_FOR_ROWS:
        return []
    return invalid_rows(array)


def is_constant(summary: Summary) -> bool:
    """Returns whether all values are one finite number, which two words say; none of them is masked."""
    known = summary.statistics
    if known is None or not known.exact or known.invalid or known.minimum != known.maximum:
        return False
    return not _is_masked(summary)


def without_histogram(summary: Summary) -> Summary:
    """Returns the summary of a few values, of which a histogram says nothing that they do not."""
    seen = summary.statistics
    return summary if seen is None else replace(summary, statistics=replace(seen, histogram=()))


def line(summary: Summary, options: DisplayOptions, *, in_picture: bool = False, brief: bool = False) -> Fields | None:
    """Returns the line of numbers that the role calls for.

    Args:
        summary: The value.
        options: Precision and class names.
        in_picture: Whether the picture has the histogram already.
        brief: Whether what the role adds behind the usual numbers is left out.
    """
    content = summary.content
    if summary.role == "text" and isinstance(content, (Dense, Strings)):
        return Fields(string_fields(content if isinstance(content, Strings) else content.array, options))
    role = _told_as(summary, options)
    if role == "judged":
        return Fields(judged_fields(summary, options))
    told = ROLE_LINES[role](summary, options) if role in ROLE_LINES else None
    if told is not None:
        return Fields(told)
    # Strings have no numbers, but composites of them have rows.
    if summary.statistics is None and not isinstance(content, (Ragged, Sparse)):
        return None
    fields: list[Text] = []
    if isinstance(content, Ragged):
        fields += _length_fields(summary, options)
    if summary.statistics is not None:
        values = numbers_of(content)
        digits = options.precision if values is None else digits_told(options.precision, values.dtype)
        fields += _number_fields(summary, summary.statistics, digits, in_picture=in_picture)
    if not brief:
        fields += extra_fields(summary, options)
    return Fields(tuple(fields)) if fields else None


def extra_fields(summary: Summary, options: DisplayOptions) -> tuple[Text, ...]:
    """Returns what the role adds behind the usual numbers."""
    if summary.role in ROLE_LINES or summary.role not in EXTRA_FIELDS:
        return ()
    return tuple(EXTRA_FIELDS[summary.role](summary, options) or ())


def _told_as(summary: Summary, options: DisplayOptions) -> str:
    """Returns the role whose line is told: that of the value, unless truth or the picture asked for read it as another.

    ``judged`` stands for predictions whose truth is known, one by one.
    """
    scored = summary.drawn is not None and summary.drawn.ndim in {1, 2}
    confusion = options.plot == "confusion" or (options.truth is not None and options.images is None)
    if confusion and can_be_confused(summary):
        return "confusion"
    if options.truth is not None and scored:
        return "judged"
    return "labels" if options.plot == "counts" and summary.role != "one-hot" else summary.role


def _number_fields(summary: Summary, numbers: Statistics, digits: int, *, in_picture: bool) -> list[Text]:
    if not numbers.finite:
        return _sample_field(numbers)
    complex_values = summary.dtype.startswith("complex")
    values = numbers_of(summary.content)
    carried = digits if values is None else max(digits, digits_told(_MOST_DIGITS, values.dtype))
    low, high = _ends(numbers, digits, carried)
    prefix = "finite " if numbers.invalid else ""
    seen = "" if numbers.exact else " seen"
    if summary.dtype == "bool":
        trues = numbers.seen - numbers.zeros
        share = wording.percent(trues / numbers.seen)
        return [
            field("True", f"{wording.integer(trues)} of {wording.integer(numbers.seen)} ({share})"),
            *_sample_field(numbers),
        ]
    fields: list[Text]
    if complex_values:
        fields = list(magnitude_fields(summary, numbers, digits))
    elif numbers.minimum == numbers.maximum and numbers.exact:
        if values is not None and isinstance(numbers.minimum, float) and numbers.minimum:
            low = exact_text(values.dtype.type(numbers.minimum))
        return [field(f"{prefix}all", low), *_masked_field(summary, numbers)]
    else:
        bins = numbers.heights if numbers.minimum < numbers.maximum else ()
        between = Sparkline(bins, numbers.minimum, numbers.maximum, in_picture)
        ends = Span(f"{prefix}min{seen}", "secondary"), Span(f"max{seen}", "secondary")
        fields = [(ends[0], Span(low), between, Span(high), ends[1])]
    if not complex_values:
        fields.append(field("mean", _beside_spread(numbers.mean, numbers, digits, carried)))
        fields.append(field("std", wording.number(numbers.std, digits)))
    fields.append(field("zeros", wording.integer(numbers.zeros)))
    distinct = _distinct(summary, numbers)
    if distinct is not None:
        fields.append(field("distinct", wording.integer(distinct)))
    fields += _masked_field(summary, numbers)
    # Of a sample the places say nothing: the extremes of the whole may stand elsewhere.
    if summary.role == "series" and numbers.exact and numbers.minimum_at and numbers.maximum_at:
        fields.append(field("at", f"min {wording.index(numbers.minimum_at)}, max {wording.index(numbers.maximum_at)}"))
    return fields + _sample_field(numbers)


def _is_masked(summary: Summary) -> bool:
    return isinstance(summary.content, Dense) and isinstance(summary.content.array, np.ma.MaskedArray)


def _masked_field(summary: Summary, numbers: Statistics) -> list[Text]:
    if not _is_masked(summary):
        return []
    assert isinstance(summary.content, Dense)
    return [field("masked", wording.integer(summary.content.array.size - numbers.size))]


_WIDEST_MARKED, _MOST_SORTED = 2**16, 2**14


def _distinct(summary: Summary, numbers: Statistics) -> int | None:
    """Returns how many different integers there are, where that is told in about a millisecond."""
    content = summary.content
    if not isinstance(content, Dense) or not isinstance(numbers.minimum, int) or not numbers.exact:
        return None
    array = content.array
    if isinstance(array, np.ma.MaskedArray) or summary.role in {"image", "images"} or array.size > _MOST_COUNTED:
        return None
    reach = int(numbers.maximum) - numbers.minimum
    if reach < _WIDEST_MARKED:
        flat = array.reshape(-1)
        found = np.zeros(reach + 1, bool)
        wide = flat if flat.dtype == np.uint64 else flat.astype(np.int64)
        found[(wide - wide.dtype.type(numbers.minimum)).astype(np.intp)] = True
        return int(found.sum())
    return len(np.unique(array)) if array.size <= _MOST_SORTED else None


def _sample_field(numbers: Statistics) -> list[Text]:
    """Returns the field that says that the numbers come from a sample."""
    if numbers.exact:
        return []
    return [field("from", f"{wording.integer(numbers.seen)} of {wording.integer(numbers.size)}")]


def _ends(numbers: Statistics, digits: int, carried: int) -> tuple[str, str]:
    if isinstance(numbers.minimum, int) and isinstance(numbers.maximum, int):
        return wording.integer(numbers.minimum), wording.integer(numbers.maximum)
    low, high = (_beside_spread(end, numbers, digits, carried) for end in (numbers.minimum, numbers.maximum))
    return low, high


def _beside_spread(value: float, numbers: Statistics, digits: int, carried: int) -> str:
    """Returns a number with so many digits; of values far from zero and close together, with so many of their spread.

    Args:
        value: Their mean, or one of their ends.
        numbers: The numbers of all.
        digits: The precision asked for.
        carried: So many digits the dtype carries.
    """
    low, high = float(numbers.minimum), float(numbers.maximum)
    spread, largest = high - low, max(-low, high)
    if isinstance(numbers.minimum, int) or not 0 < spread < largest / _FAR:
        return wording.number(value, digits)
    whole = math.floor(math.log10(largest)) + 1
    decimals = min(digits - 1 - math.floor(math.log10(spread)), carried - whole)
    if _SMALLEST_WRITTEN_OUT <= largest < _WRITTEN_OUT:
        return f"{value:.{max(0, decimals)}f}"
    return wording.scientific(value, max(digits, whole + decimals) - 1)


def _length_fields(summary: Summary, options: DisplayOptions) -> list[Text]:
    found = row_lengths(summary, options)
    if not found.read:
        return []
    fields = [
        field("row lengths", _range(int(found.lengths[0]), int(found.lengths[-1]))),
        field("median", wording.half(found.median)),
    ]
    if found.exact:
        fields.append(field("empty rows", wording.integer(found.empty)))
    else:
        fields.append(field("from", f"{wording.integer(found.read)} of {wording.integer(found.rows)} rows"))
    return fields


def _range(low: int, high: int) -> str:
    return wording.integer(low) if low == high else f"{wording.integer(low)} … {wording.integer(high)}"
