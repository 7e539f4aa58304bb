"""The network of 2017 as an ordinary Keras model, the one definition of what is trained."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from lenet import files
from lenet.network.layers import CLASSES, HIDDEN_UNITS, SIDE

NORMAL_STD = 0.1

# A person's keras.json may say otherwise.
keras.config.set_floatx("float32")
keras.config.set_image_data_format("channels_last")
keras.config.set_epsilon(1e-7)


class Options(NamedTuple):
    """The settings of one network's training; `plan` says which values are allowed."""

    lr: float
    filters: int
    head: str
    init: str
    batch_size: int
    shuffle: bool
    shards: int
    device: str

    def scale(self, images: int) -> float:
        """The factor of the learning rate for a batch of so many images.

        Only the last batch of an epoch may be short. In file order it takes a full step, as in
        2017; in shuffled order its step is scaled by its size, or one step on a few random images
        would hide the epoch's result.
        """
        return images / self.batch_size if self.shuffle else 1.0


def build(
    filters: int = 16, head: str = "linear", init: str = "normal", seed: int = 0
) -> keras.Model:
    """The network: images in [0, 1] of shape (n, 28, 28, 1) to logits of shape (n, 10).

    `head` is the activation of the 128 units, "linear" as in 2017 or "relu"; `init` and `seed`
    choose the initial values. Change a layer here, and every study trains the changed network.
    """
    network = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1), name="image"),
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv1"),
            keras.layers.MaxPooling2D(name="pool1"),
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv2"),
            keras.layers.MaxPooling2D(name="pool2"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(HIDDEN_UNITS, activation=head, name="fc1"),
            keras.layers.Dense(CLASSES, name="fc2"),
        ],
        name="lenet",
    )
    network.set_weights(initial_values(network, init, seed))
    return network


def initial_values(network: keras.Model, init: str, seed: int) -> list[np.ndarray]:
    """Values for each of `network.weights`, float32; NumPy draws them, for any backend of Keras.

    "normal" draws kernels and biases from N(0, 0.1^2), as the 2017 study did. "scaled" draws
    kernels from N(0, 2 / inputs) before a ReLU (He et al. 2015, arXiv:1502.01852), else from
    N(0, 1 / inputs), and sets biases to 0. Layers without both keep the values they have.
    """
    generator = np.random.default_rng(seed)
    values = []
    for layer in network.layers:
        names = [weight.name for weight in layer.weights]
        if names == ["kernel", "bias"]:
            values += kernel_and_bias(layer, init, generator)
        else:
            values += layer.get_weights()
    return values


def kernel_and_bias(layer, init: str, generator: np.random.Generator) -> list[np.ndarray]:
    """The initial values of one layer."""
    shape = layer.kernel.shape
    if init == "normal":
        # The order of the draws is part of a seed's meaning.
        bias = generator.normal(0, NORMAL_STD, layer.bias.shape)
        kernel = generator.normal(0, NORMAL_STD, shape)
    else:
        gain = 2 if layer.activation is keras.activations.relu else 1
        bias = np.zeros(layer.bias.shape)
        kernel = generator.normal(0, np.sqrt(gain / np.prod(shape[:-1])), shape)
    return [kernel.astype(np.float32), bias.astype(np.float32)]


def save(network: keras.Model, path: str | Path) -> None:
    """Save a model as a .keras file that is either whole or not there."""
    with files.whole(path) as part:
        network.save(part)
