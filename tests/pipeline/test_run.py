"""The runner: a run is whole or not there, nothing of the person's comes in, its end is told."""

import base64
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
import warnings
from pathlib import Path

import nbformat
import psutil
import pytest

from lenet.network import kernels
from lenet.plan.parameters import ROOT
from pipeline import run

with warnings.catch_warnings():
    # What other packages do at import is not ours to mend.
    warnings.simplefilter("ignore")
    import papermill

STUDY = {"notebook": "lr_study", "fixed": {"epochs": 7}, "grid": {"lr": ["1e-4", 0.5]}}
SECONDS = 120
MARK = "LENET_TEST_PROJECT"
# Where it is set, a kernel treats what libraries print otherwise.
OF_PYTEST = "PYTEST_CURRENT_TEST"


@pytest.fixture
def environment():
    """What a run sets in the environment is taken back."""
    before = dict(os.environ)
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def execute(project, environment, tmp_path_factory):
    """Execute a notebook of these cells in this process; gives the paths of output and log."""

    def executed(*cells, folder=project.root, **settings):
        source = project.notebook("lr_study", *cells)
        output = folder / "runs" / "here.ipynb"
        log = folder / "logs" / "here.log"
        log.parent.mkdir(exist_ok=True)
        log.touch()
        environment.pop(OF_PYTEST, None)
        with run.tempfile.TemporaryDirectory(prefix="lenet") as sockets:
            run.execute(source, output, settings, log, sockets)
        return output, log

    return executed


def printed(path):
    """What the cells of an executed notebook printed or showed, in one text."""
    found = ""
    for cell in nbformat.read(path, 4).cells:
        for output in cell.get("outputs", []):
            found += output.get("text", "") or output["data"]["text/plain"]
    return found


def test_a_whole_run_replaces_an_older_one_and_names_no_folder(execute, project):
    older = project.root / "runs" / "here.ipynb"
    older.parent.mkdir()
    older.write_text("an older run")
    output, log = execute("lr = 1", f"import os; print(lr, open({str(older)!r}).read())", lr=3)
    assert printed(output) == "3 an older run\n"
    assert all(cell.execution_count for cell in nbformat.read(output, 4).cells)
    assert not log.with_suffix(".unfinished.ipynb").exists()
    metadata = str(nbformat.read(output, 4).metadata)
    assert str(project.root) not in metadata
    assert "here.ipynb" in metadata


def test_braces_in_the_path_are_not_taken_for_parameters(execute, tmp_path):
    folder = tmp_path / "{lr} {oops}"
    folder.mkdir()
    output, _ = execute("lr = 1", "lr", folder=folder, lr=3)
    assert output.is_file()


def test_a_failing_cell_leaves_the_older_result_and_keeps_the_failed_notebook(execute, project):
    older = project.root / "runs" / "here.ipynb"
    older.parent.mkdir()
    older.write_text("an older run")
    with pytest.raises(run.RunError, match=r"cell \[3\]: ZeroDivisionError: division by zero"):
        execute("lr = 1", "1 / 0", "print('never')", lr=3)
    assert older.read_text() == "an older run"
    assert "ZeroDivisionError" in (project.root / "logs" / "here.unfinished.ipynb").read_text()


def test_a_run_that_papermill_calls_finished_counts_only_if_every_cell_ran(execute, monkeypatch):
    cut = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")])
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: cut)
    with pytest.raises(run.RunError, match="not every cell has run"):
        execute("lr = 1")


