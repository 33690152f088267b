"""Numbers, bytes, shapes, dtypes and devices as words, and the little histogram as text.

Pure functions from values to strings; nothing here knows a format or a kind of tensor.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

BLOCKS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉█"

_SHORT_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\n": "↵", "\t": "⇥", "\r": "\\r", "\b": "\\b", "\f": "\\f",
    "↵": "\\u21b5", "⇥": "\\u21e5",
}  # fmt: skip
_ESCAPED = re.compile(f"[{re.escape(''.join(_SHORT_ESCAPES))}]")
_JOINERS = "\u200c\u200d"
_JOINING = frozenset({"So", "Sk", "Lo", "Mn", "Mc"})
"""Categories of what a joiner changes the look of: emoji, and letters and marks of scripts that join them."""

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]?)(?P<binary>i?)b?", re.IGNORECASE)


def number(value: float, digits: int = 3) -> str:
    """Returns a number with ``digits`` significant digits, as it can be pasted into Python.

    From 1e5 on and below 1e-3 it is written with an exponent, without padding.

    Example:
        >>> number(0.039123), number(5.79e-4), number(0.0), number(-1234567.0)
        ('0.0391', '5.79e-4', '0', '-1.23e6')
    """
    value = float(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    text = f"{value:.{max(0, digits - 1 - exponent)}f}"
    return text if abs(value) >= 1e-3 and abs(float(text)) < 1e5 else scientific(value, digits - 1)


def scientific(value: float, decimals: int) -> str:
    """Returns ``1.23e-4``: no plus sign, no padded exponent, no trailing zeros.

    Example:
        >>> scientific(5.9e-4, 2)
        '5.9e-4'
    """
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def integer(value: int) -> str:
    """Returns an exact count with thin groups: ``1 639 680``."""
    return f"{int(value):,}".replace(",", " ")


def half(number: float) -> str:
    """Returns a median of counts, which has a half at most: ``3``, ``1 200.5``.

    Example:
        >>> half(3.0), half(0.5)
        ('3', '0.5')
    """
    whole = integer(int(number))
    return whole if float(number).is_integer() else f"{whole}.5"


def percent(fraction: float, decimals: int = 1) -> str:
    """Returns a share in percent that is never rounded to 100 or to 0.

    Example:
        >>> percent(0.6158), percent(0.99999), percent(0.00001), percent(0.0), percent(1.0)
        ('61.6 %', '>99.9 %', '<0.1 %', '0 %', '100 %')
    """
    if math.isnan(fraction):
        return "nan"
    if fraction == 0:
        return "0 %"
    if fraction == 1:
        return "100 %"
    step = 10.0**-decimals
    text = f"{fraction * 100:.{decimals}f}"
    if float(text) >= 100 and fraction < 1:
        return f">{100 - step:.{decimals}f} %"
    if float(text) == 0:
        return f"<{step:.{decimals}f} %"
    return f"{text} %"


def share(fraction: float, decimals: int) -> str:
    """Returns a probability as a number that is never rounded to 1 or to 0.

    Example:
        >>> share(0.0900306, 4), share(0.999998, 4), share(1e-8, 4), share(0.0, 4)
        ('0.0900', '0.999998', '1e-8', '0')
    """
    text = f"{fraction:.{decimals}f}"
    if float(text) == 0:
        return number(fraction)
    if fraction < 1 <= float(text):
        longer = (f"{fraction:.{more}f}" for more in range(decimals, 17))
        return next((told for told in longer if float(told) < 1), text)
    return text


def short_share(fraction: float) -> str:
    """Returns a probability with three decimals, as one of many in a table; it is never rounded to 1 or to 0.

    Example:
        >>> short_share(0.25), short_share(0.0), short_share(1e-8), short_share(0.99999), short_share(1.0)
        ('0.250', '0', '<.001', '>.999', '1.000')
    """
    if fraction == 0:
        return "0"
    return "<.001" if 0 < fraction < 0.0005 else ">.999" if 0.9995 <= fraction < 1 else f"{fraction:.3f}"


def byte_count(count: int, *, exact: bool = True) -> str:
    """Returns a size in bytes with three digits: ``40 B``, ``1.25 KiB``; one that is estimated as ``≈ 3.81 MiB``."""
    if not exact:
        return f"≈ {byte_count(count)}"
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 999.5 or unit == "TiB":
            break
    decimals = 2 if size < 10 else 1 if size < 100 else 0
    text = f"{size:.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"


def amount(value: float, digits: int = 3) -> str:
    """Returns an integer in full, and any other number with ``digits`` digits.

    Example:
        >>> amount(19), amount(19.0), amount(0.0391)
        ('19', '19.0', '0.0391')
    """
    return integer(value) if isinstance(value, int) else number(value, digits)


def read_byte_count(text: str) -> int | None:
    """Returns the bytes of a size as users write it, ``None`` where it is none.

    Example:
        >>> read_byte_count("4GiB"), read_byte_count("500 MB"), read_byte_count("many")
        (4294967296, 500000000, None)
    """
    size = _SIZE.fullmatch(text.strip("'\""))
    if size is None:
        return None
    base = 1024 if size["binary"] else 1000
    return int(float(size["number"]) * base ** " kmgt".index(size["unit"].lower() or " "))


def shape(dimensions: Sequence[int | None] | None) -> str:
    """Returns a shape as Python writes it: ``(10,)``, ``(None, 28)``; unknown rank is ``(…)``."""
    if dimensions is None:
        return "(…)"
    if len(dimensions) == 1:
        return f"({dimensions[0]},)"
    return f"({', '.join(str(dimension) for dimension in dimensions)})"


def extent(dimensions: Iterable[int]) -> str:
    """Returns lengths joined for reading: ``32 × 10``; without groups, as a shape is written."""
    return " × ".join(str(dimension) for dimension in dimensions)


def device(name: str) -> str:
    """Returns the part of a TensorFlow device name that users say: ``CPU``, ``GPU:0``, ``CPU:1``.

    Example:
        >>> device("/job:localhost/replica:0/task:0/device:GPU:0"), device("/device:CPU:0")
        ('GPU:0', 'CPU')
    """
    if not name:
        return ""
    short = name.rpartition("/")[2].removeprefix("device:")
    return "CPU" if short.upper() == "CPU:0" else short


_MOST_TIED, _LONGEST_TIED = 3, 40


def tied(names: Iterable[str]) -> str:
    """Returns the names of what is equally large or equally frequent, three at most, fewer where they are long.

    Example:
        >>> tied("abcd")
        'a, b, c, …'
    """
    first = [*islice(names, _MOST_TIED + 1)]
    kept = first[:_MOST_TIED]
    while len(kept) > 1 and sum(map(len, kept)) > _LONGEST_TIED:
        kept.pop()
    return ", ".join(kept) + ", …" * (len(kept) < len(first))


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Returns ``1 tensor`` or ``24 tensors``; ``nouns`` where the plural is no mere s."""
    return f"{integer(count)} {noun}" if count == 1 else f"{integer(count)} {nouns or f'{noun}s'}"


