"""What an adapter is, what it returns, and the registry that finds one for a value.

An adapter knows one kind of value: how to recognise it without importing its library, what its facts are, and how it
becomes NumPy. Adding a kind is one class in one file of this folder.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np

from tfnp_ext.adapters.strings import Strings
from tfnp_ext.errors import ConversionError


@dataclass(frozen=True)
class Conversion:
    """What one call of ``to_numpy`` asks for, checked; what each means stands there, and what users get by default."""

    copy: bool | None = None
    dtype: Any = None
    casting: str = "same_kind"
    ragged: str | None = None
    fill_value: Any = 0
    sparse: str = "dense"
    join: str = "auto"
    take: int | None = None
    max_bytes: float = math.inf
    session: Any = None
    feed: Any = None
    timeout: float | None = None
    on_error: str = "raise"
    progress: bool = False
    told: list[str] = field(default_factory=list)
    """What was done to have the result, in words, for its card."""
    warned: list[str] = field(default_factory=list)
    """Why the result is not all of it, in words."""
    known: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """What one run of the session gave for each TF 1 graph tensor in a nest, by the identity of the tensor beside it,
    which is kept alive so that no other object can have it."""
    rebuilt: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """What each container in a nest became, by the identity of the container beside it: a shared one stays shared."""


@dataclass(frozen=True, slots=True)
class Owned:
    """An array that had to be made for this conversion, so that ``copy=False`` is an error.

    It is the user's own and writable, but for one that its library made and may keep, as TensorFlow keeps what it
    fetched off a GPU: that one is read-only, and ``copy=True`` copies it once more.

    ``array`` may be what else the user asked for: nested lists, a SciPy matrix. ``settled`` tells that the adapter has
    cast and copied already, as a value must be whose array holds arrays.
    """

    array: Any
    settled: bool = False


def array_of(viewed: np.ndarray | Owned) -> np.ndarray:
    """Returns the array, whoever owns it."""
    array: np.ndarray = viewed.array if isinstance(viewed, Owned) else viewed
    return array


def copy_refused(what: str, device: str = "") -> ConversionError:
    """Returns the error of ``copy=False`` for a value, named in words, that only a copy makes an array."""
    where = f" lives on {device} and" if device else ""
    return ConversionError(f"{what}{where} cannot be converted without a copy: leave copy=False out")


@dataclass(frozen=True, slots=True)
class Parts:
    """A value made of others: its children by path step, and how to put their conversions together again.

    Attributes:
        steps: How each child is reached, as Python writes it: ``["loss"]``, ``[0]``, ``.weights``.
        children: The child values, in the same order.
        rebuild: Makes the same structure of converted children.
    """

    steps: Sequence[str]
    children: tuple[Any, ...]
    rebuild: Callable[[Sequence[Any]], Any]


def step_name(step: str) -> str:
    """Returns a path step as a name: a field, a string key without its quotes, an index in brackets.

    Example:
        >>> step_name(".weights"), step_name("['loss']"), step_name("[0]")
        ('weights', 'loss', '[0]')
    """
    if step.startswith("."):
        return step[1:]
    inner = step[1:-1]
    if inner[:1] in {"'", '"'} and inner[-1:] == inner[:1]:
        return inner[1:-1]
    return step


class IndexSteps(Sequence[str]):
    """The steps ``[0]``, ``[1]``, … of a list, written only when one is asked for."""

    def __init__(self, count: int) -> None:
        self._places = range(count)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: Any) -> Any:
        """Returns one step, or those of a slice."""
        if isinstance(place, slice):
            return tuple(f"[{index}]" for index in self._places[place])
        return f"[{self._places[place]}]"


@dataclass(frozen=True)
class Facts:
    """What a headline says about a value, known without looking at its numbers.

    Attributes:
        shape: Its shape; ``None`` for an unknown axis or an unknown rank.
        dtype: Name of its dtype.
        name: Its own name.
        device: Where it lives, in words.
        nbytes: Bytes of its values.
        nbytes_exact: Whether they were counted; those of very many strings are estimated.
        state: ``view``, ``copy``, ``trainable``, ``symbolic`` …
        shares_memory: Whether its conversion is a view.
        details: More words for the headline, before the bytes.
    """

    shape: tuple[int | None, ...] | None
    dtype: str
    name: str = ""
    device: str = ""
    nbytes: int | None = None
    nbytes_exact: bool = True
    state: str = ""
    shares_memory: bool | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dense:
    """Values that are one array."""

    array: np.ndarray


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of unequal length: the values of all rows on end, and where rows begin, outermost axis first."""

    flat: np.ndarray | Strings
    splits: tuple[np.ndarray, ...]


