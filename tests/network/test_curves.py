"""What studies and probes leave behind."""

import numpy as np
import pytest

from lenet.network import curves, trainer
from lenet.network.evaluation import Evaluation, unpack
from lenet.network.trainer import Trainer

PROBE = {
    "lr": 1e4,
    "steps": 25,
    "filters": 4,
    "batch_size": 6,
    "seeds": 2,
    "first_seed": 1,
    "shards": 2,
    "device": "CPU",
}


def test_a_rate_that_is_too_large_is_recorded_with_its_step_and_leaves_no_error(few):
    trained = Trainer(few, lr=1e4, filters=4, batch_size=10)
    curve, _ = trained.fit(3, 1)
    assert curve["failed"].unique().tolist() == ["not finite"]
    step = curve["failed_step"][0]
    assert 1 <= step <= 15
    errors = curve["validation_error"]
    assert errors.notna().tolist() == [True, False, False, False]
    assert curves.how_failed(curve) == f"not finite from step {step}"


def test_a_study_keeps_which_images_were_right(few):
    settings = {"epochs": 3, "seeds": 2, "first_seed": 4}
    trained = Trainer(few, filters=8, init="scaled", batch_size=10)
    found, right = curves.study(trained, settings)
    assert found["seed"].unique().tolist() == [4, 5]
    assert right["epoch"].tolist() == [3, 3]
    ends = found[found["epoch"] == 3]
    for bits, error in zip(right["right"], ends["validation_error"], strict=True):
        assert 1 - unpack(bits, len(few.validation)).mean() == pytest.approx(error)


def test_a_failed_network_answers_nothing(few):
    settings = {"epochs": 1, "seeds": 1, "first_seed": 1}
    trained = Trainer(few, lr=1e4, filters=4, batch_size=10)
    _, right = curves.study(trained, settings)
    assert right["right"].tolist() == [""]


def test_a_study_that_is_interrupted_keeps_what_it_has(few, monkeypatch):
    trained = Trainer(few, filters=2)
    order = trained.order

    def interrupted(seed, epoch):
        if (seed, epoch) == (5, 2):
            raise KeyboardInterrupt
        return order(seed, epoch)

    monkeypatch.setattr(trained, "order", interrupted)
    settings = {"epochs": 3, "seeds": 3, "first_seed": 4}
    found, right = curves.study(trained, settings)
    assert trained.stopped
    last = found.groupby("seed")["epoch"].max()
    assert last.to_dict() == {4: 3, 5: 1}
    assert right["epoch"].tolist() == [3, 1]


def test_a_probe_finds_the_step_that_training_finds(few):
    probes = curves.probe(few, PROBE)
    kinds = probes[["init", "head", "seed"]].drop_duplicates()
    assert len(probes) == len(kinds) == 8
    failed = probes[probes["failed"] == "not finite"]
    assert len(failed) > 0
    assert failed["error"].isna().all()
    for probed in failed.itertuples():
        options = {"lr": 1e4, "filters": 4, "batch_size": 6}
        trained = Trainer(few, init=probed.init, head=probed.head, **options)
        curve, _ = trained.fit(1, probed.seed)
        assert probed.failed_step == curve["failed_step"].iloc[-1]


def test_a_probe_of_networks_that_learn_counts_none(few):
    probes = curves.probe(few, {**PROBE, "lr": 0.01, "steps": 100})
    assert (probes["failed"] != "not finite").all()
    scaled = probes[probes["init"] == "scaled"]
    assert scaled["failed"].unique().tolist() == [""]
    assert not scaled["failed_step"].any()
    assert scaled["error"].between(0, 0.8).all()


def test_a_probe_counts_networks_that_answer_one_digit(few, monkeypatch):
    def one_digit(_, images):
        labels = images.labels.numpy()
        threes = np.full_like(labels, 3)
        losses = np.zeros(len(labels))
        return Evaluation(labels, threes, losses)

    monkeypatch.setattr(trainer.Trainer, "evaluate", one_digit)
    probes = curves.probe(few, {**PROBE, "lr": 1e-6})
    assert probes["failed"].unique().tolist() == ["one digit"]
    assert probes["failed_step"].unique().tolist() == [25]


@pytest.mark.parametrize("steps", [1, 60])
def test_a_probe_takes_as_many_steps_as_it_says(steps, few, monkeypatch):
    trained = Trainer(few, lr=1e-9, filters=2, batch_size=6)
    taken = []
    train = trained.epoch

    def counted(order):
        losses = train(order)
        taken.append(len(losses))
        return losses

    monkeypatch.setattr(trained, "epoch", counted)
    trained.reset(1)
    found = curves.first_steps(trained, 1, steps)
    assert found["steps"] == sum(taken) == steps


def test_a_probe_stops_at_the_end_of_a_network_or_once_it_has_learnt(few):
    diverged = Trainer(few, lr=1e4, filters=4, batch_size=6)
    diverged.reset(1)
    found = curves.first_steps(diverged, 1, 1000)
    assert found["failed"] == "not finite"
    assert found["failed_step"] <= curves.LOOK_STEPS
    learning = Trainer(few, lr=0.01, filters=8, batch_size=6, init="scaled")
    learning.reset(1, "scaled")
    found = curves.first_steps(learning, 1, 1000)
    assert found["failed"] == ""
    assert found["failed_step"] == 0
    assert found["error"] <= curves.LEARNT_ERROR


def test_the_pieces_of_a_probe_are_the_batches_of_training(few):
    trained = Trainer(few, filters=2, batch_size=7)
    steps = trained.steps + 3
    rows = np.concatenate(list(curves.pieces(trained, 1, steps)))
    second = trained.order(1, 2)[: 3 * 7]
    assert rows.tolist() == [*trained.order(1, 1), *second]
