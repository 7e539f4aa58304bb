"""The evidence of a whole study with made-up numbers."""

import pytest

from lenet.plan import studies
from lenet.results import scraps, tables
from tests import toy_runs


@pytest.fixture(scope="session")
def evidence(tmp_path_factory):
    """All planned runs, those on a GPU as well."""
    folder = tmp_path_factory.mktemp("charts")
    runs = studies.plan(preview=False, gpu=True)
    toy_runs.build(folder, runs)
    return tables.evidence(scraps.read_all(folder, runs))


@pytest.fixture(scope="session")
def on_digits(evidence):
    """The same, as if of the embedded digits, where 2017's numbers do not belong."""
    return evidence._replace(images={**evidence.images, "dataset": "digits"})
