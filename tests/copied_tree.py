"""A copy of what makes a report, with studies of seconds; conftest.py loads this file by its path.

Its commands are real processes that bear the copy's name in their environment, so that a test can tell what of
them is still alive.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).parents[1]
PARTS = ("lenet", "notebooks", "Snakefile", "requirements.txt")
TINY = {
    "lr": 0.1, "epochs": 3, "seeds": 2, "steps": 3, "filters": 4, "batch_size": 16, "threads": 2, "shards": 2,
    "dataset": "digits", "device": "CPU",
}  # fmt: skip
MARK = "LENET_TEST_TREE"
# Of a loopback port that nobody listens on: what would go to the network fails at once.
NOWHERE = "http://127.0.0.1:9"
SECONDS = 600


def tiny(names) -> dict:
    """Settings of one short run of a notebook that has parameters of these `names`."""
    return {name: value for name, value in TINY.items() if name in names}


def small_studies(notebooks: dict) -> dict[str, dict]:
    """For each notebook of `notebooks` (its parameters by its name) a study of one short run, under its own name."""
    return {
        notebook: {"notebook": notebook, "fixed": tiny(names), "grid": {"filters": [4]}}
        for notebook, names in notebooks.items()
    }


def copied(folder: Path, studies: dict[str, dict]) -> "Tree":
    """A copy of the project in `folder`, with these studies in the place of its own."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part, **({"ignore": ignored} if (ROOT / part).is_dir() else {}))
    (folder / "params").mkdir()
    tree = Tree(folder)
    for name, declared in studies.items():
        tree.declare(name, declared)
    return tree


class Tree:
    """A copied project: start its doors and runs, and see what they leave."""

    def __init__(self, root: Path):
        self.root = root
        self.reports = root / "reports" / "preview"

    def declare(self, study: str, declared: dict):
        """Write a study file; what it declares, its preview has too."""
        (self.root / "params" / f"{study}.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))

    def copy(self, folder: Path) -> "Tree":
        """Another copy, with all times, so that nothing is to be done in it."""
        shutil.copytree(self.root, folder, symlinks=True)
        return Tree(folder)

    def start(self, *module_and_arguments: str, **environment: str) -> subprocess.Popen:
        """Start `python -m ...` in the copy, in a process group of its own, without MNIST and without a network."""
        inherited = {key: value for key, value in os.environ.items() if key != "LENET_DATA"}
        own = {"PYTHONPATH": str(self.root), "KERAS_HOME": str(self.root / "keras"), MARK: str(self.root)}
        own |= {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE}
        return subprocess.Popen(
            [sys.executable, "-m", *module_and_arguments], cwd=self.root, env=inherited | own | environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            # Tests that were started in the background ignore Ctrl-C, and what they start would as well.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    def call(self, *module_and_arguments: str, **environment: str) -> tuple[int, str]:
        """Run `python -m ...` to its end; return its exit status and what it printed."""
        return finish(self.start(*module_and_arguments, **environment))

    def runs(self) -> set[str]:
        """The runs that lie there as finished."""
        folder = self.reports / "runs"
        return {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.ipynb")}

    def alive(self) -> list[psutil.Process]:
        """Every process, kernels too, that a command of this copy started and that has not ended."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                ended = process.status() == psutil.STATUS_ZOMBIE
                if not ended and process.environ().get(MARK) == str(self.root):
                    found.append(process)
        return found

    def kernels(self) -> list[psutil.Process]:
        found = []
        for process in self.alive():
            with suppress(psutil.Error):
                if any("ipykernel" in word for word in process.cmdline()):
                    found.append(process)
        return found

    def end_all(self):
        """Whatever a failed test has left."""
        for process in self.alive():
            with suppress(psutil.Error):
                process.kill()


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """Wait for a command; return its exit status and what it printed. On a time-out its group is killed."""
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output


def wait_until(condition, seconds: float, what: str):
    """What `condition` returns, as soon as it is true; AssertionError with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"after {seconds} s: not {what}"
        time.sleep(0.25)
    return found
