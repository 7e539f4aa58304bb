"""Training: right to the last image, and the same bits every time."""

import hashlib
import json
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from lenet.network import engine, machine, model
from lenet.network.keras_engine import inputs
from lenet.network.trainer import Trainer

STORED = json.loads(Path(__file__).with_name("digests.json").read_text())
# What rounding may come to in some hundred steps, on another kind of machine.
LOSS_BOUND = 0.05  # relative
ERROR_BOUND = 0.03  # nine of 300 images


def same_kind_of_machine():
    made_with = STORED["made_with"]
    if machine.kernels() != made_with["kernels"]:
        return False
    packages = made_with["versions"]
    return machine.versions(packages) == packages


def digest(curve, network):
    """SHA-256 of a curve and of the last weights."""
    found = hashlib.sha256()
    for column in ("train_loss", "validation_error"):
        found.update(curve[column].to_numpy(np.float64).tobytes())
    for weights in network.get_weights():
        found.update(weights.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("run", STORED["runs"])
def test_a_seed_gives_the_bits_that_it_always_gave(run, request):
    images = request.getfixturevalue(run["dataset"])
    trainer = Trainer.of(images, {**run["options"], "lr": run["lr"]})
    curve, _ = trainer.fit(run["epochs"], 100)
    losses = curve["train_loss"][1:]
    errors = curve["validation_error"]
    assert losses.to_list() == pytest.approx(run["train_loss"], rel=LOSS_BOUND)
    assert errors.to_list() == pytest.approx(run["validation_error"], abs=ERROR_BOUND)
    if same_kind_of_machine():
        assert digest(curve, trainer.model) == run["sha256"]


SHAPES = [("linear", 64, 2), ("relu", 50, 3), ("linear", 7, 1)]


@pytest.mark.parametrize(("head", "batch_size", "shards"), SHAPES)
def test_an_epoch_is_that_of_keras_fit(head, batch_size, shards, few):
    options = {"head": head, "batch_size": batch_size, "shards": shards}
    trainer = Trainer(few, lr=0.05, filters=5, **options)
    trainer.reset(7)
    losses = trainer.epoch(trainer.order(7, 1))
    assert len(losses) == trainer.steps

    peer = model.build(5, head, seed=7)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    peer.compile(keras.optimizers.SGD(0.05), loss)
    images, labels = few.train
    peer.fit(inputs(images), labels, batch_size=batch_size, shuffle=False, verbose=0)
    theirs = peer.get_weights()
    for mine, other in zip(trainer.model.get_weights(), theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=2e-6)


def test_the_program_of_a_gpu_gives_the_same_values_when_compiled_for_the_cpu(few, monkeypatch):
    monkeypatch.setattr(engine, "EVALUATION_BATCH", 16)  # whole batches, and a short last one
    found = []
    for device in ("CPU", "GPU"):
        trainer = Trainer(few, lr=0.05, filters=3, batch_size=32, device=device)
        trainer.reset(2)
        losses = trainer.epoch(trainer.order(2, 1))
        answers = trainer.evaluate(trainer.validation_set).losses
        found.append([losses, answers, *trainer.model.get_weights()])
    for ours, other in zip(*found, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-3, atol=1e-5)


def test_evaluation_counts_every_image_once(few, monkeypatch):
    monkeypatch.setattr(engine, "EVALUATION_BATCH", 16)
    trainer = Trainer(few, filters=3)
    found = trainer.evaluate(trainer.train_set)
    images, labels = few.train
    answers = np.argmax(trainer.model(inputs(images)), axis=1)
    np.testing.assert_array_equal(found.predictions, answers)
    wrong = 0
    for answer, label in zip(answers, labels, strict=True):
        if answer != label:
            wrong += 1
    assert found.error == wrong / 150
    again = trainer.evaluate(few.train)
    np.testing.assert_array_equal(again.losses, found.losses)


def test_shuffled_orders_are_permutations_that_differ_by_epoch_and_seed(few):
    trainer = Trainer(few, filters=2, shuffle=True)
    found = set()
    for seed in (1, 2):
        for epoch in (1, 2):
            order = trainer.order(seed, epoch)
            assert sorted(order) == list(range(150))
            found.add(order.tobytes())
    assert len(found) == 4


@pytest.mark.parametrize(("shuffle", "scale"), [(False, 1), (True, 4 / 16)])
def test_the_short_step_is_full_in_file_order_and_scaled_when_shuffled(shuffle, scale, few):
    small = few.first_training_images(20)
    trainer = Trainer(small, lr=0.5, filters=2, batch_size=16, shuffle=shuffle)
    order = np.arange(20)
    trainer.reset(3)
    trainer.epoch(order)
    ours = trainer.model.get_weights()
    # The same two batches, each as a full one of its size.
    trainer.reset(3)
    trainer.engine._step(tf.constant(order[:16]), 0.5)
    trainer.engine._step(tf.constant(order[16:]), 0.5 * scale)
    theirs = trainer.model.get_weights()
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)


