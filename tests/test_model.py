"""The network and its arithmetic."""

import keras
import numpy as np
import pytest

from lenet import arithmetic, model


@pytest.mark.parametrize("filters", [1, 16, 64])
def test_parameters_are_those_that_keras_counts_layer_by_layer(filters):
    network = model.build(filters)
    layers = [layer for layer in network.layers if layer.count_params()]
    assert {layer.name: layer.count_params() for layer in layers} == {
        layer.name: layer.parameters for layer in arithmetic.layers(filters)
    }
    assert arithmetic.parameters(filters) == network.count_params()


def test_output_bytes_are_those_of_keras_layers():
    shapes = {layer.name: layer.output.shape[1:] for layer in model.build(16).layers}
    for layer in arithmetic.layers(16):
        assert layer.output_bytes == 4 * np.prod(shapes[layer.name])


def test_operations_of_16_filters_by_hand():
    conv1, conv2, fc1, fc2 = (9 * 16 * 784, 9 * 16 * 16 * 196, 784 * 128, 1280)
    assert [layer.forward_macs for layer in arithmetic.layers(16)] == [conv1, conv2, fc1, fc2]
    # The images need no gradient; the input of every other layer does.
    assert arithmetic.training_flops(16, 50_000) == 100_000 * (2 * conv1 + 3 * (conv2 + fc1 + fc2))
    assert arithmetic.forward_flops(16, 1) == 2 * (conv1 + conv2 + fc1 + fc2)


def test_normal_values_are_those_of_2017():
    values = np.concatenate([value.ravel() for value in model.initial_values(64, "linear", "normal", 0)])
    assert abs(values.std() - 0.1) < 5e-4
    assert abs(values.mean()) < 5e-4


@pytest.mark.parametrize(("head", "gain"), [("linear", 1), ("relu", 2)])
def test_scaled_values_suit_what_follows_the_layer(head, gain):
    values = model.initial_values(64, head, "scaled", 0)
    variances = [value.var() * np.prod(value.shape[:-1]) for value in values[2::2]]
    np.testing.assert_allclose(variances, [2, gain, 1], rtol=0.15)
    assert not any(bias.any() for bias in values[1::2])


def test_a_seed_gives_the_same_values_and_another_seed_others():
    one, again, other = (model.initial_values(8, "linear", "normal", seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_saved_model_is_read_by_keras_and_answers_alike(tmp_path, digits):
    from lenet import train

    network = model.build(4, head="relu", seed=3)
    train.save(network, str(tmp_path / "lenet.keras"))
    assert [path.name for path in tmp_path.iterdir()] == ["lenet.keras"]
    images = digits.test.images[:5, ..., None] / np.float32(255)
    again = keras.models.load_model(tmp_path / "lenet.keras")
    np.testing.assert_array_equal(again(images), network(images))
