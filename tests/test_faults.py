"""Whatever dies: nothing half-written is a result, nothing goes on, the next call does the rest."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from tests import copied_tree
from tests.copied_tree import finish, skip_without_namespaces, started, toy_study, wait_until

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


def start_training(tree):
    """Start the door; its process when both kernels are in the middle of their training."""
    door = tree.start("pipeline", "preview")
    wait_until(lambda: len(training(tree)) == 2, 240, "two kernels with TensorFlow")
    time.sleep(5)
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_seconds(number, tree):
    door = start_training(tree)
    start = time.monotonic()
    door.send_signal(number)
    status, said = finish(door)
    assert time.monotonic() - start < 15
    last = f"lenet: stopped ({number.name}); what is done is kept"
    assert (status, said.splitlines()[-1]) == (1, last)
    assert "Traceback" not in said
    check_nothing_is_left(tree, seconds=3)


def test_ctrl_c_while_it_is_planned(tree):
    door = tree.start("pipeline", "preview")
    lock = tree.root / "reports" / ".lock"
    wait_until(lambda: f"process {door.pid} on" in lock.read_text(), 60, "locked")
    os.killpg(door.pid, signal.SIGINT)
    status, said = finish(door)
    assert status == 1
    assert said.splitlines()[-1] == "lenet: stopped (SIGINT); what is done is kept"
    assert "Traceback" not in said
    check_nothing_is_left(tree)


def test_thirty_notebooks_eight_at_a_time_all_run(built, tmp_path):
    """They compute nothing, so that their kernels start and end all at once."""
    tree = built.copy(tmp_path / "many")
    copied_tree.write(tree.notebook("nothing"), ["number: int = 1", "print(2 * number)"])
    study = {"notebook": "nothing", "grid": {"number": list(range(30))}}
    tree.declare("many", {**study, "preview": {"grid": study["grid"]}})
    more = ["--cores", "8", "--omit-from", "report"]
    status, said = tree.call("pipeline", "preview", *more)
    assert status == 0, said
    assert "failed" not in said
    for number in range(30):
        cells = nbformat.read(tree.run(f"many/number={number}"), 4).cells
        assert cells[-1].outputs[0].text == f"{2 * number}\n"
    assert not tree.alive()


def test_a_run_needs_no_tmp_that_can_be_written(built, tmp_path):
    """/tmp can be read alone, but for the copy of the project; /mnt takes its place."""
    skip_without_namespaces()
    tree = built.copy(tmp_path / "tree")
    words = "pipeline.run one number=1 again.ipynb again.log --dataset digits --preview"
    script = f"""
        mount --bind /tmp /tmp
        mount --bind {tree.root} {tree.root}
        mount -o remount,ro,bind /tmp
        mount -t tmpfs none /mnt
        ! touch /tmp/a 2>/dev/null
        cd {tree.root}
        exec {sys.executable} -m {words}
    """
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-ec", script],
        env={**copied_tree.surroundings(tree.root), "TMPDIR": "/mnt"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "lenet: done one/number=1 in " in done.stderr
    assert (tree.root / "again.ipynb").is_file()


def test_a_full_disk_leaves_no_result(tree):
    """A tmpfs of 256 KiB in a namespace of its own, for the notebook and its log."""
    skip_without_namespaces()
    copied_tree.write(tree.notebook("lr_study"), ["epochs: int = 1", "print('x' * 1_000_000)"])
    tree.declare("slow", {"notebook": "lr_study", "grid": {"epochs": [1]}})
    (tree.root / "small").mkdir()
    words = "pipeline.run slow epochs=1 small/runs/here.ipynb small/logs/here.log --preview"
    script = (
        "mount -t tmpfs -o size=256k none small; "
        f"{sys.executable} -m {words}; echo status $?; find small -type f"
    )
    said = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=tree.root,
        env={**os.environ, "PYTHONPATH": str(tree.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout
    assert "status 1\n" in said
    assert "No space left on device" in said
    assert "small/logs/here.log" in said
    assert "small/runs/here.ipynb" not in said
