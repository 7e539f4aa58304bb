"""What a network answers: every image of a set once, with its cross-entropy."""

import base64
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from lenet.network.layers import CLASSES

# Images at a time, which bounds the memory. The sets of MNIST are whole numbers of such batches.
EVALUATION_BATCH = 250


class Evaluation(NamedTuple):
    """True and predicted digit of each image of a set, and its cross-entropy."""

    labels: np.ndarray
    predictions: np.ndarray
    losses: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Which images were answered rightly, bool."""
        return self.predictions == self.labels

    @property
    def error(self) -> float:
        """Wrong answers over all answers."""
        return float(np.mean(~self.right))

    @property
    def digits(self) -> int:
        """How many different digits were answered."""
        return len(np.unique(self.predictions))


def evaluation(logits: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Predictions and cross-entropies from logits of shape (n, 10) and labels of shape (n,).

    >>> two = evaluation(np.array([[0, 9], [0, 9]]), np.array([1, 0]))
    >>> two.predictions.tolist(), two.error
    ([1, 1], 0.5)
    """
    right_logits = logits[np.arange(len(labels)), labels]
    losses = logsumexp(logits.astype(np.float64), axis=1) - right_logits
    return Evaluation(labels, logits.argmax(1), losses)


def pack(right: np.ndarray) -> str:
    """Which images were answered rightly, one bit each, as base64 text.

    >>> unpack(pack(np.array([True, False, True])), 3).tolist()
    [True, False, True]
    """
    return base64.b64encode(np.packbits(right).tobytes()).decode()


def unpack(text: str, count: int) -> np.ndarray:
    """The bool array of `count` images that `pack` wrote; the bits that fill its last byte go."""
    packed = np.frombuffer(base64.b64decode(text), np.uint8)
    return np.unpackbits(packed, count=count).astype(bool)


def confusion(test: Evaluation) -> pd.DataFrame:
    """Images by digit (rows 0 to 9) and answer (columns "0" to "9")."""
    counts = np.zeros((CLASSES, CLASSES), int)
    np.add.at(counts, (test.labels, test.predictions), 1)
    return pd.DataFrame(counts, columns=[str(digit) for digit in range(CLASSES)])


def worst(test: Evaluation, count: int = 20) -> pd.DataFrame:
    """The wrong answers of largest cross-entropy, at most `count`.

    Columns: image (its row in the set), title ("3 taken for 5").
    """
    wrong = np.flatnonzero(~test.right)
    likeliest_last = np.argsort(-test.losses[wrong], kind="stable")
    chosen = wrong[likeliest_last][:count]
    titles = [f"{test.labels[image]} taken for {test.predictions[image]}" for image in chosen]
    return pd.DataFrame({"image": chosen, "title": titles})
