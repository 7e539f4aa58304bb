"""A draft is there early, from what is finished, and is never taken for the report."""

import json
import re
import signal

import pytest

from lenet.plan.studies import Run
from pipeline.__main__ import needs_draft
from tests import copied_tree
from tests.copied_tree import finish, started, toy_study, wait_until

HUGE = ["number: int = 1", "import tensorflow as tf\n\ntf.zeros([10**7, 10**7])"]


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A project with a MNIST of blank images, in which nothing is made."""
    folder = tmp_path_factory.mktemp("planned")
    first = toy_study(1, 2, draft=True)
    tree = copied_tree.toy(folder, first=first, later=toy_study(3, 4))
    copied_tree.blank_mnist(tree)
    return tree


@pytest.fixture
def tree(planned, tmp_path):
    copy = planned.copy(tmp_path / "tree")
    copy.reports = copy.root / "reports"
    yield copy
    copy.end_all()


def start(tree, *words):
    return tree.start("pipeline", *words, LENET_DATA=str(tree.root))


def call(tree, *words):
    return finish(start(tree, *words))


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_a_draft_comes_first_and_after_an_interruption_only_what_is_missing(tree):
    status, said = call(tree, "draft")
    assert status == 1
    assert "lenet: failed draft: " in said
    assert "no run is finished" in said
    tree.declare("later", toy_study(3, 4, seconds=300.0))
    door = start(tree, "report")
    told = "reports/draft/report.html can be read now; 2 runs are still to come"
    line = next(line for line in door.stdout if "can be read now" in line or "not made" in line)
    assert told in line
    assert tree.runs() == {"first/number=1", "first/number=2"}
    assert (tree.reports / "draft" / "report.pdf").is_file()
    draft = results(tree.reports / "draft")
    assert draft["draft"] is True
    assert draft["origin"]["missing"].keys() == {"later/number=3", "later/number=4"}
    assert not (tree.reports / "report.html").exists()
    # Beside the door a person may ask for it at any time, even twice.
    for asked in [start(tree, "draft"), start(tree, "draft")]:
        status, said = finish(asked)
        assert status == 0, said
        assert said.splitlines()[-1] == "lenet: a draft can be read now: reports/draft/report.html"
    assert results(tree.reports / "draft")["origin"]["runs"].keys() == tree.runs()
    door.send_signal(signal.SIGINT)
    status, said = finish(door)
    assert (status, said.splitlines()[-1]) == (1, "lenet: stopped (SIGINT); what is done is kept")
    wait_until(lambda: not tree.alive(), 5, "ended")
    tree.declare("later", toy_study(3, 4))
    status, said = call(tree, "report")
    assert started(said) == ["later/number=3", "later/number=4", "report"]
    assert status == 0
    assert results(tree.reports)["draft"] is False
    assert "nothing to do" in call(tree, "report")[1]


def test_where_a_run_fails_the_rest_is_done_and_a_draft_made(tree):
    """Also where one fails whenever it is made, as one that a card has no memory for."""
    copied_tree.write(tree.notebook("huge"), HUGE)
    points = [{"number": 1}]
    tree.declare("huge", {"notebook": "huge", "points": points, "preview": {"points": []}})
    study = {"notebook": "toy", "points": [{"fails": True}, {"number": 4}]}
    tree.declare("later", {**study, "preview": {"points": []}})
    status, said = call(tree, "report")
    assert status == 1
    assert (
        "failed later/fails=True: cell [3]: ValueError: it was told to; see reports/logs/" in said
    )
    assert "done later/number=4 in" in said
    assert re.search("failed huge/number=1: cell .*ResourceExhaustedError.* OOM .*; see ", said)
    assert "report.html is not up to date: not made: huge/number=1, later/fails=True\n" in said
    assert "lenet: a draft can be read now: reports/draft/report.html" in said
    missing = results(tree.reports / "draft")["origin"]["missing"]
    assert missing.keys() == {"huge/number=1", "later/fails=True"}
    assert not (tree.reports / "report.html").exists()


def test_without_runs_of_a_draft_none_is_made_on_the_way():
    runs = [Run("a", "x=1", "train", {}), Run("b", "x=1", "train", {}, draft=True)]
    faults = {run.name: "missing" for run in runs}
    assert needs_draft(runs, faults)
    assert not needs_draft(runs[:1], faults)
    assert not needs_draft(runs[1:], faults)
