"""How long runs take: guessed from their FLOPs, and fitted to how long finished ones took.

All seconds are of the whole machine: a run that shares its cores takes one core's share of them.
"""

from typing import NamedTuple

import numpy as np

from lenet.network import layers
from lenet.plan.studies import Run

START_SECONDS = 15
RENDER_SECONDS = 20
# Guesses for the time before any run has finished. Two shards keep no more than two cores busy.
FLOPS_A_SECOND = {"CPU": 200e9, "GPU": 3000e9}
ONE_CORE = 110e9
# An image takes as much time beside its FLOPs as so many more: measured with 8 to 128 filters.
FLOPS_BESIDE = 3e6
# Of a notebook that does not declare them.
USUAL = {"device": "CPU", "filters": 16, "seeds": 1, "epochs": 0, "batch_size": 64}
# How firmly the first runs hold that a machine is as slow in starting as in working, in seconds.
TIE = 5


class Guess(NamedTuple):
    """Seconds of a run: of its start and end, and of its work, which goes with its FLOPs."""

    start: float
    work: float


def images_trained(run: Run, images: int) -> int:
    """How many images a run trains, each as often as it does; `images` make an epoch.

    >>> images_trained(Run("a", "x=1", "lr_study", {"epochs": 10, "seeds": 2}), 50_000)
    1000000
    """
    settings = {**USUAL, **run.settings}
    if "steps" in settings:
        return settings["seeds"] * settings["steps"] * settings["batch_size"]
    # A timing run warms up for an epoch, and its evaluations take about as long as another.
    more = 2 if run.alone else 0
    return settings["seeds"] * images * (settings["epochs"] + more)


def guess(run: Run, images: int, side_by_side: int) -> Guess:
    """What a run should take, when so many run side by side."""
    settings = {**USUAL, **run.settings}
    flops = layers.training_flops(settings["filters"], 1) + FLOPS_BESIDE
    speed = ONE_CORE if side_by_side > 1 else FLOPS_A_SECOND[settings["device"]]
    work = images_trained(run, images) * flops / speed
    return Guess(START_SECONDS / side_by_side, work / side_by_side)


def pace(guesses: dict[str, Guess], taken: dict[str, float]) -> Guess:
    """How many times longer than guessed both parts take, by least squares over finished runs.

    >>> found = pace({"a": Guess(20, 200), "b": Guess(20, 0)}, {"a": 840, "b": 40})
    >>> round(found.start), round(found.work)
    (2, 4)
    """
    if not taken:
        return Guess(1, 1)
    rows = [*(guesses[name] for name in taken), (TIE, -TIE)]
    seconds = [*taken.values(), 0]
    return Guess(*np.linalg.lstsq(np.array(rows), np.array(seconds), rcond=None)[0])


def seconds_left(
    guesses: dict[str, Guess], taken: dict[str, float], running: dict[str, float]
) -> float:
    """Seconds until all is done, at the pace of the runs that have finished.

    `taken` has their seconds, `running` those that each of the others has taken so far.
    """
    by = pace(guesses, taken)
    left = [guesses[name] for name in guesses if name not in taken]
    seconds = sum(by.start * part.start + by.work * part.work for part in left)
    return max(seconds - sum(running.values()), 0) + RENDER_SECONDS
