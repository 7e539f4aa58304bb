"""Failed networks are seen, also those that failed at once."""

import numpy as np
import pytest

from lenet.report.charts import failures
from tests.report.charts import looking
from tests.report.charts.test_learning_rate import curves, of

LEARNT = [0.9, 0.5, 0.3, 0.2, 0.1, 0.12, 0.08, 0.13]


def test_all_networks_of_a_rate_that_failed_are_told(evidence):
    chart = failures.by_rate(evidence)
    seen = looking.texts(chart)
    assert looking.title(chart) == "Failed networks: 5 of 5 at learning rate 1"
    for text in ("5 of 5", "0 of 6", "0 of 7"):
        assert text in seen
    assert looking.rows(chart, lr=1.0, share=1.0)
    assert seen.count("1") == 2  # the learning rate is on both axes


@pytest.mark.parametrize("error", [np.nan, 0.9009])
def test_a_network_that_failed_in_its_first_epoch_counts(error):
    lost = curves([0.9, error], lr=1.0, failed="one digit")
    learnt = curves(LEARNT, lr=1.0, seed=101)
    chart = failures.by_rate(of(lost, learnt))
    assert looking.title(chart) == "Failed networks: 1 of 2 at learning rate 1"
    assert looking.rows(chart, lr=1.0, share=0.5)


def test_where_none_failed_the_title_says_so():
    chart = failures.by_rate(of(curves(LEARNT)))
    assert looking.title(chart) == "Failed networks: none"


def test_the_largest_rise_by_hand():
    early = curves([0.9, 0.1, 0.5, 0.1, 0.1, 0.09, 0.08], seed=101)
    known = of(curves(LEARNT), early)
    networks = failures.largest_rises(known.curves)
    assert networks["rise"].tolist() == pytest.approx([5, 0])


def test_the_error_of_a_failed_network_is_no_rise():
    lost = curves([0.9, 0.5, 0.1, 0.1, 0.1, 0.9009, 0.9009], lr=0.3, failed="one digit")
    learnt = curves(LEARNT, lr=0.3, seed=101)
    chart = failures.by_rate(of(lost, learnt))
    seeds = {row["seed"] for row in looking.rows(chart) if "rise" in row}
    assert seeds == {101}
