"""How long runs take: guessed from their FLOPs, then corrected by how long finished ones took.

All seconds are of the whole machine: a run that shares its cores takes one core's share of them.
"""

from lenet.hand_in_2017 import TRAIN_IMAGES
from lenet.network import layers
from lenet.plan.studies import Run

START_SECONDS = 11
RENDER_SECONDS = 20
LEAST_LIMIT_SECONDS = 2 * 3600
LIMIT_TIMES = 20  # a machine may be slow, and others may work on it
# Guesses for the time before any run has finished. Two shards keep no more than two cores busy.
FLOPS_A_SECOND = {"CPU": 200e9, "GPU": 3000e9}
ONE_CORE = 100e9  # of several that runs share
# An image takes as much time beside its FLOPs as so many more: measured with 8 to 128 filters.
FLOPS_BESIDE = 3e6
# Of a notebook that does not declare them.
USUAL = {"device": "CPU", "filters": 16, "seeds": 1, "epochs": 0, "batch_size": 64}


def images_trained(run: Run, images: int) -> int:
    """How many images a run trains, each as often as it does; `images` make an epoch.

    >>> images_trained(Run("a", "x=1", "lr_study", {"epochs": 10, "seeds": 2}), 50_000)
    1000000
    """
    settings = {**USUAL, **run.settings}
    if "steps" in settings:
        return settings["seeds"] * settings["steps"] * settings["batch_size"]
    # A timing run's warm-up and evaluations take about as long as another epoch.
    more = 1 if run.alone else 0
    return settings["seeds"] * images * (settings["epochs"] + more)


def guess(run: Run, images: int, side_by_side: int) -> float:
    """Seconds that a run should take, when so many run side by side."""
    settings = {**USUAL, **run.settings}
    flops = layers.training_flops(settings["filters"], 1) + FLOPS_BESIDE
    speed = ONE_CORE if side_by_side > 1 else FLOPS_A_SECOND[settings["device"]]
    work_seconds = images_trained(run, images) * flops / speed
    return (START_SECONDS + work_seconds) / side_by_side


def limit_seconds(run: Run) -> float:
    """After how long a run is taken for one that hangs: two hours, or many times its guess.

    >>> limit_seconds(Run("a", "x=1", "lr_study", {"epochs": 15, "seeds": 3}))
    7200
    """
    return max(LEAST_LIMIT_SECONDS, LIMIT_TIMES * guess(run, TRAIN_IMAGES, 1))


def seconds_left(
    guesses: dict[str, float], taken: dict[str, float], running: dict[str, float]
) -> float:
    """Seconds until all is done, where the others take as many times their guess as these did.

    `taken` has the seconds of finished runs, `running` what others have taken so far.

    >>> seconds_left({"a": 10, "b": 20}, {"a": 30}, {"b": 15})
    65.0
    """
    left = sum(guesses.values())
    if taken:
        guessed = sum(guesses[name] for name in taken)
        left = (left - guessed) * sum(taken.values()) / guessed
    return max(left - sum(running.values()), 0) + RENDER_SECONDS
