"""What a format of files is: a writer that takes arrays as they come, and a reader that gives them back."""

from __future__ import annotations

import struct
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tfnp_ext.datasets.sinks import Sink

Manifest = Mapping[str, Any]
"""What a file says of itself beside its arrays, as plain JSON: the structure, and how each value is made of arrays."""


DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    EOFError,
    MemoryError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a file can end in that anyone may have written."""


class Writer(ABC):
    """Writes the arrays of one file, many at a time, each as it grows along its first axis.

    A writer only ever sees a temporary place, and dtypes that it ``holds``; others are encoded before.

    Args:
        partial: The temporary place, beside the target; nothing is there yet, unless ``resumable`` work is.
        compress: Whether values are compressed.
    """

    suffix: ClassVar[str]
    resumable: ClassVar[bool] = False
    """Whether what was written survives a crash, so that a later writer can go on from it."""

    structured: ClassVar[bool] = True
    """Whether a file holds any number of arrays and a manifest, rather than one array and nothing beside it."""

    is_folder: ClassVar[bool] = False
    """Whether the format is a folder rather than a single file."""

    resumed: Mapping[str, Any] | None = None
    """What the last checkpoint said, where this writer goes on from former work; see ``checkpoint``."""

    @abstractmethod
    def __init__(self, partial: Path, *, compress: bool) -> None:
        """Begins, or goes on from what lies at ``partial``."""

    @staticmethod
    def holds(dtype: np.dtype) -> bool:
        """Returns whether the format has the dtype: booleans, integers, floats and complex numbers of this machine."""
        largest = 16 if dtype.kind == "c" else 8
        return dtype.kind in "biufc" and dtype.itemsize <= largest and dtype.isnative

    @abstractmethod
    def sink(self, name: str) -> Sink:
        """Returns where the array of a name goes: ``image``, or with groups ``text/lengths0``."""

    def checkpoint(self, state: Callable[[], Mapping[str, Any]]) -> None:  # noqa: B027
        """Is called after each whole element; a writer that is resumable stores the state now and then.

        Args:
            state: Says how far the elements came, as plain JSON; it is asked only when it is stored.
        """

    def settle(self) -> None:  # noqa: B027
        """Is told that all arrays so far are whole: a writer may bring them to where they belong."""

    def suspend(self, state: Callable[[], Mapping[str, Any]] | None = None) -> None:  # noqa: B027
        """Closes and leaves what was written to a later writer; only a resumable one is asked to.

        Args:
            state: As for ``checkpoint``, now for certain; ``None`` leaves the last checkpoint as it is.
        """

    @abstractmethod
    def finish(self, manifest: Manifest) -> None:
        """Writes what is left and the manifest, has it all on the disk (``fsync``), and closes."""

    @abstractmethod
    def discard(self) -> None:
        """Closes, and removes what still lies at ``partial``; it may be called at any time, and after the end too."""


class Reader(ABC):
    """Reads the arrays of one file.

    Args:
        path: The file.

    Raises:
        StorageError: It is no file of the format.
    """

    @abstractmethod
    def __init__(self, path: Path) -> None:
        """Opens the file."""

    @abstractmethod
    def manifest(self) -> Manifest | None:
        """Returns what was given to ``Writer.finish``; ``None`` for a file that others wrote."""

    @abstractmethod
    def names(self) -> Sequence[str]:
        """Returns the names of the arrays; ``""`` is that of one by itself."""

    @abstractmethod
    def read(self, name: str) -> np.ndarray:
        """Returns an array.

        Raises:
            StorageError: It is not there, is damaged, or could only be read by running code (pickle); where the path is
                not to be named, a ``ValueError``.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes the file."""
