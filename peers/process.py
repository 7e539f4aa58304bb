"""A peer at work in its own process, as the run sees it."""

import json
import selectors
import subprocess
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 900


class PeerError(RuntimeError):
    """A peer's process ended, gave no answer in time, or is wrong; the message says which."""


class Process:
    """A peer for a number of filters; its first answer says that it is ready."""

    def __init__(self, name: str, filters: int, given: Namespace, folder: Path):
        self.name = name
        self.log = (folder / f"{name}-{filters}.txt").open("w+")
        weights = folder / f"{filters}.npz"
        words = (given.device, name, filters, given.dataset, given.images, weights)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", *map(str, words)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )

    def answer(self) -> dict:
        """The next answer. Raises PeerError where none comes."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            if not ready.select(PATIENCE_SECONDS):
                raise PeerError(f"no answer within {PATIENCE_SECONDS} s")
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.log.seek(0)
        said = self.log.read().strip().splitlines()
        raise PeerError(said[-1] if said else "ended without a word")

    def ask(self, what: str, **more) -> dict:
        """The answer to a request. Raises PeerError where none comes."""
        with suppress(OSError):  # it has ended; `answer` says why
            self.process.stdin.write(json.dumps({"ask": what, **more}) + "\n")
            self.process.stdin.flush()
        return self.answer()

    def end(self) -> None:
        """Stop the process, whatever it does."""
        self.process.kill()
        self.process.communicate()
        self.log.close()
