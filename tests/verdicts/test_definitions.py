"""conclusions.yaml says all that a reader needs, and what is wrong in it is named."""

import re
import subprocess
import sys

import pytest
import yaml

from lenet.verdicts import definitions
from lenet.verdicts.conclusions import function_of
from lenet.verdicts.definitions import CONCLUSIONS, TESTS, load

BAND = {"quantity": "q", "at_most": 1, "why": "w", "unit": "u"}
TEST = {"hypothesis": "It is so.", "bands": {"band": BAND}}
SENTENCE = {"section": "data", "paraphrase": "It is so.", "tests": {"one": TEST}}


def text(sentence=SENTENCE, **ours):
    return yaml.safe_dump({"sentences": [sentence], "ours": ours or {"two": TEST}})


def with_band(**change):
    band = {**BAND, **change}
    kept = {key: value for key, value in band.items() if value is not None}
    return text(two={**TEST, "bands": {"band": kept}})


def test_eighteen_sentences_in_the_order_of_2017():
    assert [sentence.number for sentence in CONCLUSIONS.sentences] == list(range(1, 19))
    sections = [sentence.section for sentence in CONCLUSIONS.sentences]
    assert list(dict.fromkeys(sections)) == ["data", "learning rate", "filters", "runtime"]
    named = [name for sentence in CONCLUSIONS.sentences for name in sentence.tests]
    assert [*named, *CONCLUSIONS.ours] == list(TESTS)


def test_every_test_is_a_function_with_a_docstring():
    assert all(function_of(name).__doc__ for name in TESTS)
    with pytest.raises(ValueError, match="nothing: must be a function in filters, learning_rate"):
        function_of("nothing")


def test_a_made_up_file_is_read():
    found = load(text())
    assert found.sentences[0].tests == ["one"]
    assert found.ours == ["two"]
    assert found.tests["two"].bands["band"].high == 1


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (with_band(why=None), r"\$.ours.two.bands.band: 'why' is a required property"),
        (with_band(at_most=None), r"two.bands.band: .*quantity, why, unit and one of within"),
        (with_band(below=2), r"two.bands.band: .*quantity, why, unit and one of within"),
        (with_band(at_most="much"), r"two.bands.band.at_most: 'much' is not of type 'number'"),
        (with_band(at_most=None, within=[1]), r"two.bands.band.within: \[1\] is too short"),
        (with_band(at_most=None, within=[2, 1]), r"two: band: within = \[2, 1\]: must rise"),
        (with_band(side="theirs"), r"two.bands.band.side: 'theirs' is not one of \[2017, 'ours'\]"),
        (text(two={**TEST, "fewest": 0}), r"\$.ours.two.fewest: 0 is less than the minimum of 1"),
        (text(two={**TEST, "kind": "guess"}), r"\$.ours.two.kind: 'guess' is not one of"),
        (text(two={**TEST, "points": "epochs"}), r"\$.ours.two.points: 'epochs' is not one of"),
        (text(two={**TEST, "pilot": "holds"}), r"\$.ours.two: .*'pilot' was unexpected"),
        (text({**SENTENCE, "tests": {}}), r"\$.sentences\[0\].tests: "),
        (text(one=TEST), "one: must be the name of one test only"),
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


def test_definitions_come_from_the_file_beside():
    path = definitions.FOLDER / "conclusions.yaml"
    assert load(path.read_text("utf-8")) == CONCLUSIONS
