"""The frames and sentences of the report, from finished runs and from the numbers of 2017."""

from pathlib import Path

import pandas as pd

from lenet import data, machine
from lenet.figures import mean_interval

REFERENCE = Path(__file__).parent / "reference"
HERE, THEN = "this machine", "2017"


def reference(name: str) -> pd.DataFrame:
    """The numbers of 2017: learning_rate_error, filter_runtime or parameters (as stated)."""
    return pd.read_csv(REFERENCE / f"{name}.csv")


def seeds(curves: pd.DataFrame) -> str:
    """How many networks a mean is over, in words for a caption."""
    counts = sorted(set(curves.groupby("lr")["seed"].nunique()))
    return "-".join(map(str, counts)) + " networks that differ in their initial values"


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
    by = ["device", "filters", "parameters"]
    ours = times.groupby(by)["wall_2017_seconds"].agg(seconds="median", low="min", high="max", n="count").reset_index()
    ours.loc[ours.pop("n") == 1, ["low", "high"]] = float("nan")
    if past is None:
        return ours.assign(source=HERE)
    from lenet import arithmetic

    past = past.rename(columns={"runtime_s": "seconds"})
    past = past.assign(
        source=THEN, parameters=past["filters"].map(arithmetic.parameters), low=float("nan"), high=float("nan")
    )
    return pd.concat([past, ours.assign(source=HERE)], ignore_index=True)


def rates(times: pd.DataFrame) -> pd.DataFrame:
    """By device and filters: seconds of an epoch and its evaluations, images/s and GFLOP/s."""
    return pd.DataFrame(
        {
            "Device": times["device"],
            "Filters": times["filters"],
            "Parameters": times["parameters"],
            "Training (s/epoch)": times["epoch_seconds"],
            "Evaluation (s/epoch)": times["training_evaluation_seconds"] + times["validation_seconds"],
            "GFLOP/s": times["flops_per_epoch"] / times["epoch_seconds"] / 1e9,
            "Share of peak": times["flops_per_epoch"] / times["epoch_seconds"] / 1e9 / times["peak_gflops"],
        }
    ).sort_values(["Device", "Filters"], ignore_index=True)


def one_or_list(values) -> str:
    return "; ".join(map(str, values)) if isinstance(values, list) else str(values)


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
        "GPU": one_or_list([m["gpu"] or "none" for m in machines]),
        "Packages": "; ".join(", ".join(f"{name} {number}" for name, number in v.items()) for v in versions),
        "Commit of the runs": ", ".join(sorted({run["commit"] for run in origin["runs"].values()})),
        "Commit of the report": origin["report_commit"],
        "Runs finished": f"{len(origin['runs'])}, from {origin['first_finished']} to {origin['last_finished']}",
        "Computed with other sources than the tree's": changed or "none",
    }
    return pd.DataFrame({"What": rows.keys(), "Value": rows.values()})


def gpu_sentence(times: pd.DataFrame) -> str:
    """Whether there is a GPU series, and if not, why."""
    if "GPU" in set(times["device"]):
        return "The GPU series was measured on the same machine."
    return f"There is no GPU series of ours: {machine.gpu_absence() or 'it was not asked for'}."
