"""The two sides that a test can ask, with the same methods: 2017's numbers, and our runs.

They differ in what is known of chance. 2017 has one network at each learning rate and one time at
each size: its intervals are over images, its times have none. Ours are over networks or rounds.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

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
from lenet.verdicts.definitions import Test
from lenet.verdicts.intervals import (
    MISSING,
    Estimate,
    exact,
    geometric_mean,
    mean,
    share_difference,
    share_ratio,
)

LOWEST = min(LEARNING_RATES)
HIGHEST = max(LEARNING_RATES)
VARIED = (0.01, 0.1)  # the learning rates of the study sensitivity


class Common:
    """What both sides do alike: read the frames of their evidence.

    `every` has the curves of all studies, `evidence` those in the setting of 2017 alone. `runs`
    names those that were looked at.
    """

    learning_rates: Sequence[float] = LEARNING_RATES[::-1]

    def __init__(self, evidence: Evidence, every: DataFrame | None = None):
        self.evidence = evidence
        self.every = tables.empty("curves") if every is None else every
        self.images = evidence.images["validation"] or VALIDATION_IMAGES
        self.runs: set[str] = set()

    def points(self, test: Test) -> dict[str, Sequence]:
        """Where a test is measured: the names of the points, and what its function gets at each."""
        rates = self.learning_rates
        if test.points == "learning rates":
            return {f"{lr:g}": [lr] for lr in rates if lr > LOWEST}
        if test.points == "neighbours":
            return {f"{low:g} over {high:g}": (low, high) for low, high in pairwise(rates)}
        if test.points == "filters":
            return {f"{filters} filters": [filters] for filters in test.filters}
        if test.points == "doublings":
            return {f"{few} to {many}": (few, many) for few, many in pairwise(test.filters)}
        return {"": []}

    def look(self, rows: DataFrame) -> DataFrame:
        """The same rows; their runs are noted."""
        self.runs.update(rows["run"])
        return rows

    def longest(self, lr: float) -> int:
        """The last epoch of the longest curve at a learning rate; 2017's without curves."""
        curves = self.evidence.curves
        return max(curves.loc[curves["lr"] == lr, "epoch"], default=EPOCHS)

    def place(self) -> str:
        """Where the runs were timed that were looked at."""
        times = self.evidence.times
        places = times.loc[times["run"].isin(self.runs), "place"]
        return "; ".join(sorted(set(places)))

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

    def at_end(self, study: str, by: str, values: Sequence) -> DataFrame:
        """Last validation errors in a study of one's own, seeds by these values of a parameter.

        Of networks that learnt; seeds that lack a value are left out.
        """
        rows = self.every[(self.every["study"] == study) & (self.every["failed"] == "")]
        ends = rows.groupby(["run", "seed"]).tail(1)
        ends = ends[ends[by].isin(values)]
        table = ends.pivot(index="seed", columns=by, values="validation_error")
        table = table.reindex(columns=values).dropna()
        self.look(ends[ends["seed"].isin(table.index)])
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
        self.look(rows[rows["round"].isin(table.index)])
        return table.astype(float)


def of_one_host(times: DataFrame, devices: list[str]) -> DataFrame:
    """The rows of the place (host and engine) that timed most points on each of the devices."""
    points = times.drop_duplicates(["place", "device", "round", "filters"])
    counts = crosstab(points["place"], points["device"])
    fewest = counts.reindex(columns=devices, fill_value=0).min(axis=1)
    place = fewest.idxmax() if fewest.any() else ""
    return times[times["place"] == place]


def epoch_flops(filters: int) -> int:
    """FLOP of an epoch of training."""
    return training_flops(filters, TRAIN_IMAGES)


def job_flops(filters: int) -> int:
    """FLOP of a job of 2017: ten epochs and their evaluations."""
    evaluation = forward_flops(filters, EVALUATED_IMAGES)
    return TIMED_EPOCHS * (epoch_flops(filters) + evaluation)


class HandIn2017(Common):
    """2017's own numbers: both figures, the text and the log; `work` is that of its times."""

    name = "2017"
    work = staticmethod(job_flops)

    def from_untrained(self, lr: float, function: Callable) -> Estimate:
        """A function of the error before training, which 2017 did not record."""
        untrained = Estimate(0.90, 1, lambda level: (0.85, 0.95))
        return untrained.map(lambda error: function(error).item())

    def each(self, values: Sequence[float] | Series, average: Callable) -> Estimate:
        """The one value, which has no interval."""
        if len(values) == 0:
            return MISSING
        [value] = values
        return exact(value, n=1)

    def ratio(self, a: Series, b: Series) -> Estimate:
        """a / b of two errors, over images."""
        return of_counts(share_ratio, a, b)

    def difference(self, a: Series, b: Series) -> Estimate:
        """a - b of two errors, over images."""
        return of_counts(share_difference, a, b)


