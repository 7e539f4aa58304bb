"""Time the same training in other libraries, side by side with ours: `python -m peers.run --help`.

Each peer has a process of its own and the whole machine while it runs. It must first show that it
does the same work: `peers.proof`. Then every sample is a pair, our engine and the peer in turns,
each one epoch from the same initial values. The record is written after every round, whole or not
at all, so that a stopped run keeps what it has.
"""

import json
import os
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import numpy as np

from lenet import files
from lenet.hand_in_2017 import SETTING, TIMED_EPOCHS
from lenet.network import data, machine
from lenet.timing import protocol
from lenet.timing.engine import TENSORFLOW, Engine
from peers import options, proof, records, registry, roof, tables
from peers.jax_timing import JAX
from peers.process import PeerError, Process
from peers.worker import some

SEED = 100
PLACE = SETTING["filters"]  # where alone the peers are timed that are not timed everywhere
OTHER_ROUNDS = 3  # of these peers
JOB_LIMIT = 0.005  # largest difference of the errors after it: some five standard errors
REST_SECONDS = 0.5  # threads that spin after their work sleep by then
# That measures the roof. On a GPU TensorFlow's CUDA build is not asked for.
ENGINES: dict[str, Engine] = {"CPU": TENSORFLOW, "GPU": JAX}
Workers = dict[str, Process]


