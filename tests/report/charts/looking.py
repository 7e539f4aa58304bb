"""What a chart shows: its texts, its rows, its picture."""

import re

import vl_convert

from lenet.report.charts import style


def svg(chart, width=style.WIDTH, **values):
    """The chart drawn for paper, with parameters at these values."""
    spec = style.static(chart.to_dict(), width)
    for parameter in spec.get("params", []):
        parameter["value"] = values.get(parameter["name"], parameter["value"])
    drawn = vl_convert.vegalite_to_svg(spec)
    assert not re.search("NaN|undefined|Infinity|currentColor|https?://(?!www.w3)", drawn)
    return drawn


def texts(chart, **values):
    """What is written in the chart, line by line."""
    return re.findall(r"<t(?:ext|span)[^>]*>([^<]+)</t", svg(chart, **values))


def title(chart):
    """The title, in one line."""
    return " ".join(chart.to_dict()["title"]["text"])


def rows(chart, **wanted):
    """The rows that the chart draws and that have these values."""
    found = []
    for data in chart.to_dict()["datasets"].values():
        found += [row for row in data if wanted.items() <= row.items()]
    return found
