"""When a network counts as failed: one rule, wherever a network is judged."""

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


def marked(curve: pd.DataFrame, not_finite_step: int, steps: int) -> pd.DataFrame:
    """The curve with its columns failed and failed_step, and no errors from a failure on.

    Its column digits, the different predictions after each epoch of `steps` steps, goes.
    """
    failed = sign(not_finite_step, curve["digits"].iloc[-1])
    failed_step = not_finite_step
    if failed == ONE_DIGIT:
        alive = curve.loc[curve["digits"] > 1, "epoch"]
        dead = alive.max() + 1 if len(alive) else 0
        failed_step = int(dead) * steps
        curve.loc[curve["epoch"] >= dead, ["train_loss", "validation_error"]] = np.nan
    return curve.drop(columns="digits").assign(failed=failed, failed_step=failed_step)
