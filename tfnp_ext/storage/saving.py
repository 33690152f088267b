"""``save``: anything tensor-like to a file, a dataset element by element."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfnp_ext import wording
from tfnp_ext.convert import read_conversion
from tfnp_ext.datasets.columns import DenseColumn
from tfnp_ext.datasets.gathering import Gathering
from tfnp_ext.errors import ConversionError, ConversionInterrupted, StorageError
from tfnp_ext.storage import folders
from tfnp_ext.storage.atomic import Replacement
from tfnp_ext.storage.base import Writer
from tfnp_ext.storage.encoding import Plain, codec_for
from tfnp_ext.storage.plan import Plan, StoredLeaf
from tfnp_ext.storage.suffixes import format_of, read_path

_OTHERS = "save to .npz or .zarr"


@dataclass(frozen=True)
class Saved:
    """What was saved.

    Attributes:
        path: Where it is.
        what: How much, in words: ``45 batches``.
        elements: How many elements of datasets.
        nbytes: Bytes of the values.
        skipped: How many elements failed and were skipped.
        warnings: Why this is not all of it.
    """

    path: Path
    what: str
    elements: int
    nbytes: int
    skipped: int = 0
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"saved {self.what}, {wording.byte_count(self.nbytes)}, to {self.path}"


def save(
    obj: Any,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    resume: bool = False,
    compress: bool = False,
    take: int | None = None,
    join: str = "auto",
    dtype: Any = None,
    casting: str = "same_kind",
    ragged: str | None = None,
    timeout: float | None = None,
    on_error: str = "raise",
    progress: bool = True,
) -> Saved:
    """Saves anything tensor-like to a file that ``load`` gives back, structure and dtypes kept, without pickle.

    The suffix says how: ``.npy`` for one array, ``.npz`` for any structure, ``.zarr`` for large datasets. A dataset is
    run, and written element by element in the memory of a few. The file is there when it is whole: an error, Ctrl-C
    or a full disk leave what was there before.

    Args:
        obj: What ``to_numpy`` takes: a tensor, a dataset, a model, a dict, list or tuple of these. Ragged and sparse
            tensors are stored as they are. A dataclass is stored as a dict of its fields.
        path: Where to; ``~`` is the home folder.
        force: Whether a file that is there is replaced.
        resume: Whether to go on from where a save of the same dataset to the same ``.zarr`` was stopped.
        compress: Whether the values are compressed.
        take: How many elements of a dataset are drawn; ``None`` for all.
        join: How elements are joined, as in ``to_numpy``.
        dtype: What the values shall be cast to; ``str`` decodes strings from UTF-8.
        casting: As in ``to_numpy``.
        ragged: As in ``to_numpy``: lets the elements of a dataset differ in shape, and is what ``load`` makes of them.
        timeout: Seconds to wait for one element of a dataset; then what came until then is saved.
        on_error: What is done when an element of a dataset fails: ``raise``, or ``skip`` it and count it.
        progress: Whether a bar is shown when a dataset takes longer than a second.

    Raises:
        ConversionError: It is not tensor-like, endless, fails, or cannot be stored in that format.
        StorageError: The file is there already, or cannot be written.
        ConversionInterrupted: Ctrl-C while a dataset ran.

    Warns:
        UserWarning: Elements of a dataset were skipped, or did not come in time.

    Example:
        >>> save({"image": images, "label": labels}, "digits.npz")         # doctest: +SKIP
        saved 2 arrays, 1.14 MiB, to digits.npz
    """
    conversion = read_conversion(
        dtype=dtype,
        casting=casting,
        ragged=ragged,
        join=join,
        take=take,
        timeout=timeout,
        on_error=on_error,
        progress=progress,
    )
    shown = read_path(path)
    writer_class = format_of(shown).writer()
    target = _target(shown, writer_class, force=force)
    if resume and not writer_class.resumable:
        raise StorageError(f"resume=True is for .zarr: a {writer_class.suffix} file is written in one go")
    plan = Plan(obj, conversion)
    if resume and not (plan.is_one_dataset and hasattr(plan.gatherings[0].source.iterable, "skip")):
        raise ConversionError("resume=True is for a dataset, which can go on from any of its elements")
    if not writer_class.structured:
        _refuse_structure(plan, writer_class)
    if not compress and dtype is None:
        _refuse_without_room(plan, shown, target)
    saving = _Saving(plan, shown, target, writer_class)
    with _named_errors(saving):
        saved = saving.run(compress=compress, resume=resume)
    for said in saved.warnings:
        warnings.warn(said, UserWarning, stacklevel=2)
    return saved


class _Saving:
    """One call of ``save``, once it is known that it can be tried.

    Args:
        plan: What is stored.
        shown: The path as users gave it.
        target: The file or folder.
        writer_class: The format.
    """

    def __init__(self, plan: Plan, shown: Path, target: Path, writer_class: type[Writer]) -> None:
        self.plan, self.shown, self.target = plan, shown, target
        self._writer_class = writer_class
        self._warned: list[str] = []
        self._counted: Counter[str] = Counter()
        self._elements = self._skipped = 0

    @property
    def unchanged(self) -> str:
        """What became of the file, where saving failed."""
        return "the old one is as it was" if self.target.exists() else "nothing was left there"

    def run(self, *, compress: bool, resume: bool) -> Saved:
        """Writes it all, and puts it in its place."""
        replacement = Replacement(self.target, resume=resume)
        writer: Writer | None = None
        try:
            writer = self._writer_class(replacement.partial, compress=compress)
            self.plan.open(writer)
            self._write(writer)
            writer.finish(self.plan.manifest())
            replacement.commit()
        except BaseException as error:
            kept = writer is not None and writer.resumable and (resume or isinstance(error, KeyboardInterrupt))
            if writer is not None and kept and not replacement.committed:
                writer.suspend()
                replacement.keep()
            if isinstance(error, KeyboardInterrupt) and not isinstance(error, ConversionInterrupted):
                now = "it is there" if replacement.committed else self._kept(writer)
                raise ConversionInterrupted(f"saving {self.shown} was stopped: {now}") from error
            raise
        finally:
            if writer is not None and not replacement.kept:
                writer.discard()
            replacement.close()
        return Saved(self.shown, self._what(), self._elements, self.plan.nbytes, self._skipped, tuple(self._warned))

    def _write(self, writer: Writer) -> None:
        if writer.resumed is not None:
            self.plan.restore(writer.resumed)
            self._elements = writer.resumed["elements"]
        for leaf in self.plan.leaves:
            if leaf.value is not None:
                _write_value(leaf)
                writer.settle()
        for gathering in self.plan.gatherings:
            self._gather(gathering, writer)
            writer.settle()

    def _gather(self, gathering: Gathering, writer: Writer) -> None:
        came = before = self._elements if self.plan.is_one_dataset else 0

        def after(index: int) -> None:
            nonlocal came
            came += 1
            if self.plan.is_one_dataset:
                writer.checkpoint(lambda: self.plan.state(index + 1, came))

        drawn = gathering.run(after)
        source = gathering.source
        if drawn.ended == "interrupted":
            raise ConversionInterrupted(
                f"saving {self.shown} was stopped after {source.counted(came)}: {self._kept(writer)}"
            )
        self._warned += gathering.warned(drawn)
        self._counted[source.unit] += came
        self._skipped += drawn.skips
        self._elements += came - before

    def _kept(self, writer: Writer | None) -> str:
        """Returns what there is after Ctrl-C."""
        resumable = writer is not None and writer.resumable
        return f"{self.unchanged}{', and resume=True goes on from there' if resumable else ''}"

    def _what(self) -> str:
        """Returns what was saved, in words."""
        counts = [
            wording.plural(count, unit, "batches" if unit == "batch" else "") for unit, count in self._counted.items()
        ]
        values = [leaf for leaf in self.plan.leaves if leaf.value is not None]
        if values or not counts:
            counts.append(wording.plural(len(values), "array"))
        return " and ".join(counts)


def _write_value(leaf: StoredLeaf) -> None:
    """Writes a value that is there as a whole."""
    assert leaf.value is not None
    value = leaf.value()
    try:
        leaf.column.add(value)
        leaf.column.close()
    except ConversionError as error:
        raise type(error)(f"{leaf.path or 'the value'} {error}") from error


def _target(shown: Path, writer_class: type[Writer], *, force: bool) -> Path:
    """Returns the file or folder that a path names, links followed.

    Raises:
        StorageError: It is there already, or its folder is not.
    """
    try:
        target = Path(os.path.realpath(shown))
        if writer_class.is_folder and target.parent.is_dir():
            folders.recover(target)
            folders.refuse_others(target, force=force)
        found = os.stat(target)
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise StorageError(f"{shown}: there is no folder {shown.parent}: make it first", errno.ENOENT) from None
        return target
    except StorageError:
        raise
    except (OSError, ValueError) as error:
        raise StorageError(f"cannot write {shown}: {_reason(error)}", getattr(error, "errno", None)) from error
    if writer_class.is_folder:
        return target
    if stat.S_ISDIR(found.st_mode):
        raise StorageError(f"{shown} is a folder: give the path of a file in it", errno.EISDIR)
    if not force:
        raise StorageError(f"{shown} is there already: force=True (--force) replaces it", errno.EEXIST)
    if not stat.S_ISREG(found.st_mode):
        raise StorageError(f"{shown} is neither a file nor a folder, and is not replaced", errno.EEXIST)
    return target


def _refuse_structure(plan: Plan, writer_class: type[Writer]) -> None:
    """Raises a ``ConversionError`` for what a format of one array cannot hold, before anything is run."""
    suffix = writer_class.suffix
    if plan.structure != {"leaf": 0}:
        count = wording.plural(len(plan.leaves), "array")
        raise ConversionError(f"{suffix} holds one array by itself, and this is a structure of {count}: {_OTHERS}")
    column = plan.leaves[0].column
    if column.kind != DenseColumn.kind:
        raise ConversionError(f"{suffix} holds a dense array, and this is {column.kind}: {_OTHERS}")
    if plan.gatherings:
        dtype = column.dtype
        if codec_for(dtype, writer_class.holds) is not Plain:
            held = "strings" if dtype.kind == "O" else dtype.name
            raise ConversionError(f"{suffix} cannot hold {held}: {_OTHERS}")


def _refuse_without_room(plan: Plan, shown: Path, target: Path) -> None:
    """Raises a ``StorageError`` where the disk surely is too small."""
    needed = plan.known_bytes()
    try:
        free = shutil.disk_usage(target.parent).free
    except OSError:
        return
    if needed > free:
        raise StorageError(
            f"cannot write {shown}: it takes {wording.byte_count(needed)}, and its disk has {wording.byte_count(free)}",
            errno.ENOSPC,
        )


@contextlib.contextmanager
def _named_errors(saving: _Saving) -> Iterator[None]:
    """Says of the system's errors what could not be written, and what there is now."""
    try:
        yield
    except StorageError as error:
        if str(saving.shown) in str(error):
            raise
        raise StorageError(f"cannot write {saving.shown}: {error}", error.errno) from error
    except OSError as error:
        size = saving.plan.nbytes
        after = f" after {wording.byte_count(size)}" if size else ""
        raise StorageError(
            f"cannot write {saving.shown}: {_reason(error)}{after}; {saving.unchanged}", error.errno
        ) from error


def _reason(error: Exception) -> str:
    """Returns what the system says of an error, within a sentence."""
    said = getattr(error, "strerror", None) or str(error)
    return f"{said[:1].lower()}{said[1:]}"
