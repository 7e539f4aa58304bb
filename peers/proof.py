"""Does a peer do the work that it is timed on? Its losses after some steps against those of float64 NumPy."""

import math

from peers import reference

RATE = 0.1  # of what is timed
# Of the proof. At the other rate a maximum or a ReLU that falls the other way sends two right runs apart within tens of
# steps. At this one single precision stays beside double, and leaving out one step of a whole epoch shows.
PROOF_RATE = 0.001
SHORT = 16  # images in the last batch of an epoch of 50,000
HELD = 1024  # the first validation images, whose mean cross-entropy is compared
# Largest relative difference of the loss after so many steps. With 16 filters this engine's were 5e-9, 4e-9, 9e-9, 2e-9
# and 5e-6, and without one step in the middle 1e-3, 4e-4 and 1e-3 after 10, 100 and 782.
LIMITS = {1: 1e-6, 2: 1e-6, 10: 1e-6, 100: 1e-5, 782: 1e-4}
FOLLOWED = 16  # filters of the network that is followed through a whole epoch, which takes float64 a while


def rows(steps: int) -> int:
    """The training images that make so many steps: the last of them on a short batch, as an epoch's is, but in one."""
    return reference.BATCH if steps == 1 else (steps - 1) * reference.BATCH + SHORT


def limits(filters: int, images: int) -> dict[int, float]:
    """The numbers of steps to compare, for which there are enough images, and the limit of each."""
    known = {steps: limit for steps, limit in LIMITS.items() if steps <= 10 or filters == FOLLOWED}
    return {steps: limit for steps, limit in known.items() if rows(steps) <= images}


def expected(dataset, weights, steps) -> dict[int, float]:
    """The loss after each number of steps (ascending), in float64."""
    (images, labels), found, done = dataset.train, {}, 0
    for count in steps:
        full = rows(count) // reference.BATCH * reference.BATCH
        weights, done = reference.trained(weights, images[done:full], labels[done:full], PROOF_RATE), full
        last = slice(full, rows(count))
        after = reference.trained(weights, images[last], labels[last], PROOF_RATE)
        found[count] = held_loss(dataset, after)
    return found


def held_loss(dataset, weights) -> float:
    """Mean cross-entropy of the first validation images under these weights, in float64."""
    return reference.loss(weights, dataset.validation.images[:HELD], dataset.validation.labels[:HELD])


def found(peer, dataset, weights, steps) -> dict[int, float]:
    """The losses of the weights that a peer has after each number of steps from the same start."""
    losses = {}
    for count in steps:
        peer.set(weights)
        peer.train(rows(count), PROOF_RATE)
        losses[count] = held_loss(dataset, peer.get())
    return losses


def compared(losses: dict[int, float], right: dict[int, float], within: dict[int, float]) -> list[dict]:
    """A row for each number of steps: the relative difference of both losses, and whether it is within its limit."""
    parts = []
    for steps, limit in within.items():
        # A loss that is not finite has no place in the record, and fails.
        value = losses[steps] if math.isfinite(losses[steps]) else None
        error = None if value is None else abs(value - right[steps]) / right[steps]
        part = {"steps": steps, "loss": value, "reference": right[steps], "error": error, "limit": limit}
        parts.append(part | {"passed": error is not None and error <= limit})
    return parts
