"""The verdict of a test as a function of its edge, for readers who would put it elsewhere."""

import math
from typing import Any

import numpy as np
from pandas import DataFrame

from lenet.verdicts.bands import FAILS, Band, Measurement, deciding, edges
from lenet.verdicts.conclusions import Conclusions, TestResult


def thresholds(conclusions: Conclusions) -> DataFrame:
    """What a reader needs to move an edge: a row for each test with one edge.

    Columns:

    - test, title (its hypothesis), unit, direction (at_least, at_most, above, below), edge (ours)
    - low_2017, high_2017, value_2017: see `worst`; verdict_2017 (at our edge)
    - low, high, value, verdict: the same of our runs

    `verdict_at` gives the verdict at another edge.
    """
    rows = []
    for name, result in conclusions.tests.items():
        band = only_band(result)
        if band:
            row: dict[str, Any] = {
                "test": name,
                "title": result.test.hypothesis,
                "unit": band.unit,
                "direction": band.place,
                "edge": band.low if math.isfinite(band.low) else band.high,
            }
            then = worst(result.hand_in, band, 1)
            then["verdict"] = result.verdict_2017
            row.update({f"{key}_2017": value for key, value in then.items()})
            row.update(worst(result.ours, band, result.test.fewest))
            row["verdict"] = result.verdict
            rows.append(row)
    return DataFrame(rows)


def only_band(result: TestResult) -> Band | None:
    """The band of all that decides a test on both sides, if it is one, with one edge."""
    measured = [*result.hand_in, *result.ours]
    bands = [result.test.bands[one.band] for one in measured if one.band]
    different = {band._replace(quantity="", why="", side="") for band in bands}
    if len(different) > 1 or bands[0].place == "within":
        return None
    return bands[0]


def worst(measurements: list[Measurement], band: Band, fewest: int) -> dict[str, Any]:
    """The ends low and high on which the verdict hangs, wherever the edge is; the worst value.

    For the test to hold all must lie inside, so the end nearest to the edge counts. To fail, one
    outside is enough, at the level corrected for their number. An end may be infinite; it is NaN
    if it is not known, since a measurement is missing.
    """
    found = deciding(measurements, fewest)
    values = [one.value for one in found]
    plain = np.array([one.interval for one in found])
    wide = np.array([one.wide for one in found])
    # min and max give NaN if one is NaN, fmin and fmax leave it out.
    if math.isfinite(band.low):
        low = plain[:, 0].min()
        high = np.fmin.reduce(wide[:, 1])
        return {"low": low, "high": high, "value": np.fmin.reduce(values)}
    low = np.fmax.reduce(wide[:, 0])
    high = plain[:, 1].max()
    return {"low": low, "high": high, "value": np.fmax.reduce(values)}


def verdict_at(edge: float, direction: str, low: float, high: float) -> str:
    """The verdict at another edge, from the ends of `thresholds`.

    >>> [verdict_at(edge, "at_most", 0.1, 0.3) for edge in (0.05, 0.2, 0.4)]
    ['does not hold', 'undecided', 'holds']
    """
    band = Band(direction, *edges(direction, edge))
    known_low = -math.inf if math.isnan(low) else low
    known_high = math.inf if math.isnan(high) else high
    if band.verdict(known_low, known_high) == FAILS:
        return FAILS
    return band.verdict(low, high)
