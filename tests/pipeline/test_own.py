"""make run: one more run beside the studies; the report shows it, and none stops it."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

from tests import copied_tree
from tests.copied_tree import ROOT

NAME = "own/one/number=7,seconds=0.2"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy with one study of toy runs, its preview made, and then one more run."""
    folder = tmp_path_factory.mktemp("my project {1}")
    tree = copied_tree.toy(folder, one=copied_tree.toy_study(1))
    shutil.copy(ROOT / "Makefile", folder)
    tree.status, tree.said = tree.call("pipeline", "preview")
    assert tree.status == 0, tree.said
    tree.status, tree.said = made(tree, "one", " seconds = '2e-1'  number=7 ")
    yield tree
    tree.end_all()


def made(tree, study, text):
    """What `make run` says, with the words that reach Python; its exit status."""
    command = ["make", "--silent", f"PY={sys.executable}", "STAMP=Makefile", "run"]
    known = copied_tree.surroundings(tree.root)
    done = subprocess.run(
        [*command, f"STUDY={study}", f"SET={text}"],
        cwd=tree.root,
        env=known,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def test_it_is_made_apart_from_its_study(tree):
    assert tree.status == 0, tree.said
    assert tree.runs() == {"one/number=1", NAME}
    assert f"lenet: done {NAME} in " in tree.said
    assert "number = 7, seconds = 0.2" in tree.said
    assert "make preview then shows it" in tree.said


def test_again_there_is_nothing_to_do(tree):
    status, said = made(tree, "one", "number=7 seconds=.2")
    assert (status, copied_tree.started(said)) == (0, [])
    assert f"nothing to do: reports/preview/runs/{NAME}.ipynb is finished" in said


def test_the_report_is_made_again_and_names_it_as_extra(tree):
    before = json.loads((tree.reports / "results.json").read_text())
    status, said = tree.call("pipeline", "preview")
    assert (status, copied_tree.started(said)) == (0, ["report"]), said
    found = json.loads((tree.reports / "results.json").read_text())
    assert (before["extra"], list(found["extra"])) == ({}, [NAME])
    assert found["origin"]["runs"] == before["origin"]["runs"]
    assert "nothing to do" in tree.call("pipeline", "preview")[1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("number=x", "lenet: number = 'x': must be a whole number"),
        ("it's=$HOME \"", "lenet: SET = "),
        ("`touch oops`=1", "lenet: '`touch': must be name=value"),
        ("", "lenet: SET = '': must set a parameter"),
    ],
)
def test_a_bad_set_is_refused_in_a_line_and_reaches_no_shell(tree, text, complaint):
    status, said = made(tree, "one", text)
    assert status != 0
    # make itself says more.
    assert f"\n{complaint}" in f"\n{said}"
    assert "Traceback" not in said
    assert not (tree.root / "oops").exists()


def test_there_is_one_at_a_time_and_ctrl_c_ends_it_in_a_line(tree):
    before = tree.runs()
    first = tree.start("pipeline.own", "one", "seconds=60")
    next(line for line in first.stdout if "started" in line)
    status, said = made(tree, "one", "number=9")
    assert status != 0
    assert f"lenet: process {first.pid} on " in said
    first.send_signal(signal.SIGINT)
    status, said = copied_tree.finish(first)
    assert status == 1
    assert "failed own/one/seconds=60.0: stopped by SIGINT; see " in said
    assert "Traceback" not in said
    assert tree.runs() == before
    assert not tree.alive()


def test_one_that_fails_leaves_no_run_and_stops_no_report(tree):
    status, said = made(tree, "one", "fails=True")
    assert status != 0
    assert "failed own/one/fails=True: cell [3]: ValueError: it was told to; see " in said
    assert "own/one/fails=True" not in tree.runs()


def test_a_damaged_one_is_named_left_out_and_stops_no_report(tree, tmp_path):
    copy = tree.copy(tmp_path / "damaged")
    path = copy.run(NAME)
    path.write_bytes(path.read_bytes()[:2000])
    status, said = copy.call("pipeline", "preview")
    assert (status, copied_tree.started(said)) == (0, ["report"]), said
    extra = json.loads((copy.reports / "results.json").read_text())["extra"]
    assert extra[NAME]["left_out"] == "damaged (JSONDecodeError)"
    copy.end_all()
