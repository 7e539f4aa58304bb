"""The timing protocol: a warm-up that does not count, each part apart, every sample kept."""

import hashlib
import json
import re
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lenet import hand_in_2017
from lenet.network import data, layers, machine
from lenet.network.evaluation import EVALUATION_BATCH
from lenet.plan import sources
from lenet.timing.engine import TENSORFLOW, Engine, Settings

SCHEMA = 2
WARMUP_STEPS = 100
MATRIX_SIDE = 3072
PRODUCTS = 4  # the first warms up
SETUP = ("import", "build", "trace")
PARTS = ("epoch", "training_evaluation", "validation")
Record = dict
Samples = dict[str, list[float]]  # seconds of each part of the work


class Clock:
    """Seconds of each part of the work, every sample; `bar` shows which part is timed."""

    def __init__(self, bar: Any = None):
        self.samples: Samples = defaultdict(list)
        self.bar = bar

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Add the seconds that the block takes to the samples of a part."""
        if self.bar is not None:
            self.bar.set_description(part.replace("_", " "))
        start = time.perf_counter()
        yield
        self.samples[part].append(time.perf_counter() - start)
        if self.bar is not None:
            self.bar.update()


def samples_of(settings: Settings) -> int:
    """How many samples `measure` takes, for a bar: two an epoch, and those taken once."""
    return 2 * settings["epochs"] + len([*SETUP, "warmup", "training_evaluation"]) + PRODUCTS


def measure(settings: Settings, engine: Engine = TENSORFLOW, bar: Any = None) -> Record:
    """The timing record of one network, plain values only.

    `settings` are those of the benchmark notebook; `bar`, of tqdm, shows what is timed. Fields:

    - record, schema, engine, note, the settings (threads: as used), dataset, data_sha256
    - epoch_seconds (training alone) and validation_seconds, a sample an epoch;
      training_evaluation_seconds, one sample, of one evaluation of the training images
    - warmup_seconds, setup_parts_seconds (import, build, trace), wall_2017_seconds
    - parameters, flops_per_epoch, gflops, peak_gflops, finite
    - peak_memory_bytes of the process, gpu_peak_memory_bytes (None where unknown)
    - load_before, load_after, machine, versions, kernels, sources, finished
    - sha256 of all the others

    Raises DataError, and what the engine's `prepare` raises.
    """
    clock = Clock(bar)
    load_before = machine.load()
    with clock("import"):
        trainer_class, threads = engine.prepare(settings)
    used = {**settings, "threads": threads}
    with clock("build"):
        images = data.load(settings["dataset"])
        trainer = trainer_class.of(images, used)
    with clock("trace"):
        trainer.trace()
    with clock("warmup"):
        warm_up(trainer, settings)
    finite = time_epochs(trainer, settings, clock)
    samples = clock.samples
    record = {
        "record": "benchmark",
        "schema": SCHEMA,
        "engine": engine.name,
        "note": trainer.note,
        **used,
        "dataset": images.name,
        "data_sha256": images.digest,
        **times(samples),
        "finite": finite,
        # Before the matrix products, which need memory of their own.
        "peak_memory_bytes": peak_memory_bytes(),
        "gpu_peak_memory_bytes": engine.peak_gpu_memory_bytes(used),
        **rates(settings["filters"], len(images.train), samples["epoch"]),
        "peak_gflops": peak_gflops(used, engine, bar),
        "load_before": load_before,
        "load_after": machine.load(),
        "machine": machine.fingerprint(),
        "versions": machine.versions(),
        "kernels": engine.kernels(),
        "sources": sources.digest("benchmark"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return {**record, "sha256": digest(record)}


def warm_up(trainer: Any, settings: Settings) -> None:
    """Run each program before it is timed, then start afresh.

    The first call of a program pays for its optimisation, for the kernels of each shape and for
    memory. All steps of an epoch are alike, so some of them with its short last batch pay for all
    of that; the rest of an epoch would add nothing but time.
    """
    order = trainer.order(settings["seed"], 1)
    size = settings["batch_size"]
    trainer.epoch(order[: WARMUP_STEPS * size + len(order) % size])
    if settings["device"] == "GPU" or len(order) % EVALUATION_BATCH:
        # A GPU has a program for each set, and a short last batch one of its own. Else all that
        # the training images need is run by validation.
        trainer.evaluate(trainer.train_set)
    trainer.evaluate(trainer.validation_set)
    trainer.reset(settings["seed"])


def time_epochs(trainer: Any, settings: Settings, clock: Clock) -> bool:
    """Train and validate every epoch on the clock; whether all losses were finite comes back.

    The training images are evaluated after the last epoch alone: that takes as long after any
    other, and twice after each would be most of the time.
    """
    losses = []
    for epoch in range(1, settings["epochs"] + 1):
        order = trainer.order(settings["seed"], epoch)
        with clock("epoch"):
            losses.append(trainer.epoch(order))
        with clock("validation"):
            trainer.evaluate(trainer.validation_set)
    with clock("training_evaluation"):
        trainer.evaluate(trainer.train_set)
    return bool(np.isfinite(losses).all())


def times(samples: Samples) -> Record:
    """What a record says of the clock."""
    return {
        **{f"{part}_seconds": samples[part] for part in PARTS},
        "warmup_seconds": samples["warmup"][0],
        "setup_parts_seconds": {part: samples[part][0] for part in SETUP},
        "wall_2017_seconds": wall_2017_seconds(samples),
    }


def wall_2017_seconds(samples: Samples) -> float:
    """The whole job as 2017 timed it: building, and ten epochs with their evaluations.

    After each epoch came training loss, training error and validation error, so the training images
    were evaluated twice. From medians, so that records of any number of epochs compare.

    >>> seconds = {"epoch": [4.0, 2.0, 3.0], "training_evaluation": [1.0], "validation": [0.5]}
    >>> wall_2017_seconds({"build": [0.25], "trace": [0.25], **seconds})
    55.5
    """
    seconds = {part: median(samples[part]) for part in PARTS}
    an_epoch = seconds["epoch"] + 2 * seconds["training_evaluation"] + seconds["validation"]
    building = samples["build"][0] + samples["trace"][0]
    return building + hand_in_2017.TIMED_EPOCHS * an_epoch


def rates(filters: int, images: int, epoch_seconds: list[float]) -> Record:
    """Sizes of the work, and the rate at which the median epoch does it."""
    work = layers.training_flops(filters, images)
    return {
        "parameters": layers.parameters(filters),
        "flops_per_epoch": work,
        "gflops": work / median(epoch_seconds) / 1e9,
    }


def peak_gflops(used: Settings, engine: Engine, bar: Any = None) -> float:
    """The device's rate in the training's precision: the best of some large matrix products."""
    shape = (used["threads"], MATRIX_SIDE, MATRIX_SIDE)
    matrices = np.random.default_rng(0).random(shape, np.float32)
    multiply = engine.products(matrices, used)
    clock = Clock(bar)
    for _ in range(PRODUCTS):
        with clock("products"):
            multiply()
    work = 2 * matrices.size * MATRIX_SIDE
    return work / min(clock.samples["products"]) / 1e9


def peak_memory_bytes() -> int:
    """The most memory that this program ever had resident."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux's ru_maxrss would begin with that of the process which started this one.
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if peak:
            return int(peak[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def digest(record: Record) -> str:
    """SHA-256 of a record without its own field `sha256`, so that a change shows.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1, "sha256": "any"})
    True
    """
    content = {name: value for name, value in record.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
