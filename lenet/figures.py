"""Charts of the report: each public function takes a frame and returns an Altair chart for screen and paper."""

import base64
import json
import math
import struct
import zlib

import altair as alt
import numpy as np
import pandas as pd
import vl_convert
from scipy import stats

from lenet.statistics import LEVEL

# Okabe-Ito, in an order whose neighbours also differ in grey; its yellow is too faint on white.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
STATIC_WIDTH = 560
INK = "currentColor"
ORIGINS = ["ours", "2017"]


@alt.theme.register("report", enable=True)
def theme():
    """Return the Vega-Lite configuration: ink of the colour of the text around a chart, on no background."""
    text = {"labelColor": INK, "labelFontSize": 12} | {"titleColor": INK, "titleFontSize": 12, "titleFontWeight": 400}
    lines = {"gridColor": INK, "gridOpacity": 0.12, "domainColor": INK, "tickColor": INK}
    config = {"background": "transparent", "font": "Liberation Sans, Arial, Helvetica, sans-serif"}
    legend = {"orient": "top", "symbolStrokeColor": INK, "symbolSize": 700, "labelLimit": 400}
    axes = {"axis": text | lines, "axisX": {"grid": False}, "legend": text | legend}
    marks = {"rule": {"color": INK}, "point": {"filled": True, "size": 50, "opacity": 1}}
    words = {"text": {"color": INK, "fontSize": 12}, "title": {"color": INK, "fontSize": 13, "anchor": "start"}}
    return {"config": config | axes | marks | words | {"view": {"stroke": None}, "range": {"category": COLOURS}}}


def static(spec, width=STATIC_WIDTH):
    """Return a chart's specification (a dict) for paper: black on white, the plot `width` pixels wide."""
    spec = json.loads(json.dumps(spec).replace(f'"{INK}"', '"black"').replace('"transparent"', '"white"'))
    return spec | {"width": width} if spec.get("width") == "container" else spec


def _show(spec, **_):
    """Draw a cell's last value: JupyterLab 4.6 knows no Vega-Lite 6, an untrusted notebook shows only PNG."""
    png = base64.b64encode(vl_convert.vegalite_to_png(static(spec), scale=1.5)).decode()
    return {"image/svg+xml": vl_convert.vegalite_to_svg(static(spec)), "image/png": png}


alt.renderers.register("report", _show)
alt.renderers.enable("report")
alt.data_transformers.disable_max_rows()


def mean_interval(frame, by, value, level=LEVEL):
    """Mean of `value` in each group of `by` with its t interval: columns `by`, mean, n, low, high.

    Missing values are left out and lower `n`; with n = 1 there is no interval (NaN).
    """
    groups = frame.dropna(subset=[value]).groupby(by)[value]
    table = groups.agg(mean="mean", sd="std", n="count").reset_index()
    half = stats.t.ppf((1 + level) / 2, table["n"] - 1) * table.pop("sd") / np.sqrt(table["n"])
    return table.assign(low=table["mean"] - half, high=table["mean"] + half)


def _ticks(low, high):
    """Return 1, 2, 5, 10, ... between two positive limits."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [float(f"{step}e{decade}") for decade in decades for step in (1, 2, 5)]
    return [tick for tick in values if low <= tick <= high]


def log_scale(values, base=10):
    """Return a logarithmic scale around the positive `values`; what lies outside sits on its edge."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        raise ValueError("values: a logarithmic axis needs a positive finite value, got none")
    domain = [float(values.min() / 1.15), float(values.max() * 1.15)]
    return alt.Scale(type="log", base=base, domain=domain, clamp=True, nice=False)


def quantitative(channel, field, title, scale, ticks=None, form="~s"):
    ticks = _ticks(*scale["domain"]) if ticks is None else ticks
    axis = alt.Axis(values=ticks if len(ticks) > 1 else alt.Undefined, format=form, grid=True, labelOverlap="greedy")
    return channel(f"{field}:Q", title=title, scale=scale, axis=axis)


def epochs_axis(frame):
    """Return the channel of whole epochs from the first of a frame to its last."""
    scale = alt.Scale(domain=[int(frame["epoch"].min()), int(frame["epoch"].max())], nice=False)
    return alt.X("epoch:Q", title="Epoch", axis=alt.Axis(format="d", tickMinStep=1), scale=scale)


def _errors(values):
    # A run that failed at once leaves no error to scale by, and must still be drawn.
    scale = log_scale([value for value in values if value > 0] or [0.01, 1])
    return quantitative(alt.Y, "validation_error", "Validation error (logarithmic)", scale, form="~%")


def coloured(name):
    return alt.Color(f"{name}:N", sort=None, legend=None)


