"""Kinds of values: one adapter class a kind, and the registry that finds it.

An adapter recognises its kind by dotted class names (nothing is imported to detect), tells its facts, and converts
it. Nothing here recurses into containers: that is ``convert``'s.
"""

from __future__ import annotations

from tfnp_ext.adapters import (
    arrays,
    composites,
    datasets,
    distributed,
    examples,
    gradients,
    modules,
    nests,
    objects,
    protos,
    symbolic,
    tensors,
)
from tfnp_ext.adapters.base import (
    Absent,
    Adapter,
    Content,
    Conversion,
    Dense,
    DenseAdapter,
    Described,
    Elements,
    Facts,
    NestAdapter,
    Owned,
    Parts,
    Ragged,
    Slices,
    Sparse,
    array_of,
    copy_refused,
    find_adapter,
    register_adapter,
    registered_names,
    step_name,
)
from tfnp_ext.adapters.strings import CutString, Strings

__all__ = [
    "Absent",
    "Adapter",
    "Content",
    "Conversion",
    "CutString",
    "Dense",
    "DenseAdapter",
    "Described",
    "Elements",
    "Facts",
    "NestAdapter",
    "Owned",
    "Parts",
    "Ragged",
    "Slices",
    "Sparse",
    "Strings",
    "array_of",
    "arrays",
    "composites",
    "copy_refused",
    "datasets",
    "distributed",
    "examples",
    "find_adapter",
    "gradients",
    "modules",
    "nests",
    "objects",
    "protos",
    "register_adapter",
    "registered_names",
    "step_name",
    "symbolic",
    "tensors",
]
