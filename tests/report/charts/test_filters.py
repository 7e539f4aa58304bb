"""Shares of the convolutions, by hand."""

import pytest

from lenet.report.charts import filters
from tests.report.charts import looking


def test_shares_at_16_filters_by_hand():
    rows = filters.table().query("filters == 16")
    shares = rows.set_index("series")["share"]
    assert shares["parameters"] == pytest.approx(2480 / 104_250)
    convolutions = 2 * 9 * 16 * 28**2 + 3 * 144 * 16 * 14**2
    connected = 3 * (784 * 128 + 128 * 10)
    assert shares["work"] == pytest.approx(convolutions / (convolutions + connected))
    assert shares["2017's count"] == pytest.approx(4640 / 8106)


def test_each_line_is_named():
    seen = looking.texts(filters.shares())
    for text in ("work", "parameters", "2017's count", "Filters", "256", "100%"):
        assert text in seen
