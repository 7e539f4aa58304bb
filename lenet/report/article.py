"""Every number and word that the text of the report names, besides those that `finished` keeps."""

from typing import Any

import pandas as pd

from lenet import hand_in_2017
from lenet.network import data, layers
from lenet.report import finished
from lenet.report.charts import failures, images, learning_rate, runtime
from lenet.report.finished import Study, load
from lenet.report.writer import Report
from lenet.results import tables, timings
from lenet.verdicts import intervals, sides

__all__ = ["begin", "load"]
FILTERS = hand_in_2017.SETTING["filters"]
MOST_DIGITS = 24  # that are shown of those that every network gets wrong


def begin(study: Study, out: str, preview: bool, draft: bool) -> Report:
    """The report that writes to `out`, from the project's root, with all its numbers."""
    report = finished.begin(study, out, preview, draft)
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
    report.word("2017/source", hand_in_2017.SOURCE)
    for kind, stated in hand_in_2017.stated_parameters().items():
        report.number(f"2017/parameters/{kind}", stated)
        report.number(f"parameters/{kind}", layers.of_kind(FILTERS, kind))


def computed(report: Report, study: Study) -> None:
    """Keep what failed, on which machines, and how many steps a network was probed for."""
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
    ours = tables.each_once(evidence.curves).dropna(subset="validation_error")
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
    sizes = seconds.index.get_level_values("filters")
    return (
        f"With one program and {sizes.min()} to {sizes.max()} filters, a processor takes "
        f"{factors.min():.0f} to {factors.max():.0f} times as long as the card beside it."
    )


def use_sentence(times: pd.DataFrame) -> str:
    """Where both were timed, and how much of either device's rate the training reaches."""
    if times.empty:
        return ""
    place = times["place"].iloc[0]
    rounds = times.groupby("device")["round"].nunique()
    of_rate = times["gflops"] / times["peak_gflops"]
    spans = of_rate.groupby(times["device"]).agg(["min", "max"])
    spans = spans.map("{:.0%}".format).agg(" to ".join, axis=1)
    return (
        f"Both were timed on one machine with one library ({place}), the card in {rounds['GPU']} "
        f"rounds and the processor in {rounds['CPU']}. Training runs at {spans['CPU']} of the "
        f"processor's rate of large matrix products, and at {spans['GPU']} of the card's. So the "
        "factor describes this program, not the devices."
    )


def network() -> pd.DataFrame:
    """Parameters and training work of each layer, in 2017's number of filters."""
    rows = pd.DataFrame(layers.layers(FILTERS))
    columns = {
        "Layer": rows["name"],
        "Kind": rows["kind"],
        "Parameters": rows["parameters"],
        "Share of the work of training": rows["training_macs"] / rows["training_macs"].sum(),
    }
    return pd.DataFrame(columns)


def wrong_digits(study: Study) -> Any:
    """Pictures of images that every network gets wrong; None where there are none, or no data."""
    never = learning_rate.wrong_in_every_network(study.evidence)[:MOST_DIGITS]
    if not len(never):
        return None
    try:
        seen = data.load(study.origin["dataset"]).validation
    except data.DataError:
        return None
    return images.digit_grid(seen.images[never], seen.labels[never], columns=8)


def keep(report: Report, name: str, estimate: intervals.Estimate, rows: pd.DataFrame) -> None:
    """Keep an error, as not measured where there is none, with the runs of `rows`."""
    value = estimate.value if estimate.n else None
    high = min(estimate.high, 1.0)  # an error is a share of all images
    report.number(name, value, estimate.low, high, estimate.n, runs=set(rows["run"]))
