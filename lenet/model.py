"""The network of 2017 as an ordinary Keras model, and its initial values."""

import keras
import numpy as np

from lenet.arithmetic import CLASSES, HIDDEN_UNITS, SIDE

NORMAL_STD = 0.1


def build(filters: int = 16, head: str = "linear", init: str = "normal", seed: int = 0) -> keras.Model:
    """Return the network: images in [0, 1] of shape (n, 28, 28, 1) to logits of shape (n, 10).

    `head` is the activation of the 128 units, "linear" as in 2017 or "relu"; `init` and `seed` choose the
    initial values.
    """
    layers = [
        keras.Input((SIDE, SIDE, 1), name="image"),
        keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv1"),
        keras.layers.MaxPooling2D(name="pool1"),
        keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv2"),
        keras.layers.MaxPooling2D(name="pool2"),
        keras.layers.Flatten(name="flatten"),
        keras.layers.Dense(HIDDEN_UNITS, activation=head, name="fc1"),
        keras.layers.Dense(CLASSES, name="fc2"),
    ]
    model = keras.Sequential(layers, name="lenet")
    model.set_weights(initial_values(filters, head, init, seed))
    return model


def initial_values(filters: int, head: str, init: str, seed: int) -> list[np.ndarray]:
    """Kernel and bias of each layer, float32, in the order of `model.weights`; NumPy draws them for any backend.

    "normal" draws weights and biases from N(0, 0.1^2), as the 2017 study did. "scaled" draws weights from
    N(0, 2 / inputs) before a ReLU (He et al. 2015, arXiv:1502.01852) and N(0, 1 / inputs) before a linear
    layer, and sets biases to 0.
    """
    shapes = [(3, 3, 1, filters), (3, 3, filters, filters), (filters * (SIDE // 4) ** 2, HIDDEN_UNITS)]
    gains = [2, 2, 2 if head == "relu" else 1, 1]
    generator = np.random.default_rng(seed)
    values = []
    for shape, gain in zip([*shapes, (HIDDEN_UNITS, CLASSES)], gains, strict=True):
        std = NORMAL_STD if init == "normal" else np.sqrt(gain / np.prod(shape[:-1]))
        bias = generator.normal(0, NORMAL_STD, shape[-1:]) if init == "normal" else np.zeros(shape[-1])
        values += [generator.normal(0, std, shape).astype(np.float32), bias.astype(np.float32)]
    return values
