"""The two sides that a test can ask, with the same methods: our runs, and an earlier report."""

from collections.abc import Sequence

from pandas import DataFrame, Series

from lenet.results.tables import Evidence
from lenet.verdicts.definitions import Test
from lenet.verdicts.intervals import Estimate, geometric_mean, mean


class Side:
    """Our runs; `runs` names those that were looked at."""

    name = "ours"

    def __init__(self, evidence: Evidence):
        self.evidence = evidence
        self.runs: set[str] = set()

    def points(self, test: Test) -> dict[str, Sequence]:
        """Where a test is measured, and what its function gets there: once, without a point."""
        return {"": []}

    def place(self) -> str:
        """Where the runs were timed that were looked at; no test is about times."""
        return ""

    def at_end(self, study: str, by: str, values: Sequence) -> DataFrame:
        """Last validation errors in a study, seeds by these values of a parameter.

        Of networks that learnt; seeds that lack a value are left out.
        """
        rows = self.evidence.curves
        rows = rows[(rows["study"] == study) & (rows["failed"] == "")]
        ends = rows.groupby(["run", "seed"]).tail(1)
        ends = ends[ends[by].isin(values)]
        table = ends.pivot(index="seed", columns=by, values="validation_error")
        table = table.reindex(columns=values).dropna()
        self.runs.update(ends.loc[ends["seed"].isin(table.index), "run"])
        return table.astype(float)

    def ratio(self, a: Series, b: Series) -> Estimate:
        """a / b of errors paired by seed, over networks."""
        a, b = a.align(b, join="inner")
        return geometric_mean(a / b)

    def difference(self, a: Series, b: Series) -> Estimate:
        """a - b of errors paired by seed, over networks."""
        return mean((a - b).dropna())


class HandIn(Side):
    """What an earlier report found, of which this project knows nothing yet."""

    name = "2017"


def hand_in(evidence: Evidence) -> Side:
    """The side of an earlier report, without numbers."""
    return HandIn(Evidence())


def as_in_2017(evidence: Evidence) -> Side:
    """Our side, of all runs."""
    return Side(evidence)
