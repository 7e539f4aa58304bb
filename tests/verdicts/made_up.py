"""Made-up evidence for one test at a time: frames as `results.tables` makes them of runs."""

import math

import numpy as np
import pandas as pd

from lenet.hand_in_2017 import LEARNING_RATES, SETTING, VALIDATION_IMAGES
from lenet.network import layers
from lenet.network.evaluation import pack
from lenet.results.tables import Evidence
from lenet.verdicts import conclusions, definitions, sides
from lenet.verdicts.bands import FAILS, Band, decide, edges

LOW_TO_HIGH = LEARNING_RATES[::-1]
# How many steps of ten a learning rate lies below the highest.
STEPS = {lr: steps for steps, lr in enumerate(LEARNING_RATES)}
SIZES = (8, 16, 32, 64, 128, 256)
GIB = 2**30
IMAGES = {"dataset": "mnist", "validation": VALIDATION_IMAGES, "duplicates": None}


def curves(xs, error, rates=LOW_TO_HIGH, last=15, study="lr_study", **change):
    """A network for each x, from seed 100 on: error(lr, epoch, x) at the epochs 0 to `last`."""
    rows = []
    for lr in rates:
        for seed, x in enumerate(xs, start=100):
            for epoch in range(last + 1):
                rows.append((lr, seed, epoch, error(lr, epoch, x)))
    frame = pd.DataFrame(rows, columns=["lr", "seed", "epoch", "validation_error"])
    run = [f"{study}/lr={lr}" for lr in frame["lr"]]
    told = {
        "study": study,
        "run": run,
        "epochs": last,
        "train_loss": math.nan,
        "seconds": math.nan,
        "failed": "",
        "failed_step": 0,
    }
    return frame.assign(**{**told, **SETTING, **change})


def learnt(*frames):
    """Evidence of these curves and of the images that were right after each one's last epoch."""
    frame = pd.concat(frames, ignore_index=True)
    last = frame.groupby(["run", "seed"])["epoch"].transform("max")
    ends = frame[frame["epoch"] == last]
    bits = []
    for error in ends["validation_error"]:
        wrong = round(error * VALIDATION_IMAGES)
        bits.append(pack(np.arange(VALIDATION_IMAGES) >= wrong))
    return Evidence(curves=frame, right=ends.assign(right=bits), images=IMAGES)


def errors(error, rates=LOW_TO_HIGH, last=15):
    """What makes evidence of one x for each network."""
    return lambda xs: learnt(curves(xs, error, rates, last))


def times(seconds, devices=("CPU", "GPU")):
    """What makes evidence of one x for each round: seconds(device, filters, x) of an epoch."""

    def build(xs):
        rows = []
        for device in devices:
            for filters in SIZES:
                for number, x in enumerate(xs, start=1):
                    epoch = seconds(device, filters, x)
                    rows.append((device, filters, number, epoch))
        frame = pd.DataFrame(rows, columns=["device", "filters", "round", "epoch_seconds"])
        return Evidence(times=timed(frame))

    return build


def timed(frame, study="benchmark", host="A processor", engine="tensorflow"):
    """Timing rows with all that is alike in them; a job takes 25 epochs."""
    told = {
        "study": study,
        "run": study + "/" + frame["device"] + "," + frame["filters"].astype(str),
        "place": f"{host}, {engine}",
        "tf32": False,
        "wall_2017_seconds": 25 * frame["epoch_seconds"],
    }
    return frame.assign(**told)


def probes(failed, filters=128, init="normal", head="linear"):
    """Probes of one network for each word; each has the error that a failed network scores."""
    told = {
        "study": "divergence",
        "run": "divergence/filters=128",
        "lr": 0.1,
        "filters": filters,
        "init": init,
        "head": head,
        "seed": range(100, 100 + len(failed)),
        "failed": failed,
        "error": 0.9009,
    }
    return pd.DataFrame(told)


def memory(**columns):
    """Evidence of memory runs at 8, 16 and 32 filters: GiB in each column, for each x."""
    told = {
        "study": "memory",
        "run": "memory/filters",
        "whole_set_bytes": 1.0,
        "batched_bytes": 1.0,
        "predictions_equal": True,
    }
    frame = pd.DataFrame(columns) * GIB
    frame["filters"] = [8, 16, 32][: len(frame)]
    missing = {name: value for name, value in told.items() if name not in columns}
    return Evidence(memory=frame.assign(**missing))


def work(filters):
    """FLOP of an epoch."""
    return layers.training_flops(filters, 50_000)


def measured(name, evidence):
    """What a test measures on our side, by name."""
    test = definitions.TESTS[name]
    found = conclusions.measure(test, sides.as_in_2017(evidence))
    return {one.name: one for one in found}


def verdict(name, evidence):
    """The verdict of one test on our side."""
    test = definitions.TESTS[name]
    return decide(list(measured(name, evidence).values()), test.bands, test.fewest)


def verdict_at(edge, direction, low, high):
    """The verdict at an edge on the ends of `thresholds`: one outside decides, known or not."""
    band = Band(direction, *edges(direction, edge))
    known_low = -math.inf if math.isnan(low) else low
    known_high = math.inf if math.isnan(high) else high
    if band.verdict(known_low, known_high) == FAILS:
        return FAILS
    return band.verdict(low, high)
