"""Values that live on several devices at once: replicas of a strategy, and DTensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.base import (
    Content,
    DenseAdapter,
    Facts,
    NestAdapter,
    Owned,
    Parts,
    find_adapter,
    register_adapter,
)
from tfnp_ext.adapters.tensors import VariableAdapter, component, describe, dtype_name, named, static_shape
from tfnp_ext.errors import ConversionError, reason


@register_adapter
class PerReplicaAdapter(NestAdapter):
    """``PerReplica``: what ``strategy.run`` returns, one value for each replica."""

    kind = "PerReplica"
    type_names = ("tensorflow.python.distribute.values.PerReplica",)
    is_value = True

    def parts(self, obj: Any) -> Parts:
        """Returns one value a replica; they become a tuple."""
        return Parts(tuple(f"[{replica}]" for replica in range(len(obj.values))), tuple(obj.values), tuple)

    def shown_parts(self, obj: Any) -> Parts:
        """Returns one value a replica, by its number and the device that it is on."""
        return Parts(tuple(map(_replica_step, range(len(obj.values)), obj.values)), tuple(obj.values), tuple)


def _replica_step(replica: int, value: Any) -> str:
    """Returns what a card calls the value of a replica: ``.replica 1 on GPU:1``."""
    adapter = find_adapter(value)
    device = adapter.facts(value).device if isinstance(adapter, DenseAdapter) else ""
    return f".replica {replica} on {device}" if device else f".replica {replica}"


@register_adapter
class MirroredAdapter(DenseAdapter):
    """``Mirrored``: a value that is the same on every replica, so any of them is the one."""

    kind = "Mirrored"
    type_names = ("tensorflow.python.distribute.values.Mirrored",)
    priority = -1  # a mirrored variable is one as well, and comes first

    def matches(self, obj: Any) -> bool:
        """Returns whether its values are tensors."""
        return isinstance(find_adapter(obj.values[0]), DenseAdapter)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the value of the first replica."""
        return self._first(obj).view(obj.values[0])

    def content(self, obj: Any) -> Content:
        """Returns what a card reads of the first replica."""
        return self._first(obj).content(obj.values[0])

    def facts(self, obj: Any) -> Facts:
        """Returns the facts of the first replica, and that all are the same."""
        facts = self._first(obj).facts(obj.values[0])
        return replace(facts, details=(*facts.details, f"the same on {wording.plural(len(obj.values), 'replica')}"))

    def _first(self, obj: Any) -> DenseAdapter:
        adapter = find_adapter(obj.values[0])
        if not isinstance(adapter, DenseAdapter):
            raise ConversionError("Mirrored holds no tensors: convert its .values")
        return adapter


@register_adapter
class ShardedVariableAdapter(DenseAdapter):
    """``ShardedVariable`` of parameter servers: its shards on end along the first axis."""

    kind = "ShardedVariable"
    type_names = ("tensorflow.python.distribute.sharded_variable.ShardedVariable",)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the whole, the user's own.

        Raises:
            ConversionError: A shard has no value.
        """
        return Owned(np.concatenate([component(shard) for shard in obj.variables]))

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, name, bytes, and how many shards there are."""
        shape = static_shape(obj) or ()
        return Facts(
            shape=shape,
            dtype=dtype_name(obj),
            name=str(obj.name),
            nbytes=math.prod(axis or 0 for axis in shape) * obj.dtype.size,
            state="copy",
            shares_memory=False,
            details=(wording.plural(len(obj.variables), "shard"),),
        )


@register_adapter
class DistributedVariableAdapter(VariableAdapter):
    """Variables of a strategy: mirrored ones have one value, those synchronised on reading are put together now."""

    type_names = ("tensorflow.python.distribute.values.DistributedVariable",)

    def _read(self, obj: Any) -> Any:
        """Returns the tensor of the one value now.

        Raises:
            ConversionError: There is no one value: nothing says how those of the replicas go together.
        """
        try:
            return super()._read(obj)
        except ConversionError:
            raise
        except Exception as error:
            raise ConversionError(
                f"{named(obj)} has no one value, only one for each replica: convert its .values ({reason(error)})"
            ) from error

    def facts(self, obj: Any) -> Facts:
        """Returns the facts of the variable, and what its one value is of its replicas."""
        facts = super().facts(obj)
        replicas = wording.plural(len(obj.values), "replica")
        together = (
            getattr(obj.aggregation, "name", "").lower().replace("only_first_replica", "first").replace("none", "")
        )
        mirrored = any(base.__name__ == "Mirrored" for base in type(obj).__mro__)
        said = f"the same on {replicas}" if mirrored else f"{together} over {replicas}".strip()
        return replace(facts, details=(said,))


