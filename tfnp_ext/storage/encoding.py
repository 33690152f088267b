"""What a format has no dtype for, as arrays of dtypes that it has: the one place for that, used by every format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from tfnp_ext import wording
from tfnp_ext.datasets.sinks import NewSink, Sink, bytes_of
from tfnp_ext.errors import ConversionError

_STRINGS_AT_ONCE = 2**16
_TEXT, _BYTES = "str", "bytes"
_ERRORS = "surrogatepass"
"""How text is encoded that is no valid Unicode: Python's strings can be, and come back as they were."""


class Codec(ABC):
    """One way to store an array of a dtype.

    Attributes:
        name: What it is called in files.
        parts: What the names of its arrays end in; ``""`` is the name itself.
    """

    name: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = ("",)

    @abstractmethod
    def encode(self, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Yields parts and arrays that stand for an array, which goes on where the last one ended."""

    @staticmethod
    @abstractmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns the array of its parts.

        Raises:
            ValueError: They stand for none.
        """


class OneArray(Codec):
    """A codec that stores each number as one of another dtype."""

    def encode(self, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Yields the array of stored numbers."""
        yield "", self.stored(array)

    @staticmethod
    @abstractmethod
    def stored(array: np.ndarray) -> np.ndarray:
        """Returns the stored array."""


class Plain(OneArray):
    """As it is."""

    name = "plain"

    @staticmethod
    def stored(array: np.ndarray) -> np.ndarray:
        """Returns the array."""
        return array

    @staticmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns the array."""
        if arrays[""].dtype != read_dtype(dtype):
            raise ValueError(f"dtype {arrays[''].dtype} where {dtype} was written")
        return arrays[""]


class Bits(OneArray):
    """The bits of each value as an unsigned integer: bfloat16 and the other floats of ``ml_dtypes``."""

    name = "bits"

    @staticmethod
    def stored(array: np.ndarray) -> np.ndarray:
        """Returns the bits."""
        return array.view(f"u{array.dtype.itemsize}")

    @staticmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns the values."""
        read, array = read_dtype(dtype), arrays[""]
        if array.dtype.kind != "u" or array.dtype.itemsize != read.itemsize:
            raise ValueError(f"{array.dtype} holds no bits of {dtype}")
        return array.astype(array.dtype.newbyteorder("="), copy=False).view(read)


class Widened(OneArray):
    """Each value as one byte: the small integers of ``ml_dtypes``."""

    name = "widened"

    @staticmethod
    def stored(array: np.ndarray) -> np.ndarray:
        """Returns the bytes."""
        return array.astype(np.uint8 if array.dtype.name.startswith("u") else np.int8)

    @staticmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns the values."""
        if arrays[""].dtype not in (np.int8, np.uint8):
            raise ValueError(f"{arrays[''].dtype} holds no {dtype}")
        return arrays[""].astype(read_dtype(dtype))


class Native(OneArray):
    """In the byte order of the machine."""

    name = "native"

    @staticmethod
    def stored(array: np.ndarray) -> np.ndarray:
        """Returns the same numbers."""
        return array.astype(array.dtype.newbyteorder("="))

    @staticmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns the numbers in the order they had."""
        read = read_dtype(dtype)
        if arrays[""].dtype.kind != read.kind or arrays[""].dtype.itemsize != read.itemsize:
            raise ValueError(f"{arrays[''].dtype} holds no {dtype}")
        return arrays[""].astype(read)


class Raw(OneArray):
    """The bytes of each value along a new last axis: dates, structured values, strings of fixed length."""

    name = "raw"

    @staticmethod
    def stored(array: np.ndarray) -> np.ndarray:
        """Returns the bytes."""
        flat = np.ascontiguousarray(array).reshape(-1)
        return flat.view(np.uint8).reshape(*array.shape, array.dtype.itemsize)

    @staticmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns the values."""
        read, array = read_dtype(dtype), arrays[""]
        if array.dtype != np.uint8 or not array.ndim or array.shape[-1] != read.itemsize:
            raise ValueError(f"{array.dtype} {wording.shape(array.shape)} holds no {dtype}")
        return np.ascontiguousarray(array).reshape(-1).view(read).reshape(array.shape[:-1])


class Strings(Codec):
    """All characters on end, and where each string ends: bytes of any value, or text as UTF-8."""

    name = "strings"
    parts = ("bytes", "ends")

    def __init__(self) -> None:
        self.length = 0

    def encode(self, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Yields the characters, a few thousand strings at a time, and then the ends in the shape of the array."""
        flat = array.reshape(-1)
        ends = np.empty(flat.size, np.int64)
        yield "bytes", np.empty(0, np.uint8)
        for start in range(0, flat.size, _STRINGS_AT_ONCE):
            values = [
                one.encode("utf-8", _ERRORS) if isinstance(one, str) else one
                for one in flat[start : start + _STRINGS_AT_ONCE].tolist()
            ]
            np.cumsum([len(one) for one in values], out=ends[start : start + len(values)])
            ends[start : start + len(values)] += self.length
            self.length = int(ends[start + len(values) - 1])
            yield "bytes", np.frombuffer(b"".join(values), np.uint8)
        yield "ends", ends.reshape(array.shape)

    @staticmethod
    def decode(arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Returns an object array of the strings."""
        characters, ends = arrays["bytes"], arrays["ends"]
        if characters.dtype != np.uint8 or characters.ndim != 1 or ends.dtype.kind != "i":
            raise ValueError("its arrays hold no strings")
        edges = [0, *ends.reshape(-1).tolist()]
        if edges != sorted(edges) or edges[-1] != len(characters):
            raise ValueError("its strings do not end where they should")
        blob = characters.tobytes()
        result = np.empty(ends.size, object)
        for place in range(ends.size):
            one = blob[edges[place] : edges[place + 1]]
            result[place] = one.decode("utf-8", _ERRORS) if dtype == _TEXT else one
        return result.reshape(ends.shape)


CODECS: Mapping[str, type[Codec]] = {codec.name: codec for codec in (Plain, Bits, Widened, Native, Raw, Strings)}


def codec_for(dtype: np.dtype, holds: Callable[[np.dtype], bool]) -> type[Codec]:
    """Returns how a dtype is stored in a format that holds some dtypes.

    Raises:
        ConversionError: There is no way without pickle.
    """
    if _is_extended(dtype):
        return Widened if "int" in dtype.name else Bits
    if dtype.kind == "O":
        return Strings
    if dtype.hasobject or dtype.kind == "T" or not dtype.itemsize or _has_extended_field(dtype):
        raise ConversionError(f"holds {dtype}, which no file holds without pickle: convert it to another dtype before")
    if holds(dtype):
        return Plain
    native = dtype.newbyteorder("=")
    return Native if dtype.kind in "biufc" and holds(native) else Raw


class EncodingSink(Sink):
    """Takes arrays of any dtype, and hands them encoded to the sinks of a format.

    Args:
        name: The name of the array.
        new_sink: Makes a sink of the format by the name of its array.
        holds: Says which dtypes the format has.
        suffix: The format, where it can hold nothing that is encoded; ``""`` for one that can.
        text: Whether strings were decoded, for when there is none.
    """

    def __init__(
        self, name: str, new_sink: NewSink, holds: Callable[[np.dtype], bool], *, suffix: str = "", text: bool = False
    ) -> None:
        self._name, self._new_sink, self._holds = name, new_sink, holds
        self._refusing, self._text = suffix, _TEXT if text else None
        self._codec: Codec | None = None
        self._inner: dict[str, Sink] = {}
        self._dtype: Any = None
        self._shape: tuple[int, ...] = ()
        self._expected = 0

    def expect(self, rows: int) -> None:
        """Tells the format, once the dtype is known."""
        self._expected = rows

    def append(self, rows: np.ndarray) -> None:
        """Encodes the rows and hands them on.

        Raises:
            ConversionError: They do not fit those before, or only pickle could store them.
        """
        if rows.dtype == object:
            self._text = _sort_of(rows, self._text)
        if self._codec is None:
            self._begin(rows)
        elif rows.shape[1:] != self._shape[1:] or rows.dtype != self._read():
            raise ConversionError(
                f"is {rows.dtype} {wording.shape(rows.shape[1:])} where those before were {self._read()}"
                f" {wording.shape(self._shape[1:])}"
            )
        assert self._codec is not None
        for part, array in self._codec.encode(rows):
            self._inner[part].append(array)
        self.rows += len(rows) if rows.ndim else 0
        self.nbytes += bytes_of(rows)
        self._shape = (self.rows, *rows.shape[1:]) if rows.ndim else ()

    def described(self) -> dict[str, Any]:
        """Returns how the array is stored, for the manifest."""
        codec = self._codec
        assert codec is not None, "nothing was appended"
        dtype = (self._text or _BYTES) if isinstance(codec, Strings) else self._dtype
        said = {"name": self._name, "encoding": codec.name, "dtype": dtype, "shape": list(self._shape)}
        return {**said, "bytes": codec.length} if isinstance(codec, Strings) else said

    def restore(self, described: Mapping[str, Any], nbytes: int) -> None:
        """Goes on from what a former sink ``described``; the format's sinks do so by themselves."""
        codec = CODECS[described["encoding"]]()
        self._dtype, self._shape = described["dtype"], tuple(described["shape"])
        if isinstance(codec, Strings):
            self._text = self._dtype
            codec.length = described["bytes"]
        self._begin_with(codec)
        self.rows, self.nbytes = self._shape[0], nbytes

    def _begin(self, rows: np.ndarray) -> None:
        codec = codec_for(rows.dtype, self._holds)()
        if self._refusing and not isinstance(codec, Plain):
            held = "strings" if rows.dtype == object else rows.dtype.name
            raise ConversionError(f"holds {held}, which {self._refusing} cannot hold: save to .npz or .zarr")
        self._dtype = describe_dtype(rows.dtype)
        self._begin_with(codec)

    def _begin_with(self, codec: Codec) -> None:
        self._codec = codec
        for part in codec.parts:
            self._inner[part] = self._new_sink(f"{self._name}/{part}" if part else self._name)
            if self._expected and part != "bytes":
                self._inner[part].expect(self._expected)

    def _read(self) -> np.dtype:
        return np.dtype(object) if isinstance(self._codec, Strings) else read_dtype(self._dtype)


def decoded(described: Mapping[str, Any], read: Callable[[str], np.ndarray]) -> np.ndarray:
    """Returns an array that an ``EncodingSink`` stored.

    Args:
        described: What it said of the array.
        read: Reads an array of the format by its name.

    Raises:
        ValueError: What was said cannot be, or is not what is stored.
    """
    name, codec = described["name"], CODECS.get(described["encoding"])
    if codec is None or not isinstance(name, str):
        raise ValueError(f"an array is stored in an unknown way, {described['encoding']!r}")
    arrays = {part: read(f"{name}/{part}" if part else name) for part in codec.parts}
    array = codec.decode(arrays, described["dtype"])
    if list(array.shape) != described["shape"]:
        raise ValueError(f"{name} has the shape {wording.shape(array.shape)}, not {described['shape']}")
    return array


def describe_dtype(dtype: np.dtype) -> Any:
    """Returns a dtype as plain JSON."""
    if _is_extended(dtype):
        return dtype.name
    return _BYTES if dtype.kind == "O" else np.lib.format.dtype_to_descr(dtype)


def read_dtype(described: Any) -> np.dtype:
    """Returns the dtype that ``describe_dtype`` described.

    Raises:
        ValueError: It described none.
    """
    import ml_dtypes

    try:
        extended = getattr(ml_dtypes, described, None) if isinstance(described, str) else None
        read: np.dtype = (
            np.dtype(extended) if isinstance(extended, type) else np.lib.format.descr_to_dtype(_descr(described))
        )
    except (TypeError, IndexError, KeyError, SyntaxError, AttributeError) as error:
        raise ValueError(f"{described!r} is no dtype") from error
    if read.hasobject:
        raise ValueError("it holds Python objects")
    return read


def _descr(described: Any) -> Any:
    """Returns what NumPy calls a ``descr``: tuples where JSON only has lists."""
    if isinstance(described, str):
        return described
    return [
        (tuple(name) if isinstance(name, list) else name, _descr(inner), *map(tuple, shape))
        for name, inner, *shape in described
    ]


def _is_extended(dtype: np.dtype) -> bool:
    """Returns whether a dtype is one of ``ml_dtypes``."""
    return dtype.type.__module__.partition(".")[0] == "ml_dtypes"


def _has_extended_field(dtype: np.dtype) -> bool:
    """Returns whether a structured dtype has a field of ``ml_dtypes``, which NumPy would call raw bytes."""
    inner = [dtype.base] if dtype.subdtype else [field[0] for field in (dtype.fields or {}).values()]
    return any(_is_extended(one) or _has_extended_field(one) for one in inner)


def _sort_of(strings: np.ndarray, before: str | None) -> str | None:
    """Returns whether an object array holds text or bytes; what was known before where it is empty.

    Raises:
        ConversionError: It holds both, or other objects.
    """
    kinds = {type(one) for one in strings.reshape(-1).tolist()}
    for sort, base in ((_TEXT, str), (_BYTES, bytes)):
        if kinds and all(issubclass(kind, base) for kind in kinds):
            if before not in {None, sort}:
                raise ConversionError(f"holds {sort} where those before held {before}")
            return sort
    if not kinds:
        return before
    if all(issubclass(kind, (str, bytes)) for kind in kinds):
        raise ConversionError("holds str and bytes side by side: make them of one kind")
    other = next(kind for kind in kinds if not issubclass(kind, (str, bytes)))
    raise ConversionError(
        f"is an array of Python objects ({other.__name__}), which no file holds without pickle: convert them before"
    )
