"""What is known of a dataset or an iterator without drawing an element: structure, number of elements, bytes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import Conversion
from tfnp_ext.casting import is_text
from tfnp_ext.convert import to_numpy
from tfnp_ext.datasets.columns import Joined, is_ragged
from tfnp_ext.datasets.pipeline import (
    Batches,
    batch_length,
    gives_elements_repeatedly,
    is_mapped,
    is_plain,
    makes_batches,
    read_batches,
)
from tfnp_ext.datasets.structure import Leaf, Structure, read_structure
from tfnp_ext.errors import ConversionError

ENDLESS, UNKNOWN = -1, -2
"""What ``Dataset.cardinality()`` says of an endless dataset, and of one whose length is not known before its end.

Source: ``tf.data.INFINITE_CARDINALITY`` and ``tf.data.UNKNOWN_CARDINALITY``.
"""


@dataclass(frozen=True)
class Source:
    """A dataset or an iterator, and what is known of it.

    Attributes:
        iterable: What is iterated.
        kind: The user's word for it.
        structure: What is in an element.
        cardinality: How many elements it has; ``ENDLESS`` or ``UNKNOWN``.
    """

    iterable: Any
    kind: str
    structure: Structure
    cardinality: int

    @property
    def unit(self) -> str:
        """What an element is called."""
        return "batch" if self.batched else "element"

    @property
    def units(self) -> str:
        """What elements are called."""
        return "batches" if self.batched else "elements"

    @cached_property
    def batched(self) -> bool:
        """Whether elements are batches: by their structure, or since a step made batches of that length of them."""
        if self.structure.batched:
            return True
        dealt_out = getattr(self.iterable, "_original_dataset", None)  # a strategy's: each replica has its part of it
        length = batch_length(self.iterable if dealt_out is None else dealt_out)
        if length is not None and dealt_out is not None:
            length //= getattr(self.iterable, "_num_replicas_in_sync", 1) or 1
        leaves = self.structure.leaves
        return length is not None and bool(leaves) and all(leaf.may_be_batch_of(length) for leaf in leaves)

    @property
    def only_looks_batched(self) -> bool:
        """Whether elements count as batches for their structure alone: no step is seen that makes batches."""
        return self.batched and self.is_dataset and not makes_batches(self.iterable)

    @property
    def doubt(self) -> str:
        """Why elements count as batches where they might be single examples; ``""`` where that is sure."""
        if self.only_looks_batched:
            return "since an unknown length leads"
        if self.batched and not self.structure.batched and is_mapped(self.iterable):
            lengths = {leaf.shape[0] for leaf in self.structure.leaves if leaf.shape}
            return f"since {' and '.join(map(str, lengths))} leads, as in the batches before map"
        return ""

    def counted(self, count: int, of: int | None = None) -> str:
        """Returns ``3 batches``, ``1 element``, or, of more, ``1 of 45 batches``."""
        if of is None:
            return wording.plural(count, self.unit, self.units)
        return f"{wording.integer(count)} of {wording.plural(of, self.unit, self.units)}"

    def elements(self, take: int | None) -> int | None:
        """Returns how many elements will be drawn; ``None`` where that is not known, or there is no end."""
        if self.cardinality >= 0:
            return self.cardinality if take is None else min(take, self.cardinality)
        return take if self.cardinality == ENDLESS else None

    def joined(self, conversion: Conversion) -> Joined:
        """Returns how elements are joined: batches on end, else along a new first axis, unless users say how.

        Rows of one batch are as long as each other, so that who says what becomes of ragged ones means elements; and so
        does who says it of what nobody batched.
        """
        if conversion.join != "auto":
            return cast("Joined", conversion.join)
        if not self.batched:
            return "stack"
        leaves = [leaf for leaf in self.structure.leaves if is_ragged(leaf, "concat")]
        only_dense = all(type(leaf.spec).__name__ == "TensorSpec" for leaf in leaves)
        means_elements = not leaves or (self.only_looks_batched and only_dense)
        return "stack" if conversion.ragged is not None and means_elements else "concat"

    @property
    def batches(self) -> Batches | None:
        """How long its batches are, and how many examples they hold; ``None`` where its steps do not tell."""
        return read_batches(self.iterable) if self.batched else None

    def examples(self) -> int | None:
        """Returns how many examples there are in all batches, where the steps of the pipeline tell."""
        if self.cardinality < 0 or not self.is_dataset:
            return None
        if not self.batched:
            return self.cardinality
        batches = self.batches
        return int(batches.examples) if batches is not None and batches.examples < math.inf else None

    def estimated_bytes(self) -> int | None:
        """Returns about how many bytes all elements take; ``None`` where that cannot be told."""
        examples = self.examples()
        sizes = [_bytes_of_one(leaf, self.batched) for leaf in self.structure.leaves]
        if examples is None or not sizes or None in sizes:
            return None
        return examples * sum(size for size in sizes if size is not None)

    @property
    def counts_exactly(self) -> bool:
        """Whether the bytes are exact: no function of the user's had a hand in the elements."""
        return is_plain(self.iterable)

    @property
    def is_dataset(self) -> bool:
        """Whether it is a dataset, and not an iterator or what a strategy deals out to its replicas."""
        return any(base.__name__ == "DatasetV2" for base in type(self.iterable).__mro__)

    def repeats(self) -> bool:
        """Returns whether it comes from a tf.data service whose workers each give every element."""
        return gives_elements_repeatedly(self.iterable)


