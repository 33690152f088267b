"""The options of ``%tonumpy``, each declared once: parsing, help and completion all read this table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Reads = Literal["name", "word", "count", "seconds", "bytes", "dtype", "path", "expression"]
"""How the text of a value is read: ``word`` as it stands or quoted, ``expression`` evaluated as EXPR is."""

For = Literal["magic", "card", "conversion", "storage"]
"""Whom an option is for: the magic itself, the card that shows the result, ``to_numpy``, or ``save``."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the magic.

    Attributes:
        name: Its long form without dashes.
        serves: Whom it is for.
        help: What it does, for ``%tonumpy?``.
        short: Its letter, ``""`` for none.
        metavar: What its value is called in the help; ``""`` for a switch.
        reads: How the value is read.
        keyword: The keyword it becomes.
        switched: What that is set to by a switch.
    """

    name: str
    serves: For
    help: str
    short: str = ""
    metavar: str = ""
    reads: Reads = "word"
    keyword: str = ""
    switched: bool = True

    @property
    def flags(self) -> tuple[str, ...]:
        """How it is typed: ``("-o", "--out")``."""
        return (f"-{self.short}", f"--{self.name}") if self.short else (f"--{self.name}",)


OPTIONS = (
    Option("out", "magic", "bind the result to NAME", "o", "NAME", "name"),
    Option("quiet", "magic", "return None and show nothing; needs --out or --save", "q"),
    Option("explore", "magic", "return an explorer of the value instead, and convert nothing", "x"),
    Option("plot", "card", "the picture: auto, none, or a kind of plot", "p", "KIND", "word", "plot"),
    Option(
        "labels", "card", "class names: a list, an array, or a dict index -> name", "l", "EXPR", "expression", "labels"
    ),
    Option("top", "card", "how many classes to draw", "k", "K", "count", "top"),
    Option("softmax", "card", "show softmax of the values; the result stays what it is", keyword="softmax"),
    Option("images", "card", "the images that predictions are about", "", "EXPR", "expression", "images"),
    Option("truth", "card", "the true classes of predictions", "", "EXPR", "expression", "truth"),
    Option("where", "card", "examples of a gallery: all, right, wrong", "", "WHICH", "word", "where"),
    Option("sort", "card", "order of a gallery: index, confidence, error", "", "ORDER", "word", "sort"),
    Option("page", "card", "which page of a gallery", "", "N", "count", "page"),
    Option("dtype", "conversion", "cast the values: float32, np.float16, str", "d", "DTYPE", "dtype", "dtype"),
    Option(
        "casting", "conversion", "what a cast may do: no, equiv, safe, same_kind, unsafe", "", "RULE", keyword="casting"
    ),
    Option("copy", "conversion", "your own writable array instead of a view", keyword="copy"),
    Option("ragged", "conversion", "ragged tensors become: object, pad, masked, list", "", "FORM", keyword="ragged"),
    Option("fill-value", "conversion", "what --ragged pad fills with", "", "VALUE", "expression", keyword="fill_value"),
    Option("sparse", "conversion", "sparse tensors become: dense, scipy", "", "FORM", keyword="sparse"),
    Option(
        "max-bytes",
        "conversion",
        "bytes that a ragged or sparse value, or what a dataset gives, may grow to",
        "",
        "SIZE",
        "bytes",
        "max_bytes",
    ),
    Option("take", "conversion", "how many elements of a dataset are drawn", "n", "N", "count", "take"),
    Option("join", "conversion", "elements of a dataset are joined: auto, concat, stack", "", "RULE", keyword="join"),
    Option(
        "timeout",
        "conversion",
        "end with what came when no element of a dataset comes for so long",
        "",
        "SECONDS",
        "seconds",
        "timeout",
    ),
    Option("on-error", "conversion", "an element that fails: raise, skip", "", "WHAT", keyword="on_error"),
    Option("no-progress", "conversion", "no bar while a dataset runs", keyword="progress", switched=False),
    Option(
        "save",
        "magic",
        "store the arrays: .npy, .npz, .zarr; a dataset as it runs, never in memory",
        "",
        "PATH",
        "path",
    ),
    Option("force", "storage", "--save replaces what is there", keyword="force"),
    Option("resume", "storage", "--save goes on where it was cut off (.zarr)", keyword="resume"),
    Option("compress", "storage", "--save compresses", keyword="compress"),
)

BY_NAME = {option.name: option for option in OPTIONS}
BY_SHORT = {option.short: option for option in OPTIONS if option.short}


_KEYWORDS = {option.keyword: option for option in OPTIONS if option.keyword}
_GIVEN = re.compile(rf"""\b({"|".join(_KEYWORDS)})=('[^']*'|"[^"]*"|[\w.]+)?""")
_SAVED = re.compile(r"tfnp_ext\.save\(\w+, '([^']*)'\)")
_TWICE = re.compile(r"(--[\w-]+) \(\1\)")


def as_typed(text: str) -> str:
    """Returns a message with keywords of Python as the options that a user of the magic types.

    Example:
        >>> as_typed("use ragged='pad' or take=100; force=True (--force) replaces it")
        'use --ragged pad or --take 100; --force replaces it'
    """

    def typed(given: re.Match[str]) -> str:
        option, value = _KEYWORDS[given[1]], (given[2] or "").strip("'\"")
        if not option.metavar:
            return f"--{option.name}" if value == "True" else given[0]
        return f"--{option.name} {value}".rstrip()

    return _SAVED.sub(r"--save \1", _TWICE.sub(r"\1", _GIVEN.sub(typed, text)))


def close_match(name: str, names: Iterable[str]) -> str:
    """Returns the name that was probably meant, ``""`` if none shares seven of ten letters."""
    return next(iter(get_close_matches(name, list(names), n=1, cutoff=0.7)), "")
