"""The network and its training in float64 NumPy, as plainly as they can be written: what every peer must agree with."""

import numpy as np

BATCH = 64
PART = 256  # images evaluated at once, which bounds the memory


def pixels(images: np.ndarray) -> np.ndarray:
    """Grey levels (n, 28, 28) in 0-255 as float64 in [0, 1], of shape (n, 28, 28, 1)."""
    return images[..., None] / 255


def columns(flow: np.ndarray) -> np.ndarray:
    """The 3 x 3 neighbourhood of every position of (n, h, w, c), zeros outside: (n h w, 9 c)."""
    padded = np.pad(flow, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * flow.shape[-1])


def convolve(flow, kernel):
    """Convolve (n, h, w, c) with a kernel (3, 3, c, f); return (n, h, w, f) and the columns."""
    beside = columns(flow)
    return (beside @ kernel.reshape(-1, kernel.shape[-1])).reshape(*flow.shape[:3], -1), beside


def pool(flow):
    """The largest of each 2 x 2 positions, and which one of the four it was, the first of equals."""
    n, h, w, c = flow.shape
    four = flow.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)
    which = four.argmax(-1)[..., None]
    return np.take_along_axis(four, which, -1)[..., 0], which


def unpool(gradient, which):
    """Hand each maximum's gradient back to the position that it came from."""
    n, h, w, c = gradient.shape
    four = np.zeros((n, h, w, c, 4))
    np.put_along_axis(four, which, gradient[..., None], -1)
    return four.reshape(n, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * w, c)


def forward(weights, batch):
    """Logits (n, 10) of pixels, and what the backward pass needs of the way there."""
    kernel1, bias1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2 = weights
    kept, flow = [], batch
    for kernel, bias in ((kernel1, bias1), (kernel2, bias2)):
        outputs, beside = convolve(flow, kernel)
        outputs = np.maximum(outputs + bias, 0)
        flow, which = pool(outputs)
        kept.append((beside, outputs > 0, which))
    flat = flow.reshape(len(batch), -1)
    hidden = flat @ dense1 + dense_bias1
    return hidden @ dense2 + dense_bias2, (*kept, flat, hidden)


def cross_entropies(logits, labels):
    """The cross-entropy of each image, and the probabilities (n, 10)."""
    shifted = logits - logits.max(1, keepdims=True)
    sums = np.exp(shifted).sum(1)
    return np.log(sums) - shifted[np.arange(len(labels)), labels], np.exp(shifted) / sums[:, None]


def loss(weights, images, labels) -> float:
    """Mean cross-entropy of uint8 images (n, 28, 28) with these labels."""
    weights = [value.astype(np.float64) for value in weights]
    parts = [slice(start, start + PART) for start in range(0, len(labels), PART)]
    each = [cross_entropies(forward(weights, pixels(images[part]))[0], labels[part])[0] for part in parts]
    return float(np.concatenate(each).mean())


def gradients(weights, images, labels) -> list[np.ndarray]:
    """The gradient of the mean cross-entropy by each of the eight weights, by the chain rule."""
    logits, (first, second, flat, hidden) = forward(weights, pixels(images))
    at_logits = cross_entropies(logits, labels)[1]
    at_logits[np.arange(len(labels)), labels] -= 1
    at_logits /= len(labels)
    at_hidden = at_logits @ weights[6].T
    dense = [flat.T @ at_hidden, at_hidden.sum(0), hidden.T @ at_logits, at_logits.sum(0)]
    flow = (at_hidden @ weights[4].T).reshape(second[2].shape[:4])
    found = []
    for (beside, positive, which), kernel in ((second, weights[2]), (first, weights[0])):
        at = unpool(flow, which) * positive
        rows = at.reshape(-1, at.shape[-1])
        found = [(beside.T @ rows).reshape(kernel.shape), rows.sum(0), *found]
        if kernel is weights[2]:
            flow, _ = convolve(at, kernel[::-1, ::-1].transpose(0, 1, 3, 2))
    return found + dense


def trained(weights, images, labels, rate: float) -> list[np.ndarray]:
    """The weights, float64, after one step of gradient descent on each batch of 64 in order; the last may be short."""
    weights = [value.astype(np.float64) for value in weights]
    for start in range(0, len(labels), BATCH):
        batch = slice(start, start + BATCH)
        steps = gradients(weights, images[batch], labels[batch])
        weights = [value - rate * gradient for value, gradient in zip(weights, steps, strict=True)]
    return weights