class Run:
    """One run of all peers, and the record that it leaves."""

    def __init__(self, given: Namespace):
        self.given = given
        self.peers = registry.PEERS[given.device]
        self.folder = tempfile.TemporaryDirectory()
        self.engine = ENGINES[given.device]
        settings = {"device": given.device, "tf32": False, "threads": 0, "shards": 1}
        _, threads = self.engine.prepare(settings)
        self.used = {**settings, "threads": threads}
        self.dataset = some(data.load(given.dataset), given.images)
        self.record = {
            "record": "peers",
            "schema": records.SCHEMA,
            "note": "",
            "device": given.device,
            "dataset": self.dataset.name,
            "images": len(self.dataset.train),
            "threads": threads,
            "machine": machine.fingerprint(),
            "kernels": self.engine.kernels(),
            "peers": {},
            "absent": [],
            "proofs": [],
            "samples": [],
            "jobs": [],
            "peak_gflops": 0.0,
            "copy_gbytes": 0.0,
        }

    def write(self) -> None:
        """Write the record as it is."""
        with files.whole(self.given.json) as part:
            part.write_text(json.dumps(self.record, indent=1, allow_nan=False) + "\n")

    def measure_roof(self) -> None:
        """Measure what the machine allows; where it is not idle, that is only lower."""
        on_gpu = self.given.device == "GPU"
        copies = roof.gpu_copy_gbytes() if on_gpu else roof.copy_gbytes(self.used["threads"])
        found = {
            "peak_gflops": protocol.peak_gflops(self.used, self.engine),
            "copy_gbytes": copies,
        }
        for name, value in found.items():
            self.record[name] = max(self.record[name], value)

    def block(self, filters: int) -> None:
        """Prove and time every peer that is timed at this number of filters."""
        able: Workers = {}
        try:
            self.admit_all(filters, able)
            if "ours" in able:
                self.rounds(filters, able)
                self.jobs(filters, able)
        finally:
            for process in able.values():
                process.end()

    def admit_all(self, filters: int, able: Workers) -> None:
        """Start the peers one by one, and put those that prove their work into `able`."""
        weights = initial_values(filters)
        np.savez(Path(self.folder.name) / f"{filters}.npz", *weights)
        within = proof.limits(filters, len(self.dataset.train))
        say(f"{filters} filters: float64 reference")
        right = proof.expected(self.dataset, weights, list(within))
        for name in self.given.peers:
            if not self.peers[name].everywhere and filters != PLACE:
                continue
            if name == "keras-onednn" and tables.onednn_by_itself(self.record):
                say(f"  {self.peers[name].title}: the same here as {self.peers['keras'].title}")
                continue
            process = Process(name, filters, self.given, Path(self.folder.name))
            try:
                self.admit(process, filters, right, within)
            except PeerError as error:
                self.leave_out(process, filters, error)
            else:
                able[name] = process

    def admit(self, process: Process, filters: int, right: dict, within: dict) -> None:
        """Let a peer prove its work and warm up. Raises PeerError where it cannot."""
        name = process.name
        title = self.peers[name].title
        about = self.record["peers"].setdefault(name, {"title": title})
        about.update(process.answer())
        losses = dict(process.ask("prove", steps=list(within))["losses"])
        proofs = proof.compared(losses, right, within)
        for part in proofs:
            self.record["proofs"].append({"peer": name, "filters": filters, **part})
        wrong = [part["steps"] for part in proofs if not part["passed"]]
        if wrong:
            raise PeerError(f"not the same work: its loss is wrong after {wrong[0]} steps")
        process.ask("train")
        largest = max(part["error"] for part in proofs)
        say(f"  {title}: proved, largest error {largest:.1e}")

    def leave_out(self, process: Process, filters: int, error: PeerError) -> None:
        """End a peer, and write down why."""
        process.end()
        gone = {"peer": process.name, "filters": filters, "why": str(error)}
        self.record["absent"].append(gone)
        say(f"  {self.peers[process.name].title}: left out, {error}")

    def pair(self, able: Workers, name: str, number: int, what: str, **more) -> list[dict]:
        """Ask our engine and a peer in turns, our engine first in every other round."""
        turns = ["ours"] if name == "ours" else ["ours", name]
        if number % 2 == 0:
            turns.reverse()
        found = []
        for each in turns:
            time.sleep(REST_SECONDS)
            answer = able[each].ask(what, **more)
            found.append({"peer": each, "round": number, "pair": name, **answer})
        return found

    def rounds(self, filters: int, able: Workers) -> None:
        """Time every peer in pairs; our engine by itself where there is no other."""
        for number in range(1, self.given.rounds + 1):
            if "ours" not in able:
                return
            self.measure_roof()
            before = machine.load()
            others = [name for name in able if name != "ours"]
            for name in others or ["ours"]:
                if not self.peers[name].everywhere and number > OTHER_ROUNDS:
                    continue
                try:
                    samples = self.pair(able, name, number, "train")
                except PeerError as error:
                    self.leave_out(able.pop(name), filters, error)
                    continue
                for sample in samples:
                    about = {"filters": filters, "load_before": before}
                    self.record["samples"].append({**about, **sample})
            self.write()
            loads = f"load {before:.1f} before, {machine.load():.1f} after"
            say(f"  round {number} of {self.given.rounds}, {loads}")
        say(
            "  products {peak_gflops:.0f} GFLOP/s, copies {copy_gbytes:.0f} GB/s".format(
                **self.record
            )
        )

    def jobs(self, filters: int, able: Workers) -> None:
        """Time the whole job of 2017 in both ways; no time where their errors do not agree."""
        for name in set(able) - {"ours", "tf2017"}:
            able.pop(name).end()  # the job needs much memory
        if set(able) != {"ours", "tf2017"}:
            return
        for number in range(1, self.given.jobs + 1):
            try:
                found = self.pair(able, "tf2017", number, "job", epochs=TIMED_EPOCHS)
            except PeerError as error:
                say(f"  whole job of 2017: not timed again, {error}")
                return
            errors = np.array([job["found"][1:] for job in found])
            if np.ptp(errors, axis=0).max() > JOB_LIMIT:
                say(f"  whole job of 2017: not the same work, its errors are {errors.tolist()}")
                return
            for job in found:
                self.record["jobs"].append({"filters": filters, "epochs": TIMED_EPOCHS, **job})
            self.write()
            say(f"  whole job of 2017, {number} of {self.given.jobs}")


def initial_values(filters: int) -> list[np.ndarray]:
    """The weights that every peer starts from."""
    from lenet.network import model

    network = model.build(filters)
    return model.initial_values(network, SETTING["init"], SEED)


def say(text: str) -> None:
    """A line on the terminal, with the time of day."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def main() -> None:
    """Time what the command line says."""
    given = options.arguments()
    # The roof is measured with the kernels of our own engine.
    registry.choose(given.device, registry.PEERS[given.device]["ours"].environment)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        run = Run(given)
        for filters in given.filters:
            run.block(filters)
    except (data.DataError, machine.DeviceError) as error:
        raise SystemExit(f"lenet: {error}") from None
    if not run.record["samples"]:
        raise SystemExit("lenet: our engine could not be timed, so nothing was; there is no record")
    run.write()
    print(tables.told(run.record))


if __name__ == "__main__":
    main()
