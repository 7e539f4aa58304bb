"""What the report notebook begins with: the finished runs, and every number that its text names."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from scipy import stats

from lenet import hand_in_2017
from lenet.network import data, layers
from lenet.plan import studies
from lenet.plan.parameters import ROOT
from lenet.report import sentences
from lenet.report.charts import failures, images, learning_rate, runtime
from lenet.report.writer import Report
from lenet.results import origin, scraps, tables, timings
from lenet.verdicts import bands, conclusions, intervals

FILTERS = hand_in_2017.SETTING["filters"]


class Study(NamedTuple):
    """The finished runs of all studies, and what stands on them."""

    finished: list[scraps.Finished]
    evidence: tables.Evidence
    conclusions: conclusions.Conclusions
    origin: dict[str, Any]

    def layers(self) -> pd.DataFrame:
        """Parameters and training work of each layer, in 2017's number of filters."""
        rows = pd.DataFrame(layers.layers(FILTERS))
        work = rows["training_macs"] / rows["training_macs"].sum()
        return pd.DataFrame(
            {
                "Layer": rows["name"],
                "Kind": rows["kind"],
                "Parameters": rows["parameters"],
                "Share of the work of training": work,
            }
        )


def load(folder: str, preview: bool, draft: bool, gpu: bool) -> Study:
    """The runs in `folder`, from the project's root: all that are planned, or for a draft those
    that are finished. Raises ScrapError, with its name, for a run that is missing or damaged."""
    root = ROOT / folder
    plan = studies.plan(preview, gpu)
    missing: dict[str, str] = {}
    if draft:
        finished, missing = scraps.read_finished(root / "runs", plan)
    else:
        finished = scraps.read_all(root / "runs", plan)
    evidence = tables.evidence(finished, timings.records(root / "records"))
    return Study(finished, evidence, conclusions.judge(evidence), origin.origin(finished, missing))


def begin(study: Study, out: str, preview: bool, draft: bool) -> Report:
    """The report that writes to `out`, from the project's root, with all its numbers."""
    label = origin.label(study.origin, preview, draft)
    report = Report(ROOT / Path(out), study.origin["dataset"], preview, draft, label)
    report.judged(study.conclusions)
    limits(report)
    settings(report, study.evidence.images)
    computed(report, study)
    errors(report, study.evidence)
    tested(report, study.evidence)
    failed(report, study.evidence)
    timed(report, study.evidence)
    return report


def limits(report: Report) -> None:
    """Keep where each test says that its quantity lies, and how many conclusions stay open."""
    for test, found in report.results["tests"].items():
        for band, place in found["bands"].items():
            report.word(f"limit/{test}/{band}", sentences.limits(place))
    verdicts = [found["verdict"] for found in report.results["conclusions"]]
    report.number(
        "count/open", sum(verdict in (bands.UNDECIDED, bands.NOT_MEASURED) for verdict in verdicts)
    )


def settings(report: Report, sizes: dict[str, Any]) -> None:
    """Keep what was set: rates, epochs, sizes of the network and of the data."""
    facts = {
        **{f"lr/{lr:g}": lr for lr in hand_in_2017.LEARNING_RATES},
        **{f"setting/{name}": hand_in_2017.SETTING[name] for name in ("filters", "batch_size")},
        **{f"images/{name}": sizes[name] for name in ("train", "validation", "test")},
        "setting/hidden_units": layers.HIDDEN_UNITS,
        "setting/epochs": hand_in_2017.EPOCHS,
        "setting/timed_epochs": hand_in_2017.TIMED_EPOCHS,
        "setting/constant_from": hand_in_2017.CONSTANT_FROM_EPOCH,
        "setting/card_gib": hand_in_2017.CARD_GIB,
        "setting/knee": hand_in_2017.KNEE_FILTERS,
        "setting/level": tables.LEVEL,
        "setting/largest": hand_in_2017.FILTERS["GPU"][-1],
    }
    for name, value in facts.items():
        report.number(name, value)
    report.word("images/source", data.SOURCES[report.results["dataset"]])
    report.word("2017/source", hand_in_2017.SOURCE)
    stated = hand_in_2017.stated_parameters()
    for kind in stated.index:
        report.number(f"2017/parameters/{kind}", stated[kind])
        report.number(f"parameters/{kind}", layers.of_kind(FILTERS, kind))


