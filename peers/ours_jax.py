"""This project's own engine on JAX."""

import numpy as np
from jax import numpy as jnp

from lenet import jax_engine
from peers.proof import RATE


class Ours:
    """`lenet.jax_engine.Trainer`: on a GPU an epoch is one program."""

    device = "GPU"
    threads = "one program an epoch"

    def __init__(self, dataset, filters: int):
        self.trainer = jax_engine.Trainer(dataset, filters=filters, device=self.device)

    def set(self, weights):
        self.trainer.weights = [jnp.array(weight) for weight in weights]

    def get(self):
        return [np.asarray(weight) for weight in self.trainer.weights]

    def train(self, images: int, rate: float = RATE):
        self.trainer.epoch(rate, np.arange(images))
