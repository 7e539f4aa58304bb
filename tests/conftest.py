"""One TensorFlow for all tests, and the data sets that they share."""

import os
import runpy
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

with warnings.catch_warnings():
    # What other packages do at import is not ours to mend.
    warnings.simplefilter("ignore")
    import papermill  # noqa: F401
    import scrapbook  # noqa: F401
    import tensorflow  # noqa: F401

from lenet import data, machine, params

ROOT = Path(__file__).parents[1]
TREE = runpy.run_path(str(Path(__file__).parent / "copied_tree.py"))


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


@pytest.fixture(scope="session")
def trees():
    """The names of copied_tree.py."""
    return SimpleNamespace(**TREE)


@pytest.fixture(scope="session")
def built(trees, tmp_path_factory):
    """A copied project with one short run of every notebook, made by `python -m lenet report` without MNIST.

    `built.said` is what that printed. A test that changes anything takes `tree`.
    """
    tree = trees.copied(tmp_path_factory.mktemp("built"), trees.small_studies(params.NOTEBOOKS))
    tree.status, tree.said = tree.call("lenet", "report")
    yield tree
    tree.end_all()


@pytest.fixture
def tree(built, tmp_path):
    """A copy of `built` in which nothing is to be done."""
    assert built.status == 0, built.said
    copy = built.copy(tmp_path / "tree")
    yield copy
    copy.end_all()
