"""One peer in a process of its own: `python -m peers.worker DEVICE PEER FILTERS DATASET IMAGES WEIGHTS`.

It answers a line of JSON for each line of JSON on standard input, and else waits. Requests: {"ask": "prove", "steps":
[...]}, {"ask": "train"}, {"ask": "job", "epochs": n}; a request starts from the initial values in the file WEIGHTS.
"""

import json
import os
import sys
import time
from importlib import import_module, metadata
from typing import NamedTuple

import numpy as np
import psutil

from lenet import data
from peers import proof


class Peer(NamedTuple):
    """What a peer is called, the class that does the work, a package whose version tells it, and where it is timed."""

    title: str
    engine: str
    package: str
    everywhere: bool = False  # at every number of filters, or at 16 alone
    environment: dict = {}


JAX = {"KERAS_BACKEND": "jax"}
PEERS = {
    "CPU": {
        "ours": Peer("ours", "ours:Ours", "tensorflow", True),
        "keras": Peer("Keras fit, defaults", "keras_fit:Defaults", "keras", True),
        "torch": Peer("PyTorch, channels last", "pytorch:Eager", "torch", True),
        "tf2017": Peer("the 2017 way", "tensorflow_2017:Session", "tensorflow"),
        "keras-tuned": Peer("Keras fit, tuned", "keras_fit:Tuned", "keras"),
        "keras-jax": Peer("Keras fit on JAX", "keras_fit:Defaults", "jax", environment=JAX),
        "jax": Peer("JAX, compiled step", "jax_plain:Plain", "jax"),
        "torch-compiled": Peer("PyTorch, compiled", "pytorch:Compiled", "torch"),
    },
    "GPU": {
        "ours": Peer("ours, on JAX", "ours_jax:Ours", "jax", True, JAX),
        "keras-jax": Peer("Keras fit on JAX", "keras_fit:Defaults", "jax", True, JAX),
        "torch": Peer("PyTorch, channels last", "pytorch:EagerOnGpu", "torch", True),
        "torch-compiled": Peer("PyTorch, CUDA graphs", "pytorch:GraphsOnGpu", "torch", True),
    },
}


def few(dataset: data.Dataset, images: int) -> data.Dataset:
    """The data set with the first `images` training images; 0 keeps them all."""
    return dataset._replace(train=data.Images(*(part[: images or None] for part in dataset.train)))


def busy_seconds() -> float:
    """Processor seconds that the whole machine has spent, and that a hypervisor has kept from it."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0) - getattr(times, "guest", 0)


class Worker:
    """Answers requests about one peer."""

    def __init__(self, device, name, filters, dataset, images, weights):
        peer = PEERS[device][name]
        module, engine = peer.engine.split(":")
        self.dataset = few(data.load(dataset), int(images))
        with np.load(weights) as file:
            self.weights = [file[key] for key in file.files]
        self.engine = getattr(import_module(f"peers.{module}"), engine)(self.dataset, int(filters))
        self.ready = {"threads": self.engine.threads, "version": metadata.version(peer.package)}

    def prove(self, steps):
        return {"losses": list(proof.found(self.engine, self.dataset, self.weights, steps).items())}

    def train(self):
        """Train once on every image; the values are at rest before the clock starts and when it stops.

        A peer that has set-up of its own before an epoch tells the epoch's seconds itself. `others_share` is what
        other processes took of the cores meanwhile.
        """
        self.engine.set(self.weights)
        busy, own, start = busy_seconds(), time.process_time(), time.perf_counter()
        told = self.engine.train(len(self.dataset.train))
        seconds, own = time.perf_counter() - start, time.process_time() - own
        others = max(0.0, busy_seconds() - busy - own) / seconds / psutil.cpu_count()
        finite = all(np.isfinite(weight).all() for weight in self.engine.get())
        return {"seconds": told or seconds, "others_share": others, "finite": bool(finite)}

    def job(self, epochs):
        seconds, found = self.engine.job(self.weights, epochs)
        return {"seconds": seconds, "found": found}


def serve(arguments):
    # Libraries may print: their words go to standard error, the answers to what was standard output.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(*arguments)
    answers.write(json.dumps(worker.ready) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(getattr(worker, request.pop("ask"))(**request)) + "\n")


if __name__ == "__main__":
    serve(sys.argv[1:])
