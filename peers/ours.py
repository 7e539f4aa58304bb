"""Our own engine, as the report trains."""

import time

import numpy as np

from lenet.network import machine
from lenet.network.data import Dataset
from lenet.network.trainer import Trainer
from peers.proof import RATE
from peers.reference import Weights


class Ours:
    """`lenet.network.trainer.Trainer` with two shards and a thread a core."""

    def __init__(self, dataset: Dataset, filters: int):
        self.threads = f"intra-op 1, inter-op {machine.use('CPU')}"
        self.dataset = dataset
        self.filters = filters
        self.trainer = Trainer(dataset, filters=filters)

    def set(self, weights: Weights) -> None:
        """Start from these weights."""
        self.trainer.model.set_weights(weights)

    def get(self) -> Weights:
        """The weights as they are."""
        return self.trainer.model.get_weights()

    def train(self, images: int, rate: float = RATE) -> None:
        """Train once on the first `images` images."""
        self.trainer.engine.epoch(rate, np.arange(images))

    def job(self, weights: Weights, epochs: int) -> tuple[float, list[float]]:
        """The seconds of the whole job of 2017, and what it found at its end.

        It builds, then trains epochs with the same three figures after each: training loss,
        training error and validation error. One pass over the training images gives the first two,
        for which 2017 took one each.
        """
        start = time.perf_counter()
        fresh = Trainer(self.dataset, filters=self.filters, lr=RATE)
        fresh.model.set_weights(weights)
        order = np.arange(len(self.dataset.train))
        for _ in range(epochs):
            fresh.epoch(order)
            training = fresh.evaluate(fresh.train_set)
            validation = fresh.evaluate(fresh.validation_set)
            loss = float(training.losses.mean())
        seconds = time.perf_counter() - start
        return seconds, [loss, training.error, validation.error]
