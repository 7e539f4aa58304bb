"""One rule for failure, on made-up curves."""

import pytest

from lenet.network import failure
from lenet.network.failure import Epoch


def rows(digits):
    """Epochs after which so many digits are predicted."""
    return [Epoch(epoch, 2.3, 0.9009, 1.0, count) for epoch, count in enumerate(digits)]


def test_one_digit_for_all_images_is_a_failure_from_where_it_lasts_to_the_end():
    failed = failure.marked(rows([3, 1, 5, 1, 1, 1]), 5, 0, steps=10)
    assert failed["failed"].unique().tolist() == ["one digit"]
    assert failed["failed_step"].unique().tolist() == [30]
    assert failed["validation_error"].notna().tolist() == [True, True, True, False, False, False]


def test_a_network_that_comes_back_has_not_failed():
    learnt = failure.marked(rows([1, 1, 1, 1, 2]), 4, 0, steps=10)
    assert learnt["failed"].unique().tolist() == [""]
    assert learnt["validation_error"].notna().all()


def test_a_network_that_never_knew_two_digits_failed_from_the_start():
    failed = failure.marked(rows([1, 1]), 1, 0, steps=10)
    assert failed["failed_step"].unique().tolist() == [0]


def test_the_epochs_from_a_loss_that_is_not_finite_on_are_missing():
    failed = failure.marked(rows([3, 3]), 4, 7, steps=10)
    assert failed["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert failed["failed"].unique().tolist() == ["not finite"]
    assert failed["failed_step"].unique().tolist() == [17]
    assert failed["validation_error"].notna().tolist() == [True, True, False, False, False]


def test_an_interrupted_curve_has_its_whole_epochs_alone():
    learnt = failure.marked(rows([3, 3]), 4, 0, steps=10)
    assert learnt["epoch"].tolist() == [0, 1]


@pytest.mark.parametrize(("step", "digits"), [(7, 1), (7, 4)])
def test_a_loss_that_is_not_finite_counts_first(step, digits):
    assert failure.sign(step, digits) == failure.NOT_FINITE
