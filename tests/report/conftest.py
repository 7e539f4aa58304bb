"""The toy report, made once for all tests, and what it consists of."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

TOY = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "toy_report.py")))


@pytest.fixture(scope="session")
def toy():
    """The names of toy_report.py."""
    return TOY


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The folder of a whole toy report."""
    folder = tmp_path_factory.mktemp("toy")
    TOY.build(folder)
    return folder


@pytest.fixture(scope="session")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")
