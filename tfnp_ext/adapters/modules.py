"""Things with weights: ``tf.Module``, Keras layers, models, optimizers and metrics, as a dict by attribute path."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from tfnp_ext.adapters.base import (
    Described,
    Facts,
    NestAdapter,
    Owned,
    Parts,
    find_adapter,
    register_adapter,
    step_name,
)
from tfnp_ext.adapters.examples import free_name, named_parts
from tfnp_ext.adapters.nests import ContainerAdapter
from tfnp_ext.adapters.tensors import KerasVariableAdapter, VariableAdapter
from tfnp_ext.errors import ConversionError, SymbolicTensorError, reason


def by_path(weights: Iterable[tuple[str, Any]]) -> Parts:
    """Returns the variables by path; a path that occurs again gets ``#2``, so nothing is lost."""
    children: dict[str, Any] = {}
    for path, variable in weights:
        children[free_name(path, children)] = variable
    return named_parts(children)


_PLAIN = frozenset({type(None), bool, int, float, str})

_DEEPEST_GROUP = 8
"""Path parts that make groups at most: what lies deeper keeps the rest of its path as its name."""


def grouped(weights: Iterable[tuple[str, Any]], depth: int = 0) -> dict[str, Any]:
    """Returns weights by path as nested dicts by path part; what would be alone in a group is named by all its parts.

    Example:
        >>> grouped([("conv/kernel", 1), ("conv/bias", 2), ("head/0/kernel", 3)])
        {'conv': {'kernel': 1, 'bias': 2}, 'head/0/kernel': 3}
    """
    groups: dict[str, list[tuple[str, Any]]] = {}
    for path, weight in weights:
        groups.setdefault(path.partition("/")[0], []).append((path, weight))
    tree: dict[str, Any] = {}
    for name, entries in groups.items():
        inner = [(path[len(name) + 1 :], weight) for path, weight in entries if len(path) > len(name) + 1]
        if len(inner) < 2 or depth == _DEEPEST_GROUP:
            tree.update(entries)
            continue
        tree.update((path, weight) for path, weight in entries if len(path) <= len(name) + 1)
        below = grouped(inner, depth + 1)
        if len(below) == 1:
            [(rest, only)] = below.items()
            tree[free_name(f"{name}/{rest}", tree)] = only
        else:  # a weight may be named as the group is
            tree[free_name(f"{name}/" if name in tree else name, tree)] = below
    return tree


class WeightsAdapter(NestAdapter):
    """What all of them have in common."""

    def label(self, obj: Any) -> str:
        """Returns the class name, of what a weak reference stands for too."""
        return str(obj.__class__.__name__)

    def shown_parts(self, obj: Any) -> Parts:
        """Returns the variables in groups by path part: a card is read by layer, a result by whole path."""
        parts = self.parts(obj)
        return named_parts(grouped(parts.rebuild(parts.children).items()))


@register_adapter
class ModuleAdapter(WeightsAdapter):
    """``tf.Module``, the Keras variables and layers in its attributes included: TensorFlow itself overlooks those."""

    kind = "Module"
    type_names = ("tensorflow.python.module.module.Module",)
    counted = "parameter"

    def has_weights(self, obj: Any) -> bool:
        """Returns whether an attribute is a variable, or leads to one."""
        return next(iter(obj._flatten(predicate=_has_weights)), None) is not None

    def parts(self, obj: Any) -> Parts:
        """Returns the variables by the attributes that lead to them.

        Raises:
            ConversionError: There are none, a Keras layer is not built, or TensorFlow cannot walk an attribute.
        """
        try:
            found = list(obj._flatten(predicate=_has_weights, with_path=True))
        except Exception as error:
            raise ConversionError(f"{self.label(obj)} cannot be walked: {reason(error)}") from error
        weights: list[tuple[str, Any]] = []
        for steps, value in found:
            path = "/".join(map(str, steps))
            if isinstance(find_adapter(value), KerasLayerAdapter):
                weights += ((f"{path}/{name}", weight) for name, weight in _layer_weights(value))
            else:
                weights.append((path, value))
        if not weights:
            raise ConversionError(f"{self.label(obj)} has no variables: those made at the first call come with it")
        return by_path(weights)


