"""Going on from what a former save stored of a dataset: only where what comes again surely is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tfnp_ext import wording
from tfnp_ext.casting import is_text, read_dtype
from tfnp_ext.datasets.columns import Joining, column_for
from tfnp_ext.datasets.drawing import Drawn
from tfnp_ext.datasets.gathering import Gathering
from tfnp_ext.datasets.pipeline import step_name, steps
from tfnp_ext.datasets.sinks import MemorySink, Sink
from tfnp_ext.errors import ConversionError

_BEGINNING = 2
"""Elements that are compared with those of a store that is whole."""

_ANEW = "save anew, without resume=True (--resume)"


class ResumableGathering(Gathering):
    """The columns of a dataset that a later run can go on with.

    Elements that are in the columns already are let come again: some of them, and the last, are compared. So the
    pipeline runs from its start, and nothing of it is taken on trust.

    Attributes:
        followed: Whether another run may go on with the columns.
        kept: How many elements a former run left in the columns.
        stored: How many are in the columns now.
        whole: Whether the columns hold whole elements: not a part of one that did not fit.
    """

    followed = False
    stored = 0
    whole = True
    _again = 0
    _last: Any = None
    _last_digest = ""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._digests: dict[int, str] = {}

    @property
    def goes_on(self) -> bool:
        """Whether all that was kept has come again."""
        return self._again >= self.kept

    def fingerprint(self) -> dict[str, Any]:
        """Returns what must be the same for the columns of two runs to be on end, as plain JSON."""
        asked = self.conversion
        dtype = asked.dtype if asked.dtype is None else "str" if is_text(asked.dtype) else str(read_dtype(asked.dtype))
        return {
            "element": ", ".join(_described(leaf) for leaf in self.source.structure.leaves),
            "join": self.joined,
            "dtype": dtype,
            "ragged": asked.ragged,
        }

    def state(self) -> dict[str, Any]:
        """Returns what a later run needs to know, as plain JSON."""
        if self._last is not None:
            self._last_digest, self._last = self._digest(self._last), None
        digests = {str(count): digest for count, digest in self._digests.items()}
        return {"elements": self.stored, "source": self.fingerprint(), "digests": digests, "last": self._last_digest}

    def refuse_others(self, state: Mapping[str, Any]) -> None:
        """Raises a ``ConversionError`` where what is known before anything is run tells that it is not the same."""
        kept, own = state["elements"], self.fingerprint()
        for name, former in state["source"].items():
            if own.get(name) != former:
                raise self.refused(kept, f"their {name} was {former}, and is {own.get(name)} now")
        if self.elements is not None and self.elements < kept and self.conversion.on_error == "raise":
            raise self.refused(kept, f"{wording.integer(self.elements)} would come in all")

    def refused(self, kept: int, why: str) -> ConversionError:
        """Returns the error for a dataset that is not the one of which some elements are kept."""
        are = "is" if kept == 1 else "are"
        return ConversionError(f"{self.source.counted(kept)} {are} kept of another dataset: {why}: {_ANEW}")

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Has the elements left out that the columns have from a former run."""
        self.kept = self.stored = state["elements"]
        self._digests = {int(count): digest for count, digest in state["digests"].items()}
        self._last_digest = state["last"]

    def beginning(self) -> dict[str, str]:
        """Returns the sums of the first elements, by how many there were with each, for ``begins_with``."""
        return {str(count): self._digests[count] for count in sorted(self._digests) if count <= _BEGINNING}

    def begins_with(self, digests: Mapping[str, str], count: int) -> bool:
        """Draws the first elements, and returns whether they are those of a store that is whole.

        Args:
            digests: What ``beginning`` returned for it.
            count: How many elements it has.

        Raises:
            ConversionError: An element failed, or did not come in time.
            KeyboardInterrupt: Ctrl-C.
        """
        if not count and self.elements == 0:
            return True
        few = replace(self.conversion, take=_BEGINNING, progress=False)
        first = ResumableGathering(self.source, few, lambda place, name: MemorySink())
        first.followed = True
        drawn = Gathering.run(first)
        if drawn.ended == "interrupted":
            raise KeyboardInterrupt
        if drawn.ended == "timeout":
            raise ConversionError("; ".join(first.warned(drawn)))
        found = first.beginning()
        return bool(found) == bool(count) and all(digests.get(place) == digest for place, digest in found.items())

    def run(self, after: Callable[[int], None] | None = None) -> Drawn:
        """Draws the elements into the columns, but for those that are there; all are counted.

        Raises:
            ConversionError: An element failed, does not fit those before, or is not the one that is there.
        """
        drawn = super().run(after)
        if not self.goes_on and drawn.ended == "all":
            raise self.refused(self.kept, f"{wording.integer(self._again)} came in all")
        drawn.elements = self.stored
        return drawn

    def _receive(self, values: Any, index: int) -> None:
        if not self.goes_on:
            self._compare(values, self._again + 1)
            self._again += 1
            return
        self.whole = False
        super()._receive(values, index)
        self.stored += 1
        self.whole = True
        if self.followed:
            self._last = values
            if not self.stored & (self.stored - 1):
                self._digests[self.stored] = self._digest(values)

    def _compare(self, values: Any, count: int) -> None:
        """Compares an element with the one that is stored: the first, second, fourth, eighth … and the last."""
        known = self._last_digest if count == self.kept else self._digests.get(count)
        if known is not None and self._digest(values) != known:
            place = wording.integer(count - 1)
            raise self.refused(self.kept, f"element {place} is another than the one that is kept")

    def _digest(self, values: Any) -> str:
        """Returns a short sum of an element as it would be stored."""
        hashed = hashlib.blake2b(digest_size=16)
        joining = Joining(self.joined, self.conversion)
        for leaf, value in zip(self.source.structure.leaves, values, strict=True):
            column = column_for(leaf, joining, lambda name: _DigestSink(hashed, name))
            column.add(value)
            hashed.update(json.dumps(column.facts).encode())
        return hashed.hexdigest()


