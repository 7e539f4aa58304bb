"""Keras `fit`, on whichever backend KERAS_BACKEND names."""

import time

import keras
import numpy as np

from lenet import model
from peers.proof import RATE
from peers.reference import BATCH, pixels


class Clock(keras.callbacks.Callback):
    """The seconds of an epoch, without what `fit` does once before it."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        if keras.backend.backend() == "jax":
            import jax

            jax.block_until_ready([weight.value for weight in self.model.weights])
        self.seconds = time.perf_counter() - self.start


class Defaults:
    """As most people write it: compile, fit on arrays. Metrics, which cost time, are left out."""

    options = {}

    def __init__(self, dataset, filters: int):
        self.threads = f"{keras.backend.backend()}'s defaults"
        self.images, self.labels = pixels(dataset.train.images).astype(np.float32), dataset.train.labels
        self.network = model.build(filters)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.network.compile(keras.optimizers.SGD(RATE), loss, **self.options)

    def set(self, weights):
        self.network.set_weights(weights)

    def get(self):
        return self.network.get_weights()

    def train(self, images: int, rate: float = RATE) -> float:
        """Train once; return the epoch's seconds by Keras's own marks."""
        self.network.optimizer.learning_rate = rate
        clock, part = Clock(), (self.images[:images], self.labels[:images])
        self.network.fit(*part, batch_size=BATCH, shuffle=False, verbose=0, callbacks=[clock])
        return clock.seconds


class Tuned(Defaults):
    """Most of an epoch as one program of TensorFlow, and no XLA, which is slower on a processor."""

    options = {"steps_per_execution": 781, "jit_compile": False}
