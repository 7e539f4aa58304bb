"""The training engine on JAX, for a GPU with JAX's CUDA build and none of TensorFlow's.

Initial values, batches and steps are those of `train`. The network is computed as Keras computes it, but for max
pooling, which comes before bias and ReLU: the same values, a quarter of the work.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from lenet import arithmetic, model
from lenet.data import Dataset, Images
from lenet.evaluation import EVALUATION_BATCH, Evaluation, evaluation

WHITE = 255
# On a GPU that has TF32, JAX's default takes it; a CPU computes in float32 either way.
PRECISION = {False: jax.lax.Precision.HIGHEST, True: jax.lax.Precision.DEFAULT}


def convolved(flow, kernel, bias, precision):
    """Convolution and 2 x 2 max pooling of (n, 2 h, 2 w, c), then bias and ReLU: (n, h, w, f)."""
    layout = ("NHWC", "HWIO", "NHWC")
    flow = jax.lax.conv_general_dilated(flow, kernel, (1, 1), "SAME", dimension_numbers=layout, precision=precision)
    n, height, width, filters = flow.shape
    # A maximum over axes has a gradient of a few element-wise operations, where XLA's pooling scatters.
    pooled = flow.reshape(n, height // 2, 2, width // 2, 2, filters).max((2, 4))
    return jax.nn.relu(pooled + bias)


def logits(weights, images, head: str, precision):
    """Logits (n, 10) from weights in the order of `model.weights` and uint8 images (n, 28, 28)."""
    flow = images[..., None].astype(jnp.float32) / WHITE
    flow = convolved(flow, *weights[:2], precision)
    flow = convolved(flow, *weights[2:4], precision).reshape(len(images), -1)
    flow = jnp.matmul(flow, weights[4], precision=precision) + weights[5]
    return jnp.matmul(jax.nn.relu(flow) if head == "relu" else flow, weights[6], precision=precision) + weights[7]


def in_turn(step, carry, batches):
    """`jax.lax.scan`, but without a loop for a single batch."""
    if len(batches) > 1:
        return jax.lax.scan(step, carry, batches)
    carry, found = step(carry, batches[0])
    return carry, found[None]


OPTIONS = ("filters", "head", "init", "batch_size", "shuffle", "device", "tf32")


class Trainer:
    """What `train.Trainer` does, in whole batches; on a GPU those of an epoch are one program.

    On a CPU each batch is one: inside a loop XLA's convolutions there are several times slower.
    """

    def __init__(self, dataset: Dataset, *, filters=16, head="linear", init="normal", batch_size=64,
                 shuffle=False, device="CPU", tf32=False):  # fmt: skip
        if batch_size > len(dataset.train):
            raise ValueError(f"batch_size = {batch_size}: must be at most the {len(dataset.train)} training images")
        self.dataset, self.filters, self.head, self.init = dataset, filters, head, init
        self.batch_size, self.shuffle, self.device = batch_size, shuffle, device
        self.train_set, self.validation_set = (Images(*map(jnp.asarray, part)) for part in dataset[1:3])
        self.logits = partial(logits, head=head, precision=PRECISION[tf32])
        self.programs = {}
        self.reset(0)

    @classmethod
    def of(cls, dataset: Dataset, settings: dict) -> "Trainer":
        """The trainer that a run's settings ask for."""
        return cls(dataset, **{name: settings[name] for name in OPTIONS})

    def reset(self, seed: int):
        """Set the initial values of a seed."""
        self.weights = [jnp.asarray(w) for w in model.initial_values(self.filters, self.head, self.init, seed)]

    def _loss(self, weights, images, labels):
        outputs = self.logits(weights, images)
        right = (outputs * jax.nn.one_hot(labels, arithmetic.CLASSES)).sum(1)
        return (jax.nn.logsumexp(outputs, axis=1) - right).mean()

    def _train(self, weights, images, labels, batches, learning_rate):
        """Take a step on each batch of rows; return weights and the loss of each step."""

        def step(weights, rows):
            loss, gradients = jax.value_and_grad(self._loss)(weights, images[rows], labels[rows])
            return [w - learning_rate * gradient for w, gradient in zip(weights, gradients, strict=True)], loss

        return in_turn(step, weights, batches)

    def _predict(self, weights, images, batches):
        """Logits of each batch of rows."""
        _, outputs = in_turn(lambda _, rows: (None, self.logits(weights, images[rows])), None, batches)
        return outputs.reshape(-1, arithmetic.CLASSES)

    def _program(self, function, *arguments):
        """A function compiled for arguments of these shapes, once."""
        key = function.__name__, *(argument.shape for argument in arguments)
        if key not in self.programs:
            self.programs[key] = jax.jit(function).lower(self.weights, *arguments).compile()
        return self.programs[key]

    def _batches(self, order: np.ndarray, size: int) -> list[np.ndarray]:
        """Rows cut in batches (n, size) for each program that is called; the last batch may be short, of (1, rest)."""
        full = len(order) // size
        batches = order[: full * size].astype(np.int32).reshape(full, size)
        parts = np.split(batches, full) if full and self.device == "CPU" else [batches][: bool(full)]
        rest = order[full * size :].astype(np.int32)[None]
        return [*parts, rest] if rest.size else parts

    def trace(self):
        """Compile what an epoch and both evaluations run, without running it."""
        for rows in self._batches(self.order(0, 0), self.batch_size):
            self._program(self._train, *self.train_set, rows, np.float32(0))
        for images, labels in (self.train_set, self.validation_set):
            for rows in self._batches(np.arange(len(labels)), EVALUATION_BATCH):
                self._program(self._predict, images, rows)

    def epoch(self, learning_rate: float, order: np.ndarray) -> np.ndarray:
        """Train once on the images in this order; return the loss of each step, float32."""
        losses = []
        for rows in self._batches(order, self.batch_size):
            scale = rows.shape[1] / self.batch_size if self.shuffle else 1.0
            arguments = *self.train_set, rows, np.float32(scale * learning_rate)
            self.weights, some = self._program(self._train, *arguments)(self.weights, *arguments)
            losses.append(some)
        jax.block_until_ready(self.weights)
        return np.concatenate(losses)

    def evaluate(self, part: Images) -> Evaluation:
        """Predict every image of a set once."""
        outputs = []
        for rows in self._batches(np.arange(len(part.labels)), EVALUATION_BATCH):
            outputs.append(self._program(self._predict, part.images, rows)(self.weights, part.images, rows))
        return evaluation(np.concatenate(outputs), np.asarray(part.labels))

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of the training set as this epoch takes them."""
        rows = np.arange(len(self.dataset.train))
        return np.random.default_rng([seed, epoch]).permutation(rows) if self.shuffle else rows
