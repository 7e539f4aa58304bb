import base64
import json
import re
import zlib

import numpy as np
import pandas as pd
import pytest
import vl_convert

from lenet import curves, figures

RATES = (0.1, 0.01)


def runs(seeds=3, epochs=4, errors=(0.9, 0.5, 0.2, 0.1)):
    rows = [(lr, 100 + s, e, errors[e] * (1 + s / 10)) for lr in RATES for s in range(seeds) for e in range(epochs)]
    return pd.DataFrame(rows, columns=["lr", "seed", "epoch", "validation_error"])


def reference():
    frame = runs(seeds=1).drop(columns="seed").rename(columns={"lr": "learning_rate"})
    return frame[frame["epoch"] > 0]


def times():
    rows = [(s, d, f, 100 * f, f / 4) for s in figures.ORIGINS for d in ("CPU", "GPU") for f in (8, 16, 32)]
    frame = pd.DataFrame(rows, columns=["source", "device", "filters", "parameters", "seconds"])
    known = frame["source"] != "2017"
    return frame.assign(low=(frame["seconds"] * 0.9).where(known), high=(frame["seconds"] * 1.1).where(known))


def layers():
    return pd.DataFrame(
        [(f, n, p * f) for f in (8, 16) for n, p in (("a", 10), ("b", 9))], columns=["filters", "layer", "parameters"]
    )


def drawn(chart):
    return re.sub(r"gradient_\d+", "gradient", vl_convert.vegalite_to_svg(figures.static(chart.to_dict())))


CHARTS = {
    "learning_curves": lambda: curves.learning_curves(runs(), reference()),
    "seed_curves": lambda: figures.seed_curves(runs()[lambda f: f["lr"] == 0.1]),
    "runtime": lambda: figures.runtime(times()),
    "parameters_by_layer": lambda: figures.parameters_by_layer(layers()),
    "confusion": lambda: figures.confusion(np.array([[5, 1], [0, 7]])),
    "digit_grid": lambda: figures.digit_grid(np.zeros((3, 28, 28)), ["a", "b", "c"]),
    "filter_grid": lambda: figures.filter_grid(np.linspace(-1, 1, 9 * 16).reshape(3, 3, 1, 16)),
    "epoch_times": lambda: figures.epoch_times({"epoch_seconds": [1.0, 1.5]}),
}
TEXTS = {
    "learning_curves": ["rate 0.1", "rate 0.01", "mean of 3 runs, 95% interval", "2017, one run", "Epoch", "100%"],
    "seed_curves": ["seed 100", "seed 102"],
    "runtime": ["CPU, ours", "GPU, 2017", "Filters", "Parameters", "8", "32"],
    "parameters_by_layer": ["a", "b", "Filters"],
    "confusion": ["Digit", "Answer", "7", "1"],
    "digit_grid": ["a", "c"],
    "filter_grid": ["Weight"],
    "epoch_times": ["Seconds for a training epoch"],
}


def test_mean_interval_by_hand():
    frame = pd.DataFrame({"lr": [1, 1, 1, 2, 2], "e": [1.0, 2.0, 3.0, 4.0, np.nan]})
    table = figures.mean_interval(frame, ["lr"], "e")
    assert table["mean"].tolist() == [2, 4]
    assert table["n"].tolist() == [3, 1]
    assert table["high"][0] - 2 == pytest.approx(4.302653 / np.sqrt(3))
    assert 2 - table["low"][0] == pytest.approx(4.302653 / np.sqrt(3))
    assert table[["low", "high"]].loc[1].isna().all()


def test_ticks_by_hand():
    assert figures._ticks(0.015, 60) == [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]


def test_labels_keep_their_order_and_their_distance():
    at = np.array([0.5, 0.0, 0.01, 0.02])
    spread = figures._spread(at, 0.1)
    assert spread.tolist() == pytest.approx([0.5, 0.0, 0.1, 0.2])
    assert (np.diff(np.sort(spread)) >= 0.1 - 1e-12).all()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_says_what_it_must(name):
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn(CHARTS[name]()))
    assert [text for text in TEXTS[name] if text not in texts] == []


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_for_paper_is_black_on_white_and_of_known_width(name):
    text = json.dumps(figures.static(CHARTS[name]().to_dict()))
    assert not any(word in text for word in ("currentColor", "transparent", "container"))


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_the_same_each_time(name):
    assert drawn(CHARTS[name]()) == drawn(CHARTS[name]())


def test_a_chart_shown_by_a_cell_needs_no_network():
    data = figures.epoch_times({"epoch_seconds": [1.0]})._repr_mimebundle_(None, None)
    assert set(data) == {"image/svg+xml", "image/png"}
    assert not re.search("(href|src)=.http", data["image/svg+xml"])


@pytest.mark.parametrize("spoil", ["failed run", "no error left", "one seed", "no reference"])
def test_curves_of_awkward_runs(spoil):
    frame, past = runs(), reference()
    if spoil == "failed run":
        frame.loc[(frame["seed"] == 100) & (frame["epoch"] > 1), "validation_error"] = np.nan
    elif spoil == "no error left":
        frame.loc[frame["epoch"] == 3, "validation_error"] = 0.0
    elif spoil == "one seed":
        frame = runs(seeds=1)
    elif spoil == "no reference":
        past = None
    svg = drawn(curves.learning_curves(frame, past))
    assert "NaN" not in svg
    assert "Infinity" not in svg
    assert ("2017" in svg) == (spoil != "no reference")
    assert ("2-3 runs" in svg) == (spoil == "failed run")


def test_thousands_of_rows_are_drawn():
    frame = runs(seeds=700)
    assert len(frame) > 5000
    assert "mean of 700 runs" in drawn(curves.learning_curves(frame))


def test_only_timings_with_an_interval_carry_one():
    spec = figures.runtime(times()).to_dict()
    bars = [layer for layer in spec["concat"][0]["layer"] if layer["mark"]["type"] == "rule"]
    sources = [row["source"] for row in spec["datasets"][bars[0]["data"]["name"]]]
    assert sources == ["ours"] * 6


def test_a_picture_keeps_its_pixels():
    image = np.array([[0.0, 1.0], [0.5, 0.0]])
    content = base64.b64decode(figures._png(image, scale=1).split(",")[1])
    start = content.index(b"IDAT")
    size = int.from_bytes(content[start - 4 : start])
    assert list(zlib.decompress(content[start + 4 : start + 4 + size])) == [0, 255, 0, 0, 127, 255]


def test_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="source: .*2018"):
        figures.runtime(times().assign(source="2018"))
    with pytest.raises(ValueError, match="titles: 1 for 2 images"):
        figures.digit_grid(np.zeros((2, 8, 8)), ["a"])
    with pytest.raises(ValueError, match="logarithmic axis"):
        figures.runtime(times().assign(seconds=np.nan, low=np.nan, high=np.nan))


def test_runs_that_all_failed_at_once_are_drawn_empty():
    failed = runs().assign(validation_error=np.nan)
    assert "Epoch" in drawn(figures.seed_curves(failed))
    assert "rate 0.1" in drawn(curves.learning_curves(failed, reference()))


def test_a_narrow_logarithmic_axis_still_has_numbers():
    svg = drawn(figures.runtime(times().assign(seconds=3.0, low=2.9, high=3.1)))
    axis = re.search(r'aria-label="Y-axis[^"]*"', svg)[0]
    assert re.search(r"values from [\d.]+ to [\d.]+", axis)
    assert re.findall(r"<text[^>]*>(3(?:\.0)?)</text>", svg)
