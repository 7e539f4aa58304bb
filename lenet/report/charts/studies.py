"""The learning curves, or the times, of any study: a line, or a point, for each of its runs."""

import altair as alt
import numpy as np
import pandas as pd

from lenet.report.charts import style
from lenet.report.charts.run import ERROR

MOST_NAMES = 20  # of lines with a colour and a place in the legend each
LEGEND = alt.Legend(
    title=None,
    orient="bottom",
    columns=2,
    labelLimit=250,
)
DASHES = alt.StrokeDash(
    "whose",
    scale=alt.Scale(domain=["own", "declared"], range=[[1, 0], style.DASH]),
    legend=None,
)


def by_run(curves: pd.DataFrame, study: str) -> alt.ConcatChart | None:
    """Validation error by epoch in the study's runs, and in a person's own runs of it.

    `curves` are those of `tables.Evidence`. Each line is the mean of the networks that learnt, on
    logarithms. Where there are own runs, the declared ones are dashed. More lines than can be told
    apart are thin and alike, and named under the mouse alone.
    """
    declared = means(curves[curves["study"] == study])
    own = means(curves[curves["run"].str.startswith(f"own/{study}/")])
    lines = pd.concat([own.assign(whose="own"), declared.assign(whose="declared")])
    if lines.empty:
        return None
    epoch = epochs(int(lines["epoch"].max()))
    chart = alt.Chart(lines).encode(epoch, ERROR)
    names = list(lines["name"].unique())
    if len(names) > MOST_NAMES:
        chart = chart.mark_line(strokeWidth=1, opacity=0.3, color=style.INK)
        chart = chart.encode(detail="name:N", tooltip="name:N")
    else:
        point = alt.OverlayMarkDef(size=20)
        looks = style.looks("name", names, LEGEND)
        chart = chart.mark_line(point=point).encode(*looks)
    if len(own):
        chart = chart.encode(DASHES)
    return style.panels(f"{study}: validation error (logarithmic)", chart, room=70)


def epochs(last: int) -> alt.X:
    """The axis of the epochs; it begins with 0, so that it names whole ones alone."""
    return alt.X(
        "epoch",
        title="Epoch",
        scale=alt.Scale(domain=[0, last], nice=False, padding=8),
        axis=alt.Axis(tickCount=min(last, 10)),
    )


def learnt(curves: pd.DataFrame) -> pd.DataFrame:
    """The rows that a chart of curves draws: trained networks that did not fail."""
    return curves[(curves["failed"] == "") & (curves["epoch"] > 0)]


def means(curves: pd.DataFrame) -> pd.DataFrame:
    """Columns name (of the point), epoch (from 1), error (mean over the networks that learnt)."""
    rows = named(learnt(curves))
    logs = np.log(rows["validation_error"].clip(lower=style.LEAST_ERROR))
    mean_logs = logs.groupby([rows["name"], rows["epoch"]], sort=False).mean()
    return np.exp(mean_logs).rename("error").reset_index()


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the column name: that of the point, which ends the name of a run."""
    parts = rows["run"].str.split("/")
    return rows.assign(name=parts.str[-1])


def times_by_run(times: pd.DataFrame, study: str) -> alt.ConcatChart:
    """The median epoch of each run of a study; `times` are rows of `timings.times`."""
    seconds = alt.X(
        "epoch_seconds",
        title="Seconds of an epoch",
        scale=alt.Scale(zero=True),
    )
    name = alt.Y(
        "name:N",
        title=None,
        sort=None,
        axis=alt.Axis(labelLimit=180),
    )
    points = alt.Chart(named(times)).mark_point().encode(seconds, name)
    return style.panels(f"{study}: time of an epoch", points, room=190)
