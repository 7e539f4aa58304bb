"""What counts as the same: all bits here, and elsewhere what other rounding may explain."""

import copy

import numpy as np
import pytest

from lenet.plan import studies
from pipeline.edition import compare
from tests.pipeline.edition.conftest import results_of

IMAGES = 10_000


def entry(digest, *errors):
    return {"digest": digest, "errors": list(errors)}


@pytest.mark.parametrize(
    ("now", "same_kind", "state"),
    [
        (entry("a", 0.02), True, "same"),
        (entry("a", 0.02), False, "same"),
        (entry("b", 0.02), True, "differs"),
        (entry("b", 0.02), False, "within"),
        (entry("b", 0.022), False, "within"),
        (entry("b", 0.03), False, "differs"),
        (entry("b", None), False, "differs"),
        # Its frames are those that were published, its errors are not.
        (entry("a", 0.021), False, "differs"),
    ],
)
def test_a_run_is_the_same_or_within_the_bound_or_differs(now, same_kind, state):
    assert compare.run(entry("a", 0.02), now, same_kind, IMAGES) == state


def test_the_bound_of_one_network_is_three_standard_errors_of_its_wrong_images():
    # 100.5 wrong images: 3 / sqrt(100.5) = 0.2993, and 100.5 * exp(0.2993) = 135.6.
    assert compare.within([0.01], [0.0135], IMAGES)
    assert not compare.within([0.01], [0.0136], IMAGES)


def test_more_networks_make_it_narrower_and_their_spread_wider():
    assert compare.within([0.02], [0.024], IMAGES)
    assert not compare.within([0.02] * 9, [0.024] * 9, IMAGES)
    spread = np.array([0.01, 0.02, 0.04] * 3)
    assert compare.within(list(spread), list(1.2 * spread), IMAGES)
    assert not compare.within(list(spread), list(3 * spread), IMAGES)


def test_networks_that_get_all_images_right_can_be_compared():
    assert compare.within([0.0, 0.01], [0.0, 0.01], 300)


def test_failures_are_a_matter_of_chance_where_some_networks_failed():
    assert compare.within([None, 0.02] * 20, [None, 0.02] * 18 + [0.02] * 4, IMAGES)
    assert not compare.within([None, 0.02] * 20, [0.02] * 40, IMAGES)
    assert compare.within([None] * 3, [None] * 3, IMAGES)
    assert not compare.within([None] * 3, [None, None, 0.9], IMAGES)
    assert not compare.within([0.02] * 3, [0.02, 0.02, None], IMAGES)


def test_what_other_rounding_did_on_mnist_lies_within():
    # Two shards and one: ten epochs at 0.1, and 40 steps of wide networks, some of which failed.
    assert compare.within([0.0143, 0.0145, 0.0153], [0.0147, 0.0147, 0.0158], IMAGES)
    two = [None, 0.1614, 0.8785, None, 0.2563, 0.4019, 0.274, 0.516]
    one = [None, 0.1587, 0.8785, None, 0.271, 0.3606, 0.2213, 0.3569]
    assert compare.within(two, one, IMAGES)
    # Another learning rate does not.
    assert not compare.within([0.0143, 0.0145, 0.0153], [0.0223, 0.0227, 0.0231], IMAGES)


@pytest.fixture(scope="module", params=[1, 3, 8])
def some(request, tmp_path_factory):
    """What results.json holds of some runs alone."""
    runs = [run for run in studies.plan() if run.notebook not in ("benchmark", "memory")]
    chosen = runs[:: len(runs) // request.param]
    return results_of(tmp_path_factory.mktemp("some"), chosen)


def test_numbers_of_some_runs_are_those_of_all(some, whole_study):
    assert compare.differing(whole_study, some) == []


def test_an_altered_number_differs_where_its_runs_were_made_again(whole_study):
    altered = copy.deepcopy(whole_study)
    assert altered["numbers"]["test_error"]["runs"]
    altered["numbers"]["test_error"]["value"] *= 1.001
    altered["tests"]["0001_goes_on"]["numbers"]["ours"][0]["low"] += 1e-9
    assert compare.differing(altered, whole_study) == ["test_error", "0001_goes_on/error"]


def test_a_number_that_stands_on_other_runs_too_is_left_alone(some, whole_study):
    altered = copy.deepcopy(whole_study)
    altered["numbers"]["test_error"]["value"] *= 2
    assert compare.differing(altered, some) == []