class _DigestSink(Sink):
    """Adds arrays to a sum."""

    def __init__(self, hashed: Any, name: str) -> None:
        self._hashed, self._name = hashed, name

    def append(self, rows: np.ndarray) -> None:
        """Adds an array, its name, dtype and shape."""
        self._hashed.update(f"{self._name} {rows.dtype} {rows.shape} ".encode())
        if rows.dtype == object:
            for one in rows.ravel().tolist():
                held = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else bytes(one)
                self._hashed.update(b"%d " % len(held) + held)
        else:
            self._hashed.update(np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data)


def another_order(dataset: Any) -> str:
    """Returns why a pipeline gives its elements in another order each time it is run; ``""`` where it surely does not.

    What no step tells is left to the comparison of elements.
    """
    try:
        return next(_reasons(dataset), "")
    except Exception:  # another version of TensorFlow
        return ""


def _reasons(dataset: Any) -> Iterator[str]:
    in_order = dataset.options().deterministic is not False
    for step in steps(dataset):
        name = step_name(step)
        if name == "ShuffleDataset" and (step._reshuffle_each_iteration is not False or not _is_seeded(step)):
            yield "shuffle() gives another order each time, but for a seed and reshuffle_each_iteration=False"
        if name == "RandomDataset" and (step._rerandomize or not _is_seeded(step)):
            yield "a random choice without a seed is another one each time"
        told = getattr(step, "_deterministic", "default")
        if told == "false" or (not in_order and told == "default" and "Parallel" in name):
            yield f"{name} with deterministic=False gives another order each time"
        if name.startswith("DataService"):
            yield "a tf.data service gives another order each time"


def _is_seeded(step: Any) -> bool:
    return bool(step._seed.numpy() or step._seed2.numpy())


def _described(leaf: Any) -> str:
    """Returns dtype and shape of a leaf of the elements, in words that no version of TensorFlow changes."""
    dtype = getattr(getattr(leaf.spec, "dtype", None), "name", "")
    shape = "unknown shape" if leaf.shape is None else wording.shape(leaf.shape)
    kind = type(leaf.spec).__name__.removesuffix("Spec").removesuffix("Tensor")
    return " ".join(part for part in (leaf.path, kind, dtype, shape) if part)
