"""``save``: anything tensor-like to a file, a dataset element by element."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tfnp_ext import wording
from tfnp_ext.adapters import Conversion
from tfnp_ext.convert import read_conversion
from tfnp_ext.datasets.columns import DenseColumn
from tfnp_ext.errors import ConversionError, ConversionInterrupted, StorageError, warn_caller
from tfnp_ext.storage import folders
from tfnp_ext.storage.atomic import Replacement, is_left_behind, left_behind_bytes
from tfnp_ext.storage.base import DAMAGE, Writer
from tfnp_ext.storage.encoding import Plain, codec_for
from tfnp_ext.storage.plan import Plan, StoredLeaf
from tfnp_ext.storage.resuming import ResumableGathering, another_order
from tfnp_ext.storage.saved import Saved
from tfnp_ext.storage.suffixes import format_of, read_path

_OTHERS = "save to .npz or .zarr"


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
    fill_value: Any = 0,
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
        resume: Whether to go on from where a save of the same dataset to the same ``.zarr`` was stopped or killed. The
            pipeline runs from its start; what is stored already is left out, and some of it compared: so it has to give
            the same elements in the same order. A store that is whole is left as it is.
        compress: Whether the values are compressed.
        take: How many elements of a dataset are drawn; ``None`` for all.
        join: How elements are joined, as in ``to_numpy``.
        dtype: What the values shall be cast to; ``str`` decodes strings from UTF-8.
        casting: As in ``to_numpy``.
        ragged: As in ``to_numpy``: lets the elements of a dataset differ in shape, and is what ``load`` makes of them.
        fill_value: What ``load`` fills padding with, unless it is told otherwise.
        timeout: Seconds to wait for one element of a dataset; then what came until then is saved, unless there is an
            old file, or ``resume`` can go on.
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
        fill_value=fill_value,
        join=join,
        take=take,
        timeout=timeout,
        on_error=on_error,
        progress=progress,
    )
    saved = store(obj, path, conversion, force=force, resume=resume, compress=compress)
    warn_caller(saved.warnings)
    return saved


def store(
    obj: Any, path: str | os.PathLike[str], conversion: Conversion, *, force: bool, resume: bool, compress: bool
) -> Saved:
    """Saves as ``save`` does; what it warns of is only told in what is returned.

    Args:
        obj: What is stored.
        path: Where to.
        conversion: What the user asks for.
        force: Whether a file that is there is replaced.
        resume: Whether to go on from what a former save left.
        compress: Whether the values are compressed.

    Raises:
        ConversionError: It is not tensor-like, endless, fails, or cannot be stored in that format.
        StorageError: The file is there already, or cannot be written.
        ConversionInterrupted: Ctrl-C while a dataset ran.
    """
    shown = read_path(path)
    writer_class = format_of(shown).writer()
    if resume and not writer_class.resumable:
        raise StorageError(f"resume=True is for .zarr: a {writer_class.suffix} file is written in one go")
    target = _target(shown, writer_class, force=force or resume)
    plan = Plan(obj, conversion)
    if resume:
        _refuse_another_order(plan)
    if resume and not force and os.path.lexists(target):
        return _whole_before(plan, shown, target, os.fspath(path))
    if not writer_class.structured:
        _refuse_structure(plan, writer_class)
    if not compress and conversion.dtype is None:
        _refuse_without_room(plan, shown, target)
    saving = _Saving(plan, shown, target, writer_class)
    with _named_errors(saving):
        return saving.run(os.fspath(path), compress=compress, force=force, resume=resume)


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
        self._kept = 0
        """How many elements the last checkpoint has."""
        self._is_all = True
        self._finishes = False

    @property
    def unchanged(self) -> str:
        """What became of the file, where saving failed."""
        return "the old one is as it was" if self.target.exists() else "nothing was left there"

    def run(self, given: str, *, compress: bool, force: bool, resume: bool) -> Saved:
        """Writes it all, and puts it in its place.

        Args:
            given: The path in the user's words.
            compress: Whether values are compressed.
            force: Whether what is there may be replaced.
            resume: Whether to go on with what a former save left.
        """
        replacement = Replacement(self.target, force=force, resume=resume)
        writer: Writer | None = None
        try:
            writer = self._writer_class(replacement.partial, compress=compress)
            self.plan.open(writer)
            self._write(writer, resume=resume)
            self._finishes = True
            writer.finish({**self.plan.manifest(), **self._told()})
            replacement.commit()
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            if writer is not None and not replacement.committed and (resume or stopped):
                self._keep(writer, replacement)
            if stopped:
                raise ConversionInterrupted(self._stopped(replacement)) from None
            if replacement.kept and isinstance(error, ConversionError) and self._goes_on:
                raise type(error)(f"{error}; {self._kept_in_words()}") from error
            raise
        finally:
            if writer is not None and not replacement.kept:
                writer.discard()
            replacement.close()
        return Saved(
            self.shown, self._what(), self._elements, self.plan.nbytes, self._skipped, self._warned, given=given
        )

    def _write(self, writer: Writer, *, resume: bool) -> None:
        if writer.resumed is not None:
            self._kept = writer.resumed["elements"]
            self.plan.restore(writer.resumed)
        for leaf in self.plan.leaves:
            if leaf.value is not None:
                _write_value(leaf)
                writer.settle()
        for gathering in self.plan.gatherings:
            self._gather(gathering, writer, resume=resume)
            writer.settle()

    def _gather(self, gathering: ResumableGathering, writer: Writer, *, resume: bool) -> None:
        def after(index: int) -> None:
            if gathering.stored > gathering.kept and gathering is self.plan.resumable:
                writer.checkpoint(self._state)

        drawn = gathering.run(after)
        if drawn.ended == "interrupted":
            raise KeyboardInterrupt
        warned = gathering.warned(drawn)
        if drawn.ended == "timeout" or drawn.fails_for_good:
            self._is_all = False
            self._refuse_part(gathering, warned, resume=resume)
        self._warned += warned
        self._counted[gathering.source.unit] += drawn.elements
        self._skipped += drawn.skips
        self._elements += drawn.elements

    def _refuse_part(self, gathering: ResumableGathering, warned: Sequence[str], *, resume: bool) -> None:
        """Raises a ``ConversionError`` where a part is not to take the place of the whole, that is or will be there."""
        if resume or not gathering.stored or self.target.exists():
            old = f"; {self.unchanged}" if self.target.exists() else ""
            raise ConversionError(f"{self.shown} was not saved: {'; '.join(warned)}{old}")

    def _state(self) -> dict[str, Any]:
        """Returns the state for a checkpoint."""
        state = self.plan.state()
        self._kept = state["elements"]
        return state

    def _told(self) -> dict[str, Any]:
        """Returns what a store says of itself to one who would save the same again."""
        one = self.plan.resumable
        if one is None or not one.followed or not self._is_all:
            return {}
        saved = {"elements": self._elements, "what": self._what(), "nbytes": self.plan.nbytes, "skipped": self._skipped}
        return {"source": one.fingerprint(), "saved": saved, "digests": one.beginning()}

    @property
    def _goes_on(self) -> bool:
        """Whether what is kept is of this dataset, as far as that was compared."""
        one = self.plan.resumable
        return one is not None and one.stored > 0 and one.goes_on

    def _keep(self, writer: Writer, replacement: Replacement) -> None:
        """Leaves to a save that resumes all whole elements that came, where one could go on with them."""
        one = self.plan.resumable
        if one is None or not one.followed or (not self._kept and self._changes()):
            return
        new = one.whole and one.stored > one.kept and not self._finishes
        if self._kept or new:
            replacement.keep()  # first: whatever comes now, the last checkpoint is there
            with contextlib.suppress(OSError):  # a full disk
                writer.suspend(self._state if new else None)
            if not self._kept:
                replacement.kept = False

    def _changes(self) -> str:
        """Returns why nothing could go on with what came."""
        one = self.plan.resumable
        return "" if one is None else another_order(one.source.iterable)

    def _stopped(self, replacement: Replacement) -> str:
        """Returns what there is after Ctrl-C."""
        said = f"saving {self.shown} was stopped"
        if replacement.committed:
            return f"{said}: it is there"
        came = [gathering for gathering in self.plan.gatherings if gathering.stored]
        if came:
            said = f"{said} after {came[-1].source.counted(came[-1].stored)}"
        if replacement.kept:
            old = f": {self.unchanged}" if self.target.exists() else ""
            return f"{said}{old}; {self._kept_in_words()}"
        said = f"{said}: {self.unchanged}"
        changes = self._changes() if self._writer_class.resumable else ""
        return f"{said}, and nothing is kept: {changes}" if changes and came else said

    def _kept_in_words(self) -> str:
        assert self.plan.resumable is not None
        are = "is" if self._kept == 1 else "are"
        force = " with force=True (--force)" if self.target.exists() else ""
        counted = self.plan.resumable.source.counted(self._kept)
        return f"{counted} {are} kept: resume=True (--resume){force} goes on from there"

    def _what(self) -> str:
        """Returns what was saved, in words."""
        counts = [
            wording.plural(count, unit, "batches" if unit == "batch" else "") for unit, count in self._counted.items()
        ]
        values = [leaf for leaf in self.plan.leaves if leaf.value is not None]
        if values or not counts:
            counts.append(wording.plural(len(values), "array"))
        return " and ".join(counts)


def _refuse_another_order(plan: Plan) -> None:
    """Raises a ``ConversionError`` for what does not give the same elements again in the same order."""
    if plan.resumable is None:
        raise ConversionError(
            "resume=True is for a single tf.data.Dataset, which gives its elements again: save without it"
        )
    changes = another_order(plan.resumable.source.iterable)
    if changes:
        raise ConversionError(f"resume=True needs the same elements in the same order, and {changes}: save without it")


def _whole_before(plan: Plan, shown: Path, target: Path, given: str) -> Saved:
    """Returns what is there, where it is the whole of the same dataset.

    Raises:
        StorageError: It is not.
    """
    if is_left_behind(target):
        raise StorageError(
            f"{shown} is there already, and so is a part of what was to replace it: force=True (--force) goes on with"
            " that",
            errno.EEXIST,
        )
    one = plan.resumable
    assert one is not None
    whole: Saved | None = None
    digests: dict[str, str] = {}
    with contextlib.suppress(*DAMAGE, StorageError):
        manifest = format_of(shown).reader()(target).manifest()
        if manifest is not None and manifest["structure"] == plan.structure:
            said, digests = manifest["saved"], dict(manifest["digests"])
            count = said["elements"] + said["skipped"]
            if manifest["source"] == one.fingerprint() and one.elements in {None, count}:
                numbers = said["elements"], said["nbytes"], said["skipped"]
                whole = Saved(shown, said["what"], *numbers, given=given, whole_before=True)
    try:
        if whole is not None and one.begins_with(digests, whole.elements):
            return whole
    except KeyboardInterrupt:
        raise ConversionInterrupted(f"saving {shown} was stopped: the old one is as it was") from None
    raise StorageError(
        f"{shown} is there already, and is not the whole of this dataset: force=True (--force) replaces it",
        errno.EEXIST,
    )


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
            folders.refuse_others(target, force=force, said=str(shown))
        found = os.stat(target)
    except FileNotFoundError:
        if not target.parent.is_dir():
            folder = target.parent if shown.is_symlink() else shown.parent
            raise StorageError(f"{shown}: there is no folder {folder}: make it first", errno.ENOENT) from None
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
    if needed > free and needed > free + left_behind_bytes(target):
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
