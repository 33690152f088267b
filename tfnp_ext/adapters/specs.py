"""Specs in words: what ``TensorSpec`` and its relatives say of the values that they describe."""

from __future__ import annotations

from typing import Any

from tfnp_ext import wording
from tfnp_ext.adapters.tensors import dtype_name, static_shape


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
    if hasattr(spec, "_value_specs"):
        return f"{wording.plural(len(spec._value_specs), 'replica')} of {spec_words(spec._value_specs[0])}"
    if not hasattr(spec, "shape") or not hasattr(spec, "dtype"):
        return type(spec).__name__
    kind = type(spec).__name__.removesuffix("Spec")
    words = f"{wording.shape(static_shape(spec))} {dtype_name(spec)}"
    return words if kind == "Tensor" else f"{kind} {words}"
