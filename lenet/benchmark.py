"""The timing protocol: an uncounted warm-up, every sample kept, set-up and evaluation timed apart.

python -m lenet.benchmark --device CPU --filters 16 --epochs 3 --json record.json

With `--backend jax` it needs Keras, JAX and NumPy alone, so what else the project has is imported where it is used.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lenet import arithmetic, backends, data, files, machine, params

SCHEMA = 1
MATRIX_SIDE = 3072
TRIAL_STEPS, TRIALS = 100, 3  # of each number of shards, after an uncounted call
WORDS = {"True": True, "False": False}
PARTS = ("epoch", "training_evaluation", "validation")
DEFAULTS = {
    "lr": 0.1, "epochs": 3, "filters": 16, "batch_size": 64, "shuffle": False, "head": "linear", "init": "normal",
    "dataset": "auto", "device": "CPU", "threads": 0, "shards": 0, "seed": 100, "round": 1, "backend": "tensorflow",
    "tf32": False,
}  # fmt: skip


@contextmanager
def clock(samples: list):
    """Append the seconds that the block takes; every call inside returns its values, so nothing is left running."""
    start = time.perf_counter()
    yield
    samples.append(time.perf_counter() - start)


def peak_memory_bytes() -> int:
    """The most memory that this process ever had resident."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def peak_gflops(used: dict, repeats: int = 5) -> float:
    """The device's measured rate in the training's precision: the best of some large matrix products, one a thread."""
    threads, side = used["threads"], MATRIX_SIDE
    matrices = np.random.default_rng(0).random((threads, side, side), np.float32)
    multiply, samples = backends.products(used, matrices), []
    for _ in range(1 + repeats):
        with clock(samples):
            multiply()
    return 2 * threads * side**3 / min(samples[1:]) / 1e9


def candidates(settings: dict, threads: int) -> list[int]:
    """The numbers of shards worth a trial: what was asked for; else doublings from 2, up to one a thread."""
    if settings["shards"]:
        return [settings["shards"]]
    if settings["device"] == "GPU" or settings["backend"] == "jax":
        return [1]
    most = min(max(threads, 2), settings["batch_size"], params.RULES["shards"].high)
    return sorted({most, *(2**power for power in range(1, most.bit_length()))})


def trials(trainer_class, settings: dict, shards: list[int]) -> dict[int, float]:
    """Seconds of some training steps, the least of a few samples, by the number of shards; {} where there is one."""
    if len(shards) == 1:
        return {}
    images, found = data.load(settings["dataset"]), {}
    some = data.Images(*(part[: TRIAL_STEPS * settings["batch_size"]] for part in images.train))
    for number in shards:
        trainer, samples = trainer_class.of(images._replace(train=some), settings | {"shards": number}), []
        for _ in range(1 + TRIALS):
            with clock(samples):
                trainer.epoch(settings["lr"], trainer.order(settings["seed"], 0))
        found[number] = min(samples[1:])
    return found


def measure(settings: dict) -> dict:
    """Train and time one network; return the record, plain values only.

    `settings` are those of the benchmark notebook. Times are lists with a value an epoch, in seconds:
    `epoch_seconds` is training alone. `wall_2017_seconds` is the whole job as the 2017 study defined it: building,
    and after every epoch three evaluations: training loss, training error and validation error. Raises what
    `backends.prepare` does, and DataError.
    """
    setup, load_before = {name: [] for name in ("import", "build", "trace")}, machine.load()
    with clock(setup["import"]), machine.quiet():
        trainer_class, threads = backends.prepare(settings)
    shards = candidates(settings, threads)
    tried = trials(trainer_class, settings, shards)
    used = settings | {"threads": threads, "shards": min(tried, key=tried.get) if tried else shards[0]}
    with clock(setup["build"]):
        images = data.load(settings["dataset"])
        trainer = trainer_class.of(images, used)
    with clock(setup["trace"]):
        trainer.trace()
    warmup_seconds = warm_up(trainer, settings)
    samples, finite = time_epochs(trainer, settings)
    setup = {name: seconds[0] for name, seconds in setup.items()}
    return {
        "record": "benchmark",
        "schema": SCHEMA,
        **used,
        "dataset": images.name,
        "data_sha256": images.digest,
        "shard_trial_seconds": {str(number): seconds for number, seconds in tried.items()},
        "warmup_seconds": warmup_seconds,
        **times(setup, samples),
        "finite": finite,
        "load_before": load_before,
        "load_after": machine.load(),
        **rates(used, len(images.train), samples["epoch"]),
        **surroundings(),
    }


