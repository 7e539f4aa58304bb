"""Charts of the runtime: Figure 2 made anew, and the GPU's times on linear axes."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lenet import hand_in_2017
from lenet.network import layers
from lenet.report.charts import style
from lenet.results import tables

SECONDS = alt.Y("seconds", title="Runtime (s)")
LOG_SECONDS = SECONDS.scale(style.LOG)
FILTERS = alt.X("filters:O", title="Filters")
# Each label is of its own unit: 0, 500k, 1M.
SHORT = alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=5)
PARAMETERS = alt.X("parameters", title="Parameters", axis=SHORT)


def figure_2(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """Figure 2 of 2017 made anew, by filters and by parameters."""
    times = runtimes(evidence)
    if times.empty:
        return None
    return style.panels(
        "Runtime of ten epochs and their evaluations",
        lines(times, FILTERS, LOG_SECONDS),
        lines(times, PARAMETERS.scale(style.LOG), LOG_SECONDS),
    )


def front(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """Figure 2 as 2017 drew it, by filters, with our times."""
    times = full_precision(runtimes(evidence))
    if times.empty:
        return None
    chart = lines(times, FILTERS, LOG_SECONDS)
    return style.panels("Runtime of ten epochs by filters", chart.properties(height=style.SHORT))


def gpu_line_miss() -> float:
    """The largest miss of the straight line through 2017's GPU times, as a part of the time.

    The line of seconds by parameters has the least sum of squared relative errors.
    """
    times = hand_in_2017.runtimes().query("device == 'GPU'")
    seconds = times["seconds"]
    parameters = times["filters"].map(layers.parameters)
    line = np.polynomial.Polynomial.fit(parameters, seconds, 1, w=1 / seconds)
    return float((line(parameters) / seconds - 1).abs().max())


def gpu_line(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """The GPU's times by parameters on linear axes; each series, and the line through it, alone."""
    all_times = full_precision(runtimes(evidence))
    names = sorted(set(all_times["series"]))  # the colours are those of Figure 2
    looks = style.looks("series", names)
    plots = []
    for name, times in all_times.query("device == 'GPU'").groupby("series"):
        base = alt.Chart(times).encode(PARAMETERS, SECONDS)
        fitted = base.transform_regression("parameters", "seconds")
        line = fitted.mark_line(strokeDash=style.DASH, color=style.INK)
        points = base.mark_point().encode(*looks).properties(title=name)
        plots.append(line + points)
    if not plots:
        return None
    return style.panels("Times of a card by parameters, and a straight line", *plots, room=75)


def full_precision(times: pd.DataFrame) -> pd.DataFrame:
    """The rows of `runtimes` without those whose factors a GPU rounded."""
    return times[~times["series"].str.startswith("TF32")]


def lines(times: pd.DataFrame, x: alt.X, y: alt.Y) -> Any:
    """A line for each series, dashed for 2017, with the range of its rounds."""
    names = sorted(set(times["series"]))
    base = alt.Chart(times).encode(x)
    dashes = alt.StrokeDash("whose:N", scale=style.DASHES, legend=None)
    return alt.layer(
        base.mark_rule().encode(y="low", y2="high"),
        base.mark_line().encode(y, *style.looks("series", names), dashes),
        style.end_labels(times, y, "series", names),
    )


def runtimes(evidence: tables.Evidence) -> pd.DataFrame:
    """Runtime as 2017 timed it: ten epochs and the evaluations after each.

    Columns: device, series, whose (ours or 2017), filters, parameters, seconds, low, high.
    Ours are the median of the rounds and their range, without building the network, which takes an
    engine that compiles it longer than all else. A series is of one device of one host.
    """
    times = evidence.times
    seconds = hand_in_2017.TIMED_EPOCHS * (times["epoch_seconds"] + times["evaluation_seconds"])
    recorded = times["recorded"].astype(bool)
    series = times["series"].where(recorded, times["series"] + " ours")
    rounds = seconds.groupby([times["device"], series, times["filters"]])
    ours = rounds.agg(seconds="median", low="min", high="max").reset_index()
    past = hand_in_2017.runtimes()
    past["series"] = past["device"] + " 2017"
    if evidence.images["dataset"] != "mnist":
        past = past.head(0)
    both = pd.concat([past.assign(whose="2017"), ours.assign(whose="ours")])
    return both.assign(parameters=both["filters"].map(layers.parameters))
