"""What the claims about size and time measure, as in `learning`: one side's evidence to {label: Estimate}."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd

from lenet import statistics as st
from lenet.arithmetic import forward_flops, layers, parameters, training_flops
from lenet.learning import common

FILTERS = {"CPU": (8, 16, 32, 64), "GPU": (8, 16, 32, 64, 128, 256)}
DOUBLINGS = {device: list(pairwise(filters)) for device, filters in FILTERS.items()}
TIMED = {"batch_size": 64, "shuffle": False, "head": "linear", "init": "normal"}
TRAIN, VALIDATION, EPOCHS_2017 = 50_000, 10_000, 10
EVALUATED = 2 * TRAIN + VALIDATION  # images of the three evaluations after each epoch in 2017
STATED = {"convolutional": 5_000, "fully connected": 3_500}  # parameters at 16 filters, in 2017's text
GIB = 2**30


def where(rows, **wanted) -> pd.DataFrame:
    """The rows with the wanted values, in those columns that there are."""
    for column, value in wanted.items():
        rows = rows[rows[column] == value] if column in rows else rows
    return rows


def of_kind(filters, kind, what="parameters"):
    return sum(getattr(layer, what) for layer in layers(filters) if layer.kind == kind)


def share(filters, what="parameters"):
    """The convolutions' share."""
    return of_kind(filters, "convolutional", what) / sum(getattr(layer, what) for layer in layers(filters))


def doublings(of):
    return {f"{f} to {g}": st.exact(of(g) / of(f)) for f, g in DOUBLINGS["GPU"]}


def output_gib(filters, images=TRAIN):
    """The first convolution's output, the largest of all."""
    return images * layers(filters)[0].output_bytes / GIB


def measured(side, column, of=max, unit=GIB):
    """One number of the memory frame at up to 32 filters, and n, the filter counts where it could be measured."""
    rows = side.rows("memory")
    rows = rows[rows["filters"] <= 32].dropna(subset=column) if len(rows) else rows
    return st.exact(of(rows[column]) / unit, rows["filters"].nunique()) if len(rows) else st.exact()


def batches(side):
    if not side.one_run:
        equal = measured(side, "predictions_equal", np.mean, unit=1)
        return {"in batches": measured(side, "batched_bytes"), "share with equal predictions": (equal, 1)}
    # Batches of int(32 / filters * 10,000) images, and a mean divided by their number once too often.
    sizes = {f: min(int(32 / f * VALIDATION), TRAIN) for f in FILTERS["GPU"]}
    logged = st.exact(1 / math.ceil(VALIDATION / sizes[64]))
    return {"in batches": st.exact(max(output_gib(*size) for size in sizes.items())), "logged / true": (logged, 1)}


def work(side, filters) -> int:
    """FLOPs in the timed seconds: an epoch's training; for 2017, ten epochs and their evaluations."""
    training = training_flops(filters, TRAIN)
    return EPOCHS_2017 * (training + forward_flops(filters, EVALUATED)) if side.one_run else training


def growth(side, device, pairs, per=None) -> dict:
    """t(g) / t(f) of each pair of filters; with `per`, the local slope d log t / d log per(f)."""
    found, times = {}, side.seconds(device, sorted({f for pair in pairs for f in pair}))
    for f, g in pairs:
        grown = side.each(times[g] / times[f], st.geometric)
        log = math.log(per(g) / per(f)) if per else None
        found[f"{f} to {g}"] = grown.map(lambda ratio, log=log: math.log(ratio) / log) if per else grown
    return found


def slope(side, x, times) -> st.Estimate:
    """Slope of log time on log x: over the points of 2017's run, over the rounds of ours."""
    if side.one_run:
        return st.regression(np.log(x), np.log(times.iloc[0]))
    return st.student([np.polyfit(np.log(x), np.log(row), 1)[0] for row in times.to_numpy()])


def gpu_series(side, *devices) -> dict:
    """Host and backend with most timed points in float32 on the least timed one of `devices`.

    {} where the evidence, as 2017's, names no host; where none has them, a host that there is not.
    """
    rows, names = where(side.evidence.times, tf32=False, **TIMED), ["host", "backend"]
    if "host" not in rows:
        return {}
    rows = rows.drop_duplicates([*names, "device", "round", "filters"])
    points = rows.pivot_table(index=names, columns="device", values="filters", aggfunc="count")
    points = points.reindex(columns=list(devices)).dropna()
    return dict(zip(names, points.min(axis=1).idxmax() if len(points) else ("", ""), strict=True))


def speed_up(side):
    """CPU over GPU, of one host and one backend."""
    series = gpu_series(side, "CPU", "GPU")
    cpu, gpu = common(*(side.seconds(device, FILTERS["CPU"], **series) for device in ("CPU", "GPU")))
    found = {f"{f} filters": side.each(cpu[f] / gpu[f], st.geometric) for f in cpu}
    return found | {"its growth, as a power of the filters": (slope(side, FILTERS["CPU"], cpu / gpu), None)}


def rate_ratio(side, device, first, last):
    """Achieved FLOP/s at `last` filters over that at `first`."""
    times, gain = side.seconds(device, (first, last)), work(side, last) / work(side, first)
    return side.each(gain * times[first] / times[last], st.geometric)


