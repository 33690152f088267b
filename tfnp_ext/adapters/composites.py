"""Composite tensors: ragged rows and sparse entries."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Absent,
    Adapter,
    Content,
    Conversion,
    Facts,
    Owned,
    Parts,
    Ragged,
    Sparse,
    copy_refused,
    register_adapter,
)
from tfnp_ext.adapters.padding import Padding, pad_rows
from tfnp_ext.adapters.symbolic import components, in_graph, is_symbolic, when_there_is_a_value
from tfnp_ext.adapters.tensors import component, device_of, dtype_name, shown_component, static_shape, stored_bytes
from tfnp_ext.casting import cast, is_text, kind_rank
from tfnp_ext.errors import ConversionError, reason


def within_bounds(what: str, nbytes: int, max_bytes: float, way_out: str) -> None:
    """Raises a ``ConversionError`` where the dense array would be larger than ``max_bytes``."""
    if nbytes > max_bytes:
        raise ConversionError(
            f"{what} would take {wording.byte_count(nbytes)} as a dense array, more than"
            f" max_bytes={wording.byte_count(int(max_bytes))}: {way_out}, or raise max_bytes"
        )


@register_adapter
class RaggedAdapter(Adapter):
    """``RaggedTensor`` of any ragged rank, and what a TF 1 session makes of one."""

    kind = "RaggedTensor"
    type_names = (
        "tensorflow.python.ops.ragged.ragged_tensor.RaggedTensor",
        "tensorflow.python.ops.ragged.ragged_tensor_value.RaggedTensorValue",
    )

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return str(obj.__class__.__name__)

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, how many values there are and their bytes with those of the row splits."""
        if is_symbolic(obj.flat_values):
            return Facts(shape=static_shape(obj), dtype=dtype_name(obj), state="symbolic")
        nbytes, exact = stored_bytes(obj.flat_values)
        return Facts(
            shape=static_shape(obj),
            dtype=dtype_name(obj),
            device=device_of(obj.flat_values),
            nbytes=nbytes,
            nbytes_exact=exact,
            details=(wording.plural(math.prod(axis or 0 for axis in static_shape(obj.flat_values) or ()), "value"),),
        )

    def content(self, obj: Any) -> Content:
        """Returns all values on end and the row splits."""
        if is_symbolic(obj.flat_values):
            return Absent(when_there_is_a_value(obj.flat_values))
        return Ragged(shown_component(obj.flat_values), tuple(component(splits) for splits in obj.nested_row_splits))

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns the values and the row splits that a session has to run."""
        return in_graph((obj.flat_values, *obj.nested_row_splits))

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns the rows as ``conversion.ragged`` asks; the same kind of result however regular the rows are.

        Raises:
            SymbolicTensorError: It has no value yet.
            ConversionError: Padding would take more than ``max_bytes``.
        """
        what = f"{self.label(obj)} {wording.shape(static_shape(obj))} {dtype_name(obj)}"
        held, *splits = components(obj, self.kind, (obj.flat_values, *obj.nested_row_splits), conversion)
        if conversion.copy is False and conversion.ragged not in {None, "object"}:
            raise copy_refused(what)
        return Owned(ragged_result(held, splits, conversion, what), settled=True)


def ragged_result(
    held: np.ndarray, splits: list[np.ndarray], conversion: Conversion, what: str, *, own: bool = False
) -> Any:
    """Returns rows of unequal length as ``conversion`` asks: an array of arrays, padded, masked, or lists.

    Args:
        held: The values of all rows on end.
        splits: Where rows begin, outermost axis first.
        conversion: What is asked for.
        what: The value in words.
        own: Whether nobody else has the values, so that the result may take their memory.

    Raises:
        ConversionError: The dtype cannot be had, copying was refused, or padding would take more than ``max_bytes``.
    """
    flat = held
    if conversion.dtype is not None:
        flat = cast(held, conversion.dtype, conversion.casting, what, lambda place: place_in_rows(place, splits))
    if conversion.copy is False and (flat is not held or flat.dtype == object):
        raise copy_refused(what)
    if conversion.ragged in {"pad", "masked"}:
        return pad(flat, splits, conversion, what, own and flat is held)
    if conversion.ragged == "list":
        return nested_lists(flat, splits)
    # The outer array is always new; its rows are views unless copies were asked for.
    return rows(flat.copy() if conversion.copy else flat, splits)


def masked(padded: np.ndarray, filled: np.ndarray) -> np.ma.MaskedArray:
    """Returns a padded array with what was filled up masked; ``filled`` becomes the mask."""
    mask = np.logical_not(filled, out=filled)
    # Outside of the rows lies the fill value, which NumPy is told as well.
    outside = padded.reshape(-1)[mask.argmax()] if mask.any() else None
    return np.ma.masked_array(padded, mask=mask, fill_value=outside)


