"""Finished runs of every planned point, with made-up numbers like those of 2017.

`build(folder, runs)` writes them. The same settings and seed give the same numbers.
"""

import json
import math
from itertools import product
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_notebook, new_output
from scrapbook.encoders import registry
from scrapbook.scraps import Scrap, scrap_to_payload

from lenet.network import layers
from lenet.network.evaluation import pack
from lenet.plan import sources

IMAGES = {"train": 50_000, "validation": 10_000, "test": 10_000}
# Error by learning rate x epochs: the four curves of 2017 lie about on one.
PRODUCTS = [1e-4, 1.5e-3, 3e-3, 6e-3, 1.5e-2, 4e-2, 0.15, 0.4, 1.5, 4]
ERRORS = [0.88, 0.55, 0.25, 0.105, 0.08, 0.042, 0.021, 0.0165, 0.0138, 0.0145]
CURVE = ["seed", "epoch", "train_loss", "validation_error", "seconds", "failed", "failed_step"]
PROBE = ["init", "head", "seed", "failed", "failed_step", "error"]
MACHINE = {
    "cpu": "A processor",
    "cores": 2,
    "memory_bytes": 2**33,
    "gpu": None,
    "system": "Linux",
    "python": "3.11",
}
KERNELS = {"onednn": True, "instruction_set": "AVX512"}
VERSIONS = {"tensorflow": "2"}
FINISHED = "2026-01-01T00:00:00+00:00"


def scale(settings):
    """What a setting does to the error; one that is not 2017's does little."""
    found = 1.0
    if settings["head"] == "relu":
        found -= 0.1
    if settings["shuffle"]:
        found -= 0.05
    if settings["batch_size"] == 128:
        found += 0.1
    return found


def curve(settings, seed):
    """A network's rows, as the study notebooks write them."""
    lr = settings["lr"]
    random = np.random.default_rng([seed, round(1e6 * lr)])
    lost = lr >= 1
    bend = np.exp(random.normal(0, 0.08))
    noise = 0.01 + 0.2 if lr == 0.3 else 0.01
    rows = []
    for epoch in range(settings["epochs"] + 1):
        error = expected_error(lr, epoch) * bend * scale(settings)
        error = min(0.92, error * np.exp(random.normal(0, noise)))
        error = round(error * IMAGES["validation"]) / IMAGES["validation"]
        seconds = 0.8 if epoch else math.nan
        loss = 3 * error if epoch else math.nan
        if lost:
            loss = math.nan
            error = math.nan if epoch else error
            rows.append((seed, epoch, loss, error, seconds, "one digit", 782))
        else:
            rows.append((seed, epoch, loss, error, seconds, "", 0))
    return pd.DataFrame(rows, columns=CURVE)


def expected_error(lr, epoch):
    """The error that depends on learning rate x epochs alone."""
    if not epoch:
        return 0.9
    return math.exp(np.interp(math.log(lr * epoch), np.log(PRODUCTS), np.log(ERRORS)))


def right_images(end):
    """Which images were right after a curve's last row: the first few never, others by chance."""
    if end.failed:
        return ""
    wrong = np.zeros(IMAGES["validation"], bool)
    count = round(end.validation_error * len(wrong))
    always = count // 3
    others = np.arange(always, min(3 * count + 10, len(wrong)))
    chosen = np.random.default_rng(int(end.seed)).choice(others, count - always, replace=False)
    wrong[:always] = True
    wrong[chosen] = True
    return pack(~wrong)


def right(curves):
    """The frame `right` of a run's curves."""
    ends = curves.groupby("seed").tail(1)
    bits = [right_images(end) for end in ends.itertuples()]
    return ends[["seed", "epoch"]].assign(right=bits)


def lr_study(settings):
    first = settings["first_seed"]
    curves = pd.concat([curve(settings, first + i) for i in range(settings["seeds"])])
    return {"cpu_seconds": 60.0}, {"curves": curves, "right": right(curves)}


def train(settings):
    rows = curve(settings, settings["seed"])
    counts = np.diag([980] * 10)
    counts[4, 9] = 12
    found = {
        "failed": "",
        "test_error": rows.iloc[-1]["validation_error"] * 0.95,
        "shared_images": 0,
        "cpu_seconds": 60.0,
    }
    frames = {
        "curves": rows,
        "right": right(rows),
        "confusion": pd.DataFrame(counts, columns=list(map(str, range(10)))),
    }
    return found, frames


