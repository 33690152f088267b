"""Writes Zarr stores: chunk by chunk, with checkpoints between."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tfnp_ext import wording
from tfnp_ext.datasets.sinks import Sink
from tfnp_ext.errors import ConversionError, StorageError
from tfnp_ext.storage import checkpoints, folders
from tfnp_ext.storage.base import Manifest, Writer
from tfnp_ext.storage.zarr.layout import CHUNK_KEYS, KEY, chunk_files, chunk_shape, imported

CHECKPOINT_BYTES, CHECKPOINT_SECONDS = 2**26, 5.0

_FIRST_CHUNKS = 16
_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
_RESERVED = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata", checkpoints.NAME}
_T = TypeVar("_T")


class _ZarrSink(Sink):
    """One array: whole chunks go to the store as they fill, the rows of the next one wait in memory."""

    def __init__(self, writer: ZarrWriter, name: str) -> None:
        self._writer = writer
        self._name = name
        self._dtype: np.dtype | None = None
        self._row: tuple[int, ...] | None = ()
        """Shape of a row; ``None`` of an array of rank 0."""
        self._chunk: tuple[int, ...] = ()
        self._stored = 0
        self._synced = 0
        self._buffer: np.ndarray | None = None
        self._filled = 0
        self._array: Any = None

    def append(self, rows: np.ndarray) -> None:
        """Stores what fills a chunk, and keeps a copy of the rest.

        Raises:
            ConversionError: The dtype is none of Zarr's, or dtype or shape of a row are not those of before.
        """
        rows = np.asarray(rows)
        rows = rows.astype(rows.dtype.newbyteorder("="), copy=False)
        self._fit(rows)
        if self._row is None:
            self._buffer = rows.copy()
            self.nbytes = rows.nbytes
            return
        if not self._chunk and len(rows):
            self._chunk = chunk_shape(rows.shape, rows.itemsize)
        taken = 0
        while taken < len(rows):
            part = rows[taken : taken + self._chunk[0] - self._filled]
            if len(part) == self._chunk[0]:
                self._store(part)
            else:
                self._keep(part)
            taken += len(part)
        self.rows += len(rows)
        self.nbytes += rows.nbytes

    def _fit(self, rows: np.ndarray) -> None:
        """Takes dtype and shape of a row from the first array, and raises a ``ConversionError`` for others after it."""
        row = rows.shape[1:] if rows.ndim else None
        if self._dtype is None:
            if rows.dtype.name not in _DTYPES:
                raise ConversionError(f"{self._name}: Zarr stores no {rows.dtype}: cast it to one of {_DTYPES}")
            self._dtype, self._row = rows.dtype, row
        elif rows.dtype != self._dtype or row != self._row:
            raise ConversionError(
                f"{self._name}: {rows.dtype} {_shape_in_words(row)} comes after {self._dtype}"
                f" {_shape_in_words(self._row)}, and an array has one dtype and one shape of its rows"
            )
        elif row is None:
            raise ConversionError(f"{self._name}: an array of rank 0 is one value, and a second one came")

    def _keep(self, part: np.ndarray) -> None:
        if self._buffer is None:
            self._buffer = np.empty((self._chunk[0], *part.shape[1:]), part.dtype)
        end = self._filled + len(part)
        self._buffer[self._filled : end] = part
        self._filled = end
        if end == self._chunk[0]:
            self._store(self._buffer)
            self._filled = 0

    def _store(self, chunk: np.ndarray) -> None:
        """Writes one whole chunk."""
        end = self._stored + len(chunk)
        array = self._opened()
        if end > array.shape[0]:  # seldom, as each writes a file
            self._writer.call(lambda: array.resize((2 * end, *chunk.shape[1:])))
        self._write(slice(self._stored, end), chunk)
        self._stored = end

    def _write(self, place: Any, values: np.ndarray) -> None:
        if values.size or not values.shape:
            self._writer.call(lambda: self._array.__setitem__(place, values))

    def _opened(self) -> Any:
        if self._array is None:
            self._create((self._stored + _FIRST_CHUNKS * self._chunk[0], *(self._row or ())), self._chunk)
        return self._array

    def _create(self, shape: tuple[int, ...], chunks: tuple[int, ...]) -> None:
        """Writes the metadata; chunks that are there already stay."""
        self._array = self._writer.create_array(self._name, shape, chunks, self._dtype)

    def rest(self) -> np.ndarray:
        """Returns the rows that are in no chunk yet, only lent."""
        if self._buffer is None:
            return np.empty(0, self._dtype)
        return self._buffer if self._row is None else self._buffer[: self._filled]

    def state(self) -> dict[str, Any] | None:
        """Returns what a later sink needs, as plain JSON, beside ``rest``; ``None`` before the first array."""
        if self._dtype is None:
            return None
        return {
            "dtype": self._dtype.name,
            "row": self._row,
            "chunk": self._chunk,
            "rows": self.rows,
            "stored": self._stored,
            "rest": self.rest().nbytes,
        }

    def go_on(self, state: Mapping[str, Any], rest: memoryview) -> None:
        """Continues where a former sink was."""
        self._dtype, self._chunk = np.dtype(state["dtype"]), tuple(state["chunk"])
        self._row = None if state["row"] is None else tuple(state["row"])
        self._stored = self._synced = state["stored"]
        values = np.frombuffer(rest, self._dtype)
        self.rows = state["rows"]
        if self._row is None:
            self._buffer = values.reshape(())
            self.nbytes = values.nbytes
            return
        self.nbytes = self.rows * math.prod(self._row) * self._dtype.itemsize
        if self.rows > self._stored:
            self._keep(values.reshape(self.rows - self._stored, *self._row))

    def chunk_paths(self) -> Iterator[Path]:
        """Yields the files of the chunks that are stored."""
        if self._row is not None and self._stored:
            yield from chunk_files(self.folder, (self._stored, *self._row), self._chunk)

    @property
    def folder(self) -> Path:
        """The folder of the array."""
        return self._writer.folder / self._name

    def sync(self) -> None:
        """Has the stored chunks on the disk, those that are new."""
        if self._stored == self._synced:
            return
        chunks = self.folder / "c"
        for index in range(self._synced // self._chunk[0], self._stored // self._chunk[0]):
            if (chunks / str(index)).exists():  # not of an array without values
                folders.sync_tree(chunks / str(index))
        folder = chunks if chunks.exists() else self.folder
        while folder != self._writer.folder:
            folders.sync(folder)
            folder = folder.parent
        self._synced = self._stored

    def close(self) -> None:
        """Writes what waits in memory, and gives the array its length.

        Raises:
            ValueError: Nothing was ever appended.
        """
        if self._dtype is None:
            raise ValueError(f"no array was appended to {self._name}: neither dtype nor shape is known")
        rest = self.rest()
        if self._row is None:
            self._create((), ())
            self._write((), rest)
            return
        shape = (self.rows, *self._row)
        if not self._stored:
            # Not longer than the array: a chunk without a compressor has its full length on the disk.
            cut = self._chunk or chunk_shape(shape, self._dtype.itemsize)
            self._create(shape, tuple(max(1, min(pair)) for pair in zip(cut, shape, strict=True)))
        else:
            array = self._opened()
            self._writer.call(lambda: array.resize(shape))
        if len(rest):
            self._write(slice(self._stored, self.rows), rest)
        self._buffer = None

    def described(self) -> dict[str, Any]:
        """Returns what a reader compares the metadata with."""
        shape = [] if self._row is None else [self.rows, *self._row]
        return {"dtype": str(self._dtype), "shape": shape}


class ZarrWriter(Writer):
    """Writes a Zarr 3 store; see ``Writer``.

    The folder is locked until ``discard`` or ``suspend``: one of them is called at the very end, after a rename too.

    Args:
        partial: The temporary folder; where a checkpoint is in it, this writer goes on from there.
        compress: Whether chunks are compressed (zstd); former work goes on as it was.
        clock: Tells the seconds between checkpoints.

    Raises:
        StorageError: Zarr is not installed, or another process writes there.
    """

    suffix = ".zarr"
    resumable = True
    is_folder = True

    def __init__(self, partial: Path, *, compress: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._zarr = imported()
        self.folder = partial
        self._compress = compress
        self._clock = clock
        self._sinks: dict[str, _ZarrSink] = {}
        self._thread = ThreadPoolExecutor(1, "zarr")
        self._thread.submit(int).result()  # one whose start is interrupted would write without being waited for
        self._lock = folders.Lock(partial, create=True)
        if not self._go_on():
            self._sinks.clear()
            self._keep_only(set())
        store = self._zarr.storage.LocalStore(str(partial))
        try:
            self._root: Any = self.call(lambda: self._zarr.create_group(store, zarr_format=3))
        except BaseException:  # an interrupt too, after which nothing may be written behind who removes the folder
            self._thread.shutdown()
            self._lock.release()
            raise
        self._checked = self._clock(), self._nbytes

    @property
    def _nbytes(self) -> int:
        return sum(sink.nbytes for sink in self._sinks.values())

    def sink(self, name: str) -> Sink:
        """Returns where the array of a name goes; after a crash, with the rows it had.

        Raises:
            StorageError: Zarr has no such name.
        """
        if name not in self._sinks:
            self._refuse_name(name)
            self._sinks[name] = _ZarrSink(self, name)
        return self._sinks[name]

    def checkpoint(self, state: Callable[[], Mapping[str, Any]]) -> None:
        """Stores the state, and how many rows each array has, every 64 MiB or 5 seconds."""
        now, size = self._clock(), self._nbytes
        before, size_before = self._checked
        if size - size_before < CHECKPOINT_BYTES and now - before < CHECKPOINT_SECONDS:
            return
        self._store_state(state())
        self._checked = self._clock(), size

    def finish(self, manifest: Manifest) -> None:
        """Writes what is left and the manifest, and has it all on the disk; the folder stays locked."""
        for sink in self._sinks.values():
            sink.close()
        arrays = {name: sink.described() for name, sink in self._sinks.items()}
        said = {"arrays": arrays, "manifest": dict(manifest)}
        self.call(lambda: self._root.attrs.__setitem__(KEY, said))
        folders.sync_tree(self.folder)
        checkpoints.remove(self.folder)
        self._thread.shutdown()

    def discard(self) -> None:
        """Lets go of the folder, and removes it if it still is where it was written."""
        self._thread.shutdown()
        if self._lock.holds(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()

    def suspend(self, state: Callable[[], Mapping[str, Any]] | None = None) -> None:
        """Lets go of the folder and keeps it, for a later writer to go on from the state, or the last checkpoint."""
        try:
            if state is not None:
                self._store_state(state())
        finally:
            self._thread.shutdown()
            self._lock.release()

    def call(self, change: Callable[[], _T]) -> _T:
        """Has Zarr change the store; an interrupt comes after the change, and not while Zarr still writes behind it."""
        done = self._thread.submit(change)
        try:
            return done.result()
        except KeyboardInterrupt:
            wait([done])
            raise

    def create_array(self, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: Any) -> Any:
        """Returns a new array of the store."""
        zstd = self._zarr.codecs.ZstdCodec(level=0, checksum=True)
        return self.call(
            lambda: self._root.create_array(
                name,
                shape=shape,
                chunks=chunks,
                dtype=dtype,
                filters=None,
                compressors=zstd if self._compress else None,
                chunk_key_encoding=CHUNK_KEYS,
                config={"write_empty_chunks": True},  # so that a chunk that is not there was lost
            )
        )

    def _refuse_name(self, name: str) -> None:
        parts = name.split("/")
        if "\\" in name or any(not part.strip(".") or part.startswith("__") or part in _RESERVED for part in parts):
            raise StorageError(f"Zarr has no array of the name {name!r}: give the component another name")
        for other in self._sinks:
            if f"{name}/".startswith(f"{other}/") or f"{other}/".startswith(f"{name}/"):
                raise StorageError(f"{name!r} and {other!r} cannot both be in one Zarr store: an array holds no others")

    def _store_state(self, state: Mapping[str, Any]) -> None:
        arrays, rests = {}, []
        for name, sink in self._sinks.items():
            said = sink.state()
            if said is not None:
                sink.sync()
                arrays[name] = said
                rests.append(sink.rest())
        header = {"state": dict(state), "compress": self._compress, "arrays": arrays}
        checkpoints.write(self.folder, header, rests)

    def _go_on(self) -> bool:
        """Returns whether there is former work that is whole, and takes it over."""
        checkpoint = checkpoints.read(self.folder)
        if checkpoint is None:
            return False
        start = 0
        for name, state in checkpoint.header["arrays"].items():
            sink = self._sinks[name] = _ZarrSink(self, name)
            sink.go_on(state, checkpoint.rest[start : start + state["rest"]])
            start += state["rest"]
        known = {path for sink in self._sinks.values() for path in sink.chunk_paths()}
        if not all(path.is_file() for path in known):
            return False
        self._keep_only({*known, self.folder / checkpoints.NAME})
        self._compress = checkpoint.header["compress"]
        self.resumed = checkpoint.header["state"]
        return True

    def _keep_only(self, known: set[Path]) -> None:
        """Removes what was written after the checkpoint, and the metadata, which are written anew."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in known:
                path.unlink()


def _shape_in_words(row: tuple[int, ...] | None) -> str:
    return "of rank 0" if row is None else f"with rows {wording.shape(row)}"
