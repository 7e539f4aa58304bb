"""What `make plan` tells: what would be made, why, and how long that takes."""

from lenet.plan.studies import Run
from pipeline.door import estimate, outlook

RUNS = [
    Run("a", "x=1", "lr_study", {"epochs": 5, "seeds": 10}),
    Run("a", "x=2", "lr_study", {"epochs": 5, "seeds": 10}),
    Run("b", "x=1", "benchmark", {"epochs": 5}),
    Run("c", "x=1", "lr_study", {}),
]
FAULTS = {"a/x=1": "missing", "a/x=2": "made by other sources", "b/x=1": "missing"}


def told(faults, jobs=None):
    return list(outlook.told(RUNS, faults, 50_000, 2, False, jobs))


def test_runs_are_counted_by_study_and_reason_with_their_minutes():
    shared = outlook.minutes(estimate.guess(RUNS[0], 50_000, 2))
    lines = told(FAULTS)
    assert lines[0] == f"a: 1 runs, {shared}: missing"
    assert lines[1] == f"a: 1 runs, {shared}: made by other sources"
    assert lines[2].startswith("b: 1 runs, perhaps ")
    seconds = 2 * estimate.guess(RUNS[0], 50_000, 2) + estimate.guess(RUNS[2], 50_000, 1)
    assert lines[3] == f"to be made: 3 runs, {outlook.minutes(seconds)}; kept: 1"


def test_where_nothing_is_to_be_made_no_time_is_guessed():
    assert told({}) == ["to be made: 0 runs; kept: 4"]


def test_on_a_cluster_it_is_told_what_the_jobs_of_a_study_ask_for():
    jobs = {"default": {"cores": 1, "memory_mb": 2000, "minutes": 5}, "b": {"cores": 2}}
    lines = told(FAULTS, jobs)
    assert "a asks for cores: 1, MB: 2000, minutes: 5" in lines
    assert "b asks for cores: 2, MB: 2000, minutes: 5" in lines
    assert not any(line.startswith("c asks") for line in lines)