def _has_weights(value: Any) -> bool:
    return isinstance(find_adapter(value), (VariableAdapter, KerasVariableAdapter, KerasLayerAdapter))


def given_name(obj: Any) -> str:
    """Returns the name that the user gave to what Keras made; what Keras calls it by itself says its class again."""
    name = getattr(obj, "name", "")
    if not isinstance(name, str):
        return ""
    word, _, number = name.rpartition("_")
    plain = (word if number.isdigit() else name).replace("_", "")
    return "" if plain == obj.__class__.__name__.lower().replace("_", "") else name


@register_adapter
class KerasLayerAdapter(WeightsAdapter):
    """Keras layers and models."""

    kind = "Layer"
    type_names: ClassVar[tuple[str, ...]] = ("keras.src.layers.layer.Layer",)
    priority = 1
    counted = "parameter"

    def has_weights(self, obj: Any) -> bool:
        """Returns whether it is built and needs weights."""
        return bool(obj.built and obj.weights)

    def facts(self, obj: Any) -> Facts:
        """Returns its name."""
        return replace(super().facts(obj), name=given_name(obj))

    def parts(self, obj: Any) -> Parts:
        """Returns the weights by path, without the name of the layer or model itself.

        Raises:
            ConversionError: It is not built yet, or has no weights.
        """
        weights = _layer_weights(obj)
        if not weights:
            raise ConversionError(f"{self.label(obj)} {obj.name!r} has no weights")
        return by_path(weights)


def _layer_weights(layer: Any) -> list[tuple[str, Any]]:
    """Returns the weights of a layer or model by path, none for a layer that needs none.

    Raises:
        ConversionError: The layer, or one within it, is not built yet, so that weights are missing.
    """
    if not layer.built:
        for part in layer._flatten_layers(include_self=not layer.weights, recursive=True):
            if not (part.built or part.weights or getattr(part.build, "_is_default", False)):
                raise ConversionError(
                    f"{part.__class__.__name__} {part.name!r} is not built, so it has no weights yet:"
                    f" call {'it' if part.name == layer.name else repr(layer.name)} on data, or build it"
                )
    weights = [(_relative(str(weight.path), layer.name), weight) for weight in layer.weights]
    return weights + list(_plain_variables(layer))


def _plain_variables(layer: Any) -> Iterator[tuple[str, Any]]:
    """Yields the ``tf.Variable`` attributes of a layer and those within it by path: Keras overlooks them as weights."""
    seen: set[int] = set()
    for part in layer._flatten_layers(include_self=True, recursive=True):
        where = "" if part is layer else _relative(f"{part.path or part.name}/", layer.name)
        for name, value in vars(part).items():
            if not name.startswith(("_self_", "_obj_")):  # TensorFlow's and Keras' books of what they track
                yield from _variables_in(value, f"{where}{name}", seen)