PERSONS = {
    "KERAS_BACKEND": "jax",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "XLA_FLAGS": "--a",
    "OMP_NUM_THREADS": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "JUPYTER_PLATFORM_DIRS": "1",
}
SHOW_ALL = "c = get_config(); c.InteractiveShell.ast_node_interactivity = 'all'"
LOOK = f"""\
import os, sys, lenet
os.write(1, b"what a library prints belongs into the log")
print({{name: os.environ.get(name) for name in {list(PERSONS)}}})
print(sys.executable, lenet.__file__)
"""


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A Python whose administrator shows every value of a cell, to all users."""
    folder = tmp_path / "system"
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/*/site-packages")
    # The same packages, those that are installed from a folder too.
    add = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    (packages / "same.pth").write_text(add)
    (folder / "etc" / "ipython").mkdir(parents=True)
    (folder / "etc" / "ipython" / "ipython_config.py").write_text(SHOW_ALL)
    monkeypatch.setattr(sys, "executable", str(folder / "bin" / "python"))


@pytest.mark.usefixtures("system")
def test_nothing_of_the_persons_surroundings_comes_in(execute, environment, tmp_path):
    profile = tmp_path / ".ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "ipython_config.py").write_text(SHOW_ALL)
    (profile / "startup" / "00.py").write_text("leaked = 'of a start-up file'")
    (tmp_path / "startup.py").write_text("leaked = 'of PYTHONSTARTUP'")
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        '{"argv": ["false"], "display_name": "mine", "language": "python"}'
    )
    environment.update(PERSONS)
    environment["HOME"] = str(tmp_path)
    environment["PYTHONSTARTUP"] = str(tmp_path / "startup.py")
    environment["JUPYTER_PATH"] = str(tmp_path / "jupyter")
    output, _ = execute("lr = 1", LOOK, "1\n2", "print('leaked' in globals())", lr=3)
    own = {name: kernels.CHOSEN.get(name) for name in PERSONS}
    there = f"{sys.executable} {ROOT / 'lenet' / '__init__.py'}"
    assert printed(output) == f"{own}\n{there}\n2False\n"
    assert not list(profile.glob("history*"))


@pytest.fixture
def by_hand(project):
    """Run lr_study's first cells with papermill's command line; gives status and what is said."""
    [cell, *_] = [cell for cell in real_cells("lr_study") if cell.cell_type == "code"]
    check = "from lenet.plan.parameters import check\nsettings = check('lr_study', globals())"
    source = project.notebook("by_hand", cell.source, check, "print([lr, seeds])")

    def run_by_hand(*options):
        output = project.root / "out.ipynb"
        command = [sys.executable, "-m", "papermill", str(source), str(output), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        return done.returncode, printed(output) if done.returncode == 0 else done.stderr

    return run_by_hand


def real_cells(notebook):
    return nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", 4).cells


def test_papermills_own_doors_are_accepted(by_hand, tmp_path):
    (tmp_path / "some.yaml").write_text("lr: 0.5")
    seeds = base64.b64encode(b"seeds: '3'").decode()
    options = ["-f", str(tmp_path / "some.yaml"), "-y", "lr: 1e-4", "-b", seeds, "--inject-paths"]
    assert by_hand(*options) == (0, "[0.0001, 3]\n")


def test_a_study_file_handed_to_papermill_says_what_it_is_for(by_hand):
    study = next((ROOT / "params").glob("*.yaml"))
    status, said = by_hand("-f", str(study))
    assert status == 1
    assert "ParameterError: notebook: is a key of a study file, which make report runs" in said


class Tree:
    """A copy of the package beside a small project: its runs are processes of their own."""

    def __init__(self, project):
        self.project = project
        self.root = project.root
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "lenet", self.root / "lenet", ignore=ignored, dirs_exist_ok=True)
        project.study("lr_study", STUDY)
        self.output = self.root / "runs" / "here.ipynb"
        self.log = self.root / "logs" / "here.log"

    def start(self, point, *more, output=None, log=None, shell="", **environment):
        """Start one run, in a process group of its own."""
        given = [str(output or self.output), str(log or self.log), "--dataset", "digits", *more]
        command = [sys.executable, "-m", "pipeline.run", "lr_study", point, *given]
        if shell:
            command = ["bash", "-c", shell, *command]
        inherited = {name: value for name, value in os.environ.items() if name != OF_PYTEST}
        own = {"PYTHONPATH": str(self.root), MARK: str(self.root)}
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**inherited, **own, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def call(self, point, *more, **environment):
        """Make one run; gives its status and what the terminal saw."""
        process = self.start(point, *more, **environment)
        said, _ = process.communicate(timeout=SECONDS)
        return process.returncode, said

    def alive(self):
        """Every process, kernels too, that a run of this tree started and that has not ended."""
        found = []
        for process in psutil.process_iter():
            try:
                ended = process.status() == psutil.STATUS_ZOMBIE
                if not ended and process.environ().get(MARK) == str(self.root):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def wait_for(self, condition, seconds=SECONDS):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.1)


@pytest.fixture
def tree(project):
    made = Tree(project)
    yield made
    for process in made.alive():
        process.kill()


# A kernel that has started a process of its own, as the memory study does.
SLEEP = """\
import os, subprocess, time
subprocess.Popen(["sleep", "600"])
with open("sockets", "w") as file:
    file.write(os.environ["JUPYTER_RUNTIME_DIR"])
