"""What the claims about learning measure: functions of one side's evidence (`claims.Side`) to {label: Estimate}.

A tuple (Estimate, i) is held against the claim's i-th band; (Estimate, None) is shown and decides nothing.
"""

import base64
import math
from itertools import pairwise

import numpy as np
import pandas as pd

from lenet import statistics as st

RATES = (0.0001, 0.001, 0.01, 0.1)
VALIDATION = 10_000  # images
REACHED = 0.10  # the error whose first epoch tells a curve's steepness


def common(*frames) -> list:
    """The frames' rows whose index (seeds or rounds) all of them have."""
    index = frames[0].index
    for frame in frames[1:]:
        index = index.intersection(frame.index)
    return [frame.loc[index] for frame in frames]


def per_rate(measure):
    """A measure that asks `measure(side, rate)` of each rate that 2017 saw converge."""
    return lambda side: {f"{rate:g}": measure(side, rate) for rate in side.rates if rate > RATES[0]}


def per_pair(measure):
    """A measure that asks `measure(side, lower rate, higher rate)` of neighbours."""
    return lambda side: {f"{low:g} v {high:g}": measure(side, low, high) for low, high in pairwise(side.rates)}


def chosen(a, b, key) -> list:
    """Each seed's a and b at the epoch where key(log(a / b)) is smallest."""
    a, b = common(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        epoch = key(np.log(a / b)).fillna(0).idxmin(axis=1) if len(a) else pd.Series()
    return [pd.Series({seed: frame.at[seed, k] for seed, k in epoch.items()}, dtype=float) for frame in (a, b)]


def tightest_ratio(side, low, high):
    return side.ratio(*chosen(side.errors(low), side.errors(high), lambda log_ratio: log_ratio))


def reversals(side):
    curves = [frame.to_numpy() for frame in common(*map(side.errors, side.rates))]
    share = lambda kept: np.mean([a[kept][:, None] <= b[kept] for a, b in pairwise(curves)])  # noqa: E731
    return {"reversed comparisons": st.jackknife(share, len(curves[0]))}


def early_drop(side, rate):
    e = side.errors(rate, first=1 if side.one_run else 0)
    if not side.one_run:
        return st.student((e[0] - e[4]) / (e[0] - e[15]))
    # 2017 did not record its untrained network: anything from 0.85 to 0.95.
    low, value, high = ((start - e[4].iloc[0]) / (start - e[15].iloc[0]) for start in (0.85, 0.90, 0.95))
    return st.exact(value, 1, low, high)


def further_fall(side, rate):
    e = side.errors(rate)
    return side.ratio(e[15], e[4]).map(lambda ratio: 1 - ratio)


def late(side, rate):
    return side.errors(rate, last=40).loc[:, 36:40].mean(axis=1)


def later_change(side, rate):
    early = side.errors(rate, last=40).loc[:, 11:15].mean(axis=1)
    return st.geometric(late(side, rate) / early).map(lambda ratio: ratio - 1)


def limits_differ(side):
    """Of neighbours among the rates whose later change lies in the second band: the larger limit over the smaller."""
    changes = {rate: st.Part("", later_change(side, rate), side.bands[1], side.minimum) for rate in side.rates}
    found = {}
    for low, high in pairwise(rate for rate, change in changes.items() if change.verdict() == st.HOLDS):
        a, b = common(late(side, low), late(side, high))
        found[f"{low:g} v {high:g}"] = max(st.geometric(a / b), st.geometric(b / a), key=lambda ratio: ratio.value)
    return found or {"fewer than two rates reached a limit": st.exact()}


def epochs_to_reach(side, rate):
    """Bounds for each seed: a curve first below the error after epoch k crossed it after k - 1."""
    e = side.errors(rate, last=60 if rate == RATES[0] and not side.one_run else 15)
    by = (e <= REACHED).mul(1 / e.columns, axis=1).max(axis=1).rdiv(1).round()
    return (by - 1).clip(upper=e.columns[-1]), by


def steepness(side, low, high):
    after, by, fast_after, fast_by = common(*epochs_to_reach(side, low), *epochs_to_reach(side, high))
    least, most = after / fast_by, by / fast_after
    least = side.each(least, st.geometric) if (least > 0).all() else st.exact(0, len(least))
    most = side.each(most, st.geometric) if np.isfinite(most).all() else st.exact(math.inf)
    return st.Estimate(least.value, least.n, lambda level: (least.interval(level)[0], most.interval(level)[1]))


def rate_times_epochs(side, low, high):
    count = 1 if side.one_run else 6 if low == RATES[0] else 4
    slow = side.errors(low, last=10 * count).loc[:, 10::10].set_axis(range(1, count + 1), axis=1)
    return side.ratio(*chosen(slow, side.errors(high, last=count), lambda log_ratio: -log_ratio.abs()))


def shape(e) -> tuple:
    """Largest deviation from a run's own line over its fall; fall of epochs 8 to 15 over that of 1 to 8."""
    x = np.arange(1, 16)
    lines = np.reshape([np.polyval(np.polyfit(x, row, 1), x) for row in e.to_numpy()], e.shape)
    return (e - lines).abs().max(axis=1) / (e[1] - e[15]), (e[8] - e[15]) / (e[1] - e[8])


def straight(side):
    deviation, halves = shape(side.errors(RATES[0]))
    if side.one_run:
        return {"deviation": (side.each(deviation), 1), "second half / first half": (side.each(halves), 2)}
    passed = (deviation <= side.bands[1].high) & halves.between(*side.bands[2][:2])
    share = st.proportion(passed.sum(), len(passed))
    return {"share of straight runs": share, "deviation, mean": (st.student(deviation), None)}


def straighter(side, rate):
    other, least = common(*(shape(side.errors(each))[0] for each in (rate, RATES[0])))
    return side.each(other / least, st.geometric)


def goes_on(side):
    e = side.errors(RATES[0], last=60)
    speed = st.student((e[45] - e[60]) / 15 / ((e[1] - e[15]) / 14))
    return {"error, 60 / 15": st.geometric(e[60] / e[15]), "speed, 45 to 60 / 1 to 15": (speed, 1)}


def image_variance(side, better, worse) -> tuple[float, int]:
    """Variance of the mean difference of two rates from the choice of images, each its mean over seeds; their number.

    Those are the seeds whose last epoch is the fifteenth, for whose images alone it is known who was right then.
    """
    right = []
    for rate in (better, worse):
        rows = side.rows("right", lr=rate, **side.setting)
        right.append({(row.epoch, row.seed): base64.b64decode(row.right) for row in rows.itertuples()})
    keys = sorted(right[0].keys() & right[1].keys())
    epoch = 15 if 15 in dict(keys) else max(dict(keys), default=None)
    bits = [[np.unpackbits(np.frombuffer(of[key], np.uint8)) for key in keys if key[0] == epoch] for of in right]
    differences = np.mean(np.subtract(*np.asarray(bits, float)), axis=0) if keys else [math.nan]
    return np.var(differences) / len(differences), len(bits[0])


def best_of_four(side):
    ends = {rate: side.errors(rate)[15] for rate in side.rates}
    if not all(map(len, ends.values())):
        return {"the next best rate": st.exact()}
    best = ends.pop(0.1)
    rate = min(ends, key=lambda rate: ends[rate].mean())
    found = {f"{rate:g} less 0.1": side.difference(ends[rate], best)}
    if not side.one_run:
        chance, seeds = image_variance(side, 0.1, rate)
        found[f"the same, images of {seeds} networks also left to chance"] = st.student(
            np.subtract(*common(ends[rate], best)), chance
        )
    return found


def two_epochs(side):
    e = side.errors(0.1)
    losses = {k: side.difference(e[k], e[15]) for k in range(1, 15)}
    enough = [k for k, loss in losses.items() if st.Part("", loss, side.bands[0]).verdict() == st.HOLDS]
    first = st.exact(min(enough, default=math.nan), len(e))
    return {"epoch 2 less epoch 15": losses[2], "first epoch that is enough": (first, None)}


def overshoot(side):
    counts = {}
    for rate in (1.0, 0.3, 0.1):
        rows = side.rows("curves", lr=rate, **side.setting)
        failed = (rows["failed"] != "").groupby(rows["seed"]).any() if len(rows) else pd.Series(dtype=bool)
        counts[rate] = int(failed.sum()), len(failed)
    rises = [side.errors(rate, first=4).diff(axis=1).max(axis=1) for rate in (0.3, 0.1)]
    rise = st.welch(*(np.log(each.clip(lower=1 / VALIDATION)) for each in rises)).map(st.exp)  # at least one image
    shares = {f"share that failed at {rate:g}": (st.proportion(*count), None) for rate, count in counts.items()}
    return {"failures, 1 v 0.1": st.odds(*counts[1.0], *counts[0.1]), "largest rise, 0.3 v 0.1": (rise, 1), **shares}


def wide_failures(side):
    rows = side.rows("probes", filters=128, lr=0.1)
    found = {"normal, linear": st.exact()}
    for (init, head), group in rows.groupby(["init", "head"]) if len(rows) else ():
        failed = (group["failed"] != "").groupby(group["seed"]).any()
        share = st.proportion(failed.sum(), len(failed))
        found[f"{init}, {head}"] = share, 0 if (init, head) == ("normal", "linear") else None
    return found


def one_of_ours(side):
    """p of 2017's mean log error under a prediction interval of ours, and after Holm over the rates, as bounds."""
    p, n = {}, {}
    for rate in [] if side.one_run else side.rates:
        ours, theirs = side.errors(rate), side.reference.errors(rate)
        n[rate] = len(ours)
        if n[rate] > 1 and (ours > 0).all(axis=None):
            p[rate] = st.predicted(np.log(ours).mean(axis=1), np.log(theirs).mean(axis=1).iloc[0])
    corrected = dict(zip(p, st.holm(list(p.values())), strict=True))
    return {f"{r:g}": st.exact(p[r], n[r], p[r], corrected[r]) if r in p else st.exact() for r in side.rates}


MEASURES = {
    "ordering": per_pair(tightest_ratio),
    "one_run_ranks": reversals,
    "early_drop": per_rate(early_drop),
    "then_constant": per_rate(further_fall),
    "constant_with_more_epochs": per_rate(later_change),
    "steepness_differs": per_pair(steepness),
    "limits_differ": limits_differ,
    "rate_times_epochs": per_pair(rate_times_epochs),
    "linear_0001": straight,
    "straighter_than_others": per_rate(straighter),
    "0001_goes_on": goes_on,
    "best_of_four": best_of_four,
    "two_epochs_enough": two_epochs,
    "stop_beats_next_rate": lambda s: {"0.1 at 2 less 0.01 at 15": s.difference(s.errors(0.1)[2], s.errors(0.01)[15])},
    "best_is_inside": lambda s: {
        f"{rate:g} less 0.1": s.difference(s.errors(rate)[15], s.errors(0.1)[15]) for rate in (0.03, 0.3)
    },
    "overshoot": overshoot,
    "diverged_wide": wide_failures,
    "2017_is_one_of_ours": one_of_ours,
}
