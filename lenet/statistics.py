"""Intervals, each known at every level of confidence, and the rule that turns them into a verdict."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.stats import contingency

LEVEL = 0.95
FAILS, NOT_MEASURED, UNDECIDED, HOLDS = VERDICTS = "does not hold", "not measured here", "undecided", "holds"


class Estimate(NamedTuple):
    """A value from `n` observations; `interval(level)` is its (low, high), NaN where there is none."""

    value: float
    n: int
    interval: Callable[[float], tuple[float, float]]

    def map(self, function) -> "Estimate":
        """The same for a monotone function of the quantity, increasing or decreasing."""
        return Estimate(function(self.value), self.n, lambda level: sorted(map(function, self.interval(level))))


def exact(value=math.nan, n=1, low=None, high=None) -> Estimate:
    """A value without chance in it; `low` and `high` bound what else is not known about it. No value: n = 0."""
    ends = value if low is None else low, value if high is None else high
    return Estimate(value, 0 if math.isnan(value) else n, lambda level: ends)


def exp(x) -> float:
    """e to the x, finite whatever the interval of a logarithm."""
    return math.exp(min(x, 700))


def _around(value, n, error, degrees) -> Estimate:
    half = lambda level: stats.t.ppf((1 + level) / 2, degrees) * error if degrees > 0 else math.nan  # noqa: E731
    return Estimate(float(value), n, lambda level: (float(value - half(level)), float(value + half(level))))


def student(values, more_variance=0) -> Estimate:
    """The mean and its t interval; `more_variance` adds to its variance. A value that is not finite leaves none."""
    values = np.asarray(values, float)
    if not len(values) or not np.isfinite(values).all():
        return exact()
    variance = values.var(ddof=1) / len(values) if len(values) > 1 else math.nan
    return _around(values.mean(), len(values), math.sqrt(variance + more_variance), len(values) - 1)


def geometric(values) -> Estimate:
    """The geometric mean and the t interval of the logarithms; a value of zero or less leaves none."""
    values = np.asarray(values, float)
    return student(np.log(values)).map(exp) if (values > 0).all() else exact()


def welch(a, b) -> Estimate:
    """The difference of the means of two independent samples, each of two or more; n is the smaller."""
    if min(len(a), len(b)) < 2:
        return exact()
    u, v = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    degrees = (u + v) ** 2 / (u**2 / (len(a) - 1) + v**2 / (len(b) - 1)) if u + v else len(a) + len(b) - 2
    return _around(np.mean(a) - np.mean(b), min(len(a), len(b)), math.sqrt(u + v), degrees)


def regression(x, y) -> Estimate:
    """The slope of the least-squares line through at least three points, with its t interval."""
    line = stats.linregress(x, y)
    return _around(line.slope, len(x), line.stderr, len(x) - 2)


def jackknife(statistic, n) -> Estimate:
    """statistic(kept observations) over `n` of them, and the t interval of its pseudo-values."""
    every = list(range(n))
    left_out = [statistic(every[:i] + every[i + 1 :]) for i in every] if n > 1 else []
    return student([n * statistic(every) - (n - 1) * value for value in left_out])


def proportion(count, n, method="exact") -> Estimate:
    """A share of `n`: "exact" is the interval of Clopper and Pearson, "wilson" that of Wilson."""
    count, n = int(count), int(n)
    interval = lambda level: tuple(stats.binomtest(count, n).proportion_ci(level, method))  # noqa: E731
    return Estimate(count / n, n, interval) if n else exact()


def newcombe(a, b, n) -> Estimate:
    """The difference of two shares, a/n - b/n: Newcombe's hybrid of their Wilson intervals (1998, method 10)."""
    p, q = proportion(a, n, "wilson"), proportion(b, n, "wilson")

    def interval(level):
        (low, high), (bottom, top), value = p.interval(level), q.interval(level), p.value - q.value
        return value - math.hypot(p.value - low, top - q.value), value + math.hypot(high - p.value, q.value - bottom)

    return Estimate(p.value - q.value, 1, interval)


