"""``iter_numpy``: a dataset whose elements are NumPy, one at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tfnp_ext.adapters import Conversion, array_of, find_adapter
from tfnp_ext.adapters.tensors import dtype_name, eager_array
from tfnp_ext.casting import is_text
from tfnp_ext.convert import convert, not_tensor_like, read_conversion
from tfnp_ext.datasets.drawing import Drawing
from tfnp_ext.datasets.source import ENDLESS, Source, refuse_text
from tfnp_ext.errors import ConversionError, SymbolicTensorError


class NumpyDataset:
    """The elements of a dataset as NumPy; every ``for`` runs the pipeline anew.

    Args:
        source: The dataset.
        conversion: What its elements become.
    """

    def __init__(self, source: Source, conversion: Conversion) -> None:
        self.source, self._conversion = source, conversion
        element = Conversion()
        self._element = replace(conversion, timeout=element.timeout, on_error=element.on_error)

    @property
    def element_spec(self) -> Any:
        """The structure of an element, as the dataset has it."""
        return self.source.iterable.element_spec

    def __len__(self) -> int:
        """Returns how many elements there are.

        Raises:
            TypeError: It is endless, or not known before its end.
        """
        if self.source.cardinality < 0:
            how = "endless" if self.source.cardinality == ENDLESS else "of unknown length"
            raise TypeError(f"{self.source.kind} is {how}")
        return self.source.cardinality

    def __iter__(self) -> Iterator[Any]:
        """Runs the pipeline and yields its elements."""
        return self._drawn()

    def __repr__(self) -> str:
        count = self.source.cardinality
        known = self.source.counted(count) if count >= 0 else "endless" if count == ENDLESS else "unknown length"
        return f"<NumPy elements of a {self.source.kind}: {known}>"

    def _drawn(self) -> Iterator[Any]:
        if not sys.modules["tensorflow"].executing_eagerly():
            raise inside_a_function(self.source.kind)
        return Drawing(
            self.source.iterable,
            take=None,
            timeout=self._conversion.timeout,
            on_error=self._conversion.on_error,
            what=self.source.kind,
            opened=self._converter(),
            count=max(self.source.cardinality, 0),
        ).handed_over(self.source.counted)

    def _converter(self) -> Callable[[Any], Any]:
        """Returns what makes NumPy of an element."""
        structure, plain = self.source.structure, Conversion()
        as_it_is = (self._element.copy, self._element.dtype) == (plain.copy, plain.dtype)
        dense = all(type(leaf.spec).__name__ == "TensorSpec" for leaf in structure.leaves)
        one = _view if as_it_is and dense else self._convert
        if structure.root is structure.leaves[0] if structure.leaves else False:
            return one
        return lambda element: structure.rebuild([one(value) for value in structure.flatten(element)])

    def _convert(self, value: Any) -> Any:
        adapter = find_adapter(value)
        if adapter is not None and adapter.yields_elements:
            return iter_of(value, self._conversion)
        asked = self._element
        if asked.dtype is not None and is_text(asked.dtype) and dtype_name(value) != "string":
            asked = replace(asked, dtype=None)  # numbers among strings stay
        return convert(value, replace(asked, known={}, rebuilt={}))


def _view(tensor: Any) -> Any:
    if not hasattr(tensor, "backing_device"):  # a strategy's
        return convert(tensor, Conversion())
    return array_of(eager_array(tensor))


def inside_a_function(kind: str) -> SymbolicTensorError:
    """Returns the error for a dataset where nothing has a value yet."""
    return SymbolicTensorError(f"{kind} has no elements inside tf.function or a graph: convert it outside")


def iter_of(dataset: Any, conversion: Conversion) -> NumpyDataset:
    """Returns the elements of a dataset as ``conversion`` asks for them.

    Raises:
        ConversionError: It is no dataset.
    """
    adapter = find_adapter(dataset)
    if adapter is None:
        raise not_tensor_like(dataset)
    if not adapter.yields_elements or not hasattr(adapter, "source"):
        raise ConversionError(f"iter_numpy takes a dataset, not {adapter.label(dataset)}: use to_numpy")
    return NumpyDataset(adapter.source(dataset, opened=False), conversion)


def iter_numpy(
    dataset: Any,
    *,
    copy: bool | None = None,
    dtype: Any = None,
    casting: str = "same_kind",
    ragged: str | None = None,
    fill_value: Any = 0,
    sparse: str = "dense",
    max_bytes: int | str | None = 2**30,
    timeout: float | None = None,
    on_error: str = "raise",
) -> NumpyDataset:
    """Returns the elements of a dataset as NumPy, in their structure, to be iterated as often as wanted.

    Elements are read-only views of the tensors that the pipeline made, so that nothing can change what it caches.
    A dataset inside an element (a window) is again one of these.

    Args:
        dataset: A ``tf.data.Dataset`` or the dataset of a strategy.
        copy: ``True`` for own, writable arrays.
        dtype: What the values shall be cast to.
        casting: As in ``to_numpy``.
        ragged: What a ragged tensor becomes, as in ``to_numpy``.
        fill_value: What padding is filled with.
        sparse: What a sparse tensor becomes, as in ``to_numpy``.
        max_bytes: Bytes that one ragged or sparse tensor may grow to.
        timeout: Seconds to wait for one element; then iteration ends with a warning.
        on_error: ``raise``, or ``skip`` elements that fail; at the end a warning counts them.

    Raises:
        ConversionError: It is no dataset; while iterating: an element failed.

    Example:
        >>> import tensorflow as tf
        >>> [batch.sum() for batch in iter_numpy(tf.data.Dataset.range(5).batch(2))]
        [np.int64(1), np.int64(5), np.int64(4)]
    """
    conversion = read_conversion(
        copy=copy,
        dtype=dtype,
        casting=casting,
        ragged=ragged,
        fill_value=fill_value,
        sparse=sparse,
        max_bytes=max_bytes,
        timeout=timeout,
        on_error=on_error,
    )
    elements = iter_of(dataset, conversion)
    refuse_text(elements.source, conversion)
    return elements
