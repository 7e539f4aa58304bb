"""Whatever dies: nothing half-written is a result, nothing goes on, the next call does the rest."""

import json
import os
import signal
import time
from contextlib import suppress

import nbformat
import psutil
import pytest

from tests import copied_tree
from tests.copied_tree import finish, started, toy_study, wait_until

pytestmark = pytest.mark.faults

SLOW = ("slow/first_seed=1", "slow/first_seed=2")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A project of toy runs, all made."""
    tree = copied_tree.toy(tmp_path_factory.mktemp("built"), one=toy_study(1, 2))
    tree.status, tree.said = tree.call("pipeline", "preview")
    yield tree
    tree.end_all()


@pytest.fixture
def tree(built, tmp_path):
    """A copy with a study of two more runs, which train for some minutes each."""
    assert built.status == 0, built.said
    tree = built.copy(tmp_path / "tree")
    fixed = {"epochs": 400, "seeds": 1, "filters": 4, "threads": 1}
    varied = {"grid": {"first_seed": [1, 2]}}
    tree.declare("slow", {"notebook": "lr_study", "fixed": fixed, "preview": varied, **varied})
    tree.whole = tree.runs()
    yield tree
    tree.end_all()


def shortened(tree):
    """Let the study's runs take seconds from now on."""
    path = tree.root / "params" / "slow.yaml"
    path.write_text(path.read_text().replace("400", "1"))


def training(tree):
    """The kernels that have loaded TensorFlow."""
    found = []
    for kernel in tree.kernels():
        try:
            libraries = [library.path for library in kernel.memory_maps()]
        except psutil.Error:
            continue
        if any("libtensorflow" in path for path in libraries):
            found.append(kernel)
    return found


def in_the_cell_that_trains(tree):
    """How many notebooks papermill has noted as being in that cell."""
    count = 0
    for path in (tree.reports / "logs" / "slow").glob("*.unfinished.ipynb"):
        with suppress(ValueError):  # it is just being written
            for cell in json.loads(path.read_text())["cells"]:
                status = cell["metadata"].get("papermill", {}).get("status")
                if status == "running" and "study(" in "".join(cell["source"]):
                    count += 1
    return count


def start_training(tree):
    """Start the door; its process when both kernels are in the middle of their training."""
    door = tree.start("pipeline", "preview")
    wait_until(lambda: in_the_cell_that_trains(tree) == 2, 240, "two notebooks that train")
    time.sleep(1)
    assert len(training(tree)) == 2
    return door


def snakemake_of(door):
    [found] = psutil.Process(door.pid).children()
    assert "snakemake" in " ".join(found.cmdline())
    return found


def check_nothing_is_left(tree, seconds=15):
    wait_until(lambda: not tree.alive(), seconds, f"ended: {tree.alive()}")
    assert tree.runs() == tree.whole
    for path in (tree.reports / "runs").rglob("*.ipynb"):
        cells = nbformat.read(path, 4).cells
        assert all(cell.execution_count for cell in cells if cell.cell_type == "code")


def check_the_rest_is_done(tree, *missing):
    """The next call makes these, and the report."""
    shortened(tree)
    status, said = tree.call("pipeline", "preview")
    assert status == 0, said
    assert started(said) == sorted([*missing, "report"])
    assert tree.runs() == tree.whole | set(SLOW)


def test_a_killed_kernel_fails_its_run_alone(tree):
    door = start_training(tree)
    victim = training(tree)[0]
    runner = " ".join(psutil.Process(victim.ppid()).cmdline())
    [name] = [name for name in SLOW if name.split("/")[1] in runner]
    victim.kill()
    line = next(line for line in door.stdout if "failed" in line)
    assert f"failed {name}: its kernel died" in line
    assert len(training(tree)) == 1
    door.send_signal(signal.SIGTERM)
    assert finish(door)[0] == 1
    check_nothing_is_left(tree)
    assert (tree.reports / "logs" / f"{name}.unfinished.ipynb").is_file()
    check_the_rest_is_done(tree, *SLOW)


def test_the_runner_killed_ends_its_kernel_deep_in_tensorflow(tree):
    door = start_training(tree)
    kernel = training(tree)[0]
    psutil.Process(kernel.ppid()).kill()
    wait_until(lambda: not kernel.is_running(), 15, "ended")
    door.kill()
    check_nothing_is_left(tree)


@pytest.mark.parametrize("victim", ["workflow", "door"])
def test_a_killed_workflow_or_door_leaves_nothing_half_done(victim, tree):
    door = start_training(tree)
    process = door if victim == "door" else snakemake_of(door)
    process.kill()
    status, said = finish(door)
    assert status == (-signal.SIGKILL if victim == "door" else 1), said
    check_nothing_is_left(tree)
    check_the_rest_is_done(tree, *SLOW)


def check_it_is_stopped(door, number):
    """A signal ends the door within seconds, and the last line says so."""
    start = time.monotonic()
    door.send_signal(number)
    status, said = finish(door)
    assert time.monotonic() - start < 15
    last = f"lenet: stopped ({number.name}); what is done is kept"
    assert (status, said.splitlines()[-1]) == (1, last)
    assert "Traceback" not in said


def test_ctrl_c_ends_everything_in_seconds_deep_in_tensorflow(tree):
    door = start_training(tree)
    check_it_is_stopped(door, signal.SIGINT)
    check_nothing_is_left(tree, seconds=3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_so_do_the_other_signals(number, tree):
    tree.declare("slow", toy_study(1, 2, seconds=600.0))
    door = tree.start("pipeline", "preview")
    wait_until(lambda: len(tree.kernels()) == 2, 120, "two kernels")
    check_it_is_stopped(door, number)
    check_nothing_is_left(tree, seconds=3)


def test_ctrl_c_while_it_is_planned(tree):
    door = tree.start("pipeline", "preview")
    lock = tree.root / "reports" / ".lock"
    wait_until(lambda: f"process {door.pid} on" in lock.read_text(), 60, "locked")
    os.killpg(door.pid, signal.SIGINT)
    status, said = finish(door)
    assert status == 1, said
    assert said.splitlines()[-1] == "lenet: stopped (SIGINT); what is done is kept"
    assert "Traceback" not in said
    check_nothing_is_left(tree)
