"""Runtimes by the definition of 2017; a series is of one device of one host."""

import pandas as pd

from lenet.report.charts import runtime
from lenet.results import tables
from tests.report.charts import looking


def of(*rounds):
    """The evidence of timing runs: device, series, filters, seconds of an epoch, recorded."""
    columns = ["device", "series", "filters", "epoch_seconds", "recorded"]
    times = pd.DataFrame(rounds, columns=columns).assign(evaluation_seconds=0.5)
    return tables.Evidence(times=times, images={"dataset": "mnist"})


ROUNDS = [("CPU", "CPU", 8, seconds, False) for seconds in (0.5, 0.9, 0.6)]


def test_ours_are_ten_epochs_with_their_evaluations_the_median_and_range_of_the_rounds():
    times = runtime.runtimes(of(*ROUNDS)).set_index("series")
    ours = times.loc["CPU ours"]
    assert ours["seconds"] == 11
    assert ours["low"] == 10
    assert ours["high"] == 14
    assert ours["parameters"] == 52_258


def test_2017_has_its_own_times():
    times = runtime.runtimes(of(*ROUNDS)).query("series == 'CPU 2017' and filters == 8")
    assert times["seconds"].item() == 161.3
    assert times["low"].isna().all()


def test_hosts_are_never_pooled():
    other = [("CPU", "CPU H200", 8, 4.5, True)]
    times = runtime.runtimes(of(*ROUNDS, *other))
    times = times.query("filters == 8 and device == 'CPU'")
    seconds = times.set_index("series")["seconds"]
    assert seconds.to_dict() == {
        "CPU 2017": 161.3,
        "CPU ours": 11,
        "CPU H200": 50,
    }


def test_figure_2_names_its_series(evidence):
    seen = looking.texts(runtime.figure_2(evidence))
    names = {"CPU ours", "GPU ours", "CPU 2017", "GPU 2017"}
    assert names <= set(seen)
    assert {"Filters", "Parameters", "Runtime (s)"} <= set(seen)


def test_the_gpu_has_a_line_for_each_series(evidence):
    chart = runtime.gpu_line(evidence)
    series = {row["series"] for row in looking.rows(chart)}
    assert series == {"GPU 2017", "GPU ours"}
    assert {"GPU 2017", "GPU ours"} <= set(looking.texts(chart))
    assert looking.svg(chart).count('stroke-dasharray="6,4"') == 2


def test_without_times_there_is_no_chart():
    nothing = of()._replace(images={"dataset": "digits"})
    assert runtime.figure_2(nothing) is None
    assert runtime.gpu_line(nothing) is None


def test_without_a_gpu_of_ours_2017s_stands_alone():
    chart = runtime.gpu_line(of(*ROUNDS))
    series = {row["series"] for row in looking.rows(chart)}
    assert series == {"GPU 2017"}


def test_a_card_that_rounds_factors_is_drawn_beside_and_never_first():
    rounded = ("GPU", "TF32 H200", 8, 0.1, True)
    evidence = of(*ROUNDS, rounded)
    assert "TF32 H200" in set(runtime.runtimes(evidence)["series"])
    for chart in (runtime.front(evidence), runtime.gpu_line(evidence)):
        assert "TF32 H200" not in {row.get("series") for row in looking.rows(chart)}
