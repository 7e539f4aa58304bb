"""What the terminal sees while the workflow runs."""

import time

import pytest

from lenet.plan.studies import Run
from pipeline.door.progress import Progress

RUNS = [Run("a", f"x={number}", "lr_study", {"epochs": 1}) for number in (1, 2, 3)]


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the test sets."""
    now = {"seconds": 100.0}
    monkeypatch.setattr(time, "monotonic", lambda: now["seconds"])
    return now


@pytest.fixture
def progress(clock):
    return Progress(RUNS, images=50_000, cores=2, preview=False)


def test_runs_are_counted_and_the_time_left_shrinks_with_the_pace(progress, clock, capsys):
    progress.hear("lenet: started a/x=1\n")
    clock["seconds"] += 600
    progress.hear("lenet: done a/x=1 in 600 s\n")
    progress.hear("lenet: started a/x=2\n")
    clock["seconds"] += 600
    progress.hear("lenet: done a/x=2 in 600 s\n")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[0/3 runs, perhaps 1 min left] started a/x=1"
    assert lines[1] == "[1/3 runs, perhaps 10 min left] done a/x=1 in 600 s"
    assert lines[3] == "[2/3 runs, about 5 min left] done a/x=2 in 600 s"


def test_what_snakemake_prints_is_not_told(progress, capsys):
    progress.hear("Finished jobid: 3 (Rule: a_x_1)\n")
    assert capsys.readouterr().out == ""


def test_a_line_that_snakemake_had_begun_is_heard(progress, clock, capsys):
    progress.hear("Select jobs to executelenet: started a/x=1\n")
    clock["seconds"] += 30
    progress.hear("[Thu Nov 26lenet: done a/x=1 in 30 s\n")
    assert "[1/3 runs, perhaps 1 min left] done a/x=1 in 30 s" in capsys.readouterr().out
    assert progress.taken == {"a/x=1": 15}  # of the whole machine, which two share


def test_a_start_that_was_not_heard_stops_nothing(progress, capsys):
    progress.hear("lenet: done a/x=1 in 30 s\n")
    assert "[1/3 runs, " in capsys.readouterr().out


def test_a_failure_is_told_with_its_reason_and_is_not_done(progress, capsys):
    progress.hear("lenet: started a/x=1\n")
    progress.hear("lenet: failed a/x=1: its kernel died; see a.log\n")
    assert "failed a/x=1: its kernel died; see a.log" in capsys.readouterr().out
    assert progress.taken == {}


def test_a_draft_is_told_with_its_place_and_what_is_to_come(progress, capsys):
    progress.hear("lenet: done draft in 12 s\n")
    said = capsys.readouterr().out
    assert "done draft: reports/draft/report.html can be read now; 3 runs are still to come" in said


def test_in_between_it_tells_what_runs(progress, capsys):
    progress.hear("lenet: started a/x=3\n")
    progress.tell()
    assert capsys.readouterr().out.endswith("] running a/x=3\n")


def test_on_a_cluster_as_many_go_on_side_by_side_as_run_now(clock, capsys):
    progress = Progress(RUNS, images=50_000, cores=2, preview=False, apart=True)
    for number in (1, 2):
        progress.hear(f"lenet: started a/x={number}\n")
    clock["seconds"] += 600
    progress.hear("lenet: done a/x=1 in 600 s\n")
    capsys.readouterr()
    # The second has taken 600 s as well; 600 s of the third are left, and one runs.
    progress.tell(waiting="; jobs wait")
    words = "[1/3 runs, perhaps 10 min left] running a/x=2; jobs wait\n"
    assert capsys.readouterr().out == words