def _variables_in(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yields the ``tf.Variable`` values in an attribute: itself, or in a dict, list, tuple or ``tf.Module``."""
    if type(value) in _PLAIN:  # most attributes of a layer
        return
    adapter = find_adapter(value)
    if not isinstance(adapter, (VariableAdapter, ContainerAdapter, ModuleAdapter)) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(adapter, VariableAdapter):
        yield path, value
    elif isinstance(adapter, ModuleAdapter):
        for steps, variable in value._flatten(predicate=_is_plain_variable, with_path=True):
            if id(variable) not in seen:
                seen.add(id(variable))
                yield "/".join((path, *map(str, steps))), variable
    else:
        parts = adapter.parts(value)
        for step, child in zip(parts.steps, parts.children, strict=True):
            yield from _variables_in(child, f"{path}/{step_name(step).strip('[]')}", seen)


def _is_plain_variable(value: Any) -> bool:
    return isinstance(find_adapter(value), VariableAdapter)


def _relative(path: str, name: str) -> str:
    steps = path.split("/")
    return "/".join(steps[steps.index(name) + 1 :]) if name in steps[:-1] else path


@register_adapter
class VocabularyAdapter(KerasLayerAdapter):
    """Keras layers that look tokens up: their vocabulary, and what weighs it."""

    kind = "Layer"
    type_names: ClassVar[tuple[str, ...]] = (
        "keras.src.layers.preprocessing.index_lookup.IndexLookup",
        "keras.src.layers.preprocessing.text_vectorization.TextVectorization",
    )
    holds_arrays = True

    def parts(self, obj: Any) -> Parts:
        """Returns the tokens in the order of their indices, those for padding and for the unknown first, and weights.

        Raises:
            ConversionError: It has no vocabulary yet.
        """
        self._vocabulary_dtype(obj)
        tokens = obj.get_vocabulary()
        words = any(isinstance(token, str) for token in tokens)
        vocabulary = np.array([str(token) for token in tokens] if words else tokens, dtype=object if words else None)
        return by_path([("vocabulary", Owned(vocabulary)), *_plain_variables(obj)])

    def shown_parts(self, obj: Any) -> Parts:
        """Returns how many tokens there are; none is read.

        Raises:
            ConversionError: It has no vocabulary yet.
        """
        dtype = self._vocabulary_dtype(obj)
        tokens = Described((int(obj.vocabulary_size()),), dtype, "not read: %tonumpy reads it")
        return by_path([("vocabulary", tokens), *_plain_variables(obj)])

    def _vocabulary_dtype(self, obj: Any) -> str:
        """Returns the dtype of the tokens.

        Raises:
            SymbolicTensorError: There is no value here: inside ``tf.function``.
            ConversionError: It has no vocabulary yet.
        """
        if not sys.modules["tensorflow"].executing_eagerly():
            raise SymbolicTensorError(f"{self.label(obj)} has no value inside tf.function: convert it outside")
        lookup = getattr(obj, "_lookup_layer", obj)  # TextVectorization splits texts, and has another look them up
        if not int(lookup.lookup_table.size()):
            raise ConversionError(f"{self.label(obj)} {obj.name!r} has no vocabulary yet: adapt it to data")
        return str(lookup.vocabulary_dtype)


@register_adapter
class TrackableAdapter(WeightsAdapter):
    """What ``tf.saved_model.load`` gives, and ``tf.train.Checkpoint``: the variables that would be saved, by path."""

    kind = "Trackable"
    type_names = (
        "tensorflow.python.trackable.autotrackable.AutoTrackable",
        "tensorflow.python.checkpoint.checkpoint.Checkpoint",
    )

    def matches(self, obj: Any) -> bool:
        """Returns whether it is TensorFlow's own: what Keras tracks so has kinds of its own."""
        return all(base.__name__ != "KerasAutoTrackable" for base in type(obj).__mro__)

    def parts(self, obj: Any) -> Parts:
        """Returns the variables by the names that lead to them, each once.

        Raises:
            ConversionError: There are none.
        """
        weights = list(_tracked_variables(obj, "", {id(obj)}))
        if not weights:
            raise ConversionError(f"{self.label(obj)} has no variables: nothing of it would be saved")
        return by_path(weights)


def _tracked_variables(obj: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    for name, child in obj._trackable_children().items():
        if id(child) in seen:
            continue
        seen.add(id(child))
        if _has_weights(child) and not isinstance(find_adapter(child), KerasLayerAdapter):
            yield f"{path}{name}", child
        elif hasattr(child, "_trackable_children"):
            yield from _tracked_variables(child, f"{path}{name}/", seen)


@register_adapter
class KerasStateAdapter(WeightsAdapter):
    """Keras optimizers and metrics: their variables."""

    kind = "Optimizer"
    type_names = ("keras.src.optimizers.base_optimizer.BaseOptimizer", "keras.src.metrics.metric.Metric")
    priority = 1

    def has_weights(self, obj: Any) -> bool:
        """Returns whether it has a state by now."""
        return bool(obj.variables)

    def facts(self, obj: Any) -> Facts:
        """Returns its name."""
        return replace(super().facts(obj), name=given_name(obj))

    def parts(self, obj: Any) -> Parts:
        """Returns the variables by path.

        Raises:
            ConversionError: It is not built yet.
        """
        variables = obj.variables
        if not variables:
            raise ConversionError(f"{self.label(obj)} {obj.name!r} has no state yet: it comes with the first step")
        return by_path((_relative(str(variable.path), obj.name), variable) for variable in variables)
