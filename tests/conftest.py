"""The data sets that tests of several rooms share; nothing here loads TensorFlow."""

import os

import pytest

from lenet.network import data


@pytest.fixture(scope="session")
def digits():
    """The embedded digits."""
    return data.load("digits")


@pytest.fixture(scope="session")
def mnist():
    """MNIST, for the tests that need the real images."""
    if not os.environ.get("LENET_DATA"):
        pytest.skip("the real MNIST is missing: LENET_DATA names no folder that holds mnist.npz")
    return data.load("mnist")
