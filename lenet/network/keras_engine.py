"""The slow engine: Keras itself trains and answers, whatever layers the network has."""

import keras
import numpy as np

from lenet.network import graph, model
from lenet.network.evaluation import EVALUATION_BATCH


def inputs(images: np.ndarray) -> np.ndarray:
    """What the Keras model takes, float32 (n, 28, 28, 1), from uint8 images (n, 28, 28)."""
    return images[..., None] / np.float32(graph.WHITE)


class KerasEngine:
    """The batches, order, steps and evaluation of `GraphEngine`, through Keras."""

    def __init__(self, network: keras.Model, train_set: graph.Resident, options: model.Options):
        self.train_set = train_set
        self.options = options
        self._take(network)

    def _take(self, network):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        compiled = self.options.device == "GPU"
        network.compile(keras.optimizers.SGD(), loss, jit_compile=compiled)
        self.model = network

    def reset(self, seed: int, init: str) -> None:
        """Build the network anew from a seed, which also decides dropout and the like."""
        keras.utils.set_random_seed(seed)
        self._take(model.build(self.options.filters, self.options.head, init, seed))

    def epoch(self, lr: float, order: np.ndarray) -> np.ndarray:
        """Train once on the images in this order; the loss of each step comes back, float32."""
        labels = self.train_set.labels.numpy()
        losses = []
        size = self.options.batch_size
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            self.model.optimizer.learning_rate = lr * self.options.scale(len(rows))
            # Keras would return the mean over all batches so far.
            self.model.reset_metrics()
            batch = inputs(self.train_set.images[rows])
            losses.append(self.model.train_on_batch(batch, labels[rows]))
        return np.array(losses, np.float32)

    def logits(self, images: graph.Resident) -> np.ndarray:
        """Logits (n, 10) of all images of a set."""
        cuts = range(EVALUATION_BATCH, len(images.images), EVALUATION_BATCH)
        batches = np.split(images.images, cuts)
        return np.concatenate([self.model.predict_on_batch(inputs(batch)) for batch in batches])

    def trace(self, *sets: graph.Resident) -> None:
        """Nothing: Keras makes its graphs when it first runs them."""