def dashes(field, names):
    """Return the channel that draws the first of two `names` solid and the second, 2017, dashed."""
    scale = alt.Scale(domain=names, range=[[1, 0], [6, 4]][: len(names)])
    return alt.StrokeDash(f"{field}:N", title=None, scale=scale, legend=alt.Legend(direction="vertical"))


def _spread(positions, gap):
    """Move labels apart: the same order, at least `gap` between neighbours, none lower than it was."""
    placed = {}
    for index in np.argsort(positions, kind="stable"):
        placed[index] = max(positions[index], max(placed.values(), default=-math.inf) + gap)
    return np.array([placed[index] for index in range(len(positions))])


def end_labels(lines, x, y, name, scale, dy=0):
    """Write each line's name at the right of its last point, `dy` pixels lower, after a mark of its own."""
    ends = lines.dropna(subset=[y]).sort_values(x, kind="stable").drop_duplicates(name, keep="last")
    forward, back = (np.log10, lambda at: 10**at) if scale["type"] == "log" else (np.asarray, np.asarray)
    at = _spread(forward(np.clip(ends[y].to_numpy(), *scale["domain"])), np.ptp(forward(scale["domain"])) / 22)
    # Vega-Lite lets a click through a mark without a tooltip.
    base = alt.Chart(ends.assign(at=back(at))).encode(alt.X(f"{x}:Q"), alt.Y("at:Q", scale=scale), tooltip=f"{name}:N")
    shape = alt.Shape(f"{name}:N", sort=None, legend=None)
    marks = base.mark_point(xOffset=11, yOffset=dy).encode(coloured(name), shape)
    return marks + base.mark_text(align="left", dx=20, dy=dy).encode(text=f"{name}:N")


def seed_curves(curves):
    """Validation error of runs that differ in their seed: columns seed, epoch, validation_error (0-1)."""
    runs = curves.assign(run=curves["seed"].map("seed {}".format))
    y = _errors(runs["validation_error"])
    line = alt.Chart(runs).mark_line(point=True).encode(epochs_axis(runs), y, coloured("run"))
    labels = end_labels(runs, "epoch", "validation_error", "run", y["scale"])
    return (line + labels).properties(width="container", height=300)


