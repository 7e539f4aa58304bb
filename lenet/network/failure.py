"""When a network counts as failed: one rule, wherever a network is judged."""

from typing import NamedTuple

import numpy as np
import pandas as pd

NOT_FINITE = "not finite"
ONE_DIGIT = "one digit"


def sign(not_finite_step: int, digits: int) -> str:
    """How a network failed, or "": a loss that is not finite, or one digit for every image.

    `digits` counts the different predictions. An error shows neither: a network of NaN answers 0
    to every image, and scores what an untrained one may score.

    >>> sign(0, 1), sign(0, 2), sign(7, 1)
    ('one digit', '', 'not finite')
    """
    if not_finite_step:
        return NOT_FINITE
    return ONE_DIGIT if digits == 1 else ""


def first_not_finite(losses: np.ndarray) -> int:
    """The first step, counted from 1, whose loss is not finite; 0 where there is none.

    >>> first_not_finite(np.array([2.3, np.inf, np.nan])), first_not_finite(np.array([2.3]))
    (2, 0)
    """
    finite = np.isfinite(losses)
    return 0 if finite.all() else int(np.argmin(finite)) + 1


class Epoch(NamedTuple):
    """What `Trainer.fit` knows after an epoch; `marked` makes a curve of them."""

    epoch: int
    train_loss: float
    validation_error: float
    seconds: float
    digits: int  # different predictions


def marked(rows: list[Epoch], epochs: int, not_finite_step: int, steps: int) -> pd.DataFrame:
    """The curve of a network, and how it failed: columns failed and failed_step are added.

    `not_finite_step` counts from the last of these epochs, each of `steps` steps; after it the
    curve has rows without values up to `epochs`. From one digit on, loss and error go.
    """
    curve = pd.DataFrame(rows).set_index("epoch")
    digits = curve.pop("digits")
    failed = sign(not_finite_step, digits.iloc[-1])
    failed_step = 0
    if failed == NOT_FINITE:
        failed_step = (len(rows) - 1) * steps + not_finite_step
        curve = curve.reindex(pd.RangeIndex(epochs + 1, name="epoch"))
    if failed == ONE_DIGIT:
        several = digits[digits > 1]
        failed_epoch = several.index[-1] + 1 if len(several) else 0
        failed_step = int(failed_epoch) * steps
        curve.loc[failed_epoch:, ["train_loss", "validation_error"]] = np.nan
    return curve.reset_index().assign(failed=failed, failed_step=failed_step)
