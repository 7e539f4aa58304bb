"""The report notebook as prose: no number is typed into it."""

import re

import nbformat
import pytest

from lenet.plan.parameters import ROOT
from lenet.report.fill import PLACEHOLDER

NAMES = re.compile("2017|Figure [0-9]|SHA-256")


def typed(text):
    """The digits that stand outside placeholders and outside names."""
    return re.findall(r"\d+", NAMES.sub("", PLACEHOLDER.sub("", text)))


def test_no_number_is_typed():
    book = nbformat.read(ROOT / "notebooks/report.ipynb", as_version=4)
    prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    assert [(text, typed(text)) for text in prose if typed(text)] == []


@pytest.mark.parametrize(
    ("text", "digits"),
    [("At 0.1 in 2017", ["0", "1"]), ("{{error/0.1:.2%}} of Figure 1", []), ("{0.1}", ["0", "1"])],
)
def test_the_search_finds_a_typed_number(text, digits):
    assert typed(text) == digits
