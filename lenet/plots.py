"""Charts of the claims: each public function takes a frame that another module made and returns an Altair chart."""

import altair as alt
import pandas as pd

from lenet.figures import COLOURS, INK, coloured, end_labels, log_scale, quantitative
from lenet.statistics import FAILS, HOLDS, UNDECIDED

LIMIT = 3  # half-widths of a band, where the forest ends
SIDES = ["ours", "2017"]
VERDICT_COLOURS = alt.Scale(domain=[HOLDS, UNDECIDED, FAILS], range=[COLOURS[0], "#767676", COLOURS[1]])
SHADES = alt.Scale(domain=[0, 1], range=["#F4F4F4", "#6BAED6"])
ACROSS = alt.Legend(direction="horizontal", title=None)
DOTS = alt.Legend(direction="horizontal", columns=2, title=None, symbolSize=70)


def _rule(value, text, **place):
    """A dashed horizontal line with its name on it."""
    base = alt.Chart(pd.DataFrame({"at": [value], "text": [text]})).encode(alt.Y("at:Q"))
    words = base.mark_text(align="left", dy=-7, **place).encode(text="text:N", x=alt.value(4))
    return base.mark_rule(strokeDash=[2, 3], strokeWidth=1.5) + words


def percent(field, title, values, ticks=None, form="~%"):
    return quantitative(alt.Y, field, title, log_scale(values), ticks, form)


def lines(frame, x, y, name, dy=0, sides=SIDES):
    """A line and points a name, dashed for the second of `sides`; a click on a curve or its name fades the others."""
    fields = [channel.to_dict()["field"] for channel in (x, y)]
    pick = alt.selection_point(f"pick_{fields[1]}", fields=[name], on="click", clear="dblclick")
    opacity = alt.condition(pick, alt.value(1), alt.value(0.15))
    legend = ACROSS if frame["side"].nunique() > 1 else None
    dash = alt.StrokeDash("side:N", scale=alt.Scale(domain=sides, range=[[1, 0], [6, 4]]), legend=legend)
    base = alt.Chart(frame).encode(x, y, coloured(name), opacity=opacity)
    lines = base.mark_line(strokeWidth=2).encode(dash, detail=["side:N", f"{name}:N"])
    tips = [f"{name}:N", "side:N", *(alt.Tooltip(f"{field}:Q", format=".4~g") for field in fields)]
    points = base.mark_point(size=28).encode(tooltip=tips).add_params(pick)
    return lines + points + end_labels(frame.sort_values("side"), *fields, name, y["scale"], dy)


def _marks(name, names):
    """Colour and shape of a point by its name, in one legend."""
    colours = alt.Scale(domain=names, range=COLOURS[: len(names)])
    shapes = alt.Scale(domain=names, range=["circle", "cross", "diamond"][: len(names)])
    return alt.Color(f"{name}:N", scale=colours, legend=DOTS), alt.Shape(f"{name}:N", scale=shapes, legend=DOTS)


def _wide(chart, height=320):
    room = {"left": 5, "top": 5, "right": 24, "bottom": 5}  # for names at the ends of lines
    return chart.properties(width="container", height=height, padding=room)


def forest(parts):
    """The part on which each verdict hangs: how far inside its band, with interval; 2017 open, ours full.

    `parts` has claim, side, verdict, at, low, high (0 is the edge of the band, 1 its middle), quantity, measured.
    """
    parts = parts.assign(**{end: parts[end].clip(-LIMIT, LIMIT) for end in ("at", "low", "high")})
    scale = alt.Scale(domain=[-LIMIT - 0.1, LIMIT + 0.1], nice=False)
    axis = alt.Axis(format="d", values=[-2, -1, 0, 1, 2])
    x = alt.X("at:Q", title="outside  ←  edge of the band  →  inside", scale=scale, axis=axis)
    y = alt.Y("claim:N", sort=None, title=None, axis=alt.Axis(labelLimit=200, ticks=False, grid=True))
    colour = alt.Color("verdict:N", scale=VERDICT_COLOURS, legend=DOTS)
    base = alt.Chart(parts).encode(y, alt.YOffset("side:N", sort=SIDES[::-1]), colour)
    tips = ["claim:N", "side:N", "verdict:N", "quantity:N", "measured:N"]
    bars = base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"))
    dots = [
        base.transform_filter(alt.datum.side == side).mark_point(size=40, **look).encode(x, tooltip=tips)
        for side, look in (("ours", {"filled": True}), ("2017", {"filled": False, "fill": "white"}))
    ]
    edge = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(strokeWidth=1.5).encode(x="at:Q")
    return _wide(alt.layer(edge, bars, *dots), 19 * parts["claim"].nunique())


