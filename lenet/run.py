"""One papermill run that is either whole or not there.

python -m lenet.run <study> <point> <output> <log>
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import psutil

from lenet import params

LIMIT_SECONDS = 2 * 3600
WATCH_SECONDS = 0.5


class RunError(RuntimeError):
    """A notebook did not run to its end; the message says where and why."""


def execute(source: Path, output: Path, settings: dict, log: Path, sockets: str):
    """Run a notebook with these settings; move it to `output` when every cell has run.

    While it runs, and when it fails, the notebook lies beside `log`; `sockets` is an empty folder of a short name.
    Raises RunError.
    """
    # Slow to import, and until it is imported nobody would watch over this run.
    import papermill
    from nbclient.exceptions import DeadKernelError
    from traitlets.config import Config

    part = log.with_suffix(".ipynb")
    for path in (output, part):
        path.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    # Kernels over TCP race for ports; over IPC each has a folder of its own.
    config = Config({"KernelManager": {"transport": "ipc", "connection_file": f"{sockets}/k.json"}})
    try:
        # papermill formats paths with the parameters, so their braces are doubled.
        paths = [str(path).replace("{", "{{").replace("}", "}}") for path in (source, part)]
        notebook = papermill.execute_notebook(
            *paths, parameters=settings, config=config, kernel_name="python3", progress_bar=False
        )
    except papermill.PapermillExecutionError as error:
        raise RunError(f"cell [{error.exec_count}]: {error.ename}: {error.evalue}") from error
    except DeadKernelError as error:
        raise RunError("its kernel died") from error
    if skipped := [cell for cell in notebook.cells if cell.cell_type == "code" and not executed(cell)]:
        raise RunError(f"{len(skipped)} cells never ran")
    part.replace(output)


def executed(cell) -> bool:
    return cell.execution_count is not None or not cell.source.strip()


def guard(limit_seconds: float, name: str, terminal, sockets: str):
    """From now on this process ends with its parent, on a signal and at the limit; its kernel and sockets with it."""
    parent, limit = os.getppid(), time.monotonic() + limit_seconds

    def end(reason):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        shutil.rmtree(sockets, ignore_errors=True)
        # Not print: a signal may come in the middle of one, and the terminal may be gone.
        with suppress(OSError):
            os.write(terminal.fileno(), f"lenet: failed {name}: {reason}\n".encode())
        os._exit(1)

    def watch():
        while os.getppid() == parent and time.monotonic() < limit:
            time.sleep(WATCH_SECONDS)
        over = time.monotonic() >= limit
        end(f"stopped at its limit of {limit_seconds:g} s" if over else "the workflow that started it ended")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: end(f"stopped by {signal.Signals(number).name}"))
    threading.Thread(target=watch, daemon=True).start()


def log_to(path: Path):
    """Send what this process and its kernel print to a file; return the terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w")
    with path.open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    return terminal


def perform(given, sockets: str):
    """Execute the notebook of one point of a study."""
    run = params.find_run(given.study, given.point, given.preview)
    settings = run.settings | {"dataset": given.dataset}
    if "model_path" in params.NOTEBOOKS[run.notebook]:
        settings["model_path"] = str(given.output.with_suffix(".keras"))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    execute(params.ROOT / "notebooks" / f"{run.notebook}.ipynb", given.output, settings, given.log, sockets)


def render(given, sockets: str):
    """Execute the report notebook, then write the page and the paper beside it."""
    from lenet import publish, scraps

    folder = given.output.parent
    settings = {"folder": str(folder), "preview": given.preview, "gpu": given.gpu}
    execute(params.ROOT / "notebooks" / "report.ipynb", given.output, settings, given.log, sockets)
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
    terminal, start = log_to(given.log), time.monotonic()
    name = f"{given.study}/{given.point}"
    with tempfile.TemporaryDirectory(prefix="lenet") as sockets:
        guard(given.limit_seconds, name, terminal, sockets)
        print(f"lenet: started {name}", file=terminal, flush=True)
        try:
            (render if given.study == "report" else perform)(given, sockets)
        except Exception as error:
            reason = str(error).partition("\n")[0]
            if not isinstance(error, (RunError, ValueError)):
                reason = f"{type(error).__name__}: {reason}"
            print(f"lenet: failed {name}: {reason}; see {given.log}", file=terminal, flush=True)
            traceback.print_exc()
            sys.exit(1)
    print(f"lenet: done {name} in {time.monotonic() - start:.0f} s", file=terminal, flush=True)


if __name__ == "__main__":
    main()
