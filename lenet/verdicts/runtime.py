"""What the tests on the time of training measure; each is the function of the test's name.

2017's times are those of ten epochs with their evaluations, ours those of an epoch of training.
`few` and `many` are two neighbouring numbers of filters.
"""

from collections.abc import Sequence

import numpy as np
from pandas import Series
from statsmodels.regression.linear_model import OLS

from lenet.hand_in_2017 import FILTERS, KNEE_FILTERS, TIMED_EPOCHS
from lenet.network.layers import parameters
from lenet.verdicts.intervals import Estimate, Named, exact, geometric_mean, mean
from lenet.verdicts.sides import Side, epoch_flops, job_flops

CPU_SIZES = FILTERS["CPU"]
GPU_SIZES = FILTERS["GPU"]


def cpu_slower(side: Side, filters: int) -> Estimate:
    """Time of the CPU over that of the GPU, both of one host and one engine."""
    cpu = side.seconds("CPU", CPU_SIZES, beside="GPU")
    gpu = side.seconds("GPU", CPU_SIZES, beside="CPU")
    ratios = cpu[filters] / gpu[filters]
    return side.each(ratios.dropna(), geometric_mean)


def cpu_exponential(side: Side, few: int, many: int) -> Estimate:
    """The CPU's time at twice the filters over time at once."""
    return side.each(growth(side, "CPU", few, many), geometric_mean)


def gpu_flat_to_32(side: Side, few: int, many: int) -> Estimate:
    """The GPU's time at twice the filters over time at once."""
    return side.each(growth(side, "GPU", few, many), geometric_mean)


def gpu_climbs_after(side: Side, few: int, many: int) -> Estimate:
    """The same, from 32 filters on."""
    return gpu_flat_to_32(side, few, many)


def growth(side: Side, device: str, few: int, many: int) -> Series:
    """A device's time at the larger size over that at the smaller, in each round."""
    times = side.seconds(device, [few, many])
    return times[many] / times[few]


def doubles_with_parameters(side: Side, few: int, many: int) -> Estimate:
    """The slope of the CPU's log time on log parameters."""
    times = growth(side, "CPU", few, many)
    return slope(side, times, parameters(many) / parameters(few))


def gpu_full(side: Side, few: int, many: int) -> Named:
    """The slope of the GPU's log time on log work; beside it the gain in FLOP/s."""
    times = growth(side, "GPU", few, many)
    work = side.work(many) / side.work(few)
    return {
        "slope": slope(side, times, work),
        "gain": side.each(work / times, geometric_mean),
    }


def slope(side: Side, times: Series, sizes: float) -> Estimate:
    """The slope of log time on log size, from how many times both grow."""
    slopes = np.log(times) / np.log(sizes)
    return side.each(slopes, mean)


def sequential(side: Side) -> Named:
    """FLOP/s of the CPU at 64 filters over those at 8; beside it, how a line fits its times.

    The line is a fixed time plus the work at a fixed rate.
    """
    work = [side.work(filters) for filters in CPU_SIZES]
    times = growth(side, "CPU", CPU_SIZES[0], CPU_SIZES[-1])
    rate = work[-1] / work[0] / times
    misfits = []
    for seconds in side.seconds("CPU", CPU_SIZES).to_numpy():
        residuals = line(work, seconds).resid
        misfits.append(abs(residuals).max())
    return {
        "rate": side.each(rate, geometric_mean),
        "misfit": side.each(Series(misfits, dtype=float), mean),
    }


def knee(side: Side) -> Estimate:
    """The largest relative error at a size left out, of a line with a knee over one without."""
    times = side.seconds("GPU", GPU_SIZES)
    ratios = [knee_over_line(seconds) for seconds in times.to_numpy()]
    return side.each(Series(ratios, dtype=float), geometric_mean)


def knee_over_line(seconds: np.ndarray) -> float:
    """The ratio for one round.

    With a knee, log time is a bent line in log filters; without, time is a line in the parameters.
    """
    x = np.log(GPU_SIZES)
    beyond = (x - np.log(KNEE_FILTERS)).clip(0)
    columns = np.stack([np.ones(len(x)), x, beyond], axis=1)
    bent = OLS(np.log(seconds), columns).fit()
    with_knee = np.expm1(left_out(bent))
    sizes = [parameters(filters) for filters in GPU_SIZES]
    without = left_out(line(sizes, seconds))
    return abs(with_knee).max() / abs(without).max()


def line(x: Sequence[float], seconds: np.ndarray):
    """The fit of seconds = a + b x to relative errors."""
    columns = np.stack([1 / seconds, x / seconds], axis=1)
    ones = np.ones(len(seconds))
    return OLS(ones, columns).fit()


def left_out(fit) -> np.ndarray:
    """By how much the fit to all other points exceeds each point."""
    return -fit.get_influence().resid_press


def figure2_is_training(side: Side, filters: int) -> Named:
    """The share of evaluation in the work of a job, and of all but training in its time."""
    trained = TIMED_EPOCHS * epoch_flops(filters) / job_flops(filters)
    found = {"work": exact(1 - trained)}
    if filters in CPU_SIZES:
        epochs = side.seconds("CPU", [filters])
        jobs = side.seconds("CPU", [filters], what="wall_2017_seconds")
        trained = TIMED_EPOCHS * epochs[filters] / jobs[filters]
        found["time"] = side.each(1 - trained.dropna(), mean)
    return found
