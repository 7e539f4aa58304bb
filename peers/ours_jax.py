"""Our own training on JAX."""

import numpy as np
from jax import numpy as jnp

from lenet.network.data import Dataset
from peers.jax_engine import Trainer
from peers.proof import RATE
from peers.reference import Weights


class Ours:
    """`peers.jax_engine.Trainer`: on a GPU an epoch is one program."""

    device = "GPU"
    threads = "one program an epoch"

    def __init__(self, dataset: Dataset, filters: int):
        self.trainer = Trainer(dataset, filters=filters, device=self.device)

    def set(self, weights: Weights) -> None:
        """Start from these weights."""
        self.trainer.weights = [jnp.array(weight) for weight in weights]

    def get(self) -> Weights:
        """The weights as they are."""
        return [np.asarray(weight) for weight in self.trainer.weights]

    def train(self, images: int, rate: float = RATE) -> None:
        """Train once on the first `images` images."""
        self.trainer.train(rate, np.arange(images))
