"""One papermill run that is either whole or not there.

python -m lenet.run <study> <point> <output> <log>
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import papermill
import psutil
from traitlets.config import Config

from lenet import params

LIMIT_SECONDS = 2 * 3600
WATCH_SECONDS = 0.5


class RunError(RuntimeError):
    """A notebook did not run to its end; the message says where and why."""


def execute(source: Path, output: Path, settings: dict, log: Path):
    """Run a notebook with these settings; move it to `output` when every cell has run.

    While it runs, and when it fails, the notebook lies beside `log`. Raises RunError.
    """
    part = log.with_suffix(".ipynb")
    for path in (output, part):
        path.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="lenet") as folder:
        # Kernels over TCP race for ports; over IPC each has a folder of its own, of a short name.
        config = Config({"KernelManager": {"transport": "ipc", "connection_file": f"{folder}/k.json"}})
        try:
            # papermill formats the path with the parameters, so its braces are doubled.
            path = str(part).replace("{", "{{").replace("}", "}}")
            notebook = papermill.execute_notebook(
                str(source), path, parameters=settings, config=config, kernel_name="python3", progress_bar=False
            )
        except papermill.PapermillExecutionError as error:
            raise RunError(f"cell {error.cell_index}: {error.ename}: {error.evalue}") from error
    if skipped := [cell for cell in notebook.cells if cell.cell_type == "code" and not executed(cell)]:
        raise RunError(f"{len(skipped)} cells never ran")
    part.replace(output)


def executed(cell) -> bool:
    return cell.execution_count is not None or not cell.source.strip()


def end_with_kernel(reason: str):
    """End this process and every one that it started, at once."""
    for child in psutil.Process().children(recursive=True):
        child.kill()
    print(f"lenet: {reason}", file=sys.stderr, flush=True)
    os._exit(1)


def watch(parent: int, limit_seconds: float):
    """End this run when the process that started it is gone, or at its wall-clock limit."""
    end = time.monotonic() + limit_seconds
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(WATCH_SECONDS)
    over = time.monotonic() >= end
    end_with_kernel(f"stopped at its limit of {limit_seconds:g} s" if over else "the workflow that started it ended")


def guard(limit_seconds: float):
    """From now on this process ends with its parent, on a signal and at the limit, and its kernel with it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: end_with_kernel(f"stopped by {signal.Signals(number).name}"))
    threading.Thread(target=watch, args=(os.getppid(), limit_seconds), daemon=True).start()


def log_to(path: Path):
    """Send what this process and its kernel print to a file; return the terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w")
    with path.open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    return terminal


def perform(given):
    """Execute the notebook of one point of a study."""
    run = params.find_run(given.study, given.point, given.preview)
    settings = run.settings | {"dataset": given.dataset}
    if "model_path" in params.NOTEBOOKS[run.notebook]:
        settings["model_path"] = str(given.output.with_suffix(".keras"))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    execute(params.ROOT / "notebooks" / f"{run.notebook}.ipynb", given.output, settings, given.log)


def render(given):
    """Execute the report notebook, then write the page and the paper beside it."""
    from lenet import publish, scraps

    folder = given.output.parent
    settings = {"folder": str(folder), "preview": given.preview, "gpu": given.gpu}
    execute(params.ROOT / "notebooks" / "report.ipynb", given.output, settings, given.log)
    results = json.loads((folder / "results.json").read_text())
    publish.publish(given.output, folder, **scraps.front_matter(results))


def main():
    """Run one point of a study, or with the study `report` the report; exit 1 if it is not whole."""
    parser = argparse.ArgumentParser(prog="python -m lenet.run", description=__doc__.split("\n")[0])
    parser.add_argument("study")
    parser.add_argument("point")
    parser.add_argument("output", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--dataset", choices=("mnist", "digits"), default="mnist")
    parser.add_argument("--preview", action="store_true", help="with the settings of the study's preview")
    parser.add_argument("--gpu", action="store_true", help="with the runs that need a GPU")
    parser.add_argument("--limit-seconds", type=float, default=LIMIT_SECONDS)
    given = parser.parse_args()
    guard(given.limit_seconds)
    terminal, start = log_to(given.log), time.monotonic()
    name = f"{given.study}/{given.point}"
    print(f"lenet: started {name}", file=terminal, flush=True)
    try:
        (render if given.study == "report" else perform)(given)
    except (RunError, ValueError) as error:
        print(f"lenet: failed {name}: {error}; see {given.log}", file=terminal, flush=True)
        sys.exit(1)
    print(f"lenet: done {name} in {time.monotonic() - start:.0f} s", file=terminal, flush=True)


if __name__ == "__main__":
    main()
