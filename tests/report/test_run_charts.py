"""The charts and sentences that end a run's notebook."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
import vl_convert
from PIL import Image

from lenet import hand_in_2017
from lenet.report import sentences_of_runs
from lenet.report.charts import images, run, style

ERRORS = [0.9, 0.5, 0.2, 0.1]


def curves(seeds=2, failed=""):
    """Curves of made-up networks, the last of them perhaps failed from epoch 2 on."""
    rows = []
    for seed in range(seeds):
        for epoch, error in enumerate(ERRORS):
            rows.append((100 + seed, epoch, error, ""))
    frame = pd.DataFrame(rows, columns=["seed", "epoch", "validation_error", "failed"])
    last = frame["seed"] == 99 + seeds
    frame.loc[last & (frame["epoch"] > 1) & bool(failed), "validation_error"] = np.nan
    frame.loc[last, "failed"] = failed
    return frame


def record(**given):
    """The part of a timing record that charts and sentences read."""
    return {
        "dataset": "digits",
        "filters": 16,
        "epoch_seconds": [1.0, 1.5, 1.1],
        "training_evaluation_seconds": [0.5],
        "validation_seconds": [0.1, 0.2, 0.1],
        "gflops": 50.0,
        "peak_gflops": 200.0,
        **given,
    }


def texts(chart):
    """What is written in a chart."""
    svg = vl_convert.vegalite_to_svg(style.static(chart.to_dict()))
    assert "NaN" not in svg
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_seed_curves_name_each_network_and_the_data():
    written = texts(run.seed_curves(curves(), "digits"))
    assert {"seed 100", "seed 101", "Data: digits", "Epoch", "50%"} <= set(written)
    assert "2017" not in written


def test_the_points_have_the_zoom_and_the_lines_the_legend():
    spec = run.seed_curves(curves(), "digits").to_dict()
    chosen = {each["name"]: each for each in spec["params"]}
    assert chosen["zoom"]["select"]["zoom"] == "wheel![event.ctrlKey]"
    assert (chosen["zoom"]["bind"], chosen["picked"]["bind"]) == ("scales", "legend")
    [layers] = [plot["layer"] for plot in spec["concat"]]
    marks = {layer["name"]: layer["mark"] for layer in layers}
    assert [marks[view]["type"] for view in chosen["zoom"]["views"]] == ["point"]
    assert [marks[view]["type"] for view in chosen["picked"]["views"]] == ["line"]
    # JupyterLab's Vega-Lite 5.6 makes two layers of a line with points.
    assert not any(mark.get("point") for mark in marks.values())


def test_a_click_on_the_legend_is_heard():
    drawn = vl_convert.vegalite_to_vega(run.seed_curves(curves(), "digits").to_dict())
    [legend] = drawn["legends"]
    assert legend["encode"]["labels"]["interactive"] is True


@pytest.fixture
def drawn_before(monkeypatch):
    """A curve that was drawn at a learning rate of 0.1, made up."""
    curve = pd.DataFrame({"lr": 0.1, "epoch": [1, 2, 3], "validation_error": [0.4, 0.2, 0.1]})
    monkeypatch.setattr(hand_in_2017, "learning_curves", lambda: curve)


def test_the_curve_of_2017_is_dashed_beside_ours(drawn_before):
    past = run.curve_of_2017({**hand_in_2017.SETTING, "lr": 0.1}, "mnist")
    chart = run.seed_curves(curves(), "mnist", past)
    assert "2017" in texts(chart)
    assert 'stroke-dasharray="6,4"' in vl_convert.vegalite_to_svg(style.static(chart.to_dict()))


@pytest.mark.parametrize(
    ("other", "dataset"),
    [({}, "digits"), ({"lr": 0.02}, "mnist"), ({"head": "relu"}, "mnist")],
)
def test_2017_has_no_curve_of_other_settings_or_data(other, dataset):
    settings = {**hand_in_2017.SETTING, "lr": 0.1, "epochs": 3, **other}
    assert run.curve_of_2017(settings, dataset) is None


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 7, 15, 60])
def test_epochs_are_whole_and_named_once(epochs):
    errors = np.linspace(0.9, 0.01, epochs + 1)
    curve = pd.DataFrame({"seed": 1, "epoch": range(epochs + 1), "validation_error": errors})
    written = texts(run.seed_curves(curve, "digits"))
    named = [int(text) for text in written[: written.index("Epoch")]]
    assert named == sorted(set(named))
    assert set(named) <= set(range(epochs + 1))


class Shown:
    """What a notebook would be told to display, in turn."""

    def __init__(self):
        self.specs = []

    def display(self, data, **_):
        assert self.specs == []
        self.update(data)

    def update(self, data, **_):
        [spec] = data.values()
        self.specs.append(spec)


@pytest.fixture
def live(drawn_before):
    """A live chart of two networks in 2017's setting, and what it shows."""
    study = {**hand_in_2017.SETTING, "lr": 0.1, "epochs": 3, "seeds": 2, "first_seed": 100}
    chart = run.Live(study, "mnist")
    chart.shown = Shown()
    return chart


