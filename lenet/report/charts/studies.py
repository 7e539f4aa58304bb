"""The learning curves, or the times, of any study: a line, or a point, for each of its runs."""

import altair as alt
import numpy as np
import pandas as pd

from lenet.report.charts import style

DASHES = alt.Scale(domain=["own", "declared"], range=[[1, 0], style.DASH])
MOST_NAMES = 20  # of lines with a colour and a place in the legend each


def by_run(curves: pd.DataFrame, study: str) -> alt.ConcatChart | None:
    """Validation error by epoch in the study's runs, and in a person's own runs of it.

    `curves` are those of `tables.Evidence`. Each line is the mean of the networks that learnt, on
    logarithms. Where there are own runs, the declared ones are dashed. More lines than can be told
    apart are thin and alike, and named under the mouse alone.
    """
    declared = means(curves[curves["study"] == study]).assign(whose="declared")
    own = means(curves[curves["run"].str.startswith(f"own/{study}/")]).assign(whose="own")
    lines = pd.concat([own, declared], ignore_index=True)
    if lines.empty:
        return None
    # From 0, so that the axis names whole epochs alone.
    last = int(lines["epoch"].max())
    epochs = alt.Scale(domain=[0, last], nice=False, padding=8)
    whole = alt.Axis(tickCount=min(last, 10))
    chart = alt.Chart(lines).encode(
        alt.X("epoch", title="Epoch", scale=epochs, axis=whole),
        alt.Y("error", title="Validation error", scale=style.LOG, axis=style.PERCENT),
    )
    names = list(lines["name"].unique())
    if len(names) > MOST_NAMES:
        chart = chart.mark_line(strokeWidth=1, opacity=0.3, color=style.INK)
        chart = chart.encode(detail="name:N", tooltip="name:N")
    else:
        chart = chart.mark_line(point=alt.OverlayMarkDef(size=20)).encode(*named(names))
    if len(own):
        chart = chart.encode(alt.StrokeDash("whose", scale=DASHES, legend=None))
    return style.panels(f"{study}: validation error (logarithmic)", chart, room=70)


def named(names: list[str]) -> list[alt.Color | alt.Shape]:
    """A colour and a shape for each line, in a legend below."""
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=250, title=None)
    scale = alt.Scale(domain=names)
    return [
        alt.Color("name:N", scale=scale, legend=legend),
        alt.Shape("name:N", scale=scale, legend=legend),
    ]


def means(curves: pd.DataFrame) -> pd.DataFrame:
    """Columns name (of the point), epoch (from 1), error (mean over the networks that learnt)."""
    rows = curves[(curves["failed"] == "") & (curves["epoch"] > 0)]
    errors = rows["validation_error"].clip(lower=style.LEAST_ERROR)
    groups = [point(rows["run"]), rows["epoch"]]
    mean_logs = np.log(errors).groupby(groups, sort=False).mean()
    return np.exp(mean_logs).rename("error").reset_index()


def point(runs: pd.Series) -> pd.Series:
    """The names of points in those of runs: what stands after the last "/"."""
    return runs.str.split("/").str[-1].rename("name")


def times_by_run(times: pd.DataFrame, study: str) -> alt.ConcatChart:
    """The median epoch of each run of a study; `times` are rows of `timings.times`."""
    seconds = alt.X("epoch_seconds", title="Seconds of an epoch", scale=alt.Scale(zero=True))
    names = alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=180))
    named_times = times.assign(name=point(times["run"]))
    points = alt.Chart(named_times).mark_point().encode(seconds, names)
    return style.panels(f"{study}: time of an epoch", points, room=190)