def katz(a, b, n) -> Estimate:
    """The ratio of two shares, (a/n) / (b/n): the interval of Katz on its logarithm."""
    risk = contingency.relative_risk(a, n, b, n)
    return Estimate(float(risk.relative_risk), 1, lambda level: tuple(map(float, risk.confidence_interval(level))))


def odds(a, n, b, m) -> Estimate:
    """Odds ratio of a in n against b in m, conditional as in Fisher's exact test, whose p it agrees with about 1."""
    ratio = contingency.odds_ratio([[a, n - a], [b, m - b]])
    return Estimate(float(ratio.statistic), min(n, m), lambda level: tuple(ratio.confidence_interval(level)))


def predicted(values, new) -> float:
    """Two-sided p of one new observation beside two or more `values`: mean +- t s sqrt(1 + 1/n)."""
    error = np.std(values, ddof=1) * math.sqrt(1 + 1 / len(values))
    return float(2 * stats.t.sf(abs(new - np.mean(values)) / max(error, 1e-300), len(values) - 1))


def holm(p) -> list[float]:
    """The p values adjusted after Holm (1979), in the order given."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1))
    return np.minimum(1, steps)[np.argsort(order)].tolist()


class Band(NamedTuple):
    """Where a claim says that a quantity lies; its ends belong to it unless `strict`."""

    low: float = -math.inf
    high: float = math.inf
    strict: bool = False

    def where(self, low, high) -> str:
        """The verdict on an interval: inside, wholly outside or across an edge of the band."""
        if math.isnan(low) or math.isnan(high):
            return NOT_MEASURED
        if high < self.low or low > self.high or (self.strict and (high == self.low or low == self.high)):
            return FAILS
        on_edge = self.strict and any(end in (low, high) for end in self[:2] if math.isfinite(end))
        return HOLDS if self.low <= low and high <= self.high and not on_edge else UNDECIDED


class Part(NamedTuple):
    """One quantity of a claim from at least `minimum` runs; without a band it is shown and decides nothing."""

    label: str
    estimate: Estimate
    band: Band | None = None
    minimum: int = 1
    unit: str = ""

    def verdict(self, among=1) -> str:
        """The verdict on it; to fail as one of several it must do so at a level corrected for their number."""
        if self.estimate.n < self.minimum:
            return NOT_MEASURED
        corrected = self.band.where(*self.estimate.interval(1 - (1 - LEVEL) / among))
        plain = self.band.where(*self.estimate.interval(LEVEL))
        return UNDECIDED if plain == FAILS != corrected else plain


def decide(parts) -> str:
    """The verdict on a claim: any part fails, else any is not measured, else any is undecided, else it holds."""
    deciding = [part for part in parts if part.band is not None]
    found = [part.verdict(among=len(deciding)) for part in deciding] or [NOT_MEASURED]
    return min(found, key=VERDICTS.index)


def margin(parts) -> float | None:
    """The threshold at which a verdict that holds or does not would flip: the nearest limit of the part it hangs on."""
    verdict, slack = decide(parts), {}
    deciding = [part for part in parts if part.band is not None]
    for part in (part for part in deciding if part.verdict(len(deciding)) == verdict):
        low, high = part.estimate.interval(1 - (1 - LEVEL) / (len(deciding) if verdict == FAILS else 1))
        inside, outside = ((part.band.low, low), (part.band.high, high)), ((part.band.low, high), (part.band.high, low))
        pairs = [pair for pair in (inside if verdict == HOLDS else outside) if math.isfinite(pair[0])]
        edge, limit = min(pairs, key=lambda pair: abs(pair[1] - pair[0]))
        slack[abs(limit - edge) / (abs(edge) or 1)] = limit
    return slack[(min if verdict == HOLDS else max)(slack)] if verdict in (HOLDS, FAILS) else None
