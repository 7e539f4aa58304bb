"""What came out of training: the curves of a study, and how often networks fail."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from tqdm import tqdm

from lenet import terminal
from lenet.hand_in_2017 import SETTING
from lenet.network.data import Dataset
from lenet.network.evaluation import pack
from lenet.network.failure import ONE_DIGIT, first_not_finite, sign
from lenet.network.graph import resident
from lenet.network.trainer import Trainer, Watch, unwatched

HEADS = ("linear", "relu")
INITS = ("normal", "scaled")
LOOK_STEPS = 20  # from one look at a probed network to the next
LOOK_IMAGES = 512  # validation images that it answers then
# With 128 filters one network fell back to one digit from 0.60, none from less.
LEARNT_ERROR = 0.3


def how_failed(curve: pd.DataFrame) -> str:
    """How one network failed, and at which step; "" for one that learnt.

    >>> how_failed(pd.DataFrame({"failed": ["one digit"], "failed_step": [1564]}))
    'one digit from step 1,564'
    """
    end = curve.iloc[-1]
    return f"{end.failed} from step {end.failed_step:,}" if end.failed else ""


def study(
    trainer: Trainer, settings: dict, watch: Watch = unwatched
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The curves of several initial values, and which validation images each answered rightly.

    `settings` has epochs, seeds and first_seed; `watch` is that of `Trainer.fit`. Columns of the
    curves: those of `Trainer.fit`; of the second frame: seed, epoch, right (packed; "" for a
    network that failed).
    """
    curves: list[pd.DataFrame] = []
    right = []
    for seed in range(settings["first_seed"], settings["first_seed"] + settings["seeds"]):
        try:
            curve, last = trainer.fit(settings["epochs"], seed, watch)
        except KeyboardInterrupt:  # before the first epoch of this one
            trainer.stopped = True
            if not curves:
                raise
            break
        curves.append(curve)
        bits = "" if how_failed(curve) else pack(last.right)
        right.append((seed, curve["epoch"].iloc[-1], bits))
        if trainer.stopped:
            break
    answers = pd.DataFrame(right, columns=["seed", "epoch", "right"])
    return pd.concat(curves, ignore_index=True), answers


def probe(dataset: Dataset, settings: dict) -> pd.DataFrame:
    """Does a network fail within its first steps? By the rule of `network.failure`.

    A network is followed until a loss is not finite, until its error of some validation images says
    that it has learnt, or for so many steps. One that answers one digit to these is asked all.

    `settings` has steps, seeds and first_seed, and what a trainer of 2017's setting is told else:
    lr, filters, batch_size, shards and device. A row for each head, seed and kind of initial
    values, with columns

    - init, head, seed, steps (the most that it was followed for)
    - failed: "", "not finite" or "one digit"
    - failed_step: of the first loss that is not finite; the last, where one digit is answered
    - error: of the images that were looked at last; missing where a loss is not finite
    """
    seeds = range(settings["first_seed"], settings["first_seed"] + settings["seeds"])
    rows = []
    for head in HEADS:
        trainer = Trainer.of(dataset, {**SETTING, **settings, "head": head})
        shown = terminal.Progress()
        for seed in tqdm(seeds, desc=f"{head} head", unit="seed", file=shown):
            for init in INITS:
                trainer.reset(seed, init)
                found = first_steps(trainer, seed, settings["steps"])
                rows.append({"init": init, "head": head, "seed": seed, **found})
    return pd.DataFrame(rows)


def first_steps(trainer: Trainer, seed: int, steps: int) -> dict:
    """What a row of `probe` says of a network that takes at most so many steps."""
    some = resident(trainer.dataset.validation.first(LOOK_IMAGES), trainer.options.device)
    losses = np.empty(0)
    digits = 0
    for rows in pieces(trainer, seed, steps):
        losses = np.append(losses, trainer.epoch(rows))
        failed_step = first_not_finite(losses)
        error = np.nan
        if failed_step:
            break
        looked = trainer.evaluate(some)
        digits = looked.digits
        error = looked.error
        if error <= LEARNT_ERROR:
            break
    if digits == 1 and not failed_step:
        digits = trainer.evaluate(trainer.validation_set).digits
    failed = sign(failed_step, digits)
    return {
        "steps": steps,
        "failed": failed,
        "failed_step": steps if failed == ONE_DIGIT else failed_step,
        "error": error,
    }


def pieces(trainer: Trainer, seed: int, steps: int) -> Iterator[np.ndarray]:
    """Rows of the first steps, through as many epochs as they take, from look to look."""
    size = trainer.options.batch_size
    epoch = 0
    while steps > 0:
        epoch += 1
        order = trainer.order(seed, epoch)[: steps * size]
        yield from np.split(order, range(LOOK_STEPS * size, len(order), LOOK_STEPS * size))
        steps -= math.ceil(len(order) / size)
