"""The network as TensorFlow multiplies it: the values of the Keras model, in fewer operations.

Weights come in the order of `model.weights`: kernel and bias of conv1, conv2, fc1 and fc2. Three
identities save work, and none of them changes a value but for rounding. The first convolution is
one matrix product with patches of the images, made once. Max pooling comes before bias and ReLU,
which are monotone and alike at every position. Two linear layers in a row are one, whose gradient
the chain rule hands on to both.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lenet.network.data import Images
from lenet.network.layers import SIDE

# A patch holds the 3 x 4 pixels under two neighbouring outputs of the first convolution, and a one
# for its bias. In the middle are the two pixels at the outputs' own places.
ROWS = 3
COLUMNS = 4
PATCH = ROWS * COLUMNS + 1
MIDDLE = slice(COLUMNS + 1, COLUMNS + 3)
WHITE = 255


class Resident(NamedTuple):
    """A set held on the device: patches (n, 5096) of its images, uint8, and labels, int32."""

    patches: tf.Tensor
    labels: tf.Tensor


def resident(images: Images, device: str) -> Resident:
    """A set of images as the engines keep it."""
    host = tf.constant(patches(images.images))
    # Else every call would send them to a GPU again.
    with tf.device(f"{device}:0"):
        held = tf.identity(host)
    return Resident(held, tf.constant(images.labels))


def patches(images: np.ndarray) -> np.ndarray:
    """Patches (n, 28 * 14 * 13) of uint8 images (n, 28, 28): 5 kB an image."""
    count = len(images)
    found = np.full((count, SIDE, SIDE // 2, PATCH), WHITE, np.uint8)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    for row, column in np.ndindex(ROWS, COLUMNS):
        shifted = padded[:, row : row + SIDE, column : column + SIDE : 2]
        found[..., COLUMNS * row + column] = shifted
    return found.reshape(count, -1)


def pixels(patches: np.ndarray) -> np.ndarray:
    """The uint8 images (n, 28, 28) that patches were made of."""
    shaped = patches.reshape(-1, SIDE, SIDE // 2, PATCH)
    return shaped[..., MIDDLE].reshape(-1, SIDE, SIDE)


def placement() -> np.ndarray:
    """The constant matrix (13 * 2, 9 + 1) that puts a 3 x 3 kernel and a bias in a patch, twice.

    It also divides by 255, so that patches of bytes stand for pixels in [0, 1].
    """
    at = np.zeros((PATCH, 2, 10), np.float32)
    for position, row, column in np.ndindex(2, 3, 3):
        at[COLUMNS * row + position + column, position, 3 * row + column] = 1 / WHITE
    at[-1, :, -1] = 1 / WHITE
    return at.reshape(PATCH * 2, 10)


def merged(weights: list[tf.Tensor], head: str) -> list[tf.Tensor]:
    """The weights that `logits` multiplies by.

    conv1 for patches (13, 2 f), and with a linear head fc1 and fc2 as one layer.
    """
    kernel1, bias1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2 = weights
    filters = bias1.shape[0]
    column = tf.concat([tf.reshape(kernel1, (9, filters)), bias1[None]], 0)
    conv1 = tf.reshape(placement() @ column, (PATCH, 2 * filters))
    if head == "relu":
        return [conv1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2]
    bias = tf.linalg.matvec(dense2, dense_bias1, transpose_a=True) + dense_bias2
    return [conv1, kernel2, bias2, dense1 @ dense2, bias]


def logits(weights: list[tf.Tensor], batch: tf.Tensor) -> tf.Tensor:
    """Logits (n, 10) from merged weights and patches (n, 5096)."""
    conv1, kernel2, bias2, *dense = weights
    images = batch.shape[0]
    flow = tf.reshape(tf.cast(batch, tf.float32), (-1, PATCH)) @ conv1
    flow = tf.reshape(flow, (images, SIDE, SIDE, bias2.shape[0]))
    flow = tf.nn.relu(tf.nn.max_pool2d(flow, 2, 2, "VALID"))
    flow = tf.nn.conv2d(flow, kernel2, 1, "SAME")
    flow = tf.nn.max_pool2d(flow, 2, 2, "VALID")
    flow = tf.nn.relu(tf.nn.bias_add(flow, bias2))
    flow = tf.reshape(flow, (images, -1))
    if len(dense) == 4:
        flow = tf.nn.relu(tf.nn.bias_add(flow @ dense[0], dense[1]))
    return tf.nn.bias_add(flow @ dense[-2], dense[-1])


def shard_sizes(size: int, shards: int) -> list[int]:
    """Cut `size` images into at most `shards` parts that differ by at most one, the larger first.

    >>> shard_sizes(7, 3), shard_sizes(1, 4)
    ([3, 2, 2], [1])
    """
    shards = min(size, shards)
    return [size // shards + (part < size % shards) for part in range(shards)]


def gradients(
    weights: list[tf.Tensor], batch: tf.Tensor, labels: tf.Tensor, head: str, shards: int
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Mean cross-entropy of a batch and its gradients by all weights, from shards side by side."""
    size = batch.shape[0]
    sizes = shard_sizes(size, shards)
    with tf.GradientTape() as outer:
        outer.watch(weights)
        shared = merged(weights, head)
    losses = []
    parts = []
    for images, digits in zip(tf.split(batch, sizes), tf.split(labels, sizes), strict=True):
        with tf.GradientTape() as tape:
            tape.watch(shared)
            outputs = logits(shared, images)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(digits, outputs)
            loss = tf.reduce_sum(each) / size
        losses.append(loss)
        parts.append(tape.gradient(loss, shared))
    sums = [tf.add_n(part) for part in zip(*parts, strict=True)]
    return tf.add_n(losses), outer.gradient(shared, weights, sums)
