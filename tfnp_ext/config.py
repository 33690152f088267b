"""Every option of the display, once.

``TensorDisplay`` is what ``%config TensorDisplay`` shows and what ``ipython_config.py`` sets. It is read at call
time into one frozen ``DisplayOptions``, which travels down the pipeline; nothing below reads the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Float, HasTraits, Int, TraitError, TraitType, validate
from traitlets.config import SingletonConfigurable

from tfnp_ext.errors import OptionError

Labels = Mapping[int, str] | Sequence[str]

_LABELS_TAKEN = "a list, an array or a dict index → name"

CHOICES = {"where": ("all", "right", "wrong"), "sort": ("index", "confidence", "error")}
"""The words that an option of one call takes."""


_FEW_CLASSES = 100
"""So many names are written at once: that is faster than each when it is asked for."""


class ClassNames(Sequence[str]):
    """One name a class, its index where it has none, written only when it is asked for: there may be a million.

    Example:
        >>> names = ClassNames(3, {1: "dog"})
        >>> names[1], names[2], len(names)
        ('dog', '2', 3)
    """

    def __init__(self, count: int, labels: Labels | None = None, written: Callable[[str], str] = str) -> None:
        self._classes = range(count)
        self._labels = labels
        self._written = written
        self._name: Callable[[int], str] = str if labels is None else self._label

    def __len__(self) -> int:
        return len(self._classes)

    def __getitem__(self, place: Any) -> Any:
        """Returns the name of one class, or those of a slice."""
        found = self._classes[place]
        return tuple(map(self._name, found)) if isinstance(found, range) else self._name(found)

    def _label(self, index: int) -> str:
        assert self._labels is not None
        found = self._labels.get(index) if isinstance(self._labels, Mapping) else self._labels[index]
        # A name that is missing, blank or nothing when it is written would leave its class without any.
        return (self._written(found) if found and not found.isspace() else "") or str(index)


@lru_cache(_FEW_CLASSES)
def _indices(count: int) -> tuple[str, ...]:
    """Returns the indices of so many classes, which every card asks for that has no labels."""
    return tuple(map(str, range(count)))


@dataclass(frozen=True)
class DisplayOptions:
    """What one card or plot is asked to look like.

    The first block is per call; the rest mirrors the traits of ``TensorDisplay``, where the defaults live.
    """

    plots: bool
    arrays: bool
    nested: bool
    labels: Labels | None
    top: int | None
    precision: int
    max_rows: int | None
    max_columns: int | None
    budget_ms: float
    plot: str = "auto"
    softmax: bool = False
    labels_required: bool = False
    images: Any = field(default=None, compare=False, repr=False)
    truth: Any = field(default=None, compare=False, repr=False)
    where: str = "all"
    sort: str = "index"
    page: int = 1

    def rows(self, own: int) -> int:
        """Returns how many rows a table has at most, whose kind has ``own`` ones unless others are asked for."""
        return own if self.max_rows is None else self.max_rows

    def columns(self, own: int) -> int:
        """Returns how many columns a table has at most, whose kind has ``own`` ones unless others are asked for."""
        return own if self.max_columns is None else self.max_columns

    def without_requests(self) -> DisplayOptions:
        """Returns the options without what was asked for this very value, for where that does not fit it."""
        asked: dict[str, Any] = {
            name: field.default for name, field in self.__dataclass_fields__.items() if name in _REQUESTS
        }
        return replace(self, labels=None, top=None, **asked)

    def class_names(self, count: int, written: Callable[[str], str] = str) -> Sequence[str]:
        """Returns one name a class: the labels where they fit, else the indices.

        Args:
            count: How many classes the values have.
            written: What becomes of a label where it is drawn.

        Raises:
            OptionError: Labels given for this very value do not number ``count``, or miss an index.
        """
        problem = ""
        if isinstance(self.labels, Mapping):
            unknown = [index for index in self.labels if not 0 <= index < count]
            if unknown:
                problem = f"labels name class {unknown[0]}, the values have classes 0 … {count - 1}"
        elif self.labels is not None and len(self.labels) != count:
            problem = f"{len(self.labels)} labels for {count} classes: give one name a class, or a dict index → name"
        if problem and self.labels_required:
            raise OptionError(problem)
        labels = None if problem else self.labels
        if labels is None and count <= _FEW_CLASSES:
            return _indices(count)
        names = ClassNames(count, labels, written)
        return tuple(names) if count <= _FEW_CLASSES else names


def read_labels(labels: Any) -> Labels | None:
    """Returns class names as a tuple or a dict, read from whatever users keep them in.

    Args:
        labels: A list, a tuple, an array (also a string tensor) or a dict index → name; ``None`` for none.

    A name that is ``None`` or empty stands for none: its class is told by its index.

    Raises:
        OptionError: It is none of these, or has several names for a class; the message names its type or shape.
    """
    if labels is None:
        return None
    if isinstance(labels, Mapping):
        return {_class_index(key): _name(name) for key, name in labels.items()}
    if hasattr(labels, "numpy"):
        labels = labels.numpy()
    shape = getattr(labels, "shape", ())
    if len(shape) > 1:
        raise OptionError(f"labels {tuple(shape)}: give one name a class")
    if hasattr(labels, "tolist"):
        labels = labels.tolist()
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Sequence):
        raise OptionError(f"labels need {_LABELS_TAKEN}, not {type(labels).__name__}")
    for place, name in enumerate(labels):
        if isinstance(name, (list, tuple, dict)):
            raise OptionError(f"labels hold a {type(name).__name__} at {place}: give one name a class")
    return tuple(_name(name) for name in labels)


def _class_index(key: Any) -> int:
    """Returns the class that a key of a dict names: a whole number, also one in a string, as in JSON."""
    try:
        index = int(key)
        if index >= 0 and (isinstance(key, str) or index == key):
            return index
    except (TypeError, ValueError, OverflowError):
        pass
    raise OptionError(f"labels given as a dict need whole numbers from 0 on as keys, index → name, not {_written(key)}")


def _written(value: Any) -> str:
    """Returns a value that is refused, on one line and cut."""
    return f"{' '.join(repr(value).split()):.60}"


def _name(name: Any) -> str:
    if name is None:
        return ""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _of_python(value: Any) -> Any:
    """Returns a number or a truth value of NumPy's as one of Python's, anything else as it is."""
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    return value.item() if is_scalar else value


class _Option(TraitType):  # type: ignore[type-arg]  # traitlets 5.1 has no arguments for it
    """A trait that says what it takes, in its help and wherever it refuses a value, in the same words."""

    def __init__(self, default: Any, *, help: str, **kwargs: Any) -> None:
        super().__init__(default, help=help, **kwargs)
        self.help = f"{help} Takes {self.taken()}."
        self.tag(config=True)

    def taken(self) -> str:
        """Returns what it takes: ``a whole number from 1 to 17``."""
        raise NotImplementedError

    def validate(self, obj: Any, value: Any) -> Any:
        """Returns the value; what is refused is told in one sentence, with what is taken."""
        given, value = value, _of_python(value)
        try:
            if self._is_refused(value):
                raise TraitError
            return super().validate(obj, value)  # type: ignore[misc]
        except TraitError:
            raise TraitError(f"{self.name} is {self.taken()}, not {_written(given)}") from None

    def _is_refused(self, value: Any) -> bool:
        return False


class TrueOrFalse(_Option, Bool):  # type: ignore[type-arg]
    """An option that is on or off."""

    def taken(self) -> str:
        """Returns the two words."""
        return "True or False"


class Number(_Option, Float):  # type: ignore[type-arg]
    """An option that is a number between bounds; ``inf`` is one."""

    def taken(self) -> str:
        """Returns the bounds in words."""
        return f"a number from {self.min:g} to {self.max:g}"

    def _is_refused(self, value: Any) -> bool:
        """Returns whether it is a truth, or NaN, which is below no bound and above none."""
        return isinstance(value, bool) or (isinstance(value, float) and math.isnan(value))


class WholeNumber(_Option, Int):  # type: ignore[type-arg]
    """An option that is a whole number between bounds."""

    def taken(self) -> str:
        """Returns the bounds in words."""
        end = "on" if self.max is None else f"to {self.max}"
        return f"a whole number from {self.min} {end}{', or None' if self.allow_none else ''}"

    def _is_refused(self, value: Any) -> bool:
        return isinstance(value, bool)


class ClassLabels(AnyTrait):
    """An option that is a name for each class."""


class TensorDisplay(SingletonConfigurable):
    """How TensorFlow values show themselves at the end of a cell."""

    enabled = TrueOrFalse(True, help="Show cards; without, every value looks as it did before %load_ext.")
    arrays = TrueOrFalse(False, help="Show NumPy arrays as cards too, not only what %tonumpy returns.")
    nested = TrueOrFalse(True, help="Show a dict, list or tuple that holds tensors as one card.")
    plots = TrueOrFalse(True, help="Draw the picture that the values call for; without, numbers and tables only.")
    labels = ClassLabels(
        None,
        allow_none=True,
        help=f"Class names for predictions, used where their number fits. Takes {_LABELS_TAKEN}, or None.",
    ).tag(config=True)
    top = WholeNumber(
        None,
        allow_none=True,
        min=1,
        help=(
            "How many classes to draw: the largest of a vector, those predicted most often of a batch that is a"
            " picture, the most frequent of labels. None is all up to 20; of more 5 of a vector, 20 of a batch, and"
            " of labels a thin column each up to 200."
        ),
    )
    precision = WholeNumber(
        3,
        min=1,
        max=17,
        help=(
            "Significant digits in the line of numbers, as far as the dtype carries them; counts and shares in"
            " percent are told as they are."
        ),
    )
    max_rows = WholeNumber(
        None,
        allow_none=True,
        min=2,
        max=200,
        help=(
            "Rows of a table of more than 64 values before it is elided in the middle, as far as a card of 40 kB holds"
            " them; a terminal shows twelve lines at most. None is what suits the kind of value: 40 of a matrix, 26 of"
            " ten numbers each of a vector, 12 of strings and of ragged rows, 8 of sparse entries and of a gradient."
        ),
    )
    max_columns = WholeNumber(
        None,
        allow_none=True,
        min=2,
        max=100,
        help=(
            "Columns of such a table before it is elided in the middle. None is what suits the kind of value: 12 of a"
            " matrix, 20 of predictions."
        ),
    )
    budget_ms = Number(
        150.0, min=0.0, help="Milliseconds for exact statistics; beyond it they come from a seeded sample, and say so."
    )

    @validate("labels")
    def _read_labels(self, proposal: Any) -> Any:
        """Refuses labels that cannot be read, at assignment; keys of a dict may be strings, as in JSON."""
        return _labels_of_trait(proposal["value"])

    def update_config(self, config: Any) -> None:
        """Sets what ``%config`` was given, of which traitlets makes copies first: of an iterator there is none."""
        labels = config.get(type(self).__name__, {}).get("labels")
        if isinstance(labels, Iterator):
            _labels_of_trait(labels)
        super().update_config(config)

    def options(self, **overrides: Any) -> DisplayOptions:
        """Returns the options in force now, with those of one call on top.

        Args:
            **overrides: Fields of ``DisplayOptions``; ``None`` means "as configured".

        Raises:
            OptionError: An option is unknown or its value is refused.
        """
        configured = DisplayOptions(**{name: getattr(self, name) for name in _CONFIGURED})
        if not overrides:
            return configured
        given = {name: value for name, value in overrides.items() if value is not None}
        known = configured.__dataclass_fields__.keys() - {"labels_required"}
        unknown = set(given) - known
        if unknown:
            raise OptionError(f"no option named {min(unknown)!r}; there are {', '.join(sorted(known))}")
        if "labels" in given:
            given["labels"] = read_labels(given["labels"])
            given["labels_required"] = True
        for name in given.keys() & set(_CONFIGURED) - {"labels"}:
            given[name] = _checked(self, self.traits()[name], given[name])
        for name, words in CHOICES.items():
            if given.get(name, words[0]) not in words:
                raise OptionError(f"{name} is one of {', '.join(words)}, not {_written(given[name])}")
        for name in given.keys() & set(_OF_ONE_CALL):
            given[name] = _checked(self, _OF_ONE_CALL[name], given[name])
        if given.get("plot", "auto") not in {"auto", "none"}:
            given.setdefault("plots", True)  # what is asked for now counts for more than what is configured
        return replace(configured, **given)


def _labels_of_trait(labels: Any) -> Any:
    try:
        read = read_labels(labels)
    except OptionError as refusal:
        raise TraitError(str(refusal)) from None
    return list(read) if isinstance(read, tuple) else read


def _checked(config: TensorDisplay, trait: TraitType[Any, Any], value: Any) -> Any:
    """Returns the value of an option of one call, refused in the words in which its trait refuses it."""
    try:
        return trait._validate(config, value)
    except TraitError as refusal:
        raise OptionError(str(refusal)) from None


class _OfOneCall(HasTraits):
    """Options that are given for one value at a time and so are not configured."""

    page = WholeNumber(1, min=1, help="Which page of a gallery.")
    softmax = TrueOrFalse(False, help="Show softmax of the values.")


_OF_ONE_CALL = _OfOneCall.class_traits()

_REQUESTS = frozenset({"plot", "softmax", "labels_required", "images", "truth", "where", "sort", "page"})
"""What is asked for one value at a time; ``labels`` and ``top`` can be configured too."""

# Asking traitlets for the names takes longer than reading the values.
_CONFIGURED = tuple(sorted(set(TensorDisplay.class_trait_names(config=True)) - {"enabled"}))
