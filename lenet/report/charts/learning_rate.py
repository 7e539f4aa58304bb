"""Charts of the learning rate: Figure 1 made anew, error by lr x epochs, and an early stop."""

from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lenet import hand_in_2017
from lenet.network import evaluation
from lenet.report.charts import style
from lenet.results import tables
from lenet.verdicts import intervals

RATES = list(hand_in_2017.LEARNING_RATES)
HIGHEST = max(RATES)
LAST = hand_in_2017.EPOCHS
STOP = hand_in_2017.STOP_EPOCH
FEWEST = 4  # networks of which an interval is drawn; fewer are only drawn themselves
EPOCH = alt.X("epoch", title="Epoch", scale=style.LINEAR)
ERROR = alt.Y(
    "error",
    title="Validation error, linear as in 2017",
    axis=style.PERCENT,
)
LOG_ERROR = ERROR.title("Validation error, logarithmic").scale(style.LOG)
SIDES = ["ours", "2017"]
LINES = (
    "A colour for each learning rate. Thick: our mean; band: its confidence interval; "
    "thin: our networks; dashed: 2017"
)


def figure_1(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """Figure 1 of 2017 made anew, beside the same on a logarithmic axis."""
    networks = learnt(evidence.curves).query("epoch <= @LAST")
    if networks.empty:
        return None
    return style.panels(
        "A linear axis hides what happens below 10 %",
        curves(networks, evidence, EPOCH, ERROR),
        curves(networks, evidence, EPOCH, LOG_ERROR),
        below=LINES,
    )


def front(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """Figure 1 as 2017 drew it, on a linear axis, with our runs."""
    networks = learnt(evidence.curves).query("epoch <= @LAST")
    if networks.empty:
        return None
    chart = curves(networks, evidence, EPOCH, ERROR.title("Validation error"))
    return style.panels("Validation error by learning rate", chart.properties(height=style.SHORT))


def rate_times_epochs(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """Error against learning rate x epochs, in the study lr_study, which trains longest."""
    networks = learnt(evidence.curves).query("study == 'lr_study'")
    if networks.empty:
        return None
    powers = [0.0001, 0.001, 0.01, 0.1, 1]
    x = alt.X(
        "product",
        title="Learning rate × epochs",
        scale=style.LOG,
        axis=alt.Axis(values=powers),
    )
    return style.panels(
        "Over rate times epochs, the curves of all rates nearly meet",
        curves(networks, evidence, x, LOG_ERROR),
        below=LINES,
    )


def stopping(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """What a stop after each epoch at the best learning rate loses against epoch 15."""
    ours = losses(learnt(evidence.curves), "ours")
    if ours.empty:
        return None
    lost = pd.concat([ours, losses(of_2017(evidence), "2017")])
    cost = ours.loc[ours["epoch"] == STOP, "points"].item()
    y = alt.Y("points", title=f"Error above that of epoch {LAST} (points)")
    x = alt.X("epoch:O", title="Stop after epoch")
    base = alt.Chart(lost).encode(x, xOffset="side")
    colour, shape = style.looks("side", SIDES)
    return style.panels(
        f"Stopping after epoch {STOP} costs {cost:.1f} percentage points of error",
        alt.layer(
            base.mark_rule().encode(colour, y="low", y2="high"),
            base.mark_point().encode(colour, shape, y),
            style.end_labels(lost, y, "side", SIDES),
        ),
        below=f"At learning rate {HIGHEST}",
    )


def learnt(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves from epoch 1 of networks that did not fail, as in 2017; see `drawn`.

    Of every learning rate, but without the study overshoot, which has charts of its own.
    """
    rows = tables.each_once(curves[curves["study"] != "overshoot"])
    return drawn(rows.query("failed == '' and epoch > 0"))


def of_2017(evidence: tables.Evidence) -> pd.DataFrame:
    """The curves of 2017, but none beside other data than MNIST; see `drawn`."""
    rows = drawn(hand_in_2017.learning_curves().assign(seed=0))
    return rows if evidence.images["dataset"] == "mnist" else rows.head(0)


def drawn(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves with the columns product (lr x epoch) and error (as it can be drawn)."""
    return curves.assign(
        product=curves["lr"] * curves["epoch"],
        error=curves["validation_error"].clip(lower=style.LEAST_ERROR),
    )


def mean_curves(networks: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean of the error by learning rate and epoch, see `averages`.

    The interval of few networks has no width.
    """
    by = ["lr", "epoch", "product"]
    means = averages(networks, by, "error", intervals.geometric_mean)
    for end in ("low", "high"):
        enough = means[end].where(means["n"] >= FEWEST, means["error"])
        means[end] = enough.clip(upper=1)
    return means


def averages(rows: pd.DataFrame, by: list[str], value: str, average: Callable) -> pd.DataFrame:
    """The average in each group with its interval: columns of `by`, `value`, low, high, n."""
    found = []
    for group, values in rows.groupby(by)[value]:
        mean = average(values)
        found.append((*group, mean.value, mean.low, mean.high, mean.n))
    return pd.DataFrame(found, columns=[*by, value, "low", "high", "n"])


def curves(networks: pd.DataFrame, evidence: tables.Evidence, x: alt.X, y: alt.Y) -> Any:
    """Networks thin, their mean with its interval, 2017 dashed, each learning rate named."""
    means = mean_curves(networks)
    added = set(networks["lr"]) - set(RATES)
    rates = [*RATES, *sorted(added)]  # those of 2017 keep their colours
    colour, shape = style.looks("lr", rates)
    mean = alt.Chart(means).encode(x, colour)
    each = alt.Chart(networks).encode(x, y, colour, detail="seed")
    past = alt.Chart(of_2017(evidence)).encode(x, y, detail="lr")
    return alt.layer(
        mean.mark_area(opacity=0.3).encode(y="low", y2="high"),
        each.mark_line(strokeWidth=0.7),
        mean.mark_line().encode(y, shape),
        past.mark_line(strokeDash=style.DASH, color=style.INK),
        style.end_labels(means, y, "lr", rates),
    )


def losses(curves: pd.DataFrame, side: str) -> pd.DataFrame:
    """Error after each epoch above that after epoch 15, at the best learning rate.

    Columns side, epoch, points (mean over networks, percentage points), low, high, n.
    """
    rows = curves.query("lr == @HIGHEST")
    errors = rows.pivot(index="seed", columns="epoch", values="validation_error")
    errors = errors.reindex(columns=range(1, LAST + 1)).dropna()
    lost = 100 * errors.sub(errors[LAST], axis=0).drop(columns=LAST)
    lost = lost.melt(var_name="epoch", value_name="points")
    return averages(lost, ["epoch"], "points", intervals.mean).assign(side=side)


def wrong_in_every_network(evidence: tables.Evidence) -> np.ndarray:
    """Numbers of the validation images that every network of the best learning rate gets wrong."""
    networks = tables.each_once(evidence.right).query("lr == @HIGHEST")
    networks = networks.drop_duplicates("seed", keep="last")
    images = evidence.images["validation"]
    wrong = np.full(images, len(networks) > 0)
    for right in networks["right"]:
        wrong &= ~evaluation.unpack(right, images)
    return np.flatnonzero(wrong)