def index(position: Sequence[int]) -> str:
    """Returns an index as Python writes it: ``[4, 50]``."""
    return f"[{', '.join(str(int(axis)) for axis in position)}]"


def sparkline(counts: Sequence[float]) -> str:
    """Returns a histogram as a row of blocks: ``▁▃█▃▁``; an empty bin is the lowest block."""
    highest = max(counts, default=0)
    if not highest:
        return BLOCKS[0] * len(counts)
    return "".join(BLOCKS[math.ceil(count / highest * 8) - 1 if count else 0] for count in counts)


def text_bar(fraction: float, width: int = 32) -> str:
    """Returns a bar of eighth blocks, ``width`` characters long at 1.

    Example:
        >>> text_bar(0.5, width=3)
        '█▌'
    """
    eighths = round(max(0.0, min(1.0, fraction)) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (EIGHTHS[rest] if rest else "")


def shorten(text: str, length: int = 72) -> tuple[str, int]:
    """Returns a text cut to ``length`` characters, and how many were cut."""
    return text[:length], max(0, len(text) - length)


_ROUNDS = 8
"""So often names that were cut to the same are cut anew; each time further in."""

_LEAST_HEAD = 3
_BESIDE_CUT = re.compile(".?.…..?")
"""Where names are cut, and a letter or two beside it: what differs only there is overlooked."""


def told_apart(names: Sequence[str], longest: int) -> list[str]:
    """Returns names of at most ``longest`` characters; those that differ still do, and so that it is seen.

    A name is cut in its middle; where others are cut to the same, around that in which it differs from them. Of names
    that even so are alike, as those of one letter, all but one have a number.

    Args:
        names: Printable ones.
        longest: At least eight.

    Example:
        >>> told_apart(["Tomato___Early_blight", "Tomato___Late_blight", "Apple___healthy"], 14)
        ['Tomato_…Early…', 'Tomato___Late…', 'Apple__…ealthy']
    """
    if all(len(name) <= longest for name in names):
        return list(names)
    shown = {name: _cut_inside(name, longest) for name in names}
    for _ in range(_ROUNDS):
        groups = defaultdict(list)
        for name, cut in shown.items():
            groups[_BESIDE_CUT.sub("…", cut).casefold()].append(name)
        anew = {name: cut for group in groups.values() if len(group) > 1 for name, cut in _cut_apart(group, longest)}
        if all(shown[name] == cut for name, cut in anew.items()):
            break
        shown |= anew
    taken = Counter(shown.values())
    if len(taken) < len(shown):
        _number(shown, taken, longest)
    return [shown[name] for name in names]


def _cut_inside(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[-tail:]}"


def _cut_apart(group: Sequence[str], longest: int) -> Iterable[tuple[str, str]]:
    """Yields the long ones of some names, each cut around that in which it differs from the others."""
    start = _alike(group)
    same = _alike([name[start:][::-1] for name in group])
    for name in group:
        if len(name) > longest:
            yield name, _cut_around(name, start, len(name) - same, longest)


def _alike(names: Sequence[str]) -> int:
    """Returns how many characters all names begin with alike."""
    first, last = min(names), max(names)
    return next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))


