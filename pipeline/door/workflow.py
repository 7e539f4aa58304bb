"""Snakemake in a process group of its own: started, heard, and ended with the door."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from pipeline.door.progress import Progress

HEARTBEAT_SECONDS = 20
# Measured: a run of TensorFlow on MNIST peaks at 1.7 GB.
RUN_BYTES = 2 * 10**9
STOP_SECONDS = 15
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A person's profile of Snakemake, and what bash reads before each command.
OF_THE_PERSON = ("SNAKEMAKE_", "BASH_ENV")


def surroundings() -> dict[str, str]:
    """The environment of what the door starts: the person's, without what would change it."""
    known = os.environ.items()
    kept = {name: value for name, value in known if not name.startswith(OF_THE_PERSON)}
    # Snakemake keeps files there, and a home need not be writable.
    return {**kept, "XDG_CACHE_HOME": str(Path(".snakemake").absolute())}


def listen() -> None:
    """From now on a signal raises KeyboardInterrupt with its name."""
    for number in SIGNALS:
        # What the caller ignores, as nohup does, stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def interrupt(number: int, _: object) -> NoReturn:
    raise KeyboardInterrupt(signal.Signals(number).name)


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


def run(config: dict[str, bool], more: list[str], log: Path, progress: Progress) -> int:
    """Run Snakemake, keep what it prints in a log, let `progress` hear it; its exit status.

    `config` is for the Snakefile, `more` are other arguments.
    """
    settings = [f"{name}={value}" for name, value in config.items()]
    cores = str(progress.cores)
    ended = threading.Event()
    threading.Thread(target=beat, args=(progress, ended), daemon=True).start()
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", cores, *more, "--config", *settings],
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
        with log.open("w", encoding="utf-8") as file:
            for line in process.stdout or ():
                file.write(line)
                file.flush()
                progress.hear(line)
        return process.wait()
    except KeyboardInterrupt:
        stop(process)
        raise
    finally:
        ended.set()


def beat(progress: Progress, ended: threading.Event) -> None:
    """Tell how far it is every 20 s, until it has ended."""
    while not ended.wait(HEARTBEAT_SECONDS):
        progress.tell()


def stop(process: subprocess.Popen) -> None:
    """End a process and its group; kill whatever has not ended some seconds later."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
