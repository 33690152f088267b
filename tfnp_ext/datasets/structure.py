"""The structure of an element: which tensors are in it, how each is reached, how they are put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

from tfnp_ext import wording
from tfnp_ext.adapters import Component, NestAdapter, find_adapter
from tfnp_ext.adapters.base import Parts
from tfnp_ext.adapters.tensors import static_shape
from tfnp_ext.errors import ConversionError

_RAGGED = "tensorflow.python.ops.ragged.ragged_tensor.RaggedTensorSpec"
_OPTIONAL = "tensorflow.python.data.ops.optional_ops.OptionalSpec"
_DATASET = "tensorflow.python.data.ops.dataset_ops.DatasetSpec"
_EXTENSION_TYPE = "tensorflow.python.framework.extension_type.ExtensionTypeSpec"
_STRUCTURED = "tensorflow.python.ops.structured.structured_tensor.StructuredTensor.Spec"
_PER_REPLICA = "tensorflow.python.distribute.values.PerReplicaSpec"
_SPEC = "tensorflow.python.framework.type_spec.TypeSpec"
_NONE = "tensorflow.python.framework.none_tensor.NoneTensorSpec"

_KINDS = {"IndexedSlices": "indexed slices", "TensorArray": "TensorArray"}
"""Kinds of tensors that lower case alone makes no words of."""


@dataclass(frozen=True)
class Leaf:
    """One tensor of an element.

    Attributes:
        steps: How Python reaches it: ``("['image']",)``, ``("[0]",)``, none where the element is the tensor.
        spec: Its ``TypeSpec``.
        inner: Whether it comes out of a dataset in the element, so that the first axis counts that one's elements.
    """

    steps: tuple[str, ...]
    spec: Any
    inner: bool = False

    @property
    def path(self) -> str:
        """Its steps as Python writes them: ``['image'][0]``, ``""`` where the element is the tensor."""
        return "".join(self.steps)

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """Its shape, ``None`` for an axis of unknown length, or for an unknown rank."""
        return static_shape(self.spec) if hasattr(self.spec, "shape") else None

    def may_be_batch_of(self, length: int) -> bool:
        """Returns whether its first axis may count so many examples."""
        return not self.inner and (self.shape is None or (bool(self.shape) and self.shape[0] in {None, length}))

    @property
    def is_ragged_tensor(self) -> bool:
        """Whether it is a ``RaggedTensor``, rather than a tensor that is not always of one shape."""
        return is_spec_of(self.spec, _RAGGED) and bool(self.spec.ragged_rank)

    @property
    def may_be_text(self) -> bool:
        """Whether it holds strings, as far as its spec tells."""
        dtype = getattr(self.spec, "dtype", None)
        return dtype is None or dtype.name == "string"

    @property
    def leads_with_none(self) -> bool:
        """Whether its first axis is as long as the batch is."""
        return not self.inner and bool(self.shape) and self.shape[0] is None  # type: ignore[index]


@dataclass(frozen=True)
class Nest:
    """A container in an element, or a value that is opened to what it holds: an ``Optional``, an extension type.

    Attributes:
        children: How each child is had of the opened value, and the child.
        rebuild: Makes the container of converted children.
        opened: Opens a value of the kind.
    """

    children: tuple[tuple[Callable[[Any], Any], Leaf | Nest], ...]
    rebuild: Callable[[Sequence[Any]], Any]
    opened: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Structure:
    """What an ``element_spec`` says of every element.

    Args:
        root: The outermost container, or the only tensor.

    Attributes:
        leaves: Its tensors, in order.
    """

    root: Leaf | Nest
    leaves: tuple[Leaf, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "leaves", tuple(_leaves(self.root)))

    @property
    def batched(self) -> bool:
        """Whether elements are batches: every tensor leads with an axis of unknown length (DESIGN, section 2.1)."""
        return bool(self.leaves) and all(leaf.leads_with_none for leaf in self.leaves)

    def flatten(self, element: Any) -> list[Any]:
        """Returns the tensors of an element, in the order of ``leaves``."""
        if isinstance(self.root, Leaf):
            return [element]
        values: list[Any] = []
        _flatten(self.root, element, values)
        return values

    def rebuild(self, values: Sequence[Any]) -> Any:
        """Returns the structure of an element with other values at its leaves, in the order of ``leaves``."""
        return _rebuild(self.root, iter(values))


def read_structure(spec: Any, open_dataset: Callable[[Any], Any] | None) -> Structure:
    """Returns the structure that an ``element_spec`` describes.

    Args:
        spec: The nest of ``TypeSpec``.
        open_dataset: What a dataset inside an element is converted with, to the structure of its elements; ``None``
            leaves it a dataset.
    """
    return Structure(_read(spec, (), False, open_dataset))


def describe(spec: Any, step: str = "", wrapped: str = "") -> Component:
    """Returns an ``element_spec`` in words; nothing in it is opened.

    Args:
        spec: The nest of ``TypeSpec``.
        step: How it is reached in its container.
        wrapped: In what it comes: ``optional ``, ``dataset of ``.
    """
    if is_spec_of(spec, _NONE):
        return Component(step, "", f"{wrapped}None")
    if is_spec_of(spec, _OPTIONAL):
        return describe(spec._element_spec, step, f"{wrapped}optional ")
    if is_spec_of(spec, _DATASET):
        return describe(spec._element_spec, step, f"{wrapped}dataset of ")
    if is_spec_of(spec, _PER_REPLICA):
        replicas = wording.plural(len(spec._value_specs), "replica")
        return describe(spec._value_specs[0], step, f"{wrapped}{replicas} of ")
    fields = _fields_of(spec)
    if fields is not None:
        described = tuple(describe(child, f".{name}") for name, _, child in fields)
        return Component(step, "", wrapped + spec.value_type.__name__, described)
    adapter = find_adapter(spec)
    if isinstance(adapter, NestAdapter):
        parts = adapter.parts(spec)
        children = tuple(describe(child, one) for one, child in zip(parts.steps, parts.children, strict=True))
        return Component(step, "", wrapped + adapter.label(spec), children)
    return _describe_tensor(spec, step, wrapped)


def _describe_tensor(spec: Any, step: str, wrapped: str) -> Component:
    def said(*names: str) -> Any:  # not every spec has them in public
        return next((getattr(spec, name) for name in names if hasattr(spec, name)), None)

    dtype, shape = said("dtype", "_dtype", "_values_dtype"), said("shape", "_shape", "_element_shape")
    kind = type(spec).__name__.removesuffix("Spec")
    if dtype is None:
        return Component(step, "", wrapped + kind)
    kind = kind.removesuffix("Tensor")
    name = f"{getattr(dtype, 'name', dtype)} {_KINDS.get(kind, kind.lower())}".strip()
    axes = None if getattr(shape, "rank", None) is None else shape.as_list()
    return Component(step, wording.shape(axes), wrapped + name)


def is_spec_of(spec: Any, name: str) -> bool:
    """Returns whether a spec is of a class, by its dotted name."""
    return any(f"{base.__module__}.{base.__qualname__}" == name for base in type(spec).__mro__)


def _read(spec: Any, steps: tuple[str, ...], inner: bool, open_dataset: Callable[[Any], Any] | None) -> Leaf | Nest:
    def read(child: Any, *step: str, inside: bool = inner) -> Leaf | Nest:
        return _read(child, (*steps, *step), inside, open_dataset)

    if is_spec_of(spec, _NONE):
        return Nest((), lambda children: None)
    if is_spec_of(spec, _OPTIONAL):
        return Nest(((_itself, read(spec._element_spec)),), itemgetter(0), opened=_value_of)
    if open_dataset is not None and is_spec_of(spec, _DATASET):
        return Nest(((_itself, read(spec._element_spec, inside=True)),), itemgetter(0), opened=open_dataset)
    if is_spec_of(spec, _PER_REPLICA):
        return read(spec._value_specs[0])
    fields = _fields_of(spec)
    if fields is not None:
        children = tuple((get, read(child, f"['{name}']")) for name, get, child in fields)
        names = tuple(name for name, _, _ in fields)
        return Nest(children, lambda values: dict(zip(names, values, strict=True)))
    adapter = find_adapter(spec)
    if not isinstance(adapter, NestAdapter):
        # What an extension type holds beside tensors, a name or a number, is the same in every element.
        return Leaf(steps, spec, inner) if is_spec_of(spec, _SPEC) else Nest((), lambda children: spec)
    parts: Parts = adapter.parts(spec)
    getters = [_getter(spec, step, place) for place, step in enumerate(parts.steps)]
    made = tuple(
        (getter, read(child, step)) for getter, child, step in zip(getters, parts.children, parts.steps, strict=True)
    )
    return Nest(made, parts.rebuild)


def _fields_of(spec: Any) -> list[tuple[str, Callable[[Any], Any], Any]] | None:
    """Returns name, getter and spec of each field of an extension type or a structured tensor."""
    if is_spec_of(spec, _STRUCTURED):
        return [(name, lambda value, name=name: value.field_value(name), child)  # type: ignore[misc]
                for name, child in spec._field_specs.items()]  # fmt: skip
    if is_spec_of(spec, _EXTENSION_TYPE):
        names = [one.name for one in spec.value_type._tf_extension_type_fields()]
        return [(name, attrgetter(name), getattr(spec, name)) for name in names]
    return None


def _getter(container: Any, step: str, place: int) -> Callable[[Any], Any]:
    """Returns how a child is had of a container."""
    if isinstance(container, Mapping):
        return itemgetter(tuple(container)[place])
    if isinstance(container, (list, tuple)):
        return itemgetter(place)
    return attrgetter(step[1:])


def _itself(value: Any) -> Any:
    return value


def _value_of(optional: Any) -> Any:
    if not optional.has_value():
        raise ConversionError("an Optional in it has no value: leave those out, as in filter(lambda x: x.has_value())")
    return optional.get_value()


def _leaves(node: Leaf | Nest) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
    else:
        for _, child in node.children:
            yield from _leaves(child)


def _flatten(node: Nest, value: Any, values: list[Any]) -> None:
    opened = value if node.opened is None else node.opened(value)
    for getter, child in node.children:
        if isinstance(child, Leaf):
            values.append(getter(opened))
        else:
            _flatten(child, getter(opened), values)


def _rebuild(node: Leaf | Nest, values: Iterator[Any]) -> Any:
    if isinstance(node, Leaf):
        return next(values)
    return node.rebuild([_rebuild(child, values) for _, child in node.children])
