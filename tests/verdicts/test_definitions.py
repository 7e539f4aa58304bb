"""conclusions.yaml says all that a reader needs, and what is wrong in it is named."""

import re
import subprocess
import sys

import pytest
import yaml

from lenet.verdicts import definitions
from lenet.verdicts.conclusions import function_of
from lenet.verdicts.definitions import TESTS, load

BAND = {"quantity": "q", "at_most": 1, "why": "w", "unit": "u"}
TEST = {"hypothesis": "It is so.", "bands": {"band": BAND}}
SENTENCE = {"section": "data", "paraphrase": "It is so.", "tests": {"one": TEST}}


def text(sentence=SENTENCE, **ours):
    return yaml.safe_dump({"sentences": [sentence], "ours": ours or {"two": TEST}})


def with_band(**change):
    band = {**BAND, **change}
    kept = {key: value for key, value in band.items() if value is not None}
    return text(two={**TEST, "bands": {"band": kept}})


def test_a_test_stands_in_one_place_alone():
    entries = yaml.safe_load((definitions.FOLDER / "conclusions.yaml").read_text("utf-8"))
    groups = [*(sentence["tests"] for sentence in entries["sentences"]), entries["ours"]]
    assert [name for group in groups for name in group] == list(TESTS)


def test_every_test_is_a_function_with_a_docstring():
    assert all(function_of(name).__doc__ for name in TESTS)
    with pytest.raises(ValueError, match="nothing: must be a function in a module of lenet"):
        function_of("nothing")


def test_a_made_up_file_is_read():
    sentences, tests = load(text())
    sentence = {"number": 1, "section": "data", "paraphrase": "It is so.", "tests": ["one"]}
    assert sentences == [sentence]
    assert list(tests) == ["one", "two"]
    assert tests["two"].bands["band"].high == 1


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (with_band(why=None), r"\$.ours.two.bands.band: 'why' is a required property"),
        (with_band(at_most=None), r"two.bands.band: .*quantity, why, unit and one of within"),
        (with_band(below=2), r"two.bands.band: .*quantity, why, unit and one of within"),
        (with_band(at_most="much"), r"two.bands.band.at_most: 'much' is not of type 'number'"),
        (with_band(at_most=None, within=[1]), r"two.bands.band.within: \[1\] is too short"),
        (with_band(at_most=None, within=[2, 1]), r"within = \[2, 1\]: must rise"),
        (
            with_band(side="theirs"),
            r"two.bands.band.side: 'theirs' is not one of \['2017'",
        ),
        (text(two={**TEST, "fewest": 0}), r"\$.ours.two.fewest: 0 is less than the minimum of 1"),
        (text(two={**TEST, "kind": "guess"}), r"\$.ours.two.kind: 'guess' is not one of"),
        (text(two={**TEST, "points": "epochs"}), r"\$.ours.two.points: 'epochs' is not one of"),
        (text(two={**TEST, "pilot": "holds"}), r"\$.ours.two: .*'pilot' was unexpected"),
        (text({**SENTENCE, "tests": {}}), r"\$.sentences\[0\].tests: "),
    ],
)
def test_a_fault_names_its_entry_and_its_rule(faulty, message):
    with pytest.raises(ValueError, match=message):
        load(faulty)


def test_names_can_stand_in_placeholders():
    for name, test in TESTS.items():
        for key in [name, *test.bands, *test.shown]:
            assert re.fullmatch(r"[\w./-]+", key)


def test_no_tensorflow_is_loaded():
    code = "import sys; import lenet.verdicts.thresholds; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
