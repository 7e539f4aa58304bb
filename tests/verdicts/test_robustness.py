"""The verdicts on four tests when what the text leaves open is chosen otherwise."""

import pandas as pd
import pytest

from lenet.results.tables import Evidence
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED
from lenet.verdicts.robustness import CHANGES, TESTED, robustness
from tests.verdicts.made_up import curves, learnt

ROWS = ["as in 2017", "ReLU", "scaled initial values", "shuffling", "batches of 128"]


def twice(lr, epoch, x):
    """At 0.01 the error is x times that at 0.1."""
    return 0.02 if lr == 0.1 else 0.02 * x


def study(relu, count=3):
    """All settings; with the ReLU the error at 0.01 is `relu` times that at 0.1, else twice."""
    frames = []
    for name, change in CHANGES.items():
        xs = relu if name == "ReLU" else [2] * count
        study = "sensitivity" if change else "lr_study"
        frame = curves(xs, twice, rates=[0.01, 0.1], study=study, **change)
        frame["run"] = f"{study}/{name}"
        frames.append(frame)
    return learnt(*frames)


@pytest.mark.parametrize(
    ("relu", "expected"),
    [([2, 2, 2.01], HOLDS), ([0.5, 0.5, 0.51], FAILS), ([0.5, 1, 2], UNDECIDED)],
)
def test_each_setting_is_judged_on_its_own_runs(relu, expected):
    table = robustness(study(relu))
    assert list(table.index) == ROWS
    assert list(table.columns) == list(TESTED)
    assert table.loc["ReLU", "ordering"] == expected
    assert set(table["ordering"].drop("ReLU")) == {HOLDS}
    assert set(table["then_constant"]) == {HOLDS}


def test_two_networks_are_too_few():
    table = robustness(study([2, 2], count=2))
    assert set(table["ordering"]) == {NOT_MEASURED}


def test_without_runs_nothing_is_measured():
    table = robustness(Evidence())
    assert set(table.to_numpy().ravel()) == {NOT_MEASURED}


def test_other_rates_do_not_count():
    """At 0.001 the order is reversed; only 0.01 and 0.1 are compared."""
    evidence = study([2, 2, 2.01])
    slow = curves([0.1, 0.1, 0.1], twice, rates=[0.001])
    both = pd.concat([evidence.curves, slow])
    table = robustness(evidence._replace(curves=both))
    assert table.loc["as in 2017", "ordering"] == HOLDS


def test_of_the_toy_runs(toys):
    table = robustness(toys)
    assert set(table["ordering"]) == {HOLDS}
    assert set(table["two_epochs_enough"]) == {FAILS}
