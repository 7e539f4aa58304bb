"""Finished runs of every planned point with made-up numbers like those of 2017; tests load this file by its path."""

import base64
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

from lenet import arithmetic, params

IMAGES = {"train": 50_000, "validation": 10_000, "test": 10_000}
# Error by rate x epochs: the four curves of 2017 lie about on one.
PRODUCTS = [1e-4, 1.5e-3, 3e-3, 6e-3, 1.5e-2, 4e-2, 0.15, 0.4, 1.5, 4]
ERRORS = [0.88, 0.55, 0.25, 0.105, 0.08, 0.042, 0.021, 0.0165, 0.0138, 0.0145]
MACHINE = {"cpu": "A processor", "cores": 2, "memory_bytes": 2**33, "system": "Linux", "python": "3.11", "gpu": None}


def scale(settings):
    """What a setting does to the error; one that is not 2017's does little."""
    return 1 - 0.1 * (settings["head"] == "relu") - 0.05 * settings["shuffle"] + 0.1 * (settings["batch_size"] == 128)


def curve(settings, seed):
    """A run's rows: as the study notebooks write them."""
    random, epochs = np.random.default_rng([seed, round(1e6 * settings["lr"])]), settings["epochs"]
    lost = settings["lr"] >= 1
    bend = np.exp(random.normal(0, 0.08))
    rows = []
    for epoch in range(epochs + 1):
        product = settings["lr"] * max(epoch, 0.01)
        error = 0.9 if not epoch else math.exp(np.interp(math.log(product), np.log(PRODUCTS), np.log(ERRORS)))
        error = min(
            0.92, error * bend * scale(settings) * np.exp(random.normal(0, 0.01 + 0.2 * (settings["lr"] == 0.3)))
        )
        error = math.nan if lost and epoch else round(error * IMAGES["validation"]) / IMAGES["validation"]
        loss = math.nan if lost or not epoch else 3 * error
        rows.append((seed, epoch, loss, error, 0.8 if epoch else math.nan, "one digit" if lost else "", 782 * lost))
    columns = ["seed", "epoch", "train_loss", "validation_error", "seconds", "failed", "failed_step"]
    return pd.DataFrame(rows, columns=columns)


def bits(errors, seed):
    """Which images were right: the first few are wrong for all networks, the others by chance."""
    wrong = np.zeros(IMAGES["validation"], bool)
    count = round(errors * len(wrong))
    others = np.arange(count // 3, min(3 * count + 10, len(wrong)))
    wrong[: count // 3] = True
    wrong[np.random.default_rng(seed).choice(others, count - count // 3, replace=False)] = True
    return base64.b64encode(np.packbits(~wrong).tobytes()).decode()


def lr_study(settings):
    curves = [curve(settings, settings["first_seed"] + i) for i in range(settings["seeds"])]
    last = [rows.iloc[-1] for rows in curves]
    right = [
        (int(end.seed), int(end.epoch), "" if end.failed else bits(end.validation_error, int(end.seed))) for end in last
    ]
    return {}, {"curves": pd.concat(curves), "right": pd.DataFrame(right, columns=["seed", "epoch", "right"])}


def train(settings):
    rows, counts = curve(settings, settings["seed"]), np.diag([980] * 10)
    counts[4, 9] = 12
    confusion = pd.DataFrame(counts, columns=list(map(str, range(10))))
    found = {"failed": "", "test_error": rows.iloc[-1]["validation_error"] * 0.95, "shared_images": 0}
    return found, {"curves": rows, "confusion": confusion}


def benchmark(settings):
    flops = arithmetic.training_flops(settings["filters"], IMAGES["train"])
    fixed, rate = (0.3, 2.5e11) if settings["device"] == "CPU" else (0.15, 4e12)
    epoch = (fixed + flops / rate) * (1 + 0.02 * math.sin(settings["round"] * settings["filters"]))
    seconds = {"epoch": epoch, "training_evaluation": 0.5 * epoch, "validation": 0.05 * epoch}
    seconds = {f"{part}_seconds": [value] * settings["epochs"] for part, value in seconds.items()}
    measured = settings | seconds | {
        "parameters": arithmetic.parameters(settings["filters"]), "flops_per_epoch": flops, "peak_gflops": 480.0,
        "wall_2017_seconds": 2 + sum(map(sum, seconds.values())), "finite": settings["filters"] < 128,
        "load_before": 0.0, "load_after": 1.0,
    }  # fmt: skip
    return {"measured": measured}, {}


def divergence(settings):
    count, rows = {64: 0, 128: 8}.get(settings["filters"], 10), []
    for init, head in product(("normal", "scaled"), ("linear", "relu")):
        for i in range(settings["seeds"]):
            lost = head == "linear" and i < count / (4 if init == "scaled" else 1)
            rows.append((init, head, 100 + i, "not finite" if lost else "", (8 + i % 4) * lost, 0.1 + 0.001 * (i % 3)))
    columns = ["init", "head", "seed", "failed", "failed_step", "step_seconds"]
    return {}, {"probes": pd.DataFrame(rows, columns=columns)}


def memory(settings):
    whole = 1.8 * IMAGES["train"] * arithmetic.layers(settings["filters"])[0].output_bytes
    found = {"filters": settings["filters"], "whole_set_bytes": whole, "batched_bytes": 3e7, "predictions_equal": True}
    return {"memory": found}, {}


KINDS = {"lr_study": lr_study, "train": train, "benchmark": benchmark, "divergence": divergence, "memory": memory}


def record(run, dataset):
    """What a run's record says of its origin."""
    return {
        "schema": 1, "notebook": run.notebook, "parameters": run.settings, "dataset": dataset, "data_sha256": "0" * 64,
        "images": IMAGES, "sources": params.sources_digest(run.notebook), "commit": "0123456789ab",
        "finished": "2026-01-01T00:00:00+00:00", "machine": MACHINE, "versions": {"tensorflow": "2"},
    }  # fmt: skip


def write(path: Path, record: dict, frames: dict):
    """An executed notebook with these scraps."""
    outputs = []
    for name, value in ({"record": record} | frames).items():
        encoder = "json" if name == "record" else "pandas"
        scrap = registry.encode(Scrap(name, json.loads(json.dumps(value)) if name == "record" else value, encoder))
        data = {f"application/scrapbook.scrap.{encoder}+json": scrap_to_payload(scrap)}
        metadata = {"scrapbook": {"name": name, "data": True, "display": False}}
        outputs.append(new_output("display_data", data=data, metadata=metadata))
    book = new_notebook(cells=[new_code_cell("glued", execution_count=1, outputs=outputs)])
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)


def build(folder: Path, runs, dataset="mnist", empty=False):
    """Write each run to folder/<study>/<point>.ipynb, with nothing but its record if `empty`."""
    for run in runs:
        found, frames = ({}, {}) if empty else KINDS[run.notebook](run.settings)
        write(folder / run.study / f"{run.point}.ipynb", record(run, dataset) | found, frames)
