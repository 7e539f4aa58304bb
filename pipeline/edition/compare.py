"""Whether runs and numbers came out again as they were published."""

import numpy as np

from lenet.report import fill

SAME, WITHIN, DIFFERS = "same", "within", "differs"
STANDARD_ERRORS = 3


def run(then: dict, now: dict, same_kind: bool, images: int) -> str:
    """How a run's entry in `origin.runs` compares with the published one.

    On a machine of the same kind all bits must be the same; on another the errors on so many
    images must lie `within` a bound.

    >>> run({"digest": "a", "errors": [0.02]}, {"digest": "b", "errors": [0.021]}, False, 10_000)
    'within'
    """
    if now["digest"] == then["digest"]:
        return SAME if now["errors"] == then["errors"] else DIFFERS
    if same_kind or not within(then["errors"], now["errors"], images):
        return DIFFERS
    return WITHIN


def within(then: list, now: list, images: int) -> bool:
    """Whether errors of the same networks differ by no more than other rounding may explain.

    The mean logarithm of their ratio must lie within 3 standard errors of 0. A network's variance
    is that of counting its wrong images and that among the published networks of the run. The
    number of failed networks, None, must lie within 3 binomial standard errors of the published
    one: where none failed, or all, it must be the same.

    It is wide. With another number of shards, and so other rounding, networks of 2017's best rate
    differed by 4 %, where counting their 150 wrong images has a standard error of 8 %; at a rate of
    0.3 they differed by 45 %, as much as one network from the next.

    >>> within([0.02], [0.024], 10_000), within([0.02], [0.025], 10_000), within([None], [0.9], 100)
    (True, False, False)
    """
    before = np.array(then, float)
    after = np.array(now, float)
    failed = np.isnan(before)
    more_failed = np.isnan(after).sum() - failed.sum()
    if abs(more_failed) > STANDARD_ERRORS * np.sqrt(len(failed) * failed.var()):
        return False
    learnt = ~np.isnan(before + after)
    if not learnt.any():
        return True
    # Half an image more, so that an error of 0 has a logarithm.
    wrong = before[learnt] * images + 0.5
    now_wrong = after[learnt] * images + 0.5
    difference = np.log(now_wrong / wrong).sum()
    variances = 1 / wrong + np.log(wrong).var()
    bound = STANDARD_ERRORS * np.sqrt(variances.sum())
    return bool(abs(difference) <= bound)


def differing(published: dict, again: dict) -> list[str]:
    """The numbers of results.json that came out otherwise, of those whose runs are all there.

    Both are what results.json holds, `again` that of fewer runs. Numbers of 2017 are computed again
    too.
    """
    then, _ = fill.known(published)
    now, _ = fill.known(again)
    names = []
    for name, entry in now.items():
        was = then[name]
        if entry["runs"] == was["runs"] and entry["runs"] and entry != was:
            names.append(name)
    return names