def _runtime_panel(times, x, y):
    chart = alt.Chart(times).encode(x, y, coloured("device"))
    dots = alt.Scale(domain=ORIGINS, range=["circle", "diamond"])
    tips = ["series:N", "filters:Q", "parameters:Q", alt.Tooltip("seconds:Q", format=".3g")]
    line = chart.mark_line(strokeWidth=2).encode(dashes("source", ORIGINS).legend(None))
    points = chart.mark_point().encode(shape=alt.Shape("source:N", legend=None, scale=dots), tooltip=tips)
    low, high = alt.Y("low:Q", scale=y["scale"], title=y["title"]), alt.Y2("high:Q", title="")
    bars = alt.Chart(times.dropna(subset=["low", "high"])).mark_rule(strokeWidth=2).encode(x, low, high)
    ends = times.sort_values("filters").drop_duplicates("series", keep="last")
    last = ends["filters"] == ends["filters"].max()  # no room at the right of these
    looks = [(ends[last], {"align": "right", "dy": -14}), (ends[~last], {"align": "left", "dx": 8, "dy": 8})]
    names = [alt.Chart(rows).mark_text(**look).encode(x, y, text="series:N") for rows, look in looks if len(rows)]
    return alt.layer(line, bars, points, *names).properties(width=STATIC_WIDTH // 2 - 30, height=300)


def runtime(times, title="Runtime (s, logarithmic)"):
    """Figure 2: runtime by filters and by parameters, dashed for 2017.

    `times` has source (2017, ours), device (CPU, GPU), filters, parameters, seconds, and low and high
    (s; NaN where there is one sample). `title` names what was timed.
    """
    if not set(times["source"]) <= set(ORIGINS):
        raise ValueError(f"source: {sorted(set(times['source']))}; each must be one of {ORIGINS}")
    whose = times["source"].where(times["source"] == "2017", "ours")
    times = times.assign(series=times["device"] + ", " + whose).dropna(subset=["seconds"])
    filters = sorted(times["filters"].unique().tolist())
    left = quantitative(alt.X, "filters", "Filters", log_scale(filters, 2), filters)
    right = quantitative(alt.X, "parameters", "Parameters", log_scale(times["parameters"]))
    y = quantitative(alt.Y, "seconds", title, log_scale(times[["seconds", "low", "high"]]))
    return alt.concat(_runtime_panel(times, left, y), _runtime_panel(times, right, y), columns=2)


def parameters_by_layer(frame):
    """Parameters of each layer as the filters grow: columns filters, layer, parameters; both axes logarithmic."""
    scale, filters = log_scale(frame["parameters"]), sorted(frame["filters"].unique().tolist())
    x = quantitative(alt.X, "filters", "Filters", log_scale(filters, 2), filters)
    y = quantitative(alt.Y, "parameters", "Parameters (logarithmic)", scale)
    line = alt.Chart(frame).mark_line(point=True).encode(x, y, coloured("layer"), tooltip=list(frame.columns))
    labels = end_labels(frame, "filters", "parameters", "layer", scale)
    return (line + labels).properties(width="container", height=320)


def confusion(matrix):
    """Counts of a square matrix (rows: the digit, columns: the answer); the wrong answers are shaded."""
    counts = pd.DataFrame(np.asarray(matrix)).rename_axis("digit").reset_index()
    counts = counts.melt("digit", var_name="answer", value_name="images")
    wrong, right = counts.query("digit != answer and images > 0"), counts.query("digit == answer")
    axis, shades = alt.Axis(labelAngle=0, ticks=False), alt.Scale(range=["#DEEBF7", "#6BAED6"])
    x, y = alt.X("answer:O", title="Answer", axis=axis), alt.Y("digit:O", title="Digit", axis=axis)
    shade, text = alt.Color("images:Q", legend=None, scale=shades), alt.Text("images:Q")
    cells = alt.Chart(wrong).mark_rect().encode(x, y, shade) + alt.Chart(right).mark_text().encode(x, y, text)
    counted = alt.Chart(wrong).mark_text(color="black").encode(x, y, text)
    return (cells + counted).properties(width="container", height=360)


def _png(image, scale=3):
    """Return a greyscale image (rows x columns, 0-1, 1 is ink) as the data URI of a PNG file."""
    pixels = np.kron(255 - np.round(np.clip(image, 0, 1) * 255), np.ones((scale, scale))).astype(np.uint8)
    header = struct.pack(">2I5B", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    chunks = [b"IHDR" + header, b"IDAT" + zlib.compress(np.pad(pixels, ((0, 0), (1, 0))).tobytes()), b"IEND"]
    whole = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(whole)).decode()


def digit_grid(images, titles, columns=6):
    """Pictures (n x rows x columns, 0-1) in a grid, each under its title; ValueError unless n titles."""
    if len(images) != len(titles):
        raise ValueError(f"titles: {len(titles)} for {len(images)} images; one each is needed")
    cells = [(i % columns, i // columns, _png(images[i]), str(titles[i])) for i in range(len(titles))]
    frame = pd.DataFrame(cells, columns=["column", "row", "url", "title"])
    base = alt.Chart(frame).encode(alt.X("column:O", axis=None), alt.Y("row:O", axis=None))
    pictures = base.mark_image(width=44, height=44).encode(url="url:N") + base.mark_text(dy=-30).encode(text="title:N")
    return pictures.properties(width=alt.Step(92), height=alt.Step(76))


def filter_grid(weights, columns=8):
    """First-layer filters (3 x 3 x 1 x n) as squares: negative orange, zero white, positive blue."""
    kernels, step = np.asarray(weights)[:, :, 0, :], len(weights) + 1
    limit = float(np.abs(kernels).max())
    y, x, index = (axis.ravel() for axis in np.indices(kernels.shape))
    place = {"x": index % columns * step + x, "y": index // columns * step + y}
    frame = pd.DataFrame({"weight": kernels.ravel(), "filter": index} | place)
    sides = [alt.Scale(domain=list(range(int(frame[side].max()) + 1)), padding=0) for side in "xy"]
    x, y = alt.X("x:O", axis=None, scale=sides[0]), alt.Y("y:O", axis=None, scale=sides[1])
    colour = alt.Scale(domain=[-limit, 0, limit], range=[COLOURS[1], "#FFFFFF", COLOURS[0]], interpolate="rgb")
    chart = alt.Chart(frame).mark_rect().encode(x, y, alt.Color("weight:Q", title="Weight", scale=colour))
    return chart.encode(tooltip=["filter", "weight"]).properties(width=alt.Step(11), height=alt.Step(11))


def epoch_times(record):
    """Strip of a benchmark record's `epoch_seconds` with their median as a dashed line."""
    seconds = pd.DataFrame({"seconds": record["epoch_seconds"]}).assign(epoch=lambda frame: frame.index + 1)
    y = alt.Y("seconds:Q", title="Seconds for a training epoch", scale=alt.Scale(zero=True))
    points = alt.Chart(seconds).mark_point(color=COLOURS[0]).encode(epochs_axis(seconds), y)
    median = alt.Chart(seconds).mark_rule(strokeDash=[6, 4]).encode(y="median(seconds):Q")
    return (median + points).properties(width="container", height=180)