def of_counts(compare: Callable[..., Estimate], a: Series, b: Series) -> Estimate:
    """A comparison of the wrong images of two networks."""
    wrong = [round(errors.item() * VALIDATION_IMAGES) for errors in (a, b)]
    return compare(*wrong, VALIDATION_IMAGES)


class Ours(Common):
    """Our runs: several networks at a learning rate, several rounds at a size; `work` as there."""

    name = "ours"
    work = staticmethod(epoch_flops)

    def from_untrained(self, lr: float, function: Callable) -> Estimate:
        """The mean of a function of the error before training, over networks."""
        return mean(function(self.errors(lr, first=0)[0]))

    def each(self, values: Sequence[float] | Series, average: Callable) -> Estimate:
        """Their average, over networks or rounds."""
        return average(values)

    def ratio(self, a: Series, b: Series) -> Estimate:
        """a / b of errors paired by seed, over networks."""
        a, b = a.align(b, join="inner")
        return geometric_mean(a / b)

    def difference(self, a: Series, b: Series) -> Estimate:
        """a - b of errors paired by seed, over networks."""
        return mean((a - b).dropna())


Side = HandIn2017 | Ours


def hand_in(evidence: Evidence) -> HandIn2017:
    """2017's side; where our images are those of MNIST, 2017 split the same ones."""
    curves = hand_in_2017.learning_curves()
    probes = DataFrame({"filters": hand_in_2017.DIVERGED_FILTERS})
    log = {"lr": HIGHEST, "init": "normal", "head": "linear", "failed": NOT_FINITE}
    times = hand_in_2017.runtimes().rename(columns={"seconds": "epoch_seconds"})
    times["wall_2017_seconds"] = math.nan  # no time of training alone is known
    place = "2017's machine, ten epochs with their evaluations"
    same_images = evidence.images["dataset"] == "mnist"
    duplicates = evidence.images["duplicates"] if same_images else None
    figures = Evidence(
        curves=curves.assign(run="2017 Figure 1", seed=2017, failed=""),
        probes=probes.assign(run="2017 log", seed=2017, **log),
        times=times.assign(run="2017 Figure 2", study="", round=2017, place=place),
        memory=memory_in_2017(),
        images={"validation": VALIDATION_IMAGES, "duplicates": duplicates},
    )
    return HandIn2017(figures)


def memory_in_2017() -> DataFrame:
    """Memory of a pass in 2017, computed: the output of the first layer, the largest of all.

    A batch had int(32 / filters * 10,000) images. Two were needed to validate at 64 filters, and
    the mean over them was divided by two once too often: predictions_equal is logged over true.
    """
    return DataFrame(
        {
            "run": "2017 log",
            "filters": [32, 64],
            "whole_set_bytes": [first_output(32), math.nan],
            "batched_bytes": [first_output(32, images=10_000), math.nan],
            "predictions_equal": [math.nan, 1 / 2],
        }
    )


def first_output(filters: int, images: int = TRAIN_IMAGES) -> int:
    """Bytes of the first layer's output for so many images."""
    return images * layers(filters)[0].output_bytes


def as_in_2017(evidence: Evidence) -> Ours:
    """Our runs in the setting of 2017. Raises ValueError where two of one network disagree."""
    curves = in_setting(evidence, tables.MAIN_STUDIES, SETTING)
    errors = curves.groupby(["lr", "seed", "epoch"])["validation_error"]
    apart = curves.loc[errors.transform("nunique") > 1, "run"]
    if len(apart):
        names = ", ".join(sorted(set(apart)))
        raise ValueError(f"{names}: must agree on the errors of one network")
    return of_curves(evidence, tables.each_once(curves))


def varied(evidence: Evidence, change: dict) -> Ours:
    """Our runs with a change to the setting of 2017, at the learning rates that have any."""
    side = as_in_2017(evidence)
    if change:
        curves = in_setting(evidence, ["sensitivity"], {**SETTING, **change})
        side = of_curves(evidence, curves)
    side.learning_rates = VARIED
    return side


def in_setting(evidence: Evidence, studies: Sequence[str], setting: dict) -> DataFrame:
    """The curves of some studies that have these values."""
    curves = evidence.curves
    same = curves[list(setting)] == Series(setting)
    return curves[same.all(axis=1) & curves["study"].isin(studies)]


def of_curves(evidence: Evidence, curves: DataFrame) -> Ours:
    """Our side of these curves, each network and epoch once; its times are in full precision."""
    right = evidence.right
    right = right[right["run"].isin(curves["run"])]
    times = evidence.times
    times = times[~times["tf32"].astype(bool)]
    shown = evidence._replace(curves=curves, right=right, times=times)
    return Ours(shown, evidence.curves)
