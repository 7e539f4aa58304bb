"""Time the same training in other libraries, side by side with this one: `python -m peers.run --help`.

Each peer has a process of its own and the whole machine while it runs. It must first show that it does the same
work: `peers.proof`. Then every sample is a pair, this engine and the peer in turns, each one epoch from the same
initial values. The record is written after every round, whole or not at all, so that a stopped run keeps what it has.
"""

import argparse
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lenet import backends, benchmark, data, files, machine
from lenet import peers as reading
from peers import proof, roof
from peers.worker import PEERS, few

SEED = 100
ROOT = Path(__file__).parents[1]
RECORDS = {device: ROOT / "reports" / "records" / name for device, name in reading.FILES.items()}
FILTERS = {"CPU": [16, 8, 32, 64], "GPU": [16, 8, 32, 64, 128, 256]}
PLACE = 16  # filters at which alone the peers are timed that are not timed everywhere
ROUNDS, OTHER_ROUNDS, JOBS, JOB_EPOCHS = 7, 3, 3, 10
JOB_LIMIT = 0.005  # largest difference of the two errors after it: some five standard errors of the images
REST_SECONDS = 0.5  # threads that spin after their work sleep by then
PATIENCE_SECONDS = 900
BACKEND = {"CPU": "tensorflow", "GPU": "jax"}  # that measures the roof; TensorFlow's CUDA build is not asked for
ENVIRONMENT = {
    # Processor only, whatever graphics card there is.
    "CPU": {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"},
    # Single precision in every library; and several processes share the memory.
    "GPU": {"NVIDIA_TF32_OVERRIDE": "0", "JAX_DEFAULT_MATMUL_PRECISION": "highest",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
}  # fmt: skip


class PeerError(RuntimeError):
    """A peer's process ended, gave no answer in time, or is wrong; the message says which."""


class Process:
    """A peer at work in its own process."""

    def __init__(self, name: str, filters: int, given, folder: Path):
        self.name, self.log = name, (folder / f"{name}-{filters}.txt").open("w+")
        asked = [given.device, name, filters, given.dataset, given.images, folder / f"{filters}.npz"]
        command = [sys.executable, "-m", "peers.worker", *map(str, asked)]
        environment = os.environ | PEERS[given.device][name].environment
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)

    def answer(self) -> dict:
        """The next answer. Raises PeerError where none comes."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            if not ready.select(PATIENCE_SECONDS):
                raise PeerError(f"no answer within {PATIENCE_SECONDS} s")
        if line := self.process.stdout.readline():
            return json.loads(line)
        self.log.seek(0)
        raise PeerError((self.log.read().strip().splitlines() or ["ended without a word"])[-1])

    def ask(self, what: str, **more) -> dict:
        try:
            self.process.stdin.write(json.dumps({"ask": what, **more}) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended; `answer` says why
        return self.answer()

    def end(self):
        self.process.kill()
        self.process.communicate()
        self.log.close()


class Run:
    """One run of all peers, and the record that it leaves."""

    def __init__(self, given):
        self.given, self.folder, self.peers = given, tempfile.TemporaryDirectory(), PEERS[given.device]
        self.used = {"backend": BACKEND[given.device], "device": given.device, "tf32": False, "threads": 0, "shards": 0}
        self.used["threads"] = backends.prepare(self.used)[1]
        self.dataset = few(data.load(given.dataset), given.images)
        self.record = {
            "record": "peers", "schema": reading.SCHEMA, "device": given.device, "dataset": self.dataset.name,
            "images": len(self.dataset.train), "threads": self.used["threads"],
            "machine": machine.fingerprint(), "peers": {}, "absent": [], "proofs": [], "samples": [], "jobs": [],
            "peak_gflops": 0.0, "copy_gbytes": 0.0,
        }  # fmt: skip

    def look_up(self):
        """Measure the roof, before each round: a machine that is not idle only lowers it."""
        on_gpu = self.given.device == "GPU"
        copies = roof.gpu_copy_gbytes() if on_gpu else roof.copy_gbytes(self.used["threads"])
        for name, found in {"peak_gflops": benchmark.peak_gflops(self.used), "copy_gbytes": copies}.items():
            self.record[name] = max(self.record[name], found)

    def write(self):
        with files.whole(self.given.json) as part:
            part.write_text(json.dumps(self.record, indent=1, allow_nan=False) + "\n")

    def block(self, filters: int):
        """Prove and time every peer that is timed at this number of filters."""
        from lenet import model

        folder = Path(self.folder.name)
        weights = model.initial_values(filters, "linear", "normal", SEED)
        np.savez(folder / f"{filters}.npz", *weights)
        within = proof.limits(filters, len(self.dataset.train))
        say(f"{filters} filters: float64 reference")
        right = proof.expected(self.dataset, weights, within)
        names = [name for name in self.given.peers if self.peers[name].everywhere or filters == PLACE]
        able = {}
        try:
            for name in names:
                self.admit(name, filters, right, within, able, folder)
            if "ours" in able:
                self.rounds(filters, able)
                for name in set(able) - {"ours", "tf2017"}:
                    able.pop(name).end()  # the job of 2017 needs much memory
                if set(able) == {"ours", "tf2017"}:
                    try:
                        self.jobs(filters, able)
                    except PeerError as error:
                        say(f"  whole job of 2017: not timed again, {error}")
        finally:
            for process in able.values():
                process.end()

    def admit(self, name, filters, right, within, able, folder):
        """Start a peer and let it prove its work and warm up; one that cannot is left out, and the record says why."""
        process = Process(name, filters, self.given, folder)
        about = self.record["peers"].setdefault(name, {"title": self.peers[name].title})
        try:
            about |= process.answer()
            losses = dict(process.ask("prove", steps=list(within))["losses"])
            proofs = proof.compared(losses, right, within)
            self.record["proofs"] += [{"peer": name, "filters": filters, **part} for part in proofs]
            if wrong := [part["steps"] for part in proofs if not part["passed"]]:
                raise PeerError(f"not the same work: its loss is wrong after {wrong[0]} steps")
            process.ask("train")
        except PeerError as error:
            self.leave_out(process, filters, error)
            return
        able[name] = process
        say(f"  {self.peers[name].title}: proved, largest error {max(part['error'] for part in proofs):.1e}")

    def leave_out(self, process, filters, error):
        process.end()
        self.record["absent"].append({"peer": process.name, "filters": filters, "why": str(error)})
        say(f"  {self.peers[process.name].title}: left out, {error}")

    def pair(self, able, name, number, what, **more) -> list[dict]:
        """Ask this engine and a peer in turns, this engine first in every other round."""
        found = []
        for each in list(dict.fromkeys(["ours", name]))[:: 1 if number % 2 else -1]:
            time.sleep(REST_SECONDS)
            found.append({"peer": each, "round": number, "pair": name, **able[each].ask(what, **more)})
        return found

    def rounds(self, filters, able):
        for number in range(1, self.given.rounds + 1):
            self.look_up()
            before = machine.load()
            for name in [name for name in able if name != "ours"] or [*able]:
                if self.peers[name].everywhere or number <= OTHER_ROUNDS:
                    try:
                        about = {"filters": filters, "load_before": before}
                        self.record["samples"] += [about | one for one in self.pair(able, name, number, "train")]
                    except PeerError as error:
                        self.leave_out(able.pop(name), filters, error)
            self.write()
            say(f"  round {number} of {self.given.rounds}, load {before:.1f} before, {machine.load():.1f} after")
        say("  float32 products {peak_gflops:.0f} GFLOP/s, copies {copy_gbytes:.0f} GB/s".format(**self.record))

    def jobs(self, filters, able):
        """Time the whole job of 2017 in both ways, in pairs; without a time where their errors do not agree."""
        for number in range(1, self.given.jobs + 1):
            found = self.pair(able, "tf2017", number, "job", epochs=JOB_EPOCHS)
            one, other = (np.array(job["found"][1:]) for job in found)
            if np.abs(one - other).max() > JOB_LIMIT:
                say(f"  whole job of 2017: not the same work, its errors are {one} and {other}")
                return
            self.record["jobs"] += [{"filters": filters, "epochs": JOB_EPOCHS, **job} for job in found]
            self.write()
            say(f"  whole job of 2017, {number} of {self.given.jobs}")


def say(text: str):
    print(time.strftime("%H:%M:%S"), text, flush=True)


def told(record: dict) -> str:
    """The tables of a record in Markdown."""

    def grid(frame):
        lines = [frame.columns, ["-"] * len(frame.columns), *frame.itertuples(index=False)]
        return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)

    proofs = reading.proofs(record).map(lambda cell: f"{cell:.0e}" if isinstance(cell, float) else cell)
    parts = [grid(reading.shown(record)), "Relative difference of the loss from float64 NumPy's:", grid(proofs)]
    if record["jobs"]:
        parts += ["Whole job of 2017 (s):", grid(reading.job(record).round(2))]
    return "\n\n".join(parts)


def several(text: str, kind) -> list:
    return [kind(part) for part in text.split(",")]


def arguments(given=None) -> argparse.Namespace:
    """The command line; a wrong value ends the program with the rule that it breaks."""
    parser = argparse.ArgumentParser(prog="python -m peers.run", description=__doc__.split("\n")[0])
    names = "; ".join(f"{device}: {','.join(peers)}" for device, peers in PEERS.items())
    parser.add_argument("--device", default="CPU", choices=PEERS, help="where everything runs (CPU)")
    parser.add_argument("--filters", type=lambda text: several(text, int), help=f"8,16 (all of {FILTERS})")
    parser.add_argument("--peers", type=lambda text: several(text, str), help=names)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"pairs of each peer ({ROUNDS})")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"pairs of the whole job of 2017 ({JOBS})")
    parser.add_argument("--images", type=int, default=0, help="train on the first so many alone, to try the program")
    parser.add_argument("--dataset", default="mnist", choices=("mnist", "digits"), help="(mnist)")
    parser.add_argument("--json", type=Path, help="where the record goes (reports/records/peers[-gpu].json)")
    given = parser.parse_args(given)
    known, filters, record = list(PEERS[given.device]), FILTERS[given.device], RECORDS[given.device]
    given.peers = list(dict.fromkeys(["ours", *(known if given.peers is None else given.peers)]))
    given.filters = list(dict.fromkeys(filters if given.filters is None else given.filters))
    given.json = given.json or record
    whole = set(given.peers) == set(known) and set(given.filters) == set(filters)
    rules = {
        f"--peers: {set(given.peers) - set(known)}; must be among {', '.join(known)}": set(given.peers) <= set(known),
        f"--filters = {given.filters}: each must be 1 to 256": all(1 <= filters <= 256 for filters in given.filters),
        f"--rounds = {given.rounds}: must be at least 1": given.rounds >= 1,
        f"--jobs = {given.jobs}: must be at least 0": given.jobs >= 0,
        f"--images = {given.images}: must be at least {proof.rows(2)}, or 0 for all": given.images == 0
        or given.images >= proof.rows(2),
        "--json: must be named for a part of the peers, filters or images; the record has all":
        given.json != record or (whole and given.images == 0 and given.dataset == "mnist"),
    }  # fmt: skip
    for rule, kept in rules.items():
        if not kept:
            parser.error(rule)
    return given


def main():
    given = arguments()
    os.environ.update(ENVIRONMENT[given.device] | {"KERAS_BACKEND": BACKEND[given.device], "TF_CPP_MIN_LOG_LEVEL": "3"})
    try:
        run = Run(given)
        for filters in given.filters:
            run.block(filters)
    except (data.DataError, machine.DeviceError) as error:
        raise SystemExit(f"lenet: {error}") from None
    if not run.record["samples"]:
        raise SystemExit("lenet: this engine could not be timed, and so nothing was; no record is written")
    run.write()
    print(told(run.record))


if __name__ == "__main__":
    main()
