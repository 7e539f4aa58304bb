"""The jobs of a workflow in SLURM: what they print, what they wait for, how they end.

On one machine a run's lines reach the terminal through Snakemake. On a cluster they stand in the
log of its job, which is read here; and what SLURM ended says nothing itself, so that it is told.
"""

import re
import shutil
import subprocess
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from lenet.plan.studies import Run
from pipeline.door.progress import say

COMMAND_SECONDS = 60
CANCEL_SECONDS = 60
MISSING = "SLURM's commands are not here (no {}): start this where jobs are handed in"
WORKFLOW = re.compile(r"SLURM run ID: (\S+)")
SUBMITTED = re.compile(r"Job \d+ has been submitted with SLURM jobid (\d+) \(log: (.+)\)\.")
RULE = re.compile(r"Error in rule (\w+):")
REASON = re.compile(r"    message: (.+)")
ENDED = re.compile(r"SLURM-job '(\d+)' failed.*SLURM status is: '(\w+)'")
OWN_LINE = re.compile(r"lenet: (started|done|failed) ([^\s:]+)")


class ClusterError(RuntimeError):
    """SLURM did not do what it was asked; the message says what it answered."""


def ask(*words: str) -> str:
    """What a command of SLURM prints. Raises ClusterError where it fails or does not answer."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    except FileNotFoundError:
        raise ClusterError(MISSING.format(words[0])) from None
    except subprocess.TimeoutExpired:
        raise ClusterError(f"SLURM does not answer: {words[0]}: {COMMAND_SECONDS} s") from None
    if done.returncode:
        raise ClusterError(f"SLURM does not answer: {last_line(done.stderr)}")
    return done.stdout


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was printed"


def check() -> None:
    """Raise ClusterError where no job can be handed in from here."""
    if not find_spec("snakemake_executor_plugin_slurm"):
        raise ClusterError("requirements-slurm.txt is not installed: make PROFILE=... does that")
    ask("sinfo", "--noheader")


def cancel(name: str) -> int:
    """Cancel the jobs of that name, and wait until they have ended; how many there were.

    Raises ClusterError where SLURM does not answer, or some have not ended a minute later.
    """
    listed = ("squeue", "--noheader", f"--name={name}", "--format=%i")
    count = len(ask(*listed).split())
    end = time.monotonic() + CANCEL_SECONDS
    while ask(*listed).split():
        if time.monotonic() > end:
            raise ClusterError(f"jobs of the name {name} have not ended: scancel --name={name}")
        ask("scancel", f"--name={name}")
        time.sleep(1)
    return count


def cancel_left(kept: Path) -> int:
    """Cancel what a call that was ended abruptly has left; how many jobs. Raises ClusterError."""
    # Who brings a folder to a machine without SLURM has no jobs here.
    if not kept.exists() or not shutil.which("squeue"):
        return 0
    count = cancel(kept.read_text(encoding="utf-8").strip())
    kept.unlink()
    return count


class Jobs:
    """Listens to Snakemake and to its jobs, whose common name in SLURM is kept in a file."""

    def __init__(self, runs: list[Run], kept: Path):
        self.names = {run.rule: run.name for run in runs}
        self.kept = kept
        self.workflow = ""
        self.rule = ""
        self.logs: dict[str, Path] = {}
        self.read: Counter[str] = Counter()
        self.concluded: set[str] = set()
        self.reasons: dict[str, str] = {}

    def hear(self, line: str) -> None:
        """Take in a line of Snakemake."""
        if found := WORKFLOW.search(line):
            self.workflow = found[1]
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            self.kept.write_text(self.workflow, encoding="utf-8")
        elif found := SUBMITTED.match(line):
            self.logs[found[1]] = Path(found[2])
        elif found := RULE.match(line):
            self.rule = found[1]
        elif (found := REASON.match(line)) and self.rule in self.names:
            self.reasons.setdefault(self.names[self.rule], found[1])
            self.rule = ""

    def news(self) -> list[str]:
        """What the runs' own lines have said since, and of a run that ended without one, why."""
        told = []
        for job, path in list(self.logs.items()):
            told += self.lines(job, path)
        for name, reason in list(self.reasons.items()):
            if name not in self.concluded:
                told.append(f"lenet: failed {name}: {self.explained(reason)}\n")
                self.concluded.add(name)
        return told

    def lines(self, job: str, path: Path) -> list[str]:
        """The whole lines of a run in the log of its job that were not read before."""
        try:
            with path.open("rb") as log:
                log.seek(self.read[job])
                text = log.read()
        except OSError:  # not there yet, or not seen here yet
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self.read[job] += len(whole)
        found = []
        for line in whole.decode(errors="replace").splitlines(keepends=True):
            if own := OWN_LINE.search(line):
                found.append(line)
                if own[1] != "started":
                    self.concluded.add(own[2])
                if own[1] == "done":
                    path.unlink(missing_ok=True)
                    del self.logs[job]
        return found

    def explained(self, reason: str) -> str:
        """Why a run ended that did not say it itself; with its job's last line where there is one.

        `reason` is Snakemake's message.
        """
        if found := ENDED.search(reason):
            job, state = found.groups()
            path = self.logs.get(job, self.kept.parent)
            try:
                said = complaint(path.read_text(encoding="utf-8", errors="replace"))
            except OSError:
                said = "its log is not seen here"
            return f"SLURM ended its job {job} as {state} ({said}); see {path}"
        if "output files are missing" in reason:
            return "its job has ended, and its files are not seen here: raise latency-wait"
        return reason.rstrip()

    def waiting(self) -> str:
        """How many jobs wait in the queue, and for what, in words; "" where none waits."""
        if not self.workflow:
            return ""
        asked = (f"--name={self.workflow}", "--states=PENDING", "--format=%r")
        try:
            reasons = Counter(ask("squeue", "--noheader", *asked).splitlines())
        except ClusterError as error:
            return f"; {error}"
        if not reasons:
            return ""
        words = [f"{count} ({reason})" for reason, count in reasons.most_common()]
        return f"; jobs wait in SLURM's queue: {', '.join(words)}"

    def end(self) -> None:
        """Cancel every job that has not ended; where that fails, the next call does it."""
        try:
            cancel_left(self.kept)
        except ClusterError as error:
            say(f"lenet: {error}; the next call cancels what is left")


def complaint(log: str) -> str:
    """The line of a job's log that tells most likely why it ended.

    >>> complaint("Building DAG\\nslurmstepd: error: *** JOB 3 CANCELLED ***\\nShutting down\\n")
    'slurmstepd: error: *** JOB 3 CANCELLED ***'
    """
    lines = log.splitlines()
    for line in lines:
        if re.search(r"slurmstepd: error|srun: error|not found|No such file|Errno", line):
            return line.strip()
    return last_line(log)
