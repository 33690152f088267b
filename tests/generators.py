"""Datasets of generators that are asked for an element only when all before it are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def one_at_a_time(generate: Callable[[], Iterable[Any]], signature: Any) -> Any:
    """Returns a dataset of what a generator yields; TensorFlow, left to itself, makes some ahead."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_generator(generate, output_signature=signature).with_options(options)
