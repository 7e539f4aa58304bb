"""Verdicts in words and tables, from what results.json holds."""

import math

import pytest

from lenet.report import sentences

SHARE = {"quantity": "its fall", "why": "a tenth", "unit": "share"}
BAND = {"place": "at_most", "low": None, "high": 0.1, **SHARE}
OURS = {"name": "0.01", "value": 0.45, "low": 0.25, "high": 0.59, "n": 5, "unit": "share"}
PAST = {**OURS, "value": 0.42, "low": None, "high": None, "n": 1, "note": "read off", "runs": []}
TEST = {
    "hypothesis": "It is level.",
    "reading": "level for a reader",
    "bands": {"fall": BAND},
    "numbers": {"2017": [PAST], "ours": [{**OURS, "note": "", "runs": []}]},
    "verdict_2017": "does not hold",
    "verdict": "undecided",
    "runs": ["shape/lr=0.1", "lr_study/lr=0.1", "lr_study/lr=0.01"],
}
SENTENCE = {
    "number": 3,
    "section": "learning rate",
    "paraphrase": "It converges.",
    "tests": ["level"],
    "verdict_2017": "does not hold",
    "verdict": "holds in part",
}
RESULTS = {"conclusions": [SENTENCE], "tests": {"knee": {**TEST, "runs": []}, "level": TEST}}


@pytest.mark.parametrize(
    ("place", "low", "high", "unit", "text"),
    [
        ("at_most", None, 0.1, "share", "at most 10%"),
        ("above", 0, None, "points", "more than 0 points"),
        ("below", None, 0.0025, "points", "less than 0.25 points"),
        ("within", -0.1, 0.1, "relative", "from −10 to 10%"),
        ("within", 0.8, 1.25, "power", "from 0.8 to 1.25"),
        ("within", 0, 0, "images", "exactly 0 images"),
        ("at_least", 3, None, "GiB", "at least 3 GiB"),
    ],
)
def test_limits_in_words(place, low, high, unit, text):
    band = {"place": place, "low": low, "high": high, "unit": unit}
    assert sentences.limits(band) == text


def test_every_verdict_has_a_shape_of_its_own():
    assert len(set(sentences.MARKS.values())) == len(sentences.MARKS) == 5
    assert all(len(mark) == 1 for mark in sentences.MARKS.values())


def test_the_scorecard_has_a_line_for_each_sentence():
    [row] = sentences.scorecard(RESULTS).to_dict("records")
    assert row == {
        "No.": 3,
        "The 2017 report says": "It converges.",
        "2017's numbers": "○\u00a0does not hold",
        "Our runs": "◐\u00a0holds in part",
    }


def test_the_table_of_tests_has_bands_reasons_intervals_n_and_runs():
    first, second = sentences.tests(RESULTS).to_dict("records")
    assert first == {
        "No.": 3,
        "Test": "It is level. Read as: level for a reader.",
        "Must be": "its fall: at most 10% (a tenth)",
        "2017's numbers": "○\u00a0does not hold; 0.01: 42%, n\u00a0=\u00a01 (read off)",
        "Our runs": "?\u00a0undecided; 0.01: 45% [25, 59], n\u00a0=\u00a05;"
        " runs of lr_study, shape",
    }
    assert math.isnan(second["No."])
    assert "runs of" not in second["Our runs"]


def test_the_lines_below_the_title_tell_day_machine_and_commit():
    origin = {"machines": [{"cpu": "A"}, {"cpu": "B"}], "report_commit": "abc"}
    origin["last_finished"] = "2026-05-01T23:59:59+00:00"
    lines = sentences.front({"origin": origin, "words": {"label": "DRAFT"}})
    assert lines == {"label": "DRAFT", "date": "2026-05-01", "origin": "Runs on A; B; commit abc"}
