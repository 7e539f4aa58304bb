"""The network and its training in float64 NumPy, as plainly as they can be written.

Every peer must agree with it. A flow is an array (n, height, width, channels) on its way through
the network.
"""

from typing import NamedTuple

import numpy as np
from numpy import ndarray

Weights = list[ndarray]  # kernel and bias of conv1, conv2, fc1 and fc2
BATCH = 64
PART = 256  # images evaluated at once, which bounds the memory
WHITE = 255


class Kept(NamedTuple):
    """What the backward pass needs of a convolution with its ReLU and pooling."""

    beside: ndarray  # the columns of its input
    positive: ndarray  # where its output was above zero
    which: ndarray  # which of four positions was pooled


def pixels(images: ndarray) -> ndarray:
    """Grey levels (n, 28, 28) in 0-255 as float64 in [0, 1], of shape (n, 28, 28, 1)."""
    return images[..., None] / WHITE


def columns(flow: ndarray) -> ndarray:
    """The 3 x 3 neighbourhood of every position, zeros outside: (n h w, 9 c)."""
    border = ((0, 0), (1, 1), (1, 1), (0, 0))
    padded = np.pad(flow, border)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    channels_last = windows.transpose(0, 1, 2, 4, 5, 3)
    return channels_last.reshape(-1, 9 * flow.shape[-1])


def convolve(flow: ndarray, kernel: ndarray) -> tuple[ndarray, ndarray]:
    """A flow convolved with a kernel (3, 3, c, f), and the columns of the flow."""
    filters = kernel.shape[-1]
    beside = columns(flow)
    outputs = beside @ kernel.reshape(-1, filters)
    return outputs.reshape(*flow.shape[:3], filters), beside


def pool(flow: ndarray) -> tuple[ndarray, ndarray]:
    """The largest of each 2 x 2 positions, and which of the four it was, the first of equals."""
    n, height, width, channels = flow.shape
    cut = flow.reshape(n, height // 2, 2, width // 2, 2, channels)
    four = cut.transpose(0, 1, 3, 5, 2, 4)
    four = four.reshape(n, height // 2, width // 2, channels, 4)
    which = four.argmax(-1, keepdims=True)
    largest = np.take_along_axis(four, which, -1)
    return largest[..., 0], which


def unpool(gradient: ndarray, which: ndarray) -> ndarray:
    """Hand each maximum's gradient back to the position that it came from."""
    n, height, width, channels = gradient.shape
    four = np.zeros((n, height, width, channels, 4))
    np.put_along_axis(four, which, gradient[..., None], -1)
    cut = four.reshape(n, height, width, channels, 2, 2)
    cut = cut.transpose(0, 1, 4, 2, 5, 3)
    return cut.reshape(n, 2 * height, 2 * width, channels)


def block(flow: ndarray, kernel: ndarray, bias: ndarray) -> tuple[ndarray, Kept]:
    """Convolution, ReLU and pooling."""
    outputs, beside = convolve(flow, kernel)
    outputs = np.maximum(outputs + bias, 0)
    pooled, which = pool(outputs)
    return pooled, Kept(beside, outputs > 0, which)


def forward(weights: Weights, batch: ndarray) -> tuple:
    """Logits (n, 10) of pixels, and both blocks, their flat output and the 128 units behind it."""
    kernel1, bias1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2 = weights
    flow, first = block(batch, kernel1, bias1)
    flow, second = block(flow, kernel2, bias2)
    flat = flow.reshape(len(batch), -1)
    hidden = flat @ dense1 + dense_bias1
    logits = hidden @ dense2 + dense_bias2
    return logits, (first, second, flat, hidden)


def cross_entropies(logits: ndarray, labels: ndarray) -> tuple[ndarray, ndarray]:
    """The cross-entropy of each image, and the probabilities (n, 10).

    >>> cross_entropies(np.zeros((1, 10)), np.array([3]))[0]
    array([2.30258509])
    """
    shifted = logits - logits.max(1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(1)
    right = shifted[np.arange(len(labels)), labels]
    return np.log(sums) - right, powers / sums[:, None]


def loss(weights: Weights, images: ndarray, labels: ndarray) -> float:
    """Mean cross-entropy of uint8 images (n, 28, 28) with these labels."""
    weights = [value.astype(np.float64) for value in weights]
    found = []
    for start in range(0, len(labels), PART):
        part = slice(start, start + PART)
        logits, _ = forward(weights, pixels(images[part]))
        entropies, _ = cross_entropies(logits, labels[part])
        found.append(entropies)
    return float(np.concatenate(found).mean())


def gradients(weights: Weights, images: ndarray, labels: ndarray) -> Weights:
    """The gradient of the mean cross-entropy by each of the eight weights, by the chain rule."""
    logits, (first, second, flat, hidden) = forward(weights, pixels(images))
    _, at_logits = cross_entropies(logits, labels)
    at_logits[np.arange(len(labels)), labels] -= 1
    at_logits /= len(labels)
    at_hidden = at_logits @ weights[6].T
    at_flat = at_hidden @ weights[4].T
    at_second = at_block(at_flat.reshape(second.which.shape[:4]), second)
    # The gradient by a convolution's input is a convolution with the kernel turned around.
    kernel = weights[2]
    turned = kernel[::-1, ::-1].transpose(0, 1, 3, 2)
    at_flow, _ = convolve(at_second, turned)
    at_first = at_block(at_flow, first)
    return [
        *by_kernel_and_bias(first, at_first, weights[0]),
        *by_kernel_and_bias(second, at_second, weights[2]),
        flat.T @ at_hidden,
        at_hidden.sum(0),
        hidden.T @ at_logits,
        at_logits.sum(0),
    ]


def at_block(gradient: ndarray, kept: Kept) -> ndarray:
    """The gradient by a convolution's own output, from that by the pooled one."""
    return unpool(gradient, kept.which) * kept.positive


def by_kernel_and_bias(kept: Kept, gradient: ndarray, kernel: ndarray) -> Weights:
    """The gradients by a convolution's kernel and bias, from that by its output."""
    rows = gradient.reshape(-1, gradient.shape[-1])
    by_kernel = kept.beside.T @ rows
    return [by_kernel.reshape(kernel.shape), rows.sum(0)]


def trained(weights: Weights, images: ndarray, labels: ndarray, lr: float) -> Weights:
    """The weights, float64, after a step of gradient descent on each batch of 64 in order.

    The last batch may be short.
    """
    weights = [value.astype(np.float64) for value in weights]
    for start in range(0, len(labels), BATCH):
        batch = slice(start, start + BATCH)
        steps = gradients(weights, images[batch], labels[batch])
        for weight, gradient in zip(weights, steps, strict=True):
            weight -= lr * gradient
    return weights
