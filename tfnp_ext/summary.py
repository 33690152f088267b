"""What one value is: its facts, its numbers, its role."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

import tfnp_ext.datasets  # noqa: F401  # registers its kinds
from tfnp_ext import wording
from tfnp_ext.adapters import (
    Absent,
    Adapter,
    Content,
    Curves,
    Dense,
    Elements,
    Facts,
    Ragged,
    Slices,
    Sparse,
    Strings,
    find_adapter,
)
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.casting import dtype_word
from tfnp_ext.convert import not_tensor_like
from tfnp_ext.errors import OptionError
from tfnp_ext.roles import Role, read_role
from tfnp_ext.statistics import FOR_A_LINE, Statistics, compute_statistics

_FOR_STATISTICS = 1 - 2 * FOR_A_LINE
"""Share of the budget for the conversion and the statistics; the rest is for the role's line and the picture."""

_MOST_WIDE = 2**22
"""Logits whose softmax is made in float64."""

_AT_A_TIME = 2**17


@dataclass(frozen=True)
class Summary:
    """What a card says about one value.

    Attributes:
        kind: The user's word for what it is: ``Tensor``, ``Variable``, ``ndarray``.
        name: Its own name, ``""`` for none.
        shape: Its shape; ``None`` for an axis of unknown length, or for an unknown rank.
        dtype: Name of its dtype, as TensorFlow or NumPy says it.
        device: ``CPU``, ``GPU:0``; ``""`` where it has none.
        nbytes: Bytes of its values; ``None`` where unknown.
        nbytes_exact: Whether they were counted; those of very many strings are estimated.
        shares_memory: Whether ``to_numpy`` gives a view rather than a copy; ``None`` where it has no value.
        state: The word of the headline: ``view``, ``copy``, ``trainable``, ``symbolic``.
        statistics: Its numbers, ``None`` for strings and values that do not exist yet.
        role: What it is likely to be, one of ``roles.ROLES``.
        title: The role in words for the headline; empty where it does not change the picture.
        reason: Why it was read as this role.
        drawn: What a picture draws: the numbers with singleton batch axes squeezed away, else ``None``.
        limits: For images: the values shown as black and white.
        details: More words for the headline, said by the kind.
        content: The values as the kind has them: an array, ragged rows, stored entries, or none yet.
    """

    kind: str
    shape: tuple[int | None, ...] | None
    dtype: str
    name: str = ""
    device: str = ""
    nbytes: int | None = None
    nbytes_exact: bool = True
    shares_memory: bool | None = None
    state: str = ""
    statistics: Statistics | None = None
    role: str = "other"
    title: str = ""
    reason: str = ""
    drawn: np.ndarray | None = field(default=None, repr=False, compare=False)
    limits: tuple[float, float] | None = None
    details: tuple[str, ...] = ()
    content: Content | None = field(default=None, repr=False, compare=False)

    @property
    def described(self) -> str:
        """What a sentence calls it: ``Tensor (10,) float32``."""
        if self.shape is None and not self.dtype:
            return self.kind
        return f"{self.kind} {wording.shape(self.shape)} {self.dtype}"


