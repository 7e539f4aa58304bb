"""The JAX engine trains as the TensorFlow one does."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from lenet.network import data, model
from lenet.network.trainer import Trainer
from peers import jax_engine, jax_network

# A program a batch, and the one an epoch that a GPU runs, here compiled for the CPU.
PLACES = ("CPU", "GPU")


def some(digits, images):
    """A data set of so many training images, over and over the same ones if need be."""
    rows = np.arange(images) % len(digits.train)
    train = data.Images(digits.train.images[rows], digits.train.labels[rows])
    return digits._replace(train=train)


def ours(few, device, **options):
    """The JAX trainer with the initial values of seed 3."""
    trainer = jax_engine.Trainer(few, device=device, **options)
    trainer.reset(3)
    return trainer


def theirs(few, **options):
    """TensorFlow's trainer with the same."""
    trainer = Trainer(few, **options)
    trainer.reset(3)
    return trainer


def weights(trainer):
    """All weights of a trainer in one array."""
    values = trainer.model.get_weights() if isinstance(trainer, Trainer) else trainer.weights
    return np.concatenate([np.ravel(value) for value in values])


def apart(one, other, start):
    """The distance of two networks over the way that the second has come."""
    distance = np.linalg.norm(weights(one) - weights(other))
    return distance / np.linalg.norm(weights(other) - start)


@pytest.mark.parametrize(
    ("head", "init", "shuffle"), [("linear", "normal", False), ("relu", "scaled", True)]
)
def test_both_engines_are_together_after_a_hundred_steps(head, init, shuffle, digits):
    options = {"filters": 4, "head": head, "init": init, "batch_size": 16, "shuffle": shuffle}
    options["lr"] = 0.01
    few = some(digits, 1600)
    other = theirs(few, **options)
    start = weights(other)
    order = other.order(3, 1)
    right = other.epoch(order)
    assert len(right) == 100
    for device in PLACES:
        one = ours(few, device, **options)
        np.testing.assert_array_equal(weights(one), start)
        np.testing.assert_array_equal(one.order(3, 1), order)
        losses = one.epoch(order)
        # Rounding moves them apart by some 1e-6; one ReLU or one maximum that falls the other way,
        # by up to 1e-2.
        np.testing.assert_allclose(losses[:5], right[:5], rtol=1e-5)
        np.testing.assert_allclose(losses, right, atol=5e-3)
        assert apart(one, other, start) < 0.02


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_last_short_step_is_that_of_the_other_engine(shuffle, digits):
    options = {"lr": 0.2, "filters": 2, "batch_size": 16, "shuffle": shuffle}
    few = some(digits, 36)
    other = theirs(few, **options)
    start = weights(other)
    right = other.epoch(np.arange(36))
    assert len(right) == 3
    for device in PLACES:
        one = ours(few, device, **options)
        np.testing.assert_allclose(one.epoch(np.arange(36)), right, rtol=1e-4)
        assert apart(one, other, start) < 1e-3


def test_few_batches_run_the_program_of_a_whole_epoch_and_change_nothing_else(digits):
    few = some(digits, 100)
    one = ours(few, "GPU", lr=0.2, filters=2, batch_size=16)
    other = ours(few, "CPU", lr=0.2, filters=2, batch_size=16)
    one.trace()
    programs = set(one.programs)
    start = weights(other)
    # Two full batches of six, and the short one.
    losses = [trainer.epoch(np.arange(36)) for trainer in (one, other)]
    assert len(losses[0]) == 3
    np.testing.assert_allclose(*losses, rtol=1e-5)
    assert apart(one, other, start) < 1e-4
    one.evaluate(one.train_set)
    one.evaluate(one.validation_set)
    assert set(one.programs) == programs


@pytest.mark.parametrize("device", PLACES)
@pytest.mark.parametrize("batch", [7, 300, 512])
def test_evaluation_counts_every_image_once(batch, device, digits, monkeypatch):
    monkeypatch.setattr(jax_engine, "EVALUATION_BATCH", batch)
    trainer = jax_engine.Trainer(digits, filters=3, device=device)
    found = trainer.evaluate(trainer.validation_set)
    images, labels = digits.validation
    outputs = model.build(3, seed=0)(images[..., None] / np.float32(255))
    answers = np.asarray(outputs).argmax(1)
    np.testing.assert_array_equal(found.predictions, answers)
    assert found.error == np.count_nonzero(answers != labels) / 300


def test_logits_by_hand():
    """One white pixel, one filter that looks at the middle pixel, one unit a class."""
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 4, 4] = 255
    values = [np.zeros_like(value) for value in model.build(1).get_weights()]
    kernel1, bias1, kernel2, bias2, dense1, _, dense2, dense_bias2 = values
    kernel1[1, 1] = 2
    bias1[:] = -0.5  # 2 - 0.5 at one place of 14 x 14
    kernel2[1, 1] = 3
    bias2[:] = 0.25  # 4.75 at one place of 7 x 7, 0.25 elsewhere
    dense1[8, 0] = 1  # of row 1, column 1
    dense1[0, 1] = 1  # of row 0, column 0
    dense2[0, 5] = 1
    dense2[1, 6] = 1
    dense_bias2[9] = -1
    found = jax_network.logits(values, images, "linear", jax_network.PRECISION[False])
    np.testing.assert_allclose(found, [[0, 0, 0, 0, 0, 4.75, 0.25, 0, 0, -1]])


KERAS = """
import os
import numpy as np
from lenet.network import data
os.environ["KERAS_BACKEND"] = "jax"
import keras
from lenet.network import model
from peers import jax_engine, jax_timing
jax_timing.use("CPU")
few = data.load("digits").first_training_images(150)
pixels = few.train.images[..., None] / np.float32(255)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for head in ("linear", "relu"):
    network = model.build(5, head, seed=7)
    trainer = jax_engine.Trainer(few, lr=0.05, filters=5, head=head)
    trainer.reset(7)
    outputs = trainer.logits(trainer.weights, few.train.images)
    np.testing.assert_allclose(outputs, network(pixels), rtol=1e-4, atol=1e-4)
    trainer.epoch(trainer.order(7, 1))
    network.compile(keras.optimizers.SGD(0.05), loss)
    network.fit(pixels, few.train.labels, batch_size=64, shuffle=False, verbose=0)
    for ours, theirs in zip(trainer.weights, network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
print("equal on", keras.backend.backend())
"""


def test_the_keras_model_on_jax_has_the_same_logits_and_trains_to_the_same_weights():
    done = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True)
    assert done.stdout == "equal on jax\n", done.stderr


def test_a_batch_larger_than_the_set_is_refused(digits):
    with pytest.raises(ValueError, match="batch_size = 151: must be at most the 150 training"):
        jax_engine.Trainer(some(digits, 150), batch_size=151)


def test_another_model_is_refused(digits, monkeypatch):
    build = model.build

    def with_dropout(*given):
        network = build(*given)
        return keras.Sequential(
            [*network.layers[:-1], keras.layers.Dropout(0.5), network.layers[-1]]
        )

    def with_tanh(*given):
        network = build(*given)
        network.get_layer("conv2").activation = keras.activations.tanh
        return network

    monkeypatch.setattr(model, "build", with_dropout)
    with pytest.raises(ValueError, match=r"the model's layers are .*Dropout, Dense: must be"):
        jax_engine.Trainer(digits, filters=2)
    monkeypatch.setattr(model, "build", with_tanh)
    with pytest.raises(ValueError, match="the model has other logits"):
        jax_engine.Trainer(digits, filters=2)
