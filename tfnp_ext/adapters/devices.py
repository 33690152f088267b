"""Values on another device, as cards read them: cut and reduced there, so that only what is shown crosses over."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType, SimpleNamespace
from typing import Any, TypeVar

import numpy as np

Array = np.ndarray[Any, Any]

_MOST_ORDERED = 2**24
"""Bytes of a view that is put in order on its device, where that takes as much of its memory."""

MOST_COPIED = 2**20
"""Up to so many bytes a value, or a cut of one, is copied over whole: that takes no longer than asking for less."""

_CARRIERS = {
    "int16": "half", "uint16": "half", "int32": "float32", "uint32": "float32", "uint64": "int64",
}  # fmt: skip
"""The dtype under which bits are cut that TensorFlow cannot cut, or not gather, in the memory of a GPU."""

CUT_DTYPES = frozenset(
    ("bool", "int8", "uint8", "int64", "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
     *_CARRIERS)
)  # fmt: skip
"""Dtypes that are cut on their device. For float8 and int4 TensorFlow has no kernels on a GPU: they are copied."""

_MOST_READ = MOST_COPIED // 4

T = TypeVar("T")


class _Source:
    """A tensor on its device, what was copied of it, and how many bytes that took."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self.dtype = np.dtype(tensor.dtype.as_numpy_dtype)
        self.shape = tuple(map(int, tensor.shape))
        self.size = math.prod(self.shape)
        self.fetched = 0
        self.carrier = _CARRIERS.get(tensor.dtype.name)
        self.head = np.empty(0, self.dtype)
        self.last: tuple[Any, Array] | None = None

    def there(self, function: Callable[[Any, Any], T]) -> T | None:
        """Returns what a function makes of TensorFlow and of the flat values, run on their device.

        ``None`` where the device refuses, for want of memory or of a kernel, and where a TF 1 graph is being built. No
        tape records what is done.
        """
        tf = sys.modules["tensorflow"]
        try:
            with tf.init_scope(), tf.device(self.tensor.backing_device):
                if not tf.executing_eagerly():
                    return None
                carried = tf.bitcast(self.tensor, self.carrier) if self.carrier else self.tensor
                return function(tf, tf.reshape(carried, [-1]))
        except tf.errors.OpError:
            return None

    def compute(self, function: Callable[[Any, Any], Sequence[Any]]) -> list[Array] | None:
        """Returns the small tensors that a function makes on the device of the values, copied over."""
        arrays = self.there(lambda tf, flat: [np.asarray(made) for made in function(tf, flat)])
        self.fetched += sum(array.nbytes for array in arrays or ())
        return arrays

    def opened(self, tf: Any, values: Any) -> Any:
        """Returns cut values in their own dtype."""
        return tf.bitcast(values, self.tensor.dtype) if self.carrier else values

    def run(self, start: int, stop: int) -> Array:
        """Returns the values between two flat places. The first ones are kept: many look there."""
        if stop <= len(self.head):
            return self.head[start:stop]
        found = self.compute(lambda tf, flat: [strided(tf, flat, slice(start, stop))])
        run: Array = self.whole()[start:stop] if found is None else found[0].view(self.dtype)
        run.flags.writeable = False  # on a second CPU it is the tensor's own memory
        if not start:
            self.head = run
        return run

    def cut(self, shape: tuple[int, ...], slices: Sequence[slice], order: Sequence[int]) -> Array:
        """Returns the values at slices of the tensor in some shape; their axes longer than 1 in another order."""
        asked = (shape, [(part.start, part.stop, part.step) for part in slices])
        if self.last is not None and self.last[0] == asked:  # a table and its preview ask for the same
            return self.last[1].transpose(order)
        found = self.compute(lambda tf, flat: [strided(tf, tf.reshape(flat, shape), *slices)])
        cut: Array = self.whole().reshape(shape)[tuple(slices)] if found is None else found[0].view(self.dtype)
        cut = cut.squeeze()
        cut.flags.writeable = False
        self.last = asked, cut
        return cut.transpose(order)

    def picked(self, places: Array) -> Array:
        """Returns the values at flat places [N]."""
        if not places.size or int(places.max()) < len(self.head):
            return self.head[places]
        in_words = self.tensor.dtype.name in {"int8", "uint8"}
        found = self.compute(
            lambda tf, flat: _words(tf, flat, places) if in_words else [tf.gather(flat, places.astype(np.int64))]
        )
        if found is None:
            return self.whole()[places]
        if not in_words:
            values: Array = found[0].view(self.dtype)
            return values
        words, rest = found
        values = words.view(self.dtype).reshape(-1, 4)[np.arange(places.size), places % 4]
        in_rest = places >= self.size - len(rest)
        values[in_rest] = rest[places[in_rest] - (self.size - len(rest))]
        return values

    def whole(self) -> Array:
        """Returns all values [N], copied once: for whoever does not know where they are."""
        if len(self.head) < self.size:
            self.head = np.asarray(self.tensor).reshape(-1)
            self.head.flags.writeable = False
            self.fetched += self.head.nbytes
        return self.head


