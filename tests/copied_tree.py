"""A copy of what makes a report, with studies of seconds.

Its commands are real processes that bear the copy's name in their environment, so that a test can
tell what of them is still alive.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lenet.network import data
from lenet.plan import parameters

ROOT = Path(__file__).parents[1]
PARTS = ("lenet", "pipeline", "notebooks", "profiles", "Snakefile", "requirements.txt")
# A run that computes nothing: it takes its images, writes a record and ends.
TOY_RUN = [
    """
number: int = 1
seconds: float = 0.1
fails: bool = False
dataset: str = "auto"
""",
    """
import sys
import time
from types import SimpleNamespace

from lenet.network import data, machine
from lenet.plan import parameters
from lenet.results import scraps


def glue(name, data, encoder):
    scrap = {"name": name, "data": data, "encoder": encoder, "version": 1}
    display({scraps.PLAIN: scrap}, raw=True)


# To ask TensorFlow for kernels, or load scrapbook and with it pandas, takes seconds.
machine.kernels = dict
sys.modules["scrapbook"] = SimpleNamespace(glue=glue)
settings = parameters.check("toy", globals())
images = data.load(settings["dataset"])
time.sleep(seconds)
if fails:
    raise ValueError("it was told to")
scraps.record("toy", settings, images)
""",
]
# A report that says how many runs there are.
TOY_REPORT = [
    "# A toy report\n\nIt says little.",
    """
folder: str = "reports"
preview: bool = False
draft: bool = False
gpu: bool = False
out: str = ""
""",
    """
from pathlib import Path
from lenet.plan import studies
from lenet.report.writer import Report
from lenet.results import origin, own, scraps

runs = Path(folder, "runs")
finished, missing = scraps.read_finished(runs, studies.plan(preview, gpu))
if missing and not draft:
    raise RuntimeError(f"missing: {missing}")
known = origin.origin(finished, missing)
report = Report(out, known["dataset"], preview, draft, origin.label(known, preview, draft))
found = own.read(runs, known["data_sha256"])
report.results["extra"] = own.told(runs, found)
report.write(known)
print(len(finished), "runs")
""",
]
NOTEBOOKS = ("benchmark", "divergence", "lr_study", "memory", "train")
TINY = {
    "lr": 0.1,
    "epochs": 3,
    "seeds": 2,
    "steps": 3,
    "batch_size": 16,
    "threads": 2,
    "shards": 2,
}
MARK = "LENET_TEST_TREE"
# A loopback port that nobody listens on: what would go to the network fails at once.
NOWHERE = "http://127.0.0.1:9"
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
SECONDS = 600


def study(notebook: str, draft: bool = False, **fixed) -> dict:
    """A study of one short run of a notebook; `fixed` takes the place of what is tiny."""
    known = parameters.declared(notebook)
    tiny = {name: value for name, value in TINY.items() if name in known}
    shown = {"notebook": notebook, "fixed": {**tiny, **fixed}, "grid": {"filters": [4]}}
    # A preview would be shorter still.
    shown["preview"] = {"grid": {"filters": [4]}}
    return {**shown, "draft": True} if draft else shown


def copied(folder: Path, studies: dict[str, dict]) -> "Tree":
    """A copy of the project in `folder`, with these studies in the place of its own."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy2(ROOT / part, folder / part)
    (folder / "params").mkdir()
    tree = Tree(folder)
    for name, declared in studies.items():
        tree.declare(name, declared)
    return tree


def toy(folder: Path, **studies: dict) -> "Tree":
    """A copy whose report says little, with these studies of runs that compute nothing."""
    tree = copied(folder, studies)
    write(tree.notebook("toy"), TOY_RUN)
    write(tree.notebook("report"), TOY_REPORT)
    return tree


def toy_study(*numbers: int, draft: bool = False, **fixed) -> dict:
    """A study of toy runs; its preview has all of them."""
    shown = {"notebook": "toy", "fixed": fixed, "grid": {"number": list(numbers)}}
    return {**shown, "preview": {"grid": shown["grid"]}, "draft": draft}


