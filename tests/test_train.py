"""The engine: right to the last image, and the same bits every time."""

import base64
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from lenet import data, engine, model, train


def few(digits, train_images=150, others=40):
    """A small data set for quick runs."""
    cut = [data.Images(part.images[:n], part.labels[:n]) for part, n in
           zip(digits[1:4], (train_images, others, others), strict=True)]  # fmt: skip
    return digits._replace(train=cut[0], validation=cut[1], test=cut[2])


@pytest.mark.parametrize("head", ["linear", "relu"])
def test_logits_are_those_of_the_keras_model(head, digits):
    network = model.build(6, head, seed=1)
    images = digits.train.images[:20]
    ours = engine.logits(engine.merged(network.weights, head), engine.patches(images))
    np.testing.assert_allclose(ours, network(images[..., None] / np.float32(255)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("head", "batch_size", "shards"), [("linear", 64, 2), ("relu", 50, 3), ("linear", 7, 1)])
def test_an_epoch_is_that_of_keras_fit(head, batch_size, shards, digits):
    import keras

    small = few(digits)
    trainer = train.Trainer(small, filters=5, head=head, batch_size=batch_size, shards=shards)
    trainer.reset(7)
    losses = trainer.epoch(0.05, trainer.order(7, 1))
    assert len(losses) == -(-150 // batch_size)

    peer = model.build(5, head, seed=7)
    peer.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = small.train.images[..., None] / np.float32(255)
    peer.fit(images, small.train.labels, batch_size=batch_size, shuffle=False, verbose=0)
    for ours, theirs in zip(trainer.model.get_weights(), peer.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-6)


def test_the_program_that_a_gpu_runs_gives_the_same_values_when_compiled_for_the_cpu(digits):
    plain, compiled = (train.Trainer(few(digits, 80), filters=3, batch_size=32, device=d) for d in ("CPU", "GPU"))
    found = []
    for trainer in (plain, compiled):
        trainer.reset(2)
        losses = trainer.epoch(0.05, trainer.order(2, 1))
        found.append((losses, trainer.evaluate(trainer.validation_set).losses, *trainer.model.get_weights()))
    for ours, other in zip(*found, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-3, atol=1e-5)


GRADIENT_CASES = [("linear", 64, 2), ("relu", 45, 3), ("linear", 5, 1)]


@pytest.mark.parametrize(("head", "size", "shards"), GRADIENT_CASES)
def test_gradients_are_those_of_a_plain_tape_on_the_keras_model(head, size, shards, digits):
    network = model.build(6, head, init="scaled", seed=1)
    images, labels = digits.train.images[:size], tf.constant(digits.train.labels[:size])
    weights = [tf.constant(value) for value in network.get_weights()]
    loss, ours = engine.gradients(weights, engine.patches(images), labels, head, shards)
    with tf.GradientTape() as tape:
        outputs = network(images[..., None] / np.float32(255))
        plain = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs))
    np.testing.assert_allclose(loss, plain, rtol=1e-5)
    for mine, other in zip(ours, tape.gradient(plain, [w.value for w in network.weights]), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)


def test_evaluation_counts_every_image_once(digits, monkeypatch):
    monkeypatch.setattr(train, "EVALUATION_BATCH", 16)
    trainer = train.Trainer(few(digits), filters=3)
    found = trainer.evaluate(trainer.train_set)
    images = digits.train.images[:150, ..., None] / np.float32(255)
    answers = np.asarray(trainer.model(images)).argmax(1)
    np.testing.assert_array_equal(found.predictions, answers)
    wrong = sum(int(answer != label) for answer, label in zip(answers, digits.train.labels[:150], strict=True))
    assert found.error == wrong / 150


def test_cross_entropy_by_hand():
    outputs = np.array([[0.0, np.log(3)] + [-np.inf] * 8, [1e4, 0.0] + [-1e4] * 8], np.float32)
    found = train.evaluation(outputs, np.array([1, 1]))
    np.testing.assert_allclose(found.losses, [np.log(4 / 3), 1e4], rtol=1e-6)
    assert found.predictions.tolist() == [1, 0]
    assert found.error == 0.5


def test_shuffled_orders_are_permutations_that_differ_by_epoch_and_seed(digits):
    trainer = train.Trainer(few(digits), filters=2, shuffle=True)
    orders = [trainer.order(seed, epoch) for seed in (1, 2) for epoch in (1, 2)]
    assert all(sorted(order) == list(range(150)) for order in orders)
    assert len({order.tobytes() for order in orders}) == 4


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_last_short_step_is_full_in_file_order_and_scaled_by_its_size_when_shuffled(shuffle, digits):
    small = few(digits, train_images=20)
    trainer = train.Trainer(small, filters=2, batch_size=16, shuffle=shuffle)
    trainer.reset(3)
    order = np.arange(20)
    trainer.epoch(0.5, order)
    ours = trainer.model.get_weights()

    trainer.reset(3)
    for rows, rate in ((order[:16], 0.5), (order[16:], 0.5 * (4 / 16 if shuffle else 1))):
        trainer._step(tf.constant(rows), rate)
    for mine, other in zip(ours, trainer.model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)


BITS = """
import hashlib
from lenet import data, train
trainer = train.Trainer(data.load_digits(), filters=8)
trainer.fit(0.1, 2, 100)
bits = hashlib.sha256(b"".join(w.tobytes() for w in trainer.model.get_weights())).hexdigest()
"""


