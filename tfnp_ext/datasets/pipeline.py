"""What the steps of a pipeline tell of its elements before any is drawn: how long batches are, how many examples.

TensorFlow offers no way to ask for this, so its private attributes are read. Where a version of it has others, nothing
is known, and nothing else is lost. What a step may do that is not read here makes the answer ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SAME_BATCHES = frozenset(("PrefetchDataset", "CacheDataset", "OptionsDataset", "ModelDataset"))
"""Steps that hand on every element as it is, in the order they have."""

_BATCHES = frozenset(("BatchDataset", "ParallelBatchDataset", "PaddedBatchDataset"))
_SOURCES = frozenset(("RangeDataset", "TensorDataset", "TensorSliceDataset", "SparseTensorSliceDataset"))
_REARRANGE = frozenset(
    ("ShuffleDataset", "RepeatDataset", "TakeDataset", "SkipDataset", "ShardDataset", "ConcatenateDataset",
     "ZipDataset", "WindowDataset", "DenseToRaggedDataset")
)  # fmt: skip
_PLAIN = _SAME_BATCHES | _BATCHES | _SOURCES | _REARRANGE
"""Steps that run none of the user's code, so that elements surely are as many and as large as their spec says."""

_KEEP_LENGTH = _SAME_BATCHES | frozenset(
    (
        "ShuffleDataset",
        "RepeatDataset",
        "TakeDataset",
        "SkipDataset",
        "ShardDataset",
        "MapDataset",
        "ParallelMapDataset",
    )
)
"""Steps after which an element still is what a batch became, if one of those before made batches."""

_PYTHON = frozenset(("PyFunc", "PyFuncStateless", "EagerPyFunc"))
"""Operations that call Python."""

_PARALLEL_EPOCHS = b""
"""The processing mode of tf.data service by which every worker gives every element, as its message is written."""


@dataclass(frozen=True)
class Batches:
    """The batches that a pipeline gives.

    Attributes:
        length: How many examples are in one, but for those that were the last of their kind.
        examples: How many are in all; infinite of an endless dataset.
        in_order: Whether only the last batch can be shorter.
    """

    length: int
    examples: float
    in_order: bool = True

    @property
    def whole(self) -> bool:
        """Whether every batch has its full length."""
        return self.in_order and (self.examples == math.inf or self.examples % self.length == 0)

    def first(self, count: int) -> Batches | None:
        """Returns the first of the batches; ``None`` where any of them may be a shorter one."""
        if count < 0:
            return self
        return Batches(self.length, min(self.examples, count * self.length)) if self.in_order else None

    def without(self, count: int) -> Batches | None:
        """Returns all but the first of the batches."""
        if count < 0:
            return Batches(self.length, 0)
        return Batches(self.length, max(0, self.examples - count * self.length)) if self.in_order else None

    def every(self, steps: int, start: int) -> Batches | None:
        """Returns one of so many batches, from a place on."""
        if not self.in_order or self.examples == math.inf:
            return None
        count = math.ceil(self.examples / self.length)
        places = range(start, count, steps)
        shorter = self.length * count - self.examples if count - 1 in places else 0
        return Batches(self.length, len(places) * self.length - shorter)

    def repeated(self, times: int) -> Batches:
        """Returns the batches so many times on end, or endlessly."""
        examples = math.inf if times < 0 and self.examples else self.examples * max(times, 0)
        return Batches(self.length, examples, self.whole or (times == 1 and self.in_order))

    def in_any_order(self) -> Batches:
        """Returns the batches shuffled."""
        return Batches(self.length, self.examples, self.whole)


def read_batches(dataset: Any) -> Batches | None:
    """Returns the batches of a dataset, ``None`` where its steps do not tell."""
    try:
        return _read(dataset)
    except Exception:  # another version of TensorFlow, or a graph: its numbers are not there to be read
        return None


def steps(dataset: Any) -> Iterator[Any]:
    """Yields the steps of a pipeline, the last first, each with all that it takes its elements from."""
    pending = [dataset]
    while pending:
        step = pending.pop()
        yield step
        pending.extend(step._inputs())