def timing(settings, seconds=None, engine="tensorflow", machine=MACHINE):
    """A timing record; `seconds` of an epoch are made up where they are not given."""
    flops = layers.training_flops(settings["filters"], IMAGES["train"])
    on_cpu = settings["device"] == "CPU"
    fixed = 0.3 if on_cpu else 0.15
    rate = 2.5e11 if on_cpu else 4e12
    spread = 1 + 0.02 * math.sin(settings["round"] * settings["filters"])
    epoch = (fixed + flops / rate) * spread if seconds is None else seconds
    return {
        **settings,
        "record": "benchmark",
        "schema": 2,
        "engine": engine,
        "dataset": "mnist",
        "epoch_seconds": [epoch] * settings["epochs"],
        "training_evaluation_seconds": [0.25 * epoch],
        "validation_seconds": [0.05 * epoch] * settings["epochs"],
        "setup_parts_seconds": {"import": 1.0, "build": 1.0, "trace": 1.0},
        "warmup_seconds": 1.0,
        "wall_2017_seconds": 2 + 15.5 * epoch,
        "parameters": layers.parameters(settings["filters"]),
        "flops_per_epoch": flops,
        "gflops": flops / epoch / 1e9,
        "peak_gflops": 480.0,
        "peak_memory_bytes": 2**30,
        "gpu_peak_memory_bytes": None,
        "finite": settings["filters"] < 128,
        "load_before": 0.0,
        "load_after": 1.0,
        "machine": machine,
        "versions": VERSIONS,
        "kernels": KERNELS,
        "sources": "0" * 12,
        "finished": FINISHED,
    }


def benchmark(settings):
    return {"measured": timing(settings)}, {}


def divergence(settings):
    """Of 64 filters no network fails, of 128 eight of ten, and fewer if scaled."""
    count = 8 if settings["filters"] == 128 else 0
    rows = []
    for init, head in product(("normal", "scaled"), ("linear", "relu")):
        failures = count / 4 if init == "scaled" else count
        for i in range(settings["seeds"]):
            if head == "linear" and i < failures:
                rows.append((init, head, 100 + i, "not finite", 8 + i % 4, math.nan))
            else:
                rows.append((init, head, 100 + i, "", 0, 0.3))
    return {"cpu_seconds": 60.0}, {"probes": pd.DataFrame(rows, columns=PROBE)}


def memory(settings):
    first_layer = layers.layers(settings["filters"])[0]
    found = {
        "filters": settings["filters"],
        "whole_set_bytes": 1.8 * IMAGES["train"] * first_layer.output_bytes,
        "batched_bytes": 3e7,
        "predictions_equal": True,
    }
    return {"memory": found}, {}


KINDS = {
    "lr_study": lr_study,
    "train": train,
    "benchmark": benchmark,
    "divergence": divergence,
    "memory": memory,
}


def record(run, dataset="mnist"):
    """What a run's record says of its origin."""
    return {
        "schema": 2,
        "notebook": run.notebook,
        "parameters": {**run.settings, "dataset": dataset},
        "dataset": dataset,
        "data_sha256": "0" * 64,
        "note": "Made-up numbers.",
        "images": IMAGES,
        "sources": sources.digest(run.notebook),
        "commit": "0123456789ab",
        "finished": FINISHED,
        "machine": MACHINE,
        "versions": VERSIONS,
        "kernels": KERNELS,
    }


def output(name, value, encoder):
    """What scrapbook leaves in a cell's outputs."""
    scrap = registry.encode(Scrap(name, value, encoder))
    data = {f"application/scrapbook.scrap.{encoder}+json": scrap_to_payload(scrap)}
    metadata = {"scrapbook": {"name": name, "data": True, "display": False}}
    return new_output("display_data", data=data, metadata=metadata)


def write(path: Path, record: dict, frames: dict):
    """An executed notebook with these scraps."""
    outputs = [output("record", json.loads(json.dumps(record)), "json")]
    outputs += [output(name, frame, "pandas") for name, frame in frames.items()]
    cell = new_code_cell("glued", execution_count=1, outputs=outputs)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[cell]), path)


def build(folder: Path, runs, dataset="mnist", empty=False):
    """Write each run to folder/<study>/<point>.ipynb; with nothing but its record if `empty`."""
    for run in runs:
        found, frames = ({}, {}) if empty else KINDS[run.notebook](run.settings)
        path = folder / run.study / f"{run.point}.ipynb"
        write(path, {**record(run, dataset), **found}, frames)
