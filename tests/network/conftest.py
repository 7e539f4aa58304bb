"""One TensorFlow on two threads for all tests of the network, and a small data set."""

import warnings

import pytest

from lenet.network import machine

with warnings.catch_warnings():
    # What other packages do at import is not ours to mend.
    warnings.simplefilter("ignore")
    machine.use("CPU", 2)


@pytest.fixture(scope="session")
def few(digits):
    """150 training images, 40 for validation and 40 for the test."""
    return digits._replace(
        train=digits.train.first(150),
        validation=digits.validation.first(40),
        test=digits.test.first(40),
    )
