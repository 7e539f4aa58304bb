import pytest

from lenet.report.numbers import bare, escaped, interval, shown


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, ".2%", "not measured"),
        (0, "", "0"),
        (5.0, "", "5"),
        (102_250, "", "102,250"),
        (1234.5, "", "1,234"),
        (0.0001, "", "0.0001"),
        (-1.5, ".2f", "−1.50"),
        (0.1, "%", "10%"),
        (0.07, "%", "7%"),
        (-0.0025, "points", "−0.25 points"),
        (1.59, "GiB", "1.59 GiB"),
        (0, "images", "0 images"),
    ],
)
def test_a_number_for_a_reader(value, form, text):
    assert shown(value, form) == text


def test_a_format_that_is_none_is_refused():
    with pytest.raises(ValueError, match="format"):
        shown(0.1, "nonsense")


@pytest.mark.parametrize(
    ("value", "low", "high", "form", "text"),
    [
        (0.223, 0.09, 0.341, ".0%", "22% [9, 34]"),
        (-0.01, -0.02, 0.005, "points", "−1 points [−2, 0.5]"),
        (0.5, None, None, ".2f", "0.50"),
        (3.45, 3.45, 3.45, "", "3.45"),
        (None, None, None, ".0%", "not measured"),
        (None, 2.3, None, "", "2.3 or more"),
        (1.5, 1.2, None, "", "1.5 [1.2, ∞]"),
        (1.5, None, 1.7, "", "1.5 [−∞, 1.7]"),
    ],
)
def test_an_interval_stands_where_there_is_one(value, low, high, form, text):
    assert interval({"value": value, "low": low, "high": high}, form) == text


def test_a_bare_number_has_no_words():
    assert bare(0.02, ".1%") == "2.0"
    assert bare(3, "GiB") == "3"


@pytest.mark.parametrize("text", ["plain words", "●\u00a0holds", "1–2"])
def test_what_has_no_marks_is_not_changed(text):
    assert escaped(text) == text


def test_every_mark_is_escaped_and_a_text_is_one_line():
    assert escaped("a_b*\n[c]\\|") == "a\\_b\\* \\[c\\]\\\\\\|"
