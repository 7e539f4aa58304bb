"""Charts of one run, as its notebook shows them: learning curves, and samples of a timing."""

from typing import Any

import altair as alt
import pandas as pd

from lenet import hand_in_2017
from lenet.report.charts import style

DASHES = alt.Scale(domain=["ours", "2017"], range=[[1, 0], style.DASH])
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
    ours = curves.assign(name="seed " + curves["seed"].astype(str), whose="ours")
    old = None if past is None else past.assign(name="2017", whose="2017")
    lines = pd.concat([ours, old]).dropna(subset="validation_error")
    lines["error"] = lines["validation_error"].clip(lower=style.LEAST_ERROR)
    names = list(lines["name"].unique())
    whole = alt.Axis(format="d", tickMinStep=1)
    y = alt.Y("error:Q", title="Validation error", scale=style.LOG, axis=style.PERCENT)
    line = alt.Chart(lines).mark_line(point=True)
    line = line.encode(
        alt.X("epoch", title="Epoch", scale=style.LINEAR, axis=whole),
        y,
        style.looks("name", names)[0],
        alt.StrokeDash("whose", scale=DASHES, legend=None),
    )
    return style.panels(
        "Error on the validation images (logarithmic)",
        alt.layer(line, style.end_labels(lines, y, "name", names)),
        below=f"Data: {dataset}",
    )


def curve_of_2017(settings: dict[str, Any], dataset: str) -> pd.DataFrame | None:
    """The curve that 2017 drew for these settings, or None where it drew none.

    Columns: lr, epoch, validation_error.

    >>> setting = {**hand_in_2017.SETTING, "lr": 0.1}
    >>> len(curve_of_2017(setting, "mnist"))
    15
    >>> curve_of_2017({**setting, "filters": 8}, "mnist") is None
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
