"""What the tests on learning rates measure; each is the function of the test's name.

A function gets a side and the point at which it measures (a learning rate, or two neighbours, the
lower one first). It gives an estimate, or several by the names of their bands.
"""

from itertools import pairwise

import numpy as np
from pandas import DataFrame, Series, concat
from scipy.signal import detrend

from lenet.hand_in_2017 import (
    CONSTANT_FROM_EPOCH,
    DIVERGED_FILTERS,
    EPOCHS,
    STOP_EPOCH,
)
from lenet.network.evaluation import unpack
from lenet.network.failure import NOT_FINITE, ONE_DIGIT
from lenet.verdicts import intervals
from lenet.verdicts.bands import HOLDS
from lenet.verdicts.definitions import TESTS
from lenet.verdicts.intervals import (
    MISSING,
    Estimate,
    Named,
    between,
    exact,
    exp,
    geometric_mean,
    mean,
    share,
)
from lenet.verdicts.sides import HIGHEST, LOWEST, Side

SECOND = 0.01  # the learning rate that 2017 has next to the best
REACHED = 0.10  # the error whose epoch tells how steep a curve is


def ordering(side: Side, low: float, high: float) -> Estimate:
    """The smallest ratio of error in 15 epochs, lower learning rate over higher."""
    slow = side.errors(low)
    fast = side.errors(high)
    slow, fast = slow.align(fast, join="inner")
    epochs = error_ratios(slow, fast).idxmin(axis=1)
    return ratio_at(side, slow, fast, epochs)


def error_ratios(a: DataFrame, b: DataFrame) -> DataFrame:
    """a / b of errors; 1 where both are 0."""
    return (a / b).fillna(1)


def ratio_at(side: Side, a: DataFrame, b: DataFrame, epochs: Series) -> Estimate:
    """a / b of each network's errors after an epoch of its own."""
    places = list(epochs.items())
    a_there = a.stack().loc[places]
    b_there = b.stack().loc[places]
    return side.ratio(a_there, b_there)


def one_run_ranks(side: Side) -> Estimate:
    """How often a run ends an epoch with no lower error than a run of the next lower rate.

    Over all epochs, and all pairs of runs of two neighbouring learning rates.
    """
    tables = [side.errors(lr) for lr in side.learning_rates]
    seeds = concat(tables, axis=1, join="inner").index
    curves = np.array([table.loc[seeds] for table in tables])

    def reversals(kept: np.ndarray) -> float:
        some = curves[:, kept]
        slow = some[:-1, :, None]
        fast = some[1:, None, :]
        return float((slow <= fast).mean())

    found = intervals.jackknife(reversals, len(seeds))
    return found.map(lambda end: np.clip(end, 0, 1))  # where an interval of a share ends


def early_drop(side: Side, lr: float) -> Estimate:
    """The part of the fall to epoch 15 that is done by epoch 4."""
    e = side.errors(lr)
    early = e[CONSTANT_FROM_EPOCH]
    end = e[EPOCHS]
    return side.from_untrained(lr, lambda start: (start - early) / (start - end))


def then_constant(side: Side, lr: float) -> Estimate:
    """The part of the error at epoch 4 that is gone by epoch 15."""
    e = side.errors(lr)
    left = side.ratio(e[EPOCHS], e[CONSTANT_FROM_EPOCH])
    return left.map(lambda ratio: 1 - ratio)


def constant_with_more_epochs(side: Side, lr: float) -> Estimate:
    """The change of the error from epochs 11-15 to 26-30, as a part of it."""
    e = side.errors(lr, last=30)
    early = e.loc[:, 11:15].mean(axis=1)
    ratio = geometric_mean(late_error(side, lr) / early)
    return ratio.map(lambda ratio: ratio - 1)


def late_error(side: Side, lr: float) -> Series:
    """Each seed's mean error of epochs 26-30."""
    e = side.errors(lr, last=30)
    return e.loc[:, 26:30].mean(axis=1)


def steepness_differs(side: Side, low: float, high: float) -> Estimate:
    """The epochs to reach an error of 0.10, lower learning rate over higher, as two bounds."""
    slow = to_reach(side, low)
    fast = to_reach(side, high)
    least = slow["after"] / fast["by"]
    most = slow["by"] / fast["after"]
    return between(bound(side, least), bound(side, most))


def bound(side: Side, ratios: Series) -> Estimate:
    """The mean of the networks' bounds; 0 or infinity where one of them is.

    Reached after epoch 0 and by 1, against after 3 and by 4: the ratio is above 0 / 4, which says
    nothing, and below 1 / 3.
    """
    ratios = ratios.dropna()  # a network that both learning rates have
    for unbounded in (0, np.inf):
        if (ratios == unbounded).any():
            return exact(unbounded, len(ratios))
    return side.each(ratios, geometric_mean)


