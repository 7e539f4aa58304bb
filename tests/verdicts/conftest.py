"""The study's own runs with made-up numbers, judged once."""

import pytest

from lenet.plan import studies
from lenet.results import tables
from lenet.results.scraps import Finished
from lenet.verdicts.conclusions import judge
from tests import toy_runs


def finished(run):
    """A run as it would be read, without a notebook on the disk."""
    found, frames = toy_runs.KINDS[run.notebook](run.settings)
    told = {"notebook": run.notebook, "parameters": run.settings, "dataset": "mnist"}
    return Finished(run.name, {**told, "images": toy_runs.IMAGES, **found}, frames)


@pytest.fixture(scope="session")
def runs():
    """All runs of the study, a GPU's included."""
    return [finished(run) for run in studies.plan(False, True)]


@pytest.fixture(scope="session")
def toys(runs):
    """The evidence of all these runs."""
    return tables.evidence(runs)


@pytest.fixture(scope="session")
def judged(toys):
    """All verdicts on it."""
    return judge(toys)
