"""What a network makes of one image, layer by layer."""

from typing import NamedTuple

import keras
import numpy as np
from scipy.special import softmax

from lenet.network.keras_engine import inputs


class Answer(NamedTuple):
    """The maps of each layer that has some, by its name, and the probability of each digit.

    Maps are of shape (rows, columns, n) and come in the order of the layers.
    """

    maps: dict[str, np.ndarray]
    probabilities: np.ndarray

    @property
    def sentence(self) -> str:
        """The likeliest digit in words, or that the network has lost its numbers.

        >>> Answer({}, np.array([0.25, 0.75])).sentence
        'The network says 1, with a probability of 75%.'
        """
        if np.isnan(self.probabilities).any():
            return "The network has diverged: what it computes are no numbers any more."
        digit = self.probabilities.argmax()
        return f"The network says {digit}, with a probability of {self.probabilities[digit]:.0%}."


def answer(network: keras.Model, image: np.ndarray) -> Answer:
    """Show a uint8 image (28, 28) to a network of any layers, and look at each."""
    looked_at = keras.Model(network.inputs, [layer.output for layer in network.layers])
    outputs = [np.asarray(output)[0] for output in looked_at([inputs(image[None])])]
    maps = {}
    for layer, output in zip(network.layers, outputs, strict=True):
        if output.ndim == 3:
            maps[layer.name] = output
    return Answer(maps, softmax(outputs[-1].astype(np.float64)))