@np.errstate(all="ignore")  # a signalling NaN makes NumPy warn wherever it is cast
def summarize(obj: Any, *, budget_ms: float = 150.0, result: Any = None) -> Summary:
    """Returns what one value is; it looks at the value and never acts on it.

    Args:
        obj: Anything that ``to_numpy`` takes but a nest of values.
        budget_ms: Milliseconds for exact statistics; beyond it they come from a seeded sample.
        result: What the value was converted to, where the summary is about that: its dtype and sharing count.

    Raises:
        ConversionError: It is not tensor-like.

    Example:
        >>> import numpy as np
        >>> summarize(np.arange(3)).statistics.maximum
        2
    """
    started = time.perf_counter()
    adapter = find_adapter(obj)
    if adapter is None:
        raise not_tensor_like(obj)
    facts, content = adapter.seen(obj)
    if result is not None:
        facts, content = _of_result(facts, content, result)
    if isinstance(content, Dense) and type(content.array) is not np.ndarray and not _is_kept(content.array):
        content = Dense(np.asarray(content.array))
    array = numbers_of(content)
    left = budget_ms * _FOR_STATISTICS - (time.perf_counter() - started) * 1000
    statistics = compute_statistics(array, max(0.0, left)) if array is not None and array.size else None
    role = _role(content, statistics, adapter, facts.name)
    return Summary(
        kind=adapter.label(obj),
        shape=facts.shape,
        dtype=facts.dtype,
        name=facts.name,
        device=facts.device,
        nbytes=facts.nbytes,
        nbytes_exact=facts.nbytes_exact,
        shares_memory=facts.shares_memory,
        state=facts.state,
        statistics=statistics,
        role=role.name,
        title=role.title,
        reason=role.reason,
        drawn=role.drawn,
        limits=role.limits,
        details=facts.details,
        content=content,
    )


def _is_kept(array: np.ndarray) -> bool:
    """Returns whether an array is looked at as what it is: masked, or on another device."""
    return isinstance(array, (np.ma.MaskedArray, DeviceArray))


def numbers_of(content: Content | None) -> np.ndarray | None:
    """Returns the numbers of a content, whatever holds them; ``None`` where there are none."""
    if isinstance(content, Dense):
        return content.array
    if not isinstance(content, (Ragged, Sparse, Slices)):
        return None
    values = content.flat if isinstance(content, Ragged) else content.values
    return None if isinstance(values, Strings) else values


def _role(content: Content, statistics: Statistics | None, adapter: Adapter, name: str) -> Role:
    if isinstance(content, Absent):
        return Role("absent", reason=content.reason)
    if isinstance(content, Elements):
        return Role("absent", reason="its elements have the values")
    if isinstance(content, Curves):
        return Role("history", reason="training curves: one value an epoch")
    if isinstance(content, Strings):
        return Role("text")
    if isinstance(content, Ragged):
        return Role("ragged")
    if isinstance(content, Sparse):
        return Role("sparse")
    if isinstance(content, Slices):
        return Role("rows")
    return read_role(content.array, statistics, weights=adapter.kind == "Variable", name=name)


def _of_result(facts: Facts, content: Content, result: Any) -> tuple[Facts, Content]:
    """Returns facts and values of what ``to_numpy`` made: its dtype, bytes and sharing, and what was done to get it."""
    if not isinstance(result, np.ndarray):
        return replace(facts, details=(*facts.details, f"as {type(result).__name__}")), content
    if isinstance(content, Ragged) and result.dtype == object and result.ndim == 1:
        return _of_rows(facts, content, result), content
    held = content.array if isinstance(content, Dense) else None
    dtype = content.dtype if isinstance(content, Strings) else None if held is None else held.dtype
    # What a dataset gave is a value by itself: there is nothing that it could be a view of.
    shares = (
        isinstance(held, np.ndarray) and held is not result and bool(result.size) and np.shares_memory(result, held)
    )
    done = {
        Ragged: "masked" if isinstance(result, np.ma.MaskedArray) else "padded",
        Sparse: "made dense",
        Slices: "rows of one index added up",
    }.get(type(content))
    facts = replace(
        facts,
        shape=result.shape,
        shares_memory=shares,
        state="view" if shares else "copy",
        details=(*facts.details, done) if done else facts.details,
    )
    if dtype != result.dtype:
        dtype_name = facts.dtype if result.dtype == object else dtype_word(result.dtype)
        facts = replace(facts, dtype=dtype_name, nbytes=result.nbytes, nbytes_exact=True)
    return facts, Dense(result)