def test_the_bits_do_not_depend_on_the_number_of_threads_nor_change_from_run_to_run():
    script = "from lenet import machine; machine.use('CPU', {})\n" + BITS + "print(bits)"
    others = [
        subprocess.Popen([sys.executable, "-c", script.format(threads)], stdout=subprocess.PIPE, text=True)
        for threads in (1, 4)
    ]
    twice = [{}, {}]
    for names in twice:
        exec(BITS, names)
    here = [names["bits"] for names in twice]
    assert [other.communicate()[0].strip() for other in others] == here


def test_a_longer_run_repeats_the_shorter_one_to_the_digit(digits):
    trainer = train.Trainer(few(digits), filters=4)
    (short, _), (long, _) = trainer.fit(0.1, 2, 5), trainer.fit(0.1, 4, 5)
    columns = ["seed", "epoch", "train_loss", "validation_error"]
    assert short[columns].equals(long[columns].head(3))


def test_a_rate_that_diverges_is_recorded_with_its_step_and_leaves_no_error_behind(digits):
    trainer = train.Trainer(few(digits), filters=4, batch_size=10)
    curve, _ = trainer.fit(1e4, 3, 1)
    assert curve["failed"].unique().tolist() == ["not finite"]
    assert 1 <= curve["failed_step"][0] <= 15
    assert curve["validation_error"].notna().tolist() == [True, False, False, False]
    assert train.failure(curve) == f"not finite from step {curve['failed_step'][0]}"


def test_a_probe_finds_the_step_that_training_finds(digits):
    settings = {"lr": 1e4, "steps": 25, "filters": 4, "batch_size": 6, "seeds": 2, "first_seed": 1, "shards": 2}
    probes = train.probe(few(digits), settings | {"device": "CPU"})
    assert len(probes) == 8
    failed = probes[probes["failed"] == "not finite"]
    assert len(failed) > 0
    assert (probes["step_seconds"] > 0).all()
    assert train.probe(few(digits), settings | {"device": "CPU", "steps": 10})["step_seconds"].isna().all()
    for probed in failed.itertuples():
        trainer = train.Trainer(few(digits), filters=4, batch_size=6, init=probed.init, head=probed.head)
        curve, _ = trainer.fit(1e4, 1, probed.seed)
        assert probed.failed_step == curve["failed_step"].iloc[-1]
    assert not train.probe(few(digits), settings | {"device": "CPU", "lr": 1e-6})["failed_step"].any()


def test_one_digit_for_all_images_is_a_failure_only_when_it_lasts_to_the_end():
    curve = pd.DataFrame({"epoch": range(5), "train_loss": 2.3, "validation_error": 0.9009})
    dead = train.with_failure(curve.copy(), [3, 5, 1, 1, 1], 0, steps=10)
    assert (dead["failed"][0], dead["failed_step"][0]) == ("one digit", 20)
    assert dead["validation_error"].notna().tolist() == [True, True, False, False, False]
    alive = train.with_failure(curve.copy(), [1, 1, 1, 1, 2], 0, steps=10)
    assert alive["failed"][0] == ""
    assert alive["validation_error"].notna().all()


def test_a_study_keeps_which_images_were_right(digits):
    small = few(digits)
    settings = {"lr": 0.1, "epochs": 3, "seeds": 2, "first_seed": 4}
    curves, right = train.study(train.Trainer(small, filters=8, init="scaled", batch_size=10), settings)
    assert curves["seed"].unique().tolist() == [4, 5]
    for seed, bits in zip(right["seed"], right["right"], strict=True):
        hits = np.unpackbits(np.frombuffer(base64.b64decode(bits), np.uint8))[: len(small.validation)]
        error = curves[(curves["seed"] == seed) & (curves["epoch"] == 3)]["validation_error"].item()
        assert 1 - hits.mean() == pytest.approx(error)


def test_the_worst_mistakes_are_mistakes_the_least_likely_first():
    losses = np.array([0.1, 3.0, 5.0, 9.0])
    test = train.Evaluation(np.array([1, 2, 3, 4]), np.array([1, 0, 0, 4]), losses)
    worst = train.worst(test)
    assert worst["image"].tolist() == [2, 1]
    assert worst["title"].tolist() == ["3 taken for 0", "2 taken for 0"]
    assert train.confusion(test).to_numpy().sum() == 4


def test_shards_cover_a_batch():
    assert engine.shard_sizes(16, 2) == [8, 8]
    assert engine.shard_sizes(7, 3) == [3, 2, 2]
    assert engine.shard_sizes(1, 4) == [1]


@pytest.mark.parametrize(
    ("wrong", "rule"), [({"batch_size": 151}, "batch_size = 151"), ({"shards": 65}, "shards = 65")]
)
def test_sizes_that_do_not_fit_the_data_are_refused_by_name(wrong, rule, digits):
    with pytest.raises(ValueError, match=rule):
        train.Trainer(few(digits), **wrong)


def test_a_first_run_on_mnist_lands_where_2017_did(mnist):
    curve, _ = train.Trainer(mnist).fit(0.1, 1, 100)
    assert 0.02 < curve["validation_error"].iloc[-1] < 0.05
