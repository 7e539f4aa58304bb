"""The result of one run in a sentence, which ends its notebook."""

from statistics import median
from typing import Any

import pandas as pd

STOPPED = "Stopped by hand. "


def one_network(
    curve: pd.DataFrame, failed: str, test_error: float | None, stopped: bool = False
) -> str:
    """What became of one network: its errors, or how it diverged.

    >>> one_network(pd.DataFrame({"epoch": [0, 1], "validation_error": [0.9, 0.05]}), "", 0.04)
    'The network learnt: after epoch 1 its error is 5.00% (validation) and 4.00% (test).'
    """
    if failed:
        return f"The network diverged ({failed}), so there is no error to tell and nothing to see."
    epoch = curve["epoch"].iloc[-1]
    error = curve["validation_error"].iloc[-1]
    errors = f"{error:.2%} (validation) and {test_error:.2%} (test)"
    begin = STOPPED if stopped else ""
    return f"{begin}The network learnt: after epoch {epoch} its error is {errors}."


def networks(curves: pd.DataFrame, stopped: bool = False) -> str:
    """How many networks learnt, and their mean validation error."""
    ends = curves.groupby("seed").tail(1)
    learnt = ends[ends["failed"] == ""]
    begin = STOPPED if stopped else ""
    result = f"{begin}Networks that learnt: {len(learnt)} of {len(ends)}"
    if learnt.empty:
        return f"{result}."
    epoch = ends["epoch"].max()
    error = learnt["validation_error"].mean()
    return f"{result}; after epoch {epoch} their mean validation error is {error:.2%}."


def timing(measured: dict[str, Any]) -> str:
    """How long an epoch takes, and the part of the device's rate that it reaches."""
    seconds = median(measured["epoch_seconds"])
    share = measured["gflops"] / measured["peak_gflops"]
    epoch = f"A training epoch of {measured['filters']} filters takes {seconds:.2f} s"
    return f"{epoch}, at {share:.0%} of the rate of large matrix products."


def divergence(probes: pd.DataFrame) -> str:
    """How many networks failed."""
    failed = (probes["failed"] != "").sum()
    return f"{failed} of {len(probes)} networks failed within {probes['steps'].max()} steps."


def memory(measured: dict[str, Any]) -> str:
    """What both ways of evaluating add to the memory that is in use."""
    added = measured["batched_bytes"] / 1e6
    batches = f"In batches the evaluation adds {added:.0f} MB to what is in use"
    whole = measured["whole_set_bytes"]
    if whole is None:
        return f"{batches}; all images at once would take more than this process may have."
    return f"{batches}, with all images at once {whole / 1e6:.0f} MB."