def _bytes_of_one(leaf: Leaf, batched: bool) -> int | None:
    """Returns the bytes of a leaf in one example, ``None`` where the spec does not tell."""
    shape = leaf.shape
    if type(leaf.spec).__name__ != "TensorSpec" or shape is None or leaf.inner:
        return None
    row = shape[1:] if batched else shape
    try:
        item = np.dtype(leaf.spec.dtype.as_numpy_dtype)
    except KeyError:  # a variant or a resource
        return None
    if None in row or item.hasobject:  # strings are as long as they are
        return None
    return math.prod(axis or 0 for axis in row) * int(item.itemsize)


def read_source(obj: Any, kind: str, spec: Any, open_dataset: Callable[[Any], Any] | None) -> Source:
    """Returns what is known of a dataset or an iterator; nothing is run.

    Args:
        obj: The dataset or the iterator.
        kind: The user's word for it.
        spec: The structure of an element.
        open_dataset: What a dataset inside an element becomes; ``None`` leaves it a dataset.
    """
    return Source(obj, kind, read_structure(spec, open_dataset), cardinality(obj))


def open_inner(dataset: Any, max_bytes: float) -> Any:
    """Returns the arrays of a dataset inside an element."""
    if cardinality(dataset) == ENDLESS:
        raise ConversionError("a dataset in an element is endless: take() from it in a map")
    return to_numpy(dataset, progress=False, max_bytes=None if max_bytes == math.inf else int(max_bytes))


def cardinality(obj: Any) -> int:
    """Returns how many elements TensorFlow knows of, without running anything; of an iterator it knows of none."""
    made = getattr(obj, "_variant_tensor", None)
    eager = hasattr(made, "backing_device")  # made outside, it is asked there: inside a graph none knows
    try:
        with sys.modules["tensorflow"].init_scope() if eager else nullcontext():
            return int(obj.cardinality())
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):  # the third inside a graph
        pass
    known = getattr(obj, "_cardinality", None)  # a strategy's dataset keeps it for itself
    return UNKNOWN if known is None else int(known)


def refuse_text(source: Source, conversion: Conversion) -> None:
    """Raises a ``ConversionError`` where strings are to be decoded and no tensor of the elements holds any."""
    asked = conversion.dtype is not None and is_text(conversion.dtype)
    if asked and source.structure.leaves and not any(leaf.may_be_text for leaf in source.structure.leaves):
        raise ConversionError(f"{source.kind} holds no strings: dtype=str decodes string tensors")


def refuse_endless(source: Source, take: int | None) -> None:
    """Raises a ``ConversionError`` for a dataset without an end of which no number of elements is asked for."""
    if source.cardinality == ENDLESS and take is None:
        raise ConversionError(f"{source.kind} is endless: say how many elements, as in take=100")
