"""The charts of the claims, drawn from made-up finished runs of the whole study."""

import math
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import vl_convert

from lenet import claims, curves, figures, params, plots, scraps, series, tables, wording

TOY = runpy.run_path(str(Path(__file__).parent / "toy_runs.py"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, runs = tmp_path_factory.mktemp("runs"), params.plan()
    TOY["build"](folder, runs)
    return scraps.read_all(folder, runs)


@pytest.fixture(scope="module")
def charts(finished):
    """Every chart of the report, by name."""
    evidence, past = tables.evidence(finished), claims.reference()
    runs, then = tables.faithful(evidence.curves), tables.reference("learning_rate_error")
    studied = runs[runs["lr"].isin((0.1, 0.01, 0.001, 0.0001))]
    means, early = series.mean_curves(studied, then), studied[studied["epoch"] <= 15]
    slow, line = runs[runs["lr"] == 0.0001], then[then["learning_rate"] == 0.0001]
    jobs = tables.runtimes(evidence.times, tables.reference("filter_runtime"))
    return {
        "forest": plots.forest(wording.forest(claims.verdicts(evidence, past))),
        "small_multiples": curves.small_multiples(
            early, series.one_more_run(early), then.rename(columns={"learning_rate": "lr"})
        ),
        "fits": curves.fits(series.fits(studied)),
        "left_to_gain": plots.left_to_gain(series.gains(means, 15), 0.1),
        "rate_times_epochs": plots.rate_times_epochs(means),
        "straightness": plots.straightness(series.deviations(slow, line, 15), 0.05),
        "stopping": plots.stopping(series.losses(evidence, past, 0.1), 0.0025),
        "overshoot": plots.overshoot(series.rises(runs, 10_000)),
        "shares": plots.shares(series.conv_shares(), 0.5),
        "memory": plots.memory(series.memory_passes(evidence.memory, 50_000), 3),
        "against_line": plots.against_line(series.gpu_lines(jobs)),
        "time_parts": plots.time_parts(series.time_parts(evidence.times)),
        "divergence": plots.cells(series.failures(evidence.probes), "Initial values", ""),
        "robustness": plots.cells(series.robustness(evidence), "", ""),
    }


TEXTS = {
    "forest": ["holds", "does not hold", "7  then constant", "0"],
    "small_multiples": ["Rate 0.1, 5 runs", "Rate 0.0001, 15 runs", "Validation error (logarithmic)", "2%"],
    "fits": ["0.1", "0.0001", "Training loss (logarithmic)", "Validation error (logarithmic)"],
    "left_to_gain": ["rate 0.1", "rate 0.0001", "10%", "2017", "Epoch (logarithmic)"],
    "rate_times_epochs": ["rate 0.001", "0.01", "ours", "2017"],
    "straightness": ["mean of ours", "a run of ours", "2017"],
    "stopping": ["0.25%", "ours", "2017", "14"],
    "overshoot": ["5 of 5 failed", "one digit", "learnt", "0.3"],
    "shares": ["training work", "parameters", "2017's count", "true count", "50%"],
    "memory": ["3 GiB", "all at once", "first output", "in batches"],
    "against_line": ["256 filters", "2017"],
    "time_parts": ["training", "evaluation", "set-up", "2017 (FLOPs), 16", "CPU time, 16"],
    "divergence": ["8 of 10", "128 filters", "0 of 10", "activation", "ReLU"],
    "robustness": ["as in 2017", "batches of 128", "No.\u00a07", "holds"],
}


def drawn(chart):
    return vl_convert.vegalite_to_svg(figures.static(chart.to_dict()))


@pytest.mark.parametrize("name", TEXTS)
def test_a_chart_says_what_it_must(charts, name):
    svg = drawn(charts[name])
    texts = re.findall(r"<t(?:ext|span)[^>]*>([^<]+)</t", svg)
    assert [text for text in TEXTS[name] if text not in texts] == []
    assert "NaN" not in re.sub(r'aria-label="[^"]*"', "", svg)
    assert not any(word in svg for word in ("currentColor", "Infinity", "undefined"))


def test_every_chart_is_tested(charts):
    assert charts.keys() == TEXTS.keys()


def test_the_forest_keeps_what_lies_far_on_its_edge():
    row = {"claim": "1  x", "side": "ours", "verdict": "holds", "quantity": "q", "measured": "9 [8, 10]"}
    chart = plots.forest(pd.DataFrame([row | {"at": np.inf, "low": -20.0, "high": np.inf}]))
    [data] = [rows for rows in chart.to_dict()["datasets"].values() if "claim" in rows[0]]
    assert (data[0]["low"], data[0]["at"], data[0]["high"]) == (-plots.LIMIT, plots.LIMIT, plots.LIMIT)


def test_gains_by_hand():
    means = pd.DataFrame({"lr": 0.1, "side": "ours", "epoch": [1, 2, 3], "validation_error": [0.4, 0.3, 0.2]})
    assert series.gains(means, 3)["gain"].tolist() == pytest.approx([1, 0.5])


def test_where_one_more_run_would_lie_by_hand():
    runs = pd.DataFrame({"lr": 0.1, "epoch": [0, 0, 1, 1], "validation_error": [0.9, 0.9, 0.1, 0.4]})
    found = series.one_more_run(runs).iloc[0]
    half = 12.706205 * (math.log(4) / math.sqrt(2)) * math.sqrt(1.5)  # t of one degree of freedom, s, sqrt(1 + 1/n)
    assert (found["epoch"], found["n"], found["validation_error"]) == (1, 2, 0.25)
    assert found["next_low"] == pytest.approx(0.2 * math.exp(-half), rel=1e-6)
    assert found["next_high"] == 1


def test_one_run_alone_promises_nothing_and_is_drawn():
    runs = pd.DataFrame({"lr": 0.1, "seed": 1, "epoch": [1, 2], "validation_error": [0.2, 0.0]})
    found = series.one_more_run(runs)
    assert found[["low", "high", "next_low", "next_high"]].isna().all(axis=None)
    assert "Rate 0.1, 1 runs" in drawn(curves.small_multiples(runs, found, runs.iloc[:0]))


def test_fits_take_the_longest_runs_alone():
    runs = pd.DataFrame({"lr": 0.1, "epochs": [2, 2, 2, 1], "epoch": [0, 1, 2, 1]})
    means = series.fits(runs.assign(train_loss=[np.nan, 0.4, 0.1, 9], validation_error=[0.9, 0.4, 0.2, 0.9]))
    assert means["train_loss"].tolist() == [0.4, 0.1]
    assert series.change(means, 0.1, "train_loss", (1, 1), (2, 2)) == pytest.approx(-0.75)


def test_a_straight_run_strays_nowhere_and_a_bent_one_does():
    epochs = np.arange(1, 16)
    frames = [
        pd.DataFrame({"seed": seed, "epoch": epochs, "validation_error": error, "failed": ""})
        for seed, error in ((100, 0.9 - 0.02 * epochs), (101, 0.9 / epochs))
    ]
    found = series.deviations(pd.concat(frames), pd.DataFrame(), 15).set_index("run")["deviation"].abs()
    assert found["seed 100"].max() < 1e-12
    assert found["seed 101"].max() > 0.1
    assert series.deviations(frames[0].head(2), pd.DataFrame(), 15).empty


def test_rises_count_failed_runs_and_leave_their_errors_out():
    rows = [(1.0, 100, k, 0.9009, "one digit") for k in range(6)]
    rows += [(0.3, 100, k, error, "") for k, error in enumerate([0.9, 0.5, 0.9, 0.1, 0.02, 0.05])]
    runs = pd.DataFrame(rows, columns=["lr", "seed", "epoch", "validation_error", "failed"])
    found = series.rises(runs, 100).set_index("lr")
    assert found.loc[0.3, "rise"] == pytest.approx(0.03)
    assert found.loc[1.0, "failed"] == "one digit"
    assert found["lowest"].tolist() == [0.01, 0.01]


def test_the_guess_at_2017s_count_gives_about_what_it_stated():
    assert series.as_2017_counted(16) == {"convolutional": 4640, "fully connected": 3466}


def test_a_line_through_points_on_a_line_is_that_line():
    times = pd.DataFrame({"source": "2017", "device": "GPU", "filters": [8, 16, 32], "parameters": [1.0, 2.0, 4.0]})
    found = series.gpu_lines(times.assign(seconds=3 + 2 * times["parameters"], low=np.nan, high=np.nan))
    assert found["line"].tolist() == pytest.approx([5, 7, 11])


def test_shares_of_a_runtime_add_up(finished):
    parts = series.time_parts(tables.evidence(finished).times)
    assert parts.groupby("bar")["share"].sum().tolist() == pytest.approx([1] * parts["bar"].nunique())


def test_short_timing_runs_count_for_ten_epochs(finished):
    times = scraps.times(finished)
    wall = times[times["filters"] == 16].groupby("epochs")["wall_2017_seconds"].mean()
    assert len(wall) > 1
    assert wall.max() == pytest.approx(wall.min(), rel=0.03)