def _of_rows(facts: Facts, content: Ragged, rows: np.ndarray) -> Facts:
    """Returns the facts of a ragged tensor that became an object array of its rows."""
    row: Any = rows
    while isinstance(row, np.ndarray) and row.dtype == object and row.size and isinstance(row.flat[0], np.ndarray):
        row = row.flat[0]
    if not isinstance(row, np.ndarray) or row is rows:
        return facts
    flat = None if isinstance(content.flat, Strings) else content.flat
    shares = flat is not None and any(
        np.shares_memory(part, flat) for part in rows.flat if part.dtype != object and part.size
    )
    dtype = facts.dtype if row.dtype == object else row.dtype.name
    return replace(facts, dtype=dtype, state="view" if shares else "copy", details=(*facts.details, "array of rows"))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns exp(x) / sum(exp(x)) over the last axis in float64, shifted by the largest so that nothing overflows.

    Of more than four million logits it is float32, made a part at a time. On another device TensorFlow computes it
    there, in float32 unless the logits are wider.

    Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, section 4.1.
    """
    if isinstance(logits, DeviceArray):
        wider = "float32" if logits.itemsize <= 4 else "float64"
        made = logits.mapped(lambda tf, values: tf.nn.softmax(tf.cast(values, wider)))
        if made is not None:
            return cast("np.ndarray", made)
    if logits.size > _MOST_WIDE:
        return _softmax_in_parts(logits)
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _softmax_in_parts(logits: np.ndarray) -> np.ndarray:
    """Returns the softmax in float32, with nothing else of the size of the logits."""
    shares = np.empty(logits.shape, np.float32)
    classes = logits.shape[-1]
    rows, shares_of_rows = logits.reshape(-1, classes), shares.reshape(-1, classes)
    down, across = max(1, _AT_A_TIME // classes), min(classes, _AT_A_TIME)
    parts = [slice(left, left + across) for left in range(0, classes, across)]
    for top in range(0, len(rows), down):
        band, made = rows[top : top + down], shares_of_rows[top : top + down]
        peaks = np.max([band[:, part].max(axis=1).astype(np.float64) for part in parts], axis=0)[:, None]
        total = np.zeros((len(band), 1))
        for part in parts:
            below = band[:, part].astype(np.float64)
            below -= peaks
            total += np.exp(below, out=below).sum(axis=1, keepdims=True)
            made[:, part] = below
        made /= total.astype(np.float32)
    return shares


def with_softmax(summary: Summary, budget_ms: float = 150.0) -> Summary:
    """Returns the summary read as the class probabilities that softmax makes of it, over the last axis.

    Args:
        summary: That of a vector or a batch of logits.
        budget_ms: Milliseconds for a card, as in ``summarize``: how many of the probabilities the statistics read.

    Raises:
        OptionError: It is no vector or batch of floats, which may be -Inf where a class is ruled out; or it holds
            probabilities already.
    """
    drawn = summary.drawn
    if drawn is None or drawn.ndim not in {1, 2} or drawn.dtype.kind == "c" or drawn.shape[-1] < 2:
        raise OptionError(f"softmax needs a vector or a batch of logits, not {summary.described}")
    if drawn.dtype.kind in "biu":
        raise OptionError(f"softmax is for logits, which are floats, not for {summary.described}")
    if summary.role in {"probabilities", "probability batch"}:
        raise OptionError(f"{summary.described} holds probabilities already: softmax is for logits")
    seen = summary.statistics
    if seen is None or not seen.finite or seen.nans or seen.positive_infinities:
        held = "NaN" if seen is None or seen.nans else "+Inf" if seen.positive_infinities else "nothing finite"
        where = f" at {wording.index(seen.first_invalid)}" if seen is not None and seen.first_invalid else ""
        raise OptionError(
            f"softmax needs numbers, and {summary.described} holds {held}{where}: -Inf alone may stand in"
        )
    shares = softmax(drawn)
    batch = drawn.ndim == 2
    title = "softmax of logits"
    if batch:
        title += f", {wording.plural(len(shares), 'example')} × {wording.integer(shares.shape[1])} classes"
    return replace(
        summary,
        role="probability batch" if batch else "probabilities",
        title=title,
        reason="softmax of the values, as asked; the values are unchanged",
        drawn=shares,
        statistics=compute_statistics(shares, budget_ms * _FOR_STATISTICS),
    )