def warm_up(trainer, settings: dict) -> float:
    """Train and evaluate once, then start afresh; return the seconds, which do not count."""
    samples = []
    with clock(samples):
        trainer.reset(settings["seed"])
        trainer.epoch(settings["lr"], trainer.order(settings["seed"], 0))
        trainer.evaluate(trainer.validation_set)
    trainer.reset(settings["seed"])
    return samples[0]


def time_epochs(trainer, settings: dict) -> tuple[dict[str, list[float]], bool]:
    """Seconds of each epoch's training and three evaluations, by part; and whether every loss was finite."""
    samples, finite = {name: [] for name in PARTS}, True
    for epoch in range(1, settings["epochs"] + 1):
        order = trainer.order(settings["seed"], epoch)
        with clock(samples["epoch"]):
            losses = trainer.epoch(settings["lr"], order)
        finite = finite and bool((abs(losses) < float("inf")).all())
        with clock(samples["training_evaluation"]):
            trainer.evaluate(trainer.train_set)
            trainer.evaluate(trainer.train_set)
        with clock(samples["validation"]):
            trainer.evaluate(trainer.validation_set)
    return samples, finite


def times(setup: dict, samples: dict) -> dict:
    """What a record says of the clock: every sample, the parts of the set-up, and the whole job as 2017 defined it."""
    return {
        **{f"{name}_seconds": seconds for name, seconds in samples.items()},
        "setup_seconds": sum(setup.values()),
        "setup_parts_seconds": setup,
        "wall_2017_seconds": setup["build"] + setup["trace"] + sum(map(sum, samples.values())),
    }


def rates(used: dict, images: int, epoch_seconds: list[float]) -> dict:
    """Memory before the peak rate is measured, sizes, and rates of the median epoch beside that peak."""
    work, median = arithmetic.training_flops(used["filters"], images), statistics.median(epoch_seconds)
    return {
        "peak_memory_bytes": peak_memory_bytes(),
        "gpu_peak_memory_bytes": backends.peak_gpu_memory_bytes(used),
        "parameters": arithmetic.parameters(used["filters"]),
        "flops_per_epoch": work,
        "images_per_second": images / median,
        "gflops": work / median / 1e9,
        "peak_gflops": peak_gflops(used),
    }


def surroundings() -> dict:
    """Machine, versions, sources and time that go with every number."""
    return {
        "machine": machine.fingerprint(),
        "versions": machine.versions(),
        "sources": params.sources_digest("benchmark"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def memory(settings: dict) -> dict:
    """Measure, in a fresh process, the memory to evaluate all training images in batches and at once, in bytes.

    Peaks above what is resident before. Where the machine has too little memory for all images at once, that
    one is missing (None), and so is whether both ways predict the same digits.
    """
    import psutil
    import tensorflow as tf

    from lenet import evaluation, model

    images = data.load(settings["dataset"]).train
    pixels = tf.constant(images.images[..., None])
    network, filters = model.build(settings["filters"]), settings["filters"]
    answer = tf.function(lambda batch: tf.argmax(network(tf.cast(batch, tf.float32) / 255), 1))
    before, size = peak_memory_bytes(), evaluation.EVALUATION_BATCH
    batched = [answer(pixels[start : start + size]).numpy() for start in range(0, len(images), size)]
    found = {"filters": filters, "batched_bytes": peak_memory_bytes() - before}
    needed = 3 * len(images) * arithmetic.layers(filters)[0].output_bytes
    if psutil.virtual_memory().available < needed:
        return found | {"whole_set_bytes": None, "predictions_equal": None}
    whole = answer(pixels).numpy()
    equal = bool((whole == [digit for digits in batched for digit in digits]).all())
    return found | {"whole_set_bytes": peak_memory_bytes() - before, "predictions_equal": equal}


def arguments() -> argparse.Namespace:
    """The command line, checked by the same rules as the notebook's parameters."""
    parser = argparse.ArgumentParser(prog="python -m lenet.benchmark", description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the record there; without it, to standard output")
    rules = params.rules("benchmark")
    for name, default in DEFAULTS.items():
        kind = (lambda text: WORDS.get(text, text)) if isinstance(default, bool) else type(default)
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{rules[name]} (default {default})")
    given = parser.parse_args()
    try:
        given.settings = params.checked("benchmark", {name: getattr(given, name) for name in DEFAULTS})
    except params.ParameterError as error:
        parser.error(str(error))
    return given


if __name__ == "__main__":
    given = arguments()
    try:
        text = json.dumps(measure(given.settings), indent=1)
    except (data.DataError, machine.DeviceError, ValueError) as error:
        raise SystemExit(f"lenet: {error}") from None
    if given.json:
        with files.whole(given.json) as part:
            part.write_text(text + "\n")
    else:
        print(text)
