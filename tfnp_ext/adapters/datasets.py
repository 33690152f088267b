"""Datasets and their iterators: what an element looks like and how many there are; no element is ever drawn here."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import Adapter, Content, Conversion, Elements, Facts, Owned, Parts, register_adapter
from tfnp_ext.adapters.tensors import dtype_name, static_shape
from tfnp_ext.errors import ConversionError

INFINITE, UNKNOWN = -1, -2
"""What ``Dataset.cardinality()`` says of an endless dataset, and of one whose length is not known before its end.

Source: ``tf.data.INFINITE_CARDINALITY`` and ``tf.data.UNKNOWN_CARDINALITY``.
"""


def spec_words(spec: Any) -> str:
    """Returns an ``element_spec`` in words: shape and dtype of each tensor, in the structure that holds them."""
    if isinstance(spec, dict):
        return "{" + ", ".join(f"{name}: {spec_words(child)}" for name, child in spec.items()) + "}"
    if isinstance(spec, (list, tuple)):
        names = getattr(spec, "_fields", None)
        children = [spec_words(child) for child in spec]
        if names:
            children = [f"{name}: {child}" for name, child in zip(names, children, strict=True)]
        return "(" + ", ".join(children) + ("," if len(children) == 1 else "") + ")"
    if not hasattr(spec, "shape") or not hasattr(spec, "dtype"):
        return type(spec).__name__
    kind = type(spec).__name__.removesuffix("Spec")
    words = f"{wording.shape(static_shape(spec))} {dtype_name(spec)}"
    return words if kind == "Tensor" else f"{kind} {words}"


def spec_parts(spec: Any, path: str = "") -> list[tuple[str, str, str]]:
    """Returns path, shape and dtype of each tensor of an ``element_spec``, the path as Python reaches it."""
    if isinstance(spec, dict):
        return [part for name, child in spec.items() for part in spec_parts(child, f"{path}[{name!r}]")]
    if isinstance(spec, (list, tuple)):
        names = getattr(spec, "_fields", None)
        steps = [f".{name}" for name in names] if names else [f"[{place}]" for place in range(len(spec))]
        pairs = zip(steps, spec, strict=True)
        return [part for step, child in pairs for part in spec_parts(child, path + step)]
    if not hasattr(spec, "shape") or not hasattr(spec, "dtype"):
        return [(path, "", type(spec).__name__)]
    kind = type(spec).__name__.removesuffix("Spec").removesuffix("Tensor")
    return [(path, wording.shape(static_shape(spec)), f"{dtype_name(spec)} {kind.lower()}".strip())]


class ElementsAdapter(Adapter):
    """What yields elements: it is described, and an element is drawn only by who asks for one."""

    tensor_like = False
    one = ""
    """What a user types to have one element."""

    def spec(self, obj: Any) -> Any:
        """Returns the structure of an element."""
        return obj.element_spec

    def facts(self, obj: Any) -> Facts:
        """Returns no shape and no dtype: elements have them."""
        return Facts(shape=None, dtype="")

    def content(self, obj: Any) -> Content:
        """Returns what an element looks like, and how to have one; the card draws none."""
        name = type(obj).__name__.removeprefix("_").removeprefix("Owned")
        own = "" if name == self.label(obj) else f"{name} · "
        return Elements(tuple(spec_parts(self.spec(obj))), f"{own}no element was read; {self.one} gives one")


@register_adapter
class DatasetAdapter(ElementsAdapter):
    """``tf.data.Dataset``, and the dataset of a strategy."""

    kind = "Dataset"
    one = "next(iter(…))"
    type_names = (
        "tensorflow.python.data.ops.dataset_ops.DatasetV2",
        "tensorflow.python.distribute.input_lib.DistributedDataset",
    )

    def facts(self, obj: Any) -> Facts:
        """Returns how many elements there are, as far as TensorFlow knows it without running anything."""
        try:
            count = int(obj.cardinality())
        except (AttributeError, NotImplementedError, TypeError):
            count = UNKNOWN
        known = {INFINITE: "endless", UNKNOWN: "unknown number of elements"}
        return Facts(shape=None, dtype="", name=known.get(count) or wording.plural(count, "element"))

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses: a dataset is converted batch by batch.

        Raises:
            ConversionError: Always.
        """
        raise ConversionError(
            f"{self.label(obj)} is converted batch by batch, as in: for batch in ds.take(1): to_numpy(batch)"
        )


@register_adapter
class IteratorAdapter(ElementsAdapter):
    """Iterators of datasets."""

    kind = "iterator"
    one = "next(…)"
    type_names = (
        "tensorflow.python.data.ops.iterator_ops.OwnedIterator",
        "tensorflow.python.data.ops.dataset_ops.NumpyIterator",
        "tensorflow.python.distribute.input_lib.DistributedIterator",
    )

    def label(self, obj: Any) -> str:
        """Returns the class name: it says whose iterator it is; that of a plain one is as users know it."""
        return str(obj.__class__.__name__).removeprefix("Owned")

    def spec(self, obj: Any) -> Any:
        """Returns the structure of an element."""
        return getattr(obj, "_iterator", obj).element_spec  # a NumpyIterator keeps it for itself

    def to_numpy(self, obj: Any, conversion: Conversion) -> np.ndarray | Owned | Parts:
        """Refuses: an element that is drawn is gone, so drawing is left to the user.

        Raises:
            ConversionError: Always.
        """
        raise ConversionError(
            f"{self.label(obj)} gives each element once: draw one and convert it, as in to_numpy(next(iterator))"
        )