def strided(tf: Any, tensor: Any, *slices: slice) -> Any:
    """Returns a part of a tensor, one slice an axis; TensorFlow's own slicing takes three times as long."""
    begin, end, step = zip(*((part.start or 0, part.stop, part.step or 1) for part in slices), strict=True)
    # Places are read by the host; only 32-bit integers stay there.
    dtype = np.int32 if max(end) < 2**31 else np.int64
    return tf.raw_ops.StridedSlice(
        input=tensor, begin=np.array(begin, dtype), end=np.array(end, dtype), strides=np.array(step, dtype)
    )


def _words(tf: Any, flat: Any, places: Array) -> tuple[Any, Any]:
    """Returns the four bytes around each place, and the last up to three: a GPU gathers no single bytes."""
    count = int(flat.shape[0]) // 4
    words = tf.bitcast(tf.reshape(strided(tf, flat, slice(0, 4 * count)), [-1, 4]), "float32")
    return (
        tf.gather(words, np.minimum(places // 4, count - 1).astype(np.int64)),
        strided(tf, flat, slice(4 * count, int(flat.shape[0]))),
    )


class DeviceArray(np.lib.mixins.NDArrayOperatorsMixin):
    """The values of a large tensor on another device, for what only looks at them.

    It answers to what an ndarray does: shape, dtype, slices, ``reshape``, ``T``. A small cut is an ndarray; a large
    one stays there, a view as in NumPy. Whatever else is asked of it copies it over, whole, once.

    Args:
        tensor: An eager tensor of one of ``CUT_DTYPES``.
    """

    def __init__(self, tensor: Any) -> None:
        source = _Source(tensor)
        self._set(source, source.shape, _contiguous(source.shape), 0)

    def _set(self, source: _Source, shape: tuple[int, ...], steps: tuple[int, ...], offset: int) -> None:
        self._source = source
        self.shape = shape
        self._steps = steps
        self._offset = offset
        self.dtype = source.dtype

    def _view(self, shape: Sequence[int], steps: Sequence[int], offset: int) -> DeviceArray:
        view = object.__new__(DeviceArray)
        view._set(self._source, tuple(shape), tuple(steps), offset)
        return view

    @property
    def fetched(self) -> int:
        """How many bytes have been copied over, by this array and by every other view of its tensor."""
        return self._source.fetched

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one value."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of its values."""
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from a value to the next along each axis."""
        return tuple(step * self.itemsize for step in self._steps)

    @property
    def flags(self) -> Any:
        """How its memory is laid out."""
        return SimpleNamespace(
            c_contiguous=_is_contiguous(self.shape, self._steps),
            f_contiguous=_is_contiguous(self.shape[::-1], self._steps[::-1]),
            writeable=False,
        )

    @property
    def T(self) -> DeviceArray:  # noqa: N802
        """The axes in reverse order."""
        return self.transpose()

    @property
    def flat(self) -> Any:
        """All values in order; what is taken of it is cut on the device."""
        return self.reshape(-1) if _is_contiguous(self.shape, self._steps) else _Flat(self)

    def transpose(self, *axes: Any) -> DeviceArray:
        """Returns a view with its axes in another order."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        order = range(self.ndim)[::-1] if not order else [operator.index(axis) % self.ndim for axis in order]
        return self._view([self.shape[axis] for axis in order], [self._steps[axis] for axis in order], self._offset)

    def reshape(self, *shape: Any) -> Any:
        """Returns a view of another shape; a copy where the values do not lie in order."""
        if not _is_contiguous(self.shape, self._steps):
            return np.asarray(self).reshape(*shape)
        wanted = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        # NumPy finds out what -1 stands for, and refuses what does not fit; nothing of that size is allocated.
        found = np.broadcast_to(np.int8(0), (self.size,)).reshape(wanted).shape
        return self._view(found, _contiguous(found), self._offset)

    def reduced(self, function: Callable[[Any, Callable[..., Any]], Sequence[Any]]) -> list[Array] | None:
        """Returns what is computed of the values on their device, so that only the results cross over.

        Args:
            function: Makes small tensors of TensorFlow and of a function ``part(*slices)``, which gives a part of the
                values as a tensor: one slice for each axis.

        Returns:
            The results; ``None`` where the device cannot compute them, or very many values do not lie in order.
        """
        if not _is_contiguous(self.shape, self._steps) and not self._is_small_cut():
            return None

        def made(tf: Any, flat: Any) -> Sequence[Any]:
            own = self._own(tf, flat)
            return function(tf, lambda *slices: self._source.opened(tf, strided(tf, own, *slices)))

        return self._source.compute(made)

    def mapped(self, function: Callable[[Any, Any], Any]) -> DeviceArray | None:
        """Returns the values that a function makes, of TensorFlow and of these values as a tensor, on their device.

        ``None`` where the device cannot compute them, or the values do not lie in order.
        """
        if not _is_contiguous(self.shape, self._steps):
            return None
        source = self._source
        made = source.there(lambda tf, flat: function(tf, source.opened(tf, self._own(tf, flat))))
        return None if made is None else DeviceArray(made)

    def _is_small_cut(self) -> bool:
        """Returns whether it is slices of the tensor, so few that they may be put in order on the device."""
        return self.nbytes <= _MOST_ORDERED and self._as_slices(self._source.shape) is not None

    def _own(self, tf: Any, flat: Any) -> Any:
        """Returns the tensor of this view, its values in order."""
        cut = None if _is_contiguous(self.shape, self._steps) else self._as_slices(self._source.shape)
        if cut is not None:
            slices, order = cut
            values = tf.squeeze(strided(tf, tf.reshape(flat, self._source.shape), *slices))
            return tf.reshape(tf.transpose(values, order), self.shape)
        if self.size != self._source.size:
            flat = strided(tf, flat, slice(self._offset, self._offset + self.size))
        return tf.reshape(flat, self.shape) if self.ndim != 1 else flat

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        # Parts of several axes stay there even if they are small: whoever goes through all would have all copied.
        return (self.view_at((place,)) if self.ndim > 1 else self[place] for place in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        """Returns what NumPy would: a view, or values picked; a small one is copied over at once."""
        parts = index if isinstance(index, tuple) else (index,)
        if not all(map(_is_basic, parts)):
            return self._picked(parts)
        view = self.view_at(parts)
        if view.nbytes > MOST_COPIED:
            return view
        values = view._fetched()
        return values if view.shape else values[()]

    def view_at(self, parts: tuple[Any, ...]) -> DeviceArray:
        """Returns the view at integers, slices, new axes and an ellipsis, left on the device however small it is."""
        shape: list[int] = []
        steps: list[int] = []
        offset, axis = self._offset, 0
        for part in self._spelled_out(parts):
            if part is None:
                shape.append(1)
                steps.append(0)
                continue
            if isinstance(part, slice):
                start, stop, step = part.indices(self.shape[axis])
                shape.append(len(range(start, stop, step)))
                steps.append(step * self._steps[axis])
                offset += start * self._steps[axis] if shape[-1] else 0
            else:
                offset += int(_checked(part, self.shape[axis], axis)) * self._steps[axis]
            axis += 1
        return self._view(shape, steps, offset)

    def _picked(self, parts: tuple[Any, ...]) -> Array:
        """Returns the values at an index that holds arrays: NumPy applies it to the places of the values."""
        if any(np.asarray(part).dtype == np.bool_ for part in parts if not _is_basic(part)):
            return np.asarray(np.asarray(self)[parts])
        if len(parts) == self.ndim and not any(
            part is None or isinstance(part, (slice, EllipsisType)) for part in parts
        ):
            places = np.asarray(self._offset)
            for axis, part in enumerate(parts):
                places = places + _checked(part, self.shape[axis], axis) * self._steps[axis]
            return self._source.picked(places.reshape(-1)).reshape(places.shape)
        # Of each axis only those places that are asked for, so that nothing of the size of the values is made.
        asked: list[Array] = []
        index: list[Any] = []
        for part in self._spelled_out(parts):
            if part is None:
                index.append(None)
                continue
            axis = len(asked)
            if isinstance(part, slice):
                asked.append(np.arange(*part.indices(self.shape[axis])) * self._steps[axis])
                index.append(slice(None))
            else:
                places = _checked(part, self.shape[axis], axis)
                asked.append(places.reshape(-1) * self._steps[axis])
                index.append(np.arange(places.size).reshape(places.shape))
        shape = [len(along) for along in asked]
        found = np.full((), self._offset, np.int64)
        for axis, along in enumerate(asked):
            spread = np.broadcast_to(along.reshape(-1, *(1,) * (len(asked) - 1 - axis)), shape)
            found = found + spread[tuple(index)]
        return self._source.picked(found.reshape(-1)).reshape(found.shape)

    def _spelled_out(self, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns an index that names every axis, its ellipsis written out."""
        used = sum(part is not None and part is not Ellipsis for part in parts)
        ellipses = [place for place, part in enumerate(parts) if part is Ellipsis]
        if used > self.ndim or len(ellipses) > 1:
            raise IndexError(f"too many indices for an array of {self.ndim} axes")
        place = ellipses[0] if ellipses else len(parts)
        return (*parts[:place], *[slice(None)] * (self.ndim - used), *parts[place + 1 :])

    def _fetched(self) -> Array:
        """Returns all values of the view as an ndarray: a run where they lie together, else slices, else picked."""
        if not self.size:
            return np.empty(self.shape, self.dtype)
        if _is_contiguous(self.shape, self._steps):
            return self._source.run(self._offset, self._offset + self.size).reshape(self.shape)
        for base in (self._source.shape, (self._source.size,)):
            cut = self._as_slices(base)
            if cut is not None:
                return self._source.cut(base, *cut).reshape(self.shape)
        reach = [(length - 1) * step for length, step in zip(self.shape, self._steps, strict=True)]
        first = self._offset + sum(min(0, end) for end in reach)
        last = self._offset + sum(max(0, end) for end in reach)
        # A place costs eight bytes on its way there.
        if (last - first + 1) * self.itemsize > self.size * (8 + self.itemsize):
            return self._picked((...,))
        run = self._source.run(first, last + 1)
        return np.lib.stride_tricks.as_strided(run[self._offset - first :], self.shape, self.strides, writeable=False)

    def _as_slices(self, base: tuple[int, ...]) -> tuple[list[slice], list[int]] | None:
        """Returns the view as slices of a tensor of some shape and the order of its axes, where it is that."""
        slices: list[slice] = []
        rest, axes = self._offset, {}
        for axis, (length, step) in enumerate(zip(self.shape, self._steps, strict=True)):
            if length > 1:
                axes[axis] = step
        order: list[int] = []
        for length, along in zip(base, _contiguous(base), strict=True):
            place, rest = divmod(rest, along)
            moved = next((axis for axis, step in axes.items() if step >= along and step % along == 0), None)
            if moved is None:
                slices.append(slice(place, place + 1))
                continue
            stride = axes.pop(moved) // along
            stop = place + (self.shape[moved] - 1) * stride + 1
            if stop > length:
                return None
            order.append(moved)
            slices.append(slice(place, stop, stride))
        return None if axes else (slices, list(np.argsort(order)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("values on another device can only be copied")
        values = self._fetched()
        return values.astype(values.dtype if dtype is None else dtype, copy=bool(copy))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        """Calculates with the values copied over."""
        copied = (np.asarray(value) if isinstance(value, DeviceArray) else value for value in inputs)
        return getattr(ufunc, method)(*copied, **named)

    def __getattr__(self, name: str) -> Any:
        """Returns what an ndarray has under a name, of the values copied over."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(np.asarray(self), name)


class _Flat:
    """The values, in order, of a view whose values do not lie in order."""

    def __init__(self, view: DeviceArray) -> None:
        self._view = view

    def __len__(self) -> int:
        return self._view.size

    def __getitem__(self, index: Any) -> Any:
        size = self._view.size
        places = np.arange(*index.indices(size)) if isinstance(index, slice) else _checked(index, size, 0)
        return self._view[np.unravel_index(places, self._view.shape)]


def most_read(array: Any, usual: int, most_bytes: int = _MOST_READ) -> int:
    """Returns how many values of an array may be read: as many as usual, on another device fewer, which are copied."""
    return min(usual, max(1, most_bytes // max(4, array.itemsize))) if isinstance(array, DeviceArray) else usual


def _is_basic(part: Any) -> bool:
    """Returns whether a part of an index makes a view."""
    if isinstance(part, (bool, np.bool_)):
        return False
    return part is None or isinstance(part, (slice, int, np.integer, EllipsisType))


def _checked(part: Any, length: int, axis: int) -> Array:
    """Returns the places that integers name on an axis, those from its end counted from its start.

    Raises:
        IndexError: They are no integers, or beyond the axis.
    """
    places = np.asarray(part)
    if places.dtype.kind not in "iu" and places.size:
        raise IndexError("only integers, slices, an ellipsis, new axes and arrays of integers or truths are indices")
    if places.size and not -length <= int(places.min()) <= int(places.max()) < length:
        raise IndexError(f"an index is out of bounds for axis {axis} with size {length}")
    return places.astype(np.int64) % max(1, length)


def _contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """Returns how many values lie between neighbours along each axis where the last one varies fastest."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _is_contiguous(shape: Sequence[int], steps: Sequence[int]) -> bool:
    wanted = _contiguous(shape)
    return not math.prod(shape) or all(
        length == 1 or step == right for length, step, right in zip(shape, steps, wanted, strict=True)
    )
