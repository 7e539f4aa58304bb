"""What the report notebook begins with: the finished runs, and every number that its text names."""

from typing import Any, NamedTuple

import pandas as pd

from lenet import hand_in_2017
from lenet.network import data, layers
from lenet.plan import studies
from lenet.plan.parameters import ROOT
from lenet.report.charts import failures, images, learning_rate, runtime
from lenet.report.writer import Report
from lenet.results import origin, scraps, tables, timings
from lenet.verdicts import conclusions, intervals, sides

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
        columns = {
            "Layer": rows["name"],
            "Kind": rows["kind"],
            "Parameters": rows["parameters"],
            "Share of the work of training": rows["training_macs"] / rows["training_macs"].sum(),
        }
        return pd.DataFrame(columns)


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
    report = Report(ROOT / out, study.origin["dataset"], preview, draft, label)
    report.results.update(study.conclusions.to_json())
    settings(report, study.evidence.images)
    computed(report, study)
    errors(report, study.evidence)
    tested(report, study.evidence)
    timed(report, study.evidence)
    return report


def settings(report: Report, sizes: dict[str, Any]) -> None:
    """Keep what was set: rates, epochs, sizes of the network and of the data."""
    for lr in hand_in_2017.LEARNING_RATES:
        report.number(f"lr/{lr:g}", lr)
    for name in ("train", "validation", "test"):
        report.number(f"images/{name}", sizes[name])
    facts = {
        "setting/filters": FILTERS,
        "setting/batch_size": hand_in_2017.SETTING["batch_size"],
        "setting/hidden_units": layers.HIDDEN_UNITS,
        "setting/epochs": hand_in_2017.EPOCHS,
        "setting/constant_from": hand_in_2017.CONSTANT_FROM_EPOCH,
        "setting/card_gib": hand_in_2017.CARD_GIB,
        "setting/knee": hand_in_2017.KNEE_FILTERS,
        "setting/level": intervals.LEVEL,
        "setting/largest": hand_in_2017.FILTERS["GPU"][-1],
    }
    for name, value in facts.items():
        report.number(name, value)
    report.word("images/source", data.SOURCES[report.results["dataset"]])
    report.word("2017/source", hand_in_2017.SOURCE)
    for kind, stated in hand_in_2017.stated_parameters().items():
        report.number(f"2017/parameters/{kind}", stated)
        report.number(f"parameters/{kind}", layers.of_kind(FILTERS, kind))


def computed(report: Report, study: Study) -> None:
    """Keep how much was computed and failed, on which machines, and what is left open."""
    inventory = tables.inventory(study.finished)
    for name in ("runs", "networks", "epochs"):
        report.number(f"count/{name}", inventory[name].sum())
    names = {timings.host(machine) for machine in study.origin["machines"]}
    report.word("machines", "; ".join(sorted(names)))
    rates = failures.failures(failures.largest_rises(study.evidence.curves))
    told = rates["count"] + " at " + rates["lr"].map("{:g}".format)
    report.word("failed/by rate", ", ".join(told) or "no network was trained")
    probes = [run.record["parameters"] for run in study.finished if run.study == "divergence"]
    steps = [each["steps"] for each in probes if each["filters"] in hand_in_2017.DIVERGED_FILTERS]
    report.number("probe/steps", max(steps, default=None))


def errors(report: Report, evidence: tables.Evidence) -> None:
    """Keep the mean validation error after 2017's last epoch by learning rate, and 2017's own."""
    ours = tables.as_in_2017(evidence.curves).dropna(subset="validation_error")
    ours = ours[ours["epoch"] == hand_in_2017.EPOCHS]
    for lr in hand_in_2017.LEARNING_RATES:
        rows = ours[ours["lr"] == lr]
        mean = intervals.geometric_mean(rows["validation_error"])
        keep(report, f"final_error/{lr:g}", mean, rows)
    past = hand_in_2017.learning_curves()
    for row in past[past["epoch"] == hand_in_2017.EPOCHS].itertuples():
        report.number(f"2017/final_error/{row.lr:g}", row.validation_error, n=1)


def tested(report: Report, evidence: tables.Evidence) -> None:
    """Keep the error on the test images, and the images that every network gets wrong."""
    rows = evidence.test.dropna(subset="test_error")
    keep(report, "test_error", intervals.geometric_mean(rows["test_error"]), rows)
    images = evidence.images["test"]
    wrong = rows["test_error"].mean() * images
    one = intervals.share(round(wrong), images) if len(rows) else intervals.MISSING
    keep(report, "test_error_images", one, rows)
    report.number("wrong/all", len(learning_rate.wrong_in_every_network(evidence)))


def timed(report: Report, evidence: tables.Evidence) -> None:
    """Keep shares of the work, the fit of the GPU's line, and the seconds of an epoch.

    Those are of this study's own runs: the median of the rounds, and their range.
    """
    sizes = hand_in_2017.FILTERS["GPU"]
    work = [layers.share(filters, "convolutional", "training_macs") for filters in sizes]
    report.number("work_share/least", min(work))
    report.number("work_share/most", max(work))
    report.number("2017/gpu_line_miss", runtime.gpu_line_miss())
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
    times = sides.as_in_2017(evidence).evidence.times
    compared = sides.of_one_host(times, ["CPU", "GPU"])
    report.word("gpu", card_sentence(compared))
    report.word("gpu/use", use_sentence(compared))


def card_sentence(times: pd.DataFrame) -> str:
    """How many times as long the processor takes as the graphics card beside it.

    `times` are the rows of one host in `tables.Evidence`; without a card there are none.
    """
    if times.empty:
        return "We had no graphics card."
    points = ["round", "filters"]
    seconds = times.pivot_table(index=points, columns="device", values="epoch_seconds").dropna()
    factors = seconds["CPU"] / seconds["GPU"]
    span = f"{factors.min():.0f} to {factors.max():.0f}"
    return f"With one program, a processor takes {span} times as long as the card beside it."


def use_sentence(times: pd.DataFrame) -> str:
    """Where both were timed, and how much of either device's rate the training reaches."""
    if times.empty:
        return ""
    place = times["place"].iloc[0]
    rounds = times["round"].nunique()
    of_rate = times["gflops"] / times["peak_gflops"]
    spans = of_rate.groupby(times["device"]).agg(["min", "max"])
    spans = spans.map("{:.0%}".format).agg(" to ".join, axis=1)
    return (
        f"Both were timed on one machine with one library ({place}), in {rounds} rounds. The "
        f"training reaches {spans['CPU']} of the processor's rate of large matrix products, and "
        f"{spans['GPU']} of the card's. So this is a factor of one program, not of the devices."
    )


def wrong_digits(study: Study, most: int = 24):
    """Pictures of images that every network gets wrong; None where there are none, or no data."""
    never = learning_rate.wrong_in_every_network(study.evidence)[:most]
    try:
        seen = data.load(study.origin["dataset"]).validation
    except data.DataError:
        return None
    return images.digit_grid(seen.images[never], seen.labels[never], 8) if len(never) else None


def keep(report: Report, name: str, estimate: intervals.Estimate, rows: pd.DataFrame) -> None:
    """Keep an error, as not measured where there is none, with the runs of `rows`."""
    value = estimate.value if estimate.n else None
    high = min(estimate.high, 1.0)  # an error is a share of all images
    report.number(name, value, estimate.low, high, estimate.n, runs=set(rows["run"]))
