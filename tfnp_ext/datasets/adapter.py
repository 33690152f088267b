"""Datasets and their iterators as kinds of values: described without drawing, converted by drawing."""

from __future__ import annotations

import math
import sys
from functools import partial
from types import FrameType
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
        return self.described(obj, called(obj, "ds"))

    def described(self, obj: Any, name: str) -> Elements:
        """Returns what an element looks like, and how to have one or all of them under the name of the dataset."""
        source = self.source(obj)
        doubt = f"read as batches {source.doubt}; --join stack keeps them apart" if source.doubt else ""
        return Elements(describe(self.spec(obj)), _ways(source, name), doubt)


_NOTHING_DRAWN = "nothing drawn to show this"


def called(obj: Any, otherwise: str) -> str:
    """Returns what a user types to mean a value: a global name of theirs, or the number of the output it becomes.

    Args:
        obj: The value.
        otherwise: What it is called where neither is known: in a function, or without IPython.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return otherwise
    names = (name for name, value in list(shell.user_ns.items()) if value is obj and name[:1] != "_")
    return next(names, None) or (f"Out[{shell.displayhook.prompt_count}]" if _is_output(shell) else otherwise)


def _is_output(shell: Any) -> bool:
    """Returns whether the value of a cell is being shown, and not what ``display`` or ``show`` was called with."""
    hook = getattr(type(shell.displayhook).__call__, "__code__", None)
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not hook:
        frame = frame.f_back
    return frame is not None and getattr(shell.displayhook, "do_full_cache", False)


def _ways(source: Source, name: str) -> tuple[tuple[str, str], ...]:
    """Returns how to have one element, and all, with what becomes of them; those too large for the memory, on disk."""
    one = ("one element", f"%tonumpy {name} -n 1")
    together = source.joined(read_conversion()) == "concat"
    how = "joined along the first axis" if together else "stacked along a new first axis"
    how += " if they are equally long" if any(leaf.inner for leaf in source.structure.leaves) else ""
    if source.cardinality == ENDLESS:
        return (one, (f"100, {how}", f"%tonumpy {name} -n 100"))
    if (source.estimated_bytes() or 0) > read_conversion().max_bytes:
        return (one, ("all, to disk", f"%tonumpy {name} --save data.npz"))
    return (one, (f"all, {how}", f"%tonumpy {name}"))


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
        return DatasetAdapter().described(obj.source.iterable, called(obj, "ds"))


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
        name = called(obj, "it")
        ways = (("next element", f"%tonumpy next({name})"), ("next 100", f"%tonumpy {name} -n 100"))
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
