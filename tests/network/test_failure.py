"""One rule for failure, on made-up curves."""

import pandas as pd
import pytest

from lenet.network import failure


def curve(digits):
    """A curve that predicts so many digits after each epoch."""
    errors = {"train_loss": 2.3, "validation_error": 0.9009}
    return pd.DataFrame({"epoch": range(len(digits)), "digits": digits, **errors})


def test_one_digit_for_all_images_is_a_failure_from_where_it_lasts_to_the_end():
    dead = failure.marked(curve([3, 1, 5, 1, 1, 1]), 0, steps=10)
    assert dead["failed"].unique().tolist() == ["one digit"]
    assert dead["failed_step"].unique().tolist() == [30]
    assert dead["validation_error"].notna().tolist() == [True, True, True, False, False, False]


def test_a_network_that_comes_back_has_not_failed():
    alive = failure.marked(curve([1, 1, 1, 1, 2]), 0, steps=10)
    assert alive["failed"].unique().tolist() == [""]
    assert alive["validation_error"].notna().all()


def test_a_network_that_never_knew_two_digits_failed_from_the_start():
    dead = failure.marked(curve([1, 1]), 0, steps=10)
    assert dead["failed_step"].unique().tolist() == [0]


@pytest.mark.parametrize(("step", "digits"), [(7, 1), (7, 4)])
def test_a_loss_that_is_not_finite_counts_first(step, digits):
    assert failure.sign(step, digits) == failure.NOT_FINITE