def place_in_rows(place: tuple[int, ...], splits: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Returns the index of a value in its rows, from its index in all values on end.

    Example:
        >>> place_in_rows((2,), [np.array([0, 1, 3])])
        (1, 1)
    """
    owner, *inner = place
    steps: list[int] = []
    for split in reversed(splits):
        row = int(np.searchsorted(split, owner, side="right")) - 1
        steps.insert(0, owner - int(split[row]))
        owner = row
    return (owner, *steps, *inner)


def nested_lists(flat: np.ndarray, splits: list[np.ndarray]) -> list[Any]:
    """Returns the rows as lists of Python numbers (``bytes`` for strings)."""
    children: list[Any] = flat.tolist()
    for split in reversed(splits):
        edges = split.tolist()
        children = [children[start:end] for start, end in itertools.pairwise(edges)]
    return children


def rows(flat: np.ndarray, splits: list[np.ndarray]) -> np.ndarray:
    """Returns an object array [N] of the rows, each an array (or again an object array, for a deeper ragged rank)."""
    outer, *inner = splits
    children = rows(flat, inner) if inner else flat
    result = np.empty(len(outer) - 1, dtype=object)
    for row in range(len(result)):
        result[row] = children[outer[row] : outer[row + 1]]
    return result


def pad(flat: np.ndarray, splits: list[np.ndarray], conversion: Conversion, what: str, own: bool) -> np.ndarray:
    """Returns the rows filled up to the longest of each axis, what is filled up masked where that is asked for."""
    lengths = [np.diff(one) for one in splits]
    widths = [int(length.max(initial=0)) for length in lengths]
    shape = (len(splits[0]) - 1, *widths, *flat.shape[1:])
    within_bounds(what, math.prod(shape) * flat.dtype.itemsize, conversion.max_bytes, "use ragged='object'")
    outside = fill_value(conversion.fill_value, flat.dtype, what, wants_text(conversion))
    masks = [np.zeros(shape, bool)] if conversion.ragged == "masked" else []
    padded = pad_rows(Padding(flat, shape, outside, own=own), splits, masks)
    return masked(padded, masks[0]) if masks else padded


def wants_text(conversion: Conversion) -> bool:
    """Returns whether strings are decoded, so that what lies between them is text as well."""
    return conversion.dtype is not None and is_text(conversion.dtype)


def fill_value(value: Any, dtype: np.dtype, what: str, text: bool = False) -> Any:
    """Returns the value that padding is filled with, in the dtype of the rows.

    Args:
        value: What was asked for; 0 among strings is the empty one.
        dtype: The dtype of the rows.
        what: The value in words.
        text: Whether the rows are decoded strings rather than bytes.

    Raises:
        ConversionError: The dtype cannot hold it as it is.
    """
    if dtype.kind == "O":
        if isinstance(value, bytes) and not text:
            return value
        if isinstance(value, str):
            return value if text else value.encode("utf-8")
        if isinstance(value, (int, float)) and value == 0:
            return "" if text else b""
    else:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                held = np.asarray(value).astype(dtype)
                same = bool(held.astype(np.asarray(value).dtype) == value) or (value != value and held != held)
        except (TypeError, ValueError, OverflowError):
            same = False
        if same or (kind_rank(dtype) == 2 and isinstance(value, float)):
            return held
    holder = "a string tensor" if dtype.kind == "O" else str(dtype)
    raise ConversionError(f"{what} cannot be padded with fill_value={value!r}: {holder} holds no such value")


@register_adapter
class SparseAdapter(Adapter):
    """``SparseTensor`` of any rank, sorted or not, and what a TF 1 session makes of one."""

    kind = "SparseTensor"
    type_names = (
        "tensorflow.python.framework.sparse_tensor.SparseTensor",
        "tensorflow.python.framework.sparse_tensor.SparseTensorValue",
    )

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return str(obj.__class__.__name__)

    def facts(self, obj: Any) -> Facts:
        """Returns the dense shape, how much is stored and what both take."""
        if is_symbolic(obj.values):
            return Facts(shape=static_shape(obj), dtype=dtype_name(obj), state="symbolic")
        values, indices = shown_component(obj.values), component(obj.indices)
        shape = tuple(int(axis) for axis in component(obj.dense_shape))
        size = math.prod(shape)
        text = values.dtype == object
        stored, exact = stored_bytes(obj.values)
        density = len(values) / size if size else 0.0
        share = wording.percent(density, 2 if density < 0.01 else 1).replace(".0 %", " %")
        details = [f"{wording.integer(len(values))} stored ({share})"]
        return Facts(
            shape=shape,
            dtype="string" if text else values.dtype.name,
            device=device_of(obj.values),
            nbytes=stored + indices.nbytes,
            nbytes_exact=exact,
            details=tuple(details),
            state="" if text else f"dense {wording.byte_count(size * values.dtype.itemsize)}",
            shares_memory=False,
        )

    def content(self, obj: Any) -> Content:
        """Returns the stored entries; nothing is densified."""
        if is_symbolic(obj.values):
            return Absent(when_there_is_a_value(obj.values))
        shape = tuple(int(axis) for axis in component(obj.dense_shape))
        return Sparse(component(obj.indices), shown_component(obj.values), shape)

    def graph_tensors(self, obj: Any) -> Sequence[Any]:
        """Returns those of indices, values and shape that a session has to run."""
        return in_graph((obj.indices, obj.values, obj.dense_shape))

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns a dense array, or SciPy's ``coo_array``, as ``conversion.sparse`` asks.

        Raises:
            SymbolicTensorError: It has no value yet.
            ConversionError: An index is out of range or, for ``dense``, repeated; or it is over ``max_bytes``.
        """
        indices, values, dense_shape = components(
            obj, self.kind, (obj.indices, obj.values, obj.dense_shape), conversion
        )
        shape = tuple(int(axis) for axis in dense_shape)
        what = f"{self.label(obj)} {wording.shape(shape)} {'string' if values.dtype == object else values.dtype}"
        if conversion.copy is False:
            raise copy_refused(what)
        return Owned(sparse_result(indices, values, shape, conversion, what), settled=True)


def sparse_result(
    indices: np.ndarray, values: np.ndarray, shape: tuple[int, ...], conversion: Conversion, what: str
) -> Any:
    """Returns stored entries as a dense array, or SciPy's ``coo_array``, as ``conversion`` asks.

    Args:
        indices: The place of each entry, [N, rank].
        values: The entries, [N].
        shape: That of the dense array.
        conversion: What is asked for.
        what: The value in words.

    Raises:
        ConversionError: An index is out of range or, for ``dense``, repeated; or it is over ``max_bytes``.
    """
    if conversion.dtype is not None:
        values = cast(
            values, conversion.dtype, conversion.casting, what, lambda place: tuple(indices[place[0]].tolist())
        )
    if any(axis < 0 for axis in shape):
        raise ConversionError(f"{what} has a negative length in its dense_shape: it is no array's")
    outside = ((indices < 0) | (indices >= np.array(shape, dtype=np.int64))).any(axis=1)
    if outside.any():
        bad = wording.index(indices[outside][0])
        raise ConversionError(f"{what} stores a value at {bad}, outside its shape")
    if conversion.sparse == "scipy":
        return coordinates(indices, values, shape, what)
    way_out = "convert its .values and .indices" if values.dtype == object else "use sparse='scipy'"
    within_bounds(what, math.prod(shape) * values.dtype.itemsize, conversion.max_bytes, way_out)
    places = tuple(indices.T)
    if len(indices) > 1:
        flat = np.ravel_multi_index(places, shape) if shape else np.zeros(len(indices), dtype=np.int64)
        ordered = bool((np.diff(flat) > 0).all())  # as TensorFlow's own operations leave it
        if not ordered and len(np.unique(flat)) < len(flat):
            raise ConversionError(
                f"{what} stores more than one value at a place: what they mean together is yours to say;"
                " sparse='scipy' keeps them all"
            )
    try:
        dense = np.zeros(shape, values.dtype)
    except ValueError as error:  # without a place for a value, yet with a length beyond NumPy's
        raise ConversionError(f"{what} cannot become an array: {reason(error)}") from error
    if values.dtype == object:
        dense.fill("" if wants_text(conversion) else b"")
    if len(values):  # a rank of 0 has one place, and its values are a vector of one all the same
        dense[places] = values if shape else values[0]
    return dense


def coordinates(indices: np.ndarray, values: np.ndarray, shape: tuple[int, ...], what: str) -> Any:
    """Returns SciPy's ``coo_array`` of the entries, duplicates kept.

    Raises:
        ConversionError: SciPy is missing, or cannot hold the dtype or rank.
    """
    try:
        from scipy.sparse import coo_array
    except ImportError:
        raise ConversionError(
            f"{what}: sparse='scipy' needs SciPy, which is not installed: pip install scipy"
        ) from None
    try:
        return coo_array((values.copy(), tuple(indices.T.copy())), shape=shape)
    except Exception as error:
        hint = "; dtype='float32' makes it one" if kind_rank(values.dtype) == 2 and values.dtype.itemsize < 4 else ""
        raise ConversionError(f"{what} cannot become a scipy.sparse.coo_array: {reason(error)}{hint}") from error
