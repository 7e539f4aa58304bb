"""The series that `plots` draws, from the frames of finished runs and the numbers of 2017."""

import numpy as np
import pandas as pd

from lenet import arithmetic, claims, costs
from lenet.figures import mean_interval
from lenet.statistics import FAILS, HOLDS, LEVEL, NOT_MEASURED, UNDECIDED

TRUE, GUESS = "true count", "2017's count"
CONSTANT_FROM = 4  # the epoch after which 2017's text calls its curves nearly constant


def longest(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows, from the first epoch, of the networks of each rate that were trained longest."""
    return runs[(runs.groupby("lr")["epochs"].transform("max") == runs["epochs"]) & (runs["epoch"] > 0)]


def mean_curves(runs: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Mean error by rate and epoch from the first, over the networks that were trained longest; 2017 as one run."""
    ours = mean_interval(longest(runs), ["lr", "epoch"], "validation_error").assign(side="ours")
    past = past.rename(columns={"learning_rate": "lr", "validation_error": "mean"}).assign(side="2017", n=1)
    means = pd.concat([ours, past], ignore_index=True).rename(columns={"mean": "validation_error"})
    means = means.astype({"lr": float, "epoch": int, "validation_error": float})
    means = means.sort_values(["lr", "epoch"], ascending=[False, True], kind="stable")
    return means.assign(rate=means["lr"].map("rate {:g}".format), product=means["lr"] * means["epoch"])


def one_more_run(runs: pd.DataFrame) -> pd.DataFrame:
    """By rate and epoch from the first: mean error, its interval, and where one more run would lie.

    next_low and next_high: mean +- t s sqrt(1 + 1/n) of the logarithms of the error.
    """
    by, runs = ["lr", "epoch"], runs[runs["epoch"] > 0]
    logs = runs.assign(log=np.log(runs["validation_error"].where(runs["validation_error"] > 0)))
    logs = mean_interval(logs, by, "log")
    half = (logs["high"] - logs["mean"]) * np.sqrt(logs["n"] + 1)
    logs = logs[by].assign(next_low=np.exp(logs["mean"] - half), next_high=np.exp(logs["mean"] + half).clip(upper=1))
    means = mean_interval(runs, by, "validation_error").rename(columns={"mean": "validation_error"})
    return means.merge(logs, on=by, how="left")


def fits(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean training loss and mean validation error by rate and epoch, over the networks that were trained longest."""
    names = ["train_loss", "validation_error"]
    means = longest(runs).groupby(["lr", "epoch"])[names].mean().dropna().reset_index()
    means = means.sort_values(["lr", "epoch"], ascending=[False, True], ignore_index=True)
    return means.assign(rate=means["lr"].map("{:g}".format), side="ours")


def change(means: pd.DataFrame, rate: float, name: str, early: tuple, late: tuple) -> float:
    """Relative change of a column of `fits` at a rate from one window of epochs to another, each (first, last)."""
    rows = means[means["lr"] == rate]
    was, now = (rows.loc[rows["epoch"].between(*window), name].mean() for window in (early, late))
    return now / was - 1


def gains(means: pd.DataFrame, last: int) -> pd.DataFrame:
    """How much higher than at epoch `last` an error is, relative to it: column gain, for the epochs before."""
    ends = means[means["epoch"] == last].set_index(["lr", "side"])["validation_error"].rename("end")
    found = means[means["epoch"] < last].join(ends, on=["lr", "side"])
    return found.assign(gain=found["validation_error"] / found["end"] - 1)


def deviations(runs: pd.DataFrame, past: pd.DataFrame, last: int) -> pd.DataFrame:
    """Each run's distance from its own straight line through epochs 1 to `last`, as a share of its fall."""
    runs = runs[(runs["failed"] == "") & runs["epoch"].between(1, last)]
    table = runs.pivot(index="epoch", columns="seed", values="validation_error").dropna(axis=1)
    if len(table) < 3 or table.empty:
        return pd.DataFrame(columns=["epoch", "run", "deviation", "series"])
    table = pd.concat([table.add_prefix("seed "), table.mean(axis=1).rename("mean")], axis=1)
    if len(past):
        table["2017"] = past.set_index("epoch")["validation_error"].reindex(table.index)
    lines = np.stack([np.polyval(np.polyfit(table.index, table[run], 1), table.index) for run in table], axis=1)
    found = (table - lines) / (table.iloc[0] - table.iloc[-1])
    found = found.melt(var_name="run", value_name="deviation", ignore_index=False).reset_index().dropna()
    series = {"mean": "mean of ours", "2017": "2017"}
    return found.assign(series=found["run"].map(series).fillna("a run of ours")).sort_values("series", kind="stable")


def losses(evidence: claims.Evidence, past: claims.Evidence, rate: float) -> pd.DataFrame:
    """What a stop after each epoch loses against epoch 15, by side, with its interval: fractions."""
    rows = []
    for side, given in (("ours", claims.Side(evidence)), ("2017", claims.Side(past, one_run=True))):
        errors = given.errors(rate)
        for epoch in range(1, 15) if len(errors) else ():
            loss = given.difference(errors[epoch], errors[15])
            rows.append((side, epoch, loss.value, *loss.interval(LEVEL)))
    return pd.DataFrame(rows, columns=["side", "epoch", "loss", "low", "high"])


def rises(runs: pd.DataFrame, images: int) -> pd.DataFrame:
    """Each network's largest rise of its error within one epoch after the fourth, and how it failed."""
    late = runs[runs["epoch"] >= CONSTANT_FROM]
    late = late.assign(rise=late.groupby(["lr", "seed"])["validation_error"].diff())
    found = late.groupby(["lr", "seed"]).agg(rise=("rise", "max"), failed=("failed", "first")).reset_index()
    return found[(found["failed"] != "") | found["rise"].notna()].assign(lowest=1 / images)


def as_2017_counted(filters: int) -> dict[str, int]:
    """A guess that gives what 2017 stated: 16 inputs to either convolution, none of the flattened map's positions."""
    hidden = arithmetic.HIDDEN_UNITS
    connected = (filters + 1) * hidden + (hidden + 1) * arithmetic.CLASSES
    return {"convolutional": 2 * (9 * filters**2 + filters), "fully connected": connected}


def conv_shares() -> pd.DataFrame:
    """The convolutions' share of parameters and of training work by filters, and as 2017 seems to have counted."""
    rows = []
    for filters in costs.FILTERS["GPU"]:
        counted = as_2017_counted(filters)
        rows.append(("training work", filters, costs.share(filters, "training_macs"), TRUE))
        rows.append(("parameters", filters, costs.share(filters), TRUE))
        rows.append((GUESS, filters, counted["convolutional"] / sum(counted.values()), GUESS))
    return pd.DataFrame(rows, columns=["quantity", "filters", "share", "side"])


def memory_passes(memory: pd.DataFrame, images: int) -> pd.DataFrame:
    """GiB by filters of a pass over `images` at once, measured, and of the first layer's output alone, computed."""
    rows = [("first output", f, costs.output_gib(f, images)) for f in costs.FILTERS["GPU"][:3]]
    for row in memory.itertuples():
        if pd.notna(row.whole_set_bytes):
            rows.append(("all at once", row.filters, row.whole_set_bytes / costs.GIB))
        rows.append(("in batches", row.filters, max(row.batched_bytes, 2**20) / costs.GIB))
    return pd.DataFrame(rows, columns=["series", "filters", "gib"]).assign(side="ours")


def gpu_lines(runtimes: pd.DataFrame) -> pd.DataFrame:
    """The GPU's times and, for each source, the straight line a + b x parameters of least relative error."""
    gpu = runtimes[runtimes["device"] == "GPU"].dropna(subset=["seconds"]).sort_values("parameters")
    found = [gpu.iloc[:0].assign(line=[])]
    for _, rows in gpu.groupby("source"):
        fit = np.polyfit(rows["parameters"], rows["seconds"], 1, w=1 / rows["seconds"])
        found.append(rows.assign(line=np.polyval(fit, rows["parameters"])))
    names = lambda rows: rows["filters"].map("{:.0f} filters".format).where(rows["filters"] >= 32, "")  # noqa: E731
    return pd.concat(found).assign(name=names)


def time_parts(times: pd.DataFrame) -> pd.DataFrame:
    """Shares of a runtime by 2017's definition: of ours by the clock, of 2017's by FLOPs."""
    rows = []
    for filters in costs.FILTERS["GPU"]:
        evaluation = arithmetic.forward_flops(filters, costs.EVALUATED)
        evaluation /= evaluation + arithmetic.training_flops(filters, costs.TRAIN)
        rows.append(("2017 (FLOPs)", filters, "training", 1 - evaluation))
        rows.append(("2017 (FLOPs)", filters, "evaluation", evaluation))
    for (device, filters), group in times.groupby(["device", "filters"]) if len(times) else ():
        seconds = group[["epoch_seconds", "evaluation_seconds"]].mul(costs.EPOCHS_2017)
        training, evaluation = seconds.div(group["wall_2017_seconds"], axis=0).median()
        known = {"training": training, "evaluation": evaluation, "set-up": max(0, 1 - training - evaluation)}
        rows += [(f"{device} time", filters, part, share) for part, share in known.items()]
    found = pd.DataFrame(rows, columns=["of", "filters", "part", "share"])
    rank = {part: i for i, part in enumerate(("training", "evaluation", "set-up"))}
    return found.assign(bar=found["of"] + ", " + found["filters"].astype(str), rank=found["part"].map(rank))


def failures(probes: pd.DataFrame) -> pd.DataFrame:
    """How many networks failed, by filters (y) and by initial values and head (x), and at which steps."""
    rows, heads = [], {"linear": "no activation", "relu": "ReLU"}
    for (filters, init, head), group in probes.groupby(["filters", "init", "head"]) if len(probes) else ():
        lost = group[group["failed"] != ""]
        steps = sorted({int(lost["failed_step"].min()), int(lost["failed_step"].max())}) if len(lost) else []
        word = f"{len(lost)} of {len(group)}" + (f"\nstep {'-'.join(map(str, steps))}" if steps else "")
        share, names = len(lost) / len(group), sorted(set(group["run"]))
        rows.append((f"{init}, {heads[head]}", f"{filters} filters", word, share, len(lost), len(group), names))
    return pd.DataFrame(rows, columns=["x", "y", "word", "shade", "failed", "n", "runs"])


def robustness(evidence: claims.Evidence) -> pd.DataFrame:
    """The verdict of each sensitive claim (x) in each setting (y), in a word."""
    table, _ = claims.robustness(evidence)
    shades = {HOLDS: 1.0, FAILS: 0.0, UNDECIDED: 0.5}
    rows = [
        (f"No.\u00a0{claims.CLAIMS[name].number}", setting, "–" if word == NOT_MEASURED else word, shades.get(word))
        for setting, verdicts in table.iterrows()
        for name, word in verdicts.items()
    ]
    return pd.DataFrame(rows, columns=["x", "y", "word", "shade"])
