"""Things with weights: ``tf.Module``, Keras layers, models, optimizers and metrics, as a dict by attribute path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfnp_ext.adapters.base import NestAdapter, Parts, register_adapter
from tfnp_ext.adapters.examples import named_parts
from tfnp_ext.errors import ConversionError


def by_path(weights: Iterable[tuple[str, Any]]) -> Parts:
    """Returns the variables by path; a path that occurs again gets ``#2``, so nothing is lost."""
    children: dict[str, Any] = {}
    for path, variable in weights:
        unique, times = path, 1
        while unique in children:
            times += 1
            unique = f"{path}#{times}"
        children[unique] = variable
    return named_parts(children)


class WeightsAdapter(NestAdapter):
    """What all of them have in common."""

    automatic = False

    def label(self, obj: Any) -> str:
        """Returns the class name."""
        return type(obj).__name__


@register_adapter
class ModuleAdapter(WeightsAdapter):
    """``tf.Module``."""

    kind = "Module"
    type_names = ("tensorflow.python.module.module.Module",)

    def parts(self, obj: Any) -> Parts:
        """Returns the variables by the attributes that lead to them.

        Raises:
            ConversionError: There are none.
        """
        from tensorflow import Variable

        found = obj._flatten(predicate=lambda value: isinstance(value, Variable), with_path=True)
        weights = [("/".join(map(str, path)), variable) for path, variable in found]
        if not weights:
            raise ConversionError(f"{self.label(obj)} has no variables: those made at the first call come with it")
        return by_path(weights)


@register_adapter
class KerasLayerAdapter(WeightsAdapter):
    """Keras layers and models."""

    kind = "Layer"
    type_names = ("keras.src.layers.layer.Layer",)
    priority = 1

    def parts(self, obj: Any) -> Parts:
        """Returns the weights by path, without the name of the layer or model itself.

        Raises:
            ConversionError: It is not built yet, or has no weights.
        """
        weights = obj.weights
        if not weights:
            name = f"{self.label(obj)} {obj.name!r}"
            if not obj.built:
                raise ConversionError(f"{name} is not built, so it has no weights yet: call it on data, or build it")
            raise ConversionError(f"{name} has no weights")
        return by_path((_relative(str(weight.path), obj.name), weight) for weight in weights)


def _relative(path: str, name: str) -> str:
    steps = path.split("/")
    return "/".join(steps[steps.index(name) + 1 :]) if name in steps[:-1] else path


@register_adapter
class KerasStateAdapter(WeightsAdapter):
    """Keras optimizers and metrics: their variables."""

    kind = "Optimizer"
    type_names = ("keras.src.optimizers.base_optimizer.BaseOptimizer", "keras.src.metrics.metric.Metric")
    priority = 1

    def parts(self, obj: Any) -> Parts:
        """Returns the variables by path.

        Raises:
            ConversionError: It is not built yet.
        """
        variables = obj.variables
        if not variables:
            raise ConversionError(f"{self.label(obj)} {obj.name!r} has no state yet: it comes with the first step")
        return by_path((_relative(str(variable.path), obj.name), variable) for variable in variables)