def test_a_live_chart_is_drawn_at_once_and_at_the_end_of_each_network(live):
    for _, curve in curves().groupby("seed"):
        for epoch in range(len(curve)):
            live(curve.head(epoch + 1), False)
        live(curve, True)
    counts = []
    for spec in live.shown.specs:
        rows = spec["datasets"]["lines"]
        counts.append(sum(row["whose"] == "ours" for row in rows))
    assert counts == [1, 4, 8]
    svg = vl_convert.vegalite_to_svg(style.static(live.shown.specs[-1]))
    assert {"seed 100", "seed 101", "2017", "Data: mnist"} <= set(
        re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    )
    assert 'stroke-dasharray="6,4"' in svg


def test_a_live_chart_grows_after_a_pause(live, monkeypatch):
    monkeypatch.setattr(run, "PAUSE_SECONDS", -1)
    curve = curves(1)
    live(curve.head(2), False)
    live(curve.head(3), False)
    assert len(live.shown.specs) == 2


def test_a_live_chart_of_a_failed_network_has_no_missing_numbers(live):
    live(curves(2, "one digit").tail(4), True)
    rows = live.shown.specs[0]["datasets"]["lines"]
    assert [row["epoch"] for row in rows if row["whose"] == "ours"] == [0, 1]


def test_awkward_curves_are_drawn():
    assert "seed 101" in texts(run.seed_curves(curves(failed="not finite"), "digits"))
    perfect = curves().replace(0.1, 0.0)
    assert "seed 100" in texts(run.seed_curves(perfect, "digits"))
    never_two_digits = curves().assign(validation_error=np.nan)
    assert vl_convert.vegalite_to_svg(run.seed_curves(never_two_digits, "digits").to_dict())
    untrained = curves().query("epoch == 0")
    assert "seed 100" in texts(run.seed_curves(untrained, "digits"))


def test_every_sample_of_a_timing_is_a_point():
    chart = run.epoch_times(record())
    assert {*run.PARTS.values(), "Data: digits"} <= set(texts(chart))
    [rows] = chart.to_dict()["datasets"].values()
    assert sorted(row["seconds"] for row in rows) == [0.1, 0.1, 0.2, 0.5, 1.0, 1.1, 1.5]


def test_confusions_are_counted_by_digit_and_answer():
    counts = pd.DataFrame([[5, 1], [0, 7]], columns=["0", "1"])
    written = texts(images.confusion(counts, "digits"))
    assert {"Digit", "Answer", "5", "7"} <= set(written)
    assert written.count("1") == 3  # two axes and one confusion


def test_a_picture_keeps_its_pixels():
    image = np.array([[0, 255], [100, 0]], np.uint8)
    content = base64.b64decode(images.picture(image).partition(",")[2])
    drawn = np.asarray(Image.open(io.BytesIO(content)))
    assert drawn[::42, ::42].tolist() == [[255, 0], [155, 255]]


def test_digits_stand_under_their_titles():
    written = texts(images.digit_grid(np.zeros((3, 28, 28), np.uint8), ["a", "b", 3]))
    assert written == ["a", "b", "3"]
    assert texts(images.digit_grid(np.zeros((0, 28, 28), np.uint8), [])) == []
    with pytest.raises(ValueError, match="same length"):
        images.digit_grid(np.zeros((2, 28, 28), np.uint8), ["a"])


def test_each_filter_is_drawn_by_its_own_weights():
    kernels = np.arange(9 * 3, dtype=float).reshape(3, 3, 1, 3)
    chart = images.filter_grid(kernels)
    [rows] = chart.to_dict()["datasets"].values()
    for row in rows:
        assert row["weight"] == kernels[row["row"], row["column"], 0, row["filter"]]
    assert "Weight" in texts(chart)


def test_a_cell_shows_a_live_chart_and_a_picture():
    data, _ = run.epoch_times(record())._repr_mimebundle_(None, None)
    assert set(data) == {"application/vnd.vegalite.v5+json", "image/png"}


def test_one_network_in_a_sentence():
    learnt = sentences_of_runs.one_network(curves(1), "", 0.25)
    assert learnt == (
        "The network learnt: after epoch 3 its error is 10.00% (validation) and 25.00% (test)."
    )
    lost = sentences_of_runs.one_network(curves(1, "not finite"), "not finite from step 7", None)
    assert "diverged (not finite from step 7)" in lost


def test_networks_in_a_sentence():
    learnt = sentences_of_runs.networks(curves(3, "one digit"))
    assert learnt == (
        "Networks that learnt: 2 of 3; after epoch 3 their mean validation error is 10.00%."
    )
    lost = sentences_of_runs.networks(curves(1, "one digit"))
    assert lost == "Networks that learnt: 0 of 1."


def test_a_timing_in_a_sentence():
    said = sentences_of_runs.timing(record())
    assert said == (
        "A training epoch of 16 filters takes 1.10 s, at 25% of the rate of large matrix products."
    )


def test_a_divergence_in_a_sentence():
    probes = pd.DataFrame({"failed": ["", "not finite", "one digit"], "steps": 40})
    said = sentences_of_runs.divergence(probes)
    assert said == "2 of 3 networks failed within 40 steps."


def test_memory_in_a_sentence():
    measured = {"batched_bytes": 2e6, "whole_set_bytes": 3e9}
    said = sentences_of_runs.memory(measured)
    added = "In batches the evaluation adds 2 MB to what is in use"
    assert said == f"{added}, with all images at once 3000 MB."
    limited = sentences_of_runs.memory({**measured, "whole_set_bytes": None})
    assert limited.endswith("all images at once would take more than this process may have.")
