"""Snakemake in a process group of its own: started, heard, and ended with the door."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pipeline.door.cluster import Jobs
from pipeline.door.progress import Progress
from pipeline.signals import Stopped

HEARTBEAT_SECONDS = 20
LISTEN_SECONDS = 1
# Measured: a run of TensorFlow on MNIST peaks at 1.7 GB.
RUN_BYTES = 2 * 10**9
STOP_SECONDS = 15
# On a cluster it would wait for its jobs, which are cancelled after it.
STOP_ELSEWHERE_SECONDS = 2
# A person's profile of Snakemake, and what bash reads before each command.
OF_THE_PERSON = ("SNAKEMAKE_", "BASH_ENV")


def surroundings() -> dict[str, str]:
    """The environment of what the door starts: the person's, without what would change it."""
    known = os.environ.items()
    kept = {name: value for name, value in known if not name.startswith(OF_THE_PERSON)}
    # Snakemake keeps files there, and a home need not be writable.
    return {**kept, "XDG_CACHE_HOME": str(Path(".snakemake").absolute())}


def end_with_parent() -> None:
    """Let the death of the door, however it comes, end this process; Linux alone can."""
    if sys.platform == "linux":
        death_signal = 1
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)


def side_by_side(cores: int, memory_bytes: int) -> int:
    """How many runs go on at once: one a core, and no more than there is memory for.

    >>> side_by_side(8, 8 * 10**9), side_by_side(2, 64 * 10**9), side_by_side(2, 10**9)
    (4, 2, 1)
    """
    return max(min(cores, memory_bytes // RUN_BYTES), 1)


def run(
    config: dict[str, bool],
    more: list[str],
    log: Path,
    progress: Progress,
    jobs: Jobs | None = None,
) -> int:
    """Run Snakemake, keep what it prints in a log, let `progress` hear it; its exit status.

    `config` is for the Snakefile, `more` are other arguments; `jobs` listens where runs are jobs of
    a cluster: none of them goes on when this ends. Raises Stopped.
    """
    settings = [f"{name}={value}" for name, value in config.items()]
    # Those of this machine: how many jobs go on elsewhere, a profile says.
    cores = [] if jobs else ["--cores", str(progress.cores)]
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *cores, *more, "--config", *settings],
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("w", encoding="utf-8") as file, listening(file, progress, jobs) as hear:
            for line in process.stdout or ():
                hear(line)
                if jobs:
                    jobs.hear(line)
        return process.wait()
    except Stopped:
        stop(process, STOP_ELSEWHERE_SECONDS if jobs else STOP_SECONDS)
        raise
    finally:
        if jobs:
            jobs.end()


@contextmanager
def listening(
    file: TextIO, progress: Progress, jobs: Jobs | None
) -> Iterator[Callable[[str], None]]:
    """Gives what takes in a line; meanwhile jobs are heard, and every 20 s progress is told."""
    one_line = threading.Lock()
    ended = threading.Event()

    def hear(line: str) -> None:
        with one_line:
            file.write(line)
            file.flush()
            progress.hear(line)

    def follow() -> None:
        while jobs and not ended.wait(LISTEN_SECONDS):
            for line in jobs.news():
                hear(line)

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            progress.tell(waiting=jobs.waiting() if jobs else "")

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield hear
    finally:
        ended.set()
        follower.join()
    for line in jobs.news() if jobs else ():
        hear(line)


def stop(process: subprocess.Popen, seconds: float) -> None:
    """End a process and its group; kill whatever has not ended so many seconds later."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        os.killpg(process.pid, signal.SIGKILL)