def blank_mnist(tree: "Tree") -> str:
    """Give a copy a MNIST of blank images, and let its code know no other; where it lies."""
    arrays = {
        "x_train": np.zeros((60_000, 28, 28), np.uint8),
        "y_train": np.zeros(60_000, np.uint8),
        "x_test": np.zeros((10_000, 28, 28), np.uint8),
        "y_test": np.zeros(10_000, np.uint8),
    }
    np.savez_compressed(tree.root / "mnist.npz", **arrays)
    code = tree.root / "lenet" / "network" / "data.py"
    text = code.read_text()
    for name, array in arrays.items():
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        text = text.replace(data.MNIST_ARRAYS_SHA256[name], digest)
    code.write_text(text)
    return str(tree.root)


def surroundings(root: Path) -> dict[str, str]:
    """The environment of a command in a copy: no MNIST, no network, and the copy's name."""
    known = {name: value for name, value in os.environ.items() if name != "LENET_DATA"}
    own = {"PYTHONPATH": str(root), "KERAS_HOME": str(root / "keras"), MARK: str(root)}
    return {**known, **dict.fromkeys(PROXIES, NOWHERE), **own}


def write(path: Path, cells: list[str]):
    """Write a notebook of these cells: # begins prose, the first code declares parameters."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = new_notebook(metadata={"kernelspec": kernel})
    for source in cells:
        new_cell = new_markdown_cell if source.startswith("#") else new_code_cell
        book.cells.append(new_cell(source.strip()))
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    code[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, path)


class Tree:
    """A copied project: start its commands, and see what they leave."""

    def __init__(self, root: Path):
        self.root = root
        self.reports = root / "reports" / "preview"
        self.commands: list[subprocess.Popen] = []

    def declare(self, name: str, declared: dict):
        """Write a study file."""
        path = self.root / "params" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(declared, sort_keys=False))

    def copy(self, folder: Path) -> "Tree":
        """Another copy, in which nothing is to be done."""
        shutil.copytree(self.root, folder, symlinks=True)
        return Tree(folder)

    def notebook(self, name: str) -> Path:
        return self.root / "notebooks" / f"{name}.ipynb"

    def edit(self, notebook: str, cell_type: str, text: str):
        """Add a line to a notebook's last cell of that type."""
        book = nbformat.read(self.notebook(notebook), 4)
        cell = [cell for cell in book.cells if cell.cell_type == cell_type][-1]
        cell.source += f"\n{text}"
        nbformat.write(book, self.notebook(notebook))

    def start(self, *words: str, ignored=(), **environment: str) -> subprocess.Popen:
        """Start `python -m ...` in the copy, in a process group of its own.

        It has no MNIST and no network, and of the signals in `ignored` it takes no notice.
        """

        def signals():
            # Whatever is started in the background ignores Ctrl-C, and under nohup a hang-up.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

        command = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=self.root,
            env={**surroundings(self.root), **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=signals,
        )
        self.commands.append(command)
        return command

    def call(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run `python -m ...` to its end; its exit status and what it printed."""
        return finish(self.start(*words, **environment))

    def run(self, name: str, reports: Path | None = None) -> Path:
        """Where a finished run lies."""
        return (reports or self.reports) / "runs" / f"{name}.ipynb"

    def runs(self, reports: Path | None = None) -> set[str]:
        """The runs that lie there as finished."""
        folder = (reports or self.reports) / "runs"
        return {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.ipynb")}

    def alive(self) -> list[psutil.Process]:
        """Every process, kernels too, that a command of this copy started and that goes on."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                ended = process.status() == psutil.STATUS_ZOMBIE
                if not ended and process.environ().get(MARK) == str(self.root):
                    found.append(process)
        return found

    def kernels(self) -> list[psutil.Process]:
        """Those that are kernels."""
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
        for command in self.commands:
            command.stdout.close()
            command.wait()


def skip_without_namespaces():
    """Skip a test that needs a mount of its own where this system gives none to a user."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("unshare -rm cannot make a namespace on this machine")


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """Wait for a command; its exit status and what it printed. After 10 minutes it is killed."""
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output


def wait_until(condition, seconds: float, what: str):
    """What `condition` returns, as soon as it is true; AssertionError with `what` if too late."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"after {seconds} s: not {what}"
        time.sleep(0.25)
    return found


def started(said: str) -> list[str]:
    """The runs, and renderings, that a command told of when they started."""
    return sorted(re.findall(r"started (\S+)", said))