def to_reach(side: Side, lr: float) -> DataFrame:
    """The epochs between which each seed's error fell to 0.10: columns after, by.

    A curve that is there first at epoch 3 got there after 2 and by 3; one that is not there at its
    end gets there after that, and by infinity.
    """
    last = side.longest(lr) if lr == LOWEST else EPOCHS
    there = side.errors(lr, last=last) <= REACHED
    by = there.idxmax(axis=1).where(there.any(axis=1), np.inf)
    after = (by - 1).clip(upper=last)
    return DataFrame({"after": after, "by": by})


def limits_differ(side: Side) -> Estimate:
    """Larger late error over smaller, of the two nearest of the rates that have levelled off."""
    levelled = [late_error(side, lr) for lr in side.learning_rates if has_levelled(side, lr)]
    ratios = []
    for pair in pairwise(levelled):
        smaller, larger = sorted(pair, key=Series.mean)
        ratios.append(side.ratio(larger, smaller))
    return min(ratios, key=lambda ratio: ratio.value, default=MISSING)


def has_levelled(side: Side, lr: float) -> bool:
    """Whether it is shown that a curve hardly changes after epoch 15."""
    test = TESTS["constant_with_more_epochs"]
    change = constant_with_more_epochs(side, lr).if_from(test.fewest)
    return test.bands["change"].verdict(change.low, change.high) == HOLDS


