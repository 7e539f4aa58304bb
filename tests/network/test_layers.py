"""The arithmetic of the network, by hand and as Keras counts."""

import numpy as np
import pytest

from lenet.network import layers, model


@pytest.mark.parametrize("filters", [1, 16, 64])
def test_parameters_are_those_that_keras_counts_layer_by_layer(filters):
    network = model.build(filters)
    counted = {layer.name: layer.count_params() for layer in network.layers}
    for layer in layers.layers(filters):
        assert layer.parameters == counted[layer.name]
    assert layers.parameters(filters) == network.count_params()


def test_output_bytes_are_those_of_keras_layers():
    shapes = {layer.name: layer.output.shape[1:] for layer in model.build(16).layers}
    for layer in layers.layers(16):
        assert layer.output_bytes == 4 * np.prod(shapes[layer.name])


def test_operations_of_16_filters_by_hand():
    conv1 = 9 * 16 * 784
    conv2 = 9 * 16 * 16 * 196
    fc1 = 784 * 128
    fc2 = 1280
    found = [layer.forward_macs for layer in layers.layers(16)]
    assert found == [conv1, conv2, fc1, fc2]
    # The images need no gradient; the input of every other layer does.
    training = 2 * conv1 + 3 * (conv2 + fc1 + fc2)
    assert layers.training_flops(16, 50_000) == 100_000 * training
    assert layers.forward_flops(16, 1) == 2 * (conv1 + conv2 + fc1 + fc2)


def test_shares_of_both_kinds_make_a_whole():
    for what in ("parameters", "training_macs"):
        parts = [layers.share(16, kind, what) for kind in ("convolutional", "fully connected")]
        assert sum(parts) == pytest.approx(1)
