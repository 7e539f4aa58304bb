"""One run of a notebook that is either whole or not there.

python -m pipeline.run <study> <point> <output> <log>

What the terminal sees of a run is one line when it starts and one when it is done or has failed.
Everything else goes to its log.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from lenet.files import whole
from lenet.network import kernels
from lenet.plan.parameters import ROOT, declared
from lenet.plan.studies import Run, find_run
from pipeline.signals import SIGNALS

LIMIT_SECONDS = 2 * 3600
# Rather not the person's own folder: a unix socket's path has at most 107 bytes.
SOCKETS = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()
# What the person set for Python and Jupyter; the network's own variables are its `kernels`'.
NOT_INHERITED = ("PYTHON", "IPYTHON", "JUPYTER")


class RunError(RuntimeError):
    """A notebook did not run to its end; the message says where and why."""


@contextmanager
def guarded(
    name: str, log: Path, limit_seconds: float = LIMIT_SECONDS, detached: bool = False
) -> Iterator[str]:
    """Gives a folder for the sockets of one kernel; around it the run `name` starts and ends.

    From now on what this process and its kernel print goes to `log`, and they end together: with
    the process that started this one (unless detached), on a signal, or at the limit. The
    terminal sees `lenet: started NAME`, then `lenet: done NAME in 12 s`, or, where the block
    raises an error, `lenet: failed NAME: reason; see LOG` and an exit with status 1.
    """
    terminal = os.dup(2)
    start = time.monotonic()
    try:
        log_to(log)
        with tempfile.TemporaryDirectory(
            prefix="lenet", dir=SOCKETS, ignore_cleanup_errors=True
        ) as sockets:
            guard(name, log, limit_seconds, terminal, sockets, detached)
            tell(terminal, f"started {name}")
            yield sockets
    except Exception as error:
        # First the reason: on a full disk the log takes no more.
        tell(terminal, f"failed {name}: {reason(error)}; see {log}")
        with suppress(OSError):
            traceback.print_exc()
        sys.exit(1)
    tell(terminal, f"done {name} in {time.monotonic() - start:.0f} s")


def tell(terminal: int, event: str) -> None:
    """Write one line to the terminal, which may be gone; safe inside a signal handler."""
    with suppress(OSError):
        os.write(terminal, os.fsencode(f"lenet: {event}\n"))


def reason(error: Exception) -> str:
    """The first line of an error, with its type where it is not one of the project's own."""
    first_line = str(error).partition("\n")[0]
    own = type(error).__module__.startswith(("lenet.", "pipeline.", "__main__"))
    return first_line if own else f"{type(error).__name__}: {first_line}"


def log_to(path: Path) -> None:
    """Send what this process and its kernel print to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)


def guard(
    name: str, log: Path, limit_seconds: float, terminal: int, sockets: str, detached: bool
) -> None:
    """From now on this process ends with its parent, on a signal and at the limit.

    Its kernel and its sockets end with it. A signal that is ignored, as by nohup, stays ignored.
    """
    parent = os.getppid()
    limit = time.monotonic() + limit_seconds

    def end(why):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        shutil.rmtree(sockets, ignore_errors=True)
        tell(terminal, f"failed {name}: {why}; see {log}")
        os._exit(1)

    def watch():
        while detached or os.getppid() == parent:
            if time.monotonic() >= limit:
                end(f"stopped at its limit of {limit_seconds:g} s")
            time.sleep(0.5)
        end("the process that started it ended; --detached goes on without it")

    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(
                number, lambda number, _: end(f"stopped by {signal.Signals(number).name}")
            )
    threading.Thread(target=watch, daemon=True).start()


def make(run: Run, dataset: str, output: Path, log: Path, sockets: str) -> None:
    """Execute a run's notebook on that data set, see `execute`; a model lies beside its output."""
    settings = dict(run.on(dataset))
    if "model_path" in declared(run.notebook):
        settings["model_path"] = str(output.with_suffix(".keras"))
    source = ROOT / "notebooks" / f"{run.notebook}.ipynb"
    execute(source, output, settings, log, sockets)


