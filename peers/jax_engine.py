"""Our training on JAX, for a GPU with JAX's CUDA build and none of TensorFlow's.

Initial values, batches, order and steps are those of `lenet.network.trainer`.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lenet.hand_in_2017 import SETTING
from lenet.network import model
from lenet.network.data import Dataset, Images
from lenet.network.evaluation import EVALUATION_BATCH, Evaluation, evaluation
from lenet.network.layers import CLASSES
from peers import jax_network

DEFAULTS = {**SETTING, "lr": 0.1, "shards": 1, "device": "CPU"}
CHECKED_IMAGES = 16


def blocks(order: np.ndarray, size: int, at_once: int) -> list[np.ndarray]:
    """Rows in batches, (n, size) with at most `at_once` batches each; a short last batch alone.

    >>> [block.shape for block in blocks(np.arange(10), 4, 1)]
    [(1, 4), (1, 4), (1, 2)]
    >>> [block.shape for block in blocks(np.arange(10), 4, 99)]
    [(2, 4), (1, 2)]
    """
    short = len(order) % size
    rows = order.astype(np.int32)
    batches = rows[: len(rows) - short].reshape(-1, size)
    found = []
    for start in range(0, len(batches), at_once):
        found.append(batches[start : start + at_once])
    if short:
        found.append(rows[-short:].reshape(1, short))
    return found


def in_turn(step, carry, given: tuple):
    """`jax.lax.scan`, but without a loop for a single step."""
    if len(given[0]) > 1:
        return jax.lax.scan(step, carry, given)
    carry, found = step(carry, tuple(each[0] for each in given))
    return carry, found[None]


class Resident(NamedTuple):
    """A set held on the device: uint8 images (n, 28, 28), and labels, int32."""

    images: jax.Array
    labels: jax.Array


def resident(images: Images) -> Resident:
    """A set of images as the engine keeps it."""
    return Resident(jnp.asarray(images.images), jnp.asarray(images.labels))


class Trainer:
    """What `lenet.network.trainer.Trainer` offers to be timed, in whole batches.

    On a GPU all full batches of an epoch are one program. On a CPU each is one: inside a loop XLA's
    convolutions there are several times slower.
    """

    note = ""

    def __init__(self, dataset: Dataset, tf32: bool = False, **options: Any):
        self.options = model.Options(**(DEFAULTS | options))
        size = self.options.batch_size
        images = len(dataset.train)
        if size > images:
            raise ValueError(f"batch_size = {size}: must be at most the {images} training images")
        head = self.options.head
        self.at_once = 1 if self.options.device == "CPU" else images // size
        self.dataset = dataset
        self.train_set = resident(dataset.train)
        self.validation_set = resident(dataset.validation)
        self.model = model.build(self.options.filters, head, self.options.init)
        jax_network.check(self.model, dataset.train.images[:CHECKED_IMAGES], head)
        precision = jax_network.PRECISION[tf32]
        self.logits = partial(jax_network.logits, head=head, precision=precision)
        self.programs: dict = {}
        self.reset(0)

    @classmethod
    def of(cls, dataset: Dataset, settings: dict) -> "Trainer":
        """The trainer that a run's settings ask for."""
        options = {name: settings[name] for name in model.Options._fields}
        return cls(dataset, settings["tf32"], **options)

    def reset(self, seed: int) -> None:
        """Set the initial values of a seed."""
        values = model.initial_values(self.model, self.options.init, seed)
        self.weights = [jnp.asarray(value) for value in values]

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of the training set as this epoch takes them."""
        rows = np.arange(len(self.dataset.train))
        if self.options.shuffle:
            return np.random.default_rng([seed, epoch]).permutation(rows)
        return rows

    def _loss(self, weights, images, labels):
        return jax_network.cross_entropy(self.logits(weights, images), labels)

    def _step(self, images, labels, weights, given):
        """One step on a batch of rows; the weights after it, and its mean loss."""
        rows, lr = given
        loss, slopes = jax.value_and_grad(self._loss)(weights, images[rows], labels[rows])
        after = []
        for weight, slope in zip(weights, slopes, strict=True):
            after.append(weight - lr * slope)
        return after, loss

    def _train(self, weights, images, labels, batches, rates):
        """A step on each batch of rows; the weights, and the loss of each step."""
        step = partial(self._step, images, labels)
        return in_turn(step, weights, (batches, rates))

    def _answer(self, images, weights, given):
        """The logits of a batch of rows, and the weights as they are."""
        return weights, self.logits(weights, images[given[0]])

    def _predict(self, weights, images, batches):
        """The logits of each batch of rows."""
        _, outputs = in_turn(partial(self._answer, images), weights, (batches,))
        return outputs.reshape(-1, CLASSES)

    def _program(self, function, *arguments):
        """A function compiled for arguments of these shapes, once."""
        key = (function.__name__, *(argument.shape for argument in arguments))
        if key not in self.programs:
            lowered = jax.jit(function).lower(self.weights, *arguments)
            self.programs[key] = lowered.compile()
        return self.programs[key]

    def _steps(self, order: np.ndarray, lr: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """Batches of rows and their learning rates, for each program that an epoch calls."""
        found = []
        for batches in blocks(order, self.options.batch_size, self.at_once):
            count, size = batches.shape
            rates = np.full(count, lr * self.options.scale(size), np.float32)
            missing = self.at_once - count
            if missing and size == self.options.batch_size:
                # Few batches run the program of a whole epoch: steps of rate 0 change nothing.
                batches = np.pad(batches, ((missing, 0), (0, 0)))
                rates = np.pad(rates, (missing, 0))
            found.append((batches, rates))
        return found

    def _evaluations(self, images: Resident) -> list[np.ndarray]:
        """Batches of rows for each program that evaluates a set."""
        count = len(images.labels)
        at_once = 1 if self.options.device == "CPU" else count
        return blocks(np.arange(count), EVALUATION_BATCH, at_once)

    def trace(self) -> None:
        """Compile what an epoch and both evaluations run, without running it."""
        for steps in self._steps(self.order(0, 0), 0.0):
            self._program(self._train, *self.train_set, *steps)
        for images in (self.train_set, self.validation_set):
            for batches in self._evaluations(images):
                self._program(self._predict, images.images, batches)

    def epoch(self, order: np.ndarray) -> np.ndarray:
        """Train once on the images in this order; the loss of each step comes back, float32."""
        return self.train(self.options.lr, order)

    def train(self, lr: float, order: np.ndarray) -> np.ndarray:
        """An epoch with any learning rate."""
        losses = []
        for steps in self._steps(order, lr):
            arguments = (*self.train_set, *steps)
            train = self._program(self._train, *arguments)
            self.weights, some = train(self.weights, *arguments)
            losses.append(some)
        jax.block_until_ready(self.weights)
        count = -(-len(order) // self.options.batch_size)
        return np.concatenate(losses)[-count:]  # without steps that were filled in

    def evaluate(self, images: Resident) -> Evaluation:
        """Predict every image of `train_set` or `validation_set` once."""
        outputs = []
        for batches in self._evaluations(images):
            predict = self._program(self._predict, images.images, batches)
            outputs.append(predict(self.weights, images.images, batches))
        return evaluation(np.concatenate(outputs), np.asarray(images.labels))
