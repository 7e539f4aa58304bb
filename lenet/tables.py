"""The frames and sentences of the report, from finished runs and from the numbers of 2017."""

import base64
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from lenet import arithmetic, claims, data, machine, scraps
from lenet.figures import mean_interval

REFERENCE = Path(__file__).parent / "reference"
HERE, THEN = "ours", "2017"
CHOSEN = "train/"  # the study of the setting that was chosen
TIMED = {"threads": 0, "shards": 0, "backend": "tensorflow", "tf32": False}  # of the study's own timing runs
SOURCE = (
    'D.-E. Künstle, "Exercise 2: LeNet in Tensorflow", 20 November 2017, a hand-in for a deep-learning lab course, '
    "read off the vector drawing of its two figures, and from its author's published notebook"
)


def reference(name: str) -> pd.DataFrame:
    """The numbers of 2017: learning_rate_error, filter_runtime or parameters (as stated)."""
    return pd.read_csv(REFERENCE / f"{name}.csv")


def seeds(curves: pd.DataFrame) -> str:
    """How many networks a mean is over, fewest and most, in words for a caption."""
    setting = ["lr", *(name for name in claims.FAITHFUL if name in curves)]
    counts = curves.groupby(setting)["seed"].nunique()
    ends = sorted({counts.min(), counts.max()} if len(counts) else ())
    return ("-".join(map(str, ends)) or "no") + " networks that differ in their initial values"


def parameters(layers: pd.DataFrame, stated: pd.Series) -> pd.DataFrame:
    """Parameters by layer, their sum by kind, and what was stated of each kind."""
    kinds = layers.groupby("kind", sort=False)["parameters"].sum()
    rows = [(layer.name, layer.kind, layer.parameters, None) for layer in layers.itertuples(index=False)]
    rows += [("together", kind, total, stated[kind]) for kind, total in kinds.items()]
    return pd.DataFrame(rows, columns=["Layer", "Kind", "Parameters", "Stated in 2017"]).astype(
        {"Stated in 2017": "Int64"}
    )


