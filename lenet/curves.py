"""Learning curves by learning rate: each public function takes frames and returns an Altair chart."""

import altair as alt
import pandas as pd

from lenet.figures import (
    COLOURS,
    INK,
    coloured,
    dashes,
    end_labels,
    epochs_axis,
    log_scale,
    mean_interval,
    quantitative,
)
from lenet.plots import lines, percent
from lenet.statistics import LEVEL

TICKS = [step / 10**decade for decade in (5, 4, 3, 2, 1) for step in (1, 1.5, 2, 3, 5, 7)] + [1]


def small_multiples(runs, means, past):
    """A panel a rate: runs thin, their mean with its interval, one more run in grey, 2017 dashed; click: one seed.

    `runs` has lr, seed, epoch, validation_error; `means` is from `series.one_more_run`; `past` as `runs`, no seed.
    """
    panels = []
    for colour, (rate, mean) in zip(COLOURS, sorted(means.groupby("lr"), reverse=True), strict=False):
        pick = alt.selection_point(f"seed_{len(panels)}", fields=["seed"], on="click", clear="dblclick", empty=False)
        width = alt.condition(pick, alt.value(3), alt.value(0.8))
        ours, old = (frame[(frame["lr"] == rate) & (frame["epoch"] > 0)] for frame in (runs, past))
        names = ["validation_error", "low", "high", "next_low", "next_high"]
        values = pd.concat([ours, old, mean])[names].stack()
        ticks = [tick for tick in TICKS if values.min() <= tick <= values.max()]
        y = percent("validation_error", "Validation error (logarithmic)", values, ticks)
        x = epochs_axis(mean)
        ends = lambda low, high, y=y: (alt.Y(f"{low}:Q", scale=y["scale"], title=y["title"]), alt.Y2(f"{high}:Q"))  # noqa: E731
        tips = ["epoch:Q", *(alt.Tooltip(f"{name}:Q", format=".2%") for name in names), "n:Q"]
        more = alt.Chart(mean).mark_area(color=INK, opacity=0.13).encode(x, *ends(*names[3:]))
        band = alt.Chart(mean).mark_area(color=colour, opacity=0.35).encode(x, *ends(*names[1:3]))
        thin, network = alt.Chart(ours).mark_line(color=colour, opacity=0.6), alt.Detail("seed:N")
        thin = thin.encode(x, y, network, strokeWidth=width, tooltip=["seed:N", *tips[:2]])
        thick = alt.Chart(mean).mark_line(color=colour, strokeWidth=2.6).encode(x, y, tooltip=tips)
        dashed = alt.Chart(old).mark_line(color=INK, strokeDash=[6, 4]).encode(x, y, tooltip=tips[:2])
        title = f"Rate {rate:g}, {ours['seed'].nunique()} runs"
        layers = alt.layer(more, band, thin.add_params(pick), thick, dashed)
        panels.append(layers.properties(width=240, height=190, title=title))
    return alt.concat(*panels, columns=2)


def fits(means):
    """Training loss beside validation error by epoch, a line a rate: columns rate, epoch and both names."""
    x = epochs_axis(means)
    loss = quantitative(alt.Y, "train_loss", "Training loss (logarithmic)", log_scale(means["train_loss"]), form="~g")
    error = percent("validation_error", "Validation error (logarithmic)", means["validation_error"])
    panels = [lines(means, x, y, "rate").properties(width=215, height=280) for y in (loss, error)]
    return alt.concat(*panels, columns=2).properties(usermeta={"room": 115})


def learning_curves(curves, reference=None):
    """Figure 1 as the author of 2017 drew it, on a linear axis: runs thin, mean with its t interval, 2017 dashed.

    `curves` has lr, seed, epoch, validation_error (0-1; NaN after a failure), `reference` (2017) learning_rate,
    epoch, validation_error. A click on a rate's line or name fades the others.
    """
    past = curves.iloc[:0] if reference is None else reference.rename(columns={"learning_rate": "lr"})
    mean = mean_interval(curves, ["lr", "epoch"], "validation_error").rename(columns={"mean": "validation_error"})
    n = "-".join(map(str, sorted({mean["n"].min(), mean["n"].max()}))) if len(mean) else 0
    names = [f"mean of {n} runs, {LEVEL:.0%} interval", "2017, one run"][: 1 if past.empty else 2]
    frames = (curves, mean.assign(series=names[0]), past.assign(series=names[-1]))
    frames = [f.sort_values(["lr", "epoch"], ascending=[False, True]) for f in frames]
    runs, mean, past = (f.assign(rate=f["lr"].map("rate {:g}".format)) for f in frames)
    scale, ticks = alt.Scale(type="linear", domain=[0, 1]), [0, 0.25, 0.5, 0.75, 1]
    y = quantitative(alt.Y, "validation_error", "Validation error", scale, ticks, "~%")
    x, colour, dash = epochs_axis(pd.concat([mean, past])), coloured("rate"), dashes("series", names)
    pick = alt.selection_point(fields=["rate"], on="click", clear="dblclick")
    fade = lambda opacity: alt.condition(pick, alt.value(opacity), alt.value(opacity / 6))  # noqa: E731
    tips = [alt.Tooltip(f"{name}:Q", format=".2%") for name in ("validation_error", "low", "high")]
    tips = ["series:N", "rate:N", "epoch:Q", *tips, "n:Q"]
    ends = alt.Y("low:Q", scale=scale, title=y["title"]), alt.Y2("high:Q", title="")
    band = alt.Chart(mean).mark_area().encode(x, *ends, colour, opacity=fade(0.22))
    thin = alt.Chart(runs).mark_line(strokeWidth=0.8).encode(x, y, colour, alt.Detail("seed:N"), opacity=fade(0.45))
    thick = alt.Chart(mean).mark_line(strokeWidth=2.2).encode(x, y, colour, dash, opacity=fade(1), tooltip=tips)
    old = alt.Chart(past).mark_line(strokeWidth=1.6, color=INK)
    old = old.encode(x, y, dash, detail="rate:N", opacity=fade(1), tooltip=tips[:4])
    labels = end_labels(pd.concat([past, mean]), "epoch", "validation_error", "rate", scale)
    return alt.layer(band, thin, thick.add_params(pick), old, labels).properties(width="container", height=360)
