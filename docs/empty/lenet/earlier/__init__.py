"""What an earlier report did and found, each fact once: here nothing but a setting.

This room imports nothing of the project, and nothing that we measured comes in. An earlier report
that is to be tested puts its numbers here, and `verdicts.sides.hand_in` makes them a side.
"""

from typing import Any

import pandas as pd

# What is not varied, unless a study says so.
SETTING: dict[str, Any] = {
    "filters": 16,
    "batch_size": 64,
    "shuffle": False,
    "head": "linear",
    "init": "normal",
}
LEARNING_RATES = (0.1, 0.01, 0.001, 0.0001)
EPOCHS = 15
TIMED_EPOCHS = 10  # of a job whose whole time is told
TRAIN_IMAGES = 50_000
VALIDATION_IMAGES = 10_000
TEST_IMAGES = 10_000


def learning_curves() -> pd.DataFrame:
    """Curves of the earlier report: none. Columns lr, epoch, validation_error (0 to 1)."""
    return pd.DataFrame(columns=["lr", "epoch", "validation_error"], dtype=float)
