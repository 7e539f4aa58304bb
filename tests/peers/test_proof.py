"""A peer that does the same work is accepted, and one that does other work is refused."""

import json

import numpy as np
import pytest

from lenet.network import machine
from lenet.network.trainer import Trainer
from peers import ours, ours_jax, proof, tensorflow_2017, worker

IMAGES = 592  # ten steps


class Spoilt:
    """Our engine, and what a test spoils: the rows of an epoch."""

    def __init__(self, dataset):
        self.trainer = Trainer(dataset, filters=4)

    def set(self, weights):
        self.given = weights
        self.trainer.model.set_weights(weights)

    def train(self, images, rate):
        self.trainer.engine.epoch(rate, self.rows(np.arange(images)))

    def get(self):
        return self.trainer.model.get_weights()

    def rows(self, rows):
        return rows


class DropsTheShortBatch(Spoilt):
    def rows(self, rows):
        return rows[: len(rows) // 64 * 64]


class FillsTheShortBatch(Spoilt):
    def rows(self, rows):
        return np.append(rows, rows[: -len(rows) % 64])


class OtherOrder(Spoilt):
    def rows(self, rows):
        return rows[::-1].copy()


class LeavesOneBatchOut(Spoilt):
    def rows(self, rows):
        return np.delete(rows, np.s_[256:320]) if len(rows) > 320 else rows


class DoesNotTrainABias(Spoilt):
    def get(self):
        weights = super().get()
        weights[3] = self.given[3]
        return weights


class OnCpu(ours_jax.Ours):
    device = "CPU"


@pytest.fixture(scope="module")
def right(digits, start):
    return proof.expected(digits, start, [1, 2, 10])


def passed(peer, digits, start, right):
    """Whether the peer passed after each number of steps."""
    losses = proof.found(peer, digits, start, list(right))
    parts = proof.compared(losses, right, proof.limits(4, IMAGES))
    return [part["passed"] for part in parts]


def test_our_engine_passes(digits, start, right):
    assert passed(Spoilt(digits), digits, start, right) == [True] * 3


@pytest.mark.parametrize("device", ["CPU", "GPU"])
def test_our_training_on_jax_passes(device, digits, start, right, monkeypatch):
    monkeypatch.setattr(ours_jax.Ours, "device", device)
    assert passed(ours_jax.Ours(digits, 4), digits, start, right) == [True] * 3


@pytest.mark.parametrize(
    "spoilt",
    [
        DropsTheShortBatch,
        FillsTheShortBatch,
        OtherOrder,
        LeavesOneBatchOut,
        DoesNotTrainABias,
    ],
)
def test_other_work_is_refused(spoilt, digits, start, right):
    assert not passed(spoilt(digits), digits, start, right)[-1]


def test_a_loss_that_is_not_a_number_fails():
    [part] = proof.compared({1: float("nan")}, {1: 2.0}, {1: 1e-5})
    assert (part["passed"], part["error"], part["loss"]) == (False, None, None)
    json.dumps(part, allow_nan=False)


def test_steps_to_compare_end_in_a_short_batch_as_an_epoch_does():
    assert list(proof.limits(16, 50_000)) == [1, 2, 10, 100, 782]
    assert proof.rows(782) == 50_000
    assert list(proof.limits(64, 50_000)) == [1, 2, 10]
    assert list(proof.limits(16, 600)) == [1, 2, 10]


def test_the_whole_job_of_2017_is_the_same_work_both_ways(digits, start, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 2)
    some = worker.some(digits, 400)
    _, mine = ours.Ours(some, 4).job(start, 2)
    _, theirs = tensorflow_2017.Session(some, 4).job(start, 2)
    assert mine == pytest.approx(theirs, rel=1e-3)
    assert len(set(mine)) == 3


def test_each_peer_has_the_same_few_images(digits):
    np.testing.assert_array_equal(worker.some(digits, 100).train.images, digits.train.images[:100])
    assert len(worker.some(digits, 0).train) == len(digits.train)