def rate_times_epochs(side: Side, low: float, high: float) -> Estimate:
    """The error after ten times the epochs over that at ten times the rate, where most apart."""
    last = max(side.longest(low) // 10, 1)
    slow = side.errors(low, last=10 * last).loc[:, 10::10]
    slow.columns = range(1, last + 1)
    slow, fast = slow.align(side.errors(high, last=last), join="inner")
    apart = np.maximum(error_ratios(slow, fast), error_ratios(fast, slow))
    return ratio_at(side, slow, fast, apart.idxmax(axis=1))


def linear_0001(side: Side) -> Named:
    """How far the curves at 0.0001 stray from straight lines, and how many are straight."""
    bands = TESTS["linear_0001"].bands
    e = side.errors(LOWEST)
    deviation = bend(e)
    halves = (e[8] - e[15]) / (e[1] - e[8])
    close = deviation <= bands["deviation"].high
    even = halves.between(bands["halves"].low, bands["halves"].high)
    straight = close & even
    return {
        "share": share(int(straight.sum()), len(straight)),
        "mean_deviation": mean(deviation),
        "deviation": side.each(deviation, mean),
        "halves": side.each(halves, mean),
    }


def bend(errors: DataFrame) -> Series:
    """Each curve's largest deviation from its own least-squares line, over its fall.

    >>> epochs = np.arange(1, 16)
    >>> print(bend(DataFrame([(16.0 - epochs) ** 2], columns=epochs)).round(3).tolist())
    [0.135]
    """
    largest = [abs(detrend(curve)).max() for curve in errors.to_numpy()]
    fall = errors[1] - errors[EPOCHS]
    return Series(largest, errors.index, dtype=float) / fall


def straighter_than_others(side: Side, lr: float) -> Estimate:
    """The deviation from its own line, this learning rate over 0.0001."""
    ratio = bend(side.errors(lr)) / bend(side.errors(LOWEST))
    return side.each(ratio.dropna(), geometric_mean)


def at_0001_goes_on(side: Side) -> Named:
    """At 0.0001: the error at epoch 30 over that at 15, and the late speed over the early one."""
    e = side.errors(LOWEST, last=30)
    early = (e[1] - e[15]) / 14
    late = (e[25] - e[30]) / 5
    return {
        "error": geometric_mean(e[30] / e[15]),
        "speed": mean(late / early),
    }


def best_of_four(side: Side) -> Named:
    """The error of the next best learning rate less that of 0.1, after epoch 15."""
    others = [lr for lr in side.learning_rates if lr != HIGHEST]
    means = {lr: side.errors(lr)[EPOCHS].mean() for lr in others}
    # One without networks counts as lowest, for then nobody knows the next best.
    other = Series(means).fillna(0).idxmin()
    errors = side.errors(other)[EPOCHS]
    best = side.errors(HIGHEST)[EPOCHS]
    difference = side.difference(errors, best)._replace(note=f"next best is {other:g}")
    pairs = right_at_both(side, other, HIGHEST)
    variance = variance_of_difference(pairs, side.images)
    on_other_images = mean((errors - best).dropna(), variance)
    note = f"images of {len(pairs)} networks"
    return {
        "difference": difference,
        "on_other_images": on_other_images._replace(note=note),
    }


def right_at_both(side: Side, lr: float, other: float) -> DataFrame:
    """Networks whose right images are known at both learning rates after epoch 15.

    Columns: seed, right_x, right_y.
    """
    rows = side.evidence.right
    ends = rows[rows["epoch"] == EPOCHS]
    x = ends.loc[ends["lr"] == lr, ["seed", "right"]]
    y = ends.loc[ends["lr"] == other, ["seed", "right"]]
    return x.merge(y, on="seed")


def variance_of_difference(pairs: DataFrame, images: int) -> float:
    """The variance that the choice of images gives to the difference of two mean errors.

    `pairs` are those of `right_at_both`. Each image's difference is averaged over the networks; the
    variance of these averages is divided by their number. NaN without networks.

    >>> from lenet.network.evaluation import pack
    >>> x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    >>> pairs = DataFrame({"right_x": [pack(x)], "right_y": [pack(y)]})
    >>> variance_of_difference(pairs, images=4)  # differences 0, 1, -1, 0: variance 1/2
    0.125
    """
    if pairs.empty:
        return np.nan
    x = np.array([unpack(text, images) for text in pairs["right_x"]], float)
    y = np.array([unpack(text, images) for text in pairs["right_y"]], float)
    by_image = (x - y).mean(axis=0)
    return float(by_image.var() / images)


def two_epochs_enough(side: Side) -> Named:
    """At 0.1, the error after epoch 2 less that after 15; and the first epoch that is enough."""
    band = TESTS["two_epochs_enough"].bands["loss"]
    e = side.errors(HIGHEST)
    losses = {epoch: side.difference(e[epoch], e[EPOCHS]) for epoch in range(1, EPOCHS)}
    enough = []
    for epoch, loss in losses.items():
        if band.verdict(loss.low, loss.high) == HOLDS:
            enough.append(exact(epoch, len(e)))
    first = enough[0] if enough else MISSING
    return {"loss": losses[STOP_EPOCH], "first_enough": first}


def stop_beats_next_rate(side: Side) -> Estimate:
    """The error of 0.1 after epoch 2 less that of 0.01 after epoch 15."""
    stopped = side.errors(HIGHEST)[STOP_EPOCH]
    other = side.errors(SECOND)[EPOCHS]
    return side.difference(stopped, other)


def overshoot(side: Side) -> Named:
    """Failed networks at 1.0 against 0.1, and the largest rise of an error at 0.3 over 0.1."""
    counts = {lr: count_failed(side.networks(lr)) for lr in (1.0, 0.3, 0.1)}
    failures = intervals.odds_ratio(*counts[1.0], *counts[0.1])
    rise = intervals.difference(log_rise(side, 0.3), log_rise(side, 0.1))
    shares = {f"failed_at_{lr:g}": share(*count) for lr, count in counts.items()}
    return {"failures": failures, "rise": rise.map(exp), **shares}


def count_failed(rows: DataFrame) -> tuple[int, int]:
    """How many networks failed, in whichever way, and how many there are; an error says nothing.

    >>> count_failed(DataFrame({"seed": [1, 1, 2], "failed": ["one digit", "one digit", ""]}))
    (1, 2)
    """
    networks = rows.drop_duplicates("seed")
    failed = networks["failed"] != ""
    return int(failed.sum()), len(networks)


def log_rise(side: Side, lr: float) -> Series:
    """The logarithm of each curve's largest rise in an epoch after epoch 4, at least one image."""
    e = side.errors(lr, first=CONSTANT_FROM_EPOCH)
    rises = e.diff(axis=1).max(axis=1)
    return np.log(rises.clip(lower=1 / side.images))


def diverged_wide(side: Side) -> Named:
    """The share of networks with 128 filters that fail at 0.1, by initial values and head."""
    rows = side.evidence.probes
    rows = rows[rows["filters"] == DIVERGED_FILTERS[0]]
    rows = side.look(rows[rows["lr"] == HIGHEST])
    kinds = rows["init"] + "_" + rows["head"]
    found = {}
    for kind in ("normal_linear", "normal_relu", "scaled_linear", "scaled_relu"):
        some = rows[kinds == kind]
        signs = list(some["failed"])
        note = f"{signs.count(NOT_FINITE)} {NOT_FINITE}, {signs.count(ONE_DIGIT)} {ONE_DIGIT}"
        found[kind] = share(*count_failed(some))._replace(note=note)
    return found
