"""The same study on a cluster: whatever befalls it there, the next call makes what is missing."""

import os
import re
import signal
import sys
import time

import pandas as pd
import pytest

from lenet.results import scraps
from tests import copied_tree, slurm
from tests.copied_tree import finish, started, toy_study, wait_until

pytestmark = pytest.mark.slurm

QUICK = (
    *("--profile", "profiles/slurm"),
    *("--slurm-init-seconds-before-status-checks", "2"),
    *("--seconds-between-status-checks", "2"),
    *("--latency-wait", "3"),
)
READY = "lenet: reports/preview/report.html, report.pdf and results.json are ready"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster of one node, on which two jobs run at once."""
    with slurm.cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def tree(cluster, tmp_path):
    """A project in which nothing is made, and in the end no job of it is left."""
    tree = copied_tree.toy(tmp_path)
    yield tree
    cluster.end_jobs()
    cluster.resume()
    tree.end_all()


@pytest.fixture
def node(cluster):
    """What starts the node anew, with mounts that it alone has; in the end it is as it was."""

    def start(*mounts):
        cluster.end("slurmd")
        cluster.start_node(*mounts)

    yield start
    start()


def start(tree, cluster, *more):
    return tree.start("pipeline", "preview", *QUICK, *more, **cluster.environment)


def call(tree, cluster, *more):
    return finish(start(tree, cluster, *more))


def running(tree, cluster, count):
    """Wait until so many kernels of the tree run, each in a job; the ids of these jobs."""
    wait_until(lambda: len(tree.kernels()) == count, 300, f"{count} kernels")
    return sorted(cluster.jobs("RUNNING"), key=int)


def told(door, words):
    """The next line of the door that holds these words."""
    seen = []
    for line in door.stdout:
        seen.append(line)
        if re.search(words, line):
            return line
    raise AssertionError(f"no line with {words!r} in {seen}")


def test_the_study_is_made_as_jobs_with_the_numbers_of_this_machine(tree, cluster):
    """To the bit; and then nothing is to be done on one machine either."""
    tree.declare("one", toy_study(1))
    tree.declare("real", copied_tree.study("lr_study", epochs=1))
    status, said = call(tree, cluster)
    assert (status, said.splitlines()[-1]) == (0, READY)
    assert started(said) == ["one/number=1", "real/filters=4", "report"]
    assert "[0/2 runs, perhaps " in said
    assert not cluster.jobs()
    assert "nothing to do" in tree.call("pipeline", "preview")[1]
    here = tree.root / "here.ipynb"
    words = ("real", "filters=4", str(here), "here.log", "--dataset", "digits", "--preview")
    status, said = tree.call("pipeline.run", *words)
    assert status == 0, said
    curves = []
    for path in (tree.run("real/filters=4"), here):
        curves.append(scraps.read(path).frames["curves"].drop(columns="seconds"))
    pd.testing.assert_frame_equal(*curves, check_exact=True)


def test_a_job_asks_for_what_the_profile_says_and_ctrl_c_cancels_it(tree, cluster):
    (tree.root / "profiles/slurm/resources.yaml").write_text(
        "jobs:\n  default: {cores: 1, memory_mb: 900}\n  long: {cores: 2, memory_mb: 700}\n"
    )
    tree.declare("long", toy_study(1, 2, seconds=120.0))
    door = start(tree, cluster)
    [job] = running(tree, cluster, 1)
    asked = cluster.ask("squeue", f"--jobs={job}", "--noheader", "--format=%C %m %l")[1]
    assert asked.split() == ["2", "700M", "2:10:00"]
    door.send_signal(signal.SIGINT)
    begin = time.monotonic()
    status, said = finish(door)
    assert time.monotonic() - begin < 20
    last = "lenet: stopped (SIGINT); what is done is kept"
    assert (status, said.splitlines()[-1]) == (1, last)
    assert not cluster.jobs()
    wait_until(lambda: not tree.alive(), 10, "ended")
    assert not tree.runs()


def test_jobs_that_an_abrupt_end_leaves_are_cancelled_by_the_next_call(tree, cluster):
    tree.declare("long", toy_study(1, 2, seconds=120.0))
    door = start(tree, cluster)
    running(tree, cluster, 2)
    door.kill()
    finish(door)
    assert len(cluster.jobs()) == 2
    tree.declare("long", toy_study(1))
    status, said = call(tree, cluster)
    assert "lenet: cancelled 2 jobs in SLURM that a call left which was ended abruptly\n" in said
    assert (status, started(said)) == (0, ["long/number=1", "report"]), said
    assert not cluster.jobs()


def test_one_job_killed_the_node_drained_the_controller_restarted(tree, cluster):
    tree.declare("more", toy_study(1, 2, 3, 4, seconds=8.0))
    door = start(tree, cluster)
    killed, _ = running(tree, cluster, 2)
    cluster.drain()
    cluster.tell("scancel", killed)
    line = told(door, "failed")
    lost = re.search(r"failed (more/number=\d): stopped by SIGTERM; see ", line)[1]
    assert re.search(
        r"queue: 2 \(|queue: 1 \(.*\), 1 \(", told(door, "; jobs wait in SLURM's queue")
    )
    cluster.end("slurmctld")
    cluster.start_controller()
    assert len(cluster.jobs("PENDING")) == 2
    cluster.resume()
    status, said = finish(door)
    assert status == 1
    assert f"lenet: reports/preview/report.html is not up to date: not made: {lost}\n" in said
    status, said = call(tree, cluster)
    assert (status, started(said)) == (0, [lost, "report"]), said
    assert said.splitlines()[-1] == READY


def test_a_node_without_the_environment_is_told_by_name(tree, cluster, node):
    node(f"mount -t tmpfs none {sys.prefix}")
    tree.declare("more", toy_study(1))
    status, said = call(tree, cluster)
    assert status == 1
    told_of = rf"failed more/number=1: SLURM ended its job \d+ as FAILED \(.*{sys.executable}: "
    assert re.search(told_of + r"(not found|No such file or directory)\); see ", said), said


def test_a_home_that_nodes_can_read_alone_is_enough(tree, cluster, node):
    home = os.path.expanduser("~")
    node(f"mount --bind {home} {home}", f"mount -o remount,ro,bind {home}")
    tree.declare("more", toy_study(1))
    status, said = call(tree, cluster)
    assert (status, started(said)) == (0, ["more/number=1", "report"]), said


def test_results_that_are_not_seen_here_are_told_by_name(tree, cluster, node):
    tree.declare("more", toy_study(1))
    place = tree.reports / "runs" / "more"
    place.mkdir(parents=True)
    node(f"mount -t tmpfs none '{place}'")
    status, said = call(tree, cluster)
    assert status == 1
    assert (
        "failed report: 1 finished runs are not seen here after 3 s, more/number=1: missing; "
        "raise latency-wait in the profile\n"
    ) in said


def test_a_controller_that_does_not_answer_is_told_in_a_line(tree):
    tree.reports.mkdir(parents=True)
    (tree.root / "reports" / ".slurm").write_text("a-name")
    (tree.root / "slurm.conf").write_text("ClusterName=none\nSlurmctldHost=here(127.0.0.1)\n")
    tree.declare("one", toy_study(1))
    status, said = tree.call(
        "pipeline", "preview", *QUICK, SLURM_CONF=str(tree.root / "slurm.conf")
    )
    assert status == 1
    assert said.splitlines()[-1].startswith("lenet: SLURM does not answer: ")
    assert started(said) == []
