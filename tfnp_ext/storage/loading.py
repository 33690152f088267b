"""``load``: what ``save`` wrote, or a file of NumPy's."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tfnp_ext.adapters import Conversion
from tfnp_ext.convert import RAGGED, read_conversion
from tfnp_ext.datasets.columns import COLUMNS
from tfnp_ext.errors import ConversionError, StorageError, reason
from tfnp_ext.storage.atomic import is_left_behind
from tfnp_ext.storage.base import DAMAGE, Manifest, Reader
from tfnp_ext.storage.encoding import decoded
from tfnp_ext.storage.manifest import VERSION, built, no_leaf
from tfnp_ext.storage.suffixes import format_of, read_path


def load(
    path: str | os.PathLike[str],
    *,
    ragged: str | None = None,
    fill_value: Any = None,
    sparse: str = "dense",
    max_bytes: int | str | None = 2**30,
) -> Any:
    """Returns what ``save`` wrote: the same structure of arrays, as ``to_numpy`` would have given it.

    The arrays are your own and writable, with the dtypes they had. Named tuples come back as named tuples of the same
    name and fields, dataclasses and attrs classes as dicts. Nothing in a file is ever executed. A ``.npy`` or ``.npz``
    that others wrote gives its array, or a dict of them; pickled objects in it are refused.

    Args:
        path: The file.
        ragged: What ragged values become: ``object``, ``pad``, ``masked`` or ``list``; ``None`` for what ``save`` was
            told, else ``object``.
        fill_value: What padding is filled with; ``None`` for what ``save`` was told, else 0.
        sparse: What sparse values become: ``dense``, or ``scipy`` for a ``coo_array``.
        max_bytes: Bytes that a ragged or sparse value may grow to; ``None`` for no bound.

    Raises:
        StorageError: It is not there, or no such file, or damaged.
        ConversionError: A value would be over ``max_bytes``, or an option is unknown.

    Example:
        >>> digits = load("digits.npz")         # doctest: +SKIP
        >>> digits["label"].shape               # doctest: +SKIP
        (1797,)
    """
    conversion = read_conversion(ragged=ragged, fill_value=fill_value, sparse=sparse, max_bytes=max_bytes)
    shown = read_path(path)
    reader_class = format_of(shown).reader()
    _refuse_missing(shown)
    try:
        reader = reader_class(shown)
        try:
            manifest = reader.manifest()
            if manifest is None:
                return _foreign(reader)
            return _Loading(reader, manifest, conversion).result()
        finally:
            reader.close()
    except (StorageError, ConversionError):
        raise
    except OSError as error:
        said = error.strerror or str(error)
        raise StorageError(f"cannot read {shown}: {said[:1].lower()}{said[1:]}", error.errno) from error
    except DAMAGE as error:
        raise StorageError(f"{shown} is damaged, or no {shown.suffix} file: {reason(error)}") from error


def _refuse_missing(shown: Path) -> None:
    """Raises a ``StorageError`` where there is nothing to read, or what would never end."""
    try:
        mode = os.stat(shown).st_mode
    except FileNotFoundError as error:
        said = f"{shown} is missing: no such file or directory"
        if is_left_behind(Path(os.path.realpath(shown))):
            said = f"{shown} is missing: saving it was cut off, or still runs: save with resume=True (--resume) goes on"
        raise StorageError(said, error.errno) from None
    except (OSError, ValueError):  # which the reader will say
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise StorageError(f"cannot read {shown}: it is neither a file nor a folder")


def _foreign(reader: Reader) -> Any:
    """Returns the arrays of a file that others wrote."""
    arrays = {name: reader.read(name) for name in reader.names()}
    return arrays[""] if list(arrays) == [""] else arrays


class _Loading:
    """One file, and what is made of it.

    Args:
        reader: Its arrays.
        manifest: What it says of itself.
        conversion: What the user asks for.
    """

    def __init__(self, reader: Reader, manifest: Manifest, conversion: Conversion) -> None:
        if manifest["tfnp_ext"] != VERSION:
            raise ValueError(f"version {manifest['tfnp_ext']!r} of its manifest is unknown to this tfnp_ext")
        self._reader, self._manifest = reader, manifest
        asked = manifest["asked"]["ragged"]
        if asked is not None and asked not in RAGGED:
            raise ValueError(f"its manifest asks for {asked!r}")
        if conversion.ragged is None:
            conversion = replace(conversion, ragged=asked)
        if conversion.fill_value is None:
            fill_value = built(manifest["asked"]["fill_value"], no_leaf)
            conversion = replace(conversion, fill_value=fill_value)
        self._conversion = conversion

    def result(self) -> Any:
        """Returns the whole."""
        leaves = [self._leaf(place, described) for place, described in enumerate(self._manifest["leaves"])]
        return built(self._manifest["structure"], leaves.__getitem__)

    def _leaf(self, place: int, described: Mapping[str, Any]) -> Any:
        column, facts = COLUMNS[described["kind"]], described["facts"]
        arrays: dict[str, np.ndarray] = {
            name: decoded(array, self._reader.read) for name, array in described["arrays"].items()
        }
        wrong = column.faults(arrays, facts)
        if wrong:
            raise ValueError(f"its value {place} is no {described['kind']} one: {wrong}")
        text = any(array["dtype"] == "str" for array in described["arrays"].values())
        conversion = replace(self._conversion, dtype=str) if text else self._conversion
        what = next(iter(described["arrays"].values()))["name"].partition("/")[0]
        return column.result(arrays, facts, conversion, what)
