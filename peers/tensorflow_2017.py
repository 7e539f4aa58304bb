"""The 2017 way: a graph and a session of TensorFlow 1, fed with a NumPy batch at every step."""

import time

import numpy as np
import tensorflow as tf

from lenet import arithmetic
from peers.proof import RATE
from peers.reference import BATCH, pixels

v1 = tf.compat.v1


class Session:
    """Placeholders, variables, one `session.run` a step."""

    threads = "TensorFlow's defaults"

    def __init__(self, dataset, filters: int, arrays=()):
        self.dataset, self.filters = dataset, filters
        sets = (dataset.train, dataset.validation)
        one_hot = np.eye(arithmetic.CLASSES, dtype=np.float32)
        self.sets = arrays or [(pixels(part.images).astype(np.float32), one_hot[part.labels]) for part in sets]
        with tf.Graph().as_default() as graph:
            self._network(filters)
            self.rate = v1.placeholder_with_default(tf.constant(RATE, tf.float32), ())
            self.optimizer = v1.train.GradientDescentOptimizer(self.rate)
            self.step = self.optimizer.minimize(self.loss)
            self.session = v1.Session(graph=graph)

    def _network(self, filters: int):
        self.images = v1.placeholder(tf.float32, (None, arithmetic.SIDE, arithmetic.SIDE, 1))
        self.labels = v1.placeholder(tf.float32, (None, arithmetic.CLASSES))
        flat = filters * (arithmetic.SIDE // 4) ** 2
        shapes = [(3, 3, 1, filters), (filters,), (3, 3, filters, filters), (filters,)]
        shapes += [(flat, arithmetic.HIDDEN_UNITS), (arithmetic.HIDDEN_UNITS,)]
        shapes += [(arithmetic.HIDDEN_UNITS, arithmetic.CLASSES), (arithmetic.CLASSES,)]
        values = [v1.get_variable(f"w{index}", shape, use_resource=False) for index, shape in enumerate(shapes)]
        flow = self.images
        for kernel, bias in (values[:2], values[2:4]):
            flow = tf.nn.relu(tf.nn.conv2d(flow, kernel, 1, "SAME") + bias)
            flow = tf.nn.max_pool2d(flow, 2, 2, "SAME")
        hidden = tf.reshape(flow, (-1, flat)) @ values[4] + values[5]
        logits = hidden @ values[6] + values[7]
        self.loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(self.labels, logits))
        wrong = tf.not_equal(tf.argmax(logits, 1), tf.argmax(self.labels, 1))
        self.error, self.values = tf.reduce_mean(tf.cast(wrong, tf.float32)), values
        self.inputs = [v1.placeholder(tf.float32, shape) for shape in shapes]
        self.assign = [v1.assign(value, given) for value, given in zip(values, self.inputs, strict=True)]

    def set(self, weights):
        self.session.run(self.assign, dict(zip(self.inputs, weights, strict=True)))

    def get(self):
        return self.session.run(self.values)

    def train(self, images: int, rate: float = RATE):
        pictures, labels = self.sets[0]
        given = {} if rate == RATE else {self.rate: rate}
        for start in range(0, images, BATCH):
            batch = slice(start, min(start + BATCH, images))
            self.session.run(self.step, {self.images: pictures[batch], self.labels: labels[batch], **given})

    def evaluate(self, wanted, part: int) -> float:
        """The mean of a value over a set, in the large batches that its author could afford."""
        (pictures, labels), size = self.sets[part], int(32 / self.filters * 10_000)
        total = 0.0
        for start in range(0, len(labels), size):
            batch = slice(start, start + size)
            value = self.session.run(wanted, {self.images: pictures[batch], self.labels: labels[batch]})
            total += value * len(labels[batch])
        return total / len(labels)

    def job(self, weights, epochs: int) -> tuple[float, list[float]]:
        """The whole job of 2017, once its arrays are there: build, then epochs with three evaluations after each.

        Returns its seconds and the last epoch's training loss, training error and validation error.
        """
        start = time.perf_counter()
        fresh = Session(self.dataset, self.filters, self.sets)
        fresh.set(weights)
        for epoch in range(epochs):
            if epoch:  # its author had a new gradient graph made for every epoch
                with fresh.session.graph.as_default():
                    fresh.step = fresh.optimizer.minimize(fresh.loss)
            fresh.train(len(self.dataset.train))
            wanted = (fresh.loss, 0), (fresh.error, 0), (fresh.error, 1)
            found = [float(fresh.evaluate(*each)) for each in wanted]
        seconds = time.perf_counter() - start
        fresh.session.close()
        return seconds, found
