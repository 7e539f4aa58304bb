"""The door behind make: data decided once, one workflow at a time, Snakemake started, watched and stopped."""

import argparse
import ctypes
import fcntl
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from lenet import arithmetic, data, machine, params

REPORTS = params.ROOT / "reports"
# A first guess, for the time left: what a run costs beside its training, and a rate of training by all cores.
START_SECONDS, GUESSED_GFLOPS = 15, 150
EVALUATIONS = 0.7  # of a timed epoch's training, by FLOPs: three after each, as in 2017
HEARTBEAT_SECONDS = 20
STOP_SECONDS = 15


@contextmanager
def one_at_a_time():
    """Hold the lock of this project's reports. Raises SystemExit, naming the holder, when another has it."""
    REPORTS.mkdir(exist_ok=True)
    with (REPORTS / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SystemExit(f"lenet: process {lock.read()} makes a report here; wait for it, or stop it") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def end_with_parent():
    """Let Ctrl-C end this process even where the door's shell ignores it, and on Linux let the door's death do so.

    Its runs see that it is gone and end too.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        death_signal = 1
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)


def snakemake(preview: bool, gpu: bool, given: list[str]) -> list[str]:
    """The command line of the workflow."""
    config = {"preview": preview, "gpu": gpu, "dataset": "digits" if preview else "mnist"}
    settings = [f"{key}={value}" for key, value in config.items()]
    always = ["--nolock", "--rerun-incomplete", "--keep-going", "--cores", str(machine.cores())]
    return [sys.executable, "-m", "snakemake", *always, *given, "--config", *settings]


def pending(command: list[str], runs: list[params.Run]) -> tuple[list[params.Run], bool]:
    """The runs that the workflow would do now, and whether it would do anything at all."""
    plan = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, cwd=params.ROOT)
    if plan.returncode:
        raise SystemExit(f"lenet: the workflow cannot be planned:\n{plan.stdout}{plan.stderr}")
    text = plan.stdout + plan.stderr
    return [run for run in runs if f"/{run.name}.ipynb\n" in text], "Nothing to be done" not in text


def expected_seconds(run: params.Run) -> float:
    """A rough time for a run on MNIST, good for proportions."""
    settings, epochs = run.settings, run.settings.get("epochs", 0)
    if run.notebook == "benchmark":
        epochs = 1 + (1 + EVALUATIONS) * epochs  # the first, which warms up, does not count
    trained = 50_000 * epochs + 4 * settings.get("steps", 0) * settings.get("batch_size", 0)
    work = arithmetic.training_flops(settings.get("filters", 16), trained) * settings.get("seeds", 1)
    return START_SECONDS + work / GUESSED_GFLOPS / 1e9


class Progress:
    """Says on the terminal how far the workflow is: runs done of all, time left, what runs now."""

    def __init__(self, runs: list[params.Run]):
        self.expected = {run.name: expected_seconds(run) for run in runs}
        self.done, self.running, self.start = [], [], time.monotonic()

    def hear(self, line: str):
        """Take in a line of a run, and tell of it."""
        if match := re.match(r"lenet: (started|done|failed) (\S+?)(:? .*)?$", line):
            event, name, rest = match.groups()
            if event == "started":
                self.running.append(name)
            else:
                self.running = [other for other in self.running if other != name]
                self.done += [name] * (event == "done" and name in self.expected)
            self.tell(f"{event} {name}{rest or ''}")

    def tell(self, event: str = ""):
        elapsed = time.monotonic() - self.start
        done = sum(self.expected.get(name, 0) for name in self.done)
        rest = sum(self.expected.values()) - done
        left = rest * elapsed / done if done else rest
        counts = f"[{len(self.done)}/{len(self.expected)} runs, about {max(left, 0) / 60:.0f} min left]"
        print(f"{counts} {event or 'running ' + (', '.join(self.running) or 'the workflow')}", flush=True)


def follow(process: subprocess.Popen, log: Path, progress: Progress) -> int:
    """Keep what the workflow prints in a log and tell how far it is; hand on signals; return its exit status."""
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    def end(number):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    def stop(number, _):
        end(number)
        timer = threading.Timer(STOP_SECONDS, end, [signal.SIGKILL])
        timer.daemon = True
        timer.start()
        # Not print: the signal may come in the middle of one.
        os.write(1, f"lenet: stopping ({signal.Signals(number).name})\n".encode())

    threading.Thread(target=read, daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        while True:
            try:
                line = lines.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                progress.tell()
                continue
            if line is None:
                return process.wait()
            file.write(line)
            file.flush()
            progress.hear(line)


def make(preview: bool, given: list[str]) -> int:
    """Bring the report, or its preview, up to date; return the exit status."""
    folder = REPORTS / "preview" if preview else REPORTS
    absent = machine.gpu_absence()
    if absent:
        print(f"lenet: no GPU series: {absent}", flush=True)
    command = snakemake(preview, not absent, given)
    try:
        planned = params.plan(preview, not absent)
    except params.ParameterError as error:
        raise SystemExit(f"lenet: {error}") from None
    runs, anything = pending(command, planned)
    shown = folder.relative_to(params.ROOT)
    if not anything:
        print(f"lenet: nothing to do: {shown}/report.html and {shown}/report.pdf are up to date")
        return 0
    process = subprocess.Popen(
        command, cwd=params.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True, preexec_fn=end_with_parent,
    )  # fmt: skip
    status = follow(process, folder / "logs" / "snakemake.log", Progress(runs))
    if status:
        print(f"lenet: not finished; what is done is kept. See {shown}/logs/snakemake.log", flush=True)
        return 1
    print(f"lenet: {shown}/report.html, {shown}/report.pdf and {shown}/results.json are ready", flush=True)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lenet", description="Make the report or its preview.")
    parser.add_argument("what", choices=("report", "preview"))
    arguments, given = parser.parse_known_args()
    preview = arguments.what == "preview"
    with one_at_a_time():
        if not preview:
            try:
                found, detail = data.decide()
            except data.DataError as error:
                raise SystemExit(f"lenet: {error}") from None
            preview = found == "digits"
            print(f"lenet: {found}: {detail}", flush=True)
            if preview:
                print("lenet: NO MNIST: making a PREVIEW on scikit-learn's digits, in reports/preview/", flush=True)
        return make(preview, given)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("lenet: stopped before any run began; what is done is kept")
