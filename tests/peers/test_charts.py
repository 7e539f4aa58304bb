"""The charts of the records."""

import copy
import re

import pytest
import vl_convert

from lenet.network import layers
from lenet.report.charts import style
from peers import charts


def texts(chart):
    """What is written in a chart."""
    svg = vl_convert.vegalite_to_svg(style.static(chart.to_dict()))
    assert "NaN" not in svg
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_intensity_by_hand():
    moved = 4 * 4 * (784 * 16 + 196 * 16 + 128 + 10) + 24 * 104_250 / 64
    assert layers.parameters(16) == 104_250
    work = 2 * (5292 * 256 + 32_928 * 16 + 3840)
    assert charts.intensity(16) == pytest.approx(work / moved)


def test_the_roof_has_its_corner_where_copies_and_products_meet(record):
    points = charts.roofline_points(record)
    found = charts.roof(record, points)
    assert found["intensity"][1] == 10
    assert found["gflops"].tolist() == pytest.approx([20 * found["intensity"][0], 200, 200])


def test_the_roofline_names_the_roof_every_peer_and_every_machine(record):
    written = texts(charts.roofline({"one": record, "other": record}))
    for text in (
        "one",
        "other",
        "ours",
        "keras",
        "8",
        "16",
        "copies 20 GB/s, products 200 GFLOP/s",
    ):
        assert text in written


def test_only_peers_of_several_sizes_make_a_line(record):
    single = {**record["samples"][-1], "peer": "torch", "pair": "torch"}
    beside = {**single, "peer": "ours"}
    record["samples"] += [single, beside]
    assert set(charts.roofline_points(record)["name"]) == {"ours", "keras"}


def test_times_against_ours_name_the_ways_and_the_machines(record):
    other = copy.deepcopy(record)
    written = texts(charts.against_ours({"one": record, "other": other}))
    assert {"Keras fit", "one", "other"} <= set(written)
    assert "ours" not in written