@dataclass(frozen=True, slots=True)
class Sparse:
    """Stored entries of a mostly empty array: ``indices`` [N, rank], ``values`` [N], ``shape`` of the whole."""

    indices: np.ndarray
    values: np.ndarray | Strings
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    """Rows of an otherwise zero array: ``indices`` [N] into its first axis, ``values`` [N, …]."""

    indices: np.ndarray
    values: np.ndarray | Strings
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Curves:
    """Numbers that were taken once an epoch.

    Attributes:
        values: One number an epoch by name, [E].
        epochs: The number of each epoch, [E].
        others: The names of what is no such curve.
    """

    values: Mapping[str, np.ndarray]
    epochs: Sequence[int]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """No value yet, and a sentence that says when there is one; ``ever`` tells whether there will be."""

    reason: str
    ever: bool = True


@dataclass(frozen=True, slots=True)
class Component:
    """A tensor of an element in words, or a container of more.

    Attributes:
        step: How it is reached in its container, as Python writes it; ``""`` for the element itself.
        shape: Its shape in words.
        dtype: Its dtype in words, and what kind of tensor it is; of a container, what that is.
        parts: What is in a container; ``None`` for a tensor.
    """

    step: str
    shape: str
    dtype: str
    parts: tuple[Component, ...] | None = None


