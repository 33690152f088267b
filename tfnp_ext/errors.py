"""The errors this package raises on purpose.

Every message is one sentence that names the value (type, shape, dtype), the cause and the way out.
"""

from __future__ import annotations


class ConversionError(TypeError, ValueError):
    """A value cannot become a NumPy array, and the message says why and what to do instead.

    It is both a ``TypeError`` and a ``ValueError``, so code that guarded ``np.asarray`` keeps working.
    """


class SymbolicTensorError(ConversionError):
    """A value exists only as a symbol: inside a ``tf.function``, a Keras graph or a TF 1 graph."""


class OptionError(ValueError):
    """An option of a card, a plot or a magic has a value that cannot be used."""
