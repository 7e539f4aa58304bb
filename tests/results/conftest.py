"""A small study of every kind, with made-up numbers."""

import pytest

from lenet.plan.studies import Run
from lenet.results import scraps
from tests import toy_runs

NETWORK = {
    "lr": 0.1,
    "epochs": 15,
    "filters": 16,
    "batch_size": 64,
    "shuffle": False,
    "head": "linear",
    "init": "normal",
}
WHERE = {"dataset": "auto", "device": "CPU", "threads": 1, "shards": 2}
SEEDS = {"seeds": 2, "first_seed": 100}
SETTINGS = {
    "train": {**NETWORK, **WHERE, "seed": 103},
    "lr_study": {**NETWORK, **WHERE, **SEEDS},
    "benchmark": {**NETWORK, **WHERE, "epochs": 1, "seed": 100, "round": 1, "tf32": False},
    "divergence": {**WHERE, **SEEDS, "lr": 0.1, "steps": 40, "filters": 128, "batch_size": 64},
    "memory": {**WHERE, "filters": 8},
}


def point(study, notebook, **varied):
    """A run of the notebook that differs from the defaults above in what is varied."""
    name = ",".join(f"{key}={value}" for key, value in varied.items())
    return Run(study, name, notebook, {**SETTINGS[notebook], **varied})


RUNS = [
    point("benchmark", "benchmark", filters=8),
    point("benchmark", "benchmark", filters=16),
    point("divergence", "divergence", filters=128),
    point("lr_study", "lr_study", lr=0.1, epochs=20),
    point("lr_study", "lr_study", lr=0.01, epochs=20),
    point("memory", "memory", filters=8),
    point("more_seeds", "lr_study", lr=0.01, first_seed=101),
    point("overshoot", "lr_study", lr=1.0),
    point("rounds", "benchmark", filters=8, round=2),
    point("sensitivity", "lr_study", lr=0.1, head="relu"),
    point("train", "train", seed=100),
    point("train", "train", seed=103),
]


@pytest.fixture(scope="session")
def planned():
    """The runs of the study."""
    return RUNS


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory):
    """The folder that holds all of RUNS; a test that changes a file copies it first."""
    folder = tmp_path_factory.mktemp("toy") / "runs"
    toy_runs.build(folder, RUNS)
    return folder


@pytest.fixture(scope="session")
def finished(toy_folder):
    """All of RUNS, read."""
    return scraps.read_all(toy_folder, RUNS)
