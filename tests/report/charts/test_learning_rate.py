"""The charts of the learning rate: their numbers by hand, failed networks, few networks."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lenet.network.evaluation import pack
from lenet.report.charts import learning_rate
from lenet.results import tables
from tests.report.charts import looking

SETTING = {
    "study": "lr_study",
    "epochs": 15,
    "filters": 16,
    "batch_size": 64,
    "shuffle": False,
    "head": "linear",
    "init": "normal",
}


def curves(errors, lr=0.1, seed=100, failed=""):
    """A network's rows, from epoch 0."""
    rows = pd.DataFrame({"validation_error": errors})
    return rows.assign(
        **SETTING,
        run="lr_study/x",
        lr=lr,
        seed=seed,
        epoch=rows.index,
        failed=failed,
    )


def of(*networks):
    """The evidence of these networks."""
    return tables.Evidence(
        curves=pd.concat(networks, ignore_index=True),
        images={"dataset": "mnist", "validation": 10_000},
    )


def test_figure_1_names_its_series_and_its_axes(evidence):
    chart = learning_rate.figure_1(evidence)
    seen = looking.texts(chart)
    for text in ("0.1", "0.01", "0.001", "0.0001", "Epoch", "10%"):
        assert text in seen
    assert "linear as in 2017" in " ".join(seen)


@pytest.mark.parametrize("lr", [0.03, 0.3])  # 0.3 has a study of its own too
def test_a_rate_that_is_added_to_the_study_is_drawn_beside_those_of_2017(lr, evidence):
    fifth = curves([0.9, 0.5, 0.3], lr=lr)
    more = evidence._replace(curves=pd.concat([fifth, evidence.curves]))
    for chart in (learning_rate.figure_1, learning_rate.rate_times_epochs):
        assert str(lr) not in looking.texts(chart(evidence))
        assert {"0.1", "0.0001", str(lr)} <= set(looking.texts(chart(more)))


def test_a_mean_and_its_interval_are_those_of_logarithms(evidence):
    chart = learning_rate.figure_1(evidence)
    runs = tables.each_once(evidence.curves)
    runs = runs.query("lr == 0.01 and epoch == 15")
    errors = runs["validation_error"]
    logs = np.log(errors)
    half = stats.t.ppf(0.975, 4) * logs.std() / math.sqrt(5)
    row = looking.rows(chart, lr=0.01, epoch=15, n=5)[0]
    assert len(errors) == 5
    assert row["error"] == pytest.approx(math.exp(logs.mean()))
    assert row["low"] == pytest.approx(math.exp(logs.mean() - half))
    assert row["high"] == pytest.approx(math.exp(logs.mean() + half))


@pytest.fixture
def wild():
    """Four networks, of which one learnt and three did not."""
    ends = [0.0001, 0.9, 0.9, 0.9]
    networks = []
    for seed, end in enumerate(ends):
        networks.append(curves([0.9, 0.99, end], seed=seed))
    return of(*networks)


def test_every_interval_of_an_error_lies_between_0_and_1(evidence, wild):
    for known in (evidence, wild):
        networks = learning_rate.learnt(known.curves)
        means = learning_rate.mean_curves(networks)
        wide = means[means["n"] >= 4]
        assert wide["low"].gt(0).all()
        assert wide["low"].le(wide["high"]).all()
        assert wide["high"].le(1).all()


def test_few_networks_have_no_interval():
    two = of(curves([0.9, 0.1]), curves([0.9, 0.2], seed=101))
    networks = learning_rate.learnt(two.curves)
    means = learning_rate.mean_curves(networks)
    assert means["n"].tolist() == [2]
    assert means["low"].tolist() == means["error"].tolist()
    assert means["high"].tolist() == means["error"].tolist()


def test_an_error_of_0_is_drawn_on_a_logarithmic_axis():
    perfect = curves([0.9, 0.1, 0.0])
    chart = learning_rate.figure_1(of(perfect))
    row = looking.rows(chart, epoch=2, seed=100)[0]
    assert row["error"] == 0.5 / 10_000
    assert looking.svg(chart)


def test_a_failed_network_is_in_no_mean():
    lost = curves([0.9, 0.9009, 0.9009], seed=101, failed="one digit")
    both = of(curves([0.9, 0.1, 0.05]), lost)
    rows = learning_rate.learnt(both.curves)
    assert set(rows["seed"]) == {100}
    assert learning_rate.figure_1(of(lost)) is None


def test_2017_is_dashed_at_its_own_numbers(evidence):
    chart = learning_rate.figure_1(evidence)
    errors = []
    for row in looking.rows(chart, lr=0.1, epoch=1):
        if "n" not in row and "study" not in row:
            errors.append(row["error"])
    assert errors == [0.0339]
    assert 'stroke-dasharray="6,4"' in looking.svg(chart)


def test_rate_times_epochs_follows_the_networks_that_were_trained_longest(evidence):
    chart = learning_rate.rate_times_epochs(evidence)
    for row in looking.rows(chart, lr=0.0001, epoch=60):
        assert row["product"] == pytest.approx(0.006)
    studies = {row.get("study", "lr_study") for row in looking.rows(chart)}
    assert studies == {"lr_study"}


def test_stopping_by_hand():
    rest = [0.02] * 12 + [0.01]
    flat = curves([0.9, 0.05, 0.03, *rest])
    steep = curves([0.9, 0.09, 0.05, *rest], seed=101)
    chart = learning_rate.stopping(of(flat, steep))
    row = looking.rows(chart, side="ours", epoch=2)[0]
    assert row["points"] == pytest.approx(3)  # the mean of 2 and 4
    assert row["high"] - 3 == pytest.approx(12.706205)  # t with one degree of freedom, error 1
    assert looking.title(chart) == "Stopping after epoch 2 costs 3.0 percentage points of error"
    past = looking.rows(chart, side="2017", epoch=2)[0]
    assert past["points"] == pytest.approx(1.25)
    assert past["low"] is None


def test_a_network_without_epoch_15_says_nothing_of_stopping():
    short = curves([0.9, 0.1, 0.05])
    assert learning_rate.stopping(of(short)) is None


def test_images_that_every_network_gets_wrong():
    rows = [
        (100, 0.1, 15, [True, False, False, True]),
        (101, 0.1, 15, [False, False, True, True]),
        (100, 0.1, 8, [True, True, True, True]),  # an earlier end of the same network
        (102, 0.01, 15, [True, True, True, True]),
    ]
    frame = pd.DataFrame(rows, columns=["seed", "lr", "epoch", "right"])
    frame["right"] = [pack(np.array(bits)) for bits in frame["right"]]
    known = tables.Evidence(
        right=frame.assign(**SETTING),
        images={"dataset": "mnist", "validation": 4},
    )
    found = learning_rate.wrong_in_every_network(known)
    assert found.tolist() == [1]


def test_without_networks_no_image_is_wrong_in_every_one():
    found = learning_rate.wrong_in_every_network(tables.Evidence())
    assert len(found) == 0
