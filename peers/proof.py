"""Does a peer do the work that it is timed on? Its losses are compared with float64 NumPy's."""

import math

from lenet.network.data import Dataset
from peers import reference
from peers.reference import BATCH, Weights

Losses = dict[int, float]  # by the number of steps

RATE = 0.1  # of what is timed
# Of the proof. At the other rate a maximum or a ReLU that falls the other way sends two right runs
# apart within tens of steps. At this one single precision stays beside double, and leaving out one
# step of a whole epoch shows.
PROOF_RATE = 0.001
SHORT = 16  # images in the last batch of an epoch of 50,000
HELD = 1024  # the first validation images, whose mean cross-entropy is compared
# Largest relative difference of the loss after so many steps. With 16 filters this engine's were
# 5e-9, 4e-9, 9e-9, 2e-9 and 5e-6, and without one step in the middle 1e-3, 4e-4 and 1e-3 after 10,
# 100 and 782.
LIMITS = {1: 1e-6, 2: 1e-6, 10: 1e-6, 100: 1e-5, 782: 1e-4}
FEW = 10  # steps that every network is followed for
FOLLOWED = 16  # filters of the network that is followed for a whole epoch: float64 takes a while


def rows(steps: int) -> int:
    """The training images that make so many steps, the last on a short batch; one step on a full.

    >>> rows(1), rows(2), rows(782)
    (64, 80, 50000)
    """
    return BATCH if steps == 1 else (steps - 1) * BATCH + SHORT


def limits(filters: int, images: int) -> dict[int, float]:
    """The numbers of steps to compare, for which there are enough images, and the limit of each."""
    found = {}
    for steps, limit in LIMITS.items():
        followed = steps <= FEW or filters == FOLLOWED
        if followed and rows(steps) <= images:
            found[steps] = limit
    return found


def expected(dataset: Dataset, weights: Weights, steps: list[int]) -> Losses:
    """The loss after each number of steps (ascending), in float64."""
    images, labels = dataset.train
    found = {}
    done = 0
    for count in steps:
        end = rows(count)
        full = end - end % BATCH
        weights = reference.trained(weights, images[done:full], labels[done:full], PROOF_RATE)
        # What follows goes on from here, not from the short batch.
        after = reference.trained(weights, images[full:end], labels[full:end], PROOF_RATE)
        found[count] = held_loss(dataset, after)
        done = full
    return found


def held_loss(dataset: Dataset, weights: Weights) -> float:
    """Mean cross-entropy of the first validation images under these weights, in float64."""
    held = dataset.validation.first(HELD)
    return reference.loss(weights, held.images, held.labels)


def found(peer, dataset: Dataset, weights: Weights, steps: list[int]) -> Losses:
    """The losses of the weights that a peer has after each number of steps from the same start."""
    losses = {}
    for count in steps:
        peer.set(weights)
        peer.train(rows(count), PROOF_RATE)
        losses[count] = held_loss(dataset, peer.get())
    return losses


def compared(losses: Losses, right: Losses, within: Losses) -> list[dict]:
    """The comparison for each number of steps, as plain values for the record.

    Keys: steps, loss, reference, error (their relative difference), limit, passed. A loss that is
    not finite has no place in the record, and fails.

    >>> [part] = compared({1: 2.5}, {1: 2.0}, {1: 0.1})
    >>> part["error"], part["passed"]
    (0.25, False)
    """
    parts = []
    for steps, limit in within.items():
        part: dict = {"steps": steps, "reference": right[steps], "limit": limit}
        if math.isfinite(losses[steps]):
            error = abs(losses[steps] - right[steps]) / right[steps]
            part.update(loss=losses[steps], error=error, passed=bool(error <= limit))
        else:
            part.update(loss=None, error=None, passed=False)
        parts.append(part)
    return parts
