"""Estimates with their confidence intervals; a library computes each interval.

An interval is over networks (seeds), over rounds of timing, or over images.
"""

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.stats import contingency
from statsmodels.stats.proportion import confint_proportions_2indep

LEVEL = 0.95
Ends = tuple[float, float]


class Estimate(NamedTuple):
    """A value from `n` observations; `interval(level)` gives its two ends.

    `n` is 0 for what was not measured, and None for arithmetic, which needs no run. An end that is
    not known is NaN. `note` says at which setting or place it was measured.

    >>> wide = mean([1, 2, 3])
    >>> print(f"{wide.value} from {wide.n}: {wide.low:.2f} to {wide.high:.2f}")
    2.0 from 3: -0.48 to 4.48
    """

    value: float
    n: int | None
    interval: Callable[[float], Ends]
    note: str = ""

    @property
    def low(self) -> float:
        """The lower end at 95 %."""
        return self.interval(LEVEL)[0]

    @property
    def high(self) -> float:
        """The upper end at 95 %."""
        return self.interval(LEVEL)[1]

    def if_from(self, fewest: int) -> "Estimate":
        """The same, or MISSING if it is from fewer observations; arithmetic needs none."""
        return self if self.n is None or self.n >= fewest else MISSING

    def map(self, function: Callable) -> "Estimate":
        """The estimate of a function of the quantity; it must only rise, or only fall.

        >>> left = mean([0.1, 0.2, 0.3]).map(lambda gone: 1 - gone)
        >>> print(f"{left.value:.1f}: {left.low:.2f} to {left.high:.2f}")
        0.8: 0.55 to 1.05
        """

        def interval(level: float) -> Ends:
            ends = [function(end) for end in self.interval(level)]
            return min(ends), max(ends)

        return Estimate(function(self.value), self.n, interval)


def exact(value: float, n: int | None = None) -> Estimate:
    """A value without chance in it; `n` where it was measured in so many runs."""
    return Estimate(value, n, lambda level: (value, value))


MISSING = exact(math.nan, n=0)
Named = dict[str, Estimate]


def between(least: Estimate, most: Estimate) -> Estimate:
    """A quantity of which two bounds were measured; its value is the lower one.

    >>> steps = between(exact(2), exact(3))
    >>> steps.value, steps.low, steps.high
    (2, 2, 3)
    """

    def interval(level: float) -> Ends:
        return least.interval(level)[0], most.interval(level)[1]

    return Estimate(least.value, least.n, interval)


def mean(values, more_variance: float = 0.0) -> Estimate:
    """The mean and Student's t interval; `more_variance` adds to the variance of the mean.

    One value has no interval. A value that is not finite leaves nothing measured.

    >>> alone, more = mean([1, 2, 3]), mean([1, 2, 3], more_variance=1)  # 1/3 and 1/3 + 1
    >>> print(f"{(more.high - 2) / (alone.high - 2):.3f}", mean([1, math.nan]).n)
    2.000 0
    """
    values = np.asarray(values, float)
    n = len(values)
    if n == 0 or not np.isfinite(values).all():
        return MISSING
    variance = values.var(ddof=1) / n if n > 1 else math.nan
    error = math.sqrt(variance + more_variance)
    value = float(values.mean())
    if error == 0:
        return exact(value, n)
    interval = partial(stats.t.interval, df=n - 1, loc=value, scale=error)
    return Estimate(value, n, interval)


def geometric_mean(values) -> Estimate:
    """The geometric mean of positive values, with the t interval of their logarithms.

    >>> print(f"{geometric_mean([1, 2, 4]).value:.3f}")
    2.000
    """
    values = np.asarray(values, float)
    if not (values > 0).all():
        return MISSING
    return mean(np.log(values)).map(exp)


def exp(logarithm: float) -> float:
    """e to this power, kept finite and above 0."""
    return math.exp(np.clip(logarithm, -700, 700))


def difference(a, b) -> Estimate:
    """The mean of `a` less that of `b`, independent samples: Welch's t interval. n: the smaller.

    >>> found = difference([1, 2, 3, 4], [0.1, 0.2, 0.15])
    >>> print(f"{found.low:.3f} to {found.high:.3f}")
    0.298 to 4.402
    """
    n = min(len(a), len(b))
    if n < 2:
        return MISSING
    with warnings.catch_warnings():  # of values that are all alike
        warnings.simplefilter("ignore", RuntimeWarning)
        test = stats.ttest_ind(a, b, equal_var=False)
    value = np.mean(a) - np.mean(b)
    return Estimate(value, n, test.confidence_interval)


def jackknife(statistic: Callable, n: int) -> Estimate:
    """statistic(positions) of `n` observations, with the t interval of Tukey's pseudo-values.

    For a mean this is Student's interval.

    >>> values = np.array([1.0, 2.0, 3.0])
    >>> found = jackknife(lambda kept: values[kept].mean(), 3)
    >>> print(f"{found.low:.2f} to {found.high:.2f}")
    -0.48 to 4.48
    """
    if n < 2:
        return MISSING
    everyone = np.arange(n)
    without_one = [statistic(np.delete(everyone, i)) for i in everyone]
    pseudo_values = n * statistic(everyone) - (n - 1) * np.array(without_one)
    return mean(pseudo_values)


def share(count: int, n: int) -> Estimate:
    """`count` of `n` networks, with the interval of Clopper and Pearson (1934).

    >>> found = share(4, 5)
    >>> print(f"{found.value}: {found.low:.2f} to {found.high:.2f}")
    0.8: 0.28 to 0.99
    """
    if n == 0:
        return MISSING
    test = stats.binomtest(count, n)
    return Estimate(count / n, n, test.proportion_ci)


def odds_ratio(a: int, n: int, b: int, m: int) -> Estimate:
    """The odds of `a` in `n` networks over those of `b` in `m`, exact as in Fisher's test.

    >>> print(f"{odds_ratio(5, 5, 0, 5).low:.2f} or more")
    2.30 or more
    """
    if n == 0 or m == 0:
        return MISSING
    ratio = contingency.odds_ratio([[a, n - a], [b, m - b]])
    return Estimate(ratio.statistic, min(n, m), ratio.confidence_interval)


def share_ratio(a: int, b: int, images: int) -> Estimate:
    """One network's a wrong images over another's b: the interval of Katz et al. (1978).

    >>> found = share_ratio(140, 197, 10_000)
    >>> print(f"{found.low:.2f} to {found.high:.2f}")
    0.57 to 0.88
    """
    ratio = contingency.relative_risk(a, images, b, images)
    return Estimate(ratio.relative_risk, 1, ratio.confidence_interval)


def share_difference(a: int, b: int, images: int) -> Estimate:
    """One network's share of wrong images less another's: Newcombe's interval (1998, method 10).

    >>> found = share_difference(265, 140, 10_000)
    >>> print(f"{found.low:.4f} to {found.high:.4f}")
    0.0086 to 0.0165
    """
    counts = (a, images, b, images)

    def interval(level: float) -> Ends:
        return confint_proportions_2indep(*counts, method="newcomb", alpha=1 - level)

    return Estimate((a - b) / images, 1, interval)