def test_some_steps_run_the_graph_of_a_whole_epoch(few):
    trainer = Trainer(few, filters=2, batch_size=16)
    trainer.trace()
    assert graphs(trainer) == [1, 1, 1, 2]
    some = 16 * 2 + 150 % 16
    trainer.epoch(np.arange(some))
    trainer.epoch(np.arange(150))
    trainer.evaluate(trainer.validation_set)
    trainer.evaluate(trainer.train_set)
    assert graphs(trainer) == [1, 1, 1, 2]


def graphs(trainer):
    """How many graphs there are of steps and of batches, and of the last one of each."""
    parts = (
        trainer.engine._steps,
        trainer.engine._last_step,
        trainer.engine._batches,
        trainer.engine._last_batch,
    )
    return [part.experimental_get_tracing_count() for part in parts]


def test_a_longer_run_repeats_the_shorter_one_to_the_digit(few):
    trainer = Trainer(few, filters=4)
    short, _ = trainer.fit(2, 5)
    long, _ = trainer.fit(4, 5)
    columns = ["seed", "epoch", "train_loss", "validation_error"]
    assert short[columns].equals(long[columns].head(3))


def test_the_processor_s_time_adds_up(few):
    trainer = Trainer(few, filters=4)
    trainer.fit(1, 5)
    once = trainer.cpu_seconds
    trainer.fit(1, 5)
    assert 0 < once < trainer.cpu_seconds


@pytest.fixture
def ctrl_c():
    """Ctrl-C as a terminal has it: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_keeps_the_whole_epochs(few, monkeypatch):
    trainer = Trainer(few, filters=4)
    train = trainer.epoch

    def interrupted(order):
        losses = train(order)
        if interrupted.epochs_left == 0:
            signal.raise_signal(signal.SIGINT)
        interrupted.epochs_left -= 1
        return losses

    interrupted.epochs_left = 2
    monkeypatch.setattr(trainer, "epoch", interrupted)
    curve, last = trainer.fit(5, 8)
    weights = trainer.model.get_weights()
    assert trainer.stopped
    assert curve["epoch"].tolist() == [0, 1, 2]
    assert curve["validation_error"].iloc[-1] == last.error

    monkeypatch.undo()
    whole, _ = trainer.fit(2, 8)
    assert not trainer.stopped
    assert whole.drop(columns="seconds").equals(curve.drop(columns="seconds"))
    for mine, other in zip(weights, trainer.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_who_watches_sees_the_curve_grow(few):
    seen = []

    def watch(curve, whole):
        seen.append((curve["seed"].iloc[-1], curve["epoch"].iloc[-1], whole))

    trainer = Trainer(few, filters=2)
    watched, _ = trainer.fit(2, 8, watch)
    assert seen == [(8, 0, False), (8, 1, False), (8, 2, True)]
    alone, _ = trainer.fit(2, 8)
    assert alone.drop(columns="seconds").equals(watched.drop(columns="seconds"))


def test_the_bar_shows_the_error(few, capsys):
    curve, last = Trainer(few, filters=4).fit(1, 8)
    assert f"error={last.error:.2%}" in capsys.readouterr().err


def test_a_batch_that_is_larger_than_the_set_is_refused_by_name(few):
    with pytest.raises(ValueError, match="batch_size = 151: must be at most the 150 training"):
        Trainer(few, batch_size=151)


def test_shards_are_no_more_than_the_images_of_a_batch(few):
    found = []
    for shards in (3, 5):
        trainer = Trainer(few, filters=2, batch_size=3, shards=shards)
        trainer.reset(1)
        found.append(trainer.epoch(trainer.order(1, 1)))
    np.testing.assert_array_equal(*found)


def test_a_first_run_on_mnist_lands_where_2017_did(mnist):
    curve, _ = Trainer(mnist).fit(1, 100)
    assert 0.02 < curve["validation_error"].iloc[-1] < 0.05
