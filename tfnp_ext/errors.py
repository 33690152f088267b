"""The errors this package raises on purpose.

Every message is one sentence that names the value (type, shape, dtype), the cause and the way out.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any


class ConversionError(TypeError, ValueError):
    """A value cannot become a NumPy array, and the message says why and what to do instead.

    It is both a ``TypeError`` and a ``ValueError``, so code that guarded ``np.asarray`` keeps working.
    """

    ag_pass_through = True
    """Inside ``tf.function`` AutoGraph then raises it as it is, and not as one of its own with a list of frames."""


class SymbolicTensorError(ConversionError):
    """A value exists only as a symbol: inside a ``tf.function``, a Keras graph or a TF 1 graph."""


class ConversionInterrupted(KeyboardInterrupt):
    """Ctrl-C, or the notebook's Stop, while a dataset was converted; the message says how far it came.

    Attributes:
        partial: What came until then, joined as the whole would have been.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class StorageError(OSError):
    """A file cannot be written or read, and the message says why and what to do instead.

    Its ``errno`` is that of the system's own error, where there was one.
    """

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class OptionError(ValueError):
    """An option of a card, a plot or a magic has a value that cannot be used."""

    ag_pass_through = True


def warn_caller(messages: Iterable[str]) -> None:
    """Warns who called the function that calls this, each time anew, also in a loop or in a cell that is run again.

    Of a generator it is who draws from it.
    """
    caller = sys._getframe(2)
    for message in messages:
        warnings.warn_explicit(message, UserWarning, caller.f_code.co_filename, caller.f_lineno, registry={})


_HEADINGS = ("Graph execution error", "Detected at node", "Node:")


def reason(error: BaseException) -> str:
    r"""Returns what an error of another library says, as one line, without TensorFlow's headings and stack.

    Example:
        >>> reason(ValueError("Graph execution error:\n\nDetected at node 'p'\nNode: 'p'\nYou must feed a value"))
        'You must feed a value'
    """
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line[0].isspace() and not line.startswith(_HEADINGS)]
    return (said or lines or [type(error).__name__])[0].strip()
