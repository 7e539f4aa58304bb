"""The Keras model and its initial values."""

import keras
import numpy as np
import pytest

from lenet.network import model


def drawn(head="linear", init="normal", seed=0):
    """Initial values of 64 filters."""
    return model.build(64, head, init, seed).get_weights()


def test_normal_values_are_those_of_2017():
    values = np.concatenate([value.ravel() for value in drawn()])
    assert abs(values.std() - 0.1) < 5e-4
    assert abs(values.mean()) < 5e-4


@pytest.mark.parametrize(("head", "gain"), [("linear", 1), ("relu", 2)])
def test_scaled_values_suit_what_follows_the_layer(head, gain):
    values = drawn(head, "scaled")
    found = []
    for kernel in values[2::2]:
        inputs = np.prod(kernel.shape[:-1])
        found.append(kernel.var() * inputs)
    assert found == pytest.approx([2, gain, 1], rel=0.15)
    assert not any(bias.any() for bias in values[1::2])


def test_a_seed_gives_the_same_values_and_another_seed_others():
    one = drawn(seed=1)
    again = drawn(seed=1)
    other = drawn(seed=2)
    for a, b, c in zip(one, again, other, strict=True):
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)


def test_a_saved_model_is_read_by_keras_and_answers_alike(tmp_path, digits):
    network = model.build(4, head="relu", seed=3)
    model.save(network, tmp_path / "lenet.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["lenet.keras"]
    images = digits.test.images[:5, ..., None] / np.float32(255)
    again = keras.models.load_model(tmp_path / "lenet.keras")
    np.testing.assert_array_equal(again(images), network(images))