open("began", "w").close()
time.sleep(600)
"""


def test_a_run_takes_its_settings_from_the_study_file(tree):
    cells = "lr: float = 1\nepochs: int = 1\ndataset: str = 'auto'\nmodel_path: str = 'a.keras'"
    tree.project.notebook("lr_study", cells, "print([lr, epochs, dataset, model_path])")
    # A socket's path has some hundred bytes, and this folder's more.
    long = tree.root / ("x" * 100)
    long.mkdir()
    status, said = tree.call("lr=0.0001", "--preview", TMPDIR=str(long))
    assert status == 0, said
    first, second = said.splitlines()
    assert first == "lenet: started lr_study/lr=0.0001"
    assert second.startswith("lenet: done lr_study/lr=0.0001 in ")
    model = str(tree.output.with_suffix(".keras"))
    assert printed(tree.output) == f"[0.0001, 3, 'digits', {model!r}]\n"
    assert not tree.alive()


def test_a_failure_is_told_by_name_and_kept_with_its_log(tree):
    fail = "import os; os.write(2, b'noted')\nraise KeyError('missing\\nline')"
    tree.project.notebook("lr_study", "lr: float = 1\nepochs: int = 1", fail)
    status, said = tree.call("lr=0.5")
    started, failed = said.splitlines()
    assert status == 1
    assert failed == (
        f"lenet: failed lr_study/lr=0.5: cell [3]: KeyError: 'missing\\nline'; see {tree.log}"
    )
    assert "noted" in tree.log.read_text()
    assert "KeyError" in tree.log.with_suffix(".unfinished.ipynb").read_text()
    assert not tree.output.exists()


def test_a_kernel_that_dies_is_told_with_what_it_printed(tree):
    die = "import os; os.write(2, b'This needs AVX.'); os.abort()"
    tree.project.notebook("lr_study", "lr: float = 1\nepochs: int = 1", die)
    status, said = tree.call("lr=0.5")
    assert status == 1
    assert "failed lr_study/lr=0.5: its kernel died" in said
    assert "This needs AVX." in said


@pytest.mark.parametrize(
    ("point", "complaint"),
    [("lr=0.25", "lr_study/lr=0.25: params/ declares no such run"), ("lr=0.5", "params/b.yml")],
)
def test_a_run_that_cannot_be_planned_is_told_in_a_line(tree, point, complaint):
    if "yml" in complaint:
        (tree.root / "params" / "b.yml").touch()
    status, said = tree.call(point)
    assert status == 1
    assert f"lenet: failed lr_study/{point}: " in said
    assert complaint.removeprefix("params/") in said
    assert "Traceback" not in said
    assert not tree.output.exists()


def test_the_result_must_not_be_the_log(tree):
    tree.output.parent.mkdir()
    tree.output.write_text("an older run")
    process = tree.start("lr=0.5", log=tree.output)
    assert "must be another file than the output" in process.communicate(timeout=SECONDS)[0]
    assert tree.output.read_text() == "an older run"


@pytest.mark.parametrize("end", ["limit", "SIGTERM", "SIGKILL of its parent"])
def test_whatever_ends_a_run_nothing_is_left_under_its_name(tree, end):
    tree.project.notebook("lr_study", "lr: float = 1\nepochs: int = 1", SLEEP)
    again = {"output": tree.root / "again.ipynb", "log": tree.root / "again.log"}
    again["output"].write_text("an older run")
    more = ["--limit-seconds", "8"] if end == "limit" else []
    shell = '"$0" "$@"; true' if end == "SIGKILL of its parent" else ""
    process = tree.start("lr=0.5", *more, **again, shell=shell)
    tree.wait_for((tree.root / "began").exists)
    if end == "SIGTERM":
        process.terminate()
    elif end != "limit":
        process.kill()
    said, _ = process.communicate(timeout=SECONDS)
    tree.wait_for(lambda: not tree.alive(), 10)
    assert not Path((tree.root / "sockets").read_text()).exists()
    reason = {"limit": "stopped at its limit of 8 s", "SIGTERM": "stopped by SIGTERM"}
    assert reason.get(end, "the process that started it ended") in said
    assert said.endswith(f"; see {again['log']}\n")
    assert again["output"].read_text() == "an older run"


def test_a_signal_that_was_ignored_stays_ignored(tree):
    wait = "import time; open('began', 'w').close(); time.sleep(3)"
    tree.project.notebook("lr_study", "lr: float = 1\nepochs: int = 1", wait)
    process = tree.start("lr=0.5", shell='trap "" HUP; exec "$0" "$@"')
    tree.wait_for((tree.root / "began").exists)
    os.kill(process.pid, signal.SIGHUP)
    said, _ = process.communicate(timeout=SECONDS)
    assert "lenet: done lr_study/lr=0.5 in " in said


def test_a_detached_run_outlives_what_started_it(tree):
    wait = "import time; open('began', 'w').close(); time.sleep(3)"
    tree.project.notebook("lr_study", "lr: float = 1\nepochs: int = 1", wait)
    process = tree.start("lr=0.5", "--detached", shell='"$0" "$@"; true')
    tree.wait_for((tree.root / "began").exists)
    process.kill()
    said, _ = process.communicate(timeout=SECONDS)
    assert "lenet: done lr_study/lr=0.5 in " in said
    assert tree.output.is_file()
