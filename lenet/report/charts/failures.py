"""How many networks failed, by learning rate, and how far the error of the others rose."""

import altair as alt
import pandas as pd

from lenet import hand_in_2017
from lenet.report.charts import style
from lenet.results import tables


def by_rate(evidence: tables.Evidence) -> alt.ConcatChart | None:
    """How many networks failed, above the largest rise of the error of each of the others."""
    networks = largest_rises(evidence.curves)
    if networks.empty:
        return None
    rates = failures(networks)
    x = alt.X("lr:O", title="Learning rate").scale(type="band", domain=list(rates["lr"]))
    share = alt.Y(
        "share",
        title="Networks that failed",
        axis=style.PERCENT,
    )
    rise = alt.Y(
        "rise",
        title=["Largest rise of the error", "in an epoch (points)"],
    )
    bars = alt.Chart(rates).encode(x, share.scale(domain=[0, 1]))
    dots = alt.Chart(networks[~networks["failed"]]).encode(x, rise).properties(height=180)
    told = rates.loc[rates["share"] > 0, "told"]
    return style.panels(
        f"Failed networks: {', '.join(told) or 'none'}",
        alt.layer(
            bars.mark_bar(color=style.ORANGE),
            bars.mark_text(dy=-8).encode(text="count"),
            height=120,
        ),
        dots.mark_point(color=style.BLUE, opacity=0.7),
        columns=1,
        room=75,
    )


def largest_rises(curves: pd.DataFrame) -> pd.DataFrame:
    """Columns lr, seed, failed (True or False), rise; a row for each network.

    The rise is the largest of the error from one epoch to the next, in percentage points, once
    2017 called its curves constant; 0 where it never rose.
    """
    rows = tables.each_once(curves)
    rises = rows.groupby(["lr", "seed"])["validation_error"].diff()
    late = rows["epoch"] > hand_in_2017.CONSTANT_FROM_EPOCH
    rise = 100 * rises.where(late).clip(lower=0)
    networks = rows.assign(rise=rise, failed=rows["failed"] != "").groupby(["lr", "seed"])
    return networks[["failed", "rise"]].max().reset_index()


def failures(networks: pd.DataFrame) -> pd.DataFrame:
    """Columns lr, share (of networks that failed), count and told (both in words).

    >>> failures(pd.DataFrame({"lr": [1.0, 1.0], "failed": [True, False]}))["told"].item()
    '1 of 2 at learning rate 1'
    """
    rows = []
    for lr, failed in networks.groupby("lr")["failed"]:
        count = f"{failed.sum()} of {len(failed)}"
        rows.append((lr, failed.mean(), count, f"{count} at learning rate {lr:g}"))
    return pd.DataFrame(rows, columns=["lr", "share", "count", "told"])
