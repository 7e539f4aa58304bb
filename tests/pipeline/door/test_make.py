"""What the door says and leaves: only what is missing is made, and nothing else is called done."""

import json
import os
import re
import signal
import sys
import time
from contextlib import contextmanager

import nbformat
import pytest

from tests.copied_tree import finish, skip_without_namespaces, started, toy_study, wait_until

PARTS = ("report.html", "report.pdf", "results.json")
NOTHING = "nothing to do: reports/preview/report.html and report.pdf are up to date"
READY = "lenet: reports/preview/report.html, report.pdf and results.json are ready"


@contextmanager
def on_one_core():
    """What is started meanwhile may use one core."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system pins no process to a core")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def bytes_of(tree):
    return {name: (tree.reports / name).read_bytes() for name in PARTS}


def test_without_mnist_and_network_there_is_a_labelled_preview(built):
    assert built.status == 0, built.said
    assert "NO MNIST: making a PREVIEW on scikit-learn's digits, in reports/preview/" in built.said
    assert "set LENET_DATA to that folder" in built.said
    assert built.said.splitlines()[-1] == READY
    assert built.runs() == {"one/number=1", "one/number=2", "two/number=3"}
    assert "PREVIEW on" in (built.reports / "report.html").read_text()
    assert (built.reports / "report.pdf").read_bytes().startswith(b"%PDF")
    assert not list((built.root / "reports").glob("report.*"))
    assert not built.alive()


def test_every_run_is_told_when_it_starts_and_ends(built):
    assert started(built.said) == sorted([*built.runs(), "report"])
    first = built.said.index("[0/3 runs, perhaps ")
    assert first < built.said.index("[2/3 runs, about 1 min left] ")
    assert re.search(r"\[3/3 runs, about 1 min left\] done report in \d+ s", built.said)


def test_again_there_is_nothing_to_do(tree):
    start = time.monotonic()
    status, said = tree.call("pipeline", "preview")
    assert time.monotonic() - start < 15
    assert (status, started(said)) == (0, [])
    assert NOTHING in said


def test_a_plan_tells_what_is_missing_and_why_and_does_nothing(tree):
    tree.run("one/number=2").unlink()
    tree.declare("two", toy_study(3, seconds=0.2))
    before = {path: path.stat().st_mtime_ns for path in tree.root.rglob("*")}
    status, said = tree.call("pipeline", "plan", "--preview")
    assert status == 0, said
    assert said.splitlines()[-4:] == [
        "one: 1 runs, perhaps 1 min: missing",
        "two: 1 runs, perhaps 1 min: seconds = 0.1: must be 0.2",
        "to be made: 2 runs, perhaps 1 min; kept: 1",
        "lenet: then reports/preview/report.html, report.pdf and results.json",
    ]
    after = {path: path.stat().st_mtime_ns for path in tree.root.rglob("*")}
    assert after == before


def test_a_plan_of_what_is_made_says_so(built):
    said = built.call("pipeline", "plan", "--preview")[1].splitlines()
    assert said[-2] == "to be made: 0 runs; kept: 3"
    assert said[-1] == "lenet: reports/preview/report.html: up to date"


def test_a_profile_that_is_none_is_named_before_anything_is_done(built):
    status, said = built.call("pipeline", "preview", "--profile", "profiles/none")
    rule = "must be a folder that holds config.yaml"
    assert (status, said) == (1, f"lenet: profile = profiles/none: {rule}\n")


def tomorrow(tree):
    """Let every file seem to come from the future."""
    later = time.time() + 24 * 3600
    for path in tree.root.rglob("*"):
        os.utime(path, (later, later))


def test_times_of_files_decide_nothing(tree):
    tomorrow(tree)
    assert NOTHING in tree.call("pipeline", "preview")[1]


def test_a_notebook_run_and_saved_by_a_person_makes_nothing_stale(tree):
    book = nbformat.read(tree.notebook("toy"), 4)
    for count, cell in enumerate(book.cells, 1):
        cell.execution_count = count
        cell.outputs = [nbformat.v4.new_output("stream", text="said")]
        cell.metadata["scrolled"] = True
    book.cells.append(nbformat.v4.new_markdown_cell("A note of my own."))
    nbformat.write(book, tree.notebook("toy"))
    assert NOTHING in tree.call("pipeline", "preview")[1]


def test_what_is_made_again_is_told_first_and_kept_until_its_successor_is_whole(tree):
    before = tree.run("one/number=1").read_bytes()
    tree.edit("toy", "code", "1 / 0")
    status, said = tree.call("pipeline", "preview")
    assert status == 1
    told = "lenet: to be made again: one, made by other sources (2 runs)\n"
    assert said.index(told) < said.index("started")
    assert "failed one/number=1: cell [3]: ZeroDivisionError: division by zero; see " in said
    assert "lenet: reports/preview/report.html is not up to date: not made: one/number=1" in said
    assert "ready" not in said
    assert "started draft" not in said
    assert tree.run("one/number=1").read_bytes() == before
    assert (tree.reports / "report.html").is_file()


def test_runs_brought_into_a_fresh_clone_are_kept(built, tree, tmp_path):
    fresh = built.copy(tmp_path / "fresh")
    for path in (fresh.root / "reports", fresh.root / ".snakemake"):
        path.rename(tmp_path / path.name)
    (fresh.reports).mkdir(parents=True)
    (tmp_path / "reports" / "preview" / "runs").rename(fresh.reports / "runs")
    fresh.declare("one", toy_study(1, 2, seconds=0.2))
    path = fresh.run("two/number=3")
    path.write_bytes(path.read_bytes()[:2000])
    status, said = fresh.call("pipeline", "preview", "-n")
    assert "to be made again: one, seconds = 0.1: must be 0.2 (2 runs)" in said
    assert "to be made again: two, damaged (JSONDecodeError) (1 runs)" in said
    assert "is not up to date: not made: one/number=1, one/number=2, two/number=3\n" in said
    assert (status, started(said)) == (0, [])
    fresh.declare("one", toy_study(1, 4))
    fresh.declare("two", toy_study(2))
    with on_one_core():
        status, said = fresh.call("pipeline", "preview", "--printshellcmds")
    assert (status, started(said)) == (0, ["one/number=4", "report", "two/number=2"]), said
    # Never two at once.
    assert re.findall(r"\] (started|done)", said) == ["started", "done"] * 3
    assert "--limit-seconds 7200 " in (fresh.reports / "logs" / "snakemake.log").read_text()
    origin = json.loads((fresh.reports / "results.json").read_text())["origin"]
    assert set(origin["runs"]) == {"one/number=1", "one/number=4", "two/number=2"}


def test_prose_renders_the_report_alone_and_a_preview_leaves_the_real_one(tree):
    real = tree.root / "reports" / "report.html"
    real.write_text("the real one")
    tree.edit("report", "markdown", "A sentence that was not there before.")
    tomorrow(tree)
    status, said = tree.call("pipeline", "report")
    assert (status, started(said)) == (0, ["report"]), said
    assert "A sentence that was not there before." in (tree.reports / "report.html").read_text()
    assert real.read_text() == "the real one"
    day = time.ctime(real.stat().st_mtime)
    assert said.splitlines()[-1] == f"lenet: reports/report.html is an older one, of {day}"


def test_a_failing_cell_of_the_report_keeps_the_last_one(tree):
    before = bytes_of(tree)
    tree.edit("report", "code", "1 / 0")
    status, said = tree.call("pipeline", "preview")
    assert status == 1
    assert "failed report: cell [3]: ZeroDivisionError" in said
    assert "is not up to date: it was not made since its runs were" in said
    assert bytes_of(tree) == before


def test_nothing_is_called_ready_that_is_not_there(tree):
    (tree.reports / "report.html").unlink()
    tree.run("one/number=2").unlink()
    for more in (["--touch"], ["--until", "one_number_1"]):
        status, said = tree.call("pipeline", "preview", *more)
        assert (status, started(said)) == (0, [])
        assert "is not up to date: not made: one/number=2" in said
        assert "ready" not in said


def test_the_persons_surroundings_do_not_leak_in(tree, tmp_path):
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text("dry-run: true\n")
    shell = tmp_path / "shell"
    shell.write_text("exit 3\n")
    tree.run("one/number=2").unlink()
    hostile = {
        "SNAKEMAKE_PROFILE": str(profile),
        "BASH_ENV": str(shell),
        "HOME": "/dev/null",
        "LC_ALL": "C",
    }
    status, said = tree.call("pipeline", "preview", "--until", "one_number_2", **hostile)
    assert (status, started(said)) == (0, ["one/number=2"]), said
    assert "one/number=2" in tree.runs()


def test_a_workflow_that_cannot_start_says_why(tree):
    (tree.root / "Snakefile").write_text("raise ValueError('a reason')\n")
    tree.run("one/number=2").unlink()
    status, said = tree.call("pipeline", "preview")
    assert status == 1
    assert "a reason" in said
    assert "what is done is kept; see reports/preview/logs/snakemake.log" in said


WRONG = {
    "params/three.yaml": (
        "{notebook: toy, points: [{seconds: long}]}",
        "seconds = 'long': must be",
    ),
    "notebooks/report.ipynb": ("<<<<<<< HEAD", "notebooks/report.ipynb: must be a notebook"),
    "reports/preview/records/a.json": ("{}", "records/a: $: "),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_in_a_line_before_any_run_is_made(name, tree):
    text, complaint = WRONG[name]
    tree.run("one/number=2").unlink()
    (tree.root / name).parent.mkdir(exist_ok=True)
    (tree.root / name).write_text(text)
    status, said = tree.call("pipeline", "preview")
    assert status == 1
    assert complaint in said.splitlines()[-1]
    assert said.splitlines()[-1].startswith("lenet: ")
    assert "Traceback" not in said
    assert started(said) == []


@pytest.mark.parametrize("content", [None, b"not MNIST"], ids=["missing", "damaged"])
def test_a_wrong_data_folder_is_an_error_and_no_reason_for_a_preview(content, tree, tmp_path):
    folder = tmp_path / "my data"
    folder.mkdir()
    if content:
        (folder / "mnist.npz").write_bytes(content)
    status, said = tree.call("pipeline", "report", LENET_DATA=str(folder))
    wrong = "mnist.npz: not readable as MNIST" if content else "must be a folder that holds mnist"
    assert (status, len(said.splitlines())) == (1, 1), said
    assert wrong in said
    assert "PREVIEW" not in said


def test_who_needs_mnist_gets_no_preview_in_its_place(tree):
    status, said = tree.call("pipeline", "report", "--dataset", "mnist")
    assert status == 1
    assert said.splitlines()[-1] == "lenet: dataset = mnist: there is no MNIST here"
    assert "PREVIEW" not in said


def test_a_driver_that_lists_a_card_which_tensorflow_does_not_see(tree, tmp_path):
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho A card, 500\n")
    tool.chmod(0o755)
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
    tree.declare("gpu", {"notebook": "lr_study", "points": [{"device": "GPU"}]})
    status, said = tree.call("pipeline", "preview", PATH=path, CUDA_VISIBLE_DEVICES="")
    assert "lenet: no GPU series: CUDA_VISIBLE_DEVICES = '' hides the GPU" in said
    assert NOTHING in said
    assert status == 0


def test_a_second_door_is_refused_and_told_who_holds_the_first(tree):
    tree.run("one/number=2").unlink()
    first = tree.start("pipeline", "preview", "--until", "one_number_2")
    lock = tree.root / "reports" / ".lock"
    wait_until(lambda: f"process {first.pid} on " in lock.read_text(), 60, "held")
    os.kill(first.pid, signal.SIGSTOP)
    status, said = tree.call("pipeline", "preview")
    os.kill(first.pid, signal.SIGCONT)
    assert status == 1
    assert re.fullmatch(f"lenet: process {first.pid} on .* makes a report here; .*\n", said)
    assert finish(first)[0] == 0


def test_a_person_who_logs_out_gets_the_report(tree):
    """As under nohup: a signal that the caller ignores, and a terminal that is gone."""
    tree.declare("one", toy_study(1, 2, seconds=3))
    door = tree.start("pipeline", "preview", ignored=[signal.SIGHUP])
    wait_until(lambda: len(tree.kernels()) > 1, 120, "running")
    door.stdout.close()
    for process in tree.alive():
        process.send_signal(signal.SIGHUP)
    assert door.wait(120) == 0
    assert NOTHING in tree.call("pipeline", "preview")[1]


def test_reports_that_cannot_be_written_are_named(tree):
    skip_without_namespaces()
    command = (
        f"mount --bind reports reports && mount -o remount,ro,bind reports; "
        f"exec {sys.executable} -m pipeline preview"
    )
    script = f"import os; os.execvp('unshare', ['unshare', '-rm', 'sh', '-c', {command!r}])"
    (tree.root / "in_namespace.py").write_text(script)
    status, said = tree.call("in_namespace")
    assert status == 1
    assert said == "lenet: [Errno 30] Read-only file system: 'reports/.lock'\n"
