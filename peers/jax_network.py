"""The network as JAX multiplies it: the values of the Keras model.

Weights come in the order of `model.weights`: kernel and bias of conv1, conv2, fc1 and fc2. Max
pooling comes before bias and ReLU, which are monotone and alike at every position: the same values,
a quarter of the work.
"""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from lenet.network.layers import CLASSES

WHITE = 255
LAYOUT = ("NHWC", "HWIO", "NHWC")
# By whether TF32 may be taken. A GPU that has it takes it by JAX's default; a CPU never does.
PRECISION = {False: jax.lax.Precision.HIGHEST, True: jax.lax.Precision.DEFAULT}
LAYERS = ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense"]
# Of two logits over the largest. Keras itself may compute in TF32 on a GPU.
BOUND = 1e-2


def convolved(flow, kernel, bias, precision):
    """Convolution and 2 x 2 max pooling of (n, 2 h, 2 w, c), then bias and ReLU: (n, h, w, f)."""
    flow = jax.lax.conv_general_dilated(
        flow, kernel, (1, 1), "SAME", dimension_numbers=LAYOUT, precision=precision
    )
    n, height, width, filters = flow.shape
    # A maximum over axes has a gradient of a few element-wise operations; XLA's pooling scatters.
    cut = flow.reshape(n, height // 2, 2, width // 2, 2, filters)
    return jax.nn.relu(cut.max((2, 4)) + bias)


def logits(weights, images, head: str, precision):
    """Logits (n, 10) of uint8 images (n, 28, 28)."""
    kernel1, bias1, kernel2, bias2, dense1, dense_bias1, dense2, dense_bias2 = weights
    flow = images[..., None].astype(jnp.float32) / WHITE
    flow = convolved(flow, kernel1, bias1, precision)
    flow = convolved(flow, kernel2, bias2, precision)
    flat = flow.reshape(len(images), -1)
    hidden = jnp.matmul(flat, dense1, precision=precision) + dense_bias1
    if head == "relu":
        hidden = jax.nn.relu(hidden)
    return jnp.matmul(hidden, dense2, precision=precision) + dense_bias2


def cross_entropy(outputs, labels):
    """The mean over images of logits (n, 10)."""
    right = (outputs * jax.nn.one_hot(labels, CLASSES)).sum(1)
    return (jax.nn.logsumexp(outputs, axis=1) - right).mean()


def check(network: keras.Model, images: np.ndarray, head: str) -> None:
    """Raise ValueError where the Keras model is not the network of `logits`, on these images."""
    found = [type(layer).__name__ for layer in network.layers]
    if found != LAYERS:
        raise ValueError(f"the model's layers are {', '.join(found)}: must be {', '.join(LAYERS)}")
    outputs = network(images[..., None] / np.float32(WHITE))
    theirs = np.asarray(keras.ops.convert_to_numpy(outputs))
    ours = logits(network.get_weights(), images, head, PRECISION[False])
    difference = np.abs(ours - theirs).max()
    if not difference <= BOUND * np.abs(theirs).max():
        raise ValueError("the model has other logits than the network that JAX multiplies")
