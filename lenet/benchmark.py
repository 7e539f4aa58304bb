"""The timing protocol: an uncounted warm-up, every sample kept, set-up and evaluation timed apart.

python -m lenet.benchmark --device CPU --filters 16 --epochs 3 --json record.json
"""

import argparse
import json
import resource
import statistics
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil

from lenet import arithmetic, data, machine, params

SCHEMA = 1
MATRIX_SIDE = 3072
DEFAULTS = {
    "lr": 0.1, "epochs": 3, "filters": 16, "batch_size": 64, "shuffle": False, "head": "linear", "init": "normal",
    "dataset": "auto", "device": "CPU", "threads": 0, "shards": 2, "seed": 100, "round": 1,
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


def peak_gflops(threads: int, repeats: int = 5) -> float:
    """The machine's measured float32 rate: the best of some large matrix products, one a thread, in GFLOP/s."""
    import tensorflow as tf

    @tf.function
    def products(matrices):
        return [tf.reduce_sum(matrix @ matrix) for matrix in tf.unstack(matrices)]

    matrices = tf.random.stateless_uniform((threads, MATRIX_SIDE, MATRIX_SIDE), (0, 1))
    samples = []
    for _ in range(1 + repeats):
        with clock(samples):
            [product.numpy() for product in products(matrices)]
    return 2 * threads * MATRIX_SIDE**3 / min(samples[1:]) / 1e9


def measure(settings: dict) -> dict:
    """Train and time one network; return the record, plain values only.

    `settings` are those of the benchmark notebook. Times are lists with a value an epoch, in seconds:
    `epoch_seconds` is training alone. `wall_2017_seconds` is the whole job as the 2017 study defined it: building,
    and after every epoch three evaluations: training loss, training error and validation error. Raises
    DataError, DeviceError.
    """
    setup, load_before = {name: [] for name in ("import", "build", "trace")}, machine.load()
    with clock(setup["import"]), machine.quiet():
        from lenet import train
    threads = machine.use(settings["device"], settings["threads"])
    with clock(setup["build"]):
        images = data.load(settings["dataset"])
        trainer = train.Trainer.of(images, settings)
    with clock(setup["trace"]):
        trainer.trace()
    warmup, samples = [], {name: [] for name in ("epoch", "training_evaluation", "validation")}
    with clock(warmup):
        trainer.reset(settings["seed"])
        trainer.epoch(settings["lr"], trainer.order(settings["seed"], 0))
        trainer.evaluate(trainer.validation_set)
    trainer.reset(settings["seed"])
    finite = time_epochs(trainer, settings, samples)
    memory, load_after = peak_memory_bytes(), machine.load()
    work = arithmetic.training_flops(settings["filters"], len(images.train))
    setup = {name: seconds[0] for name, seconds in setup.items()}
    return {
        "schema": SCHEMA,
        "backend": "tensorflow",
        **settings,
        "dataset": images.name,
        "threads": threads,
        **{f"{name}_seconds": seconds for name, seconds in samples.items()},
        "setup_seconds": sum(setup.values()),
        "setup_parts_seconds": setup,
        "warmup_seconds": warmup[0],
        "wall_2017_seconds": setup["build"] + setup["trace"] + sum(map(sum, samples.values())),
        "finite": finite,
        "parameters": arithmetic.parameters(settings["filters"]),
        "flops_per_epoch": work,
        "images_per_second": len(images.train) / statistics.median(samples["epoch"]),
        "gflops": work / statistics.median(samples["epoch"]) / 1e9,
        "peak_gflops": peak_gflops(threads),
        "peak_memory_bytes": memory,
        "load_before": load_before,
        "load_after": load_after,
        "machine": machine.fingerprint(),
        "versions": machine.versions(),
    }


def time_epochs(trainer, settings: dict, samples: dict) -> bool:
    """Append the seconds of each epoch's training and three evaluations; return whether every loss was finite."""
    finite = True
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
    return finite


def memory(settings: dict) -> dict:
    """Measure, in a fresh process, the memory to evaluate all training images in batches and at once, in bytes.

    Peaks above what is resident before. Where the machine has too little memory for all images at once, that
    one is missing (None), and so is whether both ways predict the same digits.
    """
    import tensorflow as tf

    from lenet import model, train

    images = data.load(settings["dataset"]).train
    pixels = tf.constant(images.images[..., None])
    network, filters = model.build(settings["filters"]), settings["filters"]
    answer = tf.function(lambda batch: tf.argmax(network(tf.cast(batch, tf.float32) / 255), 1))
    before, size = peak_memory_bytes(), train.EVALUATION_BATCH
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
    for name, default in DEFAULTS.items():
        kind = (lambda text: text == "True") if isinstance(default, bool) else type(default)
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{params.RULES[name]} (default {default})")
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
        given.json.write_text(text + "\n")
    else:
        print(text)
