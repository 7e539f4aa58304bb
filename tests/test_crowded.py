"""On a crowded machine, without /tmp, on a full disk: a run is whole or not there."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from tests import copied_tree
from tests.copied_tree import skip_without_namespaces

pytestmark = pytest.mark.faults


@pytest.fixture
def tree(tmp_path):
    """A project without studies."""
    tree = copied_tree.toy(tmp_path / "tree")
    yield tree
    tree.end_all()


def test_thirty_notebooks_eight_at_a_time_all_run_twice_over(tree):
    """They compute nothing, so that their kernels start and end all at once."""
    copied_tree.write(tree.notebook("nothing"), ["number: int = 1", "print(2 * number)"])
    grid = {"grid": {"number": list(range(30))}}
    tree.declare("many", {"notebook": "nothing", **grid, "preview": grid})
    for _ in range(2):
        more = ["--cores", "8", "--omit-from", "report"]
        status, said = tree.call("pipeline", "preview", *more)
        assert status == 0, said
        assert "failed" not in said
        for number in range(30):
            cells = nbformat.read(tree.run(f"many/number={number}"), 4).cells
            assert cells[-1].outputs[0].text == f"{2 * number}\n"
        assert not tree.alive()
        shutil.rmtree(tree.reports / "runs" / "many")


def test_a_run_needs_no_tmp_that_can_be_written(tree):
    """/tmp can be read alone, but for the copy of the project; /mnt takes its place."""
    skip_without_namespaces()
    tree.declare("one", copied_tree.toy_study(1))
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