@dataclass(frozen=True, slots=True)
class Elements:
    """What yields elements.

    Attributes:
        element: What is in one.
        ways: What a user may do next: a word for it, and what is typed.
        doubt: What in it is a guess, and what to type where that is wrong.
    """

    element: Component
    ways: tuple[tuple[str, str], ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """A part that a card only describes, since reading it would be an act: a table's keys, an array of a file."""

    shape: tuple[int | None, ...] | None
    dtype: str
    reason: str


class Failed:
    """A part of a container that cannot be had, and why; a card says that in its place."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Content = Dense | Strings | Ragged | Sparse | Slices | Curves | Absent | Elements
"""What the display may look at; reading it never runs the user's code and consumes nothing."""


class Adapter(ABC):
    """One kind of value.

    Attributes:
        kind: The user's word for it, never a module path.
        type_names: Dotted names of the classes it owns, looked up along a value's MRO; nothing is imported to detect.
        priority: Which of several adapters for one class is asked first, highest first.
        automatic: Whether such a value shows itself at the end of a cell.
        tensor_like: Whether it is an array's worth of values, not only a container of some.
    """

    kind: ClassVar[str]
    type_names: ClassVar[tuple[str, ...]]
    priority: ClassVar[int] = 0
    automatic: ClassVar[bool] = True
    tensor_like: ClassVar[bool] = True
    yields_elements: ClassVar[bool] = False
    """Whether its elements have to be drawn, one after the other, to be converted."""
    class_tells: ClassVar[bool] = False
    """Whether ``matches`` looks at nothing but the class, so that what is true of one instance is true of all."""
    describes: ClassVar[bool] = False
    """Whether it only describes values, by shape and dtype: a tree says those."""
    is_dense: ClassVar[bool] = False
    """What ``isinstance(adapter, DenseAdapter)`` says, but without the time that asking an abstract class takes."""

    def matches(self, obj: Any) -> bool:
        """Returns whether this value is of the kind, where the name of its class is not enough to tell."""
        return True

    def label(self, obj: Any) -> str:
        """Returns the word for this very value; the kind, unless the class name says more."""
        return self.kind

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns the TF 1 graph tensors whose values its conversion needs, so that one run gives all of a nest's."""
        return ()

    def held(self, obj: Any) -> Any:
        """Returns the value that this one only wraps, whose card it shows under its own label: bytes of a message."""
        return obj

    def can_be_looked_at(self, obj: Any) -> bool:
        """Returns whether facts and content run nothing of the user's, so that a tree shows the value unasked."""
        return True

    @abstractmethod
    def facts(self, obj: Any) -> Facts:
        """Returns what the headline says."""

    @abstractmethod
    def content(self, obj: Any) -> Content:
        """Returns the values for display, without acting on them."""

    def seen(self, obj: Any) -> tuple[Facts, Content]:
        """Returns facts and content of one look, where both come of what is not to be made twice."""
        return self.facts(obj), self.content(obj)

    @abstractmethod
    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns a read-only view, or an ``Owned`` array, or the ``Parts`` that ``convert`` will convert.

        Raises:
            ConversionError: It cannot be converted.
        """


class DenseAdapter(Adapter):
    """A kind whose value is one array that can be looked at without a copy."""

    is_dense = True

    @abstractmethod
    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the array: read-only at its root where memory is shared, ``Owned`` where it had to be copied."""

    def content(self, obj: Any) -> Content:
        """Returns the array."""
        viewed = self.view(obj)
        return Dense(array_of(viewed))

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the view; dtype and copy are settled by ``convert``."""
        return self.view(obj)


class NestAdapter(Adapter):
    """A container of other values: it has parts, and no numbers of its own."""

    tensor_like = False
    holds_arrays: ClassVar[bool] = False
    """Whether its parts are always arrays: then they are not read only to learn that."""
    is_container: ClassVar[bool] = False
    """Whether it is a container of Python's, whose entries are there to be looked at."""
    counted: ClassVar[str] = "value"
    """What its numbers are called: those of a model are parameters."""
    has_fields: ClassVar[bool] = False
    """Whether its parts are the fields of its class, whose number says more than that of its values."""
    may_be_curves: ClassVar[bool] = False
    """Whether its content may be curves, which one card draws in place of a tree."""
    is_value: ClassVar[bool] = False
    """Whether it is one value of TensorFlow's, made of several tensors: a list of such shows itself."""

    @abstractmethod
    def parts(self, obj: Any) -> Parts:
        """Returns the children and how to rebuild the container."""

    def shown_parts(self, obj: Any) -> Parts:
        """Returns the parts as a card shows them: ``parts``, unless those have to be read from somewhere."""
        return self.parts(obj)

    def unfolds(self, obj: Any) -> bool:
        """Returns whether a tree shows its parts; else it is one line with its class."""
        return True

    def has_weights(self, obj: Any) -> bool:
        """Returns whether it is at once known to have weights, so that a list of such shows itself."""
        return False

    def facts(self, obj: Any) -> Facts:
        """Returns no shape and no dtype: a container has none."""
        return Facts(shape=None, dtype="")

    def content(self, obj: Any) -> Content:
        """Returns nothing to look at: the children are looked at one by one."""
        return Absent("a container: its entries have the values")

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the parts."""
        return self.parts(obj)


_BY_NAME: dict[str, list[Adapter]] = {}
_BY_CLASS: dict[type, tuple[Adapter, ...]] = {}
_CLASSES_REMEMBERED = 4096

AdapterClass = TypeVar("AdapterClass", bound=type[Adapter])


def register_adapter(adapter_class: AdapterClass) -> AdapterClass:
    """Adds a kind of value; a decorator.

    Registering a class of the same name again replaces the former one, so that a cell can be run twice.

    Args:
        adapter_class: A subclass of ``Adapter`` with ``kind`` and ``type_names``.

    Raises:
        TypeError: It is no such class.

    Example:
        >>> @register_adapter                                   # doctest: +SKIP
        ... class GridAdapter(DenseAdapter):
        ...     kind = "Grid"
        ...     type_names = ("my_package.grids.Grid",)
    """
    if not (isinstance(adapter_class, type) and issubclass(adapter_class, Adapter)):
        raise TypeError(f"register_adapter needs a subclass of Adapter, not {adapter_class!r}")
    names = adapter_class.type_names
    if isinstance(names, str) or not names or not all(isinstance(name, str) and "." in name for name in names):
        raise TypeError(f"{adapter_class.__name__}.type_names needs dotted class names in a tuple, not {names!r}")
    adapter = adapter_class()
    for adapters in _BY_NAME.values():
        adapters[:] = [
            other
            for other in adapters
            if (type(other).__module__, type(other).__qualname__)
            != (adapter_class.__module__, adapter_class.__qualname__)
        ]
    for name in names:
        _BY_NAME.setdefault(name, []).append(adapter)
        _BY_NAME[name].sort(key=lambda other: -other.priority)
    _BY_CLASS.clear()
    return adapter_class


def registered_names() -> tuple[str, ...]:
    """Returns the dotted class names of every kind that shows itself at the end of a cell."""
    return tuple(name for name, adapters in _BY_NAME.items() if any(adapter.automatic for adapter in adapters))


def find_adapter(obj: Any) -> Adapter | None:
    """Returns the adapter for a value, or ``None`` if it is not tensor-like."""
    cls = type(obj)
    try:
        for adapter in _candidates(cls):
            if adapter.matches(obj):
                return adapter
        # A proxy (TensorFlow's wrapper of a TensorArray, a weak reference) says in __class__ what it stands for.
        stands_for = _stands_for(obj, cls)
        if stands_for is not cls and isinstance(stands_for, type):
            for adapter in _candidates(stands_for):
                if adapter.matches(obj):
                    return adapter
    except ReferenceError:  # a weak reference to what is gone
        return None
    return None


_SAYS_CLASS = frozenset(("__class__", "__getattribute__"))
"""What a class brings whose objects may stand for others."""


def is_class_of_none_shown(obj: Any) -> bool:
    """Returns whether no object of the class of this one, which is of no kind, shows itself or what it holds.

    That needs no second look at a class: no object of it stands for another, and no adapter looks at more than it.
    """
    cls = type(obj)
    stands_for_itself = all(_SAYS_CLASS.isdisjoint(vars(base)) for base in cls.__mro__[:-1])
    return stands_for_itself and all(
        adapter.class_tells or not (adapter.automatic or isinstance(adapter, NestAdapter) or adapter.yields_elements)
        for adapter in _candidates(cls)
    )


def yields_elements(obj: Any) -> bool:
    """Returns whether a value has to be run to be converted, so that a card may not: a dataset, an iterator."""
    adapter = find_adapter(obj)
    return adapter is not None and adapter.yields_elements


def _stands_for(obj: Any, cls: type) -> Any:
    try:
        return getattr(obj, "__class__", cls)
    except ReferenceError:
        raise
    except Exception:  # a class of the user's whose __class__ fails stands for nothing else
        return cls


def _candidates(cls: type) -> tuple[Adapter, ...]:
    try:
        return _BY_CLASS[cls]
    except KeyError:
        candidates = tuple(
            adapter for base in cls.__mro__ for adapter in _BY_NAME.get(f"{base.__module__}.{base.__qualname__}", ())
        )
        if len(_BY_CLASS) >= _CLASSES_REMEMBERED:
            _BY_CLASS.clear()
        _BY_CLASS[cls] = candidates
        return candidates
