"""The 2017 way: a graph and a session of TensorFlow 1, fed with a NumPy batch at every step."""

import time

import numpy as np
import tensorflow as tf

from lenet.network.data import Dataset, Images
from lenet.network.layers import CLASSES, HIDDEN_UNITS, SIDE
from peers.proof import RATE
from peers.reference import BATCH, Weights, pixels

v1 = tf.compat.v1
TRAINING = 0  # places in Session.sets
VALIDATION = 1
# Its author could afford to evaluate so many images at once at 32 filters.
EVALUATED_AT_32 = 10_000


def shapes(filters: int) -> list[tuple[int, ...]]:
    """The shapes of the eight weights, kernel and bias of each layer."""
    flat = filters * (SIDE // 4) ** 2
    return [
        *((3, 3, 1, filters), (filters,)),
        *((3, 3, filters, filters), (filters,)),
        *((flat, HIDDEN_UNITS), (HIDDEN_UNITS,)),
        *((HIDDEN_UNITS, CLASSES), (CLASSES,)),
    ]


def arrays(part: Images) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 28, 28, 1) and one-hot labels (n, 10), both float32."""
    one_hot = np.eye(CLASSES, dtype=np.float32)
    return pixels(part.images).astype(np.float32), one_hot[part.labels]


class Session:
    """Placeholders, variables, one `session.run` a step."""

    threads = "TensorFlow's defaults"

    def __init__(self, dataset: Dataset, filters: int, sets: list | None = None):
        self.dataset = dataset
        self.filters = filters
        self.sets = sets or [arrays(dataset.train), arrays(dataset.validation)]
        with tf.Graph().as_default() as graph:
            self._network()
            self.rate = v1.placeholder_with_default(tf.constant(RATE, tf.float32), ())
            self.optimizer = v1.train.GradientDescentOptimizer(self.rate)
            self.step = self.optimizer.minimize(self.loss)
            self.session = v1.Session(graph=graph)

    def _network(self) -> None:
        self.images = v1.placeholder(tf.float32, (None, SIDE, SIDE, 1))
        self.labels = v1.placeholder(tf.float32, (None, CLASSES))
        self._variables()
        values = self.values
        flow = self.images
        for kernel, bias in (values[:2], values[2:4]):
            flow = tf.nn.conv2d(flow, kernel, 1, "SAME") + bias
            flow = tf.nn.relu(flow)
            flow = tf.nn.max_pool2d(flow, 2, 2, "SAME")
        flat = tf.reshape(flow, (-1, values[4].shape[0]))
        hidden = flat @ values[4] + values[5]
        logits = hidden @ values[6] + values[7]
        each = tf.nn.softmax_cross_entropy_with_logits(self.labels, logits)
        self.loss = tf.reduce_mean(each)
        answers = tf.argmax(logits, 1)
        wrong = tf.not_equal(answers, tf.argmax(self.labels, 1))
        self.error = tf.reduce_mean(tf.cast(wrong, tf.float32))

    def _variables(self) -> None:
        """Make the weights, and what sets them."""
        self.values = []
        self.inputs = []
        self.assign = []
        for index, shape in enumerate(shapes(self.filters)):
            value = v1.get_variable(f"w{index}", shape, use_resource=False)
            given = v1.placeholder(tf.float32, shape)
            self.values.append(value)
            self.inputs.append(given)
            self.assign.append(v1.assign(value, given))

    def set(self, weights: Weights) -> None:
        """Start from these weights."""
        given = dict(zip(self.inputs, weights, strict=True))
        self.session.run(self.assign, given)

    def get(self) -> Weights:
        """The weights as they are."""
        return self.session.run(self.values)

    def _feed(self, part: int, batch: slice) -> dict:
        """A batch of a set for the placeholders."""
        pictures, labels = self.sets[part]
        return {self.images: pictures[batch], self.labels: labels[batch]}

    def train(self, images: int, rate: float = RATE) -> None:
        """Train once on the first `images` images."""
        given = {} if rate == RATE else {self.rate: rate}
        for start in range(0, images, BATCH):
            batch = slice(start, min(start + BATCH, images))
            self.session.run(self.step, {**self._feed(TRAINING, batch), **given})

    def evaluate(self, wanted: tf.Tensor, part: int) -> float:
        """The mean of a value over a set, in the large batches that its author could afford."""
        count = len(self.sets[part][0])
        size = int(32 / self.filters * EVALUATED_AT_32)
        total = 0.0
        for start in range(0, count, size):
            batch = slice(start, min(start + size, count))
            value = self.session.run(wanted, self._feed(part, batch))
            total += float(value) * (batch.stop - batch.start)
        return total / count

    def job(self, weights: Weights, epochs: int) -> tuple[float, list[float]]:
        """The seconds of the whole job of 2017, once its arrays are there, and what it found.

        It builds, then trains epochs with three evaluations after each: training loss, training
        error and validation error.
        """
        start = time.perf_counter()
        fresh = Session(self.dataset, self.filters, self.sets)
        fresh.set(weights)
        for epoch in range(epochs):
            if epoch:  # its author had a new gradient graph made for every epoch
                with fresh.session.graph.as_default():
                    fresh.step = fresh.optimizer.minimize(fresh.loss)
            fresh.train(len(self.dataset.train))
            found = [
                fresh.evaluate(fresh.loss, TRAINING),
                fresh.evaluate(fresh.error, TRAINING),
                fresh.evaluate(fresh.error, VALIDATION),
            ]
        seconds = time.perf_counter() - start
        fresh.session.close()
        return seconds, found
