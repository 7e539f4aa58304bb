"""What is told of jobs in SLURM, from what Snakemake and the jobs print; SLURM is not needed."""

import re

import pytest

from lenet.plan.parameters import ROOT
from lenet.plan.studies import Run
from pipeline.door import cluster, resources
from pipeline.door.cluster import Jobs

RUNS = [Run("a", f"x={number}", "lr_study", {}) for number in (1, 2)]
SLURM_RULE = "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. Detailed failure reason unavailable"


@pytest.fixture
def log(tmp_path):
    """The log of the first run's job."""
    return tmp_path / "7.log"


@pytest.fixture
def jobs(tmp_path, log):
    """One job, of the first run, was handed in."""
    jobs = Jobs(RUNS, tmp_path / "reports" / ".slurm")
    jobs.hear("SLURM run ID: 2ea8fc7f-827c\n")
    jobs.hear(f"Job 5 has been submitted with SLURM jobid 7 (log: {log}).\n")
    return jobs


def fails(jobs, run, message):
    """Snakemake tells that a run has failed."""
    for line in (f"Error in rule {run.rule}:\n", f"    message: {message}\n", "    jobid: 5\n"):
        jobs.hear(line)


def test_a_runs_own_lines_are_heard_once_and_whole(jobs, log):
    assert jobs.news() == []
    log.write_text("Building DAG\nlenet: started a/x=1\nlenet: do")
    assert jobs.news() == ["lenet: started a/x=1\n"]
    assert jobs.news() == []
    log.write_text("Building DAG\nlenet: started a/x=1\nlenet: done a/x=1 in 3 s\nFinished\n")
    assert jobs.news() == ["lenet: done a/x=1 in 3 s\n"]
    assert not log.exists()
    assert jobs.news() == []


def test_a_line_that_snakemake_had_begun_is_heard(jobs, log):
    log.write_text("Building DAGlenet: done a/x=1 in 3 s\n")
    assert jobs.news() == ["Building DAGlenet: done a/x=1 in 3 s\n"]
    assert not log.exists()


def test_a_failure_that_the_run_tells_itself_is_told_once(jobs, log):
    log.write_text("lenet: failed a/x=1: its kernel died; see a.log\n")
    fails(jobs, RUNS[0], SLURM_RULE)
    assert jobs.news() == ["lenet: failed a/x=1: its kernel died; see a.log\n"]
    assert jobs.news() == []
    assert log.exists()


def test_what_slurm_ended_without_a_word_of_the_run_is_told_with_state_and_log(jobs, log):
    log.write_text("Building DAG\nslurmstepd: error: JOB 7 CANCELLED DUE TO TIME LIMIT\nEnd\n")
    fails(jobs, RUNS[0], SLURM_RULE)
    why = "slurmstepd: error: JOB 7 CANCELLED DUE TO TIME LIMIT"
    told = f"lenet: failed a/x=1: SLURM ended its job 7 as TIMEOUT ({why}); see {log}\n"
    assert jobs.news() == [told]


def test_a_log_that_is_not_seen_here_is_said(jobs, log):
    fails(jobs, RUNS[0], SLURM_RULE)
    told = f"SLURM ended its job 7 as TIMEOUT (its log is not seen here); see {log}"
    assert jobs.news() == [f"lenet: failed a/x=1: {told}\n"]


def test_a_job_that_slurm_refuses_is_told_with_its_words(jobs):
    refusal = (
        "SLURM sbatch failed. The error message was 'sbatch: error: More cores than there are'."
    )
    fails(jobs, RUNS[1], refusal)
    assert jobs.news() == [f"lenet: failed a/x=2: {refusal}\n"]


def test_files_that_show_late_are_told_by_the_name_of_the_setting(jobs):
    fails(jobs, RUNS[0], "Job 5 completed successfully, but some output files are missing.")
    assert "its files are not seen here: raise latency-wait" in jobs.news()[0]


def test_another_rules_failure_is_no_runs(jobs):
    jobs.hear("Error in rule report:\n")
    jobs.hear("    message: None\n")
    assert jobs.news() == []


