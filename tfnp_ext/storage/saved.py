"""What ``save`` says of what it did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfnp_ext import wording


class Saved:
    """What was saved, and said of it in a sentence.

    Attributes:
        path: Where it is.
        what: How much, in words: ``45 batches``.
        elements: How many elements of datasets.
        nbytes: Bytes of the values.
        skipped: How many elements failed and were skipped.
        warnings: Why this is not all of it.
        whole_before: Whether it was there already, and nothing had to be done.
    """

    # No dataclass: those show themselves as a tree.
    __slots__ = ("_given", "elements", "nbytes", "path", "skipped", "warnings", "what", "whole_before")

    def __init__(
        self,
        path: Path,
        what: str,
        elements: int,
        nbytes: int,
        skipped: int = 0,
        warnings: Sequence[str] = (),
        *,
        given: str = "",
        whole_before: bool = False,
    ) -> None:
        self.path, self.what, self.elements, self.nbytes = path, what, elements, nbytes
        self.skipped, self.warnings, self.whole_before = skipped, tuple(warnings), whole_before
        self._given = given or str(path)

    def __repr__(self) -> str:
        size = wording.byte_count(self.nbytes)
        said = f"saved {self.what}, {size}, to {self._given}"
        if self.whole_before:
            said = f"{self._given} is whole already: {self.what}, {size}"
        return "; ".join((said, *self.warnings))
