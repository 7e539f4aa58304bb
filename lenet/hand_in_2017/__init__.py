"""Every fact of the 2017 hand-in, once: what it varied, its setting, what it stated, its numbers.

The three files beside this one hold its two figures and the numbers in its text. This room imports
nothing of the project, and nothing that we measured comes in. Look first at `learning_curves`.
"""

from pathlib import Path
from typing import Any

import pandas as pd

SOURCE = (
    'D.-E. Künstle, "Exercise 2: LeNet in Tensorflow", 20 November 2017, a hand-in for a '
    "deep-learning lab course, read off the vector drawing of its two figures, "
    "and from its author's published notebook"
)

# What was varied.
LEARNING_RATES = (0.1, 0.01, 0.001, 0.0001)
EPOCHS = 15
FILTERS = {"CPU": (8, 16, 32, 64), "GPU": (8, 16, 32, 64, 128, 256)}
TIMED_EPOCHS = 10

# What was not: the text leaves out all but the filters; the author's notebook tells the rest.
SETTING: dict[str, Any] = {
    "filters": 16,
    "batch_size": 64,
    "shuffle": False,
    "head": "linear",
    "init": "normal",
}
TRAIN_IMAGES = 50_000
VALIDATION_IMAGES = 10_000
TEST_IMAGES = 10_000
# Each epoch was followed by the training loss, the training error and the validation error.
EVALUATED_IMAGES = 2 * TRAIN_IMAGES + VALIDATION_IMAGES
CARD_GIB = 3  # of the GPU that was timed

# What the text states or the log shows.
DIVERGED_FILTERS = (128, 256)  # the loss was not a number from the first epoch, at 0.1
CONSTANT_FROM_EPOCH = 4  # the curves are called nearly constant after it
STOP_EPOCH = 2  # at 0.1 training can stop there
KNEE_FILTERS = 32  # the GPU's time is said to grow quickly from there

FOLDER = Path(__file__).parent


def learning_curves() -> pd.DataFrame:
    """Figure 1, one network for each learning rate: columns lr, epoch, validation_error (0 to 1).

    >>> len(learning_curves()) == len(LEARNING_RATES) * EPOCHS
    True
    """
    curves = pd.read_csv(FOLDER / "learning_rate_error.csv")
    return curves.rename(columns={"learning_rate": "lr"})


def runtimes() -> pd.DataFrame:
    """Figure 2, each time of 10 epochs with their evaluations: columns device, filters, seconds."""
    times = pd.read_csv(FOLDER / "filter_runtime.csv")
    return times.rename(columns={"runtime_s": "seconds"})


def stated_parameters() -> pd.Series:
    """The number of parameters that the text states for 16 filters, by kind of layer.

    >>> stated_parameters()["convolutional"]
    np.int64(5000)
    """
    stated = pd.read_csv(FOLDER / "parameters.csv", index_col="kind")
    return stated["parameters"]
