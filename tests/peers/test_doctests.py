"""The worked examples in peers/, which has modules that not every environment can import."""

import doctest
from importlib import import_module

import pytest

from lenet.plan.parameters import ROOT

WITH_EXAMPLES = [
    path.stem
    for path in sorted((ROOT / "peers").glob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_worked_examples(name):
    result = doctest.testmod(import_module(f"peers.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
