"""All verdicts together: on 2017's numbers, on runs with made-up numbers, and as plain values."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lenet.results import tables
from lenet.results.tables import Evidence
from lenet.verdicts import sides
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED
from lenet.verdicts.conclusions import IN_PART, judge, measure, on_sentence, together
from lenet.verdicts.definitions import SENTENCES, TESTS
from tests.verdicts import made_up

# Of 2017 and of the toy runs, as an earlier code had them, but for tests that were redefined; a
# newer test is not in it.
EXPECTED = json.loads(Path(__file__).with_name("toy_numbers.json").read_text("utf-8"))
# Value and ends as the pilot study published them.
PUBLISHED = {
    ("ordering", "0.0001 over 0.001"): (1.415, 1.392, 1.439),
    ("ordering", "0.01 over 0.1"): (1.62, 1.32, 2.00),
    ("early_drop", "0.001"): (0.911, 0.905, 0.916),
    ("then_constant", "0.1"): (0.29, 0.12, 0.43),
    ("best_of_four", "difference"): (0.0087, 0.0050, 0.0125),
    ("two_epochs_enough", "loss"): (0.0125, 0.0086, 0.0165),
    ("linear_0001", "deviation"): (0.0275, 0.0275, 0.0275),
    ("cpu_slower", "8 filters"): (6.3, 6.3, 6.3),
    ("sequential", "misfit"): (0.052, 0.052, 0.052),
    ("sequential", "rate"): (7.06, 7.06, 7.06),
    ("memory", "whole_set"): (4.67, 4.67, 4.67),
    ("gpu_full", "128 to 256 slope"): (0.565, 0.565, 0.565),
    ("knee", "errors"): (2.29, 2.29, 2.29),
}


@pytest.fixture(scope="module")
def without_runs():
    return judge(Evidence())


def test_sentences_in_the_order_of_2017():
    sections = [sentence["section"] for sentence in SENTENCES]
    assert len(sections) >= 18
    assert list(dict.fromkeys(sections)) == ["data", "learning rate", "filters", "runtime"]


def test_2017_shares_our_images_where_they_are_mnist():
    for dataset, expected in (("mnist", HOLDS), ("digits", NOT_MEASURED)):
        images = {"dataset": dataset, "validation": 300, "duplicates": 0}
        found = judge(Evidence(images=images))
        result = found.tests["disjoint"]
        assert result.verdict_2017 == expected
        assert result.verdict == HOLDS


def test_without_runs_only_arithmetic_has_a_verdict(without_runs):
    for result in without_runs.tests.values():
        decided_by = [one for one in result.ours if one.band and one.estimate.n is None]
        assert (result.verdict != NOT_MEASURED) is bool(decided_by)
        assert result.to_json()["runs"] == []


@pytest.mark.parametrize(("where", "expected"), list(PUBLISHED.items()))
def test_2017_numbers_as_published(without_runs, where, expected):
    test, name = where
    by_name = {one.name: one.estimate for one in without_runs.tests[test].hand_in}
    assert numbers(by_name[name]) == pytest.approx(expected, rel=0.012, abs=1e-4)


def numbers(estimate):
    """Value and both ends."""
    return estimate.value, estimate.low, estimate.high


def test_an_estimate_without_a_name_needs_one_quantity_alone():
    test = TESTS["ordering"]
    two = {**test.bands, "another": test.bands["smallest_ratio"]}
    side = sides.as_in_2017(Evidence())
    with pytest.raises(ValueError, match="too many values to unpack"):
        measure(replace(test, bands=two), side)


def test_a_side_is_asked_for_its_own_bands_alone(judged):
    result = judged.tests["linear_0001"]
    assert [one.name for one in result.hand_in] == ["deviation", "halves"]
    assert [one.name for one in result.ours] == ["share", "mean_deviation"]


@pytest.fixture(scope="module")
def same_networks(toys):
    """The toy runs without the networks that the code before this one did not have."""
    curves = toys.curves
    more = (curves["study"] == "train") & (curves["seed"] >= 105)
    return judge(toys._replace(curves=curves[~more]))


@pytest.mark.parametrize("name", list(EXPECTED))
def test_numbers_are_what_they_were(same_networks, name):
    result = same_networks.tests[name]
    expected = EXPECTED[name]
    assert [result.verdict_2017, result.verdict] == expected["verdicts"]
    found = {f"2017 {one.name}": one.estimate for one in result.hand_in}
    found.update({f"ours {one.name}": one.estimate for one in result.ours})
    for key, then in expected["numbers"].items():
        known = [math.inf if number is None else number for number in then]
        assert numbers(found[key]) == pytest.approx(known, rel=1e-9, abs=1e-12), key


def test_more_networks_at_one_rate_count(judged):
    [loss, _] = judged.tests["two_epochs_enough"].ours
    assert loss.estimate.n == 7
    assert "train/seed=106" in loss.runs
    assert [one.estimate.n for one in judged.tests["ordering"].ours] == [5, 5, 5]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([HOLDS, HOLDS], HOLDS),
        ([HOLDS, FAILS], IN_PART),
        ([HOLDS, UNDECIDED, FAILS], IN_PART),
        ([UNDECIDED, FAILS], FAILS),
        ([NOT_MEASURED, FAILS], FAILS),
        ([HOLDS, NOT_MEASURED, UNDECIDED], NOT_MEASURED),
        ([HOLDS, UNDECIDED], UNDECIDED),
        ([NOT_MEASURED], NOT_MEASURED),
    ],
)
def test_a_sentence_from_its_tests(verdicts, expected):
    assert together(verdicts) == expected


def test_sentences_stand_on_their_tests(judged):
    third = on_sentence(SENTENCES[2], judged.tests)
    assert third["tests"] == ["early_drop", "then_constant"]
    assert third["verdict_2017"] == IN_PART


def test_as_plain_values(judged):
    found = judged.to_json()
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert found["conclusions"][1]["tests"] == ["ordering", "one_run_ranks"]
    test = found["tests"]["steepness_differs"]
    assert test["hypothesis"] == "How steeply the error falls depends on the rate."
    assert test["bands"]["epochs"]["low"] == 2
    assert test["bands"]["epochs"]["high"] is None
    last = test["numbers"]["ours"][-1]
    assert last["name"] == "0.01 over 0.1"
    assert last["band"] == "epochs"
    assert last["high"] is None
    assert last["runs"] == sorted(last["runs"]) != []


def test_every_number_of_a_test_has_a_name_of_its_own(judged):
    for result in judged.tests.values():
        for measured in (result.hand_in, result.ours):
            names = [one.name for one in measured]
            assert len(set(names)) == len(names)


def test_names_do_not_hang_on_the_runs(judged, without_runs):
    """So that a placeholder of the report is known before its runs are finished."""
    for name, result in judged.tests.items():
        names = [one.name for one in result.ours]
        assert names == [one.name for one in without_runs.tests[name].ours]


def test_verdicts_hang_on_the_evidence():
    def stopped(lr, epoch, x):
        return 0.02 + x if epoch < 3 else 0.02

    build = made_up.errors(stopped)
    for x, expected in ((0.001, HOLDS), (0.01, FAILS)):
        found = judge(build([x, 1.01 * x, 0.99 * x, x, x]))
        assert found.tests["two_epochs_enough"].verdict == expected


def test_a_draft_is_judged(toys):
    """With some studies alone nothing breaks, and what they do not say is not measured."""
    early = {"benchmark", "more_seeds", "train"}
    kept = {}
    for name in ("curves", "right", "probes", "times", "memory", "test"):
        frame = getattr(toys, name)
        kept[name] = frame[frame["study"].isin(early)]
    result = judge(Evidence(**kept, images=toys.images))
    assert result.tests["ordering"].verdict == NOT_MEASURED
    assert result.tests["figure2_is_training"].verdict == FAILS


def test_times_recorded_elsewhere_do_not_change_the_cpus(toys, judged):
    times = toys.times[toys.times["device"] == "CPU"]
    slower = times.assign(
        study="records",
        run="records/elsewhere",
        place="Elsewhere, tensorflow",
        epoch_seconds=times["epoch_seconds"] * 9,
    )
    both = pd.concat([toys.times, slower])
    found = judge(tables.Evidence(times=both, images=toys.images))
    name = "cpu_exponential"
    assert found.tests[name].to_json() == judged.tests[name].to_json()


def test_a_test_that_one_run_cannot_answer_is_left_out_on_the_side_of_2017():
    found = judge(Evidence())
    second = on_sentence(SENTENCES[1], found.tests)
    assert second["tests"] == ["ordering", "one_run_ranks"]
    assert second["verdict_2017"] == HOLDS
    assert second["verdict"] == NOT_MEASURED
