"""Training of one network on one data set, by the fast engine where that is the Keras model's."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from lenet import terminal
from lenet.hand_in_2017 import SETTING
from lenet.network import model, proof
from lenet.network.data import Dataset, Images
from lenet.network.engine import GraphEngine
from lenet.network.evaluation import Evaluation, evaluation
from lenet.network.failure import Epoch, first_not_finite, marked
from lenet.network.graph import Resident, resident
from lenet.network.keras_engine import KerasEngine

DEFAULTS: dict[str, Any] = {**SETTING, "lr": 0.1, "shards": 2, "device": "CPU"}
Watch = Callable[[pd.DataFrame, bool], None]  # takes a curve, and whether it is whole
PROOF_IMAGES = 16
SLOWER = "Trained through Keras, which is slower, because of {}."


def unwatched(curve: pd.DataFrame, whole: bool) -> None:
    """Show nothing."""


class Trainer:
    """Plain gradient descent on one network and one data set, from the initial values of any seed.

    `note` is "", or says why the network is trained through Keras, which is slower. `cpu_seconds`
    adds up the processor's time of `fit`, and `stopped` tells whether it was interrupted.
    """

    def __init__(self, dataset: Dataset, **options: Any):
        self.options = model.Options(**(DEFAULTS | options))
        size = self.options.batch_size
        device = self.options.device
        images = len(dataset.train)
        if size > images:
            raise ValueError(f"batch_size = {size}: must be at most the {images} training images")
        self.dataset = dataset
        self.train_set = resident(dataset.train, device)
        self.validation_set = resident(dataset.validation, device)
        self.steps = math.ceil(images / size)
        self.cpu_seconds = 0.0
        self.stopped = False
        network = model.build(self.options.filters, self.options.head, self.options.init)
        some = resident(dataset.train.first(PROOF_IMAGES), device)
        other_layer = proof.difference(network, some, self.options)
        engine = KerasEngine if other_layer else GraphEngine
        self.engine = engine(network, self.train_set, self.options)
        self.note = SLOWER.format(other_layer) if other_layer else ""

    @classmethod
    def of(cls, dataset: Dataset, settings: dict) -> "Trainer":
        """The trainer that a run's settings ask for; its other settings do not matter."""
        return cls(dataset, **{name: settings[name] for name in model.Options._fields})

    @property
    def model(self) -> keras.Model:
        """The Keras model, with its weights as they are now."""
        return self.engine.model

    def reset(self, seed: int, init: str = "") -> None:
        """Set the initial values of a seed; `init` asks for another kind than the settings'."""
        self.engine.reset(seed, init or self.options.init)

    def trace(self) -> None:
        """Make the graphs of an epoch and of both evaluations, without running them."""
        self.engine.trace(self.train_set, self.validation_set)

    def epoch(self, order: np.ndarray) -> np.ndarray:
        """Train once on the images in this order; the loss of each step comes back, float32."""
        return self.engine.epoch(self.options.lr, order)

    def evaluate(self, images: Images | Resident) -> Evaluation:
        """Predict every image of a set once."""
        if isinstance(images, Images):
            images = resident(images, self.options.device)
        return evaluation(self.engine.logits(images), images.labels.numpy())

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of the training set as this epoch takes them."""
        rows = np.arange(len(self.dataset.train))
        if self.options.shuffle:
            return np.random.default_rng([seed, epoch]).permutation(rows)
        return rows

    def fit(
        self, epochs: int, seed: int, watch: Watch = unwatched
    ) -> tuple[pd.DataFrame, Evaluation]:
        """Train from a seed's initial values: its curve, and the last evaluation for validation.

        The curve has a row for each epoch from 0, the untrained network, with columns

        - seed, epoch
        - train_loss: the mean over the steps; missing for epoch 0
        - validation_error: 0 to 1
        - seconds: of the training alone
        - failed: "", "not finite" or "one digit"
        - failed_step: counted from 1; 0 where it learnt

        From a failure on, train_loss and validation_error are missing. An interrupt ends the curve
        after the last whole epoch, with the weights of that epoch; `stopped` is then True.
        `watch` is called before each epoch with the curve so far, and at the end with all of it.
        """
        start = time.process_time()
        self.reset(seed)
        self.stopped = False
        last = self.evaluate(self.validation_set)
        weights = self.model.get_weights()
        rows = [Epoch(0, np.nan, last.error, np.nan, last.digits)]
        not_finite_step = 0
        shown = terminal.Progress()
        bar = tqdm(range(1, epochs + 1), desc=f"seed {seed}", unit="epoch", file=shown)
        try:
            for epoch in bar:
                watch(pd.DataFrame(rows).assign(seed=seed), False)
                order = self.order(seed, epoch)
                began = time.perf_counter()
                losses = self.epoch(order)
                seconds = time.perf_counter() - began
                not_finite_step = first_not_finite(losses)
                if not_finite_step:
                    break
                last = self.evaluate(self.validation_set)
                weights = self.model.get_weights()
                loss = float(losses.mean(dtype=np.float64))
                rows.append(Epoch(epoch, loss, last.error, seconds, last.digits))
                bar.set_postfix(error=f"{last.error:.2%}")
        except KeyboardInterrupt:
            self.stopped = True
            self.model.set_weights(weights)
        curve = marked(rows, epochs, not_finite_step, self.steps)
        curve.insert(0, "seed", seed)
        watch(curve, True)
        self.cpu_seconds += time.process_time() - start
        return curve, last