def _cut_around(name: str, start: int, stop: int, longest: int) -> str:
    """Returns a name cut so that what stands between two places is left, or its beginning where it is too long."""
    size = len(name)
    if stop < longest:
        return f"{name[:stop]}…{name[size - (longest - 1 - stop) :]}"
    if size - start < longest - _LEAST_HEAD:
        return f"{name[: longest - 1 - (size - start)]}…{name[start:]}"
    if start <= _LEAST_HEAD:
        return f"{name[: longest - 1]}…"
    head = min(start, max(_LEAST_HEAD, longest - 2 - (stop - start)))
    return f"{name[:head]}…{name[start : start + longest - 2 - head]}…"


def _number(shown: dict[str, str], taken: Counter[str], longest: int) -> None:
    """Puts a number at the end of names that are cut to what another one is."""
    for name, cut in shown.items():
        if len(name) <= longest or taken[cut] == 1:
            continue
        numbers = (f"…({number})" for number in range(2, len(shown) + 2))
        numbered = (name[: longest - len(number)] + number for number in numbers)
        taken[cut] -= 1
        shown[name] = next(word for word in numbered if word not in taken)
        taken[shown[name]] = 1


def printable(text: str) -> str:
    r"""Returns a text of the user's on one line: breaks, tabs and what would steer a terminal are shown, not done.

    Example:
        >>> printable("a\nb\x1b[2J")
        'a↵b\\x1b[2J'
    """
    if text.isprintable():
        return text
    shown = text.replace("\n", "↵").replace("\t", "⇥").replace("\r", "␍")
    return "".join(ascii(character)[1:-1] if _steers(character) else character for character in shown)


def _steers(character: str) -> bool:
    """Returns whether a character is a control, a mark of direction or half of one; joiners of emoji are not."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in "\u200c\u200d"


def escaped(text: str) -> str:
    r"""Returns a string of the user's as it stands between quotes, on one line: two that differ look different.

    Escapes are those of JSON and Python; line breaks and tabs are shown, and signs that look like them escaped.

    Example:
        >>> escaped('a\n"b"'), escaped("a↵\\n"), escaped("\0")
        ('a↵\\"b\\"', 'a\\u21b5\\\\n', '\\u0000')
    """
    if text.isprintable() and not _ESCAPED.search(text):
        return text
    return "".join(_written(character, before) for before, character in zip(f" {text}", text, strict=False))


def quoted(text: str) -> str:
    r"""Returns a string of the user's on one line, in quotes: it can be pasted into Python, so that no break is a sign.

    Example:
        >>> print(quoted("two\nlines"), quoted("↵"))
        "two\nlines" "\u21b5"
    """
    return f'"{escaped(text)}"'.replace("↵", "\\n").replace("⇥", "\\t")


def _written(character: str, before: str) -> str:
    """Returns a character of a string as it stands between quotes, behind another."""
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if character.isprintable() or (character in _JOINERS and unicodedata.category(before) in _JOINING):
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def left_out(count: int, unit: str = "") -> str:
    """Returns how much of a string is not shown: ``… + 4 776 more``, ``… + 12 bytes more``."""
    return f"… + {integer(count)} {f'{unit} ' if unit else ''}more"
