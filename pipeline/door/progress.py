"""How far the workflow is, told on the terminal."""

import os
import re
import time

from lenet.plan.studies import Run
from pipeline.door import estimate

SURE_FROM = 2  # finished runs; with fewer the time left is a mere guess
NAMED = 8  # of more runs at once the others are counted


def say(line: str) -> None:
    """Print a line at once. Where the terminal is gone, as after a broken pipe, nobody is told."""
    try:
        print(line, flush=True)
    except OSError:
        # What is still to be written must not fail again, at the latest when this process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def named(names: list[str]) -> str:
    """These names in a line, where they are many the first of them.

    >>> named(list("abcdefghij"))
    'a, b, c, d, e, f, g, h and 2 more'
    """
    line = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return f"{line} and {more} more" if more > 0 else line


class Progress:
    """Tells how many of these runs are done, and how long the others will take.

    `images` make an epoch, and `cores` runs share the machine; in a preview all of them do. On a
    cluster, `apart`, none do: the time left is that of as many side by side as run now.
    """

    def __init__(
        self, runs: list[Run], images: int, cores: int, preview: bool, apart: bool = False
    ):
        self.cores = cores
        self.apart = apart
        self.share = {}
        for run in runs:
            by_itself = apart or (run.alone and not preview)
            self.share[run.name] = 1 if by_itself else cores
        self.guesses = {run.name: estimate.guess(run, images, self.share[run.name]) for run in runs}
        self.started: dict[str, float] = {}
        self.taken: dict[str, float] = {}

    def hear(self, line: str) -> None:
        """Take in a line of a run, and tell of it.

        What Snakemake prints at the same time may stand before it in the same line.
        """
        match = re.search(r"lenet: (started|done|failed) (\S+?)(:? .*)?$", line)
        if not match:
            return
        event, name, rest = match.groups()
        if event == "started":
            self.started[name] = time.monotonic()
        elif event == "done" and name in self.guesses:
            # Where its start was not heard, the guess must do.
            known = name in self.started
            self.taken[name] = self.seconds(name) if known else self.guesses[name]
        if event != "started":
            self.started.pop(name, None)
        if (event, name) == ("done", "draft"):
            count = len(self.guesses) - len(self.taken)
            rest = f": reports/draft/report.html can be read now; {count} runs are still to come"
        self.tell(f"{event} {name}{rest or ''}")

    def seconds(self, name: str) -> float:
        """What a run that was started has taken so far, in seconds of the whole machine."""
        return (time.monotonic() - self.started[name]) / self.share.get(name, 1)

    def tell(self, event: str = "", waiting: str = "") -> None:
        """Print how many runs are done, the time left, and `event` or what runs, and waits, now."""
        running = {name: self.seconds(name) for name in list(self.started)}
        left = estimate.seconds_left(self.guesses, self.taken, running)
        if self.apart:
            left /= max(len(running), 1)
        about = "about" if len(self.taken) >= SURE_FROM else "perhaps"
        minutes = max(round(left / 60), 1)
        counts = f"{len(self.taken)}/{len(self.guesses)} runs"
        event = event or f"running {named(list(running)) or 'the workflow'}{waiting}"
        say(f"[{counts}, {about} {minutes} min left] {event}")
