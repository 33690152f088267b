"""Datasets: what is known of one, its elements one at a time, and all of them joined to arrays.

Importing this room registers datasets and iterators among the kinds.
"""

from __future__ import annotations

from tfnp_ext.datasets import adapter
from tfnp_ext.datasets.iteration import NumpyDataset, iter_numpy

__all__ = ["NumpyDataset", "adapter", "iter_numpy"]