def left_to_gain(means, enough):
    """What a curve has still to lose, relative to its last error: columns rate, side, epoch, gain; `enough` a line."""
    means = means[means["gain"] > 0]
    x = quantitative(alt.X, "epoch", "Epoch (logarithmic)", log_scale(means["epoch"]), form="d")
    y = percent("gain", "Error above that of the last epoch (logarithmic)", [*means["gain"], enough / 2])
    return _wide(_rule(enough, f"{enough:.0%}") + lines(means, x, y, "rate"), 360)


def rate_times_epochs(means):
    """Error by the product of rate and epochs: columns rate, side, product, validation_error."""
    ticks = [10.0**k for k in range(-6, 5) if means["product"].min() <= 10.0**k <= means["product"].max()]
    x = quantitative(alt.X, "product", "Learning rate × epochs (logarithmic)", log_scale(means["product"]), ticks, "~g")
    y = percent("validation_error", "Validation error (logarithmic)", means["validation_error"])
    return _wide(lines(means, x, y, "rate", -12), 400)


def _share_axis(values, title, least=0.0):
    """A linear axis in percent around `values`, and down to `least`."""
    scale = alt.Scale(domain=[min(least, *values), max(values) * 1.05], nice=False)
    return {"title": title, "scale": scale, "axis": alt.Axis(format="~%")}


def straightness(runs, bent):
    """A run's distance from its own straight line: columns series, run, epoch, deviation (share of the fall).

    `series` is one of three: "a run of ours", "mean of ours", "2017"; up to `bent` a run counts as straight.
    """
    y = _share_axis([*runs["deviation"], bent, -bent], "Distance from own line (share of fall)")
    x = alt.X("epoch:Q", title="Epoch", axis=alt.Axis(format="d", tickMinStep=1), scale=alt.Scale(nice=False))
    shades = {"a run of ours": COLOURS[5], "mean of ours": COLOURS[0], "2017": COLOURS[1]}
    shades = alt.Scale(domain=list(shades), range=list(shades.values()))
    band = alt.Chart(pd.DataFrame({"low": [-bent], "high": [bent]})).mark_rect(opacity=0.12, color=INK)
    layers = [band.encode(alt.Y("low:Q"), alt.Y2("high:Q"))]
    tips = ["run:N", "epoch:Q", alt.Tooltip("deviation:Q", format=".1%")]
    looks = {"a run of ours": (1, [1, 0]), "mean of ours": (3, [1, 0]), "2017": (2, [6, 4])}
    for series, (width, dash) in looks.items():
        look = {"strokeWidth": width, "strokeDash": dash, "opacity": 0.5 if width == 1 else 1}
        base = alt.Chart(runs[runs["series"] == series]).mark_line(**look)
        colour = alt.Color("series:N", scale=shades, legend=None)
        layers.append(base.encode(x, alt.Y("deviation:Q", **y), colour, alt.Detail("run:N"), tooltip=tips))
    names = end_labels(runs.drop_duplicates("series", keep="last"), "epoch", "deviation", "series", y["scale"])
    return _wide(alt.layer(*layers, names))


