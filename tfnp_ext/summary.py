"""What one value is: its facts, its numbers, its role."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tfnp_ext.statistics import Statistics


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
        shares_memory: Whether ``to_numpy`` gives a view rather than a copy; ``None`` where it has no value.
        state: The word of the headline: ``view``, ``copy``, ``trainable``, ``symbolic``.
        statistics: Its numbers, ``None`` for strings and values that do not exist yet.
        role: What it is likely to be, one of ``roles.ROLES``.
        title: The role in words for the headline; empty where it does not change the picture.
        reason: Why it was read as this role.
        drawn: What a picture draws: the numbers with singleton batch axes squeezed away, else ``None``.
        limits: For images: the values shown as black and white.
    """

    kind: str
    shape: tuple[int | None, ...] | None
    dtype: str
    name: str = ""
    device: str = ""
    nbytes: int | None = None
    shares_memory: bool | None = None
    state: str = ""
    statistics: Statistics | None = None
    role: str = "other"
    title: str = ""
    reason: str = ""
    drawn: np.ndarray | None = field(default=None, repr=False, compare=False)
    limits: tuple[float, float] | None = None