def test_the_jobs_name_is_kept_until_none_is_left(jobs, tmp_path, monkeypatch):
    """With commands in SLURM's place: two jobs are there until they are cancelled."""
    kept = tmp_path / "reports" / ".slurm"
    assert kept.read_text() == "2ea8fc7f-827c"
    state = tmp_path / "state"
    state.write_text("7\n8\n")
    command(tmp_path / "squeue", f'[ "$2" = --name=2ea8fc7f-827c ] && cat {state}')
    command(tmp_path / "scancel", f'[ "$1" = --name=2ea8fc7f-827c ] && : > {state}')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert cluster.cancel_left(kept) == 2
    assert not kept.exists()
    assert cluster.cancel_left(kept) == 0


def command(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_what_jobs_wait_for_is_counted(jobs, tmp_path, monkeypatch):
    command(tmp_path / "squeue", "printf 'Priority\\nResources\\nPriority\\n'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert jobs.waiting() == "; jobs wait in SLURM's queue: 2 (Priority), 1 (Resources)"
    command(tmp_path / "squeue", "echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1")
    assert jobs.waiting() == "; SLURM does not answer: slurm_load_jobs error: Unable to contact"


def test_without_slurm_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(cluster.ClusterError, match=r"not here \(no squeue\): start this where"):
        cluster.ask("squeue")


def test_jobs_that_another_machine_handed_in_are_not_looked_for(tmp_path, monkeypatch):
    kept = tmp_path / ".slurm"
    kept.write_text("a-name")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cluster.cancel_left(kept) == 0
    assert kept.exists()


@pytest.fixture
def profile(tmp_path):
    """A profile that hands runs on to SLURM."""
    (tmp_path / "config.yaml").write_text("executor: slurm\n")
    return tmp_path


def test_the_projects_profile_asks_for_something_for_every_study():
    profile = ROOT / "profiles" / "slurm"
    assert resources.cluster(profile)
    jobs = resources.read(profile)
    assert resources.asked(RUNS[0], jobs) == {"minutes": 130, "cores": 1, "memory_mb": 4000}


def test_a_study_takes_the_place_of_the_default_key_by_key(profile):
    text = "jobs: {default: {cores: 1, memory_mb: 2000}, a: {cores: 4, minutes: 30}}"
    (profile / "resources.yaml").write_text(text)
    wanted = {"cores": 4, "memory_mb": 2000, "minutes": 30}
    assert resources.asked(RUNS[0], resources.read(profile)) == wanted


def test_a_timing_run_gets_its_node_alone_and_a_run_on_a_gpu_one():
    jobs = {"default": {"cores": 2, "memory_mb": 2000, "minutes": 5}}
    plain = {"mem_mb": 2000, "runtime": 5}
    timing = Run("b", "x=1", "benchmark", {"device": "GPU"})
    assert resources.demands(RUNS[0], jobs, False) == plain
    assert resources.demands(timing, jobs, False) == {
        **plain,
        "gpu": 1,
        "slurm_extra": "--exclusive",
    }
    assert resources.demands(timing, jobs, True) == {**plain, "gpu": 1}
    assert resources.demands(timing, None, False) == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("jobs: {default: {cores: 1}}", "default: must name memory_mb"),
        ("jobs: {a: {cores: 1}}", "must name what `default` asks for"),
        ("jobs: {default: {cores: many}}", "default: cores = 'many': must be a whole number"),
        ("jobs: {default: {cores: 0}}", "default: cores = 0: must be a whole number"),
        ("jobs: {default: {gpus: 1}}", "default: gpus: must be one of cores, memory_mb, minutes"),
        ("jobs: {default: 3}", "default = 3: must be a mapping of cores, memory_mb, minutes"),
        ("jobs: [", "resources.yaml: must be YAML: "),
        ("3", "resources.yaml: must be a mapping of keys to values"),
    ],
)
def test_what_no_job_can_ask_for_is_refused_by_name(text, complaint, profile):
    (profile / "resources.yaml").write_text(text)
    with pytest.raises(resources.ProfileError, match=complaint):
        resources.read(profile)


def test_a_folder_without_a_profile_is_named(tmp_path):
    with pytest.raises(resources.ProfileError, match="must be a folder that holds config.yaml"):
        resources.cluster(tmp_path / "nothing")


def names(lock):
    """The packages that a lock pins, each with its version."""
    return set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_its_packages_come_on_top_of_the_others_with_hashes():
    own = names("requirements-slurm.txt")
    assert any(name.startswith("snakemake-executor-plugin-slurm==") for name in own)
    assert not own & names("requirements.txt")
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements-slurm.txt").read_text())
    assert len(entries) == len(own)
    assert all("--hash=sha256:" in entry for entry in entries)
