"""The network as TensorFlow multiplies it: the values of the Keras model, in fewer operations.

Weights come in the order of `model.weights`: kernel and bias of conv1, conv2, fc1 and fc2. Three identities save
work, and none of them changes a value but for rounding. The first convolution is one matrix product with patches
of the images, made once. Max pooling comes before bias and ReLU, which are monotone and alike at every position.
Two linear layers in a row are one, whose gradient the chain rule hands on to both.
"""

import numpy as np
import tensorflow as tf

from lenet.arithmetic import SIDE

# A patch holds the 3 x 4 pixels under two neighbouring outputs of the first convolution, and a one for its bias.
ROWS, COLUMNS = 3, 4
PATCH = ROWS * COLUMNS + 1
ALIGNMENT_BYTES = 64  # TensorFlow takes over memory so aligned without a copy
WHITE = 255


def patches(images: np.ndarray) -> tf.Tensor:
    """Patches of uint8 images (n, 28, 28): a uint8 tensor (n, 28 * 14 * 13), 5 kB an image."""
    shape = len(images), SIDE, SIDE // 2, PATCH
    memory = np.full(np.prod(shape) + ALIGNMENT_BYTES, WHITE, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT_BYTES
    aligned = memory[start : start + np.prod(shape)].reshape(shape)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    for row, column in np.ndindex(ROWS, COLUMNS):
        aligned[..., COLUMNS * row + column] = padded[:, row : row + SIDE, column : column + SIDE : 2]
    return tf.experimental.dlpack.from_dlpack(aligned.reshape(len(images), -1).__dlpack__())


def placement() -> np.ndarray:
    """The constant matrix (13 * 2, 9 + 1) that puts a 3 x 3 kernel and a bias at both positions of a patch.

    It also divides by 255, so that patches of bytes stand for pixels in [0, 1].
    """
    at = np.zeros((PATCH, 2, 10), np.float32)
    for position, row, column in np.ndindex(2, 3, 3):
        at[COLUMNS * row + position + column, position, 3 * row + column] = 1 / WHITE
    at[-1, :, -1] = 1 / WHITE
    return at.reshape(PATCH * 2, 10)


def merged(weights, head: str) -> list[tf.Tensor]:
    """The weights that `logits` multiplies by: conv1 for patches (13, 2 f), and linear fc1 and fc2 as one layer."""
    kernel1, bias1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2 = weights
    filters = bias1.shape[0]
    conv1 = placement() @ tf.concat([tf.reshape(kernel1, (9, filters)), bias1[None]], 0)
    conv1 = tf.reshape(conv1, (PATCH, 2 * filters))
    if head == "relu":
        return [conv1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2]
    bias = tf.linalg.matvec(dense2, dense_bias1, transpose_a=True) + dense_bias2
    return [conv1, kernel2, bias2, dense1 @ dense2, bias]


def logits(weights, batch: tf.Tensor) -> tf.Tensor:
    """Logits (n, 10) from merged weights and patches (n, 5096)."""
    conv1, kernel2, bias2, *dense = weights
    flow = tf.reshape(tf.cast(batch, tf.float32), (-1, PATCH)) @ conv1
    flow = tf.reshape(flow, (batch.shape[0], SIDE, SIDE, bias2.shape[0]))
    flow = tf.nn.relu(tf.nn.max_pool2d(flow, 2, 2, "VALID"))
    flow = tf.nn.max_pool2d(tf.nn.conv2d(flow, kernel2, 1, "SAME"), 2, 2, "VALID")
    flow = tf.reshape(tf.nn.relu(tf.nn.bias_add(flow, bias2)), (batch.shape[0], -1))
    if len(dense) == 4:
        flow = tf.nn.relu(tf.nn.bias_add(flow @ dense[0], dense[1]))
    return tf.nn.bias_add(flow @ dense[-2], dense[-1])


def shard_sizes(size: int, shards: int) -> list[int]:
    """Cut `size` images into at most `shards` parts that differ by at most one, the larger first."""
    shards = min(size, shards)
    return [size // shards + (part < size % shards) for part in range(shards)]


def gradients(weights, batch: tf.Tensor, labels: tf.Tensor, head: str, shards: int):
    """Mean cross-entropy of a batch and its gradients by all weights, from shards that run side by side."""
    size, sizes = batch.shape[0], shard_sizes(batch.shape[0], shards)
    with tf.GradientTape() as outer:
        outer.watch(weights)
        shared = merged(weights, head)
    losses, parts = [], []
    for images, digits in zip(tf.split(batch, sizes), tf.split(labels, sizes), strict=True):
        with tf.GradientTape() as tape:
            tape.watch(shared)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(digits, logits(shared, images))
            losses.append(tf.reduce_sum(each) / size)
        parts.append(tape.gradient(losses[-1], shared))
    sums = [tf.add_n(part) for part in zip(*parts, strict=True)]
    return tf.add_n(losses), outer.gradient(shared, weights, sums)
