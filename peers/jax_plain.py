"""JAX without a library: one compiled step, images resident, pooling by reshape."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from lenet.network.data import Dataset
from peers.proof import RATE
from peers.reference import BATCH, Weights, pixels

LAYOUT = ("NHWC", "HWIO", "NHWC")


def convolved(flow, kernel, bias):
    """Convolution, 2 x 2 max pooling, bias and ReLU."""
    flow = jax.lax.conv_general_dilated(flow, kernel, (1, 1), "SAME", dimension_numbers=LAYOUT)
    n, height, width, channels = flow.shape
    cut = flow.reshape(n, height // 2, 2, width // 2, 2, channels)
    return jax.nn.relu(cut.max((2, 4)) + bias)


def loss(weights, batch, labels):
    """Mean cross-entropy of pixels (n, 28, 28, 1)."""
    flow = convolved(batch, *weights[:2])
    flow = convolved(flow, *weights[2:4])
    hidden = flow.reshape(len(batch), -1) @ weights[4] + weights[5]
    logits = hidden @ weights[6] + weights[7]
    right = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
    return -right.mean()


@partial(jax.jit, static_argnames="size", donate_argnames="weights")
def step(weights, images, labels, rate, start, size):
    """The weights after one step on `size` images from `start` on."""
    batch = jax.lax.dynamic_slice_in_dim(images, start, size)
    digits = jax.lax.dynamic_slice_in_dim(labels, start, size)
    slopes = jax.grad(loss)(weights, batch, digits)
    after = []
    for value, slope in zip(weights, slopes, strict=True):
        after.append(value - rate * slope)
    return after


class Plain:
    """One call of the compiled step a batch."""

    threads = "XLA's defaults"

    def __init__(self, dataset: Dataset, filters: int):
        self.images = jnp.asarray(pixels(dataset.train.images).astype(np.float32))
        self.labels = jnp.asarray(dataset.train.labels)

    def set(self, weights: Weights) -> None:
        """Start from these weights."""
        self.weights = [jnp.array(value) for value in weights]

    def get(self) -> Weights:
        """The weights as they are."""
        return [np.asarray(value) for value in self.weights]

    def train(self, images: int, rate: float = RATE) -> None:
        """Train once on the first `images` images."""
        for start in range(0, images, BATCH):
            size = min(BATCH, images - start)
            self.weights = step(self.weights, self.images, self.labels, rate, start, size=size)
        jax.block_until_ready(self.weights)
