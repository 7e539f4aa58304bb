"""Whether the fast engine trains the Keras model: tried on a few images, before it is trusted."""

from itertools import zip_longest

import keras
import numpy as np
import tensorflow as tf

from lenet.network import model
from lenet.network.engine import GraphEngine
from lenet.network.graph import Resident
from lenet.network.keras_engine import KerasEngine

# The largest differences that are rounding: of logits over the largest logit, and of the weights
# after one step over the largest change of their array. Rounding may change which of four pooled
# values is the largest, and so the path of a gradient; that moved a step by up to 2e-3.
LOGITS_BOUND = 1e-4
STEP_BOUND = 1e-2
STEP_LR = 0.1
# A layer is known by its type and, in this order, those of these settings that it has.
SETTINGS = """
kernel_size pool_size strides padding activation use_bias
kernel_regularizer bias_regularizer activity_regularizer
"""
KNOWN = """\
Conv2D (3, 3) (1, 1) same relu True
MaxPooling2D (2, 2) (2, 2) valid
Conv2D (3, 3) (1, 1) same relu True
MaxPooling2D (2, 2) (2, 2) valid
Flatten
Dense {head} True
Dense linear True
"""


def difference(network: keras.Model, images: Resident, options: model.Options) -> str:
    """The first layer that the fast engine would train otherwise than Keras; "" where none is.

    From the same values, on the same images, both must give the same logits and, after one step,
    the same weights, but for rounding. The network is left with other values.
    """
    unknown = unknown_layer(network.layers, KNOWN.format(head=options.head).splitlines())
    if unknown:
        return unknown
    values = model.initial_values(network, "scaled", 0)  # with them no product is far too large
    fast = GraphEngine(network, images, options)
    slow = KerasEngine(model.build(options.filters, options.head), images, options)
    # Making graphs would take seconds.
    tf.config.run_functions_eagerly(True)
    try:
        fast_weights, fast_logits = step(fast, values, images)
        slow_weights, slow_logits = step(slow, values, images)
    finally:
        tf.config.run_functions_eagerly(False)
    arrays = zip(network.weights, values, fast_weights, slow_weights, strict=True)
    for weight, before, fast_after, slow_after in arrays:
        if not apart(fast_after, slow_after, slow_after - before) < STEP_BOUND:
            return f"{weight.path}, which differs after one step"
    if not apart(fast_logits, slow_logits, slow_logits) < LOGITS_BOUND:
        return f"{network.layers[-1].name}, whose logits differ"
    return ""


def step(engine: GraphEngine | KerasEngine, values: list, images: Resident) -> tuple:
    """The weights after one step from these values, and the logits (n, 10) before it."""
    engine.model.set_weights(values)
    logits = engine.logits(images)
    engine.epoch(STEP_LR, np.arange(len(images.labels)))
    return engine.model.get_weights(), logits


def apart(fast: np.ndarray, slow: np.ndarray, scale: np.ndarray) -> float:
    """The largest difference of two arrays over the largest value of a third.

    >>> apart(np.array([1.0, 2.0]), np.array([1.0, 2.5]), np.array([0.0, -5.0]))
    0.1
    """
    tiny = np.finfo(np.float32).tiny
    return float(np.abs(fast - slow).max() / max(np.abs(scale).max(), tiny))


def unknown_layer(layers: list[keras.Layer], known: list[str]) -> str:
    """The first layer that the fast engine does not have at its place; "" where it has all."""
    for layer, wanted in zip_longest(layers, known):
        if layer is None:
            return f"a layer that is missing, where the fast engine has {wanted}"
        found = described(layer)
        if found != wanted:
            return f"{layer.name}, {found}, where the fast engine has {wanted or 'its end'}"
    return ""


def described(layer: keras.Layer) -> str:
    """A layer's type and settings, as `KNOWN` has them."""
    config = layer.get_config()
    settings = [str(config[name]) for name in SETTINGS.split() if config.get(name) is not None]
    return " ".join([type(layer).__name__, *settings])
