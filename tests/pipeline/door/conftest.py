"""A project of toy runs, made once by `python -m pipeline`, and copies of it to change."""

import pytest

from tests import copied_tree


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A project whose preview was made without MNIST and network; `said` is what that printed.

    Its path has a space and braces. A test that changes anything takes `tree`.
    """
    folder = tmp_path_factory.mktemp("my project {1}")
    studies = {"one": copied_tree.toy_study(1, 2), "two": copied_tree.toy_study(3)}
    tree = copied_tree.toy(folder, **studies)
    tree.status, tree.said = tree.call("pipeline", "report")
    yield tree
    tree.end_all()


@pytest.fixture
def tree(built, tmp_path):
    """A copy of `built`, in which nothing is to be done."""
    assert built.status == 0, built.said
    copy = built.copy(tmp_path / "a copy")
    yield copy
    copy.end_all()
