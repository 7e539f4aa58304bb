"""The ends on which the verdict of a test hangs, for readers who would put its edge elsewhere."""

import math
from typing import Any

from pandas import DataFrame

from lenet.verdicts.bands import Band, Measurement, deciding
from lenet.verdicts.conclusions import Conclusions
from lenet.verdicts.definitions import Test


def thresholds(conclusions: Conclusions) -> DataFrame:
    """What a reader needs to move an edge: two rows for each test with one edge, one a side.

    Columns:

    - test, title (its hypothesis), quantity, unit
    - direction (at_least, at_most, above, below), edge (ours)
    - side (2017 or ours), low, high, value: see `worst`

    The verdict at an edge is that of a band with this edge on the interval from low to high.
    """
    rows = []
    for name, result in conclusions.tests.items():
        band = only_band(result.test)
        if band:
            told = {
                "test": name,
                "title": result.test.hypothesis,
                "quantity": band.quantity,
                "unit": band.unit,
                "direction": band.place,
                "edge": band.low if math.isfinite(band.low) else band.high,
            }
            then = worst(result.hand_in, band, 1)
            ours = worst(result.ours, band, result.test.fewest)
            rows.append({**told, "side": "2017", **then})
            rows.append({**told, "side": "ours", **ours})
    return DataFrame(rows)


def only_band(test: Test) -> Band | None:
    """The band of all that decides a test, if it is one, with one edge."""
    bands = list(test.bands.values())
    different = {(band.place, band.low, band.high, band.unit) for band in bands}
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
    # NaN makes the end NaN that must lie inside, and is left out of the other.
    if math.isfinite(band.low):
        low = found["low"].min(skipna=False)
        return {"low": low, "high": found["wide_high"].min(), "value": found["value"].min()}
    high = found["high"].max(skipna=False)
    return {"low": found["wide_low"].max(), "high": high, "value": found["value"].max()}
