import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lenet.report.fill import fill, filled, known

ERROR = {"value": 0.0143, "low": 0.013, "high": 0.0156, "n": 5}
RATIO = {"name": "0.001 over 0.01", "value": 1.51, "low": None, "high": None, "n": 1}
BAND = {"place": "at_least", "low": 1, "high": None, "unit": "ratio"}
TEST = {
    "bands": {"ratio": BAND},
    "verdict_2017": "holds",
    "verdict": "undecided",
    "numbers": {"2017": [RATIO], "ours": [{**RATIO, "value": -1.6}]},
}
RESULTS = {
    "numbers": {"error/0.1": ERROR, "lost": {**ERROR, "value": None, "low": None, "high": None}},
    "measured": {"seconds": {**ERROR, "value": 12.0}},
    "words": {"data": "the *digits*"},
    "tests": {"ordering": TEST},
    "conclusions": [{"tests": ["ordering"], "verdict_2017": "holds", "verdict": "holds in part"}],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{error/0.1:.2%}}", "1.43%"),
        ("{{ error/0.1 low:.1%}}", "1.3%"),
        ("{{error/0.1 high}}", "0.0156"),
        ("n = {{error/0.1 n}}", "n = 5"),
        ("{{error/0.1 interval:.1%}}", "1.4% [1.3, 1.6]"),
        ("{{error/0.1:.0%}}", "1%"),
        ("{{lost:.2%}}, {{lost interval:.2%}}", "not measured, not measured"),
        ("{{seconds}} s", "12 s"),
        ("on {{data}}", "on the *digits*"),
        ("{{ordering/0.001 over 0.01}}", "−1.6"),
        ("{{2017/ordering/0.001 over 0.01:.1f}}", "1.5"),
        ("{{verdict/ordering}} v {{2017/verdict/ordering}}", "undecided v holds"),
        ("{{limit/ordering/ratio}}", "at least 1"),
        ("{{sentence/ordering}} v {{2017/sentence/ordering}}", "holds in part v holds"),
        ("{{count/holds in part}} of {{count/sentences}}", "1 of 1"),
        ("{{2017/count/holds in part}}", "0"),
        ("$f^{2}$ and {single}", "$f^{2}$ and {single}"),
    ],
)
def test_placeholders_by_hand(text, expected):
    assert filled(text, RESULTS) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{eror/0.1}}", "{{eror/0.1}}: no number or word"),
        ("{{error/0.1:.2x}}", "{{error/0.1:.2x}}: "),
        ("{{data:.2f}}", "{{data:.2f}}: no number or word"),
        ("{{data low}}", "{{data low}}: no number or word"),
        ("{{error/0.1", "double braces"),
        ("{{}}", "double braces"),
        ("{{error/0.1:{}}}", "double braces"),
    ],
)
def test_what_cannot_be_filled_is_named(text, fault):
    with pytest.raises(ValueError, match=re.escape(fault)):
        filled(text, RESULTS)


@pytest.mark.parametrize(
    ("name", "rest"), [("epoch 2 less epoch 15", ""), ("low", ""), ("far too", " low")]
)
def test_a_name_that_ends_like_a_field_is_still_a_name(name, rest):
    results = {**RESULTS, "numbers": {name: {**ERROR, "value": 5, "low": 6}}}
    assert filled(f"{{{{{name}{rest}}}}}", results) == ("6" if rest else "5")


def test_only_prose_is_filled_and_every_fault_is_told_with_its_cell():
    code = new_code_cell("f'{{{name}}}'")
    book = new_notebook(cells=[new_markdown_cell("{{seconds}} s"), code])
    assert [cell.source for cell in fill(book, RESULTS).cells] == ["12 s", "f'{{{name}}}'"]
    book.cells += [new_markdown_cell("{{a}}"), new_markdown_cell("{{b:.1%}}")]
    with pytest.raises(ValueError, match=r"cell 3: \{\{a\}\}: no .*; cell 4: \{\{b"):
        fill(book, RESULTS)


def test_both_sides_of_a_test_have_their_numbers():
    entries, words = known(RESULTS)
    assert entries["ordering/0.001 over 0.01"]["value"] == -1.6
    assert entries["2017/ordering/0.001 over 0.01"]["value"] == 1.51
    assert "label" not in words
