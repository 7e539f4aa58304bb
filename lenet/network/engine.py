"""The fast engine: all full steps of an epoch are one graph, on the weights of the Keras model."""

import keras
import numpy as np
import tensorflow as tf

from lenet.network import graph, model
from lenet.network.evaluation import EVALUATION_BATCH
from lenet.network.layers import CLASSES


class GraphEngine:
    """Steps and answers of a network that `proof` finds to be the one in `graph`.

    Each batch is cut in a fixed number of shards that run side by side; their number, not that of
    the threads, decides the order of additions and so the bits of the result.
    """

    def __init__(self, network: keras.Model, train_set: graph.Resident, options: model.Options):
        self.model = network
        self.train_set = train_set
        self.options = options
        self.variables = [weight.value for weight in network.weights]
        # Keras would compile with XLA on a GPU alone; so does this engine, and says so.
        compiled = options.device == "GPU"
        # One graph for any number of steps, and one for any number of whole batches of images.
        batches = tf.TensorSpec([None, options.batch_size], tf.int32)
        signature = [batches, tf.TensorSpec([], tf.float32)]
        self._steps = tf.function(self._steps_graph, signature, jit_compile=compiled)
        self._last_step = tf.function(self._step, jit_compile=compiled)
        images = [tf.TensorSpec([None, train_set.patches.shape[1]], tf.uint8)]
        self._batches = tf.function(self._batches_graph, images, jit_compile=compiled)
        self._last_batch = tf.function(self._batch_graph, jit_compile=compiled)

    def reset(self, seed: int, init: str) -> None:
        """Set the initial values of a seed."""
        self.model.set_weights(model.initial_values(self.model, init, seed))

    def epoch(self, lr: float, order: np.ndarray) -> np.ndarray:
        """Train once on the images in this order; the loss of each step comes back, float32."""
        rows = order.astype(np.int32)
        size = self.options.batch_size
        full = len(rows) // size * size
        losses = self._steps(rows[:full].reshape(-1, size), lr)
        rest = rows[full:]
        if not len(rest):
            return losses.numpy()
        scaled = np.float32(self.options.scale(len(rest))) * np.float32(lr)
        return np.append(losses, self._last_step(tf.constant(rest), tf.constant(scaled)))

    def logits(self, images: graph.Resident) -> np.ndarray:
        """Logits (n, 10) of all images of a set."""
        count = len(images.patches)
        rest = count % EVALUATION_BATCH
        parts = []
        if rest < count:
            parts.append(self._batches(images.patches))
        if rest:
            parts.append(self._last_batch(images.patches[-rest:]))
        return np.concatenate(parts)

    def trace(self, *sets: graph.Resident) -> None:
        """Make the graphs of an epoch and of evaluating these sets, without running them."""
        self._steps.get_concrete_function()
        rest = len(self.train_set.labels) % self.options.batch_size
        if rest:
            lr = tf.TensorSpec([], tf.float32)
            self._last_step.get_concrete_function(tf.TensorSpec([rest], tf.int32), lr)
        self._batches.get_concrete_function()
        for images in sets:
            rest = len(images.patches) % EVALUATION_BATCH
            if rest:
                self._last_batch.get_concrete_function(images.patches[-rest:])

    def _weights(self):
        return [variable.value() for variable in self.variables]

    def _step(self, rows, lr):
        """One step on a batch of rows; its mean loss comes back."""
        batch = tf.gather(self.train_set.patches, rows)
        labels = tf.gather(self.train_set.labels, rows)
        options = self.options
        loss, gradients = graph.gradients(
            self._weights(), batch, labels, options.head, options.shards
        )
        for variable, gradient in zip(self.variables, gradients, strict=True):
            # One operation in place, where assign_sub would first make lr * gradient.
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=lr, delta=gradient)
        return loss

    def _steps_graph(self, batches, lr):
        """A step on each row of `batches`; their losses come back."""
        steps = tf.shape(batches)[0]
        losses = tf.TensorArray(tf.float32, steps, element_shape=())
        for step in tf.range(steps):
            losses = losses.write(step, self._step(batches[step], lr))
        return losses.stack()

    def _batches_graph(self, patches):
        """Logits of all whole batches of images, one batch at a time, which bounds the memory."""
        weights = graph.merged(self._weights(), self.options.head)
        size = EVALUATION_BATCH
        shape = [size, patches.shape[1]]
        batches = tf.shape(patches)[0] // size
        logits = tf.map_fn(
            lambda batch: self._shards(weights, tf.slice(patches, [batch * size, 0], shape)),
            tf.range(batches),
            parallel_iterations=1,
            fn_output_signature=tf.TensorSpec([size, CLASSES], tf.float32),
        )
        return tf.reshape(logits, (-1, CLASSES))

    def _batch_graph(self, patches):
        """Logits of one batch of images."""
        return self._shards(graph.merged(self._weights(), self.options.head), patches)

    def _shards(self, weights, patches):
        """Logits of a batch, whose shards run side by side."""
        shards = tf.split(patches, graph.shard_sizes(patches.shape[0], self.options.shards))
        return tf.concat([graph.logits(weights, shard) for shard in shards], 0)
