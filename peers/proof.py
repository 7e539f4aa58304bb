"""Does a peer do the work that it is timed on? Its losses after some steps against those of float64 NumPy."""

import math

from peers import reference

RATE = 0.1
SHORT = 16  # images in the last batch of an epoch of 50,000
HELD = 1024  # the first validation images, whose mean cross-entropy is compared
# Largest relative difference of the loss after so many steps. One float32 step differs from a float64 one by some 1e-7,
# and the second by little more: whatever is wrong in a step or in a short batch shows there at full size. Then training
# multiplies differences, and a maximum or a ReLU that falls the other way sends two right runs apart by 1e-3 at a time.
# So one network alone is followed through a whole epoch.
LIMITS = {1: 1e-5, 2: 1e-5, 10: 1e-2, 100: 2e-2, 782: 5e-2}
FOLLOWED = 16  # filters


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
        weights, done = reference.trained(weights, images[done:full], labels[done:full], RATE), full
        last = slice(full, rows(count))
        after = reference.trained(weights, images[last], labels[last], RATE)
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
        peer.train(rows(count))
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