def stopping(losses, small):
    """Error lost by stopping at an epoch, with interval: columns epoch, side, loss, low, high; `small` a line."""
    x = alt.X("epoch:O", title="Epoch of the stop", axis=alt.Axis(labelAngle=0))
    y = alt.Y("loss:Q", title="Error above that of the last epoch", axis=alt.Axis(format="~%"))
    base = alt.Chart(losses).encode(x, alt.XOffset("side:N", sort=SIDES))
    colour, shape = _marks("side", SIDES)
    bars = base.mark_rule(strokeWidth=2).encode(alt.Y("low:Q"), alt.Y2("high:Q"), colour)
    tips = ["side:N", "epoch:O", *(alt.Tooltip(f"{name}:Q", format=".2%") for name in ("loss", "low", "high"))]
    dots = base.mark_point(size=55).encode(y, colour, shape, tooltip=tips)
    return _wide(_rule(small, f"{small:.2%}") + bars + dots, 300)


def overshoot(runs):
    """Each run's largest rise within an epoch, by rate; failed runs as crosses on a shelf with their count.

    Columns lr, seed, rise (a fraction), failed ("" or how), lowest (what a rise of nothing is drawn as).
    """
    runs = runs.assign(rate=runs["lr"].map("{:g}".format), rise=runs["rise"].clip(lower=runs["lowest"]))
    shelf = max([*runs.loc[runs["failed"] == "", "rise"], 0.1]) * 3
    runs = runs.assign(rise=runs["rise"].where(runs["failed"] == "", shelf), way=runs["failed"].replace("", "learnt"))
    x = alt.X("rate:O", title="Learning rate", sort=None, axis=alt.Axis(labelAngle=0))
    y = percent("rise", "Largest rise within one epoch (logarithmic)", runs["rise"], None, "~%")
    offset = alt.XOffset("seed:O")
    ways = ["learnt", *sorted(set(runs["way"]) - {"learnt"})]
    colour, shape = _marks("way", ways)
    tips = ["rate:O", "seed:O", "way:N", alt.Tooltip("rise:Q", format=".2%")]
    dots = alt.Chart(runs.sort_values("lr")).mark_point(size=60).encode(x, y, offset, shape, colour, tooltip=tips)
    lost = runs[runs["failed"] != ""].groupby("rate").size()
    counts = [(rate, shelf, f"{n} of {(runs['rate'] == rate).sum()} failed") for rate, n in lost.items()]
    counts = alt.Chart(pd.DataFrame(counts, columns=["rate", "rise", "text"]))
    words = counts.mark_text(dy=18).encode(x, y, text="text:N")
    return _wide(dots + words)


def shares(frame, half):
    """The convolutions' share by filters, from `series.conv_shares`; `half` is drawn as a line."""
    filters = sorted(frame["filters"].unique().tolist())
    x = quantitative(alt.X, "filters", "Filters", log_scale(filters, 2), filters)
    y = alt.Y("share:Q", **_share_axis([*frame["share"], 0.95], "Share of the convolutions"))
    return _wide(_rule(half, f"{half:.0%}") + lines(frame, x, y, "quantity", sides=frame["side"].unique().tolist()))


def memory(frame, card):
    """Memory of a pass by filters: columns series, filters, gib, side; `card` (GiB) is drawn as a line."""
    filters = sorted(frame["filters"].unique().tolist())
    x = quantitative(alt.X, "filters", "Filters", log_scale(filters, 2), filters)
    y = quantitative(alt.Y, "gib", "Memory (GiB, logarithmic)", log_scale([*frame["gib"], card]), form="~g")
    return _wide(_rule(card, f"{card:g} GiB") + lines(frame, x, y, "series"))


def against_line(times):
    """Time by parameters on two linear axes beside the straight line through it: source, parameters, seconds, line."""
    x = alt.X("parameters:Q", title="Parameters (linear)", axis=alt.Axis(format="~s"))
    y = alt.Y("seconds:Q", title="Runtime (s, linear)")
    tips = ["source:N", "filters:Q", "parameters:Q", alt.Tooltip("seconds:Q", format=".4~g")]
    base = alt.Chart(times).encode(x)
    colour, shape = _marks("source", sorted(set(times["source"])))
    dots = base.mark_point(size=70).encode(y, colour, shape, tooltip=tips)
    names = base.mark_text(align="left", dx=8, dy=9).encode(y, text="name:N")
    return _wide(base.mark_line(strokeWidth=1.5).encode(alt.Y("line:Q"), colour) + dots + names, 300)


