"""The float64 reference, by hand and by differences, and the gradients of our engine against it."""

import numpy as np
import pytest
import tensorflow as tf

from lenet.network import graph, model
from peers import reference

STEP = 1e-6  # to either side of a weight


def test_pooling_and_convolution_by_hand():
    flow = np.arange(16.0).reshape(1, 4, 4, 1)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = 1
    kernel[0, 1] = 10  # of the position above
    outputs, _ = reference.convolve(flow, kernel)
    assert outputs[0, :, :, 0].tolist() == [
        [0, 1, 2, 3],
        [4, 15, 26, 37],
        [48, 59, 70, 81],
        [92, 103, 114, 125],
    ]
    largest, which = reference.pool(outputs)
    assert largest.ravel().tolist() == [15, 37, 103, 125]
    gradient = np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1)
    back = reference.unpool(gradient, which)
    assert back[0, :, :, 0].tolist() == [
        [0, 0, 0, 0],
        [0, 1, 0, 2],
        [0, 0, 0, 0],
        [0, 3, 0, 4],
    ]


def test_of_equal_values_the_first_is_pooled():
    flow = np.zeros((1, 2, 2, 1))
    _, which = reference.pool(flow)
    assert which.ravel().tolist() == [0]


def test_gradients_are_differences_of_the_loss(digits, start):
    weights = [value.astype(float) for value in start]
    some = digits.train.first(8)
    gradients = reference.gradients(weights, *some)
    generator = np.random.default_rng(0)
    for weight, gradient in zip(weights, gradients, strict=True):
        at = tuple(generator.integers(weight.shape))
        kept = weight[at]
        weight[at] = kept + STEP
        above = reference.loss(weights, *some)
        weight[at] = kept - STEP
        below = reference.loss(weights, *some)
        weight[at] = kept
        slope = (above - below) / (2 * STEP)
        assert gradient[at] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("size", [64, 45, 16])
def test_gradients_of_our_engine_are_those_of_float64(size, digits):
    network = model.build(8)
    weights = model.initial_values(network, "normal", 3)
    some = digits.train.first(size)
    held = graph.resident(some, "CPU")
    variables = [tf.constant(value) for value in weights]
    loss, ours = graph.gradients(variables, held.patches, held.labels, "linear", 2)
    right_loss = reference.loss(weights, *some)
    assert float(loss) == pytest.approx(right_loss, rel=1e-5)
    in_float64 = [value.astype(float) for value in weights]
    right = reference.gradients(in_float64, *some)
    for mine, other in zip(ours, right, strict=True):
        largest = np.abs(other).max()
        np.testing.assert_allclose(mine, other, atol=1e-5 * largest)
