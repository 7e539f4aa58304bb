"""Which runs a verdict rests on: those of the study's own names, in 2017's setting, once each."""

import math

import numpy as np
import pandas as pd
import pytest

from lenet.network.evaluation import pack
from lenet.plan.studies import Run
from lenet.results import tables
from lenet.results.tables import Evidence
from lenet.verdicts import sides
from lenet.verdicts.bands import HOLDS, NOT_MEASURED
from lenet.verdicts.conclusions import judge
from tests.verdicts.conftest import finished
from tests.verdicts.made_up import IMAGES, curves, learnt, measured, verdict

SMALL = [0.00101, 0.00102, 0.001, 0.00099, 0.00098]


def stopped(lr, epoch, x):
    """The error after epochs 1 and 2 is x higher than later."""
    return 0.02 + x if epoch < 3 else 0.02


def test_a_study_of_ones_own_does_not_enter(runs, judged):
    ours = next(run for run in runs if run.name == "lr_study/lr=0.1")
    settings = {**ours.record["parameters"], "first_seed": 200}
    own = [finished(Run("mine", "lr=0.1", "lr_study", settings))]
    for run in runs:
        if run.study in ("benchmark", "divergence", "memory"):
            known = run.record
            mine = Run("mine", run.name, known["notebook"], known["parameters"])
            own.append(finished(mine))
    evidence = tables.evidence([*runs, *own])
    found = judge(evidence).to_json()
    assert found == judged.to_json()
    assert "mine" not in str(found)


@pytest.mark.parametrize("change", [{"filters": 8}, {"batch_size": 16}, {"head": "relu"}])
def test_a_study_in_another_setting_does_not_enter(change):
    evidence = learnt(curves(SMALL, stopped, **change))
    assert verdict("two_epochs_enough", evidence) == NOT_MEASURED


def test_a_longer_run_of_a_network_stands_for_a_shorter_one():
    short = curves(SMALL, stopped, study="more_seeds")
    long = curves(SMALL[:3], stopped, last=30)
    evidence = learnt(short, long)
    assert verdict("two_epochs_enough", evidence) == HOLDS
    found = measured("two_epochs_enough", evidence)["loss"]
    assert found.estimate.n == 5
    assert found.runs == ["lr_study/lr=0.1", "more_seeds/lr=0.1"]


def test_two_runs_of_a_network_must_agree():
    short = curves(SMALL, stopped, study="more_seeds")
    long = curves(SMALL, stopped, last=30)
    long.loc[long.index[7], "validation_error"] += 1e-4
    with pytest.raises(ValueError, match="lr_study/lr=0.0001, more_seeds/lr=0.0001: must agree"):
        sides.as_in_2017(learnt(short, long))


def lost(lr, epoch, x):
    """No error is known of a network that failed."""
    return math.nan


def test_missing_errors_of_failed_networks_do_not_disagree():
    short = curves(SMALL, lost, study="more_seeds")
    long = curves(SMALL, lost, last=30)
    both = pd.concat([short, long], ignore_index=True)
    side = sides.as_in_2017(Evidence(curves=both.assign(failed="not finite")))
    assert side.errors(0.1).empty
    assert side.networks(0.1)["seed"].nunique() == 5


def test_errors_are_seeds_by_epochs():
    side = sides.as_in_2017(learnt(curves(SMALL, stopped)))
    table = side.errors(0.1, first=1, last=4)
    assert list(table.index) == [100, 101, 102, 103, 104]
    assert list(table.columns) == [1, 2, 3, 4]
    assert side.runs == {"lr_study/lr=0.1"}
    assert side.errors(0.1, last=30).empty  # no network has so many epochs


def test_runs_that_gave_nothing_are_not_named():
    long = curves(SMALL[:3], stopped, last=30)
    short = curves(SMALL, stopped, study="more_seeds").query("seed > 102")
    side = sides.as_in_2017(learnt(long, short))
    side.errors(0.0001, last=30)
    assert side.runs == {"lr_study/lr=0.0001"}


def test_both_sides_answer_the_same_questions():
    assert public(sides.Ours) == public(sides.HandIn2017)


def public(side):
    return {name for name in dir(side) if not name.startswith("_")}


def test_2017s_memory_is_that_of_its_largest_layer():
    memory = sides.memory_in_2017().set_index("filters")
    # 28 x 28 floats of 4 bytes for each of 32 filters and 50,000 images
    assert memory.loc[32, "whole_set_bytes"] == 28 * 28 * 4 * 32 * 50_000
    # Batches of int(32 / filters * 10,000) images need the same at every number of filters.
    for filters in (8, 16, 64, 128):
        batch = int(32 / filters * 10_000)
        assert sides.first_output(filters, batch) == memory.loc[32, "batched_bytes"]


def test_a_preview_on_digits_is_judged(runs):
    """300 images, another batch size: nothing is claimed of 2017's setting, nothing breaks."""
    images = {"dataset": "digits", "train": 1000, "validation": 300, "duplicates": 0}
    evidence = learnt(curves(SMALL[:3], stopped, batch_size=16))._replace(images=images)
    found = judge(evidence)
    assert found.tests["ordering"].verdict == NOT_MEASURED
    assert found.tests["disjoint"].verdict_2017 == NOT_MEASURED


def test_bits_beyond_the_images_do_not_count():
    """300 images fill 38 bytes, whose last four bits belong to no image."""

    def wrong(lr):
        return {0.1: 30, 0.01: 60}.get(lr, 150)

    def error(lr, epoch, x):
        return wrong(lr) / 300

    frame = curves([1, 2, 3], error)
    right = learnt(frame).right
    images = np.arange(300)
    bits = [pack(images >= wrong(lr)) for lr in right["lr"]]
    evidence = Evidence(
        curves=frame,
        right=right.assign(right=bits),
        images={**IMAGES, "validation": 300},
    )
    found = measured("best_of_four", evidence)["on_other_images"].estimate
    # 30 of 300 images are wrong at 0.01 alone, in all networks, which so do not differ.
    error = math.sqrt(0.1 * 0.9 / 300)
    assert found.high - found.value == pytest.approx(4.302653 * error, rel=1e-6)
