"""Keras `fit`, on whichever backend KERAS_BACKEND names."""

import time

import keras
import numpy as np

from lenet.network import model
from lenet.network.data import Dataset
from peers.proof import RATE
from peers.reference import BATCH, Weights, pixels


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

    options: dict = {}

    def __init__(self, dataset: Dataset, filters: int):
        self.threads = f"{keras.backend.backend()}'s defaults"
        self.images = pixels(dataset.train.images).astype(np.float32)
        self.labels = dataset.train.labels
        self.network = model.build(filters)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.network.compile(keras.optimizers.SGD(RATE), loss, **self.options)

    def set(self, weights: Weights) -> None:
        """Start from these weights."""
        self.network.set_weights(weights)

    def get(self) -> Weights:
        """The weights as they are."""
        return self.network.get_weights()

    def train(self, images: int, rate: float = RATE) -> float:
        """Train once on the first `images` images; the epoch's seconds by Keras's own marks."""
        self.network.optimizer.learning_rate = rate
        clock = Clock()
        self.network.fit(
            self.images[:images],
            self.labels[:images],
            batch_size=BATCH,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
        return clock.seconds


class Tuned(Defaults):
    """Most of an epoch as one program of TensorFlow; no XLA, which is slower on a processor."""

    options = {"steps_per_execution": 781, "jit_compile": False}
