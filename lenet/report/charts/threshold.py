"""The reader's own threshold: both intervals of a test, an edge to move, and the verdicts."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import yaml

from lenet.report.charts import style
from lenet.verdicts.definitions import TESTS

TEXT = Path(__file__).with_name("threshold.yaml").read_text("utf-8")
FRACTIONS = ("share", "relative", "points", "share of the fall")  # units that are told in percent


def threshold(frame: pd.DataFrame) -> alt.ConcatChart | None:
    """A test's intervals of 2017 and of ours, an edge to move, and the verdicts that follow.

    `frame` is from `verdicts.thresholds`. Where nothing can be moved, as on paper, the first test
    stands at our edge.
    """
    if frame.empty:
        return None
    spec = yaml.safe_load(TEXT)
    titles = list(frame["title"])
    test = spec["params"][0]
    test["value"] = titles[0]
    test["bind"]["options"] = titles
    chart = alt.ConcatChart.from_dict(spec)
    chart.data = both_sides(frame)
    return chart


def both_sides(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each test and side, fractions in percent.

    Columns: title, direction, title_lines and quantity_lines (what is measured), unit, edge, reach
    (how far the axis goes either way from it; infinite ends stop there), side, low, high, value.
    """
    fractions = frame["unit"].isin(FRACTIONS)
    numbers = frame.filter(regex="^(edge|low|high|value)").astype(float)
    numbers[fractions] *= 100
    edge = numbers["edge"]
    distances = numbers.sub(edge, axis=0).abs()
    farthest = distances.replace(np.inf, np.nan).max(axis=1)
    reach = 1.1 * farthest.where(farthest > 0, 1)
    numbers = numbers.clip(edge - reach, edge + reach, axis=0)
    units = frame["unit"].mask(fractions, "%")
    quantities = [next(iter(TESTS[test].bands.values())).quantity for test in frame["test"]]
    told = frame[["title", "direction"]].assign(
        title_lines=broken(frame["title"]),
        quantity_lines=broken(quantities),
        unit=units.replace("ratio", ""),
        edge=edge,
        reach=reach,
    )
    sides = []
    for side, suffix in (("2017", "_2017"), ("ours", "")):
        ends = {end: numbers[end + suffix] for end in ("low", "high", "value")}
        sides.append(told.assign(side=side, **ends))
    return pd.concat(sides)


def broken(texts: Iterable[str]) -> list[str]:
    """Texts in lines that fit on a phone."""
    return [textwrap.fill(text, style.LINE) for text in texts]
