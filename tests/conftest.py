"""One TensorFlow for all tests, and the data sets that they share."""

import os
import warnings
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with warnings.catch_warnings():
    # What other packages do at import is not ours to mend.
    warnings.simplefilter("ignore")
    import papermill  # noqa: F401
    import scrapbook  # noqa: F401
    import tensorflow  # noqa: F401

from lenet import data, machine

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def two_threads():
    machine.use("CPU", 2)


@pytest.fixture(scope="session")
def digits():
    return data.load_digits()


@pytest.fixture(scope="session")
def mnist():
    if not os.environ.get("LENET_DATA"):
        pytest.skip("the real MNIST is missing: LENET_DATA names no folder that holds mnist.npz")
    return data.load_mnist()


@pytest.fixture
def at_root(monkeypatch):
    """The working directory of a person who follows the README."""
    monkeypatch.chdir(ROOT)
