"""What the convolutions have of the parameters and of the work, by filters: arithmetic alone."""

import altair as alt
import pandas as pd

from lenet import hand_in_2017
from lenet.network import layers
from lenet.report.charts import style

CONVOLUTIONS = "convolutional"
SERIES = ["work", "parameters", "2017's count"]


def shares() -> alt.ConcatChart:
    """The convolutions' share of the work and of the parameters, and as 2017 seems to count."""
    lines = table()
    x = alt.X("filters:O", title="Filters")
    y = alt.Y("share", title="Share of the convolutions", axis=style.PERCENT)
    line = alt.Chart(lines).encode(x, y.scale(domain=[0, 1]), *style.looks("series", SERIES))
    return style.panels(
        "The convolutions hold few of the parameters and do most of the work",
        alt.layer(line.mark_line(), style.end_labels(lines, y, "series", SERIES)),
        below="2017's count: our guess at how its text counted parameters",
    )


def table() -> pd.DataFrame:
    """Columns filters, series, share (0 to 1)."""
    rows = []
    for filters in hand_in_2017.FILTERS["GPU"]:
        work = layers.share(filters, CONVOLUTIONS, "training_macs")
        parameters = layers.share(filters, CONVOLUTIONS)
        convolutional, connected = as_2017_counted(filters)
        counted = convolutional / (convolutional + connected)
        rows.append((filters, work, parameters, counted))
    wide = pd.DataFrame(rows, columns=["filters", *SERIES])
    return wide.melt("filters", var_name="series", value_name="share")


def as_2017_counted(filters: int) -> tuple[int, int]:
    """Convolutional and fully connected parameters by a guess that gives about what 2017 stated.

    Either convolution has as many inputs as filters, and a hidden unit one input a filter.

    >>> as_2017_counted(16)
    (4640, 3466)
    """
    convolutional = 2 * (9 * filters + 1) * filters
    hidden = (filters + 1) * layers.HIDDEN_UNITS
    return convolutional, hidden + (layers.HIDDEN_UNITS + 1) * layers.CLASSES
