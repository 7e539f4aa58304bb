"""The network as TensorFlow multiplies it: the values of the Keras model, in fewer operations.

Weights come in the order of `model.weights`: kernel and bias of conv1, conv2, fc1 and fc2. Three
identities save work, and none of them changes a value but for rounding. The first convolution is
one matrix product with patches of the images, made once. Max pooling comes before bias and ReLU,
which are monotone and alike at every position. Two linear layers in a row are one, whose gradient
the chain rule hands on to both.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lenet.network.data import Images
from lenet.network.layers import SIDE

# The shape of a patch is drawn in `patches`.
COLUMNS = 4
BIAS = 12
PATCH = 13
KERNEL = 3  # rows, as those of a patch, and columns
TAPS = 9
WHITE = 255
ALIGNMENT_BYTES = 64  # TensorFlow takes over memory that is so aligned without a copy


class Resident(NamedTuple):
    """A set of images, and on the device its patches (n, 5096), uint8, and labels, int32."""

    images: np.ndarray
    patches: tf.Tensor
    labels: tf.Tensor


def resident(images: Images, device: str) -> Resident:
    """A set of images as the engines keep it."""
    host = tf.constant(patches(images.images))
    # Else every call would send them to a GPU again.
    with tf.device(f"{device}:0"):
        held = tf.identity(host)
    return Resident(images.images, held, tf.constant(images.labels))


def patches(images: np.ndarray) -> np.ndarray:
    """Patches (n, 28 * 14 * 13) of uint8 images (n, 28, 28): 5 kB an image.

    A patch holds what two neighbouring outputs of the first convolution read: 12 pixels,

        0  1  2  3
        4  5  6  7
        8  9 10 11

    and as number 12 a one for the bias. The left output reads columns 0 to 2, the right one columns
    1 to 3. A one is the byte 255, like white.
    """
    shape = (len(images), SIDE, SIDE // 2, PATCH)
    size = math.prod(shape)
    memory = np.empty(size + ALIGNMENT_BYTES, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT_BYTES
    found = memory[start : start + size].reshape(shape)
    found[..., BIAS] = WHITE
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    for row, column in np.ndindex(KERNEL, COLUMNS):
        shifted = padded[:, row : row + SIDE, column : column + SIDE : 2]
        found[..., COLUMNS * row + column] = shifted
    return found.reshape(len(images), -1)


def placement() -> np.ndarray:
    """The constant matrix (13 * 2, 9 + 1) that puts a 3 x 3 kernel and a bias in a patch, twice.

    Output 0 of a patch is the left one, output 1 the right one. The matrix also divides by 255, so
    that patches of bytes stand for pixels in [0, 1].
    """
    matrix = np.zeros((PATCH, 2, TAPS + 1), np.float32)
    for output, row, column in np.ndindex(2, KERNEL, KERNEL):
        pixel = COLUMNS * row + column + output
        tap = KERNEL * row + column
        matrix[pixel, output, tap] = 1 / WHITE
    matrix[BIAS, :, TAPS] = 1 / WHITE
    return matrix.reshape(PATCH * 2, TAPS + 1)


def merged(weights: list[tf.Tensor], head: str) -> list[tf.Tensor]:
    """The weights that `logits` multiplies by.

    conv1 for patches (13, 2 f), and with a linear head fc1 and fc2 as one layer.
    """
    kernel1, bias1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2 = weights
    filters = bias1.shape[0]
    taps = tf.reshape(kernel1, (TAPS, filters))
    taps_and_bias = tf.concat([taps, bias1[None]], 0)
    conv1 = tf.reshape(placement() @ taps_and_bias, (PATCH, 2 * filters))
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
    # Each shard gives the gradients of the loss by the merged weights; from their sum the tape of
    # the merging makes those by all weights, once.
    with tf.GradientTape() as merging:
        merging.watch(weights)
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
    return tf.add_n(losses), merging.gradient(shared, weights, output_gradients=sums)
