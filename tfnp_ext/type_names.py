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
    "keras.src.callbacks.history.History",
    "keras.src.layers.layer.Layer",
    "keras.src.metrics.metric.Metric",
    "keras.src.optimizers.base_optimizer.BaseOptimizer",
    "keras.src.random.seed_generator.SeedGenerator",
    "tensorflow.core.example.example_pb2.Example",
    "tensorflow.core.example.example_pb2.SequenceExample",
    "tensorflow.core.example.feature_pb2.BytesList",
    "tensorflow.core.example.feature_pb2.Feature",
    "tensorflow.core.example.feature_pb2.Features",
    "tensorflow.core.example.feature_pb2.FloatList",
    "tensorflow.core.example.feature_pb2.Int64List",
    "tensorflow.core.framework.tensor_pb2.TensorProto",
    "tensorflow.dtensor.python.d_variable.DVariable",
    "tensorflow.python.checkpoint.checkpoint.Checkpoint",
    "tensorflow.python.data.ops.dataset_ops.DatasetV2",
    "tensorflow.python.data.ops.dataset_ops.NumpyIterator",
    "tensorflow.python.data.ops.iterator_ops.OwnedIterator",
    "tensorflow.python.data.ops.optional_ops.Optional",
    "tensorflow.python.distribute.input_lib.DistributedDataset",
    "tensorflow.python.distribute.input_lib.DistributedDatasetsFromFunction",
    "tensorflow.python.distribute.input_lib.DistributedIterator",
    "tensorflow.python.distribute.sharded_variable.ShardedVariable",
    "tensorflow.python.distribute.values.DistributedVariable",
    "tensorflow.python.distribute.values.Mirrored",
    "tensorflow.python.distribute.values.PerReplica",
    "tensorflow.python.framework.extension_type.ExtensionType",
    "tensorflow.python.framework.indexed_slices.IndexedSlices",
    "tensorflow.python.framework.ops.EagerTensor",
    "tensorflow.python.framework.ops.SymbolicTensor",
    "tensorflow.python.framework.sparse_tensor.SparseTensor",
    "tensorflow.python.framework.sparse_tensor.SparseTensorValue",
    "tensorflow.python.framework.tensor.Tensor",
    "tensorflow.python.framework.weak_tensor.WeakTensor",
    "tensorflow.python.module.module.Module",
    "tensorflow.python.ops.lookup_ops.LookupInterface",
    "tensorflow.python.ops.ragged.ragged_tensor.RaggedTensor",
    "tensorflow.python.ops.ragged.ragged_tensor_value.RaggedTensorValue",
    "tensorflow.python.ops.stateful_random_ops.Generator",
    "tensorflow.python.ops.structured.structured_tensor.StructuredTensor",
    "tensorflow.python.ops.tensor_array_ops.TensorArray",
    "tensorflow.python.ops.variables.Variable",
    "tensorflow.python.trackable.autotrackable.AutoTrackable",
    "tensorflow.python.util._pywrap_checkpoint_reader.CheckpointReader",
)