def execute(source: Path, output: Path, settings: dict, log: Path, sockets: str) -> None:
    """Run a notebook with these settings; its whole result appears as `output`, or nothing does.

    While it runs, and when it fails, the notebook lies beside `log`; an earlier `output` stays
    until the new one is whole. `sockets` is an empty folder with a short path. From now on this
    process has none of the person's settings of Jupyter. Raises RunError.
    """
    own_surroundings(sockets)
    # Slow to import: the terminal should hear of the run, and a guard watch it, before.
    import nbformat
    import papermill
    from traitlets.config import Config

    part = log.with_suffix(".unfinished.ipynb")
    # Kernels over TCP race for ports; over IPC each has a folder of its own.
    config = Config({"KernelManager": {"transport": "ipc", "connection_file": f"{sockets}/k.json"}})
    # papermill fills parameters into paths, so their braces are doubled.
    paths = [str(path).replace("{", "{{").replace("}", "}}") for path in (source, part)]
    try:
        notebook = papermill.execute_notebook(
            *paths,
            parameters=settings,
            config=config,
            kernel_name="python3",
            progress_bar=False,
            start_timeout=600,  # seconds: the machine may be busy, its file system slow
            shutdown_kernel="immediate",  # Python would take seconds to unload TensorFlow
        )
    except papermill.PapermillExecutionError as error:
        raise RunError(f"cell [{error.exec_count}]: {error.ename}: {error.evalue}") from error
    except RuntimeError as error:  # nbclient's, which tells of a kernel that died or never started
        words = log.read_text(errors="replace").split()[-40:]
        raise RunError(f"its kernel died ({error}); the log ends: {' '.join(words)}") from error
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.strip() and not cell.execution_count:
            raise RunError("not every cell has run")
    # A result names no folder of the machine that made it.
    notebook.metadata.papermill.update(input_path=source.name, output_path=output.name)
    with whole(output) as new:
        nbformat.write(notebook, new)
    part.unlink()


def own_surroundings(folder: str) -> None:
    """From now on kernels have none of the person's settings, profile, start-up files, history.

    A kernel is this Python's, whatever kernels the person has installed, and imports this project.
    """
    for name in list(os.environ):
        if name.startswith(NOT_INHERITED):
            del os.environ[name]
    kernels.choose(os.environ)
    os.environ.update(
        IPYTHONDIR=folder,
        JUPYTER_PATH=folder,
        JUPYTER_RUNTIME_DIR=folder,
        PYTHONNOUSERSITE="1",
        PYTHONPATH=str(ROOT),
        PYTHONUTF8="1",
    )
    from ipykernel.kernelspec import write_kernel_spec

    # What a library prints before it ends the process must reach the log.
    arguments = ["--IPKernelApp.capture_fd_output=False"]
    # Settings of all users of the machine are read whatever IPYTHONDIR says.
    arguments.append("--InteractiveShell.ast_node_interactivity=last_expr")
    write_kernel_spec(f"{folder}/kernels/python3", extra_arguments=arguments)


def main() -> None:
    """Run one point of a study; exit with status 1 where the result is not whole."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.run")
    parser.add_argument("study")
    parser.add_argument("point")
    parser.add_argument("output", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--dataset", choices=("mnist", "digits"), default="mnist")
    parser.add_argument("--preview", action="store_true", help="with the settings of its preview")
    parser.add_argument(
        "--gpu", action="store_true", help="as the report takes it; changes nothing"
    )
    parser.add_argument("--limit-seconds", type=float, default=LIMIT_SECONDS)
    parser.add_argument("--detached", action="store_true", help="outlive what started it")
    given = parser.parse_args()
    if given.output == given.log:
        parser.error(f"{given.log}: must be another file than the output")
    with guarded(
        f"{given.study}/{given.point}", given.log, given.limit_seconds, given.detached
    ) as sockets:
        run = find_run(given.study, given.point, given.preview)
        make(run, given.dataset, given.output, given.log, sockets)


if __name__ == "__main__":
    main()
