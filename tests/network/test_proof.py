"""Whoever changes the Keras model changes what is trained."""

import re

import keras
import numpy as np
import pytest

from lenet.network import model, proof
from lenet.network.keras_engine import KerasEngine, inputs
from lenet.network.trainer import Trainer

TRUE_BUILD = model.build


def third_convolution(layers):
    added = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="conv3")
    return [*layers[:4], added, *layers[4:]]


def dropout(layers):
    return [*layers[:6], keras.layers.Dropout(0.5, name="dropout"), *layers[6:]]


def tanh(layers):
    return [*layers[:5], keras.layers.Dense(128, activation="tanh", name="fc1"), layers[6]]


def penalty(layers):
    return [*layers[:5], keras.layers.Dense(128, kernel_regularizer="l2", name="fc1"), layers[6]]


def no_hidden_units(layers):
    return [*layers[:5], layers[6]]


def one_more(layers):
    return [*layers, keras.layers.Dense(10, name="fc3")]


def frozen(layers):
    layers[2].trainable = False
    return layers


def no_negative_weights(layers):
    hidden = keras.layers.Dense(128, kernel_constraint="non_neg", name="fc1")
    return [*layers[:5], hidden, layers[6]]


CHANGES = {
    third_convolution: "conv3, Conv2D",
    dropout: "dropout, Dropout",
    tanh: "fc1, Dense tanh",
    penalty: "fc1, Dense linear True {.*L2",
    no_hidden_units: "a layer that is missing, where the fast engine has Dense",
    one_more: "fc3, Dense linear True, where the fast engine has its end",
    # Known layers, whose steps are others.
    frozen: "conv2/kernel, which differs after one step",
    no_negative_weights: "fc1/kernel, which differs after one step",
}


@pytest.fixture
def change(monkeypatch):
    """A function that makes `model.build` build a network with other layers."""

    def with_layers(edit):
        def build(filters=16, head="linear", init="normal", seed=0):
            image = keras.Input((28, 28, 1), name="image")
            network = keras.Sequential([image])
            for layer in edit(TRUE_BUILD(filters, head).layers):
                network.add(type(layer).from_config(layer.get_config()))
            network.set_weights(model.initial_values(network, init, seed))
            return network

        monkeypatch.setattr(model, "build", build)

    return with_layers


@pytest.mark.parametrize("edit", CHANGES)
def test_what_the_fast_engine_would_not_train_is_named(edit, change, few):
    change(edit)
    trainer = Trainer(few, filters=4)
    assert isinstance(trainer.engine, KerasEngine)
    assert trainer.note.startswith("Trained through Keras, which is slower, because of ")
    assert re.search(CHANGES[edit], trainer.note)


@pytest.mark.parametrize("edit", [third_convolution, dropout, tanh])
def test_a_changed_model_is_trained_saved_and_answers_as_printed(edit, change, few, tmp_path):
    change(edit)
    trainer = Trainer(few, lr=0.05, filters=4, init="scaled", batch_size=10)
    curve, last = trainer.fit(2, 100)
    assert curve["train_loss"].iloc[2] < curve["train_loss"].iloc[1]
    again, _ = trainer.fit(2, 100)
    assert again.drop(columns="seconds").equals(curve.drop(columns="seconds"))

    model.save(trainer.model, tmp_path / "lenet.keras")
    saved = keras.models.load_model(tmp_path / "lenet.keras")
    images, labels = few.validation
    answers = np.argmax(saved(inputs(images)), axis=1)
    assert np.mean(answers != labels) == last.error
    assert [layer.name for layer in saved.layers] == [layer.name for layer in trainer.model.layers]


@pytest.mark.parametrize("shuffle", [False, True])
def test_keras_takes_the_same_batches_in_the_same_order(shuffle, few, monkeypatch):
    options = {"lr": 0.05, "filters": 4, "init": "scaled", "batch_size": 40, "shuffle": shuffle}
    fast, _ = Trainer(few, **options).fit(2, 100)
    monkeypatch.setattr(proof, "difference", lambda *_: "a test")
    slow, _ = Trainer(few, **options).fit(2, 100)
    np.testing.assert_allclose(slow["train_loss"], fast["train_loss"], rtol=1e-4)
    assert slow["validation_error"].equals(fast["validation_error"])


@pytest.mark.parametrize("head", ["linear", "relu"])
def test_the_model_of_2017_is_the_fast_engine_s(head, few):
    for filters in (1, 16, 128):
        assert Trainer(few, filters=filters, head=head).note == ""


def test_the_proof_leaves_the_random_numbers_of_others_alone(few):
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    Trainer(few, filters=2)
    assert np.random.random() == expected


def test_values_that_are_not_finite_are_no_proof():
    broken = np.array([np.nan])
    assert not proof.apart(broken, broken, broken) < 1
