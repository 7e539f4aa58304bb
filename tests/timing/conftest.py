"""One TensorFlow on two threads for all tests of the timing."""

import warnings

from lenet.network import machine

with warnings.catch_warnings():
    # What other packages do at import is not ours to mend.
    warnings.simplefilter("ignore")
    machine.use("CPU", 2)
