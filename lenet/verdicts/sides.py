"""The two sides that a test can ask, with the same methods: 2017's numbers, and our runs.

They differ in what is known of chance. 2017 has one network at each learning rate and one time at
each size: its intervals are over images, its times have none. Ours are over networks or rounds.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pandas import DataFrame, Series, crosstab

from lenet import hand_in_2017
from lenet.hand_in_2017 import (
    EPOCHS,
    EVALUATED_IMAGES,
    LEARNING_RATES,
    SETTING,
    TIMED_EPOCHS,
    TRAIN_IMAGES,
    VALIDATION_IMAGES,
)
from lenet.network.failure import NOT_FINITE
from lenet.network.layers import forward_flops, layers, training_flops
from lenet.results import tables
from lenet.results.tables import Evidence
from lenet.verdicts.intervals import (
    MISSING,
    Estimate,
    exact,
    geometric_mean,
    mean,
    share_difference,
    share_ratio,
)

SLOWEST = min(LEARNING_RATES)
BEST = max(LEARNING_RATES)


class Bounds(NamedTuple):
    """What is not known exactly: the least it may be, its middle, the most; numbers or series."""

    least: Any
    middle: Any
    most: Any


class Common:
    """What both sides do alike: read the frames of their evidence.

    `runs` are those that were looked at since the last `forget`, `places` where they were timed.
    """

    learning_rates: Sequence[float] = LEARNING_RATES[::-1]

    def __init__(self, evidence: Evidence):
        self.evidence = evidence
        self.images = evidence.images["validation"] or VALIDATION_IMAGES
        self.forget()

    def forget(self) -> None:
        """Begin to note runs and places anew, for the next measurement."""
        self.runs: set[str] = set()
        self.places: set[str] = set()

    def look(self, rows: DataFrame) -> DataFrame:
        """The same rows; their runs are noted."""
        self.runs.update(rows["run"])
        return rows

    def networks(self, lr: float) -> DataFrame:
        """The rows of all networks at a learning rate, those that failed included."""
        curves = self.evidence.curves
        return self.look(curves[curves["lr"] == lr])

    def errors(self, lr: float, first: int = 1, last: int = EPOCHS) -> DataFrame:
        """Validation error, seeds by epochs, of networks that did not fail and have every epoch."""
        curves = self.evidence.curves
        rows = curves[(curves["lr"] == lr) & (curves["failed"] == "")]
        table = rows.pivot(index="seed", columns="epoch", values="validation_error")
        table = table.reindex(columns=range(first, last + 1)).dropna()
        self.look(rows[rows["seed"].isin(table.index)])
        return table.astype(float)

    def seconds(
        self,
        device: str,
        filters: Sequence[int],
        beside: str = "",
        what: str = "epoch_seconds",
    ) -> DataFrame:
        """Seconds, rounds by filters; of the CPU in our own runs, of the GPU on one host.

        With `beside`, on the host that timed this other device as well.
        """
        rows = self.evidence.times
        if beside or device == "GPU":
            rows = of_one_host(rows, [device, beside or device])
        else:
            rows = rows[rows["study"] != "records"]
        rows = rows[(rows["device"] == device) & rows["filters"].isin(filters)]
        table = rows.pivot_table(index="round", columns="filters", values=what)
        table = table.reindex(columns=filters).dropna()
        rows = self.look(rows[rows["round"].isin(table.index)])
        self.places.update(rows["place"])
        return table.astype(float)


def of_one_host(times: DataFrame, devices: list[str]) -> DataFrame:
    """The rows of the place (host and engine) that timed most points on each of the devices."""
    points = times.drop_duplicates(["place", "device", "round", "filters"])
    counts = crosstab(points["place"], points["device"])
    fewest = counts.reindex(columns=devices, fill_value=0).min(axis=1)
    place = fewest.idxmax() if fewest.any() else ""
    return times[times["place"] == place]


class HandIn2017(Common):
    """2017's own numbers: both figures, the text and the log."""

    name = "2017"

    def longest(self, lr: float) -> int:
        """The last epoch of the curve at a learning rate."""
        return EPOCHS

    def untrained(self, lr: float) -> Bounds:
        """What the error before training may have been; 2017 did not record it."""
        return Bounds(0.85, 0.90, 0.95)

    def each(self, values: Series, average: Callable) -> Estimate:
        """The one value, which has no interval."""
        if values.empty:
            return MISSING
        return exact(float(values.iloc[0]), n=1)

    def ratio(self, a: Series, b: Series) -> Estimate:
        """a / b of two errors, over images."""
        return of_counts(share_ratio, a, b)

    def difference(self, a: Series, b: Series) -> Estimate:
        """a - b of two errors, over images."""
        return of_counts(share_difference, a, b)

    def work(self, filters: int) -> int:
        """FLOP in the seconds of a whole job: ten epochs and their evaluations."""
        training = training_flops(filters, TRAIN_IMAGES)
        evaluation = forward_flops(filters, EVALUATED_IMAGES)
        return TIMED_EPOCHS * (training + evaluation)


