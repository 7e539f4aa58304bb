"""Charts of one run, as its notebook shows them: learning curves, and samples of a timing."""

import time
from typing import Any

import altair as alt
import pandas as pd
from IPython.display import DisplayHandle

from lenet import hand_in_2017
from lenet.report.charts import style
from lenet.report.charts.style import LIVE, SVG

ERROR = alt.Y("error:Q", title="Validation error", scale=style.LOG, axis=style.PERCENT)
TITLE = "Error on the validation images (logarithmic)"
PAUSE_SECONDS = 1
LEGEND = alt.Legend(title=None)
# With Control, so that a notebook can be scrolled over a chart. (With Shift, a browser scrolls
# sideways, and Vega would see nothing.) A double click goes back.
ZOOM = alt.selection_interval("zoom", bind="scales", zoom="wheel![event.ctrlKey]")
# A click on a name in the legend.
PICKED = alt.selection_point("picked", fields=["name"], bind="legend")
FAINT = 0.1  # opacity of what is not picked
PARTS = {
    "epoch_seconds": "training",
    "training_evaluation_seconds": "evaluation, training images",
    "validation_seconds": "evaluation, validation images",
}


def seed_curves(
    curves: pd.DataFrame, dataset: str, past: pd.DataFrame | None = None
) -> alt.ConcatChart:
    """Validation error by epoch, a line for each network; `past`, of 2017, is dashed.

    `curves` has the columns seed, epoch and validation_error (0 to 1; missing after a failure),
    `past` the last two.
    """
    rows = named([curves], past)
    names = list(rows["name"].unique())
    lines = error_lines(rows, names, pd.concat([curves, past])["epoch"].max())
    return style.panels(TITLE, lines, below=f"Data: {dataset}")


def named(curves: list[pd.DataFrame], past: pd.DataFrame | None) -> pd.DataFrame:
    """The rows of lines: name, whose, epoch and error, which is never 0 or missing."""
    old = None if past is None else past.assign(name="2017", whose="2017")
    ours = [each.assign(name="seed " + each["seed"].astype(str), whose="ours") for each in curves]
    rows = pd.concat([*ours, old]).dropna(subset="validation_error")
    rows["error"] = rows["validation_error"].clip(lower=style.LEAST_ERROR)
    return rows[["name", "whose", "epoch", "error"]]


def error_lines(rows: Any, names: list[str], last: int, legend: alt.Legend = LEGEND) -> Any:
    """A line for each of these names, on an axis of whole epochs that ends with the last.

    The wheel with Control zooms, dragging moves; a click in the legend makes the others faint.
    """
    scale = alt.Scale(domain=[0, int(last)], nice=False, padding=8)
    whole = alt.Axis(format="d", tickCount=min(int(last), 10))
    base = alt.Chart(rows).encode(
        alt.X("epoch:Q", title="Epoch", scale=scale, axis=whole),
        ERROR,
        alt.Color("name:N", scale=alt.Scale(domain=names), legend=legend),
        alt.StrokeDash("whose:N", scale=style.DASHES, legend=None),
        opacity=alt.when(PICKED).then(alt.value(1)).otherwise(alt.value(FAINT)),
    )
    # Each layer needs a selection of its own, or the mouse does not reach it; the first makes the
    # legend. Of a line with `point=True` Vega-Lite 5.6 makes two layers, and gives it to both.
    lines = base.mark_line(clip=True).add_params(PICKED)
    points = base.mark_point(clip=True).add_params(ZOOM)
    return alt.layer(lines, points)


class Live:
    """`seed_curves` while networks train: hand it as `watch` to a study.

    The chart is made once. Then its numbers change, at most once a second and at the end of each
    network. `settings` are those of the study.
    """

    def __init__(self, settings: dict[str, Any], dataset: str):
        self.past = curve_of_2017(settings, dataset)
        self.curves: dict[int, pd.DataFrame] = {}
        self.due = 0.0
        self.shown = DisplayHandle()
        seeds = range(settings["first_seed"], settings["first_seed"] + settings["seeds"])
        names = [f"seed {seed}" for seed in seeds]
        last = settings["epochs"]
        if self.past is not None:
            names.append("2017")
            last = max(last, self.past["epoch"].max())
        lines = error_lines(alt.NamedData(name="lines"), names, last)
        self.spec = style.sized(style.panels(TITLE, lines, below=f"Data: {dataset}").to_dict())

    def __call__(self, curve: pd.DataFrame, whole: bool) -> None:
        """Take a network's curve so far, or its whole curve."""
        show = self.shown.update if self.curves else self.shown.display
        self.curves[curve["seed"].iloc[0]] = curve
        if whole or time.monotonic() > self.due:
            rows = named(list(self.curves.values()), self.past).to_dict("records")
            # Without a picture, which would take most of a second.
            show({LIVE: {**self.spec, "datasets": {"lines": rows}}}, raw=True, metadata=SVG)
            self.due = time.monotonic() + PAUSE_SECONDS


def curve_of_2017(settings: dict[str, Any], dataset: str) -> pd.DataFrame | None:
    """The curve that 2017 drew for these settings, or None where it drew none.

    Columns: lr, epoch, validation_error.

    >>> curve_of_2017({**hand_in_2017.SETTING, "lr": 0.1, "filters": 8}, "mnist") is None
    True
    """
    curves = hand_in_2017.learning_curves()
    rows = curves[curves["lr"] == settings["lr"]]
    fits = hand_in_2017.SETTING.items() <= settings.items()
    return rows if fits and dataset == "mnist" and len(rows) else None


def epoch_times(measured: dict[str, Any]) -> alt.ConcatChart:
    """Every sample of a timing record, by part of the work, with the median of each part."""
    rows = []
    for field, part in PARTS.items():
        rows += [{"part": part, "seconds": seconds} for seconds in measured[field]]
    y = alt.Y("part", title=None, sort=None, axis=alt.Axis(labelLimit=200))
    base = alt.Chart(pd.DataFrame(rows)).encode(y)
    return style.panels(
        "Every sample, and the median of each part",
        alt.layer(
            base.mark_point().encode(alt.X("seconds", title="Seconds")),
            base.mark_tick(color=style.INK).encode(x="median(seconds)"),
        ).properties(height=90),
        below=f"Data: {measured['dataset']}",
        room=190,
    )