def batch_length(dataset: Any) -> int | None:
    """Returns how many examples the last step that made batches put into one; ``None`` where none is seen."""
    try:
        step = dataset
        while step_name(step) in _KEEP_LENGTH:
            step = step._input_dataset
        return int(step._batch_size) if step_name(step) in _BATCHES else None
    except Exception:  # another version of TensorFlow, or a graph
        return None


def is_mapped(dataset: Any) -> bool:
    """Returns whether a function of the user's had the batches of which ``batch_length`` tells."""
    try:
        step = dataset
        while step_name(step) in _KEEP_LENGTH:
            if step_name(step) not in _PLAIN:
                return True
            step = step._input_dataset
        return False
    except Exception:  # another version of TensorFlow, or a graph
        return False


def makes_batches(dataset: Any) -> bool:
    """Returns whether a step that makes batches is seen, in however many steps."""
    try:
        return any(step_name(step) in _BATCHES for step in steps(dataset))
    except Exception:  # another version of TensorFlow, or what a strategy deals out
        return False


def is_plain(dataset: Any) -> bool:
    """Returns whether no step runs the user's code or leaves elements out, so that what is counted is exact."""
    try:
        return all(step_name(step) in _PLAIN for step in steps(dataset))
    except Exception:  # another version of TensorFlow
        return False


def runs_python(dataset: Any) -> bool:
    """Returns whether a step may call Python's own code, as ``from_generator`` does: nobody can cancel that."""
    try:
        return any(
            step_name(step) == "VariantDataset"  # one out of an element, of which no step is seen
            or any(_calls_python(function.function.graph) for function in step._functions())
            for step in steps(dataset)
        )
    except Exception:  # another version of TensorFlow, or what a strategy deals out
        return True


def _calls_python(graph: Any) -> bool:
    """Returns whether a function, or one that it calls, does."""
    inner = (node.op for function in graph._functions.values() for node in function.definition.node_def)
    return not _PYTHON.isdisjoint((*(operation.type for operation in graph.get_operations()), *inner))


def step_name(step: Any) -> str:
    """Returns what a step is called: ``BatchDataset``; versions of TensorFlow differ in the sign before it."""
    return type(step).__name__.removeprefix("_")


def gives_elements_repeatedly(dataset: Any) -> bool:
    """Returns whether it comes from a tf.data service whose workers each give every element."""
    try:
        modes = [step._processing_mode for step in steps(dataset) if hasattr(step, "_processing_mode")]
        return any(bool(mode.numpy() == _PARALLEL_EPOCHS) for mode in modes)
    except Exception:  # another version of TensorFlow, or an iterator, which has no steps
        return False


def _read(dataset: Any) -> Batches | None:
    name = step_name(dataset)
    if name in _BATCHES:
        return _made_by(dataset)
    if name in _SAME_BATCHES:
        return _read(dataset._input_dataset)
    if name == "ZipDataset":
        zipped = [_read(one) for one in dataset._inputs()]
        return zipped[0] if all(one == zipped[0] for one in zipped) else None
    if name not in _REARRANGE:
        return None
    before = _read(dataset._input_dataset)
    if before is None:
        return None
    if name == "ShuffleDataset":
        return before.in_any_order()
    if name == "RepeatDataset":
        return before.repeated(int(dataset._count))
    if name == "TakeDataset":
        return before.first(int(dataset._count))
    if name == "SkipDataset":
        return before.without(int(dataset._count))
    if name == "ShardDataset":
        return before.every(int(dataset._num_shards), int(dataset._index))
    return _joined(before, _read(dataset._dataset_to_concatenate)) if name == "ConcatenateDataset" else None


def _made_by(step: Any) -> Batches | None:
    """Returns what a step that makes batches makes; ``None`` where it is not known how many elements it takes."""
    length, before = int(step._batch_size), int(step._input_dataset.cardinality())
    if before < -1:
        return None
    if before < 0:
        return Batches(length, math.inf)
    return Batches(length, before - before % length if bool(step._drop_remainder) else before)


def _joined(first: Batches, second: Batches | None) -> Batches | None:
    """Returns the batches of two datasets on end."""
    if second is None or first.length != second.length:
        return None
    return Batches(first.length, first.examples + second.examples, first.whole and second.in_order)