def residuals(X, y, left_out=False) -> np.ndarray:
    """Those of a least-squares fit; with `left_out`, of each point to the fit of the others."""
    keep = ~np.eye(len(y), dtype=bool) if left_out else np.ones((len(y), len(y)), dtype=bool)
    return np.array([x @ np.linalg.lstsq(X[k], y[k])[0] - value for x, value, k in zip(X, y, keep, strict=True)])


def straight_line(x, t, left_out=False) -> float:
    """Largest relative residual of t = a + b x, fitted to relative errors."""
    X = np.stack([np.ones(len(t)), x], axis=1) / np.reshape(t, (-1, 1))
    return abs(residuals(X, np.ones(len(t)), left_out)).max()


def fixed_and_work(side):
    times = side.seconds("CPU")
    largest = [straight_line([work(side, f) for f in times], row) for row in times.to_numpy()]
    return side.each(pd.Series(largest, dtype=float))


def knee(side):
    """A line with a knee at 32 filters in logarithms of both, over t = a + b parameters: each size left out."""
    f = np.array(FILTERS["GPU"])
    bent = np.stack([np.ones(len(f)), np.log(f), np.log(f / 32).clip(0)], axis=1)
    ratios = [
        abs(np.expm1(residuals(bent, np.log(t), left_out=True))).max() / straight_line(parameters(f), t, left_out=True)
        for t in side.seconds("GPU").to_numpy()
    ]
    return {"with a knee / without": side.each(pd.Series(ratios, dtype=float), st.geometric)}


def nan_timing(side):
    """Seconds of a step of networks that failed over those of the others, of the same graph in the same process."""
    rows = side.rows("probes", filters=128, head="linear")
    if rows.empty or "step_seconds" not in rows:
        return {"not finite / finite": st.exact()}
    rows = rows.dropna(subset="step_seconds")
    failed, seconds = rows["failed"] != "", np.log(rows["step_seconds"])
    return {"not finite / finite": st.welch(seconds[failed], seconds[~failed]).map(st.exp)}


def evaluation_share(side):
    """By FLOPs, exact and in need of no run; by time, what is not training in the runtime as 2017 defined it."""
    found = {}
    for f in FILTERS["GPU"]:
        flops = forward_flops(f, EVALUATED)
        found[f"FLOPs, {f} filters"] = st.exact(flops / (flops + training_flops(f, TRAIN))), 0, 1
    for f in () if side.one_run else FILTERS["CPU"]:
        rows = side.rows("times", device="CPU", filters=f, recorded=False, **TIMED)
        times = 1 - EPOCHS_2017 * rows["epoch_seconds"] / rows["wall_2017_seconds"] if len(rows) else []
        found[f"time, {f} filters"] = st.student(times)
    return found


MEASURES = {
    "disjoint": lambda s: {"images in both sets": st.exact(s.evidence.images.get("duplicates", math.nan))},
    "parameter_counts": lambda s: {kind: st.exact(stated / of_kind(16, kind)) for kind, stated in STATED.items()},
    "conv_formula": lambda s: {"16 filters": st.exact(3 * 3 * (1 + 16) * 16 / of_kind(16, "convolutional"))},
    "parameters_double": lambda s: doublings(parameters),
    "work_grows": lambda s: doublings(lambda f: training_flops(f, 1) / parameters(f)),
    "conv_dominate": lambda s: {"largest share": st.exact(max(map(share, FILTERS["GPU"])))},
    "conv_share_grows": lambda s: {"256 / 8 filters": st.exact(share(256) / share(8))},
    "conv_work": lambda s: {f"{f} filters": st.exact(share(f, "training_macs")) for f in FILTERS["GPU"]},
    "memory": lambda s: {
        "whole set": st.exact(output_gib(32)) if s.one_run else measured(s, "whole_set_bytes"),
        "filters at which the output alone passes": (st.exact(s.bands[0].low / output_gib(1)), None),
    },
    "batches_solve_it": batches,
    "cpu_slower": speed_up,
    "cpu_exponential": lambda s: {
        **growth(s, "CPU", DOUBLINGS["CPU"]),
        "largest residual of fixed cost + work": (fixed_and_work(s), None),
    },
    "doubles_with_parameters": lambda s: {
        **growth(s, "CPU", DOUBLINGS["CPU"], parameters),
        "one regression": (slope(s, [parameters(f) for f in FILTERS["CPU"]], s.seconds("CPU")), None),
    },
    "doubles_with_work": lambda s: growth(s, "CPU", DOUBLINGS["CPU"], lambda f: work(s, f)),
    "sequential": lambda s: {"64 / 8 filters": rate_ratio(s, "CPU", 8, 64)},
    "gpu_flat_to_32": lambda s: growth(s, "GPU", DOUBLINGS["GPU"][:2]),
    "gpu_climbs_after": lambda s: growth(s, "GPU", DOUBLINGS["GPU"][2:]),
    "gpu_full": lambda s: {
        **growth(s, "GPU", DOUBLINGS["GPU"][-1:], lambda f: work(s, f)),
        "FLOP/s, 256 / 128 filters": (rate_ratio(s, "GPU", 128, 256), None),
    },
    "knee": knee,
    "nan_timing": nan_timing,
    "figure2_is_training": evaluation_share,
}
