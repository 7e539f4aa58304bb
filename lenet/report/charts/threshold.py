"""The reader's own threshold: both intervals of a test, an edge to move, and the verdicts."""

import textwrap
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import yaml

from lenet.report.charts import style
from lenet.report.sentences import FORMS

TEXT = Path(__file__).with_name("threshold.yaml").read_text("utf-8")
FRACTIONS = [unit for unit, form in FORMS.items() if form in ("%", "points")]  # told in percent


def threshold(frame: pd.DataFrame) -> alt.ConcatChart | None:
    """A test's intervals of 2017 and of ours, an edge to move, and the verdicts that follow.

    `frame` is from `verdicts.thresholds`. Where nothing can be moved, as on paper, the first test
    stands at our edge.
    """
    if frame.empty:
        return None
    spec = yaml.safe_load(TEXT)
    titles = list(frame["title"].unique())
    test = spec["params"][0]
    test["value"] = titles[0]
    test["bind"]["options"] = titles
    chart = alt.ConcatChart.from_dict(spec)
    chart.data = drawn(frame)
    return chart


def drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows as they are drawn, fractions in percent.

    Columns: title, direction, side, title_lines and quantity_lines (what is measured), unit, reach
    (how far the axis goes either way from the edge; infinite ends stop there), edge, low, high,
    value.
    """
    fractions = frame["unit"].isin(FRACTIONS)
    numbers = frame[["edge", "low", "high", "value"]].astype(float)
    numbers[fractions] *= 100
    edge = numbers["edge"]
    distances = numbers.sub(edge, axis=0).abs().replace(np.inf, np.nan)
    farthest = distances.max(axis=1).groupby(frame["title"]).transform("max")
    reach = 1.1 * farthest.where(farthest > 0, 1)
    return frame[["title", "direction", "side"]].assign(
        title_lines=frame["title"].map(broken),
        quantity_lines=frame["quantity"].map(broken),
        unit=frame["unit"].mask(fractions, "%").replace("ratio", ""),
        reach=reach,
        **numbers.clip(edge - reach, edge + reach, axis=0),
    )


def broken(text: str) -> str:
    """A text in lines that fit on a phone."""
    return textwrap.fill(text, style.LINE)
