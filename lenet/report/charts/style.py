"""How every chart looks, how wide it is, how its lines are named, and how it is shown."""

import base64
import json
import textwrap
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import vl_convert
import yaml

from lenet import hand_in_2017

CONFIG = yaml.safe_load(Path(__file__).with_name("theme.yaml").read_text())
BLUE, ORANGE = CONFIG["range"]["category"][:2]
INK = "currentColor"
DASH = [6, 4]  # a line of 2017
DASHES = alt.Scale(domain=["ours", "2017"], range=[[1, 0], DASH])
LEAST_ERROR = 0.5 / hand_in_2017.VALIDATION_IMAGES  # none is drawn below: 0 has no logarithm
WIDTH = 560  # pixels of a chart on paper
SHORT = 155  # pixels, the height of a plot on the first page
PHONE = 480  # pixels, below which panels stand one below the other
LINE = 46  # characters of a title that fit on a phone
LOG = alt.Scale(type="log", nice=False, padding=8)
LINEAR = alt.Scale(nice=False, zero=False, padding=8)
PERCENT = alt.Axis(format="~%")
# JupyterLab 4 draws Vega-Lite up to 5, and our charts use nothing that is newer.
LIVE = "application/vnd.vegalite.v5+json"
SVG = {LIVE: {"embed_options": {"renderer": "svg"}}}
Spec = dict[str, Any]


def panels(
    title: str,
    *charts: Any,
    below: str = "",
    columns: int = 2,
    room: int = 125,
) -> alt.ConcatChart:
    """Charts in rows of `columns` under a title, with a line `below` it.

    `room` is what stands beside a plot, in pixels: its axis and the names of its lines.
    """
    subtitle = textwrap.wrap(below, LINE + 8) or alt.Undefined
    return alt.concat(
        *charts,
        columns=min(columns, len(charts)),
        title=alt.Title(textwrap.wrap(title, LINE), subtitle=subtitle),
        usermeta={"room": room},
    )


def sized(spec: Spec, width: int = WIDTH) -> Spec:
    """A chart's specification at a width in pixels; its panels one below the other on a phone."""
    if "room" not in spec.get("usermeta", {}):
        return spec
    columns = 1 if width < PHONE else spec["columns"]
    plot_width = width // columns - spec["usermeta"]["room"]
    plots = [{**plot, "width": plot_width} for plot in spec["concat"]]
    return {**spec, "columns": columns, "concat": plots}


def static(spec: Spec, width: int = WIDTH) -> Spec:
    """A chart's specification for paper: black on white, of a width in pixels."""
    text = json.dumps(sized(spec, width))
    text = text.replace(f'"{INK}"', '"black"')
    return json.loads(text.replace('"transparent"', '"white"'))


def show(spec: Spec, **_: Any) -> tuple[Spec, Spec]:
    """A cell's last value: live in JupyterLab, and a picture wherever that is not drawn."""
    png = vl_convert.vegalite_to_png(static(spec), scale=1.5)
    data = {
        LIVE: sized(spec),
        "image/png": base64.b64encode(png).decode(),
    }
    return data, SVG


def looks(field: str, names: list, legend: alt.Legend | None = None) -> list[Any]:
    """Colour and shape of a series by its name."""
    scale = alt.Scale(domain=names)
    colour = alt.Color(f"{field}:N", scale=scale, legend=legend)
    shape = alt.Shape(f"{field}:N", scale=scale, legend=legend)
    return [colour, shape]


def end_labels(lines: pd.DataFrame, y: alt.Y, name: str, names: list) -> Any:
    """The names of lines right of the plot, each after its mark, at the height of its last row."""
    field = y["shorthand"].partition(":")[0]
    ends = lines.groupby(name).tail(1).sort_values(field)
    to_axis, from_axis = (np.log, np.exp) if y["scale"] is LOG else (np.array, np.array)
    heights = apart(to_axis(ends[field]), to_axis(lines[field]))
    ends[field] = from_axis(heights)
    base = alt.Chart(ends).encode(y, x=alt.value("width"))
    return alt.layer(
        base.mark_point(xOffset=8).encode(*looks(name, names)),
        base.mark_text(align="left", dx=17, limit=90).encode(text=f"{name}:N"),
    )


def apart(ends: Any, values: Any) -> np.ndarray:
    """Rising ends of lines, moved up until each has a line of text to itself.

    >>> apart(np.array([0.0, 0.25, 5.0]), np.array([0, 15])).tolist()
    [0.0, 1.25, 5.0]
    """
    gap = np.ptp(values) / 12
    steps = gap * np.arange(len(ends))
    return np.maximum.accumulate(ends - steps) + steps


# Whoever imports a chart gets this look, and this way of showing one in the notebook.
alt.theme.register("report", enable=True)(lambda: {"config": CONFIG})
alt.renderers.register("report", show)
alt.renderers.enable("report")
alt.data_transformers.disable_max_rows()
