"""What tests of several rooms share; nothing here loads TensorFlow before it is asked for."""

import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from lenet.network import data
from lenet.plan import studies
from lenet.plan.parameters import ROOT
from tests.made_project import project  # noqa: F401, a fixture

# Of the project. A person's own may lie in params/ beside them.
STUDIES = Path(__file__).with_name("studies.txt").read_text("utf-8").split()


@pytest.fixture(scope="session", autouse=True)
def _without_studies_of_ones_own():
    """What is said of the project's studies is said of them alone."""
    every = studies.study_files

    def files():
        kept = []
        for path in every():
            if path.parent != ROOT / "params" or path.stem in STUDIES:
                kept.append(path)
        return kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies, "study_files", files)
        yield


# What a person hands to `make test` is not for the calls of make that a test makes.
for variable in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "ARGS"):
    os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def digits():
    """The embedded digits."""
    return data.load("digits")


@pytest.fixture(scope="session")
def mnist():
    """MNIST, for the tests that need the real images."""
    if not os.environ.get("LENET_DATA"):
        pytest.skip("the real MNIST is missing: LENET_DATA names no folder that holds mnist.npz")
    return data.load("mnist")


@pytest.fixture(scope="session")
def toy():
    """The names of toy_report.py: what the toy report consists of."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("toy_report.py"))))


@pytest.fixture(scope="session")
def folder(toy, tmp_path_factory):
    """The folder of a whole toy report."""
    folder = tmp_path_factory.mktemp("toy")
    toy.build(folder)
    return folder


@pytest.fixture(scope="session")
def page(folder):
    """The toy report's page."""
    return (folder / "report.html").read_text(encoding="utf-8")
