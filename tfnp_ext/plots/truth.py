"""The true classes of predictions, from whatever users keep them in to one integer an example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import yields_elements
from tfnp_ext.casting import kind_rank
from tfnp_ext.config import DisplayOptions
from tfnp_ext.convert import to_numpy
from tfnp_ext.errors import ConversionError, OptionError
from tfnp_ext.plots.base import Array, as_floats

_MOST_NAMED = 4
_BLOCK = 2**18


def read_truth(truth: Any, classes: int | None, examples: int, options: DisplayOptions) -> Array:
    """Returns the true class of each example, int64 [N].

    Args:
        truth: Integers [N] or [N, 1], one-hot or soft targets [N, C], or names among the labels; a tensor, an array,
            a list.
        classes: How many classes the predictions have; ``None`` where that is not known.
        examples: How many predictions there are.
        options: For the labels, by which names are found.

    Raises:
        OptionError: It is none of these, has another number of examples, or a class that there is not.

    Example:
        >>> from tfnp_ext import TensorDisplay
        >>> read_truth([2, 0, 1], 3, 3, TensorDisplay().options()).tolist()
        [2, 0, 1]
    """
    array = _as_array(truth)
    dtype = "str" if array.dtype.kind == "U" else array.dtype.name
    value = f"truth, {type(truth).__name__} {wording.shape(array.shape)} {dtype},"
    while array.ndim > 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in {1, 2} or not array.size:
        raise OptionError(f"{value} is neither a class an example, [N], nor one-hot, [N, C]")
    if len(array) != examples:
        counted = wording.plural(len(array), "example")
        raise OptionError(f"{value} has {counted} for {wording.plural(examples, 'prediction')}: give one each")
    if array.dtype.kind in "OSU":
        if array.ndim == 2:
            raise OptionError(f"{value} holds {array.shape[1]} names an example: give one each")
        return _of_names(array, classes, options, value)
    if kind_rank(array.dtype) not in {0, 1, 2}:
        raise OptionError(f"{value} holds no classes: give integers, one-hot rows, or names")
    if array.ndim == 2:
        return _of_rows(array, classes, value)
    return _of_numbers(array, classes, value)


def _as_array(truth: Any) -> Array:
    """Returns the truth as an array; lists of plain numbers or names, which hold no tensor, too."""
    if yields_elements(truth):
        raise OptionError(f"truth, {type(truth).__name__}, has to be run first: give to_numpy of it")
    try:
        listed = isinstance(truth, Sequence) and not isinstance(truth, (str, bytes))
        if listed and not any(hasattr(part, "shape") for part in truth):
            return np.asarray(truth)
        array = to_numpy(truth, stack=listed)
    except (ConversionError, ValueError) as refusal:
        raise OptionError(f"truth, {type(truth).__name__}, cannot be read: {refusal}") from None
    if not isinstance(array, np.ndarray):
        raise OptionError(f"truth, {type(truth).__name__}, is no array: give one class an example")
    return array


def _of_numbers(array: Array, classes: int | None, value: str) -> Array:
    numbers = array
    if kind_rank(array.dtype) == 2:
        numbers = as_floats(array)
        odd = numbers[~(numbers == np.floor(numbers)) | ~np.isfinite(numbers)]
        if len(odd):
            raise OptionError(f"{value} holds {wording.number(float(odd[0]))}: a class is a whole number")
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or (classes is not None and high >= classes):
        there = "count from 0" if classes is None else f"are 0 … {classes - 1}"
        raise OptionError(f"{value} holds class {low if low < 0 else high}, and the classes {there}")
    return numbers.astype(np.int64, copy=False)


def _of_rows(array: Array, classes: int | None, value: str) -> Array:
    """Returns the class of each row: where the largest number of one-hot or smoothed targets stands."""
    if classes is not None and array.shape[1] != classes:
        raise OptionError(f"{value} has {array.shape[1]} columns for {wording.plural(classes, 'class', 'classes')}")
    tops = np.empty(len(array), np.int64)
    step = max(1, _BLOCK // array.shape[1])
    for start in range(0, len(array), step):
        numbers = as_floats(array[start : start + step])
        highest = numbers.max(axis=1, keepdims=True)
        odd = np.flatnonzero(((numbers == highest).sum(axis=1) != 1) | np.isnan(highest[:, 0]))
        if len(odd):
            raise OptionError(f"{value} names no single class in row {start + odd[0]}: a row has one largest number")
        tops[start : start + step] = numbers.argmax(axis=1)
    return tops


def _of_names(array: Array, classes: int | None, options: DisplayOptions, value: str) -> Array:
    """Returns the class of each name, as the labels number them."""
    labels = options.labels
    if labels is None:
        raise OptionError(f"{value} holds names: give labels too, which number them")
    numbered = labels.items() if isinstance(labels, Mapping) else enumerate(labels)
    places: dict[str, int] = {}
    twice: set[str] = set()
    for place, name in numbered:
        twice |= {name} & places.keys()
        places[name] = place
    found = np.empty(len(array), np.int64)
    for number, item in enumerate(array.tolist()):
        name = item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
        if name not in places:
            some = ", ".join(map(repr, list(places)[:_MOST_NAMED])) + (" …" if len(places) > _MOST_NAMED else "")
            raise OptionError(f"{value} holds {wording.shorten(name, 40)[0]!r}, which labels do not: they are {some}")
        if name in twice:
            raise OptionError(f"{value} holds {name!r}, which labels name twice: give the truth as numbers")
        found[number] = places[name]
    return _of_numbers(found, classes, value)