def put_together(layout: Any, shards: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the global array of shards, one a device of the mesh.

    TensorFlow's own ``relayout`` adds the shards up, which takes the sign from a zero, and cannot add strings.

    Args:
        layout: The ``dtensor.Layout``: which part of the whole each device has.
        shards: The part of each device, all of one shape.
    """
    local = shards[0].shape
    whole = np.empty(tuple(layout.global_shape_from_local_shape(local)), dtype=shards[0].dtype)
    for place, shard in zip(layout.offset_to_shard(), shards, strict=True):
        starts = [index * length for index, length in zip(place, local, strict=True)]
        whole[tuple(slice(start, start + length) for start, length in zip(starts, local, strict=True))] = shard
    return whole


@register_adapter
class DTensorAdapter(DenseAdapter):
    """DTensors, which are plain eager tensors by type: the global value, put together of its shards."""

    kind = "DTensor"
    type_names = ("tensorflow.python.framework.ops.EagerTensor",)
    priority = 10

    def matches(self, obj: Any) -> bool:
        """Returns whether the tensor lives on a mesh of devices."""
        if "CUSTOM" not in obj.backing_device:
            return False
        from tensorflow.experimental import dtensor

        return bool(dtensor.is_dtensor(obj))

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the global array, the user's own.

        Raises:
            ConversionError: The mesh refuses to bring the shards together.
        """
        from tensorflow.experimental import dtensor

        try:
            layout = dtensor.fetch_layout(obj)
            if layout.mesh.num_local_devices() == layout.mesh.size:
                return Owned(put_together(layout, [component(shard) for shard in dtensor.unpack(obj)]))
            # Some shards are on other machines, and only the mesh can fetch them.
            whole = dtensor.relayout(obj, dtensor.Layout.replicated(layout.mesh, rank=layout.rank))
            return Owned(np.array(whole.numpy()))
        except Exception as error:
            raise ConversionError(f"{describe(obj)} cannot be put together: {reason(error)}") from error

    def facts(self, obj: Any) -> Facts:
        """Returns shape, dtype, bytes of the global value, and how it is sharded."""
        from tensorflow.experimental import dtensor

        layout = dtensor.fetch_layout(obj)
        shape = static_shape(obj) or ()
        return Facts(
            shape=shape,
            dtype=dtype_name(obj),
            device=f"mesh of {wording.plural(layout.mesh.size, 'device')}",
            nbytes=math.prod(axis or 0 for axis in shape) * obj.dtype.size,
            state="copy",
            shares_memory=False,
            details=("replicated" if layout.is_fully_replicated() else f"sharded {', '.join(layout.sharding_specs)}",),
        )


@register_adapter
class DTensorVariableAdapter(VariableAdapter):
    """Variables that live on a mesh of devices: the global value now."""

    type_names = ("tensorflow.dtensor.python.d_variable.DVariable",)

    def view(self, obj: Any) -> np.ndarray | Owned:
        """Returns the global array, the user's own; see ``DTensorAdapter``."""
        value = obj.value()
        adapter = find_adapter(value)
        return adapter.view(value) if isinstance(adapter, DTensorAdapter) else super().view(obj)

    def facts(self, obj: Any) -> Facts:
        """Returns the facts of the variable, and how it is sharded."""
        facts, value = super().facts(obj), obj.value()
        adapter = find_adapter(value)
        if not isinstance(adapter, DTensorAdapter):
            return facts
        whole = adapter.facts(value)
        return replace(facts, device=whole.device, shares_memory=False, details=whole.details)