def time_parts(parts):
    """What a runtime is made of: columns bar (a label), part, share (0-1); a bar is one job."""
    share = alt.X("sum(share):Q", title="Share", axis=alt.Axis(format="~%"), scale=alt.Scale(domain=[0, 1]))
    scale = alt.Scale(domain=list(parts["part"].drop_duplicates()), range=["#0072B2", "#E69F00", "#999999"])
    base = alt.Chart(parts).encode(alt.Y("bar:N", sort=None, title=None), order="rank:Q")
    tips = ["bar:N", "part:N", alt.Tooltip("share:Q", format=".1%")]
    bars = base.mark_bar().encode(share, alt.Color("part:N", scale=scale, legend=DOTS), tooltip=tips)
    return _wide(bars, 26 * parts["bar"].nunique())


def cells(frame, x, y):
    """A grid with a word in each cell: columns x, y, word, shade (0-1, missing for none)."""
    words = {"labelAngle": 0, "ticks": False, "labelExpr": "split(datum.label, ' ')"}
    columns = alt.X("x:N", sort=None, title=x or None, axis=alt.Axis(**words))
    base = alt.Chart(frame).encode(columns, alt.Y("y:N", sort=None, title=y or None, axis=alt.Axis(ticks=False)))
    shades = alt.Color("shade:Q", legend=None, scale=SHADES)
    known = base.transform_filter("isValid(datum.shade)")
    shaded = known.mark_rect(stroke="white").encode(shades, tooltip=["y:N", "x:N", "word:N"])
    on_shade = known.mark_text(color="black", lineBreak="\n").encode(text="word:N")
    plain = base.transform_filter("!isValid(datum.shade)").mark_text().encode(text="word:N")
    return _wide(shaded + on_shade + plain, 46 * frame["y"].nunique())


def roofline(points, peak_gflops, copy_gbytes):
    """Achieved rate by arithmetic intensity under what the machine allows: its matrix products and memory copies.

    `points` has peer, filters, intensity (FLOP/byte), gflops, seconds; peers with more points come first.
    """
    many = points.groupby("peer")["filters"].transform("nunique")
    points = points.assign(many=-many, seen=points["filters"].map("{} filters".format))
    points = points.sort_values(["many", "peer", "filters"], kind="stable").assign(wide=lambda f: f["intensity"] * 1.9)
    ridge = peak_gflops / copy_gbytes
    ends = [min(ridge, points["intensity"].min()) * 0.8, ridge, points["wide"].max()]
    roof = pd.DataFrame({"intensity": ends, "gflops": [min(peak_gflops, copy_gbytes * end) for end in ends]})
    roof["text"] = ["", f"matrix products {peak_gflops:.0f} GFLOP/s, copies {copy_gbytes:.0f} GB/s", ""]
    x = quantitative(alt.X, "intensity", "Arithmetic intensity (FLOP/byte, logarithmic)", log_scale(ends), form="~g")
    rates = log_scale([points["gflops"].min() * 0.8, points["gflops"].max(), peak_gflops * 1.2])
    y = quantitative(alt.Y, "gflops", "GFLOP/s (logarithmic)", rates)
    above = alt.Chart(roof).encode(x, y)
    words = above.mark_text(align="left", dy=-8).encode(text="text:N")
    sizes = alt.Chart(points.drop_duplicates("seen")).mark_text().encode(x, alt.YValue(370), text="seen:N")
    tips = (alt.Tooltip(f"{name}:Q", format=".3~g") for name in ("gflops", "intensity", "seconds"))
    tips = ["peer:N", "seen:N", *tips]
    base = alt.Chart(points).encode(x, y, coloured("peer"))
    lines = base.mark_line(strokeWidth=2) + base.mark_point(size=40).encode(tooltip=tips)
    names = end_labels(points, "intensity", "gflops", "peer", y["scale"])
    return _wide(above.mark_line(color=INK, strokeDash=[2, 3], strokeWidth=1.5) + words + sizes + lines + names, 380)
