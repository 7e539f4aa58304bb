"""Faults: whatever dies, nothing half-written is a result, nothing is left running, and the next call does the rest."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from lenet import params

pytestmark = pytest.mark.faults

SLOW = [f"slow/first_seed={seed}" for seed in (1, 2)]


@pytest.fixture(scope="module")
def built(trees, tmp_path_factory):
    """As in conftest.py, with the notebooks that the report cannot do without."""
    notebooks = {name: params.NOTEBOOKS[name] for name in ("train", "lr_study", "benchmark")}
    tree = trees.copied(tmp_path_factory.mktemp("built"), trees.small_studies(notebooks))
    tree.status, tree.said = tree.call("lenet", "preview")
    yield tree
    tree.end_all()


@pytest.fixture
def slow(trees, tree):
    """A finished project with a study of two more runs that train for some seconds each."""
    more = {"epochs": 200, "batch_size": 64, "seeds": 1, "threads": 1}
    fixed = trees.tiny(params.NOTEBOOKS["lr_study"]) | more
    tree.declare("slow", {"notebook": "lr_study", "fixed": fixed, "grid": {"first_seed": [1, 2]}})
    tree.whole = tree.runs()
    return tree


def training(tree):
    """The kernels that have loaded TensorFlow."""
    found = []
    for kernel in tree.kernels():
        try:
            found += [kernel] * any("libtensorflow" in library.path for library in kernel.memory_maps())
        except psutil.Error:
            continue
    return found


def start_training(trees, tree, count=2):
    """Start the door; return its process when `count` kernels are in the middle of their training."""
    door = tree.start("lenet", "preview")
    trees.wait_until(lambda: len(training(tree)) == count, 240, f"{count} kernels with TensorFlow")
    time.sleep(3)
    assert len(training(tree)) == count
    return door


def snakemake_of(door):
    [found] = psutil.Process(door.pid).children()
    assert "snakemake" in " ".join(found.cmdline())
    return found


def check_nothing_is_left(trees, tree, seconds=15):
    trees.wait_until(lambda: not tree.alive(), seconds, f"everything ended, but {tree.alive()} left")
    assert tree.runs() == tree.whole
    for path in (tree.reports / "runs").rglob("*.ipynb"):
        assert all(cell.execution_count for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")


def check_the_rest_is_done(tree, *missing):
    """The next call does these alone; without the report among them it is not asked for."""
    until = [] if "report/report" in missing else ["--until", "slow_first_seed_1", "slow_first_seed_2"]
    status, said = tree.call("lenet", "preview", *until)
    assert status == 0, said
    assert sorted(re.findall(r"started (\S+)", said)) == sorted(missing)
    assert tree.runs() == tree.whole | set(SLOW)


def test_a_killed_kernel_fails_its_run_alone(trees, slow):
    door = start_training(trees, slow)
    victim = training(slow)[0]
    runner = " ".join(psutil.Process(victim.ppid()).cmdline())
    [name, other] = SLOW if SLOW[0].split("/")[1] in runner else SLOW[::-1]
    victim.kill()
    status, said = trees.finish(door)
    assert status == 1
    assert f"failed {name}: its kernel died; see reports/preview/logs/{name}.log" in said
    assert f"done {other} in" in said
    assert "not finished; what is done is kept" in said
    assert slow.runs() == slow.whole | {other}
    assert (slow.reports / "logs" / f"{name}.ipynb").is_file()
    assert not slow.alive()
    check_the_rest_is_done(slow, name)


def end_by_kill(trees, tree, door, victim):
    if victim == "workflow":
        # Before it, the process that started a kernel: the kernel must see it, deep in TensorFlow as it is.
        kernel = training(tree)[0]
        psutil.Process(kernel.ppid()).kill()
        trees.wait_until(lambda: not kernel.is_running(), 15, "ended")
    os.kill(door.pid if victim == "door" else snakemake_of(door).pid, signal.SIGKILL)
    check_nothing_is_left(trees, tree)
    assert trees.finish(door)[0] == (-signal.SIGKILL if victim == "door" else 1)


def end_by_signal(trees, tree, door, number):
    start = time.monotonic()
    os.killpg(door.pid, number)
    status, said = trees.finish(door)
    assert time.monotonic() - start < 15
    assert status == 1
    assert f"lenet: stopping ({number.name})" in said
    assert "lenet: not finished; what is done is kept" in said
    assert "Traceback" not in said
    check_nothing_is_left(trees, tree, seconds=3)


def test_whatever_ends_it_the_next_call_does_what_is_missing(trees, slow):
    for end, what in (
        (end_by_kill, "workflow"),
        (end_by_signal, signal.SIGHUP),
        (end_by_kill, "door"),
        (end_by_signal, signal.SIGINT),
    ):
        end(trees, slow, start_training(trees, slow), what)
    check_the_rest_is_done(slow, *SLOW, "report/report")


def test_ctrl_c_while_the_workflow_is_planned(trees, slow):
    door = slow.start("lenet", "preview")
    trees.wait_until(lambda: len(slow.alive()) > 1, 60, "planning")
    os.killpg(door.pid, signal.SIGINT)
    status, said = trees.finish(door)
    assert status == 1
    assert said.endswith("lenet: stopped before any run began; what is done is kept\n")
    assert "Traceback" not in said.partition("lenet: stopped")[2]
    check_nothing_is_left(trees, slow)


def test_a_run_damaged_after_the_fact_is_refused_by_name(tree):
    path = tree.reports / "runs" / "train" / "filters=4.ipynb"
    before = path.stat()
    path.write_bytes(path.read_bytes()[: before.st_size // 2])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (tree.reports / "report.html").unlink()
    status, said = tree.call("lenet", "preview")
    assert status == 1
    assert re.search(r"failed report/report: .*train/filters=4: .* is damaged .*; remove it and run it again", said)
    assert not (tree.reports / "report.html").exists()


def test_a_full_disk_leaves_no_result(tree):
    """A tmpfs of 256 KiB in a namespace of its own, for the notebook and its log."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("unshare -rm cannot make a namespace on this machine")
    cells = [nbformat.v4.new_code_cell(source) for source in ("lr = 1", "print('x' * 1_000_000)")]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(book, tree.root / "notebooks" / "lr_study.ipynb")
    (tree.root / "small").mkdir()
    run = f"{sys.executable} -m lenet.run lr_study filters=4 small/runs/here.ipynb small/logs/here.log --preview"
    script = f"mount -t tmpfs -o size=256k none small && {{ {run}; echo status $?; find small -type f; }}"
    said = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=tree.root, env=os.environ | {"PYTHONPATH": str(tree.root)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    ).stdout  # fmt: skip
    assert "status 1\n" in said
    assert "No space left on device" in said
    assert "small/logs/here.log" in said
    assert "small/runs/here.ipynb" not in said
