"""The choice of the validation images as a source of chance, beside that of the initial values."""

import math

import numpy as np
from pandas import DataFrame

from lenet.hand_in_2017 import EPOCHS
from lenet.network.evaluation import unpack


def right_at_both(right: DataFrame, lr: float, other: float) -> DataFrame:
    """Networks whose right images are known at both learning rates after the same epoch.

    That is epoch 15, or the last one where none stopped there. Columns: seed, epoch, right_x,
    right_y.
    """
    x = right[right["lr"] == lr]
    y = right[right["lr"] == other]
    pairs = x.merge(y, on=["seed", "epoch"])
    epoch = pairs["epoch"].max()
    if EPOCHS in set(pairs["epoch"]):
        epoch = EPOCHS
    return pairs[pairs["epoch"] == epoch]


def variance_of_difference(pairs: DataFrame, images: int) -> float:
    """The variance that the choice of images gives to the difference of two mean errors.

    `pairs` are those of `right_at_both`. Each image's difference is averaged over the networks; the
    variance of these averages is divided by their number. NaN without networks.

    >>> from lenet.network.evaluation import pack
    >>> x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    >>> pairs = DataFrame({"right_x": [pack(x)], "right_y": [pack(y)]})
    >>> variance_of_difference(pairs, images=4)  # differences 0, 1, -1, 0: variance 1/2
    0.125
    """
    if pairs.empty:
        return math.nan
    x = np.array([unpack(text, images) for text in pairs["right_x"]], float)
    y = np.array([unpack(text, images) for text in pairs["right_y"]], float)
    by_image = (x - y).mean(axis=0)
    return float(by_image.var() / images)
