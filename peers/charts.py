"""Charts of the records of `make peers`: rate by arithmetic intensity, and times against ours."""

from typing import Any

import altair as alt
import pandas as pd

from lenet.hand_in_2017 import SETTING
from lenet.network import layers
from lenet.report.charts import style
from peers.reference import BATCH
from peers.tables import Record, table

FILTERS = SETTING["filters"]  # where every peer is timed
INTENSITY = alt.X("intensity", title="FLOP/byte, logarithmic", scale=style.LOG)
GFLOPS = alt.Y("gflops", title="GFLOP/s, logarithmic", scale=style.LOG)
RATIO = alt.X("ratio", title="Times our seconds, logarithmic", scale=style.LOG)
BEYOND = 1.3  # the roof goes on so far past the points


def intensity(filters: int) -> float:
    """FLOP a byte of training on batches of 64.

    Outputs and gradients of each layer move to and fro once, the parameters six times.
    """
    moved = 4 * sum(layer.output_bytes for layer in layers.layers(filters))
    parameter_bytes = layers.FLOAT_BYTES * layers.parameters(filters)
    return layers.training_flops(filters, 1) / (moved + 6 * parameter_bytes / BATCH)


def roofline_points(record: Record) -> pd.DataFrame:
    """`tables.table` with a column intensity, of the peers that are timed at several sizes."""
    rows = table(record)
    sizes = rows.groupby("name")["filters"].transform("nunique")
    rows["intensity"] = rows["filters"].map(intensity)
    return rows[sizes == sizes.max()]


def roof(record: Record, points: pd.DataFrame) -> pd.DataFrame:
    """What copies and matrix products allow at each intensity: columns intensity, gflops, text."""
    corner = record["peak_gflops"] / record["copy_gbytes"]
    left = min(corner, points["intensity"].min()) / BEYOND
    right = max(corner, points["intensity"].max()) * BEYOND
    ends = pd.Series([left, corner, right])
    allowed = (record["copy_gbytes"] * ends).clip(upper=record["peak_gflops"])
    copies = f"copies {record['copy_gbytes']:.0f} GB/s"
    products = f"products {record['peak_gflops']:.0f} GFLOP/s"
    words = ["", f"{copies}, {products}", ""]
    return pd.DataFrame({"intensity": ends, "gflops": allowed, "text": words})


def roofline(records: dict[str, Record]) -> alt.ConcatChart:
    """Rates by arithmetic intensity below what the machine allows, a panel for each record."""
    return style.panels(
        "Rate of each library by arithmetic intensity, which grows with the filters",
        *[under_roof(name, record) for name, record in records.items()],
        below="Dashed: what memory and matrix products were measured to allow",
        columns=1,
    )


def under_roof(name: str, record: Record) -> Any:
    """One machine's peers under its roof."""
    points = roofline_points(record)
    names = [peer for peer in record["peers"] if peer in set(points["name"])]
    line = alt.Chart(roof(record, points)).encode(INTENSITY, GFLOPS)
    base = alt.Chart(points).encode(INTENSITY, GFLOPS, *style.looks("name", names))
    fastest = points.loc[points.groupby("filters")["gflops"].idxmax()]
    above = alt.Chart(fastest).encode(INTENSITY, GFLOPS)
    return alt.layer(
        line.mark_line(strokeDash=style.DASH, color=style.INK),
        line.mark_text(align="left", dy=14).encode(text="text"),
        base.mark_line(),
        base.mark_point().encode(tooltip=["peer", "filters", "gflops", "seconds", "ratio"]),
        above.mark_text(dy=-14).encode(text="filters"),
        style.end_labels(points.sort_values("filters"), GFLOPS, "name", names),
        title=name,
    )


def against_ours(records: dict[str, Record]) -> alt.ConcatChart:
    """How many times our seconds each way takes at 16 filters, a colour for each machine."""
    frames = [table(record).assign(machine=name) for name, record in records.items()]
    rows = pd.concat(frames)
    rows = rows[(rows["filters"] == FILTERS) & (rows["name"] != "ours")]
    medians = rows.groupby("peer")["ratio"].median()
    ways = medians.sort_values().index.tolist()
    below = alt.Legend(orient="bottom", title=None, labelLimit=400)
    base = alt.Chart(rows).encode(
        y=alt.Y("peer", sort=ways, title=None),
        yOffset="machine",
        color=alt.Color("machine", legend=below),
    )
    chart = alt.layer(
        base.mark_rule().encode(x="ratio_low", x2="ratio_high"),
        base.mark_point().encode(RATIO, shape=alt.Shape("machine", legend=None)),
    )
    return style.panels(
        f"Seconds of an epoch of {FILTERS} filters over ours: median and range of the pairs",
        chart,
        room=200,
    )
