"""The band in which a test says that a quantity lies, and the rule that makes a verdict of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pandas import DataFrame

from lenet.verdicts.intervals import LEVEL, Estimate

HOLDS = "holds"
FAILS = "does not hold"
UNDECIDED = "undecided"
NOT_MEASURED = "not measured here"
BY_WEIGHT = (FAILS, NOT_MEASURED, UNDECIDED, HOLDS)


@dataclass(frozen=True)
class Band:
    """Where a test says that a quantity lies, why there, in which unit, and on which side.

    `place` is within, at_least, at_most, above or below; of the last two the edge lies outside.
    What is only shown has none. `side` is 2017 or ours, or empty for both.
    """

    place: str = ""
    low: float = -math.inf
    high: float = math.inf
    quantity: str = ""
    why: str = ""
    unit: str = ""
    side: str = ""

    def verdict(self, low: float, high: float) -> str:
        """Whether an interval lies inside the band, outside it, or across its edge.

        >>> small = Band("at_most", -math.inf, 0.1)
        >>> small.verdict(0.02, 0.1), small.verdict(0.2, 0.3), small.verdict(0.05, 0.2)
        ('holds', 'does not hold', 'undecided')
        >>> Band("above", 1, math.inf).verdict(0.5, 1)
        'does not hold'
        """
        if math.isnan(low) or math.isnan(high):
            return NOT_MEASURED
        least = math.nextafter(self.low, math.inf) if self.place == "above" else self.low
        most = math.nextafter(self.high, -math.inf) if self.place == "below" else self.high
        if high < least or low > most:
            return FAILS
        if low < least or high > most:
            return UNDECIDED
        return HOLDS


def edges(place: str, value: Any) -> tuple[float, float]:
    """The two edges of a band from its place and what stands there: a number, or two for within.

    Raises ValueError where the two do not rise.

    >>> edges("below", 3), edges("within", [1, 2])
    ((-inf, 3), (1, 2))
    """
    if place == "within":
        low, high = value
        if low > high:
            raise ValueError(f"within = {value}: must rise")
        return low, high
    if place in ("at_least", "above"):
        return value, math.inf
    return -math.inf, value


class Measurement(NamedTuple):
    """A number of a test: its estimate, and the name of its band; without one it is only shown.

    `runs` names the runs that were looked at.
    """

    name: str
    estimate: Estimate
    band: str = ""
    unit: str = ""
    runs: Sequence[str] = ()

    def to_json(self) -> dict:
        """Name, value, interval at 95 %, n, unit, band, note and runs."""
        estimate = self.estimate
        return {
            "name": self.name,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "n": estimate.n,
            "unit": self.unit,
            "band": self.band,
            "note": estimate.note,
            "runs": self.runs,
        }


def decide(measurements: list[Measurement], bands: dict[str, Band], fewest: int) -> str:
    """The verdict of a test on its measurements, each from `fewest` runs or more.

    The test holds if every interval lies in its band, each at 95 % (an intersection-union test).
    It fails if any lies outside: where several measurements decide, outside also at a level
    corrected for their number (Bonferroni). Else it is not measured if any is not, else undecided.

    >>> from lenet.verdicts.intervals import mean
    >>> bands = {"fall": Band("at_most", -math.inf, 0.1)}
    >>> inside = Measurement("0.1", mean([0.01, 0.02, 0.03]), "fall")
    >>> outside = Measurement("0.01", mean([0.41, 0.42, 0.43]), "fall")
    >>> across = Measurement("0.001", mean([0.01, 0.1, 0.2]), "fall")
    >>> decide([inside], bands, fewest=3), decide([inside, outside], bands, fewest=3)
    ('holds', 'does not hold')
    >>> decide([inside, across], bands, fewest=3), decide([inside], bands, fewest=4)
    ('undecided', 'not measured here')
    """
    verdicts = []
    for one in deciding(measurements, fewest).itertuples():
        verdict = bands[one.band].verdict(one.low, one.high)
        if verdict == FAILS:
            verdict = bands[one.band].verdict(one.wide_low, one.wide_high)
        verdicts.append(verdict)
    return gravest(verdicts)


def deciding(measurements: list[Measurement], fewest: int) -> DataFrame:
    """What counts of those that have a band; NaN for one from fewer than `fewest` runs.

    Columns: band (its name), value, low, high (at 95 %), wide_low, wide_high (at the corrected
    level).
    """
    banded = [one for one in measurements if one.band]
    level = 1 - (1 - LEVEL) / max(len(banded), 1)
    rows = []
    for one in banded:
        estimate = one.estimate.if_from(fewest)
        ends = [*estimate.interval(LEVEL), *estimate.interval(level)]
        rows.append([one.band, estimate.value, *ends])
    columns = ["band", "value", "low", "high", "wide_low", "wide_high"]
    return DataFrame(rows, columns=columns)


def gravest(verdicts: list[str]) -> str:
    """The verdict that counts most: fails, then not measured, then undecided, then holds.

    >>> gravest(["holds", "undecided"]), gravest([])
    ('undecided', 'not measured here')
    """
    return min(verdicts, key=BY_WEIGHT.index, default=NOT_MEASURED)
