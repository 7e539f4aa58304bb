"""What any engine says of a set of images: every image answered once, with its cross-entropy."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

EVALUATION_BATCH = 256  # images at a time, which bounds the memory


class Evaluation(NamedTuple):
    """True and predicted digit of each image of a set, and its cross-entropy."""

    labels: np.ndarray
    predictions: np.ndarray
    losses: np.ndarray

    @property
    def right(self) -> np.ndarray:
        return self.predictions == self.labels

    @property
    def error(self) -> float:
        """Wrong answers over all answers."""
        return float(np.mean(~self.right))


def evaluation(outputs: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Predictions and cross-entropies from logits of shape (n, 10)."""
    losses = logsumexp(outputs.astype(np.float64), axis=1) - outputs[np.arange(len(labels)), labels]
    return Evaluation(labels, outputs.argmax(1), losses)
