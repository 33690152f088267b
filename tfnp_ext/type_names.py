"""Dotted names of the classes that show themselves at the end of a cell.

``%load_ext`` registers a printer for each by its name alone, and so imports neither the adapters nor NumPy. The kinds
themselves say these names too, each in its file; ``tests/test_laziness.py`` holds that both are the same, and prints
the line that is missing here.
"""

from __future__ import annotations

SHOWN = (
    "keras.src.backend.Variable",
    "keras.src.backend.common.keras_tensor.KerasTensor",
    "keras.src.backend.common.variables.Variable",
    "tensorflow.core.framework.tensor_pb2.TensorProto",
    "tensorflow.dtensor.python.d_variable.DVariable",
    "tensorflow.python.data.ops.dataset_ops.DatasetV2",
    "tensorflow.python.data.ops.dataset_ops.NumpyIterator",
    "tensorflow.python.data.ops.iterator_ops.OwnedIterator",
    "tensorflow.python.distribute.input_lib.DistributedDataset",
    "tensorflow.python.distribute.input_lib.DistributedIterator",
    "tensorflow.python.distribute.sharded_variable.ShardedVariable",
    "tensorflow.python.distribute.values.DistributedVariable",
    "tensorflow.python.distribute.values.Mirrored",
    "tensorflow.python.framework.indexed_slices.IndexedSlices",
    "tensorflow.python.framework.ops.EagerTensor",
    "tensorflow.python.framework.ops.SymbolicTensor",
    "tensorflow.python.framework.sparse_tensor.SparseTensor",
    "tensorflow.python.framework.sparse_tensor.SparseTensorValue",
    "tensorflow.python.framework.tensor.Tensor",
    "tensorflow.python.framework.weak_tensor.WeakTensor",
    "tensorflow.python.ops.ragged.ragged_tensor.RaggedTensor",
    "tensorflow.python.ops.ragged.ragged_tensor_value.RaggedTensorValue",
    "tensorflow.python.ops.variables.Variable",
)
