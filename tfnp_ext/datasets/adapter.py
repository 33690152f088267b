"""Datasets and their iterators as kinds of values: described without drawing, converted by drawing."""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Adapter, Content, Conversion, Elements, Facts, Owned, Parts, register_adapter
from tfnp_ext.convert import read_conversion
from tfnp_ext.datasets.gathering import collect
from tfnp_ext.datasets.iteration import inside_a_function
from tfnp_ext.datasets.pipeline import step_name
from tfnp_ext.datasets.source import ENDLESS, UNKNOWN, Source, open_inner, read_source
from tfnp_ext.datasets.structure import describe
from tfnp_ext.errors import ConversionError


class ElementsAdapter(Adapter):
    """What yields elements: it is described, and elements are drawn only where they are asked for."""

    tensor_like = False
    yields_elements = True

    def spec(self, obj: Any) -> Any:
        """Returns the structure of an element."""
        return obj.element_spec

    def source(self, obj: Any, opened: bool = True, max_bytes: float = math.inf) -> Source:
        """Returns what is known of it; with ``opened``, a dataset inside an element becomes arrays up to a bound."""
        open_dataset = partial(open_inner, max_bytes=max_bytes) if opened else None
        return read_source(obj, self.label(obj), self.spec(obj), open_dataset)

    def facts(self, obj: Any) -> Facts:
        """Returns no shape and no dtype: elements have them."""
        return Facts(shape=None, dtype="")

    def drawn_from(self, obj: Any, conversion: Conversion) -> Source:
        """Returns its source, where elements can be drawn from it as asked.

        Raises:
            SymbolicTensorError: Inside ``tf.function``.
            ConversionError: Their number has to be given.
        """
        if not sys.modules["tensorflow"].executing_eagerly():
            raise inside_a_function(self.label(obj))
        return self.source(obj, max_bytes=conversion.max_bytes)

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Returns all elements joined, in the structure of an element.

        Raises:
            SymbolicTensorError: Inside ``tf.function``.
            ConversionError: It is endless, over ``max_bytes``, or its elements fail or do not fit together.
            ConversionInterrupted: Ctrl-C.
        """
        return Owned(collect(self.drawn_from(obj, conversion), conversion), settled=True)


@register_adapter
class DatasetAdapter(ElementsAdapter):
    """``tf.data.Dataset``, and the dataset of a strategy."""

    kind = "Dataset"
    type_names = (
        "tensorflow.python.data.ops.dataset_ops.DatasetV2",
        "tensorflow.python.distribute.input_lib.DistributedDataset",
        "tensorflow.python.distribute.input_lib.DistributedDatasetsFromFunction",
    )

    def facts(self, obj: Any) -> Facts:
        """Returns how many elements there are, as far as TensorFlow knows it without running anything."""
        source = self.source(obj)
        batches = source.batches
        length = "" if batches is None else f" of {wording.integer(batches.length)}"
        known = {
            ENDLESS: f"endless {source.units}{length}" if length else "endless",
            UNKNOWN: f"unknown number of {source.units}{length}",
        }
        return Facts(
            shape=None,
            dtype="",
            name=known.get(source.cardinality) or source.counted(source.cardinality) + length,
            nbytes=source.estimated_bytes(),
            nbytes_exact=source.counts_exactly,
            state=_NOTHING_DRAWN,
            details=(step_name(obj),),
        )

    def content(self, obj: Any) -> Content:
        """Returns what an element looks like, and how to have one or all of them; it draws none."""
        source = self.source(obj)
        doubt = f"read as batches {source.doubt}; --join stack keeps them apart" if source.doubt else ""
        return Elements(describe(self.spec(obj)), _ways(source), doubt)


_NOTHING_DRAWN = "nothing drawn to show this"


def _ways(source: Source) -> tuple[tuple[str, str], ...]:
    """Returns how to have one element, and all, with what becomes of them: what is too large for the memory, on disk.

    A card does not know what the user calls its value: ``ds`` is what TensorFlow's guides call a dataset.
    """
    one = ("one element", "%tonumpy ds -n 1")
    together = source.joined(read_conversion()) == "concat"
    how = "joined along the first axis" if together else "stacked along a new first axis"
    how += " if they are equally long" if any(leaf.inner for leaf in source.structure.leaves) else ""
    if source.cardinality == ENDLESS:
        return (one, (f"100, {how}", "%tonumpy ds -n 100"))
    if (source.estimated_bytes() or 0) > read_conversion().max_bytes:
        return (one, ("all, to disk", "%tonumpy ds --save data.npz"))
    return (one, (f"all, {how}", "%tonumpy ds"))


@register_adapter
class NumpyDatasetAdapter(ElementsAdapter):
    """What ``iter_numpy`` gives: the dataset that it runs."""

    kind = "NumpyDataset"
    type_names = ("tfnp_ext.datasets.iteration.NumpyDataset",)
    automatic = False

    def facts(self, obj: Any) -> Facts:
        """Returns what is known of the dataset."""
        return DatasetAdapter().facts(obj.source.iterable)

    def source(self, obj: Any, opened: bool = True, max_bytes: float = math.inf) -> Source:
        """Returns what is known of the dataset."""
        dataset = obj.source.iterable
        return DatasetAdapter().source(dataset, opened, max_bytes)

    def content(self, obj: Any) -> Content:
        """Returns what is known of the dataset."""
        return DatasetAdapter().content(obj.source.iterable)


@register_adapter
class IteratorAdapter(ElementsAdapter):
    """Iterators of datasets."""

    kind = "iterator"
    type_names = (
        "tensorflow.python.data.ops.iterator_ops.OwnedIterator",
        "tensorflow.python.data.ops.dataset_ops.NumpyIterator",
        "tensorflow.python.distribute.input_lib.DistributedIterator",
    )

    def label(self, obj: Any) -> str:
        """Returns the class name: it says whose iterator it is; that of a plain one is as users know it."""
        return str(obj.__class__.__name__).removeprefix("Owned")

    def facts(self, obj: Any) -> Facts:
        """Returns that an element which is drawn is gone from it."""
        return Facts(shape=None, dtype="", state=_NOTHING_DRAWN, details=("gives each element once",))

    def spec(self, obj: Any) -> Any:
        """Returns the structure of an element."""
        return getattr(obj, "_iterator", obj).element_spec  # a NumpyIterator keeps it for itself

    def content(self, obj: Any) -> Content:
        """Returns what an element looks like, and how to have the next ones."""
        ways = (("next element", "%tonumpy next(it)"), ("next 100", "%tonumpy it -n 100"))
        return Elements(describe(self.spec(obj)), ways)

    def drawn_from(self, obj: Any, conversion: Conversion) -> Source:
        """Returns its source: the elements that are drawn are gone from the iterator.

        Raises:
            SymbolicTensorError: Inside ``tf.function``.
            ConversionError: Their number is not given.
        """
        if conversion.take is None:
            raise ConversionError(
                f"{self.label(obj)} gives each element once: draw one and convert it, as in to_numpy(next(iterator)),"
                " or say how many are drawn, as in take=3"
            )
        return super().drawn_from(obj, conversion)
