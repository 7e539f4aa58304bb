"""This project's own engine."""

import time

import numpy as np

from lenet import machine, train
from peers.proof import RATE

SHARDS = 2


class Ours:
    """`lenet.train.Trainer` with two shards and a thread a core."""

    def __init__(self, dataset, filters: int):
        self.threads = f"intra-op 1, inter-op {machine.use('CPU')}"
        self.dataset, self.filters = dataset, filters
        self.trainer = train.Trainer(dataset, filters=filters, shards=SHARDS)

    def set(self, weights):
        self.trainer.model.set_weights(weights)

    def get(self):
        return self.trainer.model.get_weights()

    def train(self, images: int, rate: float = RATE):
        self.trainer.epoch(rate, np.arange(images))

    def job(self, weights, epochs: int) -> tuple[float, list[float]]:
        """The whole job of 2017: build, then epochs with the same three figures after each.

        Returns its seconds and the last epoch's training loss, training error and validation error. One pass over the
        training images gives the first two, for which 2017 took one each.
        """
        start = time.perf_counter()
        fresh = train.Trainer(self.dataset, filters=self.filters, shards=SHARDS)
        fresh.model.set_weights(weights)
        for _ in range(epochs):
            fresh.epoch(RATE, np.arange(len(self.dataset.train)))
            training, validation = fresh.evaluate(fresh.train_set), fresh.evaluate(fresh.validation_set)
            found = [float(training.losses.mean()), training.error, validation.error]
        return time.perf_counter() - start, found