def of_counts(compare: Callable[..., Estimate], a: Series, b: Series) -> Estimate:
    """A comparison of the wrong images of two networks."""
    if a.empty or b.empty:
        return MISSING
    wrong = [round(errors.iloc[0] * VALIDATION_IMAGES) for errors in (a, b)]
    return compare(*wrong, VALIDATION_IMAGES)


class Ours(Common):
    """Our runs: several networks at a learning rate, several rounds at a size."""

    name = "ours"

    def longest(self, lr: float) -> int:
        """The last epoch of the longest curves at a learning rate."""
        return 60 if lr == SLOWEST else 40

    def untrained(self, lr: float) -> Bounds:
        """The error of each network before training, which is known."""
        known = self.errors(lr, first=0)[0]
        return Bounds(known, known, known)

    def each(self, values: Series, average: Callable) -> Estimate:
        """Their average, over networks or rounds."""
        return average(values)

    def ratio(self, a: Series, b: Series) -> Estimate:
        """a / b of errors paired by seed, over networks."""
        a, b = a.align(b, join="inner")
        return geometric_mean(a / b)

    def difference(self, a: Series, b: Series) -> Estimate:
        """a - b of errors paired by seed, over networks."""
        return mean((a - b).dropna())

    def work(self, filters: int) -> int:
        """FLOP in the seconds of an epoch of training."""
        return training_flops(filters, TRAIN_IMAGES)


Side = HandIn2017 | Ours


def hand_in(evidence: Evidence) -> HandIn2017:
    """2017's side; where our images are those of MNIST, 2017 split the same ones."""
    curves = hand_in_2017.learning_curves()
    probes = DataFrame({"filters": hand_in_2017.DIVERGED_FILTERS})
    log = {"lr": BEST, "init": "normal", "head": "linear", "failed": NOT_FINITE}
    times = hand_in_2017.runtimes().rename(columns={"seconds": "epoch_seconds"})
    times["wall_2017_seconds"] = math.nan  # no time of training alone is known
    place = "2017's machine, ten epochs with their evaluations"
    images = {"validation": VALIDATION_IMAGES, "duplicates": None}
    if evidence.images["dataset"] == "mnist":
        images["duplicates"] = evidence.images["duplicates"]
    figures = Evidence(
        curves=curves.assign(run="2017 Figure 1", seed=2017, failed=""),
        probes=probes.assign(run="2017 log", seed=2017, **log),
        times=times.assign(run="2017 Figure 2", study="", round=2017, place=place),
        memory=memory_in_2017(),
        images=images,
    )
    return HandIn2017(figures)


def memory_in_2017() -> DataFrame:
    """Memory of a pass in 2017, computed: the output of the first layer, the largest of all.

    A batch had int(32 / filters * 10,000) images. Two were needed to validate at 64 filters, and
    the mean over them was divided by two once too often: predictions_equal is logged over true.
    """
    columns = {
        "run": "2017 log",
        "filters": [32, 64],
        "whole_set_bytes": [first_output(32), math.nan],
        "batched_bytes": [first_output(32, images=10_000), math.nan],
        "predictions_equal": [math.nan, 1 / 2],
    }
    return DataFrame(columns)


def first_output(filters: int, images: int = TRAIN_IMAGES) -> int:
    """Bytes of the first layer's output for so many images."""
    return images * layers(filters)[0].output_bytes


def as_in_2017(evidence: Evidence) -> Ours:
    """Our runs in the setting of 2017. Raises ValueError where two of one network disagree."""
    curves = evidence.curves
    curves = curves[curves["study"].isin(tables.AS_IN_2017)]
    curves = in_setting(curves, SETTING)
    errors = curves.groupby(["lr", "seed", "epoch"])["validation_error"]
    apart = curves.loc[errors.transform("nunique") > 1, "run"]
    if len(apart):
        names = ", ".join(sorted(set(apart)))
        raise ValueError(f"{names}: must agree on the errors of one network")
    return of_curves(evidence, tables.as_in_2017(curves))


def varied(evidence: Evidence, change: dict) -> Ours:
    """Our runs of the study sensitivity, with one change to the setting of 2017."""
    curves = evidence.curves
    curves = curves[curves["study"] == "sensitivity"]
    return of_curves(evidence, in_setting(curves, {**SETTING, **change}))


def in_setting(curves: DataFrame, setting: dict) -> DataFrame:
    """The rows with these values."""
    same = curves[list(setting)] == Series(setting)
    return curves[same.all(axis=1)]


def of_curves(evidence: Evidence, curves: DataFrame) -> Ours:
    """Our side of these curves, each network and epoch once; its times are in full precision."""
    right = evidence.right
    right = right[right["run"].isin(curves["run"])]
    times = evidence.times
    times = times[~times["tf32"].astype(bool)]
    times = times.assign(place=times["host"] + ", " + times["engine"])
    return Ours(evidence._replace(curves=curves, right=right, times=times))