def final_errors(curves: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """By learning rate, at the last epoch: mean error with its t interval, range of the runs, and 2017's one run."""
    last = curves[curves["epoch"] == curves["epoch"].max()]
    spread = last.groupby("lr")["validation_error"].agg(["min", "max"]).reset_index()
    past = past[past["epoch"] == last["epoch"].max()].rename(
        columns={"learning_rate": "lr", "validation_error": "then"}
    )
    means = mean_interval(last, ["lr"], "validation_error").merge(spread, on="lr")
    return means.merge(past[["lr", "then"]], on="lr", how="left").sort_values("lr", ascending=False, ignore_index=True)


def named_errors(final: pd.DataFrame) -> pd.DataFrame:
    """The columns of `final_errors` as a reader's table has them."""
    names = {"lr": "Learning rate", "mean": "Mean", "low": "Low", "high": "High", "min": "Lowest run"}
    names |= {"max": "Highest run", "n": "Networks", "then": "2017, one run"}
    return final[list(names)].rename(columns=names)


def runtimes(times: pd.DataFrame, past: pd.DataFrame | None) -> pd.DataFrame:
    """Wall time by 2017's definition of its runs and ours, for the figure: median over rounds, and their range."""
    columns = ["source", "device", "filters", "parameters", "seconds", "low", "high"]
    found = []
    if past is not None:
        sizes = past["filters"].map(arithmetic.parameters)
        found.append(past.rename(columns={"runtime_s": "seconds"}).assign(source=THEN, parameters=sizes))
    if len(times):
        wall = times.groupby(columns[1:4])["wall_2017_seconds"]
        ours = wall.agg(seconds="median", low="min", high="max", n="count").reset_index().assign(source=HERE)
        found.append(ours.assign(**{end: ours[end].where(ours["n"] > 1) for end in ("low", "high")}))
    return pd.concat([pd.DataFrame(columns=columns), *found])[columns].astype(dict.fromkeys(columns[2:], float))


def rates(times: pd.DataFrame) -> pd.DataFrame:
    """By device and filters, medians over the rounds: seconds of an epoch and its evaluations, GFLOP/s."""
    columns = ["parameters", "epoch_seconds", "evaluation_seconds", "flops_per_epoch", "peak_gflops"]
    grouped = times.groupby(["device", "filters"])
    found = grouped[columns].median().assign(n=grouped.size()).reset_index()
    gflops = found["flops_per_epoch"] / found["epoch_seconds"] / 1e9
    return pd.DataFrame(
        {
            "Device": found["device"],
            "Filters": found["filters"],
            "Parameters": found["parameters"].astype(int),
            "Rounds": found["n"],
            "Training, s\u00a0an\u00a0epoch": found["epoch_seconds"],
            "Evaluation, s\u00a0an\u00a0epoch": found["evaluation_seconds"],
            "GFLOP/s": gflops,
            "Share of peak": gflops / found["peak_gflops"],
        }
    )


def surroundings(origin: dict) -> pd.DataFrame:
    """Data, programs and machine as two columns of text."""
    machines = origin["machine"] if isinstance(origin["machine"], list) else [origin["machine"]]
    describe = "{cpu}, {cores} cores, {gib:.0f} GiB, {system}, Python {python}".format
    changed = ", ".join(origin["sources_changed"])
    versions = origin["versions"] if isinstance(origin["versions"], list) else [origin["versions"]]
    rows = {
        "Data": data.SOURCES[origin["dataset"]],
        "SHA-256 of the data": origin["data_sha256"],
        "Machine": "; ".join(describe(gib=m["memory_bytes"] / 2**30, **m) for m in machines),
        "GPU": "; ".join(m["gpu"] or "none" for m in machines),
        "Packages": "; ".join(", ".join(f"{name} {number}" for name, number in v.items()) for v in versions),
        "Commit of the runs": ", ".join(sorted({run["commit"] for run in origin["runs"].values()})),
        "Commit of the report": origin["report_commit"],
        "Runs finished": f"{len(origin['runs'])}, from {origin['first_finished']} to {origin['last_finished']}",
        "Computed with other sources than the tree's": changed or "none",
    }
    return pd.DataFrame({"What": rows.keys(), "Value": rows.values()})


def gpu_sentence(times: pd.DataFrame) -> str:
    """Whether there is a GPU series, and whose; if not, why."""
    found = times[times["device"] == "GPU"] if len(times) else times
    if found.empty:
        return f"There is no GPU series of ours: {machine.gpu_absence() or 'it was not asked for'}."
    here = "the GPU of this machine" if not found["recorded"].all() else ""
    there = sorted(set(found.loc[found["recorded"], "host"]))
    said = f"The GPU series are of {' and '.join([here] * bool(here) + there)}."
    beside = times[(times["device"] == "CPU") & times["host"].isin(set(found.loc[found["backend"] == "jax", "host"]))]
    seconds = beside.pivot_table(index=["host", "filters"], columns="backend", values="epoch_seconds", aggfunc="median")
    ratio = seconds["jax"].div(seconds["tensorflow"]).dropna() if {"jax", "tensorflow"} <= set(seconds) else ()
    if not len(ratio):
        return said
    told = f"On a processor beside it JAX takes {ratio.min():.1f} to {ratio.max():.1f} times as long as this engine"
    return f"{said} {told}{', so that its own ratio of the two flatters the GPU' * bool(ratio.min() > 1)}."


def evidence(finished: list[scraps.Finished], records=()) -> claims.Evidence:
    """What the claims are decided on: curves of learning-rate studies, probes, times, memory, shared images.

    `records` are timing runs made elsewhere, from `scraps.records`.
    """
    studies = [run for run in finished if run.record["notebook"] == "lr_study"]
    right = scraps.joined(studies, "right")
    memory = [{"run": run.name} | run.record["memory"] for run in finished if "memory" in run.record]
    shared = [run.record for run in finished if "shared_images" in run.record]
    images = {"duplicates": shared[0]["shared_images"], "dataset": shared[0]["dataset"]} if shared else {}
    timed = [run for run in finished if "measured" in run.record and TIMED.items() <= run.record["parameters"].items()]
    return claims.Evidence(
        scraps.joined(studies, "curves"),
        right[right["right"] != ""] if len(right) else right,
        scraps.joined(finished, "probes"),
        scraps.times([*timed, *records]),
        pd.DataFrame(memory),
        images,
    )


def faithful(curves: pd.DataFrame) -> pd.DataFrame:
    """The rows in the setting of the study lr_study, each network and epoch once; longer runs first."""
    if curves.empty:
        columns = ["run", "epochs", "lr", "seed", "epoch", "train_loss", "validation_error", "failed"]
        return pd.DataFrame(columns=columns)
    first = curves["study"] == "lr_study"
    setting = curves.loc[first if first.any() else slice(None), list(claims.FAITHFUL)].iloc[0]
    rows = curves[(curves[list(claims.FAITHFUL)] == setting).all(axis=1)]
    rows = rows.sort_values("epochs", ascending=False, kind="stable").drop_duplicates(["lr", "seed", "epoch"])
    return rows.sort_values(["lr", "seed", "epoch"], ignore_index=True)


def runs_of(frame: pd.DataFrame) -> str:
    """The runs that a frame rests on, for a caption: each study with its number of runs."""
    if frame.empty:
        return "No finished runs."
    studies = pd.Series(sorted(set(frame["run"]))).str.split("/").str[0].value_counts(sort=False)
    return "Runs: " + ", ".join(f"{study} ({count})" for study, count in studies.items()) + "."


def test_errors(finished: list[scraps.Finished]) -> pd.DataFrame:
    """The chosen setting's networks: seed, validation and test error, how one failed, and its run."""
    rows = [
        (run.record["parameters"]["seed"], run.frames["curves"].iloc[-1]["validation_error"],
         run.record["test_error"], run.record["failed"] or "no", run.name)
        for run in finished if run.name.startswith(CHOSEN) and "test_error" in run.record
    ]  # fmt: skip
    columns = ["Seed", "Validation error", "Test error", "Failed", "run"]
    return pd.DataFrame(rows, columns=columns).astype({"Validation error": float, "Test error": float})


def wrong_images(right: pd.DataFrame, runs: pd.DataFrame, rate: float, images: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Networks of a rate by validation images: wrong (True) after its last epoch; and their run, seed, epoch."""
    if right.empty or runs.empty:
        return np.zeros((0, images), bool), pd.DataFrame(columns=["run", "seed", "epoch"])
    rows = right.merge(runs.loc[runs["lr"] == rate, ["run", "seed"]].drop_duplicates(), on=["run", "seed"])
    bits = [np.unpackbits(np.frombuffer(base64.b64decode(row), np.uint8), count=images) for row in rows["right"]]
    return np.array(bits).reshape(len(bits), images) == 0, rows[["run", "seed", "epoch"]]


def disagreements(wrong: np.ndarray) -> float:
    """Images of which one network is right and another wrong: mean over all pairs of networks (rows)."""
    return float(np.mean([(a != b).sum() for a, b in combinations(wrong, 2)])) if len(wrong) > 1 else 0.0


def inventory(finished: list[scraps.Finished]) -> pd.DataFrame:
    """What was computed, by study: runs, networks trained, epochs in all, failed networks, and minutes of one core."""
    rows = []
    for run in finished:
        curves = run.frames.get("curves", run.frames.get("probes", pd.DataFrame()))
        names = [name for name in ("seed", "init", "head") if name in curves]
        networks = curves.drop_duplicates(names) if len(curves) else curves
        epochs = int((curves["epoch"] > 0).sum()) if "epoch" in curves else run.record.get("measured", {}).get("epochs")
        failed = int((networks["failed"] != "").sum()) if len(networks) else 0
        minutes = run.record.get("cpu_seconds", float("nan")) / 60
        rows.append((run.name.split("/")[0], 1, len(networks) or 1, epochs, failed, minutes))
    table = pd.DataFrame(rows, columns=["Study", "Runs", "Networks", "Epochs", "Failed", "Training, core minutes"])
    table = table.groupby("Study", sort=False).sum(min_count=1)
    return table.astype(dict.fromkeys(table.columns[:4], "Int64")).reset_index()


def rounds(times: pd.DataFrame) -> pd.DataFrame:
    """Seconds of a training epoch by series and filters: median, lowest and highest of the rounds, n, and the runs."""
    if times.empty:
        return pd.DataFrame(columns=["name", "median", "min", "max", "count", "runs"])
    grouped = times.groupby(["series", "filters"])
    found = grouped["epoch_seconds"].agg(["median", "min", "max", "count"]).assign(runs=grouped["run"].agg(sorted))
    names = ["epoch_seconds_" + re.sub(r"\W+", "_", f"{series} {filters}") for series, filters in found.index]
    return found.assign(name=names).reset_index(drop=True)


def edges(text: str) -> list[str]:
    """The claims of a file like claims.yaml and the limits of their bands, without their wording."""
    return re.findall(r"^\w+:|\b(?:within|at_least|at_most|above|below): *(?:\[[^]]*]|[-\d.]+)", text, re.MULTILINE)


def thresholds(results: dict[str, claims.Result], finished: list[scraps.Finished]) -> dict[str, str]:
    """Commit and time of the last change of a limit, of any word, and of the first run held against the bands."""
    used = {name for result in results.values() for name in result.runs}
    path = "lenet/reference/claims.yaml"
    (commit, time), worded = scraps.last_change(path, edges), scraps.last_change(path, str)
    first = min((run for run in finished if run.name in used), key=lambda run: run.record["finished"], default=None)
    first = {"run": first.name, "commit": first.record["commit"], "time": first.record["finished"]} if first else {}
    changed = {"commit": commit, "time": time, "worded_commit": worded[0], "worded_time": worded[1]}
    return changed | {f"first_{key}": value for key, value in first.items()}
