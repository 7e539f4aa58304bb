"""Runs made again show what was published, and an altered number is found."""

import copy
import json
import os
import re
import signal
import sys

import pytest

from pipeline.edition import __main__ as command
from pipeline.edition import publish, verify
from tests import copied_tree

PUBLISHED = publish.PUBLISHED
FIRST = "train/seed=103"


@pytest.fixture
def edition(project):
    """A published edition of made-up runs, by its results.json."""
    publish.publish()
    return project / PUBLISHED / "results.json"


def seal(edition):
    """Write the sums anew, as somebody would who hides what was altered."""
    (PUBLISHED / publish.SUMS).write_text(publish.sums(PUBLISHED))


@pytest.fixture
def again(whole_study, monkeypatch):
    """What runs made again show: at first what was published; no run is made."""
    found = copy.deepcopy(whole_study)
    found["origin"]["asked"] = []

    def made_again(names, dataset):
        found["origin"]["asked"] += names
        return found

    monkeypatch.setattr(verify, "made_again", made_again)
    return found


def test_all_runs_are_the_same_but_those_of_a_clock(edition, again, capsys):
    states = verify.verify(10**6, seed=1)
    assert set(states.values()) == {"same"}
    assert set(states) == {name for name, run in again["origin"]["runs"].items() if run["digest"]}
    left_out = capsys.readouterr().out.splitlines()[0]
    assert left_out.endswith("their numbers come from a clock: benchmark memory rounds")


def test_a_sample_is_told_by_its_seed(edition, again, capsys):
    chosen = [list(verify.verify(3, seed)) for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]
    assert again["origin"]["asked"] == sum(chosen, [])
    timed = [run for run in again["origin"]["runs"].values() if not run["digest"]]
    count = len(again["origin"]["runs"]) - len(timed)
    assert f"3 of {count} runs, chosen with --seed 2" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "results.json", "report.ipynb"])
def test_one_altered_digit_in_any_file_is_found_before_a_run_is_made(name, edition, again):
    path = PUBLISHED / name
    content = path.read_bytes()
    path.write_bytes(content[:-3] + b"7" + content[-2:])
    with pytest.raises(SystemExit, match=f"{name} was altered since it was published"):
        verify.verify(3, seed=1)
    assert not again["origin"]["asked"]


def test_an_altered_number_is_found_by_its_runs_where_the_sums_are_altered_too(
    edition, again, change
):
    change(edition, "numbers", "test_error", "value", value=0.01)
    seal(edition)
    states = verify.verify(10**6, seed=1)
    assert [name for name, state in states.items() if state == "differs"] == ["test_error"]


def test_altered_errors_of_a_run_are_found(edition, again, change):
    change(edition, "origin", "runs", FIRST, "errors", value=[0.001])
    seal(edition)
    assert verify.verify(10**6, seed=1)[FIRST] == "differs"


@pytest.mark.parametrize(("error", "state"), [(0.0, "within"), (0.02, "differs")])
def test_another_kind_of_machine_need_not_show_the_same_bits(error, state, edition, again):
    made = again["origin"]["runs"][FIRST]
    made.update(digest="other bits", errors=[made["errors"][0] + error])
    assert verify.verify(10**6, seed=1)[FIRST] == "differs"
    again["origin"]["kinds_of_machine"] = [{"onednn": False}]
    assert verify.verify(10**6, seed=1)[FIRST] == state


def test_other_versions_are_another_kind(edition, again):
    again["origin"]["runs"][FIRST]["digest"] = "other bits"
    again["origin"]["versions"] = [{"tensorflow": "3"}]
    assert verify.verify(10**6, seed=1)[FIRST] == "within"


def test_a_run_that_failed_differs(edition, again):
    del again["origin"]["runs"][FIRST]
    assert verify.verify(10**6, seed=1)[FIRST] == "differs"


def test_an_edition_of_other_sources_is_refused(edition, again, change):
    change(edition, "origin", "runs", FIRST, "sources", value="0" * 12)
    seal(edition)
    with pytest.raises(SystemExit, match="other sources.*; check out the commit that"):
        verify.verify(3, seed=1)


# Writes what `publish` would publish of a MNIST report: here the runs are of digits.
EDITION = """
import json, pathlib
from pipeline.edition import publish
from lenet.report import article

study = article.load("reports", preview=False, draft=True, gpu=False)
report = article.begin(study, "reports", preview=False, draft=True)
results = {**report.results, "draft": False, "origin": study.origin}
publish.PUBLISHED.mkdir()
for name in ("report.html", "report.pdf"):
    (publish.PUBLISHED / name).touch()
(publish.PUBLISHED / "results.json").write_text(json.dumps(results))
(publish.PUBLISHED / publish.SUMS).write_text(publish.sums(publish.PUBLISHED))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A project that has published a real run, on digits."""
    studies = {"train": copied_tree.study("train")}
    tree = copied_tree.copied(tmp_path_factory.mktemp("tree"), studies)
    (tree.root / "edition.py").write_text(EDITION)
    output = "reports/runs/train/filters=4.ipynb"
    words = ["train", "filters=4", output, "reports/run.log", "--dataset", "digits"]
    status, said = tree.call("pipeline.run", *words)
    assert status == 0, said
    status, said = tree.call("edition")
    assert status == 0, said
    yield tree
    tree.end_all()


def test_a_real_run_made_again_is_the_same(tree):
    status, said = tree.call("pipeline.edition", "verify", "--n", "all", "--seed", "5")
    assert status == 0, said
    assert "1 of 1 runs, chosen with --seed 5" in said
    assert said.splitlines()[-1] == "same     train/filters=4"
    assert files(tree) == {"runs", "run.log", "published", "logs", ".lock"}


def files(tree):
    return {path.name for path in (tree.root / "reports").iterdir()}


def test_ctrl_c_ends_it_in_a_line_and_leaves_nothing(tree):
    made = tree.start("pipeline.edition", "verify", "--n", "all")
    next(line for line in made.stdout if "started" in line)
    os.killpg(made.pid, signal.SIGINT)
    status, said = copied_tree.finish(made)
    assert (status, said.splitlines()[-1]) == (1, "lenet: stopped (SIGINT)")
    assert "Traceback" not in said
    assert files(tree) == {"runs", "run.log", "published", "logs", ".lock"}
    copied_tree.wait_until(lambda: not tree.alive(), 5, "ended")


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5", ""])
def test_a_count_that_is_none_is_refused_by_name(count, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["edition", "verify", f"--n={count}"])
    with pytest.raises(SystemExit):
        command.main()
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith(f"argument --n: {count!r}: must be a whole number from 1, or all")


def test_what_cannot_be_done_ends_with_a_message(tree, tmp_path):
    copy = tree.copy(tmp_path / "copy")
    path = copy.root / PUBLISHED / "results.json"
    results = json.loads(path.read_text())
    results["numbers"]["test_error"]["value"] = 0.5
    path.write_text(json.dumps(results))
    status, said = copy.call("pipeline.edition", "verify")
    assert (status, said) == (1, "lenet: results.json was altered since it was published\n")
    status, said = copy.call("pipeline.edition", "publish")
    assert status == 1
    assert re.fullmatch("lenet: .*No such file.*reports/results.json'\n", said)
