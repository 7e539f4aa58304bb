"""One peer in a process of its own.

    python -m peers.worker DEVICE PEER FILTERS DATASET IMAGES WEIGHTS

It answers a line of JSON for each line of JSON on standard input, and else waits. Requests:
{"ask": "prove", "steps": [...]}, {"ask": "train"}, {"ask": "job", "epochs": n}; each starts from
the initial values in the file WEIGHTS.
"""

import json
import os
import sys
import time
from importlib import import_module, metadata

import numpy as np
import psutil

from lenet.network import data, kernels
from peers import proof, registry


def some(dataset: data.Dataset, images: int) -> data.Dataset:
    """The data set with the first `images` training images; 0 keeps them all."""
    return dataset.first_training_images(images or len(dataset.train))


def busy_seconds() -> float:
    """Processor seconds that the whole machine has spent, and those that a hypervisor kept."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0)
    counted_twice = getattr(times, "guest", 0)
    return sum(times) - idle - counted_twice


class Worker:
    """Answers requests about one peer."""

    def __init__(self, device: str, name: str, filters: str, dataset: str, images: str, path: str):
        peer = registry.PEERS[device][name]
        registry.choose(device, peer.environment)
        self.dataset = some(data.load(dataset), int(images))
        with np.load(path) as file:
            self.weights = [file[key] for key in file.files]
        module, engine = peer.engine.split(":")
        build = getattr(import_module(f"peers.{module}"), engine)
        self.engine = build(self.dataset, int(filters))
        self.ready = {"threads": self.engine.threads, "version": metadata.version(peer.package)}
        if peer.package in ("tensorflow", "keras"):
            self.ready["onednn"] = kernels.onednn()

    def prove(self, steps: list[int]) -> dict:
        """The losses after so many steps."""
        losses = proof.found(self.engine, self.dataset, self.weights, steps)
        return {"losses": list(losses.items())}

    def train(self) -> dict:
        """Train once on every image, from values at rest to values at rest, on the clock.

        A peer that has set-up of its own before an epoch tells the epoch's seconds itself.
        `others_share` is what other processes took of the cores meanwhile.
        """
        self.engine.set(self.weights)
        busy = busy_seconds()
        own = time.process_time()
        start = time.perf_counter()
        told = self.engine.train(len(self.dataset.train))
        seconds = time.perf_counter() - start
        others = busy_seconds() - busy - (time.process_time() - own)
        finite = [np.isfinite(weight).all() for weight in self.engine.get()]
        return {
            "seconds": told or seconds,
            "others_share": max(0.0, others) / seconds / psutil.cpu_count(),
            "finite": bool(all(finite)),
        }

    def job(self, epochs: int) -> dict:
        """The whole job of 2017."""
        seconds, found = self.engine.job(self.weights, epochs)
        return {"seconds": seconds, "found": found}


def serve(arguments: list[str]) -> None:
    """Answer until the input ends."""
    # Libraries may print: their words go to standard error, answers to what was standard output.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(*arguments)
    answers.write(json.dumps(worker.ready) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("ask"))
        answers.write(json.dumps(answer(**request)) + "\n")


if __name__ == "__main__":
    serve(sys.argv[1:])