def computed(report: Report, study: Study) -> None:
    """Keep how much was computed, and on which machines."""
    inventory = tables.inventory(study.finished)
    for name in ("runs", "networks", "epochs", "failed"):
        report.number(f"count/{name}", inventory[name].sum())
    names = {timings.host(machine) for machine in study.origin["machines"]}
    report.word("machines", "; ".join(sorted(names)))


def errors(report: Report, evidence: tables.Evidence) -> None:
    """Keep the mean validation error after 2017's last epoch by learning rate, and 2017's own."""
    ours = at_last_epoch(tables.as_in_2017(evidence.curves))
    past = at_last_epoch(hand_in_2017.learning_curves()).set_index("lr")
    for lr in hand_in_2017.LEARNING_RATES:
        rows = ours[ours["lr"] == lr].dropna(subset="validation_error")
        mean = intervals.geometric_mean(rows["validation_error"]).map(at_most_all)
        keep(report, f"final_error/{lr:g}", mean, rows)
        report.number(f"2017/final_error/{lr:g}", past.at[lr, "validation_error"], n=1)


def at_most_all(error: float) -> float:
    """An error, or an end of its interval, as a share of all images."""
    return min(error, 1.0)


def at_last_epoch(curves: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last epoch of 2017."""
    return curves[curves["epoch"] == hand_in_2017.EPOCHS]


def tested(report: Report, evidence: tables.Evidence) -> None:
    """Keep the error on the test images, and the images that every network gets wrong."""
    rows = evidence.test.dropna(subset="test_error")
    keep(report, "test_error", intervals.geometric_mean(rows["test_error"]), rows)
    size = evidence.images["test"]
    other = (
        wilson(round(rows["test_error"].mean() * size), size) if len(rows) else intervals.MISSING
    )
    keep(report, "test_error_images", other, rows)
    never = learning_rate.wrong_in_every_network(evidence)
    report.number("wrong/all", len(never))


def wilson(wrong: int, images: int) -> intervals.Estimate:
    """One network's share of wrong images, with the interval of Wilson (1927)."""
    interval = partial(stats.binomtest(wrong, images).proportion_ci, method="wilson")
    return intervals.Estimate(wrong / images, images, interval)


def failed(report: Report, evidence: tables.Evidence) -> None:
    """Keep how many networks failed, by learning rate."""
    networks = failures.largest_rises(evidence.curves)
    told = []
    for row in failures.failures(networks).itertuples():
        report.number(f"failed/{row.lr:g}", row.share)
        told.append(f"{row.count} at {row.lr:g}")
    report.word("failed/by rate", ", ".join(told) or "no network was trained")


def timed(report: Report, evidence: tables.Evidence) -> None:
    """Keep shares of the work, the fit of the GPU's line, and the seconds of an epoch.

    Those are of this study's own runs: the median of the rounds, and their range.
    """
    sizes = hand_in_2017.FILTERS["GPU"]
    work = [layers.share(filters, "convolutional", "training_macs") for filters in sizes]
    report.number("work_share/least", min(work))
    report.number("work_share/most", max(work))
    past = runtime.of_2017()
    report.number("2017/gpu_line_miss", runtime.line_miss(past[past["device"] == "GPU"]))
    own = evidence.times[~evidence.times["recorded"].astype(bool)]
    for (device, size), rounds in own.groupby(["device", "filters"]):
        seconds = rounds["epoch_seconds"]
        report.number(
            f"epoch_seconds/{device} {size}",
            seconds.median(),
            seconds.min(),
            seconds.max(),
            n=len(rounds),
            unit="s",
            runs=set(rounds["run"]),
            measured=True,
        )
    gpu = evidence.times[evidence.times["device"] == "GPU"]
    hosts = ", ".join(sorted(set(gpu["host"])))
    told = f"Our graphics card is that of {hosts}." if hosts else "We had no graphics card."
    report.word("gpu", told)


def wrong_digits(study: Study, most: int = 24):
    """Pictures of images that every network gets wrong; None where there are none, or no data."""
    never = learning_rate.wrong_in_every_network(study.evidence)[:most]
    try:
        seen = data.load(study.origin["dataset"]).validation
    except data.DataError:
        return None
    return images.digit_grid(seen.images[never], seen.labels[never], 8) if len(never) else None


def keep(report: Report, name: str, estimate: intervals.Estimate, rows: pd.DataFrame) -> None:
    """Keep an estimate, as not measured where there is none, with the runs of `rows`."""
    known = bool(estimate.n)
    value = estimate.value if known else None
    report.number(name, value, estimate.low, estimate.high, estimate.n, runs=set(rows["run"]))
